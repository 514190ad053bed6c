"""Leaving a scheduler's block by an error: nothing is left running that nobody owns."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Literal

import anyio

from quantum_async.errors import QuantumAsyncError, SchedulerClosedError
from quantum_async.http.fence import past_pauses
from quantum_async.models.job import JobStatus
from quantum_async.scheduler.job import Stage

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence

    from anyio.abc import TaskGroup

    from quantum_async.scheduler.batch import Batch
    from quantum_async.scheduler.job import JobRecord
    from quantum_async.scheduler.lane import Lane
    from quantum_async.scheduler.workers import Broadcast

logger: logging.Logger = logging.getLogger(__name__)


class Left(Exception):  # noqa: N818 -- no error: why a block is left
    """A block is left, and what its policy says of its jobs is done, without any error."""


NAMED = 10
"""Jobs named one by one in a note; the log names all."""


class Leaving:
    """Cancel or detach what is unfinished, within a bounded time, and say what remains.

    What is known is dealt with at once, beside waiting for the answers that are still missing:
    one that does not come must not keep anything running.

    Args:
        lanes: The scheduler's lanes.
        batches: Batches that are open, or being opened; it grows while their openings end.
        policy: Whether unfinished jobs are cancelled or left running.
        deadline: When all of it ends, on the event loop's clock, in seconds.
        changed: Told whenever a job is accepted or settled, or a batch opened or closed.
    """

    def __init__(
        self,
        lanes: Sequence[Lane],
        batches: Mapping[Batch, None],
        *,
        policy: Literal["cancel", "detach"],
        deadline: float,
        changed: Broadcast,
    ) -> None:
        self._lanes = lanes
        self._batches = batches
        self._policy: Literal["cancel", "detach"] = policy
        self._deadline = deadline
        self._changed = changed
        self._troubles: list[str] = []

    async def abort(self) -> None:
        """End everything, as far as that can be done in time."""
        self._refuse()
        with anyio.move_on_at(self._deadline), past_pauses():
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(self._end_batches, tasks)
                if self._policy == "cancel":
                    for lane in self._lanes:
                        tasks.start_soon(self._quietly, lane.cancel, self._alone(lane))
            await self._changed.until(self._is_over)
        for lane in self._lanes:
            lane.sender.give_up(is_over=True)

    def tell(self) -> list[str]:
        """Say in the log what is left, all of it, and return notes that say it in short."""
        troubles = [f"On the way out: {trouble}" for trouble in self._troubles]
        return troubles + what_is_left(self._lanes, self._batches, self._policy)

    def _refuse(self) -> None:
        error = SchedulerClosedError("the scheduler's block is being left")
        for lane in self._lanes:
            if self._policy == "cancel":
                for record in lane.live:
                    record.wants_cancel = True
            lane.leave(error)
            lane.sender.give_up()
        for record in self._live(lambda record: record.is_guest):
            record.lane.forget(record)

    async def _end_batches(self, tasks: TaskGroup) -> None:
        """End each batch as soon as it is known, also those that are only now being opened."""
        ended: set[Batch] = set()
        while True:
            for batch in [batch for batch in self._batches if batch not in ended]:
                if batch.is_open:
                    ended.add(batch)
                    tasks.start_soon(self._end_batch, batch)
            if all(batch in ended for batch in self._batches):
                return
            await self._changed.wait()

    async def _end_batch(self, batch: Batch) -> None:
        jobs = self._live(lambda r: r.batch == batch.ref and r.stage is Stage.ACCEPTED)
        if self._policy == "detach":
            await self._quietly(batch.close_now)
        elif not await self._quietly(batch.cancel_now):
            for lane in self._lanes:
                await self._quietly(lane.cancel, [job for job in jobs if job.lane is lane])

    async def _quietly(self, action: Callable[..., Awaitable[None]], *args: object) -> bool:
        try:
            await action(*args)
        except QuantumAsyncError as error:
            self._troubles.append(str(error))
            logger.warning("on the way out: %s", error)
            return False
        return True

    def _alone(self, lane: Lane) -> list[JobRecord]:
        """List the jobs of a lane that no batch takes along."""
        batches = {batch.ref for batch in self._batches if batch.is_open}
        live = [r for r in lane.live if r.stage is Stage.ACCEPTED and r.batch not in batches]
        return [*live, *lane.astray]

    def _is_over(self) -> bool:
        last = Stage.ACCEPTED if self._policy == "cancel" else Stage.SENDING
        return not self._live(lambda record: record.stage <= last)

    def _live(self, wanted: Callable[[JobRecord], bool]) -> list[JobRecord]:
        return [record for lane in self._lanes for record in lane.live if wanted(record)]


def what_is_left(
    lanes: Sequence[Lane], batches: Iterable[Batch], policy: Literal["cancel", "detach"] = "cancel"
) -> list[str]:
    """Say in the log what may go on at the providers, all of it, and return notes in short.

    Sends nothing; any thread may ask, while the scheduler's own goes on.

    Args:
        lanes: The scheduler's lanes.
        batches: Batches that were not closed.
        policy: Whether it was to be cancelled or left running.
    """
    # Copied first, in one step each: another thread changes them.
    left = [r for lane in lanes for r in tuple(lane.live) if r.stage is Stage.ACCEPTED]
    left += [record for lane in lanes for record in tuple(lane.astray)]
    asked = [record for record in left if record.state.status is JobStatus.CANCELLING]
    running = [record for record in left if record.state.status is not JobStatus.CANCELLING]
    word = "Left running" if policy == "detach" else "May still be running"
    notes = _named(word, [record.label for record in running])
    notes += _named("Cancelled, but not confirmed yet", [record.label for record in asked])
    unknown = [found for lane in lanes for found in lane.sender.uncertain]
    number = sum(len(records) for _, records in unknown)
    under_way = f"{number} jobs were under way, and may or may not have been accepted"
    notes += _named(under_way, [f"submission {key} of {_jobs(r)}" for key, r in unknown])
    for batch in tuple(batches):
        if batch.may_be_open:
            notes.append(f"Batch {batch.name} may still be open.")
            logger.warning("batch %s may still be open", batch.name)
    return notes


def _jobs(records: Sequence[JobRecord]) -> str:
    return f"{len(records)} job{'' if len(records) == 1 else 's'}"


def _named(what: str, names: Sequence[str]) -> list[str]:
    if not names:
        return []
    for one in names:
        logger.warning("%s: %s", what, one)
    more = len(names) - NAMED
    rest = f" and {more} more; the log names all" if more > 0 else ""
    return [f"{what}: {', '.join(names[:NAMED])}{rest}"]
