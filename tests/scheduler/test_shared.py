"""Providers whose job holds several programs: one id, one place in the queue, one poll."""

from __future__ import annotations

import pytest

import quantum_async as qa
from quantum_async.errors import JobCancelledError
from quantum_async.scheduler.scheduler import Scheduler
from tests.scheduler.fake import PROGRAM, FakeClient

QUICK = qa.Limits(min_poll_interval=0.005)


def shared(**options: object) -> FakeClient:
    """Make a provider whose submissions are one job."""
    return FakeClient(**options).can(  # type: ignore[arg-type]
        shared_job=True, jobs_per_submission=10, jobs_per_poll=1, bulk_results=True
    )


async def test_a_sweep_becomes_few_jobs_and_keeps_its_order() -> None:
    """A hundred points become ten jobs, and each result is matched to its parameters."""
    client = shared()
    async with Scheduler(client, limits=QUICK) as scheduler:
        results = await scheduler.sweep(PROGRAM, qa.grid(x=range(100)), shots=2)
    assert client.world.sizes == [10] * 10
    assert all(int(next(iter(p.counts)), 2) == p.parameters["x"] for p in results)
    assert client.world.calls["fetch"] == 0
    assert client.world.calls["fetch_many"] == 10


async def test_programs_of_one_job_take_one_place() -> None:
    """A queue with two places takes two jobs of ten programs each, not two programs."""
    client = shared(run_time=lambda _: 0.15)
    limits = qa.Limits(min_poll_interval=0.005, jobs_in_flight=2)
    async with Scheduler(client, limits=limits) as scheduler:
        await scheduler.sweep(PROGRAM, qa.grid(x=range(40)), shots=1)
    assert client.world.sizes == [10] * 4
    assert client.world.peak == 20


async def test_cancelling_one_program_spares_those_it_shares_a_job_with() -> None:
    """A program given up alone ends here; the provider's job goes on for the others."""
    client = shared(run_time=lambda _: 0.1)
    async with Scheduler(client, limits=QUICK) as scheduler:
        sweep = scheduler.sweep(PROGRAM, qa.grid(x=[1, 2]), shots=1, on_error="collect")
        job = await scheduler.submit(PROGRAM, shots=1)
        await job.cancel()
        with pytest.raises(JobCancelledError):
            await job
        assert not (await sweep).errors
    assert client.world.calls["cancel"] <= 1


async def test_cancelling_all_of_a_shared_job_cancels_it_at_the_provider() -> None:
    """When nobody wants any of its programs, the provider's job is cancelled."""
    client = shared(run_time=lambda _: 60)
    with pytest.raises(KeyError):
        async with Scheduler(client, limits=QUICK) as scheduler:
            sweep = scheduler.sweep(PROGRAM, qa.grid(x=range(5)), shots=1)
            while not client.world.jobs:
                await scheduler.submit(PROGRAM, shots=1)
            assert len(sweep) == 5
            raise KeyError
    assert client.running() == 0


async def test_programs_of_one_job_that_is_adopted_take_one_place() -> None:
    """Whoever follows them by their references has room for others, and asks about them at once."""
    client = shared(run_time=lambda _: 60)
    async with Scheduler(client, limits=QUICK) as scheduler:
        sweep = scheduler.sweep(PROGRAM, qa.grid(x=range(5)), shots=1)
        refs = [ref for ref in await sweep.refs() if ref is not None]
        limits = qa.Limits(min_poll_interval=0.005, jobs_in_flight=2)
        async with Scheduler(client, limits=limits) as other:
            jobs = await other.adopted(refs)
            await other.submit(PROGRAM, shots=1)
            assert client.running() == 6
            results = [await job for job in jobs]
    assert [int(next(iter(result.counts)), 2) for result in results] == list(range(5))
