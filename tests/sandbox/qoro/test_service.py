"""The sandbox's Qoro service, asked over plain HTTP without any client."""

from __future__ import annotations

import base64
import gzip
import json
import time
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

HEAD = 'OPENQASM 2.0;\ninclude "qelib1.inc";\n'
FLIPPED = HEAD + "qreg q[2]; creg c[3]; x q[0]; measure q[0] -> c[0];"


def packed(text: str) -> str:
    return base64.b64encode(gzip.compress(text.encode())).decode()


def template(rows) -> dict:
    """A template with one name, and these rows."""
    text = FLIPPED.replace("x q[0]", "rx(t) q[0]")
    return {
        "circuit_template": packed(text),
        "parameter_names": ["t"],
        "parameter_sets": rows,
    }


class Wire:
    """Plain HTTP to the service."""

    def __init__(self, url: str) -> None:
        self.url = url + "/api"

    def __call__(self, method, path, body=None, token="t", agent="divi/0.15.1"):
        headers = {"User-Agent": agent, "Content-Type": "application/json"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        data = None if body is None else json.dumps(body).encode()
        request = Request(self.url + path, data, headers, method=method)
        try:
            with urlopen(request) as answer:
                text = answer.read()
                return answer.status, json.loads(text) if text else None
        except HTTPError as error:
            return error.code, json.loads(error.read())

    def opened(self, **fields) -> str:
        status, reply = self("POST", "/job/init/", {"job_type": "EXECUTE", **fields})
        assert status == 201
        return reply["job_id"]

    def filled(self, job, body, finalized="true"):
        document = {"mode": "append", "finalized": finalized, **body}
        return self("POST", f"/job/{job}/add_circuits/", document)

    def rows(self, job):
        while True:
            word = self("GET", f"/job/{job}/status/")[1]["status"]
            if word not in {"PENDING", "SCHEDULED", "RUNNING"}:
                break
            time.sleep(0.02)
        return self("GET", f"/job/{job}/resultsV2/?limit=100&offset=0")


@pytest.fixture
def wire(blocking_sandbox):
    """The session's sandbox, which draws counts."""
    return Wire(blocking_sandbox.url("qoro"))


@pytest.fixture
def real(simulating):
    """The sandbox that simulates."""
    return Wire(simulating.url("qoro"))


def test_a_key_is_asked_for(wire):
    """Missing and deactivated keys are refused in the framework's words."""
    for token in ("", "locked"):
        status, reply = wire("GET", "/credits/", token=token)
        assert status == 401
        assert "detail" in reply


def test_slashes_at_the_end_are_optional(wire):
    """Both forms of a path answer."""
    assert wire("GET", "/qpusystem/") == wire("GET", "/qpusystem")
    assert set(wire("GET", "/qpusystem/")[1][0]["qpus"][0]) == {
        "nickname",
        "q_bits",
        "status",
        "system_kind",
    }


def test_a_job_runs_only_once_it_is_complete(wire, blocking_sandbox):
    """Opened and filled it waits; completed it runs, and takes nothing more."""
    job = wire.opened()
    assert wire.filled(job, {"circuits": {"a": packed(FLIPPED)}, "shots": 5}, "false")[0] == 200
    assert wire("GET", f"/job/{job}/status/")[1]["status"] == "PENDING"
    stats = blocking_sandbox.stats()["qoro"]
    assert (stats["jobs_created"], stats["batches_open"]) == (0, 1)
    assert wire.filled(job, {"circuits": {"b": packed(FLIPPED)}, "shots": None})[0] == 200
    assert wire.filled(job, {"circuits": {"c": packed(FLIPPED)}, "shots": 5})[0] == 409
    status, page = wire.rows(job)
    assert status == 200
    assert [row["label"] for row in page["results"]] == ["a", "b"]
    assert page["count"] == 2
    stats = blocking_sandbox.stats()["qoro"]
    assert (stats["jobs_created"], stats["batches_open"]) == (1, 0)


def test_circuits_are_simulated_with_the_first_bit_rightmost(real):
    """Bits that nothing measures are there as zeros."""
    job = real.opened()
    real.filled(job, {"circuits": {"a": packed(FLIPPED)}, "shots": 5})
    [row] = real.rows(job)[1]["results"]
    # Three bits, one outcome, five shots, gap 1, no ones, one extra of 3.
    expected = bytes([*b"QH1", 3, 1, 5, 1, 1, 3, 1, 0, 1, 1, 3])
    assert base64.b64decode(row["results"]["payload"]) == expected


def test_expectation_values_are_computed_before_the_measurement(real):
    """Keyed as they were sent, qubit 0 leftmost; a map gives each circuit its own."""
    job = real.opened(job_type="EXPECTATION")
    groups = "@gzs2:" + packed("Z0;Z1;I") + "|ZZ"
    body = {
        "circuits": {"a": packed(FLIPPED), "b": packed(FLIPPED)},
        "observables": groups,
        "circuit_ham_map": [[0, 1], [1, 2]],
    }
    real.filled(job, body)
    first, second = real.rows(job)[1]["results"]
    assert first["results"] == pytest.approx({"ZI": -1.0, "IZ": 1.0, "II": 1.0})
    assert second["results"] == pytest.approx({"ZZ": -1.0})


def test_templates_are_filled_by_whole_names(real):
    """A name within a longer one, and in a gate's name, is left alone; negative values work."""
    job = real.opened()
    text = HEAD + "qreg q[1]; creg c[1]; rx(x*2) q[0]; rx(x1) q[0]; x q[0]; measure q -> c;"
    sets = [
        {"label": "flip", "values": [0.0, 0.0]},
        {"label": "back", "values": [-3.141592653589793, 3.141592653589793]},
    ]
    body = {
        "circuit_template": packed(text.replace("x*2", "y*2").replace("x1", "y1")),
        "parameter_names": ["y", "y1"],
        "parameter_sets": sets,
        "shots": 4,
    }
    real.filled(job, body)
    rows = {row["label"]: row["results"]["payload"] for row in real.rows(job)[1]["results"]}
    assert base64.b64decode(rows["flip"])[7] == 1  # the outcome 1
    assert base64.b64decode(rows["back"])[7] == 0  # turned by -2 pi and pi, then flipped


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"circuits": {"a": "!"}},
        {"circuits": {"a": "aGVsbG8="}},
        {"circuits": {"a": packed(FLIPPED)}, "shots": 0},
        {"circuits": {"a": packed(FLIPPED)}, "shot_groups": [[0, 2, 5]]},
        {"circuits": {"a": packed(FLIPPED)}, "observables": "ZZ"},
        {"circuit_template": packed(FLIPPED), "parameter_names": ["a"], "parameter_sets": []},
        {"circuits": ["a"]},
        {"circuits": {"a": 7}},
        {"circuits": {"a": packed(FLIPPED)}, "circuit_template": packed(FLIPPED)},
        {"circuits": {"a": packed(FLIPPED)}, "shot_groups": [[0, 1]]},
        {"circuits": {"a": packed(FLIPPED), "b": packed(FLIPPED)}, "shot_groups": [[0, 1, 5]]},
        template([{"label": "a", "values": [1.0, 2.0]}]),
        template([{"label": 7, "values": [1.0]}]),
        template([{"label": "a", "values": ["x"]}]),
        template(["a"]),
    ],
    ids=range(16),
)
def test_what_makes_no_sense_is_refused(wire, body):
    """The application's refusals have a field of their own."""
    status, reply = wire.filled(wire.opened(), body)
    assert status == 400
    assert "error" in reply


@pytest.mark.parametrize(
    "fields",
    [
        {"observables": "ZZ;"},
        {"observables": "ZA"},
        {"observables": "@gzs2:" + packed("Z2")},
        {"observables": "@gzs2:!"},
        {"observables": "ZZ", "shots": 5},
        {"shots": 5},
    ],
    ids=range(6),
)
def test_observables_that_make_no_sense_are_refused(wire, fields):
    """Not words of I, X, Y and Z, outside the circuit, beside shots, or missing."""
    job = wire.opened(job_type="EXPECTATION")
    assert wire.filled(job, {"circuits": {"a": packed(FLIPPED)}, **fields})[0] == 400


@pytest.mark.parametrize(
    "fields",
    [
        {"job_type": "GUESS"},
        {"simulator_cluster": "qoro_maestro", "qpu_system_name": "lab_qpu"},
        {"simulator_cluster": "lab_qpu"},
        {"qpu_system_name": "nowhere"},
        {"maestro_config": []},
        {"execution_configuration": {"api_meta": {"optimization_level": "much"}}},
    ],
    ids=range(6),
)
def test_a_job_that_makes_no_sense_is_not_opened(wire, fields):
    """Unknown kinds, targets and settings."""
    assert wire("POST", "/job/init/", {"job_type": "EXECUTE", **fields})[0] == 400


def test_observables_may_be_dense_and_a_map_may_leave_circuits_out(real):
    """Older clients pack nothing; a circuit outside every range gets all groups."""
    job = real.opened(job_type="EXPECTATION")
    circuits = {"a": packed(FLIPPED), "b": packed(FLIPPED)}
    body = {"circuits": circuits, "observables": "ZI|IZ", "circuit_ham_map": [[0, 1], [5, 6]]}
    real.filled(job, body)
    first, second = real.rows(job)[1]["results"]
    assert first["results"] == {"ZI": -1.0}
    assert second["results"] == {"ZI": -1.0, "IZ": 1.0}


def test_a_map_counts_circuits_from_the_jobs_first_one(real):
    """Every upload carries the whole map, as the service's own client writes it."""
    job = real.opened(job_type="EXPECTATION")
    both = {"observables": "ZI|IZ", "circuit_ham_map": [[0, 1], [1, 2]]}
    real.filled(job, {"circuits": {"a": packed(FLIPPED)}, **both}, "false")
    real.filled(job, {"circuits": {"b": packed(FLIPPED)}, **both})
    first, second = real.rows(job)[1]["results"]
    assert (first["results"], second["results"]) == ({"ZI": -1.0}, {"IZ": 1.0})


def test_a_program_without_the_usual_file_and_one_that_fails(real):
    """Gates are known without it; what cannot be simulated fails the job, and says why."""
    job = real.opened()
    real.filled(job, {"circuits": {"a": packed(FLIPPED.replace(HEAD, "OPENQASM 2.0;"))}})
    assert real.rows(job)[0] == 200
    job = real.opened()
    real.filled(job, {"circuits": {"a": packed("nonsense")}})
    status, reply = real.rows(job)
    assert (status, "FAILED" in reply["error"]) == (400, True)
    assert real("GET", f"/job/{job}/status/")[1]["message"]


def test_a_seed_is_obeyed(real):
    """The same seed gives the same counts."""
    bell = HEAD + "qreg q[1]; creg c[1]; h q[0]; measure q -> c;"
    found = []
    for _ in range(2):
        job = real.opened(maestro_config={"seed": 3})
        real.filled(job, {"circuits": {"a": packed(bell)}, "shots": 1000})
        found.append(real.rows(job)[1]["results"])
    assert found[0] == found[1]


def test_counts_wider_than_a_byte_says_are_packed_otherwise(wire):
    """QH2 beyond 255 bits, also where nothing is simulated."""
    job = wire.opened()
    wide = HEAD + "qreg q[1]; creg c[300]; measure q[0] -> c[0];"
    wire.filled(job, {"circuits": {"a": packed(wide)}, "shots": 3})
    [row] = wire.rows(job)[1]["results"]
    assert (row["results"]["encoding"], row["results"]["n_bits"]) == ("qh2", 300)
    assert base64.b64decode(row["results"]["payload"]).startswith(b"QH2\xac\x02")


def test_a_job_is_followed_to_its_end(wire, blocking_sandbox):
    """Cancelled while open, failed for a test, deleted, and too late for a configuration."""
    job = wire.opened()
    assert wire("POST", f"/job/{job}/cancel/")[0] == 200
    assert wire("GET", f"/job/{job}/status/")[1]["status"] == "CANCELLED"
    assert wire("POST", f"/job/{job}/cancel/")[0] == 409
    assert wire("POST", f"/job/{job}/execution_config/", {"bond_dimension": 4})[0] == 409
    status, reply = wire("POST", "/job/create_failed/", {"tag": "test"})
    assert status == 201
    assert wire("GET", f"/job/{reply['job_id']}/status/")[1] == {"status": "FAILED"}
    assert wire("GET", f"/job/{reply['job_id']}/resultsV2/")[0] == 400
    job = wire.opened()
    assert wire("GET", f"/job/{job}/resultsV2/")[0] == 400
    wire.filled(job, {"circuits": {"a": packed(FLIPPED)}})
    wire.rows(job)
    before = blocking_sandbox.stats()["qoro"]["jobs_created"]
    assert wire("DELETE", f"/job/{job}")[0] == 204
    assert wire("GET", f"/job/{job}/status/")[0] == 404
    assert blocking_sandbox.stats()["qoro"]["jobs_created"] == before


def test_a_deleted_job_does_not_run_on(wire, blocking_sandbox):
    """Nobody could cancel it any more, so deleting does; its place in the queue is free again."""
    blocking_sandbox.change(job_time=30, parallel=False)
    deleted, later = wire.opened(qpu_system_name="lab_qpu"), wire.opened(qpu_system_name="lab_qpu")
    for job in (deleted, later):
        wire.filled(job, {"circuits": {"a": packed(FLIPPED)}})
    assert wire("DELETE", f"/job/{deleted}")[0] == 204
    assert wire("GET", f"/job/{later}/status/")[1]["status"] == "RUNNING"
    assert blocking_sandbox.stats()["qoro"]["jobs_by_status"] == {"running": 1, "cancelled": 1}


@pytest.mark.parametrize("query", ["limit=0", "limit=none", "offset=-1"])
def test_a_page_without_rows_is_never_asked_for_twice(wire, query):
    """A size of 0, or none at all, is the usual one: pages come to an end."""
    job = wire.opened()
    wire.filled(job, {"circuits": {"a": packed(FLIPPED)}})
    wire.rows(job)
    page = wire("GET", f"/job/{job}/resultsV2/?{query}")[1]
    assert (len(page["results"]), page["next"]) == (1, None)


def test_movements_of_credits_come_in_pages(blocking_sandbox):
    """As many as the sandbox is told that there are."""
    wire = Wire(blocking_sandbox.url("qoro"))
    blocking_sandbox.change(options={"qoro": {"transactions": 3}})
    try:
        first = wire("GET", "/credits/transactions/?page_size=2")[1]
        assert (first["count"], first["total_pages"], len(first["results"])) == (3, 2, 2)
        second = wire("GET", first["next"].partition("/api")[2])[1]
        assert [row["id"] for row in second["results"]] == [3]
        assert (second["next"], bool(second["previous"])) == (None, True)
        assert wire("GET", "/credits/transactions/?page=9")[0] == 404
    finally:
        blocking_sandbox.change(options={})


def test_a_key_can_be_revoked(blocking_sandbox):
    """From then on it is refused, until the sandbox is reset."""
    wire = Wire(blocking_sandbox.url("qoro"))
    blocking_sandbox.reset()
    blocking_sandbox.set_faults([{"provider": "qoro", "route": "*", "fault": "expired-token"}])
    assert wire("GET", "/credits/", token="old")[0] == 401
    blocking_sandbox.set_faults([])
    assert wire("GET", "/credits/", token="old")[0] == 401
    assert wire("GET", "/credits/", token="new")[0] == 200
    blocking_sandbox.reset()
    assert wire("GET", "/credits/", token="old")[0] == 200


def test_the_oldest_jobs_make_room(blocking_sandbox):
    """A service that runs for weeks does not grow for ever."""
    blocking_sandbox.reset()
    wire = Wire(blocking_sandbox.url("qoro"))
    blocking_sandbox.change(max_jobs=3)
    try:
        jobs = [wire("POST", "/job/create_failed/", {})[1]["job_id"] for _ in range(5)]
        found = [wire("GET", f"/job/{job}/status/")[0] for job in jobs]
        assert found == [404, 404, 200, 200, 200]
    finally:
        blocking_sandbox.change(max_jobs=200_000)


def test_an_upload_that_is_too_large_is_refused(wire):
    """Beyond a mebibyte."""
    body = {"circuits": {"a": "A" * 1_100_000}, "shots": 1}
    assert wire.filled(wire.opened(), body)[0] == 413


def test_a_job_is_its_owners_alone(wire):
    """Another key may not touch it."""
    job = wire.opened()
    status, reply = wire("POST", f"/job/{job}/cancel/", token="other")
    assert status == 403
    assert "permission" in reply["detail"]


def test_results_come_in_pages(wire):
    """With the addresses of the next and the previous one."""
    job = wire.opened()
    circuits = {str(n): packed(FLIPPED) for n in range(120)}
    wire.filled(job, {"circuits": circuits, "shots": 2})
    first = wire.rows(job)[1]
    assert len(first["results"]) == 100
    second = wire("GET", first["next"].partition("/api")[2])[1]
    assert [row["label"] for row in second["results"]] == [str(n) for n in range(100, 120)]
    assert (second["next"], first["previous"]) == (None, None)


def test_each_generation_is_answered_in_its_way(wire):
    """A job without configuration: older clients hear 404, newer ones null."""
    job = wire.opened()
    path = f"/job/{job}/execution_config/"
    assert wire("GET", path, agent="python-requests/2.32")[0] == 404
    assert wire("GET", path)[1]["maestro_config"] is None
    given = {"bond_dimension": 16, "api_meta": {"optimization_level": 2}}
    assert wire("POST", path, given)[0] == 200
    older = wire("GET", path, agent="python-requests/2.32")[1]
    assert older["execution_configuration"] == given
    assert wire("POST", path, {"bond_dimension": 64})[0] == 403
    assert wire("POST", path, {"api_meta": {"no_such_key": 1}})[0] == 400


def test_a_problem_is_analysed_once(wire):
    """A job of that kind takes one problem, in either generation's words."""
    job = wire.opened(job_type="VALIDATE")
    assert wire("GET", f"/job/{job}/validation_result/")[0] == 409
    body = {"qubo": {"0": -1.0}, "target_states": ["1"]}
    assert wire("POST", f"/job/{job}/submit_qubo/", body)[0] == 200
    assert wire("POST", f"/job/{job}/submit_qubo/", body)[0] == 409
    reply = wire("GET", f"/job/{job}/validation_result/")[1]
    assert reply["report"]["reference_concentration_score"] == 100.0


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"qubo": {}},
        {"qubo": {"0": 1.0}, "options": []},
        {"qubo": {"0": 1.0}, "options": {"no_such": 1}},
        {"qubo": {"zero": 1.0}},
        {"qubo": {"0": "much"}},
    ],
    ids=range(6),
)
def test_a_problem_that_makes_no_sense_is_refused(wire, body):
    """And the job takes another one."""
    job = wire.opened(job_type="VALIDATE")
    path = f"/job/{job}/submit_qubo/"
    assert wire("POST", path, body)[0] == 400
    assert wire("POST", path, {"qubo": {"0": 1.0}})[0] == 200


def test_what_is_said_of_a_problem(wire):
    """Small ones are solved, large ones and packed ones are not; hardness on request."""

    def analysed(qubo, **options):
        job = wire.opened(job_type="VALIDATE")
        wire("POST", f"/job/{job}/submit_qubo/", {"qubo": qubo, "options": options})
        return wire("GET", f"/job/{job}/validation_result/")[1]

    small = analysed({"0": -1.0}, preset="deep")
    assert small["report"]["regime"] == "exact"
    assert small["hardness"]["difficulty"] == "easy"
    assert analysed({str(n): 1.0 for n in range(20)})["report"]["regime"] == "estimate"
    assert analysed({"_format": "factored_v1"})["report"]["regime"] == "estimate"
    assert analysed({"0": 1.0}, analysis={"hardness_only": True})["hardness"]


def test_only_its_owner_sees_a_validation_and_only_of_a_validation(wire):
    """Another key is refused, another kind of job has none, and a page needs a result."""
    job = wire.opened(job_type="VALIDATE")
    assert wire("GET", f"/job/{job}/validation_result/", token="other")[0] == 403
    assert wire("GET", f"/job/{job}/validation_result/html/")[0] == 409
    assert wire("GET", f"/job/{wire.opened()}/validation_result/")[0] == 404
    assert wire.filled(job, {"circuits": {"a": packed(FLIPPED)}})[0] == 409
