"""The vendor's unmodified service class completes every operation on the sandbox."""

from __future__ import annotations

import pytest
import requests
from divi.backends import (
    DeviceConfig,
    JobConfig,
    JobFailedError,
    JobStatus,
    MaestroConfig,
    QoroService,
)
from divi.backends._base import ExecutionResult
from divi.circuits import CircuitPayload
from qiskit.circuit import Parameter

from tests.conformance.qoro.conftest import BELL, FLIPPED, TURNED, service_at


def finished(service: QoroService, submitted: ExecutionResult) -> ExecutionResult:
    """Wait for a job and fetch its results."""
    status = service.poll_job_status(submitted, loop_until_complete=True, verbose=False)
    assert status is JobStatus.COMPLETED
    return service.get_job_results(submitted)


def test_the_connection_and_the_lists(service):
    """The ping, both lists of targets and the vendors' blueprints are read."""
    assert service.test_connection().status_code == 200
    assert [system.name for system in service.fetch_qpu_systems()] == ["lab_qpu"]
    names = [cluster.name for cluster in service.fetch_simulator_clusters()]
    assert names == ["qoro_maestro", "gpu_cluster"]
    assert service.fetch_vendor_blueprints()["ibm"]["device"]["TRANSPILE_LEVEL"]["default"] == 2


def test_credits(service):
    """The balance and a page of its movements are read."""
    assert service.get_credit_balance()["balance"] == "500.00"
    assert service.get_credit_transactions(page_size=5)["count"] == 1


def test_counts_in_the_order_of_submission(real_service):
    """Circuits come back in order, with the first bit rightmost."""
    done = finished(real_service, real_service.submit_circuits({"b": BELL, "a": FLIPPED}))
    assert [row["label"] for row in done.results] == ["b", "a"]
    assert done.results[1]["results"] == {"001": 200}
    assert set(done.results[0]["results"]) == {"00", "11"}
    assert done.run_time > 0


def test_shots_per_circuit(real_service):
    """Ranges of shots reach the circuits that they are for."""
    groups = [[0, 1, 10], [1, 2, 30]]
    submitted = real_service.submit_circuits([FLIPPED, FLIPPED], shot_groups=groups)
    rows = finished(real_service, submitted).results
    assert [row["results"] for row in rows] == [{"001": 10}, {"001": 30}]


def test_a_template_and_its_points(real_service):
    """The service puts values in, and labels each result by its point."""
    rows = (("zero", (0.0,)), ("one", (3.141592653589793,)))
    payload = CircuitPayload(TURNED, (Parameter("theta"),), rows)
    found = finished(real_service, real_service.submit_circuits([payload])).results
    assert {row["label"]: row["results"] for row in found} == {
        "zero": {"0": 200},
        "one": {"1": 200},
    }


def test_expectation_values(real_service):
    """Observables are keyed as they were sent, qubit 0 leftmost."""
    submitted = real_service.submit_circuits({"f": FLIPPED}, ham_ops="ZII;IZI;III")
    [row] = finished(real_service, submitted).results
    assert row["results"] == pytest.approx({"ZII": -1.0, "IZI": 1.0, "III": 1.0})


def test_observables_of_single_circuits(real_service):
    """A map gives each circuit its own group."""
    submitted = real_service.submit_circuits(
        [FLIPPED, BELL], ham_ops="ZII|ZZ", circuit_ham_map=[[0, 1], [1, 2]]
    )
    rows = finished(real_service, submitted).results
    assert rows[0]["results"] == pytest.approx({"ZII": -1.0})
    assert rows[1]["results"] == pytest.approx({"ZZ": 1.0})


def test_many_circuits_over_several_uploads_and_pages(service, env, monkeypatch):
    """Small uploads are put together, and more than one page is read."""
    monkeypatch.setattr("divi.backends.runners._qoro._MAX_PAYLOAD_SIZE_MB", 0.01)
    circuits = {f"c{number}": BELL for number in range(230)}
    submitted = service.submit_circuits(circuits)
    assert submitted.backend_jobs > 2
    assert [row["label"] for row in finished(service, submitted).results] == list(circuits)


def test_configurations_travel(env):
    """What a job was opened with is read back."""
    service = service_at(env, maestro_config=MaestroConfig(max_bond_dimension=16))
    submitted = service.submit_circuits([BELL])
    assert service.get_maestro_config(submitted).max_bond_dimension == 16
    assert service.get_device_config(submitted) is None
    on_qpu = JobConfig(shots=10, qpu_system="lab_qpu")
    submitted = service.submit_circuits(
        [BELL], job_config=on_qpu, device_config=DeviceConfig(transpile_level=1)
    )
    assert service.get_device_config(submitted).transpile_level == 1


def test_a_bond_dimension_above_the_tier_is_refused(env):
    """The refusal is the one that the service gives."""
    service = service_at(env, maestro_config=MaestroConfig(max_bond_dimension=64))
    with pytest.raises(requests.HTTPError, match="Free tier limits bond dimension"):
        service.submit_circuits([BELL])


def test_cancelling_and_deleting(service, sandbox):
    """A waiting job is cancelled once, and a deleted one is gone."""
    sandbox.change(job_time=30)
    try:
        submitted = service.submit_circuits([BELL, BELL])
        answer = service.cancel_job(submitted).json()
        assert answer["status"] == "cancelled"
        assert answer["circuits_cancelled"] == 2
        with pytest.raises(requests.HTTPError, match="409"):
            service.cancel_job(submitted)
        assert service.poll_job_status(submitted) is JobStatus.CANCELLED
        assert service.delete_job(submitted).status_code == 204
        with pytest.raises(requests.HTTPError, match="404"):
            service.poll_job_status(submitted)
    finally:
        sandbox.change(job_time=0.02)


def test_results_before_their_time(service, sandbox):
    """A job that has not ended has no results yet."""
    sandbox.change(job_time=30)
    try:
        submitted = service.submit_circuits([BELL])
        with pytest.raises(requests.HTTPError, match="not available"):
            service.get_job_results(submitted)
    finally:
        sandbox.change(job_time=0.02)


def test_a_failed_job(service):
    """The service's own way of making one works."""
    answer = service._make_request("post", "job/create_failed/", json={"tag": "test"}, timeout=100)
    failed = ExecutionResult(job_id=answer.json()["job_id"])
    with pytest.raises(JobFailedError):
        service.poll_job_status(failed, loop_until_complete=True, verbose=False)
    with pytest.raises(requests.HTTPError):
        service.get_job_results(failed)


def test_a_deactivated_account_is_refused(env):
    """The vendor's constructor is refused, because it asks for lists."""
    with pytest.raises(requests.HTTPError, match="401"):
        service_at({**env, "QORO_API_KEY": "locked"})


def test_a_problem_is_characterised(service):
    """Submitting, fetching and the page for notebooks."""
    reply = service.characterize_and_validate(
        {"0": -1.0, "1": 1.0, "0,1": 2.0}, reference_states=["10"]
    )
    assert reply["status"] == "COMPLETED"
    assert reply["report"]["reference_concentration_score"] == 100.0
    again = service.characterize_and_validate(job_id=reply["job_id"])
    assert again["report"] == reply["report"]
    assert 'class="qvr-root"' in service._fetch_characterization_html(reply["job_id"])
