"""How the service behaves beyond what every service has in common."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field


class IQMSandboxOptions(BaseModel):
    """Settings of the IQM service alone.

    Args:
        generations: Which interfaces it has.
        computers: Aliases of the quantum computers it has; all of them by default.
        legacy_computer: Which one the older interface shows.
        max_circuits_per_job: Limit of one job.
        max_shots_per_circuit: Limit of one job.
        max_executions_per_job: Limit of circuits by shots of one job.
        max_instructions_per_circuit: Limit of one circuit.
        max_payload: Most bytes of one submission.
        long_poll: Whether answers are held back; ``False`` answers at once, without the header.
        artifacts_lag: Seconds after the end of a job from which its artifacts are there.
        heralding_loss: Part of the shots that heralding drops.
        credits: How many credits there are for timeslots.
        refresh_lifetime: How long a refresh token of the older login is good for, in seconds.
        require_token: Whether requests without a token are refused.
    """

    model_config: ClassVar[ConfigDict] = ConfigDict(frozen=True, extra="forbid")

    generations: tuple[Literal["v1", "legacy"], ...] = ("v1", "legacy")
    computers: tuple[str, ...] = ()
    legacy_computer: str = "garnet"
    max_circuits_per_job: int = Field(default=500, ge=1)
    max_shots_per_circuit: int = Field(default=100_000, ge=1)
    max_executions_per_job: int = Field(default=20_000_000, ge=1)
    max_instructions_per_circuit: int = Field(default=50_000, ge=1)
    max_payload: int = Field(default=64 * 1024 * 1024, ge=1)
    long_poll: bool = True
    artifacts_lag: float = Field(default=0.0, ge=0)
    heralding_loss: float = Field(default=0.1, ge=0, lt=1)
    credits: float = 1000.0
    refresh_lifetime: float = Field(default=1800.0, gt=0)
    require_token: bool = True
