"""What the engine says of the requests of a block: whether they may leave, and past what they go."""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    Look = Callable[[], float]
    """Returns the seconds for which requests may still be under way, or raises."""


class Passage:
    """What has become of the requests of a fenced block.

    Args:
        look: Looked at before each of them.

    Attributes:
        has_left: Whether the bytes of one that may change something may have left.
    """

    __slots__ = ("_look", "has_left")

    def __init__(self, look: Look) -> None:
        self._look = look
        self.has_left: bool = False

    def remaining(self) -> float:
        """Return the seconds for which a request may still be under way.

        Raises:
            QuantumAsyncError: It must not leave.
        """
        return self._look()

    def leave(self, method: str) -> float:
        """Look, and note that a request leaves; nothing may be waited for between this and it.

        Args:
            method: Its HTTP method: what only reads changes nothing, whatever becomes of it.

        Returns:
            The seconds for which it may be under way.

        Raises:
            QuantumAsyncError: It must not leave.
        """
        left = self._look()
        if method not in _READING:
            self.has_left = True
        return left


_READING = frozenset({"GET", "HEAD"})

PASSAGE: ContextVar[Passage | None] = ContextVar("quantum_async_passage", default=None)
PAST_PAUSES: ContextVar[bool] = ContextVar("quantum_async_past_pauses", default=False)


@contextmanager
def fenced(look: Look) -> Generator[Passage]:
    """Let no request of this block leave without a look, the last thing before its bytes do.

    Args:
        look: Returns the seconds for which a request may still be under way, or raises.
    """
    token = PASSAGE.set(passage := Passage(look))
    try:
        yield passage
    finally:
        PASSAGE.reset(token)


@contextmanager
def unfenced() -> Generator[None]:
    """Let the requests of this block leave as they would by themselves.

    For what many callers share, such as a login: the fence of one must not keep it from the others.
    """
    token = PASSAGE.set(None)
    try:
        yield
    finally:
        PASSAGE.reset(token)


@contextmanager
def past_pauses() -> Generator[None]:
    """Send the requests of this block although the provider has asked for a pause.

    For the one cancel per job or batch on the way out: nothing may run on that nobody owns.
    """
    token = PAST_PAUSES.set(True)
    try:
        yield
    finally:
        PAST_PAUSES.reset(token)
