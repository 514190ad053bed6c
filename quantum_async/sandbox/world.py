"""The world: one clock, and for every provider its queues, jobs and books."""

from __future__ import annotations

import time
import uuid
from bisect import bisect_left
from collections import Counter, OrderedDict, deque
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from heapq import heapify, heappop, heappush
from itertools import islice, takewhile
from math import inf
from operator import attrgetter
from typing import TYPE_CHECKING, TypeVar

from quantum_async.models.job import JobStatus
from quantum_async.sandbox.chance import run_time, uniform
from quantum_async.sandbox.faults import FaultBook
from quantum_async.sandbox.simulator import Simulator

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from quantum_async.sandbox.faults import Effects, Fault
    from quantum_async.sandbox.settings import SandboxSettings
    from quantum_async.sandbox.simulator import Bundle, Outcome, Task


_K = TypeVar("_K")
_V = TypeVar("_V")
_T = TypeVar("_T")


class Latest(OrderedDict[_K, _V]):
    """A mapping that forgets its oldest entry where there are too many.

    Args:
        most: How many it keeps.
    """

    def __init__(self, most: int = 100_000) -> None:
        super().__init__()
        self._most = most

    def __setitem__(self, key: _K, value: _V) -> None:
        super().__setitem__(key, value)
        if len(self) > self._most:
            self.popitem(last=False)


def oldest_ended(items: Iterable[_T], surplus: int, has_ended: Callable[[_T], bool]) -> list[_T]:
    """Choose what to forget: the oldest that have ended, as many as there are too many.

    Args:
        items: What is kept, the oldest first.
        surplus: How many there are too many; none are chosen where it is not positive.
        has_ended: Whether nothing will happen to an item any more.
    """
    return list(islice(filter(has_ended, items), max(0, surplus)))


class Clock:
    """World time in seconds, with a fixed relation to the wall clock unless paused.

    Args:
        monotonic: What it follows, in seconds.
    """

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._wall = time.time() - monotonic()
        self._lost = 0.0
        self._paused_at: float | None = None

    def now(self) -> float:
        """Read the world time; it is what it follows less the time spent paused."""
        real = self._monotonic() if self._paused_at is None else self._paused_at
        return real - self._lost

    @property
    def is_paused(self) -> bool:
        """Whether the clock stands still."""
        return self._paused_at is not None

    def pause(self) -> None:
        """Stop the clock: no job starts, runs on or ends."""
        if self._paused_at is None:
            self._paused_at = self._monotonic()

    def resume(self) -> None:
        """Let the clock go on from where it stood."""
        if self._paused_at is not None:
            self._lost += self._monotonic() - self._paused_at
            self._paused_at = None

    def epoch(self, moment: float) -> float:
        """Convert world time to seconds since the epoch."""
        return moment + self._wall

    def iso(self, moment: float) -> str:
        """Write world time as ISO 8601 in UTC."""
        # The same few moments of each job are told again with every poll.
        return _written(moment + self._wall)

    def moment(self, epoch: float) -> float:
        """Convert seconds since the epoch to world time."""
        return epoch - self._wall


@lru_cache(maxsize=65_536)
def _written(epoch: float) -> str:
    return datetime.fromtimestamp(epoch, UTC).isoformat(timespec="microseconds")


@dataclass(slots=True, kw_only=True, eq=False)
class SandboxJob:
    """A job whose state is computed when it is asked for, so that waiting jobs cost nothing.

    Args:
        id: Its id.
        number: Its place among the provider's jobs, from 0.
        shots: How many shots it takes.
        accepted: World time at which it was accepted.
        run_time: How long it runs, in seconds.
        failure: Why it is going to fail, or ``None``.
        simulations: What is simulated for it, or ``None`` where counts are drawn.
    """

    id: str
    number: int
    shots: int
    accepted: float
    run_time: float
    failure: str | None = None
    simulations: Bundle | None = None
    start: float = field(default=inf, init=False)
    end: float = field(default=inf, init=False)
    cancelled: float | None = field(default=None, init=False)
    stopped: float | None = field(default=None, init=False)

    def status(self, now: float) -> JobStatus:
        """Say where the job stands at a world time."""
        if self.stopped is not None:
            return JobStatus.CANCELLED if now >= self.stopped else JobStatus.CANCELLING
        if now < self.start:
            return JobStatus.QUEUED
        if now < self.end:
            return JobStatus.RUNNING
        return self._ended()

    def finished(self, now: float) -> float | None:
        """Say when the job ended, or ``None`` while it has not."""
        if not self.status(now).is_terminal:
            return None
        if self.stopped is not None:
            return self.stopped
        return (
            self.end
            if self.simulations is None
            else max(self.end, self.simulations.ready_at or 0.0)
        )

    @property
    def outcomes(self) -> Sequence[Outcome]:
        """What was simulated for each of its programs, once it has succeeded; else nothing."""
        return self.simulations.outcomes if self.simulations is not None else ()

    @property
    def outcome(self) -> Outcome | None:
        """What was simulated for a job of one program, once that is known."""
        return next(iter(self.outcomes), None)

    @property
    def error(self) -> str | None:
        """Why it failed, where it did."""
        return self.failure or (self.simulations.error if self.simulations is not None else None)

    def cancel(self, now: float, cancel_time: float) -> bool:
        """Cancel the job; a queued one stops at once, a running one after `cancel_time`.

        Returns:
            Whether it could still be cancelled.
        """
        status = self.status(now)
        if status not in {JobStatus.QUEUED, JobStatus.RUNNING}:
            return False
        self.cancelled = now
        self.stopped = now + (cancel_time if status is JobStatus.RUNNING else 0.0)
        self.end = self.stopped
        if self.simulations is not None:
            self.simulations.cancel()
        return True

    def _ended(self) -> JobStatus:
        if self.failure is not None:
            return JobStatus.FAILED
        if self.simulations is None:
            return JobStatus.SUCCEEDED
        if self.simulations.ready_at is None:
            return JobStatus.RUNNING
        return JobStatus.FAILED if self.simulations.error else JobStatus.SUCCEEDED


class Lane:
    """Jobs of one device in the order in which they were accepted.

    Args:
        slots: How many jobs run at once; ``None`` runs all of them.
        queue_time: Least time a job waits, in seconds.
    """

    def __init__(self, slots: int | None, queue_time: float) -> None:
        self._slots = slots
        self._queue_time = queue_time
        self._free = [0.0] * (slots or 0)
        self._jobs: deque[SandboxJob] = deque()

    def add(self, job: SandboxJob) -> None:
        """Say when a job starts and ends."""
        if self._slots is None:
            self._plan(job, 0.0)
            return
        self._drop_ended(job.accepted)
        self._plan(job, heappop(self._free))
        heappush(self._free, job.end)
        self._jobs.append(job)

    def ahead(self, job: SandboxJob, now: float) -> int:
        """Count the jobs in front of one, those that run included."""
        self._drop_ended(now)
        # Jobs stand in the order of their numbers: long queues are asked about often. Only where
        # several run at once can one have ended behind another that has not.
        started = takewhile(lambda other: other.start <= now, self._jobs)
        ended = sum(other.end <= now for other in started)
        return bisect_left(self._jobs, job.number, key=attrgetter("number")) - ended

    def close_gaps(self, now: float) -> None:
        """Move queued jobs forward after jobs were cancelled."""
        if self._slots is None:
            return
        alive = [job for job in self._jobs if job.end > now and job.stopped != now]
        waiting = [job for job in alive if job.start > now and job.stopped is None]
        busy = [job.end for job in alive if job.start <= now]
        self._free = [*busy, *[now] * (self._slots - len(busy))]
        heapify(self._free)
        self._jobs = deque(job for job in alive if job.start <= now)
        for job in waiting:
            self._plan(job, heappop(self._free))
            heappush(self._free, job.end)
            self._jobs.append(job)

    def _drop_ended(self, now: float) -> None:
        while self._jobs and self._jobs[0].end <= now:
            self._jobs.popleft()

    def _plan(self, job: SandboxJob, free: float) -> None:
        job.start = max(job.accepted + self._queue_time, free)
        job.end = job.start + job.run_time


_REMEMBERED = 500_000


class Ledger:
    """Counts of one provider since the start or the last reset."""

    def __init__(self) -> None:
        self.requests: Counter[str] = Counter()
        self.duplicates: int = 0
        self._keys: Latest[str, None] = Latest(_REMEMBERED)

    def note_submission(self, key: str | None) -> None:
        """Record a submission the service accepted; a key seen before makes it a duplicate.

        A submission without a key is not counted: two equal ones may both be meant.

        Args:
            key: What the client put on the wire to recognise the submission by, or ``None``.
        """
        if key is None:
            return
        if key in self._keys:
            self.duplicates += 1
        else:
            self._keys[key] = None


class World:
    """What all services share.

    Args:
        settings: How it behaves.
        clock: Its time; by default that of the machine.
    """

    def __init__(self, settings: SandboxSettings, clock: Clock | None = None) -> None:
        self.settings: SandboxSettings = settings
        self.clock: Clock = clock or Clock()
        self.faults: FaultBook = FaultBook(settings.faults, settings.seed)
        self.realms: dict[str, Realm] = {}
        self.simulator: Simulator = Simulator(settings.workers, self.clock.now)
        self._set_pause()

    def realm(self, provider: str) -> Realm:
        """Find the books of a provider, new ones the first time."""
        if provider not in self.realms:
            self.realms[provider] = Realm(provider, self)
        return self.realms[provider]

    def change(self, settings: SandboxSettings) -> None:
        """Behave differently from now on; jobs that are there keep their times."""
        self.settings = settings
        for realm in self.realms.values():
            realm.renew_queues()
        self._set_pause()

    def set_faults(self, plan: Iterable[Fault]) -> None:
        """Put another plan in force, with every count at zero."""
        self.faults = FaultBook(tuple(plan), self.settings.seed)

    def reset(self, settings: SandboxSettings) -> None:
        """Forget every job, count and fault and start again."""
        for realm in self.realms.values():
            realm.clear()
        self.change(settings)
        self.set_faults(settings.faults)

    def _set_pause(self) -> None:
        if self.settings.paused:
            self.clock.pause()
        else:
            self.clock.resume()


class Realm:
    """One provider's part of the world.

    Args:
        provider: Its registry name.
        world: The world it belongs to.
    """

    def __init__(self, provider: str, world: World) -> None:
        self.provider = provider
        self.world = world
        self.ledger: Ledger = Ledger()
        self.jobs: dict[str, SandboxJob] = {}
        self.jobs_created: int = 0
        self._forgotten: Counter[JobStatus] = Counter()
        self._lanes: dict[str, Lane] = {}

    def clear(self) -> None:
        """Forget everything."""
        for job in self.jobs.values():
            if job.simulations is not None:
                job.simulations.cancel()
        self.ledger = Ledger()
        self.jobs.clear()
        self.jobs_created = 0
        self._forgotten.clear()
        self._lanes.clear()

    def accept_job(
        self,
        device: str,
        *,
        shots: int,
        slots: int | None,
        now: float,
        effects: Effects,
        tasks: Callable[[int], Sequence[Task]] | None = None,
        failure: str | None = None,
    ) -> SandboxJob:
        """Take a job into a device's queue.

        Args:
            device: The device's name; each has its own queue.
            shots: How many shots.
            slots: How many jobs the device runs at once; ``None`` runs all of them.
            now: World time of the request.
            effects: The faults of the request, which may let the job fail.
            tasks: Makes the simulations from a seed; not called with `failure` or where counts
                are drawn.
            failure: Why the job is going to fail, or ``None``.
        """
        settings = self.world.settings
        number = self.jobs_created
        self.jobs_created += 1
        if failure is None and effects.fails_job():
            failure = "the device lost its atoms (a fault of the plan)"
        length = run_time(
            settings.seed, self.provider, number, settings.job_time, settings.job_spread
        )
        job = SandboxJob(
            id=str(uuid.uuid4()),
            number=number,
            shots=shots,
            accepted=now,
            run_time=length,
            failure=failure,
            simulations=self._simulate(tasks, number) if failure is None else None,
        )
        self._lane(device, slots).add(job)
        self.jobs[job.id] = job
        return job

    def cancel(self, device: str, jobs: Iterable[SandboxJob], now: float) -> list[SandboxJob]:
        """Cancel those jobs that have not ended and let others of the device move up.

        Returns:
            The jobs that could still be cancelled.
        """
        cancel_time = self.world.settings.cancel_time
        cancelled = [job for job in jobs if job.cancel(now, cancel_time)]
        lane = self._lanes.get(device)
        if cancelled and lane is not None:
            lane.close_gaps(now)
        return cancelled

    def queue_position(self, device: str, job: SandboxJob, now: float) -> int | None:
        """Count the jobs in front of one that waits; ``None`` for one that does not."""
        lane = self._lanes.get(device)
        if job.status(now) is not JobStatus.QUEUED or lane is None:
            return None
        return lane.ahead(job, now)

    def renew_queues(self) -> None:
        """Give later jobs new queues; those that are there keep their times."""
        self._lanes.clear()

    def forget(self, job: SandboxJob, now: float) -> None:
        """Drop a job from memory; its status stays in the counts, once it has one that lasts."""
        if self.jobs.pop(job.id, None) is not None:
            status = job.status(now)
            self._forgotten[status if status.is_terminal else JobStatus.CANCELLED] += 1

    def jobs_by_status(self, now: float) -> dict[str, int]:
        """Count jobs by status."""
        counts = Counter(job.status(now) for job in self.jobs.values())
        counts.update(self._forgotten)
        return {status.value: counts[status] for status in JobStatus if counts[status]}

    def _simulate(
        self, tasks: Callable[[int], Sequence[Task]] | None, number: int
    ) -> Bundle | None:
        settings = self.world.settings
        if tasks is None or not settings.simulate:
            return None
        seed = int(uniform(settings.seed, "shots", self.provider, number) * 2**31)
        return self.world.simulator.start(tasks(seed))

    def _lane(self, device: str, slots: int | None) -> Lane:
        if device not in self._lanes:
            settings = self.world.settings
            width = None if settings.parallel else slots
            self._lanes[device] = Lane(width, settings.queue_time)
        return self._lanes[device]
