"""What the engine says of a request is looked at as the last thing before its bytes leave."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial

import anyio
import httpx
import pytest

from quantum_async.errors import (
    JournalError,
    LostAnswerError,
    NotFoundError,
    RateLimitedError,
    WaitTimeoutError,
)
from quantum_async.http.auth import Token, TokenSource
from quantum_async.http.dispatch import Pacer, RateLimit
from quantum_async.http.encode import Body
from quantum_async.http.fence import fenced, past_pauses
from quantum_async.http.options import SessionOptions
from quantum_async.http.retry import NO_RETRY
from quantum_async.http.session import Session
from quantum_async.http.telemetry import EventHooks
from tests.http.raw import Peer, answer_always, raw_server


@dataclass
class Lease:
    """Something that is held until it is lost, and then held against every request."""

    is_held: bool = True
    remaining: float = 30.0
    error: Exception = field(default_factory=lambda: JournalError("the lease is gone"))
    looks: int = 0

    def look(self) -> float:
        self.looks += 1
        if not self.is_held:
            raise self.error
        return self.remaining


@dataclass
class Cloud:
    """Answers in the order that it was told, then `200`; tells what happened between requests."""

    answers: list[httpx.Response] = field(default_factory=list)
    requests: list[httpx.Request] = field(default_factory=list)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        return self.answers.pop(0) if self.answers else httpx.Response(200, json={})


@asynccontextmanager
async def injected(cloud: Cloud, **options):
    settings = SessionOptions(transport=httpx.MockTransport(cloud), **options)
    async with Session("https://cloud.example", provider="demo", options=settings) as session:
        yield session


async def test_a_lost_lease_lets_nothing_leave():
    """What the look raises comes out unchanged, and the provider hears nothing."""
    cloud, lease = Cloud(), Lease(is_held=False)
    async with injected(cloud) as session:
        with fenced(lease.look) as passage, pytest.raises(JournalError) as caught:
            await session.create("/jobs")
    assert caught.value is lease.error
    assert (caught.value.accepted, cloud.requests, passage.has_left) == ("no", [], False)


async def test_on_real_connections():
    """The same holds where aiohttp carries the requests, and the next one goes its way."""
    lease = Lease()
    async with (
        raw_server(answer_always) as server,
        Session(server.url, provider="demo", options=SessionOptions(proxy="")) as session,
    ):
        with fenced(lease.look) as passage:
            await session.create("/first")
            assert passage.has_left
        lease.is_held = False
        with fenced(lease.look) as passage, pytest.raises(JournalError) as caught:
            await session.create("/second")
        assert not passage.has_left
        lease.is_held = True
        with fenced(lease.look):
            await session.create("/third", body=Body(b"x" * 200_000))
    assert caught.value is lease.error
    assert [heard.split()[1] for heard in server.heard] == [b"/first", b"/third"]


@pytest.mark.parametrize("size", [0, 10, 200_000])
async def test_after_the_connection_was_made(size):
    """A lease that is lost while a connection is made holds the request back."""
    lease = Lease()

    def look() -> float:
        # Once before a connection is asked for, and once when it is there.
        lease.is_held = lease.looks == 0
        return lease.look()

    body = Body(b"x" * size) if size else None
    async with (
        raw_server(answer_always) as server,
        Session(server.url, provider="demo", options=SessionOptions(proxy="")) as session,
    ):
        with fenced(look) as passage, pytest.raises(JournalError) as caught:
            await session.create("/jobs", body=body, connection="fresh")
        with fenced(look), pytest.raises(JournalError):
            lease.looks = 0
            async with session.stream("/jobs"):
                pass
    assert caught.value is lease.error
    assert (server.heard, passage.has_left, server.connections > 0) == ([], False, True)


async def test_an_error_of_the_system_by_its_class():
    """An error that is a timeout by its class is not taken for one of the network."""
    lease = Lease(error=WaitTimeoutError("the lease is gone", accepted="no"))

    def look() -> float:
        lease.is_held = lease.looks == 0
        return lease.look()

    async with (
        raw_server(answer_always) as server,
        Session(server.url, provider="demo", options=SessionOptions(proxy="")) as session,
    ):
        with fenced(look), pytest.raises(WaitTimeoutError) as caught:
            await session.create("/jobs")
    assert caught.value is lease.error


async def test_after_the_wait_for_a_turn():
    """A lease that is lost while the pacing waits holds the request back."""
    cloud, lease = Cloud(), Lease()

    async def sleep(seconds: float) -> None:
        del seconds
        lease.is_held = False
        await anyio.lowlevel.checkpoint()

    async with injected(cloud, rate=RateLimit(per_second=0.5), sleep=sleep) as session:
        with fenced(lease.look):
            await session.create("/first")
            with pytest.raises(JournalError):
                await session.create("/second")
    assert [request.url.path for request in cloud.requests] == ["/first"]


async def test_after_a_pause():
    """A lease that is lost during a pause that the provider asked for holds the request back."""
    cloud, lease = Cloud([httpx.Response(429, headers={"retry-after": "60"})]), Lease()
    now = 0.0

    async def sleep(seconds: float) -> None:
        nonlocal now
        lease.is_held = False
        now += seconds
        await anyio.lowlevel.checkpoint()

    async with injected(cloud, retry=NO_RETRY, clock=lambda: now, sleep=sleep) as session:
        with fenced(lease.look):
            with pytest.raises(RateLimitedError):
                await session.create("/first")
            with pytest.raises(JournalError):
                await session.create("/second")
    assert [request.url.path for request in cloud.requests] == ["/first"]


async def test_after_the_wait_for_a_place():
    """A lease that is lost while all connections are in use holds the request back."""
    lease, release = Lease(), anyio.Event()
    heard: list[str] = []

    async def answer(request: httpx.Request) -> httpx.Response:
        heard.append(request.url.path)
        await release.wait()
        lease.is_held = False
        return httpx.Response(200)

    settings = SessionOptions(transport=httpx.MockTransport(answer), connections=1)
    caught: list[BaseException] = []

    async def second() -> None:
        with fenced(lease.look):
            try:
                await session.create("/second")
            except JournalError as error:
                caught.append(error)

    async with (
        Session("https://cloud.example", provider="demo", options=settings) as session,
        anyio.create_task_group() as tasks,
    ):
        tasks.start_soon(session.create, "/first")
        await anyio.wait_all_tasks_blocked()
        tasks.start_soon(second)
        await anyio.wait_all_tasks_blocked()
        release.set()
    assert (heard, caught) == (["/first"], [lease.error])


async def test_after_a_token_was_fetched():
    """A lease that is lost while a token is fetched holds back the request, not the login."""
    cloud, lease = Cloud(), Lease()
    settings = SessionOptions(transport=httpx.MockTransport(cloud))

    async def fetch() -> Token:
        lease.is_held = False
        await login.read("/token", method="POST")
        return Token("issued-token")

    async with (
        Session("https://id.example", provider="demo", options=settings) as login,
        Session(
            "https://cloud.example", provider="demo", auth=TokenSource(fetch), options=settings
        ) as session,
    ):
        with fenced(lease.look) as passage, pytest.raises(JournalError):
            await session.create("/jobs")
    assert [request.url.host for request in cloud.requests] == ["id.example"]
    assert not passage.has_left


async def test_a_second_try_after_a_refused_token():
    """What was refused for its token goes out again only if the lease is still held."""
    lease = Lease()
    cloud = Cloud([httpx.Response(401)])

    async def fetch() -> Token:
        lease.is_held = not cloud.requests
        return Token(f"issued-token-{len(cloud.requests)}")

    settings = SessionOptions(transport=httpx.MockTransport(cloud))
    async with Session(
        "https://cloud.example", provider="demo", auth=TokenSource(fetch), options=settings
    ) as session:
        with fenced(lease.look) as passage, pytest.raises(JournalError):
            await session.create("/jobs")
    assert (len(cloud.requests), passage.has_left) == (1, True)


async def test_a_redirect():
    """A link that redirects is followed only if the lease is still held."""
    lease = Lease()

    def answer(request: httpx.Request) -> httpx.Response:
        lease.is_held = False
        return httpx.Response(302, headers={"location": f"{request.url}/again"})

    settings = SessionOptions(transport=httpx.MockTransport(answer))
    async with Session("https://cloud.example", provider="demo", options=settings) as session:
        with fenced(lease.look), pytest.raises(JournalError):
            await session.fetch_url("https://store.example/x")


async def test_no_longer_than_the_lease():
    """An attempt is given no more time than remains of the lease, by either way of sending."""
    lease = Lease(remaining=0.2)

    async def silent(peer: Peer) -> None:
        await peer.request()
        await anyio.sleep_forever()

    async def never(request: httpx.Request) -> httpx.Response:
        del request
        await anyio.sleep_forever()
        raise AssertionError

    async with raw_server(silent) as server:
        for options in (
            SessionOptions(proxy=""),
            SessionOptions(transport=httpx.MockTransport(never)),
        ):
            for size in (10, 200_000):
                async with Session(server.url, provider="demo", options=options) as session:
                    # The usual limit is ten minutes, far beyond that of a test.
                    with fenced(lease.look) as passage, pytest.raises(LostAnswerError) as caught:
                        await session.create("/jobs", body=Body(b"x" * size))
                assert (caught.value.accepted, passage.has_left) == ("unknown", True)


async def test_what_only_reads_changes_nothing():
    """A read is looked at as well, and leaves nothing behind that anybody need look for."""
    cloud, lease = Cloud([httpx.Response(404)]), Lease()
    async with injected(cloud) as session:
        with fenced(lease.look) as passage, pytest.raises(NotFoundError):
            await session.read("/limits")
        assert not passage.has_left
        with fenced(lease.look) as passage:
            await session.create("/jobs")
        assert passage.has_left


async def test_after_the_callers_own_hooks():
    """A lease that is lost while a hook of the user's runs holds the request back."""
    cloud, lease = Cloud(), Lease()

    async def slow(event: object) -> None:
        del event
        lease.is_held = False

    async with injected(cloud, hooks=EventHooks(request=[slow])) as session:
        with fenced(lease.look), pytest.raises(JournalError):
            await session.create("/jobs")
    assert cloud.requests == []


async def test_past_a_pause():
    """What goes past pauses waits for none, and for the rate no longer than a second."""
    now, slept = 0.0, []

    async def sleep(seconds: float) -> None:
        nonlocal now
        slept.append(seconds)
        now += seconds

    pacer = Pacer(RateLimit(per_second=0.1), clock=lambda: now, sleep=sleep)
    pacer.pause(600.0)
    with past_pauses():
        await pacer.turn(0.0)
        assert slept == []
        now = 601.0
        await pacer.turn(0.0)
        await pacer.turn(0.0)
    assert 0.0 < sum(slept) <= 1.0


async def test_a_way_past_those_that_wait():
    """A cancel gets through although every place is taken by what waits for a pause to end."""
    cloud = Cloud([httpx.Response(429, headers={"retry-after": "60"})])
    async with injected(cloud, retry=NO_RETRY, control_connections=1) as session:
        with pytest.raises(RateLimitedError):
            await session.read("/poll", lane="control")
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(partial(session.read, "/poll", lane="control"))
            await anyio.wait_all_tasks_blocked()
            with past_pauses():
                await session.write("/cancel")
            tasks.cancel_scope.cancel()
    assert [request.url.path for request in cloud.requests] == ["/poll", "/cancel"]
