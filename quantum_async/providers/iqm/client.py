"""The client of IQM's quantum computers."""

from __future__ import annotations

import random
import time
from functools import partial
from typing import TYPE_CHECKING, ClassVar, Protocol, Self, TypeVar, runtime_checkable

import anyio
from pydantic import AliasChoices, Field, SecretStr

from quantum_async.errors import (
    AuthenticationError,
    ConfigurationError,
    QuantumAsyncError,
    SubmissionUnknownError,
    UnknownTargetError,
)
from quantum_async.http.options import SessionOptions
from quantum_async.models.advice import Advice, Setting
from quantum_async.models.capabilities import Binding, Capabilities, SubmissionGrade
from quantum_async.models.device import Device, DeviceKind, DeviceStatus
from quantum_async.models.identity import identity_of
from quantum_async.models.options import meaning_of
from quantum_async.providers.api import ServiceClient, by_id, failures_of_each, states_of_each
from quantum_async.providers.base import client_name, signed
from quantum_async.providers.environment import Settings, secret
from quantum_async.providers.iqm.api import LONG_POLLS, Gateway
from quantum_async.providers.iqm.api_tokens import Tokens
from quantum_async.providers.iqm.auth import Credentials
from quantum_async.providers.iqm.computers import Calibration, QuantumComputers
from quantum_async.providers.iqm.dialect import Generation
from quantum_async.providers.iqm.jobs import Jobs, Patience, look
from quantum_async.providers.iqm.options import IQMOptions
from quantum_async.providers.iqm.outcomes import Outcomes
from quantum_async.providers.iqm.pulses import Pulses
from quantum_async.providers.iqm.runs import Runs
from quantum_async.providers.iqm.server import Server
from quantum_async.providers.iqm.submission import Sending
from quantum_async.providers.iqm.translate.programs import FORMATS
from quantum_async.providers.iqm.translate.statuses import job_state

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence, Sized
    from pathlib import Path

    from quantum_async.models.job import JobRef, JobState
    from quantum_async.models.program import Program
    from quantum_async.models.result import Result
    from quantum_async.models.submission import JobSpec, RunOptions, SubmitRequest
    from quantum_async.providers.iqm.architecture import Architecture
    from quantum_async.providers.iqm.wire import Health, JobLimits, QuantumComputer


Value = TypeVar("Value")

MOCK = ":mock"
"""How the alias of a quantum computer ends that answers without measuring."""


async def devices(server: Server) -> list[Device]:
    """List the quantum computers with what they can run; one that does not tell is still listed.

    Args:
        server: Where they are.
    """
    computers = await server.computers()
    found: dict[str, Device] = {}
    async with anyio.create_task_group() as tasks:
        for computer in computers:
            tasks.start_soon(_describe, server, computer, found)
    return [found[computer.id] for computer in computers]


async def _describe(server: Server, computer: QuantumComputer, found: dict[str, Device]) -> None:
    dialect = await server.dialect()
    health = await _told(dialect.health(computer))
    limits = await _told(server.limits(computer))
    architecture = await _told(server.architecture(computer))
    found[computer.id] = device_of(computer, health, limits, architecture)


async def _told(answer: Awaitable[Value]) -> Value | None:
    try:
        return await answer
    except QuantumAsyncError:
        return None


def device_of(
    computer: QuantumComputer,
    health: Health | None,
    limits: JobLimits | None,
    architecture: Architecture | None,
) -> Device:
    """Describe a quantum computer by what it told of itself.

    Args:
        computer: Its names.
        health: Whether it takes jobs.
        limits: How large a job may be.
        architecture: What it can run now.
    """
    status = DeviceStatus.UNKNOWN
    if health is not None:
        status = DeviceStatus.AVAILABLE if health.healthy else DeviceStatus.UNAVAILABLE
    described = architecture.described if architecture is not None else None
    cz = described.gates.get("cz") if described is not None else None
    return Device(
        provider="iqm",
        name=computer.alias,
        kind=DeviceKind.GATE,
        is_simulator=computer.alias.endswith(MOCK),
        num_qubits=len(described.qubits) if described is not None else None,
        max_shots=limits.max_shots_per_circuit if limits is not None else None,
        status=status,
        operations=tuple(sorted(described.gates)) if described is not None else (),
        connectivity=tuple((locus[0], locus[1]) for locus in (cz.loci if cz else ())),
        description=computer.display_name,
        specification=described.model_dump_json() if described is not None else "",
    )


class IQMSettings(Settings):
    """What the environment says, in the vendor's own variables.

    | variable                                              | meaning                             |
    |-------------------------------------------------------|-------------------------------------|
    | ``IQM_SERVER_URL``                                    | where the server is                 |
    | ``IQM_QUANTUM_COMPUTER``                              | which one, by alias or id           |
    | ``IQM_TOKEN``                                         | an API token                        |
    | ``IQM_TOKENS_FILE``                                   | a file of tokens instead            |
    | ``IQM_AUTH_SERVER``, ``IQM_AUTH_USERNAME``, ``IQM_AUTH_PASSWORD`` | an older login instead  |
    | ``QUANTUM_ASYNC_IQM_GENERATION``                      | ``v1`` or ``legacy``; asked if unset |
    """

    provider: ClassVar[str] = "iqm"

    url: str | None = Field(None, validation_alias="IQM_SERVER_URL")
    quantum_computer: str | None = Field(None, validation_alias="IQM_QUANTUM_COMPUTER")
    token: SecretStr | None = Field(None, validation_alias="IQM_TOKEN")
    tokens_file: str | None = Field(None, validation_alias="IQM_TOKENS_FILE")
    auth_server: str | None = Field(None, validation_alias="IQM_AUTH_SERVER")
    username: str | None = Field(None, validation_alias="IQM_AUTH_USERNAME")
    password: SecretStr | None = Field(None, validation_alias="IQM_AUTH_PASSWORD")
    generation: Generation | None = Field(
        None, validation_alias=AliasChoices("QUANTUM_ASYNC_IQM_GENERATION")
    )

    @property
    def address(self) -> str:
        """The server's address.

        Raises:
            ConfigurationError: It is missing.
        """
        if self.url is None:
            raise ConfigurationError(
                "the environment does not say where the IQM server is",
                provider="iqm",
                remedy="Set IQM_SERVER_URL, for example to https://resonance.iqm.tech.",
            )
        return self.url


CIRCUITS = 500
"""Most circuits of one job where the server sets no limit; a guess: nobody has published it."""

PAYLOAD_LIMIT = 16 * 1024 * 1024
"""Most bytes of one job; a guess: nobody has published it."""

_INSTRUCTION = 110
"""Bytes of a typical instruction."""


@runtime_checkable
class _Circuit(Protocol):
    """What is used of Qiskit's circuits."""

    @property
    def data(self) -> Sized: ...


def circuits_per_job(limits: Sequence[JobLimits]) -> int:
    """Say how many circuits one job takes on any of some quantum computers."""
    known = [each.max_circuits_per_job for each in limits if each.max_circuits_per_job]
    return min(known, default=CIRCUITS)


def weight(job: JobSpec, limits: Sequence[JobLimits]) -> int:
    """Estimate what a circuit takes of `PAYLOAD_LIMIT`.

    A job is limited in executions, circuits by shots, as well as in bytes: whatever part of
    either limit a circuit takes, it weighs the same part of the payload.

    Args:
        job: The circuit.
        limits: What is known of the quantum computers.
    """
    known = [each.max_executions_per_job for each in limits if each.max_executions_per_job]
    executions = min(known, default=None)
    by_shots = 0 if executions is None else PAYLOAD_LIMIT * job.shots // executions
    return max(_bytes(job), by_shots)


def _bytes(job: JobSpec) -> int:
    live = job.program.live
    if isinstance(live, _Circuit):
        # Writing a live circuit down only to weigh it would cost more than sending it.
        return _INSTRUCTION * (2 + len(live.data))
    return len(job.program.payload)


RESONANCE = "https://resonance.iqm.tech"
"""IQM's own cloud."""

_CANCELS = 16


class IQMClient(Runs, ServiceClient):
    """IQM's quantum computers: IQM Server, in the cloud or on premises, and older installations.

    Constructing a client sends nothing; which interface the server has is asked once, by the
    first request. A scheduler runs jobs on it: circuits that share shots and options become one
    job of IQM. Everything else that the service can do is in `jobs`, `computers`, `calibration`,
    `pulses` and `tokens`, and the operations of IQM's older client class are there under their
    own names.

    Args:
        url: The server's address: ``https://resonance.iqm.tech``, the root of an IQM Server, or
            ``https://host/cocos`` of an older installation.
        quantum_computer: Alias or id of the quantum computer that is meant where none is named.
        token: An API token, which this program does not renew.
        tokens_file: A JSON file with ``access_token`` that somebody else keeps fresh; it is read
            again when it changes.
        auth_server: Where older installations log in, with `username` and `password`.
        username: Who logs in.
        password: The password.
        generation: Which interface the server has; asked if ``None``.
        account: Which account, where a program uses several.
        name: What the client is called in a scheduler, where that has several of one provider.
        options: Timeouts, connections, proxy, certificates, retries and hooks.
        clock: Wall clock, against which the end of tokens is compared.
        jitter: Numbers between 0 and 1, which keep many waits from falling together.

    Raises:
        ConfigurationError: Settings contradict each other, or secrets would travel in the clear.

    Example:
        ```python
        from quantum_async import IQMClient


        async def fidelity(gate: str) -> object:
            async with IQMClient.from_env() as client:
                metrics = await client.calibration.metrics()
                return metrics.value(f"metrics.rb.prx.drag_crf.{gate}.fidelity:par=d2")
        ```
    """

    name: str = "iqm"
    options_class: ClassVar[type[RunOptions]] = IQMOptions
    variable_prefixes: ClassVar[tuple[str, ...]] = ("IQM_",)

    def __init__(
        self,
        url: str = RESONANCE,
        *,
        quantum_computer: str | None = None,
        token: str | None = None,
        tokens_file: str | Path | None = None,
        auth_server: str | None = None,
        username: str | None = None,
        password: str | None = None,
        generation: Generation | None = None,
        account: str = "",
        name: str | None = None,
        options: SessionOptions | None = None,
        clock: Callable[[], float] = time.time,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        credentials = Credentials(token, tokens_file, auth_server, username, password)
        del token, password  # a traceback with variables would show them
        session = options or SessionOptions()
        self.name = client_name(name, "iqm")
        self.account = account
        self._user = username
        self._gateway = self._api = Gateway(url, credentials, session, clock)
        self._server = Server(self._gateway, generation, quantum_computer or "", session.clock)
        self._patience = Patience(session, jitter)
        self._outcomes = Outcomes(self._server)
        self._sending = Sending(self._server, self._outcomes, account)
        self.jobs: Jobs = Jobs(self._server, self._patience)
        """Jobs: look up, wait, cancel, delete, read what they measured."""
        self.computers: QuantumComputers = QuantumComputers(self._server)
        """Quantum computers: list, health, limits, architecture, queue, timeslots."""
        self.calibration: Calibration = Calibration(self._server)
        """Calibration sets, quality metrics, feedback groups."""
        self.pulses: Pulses = Pulses(self._server)
        """Pulse jobs: submit what IQM's compiler made, read what it measured."""
        self.tokens: Tokens = Tokens(self._server)
        """API tokens: list, renew, activate, revoke."""

    @classmethod
    def from_env(
        cls,
        environ: Mapping[str, str] | None = None,
        *,
        options: SessionOptions | None = None,
        name: str | None = None,
    ) -> Self:
        """Build a client from environment variables; `IQMSettings` lists them. Sends nothing.

        Args:
            environ: Read instead of the process's environment.
            options: Timeouts, connections, proxy, certificates, retries and hooks.
            name: What the client is called in a scheduler.

        Raises:
            InvalidOptionError: No target could begin with the name.
            ConfigurationError: The address is missing, or variables contradict each other.
        """
        settings = IQMSettings.read(environ)
        return cls(
            settings.address,
            quantum_computer=settings.quantum_computer,
            token=secret(settings.token),
            tokens_file=settings.tokens_file,
            auth_server=settings.auth_server,
            username=settings.username,
            password=secret(settings.password),
            generation=settings.generation,
            options=options,
            name=name,
        )

    def __repr__(self) -> str:
        state = "open" if self.is_open else "closed"
        return f"<IQMClient at {self._gateway}, {state}>"

    @property
    def capabilities(self) -> Capabilities:
        """What this client can do; how much one job takes is known after the first request."""
        return Capabilities(
            grade=SubmissionGrade.AT_MOST_ONCE,
            binding=Binding.CLIENT,
            jobs_per_submission=circuits_per_job(self._server.known_limits()),
            payload_limit=PAYLOAD_LIMIT,
            shared_job=True,
            jobs_per_poll=1,
            long_poll=True,
            bulk_results=True,
            tells_what_left=True,
        )

    @property
    def address(self) -> str:
        """Where its requests go first. Sends nothing."""
        return str(self._gateway)

    @property
    def identity(self) -> str:
        """Which server its jobs are at, and who logs in; a token does not say whose it is."""
        return identity_of(self.address, account=self.account, user=self._user)

    async def generation(self) -> Generation:
        """Say which interface the server has.

        Raises:
            ConfigurationError: It is no IQM server.
        """
        return (await self._server.dialect()).generation

    async def devices(self) -> list[Device]:
        """List the quantum computers, with what they can run as they are calibrated."""
        return signed(await devices(self._server), self)

    def default_device(self, program: Program) -> str:
        """Name the quantum computer that the client was made for, or the only one known.

        Raises:
            UnknownTargetError: Nothing follows, or the program is not for quantum computers.
        """
        if program.format not in FORMATS:
            raise UnknownTargetError(
                f"IQM's quantum computers run circuits, and {program.where} is "
                f"{program.format.words}",
                provider=self.provider,
                remedy="Give it OpenQASM, a Qiskit circuit, or a circuit or pulse program of IQM's.",
            )
        known = self._server.known
        name = self._server.preferred or (known[0].alias if len(known) == 1 else "")
        if not name:
            aliases = ", ".join(computer.alias for computer in known) or "garnet"
            raise UnknownTargetError(
                f"nothing says which quantum computer of {self._gateway} is meant",
                provider=self.provider,
                remedy=Advice(
                    "Write ",
                    Setting("on", f"{self.name}:COMPUTER"),
                    f" with one of: {aliases}; or name one for all by IQM_QUANTUM_COMPUTER.",
                ),
            )
        return name

    async def validate(self, job: JobSpec, device: str) -> None:
        """Refuse a job that cannot run on the quantum computer as it is calibrated.

        Args:
            job: What is going to be sent.
            device: Alias or id of the quantum computer.

        Raises:
            InvalidInputError: The job cannot run, with circuit, instruction and locus.
            MissingExtraError: Qiskit is not installed, and the circuit needs it.
        """
        await self._sending.check(job, device)

    def grouping(self, job: JobSpec) -> Hashable:
        """Say which circuits can share a job: those of equal shots and options.

        On the older interface only points of one program do, because there all circuits of a job
        must measure the same qubits.
        """
        if self._server.known_generation is Generation.LEGACY:
            return (job.program.digest, job.shots, meaning_of(job.options))
        return (job.shots, meaning_of(job.options))

    def weigh(self, job: JobSpec) -> int:
        """Estimate what a circuit takes of a job's size, by its bytes and by its shots."""
        return weight(job, self._server.known_limits())

    async def submit(self, request: SubmitRequest) -> list[JobRef]:
        """Send circuits as one job. Sent once, on a fresh connection; billed.

        Cancelled: whether the server accepted is then unknown.

        Args:
            request: What to run; its key becomes the job's tag.

        Raises:
            InvalidInputError: A circuit cannot run; nothing was sent.
            LostAnswerError, ServerError, ProtocolError: The server may have accepted.
            QuantumAsyncError: It was refused.
        """
        return await self._sending.submit(request)

    async def poll(self, jobs: Sequence[JobRef], *, wait: float = 0.0) -> Mapping[JobRef, JobState]:
        """Ask where jobs stand, one request for all circuits of a job.

        Args:
            jobs: The jobs.
            wait: Seconds for which the answer may be held back until a job has ended.
        """
        return await states_of_each(jobs, partial(self._state, wait=wait), at_once=LONG_POLLS)

    async def _state(self, job_id: str, wait: float) -> JobState:
        job = await look(await self._server.dialect(), job_id, wait)
        if job.status.is_terminal:
            self._outcomes.note(job)
        return job_state(job)

    async def fetch(self, job: JobRef) -> Result:
        """Read the result of a circuit whose job has succeeded.

        Raises:
            ResultPendingError: It is not there yet.
            ResultError: It cannot be understood.
        """
        return await self._outcomes.one(job)

    async def fetch_many(self, jobs: Sequence[JobRef]) -> Mapping[JobRef, Result]:
        """Read the results of many circuits, one request for all circuits of a job."""
        found: dict[JobRef, Result] = {}
        for job_id, refs in by_id(jobs).items():
            found.update(await self._outcomes.many(job_id, refs))
        return found

    async def cancel(self, jobs: Sequence[JobRef]) -> Mapping[JobRef, QuantumAsyncError]:
        """Cancel jobs; all circuits of a job end together. What has run already is billed.

        Returns:
            What could not be cancelled and has not ended either, and why.
        """
        return await failures_of_each(jobs, self.jobs.cancel, at_once=_CANCELS)

    async def find(self, key: str) -> list[JobRef]:
        """Be unable to look a submission up: IQM lists no jobs.

        Raises:
            SubmissionUnknownError: Always; it says what was sent, when and where.
        """
        raise SubmissionUnknownError(
            f"IQM cannot search for jobs; it was {self._sending.described(key)}",
            key=key,
            provider=self.provider,
            remedy="Look for the tag in IQM's dashboard, or ask its support.",
        )

    async def token(self) -> str:
        """Return an access token that is valid now, logging in if need be.

        Raises:
            AuthenticationError: There are no credentials, or they were refused.
        """
        if self._gateway.auth is None:
            raise AuthenticationError(
                "this client has no credentials", provider=self.provider, remedy="Set IQM_TOKEN."
            )
        headers = await self._gateway.auth.headers()
        return headers["Authorization"].removeprefix("Bearer ")
