"""Sweeps as people read them: a picture and a line on a terminal, rows elsewhere."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING

from rich.console import Console

from quantum_async.display.estimate import coordinate, main_value
from quantum_async.display.frames import sweep_row
from quantum_async.display.tables import print_table
from quantum_async.display.terminal.chart import Chart
from quantum_async.display.terminal.landscape import Landscape

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.console import ConsoleRenderable

    from quantum_async.cli.sweep import Swept
    from quantum_async.models.sweep import SweepPoint


def show_sweep(swept: Swept) -> None:
    """Draw a sweep over one or two numbers; print its rows where that is not possible.

    Args:
        swept: The sweep.
    """
    console = Console(highlight=False)
    picture = _picture(swept) if console.is_terminal else None
    if picture is None:
        _rows(swept, console)
        return
    failed = sum(point.result is None for point in swept.results)
    console.print(picture)
    console.print(
        f"{len(swept.results)} points × {swept.order.shots} shots on {swept.target}"
        + (f", {failed} without a result" if failed else "")
    )


def _picture(swept: Swept) -> ConsoleRenderable | None:
    axes = swept.results.points.axes
    good = [
        point
        for point in swept.results
        if point.result is not None and math.isfinite(_value(point))
    ]
    numeric = all(isinstance(v, int | float) for values in axes.values() for v in values)
    if not good or not numeric or len(axes) > 2 or min(map(len, axes.values())) < 2:
        return None
    names = list(axes)
    label, _ = main_value(good[0].outcome())
    if len(names) == 1:
        points = [(coordinate(point, names[0]), _value(point)) for point in good]
        return Chart(points, x_label=names[0], y_label=label)
    xs, ys = (sorted({coordinate(point, name) for point in good}) for name in names)
    cells = {
        (xs.index(coordinate(point, names[0])), ys.index(coordinate(point, names[1]))): _value(
            point
        )
        for point in good
    }
    return Landscape(xs, ys, cells, names[0], names[1], label)


def _value(point: SweepPoint) -> float:
    return main_value(point.outcome())[1].value


def _rows(swept: Swept, console: Console) -> None:
    points = [
        point
        for point in swept.results
        # Programs that read a pipe count on a row for each point.
        if not console.is_terminal or point.result is not None or point.error is not None
    ]
    if not points:
        return
    rows = [sweep_row(point) for point in points]
    heads = list(dict.fromkeys(name for row in rows for name in row))
    write = _words if console.is_terminal else json.dumps
    print_table(console, heads, [[_cell(row.get(name), write) for name in heads] for row in rows])


def _words(counts: dict[str, int]) -> str:
    return ", ".join(f"{outcome}: {count}" for outcome, count in counts.items())


def _cell(value: object, write: Callable[[dict[str, int]], str]) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.6g}"
    return write(value) if isinstance(value, dict) else str(value)
