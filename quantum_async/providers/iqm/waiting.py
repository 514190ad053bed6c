"""Waiting for a job: by the server's long polls where it has them, else by asking now and then."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from quantum_async.errors import WaitTimeoutError
from quantum_async.providers.waiting import ask_until

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from quantum_async.http.options import SessionOptions
    from quantum_async.providers.iqm.dialect import Dialect
    from quantum_async.providers.iqm.wire import IQMJob

LONGEST_HOLD = 30
"""Seconds for which IQM Server holds an answer back at most."""


async def look(dialect: Dialect, job_id: str, wait: float) -> IQMJob:
    """Ask once where a job stands.

    Args:
        dialect: How to ask.
        job_id: The job.
        wait: Seconds for which a server that can may hold its answer back until the job has ended.
    """
    seconds = int(min(wait, LONGEST_HOLD)) if dialect.holds_answers else 0
    if seconds <= 0:
        return await dialect.job(job_id)
    job, _ = await dialect.watch(job_id, seconds)
    return job


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

    async def news(self, dialect: Dialect, job_id: str, wait: float) -> IQMJob:
        """Ask where a job stands, and wait a while for it to end or to stand elsewhere.

        Args:
            dialect: How to ask.
            job_id: The job.
            wait: How long in seconds.
        """
        seen: str | None = None

        def is_news(job: IQMJob) -> bool:
            nonlocal seen
            before, seen = seen, job.reported
            return job.status.is_terminal or before not in (None, job.reported)

        return await self._until(dialect, job_id, is_news, max(wait, 0.0))

    async def until(
        self,
        dialect: Dialect,
        job_id: str,
        is_enough: Callable[[IQMJob], bool],
        timeout: float | None,  # noqa: ASYNC109  a deadline that raises what waiting should
        *,
        is_end: bool = True,
    ) -> IQMJob:
        """Wait until a job has come far enough.

        Args:
            dialect: How to ask.
            job_id: The job.
            is_enough: Says when to stop.
            timeout: Seconds after which to give up; ``None`` never does.
            is_end: Whether that is only when it has ended: nothing before it ends a long poll.

        Raises:
            WaitTimeoutError: It took longer; the job goes on.
        """
        began = self._clock()
        job = await self._until(dialect, job_id, is_enough, timeout, is_end=is_end)
        if not is_enough(job):
            raise _timed_out(job, self._clock() - began)
        return job

    async def _until(
        self,
        dialect: Dialect,
        job_id: str,
        is_enough: Callable[[IQMJob], bool],
        seconds: float | None,
        *,
        is_end: bool = True,
    ) -> IQMJob:
        return await ask_until(
            lambda left: look(dialect, job_id, left if is_end else 0.0),
            is_enough,
            seconds=seconds,
            is_held=dialect.holds_answers and is_end,
            clock=self._clock,
            sleep=self._sleep,
            jitter=self._jitter,
        )


def _timed_out(job: IQMJob, elapsed: float) -> WaitTimeoutError:
    error = WaitTimeoutError(
        f"job {job.id} is still {job.reported} after {elapsed:.0f} s",
        provider="iqm",
        job_id=job.id,
        remedy="It goes on; wait again, or cancel it.",
    )
    error.elapsed, error.last_status = elapsed, job.reported
    return error
