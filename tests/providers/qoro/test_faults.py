"""What goes wrong on the way to the Qoro service ends well or with a typed error, never twice."""

from __future__ import annotations

import anyio
import anyio.lowlevel
import httpx
import pytest

import quantum_async as qa
from quantum_async.errors import (
    AuthenticationError,
    JobFailedError,
    RejectedRequestError,
    SubmissionUnknownError,
)
from quantum_async.http.options import SessionOptions
from quantum_async.http.telemetry import EventHooks
from quantum_async.models.program import Program, ProgramFormat
from quantum_async.providers.qoro.payloads import QoroCircuit
from tests.providers.qoro.service import JOB, client

INIT, ADD = "/job/init/", "/job/{id}/add_circuits/"
STATUS, RESULTS = "/job/{id}/status/", "/job/{id}/resultsV2/"
QUICK = qa.Limits(min_poll_interval=0.02, max_poll_interval=0.2)
LOST = ["accept-then-status:504", "accept-then-reset", "accept-then-timeout", "truncate"]
UNSENT = ["status:502", "reset", "timeout", "html:502"]
BELL = Program(
    "OPENQASM 2.0; qreg q[2]; creg c[2]; h q[0]; cx q[0],q[1]; measure q -> c;",
    ProgramFormat.QASM2,
)


def fault(fault, route=INIT, nth=1):
    return {"provider": "qoro", "route": f"*{route}", "fault": fault, "nth": nth}


class Time:
    """A clock that only waiting moves."""

    def __init__(self):
        self.now = 0.0

    def options(self, *, meanwhile=anyio.lowlevel.checkpoint, **changes):
        """Connections that go by it; while they wait, something else is awaited."""

        async def sleep(seconds):
            self.now += seconds
            await meanwhile()

        return SessionOptions(clock=lambda: self.now, sleep=sleep, **changes)


async def run(client, shots=30):
    """Run one job, and return its result."""
    async with qa.Scheduler(client, limits=QUICK) as opened:
        return await (await opened.submit(BELL, shots=shots))


async def stats(sandbox):
    return (await sandbox.stats())["qoro"]


@pytest.mark.parametrize("what", [*LOST, *UNSENT])
async def test_a_lost_answer_to_opening_is_reported_and_not_repeated(sandbox, cloud, what):
    """Nobody can look the job up: one request, an error that says so, and nothing runs."""
    await sandbox.set_faults([fault(what)])
    with pytest.raises(SubmissionUnknownError, match="open a job tagged"):
        await run(cloud())
    seen = await stats(sandbox)
    assert seen["jobs_created"] == 0
    assert seen["requests"]["POST /api/job/init/"] == 1


@pytest.mark.parametrize("what", LOST)
async def test_a_complete_job_whose_answer_was_lost_is_adopted(sandbox, cloud, what):
    """The job's own status tells that it runs: nothing is sent again."""
    await sandbox.set_faults([fault(what, ADD)])
    assert (await run(cloud())).shots == 30
    seen = await stats(sandbox)
    assert seen["jobs_created"] == 1
    assert seen["duplicates"] == 0
    assert seen["requests"]["POST /api/job/init/"] == 1


@pytest.mark.parametrize("what", UNSENT)
async def test_a_chunk_that_was_not_taken_is_cleared_away_before_the_next_attempt(
    sandbox, cloud, what
):
    """The job that was opened is cancelled by the service's own word; then a new one runs."""
    await sandbox.set_faults([fault(what, ADD)])
    assert (await run(cloud())).shots == 30
    seen = await stats(sandbox)
    assert seen["jobs_created"] == 1
    assert seen["duplicates"] == 0
    assert seen["batches_open"] == 0
    assert seen["requests"]["POST /api/job/init/"] == 2
    assert seen["requests"]["POST /api/job/{id}/cancel/"] == 1


async def test_a_job_that_waits_when_its_answer_is_lost_is_not_run_twice(sandbox, cloud):
    """Whether a waiting job is complete cannot be seen: it is cancelled, and only then resent."""
    await sandbox.change(queue_time=3600.0)
    await sandbox.set_faults([fault("accept-then-reset", ADD)])

    async def let_the_next_run(event):
        if event.request.url.endswith("/cancel/"):
            await sandbox.change(queue_time=0.0)

    options = SessionOptions(hooks=EventHooks(response=[let_the_next_run]))
    assert (await run(cloud(options=options))).shots == 30
    seen = await stats(sandbox)
    assert seen["jobs_by_status"] == {"cancelled": 1, "succeeded": 1}


async def test_an_orphan_that_cannot_be_cancelled_is_reported_with_its_id(sandbox, cloud):
    """Nothing is repeated, and the error names the job that is left."""
    await sandbox.set_faults(
        [fault("reset", ADD), fault("status:503", "/job/{id}/cancel/", nth=None)]
    )
    with pytest.raises(SubmissionUnknownError, match=r"job \w{8}-\S+ is left at the service"):
        await run(cloud())
    seen = await stats(sandbox)
    assert seen["jobs_created"] == 0
    assert seen["batches_open"] == 1
    assert seen["requests"]["POST /api/job/init/"] == 1


@pytest.mark.parametrize("route", [INIT, ADD])
async def test_a_pause_that_the_service_asks_for_is_made(sandbox, cloud, route):
    """429 with a time: the same request again, not before."""
    await sandbox.set_faults([fault("retry-after:0.1", route)])
    time = Time()
    assert (await run(cloud(options=time.options()))).shots == 30
    assert time.now == pytest.approx(0.1)
    assert (await stats(sandbox))["jobs_created"] == 1


@pytest.mark.parametrize("route", [STATUS, RESULTS])
@pytest.mark.parametrize("what", ["status:503", "status:429", "reset", "truncate", "html:502"])
async def test_reads_are_repeated(sandbox, cloud, route, what):
    """A poll or a page that fails a few times is asked for again (weak spot 5)."""
    await sandbox.set_faults([fault(what, route, nth=[1, 2])])
    assert (await run(cloud())).shots == 30


@pytest.mark.parametrize("status", [429, 503])
async def test_a_read_waits_as_long_as_the_service_asks(service, status):
    """Weak spot 5: neither sooner nor blocking: everything else goes on meanwhile."""
    pause = httpx.Response(status, headers={"Retry-After": "30"})
    service.then("GET", "/status/", pause)
    time, goes_on = Time(), anyio.Event()

    async def others():
        while not time.now:
            await anyio.lowlevel.checkpoint()
        goes_on.set()

    options = time.options(transport=httpx.MockTransport(service), meanwhile=goes_on.wait)
    async with client(service, options=options) as opened, anyio.create_task_group() as tasks:
        tasks.start_soon(others)
        await opened.jobs.status(JOB)
    assert time.now == pytest.approx(30.0)
    assert len(service.requests) == 2


async def test_an_unknown_status_does_not_end_a_job(sandbox, cloud):
    """Weak spot 12: a word that is new is waited out."""
    await sandbox.set_faults([fault('set:/status="THINKING"', STATUS, nth=[1, 2])])
    assert (await run(cloud())).shots == 30


async def test_a_failed_job_says_why(sandbox, cloud):
    """The service's words are in the error."""
    await sandbox.set_faults([fault("job-failure", ADD, nth=None)])
    with pytest.raises(JobFailedError, match="lost its atoms"):
        await run(cloud())


async def test_a_refused_key_ends_the_job_at_once(sandbox, cloud):
    """Nothing is repeated with a key that the service does not take."""
    with pytest.raises(AuthenticationError):
        await run(cloud(api_key="locked"))
    assert (await stats(sandbox))["requests"] == {"POST /api/job/init/": 1}


async def test_a_refused_circuit_fails_alone(sandbox, cloud):
    """Of several circuits in one job, what the service refuses is split until it stands alone."""
    await sandbox.set_faults([fault("status:400", ADD, nth=[1, 2])])
    points = qa.grid(n=[1.0, 2.0])
    text = "OPENQASM 2.0; qreg q[1]; creg c[1]; rx(n) q[0]; measure q -> c;"
    program = Program(text, ProgramFormat.QASM2)
    async with qa.Scheduler(cloud(), limits=QUICK) as opened:
        results = await opened.sweep(program, points, shots=9, on_error="collect")
        first, second = results
    assert isinstance(first.error, RejectedRequestError)
    assert second.result is not None
    assert (await stats(sandbox))["batches_open"] == 0


async def test_leaving_cancels_what_runs_and_what_was_opened(sandbox, cloud):
    """An error in the block leaves neither a running nor a half-uploaded job."""
    await sandbox.change(job_time=30)
    with pytest.raises(KeyError):
        async with qa.Scheduler(cloud(), limits=QUICK) as opened:
            await opened.submit(BELL, shots=10)
            raise KeyError
    seen = await stats(sandbox)
    assert seen["jobs_by_status"] == {"cancelled": 1}
    assert seen["batches_open"] == 0


async def test_a_cancelled_submission_leaves_nothing(sandbox, cloud):
    """Weak spot 22: whoever gives up in the middle of an upload takes the job along."""
    await sandbox.set_faults([fault("delay:3000", ADD)])

    def give_up(event):
        if event.url.endswith("/add_circuits/"):
            scope.cancel()

    client = cloud(options=SessionOptions(hooks=EventHooks(request=[give_up])))
    async with client:
        with anyio.CancelScope() as scope:
            await client.jobs.submit([QoroCircuit("a", BELL.text)])
    assert scope.cancelled_caught
    seen = await stats(sandbox)
    assert seen["jobs_created"] == 0
    assert seen["batches_open"] == 0
