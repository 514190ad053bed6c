"""Whoever takes a submission over believes that it is absent only once nothing can be under way."""

from __future__ import annotations

import anyio
import pytest

from quantum_async.models.capabilities import SubmissionGrade
from quantum_async.scheduler.delivery import Delivery, UnknownPolicy
from tests.scheduler.fake import FakeClient

QUIET, SETTLE = 30.0, 5.0


def delivery(grade: SubmissionGrade = SubmissionGrade.RECONCILABLE) -> Delivery:
    client = FakeClient().can(grade=grade, settle_delay=SETTLE)
    policy = UnknownPolicy.AT_LEAST_ONCE
    return Delivery(client, "k", patience=100.0, policy=policy, notify=lambda _: None)


@pytest.mark.parametrize("lands_at", [0.0, 7.0, QUIET, QUIET + SETTLE])
async def test_what_lands_late_is_adopted(lands_at: float) -> None:
    """A create that gets through before the end, and is listed a while later, is not made again."""
    start = anyio.current_time()

    async def find() -> str | None:
        return "found" if anyio.current_time() >= start + lands_at else None

    async def create() -> str:
        raise AssertionError("sent twice")

    assert await delivery().resume(create, find, quiet=QUIET) == "found"


async def test_what_is_there_already_is_adopted_at_once() -> None:
    """Nobody waits for the end where there is nothing to wait for."""
    start = anyio.current_time()

    async def find() -> str | None:
        return "found"

    async def create() -> str:
        raise AssertionError("sent twice")

    await delivery().resume(create, find, quiet=QUIET)
    assert anyio.current_time() == start


@pytest.mark.parametrize("grade", [SubmissionGrade.RECONCILABLE, SubmissionGrade.AT_MOST_ONCE])
async def test_what_is_absent_is_sent_once_it_is_quiet(grade: SubmissionGrade) -> None:
    """Neither a look-up nor the user's policy sends it while the former owner still may."""
    start = anyio.current_time()
    sent = []

    async def find() -> None:
        return None

    async def create() -> str:
        sent.append(anyio.current_time() - start)
        return "made"

    assert await delivery(grade).resume(create, find, quiet=QUIET) == "made"
    assert len(sent) == 1
    assert sent[0] >= QUIET + (grade is SubmissionGrade.RECONCILABLE) * SETTLE
