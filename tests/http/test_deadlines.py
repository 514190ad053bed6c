"""Deadlines of requests: one timer ends each in its own time."""

from __future__ import annotations

import anyio
import pytest

from quantum_async.errors import LostAnswerError, NotSentError
from quantum_async.http.deadlines import Deadlines, Waiting
from quantum_async.http.options import SessionOptions
from quantum_async.http.retry import NO_RETRY
from quantum_async.http.session import Session
from quantum_async.http.timeouts import Timeouts
from tests.http.raw import OK, Peer, raw_server


async def _waited(deadlines: Deadlines, timeouts: Timeouts, *, connects: bool = True) -> float:
    began = anyio.current_time()
    waiting = Waiting(deadlines, timeouts)
    with waiting.scope:
        if connects:
            waiting.connected()
        await anyio.sleep(5.0)
    waiting.over()
    assert waiting.scope.cancelled_caught
    return anyio.current_time() - began


async def test_each_in_its_own_time():
    """A shorter limit is kept after a longer one has begun, and a longer after a shorter."""
    deadlines = Deadlines()
    waited: dict[float, float] = {}

    async def wait(limit: float) -> None:
        waited[limit] = await _waited(deadlines, Timeouts(read=limit))

    async with anyio.create_task_group() as group:
        for limit in (0.2, 0.05, 0.1, 0.15):
            group.start_soon(wait, limit)
    assert all(limit <= time + 0.01 < limit + 0.1 for limit, time in waited.items()), waited
    deadlines.close()


async def test_silence_counts_from_the_connection():
    """Until there is a connection only the limit for the whole is kept."""
    deadlines = Deadlines()
    limits = Timeouts(read=0.02, total=0.1)
    assert await _waited(deadlines, limits, connects=False) > 0.08
    assert await _waited(deadlines, limits) < 0.08
    deadlines.close()


async def test_no_limits():
    """Without limits nothing is ended."""
    deadlines = Deadlines()
    waiting = Waiting(deadlines, Timeouts(read=None, total=None))
    waiting.connected()
    await anyio.sleep(0.05)
    waiting.over()
    assert not waiting.scope.cancel_called
    deadlines.close()


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
