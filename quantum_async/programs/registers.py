"""Where each classical bit stands in an outcome."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from quantum_async.models.result import Register

if TYPE_CHECKING:
    from collections.abc import Iterable

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

    @property
    def characters(self) -> tuple[int | None, ...]:
        """For each character of an outcome, as `Result` documents it, the number of its bit.

        Between two registers stands a space, which is ``None``.
        """
        found: list[int | None] = []
        for places in reversed(self.places):
            found += [None] if found else []
            found += reversed(places)
        return tuple(found)

    def texts(self, outcomes: Iterable[int]) -> list[str]:
        """Write outcomes as `Result` documents them.

        Args:
            outcomes: All classical bits as a number, bit 0 being the lowest.
        """
        width = 1 + max((place for places in self.places for place in places), default=-1)
        # From the left: the last register, and in it the last bit. Most registers are a run.
        runs = []
        for places in reversed(self.places):
            start, stop = width - 1 - places[-1], width - places[0]
            is_run = places == tuple(range(places[0], places[0] + len(places)))
            runs.append(slice(start, stop) if is_run else [width - 1 - p for p in reversed(places)])
        if runs == [slice(0, width)]:
            return [f"{outcome:0{width}b}" for outcome in outcomes]
        written = []
        for outcome in outcomes:
            bits = f"{outcome:0{width}b}"
            written.append(
                " ".join(
                    bits[run] if isinstance(run, slice) else "".join([bits[p] for p in run])
                    for run in runs
                )
            )
        return written
