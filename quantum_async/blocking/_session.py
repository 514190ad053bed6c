"""What the handles of one scheduler or client share, and the blocks and iterators that are opened in it."""

from __future__ import annotations

import logging
import sys
import threading
import time
import warnings
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import anyio

from quantum_async.blocking._portal import (
    TICK,
    Call,
    Portal,
    Question,
    Ticket,
    current_portal,
)
from quantum_async.blocking._signals import (
    Terminated,
    Termination,
    is_interrupt,
    tell,
    warn_if_deaf,
)
from quantum_async.errors import FacadeError
from quantum_async.models.numbers import check_seconds

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, Awaitable, Callable, Sequence
    from contextlib import AbstractAsyncContextManager
    from typing import Self

    from quantum_async.display.live import Drawing, Standing


T = TypeVar("T")

GRACE = 10.0
"""Longest time in seconds for clean-up after an interrupt, where no scheduler says otherwise."""

NAMED = 10
"""Jobs named one by one in a note."""


class Session:
    """Run calls for a family of handles, and end them when the caller is interrupted.

    Args:
        root: The async scheduler or client that everything came from.
        progress: Whether to show progress: ``None`` shows it in notebooks alone.
        portal: Where calls run; the process's own portal by default.
    """

    def __init__(
        self, root: object, *, progress: bool | None = None, portal: Portal | None = None
    ) -> None:
        warn_if_deaf()
        self.root = root
        self.progress = progress
        self._portal = portal
        self._notes: list[str] = []
        self.lines: dict[object, Drawing] = {}
        """Where waits for single jobs are drawn, by cell: one line serves them all."""

    @property
    def portal(self) -> Portal:
        """The portal: the process's own at the first use, and the same ever after."""
        if self._portal is None:
            self._portal = current_portal()
        return self._portal

    @property
    def grace(self) -> float:
        """Longest time in seconds for clean-up after an interrupt."""
        return float(getattr(self.root, "grace", GRACE))

    def run(
        self,
        function: Callable[[], Awaitable[T]],
        reporter: Reporter,
        *,
        timeout: float | None = None,
        what: str = "",
    ) -> Ticket[T]:
        """Run a coroutine to its end."""
        check_seconds("timeout", timeout)
        self.portal.check()
        call = Call(function, timeout, what)
        # Whatever interrupts from here on finds the call, and can end it.
        self.wait(call, reporter, start=lambda: self.portal.spawn(call))
        reporter.finish()
        return call

    def ask(self, function: Callable[[], T], reporter: Reporter) -> Ticket[T]:
        """Call a plain function on the loop's thread."""
        self.portal.check()
        question = Question(function)
        self.wait(question, reporter, start=lambda: self.portal.post(question, question.run))
        return question

    def wait(
        self,
        ticket: Ticket[T],
        reporter: Reporter,
        *,
        start: Callable[[], None],
        ending: Ticket[Any] | None = None,
        is_leaving: bool = False,
    ) -> None:
        """Start something and wait for it. An interrupt ends it, a second one leaves at once.

        Args:
            ticket: What to wait for.
            reporter: Shows progress meanwhile.
            start: Starts it.
            ending: What to cancel instead when interrupted.
            is_leaving: Whether an interrupt has led here, so that the next one is the second.
        """
        try:
            start()
            self.portal.wait(ticket, reporter.tick)
        except BaseException as stop:
            reporter.finish(stopped=True)
            if is_leaving:
                self.left_behind(stop)
            else:
                self._end(ending or ticket, stop)
            raise
        reporter.tick()

    def left_behind(self, stop: BaseException) -> None:
        """Note on an interrupt that clean-up was left to itself, and what that may leave."""
        self.portal.was_left = True
        first, *others = self.left() or ["No job is known to be running."]
        # One sentence of it, because that is what people look for in a traceback.
        stop.add_note(f"Left before everything was cancelled; {first[:1].lower()}{first[1:]}")
        for note in others:
            stop.add_note(note)

    def remains(self) -> str:
        """Name the jobs that have not ended, as far as is known; empty where there are none."""
        return named(unfinished(self.root))

    def left(self) -> list[str]:
        """Say in the log what may go on, all of it, and return notes that say it in short."""
        say: Callable[[], list[str]] | None = getattr(self.root, "_what_is_left", None)
        return say() if say is not None else []

    def outdate(self, stop: BaseException) -> None:
        """Take back from an interrupt what the end of the block has made untrue."""
        notes: list[str] = getattr(stop, "__notes__", [])
        notes[:] = [note for note in notes if note not in self._notes]
        self._notes.clear()

    def _end(self, ticket: Ticket[Any], stop: BaseException) -> None:
        """Cancel what was waited for and give its clean-up time."""
        portal = self.portal
        if not portal.is_alive:
            return
        try:
            portal.post(ticket, ticket.cancel)
            if isinstance(ticket, Call):
                # A second's worth beyond the scheduler's own bound: it should be the one to end it.
                _patiently(ticket, self.grace + 1.0)
        except BaseException as second:
            self.left_behind(second)
            raise
        for note in ticket.notes:
            stop.add_note(note)
        if not ticket.done.is_set() and isinstance(ticket, Call):
            self.left_behind(stop)
        elif not ticket.notes and (remains := self.remains()):
            note = (
                f"Only the waiting was stopped; not finished yet: {remains}. They go on while "
                "their scheduler is open: wait again, or cancel them with .cancel()."
            )
            self._notes.append(note)
            stop.add_note(note)


def _patiently(call: Ticket[Any], patience: float) -> None:
    end = time.monotonic() + patience
    while not call.done.wait(TICK) and time.monotonic() < end:
        pass


def unfinished(root: object) -> Sequence[object]:
    """List what a scheduler has running, as far as it is known without asking."""
    return getattr(root, "unfinished", ())


def named(refs: Sequence[object]) -> str:
    """Name a few references, and the number of the others."""
    names = ", ".join(str(ref) for ref in refs[:NAMED])
    more = len(refs) - NAMED
    return f"{names} and {more} more" if more > 0 else names


logger = logging.getLogger(__name__)

PATIENCE = 0.4
"""Seconds of waiting before anything is drawn: most waits are shorter."""

INTERVAL = 0.2
"""Least time in seconds between two drawings."""


class Reporter:
    """Draw how far one wait has come.

    Args:
        subject: The async object that is waited for; what has no progress shows nothing.
        session: Says whether to draw; without one, nothing is drawn.
    """

    __slots__ = (
        "_drawing",
        "_drawn",
        "_lines",
        "_most",
        "_progress",
        "_start",
        "_subject",
        "_thread",
    )

    def __init__(self, subject: object, session: Session | None = None) -> None:
        progress = session.progress if session is not None else False
        self._lines = session.lines if session is not None else {}
        self._subject = subject
        self._progress = progress
        self._start = self._drawn = 0.0 if progress is False else time.monotonic()
        self._most = 0
        self._drawing: Drawing | None = None
        self._thread = 0

    def tick(self) -> None:
        """Draw, where it is time to."""
        if self._progress is False:
            return
        now = time.monotonic()
        if now - self._start < PATIENCE or now - self._drawn < INTERVAL:
            return
        self._drawn = now
        self._draw(now)

    def finish(self, *, stopped: bool = False) -> None:
        """Draw for the last time, if anything was drawn.

        Args:
            stopped: Whether the wait was given up.
        """
        if self._drawing is None or threading.get_ident() != self._thread:
            return
        self._draw(time.monotonic(), is_over=True, stopped=stopped)
        self._drawing = None
        self._start = self._drawn = time.monotonic()

    def _draw(self, now: float, *, is_over: bool = False, stopped: bool = False) -> None:
        # A picture that fails must not take the work with it.
        try:
            if self._drawing is None:
                self._thread = threading.get_ident()
                self._drawing = self._open()
            if self._drawing is not None:
                self._draw_on(self._drawing, now - self._start, is_over=is_over, stopped=stopped)
        except Exception:
            logger.debug("progress could not be drawn", exc_info=True)
            self._progress = False

    def _draw_on(self, drawing: Drawing, elapsed: float, *, is_over: bool, stopped: bool) -> None:
        standing = standing_of(self._subject, self._most)
        if standing is None:
            return
        self._most = standing.total
        words = [standing.words] if standing.words else []
        words.append(f"stopped after {elapsed:.1f} s" if stopped else f"{elapsed:.1f} s")
        drawing.draw(standing, " · ".join(words), is_over=is_over)

    def _open(self) -> Drawing | None:
        cell = running_cell()
        wanted = cell is not None if self._progress is None else True
        standing = standing_of(self._subject) if wanted else None
        if standing is None:
            self._progress = False
            return None
        from quantum_async.display.live import drawing

        if standing.total > 1:
            return drawing(in_notebook=cell is not None)
        # An adaptive loop waits for one job after the other: one line is enough for them.
        return self._lines.setdefault(cell, drawing(in_notebook=cell is not None))


def running_cell() -> int | None:
    """Number the notebook's cell that this thread's output goes to; ``None`` where there is none."""
    if "IPython" not in sys.modules or threading.current_thread() is not threading.main_thread():
        return None
    from IPython.core.getipython import get_ipython

    shell = get_ipython()
    return int(shell.execution_count) if shell is not None and hasattr(shell, "kernel") else None


def standing_of(subject: object, most: int = 0) -> Standing | None:
    """Read how far an async object has come, from any thread.

    Args:
        subject: The object.
        most: The largest total seen so far, for what does not know its own.

    Returns:
        Nothing for what has no progress to show.
    """
    from quantum_async.display.live import Standing
    from quantum_async.scheduler.job import Completions, Job
    from quantum_async.scheduler.scheduler import Scheduler
    from quantum_async.scheduler.sweep import Sweep

    if isinstance(subject, Sweep):
        label = f"sweep {subject.name}" if subject.name else "sweep"
        total = len(subject)
        return Standing(f"{label} on {subject.target}", subject.done, total, subject.failed)
    if isinstance(subject, Job):
        label = f"job {subject.id} on {subject.target}"
        return Standing(label, int(subject.is_settled), 1, words=str(subject.state.status))
    if isinstance(subject, Completions):
        return Standing("jobs", subject.done, len(subject))
    if isinstance(subject, Scheduler):
        left = len(subject.unfinished)
        total = max(most, left)
        return Standing("jobs of the scheduler", total - left, total) if total else None
    return None


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


class Block(Generic[T]):
    """Enter and leave in the same task, because a cancel scope belongs to the task it was made in.

    Args:
        manager: The async context manager.
        session: Whose block it is.
    """

    def __init__(self, manager: AbstractAsyncContextManager[T], session: Session) -> None:
        self._manager = manager
        self.session = session
        self._portal: Portal = session.portal
        self._entered: Ticket[T] = Ticket()
        self._leave: anyio.Event | None = None
        self._reason: BaseException | None = None
        self._is_passed = False
        self._thread = threading.current_thread()
        self.call: Call[None] = Call(self._run, on_failure=self._entered.fail)
        self._termination = Termination(self._end)
        self._stop: Terminated | None = None
        self._telling = threading.Lock()

    @property
    def is_open(self) -> bool:
        """Whether its task runs."""
        return not self.call.done.is_set()

    @property
    def is_hurried(self) -> bool:
        """Whether it was asked to end a second time."""
        return self._termination.heard > 1

    def enter(self, reporter: Reporter) -> T:
        """Enter, and return what the context manager gives."""
        self._portal.check()
        self._termination.arm()
        try:
            self.session.wait(
                self._entered,
                reporter,
                start=lambda: self._portal.spawn(self.call),
                ending=self.call,
            )
            value = self._entered.outcome()
        except BaseException:
            self._termination.disarm()
            raise
        self._portal.blocks[self] = None
        self._thread = threading.current_thread()
        return value

    def leave(self, reason: BaseException | None, reporter: Reporter) -> bool:
        """Leave, and say whether the reason was dealt with.

        Args:
            reason: The exception that the block was left by.
            reporter: Shows progress while the block's work drains.
        """
        if self._portal.is_inherited:
            # The parent process owns what runs; its block goes on there.
            return False
        self._portal.check()
        traceback = reason.__traceback__ if reason is not None else None
        is_leaving = is_interrupt(reason)
        try:
            self.session.wait(
                self.call,
                reporter,
                start=lambda: self._portal.post(self.call, self.let_go, reason),
                is_leaving=is_leaving,
            )
            self.tell()
        except BaseException as stop:
            self._tell(stop)
            raise
        finally:
            self._portal.blocks.pop(self, None)
            self._termination.disarm()
        reporter.finish()
        if reason is None or not self._is_passed:
            self.call.outcome()
            return reason is not None
        reason.__traceback__ = traceback
        if is_leaving:
            self._tell(reason)
        return False

    def abandon(self) -> None:
        """Cancel a block that nobody can leave any more."""
        self._termination.disarm()
        if self.is_open and self._portal.is_alive:
            warnings.warn(
                f"{type(self._manager).__name__} was dropped without leaving its block; "
                "its jobs are cancelled by its policy. Use it in a with statement.",
                ResourceWarning,
                stacklevel=2,
            )
            self._portal.blocks.pop(self, None)
            self._portal.post(self.call, self.call.cancel)

    def _end(self, stop: Terminated) -> None:
        """End the block of another thread, and whatever that thread waits for; on the main thread."""
        if not self.is_open or not self._portal.is_alive:
            return
        self._stop = stop
        self._portal.post(self.call, self.let_go, stop)
        for ticket, thread in list(self._portal.waiting.items()):
            if thread is self._thread:
                self._portal.post(ticket, ticket.cancel)

    async def _run(self) -> None:
        self._leave = anyio.Event()
        try:
            async with self._manager as value:
                self._entered.fill(value)
                await self._leave.wait()
                if self._reason is not None:
                    raise self._reason  # noqa: TRY301 -- the manager has to see it
        except BaseException as error:
            # A coroutine cannot raise just any exception; the caller's `with` has this one.
            self._is_passed = error is self._reason
            if not self._is_passed:
                raise

    def let_go(self, reason: BaseException | None) -> None:
        """Have the block left, for a reason; on the loop's thread."""
        if self._leave is None:
            # It was not entered yet, and need not be.
            self.call.cancel()
        elif not self._leave.is_set():
            self._reason = reason
            self._leave.set()

    def tell(self) -> None:
        """Say what came of a block that was ended from the main thread, whoever comes first.

        Both may: a daemon's thread stands still once the program ends, whatever it was saying.
        """
        with self._telling:
            stop, self._stop = self._stop, None
            if stop is not None:
                for note in self.call.notes:
                    stop.add_note(note)
                self._tell(stop)

    def _tell(self, stop: BaseException) -> None:
        """Say on an interrupt what is still running, now that the policy has been followed."""
        if not is_interrupt(stop):
            return
        self.session.outdate(stop)
        if not getattr(stop, "__notes__", []) and hasattr(self.session.root, "unfinished"):
            remains = self.session.remains()
            stop.add_note(
                f"May still be running: {remains}"
                if remains
                else "No job was left running: each had ended or was cancelled."
            )
        tell(stop)
