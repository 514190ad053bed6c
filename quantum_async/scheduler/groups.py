"""The queue of a lane: jobs that may share a submission wait together."""

from __future__ import annotations

from collections import OrderedDict, deque
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Iterator

    from quantum_async.providers.base import ProviderClient
    from quantum_async.scheduler.record import JobRecord

    Group: TypeAlias = deque[JobRecord]


class GroupQueue:
    """Jobs in groups that are served in turn, so that a large sweep does not hold up one job.

    Args:
        client: Says which jobs may share a submission and how many bytes each adds.
    """

    def __init__(self, client: ProviderClient) -> None:
        self._client = client
        self._groups: OrderedDict[Hashable, Group] = OrderedDict()
        self._size = 0

    def __len__(self) -> int:
        return self._size

    def __iter__(self) -> Iterator[JobRecord]:
        for group in self._groups.values():
            yield from group

    def put(self, records: Iterable[JobRecord]) -> None:
        """Add jobs behind those that each may share a submission with; all of them, or none."""
        is_limited = self._client.capabilities.payload_limit is not None
        keyed: list[tuple[Hashable, JobRecord]] = []
        for record in records:
            # A submission stands under one lease.
            scope = record.place.scope if record.place is not None else None
            key: Hashable = (
                record.device,
                record.batch,
                scope,
                record.bundle,
                self._client.grouping(record.spec),
            )
            if is_limited:
                record.weight = self._client.weigh(record.spec)
            keyed.append((key, record))
        for key, record in keyed:
            self._groups.setdefault(key, deque()).append(record)
        self._size += len(keyed)

    def remove(self, record: JobRecord) -> None:
        """Take out one job; it need not be here."""
        for key, group in self._groups.items():
            if record in group:
                group.remove(record)
                self._size -= 1
                if not group:
                    del self._groups[key]
                return

    def clear(self) -> list[JobRecord]:
        """Take out everything."""
        records = list(self)
        self._groups.clear()
        self._size = 0
        return records

    def head_size(self) -> int:
        """Number of jobs in the group whose turn it is."""
        return len(next(iter(self._groups.values()))) if self._groups else 0

    def take(self, most: int) -> list[JobRecord]:
        """Take the next submission's jobs: of one group, within the provider's payload limit.

        Args:
            most: How many at most; at least one.
        """
        key, group = next(iter(self._groups.items()))
        taken = list(self._within_payload(group, most))
        self._size -= len(taken)
        if group:
            self._groups.move_to_end(key)
        else:
            del self._groups[key]
        return taken

    def _within_payload(self, group: Group, most: int) -> Iterable[JobRecord]:
        limit = self._client.capabilities.payload_limit
        weight = 0
        for number in range(min(most, len(group))):
            if limit is not None:
                weight += group[0].weight
                # A single job above the limit is sent alone: only the provider can refuse it.
                if number and weight > limit:
                    return
            yield group.popleft()
