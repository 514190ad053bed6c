"""Logins, tokens and timeslots of the IQM service."""

from __future__ import annotations

import base64
import json
from urllib.parse import urlencode

import pytest

REALM = "/realms/cortex/protocol/openid-connect"


@pytest.fixture
def keycloak(blocking_sandbox, wire_to):
    """Send a form to the login."""
    wire = wire_to(blocking_sandbox.url("iqm"))

    def ask(path, **form):
        return wire.ask("POST", f"{REALM}{path}", urlencode(form).encode(), token=None)

    return ask


def test_a_login_from_beginning_to_end(iqm, keycloak):
    """A password gives tokens that work, a refresh token gives others once, a logout ends it."""
    first = keycloak("/token", grant_type="password", username="u", password="p").json
    claims = first["access_token"].split(".")[1]
    assert {"-", "_"} & set(claims)
    assert json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))["exp"]
    assert iqm("GET", "/quantum-computers", token=first["access_token"]).status == 200
    second = keycloak("/token", grant_type="refresh_token", refresh_token=first["refresh_token"])
    assert second.status == 200
    again = keycloak("/token", grant_type="refresh_token", refresh_token=first["refresh_token"])
    assert (again.status, again.json["error"]) == (400, "invalid_grant")
    assert keycloak("/logout", refresh_token=second.json["refresh_token"]).status == 204
    assert keycloak("/logout", refresh_token=second.json["refresh_token"]).status == 400


def test_logins_that_are_refused(keycloak):
    """Half a login, and a grant that nobody knows, in the login's own shape of errors."""
    half = keycloak("/token", grant_type="password", username="u")
    assert (half.status, half.json["error"]) == (401, "invalid_grant")
    strange = keycloak("/token", grant_type="device")
    assert strange.json["error"] == "unsupported_grant_type"


def test_tokens_of_a_login_end(iqm, keycloak, blocking_sandbox):
    """A token is refused once its time is over."""
    blocking_sandbox.change(token_lifetime=0.001)
    try:
        granted = keycloak("/token", grant_type="password", username="u", password="p").json
    finally:
        blocking_sandbox.change(token_lifetime=86400.0)
    answer = iqm("GET", "/quantum-computers", token=granted["access_token"])
    assert (answer.status, answer.json["error_code"]) == (401, "unauthorized")


def test_requests_of_tokens_that_are_malformed(iqm):
    """What is missing is named."""
    assert iqm("POST", "/tokens/current/refresh", {}).json["error_code"] == "bad_request"
    assert iqm("POST", "/tokens/current/activate", {}).json["error_code"] == "bad_request"
    assert iqm("POST", "/tokens/somebody-elses/revoke").status == 200
    assert iqm("GET", "/tokens").status == 200


@pytest.mark.parametrize(
    ("wanted", "code"),
    [
        ([], "bad_request"),
        ("odd", "bad_request"),
        ([{}], "bad_request"),
        ([3], "bad_request"),
        ([{"reference": "nowhere-1"}], "invalid_input"),
        ([{"reference": "garnet-0", "expected_price": "1.00"}], "conflict"),
    ],
)
def test_bookings_that_are_refused(iqm, wanted, code):
    """The reason is in the code, and nothing is booked."""
    path = "/quantum-computers/garnet/timeslots"
    assert iqm("POST", path, {"timeslots": wanted}).json["error_code"] == code
    assert not iqm("GET", path).json["booked_slots"]


def test_a_server_may_ask_for_no_token(iqm, blocking_sandbox):
    """A server on one's own machine often has no login."""
    blocking_sandbox.change(options={"iqm": {"require_token": False}})
    try:
        assert iqm("GET", "/quantum-computers", token=None).status == 200
    finally:
        blocking_sandbox.change(options={"iqm": {}})


def test_options_that_name_no_computer(iqm, blocking_sandbox):
    """A quantum computer that there is not is refused by the control plane."""
    with pytest.raises(Exception, match="nowhere"):
        blocking_sandbox.change(options={"iqm": {"computers": ["nowhere"]}})
    blocking_sandbox.change(options={"iqm": {"computers": ["sirius"]}})
    try:
        computers = iqm("GET", "/quantum-computers").json["quantum_computers"]
        assert [computer["alias"] for computer in computers] == ["sirius"]
    finally:
        blocking_sandbox.change(options={"iqm": {}})


def test_versions_and_compatibility(iqm):
    """What clients ask before anything else."""
    assert iqm("GET", "/api/versions", prefix="", token=None).json["latest"] == "v1"
    assert iqm("GET", "/quantum-computers", prefix="/api/latest").status == 200
    libraries = iqm("GET", "/info/client-libraries", prefix="/cocos").json
    assert libraries["iqm-client"]["min"] == "15.0"
    assert iqm("GET", "/health", prefix="/cocos").json["healthy"]
    static = iqm("GET", "/api/v1/quantum-architecture", prefix="/cocos").json
    assert len(static["qubits"]) == 20
