"""A process that dies at any statement of the submit path, and the one that comes after it."""

from __future__ import annotations

from collections import Counter

import pytest

import quantum_async as qa
from quantum_async.errors import NotSentError, SubmissionUnknownError
from quantum_async.journal.sql import SqlJournal
from quantum_async.models.capabilities import SubmissionGrade
from quantum_async.scheduler.scheduler import Scheduler
from tests.journal.helpers import MortalClient, MortalJournal, Power, until_dead
from tests.scheduler.fake import PROGRAM, FakeClient, World

QUICK = qa.Limits(min_poll_interval=0.002, requests_in_flight=2)
POINTS = 6
STATEMENTS = [
    "before intend",
    "after intend",
    "before submit",
    "after submit",
    "before accepted",
    "after accepted",
    "before poll",
    "after poll",
    "before fetch",
    "after fetch",
    "before sending",
    "after sending",
]

UNCERTAIN = STATEMENTS[1:5]
"""Where the journal cannot know whether the provider has it."""


def able(client: FakeClient, grade: SubmissionGrade, size: int) -> FakeClient:
    return client.can(grade=grade, settle_delay=0.02, jobs_per_submission=size)


async def run_and_die(
    path: str, power: Power, world: World, grade: SubmissionGrade, size: int
) -> None:
    """Run a sweep in a process that dies."""
    faults = {"submit": [NotSentError("refused")]} if "sending" in power.point else {}
    client = able(MortalClient(power, world=world, faults=faults), grade, size)
    journal = MortalJournal(SqlJournal(path), power)
    async with (
        until_dead(power),
        Scheduler(client, limits=QUICK, journal=journal, grace=0.05) as scheduler,
    ):
        await scheduler.sweep(PROGRAM, qa.grid(x=range(POINTS)), shots=1, name="s")
    assert power.off.is_set(), f"nothing passed {power.point!r}"


def runs_per_point(world: World) -> Counter[int]:
    return Counter(int(job.spec.variables["x"]) for job in world.jobs.values())


@pytest.mark.parametrize("size", [1, 4])
@pytest.mark.parametrize("statement", STATEMENTS)
@pytest.mark.parametrize("grade", list(SubmissionGrade))
async def test_a_crash_at_every_statement(
    tmp_path, grade: SubmissionGrade, statement: str, size: int
) -> None:
    """Whatever statement a process dies at, no job runs twice, and none is silently missing."""
    path, world = str(tmp_path / "j.db"), World()
    number = 1 if size == 4 or "sending" in statement else 2
    await run_and_die(path, Power(statement, number), world, grade, size)
    client = able(FakeClient(world=world), grade, size)
    async with Scheduler(client, limits=QUICK, journal=path) as scheduler:
        points = qa.grid(x=range(POINTS))
        results = await scheduler.sweep(PROGRAM, points, shots=1, name="s", on_error="collect")
    counts = runs_per_point(world)
    assert max(counts.values(), default=0) <= 1
    uncertain = {point.index for point in results.errors}
    if grade is not SubmissionGrade.AT_MOST_ONCE:
        assert not uncertain
        assert len(counts) == POINTS
    for point in results:
        if point.index in uncertain:
            assert isinstance(point.error, SubmissionUnknownError)
        else:
            assert point.counts == {format(point.index, "08b"): 1}


@pytest.mark.parametrize("statement", STATEMENTS[:6])
@pytest.mark.parametrize("grade", list(SubmissionGrade))
async def test_resume_after_a_crash(tmp_path, grade: SubmissionGrade, statement: str) -> None:
    """Resuming brings to an end exactly what was written down before the crash."""
    path, world, power = str(tmp_path / "j.db"), World(), Power(statement)
    client = able(MortalClient(power, world=world, run_time=lambda _: 0.1), grade, 1)
    journal = MortalJournal(SqlJournal(path), power)
    async with (
        until_dead(power),
        Scheduler(client, limits=QUICK, journal=journal, grace=0.05) as scheduler,
    ):
        await scheduler.submit(PROGRAM, shots=3, variables={"x": 5})
    client = able(FakeClient(world=world), grade, 1)
    async with Scheduler(client, limits=QUICK, journal=path) as scheduler:
        jobs = await scheduler.resume()
        assert len(jobs) == (statement != "before intend")
        for job in jobs:
            if grade is SubmissionGrade.AT_MOST_ONCE and statement != "after accepted":
                with pytest.raises(SubmissionUnknownError):
                    await job
            else:
                assert (await job).counts == {"00000101": 3}
    assert len(world.jobs) <= 1
    if grade is not SubmissionGrade.AT_MOST_ONCE:
        assert len(world.jobs) == len(jobs)
    stays_unknown = grade is SubmissionGrade.AT_MOST_ONCE and statement in UNCERTAIN
    async with Scheduler(able(FakeClient(world=world), grade, 1), journal=path) as scheduler:
        jobs = await scheduler.resume()
        assert len(jobs) == stays_unknown
        for job in jobs:
            with pytest.raises(SubmissionUnknownError):
                await job
    assert len(world.jobs) <= 1


async def test_the_users_policy_decides_about_the_unknown(tmp_path) -> None:
    """Under at-least-once, what nobody can look up is sent again when it is resumed."""
    path, world, power = str(tmp_path / "j.db"), World(), Power("after submit")
    grade = SubmissionGrade.AT_MOST_ONCE
    journal = MortalJournal(SqlJournal(path), power)
    async with until_dead(power):
        client = able(MortalClient(power, world=world), grade, 1)
        async with Scheduler(client, limits=QUICK, journal=journal, grace=0.05) as scheduler:
            await scheduler.submit(PROGRAM, shots=1)
    client = able(FakeClient(world=world), grade, 1)
    with pytest.raises(SubmissionUnknownError):
        async with Scheduler(client, limits=QUICK, journal=path) as scheduler:
            await scheduler.resume()
    assert len(world.jobs) == 1
    client = able(FakeClient(world=world), grade, 1)
    async with Scheduler(
        client, limits=QUICK, journal=path, on_unknown="at_least_once"
    ) as scheduler:
        (job,) = await scheduler.resume()
        await job
    assert len(world.jobs) == 2


@pytest.mark.parametrize(
    "statement",
    [
        "before intend_batch",
        "after intend_batch",
        "before open_batch",
        "after open_batch",
        "before batch_opened",
        "after batch_opened",
    ],
)
async def test_a_batch_never_stays_open(tmp_path, statement: str) -> None:
    """Whenever a process dies around opening a batch, resuming closes it."""
    path, world, power = str(tmp_path / "j.db"), World(), Power(statement, raises=True)
    journal = MortalJournal(SqlJournal(path), power)
    async with until_dead(power):
        client = MortalClient(power, world=world)
        async with (
            Scheduler(client, limits=QUICK, journal=journal, grace=0.05) as scheduler,
            scheduler.open_batch(PROGRAM, on="fake:one"),
        ):
            pass
    assert power.off.is_set()
    was_open = list(world.batches.values()) == ["open"]
    assert was_open == (
        statement in {"after open_batch", "before batch_opened", "after batch_opened"}
    )
    async with Scheduler(FakeClient(world=world), limits=QUICK, journal=path) as scheduler:
        await scheduler.resume()
    assert "open" not in world.batches.values()


async def test_an_addition_nobody_can_look_up_is_not_sent_twice(tmp_path) -> None:
    """A job added to a batch by a dead process stays unknown where only that process could tell."""
    path, world, power = str(tmp_path / "j.db"), World(), Power("after submit", raises=True)
    journal = MortalJournal(SqlJournal(path), power)
    async with until_dead(power):
        client = MortalClient(power, world=world).can(finds_additions=False)
        async with (
            Scheduler(client, limits=QUICK, journal=journal, grace=0.05) as scheduler,
            scheduler.open_batch(PROGRAM, on="fake:one") as batch,
        ):
            await batch.submit(shots=1)
    assert len(world.jobs) == 1
    world.by_key.clear()
    client = FakeClient(world=world).can(finds_additions=False)
    async with Scheduler(client, limits=QUICK, journal=path) as scheduler:
        (job,) = await scheduler.resume()
        with pytest.raises(SubmissionUnknownError):
            await job
    assert len(world.jobs) == 1
    assert "open" not in world.batches.values()
