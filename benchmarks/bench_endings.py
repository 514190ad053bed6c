"""How fast things end that somebody ends: seconds from the wish to the end.

Run `python benchmarks/bench_endings.py [--rounds 5]`. Each ending is that of a process of its own, with
jobs that never end by themselves at a provider in its memory, so that nothing but the package takes time.
Local jobs are simulated: a long one is cancelled while it runs, after ten others have finished beside it, and
has ended when its result is refused and nothing computes for it any more.
"""

from __future__ import annotations

import argparse
import signal
import statistics
import subprocess
import sys
import time
from pathlib import Path

from goals import ENDINGS, GRACE, TIMEOUT

ROOT = Path(__file__).parents[1]
INT, TERM = signal.SIGINT, signal.SIGTERM

SETTING = f"""
import sys, threading, time
sys.path.insert(0, {str(ROOT)!r})
import anyio
import quantum_async.blocking as qa
from tests.scheduler.fake import PROGRAM, FakeClient

def say(*words):
    print(*words, flush=True)

class Stubborn(FakeClient):
    async def cancel(self, jobs):
        say("go")
        await anyio.sleep_forever()

endless = lambda number: float("inf")
"""
WAITING = """
with qa.Scheduler({client}(run_time=endless).can(jobs_per_submission=100), grace={grace}) as scheduler:
    sweep = scheduler.sweep(PROGRAM, qa.grid(a=range({jobs})), shots=1)
    sweep.refs()
    # From another thread: the main one waits when this is said.
    threading.Timer(0.3, say, ["go"]).start()
    sweep.result()
"""
LEFT = """
scheduler = qa.Scheduler(FakeClient(run_time=endless))
scheduler.__enter__()
jobs = [scheduler.submit(PROGRAM, shots=1) for _ in range(3)]
say("go")
"""
TIMED = f"""
with qa.Scheduler(FakeClient(run_time=endless), on_cancel="detach") as scheduler:
    job = scheduler.submit(PROGRAM, shots=1)
    start = time.monotonic()
    try:
        job.result(timeout={TIMEOUT})
    except qa.WaitTimeoutError:
        say(time.monotonic() - start)
    job.detach()
"""
EVENT = """
event = threading.Event()
with qa.Scheduler(FakeClient(run_time=endless), cancel_on=event) as scheduler:
    job = scheduler.submit(PROGRAM, shots=1)
    def stop():
        global start
        start = time.monotonic()
        event.set()
    threading.Timer(0.3, stop).start()
    try:
        job.result()
    except qa.JobCancelledError:
        say(time.monotonic() - start)
"""

LOCAL = f"""
import asyncio, os, sys, time
from pathlib import Path
sys.path.insert(0, {str(ROOT)!r})
import quantum_async as qa

SMALL = 'OPENQASM 2.0; include "qelib1.inc"; qreg q[2]; creg c[2]; h q[0]; cx q[0],q[1]; measure q -> c;'

def computing():
    # A process is the child of the thread that has started it.
    return {{pid for path in Path("/proc/self/task").glob("*/children") for pid in path.read_text().split()}}

def endless_circuit():
    return 'OPENQASM 3; qubit q; bit c; while (c == false) {{ c = measure q; }}'

def large_state():
    # Thirty qubits where there is memory for twice as much.
    page = os.sysconf("SC_PAGE_SIZE")
    qubits = min(30, (os.sysconf("SC_AVPHYS_PAGES") * page // 32).bit_length() - 1)
    turns = "".join(f"rx(0.{{n}}) q; " for n in range(1, 100))
    return (f'OPENQASM 2.0; include "qelib1.inc"; qreg q[{{qubits}}]; creg c[{{qubits}}]; '
            f"{{turns}} measure q -> c;")

def long_evolution():
    from pulser import MockDevice, Pulse, Register, Sequence
    made = Sequence(Register.rectangle(3, 4, spacing=6.5, prefix="q"), MockDevice)
    made.declare_channel("g", "rydberg_global")
    made.add(Pulse.ConstantPulse(100_000, 5.0, 1.0, 0.3), "g")
    made.measure()
    return made

async def main(long):
    async with qa.Scheduler(qa.LocalClient(seed=1)) as scheduler:
        job = await scheduler.submit(long, shots=10)
        while await job.status() != "running":
            await asyncio.sleep(0.05)
        busy = computing()
        for other in [await scheduler.submit(SMALL, shots=10) for _ in range(10)]:
            await other
        await asyncio.sleep(0.3)
        assert await job.status() == "running", await job.status()
        start = time.monotonic()
        await job.cancel()
        try:
            await job
        except qa.JobCancelledError:
            pass
        while busy and busy <= computing():
            await asyncio.sleep(0.01)
        print(time.monotonic() - start)

asyncio.run(main(LONG()))
"""
LOCALS = ("endless_circuit", "large_state", "long_evolution")


def waiting(jobs: int = 3, client: str = "FakeClient", grace: float = 10.0) -> str:
    return WAITING.format(jobs=jobs, client=client, grace=grace)


def ended(code: str, *signals: signal.Signals) -> float:
    """Seconds from the last signal, or from the last "go" where there is none, to the end."""
    with subprocess.Popen(
        [sys.executable, "-c", SETTING + code],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdout is not None
        for number in signals or (None,):
            while process.stdout.readline() != "go\n":
                if process.poll() is not None:
                    raise RuntimeError("the program ended before anybody wished so")
            start = time.perf_counter()
            if number is not None:
                process.send_signal(number)
        process.wait()
        return time.perf_counter() - start


def told(code: str) -> float:
    """Seconds that a program has measured itself."""
    command = [sys.executable, "-c", code]
    return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def measure(rounds: int) -> list[dict[str, float]]:
    """Every ending in each round, in seconds."""
    stubborn = waiting(client="Stubborn", grace=1_000.0)
    return [
        {
            "interrupt": ended(waiting(), INT),
            "interrupt_500": ended(waiting(500), INT),
            "second_interrupt": ended(stubborn, INT, INT),
            "terminate": ended(waiting(), TERM),
            "second_terminate": ended(stubborn, TERM, TERM),
            "leaving": ended(LEFT),
            "grace": ended(waiting(client="Stubborn", grace=GRACE), INT),
            "timeout": told(SETTING + TIMED),
            "event": told(SETTING + EVENT),
            **{name: told(LOCAL.replace("LONG", name)) for name in LOCALS},
        }
        for _ in range(rounds)
    ]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    found = measure(parser.parse_args().rounds)
    rows = {"endings": {n: statistics.median(one[n] for one in found) for n in found[0]}}
    verdicts = [goal.judge(rows) for goal in ENDINGS]
    for verdict in verdicts:
        words = "met" if verdict["met"] else "MISSED"
        print(f"{verdict['goal']:44} {verdict['found']:.3f} s, {verdict['bound']}: {words}")
    return int(not all(verdict["met"] for verdict in verdicts))


if __name__ == "__main__":
    sys.exit(main())
