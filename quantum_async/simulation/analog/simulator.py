"""Running Pulser sequences."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from time import perf_counter
from typing import TYPE_CHECKING

from quantum_async.errors import JobFailedError, QuantumAsyncError
from quantum_async.models.carrying import options_as
from quantum_async.models.result import BitOrder, Result
from quantum_async.programs.sequences import build_sequence
from quantum_async.simulation.analog.check import check_sequence
from quantum_async.simulation.analog.effort import effort_of
from quantum_async.simulation.analog.emulate import Emulation, emulate
from quantum_async.simulation.analog.ideal import sample_ideal
from quantum_async.simulation.checked import Checked
from quantum_async.simulation.options import SimulationOptions
from quantum_async.simulation.seeds import fresh_seed

if TYPE_CHECKING:
    from pulser import Sequence
    from pulser.devices._device_datacls import BaseDevice

    from quantum_async.models.submission import JobSpec


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
        atoms=tuple(str(name) for name in sequence.register.qubit_ids),
        metadata={
            "device": device,
            "method": "qutip",
            "seed": seed,
            "duration": sequence.get_duration(),
            "run_time": perf_counter() - started,
        },
    )


def _emulation(job: JobSpec, sequence: Sequence[BaseDevice]) -> Emulation | None:
    text = options_as(SimulationOptions, job.options, "local").emulation_text
    if text is None:
        return None
    emulation = Emulation.read(text)
    emulation.check(sequence, is_seeded=job.options.seed is not None)
    return emulation
