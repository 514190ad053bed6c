"""What the Azure service answers."""

from __future__ import annotations

import hashlib
import json
import re
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit
from uuid import uuid4
from xml.sax.saxutils import escape

from quantum_async.sandbox.azure.programs import (
    BY_NAME,
    TARGETS,
    UnreadableInputError,
    Work,
    providers,
    work_of,
)
from quantum_async.sandbox.azure.store import AzureJob, Session, listing
from quantum_async.sandbox.service import Refusal, Reply, Routes, route

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pydantic import JsonValue

    from quantum_async.sandbox.azure.programs import Target
    from quantum_async.sandbox.azure.service import AzureService
    from quantum_async.sandbox.azure.store import Blob, BlobStore, Container
    from quantum_async.sandbox.service import Request


_WORKSPACE = "/subscriptions/{id}/resourceGroups/{id}/providers/Microsoft.Quantum/workspaces/{id}"
_OFFERS = "/subscriptions/{id}/providers/Microsoft.Quantum/suiteOffers/{id}"


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


class JobRoutes(Routes):
    """Answers what is asked of jobs."""

    _service: AzureService

    @route("PUT", f"{_WORKSPACE}/jobs/{{id}}", submits=True)
    def create(self, request: Request) -> Reply:
        """PUT a job."""
        job_id, body, now = request.ids[-1].lower(), request.json_object(), request.now
        missing = [name for name in _NEEDED if not body.get(name)]
        if missing:
            raise Refusal(400, f"{missing[0]} is missing", "InvalidJobDefinition")
        digest = _digest(body)
        known = self._service.jobs.get(job_id)
        if known is not None and known.digest != digest:
            raise Refusal(409, f"Job {job_id} exists and is another one.", "JobAlreadyExists")
        if known is None:
            known = self._new(job_id, body, digest, request)
        self._service.realm.ledger.note_submission(job_id)
        document = self._service.write.job(known, now, request.base_url, signed=False)
        document["outputDataUri"] = self._service.blobs.address(
            request.base_url, known.container, "outputData"
        )
        return Reply.of_json(document)

    @route("GET", f"{_WORKSPACE}/jobs/{{id}}")
    def get(self, request: Request) -> Reply:
        """GET a job."""
        job = self._service.job(request.ids[-1])
        return Reply.of_json(self._service.write.job(job, request.now, request.base_url))

    @route("GET", f"{_WORKSPACE}/jobs")
    def list(self, request: Request) -> Reply:
        """GET all jobs."""
        return self._listed(request, list(self._service.jobs.values()))

    @route("GET", f"{_WORKSPACE}/sessions/{{id}}/jobs")
    def of_session(self, request: Request) -> Reply:
        """GET a session's jobs."""
        session = self._service.session(request.ids[-1], request.now)
        return self._listed(request, session.jobs)

    @route("PATCH", f"{_WORKSPACE}/jobs/{{id}}")
    @route("PATCH", f"{_WORKSPACE}/jobUpdateOptions/{{id}}")
    def update(self, request: Request) -> Reply:
        """PATCH a job."""
        if "merge-patch" not in request.header("content-type"):
            raise Refusal(415, "send application/merge-patch+json", "UnsupportedMediaType")
        job, body = self._service.job(request.ids[-1]), request.json_object()
        for name in ("name", "priority"):
            if body.get(name) is not None:
                job.document[name] = body[name]
        tags = body.get("tags")
        if isinstance(tags, list):
            job.tags = [str(tag) for tag in tags]
        job.modified = request.now
        shown = {name: job.document.get(name) for name in ("name", "priority")}
        return Reply.of_json({"id": job.id, **shown, "tags": job.tags})

    @route("DELETE", f"{_WORKSPACE}/jobs/{{id}}")
    def delete(self, request: Request) -> Reply:
        """DELETE a job; in older versions this is how one is cancelled."""
        if request.query.get("api-version", [""])[0] < _DELETES:
            return self.cancel(request)
        job = self._service.job(request.ids[-1])
        if job.run.finished(request.now) is None:
            raise Refusal(409, f"Job {job.id} has not ended.", "JobNotTerminal")
        self._service.forget(job, request.now)
        return Reply(204)

    @route("POST", f"{_WORKSPACE}/jobs/{{id}}:cancel")
    def cancel(self, request: Request) -> Reply:
        """POST :cancel."""
        job, now = self._service.job(request.ids[-1]), request.now
        if not self._service.realm.cancel(job.target, [job.run], now):
            status = job.word(now, self._service.options.kind)
            raise Refusal(409, f"Job {job.id} is {status}.", "InvalidOperation")
        job.modified = now
        answer = self._service.options.cancel_answers
        if answer == 204:
            return Reply(204)
        return Reply.of_json(self._service.write.job(job, now, request.base_url), answer)

    def _listed(self, request: Request, jobs: Sequence[AzureJob]) -> Reply:
        shown = [
            self._service.write.job(job, request.now, request.base_url, signed=False)
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
        width = self._service.options.slots if target.has_queue else None
        run = self._service.realm.accept_job(
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
        self._service.jobs[job_id] = job
        self._service.by_container[container] = job
        if session is not None:
            session.jobs.append(job)
        self._service.trim(now)
        return job

    def _session(self, body: dict[str, JsonValue], now: float) -> Session | None:
        session_id = body.get("sessionId")
        if not session_id:
            return None
        session = self._service.session(str(session_id), now)
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
        found = self._service.blobs.containers.get(container)
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


_KEPT_OF_SESSIONS = ("name", "providerId", "target", "priority", "tags")


class SessionRoutes(Routes):
    """Answers what is asked of sessions."""

    _service: AzureService

    @route("PUT", f"{_WORKSPACE}/sessions/{{id}}", submits=True)
    def open(self, request: Request) -> Reply:
        """PUT a session."""
        session_id, body = request.ids[-1].lower(), request.json_object()
        for name in ("name", "providerId", "target"):
            if not body.get(name):
                raise Refusal(400, f"{name} is missing", "InvalidSessionDefinition")
        session = self._service.sessions.get(session_id)
        if session is None:
            document = {name: body[name] for name in _KEPT_OF_SESSIONS if name in body}
            document["providerId"] = str(body["providerId"]).lower()
            policy = str(body.get("jobFailurePolicy") or "Abort")
            session = Session(session_id, document, policy, request.now)
            self._service.sessions[session_id] = session
            self._service.trim(request.now)
        self._service.realm.ledger.note_submission(f"session {session_id}")
        return Reply.of_json(self._service.write.session(session, request.now))

    @route("GET", f"{_WORKSPACE}/sessions/{{id}}")
    def get(self, request: Request) -> Reply:
        """GET a session."""
        session = self._service.session(request.ids[-1], request.now)
        return Reply.of_json(self._service.write.session(session, request.now))

    @route("POST", f"{_WORKSPACE}/sessions/{{id}}:close")
    def close(self, request: Request) -> Reply:
        """POST :close."""
        session = self._service.session(request.ids[-1], request.now)
        if session.takes_jobs(request.now):
            session.closed = request.now
        return Reply.of_json(self._service.write.session(session, request.now))

    @route("GET", f"{_WORKSPACE}/sessions")
    def list(self, request: Request) -> Reply:
        """GET all sessions."""
        now = request.now
        shown = [self._service.write.session(s, now) for s in self._service.sessions.values()]
        return Reply.of_json(listing(shown, request))

    @route("GET", f"{_WORKSPACE}/topLevelItems")
    def top_level(self, request: Request) -> Reply:
        """GET sessions, and jobs that belong to none."""
        now, write = request.now, self._service.write
        shown = [
            write.job(job, now, request.base_url, signed=False)
            for job in self._service.jobs.values()
            if job.session is None and job.listed <= now
        ]
        shown += [write.session(session, now) for session in self._service.sessions.values()]
        return Reply.of_json(listing(shown, request))


_XML = b"application/xml"
_BOM = b"\xef\xbb\xbf"


class BlobRoutes(Routes):
    """Answers what is asked of the storage."""

    _service: AzureService

    @property
    def _store(self) -> BlobStore:
        return self._service.blobs

    @route("GET", "/{id}", needs_token=False)
    @route("HEAD", "/{id}", needs_token=False)
    def get_container(self, request: Request) -> Reply:
        """GET or HEAD a container, or list its blobs."""
        self._store.check(request.query, request.now)
        container = self._store.container(request.ids[0])
        if request.query.get("comp") == ["list"]:
            self._service.settle_container(container.name, request.now)
            return Reply(200, self._listing(container, request.base_url), _XML)
        return Reply(200, headers=self._stamps(request, '"0x1"'), media=_XML)

    @route("PUT", "/{id}", needs_token=False)
    def put_container(self, request: Request) -> Reply:
        """PUT a container."""
        self._store.check(request.query, request.now)
        name = request.ids[0]
        if name in self._store.containers:
            raise Refusal(409, "The specified container already exists.", "ContainerAlreadyExists")
        self._store.create(name)
        return Reply(201, headers=self._stamps(request, '"0x1"'), media=_XML)

    @route("PUT", "/{id}/{rest}", needs_token=False)
    def put(self, request: Request) -> Reply:
        """PUT a blob, a block of one, or the list of its blocks."""
        query, now = request.query, request.now
        self._store.check(query, now)
        container, name = self._store.container(request.ids[0]), request.ids[1]
        if query.get("comp") == ["block"]:
            container.blocks[name, query["blockid"][0]] = request.body
            return Reply(201, headers=self._stamps(request, '"0x2"'), media=_XML)
        content = request.body
        if query.get("comp") == ["blocklist"]:
            content = _joined(container, name, request.body.decode("utf-8", "replace"))
        blob = self._store.blob(
            content,
            request.header("x-ms-blob-content-type") or "application/octet-stream",
            now,
            request.header("x-ms-blob-content-encoding"),
        )
        only_new = request.header("if-none-match") == "*"
        self._store.put(container, name, blob, only_new=only_new)
        return Reply(201, headers=self._stamps(request, blob.etag), media=_XML)

    @route("GET", "/{id}/{rest}", needs_token=False)
    @route("HEAD", "/{id}/{rest}", needs_token=False)
    def get(self, request: Request) -> Reply:
        """GET or HEAD a blob, or a part of it."""
        blob = self._found(request)
        wanted = request.header("x-ms-range") or request.header("range")
        headers = self._described(request, blob)
        if not wanted:
            return Reply(200, blob.content, blob.media.encode(), headers)
        start, end = _range(wanted, len(blob.content))
        shown = f"bytes {start}-{end}/{len(blob.content)}".encode()
        part = blob.content[start : end + 1]
        return Reply(206, part, blob.media.encode(), (*headers, (b"content-range", shown)))

    @route("DELETE", "/{id}/{rest}", needs_token=False)
    def delete(self, request: Request) -> Reply:
        """DELETE a blob."""
        self._found(request)
        del self._store.container(request.ids[0]).blobs[request.ids[1]]
        return Reply(202, headers=self._stamps(request, '"0x3"'), media=_XML)

    def _found(self, request: Request) -> Blob:
        self._store.check(request.query, request.now)
        container = self._store.container(request.ids[0])
        self._service.settle_container(container.name, request.now)
        blob = container.blobs.get(request.ids[1])
        if blob is None:
            raise Refusal(404, "The specified blob does not exist.", "BlobNotFound")
        return blob

    def _described(self, request: Request, blob: Blob) -> tuple[tuple[bytes, bytes], ...]:
        headers = [
            *self._stamps(request, blob.etag),
            (b"accept-ranges", b"bytes"),
            (b"x-ms-blob-type", b"BlockBlob"),
            (b"x-ms-creation-time", self._date(blob.created)),
            (b"x-ms-lease-state", b"available"),
            (b"x-ms-lease-status", b"unlocked"),
            (b"x-ms-server-encrypted", b"true"),
        ]
        if blob.encoding:
            headers.append((b"content-encoding", blob.encoding.encode()))
        return tuple(headers)

    def _stamps(self, request: Request, etag: str) -> tuple[tuple[bytes, bytes], ...]:
        return (
            (b"etag", etag.encode()),
            (b"last-modified", self._date(request.now)),
            (b"x-ms-version", (request.header("x-ms-version") or "2025-01-05").encode()),
            (b"x-ms-request-id", f"storage-{request.now:.6f}".encode()),
        )

    def _date(self, moment: float) -> bytes:
        when = datetime.fromtimestamp(self._service.clock.epoch(moment), UTC)
        return format_datetime(when, usegmt=True).encode()

    def _listing(self, container: Container, base_url: str) -> bytes:
        blobs = "".join(
            f"<Blob><Name>{escape(name)}</Name><Properties>"
            f"<Last-Modified>{self._date(blob.created).decode()}</Last-Modified>"
            f"<Etag>{escape(blob.etag)}</Etag><Content-Length>{len(blob.content)}</Content-Length>"
            f"<Content-Type>{escape(blob.media)}</Content-Type><BlobType>BlockBlob</BlobType>"
            "</Properties></Blob>"
            for name, blob in sorted(container.blobs.items())
        )
        return (
            '<?xml version="1.0" encoding="utf-8"?>'
            f'<EnumerationResults ServiceEndpoint="{escape(base_url)}/" '
            f'ContainerName="{escape(container.name)}"><Blobs>{blobs}</Blobs><NextMarker />'
            "</EnumerationResults>"
        ).encode()


def storage_refusal(refusal: Refusal) -> Reply:
    """Write a refusal as the storage does."""
    code = refusal.code or "InternalError"
    text = (
        '<?xml version="1.0" encoding="utf-8"?>'
        f"<Error><Code>{code}</Code><Message>{escape(str(refusal.description))}</Message></Error>"
    )
    return Reply(refusal.status, _BOM + text.encode(), _XML, ((b"x-ms-error-code", code.encode()),))


def _range(text: str, length: int) -> tuple[int, int]:
    first, _, last = text.removeprefix("bytes=").partition("-")
    start = int(first or 0)
    if start >= length:
        raise Refusal(416, "The range specified is invalid for the blob.", "InvalidRange")
    return start, min(int(last) if last else length - 1, length - 1)


def _joined(container: Container, name: str, listing: str) -> bytes:
    parts = listing.replace("<", "\n<").replace(">", ">\n").splitlines()
    ids = [
        parts[place + 1].strip()
        for place, part in enumerate(parts)
        if part.strip() in {"<Latest>", "<Uncommitted>", "<Committed>"}
    ]
    missing = [block for block in ids if (name, block) not in container.blocks]
    if missing:
        raise Refusal(400, f"no block {missing[0]}", "InvalidBlockList")
    return b"".join(container.blocks.pop((name, block)) for block in ids)


SUBSCRIPTION = "00000000-0000-4000-8000-000000000002"
GROUP = "sandbox"
WORKSPACE = "sandbox"
LOCATION = "eastus"

_ACCOUNT = {"ss": "b", "srt": "co", "spr": "https,http", "sp": "rwlac"}
_BLOB = {"sr": "b", "sp": "rcw"}
_NAME = re.compile(r"name\s*=~\s*'([^']*)'")


class OtherRoutes(Routes):
    """Answers the rest."""

    _service: AzureService

    @route("POST", f"{_WORKSPACE}/storage/sasUri")
    def sas(self, request: Request) -> Reply:
        """POST storage/sasUri."""
        body, now, blobs = request.json_object(), request.now, self._service.blobs
        container, blob = body.get("containerName"), body.get("blobName")
        if not isinstance(container, str) or not container:
            raise Refusal(400, "containerName is missing", "InvalidRequest")
        if self._service.options.creates_containers:
            blobs.create(container)
        address = blobs.address(request.base_url, container, str(blob or ""))
        return Reply.of_json({"sasUri": blobs.signed(address, now, _BLOB if blob else _ACCOUNT)})

    @route("GET", f"{_WORKSPACE}/providerStatus")
    def provider_status(self, request: Request) -> Reply:
        """GET providerStatus."""
        del request
        value: list[JsonValue] = [self._provider(name) for name in providers()]
        return Reply.of_json({"value": value, "nextLink": None})

    @route("GET", f"{_WORKSPACE}/quotas")
    def quotas(self, request: Request) -> Reply:
        """GET quotas."""
        del request
        value = [
            {
                "dimension": dimension,
                "scope": "Workspace",
                "providerId": provider,
                "utilization": 0.0,
                "holds": 0.0,
                "limit": 1000.0,
                "period": "Monthly",
            }
            for provider, dimension in (("ionq", "qgs"), ("pasqal", "compute-time-qpu"))
        ]
        return Reply.of_json({"value": value, "nextLink": None})

    @route("GET", f"{_WORKSPACE}/quotaUsages")
    def quota_usages(self, request: Request) -> Reply:
        """GET quotaUsages."""
        provider = request.query.get("providerId", [""])[0]
        if not provider:
            raise Refusal(400, "providerId is missing", "InvalidQueryParameter")
        value = [self._usage(target) for target in TARGETS if target.provider == provider]
        return Reply.of_json({"value": value, "nextLink": None})

    @route("GET", f"{_OFFERS}/quotaUsages")
    def suite_usages(self, request: Request) -> Reply:
        """GET a suite offer's quotaUsages."""
        found = [self._usage(target) for target in TARGETS if target.provider == request.ids[-1]]
        return Reply.of_json(found)

    @route("GET", f"{_OFFERS}/providerStatus")
    def suite_status(self, request: Request) -> Reply:
        """GET a suite offer's providerStatus."""
        if request.ids[-1] not in providers():
            raise Refusal(404, f"There is no offer of {request.ids[-1]}.", "NotFound")
        return Reply.of_json(self._provider(request.ids[-1]))

    @route("GET", _WORKSPACE)
    def workspace(self, request: Request) -> Reply:
        """GET the workspace, of the management."""
        subscription, group, name = request.ids
        if (group.lower(), name.lower()) != (GROUP, WORKSPACE):
            raise Refusal(404, f"There is no workspace {name} in {group}.", "ResourceNotFound")
        return Reply.of_json(
            {
                "id": f"/subscriptions/{subscription}/resourceGroups/{group}/providers/"
                f"Microsoft.Quantum/Workspaces/{name}",
                "name": name,
                "location": LOCATION,
                "properties": {
                    "endpointUri": request.base_url,
                    "workspaceKind": self._service.options.kind,
                    "provisioningState": "Succeeded",
                },
            }
        )

    @route("POST", "/providers/Microsoft.ResourceGraph/resources")
    def graph(self, request: Request) -> Reply:
        """POST a question to the resource graph."""
        match = _NAME.search(str(request.json_object().get("query")))
        rows: list[JsonValue] = []
        if match is not None and match[1].lower() == WORKSPACE:
            rows.append(
                {
                    "name": WORKSPACE,
                    "subscriptionId": SUBSCRIPTION,
                    "resourceGroup": GROUP,
                    "location": LOCATION,
                    "endpointUri": request.base_url,
                    "workspaceKind": self._service.options.kind,
                }
            )
        count = len(rows)
        return Reply.of_json(
            {
                "totalRecords": count,
                "count": count,
                "data": rows,
                "facets": [],
                "resultTruncated": "false",
            }
        )

    @route("POST", "/{id}/oauth2/v2.0/token", needs_token=False)
    def token(self, request: Request) -> Reply:
        """POST for a token; whoever asks is given one."""
        del request
        lifetime = int(self._service.world.settings.token_lifetime)
        return Reply.of_json(
            {
                "token_type": "Bearer",
                "expires_in": lifetime,
                "ext_expires_in": lifetime,
                "access_token": f"sandbox-{uuid4().hex}",
            }
        )

    @route("GET", "/{id}/v2.0/.well-known/openid-configuration", needs_token=False)
    def openid(self, request: Request) -> Reply:
        """GET what the login says of itself."""
        base = f"{request.base_url}/{request.ids[0]}"
        return Reply.of_json(
            {
                "issuer": f"{base}/v2.0",
                "token_endpoint": f"{base}/oauth2/v2.0/token",
                "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
            }
        )

    def _provider(self, name: str) -> dict[str, JsonValue]:
        targets: list[JsonValue] = [_status(t) for t in TARGETS if t.provider == name]
        return {"id": name, "currentAvailability": "Available", "targets": targets}

    def _usage(self, target: Target) -> JsonValue:
        jobs = sum(job.target == target.id for job in self._service.jobs.values())
        return {
            "providerId": target.provider,
            "scope": "WorkspaceTarget",
            "targetId": target.id,
            "usage": {"jobs": float(jobs)},
            "lastModifiedTime": self._service.clock.iso(self._service.clock.now()),
            "metadata": {},
        }


def _status(target: Target) -> JsonValue:
    return {
        "id": target.id,
        "currentAvailability": "Available",
        "averageQueueTime": 17 if target.has_queue else 0,
        "statusPage": "",
        "numQubits": target.qubits or None,
        "targetProfile": target.profile,
        "metadata": None,
    }
