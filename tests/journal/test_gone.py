"""A journal that is not where it was, or has no room: nothing more is sent, and it is said."""

from __future__ import annotations

import logging
import os
from pathlib import Path

import anyio
import pytest
from sqlalchemy import text

import quantum_async as qa
from quantum_async.errors import JournalError
from quantum_async.journal.base import GoneError
from quantum_async.journal.sql import SqlJournal
from quantum_async.models.capabilities import SubmissionGrade
from quantum_async.scheduler.scheduler import Scheduler
from tests.journal.helpers import submission
from tests.scheduler.fake import PROGRAM, FakeClient

QUICK = qa.Limits(min_poll_interval=0.02)


def delete(path: Path) -> None:
    path.unlink()


def rename(path: Path) -> None:
    path.rename(path.with_name("elsewhere.db"))


def replace(path: Path) -> None:
    other = path.with_name("other.db")
    other.write_bytes(path.read_bytes())
    other.replace(path)


def move_away_its_folder(path: Path) -> None:
    path.parent.rename(path.parent.with_name("moved"))


def delete_its_log(path: Path) -> None:
    path.with_name(f"{path.name}-wal").unlink()


HARMS = [delete, rename, replace, move_away_its_folder, delete_its_log]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A journal in a folder of its own."""
    (tmp_path / "here").mkdir()
    return tmp_path / "here" / "j.db"


@pytest.mark.parametrize("harm", HARMS)
@pytest.mark.parametrize("grade", list(SubmissionGrade))
async def test_nothing_more_is_sent(path, harm, grade: SubmissionGrade) -> None:
    """The next submission is refused; the error names the file and what is accepted."""
    client = FakeClient(run_time=lambda _: 60).can(grade=grade)
    with pytest.raises(JournalError, match="while it was in use") as caught:
        async with Scheduler(client, limits=QUICK, journal=path) as scheduler:
            jobs = [await scheduler.submit(PROGRAM, shots=1) for _ in range(3)]
            harm(path)
            for _ in range(2):
                with pytest.raises(JournalError, match="while it was in use") as refused:
                    await scheduler.submit(PROGRAM, shots=1)
                assert refused.value.accepted == "no"
                words = " ".join((str(refused.value), *refused.value.__notes__))
                assert str(path) in words
                assert all(job.id in words for job in jobs)
            await scheduler.cancel_all()
    assert str(path) in str(caught.value)
    assert client.world.calls["submit"] == 3
    assert path.exists() is (harm in {replace, delete_its_log})


@pytest.mark.parametrize("harm", HARMS)
async def test_it_is_said_at_the_end(path, harm) -> None:
    """Also where nothing more was to be sent, leaving the block says that the journal is gone."""
    with pytest.raises(JournalError, match=f"{path}.* while it was in use"):
        async with Scheduler(FakeClient(), journal=path) as scheduler:
            await (await scheduler.submit(PROGRAM, shots=1))
            harm(path)


async def test_it_is_a_note_on_another_error(path) -> None:
    """An error that leaves the block is not hidden by what is said of the journal."""
    with pytest.raises(KeyError) as caught:
        async with Scheduler(FakeClient(), journal=path):
            delete(path)
            raise KeyError
    assert "while it was in use" in " ".join(caught.value.__notes__)


class Hasty(SqlJournal):
    """Renews its leases all the time."""

    pulse = 0.02


async def test_a_renewal_notices_it(path, caplog) -> None:
    """A block in which nothing is sent learns of it too, with the ids, and once."""
    client = FakeClient(run_time=lambda _: 60)
    with caplog.at_level(logging.ERROR, "quantum_async"), pytest.raises(JournalError):
        async with Scheduler(client, limits=QUICK, journal=Hasty(path)) as scheduler:
            job = await scheduler.submit(PROGRAM, shots=1)
            delete(path)
            while "could not be renewed" not in caplog.text:
                await anyio.sleep(0.01)
            assert job.id in caplog.text
            await anyio.sleep(0.1)
            assert caplog.text.count("could not be renewed") == 1
            job.detach()


async def test_what_is_put_back_goes_on(path) -> None:
    """A file that comes back is the same file: what was reported meanwhile is written."""
    client = FakeClient()
    away = path.with_name("away.db")
    async with Scheduler(client, journal=path) as scheduler:
        job = await scheduler.submit(PROGRAM, shots=1)
        path.rename(away)
        await job
        with pytest.raises(JournalError, match="is gone"):
            await scheduler.submit(PROGRAM, shots=1)
        away.rename(path)
        await (await scheduler.submit(PROGRAM, shots=1))
    async with SqlJournal(path) as journal:
        jobs = await journal.read(lambda reader: reader.jobs())
    assert [stored.state for stored in jobs] == ["fetched", "fetched"]


async def test_no_batch_is_opened(path) -> None:
    """What is billed for being open is not opened either."""
    client = FakeClient()
    with pytest.raises(JournalError, match="while it was in use"):
        async with Scheduler(client, journal=path) as scheduler:
            delete(path)
            await scheduler.open_batch(PROGRAM, on="fake:one").open()
    assert not client.world.batches


async def test_whatever_the_journal_refuses_for_what_is_accepted_is_named(path) -> None:
    """No room, a lock, a limit: the error of what was not sent names what runs."""
    client = FakeClient(run_time=lambda _: 60)
    journal = SqlJournal(path, lock_wait=0.05)
    async with Scheduler(client, limits=QUICK, journal=journal) as scheduler:
        job = await scheduler.submit(PROGRAM, shots=1)
        # The page that would be the next one is beyond what the file may have.
        await journal.ask(
            lambda t: t.connection.execute(text("PRAGMA max_page_count = 1")) and None
        )
        large = qa.Program(
            f"OPENQASM 3; bit[1] c; // {os.urandom(200_000).hex()}", qa.ProgramFormat.QASM3
        )
        with pytest.raises(JournalError, match="full") as caught:
            await scheduler.submit(large, shots=1)
        assert caught.value.accepted == "no"
        assert job.id in " ".join(caught.value.__notes__)
        await scheduler.cancel_all()
    assert client.world.calls["submit"] == 1


async def test_a_second_journal_of_the_same_name_is_not_made(path) -> None:
    """Looking for the file never makes an empty one in its place."""
    async with SqlJournal(path) as journal:
        delete(path)
        for _ in range(2):
            with pytest.raises(GoneError):
                await journal.intend(submission(journal), None)
    assert not path.exists()
    assert isinstance(journal.missing, GoneError)
