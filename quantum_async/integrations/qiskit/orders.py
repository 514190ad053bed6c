"""Orders: pieces of several PUBs, put together so that they become the fewest jobs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from qiskit.primitives.containers.bindings_array import BindingsArray

    from quantum_async.integrations.qiskit.runs import Piece
    from quantum_async.models.submission import RunOptions

    Place = tuple[int, int, int]
    """Which PUB, which of its circuits, and which point."""


@dataclass
class Order:
    """What goes to the provider as one sweep: pieces of equal shots and options.

    Args:
        shots: Shots of each piece.
        options: Their options.
        pieces: The pieces.
        places: Where the outcome of each piece belongs.
    """

    shots: int
    options: RunOptions
    pieces: list[Piece] = field(default_factory=list)
    places: list[Place] = field(default_factory=list)


class Orders:
    """Sort pieces into orders."""

    def __init__(self) -> None:
        self._orders: dict[tuple[int, RunOptions], Order] = {}

    def __iter__(self) -> Iterator[Order]:
        return iter(self._orders.values())

    def add(self, place: Place, piece: Piece, shots: int, options: RunOptions) -> None:
        """Add a piece.

        Args:
            place: Where its outcome belongs.
            piece: The piece.
            shots: Its shots.
            options: Its options.
        """
        order = self._orders.setdefault((shots, options), Order(shots, options))
        order.pieces.append(piece)
        order.places.append(place)


def points_of(values: BindingsArray, names: Sequence[str]) -> list[dict[str, float]]:
    """Write an array of parameter values out, point by point in C order.

    Args:
        values: The array.
        names: Which parameters are left in the circuit; a transpiler may find some without effect.
    """
    flat = values.ravel()
    columns = {
        name: column
        for group, array in flat.data.items()
        for name, column in zip(group, array.reshape(flat.size, len(group)).T.tolist(), strict=True)
        if name in names
    }
    return [{name: column[point] for name, column in columns.items()} for point in range(flat.size)]
