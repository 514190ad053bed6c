"""The vendor's Qiskit layer runs circuits on the sandbox, unmodified."""

from __future__ import annotations

import pytest
from iqm.qiskit_iqm import IQMProvider
from qiskit import QuantumCircuit, transpile
from qiskit.providers import JobStatus


@pytest.fixture(scope="module", params=["garnet", "sirius"])
def backend(request, simulating_sandbox):
    """A backend on a square lattice, and one on a star."""
    url = simulating_sandbox.env("iqm")["IQM_SERVER_URL"]
    return IQMProvider(url, quantum_computer=request.param, token="any").get_backend()


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
    circuit = QuantumCircuit(1, 1)
    circuit.x(0)
    circuit.measure(0, 0)
    job = backend.run(transpile(circuit, backend, seed_transpiler=1), shots=5)
    job.result(timeout=300)
    again = backend.retrieve_job(job.job_id())
    assert again.result(timeout=300).get_counts() == {"1": 5}
