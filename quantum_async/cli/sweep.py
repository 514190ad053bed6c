"""``quantum-async sweep``."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import anyio

from quantum_async.cli.clients import client_for
from quantum_async.cli.codes import ExitCode, exit_code
from quantum_async.cli.complaints import complain
from quantum_async.cli.documents import dump, point_document
from quantum_async.cli.programs import load
from quantum_async.cli.saving import check_output, save_sweep
from quantum_async.cli.values import parse_points
from quantum_async.cli.watching import watched
from quantum_async.errors import QuantumAsyncError, WaitTimeoutError
from quantum_async.models.submission import RunOptions
from quantum_async.models.sweep import SweepPoint, SweepResults
from quantum_async.scheduler.scheduler import Scheduler

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from quantum_async.cli.documents import Document

OnError = Literal["raise", "collect"]


@dataclass(frozen=True)
class SweepOrder:
    """What the command line asks for.

    Args:
        path: The program file.
        on: The target.
        shots: Shots of each point.
        parameters: Axes as written, such as ``omega=1:10:21``.
        seed: Makes a simulator repeat itself.
        timeout: Seconds after which unfinished points are cancelled.
        observables: Pauli strings to be estimated as well.
        on_error: Whether the first failed point ends the sweep, or all are collected.
        output: A file to write as well: .csv, .json or .png.
    """

    path: Path
    on: str
    shots: int
    parameters: Sequence[str]
    seed: int | None = None
    timeout: float | None = None
    observables: Sequence[str] = ()
    on_error: OnError = "raise"
    output: Path | None = None


@dataclass(frozen=True)
class Swept:
    """A sweep that has ended.

    Args:
        order: What was asked for.
        target: Where it ran.
        results: Its points; those that were not reached have an error.
        timed_out: Whether the time was up before it was finished.
    """

    order: SweepOrder
    target: str
    results: SweepResults
    timed_out: bool = False

    def document(self) -> Document:
        """Write it down with stable keys."""
        return {
            "program": str(self.order.path),
            "target": self.target,
            "shots": self.order.shots,
            "axes": {name: list(values) for name, values in self.results.points.axes.items()},
            "points": [point_document(p, shots=self.order.shots) for p in self.results],
            "timed_out": self.timed_out,
        }


async def sweep(order: SweepOrder, *, json: bool, debug: bool) -> ExitCode:
    """Run a program at every point of a grid, as many at a time as the target takes.

    Args:
        order: What to run.
        json: Print a document instead of a picture.
        debug: Show tracebacks.

    Raises:
        QuantumAsyncError: Nothing could be run, or a point failed and errors are not collected.
    """
    check_output(order.output, {".csv", ".json", ".png"})
    swept = await _run(order)
    if order.output is not None:
        await save_sweep(order.output, swept.results, swept.document())
    if json:
        sys.stdout.write(dump(swept.document()) + "\n")
    else:
        from quantum_async.cli.showing import show_sweep

        show_sweep(swept)
    return _conclude(swept, debug=debug)


async def _run(order: SweepOrder) -> Swept:
    points = parse_points(order.parameters)
    client, _ = client_for(order.on, seed=order.seed)
    options = RunOptions(
        seed=None if client.name == "local" else order.seed, observables=tuple(order.observables)
    )
    program = await anyio.to_thread.run_sync(load, order.path)
    target = order.on
    found: dict[int, SweepPoint] = {}
    with anyio.move_on_after(order.timeout) as scope:
        async with Scheduler(client) as scheduler:
            running = scheduler.sweep(
                program, points, shots=order.shots, on=order.on, on_error=order.on_error,
                options=options,
            )
            target = running.target
            async with watched(scheduler, {target: len(points)}):
                async for point in running:
                    found[point.index] = point
    late = WaitTimeoutError(f"not finished after {order.timeout} s")
    outcomes = [
        found.get(index) or SweepPoint(index, points[index], error=late)
        for index in range(len(points))
    ]
    return Swept(order, target, SweepResults(points, outcomes), scope.cancelled_caught)


def _conclude(swept: Swept, *, debug: bool) -> ExitCode:
    if swept.timed_out:
        unfinished = sum(isinstance(p.error, WaitTimeoutError) for p in swept.results)
        error = WaitTimeoutError(
            f"{unfinished} of {len(swept.results)} points were not finished "
            f"after {swept.order.timeout} s",
            remedy="They were cancelled; give --timeout more seconds, or leave it out.",
        )
        complain(error, debug=debug)
        return exit_code(error)
    errors = [p.error for p in swept.results.errors if isinstance(p.error, QuantumAsyncError)]
    if not errors:
        return ExitCode.OK
    group = ExceptionGroup(f"{len(errors)} points failed", errors)
    complain(group, debug=debug)
    return exit_code(group)
