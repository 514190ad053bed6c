"""Observables as Divi writes them: terms joined by semicolons, groups by bars."""

from __future__ import annotations

import re
import warnings
from typing import TYPE_CHECKING

from quantum_async.errors import InvalidInputError

if TYPE_CHECKING:
    from collections.abc import Sequence

_REGISTER = re.compile(r"\b(?:qreg\s+\w+\s*\[\s*(\d+)\s*\]|qubit\s*\[\s*(\d+)\s*\]|(qubit)\s+\w)")


def groups_of(
    text: str, spans: Sequence[Sequence[int]] | None, widths: Sequence[int]
) -> list[list[str]]:
    """Read groups of observables, and lengthen those that are shorter than their circuits.

    Args:
        text: The groups.
        spans: Which circuits each group is for, first and one after the last.
        widths: How many qubits each circuit has.

    Raises:
        InvalidInputError: An observable is empty, a span is none, or a short group is for
            circuits of different widths.
    """
    groups = [part.split(";") for part in text.split("|")]
    if not all(map(all, groups)):
        raise InvalidInputError(
            f"an observable in {text!r} is empty",
            provider="qoro",
            remedy="Write one of I, X, Y, Z per qubit.",
        )
    for span in spans or ():
        if len(span) != 2:
            raise InvalidInputError(
                f"a circuit map with {list(span)}",
                provider="qoro",
                remedy="Each row has 2 numbers.",
            )
    covered = _widths_by_group(len(groups), spans, widths)
    # A loop, because a comprehension is a frame of its own in some versions of Python.
    for place, wanted in enumerate(covered):
        groups[place] = _padded(groups[place], wanted)
    return groups


def width_of(circuit: str) -> int:
    """Count the qubits that a program declares."""
    return sum(int(old or new or 1) for old, new, _ in _REGISTER.findall(circuit))


def _widths_by_group(
    groups: int, spans: Sequence[Sequence[int]] | None, widths: Sequence[int]
) -> list[set[int]]:
    covered: list[set[int]] = [set() for _ in range(groups)]
    for place, width in enumerate(widths):
        own = [g for g, span in enumerate(spans or ()) if span[0] <= place < span[1]]
        for group in own[:1] or range(groups):
            covered[group].add(width)
    return covered


def _padded(group: list[str], widths: set[int]) -> list[str]:
    if not widths or min(map(len, group)) >= max(widths):
        return group
    if len(widths) > 1:
        raise InvalidInputError(
            f"the observables {';'.join(group)} are too short for circuits of "
            f"{', '.join(map(str, sorted(widths)))} qubits",
            provider="qoro",
            remedy="Write one letter for each qubit, or give each width a group of its own.",
        )
    [width] = widths
    warnings.warn(
        f"Observables shorter than their circuit act on its first qubits: {group[0]!r} is sent "
        f"as {group[0].ljust(width, 'I')!r}.",
        stacklevel=4,
    )
    return [term.ljust(width, "I") for term in group]
