"""The writer: what must be on the disk at once, what may wait, and who goes on when it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio
import anyio.lowlevel
import pytest

import quantum_async as qa
from quantum_async.journal.changes import Report
from quantum_async.journal.sql import SqlJournal
from quantum_async.journal.writer import WOKEN_AT_ONCE, Writer
from quantum_async.models.capabilities import SubmissionGrade
from quantum_async.scheduler.scheduler import Scheduler
from tests.scheduler.fake import PROGRAM, FakeClient

if TYPE_CHECKING:
    from collections.abc import Sequence

QUICK = qa.Limits(min_poll_interval=0.005)


class NotingJournal(SqlJournal):
    """A journal that notes which acceptances may wait for the next commit."""

    noted: list[bool]

    async def accepted(
        self, key: str, refs: Sequence[qa.JobRef], *, is_findable: bool = False
    ) -> None:
        self.noted.append(is_findable)
        await super().accepted(key, refs, is_findable=is_findable)


@pytest.mark.parametrize(
    ("grade", "finds_additions", "alone", "added"),
    [
        (SubmissionGrade.EXACT, True, True, True),
        (SubmissionGrade.RECONCILABLE, False, True, False),
        (SubmissionGrade.AT_MOST_ONCE, True, False, False),
    ],
)
async def test_ids_wait_only_where_they_can_be_looked_up(
    tmp_path, grade, finds_additions, alone, added
) -> None:
    """What nobody could ask the provider for is written as soon as it is known."""
    journal = NotingJournal(tmp_path / "j.db")
    journal.noted = []
    client = FakeClient().can(grade=grade, finds_additions=finds_additions)
    async with Scheduler(client, limits=QUICK, journal=journal) as scheduler:
        await (await scheduler.submit(PROGRAM, shots=1))
        async with scheduler.open_batch(PROGRAM) as batch:
            await (await batch.submit(PROGRAM, shots=1))
    assert journal.noted == [alone, added]


class Nothing(Report):
    """A change that changes nothing."""

    scope = None

    def apply(self, transaction: object) -> None:
        """Do nothing."""


async def test_those_who_wait_go_on_a_few_at_a_time() -> None:
    """A commit for many does not set them all off in one turn of the loop."""
    groups: list[int] = []
    writer, woken, steps = Writer(lambda group: groups.append(len(group))), 0, []

    async def wait() -> None:
        nonlocal woken
        await writer.do(Nothing())
        woken += 1

    async with anyio.create_task_group() as tasks:
        for _ in range(12):
            tasks.start_soon(wait)
        await anyio.lowlevel.checkpoint()
        tasks.start_soon(writer.run)
        while woken < 12:
            before = woken
            await anyio.lowlevel.checkpoint()
            steps.append(woken - before)
        await writer.drain()
    assert groups == [12]
    assert max(steps) == WOKEN_AT_ONCE
