"""The tables of a journal, and how older ones become them."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, TypeAlias

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Float,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    func,
    inspect,
    select,
    text,
)

from quantum_async.errors import JournalError

if TYPE_CHECKING:
    from pathlib import Path

    from quantum_async.journal.database import Database


FORMAT = 4
"""Version of this schema; a journal of a newer one is refused."""

metadata: MetaData = MetaData()


def _identity() -> Column[str]:
    # Which server and account it belongs to; empty in what was written before it was kept.
    return Column("identity", String, nullable=False, server_default="")


# What every journal says of itself: its format and who wrote it.
meta: Table = Table(
    "meta", metadata, Column("key", String, primary_key=True), Column("value", Text, nullable=False)
)

runs: Table = Table(
    "runs",
    metadata,
    Column("id", String, primary_key=True),
    Column("started", Float, nullable=False),
    Column("host", String, nullable=False),
    Column("pid", Integer, nullable=False),
    Column("sdk", String, nullable=False),
)

# The generation is the fence: it grows with each owner, and every write checks it.
leases: Table = Table(
    "leases",
    metadata,
    Column("scope", String, primary_key=True),
    Column("owner", String, nullable=False),
    Column("host", String, nullable=False),
    Column("pid", Integer, nullable=False),
    Column("birth", String, nullable=False),
    Column("generation", Integer, nullable=False),
    Column("expires", Float, nullable=False),
)

programs: Table = Table(
    "programs",
    metadata,
    Column("digest", String, primary_key=True),
    Column("format", String, nullable=False),
    Column("name", Text, nullable=False),
    Column("is_text", Boolean, nullable=False),
    Column("payload", LargeBinary, nullable=False),
)

submissions: Table = Table(
    "submissions",
    metadata,
    Column("key", String, primary_key=True),
    Column("scope", String, nullable=False),
    Column("run", String, nullable=False),
    Column("state", String, nullable=False),
    Column("provider", String, nullable=False),
    Column("account", String, nullable=False),
    Column("target", String, nullable=False),
    Column("batch", Text),
    _identity(),
    Column("digest", String, nullable=False),
    Column("size", Integer, nullable=False),
    Column("shots", BigInteger, nullable=False),
    Column("first_sent", Float, nullable=False),
    Column("sent", Float, nullable=False),
)

# No index on what changes: every job's state does, three times, and is asked for on resuming only.
jobs: Table = Table(
    "jobs",
    metadata,
    Column("key", String, primary_key=True),
    Column("submission", String, nullable=False, index=True),
    Column("place", Integer, nullable=False),
    Column("scope", String, nullable=False),
    Column("sweep", String),
    Column("point", Integer),
    Column("state", String, nullable=False),
    Column("program", String, nullable=False),
    Column("shots", BigInteger, nullable=False),
    Column("variables", Text, nullable=False),
    Column("options", Text, nullable=False),
    Column("ref", Text),
    Column("failure", Text),
    Column("created", Float, nullable=False),
)
Index("ix_jobs_sweep", jobs.c.sweep, sqlite_where=jobs.c.sweep.is_not(None))

results: Table = Table(
    "results",
    metadata,
    Column("job", String, primary_key=True),
    Column("body", LargeBinary, nullable=False),
)

batches: Table = Table(
    "batches",
    metadata,
    Column("key", String, primary_key=True),
    Column("scope", String, nullable=False),
    Column("run", String, nullable=False),
    Column("state", String, nullable=False, index=True),
    Column("provider", String, nullable=False),
    Column("account", String, nullable=False),
    Column("target", String, nullable=False),
    Column("id", String),
    Column("name", Text, nullable=False),
    Column("opened", Float, nullable=False),
    _identity(),
)

sweeps: Table = Table(
    "sweeps",
    metadata,
    Column("name", String, primary_key=True),
    Column("run", String, nullable=False),
    Column("program", String, nullable=False),
    Column("points", String, nullable=False),
    Column("size", Integer, nullable=False),
    Column("shots", BigInteger, nullable=False),
    Column("target", String, nullable=False),
    Column("options", Text, nullable=False),
    _identity(),
)

# What all runs together have committed to spend: in all, without an identity, and at each server
# and account.
ledger: Table = Table(
    "ledger",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("jobs", BigInteger, nullable=False),
    Column("shots", BigInteger, nullable=False),
    Column("credits", Float, nullable=False),
    Column("cost", Float, nullable=False),
    Column("identity", String, nullable=False, server_default="", unique=True),
)

quarantine: Table = Table(
    "quarantine",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("kind", String, nullable=False),
    Column("key", String, nullable=False),
    Column("reason", Text, nullable=False),
    Column("body", LargeBinary),
)


logger: logging.Logger = logging.getLogger(__name__)

Step: TypeAlias = Callable[[Connection], None]


def _keep_identities(connection: Connection) -> None:
    """Make room for the server and account that something belongs to, which nobody knows yet."""
    for table in ("submissions", "batches", "sweeps"):
        connection.execute(
            text(f"ALTER TABLE {table} ADD COLUMN identity VARCHAR NOT NULL DEFAULT ''")
        )


def _name_types(connection: Connection) -> None:
    """From here on types have declared names; the rows of before are read by a table of theirs.

    A row that could not be read had lost its state. It gets back what the rest of it tells, and is
    read again: what was missing then may be there now.
    """
    has_result = "EXISTS (SELECT 1 FROM results WHERE results.job = jobs.key)"
    states = {
        "jobs": f"CASE WHEN {has_result} THEN 'fetched' WHEN failure IS NOT NULL THEN 'failed' "
        "WHEN ref IS NOT NULL THEN 'accepted' ELSE 'pending' END",
        "submissions": "CASE WHEN EXISTS (SELECT 1 FROM jobs WHERE jobs.submission = "
        "submissions.key AND ref IS NULL) THEN 'sending' ELSE 'accepted' END",
        "batches": "CASE WHEN id IS NULL THEN 'opening' ELSE 'open' END",
    }
    for table, state in states.items():
        renewed = f"UPDATE {table} SET state = {state} WHERE state = 'quarantined'"  # noqa: S608 -- our own words
        connection.execute(text(renewed))


def _count_by_client(connection: Connection) -> None:
    """Count what is spent at each server and account as well; what it cost there is not known."""
    connection.execute(text("ALTER TABLE ledger ADD COLUMN identity VARCHAR NOT NULL DEFAULT ''"))
    connection.execute(text("CREATE UNIQUE INDEX ledger_identity ON ledger (identity)"))
    if connection.dialect.name == "postgresql":
        # The one row of before has named its number itself.
        connection.execute(text("SELECT setval(pg_get_serial_sequence('ledger', 'id'), 1)"))
    counted = select(
        submissions.c.identity, func.sum(submissions.c.size), func.sum(submissions.c.shots)
    ).where(submissions.c.state != "rejected", submissions.c.identity != "")
    for identity, size, shots in connection.execute(counted.group_by(submissions.c.identity)):
        row = {"identity": identity, "jobs": size, "shots": shots, "credits": 0, "cost": 0}
        connection.execute(ledger.insert(), [row])


STEPS: Mapping[int, Step] = {1: _keep_identities, 2: _name_types, 3: _count_by_client}
"""What brings a journal from one format to the next, by the older one's number."""
LOCK = 0x71_61_6A_6E
"""PostgreSQL's advisory lock for whoever changes the schema."""


def sdk_version() -> str:
    """Version of this package."""
    try:
        return version("quantum_async")
    except PackageNotFoundError:
        return "unknown"


def prepare(
    database: Database,
    file: Path | None,
    *,
    steps: Mapping[int, Step] = STEPS,
    target: int = FORMAT,
) -> None:
    """Create the tables, or bring them to this version's format after a backup.

    Args:
        database: The open database.
        file: Its file, where it is SQLite.
        steps: The migrations.
        target: The format to reach.

    Raises:
        JournalError: The journal is of a newer format, or is no journal.
    """
    with database.transaction() as connection:
        _lock(database, connection)
        found = _format(connection)
        if found is None:
            _create(connection, target)
            return
    if found > target:
        raise JournalError(
            f"the journal has format {found}, and this version reads up to {target}",
            remedy="Upgrade quantum_async, or use another journal.",
        )
    if found < target:
        _migrate(database, file, found, target, steps)


def _migrate(
    database: Database, file: Path | None, found: int, target: int, steps: Mapping[int, Step]
) -> None:
    if file is not None:
        copy = file.with_name(f"{file.name}.format-{found}.bak")
        if not copy.exists():
            database.backup(copy)
    with database.transaction() as connection:
        _lock(database, connection)
        # Another process may have done it while the backup was made.
        for number in range(_format(connection) or target, target):
            logger.warning("the journal is brought from format %s to %s", number, number + 1)
            steps[number](connection)
            connection.execute(
                meta.update().where(meta.c.key == "format").values(value=str(number + 1))
            )


def _lock(database: Database, connection: Connection) -> None:
    if not database.is_sqlite:
        connection.execute(select(func.pg_advisory_xact_lock(text(str(LOCK)))))


def _format(connection: Connection) -> int | None:
    tables = inspect(connection).get_table_names()
    if not tables:
        return None
    if "meta" in tables:
        value = connection.scalar(select(meta.c.value).where(meta.c.key == "format"))
        if value is not None and value.isdigit():
            return int(value)
    if set(tables) & {"jobs", "submissions", "meta", "runs"}:
        raise JournalError(
            "the database holds something else than a journal",
            remedy="Give the journal a file or a database of its own.",
        )
    # A database that others use too: their tables and ours do not meet.
    return None


def _create(connection: Connection, target: int) -> None:
    metadata.create_all(connection)
    rows = {"format": str(target), "sdk": sdk_version()}
    connection.execute(meta.insert(), [{"key": k, "value": v} for k, v in rows.items()])
    connection.execute(ledger.insert(), [{"jobs": 0, "shots": 0, "credits": 0, "cost": 0}])
