"""The statements that write to the journal, in the order in which a transaction makes them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from sqlalchemy import bindparam, literal_column, update
from sqlalchemy.dialects import postgresql, sqlite

from quantum_async.journal.records import SendState, WorkState
from quantum_async.journal.schema import batches, jobs, ledger, programs, results, submissions

if TYPE_CHECKING:
    from sqlalchemy import BindParameter, ColumnElement, Connection, Dialect, Table
    from sqlalchemy.sql.dml import Update, UpdateBase

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
