"""Pages: lists that the service hands out in parts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

from quantum_async.errors import InvalidOptionError, ProtocolError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping

    from quantum_async.http.address import QueryValue

LARGEST = 100
"""Most items of one page."""


@dataclass(frozen=True, slots=True)
class Page:
    """Which part of a list is wanted.

    Args:
        offset: How many items to leave out.
        limit: How many items at most, from 1 to 100.

    Raises:
        InvalidOptionError: A number is out of range.
    """

    offset: int = 0
    limit: int = LARGEST

    def __post_init__(self) -> None:
        if self.offset < 0 or not 1 <= self.limit <= LARGEST:
            raise InvalidOptionError(
                f"a page of {self.limit} items from {self.offset} on",
                provider="pasqal",
                remedy=f"Give an offset from 0 up and a limit from 1 to {LARGEST}.",
            )

    def query(self) -> Mapping[str, QueryValue]:
        """Return the page as parameters of a URL."""
        return {"offset": self.offset, "limit": self.limit}


class HasId(Protocol):
    """An item of a list."""

    @property
    def id(self) -> str:
        """Its id."""
        ...


Item = TypeVar("Item", bound=HasId)


@dataclass(frozen=True, slots=True)
class PageOf(Generic[Item]):
    """One page of a list.

    Args:
        items: What is on it.
        offset: How many items come before it.
        total: How many items the whole list has, or ``None`` where the service did not say.
        end: Where the next page begins, or ``None`` where the service did not say.
    """

    items: tuple[Item, ...]
    offset: int = 0
    total: int | None = None
    end: int | None = None

    def following(self, limit: int) -> int | None:
        """Say where the next page begins; ``None`` after the last one.

        Args:
            limit: How many items were asked for.

        Raises:
            ProtocolError: The service says that there is more, and not where.
        """
        end = self.offset + len(self.items) if self.end is None else self.end
        if self.total is None:
            return end if len(self.items) >= limit else None
        if end >= self.total:
            return None
        if end <= self.offset:
            raise ProtocolError(
                f"a list of {self.total} does not go on: page {self.offset} ends at {end}",
                provider="pasqal",
                remedy="Ask again later, or narrow the filters.",
            )
        return end


async def every(
    fetch: Callable[[Page], Awaitable[PageOf[Item]]], *, limit: int = LARGEST
) -> AsyncIterator[Item]:
    """Iterate over a whole list, page by page, each item once.

    Args:
        fetch: Gets one page.
        limit: How many items to ask for at a time.

    Raises:
        ProtocolError: The list does not go on although it has not ended.
    """
    seen: set[str] = set()
    offset: int | None = 0
    while offset is not None:
        page = await fetch(Page(offset, limit))
        # What is created meanwhile shifts the pages, so that an item may come twice.
        fresh = {item.id: item for item in page.items if item.id not in seen}
        seen.update(fresh)
        for item in fresh.values():
            yield item
        offset = page.following(limit)
