"""How much one job takes, and how much of that a circuit needs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Sequence, Sized

    from quantum_async.models.submission import JobSpec
    from quantum_async.providers.iqm.wire import JobLimits

CIRCUITS = 500
"""Most circuits of one job where the server sets no limit; a guess: nobody has published it."""

PAYLOAD_LIMIT = 16 * 1024 * 1024
"""Most bytes of one job; a guess: nobody has published it."""

_INSTRUCTION = 110
"""Bytes of a typical instruction."""


@runtime_checkable
class _Circuit(Protocol):
    """What is used of Qiskit's circuits."""

    @property
    def data(self) -> Sized: ...


def circuits_per_job(limits: Sequence[JobLimits]) -> int:
    """Say how many circuits one job takes on any of some quantum computers."""
    known = [each.max_circuits_per_job for each in limits if each.max_circuits_per_job]
    return min(known, default=CIRCUITS)


def weight(job: JobSpec, limits: Sequence[JobLimits]) -> int:
    """Estimate what a circuit takes of `PAYLOAD_LIMIT`.

    A job is limited in executions, circuits by shots, as well as in bytes: whatever part of
    either limit a circuit takes, it weighs the same part of the payload.

    Args:
        job: The circuit.
        limits: What is known of the quantum computers.
    """
    known = [each.max_executions_per_job for each in limits if each.max_executions_per_job]
    executions = min(known, default=None)
    by_shots = 0 if executions is None else PAYLOAD_LIMIT * job.shots // executions
    return max(_bytes(job), by_shots)


def _bytes(job: JobSpec) -> int:
    live = job.program.live
    if isinstance(live, _Circuit):
        # Writing a live circuit down only to weigh it would cost more than sending it.
        return _INSTRUCTION * (2 + len(live.data))
    return len(job.program.payload)
