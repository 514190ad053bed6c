"""Results: where they are stored, and which atom each bit stands for."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

import anyio
from pydantic import ValidationError

from quantum_async.errors import (
    AuthenticationError,
    ProtocolError,
    QuantumAsyncError,
    RateLimitedError,
    RejectedRequestError,
    ResponseError,
    ResultError,
    ResultPendingError,
)
from quantum_async.http.encode import off_loop
from quantum_async.http.redact import beginning
from quantum_async.http.response import decoding
from quantum_async.providers.api import about_job, first_finding
from quantum_async.providers.pasqal.api import parse
from quantum_async.providers.pasqal.endpoints import Route
from quantum_async.providers.pasqal.translate.results import read_results
from quantum_async.providers.pasqal.wire import Answer, PasqalResults, ResultsLink
from quantum_async.providers.sequences import SequenceFacts, atoms_of, read_facts

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from quantum_async.http.response import Response
    from quantum_async.models.job import JobRef
    from quantum_async.providers.pasqal.api import Cloud


REFUSED = (AuthenticationError, RejectedRequestError)
"""How a storage says that a link is not good, or not any more."""

_ABSENT = frozenset({404, 405, 501})
_KEPT = 10_000
_BATCHES_KEPT = 1_000

FullResults = Answer[dict[str, PasqalResults | None]]
LINK = Answer[ResultsLink | None]


class Downloads:
    """Get stored results.

    Args:
        cloud: What the client's parts share.
    """

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._gateway = cloud.gateway
        self._early: OrderedDict[str, PasqalResults] = OrderedDict()
        self._given: OrderedDict[str, set[str]] = OrderedDict()
        self.has_bulk: bool = cloud.gateway.endpoints.has(Route.FULL_RESULTS)
        """Whether the service gives all results of a batch at once, as far as is known."""
        self._is_probed = False
        self._probing = anyio.Lock()

    async def one(self, job_id: str) -> PasqalResults:
        """Get the results of a job that has succeeded.

        Raises:
            ResultPendingError: They are not there yet.
            ProtocolError: They are not what they should be.
        """
        if (early := self._early.pop(job_id, None)) is not None:
            return early
        with about_job(job_id, provider="pasqal"):
            response = await self._downloaded(job_id)
            try:
                return await off_loop(read_results, response.content)
            except ProtocolError as error:
                error.concerning(request_id=response.request_id)
                raise

    async def many(self, batch_id: str, job_ids: list[str]) -> dict[str, PasqalResults]:
        """Get what there is of the results of a batch's jobs, in one request at most.

        Args:
            batch_id: The batch.
            job_ids: Which jobs; what the service gives of others is kept for later.

        Returns:
            Results by job; nothing where the service cannot do this.
        """
        missing = {job_id for job_id in job_ids if job_id not in self._early}
        if missing and self.has_bulk:
            found = await self._probed(batch_id)
            # Each answer repeats what earlier ones held, and most of that is in use already.
            over = self._given.get(batch_id, set()) - missing
            self._keep({i: stored for i, stored in found.items() if i not in over})
        given = {i: self._early.pop(i) for i in job_ids if i in self._early}
        if given:
            self._note(batch_id, given)
        return given

    async def _downloaded(self, job_id: str) -> Response:
        try:
            return await self._followed(job_id)
        except QuantumAsyncError as error:
            # Whatever became of the download, the job is there.
            error.concerning(provider="pasqal", job_id=job_id, accepted="yes")
            raise

    async def _followed(self, job_id: str) -> Response:
        link = await self._link(job_id)
        try:
            return await self._gateway.download(link)
        except REFUSED as error:
            if isinstance(error, RateLimitedError):
                raise
        # A link expires by itself, so a refusal of one says nothing: a fresh one is asked for.
        link = await self._link(job_id)
        try:
            return await self._gateway.download(link)
        except REFUSED as error:
            if isinstance(error, RateLimitedError):
                raise
            raise ResultPendingError(
                f"the storage refuses the results of job {job_id}: {error}",
                provider="pasqal",
                job_id=job_id,
                request_id=error.request_id,
                remedy="Ask again in a moment; the results stay at the provider.",
            ) from error

    async def _link(self, job_id: str) -> str:
        response = await self._gateway.read(Route.RESULTS_LINK, job_id)
        link = parse(LINK, response, job_id).data
        if link is None or not link.results_link:
            raise ResultPendingError(
                f"job {job_id} has no results yet",
                provider="pasqal",
                job_id=job_id,
                request_id=response.request_id,
                remedy="Ask again in a moment, once the job has succeeded.",
            )
        return link.results_link

    async def _probed(self, batch_id: str) -> dict[str, PasqalResults]:
        if self._is_probed:
            return await self._whole_batch(batch_id)
        # One at a time until it is known whether the route is there: many asking at once would
        # all be told that it is not.
        async with self._probing:
            if not self.has_bulk:
                return {}
            found = await self._whole_batch(batch_id)
            self._is_probed = True
            return found

    async def _whole_batch(self, batch_id: str) -> dict[str, PasqalResults]:
        try:
            response = await self._gateway.read(Route.FULL_RESULTS, batch_id)
        except ResponseError as error:
            if error.status not in _ABSENT:
                raise
            # Once the route has answered, it is a batch that is not there.
            self.has_bulk = self._is_probed
            return {}
        return await off_loop(_read_full, response.content)

    def _note(self, batch_id: str, given: Iterable[str]) -> None:
        self._given.setdefault(batch_id, set()).update(given)
        self._given.move_to_end(batch_id)
        while len(self._given) > _BATCHES_KEPT:
            self._given.popitem(last=False)

    def _keep(self, found: dict[str, PasqalResults]) -> None:
        self._early.update(found)
        while len(self._early) > _KEPT:
            self._early.popitem(last=False)


def _read_full(content: bytes) -> dict[str, PasqalResults]:
    with decoding(content, "the results of a batch", provider="pasqal", accepted="yes"):
        try:
            found = FullResults.model_validate_json(content).data
        except ValidationError as error:
            raise ProtocolError(
                f"the results of a batch cannot be read: {first_finding(error)}; they begin with "
                f"{beginning(content)!r}",
                provider="pasqal",
                accepted="yes",
                remedy="A gateway may have answered instead of the service: try again.",
            ) from None
    return {job_id: stored for job_id, stored in found.items() if stored is not None}


_JOBS_KEPT = 100_000


class Atoms:
    """Remember the atoms of what was submitted, and look up those of what was not.

    Args:
        cloud: What the client's parts share.
    """

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._of_jobs: OrderedDict[str, tuple[str, ...]] = OrderedDict()
        self._of_batches: OrderedDict[str, SequenceFacts | None] = OrderedDict()
        self._lock = anyio.Lock()

    def remember(self, job_id: str, facts: SequenceFacts, variables: Mapping[str, object]) -> None:
        """Note the atoms of a job that was submitted here."""
        self._keep(job_id, atoms_of(facts, variables, provider="pasqal"))

    async def of(self, job: JobRef) -> tuple[str, ...]:
        """Name a job's atoms; the sequence of its batch is read once.

        Raises:
            ResultError: The service does not know its sequence.
        """
        if (known := self._of_jobs.get(job.id)) is not None:
            return known
        shared = await self._shared(job.batch_id) if job.batch_id else None
        if shared is not None and not shared.is_mappable:
            return shared.atoms
        return await self._asked(job, shared)

    async def _shared(self, batch_id: str) -> SequenceFacts | None:
        # One at a time: the results of a batch come together, and its sequence is one for all.
        async with self._lock:
            if batch_id not in self._of_batches:
                batch = await self._cloud.batch(batch_id)
                text = batch.sequence_builder
                self._of_batches[batch_id] = await off_loop(read_facts, text) if text else None
                while len(self._of_batches) > _BATCHES_KEPT:
                    self._of_batches.popitem(last=False)
            return self._of_batches[batch_id]

    async def _asked(self, job: JobRef, shared: SequenceFacts | None) -> tuple[str, ...]:
        found = await self._cloud.job(job.id)
        # A job's own sequence goes before that of its batch.
        facts = await off_loop(read_facts, found.sequence) if found.sequence else shared
        if facts is None:
            raise ResultError(
                f"the service does not say which sequence job {job.id} ran",
                provider="pasqal",
                job_id=job.id,
                remedy="Read its results as they are: client.jobs.results(job_id).",
            )
        atoms = atoms_of(facts, found.variables, provider="pasqal")
        self._keep(job.id, atoms)
        return atoms

    def _keep(self, job_id: str, atoms: tuple[str, ...]) -> None:
        self._of_jobs[job_id] = atoms
        while len(self._of_jobs) > _JOBS_KEPT:
            self._of_jobs.popitem(last=False)
