"""A sandbox in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from contextlib import ExitStack
from typing import TYPE_CHECKING, Self

from quantum_async.sandbox.remote import ControlClient

if TYPE_CHECKING:
    from types import TracebackType

    from quantum_async.sandbox.settings import SandboxSettings

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
