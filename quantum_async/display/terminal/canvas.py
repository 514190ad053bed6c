"""A grid of characters on which curves are drawn in braille dots and points as marks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterable

_DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
_BRAILLE = 0x2800


@dataclass(frozen=True, slots=True)
class Span:
    """The part of an axis that is shown.

    Args:
        low: Its value at the left or lower end.
        high: Its value at the other end.
    """

    low: float
    high: float

    def place(self, value: float, cells: int) -> int:
        """Say into which of some cells a value falls; the ends are the middles of end cells."""
        return round((value - self.low) / (self.high - self.low) * (cells - 1))


class Canvas:
    """A grid of characters; row 0 is at the top.

    Args:
        width: Characters in a row.
        height: Rows.
        x: What is shown from left to right.
        y: What is shown from bottom to top.
    """

    def __init__(self, width: int, height: int, x: Span, y: Span) -> None:
        self.width = width
        self.height = height
        self._x = x
        self._y = y
        self._dots: dict[tuple[int, int], int] = {}
        self._marks: dict[tuple[int, int], tuple[str, str]] = {}

    def curve(self, points: Iterable[tuple[float, float]]) -> None:
        """Draw a dot for each point of a densely sampled curve."""
        for x, y in points:
            column = self._x.place(x, 2 * self.width)
            row = 4 * self.height - 1 - self._y.place(y, 4 * self.height)
            if 0 <= column < 2 * self.width and 0 <= row < 4 * self.height:
                cell = (row // 4, column // 2)
                self._dots[cell] = self._dots.get(cell, 0) | _DOTS[row % 4][column % 2]

    def mark(self, x: float, y: float, sign: str, style: str) -> None:
        """Put a character where a point is."""
        column = self._x.place(x, self.width)
        row = self.height - 1 - self._y.place(y, self.height)
        if 0 <= column < self.width and 0 <= row < self.height:
            self._marks[row, column] = (sign, style)

    def row(self, number: int, curve_style: str) -> Text:
        """Return one row as text."""
        text = Text()
        for column in range(self.width):
            sign, style = self._marks.get((number, column), ("", ""))
            if not sign:
                dots = self._dots.get((number, column), 0)
                sign, style = (chr(_BRAILLE + dots), curve_style) if dots else (" ", "")
            text.append(sign, style)
        return text
