"""What the client and a scheduler make of a service that fails, through the sandbox."""

from __future__ import annotations

import re

import pytest

from quantum_async.errors import AuthenticationError, JobFailedError, SubmissionUnknownError
from quantum_async.models.grid import grid
from quantum_async.models.limits import Limits
from quantum_async.programs.objects import as_program
from quantum_async.providers.iqm.circuits import Circuit, Instruction
from quantum_async.scheduler.scheduler import Scheduler

FLIP = Circuit(
    "flip",
    (
        Instruction("prx", ("QB1",), {"angle": 3.141592653589793, "phase": 0.0}),
        Instruction("measure", ("QB1",), {"key": "m"}),
    ),
).program()
QUICK = Limits(min_poll_interval=0.02)


def plan(fault, method="POST", route="*/jobs/{id}/{id}", **more):
    return [{"provider": "iqm", "method": method, "route": route, "fault": fault, **more}]


async def stats(sandbox):
    return (await sandbox.stats())["iqm"]


@pytest.mark.parametrize("fault", ["accept-then-reset", "accept-then-status:504", "truncate"])
async def test_a_lost_answer_is_never_sent_again(sandbox, cloud, fault):
    """The job may exist: it surfaces as unknown with its key, and the service has it once."""
    await sandbox.set_faults(plan(fault))
    async with Scheduler(cloud(), limits=QUICK) as scheduler:
        with pytest.raises(SubmissionUnknownError) as caught:
            await scheduler.submit(FLIP, shots=10)
    error, words = caught.value, str(caught.value)
    assert error.accepted == "unknown"
    assert f"with the tag {error.key!r}" in words
    assert "1 circuit of 10 shots for garnet" in words
    assert re.search(rf"sent to {re.escape(sandbox.url('iqm'))} at 20\d\d-.*Z", words)
    assert error.key in error.remedy
    assert (await stats(sandbox))["jobs_created"] == 1


async def test_a_lost_answer_can_be_looked_up_by_its_tag(sandbox, cloud):
    """What the error calls the tag is what the job carries at the service."""
    await sandbox.set_faults(plan("accept-then-status:504"))
    async with Scheduler(cloud(), limits=QUICK) as scheduler:
        with pytest.raises(SubmissionUnknownError) as caught:
            await scheduler.submit(FLIP, shots=10)
    [record] = await sandbox.jobs("iqm")
    async with cloud() as iqm:
        assert (await iqm.jobs.get(record["id"])).tag == caught.value.key


async def test_a_payload_that_is_too_large_is_split(sandbox, cloud):
    """413 halves a submission until its parts are taken; no circuit is lost or sent twice."""
    await sandbox.change(options={"iqm": {"max_payload": 6000}})
    try:
        async with Scheduler(cloud(), limits=QUICK) as scheduler:
            results = await scheduler.sweep(lambda n: FLIP, grid(n=list(range(64))), shots=10)
    finally:
        await sandbox.change(options={"iqm": {"max_payload": 2**26}})
    assert [point.result.shots for point in results] == [10] * 64
    found = await stats(sandbox)
    assert found["jobs_created"] == 4
    assert found["requests"]["POST /api/v1/jobs/{id}/{id}"] == 7
    assert found["duplicates"] == 0


async def test_a_pause_that_was_asked_for_is_kept(sandbox, cloud):
    """429 with a time is waited out, and the submission then sent once."""
    await sandbox.set_faults(plan("retry-after:0.1", nth=1))
    async with Scheduler(cloud(), limits=QUICK) as scheduler:
        result = await (await scheduler.submit(FLIP, shots=10))
    assert result.shots == 10
    assert (await stats(sandbox))["jobs_created"] == 1


async def test_failing_reads_pass(sandbox, cloud):
    """Bad gateways, resets and HTML in polls and results cost nothing but time (5)."""
    await sandbox.set_faults(
        [
            *plan("html:502", "GET", "*/jobs/{id}", nth=(1, 2)),
            *plan("reset", "GET", "*/jobs/{id}", nth=3),
            *plan("status:503", "GET", "*/artifacts/{id}", nth=(1, 2)),
        ]
    )
    async with Scheduler(cloud(), limits=QUICK) as scheduler:
        result = await (await scheduler.submit(FLIP, shots=10))
    assert result.shots == 10


async def test_results_that_come_late(sandbox, cloud):
    """404 for a moment after completion is waited out."""
    await sandbox.change(options={"iqm": {"artifacts_lag": 0.2}})
    try:
        async with Scheduler(cloud(), limits=QUICK) as scheduler:
            result = await (await scheduler.submit(FLIP, shots=10))
    finally:
        await sandbox.change(options={"iqm": {"artifacts_lag": 0.0}})
    assert result.shots == 10


async def test_a_failed_job_raises_with_the_services_words(sandbox, cloud):
    """The job's errors reach whoever awaits it (21)."""
    await sandbox.set_faults(plan("job-failure"))
    async with Scheduler(cloud(), limits=QUICK) as scheduler:
        job = await scheduler.submit(FLIP, shots=10)
        with pytest.raises(JobFailedError, match="job_failed"):
            await job


async def test_an_unknown_status_is_waited_out(sandbox, cloud):
    """A word that this package does not know, extra keys and null errors do not end a wait (13)."""
    await sandbox.set_faults(
        [
            *plan('set:/status="levitating"', "GET", "*/jobs/{id}", nth=1),
            *plan("set:/errors=null", "GET", "*/jobs/{id}"),
            *plan('set:/news={"x": 1}', "GET", "*/jobs/{id}"),
        ]
    )
    async with Scheduler(cloud(), limits=QUICK) as scheduler:
        assert (await (await scheduler.submit(FLIP, shots=10))).shots == 10


async def test_an_expired_token_is_an_error_of_credentials(sandbox, cloud):
    """A token that nobody renews ends the submission with an error that says so."""
    await sandbox.set_faults(plan("expired-token"))
    async with Scheduler(cloud(), limits=QUICK) as scheduler:
        with pytest.raises(AuthenticationError) as caught:
            await scheduler.submit(FLIP, shots=1)
    assert caught.value.accepted == "no"
    assert (await stats(sandbox))["jobs_created"] == 0


async def test_a_sweep_becomes_as_few_jobs_as_the_limits_allow(sandbox, cloud):
    """200 circuits at 80 a job are three jobs, three submissions and three reads of results (19)."""
    from qiskit import QuantumCircuit
    from qiskit.circuit import Parameter

    theta = Parameter("theta")
    circuit = QuantumCircuit(1, 1)
    circuit.rx(theta, 0)
    circuit.measure(0, 0)
    await sandbox.change(options={"iqm": {"max_circuits_per_job": 80}})
    try:
        async with Scheduler(cloud(), limits=QUICK) as scheduler:
            points = grid(theta=[n / 100 for n in range(200)])
            results = await scheduler.sweep(as_program(circuit), points, shots=5)
    finally:
        await sandbox.change(options={"iqm": {"max_circuits_per_job": 500}})
    assert len(results) == 200
    found = await stats(sandbox)
    assert found["jobs_created"] == 3
    assert found["requests"]["GET /api/v1/jobs/{id}/artifacts/{id}"] == 3
    assert found["requests"]["GET /api/v1/jobs/{id}"] <= 6
    assert sum(found["requests"].values()) <= 16


async def test_executions_limit_a_job_too(sandbox, cloud):
    """Circuits by shots are limited: 20 circuits of 100 shots at 1,000 executions are two jobs."""
    await sandbox.change(options={"iqm": {"max_executions_per_job": 1000}})
    try:
        async with Scheduler(cloud(), limits=QUICK) as scheduler:
            points = grid(n=list(range(20)))
            await scheduler.sweep(lambda n: FLIP, points, shots=100)
    finally:
        await sandbox.change(options={"iqm": {"max_executions_per_job": 20_000_000}})
    assert (await stats(sandbox))["jobs_created"] == 2


async def test_leaving_by_an_error_cancels_the_job(sandbox, cloud):
    """Nothing goes on that nobody owns (7)."""
    await sandbox.change(job_time=60.0)
    try:
        with pytest.raises(RuntimeError, match="enough"):
            async with Scheduler(cloud(), limits=QUICK) as scheduler:
                await scheduler.submit(FLIP, shots=10)
                raise RuntimeError("enough")
    finally:
        await sandbox.change(job_time=0.02)
    assert (await stats(sandbox))["jobs_by_status"] == {"cancelled": 1}
