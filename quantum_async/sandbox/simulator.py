"""Simulation in worker processes, so that the server's loop never computes."""

from __future__ import annotations

import contextlib
import signal
import uuid
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from importlib import import_module
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from concurrent.futures import Future

    from loky import ProcessPoolExecutor
    from pydantic import JsonValue

    from quantum_async.models.grid import Value
    from quantum_async.models.submission import RunOptions

# Workers share the cores among themselves; threads of theirs would only get in each other's way.
_ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


@dataclass(frozen=True, slots=True)
class Task:
    """What a worker simulates; plain values only, so that it travels.

    Args:
        device: The simulator, as `quantum_async.simulation.run.simulate` names it.
        format: The program's format.
        payload: The program.
        shots: How many shots.
        variables: Values of its parameters.
        seed: Makes the outcome repeat itself.
        emulation: A Pulser emulation configuration as JSON text; empty for none.
        observables: Pauli strings whose expectation values are wanted; qubit 0 is rightmost.
    """

    device: str
    format: str
    payload: str | bytes
    shots: int
    variables: Mapping[str, JsonValue] = field(default_factory=dict)
    seed: int | None = None
    emulation: str = ""
    observables: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a worker found; plain values only.

    Args:
        counts: How often each outcome was seen.
        atoms: The atoms in key order, for a sequence.
        samples: The outcome of each shot, where the simulator tells.
        raw: The simulator's own answer as text, where it gives one.
        metadata: What else it says.
        expectation_values: Values of the observables that are real; `raw` has the others.
    """

    counts: dict[str, int]
    atoms: tuple[str, ...] = ()
    samples: tuple[str, ...] | None = None
    raw: str | None = None
    metadata: dict[str, str | float | int | None] = field(default_factory=dict)
    expectation_values: dict[str, float] = field(default_factory=dict)


class Ticket:
    """A simulation under way."""

    __slots__ = ("_future", "error", "outcome", "ready_at")

    def __init__(self) -> None:
        self.outcome: Outcome | None = None
        self.error: str | None = None
        self.ready_at: float | None = None
        self._future: Future[Outcome] | None = None

    def follow(self, future: Future[Outcome], now: Callable[[], float]) -> None:
        """Take the outcome over when it is there; runs on a thread of the pool."""
        self._future = future
        future.add_done_callback(lambda done: self._settle(done, now()))

    def cancel(self) -> None:
        """Drop the simulation if it has not begun."""
        # Read once: the pool's thread takes it away when the outcome is there.
        future = self._future
        if future is not None:
            future.cancel()

    def _settle(self, done: Future[Outcome], moment: float) -> None:
        if done.cancelled():
            self.error = "cancelled"
        elif (error := done.exception()) is not None:
            self.error = str(error) or type(error).__name__
        else:
            self.outcome = done.result()
        self._future = None
        # Readers take ready_at as the sign that the rest is there, so it is written last.
        self.ready_at = moment


class Bundle:
    """The simulations of one job, which is ready when all of them are.

    Args:
        parts: One for each program of the job, in order.
    """

    __slots__ = ("_parts", "_ready_at")

    def __init__(self, parts: Sequence[Ticket]) -> None:
        self._parts = parts
        self._ready_at: float | None = None

    @property
    def outcomes(self) -> Sequence[Outcome]:
        """What was found, in order; without those that failed or are under way."""
        return [part.outcome for part in self._parts if part.outcome is not None]

    @property
    def error(self) -> str | None:
        """The first failure."""
        return next((part.error for part in self._parts if part.error), None)

    @property
    def ready_at(self) -> float | None:
        """When the last one was ready, or ``None`` while one is not."""
        if self._ready_at is None:
            moments = [part.ready_at for part in self._parts]
            known = [moment for moment in moments if moment is not None]
            # Kept, because jobs that have ended are asked about most often.
            self._ready_at = max(known, default=0.0) if len(known) == len(moments) else None
        return self._ready_at

    def cancel(self) -> None:
        """Drop what has not begun."""
        for part in self._parts:
            part.cancel()


class Simulator:
    """A pool of processes, started when the first job comes.

    Args:
        workers: How many processes.
        now: Reads the world time.
    """

    def __init__(self, workers: int, now: Callable[[], float]) -> None:
        self._workers = workers
        self._now = now
        self._pool: ProcessPoolExecutor | None = None

    def start(self, tasks: Sequence[Task]) -> Bundle:
        """Queue the simulations of a job."""
        return Bundle([self._start(task) for task in tasks])

    def preload(self) -> None:
        """Let every process load the simulators, so that the first job need not wait for it."""
        pool = self._pool or self._new_pool()
        for _ in range(self._workers):
            pool.submit(load_simulators)

    def stop(self) -> None:
        """Stop the processes, with what they are computing."""
        if self._pool is not None:
            self._pool.shutdown(wait=False, kill_workers=True)
            self._pool = None

    def _start(self, task: Task) -> Ticket:
        ticket = Ticket()
        ticket.follow(self._submit(task), self._now)
        return ticket

    def _submit(self, task: Task) -> Future[Outcome]:
        pool = self._pool or self._new_pool()
        try:
            future: Future[Outcome] = pool.submit(simulate_task, task)
        except BrokenProcessPool:
            # A worker that was killed, for want of memory say, must not end the service.
            future = self._new_pool().submit(simulate_task, task)
        return future

    def _new_pool(self) -> ProcessPoolExecutor:
        from loky import ProcessPoolExecutor

        self._pool = pool = ProcessPoolExecutor(
            self._workers, initializer=ignore_interrupts, env=_ONE_THREAD
        )
        return pool


def ignore_interrupts() -> None:
    """Leave Ctrl-C to the server, which stops its workers itself."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def load_simulators() -> None:
    """Import in this process what a sequence's simulation needs."""
    with contextlib.suppress(ModuleNotFoundError):
        import_module("pulser_simulation")


def simulate_task(task: Task) -> Outcome:
    """Simulate one job in this process."""
    from quantum_async.models.program import Program, ProgramFormat
    from quantum_async.models.submission import JobSpec
    from quantum_async.simulation.run import simulate

    program = Program(task.payload, ProgramFormat(task.format))
    job = JobSpec(
        key=uuid.uuid4().hex,
        program=program,
        shots=task.shots,
        variables=cast("Mapping[str, Value]", task.variables),
        options=_options(task),
    )
    result = simulate(job, task.device)
    return Outcome(
        counts=dict(result.counts),
        atoms=result.atoms,
        samples=result.samples,
        raw=result.raw,
        metadata=dict(result.metadata),
        expectation_values={
            name: e.value
            for name, e in result.expectation_values.items()
            if not isinstance(e.value, complex)
        },
    )


def _options(task: Task) -> RunOptions:
    from quantum_async.models.submission import RunOptions
    from quantum_async.simulation.options import SimulationOptions

    if task.device != "pulser":
        return RunOptions(seed=task.seed, observables=task.observables)
    return SimulationOptions(seed=task.seed, emulation=task.emulation or None)
