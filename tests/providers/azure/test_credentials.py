"""Every kind of credential: azure-identity's own classes, keys, tokens, and what is none."""

from __future__ import annotations

import json
import threading
import time
from types import SimpleNamespace
from urllib.parse import parse_qs

import anyio
import httpx
import pytest
from azure.core.credentials import AzureKeyCredential
from azure.core.pipeline.transport import AsyncHttpResponse, AsyncHttpTransport
from azure.identity import ClientSecretCredential as SyncClientSecret
from azure.identity.aio import (
    ClientSecretCredential,
    DefaultAzureCredential,
    ManagedIdentityCredential,
)

from quantum_async.errors import AuthenticationError, NotSentError
from quantum_async.http.auth import Token
from quantum_async.providers.azure.auth import KeyCredential, TokenCredential
from tests.providers.azure.service import Service, client_of
from tests.wire.azure import service as canned

TENANT = "11111111-2222-4333-8444-555555555555"
LOGIN = f"https://login.microsoftonline.com/{TENANT}"


class Answer(AsyncHttpResponse):
    """An answer of the login, as azure-core wants it."""

    def __init__(self, request, document) -> None:
        super().__init__(request, None)
        self.status_code, self.reason = 200, "OK"
        self.headers = {"content-type": "application/json"}
        self.content_type = "application/json"
        self._content = json.dumps(document).encode()

    def body(self) -> bytes:
        return self._content

    async def load_body(self) -> None:
        """It is there."""


class Login(AsyncHttpTransport):
    """The login of Microsoft Entra in memory: it gives tokens, and writes down what for."""

    def __init__(self) -> None:
        self.forms: list[dict] = []

    async def send(self, request, **_) -> Answer:
        if "openid-configuration" in request.url:
            place = f"{LOGIN}/oauth2/v2.0"
            return Answer(
                request,
                {
                    "issuer": f"{LOGIN}/v2.0",
                    "token_endpoint": f"{place}/token",
                    "authorization_endpoint": f"{place}/authorize",
                    "tenant_discovery_endpoint": LOGIN,
                },
            )
        self.forms.append({n: v[0] for n, v in parse_qs(_text(request.body)).items()})
        token = {"token_type": "Bearer", "expires_in": 3600, "access_token": f"t{len(self.forms)}"}
        return Answer(request, token)

    async def open(self) -> None:
        """Nothing to open."""

    async def close(self) -> None:
        """Nothing to close."""

    async def __aexit__(self, *_) -> None:
        """Nothing to close."""


def _text(body) -> str:
    if isinstance(body, dict):
        return "&".join(f"{name}={value}" for name, value in body.items())
    return body.decode() if isinstance(body, bytes) else body


async def test_a_service_principal_logs_in_once_and_answers_challenges():
    """azure-identity's own class: one token for many requests, another one for its claims."""
    login, service = Login(), Service()
    claims = '{"access_token":{"nbf":{"essential":true}}}'
    encoded = "eyJhY2Nlc3NfdG9rZW4iOnsibmJmIjp7ImVzc2VudGlhbCI6dHJ1ZX19fQ"
    challenge = f'Bearer error="insufficient_claims", claims="{encoded}"'
    seen = []

    def guarded(request):
        seen.append(request.headers["authorization"])
        if seen[-1] == "Bearer t1" and len(seen) > 3:
            return httpx.Response(401, headers={"WWW-Authenticate": challenge})
        return httpx.Response(200, json=canned.job("https://golden.example"))

    service.always("GET", f"/jobs/{canned.JOB_ID}", guarded)
    async with ClientSecretCredential(TENANT, "app", "secret", transport=login) as credential:
        async with client_of(service, api_key=None, credential=credential) as client:
            async with anyio.create_task_group() as tasks:
                for _ in range(3):
                    tasks.start_soon(client.jobs.get, canned.JOB_ID)
            await client.jobs.get(canned.JOB_ID)
    assert seen == ["Bearer t1"] * 4 + ["Bearer t2"]
    assert [form["scope"] for form in login.forms] == ["https://quantum.microsoft.com/.default"] * 2
    asked = json.loads(login.forms[1]["claims"])["access_token"]
    assert asked["nbf"] == json.loads(claims)["access_token"]["nbf"]
    # Without this word the service never refuses a token before its end.
    assert asked["xms_cc"] == {"values": ["CP1"]}


@pytest.mark.parametrize(
    "make",
    [
        DefaultAzureCredential,
        ManagedIdentityCredential,
        lambda: ClientSecretCredential(TENANT, "app", "secret"),
        lambda: SyncClientSecret(TENANT, "app", "secret"),
    ],
    ids=["default", "managed identity", "service principal", "sync"],
)
async def test_azure_identitys_classes_are_taken(make):
    """Awaited or not; none is asked before the first request."""
    credential = make()
    assert isinstance(credential, TokenCredential)
    client_of(Service(), api_key=None, credential=credential)
    closing = credential.close()
    if closing is not None:
        await closing


async def test_a_key_is_taken_as_azure_core_wraps_it():
    """It goes into the service's own header."""
    credential = AzureKeyCredential("secret")
    assert isinstance(credential, KeyCredential)
    service = Service()
    async with client_of(service, api_key=None, credential=credential) as client:
        await client.jobs.get(canned.JOB_ID)
    assert service.requests[0]["headers"] == {"x-ms-quantum-api-key": "secret"}


class Giving:
    """A credential that gives just this."""

    def __init__(self, given) -> None:
        self.given = given

    async def get_token(self, *scopes: str):
        await anyio.lowlevel.checkpoint()
        if isinstance(self.given, Exception):
            raise self.given
        return self.given


@pytest.mark.parametrize(
    "given",
    [
        "bare",
        Token("bare", None),
        SimpleNamespace(token="bare", expires_on=time.time() + 60),
        SimpleNamespace(token="bare"),
    ],
    ids=["text", "ours", "theirs", "endless"],
)
async def test_tokens_come_in_every_shape(given):
    """Text, ours, and azure-core's."""
    asked = []

    def note(request):
        asked.append(request.headers["authorization"])
        return httpx.Response(200, json=canned.job("https://golden.example"))

    service = Service()
    service.always("GET", f"/jobs/{canned.JOB_ID}", note)
    async with client_of(service, api_key=None, credential=Giving(given)) as client:
        await client.jobs.get(canned.JOB_ID)
    assert asked == ["Bearer bare"]


@pytest.mark.parametrize(
    ("given", "error", "why"),
    [
        (5, AuthenticationError, "gave int, which is not a token"),
        (ValueError(""), AuthenticationError, "no access token: ValueError"),
        (NotSentError("ours"), NotSentError, "ours"),
    ],
)
async def test_what_is_no_token_is_refused(given, error, why):
    """With what was given instead."""
    async with client_of(Service(), api_key=None, credential=Giving(given)) as client:
        with pytest.raises(error, match=why):
            await client.jobs.get(canned.JOB_ID)


async def test_a_credential_that_hangs_holds_nobody():
    """Whoever is cancelled does not wait with a sync credential for a person or a process."""
    answered = threading.Event()

    class Hanging:
        """Waits for somebody to log in."""

        def get_token(self, *scopes: str):
            answered.wait()
            return "bare"

    async with client_of(Service(), api_key=None, credential=Hanging()) as client:
        try:
            with anyio.move_on_after(0.05) as scope:
                await client.jobs.get(canned.JOB_ID)
        finally:
            answered.set()
    assert scope.cancelled_caught


async def test_a_default_that_cannot_log_in_says_what_to_do_and_is_closed():
    """Also one whose `close` is not awaited."""

    class Closing:
        """Closed without being awaited."""

        closed = False

        def get_token(self, *scopes: str):
            raise RuntimeError("no account")

        def close(self) -> None:
            type(self).closed = True

    async with client_of(Service(), api_key=None, make_default=Closing) as client:
        with pytest.raises(AuthenticationError, match="no account") as caught:
            await client.jobs.get(canned.JOB_ID)
        assert "az login" in caught.value.remedy
    assert Closing.closed
