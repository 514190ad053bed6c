"""What is known of targets, and devices as they are shown."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from quantum_async.models.device import Device, DeviceKind
from quantum_async.models.program import CIRCUIT_FORMATS, ProgramFormat
from quantum_async.providers.azure.translate.qir import BASIS
from quantum_async.providers.azure.translate.statuses import device_status

if TYPE_CHECKING:
    from collections.abc import Mapping

    from quantum_async.providers.azure.wire import TargetStatus


PASQAL = "pasqal"
IONQ = "ionq"
QUANTINUUM = "quantinuum"
RIGETTI = "rigetti"

QUBITS: Mapping[str, int] = MappingProxyType(
    {
        "pasqal.sim.emu-tn": 100,
        "pasqal.sim.emu-sv": 25,
        "pasqal.sim.emu-mps": 80,
        "pasqal.sim.emu-free": 12,
        "pasqal.qpu.fresnel": 100,
        "pasqal.qpu.fresnel-can1": 100,
        "ionq.simulator": 29,
        "ionq.qpu.aria-1": 25,
        "ionq.qpu.forte-1": 35,
        "ionq.qpu.forte-enterprise-1": 35,
        "quantinuum.qpu.h2-1": 56,
        "quantinuum.qpu.h2-2": 56,
        "quantinuum.sim.h2-1sc": 56,
        "quantinuum.sim.h2-2sc": 56,
        "quantinuum.sim.h2-1e": 56,
        "quantinuum.sim.h2-2e": 56,
        "quantinuum.qpu.helios-1": 98,
        "quantinuum.sim.helios-1sc": 98,
        "quantinuum.sim.helios-1e": 98,
        "rigetti.sim.qvm": 20,
        "rigetti.qpu.cepheus-1-108q": 108,
    }
)
"""How many qubits or atoms the known targets have, by the vendor's client 3.13."""

PULSER_TARGETS: Mapping[str, str] = MappingProxyType(
    {
        "FRESNEL": "pasqal.qpu.fresnel",
        "FRESNEL_CAN1": "pasqal.qpu.fresnel-can1",
        "EMU_FREE": "pasqal.sim.emu-free",
        "EMU_MPS": "pasqal.sim.emu-mps",
        "EMU_SV": "pasqal.sim.emu-sv",
        "EMU_TN": "pasqal.sim.emu-tn",
    }
)
"""What Pasqal calls a device itself, and its target."""

NATIVE: Mapping[str, ProgramFormat] = MappingProxyType(
    {
        IONQ: ProgramFormat.IONQ,
        QUANTINUUM: ProgramFormat.QUANTINUUM,
        RIGETTI: ProgramFormat.QUIL,
    }
)
"""The form of its own that a provider has for circuits."""


def provider_in(target: str) -> str:
    """Name a target's provider, in lower case; empty where the name does not begin with one."""
    provider, dot, _ = target.partition(".")
    return provider.lower() if dot else ""


def formats_of(target: str) -> frozenset[ProgramFormat]:
    """Say which programs a target runs."""
    provider = provider_in(target)
    if provider == PASQAL:
        return frozenset({ProgramFormat.PULSER})
    native = NATIVE.get(provider)
    # Of a provider that is not known here, nobody but itself can say what it does not read.
    further = set(NATIVE.values()) if native is None else {native}
    return CIRCUIT_FORMATS | {ProgramFormat.QIR} | further


def is_adaptive(target: str, profile: str = "") -> bool:
    """Say whether a target goes on after measurements.

    Args:
        target: Its name.
        profile: The profile of QIR that it takes, where the service says.
    """
    return "adaptive" in profile.lower() if profile else provider_in(target) == QUANTINUUM


def is_simulator(target: str) -> bool:
    """Say whether a target computes instead of measuring, by its name."""
    parts = target.lower().split(".")
    return "sim" in parts or "simulator" in parts or parts[0].startswith(("echo-", "sparse-"))


def device_of(target: TargetStatus, provider: str) -> Device:
    """Describe a target.

    Args:
        target: What the service says of it.
        provider: Whose it is.
    """
    analog = provider.lower() == PASQAL or provider_in(target.id) == PASQAL
    return Device(
        provider="azure",
        name=target.id,
        kind=DeviceKind.ANALOG if analog else DeviceKind.GATE,
        is_simulator=is_simulator(target.id),
        num_qubits=target.num_qubits or QUBITS.get(target.id.lower()),
        status=device_status(target.current_availability),
        queue_time=target.average_queue_time,
        operations=() if analog else (*BASIS, "measure"),
        description=f"{provider} ({target.status_page})" if target.status_page else provider,
    )
