"""From channel properties to groups of qubits that can be conditioned on each other.

The binary form is a protocol buffer; field numbers are those of iqm-data-definitions 3.1.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from quantum_async.errors import ProtocolError
from quantum_async.providers.iqm.translate.protobuf import messages, text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic import JsonValue

_MAPPING, _KEY, _VALUE, _AWG, _SOURCES = 1, 1, 2, 1, 3


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
