"""The Qoro service's JSON as it is on the wire; unknown fields are kept out of the way."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, ClassVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, JsonValue

from quantum_async.providers.api import Instant

Text = Annotated[str, BeforeValidator(lambda value: "" if value is None else str(value))]
"""A word that may be missing, or a number."""


def _seconds(value: object) -> float | None:
    # The service has been seen to write a number, a number as text, and nothing.
    try:
        return float(value) if isinstance(value, str | int | float) else None
    except ValueError:
        return None


Seconds = Annotated[float | None, BeforeValidator(_seconds)]
"""A time that may be missing."""


class WireModel(BaseModel):
    """Something the service says: frozen, and tolerant of fields that are new."""

    model_config: ClassVar[ConfigDict] = ConfigDict(
        frozen=True, extra="ignore", populate_by_name=True
    )


class QoroQpu(WireModel):
    """A quantum computer of a system.

    Args:
        nickname: What the service calls it.
        q_bits: How many qubits it has.
        status: ``"ONLINE"`` where it takes jobs.
        system_kind: Its technology.
        vendor_type: Who made it, where the service tells.
    """

    nickname: Text = ""
    q_bits: int | None = None
    status: Text = ""
    system_kind: Text = ""
    vendor_type: Text = ""


class QoroSystem(WireModel):
    """A system of quantum computers.

    Args:
        name: What jobs name it by.
        qpus: Its computers.
        access_level: Who may use it.
        supports_expval: Whether it computes expectation values.
    """

    name: str
    qpus: tuple[QoroQpu, ...] = ()
    access_level: Text = "PUBLIC"
    supports_expval: bool = False


class QoroCluster(WireModel):
    """A cluster of simulators.

    Args:
        name: What jobs name it by.
        access_level: Who may use it.
        minimum_tier: The smallest subscription that may.
        supports_expval: Whether it computes expectation values.
    """

    name: str
    access_level: Text = "PUBLIC"
    minimum_tier: Text = "FREE"
    supports_expval: bool = True


class BlueprintField(WireModel):
    """One setting that a vendor's devices or credentials have.

    Args:
        name: Its key.
        kind: ``"toggle"``, ``"number"``, ``"choice"`` or ``"text"``.
        required: Whether it must be given.
        secret: Whether it is a credential.
        choices: What it may be.
        default: What it is otherwise.
    """

    name: str
    kind: Text = ""
    required: bool = False
    secret: bool = False
    choices: tuple[JsonValue, ...] | None = None
    default: JsonValue = None

    def takes(self, value: object) -> bool:
        """Say whether a value is of its kind; one whose kind is new takes any."""
        match self.kind:
            case "toggle":
                return isinstance(value, bool)
            case "number":
                return isinstance(value, int) and not isinstance(value, bool)
            case "choice":
                return value in (self.choices or ())
            case "text":
                return isinstance(value, str)
            case _:
                return True

    @property
    def wanted(self) -> str:
        """What it takes, in words."""
        if self.kind == "choice":
            return f"one of {', '.join(map(str, self.choices or ()))}"
        return {"toggle": "True or False", "number": "a whole number", "text": "text"}.get(
            self.kind, "anything"
        )


class Blueprint(WireModel):
    """What can be set for a vendor's devices.

    Args:
        label: The vendor's name.
        credentials: Settings that prove who is asking.
        device: Settings of a run.
    """

    label: Text = ""
    credentials: tuple[BlueprintField, ...] = ()
    device: tuple[BlueprintField, ...] = ()


class CreditBalance(WireModel):
    """The credits of an account.

    Args:
        balance: How many are left.
        total_used: How many were used.
        created_at: When the account was opened.
        updated_at: When it last changed.
    """

    balance: Decimal
    total_used: Decimal = Decimal(0)
    created_at: Instant | None = None
    updated_at: Instant | None = None


class CreditTransaction(WireModel):
    """A movement of credits.

    Args:
        id: Its id.
        amount: How many; negative where they were used.
        balance_after: How many were left.
        transaction_type: The service's word, such as ``"PURCHASE"``.
        description: More, in words.
        job_id: The job that used them.
        created_at: When.
    """

    id: Text
    amount: Decimal
    balance_after: Decimal | None = None
    transaction_type: Text = ""
    description: Text = ""
    job_id: str | None = None
    created_at: Instant | None = None


class TransactionPage(WireModel):
    """One page of the movements.

    Args:
        results: The movements.
        count: How many there are on all pages.
        total_pages: How many pages.
        next: Whether and where there are more.
    """

    results: tuple[CreditTransaction, ...] = ()
    count: int = 0
    total_pages: int = 1
    next: str | None = None


class OpenedJob(WireModel):
    """The answer to opening a job.

    Args:
        job_id: Its id.
    """

    job_id: str = Field(min_length=1)


class JobProgress(WireModel):
    """Where a job stands.

    Args:
        status: The service's word.
        run_time: How long it ran, in seconds, once it has ended.
        message: Why it failed, where the service tells.
        error: The same under another name.
    """

    status: str
    run_time: Seconds = None
    message: Text = ""
    error: Text = ""


class Histogram(WireModel):
    """Counts as the service packs them.

    Args:
        encoding: ``"qh1"`` or ``"qh2"``.
        payload: Base 64.
        n_bits: How many bits an outcome has.
    """

    encoding: str
    payload: str
    n_bits: int | None = None


class ResultRow(WireModel):
    """The result of one circuit of a job.

    Args:
        label: What the circuit was called.
        results: A histogram, or values by observable.
    """

    label: str
    results: Histogram | dict[str, JsonValue] | None = Field(None, union_mode="left_to_right")

    def plain(self) -> dict[str, float]:
        """Unpack counts, or read the values of observables.

        Raises:
            ResultError: The histogram is damaged.
        """
        # Unpacking is translation, which itself reads this module.
        from quantum_async.providers.qoro.translate.results import plain_values

        return plain_values(self)


class ResultPage(WireModel):
    """One page of a job's results.

    Args:
        results: Its rows.
        count: How many rows there are on all pages.
        next: Whether and where there are more.
    """

    results: tuple[ResultRow, ...] = ()
    count: int | None = None
    next: str | None = None


class CancelledJob(WireModel):
    """The answer to a cancellation.

    Args:
        status: ``"cancelled"``.
        job_id: Which job.
        circuits_cancelled: How many of its circuits will not run.
    """

    status: Text = ""
    job_id: Text = ""
    circuits_cancelled: int | None = None


class StoredConfig(WireModel):
    """The configurations that a job was opened with; those that are not set are ``None``.

    Args:
        job_id: Which job.
        execution_configuration: As clients before 0.14 write it.
        maestro_config: A simulator's.
        device_config: A quantum computer's.
    """

    job_id: Text = ""
    execution_configuration: dict[str, JsonValue] | None = None
    maestro_config: dict[str, JsonValue] | None = None
    device_config: dict[str, JsonValue] | None = None


class Recommendation(WireModel):
    """An advice on a problem.

    Args:
        level: ``"info"``, ``"warn"`` or ``"action"``.
        metric: What it is about.
        text: The advice.
        html: The same for notebooks.
    """

    level: Text = ""
    metric: Text = ""
    text: Text = ""
    html: Text = ""


class ValidationReply(WireModel):
    """What the service found out about a problem.

    Args:
        job_id: Which job.
        status: The service's word for where it stands.
        hardness: How hard the problem is, where that was asked for.
        report: How well the formulation does.
        recommendations: Advice.
        created_at: When the job was opened.
        completed_at: When it was done.
    """

    job_id: Text = ""
    status: Text = ""
    hardness: dict[str, JsonValue] | None = None
    report: dict[str, JsonValue] | None = None
    recommendations: tuple[Recommendation, ...] | None = None
    created_at: Instant | None = None
    completed_at: Instant | None = None
