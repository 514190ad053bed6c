"""Known weak spots of pulser-azure 0.1.1, by number, each shown not to be ours.

Numbers are those of our notes on the vendor's clients; 1.1 to 1.28 are azure-quantum's, shown in
tests/providers/azure.
"""

from __future__ import annotations

import inspect
import os
import subprocess
import sys
from collections import Counter

import pulser
import pytest
from pulser.backend.remote import BatchStatus, JobStatus, RemoteResultsError

import quantum_async.blocking as qa
from quantum_async.errors import (
    InvalidInputError,
    QuantumAsyncError,
    UnknownTargetError,
    WaitTimeoutError,
)
from quantum_async.http.options import SessionOptions
from quantum_async.http.telemetry import EventHooks
from quantum_async.integrations.pulser import PulserConnection, QPUBackend
from quantum_async.integrations.pulser.results import pulser_batch_status, pulser_job_status
from quantum_async.providers.azure.translate.statuses import job_state
from quantum_async.providers.azure.wire import AzureJob
from tests.integrations.pulser.sequences import driven, fresnel, job, plain

QPU = "pasqal.qpu.fresnel"


@pytest.fixture
def connect(blocking_sandbox):
    """Make connections to the sandbox's workspace, each with a client of its own."""
    made = []

    def make(**changes):
        client = qa.AzureClient.from_env(blocking_sandbox.env("azure"))
        made.append(PulserConnection(client, **{"devices": {QPU: fresnel()}, **changes}))
        return made[-1]

    yield make
    for connection in made:
        connection.close()


@pytest.fixture
def connection(connect):
    """A connection to the sandbox's workspace."""
    return connect()


@pytest.fixture
def counted(blocking_sandbox):
    """Count what the sandbox's workspace has seen."""
    return lambda: blocking_sandbox.stats()["azure"]


@pytest.fixture
def asked(counted):
    """List the requests that something makes, by the end of their route."""

    def during(function):
        before = counted()["requests"]
        function()
        found: dict[str, int] = {}
        for route, number in counted()["requests"].items():
            method, _, path = route.partition(" ")
            name = f"{method} {path.rpartition('/workspaces/{id}')[2]}"
            found[name] = found.get(name, 0) + number - before.get(route, 0)
        return {name: number for name, number in found.items() if number}

    return during


def fault(kind: str, method: str, route: str, **more):
    return {"provider": "azure", "method": method, "route": route, "fault": kind, **more}


def run(connection, jobs, **more):
    return pulser.QPUBackend(driven(), connection).run(jobs, **more)


def test_2_1_results_are_read_once_and_few_requests_are_made(connection, asked):
    """Weak spot 2.1: no job is asked for before its list is, and nothing is read again."""
    results = run(connection, [job()] * 6, wait=True)
    first = asked(lambda: results.results)
    assert sum(first.values()) <= 2 * 6 + 1, first
    again = asked(lambda: (results.results, results.get_available_results(), results.outcomes()))
    assert again == {}


def test_2_2_a_result_that_cannot_be_read_is_an_error(connection, blocking_sandbox):
    """Weak spot 2.2: the job is not done without a result; the reason is told."""
    blocking_sandbox.set_faults([fault("body:200:{oops", "GET", "/{id}/*", nth=1)])
    results = run(connection, [job(), job()], wait=True)
    with pytest.raises((RemoteResultsError, QuantumAsyncError)) as caught:
        _ = results.results
    causes: list[BaseException] = [caught.value]
    while causes[-1].__cause__ is not None:
        causes.append(causes[-1].__cause__)
    assert any("is not JSON" in str(cause) for cause in causes)
    assert len(results.get_available_results()) == 1


def test_2_3_no_input_is_downloaded_again(connection, asked, counted):
    """Weak spot 2.3: the atoms are known from the submission; two requests per result."""
    results = run(connection, [job(runs=3)] * 4, wait=True)
    found = asked(lambda: results.results)
    assert found.get("GET /{id}/{rest}", 0) <= 4
    assert results[0].atom_order == ("a", "b")
    assert counted()["jobs_created"] == 4


def test_2_4_targets_are_not_listed_for_a_submission(connection, asked):
    """Weak spot 2.4: what is known of the targets is not asked for."""
    found = asked(lambda: run(connection, [job()]))
    assert "GET /providerStatus" not in found


@pytest.mark.parametrize(("method", "route"), [("POST", "/storage/sasUri"), ("PUT", "/jobs/{id}")])
def test_2_5_a_failed_submission_leaves_no_session(
    connection, blocking_sandbox, counted, method, route
):
    """Weak spot 2.5: whatever fails after the session was opened, it is closed."""
    blocking_sandbox.set_faults([fault("status:400", method, route)])
    with pytest.raises(QuantumAsyncError):
        run(connection, [job(), job()])
    blocking_sandbox.set_faults([])
    assert counted()["batches_open"] == 0


def test_2_6_a_failed_job_ends_no_session(connection, blocking_sandbox):
    """Weak spot 2.6: the others run, and more can be added."""
    blocking_sandbox.set_faults([fault("job-failure", "*", "*", nth=1)])
    backend = pulser.QPUBackend(driven(), connection)
    with backend.open_batch():
        first = backend.run([job()], wait=True)
        assert first.get_batch_status() is BatchStatus.RUNNING
        second = backend.run([job(runs=4)], wait=True)
        assert sum(second.results[0].final_bitstrings.values()) == 4
    assert next(o.status for o in first.outcomes().values()) is JobStatus.ERROR
    blocking_sandbox.set_faults([])


def test_2_7_waiting_has_a_limit_and_prints_nothing(connection, blocking_sandbox, capfd):
    """Weak spot 2.7: jobs are waited for together, failures are told, the time is kept."""
    blocking_sandbox.change(job_time="1h")
    results = run(connection, [job(), job()])
    with pytest.raises(WaitTimeoutError):
        results.wait(timeout=0.3)
    assert capfd.readouterr().out == ""
    blocking_sandbox.change(job_time="20ms")


def test_2_8_jobs_are_submitted_side_by_side(blocking_sandbox, counted):
    """Weak spot 2.8: no job waits until another one has been submitted."""
    under_way: Counter[str] = Counter()
    most: Counter[str] = Counter()

    def begin(event):
        under_way[event.method] += 1
        most[event.method] = max(most[event.method], under_way[event.method])

    def end(event):
        under_way[event.request.method] -= 1

    hooks = EventHooks(request=[begin], response=[end])
    options = SessionOptions(hooks=hooks)
    client = qa.AzureClient.from_env(blocking_sandbox.env("azure"), options=options)
    with PulserConnection(client, devices={QPU: fresnel()}) as connection:
        run(connection, [job()])
        blocking_sandbox.change(latency=0.1)
        most.clear()
        run(connection, [job()] * 8)
        blocking_sandbox.change(latency=0.0)
    # Its session is opened and its input uploaded before a job is put: all of it is a PUT.
    assert most["PUT"] > 1
    assert counted()["jobs_created"] == 9


def test_2_9_a_job_that_no_list_shows_yet_is_found(connection, blocking_sandbox):
    """Weak spot 2.9: lists lag behind; ids that are known are asked for one by one."""
    blocking_sandbox.set_faults([fault("list-lag:30", "*", "*")])
    results = run(connection, [job(runs=3)] * 5, wait=True)
    assert [sum(each.final_bitstrings.values()) for each in results.results] == [3] * 5
    blocking_sandbox.set_faults([])


def test_2_10_every_emulator_runs_and_unknown_devices_are_named(connection):
    """Weak spot 2.10: no KeyError for what no table lists."""
    results = connection.submit(plain(), device_type="EMU_TN", job_params=[{"runs": 5}], wait=True)
    assert sum(results.results[0].final_bitstrings.values()) == 5
    other = connection.submit(
        plain(), device_type="pasqal.qpu.fresnel-can1", job_params=[{"runs": 5}], wait=True
    )
    assert sum(other.results[0].final_bitstrings.values()) == 5
    with pytest.raises(UnknownTargetError, match=r"pasqal\.qpu\.new"):
        connection.submit(plain(), device_type="pasqal.qpu.new", job_params=[{"runs": 5}])


@pytest.mark.parametrize("word", ["Cancelling", "CancellationRequested"])
def test_2_11_what_has_not_ended_is_not_said_to_have(word):
    """Weak spot 2.11: neither a job that is being cancelled nor a session with a failure is over."""
    state = job_state(AzureJob.model_validate({"id": "x", "status": word}))
    assert pulser_job_status(state) is JobStatus.RUNNING
    assert pulser_batch_status("Failure(s)", ()) is BatchStatus.RUNNING


def test_2_12_an_unknown_status_is_no_failure():
    """Weak spot 2.12: a word that nobody knows promises nothing."""
    state = job_state(AzureJob.model_validate({"id": "x", "status": "Levitating"}))
    assert pulser_job_status(state) is JobStatus.PENDING
    assert pulser_batch_status("Levitating", ()) is BatchStatus.PENDING


def test_2_13_specifications_are_asked_for_when_needed(connect, blocking_sandbox):
    """Weak spot 2.13: the address is read at the call, a refusal is told, answers are kept."""
    core = blocking_sandbox.env("pasqal")["QUANTUM_ASYNC_PASQAL_CORE_URL"]
    script = (
        "import os, sys, anyio\n"
        "import quantum_async.integrations.pulser.link as services\n"
        "from quantum_async import AzureClient, QuantumAsyncError\n"
        "client = AzureClient(name='ws', endpoint='https://nowhere.example', api_key='k')\n"
        "for address in sys.argv[1:]:\n"
        "    os.environ['PASQAL_CLOUD_BASE_URL'] = address\n"
        "    try:\n"
        "        print(sorted(anyio.run(services.service_of(client).specifications)))\n"
        "    except QuantumAsyncError as error:\n"
        "        print(type(error).__name__)\n"
    )
    # The variable of this process must not be changed, so another one reads it.
    variables = {n: v for n, v in os.environ.items() if n != "PASQAL_CLOUD_BASE_URL"}
    done = subprocess.run(
        [sys.executable, "-c", script, core, core + "/nothing"],
        env=variables,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    found, refused = done.stdout.splitlines()
    assert QPU in found
    assert refused == "NotFoundError"


def test_2_14_everything_is_released_and_any_credential_taken(blocking_sandbox, counted):
    """Weak spot 2.14: a block closes the client; a key, a connection string or a token will do."""
    env = blocking_sandbox.env("azure")
    client = qa.AzureClient.from_env(env)
    with PulserConnection(client, devices={QPU: fresnel()}) as connection:
        run(connection, [job()], wait=True)
        assert client.is_open
    assert not client.is_open
    token = qa.AzureClient(
        name="sandbox",
        resource_group="sandbox",
        subscription_id="00000000-0000-4000-8000-000000000002",
        endpoint=env["QUANTUM_ASYNC_AZURE_ENDPOINT"],
        credential="a-token",
    )
    with PulserConnection(token, devices={QPU: fresnel()}) as connection:
        run(connection, [job()], wait=True)
    assert counted()["batches_open"] == 0


def test_2_15_a_sequence_that_cannot_be_built_is_refused(connection, counted):
    """Weak spot 2.15: what building finds is found before a session is opened."""
    with pytest.raises((InvalidInputError, ValueError, TypeError)):
        run(connection, [{"runs": 5, "variables": {"wrong": 1.0}}])
    assert (counted()["jobs_created"], counted()["batches_open"]) == (0, 0)
    assert not any("/sessions" in route for route in counted()["requests"])


async def test_2_16_cancelling_progress_and_awaiting(sandbox):
    """Weak spot 2.16: all of it, awaited."""
    await sandbox.change(job_time="1h")
    async with sandbox.client("azure") as client:
        backend = QPUBackend(driven(), client, devices={QPU: fresnel()})
        results = await backend.run([job(), job()])
        with pytest.raises(WaitTimeoutError):
            await results.wait(timeout=0.2)
        await results.cancel()
        ended = [outcome.status async for outcome in results]
        named = await client.jobs.update(results.job_ids[0], name="mine", tags=["a"])
    assert ended == [JobStatus.CANCELED] * 2
    assert (named.name, named.tags) == ("mine", ("a",))
    await sandbox.change(job_time="20ms")


def test_every_number_has_a_test():
    """2.1 to 2.16, none is missing."""
    tests = [name for name, f in globals().items() if inspect.isfunction(f)]
    numbers = {name.split("_")[2] for name in tests if name.startswith("test_2_")}
    assert numbers == {str(number) for number in range(1, 17)}
