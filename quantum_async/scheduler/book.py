"""The book: how a scheduler keeps its journal, one slip per submission."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import anyio
import anyio.to_thread

from quantum_async.errors import (
    BudgetExceededError,
    DuplicateSubmissionError,
    JobCancelledError,
    JobFailedError,
    JournalError,
    NotSentError,
    QuantumAsyncError,
    ResultError,
)
from quantum_async.journal.base import (
    GoneError,
    Journal,
    LostLeaseError,
    UnansweredError,
    UnreadableError,
)
from quantum_async.journal.records import Place, Submission, WorkState
from quantum_async.models.capabilities import SubmissionGrade
from quantum_async.models.cost import Budget

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    from quantum_async.journal.records import BadRow, Claim, StoredSubmission, SweepPlan
    from quantum_async.models.cost import Cost
    from quantum_async.models.job import JobRef
    from quantum_async.models.submission import BatchRequest, SubmitRequest
    from quantum_async.providers.base import ProviderClient
    from quantum_async.scheduler.job import JobRecord


class Purse:
    """Count jobs and shots before they are sent.

    Args:
        budget: The most that may be spent, or ``None`` for no limit.
    """

    def __init__(self, budget: Budget | None) -> None:
        self._budget = budget
        self.jobs: int = 0
        self.shots: int = 0
        self.credits: float = 0.0
        self.cost: float = 0.0

    def take(self, *, jobs: int, shots: int) -> None:
        """Commit to some jobs.

        Args:
            jobs: How many.
            shots: Their shots in all.

        Raises:
            BudgetExceededError: They would exceed the budget; nothing is committed.
        """
        budget = self._budget
        if budget is not None:
            _check("jobs", self.jobs + jobs, budget.jobs)
            _check("shots", self.shots + shots, budget.shots)
            _check_spent("credits", self.credits, budget.credits)
            _check_spent("cost", self.cost, budget.cost)
        self.jobs += jobs
        self.shots += shots

    def give_back(self, *, jobs: int, shots: int) -> None:
        """Undo `take` for jobs that were not accepted."""
        self.jobs -= jobs
        self.shots -= shots

    def pay(self, cost: Cost | None) -> None:
        """Note what a finished job cost, where its provider told."""
        if cost is None:
            return
        if cost.is_credits:
            self.credits += cost.amount
        else:
            self.cost += cost.amount


def _check_spent(what: str, spent: float, limit: float | None) -> None:
    # What a job will cost is known afterwards only, so the first one beyond the limit is the last.
    if limit is not None and spent >= limit:
        raise BudgetExceededError(
            f"the budget of {limit:g} {what} is spent: {spent:g} so far",
            remedy=f"Raise budget {what}; nothing of this job was sent.",
        )


def _check(what: str, wanted: int, limit: int | None) -> None:
    if limit is not None and wanted > limit:
        raise BudgetExceededError(
            f"the budget of {limit} {what} does not allow {wanted}",
            remedy=f"Raise budget {what}, or submit less; nothing of this job was sent.",
        )


logger: logging.Logger = logging.getLogger(__name__)


ACCEPTED = "Accepted and unfinished:"
NAMED = 50
"""Jobs that an error of one submission names: there may be many such errors."""
LOST = float("-inf")
"""What remains of a lease that is known to be another's."""


class Book:
    """Keep the journal of one scheduler.

    Args:
        journal: A path or URL, a journal, or ``None`` to keep nothing.
        budget: The most that may be spent, in all or by each client, by its name.
        grace: Longest time in seconds for closing it.
    """

    def __init__(
        self,
        journal: str | Path | Journal | None,
        budget: Budget | Mapping[str, Budget] | None,
        *,
        grace: float = 10.0,
    ) -> None:
        self._grace = grace
        self._wanted = journal
        self.journal: Journal = journal if isinstance(journal, Journal) else Journal()
        self._purses: dict[str, Purse] = {}
        self.budget: Budget | None = budget if isinstance(budget, Budget) else None
        self._purse = Purse(self.budget)
        self.budgets: Mapping[str, Budget] = {} if isinstance(budget, Budget) else budget or {}
        """The most that may be spent by each client, by its name."""
        self.revived: dict[str, JobRecord] = {}
        self._sweeps: dict[str, Callable[[], bool]] = {}
        self._accepted: dict[str, JobRef] = {}
        self._unreadable: dict[str, BadRow] = {}
        self._has_told = False
        self.complaints: list[JournalError] = []
        """Once it is closed: what it could not take, and what of it could not be read."""

    async def __aenter__(self) -> None:
        if isinstance(self._wanted, str | Path):
            self.journal = await anyio.to_thread.run_sync(_durable, self._wanted)
        await self.journal.open()

    async def __aexit__(self, *_: object) -> None:
        # Also in a scope that is cancelled: what was reported is written, if that is possible.
        with anyio.CancelScope(shield=True, deadline=anyio.current_time() + self._grace):
            await self.close()

    async def close(self) -> None:
        """Close the journal, and find out what it could not take.

        Cancelled: it is closed at once, and what was not written is missing.
        """
        try:
            await self.journal.close()
        finally:
            self._complain()

    def _complain(self) -> None:
        self.complaints = [e for e in (self._lost(), self._left_unread()) if e is not None]
        for error in self.complaints:
            logger.error("%s", error)

    def look(self, scope: str) -> float:
        """Say for how many seconds a request under a lease may still be under way.

        Raises:
            LostLeaseError: It must not leave.
        """
        remaining = self.journal.remaining(scope)
        if remaining <= 0:
            raise LostLeaseError(
                "this process has not renewed its lease in time, so another may have taken over",
                remedy="Nothing was sent. The journal keeps it: whoever holds the lease sends it; "
                "resume the run to see who that is.",
            )
        return remaining

    def purses(self, client: str) -> tuple[Purse, Purse]:
        """Give the two places where the spending of a client is counted: in all, and its own."""
        own = self._purses.setdefault(client, Purse(self.budgets.get(client)))
        return self._purse, own

    def took(self, refs: Iterable[JobRef]) -> None:
        """Note jobs that a provider has, to name them where the journal cannot."""
        if self.journal.location is not None:
            self._accepted.update((ref.key, ref) for ref in refs)

    def concern(self, error: JournalError, *, most: int | None = None) -> JournalError:
        """Add to an error of the journal which jobs are accepted and unfinished.

        Args:
            error: The error.
            most: How many are named, where there may be many such errors.
        """
        refs = list(self._accepted.values())[:most]
        # Changes that were written together were refused by one error.
        is_told = any(note.startswith(ACCEPTED) for note in getattr(error, "__notes__", ()))
        if refs and not is_told:
            more = len(self._accepted) - len(refs)
            others = f" and {more} more: scheduler.unfinished has all" if more else ""
            error.add_note(f"{ACCEPTED} {_names(refs)}{others}")
        return error

    async def claim(
        self, run: str | None, served: Mapping[tuple[str, str], Collection[str]]
    ) -> Claim:
        """Take over unfinished work; what cannot be read is told now, and when the block is left.

        Args:
            run: One run; all that can be had by default.
            served: The providers, accounts and identities that there are clients for.

        Raises:
            JournalError: The run is unknown, or cannot be taken over.
        """
        claim = await self.journal.claim(run, served)
        self._unreadable |= {str(row): row for row in claim.unreadable}
        return _with_complaints(claim)

    def _lost(self) -> JournalError | None:
        """Say what the journal has not taken by the time it was closed."""
        missing = self.journal.missing
        return missing and self.concern(missing)

    def _left_unread(self) -> JournalError | None:
        rows = self._unreadable.values()
        if not rows:
            return None
        return unreadable(rows)

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
                is_gone = isinstance(error, GoneError)
                if not is_gone or not self._has_told:
                    words = " ".join(("", *self.concern(error).__notes__)) if is_gone else ""
                    level = logging.ERROR if is_gone else logging.WARNING
                    logger.log(
                        level, "the journal's leases could not be renewed: %s%s", error, words
                    )
                self._has_told = is_gone
            else:
                self._has_told = False
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
        return _with_complaints(await self.journal.claim_sweep(plan))

    async def settle_lost(self, stored: StoredSubmission) -> None:
        """Write down, by its user's word, that an unknown submission does not exist.

        Raises:
            JournalError: It cannot be.
        """
        await self.journal.settle(stored.key, settled_as_lost(stored))
        for job in stored.jobs:
            self.revived.pop(job.spec.key, None)

    def settled(self, record: JobRecord) -> None:
        """Write down a job's outcome; that of one that was never accepted is its submission's."""
        self.revived.pop(record.spec.key, None)
        self._accepted.pop(record.spec.key, None)
        if record.is_guest or record.ref is None:
            return
        for purse in self.purses(record.lane.client.name):
            purse.pay(record.state.cost)
        if record.result is not None:
            self.journal.fetched(record.spec.key, record.result, record.state.cost)
        elif isinstance(record.error, QuantumAsyncError):
            self.journal.ended(record.spec.key, _ending(record.error), record.error)

    def detached(self, record: JobRecord) -> None:
        """Write down that nobody here answers for a job any more."""
        self._accepted.pop(record.spec.key, None)
        if not record.is_guest and record.ref is not None:
            self.journal.detached(record.spec.key)

    async def intend_batch(self, request: BatchRequest, client: ProviderClient) -> None:
        """Write down that a batch is about to be opened.

        Raises:
            JournalError: It cannot be, so the batch must not be opened.
        """
        try:
            await self.journal.intend_batch(
                request, client.provider, client.account, client.identity
            )
        except JournalError as error:
            raise self.concern(error, most=NAMED) from error.__cause__


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
        client = self._records[0].lane.client.name
        in_all, own = self._book.purses(client)
        in_all.take(jobs=len(self._records), shots=self._shots)
        try:
            own.take(jobs=len(self._records), shots=self._shots)
        except BudgetExceededError:
            in_all.give_back(jobs=len(self._records), shots=self._shots)
            raise
        try:
            await self._journal.intend(
                self._submission(), self._book.budget, self._book.budgets.get(client)
            )
        except BaseException as error:
            self._give_back()
            if isinstance(error, UnansweredError):
                # It may have been written, and is not sent.
                self._journal.rejected(self.request.key, error)
            if isinstance(error, JournalError):
                self._book.concern(error, most=NAMED)
            raise
        self._is_paid = self._is_recorded_as_sent = True

    async def attempt(self) -> None:
        """Let one attempt pass; after this, the request may leave after a `look`.

        Raises:
            JournalError: It must not be sent.
        """
        if not self._is_recorded_as_sent:
            await self._journal.sending(self.request.key)
            self._is_recorded_as_sent = True
        self._book.look(self.scope)

    def look(self) -> float:
        """Say for how many seconds a request of one attempt may still be under way.

        Raises:
            LostLeaseError: It must not leave.
        """
        return self._book.look(self.scope)

    def returned(self, error: LostLeaseError) -> None:
        """Leave it to whoever holds the lease: it ends here, and goes on there."""
        if error.accepted == "no":
            # Otherwise only the provider can say, which the journal says already.
            self.postponed()
        if self._is_paid:
            self._give_back()

    def postponed(self) -> None:
        """Note that the provider is known not to have it, and that it is sent later."""
        self._is_recorded_as_sent = False
        self._journal.postponed(self.request.key)

    async def accepted(self, refs: Sequence[JobRef]) -> list[JobRef]:
        """Note that the provider has it, and return references that name the journal.

        Returns once the journal alone leads back to the jobs. They exist, so one that refuses
        raises nothing: they are followed here, their ids are in the log and are tried again.
        """
        location = self._journal.location
        identity = self._records[0].lane.client.identity
        named = [
            replace(ref, key=record.spec.key, journal=location, identity=identity)
            for ref, record in zip(refs, self._records, strict=True)
        ]
        self._book.took(named)
        await self._journal.accepted(self.request.key, named, is_findable=self.is_findable)
        if self._journal.remaining(self.scope) == LOST:
            # Whoever has taken over has looked it up by now, and answers for it.
            for record in self._records:
                record.is_guest = True
        return named

    def rejected(self, error: QuantumAsyncError) -> None:
        """Note that it does not exist."""
        if self._is_paid:
            self._give_back()
        self._journal.rejected(self.request.key, error)

    def unknown(self, error: QuantumAsyncError) -> None:
        """Note that nobody can say whether it exists."""
        if self._journal.location is not None:
            error.add_note(
                f"Then settle it: quantum-async jobs resolve {self.request.key} --lost, "
                "or --is with its id."
            )
        self._journal.unknown(self.request.key, error)

    def _give_back(self) -> None:
        for purse in self._book.purses(self._records[0].lane.client.name):
            purse.give_back(jobs=len(self._records), shots=self._shots)

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


def settled_as_lost(stored: StoredSubmission) -> NotSentError:
    """Say why the jobs of a submission have no result that its user has settled as lost."""
    return NotSentError(
        f"submission {stored.key} was settled as lost",
        provider=stored.jobs[0].provider,
        remedy="It may be sent again: run its sweep, or submit the job once more.",
    )


def unreadable(rows: Collection[BadRow]) -> UnreadableError:
    """Say which rows of a journal cannot be read."""
    return UnreadableError(
        f"{len(rows)} rows of the journal cannot be read, and what they stand for was left: "
        f"{'; '.join(map(str, rows))}",
        accepted="unknown",
        remedy="Use the version and the providers that they were written with; the rows are kept "
        "as they are.",
    )


def _with_complaints(claim: Claim) -> Claim:
    for row in claim.unreadable:
        logger.error("the journal has a row that cannot be read: %s", row)
    return claim


def _names(refs: Iterable[JobRef]) -> str:
    return ", ".join(map(str, refs))


def _durable(place: str | Path) -> Journal:
    from quantum_async.http.redact import redact
    from quantum_async.journal.sql import SqlJournal

    return SqlJournal(place, clean=redact)
