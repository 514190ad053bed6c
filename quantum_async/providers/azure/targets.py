"""Targets: what the providers of a workspace offer, and how long jobs wait there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quantum_async.errors import UnknownTargetError
from quantum_async.http.address import segment
from quantum_async.providers.azure.pages import items
from quantum_async.providers.azure.parsing import parse
from quantum_async.providers.azure.translate.catalogue import provider_in
from quantum_async.providers.azure.translate.devices import device_of
from quantum_async.providers.azure.wire import Paged, ProviderStatus

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from quantum_async.models.device import Device
    from quantum_async.providers.azure.gateway import Gateway
    from quantum_async.providers.azure.wire import TargetStatus

PAGE = Paged[ProviderStatus]


class Targets:
    """The providers and targets of a workspace: `AzureClient.targets`.

    Args:
        gateway: The workspace.
    """

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self.known: dict[str, TargetStatus] = {}
        """What was listed last, by name in lower case."""
        self._owners: dict[str, str] = {}

    async def providers(self) -> AsyncIterator[ProviderStatus]:
        """Iterate over the providers, each with its targets' status and queue time."""
        async for provider in items(
            self._gateway, PAGE, "/providerStatus", {}, wanted="list providers"
        ):
            self.known |= {target.id.lower(): target for target in provider.targets}
            self._owners |= {target.id.lower(): provider.id for target in provider.targets}
            yield provider

    async def get(self, name: str) -> TargetStatus:
        """Look a target up.

        Raises:
            UnknownTargetError: The workspace has none of that name.
        """
        names = []
        async for target in self.list():
            if target.id.lower() == name.lower():
                return target
            names.append(target.id)
        raise UnknownTargetError(
            f"the workspace has no target {name!r}",
            provider="azure",
            remedy=f"There are: {', '.join(names) or 'none'}.",
        )

    async def devices(self) -> list[Device]:
        """Describe every target of the workspace."""
        found = [
            device_of(target, provider.id)
            async for provider in self.providers()
            for target in provider.targets
        ]
        return sorted(found, key=lambda device: device.name)

    def provider_of(self, name: str) -> str:
        """Name a target's provider, as far as is known without asking.

        Args:
            name: The target's name.
        """
        return self._owners.get(name.lower()) or provider_in(name)

    async def suite_offer(self, provider: str) -> ProviderStatus:
        """Look up the status of a provider that the whole subscription has an offer of.

        Args:
            provider: The provider's name.
        """
        response = await self._gateway.read(
            f"/providers/Microsoft.Quantum/suiteOffers/{segment(provider)}/providerStatus",
            wanted=f"get the suite offer of {provider}",
            below="subscription",
        )
        return parse(ProviderStatus, response)

    async def list(self, provider: str = "") -> AsyncIterator[TargetStatus]:
        """Iterate over targets.

        Args:
            provider: Whose; everybody's by default.
        """
        async for found in self.providers():
            if not provider or found.id.lower() == provider.lower():
                for target in found.targets:
                    yield target
