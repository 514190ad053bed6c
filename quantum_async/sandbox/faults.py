"""Faults of the plan: what goes wrong, and how often it has done so."""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass, field
from enum import StrEnum
from fnmatch import fnmatchcase
from pathlib import Path  # noqa: TC003
from typing import TYPE_CHECKING, ClassVar

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, field_validator, model_validator

from quantum_async.sandbox.chance import uniform

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pydantic import JsonValue

    from quantum_async.sandbox.service import Route


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


@dataclass(frozen=True, slots=True)
class Edit:
    """A field to be changed.

    Args:
        path: The steps to it; ``*`` stands for every element.
        value: Its new value.
        drop: Whether it goes instead.
    """

    path: tuple[str, ...]
    value: JsonValue = None
    drop: bool = False

    @classmethod
    def setting(cls, argument: str) -> Edit:
        """Read ``/pointer=<JSON>``."""
        pointer, _, document = argument.partition("=")
        return cls(tuple(pointer.split("/")[1:]), json.loads(document))

    @classmethod
    def dropping(cls, pointer: str) -> Edit:
        """Read ``/pointer``."""
        return cls(tuple(pointer.split("/")[1:]), drop=True)


def apply_edits(body: bytes, edits: Sequence[Edit]) -> bytes:
    """Change a JSON text; one that is not JSON stays as it is."""
    try:
        document: JsonValue = json.loads(body)
    except ValueError:
        return body
    for edit in edits:
        for parent in _parents(document, edit.path[:-1]):
            _change(parent, edit)
    return json.dumps(document).encode()


def _parents(document: JsonValue, steps: tuple[str, ...]) -> Iterator[JsonValue]:
    if not steps:
        yield document
        return
    for child in _children(document, steps[0]):
        yield from _parents(child, steps[1:])


def _children(document: JsonValue, step: str) -> list[JsonValue]:
    if isinstance(document, dict):
        if step == "*":
            return list(document.values())
        return [document[step]] if step in document else []
    if isinstance(document, list):
        return [document[place] for place in _places(document, step)]
    return []


def _places(items: Sequence[JsonValue], step: str) -> Sequence[int]:
    if step == "*":
        return range(len(items))
    return [int(step)] if step.isdigit() and int(step) < len(items) else []


def _change(parent: JsonValue, edit: Edit) -> None:
    if isinstance(parent, dict):
        for key in list(parent) if edit.path[-1] == "*" else [edit.path[-1]]:
            if edit.drop:
                parent.pop(key, None)
            else:
                parent[key] = edit.value
    elif isinstance(parent, list):
        for place in reversed(_places(parent, edit.path[-1])):
            if edit.drop:
                del parent[place]
            else:
                parent[place] = edit.value


_PARAMETER = re.compile(r"\{[^}]*\}")


class Rule:
    """A fault of the plan with the number of requests it has matched so far."""

    def __init__(self, fault: Fault, seed: int, place: int) -> None:
        self.fault = fault
        self.kind: FaultKind = fault.kind
        self._seed = seed
        self._place = place
        self._pattern = _PARAMETER.sub("{id}", fault.route)
        self._seen = 0

    def applies(self, provider: str, route: Route) -> bool:
        """Say whether this rule is about a route."""
        if self.fault.provider not in {"*", provider}:
            return False
        if self.fault.method.upper() not in {"*", route.method}:
            return False
        if self.kind is FaultKind.EXPIRED_TOKEN and not route.needs_token:
            return False
        if self.kind in {FaultKind.JOB_FAILURE, FaultKind.LIST_LAG} and not route.submits:
            return False
        return self._matches(route.pattern)

    def strikes(self) -> bool:
        """Count a matching request and say whether it is struck."""
        self._seen += 1
        if self.fault.nth is not None:
            return self._seen in self.fault.places
        if self.fault.probability is None:
            return True
        return uniform(self._seed, "fault", self._place, self._seen) < self.fault.probability

    def _matches(self, route: str) -> bool:
        pattern = self._pattern
        return pattern in {"*", route} or route.endswith(pattern) or fnmatchcase(route, pattern)


@dataclass(slots=True)
class Effects:
    """What strikes one request.

    Args:
        delay: Further time the answer takes, in seconds.
        decisive: The fault that replaces or breaks the answer.
        edits: Changes of the answer.
        list_lag: How long what is created stays out of lists, in seconds.
        failing: Rules that decide for each job whether it fails.
    """

    delay: float = 0.0
    decisive: Fault | None = None
    edits: list[Edit] = field(default_factory=list)
    list_lag: float = 0.0
    failing: list[Rule] = field(default_factory=list)

    def fails_job(self) -> bool:
        """Draw whether the next job of this request fails."""
        # Every rule counts the job, also after one has struck.
        struck = [rule.strikes() for rule in self.failing]
        return any(struck)


NO_EFFECTS = Effects()


class FaultBook:
    """The plan in force.

    Args:
        plan: The faults.
        seed: The world's seed.
    """

    def __init__(self, plan: Sequence[Fault], seed: int) -> None:
        self.plan: tuple[Fault, ...] = tuple(plan)
        self._rules = [Rule(fault, seed, place) for place, fault in enumerate(self.plan)]
        self._by_route: dict[tuple[str, Route], list[Rule]] = {}

    def draw(self, provider: str, route: Route) -> Effects:
        """Draw what strikes a request."""
        if not self._rules:
            return NO_EFFECTS
        key = (provider, route)
        rules = self._by_route.get(key)
        if rules is None:
            rules = [rule for rule in self._rules if rule.applies(provider, route)]
            self._by_route[key] = rules
        return _effects(rules) if rules else NO_EFFECTS


def _effects(rules: list[Rule]) -> Effects:
    effects = Effects()
    for rule in rules:
        if rule.kind is FaultKind.JOB_FAILURE:
            effects.failing.append(rule)
        elif rule.strikes():
            _add(effects, rule.fault)
    return effects


def _add(effects: Effects, fault: Fault) -> None:
    match fault.kind:
        case FaultKind.DELAY:
            effects.delay += float(fault.argument) / 1000
        case FaultKind.LIST_LAG:
            effects.list_lag = max(effects.list_lag, float(fault.argument))
        case FaultKind.SET:
            effects.edits.append(Edit.setting(fault.argument))
        case FaultKind.DROP:
            effects.edits.append(Edit.dropping(fault.argument))
        case _:
            effects.decisive = effects.decisive or fault
