"""OpenQASM 2 as the service reads it: what is well-formed, and where exactly something is not."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st
from qiskit import QuantumCircuit, QuantumRegister, qasm2
from qiskit.circuit import ClassicalRegister, Parameter
from qiskit.quantum_info import Operator

from quantum_async.errors import (
    ProgramSyntaxError,
    UnboundParametersError,
    UnsupportedProgramError,
)
from quantum_async.models.program import Program, ProgramFormat
from quantum_async.programs.objects import as_program
from quantum_async.providers.qoro.translate.programs import prepared
from quantum_async.providers.qoro.translate.qasm import read_qasm

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
measure q[2] -> d;
if(c==3) x q[1];
"""


def test_everything_that_the_language_has_is_read():
    """Definitions, functions, broadcasts, conditions: declared and used as the text says."""
    facts = read_qasm(EVERYTHING)
    assert (facts.qubits, facts.measures, facts.foreign) == (3, True, frozenset())
    assert [(r.name, r.width) for r in facts.registers] == [("c", 2), ("d", 1)]
    assert facts.text == EVERYTHING.replace(".5", "0.5")


def test_registers_in_the_newer_spelling_are_read():
    """The service takes them under the older header; registers of no bits count for nothing."""
    facts = read_qasm(HEAD + "qubit[2] q; qubit r; bit[2] c; bit d; creg e[0]; measure q -> c;")
    assert facts.qubits == 3
    assert [(r.name, r.width) for r in facts.registers] == [("c", 2), ("d", 1)]


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("include qelib1;", "file's name in quotes"),
        ("gate g(a,a) q1 { }", "twice in the gate"),
        ("gate h q1 { }", "'h' is defined already"),
        ("gate g q1 { h q2; }", "'q2' is not a qubit of the gate"),
        ("gate g q1,q2 { cx q1; }", "cx takes 2 qubits, not 1"),
        ("gate g q1 { h q1; ", "breaks off|unexpected"),
        ("h(1) q[0];", "h takes 0 angles, not 1"),
        ("rx() q[0];", "rx takes 1 angles, not 0"),
        ("cx q[0];", "cx takes 2 qubits, not 1"),
        ("cx q, r;", "registers of different sizes"),
        ("rx(1 2) q[0];", r"'\)' is expected"),
        ("rx(*) q[0];", "unexpected in an angle"),
        ("rx(log(2)) q[0];", "parameter without a value"),
        ("measure q -> c[0];", "as many bits as qubits"),
        ("measure c -> q;", "no quantum register 'c'"),
        ("if(q==1) x q[0];", "no classical register 'q'"),
        ("if(c==1) barrier q;", "barrier cannot depend"),
        ("qreg s1[x];", "whole number"),
        ("qreg 7[1];", "name is expected"),
        ("qreg gate[1];", "'gate' is defined already"),
        ("; h q[0];", "unexpected ';'"),
        ("h q[0], ;", "no quantum register ';'"),
        ("rx(" + "-" * 20 + "1) q[0]; rx(", "breaks off|unexpected"),
    ],
)
def test_what_is_malformed_is_said_in_words(statement, words):
    """Each mistake has a message of its own, and a place in the last line."""
    text = HEAD + "qreg q[2]; qreg r[3]; creg c[2];\n" + statement
    if statement.startswith("include"):
        text = HEAD + statement
    with pytest.raises(ProgramSyntaxError, match=words) as found:
        read_qasm(text)
    assert found.value.line == text.count("\n") + 1


def test_a_register_may_be_called_like_a_gate():
    """The service's own validator takes it, and so does ours; a word of the language stays one."""
    facts = read_qasm(HEAD + "qreg p[1]; creg s[1]; p(.5) p[0]; s p[0]; measure p -> s;")
    assert "u1(0.5) p[0]; s p[0];" in facts.text
    for word in ("pi", "if", "sin"):
        with pytest.raises(ProgramSyntaxError, match="defined already"):
            read_qasm(HEAD + f"qreg {word}[1];")


def test_an_empty_text_is_refused_without_a_line_to_show():
    """There is nothing to quote."""
    with pytest.raises(ProgramSyntaxError, match="must begin with OPENQASM"):
        read_qasm("")


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
    assert not read_qasm(text).foreign
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


def test_a_text_with_parameters_in_gates_that_the_service_lacks_is_refused():
    """Writing the gate out here would lose the names."""
    text = 'OPENQASM 2.0; include "qelib1.inc"; qreg q[2]; csx q[0],q[1]; rx(a) q[0];'
    with pytest.raises(UnsupportedProgramError, match="csx"):
        prepared(Program(text, ProgramFormat.QASM2), {"a": 1.0})
    plain = text.replace("csx q[0],q[1];", "")
    with pytest.raises(UnboundParametersError, match="no parameter 'b'"):
        prepared(Program(plain, ProgramFormat.QASM2), {"a": 1.0, "b": 2.0})


STEPS = st.one_of(
    st.tuples(st.sampled_from(["x q[{0}];", "reset q[{0}];", "barrier q[{0}];"]), *[st.integers(0, 2)] * 2),
    st.tuples(st.sampled_from(["h q;", "barrier q;", "measure q -> c;"]), *[st.integers(0, 2)] * 2),
    st.tuples(
        st.sampled_from(
            ["measure q[{0}] -> c[{1}];", "measure q[{0}] -> d[{1}];", "if(c==1) x q[{0}];",
             "if(d==0) measure q[{0}] -> d[{1}];"]
        ),
        *[st.integers(0, 2)] * 2,
    ),
)  # fmt: skip


@given(st.lists(STEPS, max_size=12))
def test_measurements_after_which_nothing_is_used_are_found(steps):
    """Against a reading of the same lines from the last to the first."""
    lines = [form.format(*places) for form, *places in steps]
    used, kept = set(), []
    for line, (form, qubit, _) in zip(reversed(lines), reversed(steps), strict=True):
        qubits = (
            {f"q{n}" for n in range(3)} if " q;" in f" {form} " or "q ->" in form else {f"q{qubit}"}
        )
        register = {form.partition("-> ")[2][:1]} if form.startswith("measure") else set()
        if form.startswith("measure") and used.isdisjoint(qubits | register):
            continue
        if not form.startswith(("barrier", "measure")):
            used |= qubits | ({form[3]} if form.startswith("if") else set())
        kept.insert(0, line)
    head = "OPENQASM 2.0;\nqreg q[3]; creg c[3]; creg d[3];\n"
    facts = read_qasm(head + "\n".join(lines))
    assert facts.text == head + "\n".join(lines)
    assert facts.bare.split() == (head + "\n".join(kept)).split()


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


def test_a_text_of_many_corrections_is_read_in_one_go():
    """All of twenty thousand numbers are spelt anew, and nothing else is changed."""
    head = HEAD + "qreg q[1];\n"
    facts = read_qasm(head + "rx(.5) q[0];\n" * 20_000)
    assert facts.text == head + "rx(0.5) q[0];\n" * 20_000
