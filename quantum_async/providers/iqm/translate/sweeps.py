"""From the results of a pulse job, a protocol buffer, to arrays.

Field numbers are those of iqm-data-definitions 3.1.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from quantum_async.errors import ProtocolError
from quantum_async.providers.iqm.translate.protobuf import (
    doubles,
    messages,
    numbers,
    signed,
    text,
)

if TYPE_CHECKING:
    import numpy as np

Element = bool | int | float | complex | str

_RESULTS, _KEY, _VALUE, _ARRAYS, _SHAPE, _ITEMS, _IMAGINARY = 2, 1, 2, 1, 1, 1, 2
_TEXTS, _BOOLEANS, _INTEGERS, _FLOATS, _COMPLEX = 2, 3, 4, 5, 6


@dataclass(frozen=True, slots=True)
class SweepArray:
    """What was measured at one spot of a sweep.

    Args:
        shape: How many values along each axis.
        values: The values, the last axis running fastest.
    """

    shape: tuple[int, ...]
    values: tuple[Element, ...]

    def to_numpy(self) -> np.ndarray:
        """Make an array of NumPy of it."""
        import numpy as np

        return np.array(self.values).reshape(self.shape)


def sweep_results(content: bytes) -> dict[str, tuple[SweepArray, ...]]:
    """Read what a pulse job measured: for each parameter, an array for each spot of the sweep.

    Args:
        content: The artifact.

    Raises:
        ProtocolError: It is damaged.
    """
    try:
        return {
            text(entry, _KEY): tuple(
                _array(array)
                for value in messages(entry, _VALUE)
                for array in messages(value, _ARRAYS)
            )
            for entry in messages(content, _RESULTS)
        }
    except (IndexError, ValueError) as error:
        raise ProtocolError(
            f"damaged sweep results: {error}",
            provider="iqm",
            remedy="Update this package; if that does not help, report it.",
        ) from error


def _array(content: bytes) -> SweepArray:
    values = _values(content)
    shape = numbers(b"".join(messages(content, _SHAPE)))
    if math.prod(shape) != len(values):
        raise ValueError(f"{len(values)} values in an array of shape {shape}")
    return SweepArray(shape, values)


def _values(content: bytes) -> tuple[Element, ...]:
    values: list[Element] = []
    for kind in (_TEXTS, _BOOLEANS, _INTEGERS, _FLOATS, _COMPLEX):
        for held in messages(content, kind):
            packed = b"".join(messages(held, _ITEMS))
            if kind == _TEXTS:
                values += [item.decode() for item in messages(held, _ITEMS)]
            elif kind == _BOOLEANS:
                values += map(bool, numbers(packed))
            elif kind == _INTEGERS:
                values += signed(packed)
            elif kind == _FLOATS:
                values += doubles(packed)
            else:
                imaginary = doubles(b"".join(messages(held, _IMAGINARY)))
                values += map(complex, doubles(packed), imaginary)
    return tuple(values)
