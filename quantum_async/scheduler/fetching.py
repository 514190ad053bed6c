"""The fetcher of a lane: gets results as soon as they are known to be there, and no sooner."""

from __future__ import annotations

from collections import Counter, deque
from functools import partial
from typing import TYPE_CHECKING

import anyio

from quantum_async.errors import (
    ProtocolError,
    QuantumAsyncError,
    RateLimitedError,
    ResultError,
    ResultPendingError,
    ServerError,
    TransportError,
)
from quantum_async.scheduler.crew import Crew
from quantum_async.scheduler.retrying import Retry
from quantum_async.scheduler.signal import Signal
from quantum_async.scheduler.window import Window

if TYPE_CHECKING:
    from quantum_async.models.result import Result
    from quantum_async.scheduler.crew import Piece
    from quantum_async.scheduler.host import Host
    from quantum_async.scheduler.lane import Lane
    from quantum_async.scheduler.record import JobRecord

ATTEMPTS = 10
BULK_PARTS = 3
"""In how many parts, at the most, the results of a batch are fetched while it runs."""
BULK_WAIT = 0.3
"""Longest wait for more results of a batch, as a fraction of the median run time."""

PASSING = (TransportError, ServerError, ProtocolError, RateLimitedError, ResultPendingError)


class Fetcher:
    """Fetch the results of jobs that have succeeded.

    Where a provider serves all results of a batch in one request, results are gathered for a
    moment: a batch costs a handful of requests instead of one or two per job.
    """

    def __init__(self, lane: Lane) -> None:
        self._lane = lane
        self._gathering: dict[str, list[JobRecord]] = {}
        self._since: dict[str, float] = {}
        self._running: Counter[str] = Counter()
        self._signal = Signal()
        self._queue: deque[Piece] = deque()
        self._crew = Crew(Window(lane.requests_in_flight), self._queue.__len__, self._next)
        self._retry = Retry(
            _passing,
            attempts=ATTEMPTS,
            patience=lane.limits.patience,
            first_wait=lane.limits.min_poll_interval,
        )

    def expect(self, record: JobRecord) -> None:
        """Note that a job of a batch is running, so that its batch's results are worth a wait."""
        self._running[_batch(record)] += 1

    def dismiss(self, record: JobRecord) -> None:
        """Note that a job of a batch ended without a result."""
        self._left(_batch(record))
        self._signal.notify()

    def put(self, record: JobRecord) -> None:
        """Take a job that has succeeded."""
        batch_id = _batch(record)
        self._left(batch_id)
        if self._lane.capabilities.bulk_results:
            self._gathering.setdefault(batch_id, []).append(record)
            self._since.setdefault(batch_id, anyio.current_time())
            self._signal.notify()
        else:
            self._put(partial(self._fetch_one, record))

    async def run(self, tasks: Host) -> None:
        """Fetch for ever; cancelled by the scheduler."""
        tasks.start_soon(self._lane.guarded, self._crew.run, self._lane.hire())
        while True:
            await self._signal.wait_until(self._next_deadline())
            for records in self._gathered(anyio.current_time()):
                self._put(partial(self._fetch_many, records))

    def _put(self, piece: Piece) -> None:
        self._queue.append(piece)
        self._crew.notify()

    async def _next(self) -> None:
        if self._queue:
            await self._queue.popleft()()

    def _left(self, batch_id: str) -> None:
        self._running[batch_id] -= 1
        if self._running[batch_id] <= 0:
            del self._running[batch_id]

    def _deadline(self, batch_id: str) -> float:
        records = self._gathering[batch_id]
        running = self._running[batch_id]
        if running == 0 or len(records) * BULK_PARTS >= len(records) + running:
            return 0.0
        median = self._lane.poller.median(records[0])
        wait = BULK_WAIT * median if median is not None else self._lane.limits.min_poll_interval
        return self._since[batch_id] + wait

    def _next_deadline(self) -> float:
        return min(map(self._deadline, self._gathering), default=float("inf"))

    def _gathered(self, now: float) -> list[list[JobRecord]]:
        due = [batch_id for batch_id in self._gathering if self._deadline(batch_id) <= now]
        for batch_id in due:
            del self._since[batch_id]
        return [self._gathering.pop(batch_id) for batch_id in due]

    async def _fetch_many(self, records: list[JobRecord]) -> None:
        refs = [record.ref for record in records if record.ref is not None]
        try:
            with self._lane.hub.during("fetch", records):
                results = await self._lane.client.fetch_many(refs)
        except QuantumAsyncError:
            # The shortcut is optional: one by one, each failure is told to the right job.
            results = {}
        for record in records:
            result = results.get(record.ref) if record.ref is not None else None
            if result is None:
                self._put(partial(self._fetch_one, record))
            else:
                record.succeed(result)
                self._lane.settled(record)

    async def _fetch_one(self, record: JobRecord) -> None:
        try:
            with self._lane.hub.during("fetch", [record]):
                result = await self._fetch_patiently(record)
        except QuantumAsyncError as error:
            failure = error
            if not isinstance(error, ResultError):
                failure = ResultError(
                    f"the result of job {record.ref} could not be fetched: {error}",
                    request_id=error.request_id,
                    remedy="The job is done and stays at the provider; fetch it again later.",
                )
                failure.__cause__ = error
            self._lane.failed(record, failure)
        else:
            record.succeed(result)
            self._lane.settled(record)

    async def _fetch_patiently(self, record: JobRecord) -> Result:
        ref = record.ref
        assert ref is not None
        return await self._retry.run(lambda: self._lane.client.fetch(ref))


def _batch(record: JobRecord) -> str:
    """Name what a job's result comes with: its batch, or the provider's job that it shares."""
    assert record.ref is not None
    return record.ref.batch_id or record.ref.id


def _passing(error: Exception) -> bool | float:
    if isinstance(error, (RateLimitedError, ServerError)) and error.retry_after is not None:
        return error.retry_after
    return isinstance(error, PASSING)
