"""How long Aer will take for a circuit, roughly."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quantum_async.simulation.devices import CIRCUIT_DEVICES
from quantum_async.simulation.effort import Effort
from quantum_async.simulation.memory import AMPLITUDE

if TYPE_CHECKING:
    from quantum_async.simulation.circuits.prepare import Prepared

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
    repeats = 1 if levels and survey.is_measured_last else shots
    seconds = _START + repeats * once + _PER_SHOT * shots
    return Effort(seconds, grip=seconds, size=AMPLITUDE * amplitudes)
