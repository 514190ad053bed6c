"""From a scheduler's request to one job of IQM."""

from __future__ import annotations

from collections import OrderedDict
from functools import partial
from typing import TYPE_CHECKING

import anyio.to_thread

from quantum_async.errors import DeviceLimitError, InvalidOptionError, InvalidShotsError
from quantum_async.models.job import JobRef
from quantum_async.providers.iqm.circuits import Circuit
from quantum_async.providers.iqm.options import iqm_options
from quantum_async.providers.iqm.submission import Submission, job_tag
from quantum_async.providers.iqm.translate.programs import prepare
from quantum_async.providers.iqm.translate.results import Expected
from quantum_async.providers.iqm.validation import check_mapping

if TYPE_CHECKING:
    from collections.abc import Sequence

    from quantum_async.models.submission import JobSpec, SubmitRequest
    from quantum_async.providers.iqm.architecture import Architecture
    from quantum_async.providers.iqm.options import IQMOptions
    from quantum_async.providers.iqm.outcomes import Outcomes
    from quantum_async.providers.iqm.server import Server
    from quantum_async.providers.iqm.translate.programs import Prepared
    from quantum_async.providers.iqm.wire import JobLimits, QuantumComputer

_REMEMBERED = 4096


class Sending:
    """Sends submissions, each as one job.

    Args:
        server: Where to.
        outcomes: Told how to read what comes back.
        account: Which account, for references.
    """

    def __init__(self, server: Server, outcomes: Outcomes, account: str) -> None:
        self._server = server
        self._outcomes = outcomes
        self._account = account
        self._sent: OrderedDict[str, str] = OrderedDict()

    async def submit(self, request: SubmitRequest) -> list[JobRef]:
        """Send a request once; see `IQMClient.submit`."""
        computer = await self._server.computer(request.target)
        submission = await self.submission(request, computer)
        job_id = await self.send(request.key, computer, submission)
        return [
            JobRef("iqm", job_id, request.target, job.key, index, account=self._account)
            for index, job in enumerate(request.jobs)
        ]

    async def submission(self, request: SubmitRequest, computer: QuantumComputer) -> Submission:
        """Translate and check a request; sends no job.

        Raises:
            InvalidInputError: A circuit cannot run, with circuit, instruction and locus.
        """
        first = request.jobs[0]
        if any(job.shots != first.shots or job.options != first.options for job in request.jobs):
            raise InvalidOptionError(
                "circuits of one IQM job share shots and options", provider="iqm"
            )
        shots, options = check_shots(first.shots), iqm_options(first.options)
        prepared = await self.prepared(request.jobs, computer)
        return Submission(
            tuple(p.circuit for p in prepared),
            shots,
            options,
            job_tag(request.key, options.tags),
            tuple(p.layout for p in prepared),
        )

    async def send(self, key: str, computer: QuantumComputer, submission: Submission) -> str:
        """Send a submission that was checked, once, and return the job's id."""
        self._check_limits(submission, await self._server.limits(computer))
        self._sent[key] = (
            f"{len(submission.circuits)} circuits of {submission.shots} shots, sent to "
            f"{computer.alias} at {self._server.gateway} with the tag {submission.tag!r}"
        )
        while len(self._sent) > _REMEMBERED:
            self._sent.popitem(last=False)
        job_id = await (await self._server.dialect()).submit(computer, submission)
        self._outcomes.expect(
            job_id,
            tuple(
                Expected(layout, submission.shots, submission.is_heralded)
                for layout in submission.layouts
            ),
        )
        return job_id

    def described(self, key: str) -> str:
        """Say what was sent under a key, for people who look for it."""
        return self._sent.get(key, f"what was sent to {self._server.gateway} under the key {key}")

    async def prepared(self, jobs: Sequence[JobSpec], computer: QuantumComputer) -> list[Prepared]:
        """Translate and check jobs off the loop; sends no job.

        Raises:
            InvalidInputError: One cannot run, with circuit, instruction and locus.
        """
        options = iqm_options(jobs[0].options)
        architecture = await self._server.architecture(computer, options.calibration_set_id)
        return await anyio.to_thread.run_sync(partial(_prepared, jobs, architecture, options))

    async def check(self, job: JobSpec, computer: QuantumComputer) -> None:
        """Refuse a job that cannot run."""
        [prepared] = await self.prepared([job], computer)
        submission = Submission((prepared.circuit,), job.shots, iqm_options(job.options))
        self._check_limits(submission, await self._server.limits(computer))

    def _check_limits(self, submission: Submission, limits: JobLimits) -> None:
        shots, circuits = submission.shots, len(submission.circuits)
        if limits.max_shots_per_circuit is not None and shots > limits.max_shots_per_circuit:
            raise InvalidShotsError(
                f"{shots} shots, and the quantum computer takes {limits.max_shots_per_circuit}",
                provider="iqm",
            )
        if limits.max_circuits_per_job is not None and circuits > limits.max_circuits_per_job:
            raise _too_large(f"{circuits} circuits", limits.max_circuits_per_job)
        executions = limits.max_executions_per_job
        if executions is not None and shots * circuits > executions:
            raise _too_large(f"{shots * circuits} executions (circuits by shots)", executions)
        longest = limits.max_instructions_per_circuit
        for circuit in submission.circuits:
            if longest is not None and isinstance(circuit, Circuit):
                length = len(circuit.instructions)
                if length > longest:
                    what = f"circuit {circuit.name!r} has {length} instructions"
                    raise _too_large(what, longest)


def check_shots(shots: object) -> int:
    """Return the shots as an integer.

    Raises:
        InvalidShotsError: They are not a positive whole number.
    """
    index = getattr(shots, "__index__", None)  # numpy integers count too
    number = 0 if isinstance(shots, bool) or index is None else int(index())
    if number < 1:
        raise InvalidShotsError(
            f"{shots!r} shots", provider="iqm", remedy="Give a whole number from 1 up."
        )
    return number


def _prepared(
    jobs: Sequence[JobSpec], architecture: Architecture, options: IQMOptions
) -> list[Prepared]:
    found = [prepare(job, architecture, options) for job in jobs]
    if options.mapping:
        circuits = [p.circuit for p in found if isinstance(p.circuit, Circuit)]
        check_mapping(options.mapping, circuits, architecture)
    return found


def _too_large(what: str, most: int) -> DeviceLimitError:
    return DeviceLimitError(
        f"{what}, and one job takes {most}",
        provider="iqm",
        remedy="Split it; a scheduler's sweep is split by itself.",
    )
