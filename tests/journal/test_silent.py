"""A server that stops answering without closing: nobody waits for it longer than a bound."""

from __future__ import annotations

import os
import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING

import anyio
import pytest
from sqlalchemy import text

import quantum_async as qa
from quantum_async.errors import QuantumAsyncError
from quantum_async.journal.base import UnansweredError, UnavailableError
from quantum_async.journal.records import WorkState
from quantum_async.journal.sql import SqlJournal
from quantum_async.models.capabilities import SubmissionGrade
from quantum_async.scheduler.scheduler import Scheduler
from tests.journal.helpers import RESULT, refs, submission
from tests.scheduler.fake import PROGRAM, FakeClient

if TYPE_CHECKING:
    from collections.abc import Iterator

QUICK = qa.Limits(min_poll_interval=0.005)
PATIENCE = 30.0
"""Seconds after which a test gives up on what is bounded by far less."""


async def backend(journal: SqlJournal) -> int:
    """Name the server's process that answers this journal alone."""
    return await journal.ask(lambda t: t.connection.scalar(text("SELECT pg_backend_pid()")))


@contextmanager
def stopped(process: int) -> Iterator[None]:
    """Let a process stand still, as behind a network that was cut."""
    os.kill(process, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(process, signal.SIGCONT)


def impatient(pg: str) -> SqlJournal:
    return SqlJournal(pg, lock_wait=1.0, answer_wait=3.0)


async def test_a_commit_is_given_up(pg) -> None:
    """What is to be sent is refused, and what was reported is written over a new connection."""
    async with impatient(pg) as journal:
        sent = submission(journal)
        await journal.intend(sent, None)
        with stopped(await backend(journal)), anyio.fail_after(PATIENCE):
            with pytest.raises(UnansweredError) as caught:
                await journal.intend(submission(journal), None)
            assert caught.value.accepted == "no"
            await journal.accepted(sent.key, refs(sent))
            journal.fetched(sent.jobs[0].key, RESULT)
            (job,) = await journal.read(lambda reader: reader.jobs())
            while job.state is not WorkState.FETCHED:
                await anyio.sleep(0.05)
                (job,) = await journal.read(lambda reader: reader.jobs())


async def test_ids_are_written_again_over_a_new_connection(pg) -> None:
    """An acceptance that got no answer is told to the log, and is there in the end."""
    async with impatient(pg) as journal:
        sent = submission(journal)
        await journal.intend(sent, None)
        with stopped(await backend(journal)), anyio.fail_after(PATIENCE):
            await journal.accepted(sent.key, refs(sent))
    assert journal.missing is None
    async with SqlJournal(pg) as journal:
        (job,) = await journal.read(lambda reader: reader.jobs())
    assert job.ref.id == refs(sent)[0].id


async def test_closing_is_cut_by_whoever_waits(pg) -> None:
    """Under a scope that ends, a journal is closed at once, and says which ids are missing."""
    journal = SqlJournal(pg)
    await journal.open()
    sent = submission(journal)
    await journal.intend(sent, None)
    with stopped(await backend(journal)), anyio.fail_after(PATIENCE):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(journal.accepted, sent.key, refs(sent))
            await anyio.sleep(0.05)
            with anyio.move_on_after(0.2) as scope:
                await journal.close()
    assert scope.cancelled_caught
    assert str(refs(sent)[0]) in str(journal.missing)


class Stopping(FakeClient):
    """A client whose second create is answered when the journal's server has fallen silent."""

    process: int | None = None

    async def submit(self, request):
        answer = await super().submit(request)
        if self.process is not None:
            os.kill(self.process, signal.SIGSTOP)
        return answer


@pytest.mark.parametrize("grade", list(SubmissionGrade))
async def test_cancelling_needs_no_journal(pg, grade: SubmissionGrade) -> None:
    """With a silent journal everything is cancelled, what is being written down included."""
    journal = SqlJournal(pg, answer_wait=10 * PATIENCE)
    client = Stopping(run_time=lambda _: 600).can(grade=grade)
    try:
        with anyio.fail_after(PATIENCE), pytest.raises(KeyError):
            async with Scheduler(client, limits=QUICK, journal=journal, grace=2.0) as scheduler:
                await scheduler.submit(PROGRAM, shots=1)
                client.process = await backend(journal)
                async with anyio.create_task_group() as tasks:

                    async def told() -> None:
                        await scheduler.submit(PROGRAM, shots=1)

                    async def refused() -> None:
                        with pytest.raises(QuantumAsyncError):
                            await scheduler.submit(PROGRAM, shots=1)

                    tasks.start_soon(told)
                    while client.world.calls["submit"] < 2:
                        await anyio.sleep(0.01)
                    tasks.start_soon(refused)
                    await anyio.sleep(0.1)
                    await scheduler.cancel_all()
                raise KeyError
    finally:
        os.kill(client.process, signal.SIGCONT)
    assert client.world.calls["submit"] == 2
    assert client.running() == 0


async def test_a_server_that_is_slow_is_told_so(pg) -> None:
    """The server itself ends a statement before nobody waits for it, and the connection stays."""

    def limits(transaction) -> list[str]:
        show = ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout")
        return [transaction.connection.scalar(text(f"SHOW {name}")) for name in show]

    def sleep(transaction) -> None:
        transaction.connection.execute(text("SET LOCAL statement_timeout = '50ms'"))
        transaction.connection.execute(text("SELECT pg_sleep(600)"))

    async with SqlJournal(pg, lock_wait=5.0, answer_wait=50.0) as journal:
        assert await journal.ask(limits) == ["40s", "5s", "80s"]
        before = await backend(journal)
        with pytest.raises(UnavailableError) as caught:
            await journal.ask(sleep)
        assert not isinstance(caught.value, UnansweredError)
        assert await backend(journal) == before
