"""Leaving a scheduler's block by an error: nothing is left running that nobody owns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import anyio

from quantum_async.errors import QuantumAsyncError, SchedulerClosedError
from quantum_async.scheduler.record import Stage

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from quantum_async.scheduler.batch import Batch
    from quantum_async.scheduler.lane import Lane
    from quantum_async.scheduler.record import JobRecord
    from quantum_async.scheduler.signal import Broadcast

NAMED = 10
"""Jobs named one by one in a note."""


class Leaving:
    """Cancel or detach what is unfinished, within a bounded time, and say what remains.

    Args:
        lanes: The scheduler's lanes.
        batches: Batches that are open.
        policy: Whether unfinished jobs are cancelled or left running.
        grace: Longest time in seconds for all of it.
        changed: Told whenever a job is accepted or settled.
    """

    def __init__(
        self,
        lanes: Sequence[Lane],
        batches: Sequence[Batch],
        *,
        policy: Literal["cancel", "detach"],
        grace: float,
        changed: Broadcast,
    ) -> None:
        self._lanes = lanes
        self._batches = batches
        self._policy = policy
        self._grace = grace
        self._changed = changed

    async def abort(self, reason: BaseException) -> None:
        """End everything; what could not be ended is told in notes on the reason."""
        with anyio.move_on_after(self._grace, shield=True):
            self._refuse()
            await self._under_way()
            if self._policy == "cancel":
                await self._cancel(reason)
            else:
                await self._detach(reason)
        self._tell(reason)

    def _refuse(self) -> None:
        error = SchedulerClosedError("the scheduler's block is being left")
        for lane in self._lanes:
            lane.refuse(error)
        for record in self._live(lambda record: record.is_guest):
            record.lane.forget(record)

    async def _under_way(self) -> None:
        """Wait until every submission has its answer: only then its jobs can be cancelled."""
        if self._policy == "cancel":
            for lane in self._lanes:
                for record in lane.live:
                    record.wants_cancel = True
        await self._changed.until(lambda: not self._live(lambda r: r.stage < Stage.ACCEPTED))

    async def _cancel(self, reason: BaseException) -> None:
        async with anyio.create_task_group() as tasks:
            for batch in self._batches:
                tasks.start_soon(self._quietly, reason, batch.cancel)
        async with anyio.create_task_group() as tasks:
            for lane in self._lanes:
                tasks.start_soon(self._quietly, reason, lambda lane=lane: lane.cancel(_open(lane)))
        await self._changed.until(lambda: not self._live(lambda r: r.stage is Stage.ACCEPTED))

    async def _detach(self, reason: BaseException) -> None:
        async with anyio.create_task_group() as tasks:
            for batch in self._batches:
                tasks.start_soon(self._quietly, reason, batch.close)

    async def _quietly(self, reason: BaseException, action: Callable[[], Awaitable[None]]) -> None:
        try:
            await action()
        except QuantumAsyncError as error:
            reason.add_note(f"On the way out: {error}")

    def _live(self, wanted: Callable[[JobRecord], bool]) -> list[JobRecord]:
        return [record for lane in self._lanes for record in lane.live if wanted(record)]

    def _tell(self, reason: BaseException) -> None:
        left = self._live(lambda record: record.stage is Stage.ACCEPTED)
        if left:
            word = "Left running" if self._policy == "detach" else "May still be running"
            reason.add_note(f"{word}: {_names(left)}")
        unknown = self._live(lambda record: record.stage < Stage.ACCEPTED)
        if unknown:
            reason.add_note(f"{len(unknown)} jobs may or may not have been accepted.")
        for batch in self._batches:
            if batch.is_open:
                reason.add_note(f"Batch {batch.ref} may still be open.")


def _open(lane: Lane) -> list[JobRecord]:
    return [record for record in lane.live if record.stage is Stage.ACCEPTED]


def _names(records: list[JobRecord]) -> str:
    names = ", ".join(str(record.ref) for record in records[:NAMED])
    more = len(records) - NAMED
    return f"{names} and {more} more" if more > 0 else names
