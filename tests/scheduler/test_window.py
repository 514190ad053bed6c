"""The window: few requests at first, more while turns of the loop are short, fewer when long."""

from __future__ import annotations

from collections import deque

import anyio
import anyio.lowlevel
import pytest

import quantum_async as qa
from quantum_async.scheduler.workers import (
    CALLED_AT_ONCE,
    FIRST,
    LEAST,
    LONG,
    PAUSE,
    SHORT,
    Crew,
    Window,
)
from tests.scheduler.fake import PROGRAM, FakeClient


def test_it_begins_small_and_within_what_is_allowed():
    """A few requests show how long they hold the loop up; a low limit is a limit at once."""
    assert Window(1000).size == FIRST
    assert Window(3).size == 3


def test_short_turns_widen_it_up_to_what_is_allowed():
    """Each request that did not hold the loop up lets one more go along."""
    window = Window(FIRST + 2)
    for now in range(5):
        window.done += 1
        window.learn(SHORT / 2, float(now))
    assert window.size == FIRST + 2


def test_a_long_turn_narrows_it_once_in_a_while():
    """All that wait for the same long turn count as one; a later one narrows it further."""
    window = Window(FIRST)
    window.learn(2 * LONG, 1.0)
    window.learn(2 * LONG, 1.0 + PAUSE / 2)
    assert window.size == FIRST // 2
    for number in range(10):
        window.learn(10 * LONG, 2.0 + number)
    assert window.size == LEAST


def test_a_long_turn_does_not_narrow_it_below_a_low_limit():
    """Where only two requests are allowed, two stay allowed."""
    window = Window(2)
    window.learn(10 * LONG, 1.0)
    assert window.size == 2


async def test_a_crew_does_everything_with_as_many_tasks_as_may_be_busy():
    """Pieces wait while all are busy, a task that has finished takes the next, and none is lost."""
    todo, under_way, most, tasks_started = deque(range(40)), 0, 0, 0

    async def work() -> None:
        nonlocal under_way, most
        if not todo:
            return
        todo.popleft()
        under_way += 1
        most = max(most, under_way)
        await anyio.sleep(0.001)
        under_way -= 1
        if not todo and not under_way:
            tasks.cancel_scope.cancel()

    def hire(toil):
        nonlocal tasks_started
        tasks_started += 1
        tasks.start_soon(toil)

    crew = Crew(Window(3), lambda: len(todo), work)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(crew.run, hire)
        crew.notify()
    assert not todo
    assert most == tasks_started == 3


async def test_a_crew_begins_few_pieces_in_one_turn_of_the_loop():
    """A hundred pieces that come together are begun over several turns."""
    todo, begun = deque(range(100)), 0

    async def work() -> None:
        nonlocal begun
        if todo:
            todo.popleft()
            begun += 1
            await anyio.sleep_forever()

    crew = Crew(Window(100), lambda: len(todo), work)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(crew.run, tasks.start_soon)
        crew.notify()
        steps = []
        for _ in range(20):
            before = begun
            await anyio.lowlevel.checkpoint()
            steps.append(begun - before)
        tasks.cancel_scope.cancel()
    assert max(steps) == CALLED_AT_ONCE
    assert begun == FIRST


@pytest.mark.parametrize(("cost", "most"), [(0.002, LEAST), (0.0, 200)])
async def test_a_busy_program_keeps_its_turns_short(cost: float, most: int):
    """Where each piece takes the loop's time, few are under way, else many; none is forgotten."""
    todo, spent, under_way = deque(range(1_000)), 0.0, 0
    seen: list[int] = []

    async def work() -> None:
        nonlocal spent, under_way
        if not todo:
            return
        todo.popleft()
        under_way += 1
        seen.append(under_way)
        await anyio.sleep(0.01)
        spent += cost
        under_way -= 1
        if not todo and not under_way:
            tasks.cancel_scope.cancel()

    window = Window(200, clock=anyio.current_time, busy=lambda: spent)
    crew = Crew(window, lambda: len(todo), work)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(crew.run, tasks.start_soon)
        crew.notify()
    assert len(seen) == 1_000
    assert max(seen[500:]) == most


@pytest.mark.parametrize("limit", [1, 5])
async def test_a_limit_of_requests_holds(limit: int):
    """No more results are fetched at once than the user allows."""
    most = 0
    under_way = 0

    class Counting(FakeClient):
        async def fetch(self, job: qa.JobRef) -> qa.Result:
            nonlocal most, under_way
            under_way += 1
            most = max(most, under_way)
            await anyio.sleep(0.002)
            under_way -= 1
            return await super().fetch(job)

    limits = qa.Limits(min_poll_interval=0.005, requests_in_flight=limit)
    async with qa.Scheduler(Counting(), limits=limits) as scheduler:
        await scheduler.sweep(PROGRAM, qa.grid(x=range(40)), shots=1)
    assert most == limit
