# mypy: allow-subclassing-any
"""Jobs: circuits or PUBs that were submitted together, to be awaited."""

from __future__ import annotations

import uuid
from collections import Counter
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Generic, TypeVar

import anyio
import anyio.to_thread
from qiskit.primitives import PrimitiveResult, PubResult
from qiskit.providers import JobStatus as QiskitStatus, JobTimeoutError as QiskitTimeoutError
from qiskit.providers.jobstatus import JOB_FINAL_STATES
from qiskit.result import Result as QiskitResult

import quantum_async
from quantum_async.errors import (
    InvalidInputError,
    JobCancelledError,
    QuantumAsyncError,
    SchedulerClosedError,
    WaitTimeoutError,
)
from quantum_async.integrations.qiskit.results import experiment
from quantum_async.models.job import JobStatus
from quantum_async.models.numbers import check_seconds
from quantum_async.scheduler.job import fresh

if TYPE_CHECKING:
    from collections.abc import (
        AsyncIterator,
        Awaitable,
        Callable,
        Collection,
        Generator,
        Iterable,
        Mapping,
        Sequence,
    )
    from typing import TypeAlias

    from qiskit import QuantumCircuit

    from quantum_async.integrations.qiskit.backends import AsyncBackend, RunSettings
    from quantum_async.integrations.qiskit.provider import AsyncProvider
    from quantum_async.integrations.qiskit.results import Outcome
    from quantum_async.models.job import JobRef
    from quantum_async.models.result import Result
    from quantum_async.scheduler.job import Job
    from quantum_async.scheduler.scheduler import Scheduler
    from quantum_async.scheduler.sweep import Sweep

    Run: TypeAlias = "JobsRun | SweepRun"
    """Circuits that run as one piece of work."""

T = TypeVar("T")
PubResultT = TypeVar("PubResultT", bound=PubResult)


QISKIT_STATUS: Mapping[JobStatus, QiskitStatus] = MappingProxyType(
    {
        JobStatus.QUEUED: QiskitStatus.QUEUED,
        JobStatus.RUNNING: QiskitStatus.RUNNING,
        JobStatus.SUCCEEDED: QiskitStatus.DONE,
        JobStatus.FAILED: QiskitStatus.ERROR,
        # Until the provider confirms, it may still end with a result.
        JobStatus.CANCELLING: QiskitStatus.RUNNING,
        JobStatus.CANCELLED: QiskitStatus.CANCELLED,
        JobStatus.UNKNOWN: QiskitStatus.RUNNING,
    }
)
"""What each of our statuses is called there."""


def together(statuses: Collection[JobStatus]) -> QiskitStatus:
    """Say where a job stands whose circuits stand each for itself.

    It runs as soon as one circuit does and until the last one has ended. It then ended in error
    if one did, and else was cancelled if one was.

    Args:
        statuses: Where its circuits stand.
    """
    words = {QISKIT_STATUS[status] for status in statuses}
    if not words <= {*JOB_FINAL_STATES}:
        return QiskitStatus.QUEUED if words == {QiskitStatus.QUEUED} else QiskitStatus.RUNNING
    order = (QiskitStatus.ERROR, QiskitStatus.CANCELLED)
    return next((worst for worst in order if worst in words), QiskitStatus.DONE)


class JobsRun:
    """Circuits that the provider has accepted.

    Args:
        scheduler: What follows them.
        jobs: The job of each circuit; some may share one of the provider's.
    """

    def __init__(self, scheduler: Scheduler, jobs: Sequence[Job]) -> None:
        self._scheduler = scheduler
        self._jobs = jobs

    def __len__(self) -> int:
        return len(self._jobs)

    @property
    def is_over(self) -> bool:
        """Whether every circuit has its outcome; sends nothing."""
        return all(job.is_settled for job in self._jobs)

    async def refs(self) -> list[JobRef]:
        """Name the circuits' jobs."""
        return [job.ref for job in self._jobs]

    async def statuses(self) -> Sequence[JobStatus]:
        """Ask where the circuits stand."""
        return await self._scheduler.statuses(self._jobs)

    async def finished(self) -> AsyncIterator[tuple[int, Outcome]]:
        """Yield the outcome of each circuit, in the order in which they finish."""
        places = {job: place for place, job in enumerate(self._jobs)}
        async for job in self._scheduler.as_completed(self._jobs):
            yield places[job], await outcome_of(job)

    async def cancel(self) -> None:
        """Cancel what has not finished."""
        await self._scheduler.cancel(self._jobs)


class SweepRun:
    """Circuits that are sent as fast as the provider takes them.

    Args:
        sweep: What the scheduler made of them.
    """

    def __init__(self, sweep: Sweep) -> None:
        self.refs = sweep.refs
        self.statuses = sweep.statuses
        self.cancel = sweep.cancel
        self._sweep = sweep

    def __len__(self) -> int:
        return len(self._sweep)

    @property
    def is_over(self) -> bool:
        """Whether every circuit has its outcome; sends nothing."""
        return self._sweep.done == len(self)

    async def finished(self) -> AsyncIterator[tuple[int, Outcome]]:
        """Yield the outcome of each circuit, in the order in which they finish."""
        async for point in self._sweep:
            outcome = point.error if point.error is not None else point.result
            assert outcome is not None
            yield point.index, outcome


async def outcome_of(job: Job) -> Outcome:
    """Wait for a job's result or error."""
    try:
        return await job.result()
    except QuantumAsyncError as error:
        return error


class JobTimeoutError(WaitTimeoutError, QiskitTimeoutError):
    """Waiting for a job ended; the job goes on. Both Qiskit's error and ours."""


class _Awaited:
    """What jobs of circuits and jobs of PUBs have in common."""

    def __init__(self, job_id: str, provider: AsyncProvider, runs: Sequence[Run]) -> None:
        self._job_id = job_id
        self._provider = provider
        self._runs = runs

    def job_id(self) -> str:
        """Give the job's id.

        By that of a backend's job ``retrieve_job`` finds it again, from any process: it is the
        provider's own, or several of those joined with commas. A job of PUBs has an id of its own;
        `refs` has the provider's.
        """
        return self._job_id

    async def status(self) -> QiskitStatus:
        """Ask the provider where the job stands; as one, whatever jobs it consists of there.

        Raises:
            QuantumAsyncError: The provider could not be asked.
            SchedulerClosedError: The provider was closed, and the job goes on by itself.
        """
        statuses = [status for run in self._runs for status in await run.statuses()]
        for run in self._runs:
            if run.is_over:
                # Who was told how a job ended has looked at its error.
                async for _ in self._finished(run):
                    pass
        return together(statuses)

    async def cancel(self) -> bool:
        """Cancel at the provider what has not ended; what ran already is billed.

        Returns:
            Whether something had not ended yet.

        Raises:
            QuantumAsyncError: The provider could not be asked, or refused.
        """
        live = [run for run in self._runs if not run.is_over]
        for run in live:
            await run.cancel()
        return bool(live)

    async def _finished(self, run: Run) -> AsyncIterator[tuple[int, Outcome]]:
        """Yield the outcomes of a run as they come, as long as somebody follows it."""
        async for place, outcome in run.finished():
            if isinstance(outcome, SchedulerClosedError):
                raise SchedulerClosedError(
                    f"job {self._job_id} is not followed any more: its provider was closed",
                    provider=self._provider.client.provider,
                    job_id=self._job_id,
                    accepted="unknown",
                    remedy="What the provider has accepted goes on there: "
                    "provider.retrieve_job(job_id) finds a backend's job again.",
                ) from outcome
            yield place, outcome

    async def _within(
        self,
        timeout: float | None,  # noqa: ASYNC109 -- as `Job.result`
        work: Callable[[], Awaitable[T]],
    ) -> T:
        """Await something for a limited time.

        Raises:
            InvalidOptionError: The time is no number of seconds.
            JobTimeoutError: The time is up.
        """
        check_seconds("timeout", timeout)
        start = anyio.current_time()
        with anyio.move_on_after(timeout):
            return await work()
        error = JobTimeoutError(
            f"job {self._job_id} has not ended after {anyio.current_time() - start:.1f} s",
            accepted="yes",
            remedy="It goes on: wait again, or cancel it with job.cancel().",
        )
        error.elapsed = anyio.current_time() - start
        raise error


class AsyncJob(_Awaited):
    """Circuits that were submitted together. ``await job`` gives Qiskit's `Result`.

    Made by `AsyncBackend.run` and ``retrieve_job``.

    Args:
        job_id: The job's id.
        provider: Who answers for it.
        run: What runs.
        backend: Where, if that is known.
        circuits: The circuits, if they are known.
        settings: How they were asked to run.
    """

    def __init__(
        self,
        job_id: str,
        provider: AsyncProvider,
        run: Run,
        backend: AsyncBackend | None,
        *,
        circuits: Sequence[QuantumCircuit] | None = None,
        settings: RunSettings | None = None,
    ) -> None:
        super().__init__(job_id, provider, [run])
        self._run = run
        self._circuits = list(circuits) if circuits is not None else [None] * len(run)
        self._settings = settings
        self.backend = backend
        """Where it runs, if that is known."""

    def __repr__(self) -> str:
        where = "" if self.backend is None else f" on {self.backend.machine.on}"
        return f"<AsyncJob {self._job_id}{where}>"

    def __len__(self) -> int:
        return len(self._run)

    async def refs(self) -> list[JobRef]:
        """Name the provider's job of each circuit."""
        return [ref for ref in await self._run.refs() if ref is not None]

    def __aiter__(self) -> AsyncIterator[tuple[int, Outcome]]:
        """Yield each circuit's place and outcome, our result or an error, as they finish."""
        return self._finished(self._run)

    def __await__(self) -> Generator[object, None, QiskitResult]:
        return self.result().__await__()

    async def result(
        self,
        timeout: float | None = None,  # noqa: ASYNC109 -- as `Job.result`
        *,
        partial: bool = False,
    ) -> QiskitResult:
        """Wait for all circuits.

        Cancelled or timed out: only the waiting ends; the job goes on.

        Args:
            timeout: Longest time to wait in seconds; no limit by default.
            partial: Whether to return what there is although circuits failed: the result then
                says ``success=False``, and so does each of these circuits.

        Raises:
            JobTimeoutError: The time is up.
            JobCancelledError: The job was cancelled.
            JobFailedError: A circuit failed.
        """
        outcomes = await self._within(timeout, self._all)
        hint = "Those that have one are in job.result(partial=True)."
        failure = first_failure(outcomes, hint)
        if failure is not None and not partial:
            raise failure
        return await anyio.to_thread.run_sync(self._converted, outcomes)

    async def ended(self, timeout: float | None = None) -> None:  # noqa: ASYNC109 -- as `result`
        """Wait until all circuits have ended, however they did.

        Args:
            timeout: Longest time to wait in seconds; no limit by default.

        Raises:
            JobTimeoutError: The time is up.
        """
        await self._within(timeout, self._all)

    async def _all(self) -> list[Outcome]:
        found = {place: outcome async for place, outcome in self}
        return [found[place] for place in range(len(self))]

    def _converted(self, outcomes: Sequence[Outcome]) -> QiskitResult:
        failures = [outcome for outcome in outcomes if isinstance(outcome, BaseException)]
        known = [outcome.shots for outcome in outcomes if not isinstance(outcome, BaseException)]
        shots, memory = max(known, default=0), True
        if self._settings is not None:
            shots, memory = self._settings.shots, self._settings.memory
        parts = zip(outcomes, self._circuits, range(len(self)), strict=True)
        return QiskitResult(
            backend_name=self.backend.machine.name if self.backend is not None else "",
            backend_version=str(quantum_async.__version__),
            job_id=self._job_id,
            success=not failures,
            results=[experiment(*part, shots, memory=memory) for part in parts],
            status=str(failures[0]) if failures else "COMPLETED",
        )


@dataclass(frozen=True, slots=True)
class PubOutcome(Generic[PubResultT]):
    """How a PUB ended.

    Args:
        index: Its place among the PUBs.
        result: Its result, or ``None``.
        error: Why it has none, or ``None``.
    """

    index: int
    result: PubResultT | None = None
    error: BaseException | None = None

    def outcome(self) -> PubResultT:
        """Return the result, or raise the error."""
        if self.error is not None:
            raise self.error
        assert self.result is not None
        return self.result


class AsyncPrimitiveJob(_Awaited, Generic[PubResultT]):
    """PUBs that were submitted together. ``await job`` gives Qiskit's `PrimitiveResult`.

    ``async for`` yields each PUB's outcome as soon as all of its points have ended. Made by
    `AsyncSampler.run` and `AsyncEstimator.run`.

    Args:
        provider: Who answers for it.
        runs: What runs, and of which PUB, circuit and point the outcome of each piece is.
        needs: How many pieces each PUB waits for.
        assembled: Makes the result of a PUB, by its number, of its pieces' by circuit and point.
    """

    def __init__(
        self,
        provider: AsyncProvider,
        runs: Sequence[tuple[Sequence[tuple[int, int, int]], Run]],
        needs: Sequence[int],
        assembled: Callable[[int, Mapping[tuple[int, int], Result]], PubResultT],
    ) -> None:
        super().__init__(str(uuid.uuid4()), provider, [run for _, run in runs])
        self._places = runs
        self._needs = needs
        self._make = assembled

    def __repr__(self) -> str:
        return f"<AsyncPrimitiveJob {self._job_id} of {len(self._needs)} PUBs>"

    def __len__(self) -> int:
        return len(self._needs)

    async def refs(self) -> list[JobRef]:
        """Wait until the provider has accepted everything, and name its jobs, each once."""
        found = [ref for run in self._runs for ref in await run.refs() if ref is not None]
        return list({ref.id: ref for ref in found}.values())

    def __await__(self) -> Generator[object, None, PrimitiveResult[PubResultT]]:
        return self.result().__await__()

    async def result(self, timeout: float | None = None) -> PrimitiveResult[PubResultT]:  # noqa: ASYNC109 -- as `Job.result`
        """Wait for all PUBs.

        Cancelled or timed out: only the waiting ends; the job goes on.

        Args:
            timeout: Longest time to wait in seconds; no limit by default.

        Raises:
            JobTimeoutError: The time is up.
            JobCancelledError: The job was cancelled.
            JobFailedError: A circuit failed; iterating over the job gives the PUBs that did not.
        """
        outcomes = await self._within(timeout, self._all)
        errors = [one.error for one in outcomes if one.error is not None]
        if errors:
            raise first_failure(errors) or errors[0]
        return PrimitiveResult([one.outcome() for one in outcomes], metadata={"version": 2})

    async def __aiter__(self) -> AsyncIterator[PubOutcome[PubResultT]]:
        """Yield how each PUB ended, in the order in which they do.

        PUBs that differ in shots or observables are looked at one group after the other.
        """
        known: list[dict[tuple[int, int], Outcome]] = [{} for _ in self._needs]
        for pub, need in enumerate(self._needs):
            if not need:
                yield await self._assembled(pub, {})
        for places, run in self._places:
            async for index, outcome in self._finished(run):
                pub, circuit, point = places[index]
                known[pub][circuit, point] = outcome
                if len(known[pub]) == self._needs[pub]:
                    yield await self._assembled(pub, known[pub])

    async def _all(self) -> list[PubOutcome[PubResultT]]:
        found = {outcome.index: outcome async for outcome in self}
        return [found[index] for index in range(len(self))]

    async def _assembled(
        self, pub: int, found: Mapping[tuple[int, int], Outcome]
    ) -> PubOutcome[PubResultT]:
        failure = first_failure(list(found.values()))
        if failure is not None:
            return PubOutcome(pub, error=failure)
        results = {
            place: outcome
            for place, outcome in found.items()
            if not isinstance(outcome, BaseException)
        }
        return PubOutcome(pub, await anyio.to_thread.run_sync(self._make, pub, results))


def first_failure(outcomes: Collection[Outcome], hint: str = "") -> BaseException | None:
    """Choose the error to raise: a failure before a cancellation; with a note on the others.

    Args:
        outcomes: Results and errors.
        hint: Where those that have a result are to be had.
    """
    errors = [outcome for outcome in outcomes if isinstance(outcome, BaseException)]
    if not errors:
        return None
    failed = [error for error in errors if not isinstance(error, JobCancelledError)]
    error = fresh((failed or errors)[0])
    if len(outcomes) > 1:
        error.add_note(f"{len(errors)} of {len(outcomes)} circuits have no result.")
    if hint and len(errors) < len(outcomes):
        error.add_note(hint)
    return error


_SEPARATOR, _COUNT = ",", "*"


def job_id_of(refs: Iterable[JobRef], *, counted: bool) -> str:
    """Name a job: by the provider's own id, or by several joined with commas.

    Args:
        refs: Its circuits.
        counted: Whether to say how many circuits each of the provider's jobs has, because the
            provider does not.
    """
    circuits = Counter(ref.id for ref in refs)
    return _SEPARATOR.join(
        f"{name}{_COUNT}{count}" if counted and count > 1 else name
        for name, count in circuits.items()
    )


def parts_of(job_id: str) -> list[tuple[str, int | None]]:
    """Take an id apart: the provider's ids, and how many circuits each has, where it says so.

    Raises:
        InvalidInputError: It is empty or malformed.
    """
    parts: list[tuple[str, int | None]] = []
    for part in job_id.split(_SEPARATOR):
        name, mark, count = part.strip().partition(_COUNT)
        if not name or name in dict(parts) or (mark and not count.isdecimal()):
            raise InvalidInputError(
                f"{job_id!r} is not the id of a job", remedy="Pass what job.job_id() returned."
            )
        parts.append((name, int(count) if mark else None))
    return parts
