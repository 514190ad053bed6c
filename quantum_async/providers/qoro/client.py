"""The client of the Qoro service."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Self

import anyio.to_thread

from quantum_async.errors import (
    ConflictError,
    ResultError,
    SubmissionUnknownError,
    UnknownTargetError,
)
from quantum_async.http.options import SessionOptions
from quantum_async.http.timeouts import Timeouts
from quantum_async.models.capabilities import Binding, Capabilities, SubmissionGrade
from quantum_async.models.options import meaning_of
from quantum_async.models.program import CIRCUIT_FORMATS, ProgramFormat
from quantum_async.providers.api import ServiceClient, by_id, failures_of_each, states_of_each
from quantum_async.providers.base import client_name, signed
from quantum_async.providers.qoro.api import API_URL, Gateway, QoroSettings, credentials
from quantum_async.providers.qoro.characterisations import Characterisations
from quantum_async.providers.qoro.credits import Credits
from quantum_async.providers.qoro.jobs import Jobs, Rows, Uploads, short
from quantum_async.providers.qoro.options import JobConfig, QoroOptions
from quantum_async.providers.qoro.payloads import ALL
from quantum_async.providers.qoro.submitting import Submitter, index_of, is_whole
from quantum_async.providers.qoro.systems import DEFAULT_CLUSTER, Systems
from quantum_async.providers.qoro.translate.results import by_label, result_of, result_of_all

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping, Sequence

    from quantum_async.errors import QuantumAsyncError
    from quantum_async.http.auth import TokenFunction, TokenProvider
    from quantum_async.models.device import Device
    from quantum_async.models.job import JobRef, JobState
    from quantum_async.models.program import Program
    from quantum_async.models.result import Result
    from quantum_async.models.submission import JobSpec, RunOptions, SubmitRequest

CIRCUITS_PER_JOB = 1_000
"""Most circuits that share a job; a choice, for the service publishes no limit."""

SETTLE_DELAY = 5.0
"""Seconds after which a completed job has begun to move; a guess: nobody has published it."""

_AT_ONCE = 8
_USUAL = SessionOptions(timeouts=Timeouts(read=100.0))


class QoroClient(ServiceClient):
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

    Example:
        ```python
        from quantum_async import QoroClient


        async def credits_left() -> str:
            async with QoroClient.from_env() as client:
                return str((await client.credits.balance()).balance)
        ```
    """

    name: str = "qoro"
    options_class: ClassVar[type[RunOptions]] = QoroOptions
    variable_prefixes: ClassVar[tuple[str, ...]] = ("QORO_",)

    def __init__(
        self,
        *,
        api_key: str | None = None,
        token_provider: TokenProvider | TokenFunction | None = None,
        url: str = API_URL,
        account: str = "",
        name: str | None = None,
        defaults: JobConfig | None = None,
        settle_delay: float = SETTLE_DELAY,
        options: SessionOptions | None = None,
    ) -> None:
        self.name = client_name(name, "qoro")
        self.account = account
        auth = credentials(api_key, token_provider)
        del api_key  # a traceback with variables would show it
        usual = defaults or JobConfig()
        self._defaults = usual
        self._gateway = self._api = Gateway(url, auth, options or _USUAL)
        self._uploads = Uploads(self._gateway, settle_delay)
        self._rows = Rows(self._gateway, self._uploads)
        self.systems: Systems = Systems(self._gateway)
        """Systems of quantum computers, clusters of simulators, and what can be set for them."""
        self.credits: Credits = Credits(self._gateway)
        """Credits: the balance and its movements."""
        self.characterisations: Characterisations = Characterisations(self._gateway, self._uploads)
        """Characterisations of QUBO problems."""
        self.jobs: Jobs = Jobs(self._gateway, self._uploads, self._rows, self.systems, usual)
        """Jobs as the service knows them: submit, follow, fetch, cancel, delete, configure."""
        self._submitter = Submitter(self._uploads, self.systems, usual, account)

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
        """
        settings = QoroSettings.read(environ)
        return cls(
            api_key=settings.api_key,
            url=settings.url,
            account=settings.account,
            options=options,
            name=name,
        )

    def __repr__(self) -> str:
        state = "open" if self.is_open else "closed"
        return f"<QoroClient at {self._gateway.url}, {state}>"

    @property
    def capabilities(self) -> Capabilities:
        """What this client can do."""
        return Capabilities(
            grade=SubmissionGrade.AT_MOST_ONCE,
            binding=Binding.SERVER,
            jobs_per_submission=CIRCUITS_PER_JOB,
            shared_job=True,
            requests_in_flight=_AT_ONCE,
            bulk_results=True,
            takes_back=True,
            tells_what_left=True,
        )

    @property
    def address(self) -> str:
        """Where its requests go first. Sends nothing."""
        return self._gateway.url

    async def test_connection(self) -> None:
        """Ask whether the service is there and takes the key.

        Raises:
            AuthenticationError: It does not take the key.
            QuantumAsyncError: It cannot be reached.
        """
        await self._gateway.read("/", "reach the service")

    async def devices(self) -> list[Device]:
        """List the systems and clusters of this account."""
        return signed(await self.systems.devices(), self)

    def default_device(self, program: Program) -> str:
        """Name the target that the client was given, else the service's default cluster.

        Raises:
            UnknownTargetError: The program is no circuit.
        """
        if program.format not in {*CIRCUIT_FORMATS, ProgramFormat.QORO}:
            raise UnknownTargetError(
                f"no target of the Qoro service runs {program.format.words}",
                provider=self.provider,
                remedy="It runs OpenQASM and Qiskit circuits.",
            )
        return self._defaults.target or DEFAULT_CLUSTER

    async def validate(self, job: JobSpec, device: str) -> None:
        """Refuse a job that cannot run. Only the list of targets may be asked for, once.

        Args:
            job: What is going to be sent.
            device: The system's or cluster's name.

        Raises:
            InvalidInputError: The job cannot run, with the reason and the remedy.
            MissingExtraError: A library that reads the program is not installed.
        """
        await self._submitter.validate(job, device)

    def grouping(self, job: JobSpec) -> Hashable:
        """Say which circuits can share a job: points of one program, or any without parameters."""
        if is_whole(job):
            return job.key
        if job.variables:
            return (job.program.digest, job.shots, meaning_of(job.options))
        return (None, meaning_of(job.options))

    def index_of(self, job: JobSpec, place: int) -> int:
        """Say which circuit of the service's job a job is: its place, or all of a whole job."""
        return index_of(job, place)

    async def submit(self, request: SubmitRequest) -> list[JobRef]:
        """Send one job of many circuits; points of one program as a template. Billed.

        Cancelled: the job is cancelled as well, if it was opened.

        Args:
            request: What to run; its key becomes part of the job's tag.

        Raises:
            InvalidInputError: A circuit cannot run; nothing was sent.
            NotSentError: Nothing runs, and sending again duplicates nothing.
            LostAnswerError, ServerError, ProtocolError: Nobody can say whether the job runs;
                ``job_id`` names it where it is known.
            QuantumAsyncError: It was refused.
        """
        return await self._submitter.submit(request)

    async def poll(self, jobs: Sequence[JobRef], *, wait: float = 0.0) -> Mapping[JobRef, JobState]:
        """Ask where jobs stand, one request for all circuits of a job.

        Args:
            jobs: The jobs.
            wait: Of no effect: the service answers at once.
        """
        del wait
        return await states_of_each(jobs, self.jobs.status, at_once=_AT_ONCE)

    async def fetch(self, job: JobRef) -> Result:
        """Get the result of one circuit of a job that has succeeded.

        That of a whole job has the results of its circuits in `Result.raw`: a JSON list of
        objects with ``label`` and ``results``, counts or values by observable, as the service
        keys them and in its order.

        Raises:
            ResultPendingError: It has not ended.
            ResultError: It cannot be understood, or is not there.
        """
        if job.index == ALL:
            rows = await self._rows.all(job.id)
            return await anyio.to_thread.run_sync(result_of_all, rows, job)
        return result_of(await self._rows.row(job.id, job.index, str(job.index)), job)

    async def fetch_many(self, jobs: Sequence[JobRef]) -> Mapping[JobRef, Result]:
        """Get the results of many circuits, a hundred of a job in one request.

        Returns:
            What could be had this way.
        """
        found: dict[JobRef, Result] = {}
        for job_id, members in by_id(jobs).items():
            if len(members) == 1 or members[0].index == ALL:
                continue  # `fetch` reads the one page that it is on, or all of them
            try:
                rows = by_label(await self._rows.all(job_id), short)
            except ResultError:
                continue  # so does it where the rows of a job cannot be told apart
            for job in members:
                if (row := rows.get(str(job.index))) is not None:
                    try:
                        found[job] = result_of(row, job)
                    except ResultError:
                        continue  # `fetch` tells what is wrong, to this circuit alone
        return found

    async def cancel(self, jobs: Sequence[JobRef]) -> Mapping[JobRef, QuantumAsyncError]:
        """Cancel jobs with all of their circuits, those that are not named included.

        Returns:
            What could not be cancelled and has not ended either, and why.
        """
        return await failures_of_each(jobs, self._cancel, at_once=_AT_ONCE)

    async def find(self, key: str) -> list[JobRef]:
        """Say that the service cannot look a submission up.

        Raises:
            SubmissionUnknownError: Always.
        """
        raise SubmissionUnknownError(
            "the Qoro service has no list of jobs to look a submission up in",
            key=key,
            provider=self.provider,
            remedy="Look for the key in the tags that the service's own page shows.",
        )

    async def _cancel(self, job_id: str) -> None:
        try:
            await self._uploads.cancel(job_id)
        except ConflictError:
            if not (await self.jobs.status(job_id)).status.is_terminal:
                raise
