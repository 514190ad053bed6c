"""What Divi is given back: answers of the service, and rows of results."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import requests  # noqa: TID251 -- what the vendor's class hands over; nothing is sent by it

from quantum_async.errors import ResultError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from quantum_async.models.result import Result


class JobResponse(requests.Response, dict[str, Any]):
    """An answer to a request: a response of `requests`, and the mapping that it holds.

    The vendor's class passes responses, of which Divi before 0.14 reads no run time: it reads one
    from mappings.

    Args:
        document: What the service said.
        url: Where it said it.
        status: The HTTP status.
    """

    def __init__(self, document: Mapping[str, Any], url: str = "", *, status: int = 200) -> None:
        super().__init__()
        self.update(document)
        self.status_code = status
        self.url = url
        self.encoding: str | None = "utf-8"
        self.headers["Content-Type"] = "application/json"
        self._content = json.dumps(dict(document)).encode()

    def __iter__(self) -> Iterator[Any]:
        """Iterate over the mapping's keys."""
        return dict.__iter__(self)


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
