"""The statements that write to the journal, in the order in which a transaction makes them."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from sqlalchemy import bindparam, update
from sqlalchemy.dialects import postgresql, sqlite

from quantum_async.journal.records import SendState, WorkState
from quantum_async.journal.schema import batches, jobs, ledger, programs, results, submissions

if TYPE_CHECKING:
    from sqlalchemy import Connection, Table
    from sqlalchemy.sql.dml import Update, UpdateBase

    Row: TypeAlias = dict[str, object]

_key = bindparam("k")


class Statements:
    """Every statement that is made for many rows at once.

    Rows of one group commit are collected per statement, and the statements are made in the order
    below: first what is new, then how it went on, so that the last state of a job is its last.

    Args:
        is_sqlite: Whether the database is SQLite.
    """

    def __init__(self, *, is_sqlite: bool) -> None:
        insert = sqlite.insert if is_sqlite else postgresql.insert
        added = insert(jobs)
        again = {name: added.excluded[name] for name in ("submission", "place", "state", "failure")}
        open_jobs = jobs.c.state.not_in([WorkState.FETCHED])
        self.add_program = insert(programs).on_conflict_do_nothing()
        self.add_submission = insert(submissions)
        self.add_job = added.on_conflict_do_update(index_elements=["key"], set_=again)
        self.add_batch = insert(batches)
        self.postpone = _change(submissions, state="state")
        self.send_again = _change(submissions, sent="sent", state="state")
        self.set_submission = _change(submissions, state="state")
        self.accept_job = _change(jobs, state="state", ref="ref")
        self.end_job = _change(jobs, state="state", failure="failure").where(open_jobs)
        self.fetch_job = _change(jobs, state="state")
        self.add_result = insert(results).on_conflict_do_nothing()
        self.free_job = _change(jobs, scope="scope")
        self.open_batch = _change(batches, state="state", id="id")
        self.set_batch = _change(batches, state="state")
        self.spend = update(ledger).values(
            jobs=ledger.c.jobs + bindparam("j"), shots=ledger.c.shots + bindparam("s")
        )
        self.pay = update(ledger).values(
            credits=ledger.c.credits + bindparam("c"), cost=ledger.c.cost + bindparam("m")
        )
        self.order = tuple(vars(self).values())


class Transaction:
    """One transaction of many changes.

    Args:
        connection: The database, in a transaction.
        statements: What can be written.
        now: The time, in seconds since the epoch.
    """

    def __init__(self, connection: Connection, statements: Statements, now: float) -> None:
        self.connection = connection
        self.statements = statements
        self.now = now
        self._rows: dict[UpdateBase, list[Row]] = {}

    def add(self, statement: UpdateBase, row: Row) -> None:
        """Write a row together with others."""
        self._rows.setdefault(statement, []).append(row)

    def flush(self) -> None:
        """Write what was collected; whoever reads needs it."""
        rows, self._rows = self._rows, {}
        for statement in self.statements.order:
            if statement in rows:
                self.connection.execute(statement, rows[statement])


def _change(table: Table, **columns: str) -> Update:
    values = {column: bindparam(name) for column, name in columns.items()}
    return update(table).where(table.c.key == _key).values(**values)


def state_after(state: SendState) -> WorkState:
    """Say how a submission's end is told at each of its jobs."""
    return WorkState.UNKNOWN if state is SendState.UNKNOWN else WorkState.REJECTED
