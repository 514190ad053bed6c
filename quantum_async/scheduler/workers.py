"""What tasks wait for, and how many of them work at once."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, TypeAlias

import anyio
import anyio.lowlevel

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    Piece = Callable[[], Awaitable[None]]

    Hire = Callable[[Piece], object]

    """Starts a task in the group that owns it."""


class Signal:
    """Wake a waiting loop; raised while nobody waits, it is remembered once."""

    __slots__ = ("_event", "_raised")

    def __init__(self) -> None:
        self._event: anyio.Event | None = None
        self._raised = False

    def notify(self) -> None:
        """Wake the waiter, or the next one to come."""
        if self._event is None:
            self._raised = True
        else:
            self._event.set()

    async def wait(self) -> None:
        """Wait until `notify` is called; return at once if it was called since the last wait."""
        if not self._raised:
            self._event = anyio.Event()
            try:
                await self._event.wait()
            finally:
                self._event = None
        self._raised = False

    async def wait_until(self, deadline: float) -> None:
        """Wait for `notify`, at most until a time on the loop's clock, in seconds."""
        with anyio.move_on_at(deadline) if deadline != float("inf") else anyio.CancelScope():
            await self.wait()


class Broadcast:
    """Tell every task that waits at this moment that something has changed."""

    __slots__ = ("_event",)

    def __init__(self) -> None:
        self._event: anyio.Event | None = None

    def notify(self) -> None:
        """Wake everyone who waits."""
        if self._event is not None:
            self._event.set()
            self._event = None

    async def wait(self) -> None:
        """Wait for the next `notify`."""
        self._event = self._event or anyio.Event()
        await self._event.wait()

    async def until(self, is_so: Callable[[], bool]) -> None:
        """Wait until a condition holds; it is looked at after each change."""
        while not is_so():
            await self.wait()


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


FIRST = 32
"""Requests under way at the beginning, where that many are allowed."""
LEAST = 16
"""Requests under way at the least, where that many are allowed."""
LONG = 0.010
"""A turn of the event loop, in seconds, from which on fewer requests are begun."""
SHORT = 0.005
"""A turn, in seconds, up to which more are begun."""
PERIOD = 0.005
"""Time in seconds between two looks: each costs as much as a tenth of a request."""
PAUSE = 0.1
"""Time in seconds for a narrower window to show in the turns: about a round trip."""


class Window:
    """Bound the requests under way by what the event loop can take.

    A loop that has more answers to deal with than time lets them pile up, and then deals with
    all of them in one turn: polls, and whatever else the user's program does, wait that long. So
    the length of a turn is watched: while turns are short the window widens with every request,
    and a long one narrows it. It costs no speed: whoever is that busy is not waiting for answers.

    Args:
        most: Most requests under way at once.
        clock: The time in seconds.
        busy: How long this thread has had the processor, in seconds: what another program takes
            is not ours to spare.

    Attributes:
        size: Requests that may be under way now.
        under_way: Requests that are.
        done: Requests that have ended since the window was last changed.
    """

    __slots__ = (
        "_busy",
        "_clock",
        "_felt_at",
        "_most",
        "_narrowed_at",
        "done",
        "size",
        "under_way",
    )

    def __init__(
        self,
        most: int,
        *,
        clock: Callable[[], float] = time.monotonic,
        busy: Callable[[], float] = time.thread_time,
    ) -> None:
        self._most = most
        self._clock = clock
        self._busy = busy
        self._narrowed_at = 0.0
        self._felt_at = 0.0
        self.size: int = min(FIRST, most)
        self.under_way: int = 0
        self.done: int = 0

    @property
    def room(self) -> int:
        """How many more requests may begin."""
        return max(0, self.size - self.under_way)

    async def feel(self) -> None:
        """Let the loop take a turn now and then, and learn from how long that takes."""
        self.done += 1
        if self._clock() - self._felt_at < PERIOD:
            return
        self._felt_at = self._clock()
        began = self._busy()
        await anyio.lowlevel.checkpoint()
        self.learn(self._busy() - began, self._clock())

    def learn(self, turn: float, now: float) -> None:
        """Widen or narrow the window.

        Args:
            turn: How long the loop was busy between two looks, in seconds.
            now: The time in seconds.
        """
        widening, self.done = self.done, 0
        if turn <= SHORT and self.size < self._most:
            self.size = min(self.size + widening, self._most)
        elif turn > LONG and now - self._narrowed_at > PAUSE:
            self._narrowed_at = now
            self.size = max(int(self.size * max(LONG / turn, 0.5)), min(LEAST, self._most))


CALLED_AT_ONCE = 16
"""Tasks called in one turn of the loop: the news of one poll can be a hundred results to fetch."""


class Crew:
    """Do what there is to do with as many tasks as are busy at once.

    A task of its own for each piece would cost more than many a piece itself; here one that has
    finished takes the next, or is called when there is one.

    Args:
        window: Bounds the pieces that are under way at once.
        backlog: Tells how many pieces could begin now; too many do no harm.
        work: Takes the next piece, if there is one left, and does it.
    """

    def __init__(self, window: Window, backlog: Callable[[], int], work: Piece) -> None:
        self._backlog = backlog
        self._piece = work
        self._idle: list[anyio.Event] = []
        self._window = window
        self._signal = Signal()

    def notify(self) -> None:
        """Note that there may be more to do."""
        self._signal.notify()

    async def run(self, hire: Hire) -> None:
        """Have the work done for ever.

        Args:
            hire: Starts a task in the group that owns it.
        """
        while True:
            await self._signal.wait()
            # One turn of the loop lets what comes side by side be seen together.
            await anyio.lowlevel.checkpoint()
            while self._call(hire):
                await anyio.lowlevel.checkpoint()

    def _call(self, hire: Hire) -> int:
        """Have more at work, as far as there is work and room; returns how many."""
        count = min(self._backlog(), self._window.room, CALLED_AT_ONCE)
        for _ in range(count):
            self._window.under_way += 1
            if self._idle:
                self._idle.pop().set()
            else:
                hire(self._toil)
        return count

    async def _toil(self) -> None:
        while True:
            await self._work()
            called = anyio.Event()
            self._idle.append(called)
            self._window.under_way -= 1
            await called.wait()

    async def _work(self) -> None:
        """Take pieces while there are any, and while the window has not narrowed below them."""
        window = self._window
        while window.under_way <= window.size and self._backlog():
            await self._piece()
            await window.feel()
            if window.room and self._backlog():
                self._signal.notify()
