"""Who owns what is under way: processes, and the leases that they renew."""

from __future__ import annotations

import os
import socket
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

from sqlalchemy import bindparam, delete, exists, or_, select, update

from quantum_async.journal.base import LostLeaseError
from quantum_async.journal.schema import batches, leases, runs, submissions, sweeps

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import Connection, Dialect, RowMapping, Select

    from quantum_async.journal.changes import Transaction


_here: set[str] = set()
"""Runs that are open in this process."""

PROC = Path("/proc")


@dataclass(frozen=True, slots=True)
class Owner:
    """A run and the process it lives in.

    Args:
        run: The run's id.
        host: The machine with its boot and process namespace, so that a number names one process.
        pid: The process's number.
        birth: When the process started, as the kernel counts: numbers are used again.
    """

    run: str
    host: str
    pid: int
    birth: str

    @classmethod
    def this(cls, run: str) -> Self:
        """Describe a run of this process."""
        return cls(run, host(), os.getpid(), birth(os.getpid()))

    def enter(self) -> None:
        """Note that the run is open in this process."""
        _here.add(self.run)

    def leave(self) -> None:
        """Note that the run is closed."""
        _here.discard(self.run)

    def is_dead(self) -> bool:
        """Whether it is certain that nobody acts for this run any more.

        A process that cannot be looked at may be alive, however long it has been silent.
        """
        if self.host != host() or not self.birth:
            return False
        if self.pid == os.getpid() and self.birth == birth(self.pid):
            return self.run not in _here
        return birth(self.pid) != self.birth


def host() -> str:
    """Name this machine, its boot and its process namespace."""
    parts = [socket.gethostname()]
    try:
        parts.append((PROC / "sys/kernel/random/boot_id").read_text(encoding="ascii").strip())
        parts.append(str((PROC / "self/ns/pid").readlink()))
    except OSError:
        pass
    return "/".join(parts)


def birth(pid: int) -> str:
    """Return when a process started, or nothing where it does not exist or is a zombie."""
    try:
        stat = (PROC / str(pid) / "stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return ""
    # The name, in parentheses, may hold anything; what follows the last one is regular.
    parts = stat.rpartition(")")[2].split()
    return "" if parts[0] in {"Z", "X"} else parts[19]


LEASE = 30.0
"""How long a lease lasts without being renewed, in seconds."""
MARGIN = 0.2
"""Fraction of a lease's time that is left unused: what was begun in it may still be under way."""


class Leases:
    """The leases that this run holds.

    Args:
        owner: This run.
        lasts: How long a lease lasts without being renewed, in seconds.
        dialect: The database's.
    """

    def __init__(self, owner: Owner, lasts: float, dialect: Dialect) -> None:
        query = select(leases.c.generation).where(leases.c.scope == bindparam("scope"))
        # Compiled by hand, because every transaction asks it.
        self._fence = str(query.with_for_update(read=True).compile(dialect=dialect))
        self._owner = owner
        self._lasts = lasts
        self._held: dict[str, int] = {}
        self._quiet: dict[str, float] = {}
        self._until = float("-inf")

    @property
    def pulse(self) -> float:
        """Seconds between two renewals."""
        return self._lasts / 3

    def remaining(self, scope: str) -> float:
        """Seconds for which a lease is certainly ours, by this machine's clock."""
        return self._until - clock() if scope in self._held else float("-inf")

    def holds(self, scope: str) -> bool:
        """Whether a lease is certainly still ours, by this machine's clock."""
        return self.remaining(scope) > 0

    def quiet(self, scope: str, now: float) -> float:
        """Seconds until nothing of an earlier owner of a lease can be under way.

        One that is not known to be dead may have been stopped in the middle of a create. Whatever
        left had its lease, and at most as long as one lasts to get through.
        """
        return max(0.0, self._quiet.get(scope, now) - now)

    def take(self, transaction: Transaction, scope: str) -> Owner | None:
        """Take a lease that nobody living holds.

        Returns:
            The living owner in the way, or ``None`` where the lease is ours now.
        """
        began, connection, now = clock(), transaction.connection, transaction.now
        if scope in self._held:
            return None
        row = _row(connection, scope)
        mine = self._mine(now)
        if row is None:
            connection.execute(leases.insert(), {"scope": scope, "generation": 1} | mine)
            generation = 1
        else:
            holder = Owner(row["owner"], row["host"], row["pid"], row["birth"])
            if row["expires"] > now and not holder.is_dead():
                return holder
            generation = row["generation"] + 1
            taken = connection.execute(
                update(leases)
                .where(leases.c.scope == scope, leases.c.generation == row["generation"])
                .values(generation=generation, **mine)
            )
            if not taken.rowcount:
                return holder
            if not holder.is_dead():
                self._quiet[scope] = row["expires"] + self._lasts
        if not self._held:
            self._until = began + self._span
        # With others, the earliest end counts for all of them, until the next renewal.
        self._held[scope] = generation
        return None

    def check(self, transaction: Transaction, scopes: Iterable[str]) -> None:
        """Let nothing be written under a lease that is not ours any more.

        Raises:
            LostLeaseError: One of them is not ours.
        """
        lost = [s for s in sorted(set(scopes)) if not self._is_current(transaction, s)]
        if lost:
            raise LostLeaseError(
                f"another process has taken over {', '.join(lost)}",
                remedy="It goes on there; this process must not work on it any more.",
            )

    def renew(self, transaction: Transaction) -> frozenset[str]:
        """Make all leases last again.

        Returns:
            The scopes that were lost.
        """
        began = clock()
        connection = transaction.connection
        query = select(leases.c.scope, leases.c.generation).where(leases.c.owner == self._owner.run)
        found = _generations(connection, query.with_for_update())
        lost = frozenset(s for s, generation in self._held.items() if found.get(s) != generation)
        for scope in lost:
            del self._held[scope]
        connection.execute(
            update(leases)
            .where(leases.c.owner == self._owner.run)
            .values(expires=transaction.now + self._lasts)
        )
        self._until = began + self._span
        return lost

    def release(self, transaction: Transaction) -> None:
        """Give all leases back; a run that recorded nothing leaves no trace."""
        self._held.clear()
        run = self._owner.run
        used = [exists().where(table.c.run == run) for table in (submissions, batches, sweeps)]
        transaction.connection.execute(delete(runs).where(runs.c.id == run, ~or_(*used)))
        transaction.connection.execute(
            update(leases).where(leases.c.owner == self._owner.run).values(expires=0.0)
        )

    def _is_current(self, transaction: Transaction, scope: str) -> bool:
        found = transaction.connection.exec_driver_sql(self._fence, {"scope": scope}).scalar()
        return found is not None and found == self._held.get(scope)

    @property
    def _span(self) -> float:
        return self._lasts * (1 - MARGIN)

    def _mine(self, now: float) -> dict[str, object]:
        owner = self._owner
        return {
            "owner": owner.run,
            "host": owner.host,
            "pid": owner.pid,
            "birth": owner.birth,
            "expires": now + self._lasts,
        }


def is_free(row: RowMapping | None, now: float) -> bool:
    """Whether a lease, or the lack of one, leaves its work to whoever comes."""
    if row is None or row["expires"] <= now:
        return True
    return Owner(row["owner"], row["host"], row["pid"], row["birth"]).is_dead()


def clock() -> float:
    """Return seconds that also count while the machine sleeps, where the system has such a clock."""
    boottime = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if boottime is None else time.clock_gettime(boottime)


def _generations(connection: Connection, query: Select[str, int]) -> dict[str, int]:
    # Not dict(...), which takes a result for a mapping.
    return {row[0]: row[1] for row in connection.execute(query)}


def _row(connection: Connection, scope: str) -> RowMapping | None:
    query = select(leases).where(leases.c.scope == scope).with_for_update()
    return connection.execute(query).mappings().one_or_none()
