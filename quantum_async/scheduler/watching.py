"""Cancellation events: an event of either world that cancels jobs once it is set."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, TypeAlias

import anyio

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

CancelEvent: TypeAlias = anyio.Event | threading.Event

TICK = 0.05
"""How often a `threading.Event` is looked at, in seconds: waiting for it would cost a thread."""


async def act_on(event: CancelEvent, action: Callable[[], Awaitable[None]]) -> None:
    """Wait for an event, then act."""
    if isinstance(event, threading.Event):
        while not event.is_set():  # noqa: ASYNC110 -- a threading.Event cannot be awaited
            await anyio.sleep(TICK)
    else:
        await event.wait()
    await action()
