"""A provider in memory whose every answer a test can script."""

from __future__ import annotations

import itertools
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, ClassVar, Self, TypeVar

import anyio

from quantum_async.errors import NoMeasurementError, QuantumAsyncError
from quantum_async.models.batch import BatchRef, BatchState, BatchStatus
from quantum_async.models.capabilities import Capabilities, SubmissionGrade
from quantum_async.models.device import Device, DeviceKind
from quantum_async.models.job import JobRef, JobState, JobStatus
from quantum_async.models.program import Program, ProgramFormat
from quantum_async.models.result import BitOrder, Register, Result
from quantum_async.providers.base import ProviderClient
from quantum_async.simulation.options import SimulationOptions

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from quantum_async.models.submission import BatchRequest, JobSpec, RunOptions, SubmitRequest

PROGRAM = Program("OPENQASM 3; bit[1] c;", ProgramFormat.QASM3)
UNMEASURED = Program("OPENQASM 3;", ProgramFormat.QASM3)
T = TypeVar("T")
Law = Callable[[int], float]


@dataclass
class RemoteJob:
    """One job as the fake provider sees it."""

    ref: JobRef
    spec: JobSpec
    created: float
    run_time: float
    fails: bool = False
    cancelled_at: float | None = None

    def state(self, now: float) -> JobState:
        """Where it stands at a time."""
        if self.cancelled_at is not None:
            return JobState(JobStatus.CANCELLED)
        if now < self.created + self.run_time:
            return JobState(JobStatus.RUNNING)
        status = JobStatus.FAILED if self.fails else JobStatus.SUCCEEDED
        return JobState(status, message="out of luck" if self.fails else "")


@dataclass
class World:
    """What the provider holds; outlives the client."""

    jobs: dict[str, RemoteJob] = field(default_factory=dict)
    by_key: dict[str, list[JobRef]] = field(default_factory=dict)
    batches: dict[str, str] = field(default_factory=dict)
    calls: Counter[str] = field(default_factory=Counter)
    sizes: list[int] = field(default_factory=list)
    peak: int = 0


class FakeClient(ProviderClient):
    """The fake provider's client.

    Args:
        run_time: Seconds that the n-th job takes.
        fails: Which jobs fail, by number.
        faults: Per operation, what goes wrong: an error is raised before acting; one wrapped in
            `after` is raised after the server has acted; ``None`` lets a call pass.
        latency: Seconds before and after the server acts.
    """

    name: str = "fake"
    options_class: ClassVar[type[RunOptions]] = SimulationOptions

    def __init__(
        self,
        *,
        capabilities: Capabilities | None = None,
        run_time: Law = lambda _: 0.01,
        fails: Callable[[int], bool] = lambda _: False,
        faults: Mapping[str, Sequence[object]] | None = None,
        latency: float = 0.0,
        world: World | None = None,
        name: str = "fake",
    ) -> None:
        self.world = world or World()
        self._capabilities = capabilities or Capabilities(
            grade=SubmissionGrade.EXACT, open_batch=True, jobs_per_poll=100
        )
        self._run_time = run_time
        self._fails = fails
        self._faults = {op: deque(faults) for op, faults in (faults or {}).items()}
        self._latency = latency
        self._numbers = itertools.count(len(self.world.jobs))
        self._open = False
        self.opened = 0
        self.name = name

    @property
    def capabilities(self) -> Capabilities:
        """As scripted."""
        return self._capabilities

    def can(self, **changes: object) -> Self:
        """Change the capabilities."""
        self._capabilities = replace(self._capabilities, **changes)  # type: ignore[arg-type]
        return self

    @property
    def is_open(self) -> bool:
        """Whether it was opened."""
        return self._open

    async def open(self) -> None:
        """Open."""
        self._open = True
        self.opened += 1

    async def close(self) -> None:
        """Close."""
        self._open = False

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> Self:
        """Build one."""
        return cls()

    async def devices(self) -> list[Device]:
        """One device."""
        return [Device("fake", "one", DeviceKind.GATE)]

    def default_device(self, program: Program) -> str:
        """The one device."""
        return "one"

    async def validate(self, job: JobSpec, device: str) -> None:
        """Refuse the one program that measures nothing."""
        if job.program == UNMEASURED:
            raise NoMeasurementError("it measures nothing", remedy="Measure.")

    async def submit(self, request: SubmitRequest) -> list[JobRef]:
        """Accept jobs."""
        return await self._serve("submit", lambda: self._create(request))

    async def poll(self, jobs: Sequence[JobRef], *, wait: float = 0.0) -> Mapping[JobRef, JobState]:
        """Tell states."""
        return await self._serve("poll", lambda: self._states(jobs))

    async def fetch(self, job: JobRef) -> Result:
        """Tell a result that encodes the job's parameters."""
        return await self._serve("fetch", lambda: result_of(self.world.jobs[slot(job)].spec))

    async def fetch_many(self, jobs: Sequence[JobRef]) -> Mapping[JobRef, Result]:
        """Tell many results, where the capability says so."""
        if not self._capabilities.bulk_results:
            return {}
        return await self._serve(
            "fetch_many", lambda: {ref: result_of(self.world.jobs[slot(ref)].spec) for ref in jobs}
        )

    async def cancel(self, jobs: Sequence[JobRef]) -> Mapping[JobRef, QuantumAsyncError]:
        """Cancel what runs."""
        return await self._serve("cancel", lambda: self._cancel(jobs))

    async def find(self, key: str) -> list[JobRef]:
        """Look a key up."""
        return await self._serve("find", lambda: list(self.world.by_key.get(key, [])))

    async def open_batch(self, request: BatchRequest) -> BatchRef:
        """Open a batch."""
        return await self._serve("open_batch", lambda: self._open_batch(request))

    async def close_batch(self, batch: BatchRef) -> None:
        """Close a batch."""
        await self._serve("close_batch", lambda: self.world.batches.update({batch.id: "closed"}))

    async def cancel_batch(self, batch: BatchRef) -> None:
        """Cancel a batch."""
        await self._serve("cancel_batch", lambda: self._cancel_batch(batch))

    async def find_batch(self, key: str) -> BatchRef | None:
        """Look a batch's key up."""
        found = self.world.batches.get(f"batch-{key}")
        return BatchRef(self.provider, f"batch-{key}", "one", key) if found else None

    async def batch_state(self, batch: BatchRef) -> BatchState:
        """Say where a batch stands."""
        word = self.world.batches.get(batch.id, "unknown")
        return await self._serve("batch_state", lambda: BatchState(BatchStatus(word), word))

    async def batch_jobs(self, batch: BatchRef) -> list[JobRef]:
        """List a batch's jobs."""
        jobs = self.world.jobs.values()
        refs = [job.ref for job in jobs if job.ref.batch_id == batch.id]
        return await self._serve("batch_jobs", lambda: refs)

    def running(self) -> int:
        """Count the jobs that run now."""
        return self._running_of(self.world.jobs.values())

    def _running_of(self, jobs: Iterable[RemoteJob]) -> int:
        now = anyio.current_time()
        return sum(not job.state(now).status.is_terminal for job in jobs)

    async def _serve(self, operation: str, act: Callable[[], T]) -> T:
        self.world.calls[operation] += 1
        fault = self._faults[operation].popleft() if self._faults.get(operation) else None
        await anyio.sleep(self._latency)
        if isinstance(fault, BaseException):
            raise fault
        answer = act()
        await anyio.sleep(self._latency)
        if isinstance(fault, after):
            raise fault.error
        return answer

    def _states(self, jobs: Sequence[JobRef]) -> Mapping[JobRef, JobState]:
        now = anyio.current_time()
        return {ref: self.world.jobs[slot(ref)].state(now) for ref in jobs}

    def _create(self, request: SubmitRequest) -> list[JobRef]:
        # All at one time: programs that share a job must never be seen to end apart.
        now = anyio.current_time()
        refs = [self._create_job(request, job, now) for job in request.jobs]
        self.world.by_key.setdefault(request.key, []).extend(refs)
        self.world.sizes.append(len(refs))
        # Looking at the latest jobs alone keeps the fake linear; older ones have long ended.
        latest = itertools.islice(reversed(self.world.jobs.values()), 100)
        self.world.peak = max(self.world.peak, self._running_of(latest))
        return refs

    def _create_job(self, request: SubmitRequest, spec: JobSpec, now: float) -> JobRef:
        number = next(self._numbers)
        batch_id = request.batch.id if request.batch else request.key
        if self._capabilities.shared_job:
            index = request.jobs.index(spec)
            ref = JobRef(self.provider, f"shared-{request.key}", request.target, spec.key, index)
        else:
            ref = JobRef(
                self.provider, f"job-{number}", request.target, spec.key, batch_id=batch_id
            )
        self.world.jobs[slot(ref)] = RemoteJob(
            ref, spec, now, self._run_time(number), self._fails(number)
        )
        return ref

    def _cancel(self, jobs: Sequence[JobRef]) -> Mapping[JobRef, QuantumAsyncError]:
        now = anyio.current_time()
        for ref in jobs:
            job = self.world.jobs[slot(ref)]
            if not job.state(now).status.is_terminal:
                job.cancelled_at = now
        return {}

    def _open_batch(self, request: BatchRequest) -> BatchRef:
        self.world.batches[f"batch-{request.key}"] = "open"
        return BatchRef(self.provider, f"batch-{request.key}", request.target, request.key)

    def _cancel_batch(self, batch: BatchRef) -> None:
        self.world.batches[batch.id] = "cancelled"
        refs = [job.ref for job in self.world.jobs.values() if job.ref.batch_id == batch.id]
        self._cancel(refs)


def slot(ref: JobRef) -> str:
    """Name a job by its id and its place in it."""
    return f"{ref.id}[{ref.index}]" if ref.index else ref.id


@dataclass(frozen=True)
class after:  # noqa: N801 -- reads as a word in a script
    """An error that comes after the server has acted."""

    error: BaseException


def result_of(spec: JobSpec) -> Result:
    """Make the result that a job must have: its shots, and its first variable as an outcome."""
    value = next(iter(spec.variables.values()), 0)
    bits = format(int(value), "08b") if isinstance(value, (int, float)) else "0" * 8
    return Result(
        counts={bits: spec.shots},
        shots=spec.shots,
        bit_order=BitOrder.QISKIT,
        registers=(Register("c", 8),),
    )
