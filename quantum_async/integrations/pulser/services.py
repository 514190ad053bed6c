"""Services: what Pulser asks of a provider beyond the contract that all clients keep."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, cast

from quantum_async.providers.base import provider

if TYPE_CHECKING:
    from collections.abc import Mapping

    from quantum_async.providers.base import ProviderClient
    from quantum_async.providers.pasqal.client import PasqalClient


class Service:
    """A provider of which only the contract is known.

    Args:
        client: The provider's client.
    """

    is_simulator = False
    """Whether it runs sequences made for any device."""
    needs_batch = False
    """Whether jobs are found by the id of a batch only if one was opened for them."""
    emulator = ""
    """The device that emulates where none is named; empty where the client decides."""

    def __init__(self, client: ProviderClient) -> None:
        self._client = client

    async def specifications(self) -> Mapping[str, str]:
        """Return Pulser's abstract representations of the devices, by the name of the target."""
        devices = await self._client.devices()
        return {item.name: item.specification for item in devices if item.specification}

    def target(self, device_type: str) -> str:
        """Name the device that a script means; empty where the client decides."""
        return device_type


class LocalService(Service):
    """The simulator of this package, which stands for every device and every emulator."""

    is_simulator = True
    needs_batch = True

    async def specifications(self) -> Mapping[str, str]:
        """Return the devices that Pulser brings along as examples."""
        from pulser.devices import AnalogDevice, DigitalAnalogDevice

        examples = (AnalogDevice, DigitalAnalogDevice)
        return {device.name: device.to_abstract_repr() for device in examples}

    def target(self, device_type: str) -> str:
        """Leave the device to the client: an emulator's name means its simulator."""
        del device_type
        return ""


class PasqalService(Service):
    """Pasqal Cloud.

    Args:
        client: A `PasqalClient`.
    """

    emulator = "EMU_FREE"

    def __init__(self, client: ProviderClient) -> None:
        super().__init__(client)
        self._pasqal = cast("PasqalClient", client)

    async def specifications(self) -> Mapping[str, str]:
        """Read the specifications of the devices, in one request."""
        return await self._pasqal.specs.all()


class AzureService(Service):
    """Pasqal's targets on Azure Quantum, where a session is a batch.

    Args:
        client: An `AzureClient`.
    """

    needs_batch = True
    emulator = "EMU_FREE"

    async def specifications(self) -> Mapping[str, str]:
        """Read the specifications that Pasqal shows to everybody: Azure has none."""
        async with _public_pasqal() as client:
            found = await client.specs.public()
        return {_azure_name("qpu", name): text for name, text in found.items()}

    def target(self, device_type: str) -> str:
        """Name the target of what Pasqal calls a device itself."""
        if "." in device_type or not device_type:
            return device_type
        return _azure_name("sim" if device_type.startswith("EMU_") else "qpu", device_type)


def _azure_name(kind: str, device_type: str) -> str:
    return f"pasqal.{kind}.{device_type.lower().replace('_', '-')}"


def _public_pasqal() -> PasqalClient:
    pasqal = cast("type[PasqalClient]", provider("pasqal"))
    base = os.environ.get("PASQAL_CLOUD_BASE_URL", "")
    if not base:
        return pasqal()
    # What everybody may read is asked for without showing any token.
    return pasqal.from_env(
        {"QUANTUM_ASYNC_PASQAL_CORE_URL": base, "QUANTUM_ASYNC_PASQAL_TOKEN": "none"}
    )


_SERVICES: dict[str, type[Service]] = {
    "azure": AzureService,
    "local": LocalService,
    "pasqal": PasqalService,
}


def service_of(client: ProviderClient) -> Service:
    """Give what is known of a client's provider."""
    return _SERVICES.get(client.provider, Service)(client)
