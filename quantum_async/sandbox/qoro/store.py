"""Every job of the service, and how to find it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quantum_async.sandbox.exchange import Refusal
from quantum_async.sandbox.keeping import oldest_ended
from quantum_async.sandbox.qoro.records import ENDED

if TYPE_CHECKING:
    from quantum_async.sandbox.qoro.records import Record
    from quantum_async.sandbox.world import Realm


class Store:
    """What the service keeps.

    Args:
        realm: The provider's part of the world.
    """

    def __init__(self, realm: Realm) -> None:
        self._realm = realm
        self._records: dict[str, Record] = {}

    def clear(self) -> None:
        """Forget everything."""
        self._records.clear()

    def get(self, job_id: str) -> Record:
        """Find a job.

        Raises:
            Refusal: There is none.
        """
        record = self._records.get(job_id)
        if record is None:
            raise Refusal(404, "No Job matches the given query.")
        return record

    def add(self, record: Record, now: float) -> None:
        """Keep a new job, and drop the oldest ended ones where there are too many."""
        self._records[record.id] = record
        surplus = len(self._records) - self._realm.world.settings.max_jobs
        for old in oldest_ended(
            self._records.values(), surplus, lambda record: record.word(now) in ENDED
        ):
            self.drop(old, now)

    def drop(self, record: Record, now: float) -> None:
        """Forget a job; one that has not ended is cancelled, as nobody could do it any more."""
        self._records.pop(record.id, None)
        if record.work is not None:
            self._realm.cancel(record.target, [record.work], now)
            self._realm.forget(record.work, now)

    def open_jobs(self) -> int:
        """Count jobs that were opened and never completed."""
        return sum(record.is_open() for record in self._records.values())
