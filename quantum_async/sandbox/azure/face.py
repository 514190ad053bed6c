"""Azure Quantum: which route is answered by what."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from quantum_async.sandbox.azure.blob_routes import BlobRoutes, storage_refusal
from quantum_async.sandbox.azure.desk import Desk
from quantum_async.sandbox.azure.job_routes import JobRoutes
from quantum_async.sandbox.azure.other_routes import (
    GROUP,
    LOCATION,
    SUBSCRIPTION,
    WORKSPACE,
    OtherRoutes,
)
from quantum_async.sandbox.azure.session_routes import SessionRoutes
from quantum_async.sandbox.exchange import Refusal
from quantum_async.sandbox.routing import Route, RouteTable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from quantum_async.sandbox.exchange import Reply, Request
    from quantum_async.sandbox.world import World


_VARIABLE = re.compile(r"\{(id|rest)\}")
_SHAPES = {"id": r"([^/:]+)", "rest": r"(.+)"}


class AzureTable(RouteTable):
    """All routes of the service; the first that matches answers."""

    def __init__(self, routes: list[Route]) -> None:
        self._shapes: list[tuple[re.Pattern[str], dict[str, Route]]] = []
        super().__init__(routes)

    def find(self, method: str, path: str) -> tuple[Route | None, list[str], bool]:
        """Find the route of a request.

        Returns:
            The route, what stands in its places, and whether the path exists at all.
        """
        for shape, routes in self._shapes:
            match = shape.fullmatch(path)
            if match is not None:
                return routes.get(method), list(match.groups()), True
        return None, [], False

    def _insert(self, route: Route) -> None:
        parts = _VARIABLE.split(route.pattern)
        text = "".join(
            _SHAPES[part] if place % 2 else re.escape(part) for place, part in enumerate(parts)
        )
        if route.pattern.startswith("/{id}"):
            # What begins like this is no container.
            text = "(?!/subscriptions/|/providers/)" + text
        for shape, routes in self._shapes:
            if shape.pattern == text:
                routes[route.method] = route
                return
        self._shapes.append((re.compile(text, re.IGNORECASE), {route.method: route}))


_WORKSPACE = "/subscriptions/{id}/resourceGroups/{id}/providers/Microsoft.Quantum/workspaces/{id}"
_OFFERS = "/subscriptions/{id}/providers/Microsoft.Quantum/suiteOffers/{id}"
_KEY = "x-ms-quantum-api-key"
_BAD = {"", "invalid"}


class AzureFace:
    """Azure Quantum as `quantum_async.sandbox.faces.Face` wants it.

    Args:
        world: The world it shows.
    """

    name = "azure"

    def __init__(self, world: World) -> None:
        self._desk = Desk(world)
        self._jobs = JobRoutes(self._desk)
        self._sessions = SessionRoutes(self._desk)
        self._other = OtherRoutes(self._desk)
        self._blobs = BlobRoutes(self._desk)
        self.routes: AzureTable = AzureTable(
            [*self._data_routes(), *self._session_routes(), *self._open_routes()]
        )

    def refuse(self, request: Request, refusal: Refusal) -> Reply:
        """Write a refusal as the part of the service does that was asked."""
        if request.route.pattern.startswith("/{id}"):
            return storage_refusal(refusal)
        return self._desk.write.refusal(refusal.status, refusal.code, refusal.description)

    def authenticate(self, request: Request) -> None:
        """Check the API key or the bearer token, and that a version is named."""
        given = request.header(_KEY) or request.bearer
        if given in _BAD or given in self._desk.revoked:
            raise Refusal(401, "invalid token")
        if "api-version" not in request.query:
            raise Refusal(400, "api-version is missing", "MissingApiVersionParameter")

    def revoke(self, request: Request) -> None:
        """Refuse the credentials of this request from now on."""
        if request.bearer:
            self._desk.revoked[request.bearer] = None

    def environment(self, base_url: str) -> Mapping[str, str]:
        """Give the variables that point our client here.

        The connection string is one that the vendor's client reads; it takes no other address
        than the vendor's in it, so the address comes beside it.
        """
        key = (
            f"SubscriptionId={SUBSCRIPTION};ResourceGroupName={GROUP};WorkspaceName={WORKSPACE};"
            f"ApiKey=sandbox;QuantumEndpoint=https://{LOCATION}.quantum.azure.com/;"
        )
        return {
            "AZURE_QUANTUM_CONNECTION_STRING": key,
            "QUANTUM_ASYNC_AZURE_ENDPOINT": base_url,
            "QUANTUM_ASYNC_AZURE_MANAGEMENT": base_url,
        }

    def batches_open(self, now: float) -> int:
        """Count sessions that still take jobs."""
        sessions = self._desk.sessions.values()
        for session in sessions:
            session.settle(now, self._desk.options.session_timeout)
        return sum(session.takes_jobs(now) for session in sessions)

    def configure(self) -> None:
        """Read the options again."""
        self._desk.configure()

    def reset(self) -> None:
        """Forget everything."""
        self._desk.reset()

    def _data_routes(self) -> list[Route]:
        jobs, other = self._jobs, self._other
        one = f"{_WORKSPACE}/jobs/{{id}}"
        return [
            Route("GET", f"{_WORKSPACE}/jobs", jobs.list),
            Route("PUT", one, jobs.create, submits=True),
            Route("GET", one, jobs.get),
            Route("PATCH", one, jobs.update),
            Route("DELETE", one, jobs.delete),
            Route("POST", f"{one}:cancel", jobs.cancel),
            Route("PATCH", f"{_WORKSPACE}/jobUpdateOptions/{{id}}", jobs.update),
            Route("POST", f"{_WORKSPACE}/storage/sasUri", other.sas),
            Route("GET", f"{_WORKSPACE}/providerStatus", other.provider_status),
            Route("GET", f"{_WORKSPACE}/quotas", other.quotas),
            Route("GET", f"{_WORKSPACE}/quotaUsages", other.quota_usages),
            Route("GET", f"{_OFFERS}/quotaUsages", other.suite_usages),
            Route("GET", f"{_OFFERS}/providerStatus", other.suite_status),
            Route("GET", _WORKSPACE, other.workspace),
            Route("POST", "/providers/Microsoft.ResourceGraph/resources", other.graph),
        ]

    def _session_routes(self) -> list[Route]:
        do = self._sessions
        one = f"{_WORKSPACE}/sessions/{{id}}"
        return [
            Route("GET", f"{_WORKSPACE}/sessions", do.list),
            Route("GET", f"{_WORKSPACE}/topLevelItems", do.top_level),
            Route("PUT", one, do.open, submits=True),
            Route("GET", one, do.get),
            Route("POST", f"{one}:close", do.close),
            Route("GET", f"{one}/jobs", self._jobs.of_session),
        ]

    def _open_routes(self) -> list[Route]:
        other, blobs = self._other, self._blobs
        login = "/{id}/v2.0/.well-known/openid-configuration"
        return [
            Route("GET", login, other.openid, needs_token=False),
            Route("POST", "/{id}/oauth2/v2.0/token", other.token, needs_token=False),
            Route("GET", "/{id}", blobs.get_container, needs_token=False),
            Route("HEAD", "/{id}", blobs.get_container, needs_token=False),
            Route("PUT", "/{id}", blobs.put_container, needs_token=False),
            Route("GET", "/{id}/{rest}", blobs.get, needs_token=False),
            Route("HEAD", "/{id}/{rest}", blobs.get, needs_token=False),
            Route("PUT", "/{id}/{rest}", blobs.put, needs_token=False),
            Route("DELETE", "/{id}/{rest}", blobs.delete, needs_token=False),
        ]


def face(world: World) -> AzureFace:
    """Build the face."""
    return AzureFace(world)
