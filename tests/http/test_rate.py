"""Pacing: no faster than the rate, not during a pause, and nobody forgotten."""

from __future__ import annotations

from dataclasses import dataclass, field

import anyio
import pytest
from hypothesis import given, strategies as st

from quantum_async.errors import InvalidOptionError, RateLimitedError
from quantum_async.http.dispatch import Pacer, RateLimit


@dataclass
class Time:
    """A clock that jumps to the next sleeper's end once everybody sleeps."""

    now: float = 0.0
    _sleepers: list[tuple[float, int, anyio.Event]] = field(default_factory=list)

    def clock(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        woken = anyio.Event()
        self._sleepers.append((self.now + seconds, len(self._sleepers), woken))
        await woken.wait()

    async def run(self) -> None:
        while True:
            await anyio.wait_all_tasks_blocked()
            if not self._sleepers:
                return
            self._sleepers.sort(key=lambda sleeper: sleeper[:2])
            self.now, _, woken = self._sleepers.pop(0)
            woken.set()


async def sent_at(
    time: Time, pacer: Pacer, count: int, *, pause: float | None = None, after: int = 1
) -> list[float]:
    """When each of some requests that start at once is let through."""
    times: list[float] = []

    async def send() -> None:
        await pacer.turn(1000.0)
        times.append(time.now)
        if pause is not None and len(times) == after:
            pacer.pause(pause)

    async with anyio.create_task_group() as group:
        for _ in range(count):
            group.start_soon(send)
        await time.run()
    return times


def made(limit: RateLimit | None = None) -> tuple[Time, Pacer]:
    time = Time()
    return time, Pacer(limit, clock=time.clock, sleep=time.sleep)


async def test_steady_rate():
    """Requests that come at once leave one after the other."""
    time, pacer = made(RateLimit(per_second=2.0))
    assert await sent_at(time, pacer, 5) == pytest.approx([0.0, 0.5, 1.0, 1.5, 2.0])


async def test_burst():
    """After a quiet time some may go at once."""
    time, pacer = made(RateLimit(per_second=2.0, burst=3))
    assert await sent_at(time, pacer, 5) == pytest.approx([0.0, 0.0, 0.0, 0.5, 1.0])
    time.now = 100.0
    assert await sent_at(time, pacer, 4) == pytest.approx([100.0, 100.0, 100.0, 100.5])


async def test_no_limit():
    """Without a rate nothing waits."""
    time, pacer = made()
    assert await sent_at(time, pacer, 100) == [0.0] * 100


async def test_pause():
    """A pause holds back everybody, those who were waiting already as well."""
    time, pacer = made(RateLimit(per_second=1.0, burst=2))
    assert await sent_at(time, pacer, 5, pause=10.0) == pytest.approx([0.0, 10.0, 11.0, 12.0, 13.0])


async def test_pause_while_waiting():
    """Places that were given out before a pause are void, and given out anew after it."""
    time, pacer = made(RateLimit(per_second=1.0))
    times = await sent_at(time, pacer, 5, pause=10.0, after=2)
    assert times == pytest.approx([0.0, 1.0, 11.0, 12.0, 13.0])


async def test_the_longest_pause_counts():
    """A shorter pause does not cut a longer one."""
    time, pacer = made()
    pacer.pause(10.0)
    pacer.pause(2.0)
    assert await sent_at(time, pacer, 1) == [10.0]
    assert await sent_at(time, pacer, 1) == [10.0]


async def test_impatience():
    """A pause longer than one is ready to wait is an error at once."""
    _, pacer = made()
    pacer.pause(60.0)
    with pytest.raises(RateLimitedError) as caught:
        await pacer.turn(59.0)
    assert caught.value.retry_after == 60.0
    assert caught.value.accepted == "no"


@given(
    st.floats(0.1, 100.0),
    st.integers(1, 5),
    st.lists(st.floats(0.0, 10.0), min_size=1, max_size=30),
)
def test_no_window_holds_more_than_its_share(per_second, burst, gaps):
    """In any stretch of time no more pass than the burst and the rate allow."""

    async def scenario() -> list[float]:
        time, pacer = made(RateLimit(per_second, burst))
        times = []
        for gap in gaps:
            time.now += gap
            times += await sent_at(time, pacer, 2)
        return times

    times = anyio.run(scenario)
    for i, start in enumerate(times):
        for j in range(i, len(times)):
            assert j - i + 1 <= burst + (times[j] - start) * per_second + 1e-6


@pytest.mark.parametrize(
    "wrong", [{"per_second": 0}, {"per_second": -1}, {"per_second": 1, "burst": 0}]
)
def test_bad_limits(wrong):
    """A limit that lets nothing through is refused."""
    with pytest.raises(InvalidOptionError):
        RateLimit(**wrong)
