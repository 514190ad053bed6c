"""Points of a sweep: what is none is refused at once, and no list is built over very many."""

from __future__ import annotations

import itertools
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
import pytest
from qiskit.circuit import Parameter

import quantum_async as qa
import quantum_async.blocking
from quantum_async.errors import (
    InvalidInputError,
    JobCancelledError,
    ProgramError,
    UnsupportedProgramError,
)
from quantum_async.scheduler.scheduler import Scheduler
from tests.scheduler.fake import PROGRAM, FakeClient

if TYPE_CHECKING:
    from pathlib import Path

    from quantum_async.models.submission import JobSpec

QUICK = qa.Limits(min_poll_interval=0.005)
MANY = qa.grid(x=range(10**4), y=range(10**4), z=range(10**3))


def _itself() -> list[object]:
    values: list[object] = []
    values.append(values)
    return values


NO_POINTS: dict[str, object] = {
    "axes": {"x": [0.1, 0.2]},
    "one point": {"x": 0.1},
    "numbers": [0.1, 0.2],
    "a word": "x",
    "words": ["x", "y"],
    "bytes": b"xy",
    "a number": 3,
    "nothing": None,
    "a generator": ({"x": value} for value in (1, 2)),
    "an array": np.array([0.1, 0.2]),
    "pairs": [("x", 0.1)],
    "a class": qa.JobRef,
    "a function": qa.grid,
    "no point": [],
    "no point, as a tuple": (),
    "a point without parameters": [{}],
    "other parameters": [{"x": 1}, {"y": 1}],
    "a parameter too few": [{"x": 1, "y": 1}, {"x": 1}],
    "a parameter too many": [{"x": 1}, {"x": 1, "y": 1}],
    "a name that is none": [{1: 0.5}],
    "no value": [{"x": None}],
    "not a number": [{"x": float("nan")}],
    "an object": [{"x": object()}],
    "a set": [{"x": {1, 2}}],
    "an open parameter": [{"x": Parameter("theta")}],
    "too large": [{"x": Fraction(10**400)}],
    "a list in itself": [{"x": _itself()}],
    "values without an end": [{"x": itertools.count()}],
}


@pytest.mark.parametrize("points", NO_POINTS.values(), ids=NO_POINTS)
async def test_what_is_no_point_is_refused_at_once(points: object) -> None:
    """The call itself raises, says what to write, and leaves everybody else's jobs alone."""
    client = FakeClient()
    async with Scheduler(client, limits=QUICK) as scheduler:
        job = await scheduler.submit(PROGRAM, shots=1)
        with pytest.raises(InvalidInputError):
            scheduler.sweep(PROGRAM, points, shots=1)  # type: ignore[arg-type]
        with pytest.raises(InvalidInputError):
            scheduler.sweep(lambda **_: PROGRAM, points, shots=1)  # type: ignore[arg-type]
        async with scheduler.open_batch(on="fake:one") as batch:
            with pytest.raises(InvalidInputError):
                batch.sweep(points, shots=1, program=PROGRAM)  # type: ignore[arg-type]
        assert (await job).shots == 1
    assert len(client.world.jobs) == 1


async def test_a_refusal_says_what_points_are() -> None:
    """Whoever passes axes is told of `grid` and `zip_points`."""
    async with Scheduler(FakeClient()) as scheduler:
        with pytest.raises(InvalidInputError, match="no mapping of axes") as refusal:
            scheduler.sweep(PROGRAM, {"x": [0.1, 0.2]}, shots=1)  # type: ignore[arg-type]
    (remedy,) = refusal.value.__notes__
    assert "grid(theta=[0.1, 0.2])" in remedy
    assert "zip_points(" in remedy


async def test_a_list_of_mappings_is_a_list_of_points() -> None:
    """Each mapping is a point, whatever the order of its names."""
    async with Scheduler(FakeClient(), limits=QUICK) as scheduler:
        given = [{"x": 3, "y": np.float64(0.5)}, {"y": 0.25, "x": 4}]
        results = await scheduler.sweep(PROGRAM, given, shots=2)
    assert [dict(point.parameters) for point in results] == [
        {"x": 3, "y": 0.5},
        {"x": 4, "y": 0.25},
    ]
    assert list(results.points.axes) == ["x", "y"]
    assert [dict(point.counts) for point in results] == [{"00000011": 2}, {"00000100": 2}]


async def test_a_sweep_over_very_many_points_takes_those_that_are_asked_for() -> None:
    """What has finished comes at once; cancelling gives all the others their reason, unlisted."""
    client = FakeClient()
    limits = qa.Limits(min_poll_interval=0.005, jobs_in_flight=4)
    async with Scheduler(client, limits=limits) as scheduler:
        sweep = scheduler.sweep(PROGRAM, MANY, shots=1, on_error="collect")
        seen = []
        async for point in sweep:
            seen.append(point)
            if len(seen) == 5:
                break
        assert len(await sweep.statuses()) == len(sweep) == 10**11
        await sweep.cancel()
        results = await sweep
        refs = await sweep.refs()
        statuses = await sweep.statuses()
        assert (sweep.done, len(refs), len(statuses)) == (10**11,) * 3
        assert statuses[-1] is qa.JobStatus.CANCELLED
        assert refs[-1] is None
        last = results[-1]
        assert dict(last.parameters) == {"x": 9999, "y": 9999, "z": 999}
        assert isinstance(last.error, JobCancelledError)
        assert sweep.failed == 10**11 - len([p for p in results[:1000] if p.result is not None])
        given_up = 0
        async for point in sweep:
            given_up += point.result is None
            if given_up == 3:
                break
        assert repr(results) == f"<SweepResults: {10**11} points, {sweep.failed} failed>"
        assert f"{sweep.failed} failed" in results._repr_html_()
        assert "100000000000" in sweep._repr_html_()
    assert len(client.world.jobs) < 1000


async def test_a_named_sweep_over_very_many_points_is_continued(tmp_path: Path) -> None:
    """A journal holds the points that were sent, not those that were not."""
    limits = qa.Limits(min_poll_interval=0.005, jobs_in_flight=4)
    client = FakeClient()
    with pytest.raises(ZeroDivisionError):
        async with Scheduler(client, limits=limits, journal=tmp_path / "jobs.db") as scheduler:
            async for _ in scheduler.sweep(PROGRAM, MANY, shots=1, name="many"):
                raise ZeroDivisionError
    first = len(client.world.jobs)
    async with Scheduler(client, limits=limits, journal=tmp_path / "jobs.db") as scheduler:
        sweep = scheduler.sweep(PROGRAM, MANY, shots=1, name="many", on_error="collect")
        async for point in sweep:
            if len(client.world.jobs) > first and point.result is not None:
                break
        await sweep.cancel()
    sent = [dict(job.spec.variables) for job in client.world.jobs.values()]
    assert len(sent) > first
    assert sent.count({"x": 0, "y": 0, "z": 0}) == 1


async def test_a_sweep_that_fails_at_once_lists_nothing() -> None:
    """Where no program can be made, the reason is raised, however many points there are."""
    async with Scheduler(FakeClient(), limits=QUICK) as scheduler:
        sweep = scheduler.sweep(lambda x, y, z: 1 / 0, MANY, shots=1)
        with pytest.raises(ProgramError, match="program function failed at point 0") as failure:
            await sweep
        with pytest.raises(ProgramError):
            async for _ in sweep:
                pass
    assert f"{10**11} of {10**11} points have no result." in failure.value.__notes__


class Narrow(FakeClient):
    """Refuses programs that hold the word wide, as a chip refuses circuits with too many qubits."""

    async def validate(self, job: JobSpec, device: str) -> None:
        await super().validate(job, device)
        if "wide" in job.program.text:
            raise UnsupportedProgramError("too wide")
        if job.variables.get("x") == 13:
            raise InvalidInputError("13 is no good value")

    async def submit(self, request):
        for job in request.jobs:
            await self.validate(job, request.target)
        return await super().submit(request)


@pytest.mark.parametrize("place", [0, 1, 5])
async def test_a_point_that_cannot_run_fails_alone_where_errors_are_collected(place: int) -> None:
    """Wherever it stands, the first place included, the other points run."""

    def build(x: int) -> qa.Program:
        word = "wide" if x == place else "narrow"
        return qa.Program(f"OPENQASM 3; bit[1] c; // {word} {x}", qa.ProgramFormat.QASM3)

    client = Narrow().can(jobs_per_submission=4)
    async with Scheduler(client, limits=QUICK) as scheduler:
        running = await scheduler.submit(PROGRAM, shots=1)
        by_program = await scheduler.sweep(build, qa.grid(x=range(6)), shots=1, on_error="collect")
        values = [13 if i == place else i for i in range(6)]
        by_value = await scheduler.sweep(PROGRAM, qa.grid(x=values), shots=1, on_error="collect")
        assert (await running).shots == 1
    for results in (by_program, by_value):
        assert [point.index for point in results.errors] == [place]
        assert isinstance(results[place].error, InvalidInputError)


async def test_a_program_that_no_values_mend_is_refused_once() -> None:
    """A sweep whose one program cannot run anywhere is not tried point by point."""
    client = Narrow()
    program = qa.Program("OPENQASM 3; bit[1] c; // wide", qa.ProgramFormat.QASM3)
    async with Scheduler(client, limits=QUICK) as scheduler:
        results = await scheduler.sweep(program, MANY, shots=1, on_error="collect")
        assert isinstance(results[10**10].error, UnsupportedProgramError)
    assert not client.world.calls["submit"]


def test_the_blocking_twin_refuses_the_same() -> None:
    """And passes on a list of mappings, and a grid that nobody could list."""
    with quantum_async.blocking.Scheduler(FakeClient(), limits=QUICK) as scheduler:
        for points in ({"x": [0.1]}, [], [0.1], None):
            with pytest.raises(InvalidInputError):
                scheduler.sweep(PROGRAM, points, shots=1)  # type: ignore[arg-type]
        results = scheduler.sweep(PROGRAM, [{"x": 3}], shots=2).result()
        assert dict(results[0].counts) == {"00000011": 2}
        sweep = scheduler.sweep(PROGRAM, MANY, shots=1, on_error="collect")
        assert next(iter(sweep)).result is not None
        sweep.cancel()
        assert len(sweep.statuses()) == len(sweep.refs()) == 10**11
