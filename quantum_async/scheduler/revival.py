"""Revival: jobs that another process left in the journal, followed here to their end."""

from __future__ import annotations

import logging
import uuid
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import anyio

from quantum_async.errors import (
    ConfigurationError,
    InvalidInputError,
    QuantumAsyncError,
    SubmissionUnknownError,
)
from quantum_async.journal.records import BatchState, SendState, WorkState
from quantum_async.models.advice import Action, Advice
from quantum_async.models.capabilities import SubmissionGrade
from quantum_async.models.identity import is_same_server
from quantum_async.models.job import JobRef, JobState, JobStatus
from quantum_async.models.options import as_asked
from quantum_async.models.program import Program, ProgramFormat
from quantum_async.models.submission import BatchRequest, JobSpec, SubmitRequest
from quantum_async.scheduler.batch import Batch
from quantum_async.scheduler.book import Slip
from quantum_async.scheduler.delivery import UnknownPolicy
from quantum_async.scheduler.job import JobRecord, fresh

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    from quantum_async.journal.records import Claim, StoredBatch, StoredJob, StoredSubmission
    from quantum_async.models.batch import BatchRef
    from quantum_async.scheduler.lane import Lane
    from quantum_async.scheduler.scheduler import Scheduler

logger: logging.Logger = logging.getLogger(__name__)

NOT_HERE = Program("", ProgramFormat.QASM3, "not recorded")
"""Stands for a program that was sent by another process without a journal."""


class Revival:
    """Continue what a claim of the journal holds.

    Args:
        lanes: The scheduler's lanes.
    """

    def __init__(self, lanes: Sequence[Lane]) -> None:
        self._lanes = lanes

    @property
    def served(self) -> Mapping[tuple[str, str], Collection[str]]:
        """Providers and accounts that there are clients for, and these clients' identities."""
        served: dict[tuple[str, str], list[str]] = {}
        for client in (lane.client for lane in self._lanes):
            served.setdefault((client.provider, client.account), []).append(client.identity)
        return served

    def identity(self, ref: JobRef) -> str:
        """Say at which server and account a job would be followed.

        Args:
            ref: Its reference.

        Raises:
            ConfigurationError: There is no client for its provider, account and server.
        """
        identity = self.lane_of(ref).client.identity
        # One that an earlier version has pickled lacks it.
        _check_server(ref, getattr(ref, "identity", ""), identity)
        return identity

    def revive(self, claim: Claim) -> list[JobRecord]:
        """Follow accepted jobs, and bring submissions to their end.

        What nobody can say anything about ends as unknown, each time anew, and is not sent.

        Args:
            claim: What was taken over.

        Returns:
            A record of each job that goes on, in the order in which they were first sent.
        """
        records: list[JobRecord] = []
        for submission in claim.submissions:
            lane = self._lane(submission.jobs[0])
            is_unsent = submission.state is SendState.INTENDED or not lane.capabilities.outlives
            if submission.state is SendState.UNKNOWN and not is_unsent and not _can_tell(lane):
                begin = self._stay_unknown
            else:
                begin = partial(self._send, is_unsent=is_unsent, quiet=submission.quiet)
            records += self._once(lane, submission.jobs, begin)
        for jobs in _together(claim.jobs):
            lane = self._lane(jobs[0])
            if lane.capabilities.outlives:
                records += self._once(lane, jobs, self._follow)
            else:
                records += self._once(lane, jobs, partial(self._send, is_unsent=True))
        return records

    def adopt(self, ref: JobRef, stored: StoredJob | None) -> JobRecord:
        """Make the record of a job of another process; if it is not settled, a lane adopts it.

        Args:
            ref: The job's reference.
            stored: What the journal knows of it.

        Raises:
            ConfigurationError: There is no client for its provider, account and server.
        """
        lane = self.lane_of(ref)
        if stored is not None:
            _check_server(ref, stored.identity, lane.client.identity)
        record = (
            JobRecord(JobSpec(ref.key or uuid.uuid4().hex, NOT_HERE, 1), lane, ref.target)
            if stored is None
            else JobRecord(stored.spec, lane, stored.target, stored.batch, stored.place)
        )
        if stored is not None and stored.result is not None:
            record.ref, record.state = ref, JobState(JobStatus.SUCCEEDED)
            record.succeed(as_asked(stored.result, stored.spec.options))
        elif stored is not None and stored.error is not None and stored.state in _ENDED:
            is_cancelled = stored.state is WorkState.CANCELLED
            status = JobStatus.CANCELLED if is_cancelled else JobStatus.FAILED
            record.ref, record.state = ref, JobState(status)
            record.fail(stored.error)
        return record

    async def batches(self, scheduler: Scheduler, claim: Claim) -> None:
        """Answer for batches that are open; the scheduler closes them when its block is left."""
        async with anyio.create_task_group() as tasks:
            for stored in claim.batches:
                tasks.start_soon(self._answer_for, scheduler, stored)

    async def _answer_for(self, scheduler: Scheduler, stored: StoredBatch) -> None:
        lane = self._serving(stored.ref, stored.identity)
        ref = await self._opened(lane, stored)
        if ref is not None:
            request = BatchRequest(stored.ref.key, stored.ref.target, name=stored.name)
            Batch(scheduler, lane, request).adopt(ref)

    async def _opened(self, lane: Lane, stored: StoredBatch) -> BatchRef | None:
        """Find a batch at the provider; one that is known not to be there is crossed out."""
        if not lane.capabilities.outlives:
            lane.book.journal.batch_closed(stored.ref.key)
            return None
        if stored.state is BatchState.OPEN:
            return stored.ref
        try:
            ref = await _look_for(lane, stored)
        except QuantumAsyncError as error:
            logger.warning("batch %s cannot be looked up: %s", stored.ref.key, error)
            return None
        if ref is not None:
            await lane.book.journal.batch_opened(replace(ref, key=stored.ref.key))
        elif _can_look_up(lane):
            lane.book.journal.batch_closed(stored.ref.key)
        return ref

    def lane_of(self, ref: JobRef | BatchRef) -> Lane:
        """Find where a job or batch would be followed.

        Args:
            ref: Its reference.

        Raises:
            ConfigurationError: There is no client for its provider, account and server.
        """
        # One that an earlier version has pickled lacks the identity.
        return self._serving(ref, getattr(ref, "identity", ""))

    def _lane(self, job: StoredJob) -> Lane:
        return self._serving(job, job.identity)

    def _serving(self, work: JobRef | BatchRef | StoredJob, identity: str) -> Lane:
        """Find the lane of the client for the provider, account and server that work is at.

        What the client is called is of no account: another process may have called it otherwise.
        """
        lanes = [
            lane
            for lane in self._lanes
            if (lane.client.provider, lane.client.account) == (work.provider, work.account)
        ]
        if not lanes:
            raise ConfigurationError(
                f"no client of this scheduler serves {work}",
                remedy=Advice(_same_account(work.provider)),
            )
        if len(lanes) == 1:
            return lanes[0]
        fitting = [lane for lane in lanes if is_same_server(lane.client.identity, identity)]
        exact = [lane for lane in fitting if lane.client.identity == identity]
        # What is of no known server is of the time before clients had names of their own.
        unnamed = [lane for lane in fitting if lane.client.name == lane.client.provider]
        chosen = exact[:1] or (fitting if len(fitting) == 1 else unnamed)
        if len(chosen) != 1:
            names = ", ".join(lane.client.name for lane in lanes)
            raise ConfigurationError(
                f"none of the clients {names} is known to be the one for {work}"
                + (f" at {identity}" if identity else ""),
                provider=work.provider,
                remedy="Give the scheduler a client for the same address and account, and pass a "
                "reference that a scheduler has made: it says which they are.",
            )
        return chosen[0]

    def _once(
        self,
        lane: Lane,
        jobs: Sequence[StoredJob],
        begin: Callable[[Sequence[StoredJob]], list[JobRecord]],
    ) -> list[JobRecord]:
        """Begin what this scheduler does not follow already, and return all of it."""
        known = [lane.book.revived.get(job.spec.key) for job in jobs]
        new = [job for job, record in zip(jobs, known, strict=True) if record is None]
        return [record for record in known if record is not None] + (begin(new) if new else [])

    def _stay_unknown(self, jobs: Sequence[StoredJob]) -> list[JobRecord]:
        """Say again that nobody knows: only a word of the user's settles it."""
        lane = self._lane(jobs[0])
        records = [_record(lane, job) for job in jobs]
        lane.board(records)
        for record, job in zip(records, jobs, strict=True):
            lane.sender.landed(record)
            lane.failed(record, _still_unknown(job))
        return records

    def _send(
        self, jobs: Sequence[StoredJob], *, is_unsent: bool, quiet: float = 0.0
    ) -> list[JobRecord]:
        lane = self._lane(jobs[0])
        records = [_record(lane, job) for job in jobs]
        request = SubmitRequest(
            key=jobs[0].submission,
            target=jobs[0].target,
            jobs=tuple(job.spec for job in jobs),
            batch=jobs[0].batch if lane.capabilities.outlives else None,
        )
        lane.board(records)
        slip = Slip(lane.book, request, records)

        bring = partial(lane.sender.bring, slip, records, is_unsent=is_unsent, is_ours=False)
        lane.host.start_soon(lane.guarded, partial(bring, quiet=quiet))
        return records

    def _follow(self, jobs: Sequence[StoredJob]) -> list[JobRecord]:
        lane = self._lane(jobs[0])
        known = [(_record(lane, job), job.ref) for job in jobs if job.ref is not None]
        records = [record for record, _ in known]
        refs = [ref for _, ref in known]
        lane.book.took(refs)
        lane.adopt(records, refs)
        return records

    async def settle(self, stored: StoredSubmission, ids: Sequence[str]) -> list[JobRecord]:
        """Follow what was unknown under the ids that its user names.

        Args:
            stored: The submission.
            ids: The provider's ids of its jobs, in their order; one for all where they share it.

        Raises:
            ConfigurationError: There is no client for its provider, account and server.
            InvalidInputError: There are more or fewer jobs, or the provider does not know them.
        """
        jobs = stored.jobs
        lane = self.lane_of(JobRef(jobs[0].provider, "", jobs[0].target, account=jobs[0].account))
        is_shared = lane.capabilities.shared_job
        if len(ids) != (wanted := 1 if is_shared else len(jobs)):
            raise InvalidInputError(
                f"submission {stored.key} has {len(jobs)} jobs, so {wanted} ids are needed and not "
                f"{len(ids)}",
                provider=jobs[0].provider,
                remedy="Name the provider's ids in the order in which the jobs were submitted.",
            )
        refs = [
            JobRef(
                job.provider,
                ids[0 if is_shared else number],
                job.target,
                job.spec.key,
                lane.client.index_of(job.spec, number),
                job.batch.id if job.batch is not None else None,
                job.account,
                lane.book.journal.location,
                lane.client.identity,
            )
            for number, job in enumerate(jobs)
        ]
        _check_server(refs[0], jobs[0].identity, lane.client.identity)
        await _ask_for(lane, refs)
        await lane.book.journal.settle(stored.key, refs)
        followed = [
            replace(job, ref=ref, state=WorkState.ACCEPTED, error=None)
            for job, ref in zip(jobs, refs, strict=True)
        ]
        for job in jobs:
            lane.book.revived.pop(job.spec.key, None)
        return self._follow(followed)


async def _ask_for(lane: Lane, refs: Sequence[JobRef]) -> None:
    """See to it that ids which somebody has typed are jobs, before they are written down."""
    size = lane.capabilities.jobs_per_poll
    states = {
        ref: state
        for start in range(0, len(refs), size)
        for ref, state in (await lane.client.poll(refs[start : start + size])).items()
    }
    if missing := [ref for ref in refs if ref not in states]:
        raise InvalidInputError(
            f"{lane.client.name} does not know {', '.join(map(str, missing))}",
            provider=lane.client.provider,
            job_id=missing[0].id,
            accepted="unknown",
            remedy="Look the id up at the provider; nothing was changed.",
        )


async def _look_for(lane: Lane, stored: StoredBatch) -> BatchRef | None:
    """Look for a batch until it would have to be there, if it is."""
    can_prove = _can_look_up(lane)
    end = anyio.current_time() + stored.quiet + lane.capabilities.settle_delay
    found = await lane.client.find_batch(stored.ref.key)
    if found is None and can_prove and end > anyio.current_time():
        await anyio.sleep_until(end)
        found = await lane.client.find_batch(stored.ref.key)
    return found


def _still_unknown(job: StoredJob) -> SubmissionUnknownError:
    if isinstance(job.error, SubmissionUnknownError):
        return fresh(job.error)
    return SubmissionUnknownError(
        "nobody can say whether a submission was accepted",
        key=job.submission,
        provider=job.provider,
        remedy=f"Look for it at the provider, then settle it: quantum-async jobs resolve "
        f"{job.submission} --lost, or --is with its id.",
    )


def _same_account(provider: str) -> Action:
    """Say what is needed for work of another server or account."""
    return Action(
        f"Give the scheduler a client of {provider} for the same address and account.",
        f"Name the address and the account of {provider} where it is in the environment.",
    )


def _check_server(ref: JobRef, identity: str, here: str) -> None:
    """Refuse to ask one server for a job of another, where its id means nothing or another job."""
    if not is_same_server(identity, here):
        raise ConfigurationError(
            f"job {ref} is at another server ({identity}) than this client ({here})",
            provider=ref.provider,
            remedy=Advice(_same_account(ref.provider)),
        )


_ENDED = frozenset({WorkState.FAILED, WorkState.CANCELLED, WorkState.REJECTED})


def _can_look_up(lane: Lane) -> bool:
    return lane.capabilities.grade is not SubmissionGrade.AT_MOST_ONCE


def _can_tell(lane: Lane) -> bool:
    """Whether an uncertain submission can be decided: by looking, or by the user's policy."""
    return _can_look_up(lane) or lane.common.policy is UnknownPolicy.AT_LEAST_ONCE


def _record(lane: Lane, job: StoredJob) -> JobRecord:
    record = JobRecord(job.spec, lane, job.target, job.batch, job.place)
    lane.book.revived[job.spec.key] = record
    return record


def _together(jobs: Iterable[StoredJob]) -> list[list[StoredJob]]:
    """Put the jobs of each submission together: they may share one job at the provider."""
    groups: dict[str, list[StoredJob]] = {}
    for job in jobs:
        groups.setdefault(job.submission, []).append(job)
    return list(groups.values())
