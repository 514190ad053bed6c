"""Submitting: from the scheduler's requests to batches and jobs, and back to references."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING

import anyio
import anyio.to_thread

from quantum_async.errors import InvalidOptionError, ProtocolError, SubmissionUnknownError
from quantum_async.http.encode import LARGE
from quantum_async.models.batch import BatchRef
from quantum_async.models.job import JobRef
from quantum_async.models.options import differing_options, is_given
from quantum_async.models.program import Program, ProgramFormat
from quantum_async.providers.pasqal.additions import AMBIGUOUS
from quantum_async.providers.pasqal.emulators import is_emulator, read_config
from quantum_async.providers.pasqal.matching import matched
from quantum_async.providers.pasqal.options import PasqalOptions, checked_options
from quantum_async.providers.pasqal.pages import Page
from quantum_async.providers.pasqal.submission import (
    KEY_PREFIX,
    NewBatch,
    NewJob,
)
from quantum_async.providers.pasqal.translate.facts import check_shots, facts_of
from quantum_async.providers.pasqal.translate.sequences import bound, ready
from quantum_async.providers.sequences import SequenceFacts, check_values, known_facts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from quantum_async.models.submission import BatchRequest, RunOptions, SubmitRequest
    from quantum_async.providers.pasqal.additions import Additions
    from quantum_async.providers.pasqal.atoms import Atoms
    from quantum_async.providers.pasqal.cloud import Cloud
    from quantum_async.providers.pasqal.matching import CreatedJob
    from quantum_async.providers.pasqal.wire import BatchReceipt, PasqalBatch

_KEPT = 1_000


@dataclass(frozen=True, slots=True)
class _OpenBatch:
    """What the jobs of an open batch have in common.

    Args:
        shared: Digest of the sequence that they share; empty where each has its own.
        options: Their options.
        is_ours: Whether this client opened it, so that all of its options are known.
    """

    shared: str
    options: PasqalOptions
    is_ours: bool = True

    @classmethod
    def read(cls, batch: PasqalBatch) -> _OpenBatch:
        """Read what another client has opened."""
        text = batch.sequence_builder
        try:
            options = PasqalOptions(
                tags=batch.tags,
                emulation=batch.backend_configuration,
                configuration=read_config(batch.device_type or "", batch.configuration),
                webhook=batch.webhook,
            )
        except InvalidOptionError:
            # Written by whoever opened it, in a way that is not known here: nothing equals it.
            options = PasqalOptions()
        digest = Program(text, ProgramFormat.PULSER).digest if text else ""
        return cls(digest, options, is_ours=False)

    def check(self, options: PasqalOptions, batch_id: str) -> None:
        """Refuse a job whose options are not the batch's.

        Of a batch that another client opened, only what the job asks for can be compared: its
        name is one of its tags, and its webhook may be that client's own.

        Raises:
            InvalidOptionError: They differ; each that does is named.
        """
        own = replace(self.options, seed=options.seed)
        if not self.is_ours:
            given = [item.name for item in fields(options) if is_given(options, item.name)]
            asked = {name: getattr(options, name) for name in given}
            if set(options.tags) <= set(own.tags):
                asked.pop("tags", None)
            # The device type is the one of the target by which the job is added.
            asked.pop("device_type", None)
            options = replace(own, **asked)
        _refuse_differing(own, options, f"batch {batch_id}")


class Submitter:
    """Send submissions, and find those whose answer was lost.

    Args:
        cloud: What the client's parts share.
        additions: Adds jobs to open batches.
        atoms: Remembers the atoms of what is sent.
        account: Which account, for references.
    """

    def __init__(self, cloud: Cloud, additions: Additions, atoms: Atoms, account: str) -> None:
        self._cloud = cloud
        self._additions = additions
        self._atoms = atoms
        self._account = account
        self._unanswered: OrderedDict[str, SubmitRequest] = OrderedDict()
        self._open_batches: OrderedDict[str, _OpenBatch] = OrderedDict()

    async def prepared(self, program: Program, target: str) -> tuple[Program, SequenceFacts]:
        """Make a sequence ready for a device, and read its facts; once for each sequence.

        Raises:
            ProgramError: It cannot run there.
        """
        known = "" if is_emulator(target) else self._cloud.specifications.get(target, "")
        facts = await read_aside(program)
        if known or not facts.is_measured:
            # Both need Pulser, which takes longer than the loop may stand still.
            program = await anyio.to_thread.run_sync(ready, program, known)
            facts = await read_aside(program)
        return program, facts

    async def submit(self, request: SubmitRequest) -> list[JobRef]:
        """Send one submission."""
        try:
            return await self._send(request)
        except AMBIGUOUS:
            self._remember(request)
            raise
        except anyio.get_cancelled_exc_class():
            self._remember(request)
            raise

    async def open_batch(self, request: BatchRequest) -> BatchRef:
        """Open a batch without jobs."""
        program = None
        options = self.checked_options(request.options, request.target)
        if request.program is not None:
            program, _ = await self.prepared(request.program, request.target)
        new = self._new_batch(request.key, request.target, options, program, (), name=request.name)
        batch = await self._cloud.submit_batch(new, program.digest if program else None)
        self._opened(batch.id, program, options)
        return BatchRef("pasqal", batch.id, request.target, request.key, self._account)

    async def find(self, key: str) -> list[JobRef]:
        """Look for the jobs of a submission.

        Raises:
            SubmissionUnknownError: There are several submissions of that key.
            ProtocolError: There is one, and not all of its jobs are listed yet.
        """
        batch_id = self._additions.batch_of(key)
        added = await self._additions.find(key)
        request = self._unanswered.get(key)
        if added is not None and batch_id is not None:
            return await self._found(key, request, added, batch_id, "")
        batch = await self._tagged(key)
        if batch is None:
            return []
        jobs = await self._cloud.jobs_of(batch.id)
        sent = len(request.jobs) if request is not None else (batch.jobs_count or 1)
        if len(jobs) < sent:
            # One list lags behind the other. Nothing at all would mean that it can be sent again.
            raise ProtocolError(
                f"batch {batch.id} has the key {key}, and {len(jobs)} of its {sent} jobs are listed",
                provider="pasqal",
                remedy="Look again in a moment.",
            )
        return await self._found(key, request, jobs, batch.id, batch.device_type or "")

    async def find_batch(self, key: str) -> BatchRef | None:
        """Look for a batch by its key."""
        batch = await self._tagged(key)
        if batch is None:
            return None
        return BatchRef("pasqal", batch.id, batch.device_type or "", key, self._account)

    def checked_options(self, options: RunOptions, target: str) -> PasqalOptions:
        """Take options as Pasqal's, and refuse what the way to a device has no place for."""
        return checked_options(options, target, is_ovh=self._cloud.is_ovh)

    async def _send(self, request: SubmitRequest) -> list[JobRef]:
        options = self._options_of(request)
        sent = await self._checked(request)
        if request.batch is not None:
            batch_id = request.batch.id
            held = await self._open_batch(batch_id)
            held.check(options, batch_id)
            jobs = await _new_jobs(request, sent, held.shared)
            added = await self._additions.add(batch_id, request.key, jobs)
            return self._accepted(request, added, sent, batch_id)
        digests = {program.digest for program, _ in sent}
        shared = sent[0][0] if len(digests) == 1 else None
        jobs = await _new_jobs(request, sent, shared.digest if shared else "")
        batch = await self._cloud.submit_batch(
            self._new_batch(request.key, request.target, options, shared, jobs),
            shared.digest if shared is not None else None,
        )
        created = await self._created(batch, jobs)
        return self._accepted(request, created, sent, batch.id)

    def _options_of(self, request: SubmitRequest) -> PasqalOptions:
        """Find the options that all jobs of a submission share, as the batch's own."""
        options = self.checked_options(request.jobs[0].options, request.target)
        for job in request.jobs[1:]:
            if job.options is not request.jobs[0].options:
                other = self.checked_options(job.options, request.target)
                _refuse_differing(options, other, "the first job of the batch")
        return options

    async def _open_batch(self, batch_id: str) -> _OpenBatch:
        if batch_id not in self._open_batches:
            _keep(self._open_batches, batch_id, _OpenBatch.read(await self._cloud.batch(batch_id)))
        return self._open_batches[batch_id]

    def _opened(self, batch_id: str, program: Program | None, options: PasqalOptions) -> None:
        self._additions.opened(batch_id)
        shared = program.digest if program is not None else ""
        _keep(self._open_batches, batch_id, _OpenBatch(shared, options))

    async def _checked(self, request: SubmitRequest) -> list[tuple[Program, SequenceFacts]]:
        on_qpu = not is_emulator(request.target)
        # The jobs of a sweep share one program.
        known: dict[int, tuple[Program, SequenceFacts]] = {}
        sent = []
        for job in request.jobs:
            prepared = known.get(id(job.program))
            if prepared is None:
                prepared = await self.prepared(job.program, request.target)
                known[id(job.program)] = prepared
            facts = prepared[1]
            check_values(facts, job.variables)
            check_shots(job.shots, facts.max_runs if on_qpu else None, facts.device)
            sent.append(prepared)
        return sent

    def _new_batch(
        self,
        key: str,
        target: str,
        options: PasqalOptions,
        program: Program | None,
        jobs: Sequence[NewJob],
        *,
        name: str | None = None,
    ) -> NewBatch:
        device_type = target if options.device_type is None else options.device_type
        tags = (KEY_PREFIX + key, *([name] if name else []), *options.tags)
        return NewBatch(
            jobs=tuple(jobs),
            sequence=program.text if program is not None else None,
            is_open=name is not None,
            device_type=device_type or None,
            tags=() if self._cloud.is_ovh else tags,
            emulation=options.emulation_text,
            configuration=options.configuration,
            webhook=options.webhook or self._cloud.webhook,
            project_id=self._cloud.billed_project,
        )

    async def _created(self, batch: BatchReceipt, jobs: Sequence[NewJob]) -> Sequence[CreatedJob]:
        listed = await self._cloud.jobs_in_answer(batch)
        if len(listed) != len(jobs):
            raise ProtocolError(
                f"{len(jobs)} jobs were sent and batch {batch.id} has {len(listed)}",
                provider="pasqal",
                remedy="The batch is looked at before anything is sent again.",
            )
        return matched(jobs, listed) or listed

    def _accepted(
        self,
        request: SubmitRequest,
        jobs: Sequence[CreatedJob],
        sent: Sequence[tuple[Program, SequenceFacts]],
        batch_id: str,
    ) -> list[JobRef]:
        for job, (_, facts), spec in zip(jobs, sent, request.jobs, strict=True):
            self._atoms.remember(job.id, facts, spec.variables)
        return [
            self._ref(job.id, request.target, spec.key, batch_id)
            for job, spec in zip(jobs, request.jobs, strict=True)
        ]

    async def _found(
        self,
        key: str,
        request: SubmitRequest | None,
        jobs: Sequence[CreatedJob],
        batch_id: str,
        target: str,
    ) -> list[JobRef]:
        if request is None or len(jobs) != len(request.jobs):
            return [self._ref(job.id, target, "", batch_id) for job in jobs]
        self._unanswered.pop(key, None)
        sent = await self._checked(request)
        new = [NewJob(runs=spec.shots, variables=spec.variables or None) for spec in request.jobs]
        return self._accepted(request, matched(new, jobs) or jobs, sent, batch_id)

    async def _tagged(self, key: str) -> PasqalBatch | None:
        page = await self._cloud.batches(Page(), {"tag": KEY_PREFIX + key})
        if len(page.items) > 1:
            ids = ", ".join(batch.id for batch in page.items)
            raise SubmissionUnknownError(
                f"{len(page.items)} batches have the key {key}: {ids}",
                key=key,
                provider="pasqal",
                remedy="Cancel those that are too many.",
            )
        return page.items[0] if page.items else None

    def _ref(self, job_id: str, target: str, key: str, batch_id: str) -> JobRef:
        return JobRef("pasqal", job_id, target, key, batch_id=batch_id, account=self._account)

    def _remember(self, request: SubmitRequest) -> None:
        self._unanswered[request.key] = request
        while len(self._unanswered) > _KEPT:
            self._unanswered.popitem(last=False)


def _refuse_differing(own: PasqalOptions, other: PasqalOptions, where: str) -> None:
    names = differing_options(own, replace(other, seed=own.seed))
    if names:
        raise InvalidOptionError(
            f"the job's {', '.join(f'PasqalOptions.{name}' for name in names)} differ from those "
            f"of {where}, which hold for every job of a batch",
            provider="pasqal",
            remedy="Open another batch for it, or leave its options out.",
        )


def _keep(book: OrderedDict[str, _OpenBatch], name: str, value: _OpenBatch) -> None:
    book[name] = value
    while len(book) > _KEPT:
        book.popitem(last=False)


async def read_aside(program: Program) -> SequenceFacts:
    """Read a sequence's facts, in a worker thread if it is long."""
    if len(program.payload) < LARGE:
        return facts_of(program)
    # A thread costs more than the rest of a repeated submission's preparations.
    if (known := known_facts(program)) is not None:
        return known
    return await anyio.to_thread.run_sync(facts_of, program)


async def _new_jobs(
    request: SubmitRequest, sent: Sequence[tuple[Program, SequenceFacts]], shared: str
) -> list[NewJob]:
    jobs = []
    for job, (program, _) in zip(request.jobs, sent, strict=True):
        if program.digest == shared:
            jobs.append(NewJob(runs=job.shots, variables=job.variables or None))
        elif not job.variables:
            jobs.append(NewJob(runs=job.shots, sequence=program.text))
        else:
            # A job with a sequence of its own takes no variables, so they are put into it.
            text = await anyio.to_thread.run_sync(bound, program, job.variables)
            jobs.append(NewJob(runs=job.shots, sequence=text))
    return jobs
