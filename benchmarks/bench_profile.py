"""Where a job's CPU goes, by part of the package and by purpose, next to the expert's whole.

Run `python benchmarks/bench_profile.py [--vendor PYTHON] [--jobs 1000] [--connections 128] [--single]
[--rounds 5]`. Milliseconds of CPU per job, means of all rounds; "other" is what no purpose could be
found for, above all reading what has arrived.
"""

from __future__ import annotations

import argparse
import statistics
from collections import Counter

from stage import Plan, Stage

PURPOSES = ("submit", "poll", "fetch", "write", "other")
GOAL = 0.45


def table(rows: list[dict[str, float]]) -> str:
    """Parts by their purposes, the largest first."""
    cells: Counter[tuple[str, str]] = Counter()
    for row in rows:
        for name, figure in row.items():
            if name.startswith("part "):
                part, purpose = name.removeprefix("part ").split(" / ")
                cells[part, purpose] += figure / len(rows)
    totals: Counter[str] = Counter()
    for (part, _), figure in cells.items():
        totals[part] += figure
    lines = [("part", *PURPOSES, "all"), ("---",) * (len(PURPOSES) + 2)]
    for part, total in totals.most_common():
        figures = [cells[part, purpose] for purpose in PURPOSES]
        lines.append((part, *(f"{figure:.3f}" for figure in (*figures, total))))
    sums = [sum(cells[part, purpose] for part in totals) for purpose in PURPOSES]
    lines.append(("all", *(f"{figure:.3f}" for figure in (*sums, totals.total()))))
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--vendor", help="an interpreter that has the vendor's client")
    parser.add_argument("--jobs", type=int, default=1000)
    parser.add_argument("--connections", type=int, default=128)
    parser.add_argument("--single", action="store_true", help="one job per batch")
    parser.add_argument("--rounds", type=int, default=5)
    wanted = parser.parse_args()
    ours = Plan("profiled", "profiled", wanted.jobs, wanted.connections, single=wanted.single)
    theirs = Plan("expert", "vendor", wanted.jobs, manner="expert")
    rows, expert = [], []
    stage = Stage(wanted.vendor)
    with stage.open():
        for _ in range(wanted.rounds):
            rows.append(stage.run(ours))
            if wanted.vendor is not None:
                expert.append(stage.run(theirs)["cpu_ms_per_job"])
    print(table(rows))
    if expert:
        cpu = statistics.median(expert)
        ratio = statistics.median(row["cpu_ms_per_job"] for row in rows) / cpu
        print(
            f"\nThe expert: {cpu:.2f} ms, of which the goal is {GOAL * cpu:.2f}: now {ratio:.2f}."
        )


if __name__ == "__main__":
    main()
