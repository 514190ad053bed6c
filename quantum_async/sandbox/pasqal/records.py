"""What the service keeps: batches, their jobs, and workloads."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from quantum_async.models.job import JobStatus

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic import JsonValue

    from quantum_async.sandbox.clock import Clock
    from quantum_async.sandbox.jobs import SandboxJob
    from quantum_async.sandbox.pasqal.sequences import Sequence
    from quantum_async.sandbox.pasqal.specs import Machine

WORDS = {
    JobStatus.QUEUED: "PENDING",
    JobStatus.RUNNING: "RUNNING",
    JobStatus.SUCCEEDED: "DONE",
    JobStatus.FAILED: "ERROR",
    JobStatus.CANCELLING: "CANCELING",
    JobStatus.CANCELLED: "CANCELED",
    JobStatus.UNKNOWN: "UNKNOWN",
}
"""The service's words for where a job stands."""


@dataclass(slots=True, eq=False)
class PasqalJob:
    """A job of a batch.

    Args:
        work: The job in the world.
        batch: Its batch.
        runs: The shots that were asked for, or ``None``.
        variables: Values of the sequence's variables, or ``None``.
        sequence: What it runs.
        own_sequence: Whether it brought the sequence itself.
        order: Its place in the batch, from 1.
        listed: World time from which lists show it.
        parent_id: The job it repeats.
    """

    work: SandboxJob
    batch: Batch
    runs: int | None
    variables: dict[str, JsonValue] | None
    sequence: Sequence
    own_sequence: bool
    order: int
    listed: float
    parent_id: str | None = None

    def word(self, now: float) -> str:
        """Say where it stands, in the service's words."""
        if self.batch.paused and not self.work.status(now).is_terminal:
            return "PAUSED"
        return WORDS[self.work.status(now)]


@dataclass(slots=True, eq=False)
class Batch:
    """A batch.

    Args:
        id: Its id.
        project_id: The project that pays.
        user_id: Who sent it.
        machine: The device type.
        sequence: The sequence its jobs share, or ``None``.
        created: World time of its creation.
        listed: World time from which lists show it.
        open: Whether it was opened to take further jobs.
        tags: Its tags.
        clock: The world's clock.
        webhook: Where to report.
        configuration: The legacy emulator configuration.
        backend_configuration: The emulation configuration as text.
        parent_id: The batch it repeats.
        origin: Which door it came through.
    """

    id: str
    project_id: str
    user_id: str
    machine: Machine
    sequence: Sequence | None
    created: float
    listed: float
    open: bool
    tags: list[str]
    clock: Clock = field(repr=False)
    webhook: JsonValue = None
    configuration: JsonValue = None
    backend_configuration: str | None = None
    parent_id: str | None = None
    origin: str = "CLIENT"
    jobs: list[PasqalJob] = field(default_factory=list)
    updated: float = 0.0
    closed: float | None = None
    cancelled: float | None = None
    timed_out: float | None = None
    _final: Counter[JobStatus] | None = None

    @property
    def paused(self) -> bool:
        """Whether the service stands still."""
        return self.clock.is_paused

    def settle(self, now: float, patience: float) -> None:
        """Let an open batch time out that has been idle for too long.

        Args:
            now: World time.
            patience: How long it may be idle, in seconds.
        """
        if not self.open:
            return
        idle_since = self._idle_since(now)
        if idle_since is not None and now >= idle_since + patience:
            self.open = False
            self.timed_out = idle_since + patience

    def counts(self, now: float) -> Mapping[str, int]:
        """Count its jobs by the service's words."""
        words = ("PENDING", "RUNNING", "DONE", "ERROR", "CANCELED")
        counts: dict[str, int] = dict.fromkeys(words, 0)
        for status, number in self._tally(now).items():
            paused = self.paused and not status.is_terminal
            word = "PAUSED" if paused else WORDS[status]
            counts[word] = counts.get(word, 0) + number
        return counts

    def status(self, now: float) -> str:
        """Say where the batch stands."""
        counts = self._tally(now)
        live = [status for status in counts if not status.is_terminal]
        if self.cancelled is not None:
            return "CANCELING" if JobStatus.CANCELLING in counts else "CANCELED"
        if self.timed_out is not None:
            return "TIMED_OUT"
        if self.paused and (live or self.open):
            return "PAUSED"
        if self.open:
            return "PENDING" if set(counts) == {JobStatus.QUEUED} else "RUNNING"
        if not live:
            return "ERROR" if self._is_unreadable() else "DONE"
        return "PENDING" if set(counts) == {JobStatus.QUEUED} else "RUNNING"

    def is_over(self, now: float) -> bool:
        """Whether nothing will happen to it any more."""
        return not self.open and all(status.is_terminal for status in self._tally(now))

    def started(self, now: float) -> float | None:
        """Say when its first job started."""
        starts = [job.work.start for job in self.jobs if job.work.start <= now]
        return min(starts, default=None)

    def ended(self, now: float) -> float | None:
        """Say when the last of it ended."""
        if self.open:
            return None
        ends = [job.work.finished(now) for job in self.jobs]
        known = [end for end in ends if end is not None]
        if len(known) < len(ends):
            return None
        final = self.timed_out or self.cancelled or self.closed or self.created
        return max([final, *known])

    def _tally(self, now: float) -> Counter[JobStatus]:
        if self._final is not None:
            return self._final
        tally = Counter(job.work.status(now) for job in self.jobs)
        if not self.open and all(status.is_terminal for status in tally):
            # Nothing can change any more, and large batches are asked about often.
            self._final = tally
        return tally

    def _idle_since(self, now: float) -> float | None:
        ends = [job.work.finished(now) for job in self.jobs]
        known = [end for end in ends if end is not None]
        return max([self.updated, *known]) if len(known) == len(ends) else None

    def _is_unreadable(self) -> bool:
        return bool(self.jobs) and all(job.sequence.problem for job in self.jobs)


@dataclass(slots=True, eq=False)
class Workload:
    """A workload.

    Args:
        work: The job in the world.
        project_id: The project that pays.
        user_id: Who sent it.
        kind: Its type.
        backend: What runs it.
        config: Its configuration.
    """

    work: SandboxJob
    project_id: str
    user_id: str
    kind: str
    backend: str
    config: JsonValue
