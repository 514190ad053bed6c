"""Pages: lists that the service hands out in parts."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar
from urllib.parse import parse_qsl

from quantum_async.errors import InvalidOptionError, ProtocolError
from quantum_async.providers.azure.parsing import parse

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping

    from quantum_async.http.lanes import LaneName
    from quantum_async.providers.azure.gateway import Below, Gateway
    from quantum_async.providers.azure.wire import Paged

LARGEST = 100
"""Most items of one page."""

Item = TypeVar("Item")


async def pages(
    gateway: Gateway,
    kind: type[Paged[Item]],
    path: str,
    query: Mapping[str, str | int],
    *,
    wanted: str,
    lane: LaneName = "data",
    below: Below = "workspace",
) -> AsyncIterator[tuple[Item, ...]]:
    """Iterate over a list's pages.

    Args:
        gateway: The workspace.
        kind: What the list holds.
        path: The list.
        query: Parameters of the first page.
        wanted: What is asked for, for the error.
        lane: ``"control"`` for polls.
        below: Below what the path is.

    Raises:
        ProtocolError: The list does not go on although it has not ended.
    """
    asked: dict[str, str | int] | None = dict(query)
    before: dict[str, str | int] | None = None
    while asked is not None:
        if asked == before:
            raise ProtocolError(
                f"{wanted}: the list does not go on", provider="azure", remedy="Ask again later."
            )
        response = await gateway.read(path, wanted=wanted, query=asked, lane=lane, below=below)
        found = parse(kind, response)
        yield found.value or ()
        # Only the parameters of a link are followed, so that nobody can send us elsewhere.
        before, asked = asked, _following(found.next_link)


async def items(
    gateway: Gateway,
    kind: type[Paged[Item]],
    path: str,
    query: Mapping[str, str | int],
    *,
    wanted: str,
    below: Below = "workspace",
) -> AsyncIterator[Item]:
    """Iterate over a list, page by page; takes what `pages` does."""
    async for page in pages(gateway, kind, path, query, wanted=wanted, below=below):
        for item in page:
            yield item


async def first(
    limit: int | None, listed: AsyncIterator[Item], keeps: Callable[[Item], bool]
) -> AsyncIterator[Item]:
    """Iterate over the first items that are kept, and read no page beyond them.

    Args:
        limit: How many at most; all of them where it is ``None``.
        listed: The items.
        keeps: Says whether one is kept.
    """
    left = float("inf") if limit is None else limit
    if left <= 0:
        return
    async for item in listed:
        if keeps(item):
            yield item
            left -= 1
            if left <= 0:
                return


def first_page(skip: int = 0, top: int = LARGEST) -> dict[str, str | int]:
    """Return the parameters of a first page.

    Args:
        skip: How many items to leave out.
        top: How many items a page has, from 1 to 100.

    Raises:
        InvalidOptionError: A number is out of range.
    """
    if skip < 0 or not 1 <= top <= LARGEST:
        raise InvalidOptionError(
            f"a page of {top} items from {skip} on",
            provider="azure",
            remedy=f"Leave out 0 or more, and ask for 1 to {LARGEST} at a time.",
        )
    return {"skip": skip, "top": top}


def _following(link: str | None) -> dict[str, str | int] | None:
    if not link:
        return None
    # What is not followed need not be readable: its query begins with the first question mark.
    query = link.partition("#")[0].partition("?")[2]
    pairs = parse_qsl(query, keep_blank_values=True)
    return {name: value for name, value in pairs if name.lower() != "api-version"}
