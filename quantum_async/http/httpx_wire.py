"""The wire for injected httpx transports: `MockTransport`, respx, ASGI and everybody's own."""

from __future__ import annotations

import sys
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import anyio
import httpx

from quantum_async.http.failures import is_network_failure, transport_error
from quantum_async.http.response import Response

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator

    from quantum_async.http.timeouts import Timeouts
    from quantum_async.http.wire import Outgoing

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
        answer = await self._send(request)
        try:
            yield _HttpxDownload(answer)
        finally:
            with anyio.move_on_after(_CLOSING, shield=True):
                await answer.aclose()

    async def _send(self, request: Outgoing) -> httpx.Response:
        before = sys.exception()
        try:
            return await self._transport.handle_async_request(_translated(request))
        except Exception as error:
            if not is_network_failure(error):
                raise
            failure = transport_error(error, before=before)
            raise failure from failure.__cause__


class _HttpxDownload:
    def __init__(self, answer: httpx.Response) -> None:
        self._answer = answer
        self.status = answer.status_code
        self.headers = answer.headers

    async def chunks(self) -> AsyncIterator[bytes]:
        chunks = self._answer.aiter_bytes()
        while (chunk := await self._next(chunks)) is not None:
            yield chunk

    async def _next(self, chunks: AsyncIterator[bytes]) -> bytes | None:
        before = sys.exception()
        try:
            return await anext(chunks, None)
        except Exception as error:
            if not is_network_failure(error):
                raise
            failure = transport_error(error, before=before)
            raise failure from failure.__cause__

    async def complete(self) -> Response:
        content = b"".join([chunk async for chunk in self.chunks()])
        return Response(self.status, self.headers, content)


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
