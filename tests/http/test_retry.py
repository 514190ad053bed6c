"""One function repeats what failed: how often, when, and who of several layers does."""

from __future__ import annotations

import logging

import anyio
import pytest

from quantum_async.errors import (
    NotFoundError,
    NotSentError,
    ProtocolError,
    QuantumAsyncError,
    RateLimitedError,
    ServerError,
)
from quantum_async.http.retry import RetryPolicy, repeat, single_attempts


class Time:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now = 0.0

    def clock(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        await anyio.lowlevel.checkpoint()
        self.now += seconds


class Failing:
    """An operation that fails in these ways, and then succeeds; it notes when it was tried."""

    def __init__(self, *errors: QuantumAsyncError, time: Time | None = None, takes=0.0) -> None:
        self.left = list(errors)
        self.time = time or Time()
        self.takes = takes
        self.tried: list[float] = []

    async def __call__(self) -> str:
        self.tried.append(self.time.now)
        self.time.now += self.takes
        if self.left:
            raise self.left.pop(0)
        return "done"

    def repeated(self, policy: RetryPolicy, *judge, **options):
        return repeat(self, policy, *judge, clock=self.time.clock, sleep=self.time.sleep, **options)


LOST = NotSentError("nobody listens there", provider="pasqal")
POLICY = RetryPolicy(attempts=5, total=100.0, first=1.0, longest=4.0, random=lambda: 1.0)


def limited(seconds: float) -> RateLimitedError:
    error = RateLimitedError("too many", provider="pasqal")
    error.retry_after = seconds
    return error


async def test_what_passes_is_repeated():
    """Waits double up to the longest, and the value of the attempt that succeeds is returned."""
    operation = Failing(*[LOST] * 4)
    assert await operation.repeated(POLICY) == "done"
    assert operation.tried == [0.0, 1.0, 3.0, 7.0, 11.0]


async def test_what_does_not_pass_is_raised_at_once():
    """An error that the judge does not take for passing ends it."""
    operation = Failing(NotFoundError("no such job", status=404))
    with pytest.raises(NotFoundError):
        await operation.repeated(POLICY)
    assert operation.tried == [0.0]


async def test_attempts_are_bounded():
    """The last failure is raised when the attempts are used up."""
    operation = Failing(*[LOST] * 9)
    with pytest.raises(NotSentError):
        await operation.repeated(POLICY)
    assert len(operation.tried) == 5


async def test_the_time_is_bounded():
    """No attempt is begun that would begin too late, also where attempts take their time."""
    operation = Failing(*[LOST] * 9, takes=30.0)
    with pytest.raises(NotSentError):
        await operation.repeated(POLICY)
    assert operation.tried == [0.0, 31.0, 63.0, 97.0]


@pytest.mark.parametrize("total", [0.5, 5.0, 60.0, 1800.0])
@pytest.mark.parametrize("jitter", [0.0, 0.7, 1.0])
@pytest.mark.parametrize("takes", [0.0, 0.01])
async def test_attempts_are_spread(total, jitter, takes):
    """Ten attempts fill the whole patience: soon at first, then less often, the last at its end."""
    policy = RetryPolicy(attempts=10, total=total, first=0.1, spread=True, random=lambda: jitter)
    operation = Failing(*[ServerError("503", status=503)] * 99, takes=takes)
    with pytest.raises(ServerError):
        await operation.repeated(policy)
    assert len(operation.tried) == 10 if takes == 0.0 else len(operation.tried) <= 10
    assert operation.tried[1] <= 0.1 + takes
    assert operation.tried[5] <= total / 2 + 0.1
    assert operation.tried[-1] == pytest.approx(total)


async def test_slow_attempts_end_in_time_as_well():
    """Where attempts take long there are fewer of them, and the last begins when time is up."""
    policy = RetryPolicy(attempts=10, total=10.0, first=0.1, spread=True, random=lambda: 1.0)
    operation = Failing(*[LOST] * 99, takes=3.0)
    with pytest.raises(NotSentError):
        await operation.repeated(policy)
    assert operation.tried[-1] <= 10.0
    assert len(operation.tried) <= 4


@pytest.mark.parametrize("spread", [False, True])
async def test_a_pause_that_was_asked_for_is_kept(spread):
    """The next attempt waits as long as the provider asked; longer than the patience is told."""
    policy = RetryPolicy(attempts=4, total=100.0, first=0.1, spread=spread)
    operation = Failing(limited(30.0), limited(40.0))
    assert await operation.repeated(policy) == "done"
    assert operation.tried == [0.0, 30.0, 70.0]
    operation = Failing(limited(101.0))
    with pytest.raises(RateLimitedError):
        await operation.repeated(policy)
    assert operation.tried == [0.0]


async def test_layers_do_not_multiply():
    """What an outer repetition repeats is tried once within it: n attempts, and not n times m."""
    inner = Failing(*[LOST] * 99)
    outer = Failing(time=inner.time)

    async def both() -> str:
        await outer()
        return await inner.repeated(POLICY)

    with pytest.raises(NotSentError):
        await repeat(both, POLICY, clock=inner.time.clock, sleep=inner.time.sleep)
    assert len(outer.tried) == len(inner.tried) == 5


async def test_what_the_outer_one_does_not_repeat_is_repeated_within():
    """A failed question on the way to a create is asked again, though the create never is."""
    inner = Failing(*[ServerError("503", status=503)] * 3)

    def not_sent(error: QuantumAsyncError) -> bool:
        return isinstance(error, NotSentError)

    async def create() -> str:
        return await inner.repeated(POLICY)

    time = inner.time
    assert await repeat(create, POLICY, not_sent, clock=time.clock, sleep=time.sleep) == "done"
    assert len(inner.tried) == 4


async def test_what_is_repeated_within_counts_around_it():
    """However the layers share an error, there are as many attempts as the outermost allows."""
    inner = Failing(*[ServerError("503", status=503)] * 99)
    time = inner.time

    def not_sent(error: QuantumAsyncError) -> bool:
        return isinstance(error, NotSentError)

    async def create() -> str:
        try:
            return await inner.repeated(POLICY)
        except ServerError as error:
            raise NotSentError("it is not there") from error

    policy = RetryPolicy(attempts=7, total=1000.0)
    with pytest.raises(NotSentError):
        await repeat(create, policy, not_sent, clock=time.clock, sleep=time.sleep)
    assert len(inner.tried) <= 7 + 1


async def test_a_part_is_repeated_first():
    """A chunk that did not arrive does not send all the others again."""
    first, second = Failing(), Failing(LOST)

    async def upload() -> str:
        await first.repeated(POLICY, is_part=True)
        return await second.repeated(POLICY, is_part=True)

    assert await repeat(upload, POLICY) == "done"
    assert (len(first.tried), len(second.tried)) == (1, 2)


async def test_whoever_asks_again_himself_gets_single_attempts():
    """Within the block of a poller nothing is repeated; after it everything is as before."""
    operation = Failing(LOST, LOST)
    with pytest.raises(NotSentError):
        with single_attempts():
            await operation.repeated(POLICY)
    assert len(operation.tried) == 1
    assert await operation.repeated(POLICY) == "done"


async def test_a_failed_attempt_is_told(caplog):
    """Each failure says why, which attempt it was and of how many, also the last."""
    operation = Failing(LOST, LOST)
    with pytest.raises(NotSentError):
        await operation.repeated(RetryPolicy(attempts=2))
    assert [record.message for record in caplog.records] == [
        f"pasqal: attempt {number} of at most 2 failed: nobody listens there" for number in (1, 2)
    ]
    assert {record.levelname for record in caplog.records} == {"WARNING"}


async def test_an_answer_that_makes_no_sense_is_shown(caplog):
    """The log shows how it begins, and not all of it."""
    nonsense = ProtocolError("the answer is not JSON", body="[" * 500, provider="iqm")
    assert await Failing(nonsense).repeated(POLICY) == "done"
    [record] = caplog.records
    assert "[[[[[[" in record.message
    assert len(record.message) < 300


async def test_being_asked_to_slow_down_is_no_warning(caplog):
    """A full queue is every day's business."""
    caplog.set_level(logging.INFO)
    assert await Failing(limited(1.0)).repeated(POLICY) == "done"
    assert [record.levelname for record in caplog.records] == ["INFO"]
