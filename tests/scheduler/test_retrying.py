"""Repetitions are told to whoever watches, in words that say what happened."""

from __future__ import annotations

import logging

import pytest

from quantum_async.errors import NotSentError, QuantumAsyncError, RateLimitedError
from quantum_async.scheduler.retrying import Retry


def failing(*errors: QuantumAsyncError):
    """An operation that fails in these ways, and then succeeds."""
    left = list(errors)

    async def operation() -> str:
        if left:
            raise left.pop(0)
        return "done"

    return operation


RETRY = Retry(lambda _: True, attempts=5, patience=10.0, first_wait=0.001)


async def test_a_failed_attempt_is_told(caplog):
    """Someone who waits reads why, and not only that something is repeated."""
    lost = NotSentError("nobody listens there", provider="pasqal")
    assert await RETRY.run(failing(lost, lost)) == "done"
    ours = [record for record in caplog.records if record.name.startswith("quantum_async")]
    assert [record.levelname for record in ours] == ["WARNING"] * 2
    assert all("nobody listens there" in record.message for record in ours)
    # Without a handler, Python prints what the library says of it: a line without any reason.
    assert logging.getLogger("stamina").handlers


async def test_no_repetition_is_promised(caplog):
    """Each failure says which attempt it was, of how many, also the last."""
    lost = NotSentError("nobody listens there", provider="pasqal")
    twice = Retry(lambda _: True, attempts=2, patience=10.0, first_wait=0.001)
    with pytest.raises(NotSentError):
        await twice.run(failing(lost, lost))
    assert [record.message for record in caplog.records if "pasqal" in record.message] == [
        f"pasqal: attempt {number} of at most 2 failed: nobody listens there" for number in (1, 2)
    ]


async def test_being_asked_to_slow_down_is_no_warning(caplog):
    """A full queue is every day's business."""
    caplog.set_level(logging.INFO)
    slower = RateLimitedError("too many", provider="pasqal")
    assert await RETRY.run(failing(slower)) == "done"
    ours = [record for record in caplog.records if record.name.startswith("quantum_async")]
    assert [record.levelname for record in ours] == ["INFO"]
