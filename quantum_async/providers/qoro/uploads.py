"""Uploads: a job is opened, filled in chunks, and complete with the last of them.

A job that is not complete never runs, so whatever goes wrong before the last chunk is cleared
away: the job is cancelled, and the error says its id and whether that worked. When the answer to
the last chunk is lost, the job itself is asked whether it has begun.
"""

from __future__ import annotations

import logging
from functools import partial
from typing import TYPE_CHECKING

import anyio

from quantum_async.errors import (
    ConflictError,
    LostAnswerError,
    NotSentError,
    ProtocolError,
    QuantumAsyncError,
    RateLimitedError,
    ServerError,
)
from quantum_async.http.address import segment
from quantum_async.http.encode import Body, json_bytes
from quantum_async.http.fence import past_pauses, unfenced
from quantum_async.http.retry import RetryPolicy, repeat
from quantum_async.models.job import JobStatus
from quantum_async.providers.each import all_of
from quantum_async.providers.qoro.gateway import parse
from quantum_async.providers.qoro.translate.statuses import job_status
from quantum_async.providers.qoro.wire import CancelledJob, JobProgress, OpenedJob

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pydantic import JsonValue

    from quantum_async.providers.qoro.chunks import Chunk
    from quantum_async.providers.qoro.gateway import Gateway

logger: logging.Logger = logging.getLogger(__name__)

AMBIGUOUS = (LostAnswerError, ServerError, ProtocolError)
CHUNKS = RetryPolicy(attempts=6, first=0.2)
"""How a chunk is sent again that did not leave, or that the service refused for its pace."""
CLEARING = 10.0
"""Longest time in seconds for cancelling a job that was not completed."""
PARALLEL = 4
"""Most chunks under way at once."""
LOOKS = (0.0, 0.1, 0.3, 0.6, 1.0)
"""When a job is looked at after its last answer was lost, as fractions of the settle delay."""


class Uploads:
    """Bring jobs to the service.

    Args:
        gateway: Sends requests.
        settle_delay: Seconds after which a job that was completed has begun to move.
    """

    def __init__(self, gateway: Gateway, settle_delay: float) -> None:
        self._gateway = gateway
        self._settle_delay = settle_delay

    async def send(
        self, opening: Mapping[str, JsonValue], chunks: Sequence[Chunk], *, parallel: int = PARALLEL
    ) -> str:
        """Open a job, fill it and complete it. Billed once it runs.

        Cancelled: the job is cancelled as well, if it was opened.

        Args:
            opening: What the job is opened with.
            chunks: What it holds.
            parallel: Most chunks under way at once; 1 where their order matters. The last chunk
                follows when all others have arrived.

        Returns:
            The job's id.

        Raises:
            NotSentError: Nothing runs, and sending again duplicates nothing.
            LostAnswerError, ServerError, ProtocolError: Nobody can say whether it runs.
            QuantumAsyncError: It was refused.
        """
        job_id = await self.open_job(opening)
        is_last = False
        try:
            first = [partial(self._upload, job_id, chunk, is_last=False) for chunk in chunks[:-1]]
            await all_of(first, at_once=parallel)
            is_last = True
            await self._upload(job_id, chunks[-1], is_last=True)
        except _UnansweredLastError as lost:
            return await self._settled(job_id, lost.error)
        except QuantumAsyncError as error:
            raise await self._cleared(job_id, error) from error
        except BaseException as stop:
            # A cancellation: nobody will know the job's id, so it goes too, shielded and in time.
            await self._taken_back(job_id, stop, may_run=is_last)
            raise
        return job_id

    async def open_job(self, opening: Mapping[str, JsonValue]) -> str:
        """Open a job, once, and return its id. Nothing of it runs yet."""
        wanted = f"open a job tagged {opening.get('tag')!r}"
        try:
            response = await self._gateway.create(
                "/job/init/", wanted, body=Body(json_bytes(dict(opening)))
            )
            return parse(OpenedJob, response).job_id
        except AMBIGUOUS as error:
            error.add_note("An empty job may be left at the service; it never runs by itself.")
            raise

    async def cancel(self, job_id: str) -> CancelledJob:
        """Cancel a job; repeated if it fails.

        Raises:
            ConflictError: It has ended.
        """
        response = await self._gateway.write(
            f"/job/{segment(job_id)}/cancel/", "cancel job", job_id=job_id, body=Body(b"")
        )
        return parse(CancelledJob, response, job_id)

    async def status(self, job_id: str) -> JobProgress:
        """Ask where a job stands."""
        response = await self._gateway.read(
            f"/job/{segment(job_id)}/status/",
            "ask for the status of job",
            job_id=job_id,
            lane="control",
        )
        return parse(JobProgress, response, job_id)

    async def _upload(self, job_id: str, chunk: Chunk, *, is_last: bool) -> None:
        body = Body(chunk.content(is_last=is_last))

        async def add() -> None:
            await self._gateway.create(
                f"/job/{segment(job_id)}/add_circuits/", "fill job", job_id=job_id, body=body
            )

        try:
            # A part: with a chunk that did not arrive, all others would have to be sent again.
            await repeat(add, CHUNKS, _added_nothing, is_part=True)
        except AMBIGUOUS as error:
            if is_last:
                raise _UnansweredLastError(error) from error
            raise

    async def _settled(self, job_id: str, error: QuantumAsyncError) -> str:
        """Find out whether a job is complete whose last answer was lost."""
        start = anyio.current_time()
        try:
            for share in LOOKS:
                await anyio.sleep_until(start + share * self._settle_delay)
                if await self._has_begun(job_id):
                    return job_id
        except BaseException as stop:
            # As in `send`: whoever leaves takes the job along.
            await self._taken_back(job_id, stop, may_run=True)
            raise
        is_cleared = await self._clear(job_id)
        if not is_cleared and await self._has_begun(job_id):
            return job_id
        doubt = "it may run"
        raise self._told(job_id, error, doubt, is_cleared=is_cleared) from error

    async def _taken_back(self, job_id: str, stop: BaseException, *, may_run: bool) -> None:
        """Cancel a job whose upload was cancelled.

        Raises:
            LostAnswerError: It may run for all that is known.
        """
        if not await self._clear(job_id) and may_run:
            raise LostAnswerError(
                f"an upload was cancelled, and job {job_id} may run",
                provider="qoro",
                job_id=job_id,
                accepted="unknown",
                remedy=f"Look at it: client.jobs.status({job_id!r}).",
            ) from stop

    async def _has_begun(self, job_id: str) -> bool:
        try:
            progress = await self.status(job_id)
        except QuantumAsyncError:
            return False
        is_waiting = progress.status.strip().upper() == "PENDING"
        return not is_waiting and job_status(progress.status) is not JobStatus.UNKNOWN

    async def _cleared(self, job_id: str, error: QuantumAsyncError) -> QuantumAsyncError:
        """Cancel a job that was not completed, and say in the error what became of it."""
        doubt = "it was not completed and does not run"
        return self._told(job_id, error, doubt, is_cleared=await self._clear(job_id))

    def _told(
        self, job_id: str, error: QuantumAsyncError, doubt: str, *, is_cleared: bool
    ) -> QuantumAsyncError:
        error.concerning(job_id=job_id)
        if not is_cleared:
            error.args = (f"{error.args[0]}; job {job_id} is left at the service, and {doubt}",)
            logger.warning("job %s is left at the Qoro service, and %s", job_id, doubt)
            return error
        if not isinstance(error, AMBIGUOUS):
            error.add_note(f"Job {job_id}, which had been opened for it, was cancelled.")
            return error.concerning(accepted="no")
        return _unsent(job_id, error)

    async def _clear(self, job_id: str) -> bool:
        """Cancel a job within a bounded time, and say whether it is known not to run."""
        # What was opened goes, also where nothing more may be sent for it.
        with anyio.move_on_after(CLEARING, shield=True), unfenced(), past_pauses():
            try:
                await self.cancel(job_id)
            except ConflictError:
                return False
            except QuantumAsyncError as error:
                logger.warning("job %s could not be cancelled: %s", job_id, error)
                return False
            return True
        return False


def _added_nothing(error: QuantumAsyncError) -> bool:
    return isinstance(error, (NotSentError, RateLimitedError))


class _UnansweredLastError(Exception):
    """The answer to the last chunk was lost."""

    def __init__(self, error: QuantumAsyncError) -> None:
        super().__init__(str(error))
        self.error = error


def _unsent(job_id: str, error: QuantumAsyncError) -> QuantumAsyncError:
    message = f"{error.args[0]}; job {job_id} was cancelled before it ran"
    remedy = "Sending it again duplicates nothing."
    asked = error.retry_after if isinstance(error, ServerError) else None
    if asked is None:
        return NotSentError(message, provider="qoro", job_id=job_id, remedy=remedy)
    limited = RateLimitedError(message, provider="qoro", job_id=job_id, remedy=remedy)
    limited.retry_after = asked
    return limited
