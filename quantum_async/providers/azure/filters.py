"""Filters: which items of a list are wanted, and in which order."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import Enum, StrEnum
from typing import TYPE_CHECKING, Literal

from quantum_async.models.fields import check_fields, statuses_of
from quantum_async.models.job import JobStatus  # noqa: TC001  part of the class's signature
from quantum_async.providers.azure.translate.statuses import JOB_STATUSES
from quantum_async.providers.azure.wire import AzureJobStatus, AzureSessionStatus

if TYPE_CHECKING:
    from collections.abc import Iterable

    from quantum_async.providers.azure.wire import WorkspaceItem


class ItemOrder(StrEnum):
    """By what a list is sorted."""

    NAME = "Name"
    ITEM_TYPE = "ItemType"
    JOB_TYPE = "JobType"
    PROVIDER = "ProviderId"
    TARGET = "Target"
    STATE = "State"
    CREATION_TIME = "CreationTime"


@dataclass(frozen=True, slots=True)
class ItemFilters:
    """Which items of a list are wanted; what is empty does not count.

    Args:
        name: What their name begins with.
        item_types: ``"Job"`` or ``"Session"``.
        job_types: Such as ``"QuantumComputing"``.
        providers: Names of providers.
        targets: Names of targets.
        statuses: Where they stand: the service's words for jobs and sessions, or those of
            `JobStatus`.
        created_after: When they were created at the earliest. The service compares days; the
            rest of a time is compared here.
        created_before: When they were created at the latest, as for `created_after`. Whether a
            day itself counts is the service's affair; a time is exact.
        order: By what the list is sorted; by the time of creation where only `newest_first` is
            given.
        newest_first: Whether it is sorted downwards.

    Raises:
        InvalidOptionError: A field has another type, or a word does not exist.

    Example:
        ```python
        from quantum_async.providers.azure.filters import ItemFilters

        newest = ItemFilters(statuses=("succeeded",), newest_first=True)
        assert newest.query()["orderby"] == "CreationTime desc"
        ```
    """

    name: str = ""
    item_types: tuple[Literal["Job", "Session"], ...] = ()
    job_types: tuple[str, ...] = ()
    providers: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    statuses: tuple[AzureJobStatus | AzureSessionStatus | JobStatus | str, ...] = ()
    created_after: date | None = None
    created_before: date | None = None
    order: ItemOrder | None = None
    newest_first: bool = False

    def __post_init__(self) -> None:
        check_fields(self)
        words = statuses_of(self.statuses, JOB_STATUSES, AzureSessionStatus)
        object.__setattr__(self, "statuses", words)

    def query(self) -> dict[str, str]:
        """Return the filters as parameters of a URL."""
        parts = [f"startswith(Name, {_quoted(self.name)})"] if self.name else []
        for place, values in (
            ("ItemType", self.item_types),
            ("JobType", self.job_types),
            ("ProviderId", self.providers),
            ("Target", self.targets),
            ("State", self.statuses),
        ):
            parts += _any_of(place, values)
        if self.created_after is not None:
            parts.append(f"CreationTime ge {_day(self.created_after)}")
        if self.created_before is not None:
            parts.append(f"CreationTime le {_last_day(self.created_before)}")
        query = {"filter": " and ".join(parts)} if parts else {}
        if self.order is not None or self.newest_first:
            order = self.order or ItemOrder.CREATION_TIME
            query["orderby"] = f"{order} {'desc' if self.newest_first else 'asc'}"
        return query

    def keeps(self, item: WorkspaceItem) -> bool:
        """Say whether an item that the service lists was created in the time that is meant."""
        created = item.creation_time
        if created is None:
            return True
        after, before = _moment(self.created_after), _moment(self.created_before)
        return (after is None or created >= after) and (before is None or created <= before)


def _quoted(value: str) -> str:
    # A quote is doubled, or it would end the literal and begin a condition.
    return "'" + value.replace("'", "''") + "'"


def _any_of(place: str, values: Iterable[str]) -> list[str]:
    # The vendor's own enumerations, which are welcome here, have names as their `str`.
    words = [value.value if isinstance(value, Enum) else value for value in values]
    found = [f"{place} eq {_quoted(word)}" for word in words]
    return [f"({' or '.join(found)})"] if found else []


def _day(moment: date) -> str:
    exact = _moment(moment)
    return (moment if exact is None else exact.date()).isoformat()


def _last_day(moment: date) -> str:
    exact = _moment(moment)
    # The service may not count the last day itself, so for a time one more is asked for.
    return (moment if exact is None else exact.date() + timedelta(days=1)).isoformat()


def _moment(moment: date | None) -> datetime | None:
    if not isinstance(moment, datetime):
        return None
    return moment.astimezone(UTC) if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
