"""The control plane: counts, faults, settings and a fresh start."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pydantic_core
from pydantic import JsonValue, TypeAdapter, ValidationError
from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.middleware import Middleware
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from quantum_async.models.job import JobStatus
from quantum_async.sandbox.faults import PLAN
from quantum_async.sandbox.settings import SandboxSettings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request
    from starlette.types import ASGIApp, Receive, Scope, Send

    from quantum_async.sandbox.service import Service
    from quantum_async.sandbox.world import World


class LocalOnly:
    """Refuse what a page in a browser makes it send, and what another name was bound to this port for.

    A form on anybody's page may post to a port of this machine without asking. The browser then
    says whose page it is; and whoever binds a name of theirs to this machine, to read what it
    tells, is given away by that name.

    Args:
        app: What is asked otherwise.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or let it pass."""
        headers = Headers(scope=scope)
        host, origin = headers.get("host", ""), headers.get("origin")
        if not _is_here(host):
            refused = _refusal(421, f"{host!r} is not this machine: use 127.0.0.1 or localhost")
        elif origin is not None and origin != f"http://{host}":
            refused = _refusal(403, f"a page of {origin!r} may not do this")
        else:
            await self._app(scope, receive, send)
            return
        await refused(scope, receive, send)


def _is_here(host: str) -> bool:
    try:
        name = urlsplit(f"//{host}").hostname or ""
        return name == "localhost" or ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


_FIXED = {"env_file", "port", "preload", "services", "workers"}
_CHANGE: TypeAdapter[dict[str, JsonValue]] = TypeAdapter(dict[str, JsonValue])
_OPTIONS: TypeAdapter[dict[str, dict[str, JsonValue]]] = TypeAdapter(
    dict[str, dict[str, JsonValue]]
)


class ControlPlane:
    """What stands behind the control port.

    Args:
        world: The world.
        services: Every service, by its name.
        urls: Where each listens.
    """

    def __init__(
        self, world: World, services: Mapping[str, Service], urls: Mapping[str, str]
    ) -> None:
        self._world = world
        self._services = services
        self._urls = urls
        self._initial = world.settings

    def application(self) -> Starlette:
        """Build the ASGI application, for programs of this machine alone."""
        return Starlette(
            middleware=[Middleware(LocalOnly)],
            routes=[
                Route("/", self.services),
                Route("/stats", self.stats),
                Route("/jobs", self.jobs),
                Route("/reset", self.reset, methods=["POST"]),
                Route("/faults", self.get_faults, methods=["GET"]),
                Route("/faults", self.put_faults, methods=["PUT"]),
                Route("/settings", self.get_settings, methods=["GET"]),
                Route("/settings", self.put_settings, methods=["PUT"]),
            ],
        )

    async def services(self, _: Request) -> Response:
        """Say where each service listens and which variables point at it."""
        return JSONResponse(
            {
                name: {"url": url, "env": dict(self._environment(name, url))}
                for name, url in self._urls.items()
            }
        )

    async def stats(self, _: Request) -> Response:
        """Count what has happened, per provider."""
        return JSONResponse({name: self._count(name) for name in self._services})

    async def jobs(self, request: Request) -> Response:
        """List every job of a provider with its times in seconds since the epoch."""
        world, wanted = self._world, request.query_params.get("provider")
        now, epoch = world.clock.now(), world.clock.epoch
        return _json(
            [
                {
                    "provider": name,
                    "id": job.id,
                    "number": job.number,
                    "status": job.status(now).value,
                    "shots": job.shots,
                    "accepted": epoch(job.accepted),
                    "start": epoch(job.start),
                    "end": epoch(job.end),
                    "finished": None if (at := job.finished(now)) is None else epoch(at),
                }
                for name, realm in world.realms.items()
                if wanted in {None, name}
                for job in realm.jobs.values()
            ]
        )

    async def reset(self, _: Request) -> Response:
        """Start again as the sandbox was started."""
        self._world.reset(self._initial)
        for service in self._services.values():
            service.reset()
        return Response(status_code=204)

    async def get_faults(self, _: Request) -> Response:
        """Show the plan of faults."""
        return Response(PLAN.dump_json(self._world.faults.plan), media_type="application/json")

    async def put_faults(self, request: Request) -> Response:
        """Replace the plan of faults."""
        try:
            plan = PLAN.validate_json(await request.body())
        except ValidationError as error:
            return _refuse(error)
        self._world.set_faults(plan)
        return Response(status_code=204)

    async def get_settings(self, _: Request) -> Response:
        """Show the settings in force."""
        settings = self._world.settings.model_dump_json()
        return Response(settings, media_type="application/json")

    async def put_settings(self, request: Request) -> Response:
        """Change the settings that are named; the others stay."""
        try:
            self._change(_CHANGE.validate_json(await request.body()))
        except ValueError as error:
            return _refuse(error)
        return Response(status_code=204)

    def _change(self, change: dict[str, JsonValue]) -> None:
        if "faults" in change:
            raise ValueError("faults are changed as a whole: PUT /faults")
        if fixed := sorted(_FIXED & change.keys()):
            raise ValueError(f"{', '.join(fixed)}: fixed for as long as the sandbox runs")
        previous = self._world.settings
        options = _merged(previous.options, _OPTIONS.validate_python(change.pop("options", {})))
        current: dict[str, JsonValue] = previous.model_dump(mode="json")
        settings = SandboxSettings.model_validate({**current, **change, "options": options})
        self._world.settings = settings
        try:
            self._configure()
        except ValueError:
            # Services that took their new options before another one refused its own go back.
            self._world.settings = previous
            self._configure()
            raise
        self._world.change(settings)

    def _configure(self) -> None:
        for service in self._services.values():
            service.configure()

    def _environment(self, name: str, url: str) -> Mapping[str, str]:
        return self._services[name].environment(url) if name in self._services else {}

    def _count(self, name: str) -> Mapping[str, JsonValue]:
        realm, now = self._world.realm(name), self._world.clock.now()
        statuses = realm.jobs_by_status(now)
        return {
            "jobs_created": realm.jobs_created,
            "jobs_by_status": dict(statuses),
            "jobs_running": statuses.get(JobStatus.RUNNING.value, 0),
            "batches_open": self._services[name].batches_open(now),
            "requests": dict(realm.ledger.requests),
            "duplicates": realm.ledger.duplicates,
        }


def _merged(
    old: Mapping[str, Mapping[str, JsonValue]], new: Mapping[str, Mapping[str, JsonValue]]
) -> dict[str, dict[str, JsonValue]]:
    return {name: {**old.get(name, {}), **new.get(name, {})} for name in {*old, *new}}


def _json(document: object) -> Response:
    return Response(pydantic_core.to_json(document), media_type="application/json")


def _refuse(error: Exception) -> Response:
    return _refusal(422, str(error))


def _refusal(status: int, why: str) -> Response:
    return JSONResponse({"error": why}, status_code=status)
