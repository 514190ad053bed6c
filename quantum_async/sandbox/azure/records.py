"""Jobs and sessions as the service keeps them."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import inf
from typing import TYPE_CHECKING

from quantum_async.models.job import JobStatus

if TYPE_CHECKING:
    from pydantic import JsonValue

    from quantum_async.sandbox.azure.inputs import Work
    from quantum_async.sandbox.jobs import SandboxJob

_FINISHING = 0.8
"""At which share of its run time a job begins to finish."""


@dataclass(slots=True)
class AzureJob:
    """A job.

    Args:
        id: Its id, which the client chose.
        digest: What it was created with, so that a repetition is known.
        document: The fields that the client gave, without signatures.
        run: When it runs.
        work: What it asks of a simulator.
        container: The name of its container.
        blob: The name of its input.
        code: The service's word for its failure, if it is going to fail.
        listed: World time from which lists show it.
        session: Its session.
        tags: Free words.
    """

    id: str
    digest: str
    document: dict[str, JsonValue]
    run: SandboxJob
    work: Work | None
    container: str
    blob: str
    code: str
    listed: float
    session: Session | None = None
    tags: list[str] = field(default_factory=list)
    modified: float = 0.0
    has_output: bool = False

    @property
    def target(self) -> str:
        """Its target."""
        return str(self.document["target"])

    @property
    def output_format(self) -> str:
        """How its output is wanted."""
        return str(self.document.get("outputDataFormat") or "")

    def word(self, now: float, kind: str) -> str:
        """Say where it stands in the service's words."""
        status, run = self.run.status(now), self.run
        if status is JobStatus.QUEUED:
            late = now - run.accepted >= (min(run.start, now + 1) - run.accepted) / 2
            return "Waiting" if kind == "V1" or late else "Queued"
        if status is JobStatus.RUNNING:
            return "Finishing" if now - run.start > _FINISHING * run.run_time else "Executing"
        if status is JobStatus.CANCELLING:
            return _cancelling(run, now, kind)
        if status is JobStatus.SUCCEEDED:
            return "Succeeded" if kind == "V1" else "Completed"
        return {JobStatus.FAILED: "Failed", JobStatus.CANCELLED: "Cancelled"}[status]

    def failed_at(self, now: float) -> float:
        """Say when it failed; never, where it has not."""
        if self.run.status(now) is not JobStatus.FAILED:
            return inf
        return self.run.finished(now) or now


def _cancelling(run: SandboxJob, now: float, kind: str) -> str:
    if kind == "V1":
        return "Executing"
    start, end = run.cancelled or now, run.stopped or now
    return "CancellationRequested" if now < (start + end) / 2 else "Cancelling"


@dataclass(slots=True)
class Session:
    """A session.

    Args:
        id: Its id, which the client chose.
        document: The fields that the client gave.
        policy: ``"Abort"`` or ``"Continue"``.
        created: World time of its creation.
        jobs: Its jobs, in the order of their creation.
        closed: World time at which it was closed, or ``None``.
        timed_out: World time at which it timed out, or ``None``.
    """

    id: str
    document: dict[str, JsonValue]
    policy: str
    created: float
    jobs: list[AzureJob] = field(default_factory=list)
    closed: float | None = None
    timed_out: float | None = None

    def settle(self, now: float, timeout: float) -> None:
        """Let the session time out where that is due."""
        if self.closed is not None or self.timed_out is not None or self._aborted(now) < inf:
            return
        ends = [job.run.finished(now) for job in self.jobs]
        if None in ends:
            return
        idle_since = max([self.created, *(end for end in ends if end is not None)])
        if now - idle_since >= timeout:
            self.timed_out = idle_since + timeout

    def word(self, now: float) -> str:
        """Say where it stands in the service's words."""
        if self.timed_out is not None:
            return "TimedOut"
        if self._aborted(now) < inf:
            return "Failed"
        failed = any(job.failed_at(now) < inf for job in self.jobs)
        if self.closed is not None and self._all_over(now):
            return "Failed" if failed else "Succeeded"
        if failed:
            return "Failure(s)"
        started = any(job.run.status(now) is not JobStatus.QUEUED for job in self.jobs)
        return "Executing" if started or (self.closed is not None and self.jobs) else "Waiting"

    def ended(self, now: float) -> float | None:
        """Say when it ended, or ``None`` while it has not."""
        if self.timed_out is not None:
            return self.timed_out
        if (aborted := self._aborted(now)) < inf:
            return aborted
        if self.closed is None or not self._all_over(now):
            return None
        return max([self.closed, *(job.run.finished(now) or 0.0 for job in self.jobs)])

    def takes_jobs(self, now: float) -> bool:
        """Say whether jobs can be added."""
        return self.closed is None and self.timed_out is None and self._aborted(now) == inf

    def _aborted(self, now: float) -> float:
        if self.policy != "Abort":
            return inf
        return min((job.failed_at(now) for job in self.jobs), default=inf)

    def _all_over(self, now: float) -> bool:
        return all(job.run.finished(now) is not None for job in self.jobs)
