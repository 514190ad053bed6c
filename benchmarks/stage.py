"""The stage: a sandbox on a core of its own, and clients in processes of theirs on another."""

from __future__ import annotations

import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import psutil

from quantum_async.sandbox.handle import SandboxProcess
from quantum_async.sandbox.settings import SandboxSettings

CLIENTS = Path(__file__).parent / "clients"
LATENCY = 0.05
SHORTEST, LONGEST = 0.2, 2.0
MEDIAN = (SHORTEST + LONGEST) / 2
HELD = 120.0
"""Run time in seconds of jobs that are only to be in flight."""
_PATIENCE = 600.0


@dataclass(frozen=True)
class Plan:
    """One row of the table: which client does what.

    Args:
        name: What the table calls it.
        client: The script under ``clients``.
        jobs: How many jobs.
        connections: Most connections, where the client lets one choose.
        manner: How the vendor's client is used.
        single: Whether each job is a batch of its own.
        full: Whether the service gives all results of a batch at once.
        hold: Whether it ends as soon as all jobs are in flight, for their memory.
        traced: Whether that is what the interpreter allocated, instead of what the system gave.
        sequence: A file with another sequence than the usual small one.
        scaled_to: The number of jobs that the wall time is extrapolated to.
    """

    name: str
    client: str
    jobs: int
    connections: int | None = None
    manner: str = ""
    single: bool = False
    full: bool = False
    hold: bool = False
    traced: bool = False
    sequence: str | None = None
    scaled_to: int | None = None


def cores() -> tuple[int | None, int | None]:
    """The service's core and the clients'; nothing where there is only one, or no choice."""
    if not hasattr(os, "sched_getaffinity"):
        return None, None
    allowed = sorted(os.sched_getaffinity(0))
    return (allowed[0], allowed[-1]) if len(allowed) > 1 else (None, None)


class Stage:
    """A running sandbox, and what measures on it.

    Args:
        vendor: The interpreter that has the vendor's client, or ``None``.
        seed: Makes run times repeat themselves.
    """

    def __init__(self, vendor: str | None, seed: int = 0) -> None:
        self._vendor = vendor
        self._core, self._client_core = cores()
        self._settings = SandboxSettings(
            port=0,
            latency=LATENCY,
            job_time=MEDIAN,
            job_spread=(LONGEST - SHORTEST) / (LONGEST + SHORTEST),
            seed=seed,
            simulate=False,
            parallel=True,
            services=("pasqal",),
        )

    @contextmanager
    def open(self):
        """Start the sandbox and stop it afterwards."""
        with SandboxProcess(self._settings) as process, tempfile.TemporaryDirectory() as folder:
            self._control = process.control
            self._process = psutil.Process(process.pid)
            if self._core is not None:
                os.sched_setaffinity(process.pid, {self._core})
            self._env = process.control.services()["pasqal"]["env"]
            self._folder = Path(folder)
            self._number = 0
            yield self

    @property
    def is_pinned(self) -> bool:
        return self._core is not None

    def run(self, plan: Plan) -> dict[str, float]:
        """Run one row once, on a service that knows nothing yet."""
        self._prepare(plan, job_time=0.002, latency=0.0)
        with self._child(plan) as child:
            _expect(child, "warm")
            self._prepare(
                plan,
                job_time=HELD if plan.hold or plan.manner in {"again", "same"} else MEDIAN,
                latency=LATENCY,
            )
            busy = self._busy()
            child.stdin.write("go\n")
            child.stdin.flush()
            found = json.loads(child.stdout.readline() or "null")
            if found is None:
                raise RuntimeError(f"{plan.name} failed:\n{child.stderr.read()}")
            busy = self._busy() - busy
        return {**self._figures(plan, found), "service_busy": busy / found["wall"]}

    def crowd(
        self, plan: Plan, processes: int, journal: str | None = None
    ) -> tuple[list[dict[str, float]], float]:
        """Run a plan in several processes that share one journal; returns theirs and the time.

        Args:
            plan: What each of them does.
            processes: How many.
            journal: A database's URL, or nothing for a new file.
        """
        self._prepare(plan, job_time=0.002, latency=0.0)
        with ExitStack() as stack:
            journal = journal or str(self._folder / f"shared-{self._number}.db")
            children = [stack.enter_context(self._child(plan, journal)) for _ in range(processes)]
            for child in children:
                _expect(child, "warm")
            self._prepare(plan, job_time=MEDIAN, latency=LATENCY)
            start = time.monotonic()
            for child in children:
                child.stdin.write("go\n")
                child.stdin.flush()
            lines = [child.stdout.readline() for child in children]
            took = time.monotonic() - start
            for child, line in zip(children, lines, strict=True):
                if not line:
                    raise RuntimeError(f"{plan.name} failed:\n{child.stderr.read()}")
        return [json.loads(line) for line in lines], took

    def stats(self) -> dict[str, object]:
        """What the service counted."""
        return self._control.stats()["pasqal"]

    def _prepare(self, plan: Plan, *, job_time: float, latency: float) -> None:
        self._control.reset()
        full = {"pasqal": {"full_results": plan.full}}
        self._control.change({"job_time": job_time, "latency": latency, "options": full})

    @contextmanager
    def _child(self, plan: Plan, journal: str | None = None):
        self._number += 1
        task = {
            "core": self._client_core,
            "env": self._env,
            "latency": LATENCY,
            "shortest": SHORTEST,
            "median": MEDIAN,
            "journal": journal or str(self._folder / f"{self._number}.db"),
            "warm": str(self._folder / f"{self._number}-warm.db"),
            **{name: getattr(plan, name) for name in ("jobs", "connections", "manner")},
            **{name: getattr(plan, name) for name in ("single", "hold", "traced", "sequence")},
        }
        python = self._vendor if plan.client == "vendor" else sys.executable
        command = [python, str(CLIENTS / f"{plan.client}.py"), json.dumps(task)]
        pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
        with subprocess.Popen(command, text=True, **pipes) as child:
            timer = threading.Timer(_PATIENCE, child.kill)
            timer.start()
            try:
                yield child
            finally:
                timer.cancel()
                child.stdin.close()

    def _busy(self) -> float:
        times = self._process.cpu_times()
        return times.user + times.system

    def _figures(self, plan: Plan, found: dict[str, object]) -> dict[str, float]:
        stats = self._control.stats()["pasqal"]
        jobs = [job for job in self._control.jobs("pasqal") if job["id"]]
        assert len(jobs) == plan.jobs, f"{plan.name}: {len(jobs)} jobs of {plan.jobs}"
        requests = stats["requests"]
        polls = sum(n for route, n in requests.items() if _is_poll(route))
        missing = (plan.scaled_to or plan.jobs) - plan.jobs
        figures = {
            # Not in proportion to the jobs: waiting for the last ones comes once, however many.
            "wall": found["wall"] + missing * found.get("each", 0.0),
            "cpu_ms_per_job": found["cpu"] / plan.jobs * 1000,
            "requests_per_job": sum(requests.values()) / plan.jobs,
            "polls_per_job": polls / plan.jobs,
            "peak_kib_per_job": found["peak"] / plan.jobs / 1024,
            # The longest job, four half round trips (there and back for submission and poll),
            # and the round trips of the link and of the download.
            "floor": max(job["end"] - job["start"] for job in jobs) + 4 * LATENCY / 2 + 2 * LATENCY,
        }
        if plan.hold:
            return {"held_kib_per_job": found["held"] / plan.jobs / 1024}
        figures |= {
            f"part {part} / {purpose}": 1000 * seconds / plan.jobs
            for part, purpose, seconds in found.get("parts", ())
        }
        figures |= {name: 1000 * found[name] for name in ("stall", "stall_cpu") if name in found}
        return figures | _lags(jobs, found["seen"])

    def versions(self) -> dict[str, str]:
        """Versions of what takes part, beside those that the vendor's environment has."""
        ours = "quantum_async aiohttp anyio httpx httpx-aiohttp pydantic sqlalchemy"
        ours += " uvicorn uvloop pulser-core"
        found = {"python": platform.python_version()}
        found |= {name: version(name) for name in ours.split()}
        if self._vendor is not None:
            code = "from row import *; print(json.dumps(versions(*sys.argv[1:])))"
            names = ("pasqal-cloud", "requests", "urllib3", "pulser-core", "pydantic")
            command = [self._vendor, "-c", code, *names]
            text = subprocess.run(command, cwd=CLIENTS, capture_output=True, text=True, check=True)
            found |= {f"vendor: {k}": v for k, v in json.loads(text.stdout).items()}
        return found


def machine() -> dict[str, object]:
    """What it was measured on."""
    return {
        "system": platform.platform(),
        "cores": os.cpu_count(),
        "memory_gib": round(psutil.virtual_memory().total / 2**30, 1),
        "load": [round(load, 2) for load in os.getloadavg()],
    }


def _expect(child: subprocess.Popen[str], word: str) -> None:
    line = child.stdout.readline().strip()
    if line != word:
        raise RuntimeError(f"{child.args[1]} said {line!r}:\n{child.stderr.read()}")


def _is_poll(route: str) -> bool:
    return route.endswith(("/status", "/v2/jobs", "/v2/batches/{id}", "/v2/jobs/{id}"))


def _lags(jobs: list[dict[str, object]], seen: dict[str, float]) -> dict[str, float]:
    lags = sorted(max(0.0, seen[job["id"]] - job["end"]) for job in jobs if job["id"] in seen)
    if not lags:
        return {}
    median = statistics.median(job["end"] - job["start"] for job in jobs)
    return {
        "lag_mean": statistics.fmean(lags),
        "lag_p95": lags[int(0.95 * (len(lags) - 1))],
        "lag_seen": len(lags) / len(jobs),
        "median_run": median,
    }
