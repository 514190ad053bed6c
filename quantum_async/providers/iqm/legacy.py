"""IQM's older interface: ``/jobs`` below the address of one quantum computer."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import anyio
import anyio.to_thread

from quantum_async.errors import NotFoundError, ResultError, ResultPendingError
from quantum_async.http.address import segment
from quantum_async.http.encode import Body, off_loop
from quantum_async.http.redact import hide
from quantum_async.providers.iqm.api import decoded_object, parse
from quantum_async.providers.iqm.architecture import Architecture, from_static
from quantum_async.providers.iqm.dialect import Generation, Stored, not_offered
from quantum_async.providers.iqm.translate.legacy import (
    calibration_set_of,
    job_of,
    job_of_run,
    metrics_of,
)
from quantum_async.providers.iqm.translate.measurements import split_run
from quantum_async.providers.iqm.wire import (
    DynamicArchitecture,
    Health,
    IQMJobStatus,
    JobCreated,
    JobLimits,
    MeasurementCounts,
    QuantumArchitecture,
    QuantumComputer,
    RunCounts,
    RunResult,
    RunStatus,
    StaticArchitecture,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic import JsonValue

    from quantum_async.providers.iqm.api import Gateway
    from quantum_async.providers.iqm.submission import Submission
    from quantum_async.providers.iqm.wire import (
        IQMJob,
        ObservationSet,
        QuantumArchitectureSpecification,
    )

NAME = "default"
"""What the one quantum computer is called where the server gives it no name."""


class Legacy:
    """The older interface.

    Args:
        gateway: Sends requests.
    """

    generation: ClassVar[Generation] = Generation.LEGACY
    holds_answers: ClassVar[bool] = False
    """Whether the server can hold an answer back until a job has ended."""

    def __init__(self, gateway: Gateway) -> None:
        self.gateway = gateway
        self._specification: QuantumArchitectureSpecification | None = None
        self._lock = anyio.Lock()

    async def specification(self) -> QuantumArchitectureSpecification:
        """Read the static architecture, once."""
        async with self._lock:
            if self._specification is None:
                answer = await self.gateway.read("/quantum-architecture")
                self._specification = parse(QuantumArchitecture, answer).quantum_architecture
            return self._specification

    async def computers(self) -> tuple[QuantumComputer, ...]:
        """Name the one quantum computer of this address."""
        name = (await self.specification()).name or NAME
        return (QuantumComputer(id=name, alias=name, display_name=name),)

    async def health(self, computer: QuantumComputer) -> Health:
        """Guess from whether the server answers: the older interface does not tell."""
        del computer
        await self.specification()
        return Health(healthy=True)

    async def limits(self, computer: QuantumComputer) -> JobLimits:
        """Know no limits: the older interface does not tell."""
        del computer
        return JobLimits()

    async def static_architecture(self, computer: QuantumComputer) -> StaticArchitecture:
        """Say what the chip is made of."""
        found = await self.specification()
        return StaticArchitecture(
            dut_label=computer.alias, qubits=found.qubits, connectivity=found.qubit_connectivity
        )

    async def architecture(self, computer: QuantumComputer, calibration: str) -> Architecture:
        """Ask what a calibration set can run; the oldest servers only know the chip."""
        del computer
        try:
            answer = await self.gateway.read(f"/api/v1/calibration/{segment(calibration)}/gates")
        except NotFoundError:
            found = await self.specification()
            return from_static(found.qubits, found.loci)
        return Architecture(parse(DynamicArchitecture, answer))

    async def calibration_set(self, computer: QuantumComputer, calibration: str) -> ObservationSet:
        """Read a calibration set."""
        del computer
        answer = await self.gateway.read(f"/api/v1/calibration/{segment(calibration)}")
        with answer.decoding("the calibration set", provider="iqm"):
            return calibration_set_of(await decoded_object(answer))

    async def metrics(self, computer: QuantumComputer, calibration: str) -> ObservationSet:
        """Read the quality metrics of a calibration set."""
        del computer
        answer = await self.gateway.read(f"/calibration/metrics/{segment(calibration)}")
        with answer.decoding("the metrics", provider="iqm"):
            return metrics_of(await decoded_object(answer))

    async def submit(self, computer: QuantumComputer, submission: Submission, trace: str) -> str:
        """Send a submission once, and return the job's id."""
        del computer
        if submission.options.use_timeslot:
            raise not_offered("timeslots")
        content = await anyio.to_thread.run_sync(submission.legacy_body)
        created = await self.gateway.create(JobCreated, "/jobs", body=Body(content), trace=trace)
        return created.id

    async def job(self, job_id: str) -> IQMJob:
        """Ask where a job stands."""
        return job_of(job_id, await self.status(job_id))

    async def status(self, job_id: str) -> RunStatus:
        """Ask where a job stands, in the interface's own words."""
        return parse(RunStatus, await self.gateway.status(f"{_job(job_id)}/status", job_id), job_id)

    async def run(self, job_id: str) -> RunResult:
        """Read all of a job."""
        answer = await self.gateway.read(_job(job_id), job_id=job_id)
        with answer.decoding("what was measured", provider="iqm", job_id=job_id):
            try:
                rest, measurements = await off_loop(split_run, answer.content)
                run = RunResult.model_validate(rest)
            except ValueError:
                return parse(RunResult, answer, job_id)
        if measurements is None:
            return run
        # Checked by whoever has split them off; pydantic would look at every shot again.
        found = tuple({key: tuple(shots) for key, shots in c.items()} for c in measurements)
        return run.model_copy(update={"measurements": found})

    async def watch(self, job_id: str, seconds: int) -> tuple[IQMJob, bool]:
        """Ask where a job stands; answered at once."""
        del seconds
        return await self.job(job_id), False

    async def cancel(self, job_id: str) -> None:
        """Abort a job."""
        await self.gateway.write(f"{_job(job_id)}/abort", job_id=job_id)

    async def delete(self, job_id: str) -> None:
        """Abort a job and forget it."""
        await self.gateway.write(_job(job_id), job_id=job_id, method="DELETE")

    async def stored(self, job_id: str, *, with_payload: bool) -> Stored:
        """Read what a job that has succeeded measured."""
        del with_payload
        run = await self.run(job_id)
        if run.measurements is None:
            ended = job_of_run(job_id, run).status
            if ended in {IQMJobStatus.FAILED, IQMJobStatus.CANCELLED}:
                raise ResultError(
                    f"job {job_id} {ended}: {hide(run.message or 'it has no measurements')}",
                    provider="iqm",
                    job_id=job_id,
                    remedy="It has no result and never will; submit it again.",
                )
            raise ResultPendingError(f"job {job_id} is {run.status}", provider="iqm", job_id=job_id)
        return Stored(run.measurements, _request(run))

    async def payload(self, job_id: str) -> Mapping[str, JsonValue]:
        """Read what was submitted."""
        return _request(await self.run(job_id)) or {}

    async def counts(self, job_id: str) -> tuple[MeasurementCounts, ...]:
        """Read the counts that the server made; not every server does."""
        answer = await self.gateway.read(f"{_job(job_id)}/counts", job_id=job_id)
        found = parse(RunCounts, answer, job_id)
        with answer.decoding("the counts", provider="iqm", job_id=job_id):
            return tuple(MeasurementCounts.model_validate(counts) for counts in found.counts_batch)

    async def about(self) -> Mapping[str, JsonValue]:
        """Read what the server says of itself."""
        return await decoded_object(await self.gateway.read("/about"))


def _request(run: RunResult) -> Mapping[str, JsonValue] | None:
    metadata = run.metadata
    if metadata.request is not None or metadata.circuits_batch is None:
        return metadata.request
    return {**(metadata.parameters or {}), "circuits": list(metadata.circuits_batch)}


def _job(job_id: str) -> str:
    return f"/jobs/{segment(job_id)}"
