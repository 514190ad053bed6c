"""No batch stays open at Pasqal Cloud, whichever way its block is left."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import anyio
import pytest

import quantum_async as qa
from quantum_async.errors import BatchNotClosedError
from quantum_async.http.options import SessionOptions
from quantum_async.http.telemetry import EventHooks
from tests.providers.pasqal.real import rabi

QUICK = qa.Limits(min_poll_interval=0.02, max_poll_interval=0.2)
ROOT = Path(__file__).parents[3]


async def stats(sandbox):
    return (await sandbox.stats())["pasqal"]


@pytest.fixture
async def long_jobs(sandbox):
    """Jobs run for longer than any test."""
    await sandbox.change(job_time=60.0)


async def test_leaving_normally_closes(sandbox, cloud):
    """The batch is closed and its jobs end."""
    async with qa.Scheduler(cloud(), limits=QUICK) as scheduler:
        async with scheduler.open_batch(rabi(), on="pasqal:EMU_FREE") as batch:
            job = await batch.submit(variables={"omega": 1.0}, shots=10)
        await job
    seen = await stats(sandbox)
    assert seen["batches_open"] == 0
    assert seen["requests"]["PATCH /core-fast/api/v2/batches/{id}/complete"] == 1


async def test_an_exception_cancels(sandbox, cloud, long_jobs):
    """An error in the block cancels the batch with what still runs in it, and goes on."""
    with pytest.raises(ZeroDivisionError):
        async with (
            qa.Scheduler(cloud(), limits=QUICK) as scheduler,
            scheduler.open_batch(rabi(), on="pasqal:EMU_FREE") as batch,
        ):
            await batch.submit(variables={"omega": 1.0}, shots=10)
            raise ZeroDivisionError
    seen = await stats(sandbox)
    assert seen["batches_open"] == 0
    assert seen["jobs_by_status"] == {"cancelled": 1}


async def test_a_cancellation_cancels(sandbox, cloud, long_jobs):
    """A block whose task is cancelled leaves nothing open or running."""
    with anyio.CancelScope() as scope:
        async with (
            qa.Scheduler(cloud(), limits=QUICK) as scheduler,
            scheduler.open_batch(rabi(), on="pasqal:EMU_FREE") as batch,
        ):
            job = await batch.submit(variables={"omega": 1.0}, shots=10)
            scope.cancel()
            await job
    seen = await stats(sandbox)
    assert seen["batches_open"] == 0
    assert seen["jobs_by_status"] == {"cancelled": 1}


async def test_cancelled_while_opening_leaves_nothing_open(sandbox, cloud):
    """A batch whose opening is under way when the block is cancelled is closed again."""
    await sandbox.change(latency=0.3)

    def leave(event):
        if event.url.endswith("/batches"):
            scope.cancel()

    options = SessionOptions(hooks=EventHooks(request=[leave]))
    with anyio.CancelScope() as scope:
        async with (
            qa.Scheduler(cloud(options=options), limits=QUICK) as scheduler,
            scheduler.open_batch(rabi(), on="pasqal:EMU_FREE"),
        ):
            await anyio.sleep_forever()
    assert scope.cancelled_caught
    assert (await stats(sandbox))["batches_open"] == 0


async def test_a_close_that_fails_is_tried_again(sandbox, cloud):
    """A gateway's error on closing is no reason to leave a batch open."""
    fault = {"provider": "pasqal", "method": "PATCH", "route": "*/complete"}
    await sandbox.set_faults([{**fault, "nth": [1, 2], "fault": "html:502"}])
    async with (
        qa.Scheduler(cloud(), limits=QUICK) as scheduler,
        scheduler.open_batch(rabi(), on="pasqal:EMU_FREE"),
    ):
        pass
    assert (await stats(sandbox))["batches_open"] == 0


async def test_a_close_whose_answer_is_lost_counts(sandbox, cloud):
    """Closing twice is harmless: the second answer, a refusal, is understood."""
    fault = {"provider": "pasqal", "method": "PATCH", "route": "*/complete"}
    await sandbox.set_faults([{**fault, "nth": 1, "fault": "accept-then-reset"}])
    async with (
        qa.Scheduler(cloud(), limits=QUICK) as scheduler,
        scheduler.open_batch(rabi(), on="pasqal:EMU_FREE"),
    ):
        pass
    seen = await stats(sandbox)
    assert seen["batches_open"] == 0
    assert seen["requests"]["PATCH /core-fast/api/v2/batches/{id}/complete"] == 2


async def test_a_close_that_is_refused_does_not_hide_the_first_error(sandbox, cloud):
    """The block's own error comes out, with what could not be closed in its notes."""
    fault = {"provider": "pasqal", "method": "PATCH"}
    await sandbox.set_faults([{**fault, "fault": "status:400"}])
    with pytest.raises(ZeroDivisionError) as caught:
        async with (
            qa.Scheduler(cloud(), limits=QUICK) as scheduler,
            scheduler.open_batch(rabi(), on="pasqal:EMU_FREE"),
        ):
            raise ZeroDivisionError
    assert "could not be closed" in "".join(caught.value.__notes__)


async def test_a_close_that_is_refused_is_reported(sandbox, cloud):
    """Without another error, the failing close is the error, and names the batch."""
    fault = {"provider": "pasqal", "method": "PATCH"}
    await sandbox.set_faults([{**fault, "fault": "status:400"}])
    with pytest.raises(BatchNotClosedError) as caught:
        async with (
            qa.Scheduler(cloud(), limits=QUICK) as scheduler,
            scheduler.open_batch(rabi(), on="pasqal:EMU_FREE") as batch,
        ):
            pass
    assert caught.value.batch_id == batch.id


async def test_closing_and_cancelling_twice_are_harmless(sandbox, cloud):
    """A batch that is closed, cancelled or over stays so, without an error."""
    from uuid import uuid4

    from quantum_async.models.submission import BatchRequest

    async with cloud() as client:
        for first in (client.close_batch, client.cancel_batch):
            batch = await client.open_batch(BatchRequest(uuid4().hex, "EMU_FREE", rabi()))
            await first(batch)
            await client.close_batch(batch)
            await client.cancel_batch(batch)
            assert not (await client.batches.get(batch.id)).is_open
    assert (await stats(sandbox))["batches_open"] == 0


SCRIPT = """
import anyio, signal, sys
import quantum_async as qa
from tests.providers.pasqal.real import rabi

# Whoever is started in the background of a shell script inherits that interrupts are ignored.
signal.signal(signal.SIGINT, signal.default_int_handler)

async def main():
    async with qa.Scheduler(qa.PasqalClient.from_env()) as scheduler:
        async with scheduler.open_batch(rabi(), on="pasqal:EMU_FREE") as batch:
            job = await batch.submit(variables={"omega": 1.0}, shots=10)
            print("running", flush=True)
            await job

anyio.run(main)
"""


@pytest.mark.processes
async def test_ctrl_c_cancels(sandbox, cloud, long_jobs):
    """The interrupt of a terminal leaves nothing open or running."""
    command = [sys.executable, "-c", SCRIPT]
    env = {**os.environ, **sandbox.env("pasqal")}
    with subprocess.Popen(  # noqa: ASYNC220
        command, cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert await anyio.to_thread.run_sync(process.stdout.readline) == b"running\n"
        process.send_signal(signal.SIGINT)
        _, errors = await anyio.to_thread.run_sync(process.communicate)
    assert process.returncode != 0
    assert b"KeyboardInterrupt" in errors
    seen = await stats(sandbox)
    assert seen["batches_open"] == 0
    assert seen["jobs_running"] == 0
