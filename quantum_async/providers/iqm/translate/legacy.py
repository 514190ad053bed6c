"""The older interface's documents."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quantum_async.providers.iqm.translate.statuses import legacy_status
from quantum_async.providers.iqm.wire import (
    Compilation,
    IQMJob,
    IQMJobStatus,
    JobErrorEntry,
    JobMessage,
    Observation,
    ObservationSet,
    QuantumArchitectureSpecification,
    RunMetadata,
    RunResult,
    RunStatus,
    TimelineEntry,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic import JsonValue

    from quantum_async.providers.iqm.architecture import Architecture
    from quantum_async.providers.iqm.dialect import Stored
    from quantum_async.providers.iqm.wire import StaticArchitecture


SOURCE = "cocos"

STAGES = {
    "job_start": "created",
    "compile_start": "compilation_started",
    "compile_end": "compilation_ended",
    "submit_end": "pending_execution",
    "execution_start": "execution_started",
    "execution_end": "execution_ended",
    "job_end": "ready",
}
"""What a timeline calls the moments of the older interface."""


def job_of(job_id: str, run: RunStatus) -> IQMJob:
    """Write a job's status as IQM Server would."""
    return _job(job_id, run.status, run.message, run.warnings)


def job_of_run(job_id: str, run: RunResult) -> IQMJob:
    """Write a job as IQM Server would."""
    job = _job(job_id, run.status, run.message, run.warnings)
    moments = run.metadata.timestamps or {}
    timeline = tuple(
        TimelineEntry(status=stage, timestamp=str(moments[name]), source=SOURCE)
        for name, stage in STAGES.items()
        if moments.get(name)
    )
    compilation = Compilation(calibration_set_id=run.metadata.calibration_set_id)
    return job.model_copy(update={"timeline": timeline, "compilation": compilation})


def _job(job_id: str, word: str, message: str | None, warnings: tuple[str, ...]) -> IQMJob:
    status = legacy_status(word)
    has_failed = status is IQMJobStatus.FAILED
    errors = (JobErrorEntry(message=message or "", source=SOURCE),) if has_failed else ()
    said = (*warnings, *((message,) if message and not has_failed else ()))
    return IQMJob(
        id=job_id,
        reported=word if status is IQMJobStatus.UNKNOWN else status.value,
        errors=errors,
        messages=tuple(JobMessage(message=words, source=SOURCE) for words in said),
    )


def calibration_set_of(document: Mapping[str, JsonValue]) -> ObservationSet:
    """Write a calibration set as IQM Server would."""
    return _observation_set(document, "calibration_set", "calibration-set", "observations")


def metrics_of(document: Mapping[str, JsonValue]) -> ObservationSet:
    """Write a set of quality metrics as IQM Server would."""
    found = _observation_set(document, "quality_metric_set", "quality-metric-set", "metrics")
    return found.model_copy(update={"describes_id": _text(document.get("calibration_set_id"))})


def _observation_set(
    document: Mapping[str, JsonValue], prefix: str, kind: str, values: str
) -> ObservationSet:
    observations = document.get(values)
    items = observations.items() if isinstance(observations, dict) else ()
    return ObservationSet(
        observation_set_id=_text(document.get(f"{prefix}_id")),
        observation_set_type=kind,
        invalid=bool(document.get(f"{prefix}_is_invalid")),
        dut_label=_text(document.get(f"{prefix}_dut_label")),
        created_timestamp=_text(document.get(f"{prefix}_created_timestamp")),
        end_timestamp=_text(document.get(f"{prefix}_end_timestamp")),
        observations=tuple(_observation(name, value) for name, value in items),
    )


def _observation(name: str, value: JsonValue) -> Observation:
    if not isinstance(value, dict):
        return Observation(dut_field=name, value=value)
    return Observation(
        dut_field=name,
        value=_number(value.get("value")),
        unit=_text(value.get("unit")),
        uncertainty=_number(value.get("uncertainty")),
        created_timestamp=_text(value.get("timestamp")),
    )


def _text(value: JsonValue) -> str | None:
    return None if value is None else str(value)


def _number(value: JsonValue) -> JsonValue:
    # Numbers have been seen as text here.
    if not isinstance(value, str):
        return value
    try:
        return float(value)
    except ValueError:
        return value


_WORDS = {
    IQMJobStatus.COMPLETED: "ready",
    IQMJobStatus.FAILED: "failed",
    IQMJobStatus.CANCELLED: "aborted",
}

_MOMENTS = {stage: moment for moment, stage in STAGES.items()}


def run_status_of(job: IQMJob) -> RunStatus:
    """Write a job's status as the older interface would."""
    warnings = tuple(message.message for message in job.messages)
    return RunStatus(status=_word(job), message=job.words or None, warnings=warnings)


def run_of(job: IQMJob, stored: Stored | None) -> RunResult:
    """Write a job as the older interface would.

    Args:
        job: Where it stands.
        stored: What it measured, once it has.
    """
    status = run_status_of(job)
    moments = {
        _MOMENTS[entry.status]: entry.timestamp
        for entry in job.timeline
        if entry.status in _MOMENTS
    }
    if job.status.is_terminal and job.timeline:
        moments["job_end"] = job.timeline[-1].timestamp
    metadata = RunMetadata(
        calibration_set_id=job.calibration_set_id,
        request=stored.payload if stored is not None else None,
        timestamps=moments,
    )
    run = RunResult(
        status=status.status,
        message=status.message,
        metadata=metadata,
        warnings=status.warnings,
    )
    if stored is None:
        return run
    # Set without pydantic, which would look at every shot.
    measurements = tuple(
        {key: tuple(map(tuple, shots)) for key, shots in circuit.items()}
        for circuit in stored.measurements
    )
    return run.model_copy(update={"measurements": measurements})


def specification_of(
    name: str, static: StaticArchitecture, dynamic: Architecture
) -> QuantumArchitectureSpecification:
    """Write an architecture as the older interface would: resonators count as qubits.

    Args:
        name: The quantum computer's.
        static: What the chip is made of.
        dynamic: What is calibrated.
    """
    operations = {gate: tuple(sorted(dynamic.loci(gate))) for gate in dynamic.described.gates}
    return QuantumArchitectureSpecification(
        name=name,
        qubits=(*static.computational_resonators, *static.qubits),
        qubit_connectivity=static.connectivity,
        operations={**operations, "barrier": ()},
    )


def _word(job: IQMJob) -> str:
    if job.status in _WORDS:
        return _WORDS[job.status]
    if job.status is IQMJobStatus.UNKNOWN:
        return job.reported
    return "pending execution" if job.reached("compilation_ended") else "pending compilation"
