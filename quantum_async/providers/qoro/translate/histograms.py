"""Histograms as the service packs them, unpacked: QH1 up to 255 bits, QH2 beyond.

After three bytes of magic and the width come, as unsigned LEB128 numbers: the number of distinct
outcomes, the number of shots, the gaps between the sorted outcomes, a run-length coded bitmap of
the outcomes that were seen once, and the other counts less two.
"""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING

from quantum_async.errors import ResultError

if TYPE_CHECKING:
    from collections.abc import Iterator

_WIDEST = 2**20
_LONGEST = 128
"""Most bits of a number that counts something."""
_MAGIC = {b"QH1": "qh1", b"QH2": "qh2"}


def decode_histogram(encoding: str, payload: str, width: int | None = None) -> dict[str, int]:
    """Unpack counts, and check everything that the format lets one check.

    Args:
        encoding: ``"qh1"`` or ``"qh2"``.
        payload: The histogram in base 64.
        width: How many bits an outcome must have, or ``None``.

    Raises:
        ResultError: It is damaged, or of an encoding that this package does not know.
    """
    if encoding not in _MAGIC.values():
        raise ResultError(
            f"a result is encoded as {encoding!r}",
            provider="qoro",
            remedy="Update this package; if that does not help, report it.",
        )
    try:
        packed = base64.b64decode(payload, validate=True)
    except (binascii.Error, ValueError) as error:
        raise _damaged("it is not base 64") from error
    if not packed:
        return {}
    if _MAGIC.get(packed[:3]) != encoding:
        raise _damaged(f"it begins with {packed[:3]!r} and is said to be {encoding}")
    return _Reader(packed, 3).histogram(width)


class _Reader:
    """Read a packed histogram from front to back."""

    def __init__(self, packed: bytes, position: int) -> None:
        self._packed = packed
        self._position = position

    def histogram(self, expected: int | None) -> dict[str, int]:
        width = self._width()
        if expected is not None and width != expected:
            raise _damaged(f"its outcomes have {width} bits instead of {expected}")
        distinct, shots = self._number(), self._number()
        outcomes = self._outcomes(self._number(), width)
        counts = self._counts(len(outcomes))
        if self._position != len(self._packed):
            raise _damaged("something follows it")
        if len(outcomes) != distinct or sum(counts) != shots:
            raise _damaged("its sums do not agree")
        keys = (f"{outcome:0{width}b}" if width else "" for outcome in outcomes)
        return dict(zip(keys, counts, strict=True))

    def _width(self) -> int:
        if self._packed[:3] == b"QH1":
            return self._byte()
        width = self._number()
        if width > _WIDEST:
            raise _damaged(f"its outcomes have {width} bits")
        return width

    def _outcomes(self, many: int, width: int) -> list[int]:
        self._check_room(many)
        outcomes, last = [], 0
        for place in range(many):
            gap = self._number(width)
            last += gap
            if last >> width or (place and not gap):
                raise _damaged("an outcome is too large or comes twice")
            outcomes.append(last)
        return outcomes

    def _counts(self, many: int) -> list[int]:
        is_one = list(self._runs(many))
        others = self._number()
        if len(is_one) != many or others != is_one.count(False):
            raise _damaged("its counts are not as many as its outcomes")
        return [1 if once else self._number() + 2 for once in is_one]

    def _runs(self, many: int) -> Iterator[bool]:
        end = self._number() + self._position
        if end == self._position:
            return
        runs = self._number()
        value = bool(self._byte()) if runs else False
        left = many
        for _ in range(runs):
            length = self._number()
            left -= length
            if left < 0:
                raise _damaged("its runs are longer than its outcomes are many")
            yield from (value for _ in range(length))
            value = not value
        if self._position != end:
            raise _damaged("its runs do not end where they should")

    def _check_room(self, many: int) -> None:
        # A corrupt number must not make room for a billion outcomes.
        if many > len(self._packed) - self._position:
            raise _damaged("it breaks off")

    def _byte(self) -> int:
        if self._position >= len(self._packed):
            raise _damaged("it breaks off")
        self._position += 1
        return self._packed[self._position - 1]

    def _number(self, bits: int = _LONGEST) -> int:
        value = shift = 0
        while True:
            byte = self._byte()
            value |= (byte & 127) << shift
            if byte < 128:
                return value
            shift += 7
            # A corrupt number must not take time without a limit either.
            if shift > bits + 7:
                raise _damaged("a number in it does not end")


def _damaged(why: str) -> ResultError:
    return ResultError(
        f"a histogram is damaged: {why}",
        provider="qoro",
        remedy="Fetch the result again; if that does not help, report it to the service.",
    )
