"""The control plane: counts, reset, settings."""

from __future__ import annotations

import contextlib
import http.client
import time
from urllib.parse import urlsplit

import pytest

STATS_KEYS = {
    "jobs_created",
    "jobs_by_status",
    "jobs_running",
    "batches_open",
    "requests",
    "duplicates",
}


def test_stats_have_the_pinned_keys(blocking_sandbox, pasqal):
    """`/stats` gives these six numbers per provider and nothing else."""
    pasqal.create()
    assert set(blocking_sandbox.stats()["pasqal"]) == STATS_KEYS


def test_requests_are_counted_by_route(blocking_sandbox, pasqal):
    """Requests are counted under method and route, with parameters written `{id}`."""
    batch = pasqal.create()
    for _ in range(3):
        pasqal.v1("GET", f"/batches/{batch['id']}/status")
    pasqal.v1("GET", "/nowhere/at/all")
    pasqal.v1("DELETE", "/batches")
    assert blocking_sandbox.stats()["pasqal"]["requests"] == {
        "POST /core-fast/api/v1/batches": 1,
        "GET /core-fast/api/v1/batches/{id}/status": 3,
        "GET (unknown route)": 1,
        "DELETE (wrong method)": 1,
    }


def test_stats_follow_jobs_and_batches(blocking_sandbox, pasqal):
    """Jobs are counted by our own words for their status, open batches while they are open."""
    blocking_sandbox.change(job_time=30, parallel=False)
    pasqal.create(jobs=[{"runs": 1}] * 3)
    opened = pasqal.create(open=True, jobs=[], device_type="EMU_FREE")
    stats = blocking_sandbox.stats()["pasqal"]
    assert (stats["jobs_created"], stats["jobs_running"], stats["batches_open"]) == (3, 1, 1)
    assert stats["jobs_by_status"] == {"queued": 2, "running": 1}
    pasqal.v2("PATCH", f"/batches/{opened['id']}/complete")
    assert blocking_sandbox.stats()["pasqal"]["batches_open"] == 0


def test_a_key_seen_twice_is_a_duplicate(blocking_sandbox, pasqal):
    """Two batches with one key are a duplicate; two equal ones without a key may be meant."""
    for tags in (["quantum-async:1"], ["quantum-async:2"], ["x"], ["x"], ["quantum-async:1"]):
        pasqal.create(tags=tags)
    assert blocking_sandbox.stats()["pasqal"]["duplicates"] == 1


def test_a_refused_submission_does_not_use_its_key_up(blocking_sandbox, pasqal, make_batch):
    """Only what was accepted counts: a repair after a refusal is no duplicate."""
    body = make_batch(tags=["quantum-async:1"], jobs=[{"runs": 0}])
    assert pasqal.v1("POST", "/batches", body).status == 422
    pasqal.create(tags=["quantum-async:1"])
    assert blocking_sandbox.stats()["pasqal"]["duplicates"] == 0


def test_reset_forgets_everything(blocking_sandbox, pasqal):
    """After a reset there are no jobs, counts, faults or changed settings."""
    batch = pasqal.create(open=True)
    blocking_sandbox.change(job_time=30)
    blocking_sandbox.set_faults([{"fault": "reset"}])
    blocking_sandbox.reset()
    stats = blocking_sandbox.stats()["pasqal"]
    assert stats == {
        "jobs_created": 0,
        "jobs_by_status": {},
        "jobs_running": 0,
        "batches_open": 0,
        "requests": {},
        "duplicates": 0,
    }
    assert pasqal.v2("GET", f"/batches/{batch['id']}").status == 404
    assert pasqal.v1("GET", "/batches").data == []


def test_a_paused_world_stands_still(blocking_sandbox, pasqal):
    """While paused no job moves and Pasqal says PAUSED; afterwards all goes on."""
    blocking_sandbox.change(paused=True)
    batch = pasqal.create(jobs=[{"runs": 1}])
    path = f"/batches/{batch['id']}/status"
    before = pasqal.v1("GET", path).data
    time.sleep(0.1)
    assert pasqal.v1("GET", path).data == before
    assert before["status"] == "PAUSED"
    blocking_sandbox.change(paused=False)
    assert pasqal.ended(batch)["status"] == "DONE"


def test_settings_change_while_it_runs(blocking_sandbox, pasqal):
    """Options of one provider are merged into those that were set."""
    blocking_sandbox.change(options={"pasqal": {"string_codes": True}})
    blocking_sandbox.change(options={"pasqal": {"full_results": False}})
    answer = pasqal.v1("GET", "/batches")
    assert answer.json["code"] == "200"
    batch = pasqal.create()
    assert pasqal.v1("GET", f"/batches/{batch['id']}/full_results").status == 404


@pytest.mark.parametrize(
    "change",
    [
        {"latency": -1},
        {"colour": "red"},
        {"options": {"pasqal": {"colour": "red"}}},
        {"options": {"pascal": {}}},
        {"options": 3},
        {"options": {"pasqal": 3}},
        {"options": {"pasqal": {"string_codes": True}, "qoro": {"colour": "red"}}},
        {"faults": [{"fault": "status:500"}]},
        {"workers": 9},
        {"services": ["iqm"]},
    ],
)
def test_a_wrong_setting_is_refused_and_changes_nothing(blocking_sandbox, pasqal, change):
    """An unknown, impossible or fixed setting is an error, and what was set stays."""
    with pytest.raises(ValueError, match=r"."):
        blocking_sandbox.change(**change)
    answer = pasqal.v1("GET", "/batches")
    assert (answer.status, answer.json["code"]) == (200, 200)


def test_a_refused_setting_leaves_the_queues_alone(blocking_sandbox, pasqal):
    """A device goes on running one job at a time after a change that was refused."""
    blocking_sandbox.change(job_time=30, parallel=False)
    pasqal.create()
    with pytest.raises(ValueError, match="colour"):
        blocking_sandbox.change(options={"pasqal": {"colour": "red"}})
    pasqal.create()
    assert blocking_sandbox.stats()["pasqal"]["jobs_by_status"] == {"running": 1, "queued": 1}


def test_jobs_can_be_counted_as_the_server_knows_them(blocking_sandbox, pasqal):
    """The control plane lists jobs with their times, which agree with what the service says."""
    batch = pasqal.create(jobs=[{"runs": 5}, {"runs": 6}])
    pasqal.ended(batch)
    records = blocking_sandbox.jobs("pasqal")
    assert [record["id"] for record in records] == [job["id"] for job in batch["jobs"]]
    assert [record["shots"] for record in records] == [5, 6]
    assert all(r["accepted"] <= r["start"] < r["end"] == r["finished"] for r in records)


async def test_the_async_hand_does_the_same(sandbox, pasqal):
    """Every call of the control plane can be awaited."""
    pasqal.create(tags=["quantum-async:1"])
    assert (await sandbox.stats())["pasqal"]["jobs_created"] == 1
    assert len(await sandbox.jobs("pasqal")) == 1
    await sandbox.set_faults([{"fault": "status:500"}])
    assert pasqal.v1("GET", "/batches").status == 500
    await sandbox.change(job_time=1)
    await sandbox.reset()
    assert (await sandbox.stats())["pasqal"]["jobs_created"] == 0


def told(url: str, method: str = "GET", body: bytes | None = None, **headers: str) -> int:
    """Ask the control port as a browser would, and return the status."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port)
    with contextlib.closing(connection):
        connection.putrequest(method, parts.path or "/", skip_host="Host" in headers)
        for name, value in {"Content-Length": str(len(body or b"")), **headers}.items():
            connection.putheader(name, value)
        connection.endheaders(body)
        return connection.getresponse().status


EVERY = [
    ("GET", "/"), ("GET", "/stats"), ("GET", "/jobs"), ("POST", "/reset"), ("GET", "/faults"),
    ("PUT", "/faults"), ("GET", "/settings"), ("PUT", "/settings"),
]  # fmt: skip


@pytest.mark.parametrize(("method", "path"), EVERY)
def test_a_page_in_a_browser_may_do_nothing(blocking_sandbox, pasqal, method, path):
    """What another origin's page sends is refused, whatever it asks for, and changes nothing."""
    pasqal.create()
    url = f"{blocking_sandbox.url('control')}{path}"
    for origin in ("https://evil.example", "null", "http://127.0.0.1:1", "http://localhost"):
        assert told(url, method, b"{}", Origin=origin) == 403
    assert blocking_sandbox.stats()["pasqal"]["jobs_created"] == 1


@pytest.mark.parametrize(("method", "path"), EVERY)
def test_another_name_is_told_nothing(blocking_sandbox, pasqal, method, path):
    """A name that somebody has bound to this machine is refused, and changes nothing."""
    pasqal.create()
    url = f"{blocking_sandbox.url('control')}{path}"
    port = urlsplit(url).port
    for host in (f"evil.example:{port}", "evil.example", "127.0.0.1.evil.example", "10.0.0.1", ""):
        assert told(url, method, b"{}", Host=host) == 421
    assert blocking_sandbox.stats()["pasqal"]["jobs_created"] == 1


def test_programs_of_this_machine_are_served(blocking_sandbox):
    """Every name of this machine is served, and a page of the control port itself."""
    url = f"{blocking_sandbox.url('control')}/stats"
    port = urlsplit(url).port
    for host in (f"127.0.0.1:{port}", f"localhost:{port}", f"LOCALHOST:{port}", "[::1]:80"):
        assert told(url, Host=host) == 200
    assert told(url, Host=f"localhost:{port}", Origin=f"http://localhost:{port}") == 200
    assert told(f"{blocking_sandbox.url('control')}/reset", "POST") == 204
