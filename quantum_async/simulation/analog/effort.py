"""How long QuTiP will take for a sequence, roughly."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quantum_async.simulation.analog.read import build_sequence
from quantum_async.simulation.devices import ANALOG_COPIES
from quantum_async.simulation.effort import Effort
from quantum_async.simulation.memory import AMPLITUDE
from quantum_async.simulation.options import emulation_of

if TYPE_CHECKING:
    from quantum_async.models.submission import JobSpec

# Measured with pulser-simulation 1.9 on one core; only their order of magnitude matters.
_START = 0.0055
_PER_NANOSECOND = 4e-6
_SMALL = 40
_PER_AMPLITUDE = 2e-7
_TRAJECTORIES = 40


def effort(job: JobSpec, device: str) -> Effort:
    """Guess how much a sequence job asks of this machine."""
    del device
    sequence = build_sequence(job.program, job.variables)
    levels = 3 if len(sequence.get_addressed_bases()) > 1 else 2
    amplitudes = levels ** len(sequence.register.qubit_ids)
    seconds = _START + _PER_NANOSECOND * sequence.get_duration() * max(1, amplitudes / _SMALL)
    is_emulated = emulation_of(job) is not None
    return Effort(
        seconds * (_TRAJECTORIES if is_emulated else 1),
        grip=_PER_AMPLITUDE * amplitudes,
        size=int(AMPLITUDE * ANALOG_COPIES * amplitudes),
        is_private=is_emulated,
    )
