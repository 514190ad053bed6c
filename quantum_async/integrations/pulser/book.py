"""The book: what is known of batches, so that nothing is asked twice."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from quantum_async.integrations.pulser.outcomes import Outcome, failure
from quantum_async.models.job import JobState, JobStatus

if TYPE_CHECKING:
    from collections.abc import Iterable

    from quantum_async.errors import QuantumAsyncError
    from quantum_async.models.batch import BatchRef
    from quantum_async.models.job import JobRef
    from quantum_async.models.result import Result

_KEPT = 10_000
"""Jobs and batches that are remembered; those that were used least lately are forgotten."""

_UNKNOWN = JobState(JobStatus.QUEUED)


@dataclass(slots=True)
class BatchEntry:
    """What is known of one batch.

    Args:
        ref: How the provider names it.
        jobs: Its jobs that are known, in the order of their creation.
        is_open: Whether it was opened here and not closed yet.
        is_closed: Whether it is known to take no more jobs.
        is_complete: Whether no other jobs can be in it.
    """

    ref: BatchRef
    jobs: dict[str, JobRef] = field(default_factory=dict)
    is_open: bool = False
    is_closed: bool = False
    is_complete: bool = False


@dataclass(slots=True)
class _JobEntry:
    state: JobState = _UNKNOWN
    result: Result | None = None
    error: QuantumAsyncError | None = None
    troubled_since: float | None = None


class Book:
    """What is known of the batches and jobs of one client."""

    def __init__(self) -> None:
        self._batches: OrderedDict[str, BatchEntry] = OrderedDict()
        self._jobs: OrderedDict[str, _JobEntry] = OrderedDict()

    def batch(self, batch_id: str) -> BatchEntry | None:
        """Find a batch."""
        return self._batches.get(batch_id)

    def enter(self, entry: BatchEntry) -> None:
        """Note a batch."""
        self._batches[entry.ref.id] = entry
        closed = [name for name, known in self._batches.items() if not known.is_open]
        for name in closed[: max(0, len(self._batches) - _KEPT)]:
            del self._batches[name]

    def open_batches(self) -> list[BatchEntry]:
        """List the batches that were opened here and not closed yet."""
        return [entry for entry in self._batches.values() if entry.is_open]

    def state(self, job_id: str) -> JobState:
        """Say where a job stood when somebody last asked."""
        return self._entry(job_id).state

    def move(self, job_id: str, state: JobState) -> None:
        """Note where a job stands; one that has ended stays where it is."""
        entry = self._entry(job_id)
        if not entry.state.status.is_terminal:
            entry.state = state

    def live(self, refs: Iterable[JobRef]) -> list[JobRef]:
        """Pick the jobs that are not known to have ended."""
        return [ref for ref in refs if not self.state(ref.id).status.is_terminal]

    def ready(self, refs: Iterable[JobRef]) -> list[JobRef]:
        """Pick the jobs whose result can be fetched and was not."""
        return [
            ref
            for ref in refs
            if (entry := self._entry(ref.id)).state.status is JobStatus.SUCCEEDED
            and entry.result is None
            and entry.error is None
        ]

    def keep(self, job_id: str, result: Result) -> None:
        """Note a result, which never changes."""
        self._entry(job_id).result = result

    def fail(self, job_id: str, error: QuantumAsyncError) -> None:
        """Note why a result will never come."""
        self._entry(job_id).error = error

    def trouble(self, job_id: str, now: float) -> float:
        """Note that a result did not come, and say for how many seconds that has been so."""
        entry = self._entry(job_id)
        if entry.troubled_since is None:
            entry.troubled_since = now
        return now - entry.troubled_since

    def outcome(self, ref: JobRef) -> Outcome:
        """Sum up what is known of a job."""
        entry = self._entry(ref.id)
        error = entry.error or failure(ref, entry.state)
        return Outcome(ref.id, entry.state, entry.result, error)

    def _entry(self, job_id: str) -> _JobEntry:
        entry = self._jobs.setdefault(job_id, _JobEntry())
        self._jobs.move_to_end(job_id)
        while len(self._jobs) > _KEPT:
            self._jobs.popitem(last=False)
        return entry
