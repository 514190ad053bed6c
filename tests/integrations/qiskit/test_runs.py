"""Circuits that run as one piece of work: what a failure of one means for the others."""

from __future__ import annotations

import anyio
import pytest

import quantum_async as qa
from quantum_async.errors import (
    LostAnswerError,
    ResultError,
    SchedulerClosedError,
    ServerError,
    SubmissionUnknownError,
)
from quantum_async.integrations.qiskit import AsyncProvider
from quantum_async.models.capabilities import Capabilities, SubmissionGrade
from quantum_async.scheduler.scheduler import Scheduler
from tests.integrations.qiskit.circuits import asymmetric, backend_of
from tests.scheduler.fake import FakeClient, after

QUICK = qa.Limits(min_poll_interval=0.005)
ALONE = Capabilities(grade=SubmissionGrade.EXACT, jobs_per_poll=100)
TOGETHER = Capabilities(
    grade=SubmissionGrade.AT_MOST_ONCE,
    jobs_per_submission=10,
    jobs_per_poll=1,
    shared_job=True,
    bulk_results=True,
)


class Damaged(FakeClient):
    """Gives no results of many, and one that cannot be read."""

    async def fetch_many(self, jobs):
        raise ServerError("too many at once")

    async def fetch(self, job):
        if job.index == 1:
            raise ResultError("damaged")
        return await super().fetch(job)


async def test_results_that_cannot_be_had_together_are_had_one_by_one():
    """A failure of the shortcut is nobody's outcome; one of a circuit is that circuit's."""
    client = Damaged(capabilities=TOGETHER)
    async with Scheduler(client, limits=QUICK) as scheduler:
        submitted = await backend_of(AsyncProvider(scheduler)).run([asymmetric()] * 3, shots=2)
        (name,) = {ref.id for ref in await submitted.refs()}
        async with Scheduler(client, limits=QUICK) as other, AsyncProvider(other) as provider:
            run, _ = await provider.found(f"{name}*3")
            found = {place: outcome async for place, outcome in run.finished()}
        with pytest.raises(ResultError):
            await submitted
    assert [found[0].shots, found[2].shots] == [2, 2]
    assert isinstance(found[1], ResultError)


class Stubborn(FakeClient):
    """Cancels all jobs but one."""

    async def cancel(self, jobs):
        kept = [job for job in jobs if job.id == "job-1"]
        await super().cancel([job for job in jobs if job not in kept])
        return {job: ServerError("no") for job in kept}


async def test_a_job_that_cannot_be_cancelled_holds_up_no_other():
    """The others are cancelled, and the error comes by itself."""
    client = Stubborn(capabilities=ALONE, run_time=lambda _: 60)
    async with Scheduler(client, limits=QUICK) as scheduler:
        job = await backend_of(AsyncProvider(scheduler)).run([asymmetric()] * 3)
        with pytest.raises(ServerError, match="no"):
            await job.cancel()
        assert client.running() == 1
        client.world.jobs["job-1"].run_time = 0.0


async def test_what_was_accepted_is_cancelled_though_the_caller_leaves():
    """Nobody has its id, so nobody else could cancel it."""
    client = FakeClient(capabilities=ALONE, run_time=lambda _: 1_000, latency=0.1)
    async with Scheduler(client, limits=QUICK) as scheduler:
        with anyio.move_on_after(0.15):
            await backend_of(AsyncProvider(scheduler)).run([asymmetric()] * 3)
    assert client.running() == 0


async def test_what_was_accepted_is_cancelled_where_another_is_refused():
    """The refusal is the error, and none of the circuits goes on."""
    faults = {"submit": [None, ServerError("no", accepted="no")]}
    client = FakeClient(capabilities=ALONE, run_time=lambda _: 1_000, faults=faults)
    limits = qa.Limits(min_poll_interval=0.005, patience=0.001)
    async with Scheduler(client, limits=limits) as scheduler:
        with pytest.raises(ServerError, match="no"):
            await backend_of(AsyncProvider(scheduler)).run([asymmetric()] * 3)
    assert client.running() == 0


async def test_a_lost_answer_is_told_once():
    """It concerns all circuits that went together: who has caught it leaves the block in peace."""
    faults = {"submit": [after(LostAnswerError("gone"))]}
    client = FakeClient(capabilities=TOGETHER, faults=faults)
    async with Scheduler(client, limits=QUICK) as scheduler:
        with pytest.raises(SubmissionUnknownError):
            await backend_of(AsyncProvider(scheduler)).run([asymmetric()] * 3)
    assert client.world.sizes == [3]


async def test_a_job_that_is_found_where_it_was_submitted_keeps_its_owner():
    """Looking for it a second time does not take it from the block that submitted it."""
    client = FakeClient(capabilities=ALONE, run_time=lambda _: 60)
    with pytest.raises(KeyError):
        async with AsyncProvider(client, limits=QUICK) as provider:
            job = await backend_of(provider).run(asymmetric())
            await provider.found(job.job_id())
            raise KeyError
    assert client.running() == 0


async def test_whoever_follows_a_found_job_is_told_when_its_provider_closes():
    """Waiting and asking both say that nobody follows it any more."""
    client = FakeClient(capabilities=ALONE, run_time=lambda _: 60)
    async with Scheduler(client, limits=QUICK) as scheduler:
        submitted = await backend_of(AsyncProvider(scheduler)).run(asymmetric())
        async with AsyncProvider(client, limits=QUICK) as provider:
            found = await backend_of(provider).retrieve_job(submitted.job_id())
        for ask in (found.result, found.status):
            with pytest.raises(SchedulerClosedError, match="not followed any more"):
                await ask()
        assert client.running() == 1
        await submitted.cancel()
