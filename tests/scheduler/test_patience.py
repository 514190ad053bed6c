"""How long a provider is asked again, what ends as an error, and whom that concerns."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import anyio
import pytest

import quantum_async as qa
from quantum_async.errors import (
    AuthenticationError,
    DefectError,
    NotFoundError,
    PermissionDeniedError,
    ProtocolError,
    QuantumAsyncError,
    RateLimitedError,
    RejectedRequestError,
    ResultError,
    ResultPendingError,
    ServerError,
)
from quantum_async.models.job import JobState, JobStatus
from tests.scheduler.fake import PROGRAM, FakeClient

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from quantum_async.models.job import JobRef
    from quantum_async.models.result import Result

LIMITS = qa.Limits(min_poll_interval=0.1, max_poll_interval=1.0, patience=5.0)
SHARED = {"shared_job": True, "jobs_per_submission": 10, "jobs_per_poll": 1, "bulk_results": True}
KINDS = {
    "pages": {"jobs_per_poll": 100},
    "alone": {"jobs_per_poll": 1},
    "hasty": {"jobs_per_poll": 1, "long_poll": True},
}
"""Services that are asked about many jobs, about one, and one that should hold its answers back."""


class Odd(FakeClient):
    """A provider that says something else of some jobs.

    Args:
        odd: Says what of a job, by its id: a state, nothing, an error, or ``...`` for the truth.
        until: When that is over, in seconds after the first poll.
    """

    def __init__(self, odd: Callable[[str], object], until: float = float("inf"), **rest) -> None:
        super().__init__(**rest)
        self.odd = odd
        self.until = until
        self.asked: dict[str, list[float]] = {}

    async def poll(self, jobs: Sequence[JobRef], *, wait: float = 0.0) -> Mapping[JobRef, JobState]:
        """Tell states, or what is told instead."""
        states = dict(await super().poll(jobs))
        now = anyio.current_time()
        for ref in jobs:
            times = self.asked.setdefault(ref.id, [])
            times.append(now)
        begun = min(times[0] for times in self.asked.values())
        if now - begun >= self.until:
            return states
        for ref in jobs:
            told = self.odd(ref.id)
            if isinstance(told, BaseException):
                raise told
            if told is None:
                del states[ref]
            elif told is not ...:
                states[ref] = told
        return states

    def polls(self, job_id: str) -> int:
        return len(self.asked[job_id])


class Fetching(FakeClient):
    """A provider whose results fail in a way of their own; notes when each was asked for."""

    def __init__(self, failing: Callable[[JobRef, int], object], **rest) -> None:
        super().__init__(**rest)
        self.failing = failing
        self.asked: dict[str, list[float]] = {}

    async def fetch(self, job: JobRef) -> Result:
        """Tell a result, or fail."""
        times = self.asked.setdefault(job.id, [])
        times.append(anyio.current_time())
        told = self.failing(job, len(times))
        if isinstance(told, BaseException):
            raise told
        return await super().fetch(job) if told is None else told

    async def fetch_many(self, jobs: Sequence[JobRef]) -> Mapping[JobRef, Result]:
        """Ask for what the first of them asks for."""
        if not self.capabilities.bulk_results:
            return {}
        return {job: await self.fetch(job) for job in jobs}


def only(job_id: str, told: object) -> Callable[[str], object]:
    return lambda asked: told if asked == job_id else ...


async def ended(client: FakeClient, jobs: int = 3):
    """Run jobs to their ends; returns their results or errors, and the seconds that each took."""
    ends: list[tuple[object, float]] = [(None, 0.0)] * jobs
    async with qa.Scheduler(client, limits=LIMITS) as scheduler:
        begun = anyio.current_time()

        async def one(number: int) -> None:
            # In order, so that ids follow from it.
            job = handles[number]
            try:
                ends[number] = await job, anyio.current_time() - begun
            except QuantumAsyncError as error:
                ends[number] = error, anyio.current_time() - begun

        handles = [await scheduler.submit(PROGRAM, shots=1) for _ in range(jobs)]
        async with anyio.create_task_group() as tasks:
            for number in range(jobs):
                tasks.start_soon(one, number)
    return ends


UNTOLD = {
    "missing": (None, NotFoundError, "job-1"),
    "not found": (NotFoundError("no such job", status=404), NotFoundError, "no such job"),
    "no state": (JobState(JobStatus.UNKNOWN, reported="ENTANGLED"), ProtocolError, "ENTANGLED"),
}


@pytest.mark.parametrize(
    ("kind", "untold"),
    # An answer about many does not fail for one that is not there.
    [pair for pair in itertools.product(KINDS, UNTOLD) if pair != ("pages", "not found")],
)
async def test_a_job_of_which_nothing_is_learned_ends_with_the_patience(kind, untold) -> None:
    """Others are told of all the while; it is asked about at the pace of polls, and then named."""
    told, error, words = UNTOLD[untold]
    client = Odd(only("job-1", told), run_time=lambda number: 60.0 if number == 2 else 0.2)
    client.can(**KINDS[kind])
    first, gone, last = await ended(client)
    assert (type(first[0]), type(last[0])) == (qa.Result, qa.Result)
    assert type(gone[0]) is error
    assert words in str(gone[0])
    assert (gone[0].job_id, gone[0].accepted) == ("job-1", "yes")
    assert 5.0 <= gone[1] <= 6.0
    if kind != "pages":  # where it goes along with others it costs nothing
        assert client.polls("job-1") <= 15


@pytest.mark.parametrize("kind", KINDS)
async def test_a_job_that_is_known_again_goes_on(kind) -> None:
    """Lists that lag behind and words that come and go cost nothing but a while."""
    client = Odd(only("job-1", None), until=4.0, run_time=lambda _: 8.0).can(**KINDS[kind])
    ends = await ended(client)
    assert [type(end) for end, _ in ends] == [qa.Result] * 3


async def test_each_time_that_a_job_is_missing_counts_from_its_own_beginning() -> None:
    """Missing now and then is not missing for the whole patience."""
    turns = iter(range(10_000))
    client = Odd(lambda _: None if next(turns) % 3 else ..., run_time=lambda _: 30.0)
    [(result, _)] = await ended(client, 1)
    assert isinstance(result, qa.Result)


REFUSALS = [
    AuthenticationError("the key is not known"),
    PermissionDeniedError("a gateway in maintenance"),
    RejectedRequestError("no", status=400),
    ServerError("down", status=503),
    ProtocolError("the answer is not JSON", body="<html>"),
    RateLimitedError("slowly", status=429),
]


@pytest.mark.parametrize("error", REFUSALS, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("kind", KINDS)
async def test_refused_polls_that_heal_are_nothing(kind, error) -> None:
    """However many are refused within the patience, the jobs go on."""
    client = Odd(lambda _: error, until=4.5, run_time=lambda _: 0.2).can(**KINDS[kind])
    ends = await ended(client, 10)
    assert [type(end) for end, _ in ends] == [qa.Result] * 10


@pytest.mark.parametrize("error", REFUSALS, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("kind", KINDS)
async def test_refused_polls_end_with_the_patience(kind, error) -> None:
    """The job has not ended: its error says so, and is the provider's."""
    client = Odd(lambda _: error, run_time=lambda _: 0.2).can(**KINDS[kind])
    for number, (end, seconds) in enumerate(await ended(client)):
        assert type(end) is type(error)
        assert (end.job_id, end.accepted) == (f"job-{number}", "yes")
        assert 5.0 <= seconds <= 7.0


async def test_a_poll_that_is_refused_for_one_job_ends_for_it_alone() -> None:
    """A page that is refused for one id is asked about in parts before anything is given up."""
    refused = RejectedRequestError("job-3 is malformed", status=400)
    client = Odd(only("job-3", refused), run_time=lambda _: 0.2)
    ends = await ended(client, 8)
    kinds = [type(end) for end, _ in ends]
    assert kinds == [qa.Result] * 3 + [RejectedRequestError] + [qa.Result] * 4


async def test_polls_that_make_no_sense_are_logged_once(caplog) -> None:
    """The first line shows how the answer begins; the same again adds nothing."""
    error = ProtocolError("the answer is not JSON", body="[" * 400)
    client = Odd(lambda _: error, until=4.0, run_time=lambda _: 0.2)
    await ended(client, 1)
    lines = [record.message for record in caplog.records if record.levelname == "WARNING"]
    assert len(lines) == 1
    assert "[[[[" in lines[0]


@pytest.mark.parametrize("what", [KeyError("state"), RecursionError("too deep"), None, 7])
@pytest.mark.parametrize("kind", KINDS)
async def test_a_defect_in_a_poll_ends_only_its_own_job(kind, what) -> None:
    """A foreign error, or a state that is none, is found to be one job's, who is told at once."""

    class Client(Odd):
        async def poll(self, jobs: Sequence[JobRef], *, wait: float = 0.0):
            if what is None and any(ref.id == "job-3" for ref in jobs):
                return None
            return await super().poll(jobs, wait=wait)

    told = ... if what is None else what
    client = Client(only("job-3", told), run_time=lambda _: 0.2).can(**KINDS[kind])
    ends = await ended(client, 8)
    kinds = [type(end) for end, _ in ends]
    assert kinds == [qa.Result] * 3 + [DefectError] + [qa.Result] * 4
    defect, seconds = ends[3]
    assert (defect.job_id, defect.accepted) == ("job-3", "yes")
    assert defect.__cause__ is what or isinstance(defect.__cause__, AttributeError | TypeError)
    assert seconds < 1.0


async def test_asking_where_a_job_stands_tells_of_a_defect() -> None:
    """Whoever asks gets a typed error, and the scheduler goes on."""
    client = Odd(only("job-0", KeyError("state")), until=0.0, run_time=lambda _: 3.0)
    slow = qa.Limits(min_poll_interval=1.0)
    async with qa.Scheduler(client, limits=slow) as scheduler:
        job = await scheduler.submit(PROGRAM, shots=1)
        client.until = 0.5
        with pytest.raises(DefectError) as caught:
            await job.status()
        assert (caught.value.accepted, type(caught.value.__cause__)) == ("yes", KeyError)
        assert isinstance(await job, qa.Result)


@pytest.mark.parametrize("patience", [1.0, 60.0, 1800.0])
@pytest.mark.parametrize("shares", [False, True])
async def test_a_result_out_of_reach_is_asked_for_ten_times(patience, shares) -> None:
    """The attempts fill the patience; jobs that share a document do not each ask for it."""
    client = Fetching(lambda *_: ServerError("busy", status=503))
    if shares:
        client.can(**SHARED)
    limits = qa.Limits(patience=patience)
    async with qa.Scheduler(client, limits=limits) as scheduler:
        sweep = scheduler.sweep(PROGRAM, qa.grid(x=[1, 2, 3]), shots=1, on_error="collect")
        await sweep
        errors = [point.error async for point in sweep]
    assert [type(error) for error in errors] == [ResultError] * 3
    assert all(error.accepted == "yes" and error.job_id in client.asked for error in errors)
    for times in client.asked.values():
        assert len(times) == 10
        assert times[-1] - times[0] == pytest.approx(patience, rel=0.02)
    assert len(client.asked) == (1 if shares else 3)


async def test_a_result_that_comes_at_the_end_of_the_patience_comes() -> None:
    """A service that was down nearly as long as the patience has cost nothing."""
    begun = anyio.current_time()

    def failing(*_: object) -> object:
        return ServerError("busy") if anyio.current_time() < begun + 4.9 else None

    [(result, _)] = await ended(Fetching(failing), 1)
    assert isinstance(result, qa.Result)


async def test_a_result_that_stays_the_same_nonsense_is_an_error_at_once() -> None:
    """Three equal answers are what the result is, whatever the ids of the requests."""

    def failing(_: JobRef, number: int) -> object:
        return ProtocolError("no JSON", body="[[[[", request_id=f"request-{number}")

    client = Fetching(failing)
    [(error, seconds)] = await ended(client, 1)
    assert type(error) is ResultError
    assert "[[[[" in str(error)
    assert isinstance(error.__cause__, ProtocolError)
    assert (error.accepted, error.job_id) == ("yes", "job-0")
    assert len(client.asked["job-0"]) == 3
    assert seconds < 2.0


async def test_nonsense_that_changes_may_pass() -> None:
    """A gateway's page, a cut answer, and then the result."""
    told = ["<html>", "{", "<html>", '{"counts"', "{"]
    client = Fetching(
        lambda _, n: ProtocolError("no JSON", body=told[n - 1]) if n <= len(told) else None
    )
    [(result, _)] = await ended(client, 1)
    assert isinstance(result, qa.Result)


@pytest.mark.parametrize("told", [RecursionError("too deep"), "no result", {"00": 1}])
@pytest.mark.parametrize("bulk", [False, True])
async def test_a_defect_in_a_fetch_fails_that_job_alone(told, bulk) -> None:
    """A foreign error, or a result that is none, is one job's; all others get theirs."""
    client = Fetching(lambda ref, _: told if ref.id == "job-1" else None).can(bulk_results=bulk)
    ends = await ended(client, 5)
    kinds = [type(end) for end, _ in ends]
    assert kinds == [qa.Result, DefectError, *[qa.Result] * 3]
    defect = ends[1][0]
    assert (defect.job_id, defect.accepted) == ("job-1", "yes")
    assert isinstance(defect.__cause__, RecursionError | TypeError)


async def test_one_bad_program_of_a_shared_job_fails_alone() -> None:
    """What is wrong with the result of one says nothing of the others in the same document."""
    client = Fetching(lambda ref, _: ResultError("damaged") if ref.index == 1 else None)
    client.can(**SHARED)
    async with qa.Scheduler(client, limits=LIMITS) as scheduler:
        sweep = scheduler.sweep(PROGRAM, qa.grid(x=[1, 2, 3]), shots=1, on_error="collect")
        await sweep
        errors = [type(point.error) async for point in sweep]
    assert sorted(map(str, errors)) == sorted(map(str, [type(None), ResultError, type(None)]))


@pytest.mark.parametrize(
    "error",
    [
        ResultPendingError("not there yet"),
        AuthenticationError("the key is renewed"),
        RejectedRequestError("a gateway in maintenance", status=403),
    ],
    ids=lambda error: type(error).__name__,
)
async def test_a_result_that_is_kept_from_us_for_a_while_is_waited_for(error) -> None:
    """One that comes after the job's end, or is refused meanwhile, costs nothing but a while."""
    begun = anyio.current_time()

    def failing(*_: object) -> object:
        return error if anyio.current_time() < begun + 3.0 else None

    [(result, _)] = await ended(Fetching(failing), 1)
    assert isinstance(result, qa.Result)


@pytest.mark.parametrize("is_raised", [False, True])
async def test_a_cancel_that_is_refused_says_that_the_job_is_accepted(is_raised) -> None:
    """It is what a caller decides by, whatever the client says of the error."""

    class Client(FakeClient):
        async def cancel(self, jobs: Sequence[JobRef]) -> Mapping[JobRef, QuantumAsyncError]:
            refused = PermissionDeniedError("not yours")
            if is_raised:
                raise refused
            return dict.fromkeys(jobs, refused)

    async with qa.Scheduler(Client(), limits=LIMITS) as scheduler:
        job = await scheduler.submit(PROGRAM, shots=1)
        with pytest.raises(PermissionDeniedError) as caught:
            await job.cancel()
        assert (caught.value.accepted, caught.value.job_id) == ("yes", job.id)
        await job


async def test_a_batch_that_cannot_be_closed_says_that_it_is_accepted() -> None:
    """The batch exists, and the error names it."""
    client = FakeClient(faults={"close_batch": [PermissionDeniedError("not yours"), None]})
    async with qa.Scheduler(client, limits=LIMITS) as scheduler:
        batch = scheduler.open_batch(PROGRAM, on="fake:one")
        await batch.open()
        with pytest.raises(qa.BatchNotClosedError) as caught:
            await batch.close()
        assert (caught.value.accepted, caught.value.batch_id) == ("yes", batch.id)
        await batch.close()
