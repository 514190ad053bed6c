"""One measured run in a process of its own; uses the standard library alone, for every environment.

The parent starts a client with one JSON object as its argument. The client warms up with one quick
job, says ``warm``, waits for a line on standard input, runs, and writes one JSON object.
"""

from __future__ import annotations

import gc
import json
import os
import resource
import sys
import time
import tracemalloc
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from statistics import median
from types import SimpleNamespace

OMEGA = 12.0
SHOTS = 100
BATCH = 100


def task() -> SimpleNamespace:
    """What the parent wants, after moving to the core that it names."""
    wanted = SimpleNamespace(**json.loads(sys.argv[1]))
    file = Path(wanted.sequence or Path(__file__).parents[1] / "sequence.json")
    wanted.text = file.read_text(encoding="utf-8").strip()
    if wanted.core is not None:
        os.sched_setaffinity(0, {wanted.core})
    return wanted


def omegas(count: int) -> list[float]:
    return [OMEGA * number / count for number in range(count)]


def resident() -> int:
    """Bytes of this process in memory."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * resource.getpagesize()


class Row:
    """The figures of one run: wall time, CPU of all threads, memory, and when each end was seen."""

    def __init__(self, wanted: SimpleNamespace) -> None:
        self.wanted = wanted
        self.seen: dict[str, float] = {}
        self.further: dict[str, object] = {}
        self.laps: list[float] = []

    def begin(self) -> None:
        """Tell the parent that the warm-up is over, and start measuring when it says so."""
        print("warm", flush=True)
        sys.stdin.readline()
        gc.collect()
        # What was imported is not gone through again at every full collection, which takes 90 ms
        # where Pulser is loaded. Any long-lived program does well to do this, so every row does.
        gc.freeze()
        if getattr(self.wanted, "traced", False):
            tracemalloc.start()
        self.memory = resident()
        self.cpu, self.wall = time.process_time(), time.perf_counter()

    def end_wall(self) -> None:
        """Every result is here."""
        self.wall = time.perf_counter() - self.wall

    def lap(self) -> None:
        """One of several equal parts is over; of their CPU the median then counts for all."""
        self.laps.append(time.process_time() - self.cpu - sum(self.laps))

    def end_cpu(self) -> None:
        """Everything that the run causes is done."""
        self.cpu = time.process_time() - self.cpu
        if self.laps:
            self.cpu = median(self.laps) * len(self.laps)

    def all_accepted(self) -> None:
        """Note the memory that jobs in flight take; with `hold` this is where the run ends."""
        gc.collect()
        self.further["held"] = resident() - self.memory
        if tracemalloc.is_tracing():
            self.further["held"] = tracemalloc.get_traced_memory()[0]
        self.wall, self.cpu = time.perf_counter() - self.wall, time.process_time() - self.cpu
        self.report()
        # The jobs are left to a service that forgets them.
        os._exit(0)

    def report(self, *packages: str) -> None:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        figures = {
            "wall": self.wall,
            "cpu": self.cpu,
            "peak": max(0, peak - self.memory),
            "seen": self.seen,
            "versions": versions(*packages),
            **self.further,
        }
        print(json.dumps(figures), flush=True)


def versions(*packages: str) -> dict[str, str]:
    found = {"python": sys.version.split()[0]}
    for name in packages:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
