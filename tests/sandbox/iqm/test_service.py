"""The IQM service on the wire: jobs, long polls, limits, refusals, both interfaces."""

from __future__ import annotations

import json
import time

import pytest

from quantum_async.sandbox.iqm.programs import field


def submit(iqm, circuit, computer="garnet", query="", **body):
    return iqm(
        "POST", f"/jobs/{computer}/circuit{query}", {"circuits": [circuit], "shots": 10, **body}
    )


def ended(iqm, job_id):
    answer = iqm("GET", f"/jobs/{job_id}?wait_until_terminal=true&timeout_seconds=30")
    assert "iqm-long-poll-timed-out" not in answer.headers
    return answer.json


def test_a_job_from_submission_to_artifacts(iqm, circuit):
    """201, a long poll, artifacts in program order, and the payload byte for byte."""
    answer = submit(iqm, circuit(), query="?tag=k")
    assert (answer.status, answer.json["tag"]) == (201, "k")
    job = ended(iqm, answer.json["id"])
    assert job["status"] == "completed"
    assert job["timeline"][0]["status"] == "created"
    assert job["timeline"][-1]["status"] == "ready"
    path = f"/jobs/{job['id']}"
    measured = iqm("GET", f"{path}/artifacts/measurements").json
    assert [len(shot) for shot in measured[0]["m"]] == [2] * 10
    counts = iqm("GET", f"{path}/artifacts/measurement_counts").json[0]
    assert counts["measurement_keys"] == ["m"]
    assert sum(counts["counts"].values()) == 10
    payload = iqm("GET", f"{path}/payload")
    assert payload.headers["iqm-job-type"] == "circuit"
    assert json.loads(payload.body)["shots"] == 10
    assert iqm("POST", f"{path}/cancel").json["error_code"] == "illegal_job_status"
    assert iqm("DELETE", path).status == 204
    assert iqm("GET", path).json["error_code"] == "job_not_found"


def test_a_long_poll_is_held_and_says_when_its_time_is_over(iqm, circuit, blocking_sandbox):
    """The header tells a time that is over from an end; more than 30 s is refused."""
    blocking_sandbox.change(job_time=60.0)
    try:
        job_id = submit(iqm, circuit()).json["id"]
        path = f"/jobs/{job_id}?wait_until_terminal=true"
        with pytest.raises(TimeoutError):
            iqm("GET", f"{path}&timeout_seconds=30", timeout=0.2)
        answer = iqm("GET", f"{path}&timeout_seconds=1")
        assert answer.headers["iqm-long-poll-timed-out"] == "true"
        assert iqm("GET", f"{path}&timeout_seconds=31").status == 400
        second = submit(iqm, circuit()).json
        assert iqm("GET", f"/jobs/{second['id']}").json["status"] in {"waiting", "processing"}
        assert iqm("POST", f"/jobs/{job_id}/cancel").json["status"] == "cancelled"
    finally:
        blocking_sandbox.change(job_time=0.02)


def test_the_oldest_jobs_are_forgotten_where_there_are_too_many(iqm, circuit, blocking_sandbox):
    """What has ended makes room for what is new; what runs is kept."""
    blocking_sandbox.change(max_jobs=2, job_time=30.0)
    running = submit(iqm, circuit()).json["id"]
    blocking_sandbox.change(job_time=0.001)
    jobs = []
    for _ in range(3):
        jobs.append(submit(iqm, circuit()).json["id"])
        ended(iqm, jobs[-1])
    found = [iqm("GET", f"/jobs/{job}").status for job in [running, *jobs]]
    assert found == [200, 404, 404, 200]


def test_the_older_interface_knows_no_pulse_jobs(iqm):
    """They came with the newer one: asking the older one about them is a refusal, not a defect."""
    run = field(1, b"id") + field(12, field(1, b"sweep") + field(4, b"one"))
    answer = iqm("POST", "/jobs/garnet/run", run)
    assert answer.status == 201
    path = f"/jobs/{answer.json['id']}"
    assert iqm("GET", path).json["type"] == "run"
    assert iqm("GET", path, prefix="/cocos").status == 404


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"circuits": []}, "invalid_job_payload"),
        ({"shots": 0}, "invalid_job_payload"),
        ({"shots": 10**9}, "invalid_input"),
        ({"calibration_set_id": "nowhere"}, "calibration_set_not_found"),
    ],
)
def test_bad_submissions_are_refused(iqm, circuit, change, code):
    """The error body has code, message, request id and details."""
    error = submit(iqm, circuit(), **change).json
    assert error["error_code"] == code
    assert {"message", "request_id", "details"} <= error.keys()


def test_other_refusals(iqm, circuit):
    """Unknown computers and job types, timeslots that are not booked, tags that are too long."""
    assert submit(iqm, circuit(), computer="nowhere").json["error_code"] == "qc_not_found"
    body = {"circuits": [circuit()], "shots": 1}
    assert iqm("POST", "/jobs/garnet/teleport", body).json["error_code"] == "unsupported_job_type"
    slot = submit(iqm, circuit(), query="?use_timeslot=true")
    assert (slot.status, slot.json["error_code"]) == (403, "no_booked_timeslots")
    assert submit(iqm, circuit(), query=f"?tag={'x' * 51}").status == 400
    assert iqm("GET", "/quantum-computers", token=None).status == 401


@pytest.mark.parametrize("computer", ["sirius", "garnet%3Amock", "garnet:mock"])
def test_every_computer_takes_jobs(iqm, circuit, computer):
    """A star, and an alias with a colon, encoded or not."""
    assert ended(iqm, submit(iqm, circuit(), computer=computer).json["id"])["status"] == "completed"


def test_a_circuit_that_cannot_run_fails_its_job(iqm, circuit):
    """Most faults of circuits are accepted first, and told in the job's errors."""
    job = ended(iqm, submit(iqm, circuit(qubit="QB99")).json["id"])
    assert job["status"] == "failed"
    assert "QB99" in job["errors"][0]["message"]
    qir = iqm("POST", "/jobs/garnet/circuit", {"circuits": ["; QIR"], "shots": 1}).json
    assert ended(iqm, qir["id"])["status"] == "failed"


def test_equal_tags_are_counted_as_duplicates(iqm, circuit, blocking_sandbox):
    """The tag is what a client recognises its submission by."""
    for _ in range(2):
        submit(iqm, circuit(), query="?tag=same")
        submit(iqm, circuit())
    assert blocking_sandbox.stats()["iqm"]["duplicates"] == 1


def test_timeslots_are_booked_at_once_or_not_at_all(iqm, circuit):
    """A slot that is taken, or costs something else, books nothing."""
    slots = iqm("GET", "/quantum-computers/garnet/timeslots").json["available_slots"]
    first, second = (slot["reference"] for slot in slots[:2])
    path = "/quantum-computers/garnet/timeslots"
    assert iqm("POST", path, {"timeslots": [{"reference": first}]}).status == 200
    both = [{"reference": second}, {"reference": first}]
    assert iqm("POST", path, {"timeslots": both}).json["error_code"] == "conflict"
    assert len(iqm("GET", path).json["booked_slots"]) == 1
    assert submit(iqm, circuit(), query="?use_timeslot=true").status == 201


def test_the_older_interface(iqm, circuit):
    """Turns, statuses with blanks, the request in the metadata, errors as ``detail``."""
    cocos = {"prefix": "/cocos"}
    body = {"circuits": [circuit(old=True)], "shots": 4}
    job_id = iqm("POST", "/jobs", body, **cocos).json["id"]
    while (word := iqm("GET", f"/jobs/{job_id}/status", **cocos).json["status"]) != "ready":
        assert word in {"pending compilation", "pending execution"}
        time.sleep(0.01)
    run = iqm("GET", f"/jobs/{job_id}", **cocos).json
    assert len(run["measurements"][0]["m"]) == 4
    assert run["metadata"]["request"] == body
    assert "job_end" in run["metadata"]["timestamps"]
    assert "detail" in iqm("POST", f"/jobs/{job_id}/abort", **cocos).json
    assert "detail" in iqm("GET", "/jobs/nowhere", **cocos).json


def test_one_generation_alone(iqm, blocking_sandbox):
    """A server of the older generation does not know the newer paths."""
    blocking_sandbox.change(options={"iqm": {"generations": ["legacy"]}})
    try:
        assert iqm("GET", "/quantum-computers").status == 404
        assert iqm("GET", "/quantum-architecture", prefix="/cocos").status == 200
    finally:
        blocking_sandbox.change(options={"iqm": {"generations": ["v1", "legacy"]}})
