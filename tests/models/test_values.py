"""The small values: how they read, what they refuse, and that they do not change."""

from __future__ import annotations

import dataclasses
import math
import pickle

import pytest

from quantum_async.errors import InvalidOptionError, ResultError, UnknownTargetError
from quantum_async.models.batch import BatchRef
from quantum_async.models.cost import Budget, Cost
from quantum_async.models.device import Device, DeviceKind
from quantum_async.models.grid import grid
from quantum_async.models.job import JobRef, JobState, JobStatus
from quantum_async.models.limits import Limits
from quantum_async.models.program import Program, ProgramFormat
from quantum_async.models.result import BitOrder, Result
from quantum_async.models.submission import JobSpec, RunOptions
from quantum_async.models.sweep import SweepPoint, SweepResults
from quantum_async.models.target import Target

PROGRAM = Program("qubit q;", ProgramFormat.QASM3)
ONE = Result({"1": 5}, 5, BitOrder.QISKIT)


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("pasqal:FRESNEL", Target("pasqal", "FRESNEL")),
        ("azure:ionq.simulator", Target("azure", "ionq.simulator")),
        ("iqm:station:2", Target("iqm", "station:2")),
        (" local ", Target("local")),
    ],
)
def test_a_target_is_read_and_written(text: str, target: Target) -> None:
    """Only the first colon separates; writing gives back what was read."""
    assert Target.parse(text) == target
    assert str(target) == text.strip()


@pytest.mark.parametrize("text", ["", ":device", "two words:device"])
def test_what_names_no_provider_is_refused(text: str) -> None:
    """The error shows how a target is written."""
    with pytest.raises(UnknownTargetError, match="is not a target") as caught:
        Target.parse(text)
    assert "provider:device" in str(caught.value.remedy)


def test_three_statuses_are_final() -> None:
    """Only success, failure and cancellation end a job; what is unknown is asked about again."""
    final = {status for status in JobStatus if status.is_terminal}
    assert final == {JobStatus.SUCCEEDED, JobStatus.FAILED, JobStatus.CANCELLED}


def test_a_reference_says_where_the_job_is() -> None:
    """Provider, device, id and part are readable; what is unknown is left out."""
    assert str(JobRef("pasqal", "j1", "FRESNEL")) == "pasqal:FRESNEL/j1"
    assert str(JobRef("iqm", "j1", index=2)) == "iqm/j1[2]"
    assert str(BatchRef("azure", "s1", "ionq.qpu")) == "azure:ionq.qpu/s1"


def test_a_reference_is_the_same_job_whoever_recorded_it() -> None:
    """Key, batch and journal do not make another job of it; pickling does not either."""
    ref = JobRef("pasqal", "j1", "FRESNEL", key="0f", batch_id="b1", journal="jobs.db")
    assert ref == JobRef("pasqal", "j1", "FRESNEL")
    assert hash(ref) == hash(JobRef("pasqal", "j1", "FRESNEL"))
    assert ref != JobRef("pasqal", "j1", "FRESNEL", index=1)
    assert pickle.loads(pickle.dumps(ref)).journal == "jobs.db"


@pytest.mark.parametrize(
    "value", [Target("local"), Cost(1, "USD"), Limits(), JobState(JobStatus.QUEUED)]
)
def test_values_do_not_change(value: object) -> None:
    """A value that was handed out stays what it was."""
    field = dataclasses.fields(value)[0].name
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(value, field, "other")


@pytest.mark.parametrize(
    ("cost", "text"),
    [
        (Cost(2.5, "USD"), "2.5 USD"),
        (Cost(3, "credits", is_estimate=True), "about 3 credits"),
    ],
)
def test_an_estimate_is_marked_as_one(cost: Cost, text: str) -> None:
    """What may still change is not shown as a fact."""
    assert str(cost) == text


@pytest.mark.parametrize("value", [-1, math.nan])
@pytest.mark.parametrize("name", ["jobs", "shots", "credits", "cost"])
def test_a_budget_cannot_be_negative(name: str, value: float) -> None:
    """Nothing may be spent is a budget; less than nothing, or what nothing exceeds, is a mistake."""
    assert getattr(Budget(**{name: 0}), name) == 0
    with pytest.raises(InvalidOptionError, match=f"budget {name} must be a number that is not"):
        Budget(**{name: value})


@pytest.mark.parametrize("value", [0, -1.0, math.nan])
@pytest.mark.parametrize("name", [field.name for field in dataclasses.fields(Limits)])
def test_a_limit_is_positive(name: str, value: float) -> None:
    """Zero at a time would never end, and no number limits nothing."""
    with pytest.raises(InvalidOptionError, match=f"limit {name} must be positive"):
        Limits(**{name: value})


def test_poll_intervals_are_in_order() -> None:
    """The shortest interval cannot be longer than the longest."""
    with pytest.raises(InvalidOptionError, match="longer than"):
        Limits(min_poll_interval=2.0, max_poll_interval=1.0)


def test_a_device_names_itself_as_a_target() -> None:
    """What `devices()` lists can be passed as `on=`."""
    device = Device("azure", "ionq.qpu", DeviceKind.GATE)
    assert Target.parse(device.target) == Target("azure", "ionq.qpu")


def test_a_job_without_parameters_has_none() -> None:
    """Defaults are empty, are not shared between jobs, and cross a process boundary."""
    job = JobSpec("0f", PROGRAM, 10)
    assert job.variables == {}
    assert job.variables is not JobSpec("10", PROGRAM, 10).variables
    assert job.options == RunOptions()
    assert pickle.loads(pickle.dumps(job)) == job


def test_a_point_is_its_result_or_its_error() -> None:
    """A point that failed raises its own error where its counts are asked for."""
    assert SweepPoint(0, {"a": 1}, ONE).counts == {"1": 5}
    with pytest.raises(ZeroDivisionError):
        _ = SweepPoint(0, {"a": 1}, error=ZeroDivisionError()).counts
    with pytest.raises(ResultError, match="point 3 has no result"):
        SweepPoint(3, {"a": 1}).outcome()


def test_sweep_results_are_in_the_order_of_the_grid() -> None:
    """They read like a list of points, and know which ones failed."""
    points = grid(a=[1, 2])
    bad = SweepPoint(1, points[1], error=ZeroDivisionError())
    results = SweepResults(points, [SweepPoint(0, points[0], ONE), bad], "rabi")
    assert len(results) == 2
    assert results[1] is bad
    assert results[:1] == (SweepPoint(0, points[0], ONE),)
    assert list(results)[1] is bad
    assert results.errors == [bad]
    assert repr(results) == "<SweepResults: 2 points, 1 failed>"
    with pytest.raises(ZeroDivisionError):
        _ = results.results
    assert SweepResults(grid(a=[1]), [SweepPoint(0, {"a": 1}, ONE)]).results == [ONE]
