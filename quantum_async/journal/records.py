"""What goes into the journal and comes out of it, as frozen values."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from quantum_async.models.submission import RunOptions

if TYPE_CHECKING:
    from quantum_async.errors import QuantumAsyncError
    from quantum_async.models.batch import BatchRef
    from quantum_async.models.job import JobRef
    from quantum_async.models.result import Result
    from quantum_async.models.submission import JobSpec


class SendState(StrEnum):
    """What became of a submission, as far as it is known."""

    INTENDED = "intended"
    """It is to be sent, and the provider is known not to have it."""
    SENDING = "sending"
    """It may have been sent: only the provider can say."""
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    UNKNOWN = "unknown"
    """The provider may have it and could not be asked."""


class WorkState(StrEnum):
    """How far a job has come."""

    PENDING = "pending"
    """Its submission decides."""
    ACCEPTED = "accepted"
    SUCCEEDED = "succeeded"
    """It is done, and its result is not here yet."""
    FETCHED = "fetched"
    FAILED = "failed"
    CANCELLED = "cancelled"
    REJECTED = "rejected"
    UNKNOWN = "unknown"


class BatchState(StrEnum):
    """What became of a batch, as far as it is known."""

    OPENING = "opening"
    """It may be open: only the provider can say."""
    OPEN = "open"
    CLOSED = "closed"
    REJECTED = "rejected"


SETTLED = frozenset({WorkState.FETCHED, WorkState.FAILED})
"""States in which a job has an outcome that stands."""
UNFINISHED = frozenset(
    {WorkState.PENDING, WorkState.ACCEPTED, WorkState.SUCCEEDED, WorkState.UNKNOWN}
)
"""States in which something remains to be done for a job, if only to find out what became of it."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a job belongs: under which lease, and in which sweep.

    Args:
        scope: The lease that covers it.
        sweep: The name of its sweep, or ``None``.
        point: Its place in the sweep.
    """

    scope: str
    sweep: str | None = None
    point: int | None = None


@dataclass(frozen=True, slots=True)
class Submission:
    """One wire submission that is about to be sent.

    Args:
        key: Our key of the submission.
        provider: Registry name of the provider.
        account: Which account of the provider.
        target: The device's name.
        jobs: What is sent, in order.
        places: Where each job belongs; all under one lease.
        batch: The open batch they go to, or ``None``.
        identity: Which server and account it goes to.
    """

    key: str
    provider: str
    account: str
    target: str
    jobs: tuple[JobSpec, ...]
    places: tuple[Place, ...]
    batch: BatchRef | None = None
    identity: str = ""

    @property
    def scope(self) -> str:
        """The lease that covers all of it."""
        return self.places[0].scope

    @property
    def shots(self) -> int:
        """Shots of all jobs together."""
        return sum(job.shots for job in self.jobs)


@dataclass(frozen=True, slots=True)
class StoredJob:
    """A job as the journal knows it.

    Args:
        spec: What was to be run.
        place: Where it belongs.
        state: How far it has come.
        submission: Key of its submission.
        provider: Registry name of the provider.
        target: The device's name.
        ref: Its reference, once the provider has accepted it.
        result: Its result, once it was fetched.
        error: Why it has no result.
        created: When it was first about to be sent, in seconds since the epoch.
        account: Which account of the provider.
        batch: The open batch it was sent to.
        identity: Which server and account it was sent to; empty where nobody noted it.
    """

    spec: JobSpec
    place: Place
    state: WorkState
    submission: str
    provider: str
    target: str
    ref: JobRef | None = None
    result: Result | None = field(default=None, repr=False)
    error: QuantumAsyncError | None = None
    created: float = 0.0
    account: str = ""
    batch: BatchRef | None = None
    identity: str = ""


@dataclass(frozen=True, slots=True)
class StoredSubmission:
    """A submission that is not known to be accepted or rejected.

    Args:
        key: Our key of the submission.
        state: What is known of it.
        jobs: Its jobs, in order.
        sent: When it was last about to be sent, in seconds since the epoch.
        quiet: Seconds until nothing of it can be under way any more from a process that has lost
            its lease and may still be alive.
    """

    key: str
    state: SendState
    jobs: tuple[StoredJob, ...]
    sent: float
    quiet: float = 0.0


@dataclass(frozen=True, slots=True)
class StoredBatch:
    """A batch as the journal knows it.

    Args:
        ref: Its reference; without an id where the provider's answer never came.
        state: What is known of it.
        scope: The lease that covers it.
        opened: When it was about to be opened, in seconds since the epoch.
        name: What people call it.
        identity: Which server and account it is at; empty where nobody noted it.
        quiet: Seconds until its opening cannot be under way any more, as for a submission.
    """

    ref: BatchRef
    state: BatchState
    scope: str
    opened: float = 0.0
    name: str = ""
    identity: str = ""
    quiet: float = 0.0


@dataclass(frozen=True, slots=True)
class SweepPlan:
    """What a named sweep runs; the same name always means the same plan.

    Args:
        name: The sweep's name.
        program: What stands for its program: the same for one that is made anew.
        points: Digest of its points.
        size: Number of points.
        shots: Shots of each point.
        target: Where it runs, as ``provider:device``.
        options: Everything else.
        identity: Which server and account it runs at.
        written: Digest of the program's bytes, which stood for it in earlier versions.
    """

    name: str
    program: str
    points: str
    size: int
    shots: int
    target: str
    options: RunOptions = field(default_factory=RunOptions)
    identity: str = ""
    written: str = ""

    @property
    def scope(self) -> str:
        """The lease that covers the sweep."""
        return f"sweep:{self.name}"


@dataclass(frozen=True, slots=True)
class SweepStanding:
    """How far a named sweep has come, as the journal knows it.

    Args:
        size: Number of points.
        done: Points with an outcome that stands.
        under_way: Further points that a provider has, or may have.
        is_owned: Whether a living process answers for it.
    """

    size: int
    done: int
    under_way: int
    is_owned: bool

    @property
    def is_finished(self) -> bool:
        """Whether every point has an outcome that stands."""
        return self.done == self.size


@dataclass(frozen=True, slots=True)
class Claim:
    """Work that was taken over: this process holds its leases now.

    Args:
        submissions: What was not known to be accepted.
        jobs: Accepted jobs without an outcome, and in a sweep also those with one.
        batches: Batches that are or may be open.
        unreadable: Rows that belong to it and that this version cannot read.
    """

    submissions: tuple[StoredSubmission, ...] = ()
    jobs: tuple[StoredJob, ...] = ()
    batches: tuple[StoredBatch, ...] = ()
    unreadable: tuple[BadRow, ...] = ()


@dataclass(frozen=True, slots=True)
class StoredRun:
    """A scheduler's block as the journal knows it.

    Args:
        id: The run's id.
        started: When it began, in seconds since the epoch.
        host: The machine it ran on.
        pid: Its process there.
        is_alive: Whether it still holds its lease.
        unfinished: How many of its jobs have no outcome.
        sdk: Version of this package that it ran.
    """

    id: str
    started: float
    host: str
    pid: int
    is_alive: bool
    unfinished: int
    sdk: str = ""


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that cannot be read; it stays as it is, for a version or a provider that can.

    Args:
        kind: The table it is in.
        key: Its key.
        reason: What is wrong with it.
        point: Its place in its sweep, where it is a job of one.
    """

    kind: str
    key: str
    reason: str
    point: int | None = None

    def __str__(self) -> str:
        return f"{self.kind} {self.key}: {self.reason}"
