"""The client of Azure Quantum."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, ClassVar, Self
from urllib.parse import urlsplit

import anyio.to_thread
from pydantic import AliasChoices, Field, SecretStr

from quantum_async.errors import (
    ConfigurationError,
    NotFoundError,
    QuantumAsyncError,
    RateLimitedError,
    RejectedRequestError,
    ResultError,
    ResultPendingError,
    UnknownTargetError,
)
from quantum_async.http.encode import off_loop
from quantum_async.http.options import SessionOptions
from quantum_async.http.redact import hide
from quantum_async.models.advice import Advice, Setting
from quantum_async.models.batch import BatchState
from quantum_async.models.capabilities import Binding, Capabilities, SubmissionGrade
from quantum_async.models.identity import identity_of
from quantum_async.models.job import JobRef, JobStatus
from quantum_async.models.program import ProgramFormat
from quantum_async.providers import sequences
from quantum_async.providers.api import ServiceClient, failures_of_each
from quantum_async.providers.azure.api import CURRENT, MANAGEMENT, ApiVersion, Gateway
from quantum_async.providers.azure.auth import Login
from quantum_async.providers.azure.jobs import Jobs
from quantum_async.providers.azure.options import AzureOptions
from quantum_async.providers.azure.sessions import Sessions, TopLevelItems
from quantum_async.providers.azure.states import States
from quantum_async.providers.azure.storage import Storage
from quantum_async.providers.azure.submission import Submitter, id_of
from quantum_async.providers.azure.targets import Quotas, Targets
from quantum_async.providers.azure.translate import pulser
from quantum_async.providers.azure.translate.devices import PULSER_TARGETS, QUBITS
from quantum_async.providers.azure.translate.pulser import check_sequence
from quantum_async.providers.azure.translate.results import Note, names_atoms, result_of
from quantum_async.providers.azure.translate.statuses import batch_status, job_status
from quantum_async.providers.azure.workspace import ConnectionString, Workspace, of_vendor
from quantum_async.providers.base import client_name, signed
from quantum_async.providers.environment import Settings, secret
from quantum_async.providers.sequences import facts_of
from quantum_async.simulation.shots import check_shots

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Mapping, Sequence

    from quantum_async.models.batch import BatchRef
    from quantum_async.models.device import Device
    from quantum_async.models.job import JobState
    from quantum_async.models.program import Program
    from quantum_async.models.result import Result
    from quantum_async.models.submission import BatchRequest, JobSpec, RunOptions, SubmitRequest
    from quantum_async.providers.azure.auth import Credential, TokenCredential
    from quantum_async.providers.azure.jobs import JobOutput
    from quantum_async.providers.azure.wire import AzureJob
    from quantum_async.providers.azure.workspace import VendorWorkspace


_PREFIX = "QUANTUM_ASYNC_AZURE_"


def _named(name: str, *others: str) -> AliasChoices:
    return AliasChoices(_PREFIX + name, *others)


class AzureSettings(Settings):
    """What the environment says; of several variables for one thing, ours counts.

    | variable                                                 | meaning                        |
    |----------------------------------------------------------|--------------------------------|
    | ``AZURE_QUANTUM_CONNECTION_STRING``                      | everything, with an API key    |
    | ``PULSER_AZURE_RESOURCE_ID``, ``..._RESOURCE_ID``        | which workspace                |
    | ``AZURE_QUANTUM_WORKSPACE_NAME``                         | the same by its parts          |
    | ``AZURE_QUANTUM_WORKSPACE_RG``, ``RESOURCE_GROUP``       |                                |
    | ``AZURE_QUANTUM_SUBSCRIPTION_ID``, ``SUBSCRIPTION_ID``   |                                |
    | ``AZURE_QUANTUM_WORKSPACE_LOCATION``, ``LOCATION``       | its region                     |
    | ``AZURE_QUANTUM_PYTHON_APPID``                           | put before the user agent      |
    | ``..._ENDPOINT``, ``..._MANAGEMENT``                     | other addresses, such as the sandbox's |
    | ``..._API_KEY``, ``..._TOKEN``                           | instead of azure-identity's    |
    | ``..._API_VERSION``                                      | another API version            |

    ``...`` stands for ``QUANTUM_ASYNC_AZURE``, under which the parts of the workspace can be named
    as well: ``..._WORKSPACE``, ``..._RESOURCE_GROUP``, ``..._SUBSCRIPTION_ID``, ``..._LOCATION``.
    azure-identity reads ``AZURE_CLIENT_ID`` and its kin.
    """

    provider: ClassVar[str] = "azure"

    connection_string: SecretStr | None = Field(
        None, validation_alias=_named("CONNECTION_STRING", "AZURE_QUANTUM_CONNECTION_STRING")
    )
    resource_id: str | None = Field(
        None, validation_alias=_named("RESOURCE_ID", "PULSER_AZURE_RESOURCE_ID")
    )
    subscription_id: str = Field(
        "",
        validation_alias=_named(
            "SUBSCRIPTION_ID", "AZURE_QUANTUM_SUBSCRIPTION_ID", "SUBSCRIPTION_ID"
        ),
    )
    resource_group: str = Field(
        "",
        validation_alias=_named("RESOURCE_GROUP", "AZURE_QUANTUM_WORKSPACE_RG", "RESOURCE_GROUP"),
    )
    name: str = Field("", validation_alias=_named("WORKSPACE", "AZURE_QUANTUM_WORKSPACE_NAME"))
    location: str = Field(
        "", validation_alias=_named("LOCATION", "AZURE_QUANTUM_WORKSPACE_LOCATION", "LOCATION")
    )
    app_id: str = Field("", validation_alias=_named("APP_ID", "AZURE_QUANTUM_PYTHON_APPID"))
    endpoint: str = Field("", validation_alias=_named("ENDPOINT"))
    management: str | None = Field(None, validation_alias=_named("MANAGEMENT"))
    api_key: SecretStr | None = Field(None, validation_alias=_named("API_KEY"))
    token: SecretStr | None = Field(None, validation_alias=_named("TOKEN"))
    api_version: str | None = Field(None, validation_alias=_named("API_VERSION"))

    @classmethod
    def read(cls, environ: Mapping[str, str] | None = None) -> Self:
        """Read the variables; empty ones count as missing.

        Args:
            environ: Read instead of the process's environment.

        Raises:
            ConfigurationError: Nothing says which workspace is meant.
        """
        found = super().read(environ)
        if not (found.connection_string or found.resource_id or found.name):
            raise ConfigurationError(
                "the environment names no workspace of Azure Quantum",
                provider="azure",
                remedy="Set AZURE_QUANTUM_CONNECTION_STRING, or PULSER_AZURE_RESOURCE_ID, or "
                "AZURE_QUANTUM_WORKSPACE_NAME.",
            )
        return found


async def atoms_of(jobs: Jobs, job: AzureJob, output: JobOutput) -> tuple[str, ...]:
    """Name a job's atoms in the order of its bitstrings; empty for what is no sequence.

    They are in the job's metadata or in its output; only for jobs of other tools, the input is
    read again.

    Args:
        jobs: The workspace's jobs.
        job: The job.
        output: What it has written.
    """
    if job.input_data_format != pulser.INPUT:
        return ()
    if atoms := Note.read(job.metadata, job.id).atoms:
        return atoms
    if await off_loop(lambda _: names_atoms(output.json()), output.content):
        return ()
    try:
        content = await jobs.input_of(job)
    except NotFoundError:
        return ()
    facts = await off_loop(pulser.sequence_in, content)
    if facts is None:
        return ()
    variables = job.input_params.get("variables")
    given: Mapping[str, object] = variables if isinstance(variables, dict) else {}
    return sequences.atoms_of(facts, given, provider="azure")


_AT_ONCE = 8


async def cancel_jobs(jobs: Jobs, refs: Sequence[JobRef]) -> dict[JobRef, QuantumAsyncError]:
    """Cancel jobs, each by a request of its own, a few at a time.

    Args:
        jobs: The workspace's jobs.
        refs: Which of them.

    Returns:
        What could not be cancelled and has not ended either, and why.
    """

    async def cancel(job_id: str) -> None:
        try:
            await jobs.cancel(job_id)
        except RateLimitedError:
            raise
        except RejectedRequestError:
            if not await _has_ended(jobs, job_id):
                raise

    return await failures_of_each(refs, cancel, at_once=_AT_ONCE)


async def _has_ended(jobs: Jobs, job_id: str) -> bool:
    try:
        return job_status(await jobs.get(job_id)).is_terminal
    except QuantumAsyncError:
        return False


JOBS_PER_POLL = 1000


class AzureClient(ServiceClient):
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

    Example:
        ```python
        from quantum_async import AzureClient
        from quantum_async.providers.azure.filters import ItemFilters


        async def newest_jobs(resource_id: str) -> list[str]:
            async with AzureClient(resource_id=resource_id) as client:
                names = []
                async for job in client.jobs.list(ItemFilters(newest_first=True), limit=10):
                    names.append(job.name)
                return names
        ```
    """

    name: str = "azure"
    options_class: ClassVar[type[RunOptions]] = AzureOptions
    variable_prefixes: ClassVar[tuple[str, ...]] = (
        "AZURE_",
        "PULSER_AZURE_",
        "SUBSCRIPTION_ID",
        "RESOURCE_GROUP",
        "LOCATION",
    )

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
        clock: Callable[[], float] = time.time,
        make_default: Callable[[], TokenCredential] | None = None,
    ) -> None:
        if resource_id is None and connection_string is None and workspace is None:
            workspace, name = name, None
        self.name = client_name(name, "azure")
        called = workspace if isinstance(workspace, str) else ""
        where = Workspace(subscription_id, resource_group, called, location, endpoint)
        if resource_id is not None:
            where = _agreed(where, Workspace.parse(resource_id))
        if workspace is not None and not isinstance(workspace, str):
            where = _agreed(where, of_vendor(workspace))
            if credential is None and api_key is None:
                credential = workspace.credential
        if connection_string is not None:
            given = ConnectionString.parse(connection_string)
            where = where.filled(given.workspace)
            if credential is None and api_key is None:
                api_key = given.api_key
        login = Login(credential, api_key, make_default)
        del credential, api_key, connection_string  # a traceback with variables would show them
        self.account = account
        # By what was given: what is looked up later must not make another one of it.
        self._identity = _identity(where, management or MANAGEMENT, account)
        self._gateway = self._api = Gateway(
            where,
            login,
            version=ApiVersion(api_version or CURRENT),
            management=management or MANAGEMENT,
            options=options or SessionOptions(),
            headers=_user_agent(app_id),
        )
        self.storage: Storage = Storage(self._gateway, clock)
        """The storage behind the workspace."""
        self.sessions: Sessions = Sessions(self._gateway)
        """Sessions: open, look up, list, close, and their jobs."""
        self.jobs: Jobs = Jobs(self._gateway, self.storage, self.sessions, clock)
        """Jobs: create, look up, list, cancel, delete, update, outputs, attachments."""
        self.targets: Targets = Targets(self._gateway)
        """Providers and targets, with status and queue time."""
        self.quotas: Quotas = Quotas(self._gateway)
        """Quotas and what was used of them."""
        self.top_level_items: TopLevelItems = TopLevelItems(self._gateway)
        """Sessions, and jobs that belong to none."""
        self._states = States(self._gateway, self.jobs)
        self._submitter = Submitter(self.jobs, self.sessions, self.targets, self._states, account)

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
        """
        settings = AzureSettings.read(environ)
        token = secret(settings.token)
        return cls(
            settings.resource_id,
            connection_string=secret(settings.connection_string),
            workspace=settings.name if settings.resource_id is None else None,
            name=name,
            subscription_id=settings.subscription_id if settings.resource_id is None else "",
            resource_group=settings.resource_group if settings.resource_id is None else "",
            location=settings.location,
            endpoint=settings.endpoint,
            credential=token,
            api_key=secret(settings.api_key) if token is None else None,
            management=settings.management,
            api_version=settings.api_version,
            app_id=settings.app_id,
            options=options,
        )

    def __repr__(self) -> str:
        state = "open" if self.is_open else "closed"
        return f"<AzureClient of {self._gateway.place}, {state}>"

    @property
    def workspace(self) -> Workspace:
        """The workspace, as far as it is known; `locate` finds out the rest. Sends nothing."""
        return self._gateway.workspace

    async def locate(self) -> Workspace:
        """Find out where the workspace listens, unless that is known.

        Raises:
            ConfigurationError: There is no such workspace.
        """
        return await self._gateway.find()

    @property
    def capabilities(self) -> Capabilities:
        """What this client can do."""
        return Capabilities(
            grade=SubmissionGrade.EXACT,
            binding=Binding.SERVER,
            open_batch=True,
            jobs_per_submission=1,
            jobs_per_poll=JOBS_PER_POLL,
            requests_in_flight=16,
            tells_what_left=True,
        )

    @property
    def address(self) -> str:
        """Where its requests go first. Sends nothing."""
        return self._gateway.address

    @property
    def identity(self) -> str:
        """Which cloud and workspace its jobs are at."""
        return self._identity

    async def devices(self) -> list[Device]:
        """List the targets of the workspace, with status and queue time."""
        return signed(await self.targets.devices(), self)

    def default_device(self, program: Program) -> str:
        """Name the target of the device that a sequence was made for.

        Raises:
            UnknownTargetError: It was made for another device, or it is no sequence.
        """
        made_for = program.format.words
        if program.format is ProgramFormat.PULSER:
            made_for = f"a sequence made for {facts_of(program).device or 'no device'}"
            target = PULSER_TARGETS.get(facts_of(program).device)
            if target is not None:
                return target
        known = ", ".join(self.targets.known or QUBITS)
        raise UnknownTargetError(
            f"nothing says on which target of Azure Quantum to run {made_for}",
            provider=self.provider,
            remedy=Advice(
                "Write ", Setting("on", f"{self.name}:TARGET"), f" with one of: {known}."
            ),
        )

    async def validate(self, job: JobSpec, device: str) -> None:
        """Refuse a job that cannot run; asks for the targets where it does not know this one.

        Args:
            job: What is going to be sent.
            device: The target's name.

        Raises:
            InvalidInputError: The job cannot run, with the reason and the remedy.
            MissingExtraError: Pulser or Qiskit is needed for this, and not installed.
        """
        check_shots(job.shots)
        if device.lower() not in QUBITS and device.lower() not in self.targets.known:
            await self.targets.get(device)
        await self._submitter.new_job(job, device, None)
        if job.program.format is ProgramFormat.PULSER:
            await anyio.to_thread.run_sync(check_sequence, job)

    def grouping(self, job: JobSpec) -> Hashable:
        """Every submission is one job, so that nothing is said of which could share one."""
        del job
        return self.provider

    def weigh(self, job: JobSpec) -> int:
        """Nothing limits a submission of one job."""
        del job
        return 0

    async def submit(self, request: SubmitRequest) -> list[JobRef]:
        """Create a job under an id that follows from the request's key; billed.

        Sending the same request again creates nothing, whatever became of it the first time.

        Args:
            request: What to run: one job.

        Raises:
            InvalidInputError: The job cannot run; nothing was sent.
            BatchClosedError: The session takes no more jobs.
            DuplicateSubmissionError: The key was used for another job.
            LostAnswerError, ServerError, ProtocolError: The service may have accepted.
            QuantumAsyncError: It was refused.
        """
        return await self._submitter.submit(request)

    async def poll(self, jobs: Sequence[JobRef], *, wait: float = 0.0) -> Mapping[JobRef, JobState]:
        """Ask where jobs stand, a hundred in each request.

        Args:
            jobs: The jobs.
            wait: Of no effect: the service answers at once.
        """
        del wait
        return await self._states.of(jobs)

    async def fetch(self, job: JobRef) -> Result:
        """Download the result of a job that has succeeded: two requests.

        Raises:
            ResultPendingError: It is not there yet.
            ResultError: It cannot be understood, or the job has none.
        """
        found = await self.jobs.get(job.id)
        status = job_status(found)
        if status is not JobStatus.SUCCEEDED:
            kind = ResultError if status.is_terminal else ResultPendingError
            raise kind(
                f"job {job.id} has no result: {found.status} "
                f"{hide(str(found.error_data or ''))}".strip(),
                provider=self.provider,
                job_id=job.id,
                remedy="What it has written, if anything, is read by client.jobs.output(job_id)."
                if status.is_terminal
                else "Ask again once the job has succeeded.",
            )
        try:
            output = await self.jobs.output_of(found)
        except NotFoundError as error:
            raise ResultPendingError(
                f"the output of job {job.id} is not there yet",
                provider=self.provider,
                job_id=job.id,
                request_id=error.request_id,
                remedy="Ask again in a moment.",
            ) from error
        atoms = await atoms_of(self.jobs, found, output)
        return await off_loop(lambda content: result_of(content, found, job, atoms), output.content)

    def reference(self, job: AzureJob) -> JobRef:
        """Refer to a job that was listed or looked up, for `fetch`, `poll` and `cancel`.

        Args:
            job: The job, whoever submitted it.
        """
        return JobRef(
            self.provider, job.id, job.target, batch_id=job.session_id, account=self.account
        )

    async def cancel(self, jobs: Sequence[JobRef]) -> Mapping[JobRef, QuantumAsyncError]:
        """Cancel jobs, each by a request of its own. What did not run is not billed.

        Returns:
            What could not be cancelled and has not ended either, and why.
        """
        return await cancel_jobs(self.jobs, jobs)

    @classmethod
    def id_for(cls, key: str) -> str:
        """Say which id the job of a submission has: it is made from our key. Sends nothing.

        Args:
            key: The submission's key.
        """
        return id_of(key)

    async def find(self, key: str) -> list[JobRef]:
        """Look for the job of a submission, by the id that follows from its key."""
        return await self._submitter.find(key)

    async def open_batch(self, request: BatchRequest) -> BatchRef:
        """Open a session. Billed: it may reserve the target until it is closed.

        On Pasqal's targets a failed job does not end it, unless that is asked for; elsewhere the
        service's own way is that it does.
        """
        return await self._submitter.open_batch(request)

    async def close_batch(self, batch: BatchRef) -> None:
        """Close a session: its jobs go on, no more can be added. Closing twice is harmless."""
        await self.sessions.close(batch.id)

    async def cancel_batch(self, batch: BatchRef) -> None:
        """Close a session and cancel its unfinished jobs.

        Raises:
            QuantumAsyncError: Some job was not cancelled and has not ended either.
        """
        await self.sessions.close(batch.id)
        unfinished = [
            self.reference(job)
            async for job in self.sessions.jobs(batch.id)
            if not job_status(job).is_terminal
        ]
        refused = await self.cancel(unfinished)
        if refused:
            failure, going_on = next(iter(refused.values())), ", ".join(ref.id for ref in refused)
            failure.add_note(f"Session {batch.id} is closed; of its jobs these go on: {going_on}.")
            raise failure

    async def find_batch(self, key: str) -> BatchRef | None:
        """Look for a session whose opening answer was lost, by the id that follows from its key."""
        return await self._submitter.find_batch(key)

    async def batch_state(self, batch: BatchRef) -> BatchState:
        """Ask where a session stands, whoever opened it."""
        session = await self.sessions.get(batch.id)
        return BatchState(batch_status(session), session.status)

    async def batch_jobs(self, batch: BatchRef) -> list[JobRef]:
        """List a session's jobs in the order in which they were created."""
        return [self.reference(job) async for job in self.sessions.jobs(batch.id)]


def _agreed(given: Workspace, named: Workspace) -> Workspace:
    for part in ("subscription_id", "resource_group", "name"):
        one, other = getattr(given, part), getattr(named, part)
        if one and other and one.lower() != other.lower():
            raise ConfigurationError(
                f"two workspaces are named: {part} is {one} and {other}",
                provider="azure",
                remedy="Name the workspace once.",
            )
    return given.filled(named)


def _user_agent(app_id: str) -> dict[str, str]:
    if not app_id:
        return {}
    from importlib.metadata import version

    return {"User-Agent": f"{app_id} quantum-async/{version('quantum_async')}"}


def _identity(where: Workspace, management: str, account: str) -> str:
    # In Azure's own cloud a workspace is known by its path, by whichever address it is reached.
    host = urlsplit(where.endpoint).hostname or ""
    is_azures = not host or host.endswith(".quantum.azure.com")
    return identity_of(
        management if is_azures else where.endpoint,
        account=account,
        subscription=where.subscription_id.lower(),
        group=where.resource_group.lower(),
        workspace=where.name.lower(),
    )
