"""What a session sends, how often, by which lane, and what comes of it."""

from __future__ import annotations

import gzip
import subprocess
import sys
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import anyio
import httpx
import pytest
import respx

from quantum_async.errors import (
    AuthenticationError,
    ConfigurationError,
    InvalidOptionError,
    LostAnswerError,
    NotFoundError,
    NotSentError,
    PermissionDeniedError,
    ProtocolError,
    RateLimitedError,
    RejectedRequestError,
    ServerError,
)
from quantum_async.http.auth import Auth, StaticAuth, Token, TokenSource, bearer
from quantum_async.http.encode import Body, body, json_body
from quantum_async.http.options import SessionOptions
from quantum_async.http.retry import NO_RETRY, RetryPolicy
from quantum_async.http.session import Session
from quantum_async.http.timeouts import Timeouts
from tests.http.raw import OK, Peer, answer_always, raw_server

BASE = "https://cloud.example/api"


@dataclass
class Time:
    """A clock that only sleeping moves."""

    now: float = 0.0
    slept: list[float] = field(default_factory=list)

    def clock(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        await anyio.lowlevel.checkpoint()
        self.slept.append(seconds)
        self.now += seconds


@dataclass
class Cloud:
    """A server that gives the answers it was told, then `200`, and keeps the requests."""

    answers: list[httpx.Response | Exception] = field(default_factory=list)
    requests: list[httpx.Request] = field(default_factory=list)
    time: Time = field(default_factory=Time)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self.answers.pop(0) if self.answers else httpx.Response(200, json={"ok": True})
        if isinstance(answer, Exception):
            raise answer
        return answer

    @asynccontextmanager
    async def session(self, base: str = BASE, *, auth: Auth | None = None, headers=None, **options):
        settings = SessionOptions(
            transport=httpx.MockTransport(self),
            clock=self.time.clock,
            sleep=self.time.sleep,
            **options,
        )
        async with Session(
            base, provider="demo", auth=auth, headers=headers, options=settings
        ) as opened:
            yield opened


def answers(*statuses: int, **headers: str) -> list[httpx.Response]:
    return [httpx.Response(status, headers=headers) for status in statuses]


async def test_an_answer():
    """Status, headers in any case, body and request id of an answer come through."""
    cloud = Cloud([httpx.Response(201, json=[1], headers={"X-Request-Id": "r1"})])
    async with cloud.session() as session:
        response = await session.read("/x")
    assert (response.status, response.json(), response.request_id) == (201, [1], "r1")
    assert response.headers["x-REQUEST-id"] == "r1"
    assert response.media_type == "application/json"


async def test_what_is_sent():
    """Base URL, path, query in its order, headers and body arrive as they were given."""
    cloud = Cloud()
    async with cloud.session(f"{BASE}/", headers={"user-agent": "mine"}) as session:
        await session.read(
            "/jobs/a b",
            query={"z": "ä&", "a": [1, 2], "none": None, "t": "2026-01-01T00:00:00+00:00"},
            headers={"ACCEPT": "text/csv"},
        )
        await session.create("", body=await json_body({"n": 1}))
    first, second = cloud.requests
    assert str(first.url) == (
        f"{BASE}/jobs/a%20b?z=%C3%A4%26&a=1&a=2&t=2026-01-01T00%3A00%3A00%2B00%3A00"
    )
    assert first.headers["user-agent"] == "mine"
    assert first.headers.get_list("accept") == ["text/csv"]
    assert (str(second.url), second.content) == (BASE, b'{"n":1}')
    assert second.headers["content-type"] == "application/json"


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504])
@pytest.mark.parametrize("ask", [Session.read, Session.write])
async def test_reads_and_writes_are_repeated(ask, status):
    """What may be done twice is repeated after failures that pass."""
    cloud = Cloud(answers(status, status))
    async with cloud.session() as session:
        assert (await ask(session, "/x")).status == 200
    assert len(cloud.requests) == 3


@pytest.mark.parametrize("status", [400, 403, 404, 409, 422, 501, 505])
async def test_refusals_are_not_repeated(status):
    """What will not pass is not repeated."""
    cloud = Cloud(answers(status))
    async with cloud.session() as session:
        with pytest.raises((RejectedRequestError, PermissionDeniedError, ServerError)):
            await session.read("/x")
    assert len(cloud.requests) == 1


@pytest.mark.parametrize("answer", [*answers(429, 500, 503, 408), httpx.ReadError("reset")])
@pytest.mark.parametrize("method", ["POST", "PUT"])
async def test_creates_are_never_repeated(answer, method):
    """A create is sent once, whatever the answer."""
    cloud = Cloud([answer])
    async with cloud.session() as session:
        with pytest.raises((RateLimitedError, ServerError, LostAnswerError)):
            await session.create("/x", method=method)
    assert len(cloud.requests) == 1
    assert cloud.time.slept == []


async def test_attempts_are_bounded():
    """The last failure is raised when the attempts are used up."""
    cloud = Cloud(answers(500, 500, 502))
    async with cloud.session(retry=RetryPolicy(attempts=3)) as session:
        with pytest.raises(ServerError, match="502"):
            await session.read("/x")
    assert len(cloud.requests) == 3


async def test_total_time_is_bounded():
    """No attempt is begun that would begin too late."""
    cloud = Cloud(answers(*[500] * 100))
    policy = RetryPolicy(attempts=100, total=10.0, first=1.0, longest=4.0, random=lambda: 1.0)
    async with cloud.session(retry=policy) as session:
        with pytest.raises(ServerError):
            await session.read("/x")
    assert cloud.time.slept == [1.0, 2.0, 4.0]


async def test_waits_grow_and_vary():
    """Waits double up to a limit, and jitter takes up to half of them away."""
    cloud = Cloud(answers(*[500] * 4))
    policy = RetryPolicy(first=1.0, longest=3.0, random=lambda: 0.0)
    async with cloud.session(retry=policy) as session:
        await session.read("/x")
    assert cloud.time.slept == [0.5, 1.0, 1.5, 1.5]


async def test_retry_after_is_obeyed():
    """The next attempt waits as long as the provider asked."""
    cloud = Cloud(answers(429, 503, **{"retry-after": "30"}))
    async with cloud.session() as session:
        await session.read("/x")
    assert sum(cloud.time.slept) == pytest.approx(60.0)


async def test_retry_after_beyond_patience():
    """A wait longer than all attempts may take is reported instead of begun."""
    cloud = Cloud(answers(429, **{"retry-after": "3600"}))
    async with cloud.session() as session:
        with pytest.raises(RateLimitedError) as caught:
            await session.read("/x")
        assert caught.value.retry_after == 3600.0
        with pytest.raises(RateLimitedError, match="nothing was sent") as caught:
            await session.create("/y")
    assert caught.value.provider == "demo"
    assert len(cloud.requests) == 1
    assert cloud.time.slept == []


async def test_no_pause_lasts_for_ever():
    """A provider that asks for a day is asked again after a quarter of an hour."""
    cloud = Cloud(answers(429, **{"retry-after": "86400"}))
    async with cloud.session() as session:
        with pytest.raises(RateLimitedError):
            await session.create("/x")
        cloud.time.now += 900.0
        await session.create("/x")
    assert len(cloud.requests) == 2


async def test_retry_after_moves_the_whole_endpoint():
    """One refusal holds every other request back as well."""
    cloud = Cloud(answers(429, **{"retry-after": "20"}))
    async with cloud.session() as session:
        with pytest.raises(RateLimitedError):
            await session.create("/x")
        await session.read("/unrelated")
    assert cloud.time.now == 20.0


async def test_cancelled_between_attempts():
    """Cancelling the wait before a repetition sends nothing more."""
    cloud = Cloud(answers(500, 500))

    async def sleep(seconds: float) -> None:
        scope.cancel()
        await anyio.sleep_forever()

    settings = SessionOptions(transport=httpx.MockTransport(cloud), sleep=sleep)
    with anyio.CancelScope() as scope:
        async with Session(BASE, provider="demo", options=settings) as session:
            await session.read("/x")
    assert scope.cancelled_caught
    assert len(cloud.requests) == 1


class Renewable(Auth):
    """Credentials that are refused until they were renewed."""

    def __init__(self) -> None:
        self.generation = 0

    async def headers(self):
        return {"Authorization": f"Bearer t{self.generation}"}

    async def refresh(self, rejected):
        self.generation += 1
        return True


@pytest.mark.parametrize("ask", [Session.read, Session.write, Session.create])
async def test_a_refused_token_is_renewed_once(ask):
    """After a 401 the request is sent again with a new token, a create as well."""
    cloud = Cloud(answers(401))
    async with cloud.session(auth=Renewable()) as session:
        assert (await ask(session, "/x")).status == 200
    assert [r.headers["authorization"] for r in cloud.requests] == ["Bearer t0", "Bearer t1"]


@pytest.mark.parametrize("ask", [Session.read, Session.create])
async def test_a_token_that_is_refused_twice(ask):
    """A second 401 is an error and not another round."""
    cloud = Cloud(answers(401, 401))
    async with cloud.session(auth=Renewable()) as session:
        with pytest.raises(AuthenticationError):
            await ask(session, "/x")
    assert len(cloud.requests) == 2


async def test_a_refused_static_key():
    """Where there is nothing else to try, nothing is tried."""
    cloud = Cloud(answers(401))
    async with cloud.session(auth=StaticAuth({"x-api-key": "k"})) as session:
        with pytest.raises(AuthenticationError):
            await session.create("/x")
    assert len(cloud.requests) == 1


async def test_no_token_no_request():
    """A create whose token cannot be fetched was not sent, whatever happened to the token."""

    async def fail() -> Token:
        raise LostAnswerError("the token server went away")

    cloud = Cloud()
    async with cloud.session(auth=TokenSource(fail)) as session:
        with pytest.raises(NotSentError, match="access token") as caught:
            await session.create("/x")
    assert (caught.value.accepted, caught.value.provider) == ("no", "demo")
    assert cloud.requests == []


async def test_streamed_token_renewal():
    """A stream renews a refused token as well."""
    cloud = Cloud(answers(401))
    async with cloud.session(auth=Renewable()) as session, session.stream("/x") as download:
        assert (await download.complete()).json() == {"ok": True}


async def test_credentials_in_the_clear():
    """Credentials are not sent over plain http, unless to this machine."""
    with pytest.raises(ConfigurationError, match="without encryption"):
        Session("http://cloud.example", provider="demo", auth=bearer("abc"))
    for host in ("localhost:80", "127.0.0.1:8900", "[::1]:8900"):
        assert not Session(f"http://{host}", provider="demo", auth=bearer("abc")).is_open


async def test_presigned_links_get_no_credentials():
    """A presigned link is fetched without credentials, and its query stays byte for byte."""
    cloud = Cloud()
    url = "https://store.example/c/b?se=2026-01-01T00%3A00%3A00Z&sig=a%2Bb%2f%3D&x=a+b"
    async with cloud.session(auth=bearer("abc"), headers={"X-Key": "k"}) as session:
        await session.fetch_url(url)
        await session.upload_url(url, Body(b"data", "text/plain"), headers={"x-ms-blob-type": "B"})
        async with session.stream_url(url) as download:
            await download.complete()
    for request in cloud.requests:
        assert bytes(request.url.raw_path) == url.partition("example")[2].encode()
        assert not {"authorization", "x-key"} & set(request.headers)
    assert cloud.requests[1].method == "PUT"
    assert cloud.requests[1].headers["x-ms-blob-type"] == "B"


async def test_presigned_links_on_the_wire():
    """The default wire sends a signed query byte for byte."""
    query = "?se=2026-01-01T00%3A00%3A00Z&sig=a%2Bb%2f%3D&x=a+b&y='~()*"
    async with raw_server(answer_always) as server, Session(BASE, provider="demo") as session:
        await session.fetch_url(f"{server.url}/c/b{query}")
    assert server.heard[0].startswith(f"GET /c/b{query} HTTP/1.1\r\n".encode())


async def test_redirects_of_links():
    """A link may redirect, a few times and never out of encryption."""
    away = [httpx.Response(302, headers={"location": "/two"})]
    cloud = Cloud(list(away))
    async with cloud.session() as session:
        await session.fetch_url("https://a.example/one")
        assert str(cloud.requests[-1].url) == "https://a.example/two"
        cloud.answers = away * 6
        with pytest.raises(ProtocolError, match="more than 5 times"):
            await session.fetch_url("https://a.example/one")
        cloud.answers = [httpx.Response(302, headers={"location": "http://a.example/two"})]
        with pytest.raises(ProtocolError, match="without encryption"):
            await session.fetch_url("https://a.example/one")


async def test_redirects_elsewhere():
    """A redirect of anything but a link is an error that names the likely reason."""
    cloud = Cloud([httpx.Response(301, headers={"location": "https://elsewhere.example"})])
    async with cloud.session() as session:
        with pytest.raises(ProtocolError) as caught:
            await session.create("/x")
    assert "base URL" in (caught.value.remedy or "")
    assert len(cloud.requests) == 1


async def test_failures_of_a_store_do_not_pause_the_provider():
    """What a blob store asks to wait concerns that store only."""
    cloud = Cloud(answers(503, **{"retry-after": "3000"}))
    async with cloud.session(retry=NO_RETRY) as session:
        with pytest.raises(ServerError):
            await session.fetch_url("https://store.example/x")
        await session.read("/x")


@pytest.mark.parametrize("number", [1, 4])
async def test_lanes(number):
    """Downloads take no connection from polls, and no more than their own."""
    running: set[str] = set()
    most = 0
    release = anyio.Event()

    async def answer(request: httpx.Request) -> httpx.Response:
        nonlocal most
        if "poll" not in request.url.path:
            running.add(request.url.path)
            most = max(most, len(running))
            await release.wait()
            running.discard(request.url.path)
        return httpx.Response(200)

    settings = SessionOptions(transport=httpx.MockTransport(answer), connections=number)
    async with (
        Session(BASE, provider="demo", options=settings) as session,
        anyio.create_task_group() as group,
    ):
        for index in range(10):
            group.start_soon(session.read, f"/{index}")
        await anyio.wait_all_tasks_blocked()
        await session.read("/poll", lane="control")
        release.set()
    assert most == number


async def test_a_cancelled_request_gives_its_place_back():
    """Cancelled and failed requests leave their lane."""

    async def hang(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/hang"):
            hung.cancel()
            await anyio.sleep_forever()
        return httpx.Response(404 if request.url.path.endswith("/no") else 200)

    settings = SessionOptions(transport=httpx.MockTransport(hang), connections=1)
    async with Session(BASE, provider="demo", options=settings) as session:
        for _ in range(3):
            with anyio.CancelScope() as hung:
                await session.read("/hang")
            with anyio.CancelScope() as hung:
                async with session.stream("/hang"):
                    pass
            with pytest.raises(NotFoundError):
                await session.read("/no")
            with pytest.raises(NotFoundError):
                async with session.stream("/no"):
                    pass
        async with session.stream("/yes") as download:
            assert download.status == 200
        await session.read("/yes")


async def test_connections_are_kept_and_bounded():
    """Requests share kept connections, no more of them than the lane has."""
    async with (
        raw_server(answer_always) as server,
        Session(server.url, provider="demo", options=SessionOptions(connections=3)) as session,
        anyio.create_task_group() as group,
    ):
        for _ in range(30):
            group.start_soon(session.read, "/x")
    assert len(server.heard) == 30
    assert server.connections <= 3


async def test_no_cookies():
    """A cookie that the server sets is not sent back."""

    async def set_cookie(peer: Peer) -> None:
        while True:
            await peer.request()
            await peer.send(OK.replace(b"\r\n\r\n", b"\r\nset-cookie: a=b\r\n\r\n"))

    async with raw_server(set_cookie) as server, Session(server.url, provider="demo") as session:
        await session.read("/x")
        await session.read("/x")
    assert b"ookie" not in server.heard[1]


async def test_headers_on_the_wire():
    """Nothing is added to the headers beside what frames the message."""
    async with raw_server(answer_always) as server, Session(server.url, provider="demo") as session:
        await session.read("/x")
        await session.create("/y", body=Body(b"{}"), headers={"accept": "a/b"})
    names = [
        sorted(
            line.partition(b":")[0].lower() for line in request.split(b"\r\n")[1:] if b":" in line
        )
        for request in server.heard
    ]
    general = [b"accept", b"accept-encoding", b"host", b"user-agent"]
    assert names[0] == general
    assert names[1] == sorted([*general, b"content-length", b"content-type"])


@pytest.mark.parametrize("size", [0, 10, 600_000, 3_000_000])
async def test_bodies_of_any_size(size):
    """Small and large bodies arrive whole, and are framed by their length."""
    content = b"x" * size
    async with raw_server(answer_always) as server, Session(server.url, provider="demo") as session:
        await session.create("/x", body=Body(content))
    head, _, received = server.heard[0].partition(b"\r\n\r\n")
    assert received == content
    assert b"chunked" not in head
    assert f"content-length: {size}".encode() in head.lower()


@pytest.mark.parametrize("wire", ["aiohttp", "httpx"])
async def test_compressed_answers(wire):
    """Compressed answers are decompressed by either wire, at once and in pieces."""
    packed = gzip.compress(b"[1]" * 1000)

    async def compress(peer: Peer) -> None:
        while True:
            await peer.request()
            head = f"content-encoding: gzip\r\ncontent-length: {len(packed)}\r\n\r\n"
            await peer.send(b"HTTP/1.1 200 OK\r\n" + head.encode() + packed)

    transport = httpx.AsyncHTTPTransport() if wire == "httpx" else None
    async with (
        raw_server(compress) as server,
        Session(
            server.url, provider="demo", options=SessionOptions(transport=transport)
        ) as session,
    ):
        assert (await session.read("/x")).content == b"[1]" * 1000
        async with session.stream("/x") as download:
            assert b"".join([chunk async for chunk in download.chunks()]) == b"[1]" * 1000


async def test_large_bodies_do_not_block(never_blocks):
    """Opening, compressing a large body and sending it do not hold up the loop."""
    async with raw_server(answer_always) as server, Session(server.url, provider="demo") as session:
        sent = await body(b'{"a":1}' * 200_000)
        await session.create("/x", body=sent)
    received = server.heard[0].partition(b"\r\n\r\n")[2]
    assert gzip.decompress(received) == b'{"a":1}' * 200_000


async def test_respx():
    """Tests of users may answer with respx."""
    router = respx.Router(assert_all_called=True)
    router.get(f"{BASE}/devices").respond(json=["FRESNEL"])
    transport = httpx.MockTransport(router.async_handler)
    async with Session(
        BASE, provider="demo", options=SessionOptions(transport=transport)
    ) as session:
        assert (await session.read("/devices")).json() == ["FRESNEL"]


async def test_asgi():
    """Tests of users may answer with an application in the same process."""

    async def application(scope, receive, send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": scope["path"].encode()})

    transport = httpx.ASGITransport(application)
    async with Session(
        BASE, provider="demo", options=SessionOptions(transport=transport)
    ) as session:
        assert (await session.read("/devices")).text == "/api/devices"


async def test_opening_at_the_same_time():
    """Tasks that open a session together open it once, so that nothing is left open."""
    entered = []

    class Counting(httpx.MockTransport):
        async def __aenter__(self):
            entered.append(self)
            return self

    options = SessionOptions(transport=Counting(lambda request: httpx.Response(200)))
    session = Session(BASE, provider="demo", options=options)
    async with anyio.create_task_group() as group:
        for _ in range(5):
            group.start_soon(session.open)
    await session.close()
    assert len(entered) == 1


async def test_closed_sessions_say_so():
    """A session that is not open refuses with a remedy, before and after."""
    session = Session(BASE, provider="demo")
    with pytest.raises(ConfigurationError, match="not open"):
        await session.read("/x")
    async with session:
        await session.open()
        assert session.is_open
    await session.close()
    with pytest.raises(ConfigurationError, match="not open"):
        async with session.stream("/x"):
            pass


async def test_closing_while_the_trust_store_is_read(tmp_path):
    """A request that is overtaken by the end of its session says that nothing was sent."""
    session = Session("https://localhost", provider="demo", options=SessionOptions(ca=tmp_path))
    await session.open()
    failures: list[NotSentError] = []

    async def ask() -> None:
        with pytest.raises(NotSentError, match="closed meanwhile") as caught:
            await session.create("/x")
        failures.append(caught.value)

    async with anyio.create_task_group() as group:
        group.start_soon(ask)
        await anyio.lowlevel.checkpoint()
        await session.close()
    assert [failure.provider for failure in failures] == ["demo"]


def test_repr_shows_no_secret():
    """Whatever is printed of a session or its parts shows no secret."""
    options = SessionOptions(proxy="http://me:hunter2@proxy")
    session = Session(BASE, provider="demo", auth=bearer("hunter2"), options=options)
    shown = [session, options, bearer("hunter2"), Token("hunter2"), Body(b"hunter2")]
    assert "hunter2" not in repr(shown) + repr(vars(session))
    assert repr(session) == f"<Session of demo at {BASE}, closed>"


@pytest.mark.parametrize(
    "base",
    [
        "cloud.example", "ftp://x", "https://", "https://me:pw@x", "https://x?a=1", "",
        "https://[::1", "https://x:port", "https://x:99999",
    ],
)  # fmt: skip
def test_bad_base_urls(base):
    """A base URL that cannot work is refused at once, without printing it."""
    with pytest.raises(ConfigurationError) as caught:
        Session(base, provider="demo")
    assert "pw" not in str(caught.value)


def test_bad_options():
    """Numbers out of range are refused where they are given."""
    for make in (
        lambda: SessionOptions(connections=0),
        lambda: SessionOptions(control_connections=0),
        lambda: Timeouts(connect=0),
        lambda: Timeouts(read=-1),
        lambda: RetryPolicy(attempts=0),
        lambda: RetryPolicy(total=-1),
    ):
        with pytest.raises(InvalidOptionError):
            make()


def test_nothing_heavy_is_imported():
    """Importing the session loads neither HTTP library."""
    code = (
        "import sys, quantum_async.http.session;"
        "print([name for name in ('aiohttp', 'httpx') if name in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
