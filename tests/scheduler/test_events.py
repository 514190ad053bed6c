"""What the stream of events tells: ends without a result, slow and late listeners."""

from __future__ import annotations

import pytest

import quantum_async as qa
from quantum_async.errors import (
    LostAnswerError,
    QuantumAsyncError,
    RejectedRequestError,
    SubmissionUnknownError,
)
from quantum_async.models.capabilities import SubmissionGrade
from quantum_async.models.job import JobEvent, JobEventKind, JobRef, JobStatus
from quantum_async.scheduler.events import BACKLOG, EventHub
from tests.scheduler.fake import PROGRAM, FakeClient, after

QUICK = qa.Limits(min_poll_interval=0.01, max_poll_interval=0.05, patience=5.0)
REFUSED = RejectedRequestError("no", status=409)


async def last_event(client: FakeClient, error: type[QuantumAsyncError]) -> JobEvent:
    async with qa.Scheduler(client, limits=QUICK) as scheduler:
        events = scheduler.events()
        with pytest.raises(error):
            await (await scheduler.submit(PROGRAM, shots=1))
    *_, last = [event async for event in events]
    assert last.kind is JobEventKind.FINISHED
    return last


async def test_a_refused_job_has_failed() -> None:
    """Its last event says so, with the error, though no provider has said any status."""
    client = FakeClient(faults={"submit": [REFUSED]})
    event = await last_event(client, RejectedRequestError)
    assert (event.status, event.error_type, event.message) == (
        JobStatus.FAILED,
        "RejectedRequestError",
        "no",
    )


async def test_a_job_that_nobody_can_tell_of_is_unknown() -> None:
    """A lost answer that cannot be looked up ends as unknown, not as queued."""
    client = FakeClient(faults={"submit": [after(LostAnswerError("reset"))]})
    event = await last_event(client.can(grade=SubmissionGrade.AT_MOST_ONCE), SubmissionUnknownError)
    assert (event.status, event.error_type) == (JobStatus.UNKNOWN, "SubmissionUnknownError")


async def test_a_job_that_cannot_be_followed_is_unknown() -> None:
    """A provider that refuses every poll for too long leaves the job going on: its end is unknown."""
    client = FakeClient(run_time=lambda _: 60, faults={"poll": [REFUSED] * 200})
    event = await last_event(client, RejectedRequestError)
    assert (event.status, event.error_type) == (JobStatus.UNKNOWN, "RejectedRequestError")
    assert event.job_id == "job-0"


async def test_a_failed_job_tells_the_providers_words() -> None:
    """The end of a job that ran and failed carries the error."""
    event = await last_event(FakeClient(fails=lambda _: True), qa.JobFailedError)
    assert (event.status, event.error_type) == (JobStatus.FAILED, "JobFailedError")
    assert "out of luck" in event.message


async def test_a_job_that_succeeded_has_no_error() -> None:
    """The fields of an error are empty where there is none."""
    async with qa.Scheduler(FakeClient(), limits=QUICK) as scheduler:
        events = scheduler.events()
        await (await scheduler.submit(PROGRAM, shots=1))
    *_, last = [event async for event in events]
    assert (last.status, last.error_type, last.message) == (JobStatus.SUCCEEDED, "", "")


async def test_a_slow_listener_loses_the_oldest() -> None:
    """It is never more than the backlog behind, hears the latest, and can tell what it lost."""
    hub = EventHub()
    stream = hub.subscribe()
    for number in range(BACKLOG + 2):
        stream.push(JobEvent(JobEventKind.QUEUED, str(number), "a:b", JobStatus.QUEUED, 0.0))
    hub.close()
    assert stream.dropped == 2
    keys = [event.key async for event in stream]
    assert (len(keys), keys[0], keys[-1]) == (BACKLOG, "2", str(BACKLOG + 1))


async def test_a_late_listener_hears_nothing_of_before() -> None:
    """A stream begins with what happens next; of a job that is over, it ends at once."""
    async with qa.Scheduler(FakeClient(), limits=QUICK) as scheduler:
        job = await scheduler.submit(PROGRAM, shots=1)
        await job
        late = scheduler.events()
        assert [event async for event in job.events()] == []
    assert [event async for event in late] == []


async def test_adopted_jobs_are_told_apart_without_keys() -> None:
    """References that were written by hand name no key; each job is given one."""
    client = FakeClient(run_time=lambda _: 0.05)
    async with qa.Scheduler(client, limits=QUICK) as scheduler:
        ids = [(await scheduler.submit(PROGRAM, shots=1)).id for _ in range(2)]
        events = scheduler.events()
        jobs = [await scheduler.adopt(JobRef("fake", job_id or "", "one")) for job_id in ids]
    assert len({job.key for job in jobs} - {""}) == 2
    told = [event.key async for event in events if event.kind is JobEventKind.FINISHED]
    assert {job.key for job in jobs} <= set(told)
