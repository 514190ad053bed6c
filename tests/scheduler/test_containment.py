"""One caller's mistake, or one client's defect, never ends another caller's jobs."""

from __future__ import annotations

import anyio
import pytest

import quantum_async as qa
from quantum_async.errors import DefectError, QuantumAsyncError
from quantum_async.models.capabilities import Capabilities, SubmissionGrade
from tests.scheduler.fake import PROGRAM, FakeClient

QUICK = qa.Limits(min_poll_interval=0.01, max_poll_interval=0.1, patience=5.0)


class PanicError(BaseException):
    """What a library written in Rust raises."""


FOREIGN = [KeyError(0), RecursionError("too deep"), PanicError("index out of bounds")]
ASYNC = ["submit", "poll", "fetch", "fetch_many", "validate", "cancel", "find"]
SYNC = ["grouping", "weigh", "default_device", "options_of"]


class Broken(FakeClient):
    """A client one of whose methods raises what nobody expects, for some jobs.

    Args:
        method: Which.
        error: What it raises.
        shots: It does so for jobs of as many shots.
    """

    def __init__(self, method: str, error: BaseException, shots: int = 13, **changes) -> None:
        super().__init__(**changes)
        self._method = method
        self._error = error
        self._shots = shots

    def _look(self, method: str, given: object) -> None:
        if method == self._method and self._concerns(given):
            raise self._error

    def _concerns(self, given: object) -> bool:
        if isinstance(given, (list, tuple)):
            return any(map(self._concerns, given))
        jobs = getattr(given, "jobs", None)
        if jobs is not None:
            return self._concerns(jobs)
        ref = getattr(given, "id", None)
        if ref is not None:
            return self.world.jobs[ref].spec.shots == self._shots
        return getattr(given, "shots", self._shots) == self._shots

    async def submit(self, request):
        """Accept jobs."""
        self._look("submit", request)
        return await super().submit(request)

    async def poll(self, jobs, *, wait=0.0):
        """Tell states."""
        self._look("poll", jobs)
        return await super().poll(jobs, wait=wait)

    async def fetch(self, job):
        """Tell a result."""
        self._look("fetch", job)
        return await super().fetch(job)

    async def fetch_many(self, jobs):
        """Tell many results."""
        self._look("fetch_many", jobs)
        return await super().fetch_many(jobs)

    async def validate(self, job, device):
        """Refuse what cannot run."""
        self._look("validate", job)
        await super().validate(job, device)

    async def cancel(self, jobs):
        """Cancel what runs."""
        self._look("cancel", jobs)
        return await super().cancel(jobs)

    async def find(self, key):
        """Look a key up."""
        self._look("find", key)
        return await super().find(key)

    def grouping(self, job):
        """Say which jobs share a submission."""
        self._look("grouping", job)
        return super().grouping(job)

    def weigh(self, job):
        """Estimate bytes."""
        self._look("weigh", job)
        return super().weigh(job)


async def served(scheduler, on: str, shots: int, seen: list[object]) -> None:
    """Be one caller of a web service."""
    try:
        job = await scheduler.submit(PROGRAM, shots=shots, on=on)
        seen.append(await job)
    except QuantumAsyncError as error:
        seen.append(error)


@pytest.mark.parametrize("error", FOREIGN, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("method", ["submit", "poll", "fetch", "validate", "grouping", "weigh"])
async def test_others_get_their_results(method: str, error: BaseException) -> None:
    """The jobs of that call fail with an error that carries the original; all others go on."""
    capabilities = Capabilities(
        grade=SubmissionGrade.EXACT, jobs_per_poll=100, jobs_per_submission=8, payload_limit=10_000
    )
    broken = Broken(method, error, capabilities=capabilities, name="broken")
    sound = FakeClient(name="sound")
    seen: dict[int, list[object]] = {number: [] for number in range(50)}
    async with qa.Scheduler(broken, sound, limits=QUICK) as scheduler:
        async with anyio.create_task_group() as tasks:
            for number, outcome in seen.items():
                shots = 13 if number % 10 == 3 else 100
                on = "broken:one" if number % 2 else "sound:one"
                tasks.start_soon(served, scheduler, on, shots, outcome)
    for number, (outcome,) in seen.items():
        if number % 10 == 3:
            assert isinstance(outcome, DefectError) or isinstance(outcome.__cause__, DefectError)
            causes = [outcome]
            while causes[-1].__cause__ is not None:
                causes.append(causes[-1].__cause__)
            assert causes[-1] is error
            is_accepted = method in {"poll", "fetch"}
            assert outcome.accepted == ("yes" if is_accepted else outcome.accepted)
            assert outcome.accepted != ("yes" if not is_accepted else "no")
        else:
            assert isinstance(outcome, qa.Result)


@pytest.mark.parametrize("method", ["fetch_many", "cancel"])
async def test_a_shortcut_or_a_cancel_that_breaks_fails_alone(method: str) -> None:
    """Results are fetched one by one then; a cancel tells its caller."""
    capabilities = Capabilities(grade=SubmissionGrade.EXACT, bulk_results=True)
    client = Broken(method, KeyError(0), capabilities=capabilities, run_time=lambda _: 1.0)
    async with qa.Scheduler(client, limits=QUICK) as scheduler:
        job = await scheduler.submit(PROGRAM, shots=13)
        other = await scheduler.submit(PROGRAM, shots=100)
        if method == "cancel":
            with pytest.raises(DefectError) as caught:
                await job.cancel()
            assert caught.value.accepted == "yes"
        assert (await other).shots == 100
        assert (await job).shots == 13


async def test_capabilities_that_break_later_stay_as_they_were() -> None:
    """What a client last said of itself holds, where it fails to say it again."""

    class Forgetful(FakeClient):
        said = 0

        @property
        def capabilities(self):
            self.said += 1
            if self.said > 20:
                raise KeyError("gone")
            return super().capabilities

    async with qa.Scheduler(Forgetful(), limits=QUICK) as scheduler:
        results = await scheduler.sweep(PROGRAM, qa.grid(x=range(30)), shots=5)
    assert len(results) == 30


def test_capabilities_that_break_at_once_are_told_at_construction() -> None:
    """There is nothing to go by, so the scheduler is not made."""

    class Mute(FakeClient):
        @property
        def capabilities(self):
            raise KeyError("none")

    with pytest.raises(DefectError):
        qa.Scheduler(Mute())


async def test_a_sweep_with_one_broken_point_collects_it() -> None:
    """The other points have their results."""

    class Picky(FakeClient):
        def grouping(self, job):
            return 0

        async def submit(self, request):
            if any(job.variables["x"] == 3 for job in request.jobs):
                raise KeyError("three")
            return await super().submit(request)

    capabilities = Capabilities(grade=SubmissionGrade.EXACT, outlives=False, jobs_per_submission=8)
    client = Picky(capabilities=capabilities)
    async with qa.Scheduler(client, limits=QUICK) as scheduler:
        sweep = scheduler.sweep(PROGRAM, qa.grid(x=range(8)), shots=5, on_error="collect")
        results = await sweep
    assert [point.error is not None for point in results] == [n == 3 for n in range(8)]
    assert isinstance(results[3].error.__cause__, KeyError)


@pytest.mark.parametrize("has_arrived", [True, False])
async def test_what_a_broken_client_may_have_sent_is_looked_for(has_arrived: bool) -> None:
    """A job that is there is followed; one that is not is not sent again, and says so."""

    class Clumsy(FakeClient):
        async def submit(self, request):
            if has_arrived:
                await super().submit(request)
            raise KeyError("job_id")

    client = Clumsy()
    async with qa.Scheduler(client, limits=QUICK) as scheduler:
        if has_arrived:
            job = await scheduler.submit(PROGRAM, shots=5)
            assert (await job).shots == 5
        else:
            with pytest.raises(DefectError) as caught:
                await scheduler.submit(PROGRAM, shots=5)
            assert caught.value.accepted == "no"
    assert len(client.world.jobs) == has_arrived
    assert client.world.calls["find"] == 1
