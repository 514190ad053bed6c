"""Routes that are about batches."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quantum_async.sandbox.exchange import Refusal
from quantum_async.sandbox.pasqal.documents import reason
from quantum_async.sandbox.pasqal.filters import Page, keep_batches, keep_jobs
from quantum_async.sandbox.pasqal.submission import tags_of

if TYPE_CHECKING:
    from quantum_async.sandbox.exchange import Reply, Request
    from quantum_async.sandbox.pasqal.desk import Desk
    from quantum_async.sandbox.pasqal.records import Batch

ENDS = "x-sandbox-ends"
"""A header by which an all-knowing client asks when its jobs are going to end, in seconds."""


class BatchRoutes:
    """Answers what is asked of batches.

    Args:
        desk: What every route needs.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._store = desk.store
        self._write = desk.write

    def create(self, request: Request) -> Reply:
        """POST /batches."""
        batch = self._desk.intake.create(request, self._desk.user(request))
        reply = self._changed(batch, request)
        if request.header(ENDS):
            ends = ",".join(f"{job.work.end:.6f}" for job in batch.jobs)
            reply.headers = ((ENDS.encode(), ends.encode()),)
        return reply

    def create_for_third_party(self, request: Request) -> Reply:
        """POST /third-party-access/ovh/batches."""
        user = self._desk.user(request)
        batch = self._desk.intake.create(request, user, third_party=True)
        return self._changed(batch, request)

    def list(self, request: Request) -> Reply:
        """GET /batches."""
        query, now = request.query, request.now
        page = Page.of(query)
        if "id" in query:
            found = [self._store.batches.get(batch_id) for batch_id in query["id"]]
            batches = sorted({b for b in found if b is not None}, key=lambda b: b.created)
        else:
            batches = list(self._store.batches.values())
        for batch in batches:
            self._store.settle(batch, now)
        shown = [batch for batch in batches if batch.listed <= now]
        kept = keep_batches(shown, query, now, self._desk.clock)
        data = [self._write.batch(batch, now) for batch in page.cut(kept)]
        return self._write.page(data, len(kept), page.offset)

    def get(self, request: Request) -> Reply:
        """GET /batches/{id}."""
        batch = self._found(request)
        return self._write.success(self._write.batch_with_sequence(batch, request.now))

    def status(self, request: Request) -> Reply:
        """GET /batches/{id}/status."""
        batch, now = self._found(request), request.now
        counts = batch.counts(now)
        return self._write.success(
            {"id": batch.id, "status": batch.status(now), "jobs_count_per_status": counts}
        )

    def add_jobs(self, request: Request) -> Reply:
        """POST /batches/{id}/jobs."""
        batch = self._found(request)
        self._desk.intake.extend(batch, request)
        return self._changed(batch, request)

    def close(self, request: Request) -> Reply:
        """PATCH /batches/{id}/complete."""
        batch = self._found(request)
        if not batch.open:
            raise Refusal(409, f"Batch '{batch.id}' is already closed.")
        batch.open = False
        batch.closed = batch.updated = request.now
        return self._changed(batch, request)

    def cancel(self, request: Request) -> Reply:
        """PATCH /batches/{id}/cancel."""
        batch = self._found(request)
        problem = self._cancel(batch, request.now)
        if problem:
            raise Refusal(409, problem)
        return self._changed(batch, request)

    def cancel_many(self, request: Request) -> Reply:
        """PATCH /batches/cancel."""
        ids = request.json_object().get("batch_ids")
        if not isinstance(ids, list):
            raise Refusal(422, [dict(reason(["batch_ids"], "a list of ids is expected"))])
        cancelled, errors = [], {}
        for batch_id in map(str, ids):
            batch = self._store.batches.get(batch_id)
            problem = "not found" if batch is None else self._cancel(batch, request.now)
            if batch is None or problem:
                errors[batch_id] = problem
            else:
                cancelled.append(self._write.batch(batch, request.now))
        return self._write.success({"batches": cancelled, "errors": errors})

    def cancel_jobs(self, request: Request) -> Reply:
        """PATCH /batches/{id}/cancel/jobs."""
        batch, now = self._found(request), request.now
        jobs = keep_jobs(batch.jobs, request.query, now, self._desk.clock)
        works = {job.work: job for job in jobs}
        known = {job.work.id for job in batch.jobs}
        errors = {
            work.id: f"job is {job.word(now)} and cannot be canceled"
            for work, job in works.items()
            if "id" in request.query and work.status(now).is_terminal
        }
        errors |= {
            job_id: "no such job in this batch"
            for job_id in request.query.get("id", [])
            if job_id not in known
        }
        stopped = self._desk.realm.cancel(batch.machine.name, works, now)
        batch.updated = now
        data = [self._write.job(works[work], now) for work in stopped]
        return self._write.success({"jobs": data, "errors": errors})

    def rebatch(self, request: Request) -> Reply:
        """POST /batches/{id}/rebatch."""
        batch = self._found(request)
        if batch.open:
            raise Refusal(409, f"Batch '{batch.id}' is open; add the jobs to it.")
        jobs = list(keep_jobs(batch.jobs, request.query, request.now, self._desk.clock))
        if not jobs:
            raise Refusal(422, "no job of the batch passes the filters")
        user = self._desk.user(request)
        return self._changed(self._desk.intake.repeat(batch, jobs, request, user), request)

    def set_tags(self, request: Request) -> Reply:
        """PATCH /batches/{id}/tags."""
        batch = self._found(request)
        batch.tags = tags_of(request.json())
        batch.updated = request.now
        return self._changed(batch, request)

    def full_results(self, request: Request) -> Reply:
        """GET /batches/{id}/full_results."""
        if not self._desk.options.full_results:
            raise Refusal(404, "Not Found")
        batch = self._found(request)
        ready = [job for job in batch.jobs if self._desk.results.is_ready(job, request.now)]
        document = self._desk.results.document
        return self._write.success({job.work.id: document(job) for job in ready})

    def _found(self, request: Request) -> Batch:
        return self._store.batch(request.ids[0], request.now)

    def _changed(self, batch: Batch, request: Request) -> Reply:
        self._store.settle(batch, request.now)
        return self._write.success(self._write.batch_with_jobs(batch, request.now))

    def _cancel(self, batch: Batch, now: float) -> str:
        self._store.settle(batch, now)
        if batch.cancelled is not None or batch.timed_out is not None or batch.is_over(now):
            return f"Batch '{batch.id}' is {batch.status(now)} and cannot be canceled."
        self._desk.realm.cancel(batch.machine.name, [job.work for job in batch.jobs], now)
        batch.open = False
        batch.cancelled = batch.updated = now
        self._store.settle(batch, now)
        return ""
