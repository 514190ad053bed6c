"""Values as JSON and back, exactly: plain data, tuples, enumerations and our own dataclasses.

Nothing here is pickled, and nothing is imported because a row names it: reading a journal runs no
code but the constructors of types that were declared for it.
"""

from __future__ import annotations

import base64
import json
import logging
import sys
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import cache, lru_cache
from importlib.metadata import entry_points
from typing import TypeAlias

from quantum_async.errors import JournalError
from quantum_async.models.stored import stored_name, stored_type
from quantum_async.models.submission import RunOptions

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"

logger: logging.Logger = logging.getLogger(__name__)

TAG = "~"
"""Marks an object that stands for something JSON has no word for."""
PACKAGE = "quantum_async"
PROVIDERS = "quantum_async.providers"
"""The entry points of installed providers."""

OLD_NAMES: Mapping[str, str] = {
    "quantum_async.models.submission:RunOptions": "options",
    "quantum_async.models.submission:EmulationOptions": "emulation-options",
    "quantum_async.models.batch:BatchRef": "batch",
    "quantum_async.models.batch:BatchStatus": "batch-status",
    "quantum_async.models.batch:FailurePolicy": "failure-policy",
    "quantum_async.models.result:BitOrder": "bit-order",
    "quantum_async.models.job:JobStatus": "job-status",
    "quantum_async.simulation.options:SimulationOptions": "local.options",
    "quantum_async.providers.azure.options:AzureOptions": "azure.options",
    "quantum_async.providers.azure.options:CircuitForm": "azure.circuit-form",
    "quantum_async.providers.azure.wire:Priority": "azure.priority",
    "quantum_async.providers.iqm.options:IQMOptions": "iqm.options",
    "quantum_async.providers.iqm.options:DDSequence": "iqm.dd-sequence",
    "quantum_async.providers.iqm.options:DDStrategy": "iqm.dd-strategy",
    "quantum_async.providers.iqm.options:HeraldingMode": "iqm.heralding-mode",
    "quantum_async.providers.iqm.options:MoveValidation": "iqm.move-validation",
    "quantum_async.providers.iqm.options:MoveFrameTracking": "iqm.move-frame-tracking",
    "quantum_async.providers.qoro.options:QoroOptions": "qoro.options",
    "quantum_async.providers.qoro.configs:DeviceConfig": "qoro.device-config",
    "quantum_async.providers.qoro.configs:ExecutionConfig": "qoro.execution-config",
    "quantum_async.providers.qoro.configs:MaestroConfig": "qoro.maestro-config",
    "quantum_async.providers.qoro.configs:Simulator": "qoro.simulator",
    "quantum_async.providers.qoro.configs:SimulationMethod": "qoro.simulation-method",
    "quantum_async.providers.pasqal.options:PasqalOptions": "pasqal.options",
    "quantum_async.providers.pasqal.emulators:DeviceType": "pasqal.device-type",
    "quantum_async.providers.pasqal.emulators:EmuFreeConfig": "pasqal.emu-free-config",
    "quantum_async.providers.pasqal.emulators:EmuTNConfig": "pasqal.emu-tn-config",
    "quantum_async.providers.pasqal.emulators:EmuFresnelConfig": "pasqal.emu-fresnel-config",
    "quantum_async.providers.pasqal.emulators:EmulatorConfig": "pasqal.emulator-config",
}
"""What formats 1 and 2 called our types, after where they were then, and their declared names."""


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
    name = stored_name(kind)
    if name is not None:
        return name
    place = f"{kind.__module__}:{kind.__qualname__}"
    is_found = issubclass(kind, (RunOptions, Enum))
    if not is_found or kind.__module__.partition(".")[0] == PACKAGE:
        raise JournalError(
            f"a {kind.__qualname__} has no name to be written under",
            remedy="Declare one beside the class: @stored(...) of quantum_async.models.stored.",
        )
    # A stranger's options that declare no name are found while they stay where they are.
    return place


def _pair(pair: Json) -> tuple[object, object]:
    if not isinstance(pair, list) or len(pair) != 2:
        raise ValueError(f"not a pair: {pair!r:.80}")
    return decode(pair[0]), decode(pair[1])


@lru_cache(maxsize=256)
def _found(name: str, base: type) -> type:
    """Find a declared dataclass or enumeration, or a provider's own options, by its name."""
    name = OLD_NAMES.get(name, name)
    found = stored_type(name)
    if found is None:
        _load_provider(name.partition(".")[0])
        found = stored_type(name) or _undeclared(name)
    if found is not None and issubclass(found, base) and _is_value(found):
        return found
    raise ValueError(f"{name!r} is no type of this version or of an installed provider")


def _is_value(kind: type) -> bool:
    return is_dataclass(kind) or issubclass(kind, Enum)


@cache
def _load_provider(name: str) -> None:
    """Import an installed provider, whose import declares its types; all of them for others' names.

    What can be imported is what is installed as a provider; a row only says which.
    """
    installed = entry_points(group=PROVIDERS)
    for entry in installed.select(name=name) or installed:
        try:
            entry.load()
        except Exception:
            # Somebody else's package: its rows are told as unreadable, all others are read.
            logger.warning("the provider %s cannot be imported", entry.name, exc_info=True)


def _undeclared(name: str) -> type | None:
    """Find options of a provider outside of this package that declares no names."""
    open_types: list[type] = [RunOptions, Enum]
    while open_types:
        kind = open_types.pop()
        is_other = kind.__module__.partition(".")[0] != PACKAGE
        if is_other and f"{kind.__module__}:{kind.__qualname__}" == name and _is_itself(kind):
            return kind
        open_types.extend(kind.__subclasses__())
    return None


def _is_itself(kind: type) -> bool:
    """Whether it is the class that its module has: one with slots was made anew from another."""
    if "<locals>" in kind.__qualname__:
        return True
    found: object = sys.modules.get(kind.__module__)
    for part in kind.__qualname__.split("."):
        found = getattr(found, part, None)
    return found is kind
