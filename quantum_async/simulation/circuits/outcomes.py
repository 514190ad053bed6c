"""Drawing outcomes from a state's probabilities, and writing them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

_KEPT = 1 << 16
"""Characters of all the outcomes of a circuit, up to which they are written once and kept."""
_AT_ONCE = 1 << 22
_ZERO = ord("0")


@dataclass(frozen=True, slots=True, eq=False)
class Outcomes:
    """The outcomes of a circuit that is measured at its end.

    The number of a state's amplitude is read in two halves: each says which of the bits that are
    measured it sets.

    Args:
        high: The bits that the first axes set, by their part of the number.
        low: The same of the last axes.
        characters: For each character of an outcome the bit that it shows, or its code.
        width: How many bits there are.
        kept: All outcomes written, each once, where they are few.
    """

    high: NDArray[np.int64]
    low: NDArray[np.int64]
    characters: tuple[tuple[int | None, int], ...]
    width: int
    kept: NDArray[np.object_] | None = None

    @classmethod
    def of(
        cls, axes: int, measured: Mapping[int, int], characters: Sequence[int | None]
    ) -> Outcomes:
        """Prepare for a circuit.

        Args:
            axes: How many axes of size 2 the state has.
            measured: For each classical bit that is written the axis that it is read of.
            characters: For each character of an outcome its bit, or ``None`` for a space.
        """
        shown = [measured.get(bit) if bit is not None else None for bit in characters]
        distinct = list(dict.fromkeys(axis for axis in reversed(shown) if axis is not None))
        bit_of = {axis: bit for bit, axis in enumerate(distinct)}
        half = axes // 2
        low = _bits(bit_of, range(axes - half, axes))
        high = _bits(bit_of, range(axes - half))
        made = tuple(
            (bit_of[axis], _ZERO) if axis is not None else (None, _ZERO if bit is not None else 32)
            for bit, axis in zip(characters, shown, strict=True)
        )
        found = cls(high, low, made, len(distinct))
        if len(made) << found.width > _KEPT:
            return found
        kept = np.array(found.texts(np.arange(1 << found.width)), dtype=object)
        return cls(high, low, made, found.width, kept)

    def drawn(
        self, cumulated: NDArray[np.float64], shots: int, seed: int
    ) -> tuple[dict[str, int], tuple[str, ...]]:
        """Draw and count.

        Args:
            cumulated: The probabilities of the amplitudes, added up.
            shots: How often.
            seed: Of the random numbers, which belong to this draw alone.

        Returns:
            Counts, and the outcomes in the order in which they were drawn.
        """
        random = np.random.Generator(np.random.PCG64(seed)).random(shots)
        random *= cumulated[-1]
        found = np.searchsorted(cumulated, random, side="right")
        # Rounding may put the last one behind all that can happen.
        np.minimum(found, np.searchsorted(cumulated, cumulated[-1]), out=found)
        half = len(self.low).bit_length() - 1
        values = self.high[found >> half] | self.low[found & (len(self.low) - 1)]
        if self.kept is not None:
            # As many numbers as there are outcomes are counted faster than sorted.
            often = np.bincount(values, minlength=len(self.kept))
            seen = np.flatnonzero(often)
            texts, often, samples = self.kept[seen].tolist(), often[seen], self.kept[values]
        else:
            distinct, places, often = np.unique(values, return_inverse=True, return_counts=True)
            texts = self.texts(distinct)
            samples = np.array(texts, dtype=object)[places]
        return dict(zip(texts, often.tolist(), strict=True)), tuple(samples.tolist())

    def texts(self, values: NDArray[np.int64]) -> list[str]:
        """Write outcomes.

        Args:
            values: Their bits as numbers.
        """
        width = len(self.characters)
        step = max(1, _AT_ONCE // max(1, width))
        texts: list[str] = []
        for start in range(0, len(values), step):
            some = values[start : start + step]
            written = np.empty((len(some), width), dtype=np.uint8)
            for place, (bit, code) in enumerate(self.characters):
                written[:, place] = code if bit is None else code + (some >> bit & 1)
            text = written.tobytes().decode("ascii")
            texts += [text[n : n + width] for n in range(0, len(text), width)]
        return texts


def _bits(bit_of: Mapping[int, int], axes: range) -> NDArray[np.int64]:
    found = np.zeros(1, dtype=np.int64)
    for axis in axes:
        bit = bit_of.get(axis)
        found = np.repeat(found, 2)
        found[1::2] += 0 if bit is None else 1 << bit
    return found
