"""A job of the world: a few moments in time from which its state follows."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING

from quantum_async.models.job import JobStatus

if TYPE_CHECKING:
    from collections.abc import Sequence

    from quantum_async.sandbox.simulator import Bundle, Outcome


class SandboxJob:
    """A job whose state is computed when it is asked for, so that waiting jobs cost nothing.

    Args:
        id: Its id.
        number: Its place among the provider's jobs, from 0.
        shots: How many shots it takes.
        accepted: World time at which it was accepted.
        run_time: How long it runs, in seconds.
        failure: Why it is going to fail, or ``None``.
        simulations: What is simulated for it, or ``None`` where counts are drawn.
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
        "simulations",
        "start",
        "stopped",
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
        simulations: Bundle | None = None,
    ) -> None:
        self.id: str = id
        self.number: int = number
        self.shots: int = shots
        self.accepted: float = accepted
        self.run_time: float = run_time
        self.failure: str | None = failure
        self.simulations: Bundle | None = simulations
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
        return (
            self.end
            if self.simulations is None
            else max(self.end, self.simulations.ready_at or 0.0)
        )

    @property
    def outcomes(self) -> Sequence[Outcome]:
        """What was simulated for each of its programs, once it has succeeded; else nothing."""
        return self.simulations.outcomes if self.simulations is not None else ()

    @property
    def outcome(self) -> Outcome | None:
        """What was simulated for a job of one program, once that is known."""
        return next(iter(self.outcomes), None)

    @property
    def error(self) -> str | None:
        """Why it failed, where it did."""
        return self.failure or (self.simulations.error if self.simulations is not None else None)

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
        if self.simulations is not None:
            self.simulations.cancel()
        return True

    def _ended(self) -> JobStatus:
        if self.failure is not None:
            return JobStatus.FAILED
        if self.simulations is None:
            return JobStatus.SUCCEEDED
        if self.simulations.ready_at is None:
            return JobStatus.RUNNING
        return JobStatus.FAILED if self.simulations.error else JobStatus.SUCCEEDED
