"""How long the event loop stalls while a large local sweep runs: a task that ticks every 2 ms.

Run with `python benchmarks/bench_loop.py [--points 200] [--json]`; fails above the goal of 50 ms.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import time
from statistics import median
from typing import TYPE_CHECKING

import anyio

import quantum_async as qa
from quantum_async.cli import demo as physics

if TYPE_CHECKING:
    from quantum_async.models.grid import Points

GOAL = 0.050
TICK = 0.002
SUBJECTS = {"pulser": (physics.rabi_program, "omega"), "circuits": (physics.qaoa_program, "gamma")}


async def tick(gaps: list[tuple[float, float]], stop: anyio.Event) -> None:
    """Note by how much each tick comes late, and when."""
    started = last = time.perf_counter()
    while not stop.is_set():
        await anyio.sleep(TICK)
        now = time.perf_counter()
        gaps.append((max(0.0, now - last - TICK), last - started))
        last = now


def points(name: str, count: int) -> Points:
    axes = {name: [2 * math.pi * i / count for i in range(count)]}
    if name == "gamma":
        axes["beta"] = [0.4]
    return qa.grid(**axes)


async def measure(subject: str, count: int) -> dict[str, float]:
    """Milliseconds: the longest stall, when it was, the 99th percentile and the median."""
    program, axis = SUBJECTS[subject]
    gaps: list[tuple[float, float]] = []
    stop = anyio.Event()
    # Names are imported on first use, which is the script's own time.
    scheduler_class, client_class, grid = qa.Scheduler, qa.LocalClient, points(axis, count)
    source = program()
    started = time.perf_counter()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(tick, gaps, stop)
        await anyio.sleep(0.05)
        async with scheduler_class(client_class(seed=1)) as scheduler:
            sweep = scheduler.sweep(source, grid, shots=200)
            async for _ in sweep:
                pass
        stop.set()
    late = sorted(gap for gap, _ in gaps)
    longest, when = max(gaps)
    return {
        "longest": 1000 * longest,
        "at": 1000 * when,
        "p99": 1000 * late[int(0.99 * len(late))],
        "median": 1000 * median(late),
        "above_goal": sum(gap > GOAL for gap in late),
        "total": 1000 * (time.perf_counter() - started),
    }


async def idle(seconds: float) -> float:
    """Longest stall in milliseconds of a loop with nothing to do: what the machine itself adds."""
    gaps: list[tuple[float, float]] = []
    stop = anyio.Event()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(tick, gaps, stop)
        await anyio.sleep(seconds)
        stop.set()
    return 1000 * max(gaps)[0]


async def measure_all(count: int) -> dict[str, dict[str, float]]:
    """Each subject twice: cold, with its simulator imported meanwhile, and warm."""
    found = {"idle": {"longest": await idle(3.0)}}
    for subject in SUBJECTS:
        for state in ("cold", "warm"):
            found[f"{subject} {state}"] = await measure(subject, count)
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--points", type=int, default=200)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    found = anyio.run(measure_all, options.points)
    if options.json:
        print(json.dumps({"milliseconds": found, "goal": 1000 * GOAL}))
    else:
        for name, figures in found.items():
            print(f"{name:14}", *(f"{key} {value:.1f}" for key, value in figures.items()))
    return int(max(figures["longest"] for figures in found.values()) > 1000 * GOAL)


if __name__ == "__main__":
    sys.exit(main())
