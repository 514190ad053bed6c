"""This package with everything on: log-in, retries, typed results, a durable journal."""

from __future__ import annotations

import asyncio
import selectors
import time
from typing import TYPE_CHECKING

import anyio
from row import SHOTS, Row, omegas, task

import quantum_async as qa
from quantum_async.http.options import SessionOptions
from quantum_async.providers.pasqal.client import PasqalClient
from quantum_async.providers.pasqal.endpoints import PasqalSettings

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import SimpleNamespace

    from quantum_async.models.job import JobRef, JobState

TARGET = "pasqal:EMU_FREE"


class Watching(PasqalClient):
    """The client, noting when each job's end was told."""

    seen: dict[str, float]

    async def poll(self, jobs: Sequence[JobRef], *, wait: float = 0.0) -> Mapping[JobRef, JobState]:
        states = await super().poll(jobs, wait=wait)
        now = time.time()
        for ref, state in states.items():
            if state.status.is_terminal:
                self.seen.setdefault(ref.id, now)
        return states


class TimedSelector(selectors.DefaultSelector):
    """A selector that knows how long the loop was busy between two waits.

    The CPU time of a turn has that of the wait before it in it, which is some microseconds: so one
    system call per turn is enough. All this takes 2 us of a turn, of a millisecond or more on average.
    """

    def __init__(self) -> None:
        super().__init__()
        self.clear()

    def clear(self) -> None:
        self.longest = self.longest_cpu = 0.0
        self.back, self.cpu = time.perf_counter(), time.thread_time()

    def select(self, timeout=None):
        turn, before, self.cpu = time.perf_counter() - self.back, self.cpu, time.thread_time()
        self.longest = max(self.longest, turn)
        self.longest_cpu = max(self.longest_cpu, self.cpu - before)
        events = super().select(timeout)
        self.back = time.perf_counter()
        return events


def client(wanted: SimpleNamespace) -> Watching:
    settings = PasqalSettings.read(wanted.env)
    options = SessionOptions()
    if wanted.connections is not None:
        polls = max(options.control_connections, wanted.connections // 8)
        options = SessionOptions(connections=wanted.connections, control_connections=polls)
    made = Watching(
        username=settings.username,
        password=settings.password.get_secret_value(),
        project_id=settings.project_id,
        endpoints=settings.endpoints,
        options=options,
    )
    made.seen = {}
    return made


async def again(wanted: SimpleNamespace) -> Row:
    """Submit one program again and again, with other values or the same; only submitting counts."""
    row, program = Row(wanted), qa.Program(wanted.text, qa.ProgramFormat.PULSER)
    # Nothing is asked about the jobs meanwhile, as the vendor's client does not either.
    quiet = qa.Limits(min_poll_interval=120.0)
    async with (
        client(wanted) as provider,
        qa.Scheduler(provider, journal=wanted.journal, limits=quiet) as scheduler,
    ):

        async def submit(value: float) -> None:
            job = await scheduler.submit(
                program, shots=SHOTS, variables={"omega": value}, on=TARGET
            )
            job.detach()

        await submit(1.0)
        row.begin()
        for value in omegas(wanted.jobs):
            await submit(1.0 if wanted.manner == "same" else value)
            row.lap()
        row.end_wall()
        row.end_cpu()
    return row


async def run(wanted: SimpleNamespace, selector: TimedSelector, made: type[Row]) -> Row:
    row, program = made(wanted), qa.Program(wanted.text, qa.ProgramFormat.PULSER)
    limits = qa.Limits(
        requests_in_flight=wanted.connections, jobs_per_submission=1 if wanted.single else None
    )
    async with client(wanted) as provider:
        async with qa.Scheduler(provider, journal=wanted.warm) as scheduler:
            await scheduler.sweep(program, qa.grid(omega=[1.0]), shots=1, on=TARGET)
        provider.seen.clear()
        points = qa.grid(omega=omegas(wanted.jobs))
        row.begin()
        selector.clear()
        async with qa.Scheduler(provider, journal=wanted.journal, limits=limits) as scheduler:
            sweep = scheduler.sweep(program, points, shots=SHOTS, on=TARGET)
            if wanted.hold:
                while len(scheduler.unfinished) < wanted.jobs:  # noqa: ASYNC110  looks from outside
                    await anyio.sleep(0.05)
                row.all_accepted()
            results = await sweep
            row.end_wall()
        row.end_cpu()
    assert sum(point.result.shots for point in results) == wanted.jobs * SHOTS
    row.seen = provider.seen
    row.further |= {"stall": selector.longest, "stall_cpu": selector.longest_cpu}
    return row


def main(made: type[Row] = Row) -> None:
    """Run what the parent wants.

    Args:
        made: Measures it; `again` and `same` have their own.
    """
    wanted, selector = task(), TimedSelector()
    loop = {"loop_factory": lambda: asyncio.SelectorEventLoop(selector)}
    if wanted.manner in {"again", "same"}:
        row = anyio.run(again, wanted)
    else:
        row = anyio.run(run, wanted, selector, made, backend_options=loop)
    row.report(
        "quantum_async", "aiohttp", "anyio", "httpx", "pydantic", "sqlalchemy", "pulser-core"
    )


if __name__ == "__main__":
    main()
