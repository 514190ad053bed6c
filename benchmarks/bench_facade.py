"""What blocking costs: per call against a bare portal and an awaited call, and over a sweep.

The promises: at most 200 microseconds per call over the awaited one, at most twice a bare portal
call, and a blocking sweep of 1,000 jobs in at most 1.1 times the async one.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from typing import TYPE_CHECKING

import anyio
from anyio.from_thread import start_blocking_portal

import quantum_async
import quantum_async.blocking as qa
from quantum_async.blocking._handle import unwrap

if TYPE_CHECKING:
    from collections.abc import Callable

CIRCUIT = (
    'OPENQASM 3; include "stdgates.inc"; input float theta; qubit[1] q; bit[1] c;'
    "rx(theta) q[0]; c = measure q;"
)

FIXED = 'OPENQASM 3; include "stdgates.inc"; qubit[1] q; bit[1] c; x q[0]; c = measure q;'


def per_call(function: Callable[[], object], number: int) -> float:
    """Median over five rounds, in microseconds per call."""
    rounds = []
    for _ in range(5):
        start = time.perf_counter()
        for _ in range(number):
            function()
        rounds.append((time.perf_counter() - start) / number * 1e6)
    return statistics.median(rounds)


async def nothing() -> None:
    """Nothing: what remains is the way there and back."""


async def awaited(number: int) -> float:
    """Median time of an awaited `Job.result`, in microseconds."""
    async with quantum_async.Scheduler(quantum_async.LocalClient(seed=1)) as scheduler:
        job = await scheduler.submit(FIXED, shots=1)
        await job
        rounds = []
        for _ in range(5):
            start = time.perf_counter()
            for _ in range(number):
                await job.result()
            rounds.append((time.perf_counter() - start) / number * 1e6)
    return statistics.median(rounds)


def calls(number: int) -> bool:
    """Measure single calls."""
    direct = anyio.run(awaited, number)
    with start_blocking_portal() as portal, qa.Scheduler(qa.LocalClient(seed=1)) as scheduler:
        job = scheduler.submit(FIXED, shots=1)
        job.result()
        asynchronous = unwrap(job)
        # Alternating, so that both see the same load of the machine.
        pairs = [
            (
                per_call(lambda: portal.call(nothing), number),
                per_call(lambda: portal.call(asynchronous.result), number),
                per_call(job.result, number),
            )
            for _ in range(5)
        ]
    empty, bare, facade = (statistics.median(column) for column in zip(*pairs, strict=True))
    over = facade - direct
    print(f"awaited               {direct:7.1f} us")
    print(f"bare portal, nothing  {empty:7.1f} us")
    print(f"bare portal           {bare:7.1f} us")
    print(f"facade                {facade:7.1f} us")
    print(f"over the awaited one  {over:7.1f} us (at most 200)")
    print(f"over a bare portal    {facade / bare:7.2f} x  (at most 2)")
    return over <= 200 and facade / bare <= 2


def sweep_blocking(points: int, *, iterate: bool) -> float:
    """Time a blocking sweep, in seconds."""
    with qa.Scheduler(qa.LocalClient(seed=1, workers=1)) as scheduler:
        start = time.perf_counter()
        sweep = scheduler.sweep(CIRCUIT, grid(points), shots=10)
        found = list(sweep) if iterate else list(sweep.result())
        assert len(found) == points
        return time.perf_counter() - start


async def sweep_async(points: int, iterate: bool) -> float:  # noqa: FBT001
    """Time an async sweep, in seconds."""
    client = quantum_async.LocalClient(seed=1, workers=1)
    async with quantum_async.Scheduler(client) as scheduler:
        start = time.perf_counter()
        sweep = scheduler.sweep(CIRCUIT, grid(points), shots=10)
        found = [point async for point in sweep] if iterate else list(await sweep)
        assert len(found) == points
        return time.perf_counter() - start


def grid(points: int) -> object:
    """As many points as asked for."""
    return qa.grid(theta=[0.001 * place for place in range(points)])


def sweeps(points: int) -> bool:
    """Measure whole sweeps, alternating."""
    good = True
    for iterate in (False, True):
        pairs = [
            (anyio.run(sweep_async, points, iterate), sweep_blocking(points, iterate=iterate))
            for _ in range(5)
        ]
        waiting, blocking = (statistics.median(column) for column in zip(*pairs, strict=True))
        how = "for point in sweep" if iterate else "sweep.result()"
        print(
            f"{points} jobs, {how:18} async {waiting:6.3f} s, blocking {blocking:6.3f} s, "
            f"ratio {blocking / waiting:.3f} (at most 1.1)"
        )
        good = good and blocking / waiting <= 1.1
    return good


def main() -> int:
    """Measure, and fail where a promise is broken and ``--check`` was given."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=1000)
    parser.add_argument("--points", type=int, default=1000)
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    good = calls(options.calls) & sweeps(options.points)
    return 0 if good or not options.check else 1


if __name__ == "__main__":
    sys.exit(main())
