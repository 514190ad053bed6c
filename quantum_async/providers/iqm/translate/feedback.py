"""From channel properties to groups of qubits that can be conditioned on each other.

The binary form is a protocol buffer; field numbers are those of iqm-data-definitions 3.1.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from quantum_async.errors import ProtocolError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pydantic import JsonValue

_MAPPING, _KEY, _VALUE, _AWG, _SOURCES = 1, 1, 2, 1, 3
_VARINT, _LENGTH = 0, 2
_FIXED = {1: 8, 5: 4}


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
        for entry in _every(content, _MAPPING):
            name = b"".join(_every(entry, _KEY)).decode()
            found[name] = tuple(
                source.decode()
                for value in _every(entry, _VALUE)
                for awg in _every(value, _AWG)
                for source in _every(awg, _SOURCES)
            )
    except (IndexError, ValueError, KeyError) as error:
        raise ProtocolError(f"damaged channel properties: {error}", provider="iqm") from error
    return found


def _every(content: bytes, wanted: int) -> Iterator[bytes]:
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
        if tag >> 3 == wanted and kind == _LENGTH:
            yield content[place : place + length]
        place += length


def _varint(content: bytes, place: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = content[place]
        place += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, place
        shift += 7
