"""Progress on a terminal: a bar per target, with the number of jobs in each status."""

from __future__ import annotations

import sys
from collections import Counter
from typing import TYPE_CHECKING, Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.theme import Theme

from quantum_async.models.job import JobStatus

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rich.progress import TaskID

    from quantum_async.models.job import JobEvent
    from quantum_async.models.sweep import SweepPoint

_SHOWN = {status: status.value for status in JobStatus} | {JobStatus.SUCCEEDED: "done"}
"""What each status is called, in the order in which they are shown."""
WIDE = 110
"""Columns from which there is room for a long bar."""
_THEME = Theme(
    # Rich's green, yellow and cyan cannot be read on a white background.
    {"progress.download": "bold", "progress.elapsed": "none", "progress.remaining": "none"}
)


class JobProgress:
    """A bar per target on standard error while a block lasts; nothing where that is no terminal.

    Args:
        expected: How many jobs each target is going to run.
        console: Where to draw; standard error by default.
    """

    def __init__(self, expected: Mapping[str, int], console: Console | None = None) -> None:
        self._console = console or Console(file=sys.stderr)
        self._statuses: dict[str, JobStatus] = {}
        self._counts: dict[str, Counter[JobStatus]] = {target: Counter() for target in expected}
        self._progress = Progress(
            TextColumn("{task.description}"),
            # Eighty columns hold the counts of statuses as well.
            BarColumn(bar_width=24 if self._console.width >= WIDE else 8),
            MofNCompleteColumn(),
            TextColumn("{task.fields[statuses]}", style="bright_black"),
            # The time left while it runs, and then the time it took.
            TimeRemainingColumn(compact=True, elapsed_when_finished=True),
            console=self._console,
            disable=not self.is_shown,
        )
        self._tasks: dict[str, TaskID] = {
            target: self._progress.add_task(target, total=total, statuses="starting")
            for target, total in expected.items()
        }

    @property
    def is_shown(self) -> bool:
        """Whether anybody sees it."""
        return self._console.is_terminal and not self._console.is_dumb_terminal

    def __enter__(self) -> Self:
        self._console.push_theme(_THEME)
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        # Where nothing has happened there is nothing to leave on the screen.
        self._progress.live.transient = not self._statuses
        self._progress.stop()
        self._console.pop_theme()

    def take(self, event: JobEvent) -> None:
        """Show what happened to a job."""
        self._count(event.target, event.key, event.status)

    def settle(self, target: str, point: SweepPoint) -> None:
        """Show that a point has ended; one that a journal has the outcome of is in no event."""
        if point.ref is not None and point.ref.key not in self._statuses:
            status = JobStatus.SUCCEEDED if point.error is None else JobStatus.FAILED
            self._count(target, point.ref.key, status)

    def _count(self, target: str, key: str, status: JobStatus) -> None:
        counts = self._counts.get(target)
        if counts is None:
            return
        before = self._statuses.get(key)
        if before is not None:
            counts[before] -= 1
        counts[status] += 1
        self._statuses[key] = status
        words = [f"{counts[status]} {word}" for status, word in _SHOWN.items() if counts[status]]
        self._progress.update(
            self._tasks[target],
            completed=sum(number for status, number in counts.items() if status.is_terminal),
            statuses=" · ".join(words),
        )
