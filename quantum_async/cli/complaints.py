"""Errors in the command line's words: three lines on standard error, and a document for --json."""

from __future__ import annotations

import json
import shlex
import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from quantum_async.cli.telling import tell
from quantum_async.errors import InvalidInputError, QuantumAsyncError
from quantum_async.models.advice import Action, Advice

if TYPE_CHECKING:
    from collections.abc import Iterator

    from quantum_async.cli.documents import Document
    from quantum_async.models.advice import Setting

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
