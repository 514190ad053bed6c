"""An IQM server in memory, which records what it is asked."""

from __future__ import annotations

import importlib.util
import itertools
import json
from pathlib import Path

import httpx

from quantum_async.http.options import SessionOptions
from quantum_async.http.retry import RetryPolicy
from quantum_async.providers.iqm.client import IQMClient

_PATH = Path(__file__).parents[2] / "wire" / "iqm" / "service.py"
_spec = importlib.util.spec_from_file_location("iqm_wire", _PATH)
wire = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(wire)


class Service:
    """Answers as `tests/wire/iqm/service.py` does, unless told otherwise."""

    def __init__(self):
        self.requests = []
        self.queued = {}

    def next(self, method, ending, *answers):
        """Queue answers to a method and the end of a path; the last one stays."""
        self.queued[method, ending] = list(answers)

    def __call__(self, request):
        path = request.url.raw_path.decode().partition("?")[0]
        self.requests.append(request)
        for (method, ending), answers in self.queued.items():
            if method == request.method and path.endswith(ending):
                found = answers.pop(0) if len(answers) > 1 else answers[0]
                if isinstance(found, Exception):
                    raise found
                return httpx.Response(*found) if isinstance(found, tuple) else found
        return httpx.Response(200, content=wire.answer(request.method, path))

    @property
    def lines(self):
        """Method and path of every request, in order."""
        return [f"{r.method} {r.url.raw_path.decode()}" for r in self.requests]

    def body(self, ending):
        """The JSON of the last request whose path ends so."""
        found = [r for r in self.requests if r.url.path.endswith(ending)]
        return json.loads(found[-1].content)


def client(service, **changes):
    """A client of it that never really sleeps."""
    clock = itertools.count()

    async def sleep(_):
        return None

    options = SessionOptions(
        transport=httpx.MockTransport(service),
        retry=RetryPolicy(first=0.0, longest=0.0),
        sleep=sleep,
        clock=changes.pop("clock", lambda: float(next(clock))),
    )
    return IQMClient("https://iqm.example", **{"token": "any", "options": options, **changes})
