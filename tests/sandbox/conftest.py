"""A wire to the sandbox without any client of ours, and small sequences to send."""

from __future__ import annotations

import gzip
import json
import time
from contextlib import closing
from dataclasses import dataclass
from http.client import HTTPConnection
from typing import TYPE_CHECKING, Any

import anyio
import httpx
import pytest

from quantum_async.sandbox import SandboxSettings
from quantum_async.sandbox.server import ServiceApp
from quantum_async.sandbox.service import load_service
from quantum_async.sandbox.world import Clock, World

if TYPE_CHECKING:
    from collections.abc import Callable

    from quantum_async.sandbox import BlockingSandbox

PROJECT = "00000000-0000-4000-8000-000000000001"
LIVE = {"PENDING", "RUNNING", "PAUSED", "CANCELING"}


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def data(self) -> Any:
        assert self.status == 200, self.body
        return self.json["data"]


class Wire:
    """Plain HTTP to one service; each request on a connection of its own."""

    def __init__(self, url: str) -> None:
        self.address = url.removeprefix("http://")

    def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        token: str | None = "any",
        compress: bool = False,
        timeout: float | None = None,
        **headers: str,
    ) -> Answer:
        content = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        if compress:
            content, headers["Content-Encoding"] = gzip.compress(content or b""), "gzip"
        return self.exchange(
            method, path.removeprefix(f"http://{self.address}"), content, headers, timeout
        )

    def exchange(
        self,
        method: str,
        target: str,
        content: bytes | None,
        headers: dict[str, str],
        timeout: float | None,
    ) -> Answer:
        with closing(HTTPConnection(self.address, timeout=timeout)) as connection:
            connection.request(method, target, content, headers)
            response = connection.getresponse()
            found = {name.lower(): value for name, value in response.getheaders()}
            return Answer(response.status, found, response.read())

    def v1(self, method: str, path: str, body: Any = None, **options: Any) -> Answer:
        return self.ask(method, f"/core-fast/api/v1{path}", body, **options)

    def v2(self, method: str, path: str, body: Any = None, **options: Any) -> Answer:
        return self.ask(method, f"/core-fast/api/v2{path}", body, **options)

    def create(self, **changes: Any) -> Any:
        return self.v1("POST", "/batches", batch(**changes)).data

    def ended(self, batch: Any) -> Any:
        """Wait for a batch to end; what takes for ever is for pytest's own limit."""
        path = f"/batches/{batch['id']}/status"
        while (status := self.v1("GET", path).data)["status"] in LIVE:
            time.sleep(0.01)
        return status


class StandingWire(Wire):
    """A wire to a service in this process, whose time goes on only where a test says so."""

    def __init__(self, provider: str, **settings: Any) -> None:
        super().__init__("http://sandbox:8900")
        self.now = 1000.0
        self.slept: list[tuple[float, Any]] = []
        calm = SandboxSettings(simulate=False, parallel=True, job_spread=0, **settings)
        self.world = World(calm, Clock(lambda: self.now))
        self._service = ServiceApp(
            load_service(provider, self.world), self.world, sleep=self._sleep
        )

    async def _sleep(self, seconds: float) -> None:
        self.slept.append((seconds, self.world.realm("pasqal").jobs_created))
        self.now += seconds

    def exchange(
        self,
        method: str,
        target: str,
        content: bytes | None,
        headers: dict[str, str],
        timeout: float | None,
    ) -> Answer:
        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(self._service)
            async with httpx.AsyncClient(transport=transport) as client:
                return await client.request(
                    method, f"http://{self.address}{target}", content=content, headers=headers
                )

        answer = anyio.run(ask)
        return Answer(answer.status_code, dict(answer.headers), answer.content)


def sequence(
    *,
    atoms: int = 2,
    variables: tuple[str, ...] = (),
    mappable: bool = False,
    device: str = "FRESNEL",
) -> str:
    """Write as much of an abstract representation as a service reads before it runs it."""
    names = [f"q{place}" for place in range(atoms)]
    register = [{"qid": n} if mappable else {"name": n, "x": 0.0, "y": 0.0} for n in names]
    return json.dumps(
        {
            "version": "1",
            "name": "test",
            "register": register,
            "device": {"name": device, "max_runs": 2000},
            "variables": {name: {"type": "float", "value": [0.0]} for name in variables},
            "operations": [],
            "measurement": "ground-rydberg",
        }
    )


def batch(**changes: Any) -> dict[str, Any]:
    """Write a batch of one job, with some fields changed; ``None`` leaves one out."""
    body = {
        "sequence_builder": sequence(),
        "webhook": None,
        "jobs": [{"runs": 100}],
        "open": False,
        "device_type": "FRESNEL",
        "project_id": PROJECT,
        **changes,
    }
    return {name: value for name, value in body.items() if value is not None}


@pytest.fixture
def pasqal(blocking_sandbox: BlockingSandbox) -> Wire:
    """A wire to the Pasqal service."""
    return Wire(blocking_sandbox.url("pasqal"))


@pytest.fixture
def standing():
    """Make a wire to a service whose time goes on only where a test says so."""
    return StandingWire


@pytest.fixture
def until():
    """Look again until something is so; what never comes is for pytest's own limit."""

    def wait(is_so: Callable[[], object]) -> None:
        while not is_so():
            time.sleep(0.01)

    return wait


@pytest.fixture
def make_batch():
    """Write the body of a new batch."""
    return batch


@pytest.fixture
def make_sequence():
    """Write a sequence."""
    return sequence


@pytest.fixture
def wire_to():
    """Make a wire to any address."""
    return Wire
