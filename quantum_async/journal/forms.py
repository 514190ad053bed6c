"""How results, failures, programs and references are written in a row, and read again."""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, TypeAlias

from quantum_async import errors
from quantum_async.errors import JobError, JournalError, QuantumAsyncError
from quantum_async.journal.values import Json, decode, dump, encode, load
from quantum_async.models.job import JobRef
from quantum_async.models.program import Program, ProgramFormat
from quantum_async.models.result import BitOrder, Expectation, Register, Result

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from quantum_async.models.grid import Value

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
