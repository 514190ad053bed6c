"""Noise of circuits: a model of Aer's means what it means to Aer."""

from __future__ import annotations

import json
import math
import pickle
import random

import numpy as np
import pytest
from pulser import NoiseModel as PulserNoise
from qiskit import QuantumCircuit
from qiskit.circuit import Delay, Gate
from qiskit.circuit.library import XGate
from qiskit_aer import AerSimulator
from qiskit_aer.noise import (
    LocalNoisePass,
    NoiseModel,
    PauliLindbladError,
    QuantumError,
    ReadoutError,
    RelaxationNoisePass,
    amplitude_damping_error,
    coherent_unitary_error,
    depolarizing_error,
    pauli_error,
    thermal_relaxation_error,
)

import quantum_async as qa
from quantum_async.errors import InvalidOptionError
from quantum_async.models.options import differing_options, meaning_of
from quantum_async.providers.local.work import Task
from quantum_async.simulation.options import SimulationOptions
from quantum_async.simulation.run import simulate, validate
from tests.simulation.jobs import job
from tests.simulation.sequences import pi_pulse

SHOTS = 4000


def relaxing(*names):
    """Relax qubits while gates of these names take their time."""
    model = NoiseModel()
    for number, name in enumerate(names):
        model.add_all_qubit_quantum_error(
            thermal_relaxation_error(50.0, 30.0 + 40 * number, 10.0), name
        )
    return model


def local():
    """Give each qubit and each pair an error of its own, and one gate an error everywhere."""
    model = NoiseModel()
    for qubit in range(4):
        model.add_quantum_error(depolarizing_error(0.05 * (qubit + 1), 1), ["h", "sx"], [qubit])
        flips = [[0.99 - 0.05 * qubit, 0.01 + 0.05 * qubit], [0.1, 0.9]]
        model.add_readout_error(ReadoutError(flips), [qubit])
    model.add_quantum_error(depolarizing_error(0.3, 2), "cx", [1, 0])
    model.add_quantum_error(depolarizing_error(0.1, 2), "cx", [2, 3])
    model.add_all_qubit_quantum_error(amplitude_damping_error(0.2), "rz")
    return model


def delaying():
    """Relax qubits while they are delayed, as a device's own model does."""
    model = NoiseModel(basis_gates=["x", "cx", "delay"])
    times = {"t1s": [1e-4, 2e-5, 1e-4, 3e-5], "t2s": [1e-4, 1e-5, 5e-5, 6e-5]}
    model._custom_noise_passes.append(
        RelaxationNoisePass(**times, dt=1e-9, op_types=Delay, excited_state_populations=[0.1] * 4)
    )
    return model


def mixed():
    """Hold every kind of error that Aer writes down."""
    model = NoiseModel()
    model.add_all_qubit_quantum_error(pauli_error([("X", 0.1), ("I", 0.9)]), "h")
    model.add_all_qubit_quantum_error(PauliLindbladError(["XI", "ZZ"], [0.1, 0.2]), "cx")
    turned = np.array([[math.cos(0.3), -math.sin(0.3)], [math.sin(0.3), math.cos(0.3)]])
    model.add_all_qubit_quantum_error(coherent_unitary_error(turned), "rz")
    twice = QuantumCircuit(1)
    twice.h(0)
    twice.reset(0)
    model.add_all_qubit_quantum_error(QuantumError([(twice, 0.2), (QuantumCircuit(1), 0.8)]), "id")
    model.add_all_qubit_readout_error([[0.9, 0.1], [0.2, 0.8]])
    return model


MODELS = {
    "relaxation": lambda: relaxing("h", "sx"),
    "local": local,
    "delay": delaying,
    "mixed": mixed,
    "none": NoiseModel,
}


def circuit(seed, width=4, measured=4):
    """Put gates that the models know, and that they do not, on qubits of which one idles."""
    draw = random.Random(seed)
    made = QuantumCircuit(width, measured)
    qubits = [q for q in range(width) if q != seed % width]
    for _ in range(12):
        one, two = draw.sample(qubits, 2)
        kind = draw.choice(["h", "sx", "rz", "cx", "delay", "id", "t", "x"])
        if kind == "cx":
            made.cx(one, two)
        elif kind == "rz":
            made.rz(draw.uniform(0, 6), one)
        elif kind == "delay":
            made.delay(draw.randint(1, 40), one, unit="us")
        else:
            getattr(made, kind)(one)
    for place, qubit in enumerate(qubits):
        made.measure(qubit, place)
    return made


def by_aer(made, model, method, seed, **options):
    """Run a circuit as a user of Aer does."""
    simulator = AerSimulator(
        method=method, noise_model=model, max_parallel_threads=1, max_parallel_shots=1
    )
    return simulator.run(made, shots=SHOTS, seed_simulator=seed, **options).result()


@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
@pytest.mark.parametrize("seed", range(3))
def test_counts_are_those_of_aer(model, seed):
    """With the same method and the same seed, whichever qubits the circuit leaves idle."""
    made = circuit(seed)
    chosen = SimulationOptions(seed=seed, noise_model=model())
    for device in ("density_matrix", "statevector"):
        wanted = job(made, SHOTS, chosen=chosen)
        ours = simulate(wanted, f"{device}")
        expected = by_aer(made, model(), device, seed).get_counts()
        assert ours.counts == {o: n for o, n in expected.items() if n}
