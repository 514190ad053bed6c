"""What goes wrong on the way to Pasqal Cloud ends well or with a typed error, never twice."""

from __future__ import annotations

import anyio
import pytest

import quantum_async as qa
from quantum_async.errors import (
    AuthenticationError,
    JobFailedError,
    ProtocolError,
    RejectedRequestError,
    ResultError,
    SubmissionUnknownError,
)
from tests.providers.pasqal.real import rabi

POST, ADD = "/api/v1/batches", "/api/v2/batches/{id}/jobs"
QUICK = qa.Limits(min_poll_interval=0.02, max_poll_interval=0.2)
LOST = ["accept-then-status:504", "accept-then-reset", "accept-then-timeout", "truncate"]
UNSENT = ["status:502", "reset", "timeout", "html:502", "status:408"]


def fault(fault, route=POST, method="*", nth=None):
    return {
        "provider": "pasqal",
        "method": method,
        "route": f"*{route}",
        "fault": fault,
        "nth": nth,
    }


def scheduler(client, **options):
    return qa.Scheduler(client, limits=QUICK, **options)


async def run(client, shots=30):
    """Run one job, and return its result."""
    async with scheduler(client) as opened:
        job = await opened.submit(
            rabi(), shots=shots, variables={"omega": 1.0}, on="pasqal:EMU_FREE"
        )
        return await job


async def stats(sandbox):
    return (await sandbox.stats())["pasqal"]


@pytest.mark.parametrize("what", LOST)
async def test_a_lost_answer_never_gives_two_batches(sandbox, cloud, what):
    """The service accepted and nobody heard: the key in the tags is looked up, and adopted."""
    await sandbox.set_faults([fault(what, method="POST", nth=1)])
    assert (await run(cloud())).shots == 30
    seen = await stats(sandbox)
    assert seen["jobs_created"] == 1
    assert seen["duplicates"] == 0
    assert seen["requests"]["GET /core-fast/api/v1/batches"] >= 1


@pytest.mark.parametrize("what", UNSENT)
async def test_what_was_not_accepted_is_sent_again(sandbox, cloud, what):
    """The service did not act: once that is known, the batch is sent again."""
    await sandbox.set_faults([fault(what, method="POST", nth=1)])
    assert (await run(cloud())).shots == 30
    seen = await stats(sandbox)
    assert seen["jobs_created"] == 1
    assert seen["requests"]["POST /core-fast/api/v1/batches"] == 2


async def test_a_batch_that_lists_show_late_is_not_sent_twice(sandbox, cloud):
    """Looking for it goes on until the settle delay is over."""
    await sandbox.set_faults(
        [
            fault("list-lag:0.3", method="POST", nth=1),
            fault("accept-then-status:504", method="POST", nth=1),
        ]
    )
    assert (await run(cloud(settle_delay=60.0))).shots == 30
    assert (await stats(sandbox))["jobs_created"] == 1


@pytest.mark.parametrize("what", LOST)
async def test_a_lost_answer_never_opens_two_batches(sandbox, cloud, what):
    """Opening a batch is looked up like any submission, and it is closed."""
    await sandbox.set_faults([fault(what, method="POST", nth=1)])
    async with (
        scheduler(cloud()) as opened,
        opened.open_batch(rabi(), on="pasqal:EMU_FREE") as batch,
    ):
        job = await batch.submit(variables={"omega": 1.0}, shots=10)
        await job
    seen = await stats(sandbox)
    assert seen["requests"]["POST /core-fast/api/v1/batches"] == 1
    assert seen["batches_open"] == 0


@pytest.mark.parametrize("what", LOST)
async def test_a_lost_addition_is_found_in_its_batch(sandbox, cloud, what):
    """Jobs added to an open batch carry no key; what is new in the batch is adopted."""
    await sandbox.set_faults([fault(what, route=ADD, method="POST", nth=2)])
    async with (
        scheduler(cloud()) as opened,
        opened.open_batch(rabi(), on="pasqal:EMU_FREE") as batch,
    ):
        jobs = [await batch.submit(variables={"omega": 1.0}, shots=10) for _ in range(3)]
        assert [(await job).shots for job in jobs] == [10, 10, 10]
    seen = await stats(sandbox)
    assert seen["jobs_created"] == 3
    assert len({job.id for job in jobs}) == 3
    assert seen["requests"][f"POST /core-fast{ADD}"] == 3
    assert seen["batches_open"] == 0


@pytest.mark.parametrize("what", UNSENT)
async def test_an_addition_that_did_not_arrive_is_sent_again(sandbox, cloud, what):
    """Nothing new in the batch: it is added once more."""
    await sandbox.set_faults([fault(what, route=ADD, method="POST", nth=1)])
    async with (
        scheduler(cloud()) as opened,
        opened.open_batch(rabi(), on="pasqal:EMU_FREE") as batch,
    ):
        await (await batch.submit(variables={"omega": 1.0}, shots=10))
    seen = await stats(sandbox)
    assert seen["jobs_created"] == 1
    assert seen["requests"][f"POST /core-fast{ADD}"] == 2


async def test_additions_side_by_side_keep_their_jobs_when_one_is_lost(sandbox, cloud):
    """Each job keeps its own result although answers of the same batch are lost."""
    faults = [
        fault(what, route=ADD, method="POST", nth=n) for n, what in ((1, LOST[0]), (3, LOST[1]))
    ]
    await sandbox.set_faults(faults)
    async with (
        scheduler(cloud()) as opened,
        opened.open_batch(rabi(), on="pasqal:EMU_FREE") as batch,
        anyio.create_task_group() as tasks,
    ):
        shots = {}

        async def add(number):
            job = await batch.submit(variables={"omega": float(number)}, shots=10 + number)
            shots[number] = (await job).shots

        for number in range(6):
            tasks.start_soon(add, number)
    assert shots == {number: 10 + number for number in range(6)}
    assert (await stats(sandbox))["jobs_created"] == 6


async def test_a_key_that_cannot_be_looked_up_stays_unknown(sandbox, cloud):
    """The answer was lost and so is the search: the job is reported, not sent again."""
    await sandbox.set_faults(
        [
            fault("accept-then-status:504", method="POST", nth=1),
            fault("status:403", method="GET"),
        ]
    )
    with pytest.raises(SubmissionUnknownError) as caught:
        await run(cloud())
    assert caught.value.accepted == "unknown"
    assert (await stats(sandbox))["jobs_created"] == 1


@pytest.mark.parametrize(
    ("route", "what"),
    [
        ("/api/v2/jobs", "html:502"),
        ("/api/v2/jobs", "body:200:<html>please log in</html>"),
        ("/api/v2/jobs", 'body:500:["list", "shaped"]'),
        ("/api/v2/jobs", "truncate"),
        ("/api/v2/jobs", "drop:/data/0/errors"),
        ("/api/v2/jobs", "drop:/data/0/runs"),
        ("/api/v2/jobs", "drop:/pagination"),
        ("/api/v2/jobs", "drop:/data/0/id"),
        ("/api/v2/jobs", 'set:/data/*/status="PAUSED"'),
        ("/api/v2/jobs", 'set:/data/*/status="CANCELING"'),
        ("/api/v2/jobs", 'set:/data/*/status="UNHEARD_OF"'),
        ("/api/v2/jobs", "set:/data/*/status=null"),
        ("/api/v2/jobs", "set:/data=[]"),
        ("/api/v2/jobs", "expired-token"),
        ("/api/v1/jobs/{id}/results_link", "set:/data/results_link=null"),
        ("/api/v1/jobs/{id}/results_link", "html:503"),
        ("/results/{id}", "status:403"),
        ("/results/{id}", "truncate"),
        ("/results/{id}", "body:200:<html>sorry</html>"),
        ("/api/v1/batches/{id}/full_results", "html:502"),
        ("/api/v1/batches/{id}/full_results", "set:/data={}"),
        ("/api/v1/batches/{id}/full_results", "expired-token"),
    ],
)
async def test_a_wait_survives(sandbox, cloud, route, what):
    """Whatever a poll or a download meets for a while, the right result comes."""
    bulk = "full_results" in route
    await sandbox.change(options={"pasqal": {"full_results": bulk}})
    await sandbox.set_faults([fault(what, route=route, method="GET", nth=[1, 2])])
    assert (await run(cloud())).shots == 30
    assert (await stats(sandbox))["jobs_created"] == 1


async def test_a_token_that_expires_in_a_wait_is_renewed(sandbox, cloud):
    """A wait that is longer than a token lives goes on with the next token."""
    await sandbox.change(token_lifetime=0.3, job_time=1.0, job_spread=0.0)
    assert (await run(cloud())).shots == 30
    assert (await stats(sandbox))["requests"]["POST /auth/oauth/token"] >= 2


async def test_refused_credentials_end_at_once(sandbox, cloud):
    """A login that is refused is reported as such, and nothing is submitted."""
    await sandbox.set_faults([fault("status:403", route="/auth/oauth/token")])
    with pytest.raises(AuthenticationError, match="login was refused"):
        await run(cloud())
    assert (await stats(sandbox))["jobs_created"] == 0


async def test_a_failed_job_raises_with_the_services_words(sandbox, cloud):
    """ERROR becomes a JobFailedError that names the job."""
    await sandbox.set_faults([fault("job-failure", method="POST")])
    with pytest.raises(JobFailedError) as caught:
        await run(cloud())
    assert caught.value.job_id
    assert caught.value.job_id in str(caught.value)


async def test_results_that_stay_away_end_in_an_error_about_the_result(sandbox, cloud):
    """Counts that do not fit the atoms are never handed out."""
    await sandbox.change(options={"pasqal": {"full_results": False}})
    await sandbox.set_faults([fault('set:/counter={"01x": 3}', route="/results/{id}")])
    with pytest.raises(ResultError, match="does not fit the 2 atoms"):
        await run(cloud())


async def test_a_list_that_does_not_go_on_ends_with_an_error(sandbox, cloud):
    """`end` that does not advance is a ProtocolError, not a loop for ever."""
    await sandbox.set_faults(
        [
            fault("set:/pagination/end=0", method="GET"),
            fault("set:/pagination/total=9", method="GET"),
        ]
    )
    async with cloud() as client:
        with pytest.raises(ProtocolError, match="does not go on"):
            async for _ in client.batches.list():
                pass


async def test_a_missing_count_per_status_does_not_end_a_wait(sandbox, cloud):
    """Where the counts are missing, the batch's own status decides."""
    await sandbox.change(job_time=0.3, job_spread=0.0)
    await sandbox.set_faults([fault("drop:/data/jobs_count_per_status", route="/status")])
    async with cloud() as client:
        from quantum_async.providers.pasqal.submission import NewJob

        batch = await client.batches.create(
            rabi(), [NewJob(runs=5, variables={"omega": 1.0})], device_type="EMU_FREE"
        )
        seen = await client.batches.wait(batch.id, timeout=None)
        assert seen.status == "DONE"
        [job] = [job async for job in client.batches.jobs(batch.id)]
        assert job.status == "DONE"


async def test_a_refused_submission_tells_what_is_wrong(sandbox, cloud):
    """The service's reasons, the request and the operation are in the message."""
    await sandbox.set_faults(
        [
            fault(
                'body:422:{"data":{"description":[{"loc":["body","jobs"],"msg":"no"}]}}',
                method="POST",
            )
        ]
    )
    with pytest.raises(RejectedRequestError, match=r"create batch: body.jobs: no \(HTTP 422\)"):
        await run(cloud())
