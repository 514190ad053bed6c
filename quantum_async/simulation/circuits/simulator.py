"""Circuits: which way each is simulated, what that will take, and its result.

The way follows from the program and the device alone, so that a job has the same counts wherever
and beside whatever it runs. Circuits for a state vector that apply gates and then measure are
computed here, many points of a sweep at a time; everything else is Aer's.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from time import perf_counter
from typing import TYPE_CHECKING

from quantum_async.errors import InvalidInputError, NoMeasurementError
from quantum_async.models.advice import Action, Advice
from quantum_async.models.options import options_as
from quantum_async.models.result import BitOrder, Result
from quantum_async.programs.parameters import bound_circuit, not_finite, values_by_parameter
from quantum_async.simulation.checked import Checked, never
from quantum_async.simulation.circuits import aer
from quantum_async.simulation.circuits.noise import read_noise
from quantum_async.simulation.circuits.prepare import prepare
from quantum_async.simulation.devices import CIRCUIT_DEVICES
from quantum_async.simulation.effort import ENDLESS, Effort
from quantum_async.simulation.memory import AMPLITUDE
from quantum_async.simulation.options import SimulationOptions
from quantum_async.simulation.seeds import fresh_seed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from quantum_async.models.result import Expectation
    from quantum_async.models.submission import JobSpec
    from quantum_async.programs.parameters import NamedParameter
    from quantum_async.simulation.circuits.prepare import Prepared

# Measured with numpy 2.4 and qiskit-aer 0.18 on one core; only their order of magnitude matters.
_START = 60e-6
_PER_SHOT = 0.15e-6
_PER_OPERATION = 0.5e-6
_PER_AMPLITUDE = 0.6e-9
_GRIP_PER_SHOT = 0.05e-6
"""Python's own work on outcomes, which keeps the interpreter's lock."""
_AER_START = 1e-3
_AER_PER_SHOT = 1.4e-6
_AER_PER_OPERATION = 28e-6
_AER_PER_AMPLITUDE = 5e-9


def effort_of(prepared: Prepared, shots: int, *, is_observed: bool = False) -> Effort:
    """Guess how much a circuit asks of this machine.

    Args:
        prepared: The circuit.
        shots: How often it is run.
        is_observed: Whether Aer runs it for expectation values as well.
    """
    survey = prepared.survey
    levels = CIRCUIT_DEVICES[prepared.method].levels
    amplitudes = levels**survey.qubits if levels else survey.qubits**2
    if prepared.vector is not None and not is_observed:
        once = survey.operations * (_PER_OPERATION + _PER_AMPLITUDE * amplitudes)
        seconds = _START + once + _PER_SHOT * shots
        return Effort(seconds, grip=_GRIP_PER_SHOT * shots, size=2 * AMPLITUDE * amplitudes)
    once = survey.turns * (_AER_PER_OPERATION + _AER_PER_AMPLITUDE * amplitudes)
    # Every shot is a run of its own where the state collapses on the way, and for a tableau.
    is_one = survey.is_measured_last and not prepared.is_drawn
    repeats = 1 if levels and is_one else shots
    seconds = _AER_START + repeats * once + _AER_PER_SHOT * shots
    seconds = min(ENDLESS, seconds * (2 if is_observed and survey.measures else 1))
    is_endless = seconds == ENDLESS
    return Effort(seconds, grip=seconds, size=AMPLITUDE * amplitudes, is_private=is_endless)


@dataclass(frozen=True, slots=True)
class Sweep:
    """What the jobs of one program share: their states are computed together.

    Args:
        prepared: The program.
    """

    prepared: Prepared

    def run(self, jobs: Sequence[JobSpec], stop: Callable[[], bool]) -> list[Result | Exception]:
        """Run jobs together, each as if it were alone."""
        started = perf_counter()
        vector, outcomes = self.prepared.vector, self.prepared.outcomes
        assert vector is not None
        assert outcomes is not None
        found: dict[int, Result | Exception] = {}
        points: list[tuple[int, int, Mapping[NamedParameter, float]]] = []
        for place, job in enumerate(jobs):
            try:
                seed = fresh_seed(job.options.seed)
                values = values_by_parameter(self.prepared.circuit, job.variables)
                points.append((place, seed, values))
            except InvalidInputError as refused:
                found[place] = refused
        angles, failed = vector.angles.of([values for *_, values in points])
        for number, error in failed.items():
            place = points[number][0]
            found[place] = not_finite(jobs[place].variables, error)
        good = [number for number in range(len(points)) if number not in failed]
        drawn = []
        for first, cumulated in vector.cumulated(angles[good], stop):
            for number, row in zip(good[first:], cumulated, strict=False):
                place, seed, _ = points[number]
                drawn.append((place, seed, outcomes.drawn(row, jobs[place].shots, seed)))
        seconds = (perf_counter() - started) / len(jobs)
        for place, seed, outcome in drawn:
            found[place] = _result(self.prepared, jobs[place], seed, outcome, seconds)
        return [found[place] for place in range(len(jobs))]


def validate(job: JobSpec, device: str) -> Checked:
    """Refuse a circuit job that cannot run."""
    text = options_as(SimulationOptions, job.options, "local").noise_text
    noise = read_noise(text) if text is not None else None
    observables = job.options.observables
    prepared = prepare(job.program, device, job.variables, noise, is_observed=bool(observables))
    values_by_parameter(prepared.circuit, job.variables)
    aer.check_observables(observables, prepared.circuit, device)
    if not prepared.survey.measures and not observables:
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
    is_sweep = prepared.vector is not None and not observables
    return Checked(
        effort_of(prepared, job.shots, is_observed=bool(observables)),
        lambda: _simulate(job, prepared),
        Sweep(prepared) if is_sweep else None,
    )


def _simulate(job: JobSpec, prepared: Prepared) -> Result:
    """Run a job alone."""
    started = perf_counter()
    seed = fresh_seed(job.options.seed)
    drawn: tuple[Mapping[str, int], tuple[str, ...]] = {}, ()
    circuit = bound_circuit(prepared.circuit, job.variables)
    if prepared.vector is not None:
        seeded = replace(job, options=replace(job.options, seed=seed))
        [found] = Sweep(prepared).run([seeded], never)
        if isinstance(found, Exception):
            raise found
        drawn = found.counts, found.samples or ()
    elif prepared.survey.measures:
        samples = aer.sampled(circuit, prepared, job.shots, seed)
        drawn = dict(Counter(samples)), samples
    values: Mapping[str, Expectation] = {}
    if job.options.observables:
        observables = job.options.observables
        values = aer.expectations(circuit, observables, prepared, job.shots, seed)
    seconds = perf_counter() - started
    return replace(_result(prepared, job, seed, drawn, seconds), expectation_values=values)


def _result(
    prepared: Prepared,
    job: JobSpec,
    seed: int,
    drawn: tuple[Mapping[str, int], tuple[str, ...]],
    seconds: float,
) -> Result:
    counts, samples = drawn
    return Result(
        counts=counts,
        shots=job.shots,
        bit_order=BitOrder.QISKIT,
        registers=prepared.bits.registers,
        samples=samples or None,
        metadata={
            "device": prepared.device,
            "method": prepared.method,
            "engine": "numpy" if prepared.vector is not None else "aer",
            "seed": seed,
            "run_time": seconds,
            **({"noise": ", ".join(sorted(prepared.noise.operations))} if prepared.noise else {}),
        },
    )
