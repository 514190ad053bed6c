"""A Pasqal Cloud in memory: canned answers that a test can replace, and what was asked."""

from __future__ import annotations

import gzip
import json
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable
from urllib.parse import parse_qsl

import httpx

from quantum_async.http.options import SessionOptions
from quantum_async.http.retry import RetryPolicy
from quantum_async.providers.pasqal.client import PasqalClient
from quantum_async.providers.pasqal.endpoints import PasqalEndpoints, TokenEndpoint
from tests.wire.pasqal import service as canned

BASE = "http://127.0.0.1"

Answer = httpx.Response | Exception | Callable[[httpx.Request], httpx.Response] | None


class Service:
    """Answers as the service does, except where a test says otherwise."""

    def __init__(self) -> None:
        self.requests: list[dict] = []
        self._scripts: dict[tuple[str, str], deque[Answer]] = defaultdict(deque)
        self._constant: dict[tuple[str, str], Answer] = {}

    def then(self, method: str, end: str, *answers: Answer) -> None:
        """Answer the next requests to a path with this end so; ``None`` means as usual."""
        self._scripts[method, end].extend(answers)

    def always(self, method: str, end: str, answer: Answer) -> None:
        """Answer every request to a path with this end so."""
        self._constant[method, end] = answer

    def asked(self, method: str, end: str) -> list[dict]:
        """List the requests to paths with this end."""
        return [r for r in self.requests if r["method"] == method and r["path"].endswith(end)]

    @property
    def routes(self) -> list[str]:
        """What was asked, without the login."""
        found = [f"{r['method']} {r['path'].removeprefix('/core-fast')}" for r in self.requests]
        return [route for route in found if route != "POST /token"]

    def __call__(self, request: httpx.Request) -> httpx.Response | Awaitable[httpx.Response]:
        self.requests.append(described(request))
        for (method, end), script in self._scripts.items():
            if method == request.method and request.url.path.endswith(end) and script:
                return self._given(script.popleft(), request)
        for (method, end), answer in self._constant.items():
            if method == request.method and request.url.path.endswith(end):
                return self._given(answer, request)
        return self._given(None, request)

    def _given(self, answer: Answer, request: httpx.Request) -> httpx.Response:
        if answer is None:
            return httpx.Response(200, json=canned.answer(request.method, request.url.path, BASE))
        if isinstance(answer, Exception):
            raise answer
        return answer if isinstance(answer, httpx.Response) else answer(request)


def described(request: httpx.Request) -> dict:
    """Write a request down as the goldens do."""
    content = request.content
    if request.headers.get("content-encoding") == "gzip":
        content = gzip.decompress(content)
    text = content.decode()
    is_form = "form" in request.headers.get("content-type", "")
    return {
        "method": request.method,
        "path": request.url.path,
        "query": sorted(map(list, parse_qsl(request.url.query.decode()))),
        "authorization": request.headers.get("authorization"),
        "content_type": request.headers.get("content-type"),
        "body": dict(parse_qsl(text)) if is_form else json.loads(text) if text else None,
    }


def data(found: object, **envelope: object) -> httpx.Response:
    """Wrap an answer as the service does."""
    return httpx.Response(200, json={"status": "success", "code": 200, "data": found, **envelope})


def page(items: list, total: int, end: int | None) -> httpx.Response:
    """Wrap one page of a list."""
    return data(items, pagination={"total": total, "end": end})


async def no_sleep(_: float) -> None:
    """Wait for nothing."""


def endpoints(*, is_ovh: bool = False) -> PasqalEndpoints:
    """The addresses of the service in memory."""
    token = TokenEndpoint(f"{BASE}/token", "public", "https://audience", "realm")
    return PasqalEndpoints(f"{BASE}/core-fast", f"{BASE}/account", token, is_ovh)


def options(service: Service, **changes) -> SessionOptions:
    """Connections to the service in memory, which repeat themselves without waiting."""
    retry = RetryPolicy(attempts=3, first=0.0)
    transport = httpx.MockTransport(service)
    return SessionOptions(transport=transport, retry=retry, sleep=no_sleep, **changes)


def client(service: Service, **changes) -> PasqalClient:
    """A client of the service in memory."""
    given = {
        "token": "golden",
        "project_id": canned.PROJECT_ID,
        "endpoints": endpoints(),
        "options": options(service),
        "settle_delay": 0.0,
        **changes,
    }
    return PasqalClient(**given)
