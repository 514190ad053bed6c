"""The registers of a circuit's outcome, and how they are recorded."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pydantic import JsonValue

_CREG = re.compile(r"\bcreg\s+([A-Za-z_]\w*)\s*\[\s*(\d+)\s*\]\s*;")


@dataclass(frozen=True, slots=True)
class Constant:
    """A number that a QIR program records without having measured it.

    Args:
        value: The number.
    """

    value: bool | float


@dataclass(frozen=True, slots=True)
class Recorded:
    """A tuple or an array that a QIR program records.

    Args:
        is_tuple: Which of them.
        items: Numbers of results, constants, and what is nested.
    """

    is_tuple: bool
    items: tuple[int | Constant | Recorded, ...]


@dataclass(frozen=True, slots=True)
class Shape:
    """The classical registers of a program in the order of their declaration.

    Args:
        names: Their names.
        widths: How many bits each has.
        recorded: For QIR, what of the results is recorded, and how.
    """

    names: tuple[str, ...] = ()
    widths: tuple[int, ...] = ()
    recorded: int | Constant | Recorded | None = None

    @property
    def width(self) -> int:
        """How many bits there are."""
        return sum(self.widths)

    def bits(self, key: str) -> str:
        """Write an outcome, last bit leftmost, as its bits with the first one first."""
        parts = key.split(" ") if " " in key else [key]
        return "".join(part[::-1] for part in reversed(parts))

    def split(self, bits: str) -> dict[str, str]:
        """Cut bits, the first one first, into registers."""
        found, start = {}, 0
        for name, width in zip(self.names, self.widths, strict=True):
            found[name] = bits[start : start + width]
            start += width
        return found


def outcome_of(recorded: int | Constant | Recorded, bits: str) -> tuple[str, JsonValue]:
    """Write an outcome as the service displays it, and as it lists it.

    Args:
        recorded: What of the results is recorded.
        bits: The results, the first one first.
    """
    if isinstance(recorded, int):
        return bits[recorded], int(bits[recorded])
    if isinstance(recorded, Constant):
        return str(recorded.value), recorded.value
    items = [outcome_of(item, bits) for item in recorded.items]
    shown = ", ".join(display for display, _ in items)
    if not recorded.is_tuple:
        return f"[{shown}]", [value for _, value in items]
    return f"({shown})", {f"Item{n}": value for n, (_, value) in enumerate(items, start=1)}


def of_qasm(text: str) -> Shape:
    """Read the classical registers of OpenQASM 2.

    Raises:
        ValueError: There are none.
    """
    found = _CREG.findall(text)
    if not found:
        raise ValueError("the program has no classical register")
    return Shape(tuple(name for name, _ in found), tuple(int(width) for _, width in found))


def program(qubits: int, lines: list[str], bits: int) -> str:
    """Write OpenQASM 2 with one register of each kind.

    Args:
        qubits: How many qubits.
        lines: Its statements, without semicolons.
        bits: How many classical bits.
    """
    head = ["OPENQASM 2.0", 'include "qelib1.inc"', f"qreg q[{qubits}]", f"creg c[{bits}]"]
    return ";\n".join([*head, *lines]) + ";\n"
