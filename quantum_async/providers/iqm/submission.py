"""From programs to jobs of a quantum computer."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import anyio.to_thread

from quantum_async.errors import DeviceLimitError, InvalidOptionError, InvalidShotsError
from quantum_async.http.encode import json_bytes
from quantum_async.models._recent import Recent
from quantum_async.models.job import JobRef
from quantum_async.models.options import meaning_of
from quantum_async.providers.iqm.circuits import Circuit
from quantum_async.providers.iqm.options import (
    DDStrategy,
    HeraldingMode,
    IQMOptions,
    MoveFrameTracking,
    MoveValidation,
    check_interface,
    checked_options,
)
from quantum_async.providers.iqm.translate.programs import native, needs_architecture, prepare_read
from quantum_async.providers.iqm.translate.results import Expected
from quantum_async.providers.iqm.validation import check_mapping
from quantum_async.simulation.shots import check_shots

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pydantic import JsonValue

    from quantum_async.models.submission import JobSpec, SubmitRequest
    from quantum_async.providers.iqm.architecture import Architecture
    from quantum_async.providers.iqm.outcomes import Outcomes
    from quantum_async.providers.iqm.server import Server
    from quantum_async.providers.iqm.translate.programs import Prepared
    from quantum_async.providers.iqm.translate.results import Layout
    from quantum_async.providers.iqm.wire import JobLimits, QuantumComputer


@dataclass(frozen=True, slots=True)
class Submission:
    """What one job of IQM runs.

    Args:
        circuits: In order; text is QIR.
        shots: How often each of them.
        options: Everything else.
        tag: What the job is found by outside, where the interface has a place for it.
        layouts: For each circuit, how its measurements fill registers; ``None`` for QIR.
    """

    circuits: tuple[Circuit | str, ...]
    shots: int
    options: IQMOptions
    tag: str = ""
    layouts: tuple[Layout | None, ...] = ()

    def v1_body(self) -> bytes:
        """Write it for IQM Server; may take milliseconds."""
        options = self.options
        validation = options.move_validation.value
        tracking = options.move_frame_tracking.value
        circuits = (c if isinstance(c, str) else c.document() for c in self.circuits)
        rest: dict[str, JsonValue] = {
            "calibration_set_id": options.calibration_set_id,
            "qubit_mapping": self._mapping(),
            "shots": self.shots,
            "max_circuit_duration_over_t2": options.max_circuit_duration_over_t2,
            "heralding_mode": options.heralding_mode.value,
            "move_gate_validation": validation,
            "move_gate_frame_tracking": tracking,
            "active_reset_cycles": options.active_reset_cycles,
            "dd_mode": "enabled" if options.dynamical_decoupling else "disabled",
            "dd_strategy": self._strategy(),
            # The vendor's client still sends both spellings, for servers of before 2025-10.
            "move_validation_mode": validation,
            "move_gate_frame_tracking_mode": tracking,
        }
        return _written(circuits, rest)

    def legacy_body(self) -> bytes:
        """Write it for the older interface: turns, and only what is not the default."""
        options = self.options
        circuits = (c if isinstance(c, str) else c.legacy_document() for c in self.circuits)
        written: dict[str, JsonValue] = {
            "shots": self.shots,
            "heralding_mode": options.heralding_mode.value,
            "qubit_mapping": self._mapping(),
            "calibration_set_id": options.calibration_set_id,
            "max_circuit_duration_over_t2": options.max_circuit_duration_over_t2,
            "active_reset_cycles": options.active_reset_cycles,
            "dd_strategy": self._strategy(),
        }
        if options.move_validation is not MoveValidation.STRICT:
            written["move_validation_mode"] = options.move_validation.value
        if options.move_frame_tracking is not MoveFrameTracking.FULL:
            written["move_gate_frame_tracking_mode"] = options.move_frame_tracking.value
        if options.dynamical_decoupling:
            written["dd_mode"] = "enabled"
        if options.custom_settings is not None:
            written["custom_settings"] = json.loads(options.custom_settings)
        rest = {name: value for name, value in written.items() if value is not None}
        return _written(circuits, rest)

    def _mapping(self) -> JsonValue:
        pairs: list[JsonValue] = [
            {"logical_name": logical, "physical_name": physical}
            for logical, physical in self.options.mapping.items()
        ]
        return pairs or None

    def _strategy(self) -> JsonValue:
        strategy = self.options.dynamical_decoupling
        if not isinstance(strategy, DDStrategy):
            return None
        targets = strategy.target_qubits
        return {
            "merge_contiguous_waits": strategy.merge_contiguous_waits,
            "target_qubits": None if targets is None else list(targets),
            "skip_leading_wait": strategy.skip_leading_wait,
            "skip_trailing_wait": strategy.skip_trailing_wait,
            "gate_sequences": [
                [s.length, s.gates if isinstance(s.gates, str) else _pairs(s.gates), s.placement]
                for s in strategy.sequences
            ],
        }

    @property
    def is_heralded(self) -> bool:
        """Whether shots may be missing from its results."""
        return self.options.heralding_mode is not HeraldingMode.NONE


def _written(circuits: Iterable[object], rest: Mapping[str, JsonValue]) -> bytes:
    # The encoder holds the interpreter until it is done: circuit by circuit, others get their turn.
    every = b",".join(map(json_bytes, circuits))
    return b'{"circuits":[' + every + b"]," + json_bytes(rest)[1:]


def _pairs(gates: tuple[tuple[float, float], ...]) -> list[JsonValue]:
    return [[angle, phase] for angle, phase in gates]


def job_tag(key: str, tags: tuple[str, ...]) -> str:
    """Make a job's tag of our key and the user's words."""
    return " ".join((key[:32], *tags)).strip()


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
        self._sent: Recent[str, str] = Recent(_REMEMBERED)

    async def submit(self, request: SubmitRequest) -> list[JobRef]:
        """Send a request once; see `IQMClient.submit`."""
        submission = await self.submission(request)
        computer = await self._server.computer(request.target)
        job_id = await self.send(request.key, computer, submission)
        return [
            JobRef("iqm", job_id, request.target, job.key, index, account=self._account)
            for index, job in enumerate(request.jobs)
        ]

    async def submission(self, request: SubmitRequest) -> Submission:
        """Translate and check a request; sends no job.

        Raises:
            InvalidInputError: A circuit cannot run, with circuit, instruction and locus.
        """
        first = request.jobs[0]
        kinds = {(job.shots, meaning_of(job.options)) for job in request.jobs}
        if len(kinds) > 1:
            raise InvalidOptionError(
                "circuits of one IQM job share shots and options",
                provider="iqm",
                remedy="Submit them in requests of their own, or leave it to a scheduler.",
            )
        shots = check_shots(first.shots, provider="iqm")
        options = checked_options(first.options, first.program)
        prepared = await self._prepared(request.jobs, request.target)
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
        tag = f" with the tag {submission.tag!r}" if submission.tag else ""
        trace = self._server.gateway.traced(
            f"{_counted(len(submission.circuits), 'circuit')} of {_counted(submission.shots, 'shot')} "
            f"for {computer.alias}{tag}"
        )
        self._sent[key] = trace
        job_id = await (await self._server.dialect()).submit(computer, submission, trace)
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
        return self._sent.get(
            key, f"something with the tag {job_tag(key, ())!r}, sent to {self._server.gateway}"
        )

    async def check(self, job: JobSpec, device: str) -> None:
        """Refuse a job that cannot run; what needs no request is checked before any is sent.

        Raises:
            InvalidInputError: It cannot run, with circuit, instruction and locus.
        """
        shots = check_shots(job.shots, provider="iqm")
        options = checked_options(job.options, job.program)
        [prepared] = await self._prepared([job], device)
        computer = await self._server.computer(device)
        submission = Submission((prepared.circuit,), shots, options)
        self._check_limits(submission, await self._server.limits(computer))

    async def _prepared(self, jobs: Sequence[JobSpec], device: str) -> list[Prepared]:
        options, *_ = [checked_options(job.options, job.program) for job in jobs]
        read = await anyio.to_thread.run_sync(lambda: [native(job) for job in jobs])
        computer = await self._server.computer(device)
        check_interface(options, (await self._server.dialect()).generation)
        architecture = None
        if any(needs_architecture(job, options) for job in jobs):
            architecture = await self._server.architecture(computer, options.calibration_set_id)
        work = partial(_finished, jobs, read, architecture, options)
        return await anyio.to_thread.run_sync(work)

    def _check_limits(self, submission: Submission, limits: JobLimits) -> None:
        shots, circuits = submission.shots, len(submission.circuits)
        if limits.max_shots_per_circuit is not None and shots > limits.max_shots_per_circuit:
            raise InvalidShotsError(
                f"{shots} shots, and the quantum computer takes {limits.max_shots_per_circuit}",
                provider="iqm",
                remedy="Ask for fewer, in several jobs if need be.",
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


def _finished(
    jobs: Sequence[JobSpec],
    read: Sequence[Circuit | None],
    architecture: Architecture | None,
    options: IQMOptions,
) -> list[Prepared]:
    found = [
        prepare_read(job, circuit, architecture, options)
        for job, circuit in zip(jobs, read, strict=True)
    ]
    if options.mapping:
        circuits = [p.circuit for p in found if isinstance(p.circuit, Circuit)]
        check_mapping(options.mapping, circuits, architecture if options.checked else None)
    return found


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _too_large(what: str, most: int) -> DeviceLimitError:
    return DeviceLimitError(
        f"{what}, and one job takes {most}",
        provider="iqm",
        remedy="Split it; a scheduler's sweep is split by itself.",
    )
