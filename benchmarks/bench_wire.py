"""CPU of what the wire's edges do: hide secrets, compress, read programs and large results.

Run with `python benchmarks/bench_wire.py [--rounds 5]`; fails where a goal is missed. Growth is the
power of the size by which time grows: 1 where ten times as much takes ten times as long.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import math
import sys
import time
from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

HOSTILE = ("a", '"', "a=", "http://", "password", "eyJ", '"password":')
"""What text repeats that is made to be slow."""
SIZE = 50_000
"""Characters of the smaller texts; the larger ones have ten times as many."""
SUFFIXES = 20


def cpu(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def growth(make: Callable[[int], str], read: Callable[[str], object]) -> float:
    """By which power of the size the time of reading grows."""
    small, large = make(SIZE), make(10 * SIZE)
    return math.log10(cpu(lambda: read(large)) / cpu(lambda: read(small)))


def redaction() -> dict[str, float]:
    from quantum_async.http.redact import redact

    def repeated(part: str) -> Callable[[int], str]:
        return lambda size: part * (size // len(part))

    return {"redact_growth": max(growth(repeated(part), redact) for part in HOSTILE)}


def compression() -> dict[str, float]:
    from quantum_async.http.encode import CompressedPrefix

    pulses = [{"amplitude": i * 0.731 % 9, "detuning": i * 1.37 % 7} for i in range(20_000)]
    content = json.dumps(pulses).encode()
    made: list[CompressedPrefix] = []
    once = cpu(lambda: made.append(asyncio.run(CompressedPrefix.make(content))))

    def again() -> None:
        for _ in range(SUFFIXES):
            made[0].finish(b'{"runs":100}')

    return {"finish_over_make": cpu(again) / SUFFIXES / once}


def programs() -> dict[str, float]:
    from quantum_async.models.program import Program, ProgramFormat
    from quantum_async.programs.circuits import read_circuit

    def read(text: str) -> None:
        read_circuit(Program(text, ProgramFormat.QASM2))

    head, line = 'OPENQASM 2.0;\ninclude "qelib1.inc";\nqreg q[1];\n', "rx(.5) q[0];\n"
    return {"qasm_growth": growth(lambda size: head + line * (size // len(line)), read)}


def results() -> dict[str, float]:
    """How long a task of the same loop waits at most while megabytes of shots are read."""
    from quantum_async.providers.iqm.translate.measurements import measurements_of

    shots = [[n >> place & 1 for place in range(20)] for n in range(2000)] * 60
    content = json.dumps([{"m": shots}]).encode()
    stalls: list[float] = []

    async def tick() -> None:
        while True:
            start = time.perf_counter()
            await asyncio.sleep(0.001)
            stalls.append(time.perf_counter() - start - 0.001)

    async def main() -> None:
        ticking = asyncio.create_task(tick())
        await asyncio.to_thread(measurements_of, content)
        ticking.cancel()

    asyncio.run(main())
    return {"results_stall_ms": 1000 * max(stalls)}


def compare() -> dict[str, float]:
    """Every figure once."""
    return {**redaction(), **compression(), **programs(), **results()}


def measure(rounds: int) -> list[dict[str, float]]:
    return [compare() for _ in range(rounds)]


def main() -> int:
    from goals import WIRE

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    found = measure(parser.parse_args().rounds)
    rows = {"wire": {name: median(one[name] for one in found) for name in found[0]}}
    judged = [goal.judge(rows) for goal in WIRE]
    for goal in judged:
        print(f"{goal['goal']:52} {goal['found']:8.3g}  {goal['bound']}")
    return int(not all(goal["met"] for goal in judged))


if __name__ == "__main__":
    sys.exit(main())
