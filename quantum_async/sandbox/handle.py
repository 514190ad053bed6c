"""The sandbox as a context manager, for programs and tests."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from contextlib import AsyncExitStack, ExitStack, closing
from functools import partial
from http.client import HTTPConnection
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Self, TypeAlias, TypedDict, cast

import anyio
from anyio import to_thread

from quantum_async.sandbox.faults import PLAN, Fault
from quantum_async.sandbox.settings import SandboxSettings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from types import TracebackType
    from typing import TypeVar

    from pydantic import JsonValue

    from quantum_async.providers.base import ProviderClient

    _T = TypeVar("_T")
    FaultLike: TypeAlias = Fault | Mapping[str, object]
    Duration: TypeAlias = float | str


_TIMEOUT = 30.0


class ServiceStats(TypedDict):
    """What has happened at one service since the start or the last reset."""

    jobs_created: int
    jobs_by_status: dict[str, int]
    jobs_running: int
    batches_open: int
    requests: dict[str, int]
    duplicates: int


class JobRecord(TypedDict):
    """A job as the sandbox itself knows it; times are seconds since the epoch."""

    provider: str
    id: str
    number: int
    status: str
    shots: int
    accepted: float
    start: float
    end: float
    finished: float | None


class ServiceAddress(TypedDict):
    """Where a service listens, and the variables that point a client at it."""

    url: str
    env: dict[str, str]


class ControlClient:
    """Talks to the control plane.

    Args:
        url: Where the control plane listens.
    """

    def __init__(self, url: str) -> None:
        self._address = url.removeprefix("http://")

    def stats(self) -> dict[str, ServiceStats]:
        """Count what has happened, by provider."""
        return cast("dict[str, ServiceStats]", self._call("GET", "/stats"))

    def jobs(self, provider: str) -> list[JobRecord]:
        """List every job of a provider."""
        return cast("list[JobRecord]", self._call("GET", f"/jobs?provider={provider}"))

    def reset(self) -> None:
        """Start again as the sandbox was started."""
        self._call("POST", "/reset")

    def set_faults(self, faults: Iterable[Fault | Mapping[str, object]]) -> None:
        """Put another plan of faults in force."""
        plan = PLAN.validate_python(tuple(faults))
        self._call("PUT", "/faults", PLAN.dump_json(plan))

    def change(self, settings: Mapping[str, JsonValue]) -> None:
        """Change some settings."""
        self._call("PUT", "/settings", json.dumps(settings).encode())

    def services(self) -> dict[str, ServiceAddress]:
        """Say where each service listens and which variables point at it."""
        return cast("dict[str, ServiceAddress]", self._call("GET", "/"))

    def _call(self, method: str, path: str, body: bytes | None = None) -> object:
        with closing(HTTPConnection(self._address, timeout=_TIMEOUT)) as connection:
            connection.request(method, path, body)
            answer = connection.getresponse()
            text = answer.read()
        if answer.status >= 400:
            raise ValueError(text.decode())
        return json.loads(text) if text else None


PYTHON_VARIABLE = "QUANTUM_ASYNC_SANDBOX_PYTHON"
"""Names the interpreter that runs the sandbox; the current one by default."""

_NOT_RUNNING = "the sandbox is not running; enter its block first"
_START = 60.0
_STOP = 5.0


class SandboxProcess:
    """A sandbox as a child process, which ends with this one.

    Args:
        settings: How it behaves.
    """

    def __init__(self, settings: SandboxSettings) -> None:
        self.settings = settings
        self.urls: dict[str, str] = {}
        self._child: subprocess.Popen[str] | None = None

    @property
    def control(self) -> ControlClient:
        """The control plane.

        Raises:
            RuntimeError: The sandbox is not running.
        """
        if "control" not in self.urls:
            raise RuntimeError(_NOT_RUNNING)
        return ControlClient(self.urls["control"])

    @property
    def is_running(self) -> bool:
        """Whether it was started and not stopped."""
        return self._child is not None

    @property
    def pid(self) -> int:
        """The id of the process.

        Raises:
            RuntimeError: It is not running.
        """
        if self._child is None:
            raise RuntimeError(_NOT_RUNNING)
        return self._child.pid

    def start(self) -> None:
        """Start the process and wait until it listens.

        Raises:
            RuntimeError: It runs already, ended instead, or took too long.
        """
        if self.is_running:
            raise RuntimeError("the sandbox runs already; make another one")
        with ExitStack() as stack:
            stack.callback(self.stop)
            self._read_urls(self._spawned())
            stack.pop_all()

    def stop(self) -> None:
        """Stop the process; stopping twice has no effect."""
        self.urls.clear()
        child, self._child = self._child, None
        if child is None or child.stdin is None or child.stdout is None:
            return
        child.stdin.close()
        try:
            child.wait(_STOP)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
        child.stdout.close()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def _spawned(self) -> subprocess.Popen[str]:
        python = os.environ.get(PYTHON_VARIABLE) or sys.executable
        flags = ["--watch-stdin", "--settings", self.settings.model_dump_json()]
        self._child = subprocess.Popen(  # noqa: S603
            [python, "-m", "quantum_async.sandbox", *flags],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            # Ctrl-C is for the program: its clean-up still needs the sandbox.
            start_new_session=True,
        )
        return self._child

    def _read_urls(self, child: subprocess.Popen[str]) -> None:
        timer = threading.Timer(_START, child.kill)
        timer.start()
        try:
            for line in child.stdout or ():
                if line.strip() == "ready":
                    return
                name, _, url = line.strip().partition(" ")
                self.urls[name] = url
        finally:
            timer.cancel()
        raise RuntimeError("the sandbox did not start; its output says why")


class _Handle:
    """What both context managers have in common."""

    def __init__(
        self,
        *,
        port: int | None = None,
        latency: Duration = 0.0,
        job_time: Duration = 0.2,
        job_spread: float = 0.5,
        queue_time: Duration = 0.0,
        cancel_time: Duration = 0.0,
        seed: int = 0,
        faults: Iterable[FaultLike] = (),
        simulate: bool = True,
        parallel: bool = False,
        workers: int | None = None,
        preload: bool = False,
        token_lifetime: Duration = 86400.0,
        services: Iterable[str] = (),
        options: Mapping[str, Mapping[str, JsonValue]] | None = None,
    ) -> None:
        fields: dict[str, object] = {
            "port": port or 0,
            "latency": latency,
            "job_time": job_time,
            "job_spread": job_spread,
            "queue_time": queue_time,
            "cancel_time": cancel_time,
            "seed": seed,
            "faults": PLAN.validate_python(tuple(faults)),
            "simulate": simulate,
            "parallel": parallel,
            "preload": preload,
            "token_lifetime": token_lifetime,
            "services": tuple(services),
            "options": {name: dict(values) for name, values in (options or {}).items()},
        }
        if workers is not None:
            fields["workers"] = workers
        self._process = SandboxProcess(SandboxSettings.model_validate(fields))
        self._services: dict[str, ServiceAddress] = {}
        self._is_guest = False

    def url(self, service: str) -> str:
        """Say where a service listens, or ``"control"``; no slash at the end.

        Raises:
            KeyError: There is no such service, or the sandbox is not running.
        """
        return self._find(service)["url"]

    def env(self, provider: str) -> dict[str, str]:
        """Give the variables that point our client, and the vendor's, at a service.

        Raises:
            KeyError: There is no such service, or the sandbox is not running.
        """
        return dict(self._find(provider)["env"])

    def client(self, provider: str) -> ProviderClient:
        """Build our client of a provider, set up for this sandbox. Sends nothing.

        Args:
            provider: Registry name, such as ``"pasqal"``.

        Returns:
            The client, to be entered.

        Raises:
            KeyError: No such provider is installed, or the sandbox does not speak its protocol.
        """
        # The registry is asked by its name, because this package imports no provider.
        for entry in entry_points(group="quantum_async.providers", name=provider):
            kind: type[ProviderClient] = entry.load()
            return kind.from_env(self.env(provider))
        raise KeyError(f"no provider {provider!r} is installed")

    def _find(self, service: str) -> ServiceAddress:
        if service not in self._services:
            known = ", ".join(self._services) or "none, for it is not running"
            raise KeyError(f"the sandbox has no service {service!r}; it has {known}")
        return self._services[service]

    def _check_startable(self) -> None:
        # Not in `_start`: whoever is refused here must not stop what somebody else started.
        if self._process.is_running and not self._is_guest:
            raise RuntimeError("the sandbox runs already; make another one")

    def _start(self) -> None:
        if not self._is_guest:
            self._process.start()
            self._services = self._process.control.services()

    def _stop(self) -> None:
        if not self._is_guest:
            self._services = {}
            self._process.stop()

    def _share(self, other: _Handle) -> None:
        self._process = other._process
        self._services = other._services
        self._is_guest = True

    @property
    def _control(self) -> ControlClient:
        return self._process.control


class Sandbox(_Handle):
    """A sandbox for as long as the block lasts, in a process of its own.

    Durations are seconds, or text such as ``"20ms"``.

    Args:
        port: First of the consecutive ports; any free ones by default.
        latency: Time each answer takes, half of it before the state is read.
        job_time: Mean run time of a job.
        job_spread: A job runs between ``1 - job_spread`` and ``1 + job_spread`` times the mean.
        queue_time: Least time a job waits before it runs.
        cancel_time: How long a running job takes to stop after it was cancelled.
        seed: Makes run times, counts and faults repeat themselves.
        faults: The plan of faults.
        simulate: Whether jobs are really simulated; otherwise counts are drawn.
        parallel: Whether devices that run one job at a time run all of them at once.
        workers: Number of processes that simulate.
        preload: Whether they load the simulators at the start instead of at the first job.
        token_lifetime: How long an access token is good for.
        services: Which providers to serve; all of them by default.
        options: Settings of one provider, by its name.

    Example:
        ```python
        from quantum_async.sandbox import Sandbox


        async def count_requests():
            async with Sandbox(latency="1ms", simulate=False) as sandbox:
                return (await sandbox.stats())["pasqal"]["requests"]
        ```
    """

    @classmethod
    def attached(cls, running: BlockingSandbox) -> Self:
        """Give another hand on a sandbox that runs already; whoever started it stops it.

        Entering its block and leaving it do nothing.

        Args:
            running: The sandbox.
        """
        sandbox = cls()
        sandbox._share(running)
        return sandbox

    async def stats(self) -> dict[str, ServiceStats]:
        """Count what has happened, by provider."""
        return await _aside(self._control.stats)

    async def jobs(self, provider: str) -> list[JobRecord]:
        """List every job of a provider, as the sandbox itself knows it."""
        return await _aside(partial(self._control.jobs, provider))

    async def reset(self) -> None:
        """Forget every job and count, with the settings and faults of the start."""
        await _aside(self._control.reset)

    async def set_faults(self, faults: Iterable[FaultLike]) -> None:
        """Put another plan of faults in force, with every count at zero."""
        await _aside(partial(self._control.set_faults, faults))

    async def change(self, **settings: JsonValue) -> None:
        """Change some settings; jobs that are there keep their times.

        Args:
            **settings: Fields of `SandboxSettings`; ``options`` is merged into what was set.

        Raises:
            ValueError: A setting is wrong or fixed at the start; nothing was changed then.
        """
        await _aside(partial(self._control.change, settings))

    async def __aenter__(self) -> Self:
        self._check_startable()
        async with AsyncExitStack() as stack:
            stack.push_async_callback(self._close)
            await _aside(self._start)
            stack.pop_all()
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._close()

    async def _close(self) -> None:
        # It bounds its time itself, by killing what does not end.
        with anyio.CancelScope(shield=True):
            await _aside(self._stop)


class BlockingSandbox(_Handle):
    """The same for programs without a loop; the arguments are those of `Sandbox`.

    Example:
        ```python
        from quantum_async.sandbox import BlockingSandbox

        with BlockingSandbox(simulate=False) as sandbox:
            assert sandbox.stats()["pasqal"]["jobs_created"] == 0
        ```
    """

    def stats(self) -> dict[str, ServiceStats]:
        """Count what has happened, by provider."""
        return self._control.stats()

    def jobs(self, provider: str) -> list[JobRecord]:
        """List every job of a provider, as the sandbox itself knows it."""
        return self._control.jobs(provider)

    def reset(self) -> None:
        """Forget every job and count, with the settings and faults of the start."""
        self._control.reset()

    def set_faults(self, faults: Iterable[FaultLike]) -> None:
        """Put another plan of faults in force, with every count at zero."""
        self._control.set_faults(faults)

    def change(self, **settings: JsonValue) -> None:
        """Change some settings; jobs that are there keep their times.

        Args:
            **settings: Fields of `SandboxSettings`; ``options`` is merged into what was set.

        Raises:
            ValueError: A setting is wrong or fixed at the start; nothing was changed then.
        """
        self._control.change(settings)

    def __enter__(self) -> Self:
        self._check_startable()
        with ExitStack() as stack:
            stack.callback(self._stop)
            self._start()
            stack.pop_all()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stop()


async def _aside(call: Callable[[], _T]) -> _T:
    return await to_thread.run_sync(call)
