"""Malformed programs are refused with file, line and column."""

from __future__ import annotations

import io

import pytest
from hypothesis import given, settings, strategies as st
from qiskit import QuantumCircuit, qpy

from quantum_async.errors import ProgramError, ProgramSyntaxError
from quantum_async.models.program import Program, ProgramFormat
from quantum_async.simulation.run import validate
from tests.simulation.jobs import job
from tests.simulation.sequences import pi_pulse

GOOD = """OPENQASM 2.0;
include "qelib1.inc";
qreg q[2];
creg c[2];
h q[0];
cx q[0],q[1];
measure q -> c;
"""

ZOO_2 = {
    "unknown gate": ("h q[0];", "foo q[0];", 5, 1),
    "missing semicolon": ("qreg q[2];", "qreg q[2]", 4, 1),
    "index out of range": ("h q[0];", "h q[7];", 5, 5),
    "same qubit twice": ("cx q[0],q[1];", "cx q[0],q[0];", 6, 1),
    "unknown register": ("measure q -> c;", "measure q -> d;", 7, 14),
    "missing include": ('"qelib1.inc"', '"nowhere.inc"', 2, 9),
    "too many parameters": ("h q[0];", "h(1) q[0];", 5, 2),
    "unclosed bracket": ("creg c[2];", "creg c[2;", 4, 9),
    "stray text": ("h q[0];", "§", 5, 1),
    "division by zero": ("h q[0];", "rx(1/0) q[0];", 5, 5),
    "width mismatch": ("creg c[2];", "creg c[3];", 7, None),
    "defined twice": ("creg c[2];", "qreg q[2];", 4, 6),
}

ZOO_3 = {
    "unknown gate": ("qubit q;\nfoo q;", 2, 1),
    "unclosed bracket": ("qubit[2 q;", 1, 9),
    "defined twice": ("qubit q;\nqubit q;", 2, 1),
    "unsupported statement": ("qubit q;\nextern f(int) -> int;", 2, 1),
    "ends too early": ("qubit q;\nwhile", 2, 6),
    "illegal character": ("qubit q;\n\x01", 2, 1),
    "no program": ("!!;", 1, 3),
}


@pytest.mark.parametrize("name", ZOO_2)
def test_openqasm_2_errors_name_the_place(name, tmp_path):
    """Each mistake is found in the file and line where it was made."""
    old, new, line, column = ZOO_2[name]
    path = tmp_path / "broken.qasm"
    path.write_text(GOOD.replace(old, new), encoding="utf-8")
    with pytest.raises(ProgramSyntaxError) as caught:
        validate(job(path), "automatic")
    assert caught.value.source == str(path)
    assert caught.value.line == line
    assert str(caught.value).startswith(f"{path}:{line}:")
    if column is not None:
        assert abs(caught.value.column - column) <= 1


@pytest.mark.parametrize("name", ZOO_3)
def test_openqasm_3_errors_name_the_place(name):
    """The OpenQASM 3 parser and the importer both tell where."""
    text, line, column = ZOO_3[name]
    with pytest.raises(ProgramSyntaxError) as caught:
        validate(job("OPENQASM 3.0;\n" + text), "automatic")
    assert (caught.value.line, caught.value.column) == (line + 1, column)


def test_the_good_program_is_good():
    """The zoo's animals differ from a program that runs."""
    validate(job(GOOD), "automatic")


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_a_mutilated_program_never_escapes_as_a_foreign_error(data):
    """Whatever is cut out or put in, the error is ours, or the program is good."""
    start = data.draw(st.integers(0, len(GOOD)))
    stop = data.draw(st.integers(start, min(len(GOOD), start + 12)))
    text = GOOD[:start] + data.draw(st.text(max_size=4)) + GOOD[stop:]
    try:
        validate(job(Program(text, ProgramFormat.QASM2)), "automatic")
    except ProgramError as error:
        if isinstance(error, ProgramSyntaxError):
            assert error.line is not None


def written():
    circuit = QuantumCircuit(1, 1)
    circuit.measure(0, 0)
    buffer = io.BytesIO()
    qpy.dump(circuit, buffer)
    return buffer.getvalue()


@pytest.mark.parametrize("cut", [0, 3, 20, 60])
def test_a_truncated_qpy_file_is_refused(cut):
    """QPY has no checksum; whatever its reader trips over is reported as damage."""
    program = Program(written()[:cut], ProgramFormat.QISKIT, source="damaged.qpy")
    with pytest.raises(ProgramSyntaxError, match=r"damaged\.qpy"):
        validate(job(program), "automatic")


def test_a_qpy_file_of_two_circuits_is_refused():
    """One job is one circuit."""
    buffer = io.BytesIO()
    qpy.dump([QuantumCircuit(1), QuantumCircuit(1)], buffer)
    with pytest.raises(ProgramSyntaxError, match="2 circuits"):
        validate(job(Program(buffer.getvalue(), ProgramFormat.QISKIT)), "automatic")


@pytest.mark.parametrize("text", ["{}", '{"operations": []}', "nope", "[1]", ""])
def test_what_is_no_sequence_is_refused(text):
    """JSON of another kind, or no JSON, is a syntax error of the file."""
    program = Program(text, ProgramFormat.PULSER, source="seq.json")
    with pytest.raises(ProgramSyntaxError, match=r"seq\.json(:1:1)?: not"):
        validate(job(program), "pulser")


def test_a_sequence_with_an_unknown_operation_is_refused():
    """A sequence of a later Pulser version is not half-read."""
    text = job(pi_pulse("a")).program.text.replace('"op": "pulse"', '"op": "leap"')
    with pytest.raises(ProgramSyntaxError):
        validate(job(Program(text, ProgramFormat.PULSER)), "pulser")
