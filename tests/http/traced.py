"""A program that traces its requests, and prints what was traced and sent.

A process of its own, because OpenTelemetry cannot be switched off again.
"""

from __future__ import annotations

import json
import sys

import anyio
import httpx
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from quantum_async.errors import QuantumAsyncError
from quantum_async.http.options import SessionOptions
from quantum_async.http.session import Session

traceparents: list[str | None] = []


def answer(request: httpx.Request) -> httpx.Response:
    traceparents.append(request.headers.get("traceparent"))
    if request.url.path.endswith("gone"):
        raise httpx.ReadError("gone")
    return httpx.Response(404 if request.url.path.endswith("jobs") else 200)


async def main() -> None:
    """Make a request that is refused, one that is lost, and one by a presigned link."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    trace.set_tracer_provider(provider)
    kinds = []
    options = SessionOptions(transport=httpx.MockTransport(answer))
    async with Session("https://cloud.example/api", provider="demo", options=options) as session:
        with trace.get_tracer("mine").start_as_current_span("mine"):
            for path, query in (("/jobs", {"token": "hunter2"}), ("/gone", {})):
                try:
                    await session.create(path, query=query)
                except QuantumAsyncError as error:
                    kinds.append(type(error).__name__)
        await session.fetch_url("https://store.example/b?sig=hunter2")
    spans = [json.loads(span.to_json()) for span in exporter.get_finished_spans()]
    report = {"spans": spans, "traceparents": traceparents, "kinds": kinds}
    sys.stdout.write(json.dumps(report))


anyio.run(main)
