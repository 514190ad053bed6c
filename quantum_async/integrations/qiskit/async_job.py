"""A job of circuits, awaited."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio.to_thread

from quantum_async.integrations.qiskit.counts import qiskit_result
from quantum_async.integrations.qiskit.statuses import together
from quantum_async.integrations.qiskit.waiting import first_failure, within

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Generator, Sequence

    from qiskit import QuantumCircuit
    from qiskit.providers import JobStatus
    from qiskit.result import Result as QiskitResult

    from quantum_async.integrations.qiskit.async_backend import AsyncBackend
    from quantum_async.integrations.qiskit.async_provider import AsyncProvider
    from quantum_async.integrations.qiskit.described import RunSettings
    from quantum_async.integrations.qiskit.runs import Outcome, Run
    from quantum_async.models.job import JobRef


class AsyncJob:
    """Circuits that were submitted together. ``await job`` gives Qiskit's `Result`.

    Made by `AsyncBackend.run` and ``retrieve_job``.

    Args:
        job_id: The job's id.
        provider: Who answers for it.
        run: What runs.
        backend: Where, if that is known.
        circuits: The circuits, if they are known.
        settings: How they were asked to run.
    """

    def __init__(
        self,
        job_id: str,
        provider: AsyncProvider,
        run: Run,
        backend: AsyncBackend | None,
        *,
        circuits: Sequence[QuantumCircuit] | None = None,
        settings: RunSettings | None = None,
    ) -> None:
        self._job_id = job_id
        self._provider = provider
        self._run = run
        self._circuits = list(circuits) if circuits is not None else [None] * len(run)
        self._settings = settings
        self._outcomes: dict[int, Outcome] = {}
        self.backend = backend
        """Where it runs, if that is known."""

    def __repr__(self) -> str:
        where = "" if self.backend is None else f" on {self.backend.machine.on}"
        return f"<AsyncJob {self._job_id}{where}>"

    def __len__(self) -> int:
        return len(self._run)

    def job_id(self) -> str:
        """Give the id by which ``retrieve_job`` finds the job again, from any process.

        It is the provider's own, or several of those joined with commas.
        """
        return self._job_id

    async def refs(self) -> list[JobRef]:
        """Name the provider's job of each circuit."""
        return [ref for ref in await self._run.refs() if ref is not None]

    async def status(self) -> JobStatus:
        """Ask the provider where the job stands; as one, whatever jobs its circuits are in.

        Raises:
            QuantumAsyncError: The provider could not be asked.
        """
        with self._provider.waiting(self._job_id, self._run):
            statuses = await self._run.statuses()
        return together(statuses)

    async def __aiter__(self) -> AsyncIterator[tuple[int, Outcome]]:
        """Yield each circuit's place and outcome, our result or an error, as they finish."""
        async for index, outcome in self._provider.followed(self._job_id, self._run):
            self._outcomes[index] = outcome
            yield index, outcome

    def __await__(self) -> Generator[object, None, QiskitResult]:
        return self.result().__await__()

    async def result(
        self,
        timeout: float | None = None,  # noqa: ASYNC109 -- as `Job.result`
        *,
        partial: bool = False,
    ) -> QiskitResult:
        """Wait for all circuits.

        Cancelled or timed out: only the waiting ends; the job goes on.

        Args:
            timeout: Longest time to wait in seconds; no limit by default.
            partial: Whether to return what there is although circuits failed: the result then
                says ``success=False``, and so does each of these circuits.

        Raises:
            JobTimeoutError: The time is up.
            JobCancelledError: The job was cancelled.
            JobFailedError: A circuit failed.
        """
        outcomes = await within(timeout, self._all, f"job {self._job_id}")
        hint = "Those that have one are in job.result(partial=True)."
        failure = first_failure(outcomes, hint)
        if failure is not None and not partial:
            raise failure
        return await anyio.to_thread.run_sync(self._converted, outcomes)

    async def ended(self, timeout: float | None = None) -> None:  # noqa: ASYNC109 -- as `result`
        """Wait until all circuits have ended, however they did.

        Args:
            timeout: Longest time to wait in seconds; no limit by default.

        Raises:
            JobTimeoutError: The time is up.
        """
        await within(timeout, self._all, f"job {self._job_id}")

    async def cancel(self) -> bool:
        """Cancel at the provider what has not ended; what ran already is billed.

        Returns:
            Whether something had not ended yet.

        Raises:
            QuantumAsyncError: The provider could not be asked, or refused.
        """
        was_over = self._run.is_over
        with self._provider.waiting(self._job_id, self._run):
            await self._run.cancel()
        return not was_over

    async def _all(self) -> list[Outcome]:
        async for _ in self:
            pass
        return [self._outcomes[index] for index in range(len(self))]

    def _converted(self, outcomes: Sequence[Outcome]) -> QiskitResult:
        known = [outcome.shots for outcome in outcomes if not isinstance(outcome, BaseException)]
        return qiskit_result(
            outcomes,
            self._circuits,
            backend=self.backend.machine.name if self.backend is not None else "",
            job_id=self._job_id,
            shots=self._settings.shots if self._settings is not None else max(known, default=0),
            memory=self._settings is None or self._settings.memory,
        )
