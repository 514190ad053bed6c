"""From channel properties to groups of qubits that can be conditioned on each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic import JsonValue


def feedback_groups_of(channels: Mapping[str, JsonValue]) -> tuple[frozenset[str], ...]:
    """Collect the qubits that share a source of feedback.

    Args:
        channels: Properties by channel; a drive channel's name begins with ``<qubit>__``.

    Returns:
        The groups without repetition, the largest first.
    """
    groups: dict[str, set[str]] = {}
    for name, properties in channels.items():
        sources = properties.get("fast_feedback_sources") if isinstance(properties, dict) else None
        qubit, separator, _ = name.partition("__")
        if separator and isinstance(sources, list):
            for source in sources:
                groups.setdefault(str(source), set()).add(qubit)
    distinct = {frozenset(group) for group in groups.values()}
    return tuple(sorted(distinct, key=lambda group: (-len(group), sorted(group))))
