"""Top-level items: sessions, and jobs that belong to none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quantum_async.providers.azure.filters import ItemFilters
from quantum_async.providers.azure.pages import first, first_page, items
from quantum_async.providers.azure.wire import AzureJob, AzureSession, Paged, WorkspaceItem

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from quantum_async.providers.azure.gateway import Gateway

PAGE = Paged[WorkspaceItem]


class TopLevelItems:
    """Sessions, and jobs that belong to none: `AzureClient.top_level_items`.

    Args:
        gateway: The workspace.
    """

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    async def list(
        self, filters: ItemFilters | None = None, *, skip: int = 0, limit: int | None = None
    ) -> AsyncIterator[AzureJob | AzureSession]:
        """Iterate over jobs and sessions, the oldest first unless the filters say otherwise.

        Args:
            filters: Which of them.
            skip: How many to leave out.
            limit: How many at most; all of them by default.
        """
        filters = filters or ItemFilters()
        query = {**filters.query(), **first_page(skip)}
        listed = items(self._gateway, PAGE, "/topLevelItems", query, wanted="list items")
        async for item in first(limit, listed, filters.keeps):
            yield _whole(item)


def _whole(item: WorkspaceItem) -> AzureJob | AzureSession:
    kind = AzureSession if item.item_type.lower() == "session" else AzureJob
    return kind.model_validate(item.document())
