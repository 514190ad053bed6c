"""How the client logs in: tokens, a file of tokens, and the older installations' login."""

from __future__ import annotations

import base64
import json
import os
from urllib.parse import parse_qs

import anyio
import anyio.to_thread
import httpx
import pytest

from quantum_async.errors import AuthenticationError, ConfigurationError, RejectedRequestError
from quantum_async.http.options import SessionOptions
from quantum_async.http.retry import NO_RETRY
from quantum_async.providers.iqm.auth import FileAuth, Login
from quantum_async.providers.iqm.client import IQMClient
from quantum_async.providers.iqm.dialect import Generation
from tests.providers.iqm.service import Service, wire


def web_token(expiry, name="~?>?>~~??>>~"):
    """A token whose middle part needs base64url."""
    claims = json.dumps({"exp": expiry, "name": name}).encode()
    return f"h.{base64.urlsafe_b64encode(claims).rstrip(b'=').decode()}.s"


class Keycloak(Service):
    """An IQM server with a login; it counts grants."""

    def __init__(self, now, lifetime=300, refresh=1800):
        super().__init__()
        self.now, self.lifetime, self.refresh = now, lifetime, refresh
        self.grants = []
        self.refuse_refresh = False

    def __call__(self, request):
        if "/realms/cortex/" not in request.url.path:
            return super().__call__(request)
        form = {key: value[0] for key, value in parse_qs(request.content.decode()).items()}
        self.grants.append(form.get("grant_type", "logout"))
        assert form["client_id"] == "iqm_client"
        if request.url.path.endswith("/logout"):
            return httpx.Response(204)
        if form["grant_type"] == "refresh_token" and self.refuse_refresh:
            return httpx.Response(400, json={"error": "invalid_grant"})
        access = web_token(self.now[0] + self.lifetime, f"n{len(self.grants)}")
        again = web_token(self.now[0] + self.refresh)
        return httpx.Response(200, json={"access_token": access, "refresh_token": again})


def login(service, now, **changes):
    options = SessionOptions(
        transport=httpx.MockTransport(service), clock=lambda: now[0], retry=NO_RETRY
    )
    given = {
        "auth_server": "https://auth.example",
        "username": "someone",
        "password": "something",
        "generation": Generation.V1,
        "options": options,
        "clock": lambda: now[0],
    }
    return IQMClient("https://iqm.example", **{**given, **changes})


async def test_a_login_lasts_three_hours():
    """A wait of three hours renews its token in time and asks for the password at most once an hour."""
    now = [1_000_000.0]
    service = Keycloak(now)
    async with login(service, now) as iqm:
        for _ in range(360):
            await iqm.jobs.get("some-job")
            now[0] += 30.0
    assert service.grants[0] == "password"
    assert set(service.grants[1:-1]) == {"refresh_token"}
    assert service.grants.pop() == "logout"
    assert 36 <= len(service.grants) <= 60
    bearers = {r.headers["authorization"] for r in service.requests}
    assert len(bearers) == len(service.grants)


async def test_a_password_is_not_forgotten_over_its_tokens():
    """After days of renewed tokens, what quotes the password or the newest token tells neither."""
    now = [1_000_000.0]
    service = Keycloak(now)
    async with login(service, now) as iqm:
        for _ in range(200):
            await iqm.jobs.get("some-job")
            now[0] += 280.0
        token = await iqm.token()
        quoting = httpx.Response(400, json={"message": f"{token} of something"})
        service.next("GET", "/jobs/j", quoting)
        with pytest.raises(RejectedRequestError) as caught:
            await iqm.jobs.get("j")
    assert token not in str(caught.value)
    assert "something" not in str(caught.value)


class LongJob(Keycloak):
    """A job of three hours on a server that holds answers, and believes tokens for a while only."""

    def __init__(self, now, lifetime=300, believed=300):
        super().__init__(now, lifetime)
        self.began, self.believed = now[0], believed
        self.issued = {}
        self.refused = self.held = 0

    def __call__(self, request):
        if not request.url.path.endswith(wire.JOB_ID):
            return super().__call__(request)
        issued = self.issued.setdefault(request.headers["authorization"], self.now[0])
        if self.now[0] - issued > self.believed:
            self.refused += 1
            return httpx.Response(401, json={"error_code": "unauthorized", "message": "expired"})
        if self.now[0] - self.began >= 3 * 3600:
            return httpx.Response(200, json=wire.job())
        self.held += 1
        self.now[0] += float(request.url.params.get("timeout_seconds", 0))
        headers = {"IQM-Long-Poll-Timed-Out": "true"}
        return httpx.Response(200, json=wire.job(status="processing"), headers=headers)


@pytest.mark.parametrize(("believed", "refused"), [(300, 0), (100, 30)])
async def test_a_wait_of_three_hours_outlives_its_tokens(believed, refused):
    """One call waits for three hours: tokens are renewed in time, or once the server wants it."""
    now = [1_000_000.0]
    service = LongJob(now, believed=believed)
    async with login(service, now) as iqm:
        job = await iqm.jobs.wait(wire.JOB_ID, timeout=None)
    assert job.status.is_terminal
    assert 360 <= service.held <= 362
    assert service.refused >= refused
    assert service.grants[0] == "password"
    assert service.grants.count("refresh_token") >= 36


async def test_a_wait_of_three_hours_on_a_tokens_file(tmp_path):
    """Whoever keeps the file fresh does so while one call waits."""
    path, now = tmp_path / "tokens.json", [1_000_000.0]
    service = LongJob(now, believed=400)

    def answer(request):
        write(path, f"token-{int(now[0] - service.began) // 300}")
        return service(request)

    write(path, "token-0")
    options = SessionOptions(transport=httpx.MockTransport(answer), clock=lambda: now[0])
    async with IQMClient("https://iqm.example", tokens_file=path, options=options) as iqm:
        assert (await iqm.jobs.wait(wire.JOB_ID, timeout=None)).status.is_terminal
    assert len(service.issued) >= 36
    assert not service.refused


def write(path, token):
    """Write a tokens file as another program does, with a time of its own."""
    path.write_text(json.dumps({"access_token": token}))
    moment = 10**9 * (1 + int(token.rpartition("-")[2]))
    os.utime(path, ns=(moment, moment))


async def test_a_token_that_nobody_renews_ends_the_wait_with_what_to_do():
    """The error says that the credentials are at fault; the job goes on, and can be waited for."""
    now = [1_000_000.0]
    service = LongJob(now, believed=3600)
    options = SessionOptions(transport=httpx.MockTransport(service), clock=lambda: now[0])
    async with IQMClient("https://iqm.example", token="mine", options=options) as iqm:
        with pytest.raises(AuthenticationError, match="expired"):
            await iqm.jobs.wait(wire.JOB_ID, timeout=None)
    assert service.refused == 1
    async with IQMClient("https://iqm.example", token="another", options=options) as iqm:
        service.believed = 3 * 3600
        assert (await iqm.jobs.wait(wire.JOB_ID, timeout=None)).status.is_terminal


async def test_a_session_that_was_ended_elsewhere_begins_anew():
    """A refused refresh token is followed by the password (27)."""
    now = [1_000_000.0]
    service = Keycloak(now)
    async with login(service, now) as iqm:
        await iqm.jobs.get("j")
        service.refuse_refresh = True
        now[0] += 290.0
        await iqm.jobs.get("j")
    assert service.grants == ["password", "refresh_token", "password", "logout"]


async def test_closing_the_session():
    """Logging out ends the session once; without one there is nothing to end."""
    now = [1_000_000.0]
    service = Keycloak(now)
    async with login(service, now) as iqm:
        assert await iqm.close_auth_session() is False
        await iqm.jobs.get("j")
        assert await iqm.close_auth_session() is True
        assert await iqm.close_auth_session() is False
    assert service.grants == ["password", "logout"]
    assert "something" not in repr(iqm)


async def test_leaving_ends_the_session_whatever_else_ends():
    """A client that is closed logs out, also in a scope that was cancelled, and only once."""
    now = [1_000_000.0]
    service = Keycloak(now)
    with anyio.CancelScope() as scope:
        async with login(service, now) as iqm:
            await iqm.jobs.get("j")
            scope.cancel()
            await anyio.sleep_forever()
    await iqm.close()
    assert service.grants == ["password", "logout"]


async def test_a_session_that_cannot_be_ended(caplog):
    """A logout that is refused is logged, and closing goes on."""
    now = [1_000_000.0]

    class Refusing(Keycloak):
        def __call__(self, request):
            found = super().__call__(request)
            return httpx.Response(500) if request.url.path.endswith("/logout") else found

    service = Refusing(now)
    async with login(service, now) as iqm:
        await iqm.jobs.get("j")
    assert not iqm.is_open
    assert service.grants == ["password", "logout"]
    assert "could not be ended" in caplog.text


async def test_a_logout_that_is_not_answered(caplog):
    """A logout that nobody answers is given up after a while, and that is logged."""
    now = [1_000_000.0]
    service = Keycloak(now)

    async def answer(request):
        if request.url.path.endswith("/logout"):
            await anyio.sleep_forever()
        return service(request)

    options = SessionOptions(transport=httpx.MockTransport(answer), clock=lambda: now[0])
    auth = Login("https://auth.example", "me", "mine", options, lambda: now[0], leaving=0.01)
    async with auth.session:
        await auth.headers()
        await auth.leave()
    assert "not answered" in caplog.text


async def test_a_tokens_file_is_read_again_when_it_changes(tmp_path):
    """Whoever keeps the file fresh is believed, base64url included (14)."""
    path, now, service = tmp_path / "tokens.json", [0.0], Service()
    first, second = web_token(10**10, "one~?>"), web_token(10**10, "two~?>")
    path.write_text(json.dumps({"access_token": first, "pid": 1}))
    options = SessionOptions(transport=httpx.MockTransport(service), clock=lambda: now[0])
    async with IQMClient("https://iqm.example", tokens_file=path, options=options) as iqm:
        await iqm.jobs.get("j")
        path.write_text(json.dumps({"access_token": second}))
        os.utime(path, ns=(1, 1))
        await iqm.jobs.get("j")
        now[0] += 6.0
        await iqm.jobs.get("j")
        with pytest.raises(ConfigurationError):
            await iqm.close_auth_session()
    sent = [r.headers["authorization"].removeprefix("Bearer ") for r in service.requests]
    assert sent[1:] == [first, first, second] or sent == [first, first, first, second]


async def test_a_file_that_is_being_written_does_not_end_a_wait(tmp_path):
    """A file that is cut short, or gone for a moment, leaves the token that was there (14)."""
    path, now, service = tmp_path / "tokens.json", [0.0], Service()
    write(path, "token-1")
    options = SessionOptions(transport=httpx.MockTransport(service), clock=lambda: now[0])
    async with IQMClient("https://iqm.example", tokens_file=path, options=options) as iqm:
        await iqm.jobs.get("j")
        for damage in (lambda: path.write_text('{"access'), path.unlink):
            damage()
            now[0] += 6.0
            await iqm.jobs.get("j")
        write(path, "token-2")
        now[0] += 6.0
        await iqm.jobs.get("j")
        path.write_text("")
        service.next("GET", "/j", httpx.Response(401, json={"error_code": "unauthorized"}))
        with pytest.raises(AuthenticationError, match=r"tokens\.json"):
            await iqm.jobs.get("j")
    sent = [r.headers["authorization"] for r in service.requests if r.url.path.endswith("/j")]
    assert sent == ["Bearer token-1"] * 3 + ["Bearer token-2"] * 2


async def test_a_refused_token_of_a_file_is_looked_up_once(tmp_path):
    """401 reads the file again and tries once more with another token."""
    path, service = tmp_path / "tokens.json", Service()
    path.write_text(json.dumps({"access_token": "old"}))

    def answer(request):
        if request.headers["authorization"] == "Bearer old":
            path.write_text(json.dumps({"access_token": "new"}))
            os.utime(path, ns=(2, 2))
            return httpx.Response(401, json={"error_code": "unauthorized", "message": "expired"})
        return service(request)

    options = SessionOptions(transport=httpx.MockTransport(answer))
    async with IQMClient("https://iqm.example", tokens_file=path, options=options) as iqm:
        assert (await iqm.computers.health()).healthy


@pytest.mark.parametrize(
    "content", [None, "not json", '{"refresh_token": "x"}', '{"access_token": ""}']
)
async def test_a_bad_tokens_file_is_named(tmp_path, content):
    """A file that is missing or holds no token is an error of credentials, before anything is sent."""
    path, service = tmp_path / "tokens.json", Service()
    if content is not None:
        path.write_text(content)
    options = SessionOptions(transport=httpx.MockTransport(service))
    async with IQMClient("https://iqm.example", tokens_file=path, options=options) as iqm:
        with pytest.raises(AuthenticationError, match=r"tokens\.json"):
            await iqm.computers.health()
    assert not service.requests


async def test_a_tokens_file_that_is_missing_is_told_every_time(tmp_path):
    """No request goes out without a token because an earlier one has failed already."""
    path, service = tmp_path / "tokens.json", Service()
    options = SessionOptions(transport=httpx.MockTransport(service), clock=lambda: 0.0)
    async with IQMClient("https://iqm.example", tokens_file=path, options=options) as iqm:
        for _ in range(2):
            with pytest.raises(AuthenticationError, match=r"tokens\.json"):
                await iqm.computers.health()
    assert not service.requests


async def test_requests_at_once_wait_for_the_tokens_file(tmp_path):
    """A request that is made while the file is read for the first time gets its token as well."""
    path, found = tmp_path / "tokens.json", []
    os.mkfifo(path)  # reading it lasts until somebody writes
    auth = FileAuth(path, lambda: 0.0)

    async def ask():
        found.append(await auth.headers())

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(ask)
        await anyio.wait_all_tasks_blocked()
        tasks.start_soon(ask)
        await anyio.wait_all_tasks_blocked()
        await anyio.to_thread.run_sync(path.write_text, '{"access_token": "token-1"}')
    assert found == [{"Authorization": "Bearer token-1"}] * 2


def test_settings_of_the_environment():
    """The vendor's variables, and what contradicts or is missing."""
    url = {"IQM_SERVER_URL": "https://iqm.example"}
    assert IQMClient.from_env({**url, "IQM_TOKEN": "x"}).default_device is not None
    assert IQMClient.from_env({**url, "IQM_TOKENS_FILE": "/nowhere"})
    secrets = {"IQM_AUTH_SERVER": "https://a.example", "IQM_AUTH_USERNAME": "u"}
    with pytest.raises(ConfigurationError, match="belong together"):
        IQMClient.from_env({**url, **secrets})
    assert IQMClient.from_env({**url, **secrets, "IQM_AUTH_PASSWORD": "p"})
    with pytest.raises(ConfigurationError, match="a token and a tokens file"):
        IQMClient.from_env({**url, "IQM_TOKEN": "x", "IQM_TOKENS_FILE": "y"})
    with pytest.raises(ConfigurationError, match="does not say where"):
        IQMClient.from_env({"IQM_TOKEN": "x"})
    with pytest.raises(ConfigurationError, match="without encryption"):
        IQMClient.from_env(
            {**url, **secrets, "IQM_AUTH_PASSWORD": "p", "IQM_AUTH_SERVER": "http://a.example"}
        )
