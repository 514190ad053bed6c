"""The HTTP server's connection, opened up far enough to break it on purpose."""

from __future__ import annotations

import socket
import struct
from typing import TYPE_CHECKING, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

if TYPE_CHECKING:
    from asyncio import Transport
    from collections.abc import MutableMapping

TRANSPORT = "quantum_async.transport"
"""Where a request's scope has its connection."""


class OpenProtocol(HttpToolsProtocol):
    """Uvicorn's own protocol, which also tells the application its transport."""

    def on_message_begin(self) -> None:
        """Begin a request."""
        super().on_message_begin()
        cast("MutableMapping[str, object]", self.scope)[TRANSPORT] = self.transport


def reset(transport: Transport) -> None:
    """Break a connection with a TCP reset, as a crashed peer does."""
    connection = transport.get_extra_info("socket")
    if connection is not None:
        linger = struct.pack("ii", 1, 0)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    transport.abort()
