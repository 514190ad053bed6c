"""Devices from their specifications and from what the service's list says of them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from quantum_async.http.response import decoding
from quantum_async.models.device import Device, DeviceKind, DeviceStatus
from quantum_async.providers.pasqal.emulators import is_emulator

if TYPE_CHECKING:
    from collections.abc import Mapping

    from quantum_async.providers.pasqal.wire import DeviceListing

_STATUSES = {
    "UP": DeviceStatus.AVAILABLE,
    "DEGRADED": DeviceStatus.DEGRADED,
    "DOWN": DeviceStatus.UNAVAILABLE,
    "MAINTENANCE": DeviceStatus.UNAVAILABLE,
}


def device_of(name: str, specification: str | None, listing: DeviceListing | None) -> Device:
    """Describe a device.

    Args:
        name: Its device type, which is what a target names.
        specification: Pulser's description of it, where there is one.
        listing: What the service's list says, where it is listed.

    Raises:
        ProtocolError: The description is not what Pulser writes.
    """
    with decoding(specification or "", f"the specification of {name}", provider="pasqal"):
        return _described(name, specification, listing)


def _described(name: str, specification: str | None, listing: DeviceListing | None) -> Device:
    details = _details(specification)
    most_atoms = _whole(details.get("max_atom_num"))
    simulates = is_emulator(name)
    if listing is not None:
        most_atoms = listing.max_atom_num if most_atoms is None else most_atoms
        simulates = simulates if listing.is_emulator is None else listing.is_emulator
    return Device(
        provider="pasqal",
        name=name,
        kind=DeviceKind.ANALOG,
        is_simulator=simulates,
        num_qubits=most_atoms,
        max_shots=_whole(details.get("max_runs")),
        status=_status(listing),
        queue_time=listing.average_queue_time if listing is not None else None,
        operations=_channels(details),
        positions=_traps(details),
        description=(listing.description or "") if listing is not None else "",
        specification=specification or "",
    )


def _details(specification: str | None) -> Mapping[str, object]:
    try:
        found = json.loads(specification or "{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _whole(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _status(listing: DeviceListing | None) -> DeviceStatus:
    if listing is None:
        return DeviceStatus.UNKNOWN
    if listing.availability.upper() in {"INACTIVE", "RETIRED"}:
        return DeviceStatus.UNAVAILABLE
    return _STATUSES.get(listing.status.upper(), DeviceStatus.UNKNOWN)


def _channels(details: Mapping[str, object]) -> tuple[str, ...]:
    channels = details.get("channels")
    if not isinstance(channels, list):
        return ()
    return tuple(str(channel["id"]) for channel in channels if isinstance(channel, dict))


def _traps(details: Mapping[str, object]) -> tuple[tuple[str, float, float], ...]:
    layouts = details.get("pre_calibrated_layouts")
    if not isinstance(layouts, list) or not layouts or not isinstance(layouts[0], dict):
        return ()
    places = layouts[0].get("coordinates")
    if not isinstance(places, list):
        return ()
    return tuple(
        (str(number), float(place[0]), float(place[1])) for number, place in enumerate(places)
    )
