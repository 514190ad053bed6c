"""Just enough of protocol buffers to write channel properties, and to read and write messages.

Field numbers are those that iqm-data-definitions 3.1 declares.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pydantic import JsonValue

_MAPPING, _KEY, _VALUE, _AWG, _SOURCES = 1, 1, 2, 1, 3


def channel_dictionary(channels: Mapping[str, JsonValue]) -> bytes:
    """Write the drive channels with the sources that feed back to them.

    Args:
        channels: Properties by channel, as the JSON form has them.
    """
    return b"".join(field(_MAPPING, _entry(name, value)) for name, value in channels.items())


def _entry(name: str, properties: JsonValue) -> bytes:
    sources = properties.get("fast_feedback_sources") if isinstance(properties, dict) else None
    names = cast("list[str]", sources or [])
    awg = b"".join(field(_SOURCES, source.encode()) for source in names)
    return field(_KEY, name.encode()) + field(_VALUE, field(_AWG, awg))


def field(number: int, content: bytes) -> bytes:
    """Write a field that holds text, a message or packed numbers."""
    return varint(number << 3 | 2) + varint(len(content)) + content


def number_field(number: int, value: int) -> bytes:
    """Write a field that holds a whole number."""
    return varint(number << 3) + varint(value)


def fields(content: bytes) -> Iterator[tuple[int, bytes]]:
    """Read the fields of a message; what is no text, message or packed numbers is passed over.

    Raises:
        ValueError: The message is damaged.
    """
    place = 0
    while place < len(content):
        tag, place = read_varint(content, place)
        kind = tag & 7
        if kind == 0:
            _, place = read_varint(content, place)
            continue
        length, place = (
            read_varint(content, place) if kind == 2 else ({1: 8, 5: 4}.get(kind, -1), place)
        )
        if length < 0 or place + length > len(content):
            raise ValueError("a field is cut off")
        if kind == 2:
            yield tag >> 3, content[place : place + length]
        place += length


def read_varint(content: bytes, place: int) -> tuple[int, int]:
    """Read a whole number, and give it with the place behind it.

    Raises:
        ValueError: It is cut off.
    """
    value = 0
    for shift in range(0, 70, 7):
        if place >= len(content):
            break
        byte, place = content[place], place + 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, place
    raise ValueError("a number is cut off")


def varint(value: int) -> bytes:
    """Write a whole number."""
    written = bytearray()
    while value > 0x7F:
        written.append(value & 0x7F | 0x80)
        value >>= 7
    written.append(value)
    return bytes(written)
