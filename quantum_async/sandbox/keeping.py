"""How much is kept, so that a service can run for long: the latest, and what has not ended."""

from __future__ import annotations

from collections import OrderedDict
from itertools import islice
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_K = TypeVar("_K")
_V = TypeVar("_V")
_T = TypeVar("_T")


class Latest(OrderedDict[_K, _V]):
    """A mapping that forgets its oldest entry where there are too many.

    Args:
        most: How many it keeps.
    """

    def __init__(self, most: int = 100_000) -> None:
        super().__init__()
        self._most = most

    def __setitem__(self, key: _K, value: _V) -> None:
        super().__setitem__(key, value)
        if len(self) > self._most:
            self.popitem(last=False)


def oldest_ended(items: Iterable[_T], surplus: int, has_ended: Callable[[_T], bool]) -> list[_T]:
    """Choose what to forget: the oldest that have ended, as many as there are too many.

    Args:
        items: What is kept, the oldest first.
        surplus: How many there are too many; none are chosen where it is not positive.
        has_ended: Whether nothing will happen to an item any more.
    """
    return list(islice(filter(has_ended, items), max(0, surplus)))
