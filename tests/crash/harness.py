"""Kill a worker again and again until its sweep is done, then ask the server what happened."""

from __future__ import annotations

import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import anyio

from quantum_async.sandbox import BlockingSandbox
from tests.crash import worker

WORKER = Path(worker.__file__)
CREATES = {"pasqal": "POST", "azure": "PUT", "iqm": "POST", "qoro": "POST"}
TARGETS = {
    "pasqal": "pasqal:EMU_FREE",
    "azure": "azure:ionq.simulator",
    "iqm": "iqm:garnet",
    "qoro": "qoro:qoro_maestro",
}
PRESSURE = 0.05
"""Share of requests that something happens to."""


# In IQM's native operations, which the others have as well.
CIRCUIT = """OPENQASM 3.0; include "stdgates.inc"; input float[64] theta; qubit[2] q; bit[2] c;
rx(theta) q[0]; cz q[0], q[1]; c[0] = measure q[0]; c[1] = measure q[1];
"""


@cache
def sequence() -> str:
    """A sequence whose drive is the parameter."""
    from pulser import Pulse, Register, Sequence
    from pulser.devices import AnalogDevice

    drive = Sequence(Register.from_coordinates([(0.0, 0.0), (8.0, 0.0)], prefix="q"), AnalogDevice)
    drive.declare_channel("g", "rydberg_global")
    drive.add(Pulse.ConstantPulse(100, drive.declare_variable("theta"), 0.0, 0.0), "g")
    drive.measure()
    return drive.to_abstract_repr()


def program_for(provider: str, folder: Path) -> Path:
    """Write down a program with one parameter that the provider takes."""
    is_analog = provider == "pasqal"
    path = folder / ("program.json" if is_analog else "program.qasm")
    path.write_text(sequence() if is_analog else CIRCUIT)
    return path


def plan(provider: str) -> list[dict[str, object]]:
    """Faults at five of a hundred requests, most of them where they hurt."""
    lossy = ["accept-then-status:504", "accept-then-reset", "accept-then-timeout"]
    lossy += ["timeout", "reset", "retry-after:0.2"]
    share = PRESSURE / len(lossy)
    method = CREATES[provider]
    rows = [
        {"provider": provider, "method": m, "route": "*", "probability": share, "fault": fault}
        for m in (method, "GET")
        for fault in lossy
    ]
    lag = {"provider": provider, "method": method, "route": "*", "probability": PRESSURE / 3}
    return [*rows, *({**lag, "fault": f"list-lag:{seconds}"} for seconds in (1, 3, 5))]


@dataclass
class Outcome:
    """What came of a sweep under fire.

    Args:
        rows: The last worker's outcome per point.
        calm: The outcome per point of the same sweep, undisturbed, on the same server.
        kills: How often it was killed.
        created: How many jobs the server counts.
        duplicates: How many submissions the server saw twice.
        batches_open: How many batches are open at the server.
        accepted: Submissions that the journal knows to be accepted.
        unknown: Submissions of which nobody can say whether they exist.
        sent_twice: Points that have a second submission although the first may exist.
        log: What workers said when they ended by themselves in a bad way.
        requests: How many the server was sent.
        seconds: How long it took, with all restarts.
    """

    rows: list[dict[str, object]]
    calm: list[dict[str, object]]
    kills: int
    created: int
    duplicates: int
    batches_open: int
    accepted: int
    unknown: int
    sent_twice: list[int]
    log: list[str] = field(default_factory=list)
    requests: int = 0
    seconds: float = 0.0

    @property
    def uncertain(self) -> list[dict[str, object]]:
        """Points that nobody can say anything about."""
        return [row for row in self.rows if row["error"] == "SubmissionUnknownError"]

    @property
    def failed(self) -> list[dict[str, object]]:
        """Points that failed otherwise."""
        return [row for row in self.rows if row["error"] not in {None, "SubmissionUnknownError"}]

    @property
    def wrong(self) -> list[dict[str, object]]:
        """Points whose counts are not those of the undisturbed sweep."""
        known = {row["index"]: row["counts"] for row in self.calm}
        return [row for row in self.rows if row["counts"] not in (None, known[row["index"]])]


@dataclass(frozen=True)
class Schedule:
    """When a worker is killed.

    Args:
        seed: Decides the moments.
        kills: How often it is killed at the most.
        life: Shortest and longest life of a worker that is killed, in seconds from its start.
        limit: Longest time in seconds for all of it.
        failures: How often it may end by itself without being done.
    """

    seed: int
    kills: int
    life: tuple[float, float]
    limit: float
    failures: int = 3


def stage(
    provider: str, seed: int, latency: float = 0.0, job_time: str = "50ms"
) -> BlockingSandbox:
    """Make a service whose jobs take little time and no physics."""
    return BlockingSandbox(
        seed=seed,
        simulate=False,
        job_time=job_time,
        latency=latency,
        parallel=True,
        services=[provider],
    )


def persist(command: list[str], output: Path, schedule: Schedule) -> tuple[int, list[str]]:
    """Start a worker, kill it and start it again, until it has written its output.

    Returns:
        How often it was killed, and what it said when it ended by itself without being done.
    """
    chance = random.Random(schedule.seed)
    stop = time.monotonic() + schedule.limit
    killed, log = 0, []
    while not output.exists():
        is_hunted = killed < schedule.kills
        lifetime = chance.uniform(*schedule.life) if is_hunted else stop - time.monotonic()
        if lifetime <= 0 or len(log) > schedule.failures:
            raise TimeoutError(f"not done in {schedule.limit} s: {command}: {log}")
        killed += _live(command, lifetime, log)
    return killed, log


def run(
    provider: str,
    folder: Path,
    seed: int,
    *,
    points: int = 1000,
    size: int = 10,
    kills: int = 6,
    life: tuple[float, float] = (0.1, 2.5),
    faults: bool = True,
    limit: float = 240.0,
    latency: float = 0.0,
    job_time: str = "50ms",
) -> Outcome:
    """Run a sweep in peace, then again, killing the worker at random moments.

    Args:
        provider: Registry name.
        folder: Where the journal and the output go.
        seed: Decides the moments and the faults.
        points: Number of jobs.
        size: Jobs per submission.
        kills: How often the worker is killed at the most.
        life: Shortest and longest life of a worker that is killed, in seconds from its start.
        faults: Whether requests fail.
        limit: Longest time in seconds for all of it.
        latency: Time in seconds that each answer of the service takes.
        job_time: Time that each job takes; a life that is shorter cannot see the sweep's end.
    """
    journal, output = folder / "jobs.db", folder / "out.json"
    with stage(provider, seed, latency, job_time) as sandbox:
        environment = folder / "env.json"
        environment.write_text(json.dumps(sandbox.env(provider)))
        given = ["--provider", provider, "--program", str(program_for(provider, folder))]
        given += ["--target", TARGETS[provider], "--env", str(environment)]
        given += ["--points", str(points), "--size", str(size)]
        calm = anyio.run(worker.run, worker.arguments(given))
        sandbox.reset()
        sandbox.set_faults(plan(provider) if faults else [])
        command = [sys.executable, str(WORKER), *given]
        command += ["--journal", str(journal), "--output", str(output)]
        start = time.monotonic()
        killed, log = persist(command, output, Schedule(seed, kills, life, limit))
        seconds = time.monotonic() - start
        stats = sandbox.stats()[provider]
        rows = json.loads(output.read_text())
    states = submissions(journal)
    return Outcome(
        rows,
        calm,
        killed,
        stats["jobs_created"],
        stats["duplicates"],
        stats["batches_open"],
        states.get("accepted", 0),
        states.get("unknown", 0),
        sent_twice(journal),
        log,
        sum(stats["requests"].values()),
        seconds,
    )


def submissions(journal: Path) -> dict[str, int]:
    """Count submissions by their state."""
    with closing(sqlite3.connect(journal)) as connection:
        rows = connection.execute("SELECT state, count(*) FROM submissions GROUP BY state")
        return dict(rows.fetchall())


def sent_twice(journal: Path) -> list[int]:
    """Name the points that were sent again without anybody knowing what became of them."""
    with closing(sqlite3.connect(journal)) as connection:
        query = (
            "SELECT point FROM jobs WHERE state <> 'rejected' GROUP BY point HAVING count(*) > 1"
        )
        return [row[0] for row in connection.execute(query)]


def _live(command: list[str], lifetime: float, log: list[str]) -> bool:
    """Let a worker live for a while; say whether it had to be killed."""
    worker = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
    )
    # Imports take longer than the sweep: a life begins once they are done.
    worker.stdout.readline()
    try:
        _, words = worker.communicate(timeout=lifetime)
    except subprocess.TimeoutExpired:
        os.killpg(worker.pid, signal.SIGKILL)
        worker.communicate()
        return True
    if worker.returncode:
        log.append(words.decode()[-2000:])
    return False
