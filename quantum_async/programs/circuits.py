"""Circuits from programs: OpenQASM 2 and 3, QPY, live Qiskit objects."""

from __future__ import annotations

import re
import sys
import threading
from contextlib import contextmanager
from dataclasses import replace
from io import BytesIO
from typing import TYPE_CHECKING, Any, cast

from quantum_async.errors import ProgramError, ProgramSyntaxError
from quantum_async.models.program import ProgramFormat
from quantum_async.programs.cache import ProgramCache
from quantum_async.programs.flatten import flattened
from quantum_async.programs.naming import Naming, shape_of, without_names
from quantum_async.programs.reasons import reason_of
from quantum_async.programs.tokens import (
    Rewritten,
    Source,
    Token,
    check_growth,
    check_sizes,
    declared,
    older_declarations,
    registers_in,
    renamed,
    tokens,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Generator, Mapping, Sequence

    from qiskit import QuantumCircuit, qasm2

    from quantum_async.models.grid import Value
    from quantum_async.models.program import Program
    from quantum_async.programs.naming import Shape

_QASM2_PLACE = re.compile(r"^\"?(?:<input>|[^\"\n]*?):(\d+),(\d+): (.*?)\"?$", re.DOTALL)
_QASM3_PLACE = re.compile(r"^(?:L(\d+):C(\d+)|(\d+),(\d+)): (.*)$", re.DOTALL)
_REMEDY = "Correct the program there; the column is where the parser stopped."
_INCLUDED = {ProgramFormat.QASM2: "qelib1.inc", ProgramFormat.QASM3: "stdgates.inc"}

_circuits: ProgramCache[QuantumCircuit] = ProgramCache("circuit_read")
_importing = threading.Lock()
_is_imported = threading.Event()


def read_circuit(
    program: Program, own: Collection[str] = (), variables: Mapping[str, Value] | None = None
) -> QuantumCircuit:
    """Read a program as a Qiskit circuit of standard operations; the caller must not change it.

    Gates that the program defines are replaced by their definitions, so that every name in the
    circuit is that of Qiskit's own operation. Read once per program.

    Args:
        program: OpenQASM 2 or 3, QPY, or what was made of a circuit.
        own: Names of gates that the target has beside the standard ones: an operation of such a
            name stays where nothing defines it.
        variables: In OpenQASM 2 these names may stand where numbers stand, and become parameters
            of the circuit: ``theta``, or ``w[2]`` for an element of a list. Only the names and
            the lengths of lists matter.

    Raises:
        ProgramSyntaxError: It is malformed, with file, line and column.
        DeviceLimitError: It declares more qubits or bits than any machine has.
        UnsupportedProgramError: An operation has no definition.
        UnboundParametersError: An element of a list stands nowhere in the text.
        ProgramError: An angle is not finite.
        ModuleNotFoundError: Qiskit is not installed.
    """
    shape = shape_of(program, variables or {})
    return _circuits.get(program, f"{' '.join(own)} {shape}", lambda: _read(program, own, shape))


def _read(program: Program, own: Collection[str], shape: Shape) -> QuantumCircuit:
    load_qiskit()
    naming = Naming(shape)
    if program.live is not None:
        circuit = cast("QuantumCircuit", program.live)
    elif program.format is ProgramFormat.QISKIT:
        circuit = _read_qpy(program)
    else:
        circuit = _read_text(program, naming)
    with mapped_panics(program.where):
        return naming.named(flattened(circuit, program.where, own), program.where)


def _read_text(program: Program, naming: Naming) -> QuantumCircuit:
    source = Source(program.text, program.where)
    found = list(tokens(source.text))
    if not any(token.text not in {"OPENQASM", ";"} | _VERSIONS for token in found):
        raise source.error("the program is empty", 0, "Declare qubits, and measure them.")
    check_sizes(source, found)
    check_growth(source, found)
    _check_includes(source, found, _INCLUDED[program.format])
    ours = renamed(source.text, found)
    if program.format is ProgramFormat.QASM3:
        return _read_qasm3(_Text(program, ours, found))
    ours = without_names(older_declarations(ours), program.where, naming)
    return _read_qasm2(_Text(program, ours, found))


_VERSIONS = frozenset({"2", "2.0", "3", "3.0", "3.1"})


class _Text:
    """A text that is being read, and its errors.

    Args:
        program: The program.
        ours: Its text as it is given to a library.
        found: The tokens of the program.
    """

    def __init__(self, program: Program, ours: Rewritten, found: Sequence[Token]) -> None:
        self.program = program
        self.ours = ours
        self.text = ours.text
        self.registers = registers_in(found)

    def placed(self, message: str, pattern: re.Pattern[str]) -> ProgramSyntaxError:
        match = pattern.match(message)
        if match is None:
            return self.error(message, None, None)
        line, column, *_ = (int(group) for group in match.groups()[:-1] if group is not None)
        return self.error(match.groups()[-1], line, self.ours.column(line, column + 1))

    def error(self, message: str, line: int | None, column: int | None) -> ProgramSyntaxError:
        return ProgramSyntaxError(
            reason_of(self.ours.message(message)),
            source=self.program.where,
            line=line,
            column=column,
            remedy=_REMEDY,
        )

    def found_by_parts(
        self, error: BaseException, read: Callable[[str], object]
    ) -> ProgramSyntaxError:
        """Make an error that does not say where it is: in the first statement that brings it."""
        message = str(getattr(error, "message", error)) or type(error).__name__
        ends = [place for place, one in enumerate(self.text) if one in ";}"]
        good, bad = 0, len(ends)
        while good < bad:
            middle = (good + bad) // 2
            if _fails_alike(error, read, self.text[: ends[middle] + 1]):
                bad = middle
            else:
                good = middle + 1
        before = ends[good - 1] + 1 if 0 < good <= len(ends) else 0
        start = before + len(self.text[before:]) - len(self.text[before:].lstrip())
        line = self.text.count("\n", 0, start) + 1
        column = start - self.text.rfind("\n", 0, start)
        return self.error(message, line, self.ours.column(line, column))


def _fails_alike(error: BaseException, read: Callable[[str], object], text: str) -> bool:
    try:
        read(text)
    except BaseException as other:
        if not is_foreign(other):
            raise
        return type(other) is type(error) and str(other) == str(error)
    return False


def _check_includes(source: Source, found: Sequence[Token], known: str) -> None:
    for place, token in enumerate(found):
        following = found[place + 1] if place + 1 < len(found) else token
        name = following.text[1:-1]
        if token.text == "include" and following.kind == "text" and name != known:
            remedy = (
                "Read it with Program.load(path), which takes in files of the program's folder."
            )
            if name in _INCLUDED.values():
                remedy = f"The gates of this version of OpenQASM are in {known!r}."
            raise source.error(
                f"unable to find {name!r}: a program's text holds all that it means",
                following.start,
                remedy,
            )


def _read_qasm2(source: _Text) -> QuantumCircuit:
    from qiskit import qasm2

    gates = _gates(list(tokens(source.text)))

    def read(text: str) -> QuantumCircuit:
        return qasm2.loads(
            text,
            include_path=(),
            custom_instructions=gates,
            custom_classical=qasm2.LEGACY_CUSTOM_CLASSICAL,
        )

    try:
        return read(source.text)
    except BaseException as error:
        if not is_foreign(error):
            raise
        message = str(getattr(error, "message", error))
        if _QASM2_PLACE.match(message):
            raise source.placed(message, _QASM2_PLACE) from error
        raise source.found_by_parts(error, read) from error


def _gates(found: Sequence[Token]) -> list[qasm2.CustomInstruction]:
    """List the gates that a program may use: those of Qiskit, with or without an include.

    Several services take them without, and some know two more. A register may have the name of
    a gate that the program does not use.
    """
    from qiskit import qasm2
    from qiskit.circuit import library

    # Classes of Qiskit are `Any`, because Qiskit has no types.
    ryy: Any = library.RYYGate
    iswap: Any = library.iSwapGate
    more = [
        qasm2.CustomInstruction("ryy", 1, 2, ryy),
        qasm2.CustomInstruction("iswap", 0, 2, iswap),
    ]
    used = {token.text for token in found} - declared(found) - {"delay"}
    return [
        replace(gate, builtin=gate.name in used)
        for gate in (*qasm2.LEGACY_CUSTOM_INSTRUCTIONS, *more)
    ]


def _read_qasm3(source: _Text) -> QuantumCircuit:
    import qiskit_qasm3_import
    from openqasm3.parser import QASM3ParsingError

    try:
        return _under_own_names(qiskit_qasm3_import.parse(source.text), source.registers)
    except QASM3ParsingError as error:
        if str(error):
            raise source.placed(str(error), _QASM3_PLACE) from error
        raise _at_token(source, error) from error
    except qiskit_qasm3_import.ConversionError as error:
        raise source.placed(error.message, _QASM3_PLACE) from error
    except BaseException as error:
        # The importer walks a half-checked tree: whatever it trips over is the text's fault.
        if not is_foreign(error):
            raise
        raise source.found_by_parts(error, qiskit_qasm3_import.parse) from error


def _under_own_names(circuit: QuantumCircuit, names: Sequence[str]) -> QuantumCircuit:
    """Call classical registers as the program does: the importer writes only ``[a-z]`` first."""
    written = [register.name for register in circuit.cregs]
    if len(written) != len(names) or written == list(names):
        return circuit
    from qiskit import ClassicalRegister, QuantumCircuit

    registers = [
        ClassicalRegister(name=name, bits=list(register))
        for name, register in zip(names, circuit.cregs, strict=True)
    ]
    named = QuantumCircuit(circuit.qubits, circuit.clbits, *circuit.qregs, *registers)
    named.compose(circuit, named.qubits, named.clbits, inplace=True)
    return named


def _at_token(source: _Text, error: Exception) -> ProgramSyntaxError:
    # ANTLR's bail-out strategy hides the place in the exception that it wraps.
    inner = error.__cause__.args[0] if error.__cause__ and error.__cause__.args else None
    token = getattr(inner, "offendingToken", None)
    if token is None:
        return source.error(str(error) or "it cannot be read as OpenQASM 3", None, None)
    what = "the program breaks off" if token.text == "<EOF>" else f"unexpected {token.text!r}"
    return source.error(what, token.line, source.ours.column(token.line, token.column + 1))


def _read_qpy(program: Program) -> QuantumCircuit:
    from qiskit import QuantumCircuit, qpy

    try:
        circuits = qpy.load(BytesIO(program.data))
    except BaseException as error:
        # QPY has no checksum: damaged bytes raise struct, zlib, Unicode, key and index errors.
        if not is_foreign(error):
            raise
        reason = reason_of(error).rstrip(": ")
        raise ProgramSyntaxError(
            f"not a whole QPY file: {reason}",
            source=program.where,
            remedy="Write the file again with qiskit.qpy.dump.",
        ) from error
    if len(circuits) != 1 or not isinstance(circuits[0], QuantumCircuit):
        raise ProgramSyntaxError(
            f"{len(circuits)} circuits in one file",
            source=program.where,
            remedy="Write one circuit per file.",
        )
    return circuits[0]


def is_foreign(error: BaseException) -> bool:
    """Whether a library raised an error about its input, panics of compiled ones included.

    Args:
        error: What was caught; a cancellation or an interrupt is nobody's finding.
    """
    return isinstance(error, Exception) or type(error).__module__ == "pyo3_runtime"


@contextmanager
def mapped_panics(where: str) -> Generator[None]:
    """Make an error of ours of what Qiskit raises over a circuit.

    Args:
        where: What the program is called in errors.

    Raises:
        ProgramError: With what was raised as its cause.
    """
    try:
        yield
    except ProgramError:
        raise
    except BaseException as error:
        if not is_foreign(error):
            raise
        raise ProgramError(
            f"{where}: Qiskit cannot read the circuit: {reason_of(error)}",
            remedy="Build it from operations that Qiskit can write and read.",
        ) from error


def load_qiskit() -> None:
    """Import Qiskit on a thread that lasts, so that any thread can use it.

    Qiskit 2.6's compiled part crashes the process where the thread that first imported it has
    ended and another one uses it. Worker threads end, so the import is given one that does not.
    Nobody goes on before the import has ended: half of Qiskit lacks names.

    Raises:
        ModuleNotFoundError: It is not installed.
    """
    if _is_imported.is_set():
        return
    with _importing:
        if not _is_imported.is_set():
            _import_once()
            _is_imported.set()


def _import_once() -> None:
    # What another thread has begun to import is waited for; the program's own thread lasts.
    if "qiskit" in sys.modules or threading.current_thread() is threading.main_thread():
        _import()
        return
    failures: list[BaseException] = []
    is_done = threading.Event()
    threading.Thread(target=_last, args=(is_done, failures), name="qiskit", daemon=True).start()
    is_done.wait()
    if failures:
        raise failures[0]


def _import() -> None:
    import qiskit.circuit.library
    import qiskit.qasm2
    import qiskit.qpy  # noqa: F401  what is imported here is all there for every thread


def _last(is_done: threading.Event, failures: list[BaseException]) -> None:
    try:
        _import()
    except BaseException as error:  # noqa: BLE001  raised again where the import was asked for
        failures.append(error)
        return
    finally:
        is_done.set()
    threading.Event().wait()
