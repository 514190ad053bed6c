"""iqm-client 17 completes every operation of the older interface against the sandbox."""

from __future__ import annotations

from uuid import UUID

import pytest
from iqm.iqm_client import (
    Circuit,
    HeraldingMode,
    Instruction,
    IQMClient,
    Status,
)


def circuit(*qubits: str) -> Circuit:
    """Flip the first qubit and measure all of them."""
    return Circuit(
        name="flip",
        instructions=[
            Instruction(name="prx", qubits=(qubits[0],), args={"angle_t": 0.5, "phase_t": 0.0}),
            Instruction(name="measure", qubits=qubits, args={"key": "m"}),
        ],
    )


@pytest.fixture
def client(sandbox) -> IQMClient:
    """The vendor's client, with a token."""
    return IQMClient(sandbox.env("iqm")["IQM_SERVER_URL"] + "/cocos", token="any")


def test_a_job_from_submission_to_result(client):
    """Submit, status, compilation, results."""
    job_id = client.submit_circuits([circuit("QB1", "QB2")], shots=10)
    assert isinstance(job_id, UUID)
    assert client.get_run_status(job_id).status in set(Status)
    client.wait_for_compilation(job_id, timeout_secs=300)
    run = client.wait_for_results(job_id, timeout_secs=300)
    assert run.status is Status.READY
    assert len(run.measurements[0]["m"]) == 10
    assert client.get_run(job_id).metadata.request.shots == 10


def test_turns_are_turns(simulating_sandbox):
    """Half a turn flips a qubit."""
    client = IQMClient(simulating_sandbox.env("iqm")["IQM_SERVER_URL"] + "/cocos", token="any")
    job_id = client.submit_circuits([circuit("QB1", "QB2")], shots=10)
    run = client.wait_for_results(job_id, timeout_secs=300)
    assert {tuple(shot) for shot in run.measurements[0]["m"]} == {(1, 0)}


def test_every_option_is_accepted(client):
    """Mapping, calibration set, duration check and heralding reach the server."""
    job_id = client.submit_circuits(
        [circuit("a", "b")],
        qubit_mapping={"a": "QB3", "b": "QB4"},
        shots=50,
        max_circuit_duration_over_t2=10.0,
        heralding_mode=HeraldingMode.ZEROS,
    )
    run = client.wait_for_results(job_id, timeout_secs=300)
    assert 0 < len(run.measurements[0]["m"]) < 50


def test_aborting(client, sandbox):
    """A running job is aborted."""
    sandbox.change(job_time=30.0)
    try:
        job_id = client.submit_circuits([circuit("QB1", "QB2")], shots=10)
        client.abort_job(job_id)
        assert client.get_run_status(job_id).status is Status.ABORTED
    finally:
        sandbox.change(job_time=0.02)


def test_the_architecture(client):
    """The static architecture parses."""
    assert len(client.get_quantum_architecture().qubits) == 20


def test_logging_in_and_out(sandbox):
    """User name and password against Keycloak, refresh tokens, and the end of the session."""
    url = sandbox.env("iqm")["IQM_SERVER_URL"]
    client = IQMClient(
        url + "/cocos", auth_server_url=url, username="someone", password="something"
    )
    assert client.get_quantum_architecture().name == "garnet"
    assert client.close_auth_session() is True
