"""Rows of results as Divi reads them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from quantum_async.errors import ResultError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from quantum_async.models.result import Result


@dataclass(frozen=True, slots=True)
class Expected:
    """What was asked for in a job, to hold its results against.

    Args:
        labels: The circuits' labels in order; empty where they are not known.
        groups: The observables that were asked for, in groups.
        spans: Which circuits each group is for, first and one after the last.
    """

    labels: tuple[str, ...] = ()
    groups: tuple[tuple[str, ...], ...] = ()
    spans: tuple[tuple[int, int], ...] = ()

    @classmethod
    def of(
        cls,
        labels: Sequence[str],
        groups: Sequence[Sequence[str]] | None,
        spans: Sequence[Sequence[int]] | None,
    ) -> Expected:
        """Take lists as Divi has them."""
        return cls(
            tuple(labels),
            tuple(map(tuple, groups or ())),
            tuple((first, last) for first, last in spans or ()),
        )

    def rows(self, result: Result) -> list[dict[str, Any]]:
        """Read a job's rows, in the order in which their circuits were submitted.

        Raises:
            ResultError: A circuit has no value of an observable that was asked for.
        """
        rows: list[dict[str, Any]] = json.loads(result.raw or "[]")
        places = {label: place for place, label in enumerate(self.labels)}
        ordered = sorted(rows, key=lambda row: places.get(row["label"], len(places)))
        for row in ordered if self.spans else ():
            self._check(row, places.get(row["label"], -1))
        return ordered

    def _check(self, row: dict[str, Any], place: int) -> None:
        # A value says which observable it is of, so that a service which counted circuits in
        # another way than its own client does would be noticed here.
        for group, (first, last) in zip(self.groups, self.spans, strict=True):
            missing = [term for term in group if term not in row["results"]]
            if first <= place < last and missing:
                raise ResultError(
                    f"circuit {row['label']!r} has no value of {missing[0]}, only of "
                    f"{', '.join(row['results']) or 'nothing'}",
                    provider="qoro",
                    remedy="Submit fewer circuits in one job, and report this.",
                )
