"""Blocking twins of the async classes: qoro."""

# Written by `python .ci/facade` from the async classes.
# Do not change it here: change those, and run the generator.
# mypy: disable-error-code="no-any-return"

from __future__ import annotations

from typing import TYPE_CHECKING

from quantum_async.blocking._handle import ClientHandle
from quantum_async.blocking._handle import Handle
from quantum_async.blocking._session import Session
from quantum_async.providers.qoro.options import QoroOptions
import quantum_async as _async

if TYPE_CHECKING:
    from collections.abc import Hashable
    from collections.abc import Iterator
    from collections.abc import Mapping
    from collections.abc import Sequence
    from pydantic import JsonValue
    from quantum_async.errors import QuantumAsyncError
    from quantum_async.http.auth import TokenFunction
    from quantum_async.http.auth import TokenProvider
    from quantum_async.http.options import SessionOptions
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
    from quantum_async.providers.qoro.characterisations import Characterisation
    from quantum_async.providers.qoro.characterisations import (
        Characterisations as AsyncCharacterisations,
    )
    from quantum_async.providers.qoro.client import QoroClient as AsyncQoroClient
    from quantum_async.providers.qoro.credits import Credits as AsyncCredits
    from quantum_async.providers.qoro.jobs import Jobs as AsyncJobs
    from quantum_async.providers.qoro.options import DeviceConfig
    from quantum_async.providers.qoro.options import ExecutionConfig
    from quantum_async.providers.qoro.options import JobConfig
    from quantum_async.providers.qoro.payloads import Content
    from quantum_async.providers.qoro.payloads import Measured
    from quantum_async.providers.qoro.systems import Systems as AsyncSystems
    from quantum_async.providers.qoro.wire import Blueprint
    from quantum_async.providers.qoro.wire import CancelledJob
    from quantum_async.providers.qoro.wire import CreditBalance
    from quantum_async.providers.qoro.wire import CreditTransaction
    from quantum_async.providers.qoro.wire import QoroCluster
    from quantum_async.providers.qoro.wire import QoroSystem
    from quantum_async.providers.qoro.wire import ResultRow
    from quantum_async.providers.qoro.wire import StoredConfig
    from quantum_async.providers.qoro.wire import TransactionPage
    from typing import ClassVar
    from typing import Self


class Characterisations(Handle["AsyncCharacterisations"]):
    """Problems that the service analyses.

    Args:
        gateway: Sends requests.
        uploads: Opens jobs.

    Blocking twin of `quantum_async.providers.qoro.characterisations.Characterisations`.
    """

    __slots__ = ()

    def submit(
        self,
        qubo: Mapping[str, JsonValue],
        *,
        reference_states: Sequence[str] = (),
        options: Mapping[str, JsonValue] | None = None,
        tag: str = "quantum-async-characterise",
        older_wire: bool = False,
        patience: float = 300.0,
        timeout: float | None = None,
    ) -> Characterisation:
        """Analyse a problem, and wait for it. Billed by the problem's size; sent once.

        Cancelled: the analysis goes on; its job is the newest with the tag.

        Args:
            qubo: Coefficients by variables, such as ``{"0": -1.0, "0,1": 2.0}``, or an envelope
                of the format ``factored_v1``.
            reference_states: Bit strings to evaluate against.
            options: What to analyse and how, as the service documents it.
            tag: A word for lists.
            older_wire: Write ``target_states``, as the service's clients did before 0.13.
            patience: For how many seconds the service may stay silent while it analyses.
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Raises:
            InvalidInputError: The problem is empty, or a state is no bit string.
            QuantumAsyncError: It was refused, or its answer lost; ``job_id`` names the job to
                `fetch`.

        Blocking twin of `quantum_async.providers.qoro.characterisations.Characterisations.submit`.
        """
        return self._call(
            "Characterisations.submit",
            lambda: self._async.submit(
                qubo,
                reference_states=reference_states,
                options=options,
                tag=tag,
                older_wire=older_wire,
                patience=patience,
            ),
            timeout,
        )

    def fetch(
        self, job_id: str, *, with_page: bool = False, timeout: float | None = None
    ) -> Characterisation:
        """Get what was found out. Costs nothing.

        Args:
            job_id: The job.
            with_page: Also get the service's own report, which notebooks then show.
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Raises:
            ConflictError: The analysis has not ended, or failed.

        Blocking twin of `quantum_async.providers.qoro.characterisations.Characterisations.fetch`.
        """
        return self._call(
            "Characterisations.fetch",
            lambda: self._async.fetch(job_id, with_page=with_page),
            timeout,
        )

    def html(self, job_id: str, *, timeout: float | None = None) -> str:
        """Get the service's own report, a piece of a page without outside parts.

        Args:
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Blocking twin of `quantum_async.providers.qoro.characterisations.Characterisations.html`.
        """
        return self._call("Characterisations.html", lambda: self._async.html(job_id), timeout)


class QoroClient(ClientHandle["AsyncQoroClient"]):
    """The Qoro service: clusters of simulators, and quantum computers of several vendors.

    Constructing a client sends nothing; the key is checked by the first request. A scheduler
    runs circuits on it, many in one job. Everything else that the service can do is in `jobs`,
    `systems`, `credits` and `characterisations`.

    Args:
        api_key: The API key.
        token_provider: An object with ``get_token()`` or a function, async or not, instead.
        url: Where the service listens.
        account: Which account, where a program uses several.
        name: What the client is called in a scheduler, where that has several of one provider.
        defaults: What jobs are opened with unless they say otherwise.
        settle_delay: Seconds to look at a job whose last upload was not answered, before it is
            cancelled and sent again.
        options: Timeouts, connections, proxy, certificates, retries and hooks.

    Raises:
        ConfigurationError: Settings contradict each other, or the key cannot be sent.

    Blocking twin of `quantum_async.QoroClient`.

    Example:
        ```python
        from quantum_async.blocking import QoroClient


        def credits_left() -> str:
            with QoroClient.from_env() as client:
                return str(client.credits.balance().balance)
        ```
    """

    __slots__ = ()

    def __init__(
        self,
        *,
        api_key: str | None = None,
        token_provider: TokenProvider | TokenFunction | None = None,
        url: str = "https://app.qoroquantum.net/api",
        account: str = "",
        name: str | None = None,
        defaults: JobConfig | None = None,
        settle_delay: float = 5.0,
        options: SessionOptions | None = None,
    ) -> None:
        twin = _async.QoroClient(
            api_key=api_key,
            token_provider=token_provider,
            url=url,
            account=account,
            name=name,
            defaults=defaults,
            settle_delay=settle_delay,
            options=options,
        )
        super().__init__(twin, Session(twin))

    def __enter__(self) -> QoroClient:
        self._enter(self._async)
        return self

    @classmethod
    def from_env(
        cls,
        environ: Mapping[str, str] | None = None,
        *,
        options: SessionOptions | None = None,
        name: str | None = None,
    ) -> Self:
        """Build a client from environment variables; `QoroSettings` lists them. Sends nothing.

        Args:
            environ: Read instead of the process's environment.
            options: Timeouts, connections, proxy, certificates, retries and hooks.
            name: What the client is called in a scheduler.

        Raises:
            InvalidOptionError: No target could begin with the name.
            ConfigurationError: There is no API key.

        Blocking twin of `quantum_async.QoroClient.from_env`.
        """
        return cls._of(_async.QoroClient.from_env(environ, options=options, name=name))

    @property
    def capabilities(self) -> Capabilities:
        """What this client can do.

        Blocking twin of `quantum_async.QoroClient.capabilities`.
        """
        return self._async.capabilities

    @property
    def address(self) -> str:
        """Where its requests go first. Sends nothing.

        Blocking twin of `quantum_async.QoroClient.address`.
        """
        return self._async.address

    def test_connection(self, *, timeout: float | None = None) -> None:
        """Ask whether the service is there and takes the key.

        Args:
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Raises:
            AuthenticationError: It does not take the key.
            QuantumAsyncError: It cannot be reached.

        Blocking twin of `quantum_async.QoroClient.test_connection`.
        """
        return self._call(
            "QoroClient.test_connection", lambda: self._async.test_connection(), timeout
        )

    def devices(self, *, timeout: float | None = None) -> list[Device]:
        """List the systems and clusters of this account.

        Args:
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Blocking twin of `quantum_async.QoroClient.devices`.
        """
        return self._call("QoroClient.devices", lambda: self._async.devices(), timeout)

    def default_device(self, program: Program) -> str:
        """Name the target that the client was given, else the service's default cluster.

        Raises:
            UnknownTargetError: The program is no circuit.

        Blocking twin of `quantum_async.QoroClient.default_device`.
        """
        return self._ask(lambda: self._async.default_device(program))

    def validate(self, job: JobSpec, device: str, *, timeout: float | None = None) -> None:
        """Refuse a job that cannot run. Only the list of targets may be asked for, once.

        Args:
            job: What is going to be sent.
            device: The system's or cluster's name.
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Raises:
            InvalidInputError: The job cannot run, with the reason and the remedy.
            MissingExtraError: A library that reads the program is not installed.

        Blocking twin of `quantum_async.QoroClient.validate`.
        """
        return self._call("QoroClient.validate", lambda: self._async.validate(job, device), timeout)

    def grouping(self, job: JobSpec) -> Hashable:
        """Say which circuits can share a job: points of one program, or any without parameters.

        Blocking twin of `quantum_async.QoroClient.grouping`.
        """
        return self._ask(lambda: self._async.grouping(job))

    def index_of(self, job: JobSpec, place: int) -> int:
        """Say which circuit of the service's job a job is: its place, or all of a whole job.

        Blocking twin of `quantum_async.QoroClient.index_of`.
        """
        return self._ask(lambda: self._async.index_of(job, place))

    def submit(self, request: SubmitRequest, *, timeout: float | None = None) -> list[JobRef]:
        """Send one job of many circuits; points of one program as a template. Billed.

        Cancelled: the job is cancelled as well, if it was opened.

        Args:
            request: What to run; its key becomes part of the job's tag.
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Raises:
            InvalidInputError: A circuit cannot run; nothing was sent.
            NotSentError: Nothing runs, and sending again duplicates nothing.
            LostAnswerError, ServerError, ProtocolError: Nobody can say whether the job runs;
                ``job_id`` names it where it is known.
            QuantumAsyncError: It was refused.

        Blocking twin of `quantum_async.QoroClient.submit`.
        """
        return self._call("QoroClient.submit", lambda: self._async.submit(request), timeout)

    def poll(
        self, jobs: Sequence[JobRef], *, wait: float = 0.0, timeout: float | None = None
    ) -> Mapping[JobRef, JobState]:
        """Ask where jobs stand, one request for all circuits of a job.

        Args:
            jobs: The jobs.
            wait: Of no effect: the service answers at once.
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Blocking twin of `quantum_async.QoroClient.poll`.
        """
        return self._call("QoroClient.poll", lambda: self._async.poll(jobs, wait=wait), timeout)

    def fetch(self, job: JobRef, *, timeout: float | None = None) -> Result:
        """Get the result of one circuit of a job that has succeeded.

        That of a whole job has the results of its circuits in `Result.raw`: a JSON list of
        objects with ``label`` and ``results``, counts or values by observable, as the service
        keys them and in its order.

        Args:
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Raises:
            ResultPendingError: It has not ended.
            ResultError: It cannot be understood, or is not there.

        Blocking twin of `quantum_async.QoroClient.fetch`.
        """
        return self._call("QoroClient.fetch", lambda: self._async.fetch(job), timeout)

    def fetch_many(
        self, jobs: Sequence[JobRef], *, timeout: float | None = None
    ) -> Mapping[JobRef, Result]:
        """Get the results of many circuits, a hundred of a job in one request.

        Args:
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Returns:
            What could be had this way.

        Blocking twin of `quantum_async.QoroClient.fetch_many`.
        """
        return self._call("QoroClient.fetch_many", lambda: self._async.fetch_many(jobs), timeout)

    def cancel(
        self, jobs: Sequence[JobRef], *, timeout: float | None = None
    ) -> Mapping[JobRef, QuantumAsyncError]:
        """Cancel jobs with all of their circuits, those that are not named included.

        Args:
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Returns:
            What could not be cancelled and has not ended either, and why.

        Blocking twin of `quantum_async.QoroClient.cancel`.
        """
        return self._call("QoroClient.cancel", lambda: self._async.cancel(jobs), timeout)

    def find(self, key: str, *, timeout: float | None = None) -> list[JobRef]:
        """Say that the service cannot look a submission up.

        Args:
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Raises:
            SubmissionUnknownError: Always.

        Blocking twin of `quantum_async.QoroClient.find`.
        """
        return self._call("QoroClient.find", lambda: self._async.find(key), timeout)

    @property
    def name(self) -> str:
        """What the client is called in a scheduler, where that has several of one provider.

        Blocking twin of `quantum_async.QoroClient.name`.
        """
        return self._async.name

    options_class: ClassVar[type[RunOptions]] = QoroOptions

    variable_prefixes: ClassVar[tuple[str, ...]] = ("QORO_",)

    @property
    def account(self) -> str:
        """Which account, where a program uses several.

        Blocking twin of `quantum_async.QoroClient.account`.
        """
        return self._async.account

    @property
    def systems(self) -> Systems:
        """Systems of quantum computers, clusters of simulators, and what can be set for them.

        Blocking twin of `quantum_async.QoroClient.systems`.
        """
        return self._wrap(self._async.systems)

    @property
    def credits(self) -> Credits:
        """Credits: the balance and its movements.

        Blocking twin of `quantum_async.QoroClient.credits`.
        """
        return self._wrap(self._async.credits)

    @property
    def characterisations(self) -> Characterisations:
        """Characterisations of QUBO problems.

        Blocking twin of `quantum_async.QoroClient.characterisations`.
        """
        return self._wrap(self._async.characterisations)

    @property
    def jobs(self) -> Jobs:
        """Jobs as the service knows them: submit, follow, fetch, cancel, delete, configure.

        Blocking twin of `quantum_async.QoroClient.jobs`.
        """
        return self._wrap(self._async.jobs)

    @property
    def is_open(self) -> bool:
        """Whether the client has been entered and not yet closed.

        Blocking twin of `quantum_async.QoroClient.is_open`.
        """
        return self._async.is_open

    def open(self, *, timeout: float | None = None) -> None:
        """Make connection pools. Sends nothing.

        Args:
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Blocking twin of `quantum_async.QoroClient.open`.
        """
        return self._call("QoroClient.open", lambda: self._async.open(), timeout)

    def close(self, *, timeout: float | None = None) -> None:
        """Log out where it has logged in, and close every connection; remote jobs go on.

        Args:
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Blocking twin of `quantum_async.QoroClient.close`.
        """
        return self._call("QoroClient.close", lambda: self._async.close(), timeout)

    @property
    def provider(self) -> str:
        """Registry name of its provider, whatever the client is called. Sends nothing.

        Blocking twin of `quantum_async.QoroClient.provider`.
        """
        return self._async.provider

    @property
    def identity(self) -> str:
        """Which server and account its jobs are at: the same text in every process, no secret.

        A journal keeps it with all that is sent, and nothing of it is asked for or continued
        elsewhere. Sends nothing. A client that knows more of its account than `account` says so.

        Blocking twin of `quantum_async.QoroClient.identity`.
        """
        return self._async.identity

    @classmethod
    def id_for(cls, key: str) -> str | None:
        """Say which id the job of a submission has, where it follows from our key. Sends nothing.

        Args:
            key: The submission's key.

        Returns:
            ``None`` where the provider chooses the id, or one key can belong to several jobs.

        Blocking twin of `quantum_async.QoroClient.id_for`.
        """
        return _async.QoroClient.id_for(key)

    def options_of(self, options: RunOptions) -> RunOptions:
        """Take options of any class as those of this client. Sends nothing.

        The scheduler does so with all that it is given, so that `validate`, `submit` and
        `open_batch` are handed `options_class`. What a route cannot carry, `validate` refuses.

        Args:
            options: What the caller passed.

        Raises:
            InvalidOptionError: This client has no such option, or they are no options.

        Blocking twin of `quantum_async.QoroClient.options_of`.
        """
        return self._ask(lambda: self._async.options_of(options))

    def weigh(self, job: JobSpec) -> int:
        """Estimate the bytes that a job adds to a submission. Sends nothing.

        Blocking twin of `quantum_async.QoroClient.weigh`.
        """
        return self._ask(lambda: self._async.weigh(job))

    def open_batch(self, request: BatchRequest, *, timeout: float | None = None) -> BatchRef:
        """Open a batch that takes jobs until it is closed.

        Billed: an open batch may reserve the device.

        Args:
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Raises:
            BatchError: This provider has no open batches.

        Blocking twin of `quantum_async.QoroClient.open_batch`.
        """
        return self._call("QoroClient.open_batch", lambda: self._async.open_batch(request), timeout)

    def close_batch(self, batch: BatchRef, *, timeout: float | None = None) -> None:
        """Close a batch: jobs in it go on, no more can be added. Closing twice is harmless.

        Args:
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Blocking twin of `quantum_async.QoroClient.close_batch`.
        """
        return self._call("QoroClient.close_batch", lambda: self._async.close_batch(batch), timeout)

    def cancel_batch(self, batch: BatchRef, *, timeout: float | None = None) -> None:
        """Close a batch and cancel its unfinished jobs.

        Args:
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Blocking twin of `quantum_async.QoroClient.cancel_batch`.
        """
        return self._call(
            "QoroClient.cancel_batch", lambda: self._async.cancel_batch(batch), timeout
        )

    def find_batch(self, key: str, *, timeout: float | None = None) -> BatchRef | None:
        """Look for a batch whose opening answer was lost, by its key.

        Args:
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Blocking twin of `quantum_async.QoroClient.find_batch`.
        """
        return self._call("QoroClient.find_batch", lambda: self._async.find_batch(key), timeout)

    def batch_state(self, batch: BatchRef, *, timeout: float | None = None) -> BatchState:
        """Ask where a batch stands, whoever opened it.

        Args:
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Raises:
            BatchError: This provider has no batches.
            NotFoundError: It does not know this one.

        Blocking twin of `quantum_async.QoroClient.batch_state`.
        """
        return self._call("QoroClient.batch_state", lambda: self._async.batch_state(batch), timeout)

    def batch_jobs(self, batch: BatchRef, *, timeout: float | None = None) -> list[JobRef]:
        """List a batch's jobs in the order in which they were created, whoever submitted them.

        Args:
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Raises:
            BatchError: This provider has no batches.
            NotFoundError: It does not know this one.

        Blocking twin of `quantum_async.QoroClient.batch_jobs`.
        """
        return self._call("QoroClient.batch_jobs", lambda: self._async.batch_jobs(batch), timeout)


class Credits(Handle["AsyncCredits"]):
    """The credits of an account.

    Args:
        gateway: Sends requests.

    Blocking twin of `quantum_async.providers.qoro.credits.Credits`.
    """

    __slots__ = ()

    def balance(self, *, timeout: float | None = None) -> CreditBalance:
        """Ask how many credits are left.

        Args:
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Blocking twin of `quantum_async.providers.qoro.credits.Credits.balance`.
        """
        return self._call("Credits.balance", lambda: self._async.balance(), timeout)

    def page(
        self, page: int = 1, *, page_size: int = 20, timeout: float | None = None
    ) -> TransactionPage:
        """Read one page of the movements.

        Args:
            page: Which one, from 1.
            page_size: How many movements, from 1 to 100.
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Raises:
            InvalidOptionError: There is no such page.

        Blocking twin of `quantum_async.providers.qoro.credits.Credits.page`.
        """
        return self._call(
            "Credits.page", lambda: self._async.page(page, page_size=page_size), timeout
        )

    def transactions(self) -> Iterator[CreditTransaction]:
        """Yield every movement, as the service orders them.

        Blocking twin of `quantum_async.providers.qoro.credits.Credits.transactions`.
        """
        return self._iterate(lambda: self._async.transactions())


class Jobs(Handle["AsyncJobs"]):
    """Jobs, each of many circuits, as the service itself knows them.

    Args:
        gateway: Sends requests.
        uploads: Brings jobs to the service.
        rows: Reads their results.
        systems: Knows where they can run.
        defaults: What jobs are opened with unless they say otherwise.

    Blocking twin of `quantum_async.providers.qoro.jobs.Jobs`.
    """

    __slots__ = ()

    def submit(
        self,
        content: Content,
        *,
        measured: Measured | None = None,
        config: JobConfig | None = None,
        validate: bool = True,
        timeout: float | None = None,
    ) -> str:
        """Submit circuits or templates as one job, and return its id. Billed once it runs.

        Cancelled: the job is cancelled as well, if it was opened.

        Args:
            content: Circuits, or templates.
            measured: Shots for all, for ranges, or observables; by default the configured shots.
            config: What differs from `defaults`.
            validate: Read every program first; errors then name line and column.
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Raises:
            InvalidInputError: Nothing was sent.
            QuantumAsyncError: See `quantum_async.providers.qoro.jobs.Uploads.send`.

        Blocking twin of `quantum_async.providers.qoro.jobs.Jobs.submit`.
        """
        return self._call(
            "Jobs.submit",
            lambda: self._async.submit(
                content, measured=measured, config=config, validate=validate
            ),
            timeout,
        )

    def status(self, job_id: str, *, timeout: float | None = None) -> JobState:
        """Ask where a job stands.

        Args:
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Blocking twin of `quantum_async.providers.qoro.jobs.Jobs.status`.
        """
        return self._call("Jobs.status", lambda: self._async.status(job_id), timeout)

    def rows(self, job_id: str, *, timeout: float | None = None) -> list[ResultRow]:
        """Get all results of a job as they are packed, later pages several at a time.

        Args:
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Raises:
            ResultPendingError: It has not ended.
            ResultError: It has none.

        Blocking twin of `quantum_async.providers.qoro.jobs.Jobs.rows`.
        """
        return self._call("Jobs.rows", lambda: self._async.rows(job_id), timeout)

    def iterate(self, job_id: str) -> Iterator[ResultRow]:
        """Yield the results of a job page by page, holding one page at a time.

        Blocking twin of `quantum_async.providers.qoro.jobs.Jobs.iterate`.
        """
        return self._iterate(lambda: self._async.iterate(job_id))

    def counts(self, job_id: str, *, timeout: float | None = None) -> dict[str, dict[str, int]]:
        """Get the counts of a job by label, the first classical bit rightmost.

        Args:
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Raises:
            ResultError: It has none, or they are damaged.

        Blocking twin of `quantum_async.providers.qoro.jobs.Jobs.counts`.
        """
        return self._call("Jobs.counts", lambda: self._async.counts(job_id), timeout)

    def expectation_values(
        self, job_id: str, *, timeout: float | None = None
    ) -> dict[str, dict[str, float]]:
        """Get the values of observables by label; their leftmost letter acts on qubit 0.

        Args:
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Blocking twin of `quantum_async.providers.qoro.jobs.Jobs.expectation_values`.
        """
        return self._call(
            "Jobs.expectation_values", lambda: self._async.expectation_values(job_id), timeout
        )

    def cancel(self, job_id: str, *, timeout: float | None = None) -> CancelledJob:
        """Cancel a job that waits or runs.

        Args:
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Raises:
            ConflictError: It has ended.

        Blocking twin of `quantum_async.providers.qoro.jobs.Jobs.cancel`.
        """
        return self._call("Jobs.cancel", lambda: self._async.cancel(job_id), timeout)

    def delete(self, job_id: str, *, timeout: float | None = None) -> None:
        """Delete a job; one that is gone already stays so.

        Args:
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Blocking twin of `quantum_async.providers.qoro.jobs.Jobs.delete`.
        """
        return self._call("Jobs.delete", lambda: self._async.delete(job_id), timeout)

    def config(self, job_id: str, *, timeout: float | None = None) -> StoredConfig:
        """Get the configurations that a job was opened with; all ``None`` where it has none.

        Args:
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Blocking twin of `quantum_async.providers.qoro.jobs.Jobs.config`.
        """
        return self._call("Jobs.config", lambda: self._async.config(job_id), timeout)

    def set_config(
        self, job_id: str, config: ExecutionConfig, *, timeout: float | None = None
    ) -> StoredConfig:
        """Replace the configuration of a job that waits.

        Args:
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Raises:
            ConflictError: It waits no more.

        Blocking twin of `quantum_async.providers.qoro.jobs.Jobs.set_config`.
        """
        return self._call(
            "Jobs.set_config", lambda: self._async.set_config(job_id, config), timeout
        )

    @property
    def defaults(self) -> JobConfig:
        """What jobs are opened with unless they say otherwise.

        Blocking twin of `quantum_async.providers.qoro.jobs.Jobs.defaults`.
        """
        return self._async.defaults


class Systems(Handle["AsyncSystems"]):
    """Where jobs can run, as this account sees it.

    Args:
        gateway: Sends requests.

    Blocking twin of `quantum_async.providers.qoro.systems.Systems`.
    """

    __slots__ = ()

    def qpus(
        self, *, refresh: bool = False, timeout: float | None = None
    ) -> tuple[QoroSystem, ...]:
        """List the systems of quantum computers.

        Args:
            refresh: Ask again, instead of what was heard before.
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Blocking twin of `quantum_async.providers.qoro.systems.Systems.qpus`.
        """
        return self._call("Systems.qpus", lambda: self._async.qpus(refresh=refresh), timeout)

    def clusters(
        self, *, refresh: bool = False, timeout: float | None = None
    ) -> tuple[QoroCluster, ...]:
        """List the clusters of simulators.

        Args:
            refresh: Ask again, instead of what was heard before.
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Blocking twin of `quantum_async.providers.qoro.systems.Systems.clusters`.
        """
        return self._call(
            "Systems.clusters", lambda: self._async.clusters(refresh=refresh), timeout
        )

    def blueprints(
        self, *, refresh: bool = False, timeout: float | None = None
    ) -> Mapping[str, Blueprint]:
        """List what can be set for each vendor's quantum computers.

        Args:
            refresh: Ask again, instead of what was heard before.
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Blocking twin of `quantum_async.providers.qoro.systems.Systems.blueprints`.
        """
        return self._call(
            "Systems.blueprints", lambda: self._async.blueprints(refresh=refresh), timeout
        )

    def check(self, config: DeviceConfig, *, timeout: float | None = None) -> None:
        """Refuse settings of quantum computers that no vendor has. The blueprints are asked for.

        Args:
            config: The settings.
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Raises:
            InvalidOptionError: No vendor has a setting, or none takes its value.

        Blocking twin of `quantum_async.providers.qoro.systems.Systems.check`.
        """
        return self._call("Systems.check", lambda: self._async.check(config), timeout)

    def find(self, name: str, *, timeout: float | None = None) -> QoroSystem | QoroCluster:
        """Find a target by its name. The default cluster is known without asking.

        Args:
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Raises:
            UnknownTargetError: There is none; the error lists what there is.

        Blocking twin of `quantum_async.providers.qoro.systems.Systems.find`.
        """
        return self._call("Systems.find", lambda: self._async.find(name), timeout)

    def devices(self, *, timeout: float | None = None) -> list[Device]:
        """List all targets, asking again.

        Args:
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Blocking twin of `quantum_async.providers.qoro.systems.Systems.devices`.
        """
        return self._call("Systems.devices", lambda: self._async.devices(), timeout)
