"""Work on long texts, where it does not hold up the event loop."""

from __future__ import annotations

from collections.abc import Callable, Sized
from typing import TypeVar

import anyio.to_thread

from quantum_async.http.encode import LARGE

Text = TypeVar("Text", bound=Sized)
Value = TypeVar("Value")


async def off_loop(work: Callable[[Text], Value], text: Text) -> Value:
    """Do something with a text, in a worker thread where it is long.

    Args:
        work: What to do; a thread costs more than a short text does.
        text: Bytes or characters.
    """
    if len(text) < LARGE:
        return work(text)
    return await anyio.to_thread.run_sync(work, text)
