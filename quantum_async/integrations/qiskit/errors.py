# mypy: allow-subclassing-any
"""Errors that are Qiskit's as well as ours."""

from __future__ import annotations

from qiskit.providers import JobTimeoutError as QiskitTimeoutError

from quantum_async.errors import DeviceLimitError, WaitTimeoutError


class OutsideTargetError(DeviceLimitError):
    """A circuit holds an operation that the backend's `Target` does not have."""


class JobTimeoutError(WaitTimeoutError, QiskitTimeoutError):
    """Waiting for a job ended; the job goes on. Both Qiskit's error and ours."""

    @classmethod
    def of(cls, error: WaitTimeoutError) -> JobTimeoutError:
        """Turn our error into this one.

        Args:
            error: What was raised where Qiskit is not known.
        """
        made = cls(str(error))
        made.__dict__.update(error.__dict__)
        return made
