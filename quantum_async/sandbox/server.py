"""The server: every service of the sandbox in one process and one loop, on loopback only."""

from __future__ import annotations

import contextlib
import os
import shlex
import signal
import socket
import sys
import threading
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING, cast

import anyio
import uvicorn

from quantum_async.sandbox.app import OpenProtocol, Service, Switchboard
from quantum_async.sandbox.control import ControlPlane
from quantum_async.sandbox.faces import CONTROL_OFFSET, OFFSETS, load_face
from quantum_async.sandbox.world import World

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping
    from pathlib import Path

    from uvicorn._types import ASGIApplication

    from quantum_async.sandbox.app import Application
    from quantum_async.sandbox.faces import Face
    from quantum_async.sandbox.settings import SandboxSettings

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
    faces = {name: load_face(name, world) for name in settings.services or OFFSETS}
    listeners = bind(settings.port, [*faces, "control"])
    server = _server(listeners, world, faces)
    if settings.preload and settings.simulate:
        world.simulator.preload()
    try:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(_stop_on_signal, server)
            if watch_stdin:
                threading.Thread(target=_stop_on_eof, args=(server,), daemon=True).start()
            tasks.start_soon(_tell, server, settings, listeners, faces, announce)
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


def _server(listeners: list[Listener], world: World, faces: Mapping[str, Face]) -> _Server:
    urls = {listener.name: listener.url for listener in listeners}
    control = ControlPlane(world, faces, urls).application()
    by_port: dict[int, Application] = {
        listener.port: (
            cast("Application", control)
            if listener.name == "control"
            else Service(faces[listener.name], world)
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
    faces: Mapping[str, Face],
    announce: Callable[[str], None],
) -> None:
    await server.listening.wait()
    if settings.env_file is not None:
        try:
            await anyio.to_thread.run_sync(write_environment, settings.env_file, listeners, faces)
        except OSError as error:
            server.problem, server.should_exit = error, True
            return
    for listener in listeners:
        announce(f"{listener.name} {listener.url}")
    announce("ready")


def write_environment(path: Path, listeners: list[Listener], faces: Mapping[str, Face]) -> None:
    """Write the variables that point our clients at the sandbox, one ``KEY=VALUE`` a line.

    A shell can source it: a value with a shell's own characters is quoted.
    """
    lines = [
        f"{key}={shlex.quote(value)}"
        for listener in listeners
        if listener.name in faces
        for key, value in faces[listener.name].environment(listener.url).items()
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
