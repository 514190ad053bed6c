"""Signals: a polite request to end (SIGTERM) ends a script as Ctrl-C does."""

from __future__ import annotations

import signal
import sys
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import FrameType

_armed = 0
_lock = threading.Lock()


class Terminated(SystemExit):
    """Raised on the main thread by SIGTERM while a block lasts; ends the program with 143."""


class Termination:
    """While armed, SIGTERM raises `Terminated` where its default would end the process at once.

    A handler that somebody else has set is left alone, and so are all threads but the main one.
    """

    def __init__(self) -> None:
        self._is_armed = False

    def arm(self) -> None:
        """Take the signal over, where nobody has."""
        global _armed  # noqa: PLW0603 -- a process has one handler, however many blocks
        if threading.current_thread() is not threading.main_thread():
            return
        if signal.getsignal(signal.SIGTERM) not in {signal.SIG_DFL, _terminate}:
            return
        signal.signal(signal.SIGTERM, _terminate)
        with _lock:
            _armed += 1
        self._is_armed = True

    def disarm(self) -> None:
        """Give it back, with the last block that took it; from any thread."""
        global _armed  # noqa: PLW0603 -- as above
        if not self._is_armed:
            return
        self._is_armed = False
        with _lock:
            _armed -= 1
        is_main = threading.current_thread() is threading.main_thread()
        if not _armed and is_main and signal.getsignal(signal.SIGTERM) is _terminate:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _terminate(number: int, frame: FrameType | None) -> None:
    del frame
    if not _armed:
        # The last block was left by a thread that could not take the handler away.
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.raise_signal(number)
    raise Terminated(128 + number)


def is_interrupt(error: BaseException | None) -> bool:
    """Whether an exception is somebody's wish to stop, not something that went wrong."""
    return isinstance(error, KeyboardInterrupt | Terminated)


def tell(stop: BaseException) -> None:
    """Write the notes of a `Terminated` to standard error, because Python shows none of them."""
    if isinstance(stop, Terminated):
        for note in getattr(stop, "__notes__", []):
            sys.stderr.write(f"quantum_async: {note}\n")
        stop.__notes__ = []
