"""The engine: decides where each job runs and when, and ends what nobody wants any more.

- Jobs of one plan run together on threads of this process, which numpy does not hold up.
- Other small jobs run on one thread of this process, one after the other. Worker processes join in
  once measured jobs say that starting them pays.
- What would stop the event loop, because native code holds the interpreter's lock, and what
  borrows a process's state runs in worker processes.
- What may take long cannot be interrupted, and has a worker process to itself; cancelling it ends
  the process, and nobody else's job.

Threads are not daemons, and there are none without work: Python waits for them at its end instead
of tearing them out of native code, and there all that may take long is stopped.
"""

from __future__ import annotations

import os
import threading
from collections import Counter, defaultdict, deque
from dataclasses import dataclass, field
from enum import IntEnum
from functools import partial
from pathlib import Path
from statistics import median
from time import monotonic
from typing import TYPE_CHECKING

from quantum_async.models.job import JobState, JobStatus
from quantum_async.providers.local.table import RUNNING, LocalJob
from quantum_async.providers.local.worker import Worker, run_tasks
from quantum_async.simulation.devices import ANALOG_DEVICE
from quantum_async.simulation.effort import ENDLESS
from quantum_async.simulation.memory import AMPLITUDE, usable_bytes
from quantum_async.simulation.run import Stopped

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Sequence
    from concurrent.futures import Executor, Future

    from quantum_async.providers.local.worker import Outcome, Task

_WORKER_BYTES = 700 << 20
"""What a worker with a simulator in it takes before its first job."""


@dataclass(frozen=True, slots=True)
class Machine:
    """What may be used of this machine.

    Args:
        cores: Processor cores.
        memory: Bytes that simulations may take together.
    """

    cores: int
    memory: int

    @classmethod
    def here(cls) -> Machine:
        """Look at this machine, or at the container that this process is in."""
        return cls(_cores(), usable_bytes())

    @property
    def workers(self) -> int:
        """How many worker processes cores and memory allow."""
        return max(1, min(self.cores, self.memory // _WORKER_BYTES))


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


_MEMORY = 5
_FEWEST = 3
"""How many jobs must have been measured before anything follows from them: the first one also
pays for translating its program."""
_SLOWEST = 8.0
"""By how much a guess may be too short; beyond, the machine is busy with something else."""


class Pace:
    """By how much the guesses of jobs that are alike are wrong on this machine."""

    def __init__(self) -> None:
        self._ratios: deque[float] = deque(maxlen=_MEMORY)

    def learn(self, guessed: float, seconds: float) -> None:
        """Take note of how long a job really ran."""
        self._ratios.append(seconds / max(guessed, 1e-6))

    @property
    def typical(self) -> float:
        """What a guess has to be multiplied by."""
        if len(self._ratios) < _FEWEST:
            return 1.0
        return min(_SLOWEST, median(self._ratios))

    @property
    def best(self) -> float | None:
        """The same for a machine that does nothing else; ``None`` before the first job."""
        return min(self._ratios, default=None)


_START_UP = {ANALOG_DEVICE: 3.0}
_CIRCUITS_START_UP = 1.2
"""Seconds until a worker has imported its simulator, before it was measured here."""
_EFFICIENCY = 0.85
"""How much of a further core each further process turns into speed (measured: 0.83 to 0.97)."""
_MARGIN = 1.25
"""How much sooner all must be done, as expected, for processes to be started: on a machine that
is busy with something else they start later."""


def helpers_pay(left: float, processes: int, cores: int, start_up: float) -> bool:
    """Judge whether worker processes that help a thread shorten the wait for what is left.

    Args:
        left: Seconds of work that is left, on one core.
        processes: How many would be started.
        cores: Of this machine. Where there are fewer than processes and thread, they hold each
            other up while the processes start.
        start_up: Seconds that processes take to start on cores of their own.
    """
    workers = processes + 1
    gain = 1 + _EFFICIENCY * (min(workers, cores) - 1)
    started = start_up * max(1.0, workers / cores)
    # Held up or not, the thread does as much meanwhile as it does alone while one starts alone.
    return left > start_up and _MARGIN * (started + (left - start_up) / gain) < left


class Place(IntEnum):
    """Where a job runs. One that turns out slower than guessed may move to a place further down."""

    TOGETHER = 0
    """With others of its plan, on threads of this process."""
    LARGE = 1
    """With a plan that makes it look whether it is wanted, on a thread of its own."""
    HERE = 2
    """One job at a time, on a thread of this process; worker processes may help."""
    POOL = 3
    """One after the other, in worker processes."""
    ALONE = 4
    """In a worker process that is ended with it."""
    EXECUTOR = 5
    """Where the user said."""


@dataclass(eq=False, slots=True)
class Group:
    """Jobs that wait for one place and are alike: of one plan, or of one simulator.

    Args:
        key: What they have in common.
        pace: How fast they are.
        jobs: Those that wait.
        running: How many chunks of them run.
        measured: How many have been measured since there were none.
    """

    key: Hashable
    pace: Pace
    jobs: deque[LocalJob] = field(default_factory=deque)
    running: int = 0
    measured: int = 0

    @property
    def seconds(self) -> float:
        """How long one thread would take for those that wait."""
        return len(self.jobs) * self.jobs[0].effort.seconds * self.pace.typical if self.jobs else 0


class Queue:
    """The jobs that wait for one place. Groups take turns."""

    def __init__(self) -> None:
        self.waiting: int = 0
        self._groups: dict[Hashable, Group] = {}
        self._turns: dict[Hashable, Group] = {}

    def put(self, job: LocalJob, pace: Pace, *, is_first: bool = False) -> None:
        """Add a job, at the end or in front of those that are like it."""
        key = (job.ref.target, job.plan)
        group = self._groups.get(key)
        if group is None:
            group = self._groups[key] = Group(key, pace if job.plan is None else Pace())
        self._turns[key] = group
        self.waiting += 1
        if is_first:
            group.jobs.appendleft(job)
        else:
            group.jobs.append(job)

    def group(self) -> Group | None:
        """The group whose turn it is, where there is one. Its first job is wanted."""
        while self._turns:
            group = next(iter(self._turns.values()))
            while group.jobs and group.jobs[0].is_over:
                self.pop(group)
            if group.jobs:
                return group
            del self._turns[group.key]
            self._forget(group)
        return None

    def pop(self, group: Group) -> LocalJob:
        """Take the first job of a group."""
        self.waiting -= 1
        return group.jobs.popleft()

    def take(self, group: Group, most: int, seconds: float, ratio: float) -> list[LocalJob]:
        """Take jobs of a group, which is the last to have its turn again.

        Args:
            group: The group whose turn it is.
            most: How many.
            seconds: How long they may take together, unless it is one.
            ratio: What their guesses have to be multiplied by.
        """
        self._turns[group.key] = self._turns.pop(group.key)
        group.running += 1
        jobs = [self.pop(group)]
        total = jobs[0].effort.seconds * ratio
        # One that was lost with its process is tried again without company.
        while group.jobs and len(jobs) < most and not (jobs[0].attempts or group.jobs[0].attempts):
            total += group.jobs[0].effort.seconds * ratio
            if total > seconds:
                break
            job = self.pop(group)
            if not job.is_over:
                jobs.append(job)
        return jobs

    def ended(self, group: Group) -> None:
        """Take note that a chunk of a group has ended."""
        group.running -= 1
        self._forget(group)

    def clear(self) -> list[LocalJob]:
        """Take everything out."""
        jobs = [job for group in self._turns.values() for job in group.jobs if not job.is_over]
        self._groups.clear()
        self._turns.clear()
        self.waiting = 0
        return jobs

    def _forget(self, group: Group) -> None:
        # What was measured of a plan is of no use to the next one.
        if not group.jobs and not group.running:
            self._groups.pop(group.key, None)


@dataclass(eq=False, slots=True)
class Chunk:
    """Jobs that run one after the other, or together.

    Args:
        place: Where.
        group: The group that they are of.
        jobs: The jobs.
        tasks: What is run of them.
        done: How many of them have ended by themselves.
        future: Of an executor's.
    """

    place: Place
    group: Group
    jobs: list[LocalJob]
    tasks: list[Task]
    done: int = 0
    future: Future[list[Outcome]] | None = None

    @property
    def size(self) -> int:
        """Memory in bytes that it takes."""
        return max(job.effort.size for job in self.jobs)

    @property
    def is_over(self) -> bool:
        """Whether nobody wants anything of it any more."""
        return all(job.is_over for job in self.jobs)


class SimulatorThread(threading.Thread):
    """A thread that simulates. It has work, or it ends.

    Args:
        work: What it does.
    """

    def __init__(self, work: Callable[[], object]) -> None:
        super().__init__(target=work, name="quantum-async-simulator", daemon=False)


def program_ends() -> bool:
    """Whether the program has ended but for threads that simulate for nobody."""
    main = threading.main_thread()
    return not main.is_alive() and all(
        thread.daemon or thread is main or isinstance(thread, SimulatorThread)
        for thread in threading.enumerate()
    )


_GRIP = 0.015
"""Longest time in seconds for which a job may stop the event loop's thread."""
_SLOWER = 2.0
"""How much slower than guessed a small job may be and still not be worth a process."""
_LONG = 1.0
"""Seconds from which on a job that cannot be interrupted needs a process to be ended with."""
_CHUNK_SECONDS = 0.1
"""How long jobs may be kept together, so that results come soon and cancelling acts at once."""
_MOST_SENT = 64
"""How many jobs are sent to another process at a time."""
_WIDE = 2 * AMPLITUDE << 12
"""Bytes from which on numpy works so long at a time that more threads gain something: the state
of twelve qubits, and a copy."""
_WORTH_SENDING = 0.05
"""Seconds of work that is worth sharing with a process that runs already."""
_EXECUTOR_CHUNKS = 256
_ATTEMPTS = 2
_LOST = "the worker process ended unexpectedly, twice; it may have run out of memory"
_NO_PROCESS = "it may run for ever, needs a worker process to be ended with, and none could start"


class Engine:
    """Runs jobs; thread-safe, and without an event loop of its own.

    Args:
        lock: Guards the jobs' records.
        on_change: Called with the lock held, when jobs have moved.
        executor: Where everything runs, if the user says so.
        workers: How many worker processes share short jobs; by default as many as cores and
            memory allow. As many again may run long ones.
        machine: What may be used; by default this machine.
        run: Runs tasks on the calling thread.
        new_worker: Starts a worker process.
    """

    def __init__(
        self,
        lock: threading.RLock,
        on_change: Callable[[Sequence[LocalJob]], object],
        *,
        executor: Executor | None = None,
        workers: int | None = None,
        machine: Machine | None = None,
        run: Callable[[Sequence[Task], Callable[[], bool]], list[Outcome]] = run_tasks,
        new_worker: Callable[[], Worker] = Worker,
    ) -> None:
        self._lock = lock
        self._on_change = on_change
        self._executor = executor
        self._machine = machine or Machine.here()
        self._most = workers or self._machine.workers
        self._run_here = run
        self._new_worker = new_worker
        self._queues = {place: Queue() for place in Place}
        self._paces: dict[str, Pace] = defaultdict(Pace)
        self._start_up: dict[str, float] = {}
        self._threads: Counter[tuple[Place, bool]] = Counter()
        self._chunks: set[Chunk] = set()
        self._workers: set[Worker] = set()
        self._idle: list[Worker] = []
        self._failed_starts = 0
        self._is_pumping = False
        self._is_closed = False

    def add(self, jobs: Iterable[LocalJob]) -> None:
        """Queue jobs."""
        with self._lock:
            for job in jobs:
                self._put(job)
            self._pump()

    def drop(self) -> None:
        """Stop working for jobs that were cancelled.

        What waits is not run. A thread looks several times a second whether what it computes, or
        waits for, is still wanted.
        """
        with self._lock:
            sent = [chunk.future for chunk in self._chunks if chunk.future and chunk.is_over]
            self._pump()
        for future in sent:
            future.cancel()

    def close(self) -> None:
        """Stop everything; unfinished jobs are abandoned."""
        with self._lock:
            self._is_closed = True
            for queue in self._queues.values():
                queue.clear()
            workers = list(self._workers)
            self._workers.clear()
            self._idle.clear()
            sent = [chunk.future for chunk in self._chunks if chunk.future is not None]
        for worker in workers:
            worker.end()
        for future in sent:
            future.cancel()

    def _put(self, job: LocalJob, *, is_first: bool = False) -> None:
        if job.is_over:
            return
        pace = self._paces[job.ref.target]
        place = self._place(job, pace.typical if job.plan is None else 1.0)
        if place is Place.HERE and job.effort.seconds >= ENDLESS:
            self._fail(job, _NO_PROCESS)
        else:
            self._queues[place].put(job, pace, is_first=is_first)

    def _place(self, job: LocalJob, ratio: float) -> Place:
        """Choose where a job runs; the ratio is what its guess has to be multiplied by."""
        effort = job.effort
        is_long = effort.seconds * ratio > _LONG
        if self._executor is not None:
            return Place.EXECUTOR
        if job.plan is not None:
            return Place.LARGE if is_long else Place.TOGETHER
        if self._has_no_processes:
            return Place.HERE
        if is_long:
            return Place.ALONE
        is_sticky = effort.grip * min(_SLOWER, max(1.0, ratio)) > _GRIP
        return Place.POOL if effort.is_private or is_sticky else Place.HERE

    def _pump(self) -> None:
        # An executor may have done its work before it returns, and calls back meanwhile.
        if self._is_pumping or self._is_stopping():
            return
        self._is_pumping = True
        try:
            self._staff(Place.TOGETHER, self._most_together())
            self._staff(Place.LARGE, self._machine.cores)
            self._staff(Place.HERE, 1)
            self._staff(Place.HERE, self._most_helpers(), has_worker=True)
            self._staff(Place.POOL, self._most, has_worker=True)
            self._staff(Place.ALONE, self._most, has_worker=True)
            self._send()
        finally:
            self._is_pumping = False

    def _staff(self, place: Place, most: int, *, has_worker: bool = False) -> None:
        waiting = self._queues[place].waiting
        while self._threads[place, has_worker] < min(most, waiting) and self._ready(place):
            self._threads[place, has_worker] += 1
            try:
                SimulatorThread(partial(self._work, place, has_worker=has_worker)).start()
            except RuntimeError:
                # The interpreter ends.
                self._threads[place, has_worker] -= 1
                return

    def _most_together(self) -> int:
        group = self._queues[Place.TOGETHER].group()
        is_wide = group is not None and group.jobs[0].effort.size >= _WIDE
        return self._machine.cores if is_wide else 1

    def _most_helpers(self) -> int:
        group, most = self._queues[Place.HERE].group(), self._most - 1
        if group is None or self._has_no_processes or group.seconds < _WORTH_SENDING:
            return 0
        device = group.jobs[0].ref.target
        if group.measured >= _FEWEST and helpers_pay(
            group.seconds,
            most,
            self._machine.cores,
            self._start_up.get(device) or _START_UP.get(device, _CIRCUITS_START_UP),
        ):
            return most
        # Those that run already cost nothing.
        idle = sum(device in worker.devices for worker in self._idle)
        return min(most, idle + self._threads[Place.HERE, True])

    def _ready(self, place: Place) -> Group | None:
        """The group whose turn it is, where there is memory for its next job."""
        group = self._queues[place].group()
        if group is None or self._executor is not None:
            return group
        held = sum(chunk.size for chunk in self._chunks)
        fits = held + group.jobs[0].effort.size <= self._machine.memory
        return group if fits or not self._chunks else None

    def _work(self, place: Place, *, has_worker: bool) -> None:
        worker = self._worker(place) if has_worker else None
        goes_on = worker is not None or not has_worker
        while goes_on and (chunk := self._next(place, worker)) is not None:
            goes_on = self._run(chunk, worker)
        if worker is not None:
            self._keep(worker, is_idle=goes_on)
        with self._lock:
            self._threads[place, has_worker] -= 1
            self._pump()

    def _keep(self, worker: Worker, *, is_idle: bool) -> None:
        """Keep a worker for later jobs, or end it where there are enough."""
        with self._lock:
            if is_idle and not self._is_closed and len(self._idle) < self._most:
                self._idle.append(worker)
                return
        self._dismiss(worker)

    def _worker(self, place: Place) -> Worker | None:
        """A worker process that has imported what the next job needs."""
        with self._lock:
            group = self._ready(place)
            if group is None or self._is_stopping():
                return None
            device = group.jobs[0].ref.target
            # The best one last.
            self._idle.sort(key=lambda worker: device in worker.devices)
            worker = self._idle.pop() if self._idle else None
        started, is_new = monotonic(), worker is None
        try:
            if worker is None:
                worker = self._new_worker()
                with self._lock:
                    self._workers.add(worker)
            # Closed meanwhile, this engine does not know of it: then it stops, and ends it.
            worker.prepare(device, self._is_stopping)
        except Exception:  # noqa: BLE001 - for many reasons there may be no process
            if worker is not None:
                self._dismiss(worker)
            with self._lock:
                self._failed_starts += 1
                if self._has_no_processes:
                    self._do_without_processes()
            return None
        with self._lock:
            self._failed_starts = 0
            if is_new:
                self._start_up[device] = monotonic() - started
        return worker

    @property
    def _has_no_processes(self) -> bool:
        return self._failed_starts >= _ATTEMPTS

    def _do_without_processes(self) -> None:
        for place in (Place.POOL, Place.ALONE):
            for job in self._queues[place].clear():
                self._put(job)

    def _dismiss(self, worker: Worker) -> None:
        with self._lock:
            self._workers.discard(worker)
        worker.end()

    def _next(self, place: Place, worker: Worker | None = None) -> Chunk | None:
        with self._lock:
            queue = self._queues[place]
            while not self._is_stopping() and (group := self._ready(place)):
                better = self._place(group.jobs[0], group.pace.typical)
                if better > place:
                    # Those that have been measured were so slow.
                    self._queues[better].put(queue.pop(group), group.pace)
                    self._pump()
                    continue
                most, ratio = self._extent(place, group, worker)
                jobs = queue.take(group, most, _CHUNK_SECONDS, ratio)
                chunk = Chunk(place, group, jobs, [job.task for job in jobs if job.task])
                self._chunks.add(chunk)
                for job in jobs:
                    job.move(RUNNING)
                self._on_change(jobs)
                return chunk
            return None

    def _extent(self, place: Place, group: Group, worker: Worker | None) -> tuple[int, float]:
        """How many jobs to take at most, and what their guesses have to be multiplied by."""
        waiting = len(group.jobs)
        if place is Place.TOGETHER:
            best, threads = group.pace.best, self._most_together()
            # The first one comes alone, so that it comes no later than a single job.
            return (1, 1.0) if best is None else (_share(waiting, threads), best)
        if place in (Place.LARGE, Place.ALONE) or (place is Place.HERE and worker is None):
            return 1, 1.0
        return min(_MOST_SENT, _share(waiting, self._most)), group.pace.typical

    def _run(self, chunk: Chunk, worker: Worker | None) -> bool:
        """Run a chunk, and say whether it came to its end."""
        is_lost = False
        try:
            if worker is None:
                self._ended(chunk, self._run_here(chunk.tasks, lambda: self._is_unwanted(chunk)))
            else:
                for outcome in worker.run(chunk.tasks, lambda: self._is_unwanted(chunk)):
                    self._ended(chunk, [outcome])
        except Stopped:
            pass
        except BaseException:  # noqa: BLE001 - a process may be lost in many ways
            is_lost = True
        else:
            return True
        if worker is not None:
            # Before its jobs go elsewhere, because it may hold most of the memory.
            self._dismiss(worker)
        self._give_back(chunk, is_lost=is_lost)
        return False

    def _is_unwanted(self, chunk: Chunk) -> bool:
        """Whether nobody wants what is computed just now."""
        running = chunk.jobs if chunk.place is Place.TOGETHER else chunk.jobs[chunk.done :][:1]
        return all(job.is_over for job in running) or self._is_stopping()

    def _is_stopping(self) -> bool:
        return self._is_closed or program_ends()

    def _ended(self, chunk: Chunk, outcomes: Sequence[Outcome]) -> None:
        with self._lock:
            jobs = chunk.jobs[chunk.done : chunk.done + len(outcomes)]
            chunk.done += len(outcomes)
            for job, outcome in zip(jobs, outcomes, strict=True):
                job.finish(outcome)
            guessed = sum(job.effort.seconds for job in jobs)
            if guessed < ENDLESS and any(outcome.result is not None for outcome in outcomes):
                chunk.group.pace.learn(guessed, sum(outcome.seconds for outcome in outcomes))
                chunk.group.measured += len(outcomes)
            self._on_change(jobs)
            if chunk.done == len(chunk.jobs):
                self._remove(chunk)
                self._pump()

    def _give_back(self, chunk: Chunk, *, is_lost: bool) -> None:
        """Queue again what has not run to its end, where it is still wanted."""
        with self._lock:
            self._remove(chunk)
            rest = chunk.jobs[chunk.done :]
            if is_lost:
                # Of an executor's jobs each may have been the one that took the process down.
                for job in rest if chunk.place is Place.EXECUTOR else rest[:1]:
                    job.attempts += 1
                    if job.attempts >= _ATTEMPTS:
                        self._fail(job, _LOST)
            if not self._is_closed:
                for job in reversed(rest):
                    self._put(job, is_first=True)
            self._on_change(rest)
            self._pump()

    def _fail(self, job: LocalJob, reason: str) -> None:
        job.move(JobState(JobStatus.FAILED, reason))
        self._on_change([job])

    def _remove(self, chunk: Chunk) -> None:
        self._chunks.discard(chunk)
        self._queues[chunk.place].ended(chunk.group)

    def _send(self) -> None:
        while self._executor is not None and len(self._chunks) < _EXECUTOR_CHUNKS:
            chunk = self._next(Place.EXECUTOR)
            if chunk is None:
                return
            try:
                chunk.future = self._executor.submit(run_tasks, chunk.tasks)
            except Exception:  # noqa: BLE001 - an executor may refuse for reasons of its own
                self._give_back(chunk, is_lost=True)
            else:
                chunk.future.add_done_callback(partial(self._returned, chunk))

    def _returned(self, chunk: Chunk, future: Future[list[Outcome]]) -> None:
        with self._lock:
            if self._is_closed:
                return
            if future.cancelled() or future.exception() is not None:
                self._give_back(chunk, is_lost=True)
            else:
                self._ended(chunk, future.result())


def _share(waiting: int, workers: int) -> int:
    """A part of what waits that leaves work for everybody."""
    return waiting if workers == 1 else -(-waiting // (2 * workers))
