"""An event loop whose tasks take their turns in an order drawn by lot, the same for each seed."""

from __future__ import annotations

import asyncio
import random
import selectors
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

T = TypeVar("T")

LONGEST = 12
"""Most turns of the loop that a task is kept waiting for one of its own."""

SPEED = 50.0
"""How many seconds of the loop's clock pass in one of the world's."""


class _Hasty(selectors.DefaultSelector):
    """Waits as short as the loop's clock is fast."""

    def select(self, timeout: float | None = None):
        return super().select(timeout / SPEED if timeout is not None else None)


class InterleavedLoop(asyncio.SelectorEventLoop):
    """Keeps each step of a task waiting for a number of turns; callbacks keep their order.

    asyncio promises the order of callbacks, and nobody the order of tasks: whatever happens here
    can happen to a user on a busy machine.

    Args:
        seed: Which order.
    """

    def __init__(self, seed: int) -> None:
        super().__init__(_Hasty())
        self._lots = random.Random(seed)

    def time(self) -> float:
        return super().time() * SPEED

    def call_soon(self, callback, *args, context=None):
        if isinstance(getattr(callback, "__self__", None), asyncio.Task):
            return self._after(self._lots.randrange(LONGEST), callback, args, context)
        return super().call_soon(callback, *args, context=context)

    def _after(self, turns, callback, args, context):
        if not turns:
            return super().call_soon(callback, *args, context=context)
        return super().call_soon(self._after, turns - 1, callback, args, context)


def interleaved(scenario: Callable[[], Coroutine[object, object, T]], seed: int) -> T:
    """Run a scenario in one order.

    Args:
        scenario: What to run.
        seed: Which order.
    """
    with asyncio.Runner(loop_factory=lambda: InterleavedLoop(seed)) as runner:
        return runner.run(scenario())
