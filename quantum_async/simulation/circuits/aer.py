"""Running circuits on Qiskit Aer."""

from __future__ import annotations

from math import sqrt
from typing import TYPE_CHECKING, cast

from quantum_async.errors import InvalidOptionError, JobFailedError, UnsupportedProgramError
from quantum_async.models.result import Expectation
from quantum_async.programs.reasons import reason_of
from quantum_async.programs.survey import Survey, without_final_measurements, without_idle_qubits
from quantum_async.simulation.circuits.prepare import operations
from quantum_async.simulation.devices import CIRCUIT_DEVICES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from qiskit import QuantumCircuit

    from quantum_async.simulation.circuits.prepare import Prepared


def check_observables(observables: Sequence[str], circuit: QuantumCircuit, device: str) -> None:
    """Refuse observables that a circuit or device does not have.

    Raises:
        InvalidOptionError: An observable is no Pauli string of the circuit's width.
        UnsupportedProgramError: The device computes no expectation values.
    """
    if observables and "save_expval" not in operations(device):
        raise UnsupportedProgramError(
            f"local:{device} computes no expectation values",
            remedy="Use local:statevector or local:matrix_product_state.",
        )
    for observable in observables:
        if len(observable) != circuit.num_qubits or set(observable) - set("IXYZ"):
            raise InvalidOptionError(
                f"{observable!r} is not an observable of {circuit.num_qubits} qubits",
                remedy="Write one of I, X, Y, Z per qubit, the rightmost for qubit 0.",
            )


def _observed(
    circuit: QuantumCircuit, observables: Sequence[str], *, is_random: bool
) -> tuple[QuantumCircuit, bool]:
    """Replace final measurements by the saving of values; say whether shots differ."""
    from qiskit.quantum_info import SparsePauliOp
    from qiskit_aer.library import SaveExpectationValue

    copy = without_final_measurements(circuit)
    is_random = is_random or Survey.of(copy).is_random
    for number, observable in enumerate(observables):
        support = [q for q, letter in enumerate(reversed(observable)) if letter != "I"]
        if not support:
            continue
        letters = "".join(observable[-1 - q] for q in reversed(support))
        save = SaveExpectationValue(SparsePauliOp(letters), label=str(number), pershot=is_random)
        copy.append(save, [copy.qubits[q] for q in support])
    return copy, is_random


def expectations(
    circuit: QuantumCircuit, observables: Sequence[str], prepared: Prepared, shots: int, seed: int
) -> dict[str, Expectation]:
    """Compute expectation values of the state before the final measurements.

    Args:
        circuit: The circuit without open parameters.
        observables: Pauli strings of its width.
        prepared: How it is run.
        shots: How often it is run where the state differs from shot to shot.
        seed: Of the random numbers.

    Raises:
        JobFailedError: Aer gave up.
    """
    variant, is_random = _observed(circuit, observables, is_random=prepared.is_drawn)
    data = run(variant, prepared, shots if is_random else 1, seed)
    return {
        observable: _expectation(data.get(str(number)))
        for number, observable in enumerate(observables)
    }


def _expectation(saved: object) -> Expectation:
    if saved is None:
        return Expectation(1.0, 0.0)
    if isinstance(saved, (int, float)):
        return Expectation(float(saved), 0.0)
    values = [float(value) for value in saved]  # type: ignore[attr-defined]  # one per shot
    mean = sum(values) / len(values)
    if len(values) == 1:
        return Expectation(mean, None)
    variance = sum((value - mean) ** 2 for value in values) / (len(values) - 1)
    return Expectation(mean, sqrt(variance / len(values)))


_SEEDS = 1 << 63
_SHARED = 1 << 14
"""Amplitudes beyond which Aer shares a simulation's work among threads."""


def sampled(circuit: QuantumCircuit, prepared: Prepared, shots: int, seed: int) -> tuple[str, ...]:
    """Run a circuit and write the outcome of every shot.

    Args:
        circuit: The circuit without open parameters.
        prepared: How it is run.
        shots: How often.
        seed: Of the random numbers.

    Raises:
        JobFailedError: Aer gave up.
    """
    memory = cast("Sequence[str]", run(circuit, prepared, shots, seed)["memory"])
    # Few outcomes differ, so each is written once and shared by all of its shots.
    distinct = list(set(memory))
    texts = prepared.bits.texts(int(outcome, 16) for outcome in distinct)
    return tuple(map(dict(zip(distinct, texts, strict=True)).__getitem__, memory))


def run(circuit: QuantumCircuit, prepared: Prepared, shots: int, seed: int) -> Mapping[str, object]:
    """Run a circuit on Aer and return its data.

    Args:
        circuit: The circuit without open parameters.
        prepared: How it is run.
        shots: How often.
        seed: Of the random numbers.

    Raises:
        JobFailedError: Aer gave up.
    """
    from qiskit_aer import AerSimulator

    method, noise = prepared.method, prepared.noise
    is_bare = noise is not None or Survey.of(circuit).decides
    further: dict[str, object] = {}
    if is_bare:
        # Left to itself, Aer drops qubits that it sees in no operation but a block's, and fails.
        # And the fewer qubits there are, the less of the noise has to be handed over.
        numbers = {qubit: number for number, qubit in enumerate(circuit.qubits)}
        circuit = without_idle_qubits(circuit)
        if noise is not None:
            further["noise_model"] = noise.on([numbers[qubit] for qubit in circuit.qubits])
    # Below that size its threads only wait for each other, busily: eight times the work itself.
    levels = CIRCUIT_DEVICES[method].levels or 2
    is_shared = levels**circuit.num_qubits > _SHARED
    simulator = AerSimulator(
        method=method,
        enable_truncation=not is_bare,
        # One stream of random numbers, so that counts do not depend on the number of cores.
        max_parallel_shots=1,
        max_parallel_experiments=1,
        max_parallel_threads=0 if is_shared else 1,
    )
    try:
        result = simulator.run(
            circuit, shots=shots, memory=True, seed_simulator=seed % _SEEDS, **further
        ).result()
    except Exception as error:
        # Besides its own errors, those of its compiled part over what it has no words for.
        raise JobFailedError(
            f"Aer refused the circuit: {reason_of(error)}",
            provider="local",
            remedy="Leave out what Aer does not know, such as stretches and stored variables.",
        ) from error
    if not result.success:
        messages = [result.status, *(str(part.status) for part in result.results)]
        raise JobFailedError(f"Aer failed: {'; '.join(messages)}", provider="local")
    return cast("Mapping[str, object]", result.data())
