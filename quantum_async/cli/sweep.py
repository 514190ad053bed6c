"""``quantum-async sweep``."""

from __future__ import annotations

import hashlib
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import anyio
import anyio.to_thread

from quantum_async.cli.clients import client_for
from quantum_async.cli.codes import ExitCode, exit_code
from quantum_async.cli.complaints import complain
from quantum_async.cli.deadline import DeadlineError
from quantum_async.cli.documents import dump, point_document
from quantum_async.cli.programs import load
from quantum_async.cli.saving import check_output, save_sweep
from quantum_async.cli.values import parse_points
from quantum_async.cli.watching import watched
from quantum_async.errors import QuantumAsyncError
from quantum_async.models.submission import RunOptions
from quantum_async.models.sweep import SweepPoint, SweepResults
from quantum_async.scheduler.scheduler import Scheduler

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from quantum_async.cli.documents import Document
    from quantum_async.models.grid import Points
    from quantum_async.models.program import Program

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
        journal: Where jobs are written down: a file or URL.
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
    journal: str | None = None


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
    reason: QuantumAsyncError | None = None

    def document(self) -> Document:
        """Write it down with stable keys."""
        return {
            "program": str(self.order.path),
            "target": self.target,
            "shots": self.order.shots,
            "axes": {name: list(values) for name, values in self.results.points.axes.items()},
            "points": [point_document(p, shots=self.order.shots) for p in self.results],
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
    swept = await _run(order)
    try:
        if order.output is not None:
            await save_sweep(order.output, swept.results, swept.document())
    finally:
        # What was measured is paid for: it is shown also where the file cannot be written.
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
    reason: QuantumAsyncError | None = None
    try:
        with anyio.fail_after(order.timeout):
            async with Scheduler(client, journal=order.journal) as scheduler:
                running = scheduler.sweep(
                    program,
                    points,
                    shots=order.shots,
                    on=order.on,
                    name=await anyio.to_thread.run_sync(_name, order, program, points, options),
                    on_error=order.on_error,
                    options=options,
                )
                target = running.target
                async with watched(scheduler, {target: len(points)}) as progress:
                    async for point in running:
                        found[point.index] = point
                        if progress is not None:
                            progress.settle(target, point)
    except TimeoutError:
        missing = len(points) - len(found)
        reason = DeadlineError(f"{missing} of {len(points)} points", order.timeout)
    except QuantumAsyncError as error:
        # What other points have measured is paid for, and is told all the same.
        if not found:
            raise
        reason = error
    outcomes = [found.get(i) or SweepPoint(i, points[i]) for i in range(len(points))]
    return Swept(order, target, SweepResults(points, outcomes), reason)


def _name(order: SweepOrder, program: Program, points: Points, options: RunOptions) -> str | None:
    """Name a sweep after all that it runs, so that the same command continues it."""
    if order.journal is None:
        return None
    parts = (program.digest, points.digest, str(order.shots), order.on, repr(options))
    digest = hashlib.sha256("\0".join(parts).encode()).hexdigest()
    return f"{order.path.stem}-{digest[:12]}"


def _conclude(swept: Swept, *, debug: bool) -> ExitCode:
    errors = [p.error for p in swept.results.errors if isinstance(p.error, QuantumAsyncError)]
    if swept.reason is not None:
        errors = [*errors, swept.reason]
    if not errors:
        return ExitCode.OK
    group = ExceptionGroup(f"{len(errors)} points failed", errors)
    complain(group, debug=debug)
    return exit_code(swept.reason or group)
