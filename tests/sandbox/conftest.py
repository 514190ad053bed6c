"""A wire to the sandbox without any client of ours, and small sequences to send."""

from __future__ import annotations

import gzip
import json
from contextlib import closing
from dataclasses import dataclass
from http.client import HTTPConnection
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from quantum_async.sandbox import BlockingSandbox

PROJECT = "00000000-0000-4000-8000-000000000001"


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
        timeout: float = 10,
        **headers: str,
    ) -> Answer:
        content = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        if compress:
            content, headers["Content-Encoding"] = gzip.compress(content or b""), "gzip"
        with closing(HTTPConnection(self.address, timeout=timeout)) as connection:
            connection.request(
                method, path.removeprefix(f"http://{self.address}"), content, headers
            )
            response = connection.getresponse()
            found = {name.lower(): value for name, value in response.getheaders()}
            return Answer(response.status, found, response.read())

    def v1(self, method: str, path: str, body: Any = None, **options: Any) -> Answer:
        return self.ask(method, f"/core-fast/api/v1{path}", body, **options)

    def v2(self, method: str, path: str, body: Any = None, **options: Any) -> Answer:
        return self.ask(method, f"/core-fast/api/v2{path}", body, **options)

    def create(self, **changes: Any) -> Any:
        return self.v1("POST", "/batches", batch(**changes)).data


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
