"""Options that only a simulator has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from quantum_async.errors import InvalidOptionError
from quantum_async.models.stored import stored
from quantum_async.models.submission import EmulationOptions, WrittenByPulser
from quantum_async.simulation.circuits.noise import canonical_noise, noise_text


@runtime_checkable
class AerNoise(Protocol):
    """What Aer's simulators take as noise: a ``qiskit_aer.noise.NoiseModel``."""

    @property
    def basis_gates(self) -> list[str]:
        """The gates for which it is made."""
        ...

    @property
    def noise_instructions(self) -> list[str]:
        """What it makes noisy."""
        ...

    def to_dict(self, serializable: bool = False) -> dict[str, object]:  # noqa: FBT001, FBT002 -- as Aer's
        """Return its errors."""
        ...


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
        noise_model: The noise of a circuit: Aer's ``NoiseModel``, or the JSON of its
            ``to_dict(serializable=True)``; a text that says the same is what the option then
            holds. Errors are bound to the names of the gates that the circuit has.

    Raises:
        InvalidOptionError: An option has another type, or cannot be written down.

    Example:
        ```python
        from qiskit_aer.noise import NoiseModel, ReadoutError
        from quantum_async.simulation.options import SimulationOptions

        noise = NoiseModel()
        noise.add_all_qubit_readout_error(ReadoutError([[0.98, 0.02], [0.05, 0.95]]))
        options = SimulationOptions(seed=7, noise_model=noise)
        ```
    """

    noise_model: str | AerNoise | None = None

    def __post_init__(self) -> None:
        if isinstance(self.noise_model, AerNoise):
            object.__setattr__(self, "noise_model", noise_text(self.noise_model))
        elif isinstance(self.noise_model, str):
            object.__setattr__(self, "noise_model", canonical_noise(self.noise_model))
        elif isinstance(self.noise_model, WrittenByPulser):
            raise InvalidOptionError(
                "SimulationOptions.noise_model is Pulser's, for sequences",
                remedy="Pass it as emulation=, or a qiskit_aer.noise.NoiseModel for a circuit.",
            )
        if isinstance(self.emulation, AerNoise):
            raise InvalidOptionError(
                "SimulationOptions.emulation is a noise model of Aer's, for circuits",
                remedy="Pass it as noise_model=, or a pulser.NoiseModel for a sequence.",
            )
        EmulationOptions.__post_init__(self)

    @property
    def noise_text(self) -> str | None:
        """The noise of a circuit as text."""
        return self.noise_model if isinstance(self.noise_model, str) else None
