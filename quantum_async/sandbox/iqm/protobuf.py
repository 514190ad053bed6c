"""Just enough of protocol buffers to write channel properties.

Field numbers are those that iqm-data-definitions 3.1 declares.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic import JsonValue

_MAPPING, _KEY, _VALUE, _AWG, _SOURCES = 1, 1, 2, 1, 3


def channel_dictionary(channels: Mapping[str, JsonValue]) -> bytes:
    """Write the drive channels with the sources that feed back to them.

    Args:
        channels: Properties by channel, as the JSON form has them.
    """
    return b"".join(_field(_MAPPING, _entry(name, value)) for name, value in channels.items())


def _entry(name: str, properties: JsonValue) -> bytes:
    sources = properties.get("fast_feedback_sources") if isinstance(properties, dict) else None
    names = cast("list[str]", sources or [])
    awg = b"".join(_field(_SOURCES, source.encode()) for source in names)
    return _field(_KEY, name.encode()) + _field(_VALUE, _field(_AWG, awg))


def _field(number: int, content: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(content)) + content


def _varint(value: int) -> bytes:
    written = bytearray()
    while value > 0x7F:
        written.append(value & 0x7F | 0x80)
        value >>= 7
    written.append(value)
    return bytes(written)
