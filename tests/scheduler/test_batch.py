"""Open batches: closed in every exit path."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio
import pytest

import quantum_async as qa
from quantum_async.errors import (
    BatchClosedError,
    BatchError,
    BatchNotClosedError,
    ConflictError,
    InvalidInputError,
    LostAnswerError,
    RejectedRequestError,
    ServerError,
)
from quantum_async.scheduler.scheduler import Scheduler
from tests.scheduler.fake import PROGRAM, FakeClient, after

if TYPE_CHECKING:
    from pathlib import Path

QUICK = qa.Limits(min_poll_interval=0.005)


async def test_an_adaptive_loop_keeps_its_batch() -> None:
    """Jobs submitted into a batch go to it, and leaving closes it."""
    client = FakeClient()
    async with (
        Scheduler(client, limits=QUICK) as scheduler,
        scheduler.open_batch(PROGRAM) as batch,
    ):
        for x in (1, 2):
            result = await (await batch.submit(variables={"x": x}, shots=4))
            assert result.shots == 4
        assert client.world.batches == {batch.id: "open"}
    assert list(client.world.batches.values()) == ["closed"]
    assert {job.ref.batch_id for job in client.world.jobs.values()} == {batch.id}


async def test_a_sweep_in_a_batch_is_sent_before_the_batch_closes() -> None:
    """Closing waits until every point of the batch's sweeps was sent."""
    client = FakeClient().can(jobs_per_submission=3)
    async with Scheduler(client, limits=QUICK) as scheduler:
        async with scheduler.open_batch(PROGRAM) as batch:
            sweep = batch.sweep(qa.grid(x=range(100)), shots=1)
        assert client.world.batches[batch.id] == "closed"
        assert len(client.world.jobs) == 100
        assert len(await sweep) == 100


async def test_a_named_sweep_continues_in_a_later_batch(tmp_path: Path) -> None:
    """Points that have an outcome keep it; what the first batch did not take goes to the second."""
    refusal = RejectedRequestError("no", status=409)
    client = FakeClient(faults={"submit": [None, refusal]}).can(jobs_per_submission=1)
    points = qa.grid(x=[0, 1, 2])
    async with Scheduler(client, limits=QUICK, journal=tmp_path / "jobs.db") as scheduler:
        batches = []
        for errors in (1, 0):
            async with scheduler.open_batch(PROGRAM) as batch:
                sweep = batch.sweep(points, shots=1, name="s", on_error="collect")
                assert sum(point.error is not None for point in await sweep) == errors
            batches.append(batch.id)
    taken = [job.ref.batch_id for job in client.world.jobs.values()]
    assert taken == [batches[0], batches[0], batches[1]]


async def test_an_error_in_the_block_cancels_the_batch() -> None:
    """An error ends the batch with its jobs, and reaches the caller as it is."""
    client = FakeClient(run_time=lambda _: 60)
    with pytest.raises(KeyError, match="mine"):
        async with Scheduler(client, limits=QUICK) as scheduler:
            async with scheduler.open_batch(PROGRAM) as batch:
                await batch.submit(shots=1)
                raise KeyError("mine")
    assert client.world.batches[batch.id] == "cancelled"
    assert client.running() == 0


async def test_cancellation_closes_the_batch() -> None:
    """A cancelled block leaves no batch open."""
    client = FakeClient(run_time=lambda _: 60)
    with anyio.move_on_after(0.1):
        async with Scheduler(client, limits=QUICK) as scheduler:
            async with scheduler.open_batch(PROGRAM) as batch:
                await (await batch.submit(shots=1))
    assert list(client.world.batches.values()) == ["cancelled"]


async def test_cancellation_while_opening_closes_the_batch() -> None:
    """A batch whose opening was under way when the block was cancelled is closed too."""
    client = FakeClient(latency=0.1)
    with anyio.move_on_after(0.05):
        async with Scheduler(client, limits=QUICK) as scheduler:
            async with scheduler.open_batch(PROGRAM):
                pytest.fail("never entered")
    assert list(client.world.batches.values()) == ["cancelled"]


async def test_a_passing_failure_of_closing_is_tried_again() -> None:
    """One failed close does not leave the batch open."""
    client = FakeClient(faults={"close_batch": [ServerError("502", status=502)]})
    async with Scheduler(client, limits=QUICK) as scheduler:
        async with scheduler.open_batch(PROGRAM) as batch:
            pass
    assert client.world.batches[batch.id] == "closed"


async def test_a_failing_close_is_reported() -> None:
    """A batch that cannot be closed raises with its id."""
    client = FakeClient(faults={"close_batch": [ConflictError("no", status=409)] * 9})
    with pytest.raises(BatchNotClosedError) as caught:
        async with Scheduler(client, limits=QUICK, grace=0.5) as scheduler:
            async with scheduler.open_batch(PROGRAM) as batch:
                pass
    assert caught.value.batch_id == batch.id


async def test_a_failing_close_does_not_hide_the_first_error() -> None:
    """The block's own error is raised; the failed close is told in its notes."""
    client = FakeClient(faults={"cancel_batch": [ConflictError("no", status=409)] * 9})
    with pytest.raises(KeyError) as caught:
        async with Scheduler(client, limits=QUICK, grace=0.5) as scheduler:
            async with scheduler.open_batch(PROGRAM):
                raise KeyError
    assert any("may still be open" in note for note in caught.value.__notes__)


async def test_a_batch_whose_opening_answer_was_lost_is_adopted() -> None:
    """Opening is looked up by key, so that no second batch is opened."""
    client = FakeClient(faults={"open_batch": [after(LostAnswerError("reset"))]})
    async with Scheduler(client, limits=QUICK) as scheduler:
        async with scheduler.open_batch(PROGRAM) as batch:
            await batch.submit(shots=1)
    assert client.world.batches == {batch.id: "closed"}


async def test_a_closed_batch_takes_no_jobs() -> None:
    """Submitting after the block, or before it, is refused with a remedy."""
    async with Scheduler(FakeClient(), limits=QUICK) as scheduler:
        batch = scheduler.open_batch(PROGRAM)
        with pytest.raises(BatchClosedError):
            await batch.submit(shots=1)
        async with batch:
            await batch.close()
            await batch.close()
        with pytest.raises(BatchClosedError):
            batch.sweep(qa.grid(x=[1]), shots=1)


async def test_a_batch_without_a_program_needs_one_per_job() -> None:
    """A job without a program in a batch without one is refused."""
    async with Scheduler(FakeClient(), limits=QUICK) as scheduler:
        async with scheduler.open_batch(on="fake:one") as batch:
            with pytest.raises(InvalidInputError, match="its own"):
                await batch.submit(shots=1)
            await batch.submit(PROGRAM, shots=1)


async def test_providers_without_batches_refuse() -> None:
    """Opening a batch where there are none raises before anything is sent."""
    client = FakeClient().can(open_batch=False)
    async with Scheduler(client, limits=QUICK) as scheduler:
        with pytest.raises(BatchError, match="no open batches"):
            scheduler.open_batch(PROGRAM)


async def test_a_batch_of_another_process_is_adopted() -> None:
    """Its jobs are followed, more can be added, and it is closed when the block is left."""
    client = FakeClient()
    async with Scheduler(client, limits=QUICK, on_cancel="detach") as first:
        batch = first.open_batch(PROGRAM)
        await batch.open()
        await batch.submit(shots=1)
        ref = batch.detach()
    assert client.world.batches == {ref.id: "open"}
    async with Scheduler(client, limits=QUICK) as second:
        batch = await second.adopt(ref)
        assert batch.is_open
        assert (await batch.state()).status is qa.BatchStatus.OPEN
        await batch.submit(PROGRAM, shots=2)
        assert [(await job).shots for job in await batch.jobs()] == [1, 2]
    assert client.world.batches == {ref.id: "closed"}


async def test_a_batch_that_is_closed_is_adopted_for_its_jobs() -> None:
    """Nothing can be added, nothing is closed again, and its jobs are found."""
    client = FakeClient()
    async with Scheduler(client, limits=QUICK) as first, first.open_batch(PROGRAM) as batch:
        await batch.submit(shots=1)
    async with Scheduler(client, limits=QUICK) as second:
        adopted = await second.adopt(batch.ref)
        with pytest.raises(BatchClosedError):
            await adopted.submit(PROGRAM, shots=2)
        assert [(await job).shots for job in await adopted.jobs()] == [1]
    assert client.world.calls["close_batch"] == 1


async def test_a_batch_that_a_living_process_answers_for_is_only_watched(tmp_path: Path) -> None:
    """Leaving the block does not close it; once its owner is gone, whoever adopts it does."""
    client, journal = FakeClient(), tmp_path / "jobs.db"
    async with Scheduler(client, limits=QUICK, journal=journal) as first:
        batch = first.open_batch(PROGRAM)
        await batch.open()
        async with Scheduler(client, limits=QUICK, journal=journal) as second:
            assert (await second.adopt(batch.ref)).is_open
        assert client.world.batches == {batch.id: "open"}
        ref = batch.detach()
    assert client.world.batches == {ref.id: "open"}
    async with Scheduler(client, limits=QUICK, journal=journal) as third:
        await third.adopt(ref)
    assert client.world.batches == {ref.id: "closed"}


async def test_providers_without_batches_say_so() -> None:
    """There is nothing to adopt."""
    async with Scheduler(qa.LocalClient()) as scheduler:
        with pytest.raises(BatchError):
            await scheduler.adopt(qa.BatchRef("local", "nonsense"))


async def test_a_job_that_is_followed_here_is_adopted_once() -> None:
    """The same job is not followed by two handles of different knowledge."""
    client = FakeClient()
    async with Scheduler(client, limits=QUICK) as scheduler:
        job = await scheduler.submit(PROGRAM, shots=1)
        again = await scheduler.adopt(job.ref)
        assert again.key == job.key
