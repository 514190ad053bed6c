"""Programs as values: how files are read, what a digest covers, what crosses a process."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import pytest

from quantum_async.errors import ProgramSyntaxError, UnsupportedProgramError
from quantum_async.models.program import Program, ProgramFormat, qasm_format


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("a.qasm", "OPENQASM 2.0;\n", ProgramFormat.QASM2),
        ("a.qasm", "// by hand\n\nOPENQASM 2.0; // yes\n", ProgramFormat.QASM2),
        ("a.QASM", "OPENQASM 3;\n", ProgramFormat.QASM3),
        ("a.qasm", "/* by\nhand */ OPENQASM\n2.0;\n", ProgramFormat.QASM2),
        ("a.qasm", "OPENQASM 2.0/**/;\n", ProgramFormat.QASM2),
        ("a.qasm", "/* OPENQASM 2.0; */ qubit q;\n", ProgramFormat.QASM3),
        ("a.qasm", "qubit q;\n", ProgramFormat.QASM3),
        ("a.json", '{"operations": []}', ProgramFormat.PULSER),
    ],
)
def test_the_ending_and_the_first_line_decide(
    tmp_path: Path, name: str, text: str, expected: ProgramFormat
) -> None:
    """A file is what its ending and its version line say."""
    (tmp_path / name).write_text(text)
    program = Program.load(tmp_path / name)
    assert (program.format, program.text, program.name) == (expected, text, "a")
    assert program.where == str(tmp_path / name)


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("a.qasm", "OPENQASM 2.0;\n", ProgramFormat.QASM2),
        ("a.json", '{"operations": []}', ProgramFormat.PULSER),
    ],
)
def test_a_mark_at_the_beginning_is_left_out(
    tmp_path: Path, name: str, text: str, expected: ProgramFormat
) -> None:
    """The byte order mark that some editors write is no part of a program."""
    (tmp_path / name).write_text(text, encoding="utf-8-sig")
    program = Program.load(tmp_path / name)
    assert (program.format, program.text) == (expected, text)


def test_a_binary_program_is_read_as_it_is(tmp_path: Path) -> None:
    """QPY is bytes, and has no text."""
    (tmp_path / "bell.qpy").write_bytes(b"QISKIT\xff")
    program = Program.load(tmp_path / "bell.qpy")
    assert (program.format, program.data) == (ProgramFormat.QISKIT, b"QISKIT\xff")
    with pytest.raises(UnsupportedProgramError, match="binary and has no text"):
        _ = program.text


@pytest.mark.parametrize(
    ("name", "content", "place"),
    [
        ("a.qasm", b"\n\nOPENQASM 4.0;", ":3: OpenQASM version '4.0'"),
        ("a.qasm", b"/*\n*/\n// 2\nOPENQASM 4.0;", ":4: OpenQASM version '4.0'"),
        ("a.qasm", b"OPENQASM", ":1: OpenQASM version 'missing'"),
        ("a.qasm", b"\xff\xfe", ": not UTF-8 text"),
        ("a.json", b'{"operations":\n]', ":2:1: not JSON"),
        ("a.json", b"[]", ":1: not the abstract representation"),
        ("a.json", b"{}", ":1: not the abstract representation"),
    ],
)
def test_a_malformed_file_is_refused_with_its_place(
    tmp_path: Path, name: str, content: bytes, place: str
) -> None:
    """The error names the file, and the line where there is one."""
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(ProgramSyntaxError) as caught:
        Program.load(path)
    assert str(caught.value).startswith(f"{path}{place}")


def test_an_unknown_ending_is_refused(tmp_path: Path) -> None:
    """The remedy lists what can be read; nothing is guessed from the content."""
    with pytest.raises(UnsupportedProgramError, match=r"unknown ending .\.txt") as caught:
        Program.load(tmp_path / "a.txt")
    assert ".qasm" in str(caught.value.remedy)


def test_a_file_that_is_not_there_is_pythons_own_error(tmp_path: Path) -> None:
    """A wrong path is not dressed up as a malformed program."""
    with pytest.raises(FileNotFoundError):
        Program.load(tmp_path / "a.qasm")


def test_the_digest_covers_format_and_payload_alone() -> None:
    """The name does not count, and text counts as its UTF-8 bytes."""
    program = Program("OPENQASM 2.0;", ProgramFormat.QASM2, "one")
    same = Program(b"OPENQASM 2.0;", ProgramFormat.QASM2, "two")
    assert program.digest == same.digest
    assert program.digest == program.digest
    assert program.digest != Program("OPENQASM 2.0;", ProgramFormat.QASM3).digest
    assert program == Program("OPENQASM 2.0;", ProgramFormat.QASM2, "three")
    assert program.data == same.data


def test_a_program_without_a_file_still_has_a_name_for_messages() -> None:
    """Messages name the file, else the program, else say that it has no name."""
    assert Program("", ProgramFormat.QASM3, "bell").where == "bell"
    assert Program("", ProgramFormat.QASM3).where == "<program>"


def test_a_live_object_is_encoded_only_where_its_payload_is_needed() -> None:
    """Simulating in this process costs no encoding, pickling costs one, and keeps the value."""
    written: list[str] = []

    def encode() -> str:
        written.append("once")
        return json.dumps({"operations": []})

    program = Program.from_live(object(), encode, ProgramFormat.PULSER, "pulse")
    assert program.live is not None
    assert program.name == "pulse"
    assert written == []
    copy = pickle.loads(pickle.dumps(program))
    assert copy == program
    assert copy.digest == program.digest
    assert copy.live is None
    assert written == ["once"]


def test_the_real_programs_declare_what_they_are(shared: Path) -> None:
    """Every file of the public suite is recognised as OpenQASM 2."""
    files = sorted((shared / "programs" / "qasmbench").glob("*.qasm"))
    assert len(files) >= 12
    assert {qasm_format(path.read_text(), path) for path in files} == {ProgramFormat.QASM2}
