"""What a program's OpenTelemetry metrics show of its jobs, and that nobody else pays for them."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader

import quantum_async as qa
from quantum_async.models.cost import Cost
from quantum_async.models.job import JobEvent, JobEventKind, JobStatus
from quantum_async.scheduler.events import EventHub, Meters

# A program with a sandbox of its own, on a machine that may be busy.
TARGET = "demo:device"


@pytest.fixture
def reader() -> InMemoryMetricReader:
    return InMemoryMetricReader()


@pytest.fixture
def meters(reader: InMemoryMetricReader) -> Meters:
    return Meters(MeterProvider([reader]))


def event(kind: JobEventKind, key: str, time: float, **more: object) -> JobEvent:
    status = more.pop("status", JobStatus.QUEUED)
    return JobEvent(kind, key, TARGET, status, time, shots=100, **more)


def read(reader: InMemoryMetricReader) -> dict[str, list]:
    data = reader.get_metrics_data()
    return {
        metric.name.removeprefix("quantum_async."): list(metric.data.data_points)
        for resource in data.resource_metrics
        for scope in resource.scope_metrics
        for metric in scope.metrics
    }


def test_jobs_are_counted(meters: Meters, reader: InMemoryMetricReader) -> None:
    """In flight, finished by status, retries, shots, cost and duration follow from the events."""
    for key in "abc":
        meters.push(event(JobEventKind.SUBMITTED, key, 10.0))
    meters.push(event(JobEventKind.RETRIED, "a", 11.0, message="429"))
    done = {"status": JobStatus.SUCCEEDED, "cost": Cost(2.5, "credits")}
    meters.push(event(JobEventKind.FINISHED, "a", 13.0, **done))
    meters.push(event(JobEventKind.FINISHED, "b", 14.0, status=JobStatus.FAILED))
    found = read(reader)
    assert [point.value for point in found["jobs.in_flight"]] == [1]
    assert [point.value for point in found["jobs.retries"]] == [1]
    assert [point.value for point in found["jobs.shots"]] == [100]
    (cost,) = found["jobs.cost"]
    assert (cost.value, cost.attributes["quantum_async.cost.unit"]) == (2.5, "credits")
    (duration,) = found["jobs.duration"]
    assert (duration.count, duration.sum) == (2, 7.0)
    finished = {p.attributes["quantum_async.status"]: p.value for p in found["jobs.finished"]}
    assert finished == {"succeeded": 1, "failed": 1}
    assert duration.attributes["quantum_async.target"] == TARGET
    assert duration.attributes["quantum_async.provider"] == "demo"


def test_a_job_that_was_never_sent_is_not_in_flight(
    meters: Meters, reader: InMemoryMetricReader
) -> None:
    """What ends before its acceptance is finished, and takes nothing off those in flight."""
    meters.push(event(JobEventKind.FINISHED, "a", 1.0, status=JobStatus.CANCELLED))
    found = read(reader)
    assert "jobs.in_flight" not in found
    assert [point.value for point in found["jobs.finished"]] == [1]


def test_a_job_that_is_left_is_in_flight_no_longer(
    meters: Meters, reader: InMemoryMetricReader
) -> None:
    """Neither detached jobs nor those that a closed scheduler leaves are counted for ever."""
    for key in "abc":
        meters.push(event(JobEventKind.SUBMITTED, key, 1.0))
    meters.leave("a")
    assert [point.value for point in read(reader)["jobs.in_flight"]] == [2]
    meters.end()
    meters.push(event(JobEventKind.FINISHED, "a", 2.0))
    found = read(reader)
    assert [point.value for point in found["jobs.in_flight"]] == [0]
    assert "jobs.duration" not in found


def test_errors_are_counted_by_kind(meters: Meters, reader: InMemoryMetricReader) -> None:
    """What ended without a result says which error it was."""
    failed = {"status": JobStatus.FAILED, "error_type": "RejectedRequestError"}
    meters.push(event(JobEventKind.FINISHED, "a", 1.0, **failed))
    (finished,) = read(reader)["jobs.finished"]
    assert finished.attributes["error.type"] == "RejectedRequestError"


@pytest.fixture(scope="module")
def seen() -> dict:
    """What a program saw of its jobs at two services."""
    program = Path(__file__).with_name("metered.py")
    run = subprocess.run([sys.executable, program], capture_output=True, text=True, check=True)
    return json.loads(run.stdout)


@pytest.fixture
def metrics(seen: dict) -> dict[str, dict]:
    """Its metrics by name."""
    (scope,) = seen["metrics"]
    assert scope["scope"]["name"] == "quantum_async.scheduler"
    assert scope["scope"]["version"] == qa.__version__
    return {metric["name"]: metric for metric in scope["metrics"]}


def total(metric: dict, field: str = "value", **attributes: str) -> float:
    return sum(
        point[field]
        for point in metric["data"]["data_points"]
        if point["attributes"].items() >= attributes.items()
    )


def test_a_program_with_a_meter_provider_is_measured(metrics: dict[str, dict]) -> None:
    """A provider that is set before the scheduler is made gets the numbers of real clients' jobs."""
    name = "quantum_async.jobs."
    assert total(metrics[f"{name}in_flight"]) == 0
    assert total(metrics[f"{name}finished"], **{"quantum_async.status": "succeeded"}) == 3
    assert total(metrics[f"{name}shots"], **{"quantum_async.target": "iqm:garnet"}) == 10
    assert total(metrics[f"{name}retries"], **{"quantum_async.provider": "azure"}) == 1
    assert total(metrics["quantum_async.polls"], **{"quantum_async.provider": "iqm"}) >= 1
    assert total(metrics[f"{name}detection_lag"], "count") == 3
    assert total(metrics[f"{name}duration"], "count") == 3
    costs = metrics[f"{name}cost"]["data"]["data_points"]
    assert {point["attributes"]["quantum_async.cost.unit"] for point in costs} == {"USD"}
    assert [point["attributes"]["quantum_async.cost.is_estimate"] for point in costs] == [True]


def test_metrics_are_the_documented_ones(metrics: dict[str, dict]) -> None:
    """Names and units are those that the guide lists, and each says what it is."""
    page = Path(__file__).parents[2] / "docs" / "how-to" / "observability.md"
    table = page.read_text(encoding="utf-8").partition("### Metrics")[2]
    rows = re.findall(r"^\| `(quantum_async\.\S+)` \| `(\S+)` \|", table, re.MULTILINE)
    assert dict(rows) == {name: metric["unit"] for name, metric in metrics.items()}
    assert all(metric["description"].endswith(".") for metric in metrics.values())


def test_histograms_resolve_what_they_measure(metrics: dict[str, dict]) -> None:
    """Seconds are not counted in the borders that OpenTelemetry uses for milliseconds."""
    for name, longest in (("duration", 100_000), ("detection_lag", 100)):
        (point, *_) = metrics[f"quantum_async.jobs.{name}"]["data"]["data_points"]
        borders = point["explicit_bounds"]
        assert borders[0] <= 0.1
        assert borders[-1] == longest


def test_requests_stand_below_the_work_that_they_are_for(seen: dict) -> None:
    """What is sent for one job is part of the trace of whoever submitted it."""
    spans = {span["context"]["span_id"]: span for span in seen["spans"]}

    def way(span: dict) -> list[str]:
        above = spans.get(span["parent_id"])
        return [span["name"].partition(" ")[0], *(way(above) if above is not None else [])]

    ways = [
        way(span)
        for span in spans.values()
        if span["attributes"].get("quantum_async.provider") == "iqm"
    ]
    assert ["POST", "submit", "run", "mine"] in ways
    assert ["GET", "fetch", "run", "mine"] in ways
    # A poll that is about one job alone.
    assert ["GET", "run", "mine"] in ways


def test_nobody_else_pays() -> None:
    """Without a meter provider, nothing is measured, and OpenTelemetry is not imported."""
    assert EventHub().meters is None
    code = (
        "import sys\nfrom quantum_async.scheduler.events import EventHub\n"
        "assert EventHub().meters is None\nprint('opentelemetry' in sys.modules)\n"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "False"
