"""Scale: 100,000 jobs from one process, and two and four processes that share one journal.

Run `python benchmarks/bench_scale.py [--jobs 100000] [--shared 4000] [--postgresql URL]`. All ask a
sandbox on a core of its own that gives the results of a batch in one answer; jobs run for 0.2 to 2 s.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path

from stage import Plan, Stage, machine

CONNECTIONS = 64


def one_process(stage: Stage, jobs: int) -> dict[str, object]:
    """Sweeps of a thousand jobs, five at a time: memory as they go by, CPU, and the service's count."""
    plan = Plan("scale", "scale", jobs, CONNECTIONS, full=True)
    (found,), took = stage.crowd(plan, 1)
    stats = stage.stats()
    memory = found["memory"]
    tenths = [memory[min(len(memory) - 1, len(memory) * n // 10)] for n in range(1, 11)]
    return {
        "jobs": jobs,
        "seconds": took,
        "jobs_per_second": jobs / took,
        "cpu_ms_per_job": 1000 * found["cpu"] / jobs,
        "requests_per_job": sum(stats["requests"].values()) / jobs,
        "duplicates": stats["duplicates"],
        "jobs_at_service": stats["jobs_created"],
        "mib_over_start_by_jobs_done": tenths,
        "loop_late_p99_ms": 1000 * found["late_p99"],
    }


def sharing(stage: Stage, jobs: int, processes: int, url: str | None) -> dict[str, object]:
    """The same work by several processes in one SQLite file or PostgreSQL database."""
    plan = Plan(f"{processes} processes", "scale", jobs // processes, CONNECTIONS, full=True)
    found, took = stage.crowd(plan, processes, url)
    stats = stage.stats()
    return {
        "journal": "PostgreSQL" if url else "SQLite",
        "processes": processes,
        "seconds": took,
        "jobs_per_second": jobs / took,
        "cpu_ms_per_job": 1000 * sum(one["cpu"] for one in found) / jobs,
        "jobs_at_service": stats["jobs_created"],
        "duplicates": stats["duplicates"],
        "loop_late_p99_ms": 1000 * max(one["late_p99"] for one in found),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=100_000)
    parser.add_argument("--shared", type=int, default=4000)
    parser.add_argument("--postgresql", help="a database's URL, to share that as well")
    parser.add_argument("--output", type=Path, default=Path(__file__).parent / "scale.json")
    wanted = parser.parse_args()
    before = os.getloadavg()
    stage = Stage(None)
    with stage.open():
        shared = []
        for url in [None, wanted.postgresql] if wanted.postgresql else [None]:
            for processes in (1, 2, 4):
                shared.append(sharing(stage, wanted.shared, processes, url))
                print(shared[-1], file=sys.stderr)
        one = one_process(stage, wanted.jobs)
    found = {"machine": machine(), "load_before": before, "sharing": shared, "one_process": one}
    text = json.dumps(found, indent=1)
    wanted.output.write_text(text + "\n", encoding="utf-8")
    print(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
