"""Known weak spots of pasqal-cloud 0.24, by number, each shown not to be ours.

What other modules show at length is shown here once more in its shortest form, so that no number
is missing. Numbers 1 to 33 are those of our notes on the vendor's client.
"""

from __future__ import annotations

import json
import subprocess
import sys
from uuid import uuid4

import anyio
import httpx
import pytest

import quantum_async as qa
from quantum_async.errors import (
    AuthenticationError,
    InvalidInputError,
    LostAnswerError,
    QuantumAsyncError,
    ResponseError,
    ResultError,
    ServerError,
    WaitTimeoutError,
)
from quantum_async.models.job import JobRef
from quantum_async.models.submission import BatchRequest, JobSpec, SubmitRequest
from quantum_async.providers.pasqal.filters import CancelFilters, JobFilters
from quantum_async.providers.pasqal.submission import KEY_PREFIX, NewJob
from tests.providers.pasqal.sequences import program, text
from tests.providers.pasqal.service import canned, client, data, page

B, J = canned.BATCH_ID, canned.JOB_ID
ONE = [NewJob(runs=20, variables={"omega": 6.0})]
REF = JobRef("pasqal", J, "FRESNEL", batch_id=B)
HTML = "<html><title>Bad gateway</title></html>"
QUICK = qa.Limits(min_poll_interval=0.02, max_poll_interval=0.2)


PROGRAM = program()


def submission(*, program=PROGRAM, shots=20, batch=None, key=None):
    spec = JobSpec(uuid4().hex, program, shots, {"omega": 6.0})
    return SubmitRequest(key or uuid4().hex, "FRESNEL", (spec,), batch=batch)


@pytest.mark.parametrize(
    "fault",
    [
        httpx.Response(500),
        httpx.Response(504),
        httpx.Response(502, text=HTML),
        httpx.ReadTimeout(""),
    ],
    ids=["500", "504", "html", "timeout"],
)
async def test_1_a_create_is_sent_once(service, pasqal, fault):
    """Weak spot 1: no POST is repeated blindly, whatever answers it."""
    for end in ("/batches", "/jobs", "/rebatch", "/workloads"):
        service.always("POST", end, fault)
    for create in (
        lambda: pasqal.batches.create(canned.SEQUENCE, ONE),
        lambda: pasqal.batches.add_jobs(B, ONE),
        lambda: pasqal.batches.rebatch(B),
        lambda: pasqal.workloads.create("t", "b", {}),
        lambda: pasqal.submit(submission()),
    ):
        before = len(service.requests)
        with pytest.raises((ServerError, LostAnswerError)):
            await create()
        assert len(service.requests) == before + 1


async def test_2_a_failed_wait_creates_nothing(service, pasqal):
    """Weak spot 2: waiting asks, and never creates again."""
    service.always("GET", "/status", httpx.Response(502, text=HTML))
    batch = await pasqal.batches.create(canned.SEQUENCE, ONE)
    with pytest.raises(ServerError):
        await pasqal.batches.wait(batch.id)
    assert len(service.asked("POST", "/batches")) == 1


async def test_3_an_open_batch_is_known_at_once(service, pasqal):
    """Weak spot 3: its id is held as soon as the first answer is here, and it carries our key."""
    ref = await pasqal.open_batch(BatchRequest("the-key", "FRESNEL", program()))
    assert ref.id == B
    assert service.routes == ["POST /api/v1/batches"]
    assert service.requests[0]["body"]["tags"] == [KEY_PREFIX + "the-key"]


async def test_4_an_exception_cancels_what_is_queued(sandbox, cloud):
    """Weak spot 4: an error does not let queued jobs run on, and is not masked."""
    from tests.providers.pasqal.real import rabi

    await sandbox.change(job_time=60)
    with pytest.raises(ZeroDivisionError):
        async with (
            qa.Scheduler(cloud(), limits=QUICK) as scheduler,
            scheduler.open_batch(rabi(), on="pasqal:EMU_FREE") as batch,
        ):
            await batch.submit(variables={"omega": 1.0}, shots=5)
            raise ZeroDivisionError
    seen = (await sandbox.stats())["pasqal"]
    assert (seen["batches_open"], seen["jobs_running"]) == (0, 0)


async def test_5_what_a_crashed_process_sent_is_found_by_its_key(sandbox, cloud):
    """Weak spot 5: another process finds the jobs of a key that was written down before."""
    from tests.providers.pasqal.real import rabi

    request = SubmitRequest("crash", "EMU_FREE", (JobSpec("k", rabi(), 5, {"omega": 1.0}),))
    async with cloud() as first:
        refs = await first.submit(request)
    async with cloud() as second:
        assert await second.find("crash") == refs


async def test_6_each_program_gets_its_own_jobs(sandbox, cloud):
    """Weak spot 6: two processes add to one batch at the same time, and claim only their own."""
    from tests.providers.pasqal.real import rabi

    async with cloud() as one, cloud() as two:
        batch = await one.open_batch(BatchRequest("key", "EMU_FREE", rabi()))
        claimed = {"one": [], "two": []}

        async def add(name, who, shots):
            for number in range(5):
                spec = JobSpec(uuid4().hex, rabi(), shots + number, {"omega": 1.0})
                claimed[name] += await who.submit(
                    SubmitRequest(uuid4().hex, "EMU_FREE", (spec,), batch=batch)
                )

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(add, "one", one, 10)
            tasks.start_soon(add, "two", two, 50)
        runs = {job.id: job.runs async for job in one.batches.jobs(batch.id)}
        await one.close_batch(batch)
    assert [runs[ref.id] for ref in claimed["one"]] == [10, 11, 12, 13, 14]
    assert [runs[ref.id] for ref in claimed["two"]] == [50, 51, 52, 53, 54]


async def test_7_no_ids_mean_no_jobs(service, pasqal):
    """Weak spot 7: an empty selection selects nothing."""
    assert (await pasqal.jobs.page(JobFilters(id=[]))).items == ()
    assert await pasqal.poll([]) == {}
    assert await pasqal.fetch_many([]) == {}
    assert await pasqal.cancel([]) == {}
    assert service.requests == []


@pytest.mark.parametrize("word", ["PAUSED", "CANCELING", "SOMETHING_NEW"])
async def test_8_a_wait_goes_on_while_a_job_does(service, pasqal, word):
    """Weak spot 8: neither paused nor cancelling nor unheard-of is the end."""
    going_on = data({"status": word, "jobs_count_per_status": {word: 1}})
    service.then("GET", "/status", going_on, going_on)
    assert (await pasqal.jobs.wait(J, timeout=None)).status == "DONE"
    service.then("GET", "/status", going_on)
    assert (await pasqal.batches.wait(B, timeout=None)).status == "DONE"
    assert len(service.asked("GET", "/status")) == 5


async def test_9_a_wait_looks_at_the_batch_and_its_jobs(service, pasqal):
    """Weak spot 9: missing counts are not the end, and an ended batch is."""
    service.then(
        "GET",
        "/status",
        data({"status": "RUNNING"}),
        data({"status": "TIMED_OUT", "jobs_count_per_status": {"PENDING": 1}}),
    )
    assert (await pasqal.batches.wait(B, timeout=None)).status == "TIMED_OUT"


def test_10_errors_are_exceptions():
    """Weak spot 10: whatever we raise, `except Exception` catches."""
    assert issubclass(QuantumAsyncError, Exception)


async def test_11_a_job_is_read_with_its_own_register(service, pasqal):
    """Weak spot 11: in a batch without a sequence each job's own names its atoms."""
    service.always("GET", B, data(canned.batch(sequence_builder=None)))
    service.always("GET", J, data(canned.job(sequence=text(atoms=2).replace("q", "atom"))))
    result = await pasqal.fetch(REF)
    assert result.atoms == ("atom0", "atom1")


async def test_12_a_repeated_job_brings_its_own_sequence(service, pasqal):
    """Weak spot 12: a job with a sequence of its own is not repeated without it."""
    own = text(device="FRESNEL_CAN1")
    service.always("GET", J, data(canned.job(sequence=own, variables=None)))
    await pasqal.jobs.retry(J)
    service.always("GET", J, data(canned.job(sequence=canned.SEQUENCE)))
    await pasqal.jobs.retry(J)
    bodies = [asked["body"] for asked in service.asked("POST", "/jobs")]
    assert bodies == [
        [{"runs": 20, "sequence": own}],
        [{"runs": 20, "variables": {"omega": 6.0}}],
    ]


def test_13_adding_checks_what_creating_checks():
    """Weak spot 13: a job cannot be made that has a sequence and variables."""
    with pytest.raises(InvalidInputError):
        NewJob(runs=1, sequence="s", variables={"omega": 1.0})


async def test_14_what_was_validated_is_what_is_sent(sandbox, cloud):
    """Weak spot 14: a sequence is sent for the device as it is today, not as it was."""
    from pulser import Pulse, Sequence
    from pulser.devices import Device

    from quantum_async.programs.objects import as_program

    async with cloud() as c:
        today = Device.from_abstract_repr((await c.specs.all())["FRESNEL"])
        import dataclasses

        before = dataclasses.replace(today, max_runs=5000)
        register = before.pre_calibrated_layouts[0].define_register(0, 1)
        sequence = Sequence(register, before)
        sequence.declare_channel("g", "rydberg_global")
        sequence.add(Pulse.ConstantPulse(100, 1.0, 0.0, 0.0), "g")
        spec = JobSpec("k", as_program(sequence), 10)
        await c.validate(spec, "FRESNEL")
        with pytest.raises(InvalidInputError, match="2000"):
            await c.validate(dataclasses.replace(spec, shots=3000), "FRESNEL")
        [ref] = await c.submit(SubmitRequest("key", "FRESNEL", (spec,)))
        sent = json.loads((await c.batches.get(ref.batch_id)).sequence_builder)
    assert sent["device"]["max_runs"] == today.max_runs == 2000


async def test_15_a_list_that_does_not_go_on_ends(service, pasqal):
    """Weak spot 15: an `end` that stays where it is raises."""
    service.always("GET", "/batches", page([canned.batch()], 9, 0))
    with pytest.raises(qa.ProtocolError):
        [batch async for batch in pasqal.batches.list()]


async def test_16_odd_filters_and_odd_waits_do_no_harm(service, pasqal):
    """Weak spot 16: None is no filter, and a negative Retry-After is no time at all."""
    service.then("GET", "/jobs", httpx.Response(429, headers={"Retry-After": "-5"}))
    found = await pasqal.jobs.page(JobFilters(id=None, status=None, user_id=None))
    assert len(found.items) == 1
    assert service.requests[-1]["query"] == [["limit", "100"], ["offset", "0"]]


async def test_17_an_opaque_token_is_fetched_once(service):
    """Weak spot 17: no login per request, and a 401 renews the token."""
    service.then("POST", "/token", httpx.Response(200, json={"access_token": "opaque"}))
    service.then("GET", B, None, httpx.Response(401))
    async with client(service, token=None, username="u", password="p") as c:
        for _ in range(3):
            await c.batches.get(B)
    assert len(service.asked("POST", "/token")) == 2


@pytest.mark.parametrize("body", [HTML, '["a", "list"]', '{"data": ["a", "list"]}', "", "null"])
async def test_18_any_body_of_an_error_keeps_its_status(service, pasqal, body):
    """Weak spot 18: HTML, lists and nothing at all do not hide what the status says."""
    service.always("POST", "/batches", httpx.Response(500, text=body))
    with pytest.raises(ServerError, match=r"create batch: .*\(HTTP 500\)") as caught:
        await pasqal.batches.create(canned.SEQUENCE, ONE)
    assert caught.value.status == 500


async def test_19_a_batch_without_jobs_is_refused_at_once(service, pasqal):
    """Weak spot 19: no TypeError after fifteen seconds."""
    with pytest.raises(InvalidInputError, match="at least one job"):
        await pasqal.batches.create(canned.SEQUENCE)
    assert service.requests == []


async def test_20_our_own_mistakes_are_not_repeated(service):
    """Weak spot 20: a missing project is reported at once, without a request."""
    async with client(service, project_id=None) as c:
        for create in (c.batches.create(canned.SEQUENCE, ONE), c.workloads.create("t", "b", {})):
            with pytest.raises(InvalidInputError, match="no project"):
                await create
    assert service.requests == []


async def test_21_results_come_side_by_side(service):
    """Weak spot 21: downloads overlap, or come in one request for the batch."""
    under_way = peak = 0

    async def slow(request):
        nonlocal under_way, peak
        under_way += 1
        peak = max(peak, under_way)
        await anyio.sleep(0.01)
        under_way -= 1
        return httpx.Response(200, json=canned.RESULTS)

    service.always("GET", "/download", slow)
    async with client(service) as c, anyio.create_task_group() as tasks:
        for _ in range(10):
            tasks.start_soon(c.jobs.results, J)
    assert peak == 10


async def test_22_only_what_is_selected_is_downloaded(service, pasqal):
    """Weak spot 22: two results of a large batch take four requests."""
    for _ in range(2):
        await pasqal.jobs.results(J)
    assert len(service.requests) == 4


async def test_23_a_result_is_downloaded_once(sandbox, cloud):
    """Weak spot 23: awaiting a job again asks for nothing."""
    from tests.providers.pasqal.real import rabi

    async with qa.Scheduler(cloud(), limits=QUICK) as scheduler:
        job = await scheduler.submit(
            rabi(), shots=5, variables={"omega": 1.0}, on="pasqal:EMU_FREE"
        )
        first = await job
        before = (await sandbox.stats())["pasqal"]["requests"]
        assert await job is first
        assert (await sandbox.stats())["pasqal"]["requests"] == before


async def test_24_nobody_asks_for_results_of_a_pending_job(sandbox, cloud):
    """Weak spot 24: a link is asked for once the job has succeeded."""
    from tests.providers.pasqal.real import rabi

    await sandbox.change(job_time=0.5, options={"pasqal": {"full_results": False}})
    async with qa.Scheduler(cloud(), limits=QUICK) as scheduler:
        await (
            await scheduler.submit(rabi(), shots=5, variables={"omega": 1.0}, on="pasqal:EMU_FREE")
        )
    seen = (await sandbox.stats())["pasqal"]["requests"]
    assert seen["GET /core-fast/api/v1/jobs/{id}/results_link"] == 1


async def test_25_a_submission_is_one_request(service, pasqal):
    """Weak spot 25: no specifications, no look-up and no listing around it."""
    await pasqal.submit(submission())
    assert service.routes == ["POST /api/v1/batches"]


async def test_26_a_wait_can_end(service, pasqal):
    """Weak spot 26: by its deadline, with what was seen last, while the job goes on."""

    async def never(_):
        await anyio.sleep_forever()

    service.then("GET", "/status", data({"status": "RUNNING"}))
    service.always("GET", "/status", never)
    with pytest.raises(WaitTimeoutError, match="RUNNING") as caught:
        await pasqal.jobs.wait(J, timeout=1.0)
    assert caught.value.last_status == "RUNNING"
    assert len(service.requests) == 2


async def test_27_a_refused_link_is_replaced(service, pasqal):
    """Weak spot 27: a link that has expired is not asked again, a fresh one is."""
    service.then("GET", "/download", httpx.Response(403, text="<Error>expired</Error>"))
    assert (await pasqal.jobs.results(J)).counter == {"00": 12, "11": 8}
    assert len(service.asked("GET", "/results_link")) == 2
    assert len(service.asked("GET", "/download")) == 2


async def test_28_looking_a_workload_up_downloads_nothing(service, pasqal):
    """Weak spot 28: its result is downloaded when asked for, and a bad answer is an error."""
    linked = canned.workload(result=None, result_link="http://127.0.0.1/download?signature=s")
    service.always("GET", canned.WORKLOAD_ID, data(linked))
    workload = await pasqal.workloads.get(canned.WORKLOAD_ID)
    assert len(service.requests) == 1
    assert await pasqal.workloads.result(workload) == canned.RESULTS
    service.then("GET", "/download", httpx.Response(404), httpx.Response(200, text=HTML))
    for error in (ResponseError, ResultError):
        with pytest.raises(error):
            await pasqal.workloads.result(workload)
    for nothing in ({}, [], 0, False):
        service.always("GET", canned.WORKLOAD_ID, data(canned.workload(result=nothing)))
        found = await pasqal.workloads.get(canned.WORKLOAD_ID)
        assert await pasqal.workloads.result(found) == nothing
    service.always("GET", canned.WORKLOAD_ID, data(canned.workload(result=None)))
    with pytest.raises(qa.ResultPendingError):
        await pasqal.workloads.result(await pasqal.workloads.get(canned.WORKLOAD_ID))


async def test_29_an_overloaded_service_is_asked_again(service, pasqal):
    """Weak spot 29: 503 passes, and Retry-After is obeyed for it as for 429."""
    service.then("GET", B, httpx.Response(503, headers={"Retry-After": "0"}), httpx.Response(429))
    assert (await pasqal.batches.get(B)).id == B


async def test_30_what_is_over_is_forgotten(service, pasqal):
    """Weak spot 30: a closed batch leaves nothing behind in the client."""
    ref = await pasqal.open_batch(BatchRequest("key", "FRESNEL", program()))
    assert B in pasqal._additions._books
    await pasqal.close_batch(ref)
    assert not pasqal._additions._books


def test_31_importing_the_client_has_no_side_effects():
    """Weak spot 31: no warning filter changes, and Pulser is not loaded."""
    script = """
import sys, warnings
before = list(warnings.filters)
import quantum_async as qa
qa.PasqalClient(token="t")
import pydantic
assert [f for f in warnings.filters if f not in before] == [], warnings.filters
print([name for name in ("pulser", "matplotlib", "numpy", "qiskit") if name in sys.modules])
"""
    run = subprocess.run(
        [sys.executable, "-I", "-c", script], check=True, capture_output=True, text=True
    )
    assert run.stdout.strip() == "[]"


async def test_32_a_sequence_is_written_down_once(service, pasqal):
    """Weak spot 32: of later batches only what differs is encoded and compressed."""
    large = program(atoms=3000)
    made = pasqal._cloud._prefixes._made
    await pasqal.submit(submission(program=large, shots=1))
    [prefix] = made.values()
    for _ in range(3):
        await pasqal.submit(submission(program=large, shots=2))
    assert list(made.values()) == [prefix], "the same object, compressed once"
    sent = [asked["body"] for asked in service.requests]
    assert {body["sequence_builder"] for body in sent} == {large.text}
    assert [body["jobs"][0]["runs"] for body in sent] == [1, 2, 2, 2]


async def test_33_an_error_says_which_request_it_was(service, pasqal):
    """Weak spot 33: the provider's id of the request is in the error and in its message."""
    headers = {"x-request-id": "req-7"}
    service.always("GET", J, httpx.Response(404, json={}, headers=headers))
    with pytest.raises(qa.NotFoundError, match=f"get job {J}: .*req-7") as caught:
        await pasqal.jobs.get(J)
    assert (caught.value.request_id, caught.value.job_id) == ("req-7", J)
    assert caught.value.provider == "pasqal"


async def test_cancelling_nothing_in_particular_is_explicit(service, pasqal):
    """No filter means all jobs of the batch, an empty one none."""
    assert len((await pasqal.batches.cancel_jobs(B)).jobs) == 1
    assert (await pasqal.batches.cancel_jobs(B, CancelFilters(id=[]))).jobs == ()
    assert len(service.requests) == 1


def test_an_authentication_error_is_no_rejected_request():
    """Credentials that are refused are told apart from requests that are."""
    assert not issubclass(AuthenticationError, ResponseError)
