"""Journal, budget and limits behind Pulser's own backends."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pulser
import pytest

import quantum_async.blocking as qa
from quantum_async.errors import BudgetExceededError, DuplicateSubmissionError
from quantum_async.integrations.pulser import PulserConnection
from quantum_async.integrations.pulser.link import Link
from quantum_async.integrations.pulser.orders import Order
from quantum_async.models.submission import JobParams, RunOptions
from tests.integrations.pulser.sequences import driven, job
from tests.scheduler.fake import PROGRAM, FakeClient

ROOT = Path(__file__).parents[3]


def run(connection, *jobs, wait=True):
    return pulser.QPUBackend(driven(), connection).run(list(jobs) or [job()], wait=wait)


def sums(results):
    return [sum(each.final_bitstrings.values()) for each in results]


def test_a_script_that_is_run_again_submits_nothing_twice(connect, stats, tmp_path):
    """Each run of the second process is that of the same number of the first, result and all."""
    found = []
    for _ in range(2):
        with connect(journal=tmp_path / "jobs.db", name="scan") as connection:
            first = run(connection, job(runs=3), job(runs=4))
            second = run(connection, job(runs=5))
            found.append((first.job_ids, second.job_ids, sums(first), sums(second)))
    assert found[0] == found[1]
    assert found[0][2:] == ([3, 4], [5])
    assert stats()["jobs_created"] == 3


def test_another_script_under_the_same_name_is_refused(connect, stats, tmp_path):
    """What differs from before at the same place is told, and not sent."""
    with connect(journal=tmp_path / "jobs.db", name="scan") as connection:
        run(connection, job(runs=3))
    with (
        connect(journal=tmp_path / "jobs.db", name="scan") as connection,
        pytest.raises(DuplicateSubmissionError),
    ):
        run(connection, job(runs=4))
    assert stats()["jobs_created"] == 1


def test_runs_in_an_open_batch_are_continued_too(connect, stats, tmp_path):
    """They have their own names, whichever batch they went to."""
    found = []
    for _ in range(2):
        with connect(journal=tmp_path / "jobs.db", name="loop") as connection:
            backend = pulser.QPUBackend(driven(), connection)
            with backend.open_batch():
                found.append([sums(backend.run([job(runs=n)], wait=True)) for n in (2, 3)])
    assert found == [[[2], [3]]] * 2
    assert stats()["jobs_created"] == 2
    assert stats()["batches_open"] == 0


def test_a_script_that_is_killed_is_run_again(blocking_sandbox, stats, tmp_path):
    """What it had sent is followed, and nothing is sent twice."""
    # Long enough that the first process has no result yet; the second one waits for it.
    blocking_sandbox.change(job_time=2.0)
    command = [sys.executable, "-m", "tests.integrations.pulser.script", "named"]
    env = {
        **os.environ,
        "SANDBOX": json.dumps(blocking_sandbox.env("pasqal")),
        "JOURNAL": str(tmp_path / "jobs.db"),
    }
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=env, cwd=ROOT) as killed:
        assert killed.stdout is not None
        assert killed.stdout.readline() == "sent\n"
        killed.send_signal(signal.SIGKILL)
    again = subprocess.run(
        command, stdout=subprocess.PIPE, text=True, env=env, cwd=ROOT, check=True
    )
    assert again.stdout.split() == ["sent", "[5,", "7]"]
    assert stats()["jobs_created"] == 2


def test_the_budget_of_a_connection(connect, stats):
    """What would exceed it is not sent."""
    with connect(budget=qa.Budget(jobs=3)) as connection:
        run(connection, job(), job())
        with pytest.raises(BudgetExceededError):
            run(connection, job(), job())
        run(connection, job())
    assert stats()["jobs_created"] == 3


def test_a_run_beyond_the_limits_is_one_batch(connect, asked):
    """Its jobs are added as places become free, and are found by the one id all the same."""
    with connect(limits=qa.Limits(jobs_in_flight=2)) as connection:
        results = run(connection, *(job(runs=n) for n in (1, 2, 3, 4)))
        seen = asked()
        assert sums(results) == [1, 2, 3, 4]
        assert connection.get_results(results.batch_id).job_ids == results.job_ids
    assert seen["POST /core-fast/api/v1/batches"] == 1
    assert seen["POST /core-fast/api/v2/batches/{id}/jobs"] >= 2


def test_a_batch_of_another_connection_is_not_closed(connect, stats):
    """Who adds to a batch by its id leaves it as it was."""
    owner = connect()
    batch_id = owner.submit(driven(), open=True).batch_id
    with connect() as guest:
        added = guest.submit(driven(), batch_id=batch_id, job_params=[job(runs=4)], wait=True)
        assert sums(added) == [4]
    assert stats()["batches_open"] == 1
    owner.close()
    assert stats()["batches_open"] == 0


def test_a_scheduler_in_place_of_a_client(blocking_sandbox, stats):
    """Its block owns the jobs: an error in it cancels them."""
    blocking_sandbox.change(job_time=60.0)
    client = qa.PasqalClient.from_env(blocking_sandbox.env("pasqal"))
    with pytest.raises(ZeroDivisionError), qa.Scheduler(client) as scheduler:
        connection = PulserConnection(scheduler, target="pasqal:FRESNEL")
        run(connection, job(), job(), wait=False)
        connection.close()
        raise ZeroDivisionError
    assert stats()["jobs_by_status"] == {"cancelled": 2}


def test_what_a_connection_has_told_is_in_its_journal(connect, tmp_path):
    """By the provider's id, as soon as the call returns."""
    with connect(journal=tmp_path / "jobs.db") as connection:
        results = run(connection, wait=False)
        done = subprocess.run(
            [sys.executable, "-m", "quantum_async.cli", "jobs", "list", "--all", "--json"],
            env={**os.environ, "QUANTUM_ASYNC_JOURNAL": str(tmp_path / "jobs.db")},
            stdout=subprocess.PIPE,
            check=True,
        )
        known = [each["job_id"] for each in json.loads(done.stdout)["jobs"]]
    assert known == results.job_ids


async def test_a_batch_of_many_jobs_forgets_none():
    """However many they are: each has its result, and nothing is asked about again."""
    client = FakeClient().can(jobs_per_submission=10_000, jobs_per_poll=1_000)
    client.grouping = lambda job: job.program.digest
    jobs = tuple(JobParams(1, {"x": number % 200}) for number in range(10_500))
    async with Link(client) as link:
        batch_id, job_ids = await link.submit(Order(PROGRAM, "one", RunOptions(), jobs))
        outcomes = await link.wait(batch_id, job_ids)
        assert all(outcome.result is not None for outcome in outcomes)
        before = client.world.calls.copy()
        assert await link.job_ids(batch_id) == job_ids
        again = await link.outcomes(batch_id, job_ids)
    assert [outcome.result for outcome in again] == [outcome.result for outcome in outcomes]
    assert client.world.calls["poll"] == before["poll"]
    assert client.world.calls["fetch"] == before["fetch"]
