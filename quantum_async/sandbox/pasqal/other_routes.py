"""Routes that are about tokens, workloads, devices and projects."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quantum_async.sandbox.exchange import Refusal, Reply
from quantum_async.sandbox.pasqal.documents import reason
from quantum_async.sandbox.pasqal.filters import Page, last
from quantum_async.sandbox.pasqal.records import Workload
from quantum_async.sandbox.pasqal.specs import MACHINES, specification, specifications
from quantum_async.sandbox.pasqal.tokens import grant_user

if TYPE_CHECKING:
    from pydantic import JsonValue

    from quantum_async.sandbox.exchange import Request
    from quantum_async.sandbox.pasqal.desk import Desk
    from quantum_async.sandbox.pasqal.specs import Machine


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


class OtherRoutes:
    """Answers everything that is not about batches and jobs.

    Args:
        desk: What every route needs.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._write = desk.write

    def token(self, request: Request) -> Reply:
        """POST the token endpoint, Auth0's or Keycloak's."""
        user = grant_user(request.form())
        lifetime, opaque = self._desk.lifetime, self._desk.options.opaque_tokens
        epoch = self._desk.clock.epoch(request.now)
        token = self._desk.tokens.issue(user, request.now, epoch, lifetime, opaque=opaque)
        document: dict[str, JsonValue] = {"access_token": token.text, "token_type": "Bearer"}
        if not opaque:
            document["expires_in"] = int(lifetime)
        return Reply.of_json(document)

    def create_workload(self, request: Request) -> Reply:
        """POST /workloads."""
        body = request.json_object()
        for name in ("workload_type", "backend", "config", "project_id"):
            if body.get(name) is None:
                raise Refusal(422, [dict(reason([name], "field required"))])
        work = self._desk.realm.accept_job(
            "workloads", shots=1, slots=None, now=request.now, effects=request.effects
        )
        workload = Workload(
            work=work,
            project_id=str(body["project_id"]),
            user_id=self._desk.user(request),
            kind=str(body["workload_type"]),
            backend=str(body["backend"]),
            config=body["config"],
        )
        self._desk.store.add_workload(workload, request.now)
        return self._write.success(self._write.workload(workload, request.now))

    def get_workload(self, request: Request) -> Reply:
        """GET /workloads/{id}."""
        workload = self._desk.store.workload(request.ids[0])
        document = self._write.workload(workload, request.now)
        done = document["status"] == "DONE"
        path = f"/workload-results/{workload.work.id}"
        link = self._desk.results.link(request.base_url, path, request.now) if done else None
        return self._write.success({**document, "result_link": link})

    def cancel_workload(self, request: Request) -> Reply:
        """PUT /workloads/{id}/cancel."""
        workload = self._desk.store.workload(request.ids[0])
        if not self._desk.realm.cancel("workloads", [workload.work], request.now):
            raise Refusal(409, f"Workload '{workload.work.id}' cannot be canceled.")
        return self._write.success(self._write.workload(workload, request.now))

    def workload_result(self, request: Request) -> Reply:
        """GET a workload's results link."""
        self._desk.results.check(request)
        workload = self._desk.store.workload(request.ids[0])
        return Reply.of_json({"workload_type": workload.kind, "config": workload.config})

    def specs(self, _: Request) -> Reply:
        """GET /devices/specs."""
        return self._write.success(specifications(public=False))

    def one_spec(self, request: Request) -> Reply:
        """GET /devices/specs/{device_type}."""
        name = request.ids[0]
        return self._write.success({"device_type": name, "specs": specification(name)})

    def public_specs(self, _: Request) -> Reply:
        """GET /devices/public-specs."""
        specs = specifications(public=True)
        return self._write.success(
            [{"device_type": name, "specs": text} for name, text in specs.items()]
        )

    def public_devices(self, request: Request) -> Reply:
        """GET /devices of version 1."""
        wanted = last(request.query, "device_type")
        machines = [m for m in MACHINES.values() if m.public and wanted in {None, m.name}]
        return self._write.success([_device(machine) for machine in machines])

    def devices(self, request: Request) -> Reply:
        """GET /devices of version 2."""
        query = request.query
        page, wanted = Page.of(query), last(query, "device_type")
        machines = [m for m in MACHINES.values() if wanted in {None, m.name}]
        shown = machines[page.offset : page.offset + page.limit]
        return self._write.page([_device(m) for m in shown], len(machines), page.offset)

    def projects(self, request: Request) -> Reply:
        """GET /projects of the account service."""
        wanted = last(request.query, "project_status")
        projects = [
            project for project in PROJECTS if wanted is None or project["project_status"] == wanted
        ]
        return self._write.success(projects)


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
