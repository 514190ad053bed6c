"""Just enough of protocol buffers to read what IQM sends in them."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_VARINT, _LENGTH = 0, 2
_FIXED = {1: 8, 5: 4}


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
