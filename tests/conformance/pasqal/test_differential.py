"""The vendor's client and ours, on the same sandbox: same calls, same state, same results."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from urllib.request import Request, urlopen

import pytest
from pasqal_cloud.device import EmuFreeConfig, EmuTNConfig
from pasqal_cloud.utils.constants import BatchStatus, JobStatus
from pasqal_cloud.utils.filters import (
    BatchFilters,
    CancelJobFilters,
    JobFilters,
    PaginationParams,
    RebatchFilters,
)

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

DRIVER = Path(__file__).with_name("ours.py")
OWN = {"id", "created_at", "updated_at", "start_datetime", "end_datetime", "job_ids"}
OWN |= {"start_timestamp", "end_timestamp", "batch_id", "jobs", "jobs_count_per_status", "status"}
"""What differs between two batches that were created alike."""


class Ours:
    """Our client, in an environment that holds it."""

    def __init__(self, env):
        python = os.environ.get("QUANTUM_ASYNC_SANDBOX_PYTHON") or sys.executable
        self._process = subprocess.Popen(
            [python, str(DRIVER)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "SANDBOX": json.dumps(env)},
        )

    def answer(self, name, *positional, **arguments):
        request = {"call": name, "positional": positional, "arguments": arguments}
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        assert line, "our client ended"
        return json.loads(line)

    def __call__(self, name, *positional, **arguments):
        answer = self.answer(name, *positional, **arguments)
        assert "value" in answer, answer
        return answer["value"]

    def close(self):
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait()


@pytest.fixture(scope="session")
def process(counting_sandbox):
    running = Ours(counting_sandbox.env("pasqal"))
    yield running
    running.close()


@pytest.fixture
def ours(process, sandbox):
    # A sandbox that was reset has forgotten whose the tokens are.
    process("again")
    return process


def typed(name, **fields):
    return {"$type": name, **fields}


def vendors(model):
    """The vendor's object as JSON, as far as it holds data."""
    found = {name: getattr(model, name) for name in {*type(model).model_fields} | {"id", "status"}}
    found = {n: v.to_dict() if hasattr(v, "to_dict") else v for n, v in found.items()}
    return json.loads(json.dumps({n: v for n, v in found.items() if is_data(v)}))


def is_data(value):
    return value is None or isinstance(value, str | int | float | list | dict)


def same(theirs, mine, *, but=()):
    """Compare two objects field by field, over the fields that either knows."""
    left = {name: value for name, value in theirs.items() if name not in but}
    for name, value in left.items():
        if name.startswith("_") or name not in mine:
            continue
        assert plain(mine[name]) == plain(value), name
    shared = {name for name in left if name in mine}
    assert {"id", "status"} <= shared | set(but)


def plain(value):
    # The vendor hands out null where the service sent an empty list or left a field out.
    return None if value in ([], {}, "") else value


@pytest.fixture
def raw(env, client):
    """Ask the service itself."""

    def get(path):
        request = Request(env["QUANTUM_ASYNC_PASQAL_CORE_URL"] + path)
        request.add_header("Authorization", f"Bearer {client.user_token()}")
        with urlopen(request) as answer:
            return json.loads(answer.read())["data"]

    return get


def jobs(*omegas, runs=20):
    return [{"runs": runs, "variables": {"omega": omega}} for omega in omegas]


def new_jobs(*omegas, runs=20):
    return [typed("NewJob", runs=runs, variables={"omega": omega}) for omega in omegas]


def ended(client, batch_id):
    while any(
        client.get_batch_status(batch_id) == s for s in (BatchStatus.PENDING, BatchStatus.RUNNING)
    ):
        time.sleep(0.02)


CREATIONS = {
    "closed": ({"device_type": "FRESNEL"}, {"device_type": "FRESNEL"}),
    "open": ({"open": True, "device_type": "FRESNEL"},) * 2,
    "tags": ({"tags": ["a", "b"], "device_type": "EMU_FREE"},) * 2,
    "noise": (
        {"device_type": "EMU_FREE", "configuration": EmuFreeConfig(with_noise=True)},
        {"device_type": "EMU_FREE", "configuration": typed("EmuFreeConfig", with_noise=True)},
    ),
    "tensors": (
        {"device_type": "EMU_TN", "configuration": EmuTNConfig(dt=5.0, precision="low")},
        {"device_type": "EMU_TN", "configuration": typed("EmuTNConfig", dt=5.0, precision="low")},
    ),
}


@pytest.mark.parametrize("kind", CREATIONS)
def test_creating_leaves_the_same_state(client, ours, raw, text, kind):
    """A batch created by either is the same at the service, jobs included."""
    for_vendor, for_ours = CREATIONS[kind]
    theirs = client.create_batch(text, jobs(1.0, 2.0), **for_vendor).id
    mine = ours("batches.create", text, new_jobs(1.0, 2.0), **for_ours)["id"]
    left, right = (raw(f"/api/v2/batches/{batch_id}") for batch_id in (theirs, mine))
    assert {**left, **dict.fromkeys(OWN)} == {**right, **dict.fromkeys(OWN)}
    order = "order_by=creation_order&order_by_direction=ASC"
    lists = [raw(f"/api/v2/jobs?batch_id={batch_id}&{order}") for batch_id in (theirs, mine)]
    for one, other in zip(*lists, strict=True):
        assert {**one, **dict.fromkeys(OWN)} == {**other, **dict.fromkeys(OWN)}


def test_both_read_the_same_batch(client, ours, text):
    """Looking up, listing and asking for the status give the same, field by field."""
    batch_id = client.create_batch(text, jobs(1.0, 2.0), device_type="FRESNEL", tags=["x"]).id
    ended(client, batch_id)
    theirs, mine = client.get_batch(batch_id), ours("batches.get", batch_id)
    same(vendors(theirs), mine)
    assert mine["sequence_builder"] == theirs.sequence_builder
    assert ours("batches.status", batch_id)["status"] == client.get_batch_status(batch_id).value
    listed = client.get_batches(BatchFilters(tag="x"), PaginationParams(limit=5))
    page = ours("batches.page", typed("BatchFilters", tag="x"), typed("Page", limit=5))
    assert page["total"] == listed.total
    for left, right in zip(listed.results, page["results"], strict=True):
        same(vendors(left), right)


def test_both_read_the_same_jobs(client, ours, text):
    """Jobs, their order, their status and their results are the same."""
    batch_id = client.create_batch(text, jobs(1.0, 2.0, 3.0), device_type="FRESNEL").id
    ended(client, batch_id)
    theirs = client.get_batch(batch_id).ordered_jobs
    mine = ours("batches.jobs", batch_id)
    assert [job["id"] for job in mine] == [job.id for job in theirs]
    for left, right in zip(theirs, mine, strict=True):
        same(vendors(left), right)
        same(vendors(client.get_job(left.id)), ours("jobs.get", left.id))
        assert ours("jobs.status", left.id)["status"] == client.get_job_status(left.id).value
        found = ours("jobs.results", left.id)
        assert found["counter"] == left.result
        assert {name: found[name] for name in left.full_result} == left.full_result
        fetched = ours("fetch", id=left.id, batch_id=batch_id)
        assert fetched == {"counts": left.result, "atoms": ["q0", "q1"]}


@pytest.mark.parametrize(
    ("theirs", "mine"),
    [
        ({}, {}),
        ({"status": [JobStatus.DONE]}, {"status": ["DONE"]}),
        ({"min_runs": 20}, {"min_runs": 20}),
        ({"max_runs": 10}, {"max_runs": 10}),
        ({"errors": True}, {"errors": True}),
        ({"errors": False}, {"errors": False}),
    ],
)
def test_both_filter_jobs_alike(client, ours, text, theirs, mine):
    """The same filters select the same jobs, page by page."""
    for runs in (10, 20, 30):
        batch = client.create_batch(text, jobs(1.0, 2.0, runs=runs), device_type="EMU_FREE")
        ended(client, batch.id)
    listed = client.get_jobs(JobFilters(**theirs), PaginationParams(offset=1, limit=3))
    page = ours("jobs.page", typed("JobFilters", **mine), typed("Page", offset=1, limit=3))
    assert page["total"] == listed.total
    assert [job["id"] for job in page["results"]] == [job.id for job in listed.results]


def test_both_change_a_batch_alike(client, ours, text):
    """Adding, tagging, closing and repeating leave the same behind."""
    ids = {}
    for name in ("theirs", "mine"):
        ids[name] = client.create_batch(text, jobs(1.0), open=True, device_type="FRESNEL").id
    left = client.add_jobs(ids["theirs"], jobs(2.0, 3.0))
    right = ours("batches.add_jobs", ids["mine"], new_jobs(2.0, 3.0))
    same(vendors(left), right, but=OWN)
    assert [j["variables"] for j in right["jobs"]] == [j.variables for j in left.ordered_jobs]
    left = client.set_batch_tags(ids["theirs"], ["t"])
    right = ours("batches.set_tags", ids["mine"], ["t"])
    same(vendors(left), right, but=OWN)
    left, right = client.close_batch(ids["theirs"]), ours("batches.close", ids["mine"])
    same(vendors(left), right, but=OWN)
    for batch_id in ids.values():
        ended(client, batch_id)
    left = client.rebatch(ids["theirs"], RebatchFilters(min_runs=1, status=JobStatus.DONE))
    right = ours("batches.rebatch", ids["mine"], typed("RebatchFilters", min_runs=1, status="DONE"))
    same(vendors(left), right, but={*OWN, "parent_id"})
    assert (left.parent_id, right["parent_id"]) == (ids["theirs"], ids["mine"])


def test_both_repeat_a_job_alike(client, ours, text):
    """A job that is repeated in its open batch has the same shots and variables."""
    batches = [client.create_batch(text, jobs(1.5), open=True, device_type="FRESNEL") for _ in "12"]
    first, second = batches
    first.retry(first.ordered_jobs[0])
    again = ours("jobs.retry", second.ordered_jobs[0].id)
    left, right = first.ordered_jobs[-1], again["jobs"][-1]
    assert (left.runs, left.variables) == (right["runs"], right["variables"])
    for batch in batches:
        client.close_batch(batch.id)


def test_both_cancel_alike(client, ours, sandbox, text):
    """Cancelling jobs and batches gives the same answers, refusals included."""
    sandbox.change(job_time=60)
    made = [client.create_batch(text, jobs(1.0, 2.0), device_type="EMU_FREE") for _ in range(6)]
    one, two = made[0].ordered_jobs[0].id, made[1].ordered_jobs[0].id
    same(vendors(client.cancel_job(one)), ours("jobs.cancel", two), but=OWN)
    left = client.cancel_jobs(made[0].id, CancelJobFilters(max_runs=50))
    right = ours("batches.cancel_jobs", made[1].id, typed("CancelFilters", max_runs=50))
    assert len(left.jobs) == len(right["jobs"]) == 1
    assert left.errors == right["errors"] == {}
    same(vendors(client.cancel_batch(made[4].id)), ours("batches.cancel", made[5].id), but=OWN)
    ids = [made[0].id, made[2].id]
    left = client.cancel_batches(ids)
    right = ours("batches.cancel_many", [made[1].id, made[3].id])
    assert len(left.batches) == len(right["batches"]) == 1
    [theirs], [mine] = left.errors.values(), right["errors"].values()
    assert theirs.replace(ids[0], "") == mine.replace(made[1].id, "")


def test_both_run_workloads_alike(client, ours):
    """Workloads are created, read and cancelled alike."""
    left = client.create_workload("qadence_circuit", "pyqtorch", {"x": 1}, wait=True)
    right = ours("workloads.create", "qadence_circuit", "pyqtorch", {"x": 1})
    mine = ours("workloads.wait", right["id"], timeout=None)
    assert (mine["status"], mine["config"]) == (left.status, left.config)
    again = ours("workloads.get", left.id)
    same(vendors(client.get_workload(left.id)), again, but={"result", "result_link"})


def test_both_see_the_same_devices_and_projects(client, ours):
    """Specifications and projects are the same."""
    assert ours("specs.all") == client.get_device_specs_dict()
    assert [p["id"] for p in ours("projects.list")] == [p.id for p in client.get_all_projects()]


def test_both_see_the_same_period(client, ours, text):
    """Dates select the same batches."""
    client.create_batch(text, jobs(1.0), device_type="FRESNEL")
    for start in (datetime(2020, 1, 1, tzinfo=UTC), datetime(2999, 1, 1, tzinfo=UTC)):
        listed = client.get_batches(BatchFilters(start_date=start))
        mine = ours("batches.list", typed("BatchFilters", start_date=start.isoformat()))
        assert [batch.id for batch in listed.results] == [batch["id"] for batch in mine]


def test_both_are_refused_alike(client, ours, text):
    """What the service refuses raises in both; ours can be caught as an exception."""
    batch_id = client.create_batch(text, jobs(1.0), device_type="FRESNEL").id
    with pytest.raises(BaseException, match="closed"):
        client.add_jobs(batch_id, jobs(2.0))
    answer = ours.answer("batches.add_jobs", batch_id, new_jobs(2.0))
    assert answer["error"] == "ConflictError"
    assert "closed" in answer["message"]
