"""The scheduler as users meet it: submit, await, leave the block."""

from __future__ import annotations

import pickle
import threading

import anyio
import pytest

import quantum_async as qa
from quantum_async.errors import (
    BudgetExceededError,
    ConfigurationError,
    InvalidShotsError,
    JobCancelledError,
    JobFailedError,
    LostAnswerError,
    NoMeasurementError,
    NotSentError,
    RateLimitedError,
    RejectedRequestError,
    ResultPendingError,
    SchedulerClosedError,
    ServerError,
    SubmissionUnknownError,
    UnknownTargetError,
    WaitTimeoutError,
)
from quantum_async.models.capabilities import SubmissionGrade
from quantum_async.scheduler.scheduler import Scheduler
from tests.scheduler.fake import PROGRAM, UNMEASURED, FakeClient, after

QUICK = qa.Limits(min_poll_interval=0.005)


async def test_await_a_job() -> None:
    """A submitted job has an id, and awaiting it gives its result."""
    async with Scheduler(FakeClient(), limits=QUICK) as scheduler:
        job = await scheduler.submit(PROGRAM, shots=7, variables={"x": 5})
        assert job.id == "job-0"
        assert job.target == "fake:one"
        result = await job
    assert result.counts == {"00000101": 7}


async def test_leaving_waits_for_jobs() -> None:
    """Leaving the block waits for jobs that nobody awaited."""
    async with Scheduler(FakeClient(run_time=lambda _: 0.1), limits=QUICK) as scheduler:
        job = await scheduler.submit(PROGRAM, shots=1)
        assert not job.is_settled
    assert job.is_settled


async def test_clients_are_entered_and_closed_unless_open_already() -> None:
    """The scheduler closes what it opened, and leaves open what was open."""
    mine, theirs = FakeClient(), FakeClient(name="other")
    async with theirs:
        async with Scheduler(mine, theirs):
            assert mine.is_open
        assert not mine.is_open
        assert theirs.is_open
        assert theirs.opened == 1


async def test_a_failed_job_raises_when_awaited() -> None:
    """Awaiting a failed job raises the provider's reason with id and provider."""
    async with Scheduler(FakeClient(fails=lambda _: True), limits=QUICK) as scheduler:
        job = await scheduler.submit(PROGRAM, shots=1)
        with pytest.raises(JobFailedError, match="out of luck") as caught:
            await job
    assert caught.value.job_id == "job-0"
    assert caught.value.provider == "fake"
    assert caught.value.accepted == "yes"


async def test_one_unseen_failure_raises_on_leaving() -> None:
    """A failure that nobody looked at is raised as it is."""
    with pytest.raises(JobFailedError):
        async with Scheduler(FakeClient(fails=lambda _: True), limits=QUICK) as scheduler:
            await scheduler.submit(PROGRAM, shots=1)


async def test_two_unseen_failures_raise_as_a_group() -> None:
    """Two failures that nobody looked at are raised together."""
    with pytest.RaisesGroup(JobFailedError, JobFailedError):
        async with Scheduler(FakeClient(fails=lambda _: True), limits=QUICK) as scheduler:
            await scheduler.submit(PROGRAM, shots=1)
            await scheduler.submit(PROGRAM, shots=1)


async def test_an_error_in_the_block_cancels_remote_jobs() -> None:
    """An error in the block reaches the caller after the jobs were cancelled remotely."""
    client = FakeClient(run_time=lambda _: 60)
    with pytest.raises(KeyError, match="mine"):
        async with Scheduler(client, limits=QUICK) as scheduler:
            for _ in range(3):
                await scheduler.submit(PROGRAM, shots=1)
            raise KeyError("mine")
    assert client.running() == 0
    assert client.world.calls["cancel"] == 1


async def test_cancelling_the_block_cancels_remote_jobs() -> None:
    """A cancelled block cancels its jobs at the provider before it ends."""
    client = FakeClient(run_time=lambda _: 60)
    with anyio.move_on_after(0.1) as scope:
        async with Scheduler(client, limits=QUICK) as scheduler:
            job = await scheduler.submit(PROGRAM, shots=1)
            await job
    assert scope.cancelled_caught
    assert client.running() == 0


async def test_cancelling_during_submit_leaves_nothing_running() -> None:
    """A job on its way when the block is cancelled is cancelled once it is accepted."""
    client = FakeClient(run_time=lambda _: 60, latency=0.1)
    with anyio.move_on_after(0.15):
        async with Scheduler(client, limits=QUICK) as scheduler:
            await scheduler.submit(PROGRAM, shots=1)
    assert len(client.world.jobs) == 1
    assert client.running() == 0


async def test_cancelling_one_submit_does_not_end_the_block() -> None:
    """A submit that its caller gave up is withdrawn; the scheduler goes on."""
    client = FakeClient(run_time=lambda n: 60 if n == 0 else 0.01, latency=0.05)
    async with Scheduler(client, limits=QUICK) as scheduler:
        with anyio.move_on_after(0.07) as scope:
            await scheduler.submit(PROGRAM, shots=1)
        assert scope.cancelled_caught
        job = await scheduler.submit(PROGRAM, shots=2)
        assert (await job).shots == 2
    assert client.running() == 0


async def test_cancelling_during_fetch_ends_cleanly() -> None:
    """A block cancelled while a result is on its way ends without a hang or a leftover."""

    class Cancelling(FakeClient):
        async def fetch(self, job: qa.JobRef) -> qa.Result:
            scope.cancel()
            return await super().fetch(job)

    client = Cancelling(latency=0.05)
    with anyio.CancelScope() as scope:
        async with Scheduler(client, limits=QUICK) as scheduler:
            await (await scheduler.submit(PROGRAM, shots=1))
    assert scope.cancelled_caught
    assert client.world.calls["fetch"] == 1
    assert client.running() == 0


async def test_a_failure_during_clean_up_does_not_hide_the_error() -> None:
    """When cancelling fails as well, the first error is raised and a note tells the rest."""
    client = FakeClient(
        run_time=lambda _: 60, faults={"cancel": [RejectedRequestError("no", status=400)]}
    )
    with pytest.raises(KeyError) as caught:
        async with Scheduler(client, limits=QUICK, grace=0.2) as scheduler:
            await scheduler.submit(PROGRAM, shots=1)
            raise KeyError("mine")
    notes = " ".join(caught.value.__notes__)
    assert "On the way out: no" in notes
    assert "fake:one/job-0" in notes


async def test_the_grace_is_a_bound() -> None:
    """A provider that never answers cannot hold the block for longer than the grace."""
    client = FakeClient(run_time=lambda _: 60)
    started = anyio.current_time()
    with pytest.raises(KeyError):
        async with Scheduler(client, limits=QUICK, grace=0.3) as scheduler:
            await scheduler.submit(PROGRAM, shots=1)
            client._latency = 60
            raise KeyError
    assert anyio.current_time() - started == pytest.approx(0.3)


async def test_detach_leaves_jobs_running() -> None:
    """Under detach an error leaves jobs running, and a note names them."""
    client = FakeClient(run_time=lambda _: 60)
    with pytest.raises(KeyError) as caught:
        async with Scheduler(client, limits=QUICK, on_cancel="detach") as scheduler:
            await scheduler.submit(PROGRAM, shots=1)
            raise KeyError
    assert client.running() == 1
    assert "Left running: fake:one/job-0" in caught.value.__notes__


async def test_a_detached_job_is_not_waited_for() -> None:
    """A detached job neither holds the block nor is cancelled."""
    client = FakeClient(run_time=lambda _: 60)
    async with Scheduler(client, limits=QUICK) as scheduler:
        job = await scheduler.submit(PROGRAM, shots=1)
        ref = job.detach()
    assert ref.id == "job-0"
    assert client.running() == 1


async def test_whoever_waits_for_a_detached_job_is_told() -> None:
    """Once the block is left, nobody looks at the job any more, and the wait for it ends."""
    async with Scheduler(FakeClient(run_time=lambda _: 60), limits=QUICK) as scheduler:
        job = await scheduler.submit(PROGRAM, shots=1)
        job.detach()
    with pytest.raises(SchedulerClosedError):
        await job.result(timeout=1.0)


async def test_a_timeout_stops_waiting_only() -> None:
    """A deadline raises with id, status and elapsed time; the job goes on and can be awaited."""
    async with Scheduler(FakeClient(run_time=lambda _: 0.2), limits=QUICK) as scheduler:
        job = await scheduler.submit(PROGRAM, shots=1)
        with pytest.raises(WaitTimeoutError) as caught:
            await job.result(timeout=0.05)
        assert caught.value.job_id == "job-0"
        assert caught.value.last_status == "running"
        assert caught.value.elapsed == pytest.approx(0.05)
        assert (await job).shots == 1


async def test_cancel_one_job() -> None:
    """A cancelled job raises JobCancelledError when awaited and nothing on leaving."""
    client = FakeClient(run_time=lambda _: 60)
    async with Scheduler(client, limits=QUICK) as scheduler:
        job = await scheduler.submit(PROGRAM, shots=1)
        await job.cancel()
        with pytest.raises(JobCancelledError):
            await job
        unseen = await scheduler.submit(PROGRAM, shots=1)
        await unseen.cancel()


@pytest.mark.parametrize("kind", [anyio.Event, threading.Event], ids=["anyio", "threading"])
async def test_cancel_on_an_event(kind: type) -> None:
    """Setting the scheduler's event cancels every job, whichever world the event is from."""
    event = kind()
    client = FakeClient(run_time=lambda _: 60)
    async with Scheduler(client, limits=QUICK, cancel_on=event) as scheduler:
        job = await scheduler.submit(PROGRAM, shots=1)
        event.set()
        with pytest.raises(JobCancelledError):
            await job
        with pytest.raises(SchedulerClosedError):
            await scheduler.submit(PROGRAM, shots=1)
    assert client.running() == 0


async def test_cancel_on_of_one_job_spares_the_others() -> None:
    """A job's own event cancels that job alone."""
    event = anyio.Event()
    client = FakeClient(run_time=lambda n: 60 if n == 0 else 0.1)
    async with Scheduler(client, limits=QUICK) as scheduler:
        first = await scheduler.submit(PROGRAM, shots=1, cancel_on=event)
        second = await scheduler.submit(PROGRAM, shots=1)
        event.set()
        with pytest.raises(JobCancelledError):
            await first
        assert (await second).shots == 1


async def test_as_completed_is_in_finishing_order() -> None:
    """Jobs come as they finish, failed ones included, whatever the order given."""
    client = FakeClient(run_time=lambda n: 0.3 - 0.1 * n, fails=lambda n: n == 1)
    async with Scheduler(client, limits=QUICK) as scheduler:
        jobs = [await scheduler.submit(PROGRAM, shots=1) for _ in range(3)]
        order = [job.id async for job in scheduler.as_completed(jobs)]
        with pytest.raises(JobFailedError):
            await jobs[1]
    assert order == ["job-2", "job-1", "job-0"]


async def test_events_tell_a_jobs_story() -> None:
    """The stream tells submitted, running and finished, and ends with the scheduler."""
    scheduler = Scheduler(FakeClient(run_time=lambda _: 0.05), limits=QUICK)
    async with scheduler:
        events = scheduler.events()
        job = await scheduler.submit(PROGRAM, shots=1)
        mine = [event.kind async for event in job.events()]
    everything = [event.kind async for event in events]
    assert mine == ["running", "finished"]
    assert everything == ["submitted", "running", "finished"]


async def test_status_asks_the_provider() -> None:
    """status() makes one request; state makes none."""
    client = FakeClient(run_time=lambda _: 60)
    async with Scheduler(client, limits=qa.Limits(min_poll_interval=30)) as scheduler:
        job = await scheduler.submit(PROGRAM, shots=1)
        assert job.state.status == qa.JobStatus.QUEUED
        assert client.world.calls["poll"] == 0
        assert await job.status() == qa.JobStatus.RUNNING
        assert client.world.calls["poll"] == 1
        await job.cancel()
        assert await job.status() == qa.JobStatus.CANCELLED


async def test_references_are_picklable() -> None:
    """A job's reference survives pickling."""
    async with Scheduler(FakeClient(), limits=QUICK) as scheduler:
        job = await scheduler.submit(PROGRAM, shots=1)
        twin = pickle.loads(pickle.dumps(job.ref))
        assert twin == job.ref
        assert twin.key == job.key


@pytest.mark.parametrize("shots", [0, -1, 1.5, True, "many", None])
async def test_bad_shots_are_refused_before_anything_is_sent(shots: int) -> None:
    """Shots that are no positive whole number raise, and nothing is sent."""
    client = FakeClient()
    async with Scheduler(client, limits=QUICK) as scheduler:
        with pytest.raises(InvalidShotsError, match="positive whole number"):
            await scheduler.submit(PROGRAM, shots=shots)
        with pytest.raises(InvalidShotsError):
            scheduler.sweep(PROGRAM, qa.grid(x=[1]), shots=shots)
    assert not client.world.calls


async def test_a_program_that_cannot_run_is_refused_before_anything_is_sent() -> None:
    """The client's validation comes before sending, for jobs and sweeps."""
    client = FakeClient()
    async with Scheduler(client, limits=QUICK) as scheduler:
        with pytest.raises(NoMeasurementError):
            await scheduler.submit(UNMEASURED, shots=1)
        with pytest.raises(NoMeasurementError):
            await scheduler.sweep(UNMEASURED, qa.grid(x=[1, 2]), shots=1)
    assert not client.world.calls


async def test_targets_that_name_nothing_are_refused() -> None:
    """An unknown provider, a missing one among several, and a malformed target all raise."""
    async with Scheduler(FakeClient(), FakeClient(name="other"), limits=QUICK) as scheduler:
        for target in ("nobody:one", None, "", "a b"):
            with pytest.raises(UnknownTargetError):
                await scheduler.submit(PROGRAM, shots=1, on=target)
        job = await scheduler.submit(PROGRAM, shots=1, on="other:one")
        assert job.target == "other:one"


async def test_misuse_is_told() -> None:
    """No client, two of one provider, and use outside the block raise with a remedy."""
    with pytest.raises(ConfigurationError):
        Scheduler()
    with pytest.raises(ConfigurationError):
        Scheduler(FakeClient(), FakeClient())
    scheduler = Scheduler(FakeClient())
    with pytest.raises(SchedulerClosedError, match="outside its block"):
        await scheduler.submit(PROGRAM, shots=1)


async def test_jobs_submitted_side_by_side_share_a_request() -> None:
    """Jobs of one program submitted at the same time go out as one submission."""
    client = FakeClient().can(jobs_per_submission=10)
    async with Scheduler(client, limits=QUICK) as scheduler, anyio.create_task_group() as tasks:
        for number in range(5):
            tasks.start_soon(
                lambda n=number: scheduler.submit(PROGRAM, shots=1, variables={"x": n})
            )
    assert client.world.sizes == [5]


async def test_a_budget_stops_before_sending() -> None:
    """The job that would exceed the budget is never sent."""
    client = FakeClient()
    async with Scheduler(client, limits=QUICK, budget=qa.Budget(shots=25)) as scheduler:
        await scheduler.submit(PROGRAM, shots=10)
        await scheduler.submit(PROGRAM, shots=10)
        with pytest.raises(BudgetExceededError):
            await scheduler.submit(PROGRAM, shots=10)
        await scheduler.submit(PROGRAM, shots=5)
    assert len(client.world.jobs) == 3


async def test_not_sent_is_sent_again() -> None:
    """A request that never left is repeated, and an event tells so."""
    client = FakeClient(faults={"submit": [NotSentError("refused"), RateLimitedError("slow")]})
    async with Scheduler(client, limits=QUICK) as scheduler:
        events = scheduler.events()
        await scheduler.submit(PROGRAM, shots=1)
    assert [e.kind async for e in events].count(qa.JobEventKind.RETRIED) == 2
    assert len(client.world.jobs) == 1


@pytest.mark.parametrize("error", [LostAnswerError("reset"), ServerError("bad", status=504)])
@pytest.mark.parametrize("grade", [SubmissionGrade.EXACT, SubmissionGrade.RECONCILABLE])
async def test_a_lost_answer_is_looked_up(error: Exception, grade: SubmissionGrade) -> None:
    """A job that the provider accepted before the answer was lost is adopted, not repeated."""
    client = FakeClient(faults={"submit": [after(error)]}).can(grade=grade, settle_delay=0.1)
    async with Scheduler(client, limits=QUICK) as scheduler:
        job = await scheduler.submit(PROGRAM, shots=3)
        assert (await job).shots == 3
    assert len(client.world.jobs) == 1
    assert client.world.calls["submit"] == 1


async def test_a_lost_question_is_sent_again_after_the_settle_delay() -> None:
    """A submission that is not found after the whole delay is sent again, once."""
    client = FakeClient(faults={"submit": [LostAnswerError("reset")]}).can(
        grade=SubmissionGrade.RECONCILABLE, settle_delay=0.2
    )
    started = anyio.current_time()
    async with Scheduler(client, limits=QUICK) as scheduler:
        await scheduler.submit(PROGRAM, shots=1)
        assert anyio.current_time() - started > 0.199
    assert len(client.world.jobs) == 1
    assert client.world.calls["submit"] == 2


async def test_at_most_once_reports_a_lost_answer() -> None:
    """Where nothing can be looked up the error says unknown and carries the key."""
    client = FakeClient(faults={"submit": [after(LostAnswerError("reset"))]}).can(
        grade=SubmissionGrade.AT_MOST_ONCE
    )
    async with Scheduler(client, limits=QUICK) as scheduler:
        with pytest.raises(SubmissionUnknownError) as caught:
            await scheduler.submit(PROGRAM, shots=1)
    assert caught.value.accepted == "unknown"
    assert caught.value.key in client.world.by_key
    assert client.world.calls["submit"] == 1


async def test_at_least_once_sends_again_on_request() -> None:
    """The user's policy may prefer a duplicate to a gap."""
    client = FakeClient(faults={"submit": [after(LostAnswerError("reset"))]}).can(
        grade=SubmissionGrade.AT_MOST_ONCE
    )
    async with Scheduler(client, limits=QUICK, on_unknown="at_least_once") as scheduler:
        await scheduler.submit(PROGRAM, shots=1)
    assert len(client.world.jobs) == 2


async def test_passing_failures_of_reads_do_not_end_a_wait() -> None:
    """Polls and fetches that fail for a while are asked again."""
    client = FakeClient(
        faults={
            "poll": [ServerError("502", status=502), LostAnswerError("reset")],
            "fetch": [ResultPendingError("not yet"), ServerError("503", status=503)],
        }
    )
    async with Scheduler(client, limits=QUICK) as scheduler:
        job = await scheduler.submit(PROGRAM, shots=4)
        assert (await job).shots == 4


async def test_a_provider_that_fails_for_good_ends_the_wait() -> None:
    """Beyond the patience a wait ends with the provider's error, which says accepted."""
    client = FakeClient(run_time=lambda _: 60, faults={"poll": [ServerError("502")] * 1000})
    limits = qa.Limits(min_poll_interval=0.005, max_poll_interval=0.02, patience=0.2)
    async with Scheduler(client, limits=limits) as scheduler:
        job = await scheduler.submit(PROGRAM, shots=1)
        with pytest.raises(ServerError) as caught:
            await job
    assert caught.value.accepted == "yes"
    assert caught.value.job_id == "job-0"
