"""The figures as a Markdown table and as JSON."""

from __future__ import annotations

import json
import statistics
from typing import TYPE_CHECKING

from goals import GOALS

if TYPE_CHECKING:
    from pathlib import Path

    from stage import Plan

COLUMNS = {
    "wall": ("wall s", "{:.2f}"),
    "cpu_ms_per_job": ("CPU ms/job", "{:.2f}"),
    "requests_per_job": ("requests/job", "{:.2f}"),
    "polls_per_job": ("polls/job", "{:.3f}"),
    "lag_mean": ("lag mean s", "{:.3f}"),
    "lag_p95": ("lag p95 s", "{:.3f}"),
    "peak_kib_per_job": ("peak KiB/job", "{:.1f}"),
    "held_kib_per_job": ("in flight KiB/job", "{:.2f}"),
    "stall": ("stall ms", "{:.1f}"),
    "stall_cpu": ("of it CPU ms", "{:.1f}"),
    "service_busy": ("service busy", "{:.0%}"),
}
AGAINST = ("expert", "threads", "serial", "oracle", "oracle, batched", "raw")
"""Baselines that each row's wall time and CPU are divided by."""


def medians(rounds: dict[str, list[dict[str, float]]]) -> dict[str, dict[str, float]]:
    """By row, of all rounds that have the figure."""
    return {
        row: {
            name: statistics.median(one[name] for one in found if name in one) for name in found[0]
        }
        for row, found in rounds.items()
        if found
    }


def document(
    rounds: dict[str, list[dict[str, float]]],
    plans: list[Plan],
    facts: dict[str, object],
) -> dict[str, object]:
    """Everything that was found, as it is written to ``results.json``."""
    rows = medians(rounds)
    return {
        **facts,
        "rows": rows,
        "ratios": _ratios(rows),
        "goals": [goal.judge(rows) for goal in GOALS],
        "scaled": {p.name: f"{p.jobs} jobs for {p.scaled_to}" for p in plans if p.scaled_to},
        "rounds": rounds,
    }


def _ratios(rows: dict[str, dict[str, float]]) -> dict[str, dict[str, float]]:
    """The engine's rows divided by baselines of as many jobs."""
    return {
        name: {
            f"{figure} over {other}": row[figure] / rows[other][figure]
            for figure in ("wall", "cpu_ms_per_job")
            for other in (*AGAINST, "raw, ten times the jobs")
            if other in rows and rows[other]["jobs"] == row["jobs"]
        }
        for name, row in rows.items()
        if name.startswith("engine") and "wall" in row
    }


def markdown(found: dict[str, object]) -> str:
    """The same for people."""
    parts = [
        "# Benchmark",
        f"Medians of {found['number_of_rounds']} interleaved rounds, in which every row is a fresh "
        f"process; {found['when']}; {found['seconds']} s in all."
        + (f" Once only: {', '.join(found['once'])}." if found["once"] else ""),
        f"Machine: {found['machine']}. Load before: {found['load_before']}.",
        "Versions: " + ", ".join(f"{k} {v}" for k, v in found["versions"].items()) + ".",
        "Extrapolated: " + "; ".join(f"{k} ({v})" for k, v in found["scaled"].items()) + ".",
        _goals(found["goals"]),
        _rows(found["rows"]),
        _table(found["ratios"]),
    ]
    return "\n\n".join(parts) + "\n"


def _goals(goals: list[dict[str, object]]) -> str:
    lines = ["| goal | bound | found | met |", "|---|---|---|---|"]
    words = {True: "yes", False: "**no**", None: "not run"}
    for goal in goals:
        figure = "" if goal["found"] is None else f"{goal['found']:.3g}"
        lines.append(f"| {goal['goal']} | {goal['bound']} | {figure} | {words[goal['met']]} |")
    return "\n".join(lines)


def _rows(rows: dict[str, dict[str, float]]) -> str:
    titles = [title for title, _ in COLUMNS.values()]
    lines = ["| client | jobs | " + " | ".join(titles) + " |", "|---" * (len(titles) + 2) + "|"]
    for name, row in rows.items():
        if "jobs" not in row:
            continue
        cells = [f.format(row[c]) if c in row else "" for c, (_, f) in COLUMNS.items()]
        lines.append(f"| {name} | {row['jobs']:.0f} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _table(ratios: dict[str, dict[str, float]]) -> str:
    names = list(dict.fromkeys(name for row in ratios.values() for name in row))
    shown = [name.replace("cpu_ms_per_job", "CPU") for name in names]
    lines = ["| ratio | " + " | ".join(shown) + " |", "|---" * (len(names) + 1) + "|"]
    for name, row in ratios.items():
        cells = [f"{row[one]:.3g}" if one in row else "" for one in names]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def write(found: dict[str, object], folder: Path) -> None:
    text = json.dumps(found, indent=1)
    (folder / "results.json").write_text(text + "\n", encoding="utf-8")
    (folder / "results.md").write_text(markdown(found), encoding="utf-8")
