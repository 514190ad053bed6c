"""Routes that are about jobs and their results."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quantum_async.sandbox.exchange import Refusal, Reply
from quantum_async.sandbox.pasqal.filters import Page, keep_jobs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from quantum_async.sandbox.exchange import Request
    from quantum_async.sandbox.pasqal.desk import Desk
    from quantum_async.sandbox.pasqal.records import PasqalJob


class JobRoutes:
    """Answers what is asked of jobs.

    Args:
        desk: What every route needs.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._store = desk.store
        self._write = desk.write

    def list(self, request: Request) -> Reply:
        """GET /jobs."""
        query, now = request.query, request.now
        page = Page.of(query)
        shown = [job for job in self._candidates(request) if job.listed <= now]
        kept = keep_jobs(shown, query, now, self._desk.clock)
        data = [self._write.job(job, now) for job in page.cut(kept)]
        return self._write.page(data, len(kept), page.offset)

    def get(self, request: Request) -> Reply:
        """GET /jobs/{id}."""
        job = self._store.job(request.ids[0])
        return self._write.success(self._write.job_with_sequence(job, request.now))

    def status(self, request: Request) -> Reply:
        """GET /jobs/{id}/status."""
        job = self._store.job(request.ids[0])
        return self._write.success({"id": job.work.id, "status": job.word(request.now)})

    def cancel(self, request: Request) -> Reply:
        """PATCH /jobs/{id}/cancel."""
        job, now = self._store.job(request.ids[0]), request.now
        if not self._desk.realm.cancel(job.batch.machine.name, [job.work], now):
            raise Refusal(409, f"Job '{job.work.id}' is {job.word(now)} and cannot be canceled.")
        job.batch.updated = now
        return self._write.success(self._write.job_with_sequence(job, now))

    def results_link(self, request: Request) -> Reply:
        """GET /jobs/{id}/results_link."""
        job, link = self._store.job(request.ids[0]), None
        if self._desk.results.is_ready(job, request.now):
            path = f"/results/{job.work.id}"
            link = self._desk.results.link(request.base_url, path, request.now)
        return self._write.success({"results_link": link})

    def result(self, request: Request) -> Reply:
        """GET a results link."""
        self._desk.results.check(request)
        job = self._store.job(request.ids[0])
        return Reply.of_json(self._desk.results.document(job))

    def _candidates(self, request: Request) -> Sequence[PasqalJob]:
        query = request.query
        if "id" in query:
            found = [self._store.jobs.get(job_id) for job_id in query["id"]]
            return sorted(
                {job for job in found if job is not None}, key=lambda job: job.work.number
            )
        if "batch_id" in query:
            batches = [self._store.batches.get(batch_id) for batch_id in query["batch_id"]]
            return [job for batch in batches if batch is not None for job in batch.jobs]
        return list(self._store.jobs.values())
