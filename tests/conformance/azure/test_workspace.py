"""The vendor's unmodified client completes every operation on the sandbox."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from azure.core.exceptions import ClientAuthenticationError, HttpResponseError
from azure.quantum import Job, JobDetails, SessionJobFailurePolicy
from azure.quantum._constants import ConnectionConstants
from azure.quantum.job.session import Session
from azure.quantum.target import IonQ, Quantinuum, Rigetti
from azure.quantum.target.pasqal import Pasqal, Result
from azure.quantum.workspace import WorkspaceConnectionParams

from .conftest import workspace_at

BELL = {
    "qubits": 2,
    "circuit": [{"gate": "h", "target": 0}, {"gate": "cnot", "control": 0, "target": 1}],
}
QASM = 'OPENQASM 2.0; include "qelib1.inc"; qreg q[2]; creg c[2]; h q[0]; cx q[0],q[1]; measure q -> c;'
QUIL = "DECLARE ro BIT[2]\nH 0\nCNOT 0 1\nMEASURE 0 ro[0]\nMEASURE 1 ro[1]\n"


def ended(job: Job) -> Job:
    job.wait_until_completed(max_poll_wait_secs=0.1, timeout_secs=300, print_progress=False)
    return job


def bell(workspace, **more) -> Job:
    return IonQ(workspace, name="ionq.simulator").submit(BELL, shots=100, **more)


def test_the_connection_string_is_one_that_the_vendor_reads(env):
    """Subscription, group, workspace and key come out of it."""
    params = WorkspaceConnectionParams(connection_string=env["AZURE_QUANTUM_CONNECTION_STRING"])
    assert (params.resource_group, params.workspace_name) == ("sandbox", "sandbox")
    assert params.credential.key == "sandbox"
    assert ConnectionConstants.DATA_PLANE_CREDENTIAL_SCOPE


def test_ionq_runs_its_own_circuits(simulated):
    """Submit, wait, results: half of the shots each."""
    results = ended(bell(simulated)).get_results()
    assert set(results["histogram"]) == {"0", "3"}
    assert sum(results["histogram"].values()) == pytest.approx(1)


def test_quantinuum_runs_openqasm(simulated):
    """One string of bits per shot and register."""
    job = ended(Quantinuum(simulated, name="quantinuum.sim.h2-1e").submit(QASM, shots=50))
    assert len(job.get_results()["c"]) == 50
    assert set(job.get_results()["c"]) <= {"00", "11"}


def test_quantinuums_syntax_checker_runs_nothing(simulated):
    """All zeros, whatever was sent."""
    job = ended(Quantinuum(simulated, name="quantinuum.sim.h2-1sc").submit(QASM, shots=5))
    assert job.get_results() == {"c": ["00"] * 5}


def test_rigetti_runs_quil(simulated):
    """Register, shots, values."""
    job = ended(Rigetti(simulated, name="rigetti.sim.qvm").submit(QUIL, shots=50))
    assert {tuple(shot) for shot in job.get_results()["ro"]} <= {(0, 0), (1, 1)}


def test_pasqal_runs_sequences(simulated, sequence):
    """Flat counts of the atoms."""
    target = Pasqal(simulated, name="pasqal.sim.emu-free")
    data = {"sequence_builder": sequence.to_abstract_repr()}
    job = ended(target.submit(data, input_params={"variables": {"omega": [0.0]}}, shots=20))
    assert Result(job).data == {"00": 20}


def test_bad_quil_fails_with_the_services_code(workspace):
    """The job fails, not the request."""
    job = ended(Rigetti(workspace, name="rigetti.sim.qvm").submit("WAT 0", shots=5))
    assert job.details.status == "Failed"
    assert job.details.error_data.code == "InvalidInputData"


def test_yesterdays_name_of_the_shots_is_understood(workspace):
    """Both `shots` and `count` are read."""
    job = IonQ(workspace, name="ionq.simulator").submit(BELL, input_params={"count": 40})
    assert ended(job).details.status == "Succeeded"


def test_jobs_are_listed_filtered_and_paged(workspace):
    """Names, statuses, dates and order; more than a page of them."""
    for number in range(3):
        ended(bell(workspace, name=f"first {number}"))
    bell(workspace, name="second")
    assert len(workspace.list_jobs(name_match="first")) == 3
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    assert len(workspace.list_jobs(created_before=tomorrow)) == 4
    names = [
        details.name
        for details in workspace.list_jobs_paginated(orderby_property="Name", is_asc=False)
    ]
    assert names == sorted(names, reverse=True)
    assert len(list(workspace.list_jobs_paginated(skip=1, top=1))) == 3
    assert len(workspace.list_jobs(status=["Succeeded"], provider=["ionq"])) >= 3


def test_a_job_is_updated(workspace):
    """Name and tags."""
    job = ended(bell(workspace))
    assert workspace.update_job(job, name="renamed", tags=["a", "b"]).details.name == "renamed"
    assert workspace.get_job(job.id).details.tags == ["a", "b"]


def test_a_job_is_cancelled_and_deleted(workspace, sandbox):
    """204 is what the service answers to both."""
    sandbox.change(job_time="30s")
    job = bell(workspace)
    assert workspace.cancel_job(job).details.status == "Cancelled"
    sandbox.change(job_time="20ms")
    workspace.delete_job(job)
    with pytest.raises(HttpResponseError):
        workspace.get_job(job.id)


def test_attachments_lie_beside_the_input(workspace):
    """Upload, list, download."""
    job = ended(bell(workspace))
    job.upload_attachment("notes.txt", b"remember")
    assert job.download_attachment("notes.txt") == b"remember"
    names = [blob["name"] for blob in job.list_attachments()]
    assert "notes.txt" in names


def test_an_expired_signature_is_renewed(workspace, sandbox):
    """Results come although the job's own addresses are too old."""
    sandbox.change(options={"azure": {"sas_lifetime": "200s"}})
    assert ended(bell(workspace)).get_results()["histogram"]


@pytest.mark.parametrize("policy", list(SessionJobFailurePolicy))
def test_sessions_follow_their_failure_policy(workspace, policy):
    """Abort ends the session with the first failure, Continue does not."""
    target = Rigetti(workspace, name="rigetti.sim.qvm")
    session = target.open_session(name="s", job_failure_policy=policy)
    assert session.details.status == "Waiting"
    ended(target.submit("WAT 0", shots=5))
    if policy == "Abort":
        assert session.refresh().details.status == "Failed"
        with pytest.raises(HttpResponseError, match="terminal state"):
            target.submit(QUIL, shots=5)
    else:
        assert session.refresh().details.status == "Failure(s)"
        ended(target.submit(QUIL, shots=5))
        session.close()
        assert session.refresh().details.status == "Failed"
        assert len(session.list_jobs()) == 2


def test_a_session_without_failures_succeeds(workspace):
    """Opened and closed as a context manager."""
    target = IonQ(workspace, name="ionq.simulator")
    with target.open_session(name="good") as session:
        ended(target.submit(BELL, shots=10))
    assert workspace.get_session(session.id).details.status == "Succeeded"
    assert [s.id for s in workspace.list_sessions()] == [session.id]
    assert {item.id for item in workspace.list_top_level_items()} == {session.id}


def test_a_session_is_opened_by_itself(workspace):
    """The workspace opens and closes what a target did not make."""
    session = Session(workspace=workspace, target="ionq.simulator", provider_id="ionq")
    workspace.open_session(session)
    workspace.close_session(session)
    assert session.details.status == "Succeeded"


def test_targets_and_quotas_are_listed(workspace):
    """Targets with their queue time, quotas with their limits."""
    targets = {target.name: target for target in workspace.get_targets()}
    assert targets["pasqal.qpu.fresnel"].average_queue_time == 17
    assert workspace.get_targets(name="ionq.simulator").name == "ionq.simulator"
    assert {quota["providerId"] for quota in workspace.get_quotas()} == {"ionq", "pasqal"}


def test_echo_returns_its_input(workspace):
    """The test provider's target, by a job made by hand."""
    job = Job.from_input_data(
        workspace=workspace,
        name="echo",
        target="echo-output",
        input_data=b"{ input: 'data' }",
        provider_id="Microsoft.Test.FirstParty",
        input_data_format="microsoft.quantum-log.v1",
        output_data_format="microsoft.quantum-log.v1",
        input_params={},
    )
    assert ended(job).get_results() == "{ input: 'data' }"
    assert isinstance(job.details, JobDetails)
    assert job.details.provider_id == "microsoft.test.firstparty"


def test_a_bad_key_is_refused_without_a_body(env):
    """401, as the service answers."""
    with pytest.raises(ClientAuthenticationError):
        workspace_at(env, "invalid").list_jobs()


def test_every_documented_status_is_passed_through(workspace, sandbox):
    """A workspace of the newer kind shows its further words as well."""
    sandbox.change(
        options={"azure": {"kind": "V2"}}, job_time="0.4s", queue_time="0.4s", cancel_time="0.4s"
    )
    try:
        assert _words(workspace, bell(workspace)) == [
            "Queued",
            "Waiting",
            "Executing",
            "Finishing",
            "Completed",
        ]
        job = bell(workspace)
        while workspace.get_job(job.id).details.status != "Executing":
            pass
        workspace.cancel_job(job)
        assert _words(workspace, job) == ["CancellationRequested", "Cancelling", "Cancelled"]
    finally:
        sandbox.change(job_time="20ms", queue_time="0s", cancel_time="0s")


def _words(workspace, job) -> list[str]:
    seen: list[str] = []
    while not seen or seen[-1] not in {"Completed", "Cancelled", "Failed"}:
        word = workspace.get_job(job.id).details.status
        if not seen or seen[-1] != word:
            seen.append(word)
    return seen


def test_a_qir_program_gives_a_histogram_and_shots(simulated):
    """What every gate-model target takes."""
    text = (
        "define void @ENTRYPOINT__main() #0 {\n"
        "  call void @__quantum__qis__x__body(%Qubit* null)\n"
        "  call void @__quantum__qis__m__body(%Qubit* null, %Result* null)\n"
        "  call void @__quantum__rt__array_record_output(i64 1, i8* null)\n"
        "  call void @__quantum__rt__result_record_output(%Result* null, i8* null)\n"
        "  ret void\n}\n"
    )
    job = Job.from_input_data(
        workspace=simulated,
        name="qir",
        target="quantinuum.sim.h2-1e",
        input_data=text.encode(),
        provider_id="quantinuum",
        content_type="qir.v1",
        input_data_format="qir.v1",
        output_data_format="microsoft.quantum-results.v2",
        input_params={"shots": 7, "items": [{"entryPoint": "ENTRYPOINT__main", "arguments": []}]},
    )
    assert ended(job).get_results_histogram() == {"[1]": {"outcome": [1], "count": 7}}
    assert job.get_results_shots() == [[1]] * 7
    assert json.dumps(job.get_results()) == '{"[1]": 1.0}'
