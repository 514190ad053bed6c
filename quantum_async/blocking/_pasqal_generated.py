"""Blocking twins of the async classes: pasqal."""

# Written by `python .ci/facade` from the async classes.
# Do not change it here: change those, and run the generator.
# mypy: disable-error-code="no-any-return"

from __future__ import annotations

from typing import TYPE_CHECKING

from quantum_async.blocking._handle import ClientHandle
from quantum_async.blocking._handle import Handle
from quantum_async.blocking._session import Session
from quantum_async.providers.pasqal.options import PasqalOptions
import quantum_async as _async

if TYPE_CHECKING:
    from collections.abc import Callable
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
    from quantum_async.models.submission import WrittenByPulser
    from quantum_async.providers.pasqal.batches import Batches as AsyncBatches
    from quantum_async.providers.pasqal.client import PasqalClient as AsyncPasqalClient
    from quantum_async.providers.pasqal.emulators import EmulatorConfig
    from quantum_async.providers.pasqal.endpoints import PasqalEndpoints
    from quantum_async.providers.pasqal.endpoints import Region
    from quantum_async.providers.pasqal.filters import BatchFilters
    from quantum_async.providers.pasqal.filters import CancelFilters
    from quantum_async.providers.pasqal.filters import JobFilters
    from quantum_async.providers.pasqal.filters import RebatchFilters
    from quantum_async.providers.pasqal.jobs import Jobs as AsyncJobs
    from quantum_async.providers.pasqal.pages import Page
    from quantum_async.providers.pasqal.pages import PageOf
    from quantum_async.providers.pasqal.projects import Projects as AsyncProjects
    from quantum_async.providers.pasqal.specs import Specs as AsyncSpecs
    from quantum_async.providers.pasqal.submission import NewJob
    from quantum_async.providers.pasqal.wire import BatchProgress
    from quantum_async.providers.pasqal.wire import CancelledBatches
    from quantum_async.providers.pasqal.wire import CancelledJobs
    from quantum_async.providers.pasqal.wire import JobProgress
    from quantum_async.providers.pasqal.wire import PasqalBatch
    from quantum_async.providers.pasqal.wire import PasqalJob
    from quantum_async.providers.pasqal.wire import PasqalProject
    from quantum_async.providers.pasqal.wire import PasqalResults
    from quantum_async.providers.pasqal.wire import PasqalWorkload
    from quantum_async.providers.pasqal.workloads import Workloads as AsyncWorkloads
    from typing import ClassVar
    from typing import Self
    import builtins


class Batches(Handle["AsyncBatches"]):
    """The batches of an account: `PasqalClient.batches`.

    A scheduler does what most programs need of this, and closes what it opens. Here is the
    service as it is.

    Args:
        cloud: What the client's parts share.

    Blocking twin of `quantum_async.providers.pasqal.batches.Batches`.
    """

    __slots__ = ()

    def create(
        self,
        sequence: Program | str | None,
        jobs: Sequence[NewJob] = (),
        *,
        open: bool = False,
        device_type: str | None = None,
        tags: Sequence[str] = (),
        emulation: str | WrittenByPulser | None = None,
        configuration: EmulatorConfig | None = None,
        webhook: str | None = None,
        key: str | None = None,
        timeout: float | None = None,
    ) -> PasqalBatch:
        """Create a batch. Sent once: if the answer is lost, nobody knows whether it exists.

        Billed: running its jobs is; an open batch reserves the device until it is closed.

        Args:
            sequence: What its jobs share, or ``None`` where each brings its own.
            jobs: Its jobs; an open batch may do without.
            open: Whether further jobs can be added; close it then.
            device_type: Where it runs; by default on the device inside the sequence.
            tags: Free words.
            emulation: Pulser's ``EmulationConfig``, or what it writes down.
            configuration: The legacy configuration of EMU_FREE or EMU_TN.
            webhook: Address that the service calls; the client's own by default.
            key: Put into the tags, so that a batch whose answer was lost can be found again with
                `PasqalClient.find` or `PasqalClient.find_batch`.
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Raises:
            InvalidInputError: The batch contradicts itself; nothing was sent.
            LostAnswerError, ServerError, ProtocolError: It may exist or not.
            QuantumAsyncError: It was refused.

        Blocking twin of `quantum_async.providers.pasqal.batches.Batches.create`.
        """
        return self._call(
            "Batches.create",
            lambda: self._async.create(
                sequence,
                jobs,
                open=open,
                device_type=device_type,
                tags=tags,
                emulation=emulation,
                configuration=configuration,
                webhook=webhook,
                key=key,
            ),
            timeout,
        )

    def get(self, batch_id: str, *, timeout: float | None = None) -> PasqalBatch:
        """Look a batch up, with its sequence and without its jobs.

        Args:
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Blocking twin of `quantum_async.providers.pasqal.batches.Batches.get`.
        """
        return self._call("Batches.get", lambda: self._async.get(batch_id), timeout)

    def page(
        self,
        filters: BatchFilters | None = None,
        page: Page | None = None,
        *,
        timeout: float | None = None,
    ) -> PageOf[PasqalBatch]:
        """Read one page of the list of batches.

        Args:
            filters: Which batches.
            page: Which part of the list; the first 100 by default.
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Blocking twin of `quantum_async.providers.pasqal.batches.Batches.page`.
        """
        return self._call("Batches.page", lambda: self._async.page(filters, page), timeout)

    def list(self, filters: BatchFilters | None = None) -> Iterator[PasqalBatch]:
        """Iterate over all batches, the newest first.

        Args:
            filters: Which batches.

        Raises:
            ProtocolError: The list does not go on although it has not ended.

        Blocking twin of `quantum_async.providers.pasqal.batches.Batches.list`.
        """
        return self._iterate(lambda: self._async.list(filters))

    def status(self, batch_id: str, *, timeout: float | None = None) -> BatchProgress:
        """Say where a batch and its jobs stand, in the smallest answer that the service has.

        Args:
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Blocking twin of `quantum_async.providers.pasqal.batches.Batches.status`.
        """
        return self._call("Batches.status", lambda: self._async.status(batch_id), timeout)

    def wait(self, batch_id: str, *, timeout: float | None = None) -> BatchProgress:
        """Wait until every job of a batch has ended, or the batch itself has.

        Args:
            batch_id: The batch.
            timeout: Longest wait in seconds; as long as it takes by default.

        Raises:
            WaitTimeoutError: The time is up; the batch goes on.

        Blocking twin of `quantum_async.providers.pasqal.batches.Batches.wait`.
        """
        return self._call("Batches.wait", lambda: self._async.wait(batch_id, timeout=timeout))

    def jobs(self, batch_id: str) -> Iterator[PasqalJob]:
        """Iterate over a batch's jobs in the order in which they were created.

        Blocking twin of `quantum_async.providers.pasqal.batches.Batches.jobs`.
        """
        return self._iterate(lambda: self._async.jobs(batch_id))

    def add_jobs(
        self, batch_id: str, jobs: Sequence[NewJob], *, timeout: float | None = None
    ) -> PasqalBatch:
        """Add jobs to an open batch. Sent once; billed like the batch's own.

        Args:
            batch_id: The batch.
            jobs: What to add.
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Returns:
            The batch with all its jobs, the new ones last.

        Raises:
            ConflictError: The batch is closed.
            LostAnswerError, ServerError, ProtocolError: The jobs may have been added or not.

        Blocking twin of `quantum_async.providers.pasqal.batches.Batches.add_jobs`.
        """
        return self._call("Batches.add_jobs", lambda: self._async.add_jobs(batch_id, jobs), timeout)

    def close(self, batch_id: str, *, timeout: float | None = None) -> PasqalBatch:
        """Close an open batch: its jobs go on, no more can be added.

        Args:
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Blocking twin of `quantum_async.providers.pasqal.batches.Batches.close`.
        """
        return self._call("Batches.close", lambda: self._async.close(batch_id), timeout)

    def cancel(self, batch_id: str, *, timeout: float | None = None) -> PasqalBatch:
        """Cancel a batch with its unfinished jobs; an open one is closed by it.

        Args:
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Blocking twin of `quantum_async.providers.pasqal.batches.Batches.cancel`.
        """
        return self._call("Batches.cancel", lambda: self._async.cancel(batch_id), timeout)

    def cancel_many(
        self, batch_ids: Sequence[str], *, timeout: float | None = None
    ) -> CancelledBatches:
        """Cancel several batches in one request.

        Args:
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Returns:
            Those that were cancelled, and why the others were not.

        Blocking twin of `quantum_async.providers.pasqal.batches.Batches.cancel_many`.
        """
        return self._call(
            "Batches.cancel_many", lambda: self._async.cancel_many(batch_ids), timeout
        )

    def cancel_jobs(
        self, batch_id: str, filters: CancelFilters | None = None, *, timeout: float | None = None
    ) -> CancelledJobs:
        """Cancel jobs of a batch in one request.

        Args:
            batch_id: The batch.
            filters: Which of its jobs; all that are unfinished by default.
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Returns:
            Those that were cancelled, and why others were not.

        Blocking twin of `quantum_async.providers.pasqal.batches.Batches.cancel_jobs`.
        """
        return self._call(
            "Batches.cancel_jobs", lambda: self._async.cancel_jobs(batch_id, filters), timeout
        )

    def set_tags(
        self, batch_id: str, tags: Sequence[str], *, timeout: float | None = None
    ) -> PasqalBatch:
        """Replace a batch's tags. A scheduler finds its own batches by theirs: keep those.

        Args:
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Blocking twin of `quantum_async.providers.pasqal.batches.Batches.set_tags`.
        """
        return self._call("Batches.set_tags", lambda: self._async.set_tags(batch_id, tags), timeout)

    def rebatch(
        self, batch_id: str, filters: RebatchFilters | None = None, *, timeout: float | None = None
    ) -> PasqalBatch:
        """Run jobs of a closed batch again, in a new batch. Sent once; billed.

        Args:
            batch_id: The closed batch.
            filters: Which of its jobs; all of them by default.
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Raises:
            InvalidInputError: The filters select nothing.
            LostAnswerError, ServerError, ProtocolError: The new batch may exist or not.

        Blocking twin of `quantum_async.providers.pasqal.batches.Batches.rebatch`.
        """
        return self._call(
            "Batches.rebatch", lambda: self._async.rebatch(batch_id, filters), timeout
        )


class PasqalClient(ClientHandle["AsyncPasqalClient"]):
    """Pasqal Cloud: QPUs of neutral atoms, and emulators of them.

    Constructing a client sends nothing; credentials are checked by the first request. A
    scheduler runs jobs on it. Everything else that the service can do is in `batches`, `jobs`,
    `workloads`, `specs` and `projects`.

    Args:
        username: Who logs in.
        password: The password; asked for at a terminal where it is missing.
        project_id: Whose credits are used.
        token: An access token that this program does not renew.
        token_provider: An object with ``get_token()`` or a function, async or not; also one of
            pasqal-cloud's.
        client_id: A service account.
        client_secret: The service account's secret.
        region: ``"fr"`` or ``"sa"``; `endpoints` says more.
        endpoints: Other addresses; the login follows them.
        webhook: Address that the service calls about every new batch.
        account: Which account, where a program uses several.
        name: What the client is called in a scheduler, where that has several of one provider.
        settle_delay: Seconds to look for a batch whose answer was lost before it is sent again.
        options: Timeouts, connections, proxy, certificates, retries and hooks.
        prompt: Asks a person for the password; by default at a terminal.

    Raises:
        ConfigurationError: Settings contradict each other.

    Blocking twin of `quantum_async.PasqalClient`.

    Example:
        ```python
        from quantum_async.blocking import PasqalClient


        def newest_batch() -> str:
            with PasqalClient.from_env() as client:
                for batch in client.batches.list():
                    return batch.id
            return "none"
        ```
    """

    __slots__ = ()

    def __init__(
        self,
        *,
        username: str | None = None,
        password: str | None = None,
        project_id: str | None = None,
        token: str | None = None,
        token_provider: TokenProvider | TokenFunction | None = None,
        client_id: str | None = None,
        client_secret: str | None = None,
        region: Region = "fr",
        endpoints: PasqalEndpoints | None = None,
        webhook: str | None = None,
        account: str = "",
        name: str | None = None,
        settle_delay: float = 5.0,
        options: SessionOptions | None = None,
        prompt: Callable[[str], str] | None = None,
    ) -> None:
        twin = _async.PasqalClient(
            username=username,
            password=password,
            project_id=project_id,
            token=token,
            token_provider=token_provider,
            client_id=client_id,
            client_secret=client_secret,
            region=region,
            endpoints=endpoints,
            webhook=webhook,
            account=account,
            name=name,
            settle_delay=settle_delay,
            options=options,
            prompt=prompt,
        )
        super().__init__(twin, Session(twin))

    def __enter__(self) -> PasqalClient:
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
        """Build a client from environment variables; `PasqalSettings` lists them. Sends nothing.

        Args:
            environ: Read instead of the process's environment.
            options: Timeouts, connections, proxy, certificates, retries and hooks.
            name: What the client is called in a scheduler.

        Raises:
            InvalidOptionError: No target could begin with the name.
            ConfigurationError: Credentials are missing, or a variable is malformed.

        Blocking twin of `quantum_async.PasqalClient.from_env`.
        """
        return cls._of(_async.PasqalClient.from_env(environ, options=options, name=name))

    @property
    def capabilities(self) -> Capabilities:
        """What this client can do; OVH's access can neither search, cancel nor add.

        Blocking twin of `quantum_async.PasqalClient.capabilities`.
        """
        return self._async.capabilities

    @property
    def address(self) -> str:
        """Where its requests go first. Sends nothing.

        Blocking twin of `quantum_async.PasqalClient.address`.
        """
        return self._async.address

    @property
    def identity(self) -> str:
        """Which installation and project its jobs are at; without a project, who logs in.

        Blocking twin of `quantum_async.PasqalClient.identity`.
        """
        return self._async.identity

    def token(self, *, timeout: float | None = None) -> str:
        """Return an access token that is valid now, logging in if need be.

        Args:
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Raises:
            AuthenticationError: There are no credentials, or they were refused.

        Blocking twin of `quantum_async.PasqalClient.token`.
        """
        return self._call("PasqalClient.token", lambda: self._async.token(), timeout)

    def devices(self, *, timeout: float | None = None) -> list[Device]:
        """List the devices of this account; without credentials, the public ones.

        Args:
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Blocking twin of `quantum_async.PasqalClient.devices`.
        """
        return self._call("PasqalClient.devices", lambda: self._async.devices(), timeout)

    def default_device(self, program: Program) -> str:
        """Name the device that a sequence was made for.

        Raises:
            UnknownTargetError: It was made for a virtual device, or it is no sequence.

        Blocking twin of `quantum_async.PasqalClient.default_device`.
        """
        return self._ask(lambda: self._async.default_device(program))

    def validate(self, job: JobSpec, device: str, *, timeout: float | None = None) -> None:
        """Refuse a job that cannot run; nothing is sent.

        Sequences for a QPU are checked against its specification where `specs` or `devices` has
        read it, and sent for the device as it is today.

        Args:
            job: What is going to be sent.
            device: The device type.
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Raises:
            InvalidInputError: The job cannot run, with the reason and the remedy.
            MissingExtraError: Pulser is not installed.

        Blocking twin of `quantum_async.PasqalClient.validate`.
        """
        return self._call(
            "PasqalClient.validate", lambda: self._async.validate(job, device), timeout
        )

    def grouping(self, job: JobSpec) -> Hashable:
        """Say which jobs can share a batch: those of one sequence, or without variables.

        Blocking twin of `quantum_async.PasqalClient.grouping`.
        """
        return self._ask(lambda: self._async.grouping(job))

    def weigh(self, job: JobSpec) -> int:
        """Estimate the bytes that a job adds to a batch: its sequence, unless it is shared.

        Blocking twin of `quantum_async.PasqalClient.weigh`.
        """
        return self._ask(lambda: self._async.weigh(job))

    def submit(self, request: SubmitRequest, *, timeout: float | None = None) -> list[JobRef]:
        """Create a batch, or add jobs to an open one. Sent once; billed.

        Cancelled: whether the service accepted is then unknown; `find` tells.

        Args:
            request: What to run; its key becomes a tag of a new batch.
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Raises:
            InvalidInputError: A job cannot run; nothing was sent.
            BatchClosedError: The open batch takes no more jobs.
            LostAnswerError, ServerError, ProtocolError: The service may have accepted.
            QuantumAsyncError: It was refused.

        Blocking twin of `quantum_async.PasqalClient.submit`.
        """
        return self._call("PasqalClient.submit", lambda: self._async.submit(request), timeout)

    def poll(
        self, jobs: Sequence[JobRef], *, wait: float = 0.0, timeout: float | None = None
    ) -> Mapping[JobRef, JobState]:
        """Ask where jobs stand, a hundred in each request.

        Args:
            jobs: The jobs.
            wait: Of no effect: the service answers at once.
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Blocking twin of `quantum_async.PasqalClient.poll`.
        """
        return self._call("PasqalClient.poll", lambda: self._async.poll(jobs, wait=wait), timeout)

    def fetch(self, job: JobRef, *, timeout: float | None = None) -> Result:
        """Download the result of a job that has succeeded.

        Args:
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Raises:
            ResultPendingError: It is not there yet.
            ResultError: It cannot be understood.

        Blocking twin of `quantum_async.PasqalClient.fetch`.
        """
        return self._call("PasqalClient.fetch", lambda: self._async.fetch(job), timeout)

    def fetch_many(
        self, jobs: Sequence[JobRef], *, timeout: float | None = None
    ) -> Mapping[JobRef, Result]:
        """Download the results of many jobs, in one request for each batch where that is there.

        Args:
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Returns:
            What could be had this way, which may be nothing.

        Blocking twin of `quantum_async.PasqalClient.fetch_many`.
        """
        return self._call("PasqalClient.fetch_many", lambda: self._async.fetch_many(jobs), timeout)

    def cancel(
        self, jobs: Sequence[JobRef], *, timeout: float | None = None
    ) -> Mapping[JobRef, QuantumAsyncError]:
        """Cancel jobs, a hundred of each batch in one request. What did not run is not billed.

        Args:
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Returns:
            What could not be cancelled and has not ended either, and why.

        Blocking twin of `quantum_async.PasqalClient.cancel`.
        """
        return self._call("PasqalClient.cancel", lambda: self._async.cancel(jobs), timeout)

    def find(self, key: str, *, timeout: float | None = None) -> list[JobRef]:
        """Look for the jobs of a submission by the tag of its batch.

        Jobs that were added to an open batch carry no key: those that this client itself sent
        are found by comparing what is new in the batch; others are not found.

        Args:
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Raises:
            SubmissionUnknownError: Several batches have the key, what is new in an open batch is
                not what was sent, or OVH's access cannot search.
            ProtocolError: A batch has the key, and not all of its jobs are listed yet.

        Blocking twin of `quantum_async.PasqalClient.find`.
        """
        return self._call("PasqalClient.find", lambda: self._async.find(key), timeout)

    def open_batch(self, request: BatchRequest, *, timeout: float | None = None) -> BatchRef:
        """Open a batch. Sent once; it reserves the device until it is closed.

        Args:
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Raises:
            BatchError: OVH's access has no open batches.
            InvalidOptionError: The service cannot end a batch because of one failed job.

        Blocking twin of `quantum_async.PasqalClient.open_batch`.
        """
        return self._call(
            "PasqalClient.open_batch", lambda: self._async.open_batch(request), timeout
        )

    def close_batch(self, batch: BatchRef, *, timeout: float | None = None) -> None:
        """Close a batch: its jobs go on, no more can be added. Closing twice is harmless.

        Args:
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Blocking twin of `quantum_async.PasqalClient.close_batch`.
        """
        return self._call(
            "PasqalClient.close_batch", lambda: self._async.close_batch(batch), timeout
        )

    def cancel_batch(self, batch: BatchRef, *, timeout: float | None = None) -> None:
        """Close a batch and cancel its unfinished jobs.

        Args:
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Blocking twin of `quantum_async.PasqalClient.cancel_batch`.
        """
        return self._call(
            "PasqalClient.cancel_batch", lambda: self._async.cancel_batch(batch), timeout
        )

    def find_batch(self, key: str, *, timeout: float | None = None) -> BatchRef | None:
        """Look for a batch by its tag.

        Args:
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Raises:
            SubmissionUnknownError: Several batches have it.

        Blocking twin of `quantum_async.PasqalClient.find_batch`.
        """
        return self._call("PasqalClient.find_batch", lambda: self._async.find_batch(key), timeout)

    def batch_state(self, batch: BatchRef, *, timeout: float | None = None) -> BatchState:
        """Ask where a batch stands, whoever opened it.

        Args:
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Blocking twin of `quantum_async.PasqalClient.batch_state`.
        """
        return self._call(
            "PasqalClient.batch_state", lambda: self._async.batch_state(batch), timeout
        )

    def batch_jobs(self, batch: BatchRef, *, timeout: float | None = None) -> list[JobRef]:
        """List a batch's jobs, a hundred in each request.

        Args:
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Blocking twin of `quantum_async.PasqalClient.batch_jobs`.
        """
        return self._call("PasqalClient.batch_jobs", lambda: self._async.batch_jobs(batch), timeout)

    @property
    def name(self) -> str:
        """What the client is called in a scheduler, where that has several of one provider.

        Blocking twin of `quantum_async.PasqalClient.name`.
        """
        return self._async.name

    options_class: ClassVar[type[RunOptions]] = PasqalOptions

    variable_prefixes: ClassVar[tuple[str, ...]] = ("PASQAL_",)

    @property
    def account(self) -> str:
        """Which account, where a program uses several.

        Blocking twin of `quantum_async.PasqalClient.account`.
        """
        return self._async.account

    @property
    def batches(self) -> Batches:
        """Batches: create, look up, list, close, cancel, tag, repeat.

        Blocking twin of `quantum_async.PasqalClient.batches`.
        """
        return self._wrap(self._async.batches)

    @property
    def jobs(self) -> Jobs:
        """Jobs: look up, list, cancel, repeat, download results.

        Blocking twin of `quantum_async.PasqalClient.jobs`.
        """
        return self._wrap(self._async.jobs)

    @property
    def workloads(self) -> Workloads:
        """Workloads for the service's classical machines.

        Blocking twin of `quantum_async.PasqalClient.workloads`.
        """
        return self._wrap(self._async.workloads)

    @property
    def specs(self) -> Specs:
        """Specifications of devices, as Pulser reads them.

        Blocking twin of `quantum_async.PasqalClient.specs`.
        """
        return self._wrap(self._async.specs)

    @property
    def projects(self) -> Projects:
        """Projects: list, switch.

        Blocking twin of `quantum_async.PasqalClient.projects`.
        """
        return self._wrap(self._async.projects)

    @property
    def is_open(self) -> bool:
        """Whether the client has been entered and not yet closed.

        Blocking twin of `quantum_async.PasqalClient.is_open`.
        """
        return self._async.is_open

    def open(self, *, timeout: float | None = None) -> None:
        """Make connection pools. Sends nothing.

        Args:
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Blocking twin of `quantum_async.PasqalClient.open`.
        """
        return self._call("PasqalClient.open", lambda: self._async.open(), timeout)

    def close(self, *, timeout: float | None = None) -> None:
        """Log out where it has logged in, and close every connection; remote jobs go on.

        Args:
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Blocking twin of `quantum_async.PasqalClient.close`.
        """
        return self._call("PasqalClient.close", lambda: self._async.close(), timeout)

    @property
    def provider(self) -> str:
        """Registry name of its provider, whatever the client is called. Sends nothing.

        Blocking twin of `quantum_async.PasqalClient.provider`.
        """
        return self._async.provider

    @classmethod
    def id_for(cls, key: str) -> str | None:
        """Say which id the job of a submission has, where it follows from our key. Sends nothing.

        Args:
            key: The submission's key.

        Returns:
            ``None`` where the provider chooses the id, or one key can belong to several jobs.

        Blocking twin of `quantum_async.PasqalClient.id_for`.
        """
        return _async.PasqalClient.id_for(key)

    def options_of(self, options: RunOptions) -> RunOptions:
        """Take options of any class as those of this client. Sends nothing.

        The scheduler does so with all that it is given, so that `validate`, `submit` and
        `open_batch` are handed `options_class`. What a route cannot carry, `validate` refuses.

        Args:
            options: What the caller passed.

        Raises:
            InvalidOptionError: This client has no such option, or they are no options.

        Blocking twin of `quantum_async.PasqalClient.options_of`.
        """
        return self._ask(lambda: self._async.options_of(options))

    def index_of(self, job: JobSpec, place: int) -> int:
        """Say which program of the provider's job a job is, for its `JobRef.index`. Sends nothing.

        Args:
            job: The job.
            place: Its place in its submission, from 0.

        Blocking twin of `quantum_async.PasqalClient.index_of`.
        """
        return self._ask(lambda: self._async.index_of(job, place))


class Jobs(Handle["AsyncJobs"]):
    """The jobs of an account: `PasqalClient.jobs`.

    Args:
        cloud: What the client's parts share.
        batches: The account's batches.
        downloads: Gets stored results.

    Blocking twin of `quantum_async.providers.pasqal.jobs.Jobs`.
    """

    __slots__ = ()

    def get(self, job_id: str, *, timeout: float | None = None) -> PasqalJob:
        """Look a job up, with its sequence.

        Args:
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Blocking twin of `quantum_async.providers.pasqal.jobs.Jobs.get`.
        """
        return self._call("Jobs.get", lambda: self._async.get(job_id), timeout)

    def page(
        self,
        filters: JobFilters | None = None,
        page: Page | None = None,
        *,
        timeout: float | None = None,
    ) -> PageOf[PasqalJob]:
        """Read one page of the list of jobs.

        Args:
            filters: Which jobs.
            page: Which part of the list; the first 100 by default.
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Blocking twin of `quantum_async.providers.pasqal.jobs.Jobs.page`.
        """
        return self._call("Jobs.page", lambda: self._async.page(filters, page), timeout)

    def list(self, filters: JobFilters | None = None) -> Iterator[PasqalJob]:
        """Iterate over all jobs, the newest first.

        Args:
            filters: Which jobs.

        Raises:
            ProtocolError: The list does not go on although it has not ended.

        Blocking twin of `quantum_async.providers.pasqal.jobs.Jobs.list`.
        """
        return self._iterate(lambda: self._async.list(filters))

    def status(self, job_id: str, *, timeout: float | None = None) -> JobProgress:
        """Say where a job stands, in the smallest answer that the service has.

        Args:
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Blocking twin of `quantum_async.providers.pasqal.jobs.Jobs.status`.
        """
        return self._call("Jobs.status", lambda: self._async.status(job_id), timeout)

    def wait(self, job_id: str, *, timeout: float | None = None) -> JobProgress:
        """Wait until a job has ended, however it ends.

        Args:
            job_id: The job.
            timeout: Longest wait in seconds; as long as it takes by default.

        Raises:
            WaitTimeoutError: The time is up; the job goes on.

        Blocking twin of `quantum_async.providers.pasqal.jobs.Jobs.wait`.
        """
        return self._call("Jobs.wait", lambda: self._async.wait(job_id, timeout=timeout))

    def cancel(self, job_id: str, *, timeout: float | None = None) -> PasqalJob:
        """Cancel a job; one that runs takes a while to stop. What did not run is not billed.

        Args:
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Blocking twin of `quantum_async.providers.pasqal.jobs.Jobs.cancel`.
        """
        return self._call("Jobs.cancel", lambda: self._async.cancel(job_id), timeout)

    def results(self, job_id: str, *, timeout: float | None = None) -> PasqalResults:
        """Download the results of a job as they are stored.

        `PasqalClient.fetch` gives the same as a `Result` with the names of its atoms.

        Args:
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Raises:
            ResultPendingError: There are none yet.

        Blocking twin of `quantum_async.providers.pasqal.jobs.Jobs.results`.
        """
        return self._call("Jobs.results", lambda: self._async.results(job_id), timeout)

    def retry(self, job_id: str, *, timeout: float | None = None) -> PasqalBatch:
        """Run a job once more, in the same open batch. Sent once; billed.

        Args:
            job_id: A job of a batch that is open; for a closed one there is `Batches.rebatch`.
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Returns:
            The batch with all its jobs, the new one last.

        Blocking twin of `quantum_async.providers.pasqal.jobs.Jobs.retry`.
        """
        return self._call("Jobs.retry", lambda: self._async.retry(job_id), timeout)


class Projects(Handle["AsyncProjects"]):
    """The projects of an account: `PasqalClient.projects`.

    Args:
        cloud: What the client's parts share.

    Blocking twin of `quantum_async.providers.pasqal.projects.Projects`.
    """

    __slots__ = ()

    @property
    def current(self) -> str | None:
        """The id of the project that new batches and workloads belong to.

        Blocking twin of `quantum_async.providers.pasqal.projects.Projects.current`.
        """
        return self._async.current

    def list(self, *, timeout: float | None = None) -> builtins.list[PasqalProject]:
        """List the active projects.

        Args:
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Blocking twin of `quantum_async.providers.pasqal.projects.Projects.list`.
        """
        return self._call("Projects.list", lambda: self._async.list(), timeout)

    def switch(self, project_id: str, *, timeout: float | None = None) -> PasqalProject:
        """Let new batches and workloads belong to another project.

        Args:
            project_id: One of the account's active projects.
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Raises:
            InvalidOptionError: There is no such project; the current one stays.

        Blocking twin of `quantum_async.providers.pasqal.projects.Projects.switch`.
        """
        return self._call("Projects.switch", lambda: self._async.switch(project_id), timeout)


class Specs(Handle["AsyncSpecs"]):
    """The specifications of devices: `PasqalClient.specs`.

    What is read here is remembered: `PasqalClient.validate` checks sequences against it.

    Args:
        cloud: What the client's parts share.

    Blocking twin of `quantum_async.providers.pasqal.specs.Specs`.
    """

    __slots__ = ()

    def all(self, *, timeout: float | None = None) -> dict[str, str]:
        """Return the specifications of all devices that this account may use.

        Args:
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Returns:
            Pulser's abstract representations by device type; without credentials, and by OVH's
            access, the public ones.

        Blocking twin of `quantum_async.providers.pasqal.specs.Specs.all`.
        """
        return self._call("Specs.all", lambda: self._async.all(), timeout)

    def public(self, *, timeout: float | None = None) -> dict[str, str]:
        """Return the specifications that everybody may read, without showing credentials.

        Args:
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Blocking twin of `quantum_async.providers.pasqal.specs.Specs.public`.
        """
        return self._call("Specs.public", lambda: self._async.public(), timeout)

    def get(self, device_type: str, *, timeout: float | None = None) -> str:
        """Return the specification of one device.

        Args:
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Raises:
            UnknownTargetError: There is none of that name.

        Blocking twin of `quantum_async.providers.pasqal.specs.Specs.get`.
        """
        return self._call("Specs.get", lambda: self._async.get(device_type), timeout)

    def devices(self, *, timeout: float | None = None) -> list[Device]:
        """Describe all devices that this account may use, from specifications and status.

        Args:
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Blocking twin of `quantum_async.providers.pasqal.specs.Specs.devices`.
        """
        return self._call("Specs.devices", lambda: self._async.devices(), timeout)


class Workloads(Handle["AsyncWorkloads"]):
    """The workloads of an account: `PasqalClient.workloads`.

    Args:
        cloud: What the client's parts share.

    Blocking twin of `quantum_async.providers.pasqal.workloads.Workloads`.
    """

    __slots__ = ()

    def create(
        self,
        workload_type: str,
        backend: str,
        config: Mapping[str, JsonValue],
        *,
        timeout: float | None = None,
    ) -> PasqalWorkload:
        """Create a workload. Sent once; billed.

        Args:
            workload_type: What kind of workload.
            backend: What it runs on.
            config: What it is to do.
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Raises:
            LostAnswerError, ServerError, ProtocolError: It may exist or not.

        Blocking twin of `quantum_async.providers.pasqal.workloads.Workloads.create`.
        """
        return self._call(
            "Workloads.create", lambda: self._async.create(workload_type, backend, config), timeout
        )

    def get(self, workload_id: str, *, timeout: float | None = None) -> PasqalWorkload:
        """Look a workload up; its result is downloaded by `result` alone.

        Args:
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Blocking twin of `quantum_async.providers.pasqal.workloads.Workloads.get`.
        """
        return self._call("Workloads.get", lambda: self._async.get(workload_id), timeout)

    def cancel(self, workload_id: str, *, timeout: float | None = None) -> PasqalWorkload:
        """Cancel a workload.

        Args:
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Blocking twin of `quantum_async.providers.pasqal.workloads.Workloads.cancel`.
        """
        return self._call("Workloads.cancel", lambda: self._async.cancel(workload_id), timeout)

    def wait(self, workload_id: str, *, timeout: float | None = None) -> PasqalWorkload:
        """Wait until a workload has ended, however it ends.

        Args:
            workload_id: The workload.
            timeout: Longest wait in seconds; as long as it takes by default.

        Raises:
            WaitTimeoutError: The time is up; the workload goes on.

        Blocking twin of `quantum_async.providers.pasqal.workloads.Workloads.wait`.
        """
        return self._call("Workloads.wait", lambda: self._async.wait(workload_id, timeout=timeout))

    def result(self, workload: PasqalWorkload, *, timeout: float | None = None) -> JsonValue:
        """Return a workload's result, downloading it where it is not in the answer.

        Args:
            workload: As `get` or `wait` returned it.
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Raises:
            ResultPendingError: There is none yet.
            ResultError: What was downloaded is not JSON.

        Blocking twin of `quantum_async.providers.pasqal.workloads.Workloads.result`.
        """
        return self._call("Workloads.result", lambda: self._async.result(workload), timeout)
