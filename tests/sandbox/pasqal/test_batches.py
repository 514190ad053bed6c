"""Batches of the Pasqal service: creation, lists, life and end."""

from __future__ import annotations

import uuid

import pytest

REQUIRED = {
    "id", "project_id", "user_id", "created_at", "updated_at", "device_type", "status", "open",
    "complete", "jobs_count", "jobs_count_per_status", "tags",
}  # fmt: skip


def ids(items) -> list[str]:
    return [item["id"] for item in items]


@pytest.mark.parametrize("compress", [False, True])
def test_create_answers_the_batch_with_its_jobs(pasqal, make_batch, compress):
    """A batch is taken with a plain or a gzip body and answered with every field."""
    body = make_batch(jobs=[{"runs": 7, "variables": None}], tags=["a", "b"], webhook="http://w")
    batch = pasqal.v1("POST", "/batches", body, compress=compress).data
    assert set(batch) >= REQUIRED
    assert (batch["open"], batch["complete"], batch["tags"]) == (False, True, ["a", "b"])
    assert (batch["webhook"], batch["jobs_count"]) == ("http://w", 1)
    job = batch["jobs"][0]
    assert (job["runs"], job["batch_id"], job["creation_order"]) == (7, batch["id"], 1)
    assert pasqal.v1("GET", "/batches?limit=1").data[0]["webhook"] == "http://w"


def test_a_body_that_is_not_gzip_is_refused(pasqal):
    """A body that does not hold what its encoding says is a 400."""
    answer = pasqal.v1("POST", "/batches", b"{}", **{"Content-Encoding": "gzip"})
    assert answer.status == 400


@pytest.mark.parametrize(
    ("changes", "location"),
    [
        ({"jobs": []}, ["body", "jobs"]),
        ({"jobs": [{"runs": 0}]}, ["body", "jobs", 0]),
        ({"jobs": [{"runs": 1}, {"runs": 2001}]}, ["body", "jobs", 1]),
        ({"jobs": [{"runs": "many"}]}, ["body", "jobs", 0]),
        ({"jobs": [{}]}, ["body", "jobs", 0]),
        ({"jobs": [{"runs": 1, "variables": {"omega": 1.0}}]}, ["body", "jobs", 0]),
        ({"jobs": [{"runs": 1, "variables": {"qubits": {"q0": 1}}}]}, ["body", "jobs", 0]),
        ({"jobs": [{"runs": 1, "sequence": "{}", "variables": {"a": 1}}]}, ["body", "jobs", 0]),
        ({"sequence_builder": None}, ["body", "jobs", 0]),
        ({"project_id": "mine"}, ["body", "project_id"]),
        ({"project_id": None}, ["body", "project_id"]),
        ({"device_type": "FRESNEL_X"}, ["body", "device_type"]),
        ({"tags": ["a", "a"]}, ["body", "tags"]),
        ({"tags": "a"}, ["body", "tags"]),
    ],
)
def test_a_wrong_batch_is_refused_with_the_place(
    blocking_sandbox, pasqal, make_batch, changes, location
):
    """A 422 names where the body is wrong, and nothing is created."""
    answer = pasqal.v1("POST", "/batches", make_batch(**changes))
    assert answer.status == 422
    assert answer.json["data"]["description"][0]["loc"] == location
    assert blocking_sandbox.stats()["pasqal"]["jobs_created"] == 0


def test_a_foreign_project_is_forbidden(pasqal, make_batch):
    """A project that one does not belong to is a 403."""
    body = make_batch(project_id="00000000-0000-4000-8000-00000000f0e0")
    assert pasqal.v1("POST", "/batches", body).status == 403


def test_variables_are_bound_by_the_server(pasqal, make_batch, make_sequence):
    """Each declared variable needs a value; for a mappable register the atoms do too."""
    text = make_sequence(variables=("omega",), mappable=True, atoms=3)
    good = {"omega": 1.0, "qubits": {"q0": 4, "q1": 9}}
    assert pasqal.create(sequence_builder=text, jobs=[{"runs": 1, "variables": good}])
    for wrong in (
        {"omega": 1.0},
        {"qubits": good["qubits"]},
        {**good, "delta": 0.0},
        {**good, "omega": [1.0, 2.0]},
        {**good, "qubits": {"q1": 4}},
    ):
        body = make_batch(sequence_builder=text, jobs=[{"runs": 1, "variables": wrong}])
        assert pasqal.v1("POST", "/batches", body).status == 422


def test_the_device_follows_from_the_sequence(pasqal, make_sequence):
    """Without a device type the sequence's device is used."""
    text = make_sequence(device="FRESNEL_CAN1")
    batch = pasqal.create(device_type=None, sequence_builder=text)
    assert batch["device_type"] == "FRESNEL_CAN1"


def test_an_emulator_needs_no_runs(pasqal):
    """Emulators take jobs without a number of shots, and the configuration's default."""
    configuration = '{"default_num_shots": 37, "autosave_dt": Infinity, "observables": []}'
    batch = pasqal.create(device_type="EMU_MPS", jobs=[{}], backend_configuration=configuration)
    pasqal.ended(batch)
    results = pasqal.v1("GET", f"/batches/{batch['id']}/full_results").data
    assert sum(results[batch["jobs"][0]["id"]]["counter"].values()) == 37
    assert batch["jobs"][0]["runs"] is None


def test_an_unreadable_sequence_ends_in_error(pasqal):
    """What is no sequence is taken, and its jobs and batch end in ERROR with the reason."""
    batch = pasqal.create(sequence_builder="nonsense")
    assert pasqal.ended(batch)["status"] == "ERROR"
    job = pasqal.v2("GET", f"/jobs/{batch['jobs'][0]['id']}").data
    assert (job["status"], job["errors"][0][:25]) == ("ERROR", "not a serialized sequence")


def test_jobs_may_bring_their_own_sequences(pasqal, make_sequence):
    """A batch without a sequence has jobs with theirs, and no builder of its own."""
    text = make_sequence(atoms=5)
    jobs = [{"runs": 1, "sequence": text}]
    batch = pasqal.create(sequence_builder=None, jobs=jobs)
    assert pasqal.v2("GET", f"/batches/{batch['id']}").data["sequence_builder"] is None
    assert pasqal.v2("GET", f"/jobs/{batch['jobs'][0]['id']}").data["sequence"] == text


def test_get_and_list_leave_out_what_the_service_leaves_out(pasqal, make_sequence):
    """A look-up has the sequence and job ids, a list neither sequence nor jobs."""
    batch = pasqal.create()
    found = pasqal.v2("GET", f"/batches/{batch['id']}").data
    assert found["sequence_builder"] == make_sequence()
    assert found["job_ids"] == ids(batch["jobs"])
    assert "jobs" not in found
    listed = pasqal.v1("GET", "/batches").data[0]
    assert not {"jobs", "sequence_builder"} & set(listed)


def test_lists_come_in_pages(pasqal):
    """A page says where it ends, in the envelope and in Content-Range; the newest come first."""
    batches = [pasqal.create() for _ in range(5)]
    first = pasqal.v1("GET", "/batches?limit=2")
    assert first.json["pagination"] == {"total": 5, "start": 0, "offset": 0, "end": 2}
    assert first.headers["content-range"] == "0-1/5"
    assert ids(first.data) == ids(batches)[:-3:-1]
    last = pasqal.v1("GET", "/batches?limit=2&offset=4")
    assert last.json["pagination"]["end"] == 5
    assert ids(last.data) == ids(batches)[:1]
    upwards = pasqal.v1("GET", "/batches?order_by_direction=ASC")
    assert ids(upwards.data) == ids(batches)


@pytest.mark.parametrize("query", ["limit=0", "limit=101", "offset=-1", "limit=x", "colour=red"])
def test_a_wrong_query_is_refused(pasqal, query):
    """Bounds of pages hold, and an unknown filter is never silently ignored."""
    assert pasqal.v1("GET", f"/batches?{query}").status == 422
    assert pasqal.v2("GET", f"/jobs?{query}").status == 422


def test_batches_are_filtered(pasqal):
    """Every batch filter keeps what it says, alternatives within and all of them together."""
    one = pasqal.create(tags=["t"], device_type="EMU_FREE")
    two = pasqal.create(open=True)
    pasqal.ended(one)
    unknown = uuid.uuid4()
    expected = {
        f"id={one['id']}&id={two['id']}&id={unknown}": {one["id"], two["id"]},
        f"id={unknown}": set(),
        "tag=t": {one["id"]},
        "open=True": {two["id"]},
        "open=False": {one["id"]},
        "device_type=EMU_FREE&device_type=EMU_SV": {one["id"]},
        "status=DONE": {one["id"]},
        "status=DONE&status=RUNNING": {one["id"], two["id"]},
        "status=DONE&open=True": set(),
        f"project_id={one['project_id']}": {one["id"], two["id"]},
        f"project_id={unknown}": set(),
        f"user_id={one['user_id'].replace('|', '%7C')}": {one["id"], two["id"]},
        "user_id=nobody": set(),
        "queue_priority=MEDIUM": {one["id"], two["id"]},
        "queue_priority=HIGH&queue_priority=LOW": set(),
        "start_date=2020-01-01T00:00:00": {one["id"], two["id"]},
        "end_date=2020-01-01T00:00:00%2B00:00": set(),
    }
    found = {query: set(ids(pasqal.v1("GET", f"/batches?{query}").data)) for query in expected}
    assert found == expected


def test_an_open_batch_takes_jobs_until_it_is_closed(pasqal):
    """Jobs are added in order, the answer has all of them, a closed batch refuses."""
    batch = pasqal.create(open=True, jobs=[])
    path = f"/batches/{batch['id']}"
    assert pasqal.v1("GET", f"{path}/status").data["status"] == "RUNNING"
    pasqal.v2("POST", f"{path}/jobs", [{"runs": 1}], compress=True)
    extended = pasqal.v2("POST", f"{path}/jobs", [{"runs": 2}, {"runs": 3}]).data
    assert [job["runs"] for job in extended["jobs"]] == [1, 2, 3]
    assert [job["creation_order"] for job in extended["jobs"]] == [1, 2, 3]
    closed = pasqal.v2("PATCH", f"{path}/complete").data
    assert (closed["open"], closed["complete"]) == (False, True)
    assert pasqal.v2("POST", f"{path}/jobs", [{"runs": 1}]).status == 409
    assert pasqal.v2("PATCH", f"{path}/complete").status == 409
    assert pasqal.ended(batch)["status"] == "DONE"


def test_an_idle_open_batch_times_out(standing):
    """An open batch ends TIMED_OUT when nothing has happened for long enough; jobs prolong it."""
    pasqal = standing("pasqal", job_time=1.0, options={"pasqal": {"open_batch_timeout": 30.0}})
    batch = pasqal.create(open=True, jobs=[])
    path = f"/batches/{batch['id']}"
    pasqal.now += 20.0
    pasqal.v2("POST", f"{path}/jobs", [{"runs": 1}])
    pasqal.now += 30.9
    assert pasqal.v1("GET", f"{path}/status").data["status"] == "RUNNING"
    pasqal.now += 0.2
    late = pasqal.v2("GET", path).data
    assert (late["status"], late["open"]) == ("TIMED_OUT", False)
    assert pasqal.v2("POST", f"{path}/jobs", [{"runs": 1}]).status == 409


def test_cancel_takes_queued_and_running_jobs_out(blocking_sandbox, pasqal):
    """Cancelling ends the batch and every job that has not ended; a second time is a conflict."""
    blocking_sandbox.change(job_time=30, parallel=False)
    batch = pasqal.create(jobs=[{"runs": 1}] * 3, open=True)
    cancelled = pasqal.v2("PATCH", f"/batches/{batch['id']}/cancel").data
    assert (cancelled["status"], cancelled["open"]) == ("CANCELED", False)
    assert {job["status"] for job in cancelled["jobs"]} == {"CANCELED"}
    assert cancelled["jobs_count_per_status"]["CANCELED"] == 3
    assert pasqal.v2("PATCH", f"/batches/{batch['id']}/cancel").status == 409


def test_a_running_job_may_take_time_to_stop(standing):
    """With a cancel time a running job and its batch are CANCELING for a while."""
    pasqal = standing("pasqal", job_time=30.0, cancel_time=2.0)
    batch = pasqal.create()
    path = f"/batches/{batch['id']}"
    pasqal.now += 10.0
    cancelled = pasqal.v2("PATCH", f"{path}/cancel").data
    assert cancelled["status"] == "CANCELING"
    assert [job["status"] for job in cancelled["jobs"]] == ["CANCELING"]
    pasqal.now += 1.9
    assert pasqal.v1("GET", f"{path}/status").data["status"] == "CANCELING"
    pasqal.now += 0.2
    assert pasqal.v1("GET", f"{path}/status").data["status"] == "CANCELED"


def test_many_batches_are_cancelled_at_once(blocking_sandbox, pasqal):
    """The bulk route says per batch what could not be cancelled."""
    blocking_sandbox.change(job_time=30)
    one, two = pasqal.create(), pasqal.create()
    pasqal.v2("PATCH", f"/batches/{two['id']}/cancel")
    unknown = str(uuid.uuid4())
    body = {"batch_ids": [one["id"], two["id"], unknown]}
    data = pasqal.v1("PATCH", "/batches/cancel", body).data
    assert ids(data["batches"]) == [one["id"]]
    assert set(data["errors"]) == {two["id"], unknown}


def test_jobs_of_a_batch_are_cancelled_by_filter(blocking_sandbox, pasqal):
    """Without a filter all that can be are cancelled; with ids the others are errors."""
    blocking_sandbox.change(job_time=30)
    batch = pasqal.create(jobs=[{"runs": n} for n in (10, 20, 30)])
    path = f"/batches/{batch['id']}/cancel/jobs"
    some = pasqal.v2("PATCH", f"{path}?min_runs=15&max_runs=25").data
    assert [job["runs"] for job in some["jobs"]] == [20]
    middle = some["jobs"][0]["id"]
    assert set(pasqal.v2("PATCH", f"{path}?id={middle}").data["errors"]) == {middle}
    rest = pasqal.v2("PATCH", path).data
    assert ([job["runs"] for job in rest["jobs"]], rest["errors"]) == ([10, 30], {})


def test_rebatch_repeats_the_jobs_that_pass(blocking_sandbox, pasqal):
    """A rebatch is a new batch with parents, of the failed jobs for example."""
    blocking_sandbox.set_faults([{"fault": "job-failure", "nth": 2}])
    batch = pasqal.create(jobs=[{"runs": n} for n in (1, 2, 3)], tags=["quantum-async:k", "t"])
    pasqal.ended(batch)
    again = pasqal.v1("POST", f"/batches/{batch['id']}/rebatch?status=ERROR").data
    assert (again["parent_id"], again["tags"]) == (batch["id"], ["t"])
    assert [job["runs"] for job in again["jobs"]] == [2]
    assert again["jobs"][0]["parent_id"] == batch["jobs"][1]["id"]
    whole = pasqal.v1("POST", f"/batches/{batch['id']}/rebatch").data
    assert len(whole["jobs"]) == 3


def test_tags_are_replaced(pasqal):
    """Setting tags replaces the old ones."""
    batch = pasqal.create(tags=["old"])
    changed = pasqal.v1("PATCH", f"/batches/{batch['id']}/tags", ["new", "er"]).data
    assert changed["tags"] == ["new", "er"]
    assert ids(pasqal.v1("GET", "/batches?tag=old").data) == []
    assert ids(pasqal.v1("GET", "/batches?tag=er").data) == [batch["id"]]


@pytest.mark.parametrize("path", ["/batches/x", "/jobs/x", "/workloads/x"])
def test_an_unknown_id_is_not_found(pasqal, path):
    """What does not exist is a 404 in the service's envelope."""
    answer = pasqal.v2("GET", path)
    assert (answer.status, answer.json["status"]) == (404, "fail")


def test_a_batch_is_never_larger_than_it_may_be(blocking_sandbox, pasqal, make_batch):
    """The limit holds for a new batch as for one that is added to."""
    blocking_sandbox.change(options={"pasqal": {"max_jobs_per_batch": 2}})
    body = make_batch(jobs=[{"runs": 1}] * 3)
    assert pasqal.v1("POST", "/batches", body).status == 422
    opened = pasqal.create(open=True, jobs=[{"runs": 1}] * 2)
    assert pasqal.v2("POST", f"/batches/{opened['id']}/jobs", [{"runs": 1}]).status == 422


def test_old_batches_are_forgotten_when_there_are_too_many(blocking_sandbox, pasqal):
    """Memory is bounded: the oldest ended batches go, and stay in the counts."""
    blocking_sandbox.change(max_jobs=5, job_time=0.001)
    batches = []
    for _ in range(4):
        batches.append(pasqal.create(jobs=[{"runs": 1}] * 2))
        pasqal.ended(batches[-1])
    assert pasqal.v2("GET", f"/batches/{batches[0]['id']}").status == 404
    assert pasqal.v2("GET", f"/batches/{batches[-1]['id']}").status == 200
    stats = blocking_sandbox.stats()["pasqal"]
    assert (stats["jobs_created"], stats["jobs_by_status"]) == (8, {"succeeded": 8})
