"""What every blocking class is made of: an async object, and the session it belongs to."""

from __future__ import annotations

import weakref
from collections.abc import Iterable, Mapping
from contextlib import contextmanager
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any, Generic, NoReturn, TypeAlias, TypeVar

from quantum_async.blocking._session import Block, Pump, Reporter, Session
from quantum_async.http.redact import unpicklable

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, Awaitable, Callable, Generator, Iterator
    from contextlib import AbstractAsyncContextManager
    from types import TracebackType
    from typing import Self

    from quantum_async.providers.base import ProviderClient

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class Handle(Generic[T_co]):
    """A blocking object: the same one as its async twin, seen from a thread.

    Two handles of one async object are equal.
    """

    __slots__ = ("__weakref__", "_async", "_block", "_pump", "_session")

    def __init__(self, twin: T_co, session: Session) -> None:
        self._async = twin
        self._session = session
        self._block: Block[object] | None = None
        self._pump: Pump[Any] | None = None

    @classmethod
    def _of(cls, twin: object, session: Session | None = None) -> Self:
        made = cls.__new__(cls)
        Handle.__init__(made, twin, session or Session(twin))
        return made

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Handle) and self._async is other._async

    def __hash__(self) -> int:
        return hash(id(self._async))

    def __reduce__(self) -> NoReturn:
        # What is behind it lives on the loop of this process, with credentials and connections.
        raise unpicklable(type(self).__name__)

    def __repr__(self) -> str:
        return repr(self._async)

    def _repr_html_(self) -> str | None:
        shown: Callable[[], str] | None = getattr(self._async, "_repr_html_", None)
        return shown() if shown is not None else None

    def _call(
        self, what: str, function: Callable[[], Awaitable[T]], timeout: float | None = None
    ) -> T:
        """Await on the loop what a function makes there."""
        __tracebackhide__ = True
        reporter = Reporter(self._async, self._session)
        return self._session.run(function, reporter, timeout=timeout, what=what).outcome()

    def _ask(self, function: Callable[[], T]) -> T:
        """Call a plain function on the loop's thread, where what it touches is at rest."""
        __tracebackhide__ = True
        return self._session.ask(function, Reporter(self._async)).outcome()

    def _iterate(self, iterable: Callable[[], AsyncIterable[T]]) -> Iterator[Any]:
        """Iterate over an async iterable by one task of the portal."""
        reporter = Reporter(self._async, self._session)
        pump = Pump(iterable, self._session, reporter)
        return map(self._wrap, pump)

    def _next(self, iterable: Callable[[], AsyncIterable[T]]) -> Any:
        """Take the next item of an async object that is its own iterator."""
        if self._pump is None:
            reporter = Reporter(self._async, self._session)
            self._pump = Pump(iterable, self._session, reporter)
        return self._wrap(next(self._pump))

    def _enter(self, manager: AbstractAsyncContextManager[object]) -> None:
        block = Block(manager, self._session)
        block.enter(Reporter(self._async))
        self._block = block
        weakref.finalize(self, block.abandon).atexit = False

    def _exit(self, reason: BaseException | None) -> bool:
        block, self._block = self._block, None
        if block is None:
            return False
        return block.leave(reason, Reporter(self._async, self._session))

    @contextmanager
    def _manage(self, make: Callable[[], AbstractAsyncContextManager[T]]) -> Generator[Any]:
        """Turn an async context manager into one for ``with``, as one task of the portal."""
        reporter = Reporter(self._async)
        block = Block(make(), self._session)
        value = self._wrap(block.enter(reporter))
        try:
            yield value
        except BaseException as reason:
            if not block.leave(reason, reporter):
                raise
        else:
            block.leave(None, reporter)

    def _wrap(self, value: Any) -> Any:
        """Give the blocking twin of what came from the loop; values stay as they are."""
        return wrap(value, self._session)


class BlockHandle(Handle[T_co]):
    """A handle that is entered with ``with``."""

    __slots__ = ()

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool | None:
        return self._exit(exc)


class ClientHandle(BlockHandle[T_co]):
    """A blocking client of any provider."""

    __slots__ = ()


if TYPE_CHECKING:
    AnyClient: TypeAlias = ClientHandle[ProviderClient] | ProviderClient
    """A client of either kind."""


def unwrap(value: Any) -> Any:
    """Give the async twin of a handle, and of each one in a list; values stay as they are."""
    if isinstance(value, Handle):
        return value._async  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]
    if isinstance(value, Iterable) and not isinstance(value, str | bytes | Mapping):
        return [unwrap(item) for item in value]
    return value


def wrap(value: Any, session: Session | None = None) -> Any:
    """Give the blocking twin of an async object, and of each one in a list or mapping.

    Args:
        value: Anything.
        session: What it came from; an async object that came from nowhere is its own root.
    """
    if type(value) in (list, tuple):
        return type(value)(wrap(item, session) for item in value)
    if type(value) is dict:
        return {key: wrap(item, session) for key, item in value.items()}
    kind: type = type(value)
    twin = twin_of(kind)
    return value if twin is None else twin._of(value, session)  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]


@cache
def twin_of(cls: type) -> type[Handle[Any]] | None:
    """Find the blocking class of an async one, or of the nearest of its bases that has one."""
    from quantum_async.blocking._names_generated import TWINS

    for base in cls.__mro__:
        place = TWINS.get(f"{base.__module__}.{base.__qualname__}")
        if place is not None:
            found: type[Handle[Any]] = getattr(import_module(place), base.__name__)
            return found
    return None
