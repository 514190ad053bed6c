"""Where a journal is, and the database that keeps it."""

from __future__ import annotations

import os
import socket
import sqlite3
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Never, Self

from sqlalchemy import create_engine, event, text
from sqlalchemy.dialects import sqlite
from sqlalchemy.dialects.postgresql import psycopg
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, SQLAlchemyError
from sqlalchemy.pool import StaticPool

from quantum_async.errors import (
    ConfigurationError,
    JournalError,
    MissingExtraError,
    QuantumAsyncError,
)
from quantum_async.journal.base import GoneError, UnansweredError, UnavailableError
from quantum_async.models.advice import Advice, Setting

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from sqlalchemy import URL, Connection, Dialect, Engine
    from sqlalchemy.engine.interfaces import DBAPIConnection
    from sqlalchemy.pool import ConnectionPoolEntry


@dataclass(frozen=True, slots=True)
class JournalPlace:
    """A place for a journal.

    Args:
        url: The database, with the driver that this package uses.
        file: The file, where it is SQLite.
    """

    url: URL
    file: Path | None = None

    @classmethod
    def parse(cls, place: str | Path) -> Self:
        """Read a path, or a URL that begins with ``sqlite://`` or ``postgresql://``.

        Raises:
            ConfigurationError: It is neither.
            MissingExtraError: PostgreSQL's driver is not installed.
        """
        from sqlalchemy import URL, make_url
        from sqlalchemy.exc import ArgumentError

        text = str(place)
        if "://" not in text:
            file = Path(text).expanduser().absolute()
            return cls(URL.create("sqlite", database=str(file)), file)
        try:
            url = make_url(text)
        except ArgumentError:
            raise _unusable(text.partition("://")[0]) from None
        kind = url.get_backend_name()
        if kind == "sqlite" and url.database:
            return cls.parse(url.database)
        if kind in {"postgresql", "postgres"}:
            _need_driver()
            return cls(url.set(drivername="postgresql+psycopg"))
        raise _unusable(kind)

    @property
    def shown(self) -> str:
        """The place without user name, password and options: safe to print and to pickle."""
        if self.file is not None:
            return str(self.file)
        port = f":{self.url.port}" if self.url.port else ""
        return f"postgresql://{self.url.host or ''}{port}/{self.url.database or ''}"


def _unusable(kind: str) -> ConfigurationError:
    return ConfigurationError(
        f"a journal cannot be kept in {kind!r}",
        remedy="Give a file such as 'jobs.db', or a URL postgresql://user@host/database.",
    )


def _need_driver() -> None:
    from importlib.util import find_spec

    if find_spec("psycopg") is None:
        raise MissingExtraError("psycopg", extra="postgres")


MOUNTS = Path("/proc/mounts")
NETWORK = frozenset(
    """
    9p afpfs afs beegfs ceph cifs coda fuse.beegfs fuse.ceph fuse.glusterfs fuse.gcsfuse
    fuse.rclone fuse.s3fs fuse.sshfs glusterfs gpfs lustre ncpfs nfs nfs4 ocfs2
    orangefs panfs pvfs2 smb smb2 smb3 smbfs webdav davfs fuse.davfs2 wekafs
    """.split()
)


def refuse_network(path: Path, mounts: Path = MOUNTS) -> None:
    """Refuse a place on a network file system.

    Args:
        path: The database's file, which need not exist.
        mounts: The table of mounted file systems; where there is none, nothing is refused.

    Raises:
        JournalError: The file would lie on a network drive.
    """
    kind = kind_of(path, mounts)
    if kind in NETWORK:
        raise JournalError(
            f"{path} lies on a network file system ({kind}), where SQLite can lose records",
            remedy=Advice(
                "Put the journal on a local disk, or use PostgreSQL: ",
                Setting("journal", "postgresql://..."),
            ),
        )


def kind_of(path: Path, mounts: Path = MOUNTS) -> str | None:
    """Name the file system that a path lies on, or ``None`` where that cannot be found out."""
    try:
        table = mounts.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return None
    place = path.absolute().resolve()
    found: tuple[int, str] | None = None
    for line in table:
        parts = line.split()
        if len(parts) < 3:
            continue
        point = Path(_unescaped(parts[1]))
        # Of equal mount points the later one covers the earlier.
        if place.is_relative_to(point) and (found is None or len(point.parts) >= found[0]):
            found = (len(point.parts), parts[2])
    return found[1] if found else None


def _unescaped(text: str) -> str:
    for code, character in (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")):
        text = text.replace(code, character)
    return text


LOCK_WAIT = 5.0
"""How long another writer is waited for, in seconds."""
ANSWER_WAIT = 10.0
"""How long the database may take for one transaction, in seconds."""


@dataclass(eq=False)
class Link:
    """A connection and what holds it.

    Args:
        engine: What it was made by.
        connection: The connection.
        raw: The driver's own.
        is_in_use: Whether a thread is in a transaction.
        is_given_up: Whether nobody waits for it any more; who uses it at that time disposes of it.
    """

    engine: Engine
    connection: Connection
    raw: DBAPIConnection
    is_in_use: bool = False
    is_given_up: bool = False


class Database:
    """One connection, used by one thread at a time.

    Args:
        place: Where it is.
        lock_wait: How long another process's transaction is waited for, in seconds.
        answer_wait: How long the server may take for one statement, in seconds.
        mounts: The table of mounted file systems.
    """

    def __init__(
        self,
        place: JournalPlace,
        *,
        lock_wait: float = LOCK_WAIT,
        answer_wait: float = ANSWER_WAIT,
        mounts: Path = MOUNTS,
    ) -> None:
        self._place = place
        self._lock_wait = lock_wait
        self._answer_wait = answer_wait
        self._mounts = mounts
        self._link: Link | None = None
        self._is_open = False
        self._interruptions = 0
        self._lock = Lock()
        self._file_ids: dict[Path, tuple[int, int]] = {}
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
            self._link = self._connected(must_exist=must_exist)
            self._is_open = True
            if self._place.file is not None:
                self._file_ids[self._place.file] = _identity(self._place.file)

    def disconnect(self) -> None:
        """Close the connection; twice is harmless."""
        self._is_open = False
        link, self._link = self._link, None
        if link is not None:
            link.engine.dispose()

    def interrupt(self) -> None:
        """Give up a connection that does not answer, so that the thread that waits for it goes on.

        Called from another thread than the one that waits. The next transaction connects anew.
        """
        self._interruptions += 1
        with self._lock:
            link, self._link = self._link, None
            if link is None:
                return
            link.is_given_up = True
            is_in_use = link.is_in_use
        if not is_in_use:
            link.engine.dispose()
            return
        with suppress(Exception):  # it may be closed, or end at this moment
            if isinstance(link.raw, sqlite3.Connection):
                link.raw.interrupt()
            else:
                # Whoever waits for the server reads the end of the connection instead.
                with socket.socket(fileno=os.dup(_descriptor(link.raw))) as twin:
                    twin.shutdown(socket.SHUT_RDWR)

    @contextmanager
    def transaction(self, *, durable: bool = True) -> Generator[Connection]:
        """Run a transaction that nobody else's writes can come between.

        Args:
            durable: Whether it has to be on the disk when the block ends.

        Raises:
            GoneError: The file is not where it was.
            JournalError: The database refused; nothing of the transaction was kept.
        """
        if not self._is_open:
            raise JournalError("the journal is closed")
        self.check_file()
        with self.explained():
            link = self._link or self._again()
            with self._lock:
                link.is_in_use = True
            try:
                self._sync(link.connection, durable=durable)
                with link.connection.begin():
                    yield link.connection
            except DBAPIError as error:
                if error.connection_invalidated and not link.is_given_up:
                    link.engine.dispose()
                    self._link = None
                raise
            finally:
                with self._lock:
                    link.is_in_use = False
                    is_given_up = link.is_given_up
                if is_given_up:
                    link.engine.dispose()

    def check_file(self) -> None:
        """See to it that what is written can be found again: an open file outlives its name.

        Raises:
            GoneError: The file was deleted, renamed or replaced.
        """
        for file, known in self._file_ids.items():
            try:
                found = _identity(file)
            except OSError as error:
                is_gone = isinstance(error, FileNotFoundError)
                words = "is gone" if is_gone else f"cannot be seen: {error}"
            else:
                if found == known:
                    continue
                words = "was replaced by another file"
            self._raise_gone(file, words)
        self._note_log()

    def _note_log(self) -> None:
        """Know SQLite's log as well, once it is there: what is in it is in no other file yet."""
        if self._place.file is None or len(self._file_ids) > 1 or self._link is None:
            return
        log = self._place.file.with_name(f"{self._place.file.name}-wal")
        with suppress(OSError):
            self._file_ids[log] = _identity(log)

    def _raise_gone(self, file: Path, words: str) -> Never:
        part = "" if file == self._place.file else f": its log {file.name}"
        raise GoneError(
            f"the journal {self._place.shown}{part} {words} while it was in use",
            remedy="Nothing more is sent. Put the file back, with those beside it whose names begin "
            "alike, or leave the scheduler and begin with a new journal.",
            accepted="no",
        )

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
        if self._link is None or not self.is_sqlite:
            raise JournalError("only an open SQLite journal can be copied")
        with self.explained():
            # Not through SQLAlchemy, which would begin a transaction, and there it is refused.
            self._link.raw.cursor().execute("VACUUM INTO ?", (str(target),))

    @contextmanager
    def explained(self) -> Generator[None]:
        """Turn the database's errors into ours, with a remedy."""
        try:
            yield
        except QuantumAsyncError:
            raise
        except (SQLAlchemyError, sqlite3.Error, OSError) as error:
            raise explain(error, self._place.shown) from error

    def _connected(self, *, must_exist: bool) -> Link:
        engine = self._sqlite(must_exist) if self.is_sqlite else self._postgresql()
        connection = engine.connect()
        raw = connection.connection.dbapi_connection
        assert raw is not None
        self._is_durable = True
        # The last connection takes the log along when it is closed.
        self._file_ids = {f: known for f, known in self._file_ids.items() if f == self._place.file}
        return Link(engine, connection, raw)

    def _again(self) -> Link:
        """Connect anew, unless nobody waits for it any more once that is done."""
        before = self._interruptions
        link = self._connected(must_exist=True)
        if self._interruptions != before:
            link.engine.dispose()
            raise UnansweredError(f"connecting to the journal {self._place.shown} took too long")
        self._link = link
        return link

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
        # Somewhat before nobody waits any more, so that the server knows that it failed.
        wait, limit = int(self._lock_wait * 1000), int(self._answer_wait * 800)
        settings = {
            "application_name": "quantum_async",
            "lock_timeout": wait,
            "statement_timeout": limit,
            "idle_in_transaction_session_timeout": 2 * limit,
        }
        said = [f"-c {name}={value}" for name, value in settings.items()]
        given = self._place.url.query.get("options")
        return create_engine(
            self._place.url,
            poolclass=StaticPool,
            connect_args={
                "connect_timeout": max(int(self._lock_wait), 2),
                # The kernel gives up a server whose machine does not confirm what it is sent.
                "tcp_user_timeout": limit,
                "keepalives_idle": max(int(self._answer_wait), 1),
                "options": " ".join([given, *said] if isinstance(given, str) else said),
            },
        )


def _identity(file: Path) -> tuple[int, int]:
    found = file.stat()
    return found.st_dev, found.st_ino


def _prepare_sqlite(connection: DBAPIConnection, record: ConnectionPoolEntry) -> None:
    del record
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.close()


def _descriptor(connection: DBAPIConnection) -> int:
    # Psycopg's; the protocol of all drivers has no such thing.
    number: int = connection.fileno()
    return number


def _begin_immediately(connection: Connection) -> None:
    # A transaction that reads first and writes later could otherwise fail in the middle.
    connection.exec_driver_sql("BEGIN IMMEDIATE")


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
    kind: type[JournalError] = UnavailableError if isinstance(error, passing) else JournalError
    return kind(
        f"the journal {shown} cannot be used: {words}",
        remedy=remedy or "Nothing was sent because of it.",
        accepted="no",
    )
