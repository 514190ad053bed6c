"""Deadlines of requests: one timer ends each in its own time."""

from __future__ import annotations

import anyio
import pytest

from quantum_async.errors import LostAnswerError, NotSentError
from quantum_async.http.options import SessionOptions
from quantum_async.http.retry import NO_RETRY
from quantum_async.http.session import Session
from quantum_async.http.timeouts import Timeouts
from tests.http.raw import OK, Peer, raw_server


async def _sleep(peer: Peer) -> None:
    await peer.request()
    await anyio.sleep_forever()


def _session(url: str) -> Session:
    return Session(url, provider="demo", options=SessionOptions(retry=NO_RETRY, proxy=""))


async def test_each_in_its_own_time():
    """A shorter limit is kept after a longer one has begun, and a longer after a shorter."""
    waited: dict[float, float] = {}

    async def wait(session: Session, limit: float) -> None:
        began = anyio.current_time()
        with pytest.raises(LostAnswerError, match="no answer in time"):
            await session.create("/jobs", timeouts=Timeouts(read=limit))
        waited[limit] = anyio.current_time() - began

    async with (
        raw_server(_sleep) as server,
        _session(server.url) as session,
        anyio.create_task_group() as group,
    ):
        for limit in (0.3, 0.1, 0.2):
            group.start_soon(wait, session, limit)
    assert list(waited) == [0.1, 0.2, 0.3]
    assert all(time >= limit - 0.01 for limit, time in waited.items()), waited


async def test_bodies_without_a_length_are_cut_off():
    """An answer that ends with its connection is not taken for complete when its time is over."""

    async def begin(peer: Peer) -> None:
        await peer.request()
        await peer.send(b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{}")
        await anyio.sleep_forever()

    async with raw_server(begin) as server, _session(server.url) as session:
        with pytest.raises(LostAnswerError, match="no answer in time"):
            await session.read("/jobs", timeouts=Timeouts(read=0.1))


async def test_no_limits():
    """Without limits an answer is waited for."""

    async def late(peer: Peer) -> None:
        await peer.request()
        await anyio.sleep(0.05)
        await peer.send(OK)

    unlimited = Timeouts(connect=None, read=None, total=None)
    async with raw_server(late) as server, _session(server.url) as session:
        assert (await session.read("/jobs", timeouts=unlimited)).content == b"{}"


async def test_connections_of_others_stay():
    """A request that is stopped costs no other one its connection, nor the session its next one."""

    async def answer_slowly(peer: Peer) -> None:
        while b"/never" not in await peer.request():
            await anyio.sleep(0.2)
            await peer.send(OK)
        await anyio.sleep_forever()

    async with raw_server(answer_slowly) as server, _session(server.url) as session:
        await session.read("/jobs")
        async with anyio.create_task_group() as group:
            group.start_soon(session.read, "/jobs")
            with pytest.raises(LostAnswerError):
                await session.create("/never", timeouts=Timeouts(read=0.1))
        await session.read("/jobs")
        assert server.connections == 2


@pytest.mark.parametrize("pause", [0.05, 0.3])
async def test_pauses_within_an_answer(pause):
    """An answer may take longer than the limit of silence, if it is never silent for so long."""

    async def drip(peer: Peer) -> None:
        await peer.request()
        await peer.send(OK.replace(b"content-length: 2", b"content-length: 8"))
        for _ in range(3):
            await anyio.sleep(pause)
            await peer.send(b"ab")

    options = SessionOptions(timeouts=Timeouts(read=0.2), retry=NO_RETRY, proxy="")
    async with (
        raw_server(drip) as server,
        Session(server.url, provider="demo", options=options) as session,
    ):
        if pause < 0.2:
            assert (await session.read("/slow")).content == b"{}ababab"
        else:
            with pytest.raises(LostAnswerError, match="no answer in time"):
                await session.read("/slow")


async def test_the_whole_limit_while_connecting():
    """When time is over before there is a connection, nothing was sent."""

    async def sleep(peer: Peer) -> None:
        await anyio.sleep_forever()

    options = SessionOptions(timeouts=Timeouts(total=0.1), retry=NO_RETRY, proxy="")
    async with raw_server(sleep) as server:
        url = f"https://localhost:{server.port}"
        async with Session(url, provider="demo", options=options) as session:
            with pytest.raises(NotSentError, match="no answer in time"):
                await session.create("/jobs")
