"""Pasqal Cloud: which route is answered by what."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quantum_async.sandbox.pasqal.batch_routes import BatchRoutes
from quantum_async.sandbox.pasqal.desk import Desk
from quantum_async.sandbox.pasqal.job_routes import JobRoutes
from quantum_async.sandbox.pasqal.other_routes import PROJECT_ID, OtherRoutes, oauth_refusal
from quantum_async.sandbox.pasqal.results import storage_refusal
from quantum_async.sandbox.routing import Route, RouteTable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from quantum_async.sandbox.exchange import Refusal, Reply, Request
    from quantum_async.sandbox.world import World

_V1, _V2 = "/core-fast/api/v1", "/core-fast/api/v2"
_OVH = f"{_V1}/third-party-access/ovh"
_TOKEN = "/auth/oauth/token"  # noqa: S105  a path
_STORAGE = ("/results/", "/workload-results/")


class PasqalFace:
    """Pasqal Cloud as `quantum_async.sandbox.faces.Face` wants it.

    Args:
        world: The world it shows.
    """

    name = "pasqal"

    def __init__(self, world: World) -> None:
        self._desk = Desk(world)
        self._batches = BatchRoutes(self._desk)
        self._jobs = JobRoutes(self._desk)
        self._other = OtherRoutes(self._desk)
        self.routes: RouteTable = RouteTable(
            [
                *self._batch_routes(),
                *self._job_routes(),
                *self._other_routes(),
                *self._open_routes(),
                *self._third_party_routes(),
            ]
        )

    def refuse(self, request: Request, refusal: Refusal) -> Reply:
        """Write a refusal as the part of the service does that was asked."""
        path = request.route.pattern
        if path.startswith("/auth/"):
            return oauth_refusal(refusal)
        if path.startswith(_STORAGE):
            return storage_refusal(refusal)
        return self._desk.write.failure(refusal.status, refusal.description)

    def authenticate(self, request: Request) -> None:
        """Check the bearer token."""
        self._desk.user(request)

    def revoke(self, request: Request) -> None:
        """Refuse the token of this request from now on."""
        self._desk.tokens.revoke(request.bearer)

    def environment(self, base_url: str) -> Mapping[str, str]:
        """Give the variables that point our client here."""
        return {
            "QUANTUM_ASYNC_PASQAL_USERNAME": "sandbox@example.com",
            "QUANTUM_ASYNC_PASQAL_PASSWORD": "sandbox",
            "QUANTUM_ASYNC_PASQAL_PROJECT_ID": PROJECT_ID,
            "QUANTUM_ASYNC_PASQAL_CORE_URL": f"{base_url}/core-fast",
            "QUANTUM_ASYNC_PASQAL_ACCOUNT_URL": f"{base_url}/account",
            "QUANTUM_ASYNC_PASQAL_TOKEN_URL": f"{base_url}{_TOKEN}",
        }

    def batches_open(self, now: float) -> int:
        """Count batches that still take jobs."""
        return self._desk.store.batches_open(now)

    def configure(self) -> None:
        """Read the options again."""
        self._desk.configure()

    def reset(self) -> None:
        """Forget everything."""
        self._desk.reset()

    def _batch_routes(self) -> list[Route]:
        do = self._batches
        return [
            Route("POST", f"{_V1}/batches", do.create, submits=True),
            Route("GET", f"{_V1}/batches", do.list),
            Route("GET", f"{_V2}/batches/{{id}}", do.get),
            Route("GET", f"{_V1}/batches/{{id}}/status", do.status),
            Route("PATCH", f"{_V2}/batches/{{id}}/complete", do.close),
            Route("PATCH", f"{_V2}/batches/{{id}}/cancel", do.cancel),
            Route("PATCH", f"{_V1}/batches/cancel", do.cancel_many),
            Route("POST", f"{_V1}/batches/{{id}}/rebatch", do.rebatch, submits=True),
            Route("POST", f"{_V2}/batches/{{id}}/jobs", do.add_jobs, submits=True),
            Route("PATCH", f"{_V1}/batches/{{id}}/tags", do.set_tags),
            Route("PATCH", f"{_V2}/batches/{{id}}/cancel/jobs", do.cancel_jobs),
            Route("GET", f"{_V1}/batches/{{id}}/full_results", do.full_results),
        ]

    def _job_routes(self) -> list[Route]:
        do = self._jobs
        return [
            Route("GET", f"{_V2}/jobs", do.list),
            Route("GET", f"{_V2}/jobs/{{id}}", do.get),
            Route("GET", f"{_V1}/jobs/{{id}}/status", do.status),
            Route("PATCH", f"{_V2}/jobs/{{id}}/cancel", do.cancel),
            Route("GET", f"{_V1}/jobs/{{id}}/results_link", do.results_link),
        ]

    def _other_routes(self) -> list[Route]:
        do = self._other
        return [
            Route("POST", f"{_V1}/workloads", do.create_workload, submits=True),
            Route("GET", f"{_V2}/workloads/{{id}}", do.get_workload),
            Route("PUT", f"{_V1}/workloads/{{id}}/cancel", do.cancel_workload),
            Route("GET", f"{_V1}/devices/specs", do.specs),
            Route("GET", f"{_V1}/devices/specs/{{id}}", do.one_spec),
            Route("GET", f"{_V2}/devices", do.devices),
            Route("GET", "/account/api/v1/projects", do.projects),
        ]

    def _open_routes(self) -> list[Route]:
        other = self._other
        keycloak = "/auth/realms/{id}/protocol/openid-connect/token"
        return [
            Route("POST", _TOKEN, other.token, needs_token=False),
            Route("POST", keycloak, other.token, needs_token=False),
            Route("GET", f"{_V1}/devices", other.public_devices, needs_token=False),
            Route("GET", f"{_V1}/devices/public-specs", other.public_specs, needs_token=False),
            Route("GET", "/results/{id}", self._jobs.result, needs_token=False),
            Route("GET", "/workload-results/{id}", other.workload_result, needs_token=False),
        ]

    def _third_party_routes(self) -> list[Route]:
        batches, jobs = self._batches, self._jobs
        return [
            Route("POST", f"{_OVH}/batches", batches.create_for_third_party, submits=True),
            Route("GET", f"{_OVH}/batches/{{id}}", batches.get),
            Route("GET", f"{_OVH}/batches/{{id}}/status", batches.status),
            Route("GET", f"{_OVH}/jobs", jobs.list),
            Route("GET", f"{_OVH}/jobs/{{id}}/results_link", jobs.results_link),
            Route("GET", f"{_OVH}/jobs/{{id}}/status", jobs.status),
        ]


def face(world: World) -> PasqalFace:
    """Build the face."""
    return PasqalFace(world)
