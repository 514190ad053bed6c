"""What is told of requests: log lines, hooks and spans."""

from __future__ import annotations

import inspect
import logging
import sys
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Protocol, TypeVar
from urllib.parse import urlsplit

from quantum_async.http.redact import redact_url
from quantum_async.http.response import request_id_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Generator, Mapping, Sequence

    from opentelemetry.trace import Span

    from quantum_async.http.dispatch import LaneName


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


@dataclass(frozen=True, slots=True)
class RequestEvent:
    """A request is about to be sent.

    Args:
        provider: Registry name of the provider.
        method: The HTTP method.
        url: The address with its secrets hidden.
        lane: Which lane it takes.
        attempt: Which attempt this is, from 1.
    """

    provider: str
    method: str
    url: str
    lane: LaneName
    attempt: int


@dataclass(frozen=True, slots=True)
class ResponseEvent:
    """A request was answered, or failed.

    Args:
        request: The request.
        status: The answer's status; `None` where no answer came.
        seconds: Time from sending to the last byte of the answer.
        request_id: The provider's id of the exchange.
        error: The failure where no answer came.
    """

    request: RequestEvent
    status: int | None
    seconds: float
    request_id: str | None = None
    error: Exception | None = None


@dataclass(frozen=True, slots=True)
class RetryEvent:
    """A failed request is going to be repeated.

    Args:
        provider: Registry name of the provider.
        method: The HTTP method.
        url: The address with its secrets hidden.
        attempt: Which attempt failed, from 1.
        seconds: Time in seconds until the next one.
        error: How it failed.
    """

    provider: str
    method: str
    url: str
    attempt: int
    seconds: float
    error: Exception


@dataclass(frozen=True, slots=True)
class EventHooks:
    """Functions of yours that are told about requests; each may be async.

    They are called in order, before the request goes on: keep them short. What they raise is
    raised to the caller.

    Args:
        request: Called before each attempt.
        response: Called after each attempt.
        retry: Called before each wait for a further attempt.

    ```python
    from quantum_async.http.telemetry import EventHooks, ResponseEvent


    def count(event: ResponseEvent) -> None:
        print(event.request.method, event.status, f"{event.seconds:.3f} s")


    hooks = EventHooks(response=[count])
    ```
    """

    request: Sequence[Callable[[RequestEvent], Awaitable[None] | None]] = field(default=())
    response: Sequence[Callable[[ResponseEvent], Awaitable[None] | None]] = field(default=())
    retry: Sequence[Callable[[RetryEvent], Awaitable[None] | None]] = field(default=())


_Event = TypeVar("_Event")


async def tell(hooks: Sequence[Callable[[_Event], Awaitable[None] | None]], event: _Event) -> None:
    """Call each hook with an event, awaiting those that are async."""
    for hook in hooks:
        told = hook(event)
        if inspect.isawaitable(told):
            await told


class Answer(Protocol):
    """The part of an answer that is reported."""

    @property
    def status(self) -> int:
        """The HTTP status."""
        ...

    @property
    def headers(self) -> Mapping[str, str]:
        """The answer's headers."""
        ...


_Answer = TypeVar("_Answer", bound=Answer)


class Observer:
    """Tells whoever listens about one session's requests.

    Args:
        provider: Registry name of the provider.
        hooks: The user's functions.
        clock: Monotonic time in seconds.
    """

    def __init__(self, provider: str, hooks: EventHooks, clock: Callable[[], float]) -> None:
        self._provider = provider
        self._hooks = hooks
        self._hooked = bool(hooks.request or hooks.response)
        self._clock = clock

    @property
    def is_listened_to(self) -> bool:
        """Whether anybody wants to know about requests."""
        return self._hooked or logger.isEnabledFor(logging.DEBUG) or is_traced()

    def event(self, method: str, url: str, lane: LaneName, attempt: int) -> RequestEvent:
        """Describe a request, without its secrets."""
        return RequestEvent(self._provider, method, redact_url(url), lane, attempt)

    async def observe(
        self,
        event: RequestEvent,
        send: Callable[[Mapping[str, str]], Awaitable[_Answer]],
        resends: int,
    ) -> _Answer:
        """Send a request, and report how it began and ended.

        Args:
            event: The request.
            send: Sends it with the further headers that it is given.
            resends: How often it has been sent before, for whatever reason.
        """
        await tell(self._hooks.request, event)
        if not is_traced():
            return await self._timed(event, send, {}, None)
        with request_span(event, resends) as (span, headers):
            return await self._timed(event, send, headers, span)

    async def _timed(
        self,
        event: RequestEvent,
        send: Callable[[Mapping[str, str]], Awaitable[_Answer]],
        headers: Mapping[str, str],
        span: Span | None,
    ) -> _Answer:
        start = self._clock()
        try:
            answer = await send(headers)
        except Exception as error:
            seconds = self._clock() - start
            await self._report(ResponseEvent(event, None, seconds, error=error), span)
            raise
        seconds = self._clock() - start
        request_id = request_id_of(answer.headers)
        await self._report(ResponseEvent(event, answer.status, seconds, request_id), span)
        return answer

    async def _report(self, event: ResponseEvent, span: Span | None) -> None:
        if span is not None:
            finish(span, event.status, event.error)
        request = event.request
        logger.debug(
            "%s: %s %s -> %s in %.0f ms (attempt %d)",
            request.provider,
            request.method,
            request.url,
            event.status if event.error is None else type(event.error).__name__,
            event.seconds * 1000,
            request.attempt,
        )
        await tell(self._hooks.response, event)

    async def retrying(self, event: RetryEvent) -> None:
        """Report that a request is going to be repeated."""
        logger.info(
            "%s: %s %s failed (attempt %d), next in %.1f s: %s",
            event.provider,
            event.method,
            event.url,
            event.attempt,
            event.seconds,
            event.error,
        )
        await tell(self._hooks.retry, event)
