"""Each fault as a client sees it, observed without any client library's help."""

from __future__ import annotations

import socket
import time
from http.client import IncompleteRead

import pytest

LIST = "/core-fast/api/v1/batches"


def created(sandbox) -> int:
    return sandbox.stats()["pasqal"]["jobs_created"]


def connected(wire) -> socket.socket:
    host, port = wire.address.split(":")
    return socket.create_connection((host, int(port)))


def raw_exchange(wire, request: bytes) -> bytes:
    """Send bytes and return all that comes before the connection ends."""
    with connected(wire) as connection:
        connection.sendall(request)
        received = b""
        while chunk := connection.recv(65536):
            received += chunk
        return received


def raw_post(wire, body: bytes) -> bytes:
    head = f"POST {LIST} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer t\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


@pytest.fixture
def body(make_batch) -> bytes:
    import json

    return json.dumps(make_batch()).encode()


def plan(fault: str, **more) -> list[dict]:
    return [{"provider": "pasqal", "method": "POST", "route": LIST, "fault": fault, **more}]


@pytest.mark.parametrize("status", [400, 403, 408, 409, 425, 429, 500, 502, 503, 504])
def test_status_answers_without_acting(blocking_sandbox, pasqal, make_batch, status):
    """`status:<code>` gives the provider's error body and creates nothing."""
    blocking_sandbox.set_faults(plan(f"status:{status}"))
    answer = pasqal.v1("POST", "/batches", make_batch())
    assert (answer.status, answer.json["code"]) == (status, str(status))
    assert answer.json["data"] == {"description": "a fault of the plan"}
    assert created(blocking_sandbox) == 0


def test_accept_then_status_acts_first(blocking_sandbox, pasqal, make_batch):
    """`accept-then-status:504` hides that the batch was created."""
    blocking_sandbox.set_faults(plan("accept-then-status:504"))
    assert pasqal.v1("POST", "/batches", make_batch()).status == 504
    assert created(blocking_sandbox) == 1


def test_reset_is_a_tcp_reset(blocking_sandbox, pasqal, body):
    """`reset` breaks the connection with RST, not FIN, before acting."""
    blocking_sandbox.set_faults(plan("reset"))
    with pytest.raises(ConnectionResetError):
        raw_exchange(pasqal, raw_post(pasqal, body))
    assert created(blocking_sandbox) == 0


def test_accept_then_reset_acts_first(blocking_sandbox, pasqal, body):
    """`accept-then-reset` breaks the connection after the batch was created."""
    blocking_sandbox.set_faults(plan("accept-then-reset"))
    with pytest.raises(ConnectionResetError):
        raw_exchange(pasqal, raw_post(pasqal, body))
    assert created(blocking_sandbox) == 1


@pytest.mark.parametrize(("fault", "count"), [("timeout", 0), ("accept-then-timeout", 1)])
def test_timeout_never_answers(pasqal, body, until, blocking_sandbox, fault, count):  # noqa: PLR0917
    """`timeout` holds the connection open without a byte."""
    blocking_sandbox.set_faults(plan(fault))
    with connected(pasqal) as connection:
        connection.sendall(raw_post(pasqal, body))
        until(lambda: blocking_sandbox.stats()["pasqal"]["requests"])
        until(lambda: created(blocking_sandbox) == count)
        connection.settimeout(0.2)
        with pytest.raises(TimeoutError):
            connection.recv(1)
    assert created(blocking_sandbox) == count


def test_html_is_a_proxys_page(blocking_sandbox, pasqal, make_batch):
    """`html:502` answers with a page that is not JSON, without acting."""
    blocking_sandbox.set_faults(plan("html:502"))
    answer = pasqal.v1("POST", "/batches", make_batch())
    assert (answer.status, answer.headers["content-type"]) == (502, "text/html; charset=utf-8")
    assert answer.body.startswith(b"<html>")
    assert created(blocking_sandbox) == 0


def test_truncate_breaks_off_in_the_body(blocking_sandbox, pasqal, make_batch):
    """`truncate` acts, announces the whole length and sends half."""
    blocking_sandbox.set_faults(plan("truncate"))
    with pytest.raises(IncompleteRead) as error:
        pasqal.v1("POST", "/batches", make_batch())
    assert error.value.partial.startswith(b'{"status":"success"')
    assert abs(len(error.value.partial) - (error.value.expected or 0)) <= 1
    assert created(blocking_sandbox) == 1


@pytest.mark.parametrize("value", ["7", "Wed, 21 Oct 2026 07:28:00 GMT"])
def test_retry_after_answers_429(blocking_sandbox, pasqal, make_batch, value):
    """`retry-after:<when>` answers 429 with that header, in seconds or as a date."""
    blocking_sandbox.set_faults(plan(f"retry-after:{value}"))
    answer = pasqal.v1("POST", "/batches", make_batch())
    assert (answer.status, answer.headers["retry-after"]) == (429, value)
    assert created(blocking_sandbox) == 0


def test_delay_answers_later(blocking_sandbox, pasqal, body, make_batch, until):
    """`delay:<ms>` changes nothing but the time: until then nothing is done and nothing said."""
    blocking_sandbox.set_faults(plan("delay:100"))
    assert pasqal.v1("POST", "/batches", make_batch()).status == 200
    assert created(blocking_sandbox) == 1
    blocking_sandbox.set_faults(plan("delay:3600000"))
    with connected(pasqal) as connection:
        connection.sendall(raw_post(pasqal, body))
        until(lambda: 2 in blocking_sandbox.stats()["pasqal"]["requests"].values())
        connection.settimeout(0.2)
        with pytest.raises(TimeoutError):
            connection.recv(1)
        assert created(blocking_sandbox) == 1


def test_expired_token_refuses_this_token_for_good(blocking_sandbox, pasqal):
    """`expired-token` answers 401 now and for the same token later, but not for another."""
    blocking_sandbox.set_faults([{"fault": "expired-token", "nth": 1}])
    statuses = [pasqal.v1("GET", "/batches", token=token).status for token in ("a", "a", "b")]
    assert statuses == [401, 401, 200]


def test_expired_token_spares_routes_without_a_token(blocking_sandbox, pasqal):
    """`expired-token` on every route neither hits nor counts the token endpoint."""
    blocking_sandbox.set_faults([{"fault": "expired-token", "nth": 1}])
    form = b"grant_type=password&username=a&password=b"
    assert pasqal.ask("POST", "/auth/oauth/token", form, token=None).status == 200
    assert pasqal.v1("GET", "/batches").status == 401


def test_list_lag_hides_a_new_batch_from_lists_alone(blocking_sandbox, pasqal, make_batch, until):
    """`list-lag:<s>` keeps a batch and its jobs out of lists while it can be read by its id."""
    blocking_sandbox.set_faults(plan("list-lag:0.05"))
    soon = pasqal.v1("POST", "/batches", make_batch(tags=["t"])).data
    until(lambda: pasqal.v1("GET", "/batches?tag=t").data)
    assert len(pasqal.v2("GET", f"/jobs?batch_id={soon['id']}").data) == 1
    blocking_sandbox.set_faults(plan("list-lag:3600"))
    batch = pasqal.v1("POST", "/batches", make_batch(tags=["t"])).data
    assert [found["id"] for found in pasqal.v1("GET", "/batches?tag=t").data] == [soon["id"]]
    assert pasqal.v2("GET", f"/jobs?batch_id={batch['id']}").data == []
    assert pasqal.v2("GET", f"/batches/{batch['id']}").data["id"] == batch["id"]


def test_job_failure_is_drawn_per_job(blocking_sandbox, pasqal, make_batch):
    """`job-failure` with `nth` 2 lets the second job fail, with a reason."""
    blocking_sandbox.set_faults([{"fault": "job-failure", "nth": 2}])
    batch = pasqal.create(jobs=[{"runs": 1}] * 3)
    pasqal.ended(batch)
    jobs = pasqal.v2("GET", f"/jobs?batch_id={batch['id']}&order_by_direction=ASC").data
    assert [job["status"] for job in jobs] == ["DONE", "ERROR", "DONE"]
    assert "lost its atoms" in jobs[1]["errors"][0]


def test_set_and_drop_edit_the_answer(blocking_sandbox, pasqal):
    """`set` and `drop` change fields of a good answer, every element where `*` stands."""
    pasqal.create(jobs=[{"runs": 1}] * 2)
    blocking_sandbox.set_faults(
        [
            {"route": "/jobs", "fault": 'set:/data/*/status="FROBNICATED"'},
            {"route": "/jobs", "fault": "drop:/data/*/runs"},
            {"route": "/jobs", "fault": "set:/pagination/end=0"},
        ]
    )
    answer = pasqal.v2("GET", "/jobs")
    assert {job["status"] for job in answer.data} == {"FROBNICATED"}
    assert not any("runs" in job for job in answer.data)
    assert answer.json["pagination"]["end"] == 0


@pytest.mark.parametrize(
    "fault", ["drop:/data/name", "set:/data/7=1", "drop:/data/7", "set:/code/x=1", "drop:/no/where"]
)
def test_an_edit_that_fits_nothing_changes_nothing(blocking_sandbox, pasqal, fault):
    """Where an answer has no such place, it stays as it is instead of becoming an error."""
    plain = pasqal.v1("GET", "/batches").json
    blocking_sandbox.set_faults([{"fault": fault}])
    answer = pasqal.v1("GET", "/batches")
    assert (answer.status, answer.json) == (200, plain)


def test_half_a_request_is_not_acted_upon(blocking_sandbox, wire_to):
    """A connection that ends within a body has asked for nothing: half an upload is not stored."""
    azure = wire_to(blocking_sandbox.url("azure"))
    workspace = "/subscriptions/s/resourceGroups/sandbox/providers/Microsoft.Quantum/workspaces/x"
    asked = azure.ask(
        "POST", f"{workspace}/storage/sasUri?api-version=1", {"containerName": "half"}
    )
    path = f"/half/blob?{asked.json['sasUri'].partition('?')[2]}"
    head = f"PUT {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n".encode()
    with connected(azure) as connection:
        connection.sendall(head + b"x" * 40)
    time.sleep(0.1)
    assert azure.ask("GET", path, token=None).status == 404


def test_body_answers_literally(blocking_sandbox, pasqal):
    """`body:<code>:<text>` sends any text, such as an error whose data is a list."""
    blocking_sandbox.set_faults([{"fault": 'body:500:{"data":["x"]}'}])
    answer = pasqal.v1("GET", "/batches")
    assert (answer.status, answer.json) == (500, {"data": ["x"]})


def test_token_faults_look_like_a_token_endpoint(blocking_sandbox, pasqal):
    """A status on the token route has OAuth's error body."""
    blocking_sandbox.set_faults([{"route": "/auth/oauth/token", "fault": "status:403"}])
    answer = pasqal.ask("POST", "/auth/oauth/token", b"", token=None)
    assert (answer.status, answer.json["error"]) == (403, "access_denied")


def test_nth_counts_matching_requests_only(blocking_sandbox, pasqal):
    """`nth` counts what matches provider, method and route, and takes several places."""
    rule = {"method": "GET", "route": LIST, "nth": [2, 3], "fault": "status:500"}
    blocking_sandbox.set_faults([rule])
    statuses = []
    for _ in range(4):
        pasqal.v2("GET", "/jobs")
        statuses.append(pasqal.v1("GET", "/batches").status)
    assert statuses == [200, 500, 500, 200]


def test_routes_match_by_their_end_and_by_wildcards(blocking_sandbox, pasqal):
    """A route may be given by its end, and parameters may have any name."""
    batch = pasqal.create()
    blocking_sandbox.set_faults(
        [
            {"route": "/batches/{batch_id}/status", "fault": "status:500"},
            {"route": "*/devices/*", "fault": "status:502"},
        ]
    )
    assert pasqal.v1("GET", f"/batches/{batch['id']}/status").status == 500
    assert pasqal.v1("GET", "/devices/specs").status == 502
    assert pasqal.v2("GET", f"/batches/{batch['id']}").status == 200


def test_probability_repeats_itself(blocking_sandbox, pasqal):
    """The same plan strikes the same requests again, and about as often as it says."""
    rule = {"probability": 0.5, "fault": "status:500"}
    runs = []
    for _ in range(2):
        blocking_sandbox.set_faults([rule])
        runs.append([pasqal.v1("GET", "/batches").status for _ in range(60)])
    assert runs[0] == runs[1]
    assert 15 <= runs[0].count(500) <= 45


@pytest.mark.parametrize(
    "fault",
    [
        {"fault": "explode"},
        {"fault": "status"},
        {"fault": "status:abc"},
        {"fault": "reset:1"},
        {"fault": "delay:-1"},
        {"fault": "delay:nan"},
        {"fault": "list-lag:inf"},
        {"fault": "drop:status"},
        {"fault": "body:99:x"},
        {"fault": "set:status=1"},
        {"fault": "set:/status=nonsense"},
        {"fault": "reset", "probability": 0.5, "nth": 1},
        {"fault": "reset", "probability": 2},
        {"fault": "reset", "wen": 1},
    ],
)
def test_a_wrong_plan_is_refused(blocking_sandbox, fault):
    """A plan with an unknown fault, a missing argument or an unknown field is an error."""
    with pytest.raises(ValueError):
        blocking_sandbox.set_faults([fault])
