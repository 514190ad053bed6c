# mypy: allow-subclassing-any
"""A job of PUBs as Qiskit knows them."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from qiskit.primitives import BasePrimitiveJob, PrimitiveResult, PubResult
from qiskit.providers import JobStatus
from qiskit.providers.jobstatus import JOB_FINAL_STATES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from quantum_async.integrations.qiskit.async_primitive_job import AsyncPrimitiveJob, PubOutcome
    from quantum_async.integrations.qiskit.provider import QuantumAsyncProvider
    from quantum_async.models.job import JobRef

PubResultT = TypeVar("PubResultT", bound=PubResult)


class PrimitiveJob(BasePrimitiveJob[PrimitiveResult[PubResultT], JobStatus]):
    """PUBs that were submitted together; made by `SamplerV2.run` and `EstimatorV2.run`.

    Iterating over it yields each PUB's outcome as soon as all of its points have ended.

    Args:
        provider: Who answers for it.
        twin: The same job, awaited.
    """

    def __init__(self, provider: QuantumAsyncProvider, twin: AsyncPrimitiveJob[PubResultT]) -> None:
        super().__init__(twin.job_id())
        self._provider = provider
        self._twin = twin

    def __repr__(self) -> str:
        return repr(self._twin).replace("AsyncPrimitiveJob", "PrimitiveJob", 1)

    def __len__(self) -> int:
        return len(self._twin)

    def __iter__(self) -> Iterator[PubOutcome[PubResultT]]:
        """Yield how each PUB ended, in the order in which they do."""
        return self._provider.iterate(self._twin)

    def result(self, timeout: float | None = None) -> PrimitiveResult[PubResultT]:
        """Wait for all PUBs. Interrupted or timed out: only the waiting ends.

        Args:
            timeout: Longest time to wait in seconds; no limit by default.

        Raises:
            JobTimeoutError: The time is up; the job goes on.
            JobCancelledError: The job was cancelled.
            JobFailedError: A circuit failed; iterating over the job gives the PUBs that did not.
        """
        return self._provider.run("result", lambda: self._twin.result(timeout))

    def refs(self) -> list[JobRef]:
        """Wait until the provider has accepted everything, and name its jobs, each once."""
        return self._provider.run("refs", self._twin.refs)

    def status(self) -> JobStatus:
        """Ask the provider where the job stands.

        Raises:
            QuantumAsyncError: The provider could not be asked.
        """
        return self._provider.run("status", self._twin.status)

    def done(self) -> bool:
        """Say whether it has succeeded."""
        return self.status() is JobStatus.DONE

    def running(self) -> bool:
        """Say whether it runs."""
        return self.status() is JobStatus.RUNNING

    def cancelled(self) -> bool:
        """Say whether it was cancelled."""
        return self.status() is JobStatus.CANCELLED

    def in_final_state(self) -> bool:
        """Say whether it has ended."""
        return self.status() in JOB_FINAL_STATES

    def cancel(self) -> bool:
        """Cancel at the provider what has not ended; what ran already is billed.

        Returns:
            Whether something had not ended yet.

        Raises:
            QuantumAsyncError: The provider could not be asked, or refused.
        """
        return self._provider.run("cancel", self._twin.cancel)
