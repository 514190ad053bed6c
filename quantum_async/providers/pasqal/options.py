"""Options that only jobs on Pasqal Cloud have."""

from __future__ import annotations

from dataclasses import dataclass

from quantum_async.errors import InvalidOptionError
from quantum_async.models.advice import Advice, Setting
from quantum_async.models.options import options_as, refuse_options
from quantum_async.models.stored import stored
from quantum_async.models.submission import EmulationOptions, RunOptions
from quantum_async.providers.pasqal.emulators import DeviceType, EmulatorConfig, is_emulator

_LEGACY_ONLY = frozenset({DeviceType.EMU_TN, DeviceType.EMU_FRESNEL})
_NO_LEGACY = frozenset({DeviceType.EMU_MPS, DeviceType.EMU_SV})


@stored("pasqal.options")
@dataclass(frozen=True, slots=True)
class PasqalOptions(EmulationOptions):
    """Options of a job on Pasqal Cloud. Jobs with equal options share a batch.

    All of them are the batch's: what is added to an open batch has the options of that batch.

    Args:
        seed: Not known to the service; it takes the job as if there were none.
        observables: Not computed by the service, so they are refused: name observables in
            `emulation`.
        tags: Free words, stored with the batch; they can be searched for.
        emulation: How EMU_MPS, EMU_SV or EMU_FREE emulate: a Pulser ``EmulationConfig``, or its
            abstract representation (JSON).
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

    configuration: EmulatorConfig | None = None
    device_type: str | None = None
    webhook: str | None = None

    def __post_init__(self) -> None:
        EmulationOptions.__post_init__(self)
        self._refuse_noise_model()


def checked_options(given: RunOptions, target: str, *, is_ovh: bool) -> PasqalOptions:
    """Take options as Pasqal's, and refuse what the way to a device has no place for.

    Args:
        given: Options of any class.
        target: The device type that the job is for.
        is_ovh: Whether the way leads over OVH.

    Raises:
        InvalidOptionError: One would be dropped, or is for another device.
    """
    options = options_as(PasqalOptions, given, "pasqal")
    device = (options.device_type or target).upper()
    own = Setting("emulation", options="PasqalOptions")
    refused: dict[str, str] = {"observables": Advice("Name observables in ", own, ".")}
    if is_ovh:
        refused["tags"] = "OVH's access stores no tags; leave them out."
    if not is_emulator(device):
        refused["emulation"] = _emulators("EMU_MPS")
        refused["configuration"] = _emulators("EMU_FREE")
    if device in _LEGACY_ONLY:
        refused["emulation"] = "EMU_MPS, EMU_SV and EMU_FREE take it."
    if device in _NO_LEGACY:
        refused["configuration"] = Advice(f"{device} takes ", own, " instead.")
    refuse_options(options, refused, f"a job on pasqal:{device}", "pasqal")
    made_for = options.configuration.device_type if options.configuration is not None else ""
    if made_for and made_for != device:
        raise InvalidOptionError(
            f"PasqalOptions.configuration is one of {made_for}, and the job is for {device}",
            provider="pasqal",
            remedy="Use the device's own configuration.",
        )
    return options


def _emulators(example: str) -> Advice:
    target = Setting("on", f"pasqal:{example}")
    return Advice("It is for emulators, such as ", target, ".")
