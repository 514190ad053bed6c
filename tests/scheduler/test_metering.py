"""What a program's OpenTelemetry metrics show of its jobs, and that nobody else pays for them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader

from quantum_async.models.cost import Cost
from quantum_async.models.job import JobEvent, JobEventKind, JobStatus
from quantum_async.scheduler.events import EventHub
from quantum_async.scheduler.metering import Meters

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


def test_a_program_with_a_meter_provider_is_measured() -> None:
    """A provider that is set before the scheduler is made gets the numbers of its jobs."""
    program = Path(__file__).with_name("metered.py")
    run = subprocess.run([sys.executable, program], capture_output=True, text=True, check=True)
    found = json.loads(run.stdout)
    assert sum(point["value"] for point in found["quantum_async.jobs.finished"]) == 3
    assert sum(point["value"] for point in found["quantum_async.jobs.shots"]) == 30
    assert sum(point["value"] for point in found["quantum_async.jobs.in_flight"]) == 0
    assert sum(point["value"] for point in found["quantum_async.polls"]) >= 1
    assert sum(point["count"] for point in found["quantum_async.jobs.detection_lag"]) == 3


def test_nobody_else_pays() -> None:
    """Without a meter provider, nothing is measured, and OpenTelemetry is not imported."""
    assert EventHub().meters is None
    code = (
        "import sys\nfrom quantum_async.scheduler.events import EventHub\n"
        "assert EventHub().meters is None\nprint('opentelemetry' in sys.modules)\n"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "False"
