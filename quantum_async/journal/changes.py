"""What happened, as changes of a journal and statements of SQL."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Generic, TypeAlias, TypeVar

from sqlalchemy import bindparam, literal_column, select, update
from sqlalchemy.dialects import postgresql, sqlite

from quantum_async.errors import BudgetExceededError, DuplicateSubmissionError
from quantum_async.journal.forms import (
    dump_options,
    pack_any,
    pack_error,
    pack_program,
    pack_ref,
    pack_result,
    pack_variables,
    payload_digest,
)
from quantum_async.journal.records import BatchState, SendState, WorkState
from quantum_async.journal.schema import batches, jobs, ledger, programs, results, submissions

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy import BindParameter, ColumnElement, Connection, Dialect, Table
    from sqlalchemy.sql.dml import Update, UpdateBase

    from quantum_async.errors import QuantumAsyncError
    from quantum_async.journal.forms import Clean
    from quantum_async.journal.records import Submission
    from quantum_async.models.batch import BatchRef
    from quantum_async.models.cost import Budget, Cost
    from quantum_async.models.job import JobRef
    from quantum_async.models.result import Result
    from quantum_async.models.submission import BatchRequest


if TYPE_CHECKING:
    Row: TypeAlias = dict[str, object]

_key: BindParameter[str] = bindparam("k")


@dataclass(frozen=True, eq=False, slots=True)
class Prepared:
    """A statement as the database reads it, with named parameters.

    Two of the same words are still two: each has its place in the order.

    Args:
        text: The statement.
    """

    text: str


class Statements:
    """Every statement that is made for many rows at once, compiled once.

    Rows of one group commit are collected per statement, and the statements are made in the order
    below: first what is new, then how it went on, so that the last state of a job is its last.

    Args:
        dialect: The database's.
    """

    def __init__(self, dialect: Dialect) -> None:
        insert = sqlite.insert if dialect.name == "sqlite" else postgresql.insert
        added = insert(jobs).values(_all(jobs))
        again = {name: added.excluded[name] for name in ("submission", "place", "state", "failure")}
        not_fetched = jobs.c.state != literal_column(f"'{WorkState.FETCHED.value}'")
        self._dialect = dialect
        self.order: list[Prepared] = []
        self.add_program: Prepared = self._made(
            insert(programs).values(_all(programs)).on_conflict_do_nothing()
        )
        self.add_submission: Prepared = self._made(insert(submissions).values(_all(submissions)))
        self.add_job: Prepared = self._made(
            added.on_conflict_do_update(index_elements=["key"], set_=again)
        )
        self.add_batch: Prepared = self._made(insert(batches).values(_all(batches)))
        self.postpone: Prepared = self._made(_change(submissions, state="state"))
        self.send_again: Prepared = self._made(_change(submissions, sent="sent", state="state"))
        self.set_submission: Prepared = self._made(_change(submissions, state="state"))
        self.accept_job: Prepared = self._made(
            _change(jobs, state="state", ref="ref", failure="failure")
        )
        self.end_job: Prepared = self._made(
            _change(jobs, state="state", failure="failure").where(not_fetched)
        )
        self.fetch_job: Prepared = self._made(_change(jobs, state="state"))
        self.add_result: Prepared = self._made(
            insert(results).values(_all(results)).on_conflict_do_nothing()
        )
        self.free_job: Prepared = self._made(_change(jobs, scope="scope"))
        self.open_batch: Prepared = self._made(_change(batches, state="state", id="id"))
        self.set_batch: Prepared = self._made(_change(batches, state="state"))
        spent = {"jobs": ledger.c.jobs + bindparam("j"), "shots": ledger.c.shots + bindparam("s")}
        empty: dict[str, ColumnElement[int]] = {
            name: literal_column("0") for name in ("jobs", "shots", "credits", "cost")
        }
        self.open_ledger: Prepared = self._made(
            insert(ledger)
            .values(identity=bindparam("i"), **empty)
            .on_conflict_do_nothing(index_elements=["identity"])
        )
        is_counted = ledger.c.identity.in_((literal_column("''"), bindparam("i")))
        self.spend: Prepared = self._made(update(ledger).where(is_counted).values(spent))
        paid = {
            "credits": ledger.c.credits + bindparam("c"),
            "cost": ledger.c.cost + bindparam("m"),
        }
        self.pay: Prepared = self._made(update(ledger).where(is_counted).values(paid))

    def _made(self, statement: UpdateBase) -> Prepared:
        # Compiled by hand, because compiling and binding anew costs more than the database.
        made = Prepared(str(statement.compile(dialect=self._dialect)))
        self.order.append(made)
        return made


class Transaction:
    """One transaction of many changes.

    Args:
        connection: The database, in a transaction.
        statements: What can be written.
        now: The time, in seconds since the epoch.
        is_alone: Whether it holds one change only, so that a refusal is that change's.
    """

    def __init__(
        self, connection: Connection, statements: Statements, now: float, *, is_alone: bool = True
    ) -> None:
        self.connection = connection
        self.statements = statements
        self.now = now
        self.is_alone = is_alone
        self._rows: dict[Prepared, list[Row]] = {}

    def add(self, statement: Prepared, row: Row) -> None:
        """Write a row together with others."""
        self._rows.setdefault(statement, []).append(row)

    def flush(self) -> None:
        """Write what was collected; whoever reads needs it."""
        rows, self._rows = self._rows, {}
        for statement in self.statements.order:
            if statement in rows:
                self.connection.exec_driver_sql(statement.text, rows[statement])


def _change(table: Table, **columns: str) -> Update:
    values: dict[str, BindParameter[object]] = {
        column: bindparam(name) for column, name in columns.items()
    }
    return update(table).where(table.c.key == _key).values(**values)


def _all(table: Table) -> dict[str, BindParameter[object]]:
    return {column.name: bindparam(column.name, type_=column.type) for column in table.columns}


def state_after(state: SendState) -> WorkState:
    """Say how a submission's end is told at each of its jobs."""
    return WorkState.UNKNOWN if state is SendState.UNKNOWN else WorkState.REJECTED


T_co = TypeVar("T_co", covariant=True)


class Change(ABC, Generic[T_co]):
    """One thing that is written or read in a transaction."""

    scope: str | None
    """The lease that has to be ours."""
    lets_send: ClassVar[bool] = False
    """Whether something is sent as soon as it is on the disk, and not before."""

    @property
    def is_durable(self) -> bool:
        """Whether somebody waits for it to be on the disk."""
        return True

    def prepare(self) -> None:
        """Do what takes no database; a failure here concerns this change alone."""

    @abstractmethod
    def apply(self, transaction: Transaction) -> T_co:
        """Add it to a transaction."""

    def done(self) -> None:
        """Note that the transaction was kept."""


class Report(Change[None]):
    """A change that nobody waits for."""

    @property
    def is_durable(self) -> bool:
        """It may be on the disk a moment later."""
        return False


class Work(Change[T_co]):
    """A function that reads and writes by itself."""

    def __init__(self, work: Callable[[Transaction], T_co], scope: str | None = None) -> None:
        self._work = work
        self.scope = scope

    def apply(self, transaction: Transaction) -> T_co:
        """Run the function on what was written before."""
        transaction.flush()
        return self._work(transaction)


class Intend(Change[None]):
    """A submission that is about to be sent."""

    lets_send = True

    def __init__(
        self,
        submission: Submission,
        budget: Budget | None,
        own: Budget | None,
        run: str,
        stored: set[str],
    ) -> None:
        self.scope: str | None = submission.scope
        self._submission = submission
        self._budgets = (("", budget), (submission.identity, own))
        self._run = run
        self._stored = stored
        self._digest = ""
        self._programs: list[Row] = []
        self._jobs: list[Row] = []

    def prepare(self) -> None:
        """Write programs, parameters and options down."""
        submission = self._submission
        distinct = {job.program.digest: job.program for job in submission.jobs}
        self._programs = [
            pack_program(program)
            for digest, program in distinct.items()
            if digest not in self._stored
        ]
        self._jobs = [self._row(number) for number in range(len(submission.jobs))]
        self._digest = payload_digest(submission.target, self._jobs)

    def apply(self, transaction: Transaction) -> None:
        """Reserve its part of the budget, then record it."""
        submission, statements = self._submission, transaction.statements
        if transaction.is_alone:
            self._check_key(transaction)
        self._spend(transaction)
        for program in self._programs:
            transaction.add(statements.add_program, program)
        transaction.add(
            statements.add_submission,
            {
                "key": submission.key,
                "scope": submission.scope,
                "run": self._run,
                "state": SendState.SENDING.value,
                "provider": submission.provider,
                "account": submission.account,
                "target": submission.target,
                "batch": pack_any(submission.batch),
                "identity": submission.identity,
                "digest": self._digest,
                "size": len(submission.jobs),
                "shots": submission.shots,
                "first_sent": transaction.now,
                "sent": transaction.now,
            },
        )
        for row in self._jobs:
            transaction.add(statements.add_job, row | {"created": transaction.now})

    def _row(self, number: int) -> Row:
        job, place = self._submission.jobs[number], self._submission.places[number]
        return {
            "key": job.key,
            "submission": self._submission.key,
            "place": number,
            "scope": place.scope,
            "sweep": place.sweep,
            "point": place.point,
            "state": WorkState.PENDING.value,
            "program": job.program.digest,
            "shots": job.shots,
            "variables": pack_variables(job.variables),
            "options": dump_options(job.options),
            "ref": None,
            "failure": None,
        }

    def done(self) -> None:
        """Note which programs need not be written again."""
        self._stored.update(str(program["digest"]) for program in self._programs)
        self._stored.add(self._submission.identity)

    def _check_key(self, transaction: Transaction) -> None:
        """Tell why a key cannot be used; asked only once the database has refused it."""
        key = self._submission.key
        known = transaction.connection.scalar(
            select(submissions.c.digest).where(submissions.c.key == key)
        )
        if known is not None:
            payload = "this submission" if known == self._digest else "another payload"
            raise DuplicateSubmissionError(
                f"the key {key} was used before, for {payload}",
                provider=self._submission.provider,
                remedy="Give every submission a key of its own.",
            )

    def _spend(self, transaction: Transaction) -> None:
        submission, statements = self._submission, transaction.statements
        spent: Row = {
            "j": len(submission.jobs),
            "s": submission.shots,
            "i": submission.identity,
        }
        if submission.identity and submission.identity not in self._stored:
            transaction.add(statements.open_ledger, {"i": submission.identity})
        limits = [
            (identity, _within(budget, len(submission.jobs), submission.shots))
            for identity, budget in self._budgets
        ]
        if not any(conditions for _, conditions in limits):
            transaction.add(statements.spend, spent)
            return
        transaction.flush()
        for identity, conditions in limits:
            # Locked, or another process could spend the same rest between question and answer.
            query = select(ledger.c.id).where(ledger.c.identity == identity, *conditions)
            if conditions and not transaction.connection.scalar(query.with_for_update()):
                raise _exceeded(transaction, identity)
        transaction.connection.exec_driver_sql(statements.spend.text, spent)


def _within(budget: Budget | None, new_jobs: int, new_shots: int) -> list[ColumnElement[bool]]:
    if budget is None:
        return []
    limits = (
        (budget.jobs, ledger.c.jobs + new_jobs),
        (budget.shots, ledger.c.shots + new_shots),
    )
    # What a job will cost is known afterwards only, so the first one beyond the limit is the last.
    spent = ((budget.credits, ledger.c.credits), (budget.cost, ledger.c.cost))
    return [total <= limit for limit, total in limits if limit is not None] + [
        total < limit for limit, total in spent if limit is not None
    ]


def _exceeded(transaction: Transaction, identity: str) -> BudgetExceededError:
    query = select(ledger).where(ledger.c.identity == identity)
    spent = transaction.connection.execute(query).mappings().one()
    so_far = ", ".join(f"{spent[name]:g} {name}" for name in ("jobs", "shots", "credits", "cost"))
    return BudgetExceededError(
        f"the budget does not allow this submission; the journal counts {so_far} so far"
        + (f" at {identity}" if identity else ""),
        remedy="Raise the budget, or submit less; nothing of this submission was sent.",
    )


@dataclass
class Resend(Change[None]):
    """A submission that is about to be sent again."""

    lets_send: ClassVar[bool] = True
    key: str
    scope: str | None

    def apply(self, transaction: Transaction) -> None:
        """Record it, and when."""
        row: Row = {"k": self.key, "state": SendState.SENDING.value, "sent": transaction.now}
        transaction.add(transaction.statements.send_again, row)


@dataclass
class Postpone(Report):
    """A submission that the provider is known not to have, and that is sent later."""

    key: str
    scope: str | None

    def apply(self, transaction: Transaction) -> None:
        """Record it."""
        row: Row = {"k": self.key, "state": SendState.INTENDED.value}
        transaction.add(transaction.statements.postpone, row)


@dataclass
class Accept(Change[None]):
    """A submission that the provider has, with its jobs' ids."""

    key: str
    scope: str | None
    refs: Sequence[JobRef]

    def apply(self, transaction: Transaction) -> None:
        """Record the ids."""
        statements = transaction.statements
        row: Row = {"k": self.key, "state": SendState.ACCEPTED.value}
        transaction.add(statements.set_submission, row)
        for ref in self.refs:
            # What was unknown until now has no failure any more.
            accepted: Row = {"k": ref.key, "state": WorkState.ACCEPTED.value, "failure": None}
            transaction.add(statements.accept_job, accepted | {"ref": pack_ref(ref)})


@dataclass
class Refuse(Change[None]):
    """A submission that was rejected, or that nobody can look up."""

    key: str
    scope: str | None
    state: SendState
    error: QuantumAsyncError
    clean: Clean

    def apply(self, transaction: Transaction) -> None:
        """Record it at every job that still belongs to it, and free its part of the budget."""
        transaction.flush()
        connection = transaction.connection
        row = connection.execute(
            select(
                submissions.c.size,
                submissions.c.shots,
                submissions.c.state,
                submissions.c.identity,
            ).where(submissions.c.key == self.key)
        ).one_or_none()
        if row is None:
            return
        connection.execute(
            update(submissions).where(submissions.c.key == self.key).values(state=self.state.value)
        )
        connection.execute(
            update(jobs)
            .where(jobs.c.submission == self.key)
            .values(
                state=state_after(self.state).value,
                failure=pack_error(self.error, self.clean),
            )
        )
        if self.state is SendState.REJECTED and row.state != SendState.REJECTED:
            freed = {"j": -row.size, "s": -row.shots, "i": row.identity}
            connection.exec_driver_sql(transaction.statements.spend.text, freed)


@dataclass
class Fetch(Report):
    """A job's result."""

    job: str
    scope: str | None
    result: Result
    cost: Cost | None
    clean: Clean
    body: bytes = b""

    def prepare(self) -> None:
        """Write the result down."""
        self.body = pack_result(self.result, self.clean)

    def apply(self, transaction: Transaction) -> None:
        """Store it."""
        statements = transaction.statements
        row: Row = {"k": self.job, "state": WorkState.FETCHED.value}
        transaction.add(statements.fetch_job, row)
        transaction.add(statements.add_result, {"job": self.job, "body": self.body})
        pay(transaction, self.job, self.cost)


@dataclass
class End(Report):
    """A job's end without a result."""

    job: str
    scope: str | None
    state: WorkState
    error: QuantumAsyncError
    clean: Clean

    def apply(self, transaction: Transaction) -> None:
        """Store the failure."""
        failure = pack_error(self.error, self.clean)
        row: Row = {"k": self.job, "state": self.state.value, "failure": failure}
        transaction.add(transaction.statements.end_job, row)


@dataclass
class Detach(Report):
    """A job that gets a lease of its own, which nobody holds."""

    job: str
    scope: str | None

    def apply(self, transaction: Transaction) -> None:
        """Move it."""
        row: Row = {"k": self.job, "scope": f"job:{self.job}"}
        transaction.add(transaction.statements.free_job, row)


@dataclass
class IntendBatch(Change[None]):
    """A batch that is about to be opened."""

    lets_send: ClassVar[bool] = True
    request: BatchRequest
    provider: str
    account: str
    identity: str
    scope: str | None
    run: str

    def apply(self, transaction: Transaction) -> None:
        """Record it."""
        row: Row = {
            "key": self.request.key,
            "scope": self.scope,
            "run": self.run,
            "state": BatchState.OPENING.value,
            "provider": self.provider,
            "account": self.account,
            "target": self.request.target,
            "id": None,
            "name": self.request.name,
            "opened": transaction.now,
            "identity": self.identity,
        }
        transaction.add(transaction.statements.add_batch, row)


@dataclass
class OpenBatch(Change[None]):
    """A batch that is open."""

    ref: BatchRef
    scope: str | None

    def apply(self, transaction: Transaction) -> None:
        """Record its id."""
        row: Row = {"k": self.ref.key, "state": BatchState.OPEN.value, "id": self.ref.id}
        transaction.add(transaction.statements.open_batch, row)


@dataclass
class CloseBatch(Report):
    """A batch that is closed."""

    key: str
    scope: str | None

    def apply(self, transaction: Transaction) -> None:
        """Record it."""
        row: Row = {"k": self.key, "state": BatchState.CLOSED.value}
        transaction.add(transaction.statements.set_batch, row)


def pay(transaction: Transaction, job: str, cost: Cost | None) -> None:
    """Add what a job cost to what all jobs cost, in all and at its server and account."""
    if cost is None or not cost.amount:
        return
    given, money = (cost.amount, 0.0) if cost.is_credits else (0.0, cost.amount)
    transaction.flush()
    mine = select(submissions.c.identity).join(jobs, jobs.c.submission == submissions.c.key)
    identity = transaction.connection.scalar(mine.where(jobs.c.key == job)) or ""
    row: Row = {"c": given, "m": money, "i": identity}
    transaction.add(transaction.statements.pay, row)
