"""A program: what is run, as bytes or text with a format and a digest."""

from __future__ import annotations

import hashlib
import json
import pickle
import re
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from quantum_async.errors import ProgramSyntaxError, UnsupportedProgramError

if TYPE_CHECKING:
    from collections.abc import Callable

_BEFORE_VERSION = re.compile(r"(?:\s|//[^\n]*|/\*.*?\*/)*", re.DOTALL)
_COMMENT = re.compile(r'"[^"\n]*"|//[^\n]*|/\*.*?\*/', re.DOTALL)
_HEADER = re.compile(r"^\s*OPENQASM\b[^;]*;")
_INCLUDE = re.compile(
    r'//[^\n]*|/\*.*?\*/|"[^"\n]*"|\binclude\s*(?P<file>"[^"\n]*"|\'[^\'\n]*\')\s*;', re.DOTALL
)
_LONGEST_INCLUDE = 4_000_000
"""Characters of a file with all that it includes: files that include each other twice double."""
_STANDARD_INCLUDES = frozenset({"qelib1.inc", "stdgates.inc"})
_VERSION = re.compile(r"OPENQASM\b\s*([^\s;/]*)")


class ProgramFormat(StrEnum):
    """How a program's payload is written down."""

    PULSER = "pulser"
    """Abstract representation of a Pulser sequence (JSON text)."""
    QASM2 = "qasm2"
    """OpenQASM 2 (text)."""
    QASM3 = "qasm3"
    """OpenQASM 3 (text)."""
    QISKIT = "qiskit"
    """One Qiskit circuit as QPY (bytes)."""
    QIR = "qir"
    """QIR bitcode (bytes)."""
    IQM = "iqm"
    """An IQM circuit (JSON text)."""
    IONQ = "ionq"
    """An IonQ circuit, ``ionq.circuit.v1`` (JSON text)."""
    QUANTINUUM = "quantinuum"
    """OpenQASM as Quantinuum reads it (text)."""
    QUIL = "quil"
    """Rigetti Quil (text)."""
    QORO = "qoro"
    """A whole job of the Qoro service: many circuits and what is measured of each (JSON text)."""

    @property
    def words(self) -> str:
        """What such a program is called in a sentence, with its article."""
        return _CALLED.get(self, f"a program in {self.value}")


_CALLED = {
    ProgramFormat.PULSER: "a Pulser sequence",
    ProgramFormat.QASM2: "an OpenQASM 2 program",
    ProgramFormat.QASM3: "an OpenQASM 3 program",
    ProgramFormat.QISKIT: "a Qiskit circuit",
    ProgramFormat.QIR: "a QIR program",
    ProgramFormat.IQM: "a circuit of IQM's",
    ProgramFormat.IONQ: "a circuit of IonQ's",
    ProgramFormat.QUANTINUUM: "a program of Quantinuum's",
    ProgramFormat.QUIL: "a Quil program",
}

CIRCUIT_FORMATS = frozenset({ProgramFormat.QASM2, ProgramFormat.QASM3, ProgramFormat.QISKIT})
"""The formats that this package can read as a gate-model circuit."""


@dataclass(frozen=True, eq=False)
class Program:
    """A program as a value: a payload, its format and its digest.

    Two programs are equal when format and payload are equal; the name does not count. Objects of
    other libraries become programs with `quantum_async.as_program`. A Pulser sequence that Pulser
    cannot write down has no payload: it runs on simulators of this package, and nowhere else.

    Args:
        payload: The program itself; text for the textual formats, bytes for the binary ones.
        format: How the payload is written down.
        name: What people call it; shown in tables, not part of the digest.
        source: The file it was read from, for error messages; not part of the digest.

    Example:
        ```python
        import quantum_async as qa

        bell = qa.Program(
            'OPENQASM 2.0; include "qelib1.inc"; qreg q[1]; creg c[1]; measure q -> c;',
            qa.ProgramFormat.QASM2,
        )
        assert len(bell.digest) == 64
        ```
    """

    payload: str | bytes = field(repr=False)
    format: ProgramFormat
    name: str = field(default="", compare=False)
    source: str = field(default="", compare=False, repr=False)

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> str | bytes:
            # Reached only while the payload of a live program has not been encoded yet.
            if name == "payload" and "_encode" in self.__dict__:
                self.__dict__["payload"] = self.__dict__["_encode"]()
                return self.__dict__["payload"]
            if name == "payload" and not self.is_written:
                raise UnsupportedProgramError(
                    f"{self.where} cannot be written down: {self.__dict__['_why']}",
                    remedy="Run it on local:pulser in the process that makes it, or use what "
                    "Pulser's to_abstract_repr() supports.",
                )
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def __eq__(self, other: object) -> bool:
        """Compare format and payload."""
        return self.digest == other.digest if isinstance(other, Program) else NotImplemented

    def __hash__(self) -> int:
        """Follow from format and payload."""
        return hash(self.digest)

    @property
    def digest(self) -> str:
        """SHA-256 over format and payload, in hexadecimal; without one, over what it does."""
        cached: str | None = self.__dict__.get("_digest")
        if cached is None:
            body = self.payload.encode() if isinstance(self.payload, str) else self.payload
            cached = hashlib.sha256(self.format.encode() + b"\0" + body).hexdigest()
            self.__dict__["_digest"] = cached
        return cached

    @property
    def text(self) -> str:
        """The payload as text.

        Raises:
            UnsupportedProgramError: The format is binary.
        """
        if isinstance(self.payload, bytes):
            raise UnsupportedProgramError(f"a {self.format} program is binary and has no text")
        return self.payload

    @property
    def data(self) -> bytes:
        """The payload as bytes, text encoded as UTF-8."""
        return self.payload.encode() if isinstance(self.payload, str) else self.payload

    @property
    def is_written(self) -> bool:
        """Whether there is a payload, so that it can be sent and kept."""
        return "_why" not in self.__dict__

    @property
    def live(self) -> object | None:
        """The other library's object this was made of; read only.

        It is in the process that made it, and of what cannot be written down in others as well.

        Raises:
            UnsupportedProgramError: This process cannot make it again.
        """
        if "_live" not in self.__dict__ and (carried := self.__dict__.get("_carried")):
            try:
                # Whoever could change these bytes could as well change those around them.
                self.__dict__["_live"] = pickle.loads(carried)  # noqa: S301
            except Exception as error:
                # Whatever classes of the user's own raise when they are looked for, or made.
                raise UnsupportedProgramError(
                    f"{self.where} cannot be made again in another process: {error}",
                    remedy="Put its classes into a module that can be imported there.",
                ) from error
        return self.__dict__.get("_live")

    @property
    def where(self) -> str:
        """The file it came from, else its name, else ``<program>``; for messages."""
        return self.source or self.name or "<program>"

    @classmethod
    def from_live(
        cls,
        live: object,
        encode: Callable[[], str | bytes],
        format: ProgramFormat,
        name: str = "",
    ) -> Program:
        """Make a program of an object that is encoded only where its payload is needed.

        Simulating in this process uses the object itself; pickling, comparing and sending use
        the payload. Nobody else may change the object from here on.

        Args:
            live: The object, such as a copy of a circuit.
            encode: Writes the object down in the format; called at most once.
            format: How the payload is written down.
            name: What people call it.
        """
        program = cls.__new__(cls)
        program.__dict__.update(format=format, name=name, source="", _live=live, _encode=encode)
        return program

    @classmethod
    def unwritten(
        cls,
        format: ProgramFormat,
        digest: str,
        why: str,
        name: str = "",
        *,
        live: object | None = None,
        carried: bytes = b"",
    ) -> Program:
        """Make a program of an object that cannot be written down.

        Asking for its payload raises an `UnsupportedProgramError`.

        Args:
            format: How its like are written down.
            digest: What is equal for programs that do the same, and for no others.
            why: Why it cannot be written down.
            name: What people call it.
            live: The object; ``None`` where only its digest is known.
            carried: The pickled object, for processes that this one pickles the program to.
        """
        program = cls.__new__(cls)
        state = {"format": format, "name": name, "source": "", "_digest": digest, "_why": why}
        program.__dict__.update(state, _live=live, _carried=carried)
        return program

    @classmethod
    def load(cls, path: str | Path, *, includes: str | Path | None = None) -> Program:
        """Read a program from a file; the ending and the first line decide its format.

        Files that OpenQASM includes are taken into the program, so that its digest holds all that
        it means. They are looked for beside the file that includes them, and nowhere outside the
        program's folder.

        Args:
            path: A ``.qasm`` (OpenQASM 2 or 3), ``.qpy`` (one Qiskit circuit) or ``.json``
                (Pulser abstract representation) file.
            includes: A further folder whose files may be included.

        Raises:
            UnsupportedProgramError: The ending is not one of these.
            ProgramSyntaxError: The file cannot be read as what its ending says, or includes what
                is not there or may not be read.
            FileNotFoundError: There is no such file.

        Example:
            ```python
            from pathlib import Path
            from tempfile import TemporaryDirectory

            import quantum_async as qa

            with TemporaryDirectory() as folder:
                Path(folder, "flip.inc").write_text("gate flip a { U(pi, 0, pi) a; }")
                path = Path(folder, "once.qasm")
                path.write_text('OPENQASM 2.0; include "flip.inc"; qreg q[1]; flip q[0];')
                program = qa.Program.load(path)
            assert "gate flip a" in program.text
            ```
        """
        path = Path(path)
        suffix = path.suffix.lower()
        if suffix == ".qpy":
            return cls(path.read_bytes(), ProgramFormat.QISKIT, path.stem, str(path))
        if suffix not in {".qasm", ".json"}:
            raise UnsupportedProgramError(
                f"{path}: unknown ending {suffix!r}",
                remedy="Use .qasm (OpenQASM 2 or 3), .qpy (Qiskit) or .json (Pulser).",
            )
        text = _read_text(path)
        if suffix == ".json":
            return cls(_pulser_text(text, path), ProgramFormat.PULSER, path.stem, str(path))
        folders = [path.parent.resolve(), *([Path(includes).resolve()] if includes else [])]
        text = _with_includes(text, path, folders, (path.resolve(),))
        return cls(text, qasm_format(text, path), path.stem, str(path))

    def __getstate__(self) -> dict[str, object]:
        """Pickle the value alone, without cached or live objects."""
        body = ("payload",) if self.is_written else ("_digest", "_why", "_carried")
        return {name: getattr(self, name) for name in ("format", "name", "source", *body)}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Restore what `__getstate__` wrote."""
        self.__dict__.update(state)


def qasm_format(text: str, source: str | Path = "<program>") -> ProgramFormat:
    """Say which OpenQASM version a text declares; without a declaration it is version 3.

    Args:
        text: The program.
        source: Where it came from, for the error.

    Raises:
        ProgramSyntaxError: It declares a version other than 2 or 3.
    """
    before = _BEFORE_VERSION.match(text)
    declared = _VERSION.match(text, before.end() if before else 0)
    if declared is None or declared[1].startswith("3"):
        return ProgramFormat.QASM3
    if declared[1].startswith("2"):
        return ProgramFormat.QASM2
    raise ProgramSyntaxError(
        f"OpenQASM version {declared[1] or 'missing'!r} is not supported",
        source=source,
        line=text.count("\n", 0, declared.start()) + 1,
        remedy="Declare OPENQASM 2.0; or OPENQASM 3.0; in the first line.",
    )


def _read_text(path: Path) -> str:
    try:
        # Some editors begin a file with a mark that no parser takes.
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise ProgramSyntaxError(f"not UTF-8 text: {error.reason}", source=path) from error


def _with_includes(text: str, path: Path, folders: list[Path], above: tuple[Path, ...]) -> str:
    """Replace each include by the file's text on one line, so that the lines below keep theirs."""

    def taken(found: re.Match[str]) -> str:
        name = found["file"]
        if name is None or name[1:-1] in _STANDARD_INCLUDES:
            return found[0]
        start = found.start("file")
        line, column = text.count("\n", 0, start) + 1, start - text.rfind("\n", 0, start)
        file = _included(name[1:-1], path, folders, (line, column))
        if file in above:
            raise ProgramSyntaxError(
                f"{name} includes itself",
                source=path,
                line=line,
                column=column,
                remedy="Include it from one side only.",
            )
        inner = _with_includes(_read_text(file), file, folders, (*above, file))
        if len(inner) > _LONGEST_INCLUDE:
            raise ProgramSyntaxError(
                f"{name} and what it includes have more than {_LONGEST_INCLUDE:,} characters",
                source=path,
                line=line,
                column=column,
                remedy="Include each file once.",
            )
        return " ".join(_HEADER.sub("", _COMMENT.sub(_blank, inner)).split())

    return _INCLUDE.sub(taken, text)


def _included(name: str, path: Path, folders: list[Path], place: tuple[int, int]) -> Path:
    line, column = place
    # No system has a file with such a character in its name, and Python objects to asking.
    for folder in (path.parent.resolve(), *folders) if "\0" not in name else ():
        file = (folder / name).resolve()
        if not any(file.is_relative_to(allowed) for allowed in folders):
            raise ProgramSyntaxError(
                f"{name!r} is outside the program's folder, and is not read",
                source=path,
                line=line,
                column=column,
                remedy="Put it beside the program, or allow its folder: "
                "Program.load(path, includes=folder).",
            )
        if file.is_file():
            return file
    raise ProgramSyntaxError(
        f"unable to find {name!r} beside the program",
        source=path,
        line=line,
        column=column,
        remedy="Put it there, or name its folder: Program.load(path, includes=folder).",
    )


def _blank(found: re.Match[str]) -> str:
    return found[0] if found[0].startswith('"') else " "


def _pulser_text(text: str, path: Path) -> str:
    try:
        document = json.loads(text)
    except json.JSONDecodeError as error:
        raise ProgramSyntaxError(
            f"not JSON: {error.msg}", source=path, line=error.lineno, column=error.colno
        ) from error
    if not isinstance(document, dict) or "operations" not in document:
        raise ProgramSyntaxError(
            "not the abstract representation of a Pulser sequence",
            source=path,
            line=1,
            remedy="Write the file with sequence.to_abstract_repr().",
        )
    return text
