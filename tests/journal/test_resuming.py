"""Work that goes on in another process: resumed, adopted, continued by name."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import anyio
import cloudpickle
import pytest
from pulser.backend import BitStrings, EmulationConfig, Occupation
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter

import quantum_async as qa
from quantum_async.errors import (
    BudgetExceededError,
    ConfigurationError,
    DuplicateSubmissionError,
    JobFailedError,
    JournalError,
    NotSentError,
)
from quantum_async.journal.records import Claim
from quantum_async.journal.sql import SqlJournal
from quantum_async.models.submission import JobSpec, SubmitRequest
from quantum_async.scheduler.scheduler import Scheduler
from quantum_async.simulation.options import SimulationOptions
from tests.journal.helpers import (
    SERVED,
    MortalClient,
    MortalJournal,
    Power,
    expire,
    until_dead,
)
from tests.scheduler.fake import PROGRAM, FakeClient, World

QUICK = qa.Limits(min_poll_interval=0.005)
ROOT = Path(__file__).parents[2]
GRID = qa.grid(x=range(6))


def program_of(x: int) -> qa.Program:
    return qa.Program(f"OPENQASM 3; bit[1] c; // {x}", qa.ProgramFormat.QASM3)


async def die_with(path: str, world: World, jobs: int, **able: object) -> None:
    """Submit jobs that go on, then die."""
    power = Power("after poll")
    journal = MortalJournal(SqlJournal(path), power)
    client = MortalClient(power, world=world, run_time=lambda _: 60).can(**able)
    slow = qa.Limits(min_poll_interval=1.0)
    async with (
        until_dead(power),
        Scheduler(client, limits=slow, journal=journal, grace=0.05) as scheduler,
    ):
        for number in range(jobs):
            await scheduler.submit(PROGRAM, shots=2, variables={"x": number})


def finish(world: World) -> None:
    for job in world.jobs.values():
        job.run_time = 0


async def test_accepted_jobs_are_followed(tmp_path) -> None:
    """Another process gets the results of what a dead one had submitted; nothing is sent."""
    path, world = str(tmp_path / "j.db"), World()
    await die_with(path, world, 3)
    finish(world)
    async with Scheduler(FakeClient(world=world), limits=QUICK, journal=path) as scheduler:
        jobs = await scheduler.resume()
        results = [await job for job in jobs]
    assert [result.counts for result in results] == [{format(i, "08b"): 2} for i in range(3)]
    assert world.calls["submit"] == 3
    async with Scheduler(FakeClient(world=world), journal=path) as scheduler:
        assert await scheduler.resume() == []


async def test_detached_jobs_are_resumed(tmp_path) -> None:
    """A job that was detached belongs to whoever resumes next, while the first process lives."""
    path, world = str(tmp_path / "j.db"), World()
    journal = SqlJournal(path)
    async with Scheduler(
        FakeClient(world=world, run_time=lambda _: 60), limits=QUICK, journal=journal
    ) as first:
        job = await first.submit(PROGRAM, shots=1)
        other = await first.submit(PROGRAM, shots=1)
        job.detach()
        await journal.ask(lambda t: None)  # a report follows soon
        async with Scheduler(FakeClient(world=world), limits=QUICK, journal=path) as second:
            (resumed,) = await second.resume()
            assert resumed.id == job.id
            finish(world)
            await resumed
        await other


async def test_left_running_jobs_are_resumed(tmp_path) -> None:
    """Jobs that an error left running under detach are found again."""
    path, world = str(tmp_path / "j.db"), World()
    with pytest.raises(KeyError):
        async with Scheduler(
            FakeClient(world=world, run_time=lambda _: 60),
            limits=QUICK,
            journal=path,
            on_cancel="detach",
        ) as scheduler:
            await scheduler.submit(PROGRAM, shots=1)
            raise KeyError
    finish(world)
    async with Scheduler(FakeClient(world=world), limits=QUICK, journal=path) as scheduler:
        assert len(await scheduler.resume()) == 1


async def test_a_sweep_continues_by_name(tmp_path) -> None:
    """Points with an outcome keep it, and exactly the others are sent."""
    path, world = str(tmp_path / "j.db"), World()
    kinds = {"run_time": lambda n: 0.0 if n < 3 else 60}
    async with Scheduler(FakeClient(world=world, **kinds), limits=QUICK, journal=path) as first:
        sweep = first.sweep(PROGRAM, GRID, shots=2, name="s", on_error="collect")
        while sweep.done < 3:
            await anyio.sleep(0.01)
        await sweep.cancel()
    assert len(world.jobs) == 6
    async with Scheduler(FakeClient(world=world), limits=QUICK, journal=path) as second:
        again = second.sweep(PROGRAM, GRID, shots=2, name="s")
        results = await again
    assert len(world.jobs) == 9, "three were cancelled, and are run again"
    assert [p.result.counts for p in results] == [{format(i, "08b"): 2} for i in range(6)]
    async with Scheduler(FakeClient(world=world), limits=QUICK, journal=path) as third:
        assert await third.sweep(PROGRAM, GRID, shots=2, name="s") is not None
    assert len(world.jobs) == 9


async def test_a_failed_point_stays_failed(tmp_path) -> None:
    """A failure is a record: continuing a sweep raises it again and runs nothing."""
    path, world = str(tmp_path / "j.db"), World()
    for _ in range(2):
        client = FakeClient(world=world, fails=lambda n: n == 2)
        async with Scheduler(client, limits=QUICK, journal=path) as scheduler:
            results = await scheduler.sweep(PROGRAM, GRID, shots=2, name="s", on_error="collect")
        assert [point.index for point in results.errors] == [2]
        assert isinstance(results[2].error, JobFailedError)
        assert "out of luck" in str(results[2].error)
    assert len(world.jobs) == 6


async def test_another_sweep_under_the_same_name_is_refused(tmp_path) -> None:
    """A name stands for one program, points, shots, target and options; functions too."""
    path, world = str(tmp_path / "j.db"), World()
    async with Scheduler(FakeClient(world=world), limits=QUICK, journal=path) as scheduler:
        await scheduler.sweep(program_of, GRID, shots=2, name="s")
        await scheduler.sweep(program_of, GRID, shots=2, name="s")
        for program, points, shots in (
            (PROGRAM, GRID, 2),
            (program_of, qa.grid(x=range(5)), 2),
            (program_of, GRID, 3),
        ):
            with pytest.raises(DuplicateSubmissionError):
                await scheduler.sweep(program, points, shots=shots, name="s")
    assert len(world.jobs) == 6


async def test_a_sweep_that_is_built_anew_is_continued(tmp_path) -> None:
    """Random ids in circuits and observables do not make another sweep of the same script."""
    path, world = str(tmp_path / "j.db"), World()

    def circuit() -> QuantumCircuit:
        part = QuantumCircuit(1)
        part.rx(Parameter("x"), 0)
        made = QuantumCircuit(1, 1)
        made.append(part.to_gate(), [0])
        made.measure(0, 0)
        return made

    def options(runs: int) -> SimulationOptions:
        config = EmulationConfig(observables=(BitStrings(num_shots=runs), Occupation()))
        return SimulationOptions(seed=1, emulation=config.to_abstract_repr())

    for _ in range(2):
        async with Scheduler(FakeClient(world=world), limits=QUICK, journal=path) as scheduler:
            await scheduler.sweep(circuit(), GRID, shots=2, name="s", options=options(5))
    assert len(world.jobs) == 6
    async with Scheduler(FakeClient(world=world), limits=QUICK, journal=path) as scheduler:
        with pytest.raises(DuplicateSubmissionError, match=r"other options \(emulation\)"):
            await scheduler.sweep(circuit(), GRID, shots=2, name="s", options=options(6))


class Gathering(FakeClient):
    """A client whose submissions wait until ten jobs were checked, and so are queued."""

    checked = 0

    async def validate(self, job: JobSpec, device: str) -> None:
        """Count."""
        await super().validate(job, device)
        self.checked += 1

    async def submit(self, request: SubmitRequest) -> list[qa.JobRef]:
        """Wait."""
        while self.checked < 10:
            await anyio.sleep(0.001)
        return await super().submit(request)


async def test_jobs_whose_options_mean_the_same_share_a_submission() -> None:
    """A configuration that is made anew for each job does not part them."""
    client = Gathering(run_time=lambda _: 0).can(jobs_per_submission=10)
    limits = qa.Limits(min_poll_interval=0.005, requests_in_flight=1)
    async with Scheduler(client, limits=limits) as scheduler, anyio.create_task_group() as tasks:
        for _ in range(10):
            written = EmulationConfig(observables=(Occupation(),)).to_abstract_repr()
            work = partial(
                scheduler.submit, PROGRAM, shots=2, options=SimulationOptions(emulation=written)
            )
            tasks.start_soon(work)
    assert sum(client.world.sizes) == 10
    assert len(client.world.sizes) <= 2


async def test_one_name_runs_once_at_a_time(tmp_path) -> None:
    """The same sweep cannot be under way twice, in one scheduler or in two."""
    path, world = str(tmp_path / "j.db"), World()
    client = FakeClient(world=world, run_time=lambda _: 60)
    async with Scheduler(client, limits=QUICK, journal=path) as scheduler:
        sweep = scheduler.sweep(PROGRAM, GRID, shots=2, name="s")
        while len(world.jobs) < 6:
            await anyio.sleep(0.01)
        with pytest.raises(DuplicateSubmissionError, match="under way"):
            await scheduler.sweep(PROGRAM, GRID, shots=2, name="s")
        async with Scheduler(FakeClient(world=world), journal=path) as other:
            with pytest.raises(JournalError, match="in the hands of"):
                await other.sweep(PROGRAM, GRID, shots=2, name="s")
        finish(world)
        await sweep
    assert len(world.jobs) == 6


async def test_resuming_then_continuing_by_name_sends_nothing_twice(tmp_path) -> None:
    """A sweep under a name picks up the jobs that this scheduler has resumed already."""
    path, world, power = str(tmp_path / "j.db"), World(), Power("after accepted", 3)
    journal = MortalJournal(SqlJournal(path), power)
    limits = qa.Limits(min_poll_interval=1, jobs_in_flight=4)
    async with until_dead(power):
        client = MortalClient(power, world=world, run_time=lambda _: 60)
        async with Scheduler(client, limits=limits, journal=journal, grace=0.05) as scheduler:
            await scheduler.sweep(PROGRAM, GRID, shots=2, name="s")
    async with Scheduler(FakeClient(world=world), limits=QUICK, journal=path) as scheduler:
        resumed = await scheduler.resume()
        sweep = scheduler.sweep(PROGRAM, GRID, shots=2, name="s")
        await sweep.refs()
        finish(world)
        await sweep
        assert {job.is_settled for job in resumed} == {True}
    assert len(world.jobs) == 6


class Hasty(SqlJournal):
    """Renews its leases all the time, and so soon learns that they are lost."""

    pulse = 0.05


async def test_a_frozen_process_stops_when_it_wakes(tmp_path) -> None:
    """After another process took over, the first one gives its jobs up and cancels nothing."""
    path, world = str(tmp_path / "j.db"), World()
    old = Hasty(path)
    client = FakeClient(world=world, run_time=lambda _: 60)
    async with Scheduler(client, limits=QUICK, journal=old) as first:
        job = await first.submit(PROGRAM, shots=1)
        async with SqlJournal(path) as thief:
            claim = Claim()
            while not claim.jobs:
                # The thief sees the lease run out, as it would after the process was stopped; the
                # process lives, and may renew it in between.
                await expire(old)
                claim = await thief.claim(None, SERVED)
            assert [stored.ref.id for stored in claim.jobs] == [job.id]
            with pytest.raises(JournalError, match="taken over"):
                await job
            with pytest.raises(JournalError, match="taken over"):
                await first.submit(PROGRAM, shots=1)
    assert world.calls["cancel"] == 0
    assert len(world.jobs) == 1


async def test_nothing_is_sent_under_a_lease_that_ran_out(tmp_path) -> None:
    """A process that could not renew its lease sends nothing, even before anybody took over."""
    path, world = str(tmp_path / "j.db"), World()
    journal = SqlJournal(path, lease=30)
    async with Scheduler(FakeClient(world=world), limits=QUICK, journal=journal) as scheduler:
        journal._leases._until = float("-inf")
        with pytest.raises(JournalError, match="has not renewed its lease"):
            await scheduler.submit(PROGRAM, shots=1)
    assert not world.jobs


async def test_a_reference_is_awaited_elsewhere(tmp_path) -> None:
    """A reference that was pickled leads to the job, with a journal and without."""
    path, world = str(tmp_path / "j.db"), World()
    for journal in (None, path):
        client = FakeClient(world=world, run_time=lambda _: 0.2)
        async with Scheduler(client, limits=QUICK, journal=journal) as first:
            job = await first.submit(PROGRAM, shots=2, variables={"x": 1})
            ref = cloudpickle.loads(cloudpickle.dumps(job.ref))
            assert ref.journal == journal
            async with Scheduler(FakeClient(world=world), limits=QUICK, journal=journal) as second:
                assert (await (await second.adopt(ref))).counts == {"00000001": 2}
        async with Scheduler(FakeClient(world=world), limits=QUICK, journal=journal) as third:
            fetches = world.calls["fetch"]
            assert (await (await third.adopt(ref))).counts == {"00000001": 2}
            assert (world.calls["fetch"] == fetches) == (journal is not None)
            with pytest.raises(ConfigurationError, match="no client"):
                await third.adopt(qa.JobRef("other", "1"))


async def test_watching_a_job_of_a_living_process_does_not_cancel_it(tmp_path) -> None:
    """A guest that leaves by an error leaves the job to its owner; an owner cancels it."""
    path, world = str(tmp_path / "j.db"), World()
    client = FakeClient(world=world, run_time=lambda _: 60)
    async with Scheduler(client, limits=QUICK, journal=path) as first:
        job = await first.submit(PROGRAM, shots=2)
        with pytest.raises(KeyError):
            async with Scheduler(FakeClient(world=world), limits=QUICK, journal=path) as second:
                await second.adopt(job.ref)
                raise KeyError
        assert client.running() == 1
        ref = job.detach()
    with pytest.raises(KeyError):
        async with Scheduler(FakeClient(world=world), limits=QUICK, journal=path) as third:
            await third.adopt(ref)
            raise KeyError
    assert client.running() == 0


async def test_the_budget_holds_across_processes(tmp_path) -> None:
    """What one process has spent is gone for the next one, and nothing beyond it is sent."""
    path, world, budget = str(tmp_path / "j.db"), World(), qa.Budget(shots=25)
    for fits in (2, 0):
        client = FakeClient(world=world)
        async with Scheduler(client, limits=QUICK, journal=path, budget=budget) as scheduler:
            for _ in range(fits):
                await scheduler.submit(PROGRAM, shots=10)
            with pytest.raises(BudgetExceededError):
                await scheduler.submit(PROGRAM, shots=10)
    assert len(world.jobs) == 2


async def test_a_split_submission_is_paid_once(tmp_path) -> None:
    """Jobs of a refused submission that are sent again in parts count once."""
    from quantum_async.errors import RejectedRequestError

    path, world = str(tmp_path / "j.db"), World()
    faults = {"submit": [RejectedRequestError("too much", status=413)]}
    client = FakeClient(world=world, faults=faults).can(jobs_per_submission=8)
    async with Scheduler(client, limits=QUICK, journal=path, budget=qa.Budget(jobs=6)) as scheduler:
        await scheduler.sweep(PROGRAM, GRID, shots=1)
    assert len(world.jobs) == 6
    connection = sqlite3.connect(path)
    states = connection.execute("SELECT state, count(*) FROM submissions GROUP BY state")
    assert dict(states.fetchall()) == {"accepted": 2, "rejected": 1}
    assert connection.execute("SELECT jobs FROM ledger").fetchone() == (6,)
    connection.close()


async def test_no_secret_is_written(tmp_path) -> None:
    """Tokens, passwords and signatures in errors, answers and URLs are nowhere in the files."""
    from quantum_async.errors import RejectedRequestError

    secret = "tok3n-of-great-value"
    path, world = tmp_path / "j.db", World()

    class Chatty(FakeClient):
        token = secret

        async def fetch(self, job):
            from dataclasses import replace

            raw = f'{{"download": "https://b.example/r?sig={secret}", "token": "{secret}"}}'
            return replace(await super().fetch(job), raw=raw)

    refusal = RejectedRequestError(
        f"Authorization: Bearer {secret}", status=401, body=f'{{"access_token": "{secret}"}}'
    )
    client = Chatty(world=world, faults={"submit": [None, refusal, NotSentError(secret)]})
    async with Scheduler(client, limits=QUICK, journal=path) as scheduler:
        await (await scheduler.submit(PROGRAM, shots=1))
        with pytest.raises(RejectedRequestError):
            await scheduler.submit(PROGRAM, shots=1)
        await (await scheduler.submit(PROGRAM, shots=1))
    connection = sqlite3.connect(path)
    bodies = [row[0] for row in connection.execute("SELECT body FROM results")]
    connection.close()
    files = [file.read_bytes() for file in tmp_path.iterdir()]
    assert len(bodies) == 2
    assert not [data for data in (*files, *bodies) if secret.encode() in data]


WORKER = """
import sys
sys.path.insert(0, {root!r})
import anyio, quantum_async as qa

PROGRAM = qa.Program('OPENQASM 3; include "stdgates.inc"; input float theta; qubit[1] q; bit[1] c;'
                     'rx(theta) q[0]; c = measure q;', qa.ProgramFormat.QASM3)

async def main():
    async with qa.Scheduler(qa.LocalClient(seed=1, workers=1), journal={path!r}) as scheduler:
        sweep = scheduler.sweep(PROGRAM, qa.grid(theta=[0.01 * i for i in range({points})]), shots=20,
                                name="s", options=qa.RunOptions(seed=5))
        async for point in sweep:
            print(point.index, point.counts, flush=True)

anyio.run(main)
"""


@pytest.mark.crash
def test_a_killed_local_sweep_continues(tmp_path) -> None:
    """After kill -9 a sweep goes on with the points that are missing, and no other."""
    path = str(tmp_path / "j.db")
    script = tmp_path / "worker.py"
    script.write_text(WORKER.format(root=str(ROOT), path=path, points=1000))
    first = subprocess.Popen(
        [sys.executable, str(script)], stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    assert first.stdout.readline()
    connection = sqlite3.connect(path)
    while not connection.execute("SELECT count(*) FROM results").fetchone()[0]:
        time.sleep(0.005)
    os.killpg(first.pid, signal.SIGKILL)
    first.communicate()
    before = dict(connection.execute("SELECT job, body FROM results").fetchall())
    connection.close()
    second = subprocess.run(
        [sys.executable, str(script)], capture_output=True, text=True, check=True
    )
    assert sorted(int(line.split()[0]) for line in second.stdout.splitlines()) == list(range(1000))
    connection = sqlite3.connect(path)
    after = dict(connection.execute("SELECT job, body FROM results").fetchall())
    points = connection.execute("SELECT point, count(*) FROM jobs GROUP BY point").fetchall()
    connection.close()
    assert 0 < len(before) < 1000
    assert {key: after[key] for key in before} == before
    assert points == [(point, 1) for point in range(1000)]
