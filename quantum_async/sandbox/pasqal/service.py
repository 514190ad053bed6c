"""The Pasqal service: its options, its books, and which route is answered by what."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from pydantic import BaseModel, ConfigDict

from quantum_async.sandbox.pasqal.programs import Intake, Results, storage_refusal
from quantum_async.sandbox.pasqal.routes import (
    PROJECT_ID,
    TOKEN,
    BatchRoutes,
    JobRoutes,
    OtherRoutes,
    TokenBook,
    oauth_refusal,
)
from quantum_async.sandbox.pasqal.store import Store, Writer
from quantum_async.sandbox.service import Refusal, RouteTable, Service, routes_of
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
        self.routes: RouteTable = RouteTable(
            routes_of(BatchRoutes(self), JobRoutes(self), OtherRoutes(self))
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
            "QUANTUM_ASYNC_PASQAL_TOKEN_URL": f"{base_url}{TOKEN}",
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


SERVICE = PasqalService
