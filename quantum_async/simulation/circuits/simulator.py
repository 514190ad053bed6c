"""Running circuits on Qiskit Aer."""

from __future__ import annotations

from collections import Counter
from time import perf_counter
from typing import TYPE_CHECKING, cast

from quantum_async.errors import JobFailedError, NoMeasurementError
from quantum_async.models.advice import Action, Advice
from quantum_async.models.result import BitOrder, Result
from quantum_async.programs.parameters import bound_circuit, values_by_parameter
from quantum_async.programs.reasons import reason_of
from quantum_async.programs.survey import Survey, without_idle_qubits
from quantum_async.simulation.checked import Checked
from quantum_async.simulation.circuits.effort import effort_of
from quantum_async.simulation.circuits.observables import (
    check_observables,
    expectations,
    observed,
)
from quantum_async.simulation.circuits.prepare import Prepared, prepare
from quantum_async.simulation.devices import CIRCUIT_DEVICES
from quantum_async.simulation.seeds import fresh_seed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from qiskit import QuantumCircuit

    from quantum_async.models.submission import JobSpec

_AER_SEEDS = 1 << 63
_SHARED = 1 << 14
"""Amplitudes beyond which Aer shares a simulation's work among threads."""


def validate(job: JobSpec, device: str) -> Checked:
    """Refuse a circuit job that cannot run."""
    prepared = prepare(job.program, device, job.variables)
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
        data = _run(circuit, prepared.method, job.shots, seed)
        samples = _samples(prepared, cast("Sequence[str]", data["memory"]))
    values = {}
    if observables:
        variant, is_random = observed(circuit, observables)
        shots = job.shots if is_random else 1
        values = expectations(observables, _run(variant, prepared.method, shots, seed))
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
        },
    )


def _run(circuit: QuantumCircuit, method: str, shots: int, seed: int) -> Mapping[str, object]:
    from qiskit_aer import AerSimulator

    decides = Survey.of(circuit).decides
    if decides:
        # Left to itself, Aer drops qubits that it sees in no operation but a block's, and fails.
        circuit = without_idle_qubits(circuit)
    # Below that size its threads only wait for each other, busily: eight times the work itself.
    levels = CIRCUIT_DEVICES[method].levels or 2
    is_shared = levels**circuit.num_qubits > _SHARED
    simulator = AerSimulator(
        method=method,
        enable_truncation=not decides,
        # One stream of random numbers, so that counts do not depend on the number of cores.
        max_parallel_shots=1,
        max_parallel_experiments=1,
        max_parallel_threads=0 if is_shared else 1,
    )
    try:
        result = simulator.run(
            circuit, shots=shots, memory=True, seed_simulator=seed % _AER_SEEDS
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
