"""The Pasqal service: its options, its books, and which route is answered by what."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from pydantic import BaseModel, ConfigDict

from quantum_async.sandbox.pasqal.programs import Intake, Results, storage_refusal
from quantum_async.sandbox.pasqal.routes import (
    PROJECT_ID,
    BatchRoutes,
    JobRoutes,
    OtherRoutes,
    TokenBook,
    oauth_refusal,
)
from quantum_async.sandbox.pasqal.store import Store, Writer
from quantum_async.sandbox.service import Refusal, Route, RouteTable, Service
from quantum_async.sandbox.settings import Seconds

if TYPE_CHECKING:
    from collections.abc import Mapping

    from quantum_async.sandbox.service import Reply, Request
    from quantum_async.sandbox.world import World


class PasqalOptions(BaseModel):
    """How the Pasqal service behaves where its documentation leaves it open.

    Args:
        full_results: Whether the one-call route for all results of a batch answers.
        string_codes: Whether ``code`` in an envelope is text, as some deployments write it.
        results_lag: How long after its end a job's results link stays null.
        link_lifetime: How long a results link is good for.
        open_batch_timeout: How long an open batch may be idle before it times out.
        opaque_tokens: Whether tokens are random words without ``expires_in``.
        raw: Whether results list every shot beside the counts.
        max_jobs_per_batch: How many jobs a batch takes.
    """

    model_config: ClassVar[ConfigDict] = ConfigDict(frozen=True, extra="forbid")

    full_results: bool = True
    string_codes: bool = False
    results_lag: Seconds = 0.0
    link_lifetime: Seconds = 3600.0
    open_batch_timeout: Seconds = 300.0
    opaque_tokens: bool = False
    raw: bool = False
    max_jobs_per_batch: int = 10_000


_V1, _V2 = "/core-fast/api/v1", "/core-fast/api/v2"
_OVH = f"{_V1}/third-party-access/ovh"
_TOKEN = "/auth/oauth/token"  # noqa: S105  a path
_STORAGE = ("/results/", "/workload-results/")


class PasqalService(Service):
    """Pasqal Cloud.

    Args:
        world: The world it shows.
    """

    name = "pasqal"

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.options: PasqalOptions = PasqalOptions()
        self.tokens: TokenBook = TokenBook(self.revoked)
        self.store: Store = Store(self.realm, self.options)
        self.intake: Intake = Intake(self.realm, self.store)
        self.results: Results = Results(world, self.options)
        self.write: Writer = Writer(world.clock)
        self.configure()
        self._batches = BatchRoutes(self)
        self._jobs = JobRoutes(self)
        self._other = OtherRoutes(self)
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
        return self.write.failure(refusal.status, refusal.description)

    def authenticate(self, request: Request) -> None:
        """Check the bearer token."""
        self.user(request)

    def user(self, request: Request) -> str:
        """Say who sent a request."""
        return self.tokens.check(request.bearer, request.now)

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
        return self.store.batches_open(now)

    def configure(self) -> None:
        """Read the options again."""
        self.options = PasqalOptions.model_validate(self.given_options)
        self.store.options = self.results.options = self.options
        self.write.string_codes = self.options.string_codes

    def reset(self) -> None:
        """Forget everything."""
        self.tokens = TokenBook(self.revoked)
        self.store.clear()
        super().reset()

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


SERVICE = PasqalService
