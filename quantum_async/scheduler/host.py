"""The host: the tasks that a scheduler owns, which no caller's cancellation reaches.

What may have been accepted must not be torn off, and a native cancel of the caller's task passes
through every shield in it. So all that matters runs in tasks of the scheduler's own, and the
caller waits for them: a caller that is cancelled stops waiting, and that is all that it stops.
"""

from __future__ import annotations

import asyncio
import logging
import sys
from typing import TYPE_CHECKING, TypeVar, cast

import anyio

from quantum_async.errors import ConfigurationError
from quantum_async.scheduler.containment import PASSING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

logger: logging.Logger = logging.getLogger(__name__)

T = TypeVar("T")
U = TypeVar("U")


class Host:
    """Own tasks: start them, wait for them, end them. It stands in asyncio tasks of its own.

    Args:
        grace: Longest time in seconds that a cancelled caller waits for what it has begun.
    """

    def __init__(self, grace: float) -> None:
        self._tasks: set[asyncio.Task[object]] = set()
        self._is_open = False
        self.grace: float = grace
        """Longest time in seconds that a cancelled caller waits for what it has begun."""

    @property
    def is_open(self) -> bool:
        """Whether it takes work."""
        return self._is_open

    def open(self) -> None:
        """Take work from now on."""
        self._is_open = True

    def start_soon(
        self, work: Callable[..., Awaitable[None]], *args: object, repeats: bool = False
    ) -> None:
        """Start work that nobody waits for.

        Args:
            work: Called with the arguments; what it raises is a defect of ours, and is logged.
            args: Its arguments.
            repeats: Whether it is begun again if a stranger's cancel ends it, as loops are.
        """
        self.begin(work, *args, repeats=repeats).add_done_callback(log_defect)

    def begin(
        self, work: Callable[..., Awaitable[T]], *args: object, repeats: bool = True
    ) -> asyncio.Task[T]:
        """Start work, and return its task for `finish`.

        Args:
            work: Called with the arguments.
            args: Its arguments.
            repeats: Whether it is begun again if a stranger's cancel ends it, as for what may be
                done twice: cancelling and closing.
        """
        coroutine = self._repeating(work, args) if repeats else _once(work, args)
        task = asyncio.get_running_loop().create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def call(self, work: Callable[..., Awaitable[T]], *args: object) -> T:
        """Have work done to its end, also if the caller is cancelled; see `finish`."""
        if not self._is_open:
            return await work(*args)
        return await self.finish(self.begin(work, *args))

    async def finish(self, task: asyncio.Task[T], within: float | None = None) -> T:
        """Wait for work of this host.

        A caller that is cancelled, or is already, waits on for the grace at most; the work goes on.

        Args:
            task: The work.
            within: Longest time in seconds to wait in any case.

        Raises:
            TimeoutError: The work took longer than was to be waited; it goes on.
        """
        try:
            await asyncio.wait({task}, timeout=within)
        except asyncio.CancelledError:
            await waited_through([task], min(self.grace, within or self.grace))
            if task.done() and not task.cancelled():
                # Taken note of: the caller is told of its cancellation, not of this.
                task.exception()
            raise
        if not task.done():
            raise TimeoutError
        return task.result()

    async def end(self, within: float) -> None:
        """Take no more work, and end all that runs.

        Args:
            within: Longest time in seconds to wait for it.
        """
        self._is_open = False
        current = asyncio.current_task()
        tasks = [task for task in self._tasks if task is not current]
        for task in tasks:
            task.cancel()
        await waited_through(tasks, within)
        for task in tasks:
            if not task.done():
                logger.error("work of a scheduler does not end: %r", task.get_coro())

    async def _repeating(self, work: Callable[..., Awaitable[T]], args: Iterable[object]) -> T:
        while True:
            try:
                return await work(*args)
            except asyncio.CancelledError:
                # Only `end` ends it. What else cancels tasks one by one is a loop that is being
                # closed around us, and what is left to do on the way out is still to be done.
                task = asyncio.current_task()
                if not self._is_open or task is None:
                    raise
                task.uncancel()


async def _once(work: Callable[..., Awaitable[T]], args: Iterable[object]) -> T:
    return await work(*args)


async def waited_through(
    tasks: Iterable[asyncio.Future[T]], within: float
) -> asyncio.CancelledError | None:
    """Wait for tasks although the caller is cancelled, by whatever and however often.

    Args:
        tasks: What to wait for.
        within: Longest time in seconds.

    Returns:
        The native cancel that came meanwhile; whoever waits raises it afterwards.
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + within
    stop: asyncio.CancelledError | None = None
    with anyio.CancelScope(shield=True):
        while (left := [task for task in tasks if not task.done()]) and loop.time() < deadline:
            try:
                await asyncio.wait(left, timeout=deadline - loop.time())
            except asyncio.CancelledError as error:
                stop = error
    return stop


async def first_of(task: asyncio.Future[T], *others: asyncio.Future[U]) -> None:
    """Wait until one of some tasks is done; they go on if the caller is cancelled."""
    mixed = cast("tuple[asyncio.Future[T], ...]", (task, *others))
    await asyncio.wait(mixed, return_when=asyncio.FIRST_COMPLETED)


def check_library() -> None:
    """Refuse another event loop than asyncio's.

    Raises:
        ConfigurationError: This is a task of Trio.
    """
    trio = sys.modules.get("trio")
    is_in_run = getattr(getattr(trio, "lowlevel", None), "in_trio_run", None)
    if is_in_run is not None and is_in_run():
        raise ConfigurationError(
            "a scheduler needs asyncio, and this is Trio's event loop",
            remedy="Run it with asyncio.run or anyio.run(main, backend='asyncio'), in a thread of "
            "its own beside Trio; or use quantum_async.blocking in trio.to_thread.run_sync.",
        )


def log_defect(task: asyncio.Task[None]) -> None:
    """Say that a task which nobody waits for has ended by a defect of ours."""
    if not task.cancelled() and (error := task.exception()) is not None:
        if isinstance(error, PASSING):
            return
        logger.error("a defect in a scheduler: %r; please report it", error, exc_info=error)
