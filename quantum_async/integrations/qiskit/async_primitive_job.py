"""A job of PUBs, awaited."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

import anyio.to_thread
from qiskit.primitives import PrimitiveResult, PubResult

from quantum_async.integrations.qiskit.statuses import together
from quantum_async.integrations.qiskit.waiting import first_failure, within

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Generator, Mapping, Sequence
    from contextlib import AbstractContextManager

    from qiskit.providers import JobStatus

    from quantum_async.integrations.qiskit.async_provider import AsyncProvider
    from quantum_async.integrations.qiskit.orders import Order
    from quantum_async.integrations.qiskit.runs import Outcome, Run
    from quantum_async.models.job import JobRef
    from quantum_async.models.result import Result

PubResultT = TypeVar("PubResultT", bound=PubResult)
PubResultT_co = TypeVar("PubResultT_co", bound=PubResult, covariant=True)


class Assembler(Protocol[PubResultT_co]):
    """Makes PUBs' results of the results of their pieces."""

    @property
    def needs(self) -> Sequence[int]:
        """How many pieces each PUB waits for."""
        ...

    def assembled(self, pub: int, results: Mapping[tuple[int, int], Result]) -> PubResultT_co:
        """Make the result of a PUB.

        Args:
            pub: Which one.
            results: Results by circuit and point.
        """
        ...


@dataclass(frozen=True, slots=True)
class PubOutcome(Generic[PubResultT]):
    """How a PUB ended.

    Args:
        index: Its place among the PUBs.
        result: Its result, or ``None``.
        error: Why it has none, or ``None``.
    """

    index: int
    result: PubResultT | None = None
    error: BaseException | None = None

    def outcome(self) -> PubResultT:
        """Return the result, or raise the error."""
        if self.error is not None:
            raise self.error
        assert self.result is not None
        return self.result


class AsyncPrimitiveJob(Generic[PubResultT]):
    """PUBs that were submitted together. ``await job`` gives Qiskit's `PrimitiveResult`.

    ``async for`` yields each PUB's outcome as soon as all of its points have ended. Made by
    `AsyncSampler.run` and `AsyncEstimator.run`.

    Args:
        provider: Who answers for it.
        runs: What runs, and what it was ordered as.
        assembler: Makes results of it.
    """

    def __init__(
        self,
        provider: AsyncProvider,
        runs: Sequence[tuple[Order, Run]],
        assembler: Assembler[PubResultT],
    ) -> None:
        self._provider = provider
        self._job_id = str(uuid.uuid4())
        self._runs = runs
        self._assembler = assembler
        self._known: dict[int, dict[tuple[int, int], Outcome]] = {}

    def __repr__(self) -> str:
        return f"<AsyncPrimitiveJob {self._job_id} of {len(self._assembler.needs)} PUBs>"

    def __len__(self) -> int:
        return len(self._assembler.needs)

    def job_id(self) -> str:
        """Give an id of this job; `refs` has the provider's own."""
        return self._job_id

    async def refs(self) -> list[JobRef]:
        """Wait until the provider has accepted everything, and name its jobs, each once."""
        found = [ref for _, run in self._runs for ref in await run.refs() if ref is not None]
        return list({ref.id: ref for ref in found}.values())

    async def status(self) -> JobStatus:
        """Ask the provider where the job stands.

        Raises:
            QuantumAsyncError: The provider could not be asked.
        """
        with self._waiting():
            statuses = [status for _, run in self._runs for status in await run.statuses()]
        return together(statuses)

    def __await__(self) -> Generator[object, None, PrimitiveResult[PubResultT]]:
        return self.result().__await__()

    async def result(self, timeout: float | None = None) -> PrimitiveResult[PubResultT]:  # noqa: ASYNC109 -- as `Job.result`
        """Wait for all PUBs.

        Cancelled or timed out: only the waiting ends; the job goes on.

        Args:
            timeout: Longest time to wait in seconds; no limit by default.

        Raises:
            JobTimeoutError: The time is up.
            JobCancelledError: The job was cancelled.
            JobFailedError: A circuit failed; iterating over the job gives the PUBs that did not.
        """
        outcomes = await within(timeout, self._all, f"job {self._job_id}")
        errors = [one.error for one in outcomes if one.error is not None]
        if errors:
            raise first_failure(errors) or errors[0]
        return PrimitiveResult([one.outcome() for one in outcomes], metadata={"version": 2})

    async def __aiter__(self) -> AsyncIterator[PubOutcome[PubResultT]]:
        """Yield how each PUB ended, in the order in which they do.

        PUBs that differ in shots or observables are looked at one group after the other.
        """
        needs = list(self._assembler.needs)
        for pub, need in enumerate(needs):
            if not need:
                yield await self._assembled(pub)
        for order, run in self._runs:
            async for index, outcome in self._provider.followed(self._job_id, run):
                pub, circuit, point = order.places[index]
                self._known.setdefault(pub, {})[circuit, point] = outcome
                needs[pub] -= 1
                if not needs[pub]:
                    yield await self._assembled(pub)

    async def cancel(self) -> bool:
        """Cancel at the provider what has not ended; what ran already is billed.

        Returns:
            Whether something had not ended yet.

        Raises:
            QuantumAsyncError: The provider could not be asked, or refused.
        """
        live = [run for _, run in self._runs if not run.is_over]
        with self._waiting():
            for run in live:
                await run.cancel()
        return bool(live)

    async def _all(self) -> list[PubOutcome[PubResultT]]:
        found = {outcome.index: outcome async for outcome in self}
        return [found[index] for index in range(len(self))]

    def _waiting(self) -> AbstractContextManager[None]:
        return self._provider.waiting(self._job_id, *(run for _, run in self._runs))

    async def _assembled(self, pub: int) -> PubOutcome[PubResultT]:
        found = self._known.get(pub, {})
        failure = first_failure(list(found.values()))
        if failure is not None:
            return PubOutcome(pub, error=failure)
        results = {
            place: outcome
            for place, outcome in found.items()
            if not isinstance(outcome, BaseException)
        }
        made = await anyio.to_thread.run_sync(self._assembler.assembled, pub, results)
        return PubOutcome(pub, made)
