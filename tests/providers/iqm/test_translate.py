"""Between Qiskit's circuits, IQM's circuits and results, without losing a gate or a bit."""

from __future__ import annotations

import contextlib
import json
import math
import random

import pytest
from hypothesis import given, strategies as st
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister
from qiskit.circuit import Gate, Parameter
from qiskit.quantum_info import Operator, Statevector

from quantum_async.errors import (
    DeviceLimitError,
    NoMeasurementError,
    ProgramError,
    ProgramSyntaxError,
    ResultError,
    UnboundParametersError,
    UnsupportedProgramError,
)
from quantum_async.models.job import JobStatus
from quantum_async.models.result import Register
from quantum_async.models.submission import JobSpec
from quantum_async.programs.objects import as_program
from quantum_async.providers.iqm.architecture import Architecture
from quantum_async.providers.iqm.circuits import Circuit, Instruction
from quantum_async.providers.iqm.options import IQMOptions, MoveFrameTracking, MoveValidation
from quantum_async.providers.iqm.outcomes import expected_of
from quantum_async.providers.iqm.translate.circuits import NATIVE, native_circuit
from quantum_async.providers.iqm.translate.programs import prepare
from quantum_async.providers.iqm.translate.protobuf import feedback_groups_of, sources_in_protobuf
from quantum_async.providers.iqm.translate.results import (
    Expected,
    layout_of,
    layout_of_keys,
    result_of,
)
from quantum_async.providers.iqm.translate.statuses import (
    JOB_STATUSES,
    LEGACY_STATUSES,
    legacy_status,
)
from quantum_async.providers.iqm.validation import check_circuit, check_on
from quantum_async.providers.iqm.wire import DynamicArchitecture, IQMJobStatus
from tests.providers.iqm.service import wire

LINE = Architecture(DynamicArchitecture.model_validate(wire.ARCHITECTURE))
STAR = Architecture(
    DynamicArchitecture.model_validate(
        {
            "qubits": ["QB1", "QB2", "QB3"],
            "computational_resonators": ["CR1"],
            "gates": {
                "prx": wire.gate(("QB1",), ("QB2",), ("QB3",)),
                "cz": wire.gate(("QB1", "CR1"), ("QB3", "CR1")),
                "move": wire.gate(("QB2", "CR1")),
                "measure": wire.gate(("QB1",), ("QB2",), ("QB3",)),
            },
        }
    )
)


def prepared(circuit, architecture=LINE, variables=None, **options):
    """A Qiskit circuit as it would be sent."""
    job = JobSpec("k", as_program(circuit), 10, variables or {}, IQMOptions(**options))
    return prepare(job, architecture, job.options)


def steps(circuit, **more):
    """What a Qiskit circuit becomes."""
    return prepared(circuit, **more).circuit.instructions


def measured(circuit):
    """The circuit with every qubit measured."""
    circuit.measure_all()
    return circuit


GATES = [
    ("r", (0.3, 0.7)),
    ("x", ()),
    ("y", ()),
    ("rx", (0.3,)),
    ("ry", (0.3,)),
]


@pytest.mark.parametrize(("gate", "parameters"), GATES)
def test_single_qubit_gates_keep_their_unitary(gate, parameters):
    """Each native gate becomes the PRX of the same unitary, up to a global phase."""
    circuit = QuantumCircuit(1)
    getattr(circuit, gate)(*parameters, 0)
    wanted = Operator(circuit)
    args = steps(measured(circuit))[0].args
    same = QuantumCircuit(1)
    same.r(args["angle"], args["phase"], 0)
    assert Operator(same).equiv(wanted)


def test_everything_native_is_translated():
    """CZ, barrier, delay, reset and identity; a delay in seconds."""
    circuit = QuantumCircuit(2, 1)
    circuit.cz(0, 1)
    circuit.barrier()
    circuit.delay(100, 0, unit="ns")
    circuit.delay(20, 0)
    circuit.reset(1)
    circuit.id(0)
    circuit.measure(0, 0)
    found = [(i.name, i.locus) for i in steps(circuit)]
    both = ("QB1", "QB2")
    assert found == [
        ("cz", both), ("barrier", both), ("delay", ("QB1",)), ("delay", ("QB1",)),
        ("reset", ("QB2",)), ("measure", ("QB1",)),
    ]  # fmt: skip
    assert [i.args["duration"] for i in steps(circuit) if i.name == "delay"] == [
        pytest.approx(1e-7),
        pytest.approx(2e-8),
    ]


@pytest.mark.parametrize("gate", ["h", "cx", "rz", "swap", "t"])
def test_foreign_gates_are_refused_by_place_and_name(gate):
    """Nothing is transpiled silently: the error says which instruction and what to do."""
    circuit = QuantumCircuit(2)
    circuit.x(0)
    arguments = {"h": (0,), "cx": (0, 1), "rz": (0.1, 0), "swap": (0, 1), "t": (0,)}
    getattr(circuit, gate)(*arguments[gate])
    with pytest.raises(UnsupportedProgramError, match=f"instruction 1 .*{gate}") as caught:
        prepared(measured(circuit))
    assert "transpile" in caught.value.remedy
    assert gate not in NATIVE


def test_transpiling_on_request():
    """A circuit in any gates runs where transpiling is asked for, on calibrated loci only."""
    circuit = QuantumCircuit(3)
    circuit.h(0)
    circuit.cx(0, 2)
    found = steps(measured(circuit), transpile=True, seed=1)
    assert {i.name for i in found} == {"prx", "cz", "barrier", "measure"}
    assert all(i.locus in LINE.loci("cz") or i.locus[::-1] in LINE.loci("cz")
               for i in found if i.name == "cz")  # fmt: skip


def test_transpiling_for_a_star_moves_states():
    """A CZ between qubits becomes MOVE, CZ, MOVE over the resonator."""
    circuit = QuantumCircuit(2)
    circuit.h(0)
    circuit.cx(0, 1)
    found = steps(measured(circuit), architecture=STAR, transpile=True, seed=1)
    names = [i.name for i in found if i.name in {"move", "cz"}]
    assert names == ["move", "cz", "move"]


def test_parameters_are_bound():
    """Values go into angles; a missing one is refused."""
    theta = Parameter("theta")
    circuit = QuantumCircuit(1, 1)
    circuit.rx(theta, 0)
    circuit.measure(0, 0)
    assert steps(circuit, variables={"theta": 0.25})[0].args["angle"] == 0.25
    with pytest.raises(UnboundParametersError):
        prepared(circuit)


def test_a_mapping_renames_the_qubits_of_a_circuit():
    """Qubits are called by their number where a mapping is given."""
    circuit = QuantumCircuit(2, 2)
    circuit.x(0)
    circuit.measure([0, 1], [0, 1])
    found = steps(circuit, qubit_mapping={"0": "QB3", "1": "QB2"})
    assert found[0].locus == ("0",)


def test_conditions_become_feedback():
    """A gate under one measured bit becomes ``cc_prx`` with the physical qubit of that bit."""
    circuit = QuantumCircuit(2, 2)
    circuit.measure(0, 0)
    with circuit.if_test((circuit.clbits[0], 1)):
        circuit.x(1)
    circuit.measure(1, 1)
    measure, conditional, _ = steps(circuit)
    assert measure.args["feedback_key"] == conditional.args["feedback_key"]
    assert conditional.args["feedback_qubit"] == "QB1"
    assert conditional.args["angle"] == math.pi
    with circuit.if_test((circuit.clbits[0], 0)):
        circuit.x(1)
    with pytest.raises(UnsupportedProgramError, match="if_else"):
        prepared(circuit)


def test_a_bit_that_is_written_twice_keeps_its_last_value():
    """Keys stay unique, and the last measurement counts."""
    circuit = QuantumCircuit(1, 1)
    circuit.measure(0, 0)
    circuit.x(0)
    circuit.measure(0, 0)
    sent = prepared(circuit)
    first, last = (str(i.args["key"]) for i in sent.circuit.instructions if i.name == "measure")
    assert (first, last) == ("c_1_0_0.1", "c_1_0_0")
    result = result_of({first: [[0]], last: [[1]]}, Expected(sent.layout, 1))
    assert result.counts == {"1": 1}


@given(st.data())
def test_no_bit_is_lost_between_registers_and_keys(data):
    """Any registers, measured in any order and in part, come back as Qiskit would write them."""
    widths = data.draw(st.lists(st.integers(1, 3), min_size=1, max_size=3))
    total = sum(widths)
    registers = [ClassicalRegister(w, f"r_{n}_1") for n, w in enumerate(widths)]
    circuit = QuantumCircuit(QuantumRegister(total, "q"), *registers)
    some = data.draw(st.lists(st.integers(0, total - 1), unique=True, min_size=1))
    for bit in some:
        circuit.measure(bit, bit)
    names = [f"QB{n}" for n in range(1, total + 1)]
    native, layout = native_circuit(circuit, names, {})
    values = data.draw(st.lists(st.integers(0, 1), min_size=total, max_size=total))
    measurements = {
        str(i.args["key"]): [[values[names.index(i.locus[0])]]] for i in native.instructions
    }
    again = layout_of(Circuit.read(native.program().text))
    assert again == layout
    bits = [values[n] if n in some else 0 for n in range(total)]
    parts, begin = [], 0
    for width in widths:
        parts.append("".join(str(b) for b in reversed(bits[begin : begin + width])))
        begin += width
    assert result_of(measurements, Expected(again, 1)).counts == {" ".join(reversed(parts)): 1}


def test_the_vendors_keys_are_understood_without_the_program():
    """Keys of IQM's Qiskit layer are enough: names with underscores, registers in their order."""
    layout = layout_of_keys({"my_reg_2_1_0": 1, "a_1_0_0": 1})
    assert layout is not None
    assert layout.registers == (Register("a", 1), Register("my_reg", 2))
    assert layout_of_keys({"my_reg_2_1_0": 1, "other": 1}) is None


def test_an_order_that_nobody_knows_raises():
    """Several keys without a program have no order, so no result is made up."""
    with pytest.raises(ResultError, match="order"):
        result_of({"a": [[1]], "b": [[0]]}, Expected())
    assert result_of({"a": [[1, 0]]}, Expected()).counts == {"01": 1}


ANGLES = st.floats(-20, 20, allow_nan=False)


@given(ANGLES, ANGLES)
def test_turns_and_radians_agree(angle, phase):
    """What is written in full turns is read back in radians."""
    circuit = Circuit("c", (Instruction("prx", ("a",), {"angle": angle, "phase": phase}),))
    written = circuit.legacy_document()
    assert set(written["instructions"][0]["args"]) == {"angle_t", "phase_t"}
    again = Circuit.of(written).instructions[0].args
    assert again["angle"] == pytest.approx(angle, abs=1e-9)
    assert again["phase"] == pytest.approx(phase, abs=1e-9)


def test_old_names_are_read():
    """``phased_rx`` and ``measurement`` are what ``prx`` and ``measure`` once were."""
    old = [
        {"name": "phased_rx", "qubits": ["a"], "args": {}},
        {"name": "measurement", "qubits": ["a"], "args": {"key": "m"}},
    ]
    text = json.dumps({"name": "c", "instructions": old})
    assert [i.name for i in Circuit.read(text).instructions] == ["prx", "measure"]


@given(st.text(max_size=40))
def test_malformed_circuits_are_refused_as_ours(text):
    """Whatever the text is, the error is one of this package."""
    with contextlib.suppress(ProgramError, ProgramSyntaxError):
        Circuit.read(text)


def test_status_tables_are_total():
    """Every word of either interface has a meaning, and every unknown one is unknown."""
    assert set(JOB_STATUSES) == set(IQMJobStatus)
    assert JOB_STATUSES[IQMJobStatus.UNKNOWN] is JobStatus.UNKNOWN
    for word in LEGACY_STATUSES:
        assert legacy_status(word.replace(" ", "_")) is LEGACY_STATUSES[word]
    assert legacy_status("levitating") is IQMJobStatus.UNKNOWN


def loci_case(*instructions, architecture=STAR, moves=MoveValidation.STRICT):
    circuit = Circuit("case", tuple(Instruction(*i) for i in instructions))
    check_on(circuit, architecture, {}, moves)


PRX = ("prx", ("QB2",), {"angle": 1.0, "phase": 0.0})
MOVE = ("move", ("QB2", "CR1"))


@pytest.mark.parametrize(
    "instructions",
    [
        [("cz", ("CR1", "QB1"))],
        [MOVE],
        [MOVE, ("cz", ("QB1", "CR1")), MOVE, PRX],
        [("barrier", ("QB1", "CR1"))],
        [("measure", ("QB3", "QB1"), {"key": "m"})],
    ],
)
def test_calibrated_loci_pass(instructions):
    """Symmetric gates in either order, MOVEs that come back or stay, barriers anywhere."""
    loci_case(*instructions)


@pytest.mark.parametrize(
    ("instructions", "reason"),
    [
        ([("cz", ("QB1", "QB2"))], "not calibrated on QB1, QB2"),
        ([("move", ("CR1", "QB2"))], "not calibrated"),
        ([MOVE, PRX], "in a resonator"),
        ([("measure", ("QB9",), {"key": "m"})], "no QB9"),
        ([("barrier", ("QB9",))], "no QB9"),
        ([("prx", ("CR1",), {"angle": 1.0, "phase": 0.0})], "not calibrated on CR1"),
        ([("cc_prx", ("QB1",), {})], "not calibrated anywhere"),
        ([("prx", ("QB1",), {}, "nonsense")], "no implementation"),
    ],
)
def test_other_loci_are_refused_by_place(instructions, reason):
    """The error names circuit, instruction and reason."""
    with pytest.raises(DeviceLimitError, match=rf"circuit 'case', instruction \d.*{reason}"):
        loci_case(*instructions)


def test_prx_on_a_moved_state_where_that_is_allowed():
    """Validation of MOVEs has three degrees."""
    loci_case(MOVE, PRX, moves=MoveValidation.ALLOW_PRX)
    loci_case(MOVE, PRX, moves=MoveValidation.NONE)
    IQMOptions(move_validation=MoveValidation.NONE, move_frame_tracking=MoveFrameTracking.NONE)
    with pytest.raises(Exception, match="frame tracking"):
        IQMOptions(move_validation=MoveValidation.NONE)


@pytest.mark.parametrize(
    ("instruction", "reason"),
    [
        (Instruction("u", ("QB1",)), "no such operation"),
        (Instruction("cz", ("QB1",)), "not 1"),
        (Instruction("cz", ("QB1", "QB1")), "twice"),
        (Instruction("prx", ("QB1",), {"angle": 1.0}), "phase"),
        (Instruction("prx", ("QB1",), {"angle": 1.0, "phase": math.inf}), "finite"),
        (Instruction("measure", ("QB1",), {"key": "m", "extra": 1}), "extra"),
        (Instruction("measure", (), {"key": "m"}), "not 0"),
        (Instruction("delay", ("QB1",), {"duration": -1.0}), "negative"),
        (
            Instruction(
                "cc_prx",
                ("QB1",),
                {"angle": 1.0, "phase": 0.0, "feedback_qubit": "QB1", "feedback_key": "f"},
            ),
            "no earlier measure",
        ),
    ],
)
def test_malformed_instructions_are_refused_by_place(instruction, reason):
    """Every static fault is named with its circuit and instruction (30)."""
    with pytest.raises(ProgramError, match=f"instruction 0 .*{reason}"):
        check_circuit(Circuit("case", (instruction,)))


def test_a_circuit_without_measurement_is_refused():
    """Nothing would come back."""
    circuit = QuantumCircuit(1)
    circuit.x(0)
    with pytest.raises(NoMeasurementError):
        prepared(circuit)


def test_moves_of_a_qiskit_circuit():
    """A gate called ``move`` on a qubit and a resonator is a MOVE."""
    circuit = QuantumCircuit(4, 1)
    move = Gate("move", 2, [])
    circuit.append(move, [1, 3])
    circuit.cz(0, 3)
    circuit.append(move, [1, 3])
    circuit.measure(0, 0)
    assert [i.locus for i in steps(circuit, architecture=STAR)][:2] == [
        ("QB2", "CR1"),
        ("QB1", "CR1"),
    ]


def test_feedback_groups_of_damaged_bytes():
    """Bytes that are cut off are refused; groups come largest first."""
    groups = feedback_groups_of({"QB1__d": ("a", "b"), "QB2__d": ("a",), "other": ("a",)})
    assert groups == (frozenset({"QB1", "QB2"}), frozenset({"QB1"}))
    with pytest.raises(Exception, match="damaged"):
        sources_in_protobuf(b"\x0a\x7f\x01")


FOUR = ("QB1", "QB2", "QB3", "QB4")
WIDE_STAR = Architecture(
    DynamicArchitecture.model_validate(
        {
            "qubits": FOUR,
            "computational_resonators": ["CR1"],
            "gates": {
                "prx": wire.gate(*[(name,) for name in FOUR]),
                "measure": wire.gate(*[(name,) for name in FOUR]),
                "cz": wire.gate(*[(name, "CR1") for name in FOUR if name != "QB2"]),
                "move": wire.gate(("QB2", "CR1")),
            },
        }
    )
)


def probabilities(circuit, architecture, layout):
    """What a native circuit measures, a MOVE being an exchange with an empty resonator."""
    index = {name: place for place, name in enumerate(architecture.components)}
    state, bits = QuantumCircuit(len(index)), {}
    for step in circuit.instructions:
        places = [index[name] for name in step.locus]
        if step.name == "prx":
            state.r(step.args["angle"], step.args["phase"], *places)
        elif step.name in {"cz", "move"}:
            getattr(state, {"cz": "cz", "move": "swap"}[step.name])(*places)
        elif step.name == "measure":
            bits |= {(step.args["key"], n): place for n, place in enumerate(places)}
    places = [bits[source.key, source.position] for source in layout.sources[0]]
    return Statevector(state).probabilities(places)


@pytest.mark.parametrize("number", range(6))
def test_a_circuit_over_moves_measures_what_it_says(number):
    """Random circuits, brought to a star at any level and written down in turns."""
    chance = random.Random(number)
    circuit = QuantumCircuit(2 + number % 3)
    for _ in range(8):
        if chance.random() < 0.5:
            circuit.cx(*chance.sample(range(circuit.num_qubits), 2))
        else:
            angles = (chance.uniform(0, 6) for _ in range(3))
            circuit.u(*angles, chance.randrange(circuit.num_qubits))
    wanted = Statevector(circuit).probabilities()
    sent = prepared(
        measured(circuit), WIDE_STAR, transpile=True, seed=1, optimization_level=number % 4
    )
    again = Circuit.of(sent.circuit.legacy_document())
    assert probabilities(again, WIDE_STAR, sent.layout) == pytest.approx(wanted, abs=1e-9)


@pytest.mark.parametrize(
    ("measurements", "expected", "said"),
    [
        ({"a": [[0], [0, 1]]}, Expected(), r"'a' has shots of \[1, 2\] qubits"),
        ({"a": [[2]]}, Expected(), r"\(2,\) is not an outcome"),
        ({"a": [[-1]]}, Expected(), r"\(-1,\) is not an outcome"),
        ({}, Expected(shots=2), "0 shots came back where 2"),
        ({"a": [[0]]}, Expected(shots=2), "1 shots came back where 2"),
        ({"a": [[0]] * 3}, Expected(shots=2, is_heralded=True), "3 shots came back where 2"),
        ({"b": [[0]]}, Expected(layout_of_keys({"a_1_0_0": 1})), "no qubit 0 of measurement 'a_1"),
    ],
)
def test_measurements_that_are_not_understood_are_quoted(measurements, expected, said):
    """Of other widths, other letters, other keys, or of more shots than there were."""
    with pytest.raises(ResultError, match=said):
        result_of(measurements, expected)


@pytest.mark.parametrize(
    "written", ["c", [], {"registers": 7}, {"registers": [["c", [["a", "0"]]]]}, {}]
)
def test_no_bit_is_taken_from_a_layout_that_is_not_understood(written):
    """The keys decide; a bit whose place cannot be read is no 0."""
    document = {
        "name": "x",
        "instructions": [{"name": "measure", "locus": ["QB1"], "args": {"key": "a"}}],
        "metadata": {"quantum_async": written},
    }
    (expected,) = expected_of({"circuits": [document], "shots": 1})
    assert result_of({"a": [[1]]}, expected).counts == {"1": 1}
