"""What the Pasqal service answers."""

from __future__ import annotations

import base64
import json
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

from quantum_async.sandbox.pasqal.programs import MACHINES, specification, specifications, tags_of
from quantum_async.sandbox.pasqal.store import Page, Workload, keep_batches, keep_jobs, last, reason
from quantum_async.sandbox.service import Refusal, Reply, Routes, route
from quantum_async.sandbox.world import Latest

if TYPE_CHECKING:
    from collections.abc import Container, Mapping, Sequence

    from pydantic import JsonValue

    from quantum_async.sandbox.pasqal.programs import Machine
    from quantum_async.sandbox.pasqal.service import PasqalService
    from quantum_async.sandbox.pasqal.store import Batch, PasqalJob
    from quantum_async.sandbox.service import Request


_V1, _V2 = "/core-fast/api/v1", "/core-fast/api/v2"
_OVH = f"{_V1}/third-party-access/ovh"
TOKEN = "/auth/oauth/token"  # noqa: S105  a path


ENDS = "x-sandbox-ends"
"""A header by which an all-knowing client asks when its jobs are going to end, in seconds."""

_PASSWORD_GRANTS = {"password", "http://auth0.com/oauth/grant-type/password-realm"}


@dataclass(frozen=True, slots=True)
class Token:
    """A token that was issued.

    Args:
        text: What the client presents.
        user: Whom it stands for.
        expires: World time of its end.
    """

    text: str
    user: str
    expires: float


class TokenBook:
    """Tokens issued; an unknown token is taken as a user's own.

    Args:
        revoked: Tokens that are refused.
    """

    def __init__(self, revoked: Container[str]) -> None:
        self._issued: Latest[str, Token] = Latest()
        self._revoked = revoked

    def issue(self, user: str, now: float, epoch: float, lifetime: float, *, opaque: bool) -> Token:
        """Issue a token.

        Args:
            user: Whom it stands for.
            now: World time.
            epoch: The same moment in seconds since the epoch.
            lifetime: How long it is good for, in seconds.
            opaque: Whether it is a random word instead of a JSON web token.
        """
        text = secrets.token_urlsafe(24) if opaque else _web_token(user, epoch, lifetime)
        token = Token(text, user, now + lifetime)
        self._issued[text] = token
        return token

    def check(self, text: str, now: float) -> str:
        """Say whom a token stands for.

        Raises:
            Refusal: It is missing, expired or revoked.
        """
        if not text:
            raise Refusal(401, "missing bearer token")
        token = self._issued.get(text)
        if text in self._revoked or (token is not None and now >= token.expires):
            raise Refusal(401, "the token has expired")
        return token.user if token is not None else "sandbox|token"


def grant_user(form: Mapping[str, str]) -> str:
    """Say whom a token request is for.

    Raises:
        Refusal: The request names no user or an unknown grant.
    """
    grant = form.get("grant_type", "")
    if grant in _PASSWORD_GRANTS:
        if not form.get("username") or not form.get("password"):
            raise Refusal(403, "Wrong email or password.", "invalid_grant")
        return f"auth0|{form['username']}"
    if grant == "client_credentials":
        if not form.get("client_id") or not form.get("client_secret"):
            raise Refusal(401, "Unauthorized", "access_denied")
        return f"{form['client_id']}@clients"
    raise Refusal(403, f"Grant type '{grant}' not allowed.", "unauthorized_client")


def _web_token(user: str, epoch: float, lifetime: float) -> str:
    claims: dict[str, str | int] = {"sub": user, "iat": int(epoch), "exp": int(epoch + lifetime)}
    claims["jti"] = secrets.token_hex(8)
    header = _segment({"alg": "none", "typ": "JWT"})
    return f"{header}.{_segment(claims)}.sandbox"


def _segment(document: Mapping[str, str | int]) -> str:
    text = base64.urlsafe_b64encode(json.dumps(document).encode())
    return text.rstrip(b"=").decode()


class BatchRoutes(Routes):
    """Answers what is asked of batches."""

    _service: PasqalService

    @route("POST", f"{_V1}/batches", submits=True)
    def create(self, request: Request) -> Reply:
        """POST /batches."""
        batch = self._service.intake.create(request, self._service.user(request))
        reply = self._changed(batch, request)
        if request.header(ENDS):
            ends = ",".join(f"{job.work.end:.6f}" for job in batch.jobs)
            reply.headers = ((ENDS.encode(), ends.encode()),)
        return reply

    @route("POST", f"{_OVH}/batches", submits=True)
    def create_for_third_party(self, request: Request) -> Reply:
        """POST /third-party-access/ovh/batches."""
        user = self._service.user(request)
        batch = self._service.intake.create(request, user, third_party=True)
        return self._changed(batch, request)

    @route("GET", f"{_V1}/batches")
    def list(self, request: Request) -> Reply:
        """GET /batches."""
        query, now = request.query, request.now
        page = Page.of(query)
        if "id" in query:
            found = [self._service.store.batches.get(batch_id) for batch_id in query["id"]]
            batches = sorted({b for b in found if b is not None}, key=lambda b: b.created)
        else:
            batches = list(self._service.store.batches.values())
        for batch in batches:
            self._service.store.settle(batch, now)
        shown = [batch for batch in batches if batch.listed <= now]
        kept = keep_batches(shown, query, now, self._service.clock)
        data = [self._service.write.batch(batch, now) for batch in page.cut(kept)]
        return self._service.write.page(data, len(kept), page.offset)

    @route("GET", f"{_V2}/batches/{{id}}")
    @route("GET", f"{_OVH}/batches/{{id}}")
    def get(self, request: Request) -> Reply:
        """GET /batches/{id}."""
        batch = self._found(request)
        return self._service.write.success(
            self._service.write.batch_with_sequence(batch, request.now)
        )

    @route("GET", f"{_V1}/batches/{{id}}/status")
    @route("GET", f"{_OVH}/batches/{{id}}/status")
    def status(self, request: Request) -> Reply:
        """GET /batches/{id}/status."""
        batch, now = self._found(request), request.now
        counts = batch.counts(now)
        return self._service.write.success(
            {"id": batch.id, "status": batch.status(now), "jobs_count_per_status": counts}
        )

    @route("POST", f"{_V2}/batches/{{id}}/jobs", submits=True)
    def add_jobs(self, request: Request) -> Reply:
        """POST /batches/{id}/jobs."""
        batch = self._found(request)
        self._service.intake.extend(batch, request)
        return self._changed(batch, request)

    @route("PATCH", f"{_V2}/batches/{{id}}/complete")
    def close(self, request: Request) -> Reply:
        """PATCH /batches/{id}/complete."""
        batch = self._found(request)
        if not batch.open:
            raise Refusal(409, f"Batch '{batch.id}' is already closed.")
        batch.open = False
        batch.closed = batch.updated = request.now
        return self._changed(batch, request)

    @route("PATCH", f"{_V2}/batches/{{id}}/cancel")
    def cancel(self, request: Request) -> Reply:
        """PATCH /batches/{id}/cancel."""
        batch = self._found(request)
        problem = self._cancel(batch, request.now)
        if problem:
            raise Refusal(409, problem)
        return self._changed(batch, request)

    @route("PATCH", f"{_V1}/batches/cancel")
    def cancel_many(self, request: Request) -> Reply:
        """PATCH /batches/cancel."""
        ids = request.json_object().get("batch_ids")
        if not isinstance(ids, list):
            raise Refusal(422, [dict(reason(["batch_ids"], "a list of ids is expected"))])
        cancelled, errors = [], {}
        for batch_id in map(str, ids):
            batch = self._service.store.batches.get(batch_id)
            problem = "not found" if batch is None else self._cancel(batch, request.now)
            if batch is None or problem:
                errors[batch_id] = problem
            else:
                cancelled.append(self._service.write.batch(batch, request.now))
        return self._service.write.success({"batches": cancelled, "errors": errors})

    @route("PATCH", f"{_V2}/batches/{{id}}/cancel/jobs")
    def cancel_jobs(self, request: Request) -> Reply:
        """PATCH /batches/{id}/cancel/jobs."""
        batch, now = self._found(request), request.now
        jobs = keep_jobs(batch.jobs, request.query, now, self._service.clock)
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
        stopped = self._service.realm.cancel(batch.machine.name, works, now)
        batch.updated = now
        data = [self._service.write.job(works[work], now) for work in stopped]
        return self._service.write.success({"jobs": data, "errors": errors})

    @route("POST", f"{_V1}/batches/{{id}}/rebatch", submits=True)
    def rebatch(self, request: Request) -> Reply:
        """POST /batches/{id}/rebatch."""
        batch = self._found(request)
        if batch.open:
            raise Refusal(409, f"Batch '{batch.id}' is open; add the jobs to it.")
        jobs = list(keep_jobs(batch.jobs, request.query, request.now, self._service.clock))
        if not jobs:
            raise Refusal(422, "no job of the batch passes the filters")
        user = self._service.user(request)
        return self._changed(self._service.intake.repeat(batch, jobs, request, user), request)

    @route("PATCH", f"{_V1}/batches/{{id}}/tags")
    def set_tags(self, request: Request) -> Reply:
        """PATCH /batches/{id}/tags."""
        batch = self._found(request)
        batch.tags = tags_of(request.json())
        batch.updated = request.now
        return self._changed(batch, request)

    @route("GET", f"{_V1}/batches/{{id}}/full_results")
    def full_results(self, request: Request) -> Reply:
        """GET /batches/{id}/full_results."""
        if not self._service.options.full_results:
            raise Refusal(404, "Not Found")
        batch = self._found(request)
        ready = [job for job in batch.jobs if self._service.results.is_ready(job, request.now)]
        document = self._service.results.document
        return self._service.write.success({job.work.id: document(job) for job in ready})

    def _found(self, request: Request) -> Batch:
        return self._service.store.batch(request.ids[0], request.now)

    def _changed(self, batch: Batch, request: Request) -> Reply:
        self._service.store.settle(batch, request.now)
        return self._service.write.success(self._service.write.batch_with_jobs(batch, request.now))

    def _cancel(self, batch: Batch, now: float) -> str:
        self._service.store.settle(batch, now)
        if batch.cancelled is not None or batch.timed_out is not None or batch.is_over(now):
            return f"Batch '{batch.id}' is {batch.status(now)} and cannot be canceled."
        self._service.realm.cancel(batch.machine.name, [job.work for job in batch.jobs], now)
        batch.open = False
        batch.cancelled = batch.updated = now
        self._service.store.settle(batch, now)
        return ""


class JobRoutes(Routes):
    """Answers what is asked of jobs."""

    _service: PasqalService

    @route("GET", f"{_V2}/jobs")
    @route("GET", f"{_OVH}/jobs")
    def list(self, request: Request) -> Reply:
        """GET /jobs."""
        query, now = request.query, request.now
        page = Page.of(query)
        shown = [job for job in self._candidates(request) if job.listed <= now]
        kept = keep_jobs(shown, query, now, self._service.clock)
        data = [self._service.write.job(job, now) for job in page.cut(kept)]
        return self._service.write.page(data, len(kept), page.offset)

    @route("GET", f"{_V2}/jobs/{{id}}")
    def get(self, request: Request) -> Reply:
        """GET /jobs/{id}."""
        job = self._service.store.job(request.ids[0])
        return self._service.write.success(self._service.write.job_with_sequence(job, request.now))

    @route("GET", f"{_V1}/jobs/{{id}}/status")
    @route("GET", f"{_OVH}/jobs/{{id}}/status")
    def status(self, request: Request) -> Reply:
        """GET /jobs/{id}/status."""
        job = self._service.store.job(request.ids[0])
        return self._service.write.success({"id": job.work.id, "status": job.word(request.now)})

    @route("PATCH", f"{_V2}/jobs/{{id}}/cancel")
    def cancel(self, request: Request) -> Reply:
        """PATCH /jobs/{id}/cancel."""
        job, now = self._service.store.job(request.ids[0]), request.now
        if not self._service.realm.cancel(job.batch.machine.name, [job.work], now):
            raise Refusal(409, f"Job '{job.work.id}' is {job.word(now)} and cannot be canceled.")
        job.batch.updated = now
        return self._service.write.success(self._service.write.job_with_sequence(job, now))

    @route("GET", f"{_V1}/jobs/{{id}}/results_link")
    @route("GET", f"{_OVH}/jobs/{{id}}/results_link")
    def results_link(self, request: Request) -> Reply:
        """GET /jobs/{id}/results_link."""
        job, link = self._service.store.job(request.ids[0]), None
        if self._service.results.is_ready(job, request.now):
            path = f"/results/{job.work.id}"
            link = self._service.results.link(request.base_url, path, request.now)
        return self._service.write.success({"results_link": link})

    @route("GET", "/results/{id}", needs_token=False)
    def result(self, request: Request) -> Reply:
        """GET a results link."""
        self._service.results.check(request)
        job = self._service.store.job(request.ids[0])
        return Reply.of_json(self._service.results.document(job))

    def _candidates(self, request: Request) -> Sequence[PasqalJob]:
        query = request.query
        if "id" in query:
            found = [self._service.store.jobs.get(job_id) for job_id in query["id"]]
            return sorted(
                {job for job in found if job is not None}, key=lambda job: job.work.number
            )
        if "batch_id" in query:
            batches = [self._service.store.batches.get(batch_id) for batch_id in query["batch_id"]]
            return [job for batch in batches if batch is not None for job in batch.jobs]
        return list(self._service.store.jobs.values())


PROJECT_ID = "00000000-0000-4000-8000-000000000001"
"""The project that the sandbox's variables name."""


def _project(place: int, name: str, status: str) -> dict[str, JsonValue]:
    project_id = f"00000000-0000-4000-8000-{place:012d}"
    return {
        "id": project_id,
        "project_id": project_id,
        "name": name,
        "description": f"{name} of the sandbox",
        "company": "Sandbox",
        "email_domain": "sandbox.invalid",
        "project_status": status,
        "project_type": "STARTER",
        "package": None,
        "queue_priority": "MEDIUM",
        "allowed_device_types": [*MACHINES],
        "allowed_workload_types": [],
        "additional_access_grants": [],
        "account_manager": None,
        "main_admin": None,
        "count": {"ACTIVE_ADMIN": 1, "ACTIVE_MEMBER": 1, "PENDING": 0},
        "last_activity_date": None,
    }


PROJECTS = (
    _project(1, "First project", "ACTIVE"),
    _project(2, "Second project", "ACTIVE"),
    _project(3, "Old project", "ARCHIVED"),
)
"""Every project, of which two are active."""


class OtherRoutes(Routes):
    """Answers everything that is not about batches and jobs."""

    _service: PasqalService

    @route("POST", TOKEN, needs_token=False)
    @route("POST", "/auth/realms/{id}/protocol/openid-connect/token", needs_token=False)
    def token(self, request: Request) -> Reply:
        """POST the token endpoint, Auth0's or Keycloak's."""
        user = grant_user(request.form())
        lifetime, opaque = (
            self._service.world.settings.token_lifetime,
            self._service.options.opaque_tokens,
        )
        epoch = self._service.clock.epoch(request.now)
        token = self._service.tokens.issue(user, request.now, epoch, lifetime, opaque=opaque)
        document: dict[str, JsonValue] = {"access_token": token.text, "token_type": "Bearer"}
        if not opaque:
            document["expires_in"] = int(lifetime)
        return Reply.of_json(document)

    @route("POST", f"{_V1}/workloads", submits=True)
    def create_workload(self, request: Request) -> Reply:
        """POST /workloads."""
        body = request.json_object()
        for name in ("workload_type", "backend", "config", "project_id"):
            if body.get(name) is None:
                raise Refusal(422, [dict(reason([name], "field required"))])
        work = self._service.realm.accept_job(
            "workloads", shots=1, slots=None, now=request.now, effects=request.effects
        )
        workload = Workload(
            work=work,
            project_id=str(body["project_id"]),
            user_id=self._service.user(request),
            kind=str(body["workload_type"]),
            backend=str(body["backend"]),
            config=body["config"],
        )
        self._service.store.add_workload(workload, request.now)
        return self._service.write.success(self._service.write.workload(workload, request.now))

    @route("GET", f"{_V2}/workloads/{{id}}")
    def get_workload(self, request: Request) -> Reply:
        """GET /workloads/{id}."""
        workload = self._service.store.workload(request.ids[0])
        document = self._service.write.workload(workload, request.now)
        done = document["status"] == "DONE"
        path = f"/workload-results/{workload.work.id}"
        link = self._service.results.link(request.base_url, path, request.now) if done else None
        return self._service.write.success({**document, "result_link": link})

    @route("PUT", f"{_V1}/workloads/{{id}}/cancel")
    def cancel_workload(self, request: Request) -> Reply:
        """PUT /workloads/{id}/cancel."""
        workload = self._service.store.workload(request.ids[0])
        if not self._service.realm.cancel("workloads", [workload.work], request.now):
            raise Refusal(409, f"Workload '{workload.work.id}' cannot be canceled.")
        return self._service.write.success(self._service.write.workload(workload, request.now))

    @route("GET", "/workload-results/{id}", needs_token=False)
    def workload_result(self, request: Request) -> Reply:
        """GET a workload's results link."""
        self._service.results.check(request)
        workload = self._service.store.workload(request.ids[0])
        return Reply.of_json({"workload_type": workload.kind, "config": workload.config})

    @route("GET", f"{_V1}/devices/specs")
    def specs(self, _: Request) -> Reply:
        """GET /devices/specs."""
        return self._service.write.success(specifications(public=False))

    @route("GET", f"{_V1}/devices/specs/{{id}}")
    def one_spec(self, request: Request) -> Reply:
        """GET /devices/specs/{device_type}."""
        name = request.ids[0]
        return self._service.write.success({"device_type": name, "specs": specification(name)})

    @route("GET", f"{_V1}/devices/public-specs", needs_token=False)
    def public_specs(self, _: Request) -> Reply:
        """GET /devices/public-specs."""
        specs = specifications(public=True)
        return self._service.write.success(
            [{"device_type": name, "specs": text} for name, text in specs.items()]
        )

    @route("GET", f"{_V1}/devices", needs_token=False)
    def public_devices(self, request: Request) -> Reply:
        """GET /devices of version 1."""
        wanted = last(request.query, "device_type")
        machines = [m for m in MACHINES.values() if m.public and wanted in {None, m.name}]
        return self._service.write.success([_device(machine) for machine in machines])

    @route("GET", f"{_V2}/devices")
    def devices(self, request: Request) -> Reply:
        """GET /devices of version 2."""
        query = request.query
        page, wanted = Page.of(query), last(query, "device_type")
        machines = [m for m in MACHINES.values() if wanted in {None, m.name}]
        shown = machines[page.offset : page.offset + page.limit]
        return self._service.write.page([_device(m) for m in shown], len(machines), page.offset)

    @route("GET", "/account/api/v1/projects")
    def projects(self, request: Request) -> Reply:
        """GET /projects of the account service."""
        wanted = last(request.query, "project_status")
        projects = [
            project for project in PROJECTS if wanted is None or project["project_status"] == wanted
        ]
        return self._service.write.success(projects)


def oauth_refusal(refusal: Refusal) -> Reply:
    """Write a refusal as a token endpoint does."""
    code = refusal.code or ("access_denied" if refusal.status < 500 else "server_error")
    document = {"error": code, "error_description": refusal.description}
    return Reply.of_json(document, refusal.status)


def _device(machine: Machine) -> dict[str, JsonValue]:
    return {
        "id": machine.id,
        "name": machine.name,
        "device_type": machine.name,
        "description": "Sandbox",
        "status": "UP",
        "availability": "ACTIVE",
        "active": True,
        "is_emulator": machine.emulator,
        "average_queue_time": 0,
        "max_atom_num": 80,
        "channels": ["rydberg_global"],
        "allowed_result_types": ["counter"],
        "default_result_types": ["counter"],
        "bill_usage": not machine.emulator,
    }
