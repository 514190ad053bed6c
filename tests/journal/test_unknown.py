"""Unknown is an outcome, and stays one until somebody settles it."""

from __future__ import annotations

import pytest

import quantum_async as qa
from quantum_async.errors import (
    InvalidInputError,
    JournalError,
    LostAnswerError,
    SubmissionUnknownError,
)
from quantum_async.journal.sql import SqlJournal
from quantum_async.models.capabilities import SubmissionGrade
from quantum_async.scheduler.scheduler import Scheduler
from tests.journal.helpers import (
    MortalClient,
    MortalJournal,
    Power,
    kill,
    refs,
    submission,
    until_dead,
)
from tests.scheduler.fake import PROGRAM, FakeClient, World, after

QUICK = qa.Limits(min_poll_interval=0.005, requests_in_flight=1)
GRID = qa.grid(x=range(4))


def forgetful(world: World, **options: object) -> FakeClient:
    """A client of a service that cannot be asked by our key."""
    client = FakeClient(world=world, **options)
    return client.can(grade=SubmissionGrade.AT_MOST_ONCE)


async def run(path: str, world: World, **settings: object) -> qa.SweepResults:
    """Run the script once more."""
    async with Scheduler(forgetful(world), limits=QUICK, journal=path, **settings) as scheduler:
        return await scheduler.sweep(PROGRAM, GRID, shots=1, name="s", on_error="collect")


async def die(path: str, world: World, statement: str = "after submit") -> None:
    """Run the script in a process that is killed while a create is under way."""
    power = Power(statement, 2)
    client = MortalClient(power, world=world).can(grade=SubmissionGrade.AT_MOST_ONCE)
    journal = MortalJournal(SqlJournal(path), power)
    async with (
        until_dead(power),
        Scheduler(client, limits=QUICK, journal=journal, grace=0.05) as scheduler,
    ):
        await scheduler.sweep(PROGRAM, GRID, shots=1, name="s")


async def lose_an_answer(path: str, world: World) -> str:
    """Submit a job whose answer is lost; return the key of its submission."""
    client = forgetful(world, faults={"submit": [after(LostAnswerError("gone"))]})
    async with Scheduler(client, limits=QUICK, journal=path) as scheduler:
        with pytest.raises(SubmissionUnknownError) as caught:
            await scheduler.submit(PROGRAM, shots=3, variables={"x": 5})
    assert "jobs resolve" in " ".join(caught.value.__notes__)
    return caught.value.key


@pytest.mark.parametrize("statement", ["before submit", "after submit"])
async def test_a_sweep_reports_it_again_and_again(tmp_path, statement: str) -> None:
    """However often a script is run again, a point that is unknown is not sent again."""
    path, world = str(tmp_path / "j.db"), World()
    await die(path, world, statement)
    for _ in range(3):
        results = await run(path, world)
        (lost,) = results.errors
        assert isinstance(lost.error, SubmissionUnknownError)
        assert lost.error.accepted == "unknown"
        assert world.calls["submit"] == 4 - (statement == "before submit")
    assert sum(point.error is None for point in results) == 3


async def test_resuming_reports_it_again_and_again(tmp_path) -> None:
    """Whoever resumes gets a handle of it each time, which raises the same."""
    path, world = str(tmp_path / "j.db"), World()
    key = await lose_an_answer(path, world)
    for _ in range(3):
        async with Scheduler(forgetful(world), limits=QUICK, journal=path) as scheduler:
            (job,) = await scheduler.resume()
            with pytest.raises(SubmissionUnknownError) as caught:
                await job
            assert caught.value.key == key
    with pytest.raises(SubmissionUnknownError):
        async with Scheduler(forgetful(world), limits=QUICK, journal=path) as scheduler:
            await scheduler.resume()
    assert len(world.jobs) == 1


async def test_the_users_policy_sends_it_again(tmp_path) -> None:
    """Under at-least-once it is sent again, in a sweep as well, and then has an outcome."""
    path, world = str(tmp_path / "j.db"), World()
    await die(path, world)
    assert len((await run(path, world)).errors) == 1
    for _ in range(2):
        results = await run(path, world, on_unknown="at_least_once")
        assert not results.errors
        assert world.calls["submit"] == 5
    assert not (await run(path, world)).errors


async def test_what_is_lost_is_sent_again_once(tmp_path) -> None:
    """Settled as lost, a point is sent again by running its sweep, once."""
    path, world = str(tmp_path / "j.db"), World()
    await die(path, world, "before submit")
    (lost,) = (await run(path, world)).errors
    async with Scheduler(forgetful(world), limits=QUICK, journal=path) as scheduler:
        assert await scheduler.resolve(lost.error.key, lost=True) == []
        assert world.calls["submit"] == 3
    for _ in range(2):
        assert not (await run(path, world)).errors
        assert world.calls["submit"] == 4


async def test_what_is_lost_is_sent_by_nobody_else(tmp_path) -> None:
    """A single job that is settled as lost is over: resuming does not send it."""
    path, world = str(tmp_path / "j.db"), World()
    key = await lose_an_answer(path, world)
    async with Scheduler(forgetful(world), limits=QUICK, journal=path) as scheduler:
        await scheduler.resolve(key, lost=True)
        assert await scheduler.resume() == []
    async with Scheduler(forgetful(world), limits=QUICK, journal=path) as scheduler:
        assert await scheduler.resume() == []
    assert world.calls["submit"] == 1


@pytest.mark.parametrize("by", ["submission", "job"])
async def test_what_has_an_id_is_followed(tmp_path, by: str) -> None:
    """Settled with its id, by either key, a job is followed here and is a result from then on."""
    path, world = str(tmp_path / "j.db"), World()
    key = await lose_an_answer(path, world)
    (remote,) = world.jobs.values()
    async with Scheduler(forgetful(world), limits=QUICK, journal=path) as scheduler:
        word = key if by == "submission" else remote.spec.key
        (job,) = await scheduler.resolve(word, job_id=remote.ref.id)
        assert (job.id, job.key) == (remote.ref.id, remote.spec.key)
        assert (await job).counts == {"00000101": 3}
    async with SqlJournal(path) as journal:
        (stored,) = await journal.read(lambda reader: reader.jobs(with_results=True))
    assert (stored.state, stored.error) == ("fetched", None)
    assert world.calls["submit"] == 1


async def test_a_point_that_has_an_id_is_a_point(tmp_path) -> None:
    """The sweep that reported it continues with its result."""
    path, world = str(tmp_path / "j.db"), World()
    await die(path, world)
    (lost,) = (await run(path, world)).errors
    (ref,) = [j.ref for j in world.jobs.values() if j.spec.variables["x"] == lost.index]
    async with Scheduler(forgetful(world), limits=QUICK, journal=path) as scheduler:
        (job,) = await scheduler.resolve(lost.error.key, job_id=ref.id)
        job.detach()
    results = await run(path, world)
    assert not results.errors
    assert results[lost.index].ref.id == ref.id
    assert world.calls["submit"] == 4


async def test_in_the_scheduler_that_reported_it(tmp_path) -> None:
    """Nothing has to be left for it: the block that told may settle what it told."""
    path, world = str(tmp_path / "j.db"), World()
    client = forgetful(world, faults={"submit": [after(LostAnswerError("gone"))]})
    async with Scheduler(client, limits=QUICK, journal=path) as scheduler:
        with pytest.raises(SubmissionUnknownError) as caught:
            await scheduler.submit(PROGRAM, shots=3, variables={"x": 5})
        (remote,) = world.jobs.values()
        (job,) = await scheduler.resolve(caught.value.key, job_id=remote.ref.id)
        assert (await job).shots == 3


async def test_jobs_that_share_one_id_are_settled_together(tmp_path) -> None:
    """Where a submission is one job of the service, its one id stands for all of its jobs."""
    path, world = str(tmp_path / "j.db"), World()
    faults = {"submit": [after(LostAnswerError("gone"))]}
    client = FakeClient(world=world, faults=faults)
    client.can(grade=SubmissionGrade.AT_MOST_ONCE, shared_job=True, jobs_per_submission=4)
    async with Scheduler(client, limits=QUICK, journal=path) as scheduler:
        sweep = scheduler.sweep(PROGRAM, GRID, shots=1, name="s", on_error="collect")
        first = (await sweep).errors[0].error
        id_ = next(iter(world.jobs.values())).ref.id
        with pytest.raises(InvalidInputError, match="1 ids are needed"):
            await scheduler.resolve(first.key, job_id=[id_, id_])
        jobs = await scheduler.resolve(first.key, job_id=id_)
        assert [(await job).counts for job in jobs] == [{format(i, "08b"): 1} for i in range(4)]


async def test_an_id_that_the_provider_does_not_know_is_refused(tmp_path) -> None:
    """A slip of the pen changes nothing: it can be settled rightly afterwards."""
    path, world = str(tmp_path / "j.db"), World()
    key = await lose_an_answer(path, world)

    class Strict(FakeClient):
        async def poll(self, jobs, *, wait=0.0):
            return await super().poll([ref for ref in jobs if ref.id in world.jobs], wait=wait)

    client = Strict(world=world).can(grade=SubmissionGrade.AT_MOST_ONCE)
    (remote,) = world.jobs.values()
    async with Scheduler(client, limits=QUICK, journal=path) as scheduler:
        with pytest.raises(InvalidInputError, match="does not know"):
            await scheduler.resolve(key, job_id="slip")
        (job,) = await scheduler.resolve(key, job_id=remote.ref.id)
        await job


async def test_what_was_killed_before_it_knew_is_settled_at_once(tmp_path) -> None:
    """Nobody needs to run the script once more only to be told that it is unknown."""
    path, world = str(tmp_path / "j.db"), World()
    await die(path, world, "before submit")
    async with SqlJournal(path) as journal:
        (row,) = await journal.read(
            lambda reader: [s for s in reader.submissions() if s.state == "sending"]
        )
    async with Scheduler(forgetful(world), limits=QUICK, journal=path) as scheduler:
        await scheduler.resolve(row.jobs[0].spec.key, lost=True)
    assert not (await run(path, world)).errors
    assert world.calls["submit"] == 4


async def test_only_what_is_unknown_is_settled(tmp_path) -> None:
    """Neither what has an outcome nor what nobody knows, and never both or neither word."""
    path, world = str(tmp_path / "j.db"), World()
    async with Scheduler(forgetful(world), limits=QUICK, journal=path) as scheduler:
        job = await scheduler.submit(PROGRAM, shots=1)
        await job
        with pytest.raises(JournalError, match="is not unknown: it is accepted"):
            await scheduler.resolve(job.key, lost=True)
        with pytest.raises(JournalError, match="knows no submission"):
            await scheduler.resolve("nobody", lost=True)
        for words in ({}, {"lost": True, "job_id": "7"}):
            with pytest.raises(InvalidInputError, match="either lost"):
                await scheduler.resolve(job.key, **words)
    async with Scheduler(forgetful(world), limits=QUICK) as scheduler:
        with pytest.raises(JournalError, match="without a journal"):
            await scheduler.resolve(job.key, lost=True)


async def test_a_living_process_settles_its_own(place) -> None:
    """While a process holds the lease, nobody else settles what it works on."""
    async with SqlJournal(place) as one, SqlJournal(place) as two:
        sent = submission(one)
        await one.intend(sent, None)
        with pytest.raises(JournalError, match="in the hands of"):
            await two.claim_unknown(sent.key)
        with pytest.raises(JournalError, match="it is on its way"):
            await one.claim_unknown(sent.key)
        one.unknown(sent.key, SubmissionUnknownError("lost", key=sent.key))
        assert (await one.claim_unknown(sent.key)).key == sent.key
        with pytest.raises(JournalError, match="in the hands of"):
            await two.claim_unknown(sent.jobs[0].key)
        await one.settle(sent.key, refs(sent))
        with pytest.raises(JournalError, match="is not unknown"):
            await one.claim_unknown(sent.key)


async def test_what_is_lost_is_free_again(place) -> None:
    """A submission that does not exist takes no part of the budget."""
    budget = qa.Budget(jobs=1)
    dead = SqlJournal(place)
    await dead.open()
    sent = submission(dead)
    await dead.intend(sent, budget)
    await kill(dead)
    async with SqlJournal(place) as journal:
        await journal.claim_unknown(sent.key)
        await journal.settle(sent.key, LostAnswerError("lost"))
        await journal.intend(submission(journal), budget)
