"""The goals, and how far the figures of a run are from them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stage import LATENCY

if TYPE_CHECKING:
    from collections.abc import Callable

    Rows = dict[str, dict[str, float]]


@dataclass(frozen=True)
class Goal:
    """A bound on one figure.

    Args:
        what: What is bounded.
        bound: The limit.
        figure: Computes it from the rows' medians.
        least: Whether the figure must be at least, rather than at most, the bound.
        unit: Behind the figure, such as ``KiB``.
    """

    what: str
    bound: float
    figure: Callable[[Rows], float]
    least: bool = False
    unit: str = "x"

    def judge(self, rows: Rows) -> dict[str, object]:
        """The figure beside its bound; without one where its rows were not run."""
        try:
            found = self.figure(rows)
        except (KeyError, ZeroDivisionError):
            found = None
        met = (
            None
            if found is None
            else bool(found >= self.bound if self.least else found <= self.bound)
        )
        return {
            "goal": self.what,
            "bound": ("at least " if self.least else "at most ") + f"{self.bound:g} {self.unit}",
            "found": found,
            "met": met,
        }


def ratio(figure: str, row: str, other: str) -> Callable[[Rows], float]:
    return lambda rows: rows[row][figure] / rows[other][figure]


def value(row: str, figure: str) -> Callable[[Rows], float]:
    return lambda rows: rows[row][figure]


def exponent(figure: str, row: str, larger: str) -> Callable[[Rows], float]:
    """By which power of the number of jobs a figure per job grows."""

    def grown(rows: Rows) -> float:
        few, many = rows[row], rows[larger]
        return math.log(many[figure] / few[figure]) / math.log(many["jobs"] / few["jobs"])

    return grown


def lag(row: str, figure: str, share: float) -> Callable[[Rows], float]:
    """A lag as a multiple of what is allowed: a share of the median run, and for the mean L/2."""

    def part(rows: Rows) -> float:
        half = LATENCY / 2 if figure == "lag_mean" else 0.0
        return (rows[row][figure] - half) / rows[row]["median_run"]

    del share
    return part


def resident(rows: Rows) -> float:
    """KiB that the system gave for each further job in flight."""
    few, many = rows["engine held"], rows["engine held, ten times"]
    more = many["held_kib_per_job"] * many["jobs"] - few["held_kib_per_job"] * few["jobs"]
    return more / (many["jobs"] - few["jobs"])


def worst(rows: Rows) -> float:
    """The largest of the cold sweeps' ratios; each is the median of its rounds before that.

    A round's own largest would be its largest error.
    """
    return max(found for name, found in rows["local"].items() if name.startswith("cold "))


MANY = "engine, ten times the jobs"

WIRE = (
    Goal(
        "hiding secrets in hostile text: growth of CPU, tenfold",
        1.3,
        value("wire", "redact_growth"),
        unit="(exponent)",
    ),
    Goal("compressing: a further point over the first", 0.25, value("wire", "finish_over_make")),
    Goal(
        "reading OpenQASM: growth of CPU, tenfold",
        1.3,
        value("wire", "qasm_growth"),
        unit="(exponent)",
    ),
    Goal("loop stall, 120,000 shots of results", 50, value("wire", "results_stall_ms"), unit="ms"),
)
"""What a user would feel of a large body: see bench_wire.py."""

GRACE, TIMEOUT = 0.5, 0.25
"""Seconds that are given to a provider that does not answer, and to a wait for a job."""


def ending(what: str, figure: str, bound: float, given: float = 0.0) -> Goal:
    """A bound on the seconds, beyond those that were given, which something takes to end."""
    return Goal(what, bound, lambda rows: rows["endings"][figure] - given, unit="s")


ENDINGS = (
    # A second is what somebody waits for before pressing again.
    ending("end of a script: Ctrl-C", "interrupt", 1.0),
    ending("end of a script: Ctrl-C, 500 jobs", "interrupt_500", 1.0),
    ending("end of a script: second Ctrl-C", "second_interrupt", 1.0),
    ending("end of a script: SIGTERM", "terminate", 1.0),
    ending("end of a script: second SIGTERM", "second_terminate", 1.0),
    ending("end of a script: an open scheduler", "leaving", 1.0),
    ending("end of a script: beyond its grace", "grace", 1.0, GRACE),
    ending("end of a wait: beyond its timeout", "timeout", 0.1, TIMEOUT),
    ending("end of a wait: an event", "event", 0.5),
    ending("end of a local job: an endless circuit", "endless_circuit", 1.0),
    ending("end of a local job: a large state", "large_state", 1.0),
    ending("end of a local job: a long evolution", "long_evolution", 1.0),
)

LEFT_GRACE = 2.0
"""Seconds of grace of a block that is left while something stands in the way."""


def left(what: str, figure: str) -> Goal:
    """A bound on the seconds beyond its grace after which a block has been left."""
    return Goal(f"leaving, beyond the grace: {what}", 1.0, value("leaving", figure), unit="s")


LEAVING = (
    left("a pause", "pause"),
    left("refused polls", "refused"),
    left("a create without an answer", "late"),
    left("a locked journal", "locked"),
)

DIRECTLY = ("loop", "list", "parallel_list", "binds", "sampler")
"""The ways in which somebody runs a sweep of circuits on Aer."""
QUBITS = (6, 12, 16, 20)


def fastest(qubits: int) -> Callable[[Rows], float]:
    """The time of the fastest direct way over ours."""

    def over(rows: Rows) -> float:
        found = rows["circuits"]
        return min(found[f"{qubits} {way}"] for way in DIRECTLY) / found[f"{qubits} ours"]

    return over


CIRCUITS = (
    *(
        Goal(
            f"sweep of circuits, {qubits} qubits: fastest direct way over ours",
            1.8,
            fastest(qubits),
            least=True,
        )
        for qubits in QUBITS
    ),
    Goal(
        "sweep of circuits, worst size: fastest direct way over ours",
        1.5,
        lambda rows: min(fastest(qubits)(rows) for qubits in QUBITS),
        least=True,
    ),
    *(
        Goal(
            f"sweep of circuits, {qubits} qubits: its first point over a single job",
            1.0,
            lambda rows, qubits=qubits: (
                rows["circuits"][f"{qubits} first"] / rows["circuits"][f"{qubits} one"]
            ),
        )
        for qubits in QUBITS
    ),
    Goal(
        "five circuits in a fresh process: ours over the same by hand",
        1.0,
        lambda rows: rows["circuits"]["fresh ours"] / rows["circuits"]["fresh hand"],
    ),
)
"""What a user of Aer would feel: see bench_circuits.py."""

GOALS = (
    Goal(
        "wall over the physical floor", 1.12, lambda r: r["engine"]["wall"] / r["engine"]["floor"]
    ),
    Goal("wall: expert over engine", 2.3, ratio("wall", "expert", "engine"), least=True),
    Goal("wall: 32 threads over engine", 30, ratio("wall", "threads", "engine"), least=True),
    Goal("wall: serial over engine", 900, ratio("wall", "serial", "engine"), least=True),
    Goal(
        "one job per batch: wall over all-knowing", 1.10, ratio("wall", "engine, single", "oracle")
    ),
    Goal(
        "one job per batch: 32 threads over engine",
        24,
        ratio("wall", "threads", "engine, single"),
        least=True,
    ),
    Goal("ten times the jobs: wall over raw", 1.25, ratio("wall", MANY, "raw, ten times the jobs")),
    Goal("CPU per job over all-knowing", 0.5, ratio("cpu_ms_per_job", "engine", "oracle")),
    Goal("CPU per job over expert", 0.45, ratio("cpu_ms_per_job", "engine", "expert")),
    Goal(
        "growth of CPU per job, tenfold",
        0.05,
        exponent("cpu_ms_per_job", "engine, wide", MANY),
        unit="(exponent)",
    ),
    Goal(
        "growth of memory per job, tenfold",
        0.05,
        exponent("held_kib_per_job", "engine traced", "engine traced, ten times"),
        unit="(exponent)",
    ),
    Goal("requests per job", 2.15, value("engine", "requests_per_job"), unit=""),
    Goal(
        "requests per job, one job per batch",
        3.15,
        value("engine, single", "requests_per_job"),
        unit="",
    ),
    Goal("requests per job, full_results", 0.2, value("engine, full", "requests_per_job"), unit=""),
    Goal("polls per job", 0.12, value("engine", "polls_per_job"), unit=""),
    Goal(
        "lag, mean less half a round trip", 0.08, lag("engine", "lag_mean", 0.08), unit="of a run"
    ),
    Goal("lag, p95", 0.16, lag("engine", "lag_p95", 0.16), unit="of a run"),
    Goal(
        "ten times: lag, mean less half a round trip",
        0.08,
        lag(MANY, "lag_mean", 0.08),
        unit="of a run",
    ),
    Goal("ten times: lag, p95", 0.16, lag(MANY, "lag_p95", 0.16), unit="of a run"),
    Goal("memory per job in flight, given by the system", 8, resident, unit="KiB"),
    Goal(
        "memory per job in flight, allocated",
        8,
        value("engine traced, ten times", "held_kib_per_job"),
        unit="KiB",
    ),
    Goal("import over import httpx", 0.4, lambda r: r["import"]["over_httpx"]),
    Goal("import pasqal_cloud over import", 30, lambda r: r["import"]["pasqal_over"], least=True),
    Goal(
        "CPU of a repeated 1 MB submission: vendor over engine",
        50,
        lambda r: r["megabyte"]["vendor_over"],
        least=True,
    ),
    Goal(
        "local sweep, 100 points: serial over thread and process",
        1.6,
        lambda r: r["local"]["gain"],
        least=True,
    ),
    Goal("local sweep: slowdown at the worst size", 1.05, worst),
    Goal("local sweep: loop stall", 20, value("local", "stall"), unit="ms"),
    Goal("local sweep of circuits: loop stall", 20, value("local", "circuits stall"), unit="ms"),
    # If Pulser or QuTiP no longer waste the time, our emulator can go.
    Goal("analog emulator: CPU of Pulser's over ours", 1.5, value("local", "emulator"), least=True),
    Goal("loop stall, 1,000 jobs", 20, value("engine", "stall"), unit="ms"),
    Goal("loop stall, ten times the jobs", 20, value(MANY, "stall"), unit="ms"),
    *CIRCUITS,
    *WIRE,
    *ENDINGS,
    *LEAVING,
)
