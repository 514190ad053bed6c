"""Running Pulser sequences."""

from __future__ import annotations

import threading
import warnings
from collections import Counter
from dataclasses import replace
from functools import cache
from time import perf_counter
from typing import TYPE_CHECKING

from quantum_async.errors import JobFailedError, QuantumAsyncError
from quantum_async.models.options import options_as
from quantum_async.models.result import BitOrder, Result
from quantum_async.programs.sequences import build_sequence
from quantum_async.simulation.analog.emulate import Emulation, check_sequence, emulate, undrawn
from quantum_async.simulation.checked import Checked
from quantum_async.simulation.devices import ANALOG_COPIES
from quantum_async.simulation.effort import Effort
from quantum_async.simulation.memory import AMPLITUDE
from quantum_async.simulation.options import SimulationOptions
from quantum_async.simulation.seeds import fresh_seed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pulser import Sequence
    from pulser.channels.base_channel import States
    from pulser.devices._device_datacls import BaseDevice
    from pulser_simulation import QutipEmulator
    from pulser_simulation.hamiltonian import Hamiltonian
    from pulser_simulation.simulation import HamiltonianWithReps
    from qutip import Qobj

    from quantum_async.models.submission import JobSpec


# Entering CoreOptions changes what the whole process uses.
_options = threading.Lock()


@cache
def emulator_class() -> type[QutipEmulator]:
    """Return the emulator to use; importing it takes a second or two."""
    from pulser_simulation import QutipEmulator

    try:
        return _quick_emulator()
    except ImportError:
        return QutipEmulator


def _quick_emulator() -> type[QutipEmulator]:
    from pulser_simulation import QutipEmulator
    from pulser_simulation.simulation import HamiltonianWithReps

    hamiltonian = _quick_hamiltonian()

    class QuickEmulator(QutipEmulator):
        @property
        def _hamiltonians(self) -> Iterator[HamiltonianWithReps]:
            data = self._hamiltonian_data
            for trajectory, samples, repetitions in data.noisy_samples:
                made = hamiltonian(
                    samples, trajectory, data.basis_data, data.lindblad_data, self._sampling_rate
                )
                yield HamiltonianWithReps(made, repetitions)

    return QuickEmulator


def _quick_hamiltonian() -> type[Hamiltonian]:
    from pulser_simulation.hamiltonian import Hamiltonian

    kept: dict[tuple[States, ...], tuple[dict[States, Qobj], dict[str, Qobj]]] = {}

    class QuickHamiltonian(Hamiltonian):
        @staticmethod
        def _get_basis_op_matrices(
            eigenbasis: list[States],
        ) -> tuple[dict[States, Qobj], dict[str, Qobj]]:
            levels = tuple(eigenbasis)
            with _options:
                if levels not in kept:
                    kept[levels] = Hamiltonian._get_basis_op_matrices(  # noqa: SLF001
                        eigenbasis
                    )
            basis, operators = kept[levels]
            return dict(basis), dict(operators)

    return QuickHamiltonian


# Filters of warnings are global to the process.
_filters = threading.Lock()


def sample_ideal(sequence: Sequence[BaseDevice], shots: int, seed: int) -> tuple[str, ...]:
    """Evolve a sequence's state and draw an outcome for every shot.

    Args:
        sequence: A built sequence.
        shots: How many outcomes.
        seed: Seed of the draw.
    """
    import numpy as np

    distribution = _distribution(sequence)
    outcomes = list(distribution)
    weights = np.fromiter(distribution.values(), dtype=float, count=len(outcomes))
    generator = np.random.Generator(np.random.PCG64(seed))
    drawn = generator.choice(len(outcomes), size=shots, p=weights / weights.sum())
    return tuple(map(outcomes.__getitem__, drawn.tolist()))


def _distribution(sequence: Sequence[BaseDevice]) -> dict[str, float]:
    # QutipBackendV2 builds the Hamiltonian twice, which doubles the time of a point.
    atoms = len(sequence.register.qubit_ids)
    with undrawn(atoms):
        emulator = emulator_class().from_sequence(sequence, evaluation_times="Minimal")
    if not emulator.samples_obj.used_bases:
        # Pulser takes what drives nothing, such as a sweep's first point at no amplitude, for the
        # Rydberg basis, and then refuses to measure another. Every atom is where it began.
        return {"0" * atoms: 1.0}
    with _filters, warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        final = emulator.run()[-1]
    distribution: dict[str, float] = final.sampling_dist
    return distribution


# Measured with pulser-simulation 1.9 on one core; only their order of magnitude matters.
_START = 0.0055
_PER_NANOSECOND = 4e-6
_SMALL = 40
_PER_AMPLITUDE = 2e-7
_TRAJECTORIES = 40


def effort_of(sequence: Sequence[BaseDevice], *, is_emulated: bool) -> Effort:
    """Guess how much a sequence asks of this machine.

    Args:
        sequence: A built sequence.
        is_emulated: Whether an emulation configuration says how.
    """
    levels = 3 if len(sequence.get_addressed_bases()) > 1 else 2
    amplitudes = levels ** len(sequence.register.qubit_ids)
    seconds = _START + _PER_NANOSECOND * sequence.get_duration() * max(1, amplitudes / _SMALL)
    return Effort(
        seconds * (_TRAJECTORIES if is_emulated else 1),
        grip=_PER_AMPLITUDE * amplitudes,
        size=int(AMPLITUDE * ANALOG_COPIES * amplitudes),
        is_private=is_emulated,
    )


def validate(job: JobSpec, device: str) -> Checked:
    """Refuse a sequence job that cannot run."""
    fresh_seed(job.options.seed)
    sequence = build_sequence(job.program, job.variables)
    check_sequence(sequence, job)
    emulation = _emulation(job, sequence)
    effort = effort_of(sequence, is_emulated=emulation is not None)
    return Checked(effort, lambda: _simulate(job, device, sequence, emulation))


def _simulate(
    job: JobSpec, device: str, sequence: Sequence[BaseDevice], emulation: Emulation | None
) -> Result:
    started = perf_counter()
    seed = fresh_seed(job.options.seed)
    try:
        if emulation is None:
            samples = sample_ideal(sequence, job.shots, seed)
            outcome = Result(dict(Counter(samples)), job.shots, BitOrder.ATOMS, samples=samples)
        else:
            outcome = emulate(sequence, emulation, job.shots, seed)
    except QuantumAsyncError:
        raise
    except Exception as error:
        # Whatever the solvers of three libraries raise means the same to the caller.
        raise JobFailedError(
            f"the simulation failed: {type(error).__name__}: {error}", provider="local"
        ) from error
    return replace(
        outcome,
        atoms=_names(sequence),
        metadata={
            "device": device,
            "method": "qutip",
            "engine": "qutip",
            "seed": seed,
            "duration": sequence.get_duration(),
            "run_time": perf_counter() - started,
            **({"noise": emulation.noise(sequence)} if emulation is not None else {}),
        },
    )


def _names(sequence: Sequence[BaseDevice]) -> tuple[str, ...]:
    ids = sequence.register.qubit_ids
    names = tuple(map(str, ids))
    return names if len(set(names)) == len(names) else tuple(map(repr, ids))


def _emulation(job: JobSpec, sequence: Sequence[BaseDevice]) -> Emulation | None:
    text = options_as(SimulationOptions, job.options, "local").emulation_text
    if text is None:
        return None
    emulation = Emulation.read(text)
    emulation.check(sequence, is_seeded=job.options.seed is not None)
    return emulation
