"""``quantum-async sweep``."""

from __future__ import annotations

import json
import math
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import anyio.to_thread
from rich.console import Console

from quantum_async.cli.running import (
    DeadlineError,
    OnError,
    Order,
    Running,
    Work,
    load,
    parse_points,
)
from quantum_async.cli.saving import check_output, save_sweep
from quantum_async.cli.session import ExitCode, complain, dump, exit_code, point_document
from quantum_async.display.estimate import coordinate, main_value
from quantum_async.display.frames import sweep_row
from quantum_async.display.tables import print_table
from quantum_async.display.terminal import Chart, Landscape
from quantum_async.errors import QuantumAsyncError
from quantum_async.models.sweep import SweepPoint, SweepResults

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rich.console import ConsoleRenderable

    from quantum_async.cli.session import Document


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


@dataclass(frozen=True, kw_only=True)
class SweepOrder(Order):
    """What the command line asks for.

    Args:
        path: The program file.
        parameters: Axes as written, such as ``omega=1:10:21``.
        on_error: Whether the first failed point ends the sweep, or all are collected.
    """

    path: Path
    parameters: Sequence[str]
    on_error: OnError = "raise"


@dataclass(frozen=True)
class Swept:
    """A sweep that has ended.

    Args:
        order: What was asked for.
        target: Where it ran.
        results: Its points; those that were not reached have neither result nor error.
        reason: Why not all points were reached, or ``None``.
    """

    order: SweepOrder
    target: str
    results: SweepResults
    reason: Exception | None = None

    def document(self) -> Document:
        """Write it down with stable keys."""
        shots, goes_on = self.order.shots, self.order.detach
        return {
            "program": str(self.order.path),
            "target": self.target,
            "shots": shots,
            "axes": {name: list(values) for name, values in self.results.points.axes.items()},
            "points": [point_document(p, shots=shots, goes_on=goes_on) for p in self.results],
            "timed_out": isinstance(self.reason, DeadlineError),
        }


async def sweep(order: SweepOrder, *, json: bool, debug: bool) -> ExitCode:
    """Run a program at every point of a grid, as many at a time as the target takes.

    Args:
        order: What to run.
        json: Print a document instead of a picture.
        debug: Show tracebacks.

    Raises:
        QuantumAsyncError: No point could be run.
    """
    check_output(order.output, {".csv", ".json", ".png"})
    points = parse_points(order.parameters)
    # In a journal that somebody names, a sweep is kept: its points are never measured twice.
    is_kept = order.journal is not None or order.name is not None
    running = Running(
        order, len(points), "points", on_error=order.on_error, begins_anew=not is_kept
    )

    async def prepare() -> Work:
        program = await anyio.to_thread.run_sync(load, order.path)
        parts = [program.digest, points.digest]
        if not is_kept:
            parts.append(str(order.path.absolute()))
        return Work(program, points, called=order.path.stem, parts=parts)

    await running.measure(prepare)
    found = running.points or [SweepPoint(i, points[i]) for i in range(len(points))]
    swept = Swept(order, running.target, SweepResults(points, found), running.reason)
    errors = [p.error for p in swept.results.errors if isinstance(p.error, Exception)]
    if swept.reason is not None:
        errors = [*errors, swept.reason]
    if order.output is not None:
        try:
            await save_sweep(order.output, swept.results, swept.document())
        except (OSError, QuantumAsyncError) as error:
            # What was measured is paid for: it is shown also where the file cannot be written.
            errors.append(error)
    if json:
        sys.stdout.write(dump(swept.document()) + "\n")
    else:
        _show(swept)
    if order.detach:
        running.tell_what_goes_on()
    code = ExitCode.OK
    if errors:
        group = ExceptionGroup(f"{len(errors)} points failed", errors)
        complain(group, debug=debug)
        code = exit_code(swept.reason or group)
    return await running.end(code)


def _show(swept: Swept) -> None:
    if not swept.order.detach:
        show_sweep(swept)
        return
    axes = list(swept.results.points.axes)
    rows = [
        [str(p.index), *(f"{p.parameters[a]}" for a in axes), p.ref.id if p.ref else ""]
        for p in swept.results
    ]
    print_table(Console(highlight=False), ("#point", *(f"#{a}" for a in axes), "id"), rows)
