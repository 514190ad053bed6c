"""A sweep of circuits next to every way of running it on Aer directly, at four sizes.

Run `python benchmarks/bench_circuits.py [--rounds 5] [--quick] [--sizes 6 12]`. Each size is a process
of its own in which all ways take turns, round by round: imports done, the circuit transpiled for Aer
once, every value new. Two layers of QAOA on a ring, 1,000 shots a point, counts included on all
ways; ours is the whole `Scheduler.sweep` through a `LocalClient`, samples and results included.
Aer's threads are set as it is fastest: one at small sizes, at large ones all, which sleep while
they wait. "First" is the first point of a sweep next to a single job; "fresh" a sweep of five points
next to the same by hand, each in a process of its own, imports included.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import time
from pathlib import Path

SIZES = {6: 256, 12: 100, 16: 64, 20: 16}
"""Points by qubits."""
QUICK = {6: 64, 12: 25}
SHOTS = 1000
NAMES = ("g0", "g1", "b0", "b1")
FIRSTS = 5
"""Jobs alone, and sweeps of which the first point is waited for, in a round."""


def circuit(qubits: int):
    from qiskit import QuantumCircuit
    from qiskit.circuit import Parameter

    made = QuantumCircuit(qubits)
    angles = {name: Parameter(name) for name in NAMES}
    made.h(range(qubits))
    for layer in "01":
        for qubit in range(qubits):
            made.rzz(angles[f"g{layer}"], qubit, (qubit + 1) % qubits)
        made.rx(angles[f"b{layer}"], range(qubits))
    made.measure_all()
    return made


def drawn(points: int) -> dict[str, list[float]]:
    """Values that nobody has seen."""
    return {name: [random.uniform(-3, 3) for _ in range(points)] for name in NAMES}


class Direct:
    """The ways of a user of Aer."""

    def __init__(self, qubits: int) -> None:
        from qiskit import transpile
        from qiskit_aer import AerSimulator

        self.simulator = AerSimulator()
        self.parallel = AerSimulator(max_parallel_experiments=2)
        self.circuit = transpile(circuit(qubits), self.simulator)
        self.angles = {parameter.name: parameter for parameter in self.circuit.parameters}

    def bound(self, values):
        order = [self.angles[name] for name in NAMES]
        rows = zip(*(values[name] for name in NAMES), strict=True)
        return [self.circuit.assign_parameters(dict(zip(order, r, strict=True))) for r in rows]

    def loop(self, values):
        one = self.simulator.run
        return [one(c, shots=SHOTS).result().get_counts() for c in self.bound(values)]

    def list(self, values):
        return self.simulator.run(self.bound(values), shots=SHOTS).result().get_counts()

    def parallel_list(self, values):
        return self.parallel.run(self.bound(values), shots=SHOTS).result().get_counts()

    def binds(self, values):
        bindings = {self.angles[name]: found for name, found in values.items()}
        job = self.simulator.run(self.circuit, parameter_binds=[bindings], shots=SHOTS)
        return job.result().get_counts()

    def sampler(self, values):
        from qiskit_aer.primitives import SamplerV2

        # One array for each name, which is how the circuit's own order does not matter.
        job = SamplerV2().run(
            [(self.circuit, {(n,): [[v] for v in values[n]] for n in NAMES})], shots=SHOTS
        )
        found = job.result()[0].data.meas
        return [found.get_counts(number) for number in range(len(values[NAMES[0]]))]


WAYS = ("loop", "list", "parallel_list", "binds", "sampler")


async def sweep(scheduler, program, values) -> list[dict[str, int]]:
    import quantum_async as qa

    results = await scheduler.sweep(program, qa.zip_points(**values), shots=SHOTS)
    return [dict(result.counts) for result in results]


async def seconds_to_first(scheduler, program, points: int) -> float:
    """Until the first point of a sweep is there; the rest is waited for as well."""
    import quantum_async as qa

    values = qa.zip_points(**drawn(points))
    start, took = time.perf_counter(), 0.0
    async for _ in scheduler.sweep(program, values, shots=SHOTS):
        took = took or time.perf_counter() - start
    return took


async def seconds_of_one(scheduler, program) -> float:
    values = {name: found[0] for name, found in drawn(1).items()}
    start = time.perf_counter()
    await (await scheduler.submit(program, shots=SHOTS, variables=values))
    return time.perf_counter() - start


async def measure_here(qubits: int, points: int, rounds: int) -> list[dict[str, float]]:
    """All ways in this process, round by round."""
    import quantum_async as qa

    direct, program, found = Direct(qubits), qa.as_program(circuit(qubits)), []
    async with qa.Scheduler(qa.LocalClient()) as scheduler:
        # What is translated, planned or imported once is not what is compared.
        for way in WAYS:
            getattr(direct, way)(drawn(2))
        await sweep(scheduler, program, drawn(4))
        for _ in range(rounds):
            row = {}
            for way in random.sample([*WAYS, "ours"], len(WAYS) + 1):
                values = drawn(points)
                start, spent = time.perf_counter(), time.process_time()
                if way == "ours":
                    counts = await sweep(scheduler, program, values)
                else:
                    counts = getattr(direct, way)(values)
                row[f"{qubits} {way}"] = time.perf_counter() - start
                row[f"{qubits} {way} cpu"] = time.process_time() - spent
                assert [sum(one.values()) for one in counts] == [SHOTS] * points
            firsts = [await seconds_to_first(scheduler, program, points) for _ in range(FIRSTS)]
            ones = [await seconds_of_one(scheduler, program) for _ in range(FIRSTS)]
            row[f"{qubits} first"] = statistics.median(firsts)
            row[f"{qubits} one"] = statistics.median(ones)
            found.append(row)
    return found


FRESH = {
    "ours": """
import asyncio, bench_circuits as b
import quantum_async as qa
async def main():
    async with qa.Scheduler(qa.LocalClient()) as scheduler:
        assert len(await b.sweep(scheduler, qa.as_program(b.circuit(8)), b.drawn(5))) == 5
asyncio.run(main())
""",
    "hand": """
import bench_circuits as b
assert len(b.Direct(8).list(b.drawn(5))) == 5
""",
}


def fresh(rounds: int) -> list[dict[str, float]]:
    """A sweep of five points from nothing, next to the same by hand."""
    found = []
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(Path(__file__).parent), *sys.path]),
    }
    for _ in range(rounds):
        row = {}
        for name, code in random.sample(list(FRESH.items()), len(FRESH)):
            start = time.perf_counter()
            subprocess.run([sys.executable, "-c", code], check=True, env=environment)
            row[f"fresh {name}"] = time.perf_counter() - start
        found.append(row)
    return found


def threads_for(qubits: int) -> dict[str, str]:
    """Aer's threads as it is fastest."""
    return {"OMP_NUM_THREADS": "1"} if qubits < 14 else {"OMP_WAIT_POLICY": "PASSIVE"}


def measure(
    rounds: int, *, quick: bool = False, sizes: list[int] | None = None
) -> list[dict[str, float]]:
    """By round the seconds of each way at each size."""
    found: list[dict[str, float]] = [{} for _ in range(rounds)]
    for qubits, points in (QUICK if quick else SIZES).items():
        if sizes and qubits not in sizes:
            continue
        course = json.dumps([qubits, points, rounds])
        command = [sys.executable, __file__, "--child", course]
        environment = {**os.environ, **threads_for(qubits)}
        done = subprocess.run(
            command, stdout=subprocess.PIPE, text=True, check=True, env=environment
        )
        for row, more in zip(found, json.loads(done.stdout), strict=True):
            row.update(more)
    if not sizes:
        for row, more in zip(found, fresh(rounds), strict=True):
            row.update(more)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--quick", action="store_true", help="fewer sizes")
    parser.add_argument("--sizes", type=int, nargs="*")
    parser.add_argument("--child", type=json.loads, help=argparse.SUPPRESS)
    wanted = parser.parse_args()
    if wanted.child:
        import anyio

        print(json.dumps(anyio.run(measure_here, *wanted.child)))
        return
    found = measure(wanted.rounds, quick=wanted.quick, sizes=wanted.sizes)
    median = {name: statistics.median(row[name] for row in found) for name in found[0]}
    for name, seconds in median.items():
        size = name.split(" ")[0]
        ours = median.get(f"{size} ours")
        over = f" {seconds / ours:6.2f} x ours" if ours else ""
        print(f"{name:22} {1000 * seconds:9.1f} ms{over}")


if __name__ == "__main__":
    main()
