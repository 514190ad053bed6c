"""References that travel: into a fresh process, and through a real Dask cluster."""

from __future__ import annotations

import subprocess
import sys
from functools import partial
from pathlib import Path

import anyio
import anyio.to_thread
import cloudpickle
import pytest

import quantum_async as qa
from tests.providers.pasqal.real import rabi

pytestmark = [pytest.mark.dask]
ROOT = Path(__file__).parents[2]
POINTS = {"omega": 1.0}


def wait_for(variables: dict[str, str], ref: qa.JobRef, journal: str | None) -> dict[str, int]:
    """What another process does with a reference: its own client, its own scheduler."""
    import anyio

    import quantum_async as qa
    from quantum_async.providers.base import provider

    async def wait() -> dict[str, int]:
        client = provider(ref.provider).from_env(variables)
        async with qa.Scheduler(client, journal=journal) as scheduler:
            return dict((await (await scheduler.adopt(ref))).counts)

    return anyio.run(wait)


def picklable() -> object:
    """The function above by value: no worker can import a test."""
    cloudpickle.register_pickle_by_value(sys.modules[__name__])
    try:
        return cloudpickle.loads(cloudpickle.dumps(wait_for))
    finally:
        cloudpickle.unregister_pickle_by_value(sys.modules[__name__])


def in_fresh_process(work: bytes) -> dict[str, int]:
    script = "import sys, cloudpickle; work = cloudpickle.load(sys.stdin.buffer); print(work())"
    done = subprocess.run(
        [sys.executable, "-c", script], input=work, capture_output=True, check=True, cwd=ROOT
    )
    return eval(done.stdout)


async def test_a_fresh_process_awaits_a_reference(sandbox, tmp_path) -> None:
    """Cloudpickle carries job and batch references; the job is awaited where they arrive."""
    path, variables = str(tmp_path / "j.db"), sandbox.env("pasqal")
    async with qa.Scheduler(sandbox.client("pasqal"), journal=path) as scheduler:
        async with scheduler.open_batch(rabi(), on="pasqal:EMU_FREE") as batch:
            job = await batch.submit(shots=10, variables=POINTS)
            twin = cloudpickle.loads(cloudpickle.dumps(batch.ref))
            assert (twin, twin.key) == (batch.ref, batch.ref.key)
        for journal in (path, None):
            work = cloudpickle.dumps(partial(picklable(), variables, job.ref, journal))
            counts = await anyio.to_thread.run_sync(in_fresh_process, work)
            assert counts == (await job).counts
    assert (await sandbox.stats())["pasqal"]["jobs_created"] == 1


def test_dask_workers_await_references(blocking_sandbox, tmp_path) -> None:
    """Jobs that one process submitted and detached are awaited by the workers of a cluster."""
    from distributed import Client, LocalCluster

    path, variables = str(tmp_path / "j.db"), blocking_sandbox.env("pasqal")

    async def submit() -> list[qa.JobRef]:
        client = blocking_sandbox.client("pasqal")
        async with qa.Scheduler(client, journal=path) as scheduler:
            jobs = [
                await scheduler.submit(rabi(), shots=10, variables=POINTS, on="pasqal:EMU_FREE")
                for _ in range(4)
            ]
            return [job.detach() for job in jobs]

    refs = anyio.run(submit)
    with (
        LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=":0"
        ) as cluster,
        Client(cluster) as dask,
    ):
        work = picklable()
        futures = [dask.submit(work, variables, ref, path, pure=False) for ref in refs]
        counts = dask.gather(futures)
    assert [sum(count.values()) for count in counts] == [10] * 4
    assert blocking_sandbox.stats()["pasqal"]["jobs_created"] == 4
