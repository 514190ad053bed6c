"""CPU of submitting one sequence of a megabyte again and again, next to the vendor's client."""

from __future__ import annotations

import random
import tempfile
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from stage import Plan

if TYPE_CHECKING:
    from stage import Stage

SAMPLES = 30_000
AGAIN = 20


@cache
def sequence() -> str:
    """A sequence whose two waveforms are random, so that it compresses as measured data do."""
    from pulser import MockDevice, Pulse, Register, Sequence
    from pulser.waveforms import CustomWaveform

    law = random.Random(0)
    made = Sequence(Register.from_coordinates([(0, 0), (8, 0)], prefix="q"), MockDevice)
    made.declare_channel("g", "rydberg_global")
    amplitude, detuning = (
        CustomWaveform([low + law.random() for _ in range(SAMPLES)]) for low in (1, -1)
    )
    made.add(Pulse(amplitude, detuning, 0.0), "g")
    made.add(Pulse.ConstantPulse(100, made.declare_variable("omega"), 0.0, 0.0), "g")
    made.measure()
    return made.to_abstract_repr(skip_validation=True)


def measure(stage: Stage, vendor: str | None, rounds: int) -> list[dict[str, float]]:
    """CPU in ms of each further submission, by round."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "sequence.json"
        file.write_text(sequence(), encoding="utf-8")
        return [_round(stage, str(file), vendor) for _ in range(rounds)]


def _round(stage: Stage, file: str, vendor: str | None) -> dict[str, float]:
    size = len(Path(file).read_bytes())
    engine = Plan("engine, 1 MB", "engine", AGAIN, manner="again", sequence=file)
    found = {"bytes": size, "engine_ms": stage.run(engine)["cpu_ms_per_job"]}
    if vendor is not None:
        plan = Plan("vendor, 1 MB", "vendor", AGAIN, manner="again", sequence=file)
        found["vendor_ms"] = stage.run(plan)["cpu_ms_per_job"]
        found["vendor_over"] = found["vendor_ms"] / found["engine_ms"]
    return found
