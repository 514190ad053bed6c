"""Pulse jobs: what a run definition asks for, and numbers of that shape.

Pulses are not simulated: what they do to a chip is in no public document. Every array has the
shape that the run definition declares, and its numbers are drawn from the seed.
Field numbers are those that iqm-data-definitions 3.1 declares.
"""

from __future__ import annotations

import math
import random
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

from quantum_async.sandbox.exchange import Refusal
from quantum_async.sandbox.iqm.protobuf import field, fields, number_field, read_varint, varint

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

MEDIA = b"application/protobuf"
MOST_VALUES = 1_000_000

_KEY, _VALUE = 1, 2
_SCALAR, _INTEGER, _FLOAT = 1, 3, 5
_INTEGER_TYPE, _FLOAT_TYPE = 3, 4


@dataclass(frozen=True, slots=True)
class PulseRun:
    """What a pulse job is to measure.

    Args:
        sweep_id: What its client calls it.
        spots: How many spots its sweep has.
        sizes: For each parameter to return, how many values at each spot.
    """

    sweep_id: str
    spots: int
    sizes: Mapping[str, int]


def read_run(content: bytes) -> PulseRun:
    """Read a run definition.

    Raises:
        Refusal: It is none, or asks for nothing or for too much.
    """
    try:
        run = _read(content)
    except ValueError as error:
        raise Refusal(400, f"not a run definition: {error}", "invalid_job_payload") from error
    if run.spots * sum(run.sizes.values()) > MOST_VALUES:
        raise Refusal(400, "the run returns too many values", "invalid_input")
    return run


def _read(content: bytes) -> PulseRun:
    packed = [value for body in _all(content, 13) for value in _all(body, 2)]
    definitions = [*packed, *_all(content, 12)]
    if not _all(content, 1) or not definitions:
        raise ValueError("it lacks its id or its sweep")
    sweep = definitions[0]
    declared = {_text(entry, _KEY): _size(_last(entry, _VALUE)) for entry in _all(content, 8)}
    wanted = [name.decode() for name in _all(sweep, 4)]
    if not wanted:
        raise ValueError("it returns nothing")
    sizes = {name: declared.get(name, 1) for name in wanted}
    return PulseRun(_text(sweep, 1), _size(_last(sweep, 3)), sizes)


def sweep_results(run: PulseRun, label: str) -> bytes:
    """Write what a run measured: numbers drawn for each parameter and spot.

    Args:
        run: The run.
        label: What the draw depends on.
    """
    results = b"".join(
        field(2, field(_KEY, name.encode()) + field(_VALUE, b"".join(_arrays(run, name, label))))
        for name in run.sizes
    )
    return field(1, run.sweep_id.encode()) + results


def settings() -> bytes:
    """Write the settings that every quantum computer has, as a tree."""
    options = {
        "playlist_repeats": (_INTEGER_TYPE, number_field(_INTEGER, 2 * 1000)),
        "averaging_bins": (_INTEGER_TYPE, number_field(_INTEGER, 2 * 1000)),
        "end_delay": (_FLOAT_TYPE, varint(4 << 3 | 1) + struct.pack("<d", 3e-4)),
    }
    entries = b"".join(
        field(2, field(_KEY, name.encode()) + field(_VALUE, _setting(name, kind, value)))
        for name, (kind, value) in options.items()
    )
    node = field(1, b"options") + entries
    return field(1, b"root") + field(3, field(_KEY, b"options") + field(_VALUE, node))


def _setting(name: str, kind: int, value: bytes) -> bytes:
    words = f"options.{name}".encode()
    parameter = field(1, words) + field(2, name.encode()) + number_field(4, _SCALAR)
    return field(2, parameter + number_field(5, kind)) + field(3, value)


def _arrays(run: PulseRun, name: str, label: str) -> Iterator[bytes]:
    for spot in range(run.spots):
        chance = random.Random(f"{label} {name} {spot}")  # noqa: S311  repeatable, not secret
        size = run.sizes[name]
        values = struct.pack(f"<{size}d", *(chance.random() for _ in range(size)))
        yield field(1, field(1, varint(size)) + field(_FLOAT, field(1, values)))


def _size(sweeps: bytes) -> int:
    """Multiply the lengths of sweeps; those in parallel have one length."""
    lengths = []
    for parallel in _all(sweeps, 1):
        first = _all(parallel, 1)
        lengths.append(_length(_last(first[0], 2)) if first else 0)
    return math.prod(lengths)


def _length(values: bytes) -> int:
    for kind, held in fields(values):
        if kind == 1:
            return len(_all(held, 1))
        packed = b"".join(_all(held, 1))
        return len(packed) // 8 if kind in {4, 5} else _count(packed)
    return 0


def _count(packed: bytes) -> int:
    place = count = 0
    while place < len(packed):
        _, place = read_varint(packed, place)
        count += 1
    return count


def _all(content: bytes, number: int) -> list[bytes]:
    return [value for found, value in fields(content) if found == number]


def _last(content: bytes, number: int) -> bytes:
    return (_all(content, number) or [b""])[-1]


def _text(content: bytes, number: int) -> str:
    return _last(content, number).decode()
