"""The server: every service in one process and one loop, on loopback only, with its latency and faults."""

from __future__ import annotations

import contextlib
import os
import shlex
import signal
import socket
import struct
import sys
import threading
import traceback
from collections.abc import Awaitable
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING, cast

import anyio
import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from quantum_async.sandbox.control import ControlPlane
from quantum_async.sandbox.faults import FaultKind, apply_edits
from quantum_async.sandbox.service import Refusal, Reply, Request, Route, html_page, load_service
from quantum_async.sandbox.settings import CONTROL_OFFSET, OFFSETS
from quantum_async.sandbox.world import World

if TYPE_CHECKING:
    from asyncio import Transport
    from collections.abc import Callable, Generator, Mapping, MutableMapping
    from pathlib import Path

    from uvicorn._types import ASGIApplication

    from quantum_async.sandbox.faults import Effects, Fault
    from quantum_async.sandbox.service import Service
    from quantum_async.sandbox.settings import SandboxSettings


if TYPE_CHECKING:
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


class ServiceApp:
    """One provider's service.

    Args:
        service: The protocol it speaks.
        world: The world it shows.
        sleep: How latency and delays are waited for, in seconds.
    """

    def __init__(
        self,
        service: Service,
        world: World,
        *,
        sleep: Callable[[float], Awaitable[None]] = anyio.sleep,
    ) -> None:
        self._service = service
        self._world = world
        self._sleep = sleep
        self._nowhere: dict[str, Route] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        body = await _read(receive)
        if body is None:
            return
        method = cast("str", scope["method"])
        route, ids, exists = self._service.routes.find(method, cast("str", scope["path"]))
        route = route or self._lost(method, exists=exists)
        self._world.realm(self._service.name).ledger.requests[route.label] += 1
        effects = self._world.faults.draw(self._service.name, route)
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
                self._service.authenticate(request)
            reply = request.route.handler(request)
            return await reply if isinstance(reply, Awaitable) else reply
        except Refusal as refusal:
            return self._service.refuse(request, refusal)
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
                self._service.revoke(request)
                return self._fail(request, 401)
            case FaultKind.RETRY_AFTER:
                reply = self._fail(request, 429)
                header = (b"retry-after", fault.argument.encode())
                return Reply(429, reply.body, reply.media, (*reply.headers, header))
            case _:
                return self._fail(request, int(fault.argument))

    def _fail(self, request: Request, status: int) -> Reply:
        return self._service.refuse(request, Refusal(status, "a fault of the plan"))

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


_HOST = "127.0.0.1"
_SECOND_HOSTS = {"azure": "127.0.0.2"}
"""Further loopback addresses: Azure's storage client takes 127.0.0.1 for an emulator."""
_BACKLOG = 4096
_KEEP_ALIVE = 75


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listening = anyio.Event()
        self.problem: OSError | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.listening.set()

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        # Signals are ours: uvicorn would raise them again after a clean stop.
        yield


@dataclass(frozen=True, slots=True)
class Listener:
    """A service that listens.

    Args:
        name: The provider, or ``"control"``.
        socket: Its socket, bound.
    """

    name: str
    socket: socket.socket

    @property
    def port(self) -> int:
        """Its port."""
        port: int = self.socket.getsockname()[1]
        return port

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://{_HOST}:{self.port}"


def serve(settings: SandboxSettings, *, watch_stdin: bool = False) -> None:
    """Run the sandbox until SIGINT or SIGTERM; prints a line per service, then ``ready``.

    Args:
        settings: How it behaves.
        watch_stdin: Whether to stop when standard input ends, as it does when a parent dies.

    Raises:
        OSError: A port is taken, or the file of variables cannot be written.
        ValueError: An option of a service is wrong.
    """
    fast = {"use_uvloop": find_spec("uvloop") is not None}
    anyio.run(run, settings, _announce, watch_stdin, backend_options=fast)


async def run(
    settings: SandboxSettings,
    announce: Callable[[str], None],
    watch_stdin: bool = False,  # noqa: FBT001, FBT002  anyio.run passes no keywords
) -> None:
    """Run the sandbox on this loop until a signal comes.

    Args:
        settings: How it behaves.
        announce: Takes each line that says where a service listens, and ``ready``.
        watch_stdin: Whether to stop when standard input ends.

    Raises:
        OSError: A port is taken, or the file of variables cannot be written.
        ValueError: An option of a service is wrong.
    """
    world = World(settings)
    services = {name: load_service(name, world) for name in settings.services or OFFSETS}
    listeners = bind(settings.port, [*services, "control"])
    server = _server(listeners, world, services)
    if settings.preload and settings.simulate:
        world.simulator.preload()
    try:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(_stop_on_signal, server)
            if watch_stdin:
                threading.Thread(target=_stop_on_eof, args=(server,), daemon=True).start()
            tasks.start_soon(_tell, server, settings, listeners, services, announce)
            sockets = [listener.socket for listener in listeners]
            await server.serve(sockets=[*sockets, *second_sockets(listeners)])
            tasks.cancel_scope.cancel()
        if server.problem is not None:
            raise server.problem
    finally:
        world.simulator.stop()


def bind(port: int, names: list[str]) -> list[Listener]:
    """Bind a socket for each service.

    Args:
        port: First of the consecutive ports; 0 takes any free ones.
        names: The services.

    Raises:
        OSError: A port is taken; those bound so far are released.
    """
    listeners: list[Listener] = []
    try:
        for name in names:
            offset = OFFSETS.get(name, CONTROL_OFFSET)
            listeners.append(Listener(name, _bound(port + offset if port else 0)))
    except OSError:
        for listener in listeners:
            listener.socket.close()
        raise
    return listeners


def second_sockets(listeners: list[Listener]) -> list[socket.socket]:
    """Bind the same ports on further loopback addresses, where this machine has them."""
    found = []
    for listener in listeners:
        if listener.name in _SECOND_HOSTS:
            with contextlib.suppress(OSError):
                found.append(_bound(listener.port, _SECOND_HOSTS[listener.name]))
    return found


def _bound(port: int, host: str = _HOST) -> socket.socket:
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((host, port))
    except OSError as error:
        bound.close()
        raise OSError(error.errno, f"port {port} of {host}: {error.strerror}") from error
    return bound


def _server(listeners: list[Listener], world: World, services: Mapping[str, Service]) -> _Server:
    urls = {listener.name: listener.url for listener in listeners}
    control = ControlPlane(world, services, urls).application()
    by_port: dict[int, Application] = {
        listener.port: (
            cast("Application", control)
            if listener.name == "control"
            else ServiceApp(services[listener.name], world)
        )
        for listener in listeners
    }
    config = uvicorn.Config(
        cast("ASGIApplication", Switchboard(by_port)),
        http=OpenProtocol,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        backlog=_BACKLOG,
        timeout_keep_alive=_KEEP_ALIVE,
        timeout_graceful_shutdown=1,
    )
    return _Server(config)


async def _tell(
    server: _Server,
    settings: SandboxSettings,
    listeners: list[Listener],
    services: Mapping[str, Service],
    announce: Callable[[str], None],
) -> None:
    await server.listening.wait()
    if settings.env_file is not None:
        try:
            await anyio.to_thread.run_sync(
                write_environment, settings.env_file, listeners, services
            )
        except OSError as error:
            server.problem, server.should_exit = error, True
            return
    for listener in listeners:
        announce(f"{listener.name} {listener.url}")
    announce("ready")


def write_environment(
    path: Path, listeners: list[Listener], services: Mapping[str, Service]
) -> None:
    """Write the variables that point our clients at the sandbox, one ``KEY=VALUE`` a line.

    A shell can source it: a value with a shell's own characters is quoted.
    """
    lines = [
        f"{key}={shlex.quote(value)}"
        for listener in listeners
        if listener.name in services
        for key, value in services[listener.name].environment(listener.url).items()
    ]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


async def _stop_on_signal(server: _Server) -> None:
    with anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
        async for _ in signals:
            # A second signal does not wait for answers under way.
            server.force_exit = server.should_exit
            server.should_exit = True


def _stop_on_eof(server: _Server) -> None:
    # Not through the buffer: a thread that waits in it aborts the interpreter at its exit.
    while os.read(sys.stdin.fileno(), 4096):
        pass
    server.should_exit = True


def _announce(line: str) -> None:
    print(line, flush=True)  # noqa: T201  the lines are the command's output
