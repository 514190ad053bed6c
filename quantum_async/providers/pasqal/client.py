"""The client of Pasqal Cloud."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, ClassVar, Self

from quantum_async.errors import (
    BatchError,
    InvalidOptionError,
    ResultError,
    SubmissionUnknownError,
    UnknownTargetError,
)
from quantum_async.http.options import SessionOptions
from quantum_async.models.advice import Advice, Setting
from quantum_async.models.batch import FailurePolicy
from quantum_async.models.capabilities import Binding, Capabilities, SubmissionGrade
from quantum_async.models.identity import identity_of
from quantum_async.models.job import JobRef
from quantum_async.models.options import meaning_of
from quantum_async.models.program import ProgramFormat
from quantum_async.providers.api import ServiceClient
from quantum_async.providers.base import client_name, signed
from quantum_async.providers.environment import secret
from quantum_async.providers.pasqal.api import Cloud, Gateway
from quantum_async.providers.pasqal.auth import Credentials, no_credentials
from quantum_async.providers.pasqal.batches import (
    Batches,
    cancel_batch,
    cancel_jobs,
    close_batch,
    states,
)
from quantum_async.providers.pasqal.emulators import is_emulator
from quantum_async.providers.pasqal.endpoints import PasqalEndpoints, PasqalSettings, Region, Route
from quantum_async.providers.pasqal.jobs import Jobs
from quantum_async.providers.pasqal.options import PasqalOptions
from quantum_async.providers.pasqal.pages import LARGEST
from quantum_async.providers.pasqal.projects import Projects
from quantum_async.providers.pasqal.results import Atoms, Downloads
from quantum_async.providers.pasqal.specs import Specs
from quantum_async.providers.pasqal.submission import Additions, Submitter
from quantum_async.providers.pasqal.translate.results import result_of
from quantum_async.providers.pasqal.translate.sequences import (
    HOW_TO_RUN,
    check_aside,
    check_shots,
    device_in,
    no_sequence,
)
from quantum_async.providers.pasqal.translate.statuses import batch_state
from quantum_async.providers.pasqal.workloads import Workloads
from quantum_async.providers.sequences import check_values, json_values

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Mapping, Sequence

    from quantum_async.errors import QuantumAsyncError
    from quantum_async.http.auth import TokenFunction, TokenProvider
    from quantum_async.models.batch import BatchRef, BatchState
    from quantum_async.models.device import Device
    from quantum_async.models.job import JobState
    from quantum_async.models.program import Program
    from quantum_async.models.result import Result
    from quantum_async.models.submission import BatchRequest, JobSpec, RunOptions, SubmitRequest

SETTLE_DELAY = 5.0
"""Seconds after which a search is taken to see every batch; a guess: nobody has published it."""

PAYLOAD_LIMIT = 16 * 1024 * 1024
"""Most bytes of sequences in one batch; a guess: nobody has published it."""

_QPUS = ("FRESNEL",)
_EMULATORS = ("EMU_FREE", "EMU_MPS", "EMU_SV")
_DEVICE_TYPE = re.compile(r"[A-Z][A-Z0-9_]*")
_EXAMPLES = frozenset({"AnalogDevice", "DigitalAnalogDevice", "MockDevice", "Chadoq2", "IroiseMVP"})


class PasqalClient(ServiceClient):
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

    Example:
        ```python
        from quantum_async import PasqalClient


        async def newest_batch() -> str:
            async with PasqalClient.from_env() as client:
                async for batch in client.batches.list():
                    return batch.id
            return "none"
        ```
    """

    name: str = "pasqal"
    options_class: ClassVar[type[RunOptions]] = PasqalOptions
    variable_prefixes: ClassVar[tuple[str, ...]] = ("PASQAL_",)

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
        settle_delay: float = SETTLE_DELAY,
        options: SessionOptions | None = None,
        prompt: Callable[[str], str] | None = None,
    ) -> None:
        credentials = Credentials(
            username, password, client_id, client_secret, token, token_provider
        )
        del password, client_secret, token  # a traceback with variables would show them
        where = endpoints or PasqalEndpoints.from_region(region)
        self.name = client_name(name, "pasqal")
        self.account = account
        self._user = username or client_id
        self._options = options or SessionOptions()
        self._gateway = self._api = Gateway(where, credentials, self._options, prompt)
        self._cloud = Cloud(self._gateway, project_id, webhook)
        self._settle_delay = settle_delay
        self._known: Capabilities | None = None
        self._downloads = Downloads(self._cloud)
        self.batches: Batches = Batches(self._cloud)
        """Batches: create, look up, list, close, cancel, tag, repeat."""
        self.jobs: Jobs = Jobs(self._cloud, self.batches, self._downloads)
        """Jobs: look up, list, cancel, repeat, download results."""
        self.workloads: Workloads = Workloads(self._cloud)
        """Workloads for the service's classical machines."""
        self.specs: Specs = Specs(self._cloud)
        """Specifications of devices, as Pulser reads them."""
        self.projects: Projects = Projects(self._cloud)
        """Projects: list, switch."""
        self._atoms = Atoms(self._cloud)
        self._additions = Additions(self._cloud, self.batches, 2 * settle_delay + 1)
        self._submitter = Submitter(self._cloud, self._additions, self._atoms, account)

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
        """
        settings = PasqalSettings.read(environ)
        token = settings.ovh_token if settings.is_ovh else settings.token
        if not (settings.username or settings.client_id or token):
            raise settings.without_credentials()
        return cls(
            username=settings.username,
            password=secret(settings.password),
            client_id=settings.client_id,
            client_secret=secret(settings.client_secret),
            token=secret(token),
            project_id=settings.project_id,
            endpoints=settings.endpoints,
            webhook=settings.webhook,
            options=options,
            name=name,
        )

    def __repr__(self) -> str:
        state = "open" if self.is_open else "closed"
        return f"<PasqalClient at {self._gateway.endpoints.core}, {state}>"

    @property
    def capabilities(self) -> Capabilities:
        """What this client can do; OVH's access can neither search, cancel nor add."""
        known = self._known
        if known is None or known.bulk_results is not self._downloads.has_bulk:
            known = self._known = self._described()
        return known

    def _described(self) -> Capabilities:
        is_ovh = self._cloud.is_ovh
        grade = SubmissionGrade.AT_MOST_ONCE if is_ovh else SubmissionGrade.RECONCILABLE
        return Capabilities(
            grade=grade,
            binding=Binding.SERVER,
            open_batch=not is_ovh,
            jobs_per_submission=LARGEST,
            payload_limit=PAYLOAD_LIMIT,
            jobs_per_poll=LARGEST,
            requests_in_flight=self._options.connections,
            settle_delay=self._settle_delay,
            cancel=not is_ovh,
            bulk_results=self._downloads.has_bulk,
            finds_additions=False,
            tells_what_left=True,
        )

    @property
    def address(self) -> str:
        """Where its requests go first. Sends nothing."""
        return self._gateway.endpoints.core

    @property
    def identity(self) -> str:
        """Which installation and project its jobs are at; without a project, who logs in."""
        access = "/ovh" if self._cloud.is_ovh else ""
        project, user = self._cloud.project_id, self._user
        return identity_of(
            f"{self.address.rstrip('/')}{access}",
            account=self.account,
            project=project,
            user=None if project else user,
        )

    async def token(self) -> str:
        """Return an access token that is valid now, logging in if need be.

        Raises:
            AuthenticationError: There are no credentials, or they were refused.
        """
        if self._gateway.auth is None:
            raise no_credentials()
        headers = await self._gateway.auth.headers()
        return headers["Authorization"].removeprefix("Bearer ")

    async def devices(self) -> list[Device]:
        """List the devices of this account; without credentials, the public ones."""
        return signed(await self.specs.devices(), self)

    def default_device(self, program: Program) -> str:
        """Name the device that a sequence was made for.

        Raises:
            UnknownTargetError: It was made for a virtual device, or it is no sequence.
        """
        known = ", ".join([*(self._cloud.specifications or _QPUS), *_EMULATORS])
        on = Setting("on", f"{self.name}:DEVICE")
        if program.format is not ProgramFormat.PULSER:
            raise UnknownTargetError(
                no_sequence(program),
                provider=self.provider,
                remedy=Advice(f"{HOW_TO_RUN} Its devices, for ", on, f": {known}."),
            )
        name, is_virtual = device_in(program.text)
        if not name or is_virtual or name in _EXAMPLES:
            made_for = f"made for {name}, which is none of them" if name else "that names none"
            raise UnknownTargetError(
                f"nothing says on which device of Pasqal Cloud to run a sequence {made_for}",
                provider=self.provider,
                remedy=Advice("Write ", on, f" with one of: {known}."),
            )
        return name

    async def validate(self, job: JobSpec, device: str) -> None:
        """Refuse a job that cannot run; nothing is sent.

        Sequences for a QPU are checked against its specification where `specs` or `devices` has
        read it, and sent for the device as it is today.

        Args:
            job: What is going to be sent.
            device: The device type.

        Raises:
            InvalidInputError: The job cannot run, with the reason and the remedy.
            MissingExtraError: Pulser is not installed.
        """
        self._submitter.checked_options(job.options, device)
        self._check_device(device)
        json_values(job.variables, provider=self.provider)
        _, facts = await self._submitter.prepared(job.program, device)
        check_values(facts, job.variables)
        on_qpu = not is_emulator(device)
        check_shots(job.shots, facts.max_runs if on_qpu else None, facts.device)
        await check_aside(job, on_qpu=on_qpu)

    def _check_device(self, device: str) -> None:
        known = self._cloud.specifications
        is_unknown = bool(known) and device not in known and not is_emulator(device)
        if is_unknown or not _DEVICE_TYPE.fullmatch(device):
            raise UnknownTargetError(
                f"Pasqal Cloud has no device {device!r}",
                provider=self.provider,
                remedy=f"There are: {', '.join([*(known or _QPUS), *_EMULATORS])}.",
            )

    def grouping(self, job: JobSpec) -> Hashable:
        """Say which jobs can share a batch: those of one sequence, or without variables."""
        return (job.program.digest if job.variables else None, meaning_of(job.options))

    def weigh(self, job: JobSpec) -> int:
        """Estimate the bytes that a job adds to a batch: its sequence, unless it is shared."""
        return 256 if job.variables else len(job.program.payload)

    async def submit(self, request: SubmitRequest) -> list[JobRef]:
        """Create a batch, or add jobs to an open one. Sent once; billed.

        Cancelled: whether the service accepted is then unknown; `find` tells.

        Args:
            request: What to run; its key becomes a tag of a new batch.

        Raises:
            InvalidInputError: A job cannot run; nothing was sent.
            BatchClosedError: The open batch takes no more jobs.
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
        return await states(self._cloud, jobs)

    async def fetch(self, job: JobRef) -> Result:
        """Download the result of a job that has succeeded.

        Raises:
            ResultPendingError: It is not there yet.
            ResultError: It cannot be understood.
        """
        stored = await self._downloads.one(job.id)
        return result_of(stored, await self._atoms.of(job), job)

    async def fetch_many(self, jobs: Sequence[JobRef]) -> Mapping[JobRef, Result]:
        """Download the results of many jobs, in one request for each batch where that is there.

        Returns:
            What could be had this way, which may be nothing.
        """
        by_batch: dict[str, list[JobRef]] = {}
        for job in jobs:
            if job.batch_id is not None:
                by_batch.setdefault(job.batch_id, []).append(job)
        found: dict[JobRef, Result] = {}
        for batch_id, members in by_batch.items():
            stored = await self._downloads.many(batch_id, [job.id for job in members])
            for job in members:
                if job.id in stored:
                    try:
                        found[job] = result_of(stored[job.id], await self._atoms.of(job), job)
                    except ResultError:
                        continue  # `fetch` tells what is wrong, to this job alone
        return found

    async def cancel(self, jobs: Sequence[JobRef]) -> Mapping[JobRef, QuantumAsyncError]:
        """Cancel jobs, a hundred of each batch in one request. What did not run is not billed.

        Returns:
            What could not be cancelled and has not ended either, and why.
        """
        if not self._gateway.endpoints.has(Route.CANCEL_JOBS):
            return {job: _not_by_ovh("jobs cannot be cancelled") for job in jobs}
        return await cancel_jobs(self._cloud, jobs)

    async def find(self, key: str) -> list[JobRef]:
        """Look for the jobs of a submission by the tag of its batch.

        Jobs that were added to an open batch carry no key: those that this client itself sent
        are found by comparing what is new in the batch; others are not found.

        Raises:
            SubmissionUnknownError: Several batches have the key, what is new in an open batch is
                not what was sent, or OVH's access cannot search.
            ProtocolError: A batch has the key, and not all of its jobs are listed yet.
        """
        if not self._gateway.endpoints.has(Route.LIST_BATCHES):
            raise SubmissionUnknownError(
                "OVH's access to Pasqal Cloud cannot search",
                key=key,
                provider=self.provider,
                remedy="Look for the batch in OVH's console before sending it again.",
            )
        return await self._submitter.find(key)

    async def open_batch(self, request: BatchRequest) -> BatchRef:
        """Open a batch. Sent once; it reserves the device until it is closed.

        Raises:
            BatchError: OVH's access has no open batches.
            InvalidOptionError: The service cannot end a batch because of one failed job.
        """
        if self._cloud.is_ovh:
            raise _not_by_ovh("there are no open batches")
        if request.on_failure is FailurePolicy.ABORT:
            raise InvalidOptionError(
                "Pasqal Cloud goes on with a batch after a failed job",
                provider=self.provider,
                remedy="Leave on_failure out, and cancel the batch yourself.",
            )
        return await self._submitter.open_batch(request)

    async def close_batch(self, batch: BatchRef) -> None:
        """Close a batch: its jobs go on, no more can be added. Closing twice is harmless."""
        await close_batch(self.batches, batch)
        self._additions.closed(batch.id)

    async def cancel_batch(self, batch: BatchRef) -> None:
        """Close a batch and cancel its unfinished jobs."""
        await cancel_batch(self.batches, batch)
        self._additions.closed(batch.id)

    async def find_batch(self, key: str) -> BatchRef | None:
        """Look for a batch by its tag.

        Raises:
            SubmissionUnknownError: Several batches have it.
        """
        return await self._submitter.find_batch(key)

    async def batch_state(self, batch: BatchRef) -> BatchState:
        """Ask where a batch stands, whoever opened it."""
        return batch_state(await self._cloud.batch(batch.id))

    async def batch_jobs(self, batch: BatchRef) -> list[JobRef]:
        """List a batch's jobs, a hundred in each request."""
        return [
            JobRef(self.provider, job.id, batch.target, batch_id=batch.id, account=self.account)
            for job in await self._cloud.jobs_of(batch.id)
        ]


def _not_by_ovh(what: str) -> BatchError:
    return BatchError(
        f"by OVH's access to Pasqal Cloud {what}",
        provider="pasqal",
        remedy="Use an account of Pasqal Cloud itself.",
    )
