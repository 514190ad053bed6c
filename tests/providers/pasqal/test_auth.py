"""How one logs in to Pasqal Cloud."""

from __future__ import annotations

import base64
import json
import time

import anyio
import httpx
import pytest

import quantum_async as qa
from quantum_async.errors import AuthenticationError, ConfigurationError, NotSentError
from quantum_async.providers.pasqal.auth import Credentials
from quantum_async.providers.pasqal.client import PasqalClient
from quantum_async.providers.pasqal.endpoints import PasqalEndpoints, TokenEndpoint
from tests.providers.pasqal.service import canned, client, endpoints, options

USER = {"token": None, "username": "u@example.com", "password": "secret-password"}


def jwt(lifetime):
    claims = json.dumps({"exp": time.time() + lifetime}).encode()
    return f"e30.{base64.urlsafe_b64encode(claims).decode().rstrip('=')}.x"


def granted(token="a", **more):
    return httpx.Response(200, json={"access_token": token, **more})


def logins(service):
    return len(service.asked("POST", "/token"))


async def test_a_login_is_shared_by_all_who_wait(service):
    """Twenty requests at once, one login."""
    async with client(service, **USER) as c, anyio.create_task_group() as tasks:
        for _ in range(20):
            tasks.start_soon(c.batches.status, canned.BATCH_ID)
    assert logins(service) == 1


async def test_constructing_and_opening_log_nobody_in(service):
    """The first request does."""
    async with client(service, **USER):
        pass
    assert service.requests == []


async def test_a_token_is_renewed_before_it_ends(service):
    """A token with less than half a minute left is used for half of that, not to the end."""
    service.then("POST", "/token", granted("first", expires_in=0.2), granted("second"))
    async with client(service, **USER) as c:
        assert await c.token() == "first"
        await anyio.sleep(0.15)
        assert await c.token() == "second"


@pytest.mark.parametrize("opaque", [{}, {"expires_in": None}])
async def test_an_opaque_token_is_used_until_it_is_refused(service, opaque):
    """Without a known end there is no login per request, and one after a 401."""
    service.then("POST", "/token", granted("first", **opaque), granted("second", **opaque))
    service.then("GET", "/status", None, None, httpx.Response(401, json={}))
    async with client(service, **USER) as c:
        for _ in range(4):
            await c.batches.status(canned.BATCH_ID)
    assert logins(service) == 2
    used = [r["authorization"] for r in service.asked("GET", "/status")]
    assert used == ["Bearer first"] * 3 + ["Bearer second"] * 2


async def test_a_jwt_says_when_it_ends(service):
    """Where the answer does not, the token itself does."""
    service.then("POST", "/token", granted(jwt(0.2)), granted(jwt(3600)))
    async with client(service, **USER) as c:
        first = await c.token()
        await anyio.sleep(0.15)
        assert await c.token() != first


async def test_a_refused_login_is_not_repeated(service):
    """Wrong credentials say so, once, in the endpoint's own words."""
    refusal = {"error": "invalid_grant", "error_description": "Wrong email or password."}
    service.always("POST", "/token", httpx.Response(403, json=refusal))
    async with client(service, **USER) as c:
        with pytest.raises(AuthenticationError, match=r"Wrong email or password") as caught:
            await c.batches.get(canned.BATCH_ID)
    assert logins(service) == 1
    assert "secret-password" not in str(caught.value)
    assert service.asked("GET", canned.BATCH_ID) == []


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(502, text="<html>bad gateway</html>"),
        httpx.Response(200, text="<html>hello</html>"),
        httpx.ReadTimeout("late"),
    ],
    ids=["html-502", "html-200", "timeout"],
)
async def test_a_failing_login_means_that_nothing_was_sent(service, answer):
    """Whatever the token endpoint does, the job was not submitted, and may be sent again."""
    service.always("POST", "/token", answer)
    async with client(service, **USER) as c:
        with pytest.raises(NotSentError):
            await c.batches.create(canned.SEQUENCE, open=True)
    assert service.asked("POST", "/batches") == []


async def test_a_login_that_fails_for_a_moment_is_repeated(service):
    """A login costs nothing, so it is tried again like any read."""
    service.then("POST", "/token", httpx.Response(502), httpx.ReadTimeout("late"))
    async with client(service, **USER) as c:
        await c.batches.get(canned.BATCH_ID)
    assert logins(service) == 3


async def test_a_service_account_logs_in_with_its_secret(service):
    """Client credentials go to the same endpoint."""
    account = {"token": None, "client_id": "robot", "client_secret": "key"}
    async with client(service, **account) as c:
        assert await c.token() == "golden"
    [asked] = service.requests
    assert asked["body"] == {
        "client_id": "robot",
        "client_secret": "key",
        "grant_type": "client_credentials",
        "audience": "https://audience",
    }


class Vendors:
    """The shape of pasqal-cloud's token providers."""

    def __init__(self):
        self.asked = 0

    def get_token(self):
        self.asked += 1
        return f"token-{self.asked}"


class Awaited:
    async def get_token(self):
        return "awaited"


async def test_an_existing_token_provider_will_do(service):
    """It is asked once, and again when its token is refused."""
    provider = Vendors()
    service.then("GET", "/status", None, httpx.Response(401))
    async with client(service, token=None, token_provider=provider) as c:
        for _ in range(2):
            await c.batches.status(canned.BATCH_ID)
    assert provider.asked == 2


async def test_token_providers_may_be_async_or_functions(service):
    """An object that awaits, a function, and a coroutine function."""

    async def coroutine():
        return "coroutine"

    sources = {"awaited": Awaited(), "plain": lambda: "plain", "coroutine": coroutine}
    for expected, source in sources.items():
        async with client(service, token=None, token_provider=source) as c:
            assert await c.token() == expected


async def test_a_missing_password_is_asked_for_once(service):
    """In a worker thread, by name; an empty one is refused."""
    asked = []

    def prompt(text):
        asked.append(text)
        return "typed"

    async with client(service, **{**USER, "password": None}, prompt=prompt) as c:
        await c.batches.get(canned.BATCH_ID)
        await c.batches.get(canned.BATCH_ID)
    assert len(asked) == 1
    assert "u@example.com" in asked[0]
    assert service.requests[0]["body"]["password"] == "typed"


async def test_a_mistyped_password_is_asked_for_again(service):
    """A refused one that was typed is forgotten."""
    typed = ["wrong", "right"]
    service.then("POST", "/token", httpx.Response(403, json={}))
    async with client(service, **{**USER, "password": None}, prompt=lambda _: typed.pop(0)) as c:
        with pytest.raises(AuthenticationError):
            await c.token()
        assert await c.token() == "golden"
    assert service.requests[-1]["body"]["password"] == "right"


async def test_an_empty_password_is_refused(service):
    """Pressing Enter logs nobody in."""
    async with client(service, **{**USER, "password": None}, prompt=lambda _: "") as c:
        with pytest.raises(ConfigurationError, match="empty"):
            await c.token()


async def test_without_a_terminal_nobody_is_asked(service):
    """A service that lacks its password says so instead of waiting for ever."""
    async with client(service, **{**USER, "password": None}) as c:
        with pytest.raises(ConfigurationError, match="no terminal"):
            await c.token()


async def test_without_credentials_nothing_is_sent(service):
    """What needs credentials is refused before it is sent."""
    async with client(service, token=None) as c:
        for operation in (c.batches.get("x"), c.token(), c.projects.list()):
            with pytest.raises(AuthenticationError, match="no credentials"):
                await operation
    assert service.requests == []


@pytest.mark.parametrize(
    "given",
    [
        {"username": "u", "token": "t"},
        {"password": "p"},
        {"client_id": "c"},
        {"client_secret": "c"},
        {"token": "t", "token_provider": Vendors()},
    ],
    ids="+".join,
)
def test_contradicting_credentials_are_refused(given):
    """None of two silently wins."""
    with pytest.raises(ConfigurationError):
        PasqalClient(**given)


def test_secrets_do_not_travel_in_the_clear():
    """Neither passwords nor tokens go to an address without encryption, except on this machine."""
    token = TokenEndpoint("http://cloud.example/token", "public", "audience")
    where = PasqalEndpoints("https://cloud.example", "https://cloud.example", token)
    with pytest.raises(ConfigurationError, match="without encryption"):
        PasqalClient(username="u", password="p", endpoints=where)
    clear = PasqalEndpoints("http://cloud.example", "https://cloud.example", endpoints().token)
    with pytest.raises(ConfigurationError, match="without encryption"):
        PasqalClient(token="t", endpoints=clear)


def test_secrets_are_not_shown():
    """Neither a repr nor a traceback's locals give them away."""
    shown = repr(Credentials("u", "secret")) + repr(Credentials(token="secret"))
    shown += repr(PasqalClient(username="u", password="secret"))
    assert "secret" not in shown.replace("client_secret", "")


async def test_links_and_public_routes_never_see_the_token(service):
    """The storage behind a results link is not the provider."""
    async with client(service) as c:
        await c.jobs.results(canned.JOB_ID)
        await c.specs.public()
    for end in ("/download", "/public-specs"):
        assert service.asked("GET", end)[0]["authorization"] is None


async def test_a_scheduler_submits_nothing_where_the_login_is_refused(service):
    """The error comes at once and as it is."""
    from tests.providers.pasqal.real import rabi

    service.always("POST", "/token", httpx.Response(401, json={"error": "access_denied"}))
    async with qa.Scheduler(client(service, **USER)) as scheduler:
        with pytest.raises(AuthenticationError):
            await scheduler.submit(rabi(), shots=5, variables={"omega": 1.0}, on="pasqal:EMU_FREE")
    assert service.asked("POST", "/batches") == []


def test_options_of_the_connection_are_taken(service):
    """A transport of one's own carries everything."""
    assert options(service).transport is not None
