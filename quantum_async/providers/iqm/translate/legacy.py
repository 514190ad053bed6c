"""The older interface's values in the shape of IQM Server's."""

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
    TimelineEntry,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic import JsonValue

    from quantum_async.providers.iqm.wire_legacy import RunResult, RunStatus

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
