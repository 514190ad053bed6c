"""Pulser's own backends through pasqal-cloud 0.24's connections, on real simulations."""

from __future__ import annotations

import time

import pytest
from pasqal_cloud import (
    OVHConnection,
    RemoteEmuFreeBackend,
    RemoteMPSBackend,
    RemoteSVBackend,
)
from pulser import QPUBackend
from pulser.backend import BitStrings, EmulationConfig, Occupation
from pulser.backend.remote import BatchStatus, RemoteResultsError

# SampledResult and pasqal-cloud's own release clock warn.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

ATOMS = {"q0": 0, "q1": 60}


def job(omega: float, runs: int = 100) -> dict:
    return {"runs": runs, "variables": {"omega": omega, "qubits": ATOMS}}


def test_fetch_available_devices(connection):
    """Specifications become Pulser devices."""
    devices = connection.fetch_available_devices()
    assert {name: device.name for name, device in devices.items()} == {
        "FRESNEL": "FRESNEL",
        "FRESNEL_CAN1": "FRESNEL_CAN1",
    }


def test_qpu_backend(connection, mappable):
    """A parametrised sequence on a mappable register runs job by job on a QPU."""
    results = QPUBackend(mappable, connection).run([job(0.0), job(6.283185307179586)], wait=True)
    assert results.get_batch_status() is BatchStatus.DONE
    down, up = results.results
    assert dict(down.final_bitstrings) == {"00": 100}
    assert up.final_bitstrings["11"] > 90
    assert down.atom_order == ("q0", "q1")


def test_sequence_that_is_not_measured(connection, plain):
    """The vendor adds the measurement; atoms keep their names and order."""
    results = QPUBackend(plain, connection).run([{"runs": 50}], wait=True)
    assert results[0].atom_order == ("a", "b")
    assert sum(results[0].final_bitstrings.values()) == 50


def test_open_batch(connection, mappable, simulating_sandbox):
    """Jobs join one batch while the block lasts; it is closed at its end."""
    backend = QPUBackend(mappable, connection)
    with backend.open_batch():
        first = backend.run([job(0.0)], wait=True)
        second = backend.run([job(0.0, runs=7), job(0.0, runs=8)], wait=True)
        assert simulating_sandbox.stats("pasqal")["batches_open"] == 1
    assert simulating_sandbox.stats("pasqal")["batches_open"] == 0
    assert first.batch_id == second.batch_id
    assert [sum(each.final_bitstrings.values()) for each in second] == [7, 8]


def test_partial_results(connection, mappable, simulating_sandbox):
    """Results that exist are given while others do not yet exist."""
    # A sandbox that has never simulated would give both results at the same late moment.
    QPUBackend(mappable, connection).run([job(0.0)], wait=True)
    simulating_sandbox.change(job_time=2, job_spread=0)
    try:
        results = QPUBackend(mappable, connection).run([job(0.0)] * 2)
        with pytest.raises(RemoteResultsError):
            _ = results.results
        assert results.get_available_results() == {}
        while not (available := results.get_available_results()):
            time.sleep(0.1)
        assert list(available) == results.job_ids[:1]
        assert results.get_batch_status() is BatchStatus.RUNNING
    finally:
        simulating_sandbox.change(job_time=0.02)


def test_results_by_id(connection, mappable):
    """A batch is found again by its id, whole or some of its jobs."""
    sent = QPUBackend(mappable, connection).run([job(0.0, 3), job(0.0, 4)], wait=True)
    again = connection.get_results(sent.batch_id, [sent.job_ids[1]])
    assert [sum(each.final_bitstrings.values()) for each in again] == [4]


@pytest.mark.parametrize("kind", [RemoteMPSBackend, RemoteSVBackend, RemoteEmuFreeBackend])
def test_emulators(connection, plain, kind):
    """Each emulator obeys its configuration and returns Pulser's own results."""
    config = EmulationConfig(observables=[BitStrings(num_shots=30), Occupation()])
    results = kind(plain, connection, config=config).run(wait=True)
    assert sum(results[0].final_bitstrings.values()) == 30
    assert list(results[0].occupation[-1]) == pytest.approx([1.0, 1.0], abs=0.1)


def test_emulator_with_runs(connection, mappable):
    """An emulator takes a number of shots and variables too."""
    results = RemoteSVBackend(mappable, connection).run([job(0.0, runs=20)], wait=True)
    assert dict(results[0].final_bitstrings) == {"00": 20}


def test_ovh(connection, mappable, simulating_sandbox, monkeypatch):
    """The third party's connection runs a batch with a token alone."""
    monkeypatch.setenv("PASQAL_PULSER_ACCESS_TOKEN", "a-token")
    ovh = OVHConnection(endpoints=connection.cloud_client._client.endpoints)
    assert not ovh.supports_open_batch()
    results = QPUBackend(mappable, ovh).run([job(0.0)], wait=True)
    assert dict(results[0].final_bitstrings) == {"00": 100}
