"""The sender of a lane: groups jobs into submissions and brings them to the provider."""

from __future__ import annotations

import logging
import uuid
from collections import OrderedDict, deque
from functools import partial
from typing import TYPE_CHECKING, TypeAlias, TypeVar

import anyio

from quantum_async.errors import (
    DefectError,
    InvalidInputError,
    NotSentError,
    QuantumAsyncError,
    RateLimitedError,
    RejectedRequestError,
    SchedulerClosedError,
    SubmissionUnknownError,
)
from quantum_async.http.fence import fenced
from quantum_async.journal.base import LostLeaseError
from quantum_async.models.capabilities import SubmissionGrade
from quantum_async.models.job import JobEventKind
from quantum_async.models.submission import SubmitRequest
from quantum_async.scheduler.book import Slip
from quantum_async.scheduler.job import JobRecord, Stage, fresh
from quantum_async.scheduler.workers import Broadcast, Crew, Window

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Hashable, Iterable, Iterator, Sequence

    from quantum_async.http.fence import Look, Passage
    from quantum_async.models.job import JobRef
    from quantum_async.providers.base import ProviderClient
    from quantum_async.scheduler.containment import ContainedClient
    from quantum_async.scheduler.delivery import Delivery
    from quantum_async.scheduler.lane import Lane

    Group: TypeAlias = deque[JobRecord]

    Create: TypeAlias = Callable[[], Awaitable[list[JobRef]]]

    Find: TypeAlias = Callable[[], Awaitable[list[JobRef] | None]]


class GroupQueue:
    """Jobs in groups that are served in turn, so that a large sweep does not hold up one job.

    Args:
        client: Says which jobs may share a submission and how many bytes each adds.
    """

    def __init__(self, client: ProviderClient) -> None:
        self._client = client
        self._groups: OrderedDict[Hashable, Group] = OrderedDict()
        self._size = 0

    def __len__(self) -> int:
        return self._size

    def __iter__(self) -> Iterator[JobRecord]:
        for group in self._groups.values():
            yield from group

    def put(self, records: Iterable[JobRecord]) -> None:
        """Add jobs behind those that each may share a submission with; all of them, or none."""
        is_limited = self._client.capabilities.payload_limit is not None
        keyed: list[tuple[Hashable, JobRecord]] = []
        for record in records:
            # A submission stands under one lease.
            scope = record.place.scope if record.place is not None else None
            key: Hashable = (
                record.device,
                record.batch,
                scope,
                record.bundle,
                self._client.grouping(record.spec),
            )
            if is_limited:
                record.weight = self._client.weigh(record.spec)
            keyed.append((key, record))
        for key, record in keyed:
            self._groups.setdefault(key, deque()).append(record)
        self._size += len(keyed)

    def remove(self, record: JobRecord) -> None:
        """Take out one job; it need not be here."""
        for key, group in self._groups.items():
            if record in group:
                group.remove(record)
                self._size -= 1
                if not group:
                    del self._groups[key]
                return

    def clear(self) -> list[JobRecord]:
        """Take out everything."""
        records = list(self)
        self._groups.clear()
        self._size = 0
        return records

    def head_size(self) -> int:
        """Number of jobs in the group whose turn it is."""
        return len(next(iter(self._groups.values()))) if self._groups else 0

    def take(self, most: int) -> list[JobRecord]:
        """Take the next submission's jobs: of one group, within the provider's payload limit.

        Args:
            most: How many at most; at least one.
        """
        key, group = next(iter(self._groups.items()))
        taken = list(self._within_payload(group, most))
        self._size -= len(taken)
        if group:
            self._groups.move_to_end(key)
        else:
            del self._groups[key]
        return taken

    def _within_payload(self, group: Group, most: int) -> Iterable[JobRecord]:
        limit = self._client.capabilities.payload_limit
        weight = 0
        for number in range(min(most, len(group))):
            if limit is not None:
                weight += group[0].weight
                # A single job above the limit is sent alone: only the provider can refuse it.
                if number and weight > limit:
                    return
            yield group.popleft()


class Pace:
    """Let through one caller after another at a fixed rate.

    Args:
        per_second: How many in one second, or ``None`` for no limit.

    Attributes:
        is_waited_for: Whether a caller waits for its turn.
    """

    __slots__ = ("_gap", "_next", "is_waited_for")

    def __init__(self, per_second: float | None) -> None:
        self._gap = 1.0 / per_second if per_second else 0.0
        self._next = 0.0
        self.is_waited_for: bool = False

    @property
    def is_limiting(self) -> bool:
        """Whether there is a limit."""
        return self._gap > 0.0

    async def take_turn(self) -> None:
        """Wait for this caller's turn."""
        if not self.is_limiting:
            return
        turn = max(anyio.current_time(), self._next)
        self._next = turn + self._gap
        self.is_waited_for = True
        try:
            await anyio.sleep_until(turn)
        finally:
            self.is_waited_for = False


T = TypeVar("T")

logger: logging.Logger = logging.getLogger(__name__)

QUEUE_AHEAD = 64
"""Jobs that a sweep prepares ahead of what is being sent, at the least."""


class Flight:
    """The jobs of one submission: how many of them still take a place at the provider."""

    __slots__ = ("jobs", "places")

    def __init__(self, jobs: int, places: int) -> None:
        self.jobs: int = jobs
        self.places: int = places

    def land(self) -> int:
        """Note that one job has left, and return how many places that frees."""
        self.jobs -= 1
        if self.places > self.jobs:
            freed, self.places = self.places - self.jobs, self.jobs
            return freed
        return 0


class Departure:
    """A create on its way to the provider: a submission, or the opening of a batch.

    Args:
        client: Where it goes.
        look: Says how long it may still be under way, in seconds, or raises.
        is_wanted: Whether somebody still wants it.
        records: Its jobs.
        key: Its key, which goes on the wire wherever there is a place for it.
        is_resting: Whether no attempt is under way, and the provider does not have it.

    Attributes:
        scope: Ends it, where nothing of it has left.
        is_given_up: Whether no further byte of it may leave, but what takes it back.
    """

    def __init__(
        self,
        client: ContainedClient,
        look: Look,
        is_wanted: Callable[[], bool],
        *,
        records: Sequence[JobRecord] = (),
        key: str = "",
        is_resting: bool = True,
    ) -> None:
        self.key = key
        self.is_wanted: Callable[[], bool] = is_wanted
        self.records: Sequence[JobRecord] = records
        self.is_resting: bool = is_resting
        self.is_given_up: bool = False
        self.scope: anyio.CancelScope = anyio.CancelScope()
        self._is_watched = client.capabilities.tells_what_left
        self._takes_back = client.capabilities.takes_back and bool(records)
        self._look = look
        self._passage: Passage | None = None

    @property
    def is_unsent(self) -> bool:
        """Whether the provider certainly does not have it."""
        if self.is_resting:
            return True
        return self._is_watched and self._passage is not None and not self._passage.has_left

    @property
    def can_end(self) -> bool:
        """Whether nothing of it remains at the provider if it is ended now."""
        return self.is_unsent or self._takes_back

    def give_up(self) -> None:
        """Let nothing of it leave any more."""
        self.is_given_up = True
        self.scope.cancel()

    async def attempt(self, create: Callable[[], Awaitable[T]]) -> T:
        """Make one attempt, of which nothing leaves once it is given up.

        Args:
            create: Makes it.
        """
        with fenced(self._may_leave) as passage:
            self._passage = passage
            self.is_resting = False
            try:
                return await create()
            except LostLeaseError as error:
                if passage.has_left:
                    # A create of several requests, which was cut off in the middle.
                    error.accepted = "unknown"
                raise
            except (NotSentError, RejectedRequestError):
                # Whatever comes next, a wait to begin with, the provider does not have it.
                self.is_resting = True
                raise

    def _may_leave(self) -> float:
        if self.is_given_up:
            raise given_up()
        return self._look()


def given_up() -> SchedulerClosedError:
    """Say that a create was taken back in time."""
    return SchedulerClosedError(
        "it was cancelled before anything was sent", remedy="Send it again if it is still wanted."
    )


class Sender:
    """Send what is queued, as far as the provider's places and requests in flight allow."""

    def __init__(self, lane: Lane) -> None:
        self._lane = lane
        self._queue = GroupQueue(lane.client)
        self._crew = Crew(Window(lane.requests_in_flight), self._submissions, self._next)
        self._room = Broadcast()
        self._pace = Pace(lane.limits.submissions_per_second)
        self._refusal: QuantumAsyncError | None = None
        self.departures: dict[Departure, None] = {}
        self.in_flight: int = 0

    @property
    def group_size(self) -> int:
        """Most jobs of one wire submission."""
        most = self._lane.capabilities.jobs_per_submission
        return min(most, self._lane.limits.jobs_per_submission or most)

    async def run(self) -> None:
        """Send for ever; cancelled by the scheduler."""
        await self._crew.run(self._lane.hire)

    def put(self, records: Iterable[JobRecord]) -> None:
        """Queue jobs.

        Raises:
            SchedulerClosedError: No more jobs are taken.
        """
        if self._refusal is not None:
            raise fresh(self._refusal)
        self._queue.put(records)
        self._crew.notify()

    async def room(self) -> int:
        """Wait until a sweep may prepare more jobs, and say how many.

        Raises:
            SchedulerClosedError: No more jobs are taken.
        """
        # Whole submissions: what is left over would be sent as a small one of its own.
        ahead = max(2, QUEUE_AHEAD // self.group_size) * self.group_size
        while self._refusal is None and len(self._queue) + self.group_size > ahead:
            await self._room.wait()
        if self._refusal is not None:
            raise fresh(self._refusal)
        return ahead - len(self._queue)

    def refuse(self, error: QuantumAsyncError) -> list[JobRecord]:
        """Take no more jobs, and return those that were not sent yet."""
        self._refusal = error
        self._lane.book.journal.hurry()
        self._room.notify()
        return self._queue.clear()

    def give_up(self, *, is_over: bool = False) -> None:
        """Let nothing leave of the submissions that nobody wants and that can still be ended.

        Args:
            is_over: Whether that goes for all that have not left, wanted or not.
        """
        for departure in tuple(self.departures):
            unwanted = not departure.is_wanted() and departure.can_end
            if unwanted or (is_over and departure.is_unsent):
                departure.give_up()

    @property
    def uncertain(self) -> list[tuple[str, list[JobRecord]]]:
        """The keys and jobs of submissions that the provider may or may not have."""
        found = [
            (departure.key, [r for r in departure.records if r.stage is Stage.SENDING])
            for departure in tuple(self.departures)
            if not departure.is_unsent
        ]
        return [(key, records) for key, records in found if records]

    def withdraw(self, record: JobRecord) -> None:
        """Take a job that was not sent yet out of the queue."""
        self._queue.remove(record)
        self._room.notify()

    def landed(self, record: JobRecord) -> None:
        """Note that a job no longer takes a place at the provider."""
        if record.flight is not None:
            self.in_flight -= record.flight.land()
            record.flight = None
            self._crew.notify()

    def _submissions(self) -> int:
        """Say about how many submissions could begin now."""
        if self._pace.is_waited_for or not self._places():
            return 0
        return 1 if self._pace.is_limiting else -(-len(self._queue) // self.group_size)

    async def _next(self) -> None:
        await self._pace.take_turn()
        places = self._places()
        if places:
            group = self._queue.take(places)
            self.depart(group)
            if self._pace.is_limiting:
                self._crew.notify()
            await self._send(group)

    def _places(self) -> int:
        """Say how many jobs the next submission may hold; 0 while it must wait."""
        waiting = self._queue.head_size()
        wanted = min(waiting, self.group_size)
        most = self._lane.jobs_in_flight
        if most is None:
            return wanted
        free = most - self.in_flight
        if self._lane.capabilities.shared_job:
            return wanted if free > 0 else 0
        # Few free places are let grow, so that a full queue is not refilled one job at a time.
        worthwhile = min(wanted, max(1, most // 8))
        return min(wanted, free) if free >= worthwhile else 0

    def depart(self, records: Sequence[JobRecord]) -> None:
        """Note that jobs take places at the provider from now on."""
        places = 1 if self._lane.capabilities.shared_job else len(records)
        self.in_flight += places
        flight = Flight(len(records), places)
        for record in records:
            record.stage = Stage.SENDING
            record.flight = flight
        self._room.notify()

    async def _send(self, records: list[JobRecord]) -> None:
        slip = Slip(self._lane.book, self._request(records), records)
        try:
            await slip.intend()
        except QuantumAsyncError as error:
            await self._refused(records, error)
        except anyio.get_cancelled_exc_class():
            self._withdrawn(records)
            raise
        else:
            await self.bring(slip, records)

    async def bring(
        self,
        slip: Slip,
        records: list[JobRecord],
        *,
        is_unsent: bool = True,
        is_ours: bool = True,
        quiet: float = 0.0,
    ) -> None:
        """Bring a submission to its end.

        Args:
            slip: Its entry in the journal.
            records: Its jobs.
            is_unsent: Whether the provider is known not to have it.
            is_ours: Whether it began here, and was not left unfinished by another process.
            quiet: Seconds until nothing of it can be under way from that process.
        """
        if is_unsent and all(record.wants_cancel for record in records):
            self._given_up(slip, records)
            return
        departure = Departure(
            self._lane.client,
            slip.look,
            lambda: not all(record.wants_cancel for record in records),
            records=records,
            key=slip.request.key,
            is_resting=is_unsent,
        )
        delivery = self._delivery(slip, departure, is_findable=is_ours or slip.is_findable)
        deliver = delivery.deliver if is_unsent else partial(delivery.resume, quiet=quiet)
        self.departures[departure] = None
        refs: list[JobRef] | None = None
        try:
            with departure.scope, self._lane.hub.during("submit", records, slip.request.key):
                refs = await deliver(*self._attempts(slip, departure))
        except QuantumAsyncError as error:
            await self._failed(slip, departure, error)
        except anyio.get_cancelled_exc_class():
            self._torn(slip, departure)
            raise
        else:
            if refs is None:
                self._given_up(slip, records)
            else:
                self._accepted(records, await slip.accepted(refs))
                await self._lane.cancel_wanted(records)
        finally:
            del self.departures[departure]

    async def _failed(self, slip: Slip, departure: Departure, error: QuantumAsyncError) -> None:
        if isinstance(error, LostLeaseError):
            slip.returned(error)
            await self._refused(departure.records, error)
        elif error.accepted == "unknown":
            slip.unknown(error)
            # Whoever submitted it may be gone, and hear of it nowhere else.
            number = len(departure.records)
            jobs = f"{number} job{'' if number == 1 else 's'}"
            key = slip.request.key
            logger.warning(
                "submission %s of %s may or may not have been accepted: %s", key, jobs, error
            )
            await self._refused(departure.records, error)
        elif departure.is_given_up:
            self._given_up(slip, departure.records)
        else:
            slip.rejected(error)
            await self._refused(departure.records, error)

    def _given_up(self, slip: Slip, records: Sequence[JobRecord]) -> None:
        """End a submission of which nothing has left."""
        slip.rejected(given_up())
        self._withdrawn(records)

    def _withdrawn(self, records: Sequence[JobRecord]) -> None:
        for record in records:
            self._lane.withdraw(record)

    def _torn(self, slip: Slip, departure: Departure) -> None:
        """End a submission that was torn off: by the end of the grace, or of the event loop."""
        if departure.is_unsent:
            self._given_up(slip, departure.records)
            return
        error = SubmissionUnknownError(
            "the scheduler's block was left before the answer to a submission came",
            key=slip.request.key,
            provider=self._lane.client.provider,
            remedy=f"Look for key {slip.request.key} at the provider; it may exist and be billed.",
        )
        slip.unknown(error)
        for record in departure.records:
            self._lane.failed(record, fresh(error))

    async def _refused(self, records: Sequence[JobRecord], error: QuantumAsyncError) -> None:
        """Send a refused submission in two parts, so that one bad job fails alone."""
        is_divisible = len(records) > 1 and records[0].bundle is None
        if is_divisible and _may_be_one_jobs_fault(error):
            middle = len(records) // 2
            for part in (records[:middle], records[middle:]):
                await self._send(list(part))
            return
        for record in records:
            self.landed(record)
            self._lane.failed(record, fresh(error))

    def _accepted(self, records: list[JobRecord], refs: list[JobRef]) -> None:
        now = anyio.current_time()
        for record, ref in zip(records, refs, strict=True):
            record.accept(ref, now)
        self._lane.accepted(records)

    def _request(self, records: list[JobRecord]) -> SubmitRequest:
        return SubmitRequest(
            key=uuid.uuid4().hex,
            target=records[0].device,
            jobs=tuple(record.spec for record in records),
            batch=records[0].batch,
        )

    def _attempts(self, slip: Slip, departure: Departure) -> tuple[Create, Find]:
        client, request = self._lane.client, slip.request

        async def create() -> list[JobRef]:
            await slip.attempt()
            self._lane.hub.attempt(departure.records)
            return await departure.attempt(lambda: client.submit(request))

        async def find() -> list[JobRef] | None:
            refs = await client.find(request.key)
            if refs and len(refs) != len(request.jobs):
                found = f"{len(refs)} jobs were found where {len(request.jobs)} were sent"
                raise SubmissionUnknownError(found, key=request.key, provider=client.provider)
            return refs or None

        return create, find

    def _delivery(self, slip: Slip, departure: Departure, *, is_findable: bool) -> Delivery:
        def notify(error: QuantumAsyncError) -> None:
            departure.is_resting = True
            slip.postponed()
            for record in departure.records:
                self._lane.hub.publish(JobEventKind.RETRIED, record, str(error))

        grade = None if is_findable else SubmissionGrade.AT_MOST_ONCE
        return self._lane.delivery(slip.request.key, notify, grade)


def _may_be_one_jobs_fault(error: QuantumAsyncError) -> bool:
    if isinstance(error, RateLimitedError):
        return False
    # The statuses by which a provider refuses content; the others concern the caller.
    if isinstance(error, DefectError):
        return error.accepted == "no"
    return isinstance(error, InvalidInputError) or (
        isinstance(error, RejectedRequestError) and error.status in {400, 413, 422}
    )
