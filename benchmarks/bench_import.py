"""What `import quantum_async` costs next to `import httpx`: fresh interpreters, interleaved.

Run with `python benchmarks/bench_import.py [--rounds 15] [--json]`; fails above the goal of 0.4.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from statistics import median

GOAL = 0.4
RESOLUTION = 0.2
"""Milliseconds: a difference of two interpreters' times that is smaller may as well be negative."""
SUBJECTS = {
    "bare": "pass",
    "httpx": "import httpx",
    "quantum_async": "import quantum_async",
    "values": "import quantum_async as qa; qa.Result, qa.grid, qa.JobFailedError",
    "names": "import quantum_async; dir(quantum_async)",
}


def seconds(code: str, python: str = sys.executable) -> float:
    start = time.perf_counter()
    subprocess.run([python, "-I", "-c", code], check=True)
    return time.perf_counter() - start


def measure(rounds: int) -> dict[str, float]:
    """Median milliseconds on top of a bare interpreter."""
    for code in SUBJECTS.values():
        seconds(code)
    times: dict[str, list[float]] = {name: [] for name in SUBJECTS}
    for _ in range(rounds):
        for name, code in SUBJECTS.items():
            times[name].append(seconds(code))
    bare = median(times.pop("bare"))
    return {name: 1000 * (median(found) - bare) for name, found in times.items()}


def compare(rounds: int, vendor: str | None) -> dict[str, float]:
    """Our import as a multiple of httpx's, and the vendor's as a multiple of ours."""
    cost = measure(max(5, rounds))
    found = {f"{name}_ms": value for name, value in cost.items()}
    ours = max(cost["quantum_async"], RESOLUTION)
    found["over_httpx"] = ours / cost["httpx"]
    if vendor is not None:
        codes = ("pass", "import pasqal_cloud")
        bare, full = (median(seconds(code, vendor) for _ in range(rounds)) for code in codes)
        found["pasqal_ms"] = 1000 * (full - bare)
        found["pasqal_over"] = found["pasqal_ms"] / ours
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    cost = measure(options.rounds)
    ratio = cost["quantum_async"] / cost["httpx"]
    if options.json:
        print(json.dumps({"milliseconds": cost, "ratio": ratio, "goal": GOAL}))
    else:
        for name, value in cost.items():
            print(f"{name:14} {value:6.1f} ms, {value / cost['httpx']:.2f} x httpx")
    return int(ratio > GOAL)


if __name__ == "__main__":
    sys.exit(main())
