"""The control plane as seen from a program: plain blocking calls."""

from __future__ import annotations

import json
from contextlib import closing
from http.client import HTTPConnection
from typing import TYPE_CHECKING, TypedDict, cast

from quantum_async.sandbox.faults.plan import PLAN

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pydantic import JsonValue

    from quantum_async.sandbox.faults.plan import Fault

_TIMEOUT = 30.0


class ServiceStats(TypedDict):
    """What has happened at one service since the start or the last reset."""

    jobs_created: int
    jobs_by_status: dict[str, int]
    jobs_running: int
    batches_open: int
    requests: dict[str, int]
    duplicates: int


class JobRecord(TypedDict):
    """A job as the sandbox itself knows it; times are seconds since the epoch."""

    provider: str
    id: str
    number: int
    status: str
    shots: int
    accepted: float
    start: float
    end: float
    finished: float | None


class ServiceAddress(TypedDict):
    """Where a service listens, and the variables that point a client at it."""

    url: str
    env: dict[str, str]


class ControlClient:
    """Talks to the control plane.

    Args:
        url: Where the control plane listens.
    """

    def __init__(self, url: str) -> None:
        self._address = url.removeprefix("http://")

    def stats(self) -> dict[str, ServiceStats]:
        """Count what has happened, by provider."""
        return cast("dict[str, ServiceStats]", self._call("GET", "/stats"))

    def jobs(self, provider: str) -> list[JobRecord]:
        """List every job of a provider."""
        return cast("list[JobRecord]", self._call("GET", f"/jobs?provider={provider}"))

    def reset(self) -> None:
        """Start again as the sandbox was started."""
        self._call("POST", "/reset")

    def set_faults(self, faults: Iterable[Fault | Mapping[str, object]]) -> None:
        """Put another plan of faults in force."""
        plan = PLAN.validate_python(tuple(faults))
        self._call("PUT", "/faults", PLAN.dump_json(plan))

    def change(self, settings: Mapping[str, JsonValue]) -> None:
        """Change some settings."""
        self._call("PUT", "/settings", json.dumps(settings).encode())

    def services(self) -> dict[str, ServiceAddress]:
        """Say where each service listens and which variables point at it."""
        return cast("dict[str, ServiceAddress]", self._call("GET", "/"))

    def _call(self, method: str, path: str, body: bytes | None = None) -> object:
        with closing(HTTPConnection(self._address, timeout=_TIMEOUT)) as connection:
            connection.request(method, path, body)
            answer = connection.getresponse()
            text = answer.read()
        if answer.status >= 400:
            raise ValueError(text.decode())
        return json.loads(text) if text else None
