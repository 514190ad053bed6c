"""Where each classical bit stands in an outcome."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from quantum_async.models.result import Register

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

LOOSE = "bits"
"""The register that bits outside any register are shown as."""


@dataclass(frozen=True, slots=True)
class BitLayout:
    """The registers of a circuit and the numbers of their bits.

    Registers may share bits: each is read for itself. Bits outside any register form one more
    register, the last one.

    Args:
        registers: Names and widths in the order of declaration.
        places: For each register, the circuit's numbers of its bits, first bit first.
    """

    registers: tuple[Register, ...]
    places: tuple[tuple[int, ...], ...]

    @classmethod
    def of(cls, circuit: QuantumCircuit) -> BitLayout:
        """Read the layout of a circuit."""
        number = {bit: index for index, bit in enumerate(circuit.clbits)}
        found = [(r.name, tuple(number[bit] for bit in r)) for r in circuit.cregs if len(r)]
        held = {place for _, places in found for place in places}
        loose = tuple(place for place in number.values() if place not in held)
        if loose:
            name = LOOSE
            while any(name == other for other, _ in found):
                name += "_"
            found.append((name, loose))
        return cls(
            tuple(Register(name, len(places)) for name, places in found),
            tuple(places for _, places in found),
        )

    def key(self, memory: str) -> str:
        """Write an outcome as `Result` documents it.

        Args:
            memory: All classical bits as a hexadecimal number, bit 0 being the lowest.
        """
        width = 1 + max((place for places in self.places for place in places), default=-1)
        bits = f"{int(memory, 16):0{width}b}"[::-1]
        return " ".join(
            "".join(bits[place] for place in reversed(places)) for places in reversed(self.places)
        )
