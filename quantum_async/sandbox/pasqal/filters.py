"""Filters, order and pages, as they stand in a query."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TypeVar

from quantum_async.sandbox.exchange import Refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pydantic import JsonValue

    from quantum_async.sandbox.clock import Clock
    from quantum_async.sandbox.pasqal.records import Batch, PasqalJob

    Query = Mapping[str, list[str]]

_T = TypeVar("_T")
_PAGE_KEYS = {"offset", "limit", "order_by", "order_by_direction"}
_SHARED = {"id", "id__starts_with", "status", "project_id", "user_id", "start_date", "end_date"}
_JOB_KEYS = _PAGE_KEYS | _SHARED | {"batch_id", "min_runs", "max_runs", "errors", "origin"}
_BATCH_KEYS = (
    _PAGE_KEYS
    | _SHARED
    | {
        "device_type",
        "open",
        "complete",
        "queue_priority",
        "tag",
        "origin",
        "min_jobs",
        "max_jobs",
    }
)


@dataclass(frozen=True, slots=True)
class Page:
    """Which part of a list is wanted.

    Args:
        offset: Where it begins.
        limit: How many at most.
        ascending: Whether the oldest come first.
    """

    offset: int
    limit: int
    ascending: bool

    @classmethod
    def of(cls, query: Query) -> Page:
        """Read the page from a query.

        Raises:
            Refusal: It is out of bounds.
        """
        offset, limit = whole(query, "offset") or 0, whole(query, "limit")
        if offset < 0:
            raise Refusal(422, _wrong("offset", "must not be negative"))
        if limit is not None and not 0 < limit < 101:
            raise Refusal(422, _wrong("limit", "must be between 1 and 100"))
        direction = (last(query, "order_by_direction") or "DESC").upper()
        return cls(offset, 100 if limit is None else limit, direction == "ASC")

    def cut(self, items: Sequence[_T]) -> Sequence[_T]:
        """Take this page of a list given with the oldest first."""
        ordered = items if self.ascending else items[::-1]
        return ordered[self.offset : self.offset + self.limit]


def keep_jobs(
    jobs: Sequence[PasqalJob], query: Query, now: float, clock: Clock
) -> Sequence[PasqalJob]:
    """Keep the jobs that pass every filter.

    Raises:
        Refusal: A filter is unknown or malformed.
    """
    _check_keys(query, _JOB_KEYS)
    tests: list[Callable[[PasqalJob], bool]] = []
    _among(tests, query, "id", lambda job: job.work.id)
    _among(tests, query, "batch_id", lambda job: job.batch.id)
    _among(tests, query, "project_id", lambda job: job.batch.project_id)
    _among(tests, query, "user_id", lambda job: job.batch.user_id)
    _among(tests, query, "status", lambda job: job.word(now))
    _among(tests, query, "origin", lambda job: job.batch.origin)
    _prefixed(tests, query, lambda job: job.work.id)
    _between(tests, query, "min_runs", "max_runs", lambda job: job.work.shots)
    _dated(tests, query, clock, lambda job: job.work.accepted)
    errors = flag(query, "errors")
    if errors is not None:
        tests.append(lambda job: (job.word(now) == "ERROR") == errors)
    return _passing(jobs, tests)


def keep_batches(
    batches: Sequence[Batch], query: Query, now: float, clock: Clock
) -> Sequence[Batch]:
    """Keep the batches that pass every filter.

    Raises:
        Refusal: A filter is unknown or malformed.
    """
    _check_keys(query, _BATCH_KEYS)
    tests: list[Callable[[Batch], bool]] = []
    _among(tests, query, "id", lambda batch: batch.id)
    _among(tests, query, "project_id", lambda batch: batch.project_id)
    _among(tests, query, "user_id", lambda batch: batch.user_id)
    _among(tests, query, "device_type", lambda batch: batch.machine.name)
    _among(tests, query, "status", lambda batch: batch.status(now))
    _among(tests, query, "queue_priority", lambda _: "MEDIUM")
    _among(tests, query, "origin", lambda batch: batch.origin)
    _prefixed(tests, query, lambda batch: batch.id)
    _between(tests, query, "min_jobs", "max_jobs", lambda batch: len(batch.jobs))
    _dated(tests, query, clock, lambda batch: batch.created)
    tag, is_open, complete = last(query, "tag"), flag(query, "open"), flag(query, "complete")
    if tag is not None:
        tests.append(lambda batch: tag in batch.tags)
    if is_open is not None:
        tests.append(lambda batch: batch.open == is_open)
    if complete is not None:
        tests.append(lambda batch: batch.open != complete)
    return _passing(batches, tests)


def last(query: Query, name: str) -> str | None:
    """Take a value that may be given once; the last one counts."""
    values = query.get(name)
    return values[-1] if values else None


def whole(query: Query, name: str) -> int | None:
    """Take a whole number.

    Raises:
        Refusal: It is none.
    """
    text = last(query, name)
    try:
        return None if text is None else int(text)
    except ValueError:
        raise Refusal(422, _wrong(name, "value is not a valid integer")) from None


def flag(query: Query, name: str) -> bool | None:
    """Take a yes or no, in any case.

    Raises:
        Refusal: It is neither.
    """
    text = last(query, name)
    if text is None:
        return None
    if text.lower() not in {"true", "false", "1", "0"}:
        raise Refusal(422, _wrong(name, "value could not be parsed to a boolean"))
    return text.lower() in {"true", "1"}


def _passing(items: Sequence[_T], tests: list[Callable[[_T], bool]]) -> Sequence[_T]:
    return [item for item in items if all(test(item) for test in tests)] if tests else items


def _among(
    tests: list[Callable[[_T], bool]], query: Query, name: str, value: Callable[[_T], str]
) -> None:
    if name in query:
        wanted = set(query[name])
        tests.append(lambda item: value(item) in wanted)


def _prefixed(tests: list[Callable[[_T], bool]], query: Query, value: Callable[[_T], str]) -> None:
    prefix = last(query, "id__starts_with")
    if prefix is not None:
        tests.append(lambda item: value(item).startswith(prefix))


def _between(
    tests: list[Callable[[_T], bool]],
    query: Query,
    lower: str,
    upper: str,
    value: Callable[[_T], int],
) -> None:
    least, most = whole(query, lower), whole(query, upper)
    if least is not None:
        tests.append(lambda item: value(item) >= least)
    if most is not None:
        tests.append(lambda item: value(item) <= most)


def _dated(
    tests: list[Callable[[_T], bool]], query: Query, clock: Clock, value: Callable[[_T], float]
) -> None:
    after, before = _moment(query, "start_date", clock), _moment(query, "end_date", clock)
    if after is not None:
        tests.append(lambda item: value(item) >= after)
    if before is not None:
        tests.append(lambda item: value(item) <= before)


def _moment(query: Query, name: str, clock: Clock) -> float | None:
    text = last(query, name)
    if text is None:
        return None
    try:
        date = datetime.fromisoformat(text)
    except ValueError:
        raise Refusal(422, _wrong(name, "invalid datetime format")) from None
    # A date without an offset is taken as UTC.
    return clock.moment((date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp())


def _check_keys(query: Query, known: set[str]) -> None:
    for name in query:
        if name not in known:
            raise Refusal(422, _wrong(name, "unknown query parameter"))


def _wrong(name: str, message: str) -> JsonValue:
    return [{"loc": ["query", name], "msg": message, "type": "value_error"}]
