"""The wire for injected httpx transports: `MockTransport`, respx, ASGI and everybody's own."""

from __future__ import annotations

import math
import sys
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, TypeVar

import anyio
import httpx

from quantum_async.errors import NotSentError
from quantum_async.http.failures import is_network_failure, transport_error
from quantum_async.http.fence import PASSAGE
from quantum_async.http.response import Response

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Awaitable

    from quantum_async.http.response import Outgoing
    from quantum_async.http.timeouts import Timeouts

T = TypeVar("T")

_CLOSING = 5.0


class HttpxWire:
    """Carry requests on a transport that somebody else made.

    Args:
        transport: Called directly; the layers of `httpx.AsyncClient` are not involved.
    """

    def __init__(self, transport: httpx.AsyncBaseTransport) -> None:
        self._transport = transport

    async def open(self) -> None:
        """Enter the transport. Sends nothing."""
        await self._transport.__aenter__()

    async def close(self) -> None:
        """Leave the transport, within a few seconds."""
        with anyio.move_on_after(_CLOSING, shield=True):
            await self._transport.__aexit__(None, None, None)

    async def exchange(self, request: Outgoing) -> Response:
        """Send a request and read its whole answer."""
        async with self.stream(request) as download:
            return await download.complete()

    @asynccontextmanager
    async def stream(self, request: Outgoing) -> AsyncGenerator[_HttpxDownload]:
        """Send a request and hand its answer over while the body comes in."""
        total = request.timeouts.total
        deadline = math.inf if total is None else anyio.current_time() + total
        try:
            translated = _translated(request)
        except (httpx.InvalidURL, ValueError):
            raise NotSentError(
                "the address of a request cannot be read", remedy="Check the addresses."
            ) from None
        if (passage := PASSAGE.get()) is not None:
            deadline = min(deadline, anyio.current_time() + passage.leave(request.method))
        answer = await _before(deadline, self._transport.handle_async_request(translated))
        try:
            yield _HttpxDownload(answer, deadline)
        finally:
            with anyio.move_on_after(_CLOSING, shield=True):
                await answer.aclose()


class _HttpxDownload:
    def __init__(self, answer: httpx.Response, deadline: float) -> None:
        self._answer = answer
        self._deadline = deadline
        self.status = answer.status_code
        self.headers = answer.headers

    async def chunks(self) -> AsyncIterator[bytes]:
        chunks = self._answer.aiter_bytes()
        while (chunk := await _before(self._deadline, anext(chunks, None))) is not None:
            yield chunk

    async def complete(self) -> Response:
        content = b"".join([chunk async for chunk in self.chunks()])
        return Response(self.status, self.headers, content)


async def _before(deadline: float, step: Awaitable[T]) -> T:
    """Take a step of an exchange; a transport of somebody else's may know no limit for the whole."""
    before = sys.exception()
    try:
        with anyio.fail_after(deadline - anyio.current_time()):
            return await step
    except Exception as error:
        if not is_network_failure(error):
            raise
        failure = transport_error(error, before=before)
    raise failure from failure.__cause__


def _translated(request: Outgoing) -> httpx.Request:
    headers = dict(request.headers)
    if request.connection == "fresh":
        # Asks the server to close afterwards; an injected transport keeps its own connections.
        headers["Connection"] = "close"
    return httpx.Request(
        request.method,
        request.url,
        headers=headers,
        content=request.content,
        extensions={"timeout": _limits(request.timeouts)},
    )


def _limits(timeouts: Timeouts) -> dict[str, float | None]:
    return {
        "connect": timeouts.connect,
        "read": timeouts.read,
        "write": timeouts.read,
        "pool": timeouts.connect,
    }
