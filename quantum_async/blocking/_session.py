"""What the handles of one scheduler or client share: the portal, and how interrupts are told."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, TypeVar

from quantum_async.blocking._portal import TICK, Call, Portal, Question, Ticket, current_portal
from quantum_async.blocking._signals import warn_if_deaf
from quantum_async.models.numbers import check_seconds

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from quantum_async.blocking._progress import Reporter
    from quantum_async.display.live import Drawing

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
