"""Gates and circuits as Qoro's service has them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from quantum_async.errors import UnsupportedProgramError
from quantum_async.programs.tokens import whole_words

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from qiskit import QuantumCircuit

    from quantum_async.models.result import Register
    from quantum_async.programs.survey import BitLayout


KNOWN = frozenset(
    "id x y z h s sdg t tdg sx sxdg rx ry rz u1 u2 u3 u U cx cy cz ch swap iswap rxx ryy rzz "
    "crx cry crz cu1 cu3 ccx cswap".split()
)
"""The gates of the service; a program need not include a file for them."""

RENAMED = {"p": "u1", "cp": "cu1"}
"""Gates that the service has under another name."""

TAKEN: tuple[str, ...] = tuple(sorted({*KNOWN, *RENAMED, "measure", "reset", "if_else"} - {"U"}))
"""The operations of Qiskit that the service takes, by Qiskit's names."""

FUNCTIONS = frozenset({"sin", "cos", "tan", "exp", "ln", "sqrt", "asin", "acos", "atan"})
"""What an angle may be computed with."""

WORDS = frozenset(
    "OPENQASM include qreg creg qubit bit gate opaque measure reset barrier if pi".split()
)
"""Names that no register and no gate may have."""


_IDENTIFIER = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_WORD = re.compile(r"[^\W\d]\w*")
_AMBIGUOUS = re.compile(r"-[^,;\n]*\^")
"""A sign before a power: readers of OpenQASM 2 differ on which comes first."""


@dataclass(frozen=True, slots=True)
class WrittenCircuit:
    """A circuit as the service reads it.

    Args:
        text: The program; parameters stand in it by `names`.
        names: What stands for each parameter of the circuit, in the order of
            ``circuit.parameters``.
        registers: The circuit's classical registers under their own names.
        is_template: Whether there are parameters, and all angles can be said in OpenQASM 2: an
            absolute value cannot.
    """

    text: str
    names: tuple[str, ...]
    registers: tuple[Register, ...]
    is_template: bool


def written(circuit: QuantumCircuit, where: str) -> WrittenCircuit:
    """Write a circuit down.

    Args:
        circuit: A circuit as `read_circuit` gives it: each name is that of Qiskit's operation.
        where: What it is called in errors.

    Raises:
        UnsupportedProgramError: It has an operation, or shared registers, that the format lacks.
    """
    from quantum_async.programs.survey import BitLayout

    layout = BitLayout.of(circuit)
    places = [place for group in layout.places for place in group]
    if len(set(places)) < len(places):
        raise _unsupported(where, "registers that share bits", "Give each register its own bits.")
    parameters = [parameter.name for parameter in circuit.parameters]
    names = _names_of(parameters, len(layout.registers))
    writer = _Writer(where, names, layout)
    lines = ["OPENQASM 2.0;", 'include "qelib1.inc";', f"qreg q[{circuit.num_qubits}];"]
    lines += [f"creg c{i}[{register.width}];" for i, register in enumerate(layout.registers)]
    writer.write(circuit, _Wires(range(circuit.num_qubits), range(circuit.num_clbits)))
    text = "\n".join(lines + writer.lines)
    is_template = bool(names) and writer.is_sayable and not _AMBIGUOUS.search(text)
    return WrittenCircuit(text, tuple(names.values()), layout.registers, is_template)


def _names_of(parameters: Sequence[str], registers: int) -> dict[str, str]:
    """Choose what stands for each parameter: its own name where nothing else can be meant."""
    taken = {*WORDS, *KNOWN, *FUNCTIONS, "q", *(f"c{i}" for i in range(registers))}
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


class _Wires(NamedTuple):
    """Where the qubits and bits of a circuit, or of a part of one, are in the whole.

    Args:
        qubits: The number of each qubit.
        clbits: The number of each bit.
        condition: What the part depends on, as it is written before each gate.
    """

    qubits: Sequence[int]
    clbits: Sequence[int]
    condition: str = ""


class _Writer:
    # Qiskit's circuits and operations are `Any`, because Qiskit has no types.

    def __init__(self, where: str, names: dict[str, str], layout: BitLayout) -> None:
        self.lines: list[str] = []
        self._where = where
        self._names = names
        self._registers = {places: f"c{number}" for number, places in enumerate(layout.places)}
        self._bits = {
            place: f"c{number}[{index}]"
            for number, places in enumerate(layout.places)
            for index, place in enumerate(places)
        }
        self._angles: dict[str, str] = {}
        self.is_sayable = True

    def write(self, circuit: Any, wires: _Wires) -> None:
        """Write the operations of a circuit, or of what an operation stands for."""
        qubits = dict(zip(circuit.qubits, wires.qubits, strict=True))
        clbits = dict(zip(circuit.clbits, wires.clbits, strict=True))
        for step in circuit.data:
            inner = _Wires(
                [qubits[bit] for bit in step.qubits],
                [clbits[bit] for bit in step.clbits],
                wires.condition,
            )
            name = step.operation.name
            known = RENAMED.get(name, name)
            if name in {"measure", "reset", "barrier"}:
                self._passive(name, inner)
            elif known in KNOWN:
                self._gate(known, step.operation, inner)
            elif name == "if_else":
                self._conditional(step.operation, clbits, inner)
            else:
                self._meaning(step.operation, inner)

    def _gate(self, name: str, operation: Any, wires: _Wires) -> None:
        angles = ",".join(self._angle(angle) for angle in operation.params)
        shown = f"({angles})" if angles else ""
        self.lines.append(f"{wires.condition}{name}{shown} {_listed(wires.qubits)};")

    def _passive(self, name: str, wires: _Wires) -> None:
        if name == "barrier":
            self.lines.extend([f"barrier {_listed(wires.qubits)};"] if wires.qubits else [])
        elif name == "reset":
            self.lines.append(f"{wires.condition}reset q[{wires.qubits[0]}];")
        elif wires.condition:
            # It could change the register between two lines that ask for it.
            raise _unsupported(self._where, "a measurement under a condition", "Measure outside.")
        else:
            bit = self._bits[wires.clbits[0]]
            self.lines.append(f"measure q[{wires.qubits[0]}] -> {bit};")

    def _meaning(self, operation: Any, wires: _Wires) -> None:
        meaning = getattr(operation, "definition", None)
        if meaning is None:
            raise _unsupported(
                self._where,
                f"the operation {operation.name!r}",
                "Replace it by gates of OpenQASM 2.",
            )
        self.write(meaning, wires)

    def _conditional(self, operation: Any, clbits: Mapping[Any, int], wires: _Wires) -> None:
        asked: Any = operation.condition
        register, value = asked if isinstance(asked, tuple) else (asked, None)
        # A single bit is no register, and has no length.
        places = tuple(clbits[bit] for bit in register) if hasattr(register, "__len__") else ()
        blocks = [block for block in operation.blocks if block is not None]
        if places not in self._registers or wires.condition or len(blocks) != 1:
            raise _unsupported(
                self._where,
                "a condition that OpenQASM 2 cannot say",
                "Compare one whole register with a number, without an else.",
            )
        words = f"if({self._registers[places]}=={value}) "
        self.write(blocks[0], wires._replace(condition=words))

    def _angle(self, angle: Any) -> str:
        if not getattr(angle, "parameters", None):
            return repr(float(angle))
        text = str(angle)
        found = self._angles.get(text)
        if found is None:
            found = self._angles[text] = self._spelt(text)
        return found

    def _spelt(self, text: str) -> str:
        if text in self._names:
            return self._names[text]
        # Brackets, because the service puts in a number that may be negative.
        spelt = re.sub(
            whole_words(self._names), lambda match: f"({self._names[match.group()]})", text
        )
        spelt = re.sub(r"\blog\(", "ln(", spelt.replace("**", "^"))
        self.is_sayable &= FUNCTIONS.union(self._names.values(), {"pi"}).issuperset(
            _WORD.findall(spelt)
        )
        return spelt


def _listed(qubits: Iterable[int]) -> str:
    return ",".join(f"q[{qubit}]" for qubit in qubits)


def _unsupported(where: str, what: str, remedy: str) -> UnsupportedProgramError:
    return UnsupportedProgramError(
        f"{where} has {what}, which the Qoro service does not run",
        provider="qoro",
        remedy=remedy,
    )
