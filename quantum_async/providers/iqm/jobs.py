"""Jobs, and how long to wait between two looks at them."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from quantum_async.errors import (
    PermissionDeniedError,
    RateLimitedError,
    RejectedRequestError,
    WaitTimeoutError,
)
from quantum_async.providers.api import ask_until
from quantum_async.providers.iqm.v1 import job_path

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from pydantic import JsonValue

    from quantum_async.http.options import SessionOptions
    from quantum_async.providers.iqm.dialect import CircuitMeasurements
    from quantum_async.providers.iqm.server import Dialect, Server
    from quantum_async.providers.iqm.wire import IQMJob, MeasurementCounts


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


ENDED = "illegal_job_status"
"""The code by which IQM Server refuses to cancel a job that has ended."""

THREE_HOURS = 10_800.0


class Jobs:
    """The jobs of an account: `IQMClient.jobs`. The service cannot list them.

    Args:
        server: Where they run.
        patience: Waits for them.
    """

    def __init__(self, server: Server, patience: Patience) -> None:
        self._server = server
        self._patience = patience

    async def get(self, job_id: str, *, wait: float = 0.0) -> IQMJob:
        """Look a job up, with its timeline, messages and errors.

        Args:
            job_id: The job.
            wait: Seconds for which the answer may be held back until there is news.
        """
        return await self._patience.news(await self._server.dialect(), job_id, wait)

    async def wait(self, job_id: str, *, timeout: float | None = THREE_HOURS) -> IQMJob:  # noqa: ASYNC109  as the vendor's
        """Wait until a job has ended, by the server's long polls where it has them.

        Args:
            job_id: The job.
            timeout: Seconds after which to give up; ``None`` never does.

        Raises:
            WaitTimeoutError: It took longer; the job goes on.
        """
        dialect = await self._server.dialect()
        return await self._patience.until(
            dialect, job_id, lambda job: job.status.is_terminal, timeout
        )

    async def cancel(self, job_id: str) -> bool:
        """Cancel a job; what has run already is billed.

        Returns:
            Whether it could still be cancelled: ``False`` where it had ended.
        """
        dialect = await self._server.dialect()
        try:
            await dialect.cancel(job_id)
        except (PermissionDeniedError, RejectedRequestError) as error:
            if isinstance(error, RateLimitedError):
                raise
            if ENDED in str(error) or (await dialect.job(job_id)).status.is_terminal:
                return False
            raise
        return True

    async def delete(self, job_id: str) -> None:
        """Cancel a job if it runs, and let the server forget it with its results."""
        await (await self._server.dialect()).delete(job_id)

    async def payload(self, job_id: str) -> Mapping[str, JsonValue]:
        """Read what was submitted, exactly as it was."""
        return await (await self._server.dialect()).payload(job_id)

    async def measurements(self, job_id: str) -> tuple[CircuitMeasurements, ...]:
        """Read what a job measured: for each circuit, by key, shot and qubit.

        Raises:
            ResultPendingError: It is not there yet.
        """
        dialect = await self._server.dialect()
        return (await dialect.stored(job_id, with_payload=False)).measurements

    async def counts(self, job_id: str) -> tuple[MeasurementCounts, ...]:
        """Read the counts that the server made, in its own bit order.

        Raises:
            ResultPendingError: They are not there yet.
        """
        return await (await self._server.dialect()).counts(job_id)

    async def artifact(self, job_id: str, kind: str) -> bytes:
        """Read anything that a job has produced, as it is.

        Args:
            job_id: The job.
            kind: Such as ``"measurements"``.

        Raises:
            ResultPendingError: It is not there yet.
        """
        v1 = await self._server.v1("artifacts")
        return (await v1.job_artifact(job_id, kind)).content

    def address(self, job_id: str) -> str:
        """Give the address of a job, for people who look it up by hand."""
        return f"{self._server.gateway}{job_path(job_id)}"
