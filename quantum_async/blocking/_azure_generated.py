"""Blocking twins of the async classes: azure."""

# Written by `python .ci/facade` from the async classes.
# Do not change it here: change those, and run the generator.
# mypy: disable-error-code="no-any-return"

from __future__ import annotations

from typing import TYPE_CHECKING

from quantum_async.blocking._handle import ClientHandle
from quantum_async.blocking._handle import Handle
from quantum_async.blocking._session import Session
from quantum_async.providers.azure.options import AzureOptions
import quantum_async as _async
import time as _time

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Hashable
    from collections.abc import Iterator
    from collections.abc import Mapping
    from collections.abc import Sequence
    from contextlib import AbstractContextManager
    from quantum_async.blocking._http_generated import Download
    from quantum_async.errors import QuantumAsyncError
    from quantum_async.http.dispatch import LaneName
    from quantum_async.http.options import SessionOptions
    from quantum_async.models.batch import BatchRef
    from quantum_async.models.batch import BatchState
    from quantum_async.models.batch import FailurePolicy
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
    from quantum_async.providers.azure.auth import Credential
    from quantum_async.providers.azure.auth import TokenCredential
    from quantum_async.providers.azure.client import AzureClient as AsyncAzureClient
    from quantum_async.providers.azure.filters import ItemFilters
    from quantum_async.providers.azure.jobs import JobOutput
    from quantum_async.providers.azure.jobs import Jobs as AsyncJobs
    from quantum_async.providers.azure.sessions import Sessions as AsyncSessions
    from quantum_async.providers.azure.sessions import TopLevelItems as AsyncTopLevelItems
    from quantum_async.providers.azure.storage import Encoding
    from quantum_async.providers.azure.storage import Storage as AsyncStorage
    from quantum_async.providers.azure.submission import NewJob
    from quantum_async.providers.azure.targets import Quotas as AsyncQuotas
    from quantum_async.providers.azure.targets import Targets as AsyncTargets
    from quantum_async.providers.azure.wire import AzureJob
    from quantum_async.providers.azure.wire import AzureQuota
    from quantum_async.providers.azure.wire import AzureSession
    from quantum_async.providers.azure.wire import Priority
    from quantum_async.providers.azure.wire import ProviderStatus
    from quantum_async.providers.azure.wire import QuotaUsage
    from quantum_async.providers.azure.wire import TargetStatus
    from quantum_async.providers.azure.workspace import VendorWorkspace
    from quantum_async.providers.azure.workspace import Workspace
    from typing import ClassVar
    from typing import Self
    import builtins


class AzureClient(ClientHandle["AsyncAzureClient"]):
    """Azure Quantum: the targets of Pasqal, IonQ, Quantinuum, Rigetti and others.

    Constructing a client sends nothing; where the workspace listens is found out with the first
    request, unless a connection string or `endpoint` says it. A scheduler runs jobs on it.
    Everything else that the service can do is in `jobs`, `sessions`, `targets`, `quotas`,
    `storage` and `top_level_items`.

    Args:
        resource_id: ``/subscriptions/…/providers/Microsoft.Quantum/Workspaces/name``.
        connection_string: A workspace's connection string, with an API key.
        workspace: The workspace's name, which is looked up where it stands alone, or an
            ``azure.quantum.Workspace`` that exists already.
        name: What the client is called in a scheduler, where that has several of one provider;
            where nothing else names the workspace, the workspace's name instead, as with Microsoft.
        subscription_id: Its subscription.
        resource_group: Its resource group.
        location: Its region.
        endpoint: Where it listens, instead of looking that up.
        credential: A credential of azure.identity or azure.identity.aio, an
            ``AzureKeyCredential``, an access token, or anything that has ``get_token``; by
            default azure-identity's default chain. The caller closes it.
        api_key: A workspace's key instead.
        management: Where the management listens.
        api_version: The API version that is spoken.
        app_id: Put before the user agent.
        account: Which account, where a program uses several.
        options: Timeouts, connections, proxy, certificates, retries and hooks.
        clock: Wall clock in seconds since the epoch.
        make_default: Makes the default credential.

    Raises:
        ConfigurationError: Settings contradict each other, or are malformed.

    Blocking twin of `quantum_async.AzureClient`.

    Example:
        ```python
        from quantum_async.blocking import AzureClient
        from quantum_async.providers.azure.filters import ItemFilters


        def newest_jobs(resource_id: str) -> list[str]:
            with AzureClient(resource_id=resource_id) as client:
                names = []
                for job in client.jobs.list(ItemFilters(newest_first=True), limit=10):
                    names.append(job.name)
                return names
        ```
    """

    __slots__ = ()

    def __init__(
        self,
        resource_id: str | None = None,
        *,
        connection_string: str | None = None,
        workspace: VendorWorkspace | str | None = None,
        name: str | None = None,
        subscription_id: str = "",
        resource_group: str = "",
        location: str = "",
        endpoint: str = "",
        credential: Credential | None = None,
        api_key: str | None = None,
        management: str | None = None,
        api_version: str | None = None,
        app_id: str = "",
        account: str = "",
        options: SessionOptions | None = None,
        clock: Callable[[], float] = _time.time,
        make_default: Callable[[], TokenCredential] | None = None,
    ) -> None:
        twin = _async.AzureClient(
            resource_id,
            connection_string=connection_string,
            workspace=workspace,
            name=name,
            subscription_id=subscription_id,
            resource_group=resource_group,
            location=location,
            endpoint=endpoint,
            credential=credential,
            api_key=api_key,
            management=management,
            api_version=api_version,
            app_id=app_id,
            account=account,
            options=options,
            clock=clock,
            make_default=make_default,
        )
        super().__init__(twin, Session(twin))

    def __enter__(self) -> AzureClient:
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
        """Build a client from environment variables; `AzureSettings` lists them. Sends nothing.

        Args:
            environ: Read instead of the process's environment.
            options: Timeouts, connections, proxy, certificates, retries and hooks.
            name: What the client is called in a scheduler.

        Raises:
            InvalidOptionError: No target could begin with the name.
            ConfigurationError: Nothing says which workspace is meant, or a variable is malformed.

        Blocking twin of `quantum_async.AzureClient.from_env`.
        """
        return cls._of(_async.AzureClient.from_env(environ, options=options, name=name))

    @property
    def workspace(self) -> Workspace:
        """The workspace, as far as it is known; `locate` finds out the rest. Sends nothing.

        Blocking twin of `quantum_async.AzureClient.workspace`.
        """
        return self._async.workspace

    def locate(self, *, timeout: float | None = None) -> Workspace:
        """Find out where the workspace listens, unless that is known.

        Args:
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Raises:
            ConfigurationError: There is no such workspace.

        Blocking twin of `quantum_async.AzureClient.locate`.
        """
        return self._call("AzureClient.locate", lambda: self._async.locate(), timeout)

    @property
    def capabilities(self) -> Capabilities:
        """What this client can do.

        Blocking twin of `quantum_async.AzureClient.capabilities`.
        """
        return self._async.capabilities

    @property
    def address(self) -> str:
        """Where its requests go first. Sends nothing.

        Blocking twin of `quantum_async.AzureClient.address`.
        """
        return self._async.address

    @property
    def identity(self) -> str:
        """Which cloud and workspace its jobs are at.

        Blocking twin of `quantum_async.AzureClient.identity`.
        """
        return self._async.identity

    def devices(self, *, timeout: float | None = None) -> list[Device]:
        """List the targets of the workspace, with status and queue time.

        Args:
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Blocking twin of `quantum_async.AzureClient.devices`.
        """
        return self._call("AzureClient.devices", lambda: self._async.devices(), timeout)

    def default_device(self, program: Program) -> str:
        """Name the target of the device that a sequence was made for.

        Raises:
            UnknownTargetError: It was made for another device, or it is no sequence.

        Blocking twin of `quantum_async.AzureClient.default_device`.
        """
        return self._ask(lambda: self._async.default_device(program))

    def validate(self, job: JobSpec, device: str, *, timeout: float | None = None) -> None:
        """Refuse a job that cannot run; asks for the targets where it does not know this one.

        Args:
            job: What is going to be sent.
            device: The target's name.
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Raises:
            InvalidInputError: The job cannot run, with the reason and the remedy.
            MissingExtraError: Pulser or Qiskit is needed for this, and not installed.

        Blocking twin of `quantum_async.AzureClient.validate`.
        """
        return self._call(
            "AzureClient.validate", lambda: self._async.validate(job, device), timeout
        )

    def grouping(self, job: JobSpec) -> Hashable:
        """Every submission is one job, so that nothing is said of which could share one.

        Blocking twin of `quantum_async.AzureClient.grouping`.
        """
        return self._ask(lambda: self._async.grouping(job))

    def weigh(self, job: JobSpec) -> int:
        """Nothing limits a submission of one job.

        Blocking twin of `quantum_async.AzureClient.weigh`.
        """
        return self._ask(lambda: self._async.weigh(job))

    def submit(self, request: SubmitRequest, *, timeout: float | None = None) -> list[JobRef]:
        """Create a job under an id that follows from the request's key; billed.

        Sending the same request again creates nothing, whatever became of it the first time.

        Args:
            request: What to run: one job.
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Raises:
            InvalidInputError: The job cannot run; nothing was sent.
            BatchClosedError: The session takes no more jobs.
            DuplicateSubmissionError: The key was used for another job.
            LostAnswerError, ServerError, ProtocolError: The service may have accepted.
            QuantumAsyncError: It was refused.

        Blocking twin of `quantum_async.AzureClient.submit`.
        """
        return self._call("AzureClient.submit", lambda: self._async.submit(request), timeout)

    def poll(
        self, jobs: Sequence[JobRef], *, wait: float = 0.0, timeout: float | None = None
    ) -> Mapping[JobRef, JobState]:
        """Ask where jobs stand, a hundred in each request.

        Args:
            jobs: The jobs.
            wait: Of no effect: the service answers at once.
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Blocking twin of `quantum_async.AzureClient.poll`.
        """
        return self._call("AzureClient.poll", lambda: self._async.poll(jobs, wait=wait), timeout)

    def fetch(self, job: JobRef, *, timeout: float | None = None) -> Result:
        """Download the result of a job that has succeeded: two requests.

        Args:
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Raises:
            ResultPendingError: It is not there yet.
            ResultError: It cannot be understood, or the job has none.

        Blocking twin of `quantum_async.AzureClient.fetch`.
        """
        return self._call("AzureClient.fetch", lambda: self._async.fetch(job), timeout)

    def reference(self, job: AzureJob) -> JobRef:
        """Refer to a job that was listed or looked up, for `fetch`, `poll` and `cancel`.

        Args:
            job: The job, whoever submitted it.

        Blocking twin of `quantum_async.AzureClient.reference`.
        """
        return self._ask(lambda: self._async.reference(job))

    def cancel(
        self, jobs: Sequence[JobRef], *, timeout: float | None = None
    ) -> Mapping[JobRef, QuantumAsyncError]:
        """Cancel jobs, each by a request of its own. What did not run is not billed.

        Args:
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Returns:
            What could not be cancelled and has not ended either, and why.

        Blocking twin of `quantum_async.AzureClient.cancel`.
        """
        return self._call("AzureClient.cancel", lambda: self._async.cancel(jobs), timeout)

    @classmethod
    def id_for(cls, key: str) -> str:
        """Say which id the job of a submission has: it is made from our key. Sends nothing.

        Args:
            key: The submission's key.

        Blocking twin of `quantum_async.AzureClient.id_for`.
        """
        return _async.AzureClient.id_for(key)

    def find(self, key: str, *, timeout: float | None = None) -> list[JobRef]:
        """Look for the job of a submission, by the id that follows from its key.

        Args:
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Blocking twin of `quantum_async.AzureClient.find`.
        """
        return self._call("AzureClient.find", lambda: self._async.find(key), timeout)

    def open_batch(self, request: BatchRequest, *, timeout: float | None = None) -> BatchRef:
        """Open a session. Billed: it may reserve the target until it is closed.

        On Pasqal's targets a failed job does not end it, unless that is asked for; elsewhere the
        service's own way is that it does.

        Args:
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Blocking twin of `quantum_async.AzureClient.open_batch`.
        """
        return self._call(
            "AzureClient.open_batch", lambda: self._async.open_batch(request), timeout
        )

    def close_batch(self, batch: BatchRef, *, timeout: float | None = None) -> None:
        """Close a session: its jobs go on, no more can be added. Closing twice is harmless.

        Args:
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Blocking twin of `quantum_async.AzureClient.close_batch`.
        """
        return self._call(
            "AzureClient.close_batch", lambda: self._async.close_batch(batch), timeout
        )

    def cancel_batch(self, batch: BatchRef, *, timeout: float | None = None) -> None:
        """Close a session and cancel its unfinished jobs.

        Args:
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Raises:
            QuantumAsyncError: Some job was not cancelled and has not ended either.

        Blocking twin of `quantum_async.AzureClient.cancel_batch`.
        """
        return self._call(
            "AzureClient.cancel_batch", lambda: self._async.cancel_batch(batch), timeout
        )

    def find_batch(self, key: str, *, timeout: float | None = None) -> BatchRef | None:
        """Look for a session whose opening answer was lost, by the id that follows from its key.

        Args:
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Blocking twin of `quantum_async.AzureClient.find_batch`.
        """
        return self._call("AzureClient.find_batch", lambda: self._async.find_batch(key), timeout)

    def batch_state(self, batch: BatchRef, *, timeout: float | None = None) -> BatchState:
        """Ask where a session stands, whoever opened it.

        Args:
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Blocking twin of `quantum_async.AzureClient.batch_state`.
        """
        return self._call(
            "AzureClient.batch_state", lambda: self._async.batch_state(batch), timeout
        )

    def batch_jobs(self, batch: BatchRef, *, timeout: float | None = None) -> list[JobRef]:
        """List a session's jobs in the order in which they were created.

        Args:
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Blocking twin of `quantum_async.AzureClient.batch_jobs`.
        """
        return self._call("AzureClient.batch_jobs", lambda: self._async.batch_jobs(batch), timeout)

    @property
    def name(self) -> str:
        """What the client is called in a scheduler, where that has several of one provider;

        Blocking twin of `quantum_async.AzureClient.name`.
        """
        return self._async.name

    options_class: ClassVar[type[RunOptions]] = AzureOptions

    variable_prefixes: ClassVar[tuple[str, ...]] = (
        "AZURE_",
        "PULSER_AZURE_",
        "SUBSCRIPTION_ID",
        "RESOURCE_GROUP",
        "LOCATION",
    )

    @property
    def account(self) -> str:
        """Which account, where a program uses several.

        Blocking twin of `quantum_async.AzureClient.account`.
        """
        return self._async.account

    @property
    def storage(self) -> Storage:
        """The storage behind the workspace.

        Blocking twin of `quantum_async.AzureClient.storage`.
        """
        return self._wrap(self._async.storage)

    @property
    def sessions(self) -> Sessions:
        """Sessions: open, look up, list, close, and their jobs.

        Blocking twin of `quantum_async.AzureClient.sessions`.
        """
        return self._wrap(self._async.sessions)

    @property
    def jobs(self) -> Jobs:
        """Jobs: create, look up, list, cancel, delete, update, outputs, attachments.

        Blocking twin of `quantum_async.AzureClient.jobs`.
        """
        return self._wrap(self._async.jobs)

    @property
    def targets(self) -> Targets:
        """Providers and targets, with status and queue time.

        Blocking twin of `quantum_async.AzureClient.targets`.
        """
        return self._wrap(self._async.targets)

    @property
    def quotas(self) -> Quotas:
        """Quotas and what was used of them.

        Blocking twin of `quantum_async.AzureClient.quotas`.
        """
        return self._wrap(self._async.quotas)

    @property
    def top_level_items(self) -> TopLevelItems:
        """Sessions, and jobs that belong to none.

        Blocking twin of `quantum_async.AzureClient.top_level_items`.
        """
        return self._wrap(self._async.top_level_items)

    @property
    def is_open(self) -> bool:
        """Whether the client has been entered and not yet closed.

        Blocking twin of `quantum_async.AzureClient.is_open`.
        """
        return self._async.is_open

    def open(self, *, timeout: float | None = None) -> None:
        """Make connection pools. Sends nothing.

        Args:
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Blocking twin of `quantum_async.AzureClient.open`.
        """
        return self._call("AzureClient.open", lambda: self._async.open(), timeout)

    def close(self, *, timeout: float | None = None) -> None:
        """Log out where it has logged in, and close every connection; remote jobs go on.

        Args:
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Blocking twin of `quantum_async.AzureClient.close`.
        """
        return self._call("AzureClient.close", lambda: self._async.close(), timeout)

    @property
    def provider(self) -> str:
        """Registry name of its provider, whatever the client is called. Sends nothing.

        Blocking twin of `quantum_async.AzureClient.provider`.
        """
        return self._async.provider

    def options_of(self, options: RunOptions) -> RunOptions:
        """Take options of any class as those of this client. Sends nothing.

        The scheduler does so with all that it is given, so that `validate`, `submit` and
        `open_batch` are handed `options_class`. What a route cannot carry, `validate` refuses.

        Args:
            options: What the caller passed.

        Raises:
            InvalidOptionError: This client has no such option, or they are no options.

        Blocking twin of `quantum_async.AzureClient.options_of`.
        """
        return self._ask(lambda: self._async.options_of(options))

    def index_of(self, job: JobSpec, place: int) -> int:
        """Say which program of the provider's job a job is, for its `JobRef.index`. Sends nothing.

        Args:
            job: The job.
            place: Its place in its submission, from 0.

        Blocking twin of `quantum_async.AzureClient.index_of`.
        """
        return self._ask(lambda: self._async.index_of(job, place))

    def fetch_many(
        self, jobs: Sequence[JobRef], *, timeout: float | None = None
    ) -> Mapping[JobRef, Result]:
        """Fetch the results of several jobs in fewer requests, where the protocol allows.

        Args:
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Returns:
            What this shortcut yields, which may be nothing: `fetch` gets the rest.

        Blocking twin of `quantum_async.AzureClient.fetch_many`.
        """
        return self._call("AzureClient.fetch_many", lambda: self._async.fetch_many(jobs), timeout)


class Jobs(Handle["AsyncJobs"]):
    """The jobs of a workspace: `AzureClient.jobs`.

    Args:
        gateway: The workspace.
        storage: What is behind it.
        sessions: The workspace's sessions.
        clock: Wall clock in seconds since the epoch.
        new_id: Makes ids.

    Blocking twin of `quantum_async.providers.azure.jobs.Jobs`.
    """

    __slots__ = ()

    def create(
        self, new: NewJob, *, id: str | None = None, timeout: float | None = None
    ) -> AzureJob:
        """Upload a job's input and create the job: three requests. Billed: running it is.

        Creating the same job under the same id again creates nothing.

        Args:
            new: What to run.
            id: Its id; a new one by default.
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Raises:
            DuplicateSubmissionError: The id belongs to another job.
            BatchClosedError: The session takes no more jobs.
            NotSentError: Its input could not be stored, so there is no job.
            LostAnswerError, ServerError, ProtocolError: The job may exist or not; `get` tells.

        Blocking twin of `quantum_async.providers.azure.jobs.Jobs.create`.
        """
        return self._call("Jobs.create", lambda: self._async.create(new, id=id), timeout)

    def register(
        self, new: NewJob, container_url: str, *, id: str, timeout: float | None = None
    ) -> AzureJob:
        """Create a job whose input is stored already, such as in a storage of your own.

        Args:
            new: What to run.
            container_url: The signed address of the container of its input and output.
            id: Its id.
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Raises:
            QuantumAsyncError: See `create`.

        Blocking twin of `quantum_async.providers.azure.jobs.Jobs.register`.
        """
        return self._call(
            "Jobs.register", lambda: self._async.register(new, container_url, id=id), timeout
        )

    def get(self, id: str, *, lane: LaneName = "data", timeout: float | None = None) -> AzureJob:
        """Look a job up, with signed addresses of its input and output.

        Args:
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Raises:
            NotFoundError: There is none.

        Blocking twin of `quantum_async.providers.azure.jobs.Jobs.get`.
        """
        return self._call("Jobs.get", lambda: self._async.get(id, lane=lane), timeout)

    def list(
        self, filters: ItemFilters | None = None, *, skip: int = 0, limit: int | None = None
    ) -> Iterator[AzureJob]:
        """Iterate over jobs, the oldest first unless the filters say otherwise.

        Args:
            filters: Which jobs.
            skip: How many to leave out.
            limit: How many at most; all of them by default.

        Blocking twin of `quantum_async.providers.azure.jobs.Jobs.list`.
        """
        return self._iterate(lambda: self._async.list(filters, skip=skip, limit=limit))

    def wait(self, id: str, *, timeout: float | None = None) -> AzureJob:
        """Wait until a job has ended, however it ends.

        Args:
            id: The job.
            timeout: Longest wait in seconds; as long as it takes by default.

        Raises:
            WaitTimeoutError: The time is up; the job goes on.

        Blocking twin of `quantum_async.providers.azure.jobs.Jobs.wait`.
        """
        return self._call("Jobs.wait", lambda: self._async.wait(id, timeout=timeout))

    def cancel(self, id: str, *, timeout: float | None = None) -> None:
        """Ask the service to cancel a job; `get` or `wait` tells when it has ended.

        Args:
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Blocking twin of `quantum_async.providers.azure.jobs.Jobs.cancel`.
        """
        return self._call("Jobs.cancel", lambda: self._async.cancel(id), timeout)

    def delete(self, id: str, *, timeout: float | None = None) -> None:
        """Delete a job and what is stored of it.

        Args:
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Raises:
            InvalidOptionError: This API version cannot delete: there, the same request cancels.

        Blocking twin of `quantum_async.providers.azure.jobs.Jobs.delete`.
        """
        return self._call("Jobs.delete", lambda: self._async.delete(id), timeout)

    def update(
        self,
        id: str,
        *,
        name: str | None = None,
        priority: Priority | str | None = None,
        tags: Sequence[str] | None = None,
        timeout: float | None = None,
    ) -> AzureJob:
        """Change a job's name, priority or tags.

        Args:
            id: The job.
            name: Its new name.
            priority: Its new priority, where the workspace has priorities.
            tags: Its new tags, instead of all the old ones.
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Raises:
            InvalidOptionError: Nothing is to be changed.

        Blocking twin of `quantum_async.providers.azure.jobs.Jobs.update`.
        """
        return self._call(
            "Jobs.update",
            lambda: self._async.update(id, name=name, priority=priority, tags=tags),
            timeout,
        )

    def output(self, id: str, *, timeout: float | None = None) -> JobOutput:
        """Download what a job has written, also where it has failed.

        Args:
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Raises:
            ResultPendingError: The job has not ended.
            NotFoundError: It has written nothing.

        Blocking twin of `quantum_async.providers.azure.jobs.Jobs.output`.
        """
        return self._call("Jobs.output", lambda: self._async.output(id), timeout)

    def output_of(self, job: AzureJob, *, timeout: float | None = None) -> JobOutput:
        """Download the output of a job that was looked up; see `output`.

        Args:
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Blocking twin of `quantum_async.providers.azure.jobs.Jobs.output_of`.
        """
        return self._call("Jobs.output_of", lambda: self._async.output_of(job), timeout)

    def stream_output(self, id: str) -> AbstractContextManager[Download]:
        """Read a large output piece by piece, as it is stored.

        Args:
            id: The job.

        Blocking twin of `quantum_async.providers.azure.jobs.Jobs.stream_output`.
        """
        return self._manage(lambda: self._async.stream_output(id))

    def input(self, id: str, *, timeout: float | None = None) -> bytes:
        """Download a job's input.

        Args:
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Blocking twin of `quantum_async.providers.azure.jobs.Jobs.input`.
        """
        return self._call("Jobs.input", lambda: self._async.input(id), timeout)

    def input_of(self, job: AzureJob, *, timeout: float | None = None) -> bytes:
        """Download the input of a job that was looked up.

        Args:
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Blocking twin of `quantum_async.providers.azure.jobs.Jobs.input_of`.
        """
        return self._call("Jobs.input_of", lambda: self._async.input_of(job), timeout)

    def upload_attachment(
        self,
        id: str,
        name: str,
        data: bytes,
        media_type: str = "application/octet-stream",
        *,
        timeout: float | None = None,
    ) -> None:
        """Store something beside a job's input, or store it anew.

        Args:
            id: The job.
            name: What to call it.
            data: The bytes.
            media_type: What they are.
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Blocking twin of `quantum_async.providers.azure.jobs.Jobs.upload_attachment`.
        """
        return self._call(
            "Jobs.upload_attachment",
            lambda: self._async.upload_attachment(id, name, data, media_type),
            timeout,
        )

    def download_attachment(self, id: str, name: str, *, timeout: float | None = None) -> bytes:
        """Read something that is stored beside a job's input.

        Args:
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Blocking twin of `quantum_async.providers.azure.jobs.Jobs.download_attachment`.
        """
        return self._call(
            "Jobs.download_attachment", lambda: self._async.download_attachment(id, name), timeout
        )

    def list_attachments(self, id: str, *, timeout: float | None = None) -> Sequence[str]:
        """Name everything that is stored with a job, its input and output included.

        Args:
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Blocking twin of `quantum_async.providers.azure.jobs.Jobs.list_attachments`.
        """
        return self._call(
            "Jobs.list_attachments", lambda: self._async.list_attachments(id), timeout
        )


class Sessions(Handle["AsyncSessions"]):
    """The sessions of a workspace: `AzureClient.sessions`.

    A scheduler's ``open_batch`` opens one, and closes it whatever happens.

    Args:
        gateway: The workspace.
        new_id: Makes ids.

    Blocking twin of `quantum_async.providers.azure.sessions.Sessions`.
    """

    __slots__ = ()

    def open(
        self,
        target: str,
        *,
        name: str = "",
        provider: str = "",
        on_failure: FailurePolicy | str | None = None,
        priority: Priority | str | None = None,
        tags: Sequence[str] = (),
        id: str | None = None,
        timeout: float | None = None,
    ) -> AzureSession:
        """Open a session. Billed: it may reserve the target until it is closed.

        Args:
            target: Where its jobs run.
            name: What people call it.
            provider: The provider; what comes before the first dot of the target, by default.
            on_failure: What a failed job does to the rest, also as ``"Abort"`` or ``"Continue"``;
                the service's own way is to end the session.
            priority: How urgent its jobs are, where the workspace has priorities.
            tags: Free words.
            id: Its id; a new one by default. Opening one that is there changes nothing.
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Raises:
            InvalidOptionError: There is no such failure policy.
            LostAnswerError, ServerError, ProtocolError: It may be open or not; `get` tells.

        Blocking twin of `quantum_async.providers.azure.sessions.Sessions.open`.
        """
        return self._call(
            "Sessions.open",
            lambda: self._async.open(
                target,
                name=name,
                provider=provider,
                on_failure=on_failure,
                priority=priority,
                tags=tags,
                id=id,
            ),
            timeout,
        )

    def get(self, id: str, *, timeout: float | None = None) -> AzureSession:
        """Look a session up.

        Args:
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Raises:
            NotFoundError: There is none.

        Blocking twin of `quantum_async.providers.azure.sessions.Sessions.get`.
        """
        return self._call("Sessions.get", lambda: self._async.get(id), timeout)

    def close(self, id: str, *, timeout: float | None = None) -> AzureSession:
        """Close a session: its jobs go on, no more can be added. Closing twice is harmless.

        Args:
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Blocking twin of `quantum_async.providers.azure.sessions.Sessions.close`.
        """
        return self._call("Sessions.close", lambda: self._async.close(id), timeout)

    def list(
        self, filters: ItemFilters | None = None, *, skip: int = 0, limit: int | None = None
    ) -> Iterator[AzureSession]:
        """Iterate over sessions, the oldest first unless the filters say otherwise.

        Args:
            filters: Which sessions.
            skip: How many to leave out.
            limit: How many at most; all of them by default.

        Blocking twin of `quantum_async.providers.azure.sessions.Sessions.list`.
        """
        return self._iterate(lambda: self._async.list(filters, skip=skip, limit=limit))

    def jobs(
        self,
        id: str,
        filters: ItemFilters | None = None,
        *,
        skip: int = 0,
        limit: int | None = None,
    ) -> Iterator[AzureJob]:
        """Iterate over a session's jobs, in the order in which they were created.

        Args:
            id: The session.
            filters: Which of its jobs.
            skip: How many to leave out.
            limit: How many at most; all of them by default.

        Blocking twin of `quantum_async.providers.azure.sessions.Sessions.jobs`.
        """
        return self._iterate(lambda: self._async.jobs(id, filters, skip=skip, limit=limit))

    def wait(self, id: str, *, timeout: float | None = None) -> AzureSession:
        """Wait until a session that was closed is over with all its jobs.

        Args:
            id: The session.
            timeout: Longest wait in seconds; as long as it takes by default.

        Raises:
            WaitTimeoutError: The time is up; the session goes on.

        Blocking twin of `quantum_async.providers.azure.sessions.Sessions.wait`.
        """
        return self._call("Sessions.wait", lambda: self._async.wait(id, timeout=timeout))

    def why_over(self, session: AzureSession, *, timeout: float | None = None) -> str:
        """Say in words why a session has ended.

        Args:
            session: The session.
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Blocking twin of `quantum_async.providers.azure.sessions.Sessions.why_over`.
        """
        return self._call("Sessions.why_over", lambda: self._async.why_over(session), timeout)


class TopLevelItems(Handle["AsyncTopLevelItems"]):
    """Sessions, and jobs that belong to none: `AzureClient.top_level_items`.

    Args:
        gateway: The workspace.

    Blocking twin of `quantum_async.providers.azure.sessions.TopLevelItems`.
    """

    __slots__ = ()

    def list(
        self, filters: ItemFilters | None = None, *, skip: int = 0, limit: int | None = None
    ) -> Iterator[AzureJob | AzureSession]:
        """Iterate over jobs and sessions, the oldest first unless the filters say otherwise.

        Args:
            filters: Which of them.
            skip: How many to leave out.
            limit: How many at most; all of them by default.

        Blocking twin of `quantum_async.providers.azure.sessions.TopLevelItems.list`.
        """
        return self._iterate(lambda: self._async.list(filters, skip=skip, limit=limit))


class Storage(Handle["AsyncStorage"]):
    """The containers of a workspace's jobs: `AzureClient.storage`.

    Signed addresses are renewed before they expire, and once more where the storage refuses one.

    Args:
        gateway: The workspace.
        clock: Wall clock in seconds since the epoch.

    Blocking twin of `quantum_async.providers.azure.storage.Storage`.
    """

    __slots__ = ()

    def container_url(self, container: str, *, timeout: float | None = None) -> str:
        """Return the signed address of a container; the service creates one that is missing.

        Args:
            container: Its name.
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Blocking twin of `quantum_async.providers.azure.storage.Storage.container_url`.
        """
        return self._call(
            "Storage.container_url", lambda: self._async.container_url(container), timeout
        )

    def blob_url(self, container: str, blob: str, *, timeout: float | None = None) -> str:
        """Return the signed address of a blob.

        Args:
            container: The container's name.
            blob: The blob's name.
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Blocking twin of `quantum_async.providers.azure.storage.Storage.blob_url`.
        """
        return self._call(
            "Storage.blob_url", lambda: self._async.blob_url(container, blob), timeout
        )

    def upload(
        self,
        container_url: str,
        name: str,
        content: bytes,
        media_type: str,
        encoding: Encoding | None = None,
        *,
        timeout: float | None = None,
    ) -> bool:
        """Put a blob where there is none; repeated if it fails.

        Args:
            container_url: The signed address of the container.
            name: The blob's name.
            content: What to store.
            media_type: What that is.
            encoding: ``"gzip"`` compresses it and says so.
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Returns:
            Whether the blob is new: one that is there already with the same content will do.

        Raises:
            DuplicateSubmissionError: There is one with another content.

        Blocking twin of `quantum_async.providers.azure.storage.Storage.upload`.
        """
        return self._call(
            "Storage.upload",
            lambda: self._async.upload(container_url, name, content, media_type, encoding),
            timeout,
        )

    def replace(
        self,
        container_url: str,
        name: str,
        content: bytes,
        media_type: str,
        *,
        timeout: float | None = None,
    ) -> None:
        """Put a blob, whether or not there is one; repeated if it fails.

        Args:
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Blocking twin of `quantum_async.providers.azure.storage.Storage.replace`.
        """
        return self._call(
            "Storage.replace",
            lambda: self._async.replace(container_url, name, content, media_type),
            timeout,
        )

    def download(self, container_url: str, blob_url: str, *, timeout: float | None = None) -> bytes:
        """Read a blob of a job, and unpack it where it is packed.

        Args:
            container_url: The job's container.
            blob_url: The blob, signed or not.
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Blocking twin of `quantum_async.providers.azure.storage.Storage.download`.
        """
        return self._call(
            "Storage.download", lambda: self._async.download(container_url, blob_url), timeout
        )

    def stream(self, container_url: str, blob_url: str) -> AbstractContextManager[Download]:
        """Read a blob piece by piece, as it is stored.

        Args:
            container_url: The job's container.
            blob_url: The blob, signed or not.

        Blocking twin of `quantum_async.providers.azure.storage.Storage.stream`.
        """
        return self._manage(lambda: self._async.stream(container_url, blob_url))

    def list(self, container_url: str, *, timeout: float | None = None) -> builtins.list[str]:
        """Name the blobs of a container.

        Args:
            container_url: Its signed address.
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Blocking twin of `quantum_async.providers.azure.storage.Storage.list`.
        """
        return self._call("Storage.list", lambda: self._async.list(container_url), timeout)

    def fresh(self, container_url: str, blob_url: str, *, timeout: float | None = None) -> str:
        """Return a signed address of a blob that can be used for a while.

        Args:
            container_url: The job's container.
            blob_url: The blob, signed or not.
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Blocking twin of `quantum_async.providers.azure.storage.Storage.fresh`.
        """
        return self._call(
            "Storage.fresh", lambda: self._async.fresh(container_url, blob_url), timeout
        )

    def read(self, url: str, *, timeout: float | None = None) -> bytes:
        """Read what a signed address leads to, and unpack it where it is packed.

        Args:
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Blocking twin of `quantum_async.providers.azure.storage.Storage.read`.
        """
        return self._call("Storage.read", lambda: self._async.read(url), timeout)


class Quotas(Handle["AsyncQuotas"]):
    """The quotas of a workspace: `AzureClient.quotas`.

    Args:
        gateway: The workspace.

    Blocking twin of `quantum_async.providers.azure.targets.Quotas`.
    """

    __slots__ = ()

    def list(self) -> Iterator[AzureQuota]:
        """Iterate over the quotas of every provider.

        Blocking twin of `quantum_async.providers.azure.targets.Quotas.list`.
        """
        return self._iterate(lambda: self._async.list())

    def usages(self, provider: str) -> Iterator[QuotaUsage]:
        """Iterate over what was used of a provider's quotas.

        Args:
            provider: The provider's name.

        Blocking twin of `quantum_async.providers.azure.targets.Quotas.usages`.
        """
        return self._iterate(lambda: self._async.usages(provider))

    def suite_offer_usages(self, provider: str) -> Iterator[QuotaUsage]:
        """Iterate over what the whole subscription has used of a provider's offer.

        Args:
            provider: The provider's name.

        Blocking twin of `quantum_async.providers.azure.targets.Quotas.suite_offer_usages`.
        """
        return self._iterate(lambda: self._async.suite_offer_usages(provider))


class Targets(Handle["AsyncTargets"]):
    """The providers and targets of a workspace: `AzureClient.targets`.

    Args:
        gateway: The workspace.

    Blocking twin of `quantum_async.providers.azure.targets.Targets`.
    """

    __slots__ = ()

    def providers(self) -> Iterator[ProviderStatus]:
        """Iterate over the providers, each with its targets' status and queue time.

        Blocking twin of `quantum_async.providers.azure.targets.Targets.providers`.
        """
        return self._iterate(lambda: self._async.providers())

    def get(self, name: str, *, timeout: float | None = None) -> TargetStatus:
        """Look a target up.

        Args:
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Raises:
            UnknownTargetError: The workspace has none of that name.

        Blocking twin of `quantum_async.providers.azure.targets.Targets.get`.
        """
        return self._call("Targets.get", lambda: self._async.get(name), timeout)

    def devices(self, *, timeout: float | None = None) -> builtins.list[Device]:
        """Describe every target of the workspace.

        Args:
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Blocking twin of `quantum_async.providers.azure.targets.Targets.devices`.
        """
        return self._call("Targets.devices", lambda: self._async.devices(), timeout)

    def provider_of(self, name: str) -> str:
        """Name a target's provider, as far as is known without asking.

        Args:
            name: The target's name.

        Blocking twin of `quantum_async.providers.azure.targets.Targets.provider_of`.
        """
        return self._ask(lambda: self._async.provider_of(name))

    def suite_offer(self, provider: str, *, timeout: float | None = None) -> ProviderStatus:
        """Look up the status of a provider that the whole subscription has an offer of.

        Args:
            provider: The provider's name.
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Blocking twin of `quantum_async.providers.azure.targets.Targets.suite_offer`.
        """
        return self._call("Targets.suite_offer", lambda: self._async.suite_offer(provider), timeout)

    def list(self, provider: str = "") -> Iterator[TargetStatus]:
        """Iterate over targets.

        Args:
            provider: Whose; everybody's by default.

        Blocking twin of `quantum_async.providers.azure.targets.Targets.list`.
        """
        return self._iterate(lambda: self._async.list(provider))

    @property
    def known(self) -> dict[str, TargetStatus]:
        """What was listed last, by name in lower case.

        Blocking twin of `quantum_async.providers.azure.targets.Targets.known`.
        """
        return self._async.known
