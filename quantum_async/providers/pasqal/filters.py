"""Filters: which batches or jobs a listing, a cancellation or a repetition is about."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import TYPE_CHECKING, TypeAlias, TypeGuard
from uuid import UUID

from quantum_async.errors import InvalidOptionError
from quantum_async.models.fields import check_fields, statuses_of
from quantum_async.models.job import JobStatus
from quantum_async.providers.pasqal.translate.statuses import JOB_STATUSES
from quantum_async.providers.pasqal.wire import PasqalBatchStatus, PasqalJobStatus, QueuePriority

if TYPE_CHECKING:
    from collections.abc import Mapping

    QueryDict: TypeAlias = dict[str, str | int | list[str]]

Ids: TypeAlias = str | UUID | Sequence[str | UUID] | None
"""One id or several; several are alternatives."""

Words: TypeAlias = str | Sequence[str] | None
"""One word or several; several are alternatives."""

JobWord: TypeAlias = PasqalJobStatus | JobStatus | str
"""A status of jobs: the service's own or one of `JobStatus`, as a member or a word."""

BatchWord: TypeAlias = PasqalBatchStatus | JobStatus | str
"""A status of batches, in the same words."""

_BATCH_STATUSES: Mapping[PasqalBatchStatus, JobStatus] = {
    PasqalBatchStatus(word.value): status for word, status in JOB_STATUSES.items()
}
_UUIDS = frozenset({"id", "project_id", "batch_id"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """Conditions that all have to hold; alternatives within one of them.

    A field that is `None` is no condition. An empty sequence is a condition that nothing meets,
    so it selects nothing.

    Args:
        id: Ids.
        start_date: Created at this moment or later; without an offset, the service decides.
        end_date: Created at this moment or earlier.

    Raises:
        InvalidOptionError: An id is not a UUID, a field has another type, or a word does not exist.
    """

    id: Ids = None
    start_date: datetime | None = None
    end_date: datetime | None = None

    def __post_init__(self) -> None:
        check_fields(self)
        for name in _UUIDS & {item.name for item in fields(self)}:
            for value in _listed(getattr(self, name)):
                _check_uuid(name, value)

    @property
    def selects_nothing(self) -> bool:
        """Whether a condition is an empty sequence."""
        values = (getattr(self, item.name) for item in fields(self))
        return any(_is_several(value) and not value for value in values)

    def query(self) -> QueryDict:
        """Return the filters as parameters of a URL."""
        found = {item.name: getattr(self, item.name) for item in fields(self)}
        return {name: _written(value) for name, value in found.items() if value is not None}


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelFilters(Filters):
    """Which jobs of a batch to cancel.

    Args:
        id: Ids of jobs.
        min_runs: At least this many shots.
        max_runs: At most this many shots.
        start_date: Created at this moment or later.
        end_date: Created at this moment or earlier.
    """

    min_runs: int | None = None
    max_runs: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RebatchFilters(CancelFilters):
    """Which jobs of a closed batch to run again.

    Args:
        id: Ids of jobs.
        status: Statuses of jobs: the service's words, or those of `JobStatus`.
        min_runs: At least this many shots.
        max_runs: At most this many shots.
        start_date: Created at this moment or later.
        end_date: Created at this moment or earlier.
    """

    status: JobWord | Sequence[JobWord] | None = None

    def __post_init__(self) -> None:
        if self.status is not None:
            object.__setattr__(self, "status", statuses_of(self.status, JOB_STATUSES))
        # `super()` without arguments does not find its class in one made anew for its slots.
        Filters.__post_init__(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class JobFilters(RebatchFilters):
    """Which jobs to list.

    Args:
        id: Ids of jobs.
        project_id: Ids of projects.
        user_id: Users.
        batch_id: Ids of batches.
        status: Statuses of jobs: the service's words, or those of `JobStatus`.
        min_runs: At least this many shots.
        max_runs: At most this many shots.
        errors: Whether they have errors.
        start_date: Created at this moment or later.
        end_date: Created at this moment or earlier.
    """

    project_id: Ids = None
    user_id: Words = None
    batch_id: Ids = None
    errors: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchFilters(Filters):
    """Which batches to list.

    Args:
        id: Ids of batches.
        project_id: Ids of projects.
        user_id: Users.
        device_type: Device types.
        status: Statuses of batches: the service's words, or those of `JobStatus`.
        open: Whether they take further jobs.
        queue_priority: Priorities.
        tag: A tag they have.
        start_date: Created at this moment or later.
        end_date: Created at this moment or earlier.
    """

    project_id: Ids = None
    user_id: Words = None
    device_type: Words = None
    status: BatchWord | Sequence[BatchWord] | None = None
    open: bool | None = None
    queue_priority: QueuePriority | Sequence[QueuePriority] | None = None
    tag: str | None = None

    def __post_init__(self) -> None:
        if self.status is not None:
            object.__setattr__(self, "status", statuses_of(self.status, _BATCH_STATUSES))
        Filters.__post_init__(self)


def _is_several(value: object) -> TypeGuard[Sequence[object]]:
    return isinstance(value, Sequence) and not isinstance(value, str)


def _listed(value: object) -> list[object]:
    if value is None:
        return []
    return list(value) if _is_several(value) else [value]


def _check_uuid(name: str, value: object) -> None:
    try:
        UUID(str(value))
    except ValueError:
        raise InvalidOptionError(
            f"{name} {value!r} is not a UUID",
            provider="pasqal",
            remedy="Copy the id as the service gave it.",
        ) from None


def _written(value: object) -> str | int | list[str]:
    # Numbers and truth values are scalars on the wire, everything else is a list; the service
    # reads truth values as Python spells them.
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, bool):
        return str(value)
    if isinstance(value, int):
        return value
    return [str(item) for item in _listed(value)]
