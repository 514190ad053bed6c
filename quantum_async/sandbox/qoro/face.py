"""The Qoro service: which route is answered by what."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quantum_async.sandbox.exchange import Reply
from quantum_async.sandbox.qoro.desk import Desk
from quantum_async.sandbox.qoro.job_routes import JobRoutes
from quantum_async.sandbox.qoro.other_routes import OtherRoutes
from quantum_async.sandbox.routing import Route, RouteTable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from quantum_async.sandbox.exchange import Refusal, Request
    from quantum_async.sandbox.routing import Handler
    from quantum_async.sandbox.world import World

_DETAILS = frozenset({401, 403, 404, 405})


class QoroFace:
    """The Qoro service as `quantum_async.sandbox.faces.Face` wants it.

    Args:
        world: The world it shows.
    """

    name = "qoro"

    def __init__(self, world: World) -> None:
        self._desk = Desk(world)
        self._jobs = JobRoutes(self._desk)
        self._other = OtherRoutes(self._desk)
        self.routes: RouteTable = RouteTable([*self._job_routes(), *self._other_routes()])

    def refuse(self, request: Request, refusal: Refusal) -> Reply:
        """Write a refusal: the framework's own have another field than the application's."""
        field = "detail" if refusal.status in _DETAILS else "error"
        return Reply.of_json({field: refusal.description}, refusal.status)

    def authenticate(self, request: Request) -> None:
        """Check the bearer token."""
        self._desk.check(request)

    def revoke(self, request: Request) -> None:
        """Refuse the token of this request from now on."""
        self._desk.revoke(request.bearer)

    def environment(self, base_url: str) -> Mapping[str, str]:
        """Give the variables that point our client here."""
        return {"QORO_API_KEY": "sandbox", "QUANTUM_ASYNC_QORO_URL": f"{base_url}/api"}

    def batches_open(self, now: float) -> int:
        """Count jobs that were opened and never completed."""
        return self._desk.store.open_jobs()

    def configure(self) -> None:
        """Read the options again."""
        self._desk.configure()

    def reset(self) -> None:
        """Forget everything."""
        self._desk.reset()

    def _job_routes(self) -> list[Route]:
        do = self._jobs
        return [
            *_both("POST", "job/init", do.open),
            *_both("POST", "job/create_failed", do.create_failed),
            *_both("POST", "job/{id}/add_circuits", do.add_circuits, submits=True),
            *_both("GET", "job/{id}/status", do.status),
            *_both("GET", "job/{id}/resultsV2", do.results),
            *_both("POST", "job/{id}/cancel", do.cancel),
            *_both("POST", "job/{id}/execution_config", do.set_config),
            *_both("GET", "job/{id}/execution_config", do.config),
            *_both("DELETE", "job/{id}", do.delete),
        ]

    def _other_routes(self) -> list[Route]:
        do = self._other
        return [
            Route("GET", "/api/", do.ping),
            Route("GET", "/api", do.ping),
            *_both("GET", "qpusystem", do.systems),
            *_both("GET", "simulatorcluster", do.clusters),
            *_both("GET", "vendor-config-blueprint", do.blueprints),
            *_both("GET", "credits", do.balance),
            *_both("GET", "credits/transactions", do.transactions),
            *_both("POST", "job/{id}/submit_qubo", do.submit_qubo, submits=True),
            *_both("GET", "job/{id}/validation_result", do.validation),
            *_both("GET", "job/{id}/validation_result/html", do.validation_page),
        ]


def _both(method: str, path: str, handler: Handler, *, submits: bool = False) -> list[Route]:
    """Make a route with and without a slash at the end."""
    return [
        Route(method, f"/api/{path}/", handler, submits=submits),
        Route(method, f"/api/{path}", handler, submits=submits),
    ]


def face(world: World) -> QoroFace:
    """Build the face."""
    return QoroFace(world)
