"""Providers that hold an answer back until something has changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio
import pytest

from quantum_async.models.grid import grid
from quantum_async.models.limits import Limits
from quantum_async.scheduler.scheduler import Scheduler
from tests.scheduler.fake import PROGRAM, FakeClient

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from quantum_async.models.job import JobRef, JobState, JobStatus


class Holding(FakeClient):
    """Answers once a job stands elsewhere than it was last told."""

    told: dict[JobRef, JobStatus]

    async def poll(self, jobs: Sequence[JobRef], *, wait: float = 0.0) -> Mapping[JobRef, JobState]:
        """Wait for news."""
        states = await super().poll(jobs)
        with anyio.move_on_after(wait):
            while all(self.told.get(ref) is state.status for ref, state in states.items()):
                await anyio.sleep(0.002)
                states = await super().poll(jobs)
        self.told.update((ref, state.status) for ref, state in states.items())
        return states


async def test_news_are_followed_by_the_next_question() -> None:
    """Jobs that end one after the other are noticed as they end, however long polls pause."""
    client = Holding(run_time=lambda number: 0.02 * (number + 1)).can(long_poll=True)
    client.told = {}
    async with Scheduler(client, limits=Limits(min_poll_interval=2.0)) as scheduler:
        started = anyio.current_time()
        await scheduler.sweep(PROGRAM, grid(x=[1, 2, 3, 4, 5]), shots=1)
        # On the clock of these tests: the fifth job ends after 0.1 s, and is asked about every 2 ms.
        assert anyio.current_time() - started == pytest.approx(0.1, abs=0.003)


async def test_a_hasty_server_is_not_asked_in_a_spin() -> None:
    """A server that answers at once although nothing changed is asked at the usual pace."""
    client = FakeClient(run_time=lambda _: 0.5).can(long_poll=True)
    async with Scheduler(client, limits=Limits(min_poll_interval=0.1)) as scheduler:
        await (await scheduler.submit(PROGRAM, shots=1))
    assert client.world.calls["poll"] <= 15


async def test_a_server_that_holds_nothing_back_is_asked_like_any_other() -> None:
    """Its jobs are asked about less and less often, within the bounds that the user set."""
    client = FakeClient(run_time=lambda _: 100.0).can(long_poll=True)
    async with Scheduler(client, limits=Limits(min_poll_interval=0.1)) as scheduler:
        await (await scheduler.submit(PROGRAM, shots=1))
    assert client.world.calls["poll"] <= 80
