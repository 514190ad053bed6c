"""A pool of worker processes that needs no ``__main__`` guard."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

from quantum_async.providers.local.work import (
    Outcome,
    Task,
    prepare_worker,
    run_tasks,
    start_worker,
)
from quantum_async.simulation.memory import usable_bytes

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future

    from loky import ProcessPoolExecutor

_WORKER_BYTES = 700 << 20
"""What a worker with a simulator in it takes before its first job."""
# One worker per core: threads of their own would only get in each other's way.
_ENVIRONMENT = dict.fromkeys(
    ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"), "1"
)


def default_workers() -> int:
    """Count the worker processes that this machine's cores and memory allow."""
    by_memory = usable_bytes() // _WORKER_BYTES
    return max(1, min(_cores(), int(by_memory)))


def _cores() -> int:
    try:
        cores = len(os.sched_getaffinity(0))
    except AttributeError:
        cores = os.cpu_count() or 1
    try:
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text(encoding="ascii").split()
        return max(1, min(cores, round(int(quota) / int(period))))
    except (OSError, ValueError):
        return cores


class ProcessPlace:
    """Worker processes, started by fork and exec so that the user's script is not run again.

    Args:
        workers: How many.
        on_ready: Called with a device's kind and the seconds that it took, when the first worker
            has imported its simulator.
        on_failure: Called when no worker could be started.
    """

    def __init__(
        self,
        workers: int,
        on_ready: Callable[[str, float], None],
        on_failure: Callable[[], None],
    ) -> None:
        self.slots: int = 2 * workers
        self._workers = workers
        self._on_ready = on_ready
        self._on_failure = on_failure
        self._executor: ProcessPoolExecutor | None = None
        self._asked: set[str] = set()
        self._ready: set[str] = set()
        self._lock = threading.Lock()

    def is_ready(self, kind: str) -> bool:
        """Whether workers have imported the simulator of a kind."""
        return kind in self._ready

    def want(self, kind: str, device: str) -> None:
        """Start getting ready for a kind of jobs, in the background."""
        if kind in self._asked:
            return
        self._asked.add(kind)
        threading.Thread(
            target=self._start, args=(kind, device), name="quantum-async-pool", daemon=True
        ).start()

    def submit(self, tasks: list[Task]) -> Future[list[Outcome]]:
        """Start tasks on a worker."""
        future: Future[list[Outcome]] = self._running().submit(run_tasks, tasks)
        return future

    def close(self) -> None:
        """Kill the workers, whatever they do."""
        with self._lock:
            executor, self._executor = self._executor, None
            self._workers = 0
        if executor is not None:
            executor.shutdown(wait=True, kill_workers=True)

    def _running(self) -> ProcessPoolExecutor:
        from loky import ProcessPoolExecutor

        with self._lock:
            if self._executor is None:
                if not self._workers:
                    raise RuntimeError("the pool is closed")
                self._executor = ProcessPoolExecutor(
                    self._workers, initializer=start_worker, env=_ENVIRONMENT
                )
            return self._executor

    def _start(self, kind: str, device: str) -> None:
        started = monotonic()
        try:
            executor = self._running()
            firsts = [executor.submit(prepare_worker, device) for _ in range(self._workers)]
            firsts[0].result()
        except Exception:  # noqa: BLE001 - no processes, no pool: the thread does the work
            self._on_failure()
            return
        self._ready.add(kind)
        self._on_ready(kind, monotonic() - started)
