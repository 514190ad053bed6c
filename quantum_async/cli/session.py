"""One command from its start to its end: what it says, and its exit code."""

from __future__ import annotations

import asyncio
import json
import math
import os
import shlex
import signal
import sys
import threading
import traceback
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, TypeAlias

from quantum_async.errors import (
    AuthenticationError,
    ConfigurationError,
    InvalidInputError,
    JobCancelledError,
    QuantumAsyncError,
    WaitTimeoutError,
)
from quantum_async.models.advice import Action, Advice
from quantum_async.models.job import JobStatus

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator
    from types import FrameType

    from quantum_async.models.advice import Setting
    from quantum_async.models.result import Result
    from quantum_async.models.sweep import SweepPoint


class ExitCode(IntEnum):
    """How a command ended."""

    OK = 0
    FAILED = 1
    USAGE = 2
    CREDENTIALS = 3
    TIMEOUT = 4
    INTERRUPTED = 130


_BY_CAUSE = (
    ((AuthenticationError,), ExitCode.CREDENTIALS),
    ((InvalidInputError, ConfigurationError), ExitCode.USAGE),
    ((WaitTimeoutError, TimeoutError), ExitCode.TIMEOUT),
    ((KeyboardInterrupt,), ExitCode.INTERRUPTED),
)


def exit_code(error: BaseException) -> ExitCode:
    """Say how a command ends that met an error.

    Args:
        error: The error; a group counts as what all of its members count as, else as failed.
    """
    if isinstance(error, BaseExceptionGroup):
        codes = {exit_code(member) for member in error.exceptions}
        return codes.pop() if len(codes) == 1 else ExitCode.FAILED
    return next((code for kinds, code in _BY_CAUSE if isinstance(error, kinds)), ExitCode.FAILED)


INDENT = len("error: ")
"""Where the words of an error begin."""


def tell(*lines: str) -> None:
    """Write lines to standard error; on a terminal they are broken between words.

    Args:
        lines: What to say.
    """
    from rich.console import Console

    from quantum_async.display.tables import print_lines

    print_lines(Console(file=sys.stderr, highlight=False), *lines, indent=INDENT)


if TYPE_CHECKING:
    Document: TypeAlias = dict[str, object]


def dump(document: Document) -> str:
    """Write a document down: one line per entry of its lists, so that people can read it too.

    Args:
        document: Plain values only.
    """
    return json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False)


def measured(result: Result | None) -> Document:
    """Write down what was measured; without a result the keys are there, and ``null``.

    Args:
        result: The result, or ``None`` where there is none.
    """
    if result is None:
        return {"counts": None, "excited_fraction": None, "expectation_values": None}
    return {
        "counts": dict(result.most_common()),
        "excited_fraction": result.excited_fraction() if result.counts else None,
        "expectation_values": {
            name: {"value": _value(value.value), "standard_error": _number(value.standard_error)}
            for name, value in result.expectation_values.items()
        },
        "bit_order": str(result.bit_order),
    }


def _value(
    value: float | complex,  # noqa: PYI041  # a type checker takes the two for different
) -> float | Mapping[str, float | None] | None:
    if isinstance(value, complex):
        return {"real": _number(value.real), "imag": _number(value.imag)}
    return _number(value)


def _number(value: float | None) -> float | None:
    """Write down a number; one that is not finite has no place in JSON."""
    return value if value is not None and math.isfinite(value) else None


def failure(error: BaseException | None) -> Mapping[str, str] | None:
    """Write down why there is no result.

    Args:
        error: The error, or ``None``.
    """
    if error is None:
        return None
    return {"type": type(error).__name__, "message": str(error)}


def point_document(
    point: SweepPoint, *, shots: int | None = None, goes_on: bool = False
) -> Document:
    """Write down one point of a sweep.

    Args:
        point: The point.
        shots: How many shots were asked for; those of the result by default.
        goes_on: Whether what has not ended was left running.
    """
    result = point.result
    return {
        "index": point.index,
        "parameters": dict(point.parameters),
        "status": str(status_of(point, goes_on=goes_on)),
        "job_id": point.ref.id if point.ref else None,
        "shots": result.shots if result is not None else shots,
        **measured(result),
        "error": failure(point.error),
    }


def status_of(point: SweepPoint | None, *, goes_on: bool = False) -> JobStatus:
    """Say what became of a point.

    Args:
        point: The point; ``None`` where it was not even begun.
        goes_on: Whether what has not ended was left running.
    """
    if point is not None and point.result is not None:
        return JobStatus.SUCCEEDED
    if point is not None and point.error is not None:
        is_cancelled = isinstance(point.error, JobCancelledError)
        return JobStatus.CANCELLED if is_cancelled else JobStatus.FAILED
    is_there = goes_on and point is not None and point.ref is not None
    return JobStatus.QUEUED if is_there else JobStatus.CANCELLED


MOST = 10
"""Errors of a group that are told one by one."""
_FLAGS = {"observables": "--observable", "seed": "--seed"}
"""Options that every provider has, and that have flags of their own."""


@dataclass(frozen=True)
class Complaint:
    """What is told of one error.

    Args:
        type: The error's class.
        what: What happened.
        why: Which kind of error it is, and where.
        remedy: What to do next.
        notes: What is known beyond.
    """

    type: str
    what: str
    why: str
    remedy: str
    notes: tuple[str, ...] = ()

    @property
    def lines(self) -> tuple[str, ...]:
        """What people read."""
        return f"error: {self.what}", f"why: {self.why}", f"fix: {self.remedy}", *self.notes

    def document(self) -> Document:
        """Write it down with stable keys."""
        return {"type": self.type, "message": self.what, "remedy": self.remedy}


def complain(error: BaseException, *, debug: bool) -> None:
    """Write an error to standard error.

    Args:
        error: The error, or a group of them.
        debug: Show the traceback instead of three lines.
    """
    if debug:
        traceback.print_exception(error)
        return
    # Many jobs often meet one and the same error.
    told = list(dict.fromkeys(map(complaint_of, _members(error))))
    lines = [line for complaint in told[:MOST] for line in complaint.lines]
    if len(told) > MOST:
        lines.append(f"and {len(told) - MOST} more errors")
    tell(*lines)


def error_document(error: BaseException | Complaint) -> Document:
    """Write down what ended a command that has nothing else to print, with stable keys.

    Args:
        error: The error; of a group, all are in a list of their own.
    """
    if isinstance(error, Complaint):
        return {"error": {**error.document(), "errors": []}}
    told = list(map(complaint_of, _members(error)))
    if len(told) == 1:
        return error_document(told[0])
    words = error.message if isinstance(error, BaseExceptionGroup) else str(error)
    document: Document = {"type": type(error).__name__, "message": words, "remedy": None}
    return {"error": {**document, "errors": [complaint.document() for complaint in told]}}


def _members(error: BaseException) -> Iterator[BaseException]:
    if not isinstance(error, BaseExceptionGroup):
        yield error
        return
    for member in error.exceptions:
        yield from _members(member)


def complaint_of(error: BaseException) -> Complaint:
    """Say what is told of one error."""
    kind = type(error).__name__
    what = " ".join(_said(error.args[0] if error.args else "", error).split()) or kind
    if isinstance(error, OSError) and not isinstance(error, QuantumAsyncError):
        return Complaint(
            kind,
            what,
            "the operating system did not allow it",
            "see that there is room and that the file may be written, and run it again",
        )
    if not isinstance(error, QuantumAsyncError):
        return Complaint(
            kind,
            f"{kind}: {what}",
            "nobody expected this: it is probably a defect of quantum_async",
            "run it again with --debug and report what it shows",
        )
    remedy, *notes = getattr(error, "__notes__", None) or [_remedy(error)]
    return Complaint(kind, what, _why(error), _said(remedy), tuple(map(_said, notes)))


def _said(text: object, error: BaseException | None = None) -> str:
    """Put a text into the command line's words."""
    if isinstance(text, Advice):
        return text.said(flag)
    return str(text if error is None else error)


def flag(setting: Setting | Action) -> str:
    """Write what is to be set or done as flags or a command.

    Args:
        setting: An argument of Python's, an option of a provider, or a call.
    """
    if isinstance(setting, Action):
        return setting.command
    if setting.variable:
        return setting.variable
    if setting.name == "variables" and isinstance(setting.value, Mapping):
        return " ".join(f"--param {name}={_plain(value)}" for name, value in setting.value.items())
    if setting.name in _FLAGS:
        values = setting.value if isinstance(setting.value, tuple) else (setting.value,)
        return " ".join(f"{_FLAGS[setting.name]} {_plain(value)}" for value in values)
    if setting.options:
        return f"--option {setting.name}={_plain(setting.value)}"
    return f"--{setting.name.replace('_', '-')} {_plain(setting.value)}"


def _plain(value: object) -> str:
    if value is ...:
        return "VALUE"
    if isinstance(value, str):
        return shlex.quote(value) if " " in value else value
    return shlex.quote(json.dumps(value, default=str)) if value is not None else "null"


def _why(error: QuantumAsyncError) -> str:
    reason = (type(error).__doc__ or "").strip().partition("\n")[0].rstrip(".")
    reason = reason[:1].lower() + reason[1:]
    known = {"provider": error.provider, "job": error.job_id, "request": error.request_id}
    places = ", ".join(f"{name} {value}" for name, value in known.items() if value)
    return f"{reason} ({places})" if places else reason


def _remedy(error: QuantumAsyncError) -> str:
    if isinstance(error, InvalidInputError):
        return "correct it and run the command again; nothing was sent"
    return "run it again with --debug to see where it comes from"


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
