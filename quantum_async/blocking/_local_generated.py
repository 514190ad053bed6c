"""Blocking twins of the async classes: local."""

# Written by `python .ci/facade` from the async classes.
# Do not change it here: change those, and run the generator.
# mypy: disable-error-code="no-any-return"

from __future__ import annotations

from typing import TYPE_CHECKING

from quantum_async.blocking._handle import ClientHandle
from quantum_async.blocking._session import Session
from quantum_async.simulation.options import SimulationOptions
import quantum_async as _async

if TYPE_CHECKING:
    from collections.abc import Hashable
    from collections.abc import Mapping
    from collections.abc import Sequence
    from concurrent.futures import Executor
    from quantum_async.errors import QuantumAsyncError
    from quantum_async.models.batch import BatchRef
    from quantum_async.models.batch import BatchState
    from quantum_async.models.capabilities import Capabilities
    from quantum_async.models.device import Device
    from quantum_async.models.job import JobRef
    from quantum_async.models.job import JobState
    from quantum_async.models.program import Program
    from quantum_async.models.result import Result
    from quantum_async.models.submission import BatchRequest
    from quantum_async.models.submission import JobSpec
    from quantum_async.models.submission import RunOptions
    from quantum_async.models.submission import SubmitRequest
    from quantum_async.providers.local.client import LocalClient as AsyncLocalClient
    from typing import ClassVar
    from typing import Self


class LocalClient(ClientHandle["AsyncLocalClient"]):
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

    Blocking twin of `quantum_async.LocalClient`.

    Example:
        ```python
        import quantum_async.blocking as qa

        program = qa.as_program("OPENQASM 2.0; qreg q[1]; creg c[1]; measure q -> c;")
        with qa.Scheduler(qa.LocalClient(seed=7)) as scheduler:
            result = scheduler.submit(program, shots=100).result()
        ```
    """

    __slots__ = ()

    def __init__(
        self,
        *,
        executor: Executor | None = None,
        seed: int | None = None,
        workers: int | None = None,
        name: str | None = None,
    ) -> None:
        twin = _async.LocalClient(executor=executor, seed=seed, workers=workers, name=name)
        super().__init__(twin, Session(twin))

    def __enter__(self) -> LocalClient:
        self._enter(self._async)
        return self

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None, *, name: str | None = None) -> Self:
        """Build a client from ``QUANTUM_ASYNC_LOCAL_SEED`` and ``QUANTUM_ASYNC_LOCAL_WORKERS``.

        Args:
            environ: Read instead of the process's environment.
            name: What the client is called in a scheduler.

        Raises:
            InvalidOptionError: No target could begin with the name.
            ConfigurationError: A variable is not a whole number.

        Blocking twin of `quantum_async.LocalClient.from_env`.
        """
        return cls._of(_async.LocalClient.from_env(environ, name=name))

    @property
    def capabilities(self) -> Capabilities:
        """What this client can do.

        Blocking twin of `quantum_async.LocalClient.capabilities`.
        """
        return self._async.capabilities

    @property
    def is_open(self) -> bool:
        """Whether the client has been entered and not yet closed.

        Blocking twin of `quantum_async.LocalClient.is_open`.
        """
        return self._async.is_open

    def open(self, *, timeout: float | None = None) -> None:
        """Get ready; no process is started before a job needs it.

        Args:
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Blocking twin of `quantum_async.LocalClient.open`.
        """
        return self._call("LocalClient.open", lambda: self._async.open(), timeout)

    def close(self, *, timeout: float | None = None) -> None:
        """Stop the workers and forget all jobs; unfinished ones do not go on.

        Args:
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Blocking twin of `quantum_async.LocalClient.close`.
        """
        return self._call("LocalClient.close", lambda: self._async.close(), timeout)

    def devices(self, *, timeout: float | None = None) -> list[Device]:
        """List the simulators, with the number of qubits that fit in this machine's memory.

        Args:
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Blocking twin of `quantum_async.LocalClient.devices`.
        """
        return self._call("LocalClient.devices", lambda: self._async.devices(), timeout)

    def default_device(self, program: Program) -> str:
        """Name the simulator that follows from a program's kind.

        Raises:
            UnknownTargetError: No simulator here runs this format.

        Blocking twin of `quantum_async.LocalClient.default_device`.
        """
        return self._ask(lambda: self._async.default_device(program))

    def validate(self, job: JobSpec, device: str, *, timeout: float | None = None) -> None:
        """Refuse a job that cannot run.

        Args:
            job: What is going to be run.
            device: The simulator's name.
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Raises:
            InvalidInputError: The job cannot run, with the reason and the remedy.

        Blocking twin of `quantum_async.LocalClient.validate`.
        """
        return self._call(
            "LocalClient.validate", lambda: self._async.validate(job, device), timeout
        )

    def grouping(self, job: JobSpec) -> Hashable:
        """Any jobs can share a submission.

        Blocking twin of `quantum_async.LocalClient.grouping`.
        """
        return self._ask(lambda: self._async.grouping(job))

    def weigh(self, job: JobSpec) -> int:
        """Nothing is sent, so nothing weighs anything.

        Blocking twin of `quantum_async.LocalClient.weigh`.
        """
        return self._ask(lambda: self._async.weigh(job))

    def submit(self, request: SubmitRequest, *, timeout: float | None = None) -> list[JobRef]:
        """Queue jobs; the same key again returns the same jobs.

        Cancelled: the jobs are either queued, and `find` tells which, or not.

        Args:
            request: What to run.
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Raises:
            InvalidInputError: A job cannot run; none of the request's jobs was queued.
            DuplicateSubmissionError: The key was used for other jobs.
            BatchClosedError: The batch takes no more jobs.

        Blocking twin of `quantum_async.LocalClient.submit`.
        """
        return self._call("LocalClient.submit", lambda: self._async.submit(request), timeout)

    def poll(
        self, jobs: Sequence[JobRef], *, wait: float = 0.0, timeout: float | None = None
    ) -> Mapping[JobRef, JobState]:
        """Say where jobs stand.

        Args:
            jobs: The jobs.
            wait: Longest time in seconds to wait until one of them has moved.
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Blocking twin of `quantum_async.LocalClient.poll`.
        """
        return self._call("LocalClient.poll", lambda: self._async.poll(jobs, wait=wait), timeout)

    def fetch(self, job: JobRef, *, timeout: float | None = None) -> Result:
        """Hand out a job's result.

        Args:
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Raises:
            ResultPendingError: The job has not ended.
            ResultError: There is no result.

        Blocking twin of `quantum_async.LocalClient.fetch`.
        """
        return self._call("LocalClient.fetch", lambda: self._async.fetch(job), timeout)

    def fetch_many(
        self, jobs: Sequence[JobRef], *, timeout: float | None = None
    ) -> Mapping[JobRef, Result]:
        """Hand out the results of several jobs; those without one are left out.

        Args:
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Blocking twin of `quantum_async.LocalClient.fetch_many`.
        """
        return self._call("LocalClient.fetch_many", lambda: self._async.fetch_many(jobs), timeout)

    def cancel(
        self, jobs: Sequence[JobRef], *, timeout: float | None = None
    ) -> Mapping[JobRef, QuantumAsyncError]:
        """Cancel jobs: queued ones never run, and running ones are ended.

        Args:
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Blocking twin of `quantum_async.LocalClient.cancel`.
        """
        return self._call("LocalClient.cancel", lambda: self._async.cancel(jobs), timeout)

    def find(self, key: str, *, timeout: float | None = None) -> list[JobRef]:
        """Find the jobs of a submission.

        Args:
            key: The submission's key.
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Blocking twin of `quantum_async.LocalClient.find`.
        """
        return self._call("LocalClient.find", lambda: self._async.find(key), timeout)

    def open_batch(self, request: BatchRequest, *, timeout: float | None = None) -> BatchRef:
        """Open a batch; the same key again returns the same batch.

        Args:
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Blocking twin of `quantum_async.LocalClient.open_batch`.
        """
        return self._call(
            "LocalClient.open_batch", lambda: self._async.open_batch(request), timeout
        )

    def close_batch(self, batch: BatchRef, *, timeout: float | None = None) -> None:
        """Close a batch: its jobs go on, no more can be added. Closing twice is harmless.

        Args:
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Blocking twin of `quantum_async.LocalClient.close_batch`.
        """
        return self._call(
            "LocalClient.close_batch", lambda: self._async.close_batch(batch), timeout
        )

    def cancel_batch(self, batch: BatchRef, *, timeout: float | None = None) -> None:
        """Close a batch and cancel its unfinished jobs.

        Args:
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Blocking twin of `quantum_async.LocalClient.cancel_batch`.
        """
        return self._call(
            "LocalClient.cancel_batch", lambda: self._async.cancel_batch(batch), timeout
        )

    def find_batch(self, key: str, *, timeout: float | None = None) -> BatchRef | None:
        """Find a batch by its key.

        Args:
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Blocking twin of `quantum_async.LocalClient.find_batch`.
        """
        return self._call("LocalClient.find_batch", lambda: self._async.find_batch(key), timeout)

    def batch_state(self, batch: BatchRef, *, timeout: float | None = None) -> BatchState:
        """Say whether a batch takes jobs.

        Args:
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Blocking twin of `quantum_async.LocalClient.batch_state`.
        """
        return self._call(
            "LocalClient.batch_state", lambda: self._async.batch_state(batch), timeout
        )

    def batch_jobs(self, batch: BatchRef, *, timeout: float | None = None) -> list[JobRef]:
        """List a batch's jobs in the order in which they were created.

        Args:
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Blocking twin of `quantum_async.LocalClient.batch_jobs`.
        """
        return self._call("LocalClient.batch_jobs", lambda: self._async.batch_jobs(batch), timeout)

    @property
    def name(self) -> str:
        """What the client is called in a scheduler, where that has several of one provider.

        Blocking twin of `quantum_async.LocalClient.name`.
        """
        return self._async.name

    options_class: ClassVar[type[RunOptions]] = SimulationOptions

    @property
    def provider(self) -> str:
        """Registry name of its provider, whatever the client is called. Sends nothing.

        Blocking twin of `quantum_async.LocalClient.provider`.
        """
        return self._async.provider

    @property
    def address(self) -> str:
        """Where its requests go first, without secrets; empty where they stay on this machine.

        Blocking twin of `quantum_async.LocalClient.address`.
        """
        return self._async.address

    @property
    def identity(self) -> str:
        """Which server and account its jobs are at: the same text in every process, no secret.

        A journal keeps it with all that is sent, and nothing of it is asked for or continued
        elsewhere. Sends nothing. A client that knows more of its account than `account` says so.

        Blocking twin of `quantum_async.LocalClient.identity`.
        """
        return self._async.identity

    @classmethod
    def id_for(cls, key: str) -> str | None:
        """Say which id the job of a submission has, where it follows from our key. Sends nothing.

        Args:
            key: The submission's key.

        Returns:
            ``None`` where the provider chooses the id, or one key can belong to several jobs.

        Blocking twin of `quantum_async.LocalClient.id_for`.
        """
        return _async.LocalClient.id_for(key)

    def options_of(self, options: RunOptions) -> RunOptions:
        """Take options of any class as those of this client. Sends nothing.

        The scheduler does so with all that it is given, so that `validate`, `submit` and
        `open_batch` are handed `options_class`. What a route cannot carry, `validate` refuses.

        Args:
            options: What the caller passed.

        Raises:
            InvalidOptionError: This client has no such option, or they are no options.

        Blocking twin of `quantum_async.LocalClient.options_of`.
        """
        return self._ask(lambda: self._async.options_of(options))

    def index_of(self, job: JobSpec, place: int) -> int:
        """Say which program of the provider's job a job is, for its `JobRef.index`. Sends nothing.

        Args:
            job: The job.
            place: Its place in its submission, from 0.

        Blocking twin of `quantum_async.LocalClient.index_of`.
        """
        return self._ask(lambda: self._async.index_of(job, place))

    @property
    def account(self) -> str:
        """Which account, where one program uses several of the same provider.

        Blocking twin of `quantum_async.LocalClient.account`.
        """
        return self._async.account

    variable_prefixes: ClassVar[tuple[str, ...]] = ()
