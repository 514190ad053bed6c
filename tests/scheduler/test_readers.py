"""Several readers of one stream."""

from __future__ import annotations

import anyio

import quantum_async as qa
from tests.scheduler.fake import PROGRAM, FakeClient


async def test_two_readers_share_completions():
    """Each job goes to one of them, and both stop when all are told."""
    seen: list[str] = []
    async with qa.Scheduler(FakeClient(run_time=lambda _: 0.05)) as scheduler:
        jobs = [await scheduler.submit(PROGRAM, shots=1, variables={"x": n}) for n in range(3)]
        completions = scheduler.as_completed(jobs)

        async def read() -> None:
            seen.extend([job.id async for job in completions])

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(read)
            tasks.start_soon(read)
    assert sorted(seen) == sorted(job.id for job in jobs)


async def test_two_readers_share_a_stream_of_events():
    """Each event goes to one of them, and both stop when the scheduler closes."""
    seen: list[qa.JobEvent] = []
    async with (
        anyio.create_task_group() as tasks,
        qa.Scheduler(FakeClient(run_time=lambda _: 0.05)) as scheduler,
    ):
        events = scheduler.events()

        async def read() -> None:
            seen.extend([event async for event in events])

        tasks.start_soon(read)
        tasks.start_soon(read)
        await anyio.wait_all_tasks_blocked()
        await (await scheduler.submit(PROGRAM, shots=1, variables={"x": 1}))
    assert [event.kind.value for event in seen].count("finished") == 1
