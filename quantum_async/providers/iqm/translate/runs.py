"""IQM Server's values in the shape of the older interface's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quantum_async.providers.iqm.translate.legacy import STAGES
from quantum_async.providers.iqm.wire import IQMJobStatus
from quantum_async.providers.iqm.wire_legacy import (
    QuantumArchitectureSpecification,
    RunMetadata,
    RunResult,
    RunStatus,
)

if TYPE_CHECKING:
    from quantum_async.providers.iqm.architecture import Architecture
    from quantum_async.providers.iqm.dialect import Stored
    from quantum_async.providers.iqm.wire import IQMJob, StaticArchitecture

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
