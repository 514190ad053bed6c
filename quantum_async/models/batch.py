"""A batch of jobs that stays open: Pasqal's open batch, Azure's session."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from quantum_async.models.stored import stored


@stored("batch-status")
class BatchStatus(StrEnum):
    """Where a batch stands."""

    OPEN = "open"
    CLOSED = "closed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    TIMED_OUT = "timed-out"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class BatchState:
    """What the provider last said of a batch.

    Args:
        status: Where it stands.
        reported: The provider's own word for that; empty where it has none.
    """

    status: BatchStatus
    reported: str = ""


@stored("failure-policy")
class FailurePolicy(StrEnum):
    """What a failed job does to the batch it belongs to."""

    CONTINUE = "continue"
    ABORT = "abort"


@stored("batch")
@dataclass(frozen=True, slots=True)
class BatchRef:
    """All that is needed to find a batch again, from any process.

    Args:
        provider: Registry name of the provider.
        id: The provider's id of the batch.
        target: The device's name.
        key: Our key, made before it was opened.
        account: Which account of the provider.
    """

    provider: str
    id: str
    target: str = ""
    key: str = field(default="", compare=False)
    account: str = ""

    def __str__(self) -> str:
        return f"{self.provider}:{self.target}/{self.id}"
