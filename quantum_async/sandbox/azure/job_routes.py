"""Routes that are about jobs."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from quantum_async.sandbox.azure.filters import listing
from quantum_async.sandbox.azure.inputs import UnreadableInputError, Work, work_of
from quantum_async.sandbox.azure.records import AzureJob
from quantum_async.sandbox.azure.targets import BY_NAME
from quantum_async.sandbox.exchange import Refusal, Reply

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pydantic import JsonValue

    from quantum_async.sandbox.azure.desk import Desk
    from quantum_async.sandbox.azure.records import Session
    from quantum_async.sandbox.exchange import Request

_KEPT = (
    "name",
    "providerId",
    "target",
    "sessionId",
    "inputDataFormat",
    "inputParams",
    "outputDataFormat",
    "metadata",
    "priority",
)
_NEEDED = ("name", "providerId", "target", "containerUri", "inputDataFormat")
_DELETES = "2025-12"


class JobRoutes:
    """Answers what is asked of jobs.

    Args:
        desk: What every route needs.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def create(self, request: Request) -> Reply:
        """PUT a job."""
        job_id, body, now = request.ids[-1].lower(), request.json_object(), request.now
        missing = [name for name in _NEEDED if not body.get(name)]
        if missing:
            raise Refusal(400, f"{missing[0]} is missing", "InvalidJobDefinition")
        digest = _digest(body)
        known = self._desk.jobs.get(job_id)
        if known is not None and known.digest != digest:
            raise Refusal(409, f"Job {job_id} exists and is another one.", "JobAlreadyExists")
        if known is None:
            known = self._new(job_id, body, digest, request)
        self._desk.realm.ledger.note_submission(job_id)
        document = self._desk.write.job(known, now, request.base_url, signed=False)
        document["outputDataUri"] = self._desk.blobs.address(
            request.base_url, known.container, "outputData"
        )
        return Reply.of_json(document)

    def get(self, request: Request) -> Reply:
        """GET a job."""
        job = self._desk.job(request.ids[-1])
        return Reply.of_json(self._desk.write.job(job, request.now, request.base_url))

    def list(self, request: Request) -> Reply:
        """GET all jobs."""
        return self._listed(request, list(self._desk.jobs.values()))

    def of_session(self, request: Request) -> Reply:
        """GET a session's jobs."""
        session = self._desk.session(request.ids[-1], request.now)
        return self._listed(request, session.jobs)

    def update(self, request: Request) -> Reply:
        """PATCH a job."""
        if "merge-patch" not in request.header("content-type"):
            raise Refusal(415, "send application/merge-patch+json", "UnsupportedMediaType")
        job, body = self._desk.job(request.ids[-1]), request.json_object()
        for name in ("name", "priority"):
            if body.get(name) is not None:
                job.document[name] = body[name]
        tags = body.get("tags")
        if isinstance(tags, list):
            job.tags = [str(tag) for tag in tags]
        job.modified = request.now
        shown = {name: job.document.get(name) for name in ("name", "priority")}
        return Reply.of_json({"id": job.id, **shown, "tags": job.tags})

    def delete(self, request: Request) -> Reply:
        """DELETE a job; in older versions this is how one is cancelled."""
        if request.query.get("api-version", [""])[0] < _DELETES:
            return self.cancel(request)
        job = self._desk.job(request.ids[-1])
        if job.run.finished(request.now) is None:
            raise Refusal(409, f"Job {job.id} has not ended.", "JobNotTerminal")
        self._desk.forget(job, request.now)
        return Reply(204)

    def cancel(self, request: Request) -> Reply:
        """POST :cancel."""
        job, now = self._desk.job(request.ids[-1]), request.now
        if not self._desk.realm.cancel(job.target, [job.run], now):
            status = job.word(now, self._desk.options.kind)
            raise Refusal(409, f"Job {job.id} is {status}.", "InvalidOperation")
        job.modified = now
        answer = self._desk.options.cancel_answers
        if answer == 204:
            return Reply(204)
        return Reply.of_json(self._desk.write.job(job, now, request.base_url), answer)

    def _listed(self, request: Request, jobs: Sequence[AzureJob]) -> Reply:
        shown = [
            self._desk.write.job(job, request.now, request.base_url, signed=False)
            for job in jobs
            if job.listed <= request.now
        ]
        return Reply.of_json(listing(shown, request))

    def _new(
        self, job_id: str, body: dict[str, JsonValue], digest: str, request: Request
    ) -> AzureJob:
        now = request.now
        target = BY_NAME.get(str(body["target"]).lower())
        if target is None:
            raise Refusal(
                400, f"There is no target {body['target']} in this workspace.", "InvalidTarget"
            )
        session = self._session(body, now)
        container, blob = _place(body, job_id)
        work, code, why = self._work(body, container, blob)
        width = self._desk.options.slots if target.has_queue else None
        run = self._desk.realm.accept_job(
            target.id,
            shots=work.shots if work is not None else 1,
            slots=width,
            now=now,
            effects=request.effects,
            tasks=work.tasks if work is not None else None,
            failure=why or None,
        )
        document = {name: body.get(name) for name in _KEPT}
        document["providerId"] = str(body["providerId"]).lower()
        document["metadata"] = _words(body.get("metadata"))
        job = AzureJob(
            job_id, digest, document, run, work, container, blob, code,
            now + request.effects.list_lag, session,
        )  # fmt: skip
        tags = body.get("tags")
        job.tags = [str(tag) for tag in tags] if isinstance(tags, list) else []
        self._desk.jobs[job_id] = job
        self._desk.by_container[container] = job
        if session is not None:
            session.jobs.append(job)
        self._desk.trim(now)
        return job

    def _session(self, body: dict[str, JsonValue], now: float) -> Session | None:
        session_id = body.get("sessionId")
        if not session_id:
            return None
        session = self._desk.session(str(session_id), now)
        if not session.takes_jobs(now):
            raise Refusal(
                400,
                f"The session {session_id} is already in a terminal state {session.word(now)}.",
                "InvalidJobDefinition",
            )
        return session

    def _work(
        self, body: dict[str, JsonValue], container: str, blob: str
    ) -> tuple[Work | None, str, str]:
        """Read what is to be run: it, or the code and the reason of a failure."""
        found = self._desk.blobs.containers.get(container)
        stored = found.blobs.get(blob) if found is not None else None
        if stored is None:
            return None, "InvalidInputData", f"there is no blob {container}/{blob}"
        params = body.get("inputParams")
        try:
            work = work_of(
                stored.content,
                str(body["inputDataFormat"]),
                params if isinstance(params, dict) else {},
            )
        except UnreadableInputError as error:
            return None, error.code, str(error)
        return work, "", ""


def _place(body: dict[str, JsonValue], job_id: str) -> tuple[str, str]:
    uri = str(body.get("inputDataUri") or "")
    container, _, blob = unquote(urlsplit(uri).path).lstrip("/").partition("/")
    return container or f"job-{job_id}", blob or "inputData"


def _digest(body: dict[str, JsonValue]) -> str:
    told = {name: body.get(name) for name in _KEPT}
    told["inputDataUri"] = str(body.get("inputDataUri")).partition("?")[0]
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()


def _words(metadata: JsonValue) -> JsonValue:
    if not isinstance(metadata, dict):
        return None
    return {
        name: value if isinstance(value, str) else json.dumps(value)
        for name, value in metadata.items()
    }
