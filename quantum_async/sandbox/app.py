"""The ASGI application behind every port: latency, faults, counts, then the face."""

from __future__ import annotations

import socket
import struct
import sys
import traceback
from collections.abc import Awaitable
from typing import TYPE_CHECKING, cast

import anyio
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from quantum_async.sandbox.exchange import Refusal, Reply, Request, html_page
from quantum_async.sandbox.faults.book import apply_edits
from quantum_async.sandbox.faults.plan import FaultKind
from quantum_async.sandbox.routing import Route

if TYPE_CHECKING:
    from asyncio import Transport
    from collections.abc import Callable, MutableMapping

    from quantum_async.sandbox.faces import Face
    from quantum_async.sandbox.faults.book import Effects
    from quantum_async.sandbox.faults.plan import Fault
    from quantum_async.sandbox.world import World

    Scope = MutableMapping[str, object]
    Message = MutableMapping[str, object]
    Receive = Callable[[], Awaitable[Message]]
    Send = Callable[[Message], Awaitable[None]]
    Application = Callable[[Scope, Receive, Send], Awaitable[None]]


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


_BREAKS = {
    FaultKind.RESET,
    FaultKind.TIMEOUT,
    FaultKind.ACCEPT_THEN_RESET,
    FaultKind.ACCEPT_THEN_TIMEOUT,
}
_ACTS = {
    FaultKind.ACCEPT_THEN_STATUS,
    FaultKind.ACCEPT_THEN_RESET,
    FaultKind.ACCEPT_THEN_TIMEOUT,
    FaultKind.TRUNCATE,
}
_RESETS = {FaultKind.RESET, FaultKind.ACCEPT_THEN_RESET}


class Switchboard:
    """Sends each connection to what listens on its port."""

    def __init__(self, by_port: dict[int, Application]) -> None:
        self._by_port = by_port

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        _, port = cast("tuple[str, int]", scope["server"])
        await self._by_port[port](scope, receive, send)


class Service:
    """One provider's service.

    Args:
        face: The protocol it speaks.
        world: The world it shows.
        sleep: How latency and delays are waited for, in seconds.
    """

    def __init__(
        self, face: Face, world: World, *, sleep: Callable[[float], Awaitable[None]] = anyio.sleep
    ) -> None:
        self._face = face
        self._world = world
        self._sleep = sleep
        self._nowhere: dict[str, Route] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        body = await _read(receive)
        if body is None:
            return
        method = cast("str", scope["method"])
        route, ids, exists = self._face.routes.find(method, cast("str", scope["path"]))
        route = route or self._lost(method, exists=exists)
        self._world.realm(self._face.name).ledger.requests[route.label] += 1
        effects = self._world.faults.draw(self._face.name, route)
        half = self._world.settings.latency / 2
        if half or effects.delay:
            await self._sleep(half + effects.delay)
        request = self._request(scope, route, ids, body, effects)
        reply = await self._answer(request)
        if half:
            await self._sleep(half)
        decisive = effects.decisive
        if decisive is not None and (
            decisive.kind in _BREAKS or decisive.kind is FaultKind.TRUNCATE
        ):
            await _break(decisive, reply, cast("Transport", scope[TRANSPORT]), receive, send)
        else:
            await _send(reply, send)

    def _request(
        self, scope: Scope, route: Route, ids: list[str], body: bytes, effects: Effects
    ) -> Request:
        host, port = cast("tuple[str, int]", scope["server"])
        return Request(
            route=route,
            ids=ids,
            path=cast("str", scope["path"]),
            raw_query=cast("bytes", scope["query_string"]),
            raw_headers=cast("list[tuple[bytes, bytes]]", scope["headers"]),
            body=body,
            now=self._world.clock.now(),
            effects=effects,
            base_url=f"http://{host}:{port}",
        )

    async def _answer(self, request: Request) -> Reply:
        decisive = request.effects.decisive
        if decisive is None:
            reply = await self._act(request)
        elif decisive.kind in _ACTS:
            reply = await self._act(request)
            if decisive.kind is FaultKind.ACCEPT_THEN_STATUS:
                reply = self._fail(request, int(decisive.argument))
        elif decisive.kind in _BREAKS:
            reply = Reply()
        else:
            reply = self._instead(request, decisive)
        if request.effects.edits and reply.status < 300:
            reply.body = apply_edits(reply.body, request.effects.edits)
        return reply

    async def _act(self, request: Request) -> Reply:
        try:
            if request.route.needs_token:
                self._face.authenticate(request)
            reply = request.route.handler(request)
            return await reply if isinstance(reply, Awaitable) else reply
        except Refusal as refusal:
            return self._face.refuse(request, refusal)
        except Exception:  # noqa: BLE001  must show, and must not look like a provider's answer
            traceback.print_exc(file=sys.stderr)
            return Reply(500, b"the sandbox itself failed; see its output", b"text/plain")

    def _instead(self, request: Request, fault: Fault) -> Reply:
        match fault.kind:
            case FaultKind.HTML:
                return html_page(int(fault.argument))
            case FaultKind.BODY:
                code, _, text = fault.argument.partition(":")
                return Reply(int(code), text.encode())
            case FaultKind.EXPIRED_TOKEN:
                self._face.revoke(request)
                return self._fail(request, 401)
            case FaultKind.RETRY_AFTER:
                reply = self._fail(request, 429)
                header = (b"retry-after", fault.argument.encode())
                return Reply(429, reply.body, reply.media, (*reply.headers, header))
            case _:
                return self._fail(request, int(fault.argument))

    def _fail(self, request: Request, status: int) -> Reply:
        return self._face.refuse(request, Refusal(status, "a fault of the plan"))

    def _lost(self, method: str, *, exists: bool) -> Route:
        status = 405 if exists else 404

        def refuse(request: Request) -> Reply:
            raise Refusal(status, f"no such route: {request.route.method} {request.path}")

        name = f"{method if method.isalpha() and len(method) < 10 else '?'} {status}"
        if name not in self._nowhere:
            pattern = "(unknown route)" if status == 404 else "(wrong method)"
            route = Route(name.split(maxsplit=1)[0], pattern, refuse, needs_token=False)
            self._nowhere[name] = route
        return self._nowhere[name]


async def _read(receive: Receive) -> bytes | None:
    """Read the body; nothing where the connection ends in the middle of it."""
    parts: list[bytes] = []
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        parts.append(cast("bytes", message.get("body", b"")))
        if not message.get("more_body"):
            return b"".join(parts)


async def _send(reply: Reply, send: Send) -> None:
    await send({"type": "http.response.start", "status": reply.status, "headers": _head(reply)})
    await send({"type": "http.response.body", "body": reply.body})


def _head(reply: Reply) -> list[tuple[bytes, bytes]]:
    return [
        (b"content-type", reply.media),
        (b"content-length", b"%d" % len(reply.body)),
        *reply.headers,
    ]


async def _break(
    fault: Fault, reply: Reply, transport: Transport, receive: Receive, send: Send
) -> None:
    if fault.kind is FaultKind.TRUNCATE:
        await send({"type": "http.response.start", "status": reply.status, "headers": _head(reply)})
        half = reply.body[: len(reply.body) // 2]
        await send({"type": "http.response.body", "body": half, "more_body": True})
        transport.close()
    elif fault.kind in _RESETS:
        reset(transport)
    # Uvicorn complains of an unfinished answer unless the connection is known to be gone.
    while (await receive())["type"] != "http.disconnect":
        pass
