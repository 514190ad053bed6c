"""Specifications: what the service's devices can do, as Pulser reads it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quantum_async.errors import (
    AuthenticationError,
    ProtocolError,
    RateLimitedError,
    RejectedRequestError,
    UnknownTargetError,
)
from quantum_async.providers.pasqal.api import parse
from quantum_async.providers.pasqal.endpoints import Route
from quantum_async.providers.pasqal.pages import every
from quantum_async.providers.pasqal.translate.devices import device_of
from quantum_async.providers.pasqal.wire import DeviceListing, Envelope, PublicSpecs

if TYPE_CHECKING:
    from quantum_async.models.device import Device
    from quantum_async.providers.pasqal.api import Cloud

_LISTINGS = Envelope[tuple[DeviceListing, ...]]


class Specs:
    """The specifications of devices: `PasqalClient.specs`.

    What is read here is remembered: `PasqalClient.validate` checks sequences against it.

    Args:
        cloud: What the client's parts share.
    """

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._gateway = cloud.gateway

    async def all(self) -> dict[str, str]:
        """Return the specifications of all devices that this account may use.

        Returns:
            Pulser's abstract representations by device type; without credentials, and by OVH's
            access, the public ones.
        """
        if self._gateway.is_anonymous or not self._gateway.endpoints.has(Route.SPECS):
            return await self.public()
        response = await self._gateway.read(Route.SPECS)
        found = parse(Envelope[dict[str, str]], response).data
        self._cloud.specifications.update(found)
        return found

    async def public(self) -> dict[str, str]:
        """Return the specifications that everybody may read, without showing credentials."""
        response = await self._gateway.read(Route.PUBLIC_SPECS)
        listed = parse(Envelope[tuple[PublicSpecs, ...]], response).data
        found = {item.device_type: item.specs for item in listed}
        for name, text in found.items():
            self._cloud.specifications.setdefault(name, text)
        return found

    async def get(self, device_type: str) -> str:
        """Return the specification of one device.

        Raises:
            UnknownTargetError: There is none of that name.
        """
        found = await self.all()
        if device_type not in found:
            raise UnknownTargetError(
                f"there is no specification of {device_type}",
                provider="pasqal",
                remedy=f"There are: {', '.join(found) or 'none'}.",
            )
        return found[device_type]

    async def devices(self) -> list[Device]:
        """Describe all devices that this account may use, from specifications and status."""
        specifications, listings = await self.all(), await self._listed()
        names = sorted({*listings, *specifications})
        return [device_of(name, specifications.get(name), listings.get(name)) for name in names]

    async def _listed(self) -> dict[str, DeviceListing]:
        gateway = self._gateway
        if gateway.is_anonymous or not gateway.endpoints.has(Route.LIST_DEVICES):
            return {}
        try:
            pages = every(lambda page: gateway.page(_LISTINGS, Route.LIST_DEVICES, page))
            return {item.id: item async for item in pages if item.id}
        except RateLimitedError:
            raise
        except (AuthenticationError, RejectedRequestError, ProtocolError):
            # The list is a route that the vendor's own client does not use: the specifications
            # alone will do.
            return {}
