"""Circuits from programs: OpenQASM 2 and 3, QPY, live Qiskit objects; by what they mean, in a target's gates."""

from __future__ import annotations

import math
import re
import sys
import threading
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from io import BytesIO
from typing import TYPE_CHECKING, Any, cast

from quantum_async.errors import ProgramError, ProgramSyntaxError, UnsupportedProgramError
from quantum_async.models.program import ProgramFormat
from quantum_async.programs.cache import ProgramCache
from quantum_async.programs.reasons import reason_of
from quantum_async.programs.tokens import (
    MOST_OPERATIONS,
    Naming,
    Rewritten,
    Source,
    Token,
    check_growth,
    check_sizes,
    declared,
    older_declarations,
    registers_in,
    renamed,
    shape_of,
    tokens,
    without_names,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Generator, Mapping, Sequence

    from qiskit import QuantumCircuit, qasm2

    from quantum_async.models.grid import Value
    from quantum_async.models.program import Program
    from quantum_async.programs.tokens import Shape


_DEEPEST = 200

# Operations of Qiskit are `Any`, because Qiskit has no types.


@cache
def _atoms() -> Mapping[type, str]:
    """Name the classes, beside the standard gates, of which simulators know more than the parts."""
    from qiskit.circuit import Barrier, Delay, Measure, Reset, library
    from qiskit.circuit.library import standard_gates

    return {
        Barrier: "barrier",
        Delay: "delay",
        Measure: "measure",
        Reset: "reset",
        library.DiagonalGate: "diagonal",
        library.Initialize: "initialize",
        library.PauliGate: "pauli",
        library.UnitaryGate: "unitary",
        standard_gates.MCPhaseGate: "mcphase",
        standard_gates.MCXGate: "mcx",
    }


def flattened(
    circuit: QuantumCircuit,
    where: str = "the circuit",
    own: Collection[str] = (),
    most: int = MOST_OPERATIONS,
) -> QuantumCircuit:
    """Replace every operation that is not a standard one by its definition, all the way down.

    Qubits, classical registers and parameters stay. A circuit that holds standard operations only
    is returned as it is.

    Args:
        circuit: The circuit; it is not changed.
        where: What it is called in errors.
        own: Names of gates that the target has beside the standard ones: an operation of such a
            name stays where nothing defines it.
        most: Operations that its definitions may be written out to.

    Raises:
        UnsupportedProgramError: An operation has no definition, or there are too many.
        ProgramError: An angle is not finite.
    """
    return _Flattening(where, own, most).circuit(circuit, 0)


class _Flattening:
    def __init__(self, where: str, own: Collection[str], most: int) -> None:
        self._where = where
        self._own = own
        self._most = most
        self._written = 0

    def circuit(self, circuit: QuantumCircuit, depth: int) -> QuantumCircuit:
        """Flatten a circuit, a definition or the block of an operation."""
        if depth:
            self._count(len(circuit.data))
        changes = {
            place: made
            for place, step in enumerate(circuit.data)
            if (made := self._instead(step, depth)) is not None
        }
        if not changes:
            return circuit
        flat: Any = circuit.copy_empty_like()
        for place, step in enumerate(circuit.data):
            made = changes.get(place)
            if made is None:
                flat._append(step)  # noqa: SLF001  public `append` would check every bit once more
            elif hasattr(made, "data"):
                flat.compose(made, step.qubits, step.clbits, inplace=True, copy=False)
            else:
                flat.append(made, step.qubits, step.clbits, copy=False)
        return cast("QuantumCircuit", flat)

    def _instead(self, step: Any, depth: int) -> Any:
        """Return the operation or the circuit that replaces one, or ``None`` where it stays."""
        if step.is_standard_gate():
            self._check_angles(step)
            # The name is the caller's to change, on a copy: the class says what it is.
            operation = step.operation
            return None if operation.name == step.name else _standard(step)
        operation = step.operation
        if step.is_control_flow():
            blocks = [self.circuit(block, depth) for block in operation.blocks]
            is_same = all(a is b for a, b in zip(blocks, operation.blocks, strict=True))
            return None if is_same else operation.replace_blocks(blocks)
        if _is_known(operation):
            self._check_angles(step)
            return None
        if depth > _DEEPEST:
            raise UnsupportedProgramError(
                f"{self._where}: {operation.name!r} is defined by itself",
                remedy="Define it by other gates.",
            )
        definition = _definition_of(operation)
        if definition is not None:
            return self.circuit(definition, depth + 1)
        if operation.name not in self._own:
            raise UnsupportedProgramError(
                f"{self._where}: the operation {operation.name!r} has no definition",
                remedy="Define it by gates, or replace it.",
            )
        return None

    def _count(self, many: int) -> None:
        self._written += many
        if self._written > self._most:
            raise UnsupportedProgramError(
                f"{self._where}: its definitions are written out to more than "
                f"{self._most:,} operations",
                remedy="Repeat less, or run it in parts.",
            )

    def _check_angles(self, step: Any) -> None:
        for angle in step.params:
            if isinstance(angle, float) and not math.isfinite(angle):
                raise ProgramError(
                    f"{self._where}: an angle of {step.name!r} is {angle}, which is not finite",
                    remedy="Give it a finite angle, in radians.",
                )


def _standard(step: Any) -> Any:
    from qiskit.circuit.library import get_standard_gate_name_mapping

    return get_standard_gate_name_mapping()[step.name].base_class(*step.params)


def _is_known(operation: Any) -> bool:
    from qiskit.circuit import Gate, Instruction, Store

    kind = getattr(operation, "base_class", type(operation))
    if kind in _atoms():
        # A control that acts on 0 has another name, and its definition says so.
        return bool(_atoms()[kind] == operation.name)
    if kind is Store:
        return True
    if getattr(operation, "definition", None) is not None:
        return False
    if kind is Instruction:
        # Channels are written so: by their matrices, without a class of their own.
        params = operation.params
        return operation.name in {"kraus", "superop"} and all(hasattr(p, "shape") for p in params)
    return kind is not Gate and kind.__module__.partition(".")[0] == "qiskit_aer"


def _definition_of(operation: Any) -> QuantumCircuit | None:
    from qiskit.circuit import AnnotatedOperation, ControlModifier, InverseModifier

    if isinstance(operation, AnnotatedOperation):
        made = _without_name(operation.base_op)
        modifier: Any
        for modifier in operation.modifiers:
            if isinstance(modifier, ControlModifier):
                made = made.control(
                    modifier.num_ctrl_qubits, ctrl_state=modifier.ctrl_state, annotated=False
                )
            elif isinstance(modifier, InverseModifier):
                made = made.inverse(annotated=False)
            else:
                made = made.power(modifier.power, annotated=False)
        return _alone(made)
    if not hasattr(operation, "definition"):
        # Operations that are no instructions, such as Clifford, know how to become one.
        return _alone(operation.to_instruction()) if hasattr(operation, "to_instruction") else None
    definition: QuantumCircuit | None = operation.definition
    if definition is None and type(operation).__module__.startswith("qiskit.circuit.library."):
        # The library leaves some of its gates, such as permutations, to the transpiler.
        from qiskit.transpiler.passes import HighLevelSynthesis

        parts: QuantumCircuit = HighLevelSynthesis()(_alone(operation))
        return None if any(step.name == operation.name for step in parts.data) else parts
    return definition


def _without_name(operation: Any) -> Any:
    """Give what is no standard gate a name that nobody knows: controls are built by names."""
    kind = getattr(operation, "base_class", type(operation))
    if getattr(operation, "_standard_gate", None) is not None or kind in _atoms():
        return operation
    if not hasattr(operation, "to_mutable"):
        return operation.to_instruction() if hasattr(operation, "to_instruction") else operation
    renamed = operation.to_mutable()
    renamed.name = "operation_"
    return renamed


def _alone(operation: Any) -> QuantumCircuit:
    from qiskit import QuantumCircuit

    circuit = QuantumCircuit(operation.num_qubits, operation.num_clbits)
    circuit.append(operation, circuit.qubits, circuit.clbits)
    return circuit


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


def transpiled(
    circuit: QuantumCircuit, what: str, *, provider: str | None = None, remedy: str, **settings: Any
) -> QuantumCircuit:
    """Bring a circuit of standard operations to a target's gates.

    Args:
        circuit: A circuit as `read_circuit` gives it; its parameters may be open.
        what: What cannot be done if it fails, such as "iqm:garnet cannot run the circuit".
        provider: Registry name of the provider, for the error.
        remedy: What to do if it fails.
        settings: What `qiskit.transpile` is told.

    Raises:
        UnsupportedProgramError: It cannot be brought there, with Qiskit's reason.
    """
    from qiskit import transpile

    try:
        return transpile(circuit, **settings)
    except BaseException as error:
        if not is_foreign(error):
            raise
        raise UnsupportedProgramError(
            f"{what}: {reason_of(error)}", provider=provider, remedy=remedy
        ) from error
