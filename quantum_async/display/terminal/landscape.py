"""A landscape in the terminal: one value over two parameters, as colours or as shades."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.text import Text

from quantum_async.display.terminal.chart import label, limits

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from rich.console import Console, ConsoleOptions

_RAMP = (
    (68, 1, 84), (71, 44, 122), (59, 81, 139), (44, 113, 142), (33, 144, 141),
    (39, 173, 129), (92, 200, 99), (170, 220, 50), (253, 231, 37),
)  # fmt: skip
"""Colours of rising lightness that people with any colour vision tell apart."""
_SHADES = " ·░▒▓█"
_MARGIN = 7
_MOST_WIDTH = 100


@dataclass(frozen=True)
class Landscape:
    """A value over two parameters; as wide as the place where it is printed.

    Args:
        xs: Values of the parameter from left to right, ascending.
        ys: Values of the parameter from bottom to top, ascending.
        values: The value at each pair of places in `xs` and `ys`; pairs without one stay empty.
        x_label: What the first parameter is.
        y_label: What the second parameter is.
        value_label: What the value is.
    """

    xs: Sequence[float]
    ys: Sequence[float]
    values: Mapping[tuple[int, int], float]
    x_label: str
    y_label: str
    value_label: str

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Text]:
        """Draw it in the width that there is."""
        if not self.values:
            yield Text("nothing to draw")
            return
        width = min(options.max_width, _MOST_WIDTH) - _MARGIN - 1
        cell = max(1, min(width // len(self.xs), 6))
        paint = _Paint(*limits(list(self.values.values())), has_colour=_has_colour(console))
        best = max(self.values, key=self.values.__getitem__)
        yield Text(self.y_label, style="italic")
        for row in reversed(range(len(self.ys))):
            yield self._row(row, cell, paint, best)
        yield from self._foot(cell)
        yield paint.legend(self.value_label)

    def _row(self, row: int, cell: int, paint: _Paint, best: tuple[int, int]) -> Text:
        text = Text(label(round(self.ys[row], 3)).rjust(_MARGIN - 1) + " ")
        text.append("│", "bright_black")
        for column in range(len(self.xs)):
            value = self.values.get((column, row))
            text.append_text(paint.cell(value, cell, is_best=(column, row) == best))
        return text

    def _foot(self, cell: int) -> Iterator[Text]:
        width = cell * len(self.xs)
        labels = [" "] * width
        step = -(-8 // cell)
        for column in range(0, len(self.xs), step):
            word = label(round(self.xs[column], 3))
            start = min(column * cell + max(0, (cell - len(word)) // 2), width - len(word))
            labels[start : start + len(word)] = word
        yield Text(" " * _MARGIN).append("└" + "─" * width, "bright_black")
        yield Text(" " * (_MARGIN + 1) + "".join(labels))
        yield Text(" " * (_MARGIN + 1) + self.x_label.center(width), style="italic")


@dataclass(frozen=True)
class _Paint:
    low: float
    high: float
    has_colour: bool

    def cell(self, value: float | None, width: int, *, is_best: bool) -> Text:
        if value is None:
            return Text("?".center(width))
        part = (value - self.low) / (self.high - self.low)
        sign = "◆" if is_best else ""
        if self.has_colour:
            ink = "black" if part > 0.5 else "white"
            return Text(sign.center(width), style=f"bold {ink} on {_colour(part)}")
        shade = _SHADES[min(int(part * len(_SHADES)), len(_SHADES) - 1)]
        return Text(f" {sign} ".center(width, shade)[:width] if sign else shade * width)

    def legend(self, name: str) -> Text:
        text = Text(" " * (_MARGIN + 1) + f"{label(round(self.low, 3))} ")
        steps = 18
        for step in range(steps):
            part = step / (steps - 1)
            value = self.low + part * (self.high - self.low)
            text.append_text(self.cell(value, 1, is_best=False))
        return text.append(f" {label(round(self.high, 3))}  {name}, ◆ highest")


def _has_colour(console: Console) -> bool:
    return console.color_system is not None and not console.no_color


def _colour(part: float) -> str:
    place = min(max(part, 0.0), 1.0) * (len(_RAMP) - 1)
    index = min(int(place), len(_RAMP) - 2)
    weight = place - index
    mixed = (
        round(a + weight * (b - a)) for a, b in zip(_RAMP[index], _RAMP[index + 1], strict=True)
    )
    return "rgb({},{},{})".format(*mixed)
