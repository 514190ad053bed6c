"""Every way to fail, on real sockets: could the provider have acted, or not?"""

from __future__ import annotations

import base64
import socket
import ssl
import traceback

import anyio
import httpx
import pytest
import trustme

from quantum_async.errors import LostAnswerError, NotSentError, QuantumAsyncError
from quantum_async.http.encode import Body
from quantum_async.http.failures import transport_error
from quantum_async.http.options import SessionOptions
from quantum_async.http.retry import NO_RETRY
from quantum_async.http.session import Session
from quantum_async.http.timeouts import Timeouts
from tests.http.raw import OK, Peer, answer_always, raw_server

WIRES = ["aiohttp", "httpx"]
SILENCE = Timeouts(read=0.2)
"""For a server that never answers: what does answer has the usual minute."""


def session(url: str, wire: str = "aiohttp", **options) -> Session:
    if wire == "httpx":
        options["transport"] = httpx.AsyncHTTPTransport(trust_env=False)
    settings = SessionOptions(**{"retry": NO_RETRY, "proxy": "", **options})
    return Session(url, provider="demo", options=settings)


async def failure(url: str, wire: str = "aiohttp", body: Body | None = None, **options):
    """The error of one create."""
    async with session(url, wire, **options) as opened:
        with pytest.raises(QuantumAsyncError) as caught:
            await opened.create("/jobs", body=body)
    return caught.value


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def server_tls() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("localhost").configure_cert(context)
    return context


def assert_not_sent(error: QuantumAsyncError) -> None:
    assert type(error) is NotSentError
    assert error.accepted == "no"
    assert error.provider == "demo"


def assert_lost(error: QuantumAsyncError) -> None:
    assert type(error) is LostAnswerError
    assert error.accepted == "unknown"
    assert error.provider == "demo"


@pytest.mark.parametrize("wire", WIRES)
async def test_refused(wire):
    """A refused connection means that nothing was sent."""
    assert_not_sent(await failure(f"http://127.0.0.1:{free_port()}", wire))


@pytest.mark.parametrize("wire", WIRES)
async def test_unknown_host(wire):
    """A host that has no address means that nothing was sent."""
    error = await failure("http://nobody.invalid", wire)
    assert_not_sent(error)


async def test_unknown_host_names_the_remedy():
    """The error of a failed look-up says to check the name."""
    assert "host name" in ((await failure("http://nobody.invalid")).remedy or "")


@pytest.mark.parametrize("wire", WIRES)
async def test_untrusted_certificate(wire):
    """A certificate nobody vouches for means that nothing was sent."""
    async with raw_server(answer_always, tls=server_tls()) as server:
        error = await failure(server.url, wire)
    assert_not_sent(error)
    assert server.heard == []


async def test_trusted_certificate(tmp_path):
    """A file of certificates, given as the `ca` option, is trusted."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    async with (
        raw_server(answer_always, tls=context) as server,
        session(server.url, ca=tmp_path / "ca.pem") as opened,
    ):
        assert (await opened.read("/")).content == b"{}"


async def test_no_tls_where_tls_is_expected():
    """A server that answers a TLS greeting in plain text means that nothing was sent."""

    async def shout(peer: Peer) -> None:
        await peer.some()
        await peer.send(OK)

    async with raw_server(shout) as server:
        assert_not_sent(await failure(f"https://localhost:{server.port}"))


async def test_reset_in_the_tls_handshake():
    """A reset before the handshake is over means that nothing was sent."""

    async def hang_up(peer: Peer) -> None:
        await peer.some()
        await peer.reset()

    async with raw_server(hang_up) as server:
        assert_not_sent(await failure(f"https://localhost:{server.port}"))


async def test_silent_tls_handshake():
    """A handshake that is not answered in time means that nothing was sent."""

    async def sleep(peer: Peer) -> None:
        await anyio.sleep_forever()

    async with raw_server(sleep) as server:
        quick = Timeouts(connect=0.1)
        assert_not_sent(await failure(f"https://localhost:{server.port}", timeouts=quick))


async def test_refused_proxy():
    """A proxy that cannot be reached means that nothing was sent, and is named as the cause."""
    error = await failure("http://localhost:1", proxy=f"http://127.0.0.1:{free_port()}")
    assert_not_sent(error)
    assert "proxy" in (error.remedy or "")


async def test_proxy_that_refuses_the_tunnel():
    """A proxy that opens no tunnel has sent nothing on."""

    async def refuse(peer: Peer) -> None:
        await peer.request()
        await peer.send(b"HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n")

    async with raw_server(refuse) as proxy:
        error = await failure("https://cloud.invalid", proxy=proxy.url)
    assert_not_sent(error)
    assert proxy.heard[0].startswith(b"CONNECT cloud.invalid:443 ")


async def test_proxy_that_hangs_up_on_the_tunnel():
    """A proxy that resets while the tunnel is being made has sent nothing on."""

    async def hang_up(peer: Peer) -> None:
        await peer.request()
        await peer.reset()

    async with raw_server(hang_up) as proxy:
        assert_not_sent(await failure("https://cloud.invalid", proxy=proxy.url))


async def test_proxy_that_asks_for_a_password():
    """A proxy that wants to know who we are has sent nothing on."""

    async def ask(peer: Peer) -> None:
        await peer.request()
        await peer.send(b"HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n")

    async with raw_server(ask) as proxy:
        assert_not_sent(await failure("http://cloud.invalid", proxy=proxy.url))


async def test_proxy_with_credentials():
    """The user name and password of a proxy reach the proxy."""
    async with (
        raw_server(answer_always) as proxy,
        session("http://cloud.invalid", proxy=f"http://me:s%40t@localhost:{proxy.port}") as opened,
    ):
        await opened.read("/")
    assert b"Basic " + base64.b64encode(b"me:s@t") in proxy.heard[0]


@pytest.mark.parametrize("wire", WIRES)
async def test_reset_after_the_request(wire):
    """A reset after the whole request was read leaves open whether it was acted upon."""

    async def act_and_hang_up(peer: Peer) -> None:
        await peer.request()
        await peer.reset()

    async with raw_server(act_and_hang_up) as server:
        assert_lost(await failure(server.url, wire))
    assert len(server.heard) == 1


@pytest.mark.parametrize("wire", WIRES)
async def test_closed_after_the_request(wire):
    """A connection that is closed instead of answered leaves it open as well."""

    async def act_and_close(peer: Peer) -> None:
        await peer.request()

    async with raw_server(act_and_close) as server:
        assert_lost(await failure(server.url, wire))
    assert len(server.heard) == 1


@pytest.mark.parametrize("wire", WIRES)
async def test_reset_on_arrival(wire):
    """A reset on a new connection counts as lost: part of the request may have been read."""

    async def hang_up(peer: Peer) -> None:
        await peer.reset()

    async with raw_server(hang_up) as server:
        assert_lost(await failure(server.url, wire))


@pytest.mark.parametrize("wire", WIRES)
@pytest.mark.parametrize("size", [300_000, 3_000_000])
async def test_reset_in_the_middle_of_the_request(wire, size):
    """A reset while the body is being sent counts as lost, however large the body."""

    async def read_little(peer: Peer) -> None:
        await peer.some()
        await peer.reset()

    async with raw_server(read_little) as server:
        assert_lost(await failure(server.url, wire, Body(b"x" * size)))


@pytest.mark.parametrize("wire", WIRES)
@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 201 Created\r\ncontent-length: 100\r\n\r\n{",
        b"HTTP/1.1 201 Created\r\ntransfer-encoding: chunked\r\n\r\n5\r\n{",
        b"HTTP/1.1 201 Created\r\ntransfer-encoding: chunked\r\n\r\n1\r\n{\r\n",
        b"HTTP/1.1 201 Created\r\ncontent-le",
        b"HTTP/1.1 2",
        b"NONSENSE\r\n\r\n",
        b"HTTP/1.1 abc OK\r\n\r\n",
        b"\x16\x03\x01\x02",
        b"HTTP/1.1 201 Created\r\ncontent-length: -5\r\n\r\n",
        b"HTTP/1.1 201 Created\r\ncontent-encoding: gzip\r\ncontent-length: 4\r\n\r\nabcd",
    ],
    ids=[
        "short body", "half a chunk", "no last chunk", "half the headers", "half a status line",
        "not HTTP", "status is a word", "TLS", "negative length", "not gzip",
    ],
)  # fmt: skip
@pytest.mark.parametrize("end", ["close", "reset"])
async def test_broken_answer(wire, answer, end):
    """An answer that cannot be read to its end leaves open what happened before it."""

    async def break_off(peer: Peer) -> None:
        await peer.request()
        await peer.send(answer)
        if end == "reset":
            await anyio.sleep(0.02)
            await peer.reset()

    async with raw_server(break_off) as server:
        assert_lost(await failure(server.url, wire))
    assert len(server.heard) == 1


@pytest.mark.parametrize("wire", WIRES)
@pytest.mark.parametrize("start", [b"", b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{"])
async def test_silence(wire, start):
    """A server that goes silent, before its answer or within it, may have acted."""

    async def fall_silent(peer: Peer) -> None:
        await peer.request()
        if start:
            await peer.send(start)
        await anyio.sleep_forever()

    async with raw_server(fall_silent) as server:
        assert_lost(await failure(server.url, wire, timeouts=SILENCE))


@pytest.mark.parametrize("wire", WIRES)
async def test_trickle(wire):
    """An answer that never pauses and never ends runs into the limit for the whole attempt."""

    async def trickle(peer: Peer) -> None:
        await peer.request()
        await peer.send(b"HTTP/1.1 200 OK\r\ncontent-length: 99999\r\n\r\n")
        while True:
            await anyio.sleep(0.02)
            await peer.send(b"x")

    async with raw_server(trickle) as server:
        limits = Timeouts(total=1.0)
        assert_lost(await failure(server.url, wire, timeouts=limits))


async def test_waiting_for_a_connection():
    """Giving up on the wait for a free connection means that nothing was sent."""

    async def sleep(peer: Peer) -> None:
        await peer.request()
        await anyio.sleep_forever()

    patient = Timeouts(pool=0.05)
    async with (
        raw_server(sleep) as server,
        session(server.url, connections=1, timeouts=patient) as opened,
        anyio.create_task_group() as group,
    ):
        group.start_soon(opened.create, "/first")
        while not server.heard:
            await anyio.sleep(0.01)
        with pytest.raises(NotSentError, match="data lane") as caught:
            await opened.create("/second")
        assert_not_sent(caught.value)
        group.cancel_scope.cancel()
    assert len(server.heard) == 1


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
async def test_kept_connection_that_was_closed(method):
    """A request written to a connection that was just closed counts as lost, and is not repeated."""

    async def answer_once(peer: Peer) -> None:
        await peer.request()
        await peer.send(OK)
        await peer.request()
        await peer.reset()

    async with raw_server(answer_once) as server, session(server.url) as opened:
        await opened.read("/")
        with pytest.raises(LostAnswerError):
            await opened.create("/jobs", method=method)
    assert len(server.heard) == 2
    assert server.connections == 1


async def test_fresh_connection():
    """A create on a fresh connection does not depend on what became of the kept ones."""

    async def answer_once(peer: Peer) -> None:
        await peer.request()
        await peer.send(OK)
        await peer.some()
        await peer.reset()

    async with raw_server(answer_once) as server, session(server.url) as opened:
        await opened.read("/")
        for _ in range(3):
            assert (await opened.create("/jobs", connection="fresh")).status == 200
    assert server.connections == 4
    assert all(b"Connection: close" in request for request in server.heard[1:])


async def test_body_that_breaks_off_in_a_stream():
    """A download that breaks off raises where the bytes are read."""

    async def break_off(peer: Peer) -> None:
        await peer.request()
        await peer.send(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf")

    async with raw_server(break_off) as server, session(server.url) as opened:
        received = b""
        async with opened.stream("/results") as download:
            with pytest.raises(LostAnswerError):
                async for chunk in download.chunks():
                    received += chunk
        with pytest.raises(LostAnswerError) as caught:
            async with opened.stream("/results") as download:
                await download.complete()
    assert received == b"half"
    assert_lost(caught.value)


@pytest.mark.parametrize("wire", WIRES)
async def test_streams_that_never_begin(wire):
    """A stream that cannot be opened fails as any other request does."""
    async with session(f"http://127.0.0.1:{free_port()}", wire) as opened:
        with pytest.raises(NotSentError):
            async with opened.stream("/results"):
                pass


async def test_an_earlier_failure_is_not_taken_for_the_cause():
    """What was being handled when a request began does not decide what its failure means."""

    def lose(request: httpx.Request) -> httpx.Response:
        raise httpx.ReadError("reset")

    async with session("http://demo", transport=httpx.MockTransport(lose)) as opened:
        try:
            raise ConnectionRefusedError(111, "of another request")
        except ConnectionRefusedError:
            with pytest.raises(LostAnswerError):
                await opened.create("/jobs")


def test_the_name_of_an_exception_decides_nothing():
    """A reset that a library calls a connect timeout counts as lost."""
    try:
        try:
            raise ConnectionResetError(104, "reset")
        except ConnectionResetError as cause:
            raise httpx.ConnectTimeout("so it says") from cause
    except httpx.ConnectTimeout as error:
        assert type(transport_error(error, before=None)) is LostAnswerError
    assert type(transport_error(httpx.ConnectError("so it says"), before=None)) is LostAnswerError


async def test_mistakes_are_not_network_failures():
    """An exception of a test double's own code comes through as it is."""

    def mistaken(request: httpx.Request) -> httpx.Response:
        raise ZeroDivisionError

    async with Session(
        "http://demo",
        provider="demo",
        options=SessionOptions(transport=httpx.MockTransport(mistaken)),
    ) as opened:
        with pytest.raises(ZeroDivisionError):
            await opened.read("/")


@pytest.mark.parametrize("answer", [b"NONSENSE\r\n\r\n", b""])
async def test_no_signature_in_a_traceback(answer):
    """The printed traceback of a failed download shows no part of its link's signature."""

    async def break_off(peer: Peer) -> None:
        await peer.request()
        await peer.send(answer or b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n")

    signature = "c2lnbmF0dXJl"
    async with raw_server(break_off) as server, session("http://localhost") as opened:
        with pytest.raises(LostAnswerError) as caught:
            await opened.fetch_url(f"{server.url}/blob?sp=r&sig={signature}")
    assert signature not in "".join(traceback.format_exception(caught.value))
