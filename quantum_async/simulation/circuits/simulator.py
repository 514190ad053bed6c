"""Running circuits on Qiskit Aer."""

from __future__ import annotations

from collections import Counter
from math import sqrt
from time import perf_counter
from typing import TYPE_CHECKING, cast

from quantum_async.errors import (
    InvalidOptionError,
    JobFailedError,
    NoMeasurementError,
    UnsupportedProgramError,
)
from quantum_async.models.advice import Action, Advice
from quantum_async.models.carrying import options_as
from quantum_async.models.result import BitOrder, Expectation, Result
from quantum_async.programs.bare import without_final_measurements
from quantum_async.programs.parameters import bound_circuit, values_by_parameter
from quantum_async.programs.reasons import reason_of
from quantum_async.programs.survey import Survey, without_idle_qubits
from quantum_async.simulation.checked import Checked
from quantum_async.simulation.circuits.noise import read_noise
from quantum_async.simulation.circuits.prepare import Prepared, operations, prepare
from quantum_async.simulation.devices import CIRCUIT_DEVICES
from quantum_async.simulation.effort import Effort
from quantum_async.simulation.memory import AMPLITUDE
from quantum_async.simulation.options import SimulationOptions
from quantum_async.simulation.seeds import fresh_seed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from qiskit import QuantumCircuit

    from quantum_async.models.submission import JobSpec


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


def observed(
    circuit: QuantumCircuit, observables: Sequence[str], *, is_random: bool = False
) -> tuple[QuantumCircuit, bool]:
    """Replace the final measurements by the saving of expectation values.

    Args:
        circuit: The circuit.
        observables: The observables.
        is_random: Whether the state differs from shot to shot even if the circuit does not say so.

    Returns:
        The circuit to run, and whether the values differ from shot to shot.
    """
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


def expectations(observables: Sequence[str], data: Mapping[str, object]) -> dict[str, Expectation]:
    """Read what `observed` saved.

    Args:
        observables: The observables.
        data: What Aer returned.
    """
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


# Measured with qiskit-aer 0.18 on one core; only their order of magnitude matters.
_START = 1e-3
_PER_SHOT = 1.4e-6
_PER_OPERATION = 28e-6
_PER_AMPLITUDE = 5e-9


def effort_of(prepared: Prepared, shots: int) -> Effort:
    """Guess how much a circuit asks of this machine.

    Args:
        prepared: The circuit.
        shots: How often it is run.
    """
    survey = prepared.survey
    levels = CIRCUIT_DEVICES[prepared.method].levels
    amplitudes = levels**survey.qubits if levels else survey.qubits**2
    once = survey.operations * (_PER_OPERATION + _PER_AMPLITUDE * amplitudes)
    # Every shot is a run of its own where the state collapses on the way, and for a tableau.
    is_one = survey.is_measured_last and not prepared.is_drawn
    repeats = 1 if levels and is_one else shots
    seconds = _START + repeats * once + _PER_SHOT * shots
    return Effort(seconds, grip=seconds, size=AMPLITUDE * amplitudes)


_AER_SEEDS = 1 << 63
_SHARED = 1 << 14
"""Amplitudes beyond which Aer shares a simulation's work among threads."""


def validate(job: JobSpec, device: str) -> Checked:
    """Refuse a circuit job that cannot run."""
    text = options_as(SimulationOptions, job.options, "local").noise_text
    noise = read_noise(text) if text is not None else None
    prepared = prepare(job.program, device, job.variables, noise)
    values_by_parameter(prepared.circuit, job.variables)
    check_observables(job.options.observables, prepared.circuit, device)
    if not prepared.survey.measures and not job.options.observables:
        raise NoMeasurementError(
            f"{job.program.where} measures nothing",
            remedy=Advice(
                "Measure its qubits into classical bits,",
                Action(
                    " for example with circuit.measure_all(), or ask for observables.",
                    " such as with c = measure q; or pass --observable.",
                ),
            ),
        )
    return Checked(effort_of(prepared, job.shots), lambda: _simulate(job, device, prepared))


def _simulate(job: JobSpec, device: str, prepared: Prepared) -> Result:
    started = perf_counter()
    circuit = bound_circuit(prepared.circuit, job.variables)
    seed = fresh_seed(job.options.seed)
    observables = job.options.observables
    samples: tuple[str, ...] = ()
    if prepared.survey.measures:
        data = _run(circuit, prepared, job.shots, seed)
        samples = _samples(prepared, cast("Sequence[str]", data["memory"]))
    values = {}
    if observables:
        variant, is_random = observed(circuit, observables, is_random=prepared.is_drawn)
        shots = job.shots if is_random else 1
        values = expectations(observables, _run(variant, prepared, shots, seed))
    return Result(
        counts=dict(Counter(samples)),
        shots=job.shots,
        bit_order=BitOrder.QISKIT,
        registers=prepared.bits.registers,
        samples=samples or None,
        expectation_values=values,
        metadata={
            "device": device,
            "method": prepared.method,
            "seed": seed,
            "run_time": perf_counter() - started,
            **({"noise": ", ".join(sorted(prepared.noise.operations))} if prepared.noise else {}),
        },
    )


def _run(
    circuit: QuantumCircuit, prepared: Prepared, shots: int, seed: int
) -> Mapping[str, object]:
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
            circuit, shots=shots, memory=True, seed_simulator=seed % _AER_SEEDS, **further
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


def _samples(prepared: Prepared, memory: Sequence[str]) -> tuple[str, ...]:
    # Few outcomes differ, so each is written once and shared by all of its shots.
    keys = {outcome: prepared.bits.key(outcome) for outcome in set(memory)}
    return tuple(map(keys.__getitem__, memory))
