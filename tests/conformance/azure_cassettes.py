"""Recorded traffic: cassettes of VCR.py, and a service that answers from one."""

from __future__ import annotations

import ast
import json
from collections import defaultdict, deque
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

import httpx
import yaml

IGNORED_HOSTS = ("login.", "applicationinsights", "livediagnostics", "in.ai.", "pypi.org")
IGNORED_PARAMETERS = {"test-sequence-id", "api-version", "top"}
"""What says nothing of what is asked for; ours always takes pages of the largest size."""
DEFAULTS = {("skip", "0")}
"""Parameters of a first page, which older clients left out."""

Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(eq=False)
class Exchange:
    """One recorded request and its answer."""

    method: str
    url: str
    body: bytes
    headers: dict[str, str]
    status: int
    content: bytes
    answer_headers: dict[str, str] = field(repr=False)
    is_done: bool = False

    @cached_property
    def host(self) -> str:
        return (urlsplit(self.url).hostname or "").lower()

    @cached_property
    def path(self) -> str:
        return unquote(urlsplit(self.url).path)

    @cached_property
    def query(self) -> dict[str, str]:
        return {name.lower(): value for name, value in parse_qsl(urlsplit(self.url).query)}

    @property
    def document(self):
        return json.loads(self.body) if self.body else None

    @property
    def answer(self):
        return json.loads(self.content) if self.content else None

    @property
    def is_service(self) -> bool:
        return ".quantum." in self.host or ".quantum-test." in self.host

    @property
    def is_storage(self) -> bool:
        return ".blob." in self.host

    @property
    def key(self):
        return key_of(self.method, self.url, self.body)


def key_of(method: str, url: str, body: bytes = b""):
    """What makes two requests the same: not the version, nor the order of parameters."""
    parts = urlsplit(url)
    pairs = {
        (name.lower(), value.lower())
        for name, value in parse_qsl(parts.query)
        if name.lower() not in IGNORED_PARAMETERS
    }
    host = (parts.hostname or "").lower()
    if ".blob." in host:
        # A signature is opaque; what is asked for besides is not.
        pairs = {pair for pair in pairs if pair[0] in {"restype", "comp", "marker"}}
    path = unquote(parts.path).lower()
    if path.endswith("/storage/sasuri"):
        # Many jobs ask the same address; what for stands in the body.
        pairs |= {(name, str(value)) for name, value in json.loads(body).items() if value}
    return method, host, path, frozenset(pairs - DEFAULTS)


def load(path: Path) -> list[Exchange]:
    """Read a cassette, without logins and telemetry."""
    found = yaml.load(path.read_text(encoding="utf-8"), Loader)
    exchanges = [_exchange(entry) for entry in (found or {}).get("interactions") or []]
    return [e for e in exchanges if not any(name in e.host for name in IGNORED_HOSTS)]


def _exchange(entry) -> Exchange:
    request, response = entry["request"], entry["response"]
    stored = response.get("body") or {}
    return Exchange(
        method=request["method"],
        url=request["uri"],
        body=_bytes(request.get("body")),
        headers={
            name.lower(): str(_first(v)) for name, v in (request.get("headers") or {}).items()
        },
        status=response["status"]["code"],
        content=_bytes(stored.get("string") if isinstance(stored, dict) else stored, stored=True),
        answer_headers={
            n.lower(): str(_first(v)) for n, v in (response.get("headers") or {}).items()
        },
    )


def _first(value):
    return (value or [""])[0] if isinstance(value, list) else value


def _bytes(body, *, stored: bool = False) -> bytes:
    if body is None:
        return b""
    if isinstance(body, bytes):
        return body
    # Request bodies were stored as the representation of bytes.
    if not stored and body[:2] in {"b'", 'b"'}:
        return ast.literal_eval(body)
    return str(body).encode()


class Player:
    """Answers requests from a cassette, each kind of request in the recorded order."""

    def __init__(self, exchanges: list[Exchange]) -> None:
        self._queues = defaultdict(deque)
        for exchange in exchanges:
            self._queues[exchange.key].append(exchange)
        self.asked: list[httpx.Request] = []
        self.strange: list[str] = []
        self.is_explaining = False
        """Whether further look-ups are meant for an error's words: they change no order."""

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        queue = self._queues.get(key_of(request.method, str(request.url), request.content))
        explains = self.is_explaining and request.method == "GET"
        if not queue:
            if not explains:
                self.strange.append(f"{request.method} {request.url}")
            text = json.dumps({"error": {"code": "NotRecorded", "message": "not recorded"}})
            return httpx.Response(404, text=text)
        # The last one is repeated: whoever asks more often sees the end.
        found = queue[0] if explains or len(queue) == 1 else queue.popleft()
        kept = {"www-authenticate", "retry-after", "content-type", "location"}
        headers = {n: v for n, v in found.answer_headers.items() if n in kept}
        return httpx.Response(found.status, content=found.content, headers=headers)

    def last(self, method: str, end: str) -> httpx.Request:
        """The latest request to a path with this end."""
        for request in reversed(self.asked):
            if request.method == method and unquote(request.url.path).lower().endswith(end.lower()):
                return request
        raise AssertionError(f"there was no {method} …{end}")
