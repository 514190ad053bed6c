"""How many requests the work takes at Pasqal Cloud."""

from __future__ import annotations

import gc
import tracemalloc
from uuid import uuid4

import anyio
import pytest

import quantum_async as qa
from quantum_async.http.options import SessionOptions
from quantum_async.models.job import JobRef
from quantum_async.models.submission import JobSpec, SubmitRequest
from tests.providers.pasqal.real import rabi
from tests.providers.pasqal.sequences import program
from tests.providers.pasqal.service import canned, data

JOBS = 1000


async def requests(sandbox):
    return (await sandbox.stats())["pasqal"]["requests"]


def polls(seen):
    return seen["GET /core-fast/api/v2/jobs"]


@pytest.mark.parametrize(("bulk", "most"), [(True, 0.2), (False, 2.15)])
async def test_a_sweep_of_a_thousand_jobs(sandbox, cloud, bulk, most):
    """Results included, 2.15 requests per job at most, and 0.2 with the one-call route."""
    await sandbox.change(options={"pasqal": {"full_results": bulk}}, job_time=1.0, latency=0.005)
    async with qa.Scheduler(cloud(options=SessionOptions())) as scheduler:
        points = qa.grid(omega=[n / JOBS for n in range(JOBS)])
        results = await scheduler.sweep(rabi(), points, shots=10, on="pasqal:EMU_FREE")
        assert len(results) == JOBS
    seen = await requests(sandbox)
    assert sum(seen.values()) / JOBS <= most, seen
    assert polls(seen) / JOBS <= 0.12, seen
    assert seen["POST /core-fast/api/v1/batches"] == JOBS / 100
    assert seen["POST /auth/oauth/token"] == 1
    links = seen.get("GET /core-fast/api/v1/jobs/{id}/results_link", 0)
    assert links == (0 if bulk else JOBS), "no result is asked for twice"
    assert "GET /core-fast/api/v2/batches/{id}" not in seen, "the sequence is known here"
    probes = seen.get("GET /core-fast/api/v1/batches/{id}/full_results", 0)
    assert bulk or probes <= 16, "the missing route is remembered"


async def test_a_batch_for_each_job(sandbox, cloud):
    """One job per batch takes 3.15 requests per job at most: the polls are shared all the same."""
    few = 300
    await sandbox.change(options={"pasqal": {"full_results": False}}, latency=0.005)
    limits = qa.Limits(jobs_per_submission=1)
    async with qa.Scheduler(cloud(options=SessionOptions()), limits=limits) as scheduler:
        points = qa.grid(omega=[n / few for n in range(few)])
        await scheduler.sweep(rabi(), points, shots=10, on="pasqal:EMU_FREE")
    seen = await requests(sandbox)
    assert seen["POST /core-fast/api/v1/batches"] == few
    probes = seen.get("GET /core-fast/api/v1/batches/{id}/full_results", 0)
    assert (sum(seen.values()) - probes) / few <= 3.15, seen
    assert probes <= 32, "the missing route is remembered"


async def test_many_jobs_in_flight_take_little_memory(sandbox, cloud):
    """A job in flight takes less than 8 KiB, and needs no task of its own."""
    await sandbox.change(job_time=600.0)
    jobs = JOBS // 2
    async with cloud(options=SessionOptions()) as provider:
        await provider.token()
        with pytest.raises(_EnoughError):
            async with qa.Scheduler(provider, on_cancel="detach") as scheduler:
                points = qa.grid(omega=[n / jobs for n in range(jobs)])
                await provider.validate(JobSpec("key", rabi(), 10, {"omega": 1.0}), "EMU_FREE")
                gc.collect()
                tracemalloc.start()
                try:
                    scheduler.sweep(rabi(), points, shots=10, on="pasqal:EMU_FREE")
                    while len(scheduler.unfinished) < jobs:
                        await anyio.sleep(0.02)
                    gc.collect()
                    held, _ = tracemalloc.get_traced_memory()
                finally:
                    tracemalloc.stop()
                assert held / jobs <= 8 * 1024
                assert len(anyio.get_running_tasks()) < 200
                raise _EnoughError


class _EnoughError(Exception):
    """Leaves the scheduler's block without waiting for its jobs."""


async def test_one_job_takes_five_requests(sandbox, cloud):
    """Log in, submit, ask, and fetch: nothing else is sent for a job that is done at once."""
    await sandbox.change(job_time=0.0)
    async with qa.Scheduler(cloud()) as scheduler:
        await (
            await scheduler.submit(rabi(), shots=5, variables={"omega": 1.0}, on="pasqal:EMU_FREE")
        )
    seen = await requests(sandbox)
    assert seen["POST /core-fast/api/v1/batches"] == 1
    assert sum(seen.values()) <= 5, seen


async def test_programs_without_variables_share_batches(sandbox, cloud):
    """A function's programs travel a hundred to the batch, each job with its own sequence."""
    async with qa.Scheduler(cloud()) as scheduler:
        await sandbox.change(job_time=0.1)
        programs = [program(variables=(), atoms=1 + n % 3) for n in range(30)]

        (client,) = scheduler.clients
        specs = [JobSpec(f"key{n}", p, 10 + n) for n, p in enumerate(programs)]
        assert len({client.grouping(spec) for spec in specs}) == 1
        refs = await client.submit(SubmitRequest("key", "EMU_FREE", tuple(specs)))
        assert [ref.key for ref in refs] == [spec.key for spec in specs]
        for number, ref in enumerate(refs[:6]):
            await client.jobs.wait(ref.id, timeout=None)
            result = await client.fetch(ref)
            assert len(result.atoms) == 1 + number % 3
            assert result.shots == 10 + number


async def test_a_resumed_batch_reads_its_sequence_once(sandbox, cloud):
    """Another process knows only references: the sequence is read once for all jobs."""
    specs = tuple(JobSpec(f"key{n}", rabi(), 10, {"omega": 1.0}) for n in range(5))
    async with cloud() as first:
        refs = await first.submit(SubmitRequest("key", "EMU_FREE", specs))
        await first.batches.wait(refs[0].batch_id, timeout=None)
    async with cloud() as second:
        results = [await second.fetch(ref) for ref in refs]
    assert {result.atoms for result in results} == {("q0", "q1")}
    seen = await requests(sandbox)
    assert seen["GET /core-fast/api/v2/batches/{id}"] == 1
    assert "GET /core-fast/api/v2/jobs/{id}" not in seen


async def test_results_that_came_early_are_kept(service, pasqal):
    """What the one-call route gives of other jobs is not asked for again, batch by batch."""
    jobs = {batch: [str(uuid4()), str(uuid4())] for batch in ("one", "two")}
    for batch, (first, second) in jobs.items():
        found = {first: canned.RESULTS, second: {"counter": {"01": len(batch)}}}
        service.always("GET", f"{batch}/full_results", data(found))

    def ref(batch, place):
        return JobRef("pasqal", jobs[batch][place], "FRESNEL", batch_id=batch)

    for place, counts in ((0, canned.RESULTS["counter"]), (1, {"01": 3})):
        for batch in jobs:
            found = await pasqal.fetch_many([ref(batch, place)])
            assert found[ref(batch, place)].counts == counts
    assert len(service.asked("GET", "/full_results")) == 2


async def test_results_that_are_in_use_are_not_kept(service, pasqal):
    """Each answer of the one-call route repeats what it gave before: that takes no memory."""
    refs = [JobRef("pasqal", str(uuid4()), "FRESNEL", batch_id="one") for _ in range(2)]
    service.always("GET", "/full_results", data({ref.id: canned.RESULTS for ref in refs[:1]}))
    assert set(await pasqal.fetch_many(refs)) == {refs[0]}
    service.always("GET", "/full_results", data({ref.id: canned.RESULTS for ref in refs}))
    assert set(await pasqal.fetch_many(refs[1:])) == {refs[1]}
    assert set(await pasqal.fetch_many(refs[:1])) == {refs[0]}
    assert len(service.asked("GET", "/full_results")) == 3
