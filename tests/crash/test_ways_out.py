"""However a block is left, and whatever stands in the way: nothing is left without being named."""

from __future__ import annotations

import asyncio
import logging
import os
import random
from contextlib import suppress

import anyio
import pytest

import quantum_async as qa
from quantum_async.sandbox import BlockingSandbox
from tests.crash.harness import CREATES, TARGETS, program_for
from tests.crash.worker import client_for

WAYS = int(os.environ.get("QUANTUM_ASYNC_WAYS", "6"))
"""Ways out per provider and kind."""
PROVIDERS = ["pasqal", "azure", "iqm", "qoro"]
BATCHED = ["pasqal", "azure"]
GRACE = 6.0
POLLS = {"pasqal": "GET", "azure": "GET", "iqm": "GET", "qoro": "GET"}
OBSTACLES = {
    "pause": lambda provider: [
        (CREATES[provider], "retry-after:60", 3),
        ("GET", "retry-after:60", 2),
    ],
    "refused polls": lambda _: [("GET", f"status:{status}", None) for status in (401, 403)],
    "late create": lambda provider: [(CREATES[provider], "accept-then-timeout", 4)],
}


@pytest.fixture(scope="module")
def sandbox():
    """A cloud with latency whose jobs run long."""
    with BlockingSandbox(simulate=False, job_time="600s", latency=0.1, parallel=True) as running:
        yield running


def fault(provider: str, method: str, what: str, nth: int | None) -> dict[str, object]:
    """Write a row of a plan of faults."""
    row: dict[str, object] = {"provider": provider, "method": method, "route": "*", "fault": what}
    return {**row, "probability": 1.0} if nth is None else {**row, "nth": nth}


async def block(provider: str, client, program, *, fails_after: float | None = None) -> None:
    """Have jobs under way in every stage: waiting, being sent, accepted, and in a batch."""
    limits = qa.Limits(jobs_per_submission=3, min_poll_interval=0.05, max_poll_interval=0.3)
    on = TARGETS[provider]
    async with qa.Scheduler(client, grace=GRACE, limits=limits) as scheduler:
        points = qa.grid(theta=[0.01 * n for n in range(9)])
        scheduler.sweep(program, points, shots=10, on=on)
        if fails_after is not None:
            await anyio.sleep(fails_after)
            raise ZeroDivisionError
        if provider in BATCHED:
            async with scheduler.open_batch(program, on=on) as batch:
                await batch.submit(shots=10, variables={"theta": 0.5})
                await batch.sweep(points, shots=20)
        await scheduler.submit(program, shots=30, variables={"theta": 0.5}, on=on)


def check(sandbox, provider: str, told: str, case: object) -> None:
    """Ask the server what runs; whatever does has to be named."""
    stats = sandbox.stats()[provider]
    if stats["jobs_running"] or stats["batches_open"]:
        named = "May still be running" in told or "may or may not have been accepted" in told
        named = named or "Cancelled, but not confirmed" in told or "may still be open" in told
        assert named, (case, stats, told)


async def ended(task: asyncio.Task) -> str:
    """Wait for a task, and return what its error says."""
    try:
        await task
    except BaseException as error:  # noqa: BLE001 -- whatever it was left by
        return "\n".join([repr(error), *getattr(error, "__notes__", [])])
    return ""


@pytest.mark.crash
@pytest.mark.parametrize("provider", PROVIDERS)
def test_native_cancels_leave_nothing_unnamed(sandbox, tmp_path, caplog, provider: str) -> None:
    """One, two or three cancels in a row, at drawn moments, on a server with latency."""
    program = qa.Program.load(program_for(provider, tmp_path))

    async def scenario(seed: int) -> str:
        chance = random.Random(seed)
        client = client_for(provider, sandbox.env(provider))
        running = block(provider, client, program)
        task = asyncio.get_running_loop().create_task(running)
        await anyio.sleep(chance.uniform(0.0, 1.2))
        for _ in range(1 + seed % 3):
            task.cancel()
            await anyio.sleep(chance.uniform(0.0, 0.4))
        return await ended(task)

    for seed in range(WAYS):
        sandbox.reset()
        caplog.clear()
        with caplog.at_level(logging.WARNING):
            told = asyncio.run(scenario(seed))
        if provider in BATCHED:
            stats = sandbox.stats()[provider]
            assert not stats["jobs_running"], (seed, stats, told, caplog.text)
            assert not stats["batches_open"], (seed, stats, told, caplog.text)
        else:
            # On a busy machine an answer may come too late, and no one can look it up.
            check(sandbox, provider, told + caplog.text, seed)


@pytest.mark.crash
@pytest.mark.parametrize("obstacle", OBSTACLES)
@pytest.mark.parametrize("provider", PROVIDERS)
def test_obstacles_leave_nothing_unnamed(
    sandbox, tmp_path, caplog, provider: str, obstacle: str
) -> None:
    """A pause, polls that are refused, a create that is never answered."""
    program = qa.Program.load(program_for(provider, tmp_path))

    async def scenario(seed: int) -> str:
        chance = random.Random(seed)
        client = client_for(provider, sandbox.env(provider))
        running = block(provider, client, program, fails_after=chance.uniform(0.3, 1.5))
        return await ended(asyncio.get_running_loop().create_task(running))

    for seed in range(max(1, WAYS // 3)):
        sandbox.reset()
        sandbox.set_faults([fault(provider, *row) for row in OBSTACLES[obstacle](provider)])
        caplog.clear()
        with caplog.at_level(logging.WARNING):
            told = asyncio.run(scenario(seed))
        sandbox.set_faults([])
        assert "ZeroDivisionError" in told
        stats = sandbox.stats()[provider]
        if obstacle == "late create":
            check(sandbox, provider, told + caplog.text, (obstacle, seed))
        else:
            # Neither a pause nor a poll stands between a job and its cancel.
            assert not stats["jobs_running"], (seed, stats, told, caplog.text)
            assert not stats["batches_open"], (seed, stats, told, caplog.text)


@pytest.mark.crash
@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_journal_that_does_not_answer_keeps_no_job_running(
    sandbox, tmp_path, caplog, provider: str
) -> None:
    """Cancelling does not need the journal, and the way out does not wait for it beyond its bound."""
    program = qa.Program.load(program_for(provider, tmp_path))
    sandbox.reset()

    async def scenario() -> str:
        client = client_for(provider, sandbox.env(provider))
        limits = qa.Limits(min_poll_interval=0.05)
        path = tmp_path / "jobs.db"
        with suppress(ZeroDivisionError):
            async with qa.Scheduler(client, journal=path, grace=GRACE, limits=limits) as scheduler:
                points = qa.grid(theta=[0.01 * n for n in range(6)])
                await scheduler.sweep(program, points, shots=10, on=TARGETS[provider]).refs()
                holder = await anyio.open_process(
                    [
                        "python3",
                        "-c",
                        "import sqlite3, sys\n"
                        f"c = sqlite3.connect({str(path)!r}, isolation_level=None)\n"
                        "c.execute('BEGIN EXCLUSIVE'); print('held', flush=True)\n"
                        "sys.stdin.read()",
                    ]
                )
                await holder.stdout.receive()
                raise ZeroDivisionError
        holder.kill()
        await holder.wait()
        return ""

    with caplog.at_level(logging.WARNING):
        asyncio.run(scenario())
    assert not sandbox.stats()[provider]["jobs_running"], caplog.text
