"""Writing Qiskit circuits as OpenQASM 2 in the gates of the service, parameters left open."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from quantum_async.errors import UnsupportedProgramError
from quantum_async.providers.qoro.translate.gates import FUNCTIONS, KNOWN, RENAMED, WORDS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from qiskit import QuantumCircuit

    from quantum_async.models.result import Register
    from quantum_async.simulation.circuits.bits import BitLayout

_IDENTIFIER = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_STANDARD = "qiskit.circuit.library.standard_gates"
_DEEPEST = 50


@dataclass(frozen=True, slots=True)
class WrittenCircuit:
    """A circuit as the service reads it.

    Args:
        text: The program; parameters stand in it by `names`.
        names: What stands for each parameter of the circuit, in the order of
            ``circuit.parameters``.
        registers: The circuit's classical registers under their own names.
    """

    text: str
    names: tuple[str, ...]
    registers: tuple[Register, ...]


def written(circuit: QuantumCircuit, where: str) -> WrittenCircuit:
    """Write a circuit down.

    Args:
        circuit: The circuit.
        where: What it is called in errors.

    Raises:
        UnsupportedProgramError: It has an operation, or shared registers, that the format lacks.
    """
    from quantum_async.simulation.circuits.bits import BitLayout

    layout = BitLayout.of(circuit)
    places = [place for group in layout.places for place in group]
    if len(set(places)) < len(places):
        raise _unsupported(where, "registers that share bits", "Give each register its own bits.")
    names = _names_of([parameter.name for parameter in circuit.parameters])
    writer = _Writer(where, names, _bits_of(layout))
    lines = ["OPENQASM 2.0;", 'include "qelib1.inc";', f"qreg q[{circuit.num_qubits}];"]
    lines += [f"creg c{i}[{register.width}];" for i, register in enumerate(layout.registers)]
    bits = {bit: index for index, bit in enumerate(circuit.clbits)}
    writer.registers = {
        register: layout.places.index(group)
        for register in circuit.cregs
        if (group := tuple(bits[bit] for bit in register)) in layout.places
    }
    writer.write(circuit, range(circuit.num_qubits), range(circuit.num_clbits))
    return WrittenCircuit("\n".join(lines + writer.lines), tuple(names.values()), layout.registers)


def _bits_of(layout: BitLayout) -> dict[int, str]:
    return {
        place: f"c{number}[{index}]"
        for number, group in enumerate(layout.places)
        for index, place in enumerate(group)
    }


def _names_of(parameters: Sequence[str]) -> dict[str, str]:
    """Choose what stands for each parameter: its own name where nothing else can be meant."""
    taken = {*WORDS, *KNOWN, *FUNCTIONS, "q", *(f"c{i}" for i in range(64))}
    free = {name for name in parameters if _IDENTIFIER.fullmatch(name) and name not in taken}
    names: dict[str, str] = {}
    number = 0
    for parameter in parameters:
        if parameter in free:
            names[parameter] = parameter
            continue
        while (name := f"p{number}") in free:
            number += 1
        names[parameter] = name
        number += 1
    return names


@dataclass
class _Writer:
    where: str
    names: dict[str, str]
    bits: dict[int, str]
    registers: dict[object, int] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)
    _angles: dict[str, str] = field(default_factory=dict)
    _pattern: re.Pattern[str] | None = None

    def write(
        self,
        circuit: QuantumCircuit,
        qubits: Sequence[int],
        clbits: Sequence[int],
        *,
        condition: str = "",
        depth: int = 0,
    ) -> None:
        """Write the operations of a circuit, or of what an operation stands for."""
        wires = dict(zip(circuit.qubits, qubits, strict=True))
        bits = dict(zip(circuit.clbits, clbits, strict=True))
        for instruction in circuit.data:
            self._operation(
                instruction.operation,
                [wires[qubit] for qubit in instruction.qubits],
                [bits[bit] for bit in instruction.clbits],
                condition,
                depth,
            )

    def _operation(
        self, operation: object, qubits: list[int], clbits: list[int], condition: str, depth: int
    ) -> None:
        name: str = operation.name  # type: ignore[attr-defined]  # Qiskit has no types
        known = RENAMED.get(name, name)
        if name in {"measure", "reset", "barrier"}:
            self._passive(name, qubits, clbits, condition)
        elif known in KNOWN and _is_standard(operation):
            angles = [self._angle(angle) for angle in operation.params]  # type: ignore[attr-defined]
            self._line(condition, known, angles, qubits)
        elif name == "if_else":
            self._conditional(operation, qubits, clbits, condition, depth)
        else:
            self._meaning(operation, qubits, clbits, condition, depth)

    def _line(self, condition: str, name: str, angles: list[str], qubits: list[int]) -> None:
        shown = f"({','.join(angles)})" if angles else ""
        self.lines.append(f"{condition}{name}{shown} {_wires(qubits)};")

    def _passive(self, name: str, qubits: list[int], clbits: list[int], condition: str) -> None:
        if name == "barrier":
            self.lines.extend([f"barrier {_wires(qubits)};"] if qubits else [])
        elif name == "measure":
            self.lines.append(f"{condition}measure q[{qubits[0]}] -> {self.bits[clbits[0]]};")
        else:
            self.lines.append(f"{condition}reset q[{qubits[0]}];")

    def _meaning(
        self, operation: object, qubits: list[int], clbits: list[int], condition: str, depth: int
    ) -> None:
        meaning = getattr(operation, "definition", None)
        name = getattr(operation, "name", "?")
        if meaning is None or depth > _DEEPEST:
            raise _unsupported(
                self.where, f"the operation {name!r}", "Replace it by gates of OpenQASM 2."
            )
        self.write(meaning, qubits, clbits, condition=condition, depth=depth + 1)

    def _conditional(
        self, operation: object, qubits: list[int], clbits: list[int], condition: str, depth: int
    ) -> None:
        asked: Any = getattr(operation, "condition", None)
        blocks = [block for block in getattr(operation, "blocks", ()) if block is not None]
        is_plain = isinstance(asked, tuple) and asked[0] in self.registers and not condition
        if not is_plain or len(blocks) != 1:
            raise _unsupported(
                self.where,
                "a condition that OpenQASM 2 cannot say",
                "Compare one whole register with a number, without an else.",
            )
        # A measurement could change the register between two lines that ask for it.
        if any(instruction.operation.name == "measure" for instruction in blocks[0].data):
            raise _unsupported(self.where, "a measurement under a condition", "Measure outside.")
        register, value = asked
        words = f"if(c{self.registers[register]}=={value}) "
        self.write(blocks[0], qubits, clbits, condition=words, depth=depth + 1)

    def _angle(self, angle: object) -> str:
        if not getattr(angle, "parameters", None):
            return repr(float(angle))  # type: ignore[arg-type]
        text = str(angle)
        found = self._angles.get(text)
        if found is None:
            found = self._angles[text] = self._spelt(text)
        return found

    def _spelt(self, text: str) -> str:
        if text in self.names:
            return self.names[text]
        if self._pattern is None:
            ordered = sorted(self.names, key=len, reverse=True)
            self._pattern = re.compile(
                rf"(?<![A-Za-z0-9_])(?:{'|'.join(map(re.escape, ordered))})(?![A-Za-z0-9_])"
            )
        # Brackets, because the service puts in a number that may be negative.
        spelt = self._pattern.sub(lambda match: f"({self.names[match.group()]})", text)
        return re.sub(r"\blog\(", "ln(", spelt.replace("**", "^"))


def _is_standard(operation: object) -> bool:
    base: Callable[..., object] = getattr(operation, "base_class", type(operation))
    return base.__module__.startswith(_STANDARD)


def _wires(qubits: Iterable[int]) -> str:
    return ",".join(f"q[{qubit}]" for qubit in qubits)


def _unsupported(where: str, what: str, remedy: str) -> UnsupportedProgramError:
    return UnsupportedProgramError(
        f"{where} has {what}, which the Qoro service does not run",
        provider="qoro",
        remedy=remedy,
    )
