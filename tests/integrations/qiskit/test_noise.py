"""Noise at the Qiskit door: what a user of Aer passes means the same here."""

from __future__ import annotations

import pytest
from qiskit import QuantumCircuit, transpile
from qiskit.primitives import BackendSamplerV2
from qiskit_aer import AerSimulator
from qiskit_aer.noise import NoiseModel, depolarizing_error

from quantum_async import blocking
from quantum_async.errors import InvalidOptionError
from quantum_async.integrations.qiskit import EstimatorV2, QuantumAsyncProvider, SamplerV2
from quantum_async.simulation.options import SimulationOptions


def noisy():
    """Depolarise after each gate, and misread ones more often than zeros."""
    model = NoiseModel(["x", "sx", "rz", "cx"])
    model.add_all_qubit_quantum_error(depolarizing_error(0.2, 1), ["x", "sx"])
    model.add_quantum_error(depolarizing_error(0.3, 2), "cx", [0, 1])
    model.add_all_qubit_readout_error([[0.97, 0.03], [0.1, 0.9]])
    return model


def bell():
    circuit = QuantumCircuit(2)
    circuit.h(0)
    circuit.cx(0, 1)
    circuit.measure_all()
    return circuit


@pytest.fixture
def backend():
    """A backend whose options a test may change."""
    with QuantumAsyncProvider(blocking.LocalClient()) as provider:
        yield provider.backend("density_matrix")


def expected(circuit, shots):
    simulator = AerSimulator(method="density_matrix", noise_model=noisy(), max_parallel_threads=1)
    return simulator.run(circuit, shots=shots, seed_simulator=7).result().get_counts()


def test_a_run_takes_a_noise_model(backend):
    """As Aer's ``run`` does: the circuit stays as it is, and the counts are Aer's."""
    job = backend.run(bell(), shots=900, seed_simulator=7, noise_model=noisy())
    assert job.result().get_counts() == expected(bell(), 900)
    own = SimulationOptions(noise_model=noisy())
    other = backend.run(bell(), shots=900, seed_simulator=7, provider_options=own)
    assert other.result().get_counts() == expected(bell(), 900)
    quiet = backend.run(bell(), shots=900, seed_simulator=7).result().get_counts()
    assert set(quiet) == {"00", "11"}


def test_a_backend_keeps_a_noise_model(backend):
    """Among its options, for every run and every sampler."""
    backend.set_options(noise_model=noisy(), seed_simulator=7)
    wanted = expected(bell(), 900)
    assert backend.run(bell(), shots=900).result().get_counts() == wanted
    sampled = [
        SamplerV2(backend).run([bell()], shots=900),
        BackendSamplerV2(backend=backend).run([bell()], shots=900),
    ]
    for job in sampled:
        assert sum(job.result()[0].data.meas.get_counts().values()) == 900
        assert job.result()[0].data.meas.get_counts().keys() > {"00", "11"}


def test_circuits_are_transpiled_to_the_gates_of_the_model(backend):
    """Where that is asked for, as for a simulator of Aer's that has the model."""
    made = transpile(bell(), AerSimulator(noise_model=noisy()), seed_transpiler=1)
    backend.set_options(noise_model=noisy())
    assert "h" not in backend.operation_names
    assert {"measure", "reset", "if_else"} <= set(backend.operation_names)
    ours = transpile(bell(), backend, seed_transpiler=1)
    assert ours.count_ops() == made.count_ops()
    backend.set_options(noise_model=None)
    assert "h" in backend.operation_names
    options = {"shots": 900, "seed_simulator": 7, "noise_model": noisy()}
    run = backend.run(bell(), optimization_level=0, **options).result().get_counts()
    assert run == expected(
        transpile(bell(), basis_gates=["sx", "rz", "cx"], optimization_level=0), 900
    )


@pytest.mark.parametrize("measured", [False, True])
def test_an_estimator_sees_the_noise(backend, measured):
    """Computed from the noisy state, or measured: then misread as well."""
    circuit = QuantumCircuit(1)
    circuit.x(0)
    estimator = EstimatorV2(backend, measured=measured, noise_model=noisy(), seed_simulator=1)
    value = estimator.run([(circuit, "Z")], precision=0.02).result()[0].data.evs
    # Depolarising leaves -0.8, and misreading takes 0.87 of that and adds -0.07.
    exact = -0.8 if not measured else 0.87 * -0.8 + 0.07
    assert value == pytest.approx(exact, abs=1e-9 if not measured else 0.1)


def test_a_sampler_takes_a_noise_model(backend):
    """As one of its options."""
    sampler = SamplerV2(backend, noise_model=noisy(), seed_simulator=7)
    counts = sampler.run([bell()], shots=900).result()[0].data.meas.get_counts()
    assert counts.keys() > {"00", "11"}


def test_what_is_no_noise_model_is_refused(backend):
    """Before anything runs."""
    with pytest.raises(InvalidOptionError, match="noise_model"):
        backend.run(bell(), noise_model=0.1)


def test_a_cloud_takes_no_noise_model(connect):
    """It has no such option, and the error lists those that it has."""
    backend = connect("azure").backend("ionq.simulator")
    with pytest.raises(InvalidOptionError, match="no run option 'noise_model'"):
        backend.run(bell(), noise_model=noisy())
