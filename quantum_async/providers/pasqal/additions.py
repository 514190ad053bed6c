"""Additions to open batches: sent one at a time for each batch, and found again when lost.

The service has no place for a key on a job. What can be known of an addition whose answer was
lost is what the batch holds: the jobs that were not there before, with the shots and variables
that were sent. That is enough as long as this client is the only one that adds to the batch. Where
another adds equal jobs at the same moment, theirs cannot be told from ours; where more such jobs
appear than were sent, nothing is adopted and the submission stays unknown. What was known of a
batch is lost with the process.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import anyio

from quantum_async.errors import (
    BatchClosedError,
    ConflictError,
    LostAnswerError,
    ProtocolError,
    QuantumAsyncError,
    ServerError,
    SubmissionUnknownError,
)
from quantum_async.providers.pasqal.matching import candidates, matched

if TYPE_CHECKING:
    from collections.abc import Sequence

    from quantum_async.providers.pasqal.batches import Batches
    from quantum_async.providers.pasqal.cloud import Cloud
    from quantum_async.providers.pasqal.matching import CreatedJob
    from quantum_async.providers.pasqal.submission import NewJob

AMBIGUOUS = (LostAnswerError, ServerError, ProtocolError)
"""After these nobody knows whether the service acted."""

_BATCHES_KEPT = 1_000


@dataclass(eq=False)
class _Addition:
    """An addition whose answer did not come."""

    batch_id: str
    jobs: Sequence[NewJob]
    settled: anyio.Event = field(default_factory=anyio.Event)
    since: float = field(default_factory=anyio.current_time)


@dataclass(eq=False)
class _Book:
    """What is known of one batch."""

    known: set[str] | None = None
    lost: dict[str, _Addition] = field(default_factory=dict)
    lock: anyio.Lock = field(default_factory=anyio.Lock)


class Additions:
    """Add jobs to open batches.

    Args:
        cloud: What the client's parts share.
        batches: The account's batches.
        patience: Seconds after the loss of an answer for which other additions to the same batch
            wait, so that it can be looked up.
    """

    def __init__(self, cloud: Cloud, batches: Batches, patience: float) -> None:
        self._cloud = cloud
        self._batches = batches
        self._patience = patience
        self._books: OrderedDict[str, _Book] = OrderedDict()

    def opened(self, batch_id: str) -> None:
        """Note a batch that was opened here and has no jobs yet."""
        self._book(batch_id).known = set()

    def closed(self, batch_id: str) -> None:
        """Forget a batch that takes no more jobs, unless an addition to it is unsettled."""
        book = self._books.get(batch_id)
        if book is not None and not book.lost:
            del self._books[batch_id]

    async def add(self, batch_id: str, key: str, jobs: Sequence[NewJob]) -> Sequence[CreatedJob]:
        """Add jobs to a batch, and say which of its jobs they have become, in order.

        Args:
            batch_id: The batch.
            key: The submission's.
            jobs: What to add.

        Raises:
            BatchClosedError: The batch takes no more jobs.
            LostAnswerError, ServerError, ProtocolError: The jobs may have been added; `find`
                tells once the service has had time to list them.
        """
        book = self._book(batch_id)
        while True:
            async with book.lock:
                now = anyio.current_time()
                others = [
                    other
                    for lost, other in book.lost.items()
                    if lost != key and now < other.since + self._patience
                ]
                if not others:
                    return await self._add_now(book, batch_id, key, jobs)
            for other in others:
                with anyio.move_on_at(other.since + self._patience):
                    await other.settled.wait()

    async def find(self, key: str) -> Sequence[CreatedJob] | None:
        """Look for an addition whose answer was lost.

        Returns:
            Its jobs in order, nothing where there are none, or ``None`` where this client knows
            no such addition.

        Raises:
            SubmissionUnknownError: There are some, and not those that were sent.
        """
        for book in self._books.values():
            addition = book.lost.get(key)
            if addition is not None and book.known is not None:
                return await self._found(book, key, addition, book.known)
        return None

    def batch_of(self, key: str) -> str | None:
        """Name the batch of an addition whose answer was lost."""
        for book in self._books.values():
            if key in book.lost:
                return book.lost[key].batch_id
        return None

    async def _found(
        self, book: _Book, key: str, addition: _Addition, known: set[str]
    ) -> Sequence[CreatedJob]:
        listed = await self._cloud.jobs_of(addition.batch_id)
        fresh = [job for job in listed if job.id not in known]
        if not fresh:
            return []
        alike = candidates(addition.jobs, fresh)
        ours = matched(addition.jobs, alike)
        if ours is None or len(alike) != len(addition.jobs):
            raise SubmissionUnknownError(
                f"{len(addition.jobs)} jobs were sent to batch {addition.batch_id}, and of "
                f"{len(fresh)} new ones there {len(alike)} are like them",
                key=key,
                provider="pasqal",
                remedy="Look at the batch's jobs; another program may be adding to it as well.",
            )
        known.update(job.id for job in ours)
        self._settle(book, key)
        return ours

    async def _add_now(
        self, book: _Book, batch_id: str, key: str, jobs: Sequence[NewJob]
    ) -> Sequence[CreatedJob]:
        # Sent again under its key means looked for and not found.
        self._settle(book, key)
        if book.known is None:
            book.known = {job.id for job in await self._cloud.jobs_of(batch_id)}
        try:
            added = await self._sent(book.known, batch_id, jobs)
        except AMBIGUOUS:
            book.lost[key] = _Addition(batch_id, jobs)
            raise
        except ConflictError as error:
            raise BatchClosedError(
                f"batch {batch_id} takes no more jobs: {error}",
                provider="pasqal",
                request_id=error.request_id,
                remedy="Open a new batch.",
            ) from error
        except QuantumAsyncError:
            raise
        except BaseException:
            # Cancelled on its way: nobody may ask again, and others need not wait for long.
            book.lost[key] = _Addition(batch_id, jobs)
            raise
        book.known.update(job.id for job in added)
        return added

    async def _sent(
        self, known: set[str], batch_id: str, jobs: Sequence[NewJob]
    ) -> Sequence[CreatedJob]:
        answer = await self._batches.add_jobs(batch_id, jobs)
        listed = await self._cloud.jobs_in_answer(answer)
        fresh = [job for job in listed if job.id not in known]
        # The newest are ours; what is before them came from an addition that was lost, or from
        # another program.
        newest = fresh[-len(jobs) :]
        ours = matched(jobs, newest) or matched(jobs, fresh)
        if ours is None and len(fresh) == len(jobs):
            ours = fresh
        if ours is None:
            raise ProtocolError(
                f"the answer of batch {batch_id} does not list the jobs that were added",
                provider="pasqal",
                remedy="The batch is looked at before anything is sent again.",
            )
        return ours

    def _settle(self, book: _Book, key: str) -> None:
        addition = book.lost.pop(key, None)
        if addition is not None:
            addition.settled.set()

    def _book(self, batch_id: str) -> _Book:
        book = self._books.setdefault(batch_id, _Book())
        self._books.move_to_end(batch_id)
        if len(self._books) > _BATCHES_KEPT:
            self._forget_one_but(book)
        return book

    def _forget_one_but(self, kept: _Book) -> None:
        for batch_id, book in self._books.items():
            # What is under way or was lost must be found again, or it would be sent twice.
            if not (book is kept or book.lost or book.lock.statistics().locked):
                del self._books[batch_id]
                return
