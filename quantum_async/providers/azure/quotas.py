"""Quotas: how much may be used of a provider, and how much was."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quantum_async.http.address import segment
from quantum_async.providers.azure.pages import items
from quantum_async.providers.azure.wire import AzureQuota, OfferUsages, Paged, QuotaUsage

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from quantum_async.providers.azure.gateway import Gateway

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
