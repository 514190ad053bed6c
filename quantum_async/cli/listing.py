"""Runs and jobs of a journal as people read them; programs read the JSON."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from rich.console import Console

from quantum_async.cli.findings import id_of
from quantum_async.display.lines import print_lines
from quantum_async.display.tables import print_table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from quantum_async.journal.records import BadRow, StoredJob, StoredRun

RUN = ("run", "started", "~process", "alive", "#unfinished")
JOB = ("job", "target", "state", "sweep", "#point", "#shots", "~id")


def print_journal(
    runs: Sequence[StoredRun],
    jobs: Sequence[StoredJob],
    bad: Sequence[BadRow],
    *,
    hidden: int,
    forlorn: int,
) -> None:
    """Print what a journal holds.

    Args:
        runs: Its runs.
        jobs: The jobs that are to be shown.
        bad: The rows that cannot be read.
        hidden: How many others have ended.
        forlorn: How many unfinished ones no living process follows.
    """
    console = Console(highlight=False)
    if runs:
        print_table(console, RUN, map(_run_row, runs))
    if jobs:
        if runs and console.is_terminal:
            console.print()
        print_table(console, JOB, map(_job_row, jobs))
    if hidden:
        print_lines(console, f"{hidden} finished jobs are not shown; --all shows them")
    if forlorn:
        print_lines(console, f"no process follows {forlorn} of them; jobs resume does")
    print_lines(console, *(f"unreadable {row.kind} row {row.key}: {row.reason}" for row in bad))


def print_job(job: Mapping[str, object]) -> None:
    """Print one job, a line for each thing that is known of it.

    Args:
        job: Its document.
    """
    (_, key), *others = job.items()
    told = ((name.replace("_", " "), _told(name, value)) for name, value in others)
    rows = [[name, words] for name, words in told if words]
    print_table(Console(highlight=False), ("job", str(key)), rows)


def _shown(value: object) -> str:
    if isinstance(value, dict):
        return f"{complex(value['real'], value['imag']):.4f}"
    return f"{value:.4f}"


def _told(name: str, value: object) -> str:
    if name == "created" and isinstance(value, float):
        return _moment(value)
    if name == "expectation_values" and isinstance(value, dict):
        return ", ".join(f"⟨{name}⟩={_shown(v['value'])}" for name, v in value.items())
    if name == "error" and isinstance(value, dict):
        return f"{value['type']}: {value['message']}"
    if isinstance(value, dict):
        return ", ".join(f"{key}: {part}" for key, part in value.items())
    if isinstance(value, float):
        return f"{value:.6g}"
    return "" if value is None else str(value)


def _moment(seconds: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(seconds))


def _run_row(run: StoredRun) -> list[str]:
    alive = "yes" if run.is_alive else "no"
    return [run.id, _moment(run.started), f"{run.pid}@{run.host}", alive, str(run.unfinished)]


def _job_row(job: StoredJob) -> list[str]:
    return [
        job.spec.key[:12],
        f"{job.provider}:{job.target}",
        str(job.state),
        job.place.sweep or "",
        "" if job.place.point is None else str(job.place.point),
        str(job.spec.shots),
        id_of(job) or "",
    ]
