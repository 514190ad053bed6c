"""Running jobs: on the calling thread, or in a worker process, which can be ended at any time."""

from __future__ import annotations

import gc
import os
import select
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from pickle import PicklingError
from time import perf_counter
from typing import TYPE_CHECKING, cast

from quantum_async.errors import QuantumAsyncError
from quantum_async.simulation.run import Stopped, simulate_many, warm_up

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from types import ModuleType

    from quantum_async.models.result import Result
    from quantum_async.models.submission import JobSpec
    from quantum_async.simulation.checked import Checked


@dataclass(frozen=True, slots=True)
class Task:
    """A job and the simulator that is to run it.

    Args:
        job: The job.
        device: The simulator's name.
        checked: What checking the job has made, which another process has to make itself.
    """

    job: JobSpec
    device: str
    checked: Checked | None = field(default=None, compare=False, repr=False)

    def __reduce__(self) -> tuple[type[Task], tuple[JobSpec, str]]:
        """Pickle what another process needs."""
        return Task, (self.job, self.device)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a task ended.

    Args:
        result: What it measured, or ``None`` where it failed.
        message: Why it failed.
        seconds: How long it ran, imports not counted.
    """

    result: Result | None = None
    message: str = ""
    seconds: float = 0.0


def run_tasks(tasks: Sequence[Task], stop: Callable[[], bool] = lambda: False) -> list[Outcome]:
    """Run tasks of one simulator on the calling thread; one that fails does not stop the rest.

    Args:
        tasks: What to run; neighbours of one plan run together.
        stop: Looked at several times a second, as far as the simulator allows it.

    Raises:
        Stopped: `stop` said so.
    """
    device = tasks[0].device
    try:
        if any(task.checked is None or task.checked.plan is None for task in tasks):
            warm_up(device)
        started = perf_counter()
        found = simulate_many([(task.job, task.checked) for task in tasks], device, stop)
        seconds = (perf_counter() - started) / len(tasks)
    except Stopped:
        raise
    except Exception as error:  # noqa: BLE001 - answered, not swallowed
        return [Outcome(message=_described(error)) for _ in tasks]
    return [
        Outcome(message=_described(result), seconds=seconds)
        if isinstance(result, Exception)
        else Outcome(result, seconds=seconds)
        for result in found
    ]


def _described(error: Exception) -> str:
    if isinstance(error, QuantumAsyncError):
        return f"{error} ({error.remedy})" if error.remedy else str(error)
    if isinstance(error, MemoryError):
        return "the simulation ran out of memory"
    # A defect here or in a simulator must fail its own job and no other.
    return f"{type(error).__name__}: {error}"


_LOOK_SECONDS = 0.1
"""How often the thread that waits for a worker looks whether its job is still wanted."""
_LOOKS = 3
"""How often in a row it is not, before the worker is ended: a short job ends by itself, and
starting another process would cost more."""
_END_SECONDS = 5.0
_PROGRAM = """
import signal, sys
signal.signal(signal.SIGINT, signal.SIG_IGN)
sys.path[:] = {path!r}
from quantum_async.providers.local.worker import serve
serve({handle})
"""
"""Ctrl-C reaches every process of the terminal; what it means is the parent's to say."""
# One worker per core: threads of their own would only get in each other's way.
_ENVIRONMENT = dict.fromkeys(
    ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"), "1"
)


class Worker:
    """A process that runs tasks, one after the other. It does not run the user's script again.

    Raises:
        OSError: No process could be started.
    """

    def __init__(self) -> None:
        from multiprocessing import Pipe

        self.devices: set[str] = set()
        """The simulators that it has imported."""
        self._pipe, theirs = Pipe()
        with theirs:
            handle = theirs.fileno()
            if sys.platform == "win32":
                os.set_handle_inheritable(handle, True)  # noqa: FBT003
            self._process = subprocess.Popen(  # noqa: S603 - our own program
                [sys.executable, "-P", "-c", _PROGRAM.format(path=sys.path, handle=handle)],
                bufsize=0,
                # Nothing is written there: it closes when this process ends, however it does.
                stdin=subprocess.PIPE,
                close_fds=sys.platform != "win32",
                pass_fds=() if sys.platform == "win32" else (handle,),
                env=os.environ | _ENVIRONMENT,
            )

    def prepare(self, device: str, stop: Callable[[], bool]) -> None:
        """Import a simulator before the first task reaches it.

        Args:
            device: The simulator's name.
            stop: Whether the worker is no longer wanted.

        Raises:
            Stopped: `stop` said so.
            EOFError: The process has ended.
            OSError: The process has ended.
        """
        if device not in self.devices:
            self._pipe.send(device)
            self._answer(stop)
            self.devices.add(device)

    def run(self, tasks: Sequence[Task], stop: Callable[[], bool]) -> Iterator[Outcome]:
        """Run tasks, and yield the outcome of each as soon as it is there.

        Args:
            tasks: The tasks.
            stop: Whether the next outcome is no longer wanted.

        Raises:
            Stopped: `stop` said so for a while; the process computes on until it is ended.
            EOFError: The process has ended.
            OSError: The process has ended.
        """
        self._pipe.send(tasks)
        for _ in tasks:
            yield cast("Outcome", self._answer(stop))

    def end(self) -> None:
        """Kill the process, whatever it does; any thread may."""
        self._process.kill()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(_END_SECONDS)
        if self._process.stdin is not None:
            self._process.stdin.close()

    def _answer(self, stop: Callable[[], bool]) -> object:
        unwanted = 0
        while not self._pipe.poll(_LOOK_SECONDS):
            unwanted = unwanted + 1 if stop() else 0
            if unwanted >= _LOOKS:
                raise Stopped
        return self._pipe.recv()


def serve(handle: int) -> None:
    """Run tasks for the process that has started this one, until it ends.

    Args:
        handle: This end of the pipe between them.
    """
    if sys.platform == "win32":
        from multiprocessing.connection import PipeConnection as Connection
    else:
        from multiprocessing.connection import Connection
    _end_with_parent()
    # With this library around, Pulser compiles all of its schemas on import, which takes longer
    # than the rest of the import. A worker reads each program once and needs no such speed.
    sys.modules.setdefault("fastjsonschema", cast("ModuleType", None))
    pipe = Connection(handle)
    with suppress(EOFError, OSError):
        while True:
            order = cast("str | Sequence[Task]", pipe.recv())
            if isinstance(order, str):
                _prepare(order)
                pipe.send(None)
                continue
            for task in order:
                [outcome] = run_tasks([task])
                try:
                    pipe.send(outcome)
                except (PicklingError, TypeError, AttributeError) as error:
                    pipe.send(Outcome(message=_described(error)))


def _prepare(device: str) -> None:
    # What is missing is the task's to say.
    with suppress(QuantumAsyncError):
        warm_up(device)
    # What was imported stays; going through all of it takes a full collection a tenth of a second.
    gc.freeze()


def _end_with_parent() -> None:
    """See to it that a parent which is killed, and closes nothing, leaves no process behind."""
    if sys.platform == "linux":
        import fcntl

        # Native code may keep the interpreter's lock for hours, so it is the system that has to
        # notice the end of standard input; the signal that it then sends ends the process.
        signal.signal(signal.SIGIO, signal.SIG_DFL)
        fcntl.fcntl(0, fcntl.F_SETOWN, os.getpid())
        fcntl.fcntl(0, fcntl.F_SETFL, fcntl.fcntl(0, fcntl.F_GETFL) | os.O_ASYNC)
        if select.select([0], [], [], 0)[0]:
            os._exit(1)
    else:
        threading.Thread(target=_wait_for_end, name="parent-watch", daemon=True).start()


def _wait_for_end() -> None:
    os.read(0, 1)
    os._exit(1)
