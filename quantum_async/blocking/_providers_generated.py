"""Blocking twins of the async classes: providers."""

# Written by `python .ci/facade` from the async classes.
# Do not change it here: change those, and run the generator.
# mypy: disable-error-code="no-any-return"

from __future__ import annotations

from typing import TYPE_CHECKING

from quantum_async.blocking._handle import ClientHandle
from quantum_async.models.submission import RunOptions

if TYPE_CHECKING:
    from collections.abc import Hashable
    from collections.abc import Mapping
    from collections.abc import Sequence
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
    from quantum_async.models.submission import SubmitRequest
    from quantum_async.providers.base import ProviderClient as AsyncProviderClient
    from typing import ClassVar


class ProviderClient(ClientHandle["AsyncProviderClient"]):
    """A client of one provider: the operations that a scheduler needs.

    A client is an async context manager. Constructing it sends nothing. Every method is a
    coroutine that may be called many times at once and is safe to cancel: a cancelled read has no
    effect, and a cancelled `submit` leaves it unknown whether the provider accepted.

    Splitting to limits, pacing, retrying, polling intervals and cancelling on exit are the
    scheduler's work. A method here makes the requests of one attempt; only reads may repeat
    themselves.

    Blocking twin of `quantum_async.ProviderClient`.
    """

    __slots__ = ()

    def __enter__(self) -> ProviderClient:
        self._enter(self._async)
        return self

    @property
    def provider(self) -> str:
        """Registry name of its provider, whatever the client is called. Sends nothing.

        Blocking twin of `quantum_async.ProviderClient.provider`.
        """
        return self._async.provider

    @property
    def capabilities(self) -> Capabilities:
        """What this client can do and how much it takes at once. Sends nothing.

        Blocking twin of `quantum_async.ProviderClient.capabilities`.
        """
        return self._async.capabilities

    @property
    def address(self) -> str:
        """Where its requests go first, without secrets; empty where they stay on this machine.

        Blocking twin of `quantum_async.ProviderClient.address`.
        """
        return self._async.address

    @property
    def identity(self) -> str:
        """Which server and account its jobs are at: the same text in every process, no secret.

        A journal keeps it with all that is sent, and nothing of it is asked for or continued
        elsewhere. Sends nothing. A client that knows more of its account than `account` says so.

        Blocking twin of `quantum_async.ProviderClient.identity`.
        """
        return self._async.identity

    @property
    def is_open(self) -> bool:
        """Whether the client has been entered and not yet closed.

        Blocking twin of `quantum_async.ProviderClient.is_open`.
        """
        return self._async.is_open

    def open(self, *, timeout: float | None = None) -> None:
        """Acquire connections and workers; called by entering the context.

        Opening sends nothing that is billed. Opening an open client has no effect.

        Args:
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Blocking twin of `quantum_async.ProviderClient.open`.
        """
        return self._call("ProviderClient.open", lambda: self._async.open(), timeout)

    def close(self, *, timeout: float | None = None) -> None:
        """Release everything; unfinished remote jobs go on. Closing twice has no effect.

        Args:
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Blocking twin of `quantum_async.ProviderClient.close`.
        """
        return self._call("ProviderClient.close", lambda: self._async.close(), timeout)

    def devices(self, *, timeout: float | None = None) -> list[Device]:
        """List the devices that this account can use.

        Args:
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Blocking twin of `quantum_async.ProviderClient.devices`.
        """
        return self._call("ProviderClient.devices", lambda: self._async.devices(), timeout)

    def default_device(self, program: Program) -> str:
        """Name the device that follows from a program, where ``on=`` names none.

        Raises:
            UnknownTargetError: Nothing follows; the error lists what can be named.

        Blocking twin of `quantum_async.ProviderClient.default_device`.
        """
        return self._ask(lambda: self._async.default_device(program))

    def options_of(self, options: RunOptions) -> RunOptions:
        """Take options of any class as those of this client. Sends nothing.

        The scheduler does so with all that it is given, so that `validate`, `submit` and
        `open_batch` are handed `options_class`. What a route cannot carry, `validate` refuses.

        Args:
            options: What the caller passed.

        Raises:
            InvalidOptionError: This client has no such option, or they are no options.

        Blocking twin of `quantum_async.ProviderClient.options_of`.
        """
        return self._ask(lambda: self._async.options_of(options))

    def validate(self, job: JobSpec, device: str, *, timeout: float | None = None) -> None:
        """Refuse a job that cannot run, before anything is billed.

        The scheduler calls this once per distinct program of a sweep with the first point, and
        again for each point only as `submit` does.

        Args:
            job: What is going to be sent.
            device: The device's name.
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Raises:
            InvalidInputError: The job cannot run, with the reason and the remedy.

        Blocking twin of `quantum_async.ProviderClient.validate`.
        """
        return self._call(
            "ProviderClient.validate", lambda: self._async.validate(job, device), timeout
        )

    def grouping(self, job: JobSpec) -> Hashable:
        """Say which jobs can share one wire submission: those with an equal value.

        The default lets no two programs share one.

        Blocking twin of `quantum_async.ProviderClient.grouping`.
        """
        return self._ask(lambda: self._async.grouping(job))

    def weigh(self, job: JobSpec) -> int:
        """Estimate the bytes that a job adds to a submission. Sends nothing.

        Blocking twin of `quantum_async.ProviderClient.weigh`.
        """
        return self._ask(lambda: self._async.weigh(job))

    def index_of(self, job: JobSpec, place: int) -> int:
        """Say which program of the provider's job a job is, for its `JobRef.index`. Sends nothing.

        Args:
            job: The job.
            place: Its place in its submission, from 0.

        Blocking twin of `quantum_async.ProviderClient.index_of`.
        """
        return self._ask(lambda: self._async.index_of(job, place))

    def submit(self, request: SubmitRequest, *, timeout: float | None = None) -> list[JobRef]:
        """Send one wire submission and return a reference per job, in the request's order.

        Billed: running the jobs is. Cancelled: whether the provider accepted is then unknown.

        Args:
            request: What to run; its key goes on the wire wherever there is a place for it.
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Raises:
            InvalidInputError: A job cannot run; nothing was sent.
            NotSentError: Nothing was sent.
            RejectedRequestError: The provider refused.
            LostAnswerError, ServerError, ProtocolError: The provider may have accepted.

        Blocking twin of `quantum_async.ProviderClient.submit`.
        """
        return self._call("ProviderClient.submit", lambda: self._async.submit(request), timeout)

    def poll(
        self, jobs: Sequence[JobRef], *, wait: float = 0.0, timeout: float | None = None
    ) -> Mapping[JobRef, JobState]:
        """Ask where jobs stand, with the fewest requests that the protocol allows.

        Args:
            jobs: References of at most ``capabilities.jobs_per_poll`` different ids.
            wait: How long, in seconds, the answer may be held back until something has changed;
                only clients with ``capabilities.long_poll`` are given one.
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Returns:
            The state of each job that the provider knows; a job that is missing is asked about
            again.

        Blocking twin of `quantum_async.ProviderClient.poll`.
        """
        return self._call("ProviderClient.poll", lambda: self._async.poll(jobs, wait=wait), timeout)

    def fetch(self, job: JobRef, *, timeout: float | None = None) -> Result:
        """Fetch the result of a job that has succeeded.

        Args:
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Raises:
            ResultError: There is none, or it cannot be understood.

        Blocking twin of `quantum_async.ProviderClient.fetch`.
        """
        return self._call("ProviderClient.fetch", lambda: self._async.fetch(job), timeout)

    def fetch_many(
        self, jobs: Sequence[JobRef], *, timeout: float | None = None
    ) -> Mapping[JobRef, Result]:
        """Fetch the results of several jobs in fewer requests, where the protocol allows.

        Args:
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Returns:
            What this shortcut yields, which may be nothing: `fetch` gets the rest.

        Blocking twin of `quantum_async.ProviderClient.fetch_many`.
        """
        return self._call(
            "ProviderClient.fetch_many", lambda: self._async.fetch_many(jobs), timeout
        )

    def cancel(
        self, jobs: Sequence[JobRef], *, timeout: float | None = None
    ) -> Mapping[JobRef, QuantumAsyncError]:
        """Ask the provider to cancel jobs; a job that has already ended counts as cancelled.

        Args:
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Returns:
            What could not be cancelled and why. Polling tells when a job has really ended.

        Blocking twin of `quantum_async.ProviderClient.cancel`.
        """
        return self._call("ProviderClient.cancel", lambda: self._async.cancel(jobs), timeout)

    def find(self, key: str, *, timeout: float | None = None) -> list[JobRef]:
        """Look for the jobs of a submission whose answer was lost.

        Args:
            key: The submission's key.
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Returns:
            The jobs in the request's order, or nothing where none is known under that key.

        Raises:
            SubmissionUnknownError: This provider has no way to look a submission up.

        Blocking twin of `quantum_async.ProviderClient.find`.
        """
        return self._call("ProviderClient.find", lambda: self._async.find(key), timeout)

    def open_batch(self, request: BatchRequest, *, timeout: float | None = None) -> BatchRef:
        """Open a batch that takes jobs until it is closed.

        Billed: an open batch may reserve the device.

        Args:
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Raises:
            BatchError: This provider has no open batches.

        Blocking twin of `quantum_async.ProviderClient.open_batch`.
        """
        return self._call(
            "ProviderClient.open_batch", lambda: self._async.open_batch(request), timeout
        )

    def close_batch(self, batch: BatchRef, *, timeout: float | None = None) -> None:
        """Close a batch: jobs in it go on, no more can be added. Closing twice is harmless.

        Args:
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Blocking twin of `quantum_async.ProviderClient.close_batch`.
        """
        return self._call(
            "ProviderClient.close_batch", lambda: self._async.close_batch(batch), timeout
        )

    def cancel_batch(self, batch: BatchRef, *, timeout: float | None = None) -> None:
        """Close a batch and cancel its unfinished jobs.

        Args:
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Blocking twin of `quantum_async.ProviderClient.cancel_batch`.
        """
        return self._call(
            "ProviderClient.cancel_batch", lambda: self._async.cancel_batch(batch), timeout
        )

    def find_batch(self, key: str, *, timeout: float | None = None) -> BatchRef | None:
        """Look for a batch whose opening answer was lost, by its key.

        Args:
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Blocking twin of `quantum_async.ProviderClient.find_batch`.
        """
        return self._call("ProviderClient.find_batch", lambda: self._async.find_batch(key), timeout)

    def batch_state(self, batch: BatchRef, *, timeout: float | None = None) -> BatchState:
        """Ask where a batch stands, whoever opened it.

        Args:
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Raises:
            BatchError: This provider has no batches.
            NotFoundError: It does not know this one.

        Blocking twin of `quantum_async.ProviderClient.batch_state`.
        """
        return self._call(
            "ProviderClient.batch_state", lambda: self._async.batch_state(batch), timeout
        )

    def batch_jobs(self, batch: BatchRef, *, timeout: float | None = None) -> list[JobRef]:
        """List a batch's jobs in the order in which they were created, whoever submitted them.

        Args:
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Raises:
            BatchError: This provider has no batches.
            NotFoundError: It does not know this one.

        Blocking twin of `quantum_async.ProviderClient.batch_jobs`.
        """
        return self._call(
            "ProviderClient.batch_jobs", lambda: self._async.batch_jobs(batch), timeout
        )

    @property
    def name(self) -> str:
        """What it is called in a scheduler: the part of a target before the colon. A class has its
        provider's registry name, and so have its clients, unless one is given a name of its own.

        Blocking twin of `quantum_async.ProviderClient.name`.
        """
        return self._async.name

    options_class: ClassVar[type[RunOptions]] = RunOptions

    @property
    def account(self) -> str:
        """Which account, where one program uses several of the same provider.

        Blocking twin of `quantum_async.ProviderClient.account`.
        """
        return self._async.account

    variable_prefixes: ClassVar[tuple[str, ...]] = ()
