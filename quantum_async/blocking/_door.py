"""A door: how an adapter for a blocking library reaches a scheduler, its own or somebody's."""

from __future__ import annotations

import threading
import weakref
from functools import partial
from typing import TYPE_CHECKING

from quantum_async.blocking._block import Block
from quantum_async.blocking._handle import ClientHandle, Handle, unwrap
from quantum_async.blocking._progress import Reporter
from quantum_async.blocking._session import Session
from quantum_async.errors import ConfigurationError, FacadeError
from quantum_async.scheduler.scheduler import Scheduler

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from typing import Literal

    from quantum_async.blocking import Scheduler as BlockingScheduler
    from quantum_async.blocking._handle import AnyClient
    from quantum_async.journal.base import Journal
    from quantum_async.models.cost import Budget
    from quantum_async.models.limits import Limits
    from quantum_async.providers.base import ProviderClient


class DoorClosed(Exception):  # noqa: N818 -- no error: why a block was left
    """The adapter was closed or dropped."""


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
        bare = unwrap(via)
        self._is_guest = isinstance(bare, Scheduler)
        if isinstance(bare, Scheduler):
            if not isinstance(via, Handle):
                raise _other_loop("scheduler")
            _refuse_settings(journal=journal, budget=budget, limits=limits)
            self._scheduler, self._session = bare, via._session  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]
        else:
            if not isinstance(via, ClientHandle) and getattr(bare, "is_open", False):
                raise _other_loop("client")
            self._make: Callable[[], Scheduler] = partial(
                Scheduler,
                bare,
                journal=journal,
                budget=budget,
                limits=limits,
                on_cancel=on_cancel,
            )
            self._renew()
        self.client: ProviderClient = _client_of(self._scheduler, provider, name)
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
                block = Block(self._scheduler, self._session)
                block.enter(Reporter(self._scheduler))
                self._block = block
                # The block goes on without its door, which scripts drop without a word.
                weakref.finalize(self, _let_go, block).atexit = False
            return self._scheduler, self._session

    def close(self) -> None:
        """Leave the scheduler if it is the door's own. Closing twice has no effect."""
        with self._lock:
            block = self._block
            if block is not None and block.is_open:
                block.leave(DoorClosed("closed"), Reporter(self._scheduler))

    def _renew(self) -> None:
        self._scheduler = self._make()
        self._session = Session(self._scheduler)


def _client_of(scheduler: Scheduler, provider: str, name: str) -> ProviderClient:
    found = [c for c in scheduler.clients if c.provider == provider and name in {"", c.name}]
    if len(found) == 1:
        return found[0]
    names = ", ".join(client.name for client in scheduler.clients)
    raise ConfigurationError(
        f"one client of {provider} is needed{f' called {name!r}' if name else ''}, and there are "
        f"{len(found)} among: {names}",
        provider=provider,
        remedy="Name the client where there are several.",
    )


def _refuse_settings(**settings: object) -> None:
    if given := [name for name, value in settings.items() if value is not None]:
        raise ConfigurationError(
            f"{given[0]}= was given beside a scheduler, which has its own",
            remedy="Give it to the scheduler.",
        )


def _other_loop(what: str) -> ConfigurationError:
    return ConfigurationError(
        f"this {what} belongs to an event loop of the program's own",
        remedy="Pass one of quantum_async.blocking, or a client that is not open yet.",
    )


def _let_go(block: Block[Scheduler]) -> None:
    """Have a dropped door closed, without waiting for it."""
    portal = block.session.portal
    if block.is_open and portal.is_alive:
        portal.blocks.pop(block, None)
        try:
            portal.post(block.call, block.let_go, DoorClosed("dropped"))
        except FacadeError:
            return
