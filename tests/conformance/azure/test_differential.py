"""The vendor's client and ours, on the same sandbox: same calls, same fields, same results."""

from __future__ import annotations

import ast
import base64
import json
import os
import subprocess
import sys
import time
import uuid
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from azure.core.exceptions import HttpResponseError
from azure.quantum import Job, SessionJobFailurePolicy
from azure.quantum.job.session import Session
from azure.quantum.target import IonQ, Quantinuum, Rigetti
from azure.quantum.target.pasqal import Pasqal, Result

DRIVER = Path(__file__).with_name("ours.py")
BELL = {
    "qubits": 2,
    "circuit": [{"gate": "h", "target": 0}, {"gate": "cnot", "control": 0, "target": 1}],
}
QASM = (
    'OPENQASM 2.0; include "qelib1.inc"; qreg q[2]; creg a[1]; creg b[1]; x q[0]; '
    "measure q[0] -> a[0]; measure q[1] -> b[0];"
)
QUIL = "DECLARE ro BIT[2]\nX 0\nMEASURE 0 ro[0]\nMEASURE 1 ro[1]\n"
QIR = (
    "define void @ENTRYPOINT__main() #0 {\n"
    "  call void @__quantum__qis__h__body(%Qubit* null)\n"
    "  call void @__quantum__qis__m__body(%Qubit* null, %Result* null)\n"
    "  call void @__quantum__rt__array_record_output(i64 1, i8* null)\n"
    "  call void @__quantum__rt__result_record_output(%Result* null, i8* null)\n"
    "  ret void\n}\n"
)
SIGNED = {"containerUri", "inputDataUri", "outputDataUri"}
ENDED = {"Succeeded", "Completed", "Failed", "Cancelled"}


@contextmanager
def our_client(env):
    """Our client, in an environment that holds it, as a function of calls."""
    python = os.environ.get("QUANTUM_ASYNC_SANDBOX_PYTHON") or sys.executable
    pipe = subprocess.PIPE
    variables = {**os.environ, "SANDBOX": json.dumps(env)}
    with subprocess.Popen(
        [python, str(DRIVER)], stdin=pipe, stdout=pipe, text=True, env=variables
    ) as process:

        def ask(call, *positional, **arguments):
            request = {"call": call, "positional": positional, "arguments": arguments}
            process.stdin.write(json.dumps(request) + "\n")
            process.stdin.flush()
            line = process.stdout.readline()
            assert line, "our client ended"
            answer = json.loads(line)
            return answer.get("value", answer)

        yield ask
        process.stdin.close()


@pytest.fixture(scope="module")
def process(counting_sandbox):
    """Our client of the fast sandbox."""
    with our_client(counting_sandbox.env("azure")) as ask:
        yield ask


@pytest.fixture
def ours(process, sandbox):
    """The same, with nothing in the sandbox."""
    del sandbox
    return process


@pytest.fixture(scope="module")
def simulating(simulating_sandbox):
    """Our client of the sandbox that simulates."""
    with our_client(simulating_sandbox.env("azure")) as ask:
        yield ask


def ended(job):
    """Wait for a job of the vendor's."""
    job.wait_until_completed(max_poll_wait_secs=0.1, timeout_secs=300, print_progress=False)
    return job


def waited(workspace, job_id):
    """The vendor's view of a job that has ended."""
    while workspace.get_job(job_id).details.status not in ENDED:
        time.sleep(0.02)
    return workspace.get_job(job_id)


def fields(document):
    """A job's or a session's fields, with moments as moments and without signatures.

    What is null for the service is empty for us, so that either is left out.
    """
    return {
        name: comparable(name, value)
        for name, value in document.items()
        if value is not None and value not in ("", {}, [])
    }


def comparable(name, value):
    """A value without what two answers may write differently."""
    if name in SIGNED:
        return value.partition("?")[0]
    return datetime.fromisoformat(value) if name.endswith("Time") else value


def same(theirs, mine):
    """Compare the vendor's item with ours, field by field."""
    details = getattr(theirs, "details", theirs)
    assert fields(mine) == fields(details.as_dict())


def filters(**given):
    return {"$type": "ItemFilters", **given}


NATIVE = [
    (IonQ, "ionq.simulator", BELL, "ionq"),
    (Quantinuum, "quantinuum.sim.h2-1e", QASM, "quantinuum"),
    (Rigetti, "rigetti.sim.qvm", QUIL, "quil"),
]


@pytest.mark.parametrize("case", NATIVE, ids=lambda case: case[3])
def test_a_job_is_the_same_whoever_submits_it(workspace, ours, case):
    """All fields but those of who and when: what was sent is read alike by both."""
    kind, target, program, written = case
    theirs = ended(kind(workspace, name=target).submit(program, name="ours", shots=10))
    same(theirs, ours("jobs.get", theirs.id))
    text = json.dumps(program) if isinstance(program, dict) else program
    job_id = ours("submit", uuid.uuid4().hex, target, [written, text], 10)
    mine = fields(ours("jobs.get", waited(workspace, job_id).id))
    same(workspace.get_job(job_id), ours("jobs.get", job_id))
    other = fields(theirs.details.as_dict())
    own = {
        "id",
        "metadata",
        "costEstimate",
        *SIGNED,
        *(name for name in mine if name.endswith("Time")),
    }
    assert {n: v for n, v in mine.items() if n not in own} == {
        n: v for n, v in other.items() if n not in own
    }
    assert workspace.get_job(job_id).download_data(
        workspace.get_job(job_id).details.input_data_uri
    ) == theirs.download_data(theirs.details.input_data_uri)


def test_native_results_are_the_same(simulated, simulating):
    """Each vendor's own shape gives our counts."""
    job = ended(Quantinuum(simulated, name="quantinuum.sim.h2-1e").submit(QASM, shots=9))
    assert job.get_results() == {"a": ["1"] * 9, "b": ["0"] * 9}
    assert simulating("fetch", job.id)["counts"] == {"0 1": 9}
    job = ended(Rigetti(simulated, name="rigetti.sim.qvm").submit(QUIL, shots=9))
    assert job.get_results() == {"ro": [[1, 0]] * 9}
    assert simulating("fetch", job.id)["counts"] == {"01": 9}


def test_ionqs_shares_become_counts(simulated, simulating):
    """In the vendor's own proportions, to the last shot, and the same each time."""
    target = IonQ(simulated, name="ionq.simulator")
    metadata = {"num_qubits": "2", "meas_map": "[0, 1]"}
    job = ended(target.submit(BELL, shots=100, metadata=metadata))
    shares = job.get_results()["histogram"]
    counts = simulating("fetch", job.id)["counts"]
    assert counts == {f"{int(key):02b}": round(100 * share) for key, share in shares.items()}
    assert simulating("fetch", job.id)["counts"] == counts


def test_qir_outcomes_are_the_same(simulated, simulating):
    """Histogram and shots as the vendor displays them; counts that add up to them."""
    job = ended(
        Job.from_input_data(
            workspace=simulated,
            name="qir",
            target="quantinuum.sim.h2-1e",
            input_data=QIR.encode(),
            provider_id="quantinuum",
            content_type="qir.v1",
            input_data_format="qir.v1",
            output_data_format="microsoft.quantum-results.v2",
            input_params={"shots": 50, "items": [{"entryPoint": "ENTRYPOINT__main"}]},
        )
    )
    theirs = {shown: found["count"] for shown, found in job.get_results_histogram().items()}
    mine = simulating("outcomes", job.id)
    assert mine["histogram"] == [theirs]
    assert mine["shots"] == [job.get_results_shots()]
    counts = simulating("fetch", job.id)["counts"]
    assert {f"[{bits}]": count for bits, count in counts.items()} == theirs


RESULT = "  call void @__quantum__rt__result_record_output({}, i8* null)\n"
ZERO, ONE = (
    RESULT.format("%Result* null"),
    RESULT.format("%Result* inttoptr (i64 1 to %Result*)"),
)
TUPLE = "  call void @__quantum__rt__tuple_record_output(i64 2, i8* null)\n"
ARRAY = "  call void @__quantum__rt__array_record_output(i64 2, i8* null)\n"
RECORDS = {
    "a tuple": TUPLE + ONE + ZERO,
    "nested tuples": TUPLE + TUPLE + ZERO + ONE + ONE,
    "an array in a tuple": TUPLE + ARRAY + ZERO + ONE + ONE,
    "an array": ARRAY + ZERO + ONE,
}


def qiskit_key(outcome) -> str:
    """Write an outcome as the vendor's Qiskit job does."""
    if isinstance(outcome, tuple):
        return " ".join(map(qiskit_key, outcome))
    return "".join(map(str, outcome if isinstance(outcome, list) else [outcome]))


@pytest.mark.parametrize("version", ["v1", "v2"])
@pytest.mark.parametrize("records", RECORDS)
def test_registers_are_those_of_the_vendors_outcomes(simulated, simulating, records, version):
    """Tuples, nested ones and arrays, as listed and as displayed."""
    program = (
        "define void @ENTRYPOINT__main() #0 {\n"
        "  call void @__quantum__qis__x__body(%Qubit* inttoptr (i64 1 to %Qubit*))\n"
        "  call void @__quantum__qis__m__body(%Qubit* null, %Result* null)\n"
        "  call void @__quantum__qis__m__body(%Qubit* inttoptr (i64 1 to %Qubit*), "
        "%Result* inttoptr (i64 1 to %Result*))\n"
        f"{RECORDS[records]}  ret void\n}}\n"
    )
    job = ended(
        Job.from_input_data(
            workspace=simulated,
            name="qir",
            target="quantinuum.sim.h2-1e",
            input_data=program.encode(),
            provider_id="quantinuum",
            content_type="qir.v1",
            input_data_format="qir.v1",
            output_data_format=f"microsoft.quantum-results.{version}",
            input_params={"shots": 20, "items": [{"entryPoint": "ENTRYPOINT__main"}]},
        )
    )
    (displayed,) = job.get_results()
    outcomes = job.get_results_shots() if version == "v2" else [ast.literal_eval(displayed)]
    (key,) = set(map(qiskit_key, outcomes))
    assert simulating("fetch", job.id)["counts"] == {key: 20}


@pytest.mark.parametrize("shape", ["flat", "counter", "serialised"])
def test_pasqals_results_are_the_same(simulated, simulating, simulating_sandbox, sequence, shape):
    """Every shape of them, whoever submitted."""
    simulating_sandbox.change(options={"azure": {"pasqal_results": shape}})
    text = sequence.to_abstract_repr()
    data, target = {"sequence_builder": text}, "pasqal.sim.emu-free"
    params = {"variables": {"omega": [4.0]}}
    theirs = ended(
        Pasqal(simulated, name=target).submit(data, input_params=params, shots=40, name="ours")
    )
    key = uuid.uuid4().hex
    job_id = simulating("submit", key, target, ["pulser", text], 40, variables={"omega": [4.0]})
    mine = waited(simulated, job_id)
    for job in (theirs, mine):
        found = simulating("fetch", job.id)
        assert found["counts"] == Result(job).data
        assert (found["atoms"], found["shots"]) == (["a", "b"], 40)
    assert mine.details.input_params == theirs.details.input_params
    simulating_sandbox.change(options={"azure": {"pasqal_results": "flat"}})


def test_lists_are_the_same(workspace, ours):
    """Every filter, order and page."""
    session = IonQ(workspace, name="ionq.simulator").open_session(name="in a session")
    target = IonQ(workspace, name="ionq.simulator")
    target.latest_session = session
    ended(target.submit(BELL, shots=5, name="a job"))
    session.close()
    ended(IonQ(workspace, name="ionq.simulator").submit(BELL, shots=5, name="alone"))
    ended(Rigetti(workspace, name="rigetti.sim.qvm").submit("WAT 0", shots=5, name="a failure"))
    yesterday = datetime.now(UTC) - timedelta(days=1)
    tomorrow = yesterday + timedelta(days=2)
    for theirs, mine in (
        ({}, {}),
        ({"name_match": "a "}, {"name": "a "}),
        ({"status": ["Failed"]}, {"statuses": ["Failed"]}),
        ({"provider": ["ionq", "pasqal"]}, {"providers": ["ionq", "pasqal"]}),
        ({"target": ["rigetti.sim.qvm"]}, {"targets": ["rigetti.sim.qvm"]}),
        # Both at once is a filter that the vendor's client writes without an `and`.
        ({"created_after": yesterday}, {"created_after": yesterday.isoformat()}),
        ({"created_before": tomorrow}, {"created_before": tomorrow.isoformat()}),
        ({"created_before": yesterday}, {"created_before": yesterday.isoformat()}),
    ):
        _same_items(workspace.list_jobs(**theirs), ours("jobs.list", filters(**mine)))
        _same_items(
            workspace.list_top_level_items(**theirs), ours("top_level_items.list", filters(**mine))
        )
    _same_items(workspace.list_sessions(), ours("sessions.list"))
    _same_items(session.list_jobs(), ours("sessions.jobs", session.id))
    for name in ("Name", "CreationTime", "State"):
        listed = workspace.list_jobs_paginated(orderby_property=name, is_asc=False)
        _same_items(listed, ours("jobs.list", filters(order=name, newest_first=True)))
    _same_items(workspace.list_jobs_paginated(skip=1), ours("jobs.list", skip=1))


def _same_items(theirs, mine):
    theirs = list(theirs)
    assert len(theirs) == len(mine)
    for one, other in zip(theirs, mine, strict=True):
        same(one, other)


def test_targets_and_quotas_are_the_same(workspace, ours):
    """Availability, queue times and limits."""
    mine = {target["id"]: target for target in ours("targets.list")}
    theirs = workspace.get_targets()
    assert {target.name for target in theirs} <= set(mine)
    for target in theirs:
        found = mine[target.name]
        assert found["currentAvailability"] == target.current_availability
        assert found["averageQueueTime"] == target.average_queue_time
    assert ours("quotas.list") == [dict(quota) for quota in workspace.get_quotas()]


def test_changes_by_one_are_seen_by_the_other(workspace, ours, sandbox):
    """Update, attachments, cancel, delete."""
    job = ended(IonQ(workspace, name="ionq.simulator").submit(BELL, shots=5))
    ours("jobs.update", job.id, name="mine", tags=["a", "b"])
    job.refresh()
    assert (job.details.name, job.details.tags) == ("mine", ["a", "b"])
    job.update(name="theirs", tags=["c"])
    same(job, ours("jobs.get", job.id))
    job.upload_attachment("theirs.txt", b"1")
    ours("jobs.upload_attachment", job.id, "mine.txt", {"$bytes": "2"})
    assert base64.b64decode(ours("jobs.download_attachment", job.id, "theirs.txt")) == b"1"
    assert job.download_attachment("mine.txt") == b"2"
    assert {*ours("jobs.list_attachments", job.id)} == {
        blob["name"] for blob in job.list_attachments()
    }
    sandbox.change(job_time="30s")
    waiting = IonQ(workspace, name="ionq.simulator").submit(BELL, shots=5)
    ours("jobs.cancel", waiting.id)
    waiting.refresh()
    assert waiting.details.status == "Cancelled"
    sandbox.change(job_time="20ms")
    ours("jobs.delete", job.id)
    with pytest.raises(HttpResponseError):
        workspace.get_job(job.id)
    assert ours("jobs.get", job.id)["error"] == "NotFoundError"


@pytest.mark.parametrize("policy", list(SessionJobFailurePolicy))
def test_sessions_are_the_same(workspace, ours, policy):
    """Opened by either, failed, closed by either; refused for the same reason."""
    opened = ours("sessions.open", "rigetti.sim.qvm", name="s", on_failure=policy.value)
    session = workspace.get_session(opened["id"])
    same(session, ours("sessions.get", opened["id"]))
    target = Rigetti(workspace, name="rigetti.sim.qvm")
    target.latest_session = session
    ended(target.submit("WAT 0", shots=5))
    same(session.refresh(), ours("sessions.get", session.id))
    refused = ours(
        "submit", uuid.uuid4().hex, "rigetti.sim.qvm", ["quil", QUIL], 5, batch=session.id
    )
    if policy == "Abort":
        with pytest.raises(HttpResponseError, match="terminal state"):
            target.submit(QUIL, shots=5)
        assert refused["error"] == "BatchClosedError"
        assert "InvalidInputData" in refused["message"]
    else:
        ended(target.submit(QUIL, shots=5))
        waited(workspace, refused)
        assert len(session.list_jobs()) == 3
    ours("sessions.close", session.id)
    same(session.refresh(), ours("sessions.get", session.id))
    other = Session(workspace, target="rigetti.sim.qvm", job_failure_policy=policy)
    workspace.open_session(other)
    workspace.close_session(other)
    same(other.refresh(), ours("sessions.close", other.id))
