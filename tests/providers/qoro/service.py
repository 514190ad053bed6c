"""A Qoro service in memory: what was asked, and what a test wants answered."""

from __future__ import annotations

import base64
import gzip
import json
from collections import defaultdict, deque
from collections.abc import Callable

import httpx

from quantum_async.http.options import SessionOptions
from quantum_async.http.retry import RetryPolicy
from quantum_async.providers.qoro.client import QoroClient

BASE = "http://127.0.0.1/api"
JOB = "9b2f7a1e-0000-4000-8000-000000000001"

Answer = httpx.Response | Exception | Callable[[httpx.Request], httpx.Response]


class Service:
    """Answers as the service does for one job, except where a test says otherwise."""

    def __init__(self) -> None:
        self.requests: list[httpx.Request] = []
        self._scripts: dict[tuple[str, str], deque[Answer]] = defaultdict(deque)
        self.status = "COMPLETED"
        self.rows: list[dict] = []

    def then(self, method: str, end: str, *answers: Answer) -> None:
        """Answer the next requests to a path with this end so."""
        self._scripts[method, end].extend(answers)

    def asked(self, method: str, end: str) -> list[httpx.Request]:
        """List the requests to paths with this end."""
        return [r for r in self.requests if r.method == method and r.url.path.endswith(end)]

    def bodies(self, end: str) -> list[dict]:
        """List what was posted to paths with this end."""
        return [json.loads(request.content) for request in self.asked("POST", end)]

    @property
    def routes(self) -> list[str]:
        """What was asked."""
        return [f"{r.method} {r.url.path.removeprefix('/api')}" for r in self.requests]

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        for (method, end), script in self._scripts.items():
            if method == request.method and request.url.path.endswith(end) and script:
                answer = script.popleft()
                if isinstance(answer, Exception):
                    raise answer
                return answer if isinstance(answer, httpx.Response) else answer(request)
        return self._usual(request)

    def _usual(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path.removeprefix("/api").rstrip("/")
        last = path.rpartition("/")[2]
        if path == "/job/init":
            return httpx.Response(201, json={"job_id": JOB})
        if last == "status":
            return httpx.Response(200, json={"status": self.status, "run_time": "1.5"})
        if last == "resultsV2":
            return self._page(request)
        if last == "cancel":
            return httpx.Response(
                200, json={"status": "cancelled", "job_id": JOB, "circuits_cancelled": 1}
            )
        if last in TARGETS:
            return httpx.Response(200, json=TARGETS[last])
        return httpx.Response(204 if request.method == "DELETE" else 200, json={})

    def _page(self, request: httpx.Request) -> httpx.Response:
        offset, limit = (int(request.url.params[name]) for name in ("offset", "limit"))
        page = self.rows[offset : offset + limit]
        more = f"{BASE}/more" if offset + limit < len(self.rows) else None
        document = {"count": len(self.rows), "next": more, "previous": None, "results": page}
        return httpx.Response(200, json=document)


TARGETS = {
    "qpusystem": [
        {
            "name": "lab_qpu",
            "qpus": [{"nickname": "A1", "q_bits": 5, "status": "ONLINE", "new_field": 1}],
        }
    ],
    "vendor-config-blueprint": {
        "ibm": {
            "label": "IBM",
            "device": [
                {"name": "TRANSPILE_LEVEL", "kind": "number", "default": 2},
                {"name": "USE_TWIRLING", "kind": "toggle"},
                {"name": "LAYOUT", "kind": "choice", "choices": ["dense", "sabre"]},
                {"name": "NOTE", "kind": "text"},
                {"name": "NEWEST", "kind": "matrix"},
            ],
        },
        "iqm": {"label": "IQM", "device": [{"name": "LAYOUT", "kind": "number"}]},
    },
    "simulatorcluster": [{"name": "qoro_maestro"}, {"name": "gpu_cluster", "new_field": 2}],
}


async def no_sleep(_: float) -> None:
    """Wait for nothing."""


def client(service: Service, **changes) -> QoroClient:
    """A client of the service in memory, which repeats itself without waiting."""
    options = SessionOptions(
        transport=httpx.MockTransport(service),
        retry=RetryPolicy(attempts=3, first=0.0),
        sleep=no_sleep,
    )
    given = {"api_key": "golden", "url": BASE, "settle_delay": 0.01, "options": options}
    return QoroClient(**{**given, **changes})


def unpacked(text: str) -> str:
    """Read a program as it was sent."""
    return gzip.decompress(base64.b64decode(text)).decode()
