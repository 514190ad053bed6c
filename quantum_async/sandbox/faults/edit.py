"""Edits of a JSON answer: a field set or dropped where a pointer says."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pydantic import JsonValue


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
