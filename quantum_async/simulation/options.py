"""Options that only a simulator has."""

from __future__ import annotations

from dataclasses import dataclass

from quantum_async.models.stored import stored
from quantum_async.models.submission import EmulationOptions


@stored("local.options")
@dataclass(frozen=True, slots=True)
class SimulationOptions(EmulationOptions):
    """Options of a simulated job.

    Args:
        seed: Same seed, same counts.
        observables: Pauli strings whose expectation values are wanted; circuits only.
        tags: Free words; they are in the metadata of the result.
        emulation: How a Pulser sequence is emulated: a Pulser ``EmulationConfig`` or
            ``NoiseModel``, or the abstract representation (JSON) of one. Its observables are
            computed and the whole Pulser ``Results`` is kept in ``Result.raw``.

    Example:
        ```python
        from quantum_async.simulation.options import SimulationOptions

        options = SimulationOptions(seed=7, observables=("ZZ", "XX"))
        ```
    """
