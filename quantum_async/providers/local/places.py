"""Where tasks run: a thread of this process, a pool of processes, somebody else's executor."""

from __future__ import annotations

import threading
from concurrent.futures import Future
from queue import SimpleQueue
from typing import TYPE_CHECKING, Protocol, TypeAlias

from quantum_async.providers.local.work import Outcome, Task, run_tasks

if TYPE_CHECKING:
    from concurrent.futures import Executor

    Order: TypeAlias = "tuple[list[Task], Future[list[Outcome]]]"


class Place(Protocol):
    """Where tasks run."""

    @property
    def slots(self) -> int:
        """How many chunks it should hold at a time, so that it never runs dry."""
        ...

    def submit(self, tasks: list[Task]) -> Future[list[Outcome]]:
        """Start tasks."""
        ...

    def close(self) -> None:
        """Stop; what runs may be abandoned."""
        ...


class ThreadPlace:
    """One thread of this process, started with its first task.

    The thread is a daemon: a simulation cannot be interrupted, and must not keep a program that
    is done from ending.
    """

    slots = 1

    def __init__(self) -> None:
        self._orders: SimpleQueue[Order | None] = SimpleQueue()
        self._thread: threading.Thread | None = None

    def submit(self, tasks: list[Task]) -> Future[list[Outcome]]:
        """Start tasks on the thread."""
        future: Future[list[Outcome]] = Future()
        self._orders.put((tasks, future))
        if self._thread is None:
            self._thread = threading.Thread(
                target=self._work, name="quantum-async-simulator", daemon=True
            )
            self._thread.start()
        return future

    def close(self) -> None:
        """Let the thread end after the task that it is running."""
        self._orders.put(None)

    def _work(self) -> None:
        while (order := self._orders.get()) is not None:
            tasks, future = order
            try:
                future.set_result(run_tasks(tasks))
            except BaseException as error:  # noqa: BLE001 - whoever waits must hear of it
                future.set_exception(error)


class ExecutorPlace:
    """An executor that the user passed in, which stays the user's.

    Args:
        executor: Any executor; tasks and outcomes are pickled where it needs that.
        slots: How many chunks it holds at a time.
    """

    def __init__(self, executor: Executor, slots: int) -> None:
        self._executor = executor
        self.slots = slots

    def submit(self, tasks: list[Task]) -> Future[list[Outcome]]:
        """Start tasks on the executor."""
        return self._executor.submit(run_tasks, tasks)

    def close(self) -> None:
        """Leave the executor as it is."""
