"""A door: how an adapter for a blocking library reaches a scheduler, its own or somebody's."""

from __future__ import annotations

import threading
import weakref
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from quantum_async.blocking._handle import Handle, unwrap
from quantum_async.blocking._session import Block, Reporter, Session
from quantum_async.errors import ConfigurationError, FacadeError
from quantum_async.scheduler.inputs import refuse_beside_scheduler, the_client
from quantum_async.scheduler.leaving import Left
from quantum_async.scheduler.scheduler import Scheduler

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path
    from typing import Literal

    from quantum_async.blocking import Scheduler as BlockingScheduler
    from quantum_async.blocking._handle import AnyClient
    from quantum_async.journal.base import Journal
    from quantum_async.models.cost import Budget
    from quantum_async.models.limits import Limits
    from quantum_async.providers.base import ProviderClient

T = TypeVar("T")


def bare_of(via: AnyClient | BlockingScheduler) -> ProviderClient | Scheduler:
    """Give the async twin of what an adapter was given to run jobs on.

    Args:
        via: A blocking client, an async one that nobody has opened, or a blocking scheduler.

    Raises:
        ConfigurationError: It belongs to an event loop of the program's own.
    """
    bare: ProviderClient | Scheduler = unwrap(via)
    is_scheduler = isinstance(bare, Scheduler)
    if not isinstance(via, Handle) and (is_scheduler or getattr(bare, "is_open", False)):
        raise ConfigurationError(
            f"this {'scheduler' if is_scheduler else 'client'} belongs to an event loop of the "
            "program's own",
            remedy="Pass one of quantum_async.blocking, or a client that is not open yet.",
        )
    return bare


def stand(owner: object, manager: AbstractAsyncContextManager[T], session: Session) -> Block[T]:
    """Enter something until its block is left, its owner is dropped, or the program ends.

    Args:
        owner: Whoever scripts drop without a word; the block goes on without it for that long.
        manager: What is entered.
        session: Whose block it is.
    """
    block = Block(manager, session)
    block.enter(Reporter(session.root))
    weakref.finalize(owner, _let_go, block).atexit = False
    return block


def _let_go(block: Block[Any]) -> None:
    """Have the block of a dropped owner left, without waiting for it."""
    portal = block.session.portal
    if block.is_open and portal.is_alive:
        portal.blocks.pop(block, None)
        with suppress(FacadeError):
            portal.post(block.call, block.let_go, Left("dropped"))


class Door:
    """Reach a scheduler from any thread.

    With a client, the scheduler is the door's own: the first use enters it, and `close`, dropping
    the door or the end of the program leaves it by its policy. Using it again enters a new one.
    With a scheduler, whoever entered that one owns it, and its jobs.

    Args:
        via: A blocking client, an async one that nobody has opened, or a blocking scheduler.
        provider: Registry name of the provider that is meant.
        name: What its client is called, where a scheduler has several.
        journal: Where jobs are written down; see `Scheduler`.
        budget: The most that may be spent.
        limits: How much is done at once.
        on_cancel: What leaving does to unfinished jobs.

    Raises:
        ConfigurationError: The client belongs to another event loop or provider, or none is meant.
        InvalidOptionError: A setting is none.
    """

    def __init__(
        self,
        via: AnyClient | BlockingScheduler,
        provider: str,
        *,
        name: str = "",
        journal: str | Path | Journal | None = None,
        budget: Budget | None = None,
        limits: Limits | None = None,
        on_cancel: Literal["cancel", "detach"] = "detach",
    ) -> None:
        bare = bare_of(via)
        self._is_guest = isinstance(bare, Scheduler)
        if isinstance(bare, Scheduler):
            assert isinstance(via, Handle)
            refuse_beside_scheduler(
                journal=journal,
                budget=budget,
                limits=limits,
                on_cancel=None if on_cancel == "detach" else on_cancel,
            )
            self._scheduler, self._session = bare, via._session  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]
        else:
            self._make: Callable[[], Scheduler] = partial(
                Scheduler,
                bare,
                journal=journal,
                budget=budget,
                limits=limits,
                on_cancel=on_cancel,
            )
            self._renew()
        self.client: ProviderClient = the_client(
            self._scheduler.clients,
            name=name,
            provider=provider,
            remedy="Name the client where there are several",
        )
        self._block: Block[Scheduler] | None = None
        self._lock = threading.Lock()

    def open(self) -> tuple[Scheduler, Session]:
        """Return the scheduler, entered, and the session that its calls are made in."""
        if self._is_guest:
            return self._scheduler, self._session
        with self._lock:
            if self._block is None or not self._block.is_open:
                if self._block is not None:
                    self._renew()
                self._block = stand(self, self._scheduler, self._session)
            return self._scheduler, self._session

    def close(self) -> None:
        """Leave the scheduler if it is the door's own. Closing twice has no effect."""
        with self._lock:
            block = self._block
            if block is not None and block.is_open:
                block.leave(Left("closed"), Reporter(self._scheduler))

    def _renew(self) -> None:
        self._scheduler = self._make()
        self._session = Session(self._scheduler)
