"""Revival: jobs that another process left in the journal, followed here to their end."""

from __future__ import annotations

import logging
import uuid
from typing import TYPE_CHECKING

from quantum_async.errors import ConfigurationError, QuantumAsyncError
from quantum_async.journal.records import BatchState, SendState, WorkState
from quantum_async.models.capabilities import SubmissionGrade
from quantum_async.models.identity import is_same_server
from quantum_async.models.program import Program, ProgramFormat
from quantum_async.models.submission import BatchRequest, JobSpec, SubmitRequest
from quantum_async.scheduler.batch import Batch
from quantum_async.scheduler.delivery import UnknownPolicy
from quantum_async.scheduler.record import JobRecord

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from quantum_async.journal.records import Claim, StoredBatch, StoredJob
    from quantum_async.models.batch import BatchRef
    from quantum_async.models.job import JobRef
    from quantum_async.scheduler.host import Host
    from quantum_async.scheduler.lane import Lane
    from quantum_async.scheduler.scheduler import Scheduler

logger: logging.Logger = logging.getLogger(__name__)

NOT_HERE = Program("", ProgramFormat.QASM3, "not recorded")
"""Stands for a program that was sent by another process without a journal."""


class Revival:
    """Continue what a claim of the journal holds.

    Args:
        lanes: The scheduler's lanes.
        tasks: Where submissions go on.
    """

    def __init__(self, lanes: Sequence[Lane], tasks: Host) -> None:
        self._lanes = {(lane.client.name, lane.client.account): lane for lane in lanes}
        self._tasks = tasks

    @property
    def served(self) -> Mapping[tuple[str, str], str]:
        """Providers and accounts that there are clients for, and each client's identity."""
        return {served: lane.client.identity for served, lane in self._lanes.items()}

    def identity(self, ref: JobRef) -> str:
        """Say at which server and account a job would be followed.

        Args:
            ref: Its reference.

        Raises:
            ConfigurationError: There is no client for its provider, account and server.
        """
        identity = self._lane_of(ref).client.identity
        # One that an earlier version has pickled lacks it.
        _check_server(ref, getattr(ref, "identity", ""), identity)
        return identity

    def revive(self, claim: Claim) -> list[JobRecord]:
        """Follow accepted jobs, and bring submissions to their end.

        Args:
            claim: What was taken over.

        Returns:
            A record of each job that goes on, in the order in which they were first sent.
        """
        records: list[JobRecord] = []
        for submission in claim.submissions:
            lane = self._lane(submission.jobs[0])
            if submission.state is SendState.UNKNOWN and not _can_tell(lane):
                logger.warning("submission %s stays unknown: nobody can tell", submission.key)
                continue
            is_unsent = submission.state is SendState.INTENDED or not lane.capabilities.outlives
            begin = self._send_first if is_unsent else self._send_again
            records += self._once(lane, submission.jobs, begin)
        for jobs in _together(claim.jobs):
            lane = self._lane(jobs[0])
            if lane.capabilities.outlives:
                records += self._once(lane, jobs, self._follow)
            else:
                records += self._once(lane, jobs, self._send_first)
        return records

    def adopt(self, ref: JobRef, stored: StoredJob | None) -> JobRecord:
        """Follow one job by its reference.

        Args:
            ref: The reference.
            stored: What the journal knows of it.

        Raises:
            ConfigurationError: There is no client for its provider, account and server.
        """
        lane = self._lane_of(ref)
        if stored is not None:
            _check_server(ref, stored.identity, lane.client.identity)
        record = (
            JobRecord(JobSpec(ref.key or uuid.uuid4().hex, NOT_HERE, 1), lane, ref.target)
            if stored is None
            else JobRecord(stored.spec, lane, stored.target, stored.batch, stored.place)
        )
        if stored is not None and stored.result is not None:
            record.ref = ref
            record.succeed(stored.result)
        elif stored is not None and stored.error is not None and stored.state in _ENDED:
            record.ref = ref
            record.fail(stored.error)
        else:
            lane.adopt([record], [ref])
        return record

    async def batches(self, scheduler: Scheduler, claim: Claim) -> None:
        """Answer for batches that are open; the scheduler closes them when its block is left."""
        for stored in claim.batches:
            lane = self._lanes[stored.ref.provider, stored.ref.account]
            ref = await self._opened(lane, stored)
            if ref is not None:
                request = BatchRequest(stored.ref.key, stored.ref.target, name=stored.name)
                Batch(scheduler, lane, request).adopt(ref)

    async def _opened(self, lane: Lane, stored: StoredBatch) -> BatchRef | None:
        """Find a batch at the provider; one that is known not to be there is crossed out."""
        if not lane.capabilities.outlives:
            lane.book.batch_closed(stored.ref.key)
            return None
        if stored.state is BatchState.OPEN:
            return stored.ref
        try:
            ref = await lane.client.find_batch(stored.ref.key)
        except QuantumAsyncError as error:
            logger.warning("batch %s cannot be looked up: %s", stored.ref.key, error)
            return None
        if ref is not None:
            lane.book.batch_opened(ref)
        elif _can_look_up(lane):
            lane.book.batch_closed(stored.ref.key)
        return ref

    def _lane_of(self, ref: JobRef) -> Lane:
        lane = self._lanes.get((ref.provider, ref.account))
        if lane is None:
            raise ConfigurationError(
                f"no client of this scheduler serves {ref}",
                remedy=f"Give the scheduler a client of {ref.provider} for the same account.",
            )
        return lane

    def _lane(self, job: StoredJob) -> Lane:
        return self._lanes[job.provider, job.account]

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

    def _send_first(self, jobs: Sequence[StoredJob]) -> list[JobRecord]:
        return self._send(jobs, is_unsent=True)

    def _send_again(self, jobs: Sequence[StoredJob]) -> list[JobRecord]:
        return self._send(jobs, is_unsent=False)

    def _send(self, jobs: Sequence[StoredJob], *, is_unsent: bool) -> list[JobRecord]:
        lane = self._lane(jobs[0])
        records = [_record(lane, job) for job in jobs]
        request = SubmitRequest(
            key=jobs[0].submission,
            target=jobs[0].target,
            jobs=tuple(job.spec for job in jobs),
            batch=jobs[0].batch if lane.capabilities.outlives else None,
        )
        lane.board(records)
        slip = lane.book.slip(request, records)

        async def send() -> None:
            await lane.sender.redeliver(slip, records, is_unsent=is_unsent)

        self._tasks.start_soon(lane.guarded, send)
        return records

    def _follow(self, jobs: Sequence[StoredJob]) -> list[JobRecord]:
        lane = self._lane(jobs[0])
        known = [(_record(lane, job), job.ref) for job in jobs if job.ref is not None]
        records = [record for record, _ in known]
        lane.adopt(records, [ref for _, ref in known])
        return records


def _check_server(ref: JobRef, identity: str, here: str) -> None:
    """Refuse to ask one server for a job of another, where its id means nothing or another job."""
    if not is_same_server(identity, here):
        raise ConfigurationError(
            f"job {ref} is at another server ({identity}) than this client ({here})",
            provider=ref.provider,
            remedy="Give the scheduler a client for the same address and account.",
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
