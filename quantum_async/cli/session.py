"""Running one verb: an event loop around it, an exit code and a few words out of it."""

from __future__ import annotations

import os
import signal
import sys
from typing import TYPE_CHECKING

from quantum_async.cli.codes import ExitCode, exit_code
from quantum_async.cli.complaints import complain
from quantum_async.cli.telling import tell

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from types import FrameType


def execute(verb: Callable[[], Awaitable[ExitCode]], *, debug: bool) -> ExitCode:
    """Run a verb to its end and return the exit code; errors are told on standard error.

    Interrupting it, or terminating the process, cancels what the verb runs, remote jobs included,
    before this returns; a second interrupt leaves at once.

    Args:
        verb: What to run.
        debug: Show tracebacks.
    """
    import anyio

    farewell: list[str] = []

    async def heard() -> ExitCode:
        try:
            return await verb()
        except anyio.get_cancelled_exc_class() as cancelled:
            # The loop raises a KeyboardInterrupt of its own, without the scheduler's notes.
            farewell.extend(getattr(cancelled, "__notes__", []))
            raise

    previous = signal.signal(signal.SIGTERM, _as_interrupt)
    try:
        code = anyio.run(heard)
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever read the output has had enough, as `head` has; what is left goes nowhere.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.FAILED
    except KeyboardInterrupt:
        tell("interrupted: what was running has been cancelled", *farewell)
        return ExitCode.INTERRUPTED
    except Exception as error:  # noqa: BLE001 -- the last place that can tell
        complain(error, debug=debug)
        return exit_code(error)
    else:
        return code
    finally:
        signal.signal(signal.SIGTERM, previous)


def _as_interrupt(number: int, frame: FrameType | None) -> None:
    del number, frame
    signal.raise_signal(signal.SIGINT)
