"""CPU of submitting one sequence of a megabyte again and again, next to the vendor's client.

Run `python benchmarks/bench_megabyte.py --vendor PYTHON [--rounds 3]`. Every client submits the same
sequence as a batch of one job, and has done so once before it is measured; of the CPU of its
submissions the median counts. The engine lets Pulser build each job with its values before it is
sent, which the vendor's client never does: once where they are the same, each time in the row of new
values. "Bare" is aiohttp posting the same compressed bytes: what no client gets below.
"""

from __future__ import annotations

import argparse
import random
import statistics
import tempfile
from functools import cache
from pathlib import Path

from stage import Plan, Stage

SAMPLES = 30_000
AGAIN = 20
VENDOR_AGAIN = 7
"""Each takes half a second."""


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


def measure(
    stage: Stage, vendor: str | None, rounds: int, *, beside: int
) -> list[dict[str, float]]:
    """CPU in ms of each further submission, by round; in the first few with what no goal needs."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "sequence.json"
        file.write_text(sequence(), encoding="utf-8")
        return [_round(stage, str(file), vendor, beside=n < beside) for n in range(rounds)]


def _round(stage: Stage, file: str, vendor: str | None, *, beside: bool) -> dict[str, float]:
    def cpu(client: str, times: int, manner: str = "again") -> float:
        plan = Plan(f"{client}, 1 MB", client, times, manner=manner, sequence=file)
        return stage.run(plan)["cpu_ms_per_job"]

    found = {"bytes": Path(file).stat().st_size}
    found["engine_ms"] = cpu("engine", AGAIN, "same")
    if beside:
        found |= {"new_values_ms": cpu("engine", AGAIN), "bare_ms": cpu("bare", AGAIN)}
    if vendor is not None:
        found["vendor_ms"] = cpu("vendor", VENDOR_AGAIN)
        found["vendor_over"] = found["vendor_ms"] / found["engine_ms"]
        if beside:
            found["vendor_over_new_values"] = found["vendor_ms"] / found["new_values_ms"]
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--vendor", help="an interpreter that has the vendor's client")
    parser.add_argument("--rounds", type=int, default=3)
    wanted = parser.parse_args()
    with Stage(wanted.vendor).open() as stage:
        found = measure(stage, wanted.vendor, wanted.rounds, beside=wanted.rounds)
    for name in found[0]:
        print(f"{name:14} {statistics.median(one[name] for one in found):.3f}")


if __name__ == "__main__":
    main()
