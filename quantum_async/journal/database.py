"""The connection to the journal's database: SQLite or PostgreSQL, behind one set of calls."""

from __future__ import annotations

import sqlite3
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sqlalchemy import create_engine, event, text
from sqlalchemy.dialects import sqlite
from sqlalchemy.dialects.postgresql import psycopg
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, SQLAlchemyError
from sqlalchemy.pool import StaticPool

from quantum_async.errors import JournalError, QuantumAsyncError
from quantum_async.journal.filesystem import MOUNTS, refuse_network

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from pathlib import Path

    from sqlalchemy import Connection, Dialect, Engine
    from sqlalchemy.engine.interfaces import DBAPIConnection
    from sqlalchemy.pool import ConnectionPoolEntry

    from quantum_async.journal.place import JournalPlace

LOCK_WAIT = 5.0
"""How long another writer is waited for, in seconds."""


class Database:
    """One connection, used by one thread at a time.

    Args:
        place: Where it is.
        lock_wait: How long another process's transaction is waited for, in seconds.
        mounts: The table of mounted file systems.
    """

    def __init__(
        self, place: JournalPlace, *, lock_wait: float = LOCK_WAIT, mounts: Path = MOUNTS
    ) -> None:
        self._place = place
        self._lock_wait = lock_wait
        self._mounts = mounts
        self._engine: Engine | None = None
        self._connection: Connection | None = None
        self._is_durable = True

    @property
    def is_sqlite(self) -> bool:
        """Whether this is the embedded default."""
        return self._place.file is not None

    @property
    def dialect(self) -> Dialect:
        """How statements are written for it, with named parameters."""
        if self.is_sqlite:
            return sqlite.dialect(paramstyle="named")
        make: Callable[[], Dialect] = psycopg.dialect
        return make()

    def connect(self, *, must_exist: bool = False) -> None:
        """Open the connection.

        Raises:
            JournalError: It cannot be opened.
        """
        with self.explained():
            self._engine = self._sqlite(must_exist) if self.is_sqlite else self._postgresql()
            self._connection = self._engine.connect()

    def disconnect(self) -> None:
        """Close the connection; twice is harmless."""
        engine, self._engine, self._connection = self._engine, None, None
        if engine is not None:
            engine.dispose()

    @contextmanager
    def transaction(self, *, durable: bool = True) -> Generator[Connection]:
        """Run a transaction that nobody else's writes can come between.

        Args:
            durable: Whether it has to be on the disk when the block ends.

        Raises:
            JournalError: The database refused; nothing of the transaction was kept.
        """
        connection = self._connection
        if connection is None:
            raise JournalError("the journal is closed")
        with self.explained():
            self._sync(connection, durable=durable)
            try:
                with connection.begin():
                    yield connection
            except DBAPIError as error:
                if error.connection_invalidated and not connection.closed:
                    connection.close()
                    assert self._engine is not None
                    self._connection = self._engine.connect()
                raise

    def now(self, connection: Connection) -> float:
        """Return the time that all processes agree on, in seconds since the epoch."""
        if self.is_sqlite:
            return time.time()
        return float(connection.scalar(text("SELECT extract(epoch FROM clock_timestamp())")) or 0)

    def backup(self, target: Path) -> None:
        """Copy a SQLite database into another file.

        Raises:
            JournalError: It cannot be written.
        """
        if self._connection is None or not self.is_sqlite:
            raise JournalError("only an open SQLite journal can be copied")
        with self.explained():
            # Not through SQLAlchemy, which would begin a transaction, and there it is refused.
            raw = self._connection.connection.dbapi_connection
            assert raw is not None
            raw.cursor().execute("VACUUM INTO ?", (str(target),))

    @contextmanager
    def explained(self) -> Generator[None]:
        """Turn the database's errors into ours, with a remedy."""
        try:
            yield
        except QuantumAsyncError:
            raise
        except (SQLAlchemyError, sqlite3.Error, OSError) as error:
            raise explain(error, self._place.shown) from error

    def _sync(self, connection: Connection, *, durable: bool) -> None:
        if self._is_durable is durable or not self.is_sqlite:
            return
        level = "FULL" if durable else "NORMAL"
        dbapi = connection.connection.dbapi_connection
        assert dbapi is not None
        dbapi.cursor().execute(f"PRAGMA synchronous={level}")
        self._is_durable = durable

    def _sqlite(self, must_exist: bool) -> Engine:  # noqa: FBT001 -- private
        file = self._place.file
        assert file is not None
        refuse_network(file, self._mounts)
        if must_exist and not file.exists():
            raise JournalError(f"there is no journal at {file}", remedy="Check the path.")
        engine = create_engine(
            self._place.url,
            poolclass=StaticPool,
            connect_args={
                "check_same_thread": False,
                "timeout": self._lock_wait,
                "isolation_level": None,
            },
        )
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_immediately)
        return engine

    def _postgresql(self) -> Engine:
        wait = int(self._lock_wait * 1000)
        return create_engine(
            self._place.url,
            poolclass=StaticPool,
            connect_args={
                "connect_timeout": max(int(self._lock_wait), 2),
                "options": f"-c lock_timeout={wait} -c application_name=quantum_async",
            },
        )


def _prepare_sqlite(connection: DBAPIConnection, record: ConnectionPoolEntry) -> None:
    del record
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.close()


def _begin_immediately(connection: Connection) -> None:
    # A transaction that reads first and writes later could otherwise fail in the middle.
    connection.exec_driver_sql("BEGIN IMMEDIATE")


class UnavailableError(JournalError):
    """The database cannot be used now; the same may work later."""


_REMEDIES = (
    ("locked", "Another process holds it: wait for that process, or end it."),
    ("lock timeout", "Another process holds it: wait for that process, or end it."),
    ("readonly", "Make the file and its folder writable, or choose another place."),
    ("read-only", "Make the file and its folder writable, or choose another place."),
    ("full", "Make room on the disk; then run again."),
    ("too big", "Make room for the file: a limit on its size was reached."),
    ("disk i/o error", "The disk is full, too small or broken."),
    ("unable to open", "Check that the folder exists and is writable."),
    ("not a database", "This file is something else: choose another place for the journal."),
    ("malformed", "The file is damaged: restore a copy, or keep it and begin a new journal."),
    ("connection", "Check the URL, and that the server is running."),
)


def explain(error: Exception, shown: str) -> JournalError:
    """Turn a database's error into ours, with a remedy and without its parameters."""
    cause = getattr(error, "orig", None) or error
    words = " ".join(str(cause).split("\n", 1)[0].split())
    remedy = next((r for sign, r in _REMEDIES if sign in words.lower()), None)
    passing = (OperationalError, InterfaceError, sqlite3.OperationalError, OSError)
    kind = UnavailableError if isinstance(error, passing) else JournalError
    return kind(
        f"the journal {shown} cannot be used: {words}",
        remedy=remedy or "Nothing was sent because of it.",
        accepted="no",
    )
