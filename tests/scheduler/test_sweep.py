"""Sweeps: many points, little memory, failures raised or collected."""

from __future__ import annotations

import itertools

import anyio
import pytest
from hypothesis import given, strategies as st

import quantum_async as qa
from quantum_async.errors import (
    AuthenticationError,
    InvalidInputError,
    JobCancelledError,
    JobFailedError,
    ProgramError,
    RejectedRequestError,
)
from quantum_async.scheduler.scheduler import Scheduler
from tests.scheduler.fake import PROGRAM, FakeClient

QUICK = qa.Limits(min_poll_interval=0.005)


async def test_results_match_their_parameters_in_grid_order() -> None:
    """Awaiting gives every point in grid order, each with the result of its own parameters."""
    client = FakeClient(run_time=lambda n: 0.02 * (n % 5)).can(jobs_per_submission=7)
    async with Scheduler(client, limits=QUICK) as scheduler:
        results = await scheduler.sweep(PROGRAM, qa.grid(x=range(50)), shots=3)
    assert [point.index for point in results] == list(range(50))
    assert all(int(next(iter(p.counts)), 2) == p.parameters["x"] for p in results)
    assert sum(client.world.sizes) == 50


async def test_points_come_as_they_finish() -> None:
    """Iterating yields quick points before slow ones, each exactly once."""
    client = FakeClient(run_time=lambda n: 0.3 if n == 0 else 0.01)
    async with Scheduler(client, limits=QUICK) as scheduler:
        sweep = scheduler.sweep(PROGRAM, qa.grid(x=range(5)), shots=1)
        order = [point.index async for point in sweep]
        again = [point.index async for point in sweep]
    assert order[-1] == 0
    assert sorted(order) == [0, 1, 2, 3, 4]
    assert again == order


async def test_ten_thousand_points_never_exist_at_once() -> None:
    """Programs are made as the provider takes them, not ahead."""
    alive = peak = 0

    def build(x: int) -> qa.Program:
        nonlocal alive, peak
        alive += 1
        peak = max(peak, alive - client.world.calls["fetch"])
        return qa.Program(f"OPENQASM 3; // {x}", qa.ProgramFormat.QASM3)

    client = FakeClient(run_time=lambda _: 0.0)
    limits = qa.Limits(min_poll_interval=0.005, jobs_in_flight=50)
    async with Scheduler(client, limits=limits) as scheduler:
        sweep = scheduler.sweep(build, qa.grid(x=range(2_000)), shots=1)
        async for point in sweep:
            if point.index == 0:
                break
        assert alive < 2_000
        await sweep
    assert peak < 300


async def test_the_queue_limit_is_never_exceeded() -> None:
    """With three places in the queue, no more than three jobs are ever unfinished."""
    client = FakeClient(run_time=lambda _: 0.01).can(jobs_per_submission=10)
    limits = qa.Limits(min_poll_interval=0.005, jobs_in_flight=3)
    async with Scheduler(client, limits=limits) as scheduler:
        await scheduler.sweep(PROGRAM, qa.grid(x=range(40)), shots=1)
    assert client.world.peak == 3


async def test_submissions_are_paced() -> None:
    """Submissions keep to the rate that was asked for."""
    client = FakeClient()
    limits = qa.Limits(min_poll_interval=0.005, submissions_per_second=20)
    async with Scheduler(client, limits=limits) as scheduler:
        await scheduler.sweep(PROGRAM, qa.grid(x=range(6)), shots=1)
    times = [job.created for job in client.world.jobs.values()]
    gaps = [after - before for before, after in itertools.pairwise(times)]
    assert gaps == [pytest.approx(1 / 20)] * 5


async def test_payload_limits_split_a_sweep() -> None:
    """No submission is larger than the provider takes, and no job is lost by splitting."""
    size = len(PROGRAM.payload)
    client = FakeClient().can(jobs_per_submission=100, payload_limit=3 * size)
    async with Scheduler(client, limits=QUICK) as scheduler:
        await scheduler.sweep(PROGRAM, qa.grid(x=range(10)), shots=1)
    assert sorted(client.world.sizes) == [1, 3, 3, 3]


async def test_a_failed_point_raises_and_stops_the_rest() -> None:
    """By default the first failure raises on iteration, and points not sent never are."""
    client = FakeClient(fails=lambda n: n == 2, run_time=lambda _: 0.0)
    limits = qa.Limits(min_poll_interval=0.005, jobs_in_flight=4)
    with pytest.raises(JobFailedError, match="out of luck"):
        async with Scheduler(client, limits=limits) as scheduler:
            await scheduler.sweep(PROGRAM, qa.grid(x=range(500)), shots=1)
    assert len(client.world.jobs) < 100


async def test_failures_can_be_collected() -> None:
    """Collected failures stand at their point, and nothing raises."""
    client = FakeClient(fails=lambda n: n in {1, 3})
    async with Scheduler(client, limits=QUICK) as scheduler:
        sweep = scheduler.sweep(PROGRAM, qa.grid(x=range(5)), shots=1, on_error="collect")
        results = await sweep
    assert [point.index for point in results.errors] == [1, 3]
    assert results[0].counts
    with pytest.raises(JobFailedError):
        results[1].outcome()


async def test_an_unseen_failure_of_a_sweep_raises_on_leaving() -> None:
    """A sweep that nobody looked at does not fail in silence."""
    with pytest.raises(JobFailedError):
        async with Scheduler(FakeClient(fails=lambda n: n == 0), limits=QUICK) as scheduler:
            scheduler.sweep(PROGRAM, qa.grid(x=[1]), shots=1)


async def test_a_function_makes_programs() -> None:
    """A function gets the parameters as keywords, or as one mapping; its error names the point."""
    async with Scheduler(FakeClient(), limits=QUICK) as scheduler:
        by_keyword = scheduler.sweep(lambda x, y: PROGRAM, qa.grid(x=[1], y=[2, 3]), shots=1)
        by_mapping = scheduler.sweep(
            lambda point: qa.Program(str(point["x"]), qa.ProgramFormat.QASM3),
            qa.grid(x=[1, 2]),
            shots=1,
        )
        assert len(await by_keyword) == 2
        assert len(await by_mapping) == 2
        bad = scheduler.sweep(
            lambda x: PROGRAM if x else 1 / x, qa.grid(x=[1, 0]), shots=1, on_error="collect"
        )
        results = await bad
    assert results[0].error is None
    assert isinstance(results[1].error, ProgramError)
    assert isinstance(results[1].error.__cause__, ZeroDivisionError)


async def test_one_bad_job_of_a_submission_fails_alone() -> None:
    """A submission refused for its content is split until the bad job stands alone."""

    class Picky(FakeClient):
        async def submit(self, request: object) -> list[qa.JobRef]:
            if any(job.variables["x"] == 13 for job in request.jobs):  # type: ignore[attr-defined]
                raise RejectedRequestError("13 is not welcome", status=422)
            return await super().submit(request)  # type: ignore[arg-type]

    client = Picky().can(jobs_per_submission=32)
    async with Scheduler(client, limits=QUICK) as scheduler:
        results = await scheduler.sweep(PROGRAM, qa.grid(x=range(32)), shots=1, on_error="collect")
    assert [point.index for point in results.errors] == [13]
    assert len(client.world.jobs) == 31


async def test_refused_credentials_end_a_sweep_at_once() -> None:
    """An error that every further point would meet stops the sweep, also when collecting."""
    client = FakeClient(faults={"submit": [AuthenticationError("who are you")] * 10_000})
    async with Scheduler(client, limits=QUICK) as scheduler:
        sweep = scheduler.sweep(PROGRAM, qa.grid(x=range(5_000)), shots=1, on_error="collect")
        results = await sweep
    assert len(results.errors) == 5_000
    assert client.world.calls["submit"] < 200


async def test_cancelling_a_sweep() -> None:
    """A cancelled sweep ends at the provider, never sends the rest, and raises when awaited."""
    client = FakeClient(run_time=lambda _: 60)
    limits = qa.Limits(min_poll_interval=0.005, jobs_in_flight=5)
    async with Scheduler(client, limits=limits) as scheduler:
        sweep = scheduler.sweep(PROGRAM, qa.grid(x=range(100)), shots=1)
        while len(client.world.jobs) < 5:
            await anyio.sleep(0.01)
        await sweep.cancel()
        with pytest.raises(JobCancelledError):
            await sweep
    assert len(client.world.jobs) == 5
    assert client.running() == 0


async def test_bulk_results_save_requests() -> None:
    """Where a batch's results come in one request, single fetches are not made."""
    client = FakeClient(run_time=lambda n: 0.001 * n).can(
        bulk_results=True, jobs_per_submission=100
    )
    async with Scheduler(client, limits=QUICK) as scheduler:
        await scheduler.sweep(PROGRAM, qa.grid(x=range(200)), shots=1)
    assert client.world.calls["fetch"] == 0
    assert client.world.calls["fetch_many"] <= 40


def test_bad_axes_are_told() -> None:
    """No axis, an empty one, unequal lengths, a single value and no number all raise."""
    for bad in (
        dict,
        lambda: {"x": []},
        lambda: {"x": 1.0},
        lambda: {"x": "abc"},
        lambda: {"x": [float("nan")]},
        lambda: {"x": [object()]},
    ):
        with pytest.raises(InvalidInputError):
            qa.grid(**bad())
    with pytest.raises(InvalidInputError, match="length"):
        qa.zip_points(x=[1], y=[1, 2])


@given(st.lists(st.integers(1, 5), min_size=1, max_size=4))
def test_a_grid_is_the_product_of_its_axes(lengths: list[int]) -> None:
    """Every combination appears once, the last axis varying fastest, and indexing agrees."""
    axes = {f"p{i}": list(range(n)) for i, n in enumerate(lengths)}
    points = qa.grid(**axes)
    seen = [tuple(point.values()) for point in points]
    assert len(seen) == len(points)
    assert seen == sorted(set(seen))
    assert points[-1] == points[len(points) - 1]
    with pytest.raises(IndexError):
        points[len(points)]


async def test_a_sweep_left_before_any_point_failed_ends_quietly() -> None:
    """Leaving at once, while every point is on its way, raises nothing of the sweep's own."""
    client = FakeClient(run_time=lambda _: 60)
    with anyio.move_on_after(0.02) as scope:
        async with Scheduler(client, limits=QUICK) as scheduler:
            async for _ in scheduler.sweep(PROGRAM, qa.grid(x=[1, 2]), shots=1):
                pytest.fail("no point ends")
    assert scope.cancelled_caught
    assert client.running() == 0


async def test_a_function_may_leave_values_to_the_provider() -> None:
    """Points made by a function share a program where it returns one with values."""
    client = FakeClient().can(jobs_per_submission=10)
    async with Scheduler(client, limits=QUICK) as scheduler:
        sweep = scheduler.sweep(lambda n: (PROGRAM, {"x": 7 - n}), qa.grid(n=range(8)), shots=1)
        results = await sweep
    assert [int(next(iter(point.counts)), 2) for point in results] == list(range(7, -1, -1))
    assert client.world.sizes == [8]


async def test_jobs_are_named_once_they_are_accepted() -> None:
    """The references are there before the jobs end, in grid order, and tell which job is whose."""
    client = FakeClient(run_time=lambda _: 30.0).can(jobs_per_submission=2)
    async with Scheduler(client, limits=QUICK) as scheduler:
        sweep = scheduler.sweep(PROGRAM, qa.grid(x=range(5)), shots=1, on_error="collect")
        refs = await sweep.refs()
        assert sweep.done == 0
        assert await sweep.refs() == refs
        await sweep.cancel()
        results = await sweep
    assert [point.ref for point in results] == list(refs)
    assert len({ref for ref in refs if ref is not None}) == 5


async def test_points_stand_where_their_jobs_do() -> None:
    """Statuses are asked for in as few requests as polls are, and those that ended are known."""
    client = FakeClient(run_time=lambda n: 0.0 if n < 2 else 30.0).can(jobs_per_poll=10)
    slow = qa.Limits(min_poll_interval=0.005, max_poll_interval=0.005)
    async with Scheduler(client, limits=slow) as scheduler:
        sweep = scheduler.sweep(PROGRAM, qa.grid(x=range(4)), shots=1, on_error="collect")
        await sweep.refs()
        while sweep.done < 2:
            await anyio.sleep(0.005)
        statuses = await sweep.statuses()
        assert statuses[:2] == (qa.JobStatus.SUCCEEDED,) * 2
        assert not any(status.is_terminal for status in statuses[2:])
        await sweep.cancel()
        await sweep
        assert set((await sweep.statuses())[2:]) == {qa.JobStatus.CANCELLED}


async def test_no_submission_is_smaller_than_it_must_be() -> None:
    """A sweep is cut into full submissions, whatever their size, and one with the rest."""
    client = FakeClient().can(jobs_per_submission=30)
    async with Scheduler(client, limits=QUICK) as scheduler:
        await scheduler.sweep(PROGRAM, qa.grid(x=range(100)), shots=1)
    assert sorted(client.world.sizes) == [10, 30, 30, 30]


async def test_sweeps_side_by_side_all_end() -> None:
    """Several sweeps that wait for room at once are all told when there is some."""
    client = FakeClient(run_time=lambda _: 0.01).can(jobs_per_submission=10)
    async with Scheduler(client, limits=QUICK) as scheduler:
        sweeps = [scheduler.sweep(PROGRAM, qa.grid(x=range(250)), shots=1) for _ in range(4)]
        for sweep in sweeps:
            assert len(await sweep) == 250


async def test_two_readers_of_one_sweep_see_every_point() -> None:
    """Whoever iterates is woken up by each point, however many iterate."""
    seen: list[list[int]] = [[], [], []]
    client = FakeClient(run_time=lambda number: 0.01 * (number % 5))
    async with Scheduler(client, limits=QUICK) as scheduler:
        sweep = scheduler.sweep(PROGRAM, qa.grid(x=range(20)), shots=1)

        async def read(points: list[int]) -> None:
            points += [point.index async for point in sweep]

        async with anyio.create_task_group() as tasks:
            for one in seen:
                tasks.start_soon(read, one)
    assert [sorted(points) for points in seen] == [list(range(20))] * 3
