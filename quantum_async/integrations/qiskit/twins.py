# mypy: allow-subclassing-any
"""What Qiskit's objects have by hand where nobody awaits; all else is generated from the async ones."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar, cast
from weakref import WeakValueDictionary

from qiskit.primitives import BasePrimitiveJob, PrimitiveResult
from qiskit.providers import JobStatus as QiskitStatus, JobV1
from qiskit.providers.jobstatus import JOB_FINAL_STATES

from quantum_async.blocking._door import bare_of, stand
from quantum_async.blocking._handle import BlockHandle, ClientHandle, Handle
from quantum_async.blocking._session import Session
from quantum_async.errors import ConfigurationError, DuplicateSubmissionError
from quantum_async.integrations.qiskit.backends import AsyncBackend, Described, check_backend
from quantum_async.integrations.qiskit.jobs import AsyncJob, AsyncPrimitiveJob, PubResultT
from quantum_async.integrations.qiskit.provider import AsyncProvider
from quantum_async.scheduler.leaving import Left

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, Awaitable, Callable, Iterator
    from pathlib import Path
    from types import TracebackType

    from quantum_async.blocking import Scheduler as BlockingScheduler
    from quantum_async.blocking._handle import AnyClient
    from quantum_async.integrations.qiskit import QuantumAsyncBackend, QuantumAsyncProvider
    from quantum_async.integrations.qiskit.results import Outcome
    from quantum_async.journal.base import Journal
    from quantum_async.models.cost import Budget
    from quantum_async.models.limits import Limits
    from quantum_async.providers.base import ProviderClient

T = TypeVar("T")
AsyncT = TypeVar("AsyncT")


class Twin(Generic[AsyncT]):
    """One of Qiskit's objects: its async twin, where nobody awaits.

    Args:
        provider: Where its calls run.
        twin: The same, awaited.
    """

    def __init__(self, provider: QuantumAsyncProvider, twin: AsyncT) -> None:
        self._provider = provider
        self._twin = twin

    def __repr__(self) -> str:
        return repr(self._twin).replace(type(self._twin).__name__, type(self).__name__, 1)


def unwrap(backend: QuantumAsyncBackend) -> AsyncBackend:
    """Give the async twin of a backend.

    Raises:
        InvalidInputError: It is something else.
    """
    from quantum_async.integrations.qiskit import QuantumAsyncBackend

    check_backend(backend, QuantumAsyncBackend, "QuantumAsyncProvider")
    return backend._twin  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]


class BackendTwin(Twin[AsyncBackend], Described):
    """One device of a provider; made by `QuantumAsyncProvider.backend`.

    Qiskit's ``transpile``, ``BackendSamplerV2`` and ``BackendEstimatorV2`` take it; `SamplerV2` and
    `EstimatorV2` of this package make fewer jobs of the same work.

    Args:
        provider: Where its jobs go.
        twin: The same backend, awaited.
    """

    def __init__(self, provider: QuantumAsyncProvider, twin: AsyncBackend) -> None:
        Twin.__init__(self, provider, twin)
        Described.__init__(self, provider, twin.machine)
        self.source = provider
        """Where its jobs go."""
        # Primitives run through the twin: what is set here has to be set there.
        self._options = twin.usual


class JobTwin(Twin[AsyncJob], JobV1):
    """Circuits that were submitted together; made by ``run`` and ``retrieve_job``.

    Args:
        provider: Who answers for it.
        twin: The same job, awaited.
    """

    def __init__(self, provider: QuantumAsyncProvider, twin: AsyncJob) -> None:
        Twin.__init__(self, provider, twin)
        backend = provider._wrap(twin.backend)  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]
        JobV1.__init__(self, backend, twin.job_id())

    def submit(self) -> None:
        """Refuse to submit again: jobs are submitted by ``backend.run``.

        Raises:
            DuplicateSubmissionError: Always.
        """
        raise DuplicateSubmissionError(
            f"job {self.job_id()} was submitted already",
            job_id=self.job_id(),
            accepted="yes",
            remedy="Call backend.run(...) for another one.",
        )

    def as_completed(self) -> Iterator[tuple[int, Outcome]]:
        """Yield each circuit's place and outcome, our result or an error, as they finish."""
        return self._provider.iterate(lambda: self._twin)

    def wait_for_final_state(
        self,
        timeout: float | None = None,
        wait: float = 5,  # noqa: ARG002 -- Qiskit's own signature
        callback: object = None,
    ) -> None:
        """Wait until the job has ended, however it did; the provider is asked no more than usual.

        Args:
            timeout: Longest time to wait in seconds; no limit by default.
            wait: Of no effect: what the provider says is seen as soon as it is known.
            callback: Called once at the end with id, status and job.

        Raises:
            JobTimeoutError: The time is up; the job goes on.
        """
        self._provider.run("wait_for_final_state", lambda: self._twin.ended(timeout))
        if callable(callback):
            callback(self.job_id(), self.status(), self)


class PrimitiveJobTwin(
    Twin[AsyncPrimitiveJob[PubResultT]],
    BasePrimitiveJob[PrimitiveResult[PubResultT], QiskitStatus],
):
    """PUBs that were submitted together; made by `SamplerV2.run` and `EstimatorV2.run`.

    Iterating over it yields each PUB's outcome as soon as all of its points have ended.

    Args:
        provider: Who answers for it.
        twin: The same job, awaited.
    """

    def __init__(self, provider: QuantumAsyncProvider, twin: AsyncPrimitiveJob[PubResultT]) -> None:
        Twin.__init__(self, provider, twin)
        BasePrimitiveJob.__init__(self, twin.job_id())

    def done(self) -> bool:
        """Say whether it has succeeded."""
        return self.status() is QiskitStatus.DONE

    def running(self) -> bool:
        """Say whether it runs."""
        return self.status() is QiskitStatus.RUNNING

    def cancelled(self) -> bool:
        """Say whether it was cancelled."""
        return self.status() is QiskitStatus.CANCELLED

    def in_final_state(self) -> bool:
        """Say whether it has ended."""
        return self.status() in JOB_FINAL_STATES


class ProviderTwin(BlockHandle[AsyncProvider]):
    """Qiskit's view of one provider: existing scripts change the line that makes theirs.

    Constructing it sends nothing. In a ``with`` block it owns its jobs: leaving the block
    normally waits for them, leaving it by an error cancels them at the provider. Without one, the
    first use opens it, and `close` or the end of the program lets jobs go on, to be found again
    by `retrieve_job`; what was not sent by then is not sent. The client is closed if it was
    opened here. With a scheduler, whoever entered that one owns client and jobs.

    It may be used from many threads, and in notebooks.

    Args:
        via: The name of a provider, such as ``"local"`` or ``"iqm"``, whose client is then made
            from environment variables; a blocking client, or an async one that nobody has
            opened; or a blocking scheduler that is entered.
        name: Which provider is meant, where a scheduler has several clients.
        journal: Where jobs are written down before they are sent; see `Scheduler`.
        limits: How much is done at once.
        budget: The most that may be spent.
        run: What this script's submissions are called. With a journal, the same script continues
            under the same name: what it submits first, second and so on is found again, and only
            what is missing is sent.

    Raises:
        ConfigurationError: The client belongs to another event loop, or none is meant.
        UnknownTargetError: There is no such provider.

    Example:
        ```python
        from qiskit import QuantumCircuit, transpile
        from quantum_async.integrations.qiskit import QuantumAsyncProvider

        bell = QuantumCircuit(2)
        bell.h(0)
        bell.cx(0, 1)
        bell.measure_all()

        with QuantumAsyncProvider("local") as provider:
            backend = provider.get_backend("statevector")
            job = backend.run(transpile(bell, backend), shots=100)
            counts = job.result().get_counts()
        assert set(counts) <= {"00", "11"}
        ```
    """

    def __init__(
        self,
        via: AnyClient | BlockingScheduler | str = "local",
        *,
        name: str = "",
        journal: str | Path | Journal | None = None,
        limits: Limits | None = None,
        budget: Budget | None = None,
        run: str | None = None,
    ) -> None:
        bare = via if isinstance(via, str) else bare_of(via)
        self._is_guest = isinstance(via, Handle) and not isinstance(via, ClientHandle)
        twin = AsyncProvider(
            bare, name=name, journal=journal, limits=limits, budget=budget, run=run
        )
        super().__init__(twin, Session(twin))
        self._is_entered = False
        self._lock = threading.RLock()
        self._backends: WeakValueDictionary[AsyncBackend, QuantumAsyncBackend] = (
            WeakValueDictionary()
        )

    def __repr__(self) -> str:
        return f"<QuantumAsyncProvider of {self.client!r}>"

    def __enter__(self) -> Self:
        with self._lock:
            if self._block is not None and self._block.is_open:
                raise ConfigurationError(
                    "this provider is in use already",
                    provider=self.client.name,
                    remedy="Enter it before its first use, or close it first.",
                )
            self._async.on_cancel = "cancel"
            self._is_entered = True
            self._open()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._is_entered = False
        self._exit(exc)

    @property
    def client(self) -> ProviderClient:
        """The provider's async client."""
        return self._async.client

    def close(self) -> None:
        """Let jobs go on by themselves, and close the client if this opened it.

        Jobs of the simulator in this package end with it. Closing twice has no effect; the next
        use opens it again.
        """
        if self._block is not None and self._block.is_open:
            self.__exit__(None, Left("closed"), None)

    def run(self, what: str, work: Callable[[], Awaitable[T]]) -> T:
        """Await something on the facade's event loop, opening the provider if nobody has.

        Args:
            what: The name of the call, for errors.
            work: Makes what is awaited.
        """
        __tracebackhide__ = True
        self._open()
        return self._call(what, work)

    def iterate(self, iterable: Callable[[], AsyncIterable[T]]) -> Iterator[T]:
        """Iterate over something async by one task of the facade's event loop."""
        self._open()
        return self._iterate(iterable)

    def _wrap(self, value: Any) -> Any:
        """Give the blocking twin of what came from the loop; values stay as they are."""
        from quantum_async.integrations import qiskit

        provider = cast("QuantumAsyncProvider", self)
        if isinstance(value, list):
            return [self._wrap(item) for item in value]
        if isinstance(value, AsyncBackend):
            # One for each: a job's backend is the one that has run it.
            found = self._backends.get(value) or qiskit.QuantumAsyncBackend(provider, value)
            return self._backends.setdefault(value, found)
        if isinstance(value, AsyncJob):
            return qiskit.QuantumAsyncJob(provider, value)
        if isinstance(value, AsyncPrimitiveJob):
            return qiskit.PrimitiveJob(provider, value)
        return value

    def _open(self) -> None:
        if self._is_guest:
            return
        with self._lock:
            if self._block is not None and self._block.is_open:
                return
            if not self._is_entered:
                outlives = self.client.capabilities.outlives
                self._async.on_cancel = "detach" if outlives else "cancel"
            self._block = stand(self, self._async, self._session)
