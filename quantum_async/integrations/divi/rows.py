"""Rows of results as Divi reads them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypedDict

if TYPE_CHECKING:
    from collections.abc import Sequence


class Row(TypedDict):
    """The result of one circuit."""

    label: str
    results: dict[str, float]


def plain_rows(rows: Sequence[Any]) -> list[Row]:
    """Unpack the rows of a job: counts, or values by observable.

    Args:
        rows: As `Jobs.rows` gives them.

    Raises:
        ResultError: A row is damaged.
    """
    return [Row(label=row.label, results=row.plain()) for row in rows]


def in_order(rows: Sequence[Row], labels: Sequence[str]) -> list[Row]:
    """Bring rows into the order in which their circuits were submitted.

    Args:
        rows: The rows.
        labels: The circuits' labels in order; empty where they are not known.
    """
    places = {label: place for place, label in enumerate(labels)}
    return sorted(rows, key=lambda row: places.get(row["label"], len(places)))
