"""Waiting for a job: by the server's long polls, else by polls with growing pauses."""

from __future__ import annotations

import math
import random
from typing import TYPE_CHECKING

from quantum_async.errors import WaitTimeoutError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from quantum_async.http.options import SessionOptions
    from quantum_async.providers.iqm.dialect import Dialect
    from quantum_async.providers.iqm.wire import IQMJob

LONGEST_HOLD = 30
"""Seconds for which IQM Server holds an answer back at most."""
_FIRST_PAUSE, _LONGEST_PAUSE, _GROWTH = 0.25, 10.0, 1.6
_AT_ONCE = 0.5
"""An answer that comes within this part of the time asked for was not held back."""


class Patience:
    """Waits for jobs.

    Args:
        options: Where clock and sleep come from.
        jitter: Numbers between 0 and 1, which keep many waits from falling together.
    """

    def __init__(
        self, options: SessionOptions, jitter: Callable[[], float] = random.random
    ) -> None:
        self._clock: Callable[[], float] = options.clock
        self._sleep: Callable[[float], Awaitable[None]] = options.sleep
        self._jitter = jitter

    async def look(self, dialect: Dialect, job_id: str, wait: float) -> IQMJob:
        """Ask where a job stands, and wait a while for news.

        Args:
            dialect: How to ask.
            job_id: The job.
            wait: Seconds for which the answer may be held back.
        """
        if wait <= 0:
            return await dialect.job(job_id)
        began = self._clock()
        seconds = int(min(wait, LONGEST_HOLD)) if dialect.holds_answers else 0
        if seconds:
            job, was_held = await dialect.watch(job_id, seconds)
            took = self._clock() - began
            if job.status.is_terminal or was_held or took >= _AT_ONCE * seconds:
                return job
        else:
            job = await dialect.job(job_id)
        return await self._short_polls(dialect, job, began + wait)

    async def until(
        self,
        dialect: Dialect,
        job_id: str,
        is_enough: Callable[[IQMJob], bool],
        timeout: float | None,  # noqa: ASYNC109  a deadline that raises what waiting should
    ) -> IQMJob:
        """Wait until a job has come far enough.

        Args:
            dialect: How to ask.
            job_id: The job.
            is_enough: Says when to stop.
            timeout: Seconds after which to give up; ``None`` never does.

        Raises:
            WaitTimeoutError: It took longer; the job goes on.
        """
        began = self._clock()
        wait = 0.0
        while True:
            job = await self.look(dialect, job_id, wait)
            if is_enough(job):
                return job
            elapsed = self._clock() - began
            if timeout is not None and elapsed >= timeout:
                raise _timed_out(job, elapsed)
            wait = LONGEST_HOLD if timeout is None else min(LONGEST_HOLD, timeout - elapsed)

    async def closely(
        self,
        dialect: Dialect,
        job_id: str,
        is_enough: Callable[[IQMJob], bool],
        timeout: float | None,  # noqa: ASYNC109  a deadline that raises what waiting should
    ) -> IQMJob:
        """Wait for something that comes before the end, which no long poll tells of.

        Args:
            dialect: How to ask.
            job_id: The job.
            is_enough: Says when to stop.
            timeout: Seconds after which to give up; ``None`` never does.

        Raises:
            WaitTimeoutError: It took longer; the job goes on.
        """
        began, pause = self._clock(), _FIRST_PAUSE
        while True:
            job = await dialect.job(job_id)
            elapsed = self._clock() - began
            if is_enough(job):
                return job
            if timeout is not None and elapsed >= timeout:
                raise _timed_out(job, elapsed)
            left = math.inf if timeout is None else timeout - elapsed
            await self._sleep(min(left, pause * (0.75 + 0.5 * self._jitter())))
            pause = min(_LONGEST_PAUSE, pause * _GROWTH)

    async def _short_polls(self, dialect: Dialect, job: IQMJob, deadline: float) -> IQMJob:
        seen, pause = job.reported, _FIRST_PAUSE
        while not job.status.is_terminal and job.reported == seen:
            left = deadline - self._clock()
            if left <= 0:
                return job
            await self._sleep(min(left, pause * (0.75 + 0.5 * self._jitter())))
            pause = min(_LONGEST_PAUSE, pause * _GROWTH)
            job = await dialect.job(job.id)
        return job


def _timed_out(job: IQMJob, elapsed: float) -> WaitTimeoutError:
    error = WaitTimeoutError(
        f"job {job.id} is still {job.reported} after {elapsed:.0f} s",
        provider="iqm",
        job_id=job.id,
        remedy="It goes on; wait again, or cancel it.",
    )
    error.elapsed, error.last_status = elapsed, job.reported
    return error
