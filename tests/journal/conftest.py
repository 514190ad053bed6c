"""A fresh journal for each test, in SQLite and in a real PostgreSQL where one is installed."""

from __future__ import annotations

import contextlib
import os
import pwd
import shlex
import shutil
import subprocess
import tempfile
import uuid
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

PATIENCE = "120"
"""Seconds in which a busy machine starts or stops a server."""


def program(name: str) -> str:
    """Find one of PostgreSQL's programs: Debian's package keeps them off the path."""
    places = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    found = str(places[-1]) if places else shutil.which(name)
    if found is None:
        pytest.skip(f"PostgreSQL's {name} is not installed (apt-get install postgresql)")
    return found


def other_user() -> pwd.struct_passwd | None:
    """Who runs the server in root's place, which it refuses: its package brings that user."""
    if os.getuid() != 0:
        return None
    try:
        user = pwd.getpwnam("postgres")
    except KeyError:
        pytest.skip("PostgreSQL does not run as root, and there is no user postgres")
    if shutil.which("runuser") is None:
        pytest.skip("PostgreSQL does not run as root, and there is no runuser to leave root with")
    return user


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """The folder of a server's socket: a port that is free now may be somebody else's in a moment."""
    pytest.importorskip("psycopg", reason="psycopg, the driver of PostgreSQL, is not installed")
    initdb, pg_ctl, user = program("initdb"), program("pg_ctl"), other_user()
    # The path of a socket has room for a hundred letters, and TMPDIR may need more.
    short = "/tmp" if os.access("/tmp", os.W_OK) else None
    folder = Path(tempfile.mkdtemp(prefix="qa-pg-", dir=short))
    if user is not None:
        os.chown(folder, user.pw_uid, user.pw_gid)
    data, log = folder / "data", folder / "log"

    def run(*command: str | Path) -> None:
        as_user = ("runuser", "-u", user.pw_name, "--") if user is not None else ()
        done = subprocess.run(
            [*as_user, *command],
            check=False,
            stdin=subprocess.DEVNULL,
            # A pipe would be kept open by the server.
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=folder,
        )
        said = log.read_text() if log.exists() else "nothing"
        assert done.returncode == 0, f"{command} ended with {done.returncode}; the log says {said}"

    options = f"-k {shlex.quote(str(folder))} -c listen_addresses= -c fsync=off"
    with contextlib.ExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        run(initdb, "-D", data, "-U", "tester", "-A", "trust", "-E", "UTF8", "--no-sync")
        # Also after a start that took too long: such a server comes up later.
        stack.callback(stop, run, pg_ctl, data)
        run(pg_ctl, "-D", data, "-o", options, "-l", log, "-w", "-t", PATIENCE, "start")
        yield str(folder)


def stop(run, pg_ctl: str, data: Path) -> None:
    """End a server that is still there."""
    if (data / "postmaster.pid").exists():
        run(pg_ctl, "-D", data, "-m", "immediate", "-w", "-t", PATIENCE, "stop")


@pytest.fixture
def pg(postgresql: str) -> str:
    """The URL of an empty PostgreSQL database."""
    import psycopg

    name = f"t{uuid.uuid4().hex}"
    with psycopg.connect(
        host=postgresql, user="tester", dbname="postgres", autocommit=True
    ) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    return f"postgresql://tester@/{name}?host={postgresql}"


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where a journal can be, one per database."""
    if request.param == "postgresql":
        return request.getfixturevalue("pg")
    return str(tmp_path / "jobs.db")
