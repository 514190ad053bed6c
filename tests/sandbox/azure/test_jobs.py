"""Jobs and sessions of the Azure face: what runs, what fails, what is refused, which words are said."""

from __future__ import annotations

import gzip
import json
import time
import uuid

import pytest

SUBSCRIPTION = "00000000-0000-4000-8000-000000000002"
GROUP = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/sandbox/providers/Microsoft.Quantum"
WORKSPACE = f"{GROUP}/workspaces/sandbox"
OFFERS = f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Quantum/suiteOffers"
VERSION = "api-version=2026-01-15-preview"
ENDED = {"Succeeded", "Completed", "Failed", "Cancelled"}

QUIL = "# a comment\nPRAGMA PRESERVE\nDECLARE ro BIT\nX 0\nMEASURE 0 ro\n"
QASM = 'OPENQASM 2.0; include "qelib1.inc"; qreg q[2]; creg a[1]; creg b[1]; measure q[0] -> a[0];'
IONQ = {"qubits": 2, "circuit": [{"gate": "cnot", "control": 0, "target": 1}]}
QIR = (
    "call void @__quantum__qis__rx__body(double 1.5, %Qubit* null)\n"
    "call void @__quantum__qis__m__body(%Qubit* null, %Result* null)\n"
    "call void @__quantum__rt__tuple_record_output(i64 2, i8* null)\n"
    "call void @__quantum__rt__array_record_output(i64 1, i8* null)\n"
    "call void @__quantum__rt__result_record_output(%Result* null, i8* null)\n"
    "call void @__quantum__rt__array_record_output(i64 1, i8* null)\n"
    "call void @__quantum__rt__result_record_output(%Result* null, i8* null)\n"
)
SEQUENCE = {
    "register": [{"qid": "q0"}, {"qid": "q1"}, {"qid": "q2"}],
    "variables": {"omega": {"type": "float", "value": [0.0]}},
}
PULSER = json.dumps({"sequence_builder": json.dumps(SEQUENCE)})
VALUES = {"omega": [1.0], "qubits": {"q0": 3, "q1": 5}}

FORMATS = {
    "quil": ("rigetti.sim.qvm", "rigetti.quil.v1", "rigetti.quil-results.v1"),
    "qasm": ("quantinuum.sim.h2-1e", "honeywell.openqasm.v1", "honeywell.quantum-results.v1"),
    "checker": ("quantinuum.sim.h2-1sc", "honeywell.openqasm.v1", "honeywell.quantum-results.v1"),
    "ionq": ("ionq.simulator", "ionq.circuit.v1", "ionq.quantum-results.v1"),
    "qir": ("ionq.simulator", "qir.v1", "microsoft.quantum-results.v2"),
    "pulser": ("pasqal.sim.emu-mps", "pasqal.pulser.v1", "pasqal.pulser-results.v1"),
}


class Service:
    """The service by plain HTTP."""

    def __init__(self, wire) -> None:
        self.wire = wire

    def ask(self, method: str, path: str, body=None, *, query: str = VERSION, **headers):
        return self.wire.ask(method, f"{WORKSPACE}{path}?{query}", body, **headers)

    def local(self, uri: str) -> str:
        """The path of a signed address."""
        return "/" + uri.partition("://")[2].partition("/")[2]

    def job(self, form: str, content, *, blob: bool = True, **changes) -> str:
        """Put a job, and say its id."""
        job_id = str(uuid.uuid4())
        target, given, wanted = FORMATS[form]
        sas = self.ask("POST", "/storage/sasUri", {"containerName": f"job-{job_id}"}).json["sasUri"]
        path, _, signature = self.local(sas).partition("?")
        if blob:
            data = content if isinstance(content, bytes) else content.encode()
            assert self.wire.ask("PUT", f"{path}/inputData?{signature}", data).status == 201
        body = {
            "name": form,
            "providerId": target.partition(".")[0],
            "target": target,
            "containerUri": sas,
            "inputDataUri": sas.partition("?")[0] + "/inputData",
            "inputDataFormat": given,
            "outputDataFormat": wanted,
            "inputParams": {"shots": 4},
            **changes,
        }
        assert self.ask("PUT", f"/jobs/{job_id}", body).status == 200
        return job_id

    def ended(self, job_id: str) -> dict:
        """Wait for a job."""
        while (found := self.ask("GET", f"/jobs/{job_id}").json)["status"] not in ENDED:
            time.sleep(0.01)
        return found

    def output(self, job_id: str):
        """What a job has written."""
        found = self.ended(job_id)
        assert found["status"] == "Succeeded", found["errorData"]
        return self.wire.ask("GET", self.local(found["outputDataUri"])).json

    def word(self, job_id: str) -> str:
        return self.ask("GET", f"/jobs/{job_id}").json["status"]


@pytest.fixture
def service(blocking_sandbox, wire_to) -> Service:
    """The service by plain HTTP."""
    return Service(wire_to(blocking_sandbox.url("azure")))


def test_every_vendors_output_has_its_shape(service):
    """Registers, shares, shots, tuples: as each format writes them."""
    assert set(service.output(service.job("quil", QUIL))) == {"ro"}
    assert set(service.output(service.job("qasm", QASM))) == {"a", "b"}
    assert service.output(service.job("checker", QASM)) == {"a": ["0"] * 4, "b": ["0"] * 4}
    histogram = service.output(service.job("ionq", json.dumps(IONQ)))["histogram"]
    assert sum(histogram.values()) == pytest.approx(1)
    [entry] = service.output(service.job("qir", QIR))["Results"]
    assert set(entry["Shots"][0]) == {"Item1", "Item2"}
    assert sum(bucket["Count"] for bucket in entry["Histogram"]) == 4


@pytest.mark.parametrize("shape", ["flat", "counter", "serialised"])
def test_pasqals_output_has_the_shape_that_is_set(service, blocking_sandbox, shape):
    """Counts of the atoms that the job maps; Pulser's own results where that is asked for."""
    blocking_sandbox.change(options={"azure": {"pasqal_results": shape}})
    params = {"count": 6, "variables": VALUES}
    found = service.output(service.job("pulser", PULSER, inputParams=params))
    blocking_sandbox.change(options={"azure": {"pasqal_results": "flat"}})
    counts = found if shape == "flat" else found["counter"]
    assert sum(counts.values()) == 6
    assert {len(key) for key in counts} == {2}
    assert ("serialised_results" in found) == (shape == "serialised")
    if shape == "serialised":
        assert json.loads(found["serialised_results"])["atom_order"] == ["q0", "q1"]


@pytest.mark.parametrize(
    ("form", "content", "params", "code"),
    [
        ("quil", "WAT 0", {}, "InvalidInputData"),
        ("quil", "DECLARE ro BIT[1]\nWIBBLE 0\n", {}, "InvalidInputData"),
        ("qasm", "OPENQASM 2.0; qreg q[1];", {}, "InvalidInputData"),
        ("ionq", "{oops", {}, "InvalidInputData"),
        ("ionq", '{"gateset": "native", "qubits": 1, "circuit": []}', {}, "InvalidInputData"),
        (
            "ionq",
            '{"qubits": 1, "circuit": [{"gate": "wat", "target": 0}]}',
            {},
            "InvalidInputData",
        ),
        ("qir", "ret void", {}, "InvalidInputData"),
        (
            "qir",
            "call void @__quantum__qis__wat__body(%Qubit* null)\n" + QIR,
            {},
            "InvalidInputData",
        ),
        ("pulser", PULSER, {"variables": {"wrong": 1}}, "InvalidInputData"),
        ("pulser", "[]", {}, "InvalidInputData"),
        ("quil", QUIL, {"shots": 0}, "InvalidProperty"),
    ],
    ids=range(11),
)
def test_what_cannot_run_fails_as_a_job(service, form, content, params, code):
    """Not as a request: the job is there, failed, with the service's word."""
    found = service.ended(service.job(form, content, inputParams={"shots": 4, **params}))
    assert (found["status"], found["errorData"]["code"]) == ("Failed", code)


def test_an_input_that_is_not_stored_fails_too(service):
    """It names the blob that is missing."""
    found = service.ended(service.job("quil", QUIL, blob=False))
    assert "inputData" in found["errorData"]["message"]


def test_a_packed_input_is_unpacked_and_shots_have_a_default(service):
    """As the label of the blob says; 500 shots where none are named is the emulators' affair."""
    job_id = service.job("quil", gzip.compress(QUIL.encode()), inputParams={})
    assert len(service.output(job_id)["ro"]) > 0


def test_qir_is_read_with_every_kind_of_operand(service):
    """Angles as bits or decimals, adjoints, results that are overwritten."""
    text = (
        "call void @__quantum__qis__rx__body(double 0x3FF8000000000000, %Qubit* null)\n"
        "call void @__quantum__qis__s__adj(%Qubit* inttoptr (i64 1 to %Qubit*))\n"
        "call void @__quantum__qis__m__body(%Qubit* null, %Result* null)\n"
        "call void @__quantum__qis__m__body(%Qubit* null, %Result* inttoptr (i64 1 to %Result*))\n"
        "call void @__quantum__rt__result_record_output(%Result* null, i8* null)\n"
    )
    [entry] = service.output(service.job("qir", text))["Results"]
    assert {len(shot) for shot in entry["Shots"]} == {1}


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"name": ""}, "InvalidJobDefinition"),
        ({"target": "acme.qpu"}, "InvalidTarget"),
        ({"sessionId": "nobody"}, "NotFound"),
    ],
)
def test_a_job_that_nobody_could_run_is_refused(service, changes, code):
    """As a request."""
    body = {
        "name": "n",
        "providerId": "rigetti",
        "target": "rigetti.sim.qvm",
        "containerUri": "http://x/job-1",
        "inputDataFormat": "rigetti.quil.v1",
        **changes,
    }
    found = service.ask("PUT", "/jobs/x", body)
    assert found.status in {400, 404}
    assert found.json["error"]["code"] == code


def test_updating_takes_a_merge_patch(service):
    """Name, priority and tags; another media type is refused."""
    job_id = service.job("quil", QUIL, tags=["first"])
    headers = {"Content-Type": "application/merge-patch+json"}
    changes = json.dumps({"name": "new", "priority": "High", "tags": ["a"]}).encode()
    found = service.ask("PATCH", f"/jobs/{job_id}", changes, **headers)
    assert found.json == {"id": job_id, "name": "new", "priority": "High", "tags": ["a"]}
    plain = service.ask("PATCH", f"/jobs/{job_id}", changes, **{"Content-Type": "application/json"})
    assert (plain.status, plain.json["error"]["code"]) == (415, "UnsupportedMediaType")


def test_deleting_and_cancelling_go_by_the_version(service, blocking_sandbox):
    """DELETE cancels in old ones; in new ones it deletes what has ended."""
    blocking_sandbox.change(job_time="30s")
    job_id = service.job("quil", QUIL)
    assert service.ask("DELETE", f"/jobs/{job_id}").status == 409
    old = "api-version=2025-09-01-preview"
    assert service.ask("DELETE", f"/jobs/{job_id}", query=old).status == 204
    assert service.word(job_id) == "Cancelled"
    assert service.ask("POST", f"/jobs/{job_id}:cancel").status == 409
    assert service.ask("DELETE", f"/jobs/{job_id}").status == 204
    assert service.ask("GET", f"/jobs/{job_id}").status == 404
    blocking_sandbox.change(options={"azure": {"cancel_answers": 200}})
    other = service.job("quil", QUIL)
    answered = service.ask("POST", f"/jobs/{other}:cancel")
    assert (answered.status, answered.json["id"]) == (200, other)
    blocking_sandbox.change(job_time="20ms", options={"azure": {"cancel_answers": 204}})


@pytest.mark.parametrize(
    ("kind", "life", "cancelling"),
    [
        ("V1", ["Waiting", "Waiting", "Executing", "Finishing", "Succeeded"], ["Executing"] * 2),
        (
            "V2",
            ["Queued", "Waiting", "Executing", "Finishing", "Completed"],
            ["CancellationRequested", "Cancelling"],
        ),
    ],
)
def test_every_word_of_a_jobs_life_is_said(standing, kind, life, cancelling):
    """In both kinds of workspace, and those of a cancellation in the newer one."""
    settings = {"job_time": 10.0, "queue_time": 1.0, "cancel_time": 2.0}
    wire = standing("azure", options={"azure": {"kind": kind}}, **settings)
    service = Service(wire)

    def words(job_id: str, *moments: float) -> list[str]:
        began, said = wire.now, []
        for moment in moments:
            wire.now = began + moment
            said.append(service.word(job_id))
        return said

    assert words(service.job("quil", QUIL), 0.4, 0.6, 1.0, 9.5, 11.0) == life
    job_id = service.job("quil", QUIL)
    wire.now += 5.0
    service.ask("POST", f"/jobs/{job_id}:cancel")
    assert words(job_id, 0.9, 1.0, 2.0) == [*cancelling, "Cancelled"]


SESSION = {"name": "s", "providerId": "rigetti", "target": "rigetti.sim.qvm"}


def opened(service, **changes) -> str:
    session_id = str(uuid.uuid4())
    assert service.ask("PUT", f"/sessions/{session_id}", {**SESSION, **changes}).status == 200
    return session_id


def test_a_session_that_is_idle_times_out(standing):
    """It takes no more jobs then, and says since when; a job that runs keeps it awake."""
    wire = standing("azure", job_time=20.0, options={"azure": {"session_timeout": 10.0}})
    service = Service(wire)
    idle, running = opened(service), opened(service)
    service.job("quil", QUIL, sessionId=running)

    def said(session_id: str) -> tuple[str, bool]:
        found = service.ask("GET", f"/sessions/{session_id}").json
        return found["status"], bool(found["endExecutionTime"])

    wire.now += 9.9
    assert said(idle) == ("Waiting", False)
    wire.now += 10.0
    assert (said(idle), said(running)) == (("TimedOut", True), ("Executing", False))
    wire.now += 10.2
    assert said(running) == ("TimedOut", True)


@pytest.mark.parametrize("policy", ["Abort", "Continue"])
def test_a_failed_job_ends_a_session_by_its_policy(service, policy):
    """At once, with later jobs refused; or with the last one, once it is closed."""
    session_id = opened(service, jobFailurePolicy=policy)
    service.ended(service.job("quil", "WAT", sessionId=session_id))
    found = service.ask("GET", f"/sessions/{session_id}").json
    if policy == "Abort":
        assert (found["status"], bool(found["endExecutionTime"])) == ("Failed", True)
    else:
        assert (found["status"], found["endExecutionTime"]) == ("Failure(s)", None)
    closed = service.ask("POST", f"/sessions/{session_id}:close").json
    assert closed["status"] == "Failed"
    assert service.ask("POST", f"/sessions/{session_id}:close").json == closed


def test_a_closed_session_goes_on_until_its_jobs_have_ended(service, blocking_sandbox):
    """Executing, then Succeeded; without jobs at once."""
    blocking_sandbox.change(job_time="0.3s")
    session_id = opened(service)
    job_id = service.job("quil", QUIL, sessionId=session_id)
    assert service.ask("POST", f"/sessions/{session_id}:close").json["status"] == "Executing"
    service.ended(job_id)
    assert service.ask("GET", f"/sessions/{session_id}").json["status"] == "Succeeded"
    blocking_sandbox.change(job_time="20ms")
    assert service.ask("POST", f"/sessions/{opened(service)}:close").json["status"] == "Succeeded"


@pytest.mark.parametrize("field", ["name", "providerId", "target"])
def test_a_session_needs_its_fields(service, field):
    """Each by name."""
    found = service.ask("PUT", "/sessions/x", {**SESSION, field: ""})
    assert (found.status, found.json["error"]["message"]) == (400, f"{field} is missing")


@pytest.mark.parametrize(
    "query",
    [
        "skip=many",
        "orderby=Size%20asc",
        "orderby=Name%20sideways",
        "filter=Size%20eq%20'x'",
        "filter=Name",
        "filter=State%20eq%20'Failed'%20or%20State%20eq%20'Waiting'",
        "filter=(Size%20eq%20'x')",
    ],
)
def test_a_list_that_cannot_be_understood_is_refused(service, query):
    """With the service's code, whatever part of it is wrong."""
    found = service.ask("GET", "/jobs", query=f"{VERSION}&{query}")
    assert (found.status, found.json["error"]["code"]) == (400, "InvalidQueryParameter")


def test_lists_are_filtered_sorted_and_paged(service):
    """By every property; the link leads on, and the last page has none."""
    names = ["b", "a", "it's"]
    for name in names:
        service.ended(service.job("quil", QUIL, name=name))

    def listed(query: str) -> list[str]:
        page = service.ask("GET", "/jobs", query=f"{VERSION}&{query}").json
        return [job["name"] for job in page["value"]]

    assert listed("orderby=Name%20desc") == ["it's", "b", "a"]
    assert listed("filter=startswith(Name,%20'it''s')") == ["it's"]
    assert listed("filter=State%20eq%20'failed'") == []
    both = "(Target%20eq%20'x'%20or%20Target%20eq%20'rigetti.sim.qvm')"
    assert listed(f"filter={both}%20and%20CreationTime%20ge%202000-01-01") == names
    assert listed("filter=CreationTime%20le%202000-01-01") == []
    page = service.ask("GET", "/jobs", query=f"{VERSION}&top=2").json
    assert "skip=2" in page["nextLink"]
    assert listed("skip=2&top=2") == ["it's"]
    assert service.ask("GET", "/topLevelItems").json["nextLink"] is None


def test_what_else_is_asked_of_a_workspace(service):
    """Providers, quotas, usages, offers, and what is missing in each question."""
    service.ended(service.job("ionq", json.dumps(IONQ)))
    providers = {p["id"]: p for p in service.ask("GET", "/providerStatus").json["value"]}
    assert {"ionq", "pasqal", "quantinuum", "rigetti"} <= set(providers)
    assert service.ask("GET", "/quotas").json["value"][0]["period"] == "Monthly"
    usages = service.ask("GET", "/quotaUsages", query=f"{VERSION}&providerId=ionq").json["value"]
    assert {u["targetId"]: u["usage"]["jobs"] for u in usages}["ionq.simulator"] == 1.0
    assert service.ask("GET", "/quotaUsages").status == 400
    assert service.ask("POST", "/storage/sasUri", {}).status == 400

    def offer(path: str):
        return service.wire.ask("GET", f"{OFFERS}/{path}?{VERSION}")

    assert len(offer("ionq/quotaUsages").json) == len(usages)
    assert offer("ionq/providerStatus").json["id"] == "ionq"
    assert offer("acme/providerStatus").status == 404
    assert service.wire.ask("GET", f"{GROUP}/workspaces/other?{VERSION}").status == 404
    graph = "/providers/Microsoft.ResourceGraph/resources?api-version=2021-03-01"
    for name, count in (("sandbox", 1), ("other", 0)):
        found = service.wire.ask("POST", graph, {"query": f"| where name =~ '{name}'"})
        assert found.json["count"] == count


def test_the_oldest_jobs_are_forgotten_where_there_are_too_many(service, blocking_sandbox):
    """With what is stored of them; the latest stay."""
    blocking_sandbox.change(max_jobs=2)
    ids = []
    for _ in range(4):
        ids.append(service.job("quil", QUIL))
        service.ended(ids[-1])
    assert [service.ask("GET", f"/jobs/{n}").status for n in ids] == [404, 404, 200, 200]
    blocking_sandbox.change(max_jobs=200_000)


def test_the_oldest_sessions_are_forgotten_where_there_are_too_many(service, blocking_sandbox):
    """Those that are closed, not those that still take jobs."""
    blocking_sandbox.change(max_jobs=2)
    body = {"name": "s", "providerId": "ionq", "target": "ionq.simulator"}
    ids = [str(uuid.uuid4()) for _ in range(4)]
    for place, name in enumerate(ids):
        assert service.ask("PUT", f"/sessions/{name}", body).status == 200
        if place != 1:
            service.ask("POST", f"/sessions/{name}:close")
    found = [service.ask("GET", f"/sessions/{name}").status for name in ids]
    assert found == [404, 200, 404, 200]


def test_a_damaged_archive_is_the_jobs_own_error(service):
    """An input that begins like gzip and is none fails the job, not the service."""
    job = service.job("quil", b"\x1f\x8b and nothing more")
    assert service.ended(job)["errorData"]["code"] == "InvalidInputData"


def test_containers_and_blobs_by_hand(service):
    """Created once, looked at, listed, deleted."""
    sas = service.ask("POST", "/storage/sasUri", {"containerName": "mine"}).json["sasUri"]
    path, _, signature = service.local(sas).partition("?")
    ask = service.wire.ask
    assert ask("PUT", f"{path}?restype=container&{signature}").status == 409
    assert ask("PUT", f"{path}x?restype=container&{signature}").status == 201
    assert ask("GET", f"{path}?restype=container&{signature}").status == 200
    assert ask("PUT", f"{path}/a?{signature}", b"123").status == 201
    assert ask("HEAD", f"{path}/a?{signature}").headers["x-ms-blob-type"] == "BlockBlob"
    listing = ask("GET", f"{path}?restype=container&comp=list&{signature}")
    assert b"<Name>a</Name>" in listing.body
    assert ask("DELETE", f"{path}/a?{signature}").status == 202
    assert ask("GET", f"{path}/a?{signature}").status == 404
    assert ask("GET", f"/nowhere/a?{signature}").headers["x-ms-error-code"] == "ContainerNotFound"


def test_a_token_that_was_revoked_is_refused_for_good(service, blocking_sandbox):
    """The fault takes the token away; another one is taken."""
    rule = {"provider": "azure", "method": "GET", "route": "/jobs", "fault": "expired-token"}
    blocking_sandbox.set_faults([{**rule, "nth": 1}])
    path = f"{WORKSPACE}/jobs?{VERSION}"
    assert [service.wire.ask("GET", path, token="old").status for _ in range(2)] == [401, 401]
    assert service.wire.ask("GET", path, token="new").status == 200
    blocking_sandbox.set_faults([])
