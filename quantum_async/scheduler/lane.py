"""A lane: all work of one scheduler towards one provider, within that provider's limits."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING
from weakref import WeakSet

import anyio

from quantum_async.errors import JournalError, QuantumAsyncError
from quantum_async.http.fence import past_pauses
from quantum_async.models.job import JobEventKind, JobState, JobStatus
from quantum_async.scheduler.containment import PASSING, ContainedClient, defect
from quantum_async.scheduler.delivery import Delivery
from quantum_async.scheduler.job import JobRecord, Stage, fresh
from quantum_async.scheduler.polling import Fetcher, Poller
from quantum_async.scheduler.sending import Sender

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Sequence

    from quantum_async.models.capabilities import Capabilities, SubmissionGrade
    from quantum_async.models.job import JobRef
    from quantum_async.models.limits import Limits
    from quantum_async.providers.base import ProviderClient
    from quantum_async.scheduler.book import Book
    from quantum_async.scheduler.delivery import Notify, UnknownPolicy
    from quantum_async.scheduler.events import EventHub
    from quantum_async.scheduler.host import Host
    from quantum_async.scheduler.workers import Broadcast, Piece

logger: logging.Logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Common:
    """What all lanes of a scheduler share.

    Args:
        limits: The user's limits.
        hub: Where events go.
        book: Where everything is written down.
        policy: What to do where a lost answer cannot be looked up.
        settled: Called with each job whose result or error is here.
        changed: Told whenever a job is accepted or settled.
        host: Owns all that runs.
    """

    limits: Limits
    hub: EventHub
    book: Book
    policy: UnknownPolicy
    settled: Callable[[JobRecord], None]
    changed: Broadcast
    host: Host


class Lane:
    """Follow the jobs of one provider from the queue to the result.

    Three loops share the work: the sender submits, the poller asks, the fetcher gets results.
    The lane holds what they have in common and moves each job from one to the next.
    """

    def __init__(self, client: ProviderClient, common: Common) -> None:
        self.client: ContainedClient = ContainedClient(client)
        self.common = common
        self.limits: Limits = common.limits
        """The user's limits."""
        self.hub: EventHub = common.hub
        """Where events go."""
        self.book: Book = common.book
        """Where everything is written down."""
        self.host: Host = common.host
        """Owns all that runs."""
        self.live: dict[JobRecord, None] = {}
        self.astray: dict[JobRecord, None] = {}
        """Jobs that can no longer be followed, and that are not known to have ended."""
        self.forgotten: WeakSet[JobRecord] = WeakSet()
        """Jobs that were left to themselves; whoever waits for one is told when nobody looks."""
        self.is_leaving: bool = False
        self.sender: Sender = Sender(self)
        self.poller: Poller = Poller(self)
        self.fetcher: Fetcher = Fetcher(self)

    @property
    def capabilities(self) -> Capabilities:
        """What the provider can do."""
        return self.client.capabilities

    @property
    def requests_in_flight(self) -> int:
        """Most concurrent requests of one kind towards this provider."""
        return self.limits.requests_in_flight or self.capabilities.requests_in_flight

    @property
    def jobs_in_flight(self) -> int | None:
        """Most unfinished jobs at the provider, or ``None`` for no limit."""
        own, provider = self.limits.jobs_in_flight, self.capabilities.jobs_in_flight
        return own if provider is None else min(provider, own or provider)

    def start(self) -> None:
        """Start the three loops."""
        for loop in (self.sender, self.poller, self.fetcher):
            self.host.start_soon(self.guarded, loop.run, repeats=True)

    async def guarded(self, work: Callable[..., Awaitable[None]], *args: object) -> None:
        """Run work of this lane: a defect in it fails this lane's jobs, and ends nothing else."""
        try:
            await work(*args)
        except PASSING:
            raise
        except BaseException as error:  # noqa: BLE001 -- of whatever a library raises
            self.broken(error)

    def broken(self, error: BaseException) -> None:
        """Tell every job here of a defect, after which nothing here can be relied on."""
        logger.error("%s: a defect: %r; please report it", self.client.name, error, exc_info=error)
        twin = defect(error, self.client.provider, "the scheduler", "no")
        for record in self.sender.refuse(twin):
            self.sender.withdraw(record)
            self.failed(record, fresh(twin))
        for record in list(self.live):
            if record.ref is not None:
                self.lost(record, twin)
            else:
                uncertain = fresh(twin)
                uncertain.accepted = "unknown"
                self.failed(record, uncertain)

    def hire(self, toil: Piece) -> None:
        """Start a task of a crew."""
        self.host.start_soon(self.guarded, toil)

    def delivery(self, key: str, notify: Notify, grade: SubmissionGrade | None = None) -> Delivery:
        """Prepare the delivery of one create."""
        return Delivery(
            self.client,
            key,
            patience=self.limits.patience,
            policy=self.common.policy,
            notify=notify,
            grade=grade,
        )

    def put(self, records: Iterable[JobRecord]) -> None:
        """Queue jobs for sending.

        Raises:
            SchedulerClosedError: The lane takes no more jobs.
        """
        records = list(records)
        self.sender.put(records)
        self.live.update(dict.fromkeys(records))
        self.hub.begin(records)

    def board(self, records: Sequence[JobRecord]) -> None:
        """Take jobs of one submission that another process has sent, or was about to."""
        self.live.update(dict.fromkeys(records))
        self.hub.begin(records, is_resumed=True)
        self.sender.depart(records)

    def adopt(self, records: Sequence[JobRecord], refs: Sequence[JobRef]) -> None:
        """Follow jobs of one submission that the provider has accepted from another process."""
        self.board(records)
        now = anyio.current_time()
        for record, ref in zip(records, refs, strict=True):
            record.accept(ref, now)
        self.accepted(records)

    def surrender(self, scopes: frozenset[str]) -> None:
        """Stop work that another process has taken over; it goes on there."""
        for record in list(self.live):
            if record.is_guest or self.book.place(record).scope not in scopes:
                continue
            if record.stage is Stage.SENDING:
                # Its answer is on its way; the journal then lets nothing more be written.
                continue
            self._give_up(record)

    def refuse(self, error: QuantumAsyncError) -> None:
        """Take no more jobs; what waits unsent ends as cancelled."""
        for record in self.sender.refuse(error):
            self.withdraw(record)

    def leave(self, error: QuantumAsyncError) -> None:
        """Take no more jobs; from now on a pause that the provider asked for holds up no cancel."""
        self.is_leaving = True
        self.refuse(error)

    def accepted(self, records: Sequence[JobRecord]) -> None:
        """Note that the provider has the jobs of a submission."""
        for record in records:
            self.hub.publish(JobEventKind.SUBMITTED, record)
            self.fetcher.expect(record)
        self.poller.watch(records)
        self.common.changed.notify()

    def failed(self, record: JobRecord, error: BaseException) -> None:
        """Note that a job will have no result."""
        if isinstance(error, QuantumAsyncError):
            job_id = record.ref.id if record.ref else None
            error.concerning(provider=self.client.provider, job_id=job_id)
        record.fail(error)
        self.settled(record)

    def ended(self, record: JobRecord, state: JobState) -> None:
        """Note that the provider ended a job."""
        record.state = state
        self.sender.landed(record)
        if state.status is JobStatus.SUCCEEDED:
            record.stage = Stage.ENDED
            self.fetcher.put(record)
        else:
            self.fetcher.dismiss(record)
            record.end(state)
            self.settled(record)

    def lost(self, record: JobRecord, error: QuantumAsyncError) -> None:
        """Give up on an accepted job that can no longer be followed: it has not ended for that.

        It stays among the unfinished, and is cancelled, or at the least named, on the way out.
        """
        self.sender.landed(record)
        if record.stage is Stage.ACCEPTED:
            self.fetcher.dismiss(record)
            self.astray[record] = None
        twin = fresh(error)
        twin.accepted = "yes"
        twin.add_note("The job goes on at the provider; look for it there by its id.")
        self.failed(record, twin)

    def _give_up(self, record: JobRecord) -> None:
        if record.stage is Stage.WAITING:
            self.sender.withdraw(record)
        elif record.stage is Stage.ACCEPTED:
            self.sender.landed(record)
            self.fetcher.dismiss(record)
        record.is_guest = True
        self.failed(
            record,
            JournalError(
                f"another process has taken over job {record.ref or record.spec.key}",
                remedy="It goes on there; look it up in the journal.",
                accepted="yes" if record.ref else "no",
            ),
        )

    def settled(self, record: JobRecord) -> None:
        """Note that result or error of a job is here."""
        self.live.pop(record, None)
        self.forgotten.discard(record)
        self.book.settled(record)
        self.hub.publish(JobEventKind.FINISHED, record)
        self.common.settled(record)
        self.common.changed.notify()

    def forget(self, record: JobRecord) -> None:
        """Leave a job to itself: not waited for, not cancelled."""
        if record in self.live:
            del self.live[record]
            self.forgotten.add(record)
            self.sender.landed(record)
            self.book.detached(record)
            self.hub.leave(record)
            self.common.changed.notify()

    def withdraw(self, record: JobRecord) -> None:
        """Take back a job that was not sent yet; it ends as cancelled."""
        self.sender.withdraw(record)
        self.sender.landed(record)
        record.wants_cancel = True
        record.end(JobState(JobStatus.CANCELLED, message="it had not been sent yet"))
        self.settled(record)

    async def cancel(self, records: Iterable[JobRecord]) -> None:
        """Cancel jobs wherever they stand.

        One that is under way is marked, and cancelled by the scheduler once it is accepted.

        Raises:
            QuantumAsyncError: The provider could not be asked, or refused one of them.
        """
        accepted: list[JobRecord] = []
        for record in records:
            record.wants_cancel = True
            if record.stage is Stage.WAITING:
                self.withdraw(record)
            elif record.stage is Stage.ACCEPTED or record in self.astray:
                accepted.append(record)
        self.sender.give_up()
        await self._cancel_remotely([r for r in accepted if not self._left_to_others(r)])

    async def cancel_wanted(self, records: Iterable[JobRecord]) -> None:
        """Cancel those of some newly accepted jobs that were cancelled while on their way."""
        wanted = [record for record in records if record.wants_cancel]
        if self.is_leaving:
            with past_pauses():
                await self.cancel_quietly(wanted)
        else:
            await self.cancel_quietly(wanted)

    async def cancel_quietly(self, records: Iterable[JobRecord]) -> None:
        """Cancel jobs where nobody waits for the answer: a refusal is logged."""
        try:
            await self.cancel(records)
        except QuantumAsyncError as error:
            logger.warning("%s: a job could not be cancelled: %s", self.client.name, error)

    def _left_to_others(self, record: JobRecord) -> bool:
        """Give up a job alone where others share the provider's job and are still wanted."""
        sharing = record.watch.records if record.watch is not None else []
        if all(r.wants_cancel or r.stage is not Stage.ACCEPTED for r in sharing):
            return False
        if record in self.astray:
            return True
        message = "others that share the provider's job go on"
        self.ended(record, JobState(JobStatus.CANCELLED, message=message))
        return True

    async def _cancel_remotely(self, records: list[JobRecord]) -> None:
        refs = {record.ref: record for record in records if record.ref is not None}
        if not refs:
            return
        try:
            failures = await self.client.cancel(list(refs))
        except QuantumAsyncError as error:
            job_id = next(iter(refs)).id if len(refs) == 1 else None
            error.concerning(provider=self.client.provider, job_id=job_id, accepted="yes")
            raise
        for ref, record in refs.items():
            if ref in failures:
                continue
            self.astray.pop(record, None)
            if record.stage is Stage.ACCEPTED:
                record.state = JobState(JobStatus.CANCELLING)
                self.poller.hurry(record)
        for ref, failure in failures.items():
            raise failure.concerning(job_id=ref.id, accepted="yes")
