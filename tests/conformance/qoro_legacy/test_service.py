"""The service class of qoro-divi 0.12 completes every operation on the sandbox."""

from __future__ import annotations

import pytest
import requests
from divi.backends import (
    ExecutionConfig,
    ExecutionResult,
    JobConfig,
    JobStatus,
    QoroService,
    SimulationMethod,
    Simulator,
)
from divi.circuits import TemplateEntry

from tests.conformance.qoro_legacy.conftest import BELL, FLIPPED, TURNED, service_at

PI = 3.141592653589793


def finished(service: QoroService, submitted: ExecutionResult) -> list[dict]:
    """Wait for a job and fetch its rows."""
    status = service.poll_job_status(submitted, loop_until_complete=True, verbose=False)
    assert status is JobStatus.COMPLETED
    return service.get_job_results(submitted).results


def test_the_connection_the_lists_and_the_credits(service):
    """The older parser breaks on any field of a computer that it does not know."""
    assert service.test_connection().status_code == 200
    [system] = service.fetch_qpu_systems()
    assert (system.name, system.qpus[0].q_bits) == ("lab_qpu", 20)
    names = [cluster.name for cluster in service.fetch_simulator_clusters()]
    assert names == ["qoro_maestro", "gpu_cluster"]
    assert service.get_credit_balance()["balance"] == "500.00"
    assert service.get_credit_transactions(page_size=5)["count"] == 1


def test_counts_shots_of_ranges_and_shots_that_are_null(real_service, real_env):
    """Circuits come back in order, each with its shots; null on the wire means a thousand."""
    rows = finished(real_service, real_service.submit_circuits({"b": FLIPPED, "a": FLIPPED}))
    assert [(row["label"], row["results"]) for row in rows] == [
        ("b", {"001": 200}),
        ("a", {"001": 200}),
    ]
    groups = [[0, 1, 10], [1, 2, 30]]
    submitted = real_service.submit_circuits({"b": FLIPPED, "a": FLIPPED}, shot_groups=groups)
    assert [row["results"] for row in finished(real_service, submitted)] == [
        {"001": 10},
        {"001": 30},
    ]
    silent = service_at(real_env, job_config=JobConfig(simulator_cluster="qoro_maestro"))
    assert finished(silent, silent.submit_circuits({"a": FLIPPED}))[0]["results"] == {"001": 1000}


def test_a_template_and_its_points(real_service):
    """The service puts values in, and labels each result by its point."""
    entry = TemplateEntry(TURNED, ("theta",), (("zero", (0.0,)), ("one", (PI,))))
    rows = finished(real_service, real_service.submit_circuit_templates([entry]))
    assert {row["label"]: row["results"] for row in rows} == {
        "zero": {"0": 200},
        "one": {"1": 200},
    }


def test_expectation_values_for_all_circuits_and_for_single_ones(real_service):
    """Observables are keyed as they were sent, qubit 0 leftmost."""
    submitted = real_service.submit_circuits({"f": FLIPPED}, ham_ops="ZII;IZI;III")
    [row] = finished(real_service, submitted)
    assert row["results"] == pytest.approx({"ZII": -1.0, "IZI": 1.0, "III": 1.0})
    submitted = real_service.submit_circuits(
        {"f": FLIPPED, "b": BELL}, ham_ops="ZII|ZZ", circuit_ham_map=[[0, 1], [1, 2]]
    )
    first, second = finished(real_service, submitted)
    assert first["results"] == pytest.approx({"ZII": -1.0})
    assert second["results"] == pytest.approx({"ZZ": 1.0})


def test_many_circuits_over_several_uploads_and_pages(service, monkeypatch):
    """Small uploads are put together, and more than one page is read."""
    monkeypatch.setattr("divi.backends._qoro_service._MAX_PAYLOAD_SIZE_MB", 0.01)
    circuits = {f"c{number}": BELL for number in range(230)}
    rows = finished(service, service.submit_circuits(circuits))
    assert [row["label"] for row in rows] == list(circuits)


def test_the_configuration_of_a_job_is_set_read_and_refused(service, sandbox):
    """In the words of the older generation, a job without one included."""
    sandbox.change(job_time=30, queue_time=30)
    try:
        submitted = service.submit_circuits({"b": BELL})
        with pytest.raises(requests.HTTPError, match="404"):
            service.get_execution_config(submitted)
        wanted = ExecutionConfig(
            bond_dimension=16,
            truncation_threshold=1e-6,
            simulator=Simulator.QCSim,
            simulation_method=SimulationMethod.MatrixProductState,
            api_meta={"optimization_level": 2},
        )
        answer = service.set_execution_config(submitted, wanted)
        assert answer["status"] == "ok"
        assert service.get_execution_config(submitted) == wanted
        with pytest.raises(requests.HTTPError, match="Free tier limits bond dimension"):
            service.set_execution_config(submitted, ExecutionConfig(bond_dimension=64))
        with pytest.raises(requests.HTTPError, match="Unknown api_meta key"):
            service.set_execution_config(submitted, ExecutionConfig(api_meta={"nonsense": 1}))
        service.cancel_job(submitted)
        with pytest.raises(requests.HTTPError, match="not in PENDING"):
            service.set_execution_config(submitted, wanted)
    finally:
        sandbox.change(job_time=0.02, queue_time=0.0)


def test_cancelling_and_deleting(service, sandbox):
    """A waiting job is cancelled once, and a deleted one is gone."""
    sandbox.change(job_time=30)
    try:
        submitted = service.submit_circuits({"a": BELL, "b": BELL})
        with pytest.raises(requests.HTTPError, match="not available"):
            service.get_job_results(submitted)
        answer = service.cancel_job(submitted).json()
        assert (answer["status"], answer["circuits_cancelled"]) == ("cancelled", 2)
        with pytest.raises(requests.HTTPError, match="409"):
            service.cancel_job(submitted)
        assert service.poll_job_status(submitted) is JobStatus.CANCELLED
        assert service.delete_job(submitted).status_code == 204
        with pytest.raises(requests.HTTPError, match="404"):
            service.poll_job_status(submitted)
    finally:
        sandbox.change(job_time=0.02)


def test_a_failed_job_is_a_status(service):
    """The older class returns where the newer one raises."""
    answer = service._make_request("post", "job/create_failed/", json={"tag": "test"}, timeout=100)
    failed = ExecutionResult(job_id=answer.json()["job_id"])
    status = service.poll_job_status(failed, loop_until_complete=True, verbose=False)
    assert status is JobStatus.FAILED


def test_a_problem_is_characterised(service):
    """Submitting and fetching, in the older generation's words."""
    reply = service.characterize_and_validate(
        {"0": -1.0, "1": 1.0, "0,1": 2.0}, target_states=["10"]
    )
    assert reply["report"]["reference_concentration_score"] == 100.0
    assert service.characterize_and_validate(job_id=reply["job_id"]) == reply
    assert 'class="qvr-root"' in service._fetch_characterization_html(reply["job_id"])
