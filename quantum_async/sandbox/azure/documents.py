"""The service's JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quantum_async.models.job import JobStatus
from quantum_async.sandbox.exchange import Reply

if TYPE_CHECKING:
    from pydantic import JsonValue

    from quantum_async.sandbox.azure.desk import Desk
    from quantum_async.sandbox.azure.records import AzureJob, Session

_CONTAINER = {"sr": "c", "sp": "rl"}


class Writer:
    """Writes answers.

    Args:
        desk: The service's books.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def job(
        self, job: AzureJob, now: float, base_url: str, *, signed: bool = True
    ) -> dict[str, JsonValue]:
        """Write a job.

        Args:
            job: The job.
            now: World time.
            base_url: How the client addressed the service.
            signed: Whether addresses carry signatures, as they do where one job is looked up.
        """
        run, kind = job.run, self._desk.options.kind
        status = run.status(now)
        ended = run.finished(now)
        started = run.start if now >= run.start and run.start <= run.end else None
        return {
            **self._addresses(job, now, base_url, signed=signed),
            **job.document,
            "tags": list(job.tags),
            "id": job.id,
            "itemType": "Job",
            "jobType": "QuantumComputing",
            "priority": job.document.get("priority") or "Standard",
            "status": job.word(now, kind),
            "isCancelling": status is JobStatus.CANCELLING,
            "errorData": self._error(job, status),
            "quantumComputingData": {"count": 1} if now > run.accepted else None,
            "costEstimate": self._cost(job) if ended is not None else None,
            "creationTime": self._time(run.accepted),
            "lastModifiedTime": self._time(max(job.modified, run.accepted)),
            "beginExecutionTime": self._time(started),
            "endExecutionTime": self._time(ended),
            "cancellationTime": self._time(run.cancelled),
            "createdBy": "sandbox",
            "createdByType": "Key",
        }

    def session(self, session: Session, now: float) -> dict[str, JsonValue]:
        """Write a session."""
        return {
            **session.document,
            "id": session.id,
            "itemType": "Session",
            "jobFailurePolicy": session.policy,
            "status": session.word(now),
            "creationTime": self._time(session.created),
            "endExecutionTime": self._time(session.ended(now)),
            "costEstimate": None,
        }

    def refusal(self, status: int, code: str, message: JsonValue) -> Reply:
        """Write a refusal."""
        if status == 401:
            header = (b"www-authenticate", b'Bearer error="invalid_token"')
            return Reply(401, headers=(header,))
        return Reply.of_json(
            {"error": {"code": code or _code(status), "message": message}},
            status,
            ((b"x-ms-request-id", b"sandbox-request"),),
        )

    def _addresses(
        self, job: AzureJob, now: float, base_url: str, *, signed: bool
    ) -> dict[str, JsonValue]:
        blobs = self._desk.blobs
        container = blobs.address(base_url, job.container)
        given = blobs.address(base_url, job.container, job.blob)
        name = self._desk.output_name(job, now)
        written = blobs.address(base_url, job.container, name)
        if signed:
            container = blobs.signed(container, now, _CONTAINER)
            given = blobs.signed(given, now, _blob(job, "input"))
            written = blobs.signed(written, now, _blob(job, "output"))
        return {"containerUri": container, "inputDataUri": given, "outputDataUri": written}

    def _error(self, job: AzureJob, status: JobStatus) -> JsonValue:
        if status is not JobStatus.FAILED:
            return None
        return {"code": job.code or "RuntimeError", "message": job.run.error or "it failed"}

    def _cost(self, job: AzureJob) -> JsonValue:
        hours = job.run.run_time / 3600
        return {
            "currencyCode": "USD",
            "estimatedTotal": 0.0,
            "events": [
                {
                    "dimensionId": "compute-time",
                    "dimensionName": "Compute time",
                    "measureUnit": "per hour",
                    "amountBilled": hours,
                    "amountConsumed": hours,
                    "unitPrice": 0.0,
                }
            ],
        }

    def _time(self, moment: float | None) -> str | None:
        return None if moment is None else self._desk.clock.iso(moment)


def _blob(job: AzureJob, kind: str) -> dict[str, str]:
    name = f"attachment; filename={job.document.get('name')}-{job.id}.{kind}.json"
    return {"sr": "b", "sp": "r", "rscd": name}


def _code(status: int) -> str:
    return {404: "NotFound", 405: "MethodNotAllowed", 409: "Conflict", 429: "TooManyRequests"}.get(
        status, "BadRequest" if status < 500 else "InternalServerError"
    )
