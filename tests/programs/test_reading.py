"""Texts are checked before a library reads them, and its errors say where and what to do."""

from __future__ import annotations

import io
from contextlib import chdir

import pytest
from qiskit import QuantumCircuit, qpy

from quantum_async.errors import DeviceLimitError, ProgramError, ProgramSyntaxError
from quantum_async.models.program import Program, ProgramFormat
from quantum_async.programs.circuits import is_foreign, mapped_panics, read_circuit
from quantum_async.programs.objects import as_program
from quantum_async.programs.tokens import MOST_BITS, renamed, tokens

TWO = 'OPENQASM 2.0;\ninclude "qelib1.inc";\n'
THREE = 'OPENQASM 3.0;\ninclude "stdgates.inc";\n'


def refused(text, kind=ProgramSyntaxError):
    with pytest.raises(kind) as caught:
        read_circuit(as_program(text))
    return caught.value


@pytest.mark.parametrize(
    "text",
    [
        TWO + "qreg q[99999999999999999999];",
        TWO + "creg c[100001];",
        TWO + "qreg a[60000];\nqreg b[60000];",
        THREE + "qubit[1000000000] q;",
        THREE + "qubit[1_000_000] q;",
        THREE + "qubit[0xFFFFFFF] q;",
        THREE + "qubit[1000*1000] q;",
        THREE + "qubit[10**9] q;",
        THREE + "bit[400000] c;",
        THREE + "qubit[" + "9" * 5000 + "] q;",
    ],
    ids=range(10),
)
def test_sizes_beyond_all_machines_are_refused_before_anything_is_made(text):
    """A library would make an object of each, for minutes and gigabytes."""
    error = refused(text, DeviceLimitError)
    assert f"at most {MOST_BITS}" in str(error)
    assert str(error).startswith(("<program>:3:", "<program>:4:"))
    assert len(str(error)) < 200


@pytest.mark.parametrize("number", ["1e400", "9" * 401, "1.0e999999", "1" * 5000])
@pytest.mark.parametrize("start", [TWO + "qreg q[1];\n", THREE + "qubit[1] q;\n"], ids=["2", "3"])
def test_a_number_that_is_not_finite_is_refused_with_its_place(start, number):
    """An angle beyond all numbers was taken for infinity and run as something."""
    error = refused(f"{start}  rx({number}) q[0];")
    assert (error.line, error.column) == (4, 6)
    assert "is not finite" in str(error)
    assert len(str(error)) < 100


@pytest.mark.parametrize(
    "text",
    [
        TWO + "qreg q[1];\nx q[99999999999999999999];",
        THREE + "qubit[1] q;\nx q[99999999999999999999];",
        THREE + "qubit[1] q;\nctrl(99999999) @ x q;",
    ],
    ids=["2", "3", "controls"],
)
def test_an_index_that_counts_nothing_is_refused_with_its_place(text):
    """A compiled reader panicked over it, which is no exception that programs expect."""
    assert refused(text).line == 4


@pytest.mark.parametrize("start", [TWO, THREE], ids=["2", "3"])
def test_definitions_that_grow_without_end_are_refused_before_they_are_written_out(start):
    """Forty levels of doubling are a short text, and would be a million million gates."""
    levels = [f"gate g{n} a {{ g{n - 1} a; g{n - 1} a; }}\n" for n in range(1, 40)]
    text = f"{start}gate g0 a {{ x a; }}\n"
    error = refused(text + "".join(levels) + "qreg q[1];\ng39 q[0];")
    assert "more than 1,000,000 operations" in str(error)
    assert error.line == 3 + 19
    few = read_circuit(as_program(text + "".join(levels[:5]) + "qreg q[1];\ng5 q[0];"))
    assert len(few.data) == 32


@pytest.mark.parametrize("text", ["OPENQASM 3.0;", "// nothing;\n", "OPENQASM 2.0;\n/* ; */\n"])
def test_an_empty_program_is_called_empty(text):
    """The importer's own words were about an attribute of None."""
    error = refused(text)
    assert str(error) == "<program>:1:1: the program is empty"
    assert error.__notes__ == ["Declare qubits, and measure them."]


@pytest.mark.parametrize(
    ("text", "line", "column", "words"),
    [
        (THREE + "qubit[2] q;\nh q[0];\n  rx(1/0) q[0]; h q[1];", 5, 3, "division"),
        (THREE + "qubit q;\nwhile", 4, 6, "the program breaks off"),
        (THREE + "gate x1 a { x a; }\nqubit q;\nx1 q; x1 q; foo q;", 5, 13, "'foo' is not defined"),
        (THREE + "gate h1 a { h a; } qubit[2] q;\nh1 q[0], q[1];", 4, 1, "arguments"),
        (TWO + "gate x1 a { x a; }\nqreg q[1];\nx1 q[0]; x1 q[7];", 5, 15, "out-of-range"),
        (TWO + "gate x1 a { x a; } gate y1 a { x1(0.5) a; }", 3, 32, "'x1'"),
        (TWO + "qreg q[1];\nrx(1/0) q[0];", 4, 5, "divide by zero"),
    ],
    ids=range(7),
)
def test_errors_stand_at_the_place_of_the_program_itself(text, line, column, words):
    """Names that were replaced change neither columns nor messages."""
    error = refused(text)
    assert (error.line, error.column) == (line, column)
    assert words in str(error)
    assert "gate_" not in str(error)


def test_a_message_is_one_line_of_reasonable_length():
    """Place, reason and remedy are three lines, whatever a library quotes."""
    error = refused(THREE + "qubit q; extern " + "a" * 5000 + "(int) -> int;")
    assert len(str(error).splitlines()) == 1
    assert len(str(error)) < 400


@pytest.mark.parametrize("cut", [8, 40, 200, -3])
def test_a_damaged_qpy_file_is_called_so_in_one_line(cut):
    """A compiled reader adds where in itself it stopped, which helps nobody."""
    circuit = QuantumCircuit(2, 2)
    circuit.h(0)
    circuit.measure([0, 1], [0, 1])
    buffer = io.BytesIO()
    qpy.dump(circuit, buffer)
    program = Program(buffer.getvalue()[:cut], ProgramFormat.QISKIT, source="cut.qpy")
    with pytest.raises(ProgramSyntaxError) as caught:
        read_circuit(program)
    message = str(caught.value)
    assert message.startswith("cut.qpy: not a whole QPY file")
    assert "Backtrace" not in message
    assert "\n" not in message
    assert caught.value.__notes__ == ["Write the file again with qiskit.qpy.dump."]


def test_includes_of_a_text_are_refused_with_their_place():
    """A text has no folder, and what it means must be in it."""
    error = refused('OPENQASM 2.0;\ninclude "lib.inc";\nqreg q[1];')
    assert (error.line, error.column) == (2, 9)
    assert "'lib.inc'" in str(error)


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ('OPENQASM 3.0;\ninclude "qelib1.inc";\nqubit q;', "stdgates.inc"),
        ('OPENQASM 2.0;\ninclude "stdgates.inc";\nqreg q[1];', "qelib1.inc"),
    ],
)
def test_the_gates_of_another_version_are_told_from_files(text, right):
    """No folder holds them, so that reading the program from its file would not help."""
    assert right in refused(text).remedy


class TestFiles:
    """Files that a program includes."""

    BODY = 'OPENQASM 2.0;\ninclude "qelib1.inc";\ninclude "lib.inc";\nqreg q[1];\nmine q[0];\n'

    def write(self, folder, gate="x", name="p.qasm"):
        folder.mkdir(exist_ok=True)
        (folder / "lib.inc").write_text(f"// our gates;\ngate mine a {{\n  {gate} a;\n}}\n")
        path = folder / name
        path.write_text(self.BODY)
        return path

    def gates(self, program):
        return [step.operation.name for step in read_circuit(program).data]

    def test_they_are_found_beside_the_program(self, tmp_path):
        """The current directory has nothing to do with what a program means."""
        path = self.write(tmp_path / "here", "x")
        self.write(tmp_path / "elsewhere", "y")
        with chdir(tmp_path / "elsewhere"):
            assert self.gates(Program.load(path)) == ["x"]

    def test_they_are_part_of_the_program(self, tmp_path):
        """What changed in a file changes the digest, and the circuit with it."""
        first = Program.load(self.write(tmp_path, "x"))
        second = Program.load(self.write(tmp_path, "y"))
        assert first.digest != second.digest
        assert (self.gates(first), self.gates(second)) == (["x"], ["y"])

    def test_lines_of_the_program_keep_their_numbers(self, tmp_path):
        """An error is found in the line where it stands in the file."""
        path = self.write(tmp_path)
        path.write_text(self.BODY + "nope q[0];\n")
        with pytest.raises(ProgramSyntaxError) as caught:
            read_circuit(Program.load(path))
        assert caught.value.line == 6

    def test_files_may_include_each_other_but_not_in_a_circle(self, tmp_path):
        """Includes within includes are taken from where they stand."""
        path = self.write(tmp_path)
        (tmp_path / "lib.inc").write_text('include "deep/more.inc";')
        (tmp_path / "deep").mkdir()
        (tmp_path / "deep" / "more.inc").write_text("gate mine a { z a; }")
        assert self.gates(Program.load(path)) == ["z"]
        (tmp_path / "deep" / "more.inc").write_text('include "../lib.inc";')
        with pytest.raises(ProgramSyntaxError, match="includes itself") as caught:
            Program.load(path)
        assert caught.value.remedy

    @pytest.mark.parametrize("name", ["nothing.inc", "", "deep", "a\0b"])
    def test_what_is_not_there_is_refused_with_a_remedy(self, tmp_path, name):
        """Whatever stands where a file's name belongs, the error says where and what to do."""
        path = self.write(tmp_path)
        (tmp_path / "deep").mkdir()
        path.write_text(self.BODY.replace("lib.inc", name))
        with pytest.raises(ProgramSyntaxError, match="unable to find") as caught:
            Program.load(path)
        assert caught.value.line == 3
        assert "includes=" in caught.value.remedy

    def test_files_that_double_each_other_are_refused(self, tmp_path):
        """A few lines of includes would be gigabytes."""
        path = self.write(tmp_path)
        (tmp_path / "lib.inc").write_text("// " + "a" * 300_000)
        for level in range(6):
            name = "lib" if level == 0 else f"l{level - 1}"
            (tmp_path / f"l{level}.inc").write_text(f'include "{name}.inc"; include "{name}.inc";')
        path.write_text(self.BODY.replace("lib.inc", "l1.inc"))
        assert "mine" in Program.load(path).text
        (tmp_path / "lib.inc").write_text("x q[0]; " * 40_000)
        path.write_text(self.BODY.replace("lib.inc", "l5.inc"))
        with pytest.raises(ProgramSyntaxError, match="more than 4,000,000 characters"):
            Program.load(path)

    @pytest.mark.parametrize("name", ["/etc/hostname", "../secret.inc", "link.inc"])
    def test_nothing_outside_the_folder_is_read(self, tmp_path, name):
        """A program that somebody sent must not read this machine's files."""
        (tmp_path / "secret.inc").write_text("gate mine a { x a; }")
        path = self.write(tmp_path / "here")
        (tmp_path / "here" / "link.inc").symlink_to(tmp_path / "secret.inc")
        path.write_text(self.BODY.replace("lib.inc", name))
        with pytest.raises(ProgramSyntaxError, match="is outside the program's folder") as caught:
            Program.load(path)
        assert caught.value.line == 3
        assert "gate mine" not in str(caught.value)

    def test_another_folder_is_read_where_that_is_asked_for(self, tmp_path):
        """Shared definitions may live elsewhere."""
        path = self.write(tmp_path / "here")
        (tmp_path / "here" / "lib.inc").unlink()
        self.write(tmp_path / "shared", "z")
        with pytest.raises(ProgramSyntaxError, match=r"unable to find 'lib\.inc'"):
            Program.load(path)
        assert self.gates(Program.load(path, includes=tmp_path / "shared")) == ["z"]


def test_renaming_leaves_everything_else_alone():
    """Comments and texts stay, and names are replaced whole, from their definition on."""
    text = 'x q; // gate x\ngate x a { } xx q; x q; "gate x";'
    made = renamed(text, tokens(text))
    assert made.text == 'x q; // gate x\ngate gate_0 a { } xx q; gate_0 q; "gate x";'
    assert made.message("no gate_0 here") == "no x here"
    assert made.column(2, 29) == 20


def test_angles_of_a_definition_are_its_own():
    """The importer confused an angle with another gate's, or an input, of the same name."""
    text = (
        THREE
        + """input float w;
gate f(w, v) a { rz(w) a; }
gate g(w, v) a { f(2 * v, w) a; }
qubit q;
g(1.0, 2.0) q;
rx(w) q;"""
    )
    circuit = read_circuit(as_program(text))
    assert [(step.name, str(step.params[0])) for step in circuit.data] == [
        ("rz", "4.0"),
        ("rx", "w"),
    ]


def test_an_angle_may_be_called_like_a_gate():
    """Angles stand in brackets, and what stands outside them is no angle."""
    text = TWO + "gate mine(x) a { x a; rz(x) a; }\nqreg q[1];\nmine(0.5) q[0];"
    circuit = read_circuit(as_program(text))
    assert [(step.name, list(step.params)) for step in circuit.data] == [("x", []), ("rz", [0.5])]


def test_a_cancellation_is_nobodys_finding():
    """What ends a task passes through, where a compiled reader's panic does not."""
    assert not is_foreign(KeyboardInterrupt())
    assert is_foreign(ValueError())


def test_what_a_reader_panics_over_is_an_error_of_ours():
    """Panics of compiled readers are no `Exception`, and `except Exception` lets them pass."""
    panic = type("PanicException", (BaseException,), {"__module__": "pyo3_runtime"})
    with pytest.raises(ProgramError, match=r"p\.qasm: .*called `unwrap`") as caught:
        with mapped_panics("p.qasm"):
            raise panic("called `unwrap` on nothing\nstack backtrace")
    assert isinstance(caught.value.__cause__, panic)
    assert "backtrace" not in str(caught.value)
    with pytest.raises(KeyboardInterrupt):
        with mapped_panics("p.qasm"):
            raise KeyboardInterrupt
