"""Deadlines of requests: one timer ends each in its own time."""

from __future__ import annotations

from functools import partial

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
    ended: list[float] = []

    async def wait(session: Session, limit: float) -> None:
        with pytest.raises(LostAnswerError, match="no answer in time"):
            await session.create("/jobs", timeouts=Timeouts(read=limit))
        ended.append(limit)

    async with (
        raw_server(_sleep) as server,
        _session(server.url) as session,
        anyio.create_task_group() as group,
    ):
        group.start_soon(wait, session, 3600.0)
        while not server.heard:
            await anyio.sleep(0.01)
        async with anyio.create_task_group() as short:
            for limit in (0.3, 0.1, 0.2):
                short.start_soon(wait, session, limit)
        assert sorted(ended) == [0.1, 0.2, 0.3]
        group.cancel_scope.cancel()


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
    stopped = anyio.Event()

    async def answer(peer: Peer) -> None:
        while b"/never" not in (request := await peer.request()):
            if b"/late" in request:
                await stopped.wait()
            await peer.send(OK)
        await anyio.sleep_forever()

    async with raw_server(answer) as server, _session(server.url) as session:
        await session.read("/jobs")
        async with anyio.create_task_group() as group:
            group.start_soon(session.read, "/late")
            with pytest.raises(LostAnswerError):
                await session.create("/never", timeouts=Timeouts(read=0.1))
            stopped.set()
        await session.read("/jobs")
        assert server.connections == 2


async def _drip(peer: Peer, *, pauses: int) -> None:
    await peer.request()
    await peer.send(OK.replace(b"content-length: 2", b"content-length: 12"))
    for _ in range(pauses):
        await anyio.sleep(0.5)
        await peer.send(b"ab")
    await anyio.sleep_forever()


@pytest.mark.parametrize("pauses", [5, 1])
async def test_pauses_within_an_answer(pauses):
    """An answer may take longer than the limit of silence, if it is never silent for so long."""
    options = SessionOptions(timeouts=Timeouts(read=2.0), retry=NO_RETRY, proxy="")
    async with (
        raw_server(partial(_drip, pauses=pauses)) as server,
        Session(server.url, provider="demo", options=options) as session,
    ):
        if pauses == 5:
            assert (await session.read("/slow")).content == b"{}ababababab"
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
