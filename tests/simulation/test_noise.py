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
from qiskit.circuit import Delay
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
from quantum_async.journal.forms import dump_options, load_options
from quantum_async.models.options import differing_options, meaning_of
from quantum_async.providers.local.worker import Task
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


def test_noise_within_blocks_is_that_of_aer():
    """What a measurement decides is as noisy as the rest, and local errors stay at their qubits."""
    made = QuantumCircuit(4, 2)
    made.h(1)
    made.measure(1, 0)
    with made.if_test((made.clbits[0], 1)):
        made.sx(3)
        made.cx(2, 3)
    made.measure(3, 1)
    ours = simulate(
        job(made, SHOTS, chosen=SimulationOptions(seed=3, noise_model=local())), "automatic"
    )
    expected = by_aer(made, local(), "statevector", 3, enable_truncation=False).get_counts()
    assert ours.counts == expected
    assert ours.metadata["method"] == "statevector"


def test_a_labelled_gate_has_its_own_noise():
    """As Aer binds errors to labels where a gate has one, and to names elsewhere."""
    model = NoiseModel(["x"])
    model.add_all_qubit_quantum_error(pauli_error([("X", 1.0)]), "undone")
    made = QuantumCircuit(2, 2)
    made.append(XGate(label="undone"), [0])
    made.x(1)
    made.measure([0, 1], [0, 1])
    assert simulate(
        job(made, 50, chosen=SimulationOptions(noise_model=model)), "automatic"
    ).counts == {"10": 50}


def test_what_aer_does_not_know_becomes_gates_of_the_model():
    """The names that the circuit has stay, and with them their noise."""
    model = NoiseModel(["sx", "rz", "cx"])
    flip = pauli_error([("X", 1.0)])
    model._default_quantum_errors.update(dict.fromkeys(["h", "s", "x"], flip))
    made = QuantumCircuit(2, 2)
    made.x(0)
    made.x(0)
    made.x(0)
    made.iswap(0, 1)
    made.measure([0, 1], [0, 1])
    for noise, counts in ((model, {"00": 50}), (None, {"10": 50})):
        chosen = SimulationOptions(noise_model=noise)
        assert simulate(job(made, 50, chosen=chosen), "automatic").counts == counts


def test_observables_are_those_of_the_noisy_state():
    """Exact for a density matrix; elsewhere the mean of the shots, with its error."""
    model = NoiseModel()
    model.add_all_qubit_quantum_error(depolarizing_error(0.3, 1), "x")
    made = QuantumCircuit(1, 1)
    made.x(0)
    made.measure(0, 0)
    chosen = SimulationOptions(seed=1, noise_model=model, observables=("Z",))
    exact = simulate(job(made, SHOTS, chosen=chosen), "automatic").expectation_values["Z"]
    assert (round(exact.value, 9), exact.standard_error) == (-0.7, 0.0)
    drawn = simulate(job(made, SHOTS, chosen=chosen), "statevector").expectation_values["Z"]
    assert 0 < drawn.standard_error < 0.02
    assert abs(drawn.value + 0.7) < 5 * drawn.standard_error


def ghz(width):
    made = QuantumCircuit(width)
    made.h(0)
    for qubit in range(1, width):
        made.cx(0, qubit)
    made.measure_all()
    return made


@pytest.mark.parametrize(
    ("width", "error", "method"),
    [
        (3, amplitude_damping_error(0.1), "density_matrix"),
        (12, amplitude_damping_error(0.1), "statevector"),
        (60, depolarizing_error(0.1, 1), "stabilizer"),
    ],
)
def test_the_method_follows_from_circuit_and_noise(width, error, method):
    """A density matrix while it is small, the tableau for Clifford noise, and it is named."""
    model = NoiseModel()
    model.add_all_qubit_quantum_error(error, "h")
    chosen = SimulationOptions(seed=1, noise_model=model)
    found = simulate(job(ghz(width), 20, chosen=chosen), "automatic").metadata
    assert (found["method"], found["noise"]) == (method, "h")
    assert "noise" not in simulate(job(ghz(width), 20), "automatic").metadata


@pytest.mark.parametrize("device", ["stabilizer", "extended_stabilizer"])
def test_a_method_that_cannot_do_the_noise_refuses_it(device):
    """It says what the noise needs, and which method has it."""
    model = NoiseModel()
    model.add_all_qubit_quantum_error(amplitude_damping_error(0.1), "h")
    with pytest.raises(InvalidOptionError, match="needs kraus") as caught:
        validate(job(ghz(3), 20, chosen=SimulationOptions(noise_model=model)), device)
    assert "local:density_matrix" in caught.value.remedy


def test_the_same_model_is_the_same_option():
    """Made again, read from Aer's own text, pickled or journalled."""
    one, other = SimulationOptions(noise_model=local()), SimulationOptions(noise_model=local())
    assert one == other
    assert hash(one) == hash(other)
    assert meaning_of(one) == meaning_of(other)
    text = json.dumps(local().to_dict(serializable=True), indent=1)
    assert SimulationOptions(noise_model=text) == SimulationOptions(noise_model=text)
    assert differing_options(one, SimulationOptions(noise_model=mixed())) == ("noise_model",)
    assert SimulationOptions(noise_model=one.noise_model) == one
    assert pickle.loads(pickle.dumps(one)) == one
    assert load_options(dump_options(one)) == one


def test_aers_own_text_means_the_same():
    """It lacks the gates that a model is made for, which counts for translating alone."""
    text = json.dumps(mixed().to_dict(serializable=True))
    made = circuit(1)
    counts = [
        simulate(
            job(made, 500, chosen=SimulationOptions(seed=1, noise_model=noise)), "automatic"
        ).counts
        for noise in (mixed(), text)
    ]
    assert counts[0] == counts[1]


def test_a_model_is_a_snapshot():
    """What is added to it later is not in the options."""
    model = NoiseModel()
    options = SimulationOptions(noise_model=model)
    model.add_all_qubit_readout_error([[0.0, 1.0], [1.0, 0.0]])
    made = QuantumCircuit(1, 1)
    made.measure(0, 0)
    assert simulate(job(made, 9, chosen=options), "automatic").counts == {"0": 9}


async def test_a_job_and_a_sweep_are_noisy_alike():
    """Through the client, in this process and as a worker gets it."""
    model = NoiseModel()
    model.add_all_qubit_readout_error([[0.0, 1.0], [1.0, 0.0]])
    options = SimulationOptions(noise_model=model)
    source = "OPENQASM 3.0; qubit q; bit c; c = measure q;"
    async with qa.Scheduler(qa.LocalClient(seed=1)) as scheduler:
        assert (await (await scheduler.submit(source, shots=9, options=options))).counts == {"1": 9}
        sweep = scheduler.sweep(lambda n: source, qa.grid(n=[1, 2]), shots=9, options=options)
        assert [point.counts for point in await sweep] == [{"1": 9}] * 2
    task = pickle.loads(pickle.dumps(Task(job(source, 9, chosen=options), "automatic")))
    assert simulate(task.job, task.device).counts == {"1": 9}


def own_pass():
    """Make noise by a function, which has no text."""
    model = NoiseModel()
    model._custom_noise_passes.append(LocalNoisePass(lambda op, qubits: None, op_types=Delay))
    return model


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"noise_model": PulserNoise(p_false_neg=0.1)}, "emulation="),
        ({"noise_model": own_pass}, "into the circuit"),
        ({"noise_model": "{"}, "NoiseModel"),
        ({"noise_model": "[]"}, "NoiseModel"),
        ({"noise_model": '{"noise_types": []}'}, "NoiseModel"),
        ({"noise_model": '{"errors": [{"type": "bad"}]}'}, "NoiseModel"),
        ({"noise_model": 3}, "AerNoise"),
        ({"emulation": NoiseModel()}, "noise_model="),
    ],
)
def test_what_is_no_noise_of_a_circuit_is_refused(given, words):
    """Where the options are made, and the remedy says what is."""
    made = {name: value() if callable(value) else value for name, value in given.items()}
    with pytest.raises(InvalidOptionError) as caught:
        SimulationOptions(**made)
    assert words in str(caught.value.remedy)


def test_noise_goes_where_it_belongs():
    """A sequence takes Pulser's and a circuit takes Aer's; each error names the other way."""
    with pytest.raises(InvalidOptionError, match="noise_model") as caught:
        validate(job(pi_pulse("a"), 5, chosen=SimulationOptions(noise_model=local())), "pulser")
    assert "emulation=" in caught.value.remedy
    quiet = SimulationOptions(emulation=PulserNoise(p_false_neg=0.1))
    with pytest.raises(InvalidOptionError, match="emulation") as caught:
        validate(job(circuit(1), 5, chosen=quiet), "automatic")
    assert "noise_model=" in caught.value.remedy
