"""An Azure Quantum in memory: canned answers that a test can replace, and what was asked."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import unquote

import httpx

from quantum_async.http.options import SessionOptions
from quantum_async.http.retry import NO_RETRY
from quantum_async.providers.azure.client import AzureClient
from tests.wire.azure import service as canned

BASE = "https://golden.example"

Answer = httpx.Response | Callable[[httpx.Request], httpx.Response]


class Service:
    """Answers as the service does, except where a test says otherwise."""

    def __init__(self) -> None:
        self.requests: list[dict] = []
        self._answers: dict[tuple[str, str], Answer] = {}

    def always(self, method: str, end: str, answer: Answer) -> None:
        """Answer every request to a path with this end so."""
        self._answers[method, end] = answer

    @property
    def routes(self) -> list[str]:
        """What was asked, in short."""
        return [f"{r['method']} {r['path'].removeprefix('/workspace')}" for r in self.requests]

    def __call__(self, request: httpx.Request) -> httpx.Response:
        url = request.url.raw_path.decode()
        self.requests.append(
            canned.described(request.method, url, request.headers, request.content)
        )
        path = unquote(request.url.path)
        for (method, end), answer in self._answers.items():
            if method == request.method and path.endswith(end):
                return answer if isinstance(answer, httpx.Response) else answer(request)
        status, media, content = canned.answer(request.method, url, request.content, BASE)
        headers = {"Content-Type": media} if media else {}
        return httpx.Response(status, content=content, headers=headers)


def client_of(service: Service, **changes) -> AzureClient:
    """Our client at the service in memory."""
    given = {
        "subscription_id": canned.SUBSCRIPTION,
        "resource_group": canned.GROUP,
        "name": canned.WORKSPACE,
        "endpoint": BASE,
        "api_key": canned.KEY,
        "options": SessionOptions(transport=httpx.MockTransport(service), retry=NO_RETRY),
        **changes,
    }
    return AzureClient(**given)


async def listed(items):
    """Everything that an async iterator gives."""
    return [item async for item in items]
