"""The portal: one event loop on a thread of its own, callers who wait for it in ticks, and its end."""

from __future__ import annotations

import asyncio
import atexit
import os
import sys
import threading
import time
from collections import deque
from contextlib import suppress
from contextvars import copy_context
from math import inf
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import anyio

from quantum_async.blocking._signals import Terminated
from quantum_async.errors import FacadeError, WaitTimeoutError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from contextvars import Context, ContextVar
    from typing import TypeAlias

    from anyio.abc import TaskGroup

    from quantum_async.blocking._session import Block

    _Post: TypeAlias = tuple[Context, "Ticket[Any]", Callable[..., object], tuple[object, ...]]

T = TypeVar("T")

TICK = 0.05
"""Longest time in seconds for which a waiting thread does not look at signals."""

RESTING = 1.0
"""Longest time in seconds for the event loop to come to rest before the process is forked."""

STARTING = 10.0
"""Longest time in seconds for the event loop to start."""

_LIBRARY: ContextVar[str | None] | None = getattr(
    sys.modules.get("sniffio"), "current_async_library_cvar", None
)
"""Tells whoever asks sniffio which async library runs; anyio has imported it where it is there."""

_MACHINERY = tuple(f"{Path(file).parent}{os.sep}" for file in (__file__, anyio.__file__))


class Latch:
    """What one thread sets once and others wait for; half the price of a `threading.Event`."""

    __slots__ = ("_is_set", "_lock")

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._lock.acquire()
        self._is_set = False

    def is_set(self) -> bool:
        """Whether it was set."""
        return self._is_set

    def set(self) -> None:
        """Set it; only one thread may."""
        if not self._is_set:
            self._is_set = True
            self._lock.release()

    def wait(self, timeout: float) -> bool:
        """Wait until it is set, at most for a time in seconds, and say whether it is."""
        if not self._is_set and self._lock.acquire(timeout=timeout):
            # Passed on to whoever else waits.
            self._lock.release()
        return self._is_set


class Ticket(Generic[T]):
    """The place of one outcome, which the loop fills and a thread waits for."""

    __slots__ = ("_value", "done", "error", "notes")

    def __init__(self) -> None:
        self.done: Latch = Latch()
        self.error: BaseException | None = None
        self.notes: list[str] = []
        """What was said on the way out of a cancelled call."""

    def fill(self, value: T) -> None:
        """Deliver the outcome, unless there is one."""
        if not self.done.is_set():
            self._value = value
            self.done.set()

    def fail(self, error: BaseException) -> None:
        """Deliver an error, unless there is an outcome."""
        if not self.done.is_set():
            self.error = error
            self.done.set()

    def outcome(self) -> T:
        """Return the value, or raise the error without the machinery's own frames."""
        __tracebackhide__ = True
        if self.error is not None:
            raise presentable(self.error)
        return self._value

    def cancel(self) -> None:
        """Ask for an early end; on the loop's thread."""


class Question(Ticket[T]):
    """A function to be called on the loop's thread."""

    __slots__ = ("_function",)

    def __init__(self, function: Callable[[], T]) -> None:
        super().__init__()
        self._function = function

    def run(self) -> None:
        """Call it."""
        self.fill(self._function())


class Call(Ticket[T]):
    """A coroutine to be run as a task of the portal.

    Args:
        function: Makes what is awaited.
        timeout: Longest time in seconds until it is cancelled.
        what: The name of the call, for the error.
        on_failure: Told of its error, also where it never began: ends other waits for its work.
    """

    __slots__ = ("_function", "_is_cancelled", "_on_failure", "_scope", "_timeout", "_what")

    def __init__(
        self,
        function: Callable[[], Awaitable[T]],
        timeout: float | None = None,
        what: str = "",
        on_failure: Callable[[BaseException], None] | None = None,
    ) -> None:
        super().__init__()
        self._function = function
        self._timeout = timeout
        self._what = what
        self._on_failure = on_failure
        self._scope: anyio.CancelScope | None = None
        self._is_cancelled = False

    async def run(self) -> None:
        """Await it; on the loop's thread. Nothing escapes, because that would end the portal."""
        start = anyio.current_time()
        deadline = inf if self._timeout is None else start + self._timeout
        try:
            with anyio.CancelScope(deadline=deadline) as scope:
                self._scope = scope
                if not self._is_cancelled:
                    self.fill(await self._awaited())
            if not self.done.is_set():
                self.fail(self._ended(anyio.current_time() - start))
        except asyncio.CancelledError:
            self.fail(cancelled())
        except BaseException as error:  # noqa: BLE001 -- raised on the thread that waits
            self.fail(error)

    def fail(self, error: BaseException) -> None:
        """Deliver an error to all who wait for it."""
        super().fail(error)
        if self._on_failure is not None:
            self._on_failure(error)

    def cancel(self) -> None:
        """Cancel the task; on the loop's thread."""
        self._is_cancelled = True
        if self._scope is not None:
            self._scope.cancel()

    async def _awaited(self) -> T:
        try:
            return await self._function()
        except anyio.get_cancelled_exc_class() as cancelled:
            self.notes.extend(getattr(cancelled, "__notes__", []))
            raise

    def _ended(self, elapsed: float) -> BaseException:
        if self._is_cancelled:
            return cancelled()
        error = WaitTimeoutError(
            f"{self._what} did not finish within {self._timeout:g} s",
            remedy="Waiting was stopped; what the provider has accepted goes on.",
            accepted="unknown",
        )
        error.elapsed = elapsed
        return error


def cancelled() -> FacadeError:
    """Say to a thread why what it waits for has no outcome."""
    return FacadeError(
        "the call was cancelled: its thread was interrupted, or the program is ending",
        remedy="Nothing can be done from here; the main thread was told what is still running.",
    )


class Portal:
    """The event loop of the facade. It starts with the first call and lasts until exit.

    What threads post is called by a task, one after the other: anyio, and whoever else asks
    sniffio, does not know where it is in a bare callback of the loop.

    Args:
        loop_factory: Makes the event loop; asyncio's usual one by default.
    """

    def __init__(self, loop_factory: Callable[[], asyncio.AbstractEventLoop] | None = None) -> None:
        self._loop_factory = loop_factory
        self._loop: asyncio.AbstractEventLoop | None = None
        self._tasks: TaskGroup | None = None
        self._posts: deque[_Post] = deque()
        # Set by a bare callback of the loop, which is no place for one of anyio.
        self._has_posts = asyncio.Event()  # noqa: TID251
        self._is_ending = False
        self._cause: BaseException | None = None
        self._ready = threading.Event()
        self._is_running = False
        self._thread = threading.Thread(target=self._main, name="quantum-async-portal", daemon=True)
        self.blocks: dict[Block[Any], None] = {}
        """The blocks that were entered and not left, in that order."""
        self.waiting: dict[Ticket[Any], threading.Thread] = {}
        """Who waits for what."""
        self.was_left = False
        """Whether a second interrupt has left clean-up behind."""
        self.is_inherited = False
        """Whether this is a forked process's useless copy."""

    @property
    def is_alive(self) -> bool:
        """Whether calls can be made."""
        return self._is_running and not self.is_inherited

    def start(self) -> None:
        """Start the loop and wait until it runs."""
        self._thread.start()
        if not self._ready.wait(STARTING) or self._loop is None:
            raise self._dead()

    def stop(self, patience: float) -> None:
        """End every task and the loop.

        Args:
            patience: Longest time in seconds to wait for the thread.
        """
        if self.is_alive:
            end: Question[None] = Question(self._end)
            self.post(end, end.run)
            self._thread.join(patience)

    def check(self) -> None:
        """Refuse a caller who would wait for itself, or for a loop that is gone.

        Raises:
            FacadeError: With the reason and the remedy.
        """
        if threading.get_ident() == self._thread.ident:
            raise FacadeError(
                "the blocking facade was called from its own event loop's thread, "
                "which would wait for itself for ever",
                remedy="Use the async classes of quantum_async there, or call from another thread.",
            )
        if self.is_inherited:
            raise FacadeError(
                f"this object belongs to the process that process {os.getpid()} was forked from",
                remedy="Make new clients and a new scheduler in the forked process.",
            )
        if not self.is_alive:
            raise self._dead()

    def post(
        self, ticket: Ticket[Any], function: Callable[..., object], *arguments: object
    ) -> None:
        """Have a function called on the loop's thread, without waiting.

        The caller's context variables are there for it, and for the tasks that it starts; the
        one for the async library, which may be Trio in the caller, says asyncio.

        Args:
            ticket: Who waits for what it does, and is given the error if it raises one.
            function: The function.
            *arguments: What it is called with.

        Raises:
            FacadeError: The loop has stopped.
        """
        assert self._loop is not None
        context = copy_context()
        if _LIBRARY is not None:
            context.run(_LIBRARY.set, "asyncio")
        self._posts.append((context, ticket, function, arguments))
        try:
            self._loop.call_soon_threadsafe(self._has_posts.set)
        except RuntimeError:
            raise self._dead() from None

    def spawn(self, call: Call[T]) -> None:
        """Start a task, without waiting."""
        assert self._tasks is not None
        self.post(call, self._tasks.start_soon, call.run)

    def wait(self, ticket: Ticket[T], tick: Callable[[], None]) -> None:
        """Wait in ticks, so that signals are seen and progress is drawn on the caller's thread.

        Args:
            ticket: What to wait for.
            tick: Called between two ticks.
        """
        self.waiting[ticket] = threading.current_thread()
        try:
            while not ticket.done.wait(TICK):
                if not self.is_alive:
                    raise self._dead()
                tick()
        finally:
            self.waiting.pop(ticket, None)

    def rest(self) -> Latch:
        """Let the event loop stand still, between two of its steps, where it holds no lock.

        Returns:
            What lets it go on, once it is set.
        """
        resting, goes_on = Latch(), Latch()

        def rest() -> None:
            resting.set()
            # Not for ever: whoever is to set it may be gone.
            goes_on.wait(10 * RESTING)

        if (
            self.is_alive
            and self._loop is not None
            and self._thread is not threading.current_thread()
        ):
            # Its loop may just have been closed.
            with suppress(RuntimeError):
                self._loop.call_soon_threadsafe(rest)
                resting.wait(RESTING)
        return goes_on

    def _main(self) -> None:
        try:
            anyio.run(self._serve, backend_options={"loop_factory": self._loop_factory})
        except BaseException as error:  # noqa: BLE001 -- told to whoever calls next
            self._cause = error
        finally:
            self._is_running = False
            self._ready.set()

    async def _serve(self) -> None:
        async with anyio.create_task_group() as self._tasks:
            self._loop = asyncio.get_running_loop()
            self._is_running = True
            self._ready.set()
            while not self._is_ending:
                await self._has_posts.wait()
                self._has_posts.clear()
                while self._posts:
                    _answer(*self._posts.popleft())
            self._tasks.cancel_scope.cancel()

    def _end(self) -> None:
        self._is_ending = True

    def _dead(self) -> FacadeError:
        error = FacadeError(
            "the facade's event loop has stopped",
            remedy="Make new clients and a new scheduler; they start a new one.",
        )
        error.__cause__ = self._cause
        return error


def _answer(
    context: Context,
    ticket: Ticket[Any],
    function: Callable[..., object],
    arguments: tuple[object, ...],
) -> None:
    """Do what a thread has posted; it fails alone."""
    try:
        context.run(function, *arguments)
    except BaseException as error:  # noqa: BLE001 -- raised on the thread that waits
        ticket.fail(error)


_lock = threading.Lock()
_current: Portal | None = None
_inherited: list[Portal] = []


def current_portal() -> Portal:
    """Return the process's portal, and start it where it does not run."""
    global _current  # noqa: PLW0603 -- one event loop per process is the whole idea
    with _lock:
        if _current is None or not _current.is_alive:
            portal = Portal()
            portal.start()
            arm()
            _current = portal
        return _current


def existing_portal() -> Portal | None:
    """Return the process's portal, if there is one."""
    return _current


_resting: list[Latch] = []


def _rest() -> None:
    if _current is not None:
        _resting.append(_current.rest())


def _go_on() -> None:
    if _resting:
        _resting.pop().set()


def _forget() -> None:
    global _current, _lock  # noqa: PLW0603 -- a forked process starts anew
    _resting.clear()
    _lock = threading.Lock()
    if _current is not None:
        _current.is_inherited = True
        # Collecting it would close descriptors that are the parent's loop's own.
        _inherited.append(_current)
        _current = None


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_rest, after_in_parent=_go_on, after_in_child=_forget)


def presentable(error: BaseException) -> BaseException:
    """Prepare an error of the loop for the caller: alone if it is alone, and without our frames.

    Args:
        error: What was raised on the loop's thread.
    """
    shown = error
    while isinstance(shown, BaseExceptionGroup) and len(shown.exceptions) == 1:
        shown = shown.exceptions[0]
    if shown is not error:
        shown.__context__ = error
        shown.__suppress_context__ = True
    return shown.with_traceback(_plain(shown.__traceback__))


def _plain(traceback: TracebackType | None) -> TracebackType | None:
    """Copy a traceback without the frames of the portal and of anyio, which explain nothing."""
    kept: list[TracebackType] = []
    while traceback is not None:
        if not traceback.tb_frame.f_code.co_filename.startswith(_MACHINERY):
            kept.append(traceback)
        traceback = traceback.tb_next
    plain: TracebackType | None = None
    for part in reversed(kept):
        plain = TracebackType(plain, part.tb_frame, part.tb_lasti, part.tb_lineno)
    return plain


_is_armed = False


def arm() -> None:
    """Register with the interpreter, once."""
    global _is_armed  # noqa: PLW0603 -- a process ends once
    if _is_armed:
        return
    _is_armed = True
    # Before the executors of the standard library close: looking up a host name needs one of
    # them, and so may cancelling. The hook is private, hence the ordinary one as well.
    early: Callable[[Callable[[], None]], object] | None = getattr(
        threading, "_register_atexit", None
    )
    if early is not None:
        with suppress(RuntimeError):
            early(_close_unless_shared)
    atexit.register(_close)


def _close_unless_shared() -> None:
    """Close now, unless other threads still work: Python lets them finish first."""
    portal = existing_portal()
    if portal is None:
        return
    me = threading.current_thread()
    # Copied first: threads that still wait come and go meanwhile.
    others = [thread for thread in list(portal.waiting.values()) if thread is not me]
    if not any(thread.is_alive() and not thread.daemon for thread in others):
        _close()


def _close() -> None:
    portal = existing_portal()
    if portal is None or not portal.is_alive:
        return
    try:
        if not portal.was_left:
            _leave_blocks(portal)
    except (KeyboardInterrupt, Terminated):
        portal.was_left = True
    except FacadeError:
        pass
    for session in {block.session for block in list(portal.blocks) if block.is_open}:
        if remains := session.remains():
            sys.stderr.write(f"quantum_async: may still be running: {remains}\n")
    with suppress(KeyboardInterrupt, Terminated, FacadeError):
        portal.stop(0.0 if portal.was_left else 1.0)


def _leave_blocks(portal: Portal) -> None:
    """Cancel what was entered and never left, the latest first, within their grace."""
    for ticket in list(portal.waiting):
        portal.post(ticket, ticket.cancel)
    for block in reversed(list(portal.blocks)):
        if block.is_open and not _left(block, portal):
            return
        if not block.is_open:
            block.tell()


def _left(block: Block[Any], portal: Portal) -> bool:
    """Leave a block, and say whether nobody hurried on meanwhile."""
    reason = SystemExit("the program ends")
    portal.post(block.call, block.let_go, reason)
    end = time.monotonic() + block.session.grace + 1.0
    while not block.call.done.wait(TICK) and time.monotonic() < end:
        if block.is_hurried:
            portal.was_left = True
            return False
    for note in getattr(reason, "__notes__", []):
        sys.stderr.write(f"quantum_async: {note}\n")
    return True
