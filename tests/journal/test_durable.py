"""What a caller has been told is in the journal before it is told."""

from __future__ import annotations

import logging
import sqlite3

import pytest

import quantum_async as qa
from quantum_async.journal.records import BatchState, WorkState
from quantum_async.journal.sql import SqlJournal
from quantum_async.models.capabilities import SubmissionGrade
from quantum_async.scheduler.scheduler import Scheduler
from tests.journal.helpers import refs, submission
from tests.scheduler.fake import PROGRAM, FakeClient

QUICK = qa.Limits(min_poll_interval=0.005)
SLOW = qa.Limits(min_poll_interval=60.0)


async def seen(place: str) -> tuple[list, list]:
    """Read what any other process would find now: only what was committed."""
    async with SqlJournal(place) as other:
        return await other.read(lambda reader: (reader.jobs(), reader.batches()))


@pytest.mark.parametrize("shared_job", [False, True])
async def test_an_id_is_written_before_submit_returns(place, shared_job: bool) -> None:
    """Where a service cannot be asked by our key, the id survives an end right after `submit`."""
    client = FakeClient(run_time=lambda _: 60)
    client.can(grade=SubmissionGrade.AT_MOST_ONCE, shared_job=shared_job)
    async with Scheduler(client, limits=SLOW, journal=place) as scheduler:
        job = await scheduler.submit(PROGRAM, shots=1)
        (jobs, _) = await seen(place)
        job.detach()
    assert [(one.state, one.ref.id) for one in jobs] == [(WorkState.ACCEPTED, job.id)]


async def test_an_intent_alone_leads_back_where_the_service_can_be_asked(place) -> None:
    """Where a service finds our key, `submit` need not wait for the id to be on the disk."""
    client = FakeClient(run_time=lambda _: 60)
    async with Scheduler(client, limits=SLOW, journal=place) as scheduler:
        job = await scheduler.submit(PROGRAM, shots=1)
        (jobs, _) = await seen(place)
        job.detach()
    assert [one.spec.key for one in jobs] == [job.key]
    assert await client.find(jobs[0].submission)


async def test_ids_of_a_batch_and_of_what_is_added_are_written_first(place) -> None:
    """A batch has its id on the disk when it is open, and an addition that nobody could find too."""
    client = FakeClient(run_time=lambda _: 60).can(finds_additions=False)
    async with Scheduler(client, limits=SLOW, journal=place) as scheduler:
        batch = scheduler.open_batch(PROGRAM, on="fake:one")
        await batch.open()
        (_, batches) = await seen(place)
        job = await batch.submit(shots=1)
        (jobs, _) = await seen(place)
        await batch.close()
        job.detach()
    assert [(one.state, one.ref.id) for one in batches] == [(BatchState.OPEN, batch.id)]
    assert [(one.state, one.ref.id) for one in jobs] == [(WorkState.ACCEPTED, job.id)]


async def test_what_the_journal_refuses_after_the_create_is_followed_and_named(
    tmp_path, caplog
) -> None:
    """A job that was accepted is never lost to a journal that fails: its id goes to the log."""
    path = tmp_path / "j.db"
    holders: list[sqlite3.Connection] = []

    class Locking(FakeClient):
        async def submit(self, request):
            holders.append(sqlite3.connect(path, isolation_level=None))
            holders[0].execute("BEGIN EXCLUSIVE")
            return await super().submit(request)

    client = Locking(run_time=lambda _: 60).can(grade=SubmissionGrade.AT_MOST_ONCE)
    journal = SqlJournal(path, lock_wait=0.05)
    with caplog.at_level(logging.ERROR, "quantum_async"):
        async with Scheduler(client, limits=SLOW, journal=journal) as scheduler:
            job = await scheduler.submit(PROGRAM, shots=1)
            assert f"fake:one/{job.id}" in caplog.text
            assert "has not taken it yet" in caplog.text
            holders[0].close()
            job.detach()
    (jobs, _) = await seen(str(path))
    assert [one.ref.id for one in jobs] == [job.id]


async def test_what_is_kept_is_tried_again_and_what_is_missing_is_named(tmp_path) -> None:
    """Ids that the journal could not take until it was closed are in its last word."""
    path = tmp_path / "j.db"
    journal = SqlJournal(path, lock_wait=0.05)
    async with journal:
        sent = submission(journal)
        await journal.intend(sent, None)
        holder = sqlite3.connect(path, isolation_level=None)
        holder.execute("BEGIN EXCLUSIVE")
        await journal.accepted(sent.key, refs(sent))
    holder.close()
    assert str(refs(sent)[0]) in str(journal.missing)
    assert journal.missing.accepted == "yes"
    async with journal:
        assert journal.missing is None


async def test_on_the_way_out_nobody_waits_for_the_journal(tmp_path) -> None:
    """Once it was hurried, an acceptance is a report, and what would be sent is refused."""
    journal = SqlJournal(tmp_path / "j.db")
    async with journal:
        sent = submission(journal)
        await journal.intend(sent, None)
        journal.hurry()
        await journal.accepted(sent.key, refs(sent))
        assert journal._writer._waiting
    assert journal.missing is None
    (jobs, _) = await seen(str(tmp_path / "j.db"))
    assert jobs[0].state is WorkState.ACCEPTED
