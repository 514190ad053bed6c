"""Credits: how many are left, and what became of the others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quantum_async.errors import InvalidOptionError
from quantum_async.providers.qoro.api import parse
from quantum_async.providers.qoro.wire import CreditBalance, TransactionPage

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from quantum_async.providers.qoro.api import Gateway
    from quantum_async.providers.qoro.wire import CreditTransaction

LARGEST = 100
"""Most movements of one page."""


class Credits:
    """The credits of an account.

    Args:
        gateway: Sends requests.
    """

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    async def balance(self) -> CreditBalance:
        """Ask how many credits are left."""
        return parse(CreditBalance, await self._gateway.read("/credits/", "get the balance"))

    async def page(self, page: int = 1, *, page_size: int = 20) -> TransactionPage:
        """Read one page of the movements.

        Args:
            page: Which one, from 1.
            page_size: How many movements, from 1 to 100.

        Raises:
            InvalidOptionError: There is no such page.
        """
        if page < 1 or not 1 <= page_size <= LARGEST:
            raise InvalidOptionError(
                f"there is no page {page} of {page_size} movements",
                provider="qoro",
                remedy=f"Pages count from 1 and hold from 1 to {LARGEST} movements.",
            )
        response = await self._gateway.read(
            "/credits/transactions/",
            "list the movements of credits",
            query={"page": page, "page_size": page_size},
        )
        return parse(TransactionPage, response)

    async def transactions(self) -> AsyncIterator[CreditTransaction]:
        """Yield every movement, as the service orders them."""
        number = 1
        while True:
            page = await self.page(number, page_size=LARGEST)
            for transaction in page.results:
                yield transaction
            if page.next is None or not page.results:
                return
            number += 1
