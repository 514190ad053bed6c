"""OpenQASM 2 with names where numbers stand is a circuit with parameters, for every target."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, strategies as st
from qiskit.quantum_info import Operator

from quantum_async.errors import ProgramError, ProgramSyntaxError, UnboundParametersError
from quantum_async.models.program import Program, ProgramFormat
from quantum_async.models.submission import JobSpec
from quantum_async.programs.circuits import read_circuit
from quantum_async.programs.parameters import bound_circuit
from quantum_async.providers.azure.translate.circuits import Limits, prepared_circuit
from quantum_async.providers.qoro.payloads import filled
from quantum_async.simulation.run import simulate

HEAD = 'OPENQASM 2.0; include "qelib1.inc"; qreg q[2]; creg c[2];\n'


def read(text, **variables):
    return read_circuit(Program(text, ProgramFormat.QASM2), variables=variables)


def operator(text, **variables):
    return Operator(bound_circuit(read(text, **variables), variables))


@pytest.mark.parametrize("word", ["pi", "sin", "sqrt"])
def test_a_word_of_the_language_is_no_variable(word):
    """A variable called ``pi`` is refused as one that the program does not have."""
    text = f"{HEAD}rx(theta + sin(pi)*sqrt(4)) q[0]; measure q -> c;"
    variables = {"theta": 1.0, word: 2.0}
    with pytest.raises(UnboundParametersError, match=word):
        bound_circuit(read(text, **variables), variables)


values = st.floats(-3, 3).map(lambda value: round(value, 3))


@given(
    st.recursive(
        st.sampled_from(["a", "b", "w[0]", "w[1]", "pi", "2", ".5", "1.", "1e-2"]),
        lambda inner: st.one_of(
            st.tuples(inner, st.sampled_from("+-*"), inner).map(" ".join),
            st.tuples(st.sampled_from(["-", "sin", "cos", "exp", "atan", "+"]), inner).map(
                lambda pair: f"{pair[0]}({pair[1]})"
            ),
            inner.map("({})".format),
            inner.map("-{}".format),
            inner.map("{}^2".format),
        ),
        max_leaves=6,
    ),
    values,
    values,
)
def test_an_angle_with_names_is_the_angle_with_numbers(angle, a, b):
    """Precedence, signs, powers and functions are those of Qiskit's reader of numbers."""
    numbers = {"a": a, "b": b, "w[0]": b, "w[1]": a}
    text = f"{HEAD}rx({angle}) q[0]; rz(w[0]+w[1]) q[1];"
    try:
        plain = read(filled(text, {name: f"({value})" for name, value in numbers.items()}))
    except ProgramError:
        return
    circuit = read(text, a=a, b=b, w=(b, a))
    known = {p: numbers[p.name] for p in circuit.parameters}
    found = circuit.assign_parameters(known).data[0].params[0]
    assert float(found) == pytest.approx(plain.data[0].params[0], rel=1e-9, abs=1e-9)


def test_names_reach_into_definitions_conditions_and_lists():
    """A gate that the program defines is written out for each of its calls."""
    text = HEAD + (
        "gate inner(z) x { rz(sin(z)) x; }\n"
        "gate outer(a, b) x, y { rx(a/b) x; barrier x, y; inner(-a^2) y; cx x, y; } // a comment\n"
        "outer(theta, 2) q[0], q[1]; outer(0.5, w[1]) q[1], q[0]; inner(w[0]) q;\n"
    )
    numbers = text
    for name, value in (("theta", "(0.3)"), ("w[1]", "(1.5)"), ("w[0]", "(-0.2)")):
        numbers = numbers.replace(name, value)
    assert operator(text, theta=0.3, w=(-0.2, 1.5)).equiv(operator(numbers))
    circuit = read(HEAD + "measure q -> c; if(c==2) rx(2*theta) q[0];", theta=1.0)
    assert [parameter.name for parameter in circuit.parameters] == ["theta"]


def test_a_name_hides_neither_formals_nor_words():
    """An angle of a definition is its own, and a name within a word is none."""
    text = HEAD + "gate turn(a) x { rx(a) x; ry(b) x; } turn(0.5) q[0]; rz(a + bb) q[1];"
    numbers = HEAD + "rx(0.5) q[0]; ry(0.25) q[0]; rz(3) q[1];"
    assert operator(text, a=2.0, b=0.25, bb=1.0).equiv(operator(numbers))


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ("rx(theta*) q[0];", 2, 10),
        ("rx(theta + other) q[0];", 2, 12),
        ("rx(theta, 1) q[0];", 2, 1),
        ("ry(theta) q[0];\n  rx(theta) q[7];", 3, 15),
        ("gate t(a) x { rx(a) x; } t(theta, 1) q[0];", 2, 26),
        ("gate t(a) x { rx(a) x; } t(theta) q[0], q[1];", 2, 26),
        ("gate t(a) x { t(a) x; } t(theta) q[0];", 2, 15),
        ("rx(theta/0) q[0];", 2, 4),
        ("rx((theta) q[0];", 2, 3),
    ],
    ids=range(9),
)
def test_a_fault_beside_a_name_is_found_at_its_place(text, line, column):
    """Lines and columns are the program's own, and so are the names of its gates."""
    with pytest.raises(ProgramSyntaxError) as found:
        read(HEAD + text, theta=1.0)
    assert (found.value.line, found.value.column) == (line, column)
    assert "gate_" not in str(found.value)


def test_an_element_without_a_place_is_told():
    """A longer list than the text has places for was made for another text."""
    with pytest.raises(UnboundParametersError, match=r"no parameter 'w\[1\]'"):
        read(HEAD + "rx(w[0]) q[0];", w=(1.0, 2.0))
    with pytest.raises(ProgramSyntaxError):
        read(HEAD + "rx(w[1]) q[0];", w=(1.0,))


def test_one_text_is_read_by_the_names_that_it_is_given():
    """What was kept of one reading is not taken for another."""
    text = HEAD + "rx(a) q[0];"
    assert [p.name for p in read(text, a=1.0).parameters] == ["a"]
    with pytest.raises(ProgramSyntaxError):
        read(text, b=1.0)
    with pytest.raises(ProgramSyntaxError):
        read(text)


def test_definitions_that_grow_without_end_are_refused():
    """Each level calls the one before with two angles of its own."""
    levels = "".join(
        f"gate g{n}(a) x {{ g{n - 1}(a+{n}) x; g{n - 1}(a*{n + 1}) x; }}" for n in range(1, 16)
    )
    text = f"OPENQASM 2.0; gate g0(a) x {{ U(a,0,0) x; }} {levels} qreg q[1]; g15(t) q[0];"
    with pytest.raises(ProgramSyntaxError, match="too many"):
        read(text, t=1.0)


def test_other_providers_read_such_texts_as_well():
    """The simulator and Azure's targets bind what the Qoro service fills in itself."""
    text = HEAD + "rx(2*theta) q[0]; measure q -> c;"
    program, variables = Program(text, ProgramFormat.QASM2), {"theta": math.pi / 2}
    assert simulate(JobSpec("k", program, 5, variables), "automatic").counts == {"01": 5}
    bound = prepared_circuit(program, variables, ["rx", "cz", "measure"], Limits("any", 5))
    assert not bound.parameters
    assert float(bound.data[0].params[0]) == pytest.approx(math.pi)


@pytest.mark.parametrize("size", ["qubit[2] q", "qreg q[2]"])
def test_gates_need_no_include_and_declarations_may_be_of_either_version(size):
    """Several services and tools write such texts, under the header of OpenQASM 2."""
    text = f"OPENQASM 2.0; {size}; bit x; bit[2] c; h q; iswap q[0],q[1]; ryy(0.5) q[0],q[1];"
    circuit = read(text)
    assert [step.operation.name for step in circuit.data] == ["h", "h", "iswap", "ryy"]
    assert [(r.name, r.size) for r in circuit.cregs] == [("x", 1), ("c", 2)]
