"""What belongs to one server is neither asked for nor continued at another."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import anyio
import pytest
from sqlalchemy import text

import quantum_async as qa
from quantum_async.errors import ConfigurationError, DuplicateSubmissionError, JournalError
from quantum_async.journal.reading import Reader
from quantum_async.journal.schema import FORMAT, STEPS
from quantum_async.journal.sql import SqlJournal
from quantum_async.models.submission import BatchRequest
from quantum_async.scheduler.scheduler import Scheduler
from tests.journal.helpers import (
    MortalClient,
    MortalJournal,
    Power,
    kill,
    submission,
    until_dead,
)
from tests.scheduler.fake import PROGRAM, FakeClient, RemoteJob, World

QUICK = qa.Limits(min_poll_interval=0.005)
GRID = qa.grid(x=range(4))
SANDBOX = "http://127.0.0.1:8001 project:a"
REAL = "https://quantum.example project:a"
OTHERS = [REAL, "http://127.0.0.1:8002 project:a", "http://127.0.0.1:8001 project:b"]
OLD = Path(__file__).with_name("format-1.sql")


class At(FakeClient):
    """A client of one server."""

    def __init__(self, identity: str, **options: object) -> None:
        super().__init__(**options)
        self._identity = identity

    @property
    def identity(self) -> str:
        """As scripted."""
        return self._identity


class MortalAt(MortalClient):
    """A client of the sandbox whose process may die."""

    identity = SANDBOX


def at(identity: str, world: World | None = None) -> At:
    return At(identity, world=world, run_time=lambda _: 0)


async def die_with_a_job(path: str, world: World) -> None:
    """Send a job to the sandbox, open a batch there, and die."""
    power = Power("after poll")
    client = MortalAt(power, world=world, run_time=lambda _: 60)
    async with (
        until_dead(power),
        Scheduler(
            client,
            limits=qa.Limits(min_poll_interval=1.0),
            journal=_mortal(path, power),
            grace=0.05,
        ) as scheduler,
    ):
        await scheduler.open_batch(PROGRAM, on="fake:one", name="b").open()
        await scheduler.submit(PROGRAM, shots=2, variables={"x": 1})


def _mortal(path: str, power: Power) -> MortalJournal:
    return MortalJournal(SqlJournal(path), power)


@pytest.mark.parametrize("other", OTHERS)
async def test_a_sweep_is_not_continued_at_another_server(tmp_path, other: str) -> None:
    """The sandbox's counts are never shown as those of hardware; nothing is sent there."""
    path, world = str(tmp_path / "j.db"), World()
    async with Scheduler(at(SANDBOX), limits=QUICK, journal=path) as scheduler:
        await scheduler.sweep(PROGRAM, GRID, shots=2, name="s")
    async with Scheduler(at(other, world), limits=QUICK, journal=path) as scheduler:
        with pytest.raises(DuplicateSubmissionError, match="used before with another server") as e:
            await scheduler.sweep(PROGRAM, GRID, shots=2, name="s")
        assert SANDBOX in str(e.value)
        assert other in str(e.value)
    assert not world.calls
    async with Scheduler(at(SANDBOX, world), limits=QUICK, journal=path) as scheduler:
        assert len(await scheduler.sweep(PROGRAM, GRID, shots=2, name="s")) == 4
    assert not world.calls


async def test_a_sweep_that_was_never_sent_to_belongs_to_its_server_too(tmp_path) -> None:
    """The name decides, not what became of the points."""
    path = str(tmp_path / "j.db")
    client = At(SANDBOX, fails=lambda _: True)
    async with Scheduler(client, limits=QUICK, journal=path) as scheduler:
        await scheduler.sweep(PROGRAM, GRID, shots=2, name="s", on_error="collect")
    async with Scheduler(at(REAL), limits=QUICK, journal=path) as scheduler:
        with pytest.raises(DuplicateSubmissionError, match="other shots and another server"):
            await scheduler.sweep(PROGRAM, GRID, shots=3, name="s")


@pytest.mark.parametrize("other", OTHERS)
async def test_jobs_and_batches_of_another_server_are_left(tmp_path, other: str) -> None:
    """Resuming asks one server for nothing of another; a run that is named says what it needs."""
    path, world, elsewhere = str(tmp_path / "j.db"), World(), World()
    await die_with_a_job(path, world)
    async with SqlJournal(path) as journal:
        (job,) = await journal.read(lambda reader: reader.jobs())
        run = (await journal.read(lambda reader: reader.runs()))[1].id
    assert (job.identity, job.ref.identity) == (SANDBOX, SANDBOX)
    async with Scheduler(at(other, elsewhere), limits=QUICK, journal=path) as scheduler:
        assert await scheduler.resume() == []
        with pytest.raises(JournalError, match=f"needs a client for fake at {SANDBOX}"):
            await scheduler.resume(run)
        for ref in (job.ref, qa.JobRef("fake", job.ref.id, "one", job.ref.key)):
            with pytest.raises(ConfigurationError, match="is at another server"):
                await scheduler.adopt(ref)
    assert not elsewhere.calls
    for remote in world.jobs.values():
        remote.run_time = 0
    async with Scheduler(at(SANDBOX, world), limits=QUICK, journal=path) as scheduler:
        (resumed,) = await scheduler.resume()
        assert (await resumed).counts == {"00000001": 2}
    assert set(world.batches.values()) == {"closed"}


async def test_a_reference_leads_to_its_own_server_without_a_journal() -> None:
    """A job's reference, wherever it was carried, is refused by a client of another server."""
    world, elsewhere = World(), World()
    async with Scheduler(at(SANDBOX, world), limits=QUICK) as scheduler:
        job = await scheduler.submit(PROGRAM, shots=2)
        ref = job.ref
        await job
    async with Scheduler(at(REAL, elsewhere), limits=QUICK) as scheduler:
        with pytest.raises(ConfigurationError, match="is at another server"):
            await scheduler.adopt(ref)
    assert not elsewhere.calls
    async with Scheduler(at(SANDBOX, world), limits=QUICK) as scheduler:
        assert (await (await scheduler.adopt(ref))).shots == 2


async def test_a_job_that_is_left_stays_free(place) -> None:
    """Whoever refuses a job because of its server does not keep it from others."""
    async with SqlJournal(place) as dead:
        sent = submission(dead)
        sent = type(sent)(**{**_fields(sent), "identity": SANDBOX})
        await dead.intend(sent, None)
        await dead.intend_batch(BatchRequest("b", "one"), "fake", "", SANDBOX)
        key = sent.jobs[0].key
        await dead.accepted(sent.key, [qa.JobRef("fake", "1", "one", key)])
        await dead.ask(lambda _: None)
        await kill(dead)
    async with SqlJournal(place) as journal:
        stored, is_ours = await journal.claim_job(key, REAL)
        assert (stored.identity, is_ours) == (SANDBOX, False)
        claim = await journal.claim(None, {("fake", ""): REAL})
        assert claim.jobs == claim.batches == ()
        claim = await journal.claim(None, {("fake", ""): SANDBOX})
        assert [job.spec.key for job in claim.jobs] == [key]
        assert [batch.identity for batch in claim.batches] == [SANDBOX]


def _fields(value: object) -> dict[str, object]:
    return {name: getattr(value, name) for name in value.__dataclass_fields__}


def old_journal(path: Path) -> World:
    """Restore a journal of format 1, and the server that it was written at."""
    database = sqlite3.connect(path)
    database.executescript(OLD.read_text(encoding="utf-8"))
    database.close()
    return World()


async def known_jobs(path: Path, world: World) -> None:
    """Let the server know the jobs that the journal has ids of."""
    async with SqlJournal(path) as journal:
        for job in await journal.read(lambda reader: reader.jobs()):
            if job.ref is not None:
                world.jobs[job.ref.id] = RemoteJob(job.ref, job.spec, anyio.current_time(), 0)
        for batch in await journal.read(lambda reader: reader.batches()):
            world.batches[batch.ref.id] = "open"


async def test_a_journal_of_the_format_before_is_resumed(tmp_path) -> None:
    """What was written before servers were kept is followed at the one that there is."""
    path = tmp_path / "j.db"
    world = old_journal(path)
    await known_jobs(path, world)
    assert path.with_name("j.db.format-1.bak").exists()
    async with Scheduler(at(REAL, world), limits=QUICK, journal=path) as scheduler:
        jobs = await scheduler.resume()
        assert sorted([(await job).shots for job in jobs]) == [2, 2, 3, 5]
    assert world.calls["submit"] == 1, "the one that was lost on its way"
    assert set(world.batches.values()) == {"closed"}
    async with Scheduler(at(REAL, world), journal=path) as scheduler:
        assert await scheduler.resume() == []


async def test_a_sweep_of_the_format_before_is_continued(tmp_path) -> None:
    """It goes on at the server that continues it first, and belongs to that one from then on."""
    path = tmp_path / "j.db"
    world = old_journal(path)
    await known_jobs(path, world)
    options = qa.RunOptions(seed=1)
    async with Scheduler(at(SANDBOX, world), limits=QUICK, journal=path) as scheduler:
        results = await scheduler.sweep(PROGRAM, GRID, shots=2, name="old", options=options)
        assert [point.counts for point in results] == [{format(i, "08b"): 2} for i in range(4)]
    assert world.calls["submit"] == 0
    async with Scheduler(at(REAL, World()), limits=QUICK, journal=path) as scheduler:
        with pytest.raises(DuplicateSubmissionError, match="another server"):
            await scheduler.sweep(PROGRAM, GRID, shots=2, name="old", options=options)


async def test_every_format_leads_to_the_present_one(pg: str) -> None:
    """A PostgreSQL journal that was made before has the same columns afterwards as a new one."""
    assert set(STEPS) == set(range(1, FORMAT))
    async with SqlJournal(pg) as journal:
        new = await journal.ask(_columns)
        for table in ("submissions", "batches", "sweeps", "ledger"):
            drop = text(f"ALTER TABLE {table} DROP COLUMN identity")
            await journal.ask(lambda t, drop=drop: t.connection.execute(drop) and None)
        older = text("UPDATE meta SET value = '1' WHERE key = 'format'")
        await journal.ask(lambda t: t.connection.execute(older) and None)
    async with SqlJournal(pg) as journal:
        assert await journal.ask(_columns) == new


def _columns(transaction) -> set[tuple[str, str, str, str]]:
    assert Reader(transaction, "").runs()
    query = text(
        "SELECT table_name, column_name, is_nullable, data_type FROM information_schema.columns "
        "WHERE table_schema = 'public'"
    )
    return {tuple(row) for row in transaction.connection.execute(query)}
