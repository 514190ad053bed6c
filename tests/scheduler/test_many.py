"""Jobs that are submitted together: all or none, in few submissions, and once under one name."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio
import pytest

import quantum_async as qa
from quantum_async.errors import (
    DuplicateSubmissionError,
    InvalidInputError,
    InvalidOptionError,
    InvalidShotsError,
    NoMeasurementError,
    RejectedRequestError,
)
from quantum_async.scheduler.scheduler import Scheduler
from tests.scheduler.fake import PROGRAM, UNMEASURED, FakeClient, after

if TYPE_CHECKING:
    from pathlib import Path

QUICK = qa.Limits(min_poll_interval=0.005)
PARAMS = [
    qa.JobParams(shots=2, variables={"x": 5}),
    {"runs": 3, "variables": {"x": 6}},
    {"shots": 4, "variables": {"x": 7}},
]


def counted(results: list[qa.Result]) -> list[dict[str, int]]:
    return [dict(result.counts) for result in results]


IN_ORDER = [{"00000101": 2}, {"00000110": 3}, {"00000111": 4}]


async def test_jobs_of_one_program_share_a_submission() -> None:
    """Shots and variables differ, the order is that of the parameters, and one request is enough."""
    client = FakeClient().can(jobs_per_submission=10)
    client.grouping = lambda job: job.program.digest
    async with Scheduler(client, limits=QUICK) as scheduler:
        jobs = await scheduler.submit_many(PROGRAM, PARAMS)
        assert counted([await job for job in jobs]) == IN_ORDER
    assert client.world.sizes == [3]
    assert not client.world.batches


async def test_programs_by_label_give_jobs_by_label() -> None:
    """A mapping goes in and comes out; all have the same shots."""
    async with Scheduler(FakeClient(), limits=QUICK) as scheduler:
        jobs = await scheduler.submit_many({"one": PROGRAM, "two": PROGRAM}, shots=3)
        assert list(jobs) == ["one", "two"]
        assert [(await job).shots for job in jobs.values()] == [3, 3]


async def test_two_callers_do_not_share_a_submission() -> None:
    """What is submitted together is a batch of its own, also beside another one of the same kind."""
    client = FakeClient().can(jobs_per_submission=10)
    client.grouping = lambda job: job.program.digest
    async with Scheduler(client, limits=QUICK) as scheduler, anyio.create_task_group() as tasks:
        for _ in range(2):
            tasks.start_soon(scheduler.submit_many, PROGRAM, PARAMS)
    assert client.world.sizes == [3, 3]


async def test_more_than_a_submission_takes_is_one_batch() -> None:
    """A batch is opened for them and closed before the call returns."""
    client = FakeClient().can(jobs_per_submission=2)
    async with Scheduler(client, limits=QUICK) as scheduler:
        jobs = await scheduler.submit_many(PROGRAM, PARAMS)
        assert list(client.world.batches.values()) == ["closed"]
        assert {job.ref.batch_id for job in jobs} == set(client.world.batches)
        assert counted([await job for job in jobs]) == IN_ORDER


async def test_a_batch_of_their_own_where_that_is_wanted() -> None:
    """One job too is in a batch, and nothing is opened where nothing is to be sent."""
    client = FakeClient()
    async with Scheduler(client, limits=QUICK) as scheduler:
        [job] = await scheduler.submit_many(PROGRAM, [{"shots": 1}], batch=True)
        assert client.world.batches == {job.ref.batch_id: "closed"}


@pytest.mark.parametrize(
    ("params", "kind"),
    [
        ([], InvalidInputError),
        ("shots", InvalidInputError),
        ([7], InvalidInputError),
        ([{"shots": 0}], InvalidShotsError),
        ([{}], InvalidShotsError),
        ([{"shots": 1, "priority": 2}], InvalidOptionError),
        ([{"shots": 1, "variables": {"x": object()}}], InvalidInputError),
    ],
    ids=["none", "a word", "a number", "no shots", "not said", "unknown key", "odd value"],
)
async def test_what_is_no_job_is_refused(params: object, kind: type[Exception]) -> None:
    """Before anything is sent, with what to write instead."""
    client = FakeClient()
    async with Scheduler(client, limits=QUICK) as scheduler:
        with pytest.raises(kind):
            await scheduler.submit_many(PROGRAM, params)  # type: ignore[call-overload]
    assert not client.world.calls["submit"]


async def test_one_that_cannot_run_refuses_all() -> None:
    """Nothing is sent, and a note says which one it is."""
    client = FakeClient()
    async with Scheduler(client, limits=QUICK) as scheduler:
        with pytest.raises(NoMeasurementError) as caught:
            await scheduler.submit_many({"good": PROGRAM, "bad": UNMEASURED}, shots=1)
    assert any("job 1" in note for note in caught.value.__notes__)
    assert not client.world.calls["submit"]


async def test_one_that_the_provider_refuses_cancels_the_others() -> None:
    """They are all there or none is, also where each is a request of its own."""
    refusal = RejectedRequestError("no", status=400)
    client = FakeClient(run_time=lambda _: 1_000, faults={"submit": [None, refusal, None]})
    async with Scheduler(client, limits=QUICK) as scheduler:
        with pytest.raises(RejectedRequestError):
            await scheduler.submit_many(PROGRAM, PARAMS)
    assert len(client.world.jobs) == 2
    assert client.running() == 0


async def test_a_submission_is_not_divided() -> None:
    """A refused request of several jobs is not tried again in parts."""
    refusal = RejectedRequestError("no", status=400)
    client = FakeClient(faults={"submit": [refusal]}).can(jobs_per_submission=10)
    client.grouping = lambda job: job.program.digest
    async with Scheduler(client, limits=QUICK) as scheduler:
        with pytest.raises(RejectedRequestError):
            await scheduler.submit_many(PROGRAM, PARAMS)
    assert not client.world.jobs


async def test_a_cancelled_caller_leaves_nothing_running() -> None:
    """What was accepted meanwhile is cancelled, because nobody will have a handle."""
    client = FakeClient(run_time=lambda _: 1_000, latency=1.0)
    async with Scheduler(client, limits=QUICK) as scheduler:
        with anyio.move_on_after(1.5):
            await scheduler.submit_many(PROGRAM, PARAMS)
    assert client.running() == 0


async def test_limits_hold() -> None:
    """No more jobs are at the provider than the limit allows."""
    client = FakeClient(run_time=lambda _: 5).can(jobs_per_submission=10)
    limits = qa.Limits(min_poll_interval=0.005, jobs_in_flight=2)
    async with Scheduler(client, limits=limits) as scheduler:
        jobs = await scheduler.submit_many(PROGRAM, PARAMS)
        assert counted([await job for job in jobs]) == IN_ORDER
    assert client.world.peak == 2


async def test_a_name_submits_once(tmp_path: Path) -> None:
    """The same call in a later block gives the results that there are, and sends nothing."""
    client = FakeClient()
    for _ in range(2):
        async with Scheduler(client, limits=QUICK, journal=tmp_path / "jobs.db") as scheduler:
            jobs = await scheduler.submit_many(PROGRAM, PARAMS, name="scan")
            assert counted([await job for job in jobs]) == IN_ORDER
            assert all(job.ref.id for job in jobs)
    assert client.world.calls["submit"] == 3


async def test_a_name_goes_on_with_what_is_missing(tmp_path: Path) -> None:
    """What was refused is sent again, what was left running is followed, and the rest is kept."""
    refusal = RejectedRequestError("no", status=409)
    client = FakeClient(faults={"submit": [None, None, refusal]}, run_time=lambda n: n * 50.0)
    journal = tmp_path / "jobs.db"
    detaching = Scheduler(client, limits=QUICK, journal=journal, on_cancel="detach")
    with pytest.raises(KeyError):
        async with detaching as scheduler:
            jobs = await scheduler.submit_many(PROGRAM, PARAMS[:2], name="scan")
            await jobs[0]
            raise KeyError
    for job in client.world.jobs.values():
        job.run_time = 0.0
    async with Scheduler(client, limits=QUICK, journal=journal) as scheduler:
        jobs = await scheduler.submit_many(PROGRAM, PARAMS[:2], name="scan")
        assert counted([await job for job in jobs]) == IN_ORDER[:2]
    assert client.world.calls["submit"] == 2


async def test_a_name_means_one_thing(tmp_path: Path) -> None:
    """Other parameters, shots or programs under a name that was used are refused."""
    client = FakeClient()
    async with Scheduler(client, limits=QUICK, journal=tmp_path / "jobs.db") as scheduler:
        await scheduler.submit_many(PROGRAM, PARAMS, name="scan")
    for others in (PARAMS[:2], [*PARAMS[:2], {"shots": 5, "variables": {"x": 7}}]):
        async with Scheduler(client, limits=QUICK, journal=tmp_path / "jobs.db") as scheduler:
            with pytest.raises(DuplicateSubmissionError):
                await scheduler.submit_many(PROGRAM, others, name="scan")
    assert client.world.calls["submit"] == 3


async def test_a_lost_answer_is_looked_up() -> None:
    """A submission of several jobs is found by its key, and none is sent twice."""
    lost = after(qa.errors.LostAnswerError("gone"))
    client = FakeClient(faults={"submit": [lost]}).can(jobs_per_submission=10)
    client.grouping = lambda job: job.program.digest
    async with Scheduler(client, limits=QUICK) as scheduler:
        jobs = await scheduler.submit_many(PROGRAM, PARAMS)
        assert counted([await job for job in jobs]) == IN_ORDER
    assert len(client.world.jobs) == 3


async def test_several_are_asked_about_and_cancelled_together() -> None:
    """One request asks about all of them, and one cancels them."""
    client = FakeClient(run_time=lambda _: 1_000)
    async with Scheduler(client) as scheduler:
        jobs = await scheduler.submit_many(PROGRAM, PARAMS)
        before = client.world.calls["poll"]
        assert await scheduler.statuses(jobs) == [qa.JobStatus.RUNNING] * 3
        assert client.world.calls["poll"] == before + 1
        await scheduler.cancel(jobs)
        assert client.world.calls["cancel"] == 1
    assert client.running() == 0


async def test_one_job_has_a_name_too(tmp_path: Path) -> None:
    """Submitting it again gives the result that there is; another job under the name is refused."""
    client = FakeClient()
    for _ in range(2):
        async with Scheduler(client, limits=QUICK, journal=tmp_path / "jobs.db") as scheduler:
            job = await scheduler.submit(PROGRAM, shots=3, variables={"x": 5}, name="one")
            assert counted([await job]) == [{"00000101": 3}]
            assert job.state.status is qa.JobStatus.SUCCEEDED
    assert client.world.calls["submit"] == 1
    async with Scheduler(client, limits=QUICK, journal=tmp_path / "jobs.db") as scheduler:
        with pytest.raises(DuplicateSubmissionError):
            await scheduler.submit(PROGRAM, shots=4, variables={"x": 5}, name="one")


async def test_a_name_is_free_again_once_its_job_was_cancelled(tmp_path: Path) -> None:
    """A caller that is cancelled takes its job along, and the same call again sends a new one."""
    client = FakeClient(latency=0.2, run_time=lambda _: 1_000.0)
    async with Scheduler(client, limits=QUICK, journal=tmp_path / "jobs.db") as scheduler:
        with anyio.move_on_after(0.3):
            await scheduler.submit(PROGRAM, shots=3, name="one")
    client._run_time = lambda _: 0.0
    async with Scheduler(client, limits=QUICK, journal=tmp_path / "jobs.db") as scheduler:
        assert (await (await scheduler.submit(PROGRAM, shots=3, name="one"))).shots == 3
    # It is sent or not, as the time allows; what was sent was cancelled.
    *first, _ = client.world.jobs.values()
    assert all(job.cancelled_at is not None for job in first)
