"""What the service keeps of a job."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from quantum_async.models.job import JobStatus

if TYPE_CHECKING:
    from pydantic import JsonValue

    from quantum_async.sandbox.jobs import SandboxJob

WORDS = {
    JobStatus.QUEUED: "PENDING",
    JobStatus.RUNNING: "RUNNING",
    JobStatus.CANCELLING: "RUNNING",
    JobStatus.SUCCEEDED: "COMPLETED",
    JobStatus.FAILED: "FAILED",
    JobStatus.CANCELLED: "CANCELLED",
    JobStatus.UNKNOWN: "PENDING",
}
"""The service's words for where a job stands."""

ENDED = frozenset({"COMPLETED", "FAILED", "CANCELLED"})

_CREG = re.compile(r"\b(?:creg\s+\w+\s*\[\s*(\d+)\s*\]|bit\s*(?:\[\s*(\d+)\s*\])?\s+\w+)\s*;")


@dataclass(slots=True, eq=False)
class Circuit:
    """A circuit of a job.

    Args:
        label: What its result is called.
        text: The program without open parameters.
        shots: How often it is run.
        observables: Dense words, qubit 0 first; empty for counts.
    """

    label: str
    text: str
    shots: int
    observables: tuple[str, ...] = ()

    @property
    def width(self) -> int:
        """How many classical bits it declares."""
        return sum(int(old or new or 1) for old, new in _CREG.findall(self.text))


@dataclass(slots=True, eq=False)
class Record:
    """A job.

    Args:
        id: Its id.
        owner: The token that opened it.
        job_type: ``"EXECUTE"``, ``"EXPECTATION"`` or ``"VALIDATE"``.
        tag: Its tag.
        target: Where it runs.
        created: World time of its opening.
        execution: The older configuration, or ``None``.
        maestro: The simulator's configuration, or ``None``.
        device: The quantum computer's configuration, or ``None``.
    """

    id: str
    owner: str
    job_type: str
    tag: str
    target: str
    created: float
    execution: dict[str, JsonValue] | None = None
    maestro: dict[str, JsonValue] | None = None
    device: dict[str, JsonValue] | None = None
    circuits: list[Circuit] = field(default_factory=list)
    work: SandboxJob | None = None
    cancelled: bool = False
    failed: bool = False
    validation: dict[str, JsonValue] | None = None
    completed: float | None = None

    def word(self, now: float, *, scheduled: bool = False) -> str:
        """Say where it stands, in the service's words."""
        if self.failed:
            return "FAILED"
        if self.cancelled:
            return "CANCELLED"
        if self.validation is not None:
            return "COMPLETED"
        if self.work is None:
            return "PENDING"
        word = WORDS[self.work.status(now)]
        return "SCHEDULED" if scheduled and word == "PENDING" else word

    def is_open(self) -> bool:
        """Whether it still waits to be completed."""
        return self.work is None and not (self.failed or self.cancelled or self.validation)
