"""``quantum-async sweep``."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import anyio.to_thread

from quantum_async.cli.codes import ExitCode, exit_code
from quantum_async.cli.complaints import complain
from quantum_async.cli.documents import dump, point_document
from quantum_async.cli.programs import load
from quantum_async.cli.running import DeadlineError, OnError, Order, Running, Work
from quantum_async.cli.saving import check_output, save_sweep
from quantum_async.cli.values import parse_points
from quantum_async.errors import QuantumAsyncError
from quantum_async.models.sweep import SweepPoint, SweepResults

if TYPE_CHECKING:
    from collections.abc import Sequence

    from quantum_async.cli.documents import Document


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
        from quantum_async.cli.showing import show_sweep

        show_sweep(swept)
        return
    from rich.console import Console

    from quantum_async.display.tables import print_table

    axes = list(swept.results.points.axes)
    rows = [
        [str(p.index), *(f"{p.parameters[a]}" for a in axes), p.ref.id if p.ref else ""]
        for p in swept.results
    ]
    print_table(Console(highlight=False), ("#point", *(f"#{a}" for a in axes), "id"), rows)
