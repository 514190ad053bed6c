"""The book of faults: which of the plan strike a request, drawn in a repeatable way."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from quantum_async.sandbox.chance import uniform
from quantum_async.sandbox.faults.plan import FaultKind

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pydantic import JsonValue

    from quantum_async.sandbox.faults.plan import Fault
    from quantum_async.sandbox.routing import Route


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
