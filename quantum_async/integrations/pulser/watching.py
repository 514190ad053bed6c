"""Watching: where jobs stand and what they measured, asked for as seldom as can be."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import anyio

from quantum_async.errors import (
    ProtocolError,
    QuantumAsyncError,
    RateLimitedError,
    ResultPendingError,
    ServerError,
    TransportError,
)
from quantum_async.http.retry import RetryPolicy, repeat, single_attempts
from quantum_async.scheduler.interval import IntervalLaw

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from quantum_async.integrations.pulser.book import Book
    from quantum_async.integrations.pulser.outcomes import Outcome
    from quantum_async.models.job import JobRef, JobStatus
    from quantum_async.providers.base import ProviderClient

SHORTEST, LONGEST = 0.1, 30.0
"""Bounds in seconds of the time between two looks at jobs that have not ended."""

HELD = 1.0
"""A long poll that took so many seconds was held back."""

LONG_POLL = 60.0
"""Longest time in seconds that a provider may hold its answer back."""

POLLS = RetryPolicy(attempts=20, total=600.0, first=0.1, longest=30.0)
"""How long a provider may fail before the wait is given up."""

RESULT_PATIENCE = 60.0
"""How long, in seconds, the result of a job that has succeeded may be missing."""

PASSING = (TransportError, ServerError, ProtocolError, RateLimitedError, ResultPendingError)


class Watcher:
    """Follow the jobs of one client.

    Args:
        client: The provider's client.
        book: What is known.
    """

    def __init__(self, client: ProviderClient, book: Book) -> None:
        self._client = client
        self._book = book

    async def statuses(self, refs: Sequence[JobRef]) -> list[JobStatus]:
        """Ask where jobs stand; those that have ended are not asked about."""
        await self._look(refs)
        return [self._book.state(ref.id).status for ref in refs]

    async def outcomes(self, refs: Sequence[JobRef]) -> list[Outcome]:
        """Sum up jobs as they are now, and fetch what results are there and were not fetched."""
        await self._look(refs)
        await self._fetch(refs)
        return [self._book.outcome(ref) for ref in refs]

    async def as_completed(self, refs: Sequence[JobRef]) -> AsyncIterator[Outcome]:
        """Yield each job's outcome once it is over, whether or not others failed."""
        pace = _Pace()
        left = {ref.id: ref for ref in refs}
        while True:
            for outcome in await self.outcomes(list(left.values())):
                if outcome.is_over:
                    del left[outcome.job_id]
                    yield outcome
            if not left:
                return
            await self._pause(pace, list(left.values()))

    async def wait(self, refs: Sequence[JobRef]) -> list[Outcome]:
        """Wait until every job is over, however it ended; results are fetched at the end.

        Cancelled: the jobs go on.
        """
        pace = _Pace()
        await self._look(refs)
        while self._book.live(refs):
            await self._pause(pace, refs)
            await self._look(refs)
        async for _ in self.as_completed(refs):
            pass
        return [self._book.outcome(ref) for ref in refs]

    async def _pause(self, pace: _Pace, refs: Sequence[JobRef]) -> None:
        live = self._book.live(refs)
        if not live or not self._client.capabilities.long_poll:
            await anyio.sleep(pace.next_delay())
            return
        started = anyio.current_time()
        await self._look(live, wait=LONG_POLL)
        # A provider that answers at once although nothing has changed is asked as any other.
        if anyio.current_time() - started < HELD and self._book.live(live) == live:
            await anyio.sleep(pace.next_delay())

    async def _look(self, refs: Sequence[JobRef], *, wait: float = 0.0) -> None:
        live = self._book.live(refs)
        most = self._client.capabilities.jobs_per_poll
        for start in range(0, len(live), most):
            part = live[start : start + most]
            states = await repeat(partial(self._client.poll, part, wait=wait), POLLS)
            for ref, state in states.items():
                self._book.move(ref.id, state)

    async def _fetch(self, refs: Sequence[JobRef]) -> None:
        ready = self._book.ready(refs)
        if ready and self._client.capabilities.bulk_results:
            try:
                with single_attempts():
                    found = await self._client.fetch_many(ready)
            except QuantumAsyncError:
                # One by one, each failure is told to the right job.
                found = {}
            for ref, result in found.items():
                self._book.keep(ref.id, result)
        slots = anyio.Semaphore(self._client.capabilities.requests_in_flight)
        async with anyio.create_task_group() as tasks:
            for ref in self._book.ready(ready):
                tasks.start_soon(self._fetch_one, ref, slots)

    async def _fetch_one(self, ref: JobRef, slots: anyio.Semaphore) -> None:
        async with slots:
            try:
                # What fails is fetched again after the next look.
                with single_attempts():
                    result = await self._client.fetch(ref)
                self._book.keep(ref.id, result)
            except PASSING as error:
                if self._book.trouble(ref.id, anyio.current_time()) > RESULT_PATIENCE:
                    self._book.fail(ref.id, error)
            except QuantumAsyncError as error:
                self._book.fail(ref.id, error)


class _Pace:
    """When to look next."""

    def __init__(self) -> None:
        self._start = anyio.current_time()
        self._law = IntervalLaw(SHORTEST, LONGEST)

    def next_delay(self) -> float:
        return self._law.next_delay(anyio.current_time() - self._start)
