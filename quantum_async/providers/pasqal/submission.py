"""From programs to batches with jobs."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, TypeAlias

import anyio
import anyio.to_thread

from quantum_async.errors import (
    BatchClosedError,
    ConflictError,
    InvalidInputError,
    InvalidOptionError,
    InvalidShotsError,
    LostAnswerError,
    ProtocolError,
    QuantumAsyncError,
    ServerError,
    SubmissionUnknownError,
)
from quantum_async.http.encode import LARGE
from quantum_async.models.batch import BatchRef
from quantum_async.models.job import JobRef
from quantum_async.models.options import differing_options, is_given
from quantum_async.models.program import Program, ProgramFormat
from quantum_async.providers.pasqal.api import candidates, matched
from quantum_async.providers.pasqal.emulators import is_emulator, read_config
from quantum_async.providers.pasqal.options import PasqalOptions, checked_options
from quantum_async.providers.pasqal.pages import Page
from quantum_async.providers.pasqal.translate.sequences import bound, check_shots, facts_of, ready
from quantum_async.providers.sequences import SequenceFacts, check_values, json_values, known_facts

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pydantic import JsonValue

    from quantum_async.models.grid import Value
    from quantum_async.models.submission import BatchRequest, RunOptions, SubmitRequest
    from quantum_async.providers.pasqal.api import Cloud, CreatedJob
    from quantum_async.providers.pasqal.batches import Batches
    from quantum_async.providers.pasqal.emulators import EmulatorConfig
    from quantum_async.providers.pasqal.results import Atoms
    from quantum_async.providers.pasqal.wire import BatchReceipt, PasqalBatch


if TYPE_CHECKING:
    JsonObject: TypeAlias = dict[str, JsonValue]

KEY_PREFIX = "quantum-async:"
"""A tag that begins like this carries the key of a submission."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewJob:
    """A job to be created.

    Args:
        runs: Shots; emulators may do without.
        variables: Values of the sequence's variables; ``qubits`` maps the qubits of a mappable
            register to traps.
        sequence: A sequence of its own, as Pulser's abstract representation; it takes no
            variables.

    Raises:
        InvalidShotsError: The number of shots is not positive.
        InvalidInputError: It has both a sequence and variables, or a value is not a number.
    """

    runs: int | None = None
    variables: Mapping[str, Value] | None = None
    sequence: str | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        if self.runs is not None and (isinstance(self.runs, bool) or self.runs < 1):
            raise InvalidShotsError(
                f"a job of {self.runs!r} shots", remedy="Give a whole number from 1 up."
            )
        if self.sequence is not None and self.variables:
            raise InvalidInputError(
                "a job with a sequence of its own takes no variables",
                provider="pasqal",
                remedy="Build the sequence with its values, or use the batch's sequence.",
            )

    def document(self) -> JsonObject:
        """Return the job as it goes on the wire."""
        found: JsonObject = {}
        if self.runs is not None:
            found["runs"] = self.runs
        if self.variables is not None:
            found["variables"] = json_values(self.variables, provider="pasqal")
        if self.sequence is not None:
            found["sequence"] = self.sequence
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class NewBatch:
    """A batch to be created.

    Args:
        jobs: Its jobs; an open batch may do without.
        sequence: The sequence that its jobs share, or ``None`` where each brings its own.
        is_open: Whether further jobs can be added.
        device_type: Where it runs; ``None`` takes the device inside the sequence.
        tags: Free words.
        emulation: Pulser's ``EmulationConfig``, as text.
        configuration: The legacy configuration of an emulator.
        webhook: Address that the service calls.
        project_id: Whose credits are used.

    Raises:
        InvalidInputError: Jobs or sequences are missing, or something contradicts itself.
    """

    jobs: tuple[NewJob, ...]
    sequence: str | None = field(default=None, repr=False)
    is_open: bool = False
    device_type: str | None = None
    tags: tuple[str, ...] = ()
    emulation: str | None = field(default=None, repr=False)
    configuration: EmulatorConfig | None = None
    webhook: str | None = None
    project_id: str = ""

    def __post_init__(self) -> None:
        _check_sequences(self)
        _check_configuration(self)

    def rest(self) -> JsonObject:
        """Return all but the sequence as it goes on the wire."""
        found: JsonObject = {
            "webhook": self.webhook,
            "jobs": [job.document() for job in self.jobs],
            "open": self.is_open,
            "device_type": self.device_type,
        }
        if self.configuration is not None:
            found["configuration"] = self.configuration.document()
        if self.tags:
            found["tags"] = [*dict.fromkeys(self.tags)]
        if self.emulation:
            found["backend_configuration"] = self.emulation
        return {**found, "project_id": self.project_id}


def _check_sequences(batch: NewBatch) -> None:
    lacking = [place for place, job in enumerate(batch.jobs) if job.sequence is None]
    if not batch.jobs and not batch.is_open:
        raise _refused("a closed batch needs at least one job", "Add a job, or open the batch.")
    if batch.sequence is None and lacking:
        places = ", ".join(map(str, lacking[:10]))
        raise _refused(
            f"neither the batch nor jobs {places} have a sequence",
            "Give the batch a sequence, or each job its own.",
        )
    if batch.sequence is not None and batch.jobs and not batch.is_open and not lacking:
        raise _refused(
            "each job has a sequence of its own, so the batch's would not be used",
            "Leave out the batch's sequence.",
        )


def _check_configuration(batch: NewBatch) -> None:
    configuration = batch.configuration
    if configuration is None or not configuration.device_type:
        return
    if batch.device_type is not None and configuration.device_type != batch.device_type:
        raise _refused(
            f"a configuration of {configuration.device_type} for {batch.device_type}",
            "Use the device's own configuration.",
        )


def _refused(what: str, remedy: str) -> InvalidInputError:
    return InvalidInputError(what, provider="pasqal", remedy=remedy)


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
    """Add jobs to open batches: one addition at a time for each, found again when it was lost.

    The service has no place for a key on a job. What can be known of an addition whose answer was
    lost is what the batch holds: the jobs that were not there before, with the shots and variables
    that were sent. That is enough as long as this client is the only one that adds to the batch.
    Where another adds equal jobs at the same moment, theirs cannot be told from ours; where more
    such jobs appear than were sent, nothing is adopted and the submission stays unknown. What was
    known of a batch is lost with the process.

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
