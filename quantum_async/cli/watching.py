"""Progress of a scheduler's jobs on the terminal while a block lasts."""

from __future__ import annotations

import sys
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import anyio

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping

    from quantum_async.display.progress import JobProgress
    from quantum_async.scheduler.events import EventStream
    from quantum_async.scheduler.scheduler import Scheduler


@asynccontextmanager
async def watched(
    scheduler: Scheduler, expected: Mapping[str, int]
) -> AsyncGenerator[JobProgress | None]:
    """Show progress on standard error where that is a terminal; elsewhere there is ``None``.

    Args:
        scheduler: Whose jobs to watch.
        expected: How many jobs each target is going to run.
    """
    if not sys.stderr.isatty():
        yield None
        return
    from quantum_async.display.progress import JobProgress

    with JobProgress(expected) as progress:
        async with anyio.create_task_group() as tasks, scheduler.events() as events:
            tasks.start_soon(_follow, events, progress)
            yield progress
            # What has arrived is still shown: the last jobs may have ended together.
            events.end()


async def _follow(events: EventStream, progress: JobProgress) -> None:
    async for event in events:
        progress.take(event)
