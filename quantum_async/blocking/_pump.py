"""An async iterator stepped by one task of the portal, as an iterator."""

from __future__ import annotations

from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING, Generic, TypeVar

import anyio

from quantum_async.blocking._portal import Call, Ticket
from quantum_async.errors import FacadeError

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, Callable
    from typing import Self

    from quantum_async.blocking._progress import Reporter
    from quantum_async.blocking._session import Session

T = TypeVar("T")


class Pump(Generic[T]):
    """Iterate over what an async iterator yields.

    The iterator is stepped only when an item is asked for: looking ahead would count errors as
    seen that the caller never gets to see.

    Args:
        iterable: Makes the async iterable, on the loop's thread.
        session: Whose call it is.
        reporter: Shows progress while the loop lasts.
    """

    def __init__(
        self, iterable: Callable[[], AsyncIterable[T]], session: Session, reporter: Reporter
    ) -> None:
        self._session = session
        self._reporter = reporter
        self._source = _Source(iterable)
        self._call: Call[None] = Call(self._source.run, on_failure=self._source.finish)
        self._is_started = False
        self._is_over = False

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> T:
        if self._is_over:
            raise StopIteration
        self._session.portal.check()
        ticket: _Demand[T] = _Demand(self._source)
        try:
            self._session.wait(ticket, self._reporter, start=lambda: self._start(ticket))
            item = ticket.outcome()
        except StopAsyncIteration:
            self._is_over = True
            self._reporter.finish()
            raise StopIteration from None
        except Exception:
            # As with an async generator: once it has raised, it is exhausted.
            self._is_over = True
            self._reporter.finish(stopped=True)
            raise
        return item

    def close(self) -> None:
        """End the iteration; what was iterated over goes on."""
        if self._is_started and not self._call.done.is_set():
            with suppress(FacadeError):
                self._session.portal.post(self._call, self._call.cancel)
        self._is_over = True

    def __del__(self) -> None:
        if not self._is_started or self._session.portal.is_inherited:
            return
        self._reporter.finish(stopped=not self._is_over)
        self.close()

    def _start(self, ticket: Ticket[T]) -> None:
        portal = self._session.portal
        if not self._is_started:
            self._is_started = True
            portal.spawn(self._call)
        portal.post(ticket, self._source.demand, ticket)


class _Demand(Ticket[T]):
    """One item that somebody waits for."""

    __slots__ = ("_source",)

    def __init__(self, source: _Source[T]) -> None:
        super().__init__()
        self._source = source

    def cancel(self) -> None:
        """Stop waiting; the item is kept for the next one who asks."""
        self._source.withdraw(self)


class _Source(Generic[T]):
    """The loop's side: one task that steps the iterator on demand."""

    def __init__(self, iterable: Callable[[], AsyncIterable[T]]) -> None:
        self._iterable = iterable
        self._demands: deque[Ticket[T]] = deque()
        self._kept: deque[T] = deque()
        self._end: BaseException | None = None
        self._asked: anyio.Event | None = None

    def demand(self, ticket: Ticket[T]) -> None:
        """Ask for an item."""
        if self._kept:
            ticket.fill(self._kept.popleft())
        elif self._end is not None:
            ticket.fail(self._end)
        else:
            self._demands.append(ticket)
            if self._asked is not None:
                self._asked.set()

    def withdraw(self, ticket: Ticket[T]) -> None:
        """Ask no longer; what has just been delivered goes to the next one who asks."""
        if ticket.done.is_set() and ticket.error is None:
            self._kept.appendleft(ticket.outcome())
        with suppress(ValueError):
            self._demands.remove(ticket)

    async def run(self) -> None:
        """Step the iterator as long as it lasts."""
        await self._pump()
        self.finish(StopAsyncIteration())

    def finish(self, end: BaseException) -> None:
        """Tell everybody who asks, now or later, that there are no more items."""
        self._end = end
        while self._demands:
            self._demands.popleft().fail(end)

    async def _pump(self) -> None:
        iterator = self._iterable().__aiter__()
        try:
            while True:
                await self._wanted()
                try:
                    item = await anext(iterator)
                except StopAsyncIteration:
                    return
                self._deliver(item)
        finally:
            close = getattr(iterator, "aclose", None)
            if close is not None:
                with anyio.move_on_after(1.0, shield=True):
                    await close()

    async def _wanted(self) -> None:
        while not self._demands:
            self._asked = asked = anyio.Event()
            await asked.wait()

    def _deliver(self, item: T) -> None:
        if self._demands:
            self._demands.popleft().fill(item)
        else:
            self._kept.append(item)
