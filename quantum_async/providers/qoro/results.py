"""Results: a job's rows, page by page and several pages at a time."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from quantum_async.errors import (
    QuantumAsyncError,
    RateLimitedError,
    RejectedRequestError,
    ResultError,
    ResultPendingError,
)
from quantum_async.http.address import segment
from quantum_async.models.job import JobStatus
from quantum_async.providers.api import all_of
from quantum_async.providers.qoro.gateway import parse
from quantum_async.providers.qoro.translate.results import by_label
from quantum_async.providers.qoro.translate.statuses import job_state
from quantum_async.providers.qoro.wire import ResultPage

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from quantum_async.providers.qoro.gateway import Gateway
    from quantum_async.providers.qoro.jobs import Uploads
    from quantum_async.providers.qoro.wire import ResultRow

PAGE = 100
"""Rows of one page; the service's own client asks for as many."""
PARALLEL = 4
"""Most pages under way at once."""


class Rows:
    """Read the results of jobs.

    Args:
        gateway: Sends requests.
        uploads: Asks where a job stands.
    """

    def __init__(self, gateway: Gateway, uploads: Uploads) -> None:
        self._gateway = gateway
        self._uploads = uploads

    async def page(self, job_id: str, offset: int, limit: int = PAGE) -> ResultPage:
        """Read one page.

        Raises:
            ResultPendingError: The job has not ended.
            ResultError: It has no results.
            QuantumAsyncError: They could not be asked for.
        """
        try:
            response = await self._gateway.read(
                f"/job/{segment(job_id)}/resultsV2/",
                "get the results of job",
                job_id=job_id,
                query={"limit": limit, "offset": offset},
            )
        except RejectedRequestError as error:
            if error.status != 400 or isinstance(error, RateLimitedError):
                raise
            # The service says 400 for every reason, and its words for none of them are fixed.
            raise await self._explained(job_id, error) from error
        return parse(ResultPage, response, job_id)

    async def all(self, job_id: str) -> list[ResultRow]:
        """Read all rows, later pages several at a time.

        Raises:
            ResultError: The service does not send as many as it says.
        """
        first = await self.page(job_id, 0)
        rows = list(first.results)
        if first.next is None or not rows:
            return rows
        if first.count is None:
            return [*rows, *await self._one_by_one(job_id, len(rows))]
        pages = await self._together(job_id, len(rows), first.count)
        rows += [row for page in pages for row in page.results]
        if len(rows) != first.count:
            raise ResultError(
                f"the service sent {len(rows)} of {first.count} results",
                provider="qoro",
                job_id=job_id,
                remedy="Fetch them again.",
            )
        return rows

    async def iterate(self, job_id: str) -> AsyncIterator[ResultRow]:
        """Yield rows as their pages arrive, in order, holding one page at a time."""
        offset = 0
        while True:
            page = await self.page(job_id, offset)
            for row in page.results:
                yield row
            offset += len(page.results)
            if page.next is None or not page.results:
                return

    async def row(self, job_id: str, index: int, label: str) -> ResultRow:
        """Read one row.

        Args:
            job_id: The job.
            index: Where the row stands if the circuits kept their order.
            label: What the circuit was called, up to a semicolon.

        Raises:
            ResultError: There is none.
        """
        page = await self.page(job_id, index - index % PAGE)
        found = by_label(page.results, short)
        if label not in found:
            found = by_label(await self.all(job_id), short)
        if label not in found:
            raise ResultError(
                f"job {job_id} has no result of circuit {label}",
                provider="qoro",
                job_id=job_id,
                remedy="client.jobs.rows(job_id) reads all that there is.",
            )
        return found[label]

    async def _one_by_one(self, job_id: str, offset: int) -> list[ResultRow]:
        rows: list[ResultRow] = []
        while True:
            page = await self.page(job_id, offset + len(rows))
            rows += page.results
            if page.next is None or not page.results:
                return rows

    async def _together(self, job_id: str, step: int, count: int) -> list[ResultPage]:
        # A service that caps pages is taken at its word: what the first page held is the step.
        offsets = range(step, count, step)
        pages = [partial(self.page, job_id, offset, step) for offset in offsets]
        return await all_of(pages, at_once=PARALLEL)

    async def _explained(self, job_id: str, error: RejectedRequestError) -> QuantumAsyncError:
        state = job_state(await self._uploads.status(job_id))
        said = f"{error.args[0]}; the job is {state.reported}"
        if not state.status.is_terminal:
            return ResultPendingError(said, provider="qoro", job_id=job_id)
        if state.status is JobStatus.SUCCEEDED:
            return ResultError(
                said,
                provider="qoro",
                job_id=job_id,
                remedy="Fetch it again; if that does not help, report it to the service.",
            )
        reason = f" ({state.message})" if state.message else ""
        return ResultError(
            f"{said}{reason}", provider="qoro", job_id=job_id, remedy="There will be no results."
        )


def short(label: str) -> str:
    """Return a label without what `labels` puts behind it."""
    return label.partition(";")[0]
