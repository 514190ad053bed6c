"""A lease is a fence: what may not leave goes back to whoever owns it, and nothing runs twice."""

from __future__ import annotations

from functools import partial

import anyio
import pytest
from sqlalchemy import text

import quantum_async as qa
from quantum_async.errors import JournalError, SubmissionUnknownError
from quantum_async.http.fence import PASSAGE
from quantum_async.journal.records import BatchState, SendState
from quantum_async.journal.sql import SqlJournal
from quantum_async.models.capabilities import SubmissionGrade
from quantum_async.models.submission import BatchRequest
from quantum_async.scheduler.scheduler import Scheduler
from tests.journal.helpers import SERVED, kill, submission
from tests.scheduler.fake import PROGRAM, FakeClient, World

QUICK = qa.Limits(min_poll_interval=0.005)
QUIET = 0.5
"""Seconds that whoever takes over waits: the lease that it has itself."""


class Frozen(SqlJournal):
    """A journal whose process renews nothing: it was stopped, or its lid was closed."""

    pulse = 1_000.0

    def __init__(self, place: str) -> None:
        super().__init__(place, lease=600.0)


class Held(FakeClient):
    """A client that a pause holds up, and that looks at the lease last, as the transport does.

    Args:
        parts: How many requests a create takes; it is held up before the last one.
    """

    def __init__(self, *, parts: int = 1, **options: object) -> None:
        super().__init__(**options)
        self.parts = parts
        self.is_held = anyio.Event()
        self.go = anyio.Event()

    async def _leave(self) -> None:
        passage = PASSAGE.get()
        for _ in range(self.parts - 1):
            passage.remaining()
            passage.has_left = True
        self.is_held.set()
        await self.go.wait()
        passage.remaining()
        passage.has_left = True

    async def submit(self, request):
        await self._leave()
        return await super().submit(request)

    async def open_batch(self, request):
        await self._leave()
        return await super().open_batch(request)


async def run_out(journal: SqlJournal) -> None:
    """Let the lease end at this moment, as it does while a process is stopped."""
    over = text("UPDATE leases SET expires = :now WHERE owner = :run")

    def end(transaction) -> None:
        now = {"now": transaction.now, "run": journal.run}
        transaction.connection.execute(over, now)

    await journal.ask(end)
    journal._leases._until = float("-inf")


async def states(place: str) -> list[tuple[SendState, BatchState]]:
    async with SqlJournal(place) as other:
        found = await other.read(lambda reader: (reader.submissions(), reader.batches()))
    return [row.state for rows in found for row in rows]


@pytest.mark.parametrize("grade", list(SubmissionGrade))
async def test_what_waited_out_a_pause_is_not_sent_by_two(place, grade: SubmissionGrade) -> None:
    """Held up while another takes over, a submission ends here, unsent; it exists once at most."""
    world = World()
    old = Frozen(place)
    held = Held(world=world).can(grade=grade, settle_delay=0.05)
    async with Scheduler(held, limits=QUICK, journal=old) as first:
        failures = []

        async def submit() -> None:
            with pytest.raises(JournalError, match="has not renewed its lease") as caught:
                await first.submit(PROGRAM, shots=2, variables={"x": 3})
            failures.append(caught.value)

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(submit)
            await held.is_held.wait()
            await run_out(old)
            client = FakeClient(world=world).can(grade=grade, settle_delay=0.05)
            journal = SqlJournal(place, lease=QUIET)
            async with Scheduler(client, limits=QUICK, journal=journal) as second:
                (job,) = await second.resume()
                held.go.set()
                if grade is SubmissionGrade.AT_MOST_ONCE:
                    with pytest.raises(SubmissionUnknownError):
                        await job
                else:
                    assert (await job).counts == {"00000011": 2}
    assert [failure.accepted for failure in failures] == ["no"]
    assert len(world.jobs) == (grade is not SubmissionGrade.AT_MOST_ONCE)
    assert held.world.calls["submit"] == len(world.jobs)


@pytest.mark.parametrize("grade", list(SubmissionGrade))
async def test_what_nobody_took_over_goes_back_unsent(place, grade: SubmissionGrade) -> None:
    """The journal keeps it as unsent, so that whoever goes on sends it, wherever that is."""
    world = World()
    old = Frozen(place)
    held = Held(world=world).can(grade=grade)
    async with Scheduler(held, limits=QUICK, journal=old) as first, anyio.create_task_group() as t:

        async def submit() -> None:
            with pytest.raises(JournalError, match="has not renewed its lease"):
                await first.submit(PROGRAM, shots=2, variables={"x": 3})

        t.start_soon(submit)
        await held.is_held.wait()
        await run_out(old)
        held.go.set()
    assert await states(place) == [SendState.INTENDED]
    client = FakeClient(world=world).can(grade=grade)
    async with Scheduler(client, limits=QUICK, journal=place) as second:
        (job,) = await second.resume()
        assert (await job).counts == {"00000011": 2}
    assert len(world.jobs) == 1


class Late(Held):
    """A client whose answer comes late: the service has acted by then."""

    async def submit(self, request):
        answer = await FakeClient.submit(self, request)
        self.is_held.set()
        await self.go.wait()
        return answer


async def test_what_another_follows_is_not_cancelled_here(place) -> None:
    """A late answer is a job of whoever has taken over: leaving by an error leaves it alone."""
    world = World()
    old = Frozen(place)
    late = Late(world=world, run_time=lambda _: 60)
    with pytest.raises(KeyError):
        async with Scheduler(late, limits=QUICK, journal=old) as first:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(partial(first.submit, PROGRAM, shots=2, variables={"x": 3}))
                await late.is_held.wait()
                await run_out(old)
                client = FakeClient(world=world)
                async with Scheduler(client, limits=QUICK, journal=place) as second:
                    (job,) = await second.resume()
                    assert await old.renew() == {old.scope}
                    late.go.set()
                    while not first.unfinished:
                        await anyio.sleep(0.01)
                    ref = job.detach()
            raise KeyError
    assert late.running() == 1
    assert ref.id in world.jobs
    assert world.calls["cancel"] == 0


async def test_a_create_that_is_cut_in_the_middle_may_exist(place) -> None:
    """Where one of its requests had left, nobody says that it was not sent."""
    old = Frozen(place)
    held = Held(parts=2)
    async with Scheduler(held, limits=QUICK, journal=old) as first, anyio.create_task_group() as t:

        async def submit() -> None:
            with pytest.raises(JournalError) as caught:
                await first.submit(PROGRAM, shots=2)
            assert caught.value.accepted == "unknown"

        t.start_soon(submit)
        await held.is_held.wait()
        await run_out(old)
        held.go.set()
    assert await states(place) == [SendState.SENDING]


async def test_a_batch_is_not_opened_under_a_lost_lease(place) -> None:
    """A batch whose opening was held up is not opened, and whoever takes over finds none."""
    world = World()
    old = Frozen(place)
    held = Held(world=world).can(settle_delay=0.05)
    async with Scheduler(held, limits=QUICK, journal=old) as first, anyio.create_task_group() as t:

        async def open_it() -> None:
            with pytest.raises(JournalError, match="has not renewed its lease"):
                await first.open_batch(PROGRAM, on="fake:one").open()

        t.start_soon(open_it)
        await held.is_held.wait()
        await run_out(old)
        held.go.set()
    assert await states(place) == [BatchState.OPENING]
    client = FakeClient(world=world).can(settle_delay=0.05)
    async with Scheduler(client, limits=QUICK, journal=place) as second:
        await second.resume()
    assert await states(place) == [BatchState.CLOSED]
    assert not world.batches


async def test_an_owner_that_may_live_is_waited_for(place) -> None:
    """Finding nothing proves nothing while a create of a silent owner may be under way."""
    old = Frozen(place)
    async with old:
        await old.intend(submission(old), None)
        await old.intend_batch(BatchRequest("b", "one"), "fake", "")
        await run_out(old)
        async with SqlJournal(place, lease=600.0) as new:
            claim = await new.claim(None, SERVED)
        waits = [claim.submissions[0].quiet, claim.batches[0].quiet]
        assert all(0 < wait <= 600.0 for wait in waits)


async def test_a_dead_owner_is_not_waited_for(place) -> None:
    """Of a process that is known to be dead nothing can leave any more."""
    old = SqlJournal(place)
    await old.open()
    await old.intend(submission(old), None)
    await kill(old)
    async with SqlJournal(place) as new:
        claim = await new.claim(None, SERVED)
    assert [s.quiet for s in claim.submissions] == [0.0]
