"""IQM: which route is answered by what."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quantum_async.sandbox.chance import uniform
from quantum_async.sandbox.exchange import Refusal, Reply
from quantum_async.sandbox.iqm.account_routes import AccountRoutes
from quantum_async.sandbox.iqm.computer_routes import ComputerRoutes
from quantum_async.sandbox.iqm.desk import Desk
from quantum_async.sandbox.iqm.job_routes import JobRoutes
from quantum_async.sandbox.iqm.legacy_routes import LegacyRoutes
from quantum_async.sandbox.routing import Route, RouteTable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from quantum_async.sandbox.exchange import Request
    from quantum_async.sandbox.world import World

_API = "/api/v1"
_LATEST = "/api/latest"
_COCOS = "/cocos"
_REALM = "/realms/cortex/protocol/openid-connect"
_CODES = {
    400: "bad_request",
    401: "unauthorized",
    403: "forbidden",
    404: "not_found",
    409: "conflict",
    413: "request_payload_too_large",
    422: "validation_error",
    429: "rate_limit_exceeded",
}


class IQMFace:
    """IQM as `quantum_async.sandbox.faces.Face` wants it.

    Args:
        world: The world it shows.
    """

    name = "iqm"

    def __init__(self, world: World) -> None:
        self._desk = Desk(world)
        self._jobs = JobRoutes(self._desk)
        self._computers = ComputerRoutes(self._desk)
        self._account = AccountRoutes(self._desk)
        self._legacy = LegacyRoutes(self._desk)
        self._refusals = 0
        self.routes: RouteTable = self._table()

    def refuse(self, request: Request, refusal: Refusal) -> Reply:
        """Write a refusal as the part of the service does that was asked."""
        if request.path.startswith("/realms/"):
            document = {"error": refusal.code, "error_description": refusal.description}
            return Reply.of_json(document, refusal.status)
        if request.path.startswith(_COCOS):
            return Reply.of_json({"detail": refusal.description}, refusal.status)
        code = refusal.code or _CODES.get(refusal.status, "internal_error")
        self._refusals += 1
        seed = self._desk.world.settings.seed
        name = f"req-{int(uniform(seed, 'request', self._refusals) * 2**32):08x}"
        return Reply.of_json(
            {
                "error_code": code,
                "message": refusal.description,
                "request_id": name,
                "details": {"path": request.path},
            },
            refusal.status,
        )

    def authenticate(self, request: Request) -> None:
        """Check the bearer token."""
        self._desk.check_token(request)

    def revoke(self, request: Request) -> None:
        """Refuse the token of this request from now on."""
        self._desk.tokens.revoke(request.bearer)

    def environment(self, base_url: str) -> Mapping[str, str]:
        """Give the variables that point our client, and the vendor's, here."""
        return {
            "IQM_SERVER_URL": base_url,
            "IQM_TOKEN": "sandbox-token",
            "IQM_QUANTUM_COMPUTER": self._desk.chips[0].alias,
        }

    def batches_open(self, now: float) -> int:
        """Count none: there are no batches."""
        return 0

    def configure(self) -> None:
        """Read the options again."""
        self._desk.configure()
        self.routes = self._table()

    def reset(self) -> None:
        """Forget everything."""
        self._desk.reset()
        self.routes = self._table()

    def _table(self) -> RouteTable:
        generations = self._desk.options.generations
        routes: list[Route] = []
        if "v1" in generations:
            for prefix in (_API, _LATEST):
                routes += [*self._job_routes(prefix), *self._computer_routes(prefix)]
            routes += self._root_routes()
        if "legacy" in generations:
            routes += [*self._legacy_routes(), *self._login_routes()]
        return RouteTable(routes)

    def _job_routes(self, prefix: str) -> list[Route]:
        do, jobs = self._jobs, f"{prefix}/jobs"
        return [
            Route("POST", f"{jobs}/{{id}}/{{id}}", do.submit, submits=True),
            Route("GET", f"{jobs}/{{id}}", do.get),
            Route("GET", f"{jobs}/{{id}}/payload", do.payload),
            Route("GET", f"{jobs}/{{id}}/artifacts/{{id}}", do.artifact),
            Route("POST", f"{jobs}/{{id}}/cancel", do.cancel),
            Route("DELETE", f"{jobs}/{{id}}", do.delete),
        ]

    def _computer_routes(self, prefix: str) -> list[Route]:
        do, account = self._computers, self._account
        one = f"{prefix}/quantum-computers/{{id}}"
        calibration = f"{prefix}/calibration-sets/{{id}}/{{id}}"
        return [
            Route("GET", f"{prefix}/quantum-computers", do.list),
            Route("GET", f"{one}/health", do.health),
            Route("GET", f"{one}/limits", do.limits),
            Route("GET", f"{one}/queue-availability", do.queue),
            Route("GET", f"{one}/timeslots", account.timeslots),
            Route("POST", f"{one}/timeslots", account.book),
            Route("GET", f"{one}/artifacts/{{id}}", do.artifact),
            Route("GET", calibration, do.calibration_set),
            Route("GET", f"{calibration}/dynamic-quantum-architecture", do.architecture),
            Route("GET", f"{calibration}/metrics", do.metrics),
            Route("GET", f"{prefix}/tokens", account.tokens),
            Route("POST", f"{prefix}/tokens/current/refresh", account.refresh),
            Route("POST", f"{prefix}/tokens/current/activate", account.activate),
            Route("POST", f"{prefix}/tokens/{{id}}/revoke", account.revoke),
            Route("GET", f"{prefix}/about", do.about),
        ]

    def _root_routes(self) -> list[Route]:
        do = self._computers
        return [
            Route("GET", "/about", do.about),
            Route("GET", "/api/versions", do.versions, needs_token=False),
        ]

    def _legacy_routes(self) -> list[Route]:
        do, jobs = self._legacy, f"{_COCOS}/jobs"
        calibration = f"{_COCOS}/api/v1/calibration/{{id}}"
        return [
            Route("POST", jobs, do.submit, submits=True),
            Route("GET", f"{jobs}/{{id}}", do.get),
            Route("GET", f"{jobs}/{{id}}/status", do.status),
            Route("GET", f"{jobs}/{{id}}/counts", do.counts),
            Route("POST", f"{jobs}/{{id}}/abort", do.abort),
            Route("DELETE", f"{jobs}/{{id}}", do.delete),
            Route("GET", f"{_COCOS}/quantum-architecture", do.architecture),
            Route("GET", f"{_COCOS}/api/v1/quantum-architecture", do.static_architecture),
            Route("GET", f"{calibration}/gates", do.gates),
            Route("GET", calibration, do.calibration_set),
            Route("GET", f"{_COCOS}/calibration/metrics/{{id}}", do.metrics),
            Route("GET", f"{_COCOS}/info/client-libraries", do.libraries),
            Route("GET", f"{_COCOS}/about", do.about),
            Route("GET", f"{_COCOS}/health", do.health),
        ]

    def _login_routes(self) -> list[Route]:
        do = self._legacy
        return [
            Route("POST", f"{_REALM}/token", do.token, needs_token=False),
            Route("POST", f"{_REALM}/logout", do.logout, needs_token=False),
        ]


def face(world: World) -> IQMFace:
    """Build the face."""
    return IQMFace(world)
