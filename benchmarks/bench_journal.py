"""What the journal costs: wall time and CPU of a 1,000-job sweep with and without it."""

from __future__ import annotations

import argparse
import random
import resource
import statistics
import sys
import tempfile
import time
from pathlib import Path

import anyio

import quantum_async as qa

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.scheduler.fake import PROGRAM, FakeClient

JOBS = 1_000


def cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


async def sweep(journal: Path | None, size: int) -> tuple[float, float]:
    law = random.Random(0)
    durations = [law.uniform(0.2, 2.0) for _ in range(JOBS)]
    client = FakeClient(run_time=lambda n: durations[n], latency=0.025)
    client.can(jobs_per_submission=size, requests_in_flight=64, bulk_results=size > 1)
    async with qa.Scheduler(client, journal=journal) as scheduler:
        wall, used = time.perf_counter(), cpu()
        await scheduler.sweep(PROGRAM, qa.grid(x=[i % 256 for i in range(JOBS)]), shots=100)
        wall = time.perf_counter() - wall
    # CPU counts to the end, when the last report is on the disk.
    return wall, cpu() - used


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--folder", type=Path, default=None, help="where the journal is kept")
    options = parser.parse_args()
    for size in (100, 1):
        rows: dict[bool, list[tuple[float, float]]] = {False: [], True: []}
        for number in range(options.rounds + 1):
            for kept in (False, True):
                with tempfile.TemporaryDirectory(dir=options.folder) as folder:
                    journal = Path(folder) / "j.db" if kept else None
                    row = anyio.run(sweep, journal, size)
                if number:
                    rows[kept].append(row)
        walls = [statistics.median(wall for wall, _ in rows[kept]) for kept in (False, True)]
        cpus = [statistics.median(used for _, used in rows[kept]) for kept in (False, True)]
        added = (cpus[1] - cpus[0]) / JOBS * 1e6
        print(
            f"{size:>3} jobs per submission: wall {walls[0]:.2f} -> {walls[1]:.2f} s"
            f" ({walls[1] / walls[0] - 1:+.1%}), CPU {added:.0f} us per job"
        )


if __name__ == "__main__":
    main()
