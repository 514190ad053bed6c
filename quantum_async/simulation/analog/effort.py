"""How long QuTiP will take for a sequence, roughly."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quantum_async.simulation.devices import ANALOG_COPIES
from quantum_async.simulation.effort import Effort
from quantum_async.simulation.memory import AMPLITUDE

if TYPE_CHECKING:
    from pulser import Sequence
    from pulser.devices._device_datacls import BaseDevice

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
