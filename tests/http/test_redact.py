"""No secret survives what is shown, wherever it stood."""

from __future__ import annotations

import json
from urllib.parse import quote

import pytest
from hypothesis import given, strategies as st

from quantum_async.http.redact import redact, redact_url

NAMES = st.sampled_from(
    [
        "password", "client_secret", "access_token", "refresh_token", "id_token", "api_key",
        "apiKey", "AccountKey", "subscriptionKey", "signature", "X-Amz-Signature",
        "X-Amz-Security-Token", "sig", "secret_key", "PASSWORD", "clientSecret", "assertion",
    ]
)  # fmt: skip
# Long enough not to occur in the text around it by chance.
SECRETS = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), min_size=12).map(
    lambda text: f"Zq9{text.strip()}"
)
PLAIN_SECRETS = st.text(
    st.sampled_from("ABCDEFabcdef0123456789-._~+/="), min_size=12, max_size=60
).map(lambda text: f"Zq9{text}")


@given(NAMES, SECRETS, st.sampled_from([None, 2]), st.booleans())
def test_json_bodies(name, secret, indent, ascii_only):
    """The value of a telling key in JSON is hidden."""
    body = json.dumps({"a": 1, name: secret, "b": [2]}, indent=indent, ensure_ascii=ascii_only)
    shown = redact(f"the answer was {body} indeed")
    assert json.dumps(secret, ensure_ascii=ascii_only)[1:-1] not in shown
    assert '"a": 1' in shown
    assert "[2]" in "".join(shown.split())


@given(NAMES, PLAIN_SECRETS, st.integers(min_value=4))
def test_json_that_was_cut_off(name, secret, left):
    """A secret that is cut off in the middle is hidden as far as it goes."""
    body = json.dumps({name: secret})
    cut = body[: body.index(secret) + min(left, len(secret))]
    assert secret[:4] not in redact(cut)


@given(NAMES, PLAIN_SECRETS)
def test_json_within_json(name, secret):
    """A body that is quoted as a string in another body is looked into."""
    outer = json.dumps({"message": "failed: " + json.dumps({name: secret})})
    assert secret not in redact(outer)


@given(NAMES, SECRETS)
def test_urls(name, secret):
    """The query values of a URL are hidden, in a URL of its own and in running text."""
    url = f"https://store.example/a/b?comp=block&{name}={quote(secret, safe='')}&x=1"
    assert quote(secret, safe="") not in redact_url(url)
    assert quote(secret, safe="") not in redact(f"cannot fetch {url} now")


@given(PLAIN_SECRETS.map(lambda text: text.replace("/", "").replace("=", "")))
def test_user_names_in_urls(secret):
    """User name and password of a URL are hidden."""
    for shown in (redact, redact_url):
        assert secret not in shown(f"http://me:{secret}@proxy.example:8080/x")
        assert secret not in shown(f"http://{secret}@proxy.example:8080/x")


def test_whole_signed_query():
    """Nothing of a presigned query remains, whatever its parameters are called."""
    shown = redact_url("https://s.example/c/b?sv=2024&zz=abc&sig=def%3D#part")
    assert shown == "https://s.example/c/b?sv=[hidden]&zz=[hidden]&sig=[hidden]"


def test_paging_stays_readable():
    """Harmless parameters stay, or a log would be of no use."""
    url = "https://s.example/jobs?limit=100&offset=200&status=DONE"
    assert redact_url(url) == url


@given(st.sampled_from(["Bearer", "bearer", "Negotiate", "SharedKey"]), PLAIN_SECRETS)
def test_schemes_in_prose(scheme, secret):
    """What follows an authentication scheme is hidden."""
    assert secret not in redact(f"sent {scheme} {secret} to the server")


@given(PLAIN_SECRETS)
def test_header_lines_in_prose(secret):
    """A header line that is quoted is hidden to its end."""
    assert secret not in redact(f"< Authorization: Basic {secret}\n< Accept: */*")


def test_bare_tokens():
    """A JWT is hidden wherever it stands."""
    token = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJl"
    assert redact(f"got {token}, refused") == "got [hidden], refused"


@pytest.mark.parametrize(
    "text",
    [
        "the token has expired", "Bearer token is missing", "job 42 not found", "basic usage",
        "batch a1b2-c3d4: Invalid device_type FRESNEL_CAN1", '{"detail":"Not found."}',
        "https://host/api/v1/batches/0f1e?limit=100",
    ],
)  # fmt: skip
def test_harmless_text_stays(text):
    """Words that only speak of secrets stay readable."""
    assert redact(text) == text


@pytest.mark.parametrize("part", ["a", '"', "a=", "http://", "password", "Bearer ", "%3D"])
def test_hostile_text(part):
    """Megabytes made to be slow are read to their end, where a secret still is none."""
    assert "hunter2" not in redact(f'{part * 200_000} {{"password": "hunter2"}}')
