"""An async context manager as one task of the portal, which a ``with`` block enters and leaves."""

from __future__ import annotations

import threading
import warnings
from typing import TYPE_CHECKING, Generic, TypeVar

import anyio

from quantum_async.blocking._portal import Call, Portal, Ticket
from quantum_async.blocking._signals import Terminated, Termination, is_interrupt, tell

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager

    from quantum_async.blocking._progress import Reporter
    from quantum_async.blocking._session import Session

T = TypeVar("T")


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
