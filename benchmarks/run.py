"""All benchmarks side by side: engine and baselines in interleaved rounds against one sandbox.

Run with `nox -s bench`, or `python benchmarks/run.py --vendor PYTHON [--quick] [--rounds 5]`;
`--only` names rows. Writes ``results.json`` and ``results.md``; says which goals were met.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import bench_circuits
import bench_endings
import bench_import
import bench_leaving
import bench_local
import bench_megabyte
import bench_wire
from report import document, markdown, write
from stage import Plan, Stage, machine

HERE = Path(__file__).parent
OPEN = 128
"""Connections of every client that lets one choose, at 1,000 jobs: speed that was asked for."""
WIDE = 256
"""The same at ten times the jobs."""
SINGLE = {"single": True}
LEAVING_ROUNDS = 3
"""A round leaves a block of each provider for each obstacle, most of which take their whole grace."""
LOCAL_ROUNDS = 3
"""A round of local sweeps takes most of a minute, and holds medians of its own."""
QUICK = {
    *("engine", "expert", "oracle", "engine, single", "raw", "threads", "serial"),
    *("engine, ten times the jobs", "raw, ten times the jobs", "engine traced, ten times"),
}
"""The rows of a quick run."""
ONCE = {"oracle, batched", "raw, single", "engine, polite", "oracle traced", "vendor traced"}
"""Rows that no goal needs: they are run in the first round alone."""
OTHERS = ("import", "megabyte", "wire", "local", "circuits", "endings", "leaving")
"""What needs no jobs at a service, or only few."""


def plans(jobs: int, threads: int, serial: int) -> list[Plan]:
    """Every row; the large ones have ten times the jobs."""
    many = 10 * jobs
    return [
        Plan("engine", "engine", jobs, OPEN),
        Plan("expert", "vendor", jobs, manner="expert"),
        Plan("oracle", "oracle", jobs, OPEN, **SINGLE),
        Plan("engine, single", "engine", jobs, OPEN, **SINGLE),
        Plan("oracle, batched", "oracle", jobs, OPEN),
        Plan("raw", "raw", jobs, OPEN),
        Plan("raw, single", "raw", jobs, OPEN, **SINGLE),
        Plan("engine, full", "engine", jobs, OPEN, full=True),
        Plan("engine, polite", "engine", jobs),
        Plan("engine, wide", "engine", jobs, WIDE),
        Plan("engine, ten times the jobs", "engine", many, WIDE),
        Plan("raw, ten times the jobs", "raw", many, WIDE),
        Plan("threads", "vendor", threads, manner="threads", scaled_to=jobs),
        Plan("serial", "vendor", serial, manner="serial", scaled_to=jobs),
        Plan("engine held", "engine", jobs, OPEN, hold=True),
        Plan("engine held, ten times", "engine", many, OPEN, hold=True),
        Plan("engine traced", "engine", jobs, OPEN, hold=True, traced=True),
        Plan("engine traced, ten times", "engine", many, OPEN, hold=True, traced=True),
        Plan("oracle traced", "oracle", jobs, OPEN, **SINGLE, hold=True, traced=True),
        Plan("vendor traced", "vendor", jobs, hold=True, traced=True),
    ]


def measure(stage: Stage, chosen: list[Plan], rounds: int) -> dict[str, list[dict[str, float]]]:
    """Run every row in each round, so that noise hits all of them."""
    found: dict[str, list[dict[str, float]]] = {plan.name: [] for plan in chosen}
    for number in range(rounds):
        for plan in chosen:
            if number and plan.name in ONCE:
                continue
            start = time.monotonic()
            row = {"jobs": plan.scaled_to or plan.jobs, **stage.run(plan)}
            found[plan.name].append(row)
            took = time.monotonic() - start
            wall = f"{row['wall']:.2f} s" if "wall" in row else f"{row['held_kib_per_job']:.1f} KiB"
            print(f"round {number + 1}: {plan.name}: {wall} ({took:.0f} s)", file=sys.stderr)
    return found


def other(
    name: str, vendor: str | None, stage: Stage, rounds: int, *, quick: bool
) -> list[dict[str, float]]:
    """One of the `OTHERS`, by round."""
    start = time.monotonic()
    match name:
        case "import":
            found = [bench_import.compare(rounds, vendor)]
        case "megabyte":
            found = bench_megabyte.measure(stage, vendor, rounds, beside=0 if quick else 1)
        case "wire":
            found = bench_wire.measure(rounds)
        case "circuits":
            found = bench_circuits.measure(rounds, quick=quick)
        case "endings":
            found = bench_endings.measure(rounds)
        case "leaving":
            found = bench_leaving.measure(min(rounds, LEAVING_ROUNDS))
        case _:
            found = bench_local.measure(min(rounds, LOCAL_ROUNDS), quick=quick)
    print(f"{name} ({time.monotonic() - start:.0f} s)", file=sys.stderr)
    return found


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--vendor", help="an interpreter that has the vendor's client")
    parser.add_argument("--quick", action="store_true", help="fewer jobs and rounds")
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--jobs", type=int)
    parser.add_argument("--strict", action="store_true", help="fail where a goal is missed")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--only", nargs="*", help=f"names of rows, or of the others: {', '.join(OTHERS)}"
    )
    parser.add_argument("--output", type=Path, default=HERE)
    return parser.parse_args()


def main() -> int:
    wanted = arguments()
    rounds = wanted.rounds or (1 if wanted.quick else 5)
    jobs = wanted.jobs or (200 if wanted.quick else 1000)
    rows = plans(jobs, *((32, 1) if wanted.quick else (160, 4)))
    if wanted.quick:
        rows = [plan for plan in rows if plan.name in QUICK]
    parts = [name for name in OTHERS if wanted.only is None or name in wanted.only]
    if wanted.only is not None:
        rows = [plan for plan in rows if plan.name in wanted.only]
    if wanted.vendor is None:
        rows = [plan for plan in rows if plan.client != "vendor"]
    load, start = os.getloadavg(), time.monotonic()
    stage = Stage(wanted.vendor, wanted.seed)
    with stage.open():
        found = measure(stage, rows, rounds)
        for name in parts:
            found[name] = other(name, wanted.vendor, stage, rounds, quick=wanted.quick)
    facts = {
        "when": datetime.now(UTC).isoformat(timespec="seconds"),
        "seconds": round(time.monotonic() - start),
        "number_of_rounds": rounds,
        "quick": wanted.quick,
        "once": sorted(plan.name for plan in rows if rounds > 1 and plan.name in ONCE),
        "machine": machine(),
        "load_before": [round(value, 2) for value in load],
        "pinned": stage.is_pinned,
        "versions": stage.versions(),
    }
    result = document(found, rows, facts)
    write(result, wanted.output)
    print(markdown(result))
    return int(wanted.strict and any(goal["met"] is False for goal in result["goals"]))


if __name__ == "__main__":
    sys.exit(main())
