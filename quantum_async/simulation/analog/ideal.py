"""Sampling a sequence without noise.

One evolution of the state vector gives every outcome's probability, and the shots are drawn here
rather than by Pulser, which draws from numpy's global random state: a simulation must neither
disturb that state nor depend on who else uses it.
"""

from __future__ import annotations

import threading
import warnings
from typing import TYPE_CHECKING

from quantum_async.simulation.analog.emulator import emulator_class
from quantum_async.simulation.analog.randomness import undrawn

if TYPE_CHECKING:
    from pulser import Sequence
    from pulser.devices._device_datacls import BaseDevice

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
