"""Emulators: their names, and the legacy configurations of those that take one."""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003  part of the classes' signatures
from dataclasses import dataclass, field, fields
from enum import StrEnum
from typing import TYPE_CHECKING, ClassVar, Literal, Self

from quantum_async.errors import InvalidOptionError
from quantum_async.models.fields import check_fields, check_json
from quantum_async.models.stored import stored

if TYPE_CHECKING:
    from pydantic import JsonValue

Precision = Literal["low", "normal", "high"]
"""How exactly EMU_TN compresses its tensors."""


@stored("pasqal.device-type")
class DeviceType(StrEnum):
    """Device types by their names on the wire; the service may have others."""

    FRESNEL = "FRESNEL"
    FRESNEL_CAN1 = "FRESNEL_CAN1"
    EMU_FREE = "EMU_FREE"
    EMU_MPS = "EMU_MPS"
    EMU_SV = "EMU_SV"
    EMU_TN = "EMU_TN"
    """Deprecated by the provider."""
    EMU_FRESNEL = "EMU_FRESNEL"


def is_emulator(device_type: str) -> bool:
    """Say whether a device type computes instead of measuring."""
    return device_type.upper().startswith("EMU_")


@stored("pasqal.emulator-config")
@dataclass(frozen=True, slots=True, kw_only=True)
class EmulatorConfig:
    """The legacy configuration of an emulator.

    EMU_MPS, EMU_SV and EMU_FREE now take a Pulser ``EmulationConfig`` instead:
    `PasqalOptions.emulation`.

    Args:
        strict_validation: Whether the job must obey the limits of a QPU.
        result_types: What is wanted; the service knows ``"counter"``.
        extra: Further keys, sent as they are.

    Raises:
        InvalidOptionError: A value is out of range, or `extra` repeats a field.
    """

    strict_validation: bool = False
    result_types: tuple[str, ...] | None = None
    extra: Mapping[str, JsonValue] = field(default_factory=dict, hash=False)

    device_type: ClassVar[str] = ""

    def __post_init__(self) -> None:
        check_fields(self)
        check_json(self, "extra")
        known = {*_names(type(self)), "extra_config"}
        if shadowed := sorted(known & set(self.extra)):
            raise _wrong(f"extra repeats the field {shadowed[0]}", "Set the field itself.")
        if unknown := set(self.result_types or ()) - {"counter"}:
            raise _wrong(f"result type {min(unknown)!r}", "The only one is 'counter'.")

    def document(self) -> dict[str, JsonValue]:
        """Return the configuration as it goes on the wire."""
        named: dict[str, JsonValue] = {name: getattr(self, name) for name in _names(type(self))}
        named["result_types"] = [*self.result_types] if self.result_types is not None else None
        return {**self.extra, **named}

    @classmethod
    def from_document(cls, document: Mapping[str, JsonValue]) -> Self:
        """Read a configuration as the service returns it; the document stays as it is.

        Raises:
            InvalidOptionError: A value is out of range.
        """
        names = _names(cls)
        named: dict[str, object] = {n: document[n] for n in names if document.get(n) is not None}
        if isinstance(types := named.get("result_types"), list):
            named["result_types"] = tuple(map(str, types))
        extra = {name: value for name, value in document.items() if name not in names}
        return cls(**named, extra=extra)  # type: ignore[arg-type]  # checked by __post_init__


@stored("pasqal.emu-free-config")
@dataclass(frozen=True, slots=True, kw_only=True)
class EmuFreeConfig(EmulatorConfig):
    """The configuration of EMU_FREE.

    Args:
        with_noise: Whether errors of preparation and measurement are simulated.
    """

    with_noise: bool = False

    device_type: ClassVar[str] = DeviceType.EMU_FREE


@stored("pasqal.emu-tn-config")
@dataclass(frozen=True, slots=True, kw_only=True)
class EmuTNConfig(EmulatorConfig):
    """The configuration of EMU_TN.

    Args:
        dt: Time step of the integrator, in nanoseconds.
        precision: How exactly tensors are compressed.
        max_bond_dim: Largest bond dimension of the state.
    """

    dt: float = 10.0
    precision: Precision = "normal"
    max_bond_dim: int = 500

    device_type: ClassVar[str] = DeviceType.EMU_TN

    def __post_init__(self) -> None:
        # `super()` without arguments does not find its class in one made anew for its slots.
        EmulatorConfig.__post_init__(self)
        if not self.dt > 0:
            raise _wrong(f"dt = {self.dt}", "Give a positive time step in nanoseconds.")
        if not self.max_bond_dim > 0:
            raise _wrong(f"max_bond_dim = {self.max_bond_dim}", "Give a whole number from 1 up.")


@stored("pasqal.emu-fresnel-config")
@dataclass(frozen=True, slots=True, kw_only=True)
class EmuFresnelConfig(EmulatorConfig):
    """The configuration of EMU_FRESNEL, which has nothing to configure."""

    device_type: ClassVar[str] = DeviceType.EMU_FRESNEL

    def document(self) -> dict[str, JsonValue]:
        """Return the empty configuration."""
        return {}


def read_config(
    device_type: str, document: Mapping[str, JsonValue] | None
) -> EmulatorConfig | None:
    """Read the configuration of a batch, or ``None`` where its device has no legacy one.

    Args:
        device_type: The batch's device type.
        document: What the service returned.
    """
    modern = {DeviceType.EMU_FRESNEL, DeviceType.EMU_MPS, DeviceType.EMU_SV}
    if document is None or device_type in modern:
        return None
    kinds: dict[str, type[EmulatorConfig]] = {
        DeviceType.EMU_FREE: EmuFreeConfig,
        DeviceType.EMU_TN: EmuTNConfig,
    }
    return kinds.get(device_type, EmulatorConfig).from_document(document)


def _names(kind: type[EmulatorConfig]) -> tuple[str, ...]:
    return tuple(item.name for item in fields(kind) if item.name != "extra")


def _wrong(what: str, remedy: str) -> InvalidOptionError:
    return InvalidOptionError(
        f"the emulator's configuration has {what}", remedy=remedy, provider="pasqal"
    )
