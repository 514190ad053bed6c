# mypy: allow-subclassing-any
"""A job as Qiskit knows them."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from qiskit.providers import JobV1

from quantum_async.errors import DuplicateSubmissionError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from qiskit.providers import JobStatus
    from qiskit.result import Result as QiskitResult

    from quantum_async.integrations.qiskit.async_job import AsyncJob
    from quantum_async.integrations.qiskit.backend import QuantumAsyncBackend
    from quantum_async.integrations.qiskit.provider import QuantumAsyncProvider
    from quantum_async.integrations.qiskit.runs import Outcome
    from quantum_async.models.job import JobRef


class QuantumAsyncJob(JobV1):
    """Circuits that were submitted together; made by ``run`` and ``retrieve_job``.

    Args:
        provider: Who answers for it.
        backend: Where it runs, if that is known.
        twin: The same job, awaited.
    """

    def __init__(
        self, provider: QuantumAsyncProvider, backend: QuantumAsyncBackend | None, twin: AsyncJob
    ) -> None:
        super().__init__(backend, twin.job_id())
        self._provider = provider
        self._twin = twin

    def __repr__(self) -> str:
        return repr(self._twin).replace("AsyncJob", "QuantumAsyncJob", 1)

    def submit(self) -> None:
        """Refuse to submit again: jobs are submitted by ``backend.run``.

        Raises:
            DuplicateSubmissionError: Always.
        """
        raise DuplicateSubmissionError(
            f"job {self.job_id()} was submitted already",
            job_id=self.job_id(),
            accepted="yes",
            remedy="Call backend.run(...) for another one.",
        )

    def status(self) -> JobStatus:
        """Ask the provider where the job stands.

        Raises:
            QuantumAsyncError: The provider could not be asked.
        """
        return self._provider.run("status", self._twin.status)

    def result(self, timeout: float | None = None, *, partial: bool = False) -> QiskitResult:
        """Wait for all circuits. Interrupted or timed out: only the waiting ends.

        Args:
            timeout: Longest time to wait in seconds; no limit by default.
            partial: Whether to return what there is although circuits failed: the result then
                says ``success=False``, and so does each of these circuits.

        Raises:
            JobTimeoutError: The time is up; the job goes on.
            JobCancelledError: The job was cancelled.
            JobFailedError: A circuit failed.
        """
        return self._provider.run("result", lambda: self._twin.result(timeout, partial=partial))

    def as_completed(self) -> Iterator[tuple[int, Outcome]]:
        """Yield each circuit's place and outcome, our result or an error, as they finish."""
        return self._provider.iterate(self._twin)

    def wait_for_final_state(
        self,
        timeout: float | None = None,
        wait: float = 5,  # noqa: ARG002 -- Qiskit's own signature
        callback: object = None,
    ) -> None:
        """Wait until the job has ended, however it did; the provider is asked no more than usual.

        Args:
            timeout: Longest time to wait in seconds; no limit by default.
            wait: Of no effect: what the provider says is seen as soon as it is known.
            callback: Called once at the end with id, status and job.

        Raises:
            JobTimeoutError: The time is up; the job goes on.
        """
        self._provider.run("wait_for_final_state", lambda: self._twin.ended(timeout))
        if callable(callback):
            callback(self.job_id(), self.status(), self)

    def cancel(self) -> bool:
        """Cancel at the provider what has not ended; what ran already is billed.

        Returns:
            Whether something had not ended yet.

        Raises:
            QuantumAsyncError: The provider could not be asked, or refused.
        """
        return self._provider.run("cancel", self._twin.cancel)

    def refs(self) -> list[JobRef]:
        """Name the provider's job of each circuit."""
        return self._provider.run("refs", partial(self._twin.refs))
