"""Jobs: every operation that the service has for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quantum_async.errors import PermissionDeniedError, RateLimitedError, RejectedRequestError
from quantum_async.providers.iqm.v1 import job_path

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic import JsonValue

    from quantum_async.providers.iqm.dialect import CircuitMeasurements
    from quantum_async.providers.iqm.server import Server
    from quantum_async.providers.iqm.waiting import Patience
    from quantum_async.providers.iqm.wire import IQMJob, MeasurementCounts

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

    async def wait(self, job_id: str, *, timeout: float | None = THREE_HOURS) -> IQMJob:  # noqa: ASYNC109  as in waiting.py
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
