"""The durable journal, in SQLite or PostgreSQL."""

from __future__ import annotations

import asyncio
import logging
import uuid
from contextlib import ExitStack
from typing import TYPE_CHECKING, TypeVar

import anyio
import anyio.to_thread

from quantum_async.errors import JournalError, QuantumAsyncError
from quantum_async.journal.base import GoneError, Journal, UnavailableError
from quantum_async.journal.changes import (
    Accept,
    CloseBatch,
    Detach,
    End,
    Fetch,
    Intend,
    IntendBatch,
    OpenBatch,
    Postpone,
    Refuse,
    Resend,
    Statements,
    Transaction,
    Work,
)
from quantum_async.journal.claiming import Claiming
from quantum_async.journal.database import ANSWER_WAIT, LOCK_WAIT, MOUNTS, Database, JournalPlace
from quantum_async.journal.leases import LEASE, Leases, Owner
from quantum_async.journal.reading import Reader
from quantum_async.journal.records import Claim, SendState
from quantum_async.journal.schema import prepare, runs, sdk_version
from quantum_async.journal.writer import Entry, Writer

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from pathlib import Path

    from quantum_async.journal.forms import Clean
    from quantum_async.journal.records import (
        StoredJob,
        StoredSubmission,
        Submission,
        SweepPlan,
        WorkState,
    )
    from quantum_async.models.batch import BatchRef
    from quantum_async.models.cost import Budget, Cost
    from quantum_async.models.job import JobRef
    from quantum_async.models.result import Result
    from quantum_async.models.submission import BatchRequest

logger: logging.Logger = logging.getLogger(__name__)

T = TypeVar("T")

ACCEPT_LINGER = 0.05
"""How long the ids of jobs that can be looked up may wait for the next submission, in seconds."""
CLOSE_WAIT = 10.0
"""Longest time in seconds for writing what is left."""


class SqlJournal(Journal):
    """A journal in a SQLite file or a PostgreSQL database, shared by any number of processes.

    Enter it with ``async with``, or pass it to a `Scheduler`, which does.

    Args:
        place: A path, or a URL that begins with ``postgresql://``.
        clean: Removes secrets from what providers said: messages, and answers kept as they were.
        lease: How long, in seconds, work stays with a process that has fallen silent.
        lock_wait: How long, in seconds, another process's transaction is waited for.
        answer_wait: How long, in seconds, the database may take for what is written together.
        must_exist: Whether a missing file is an error rather than a new journal.
        mounts: The table of mounted file systems, where network drives are recognised.

    Raises:
        ConfigurationError: The place is neither a path nor a URL of a known database.
    """

    def __init__(
        self,
        place: str | Path,
        *,
        clean: Clean = str,
        lease: float = LEASE,
        lock_wait: float = LOCK_WAIT,
        answer_wait: float = ANSWER_WAIT,
        must_exist: bool = False,
        mounts: Path = MOUNTS,
    ) -> None:
        self._place = JournalPlace.parse(place)
        self._clean = clean
        self._lease = lease
        self._must_exist = must_exist
        self._answer_wait = max(answer_wait, 2 * lock_wait)
        self._database = Database(
            self._place, lock_wait=lock_wait, answer_wait=answer_wait, mounts=mounts
        )
        self._statements = Statements(self._database.dialect)
        self._owner = Owner("", "", 0, "")
        self._leases = Leases(self._owner, lease, self._database.dialect)
        self._scopes: dict[str, str] = {}
        self._programs: set[str] = set()
        self._writer = self._new_writer()
        self._missing: JournalError | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def location(self) -> str:
        """Where it is, without secrets."""
        return self._place.shown

    @property
    def run(self) -> str:
        """Id of the run that this process records."""
        return self._owner.run

    @property
    def scope(self) -> str:
        """The lease of what this run begins by itself."""
        return f"run:{self.run}"

    @property
    def pulse(self) -> float:
        """Seconds between two renewals of the leases."""
        return self._leases.pulse

    async def open(self) -> None:
        """Open the database, create or migrate its tables, and begin a run.

        Raises:
            JournalError: It cannot be opened, is of a newer format, or lies on a network drive.
        """
        if self._task is not None:
            raise JournalError("the journal is open already", remedy="Use one per scheduler.")
        self._writer, self._missing = self._new_writer(), None
        await anyio.to_thread.run_sync(self._connect)
        # A task of its own, not a group's: who opens a journal need not be who closes it.
        loop = asyncio.get_running_loop()
        self._task = loop.create_task(self._writer.run(), name="quantum_async.journal")
        self._owner.enter()
        try:
            await self.ask(self._begin)
        except BaseException:
            await self._end()
            raise

    async def close(self) -> None:
        """Write what is left, give back the leases and close.

        Waits for a database that does not answer for 10 seconds, or until it is cancelled.
        """
        if self._task is None:
            return
        try:
            with anyio.move_on_after(CLOSE_WAIT):
                self._writer.report(Work(self._leases.release))
                await self._writer.drain()
        finally:
            await self._end()

    async def __aexit__(self, *exc_info: object) -> None:
        # Also in a scope that is cancelled: what was reported is written.
        with anyio.CancelScope(shield=True):
            await self.close()

    async def _end(self) -> None:
        """End the writer, and with it what still waits for the database: a commit is atomic."""
        self._writer.stop()
        self._owner.leave()
        with anyio.move_on_after(CLOSE_WAIT, shield=True):
            await self._writer.drain()
            self._task = None
            # The last to leave a SQLite file moves its log into it, and waits for the disk.
            gone = await anyio.to_thread.run_sync(self._leave, abandon_on_cancel=True)
            self._missing = gone or self._not_taken()

    @property
    def missing(self) -> JournalError | None:
        """Once it is closed: which ids of accepted jobs could not be written down, and why."""
        return self._missing

    def hurry(self) -> None:
        """Let nobody wait for the journal any longer: the way out begins."""
        self._writer.hurry()

    async def ask(self, work: Callable[[Transaction], T], scope: str | None = None) -> T:
        """Run a function in a transaction of its place in the order.

        Args:
            work: Called in the writer's thread.
            scope: The lease that has to be ours.

        Raises:
            JournalError: The database refused.
        """
        return await self._writer.do(Work(work, scope))

    async def read(self, read: Callable[[Reader], T]) -> T:
        """Read what is written down; rows that cannot be read are set aside.

        Args:
            read: Called in the writer's thread.

        Raises:
            JournalError: The database refused.
        """
        return await self.ask(lambda t: read(Reader(t, self.location)))

    async def intend(
        self, submission: Submission, budget: Budget | None, own: Budget | None = None
    ) -> None:
        """Record that a submission is about to be sent, and commit its part of the budget.

        Raises:
            BudgetExceededError: It would exceed the budget; nothing was recorded.
            DuplicateSubmissionError: The key was used before.
            JournalError: It cannot be recorded, so it must not be sent.
        """
        await self._writer.do(Intend(submission, budget, own, self.run, self._programs))
        self._scopes[submission.key] = submission.scope
        self._scopes.update((job.key, submission.scope) for job in submission.jobs)

    async def sending(self, key: str) -> None:
        """Record that a submission is about to be sent again.

        Raises:
            JournalError: It cannot be recorded, so it must not be sent.
        """
        await self._writer.do(Resend(key, self._scopes.get(key)))

    def postponed(self, key: str) -> None:
        """Report that the provider is known not to have a submission, which is sent later."""
        self._writer.report(Postpone(key, self._scopes.get(key)))

    async def accepted(
        self, key: str, refs: Sequence[JobRef], *, is_findable: bool = False
    ) -> None:
        """Record that the provider has a submission, and under which ids."""
        change = Accept(key, self._scopes.pop(key, None), refs)
        if is_findable:
            self._writer.report(change, within=ACCEPT_LINGER)
        elif (refusal := await self._writer.keep(change)) is not None:
            self._lament(f"jobs {', '.join(map(str, refs))} were accepted", refusal)

    def rejected(self, key: str, error: QuantumAsyncError) -> None:
        """Report that a submission does not exist; its part of the budget is free again."""
        self._refuse(key, SendState.REJECTED, error)

    def unknown(self, key: str, error: QuantumAsyncError) -> None:
        """Report that nobody can say whether a submission exists."""
        self._refuse(key, SendState.UNKNOWN, error)

    def fetched(self, job: str, result: Result, cost: Cost | None = None) -> None:
        """Report a job's result; the first one stands."""
        self._writer.report(Fetch(job, self._scopes.pop(job, None), result, cost, self._clean))

    def ended(self, job: str, state: WorkState, error: QuantumAsyncError) -> None:
        """Report that a job has ended without a result, and why."""
        self._writer.report(End(job, self._scopes.pop(job, None), state, error, self._clean))

    def detached(self, job: str) -> None:
        """Report that this process no longer answers for a job."""
        self._writer.report(Detach(job, self._scopes.pop(job, None)))

    async def intend_batch(
        self, request: BatchRequest, provider: str, account: str, identity: str = ""
    ) -> None:
        """Record that a batch is about to be opened.

        Raises:
            JournalError: It cannot be recorded, so it must not be opened.
        """
        change = IntendBatch(request, provider, account, identity, self.scope, self.run)
        await self._writer.do(change)
        self._scopes[request.key] = self.scope

    async def batch_opened(self, ref: BatchRef) -> None:
        """Record a batch's id."""
        change = OpenBatch(ref, self._scopes.get(ref.key))
        if (refusal := await self._writer.keep(change)) is not None:
            self._lament(f"batch {ref} was opened", refusal)

    def batch_closed(self, key: str) -> None:
        """Report that a batch is closed, or was never opened."""
        self._writer.report(CloseBatch(key, self._scopes.pop(key, None)))

    async def claim(
        self, run: str | None, served: Mapping[tuple[str, str], str | Collection[str]]
    ) -> Claim:
        """Take over unfinished work that no living process answers for.

        Raises:
            JournalError: The run is unknown, belongs to a living process, or needs a provider
                that is not served.
        """
        return self._known(await self.ask(lambda t: self._claiming(t).claim(run, served)))

    async def claim_sweep(self, plan: SweepPlan) -> Claim:
        """Take over a named sweep, or begin it; outcomes of its points are part of the claim.

        Raises:
            DuplicateSubmissionError: The name was used for another plan.
            JournalError: A living process answers for it.
        """
        return self._known(await self.ask(lambda t: self._claiming(t).sweep(plan, self.run)))

    async def set_aside(self, name: str) -> bool:
        """Give a finished sweep another name, so that its own begins anew.

        The last thing that is done with a journal: its leases are given back with it.

        Returns:
            Whether that was done: not while a point lacks its outcome, or another answers for it.
        """

        def work(transaction: Transaction) -> bool:
            is_done = self._claiming(transaction).set_aside(name)
            self._leases.release(transaction)
            return is_done

        return await self.ask(work)

    async def claim_job(self, key: str, identity: str = "") -> tuple[StoredJob | None, bool]:
        """Look a job up by its key, and take it over where nobody answers for it."""
        job, is_ours = await self.ask(lambda t: self._claiming(t).job(key, identity))
        if job is not None and is_ours:
            self._scopes[key] = f"job:{key}"
        return job, is_ours

    async def claim_batch(self, key: str) -> bool:
        """Take over a batch where nobody answers for it."""
        return await self.ask(lambda t: self._claiming(t).batch(key))

    async def key_of(self, ref: JobRef, identity: str) -> str:
        """Look up our key of a job by the provider's id of it."""
        return await self.ask(lambda t: self._claiming(t).key_of(ref, identity))

    async def claim_unknown(self, key: str) -> StoredSubmission:
        """Take over a submission of which nobody can say whether it exists, to settle it.

        Raises:
            JournalError: There is none under this key, it is not unknown, or a living process
                answers for it.
        """
        found = await self.ask(lambda t: self._claiming(t).unknown(key))
        self._known(Claim((found,)))
        return found

    async def settle(self, key: str, outcome: Sequence[JobRef] | QuantumAsyncError) -> None:
        """Record what became of a submission that was unknown.

        Raises:
            JournalError: It cannot be recorded.
        """
        scope = self._scopes.pop(key, None)
        if isinstance(outcome, QuantumAsyncError):
            await self._writer.do(Refuse(key, scope, SendState.REJECTED, outcome, self._clean))
        else:
            await self._writer.do(Accept(key, scope, outcome))

    async def renew(self) -> frozenset[str]:
        """Renew this process's leases.

        Returns:
            The scopes that another process has taken over: work there has to stop.

        Raises:
            JournalError: It cannot be written.
        """
        return await self.ask(self._leases.renew)

    def remaining(self, scope: str) -> float:
        """Seconds for which the lease of a scope is certainly ours; looks at the clock alone."""
        return self._leases.remaining(scope)

    def _claiming(self, transaction: Transaction) -> Claiming:
        return Claiming(transaction, self._leases, self.location)

    def _known(self, claim: Claim) -> Claim:
        """Remember under which lease each part of a claim stands."""
        members = [job for submission in claim.submissions for job in submission.jobs]
        for submission in claim.submissions:
            self._scopes[submission.key] = submission.jobs[0].place.scope
        for job in (*members, *claim.jobs):
            if job.result is None:
                self._scopes[job.spec.key] = job.place.scope
        self._scopes.update((batch.ref.key, batch.scope) for batch in claim.batches)
        return claim

    def _new_writer(self) -> Writer:
        return Writer(self._commit, patience=self._answer_wait, interrupt=self._database.interrupt)

    def _lament(self, what: str, refusal: Exception) -> None:
        """Say at once what is not on the disk and cannot be found without it."""
        logger.error(
            "%s, and the journal %s has not taken it yet: %s", what, self.location, refusal
        )

    def _leave(self) -> GoneError | None:
        try:
            # Before it is closed, which may take the log away.
            self._database.check_file()
        except GoneError as error:
            return error
        finally:
            self._database.disconnect()
        return None

    def _not_taken(self) -> JournalError | None:
        """Say which ids are lost with this process."""
        refs = [
            ref
            for change in self._writer.missing
            for ref in (change.refs if isinstance(change, Accept) else ())
        ]
        batches = [change.ref for change in self._writer.missing if isinstance(change, OpenBatch)]
        if not refs and not batches:
            return None
        names = ", ".join(str(ref) for ref in (*refs, *batches))
        return JournalError(
            f"the journal {self.location} could not take the ids of what was accepted: {names}",
            accepted="yes",
            remedy="Note them: nothing else leads back to them.",
        )

    def _refuse(self, key: str, state: SendState, error: QuantumAsyncError) -> None:
        change = Refuse(key, self._scopes.pop(key, None), state, error, self._clean)
        self._writer.report(change, within=0.0)

    def _connect(self) -> None:
        self._owner = Owner.this(uuid.uuid4().hex)
        self._leases = Leases(self._owner, self._lease, self._database.dialect)
        with ExitStack() as opened:
            opened.callback(self._database.disconnect)
            self._database.connect(must_exist=self._must_exist)
            prepare(self._database, self._place.file)
            opened.pop_all()

    def _begin(self, transaction: Transaction) -> None:
        row = {
            "id": self.run,
            "started": transaction.now,
            "host": self._owner.host.partition("/")[0],
            "pid": self._owner.pid,
            "sdk": sdk_version(),
        }
        transaction.connection.execute(runs.insert(), row)
        self._leases.take(transaction, self.scope)

    def _commit(self, group: Sequence[Entry[object]]) -> None:
        """Write a group in one transaction; where one change spoils it, each in its own."""
        ready = [entry for entry in group if _prepared(entry)]
        try:
            self._together(ready)
        except Exception as error:  # noqa: BLE001 -- it is told to whoever waits
            if len(ready) == 1 or isinstance(error, UnavailableError):
                for entry in ready:
                    entry.error = _told(error)
                return
            for entry in ready:
                self._commit([entry])

    def _together(self, group: Sequence[Entry[object]]) -> None:
        if not group:
            return
        is_durable = any(entry.change.is_durable for entry in group)
        with self._database.transaction(durable=is_durable) as connection:
            now = self._database.now(connection)
            alone = len(group) == 1
            transaction = Transaction(connection, self._statements, now, is_alone=alone)
            scopes = (entry.change.scope for entry in group)
            self._leases.check(transaction, filter(None, scopes))
            for entry in group:
                entry.value = entry.change.apply(transaction)
            transaction.flush()
        for entry in group:
            entry.change.done()


def _prepared(entry: Entry[object]) -> bool:
    try:
        entry.change.prepare()
    except Exception as error:  # noqa: BLE001 -- it is told to whoever waits
        entry.error = _told(error)
        return False
    return True


def _told(error: Exception) -> Exception:
    if isinstance(error, QuantumAsyncError):
        return error
    failure = JournalError(f"the journal could not take this: {error!r}")
    failure.__cause__ = error
    return failure
