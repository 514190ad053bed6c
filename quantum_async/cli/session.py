"""Running one verb: an event loop around it, an exit code and a few words out of it."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
from contextlib import suppress
from typing import TYPE_CHECKING

from quantum_async.cli.codes import ExitCode, exit_code
from quantum_async.cli.complaints import Complaint, complain, error_document
from quantum_async.cli.documents import dump
from quantum_async.cli.telling import tell

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from types import FrameType

_SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP")
"""What ends a command: Ctrl-C, a polite request, and the end of its terminal."""


_own: list[bool] = []
"""Not empty where this process is the command, and nothing else runs in it."""


def own_the_process() -> None:
    """Let commands of this process end it."""
    _own.append(True)


def leave_at_once(code: ExitCode) -> None:
    """End the process without tidying up, where it is the command's own."""
    if _own:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


CANCELLED = "what was running has been cancelled"


def execute(
    verb: Callable[[], Awaitable[ExitCode]],
    *,
    debug: bool,
    json: bool = False,
    interrupted: str = CANCELLED,
) -> ExitCode:
    """Run a verb to its end and return the exit code; errors are told on standard error.

    A verb writes its document as the last thing that may fail: with an error comes another one.

    Interrupting it, terminating the process, or closing its terminal cancels what the verb runs,
    remote jobs included, before this returns; a second signal leaves at once. A signal that the
    process was started to ignore, as a shell does for what it runs in the background, stays ignored.

    Args:
        verb: What to run.
        debug: Show tracebacks.
        json: Write errors down as a document on standard output as well.
        interrupted: What an interrupt has done, once all of it is done.
    """
    import anyio

    farewell: list[str] = []
    interrupt = _Interrupt()

    async def heard() -> ExitCode:
        with anyio.CancelScope() as scope:
            loop = asyncio.get_running_loop()
            # Wakes the loop up as well, which sees no signals while it waits.
            interrupt.cancel = lambda: loop.call_soon_threadsafe(scope.cancel)
            try:
                return await verb()
            except anyio.get_cancelled_exc_class() as cancelled:
                # It ends here, and with it the scheduler's notes.
                farewell.extend(getattr(cancelled, "__notes__", []))
                raise
            finally:
                interrupt.cancel = None
        return ExitCode.INTERRUPTED

    previous = _handle(interrupt)
    try:
        code = anyio.run(heard)
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever read the output has had enough, as `head` has; what is left goes nowhere.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.FAILED
    except KeyboardInterrupt:
        code = ExitCode.INTERRUPTED
    except Exception as error:  # noqa: BLE001 -- the last place that can tell
        complain(error, debug=debug)
        if json:
            sys.stdout.write(dump(error_document(error)) + "\n")
        return exit_code(error)
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
    if code is ExitCode.INTERRUPTED:
        words = interrupted if interrupt.times < 2 else "not everything may be cancelled"
        _say_goodbye(f"interrupted: {words}", farewell, json=json)
    return code


def _say_goodbye(words: str, farewell: list[str], *, json: bool) -> None:
    # A terminal that was closed takes no words.
    with suppress(OSError):
        tell(words, *farewell)
        if json:
            remedy = " ".join(farewell) or "run it again"
            told = Complaint(KeyboardInterrupt.__name__, words, "it was told to end", remedy)
            sys.stdout.write(dump(error_document(told)) + "\n")
            sys.stdout.flush()


class _Interrupt:
    """What a signal does: the first one cancels the verb, and every further one leaves at once."""

    def __init__(self) -> None:
        self.cancel: Callable[[], object] | None = None
        """Cancels the verb, as long as it runs."""
        self.times = 0
        """How many signals there were."""

    def __call__(self, number: int, frame: FrameType | None) -> None:
        del number, frame
        self.times += 1
        if self.cancel is None or self.times > 1:
            raise KeyboardInterrupt
        self.cancel()


def _handle(
    interrupt: _Interrupt,
) -> dict[int, signal.Handlers | Callable[..., object] | int | None]:
    """Handle the signals that are not ignored, and return who has handled them so far."""
    previous: dict[int, signal.Handlers | Callable[..., object] | int | None] = {}
    if threading.current_thread() is not threading.main_thread():
        return previous
    for name in _SIGNALS:
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
            previous[number] = signal.signal(number, interrupt)
    return previous
