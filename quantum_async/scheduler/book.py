"""The book: how a scheduler keeps its journal, one slip per submission."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import anyio
import anyio.to_thread

from quantum_async.errors import (
    DuplicateSubmissionError,
    JobCancelledError,
    JobFailedError,
    JournalError,
    QuantumAsyncError,
    ResultError,
)
from quantum_async.journal.base import Journal, NullJournal
from quantum_async.journal.records import Place, Submission, WorkState
from quantum_async.models.capabilities import SubmissionGrade

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from quantum_async.journal.records import Claim, SweepPlan
    from quantum_async.models.batch import BatchRef
    from quantum_async.models.cost import Budget
    from quantum_async.models.job import JobRef
    from quantum_async.models.submission import BatchRequest, SubmitRequest
    from quantum_async.providers.base import ProviderClient
    from quantum_async.scheduler.budget import Purse
    from quantum_async.scheduler.record import JobRecord

logger: logging.Logger = logging.getLogger(__name__)


class Book:
    """Keep the journal of one scheduler.

    Args:
        journal: A path or URL, a journal, or ``None`` to keep nothing.
        purse: Where the spending is counted.
        budget: The most that may be spent.
    """

    def __init__(
        self, journal: str | Path | Journal | None, purse: Purse, budget: Budget | None
    ) -> None:
        self._wanted = journal
        self.journal: Journal = journal if isinstance(journal, Journal) else NullJournal()
        self.purse = purse
        self.budget = budget
        self.revived: dict[str, JobRecord] = {}
        self._sweeps: dict[str, Callable[[], bool]] = {}

    async def __aenter__(self) -> None:
        if isinstance(self._wanted, str | Path):
            self.journal = await anyio.to_thread.run_sync(_durable, self._wanted)
        await self.journal.open()

    async def __aexit__(self, *exc_info: object) -> None:
        await self.journal.close()

    async def keep(self, lost: Callable[[frozenset[str]], None]) -> None:
        """Renew the leases for ever.

        Args:
            lost: Called with the scopes that another process has taken over.
        """
        while (pulse := self.journal.pulse) is not None:
            await anyio.sleep(pulse)
            try:
                scopes = await self.journal.renew()
            except JournalError as error:
                # Until it works again nothing is sent: the leases' own clock sees to that.
                logger.warning("the journal's leases could not be renewed: %s", error)
            else:
                if scopes:
                    lost(scopes)

    def place(self, record: JobRecord) -> Place:
        """Say where a job belongs: by default, to this run."""
        return record.place or Place(self.journal.scope)

    async def claim_sweep(self, plan: SweepPlan, is_over: Callable[[], bool]) -> Claim:
        """Take over a named sweep, or begin it.

        Args:
            plan: What it runs.
            is_over: Whether it has ended here, so that the same name may begin again.

        Raises:
            DuplicateSubmissionError: The name was used for another plan, or is under way here.
            JournalError: Another process is at it.
        """
        under_way = self._sweeps.get(plan.name)
        if self.journal.location is not None and under_way is not None and not under_way():
            raise DuplicateSubmissionError(
                f"the sweep {plan.name!r} is under way in this scheduler",
                remedy="Wait for it, or give this one another name.",
            )
        self._sweeps[plan.name] = is_over
        return await self.journal.claim_sweep(plan)

    def slip(self, request: SubmitRequest, records: Sequence[JobRecord]) -> Slip:
        """Prepare the entry of one submission, or find the one that the journal has.

        Args:
            request: What is sent.
            records: Its jobs.
        """
        return Slip(self, request, records)

    def settled(self, record: JobRecord) -> None:
        """Write down a job's outcome; that of one that was never accepted is its submission's."""
        self.revived.pop(record.spec.key, None)
        if record.is_guest or record.ref is None:
            return
        self.purse.pay(record.state.cost)
        if record.result is not None:
            self.journal.fetched(record.spec.key, record.result, record.state.cost)
        elif isinstance(record.error, QuantumAsyncError):
            self.journal.ended(record.spec.key, _ending(record.error), record.error)

    def detached(self, record: JobRecord) -> None:
        """Write down that nobody here answers for a job any more."""
        if not record.is_guest and record.ref is not None:
            self.journal.detached(record.spec.key)

    async def intend_batch(self, request: BatchRequest, client: ProviderClient) -> None:
        """Write down that a batch is about to be opened.

        Raises:
            JournalError: It cannot be, so the batch must not be opened.
        """
        await self.journal.intend_batch(request, client.provider, client.account, client.identity)

    def batch_opened(self, ref: BatchRef) -> None:
        """Write down a batch's id."""
        self.journal.batch_opened(ref)

    def batch_closed(self, key: str) -> None:
        """Write down that a batch is closed, or was never opened."""
        self.journal.batch_closed(key)


class Slip:
    """One submission's way through the journal.

    Args:
        book: The book it is in.
        request: What is sent.
        records: Its jobs.
    """

    def __init__(
        self,
        book: Book,
        request: SubmitRequest,
        records: Sequence[JobRecord],
    ) -> None:
        self._book = book
        self._journal = book.journal
        self._records = records
        self._is_recorded_as_sent = False
        self._is_paid = False
        self.request = request

    @property
    def scope(self) -> str:
        """The lease it is sent under."""
        return self._book.place(self._records[0]).scope

    @property
    def is_findable(self) -> bool:
        """Whether another process could ask the provider for it by its key."""
        capabilities = self._records[0].lane.capabilities
        if capabilities.grade is SubmissionGrade.AT_MOST_ONCE:
            return False
        return self.request.batch is None or capabilities.finds_additions

    async def intend(self) -> None:
        """Make it known before the first byte is sent.

        Raises:
            BudgetExceededError: It would exceed the budget.
            JournalError: It cannot be written down.
        """
        self._book.purse.take(jobs=len(self._records), shots=self._shots)
        try:
            await self._journal.intend(self._submission(), self._book.budget)
        except BaseException:
            self._book.purse.give_back(jobs=len(self._records), shots=self._shots)
            raise
        self._is_paid = self._is_recorded_as_sent = True

    async def attempt(self) -> None:
        """Let one attempt pass; after this, the request may leave.

        Raises:
            JournalError: It must not be sent.
        """
        if not self._is_recorded_as_sent:
            await self._journal.sending(self.request.key)
            self._is_recorded_as_sent = True
        if not self._journal.holds(self.scope):
            raise JournalError(
                "this process has not renewed its lease in time, so another may have taken over",
                remedy="Nothing was sent; resume the run to see who works on it.",
            )

    def postponed(self) -> None:
        """Note that the provider is known not to have it, and that it is sent later."""
        self._is_recorded_as_sent = False
        self._journal.postponed(self.request.key)

    def accepted(self, refs: Sequence[JobRef]) -> list[JobRef]:
        """Note that the provider has it, and return references that name the journal."""
        location = self._journal.location
        identity = self._records[0].lane.client.identity
        named = [
            replace(ref, key=record.spec.key, journal=location, identity=identity)
            for ref, record in zip(refs, self._records, strict=True)
        ]
        self._journal.accepted(self.request.key, named, is_findable=self.is_findable)
        return named

    def rejected(self, error: QuantumAsyncError) -> None:
        """Note that it does not exist."""
        if self._is_paid:
            self._book.purse.give_back(jobs=len(self._records), shots=self._shots)
        self._journal.rejected(self.request.key, error)

    def unknown(self, error: QuantumAsyncError) -> None:
        """Note that nobody can say whether it exists."""
        self._journal.unknown(self.request.key, error)

    @property
    def _shots(self) -> int:
        return sum(record.spec.shots for record in self._records)

    def _submission(self) -> Submission:
        client = self._records[0].lane.client
        return Submission(
            key=self.request.key,
            provider=client.provider,
            account=client.account,
            target=self.request.target,
            jobs=self.request.jobs,
            places=tuple(map(self._book.place, self._records)),
            batch=self.request.batch,
            identity=client.identity,
        )


def _ending(error: QuantumAsyncError) -> WorkState:
    if isinstance(error, JobCancelledError):
        return WorkState.CANCELLED
    if isinstance(error, JobFailedError):
        return WorkState.FAILED
    # Following it failed, not the job: whoever resumes asks again.
    return WorkState.SUCCEEDED if isinstance(error, ResultError) else WorkState.ACCEPTED


def _durable(place: str | Path) -> Journal:
    from quantum_async.http.redact import redact
    from quantum_async.journal.sql import SqlJournal

    return SqlJournal(place, clean=redact)
