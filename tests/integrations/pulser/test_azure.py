"""Pulser's own backends on Pasqal's targets of Azure Quantum, through the sandbox."""

from __future__ import annotations

import pulser
import pytest
from pulser.backend import BitStrings, EmulationConfig
from pulser.backend.remote import BatchStatus, JobStatus, RemoteBackend, RemoteResultsError

import quantum_async.blocking as qa
from quantum_async.integrations.pulser import PulserConnection, QPUBackend
from tests.integrations.pulser.sequences import driven, fresnel, job, plain


class Emulator(RemoteBackend):
    """An emulator backend as pasqal-cloud's are made."""

    def _submit_kwargs(self):
        config = EmulationConfig(observables=[BitStrings(num_shots=30)])
        return {
            "batch_id": self._batch_id,
            "backend_configuration": config,
            "device_type": "EMU_SV",
        }


@pytest.fixture
def connection(blocking_sandbox):
    """A connection to the sandbox's workspace."""
    client = qa.AzureClient.from_env(blocking_sandbox.env("azure"))
    devices = {"pasqal.qpu.fresnel": fresnel()}
    with PulserConnection(client, devices=devices) as opened:
        yield opened


@pytest.fixture
def counted(blocking_sandbox):
    """Count what the sandbox's workspace has seen."""
    return lambda: blocking_sandbox.stats()["azure"]


def sums(results):
    return [sum(each.final_bitstrings.values()) for each in results]


def test_a_run_is_a_session(connection, counted):
    """Jobs come back in order; the session is closed, and found again by its id."""
    jobs = [job(runs=3), job(runs=4), job(runs=5)]
    results = pulser.QPUBackend(driven(), connection).run(jobs, wait=True)
    assert sums(results.results) == [3, 4, 5]
    assert results[0].atom_order == ("a", "b")
    assert counted()["batches_open"] == 0
    assert results.get_batch_status() is BatchStatus.DONE
    assert set(connection.get_results(results.batch_id).job_ids) == set(results.job_ids)


def test_one_job_is_a_session_too(connection):
    """So that it is found by the id of a batch."""
    results = pulser.QPUBackend(driven(), connection).run([job(runs=3)], wait=True)
    assert connection.get_results(results.batch_id).job_ids == results.job_ids


def test_an_open_batch(connection, counted):
    """Runs in the block join one session."""
    backend = pulser.QPUBackend(driven(), connection)
    with backend.open_batch():
        first = backend.run([job(runs=1)], wait=True)
        second = backend.run([job(runs=2)], wait=True)
        assert counted()["batches_open"] == 1
    assert counted()["batches_open"] == 0
    assert first.batch_id == second.batch_id
    assert sums([*first, *second]) == [1, 2]


def test_an_emulator(connection):
    """What Pasqal calls an emulator itself is its target here."""
    assert sums(Emulator(plain(), connection).run(wait=True)) == [30]


def test_a_failed_job_hides_no_other(connection, blocking_sandbox):
    """The session goes on after it."""
    rule = {"provider": "azure", "method": "*", "route": "*", "nth": 2, "fault": "job-failure"}
    blocking_sandbox.set_faults([rule])
    results = pulser.QPUBackend(driven(), connection).run([job(), job(), job()], wait=True)
    seen = [outcome.status for outcome in results.outcomes().values()]
    assert sorted(status.name for status in seen) == ["DONE", "DONE", "ERROR"]
    assert JobStatus.ERROR in seen
    assert len(results.get_available_results()) == 2
    with pytest.raises(RemoteResultsError):
        _ = results.results


async def test_awaited(sandbox):
    """The awaited backend runs on Azure as well."""
    async with sandbox.client("azure") as client:
        backend = QPUBackend(driven(), client, devices={"pasqal.qpu.fresnel": fresnel()})
        assert sums(await (await backend.run([job(runs=3), job(runs=4)]))) == [3, 4]
