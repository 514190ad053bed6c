"""The provider contract: what a client must do so that the scheduler can run jobs on it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar, NoReturn, Self

from quantum_async.errors import BatchError, InvalidOptionError, UnknownTargetError
from quantum_async.http.redact import unpicklable
from quantum_async.models.identity import identity_of
from quantum_async.models.options import meaning_of, options_as
from quantum_async.models.submission import RunOptions

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping, Sequence
    from types import TracebackType

    from quantum_async.errors import QuantumAsyncError
    from quantum_async.models.batch import BatchRef, BatchState
    from quantum_async.models.capabilities import Capabilities
    from quantum_async.models.device import Device
    from quantum_async.models.job import JobRef, JobState
    from quantum_async.models.program import Program
    from quantum_async.models.result import Result
    from quantum_async.models.submission import BatchRequest, JobSpec, SubmitRequest

ENTRY_POINT_GROUP = "quantum_async.providers"


class ProviderClient(ABC):
    """A client of one provider: the operations that a scheduler needs.

    A client is an async context manager. Constructing it sends nothing. Every method is a
    coroutine that may be called many times at once and is safe to cancel: a cancelled read has no
    effect, and a cancelled `submit` leaves it unknown whether the provider accepted.

    Splitting to limits, pacing, retrying, polling intervals and cancelling on exit are the
    scheduler's work. A method here makes the requests of one attempt; only reads may repeat
    themselves.
    """

    name: str
    """What it is called in a scheduler: the part of a target before the colon. A class has its
    provider's registry name, and so have its clients, unless one is given a name of its own."""

    options_class: ClassVar[type[RunOptions]] = RunOptions
    """What options its jobs have: a subclass, where it has more than all jobs have."""

    account: str = ""
    """Which account, where one program uses several of the same provider."""

    variable_prefixes: ClassVar[tuple[str, ...]] = ()
    """The vendor's own variables, beside ``QUANTUM_ASYNC_<PROVIDER>_``: beginnings up to an
    underscore, or whole names."""

    @property
    def provider(self) -> str:
        """Registry name of its provider, whatever the client is called. Sends nothing."""
        return type(self).name

    @property
    @abstractmethod
    def capabilities(self) -> Capabilities:
        """What this client can do and how much it takes at once. Sends nothing."""

    @property
    def address(self) -> str:
        """Where its requests go first, without secrets; empty where they stay on this machine."""
        return ""

    @property
    def identity(self) -> str:
        """Which server and account its jobs are at: the same text in every process, no secret.

        A journal keeps it with all that is sent, and nothing of it is asked for or continued
        elsewhere. Sends nothing. A client that knows more of its account than `account` says so.
        """
        return identity_of(self.address or self.provider, account=self.account)

    @property
    @abstractmethod
    def is_open(self) -> bool:
        """Whether the client has been entered and not yet closed."""

    @abstractmethod
    async def open(self) -> None:
        """Acquire connections and workers; called by entering the context.

        Opening sends nothing that is billed. Opening an open client has no effect.
        """

    @abstractmethod
    async def close(self) -> None:
        """Release everything; unfinished remote jobs go on. Closing twice has no effect."""

    def __reduce__(self) -> NoReturn:
        """Refuse to be pickled: a client holds credentials, and connections of one event loop.

        Raises:
            ConfigurationError: Always; it says what to do instead.
        """
        raise unpicklable(type(self).__name__)

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    @classmethod
    def id_for(cls, key: str) -> str | None:  # noqa: ARG003 -- an override needs it
        """Say which id the job of a submission has, where it follows from our key. Sends nothing.

        Args:
            key: The submission's key.

        Returns:
            ``None`` where the provider chooses the id, or one key can belong to several jobs.
        """
        return None

    @classmethod
    @abstractmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> Self:
        """Build a client from environment variables. Sends nothing.

        Args:
            environ: Read instead of the process's environment.

        Raises:
            ConfigurationError: A variable is missing or malformed.
        """

    @abstractmethod
    async def devices(self) -> list[Device]:
        """List the devices that this account can use."""

    @abstractmethod
    def default_device(self, program: Program) -> str:
        """Name the device that follows from a program, where ``on=`` names none.

        Raises:
            UnknownTargetError: Nothing follows; the error lists what can be named.
        """

    def options_of(self, options: RunOptions) -> RunOptions:
        """Take options of any class as those of this client. Sends nothing.

        The scheduler does so with all that it is given, so that `validate`, `submit` and
        `open_batch` are handed `options_class`. What a route cannot carry, `validate` refuses.

        Args:
            options: What the caller passed.

        Raises:
            InvalidOptionError: This client has no such option, or they are no options.
        """
        return options_as(self.options_class, options, self.provider)

    @abstractmethod
    async def validate(self, job: JobSpec, device: str) -> None:
        """Refuse a job that cannot run, before anything is billed.

        The scheduler calls this once per distinct program of a sweep with the first point, and
        again for each point only as `submit` does.

        Args:
            job: What is going to be sent.
            device: The device's name.

        Raises:
            InvalidInputError: The job cannot run, with the reason and the remedy.
        """

    def grouping(self, job: JobSpec) -> Hashable:
        """Say which jobs can share one wire submission: those with an equal value.

        The default lets no two programs share one.
        """
        return (job.program.digest, job.shots, meaning_of(job.options))

    def weigh(self, job: JobSpec) -> int:
        """Estimate the bytes that a job adds to a submission. Sends nothing."""
        return len(job.program.payload)

    def index_of(self, job: JobSpec, place: int) -> int:
        """Say which program of the provider's job a job is, for its `JobRef.index`. Sends nothing.

        Args:
            job: The job.
            place: Its place in its submission, from 0.
        """
        return place if self.capabilities.shared_job else 0

    @abstractmethod
    async def submit(self, request: SubmitRequest) -> list[JobRef]:
        """Send one wire submission and return a reference per job, in the request's order.

        Billed: running the jobs is. Cancelled: whether the provider accepted is then unknown.

        Args:
            request: What to run; its key goes on the wire wherever there is a place for it.

        Raises:
            InvalidInputError: A job cannot run; nothing was sent.
            NotSentError: Nothing was sent.
            RejectedRequestError: The provider refused.
            LostAnswerError, ServerError, ProtocolError: The provider may have accepted.
        """

    @abstractmethod
    async def poll(self, jobs: Sequence[JobRef], *, wait: float = 0.0) -> Mapping[JobRef, JobState]:
        """Ask where jobs stand, with the fewest requests that the protocol allows.

        Args:
            jobs: References of at most ``capabilities.jobs_per_poll`` different ids.
            wait: How long, in seconds, the answer may be held back until something has changed;
                only clients with ``capabilities.long_poll`` are given one.

        Returns:
            The state of each job that the provider knows; a job that is missing is asked about
            again.
        """

    @abstractmethod
    async def fetch(self, job: JobRef) -> Result:
        """Fetch the result of a job that has succeeded.

        Raises:
            ResultError: There is none, or it cannot be understood.
        """

    async def fetch_many(self, jobs: Sequence[JobRef]) -> Mapping[JobRef, Result]:
        """Fetch the results of several jobs in fewer requests, where the protocol allows.

        Returns:
            What this shortcut yields, which may be nothing: `fetch` gets the rest.
        """
        return {}

    @abstractmethod
    async def cancel(self, jobs: Sequence[JobRef]) -> Mapping[JobRef, QuantumAsyncError]:
        """Ask the provider to cancel jobs; a job that has already ended counts as cancelled.

        Returns:
            What could not be cancelled and why. Polling tells when a job has really ended.
        """

    @abstractmethod
    async def find(self, key: str) -> list[JobRef]:
        """Look for the jobs of a submission whose answer was lost.

        Args:
            key: The submission's key.

        Returns:
            The jobs in the request's order, or nothing where none is known under that key.

        Raises:
            SubmissionUnknownError: This provider has no way to look a submission up.
        """

    async def open_batch(self, request: BatchRequest) -> BatchRef:
        """Open a batch that takes jobs until it is closed.

        Billed: an open batch may reserve the device.

        Raises:
            BatchError: This provider has no open batches.
        """
        raise BatchError(
            f"{self.name} has no open batches",
            provider=self.provider,
            remedy="Submit jobs to the scheduler itself.",
        )

    async def close_batch(self, batch: BatchRef) -> None:
        """Close a batch: jobs in it go on, no more can be added. Closing twice is harmless."""
        raise BatchError(f"{self.name} has no open batches", provider=self.provider)

    async def cancel_batch(self, batch: BatchRef) -> None:
        """Close a batch and cancel its unfinished jobs."""
        await self.close_batch(batch)

    async def find_batch(self, key: str) -> BatchRef | None:
        """Look for a batch whose opening answer was lost, by its key."""
        return None

    async def batch_state(self, batch: BatchRef) -> BatchState:
        """Ask where a batch stands, whoever opened it.

        Raises:
            BatchError: This provider has no batches.
            NotFoundError: It does not know this one.
        """
        raise BatchError(f"{self.name} has no batches", provider=self.provider)

    async def batch_jobs(self, batch: BatchRef) -> list[JobRef]:
        """List a batch's jobs in the order in which they were created, whoever submitted them.

        Raises:
            BatchError: This provider has no batches.
            NotFoundError: It does not know this one.
        """
        raise BatchError(f"{self.name} has no batches", provider=self.provider)


def client_name(name: object, usual: str) -> str:
    """Check what a client is to be called; for constructors.

    Args:
        name: What comes before the colon in a target, or ``None``.
        usual: The provider's registry name, which it is called where nothing else is given.

    Raises:
        InvalidOptionError: No target could begin with the name.
    """
    if name is None:
        return usual
    if not isinstance(name, str) or not name or any(c == ":" or c.isspace() for c in name):
        raise InvalidOptionError(
            f"a client cannot be called {name!r}",
            provider=usual,
            remedy='Give a word without blanks and colons, such as name="lab2".',
        )
    return name


def signed(devices: Sequence[Device], client: ProviderClient) -> list[Device]:
    """Let devices name a client in their targets.

    Args:
        devices: What the provider described.
        client: Whose devices they are.
    """
    if client.name == client.provider:
        return list(devices)
    return [replace(device, provider=client.name) for device in devices]


def providers() -> dict[str, type[ProviderClient]]:
    """Find every installed provider by the entry points ``quantum_async.providers``.

    Returns:
        Client classes by registry name, sorted.
    """
    from importlib.metadata import entry_points

    found = entry_points(group=ENTRY_POINT_GROUP)
    return {entry.name: entry.load() for entry in sorted(found, key=lambda entry: entry.name)}


def provider(name: str) -> type[ProviderClient]:
    """Find one provider's client class.

    Args:
        name: Registry name, such as ``"pasqal"``.

    Raises:
        UnknownTargetError: No such provider is installed.
    """
    from importlib.metadata import entry_points

    matches = entry_points(group=ENTRY_POINT_GROUP, name=name)
    for entry in matches:
        loaded: type[ProviderClient] = entry.load()
        return loaded
    known = ", ".join(sorted(entry.name for entry in entry_points(group=ENTRY_POINT_GROUP)))
    raise UnknownTargetError(
        f"there is no provider {name!r}", remedy=f"Installed providers: {known}."
    )
