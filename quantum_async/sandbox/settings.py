"""What a sandbox is started with."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Annotated, ClassVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, JsonValue

from quantum_async.sandbox.faults import Fault

OFFSETS = {"pasqal": 0, "azure": 1, "iqm": 2, "qoro": 3}
"""Which port after the first each provider listens on."""

CONTROL_OFFSET = 9
"""Which port after the first the control plane listens on."""

_UNITS = {"ms": 1e-3, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "": 1.0}
_SHAPE = re.compile(r"\s*([0-9]*\.?[0-9]+(?:e-?[0-9]+)?)\s*([a-z]*)\s*", re.IGNORECASE)


def seconds(value: object) -> object:
    """Read ``"250ms"``, ``"0.2s"``, ``"1m"`` or a bare number of seconds.

    Args:
        value: The text or number.

    Raises:
        ValueError: The text is not a duration.
    """
    if not isinstance(value, str):
        return value
    match = _SHAPE.fullmatch(value)
    if match is None or match[2].lower() not in _UNITS:
        raise ValueError(f"{value!r} is not a duration; write 250ms, 0.2s or 1m")
    return float(match[1]) * _UNITS[match[2].lower()]


Seconds = Annotated[float, BeforeValidator(seconds), Field(ge=0, allow_inf_nan=False)]


def _known(service: str) -> str:
    if service not in OFFSETS:
        raise ValueError(f"there is no service {service!r}; there are {', '.join(OFFSETS)}")
    return service


Service = Annotated[str, AfterValidator(_known)]


def _workers() -> int:
    return min(4, os.cpu_count() or 1)


class SandboxSettings(BaseModel):
    """How a sandbox behaves; durations are seconds, or text such as ``"20ms"``.

    Args:
        port: First of the consecutive ports; 0 takes a free port for each service.
        latency: Time each answer takes, half of it before the state is read.
        job_time: Mean run time of a job.
        job_spread: A job runs between ``1 - job_spread`` and ``1 + job_spread`` times the mean.
        queue_time: Least time a job waits before it runs.
        cancel_time: How long a running job takes to stop after it was cancelled.
        seed: Makes run times, counts and faults repeat themselves.
        faults: The plan of faults.
        simulate: Whether jobs are really simulated; otherwise counts are drawn.
        parallel: Whether devices that run one job at a time run all of them at once.
        workers: Number of processes that simulate.
        preload: Whether they load the simulators at the start instead of at the first job.
        token_lifetime: How long an access token is good for.
        max_jobs: How many jobs are kept; the oldest ended ones are forgotten beyond that.
        paused: Whether the clock of the world stands still.
        services: Which providers to serve; all of them by default.
        options: Settings of one provider, by its name.
        env_file: Where to write the variables that point our clients at the sandbox.
    """

    model_config: ClassVar[ConfigDict] = ConfigDict(frozen=True, extra="forbid")

    port: int = Field(default=8900, ge=0, le=65526)
    latency: Seconds = 0.0
    job_time: Seconds = 0.2
    job_spread: float = Field(default=0.5, ge=0, le=1)
    queue_time: Seconds = 0.0
    cancel_time: Seconds = 0.0
    seed: int = 0
    faults: tuple[Fault, ...] = ()
    simulate: bool = True
    parallel: bool = False
    workers: int = Field(default_factory=_workers, ge=1)
    preload: bool = False
    token_lifetime: Seconds = 86400.0
    max_jobs: int = Field(default=200_000, ge=1)
    paused: bool = False
    services: tuple[Service, ...] = ()
    options: dict[Service, dict[str, JsonValue]] = Field(default_factory=dict)
    env_file: Path | None = None
