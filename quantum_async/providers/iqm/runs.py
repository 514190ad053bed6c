"""The operations of IQM's older client class, under their own names, on either interface."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID, uuid4

from quantum_async.errors import (
    ConfigurationError,
    InvalidOptionError,
    JobFailedError,
    ProtocolError,
)
from quantum_async.http.encode import json_bytes
from quantum_async.http.redact import hide
from quantum_async.models.program import Program
from quantum_async.models.submission import JobSpec, SubmitRequest
from quantum_async.providers.iqm.auth import FileAuth, Login
from quantum_async.providers.iqm.legacy import Legacy
from quantum_async.providers.iqm.options import HeraldingMode, IQMOptions
from quantum_async.providers.iqm.translate.legacy import run_of, run_status_of, specification_of
from quantum_async.providers.iqm.wire import IQMJobStatus

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pydantic import JsonValue

    from quantum_async.providers.iqm.api import Gateway
    from quantum_async.providers.iqm.circuits import Circuit
    from quantum_async.providers.iqm.jobs import Jobs, Patience
    from quantum_async.providers.iqm.server import Server
    from quantum_async.providers.iqm.submission import Sending, Submission
    from quantum_async.providers.iqm.wire import (
        IQMJob,
        QuantumArchitectureSpecification,
        RunResult,
        RunStatus,
    )

FIFTEEN_MINUTES = 900.0


class Runs:
    """What the older class could do; `IQMClient` inherits it.

    On IQM Server every operation is made of newer ones, and says the same.
    """

    _server: Server
    _gateway: Gateway
    _sending: Sending
    _patience: Patience
    jobs: Jobs
    _specification: QuantumArchitectureSpecification | None = None

    async def submit_circuits(
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

        Raises:
            InvalidInputError: A circuit cannot run, or options contradict each other; nothing was
                sent.
            LostAnswerError, ServerError, ProtocolError: The server may have accepted.
        """
        others = (qubit_mapping, custom_settings, calibration_set_id, max_circuit_duration_over_t2)
        is_heralded = HeraldingMode(heralding_mode) is not HeraldingMode.NONE
        if options is not None and (is_heralded or any(value is not None for value in others)):
            raise InvalidOptionError(
                "options were given, and some of them beside",
                provider="iqm",
                remedy="Put all of them into options=IQMOptions(...), or none.",
            )
        chosen = options or IQMOptions(
            qubit_mapping=qubit_mapping or (),
            calibration_set_id=None if calibration_set_id is None else str(calibration_set_id),
            max_circuit_duration_over_t2=max_circuit_duration_over_t2,
            heralding_mode=HeraldingMode(heralding_mode),
            custom_settings=None if custom_settings is None else _text(custom_settings),
        )
        return await self.submit_prepared(
            await self.prepare_circuits(circuits, shots=shots, options=chosen)
        )

    async def prepare_circuits(
        self,
        circuits: Sequence[Circuit | Program],
        *,
        shots: int = 1,
        options: IQMOptions | None = None,
    ) -> Submission:
        """Translate and check circuits without sending them, to look at what would be sent.

        Args:
            circuits: What to run: native circuits, or programs in native gates.
            shots: How often each of them.
            options: Everything else.

        Returns:
            What `submit_prepared` takes; its ``v1_body()`` is what would be on the wire.

        Raises:
            InvalidInputError: A circuit cannot run, with circuit, instruction and locus.
        """
        if not circuits:
            raise InvalidOptionError(
                "no circuits to submit", provider="iqm", remedy="Pass at least one."
            )
        chosen = options or IQMOptions()
        programs = [c if isinstance(c, Program) else c.program() for c in circuits]
        jobs = tuple(JobSpec(uuid4().hex, p, shots, options=chosen) for p in programs)
        request = SubmitRequest(uuid4().hex, self._server.preferred, jobs)
        return await self._sending.submission(request)

    async def submit_prepared(self, submission: Submission) -> UUID:
        """Submit what `prepare_circuits` made, as one job. Sent once; billed.

        Raises:
            InvalidInputError: It is larger than a job may be; nothing was sent.
            LostAnswerError, ServerError, ProtocolError: The server may have accepted.
        """
        computer = await self._server.computer()
        return _uuid(await self._sending.send(uuid4().hex, computer, submission))

    async def get_run(self, job_id: UUID | str) -> RunResult:
        """Read where a job stands and, once it is ready, what it measured.

        Raises:
            JobFailedError: It failed.
        """
        dialect, name = await self._server.dialect(), str(job_id)
        if isinstance(dialect, Legacy):
            run = await dialect.run(name)
        else:
            job = await dialect.job(name)
            is_ready = job.status is IQMJobStatus.COMPLETED
            stored = await dialect.stored(name, with_payload=True) if is_ready else None
            run = run_of(job, stored)
        if run.status == "failed":
            words = hide(run.message or "the job failed")
            raise JobFailedError(words, provider="iqm", job_id=name)
        return run

    async def get_run_status(self, job_id: UUID | str) -> RunStatus:
        """Read where a job stands, in the words of the older interface."""
        dialect = await self._server.dialect()
        if isinstance(dialect, Legacy):
            return await dialect.status(str(job_id))
        return run_status_of(await dialect.job(str(job_id)))

    async def wait_for_compilation(
        self, job_id: UUID | str, timeout_secs: float | None = FIFTEEN_MINUTES
    ) -> RunResult:
        """Wait until a job is compiled or has ended.

        Args:
            job_id: The job.
            timeout_secs: Seconds after which to give up; ``None`` never does.

        Raises:
            WaitTimeoutError: It took longer; the job goes on.
            JobFailedError: It failed.
        """
        dialect = await self._server.dialect()

        def is_compiled(job: IQMJob) -> bool:
            is_past = not dialect.holds_answers and job.status is IQMJobStatus.PROCESSING
            return is_past or job.status.is_terminal or job.reached("compilation_ended")

        await self._patience.until(dialect, str(job_id), is_compiled, timeout_secs, is_end=False)
        return await self.get_run(job_id)

    async def wait_for_results(
        self, job_id: UUID | str, timeout_secs: float | None = FIFTEEN_MINUTES
    ) -> RunResult:
        """Wait until a job has ended, and read what it measured.

        Args:
            job_id: The job.
            timeout_secs: Seconds after which to give up; ``None`` never does.

        Raises:
            WaitTimeoutError: It took longer; the job goes on.
            JobFailedError: It failed.
        """
        await self.jobs.wait(str(job_id), timeout=timeout_secs)
        return await self.get_run(job_id)

    async def abort_job(self, job_id: UUID | str) -> None:
        """Cancel a job; one that has ended counts as cancelled."""
        await self.jobs.cancel(str(job_id))

    async def get_quantum_architecture(self) -> QuantumArchitectureSpecification:
        """Read what the chip is made of and which operations are possible where; asked once."""
        if self._specification is None:
            dialect = await self._server.dialect()
            if isinstance(dialect, Legacy):
                self._specification = await dialect.specification()
            else:
                computer = await self._server.computer()
                static = await dialect.static_architecture(computer)
                dynamic = await self._server.architecture(computer)
                self._specification = specification_of(computer.alias, static, dynamic)
        return self._specification

    async def close_auth_session(self) -> bool:
        """End the session at the authentication server, where this client began one.

        Returns:
            Whether a session was ended.

        Raises:
            ConfigurationError: The tokens are those of a file, which somebody else looks after.
        """
        auth = self._gateway.auth
        if isinstance(auth, FileAuth):
            raise ConfigurationError(
                "the session of a tokens file is not this client's to end",
                provider="iqm",
                remedy="End it where it was begun.",
            )
        return await auth.close() if isinstance(auth, Login) else False


def _uuid(job_id: str) -> UUID:
    try:
        return UUID(job_id)
    except ValueError:
        raise ProtocolError(
            f"the job was accepted under the id {job_id!r}, which is no UUID",
            provider="iqm",
            job_id=job_id,
            accepted="yes",
            remedy="It runs; look it up with client.jobs.get(job_id).",
        ) from None


def _text(settings: Mapping[str, JsonValue]) -> str:
    return json_bytes(dict(settings)).decode()
