"""Blocking twins of the async classes: iqm."""

# Written by `python .ci/facade` from the async classes.
# Do not change it here: change those, and run the generator.
# mypy: disable-error-code="no-any-return"

from __future__ import annotations

from typing import TYPE_CHECKING

from quantum_async.blocking._handle import ClientHandle
from quantum_async.blocking._handle import Handle
from quantum_async.blocking._session import Session
from quantum_async.providers.iqm.options import HeraldingMode
from quantum_async.providers.iqm.options import IQMOptions
import quantum_async as _async
import random as _random
import time as _time

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Hashable
    from collections.abc import Mapping
    from collections.abc import Sequence
    from pathlib import Path
    from pydantic import JsonValue
    from quantum_async.errors import QuantumAsyncError
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
    from quantum_async.providers.iqm.api_tokens import Tokens as AsyncTokens
    from quantum_async.providers.iqm.architecture import Architecture
    from quantum_async.providers.iqm.circuits import Circuit
    from quantum_async.providers.iqm.client import IQMClient as AsyncIQMClient
    from quantum_async.providers.iqm.computers import Calibration as AsyncCalibration
    from quantum_async.providers.iqm.computers import QuantumComputers as AsyncQuantumComputers
    from quantum_async.providers.iqm.dialect import CircuitMeasurements
    from quantum_async.providers.iqm.dialect import Generation
    from quantum_async.providers.iqm.jobs import Jobs as AsyncJobs
    from quantum_async.providers.iqm.pulses import Pulses as AsyncPulses
    from quantum_async.providers.iqm.submission import Submission
    from quantum_async.providers.iqm.translate.protobuf import SweepArray
    from quantum_async.providers.iqm.wire import ApiToken
    from quantum_async.providers.iqm.wire import ChipDesign
    from quantum_async.providers.iqm.wire import CreatedToken
    from quantum_async.providers.iqm.wire import Health
    from quantum_async.providers.iqm.wire import IQMJob
    from quantum_async.providers.iqm.wire import JobLimits
    from quantum_async.providers.iqm.wire import MeasurementCounts
    from quantum_async.providers.iqm.wire import ObservationSet
    from quantum_async.providers.iqm.wire import QuantumArchitectureSpecification
    from quantum_async.providers.iqm.wire import QuantumComputer
    from quantum_async.providers.iqm.wire import QueueOverview
    from quantum_async.providers.iqm.wire import RunResult
    from quantum_async.providers.iqm.wire import RunStatus
    from quantum_async.providers.iqm.wire import StaticArchitecture
    from quantum_async.providers.iqm.wire import Timeslot
    from quantum_async.providers.iqm.wire import Timeslots
    from typing import ClassVar
    from typing import Self
    from uuid import UUID


class Tokens(Handle["AsyncTokens"]):
    """The API tokens of an account: `IQMClient.tokens`.

    Renewing and activating are authorised by the refresh token: make the client with it as its
    token.

    Args:
        server: Where they are valid.

    Blocking twin of `quantum_async.providers.iqm.api_tokens.Tokens`.
    """

    __slots__ = ()

    def list(self, *, timeout: float | None = None) -> tuple[ApiToken, ...]:
        """List the tokens, without their secrets.

        Args:
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Blocking twin of `quantum_async.providers.iqm.api_tokens.Tokens.list`.
        """
        return self._call("Tokens.list", lambda: self._async.list(), timeout)

    def refresh(
        self,
        *,
        lifetime: int,
        refreshing_lifetime: int,
        activated: bool = True,
        timeout: float | None = None,
    ) -> CreatedToken:
        """Make a new token in place of the current one. Sent once.

        Args:
            lifetime: How long it is good for, in seconds.
            refreshing_lifetime: How long its refresh token is good for, in seconds.
            activated: Whether it is good at once; else the old one stays until `activate`.
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Blocking twin of `quantum_async.providers.iqm.api_tokens.Tokens.refresh`.
        """
        return self._call(
            "Tokens.refresh",
            lambda: self._async.refresh(
                lifetime=lifetime, refreshing_lifetime=refreshing_lifetime, activated=activated
            ),
            timeout,
        )

    def activate(self, token: str, *, timeout: float | None = None) -> None:
        """Begin to use a new token; the one before ends. Doing so twice is harmless.

        Args:
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Blocking twin of `quantum_async.providers.iqm.api_tokens.Tokens.activate`.
        """
        return self._call("Tokens.activate", lambda: self._async.activate(token), timeout)

    def revoke(self, token_id: str, *, timeout: float | None = None) -> None:
        """End a token. Doing so twice is harmless.

        Args:
            token_id: Its id, as in `list`.
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Blocking twin of `quantum_async.providers.iqm.api_tokens.Tokens.revoke`.
        """
        return self._call("Tokens.revoke", lambda: self._async.revoke(token_id), timeout)


class IQMClient(ClientHandle["AsyncIQMClient"]):
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

    Blocking twin of `quantum_async.IQMClient`.

    Example:
        ```python
        from quantum_async.blocking import IQMClient


        def fidelity(gate: str) -> object:
            with IQMClient.from_env() as client:
                metrics = client.calibration.metrics()
                return metrics.value(f"metrics.rb.prx.drag_crf.{gate}.fidelity:par=d2")
        ```
    """

    __slots__ = ()

    def __init__(
        self,
        url: str = "https://resonance.iqm.tech",
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
        clock: Callable[[], float] = _time.time,
        jitter: Callable[[], float] = _random.random,
    ) -> None:
        twin = _async.IQMClient(
            url,
            quantum_computer=quantum_computer,
            token=token,
            tokens_file=tokens_file,
            auth_server=auth_server,
            username=username,
            password=password,
            generation=generation,
            account=account,
            name=name,
            options=options,
            clock=clock,
            jitter=jitter,
        )
        super().__init__(twin, Session(twin))

    def __enter__(self) -> IQMClient:
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
        """Build a client from environment variables; `IQMSettings` lists them. Sends nothing.

        Args:
            environ: Read instead of the process's environment.
            options: Timeouts, connections, proxy, certificates, retries and hooks.
            name: What the client is called in a scheduler.

        Raises:
            InvalidOptionError: No target could begin with the name.
            ConfigurationError: The address is missing, or variables contradict each other.

        Blocking twin of `quantum_async.IQMClient.from_env`.
        """
        return cls._of(_async.IQMClient.from_env(environ, options=options, name=name))

    @property
    def capabilities(self) -> Capabilities:
        """What this client can do; how much one job takes is known after the first request.

        Blocking twin of `quantum_async.IQMClient.capabilities`.
        """
        return self._async.capabilities

    @property
    def address(self) -> str:
        """Where its requests go first. Sends nothing.

        Blocking twin of `quantum_async.IQMClient.address`.
        """
        return self._async.address

    @property
    def identity(self) -> str:
        """Which server its jobs are at, and who logs in; a token does not say whose it is.

        Blocking twin of `quantum_async.IQMClient.identity`.
        """
        return self._async.identity

    def generation(self, *, timeout: float | None = None) -> Generation:
        """Say which interface the server has.

        Args:
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Raises:
            ConfigurationError: It is no IQM server.

        Blocking twin of `quantum_async.IQMClient.generation`.
        """
        return self._call("IQMClient.generation", lambda: self._async.generation(), timeout)

    def devices(self, *, timeout: float | None = None) -> list[Device]:
        """List the quantum computers, with what they can run as they are calibrated.

        Args:
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Blocking twin of `quantum_async.IQMClient.devices`.
        """
        return self._call("IQMClient.devices", lambda: self._async.devices(), timeout)

    def default_device(self, program: Program) -> str:
        """Name the quantum computer that the client was made for, or the only one known.

        Raises:
            UnknownTargetError: Nothing follows, or the program is not for quantum computers.

        Blocking twin of `quantum_async.IQMClient.default_device`.
        """
        return self._ask(lambda: self._async.default_device(program))

    def validate(self, job: JobSpec, device: str, *, timeout: float | None = None) -> None:
        """Refuse a job that cannot run on the quantum computer as it is calibrated.

        Args:
            job: What is going to be sent.
            device: Alias or id of the quantum computer.
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Raises:
            InvalidInputError: The job cannot run, with circuit, instruction and locus.
            MissingExtraError: Qiskit is not installed, and the circuit needs it.

        Blocking twin of `quantum_async.IQMClient.validate`.
        """
        return self._call("IQMClient.validate", lambda: self._async.validate(job, device), timeout)

    def grouping(self, job: JobSpec) -> Hashable:
        """Say which circuits can share a job: those of equal shots and options.

        On the older interface only points of one program do, because there all circuits of a job
        must measure the same qubits.

        Blocking twin of `quantum_async.IQMClient.grouping`.
        """
        return self._ask(lambda: self._async.grouping(job))

    def weigh(self, job: JobSpec) -> int:
        """Estimate what a circuit takes of a job's size, by its bytes and by its shots.

        Blocking twin of `quantum_async.IQMClient.weigh`.
        """
        return self._ask(lambda: self._async.weigh(job))

    def submit(self, request: SubmitRequest, *, timeout: float | None = None) -> list[JobRef]:
        """Send circuits as one job. Sent once, on a fresh connection; billed.

        Cancelled: whether the server accepted is then unknown.

        Args:
            request: What to run; its key becomes the job's tag.
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Raises:
            InvalidInputError: A circuit cannot run; nothing was sent.
            LostAnswerError, ServerError, ProtocolError: The server may have accepted.
            QuantumAsyncError: It was refused.

        Blocking twin of `quantum_async.IQMClient.submit`.
        """
        return self._call("IQMClient.submit", lambda: self._async.submit(request), timeout)

    def poll(
        self, jobs: Sequence[JobRef], *, wait: float = 0.0, timeout: float | None = None
    ) -> Mapping[JobRef, JobState]:
        """Ask where jobs stand, one request for all circuits of a job.

        Args:
            jobs: The jobs.
            wait: Seconds for which the answer may be held back until a job has ended.
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Blocking twin of `quantum_async.IQMClient.poll`.
        """
        return self._call("IQMClient.poll", lambda: self._async.poll(jobs, wait=wait), timeout)

    def fetch(self, job: JobRef, *, timeout: float | None = None) -> Result:
        """Read the result of a circuit whose job has succeeded.

        Args:
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Raises:
            ResultPendingError: It is not there yet.
            ResultError: It cannot be understood.

        Blocking twin of `quantum_async.IQMClient.fetch`.
        """
        return self._call("IQMClient.fetch", lambda: self._async.fetch(job), timeout)

    def fetch_many(
        self, jobs: Sequence[JobRef], *, timeout: float | None = None
    ) -> Mapping[JobRef, Result]:
        """Read the results of many circuits, one request for all circuits of a job.

        Args:
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Blocking twin of `quantum_async.IQMClient.fetch_many`.
        """
        return self._call("IQMClient.fetch_many", lambda: self._async.fetch_many(jobs), timeout)

    def cancel(
        self, jobs: Sequence[JobRef], *, timeout: float | None = None
    ) -> Mapping[JobRef, QuantumAsyncError]:
        """Cancel jobs; all circuits of a job end together. What has run already is billed.

        Args:
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Returns:
            What could not be cancelled and has not ended either, and why.

        Blocking twin of `quantum_async.IQMClient.cancel`.
        """
        return self._call("IQMClient.cancel", lambda: self._async.cancel(jobs), timeout)

    def find(self, key: str, *, timeout: float | None = None) -> list[JobRef]:
        """Be unable to look a submission up: IQM lists no jobs.

        Args:
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Raises:
            SubmissionUnknownError: Always; it says what was sent, when and where.

        Blocking twin of `quantum_async.IQMClient.find`.
        """
        return self._call("IQMClient.find", lambda: self._async.find(key), timeout)

    def token(self, *, timeout: float | None = None) -> str:
        """Return an access token that is valid now, logging in if need be.

        Args:
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Raises:
            AuthenticationError: There are no credentials, or they were refused.

        Blocking twin of `quantum_async.IQMClient.token`.
        """
        return self._call("IQMClient.token", lambda: self._async.token(), timeout)

    @property
    def name(self) -> str:
        """What the client is called in a scheduler, where that has several of one provider.

        Blocking twin of `quantum_async.IQMClient.name`.
        """
        return self._async.name

    options_class: ClassVar[type[RunOptions]] = IQMOptions

    variable_prefixes: ClassVar[tuple[str, ...]] = ("IQM_",)

    @property
    def account(self) -> str:
        """Which account, where a program uses several.

        Blocking twin of `quantum_async.IQMClient.account`.
        """
        return self._async.account

    @property
    def jobs(self) -> Jobs:
        """Jobs: look up, wait, cancel, delete, read what they measured.

        Blocking twin of `quantum_async.IQMClient.jobs`.
        """
        return self._wrap(self._async.jobs)

    @property
    def computers(self) -> QuantumComputers:
        """Quantum computers: list, health, limits, architecture, queue, timeslots.

        Blocking twin of `quantum_async.IQMClient.computers`.
        """
        return self._wrap(self._async.computers)

    @property
    def calibration(self) -> Calibration:
        """Calibration sets, quality metrics, feedback groups.

        Blocking twin of `quantum_async.IQMClient.calibration`.
        """
        return self._wrap(self._async.calibration)

    @property
    def pulses(self) -> Pulses:
        """Pulse jobs: submit what IQM's compiler made, read what it measured.

        Blocking twin of `quantum_async.IQMClient.pulses`.
        """
        return self._wrap(self._async.pulses)

    @property
    def tokens(self) -> Tokens:
        """API tokens: list, renew, activate, revoke.

        Blocking twin of `quantum_async.IQMClient.tokens`.
        """
        return self._wrap(self._async.tokens)

    def submit_circuits(
        self,
        circuits: Sequence[Circuit | Program],
        *,
        qubit_mapping: Mapping[str, str] | None = None,
        custom_settings: Mapping[str, JsonValue] | None = None,
        calibration_set_id: UUID | str | None = None,
        shots: int = 1,
        max_circuit_duration_over_t2: float | None = None,
        heralding_mode: HeraldingMode = HeraldingMode.NONE,
        options: IQMOptions | None = None,
        timeout: float | None = None,
    ) -> UUID:
        """Submit circuits as one job. Sent once; billed.

        Args:
            circuits: What to run: native circuits, or programs in native gates.
            qubit_mapping: From the names that circuits use to those of the chip.
            custom_settings: Settings of the older interface; normally absent.
            calibration_set_id: Which calibration set; the current one if ``None``.
            shots: How often each of them.
            max_circuit_duration_over_t2: Refuse circuits longer than this part of T2.
            heralding_mode: Which shots are kept.
            options: All options at once, instead of the ones above.
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Raises:
            InvalidInputError: A circuit cannot run, or options contradict each other; nothing was
                sent.
            LostAnswerError, ServerError, ProtocolError: The server may have accepted.

        Blocking twin of `quantum_async.IQMClient.submit_circuits`.
        """
        return self._call(
            "IQMClient.submit_circuits",
            lambda: self._async.submit_circuits(
                circuits,
                qubit_mapping=qubit_mapping,
                custom_settings=custom_settings,
                calibration_set_id=calibration_set_id,
                shots=shots,
                max_circuit_duration_over_t2=max_circuit_duration_over_t2,
                heralding_mode=heralding_mode,
                options=options,
            ),
            timeout,
        )

    def prepare_circuits(
        self,
        circuits: Sequence[Circuit | Program],
        *,
        shots: int = 1,
        options: IQMOptions | None = None,
        timeout: float | None = None,
    ) -> Submission:
        """Translate and check circuits without sending them, to look at what would be sent.

        Args:
            circuits: What to run: native circuits, or programs in native gates.
            shots: How often each of them.
            options: Everything else.
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Returns:
            What `submit_prepared` takes; its ``v1_body()`` is what would be on the wire.

        Raises:
            InvalidInputError: A circuit cannot run, with circuit, instruction and locus.

        Blocking twin of `quantum_async.IQMClient.prepare_circuits`.
        """
        return self._call(
            "IQMClient.prepare_circuits",
            lambda: self._async.prepare_circuits(circuits, shots=shots, options=options),
            timeout,
        )

    def submit_prepared(self, submission: Submission, *, timeout: float | None = None) -> UUID:
        """Submit what `prepare_circuits` made, as one job. Sent once; billed.

        Args:
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Raises:
            InvalidInputError: It is larger than a job may be; nothing was sent.
            LostAnswerError, ServerError, ProtocolError: The server may have accepted.

        Blocking twin of `quantum_async.IQMClient.submit_prepared`.
        """
        return self._call(
            "IQMClient.submit_prepared", lambda: self._async.submit_prepared(submission), timeout
        )

    def get_run(self, job_id: UUID | str, *, timeout: float | None = None) -> RunResult:
        """Read where a job stands and, once it is ready, what it measured.

        Args:
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Raises:
            JobFailedError: It failed.

        Blocking twin of `quantum_async.IQMClient.get_run`.
        """
        return self._call("IQMClient.get_run", lambda: self._async.get_run(job_id), timeout)

    def get_run_status(self, job_id: UUID | str, *, timeout: float | None = None) -> RunStatus:
        """Read where a job stands, in the words of the older interface.

        Args:
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Blocking twin of `quantum_async.IQMClient.get_run_status`.
        """
        return self._call(
            "IQMClient.get_run_status", lambda: self._async.get_run_status(job_id), timeout
        )

    def wait_for_compilation(
        self,
        job_id: UUID | str,
        timeout_secs: float | None = 900.0,
        *,
        timeout: float | None = None,
    ) -> RunResult:
        """Wait until a job is compiled or has ended.

        Args:
            job_id: The job.
            timeout_secs: Seconds after which to give up; ``None`` never does.
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Raises:
            WaitTimeoutError: It took longer; the job goes on.
            JobFailedError: It failed.

        Blocking twin of `quantum_async.IQMClient.wait_for_compilation`.
        """
        return self._call(
            "IQMClient.wait_for_compilation",
            lambda: self._async.wait_for_compilation(job_id, timeout_secs),
            timeout,
        )

    def wait_for_results(
        self,
        job_id: UUID | str,
        timeout_secs: float | None = 900.0,
        *,
        timeout: float | None = None,
    ) -> RunResult:
        """Wait until a job has ended, and read what it measured.

        Args:
            job_id: The job.
            timeout_secs: Seconds after which to give up; ``None`` never does.
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Raises:
            WaitTimeoutError: It took longer; the job goes on.
            JobFailedError: It failed.

        Blocking twin of `quantum_async.IQMClient.wait_for_results`.
        """
        return self._call(
            "IQMClient.wait_for_results",
            lambda: self._async.wait_for_results(job_id, timeout_secs),
            timeout,
        )

    def abort_job(self, job_id: UUID | str, *, timeout: float | None = None) -> None:
        """Cancel a job; one that has ended counts as cancelled.

        Args:
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Blocking twin of `quantum_async.IQMClient.abort_job`.
        """
        return self._call("IQMClient.abort_job", lambda: self._async.abort_job(job_id), timeout)

    def get_quantum_architecture(
        self, *, timeout: float | None = None
    ) -> QuantumArchitectureSpecification:
        """Read what the chip is made of and which operations are possible where; asked once.

        Args:
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Blocking twin of `quantum_async.IQMClient.get_quantum_architecture`.
        """
        return self._call(
            "IQMClient.get_quantum_architecture",
            lambda: self._async.get_quantum_architecture(),
            timeout,
        )

    def close_auth_session(self, *, timeout: float | None = None) -> bool:
        """End the session at the authentication server, where this client began one.

        Args:
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Returns:
            Whether a session was ended.

        Raises:
            ConfigurationError: The tokens are those of a file, which somebody else looks after.

        Blocking twin of `quantum_async.IQMClient.close_auth_session`.
        """
        return self._call(
            "IQMClient.close_auth_session", lambda: self._async.close_auth_session(), timeout
        )

    @property
    def is_open(self) -> bool:
        """Whether the client has been entered and not yet closed.

        Blocking twin of `quantum_async.IQMClient.is_open`.
        """
        return self._async.is_open

    def open(self, *, timeout: float | None = None) -> None:
        """Make connection pools. Sends nothing.

        Args:
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Blocking twin of `quantum_async.IQMClient.open`.
        """
        return self._call("IQMClient.open", lambda: self._async.open(), timeout)

    def close(self, *, timeout: float | None = None) -> None:
        """Log out where it has logged in, and close every connection; remote jobs go on.

        Args:
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Blocking twin of `quantum_async.IQMClient.close`.
        """
        return self._call("IQMClient.close", lambda: self._async.close(), timeout)

    @property
    def provider(self) -> str:
        """Registry name of its provider, whatever the client is called. Sends nothing.

        Blocking twin of `quantum_async.IQMClient.provider`.
        """
        return self._async.provider

    @classmethod
    def id_for(cls, key: str) -> str | None:
        """Say which id the job of a submission has, where it follows from our key. Sends nothing.

        Args:
            key: The submission's key.

        Returns:
            ``None`` where the provider chooses the id, or one key can belong to several jobs.

        Blocking twin of `quantum_async.IQMClient.id_for`.
        """
        return _async.IQMClient.id_for(key)

    def options_of(self, options: RunOptions) -> RunOptions:
        """Take options of any class as those of this client. Sends nothing.

        The scheduler does so with all that it is given, so that `validate`, `submit` and
        `open_batch` are handed `options_class`. What a route cannot carry, `validate` refuses.

        Args:
            options: What the caller passed.

        Raises:
            InvalidOptionError: This client has no such option, or they are no options.

        Blocking twin of `quantum_async.IQMClient.options_of`.
        """
        return self._ask(lambda: self._async.options_of(options))

    def index_of(self, job: JobSpec, place: int) -> int:
        """Say which program of the provider's job a job is, for its `JobRef.index`. Sends nothing.

        Args:
            job: The job.
            place: Its place in its submission, from 0.

        Blocking twin of `quantum_async.IQMClient.index_of`.
        """
        return self._ask(lambda: self._async.index_of(job, place))

    def open_batch(self, request: BatchRequest, *, timeout: float | None = None) -> BatchRef:
        """Open a batch that takes jobs until it is closed.

        Billed: an open batch may reserve the device.

        Args:
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Raises:
            BatchError: This provider has no open batches.

        Blocking twin of `quantum_async.IQMClient.open_batch`.
        """
        return self._call("IQMClient.open_batch", lambda: self._async.open_batch(request), timeout)

    def close_batch(self, batch: BatchRef, *, timeout: float | None = None) -> None:
        """Close a batch: jobs in it go on, no more can be added. Closing twice is harmless.

        Args:
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Blocking twin of `quantum_async.IQMClient.close_batch`.
        """
        return self._call("IQMClient.close_batch", lambda: self._async.close_batch(batch), timeout)

    def cancel_batch(self, batch: BatchRef, *, timeout: float | None = None) -> None:
        """Close a batch and cancel its unfinished jobs.

        Args:
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Blocking twin of `quantum_async.IQMClient.cancel_batch`.
        """
        return self._call(
            "IQMClient.cancel_batch", lambda: self._async.cancel_batch(batch), timeout
        )

    def find_batch(self, key: str, *, timeout: float | None = None) -> BatchRef | None:
        """Look for a batch whose opening answer was lost, by its key.

        Args:
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Blocking twin of `quantum_async.IQMClient.find_batch`.
        """
        return self._call("IQMClient.find_batch", lambda: self._async.find_batch(key), timeout)

    def batch_state(self, batch: BatchRef, *, timeout: float | None = None) -> BatchState:
        """Ask where a batch stands, whoever opened it.

        Args:
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Raises:
            BatchError: This provider has no batches.
            NotFoundError: It does not know this one.

        Blocking twin of `quantum_async.IQMClient.batch_state`.
        """
        return self._call("IQMClient.batch_state", lambda: self._async.batch_state(batch), timeout)

    def batch_jobs(self, batch: BatchRef, *, timeout: float | None = None) -> list[JobRef]:
        """List a batch's jobs in the order in which they were created, whoever submitted them.

        Args:
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Raises:
            BatchError: This provider has no batches.
            NotFoundError: It does not know this one.

        Blocking twin of `quantum_async.IQMClient.batch_jobs`.
        """
        return self._call("IQMClient.batch_jobs", lambda: self._async.batch_jobs(batch), timeout)


class Calibration(Handle["AsyncCalibration"]):
    """What quantum computers are calibrated to: `IQMClient.calibration`.

    Args:
        server: Where they are.

    Blocking twin of `quantum_async.providers.iqm.computers.Calibration`.
    """

    __slots__ = ()

    def get(
        self,
        calibration_set_id: str = "default",
        *,
        computer: str = "",
        timeout: float | None = None,
    ) -> ObservationSet:
        """Read a calibration set.

        Args:
            calibration_set_id: Which one; the current one by default.
            computer: Alias or id of the quantum computer.
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Raises:
            NotFoundError: There is none.

        Blocking twin of `quantum_async.providers.iqm.computers.Calibration.get`.
        """
        return self._call(
            "Calibration.get",
            lambda: self._async.get(calibration_set_id, computer=computer),
            timeout,
        )

    def metrics(
        self,
        calibration_set_id: str = "default",
        *,
        computer: str = "",
        timeout: float | None = None,
    ) -> ObservationSet:
        """Read the quality metrics of a calibration set: fidelities, T1, T2.

        Args:
            calibration_set_id: Which one; the current one by default.
            computer: Alias or id of the quantum computer.
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Raises:
            NotFoundError: There are none.

        Blocking twin of `quantum_async.providers.iqm.computers.Calibration.metrics`.
        """
        return self._call(
            "Calibration.metrics",
            lambda: self._async.metrics(calibration_set_id, computer=computer),
            timeout,
        )

    def feedback_groups(
        self, *, computer: str = "", timeout: float | None = None
    ) -> tuple[frozenset[str], ...]:
        """Say which qubits can be conditioned on each other, the largest group first.

        Args:
            computer: Alias or id of the quantum computer.
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Raises:
            NotFoundError, RejectedRequestError: The server does not tell.

        Blocking twin of `quantum_async.providers.iqm.computers.Calibration.feedback_groups`.
        """
        return self._call(
            "Calibration.feedback_groups",
            lambda: self._async.feedback_groups(computer=computer),
            timeout,
        )


class QuantumComputers(Handle["AsyncQuantumComputers"]):
    """The quantum computers of a server: `IQMClient.computers`.

    A quantum computer is named by its alias or its id; without a name it is the client's, or the
    only one.

    Args:
        server: Where they are.

    Blocking twin of `quantum_async.providers.iqm.computers.QuantumComputers`.
    """

    __slots__ = ()

    def list(self, *, timeout: float | None = None) -> tuple[QuantumComputer, ...]:
        """List the quantum computers.

        Args:
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Blocking twin of `quantum_async.providers.iqm.computers.QuantumComputers.list`.
        """
        return self._call("QuantumComputers.list", lambda: self._async.list(), timeout)

    def get(self, name: str = "", *, timeout: float | None = None) -> QuantumComputer:
        """Look a quantum computer up.

        Args:
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Raises:
            UnknownTargetError: There is none of that name.

        Blocking twin of `quantum_async.providers.iqm.computers.QuantumComputers.get`.
        """
        return self._call("QuantumComputers.get", lambda: self._async.get(name), timeout)

    def health(self, name: str = "", *, timeout: float | None = None) -> Health:
        """Ask whether a quantum computer takes jobs.

        Args:
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Blocking twin of `quantum_async.providers.iqm.computers.QuantumComputers.health`.
        """
        return self._call("QuantumComputers.health", lambda: self._async.health(name), timeout)

    def limits(self, name: str = "", *, timeout: float | None = None) -> JobLimits:
        """Ask how large a job may be; asked once.

        Args:
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Blocking twin of `quantum_async.providers.iqm.computers.QuantumComputers.limits`.
        """
        return self._call("QuantumComputers.limits", lambda: self._async.limits(name), timeout)

    def static_architecture(
        self, name: str = "", *, timeout: float | None = None
    ) -> StaticArchitecture:
        """Ask what the chip is made of, whatever its calibration.

        Args:
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Blocking twin of `quantum_async.providers.iqm.computers.QuantumComputers.static_architecture`.
        """
        return self._call(
            "QuantumComputers.static_architecture",
            lambda: self._async.static_architecture(name),
            timeout,
        )

    def architecture(
        self, name: str = "", *, calibration_set_id: str | None = None, timeout: float | None = None
    ) -> Architecture:
        """Ask what the chip can run as it is calibrated.

        Args:
            name: The quantum computer.
            calibration_set_id: Which calibration set; the current one if ``None``.
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Blocking twin of `quantum_async.providers.iqm.computers.QuantumComputers.architecture`.
        """
        return self._call(
            "QuantumComputers.architecture",
            lambda: self._async.architecture(name, calibration_set_id=calibration_set_id),
            timeout,
        )

    def queue(
        self,
        name: str = "",
        *,
        start: str | None = None,
        end: str | None = None,
        timeout: float | None = None,
    ) -> QueueOverview:
        """Ask how long the pay-as-you-go queue is and when it is served.

        Args:
            name: The quantum computer.
            start: Beginning of the time of interest, as ``2026-05-04T10:00:00Z``; now if ``None``.
            end: Its end.
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Blocking twin of `quantum_async.providers.iqm.computers.QuantumComputers.queue`.
        """
        return self._call(
            "QuantumComputers.queue", lambda: self._async.queue(name, start=start, end=end), timeout
        )

    def timeslots(
        self,
        name: str = "",
        *,
        start: str | None = None,
        end: str | None = None,
        timeout: float | None = None,
    ) -> Timeslots:
        """List the timeslots that are booked and those that can be.

        Args:
            name: The quantum computer.
            start: Beginning of the time of interest, as ``2026-05-04T10:00:00Z``; now if ``None``.
            end: Its end.
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Blocking twin of `quantum_async.providers.iqm.computers.QuantumComputers.timeslots`.
        """
        return self._call(
            "QuantumComputers.timeslots",
            lambda: self._async.timeslots(name, start=start, end=end),
            timeout,
        )

    def book_timeslots(
        self, prices: Mapping[str, str | None], name: str = "", *, timeout: float | None = None
    ) -> tuple[Timeslot, ...]:
        """Book timeslots, all or none. Sent once; billed at once.

        Args:
            prices: For each slot's reference, the price expected as in `timeslots`; ``None``
                takes whatever it costs.
            name: The quantum computer.
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Raises:
            PermissionDeniedError: The role or the credits do not suffice.
            ConflictError: A slot is taken.

        Blocking twin of `quantum_async.providers.iqm.computers.QuantumComputers.book_timeslots`.
        """
        return self._call(
            "QuantumComputers.book_timeslots",
            lambda: self._async.book_timeslots(prices, name),
            timeout,
        )

    def artifact(self, kind: str, name: str = "", *, timeout: float | None = None) -> bytes:
        """Read anything else that the server has of a quantum computer, as it is.

        Args:
            kind: Such as ``"about"``, ``"duts"`` or ``"chip-design-records"``.
            name: The quantum computer.
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Blocking twin of `quantum_async.providers.iqm.computers.QuantumComputers.artifact`.
        """
        return self._call(
            "QuantumComputers.artifact", lambda: self._async.artifact(kind, name), timeout
        )

    def chip_design(self, name: str = "", *, timeout: float | None = None) -> ChipDesign:
        """Read how the chip is laid out: its parts, and what each is connected to.

        Args:
            name: The quantum computer.
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Raises:
            NotFoundError: The server does not tell.

        Blocking twin of `quantum_async.providers.iqm.computers.QuantumComputers.chip_design`.
        """
        return self._call(
            "QuantumComputers.chip_design", lambda: self._async.chip_design(name), timeout
        )

    def software(self, name: str = "", *, timeout: float | None = None) -> Mapping[str, JsonValue]:
        """Read the versions of a quantum computer's software.

        Args:
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Blocking twin of `quantum_async.providers.iqm.computers.QuantumComputers.software`.
        """
        return self._call("QuantumComputers.software", lambda: self._async.software(name), timeout)

    def about(self, *, timeout: float | None = None) -> Mapping[str, JsonValue]:
        """Read what the server says of itself.

        Args:
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Blocking twin of `quantum_async.providers.iqm.computers.QuantumComputers.about`.
        """
        return self._call("QuantumComputers.about", lambda: self._async.about(), timeout)


class Jobs(Handle["AsyncJobs"]):
    """The jobs of an account: `IQMClient.jobs`. The service cannot list them.

    Args:
        server: Where they run.
        patience: Waits for them.

    Blocking twin of `quantum_async.providers.iqm.jobs.Jobs`.
    """

    __slots__ = ()

    def get(self, job_id: str, *, wait: float = 0.0, timeout: float | None = None) -> IQMJob:
        """Look a job up, with its timeline, messages and errors.

        Args:
            job_id: The job.
            wait: Seconds for which the answer may be held back until there is news.
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Blocking twin of `quantum_async.providers.iqm.jobs.Jobs.get`.
        """
        return self._call("Jobs.get", lambda: self._async.get(job_id, wait=wait), timeout)

    def wait(self, job_id: str, *, timeout: float | None = 10800.0) -> IQMJob:
        """Wait until a job has ended, by the server's long polls where it has them.

        Args:
            job_id: The job.
            timeout: Seconds after which to give up; ``None`` never does.

        Raises:
            WaitTimeoutError: It took longer; the job goes on.

        Blocking twin of `quantum_async.providers.iqm.jobs.Jobs.wait`.
        """
        return self._call("Jobs.wait", lambda: self._async.wait(job_id, timeout=timeout))

    def cancel(self, job_id: str, *, timeout: float | None = None) -> bool:
        """Cancel a job; what has run already is billed.

        Args:
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Returns:
            Whether it could still be cancelled: ``False`` where it had ended.

        Blocking twin of `quantum_async.providers.iqm.jobs.Jobs.cancel`.
        """
        return self._call("Jobs.cancel", lambda: self._async.cancel(job_id), timeout)

    def delete(self, job_id: str, *, timeout: float | None = None) -> None:
        """Cancel a job if it runs, and let the server forget it with its results.

        Args:
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Blocking twin of `quantum_async.providers.iqm.jobs.Jobs.delete`.
        """
        return self._call("Jobs.delete", lambda: self._async.delete(job_id), timeout)

    def payload(self, job_id: str, *, timeout: float | None = None) -> Mapping[str, JsonValue]:
        """Read what was submitted, exactly as it was.

        Args:
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Blocking twin of `quantum_async.providers.iqm.jobs.Jobs.payload`.
        """
        return self._call("Jobs.payload", lambda: self._async.payload(job_id), timeout)

    def measurements(
        self, job_id: str, *, timeout: float | None = None
    ) -> tuple[CircuitMeasurements, ...]:
        """Read what a job measured: for each circuit, by key, shot and qubit.

        Args:
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Raises:
            ResultPendingError: It is not there yet.

        Blocking twin of `quantum_async.providers.iqm.jobs.Jobs.measurements`.
        """
        return self._call("Jobs.measurements", lambda: self._async.measurements(job_id), timeout)

    def counts(self, job_id: str, *, timeout: float | None = None) -> tuple[MeasurementCounts, ...]:
        """Read the counts that the server made, in its own bit order.

        Args:
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Raises:
            ResultPendingError: They are not there yet.

        Blocking twin of `quantum_async.providers.iqm.jobs.Jobs.counts`.
        """
        return self._call("Jobs.counts", lambda: self._async.counts(job_id), timeout)

    def artifact(self, job_id: str, kind: str, *, timeout: float | None = None) -> bytes:
        """Read anything that a job has produced, as it is.

        Args:
            job_id: The job.
            kind: Such as ``"measurements"``.
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Raises:
            ResultPendingError: It is not there yet.

        Blocking twin of `quantum_async.providers.iqm.jobs.Jobs.artifact`.
        """
        return self._call("Jobs.artifact", lambda: self._async.artifact(job_id, kind), timeout)

    def address(self, job_id: str) -> str:
        """Give the address of a job, for people who look it up by hand.

        Blocking twin of `quantum_async.providers.iqm.jobs.Jobs.address`.
        """
        return self._ask(lambda: self._async.address(job_id))


class Pulses(Handle["AsyncPulses"]):
    """Pulse jobs: `IQMClient.pulses`. Waiting, cancelling and deleting are those of `jobs`.

    Pulses are compiled by IQM's own packages (``iqm-client`` with ``iqm-pulse``), which this one
    neither needs nor replaces: what they serialise is sent as it is.

    Args:
        server: Where they run.

    Blocking twin of `quantum_async.providers.iqm.pulses.Pulses`.
    """

    __slots__ = ()

    def settings(self, *, computer: str = "", timeout: float | None = None) -> bytes:
        """Read a quantum computer's settings, which IQM's compiler needs, as a protocol buffer.

        Args:
            computer: Alias or id of the quantum computer.
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Raises:
            NotFoundError: The server does not give them.

        Blocking twin of `quantum_async.providers.iqm.pulses.Pulses.settings`.
        """
        return self._call(
            "Pulses.settings", lambda: self._async.settings(computer=computer), timeout
        )

    def submit(
        self,
        run_definition: bytes,
        *,
        computer: str = "",
        use_timeslot: bool = False,
        tag: str = "",
        timeout: float | None = None,
    ) -> str:
        """Submit a pulse job and return its id. Sent once; billed.

        Args:
            run_definition: A serialised ``RunDefinition``, as IQM's ``serialize_run_definition``
                makes it.
            computer: Alias or id of the quantum computer.
            use_timeslot: Whether the job runs in a timeslot that is booked, not in the queue.
            tag: What the job is found by outside, at most 50 characters.
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Raises:
            ProgramError, InvalidOptionError: There is nothing to run, or the tag is too long.
            LostAnswerError, ServerError, ProtocolError: The server may have accepted.

        Blocking twin of `quantum_async.providers.iqm.pulses.Pulses.submit`.
        """
        return self._call(
            "Pulses.submit",
            lambda: self._async.submit(
                run_definition, computer=computer, use_timeslot=use_timeslot, tag=tag
            ),
            timeout,
        )

    def payload(self, job_id: str, *, timeout: float | None = None) -> bytes:
        """Read the run definition of a pulse job, exactly as it was submitted.

        Args:
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Blocking twin of `quantum_async.providers.iqm.pulses.Pulses.payload`.
        """
        return self._call("Pulses.payload", lambda: self._async.payload(job_id), timeout)

    def results(
        self, job_id: str, *, timeout: float | None = None
    ) -> Mapping[str, tuple[SweepArray, ...]]:
        """Read what a pulse job measured: for each parameter, an array for each spot.

        Args:
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Raises:
            ResultPendingError: It is not there yet.
            ProtocolError: It is damaged.

        Blocking twin of `quantum_async.providers.iqm.pulses.Pulses.results`.
        """
        return self._call("Pulses.results", lambda: self._async.results(job_id), timeout)
