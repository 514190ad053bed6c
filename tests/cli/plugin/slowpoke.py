"""A provider in a file: its jobs run until they are cancelled, and a log says what was asked."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import anyio

from quantum_async.errors import AuthenticationError, JobFailedError
from quantum_async.models.capabilities import Binding, Capabilities, SubmissionGrade
from quantum_async.models.device import Device, DeviceKind
from quantum_async.models.job import JobRef, JobState, JobStatus
from quantum_async.models.result import BitOrder, Register, Result
from quantum_async.providers.base import ProviderClient

QUIET = 3
"""Polls without news after which an hour passes, where that is asked for."""


def leap(seconds: float) -> None:
    """Let time pass on the clock of the loop: what has a deadline has reached it."""
    loop = asyncio.get_running_loop()
    clock = loop.time
    loop.time = lambda: clock() + seconds


class SlowpokeClient(ProviderClient):
    """Jobs with ``theta`` below 0 fail, above 100 they never end, in between they succeed."""

    name = "slowpoke"

    def __init__(self, log: Path) -> None:
        self._log = log
        self._is_open = False
        self._thetas: dict[str, float] = {}
        self._cancelled: set[str] = set()
        self._quiet = 0

    @classmethod
    def from_env(cls) -> SlowpokeClient:
        if "SLOWPOKE_LOG" not in os.environ:
            raise AuthenticationError("SLOWPOKE_LOG is not set", remedy="Set it.")
        return cls(Path(os.environ["SLOWPOKE_LOG"]))

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(grade=SubmissionGrade.EXACT, binding=Binding.CLIENT)

    @property
    def is_open(self) -> bool:
        return self._is_open

    async def open(self) -> None:
        self._is_open = True

    async def close(self) -> None:
        self._is_open = False

    async def devices(self):
        return [Device(self.name, "tortoise", DeviceKind.GATE)]

    def default_device(self, program):
        return "tortoise"

    async def validate(self, job, device):
        return None

    async def submit(self, request):
        refs = []
        for job in request.jobs:
            self._thetas[job.key] = float(job.variables.get("theta", 1000))
            self._write(f"submitted {job.key}")
            refs.append(JobRef(self.name, job.key, request.target, key=job.key))
        return refs

    async def poll(self, jobs, *, wait=0.0):
        states = {job: JobState(self._status(job.id)) for job in jobs}
        self._quiet += not any(state.status.is_terminal for state in states.values())
        if "SLOWPOKE_LEAPS" in os.environ and self._quiet == QUIET:
            leap(3600.0)
        return states

    def _status(self, key: str) -> JobStatus:
        if key in self._cancelled:
            return JobStatus.CANCELLED
        theta = self._thetas[key]
        if theta > 100:
            return JobStatus.RUNNING
        return JobStatus.FAILED if theta < 0 else JobStatus.SUCCEEDED

    async def fetch(self, job):
        if self._thetas[job.id] < 0:
            raise JobFailedError("it failed")
        return Result({"1": 1}, 1, BitOrder.QISKIT, registers=(Register("c", 1),))

    async def cancel(self, jobs):
        if "SLOWPOKE_STUBBORN" in os.environ:
            self._write("asked")
            await anyio.sleep_forever()
        for job in jobs:
            self._cancelled.add(job.id)
            self._write(f"cancelled {job.id}")
        return {}

    async def find(self, key):
        return []

    def _write(self, line: str) -> None:
        with self._log.open("a") as file:
            file.write(line + "\n")
