"""The quantum computers that the service has: one on a square lattice, one star."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from functools import cached_property

_NAMESPACE = uuid.UUID("6f0c2a52-3d51-4b0e-9a3c-2d6f1c9d7a10")

Locus = tuple[str, ...]


def stable_id(*words: str) -> str:
    """Make an id that is the same in every run."""
    return str(uuid.uuid5(_NAMESPACE, "/".join(words)))


@dataclass(frozen=True)
class Chip:
    """A quantum computer.

    Args:
        alias: Its name in addresses.
        title: Its name for people.
        label: The label of its chip.
        qubits: Its qubits.
        resonators: Its computational resonators.
        edges: Which components are connected.
    """

    alias: str
    title: str
    label: str
    qubits: tuple[str, ...]
    resonators: tuple[str, ...]
    edges: tuple[tuple[str, str], ...]

    @cached_property
    def id(self) -> str:
        """Its id."""
        return stable_id("computer", self.alias)

    @cached_property
    def calibrations(self) -> tuple[str, ...]:
        """Ids of its calibration sets, the current one first."""
        return tuple(stable_id("calibration", self.alias, n) for n in ("2", "1"))

    @cached_property
    def loci(self) -> dict[str, frozenset[Locus]]:
        """Where each operation that needs calibration is possible."""
        single = frozenset((qubit,) for qubit in self.qubits)
        loci: dict[str, frozenset[Locus]] = {
            "prx": single,
            "cz": frozenset(self.edges),
            "cc_prx": single,
            "measure": single,
        }
        if self.resonators:
            loci["move"] = frozenset(self.edges)
        return loci

    @property
    def components(self) -> tuple[str, ...]:
        """Qubits and resonators."""
        return (*self.qubits, *self.resonators)


def _lattice(alias: str, title: str, label: str, rows: tuple[range, ...]) -> Chip:
    """Make a chip whose neighbours are connected.

    Args:
        alias: Its name in addresses.
        title: Its name for people.
        label: The label of its chip.
        rows: For each row, in which columns it has qubits.
    """
    places = [(row, column) for row, columns in enumerate(rows) for column in columns]
    numbers = {place: number for number, place in enumerate(places, start=1)}
    pairs = [
        (number, numbers[neighbour])
        for (row, column), number in numbers.items()
        for neighbour in ((row, column + 1), (row + 1, column))
        if neighbour in numbers
    ]
    edges = tuple((f"QB{first}", f"QB{second}") for first, second in sorted(pairs))
    return Chip(alias, title, label, tuple(f"QB{n}" for n in numbers.values()), (), edges)


def _star(alias: str, title: str, size: int) -> Chip:
    qubits = tuple(f"QB{n}" for n in range(1, size + 1))
    edges = tuple((qubit, "CR1") for qubit in qubits)
    return Chip(alias, title, "M001_W0_A00_Z00", qubits, ("CR1",), edges)


CHIPS = {
    chip.alias: chip
    for chip in (
        _lattice("garnet", "IQM Garnet", "M000_W0_A00_Z00", (range(5),) * 4),
        _star("sirius", "IQM Sirius", 24),
        # Laid out as IQM has published of Garnet, for software that only takes that chip.
        _lattice(
            "garnet:mock",
            "IQM Garnet Mock",
            "M153_W0_P06_Z99",
            (range(1, 3), range(5), range(5), range(5), range(1, 4)),
        ),
    )
}
"""Every quantum computer, by its alias."""
