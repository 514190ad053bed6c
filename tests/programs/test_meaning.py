"""A program means what its definitions say, whatever the gates in it are called."""

from __future__ import annotations

import io

import pytest
from qiskit import QuantumCircuit, qasm2, qasm3, qpy
from qiskit.circuit import (
    AnnotatedOperation,
    ControlModifier,
    Gate,
    Instruction,
    InverseModifier,
    Parameter,
    PowerModifier,
)
from qiskit.circuit.library import (
    CXGate,
    HGate,
    PermutationGate,
    QFTGate,
    RYGate,
    StatePreparation,
    UCRYGate,
    UnitaryGate,
    XGate,
)
from qiskit.quantum_info import Clifford, Kraus, Operator, Statevector, random_unitary

from quantum_async.errors import ProgramError, UnsupportedProgramError
from quantum_async.models.program import Program, ProgramFormat
from quantum_async.programs.circuits import flattened, read_circuit
from quantum_async.programs.objects import as_program
from quantum_async.programs.survey import Survey
from quantum_async.simulation.run import simulate
from tests.simulation.jobs import job

LIBRARY_NAMES = (
    "ccz ch cu ecr h id initialize kraus mcx multiplexer pauli r reset_ roerror ryy rzx save_state "
    "set_statevector state_preparation store superop sx sxdg unitary x y z".split()
)
"""Names that Qiskit or Aer knows operations by."""


def read(obj) -> QuantumCircuit:
    return read_circuit(as_program(obj))


def counts(text, shots=400):
    return simulate(job(as_program(text), shots=shots, seed=5), "automatic").counts


@pytest.mark.parametrize("name", LIBRARY_NAMES)
def test_an_openqasm_2_gate_is_its_body(name):
    """Qiskit's legacy reader, and Aer after it, replaced the body by the gate of that name."""
    text = f"""OPENQASM 2.0;
        gate {name} a {{ U(pi,0,pi) a; }}
        qreg q[2]; creg c[2];
        {name} q[1];
        measure q -> c;"""
    assert counts(text) == {"10": 400}


@pytest.mark.parametrize("name", [name for name in LIBRARY_NAMES if name != "reset_"])
def test_an_openqasm_3_gate_is_its_body(name):
    """The same in OpenQASM 3, under a control, where Qiskit builds controls by names."""
    text = f"""OPENQASM 3.0;
        gate {name} a {{ U(pi,0,pi) a; }}
        qubit[3] q; bit[3] c;
        {name} q[0];
        ctrl @ {name} q[0], q[1];
        c = measure q;"""
    assert counts(text) == {"011": 400}


def test_angles_of_a_defined_gate_are_its_own():
    """A body may use its angles otherwise than the library's gate of that name."""
    text = """OPENQASM 2.0; include "qelib1.inc";
        gate ryy(t) a,b { cx a,b; rx(2*t) a; cx a,b; }
        qreg q[2]; creg c[2];
        ryy(pi/2) q[0],q[1];
        measure q -> c;"""
    renamed = text.replace("ryy", "mine")
    assert counts(text) == counts(renamed) == {"11": 400}


def test_names_that_programs_define_shadow_each_other_from_there_on():
    """What was called before the definition keeps its meaning, formal names theirs."""
    text = """OPENQASM 2.0; include "qelib1.inc";
        qreg q[2]; creg c[2];
        x q[0];
        gate x(y) z { rz(y) z; }
        gate y x { x(0.5) x; U(pi,0,pi) x; }
        y q[1];
        measure q -> c;"""
    assert counts(text) == {"11": 400}


@pytest.mark.parametrize("name", ["h", "sx", "delay", "barrier", "measure", "if_else", "id"])
def test_a_sub_circuit_is_its_content(name):
    """A composite is called as its author likes."""
    part = QuantumCircuit(1, name=name)
    part.x(0)
    circuit = QuantumCircuit(2)
    circuit.append(part.to_instruction(), [1])
    circuit.measure_all()
    assert counts(circuit) == {"10": 400}


def test_a_standard_gate_under_another_name_is_what_its_class_says():
    """A copy of a gate can be renamed; its class cannot."""
    gate = XGate().to_mutable()
    gate.name = "y"
    circuit = QuantumCircuit(1)
    circuit.append(gate, [0])
    assert [step.operation.name for step in read(circuit).data] == ["x"]


@pytest.mark.parametrize("writer", [qasm2, qasm3], ids=["qasm2", "qasm3"])
def test_what_qiskit_writes_is_read_back(writer):
    """Exporters define the gates that a language lacks, by names that simulators know."""
    controlled = UnitaryGate(random_unitary(2, seed=2)).control(annotated=False).definition
    circuit = QuantumCircuit(3, 3)
    circuit.append(QFTGate(2), [0, 1])
    circuit.append(UnitaryGate(random_unitary(4, seed=1)), [1, 2])
    circuit.append(controlled.to_gate(label="c-unitary"), [0, 2])
    if writer is qasm2:
        circuit.prepare_state(3, [0, 1])
        circuit.append(UCRYGate([0.3, 1.2]), [0, 1])
    expected = Statevector(circuit)
    assert Statevector(read(writer.dumps(circuit))).equiv(expected)
    circuit.measure([0, 1, 2], [0, 1, 2])
    found = counts(writer.dumps(circuit), shots=4000)
    for outcome, probability in expected.probabilities_dict().items():
        assert abs(found.get(outcome, 0) / 4000 - probability) < 0.06


@pytest.mark.parametrize(
    "operation",
    [
        AnnotatedOperation(RYGate(0.4), [ControlModifier(1, ctrl_state=0), InverseModifier()]),
        AnnotatedOperation(CXGate(), [PowerModifier(2)]),
        CXGate(ctrl_state=0),
        HGate().control(2, ctrl_state=1, annotated=False),
        PermutationGate([1, 2, 0]),
        QFTGate(3),
        StatePreparation([0.6, 0.8j]),
        Clifford(
            QuantumCircuit.from_qasm_str(
                'OPENQASM 2.0; include "qelib1.inc"; qreg q[2]; h q[0]; cx q[0],q[1]; s q[1];'
            )
        ),
    ],
    ids="controlled powered open_control open_controls permutation qft preparation clifford".split(),
)
def test_library_operations_are_written_out(operation):
    """Whatever class an operation has, its parts do what it does."""
    circuit = QuantumCircuit(3)
    circuit.h([0, 1, 2])
    circuit.append(operation, range(operation.num_qubits))
    flat = flattened(circuit)
    assert all(step.is_standard_gate() or step.name == "unitary" for step in flat.data)
    assert Statevector(flat).equiv(Statevector(circuit))


def test_the_base_of_a_modified_operation_is_not_told_by_its_name():
    """Controls are built by names, so a base with a known one is renamed before."""
    part = QuantumCircuit(1, name="x")
    part.rz(0.7, 0)
    circuit = QuantumCircuit(2)
    circuit.h([0, 1])
    circuit.append(AnnotatedOperation(part.to_gate(), [ControlModifier(1)]), [0, 1])
    expected = QuantumCircuit(2)
    expected.h([0, 1])
    expected.crz(0.7, 0, 1)
    assert Statevector(flattened(circuit)).equiv(Statevector(expected))


def test_measurements_within_composites_are_seen():
    """What is asked about a circuit is asked about what will be run."""
    part = QuantumCircuit(1, 1, name="part")
    part.measure(0, 0)
    part.reset(0)
    part.x(0)
    circuit = QuantumCircuit(1, 2)
    circuit.append(part.to_instruction(), [0], [1])
    circuit.measure(0, 0)
    survey = Survey.of(read(circuit))
    assert survey.measures
    assert not survey.is_measured_last
    assert counts(circuit) == {"01": 400}


def test_composites_within_blocks_are_written_out():
    """Blocks of conditions and loops hold definitions as well."""
    part = QuantumCircuit(1, name="z")
    part.x(0)
    circuit = QuantumCircuit(2, 2)
    circuit.x(0)
    circuit.measure(0, 0)
    with circuit.if_test((circuit.clbits[0], 1)):
        circuit.append(part.to_gate(), [1])
    circuit.measure(1, 1)
    assert counts(circuit) == {"11": 400}


def test_parameters_in_definitions_stay_open():
    """A parameter may stand deep in a definition, and is bound there."""
    theta = Parameter("theta")
    part = QuantumCircuit(1, name="rx")
    part.ry(2 * theta, 0)
    circuit = QuantumCircuit(1)
    circuit.append(part.to_gate(), [0])
    flat = read(circuit)
    assert [step.operation.name for step in flat.data] == ["ry"]
    bound = flat.assign_parameters({theta: 0.3})
    assert bound.data[0].operation.params == [0.6]


def test_channels_and_matrices_stay_as_they_are():
    """What simulators know by its matrices needs no parts."""
    circuit = QuantumCircuit(1)
    circuit.x(0)
    circuit.append(Kraus([[[1, 0], [0, 0]], [[0, 1], [0, 0]]]).to_instruction(), [0])
    circuit.append(UnitaryGate(Operator(XGate())), [0])
    assert [step.operation.name for step in read(circuit).data] == ["x", "kraus", "unitary"]
    circuit.measure_all()
    assert counts(circuit) == {"1": 400}


def test_a_matrix_under_another_name_is_written_out():
    """A name may lie on a library class as well."""
    gate = UnitaryGate(Operator(HGate()))
    gate.name = "x"
    circuit = QuantumCircuit(1)
    circuit.append(gate, [0])
    flat = flattened(circuit)
    assert "x" not in Survey.of(flat).names
    assert Statevector(flat).equiv(Statevector.from_label("+"))


@pytest.mark.parametrize(
    "operation", [Gate("x", 1, []), Instruction("magic", 1, 0, [])], ids=["known", "foreign"]
)
def test_what_nothing_defines_is_refused_by_name(operation):
    """A name alone is no definition, not even one that everybody knows."""
    circuit = QuantumCircuit(1)
    circuit.append(operation, [0])
    with pytest.raises(UnsupportedProgramError, match=f"{operation.name!r} has no definition"):
        read(circuit)


def test_an_opaque_gate_of_openqasm_2_is_refused_by_name():
    """So is a declaration without a body."""
    with pytest.raises(UnsupportedProgramError, match="'magic' has no definition"):
        read("OPENQASM 2.0; opaque magic a; qreg q[1]; magic q[0];")


def test_a_gate_of_the_target_stays_where_nothing_defines_it():
    """A provider's own gate is known to it alone; one that is defined is its definition."""
    circuit = QuantumCircuit(2)
    circuit.append(Gate("move", 2, []), [0, 1])
    assert [s.operation.name for s in flattened(circuit, own={"move"}).data] == ["move"]
    part = QuantumCircuit(2, name="move")
    part.cx(0, 1)
    circuit = QuantumCircuit(2)
    circuit.append(part.to_gate(), [0, 1])
    assert [s.operation.name for s in flattened(circuit, own={"move"}).data] == ["cx"]


def test_definitions_that_grow_without_end_are_refused():
    """Forty levels of doubling would be a million million gates."""
    levels = "".join(f"gate g{n} a {{ g{n - 1} a; g{n - 1} a; }}" for n in range(1, 40))
    text = f"OPENQASM 2.0; gate g0 a {{ U(0,0,0) a; }} {levels} qreg q[1]; g39 q[0];"
    with pytest.raises(UnsupportedProgramError, match="more than 10,000 operations"):
        flattened(qasm2.loads(text), most=10_000)


def test_circuits_without_definitions_are_not_copied():
    """Most circuits need nothing written out."""
    circuit = QuantumCircuit(2)
    circuit.h(0)
    circuit.cx(0, 1)
    assert flattened(circuit) is circuit


def test_global_phases_of_definitions_are_kept():
    """A phase matters once somebody controls the whole."""
    part = QuantumCircuit(1, global_phase=0.4)
    part.x(0)
    circuit = QuantumCircuit(1)
    circuit.append(part.to_gate(), [0])
    circuit.append(part.to_gate(), [0])
    assert Operator(flattened(circuit)) == Operator(circuit)


def test_qpy_brings_definitions_with_it():
    """A file of Qiskit's own is read by its definitions as well."""
    part = QuantumCircuit(1, name="h")
    part.x(0)
    circuit = QuantumCircuit(1, 1)
    circuit.append(part.to_gate(), [0])
    circuit.measure(0, 0)
    buffer = io.BytesIO()
    qpy.dump(circuit, buffer)
    assert counts(Program(buffer.getvalue(), ProgramFormat.QISKIT)) == {"1": 400}


@pytest.mark.parametrize("name", ["Ω", "Result", "_c", "measured"])
def test_registers_of_openqasm_3_keep_their_names(name):
    """Whatever letters a name has, it is the program's."""
    text = f"""OPENQASM 3.0; include "stdgates.inc";
        qubit[2] q; bit[1] first; bit[2] {name};
        x q[1];
        {name} = measure q;
        if ({name} == 2) {{ x q[0]; }}
        first[0] = measure q[0];"""
    result = simulate(job(as_program(text), shots=10), "automatic")
    assert [register.name for register in result.registers] == ["first", name]
    assert result.counts == {"10 1": 10}


def test_an_infinite_angle_is_refused_by_its_gate():
    """Angles that a circuit brings, or that a text computes, are looked at too."""
    circuit = QuantumCircuit(1)
    circuit.rx(float("inf"), 0)
    for program in (
        circuit,
        'OPENQASM 2.0; include "qelib1.inc"; qreg q[1]; rx(1e308*10) q[0];',
        'OPENQASM 3.0; include "stdgates.inc"; qubit q; rx(1e308*10) q;',
    ):
        with pytest.raises(ProgramError, match="'rx' is inf, which is not finite"):
            read(program)
