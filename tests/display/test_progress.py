from __future__ import annotations

import io

import pyte
import pytest
from rich.console import Console

from quantum_async.display.progress import JobProgress
from quantum_async.display.tables import print_table
from quantum_async.errors import JobFailedError
from quantum_async.models.job import JobEvent, JobEventKind, JobRef, JobStatus
from quantum_async.models.sweep import SweepPoint


def console(*, terminal: bool) -> Console:
    return Console(
        file=io.StringIO(), width=100, force_terminal=terminal, color_system=None, _environ={}
    )


def event(key: str, status: JobStatus, target: str = "local:pulser") -> JobEvent:
    return JobEvent(JobEventKind.RUNNING, key, target, status, 0.0)


def test_progress_counts_jobs_by_status() -> None:
    """The last line names how many jobs are in each status, and how many are over."""
    out = console(terminal=True)
    with JobProgress({"local:pulser": 4}, out) as progress:
        for key, status in [
            ("a", JobStatus.QUEUED), ("b", JobStatus.RUNNING), ("c", JobStatus.QUEUED),
            ("a", JobStatus.SUCCEEDED), ("c", JobStatus.FAILED),
        ]:  # fmt: skip
            progress.take(event(key, status))
        progress.take(event("d", JobStatus.RUNNING, target="elsewhere"))
    lines = out.file.getvalue().replace("\r", "\n").splitlines()
    last = [line for line in lines if "/4" in line][-1]
    assert "2/4" in last
    assert "1 running · 1 done · 1 failed" in last


def test_progress_counts_points_that_a_journal_knows() -> None:
    """Points that no event told of are counted as they are delivered, and no job twice."""
    out = console(terminal=True)
    with JobProgress({"local:pulser": 3}, out) as progress:
        progress.take(event("a", JobStatus.SUCCEEDED))
        for key, error in [("a", None), ("b", None), ("c", JobFailedError("no"))]:
            ref = JobRef("local", f"id-{key}", "pulser", key)
            progress.settle("local:pulser", SweepPoint(0, {}, error=error, ref=ref))
    lines = out.file.getvalue().replace("\r", "\n").splitlines()
    last = [line for line in lines if "/3" in line][-1]
    assert "3/3 2 done · 1 failed" in last


@pytest.mark.parametrize("events", [[], [event("a", JobStatus.RUNNING)]])
def test_progress_leaves_one_line_or_none(events: list[JobEvent]) -> None:
    """Where nothing has happened nothing is left on the screen, else one line per target."""
    out = console(terminal=True)
    with JobProgress({"local:pulser": 4}, out) as progress:
        for one in events:
            progress.take(one)
    screen = pyte.Screen(100, 10)
    pyte.Stream(screen).feed(out.file.getvalue().replace("\n", "\r\n"))
    left = [line for line in screen.display if line.strip()]
    assert [line.split()[0] for line in left] == ["local:pulser"] * len(events)


def test_no_progress_without_a_terminal() -> None:
    """Where nobody watches, nothing is drawn."""
    out = console(terminal=False)
    with JobProgress({"local": 1}, out) as progress:
        progress.take(event("a", JobStatus.RUNNING, target="local"))
    assert out.file.getvalue() == ""


def test_tables_become_tabs_in_a_pipe() -> None:
    """Without a terminal, cells are separated by tabs and nothing is cut or decorated."""
    out = console(terminal=False)
    print_table(out, ["name", "#shots"], [["x" * 200, "7"]])
    assert out.file.getvalue() == f"name\tshots\n{'x' * 200}\t7\n"


def test_tables_take_brackets_literally() -> None:
    """A file name with brackets is shown as it is, not read as markup."""
    out = console(terminal=True)
    print_table(out, ["name", "#shots"], [["[bold]a.qasm", "7"]])
    assert "[bold]a.qasm" in out.file.getvalue()
