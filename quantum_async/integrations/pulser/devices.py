"""Devices: a provider's specifications as Pulser's devices, read again only when they are old."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

import anyio.to_thread

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pulser.devices import Device

    from quantum_async.integrations.pulser.services import Service
    from quantum_async.providers.base import ProviderClient

LASTING = 300.0
"""How long specifications are taken to hold, in seconds."""

_read: WeakKeyDictionary[ProviderClient, tuple[float, dict[str, Device]]] = WeakKeyDictionary()


async def devices_of(client: ProviderClient, service: Service) -> dict[str, Device]:
    """Give a provider's devices by the name of their target.

    Args:
        client: The provider's client; all that use it share what was read.
        service: The provider.

    Raises:
        ProgramSyntaxError: The installed Pulser cannot read a specification.
    """
    found = _read.get(client)
    if found is not None and time.monotonic() - found[0] < LASTING:
        return dict(found[1])
    texts = await service.specifications()
    devices = await anyio.to_thread.run_sync(_parsed, texts)
    _read[client] = time.monotonic(), devices
    return dict(devices)


def target_named(client: ProviderClient, name: str) -> str:
    """Find the target whose device has a name, as far as specifications were read."""
    _, known = _read.get(client, (0.0, {}))
    return next((target for target, device in known.items() if device.name == name), "")


def _parsed(texts: Mapping[str, str]) -> dict[str, Device]:
    from pulser.devices import Device

    from quantum_async.errors import ProgramSyntaxError

    devices = {}
    for name, text in texts.items():
        try:
            devices[name] = Device.from_abstract_repr(text)
        except Exception as error:
            # Schema, key and value errors of several libraries.
            raise ProgramSyntaxError(
                f"the installed Pulser cannot read the device {name}: {error}",
                source=f"<{name}>",
                remedy="Update pulser-core.",
            ) from error
    return devices
