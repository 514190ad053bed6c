"""Progress of a wait: looked at in ticks and drawn on the thread, and so in the cell, that waits."""

from __future__ import annotations

import logging
import sys
import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from quantum_async.blocking._session import Session
    from quantum_async.display.live import Drawing, Standing

logger = logging.getLogger(__name__)

PATIENCE = 0.4
"""Seconds of waiting before anything is drawn: most waits are shorter."""

INTERVAL = 0.2
"""Least time in seconds between two drawings."""


class Reporter:
    """Draw how far one wait has come.

    Args:
        subject: The async object that is waited for; what has no progress shows nothing.
        session: Says whether to draw; without one, nothing is drawn.
    """

    __slots__ = (
        "_drawing",
        "_drawn",
        "_lines",
        "_most",
        "_progress",
        "_start",
        "_subject",
        "_thread",
    )

    def __init__(self, subject: object, session: Session | None = None) -> None:
        progress = session.progress if session is not None else False
        self._lines = session.lines if session is not None else {}
        self._subject = subject
        self._progress = progress
        self._start = self._drawn = 0.0 if progress is False else time.monotonic()
        self._most = 0
        self._drawing: Drawing | None = None
        self._thread = 0

    def tick(self) -> None:
        """Draw, where it is time to."""
        if self._progress is False:
            return
        now = time.monotonic()
        if now - self._start < PATIENCE or now - self._drawn < INTERVAL:
            return
        self._drawn = now
        self._draw(now)

    def finish(self, *, stopped: bool = False) -> None:
        """Draw for the last time, if anything was drawn.

        Args:
            stopped: Whether the wait was given up.
        """
        if self._drawing is None or threading.get_ident() != self._thread:
            return
        self._draw(time.monotonic(), is_over=True, stopped=stopped)
        self._drawing = None
        self._start = self._drawn = time.monotonic()

    def _draw(self, now: float, *, is_over: bool = False, stopped: bool = False) -> None:
        # A picture that fails must not take the work with it.
        try:
            if self._drawing is None:
                self._thread = threading.get_ident()
                self._drawing = self._open()
            if self._drawing is not None:
                self._draw_on(self._drawing, now - self._start, is_over=is_over, stopped=stopped)
        except Exception:
            logger.debug("progress could not be drawn", exc_info=True)
            self._progress = False

    def _draw_on(self, drawing: Drawing, elapsed: float, *, is_over: bool, stopped: bool) -> None:
        standing = standing_of(self._subject, self._most)
        if standing is None:
            return
        self._most = standing.total
        words = [standing.words] if standing.words else []
        words.append(f"stopped after {elapsed:.1f} s" if stopped else f"{elapsed:.1f} s")
        drawing.draw(standing, " · ".join(words), is_over=is_over)

    def _open(self) -> Drawing | None:
        cell = running_cell()
        wanted = cell is not None if self._progress is None else True
        standing = standing_of(self._subject) if wanted else None
        if standing is None:
            self._progress = False
            return None
        from quantum_async.display.live import drawing

        if standing.total > 1:
            return drawing(in_notebook=cell is not None)
        # An adaptive loop waits for one job after the other: one line is enough for them.
        return self._lines.setdefault(cell, drawing(in_notebook=cell is not None))


def running_cell() -> int | None:
    """Number the notebook's cell that this thread's output goes to; ``None`` where there is none."""
    if "IPython" not in sys.modules or threading.current_thread() is not threading.main_thread():
        return None
    from IPython.core.getipython import get_ipython

    shell = get_ipython()
    return int(shell.execution_count) if shell is not None and hasattr(shell, "kernel") else None


def standing_of(subject: object, most: int = 0) -> Standing | None:
    """Read how far an async object has come, from any thread.

    Args:
        subject: The object.
        most: The largest total seen so far, for what does not know its own.

    Returns:
        Nothing for what has no progress to show.
    """
    from quantum_async.display.live import Standing
    from quantum_async.scheduler.job import Completions, Job
    from quantum_async.scheduler.scheduler import Scheduler
    from quantum_async.scheduler.sweep import Sweep

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
