"""Values, jobs and results as a journal keeps them, and back again, exactly.

Nothing here is pickled, and nothing is imported because a row names it: reading a journal runs no
code but the constructors of types that were declared for it.
"""

from __future__ import annotations

import base64
import hashlib
import json
import logging
import sys
import zlib
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import cache, lru_cache
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, TypeAlias

from quantum_async import errors
from quantum_async.errors import JobError, JournalError, QuantumAsyncError
from quantum_async.models.job import JobRef
from quantum_async.models.program import Program, ProgramFormat
from quantum_async.models.result import BitOrder, Expectation, Register, Result
from quantum_async.models.stored import stored_name, stored_type
from quantum_async.models.submission import RunOptions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from quantum_async.models.grid import Value


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


if TYPE_CHECKING:
    Clean: TypeAlias = Callable[[str], str]

LEVEL = 1
"""zlib's fastest: results are small, and the disk is not what is scarce."""
SMALL = 2048
"""Bytes of a result up to which compressing costs more time than its room is worth."""
VERSION = 1

_compact = json.JSONEncoder(separators=(",", ":")).encode


def pack_result(result: Result, clean: Clean) -> bytes:
    """Write a result down, compressed unless it is small.

    Args:
        result: What was measured.
        clean: Removes secrets from the provider's own answer.
    """
    document = {
        "v": VERSION,
        "counts": dict(result.counts),
        "shots": result.shots,
        "bit_order": result.bit_order.value,
        "registers": [[register.name, register.width] for register in result.registers],
        "atoms": result.atoms,
        "samples": result.samples,
        "exact": _maybe(dict, result.exact_probabilities),
        "expectations": {
            name: [_real_or_parts(e.value), e.standard_error]
            for name, e in result.expectation_values.items()
        },
        "metadata": dict(result.metadata),
        "raw": _maybe(clean, result.raw),
    }
    body = _encode_result(document).encode()
    return body if len(body) <= SMALL else zlib.compress(body, LEVEL)


def unpack_result(body: bytes | memoryview) -> Result:
    """Read what `pack_result` wrote.

    Raises:
        ValueError, KeyError, TypeError, zlib.error: The row is damaged.
    """
    # What zlib writes never begins with a brace.
    document = json.loads(bytes(body) if body[:1] == b"{" else zlib.decompress(body))
    if document["v"] != VERSION:
        raise ValueError(f"a result of version {document['v']}")
    return Result(
        counts=document["counts"],
        shots=document["shots"],
        bit_order=BitOrder(document["bit_order"]),
        registers=tuple(Register(name, width) for name, width in document["registers"]),
        atoms=tuple(document["atoms"]),
        samples=None if document["samples"] is None else tuple(document["samples"]),
        exact_probabilities=document["exact"],
        expectation_values={
            name: Expectation(_whole(value), standard_error)
            for name, (value, standard_error) in document["expectations"].items()
        },
        metadata=document["metadata"],
        raw=document["raw"],
    )


def pack_error(error: BaseException, clean: Clean) -> str:
    """Write a failure down, without its traceback and without secrets."""
    kind = next((k.__name__ for k in type(error).__mro__ if k.__module__ == errors.__name__), None)
    state: dict[str, Json] = {}
    for name, value in error.__dict__.items():
        if name == "__notes__":
            continue
        try:
            state[name] = _cleaned(encode(value), clean)
        except JournalError:
            state[name] = clean(repr(value))
    notes: list[str] = getattr(error, "__notes__", [])
    message = str(error) if isinstance(error, QuantumAsyncError) else repr(error)
    document = {
        "v": VERSION,
        "type": kind or JobError.__name__,
        "message": clean(message),
        "notes": [clean(note) for note in notes],
        "state": state,
    }
    return _compact(document)


def unpack_error(text: str) -> QuantumAsyncError:
    """Read what `pack_error` wrote.

    Raises:
        ValueError, KeyError: The row is damaged.
    """
    document = json.loads(text)
    kind = getattr(errors, document["type"], None)
    if not (isinstance(kind, type) and issubclass(kind, QuantumAsyncError)):
        raise ValueError(f"no error is called {document['type']!r}")
    error = kind.__new__(kind)
    Exception.__init__(error, document["message"])
    defaults = {"provider": None, "job_id": None, "request_id": None}
    error.__dict__.update(defaults)
    error.__dict__.update({name: decode(value) for name, value in document["state"].items()})
    for note in document["notes"]:
        error.add_note(note)
    return error


def pack_program(program: Program) -> dict[str, object]:
    """Write a program down as a row; one that cannot be written down is a row without payload."""
    body = program.data if program.is_written else b""
    return {
        "digest": program.digest,
        "format": program.format.value,
        "name": program.name,
        "is_text": program.is_written and isinstance(program.payload, str),
        "payload": zlib.compress(body, LEVEL),
    }


def unpack_program(row: Mapping[str, object]) -> Program:
    """Read what `pack_program` wrote.

    Raises:
        ValueError, KeyError, TypeError, zlib.error: The row is damaged.
    """
    payload = row["payload"]
    if not isinstance(payload, (bytes, memoryview)):
        raise TypeError("a program's payload is no bytes")
    body = zlib.decompress(payload)
    format_, name = ProgramFormat(str(row["format"])), str(row["name"])
    program = Program(body.decode() if row["is_text"] else body, format_, name)
    if not body and program.digest != row["digest"]:
        why = "only the process that made it had it; its script, run again, has it as well"
        return Program.unwritten(format_, str(row["digest"]), why, name)
    if program.digest != row["digest"]:
        raise ValueError("the program does not have the digest it was stored under")
    return program


def pack_variables(variables: Mapping[str, Value]) -> str:
    """Write the values of a job's parameters down."""
    return _compact(_plain(variables))


def unpack_variables(text: str) -> Mapping[str, Value]:
    """Read what `pack_variables` wrote.

    Raises:
        ValueError: The row is damaged.
    """
    found = _tuples(json.loads(text))
    if not isinstance(found, dict):
        raise ValueError("the variables are no mapping")
    return found


def pack_ref(ref: JobRef) -> str:
    """Write a job's reference down; its submission says at which server it is."""
    parts = [ref.provider, ref.id, ref.target, ref.key, ref.index, ref.batch_id, ref.account]
    return _compact(parts)


def unpack_ref(text: str, journal: str | None, identity: str = "") -> JobRef:
    """Read what `pack_ref` wrote.

    Args:
        text: What was written.
        journal: Where it was found.
        identity: Which server and account its submission went to.

    Raises:
        ValueError, TypeError: The row is damaged.
    """
    provider, id_, target, key, index, batch_id, account = json.loads(text)
    return JobRef(provider, id_, target, key, index, batch_id, account, journal, identity)


def pack_any(value: object) -> str | None:
    """Write an optional value down."""
    return None if value is None else dump(value)


def unpack_any(text: str | None) -> object:
    """Read what `pack_any` wrote.

    Raises:
        ValueError: The row is damaged.
    """
    return None if text is None else load(text)


def payload_digest(target: str, rows: Iterable[Mapping[str, object]]) -> str:
    """SHA-256 over all that a submission sends, in hexadecimal.

    Args:
        target: The device's name.
        rows: Its jobs as they are written down.
    """
    digest = hashlib.sha256(target.encode())
    for row in rows:
        parts = (row["program"], row["shots"], row["variables"], row["options"])
        digest.update("\0".join(map(str, parts)).encode())
    return digest.hexdigest()


def _maybe(convert: Callable[..., object], value: object) -> object:
    return None if value is None else convert(value)


def _real_or_parts(
    value: float | complex,  # noqa: PYI041  # a type checker takes the two for different
) -> float | dict[str, float]:
    return {"real": value.real, "imag": value.imag} if isinstance(value, complex) else value


def _whole(written: float | Mapping[str, float]) -> float | complex:
    return complex(written["real"], written["imag"]) if isinstance(written, Mapping) else written


def _number(value: object) -> object:
    """Turn a number of another library, which some results carry, into plain Python."""
    item = getattr(value, "item", None)
    if item is None:
        raise JournalError(f"a result holds a {type(value).__name__}, which is no number or word")
    return item()


_encode_result = json.JSONEncoder(separators=(",", ":"), default=_number).encode


def _plain(value: object) -> object:
    """Turn the mappings of a parameter's value into what JSON knows."""
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    return value


def _cleaned(data: Json, clean: Clean) -> Json:
    if isinstance(data, str):
        return clean(data)
    if isinstance(data, list):
        return [_cleaned(item, clean) for item in data]
    if isinstance(data, dict):
        return {key: _cleaned(item, clean) for key, item in data.items()}
    return data


def _tuples(data: object) -> object:
    """Turn lists into tuples, as parameters' arrays are."""
    if isinstance(data, list):
        return tuple(_tuples(item) for item in data)
    if isinstance(data, dict):
        return {key: _tuples(item) for key, item in data.items()}
    return data
