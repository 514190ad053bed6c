"""What the local provider knows of one job and of one batch."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from quantum_async.models.job import JobState, JobStatus

if TYPE_CHECKING:
    from quantum_async.models.batch import BatchRef, FailurePolicy
    from quantum_async.models.job import JobRef
    from quantum_async.models.result import Result
    from quantum_async.providers.local.work import Outcome, Task
    from quantum_async.simulation.effort import Effort

QUEUED = JobState(JobStatus.QUEUED)
RUNNING = JobState(JobStatus.RUNNING)
CANCELLED = JobState(JobStatus.CANCELLED)


@dataclass(eq=False, slots=True)
class LocalJob:
    """One job.

    Args:
        ref: How others name it.
        task: What is run; dropped once the job has ended.
        effort: What it asks of the machine.
        state: Where it stands.
        result: What it measured, until it is forgotten.
        attempts: How many workers died while they held it.
        is_reported: Whether somebody has been told the present state.
    """

    ref: JobRef
    task: Task | None
    effort: Effort
    state: JobState = QUEUED
    result: Result | None = None
    attempts: int = 0
    is_reported: bool = False

    @property
    def is_over(self) -> bool:
        """Whether the job has ended."""
        return self.state.status.is_terminal

    def move(self, state: JobState) -> None:
        """Change the state; a job that has ended keeps the one it has."""
        if not self.is_over and state is not self.state:
            self.state = state
            self.is_reported = False
        if self.is_over:
            self.task = None

    def finish(self, outcome: Outcome) -> None:
        """Take over how a worker ended it; a cancelled job stays cancelled."""
        if self.is_over:
            return
        status = JobStatus.FAILED if outcome.result is None else JobStatus.SUCCEEDED
        self.result = outcome.result
        self.move(JobState(status, outcome.message, run_time=outcome.seconds))


@dataclass(eq=False, slots=True)
class LocalBatch:
    """One batch.

    Args:
        ref: How others name it.
        on_failure: What a failed job does to the others.
        is_open: Whether it takes jobs.
        jobs: Its jobs.
    """

    ref: BatchRef
    on_failure: FailurePolicy | None = None
    is_open: bool = True
    jobs: list[LocalJob] = field(default_factory=list)
