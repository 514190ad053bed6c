"""A job of the world: a few moments in time from which its state follows."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING

from quantum_async.models.job import JobStatus

if TYPE_CHECKING:
    from quantum_async.sandbox.simulator import Outcome, Ticket


class SandboxJob:
    """A job whose state is computed when it is asked for, so that waiting jobs cost nothing.

    Args:
        id: Its id.
        number: Its place among the provider's jobs, from 0.
        shots: How many shots it takes.
        accepted: World time at which it was accepted.
        run_time: How long it runs, in seconds.
        failure: Why it is going to fail, or ``None``.
        ticket: Its simulation, or ``None`` where counts are drawn.
    """

    __slots__ = (
        "accepted",
        "cancelled",
        "end",
        "failure",
        "id",
        "number",
        "run_time",
        "shots",
        "start",
        "stopped",
        "ticket",
    )

    def __init__(
        self,
        *,
        id: str,
        number: int,
        shots: int,
        accepted: float,
        run_time: float,
        failure: str | None = None,
        ticket: Ticket | None = None,
    ) -> None:
        self.id: str = id
        self.number: int = number
        self.shots: int = shots
        self.accepted: float = accepted
        self.run_time: float = run_time
        self.failure: str | None = failure
        self.ticket: Ticket | None = ticket
        self.start: float = inf
        self.end: float = inf
        self.cancelled: float | None = None
        self.stopped: float | None = None

    def status(self, now: float) -> JobStatus:
        """Say where the job stands at a world time."""
        if self.stopped is not None:
            return JobStatus.CANCELLED if now >= self.stopped else JobStatus.CANCELLING
        if now < self.start:
            return JobStatus.QUEUED
        if now < self.end:
            return JobStatus.RUNNING
        return self._ended()

    def finished(self, now: float) -> float | None:
        """Say when the job ended, or ``None`` while it has not."""
        if not self.status(now).is_terminal:
            return None
        if self.stopped is not None:
            return self.stopped
        return self.end if self.ticket is None else max(self.end, self.ticket.ready_at or 0.0)

    @property
    def outcome(self) -> Outcome | None:
        """What was simulated, once that is known."""
        return self.ticket.outcome if self.ticket is not None else None

    @property
    def error(self) -> str | None:
        """Why it failed, where it did."""
        return self.failure or (self.ticket.error if self.ticket is not None else None)

    def cancel(self, now: float, cancel_time: float) -> bool:
        """Cancel the job; a queued one stops at once, a running one after `cancel_time`.

        Returns:
            Whether it could still be cancelled.
        """
        status = self.status(now)
        if status not in {JobStatus.QUEUED, JobStatus.RUNNING}:
            return False
        self.cancelled = now
        self.stopped = now + (cancel_time if status is JobStatus.RUNNING else 0.0)
        self.end = self.stopped
        if self.ticket is not None:
            self.ticket.cancel()
        return True

    def _ended(self) -> JobStatus:
        if self.failure is not None:
            return JobStatus.FAILED
        if self.ticket is None:
            return JobStatus.SUCCEEDED
        if self.ticket.ready_at is None:
            return JobStatus.RUNNING
        return JobStatus.FAILED if self.ticket.error else JobStatus.SUCCEEDED
