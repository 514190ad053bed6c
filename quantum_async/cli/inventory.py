"""How much a journal holds, and whether all of it can be read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from quantum_async.cli.journal import existing
from quantum_async.journal.reading import Reader
from quantum_async.journal.schema import FORMAT, batches, jobs, quarantine, runs

if TYPE_CHECKING:
    from sqlalchemy import Connection, Table

    from quantum_async.cli.documents import Document
    from quantum_async.journal.statements import Transaction


@dataclass(frozen=True)
class Inventory:
    """A journal's contents in numbers.

    Args:
        place: Where it is, without secrets.
        runs: How many processes have written to it.
        jobs: How many jobs are in each state.
        batches: How many batches are in each state.
        unreadable: How many rows cannot be read.
    """

    place: str
    runs: int
    jobs: dict[str, int]
    batches: dict[str, int]
    unreadable: int

    def __str__(self) -> str:
        return (
            f"journal {self.place}: format {FORMAT}, {_number(self.runs, 'run')}, "
            f"{_counted('job', self.jobs)}, {_counted('batch', self.batches)}"
        )

    def document(self) -> Document:
        """Write it down with stable keys."""
        return {
            "place": self.place,
            "exists": True,
            "format": FORMAT,
            "runs": self.runs,
            "jobs": self.jobs,
            "batches": self.batches,
            "unreadable": self.unreadable,
        }


async def take_inventory(journal: str) -> Inventory:
    """Count what an existing journal holds.

    Args:
        journal: A path or URL.

    Raises:
        JournalError: It is not there, or cannot be read.
    """
    async with existing(journal) as opened:
        place = opened.location

        def count(transaction: Transaction) -> Inventory:
            connection = transaction.connection
            # Those that cannot be read are found by reading.
            reader = Reader(transaction, place)
            reader.jobs()
            reader.batches()
            return Inventory(
                place,
                # This look is a run of its own, which nobody means.
                max(0, _size(connection, runs) - 1),
                _by_state(connection, jobs),
                _by_state(connection, batches),
                _size(connection, quarantine),
            )

        return await opened.ask(count)


def _size(connection: Connection, table: Table) -> int:
    return connection.scalar(select(func.count()).select_from(table)) or 0


def _by_state(connection: Connection, table: Table) -> dict[str, int]:
    query = select(table.c.state, func.count()).group_by(table.c.state).order_by(table.c.state)
    return {str(state): number for state, number in connection.execute(query)}


def _counted(what: str, states: dict[str, int]) -> str:
    parts = ", ".join(f"{number} {state}" for state, number in states.items())
    return _number(sum(states.values()), what) + (f" ({parts})" if parts else "")


def _number(number: int, what: str) -> str:
    several = f"{what}es" if what.endswith("ch") else f"{what}s"
    return f"{number or 'no'} {what if number == 1 else several}"
