"""The world: one clock, and for every provider its queues, jobs and books."""

from __future__ import annotations

import uuid
from bisect import bisect_left
from collections import Counter, deque
from heapq import heapify, heappop, heappush
from itertools import takewhile
from operator import attrgetter
from typing import TYPE_CHECKING

from quantum_async.models.job import JobStatus
from quantum_async.sandbox.chance import run_time, uniform
from quantum_async.sandbox.clock import Clock
from quantum_async.sandbox.faults.book import FaultBook
from quantum_async.sandbox.jobs import SandboxJob
from quantum_async.sandbox.keeping import Latest
from quantum_async.sandbox.simulator import Simulator

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from quantum_async.sandbox.faults.book import Effects
    from quantum_async.sandbox.faults.plan import Fault
    from quantum_async.sandbox.settings import SandboxSettings
    from quantum_async.sandbox.simulator import Bundle, Task


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
