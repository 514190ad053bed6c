"""Options that only a simulator has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from quantum_async.models.submission import RunOptions

if TYPE_CHECKING:
    from quantum_async.models.submission import JobSpec


@dataclass(frozen=True, slots=True)
class SimulationOptions(RunOptions):
    """Options of a simulated job.

    Args:
        seed: Same seed, same counts.
        observables: Pauli strings whose expectation values are wanted; circuits only.
        tags: Free words; a simulator keeps none.
        emulation: How a Pulser sequence is emulated: the abstract representation (JSON) of a
            Pulser ``EmulationConfig`` or ``NoiseModel``. Its observables are computed and the
            whole Pulser ``Results`` is kept in ``Result.raw``.

    Example:
        ```python
        from quantum_async.simulation.options import SimulationOptions

        options = SimulationOptions(seed=7, observables=("ZZ", "XX"))
        ```
    """

    emulation: str | None = None


def emulation_of(job: JobSpec) -> str | None:
    """Find the emulation configuration of a job, or ``None``."""
    options = job.options
    return options.emulation if isinstance(options, SimulationOptions) else None
