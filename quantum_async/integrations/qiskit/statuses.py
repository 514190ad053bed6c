"""Where jobs stand, in Qiskit's words."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from qiskit.providers import JobStatus as QiskitStatus

from quantum_async.models.job import JobStatus

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

QISKIT_STATUS: Mapping[JobStatus, QiskitStatus] = MappingProxyType(
    {
        JobStatus.QUEUED: QiskitStatus.QUEUED,
        JobStatus.RUNNING: QiskitStatus.RUNNING,
        JobStatus.SUCCEEDED: QiskitStatus.DONE,
        JobStatus.FAILED: QiskitStatus.ERROR,
        # Until the provider confirms, it may still end with a result.
        JobStatus.CANCELLING: QiskitStatus.RUNNING,
        JobStatus.CANCELLED: QiskitStatus.CANCELLED,
        JobStatus.UNKNOWN: QiskitStatus.RUNNING,
    }
)
"""What each of our statuses is called there."""


def together(statuses: Collection[JobStatus]) -> QiskitStatus:
    """Say where a job stands whose circuits stand each for itself.

    It runs as soon as one circuit does and until the last one has ended. It then ended in error
    if one did, and else was cancelled if one was.

    Args:
        statuses: Where its circuits stand.
    """
    if not all(status.is_terminal for status in statuses):
        if all(status is JobStatus.QUEUED for status in statuses):
            return QiskitStatus.QUEUED
        return QiskitStatus.RUNNING
    for worst in (JobStatus.FAILED, JobStatus.CANCELLED):
        if worst in statuses:
            return QISKIT_STATUS[worst]
    return QiskitStatus.DONE
