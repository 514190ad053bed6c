"""What differs between the generations of IQM's interface."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, ClassVar

from quantum_async.errors import ConfigurationError

if TYPE_CHECKING:
    from pydantic import JsonValue

    from quantum_async.providers.iqm.architecture import Architecture
    from quantum_async.providers.iqm.submission import Submission
    from quantum_async.providers.iqm.wire import (
        Health,
        IQMJob,
        JobLimits,
        MeasurementCounts,
        ObservationSet,
        QuantumComputer,
        StaticArchitecture,
    )


class Generation(StrEnum):
    """Which interface a server has."""

    V1 = "v1"
    """IQM Server's own, since November 2025: ``/api/v1``, long polls, radians."""
    LEGACY = "legacy"
    """The older one, ``/jobs``: full turns, no long polls, one quantum computer an address."""


CircuitMeasurements = Mapping[str, Sequence[Sequence[int]]]
"""Outcomes of one circuit, by key, shot and qubit."""


@dataclass(frozen=True, slots=True)
class Stored:
    """What the server holds of a job that has succeeded.

    Args:
        measurements: For each circuit, in the order of the submission.
        payload: What was submitted, where it was asked for and is there.
    """

    measurements: tuple[CircuitMeasurements, ...]
    payload: Mapping[str, JsonValue] | None = None


class Dialect(ABC):
    """One generation of the interface: a method for each thing that can be asked of both."""

    generation: ClassVar[Generation]
    holds_answers: ClassVar[bool]
    """Whether the server can hold an answer back until a job has ended."""

    @abstractmethod
    async def computers(self) -> tuple[QuantumComputer, ...]:
        """List the quantum computers."""

    @abstractmethod
    async def health(self, computer: QuantumComputer) -> Health:
        """Ask whether a quantum computer takes jobs."""

    @abstractmethod
    async def limits(self, computer: QuantumComputer) -> JobLimits:
        """Ask how large a job may be."""

    @abstractmethod
    async def static_architecture(self, computer: QuantumComputer) -> StaticArchitecture:
        """Ask what the chip is made of."""

    @abstractmethod
    async def architecture(self, computer: QuantumComputer, calibration: str) -> Architecture:
        """Ask what a calibration set can run.

        Args:
            computer: Of which quantum computer.
            calibration: Its id, or ``"default"``.
        """

    @abstractmethod
    async def calibration_set(self, computer: QuantumComputer, calibration: str) -> ObservationSet:
        """Read a calibration set."""

    @abstractmethod
    async def metrics(self, computer: QuantumComputer, calibration: str) -> ObservationSet:
        """Read the quality metrics of a calibration set."""

    @abstractmethod
    async def submit(self, computer: QuantumComputer, submission: Submission, trace: str) -> str:
        """Send a submission once, and return the job's id.

        Args:
            computer: Where to.
            submission: What to run.
            trace: What an error must say where nobody knows whether the server has accepted.
        """

    @abstractmethod
    async def job(self, job_id: str) -> IQMJob:
        """Ask where a job stands."""

    @abstractmethod
    async def watch(self, job_id: str, seconds: int) -> tuple[IQMJob, bool]:
        """Ask where a job stands, answered when it has ended or after a time.

        Returns:
            The job, and whether the server has held the answer back as it was asked to.
        """

    @abstractmethod
    async def cancel(self, job_id: str) -> None:
        """Cancel a job; one that has ended is refused."""

    @abstractmethod
    async def delete(self, job_id: str) -> None:
        """Cancel a job and forget it."""

    @abstractmethod
    async def stored(self, job_id: str, *, with_payload: bool) -> Stored:
        """Read what a job that has succeeded measured.

        Raises:
            ResultPendingError: It is not there yet.
        """

    @abstractmethod
    async def payload(self, job_id: str) -> Mapping[str, JsonValue]:
        """Read what was submitted."""

    @abstractmethod
    async def counts(self, job_id: str) -> tuple[MeasurementCounts, ...]:
        """Read the counts that the server made."""

    @abstractmethod
    async def about(self) -> Mapping[str, JsonValue]:
        """Read what the server says of itself."""


def not_offered(what: str) -> ConfigurationError:
    """Make the error of something that only the newer interface has."""
    return ConfigurationError(
        f"the server speaks IQM's older interface, which has no {what}",
        provider="iqm",
        remedy="It needs IQM Server; ask whoever runs the quantum computer.",
    )
