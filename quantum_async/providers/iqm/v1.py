"""IQM Server's interface, version 1."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

import anyio.to_thread
from pydantic import TypeAdapter

from quantum_async.errors import NotFoundError, ProtocolError, ResultError, ResultPendingError
from quantum_async.http.address import segment
from quantum_async.http.encode import Body, off_loop
from quantum_async.providers.api import about_job
from quantum_async.providers.iqm.api import decoded, decoded_object, parse, parse_value
from quantum_async.providers.iqm.architecture import Architecture
from quantum_async.providers.iqm.dialect import Generation, Stored
from quantum_async.providers.iqm.translate.measurements import measurements_of
from quantum_async.providers.iqm.wire import (
    DynamicArchitecture,
    Health,
    IQMJob,
    JobCreated,
    JobLimits,
    MeasurementCounts,
    ObservationSet,
    QuantumComputers,
    StaticArchitecture,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic import JsonValue

    from quantum_async.http.response import Response
    from quantum_async.providers.iqm.api import Gateway
    from quantum_async.providers.iqm.submission import Submission
    from quantum_async.providers.iqm.wire import QuantumComputer

API = "/api/v1"
HELD = "iqm-long-poll-timed-out"
"""The header by which the server says that it has held an answer back as long as it could."""

JSON = "application/json; charset=UTF-8"

_STATIC: TypeAdapter[tuple[StaticArchitecture, ...]] = TypeAdapter(tuple[StaticArchitecture, ...])
_COUNTS: TypeAdapter[tuple[MeasurementCounts, ...]] = TypeAdapter(tuple[MeasurementCounts, ...])


class V1:
    """IQM Server.

    Args:
        gateway: Sends requests.
    """

    generation: ClassVar[Generation] = Generation.V1
    holds_answers: ClassVar[bool] = True
    """Whether the server can hold an answer back until a job has ended."""

    def __init__(self, gateway: Gateway) -> None:
        self.gateway = gateway

    async def computers(self) -> tuple[QuantumComputer, ...]:
        """List the quantum computers."""
        answer = await self.gateway.read(f"{API}/quantum-computers")
        return parse(QuantumComputers, answer).quantum_computers

    async def health(self, computer: QuantumComputer) -> Health:
        """Ask whether a quantum computer takes jobs."""
        return parse(Health, await self.gateway.read(f"{computer_path(computer)}/health"))

    async def limits(self, computer: QuantumComputer) -> JobLimits:
        """Ask how large a job may be; servers that do not say so set no limit."""
        try:
            return parse(JobLimits, await self.gateway.read(f"{computer_path(computer)}/limits"))
        except NotFoundError:
            return JobLimits()

    async def artifact(
        self, computer: QuantumComputer, kind: str, *, media: str = "*/*"
    ) -> Response:
        """Read something that a quantum computer has, such as its ``about``.

        Args:
            computer: Of which quantum computer.
            kind: What.
            media: What it is wanted as.
        """
        path = f"{computer_path(computer)}/artifacts/{segment(kind)}"
        return await self.gateway.read(path, headers={"Accept": media})

    async def static_architecture(self, computer: QuantumComputer) -> StaticArchitecture:
        """Ask what the chip is made of."""
        answer = await self.artifact(computer, "static-quantum-architectures")
        found = parse_value(_STATIC, answer)
        if not found:
            raise ProtocolError(
                "the server names no static architecture",
                provider="iqm",
                remedy="Ask whoever runs the quantum computer.",
            )
        return found[0]

    async def architecture(self, computer: QuantumComputer, calibration: str) -> Architecture:
        """Ask what a calibration set can run."""
        path = f"{_calibration_path(computer, calibration)}/dynamic-quantum-architecture"
        return Architecture(parse(DynamicArchitecture, await self.gateway.read(path)))

    async def calibration_set(self, computer: QuantumComputer, calibration: str) -> ObservationSet:
        """Read a calibration set."""
        path = _calibration_path(computer, calibration)
        return parse(ObservationSet, await self.gateway.read(path))

    async def metrics(self, computer: QuantumComputer, calibration: str) -> ObservationSet:
        """Read the quality metrics of a calibration set."""
        path = f"{_calibration_path(computer, calibration)}/metrics"
        return parse(ObservationSet, await self.gateway.read(path))

    async def submit(self, computer: QuantumComputer, submission: Submission, trace: str) -> str:
        """Send a submission once, and return the job's id."""
        content = await anyio.to_thread.run_sync(submission.v1_body)
        return await self.create_job(
            "circuit",
            computer,
            Body(content, JSON),
            use_timeslot=submission.options.use_timeslot,
            tag=submission.tag,
            trace=trace,
        )

    async def create_job(
        self,
        kind: Literal["circuit", "run"],
        computer: QuantumComputer,
        body: Body,
        *,
        use_timeslot: bool,
        tag: str,
        trace: str,
    ) -> str:
        """Send a job once, and return its id.

        Args:
            kind: Of circuits, or of pulses.
            computer: Where to.
            body: What to run.
            use_timeslot: Whether it runs in a timeslot that is booked, not in the queue.
            tag: What it is found by outside; nothing if empty.
            trace: What an error must say where nobody knows whether the server has accepted.
        """
        created = await self.gateway.create(
            JobCreated,
            f"{API}/jobs/{segment(computer.alias)}/{kind}",
            query={"use_timeslot": "true" if use_timeslot else "false", "tag": tag or None},
            body=body,
            trace=trace,
        )
        return created.id

    async def job(self, job_id: str) -> IQMJob:
        """Ask where a job stands."""
        return parse(IQMJob, await self.gateway.status(job_path(job_id), job_id), job_id)

    async def watch(self, job_id: str, seconds: int) -> tuple[IQMJob, bool]:
        """Ask where a job stands, answered when it has ended or after a time."""
        answer = await self.gateway.watch(job_path(job_id), job_id, seconds)
        was_held = answer.headers.get(HELD, "").lower() == "true"
        return parse(IQMJob, answer, job_id), was_held

    async def cancel(self, job_id: str) -> None:
        """Cancel a job; one that has ended is refused."""
        await self.gateway.write(f"{job_path(job_id)}/cancel", job_id=job_id)

    async def delete(self, job_id: str) -> None:
        """Cancel a job and forget it."""
        await self.gateway.write(job_path(job_id), job_id=job_id, method="DELETE")

    async def job_artifact(self, job_id: str, kind: str, *, media: str = "*/*") -> Response:
        """Read something that a job has produced.

        Args:
            job_id: The job.
            kind: Such as ``"measurements"``.
            media: What it is wanted as.

        Raises:
            ResultPendingError: It is not there yet, or never will be.
        """
        path = f"{job_path(job_id)}/artifacts/{segment(kind)}"
        try:
            return await self.gateway.read(path, job_id=job_id, headers={"Accept": media})
        except NotFoundError as error:
            if "job_not_found" in str(error):
                raise
            raise ResultPendingError(
                f"job {job_id} has no {kind} yet",
                provider="iqm",
                job_id=job_id,
                request_id=error.request_id,
                remedy="Only a job that has completed has them, shortly after its end; "
                "client.jobs.get(job_id) says how far it is.",
            ) from error

    async def stored(self, job_id: str, *, with_payload: bool) -> Stored:
        """Read what a job that has succeeded measured."""
        answer = await self.job_artifact(job_id, "measurements")
        with (
            about_job(job_id, provider="iqm"),
            answer.decoding("what was measured", provider="iqm", job_id=job_id),
        ):
            try:
                found = await off_loop(measurements_of, answer.content)
            except ValueError as error:
                await decoded(answer)  # says better what is wrong where it is no JSON at all
                raise ResultError(
                    f"job {job_id} has measurements of an unknown form: {error}",
                    provider="iqm",
                    job_id=job_id,
                    remedy="client.jobs.artifact(job_id, 'measurements') reads them as they are.",
                ) from None
        if not with_payload:
            return Stored(tuple(found))
        try:
            return Stored(tuple(found), await self.payload(job_id))
        except NotFoundError:
            return Stored(tuple(found))

    async def payload(self, job_id: str) -> Mapping[str, JsonValue]:
        """Read what was submitted, exactly as it was."""
        answer = await self.raw_payload(job_id)
        with about_job(job_id, provider="iqm"):
            return await decoded_object(answer)

    async def raw_payload(self, job_id: str) -> Response:
        """Read what was submitted, byte for byte."""
        return await self.gateway.read(f"{job_path(job_id)}/payload", job_id=job_id)

    async def counts(self, job_id: str) -> tuple[MeasurementCounts, ...]:
        """Read the counts that the server made."""
        return parse_value(_COUNTS, await self.job_artifact(job_id, "measurement_counts"))

    async def about(self) -> Mapping[str, JsonValue]:
        """Read what the server says of itself; releases differ in where it is."""
        try:
            answer = await self.gateway.read(f"{API}/about")
        except NotFoundError:
            answer = await self.gateway.read("/about")
        return await decoded_object(answer)


def computer_path(computer: QuantumComputer) -> str:
    """Give the path of a quantum computer."""
    return f"{API}/quantum-computers/{segment(computer.alias)}"


def job_path(job_id: str) -> str:
    """Give the path of a job."""
    return f"{API}/jobs/{segment(job_id)}"


def _calibration_path(computer: QuantumComputer, calibration: str) -> str:
    return f"{API}/calibration-sets/{segment(computer.alias)}/{segment(calibration)}"
