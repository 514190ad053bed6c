"""What a scheduler has begun has an owner, whatever cancels its callers, and however often."""

from __future__ import annotations

import asyncio
import logging
import random
import re
import subprocess
import sys
from contextlib import suppress

import anyio
import pytest

import quantum_async as qa
from quantum_async.errors import (
    AuthenticationError,
    JobCancelledError,
    LostAnswerError,
    SchedulerClosedError,
    SubmissionUnknownError,
)
from quantum_async.models.capabilities import SubmissionGrade
from tests.scheduler.fake import PROGRAM, FakeClient, after
from tests.scheduler.leaping import LeapingLoop

QUICK = qa.Limits(min_poll_interval=0.01)


def slow(**changes) -> FakeClient:
    """Make a client with latency, whose jobs run long."""
    return FakeClient(run_time=lambda _: 1000.0, latency=0.15, **changes)


class Silent(FakeClient):
    """Answers so many submissions, and none after those."""

    def __init__(self, answered: int, **changes) -> None:
        super().__init__(**changes)
        self._answered = answered

    async def submit(self, request):
        """Accept, and answer if this is one of the first."""
        refs = await super().submit(request)
        self._answered -= 1
        if self._answered < 0:
            await anyio.sleep_forever()
        return refs


def task_of(work) -> asyncio.Task:
    """Start a raw task, which nothing but its own shields protects."""
    return asyncio.get_running_loop().create_task(work)


async def outcome(task: asyncio.Task) -> BaseException | None:
    """Wait for a task, and return what it raised."""
    with suppress(BaseException):
        await task
    return task.exception() if not task.cancelled() else asyncio.CancelledError()


async def cancelled_at(task: asyncio.Task, *moments: float) -> None:
    """Cancel a task natively at each of some moments from now on."""
    last = 0.0
    for moment in moments:
        await anyio.sleep(moment - last)
        last = moment
        task.cancel()


@pytest.mark.parametrize("times", [1, 2, 3])
def test_native_cancels_leave_nothing_running(times: int) -> None:
    """One, two or three in a row, at whatever moment: each job and batch has ended at the provider."""

    async def scenario(chance: random.Random) -> None:
        client = slow()

        async def block() -> None:
            async with qa.Scheduler(client, limits=QUICK) as scheduler:
                async with scheduler.open_batch(PROGRAM) as batch:
                    await batch.submit(shots=1)
                    sweep = scheduler.sweep(PROGRAM, qa.grid(x=range(12)), shots=1)
                    await scheduler.submit(PROGRAM, shots=2)
                    await sweep

        task = task_of(block())
        begin = chance.uniform(0.0, 1.5)
        moments = sorted(begin + chance.uniform(0.0, 0.3) * number for number in range(times))
        await cancelled_at(task, *moments)
        assert isinstance(await outcome(task), asyncio.CancelledError)
        assert not client.running()
        assert "open" not in client.world.batches.values()

    for seed in range(40):
        with asyncio.Runner(loop_factory=LeapingLoop) as runner:
            runner.run(scenario(random.Random(seed)))


async def test_known_jobs_are_cancelled_while_an_answer_is_missing(caplog) -> None:
    """A create that is never answered keeps none of the others running, and is named by its key."""
    client = Silent(6, run_time=lambda _: 1000.0)
    with caplog.at_level(logging.WARNING), anyio.move_on_after(1.0) as scope:
        async with qa.Scheduler(client, grace=2.0, limits=QUICK) as scheduler:
            for _ in range(6):
                await scheduler.submit(PROGRAM, shots=1)
            await scheduler.submit(PROGRAM, shots=1)
    assert scope.cancelled_caught
    assert client.running() == 1
    assert "1 jobs were under way, and may or may not have been accepted" in caplog.text


async def test_an_error_names_what_may_be_left() -> None:
    """An error that leaves the block says what was under way."""
    client = Silent(1, run_time=lambda _: 1000.0)
    with pytest.raises(ZeroDivisionError) as caught:
        async with qa.Scheduler(client, grace=1.0, limits=QUICK) as scheduler:
            await scheduler.submit(PROGRAM, shots=1)
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(anyio.sleep, 0.1)
                scheduler.sweep(PROGRAM, qa.grid(x=[1]), shots=1)
            raise ZeroDivisionError
    assert any("1 jobs were under way" in note for note in caught.value.__notes__)


async def test_one_native_cancel_closes_a_batch_that_is_being_opened() -> None:
    """The caller is gone, so whatever becomes open is cancelled, in a block that goes on."""
    client = slow()
    async with qa.Scheduler(client, limits=QUICK) as scheduler:

        async def enter() -> None:
            async with scheduler.open_batch(PROGRAM):
                pass

        task = task_of(enter())
        await cancelled_at(task, 0.2)
        assert isinstance(await outcome(task), asyncio.CancelledError)
    assert list(client.world.batches.values()) == ["cancelled"]


@pytest.mark.parametrize("door", ["job", "all", "sweep"])
async def test_cancelling_works_in_a_cancelled_scope(door: str) -> None:
    """The pattern of a web service: cancel in a finally that is cancelled already."""
    client = slow()
    async with qa.Scheduler(client, limits=QUICK, on_cancel="detach") as scheduler:
        sweep = scheduler.sweep(PROGRAM, qa.grid(x=[1, 2]), shots=1)
        await sweep.refs()
        job = await scheduler.submit(PROGRAM, shots=1)
        with anyio.CancelScope() as scope:
            scope.cancel()
            await {"job": job.cancel, "all": scheduler.cancel_all, "sweep": sweep.cancel}[door]()
        assert scope.cancelled_caught
        assert client.running() == {"job": 2, "all": 0, "sweep": 1}[door]
        await scheduler.cancel_all()
        with suppress(JobCancelledError):
            await sweep


async def test_a_generator_left_early_ends_only_its_own_scheduler() -> None:
    """The loop's finaliser closes it in another task; another scheduler's jobs go on."""
    inner, outer = slow(), FakeClient(run_time=lambda _: 3.0)

    async def streamed():
        async with qa.Scheduler(inner, limits=QUICK) as scheduler:
            yield await scheduler.submit(PROGRAM, shots=1)

    async with qa.Scheduler(outer, limits=QUICK) as scheduler:
        job = await scheduler.submit(PROGRAM, shots=1)
        async for _ in streamed():
            break
        assert (await job).shots == 1
    assert not inner.running()


async def test_a_block_is_left_in_another_task_than_it_was_entered_in() -> None:
    """As by fixtures, and by cells of a notebook."""
    client = FakeClient()
    scheduler = qa.Scheduler(client, limits=QUICK)
    await task_of(scheduler.__aenter__())
    job = await scheduler.submit(PROGRAM, shots=3)
    assert (await job).shots == 3
    await task_of(scheduler.__aexit__(None, None, None))
    assert not client.is_open


def test_a_loop_that_ends_around_a_block_cancels_its_jobs() -> None:
    """A block that nobody leaves is left by the end of the event loop."""
    client = slow()

    async def forget() -> None:
        scheduler = qa.Scheduler(client, limits=QUICK)
        await scheduler.__aenter__()
        await scheduler.submit(PROGRAM, shots=1)

    with asyncio.Runner(loop_factory=LeapingLoop) as runner:
        runner.run(forget())
    assert all(job.cancelled_at is not None for job in client.world.jobs.values())


async def test_a_job_that_cannot_be_followed_has_not_ended() -> None:
    """It stays unfinished, whatever its waiter was told, and is cancelled on the way out."""
    refused = [AuthenticationError("who are you?") for _ in range(10_000)]
    client = slow(faults={"poll": refused})
    limits = qa.Limits(min_poll_interval=0.5, max_poll_interval=1.0, patience=20.0)
    with pytest.raises(ZeroDivisionError):
        async with qa.Scheduler(client, limits=limits) as scheduler:
            job = await scheduler.submit(PROGRAM, shots=1)
            with pytest.raises(AuthenticationError) as caught:
                await job
            assert caught.value.accepted == "yes"
            assert scheduler.unfinished == (job.ref,)
            raise ZeroDivisionError
    assert not client.running()


async def test_leaving_names_a_job_that_could_not_be_followed(caplog) -> None:
    """Also where its waiter has seen the error: it may run on, and nobody asks about it."""
    refused = [AuthenticationError("who are you?") for _ in range(10_000)]
    client = slow(faults={"poll": refused})
    limits = qa.Limits(min_poll_interval=0.5, max_poll_interval=1.0, patience=20.0)
    with caplog.at_level(logging.WARNING):
        async with qa.Scheduler(client, limits=limits) as scheduler:
            job = await scheduler.submit(PROGRAM, shots=1)
            with pytest.raises(AuthenticationError):
                await job
    assert f"May still be running: {job.ref}" in caplog.text


async def test_whoever_waits_is_told_that_the_block_was_left() -> None:
    """Tasks outside the block do not wait for ever for a job that nobody follows."""
    client = slow()
    waiter = None
    with suppress(ZeroDivisionError):
        async with qa.Scheduler(client, on_cancel="detach", limits=QUICK) as scheduler:
            job = await scheduler.submit(PROGRAM, shots=1)
            waiter = task_of(job.result())
            await anyio.sleep(0.1)
            raise ZeroDivisionError
    error = await outcome(waiter)
    assert isinstance(error, SchedulerClosedError)
    assert (error.accepted, error.job_id) == ("yes", job.id)


async def test_a_submission_that_waits_for_its_turn_is_taken_back() -> None:
    """What the provider does not have is not sent on the way out, nor said to be uncertain."""
    pause = qa.RateLimitedError("slowly", status=429)
    pause.retry_after = 600.0
    client = slow(faults={"submit": [pause]})
    with pytest.raises(ZeroDivisionError) as caught:
        async with qa.Scheduler(client, grace=5.0, limits=QUICK) as scheduler:
            scheduler.sweep(PROGRAM, qa.grid(x=[1]), shots=1)
            await anyio.sleep(1.0)
            raise ZeroDivisionError
    assert not client.world.jobs
    assert not getattr(caught.value, "__notes__", [])


async def test_a_torn_submission_is_unknown_to_its_sweep() -> None:
    """Where the grace ends before the answer comes, the point says that it may exist."""
    client = Silent(0, run_time=lambda _: 1000.0)
    with suppress(ZeroDivisionError):
        async with qa.Scheduler(client, grace=1.0, limits=QUICK) as scheduler:
            sweep = scheduler.sweep(PROGRAM, qa.grid(x=[1]), shots=1, on_error="collect")
            await anyio.sleep(1.0)
            raise ZeroDivisionError
    (point,) = await sweep
    assert isinstance(point.error, SubmissionUnknownError)


async def test_a_submission_nobody_waits_for_is_named_where_it_is_unknown(caplog) -> None:
    """Whose caller was cancelled before its answer was lost: the log names it, with its key."""
    lost = after(LostAnswerError("reset"))
    client = slow(faults={"submit": [lost]}).can(grade=SubmissionGrade.AT_MOST_ONCE)

    async def sweep() -> None:
        async with qa.Scheduler(client, limits=QUICK) as scheduler:
            scheduler.sweep(PROGRAM, qa.grid(x=[1, 2]), shots=1)
            await anyio.sleep_forever()

    task = task_of(sweep())
    with caplog.at_level(logging.WARNING):
        await cancelled_at(task, 5.0)
        await outcome(task)
    named = re.findall(r"submission (\S+) of .* may or may not have been accepted", caplog.text)
    assert named
    assert set(named) <= set(client.world.by_key)


async def test_a_batch_is_closed_although_its_block_is_cancelled_while_closing() -> None:
    """A cancel that comes while jobs of the batch are still being sent leaves it not open."""
    client = slow()
    async with qa.Scheduler(client, limits=QUICK) as scheduler:

        async def fill() -> None:
            async with scheduler.open_batch(PROGRAM) as batch:
                batch.sweep(qa.grid(x=[1, 2]), shots=1, on_error="collect")

        task = task_of(fill())
        await cancelled_at(task, 0.5)
        await outcome(task)
        assert "open" not in client.world.batches.values()


async def test_a_client_that_hangs_in_closing_is_left_as_it_is(caplog) -> None:
    """Closing is bounded, and what took too long is named."""

    class Clinging(FakeClient):
        async def close(self) -> None:
            await anyio.sleep_forever()

    with caplog.at_level(logging.WARNING):
        async with qa.Scheduler(Clinging(), grace=1.0, limits=QUICK):
            pass
    assert "took too long to close" in caplog.text


def test_trio_is_told_at_construction() -> None:
    """Under Trio's event loop a scheduler says what it needs, before anything is begun."""
    script = """
import trio, quantum_async as qa
async def main():
    try:
        qa.Scheduler(qa.LocalClient())
    except qa.ConfigurationError as error:
        print(error)
trio.run(main)
"""
    pytest.importorskip("trio", reason="trio is not installed here")
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert "needs asyncio" in run.stdout
