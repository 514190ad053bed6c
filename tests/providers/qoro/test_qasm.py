"""OpenQASM 2 as the service reads it: what is well-formed, and where exactly something is not."""

from __future__ import annotations

import pytest
from qiskit import QuantumCircuit, QuantumRegister, qasm2
from qiskit.circuit import ClassicalRegister, Parameter
from qiskit.quantum_info import Operator

from quantum_async.errors import (
    ProgramError,
    ProgramSyntaxError,
    UnboundParametersError,
    UnsupportedProgramError,
)
from quantum_async.models.program import Program, ProgramFormat
from quantum_async.programs.objects import as_program
from quantum_async.providers.qoro.translate.circuits import KNOWN
from quantum_async.providers.qoro.translate.programs import prepared

HEAD = "OPENQASM 2.0;\n"
EVERYTHING = """OPENQASM 2.0;
include "qelib1.inc";
// a comment; with a mark
qreg q[3]; creg c[2]; creg d[1];
gate turn(a, b) x1, y1 { rx(a/2) x1; barrier x1, y1; cu1(-b^2) x1, y1; }
gate pair x1, y1 { cx x1, y1; }
turn(pi/3, sqrt(2)) q[0], q[1];
pair q[1], q[2];
h q;
cx q[0], q[1];
u3(sin(0.1) + 1, cos(2e-1)*2, -(ln(3) - exp(.5))) q[2];
id() q[0];
reset q[0];
barrier q;
barrier q[0], q[1];
measure q[0] -> c[0];
measure q[2] -> d[0];
if(c==3) x q[1];
"""


def text_of(text, **variables):
    return prepared(Program(text, ProgramFormat.QASM2), variables).text


def unitary(text, **variables):
    ready = prepared(Program(text, ProgramFormat.QASM2), variables)
    bound = ready.bound(variables).text
    return Operator(qasm2.loads(bound, custom_instructions=qasm2.LEGACY_CUSTOM_INSTRUCTIONS))


def test_everything_that_the_language_has_is_read():
    """Definitions, functions, broadcasts, conditions: declared and used as the text says."""
    ready = prepared(Program(EVERYTHING, ProgramFormat.QASM2), {})
    assert (ready.qubits, ready.measures) == (3, True)
    assert [(r.name, r.width) for r in ready.registers] == [("c", 2), ("d", 1)]
    assert "gate" not in ready.text
    assert "if(c0==3) x q[1];" in ready.text
    assert "measure q[2] -> c1[0];" in ready.text


def test_registers_in_the_newer_spelling_are_read():
    """The service takes them under the older header; registers of no bits count for nothing."""
    text = HEAD + "qubit[2] q; qubit r; bit[2] c; bit d; creg e[0]; measure q -> c;"
    ready = prepared(Program(text, ProgramFormat.QASM2), {})
    assert ready.qubits == 3
    assert [(r.name, r.width) for r in ready.registers] == [("c", 2), ("d", 1)]


@pytest.mark.parametrize(
    "statement",
    [
        "gate g(a,a) q1 { }",
        "gate g q1 { h q2; }",
        "gate g q1,q2 { cx q1; }",
        "gate g q1 { h q1; ",
        "h(1) q[0];",
        "rx() q[0];",
        "cx q[0];",
        "cx q, r;",
        "rx(1 2) q[0];",
        "rx(*) q[0];",
        "rx(t*) q[0];",
        "rx(t u) q[0];",
        "rx((t) q[0];",
        "rx(unknown + t) q[0];",
        "measure q -> c[0];",
        "measure c -> q;",
        "if(q==1) x q[0];",
        "qreg s1[x];",
        "qreg 7[1];",
        "qreg gate[1];",
        "rx(" + "-" * 20 + "1) q[0]; rx(",
    ],
)
def test_what_is_malformed_is_refused_at_its_line(statement):
    """Nothing of it is sent to the service to be refused there."""
    text = HEAD + "qreg q[2]; qreg r[3]; creg c[2]; rz(t) q[1];\n" + statement
    with pytest.raises(ProgramSyntaxError) as found:
        prepared(Program(text, ProgramFormat.QASM2), {"t": 1.0})
    assert found.value.line == text.count("\n") + 1


def test_a_register_may_be_called_like_a_gate():
    """Registers are told by position, so a name of theirs means nothing to the service."""
    text = text_of(HEAD + "qreg x[1]; creg s[1]; p(.5) x[0]; measure x -> s;")
    assert "u1(0.5) q[0];\nmeasure q[0] -> c0[0];" in text


@pytest.mark.parametrize(
    "name", ["ryy", "iswap", "cx", "u1", "h", "rzz", "swap", "c3x", "if_else", "measure_", "magic"]
)
@pytest.mark.parametrize("include", ["", 'include "qelib1.inc"; '])
def test_a_defined_gate_is_its_body_whatever_it_is_called(name, include):
    """With or without a file included; its angles may be open."""
    text = (
        f"OPENQASM 2.0; {include}gate {name}(a) x,y {{ U(a/2,0,0) x; CX x,y; }} "
        f"qreg q[2]; {name}(theta) q[0],q[1];"
    )
    ready = text_of(text, theta=0.5)
    assert "gate" not in ready
    assert ready.endswith("u(0.5*(theta),0.0,0.0) q[0];\ncx q[0],q[1];")


def test_sub_circuits_and_gates_of_one_name_are_what_they_hold():
    """A composite of a circuit is written by its content, measurements in it too."""
    part = QuantumCircuit(1, 1, name="cx")
    part.measure(0, 0)
    part.reset(0)
    circuit = QuantumCircuit(2, 2)
    circuit.append(part.to_instruction(), [1], [0])
    circuit.append(part.to_instruction(), [0], [1])
    ready = prepared(as_program(circuit), {})
    assert ready.measures
    assert ready.text.splitlines()[-4:] == [
        "measure q[1] -> c0[0];",
        "reset q[1];",
        "measure q[0] -> c0[1];",
        "reset q[0];",
    ]


@pytest.mark.parametrize("names", [("é", "e"), ("measure", "my reg"), ("pi", "c1"), ("a", "A")])
def test_registers_have_names_of_our_own_and_keep_theirs(names):
    """A legal name stands for each on the wire, and results go by the circuit's."""
    qubits = [QuantumRegister(1, names[0]), QuantumRegister(1, names[1])]
    bits = [ClassicalRegister(1, f"{names[0]}_"), ClassicalRegister(2, names[1] + "_")]
    circuit = QuantumCircuit(*qubits, *bits)
    circuit.x(1)
    circuit.measure([0, 1, 1], [2, 0, 1])
    ready = prepared(as_program(circuit), {})
    assert [register.name for register in ready.registers] == [bits[0].name, bits[1].name]
    assert ready.text.splitlines()[2:] == [
        "qreg q[2];",
        "creg c0[1];",
        "creg c1[2];",
        "x q[1];",
        "measure q[0] -> c1[1];",
        "measure q[1] -> c0[0];",
        "measure q[1] -> c1[0];",
    ]


@pytest.mark.parametrize("angle", ["1e400", "1/0", "ln(-1)", "t*1e400", "t+1/0"])
def test_an_angle_that_is_no_finite_number_is_refused(angle):
    """The service would refuse it, or run something else."""
    text = f"OPENQASM 2.0;\nqreg q[1]; creg c[1]; rx({angle}) q[0]; measure q -> c;"
    with pytest.raises(ProgramError, match=r"finite|:2:"):
        prepared(Program(text, ProgramFormat.QASM2), {"t": 1.0} if "t" in angle else {})


def test_an_empty_text_is_refused():
    """There is nothing to run."""
    with pytest.raises(ProgramSyntaxError, match="empty"):
        text_of("")


@pytest.mark.parametrize("gate", ["swap", "cswap", "iswap", "ch", "rzz", "csx", "ecr", "rccx"])
def test_gates_of_qiskit_keep_their_meaning(gate):
    """What the service has is named, and what it lacks is written out in what it has."""
    from qiskit.circuit.library import get_standard_gate_name_mapping

    made = get_standard_gate_name_mapping()[gate]
    circuit = QuantumCircuit(made.num_qubits)
    if made.params:
        made = type(made)(0.3)
    circuit.append(made, range(made.num_qubits))
    text = prepared(as_program(circuit), {}).text
    assert {line.partition("(")[0].split()[0] for line in text.splitlines()[3:]} <= KNOWN
    plain = text.replace(
        "iswap q[0],q[1];", "s q[0]; s q[1]; h q[0]; cx q[0],q[1]; cx q[1],q[0]; h q[1];"
    )
    assert Operator(qasm2.loads(plain, custom_instructions=qasm2.LEGACY_CUSTOM_INSTRUCTIONS)).equiv(
        Operator(circuit)
    )


def test_resets_barriers_and_delays():
    """Written as they are, or refused by name where the service cannot do them."""
    circuit = QuantumCircuit(1, 1)
    circuit.reset(0)
    circuit.barrier()
    circuit.measure(0, 0)
    text = prepared(as_program(circuit), {}).text
    assert "reset q[0];\nbarrier q[0];" in text
    circuit.delay(10, 0)
    with pytest.raises(UnsupportedProgramError, match="'delay'"):
        prepared(as_program(circuit), {})


def test_what_the_format_cannot_say_is_refused():
    """Registers that share bits, and a measurement under a condition."""
    first = ClassicalRegister(2, "a")
    shared = ClassicalRegister(name="b", bits=[first[0]])
    with pytest.raises(UnsupportedProgramError, match="share bits"):
        prepared(as_program(QuantumCircuit(QuantumRegister(1), first, shared)), {})
    circuit = QuantumCircuit(1, 2)
    with circuit.if_test((circuit.cregs[0], 1)):
        circuit.measure(0, 1)
    with pytest.raises(UnsupportedProgramError, match="measurement under a condition"):
        prepared(as_program(circuit), {})


def test_programs_of_other_kinds_are_refused():
    """The error says what the service runs."""
    with pytest.raises(UnsupportedProgramError, match="does not run"):
        prepared(Program("{}", ProgramFormat.PULSER), {})


def test_names_that_are_free_are_not_given_twice():
    """A parameter that has to be renamed never takes the name of another one."""
    circuit = QuantumCircuit(1)
    for name in ("p0", "pi", "p2", "q"):
        circuit.rx(Parameter(name), 0)
    names = prepared(as_program(circuit), {"p0": 1, "pi": 2, "p2": 3, "q": 4}).names
    assert len(set(names)) == 4
    assert {"p0", "p2"} <= set(names)


def test_parameters_of_a_text_stay_open_whatever_gates_it_has():
    """Gates that the service lacks are written out, and the names stay for the service to fill."""
    text = 'OPENQASM 2.0; include "qelib1.inc"; qreg q[2]; csx q[0],q[1]; rx(a) q[0];'
    ready = prepared(Program(text, ProgramFormat.QASM2), {"a": 1.0})
    assert ready.is_template
    assert "rx(a) q[0];" in ready.text
    assert unitary(text, a=0.3).equiv(unitary(text.replace("(a)", "(0.3)")))
    with pytest.raises(UnboundParametersError, match="no parameter 'b'"):
        prepared(Program(text, ProgramFormat.QASM2), {"a": 1.0, "b": 2.0})


@pytest.mark.parametrize(
    ("statements", "kept"),
    [
        ("measure q -> c;", ""),
        ("measure q[0] -> c[0]; x q[0]; measure q[0] -> c[0];", "measure q[0] -> c[0]; x q[0];"),
        ("measure q[0] -> c[0]; if(c==1) x q[1]; measure q[1] -> c[1];",
         "measure q[0] -> c[0]; if(c==1) x q[1];"),
        ("measure q -> c; barrier q;", "barrier q;"),
        ("measure q[0] -> c[0]; reset q[0];", "measure q[0] -> c[0]; reset q[0];"),
    ],
    ids=range(5),
)  # fmt: skip
def test_observables_are_of_the_text_without_its_last_measurements(statements, kept):
    """What is measured and used again stays."""
    head = "OPENQASM 2.0; qreg q[2]; creg c[2]; h q; "
    ready = prepared(Program(head + statements, ProgramFormat.QASM2), {})
    assert ready.bare == text_of(head + kept)


def test_a_measurement_deep_under_a_condition_is_refused():
    """The register that is asked for could change between two gates that ask for it."""
    inner = QuantumCircuit(1, 1, name="inner")
    inner.measure(0, 0)
    circuit = QuantumCircuit(1, 1)
    with circuit.if_test((circuit.cregs[0], 1)):
        circuit.append(inner.to_instruction(), [0], [0])
        circuit.x(0)
    with pytest.raises(UnsupportedProgramError, match="measurement under a condition"):
        prepared(as_program(circuit), {})
