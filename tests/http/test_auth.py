"""Credentials: fetched once for all, renewed in time, and failing for everybody at once."""

from __future__ import annotations

import base64
import functools
import json
import threading
from dataclasses import dataclass, field

import anyio
import pytest
from hypothesis import given, strategies as st

from quantum_async.errors import (
    AuthenticationError,
    ConfigurationError,
    LostAnswerError,
    NotSentError,
    RateLimitedError,
    ServerError,
)
from quantum_async.http.auth import (
    Token,
    TokenSource,
    bearer,
    jwt_expiry,
    provided_auth,
    provided_token,
)


@dataclass
class Issuer:
    """A token endpoint that answers when it is told to."""

    lifetime: float | None = 3600.0
    asked: int = 0
    now: float = 0.0
    open: anyio.Event = field(default_factory=anyio.Event)
    errors: list[Exception] = field(default_factory=list)

    async def fetch(self) -> Token:
        self.asked += 1
        number = self.asked
        await self.open.wait()
        await anyio.lowlevel.checkpoint()
        if self.errors:
            raise self.errors.pop(0)
        expires_at = None if self.lifetime is None else 5000.0 + self.now + self.lifetime
        return Token(f"t{number}", expires_at)

    def source(self, **options) -> TokenSource:
        return TokenSource(
            self.fetch, clock=lambda: 5000.0 + self.now, monotonic=lambda: self.now, **options
        )


@pytest.fixture
def issuer() -> Issuer:
    made = Issuer()
    made.open.set()
    return made


async def value(source: TokenSource) -> str:
    return (await source.headers())["Authorization"]


async def test_one_request_for_a_thousand_tasks():
    """However many tasks need a token, it is asked for once."""
    issuer = Issuer()
    source = issuer.source()
    values: list[str] = []

    async def ask() -> None:
        values.append(await value(source))

    async with anyio.create_task_group() as group:
        for _ in range(1000):
            group.start_soon(ask)
        await anyio.wait_all_tasks_blocked()
        issuer.open.set()
    assert values == ["Bearer t1"] * 1000
    assert issuer.asked == 1


async def test_one_request_for_a_thousand_refusals(issuer):
    """However many requests were refused with one token, it is renewed once."""
    source = issuer.source()
    old = await source.headers()
    async with anyio.create_task_group() as group:
        for _ in range(1000):
            group.start_soon(source.refresh, old)
    assert issuer.asked == 2
    assert await source.refresh(old)
    assert issuer.asked == 2
    assert await value(source) == "Bearer t2"


async def test_renewal_before_expiry(issuer):
    """A token is used until shortly before its end, and then renewed."""
    source = issuer.source(margin=60.0)
    await value(source)
    issuer.now = 3539.0
    assert await value(source) == "Bearer t1"
    issuer.now = 3541.0
    assert await value(source) == "Bearer t2"


async def test_short_lives(issuer):
    """A token that lives shorter than the margin is used for half its life."""
    issuer.lifetime = 30.0
    source = issuer.source(margin=60.0)
    await value(source)
    issuer.now = 14.0
    assert await value(source) == "Bearer t1"
    issuer.now = 16.0
    assert await value(source) == "Bearer t2"


@pytest.mark.parametrize("lifetime", [None, -3600.0, 0.0])
async def test_tokens_of_unknown_end(issuer, lifetime):
    """A token of unknown end, or one that our wrong clock calls expired, is used until refused."""
    issuer.lifetime = lifetime
    source = issuer.source()
    await value(source)
    issuer.now = 1e9
    assert await value(source) == "Bearer t1"
    assert issuer.asked == 1
    assert await source.refresh(await source.headers())
    assert issuer.asked == 2


async def test_failure_reaches_everybody_who_waits():
    """A failing renewal fails for all that wait, by one request, and the next try is a new one."""
    issuer = Issuer(errors=[AuthenticationError("wrong password", remedy="Type it again.")])
    source = issuer.source()
    failures: list[BaseException] = []

    async def ask() -> None:
        with pytest.raises(AuthenticationError, match=r"^wrong password\n") as caught:
            await source.headers()
        caught.value.args = (f"while I wanted something: {caught.value}",)
        failures.append(caught.value)

    async with anyio.create_task_group() as group:
        for _ in range(100):
            group.start_soon(ask)
        await anyio.wait_all_tasks_blocked()
        issuer.open.set()
    assert issuer.asked == 1
    assert len({id(failure) for failure in failures}) == 100
    assert {failure.__notes__[0] for failure in failures} == {"Type it again."}
    assert await value(source) == "Bearer t2"


async def test_cancelled_fetcher():
    """When the task that fetches is cancelled, the next that waits takes over."""
    issuer = Issuer()
    source = issuer.source()
    values: list[str] = []
    scope = anyio.CancelScope()

    async def first() -> None:
        with scope:
            await source.headers()

    async def second() -> None:
        values.append(await value(source))

    async with anyio.create_task_group() as group:
        group.start_soon(first)
        await anyio.wait_all_tasks_blocked()
        group.start_soon(second)
        group.start_soon(second)
        await anyio.wait_all_tasks_blocked()
        scope.cancel()
        await anyio.wait_all_tasks_blocked()
        issuer.open.set()
    assert scope.cancelled_caught
    assert values == ["Bearer t2", "Bearer t2"]
    assert issuer.asked == 2


async def test_cancelled_waiter():
    """A waiting task that is cancelled does not disturb the fetch."""
    issuer = Issuer()
    source = issuer.source()
    async with anyio.create_task_group() as group:
        group.start_soon(source.headers)
        await anyio.wait_all_tasks_blocked()
        with anyio.move_on_after(0.01) as scope:
            await source.headers()
        issuer.open.set()
    assert scope.cancelled_caught
    assert await value(source) == "Bearer t1"
    assert issuer.asked == 1


@pytest.mark.parametrize(
    "error",
    [LostAnswerError("gone"), ServerError("502"), RateLimitedError("429"), NotSentError("refused")],
)
async def test_network_failures_of_the_token_endpoint(issuer, error):
    """Whatever became of the token request, the request that needed it was not sent."""
    issuer.errors = [error]
    with pytest.raises(NotSentError) as caught:
        await issuer.source().headers()
    assert caught.value.accepted == "no"


async def test_failures_of_a_user_s_provider():
    """An exception of somebody's own provider is an authentication error with that cause."""

    def fail() -> str:
        raise KeyError("keyring")

    with pytest.raises(AuthenticationError, match="KeyError") as caught:
        await provided_auth(fail).headers()
    assert isinstance(caught.value.__cause__, KeyError)


@dataclass
class AccessToken:
    token: str
    expires_on: int


class SyncProvider:
    def get_token(self) -> str:
        self.thread = threading.current_thread()
        return "abc"


class AsyncProvider:
    async def get_token(self) -> str:
        return "abc"


class CallableProvider:
    def __call__(self) -> str:
        return "abc"


async def fetch_abc() -> str:
    return "abc"


@pytest.mark.parametrize(
    "source",
    [
        SyncProvider(), AsyncProvider(), CallableProvider(), fetch_abc, lambda: "abc",
        functools.partial(fetch_abc), lambda: Token("abc"), lambda: AccessToken("abc", 99),
    ],
    ids=["sync", "async", "callable", "coroutine", "function", "lambda", "token", "azure"],
)  # fmt: skip
async def test_providers_of_any_kind(source):
    """Objects and functions, sync and async, giving strings or tokens, all do."""
    assert (await provided_token(source)).value == "abc"
    assert await value(provided_auth(source)) == "Bearer abc"


async def test_sync_providers_run_in_a_thread():
    """A provider that may block does not block the loop."""
    provider = SyncProvider()
    await provided_token(provider)
    assert provider.thread is not threading.main_thread()


async def test_a_provider_that_hangs_holds_nobody():
    """Whoever is cancelled does not wait for a provider that waits for a person."""
    answered = threading.Event()

    def ask() -> str:
        answered.wait()
        return "abc"

    try:
        with anyio.move_on_after(0.05) as scope:
            await provided_token(ask)
    finally:
        answered.set()
    assert scope.cancelled_caught


async def test_expiry_of_other_libraries_tokens():
    """The end of an azure-core token and of a JWT is kept."""
    assert (await provided_token(lambda: AccessToken("abc", 99))).expires_at == 99.0
    assert (await provided_token(lambda: jwt({"exp": 77}))).expires_at == 77.0


@pytest.mark.parametrize("given_value", [None, "", 42, b"abc", {"token": "x"}])
async def test_providers_that_give_no_token(given_value):
    """What is no token is refused by its type, without printing it."""
    with pytest.raises(AuthenticationError, match="not a token"):
        await provided_token(lambda: given_value)


def jwt(claims: object) -> str:
    parts = (json.dumps({"alg": "none"}), json.dumps(claims), "signature")
    return ".".join(base64.urlsafe_b64encode(p.encode()).rstrip(b"=").decode() for p in parts)


@given(st.dictionaries(st.text(), st.text()), st.integers(0, 2**40) | st.floats(0, 1e12))
def test_jwt_expiry(claims, expiry):
    """The `exp` of a JWT is read, whatever else it claims."""
    assert jwt_expiry(jwt({**claims, "exp": expiry})) == expiry


@given(
    st.text() | st.builds(jwt, st.none() | st.lists(st.text()))
    | st.sampled_from([jwt({}), jwt({"exp": "soon"}), jwt({"exp": True}), jwt({"exp": None})])
)  # fmt: skip
def test_opaque_tokens(token):
    """Whatever is no JWT with an `exp` has no known end."""
    assert jwt_expiry(token) is None


def test_lifetimes():
    """A lifetime counts from now, and without one the token itself is asked."""
    assert Token.lasting("abc", 60.0, clock=lambda: 1000.0).expires_at == 1060.0
    assert Token.lasting(jwt({"exp": 5}), None).expires_at == 5.0


@pytest.mark.parametrize("bad", ["", "  ", "a\nb", "tök", "a\x00b"])
def test_secrets_that_cannot_be_sent(bad):
    """A token that no header can carry is refused without being printed."""
    with pytest.raises(ConfigurationError) as caught:
        bearer(bad)
    assert not bad.strip() or bad not in str(caught.value)


async def test_secrets_from_files():
    """The line end of the file that a token was read from is not part of it."""
    assert (await bearer("abc\n").headers())["Authorization"] == "Bearer abc"
