"""What the IQM service makes of circuits: what fails a job, what refuses it, what heralding drops."""

from __future__ import annotations

import pytest

PRX = {"name": "prx", "locus": ["QB1"], "args": {"angle": 1.0, "phase": 0.0}}
MEASURE = {"name": "measure", "locus": ["QB1"], "args": {"key": "m"}}
MOVE = {"name": "move", "locus": ["QB1", "CR1"]}
FEEDBACK = {
    "name": "cc_prx",
    "locus": ["QB2"],
    "args": {"angle": 1.0, "phase": 0.0, "feedback_qubit": "QB1", "feedback_key": "m"},
}


def submit(iqm, *instructions, computer="garnet", **body):
    circuit = {"name": "c", "instructions": list(instructions)}
    return iqm("POST", f"/jobs/{computer}/circuit", {"circuits": [circuit], "shots": 8, **body})


def ended(iqm, job_id):
    return iqm("GET", f"/jobs/{job_id}?wait_until_terminal=true&timeout_seconds=30").json


@pytest.mark.parametrize(
    ("instructions", "words"),
    [
        ([PRX], "measures nothing"),
        ([{**PRX, "name": "toffoli"}, MEASURE], "unknown operation"),
        ([{**PRX, "locus": ["QB1", "QB2"]}, MEASURE], "cannot act on 2"),
        ([{**MEASURE, "locus": ["QB1", "QB1"]}], "twice"),
        ([{**PRX, "args": {"angle": 1.0}}, MEASURE], "needs the argument phase"),
        ([{**PRX, "args": {"angle": "1", "phase": 0.0}}, MEASURE], "not a number"),
        ([MEASURE, MEASURE], "used twice"),
        ([{"name": "cz", "locus": ["QB1", "QB20"]}, MEASURE], "not calibrated"),
        ([{**MEASURE, "locus": ["CR1"]}], "no CR1"),
        ([MEASURE, FEEDBACK], "feeds back"),
        ([MEASURE, {**FEEDBACK, "args": {**FEEDBACK["args"], "feedback_key": None}}], "feeds back"),
        ([MEASURE, {**FEEDBACK, "args": {**FEEDBACK["args"], "feedback_key": []}}], "feeds back"),
        ([{"name": "delay", "locus": ["QB1"], "args": {}}, MEASURE], "needs the argument duration"),
    ],
)
def test_circuits_that_fail_their_job(iqm, instructions, words):
    """The submission is accepted; the job ends as failed and says why."""
    job = ended(iqm, submit(iqm, *instructions).json["id"])
    assert job["status"] == "failed"
    assert words in job["errors"][0]["message"]
    assert job["errors"][0]["error_code"] == "circuit_validation_error"


@pytest.mark.parametrize(
    ("instructions", "words"),
    [
        ([MOVE, {**MOVE, "locus": ["QB2", "CR1"]}, MEASURE], "elsewhere"),
        ([MOVE, PRX, MEASURE], "moved away"),
        ([{"name": "measure", "locus": ["CR1"], "args": {"key": "m"}}], "not calibrated"),
    ],
)
def test_states_that_are_elsewhere(iqm, instructions, words):
    """A star's MOVEs are followed."""
    job = ended(iqm, submit(iqm, *instructions, computer="sirius").json["id"])
    assert words in job["errors"][0]["message"]


def test_moves_are_checked_as_strictly_as_asked(iqm):
    """A rotation of a moved state is allowed on request, and nothing is checked on request."""
    there_and_back = [MOVE, PRX, MOVE, MEASURE]
    for mode in ("allow_prx", "none"):
        body = {"move_gate_validation": mode}
        job = submit(iqm, *there_and_back, computer="sirius", **body).json
        assert ended(iqm, job["id"])["status"] == "completed"


def test_long_circuits_are_refused_on_request(iqm):
    """A circuit may take a part of T2 only, where that is asked for."""
    steps = [PRX] * 400
    job = submit(iqm, *steps, MEASURE, max_circuit_duration_over_t2=0.5).json
    assert "longer than" in ended(iqm, job["id"])["errors"][0]["message"]
    job = submit(iqm, *steps, MEASURE, max_circuit_duration_over_t2=0.0).json
    assert ended(iqm, job["id"])["status"] == "completed"


@pytest.mark.parametrize(
    "body",
    [
        {"qubit_mapping": "odd"},
        {"qubit_mapping": [{"logical_name": "a"}]},
        {"circuits": [{"name": "c"}]},
        {"circuits": [{"instructions": [3]}]},
        {"circuits": [{"instructions": [{"name": "prx"}]}]},
        {"circuits": 3},
        {"shots": True},
    ],
)
def test_what_is_no_submission_is_refused(iqm, body):
    """400, and no job."""
    answer = submit(iqm, MEASURE, **body)
    assert (answer.status, answer.json["error_code"]) == (400, "invalid_job_payload")


@pytest.mark.parametrize(
    ("options", "body", "status"),
    [
        ({"max_circuits_per_job": 1}, {"circuits": [{"instructions": [MEASURE]}] * 2}, 400),
        ({"max_executions_per_job": 7}, {}, 400),
        (
            {"max_instructions_per_circuit": 1},
            {"circuits": [{"instructions": [PRX, MEASURE]}]},
            400,
        ),
        ({"max_payload": 20}, {}, 413),
    ],
)
def test_limits(iqm, blocking_sandbox, options, body, status):
    """What is larger than the service says it takes is refused."""
    blocking_sandbox.change(options={"iqm": options})
    try:
        assert submit(iqm, MEASURE, **body).status == status
    finally:
        blocking_sandbox.change(options={"iqm": {}})


@pytest.mark.parametrize("mapping", [{"a": "QB7"}, [{"logical_name": "a", "physical_name": "QB7"}]])
def test_mappings_in_either_shape(iqm, mapping):
    """A mapping is a list of pairs, or an object."""
    logical = {"name": "measure", "locus": ["a"], "args": {"key": "m"}}
    job = submit(iqm, logical, qubit_mapping=mapping).json
    assert ended(iqm, job["id"])["status"] == "completed"


def test_heralding_drops_some_shots(iqm):
    """Fewer shots come back, alike in measurements and counts."""
    job = submit(iqm, MEASURE, shots=200, heralding_mode="zeros").json
    ended(iqm, job["id"])
    path = f"/jobs/{job['id']}/artifacts"
    shots = iqm("GET", f"{path}/measurements").json[0]["m"]
    assert 100 < len(shots) < 200
    assert sum(iqm("GET", f"{path}/measurement_counts").json[0]["counts"].values()) == len(shots)


def test_artifacts_that_are_not_there(iqm):
    """Only what a job of its kind has produced is served."""
    job = ended(iqm, submit(iqm, MEASURE).json["id"])
    for kind in ("sweep_results", "horoscope"):
        answer = iqm("GET", f"/jobs/{job['id']}/artifacts/{kind}")
        assert answer.json["error_code"] == "job_artifact_not_found"


def test_what_a_job_says_while_it_runs(standing):
    """Progress, and the calibration set once it is compiled."""
    wire = standing("iqm", job_time=10.0)

    def iqm(method, path, body=None):
        return wire.ask(method, f"/api/v1{path}", body)

    path = f"/jobs/{submit(iqm, MEASURE).json['id']}"
    assert iqm("GET", path).json["compilation"] is None
    wire.now += 5.0
    job = iqm("GET", path).json
    assert job["status"] == "processing"
    assert job["execution"]["progress"]["Shots"] == {"value": 4, "max_value": 8}
    assert job["compilation"]["calibration_set_id"]
    assert iqm("DELETE", path).status == 204
