"""OpenTelemetry spans of requests, where the program has set OpenTelemetry up."""

from __future__ import annotations

import logging
import sys
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from opentelemetry.trace import Span

    from quantum_async.http.telemetry import RequestEvent

logger: logging.Logger = logging.getLogger("quantum_async.http")


def is_traced() -> bool:
    """Say whether spans would be seen by anybody.

    Somebody who has set tracing up has imported its API: it is never imported from here.
    """
    api = sys.modules.get("opentelemetry.trace")
    if api is None:
        return False
    return not isinstance(api.get_tracer_provider(), api.ProxyTracerProvider)


@cache
def _version() -> str:
    from importlib.metadata import version

    return version("quantum_async")


def started(make: Callable[[], Span]) -> Span:
    """Make a span, or one that shows nothing where the program's own set-up fails.

    A sampler or a span processor with a defect costs spans, and never a job.

    Args:
        make: Makes it.
    """
    try:
        return make()
    except Exception as error:  # noqa: BLE001 -- whatever the program's classes raise
        from opentelemetry.trace import INVALID_SPAN

        logger.warning("a span could not be begun: %r", error)
        return INVALID_SPAN


def ended(span: Span) -> None:
    """End a span, whatever the program's own set-up makes of it."""
    try:
        span.end()
    except Exception as error:  # noqa: BLE001 -- whatever the program's classes raise
        logger.warning("a span could not be ended: %r", error)


@contextmanager
def request_span(event: RequestEvent, resends: int) -> Generator[tuple[Span, dict[str, str]]]:
    """Open a client span and make the headers that carry it to the provider.

    Args:
        event: The request.
        resends: How often it has been sent before.
    """
    from opentelemetry import context, propagate, trace

    tracer = trace.get_tracer("quantum_async.http", _version())
    place = urlsplit(event.url)
    attributes: dict[str, str | int] = {
        "http.request.method": event.method,
        "url.full": event.url,
        "server.address": place.hostname or "",
        "server.port": place.port or (80 if place.scheme == "http" else 443),
        "quantum_async.provider": event.provider,
        "quantum_async.lane": event.lane,
    }
    if resends:
        # The conventions want it on repetitions only.
        attributes["http.request.resend_count"] = resends
    # `finish` writes the kind of an error alone: its text may quote what a provider answered.
    span = started(
        lambda: tracer.start_span(event.method, kind=trace.SpanKind.CLIENT, attributes=attributes)
    )
    token = context.attach(trace.set_span_in_context(span))
    try:
        carrier: dict[str, str] = {}
        propagate.inject(carrier)
        yield span, carrier
    finally:
        context.detach(token)
        ended(span)


def finish(span: Span, status: int | None, error: Exception | None) -> None:
    """Write an attempt's outcome into its span.

    Args:
        span: The span, still open.
        status: The answer's status, where one came.
        error: The failure, where none came.
    """
    from opentelemetry.trace import Status, StatusCode

    if status is not None:
        span.set_attribute("http.response.status_code", status)
    kind = type(error).__name__ if error is not None else str(status)
    if error is not None or (status is not None and status >= 400):
        span.set_attribute("error.type", kind)
        span.set_status(Status(StatusCode.ERROR))
