"""The engine: decides where each job runs, and keeps every place busy.

One small job runs on a thread of this process. A pool of processes is started, in the background
and while the thread works on, once the jobs that are waiting or announced make it pay. Jobs that
would stop the event loop, because native code holds the interpreter's lock, and jobs that need a
process of their own go to the pool in any case.
"""

from __future__ import annotations

import threading
from collections import Counter, defaultdict, deque
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from queue import SimpleQueue
from statistics import median
from typing import TYPE_CHECKING, Protocol, TypeAlias

from quantum_async.models.job import JobState, JobStatus
from quantum_async.providers.local.pool import ProcessPlace, default_workers
from quantum_async.providers.local.record import RUNNING, LocalJob
from quantum_async.providers.local.work import Outcome, Task, run_tasks
from quantum_async.simulation.devices import ANALOG_DEVICE
from quantum_async.simulation.memory import usable_bytes
from quantum_async.simulation.run import is_warm

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence
    from concurrent.futures import Executor
    from contextlib import AbstractContextManager
    from threading import RLock

    Order: TypeAlias = "tuple[list[Task], Future[list[Outcome]]]"


class Outlook:
    """What callers say is going to come, and what is on its way from them.

    Submissions are prepared side by side and a small one overtakes the large ones sent before it;
    its own hint would tell of nothing to come.

    Args:
        lock: Guards the figures.
    """

    def __init__(self, lock: RLock) -> None:
        self._lock = lock
        self._hints: dict[str, int] = {}
        self._on_their_way: Counter[str] = Counter()

    @contextmanager
    def announced(self, kind: str, jobs: int, expected: int) -> Generator[Arrival]:
        """Count jobs as coming until they have arrived, or are given up.

        Args:
            kind: ``"analog"`` or ``"circuits"``.
            jobs: How many are being prepared.
            expected: How many more the caller is going to send after them.
        """
        arrival = Arrival(self, kind, jobs)
        with self._lock:
            self._hints[kind] = expected
            self._on_their_way[kind] += jobs
        try:
            yield arrival
        finally:
            arrival.note()

    def coming(self, kind: str) -> int:
        """Say how many jobs of a kind are still to come."""
        with self._lock:
            return self._hints.get(kind, 0) + self._on_their_way[kind]

    def forget(self) -> None:
        """Trust no hint given so far: its jobs may have been cancelled."""
        with self._lock:
            self._hints.clear()

    def arrived(self, kind: str, jobs: int) -> None:
        """Take jobs off those that are on their way."""
        with self._lock:
            self._on_their_way[kind] -= jobs


class Arrival:
    """Jobs on their way to the engine."""

    def __init__(self, outlook: Outlook, kind: str, jobs: int) -> None:
        self._outlook = outlook
        self._kind = kind
        self._jobs = jobs

    def note(self) -> None:
        """Count the jobs as arrived; once is enough."""
        jobs, self._jobs = self._jobs, 0
        self._outlook.arrived(self._kind, jobs)


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


_MEMORY = 15
_FEWEST = 3
"""How many jobs must have run: the first one also pays for translating its program."""
_SLOWEST = 8.0
"""By how much a guess may be wrong; beyond, the machine is busy with something else."""
_EFFICIENCY = 0.85
"""How much of a further core each further process turns into speed (measured: 0.83 to 0.97)."""
_MARGIN = 1.5
"""How many start-up times of serial work justify a pool that starts while work goes on."""
_CHUNK_SECONDS = 0.15
_LARGEST_CHUNK = 64


class Pace:
    """Learn how fast jobs run and judge by it.

    Every job comes with a guess of its duration. What is learnt is by how much the guesses are
    wrong on this machine, separately for circuits and sequences.

    Args:
        workers: How many processes a pool would have.
    """

    def __init__(self, workers: int) -> None:
        self.workers = workers
        self._ratios: dict[str, deque[float]] = defaultdict(lambda: deque(maxlen=_MEMORY))
        # Pulser and Qiskit are there since the program was checked; a worker imports them as well.
        self._start_up = {"analog": 3.0, "circuits": 1.2}
        self._import = {"analog": 0.5, "circuits": 0.3}

    def learn(self, kind: str, guessed: float, seconds: float) -> None:
        """Take note of how long a job really ran."""
        self._ratios[kind].append(seconds / max(guessed, 1e-6))

    def learn_start_up(self, kind: str, seconds: float) -> None:
        """Take note of how long a pool took to get ready."""
        self._start_up[kind] = seconds

    def seconds(self, kind: str, guessed: float) -> float:
        """Correct a guess by what was learnt."""
        return guessed * self.ratio(kind)

    def ratio(self, kind: str) -> float:
        """By how much guesses are too short."""
        ratios = self._ratios[kind]
        if len(ratios) < _FEWEST:
            return 1.0
        return min(_SLOWEST, max(1 / _SLOWEST, median(ratios)))

    def pool_pays(self, kind: str, jobs: int, guessed: float, *, is_warm: bool) -> bool:
        """Judge whether a pool shortens the wait for jobs that are still to be run.

        Args:
            kind: ``"analog"`` or ``"circuits"``.
            jobs: How many there are.
            guessed: The guessed seconds of one of them.
            is_warm: Whether this process has imported the simulator. Where it has, work goes on
                here while the pool starts; where not, nothing runs before the pool does.
        """
        gain = min(self.workers, jobs) * _EFFICIENCY
        if self.workers < 2 or gain <= 1:
            return False
        serial = jobs * self.seconds(kind, guessed)
        if is_warm:
            return serial > _MARGIN * self._start_up[kind]
        return serial * (1 - 1 / gain) > self._start_up[kind] - self._import[kind]

    def chunk(self, kind: str, waiting: int, guessed: float) -> int:
        """Say how many jobs to give to a worker at a time."""
        by_time = int(_CHUNK_SECONDS / max(self.seconds(kind, guessed), 1e-6))
        by_share = -(-waiting // (2 * self.workers))
        return max(1, min(by_time, by_share, _LARGEST_CHUNK))


_GRIP = 0.025
"""Longest time in seconds for which a job may stop the event loop's thread."""
_SLOWER = 2.0
"""How much slower than guessed a small job may be and still not be worth a process."""
_EXECUTOR_SLOTS = 256
_ATTEMPTS = 2
_LOST = "the worker process ended unexpectedly, twice; it may have run out of memory"


@dataclass(eq=False, slots=True)
class _Chunk:
    jobs: list[LocalJob]
    kind: str
    place: Place
    is_suspect: bool = False

    @property
    def size(self) -> int:
        return max(job.effort.size for job in self.jobs)


class _Changed(Protocol):
    def __call__(self, jobs: Sequence[LocalJob]) -> None: ...


class Engine:
    """Runs jobs; thread-safe, and without an event loop of its own.

    Args:
        lock: Guards the jobs' records.
        on_change: Called with the lock held, when jobs have moved.
        executor: Where everything runs, if the user says so.
        workers: How many worker processes; by default as many as cores and memory allow.
    """

    def __init__(
        self,
        lock: threading.RLock,
        on_change: _Changed,
        *,
        executor: Executor | None,
        workers: int | None,
    ) -> None:
        self._lock = lock
        self._on_change = on_change
        self._workers = workers or default_workers()
        self._pace = Pace(self._workers)
        self._thread = ThreadPlace()
        self._foreign = ExecutorPlace(executor, _EXECUTOR_SLOTS) if executor else None
        self._pool: ProcessPlace | None = None
        self._pool_fails = False
        self._waiting: dict[tuple[str, bool], deque[LocalJob]] = defaultdict(deque)
        self._suspects: deque[LocalJob] = deque()
        self._outlook = Outlook(lock)
        self._chunks: list[_Chunk] = []
        self._is_closed = False

    def announced(self, device: str, jobs: int, expected: int) -> AbstractContextManager[Arrival]:
        """Count jobs as coming while they are being prepared.

        Args:
            device: The simulator they are for.
            jobs: How many.
            expected: How many more of their kind are going to come after them.
        """
        return self._outlook.announced(_kind(device), jobs, expected)

    def add(self, jobs: Sequence[LocalJob], arrival: Arrival) -> None:
        """Queue jobs.

        Args:
            jobs: The jobs.
            arrival: Their announcement.
        """
        with self._lock:
            arrival.note()
            for job in jobs:
                self._waiting[_kind_of(job), self._is_awkward(job)].append(job)
            self._pump()

    def drop(self, jobs: Sequence[LocalJob]) -> None:
        """Stop working for jobs that were cancelled, as far as that is possible."""
        with self._lock:
            dropped = set(jobs)
            self._outlook.forget()
            for queue in self._waiting.values():
                kept = [job for job in queue if job not in dropped]
                queue.clear()
                queue.extend(kept)
            held = [chunk for chunk in self._chunks if chunk.place is self._pool]
            wasted = held and all(job.is_over for chunk in held for job in chunk.jobs)
            pool = self._give_up_pool() if wasted else None
        if pool is not None:
            pool.close()

    def close(self) -> None:
        """Stop everything; unfinished jobs are abandoned."""
        with self._lock:
            self._is_closed = True
            self._waiting.clear()
            self._suspects.clear()
            pool = self._give_up_pool()
        self._thread.close()
        if pool is not None:
            pool.close()

    def _give_up_pool(self) -> ProcessPlace | None:
        pool, self._pool = self._pool, None
        self._chunks = [chunk for chunk in self._chunks if chunk.place is not pool]
        return pool

    def _is_awkward(self, job: LocalJob) -> bool:
        grip = job.effort.grip * min(_SLOWER, max(1.0, self._pace.ratio(_kind_of(job))))
        return (job.effort.is_private or grip > _GRIP) and not self._pool_fails

    def _pump(self) -> None:
        if self._is_closed:
            return
        self._pump_suspects()
        for (kind, awkward), queue in list(self._waiting.items()):
            while queue:
                place = self._place(kind, queue, awkward=awkward)
                if place is None or not self._has_room(place, queue[0]):
                    break
                self._start(self._take(kind, place, queue))

    def _pump_suspects(self) -> None:
        # After a worker died, each job that it may have been is run alone, so that one job
        # which exhausts the memory takes nobody else down with it.
        if not self._suspects or any(chunk.place is self._pool for chunk in self._chunks):
            return
        job = self._suspects[0]
        if self._foreign is None and not self._pool_ready(job):
            return
        self._suspects.popleft()
        place: Place = self._foreign or self._process_place()
        self._start(_Chunk([job], _kind_of(job), place, is_suspect=True))

    def _place(self, kind: str, queue: deque[LocalJob], *, awkward: bool) -> Place | None:
        first = queue[0]
        if self._foreign is not None:
            return self._foreign
        if self._pool is not None and self._pool.is_ready(kind):
            return None if self._suspects or self._has_suspect() else self._pool
        if awkward or self._is_awkward(first):
            self._pool_ready(first)
            return None
        warm = is_warm(_device(first))
        jobs = len(queue) + self._outlook.coming(kind)
        pays = self._pace.pool_pays(kind, jobs, first.effort.seconds, is_warm=warm)
        if pays and not self._pool_fails:
            self._pool_ready(first)
            return self._thread if warm else None
        return self._thread

    def _has_suspect(self) -> bool:
        return any(chunk.is_suspect for chunk in self._chunks)

    def _pool_ready(self, job: LocalJob) -> bool:
        pool = self._process_place()
        pool.want(_kind_of(job), _device(job))
        return pool.is_ready(_kind_of(job))

    def _process_place(self) -> ProcessPlace:
        if self._pool is None:
            self._pool = ProcessPlace(self._workers, self._pool_is_ready, self._pool_has_failed)
        return self._pool

    def _pool_is_ready(self, kind: str, seconds: float) -> None:
        with self._lock:
            self._pace.learn_start_up(kind, seconds)
            self._pump()

    def _pool_has_failed(self) -> None:
        with self._lock:
            if self._is_closed or self._pool is None:
                return
            self._pool_fails = True
            self._give_up_pool()
            self._waiting = self._reclassified()
            self._suspects.clear()
            self._pump()

    def _reclassified(self) -> dict[tuple[str, bool], deque[LocalJob]]:
        waiting: dict[tuple[str, bool], deque[LocalJob]] = defaultdict(deque)
        for job in [*self._suspects, *(job for queue in self._waiting.values() for job in queue)]:
            waiting[_kind_of(job), False].append(job)
        return waiting

    def _has_room(self, place: Place, job: LocalJob) -> bool:
        held = [chunk for chunk in self._chunks if chunk.place is place]
        fits = sum(chunk.size for chunk in held) + job.effort.size <= usable_bytes()
        return len(held) < place.slots and (fits or not held)

    def _take(self, kind: str, place: Place, queue: deque[LocalJob]) -> _Chunk:
        many = 1
        if place is not self._thread:
            many = self._pace.chunk(kind, len(queue), queue[0].effort.seconds)
        return _Chunk([queue.popleft() for _ in range(min(many, len(queue)))], kind, place)

    def _start(self, chunk: _Chunk) -> None:
        # A job that was cancelled while it waited has nothing left to run.
        chunk.jobs = [job for job in chunk.jobs if job.task is not None]
        tasks = [job.task for job in chunk.jobs if job.task is not None]
        if not tasks:
            return
        for job in chunk.jobs:
            job.move(RUNNING)
        self._on_change(chunk.jobs)
        self._chunks.append(chunk)
        try:
            future = chunk.place.submit(tasks)
        except Exception:  # noqa: BLE001 - an executor may refuse for reasons of its own
            self._chunks.remove(chunk)
            self._lost(chunk)
            return
        future.add_done_callback(partial(self._finished, chunk))

    def _finished(self, chunk: _Chunk, future: Future[list[Outcome]]) -> None:
        with self._lock:
            if chunk not in self._chunks:
                return
            self._chunks.remove(chunk)
            if future.cancelled() or future.exception() is not None:
                self._lost(chunk)
            else:
                for job, outcome in zip(chunk.jobs, future.result(), strict=True):
                    if outcome.result is not None:
                        self._pace.learn(chunk.kind, job.effort.seconds, outcome.seconds)
                    job.finish(outcome)
                self._on_change(chunk.jobs)
            self._pump()

    def _lost(self, chunk: _Chunk) -> None:
        if chunk.place is self._pool:
            self._pool = None
        for job in chunk.jobs:
            job.attempts += 1
            if job.attempts >= _ATTEMPTS and (chunk.is_suspect or self._foreign):
                job.move(JobState(JobStatus.FAILED, _LOST))
            elif not job.is_over:
                self._suspects.append(job)
        self._on_change(chunk.jobs)


def _device(job: LocalJob) -> str:
    return job.ref.target


def _kind_of(job: LocalJob) -> str:
    return _kind(_device(job))


def _kind(device: str) -> str:
    return "analog" if device == ANALOG_DEVICE else "circuits"
