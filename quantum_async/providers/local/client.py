"""The local provider's client."""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, ClassVar, Self
from uuid import uuid4

import anyio
import anyio.to_thread

from quantum_async.errors import (
    BatchClosedError,
    BatchError,
    ConfigurationError,
    DeviceLimitError,
    DuplicateSubmissionError,
    InvalidOptionError,
    QuantumAsyncError,
)
from quantum_async.models.batch import BatchRef, BatchState, BatchStatus
from quantum_async.models.capabilities import Binding, Capabilities, SubmissionGrade
from quantum_async.models.device import Device, DeviceKind, DeviceStatus
from quantum_async.models.job import JobRef, JobState
from quantum_async.models.options import meaning_of
from quantum_async.models.submission import RunOptions
from quantum_async.providers.base import ProviderClient, client_name
from quantum_async.providers.local.engine import Engine
from quantum_async.providers.local.table import (
    CANCELLED,
    ChangeWatch,
    JobTable,
    LocalBatch,
    LocalJob,
)
from quantum_async.providers.local.worker import Task
from quantum_async.simulation.devices import ANALOG_DEVICE, CIRCUIT_DEVICES, analog_qubits
from quantum_async.simulation.memory import gibibytes, usable_bytes
from quantum_async.simulation.options import SimulationOptions
from quantum_async.simulation.run import default_device, validate
from quantum_async.simulation.shots import MOST_SHOTS

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping, Sequence
    from concurrent.futures import Executor

    from quantum_async.models.program import Program
    from quantum_async.models.result import Result
    from quantum_async.models.submission import BatchRequest, JobSpec, SubmitRequest
    from quantum_async.simulation.checked import Checked


def local_devices(provider: str) -> list[Device]:
    """List the simulators, with the number of qubits that fit in this machine's memory.

    Args:
        provider: Registry name of the local provider.
    """
    circuits = [
        _device(provider, device.name, DeviceKind.GATE, device.num_qubits, device.description)
        for device in CIRCUIT_DEVICES.values()
    ]
    analog = _device(
        provider,
        ANALOG_DEVICE,
        DeviceKind.ANALOG,
        analog_qubits(),
        "Pulser sequences, by QuTiP; noise by an emulation configuration",
    )
    return [*circuits, analog]


def _device(
    provider: str, name: str, kind: DeviceKind, num_qubits: int, description: str
) -> Device:
    return Device(
        provider=provider,
        name=name,
        kind=kind,
        is_simulator=True,
        num_qubits=num_qubits,
        max_shots=MOST_SHOTS,
        status=DeviceStatus.AVAILABLE,
        description=description,
    )


_NO_OPTIONS = meaning_of(RunOptions())


class SeedSequence:
    """Gives each job a seed that follows from the client's seed and from the job itself.

    The order in which different jobs are submitted does not matter; the same job submitted again
    gets another seed, so that repetitions are independent.

    Args:
        seed: The client's seed, or ``None`` to leave jobs as they are.
    """

    def __init__(self, seed: int | None) -> None:
        self._seed = seed
        self._seen: Counter[bytes] = Counter()

    def seeded(self, job: JobSpec) -> JobSpec:
        """Return the job with a seed; a seed of its own stays."""
        if self._seed is None or job.options.seed is not None:
            return job
        text = repr((self._seed, job.program.digest, job.shots, sorted(job.variables.items())))
        if (meaning := meaning_of(job.options)) != _NO_OPTIONS:
            text += meaning
        identity = hashlib.sha256(text.encode()).digest()
        self._seen[identity] += 1
        mixed = hashlib.sha256(identity + str(self._seen[identity]).encode()).digest()
        seed = int.from_bytes(mixed[:4], "big") >> 1
        return replace(job, options=replace(job.options, seed=seed))


_CLOSE_SECONDS = 5.0
_ENVIRONMENT = "QUANTUM_ASYNC_LOCAL_"
_CAPABILITIES = Capabilities(
    grade=SubmissionGrade.EXACT,
    binding=Binding.CLIENT,
    open_batch=True,
    jobs_per_submission=16,
    jobs_per_poll=1024,
    long_poll=True,
    jobs_in_flight=1024,
    requests_in_flight=16,
    outlives=False,
)


class LocalClient(ProviderClient):
    """The simulators embedded in this package: no account, no network, nothing billed.

    Simulating never blocks the event loop. Points of one circuit run together on threads of this
    process; worker processes are started for what may take long, which can be ended at any time,
    and where measured jobs say that it pays. Scripts need no ``__main__`` guard.

    Args:
        executor: Runs everything there instead, such as a Dask cluster's
            ``client.get_executor()``; the caller keeps it and closes it.
        seed: Makes every job without a seed of its own repeatable.
        workers: How many worker processes share short jobs; by default as many as cores and
            memory allow. As many again may run long ones.
        name: What the client is called in a scheduler, where that has several of one provider.

    Raises:
        InvalidOptionError: The number of workers or the seed makes no sense.

    Example:
        ```python
        import quantum_async as qa

        program = qa.as_program("OPENQASM 2.0; qreg q[1]; creg c[1]; measure q -> c;")
        async with qa.Scheduler(qa.LocalClient(seed=7)) as scheduler:
            result = await (await scheduler.submit(program, shots=100))
        ```
    """

    name: str = "local"
    options_class: ClassVar[type[RunOptions]] = SimulationOptions

    def __init__(
        self,
        *,
        executor: Executor | None = None,
        seed: int | None = None,
        workers: int | None = None,
        name: str | None = None,
    ) -> None:
        self.name = client_name(name, "local")
        if workers is not None and workers < 1:
            raise InvalidOptionError(
                f"{workers} workers", remedy="Give a whole number from 1 up.", provider="local"
            )
        if seed is not None and seed < 0:
            raise InvalidOptionError(
                f"seed {seed}", remedy="Give a whole number from 0 up.", provider="local"
            )
        self._executor = executor
        self._workers = workers
        self._seeds = SeedSequence(seed)
        self._table = JobTable()
        self._watch = ChangeWatch(self._table)
        self._engine: Engine | None = None
        self._checking: anyio.CapacityLimiter | None = None

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None, *, name: str | None = None) -> Self:
        """Build a client from ``QUANTUM_ASYNC_LOCAL_SEED`` and ``QUANTUM_ASYNC_LOCAL_WORKERS``.

        Args:
            environ: Read instead of the process's environment.
            name: What the client is called in a scheduler.

        Raises:
            InvalidOptionError: No target could begin with the name.
            ConfigurationError: A variable is not a whole number.
        """
        given = os.environ if environ is None else environ
        return cls(
            seed=_whole_number(given, "SEED"), workers=_whole_number(given, "WORKERS"), name=name
        )

    @property
    def capabilities(self) -> Capabilities:
        """What this client can do."""
        return _CAPABILITIES

    @property
    def is_open(self) -> bool:
        """Whether the client has been entered and not yet closed."""
        return self._engine is not None

    async def open(self) -> None:
        """Get ready; no process is started before a job needs it."""
        if self._engine is not None:
            return
        make = partial(
            Engine,
            self._table.lock,
            self._table.notify,
            executor=self._executor,
            workers=self._workers,
        )
        # On a thread, because counting cores and memory reads files.
        engine = await anyio.to_thread.run_sync(make)
        if not self.is_open:
            self._engine = engine
            # One submission after the other: checked side by side, they would share the
            # interpreter's lock, and none would be ready before nearly all are.
            self._checking = anyio.CapacityLimiter(1)

    async def close(self) -> None:
        """Stop the workers and forget all jobs; unfinished ones do not go on."""
        engine, self._engine = self._engine, None
        if engine is None:
            return
        self._table.clear()
        with anyio.move_on_after(_CLOSE_SECONDS, shield=True):
            await anyio.to_thread.run_sync(engine.close, abandon_on_cancel=True)

    async def devices(self) -> list[Device]:
        """List the simulators, with the number of qubits that fit in this machine's memory."""
        return await anyio.to_thread.run_sync(local_devices, self.name)

    def default_device(self, program: Program) -> str:
        """Name the simulator that follows from a program's kind.

        Raises:
            UnknownTargetError: No simulator here runs this format.
        """
        return default_device(program)

    async def validate(self, job: JobSpec, device: str) -> None:
        """Refuse a job that cannot run.

        Args:
            job: What is going to be run.
            device: The simulator's name.

        Raises:
            InvalidInputError: The job cannot run, with the reason and the remedy.
        """
        await anyio.to_thread.run_sync(self._checked, job, device)

    def grouping(self, job: JobSpec) -> Hashable:
        """Any jobs can share a submission."""
        del job
        return self.provider

    def weigh(self, job: JobSpec) -> int:
        """Nothing is sent, so nothing weighs anything."""
        del job
        return 0

    async def submit(self, request: SubmitRequest) -> list[JobRef]:
        """Queue jobs; the same key again returns the same jobs.

        Cancelled: the jobs are either queued, and `find` tells which, or not.

        Args:
            request: What to run.

        Raises:
            InvalidInputError: A job cannot run; none of the request's jobs was queued.
            DuplicateSubmissionError: The key was used for other jobs.
            BatchClosedError: The batch takes no more jobs.
        """
        engine = self._opened()
        known = self._known(request)
        if known:
            return known
        self._batch(request)
        specs = [self._seeds.seeded(job) for job in request.jobs]
        return await anyio.to_thread.run_sync(
            self._queue, engine, request, specs, limiter=self._checking
        )

    async def poll(self, jobs: Sequence[JobRef], *, wait: float = 0.0) -> Mapping[JobRef, JobState]:
        """Say where jobs stand.

        Args:
            jobs: The jobs.
            wait: Longest time in seconds to wait until one of them has moved.
        """
        if jobs and wait > 0:
            await self._watch.until(lambda: self._table.has_news(jobs), wait)
        return self._table.states(jobs)

    async def fetch(self, job: JobRef) -> Result:
        """Hand out a job's result.

        Raises:
            ResultPendingError: The job has not ended.
            ResultError: There is no result.
        """
        return self._table.result(job)

    async def fetch_many(self, jobs: Sequence[JobRef]) -> Mapping[JobRef, Result]:
        """Hand out the results of several jobs; those without one are left out."""
        found = {}
        for job in jobs:
            try:
                found[job] = self._table.result(job)
            except QuantumAsyncError:
                continue
        return found

    async def cancel(self, jobs: Sequence[JobRef]) -> Mapping[JobRef, QuantumAsyncError]:
        """Cancel jobs: queued ones never run, and running ones are ended."""
        found = [job for ref in jobs if (job := self._table.job(ref)) is not None]
        await self._cancel(found)
        return {}

    async def find(self, key: str) -> list[JobRef]:
        """Find the jobs of a submission.

        Args:
            key: The submission's key.
        """
        return list(self._table.submission(key))

    async def open_batch(self, request: BatchRequest) -> BatchRef:
        """Open a batch; the same key again returns the same batch."""
        self._opened()
        known = await self.find_batch(request.key)
        if known is not None:
            return known
        ref = BatchRef(self.provider, uuid4().hex, request.target, request.key)
        self._table.batches[ref.id] = LocalBatch(ref, request.on_failure)
        return ref

    async def close_batch(self, batch: BatchRef) -> None:
        """Close a batch: its jobs go on, no more can be added. Closing twice is harmless."""
        self._held(batch.id).is_open = False

    async def cancel_batch(self, batch: BatchRef) -> None:
        """Close a batch and cancel its unfinished jobs."""
        held = self._held(batch.id)
        held.is_open = False
        await self._cancel(held.jobs)

    async def find_batch(self, key: str) -> BatchRef | None:
        """Find a batch by its key."""
        for batch in self._table.batches.values():
            if batch.ref.key == key:
                return batch.ref
        return None

    async def batch_state(self, batch: BatchRef) -> BatchState:
        """Say whether a batch takes jobs."""
        is_open = self._held(batch.id).is_open
        return BatchState(BatchStatus.OPEN if is_open else BatchStatus.CLOSED)

    async def batch_jobs(self, batch: BatchRef) -> list[JobRef]:
        """List a batch's jobs in the order in which they were created."""
        return [job.ref for job in self._held(batch.id).jobs]

    def _queue(
        self, engine: Engine, request: SubmitRequest, specs: Sequence[JobSpec]
    ) -> list[JobRef]:
        jobs = self._records(specs, request)
        with self._table.lock:
            known = self._known(request)
            if known:
                return known
            batch = self._batch(request)
            self._table.add(request.key, jobs)
            if batch is not None:
                batch.jobs.extend(jobs)
        engine.add(jobs)
        return [job.ref for job in jobs]

    def _records(self, specs: Sequence[JobSpec], request: SubmitRequest) -> list[LocalJob]:
        batch_id = request.batch.id if request.batch else None
        records = []
        for spec in specs:
            checked = self._checked(spec, request.target)
            ref = JobRef(
                LocalClient.name, spec.key, request.target, key=spec.key, batch_id=batch_id
            )
            records.append(LocalJob(ref, Task(spec, request.target, checked), checked.effort))
        return records

    def _checked(self, job: JobSpec, device: str) -> Checked:
        checked = validate(job, device)
        needed, usable = checked.effort.size, usable_bytes()
        # What an executor's machines have is not known here.
        if needed > usable and self._executor is None:
            raise DeviceLimitError(
                f"simulating {job.program.where} takes {gibibytes(needed)} of memory, and simulations "
                f"may take {gibibytes(usable)} here",
                provider=self.provider,
                remedy="Use fewer qubits, a machine with more memory, or a cloud target.",
            )
        return checked

    def _opened(self) -> Engine:
        if self._engine is None:
            raise ConfigurationError(
                "the local client is not open",
                remedy="Enter it: async with LocalClient() as ...",
                provider="local",
            )
        return self._engine

    def _known(self, request: SubmitRequest) -> list[JobRef]:
        refs = self._table.submission(request.key)
        if refs and [ref.key for ref in refs] != [job.key for job in request.jobs]:
            raise DuplicateSubmissionError(
                f"the key {request.key} was used for other jobs",
                provider=self.provider,
                remedy="Give every submission a key of its own.",
            )
        return list(refs)

    def _batch(self, request: SubmitRequest) -> LocalBatch | None:
        if request.batch is None:
            return None
        batch = self._held(request.batch.id)
        if not batch.is_open:
            raise BatchClosedError(
                f"{request.batch} is closed", provider=self.provider, remedy="Open another one."
            )
        return batch

    def _held(self, batch_id: str) -> LocalBatch:
        try:
            return self._table.batches[batch_id]
        except KeyError:
            raise BatchError(
                f"the local provider has no batch {batch_id}",
                provider=self.provider,
                remedy="Batches live as long as the client that opened them is open.",
            ) from None

    async def _cancel(self, jobs: Sequence[LocalJob]) -> None:
        with self._table.lock:
            live = [job for job in jobs if not job.is_over]
            for job in live:
                job.move(CANCELLED)
            self._table.notify()
        if live and self._engine is not None:
            await anyio.to_thread.run_sync(self._engine.drop)


def _whole_number(environ: Mapping[str, str], name: str) -> int | None:
    text = environ.get(_ENVIRONMENT + name, "").strip()
    if not text:
        return None
    if not text.isdigit():
        raise ConfigurationError(
            f"{_ENVIRONMENT}{name} is {text!r}",
            remedy="Set it to a whole number, or unset it.",
            provider="local",
        )
    return int(text)
