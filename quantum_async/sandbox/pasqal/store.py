"""Every batch, job and workload of the service, and how to find them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quantum_async.sandbox.exchange import Refusal
from quantum_async.sandbox.keeping import oldest_ended

if TYPE_CHECKING:
    from quantum_async.sandbox.pasqal.options import PasqalOptions
    from quantum_async.sandbox.pasqal.records import Batch, PasqalJob, Workload
    from quantum_async.sandbox.world import Realm


class Store:
    """What the service keeps.

    Args:
        realm: The provider's part of the world.
        options: How the service behaves.
    """

    def __init__(self, realm: Realm, options: PasqalOptions) -> None:
        self.realm = realm
        self.options = options
        self.batches: dict[str, Batch] = {}
        self.jobs: dict[str, PasqalJob] = {}
        self.workloads: dict[str, Workload] = {}
        self._open: dict[str, Batch] = {}

    def clear(self) -> None:
        """Forget everything."""
        for book in (self.batches, self.jobs, self.workloads, self._open):
            book.clear()

    def batch(self, batch_id: str, now: float) -> Batch:
        """Find a batch as it is now.

        Raises:
            Refusal: There is none.
        """
        batch = self.batches.get(batch_id)
        if batch is None:
            raise Refusal(404, f"Batch with id '{batch_id}' not found.")
        self.settle(batch, now)
        return batch

    def job(self, job_id: str) -> PasqalJob:
        """Find a job.

        Raises:
            Refusal: There is none.
        """
        job = self.jobs.get(job_id)
        if job is None:
            raise Refusal(404, f"Job with id '{job_id}' not found.")
        return job

    def workload(self, workload_id: str) -> Workload:
        """Find a workload.

        Raises:
            Refusal: There is none.
        """
        workload = self.workloads.get(workload_id)
        if workload is None:
            raise Refusal(404, f"Workload with id '{workload_id}' not found.")
        return workload

    def add(self, batch: Batch, now: float) -> None:
        """Keep a new batch, and drop old ones where there are too many jobs."""
        self.batches[batch.id] = batch
        if batch.open:
            self._open[batch.id] = batch
        self.trim(now)

    def add_workload(self, workload: Workload, now: float) -> None:
        """Keep a new workload, and drop the oldest ended ones where there are too many."""
        self.workloads[workload.work.id] = workload
        surplus = len(self.workloads) - self.realm.world.settings.max_jobs
        for old in oldest_ended(
            self.workloads.values(), surplus, lambda one: one.work.status(now).is_terminal
        ):
            del self.workloads[old.work.id]
            self.realm.forget(old.work, now)

    def settle(self, batch: Batch, now: float) -> None:
        """Let a batch time out where that is due."""
        if batch.open:
            batch.settle(now, self.options.open_batch_timeout)
        if not batch.open:
            self._open.pop(batch.id, None)

    def batches_open(self, now: float) -> int:
        """Count batches that still take jobs."""
        for batch in list(self._open.values()):
            self.settle(batch, now)
        return len(self._open)

    def trim(self, now: float) -> None:
        """Drop the oldest ended batches while there are more jobs than may be kept."""
        most = self.realm.world.settings.max_jobs
        for batch in oldest_ended(
            self.batches.values(), len(self.jobs) - most, lambda batch: batch.is_over(now)
        ):
            if len(self.jobs) > most:
                self._drop(batch, now)

    def _drop(self, batch: Batch, now: float) -> None:
        del self.batches[batch.id]
        for job in batch.jobs:
            self.jobs.pop(job.work.id, None)
            self.realm.forget(job.work, now)
