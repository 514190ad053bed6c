"""An error that is the cause wins over the cancellations that it causes, whatever the order."""

from __future__ import annotations

from contextlib import suppress

import anyio
import anyio.lowlevel
import pytest

import quantum_async as qa
from quantum_async.errors import (
    InvalidInputError,
    JobCancelledError,
    JobFailedError,
    LostAnswerError,
    RejectedRequestError,
    SubmissionUnknownError,
)
from quantum_async.models.capabilities import SubmissionGrade
from quantum_async.scheduler.scheduler import Scheduler
from tests.interleaving import interleaved
from tests.scheduler.fake import PROGRAM, UNMEASURED, FakeClient

QUICK = qa.Limits(min_poll_interval=0.005)
SEEDS = range(60)


class Hesitant(FakeClient):
    """Takes a few turns of the loop to look at a job."""

    async def validate(self, job, device) -> None:
        """Refuse the one program that measures nothing, after a while."""
        for _ in range(8):
            await anyio.lowlevel.checkpoint()
        await super().validate(job, device)


def refusal() -> RejectedRequestError:
    error = RejectedRequestError("not like this", remedy="Do it otherwise.")
    error.status = 422
    return error


async def submit_all(scheduler, *programs, batch=None) -> None:
    """Submit side by side, and raise the first error by itself."""
    try:
        async with anyio.create_task_group() as tasks:
            for program in programs:

                async def submit(program=program) -> None:
                    await scheduler.submit(program, shots=1, batch=batch)

                tasks.start_soon(submit)
    except BaseExceptionGroup as errors:
        raise errors.exceptions[0] from None


@pytest.mark.parametrize("run_time", [0.0, 60.0])
def test_a_batch_that_is_refused_leaves_only_the_refusal(run_time) -> None:
    """A cancelled batch cancels its jobs by our own wish: none of them is a failure unseen."""

    async def scenario() -> None:
        client = Hesitant(run_time=lambda _: run_time)
        async with Scheduler(client, limits=QUICK) as scheduler:
            with pytest.raises(InvalidInputError):
                async with scheduler.open_batch(PROGRAM) as batch:
                    await submit_all(scheduler, PROGRAM, PROGRAM, UNMEASURED, batch=batch.ref)
        assert not client.running()

    for seed in SEEDS:
        interleaved(scenario, seed)


def test_refused_side_by_side_leaves_only_the_first_refusal() -> None:
    """Where the first refusal ends the others' submission, nobody could have seen theirs."""

    async def scenario() -> None:
        client = FakeClient(faults={"submit": [refusal() for _ in range(9)]})
        async with Scheduler(client, limits=QUICK) as scheduler:
            with pytest.raises(RejectedRequestError):
                await submit_all(scheduler, PROGRAM, PROGRAM, PROGRAM)

    for seed in SEEDS:
        interleaved(scenario, seed)


@pytest.mark.parametrize("is_iterated", [True, False])
@pytest.mark.parametrize("points", [6, 200])
def test_a_sweep_tells_the_failure_that_ended_it(is_iterated, points) -> None:
    """A point that failed is told, once, and none that was taken back because of it."""

    async def scenario() -> None:
        client = FakeClient(fails=lambda number: number == 1)
        limits = qa.Limits(min_poll_interval=0.005, jobs_in_flight=2)
        async with Scheduler(client, limits=limits) as scheduler:
            sweep = scheduler.sweep(PROGRAM, qa.grid(a=range(points)), shots=1)
            with pytest.raises(JobFailedError):
                if is_iterated:
                    async for _ in sweep:
                        pass
                else:
                    await sweep

    for seed in SEEDS:
        interleaved(scenario, seed)


def test_a_sweep_of_a_cancelled_batch_leaves_only_the_error() -> None:
    """The points of a batch that an error has cancelled are no failures unseen."""

    async def scenario() -> None:
        client = FakeClient(run_time=lambda _: 60.0)
        limits = qa.Limits(min_poll_interval=0.005, jobs_in_flight=2)
        async with Scheduler(client, limits=limits) as scheduler:
            with pytest.raises(ZeroDivisionError):
                async with scheduler.open_batch(PROGRAM) as batch:
                    batch.sweep(qa.grid(a=range(200)), shots=1)
                    await batch.submit(shots=1)
                    raise ZeroDivisionError
        assert not client.running()

    for seed in SEEDS:
        interleaved(scenario, seed)


class Aborting(FakeClient):
    """Cancels the rest of the jobs when one fails, as a batch that aborts does."""

    def _states(self, jobs):
        now, everything = anyio.current_time(), self.world.jobs.values()
        if any(job.state(now).status is qa.JobStatus.FAILED for job in everything):
            self._cancel([job.ref for job in everything])
        return super()._states(jobs)


def test_a_sweep_that_its_provider_aborts_tells_the_failure() -> None:
    """The job that failed is told, not the first of those that the provider cancelled for it."""

    async def scenario() -> None:
        client = Aborting(
            run_time=lambda number: 0.01 if number == 3 else 60.0,
            fails=lambda number: number == 3,
        )
        async with Scheduler(client, limits=QUICK) as scheduler:
            sweep = scheduler.sweep(PROGRAM, qa.grid(a=range(6)), shots=1)
            with pytest.raises(JobFailedError):
                await sweep

    for seed in SEEDS:
        interleaved(scenario, seed)


def test_a_cancelled_sweep_of_which_a_job_fails() -> None:
    """Whether the failure comes before the cancellation or after it, leaving waits and is told."""

    async def scenario() -> None:
        client = FakeClient(run_time=lambda _: 0.02, fails=lambda number: number == 1)
        async with Scheduler(client, limits=QUICK) as scheduler:
            sweep = scheduler.sweep(PROGRAM, qa.grid(a=range(6)), shots=1, on_error="collect")
            await anyio.sleep(0.02)
            await sweep.cancel()
            results = await sweep
        assert not client.running()
        jobs = client.world.jobs.values()
        failed = {job.spec.variables["a"] for job in jobs if job.fails and job.cancelled_at is None}
        for point in results:
            is_failed = isinstance(point.error, JobFailedError)
            assert is_failed == (point.parameters["a"] in failed)

    for seed in SEEDS:
        interleaved(scenario, seed)


def test_the_block_is_left_by_the_error_that_ended_it() -> None:
    """Jobs that are submitted, run or refused meanwhile do not take its place."""

    async def scenario() -> None:
        client = Hesitant(run_time=lambda _: 60.0, faults={"submit": [None, refusal()]})

        async def submit(scheduler: Scheduler) -> None:
            # Whoever is told of a refusal or a cancellation meanwhile goes on.
            with suppress(JobCancelledError, RejectedRequestError):
                await (await scheduler.submit(PROGRAM, shots=1))

        with pytest.raises(ExceptionGroup) as caught:
            async with (
                Scheduler(client, limits=QUICK) as scheduler,
                anyio.create_task_group() as tasks,
            ):
                for _ in range(4):
                    tasks.start_soon(submit, scheduler)
                for _ in range(10):
                    await anyio.lowlevel.checkpoint()
                raise ZeroDivisionError
        assert [type(error) for error in caught.value.exceptions] == [ZeroDivisionError]
        assert not client.running()

    for seed in SEEDS:
        interleaved(scenario, seed)


def test_an_unknown_submission_is_told_although_its_caller_was_cancelled() -> None:
    """Nobody has a handle of what may have been accepted, so that leaving raises it."""

    async def scenario() -> None:
        client = FakeClient(faults={"submit": [LostAnswerError("gone")]})
        client.can(grade=SubmissionGrade.AT_MOST_ONCE)
        told = []

        async def end(scope: anyio.CancelScope) -> None:
            for _ in range(20):
                await anyio.lowlevel.checkpoint()
            scope.cancel()

        try:
            async with (
                Scheduler(client, limits=QUICK) as scheduler,
                anyio.create_task_group() as tasks,
            ):
                with anyio.CancelScope() as scope:
                    tasks.start_soon(end, scope)
                    try:
                        await scheduler.submit(PROGRAM, shots=1)
                    except SubmissionUnknownError:
                        told.append("caller")
        except SubmissionUnknownError:
            told.append("whoever left")
        assert len(told) == 1 or not client.world.calls["submit"]

    for seed in SEEDS:
        interleaved(scenario, seed)
