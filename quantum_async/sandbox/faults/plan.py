"""A plan of faults, as it is written in a file."""

from __future__ import annotations

import json
import math
from enum import StrEnum
from pathlib import Path  # noqa: TC003
from typing import ClassVar

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, field_validator, model_validator


class FaultKind(StrEnum):
    """What goes wrong."""

    STATUS = "status"
    """Answer with an error status without acting."""
    ACCEPT_THEN_STATUS = "accept-then-status"
    """Act, then answer with an error status."""
    ACCEPT_THEN_RESET = "accept-then-reset"
    """Act, then reset the connection."""
    ACCEPT_THEN_TIMEOUT = "accept-then-timeout"
    """Act, then never answer."""
    RESET = "reset"
    """Reset the connection without acting."""
    TIMEOUT = "timeout"
    """Never answer, without acting."""
    HTML = "html"
    """Answer with a proxy's HTML error page without acting."""
    BODY = "body"
    """Answer ``<code>:<text>`` literally without acting."""
    TRUNCATE = "truncate"
    """Act, then break the connection in the middle of the answer."""
    RETRY_AFTER = "retry-after"
    """Answer 429 with this ``Retry-After`` (seconds or an HTTP date) without acting."""
    DELAY = "delay"
    """Answer later by so many milliseconds."""
    EXPIRED_TOKEN = "expired-token"  # noqa: S105
    """Answer 401 and refuse this token from now on."""
    LIST_LAG = "list-lag"
    """Keep what this request creates out of lists for so many seconds."""
    JOB_FAILURE = "job-failure"
    """Let a job created by this request fail; drawn per job."""
    SET = "set"
    """Change the answer: ``<JSON pointer>=<JSON>``; ``*`` stands for every element."""
    DROP = "drop"
    """Leave a field out of the answer: ``<JSON pointer>``."""


_INTEGER = {FaultKind.STATUS, FaultKind.ACCEPT_THEN_STATUS, FaultKind.HTML}
_NUMBER = {FaultKind.DELAY, FaultKind.LIST_LAG}
_ARGUMENT = {*_INTEGER, *_NUMBER, FaultKind.RETRY_AFTER, FaultKind.SET, FaultKind.DROP}
_ARGUMENT.add(FaultKind.BODY)


class Fault(BaseModel):
    """One fault of a plan; without ``probability`` and ``nth`` it strikes every time.

    Args:
        provider: Registry name of the provider, or ``"*"``.
        method: HTTP method, or ``"*"``.
        route: A route as `/stats` writes it or its end, with ``*`` as wildcard.
        probability: Chance to strike per matching request (per job for ``job-failure``).
        nth: Which matching requests it strikes, counted from 1.
        fault: What goes wrong, such as ``"accept-then-status:504"``.
    """

    model_config: ClassVar[ConfigDict] = ConfigDict(frozen=True, extra="forbid")

    provider: str = "*"
    method: str = "*"
    route: str = "*"
    probability: float | None = Field(default=None, ge=0, le=1)
    nth: int | tuple[int, ...] | None = None
    fault: str

    @property
    def kind(self) -> FaultKind:
        """What goes wrong."""
        return FaultKind(self.fault.partition(":")[0])

    @property
    def argument(self) -> str:
        """What follows the colon."""
        return self.fault.partition(":")[2]

    @property
    def places(self) -> tuple[int, ...]:
        """The matching requests that `nth` names."""
        if self.nth is None:
            return ()
        return (self.nth,) if isinstance(self.nth, int) else self.nth

    @field_validator("fault")
    @classmethod
    def _known(cls, text: str) -> str:
        name, _, argument = text.partition(":")
        try:
            kind = FaultKind(name)
        except ValueError:
            raise ValueError(f"{name!r} is not a fault; known: {', '.join(FaultKind)}") from None
        if bool(argument) != (kind in _ARGUMENT):
            verb = "needs an argument" if kind in _ARGUMENT else "takes no argument"
            raise ValueError(f"{kind} {verb}: {text!r}")
        _check_argument(kind, argument)
        return text

    @model_validator(mode="after")
    def _one_of(self) -> Fault:
        if self.probability is not None and self.nth is not None:
            raise ValueError("a fault has either a probability or nth")
        return self


def _check_argument(kind: FaultKind, argument: str) -> None:
    if kind in _INTEGER and not _is_status(argument):
        raise ValueError(f"{kind} needs an HTTP status: {argument!r}")
    if kind in _NUMBER and not 0 <= float(argument) < math.inf:
        raise ValueError(f"{kind} needs a number that is not negative: {argument!r}")
    if kind is FaultKind.SET:
        pointer, equals, document = argument.partition("=")
        if not equals or not pointer.startswith("/"):
            raise ValueError(f"write set:/pointer=<JSON>: {argument!r}")
        json.loads(document)
    if kind is FaultKind.DROP and not argument.startswith("/"):
        raise ValueError(f"write drop:/pointer: {argument!r}")
    if kind is FaultKind.BODY and not _is_status(argument.partition(":")[0]):
        raise ValueError(f"write body:<HTTP status>:<text>: {argument!r}")


def _is_status(text: str) -> bool:
    return text.isdigit() and 100 <= int(text) <= 599


PLAN: TypeAdapter[tuple[Fault, ...]] = TypeAdapter(tuple[Fault, ...])
"""Reads and writes a plan: a JSON list of faults."""


def load_plan(path: Path) -> tuple[Fault, ...]:
    """Read a plan from a file.

    Raises:
        ValueError: The file is not a plan.
        OSError: The file cannot be read.
    """
    return PLAN.validate_json(path.read_bytes())
