"""What Azure Quantum sends and takes, as models."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, ClassVar, Generic, TypeVar, cast

from pydantic import (
    AliasGenerator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    JsonValue,
    TypeAdapter,
    ValidationError,
    model_validator,
)
from pydantic.alias_generators import to_camel, to_pascal

from quantum_async.models.stored import stored
from quantum_async.providers.api import Instant

if TYPE_CHECKING:
    from typing import Protocol, Self


if TYPE_CHECKING:

    class VendorDetails(Protocol):
        """The details of a job or a session of azure.quantum; nothing of it is imported."""

        def as_dict(self) -> dict[str, object]:
            """Give the JSON object of the service."""
            ...

    class VendorItem(Protocol):
        """A job or a session of azure.quantum."""

        @property
        def details(self) -> VendorDetails:
            """Its details."""
            ...


Item = TypeVar("Item")


class AzureJobStatus(StrEnum):
    """What the service says of a job."""

    QUEUED = "Queued"
    WAITING = "Waiting"
    EXECUTING = "Executing"
    FINISHING = "Finishing"
    CANCELLATION_REQUESTED = "CancellationRequested"
    CANCELLING = "Cancelling"
    COMPLETED = "Completed"
    SUCCEEDED = "Succeeded"
    FAILED = "Failed"
    CANCELLED = "Cancelled"
    UNKNOWN = "Unknown"
    """A word that this package does not know."""

    @classmethod
    def read(cls, word: str) -> AzureJobStatus:
        """Read a word, whatever its capitals."""
        return _JOB_WORDS.get(word.lower(), cls.UNKNOWN)


class AzureSessionStatus(StrEnum):
    """What the service says of a session."""

    WAITING = "Waiting"
    EXECUTING = "Executing"
    FAILURES = "Failure(s)"
    """Some job has failed, and the session goes on."""
    SUCCEEDED = "Succeeded"
    FAILED = "Failed"
    TIMED_OUT = "TimedOut"
    UNKNOWN = "Unknown"
    """A word that this package does not know."""

    @classmethod
    def read(cls, word: str) -> AzureSessionStatus:
        """Read a word, whatever its capitals."""
        return _SESSION_WORDS.get(word.lower(), cls.UNKNOWN)


_JOB_WORDS = {status.value.lower(): status for status in AzureJobStatus}
_SESSION_WORDS = {status.value.lower(): status for status in AzureSessionStatus}


@stored("azure.priority")
class Priority(StrEnum):
    """How urgent a job is, where the workspace has priorities."""

    STANDARD = "Standard"
    HIGH = "High"


_MOMENT: TypeAdapter[datetime] = TypeAdapter(Instant)


def moment(value: object) -> datetime | None:
    """Read a moment, however it is written; what cannot be read is none.

    Args:
        value: As the service has it.
    """
    # Seven digits of a second, an offset or a Z have been seen; none of it may break a list.
    if value is None or isinstance(value, datetime):
        return value
    try:
        found = _MOMENT.validate_python(value)
    except ValidationError:
        return None
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)


def _texts(value: object) -> object:
    return tuple(value) if isinstance(value, list | tuple) else ()


def _mapping(value: object) -> object:
    return value if isinstance(value, dict) else {}


def _words(value: object) -> object:
    if not isinstance(value, dict):
        return {}
    return {str(name): item if isinstance(item, str) else str(item) for name, item in value.items()}


def _present(value: object) -> object:
    return "" if value is None else value


def _counted(value: object) -> object:
    return 0.0 if value is None else value


def _flag(value: object) -> object:
    return bool(value)


Word = Annotated[str, BeforeValidator(_present)]
"""A string, where null is the empty one: one strange item must not make a list unreadable."""

Number = Annotated[float, BeforeValidator(_counted)]
"""A number, where null is 0."""

Flag = Annotated[bool, BeforeValidator(_flag)]
Moment = Annotated[datetime | None, BeforeValidator(moment)]
Texts = Annotated[tuple[str, ...], BeforeValidator(_texts)]
Mapping = Annotated[dict[str, JsonValue], BeforeValidator(_mapping)]
Words = Annotated[dict[str, str], BeforeValidator(_words)]


class Document(BaseModel):
    """An object of the service; fields that this package does not know are kept."""

    model_config: ClassVar[ConfigDict] = ConfigDict(
        frozen=True,
        extra="allow",
        populate_by_name=True,
        alias_generator=to_camel,
        protected_namespaces=(),
    )


class ItemError(Document):
    """Why a job or a session failed.

    Args:
        code: The service's own word, such as ``"InvalidInputData"``.
        message: What happened.
    """

    code: Word = ""
    message: Word = ""

    def __str__(self) -> str:
        return ": ".join(part for part in (self.code, self.message) if part)


class UsageEvent(Document):
    """One line of a bill.

    Args:
        dimension_id: What is billed.
        dimension_name: The same in words.
        measure_unit: The unit of the amounts.
        amount_billed: How much is billed.
        amount_consumed: How much was used.
        unit_price: What one unit costs.
    """

    dimension_id: Word = ""
    dimension_name: Word = ""
    measure_unit: Word = ""
    amount_billed: Number = 0.0
    amount_consumed: Number = 0.0
    unit_price: Number = 0.0


class CostEstimate(Document):
    """What a job or a session is going to cost.

    Args:
        currency_code: The currency.
        estimated_total: The sum.
        events: What it is made of.
    """

    currency_code: Word = ""
    estimated_total: Number = 0.0
    events: Annotated[tuple[UsageEvent, ...], BeforeValidator(_texts)] = ()


class WorkspaceItem(Document):
    """What jobs and sessions have in common.

    The vendor's own objects are read by `from_vendor` and made of `document`.

    Args:
        id: Its id.
        name: Its name, which need not be unique.
        provider_id: The provider, in lower case.
        target: The target.
        status: The service's word for where it stands.
        error_data: Why it failed.
        cost_estimate: What it costs, once it has ended.
        creation_time: When it was created.
        begin_execution_time: When it began to run.
        end_execution_time: When it ended.
        last_modified_time: When it was last changed.
        tags: Free words.
        usage: What it used, by measure.
        created_by: Who created it.
    """

    id: str
    name: Word = ""
    item_type: Word = ""
    provider_id: Word = ""
    target: Word = ""
    status: Word = ""
    error_data: ItemError | None = None
    cost_estimate: CostEstimate | None = None
    creation_time: Moment = None
    begin_execution_time: Moment = None
    end_execution_time: Moment = None
    last_modified_time: Moment = None
    tags: Texts = ()
    priority: str | None = None
    usage: Mapping = Field(default_factory=dict)
    created_by: str | None = None

    @classmethod
    def from_vendor(cls, item: VendorItem | VendorDetails) -> Self:
        """Read a job or a session of the vendor's SDK. Sends nothing.

        Args:
            item: An ``azure.quantum.Job``, an ``azure.quantum.Session``, or its details.
        """
        details = cast("VendorDetails", getattr(item, "details", item))
        return cls.model_validate(details.as_dict())

    def document(self) -> dict[str, JsonValue]:
        """Write the item down as the service does, unknown fields included. Sends nothing.

        Example:
            ```python
            from azure.quantum import Job, JobDetails, Workspace

            from quantum_async.providers.azure.wire import AzureJob


            def for_the_vendors_sdk(job: AzureJob, workspace: Workspace) -> Job:
                return Job(workspace, JobDetails(job.document()))
            ```
        """
        return self.model_dump(mode="json", by_alias=True, exclude_unset=True)


class AzureJob(WorkspaceItem):
    """A job as the service describes it.

    Args:
        job_type: What kind of job, such as ``"QuantumComputing"``.
        session_id: The session it belongs to.
        container_uri: Its container; signed only where it was looked up alone.
        input_data_uri: Its input.
        input_data_format: How the input is written down.
        input_params: What else the target was told.
        output_data_uri: Its output, once there is one.
        output_data_format: How the output is written down.
        metadata: Words that were stored with it.
        cancellation_time: When it was cancelled.
    """

    job_type: Word = ""
    session_id: str | None = None
    container_uri: Word = Field("", repr=False)
    input_data_uri: Word = Field("", repr=False)
    input_data_format: Word = ""
    input_params: Mapping = Field(default_factory=dict)
    output_data_uri: str | None = Field(None, repr=False)
    output_data_format: str | None = None
    metadata: Words = Field(default_factory=dict)
    cancellation_time: Moment = None
    is_cancelling: Flag = False

    @property
    def state(self) -> AzureJobStatus:
        """Where it stands."""
        return AzureJobStatus.read(self.status)

    @property
    def shots(self) -> int | None:
        """How many shots were asked for, under any of the names this has had."""
        for name in ("shots", "count"):
            value = self.input_params.get(name)
            if isinstance(value, int) and not isinstance(value, bool):
                return value
        return None


class AzureSession(WorkspaceItem):
    """A session as the service describes it.

    Args:
        job_failure_policy: ``"Abort"`` ends it with the first job that fails, ``"Continue"`` does
            not.
    """

    job_failure_policy: Word = ""

    @property
    def state(self) -> AzureSessionStatus:
        """Where it stands."""
        return AzureSessionStatus.read(self.status)


class TargetStatus(Document):
    """A target of a provider.

    Args:
        id: Its name.
        current_availability: The service's word for whether it takes jobs.
        average_queue_time: What jobs wait on average, in seconds.
        status_page: Where its provider tells more.
        num_qubits: How many qubits it has, where the service says.
        target_profile: Which profile of QIR it takes, where the service says.
    """

    id: str
    current_availability: Word = ""
    average_queue_time: float | None = None
    status_page: str | None = None
    num_qubits: int | None = None
    target_profile: str | None = None


class ProviderStatus(Document):
    """A provider and its targets.

    Args:
        id: Its name.
        current_availability: The service's word for whether it takes jobs.
        targets: Its targets.
    """

    id: str
    current_availability: Word = ""
    targets: Annotated[tuple[TargetStatus, ...], BeforeValidator(_texts)] = ()


class AzureQuota(Document):
    """How much of something may be used.

    Args:
        dimension: Of what.
        scope: ``"Workspace"`` or ``"Subscription"``.
        provider_id: The provider.
        utilization: How much was used.
        holds: How much is reserved for what runs.
        limit: How much may be used.
        period: ``"Monthly"`` or ``"None"``.
    """

    dimension: Word = ""
    scope: Word = ""
    provider_id: Word = ""
    utilization: Number = 0.0
    holds: Number = 0.0
    limit: Number = 0.0
    period: Word = ""


class QuotaUsage(Document):
    """How much of a provider's quota a target has used.

    Args:
        provider_id: The provider.
        scope: What the numbers are about.
        target_id: The target.
        usage: The numbers, by measure.
        last_modified_time: When they were last changed.
    """

    provider_id: Word = ""
    scope: Word = ""
    target_id: str | None = None
    usage: Mapping = Field(default_factory=dict)
    last_modified_time: Moment = None


class Paged(Document, Generic[Item]):
    """One page of a list."""

    # Without a function of ours, which could be given the whole page as Python's objects alone.
    value: tuple[Item, ...] | None = None
    next_link: str | None = None


class OfferUsages(Paged[QuotaUsage]):
    """What was used of an offer: a page, or a bare list; both are documented."""

    @model_validator(mode="before")
    @classmethod
    def _page(cls, found: object) -> object:
        return {"value": found} if isinstance(found, list) else found


class SasAnswer(Document):
    """A signed address."""

    sas_uri: str = Field(repr=False)


class WorkspaceProperties(Document):
    """What the management says of a workspace."""

    endpoint_uri: str | None = None
    workspace_kind: str | None = None


class WorkspaceAnswer(Document):
    """A workspace as the management describes it."""

    location: str | None = None
    properties: WorkspaceProperties = WorkspaceProperties()


class GraphRow(Document):
    """A workspace as the resource graph describes it."""

    name: str
    subscription_id: str
    resource_group: str
    location: Word = ""
    endpoint_uri: str | None = None
    workspace_kind: str | None = None


class GraphAnswer(Document):
    """What the resource graph found."""

    data: Annotated[tuple[GraphRow, ...], BeforeValidator(_texts)] = ()


Share = Annotated[float, Field(ge=0, allow_inf_nan=False, strict=True)]
Bit = Annotated[int, Field(ge=0, le=1, strict=True)]
WholeNumber = Annotated[str, Field(pattern=r"^(0|[1-9][0-9]*)$")]


class IonQOutput(BaseModel):
    """IonQ's: how probable each outcome is, as a number whose lowest bit is the first qubit's.

    Args:
        histogram: The probabilities.
    """

    histogram: dict[WholeNumber, Share]


QUIL: TypeAdapter[dict[str, list[list[Bit]]]] = TypeAdapter(dict[str, list[list[Bit]]])
"""Rigetti's: for each register and shot, its bits."""


class _Pascal(BaseModel):
    model_config: ClassVar[ConfigDict] = ConfigDict(
        frozen=True,
        populate_by_name=True,
        alias_generator=AliasGenerator(validation_alias=to_pascal),
    )


class Bucket(_Pascal):
    """How often an outcome was seen.

    Args:
        display: The outcome as the service displays it.
        outcome: The outcome.
        count: How often.
    """

    display: str | None = None
    outcome: JsonValue = None
    count: Annotated[int, Field(ge=0, strict=True)]


class Entry(_Pascal):
    """What one entry point of a program has given.

    Args:
        histogram: How often each outcome was seen.
        shots: The outcome of each shot.
    """

    histogram: tuple[Bucket, ...]
    shots: tuple[JsonValue, ...] | None = Field(None, repr=False)


class ResultsV2(_Pascal):
    """Microsoft's own, version 2.

    Args:
        results: What each entry point has given.
    """

    results: tuple[Entry, ...]


class ResultsV1(_Pascal):
    """Microsoft's own, version 1: outcomes as displayed, each followed by its probability.

    Args:
        histogram: Outcomes and probabilities.
    """

    histogram: tuple[tuple[str, Share], ...]

    @model_validator(mode="before")
    @classmethod
    def _paired(cls, found: object) -> object:
        flat = found.get("Histogram") if isinstance(found, dict) else None
        if not isinstance(flat, list):
            raise ValueError("it has no histogram")
        # An outcome without a probability makes `strict` raise.
        pairs = zip(flat[::2], flat[1::2], strict=True)
        return {"Histogram": tuple(pairs)}
