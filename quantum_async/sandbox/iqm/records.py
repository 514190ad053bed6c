"""What the service keeps of a job."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from quantum_async.models.job import JobStatus

if TYPE_CHECKING:
    from collections.abc import Sequence

    from quantum_async.sandbox.iqm.chips import Chip
    from quantum_async.sandbox.iqm.instructions import SubmittedCircuit
    from quantum_async.sandbox.iqm.pulses import PulseRun
    from quantum_async.sandbox.jobs import SandboxJob

WORDS = {
    JobStatus.QUEUED: "waiting",
    JobStatus.RUNNING: "processing",
    JobStatus.SUCCEEDED: "completed",
    JobStatus.FAILED: "failed",
    JobStatus.CANCELLING: "processing",
    JobStatus.CANCELLED: "cancelled",
    JobStatus.UNKNOWN: "waiting",
}
"""The service's words for where a job stands."""

COMPILED = 0.2
"""Part of a job's run time that compiling takes."""


@dataclass(slots=True, eq=False)
class IQMRecord:
    """A job.

    Args:
        work: The job in the world.
        chip: Where it runs.
        circuits: What it runs.
        shots: How often each.
        payload: What was submitted, byte for byte.
        calibration: The calibration set's id.
        is_heralded: Whether some shots are dropped.
        tag: The tag, or ``None``.
        error_code: Why it fails, in one word.
        deleted: Whether it was deleted.
        pulses: What it measures, where it is a pulse job.
    """

    work: SandboxJob
    chip: Chip
    circuits: Sequence[SubmittedCircuit]
    shots: int
    payload: bytes
    calibration: str
    is_heralded: bool
    tag: str | None = None
    error_code: str = "job_failed"
    deleted: bool = False
    pulses: PulseRun | None = None

    @property
    def kind(self) -> str:
        """Which kind of job it is."""
        return "circuit" if self.pulses is None else "run"

    def word(self, now: float) -> str:
        """Say where it stands, in the service's words."""
        return WORDS[self.work.status(now)]

    def compiled_at(self) -> float:
        """Say when it is, or will be, compiled."""
        return self.work.start + COMPILED * self.work.run_time

    def legacy_word(self, now: float) -> str:
        """Say where it stands, in the older interface's words."""
        if self.deleted:
            return "deleted"
        word = self.word(now)
        if word == "processing":
            is_compiled = now >= self.compiled_at()
            return "pending execution" if is_compiled else "pending compilation"
        words = {"waiting": "pending compilation", "completed": "ready", "cancelled": "aborted"}
        return words.get(word, word)
