"""Where a journal can be, and where it is refused before anything is sent."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import text

import quantum_async as qa
from quantum_async.errors import ConfigurationError, JournalError
from quantum_async.journal.database import JournalPlace, kind_of
from quantum_async.journal.schema import FORMAT, prepare
from quantum_async.journal.sql import SqlJournal
from quantum_async.scheduler.scheduler import Scheduler
from tests.journal.helpers import submission
from tests.scheduler.fake import PROGRAM, FakeClient

ROOT = Path(__file__).parents[2]


def mounts(tmp_path: Path, *lines: str) -> Path:
    table = tmp_path / "mounts"
    table.write_text("\n".join(lines))
    return table


@pytest.mark.parametrize("kind", ["nfs4", "cifs", "fuse.sshfs", "lustre", "smb3"])
async def test_network_drives_are_refused(tmp_path, kind: str) -> None:
    """SQLite on a network file system is refused by name, before a file is made."""
    table = mounts(tmp_path, "/dev/sda / ext4 rw 0 0", f"server:/x {tmp_path}/home {kind} rw 0 0")
    path = tmp_path / "home" / "j.db"
    journal = SqlJournal(path, mounts=table)
    with pytest.raises(JournalError, match=f"network file system .{kind}.*"):
        await journal.open()
    assert not path.parent.exists()


def test_the_innermost_mount_decides(tmp_path) -> None:
    """A local disk mounted inside a network drive is local, also with spaces in its name."""
    table = mounts(
        tmp_path, f"s:/x {tmp_path} nfs rw 0 0", f"/dev/sdb {tmp_path}/my\\040disk xfs rw 0 0"
    )
    assert kind_of(tmp_path / "my disk" / "j.db", table) == "xfs"
    assert kind_of(tmp_path / "j.db", table) == "nfs"
    assert kind_of(tmp_path, tmp_path / "no-table") is None


@pytest.mark.parametrize("place", ["mysql://u:geheim@h/d", "://", "sqlite://", "http://h"])
def test_other_databases_are_refused(place: str) -> None:
    """A URL of another database is refused without showing its password."""
    with pytest.raises(ConfigurationError) as caught:
        SqlJournal(place)
    assert "geheim" not in str(caught.value)


def test_a_place_is_shown_without_secrets() -> None:
    """User, password and options of a URL never leave it."""
    place = JournalPlace.parse("postgresql://me:geheim@db.org:5433/jobs?sslpassword=geheim")
    assert place.shown == "postgresql://db.org:5433/jobs"


def locked(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("BEGIN EXCLUSIVE")
    return connection


async def test_a_locked_database_fails_before_anything_is_sent(tmp_path) -> None:
    """While another process holds the database, no submission leaves, and the error says why."""
    path, client = tmp_path / "j.db", FakeClient()
    journal = SqlJournal(path, lock_wait=0.1)
    async with Scheduler(client, journal=journal) as scheduler:
        holder = locked(path)
        try:
            with pytest.raises(JournalError, match="locked") as caught:
                await scheduler.submit(PROGRAM, shots=1)
        finally:
            holder.close()
        assert caught.value.accepted == "no"
        assert not client.world.calls["submit"]
        job = await scheduler.submit(PROGRAM, shots=1)
        await job


async def test_a_lock_that_comes_after_the_post_loses_nothing(tmp_path) -> None:
    """What could not be written down at once is written as soon as the lock is gone."""
    path, client = tmp_path / "j.db", FakeClient(run_time=lambda _: 0.05)
    holders: list[sqlite3.Connection] = []

    class Locking(FakeClient):
        async def submit(self, request):
            holders.append(locked(path))
            return await super().submit(request)

    client = Locking(run_time=lambda _: 60)
    journal = SqlJournal(path, lock_wait=0.05)
    async with Scheduler(
        client, journal=journal, limits=qa.Limits(min_poll_interval=0.01)
    ) as scheduler:
        job = await scheduler.submit(PROGRAM, shots=1)
        holders[0].close()
        ref = job.detach()
    async with Scheduler(FakeClient(world=client.world), journal=path) as scheduler:
        client.world.jobs[ref.id].run_time = 0
        (again,) = await scheduler.resume()
        assert again.id == ref.id
    assert client.world.calls["submit"] == 1


@pytest.mark.skipif(os.getuid() == 0 and not Path("/usr/sbin/runuser").exists(), reason="root")
def test_a_read_only_database_fails_before_anything_is_sent(tmp_path) -> None:
    """A journal that cannot be written is refused when the scheduler starts."""
    path = tmp_path / "j.db"
    script = tmp_path / "s.py"
    script.write_text(f"""
import os, sys
sys.path.insert(0, {str(ROOT)!r})
import anyio
from quantum_async.errors import JournalError
from quantum_async.journal.sql import SqlJournal
async def main(prepare):
    if prepare:
        async with SqlJournal({str(path)!r}): pass
        os.chmod({str(path)!r}, 0o444); os.chmod({str(tmp_path)!r}, 0o555)
        # Root may write everywhere: become nobody.
        if os.getuid() == 0: os.seteuid(65534)
    try:
        async with SqlJournal({str(path)!r}): print("opened")
    except JournalError as error: print(error, error.remedy)
anyio.run(main, True)
""")
    done = subprocess.run(
        [sys.executable, str(script)], capture_output=True, text=True, check=True, cwd="/"
    )
    tmp_path.chmod(0o755)
    assert "opened" not in done.stdout
    assert "writable" in done.stdout


def test_a_full_disk_fails_before_anything_is_sent(tmp_path) -> None:
    """Where the file cannot grow, the submission does not leave."""
    script = tmp_path / "s.py"
    script.write_text(f"""
import resource, signal, sys
sys.path.insert(0, {str(ROOT)!r})
import anyio
from quantum_async.errors import JournalError
from quantum_async.journal.sql import SqlJournal
from quantum_async.scheduler.scheduler import Scheduler
from tests.scheduler.fake import FakeClient, PROGRAM
async def main():
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    client = FakeClient()
    journal = SqlJournal({str(tmp_path / "j.db")!r})
    async with Scheduler(client, journal=journal) as scheduler:
        await (await scheduler.submit(PROGRAM, shots=1))
        await journal.ask(lambda t: None)
        import os
        most = max(os.path.getsize({str(tmp_path)!r} + "/j.db" + end) for end in ("", "-wal"))
        resource.setrlimit(resource.RLIMIT_FSIZE, (most + 100, resource.RLIM_INFINITY))
        sent = client.world.calls["submit"]
        try:
            for _ in range(2000):
                await scheduler.submit(PROGRAM, shots=1)
        except JournalError as error:
            print("refused:", error, "|", error.remedy, "|", error.accepted)
        before = client.world.calls["submit"]
        try:
            await scheduler.submit(PROGRAM, shots=1)
        except JournalError as error:
            print("again:", client.world.calls["submit"] == before)
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, -1))
        await (await scheduler.submit(PROGRAM, shots=1))
        print("well")
anyio.run(main)
""")
    done = subprocess.run(
        [sys.executable, str(script)], capture_output=True, text=True, check=False, cwd="/"
    )
    assert "refused:" in done.stdout, done.stderr
    assert "room" in done.stdout or "full" in done.stdout
    assert "again: True" in done.stdout
    assert "well" in done.stdout


async def test_a_newer_format_is_refused(place) -> None:
    """A journal that a newer version wrote is left alone, with a clear message."""
    async with SqlJournal(place) as journal:
        newer = text("UPDATE meta SET value = '99' WHERE key = 'format'")
        await journal.ask(lambda t: t.connection.execute(newer) and None)
    with pytest.raises(JournalError, match=r"format 99.*reads up to"):
        await SqlJournal(place).open()


async def test_an_older_format_is_backed_up_and_migrated(tmp_path) -> None:
    """Before a migration the file is copied, and the migration runs once."""
    path = tmp_path / "j.db"
    async with SqlJournal(path) as journal:
        await journal.intend(submission(journal), None)
    journal, ran = SqlJournal(path), []

    def step(connection) -> None:
        ran.append(connection.scalar(text("SELECT count(*) FROM jobs")))

    journal._database.connect()
    for _ in range(2):
        prepare(journal._database, path, steps={FORMAT: step}, target=FORMAT + 1)
    journal._database.disconnect()
    assert ran == [1]
    copy = sqlite3.connect(path.with_name(f"j.db.format-{FORMAT}.bak"))
    assert copy.execute("SELECT value FROM meta WHERE key = 'format'").fetchone() == (str(FORMAT),)
    assert copy.execute("SELECT count(*) FROM jobs").fetchone() == (1,)
    copy.close()


async def test_another_programs_database_is_left_alone(tmp_path) -> None:
    """A database whose tables are not ours is refused; so is a file that is none."""
    other = sqlite3.connect(tmp_path / "o.db")
    other.execute("CREATE TABLE jobs (x)")
    other.close()
    with pytest.raises(JournalError, match="something else"):
        await SqlJournal(tmp_path / "o.db").open()
    (tmp_path / "t.db").write_text("words, and more words, enough of them for a header" * 40)
    with pytest.raises(JournalError, match="not a database"):
        await SqlJournal(tmp_path / "t.db").open()
    with pytest.raises(JournalError, match="unable to open"):
        await SqlJournal(tmp_path / "none" / "t.db").open()
    with pytest.raises(JournalError, match="no journal at"):
        await SqlJournal(tmp_path / "none.db", must_exist=True).open()
