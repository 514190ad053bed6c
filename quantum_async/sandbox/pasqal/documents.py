"""The service's JSON: envelopes, batches, jobs and workloads."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from quantum_async.sandbox.exchange import Reply
from quantum_async.sandbox.pasqal.records import WORDS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pydantic import JsonValue

    from quantum_async.sandbox.clock import Clock
    from quantum_async.sandbox.pasqal.records import Batch, PasqalJob, Workload

    Document = dict[str, JsonValue]

_PHRASES = {status.value: status.phrase for status in HTTPStatus}


class Writer:
    """Writes what the service says.

    Args:
        clock: The world's clock.
    """

    def __init__(self, clock: Clock) -> None:
        self._iso = clock.iso
        self.string_codes = False

    def success(self, data: object) -> Reply:
        """Wrap an answer."""
        return Reply.of_json(
            {"status": "success", "message": "OK.", "code": self._code(200), "data": data}
        )

    def page(self, data: Sequence[Document], total: int, offset: int) -> Reply:
        """Wrap one page of a list."""
        end = offset + len(data)
        envelope = {
            "status": "success",
            "message": "OK.",
            "code": self._code(200),
            "data": data,
            "pagination": {"total": total, "start": offset, "offset": offset, "end": end},
        }
        span = f"{offset}-{max(end - 1, offset)}/{total}" if data else f"*/{total}"
        headers = (
            (b"content-range", span.encode()),
            (b"access-control-expose-headers", b"Content-Range"),
        )
        return Reply.of_json(envelope, headers=headers)

    def failure(self, status: int, description: JsonValue) -> Reply:
        """Wrap a refusal."""
        envelope = {
            "status": "fail" if status < 500 else "error",
            "message": _PHRASES.get(status, "Error"),
            "code": str(status),
            "data": {"description": description},
        }
        return Reply.of_json(envelope, status)

    def batch(self, batch: Batch, now: float) -> Document:
        """Write a batch as lists show it."""
        started, ended = batch.started(now), batch.ended(now)
        return {
            "id": batch.id,
            "project_id": batch.project_id,
            "user_id": batch.user_id,
            "parent_id": batch.parent_id,
            "created_at": self._iso(batch.created),
            "updated_at": self._iso(max(batch.updated, started or 0.0, ended or 0.0)),
            "start_datetime": self._moment(started),
            "end_datetime": self._moment(ended),
            "status": batch.status(now),
            "device_type": batch.machine.name,
            "device_status": "ACTIVE",
            "open": batch.open,
            "complete": not batch.open,
            "tags": [*batch.tags],
            "webhook": batch.webhook,
            "configuration": batch.configuration,
            "backend_configuration": batch.backend_configuration,
            "jobs_count": len(batch.jobs),
            "jobs_count_per_status": dict(batch.counts(now)),
            "job_ids": [job.work.id for job in batch.jobs],
            "priority": 0,
            "queue_priority": "MEDIUM",
        }

    def batch_with_sequence(self, batch: Batch, now: float) -> Document:
        """Write a batch as a look-up by its id shows it."""
        text = batch.sequence.text if batch.sequence is not None else None
        return {**self.batch(batch, now), "sequence_builder": text}

    def batch_with_jobs(self, batch: Batch, now: float) -> Document:
        """Write a batch as every change of it answers."""
        jobs: list[JsonValue] = [self.job(job, now) for job in batch.jobs]
        return {**self.batch_with_sequence(batch, now), "jobs": jobs}

    def job(self, job: PasqalJob, now: float) -> Document:
        """Write a job as lists show it."""
        work, batch = job.work, job.batch
        word, finished = job.word(now), work.finished(now)
        errors: list[JsonValue] = [work.error or "unknown error"] if word == "ERROR" else []
        start = self._iso(work.start) if work.start <= now and work.start < work.end else None
        created = self._iso(work.accepted)
        end = self._moment(finished)
        return {
            "id": work.id,
            "batch_id": batch.id,
            "project_id": batch.project_id,
            "user_id": batch.user_id,
            "parent_id": job.parent_id,
            "status": word,
            "runs": job.runs,
            "variables": job.variables,
            "errors": errors,
            "created_at": created,
            "updated_at": end or start or created,
            "start_timestamp": start,
            "end_timestamp": end,
            "creation_order": job.order,
            "origin": batch.origin,
        }

    def job_with_sequence(self, job: PasqalJob, now: float) -> Document:
        """Write a job as a look-up by its id shows it."""
        return {**self.job(job, now), "sequence": job.sequence.text}

    def workload(self, workload: Workload, now: float) -> Document:
        """Write a workload without its result."""
        work = workload.work
        finished = work.finished(now)
        start = self._iso(work.start) if work.start <= now else None
        errors: list[JsonValue] = [work.error or ""] if finished and work.error else []
        return {
            "id": work.id,
            "project_id": workload.project_id,
            "user_id": workload.user_id,
            "status": WORDS[work.status(now)],
            "workload_type": workload.kind,
            "backend": workload.backend,
            "config": workload.config,
            "created_at": self._iso(work.accepted),
            "updated_at": self._iso(finished or work.accepted),
            "start_timestamp": start,
            "end_timestamp": self._moment(finished),
            "errors": errors,
            "queue_priority": "MEDIUM",
            "result": None,
        }

    def _moment(self, moment: float | None) -> str | None:
        return None if moment is None else self._iso(moment)

    def _code(self, status: int) -> int | str:
        return str(status) if self.string_codes else status


def reason(location: Sequence[str | int], message: str) -> Mapping[str, JsonValue]:
    """Write one reason of a validation error."""
    return {"loc": ["body", *location], "msg": message, "type": "value_error"}
