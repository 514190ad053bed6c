"""A local sweep on two processes next to a plain loop, at several sizes; each in a fresh process.

Run `python benchmarks/bench_local.py [--rounds 3]`. "Serial" calls the simulator in a loop in one
process that has it loaded; ten atoms, 100 shots, one thread in BLAS.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time

SIZES = (1, 10, 30, 100, 200)
"""Numbers of points of the cold sweeps; the largest comes last and leaves the processes running."""
QUICK = (1, 100)
STEADY = 100
ATOMS = 10
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


def program():
    from pulser import MockDevice, Pulse, Register, Sequence

    from quantum_async import as_program

    places = [(8.0 * (n % 5), 8.0 * (n // 5)) for n in range(ATOMS)]
    made = Sequence(Register.from_coordinates(places, prefix="q"), MockDevice)
    made.declare_channel("g", "rydberg_global")
    made.add(Pulse.ConstantPulse(500, made.declare_variable("omega"), 0.0, 0.0), "g")
    made.measure()
    return as_program(made)


def values(count: int) -> list[float]:
    return [1 + 5 * number / count for number in range(count)]


def serial(count: int) -> dict[str, float]:
    from quantum_async.models.submission import JobSpec, RunOptions
    from quantum_async.simulation.run import simulate

    source = program()

    def run(value: float) -> None:
        spec = JobSpec(
            key="k",
            program=source,
            shots=100,
            variables={"omega": value},
            options=RunOptions(seed=1),
        )
        simulate(spec, "pulser")

    run(1.0)
    start = time.perf_counter()
    for value in values(count):
        run(value)
    return {"wall": time.perf_counter() - start}


def engine(count: int) -> dict[str, float]:
    import anyio

    return anyio.run(_engine, count)


async def _engine(count: int) -> dict[str, float]:
    import quantum_async as qa

    source = program()
    async with qa.Scheduler(qa.LocalClient(seed=1, workers=2)) as scheduler:

        async def sweep(size: int) -> float:
            start = time.perf_counter()
            await scheduler.sweep(source, qa.grid(omega=values(size)), shots=100)
            return time.perf_counter() - start

        # The loop's simulator is loaded as well before it is measured.
        await sweep(1)
        found = {"wall": await sweep(count)}
        if count >= STEADY:
            found["steady"] = await sweep(STEADY)
    return found


def child(which: str, count: int) -> dict[str, float]:
    command = [sys.executable, __file__, "child", which, str(count)]
    environment = {**os.environ, **ONE_THREAD}
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    return json.loads(done.stdout)


def measure(rounds: int, sizes: tuple[int, ...] = SIZES) -> list[dict[str, float]]:
    """By round: how much faster two processes are once they run, and the worst cold slowdown."""
    return [_round(sizes) for _ in range(rounds)]


def _round(sizes: tuple[int, ...]) -> dict[str, float]:
    per_point = child("serial", STEADY)["wall"] / STEADY
    cold = {count: child("engine", count) for count in sizes}
    found = {f"cold {n}": one["wall"] / (n * per_point) for n, one in cold.items()}
    return {
        "ms_per_point": 1000 * per_point,
        **found,
        "worst": max(found.values()),
        "gain": STEADY * per_point / cold[sizes[-1]]["steady"],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    found = measure(parser.parse_args().rounds)
    for name in found[0]:
        print(f"{name:14} {statistics.median(one[name] for one in found):.3f}")


if __name__ == "__main__":
    if sys.argv[1:2] == ["child"]:
        print(json.dumps({"serial": serial, "engine": engine}[sys.argv[2]](int(sys.argv[3]))))
    else:
        main()
