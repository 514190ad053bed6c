"""A local sweep on a thread and a process next to a plain loop, at several sizes.

Run `python benchmarks/bench_local.py [--rounds 3] [--quick]`. Each round is a process of its own, in
which loop and sweeps take turns, so that both are as warm: the simulator is imported, the sequence
read, one point run, and every value is new to both. "Serial" is a loop of `simulate` in that process,
"cold" a sweep whose client has started no worker process yet, "steady" one whose processes run. Ten
atoms, 100 shots, one thread in BLAS; of repeated figures the median. "Stall" is the longest turn of the event
loop in milliseconds during a steady sweep, "circuits stall" that of a sweep of circuits of twelve qubits once warm.
"Emulator" is the CPU of Pulser's own emulator over ours, for three atoms, where what ours leaves out is most of
the time.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import itertools
import json
import os
import selectors
import statistics
import subprocess
import sys
import time
from operator import truediv

SIZES = {1: 25, 10: 3, 30: 2, 80: 1, 150: 1, 250: 1, 500: 1}
"""Points of the cold sweeps and how often each is run in a round: the shorter, the more often.

Somewhere between 150 and 250 starting a process begins to pay; just there it pays least.
"""
QUICK = {1: 9, 100: 1, 400: 1}
STEADY = 100
SAMPLE = 20
"""Points of the loop that a longer sweep is compared with, one loop before it and one behind."""
ATOMS = 10
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


class Turns(selectors.DefaultSelector):
    """A selector that knows the longest time for which the loop was busy between two waits."""

    def __init__(self) -> None:
        super().__init__()
        self.clear()

    def clear(self) -> None:
        self.longest, self._back = 0.0, time.perf_counter()

    def select(self, timeout=None):
        self.longest = max(self.longest, time.perf_counter() - self._back)
        events = super().select(timeout)
        self._back = time.perf_counter()
        return events


def layered(qubits: int = 12):
    """A circuit of two layers with two parameters."""
    from qiskit import QuantumCircuit
    from qiskit.circuit import Parameter

    from quantum_async import as_program

    made, one, two = QuantumCircuit(qubits), Parameter("one"), Parameter("two")
    for _ in range(2):
        for qubit in range(qubits):
            made.rzz(one, qubit, (qubit + 1) % qubits)
        made.rx(two, range(qubits))
    made.measure_all()
    return as_program(made)


def program():
    from pulser import MockDevice, Pulse, Register, Sequence

    from quantum_async import as_program

    places = [(8.0 * (n % 5), 8.0 * (n // 5)) for n in range(ATOMS)]
    made = Sequence(Register.from_coordinates(places, prefix="q"), MockDevice)
    made.declare_channel("g", "rydberg_global")
    made.add(Pulse.ConstantPulse(500, made.declare_variable("omega"), 0.0, 0.0), "g")
    made.measure()
    return as_program(made)


def emulator_gain(times: int = 20) -> float:
    """How much more CPU Pulser's own emulator takes than ours for a small sequence."""
    from pulser import MockDevice, Pulse, Register, Sequence
    from pulser_simulation import QutipEmulator

    from quantum_async.simulation.analog.simulator import emulator_class

    made = Sequence(Register.rectangle(1, 3, spacing=6.5, prefix="q"), MockDevice)
    made.declare_channel("g", "rydberg_global")
    made.add(Pulse.ConstantPulse(200, 5.0, 1.0, 0.3), "g")
    made.measure()
    spent: dict[type, list[float]] = {emulator_class(): [], QutipEmulator: []}
    for _ in range(times + 1):
        for emulator, seconds in spent.items():
            start = time.process_time()
            emulator.from_sequence(made, evaluation_times="Minimal").run()[-1].sampling_dist  # noqa: B018
            seconds.append(time.process_time() - start)
    # The first of each has imports and tables to make.
    ours, theirs = (statistics.median(seconds[1:]) for seconds in spent.values())
    return theirs / ours


class Pair:
    """A loop and a sweep of the same program; neither meets a value for a second time."""

    def __init__(self) -> None:
        self.source = program()
        self._shifts = itertools.count()
        self.per_point: list[float] = []

    def values(self, count: int) -> list[float]:
        shift = 1e-6 * next(self._shifts)
        return [1 + 5 * number / count + shift for number in range(count)]

    def serial(self, count: int) -> float:
        """Seconds per point of the loop."""
        from quantum_async.models.submission import JobSpec, RunOptions
        from quantum_async.simulation.run import simulate

        values, options = self.values(count), RunOptions(seed=1)
        start = time.perf_counter()
        for value in values:
            spec = JobSpec("k", self.source, 100, {"omega": value}, options)
            simulate(spec, "pulser")
        self.per_point.append((time.perf_counter() - start) / count)
        return self.per_point[-1]

    async def sweep(self, scheduler, count: int) -> float:
        """Seconds per point of the sweep."""
        import quantum_async as qa

        points = qa.grid(omega=self.values(count))
        start = time.perf_counter()
        await scheduler.sweep(self.source, points, shots=100)
        return (time.perf_counter() - start) / count

    async def ratio(self, scheduler, count: int, times: int) -> float:
        """How much longer a sweep takes than the loops before and behind it; the median."""
        loops, sweeps = [self.serial(min(count, SAMPLE))], []
        for _ in range(times):
            sweeps.append(await self.sweep(scheduler, count))
            loops.append(self.serial(min(count, SAMPLE)))
        around = map(statistics.fmean, itertools.pairwise(loops))
        return statistics.median(map(truediv, sweeps, around))


async def circuits_stall(turns: Turns, count: int = 200) -> float:
    """The longest turn of the loop during the second of two sweeps of circuits."""
    import quantum_async as qa

    source = layered()
    async with qa.Scheduler(qa.LocalClient(seed=1)) as scheduler:
        for shift in (0.0, 0.1):
            turns.clear()
            angles = [shift + number / count for number in range(count)]
            await scheduler.sweep(source, qa.zip_points(one=angles, two=angles), shots=100)
    return 1000 * turns.longest


async def measure_here(sizes: dict[int, int], steady_times: int, turns: Turns) -> dict[str, float]:
    """All sizes in this process, and the steady sweep so many times."""
    import quantum_async as qa

    pair, found = Pair(), {}
    pair.serial(1)
    gc.collect()
    # As any long-lived program does well to do; else a full collection hits some of the figures.
    gc.freeze()
    for size, times in sizes.items():
        async with qa.Scheduler(qa.LocalClient(seed=1, workers=2)) as scheduler:
            found[f"cold {size}"] = await pair.ratio(scheduler, size, times)
            if size == max(sizes):
                steady = await pair.ratio(scheduler, STEADY, steady_times)
                turns.clear()
                await pair.sweep(scheduler, STEADY)
                stall = 1000 * turns.longest
    return {
        "ms_per_point": 1000 * statistics.median(pair.per_point),
        **found,
        "gain": 1 / steady,
        "stall": stall,
        "circuits stall": await circuits_stall(turns),
        "emulator": emulator_gain(),
    }


def measure(rounds: int, *, quick: bool = False) -> list[dict[str, float]]:
    """By round: how much faster two processes are once they run, and the cold sweeps by size."""
    course = (QUICK, 1) if quick else (SIZES, 2)
    command = [sys.executable, __file__, "--child", json.dumps(course)]
    environment = {**os.environ, **ONE_THREAD}
    texts = [
        subprocess.run(command, capture_output=True, text=True, check=True, env=environment).stdout
        for _ in range(rounds)
    ]
    return [json.loads(text) for text in texts]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="fewer sizes")
    parser.add_argument("--child", type=json.loads, help=argparse.SUPPRESS)
    wanted = parser.parse_args()
    if wanted.child:
        import anyio

        by_text, steady_times = wanted.child
        sizes = {int(size): times for size, times in by_text.items()}
        turns = Turns()
        loop = {"loop_factory": lambda: asyncio.SelectorEventLoop(turns)}
        found = anyio.run(measure_here, sizes, steady_times, turns, backend_options=loop)
        print(json.dumps(found))
        return
    found = measure(wanted.rounds, quick=wanted.quick)
    for name in found[0]:
        print(f"{name:14} {statistics.median(one[name] for one in found):.3f}")


if __name__ == "__main__":
    main()
