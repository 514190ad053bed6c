"""Pictures made of characters, for terminals of any width, with or without colour."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from rich.console import Console, ConsoleOptions


_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)


def ticks(low: float, high: float, most: int) -> list[float]:
    """Choose round numbers between two limits.

    Args:
        low: The lower limit.
        high: The upper limit, above the lower one.
        most: How many numbers at most.
    """
    span = high - low
    rough = span / max(1, most - 1)
    magnitude = 10.0 ** math.floor(math.log10(rough))
    step = next(s for s in _STEPS if s * magnitude >= rough * (1 - 1e-9)) * magnitude
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [number * step for number in range(first, last + 1)]


def label(value: float) -> str:
    """Write a number as short as an axis needs it."""
    return f"{0.0 if abs(value) < 1e-12 else value:.4g}"


def limits(values: list[float]) -> tuple[float, float]:
    """Return the smallest and the largest value, apart even where they are equal."""
    low, high = min(values), max(values)
    if low == high:
        margin = abs(low) / 2 or 0.5
        return low - margin, high + margin
    return low, high


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


_CURVE = "bright_black"
_AXIS = "bright_black"
_MARGIN = 7
_MOST_WIDTH = 100


@dataclass(frozen=True)
class Chart:
    """Points over one parameter; as wide as the place where it is printed.

    Args:
        points: Abscissa and ordinate of each point.
        x_label: What the abscissa is, with its unit.
        y_label: What the ordinate is.
        curve: An expected curve, drawn behind the points.
        y_limits: Limits of the ordinate; those of the points by default.
        height: Rows of the drawing area.
        colour: Colour of the points, where there are colours.
    """

    points: Sequence[tuple[float, float]]
    x_label: str
    y_label: str
    curve: Callable[[float], float] | None = None
    y_limits: tuple[float, float] | None = None
    height: int = 14
    colour: str = "magenta"

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Text]:
        """Draw it in the width that there is."""
        del console
        if not self.points:
            yield Text("nothing to draw")
            return
        width = max(20, min(options.max_width, _MOST_WIDTH) - _MARGIN - 2)
        x = Span(*limits([point[0] for point in self.points]))
        y = Span(*(self.y_limits or limits([point[1] for point in self.points])))
        yield Text(self.y_label.rjust(min(len(self.y_label), width)), style="italic")
        yield from self._rows(self._canvas(width, x, y), y)
        yield from _foot(width, x, self.x_label)

    def _canvas(self, width: int, x: Span, y: Span) -> Canvas:
        canvas = Canvas(width, self.height, x, y)
        if self.curve is not None:
            samples = 16 * width
            step = (x.high - x.low) / samples
            canvas.curve(
                (x.low + i * step, self.curve(x.low + i * step)) for i in range(samples + 1)
            )
        for abscissa, ordinate in self.points:
            canvas.mark(abscissa, ordinate, "●", self.colour)
        return canvas

    def _rows(self, canvas: Canvas, y: Span) -> Iterator[Text]:
        most = max(2, self.height // 3)
        labels = {
            canvas.height - 1 - y.place(value, canvas.height): label(value)
            for value in ticks(y.low, y.high, most)
        }
        for number in range(canvas.height):
            mark = "┤" if number in labels else "│"
            text = Text(labels.get(number, "").rjust(_MARGIN - 1) + " ")
            text.append(mark, _AXIS)
            yield text.append_text(canvas.row(number, _CURVE))


def _foot(width: int, x: Span, name: str) -> Iterator[Text]:
    labels = [" "] * width
    rule = ["─"] * width
    for value in ticks(x.low, x.high, max(2, width // 10)):
        word = label(value)
        place = x.place(value, width)
        start = min(max(0, place - len(word) // 2), width - len(word))
        rule[place] = "┬"
        labels[start : start + len(word)] = word
    yield Text(" " * _MARGIN).append("└" + "".join(rule), _AXIS)
    yield Text(" " * (_MARGIN + 1) + "".join(labels))
    yield Text(" " * (_MARGIN + 1) + name.center(width), style="italic")


_RAMP = (
    (68, 1, 84), (71, 44, 122), (59, 81, 139), (44, 113, 142), (33, 144, 141),
    (39, 173, 129), (92, 200, 99), (170, 220, 50), (253, 231, 37),
)  # fmt: skip
"""Colours of rising lightness that people with any colour vision tell apart."""
_SHADES = " ·░▒▓█"


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
