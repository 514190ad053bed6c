"""Protocol buffers as IQM sends them: sources of feedback, and results of pulse jobs.

Just enough is read of them; field numbers are those of iqm-data-definitions 3.1.
"""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

from quantum_async.errors import ProtocolError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import numpy as np
    from pydantic import JsonValue


_VARINT, _LENGTH = 0, 2
_FIXED = {1: 8, 5: 4}

_KEY, _VALUE = 1, 2
_MAPPING, _AWG, _SOURCES = 1, 1, 3
_RESULTS, _ARRAYS, _SHAPE, _ITEMS, _IMAGINARY = 2, 1, 1, 1, 2
_TEXTS, _BOOLEANS, _INTEGERS, _FLOATS, _COMPLEX = 2, 3, 4, 5, 6


def messages(content: bytes, number: int) -> Iterator[bytes]:
    """Give what every field of a number holds, where that is text or a message.

    Args:
        content: A message.
        number: Which field.

    Raises:
        ValueError, IndexError: The message is damaged.
    """
    place = 0
    while place < len(content):
        tag, place = _varint(content, place)
        kind = tag & 7
        if kind == _VARINT:
            _, place = _varint(content, place)
            continue
        length = _FIXED.get(kind)
        if kind == _LENGTH:
            length, place = _varint(content, place)
        if length is None or place + length > len(content):
            raise ValueError("a field is cut off")
        if tag >> 3 == number and kind == _LENGTH:
            yield content[place : place + length]
        place += length


def text(content: bytes, number: int) -> str:
    """Read a field of text; empty where it is missing.

    Raises:
        ValueError, IndexError: The message is damaged.
    """
    return b"".join(messages(content, number)).decode()


def numbers(packed: bytes) -> tuple[int, ...]:
    """Read packed unsigned whole numbers.

    Raises:
        IndexError: They are cut off.
    """
    found, place = [], 0
    while place < len(packed):
        value, place = _varint(packed, place)
        found.append(value)
    return tuple(found)


def signed(packed: bytes) -> tuple[int, ...]:
    """Read packed whole numbers of either sign.

    Raises:
        IndexError: They are cut off.
    """
    return tuple(value >> 1 ^ -(value & 1) for value in numbers(packed))


def doubles(packed: bytes) -> tuple[float, ...]:
    """Read packed floating-point numbers.

    Raises:
        ValueError: They are cut off.
    """
    if len(packed) % 8:
        raise ValueError("a number is cut off")
    return struct.unpack(f"<{len(packed) // 8}d", packed)


def _varint(content: bytes, place: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = content[place]
        place += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, place
        shift += 7


def feedback_groups_of(sources: Mapping[str, tuple[str, ...]]) -> tuple[frozenset[str], ...]:
    """Collect the qubits that share a source of feedback.

    Args:
        sources: For each channel, what can feed back to it; a drive channel's name begins with
            ``<qubit>__``.

    Returns:
        The groups without repetition, the largest first.
    """
    groups: dict[str, set[str]] = {}
    for name, found in sources.items():
        qubit, separator, _ = name.partition("__")
        for source in found if separator else ():
            groups.setdefault(source, set()).add(qubit)
    distinct = {frozenset(group) for group in groups.values()}
    return tuple(sorted(distinct, key=lambda group: (-len(group), sorted(group))))


def sources_in_json(channels: Mapping[str, JsonValue]) -> dict[str, tuple[str, ...]]:
    """Read what feeds back to each channel from the form in JSON."""
    found: dict[str, tuple[str, ...]] = {}
    for name, properties in channels.items():
        sources = properties.get("fast_feedback_sources") if isinstance(properties, dict) else None
        if isinstance(sources, list):
            found[name] = tuple(map(str, sources))
    return found


def sources_in_protobuf(content: bytes) -> dict[str, tuple[str, ...]]:
    """Read what feeds back to each channel from the binary form.

    Raises:
        ProtocolError: It is damaged.
    """
    found: dict[str, tuple[str, ...]] = {}
    try:
        for entry in messages(content, _MAPPING):
            found[text(entry, _KEY)] = tuple(
                source.decode()
                for value in messages(entry, _VALUE)
                for awg in messages(value, _AWG)
                for source in messages(awg, _SOURCES)
            )
    except (IndexError, ValueError) as error:
        raise ProtocolError(
            f"damaged channel properties: {error}",
            provider="iqm",
            remedy="Update this package; if that does not help, report it.",
        ) from error
    return found


Element = bool | int | float | complex | str


@dataclass(frozen=True, slots=True)
class SweepArray:
    """What was measured at one spot of a sweep.

    Args:
        shape: How many values along each axis.
        values: The values, the last axis running fastest.
    """

    shape: tuple[int, ...]
    values: tuple[Element, ...]

    def to_numpy(self) -> np.ndarray:
        """Make an array of NumPy of it."""
        import numpy as np

        return np.array(self.values).reshape(self.shape)


def sweep_results(content: bytes) -> dict[str, tuple[SweepArray, ...]]:
    """Read what a pulse job measured: for each parameter, an array for each spot of the sweep.

    Args:
        content: The artifact.

    Raises:
        ProtocolError: It is damaged.
    """
    try:
        return {
            text(entry, _KEY): tuple(
                _array(array)
                for value in messages(entry, _VALUE)
                for array in messages(value, _ARRAYS)
            )
            for entry in messages(content, _RESULTS)
        }
    except (IndexError, ValueError) as error:
        raise ProtocolError(
            f"damaged sweep results: {error}",
            provider="iqm",
            remedy="Update this package; if that does not help, report it.",
        ) from error


def _array(content: bytes) -> SweepArray:
    values = _values(content)
    shape = numbers(b"".join(messages(content, _SHAPE)))
    if math.prod(shape) != len(values):
        raise ValueError(f"{len(values)} values in an array of shape {shape}")
    return SweepArray(shape, values)


def _values(content: bytes) -> tuple[Element, ...]:
    values: list[Element] = []
    for kind in (_TEXTS, _BOOLEANS, _INTEGERS, _FLOATS, _COMPLEX):
        for held in messages(content, kind):
            packed = b"".join(messages(held, _ITEMS))
            if kind == _TEXTS:
                values += [item.decode() for item in messages(held, _ITEMS)]
            elif kind == _BOOLEANS:
                values += map(bool, numbers(packed))
            elif kind == _INTEGERS:
                values += signed(packed)
            elif kind == _FLOATS:
                values += doubles(packed)
            else:
                imaginary = doubles(b"".join(messages(held, _IMAGINARY)))
                values += map(complex, doubles(packed), imaginary)
    return tuple(values)
