"""The registers of a circuit's outcome, and how they are recorded."""

from __future__ import annotations

import re
from dataclasses import dataclass

_CREG = re.compile(r"\bcreg\s+([A-Za-z_]\w*)\s*\[\s*(\d+)\s*\]\s*;")


@dataclass(frozen=True, slots=True)
class Shape:
    """The classical registers of a program in the order of their declaration.

    Args:
        names: Their names.
        widths: How many bits each has.
        records: For QIR, which results are recorded: one list for each array.
        is_tuple: For QIR, whether the arrays stand in a tuple.
    """

    names: tuple[str, ...] = ()
    widths: tuple[int, ...] = ()
    records: tuple[tuple[int, ...], ...] = ()
    is_tuple: bool = False

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
