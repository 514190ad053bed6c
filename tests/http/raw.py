"""A server of raw bytes, which can misbehave in every way that a network can."""

from __future__ import annotations

import socket
import struct
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import anyio
from anyio.abc import SocketAttribute
from anyio.streams.tls import TLSListener

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncIterator, Awaitable, Callable

    from anyio.abc import ByteStream

OK = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}"


@dataclass
class Peer:
    """The server's side of one connection."""

    stream: ByteStream
    heard: list[bytes]
    _buffer: bytes = b""

    async def request(self) -> bytes:
        """Read one whole request."""
        while True:
            head, end, rest = self._buffer.partition(b"\r\n\r\n")
            if end and len(rest) >= _body_length(head):
                body = rest[: _body_length(head)]
                self._buffer = rest[len(body) :]
                self.heard.append(head + end + body)
                return self.heard[-1]
            self._buffer += await self.stream.receive()

    async def some(self) -> bytes:
        """Read whatever comes first."""
        return await self.stream.receive()

    async def send(self, data: bytes) -> None:
        await self.stream.send(data)

    async def reset(self) -> None:
        """Close with an RST instead of a FIN."""
        raw = self.stream.extra(SocketAttribute.raw_socket)
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        await self.stream.aclose()


def _body_length(head: bytes) -> int:
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return int(line.partition(b":")[2])
    return 0


@dataclass
class RawServer:
    """Where a raw server listens, and what it heard."""

    port: int
    scheme: str = "http"
    heard: list[bytes] = field(default_factory=list)
    connections: int = 0

    @property
    def url(self) -> str:
        return f"{self.scheme}://localhost:{self.port}"


@asynccontextmanager
async def raw_server(
    behave: Callable[[Peer], Awaitable[None]], *, tls: ssl.SSLContext | None = None
) -> AsyncIterator[RawServer]:
    """Serve every connection with a function until the block is left."""
    listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
    server = RawServer(listener.extra(SocketAttribute.local_port), "https" if tls else "http")

    async def serve(stream: ByteStream) -> None:
        server.connections += 1
        async with stream:
            with suppress(anyio.EndOfStream, anyio.BrokenResourceError, anyio.ClosedResourceError):
                await behave(Peer(stream, server.heard))

    async with listener, anyio.create_task_group() as group:
        over = TLSListener(listener, tls, standard_compatible=False) if tls else listener
        group.start_soon(over.serve, serve)
        try:
            yield server
        finally:
            group.cancel_scope.cancel()


async def answer_always(peer: Peer) -> None:
    """Answer every request on a connection with an empty object."""
    while True:
        await peer.request()
        await peer.send(OK)
