"""Errors in three lines: what, why, what to do."""

from __future__ import annotations

import traceback
from typing import TYPE_CHECKING

from quantum_async.cli.telling import tell
from quantum_async.errors import InvalidInputError, QuantumAsyncError

if TYPE_CHECKING:
    from collections.abc import Iterator

MOST = 10
"""Errors of a group that are told one by one."""


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
    told = list(dict.fromkeys(tuple(_lines(member)) for member in _members(error)))
    lines = [line for member in told[:MOST] for line in member]
    if len(told) > MOST:
        lines.append(f"and {len(told) - MOST} more errors")
    tell(*lines)


def _members(error: BaseException) -> Iterator[BaseException]:
    if not isinstance(error, BaseExceptionGroup):
        yield error
        return
    for member in error.exceptions:
        yield from _members(member)


def _lines(error: BaseException) -> list[str]:
    what = " ".join(str(error).split()) or type(error).__name__
    if isinstance(error, OSError) and not isinstance(error, QuantumAsyncError):
        return [
            f"error: {what}",
            "why: the operating system did not allow it",
            "fix: see that there is room and that the file may be written, and run it again",
        ]
    if not isinstance(error, QuantumAsyncError):
        return [
            f"error: {type(error).__name__}: {what}",
            "why: nobody expected this: it is probably a defect of quantum_async",
            "fix: run it again with --debug and report what it shows",
        ]
    remedy, *notes = getattr(error, "__notes__", None) or [_remedy(error)]
    return [f"error: {what}", f"why: {_why(error)}", f"fix: {remedy}", *notes]


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
