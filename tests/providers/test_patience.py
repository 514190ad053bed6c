"""Every cloud: what stays out of reach, is forgotten or makes no sense ends typed, and in time."""

from __future__ import annotations

import itertools

import anyio
import pytest

import quantum_async as qa
from quantum_async.errors import (
    NotFoundError,
    ProtocolError,
    QuantumAsyncError,
    ResultError,
    ServerError,
)
from quantum_async.http.options import SessionOptions
from quantum_async.http.retry import RetryPolicy
from tests.providers.azure.test_faults import QUIL
from tests.providers.iqm.test_faults import FLIP
from tests.providers.pasqal.real import rabi

QASM = 'OPENQASM 2.0; include "qelib1.inc"; qreg q[1]; creg c[1]; x q[0]; measure q -> c;'
CLOUDS = {
    "pasqal": ("pasqal:EMU_FREE", rabi(), {"omega": 1.0}),
    "azure": ("azure:rigetti.sim.qvm", QUIL, None),
    "iqm": ("iqm:garnet", FLIP, None),
    "qoro": ("qoro", QASM, None),
}
POLLS = {
    "pasqal": ("*/v2/jobs", "*/v2/jobs/{id}"),
    "azure": ("*/jobs/{id}", "*/jobs"),
    "iqm": ("*/jobs/{id}",),
    "qoro": ("*/status/",),
}
RESULTS = {
    "pasqal": ("*/full_results", "*/results_link"),
    "azure": ("/{id}/*",),
    "iqm": ("*/artifacts/{id}",),
    "qoro": ("*/resultsV2/",),
}
RESULT_ENDS = ("/full_results", "/results_link", "/{rest}", "/artifacts/{id}", "/resultsV2/")
DEEP = "body:200:" + "[" * 100_000
"""An answer that no reader can follow to its end."""
WORDS = {
    "pasqal": "set:/data/*/status",
    "azure": "set:/status",
    "iqm": "set:/status",
    "qoro": "set:/status",
}
IMPATIENT = qa.Limits(min_poll_interval=0.02, max_poll_interval=0.2, patience=1.0)


def faults(name: str, routes: tuple[str, ...], fault: str, method: str = "GET"):
    return [{"provider": name, "method": method, "route": r, "fault": fault} for r in routes]


def quick(sandbox, name: str):
    """Make a client that repeats itself without losing time."""
    kind = type(sandbox.client(name))
    retry = RetryPolicy(first=0.01, longest=0.05)
    return kind.from_env(sandbox.env(name), options=SessionOptions(retry=retry))


async def submitted(scheduler: qa.Scheduler, name: str) -> qa.Job:
    on, program, variables = CLOUDS[name]
    return await scheduler.submit(program, shots=10, variables=variables, on=on)


async def gets(sandbox, name: str, *ends: str) -> int:
    """Count the requests for what ends so."""
    requests = (await sandbox.stats())[name]["requests"]
    return sum(n for what, n in requests.items() if what.startswith("GET") and what.endswith(ends))


@pytest.fixture
async def slow(sandbox):
    """The sandbox, with jobs that last."""
    await sandbox.change(job_time=600.0)
    return sandbox


@pytest.mark.parametrize("name", CLOUDS)
async def test_a_result_that_answers_503_costs_ten_requests(sandbox, name):
    """It is asked for until the patience ends, by no more than ten requests."""
    await sandbox.set_faults(faults(name, RESULTS[name], "status:503"))
    async with qa.Scheduler(quick(sandbox, name), limits=IMPATIENT) as scheduler:
        job = await submitted(scheduler, name)
        with pytest.raises(ResultError) as caught:
            await job
    assert (caught.value.accepted, caught.value.job_id) == ("yes", job.id)
    assert 5 <= await gets(sandbox, name, *RESULT_ENDS) <= 10


@pytest.mark.parametrize("name", CLOUDS)
async def test_a_result_that_is_the_same_nonsense_thrice_is_an_error(sandbox, name):
    """Brackets without an end are read, not followed, and quoted in the error."""
    await sandbox.set_faults(faults(name, RESULTS[name], DEEP))
    patient = qa.Limits(min_poll_interval=0.02, max_poll_interval=0.2, patience=3600.0)
    async with qa.Scheduler(quick(sandbox, name), limits=patient) as scheduler:
        job = await submitted(scheduler, name)
        with pytest.raises(QuantumAsyncError) as caught:
            await job
    assert (caught.value.accepted, caught.value.job_id) == ("yes", job.id)
    assert await gets(sandbox, name, *RESULT_ENDS) <= 4


@pytest.mark.parametrize("name", CLOUDS)
async def test_a_job_that_its_service_has_forgotten_ends_with_the_patience(slow, name):
    """It is named, not waited for without an end, and asked about no more often than others."""
    async with qa.Scheduler(quick(slow, name), limits=IMPATIENT) as scheduler:
        job = await submitted(scheduler, name)
        await slow.reset()
        with pytest.raises(NotFoundError) as caught:
            await job
        job.detach()
    assert (caught.value.accepted, caught.value.job_id) == ("yes", job.id)
    assert await gets(slow, name, "/jobs", "/jobs/{id}", "/status/") <= 40


@pytest.mark.parametrize("name", CLOUDS)
async def test_a_word_that_nobody_knows_ends_with_the_patience(slow, name):
    """The error quotes it."""
    await slow.set_faults(faults(name, POLLS[name][:1], f'{WORDS[name]}="ENTANGLED"'))
    async with qa.Scheduler(quick(slow, name), limits=IMPATIENT) as scheduler:
        job = await submitted(scheduler, name)
        with pytest.raises(ProtocolError, match="ENTANGLED") as caught:
            await job
        job.detach()
    assert (caught.value.accepted, caught.value.job_id) == ("yes", job.id)
    assert await gets(slow, name, "/jobs", "/jobs/{id}", "/status/") <= 40


@pytest.mark.parametrize(
    "fault",
    ["html:403", "status:401", "status:400", "body:200:[[[[", DEEP],
    ids=lambda fault: "deep" if fault == DEEP else fault,
)
@pytest.mark.parametrize("name", CLOUDS)
async def test_polls_that_are_refused_for_a_while_cost_nothing(slow, name, fault):
    """A gateway in maintenance, a key that is renewed elsewhere: the job goes on."""
    patient = qa.Limits(min_poll_interval=0.02, max_poll_interval=0.1)
    await slow.set_faults(faults(name, POLLS[name], fault))
    async with qa.Scheduler(quick(slow, name), limits=patient) as scheduler:
        job = await submitted(scheduler, name)
        while await gets(slow, name, "/jobs", "/jobs/{id}", "/status/") < 8:
            await anyio.sleep(0.02)
        assert not job.is_settled
        await slow.set_faults([])
        await job.cancel()
        with pytest.raises(qa.JobCancelledError):
            await job


@pytest.mark.parametrize("name", CLOUDS)
async def test_polls_that_are_refused_for_ever_end_with_the_patience(slow, name):
    """The error is the provider's, and says that the job is accepted."""
    await slow.set_faults(faults(name, POLLS[name], "html:403"))
    async with qa.Scheduler(quick(slow, name), limits=IMPATIENT) as scheduler:
        job = await submitted(scheduler, name)
        with pytest.raises(QuantumAsyncError, match="403") as caught:
            await job
        job.detach()
        await slow.set_faults([])
    assert (caught.value.accepted, caught.value.job_id) == ("yes", job.id)


@pytest.mark.parametrize("name", CLOUDS)
async def test_polls_that_fail_are_not_multiplied(slow, name):
    """One poll is one request, however often the client repeats what is asked of it alone."""
    await slow.set_faults(faults(name, POLLS[name], "status:503"))
    async with qa.Scheduler(quick(slow, name), limits=IMPATIENT) as scheduler:
        job = await submitted(scheduler, name)
        with pytest.raises(ServerError) as caught:
            await job
        job.detach()
        polls = await gets(slow, name, "/jobs", "/jobs/{id}", "/status/")
        await slow.set_faults([])
    assert (caught.value.accepted, caught.value.job_id) == ("yes", job.id)
    assert polls <= 12


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        *itertools.product(CLOUDS, ["status:400", "status:403"]),
        # The others do not read the answer to a cancel.
        *itertools.product(["pasqal", "qoro"], ["body:200:[["]),
    ],
)
@pytest.mark.parametrize("door", ["job", "client", "jobs"])
async def test_a_cancel_that_fails_says_that_the_job_is_accepted(slow, name, door, fault):
    """At every door, with the job's id: it is what a caller decides by."""
    client = quick(slow, name)
    async with qa.Scheduler(client, limits=IMPATIENT) as scheduler:
        job = await submitted(scheduler, name)
        await slow.set_faults(faults(name, ("*cancel*",), fault, "*"))
        if door == "client":
            [error] = (await client.cancel([job.ref])).values()
        else:
            cancel = job.cancel if door == "job" else lambda: client.jobs.cancel(job.id)
            with pytest.raises(QuantumAsyncError) as caught:
                await cancel()
            error = caught.value
        await slow.set_faults([])
        await job.cancel()
        with pytest.raises(qa.JobCancelledError):
            await job
    assert (error.accepted, error.job_id) == ("yes", job.id)


@pytest.mark.parametrize("fault", ["status:400", "status:403", "body:200:[["])
@pytest.mark.parametrize("name", ["pasqal", "azure"])
async def test_a_refused_close_says_that_the_batch_is_accepted(slow, name, fault):
    """At the scheduler's door and at the client's."""
    on, program, _ = CLOUDS[name]
    client = quick(slow, name)
    async with qa.Scheduler(client, limits=IMPATIENT) as scheduler:
        async with scheduler.open_batch(program, on=on) as batch:
            # Also where it cannot be looked up whether it is closed all the same.
            routes = ("*/complete", "*:close", "*/cancel", "*/batches/{id}", "*/sessions/{id}")
            await slow.set_faults(faults(name, routes, fault, "*"))
            with pytest.raises(qa.BatchNotClosedError) as caught:
                await batch.close()
            assert (caught.value.accepted, caught.value.batch_id) == ("yes", batch.id)
            batches = client.batches if name == "pasqal" else client.sessions
            for close in (lambda: batches.close(batch.id), lambda: client.close_batch(batch.ref)):
                with pytest.raises(QuantumAsyncError) as caught:
                    await close()
                assert caught.value.accepted == "yes"
            await slow.set_faults([])


@pytest.mark.parametrize("what", ["status:403", "status:404", "status:503", "body:200:[["])
@pytest.mark.parametrize("name", CLOUDS)
async def test_a_fetch_that_fails_says_that_the_job_is_accepted(sandbox, name, what):
    """Whoever reads results of a client without a scheduler is told the same."""
    client = quick(sandbox, name)
    async with qa.Scheduler(client, limits=IMPATIENT) as scheduler:
        job = await submitted(scheduler, name)
        await job
        await sandbox.set_faults(faults(name, RESULTS[name], what))
        with pytest.raises(QuantumAsyncError) as caught:
            await client.fetch(job.ref)
    assert caught.value.accepted == "yes"
