"""Values as JSON and back, exactly: plain data, tuples, enumerations and our own dataclasses.

Nothing here is pickled: reading a journal runs no code but the constructors of our own values.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import lru_cache
from importlib import import_module
from typing import TypeAlias

from quantum_async.errors import JournalError
from quantum_async.models.submission import RunOptions

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"

TAG = "~"
"""Marks an object that stands for something JSON has no word for."""
PACKAGE = "quantum_async"


def encode(value: object) -> Json:
    """Turn a value into JSON data.

    Args:
        value: Plain data, tuples, mappings, sets of plain data, bytes, enumerations and
            dataclasses of this package or of a provider.

    Raises:
        JournalError: It is something else, such as an array.
    """
    # Before the plain words: a StrEnum is a str too, and has to come back as what it was.
    if isinstance(value, Enum):
        return {TAG: "enum", "of": _name(type(value)), "value": encode(value.value)}
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, list):
        return [encode(item) for item in value]
    if isinstance(value, tuple):
        return {TAG: "tuple", "items": [encode(item) for item in value]}
    if isinstance(value, frozenset):
        return {TAG: "set", "items": [encode(item) for item in sorted(value)]}
    if isinstance(value, bytes):
        return {TAG: "bytes", "base64": base64.b64encode(value).decode()}
    if is_dataclass(value) and not isinstance(value, type):
        named = {f.name: encode(getattr(value, f.name)) for f in fields(value) if f.init}
        return {TAG: "data", "of": _name(type(value)), "fields": named}
    if isinstance(value, Mapping):
        return {TAG: "map", "items": [[encode(k), encode(v)] for k, v in value.items()]}
    raise JournalError(
        f"a {type(value).__name__} cannot be written to the journal",
        remedy="Use numbers, words, tuples and mappings of them.",
    )


def decode(data: Json) -> object:
    """Turn what `encode` made back into the value.

    Raises:
        ValueError: It is not what `encode` makes, or names an unknown type.
    """
    if isinstance(data, list):
        return [decode(item) for item in data]
    if not isinstance(data, dict):
        return data
    match data:
        case {"~": "tuple", "items": list(items)}:
            return tuple(decode(item) for item in items)
        case {"~": "set", "items": list(items)}:
            return frozenset(decode(item) for item in items)
        case {"~": "bytes", "base64": str(text)}:
            return base64.b64decode(text, validate=True)
        case {"~": "map", "items": list(pairs)}:
            return dict(_pair(pair) for pair in pairs)
        case {"~": "enum", "of": str(name), "value": value}:
            return _found(name, Enum)(decode(value))
        case {"~": "data", "of": str(name), "fields": dict(named)}:
            return _found(name, object)(**{key: decode(item) for key, item in named.items()})
        case _:
            pass
    raise ValueError(f"not a value of the journal: {data!r:.80}")


def dump(value: object) -> str:
    """Write a value as JSON text."""
    return json.dumps(encode(value), separators=(",", ":"))


def load(text: str) -> object:
    """Read what `dump` wrote.

    Raises:
        ValueError: It is something else.
    """
    return decode(json.loads(text))


@lru_cache(maxsize=256)
def _dump_options(options: RunOptions) -> str:
    return dump(options)


def dump_options(options: RunOptions) -> str:
    """Write options, which all points of a sweep share, only once where they can be hashed."""
    try:
        return _dump_options(options)
    except TypeError:
        return dump(options)


@lru_cache(maxsize=256)
def load_options(text: str) -> RunOptions:
    """Read options of any provider.

    Raises:
        ValueError: They are something else.
    """
    options = load(text)
    if not isinstance(options, RunOptions):
        raise ValueError(f"not options: {text:.80}")
    return options


def _name(kind: type) -> str:
    return f"{kind.__module__}:{kind.__qualname__}"


def _pair(pair: Json) -> tuple[object, object]:
    if not isinstance(pair, list) or len(pair) != 2:
        raise ValueError(f"not a pair: {pair!r:.80}")
    return decode(pair[0]), decode(pair[1])


@lru_cache(maxsize=256)
def _found(name: str, base: type) -> type:
    """Find one of our own dataclasses or enumerations, or a provider's, by its name."""
    module, _, path = name.partition(":")
    found = _provided(name) if module.partition(".")[0] != PACKAGE else _ours(module, path)
    is_fit = isinstance(found, type) and issubclass(found, base)
    if isinstance(found, type) and is_fit and (is_dataclass(found) or issubclass(found, Enum)):
        return found
    raise ValueError(f"{name!r} is no type of this package or of an imported provider")


def _ours(module: str, path: str) -> object:
    try:
        found: object = import_module(module)
        for part in path.split("."):
            found = getattr(found, part)
    except (ImportError, AttributeError) as error:
        raise ValueError(f"this version has no {module}:{path}") from error
    return found


def _provided(name: str) -> object:
    """Find a type of a provider outside of this package: its client's import has brought it."""
    open_types: list[type] = [RunOptions, Enum]
    while open_types:
        kind = open_types.pop()
        if _name(kind) == name:
            return kind
        open_types.extend(kind.__subclasses__())
    return None
