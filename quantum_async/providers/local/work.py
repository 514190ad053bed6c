"""What a worker does: run jobs and say how each one ended."""

from __future__ import annotations

import gc
import os
import signal
import sys
import threading
from dataclasses import dataclass, field
from time import perf_counter
from typing import TYPE_CHECKING, cast

from quantum_async.errors import QuantumAsyncError
from quantum_async.simulation.run import simulate, warm_up

if TYPE_CHECKING:
    from types import ModuleType

    from quantum_async.models.result import Result
    from quantum_async.models.submission import JobSpec
    from quantum_async.simulation.checked import Checked

_WATCH_SECONDS = 1.0


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


def run_tasks(tasks: list[Task]) -> list[Outcome]:
    """Run tasks one after the other; a task that fails does not stop the rest."""
    return [_run(task) for task in tasks]


def prepare_worker(device: str) -> None:
    """Make a worker process ready for a simulator before the first task reaches it."""
    warm_up(device)
    # What was imported stays; going through all of it takes a full collection a tenth of a second.
    gc.freeze()


def start_worker() -> None:
    """Set a worker process up; called in it before anything else."""
    # Ctrl-C reaches every process of the terminal; what it means is the parent's to say.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # With this library around, Pulser compiles all of its schemas on import, which takes longer
    # than the rest of the import. A worker reads each program once and needs no such speed.
    sys.modules.setdefault("fastjsonschema", cast("ModuleType", None))
    parent = os.getppid()
    threading.Thread(target=_end_with, args=(parent,), name="parent-watch", daemon=True).start()


def _end_with(parent: int) -> None:
    # A parent that is killed closes nothing, and its workers would wait for ever.
    pause = threading.Event()
    while os.getppid() == parent:
        pause.wait(_WATCH_SECONDS)
    os._exit(1)


def _run(task: Task) -> Outcome:
    started = perf_counter()
    try:
        warm_up(task.device)
        started = perf_counter()
        result = simulate(task.job, task.device, task.checked)
    except QuantumAsyncError as error:
        return Outcome(None, _described(error), perf_counter() - started)
    except MemoryError:
        return Outcome(None, "the simulation ran out of memory", perf_counter() - started)
    except Exception as error:  # noqa: BLE001 - answered, not swallowed
        # A defect here or in a simulator must fail its own job and no other.
        message = f"{type(error).__name__}: {error}"
        return Outcome(None, message, perf_counter() - started)
    return Outcome(result, "", perf_counter() - started)


def _described(error: QuantumAsyncError) -> str:
    return f"{error} ({error.remedy})" if error.remedy else str(error)
