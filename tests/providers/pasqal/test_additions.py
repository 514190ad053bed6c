"""Which of a batch's jobs are ours: answers in any order, lost answers, other programs."""

from __future__ import annotations

import json
from uuid import uuid4

import anyio
import httpx
import pytest
from hypothesis import given, strategies as st

from quantum_async.errors import (
    BatchClosedError,
    LostAnswerError,
    ProtocolError,
    ServerError,
    SubmissionUnknownError,
)
from quantum_async.models.batch import BatchRef
from quantum_async.models.submission import BatchRequest, JobSpec, SubmitRequest
from quantum_async.providers.pasqal.api import in_order, matched
from quantum_async.providers.pasqal.submission import NewJob
from quantum_async.providers.pasqal.wire import PasqalJob
from tests.providers.pasqal.sequences import program
from tests.providers.pasqal.service import canned, client, data, page

PROGRAM = program()
B = canned.BATCH_ID
REF = BatchRef("pasqal", B, "EMU_FREE")


def spec(omega=1.0, shots=10):
    return JobSpec(uuid4().hex, PROGRAM, shots, {"omega": omega})


def request(*specs, key=None):
    return SubmitRequest(key or uuid4().hex, "EMU_FREE", specs or (spec(),), batch=REF)


class Remote:
    """An open batch at the service, whose answers a test can lose."""

    def __init__(self, service):
        self.jobs = []
        service.always("POST", "/batches", self.opened)
        service.always("POST", "/jobs", self.add)
        service.always("GET", "/jobs", self.list)
        self.lose = []

    def opened(self, _):
        return data(canned.batch(jobs=[], open=True, sequence_builder=PROGRAM.text))

    def put(self, runs, omega):
        """Another program adds a job."""
        number = len(self.jobs) + 1
        job = canned.job(str(uuid4()), runs=runs, variables={"omega": omega}, creation_order=number)
        self.jobs.append(job)
        return job

    def add(self, asked):
        for job in json.loads(asked.content):
            self.put(job["runs"], job["variables"]["omega"])
        if self.lose:
            fault = self.lose.pop(0)
            if isinstance(fault, Exception):
                raise fault
            return fault
        return data(canned.batch(jobs=self.jobs[::-1], open=True))

    def list(self, _):
        return page(self.jobs, len(self.jobs), len(self.jobs))


@pytest.fixture
def remote(service):
    return Remote(service)


@pytest.fixture
async def batch(pasqal, remote):
    """A batch that this client has opened."""
    return await pasqal.open_batch(BatchRequest("key", "EMU_FREE", PROGRAM))


def ids(refs):
    return [ref.id for ref in refs]


async def test_the_answer_of_an_addition_is_all_that_is_asked(service, pasqal, remote, batch):
    """No listing before or after: the jobs of the answer that were not there before are ours."""
    for number in range(3):
        [ref] = await pasqal.submit(request(spec(shots=number + 1)))
        assert ref.id == remote.jobs[number]["id"]
    assert service.routes == [
        "POST /api/v1/batches",
        *[f"POST /api/v2/batches/{B}/jobs"] * 3,
    ]


async def test_jobs_of_another_program_are_not_ours(pasqal, remote, batch):
    """What somebody else added meanwhile is told apart by its content, and by its age."""
    remote.put(99, 9.0)
    remote.put(10, 1.0)
    [ref] = await pasqal.submit(request())
    assert ref.id == remote.jobs[-1]["id"]


async def test_a_batch_that_others_opened_is_listed_once(service, pasqal, remote):
    """Its jobs before ours are learned by one listing, and its sequence by one look."""
    service.always("GET", B, data(canned.batch(sequence_builder=PROGRAM.text, open=True)))
    remote.put(10, 1.0)
    for number in (1, 2):
        [ref] = await pasqal.submit(request())
        assert ref.id == remote.jobs[number]["id"]
    assert service.routes == [
        f"GET /api/v2/batches/{B}",
        "GET /api/v2/jobs",
        *[f"POST /api/v2/batches/{B}/jobs"] * 2,
    ]


@pytest.mark.parametrize(
    "lost", [httpx.ReadTimeout("late"), httpx.Response(504), httpx.Response(200, text="<html>")]
)
async def test_a_lost_addition_is_found(pasqal, remote, batch, lost):
    """Whatever hid the answer, the new jobs of the batch are the ones that were sent."""
    remote.lose.append(lost)
    asked = request(spec(1.0), spec(2.0), spec(1.0))
    with pytest.raises((LostAnswerError, ServerError, ProtocolError)):
        await pasqal.submit(asked)
    refs = await pasqal.find(asked.key)
    assert ids(refs) == [job["id"] for job in remote.jobs]
    assert [ref.key for ref in refs] == [job.key for job in asked.jobs]
    assert ids(await pasqal.submit(request())) == [remote.jobs[-1]["id"]]


async def test_an_addition_that_did_not_arrive_is_not_found(service, pasqal, remote, batch):
    """Nothing new in the batch means that it may be sent again, under the same key."""
    service.then("POST", "/jobs", httpx.Response(502))
    asked = request()
    with pytest.raises(ServerError):
        await pasqal.submit(asked)
    assert await pasqal.find(asked.key) == []
    assert ids(await pasqal.submit(asked)) == [remote.jobs[0]["id"]]


async def test_more_than_was_sent_is_not_guessed_at(pasqal, remote, batch):
    """Equal jobs of another program cannot be told from ours: nobody guesses."""
    remote.lose.append(httpx.Response(504))
    remote.put(10, 1.0)
    asked = request()
    with pytest.raises(ServerError):
        await pasqal.submit(asked)
    with pytest.raises(SubmissionUnknownError, match="of 2 new ones there 2"):
        await pasqal.find(asked.key)


async def test_something_new_that_is_not_like_ours_is_no_proof(service, pasqal, remote, batch):
    """The service may write values in another way, so it is not taken for absence either."""
    service.then("POST", "/jobs", httpx.Response(504))
    remote.put(77, 7.0)
    asked = request()
    with pytest.raises(ServerError):
        await pasqal.submit(asked)
    with pytest.raises(SubmissionUnknownError):
        await pasqal.find(asked.key)


async def test_others_wait_while_an_addition_is_looked_up(service, remote):
    """The next addition is sent once it is clear which jobs the lost one has become."""
    async with client(service, settle_delay=3600.0) as c:
        await c.open_batch(BatchRequest("key", "EMU_FREE", PROGRAM))
        remote.lose.append(httpx.Response(504))
        lost, refs = request(), []
        with pytest.raises(ServerError):
            await c.submit(lost)

        async def add():
            refs.extend(await c.submit(request()))

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(add)
            await anyio.wait_all_tasks_blocked()
            assert len(remote.jobs) == 1
            found = await c.find(lost.key)
    assert ids(found + refs) == [job["id"] for job in remote.jobs]


async def test_others_do_not_wait_for_ever(service, remote):
    """An addition that nobody looks up holds the batch for a bounded time."""
    async with client(service, settle_delay=0.0) as c:
        await c.open_batch(BatchRequest("key", "EMU_FREE", PROGRAM))
        remote.lose.append(httpx.Response(504))
        with pytest.raises(ServerError):
            await c.submit(request())
        [ref] = await c.submit(request())
    assert ref.id == remote.jobs[-1]["id"]


async def test_a_cancelled_addition_does_not_hold_others(service, remote):
    """A task that is torn off in the middle leaves the batch usable."""
    async with client(service) as c:
        await c.open_batch(BatchRequest("key", "EMU_FREE", PROGRAM))

        async def slow(_):
            scope.cancel()
            await anyio.sleep_forever()

        service.then("POST", "/jobs", slow)
        with anyio.CancelScope() as scope:
            await c.submit(request())
        [ref] = await c.submit(request())
    assert ref.id == remote.jobs[-1]["id"]


async def test_a_cancelled_addition_holds_others_once(service, remote):
    """What nobody looks up is waited for after its loss, not anew by every later addition."""
    async with client(service, settle_delay=0.0) as c:
        await c.open_batch(BatchRequest("key", "EMU_FREE", PROGRAM))
        remote.lose.append(httpx.Response(504))
        with pytest.raises(ServerError):
            await c.submit(request())
        await c.submit(request())
        start = anyio.current_time()
        for _ in range(3):
            await c.submit(request())
    assert anyio.current_time() - start < 0.5


async def test_a_lost_addition_is_found_however_many_batches_there_are(
    service, pasqal, remote, batch
):
    """A batch is not forgotten while it may hold jobs whose answer was lost."""
    remote.lose.append(httpx.Response(504))
    asked = request()
    with pytest.raises(ServerError):
        await pasqal.submit(asked)
    service.always("POST", "/batches", lambda _: data(canned.batch(id=str(uuid4()), jobs=[])))
    service.always("GET", "/batches", page([], 0, 0))
    for _ in range(1_001):
        await pasqal.open_batch(BatchRequest("key", "EMU_FREE", PROGRAM))
    assert ids(await pasqal.find(asked.key)) == [remote.jobs[0]["id"]]


async def test_a_closed_batch_says_so(service, pasqal, remote, batch):
    """The refusal has a type of its own, and the service's words."""
    refusal = {"data": {"description": "Batch is closed."}}
    service.then("POST", "/jobs", httpx.Response(409, json=refusal))
    with pytest.raises(BatchClosedError, match="Batch is closed"):
        await pasqal.submit(request())


async def test_an_answer_without_jobs_is_completed_by_a_listing(service, pasqal, remote, batch):
    """A field that is missing costs a request, not a job."""

    def bare(asked):
        remote.add(asked)
        return data({"id": B})

    service.then("POST", "/jobs", bare)
    assert ids(await pasqal.submit(request())) == [remote.jobs[0]["id"]]


@pytest.mark.parametrize(
    "failures",
    [[httpx.Response(401)], [httpx.Response(404)], [httpx.Response(429)] * 3],
    ids=["401", "404", "429"],
)
async def test_an_answer_that_cannot_be_completed_is_no_refusal(
    service, pasqal, remote, batch, failures
):
    """The jobs were added: that they cannot be listed now must not have them sent again."""

    def bare(asked):
        remote.add(asked)
        return data({"id": B})

    service.then("POST", "/jobs", bare)
    service.then("GET", "/jobs", *failures)
    asked = request()
    with pytest.raises(LostAnswerError, match="was accepted") as caught:
        await pasqal.submit(asked)
    assert caught.value.accepted == "unknown"
    assert ids(await pasqal.find(asked.key)) == [remote.jobs[0]["id"]]


async def test_another_program_in_a_batch_brings_its_sequence(service, pasqal, remote, batch):
    """A job of another sequence carries it; values are put into it first."""
    from tests.providers.pasqal.real import rabi

    service.then("POST", "/jobs", data(canned.batch(jobs=[canned.job(runs=10, variables=None)])))
    other = JobSpec("other", rabi(), 10, {"omega": 2.0})
    await pasqal.submit(request(other))
    [sent] = service.asked("POST", "/jobs")[0]["body"]
    assert set(sent) == {"runs", "sequence"}
    assert '"omega"' not in sent["sequence"]


variables = st.dictionaries(st.sampled_from("ab"), st.integers(0, 2).map(float), max_size=2)
drafts = st.lists(st.tuples(st.integers(1, 3), variables), min_size=1, max_size=6)


@given(drafts, st.randoms())
def test_jobs_are_matched_by_content_in_any_order(sent, random):
    """Each job that was sent gets one of its own content, and none is given twice."""
    jobs = [NewJob(runs=runs, variables=values) for runs, values in sent]
    found = [
        PasqalJob(id=str(n), runs=runs, variables=values) for n, (runs, values) in enumerate(sent)
    ]
    random.shuffle(found)
    picked = matched(jobs, found)
    assert picked is not None
    assert len({job.id for job in picked}) == len(jobs)
    for job, other in zip(jobs, picked, strict=True):
        assert (job.runs, dict(job.variables)) == (other.runs, other.variables)
    assert matched([*jobs, NewJob(runs=9)], found) is None


@pytest.mark.parametrize(
    ("ours", "theirs"), [(1.0, [1.0]), ((1.0,), 1), ({"q0": 1}, {"q0": 1}), ((1.0, 2.0), [1, 2])]
)
def test_one_value_has_many_spellings(ours, theirs):
    """A number and an array of it are the same value of a variable."""
    job = PasqalJob(id="j", runs=1, variables={"x": theirs})
    assert matched([NewJob(runs=1, variables={"x": ours})], [job]) == [job]


def test_creation_order_goes_before_the_order_of_the_list():
    """Where the service numbers its jobs, the numbers count."""
    jobs = [PasqalJob(id=i, creation_order=n) for i, n in (("b", 2), ("a", 1))]
    assert [job.id for job in in_order(jobs)] == ["a", "b"]
    unnumbered = [PasqalJob(id="b"), PasqalJob(id="a", creation_order=1)]
    assert in_order(unnumbered) == unnumbered
