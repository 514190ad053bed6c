"""iqm-client 36 completes every operation on circuits against the sandbox, unmodified."""

from __future__ import annotations

import importlib.util
import math
from pathlib import Path
from uuid import UUID

import pytest
from iqm.iqm_client import CircuitCompilationOptions, DDMode, HeraldingMode

spec = importlib.util.spec_from_file_location("iqm_tools", Path(__file__).parent / "conftest.py")
tools = importlib.util.module_from_spec(spec)
spec.loader.exec_module(tools)
circuit, connect, measure, prx = tools.circuit, tools.connect, tools.measure, tools.prx

FLIP = circuit(prx("QB1"), measure("QB1", "QB2"))


def finished(job):
    """Wait as the vendor does, only more often."""
    job.wait_for_completion(timeout_secs=300.0, polling_interval=0.02)
    return job


def test_a_job_from_submission_to_counts(client):
    """Submit, wait, measurements, counts, payload: every step of a job parses."""
    job = finished(client.submit_circuits([FLIP, FLIP], shots=10))
    assert str(job.status) == "completed"
    results = job.result()
    assert len(results) == 2
    assert len(results[0]["m"]) == 10
    assert sum(job.result_counts()[0].counts.values()) == 10
    assert job.payload().shots == 10


def test_every_option_is_accepted(client):
    """Mapping, calibration set and all compilation options reach the server."""
    architecture = client.get_dynamic_quantum_architecture()
    options = CircuitCompilationOptions(
        heralding_mode=HeraldingMode.ZEROS,
        max_circuit_duration_over_t2=10.0,
        active_reset_cycles=1,
        dd_mode=DDMode.ENABLED,
    )
    logical = circuit(prx("a"), measure("a", "b"))
    job = client.submit_circuits(
        [logical],
        qubit_mapping={"a": "QB3", "b": "QB4"},
        calibration_set_id=architecture.calibration_set_id,
        shots=50,
        options=options,
    )
    assert 0 < len(finished(job).result()[0]["m"]) < 50


def test_cancelling_and_deleting(client, sandbox):
    """A running job is cancelled, and a deleted one is gone."""
    sandbox.change(job_time=30.0)
    try:
        job = client.submit_circuits([FLIP], shots=10)
        client.cancel_job(job.job_id)
        assert str(client.get_job(job.job_id).status) == "cancelled"
        client.delete_job(job.job_id)
        with pytest.raises(Exception, match="not found"):
            client.get_job(job.job_id)
    finally:
        sandbox.change(job_time=0.02)


def test_a_failed_job_says_why(client, sandbox):
    """The service's own errors arrive in the job."""
    sandbox.set_faults({"provider": "iqm", "method": "POST", "fault": "job-failure"})
    job = finished(client.submit_circuits([FLIP], shots=10))
    sandbox.set_faults()
    assert str(job.status) == "failed"
    assert job.result() is None
    assert job.errors


def test_architectures_and_calibration(client):
    """Static and dynamic architecture, calibration set, metrics, feedback groups, topology."""
    static = client.get_static_quantum_architecture()
    assert len(static.qubits) == 20
    dynamic = client.get_dynamic_quantum_architecture()
    assert set(dynamic.gates) == {"prx", "cz", "cc_prx", "measure"}
    assert isinstance(dynamic.calibration_set_id, UUID)
    assert client.get_calibration_set().observations
    assert client.get_quality_metric_set(dynamic.calibration_set_id).observations
    assert client.get_calibration_quality_metrics() is not None
    assert sorted(map(len, client.get_feedback_groups())) == [10, 10]
    assert client.get_chip_label() == "M000_W0_A00_Z00"
    assert len(client.get_chip_topology().qubits) == 20


def test_health_and_about(client):
    """The server says how it is and what it is."""
    assert client.get_health()["healthy"] is True
    assert client.get_about()


def test_an_alias_with_a_colon(sandbox):
    """The colon in a mock's alias goes into the path as it is."""
    job = finished(connect(sandbox, "garnet:mock").submit_circuits([FLIP], shots=5))
    assert len(job.result()[0]["m"]) == 5


def test_physics(simulating):
    """An X on one qubit, a Bell pair and a conditional rotation give what they must."""
    half = math.pi / 2
    cz = tools.CircuitOperation("cz", ("QB1", "QB2"), {})
    bell = circuit(
        prx("QB1", half, half), prx("QB2", half, half), cz, prx("QB2", -half, half),
        measure("QB1", "QB2"),
    )  # fmt: skip
    conditional = circuit(
        prx("QB1"),
        measure("QB1", key="f", feedback_key="f"),
        tools.CircuitOperation(
            "cc_prx",
            ("QB2",),
            {"angle": math.pi, "phase": 0.0, "feedback_qubit": "QB1", "feedback_key": "f"},
        ),
        measure("QB2", key="m"),
    )
    results = finished(simulating.submit_circuits([FLIP, bell, conditional], shots=40)).result()
    assert {tuple(shot) for shot in results[0]["m"]} == {(1, 0)}
    assert {tuple(shot) for shot in results[1]["m"]} == {(0, 0), (1, 1)}
    assert {tuple(shot) for shot in results[2]["m"]} == {(1,)}
