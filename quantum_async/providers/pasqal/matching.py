"""Matching: which of the service's jobs are which of those that were sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pydantic import JsonValue

    from quantum_async.providers.pasqal.submission import NewJob


class CreatedJob(Protocol):
    """What is to be known of one of the service's jobs in order to tell which one it is."""

    @property
    def id(self) -> str:
        """Its id."""
        ...

    @property
    def runs(self) -> int | None:
        """Its shots."""
        ...

    @property
    def variables(self) -> Mapping[str, JsonValue] | None:
        """Values of the sequence's variables."""
        ...

    @property
    def creation_order(self) -> int | None:
        """Its place among the jobs of its batch."""
        ...


Created = TypeVar("Created", bound=CreatedJob)


def in_order(jobs: Iterable[Created]) -> list[Created]:
    """Sort jobs by when the service created them, where it tells; else leave them as they are."""
    listed = list(jobs)
    if any(job.creation_order is None for job in listed):
        return listed
    return sorted(listed, key=lambda job: job.creation_order or 0)


def matched(sent: Sequence[NewJob], found: Sequence[Created]) -> list[Created] | None:
    """Pick for each job that was sent one that was found, with equal shots and variables.

    Args:
        sent: What was sent, in order.
        found: What the service has, in the order of creation.

    Returns:
        One for each, or ``None`` where for one of them there is none.
    """
    left = list(found)
    picked = []
    for job in sent:
        for place, other in enumerate(left):
            if _is_same(job, other):
                picked.append(left.pop(place))
                break
        else:
            return None
    return picked


def candidates(sent: Sequence[NewJob], found: Sequence[Created]) -> list[Created]:
    """List those found that are equal to any that was sent."""
    return [other for other in found if any(_is_same(job, other) for job in sent)]


def _is_same(job: NewJob, other: CreatedJob) -> bool:
    if job.runs is not None and job.runs != other.runs:
        return False
    # Nearly all are equal as they are.
    return job.variables == other.variables or (
        _plain(job.document().get("variables")) == _plain(dict(other.variables or {}))
    )


def _plain(value: JsonValue) -> JsonValue:
    # An array of one number and the number itself are the same value of a variable, and no
    # variables are the same as an empty set of them.
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()} or None
    if isinstance(value, list) and len(value) == 1:
        return value[0]
    return value
