"""Jobs of the Pasqal service and their results."""

from __future__ import annotations

import json
from datetime import datetime
from itertools import pairwise

import pytest


@pytest.fixture
def done(pasqal):
    """A batch of two jobs that has ended."""
    batch = pasqal.create(jobs=[{"runs": 50}, {"runs": 60}])
    pasqal.ended(batch)
    return batch


def test_a_job_tells_its_life(pasqal, done):
    """A job's times are in order and agree with its status."""
    job = pasqal.v2("GET", f"/jobs/{done['jobs'][0]['id']}").data
    moments = [job[name] for name in ("created_at", "start_timestamp", "end_timestamp")]
    assert moments == sorted(moments)
    assert datetime.fromisoformat(moments[0]).tzinfo is not None
    assert (job["status"], job["errors"], job["runs"]) == ("DONE", [], 50)


def test_a_waiting_job_has_neither_start_nor_end(blocking_sandbox, pasqal):
    """While a job waits, and while it runs, the moments to come are null."""
    blocking_sandbox.change(job_time=30, parallel=False)
    batch = pasqal.create(jobs=[{"runs": 1}] * 2)
    first, second = pasqal.v2("GET", "/jobs?order_by_direction=ASC").data
    assert (first["status"], second["status"]) == ("RUNNING", "PENDING")
    assert first["start_timestamp"] is not None
    assert first["end_timestamp"] is second["start_timestamp"] is None
    status = pasqal.v1("GET", f"/batches/{batch['id']}/status").data
    counts = {"PENDING": 1, "RUNNING": 1, "DONE": 0, "ERROR": 0, "CANCELED": 0}
    assert (status["status"], status["jobs_count_per_status"]) == ("RUNNING", counts)


def test_a_qpu_runs_one_job_at_a_time_and_an_emulator_all(blocking_sandbox, pasqal):
    """Jobs on a QPU follow each other without a gap; on an emulator they run together."""
    blocking_sandbox.change(parallel=False, job_time=5)
    pasqal.create(jobs=[{"runs": 1}] * 3)
    pasqal.create(jobs=[{"runs": 1}] * 3, device_type="EMU_FREE")
    jobs = blocking_sandbox.jobs("pasqal")
    qpu, emulator = jobs[:3], jobs[3:]
    assert all(a["end"] == b["start"] for a, b in pairwise(qpu))
    assert len({job["start"] for job in emulator}) == 1


def test_jobs_are_filtered(pasqal, done):
    """Every job filter keeps what it says."""
    first, second = done["jobs"]
    both = {first["id"], second["id"]}
    expected = {
        f"id={second['id']}": {second["id"]},
        f"batch_id={done['id']}": both,
        "batch_id=00000000-0000-4000-8000-000000000099": set(),
        "status=DONE": both,
        "status=PENDING&status=ERROR": set(),
        "min_runs=55": {second["id"]},
        "max_runs=55": {first["id"]},
        "errors=True": set(),
        "errors=False": both,
        f"project_id={done['project_id']}": both,
        "user_id=nobody": set(),
        "end_date=2020-01-01T00:00:00": set(),
        f"id__starts_with={first['id'][:13]}": {first["id"]},
    }
    found = {
        query: {job["id"] for job in pasqal.v2("GET", f"/jobs?{query}").data} for query in expected
    }
    assert found == expected


def test_jobs_of_a_batch_come_in_creation_order(pasqal):
    """The order that the vendor's client asks for is the order of creation."""
    batch = pasqal.create(jobs=[{"runs": n} for n in range(1, 8)])
    query = f"batch_id={batch['id']}&order_by=creation_order&order_by_direction=ASC"
    listed = pasqal.v2("GET", f"/jobs?{query}").data
    assert [job["runs"] for job in listed] == list(range(1, 8))
    assert "sequence" not in listed[0]


def test_a_result_is_behind_a_link_that_needs_no_token(pasqal, done):
    """The link is absolute and presigned; the body is bare, its counts sum up to the runs."""
    job = done["jobs"][0]
    link = pasqal.v1("GET", f"/jobs/{job['id']}/results_link").data["results_link"]
    answer = pasqal.ask("GET", link, token=None)
    assert sum(answer.json["counter"].values()) == 50
    assert all(len(outcome) == 2 for outcome in answer.json["counter"])
    assert pasqal.ask("GET", link, token=None).json == answer.json


def test_a_link_is_null_until_the_job_is_done(standing):
    """There is no link before the end, nor for some time after it where that is set."""
    pasqal = standing("pasqal", job_time=10.0, options={"pasqal": {"results_lag": 5.0}})
    job = pasqal.create()["jobs"][0]
    path = f"/jobs/{job['id']}/results_link"
    assert pasqal.v1("GET", path).data == {"results_link": None}
    pasqal.now += 11.0
    assert pasqal.v1("GET", f"/jobs/{job['id']}/status").data["status"] == "DONE"
    assert pasqal.v1("GET", path).data == {"results_link": None}
    pasqal.now += 5.0
    assert pasqal.v1("GET", path).data["results_link"].startswith("http://")


def test_a_link_expires_and_cannot_be_forged(standing):
    """Storage refuses an old or altered link with 403 and XML; a fresh link works."""
    pasqal = standing("pasqal", job_time=1.0, options={"pasqal": {"link_lifetime": 60.0}})
    first, second = pasqal.create(jobs=[{"runs": 50}, {"runs": 60}])["jobs"]
    pasqal.now += 2.0
    path = f"/jobs/{first['id']}/results_link"
    link = pasqal.v1("GET", path).data["results_link"]
    forged = link.replace(first["id"], second["id"])
    assert pasqal.ask("GET", forged, token=None).status == 403
    assert pasqal.ask("GET", link, token=None).status == 200
    pasqal.now += 61.0
    answer = pasqal.ask("GET", link, token=None)
    assert (answer.status, answer.headers["content-type"]) == (403, "application/xml")
    fresh = pasqal.v1("GET", path).data["results_link"]
    assert pasqal.ask("GET", fresh, token=None).status == 200


def test_all_results_of_a_batch_come_in_one_call(pasqal, done):
    """The one-call route has what the links have, for those jobs that are done."""
    results = pasqal.v1("GET", f"/batches/{done['id']}/full_results").data
    for job in done["jobs"]:
        link = pasqal.v1("GET", f"/jobs/{job['id']}/results_link").data["results_link"]
        assert pasqal.ask("GET", link, token=None).json == results[job["id"]]


def test_the_shots_are_listed_where_that_is_set(blocking_sandbox, pasqal, done):
    """With `raw` a result has every shot, in agreement with the counts."""
    blocking_sandbox.change(options={"pasqal": {"raw": True}})
    result = pasqal.v1("GET", f"/batches/{done['id']}/full_results").data[done["jobs"][0]["id"]]
    assert len(result["raw"]) == 50
    assert {o: result["raw"].count(o) for o in result["counter"]} == result["counter"]


def test_a_mapped_register_decides_the_width(pasqal, make_sequence):
    """Counts have one character per atom that was mapped."""
    text = make_sequence(mappable=True, atoms=5)
    variables = {"qubits": {"q0": 3, "q1": 4, "q2": 5}}
    batch = pasqal.create(sequence_builder=text, jobs=[{"runs": 9, "variables": variables}])
    pasqal.ended(batch)
    (result,) = pasqal.v1("GET", f"/batches/{batch['id']}/full_results").data.values()
    assert {len(outcome) for outcome in result["counter"]} == {3}


def test_an_emulation_has_serialised_results(pasqal):
    """With a backend configuration a result holds Pulser's own form, with the same counts."""
    batch = pasqal.create(device_type="EMU_SV", backend_configuration='{"observables": []}')
    pasqal.ended(batch)
    (result,) = pasqal.v1("GET", f"/batches/{batch['id']}/full_results").data.values()
    document = json.loads(result["serialised_results"])
    assert document["atom_order"] == ["q0", "q1"]
    assert list(document["results"].values()) == [[result["counter"]]]


def test_a_job_is_cancelled_once(blocking_sandbox, pasqal):
    """A queued job leaves the queue and the next moves up; an ended one is a conflict."""
    blocking_sandbox.change(job_time=30, parallel=False)
    first, second, third = pasqal.create(jobs=[{"runs": 1}] * 3)["jobs"]
    answer = pasqal.v2("PATCH", f"/jobs/{first['id']}/cancel")
    assert answer.data["status"] == "CANCELED"
    assert pasqal.v2("PATCH", f"/jobs/{first['id']}/cancel").status == 409
    statuses = [pasqal.v1("GET", f"/jobs/{job['id']}/status").data for job in (second, third)]
    assert [status["status"] for status in statuses] == ["RUNNING", "PENDING"]


def test_a_pause_shows_in_jobs_and_ends(blocking_sandbox, pasqal):
    """While the service is paused a job says PAUSED, and afterwards what it is."""
    blocking_sandbox.change(job_time=30)
    batch = pasqal.create()
    path = f"/jobs/{batch['jobs'][0]['id']}/status"
    statuses = []
    for paused in (True, False):
        blocking_sandbox.change(paused=paused)
        pasqal.v2("GET", f"/batches/{batch['id']}")
        statuses.append(pasqal.v1("GET", path).data["status"])
    assert statuses == ["PAUSED", "RUNNING"]


def test_jobs_added_to_a_batch_may_be_listed_late(blocking_sandbox, pasqal):
    """`list-lag` on adding jobs hides the new jobs alone."""
    batch = pasqal.create(open=True)
    blocking_sandbox.set_faults([{"route": "/batches/{id}/jobs", "fault": "list-lag:60"}])
    extended = pasqal.v2("POST", f"/batches/{batch['id']}/jobs", [{"runs": 1}]).data
    assert len(extended["jobs"]) == 2
    assert len(pasqal.v2("GET", f"/jobs?batch_id={batch['id']}").data) == 1


def test_a_signature_of_odd_characters_is_refused_as_any_other(pasqal):
    """A link's signature is compared as bytes: it may hold any character."""
    answer = pasqal.ask("GET", "/results/x?expires=1&signature=%C3%A9", token=None)
    assert (answer.status, b"SignatureDoesNotMatch" in answer.body) == (403, True)
