"""The tables of the journal, one schema for SQLite and PostgreSQL."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
)

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
