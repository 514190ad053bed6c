"""The fetcher of a lane: gets results as soon as they are known to be there, and no sooner."""

from __future__ import annotations

import logging
from collections import Counter, deque
from dataclasses import replace
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING

import anyio

from quantum_async.errors import (
    AuthenticationError,
    DefectError,
    ProtocolError,
    QuantumAsyncError,
    RejectedRequestError,
    ResultError,
    ResultPendingError,
)
from quantum_async.http.retry import (
    RetryPolicy,
    described,
    may_pass,
    reading,
    repeat,
    single_attempts,
    warn,
)
from quantum_async.models.job import JobEventKind
from quantum_async.models.options import as_asked
from quantum_async.models.result import Result
from quantum_async.scheduler.containment import contained
from quantum_async.scheduler.record import fresh
from quantum_async.scheduler.signal import Signal
from quantum_async.scheduler.workers import Crew, Window

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from quantum_async.http.retry import Failure
    from quantum_async.scheduler.lane import Lane
    from quantum_async.scheduler.record import JobRecord
    from quantum_async.scheduler.workers import Piece

ATTEMPTS = 10
"""How often a result is asked for at most, spread over the lane's patience."""
BULK_PARTS = 3
"""In how many parts, at the most, the results of a batch are fetched while it runs."""
BULK_WAIT = 0.3
"""Longest wait for more results of a batch, as a fraction of the median run time."""
SAME_READINGS = 3
"""So many equal answers that make no sense are what a result is, and not a failure that passes."""

logger: logging.Logger = logging.getLogger(__name__)


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
        self._policy = RetryPolicy(
            ATTEMPTS, total=lane.limits.patience, first=lane.limits.min_poll_interval, spread=True
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
            self._put(partial(self._fetch_each, [record], self._policy))

    async def run(self) -> None:
        """Fetch for ever; cancelled by the scheduler."""
        self._lane.host.start_soon(self._lane.guarded, self._crew.run, self._lane.hire)
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
        policy = self._policy
        try:
            with (
                self._lane.hub.during("fetch", records),
                contained(self._lane.client.provider, "fetch_many", "yes"),
                single_attempts(),
            ):
                results = await self._lane.client.fetch_many(refs)
                given = [results.get(record.ref) for record in records if record.ref is not None]
                found = [
                    None if result is None else _result(result, record)
                    for result, record in zip(given, records, strict=True)
                ]
        except QuantumAsyncError as error:
            # The shortcut is optional: one by one, each failure is told to the right job. What is
            # behind it may be the same address.
            logger.info("%s: results are fetched one by one: %s", self._lane.client.name, error)
            found = [None] * len(records)
            policy = replace(policy, attempts=policy.attempts - 1)
        rest: dict[str, list[JobRecord]] = {}
        for record, result in zip(records, found, strict=True):
            if result is not None:
                record.succeed(result)
                self._lane.settled(record)
            elif record.ref is not None:
                rest.setdefault(record.ref.id, []).append(record)
        for sharing in rest.values():
            self._put(partial(self._fetch_each, sharing, policy))

    async def _fetch_each(self, records: list[JobRecord], policy: RetryPolicy) -> None:
        """Fetch the results of jobs that share one id, one after the other.

        What they ask for may be one document: if it stays out of reach for the first, it is not
        asked for again for each of the others.
        """
        failure: QuantumAsyncError | None = None
        for record in records:
            if failure is None:
                failure = await self._fetch_one(record, policy)
            else:
                self._lane.failed(record, _failure(record, failure))

    async def _fetch_one(self, record: JobRecord, policy: RetryPolicy) -> QuantumAsyncError | None:
        """Fetch one result; returns its error where that may concern the others of its id."""
        try:
            with self._lane.hub.during("fetch", [record]):
                result = await repeat(
                    self._attempt(record), policy, _passes, told=partial(self._put_off, record)
                )
        except QuantumAsyncError as error:
            self._lane.failed(record, _failure(record, error))
            is_shared = _passes(error) or isinstance(error.__cause__, ProtocolError)
            return error if is_shared else None
        record.succeed(result)
        self._lane.settled(record)
        return None

    async def _put_off(self, record: JobRecord, failure: Failure) -> None:
        await warn(failure)
        if failure.seconds is not None:
            self._lane.hub.publish(JobEventKind.RETRIED, record, str(failure.error))

    def _attempt(self, record: JobRecord) -> Callable[[], Awaitable[Result]]:
        """Prepare to ask for one result, which is an error once it has made no sense three times."""
        ref, readings = record.ref, Counter[tuple[str, str]]()
        assert ref is not None

        async def attempt() -> Result:
            try:
                with contained(self._lane.client.provider, "fetch", "yes"):
                    return _result(await self._lane.client.fetch(ref), record)
            except ProtocolError as error:
                readings[reading(error)] += 1
                if readings[reading(error)] < SAME_READINGS:
                    raise
                raise ResultError(
                    f"the result of job {ref} makes no sense, and was the same "
                    f"{SAME_READINGS} times: {described(error)}",
                    request_id=error.request_id,
                    remedy="The job is done and stays at the provider; please report this.",
                ) from error

        return attempt


def _batch(record: JobRecord) -> str:
    """Name what a job's result comes with: its batch, or the provider's job that it shares."""
    assert record.ref is not None
    return record.ref.batch_id or record.ref.id


def _passes(error: QuantumAsyncError) -> bool:
    """Say whether a result may come that did not: whose polls were answered is let in again."""
    is_shut_out = isinstance(error, AuthenticationError) or (
        isinstance(error, RejectedRequestError) and error.status == HTTPStatus.FORBIDDEN
    )
    return is_shut_out or may_pass(error) or isinstance(error, ResultPendingError)


def _result(given: object, record: JobRecord) -> Result:
    """Take what a client gave as a result; what is none is a defect of the client's."""
    if not isinstance(given, Result):
        raise TypeError(f"a result was expected, not {type(given).__name__}")
    return as_asked(given, record.spec.options)


def _failure(record: JobRecord, error: QuantumAsyncError) -> QuantumAsyncError:
    if isinstance(error, ResultError | DefectError):
        return fresh(error)
    failure = ResultError(
        f"the result of job {record.ref} could not be fetched: {error}",
        request_id=error.request_id,
        remedy="The job is done and stays at the provider; fetch it again later.",
    )
    failure.__cause__ = error
    return failure
