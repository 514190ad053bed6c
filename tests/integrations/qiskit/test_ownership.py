"""Who owns jobs: what becomes of them when blocks are left, scripts end and jobs are cancelled."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import anyio
import pytest
from qiskit.providers import JobStatus as QiskitStatus, JobTimeoutError as QiskitTimeoutError

import quantum_async as qa
from quantum_async import blocking
from quantum_async.blocking._portal import existing_portal
from quantum_async.errors import (
    ConfigurationError,
    JobCancelledError,
    RejectedRequestError,
    SchedulerClosedError,
    SubmissionUnknownError,
    WaitTimeoutError,
)
from quantum_async.integrations.qiskit import (
    AsyncProvider,
    AsyncSampler,
    JobTimeoutError,
    QuantumAsyncProvider,
    SamplerV2,
)
from tests.integrations.qiskit.circuits import asymmetric, counter, index_points

ROOT = Path(__file__).parents[3]
SERVICES = ["iqm", "azure", "qoro"]
NAMES = {"iqm": "garnet", "azure": "ionq.simulator", "qoro": "qoro_maestro"}
LEVEL = {"optimization_level": 0}


@pytest.fixture
def slow(cloud):
    """Jobs that take an hour."""
    cloud.change(job_time=3600.0)
    return cloud


def standing(cloud, service):
    """Count a service's jobs by their status, those that there are."""
    return {word: n for word, n in cloud.stats()[service]["jobs_by_status"].items() if n}


def live(cloud, service):
    """Count a service's jobs that have not ended."""
    ended = {"cancelled", "failed", "succeeded"}
    return sum(n for word, n in standing(cloud, service).items() if word not in ended)


@pytest.mark.parametrize("service", SERVICES)
def test_a_cancelled_job_is_cancelled_there(connect, slow, service):
    """Cancelling a job cancels it at the provider, once for all of its circuits."""
    backend = connect(service).backend(NAMES[service])
    job = backend.run([asymmetric()] * 2, shots=5, **LEVEL)
    assert job.status() in {QiskitStatus.QUEUED, QiskitStatus.RUNNING}
    assert live(slow, service) > 0
    assert job.cancel() is True
    with pytest.raises(JobCancelledError):
        job.result()
    assert job.status() is QiskitStatus.CANCELLED
    assert job.cancelled()
    assert live(slow, service) == 0
    assert job.cancel() is False


@pytest.mark.parametrize("service", SERVICES)
def test_a_found_job_is_cancelled_there(connect, slow, service):
    """A job that was found by its id can be cancelled as well."""
    job = connect(service).backend(NAMES[service]).run(asymmetric(), shots=5, **LEVEL)
    found = connect(service).retrieve_job(job.job_id())
    assert found.cancel() is True
    with pytest.raises(JobCancelledError):
        found.result()
    assert live(slow, service) == 0


def test_cancelling_pubs(connect, slow):
    """Cancelling a job of PUBs cancels what is there, and sends no more."""
    sampler = SamplerV2(connect("iqm").backend("garnet"), **LEVEL)
    job = sampler.run([(counter(4), index_points(4, 16)), (asymmetric(), None, 3)])
    job.refs()
    assert not job.in_final_state()
    assert live(slow, "iqm") == 2
    assert job.cancel() is True
    with pytest.raises(JobCancelledError):
        job.result()
    assert job.cancelled()
    assert live(slow, "iqm") == 0


def test_waiting_has_an_end(connect, slow):
    """A timeout ends only the waiting, with an error that is Qiskit's as well as ours."""
    backend = connect("iqm").backend("garnet")
    job = backend.run(asymmetric(), shots=5, **LEVEL)
    sampled = SamplerV2(backend, **LEVEL).run([asymmetric()])
    sampled.refs()
    for wait in (
        lambda: job.result(timeout=0.05),
        lambda: job.wait_for_final_state(timeout=0.05),
        lambda: sampled.result(timeout=0.05),
    ):
        with pytest.raises(JobTimeoutError) as caught:
            wait()
        assert isinstance(caught.value, QiskitTimeoutError)
        assert isinstance(caught.value, WaitTimeoutError)
        assert "has not ended after" in str(caught.value)
        assert "job.cancel()" in caught.value.remedy
    assert live(slow, "iqm") == 2
    assert job.cancel()


async def test_leaving_by_an_error_cancels(connect, awaited_cloud):
    """An error in the block cancels what runs, and only then goes on."""
    await awaited_cloud.change(job_time=3600.0)
    with pytest.raises(RuntimeError, match="mine"):
        async with connect("iqm", is_async=True) as provider:
            backend = await provider.backend("garnet")
            job = await backend.run(asymmetric(), shots=5, **LEVEL)
            sampler = AsyncSampler(backend, **LEVEL)
            sampled = await sampler.run([asymmetric()], shots=7)
            await sampled.refs()
            raise RuntimeError("mine")
    stats = (await awaited_cloud.stats())["iqm"]
    assert stats["jobs_created"] == 2
    assert stats["jobs_by_status"]["cancelled"] == 2
    for one in (job, sampled):
        with pytest.raises(JobCancelledError):
            await one


async def test_leaving_normally_waits(connect, awaited_cloud):
    """A block that ends normally waits for its jobs; their results are there afterwards."""
    async with connect("qoro", is_async=True) as provider:
        backend = await provider.backend("qoro_maestro")
        job = await backend.run(asymmetric(), shots=5)
    assert not provider.client.is_open
    assert (await job).get_counts() == {"0 01": 5}


async def test_a_cancelled_run_leaves_nothing(connect, awaited_cloud):
    """A caller that is cancelled while submitting has no job left at the provider."""
    slow_post = {"provider": "iqm", "method": "POST", "route": "*", "probability": 1.0}
    await awaited_cloud.change(job_time=3600.0)
    await awaited_cloud.set_faults([{**slow_post, "fault": "delay:300"}])
    async with connect("iqm", is_async=True) as provider:
        backend = await provider.backend("garnet")
        with anyio.move_on_after(0.1):
            await backend.run(asymmetric(), shots=5, **LEVEL)
    stats = (await awaited_cloud.stats())["iqm"]
    assert stats["jobs_by_status"].get("cancelled", 0) == stats["jobs_created"] <= 1


async def test_found_jobs_belong_to_others(connect, awaited_cloud):
    """A job that was only found is neither waited for nor cancelled."""
    await awaited_cloud.change(job_time=3600.0)
    async with AsyncProvider(_client(awaited_cloud), on_cancel="detach") as owner:
        try:
            backend = await owner.backend("garnet")
            job = await backend.run(asymmetric(), shots=5, **LEVEL)
            async with connect("iqm", is_async=True) as provider:
                found = await provider.retrieve_job(job.job_id())
                assert await found.status() in {QiskitStatus.QUEUED, QiskitStatus.RUNNING}
            with pytest.raises(RuntimeError):
                async with connect("iqm", is_async=True) as provider:
                    await provider.retrieve_job(job.job_id())
                    raise RuntimeError
            assert "cancelled" not in (await awaited_cloud.stats())["iqm"]["jobs_by_status"]
            assert await job.cancel()
        finally:
            await job.cancel()


def _client(sandbox):
    return qa.IQMClient.from_env(sandbox.env("iqm"))


def test_a_with_block_owns_its_jobs(cloud, connect):
    """Leaving a block normally waits; leaving it by an error cancels."""
    with connect("iqm") as provider:
        job = provider.backend("garnet").run(asymmetric(), shots=5, **LEVEL)
    assert standing(cloud, "iqm") == {"succeeded": 1}
    assert job.result().get_counts() == {"0 01": 5}
    cloud.change(job_time=3600.0)
    with pytest.raises(KeyError), connect("iqm") as provider:
        provider.backend("garnet").run(asymmetric(), shots=5, **LEVEL)
        raise KeyError
    assert live(cloud, "iqm") == 0


def test_closing_lets_jobs_go_on(cloud, connect):
    """Without a block, closing leaves jobs to themselves, and ends whoever waits for them."""
    cloud.change(job_time=3600.0)
    provider = connect("iqm")
    job = provider.backend("garnet").run(asymmetric(), shots=5, **LEVEL)
    failures = []

    def wait():
        try:
            job.result()
        except SchedulerClosedError as error:
            failures.append(error)

    waiting = threading.Thread(target=wait, daemon=True)
    waiting.start()
    while waiting not in [*existing_portal().waiting.values()]:
        time.sleep(0.01)
    provider.close()
    waiting.join()
    assert "retrieve_job" in failures[0].remedy
    assert not provider.client.is_open
    assert live(cloud, "iqm") == 1
    with pytest.raises(SchedulerClosedError, match="not followed any more"):
        job.result()
    assert provider.retrieve_job(job.job_id()).cancel()


def test_a_provider_in_use_is_not_entered(connect):
    """Whether a block owns the jobs is decided before the first of them."""
    provider = connect("iqm")
    provider.backend("garnet")
    with pytest.raises(ConfigurationError, match="in use"), provider:
        pass


def test_jobs_of_a_scheduler_are_its_own(cloud):
    """On a scheduler of the program's own, its block decides, and closing does nothing."""
    client = blocking.IQMClient.from_env(cloud.env("iqm"))
    cloud.change(job_time=3600.0)
    with pytest.raises(KeyError), blocking.Scheduler(client) as scheduler:
        provider = QuantumAsyncProvider(scheduler)
        backend = provider.backend("garnet")
        job = backend.run(asymmetric(), shots=5, **LEVEL)
        provider.close()
        assert job.status() in {QiskitStatus.QUEUED, QiskitStatus.RUNNING}
        raise KeyError
    assert live(cloud, "iqm") == 0


def test_what_is_refused_leaves_nothing(cloud, connect):
    """A submission that the provider refuses raises, and none of its circuits goes on."""
    fault = {"provider": "azure", "method": "PUT", "route": "*/jobs/{id}", "nth": 2}
    backend = connect("azure").backend("ionq.simulator")
    cloud.change(job_time=3600.0)
    cloud.set_faults([{**fault, "fault": "status:400"}])
    with pytest.raises(RejectedRequestError):
        backend.run([asymmetric()] * 3, shots=5)
    while live(cloud, "azure"):
        time.sleep(0.05)


SCRIPT = """
import json, os
from qiskit import QuantumCircuit, transpile
from quantum_async.blocking import IQMClient
from quantum_async.integrations.qiskit import QuantumAsyncProvider

provider = QuantumAsyncProvider(IQMClient.from_env(json.loads(os.environ["SANDBOX"])))
backend = provider.get_backend("garnet")
circuit = QuantumCircuit(1, 1)
circuit.measure(0, 0)
print(backend.run(transpile(circuit, backend), shots=5).job_id())
"""


@pytest.mark.processes
def test_a_script_that_only_submits(cloud, connect):
    """A script may end after submitting: the job goes on, is named, and is found again."""
    cloud.change(job_time=3600.0)
    env = {**os.environ, "SANDBOX": json.dumps(cloud.env("iqm"))}
    command = [sys.executable, "-W", "error", "-c", SCRIPT]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=50, check=True, env=env, cwd=ROOT
    )
    job_id = done.stdout.strip()
    assert f"Left running: iqm:garnet/{job_id}" in done.stderr
    assert live(cloud, "iqm") == 1
    assert connect("iqm").retrieve_job(job_id).cancel()


def test_a_lost_answer_is_told(cloud, connect):
    """Where nobody can say whether a job exists, that is the error, and nothing is sent again."""
    backend = connect("iqm").backend("garnet")
    fault = {"provider": "iqm", "method": "POST", "route": "*", "nth": 1}
    cloud.set_faults([{**fault, "fault": "accept-then-reset"}])
    with pytest.raises(SubmissionUnknownError) as caught:
        backend.run([asymmetric()] * 2, shots=5, **LEVEL)
    assert caught.value.key
    assert caught.value.accepted == "unknown"
    assert cloud.stats()["iqm"]["jobs_created"] == 1


def test_iterating_ends_with_the_provider(cloud, connect):
    """Whoever iterates over a job is told when nobody follows it any more."""
    cloud.change(job_time=3600.0)
    provider = connect("iqm")
    job = SamplerV2(provider.backend("garnet"), **LEVEL).run([asymmetric()], shots=5)
    (ref,) = job.refs()
    closing = threading.Timer(0.2, provider.close)
    closing.start()
    with pytest.raises(SchedulerClosedError):
        next(iter(job))
    closing.join()
    assert provider.retrieve_job(ref.id).cancel()


async def test_jobs_are_written_down(tmp_path):
    """With a journal, jobs are recorded, whose parameters are bound by the provider as well."""
    journal = tmp_path / "jobs.db"
    async with AsyncProvider(qa.LocalClient(seed=1), journal=journal) as provider:
        sampler = AsyncSampler(await provider.backend())
        result = await (await sampler.run([(counter(2), index_points(2, 4))], shots=3))
    assert result[0].data.meas.get_counts(2) == {"10": 3}
    async with qa.Scheduler(qa.LocalClient(), journal=journal) as scheduler:
        assert await scheduler.resume() == []
