"""This package running sweep after sweep in one scheduler, so that only what is in flight is held."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import anyio
from engine import TARGET, client
from row import SHOTS, Row, omegas, resident, task

import quantum_async as qa

if TYPE_CHECKING:
    from types import SimpleNamespace

CHUNK = 1000
AT_ONCE = 5
"""Sweeps under way at the same time."""


async def run(wanted: SimpleNamespace) -> Row:
    row, program = Row(wanted), qa.Program(wanted.text, qa.ProgramFormat.PULSER)
    limits = qa.Limits(requests_in_flight=wanted.connections)
    memory: list[tuple[int, float]] = []
    late: list[float] = []
    done = 0
    async with client(wanted) as provider:
        async with qa.Scheduler(provider, journal=wanted.warm) as scheduler:
            await scheduler.sweep(program, qa.grid(omega=[1.0]), shots=1, on=TARGET)
        size = min(CHUNK, wanted.jobs)
        left = iter(range(wanted.jobs // size))
        row.begin()
        async with qa.Scheduler(provider, journal=wanted.journal, limits=limits) as scheduler:

            async def work() -> None:
                nonlocal done
                for _ in left:
                    sweep = scheduler.sweep(
                        program, qa.grid(omega=omegas(size)), shots=SHOTS, on=TARGET
                    )
                    async for point in sweep:
                        assert point.result is not None
                        done += 1
                    memory.append((done, (resident() - row.memory) / 2**20))

            async def tick() -> None:
                while done < wanted.jobs:
                    start = time.perf_counter()
                    await anyio.sleep(0.01)
                    late.append(time.perf_counter() - start - 0.01)

            async with anyio.create_task_group() as tasks:
                tasks.start_soon(tick)
                for _ in range(AT_ONCE):
                    tasks.start_soon(work)
            row.end_wall()
        row.end_cpu()
    late.sort()
    row.seen = {}
    row.further |= {"memory": memory, "late_p99": late[int(0.99 * (len(late) - 1))]}
    return row


if __name__ == "__main__":
    anyio.run(run, task()).report("quantum_async")
