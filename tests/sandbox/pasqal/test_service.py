"""The rest of the Pasqal service: tokens, workloads, devices, projects, third parties."""

from __future__ import annotations

import json

import pytest

OVH = "/third-party-access/ovh"


def token(pasqal, **form: str):
    from urllib.parse import urlencode

    path = form.pop("path", "/auth/oauth/token")
    return pasqal.ask("POST", path, urlencode(form).encode(), token=None)


@pytest.mark.parametrize(
    "form",
    [
        {
            "grant_type": "http://auth0.com/oauth/grant-type/password-realm",
            "realm": "pcs-users",
            "username": "a@b",
            "password": "c",
        },
        {
            "path": "/auth/realms/pasqal-cloud/protocol/openid-connect/token",
            "grant_type": "password",
            "username": "a@b",
            "password": "c",
        },
        {"grant_type": "client_credentials", "client_id": "i", "client_secret": "s"},
    ],
)
def test_every_grant_gives_a_token(pasqal, form):
    """Auth0's and Keycloak's password grants and client credentials give a bearer token."""
    answer = token(pasqal, **form)
    assert (answer.status, answer.json["expires_in"]) == (200, 86400)
    assert answer.json["token_type"] == "Bearer"
    assert pasqal.v1("GET", "/batches", token=answer.json["access_token"]).status == 200


def test_a_token_request_may_be_json(pasqal):
    """The documentation shows JSON where clients send a form; both work."""
    body = {"grant_type": "password", "username": "a", "password": "b"}
    headers = {"Content-Type": "application/json"}
    answer = pasqal.ask("POST", "/auth/oauth/token", body, token=None, **headers)
    assert answer.status == 200


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({"grant_type": "password", "username": "a", "password": ""}, "invalid_grant"),
        ({"grant_type": "magic"}, "unauthorized_client"),
        ({"grant_type": "client_credentials", "client_id": "i"}, "access_denied"),
    ],
)
def test_an_incomplete_login_is_refused(pasqal, form, error):
    """A login without a password, secret or known grant gets OAuth's error."""
    answer = token(pasqal, **form)
    assert answer.status in {401, 403}
    assert answer.json["error"] == error


def test_tokens_are_checked_and_expire(standing):
    """No token is a 401, a user's own is taken, one that was issued ends with its time."""
    pasqal = standing("pasqal", token_lifetime=60.0)
    assert pasqal.v1("GET", "/batches", token=None).status == 401
    assert pasqal.v1("GET", "/batches", token="my-own").status == 200
    text = token(pasqal, grant_type="password", username="a", password="b").json["access_token"]
    assert pasqal.v1("GET", "/batches", token=text).status == 200
    pasqal.now += 61.0
    assert pasqal.v1("GET", "/batches", token=text).status == 401


def test_tokens_may_be_opaque(blocking_sandbox, pasqal):
    """An opaque token comes without an expiry and holds no claims."""
    blocking_sandbox.change(options={"pasqal": {"opaque_tokens": True}})
    answer = token(pasqal, grant_type="password", username="a", password="b").json
    assert "expires_in" not in answer
    assert "." not in answer["access_token"]


def test_the_user_of_a_token_owns_what_it_creates(pasqal):
    """A batch belongs to whoever logged in."""
    text = token(pasqal, grant_type="password", username="eve", password="b").json["access_token"]
    pasqal.create()
    from_eve = pasqal.v1("GET", "/batches?user_id=auth0%7Ceve")
    assert from_eve.json["pagination"]["total"] == 0
    assert pasqal.v1("GET", "/batches", token=text).json["pagination"]["total"] == 1


def test_devices_have_specifications(pasqal):
    """The private route is an object of texts, the public one a list with fewer of them."""
    private = pasqal.v1("GET", "/devices/specs").data
    assert {json.loads(text)["name"] for text in private.values()} == set(private)
    public = pasqal.v1("GET", "/devices/public-specs", token=None).data
    assert {entry["device_type"] for entry in public} < set(private)
    one = pasqal.v1("GET", "/devices/specs/FRESNEL").data
    assert one == {"device_type": "FRESNEL", "specs": private["FRESNEL"]}
    assert pasqal.v1("GET", "/devices/specs/EMU_FREE").status == 404


def test_specifications_are_real_devices_of_pulser(pasqal):
    """Pulser reads every specification, under the name it goes by."""
    from pulser.json.abstract_repr.deserializer import deserialize_device

    specs = pasqal.v1("GET", "/devices/specs").data
    assert {deserialize_device(text).name for text in specs.values()} == set(specs)


def test_devices_are_listed(pasqal):
    """The lists of devices have emulators too and are filtered by type."""
    public = pasqal.v1("GET", "/devices", token=None).data
    assert {d["device_type"] for d in public if d["is_emulator"]} >= {"EMU_FREE", "EMU_MPS"}
    (one,) = pasqal.v1("GET", "/devices?device_type=FRESNEL", token=None).data
    assert (one["status"], one["availability"]) == ("UP", "ACTIVE")
    page = pasqal.v2("GET", "/devices?limit=2&offset=1").json
    assert (len(page["data"]), page["pagination"]["end"]) == (2, 3)


def test_projects_are_filtered_by_status(pasqal):
    """The account service lists projects."""
    path = "/account/api/v1/projects"
    active = pasqal.ask("GET", f"{path}?project_status=ACTIVE").data
    assert {project["project_status"] for project in active} == {"ACTIVE"}
    assert len(pasqal.ask("GET", path).data) == len(active) + 1


def test_a_workload_runs_to_its_result(pasqal, until):
    """A workload ends DONE with a link to its result; afterwards it cannot be cancelled."""
    body = {"workload_type": "t", "backend": "b", "config": {"a": 1}, "project_id": "p"}
    made = pasqal.v1("POST", "/workloads", body).data
    assert made["status"] in {"PENDING", "RUNNING"}
    path = f"/workloads/{made['id']}"
    until(lambda: pasqal.v2("GET", path).data["status"] not in {"PENDING", "RUNNING"})
    done = pasqal.v2("GET", path).data
    assert (done["status"], done["config"]) == ("DONE", {"a": 1})
    assert pasqal.ask("GET", done["result_link"], token=None).json["config"] == {"a": 1}
    assert pasqal.v1("PUT", f"/workloads/{made['id']}/cancel").status == 409
    del body["config"]
    assert pasqal.v1("POST", "/workloads", body).status == 422


def test_a_workload_that_runs_is_never_forgotten(blocking_sandbox, pasqal, until):
    """The oldest ended ones make room; those that run are kept, however many there are."""
    blocking_sandbox.change(max_jobs=2)
    body = {"workload_type": "t", "backend": "b", "config": {"a": 1}, "project_id": "p"}
    ended = pasqal.v1("POST", "/workloads", body).data["id"]
    until(lambda: pasqal.v2("GET", f"/workloads/{ended}").data["status"] == "DONE")
    blocking_sandbox.change(job_time=30)
    running = [pasqal.v1("POST", "/workloads", body).data["id"] for _ in range(4)]
    assert pasqal.v2("GET", f"/workloads/{ended}").status == 404
    assert {pasqal.v2("GET", f"/workloads/{one}").status for one in running} == {200}
    assert blocking_sandbox.stats()["pasqal"]["jobs_by_status"] == {"succeeded": 1, "running": 4}


def test_a_workload_is_cancelled(blocking_sandbox, pasqal):
    """A workload under way can be cancelled and has no result."""
    blocking_sandbox.change(job_time=30)
    body = {"workload_type": "t", "backend": "b", "config": {}, "project_id": "p"}
    made = pasqal.v1("POST", "/workloads", body).data
    assert pasqal.v1("PUT", f"/workloads/{made['id']}/cancel").data["status"] == "CANCELED"
    assert pasqal.v2("GET", f"/workloads/{made['id']}").data["result_link"] is None


def test_third_parties_have_routes_of_their_own(pasqal, make_batch):
    """The OVH prefix needs no project and shows the same batch."""
    batch = pasqal.v1("POST", f"{OVH}/batches", make_batch(project_id="")).data
    pasqal.ended(batch)
    path = f"{OVH}/batches/{batch['id']}"
    assert pasqal.v1("GET", path).data["id"] == batch["id"]
    assert pasqal.v1("GET", f"{path}/status").data["status"] == "DONE"
    (job,) = pasqal.v1("GET", f"{OVH}/jobs?batch_id={batch['id']}").data
    assert pasqal.v1("GET", f"{OVH}/jobs/{job['id']}/status").data["status"] == "DONE"
    link = pasqal.v1("GET", f"{OVH}/jobs/{job['id']}/results_link").data["results_link"]
    assert pasqal.ask("GET", link, token=None).status == 200
    assert pasqal.v2("PATCH", f"{OVH}/batches/{batch['id']}/cancel").status == 404
