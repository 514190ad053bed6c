"""How far the work has come that somebody waits for, read without disturbing it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quantum_async.scheduler.job import Completions, Job
from quantum_async.scheduler.scheduler import Scheduler
from quantum_async.scheduler.sweep import Sweep

if TYPE_CHECKING:
    from quantum_async.display.live import Standing


def standing_of(subject: object, most: int = 0) -> Standing | None:
    """Read how far an async object has come, from any thread.

    Args:
        subject: The object.
        most: The largest total seen so far, for what does not know its own.

    Returns:
        Nothing for what has no progress to show.
    """
    from quantum_async.display.live import Standing

    if isinstance(subject, Sweep):
        label = f"sweep {subject.name}" if subject.name else "sweep"
        total = len(subject)
        return Standing(f"{label} on {subject.target}", subject.done, total, subject.failed)
    if isinstance(subject, Job):
        label = f"job {subject.id} on {subject.target}"
        return Standing(label, int(subject.is_settled), 1, words=str(subject.state.status))
    if isinstance(subject, Completions):
        return Standing("jobs", subject.done, len(subject))
    if isinstance(subject, Scheduler):
        left = len(subject.unfinished)
        total = max(most, left)
        return Standing("jobs of the scheduler", total - left, total) if total else None
    return None
