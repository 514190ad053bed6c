"""Pasqal Cloud's JSON as it is on the wire; what a field may hold is read leniently."""

from __future__ import annotations

from enum import StrEnum
from functools import lru_cache
from typing import Annotated, ClassVar, Generic, NotRequired, TypeVar

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    JsonValue,
    StrictStr,
    with_config,
)
from typing_extensions import TypedDict

Data = TypeVar("Data")


class PasqalJobStatus(StrEnum):
    """What the service says of a job, or of a workload."""

    PENDING = "PENDING"
    RUNNING = "RUNNING"
    DONE = "DONE"
    ERROR = "ERROR"
    CANCELED = "CANCELED"
    CANCELING = "CANCELING"
    PAUSED = "PAUSED"
    TIMED_OUT = "TIMED_OUT"
    UNKNOWN = "UNKNOWN"
    """A word that this package does not know."""


class PasqalBatchStatus(StrEnum):
    """What the service says of a batch."""

    PENDING = "PENDING"
    RUNNING = "RUNNING"
    DONE = "DONE"
    ERROR = "ERROR"
    CANCELED = "CANCELED"
    CANCELING = "CANCELING"
    PAUSED = "PAUSED"
    TIMED_OUT = "TIMED_OUT"
    UNKNOWN = "UNKNOWN"
    """A word that this package does not know."""


class QueuePriority(StrEnum):
    """How urgent a project's batches are."""

    CRITICAL = "CRITICAL"
    HIGH = "HIGH"
    MEDIUM = "MEDIUM"
    LOW = "LOW"
    FREE = "FREE"


def _texts(value: object) -> object:
    # Errors have been seen as one string, as a list, and as null.
    if value is None:
        return ()
    items = value if isinstance(value, list | tuple) else [value]
    return tuple(item if isinstance(item, str) else str(item) for item in items)


def _reasons(value: object) -> object:
    if not isinstance(value, dict):
        return value or {}
    return {str(name): str(reason) for name, reason in value.items()}


# What is a list of strings already, as nearly all are, is read without a call of ours.
Texts = Annotated[
    tuple[StrictStr, ...] | Annotated[tuple[str, ...], BeforeValidator(_texts)],
    Field(union_mode="left_to_right"),
]
"""A list of strings, where null is the empty one."""

Reasons = Annotated[dict[str, str], BeforeValidator(_reasons)]
"""Why something was refused, by id."""


class Document(BaseModel):
    """An object of the service; fields that this package does not know are kept."""

    model_config: ClassVar[ConfigDict] = ConfigDict(
        frozen=True, extra="allow", coerce_numbers_to_str=True, protected_namespaces=()
    )


class Excerpt(BaseModel):
    """What is read of an object of the service that many answers hold; the rest is left out."""

    model_config: ClassVar[ConfigDict] = ConfigDict(extra="ignore", coerce_numbers_to_str=True)


class Answer(Excerpt, Generic[Data]):
    """What surrounds every answer; see `Envelope`."""

    data: Data


class Pagination(Document):
    """Where a page stands in its list."""

    total: int | None = None
    end: int | None = None


class Envelope(Document, Generic[Data]):
    """What surrounds every answer, with all of it; `Answer` is read faster."""

    data: Data
    pagination: Pagination | None = None


class PasqalJob(Document):
    """A job as the service describes it.

    Args:
        id: Its id.
        batch_id: The batch it belongs to.
        project_id: The project it belongs to.
        status: The service's word for where it stands; `state` is its enumeration.
        runs: Shots; emulators may leave them open.
        created_at: When, as the service writes it.
        updated_at: When, as the service writes it.
        start_timestamp: When, as the service writes it.
        end_timestamp: When, as the service writes it.
        errors: What went wrong.
        variables: Values of the sequence's variables.
        parent_id: What it repeats.
        sequence: Its own sequence; lists leave it out.
        creation_order: Its place among the jobs of its batch.
    """

    id: str
    batch_id: str = ""
    project_id: str = ""
    user_id: str | None = None
    status: str = ""
    runs: int | None = None
    created_at: str | None = None
    updated_at: str | None = None
    start_timestamp: str | None = None
    end_timestamp: str | None = None
    errors: Texts = ()
    variables: dict[str, JsonValue] | None = None
    parent_id: str | None = None
    sequence: str | None = Field(default=None, repr=False)
    creation_order: int | None = None

    @property
    def state(self) -> PasqalJobStatus:
        """The status as one of those that this package knows."""
        return job_word(self.status)


@with_config(ConfigDict(extra="ignore", coerce_numbers_to_str=True))
class JobGlance(TypedDict):
    """What a poll reads of a job: a hundred of them come with each answer.

    Args:
        id: Its id.
        status: The service's word for where it stands.
        errors: What went wrong.
        start_timestamp: When, as the service writes it.
        end_timestamp: When, as the service writes it.
    """

    id: str
    status: NotRequired[str]
    errors: NotRequired[Texts]
    start_timestamp: NotRequired[str | None]
    end_timestamp: NotRequired[str | None]


class PasqalBatch(Document):
    """A batch as the service describes it.

    Args:
        id: Its id.
        project_id: The project it belongs to.
        status: The service's word for where it stands; `state` is its enumeration.
        device_type: Where it runs.
        open: Whether it takes further jobs; ``None`` where the service does not say.
        jobs_count: How many jobs it has.
        jobs_count_per_status: How many of them have each status.
        tags: Its tags.
        sequence_builder: The sequence that its jobs share; lists leave it out.
        configuration: The legacy configuration of an emulator.
        backend_configuration: Pulser's configuration of an emulator, as text.
        jobs: Its jobs, in answers to changes; empty elsewhere.
        job_ids: Ids of its jobs, where it was looked up.
        parent_id: The batch that it repeats.
    """

    id: str
    project_id: str = ""
    user_id: str | None = None
    status: str = ""
    device_type: str | None = None
    open: bool | None = None
    complete: bool | None = None
    created_at: str | None = None
    updated_at: str | None = None
    start_datetime: str | None = None
    end_datetime: str | None = None
    jobs_count: int | None = None
    jobs_count_per_status: dict[str, int] | None = None
    tags: Texts = ()
    webhook: str | None = None
    sequence_builder: str | None = Field(default=None, repr=False)
    configuration: dict[str, JsonValue] | None = None
    backend_configuration: str | None = Field(default=None, repr=False)
    jobs: tuple[PasqalJob, ...] | None = Field(default=None, repr=False)
    job_ids: Texts = Field(default=(), repr=False)
    parent_id: str | None = None

    @property
    def state(self) -> PasqalBatchStatus:
        """The status as one of those that this package knows."""
        return _member(PasqalBatchStatus, self.status)

    @property
    def is_open(self) -> bool:
        """Whether it takes further jobs."""
        return self.open if self.open is not None else self.complete is False


class JobReceipt(Excerpt):
    """What submitting reads of a new job: enough to tell it from its batch's others.

    Args:
        id: Its id.
        runs: Shots.
        variables: Values of the sequence's variables.
        creation_order: Its place among the jobs of its batch.
    """

    id: str
    runs: int | None = None
    variables: dict[str, JsonValue] | None = None
    creation_order: int | None = None


class BatchReceipt(Excerpt):
    """What submitting reads of the answer to a new batch, which repeats the whole sequence.

    Args:
        id: Its id.
        jobs: Its jobs.
    """

    id: str
    jobs: tuple[JobReceipt, ...] | None = Field(default=None, repr=False)


class BatchProgress(Document):
    """How far a batch has come.

    Args:
        status: The service's word for where it stands; `state` is its enumeration.
        jobs_count_per_status: How many of its jobs have each status, where the service tells.
    """

    status: str = ""
    jobs_count_per_status: dict[str, int] | None = None

    @property
    def state(self) -> PasqalBatchStatus:
        """The status as one of those that this package knows."""
        return _member(PasqalBatchStatus, self.status)


class JobProgress(Document):
    """Where a job stands."""

    status: str = ""

    @property
    def state(self) -> PasqalJobStatus:
        """The status as one of those that this package knows."""
        return job_word(self.status)


class CancelledJobs(Document):
    """What became of cancelling several jobs.

    Args:
        jobs: Those that were cancelled.
        errors: Why the others were not, by id.
    """

    jobs: tuple[PasqalJob, ...] = ()
    errors: Reasons = Field(default_factory=dict)


class CancelledBatches(Document):
    """What became of cancelling several batches.

    Args:
        batches: Those that were cancelled.
        errors: Why the others were not, by id.
    """

    batches: tuple[PasqalBatch, ...] = ()
    errors: Reasons = Field(default_factory=dict)


class PasqalResults(Document):
    """The results of a job, as they are stored.

    Args:
        counter: How often each bitstring was seen.
        raw: The bitstring of every shot, in order.
        serialised_results: Pulser's ``Results``, written down.
    """

    counter: dict[str, Annotated[int, Field(ge=0, strict=True)]] | None = None
    raw: tuple[str, ...] | None = Field(default=None, repr=False)
    serialised_results: str | None = Field(default=None, repr=False)


class ResultsLink(Excerpt):
    """Where a job's results can be downloaded; the link is a secret and expires."""

    results_link: str | None = Field(default=None, repr=False)


class PasqalWorkload(Document):
    """A workload as the service describes it.

    Args:
        id: Its id.
        status: The service's word for where it stands; `state` is its enumeration.
        workload_type: What kind of workload it is.
        backend: What it runs on.
        config: What it was created with.
        errors: What went wrong.
        result: Its result, where the answer holds it.
        result_link: Where the result can be downloaded otherwise; a secret that expires.
    """

    id: str
    project_id: str = ""
    user_id: str | None = None
    status: str = ""
    workload_type: str = ""
    backend: str = ""
    config: JsonValue = None
    created_at: str | None = None
    updated_at: str | None = None
    start_timestamp: str | None = None
    end_timestamp: str | None = None
    errors: Texts = ()
    result: JsonValue = Field(default=None, repr=False)
    result_link: str | None = Field(default=None, repr=False)

    @property
    def state(self) -> PasqalJobStatus:
        """The status as one of those that this package knows."""
        return job_word(self.status)


class PublicSpecs(Document):
    """The specifications of one device, as everybody may read them."""

    device_type: str
    specs: str = Field(repr=False)


class DeviceListing(Document):
    """What a list of devices says of one."""

    device_type: str = ""
    name: str = ""
    status: str = ""
    availability: str = ""
    is_emulator: bool | None = None
    average_queue_time: float | None = None
    max_atom_num: int | None = None
    description: str | None = None

    @property
    def id(self) -> str:
        """By what a list tells it from others: its device type."""
        return self.device_type or self.name


class PasqalProject(Document):
    """A project that the account may use.

    Args:
        id: Its id.
        name: What people call it.
        project_status: Whether it is active.
    """

    id: str
    name: str = ""
    project_status: str | None = None
    description: str | None = None


class TokenAnswer(Document):
    """What a token endpoint gives."""

    access_token: str = Field(repr=False)
    expires_in: float | None = None


@lru_cache(maxsize=64)
def job_word(word: str) -> PasqalJobStatus:
    """Read the service's word for a job, in any case."""
    return _member(PasqalJobStatus, word)


_Status = TypeVar("_Status", PasqalJobStatus, PasqalBatchStatus)


def _member(kind: type[_Status], word: str) -> _Status:
    try:
        return kind(word.upper())
    except ValueError:
        return kind("UNKNOWN")
