"""Programs mean on IQM's computers what their definitions say, whatever their parts are called."""

from __future__ import annotations

import json

import pytest
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister
from qiskit.circuit import Instruction

from quantum_async.errors import (
    InvalidInputError,
    ProgramError,
    UnboundParametersError,
    UnsupportedProgramError,
)
from quantum_async.models.grid import grid
from quantum_async.models.limits import Limits
from quantum_async.models.program import Program, ProgramFormat
from quantum_async.models.submission import JobSpec
from quantum_async.programs.objects import as_program
from quantum_async.providers.iqm.architecture import Architecture
from quantum_async.providers.iqm.client import IQMClient
from quantum_async.providers.iqm.options import IQMOptions
from quantum_async.providers.iqm.translate.programs import prepare
from quantum_async.providers.iqm.wire import DynamicArchitecture
from quantum_async.sandbox import BlockingSandbox
from quantum_async.scheduler.scheduler import Scheduler
from tests.providers.iqm.service import wire

LINE = Architecture(DynamicArchitecture.model_validate(wire.ARCHITECTURE))
HALVES = Architecture(
    DynamicArchitecture.model_validate(
        {
            **wire.ARCHITECTURE,
            "qubits": ["QB1", "QB2", "QB3", "QB4"],
            "gates": {
                **wire.ARCHITECTURE["gates"],
                "prx": wire.gate(("QB1",), ("QB2",), ("QB3",), ("QB4",)),
                "measure": wire.gate(("QB1",), ("QB2",), ("QB3",), ("QB4",)),
                "cz": wire.gate(("QB1", "QB2"), ("QB3", "QB4")),
            },
        }
    )
)
NAMES = "ryy ecr r y cz move measure_ delay_ prx if_else cc_prx id".split()


def sent(program, architecture=LINE, variables=None, **options):
    """The instructions that a program becomes."""
    chosen = IQMOptions(**{"seed": 1, **options})
    job = JobSpec("k", as_program(program), 10, variables or {}, chosen)
    return prepare(job, architecture, chosen).circuit.instructions


def composite(name, fill, qubits=1, clbits=0):
    """A circuit whose only operation is one that is called so."""
    part = QuantumCircuit(qubits, clbits, name=name)
    fill(part)
    circuit = QuantumCircuit(2, 2)
    instruction = Instruction(name, qubits, clbits, [])
    instruction.definition = part
    circuit.append(instruction, list(range(qubits)), list(range(clbits)))
    circuit.measure([0, 1], [0, 1])
    return circuit


@pytest.mark.parametrize("transpile", [True, False])
@pytest.mark.parametrize("name", NAMES)
def test_an_openqasm_gate_is_its_body(name, transpile):
    """In both versions of the language, in native gates and transpiled; angles may be open."""
    second = f"""OPENQASM 2.0; gate {name}(t) a,b {{ rx(2*t) a; rx(pi) b; cz a,b; }}
        qreg q[2]; creg c[2]; {name}(0.25) q[0],q[1]; measure q -> c;"""
    third = f"""OPENQASM 3.0; include "stdgates.inc";
        gate {name}(t) a,b {{ rx(2*t) a; rx(pi) b; cz a,b; }}
        qubit[2] q; bit[2] c; {name}(0.25) q[0],q[1]; c = measure q;"""
    if name == "cz":
        second, third = (text.replace("cz a,b;", "x a;") for text in (second, third))
    for text in (second, third):
        renamed = text.replace(f"{name}(", "unheard_of(")
        found = sent(text, transpile=transpile)
        assert found == sent(renamed, transpile=transpile)
        assert [step.name for step in found][-2:] == ["measure", "measure"]
    opened = sent(second.replace("(0.25)", "(v)"), variables={"v": 0.25}, transpile=transpile)
    assert opened == sent(second, transpile=transpile)


@pytest.mark.parametrize("transpile", [True, False])
@pytest.mark.parametrize("name", ["r", "cz", "measure", "delay", "barrier", "if_else", "move"])
def test_a_sub_circuit_is_its_content(name, transpile):
    """A composite may be called like an operation of the machine."""
    found = sent(composite(name, lambda part: part.rx(0.5, 0)), transpile=transpile)
    assert found == sent(composite("part", lambda p: p.rx(0.5, 0)), transpile=transpile)
    assert [step.name for step in found] == ["prx", "measure", "measure"]


@pytest.mark.parametrize("transpile", [True, False])
def test_measurements_and_conditions_within_composites_are_kept(transpile):
    """In their place and order, with what depends on them."""

    def fill(part):
        part.rx(0.5, 0)
        part.measure(0, 0)
        with part.if_test((part.clbits[0], 1)):
            part.rx(3.0, 1)

    found = sent(composite("cz", fill, 2, 1), transpile=transpile)
    assert [step.name for step in found] == ["prx", "measure", "cc_prx", "measure", "measure"]
    assert found[2].args["feedback_key"] == found[1].args["key"]


def test_composites_under_a_condition_are_written_out():
    """The operations of a block are told by what they hold as well."""
    part = QuantumCircuit(1, name="measure")
    part.rx(0.5, 0)
    circuit = QuantumCircuit(1, 1)
    circuit.measure(0, 0)
    with circuit.if_test((circuit.clbits[0], 1)):
        circuit.append(part.to_gate(), [0])
    assert [step.name for step in sent(circuit)] == ["measure", "cc_prx"]


@pytest.mark.parametrize(
    "names", [("é", "ü"), ("measure", "my reg"), ("m", "M"), ("c_1_0", "c")], ids=str
)
def test_registers_of_any_name_have_keys_of_their_own(names):
    """Bits are told by position, and the layout keeps the registers' names."""
    registers = [ClassicalRegister(2, name) for name in names]
    circuit = QuantumCircuit(QuantumRegister(2, "my qubits"), *registers)
    circuit.measure([0, 1, 0], [3, 0, 2])
    options = IQMOptions()
    ready = prepare(JobSpec("k", as_program(circuit), 10, {}, options), LINE, options)
    keys = [step.args["key"] for step in ready.circuit.instructions]
    assert len(set(keys)) == 3
    assert [register.name for register in ready.layout.registers] == list(names)
    places = [s and s.key for group in ready.layout.sources for s in group]
    assert places == [keys[1], None, keys[2], keys[0]]


def too_wide():
    circuit = QuantumCircuit(40, 4)
    circuit.measure(range(4), range(4))
    return circuit


def one_piece():
    circuit = QuantumCircuit(3, 3)
    circuit.h(0)
    circuit.cx(0, 1)
    circuit.cx(1, 2)
    circuit.measure(range(3), range(3))
    return circuit


def looped():
    circuit = QuantumCircuit(1, 1)
    with circuit.for_loop(range(2)):
        circuit.x(0)
    circuit.measure(0, 0)
    return circuit


@pytest.mark.parametrize(
    ("make", "architecture"),
    [(too_wide, LINE), (one_piece, HALVES), (looped, LINE)],
    ids=["wide", "halves", "loop"],
)
def test_what_cannot_be_brought_to_a_chip_is_refused_with_reason_and_remedy(make, architecture):
    """Qiskit's reason follows ours, and the error says what to do."""
    with pytest.raises(InvalidInputError) as caught:
        sent(make(), architecture=architecture, transpile=True)
    assert "cannot be brought to" in str(caught.value)
    assert caught.value.remedy
    assert caught.value.provider == "iqm"


@pytest.mark.parametrize("place", [0, 1])
@pytest.mark.parametrize("bad", [too_wide, looped], ids=["wide", "loop"])
async def test_a_point_that_cannot_be_brought_to_the_chip_fails_alone(bad, place):
    """A sweep that collects errors goes on with the other points, also where the first is bad."""

    def program(n):
        good = QuantumCircuit(1, 1)
        good.x(0)
        good.measure(0, 0)
        return bad() if n == place else good

    with BlockingSandbox(job_time=0.02, workers=1, services=("iqm",)) as sandbox:
        iqm = IQMClient(sandbox.url("iqm"), token="any", quantum_computer="garnet")
        async with Scheduler(iqm, limits=Limits(min_poll_interval=0.01)) as scheduler:
            results = await scheduler.sweep(
                program,
                grid(n=[0, 1, 2]),
                shots=3,
                on_error="collect",
                options=IQMOptions(transpile=True),
            )
            found = {point.parameters["n"]: point for point in results}
    assert isinstance(found[place].error, UnsupportedProgramError)
    assert found[1 - place].result.counts == found[2].result.counts == {"1": 3}


@pytest.mark.parametrize(
    ("step", "said"),
    [
        ({"name": "ryy", "locus": ["QB1", "QB2"], "args": {}}, "ryy"),
        (
            {"name": "prx", "locus": ["QB1"], "args": {"angle": 1.0, "phase": 0, "t": 1}},
            "argument t",
        ),
        ({"name": "prx", "locus": ["QB1"], "args": {"angle": 1.0}}, "argument phase"),
        ({"name": "cz", "locus": ["QB1", "QB2"], "args": {"angle": 1.0}}, "argument angle"),
        ({"name": "measure", "locus": ["QB1"], "args": {}}, "argument key"),
    ],
    ids=range(5),
)
def test_instructions_that_no_computer_knows_are_refused_by_name(step, said):
    """What is unknown in IQM's own form is never left out."""
    last = {"name": "measure", "locus": ["QB2"], "args": {"key": "m"}}
    text = json.dumps({"name": "c", "instructions": [step, last], "metadata": {}})
    with pytest.raises(ProgramError, match=said):
        sent(Program(text, ProgramFormat.IQM))


@pytest.mark.parametrize("format", [ProgramFormat.IQM, ProgramFormat.QIR])
def test_values_for_programs_without_parameters_are_refused(format):
    """They would be sent to nobody."""
    last = {"name": "measure", "locus": ["QB2"], "args": {"key": "m"}}
    text = json.dumps({"name": "c", "instructions": [last], "metadata": {}})
    with pytest.raises(UnboundParametersError):
        sent(Program(text, format), variables={"t": 1.0})


async def test_counts_are_those_of_the_definitions():
    """Really run, in one job beside the same programs under other names."""
    text = """OPENQASM 2.0; gate ecr(t) a,b { x a; rx(t) b; }
        qreg q[2]; creg é[1]; creg c[2]; ecr(t) q[0],q[1]; measure q -> c;""".replace("é", "e")
    part = QuantumCircuit(2, 1, name="measure")
    part.x(0)
    part.measure(0, 0)
    part.x(0)
    circuit = QuantumCircuit(
        QuantumRegister(2), ClassicalRegister(1, "é"), ClassicalRegister(1, "x")
    )
    circuit.append(part.to_instruction(), [1, 0], [0])
    circuit.measure(1, 1)
    with BlockingSandbox(job_time=0.02, workers=1, services=("iqm",)) as sandbox:
        iqm = IQMClient(sandbox.url("iqm"), token="any", quantum_computer="garnet")
        options = IQMOptions(transpile=True, seed=1)
        async with Scheduler(iqm, limits=Limits(min_poll_interval=0.01)) as scheduler:
            first = await scheduler.submit(
                as_program(text), shots=20, variables={"t": 3.141592653589793}, options=options
            )
            second = await scheduler.submit(circuit, shots=20, options=options)
            assert (await first).counts == {"11 0": 20}
            assert (await second).counts == {"0 1": 20}
