"""A program that traces its requests, and prints what was traced and sent.

A process of its own, because OpenTelemetry cannot be switched off again.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping

import anyio
import httpx
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from quantum_async.errors import QuantumAsyncError
from quantum_async.http.auth import StaticAuth
from quantum_async.http.options import SessionOptions
from quantum_async.http.session import Session

traceparents: list[str | None] = []
statuses = iter((503, 401, 200))


class Renewed(StaticAuth):
    """Credentials that are good after their renewal."""

    async def refresh(self, rejected: Mapping[str, str]) -> bool:
        """Say that they are."""
        return True


class Careless(SpanProcessor):
    """A program's own processor, which has a defect."""

    def on_start(self, span, parent_context=None) -> None:
        """Fail."""
        raise LookupError

    def on_end(self, span) -> None:
        """Fail."""
        raise LookupError


async def sleep(seconds: float) -> None:
    """Do not wait."""


def answer(request: httpx.Request) -> httpx.Response:
    traceparents.append(request.headers.get("traceparent"))
    if request.url.path.endswith("again"):
        return httpx.Response(next(statuses))
    if request.url.path.endswith("gone"):
        raise httpx.ReadError("gone")
    return httpx.Response(404 if request.url.path.endswith("jobs") else 200)


async def main() -> None:
    """Make requests: one is refused, one lost, one by a presigned link, and one sent three times."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    trace.set_tracer_provider(provider)
    kinds = []
    options = SessionOptions(transport=httpx.MockTransport(answer), sleep=sleep)
    auth = Renewed({"Authorization": "Bearer hunter2"})
    async with Session(
        "https://cloud.example/api", provider="demo", options=options, auth=auth
    ) as session:
        with trace.get_tracer("mine").start_as_current_span("mine"):
            for path, query in (("/jobs", {"token": "hunter2"}), ("/gone", {})):
                try:
                    await session.create(path, query=query)
                except QuantumAsyncError as error:
                    kinds.append(type(error).__name__)
        await session.fetch_url("https://store.example/b?sig=hunter2")
        await session.read("/again")
        provider.add_span_processor(Careless())
        kinds.append((await session.read("/watched")).status)
    spans = [described(span) for span in exporter.get_finished_spans()]
    report = {"spans": spans, "traceparents": traceparents, "kinds": kinds}
    sys.stdout.write(json.dumps(report))


def described(span: ReadableSpan) -> dict[str, object]:
    """Say what a span holds, and in whose name."""
    scope = span.instrumentation_scope
    return {**json.loads(span.to_json()), "scope": (scope.name, scope.version)}


anyio.run(main)
