"""Atoms: which atom each character of a job's bitstrings stands for."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

import anyio

from quantum_async.errors import ResultError
from quantum_async.http.threads import off_loop
from quantum_async.providers.sequences import SequenceFacts, atoms_of, read_facts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from quantum_async.models.job import JobRef
    from quantum_async.providers.pasqal.cloud import Cloud

_JOBS_KEPT = 100_000
_BATCHES_KEPT = 1_000


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
