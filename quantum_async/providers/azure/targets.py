"""Targets of a workspace, and quotas."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quantum_async.errors import UnknownTargetError
from quantum_async.http.address import segment
from quantum_async.providers.azure.api import items, parse
from quantum_async.providers.azure.translate.devices import device_of, provider_in
from quantum_async.providers.azure.wire import (
    AzureQuota,
    OfferUsages,
    Paged,
    ProviderStatus,
    QuotaUsage,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from quantum_async.models.device import Device
    from quantum_async.providers.azure.api import Gateway
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


QUOTAS = Paged[AzureQuota]
USAGES = Paged[QuotaUsage]


class Quotas:
    """The quotas of a workspace: `AzureClient.quotas`.

    Args:
        gateway: The workspace.
    """

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    def list(self) -> AsyncIterator[AzureQuota]:
        """Iterate over the quotas of every provider."""
        return items(self._gateway, QUOTAS, "/quotas", {}, wanted="list quotas")

    def usages(self, provider: str) -> AsyncIterator[QuotaUsage]:
        """Iterate over what was used of a provider's quotas.

        Args:
            provider: The provider's name.
        """
        query: dict[str, str | int] = {"providerId": provider}
        return items(self._gateway, USAGES, "/quotaUsages", query, wanted="list quota usages")

    def suite_offer_usages(self, provider: str) -> AsyncIterator[QuotaUsage]:
        """Iterate over what the whole subscription has used of a provider's offer.

        Args:
            provider: The provider's name.
        """
        path = f"/providers/Microsoft.Quantum/suiteOffers/{segment(provider)}/quotaUsages"
        wanted = f"list the usages of {provider}"
        return items(self._gateway, OfferUsages, path, {}, wanted=wanted, below="subscription")
