"""The vendor's Qiskit layer runs circuits on the sandbox, unmodified."""

from __future__ import annotations

import pytest
from iqm.iqm_client import CircuitCompilationOptions, HeraldingMode
from iqm.qiskit_iqm import IQMProvider
from qiskit import QuantumCircuit, transpile
from qiskit.providers import JobStatus


def provider(sandbox, computer):
    """The vendor's provider of a sandbox's quantum computer."""
    url = sandbox.env("iqm")["IQM_SERVER_URL"]
    return IQMProvider(url, quantum_computer=computer, token="any")


@pytest.fixture(scope="module", params=["garnet", "sirius"])
def backend(request, simulating_sandbox):
    """A backend on a square lattice, and one on a star."""
    return provider(simulating_sandbox, request.param).get_backend()


def flip():
    """One qubit flipped and measured."""
    circuit = QuantumCircuit(1, 1)
    circuit.x(0)
    circuit.measure(0, 0)
    return circuit


def test_an_asymmetric_flip_in_two_registers(backend):
    """Registers and bits come back in Qiskit's order."""
    from qiskit import ClassicalRegister, QuantumRegister

    circuit = QuantumCircuit(
        QuantumRegister(3), ClassicalRegister(2, "a"), ClassicalRegister(1, "b")
    )
    circuit.x(0)
    circuit.measure([0, 1, 2], [0, 1, 2])
    job = backend.run(transpile(circuit, backend, seed_transpiler=1), shots=20)
    assert job.result(timeout=300).get_counts() == {"0 01": 20}
    assert job.status() is JobStatus.DONE


def test_a_ghz_state(backend):
    """Entangling gates work, over a resonator too."""
    circuit = QuantumCircuit(3)
    circuit.h(0)
    circuit.cx(0, 1)
    circuit.cx(1, 2)
    circuit.measure_all()
    job = backend.run(transpile(circuit, backend, seed_transpiler=1), shots=60)
    assert set(job.result(timeout=300).get_counts()) == {"000", "111"}


def test_a_job_is_found_again(backend):
    """A job can be retrieved by its id alone."""
    job = backend.run(transpile(flip(), backend, seed_transpiler=1), shots=5)
    job.result(timeout=300)
    again = backend.retrieve_job(job.job_id())
    assert again.result(timeout=300).get_counts() == {"1": 5}


def test_options_reach_the_server(sandbox):
    """Calibration set, metrics, heralding and a list of circuits; the payload can be looked at."""
    plain = provider(sandbox, "garnet").get_backend()
    backend = provider(sandbox, "garnet").get_backend(
        calibration_set_id=plain.architecture.calibration_set_id, use_metrics=True
    )
    options = CircuitCompilationOptions(heralding_mode=HeraldingMode.ZEROS)
    circuits = transpile([flip(), flip()], backend, seed_transpiler=1)
    definition = backend.create_circuit_job_definition(circuits, shots=60)
    assert len(definition.circuits) == 2
    job = backend.run(circuits, shots=60, circuit_compilation_options=options)
    result = job.result(timeout=300)
    assert [0 < sum(counts.values()) < 60 for counts in result.get_counts()] == [True, True]
    assert job.error_message() is None


def test_cancelling_and_failing(sandbox):
    """A job that runs is cancelled, one that failed says why, one that has ended stays."""
    backend = provider(sandbox, "garnet").get_backend()
    circuit = transpile(flip(), backend, seed_transpiler=1)
    sandbox.change(job_time=30.0)
    try:
        job = backend.run(circuit, shots=5)
        assert job.status() in {JobStatus.QUEUED, JobStatus.RUNNING}
        assert job.queue_position() is None
        assert job.cancel()
        assert job.status() is JobStatus.CANCELLED
    finally:
        sandbox.change(job_time=0.02)
    sandbox.set_faults({"provider": "iqm", "method": "POST", "fault": "job-failure"})
    failed = backend.run(circuit, shots=5)
    sandbox.set_faults()
    assert not failed.result(timeout=300).success
    assert failed.status() is JobStatus.ERROR
    assert "job_failed" in failed.error_message()
    with pytest.warns(UserWarning, match="Failed to cancel"):
        assert failed.cancel() is False


@pytest.mark.parametrize("name", [None, "facade_garnet"])
def test_a_mock_of_the_published_chip(sandbox, name):
    """Software that only takes the published layout of Garnet takes the sandbox's mock."""
    backend = provider(sandbox, "garnet:mock").get_backend(name)
    job = backend.run(transpile(flip(), backend, seed_transpiler=1), shots=50)
    counts = job.result().get_counts()
    assert sum(counts.values()) == 50
    if name is not None:
        assert counts["1"] > 25
