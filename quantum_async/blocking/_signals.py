"""Signals: a polite request to end, SIGTERM or SIGHUP, ends a script as Ctrl-C does."""

from __future__ import annotations

import os
import signal
import sys
import threading
import warnings
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

_SIGNALS = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name))

_has_warned = False
_lock = threading.Lock()


class Terminated(SystemExit):
    """Raised on the main thread by SIGTERM while a block lasts; ends the program with 143."""


class Termination:
    """While armed, SIGTERM raises `Terminated` where its default would end the process at once.

    A handler that somebody else has set is left alone. Only the main thread can set one, so that
    ours stays once it is set: blocks of other threads rely on it.

    Args:
        end: Ends the block of another thread by a `Terminated`; called on the main thread.
    """

    def __init__(self, end: Callable[[Terminated], None]) -> None:
        self._end = end
        self._is_elsewhere = False
        self.heard = 0
        """How many have come. One can be lost as an exception: Python drops what is raised
        between two steps of its own end."""

    def arm(self) -> None:
        """Take the signals over, where nobody has."""
        listen()
        if not any(signal.getsignal(number) is _terminate for number in _SIGNALS):
            return
        self._is_elsewhere = threading.current_thread() is not threading.main_thread()
        with _lock:
            _armed[self] = None

    def disarm(self) -> None:
        """Let them do what they did before, with the last block that took them; from any thread.

        The handler stays, because another thread's next block could not set it: without a block
        it does what the default does.
        """
        with _lock:
            _armed.pop(self, None)

    def hear(self, stop: Terminated) -> None:
        """End the block by the first one, unless it belongs to the thread that raises it."""
        self.heard += 1
        if self._is_elsewhere and self.heard == 1:
            self._end(stop)


_armed: dict[Termination, None] = {}


def listen() -> None:
    """Handle the signals that nobody handles; without effect on other threads than the main one."""
    if threading.current_thread() is not threading.main_thread():
        return
    for number in _SIGNALS:
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, _terminate)


def warn_if_deaf() -> None:
    """Warn, once, a thread whose jobs would run on because nothing hears SIGTERM."""
    global _has_warned  # noqa: PLW0603 -- a process is warned once
    is_main = threading.current_thread() is threading.main_thread()
    if is_main or _has_warned or signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
        return
    _has_warned = True
    warnings.warn(
        "SIGTERM would end this process at once, and its jobs would run on: only the main thread "
        "can see to it. Import quantum_async.blocking there, before other threads use it.",
        RuntimeWarning,
        stacklevel=4,
    )


def _terminate(number: int, frame: FrameType | None) -> None:
    del frame
    if not _armed:
        # No block is open: it does what it did before anybody handled it.
        signal.signal(number, signal.SIG_DFL)
        signal.raise_signal(number)
    if threading.get_ident() in _forking:
        # What is raised there is ignored: it comes again once the process has been forked.
        threading.Timer(_LATER, signal.raise_signal, (number,)).start()
        return
    for termination in list(_armed):
        termination.hear(Terminated(128 + number))
    raise Terminated(128 + number)


_LATER = 0.05
_forking: dict[int, set[int]] = {}


def _hold() -> None:
    """Hold the signals back while the process is forked: Python drops what a child gets too early."""
    if any(signal.getsignal(number) is _terminate for number in _SIGNALS):
        mask = signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
        _forking[threading.get_ident()] = {int(number) for number in mask}


def _release() -> None:
    mask = _forking.pop(threading.get_ident(), None)
    if mask is not None:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)


def _forget() -> None:
    global _lock  # noqa: PLW0603 -- a forked process has no block of its own yet
    _armed.clear()
    _lock = threading.Lock()
    for number in _SIGNALS:
        if signal.getsignal(number) is _terminate:
            # It has no block, and a pool that ends it must not wait for Python to hear of it.
            signal.signal(number, signal.SIG_DFL)
    _release()
    _forking.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_hold, after_in_parent=_release, after_in_child=_forget)


def is_interrupt(error: BaseException | None) -> bool:
    """Whether an exception is somebody's wish to stop, not something that went wrong."""
    return isinstance(error, KeyboardInterrupt | Terminated)


def tell(stop: BaseException) -> None:
    """Write the notes of a `Terminated` to standard error, because Python shows none of them."""
    if isinstance(stop, Terminated):
        for note in getattr(stop, "__notes__", []):
            sys.stderr.write(f"quantum_async: {note}\n")
        stop.__notes__ = []
