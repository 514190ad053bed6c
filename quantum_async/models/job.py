"""A job as it is known: its status, its picklable reference, its state."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from quantum_async.models.stored import stored

if TYPE_CHECKING:
    from quantum_async.models.cost import Cost


@stored("job-status")
class JobStatus(StrEnum):
    """Where a job stands; one enumeration for every provider."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLING = "cancelling"
    CANCELLED = "cancelled"
    UNKNOWN = "unknown"
    """The provider said something this package does not know; asking goes on for a while."""

    @property
    def is_terminal(self) -> bool:
        """Whether the job has ended and its status will not change again."""
        return self in _TERMINAL


_TERMINAL = frozenset({JobStatus.SUCCEEDED, JobStatus.FAILED, JobStatus.CANCELLED})


@dataclass(frozen=True, slots=True)
class JobRef:
    """All that is needed to find a job again, from any process; holds no secret.

    Args:
        provider: Registry name of the provider.
        id: The provider's id of the job.
        target: The device's name.
        key: Our key of the job, made before it was sent.
        index: Which program of the provider's job this is, where one job holds several; -1 for all
            of them together.
        batch_id: The batch or session it belongs to.
        account: Which account of the provider, where a program uses several.
        journal: Where the job is recorded, or ``None``.
        identity: Which server and account it is at, where a scheduler has submitted it: its
            client's `ProviderClient.identity`.
    """

    provider: str
    id: str
    target: str = ""
    key: str = field(default="", compare=False)
    index: int = 0
    batch_id: str | None = field(default=None, compare=False)
    account: str = ""
    journal: str | None = field(default=None, compare=False)
    identity: str = field(default="", compare=False, repr=False)

    def __hash__(self) -> int:
        # Every poll looks its jobs up several times; the other fields tell hardly any two apart.
        return hash((self.id, self.index))

    def __str__(self) -> str:
        place = f"{self.provider}:{self.target}" if self.target else self.provider
        part = f"[{self.index}]" if self.index > 0 else ""
        return f"{place}/{self.id}{part}"


@dataclass(frozen=True, slots=True)
class JobState:
    """What the provider last said of a job.

    Args:
        status: Where the job stands.
        message: The provider's words on a failure.
        queue_position: Jobs in front of this one.
        run_time: How long it ran, in seconds, once it has ended.
        reported: The provider's own word for the status.
        cost: What it cost, where the provider tells.
    """

    status: JobStatus
    message: str = ""
    queue_position: int | None = None
    run_time: float | None = None
    reported: str = ""
    cost: Cost | None = None


class JobEventKind(StrEnum):
    """What happened to a job."""

    SUBMITTED = "submitted"
    """A provider has accepted it, here or in another process."""
    QUEUED = "queued"
    """It goes on without running: ``status`` says whether it waits, or is being cancelled."""
    RUNNING = "running"
    """It was seen running; short jobs are often over before."""
    RETRIED = "retried"
    """A submission, a poll or a fetch failed, and is put off."""
    FINISHED = "finished"
    """Its result or its error is here."""


@dataclass(frozen=True, slots=True)
class JobEvent:
    """Something that happened to a job.

    Args:
        kind: What happened.
        key: The job's key.
        target: Where it runs, as ``provider:device``; a client with a name of its own has that in
            place of the provider's.
        status: The status after the event; of a job that ended without any word of its provider,
            ``failed`` where it was never accepted, and ``unknown`` where that cannot be known.
        time: Seconds since the epoch.
        job_id: The provider's id, once it is known.
        message: More, in words; of a repetition its reason, of an end without a result the error.
        shots: How many shots were asked for.
        batch_id: The provider's id of the batch or session it belongs to.
        queue_position: Jobs in front of this one, where the provider tells.
        cost: What it cost, where the provider tells.
        error_type: Of an end without a result, the name of the error's class.
    """

    kind: JobEventKind
    key: str
    target: str
    status: JobStatus
    time: float
    job_id: str | None = None
    message: str = ""
    shots: int = 0
    batch_id: str | None = None
    queue_position: int | None = None
    cost: Cost | None = None
    error_type: str = ""

    @property
    def provider(self) -> str:
        """What the client is called: the provider's registry name, or a name of its own."""
        return self.target.partition(":")[0]
