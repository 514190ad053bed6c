"""How long a block may take to be left while something stands in the way: seconds beyond its grace.

Run `python benchmarks/bench_leaving.py [--rounds 3]`. On every provider of the sandbox, with latency: a
pause that the server asked for, polls that it refuses, a create that it never answers, and a journal that
somebody else keeps locked. The slowest provider counts.
"""

from __future__ import annotations

import argparse
import logging
import sqlite3
import statistics
import sys
import tempfile
import time
from contextlib import closing, suppress
from pathlib import Path

import anyio
from goals import LEAVING, LEFT_GRACE

sys.path.insert(0, str(Path(__file__).parents[1]))

import quantum_async as qa
from quantum_async.sandbox import BlockingSandbox
from tests.crash.harness import CREATES, TARGETS, program_for
from tests.crash.worker import client_for

PROVIDERS = ("pasqal", "azure", "iqm", "qoro")
UNDER_WAY = 1.0
"""Seconds after which the block fails: jobs are waiting, being sent and running."""


def faults(provider: str, obstacle: str) -> list[dict[str, object]]:
    """What a provider does that stands in the way."""
    creates = {"provider": provider, "method": CREATES[provider], "route": "*"}
    polls = {"provider": provider, "method": "GET", "route": "*"}
    return {
        "pause": [
            {**creates, "nth": 3, "fault": "retry-after:60"},
            {**polls, "nth": 2, "fault": "retry-after:60"},
        ],
        "refused": [{**polls, "probability": 1.0, "fault": "status:403"}],
        "late": [{**creates, "nth": 4, "fault": "accept-then-timeout"}],
        "locked": [],
    }[obstacle]


async def left(provider: str, env: dict[str, str], folder: Path, *, locked: bool) -> float:
    """Seconds beyond its grace that a failing block takes to be left."""
    program = qa.Program.load(program_for(provider, folder))
    limits = qa.Limits(jobs_per_submission=3, min_poll_interval=0.05, max_poll_interval=0.3)
    path = folder / f"{provider}.db" if locked else None
    failed = 0.0
    with closing(sqlite3.connect(path or ":memory:", isolation_level=None)) as holder:
        with suppress(ZeroDivisionError):
            async with qa.Scheduler(
                client_for(provider, env), grace=LEFT_GRACE, limits=limits, journal=path
            ) as scheduler:
                points = qa.grid(theta=[0.01 * n for n in range(15)])
                scheduler.sweep(program, points, shots=10, on=TARGETS[provider])
                await anyio.sleep(UNDER_WAY)
                if locked:
                    holder.execute("BEGIN EXCLUSIVE")
                failed = time.perf_counter()
                raise ZeroDivisionError
        return time.perf_counter() - failed - LEFT_GRACE


def slowest(sandbox: BlockingSandbox, obstacle: str) -> float:
    """The longest of all providers, which are left side by side."""
    found: list[float] = []
    sandbox.reset()
    sandbox.set_faults([row for name in PROVIDERS for row in faults(name, obstacle)])

    async def one(name: str, folder: Path) -> None:
        found.append(await left(name, sandbox.env(name), folder, locked=obstacle == "locked"))

    async def all_of_them(folder: Path) -> None:
        async with anyio.create_task_group() as tasks:
            for name in PROVIDERS:
                tasks.start_soon(one, name, folder)

    with tempfile.TemporaryDirectory() as folder:
        anyio.run(all_of_them, Path(folder))
    sandbox.set_faults([])
    return max(found)


def measure(rounds: int) -> list[dict[str, float]]:
    """Every obstacle in each round, in seconds beyond the grace."""
    # What is left is named, in hundreds of lines that nobody reads here.
    logging.getLogger("quantum_async").setLevel(logging.CRITICAL)
    with BlockingSandbox(simulate=False, job_time="600s", latency=0.05, parallel=True) as sandbox:
        slowest(sandbox, "pause")
        return [
            {what: slowest(sandbox, what) for what in ("pause", "refused", "late", "locked")}
            for _ in range(rounds)
        ]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    found = measure(parser.parse_args().rounds)
    rows = {"leaving": {n: statistics.median(one[n] for one in found) for n in found[0]}}
    verdicts = [goal.judge(rows) for goal in LEAVING]
    for verdict in verdicts:
        words = "met" if verdict["met"] else "MISSED"
        print(f"{verdict['goal']:56} {verdict['found']:.3f} s, {verdict['bound']}: {words}")
    return int(not all(verdict["met"] for verdict in verdicts))


if __name__ == "__main__":
    sys.exit(main())
