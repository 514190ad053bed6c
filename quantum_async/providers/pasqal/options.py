"""Options that only jobs on Pasqal Cloud have."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from quantum_async.models.submission import RunOptions

if TYPE_CHECKING:
    from quantum_async.providers.pasqal.emulators import EmulatorConfig


@dataclass(frozen=True, slots=True)
class PasqalOptions(RunOptions):
    """Options of a job on Pasqal Cloud. Jobs with equal options share a batch.

    Args:
        seed: Not used by the service.
        observables: Not used by the service: name observables in `emulation`.
        tags: Free words, stored with the batch; they can be searched for.
        emulation: How EMU_MPS, EMU_SV or EMU_FREE emulate: the abstract representation (JSON) of
            a Pulser ``EmulationConfig``.
        configuration: The legacy configuration of EMU_FREE or EMU_TN.
        device_type: Sent instead of the target's name; ``""`` lets the service take the device
            inside the sequence.
        webhook: Address that the service calls, instead of the client's own.

    Example:
        ```python
        from quantum_async.providers.pasqal.emulators import EmuFreeConfig
        from quantum_async.providers.pasqal.options import PasqalOptions

        options = PasqalOptions(tags=("rabi",), configuration=EmuFreeConfig(with_noise=True))
        ```
    """

    emulation: str | None = None
    configuration: EmulatorConfig | None = None
    device_type: str | None = None
    webhook: str | None = None


def pasqal_options(options: RunOptions) -> PasqalOptions:
    """Return options as ours, those of no provider in particular filled up."""
    if isinstance(options, PasqalOptions):
        return options
    emulation = getattr(options, "emulation", None)
    return PasqalOptions(
        options.seed,
        options.observables,
        options.tags,
        emulation=emulation if isinstance(emulation, str) else None,
    )
