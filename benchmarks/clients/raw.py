"""A raw protocol client: asyncio's protocols, requests as bytes, answers cut by their length.

It follows the best plan there is (100-job batches, or one job each where that is asked for, polls of
a hundred ids at a tick chosen by somebody who knows the law of the run times) and does nothing else:
no retry, no renewal of tokens, no journal, no types, no limits in time. What it takes is what the
network and the interpreter take.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections import deque
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urlsplit
from urllib.request import urlopen

from row import BATCH, SHOTS, Row, omegas, task

if TYPE_CHECKING:
    from types import SimpleNamespace

PAGE = 100
TICK = 0.1
"""Time between two polls, as a fraction of the median run time."""


class Connection(asyncio.Protocol):
    """One request at a time; an answer is its head, and as many bytes as the head says."""

    def __init__(self) -> None:
        self.buffer = bytearray()
        self.need = 0
        self.start = 0
        self.answer: asyncio.Future[bytes] | None = None

    def connection_made(self, transport):
        self.transport = transport

    def connection_lost(self, error):
        if self.answer is not None and not self.answer.done():
            self.answer.set_exception(error or ConnectionError("closed"))

    def data_received(self, data):
        buffer = self.buffer
        buffer += data
        if not self.need:
            self.start = buffer.find(b"\r\n\r\n") + 4
            if self.start == 3:
                return
            head = bytes(buffer[: self.start])
            if head[9:12] != b"200":
                self.answer.set_exception(ConnectionError(head.decode()))
                return
            place = head.find(b"content-length:") + 15
            self.need = self.start + int(head[place : head.find(b"\r", place)])
        if len(buffer) >= self.need:
            body = bytes(buffer[self.start : self.need])
            del buffer[: self.need]
            self.need = 0
            self.answer.set_result(body)

    def ask(self, request: bytes) -> asyncio.Future[bytes]:
        self.answer = asyncio.get_running_loop().create_future()
        self.transport.write(request)
        return self.answer


class Pool:
    """At most so many connections; whoever finds none free waits in line."""

    def __init__(self, host: str, port: int, limit: int) -> None:
        self.address = host, port
        self.room = limit
        self.free: list[Connection] = []
        self.line: deque[asyncio.Future[Connection]] = deque()

    async def ask(self, request: bytes) -> bytes:
        connection = await self.take()
        answer = await connection.ask(request)
        if self.line:
            self.line.popleft().set_result(connection)
        else:
            self.free.append(connection)
        return answer

    async def take(self) -> Connection:
        if self.free:
            return self.free.pop()
        loop = asyncio.get_running_loop()
        if self.room:
            self.room -= 1
            _, made = await loop.create_connection(Connection, *self.address)
            return made
        turn = loop.create_future()
        self.line.append(turn)
        return await turn


class Raw:
    def __init__(self, wanted: SimpleNamespace, row: Row) -> None:
        self.wanted = wanted
        self.row = row
        core = urlsplit(wanted.env["QUANTUM_ASYNC_PASQAL_CORE_URL"])
        self.prefix = core.path
        self.pool = Pool(core.hostname, core.port, wanted.connections)
        # Polls must not wait behind a thousand downloads.
        self.polls = Pool(core.hostname, core.port, max(4, wanted.connections // 8))
        self.host = f"Host: {core.netloc}\r\n"
        self.waiting: deque[tuple[str, float]] = deque()
        self.tasks: set[asyncio.Task[None]] = set()

    def log_in(self) -> None:
        env = self.wanted.env
        form = {
            "grant_type": "http://auth0.com/oauth/grant-type/password-realm",
            "username": env["QUANTUM_ASYNC_PASQAL_USERNAME"],
            "password": env["QUANTUM_ASYNC_PASQAL_PASSWORD"],
        }
        with urlopen(env["QUANTUM_ASYNC_PASQAL_TOKEN_URL"], urlencode(form).encode()) as answer:
            token = json.load(answer)["access_token"]
        self.token = f"Authorization: Bearer {token}\r\n"

    def get(self, path: str) -> bytes:
        return f"GET {self.prefix}{path} HTTP/1.1\r\n{self.host}{self.token}\r\n".encode()

    async def submit(self, values: list[float]) -> None:
        body = {
            "sequence_builder": self.wanted.text,
            "jobs": [{"runs": SHOTS, "variables": {"omega": value}} for value in values],
            "open": False,
            "device_type": "EMU_FREE",
            "project_id": self.wanted.env["QUANTUM_ASYNC_PASQAL_PROJECT_ID"],
        }
        content = json.dumps(body).encode()
        head = (
            f"POST {self.prefix}/api/v1/batches HTTP/1.1\r\n{self.host}{self.token}"
            f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
        )
        answer = json.loads(await self.pool.ask(head.encode() + content))
        now = time.monotonic()
        self.waiting.extend((job["id"], now) for job in answer["data"]["jobs"])

    async def poll(self, page: list[tuple[str, float]]) -> None:
        ids = "&".join(f"id={job_id}" for job_id, _ in page)
        answer = json.loads(await self.polls.ask(self.get(f"/api/v2/jobs?{ids}&limit=100")))
        now = time.time()
        over = {job["id"] for job in answer["data"] if job["status"] == "DONE"}
        for job_id, accepted in page:
            if job_id in over:
                self.row.seen[job_id] = now
                self.start(self.fetch(job_id))
            else:
                self.waiting.append((job_id, accepted))

    async def fetch(self, job_id: str) -> None:
        answer = await self.pool.ask(self.get(f"/api/v1/jobs/{job_id}/results_link"))
        link = urlsplit(json.loads(answer)["data"]["results_link"])
        request = f"GET {link.path}?{link.query} HTTP/1.1\r\n{self.host}\r\n"
        stored = json.loads(await self.pool.ask(request.encode()))
        assert sum(stored["counter"].values()) == SHOTS

    def start(self, work) -> None:
        task = asyncio.ensure_future(work)
        self.tasks.add(task)
        task.add_done_callback(self.done)

    def done(self, task) -> None:
        self.tasks.discard(task)
        task.result()

    async def sweep(self, count: int) -> None:
        values, size = omegas(count), 1 if self.wanted.single else BATCH
        submissions = [
            asyncio.ensure_future(self.submit(values[start : start + size]))
            for start in range(0, count, size)
        ]
        tick = TICK * self.wanted.median
        while len(self.row.seen) < count:
            await asyncio.sleep(tick)
            ripe = time.monotonic() - self.wanted.shortest
            page: list[tuple[str, float]] = []
            for _ in range(len(self.waiting)):
                if self.waiting[0][1] > ripe:
                    self.waiting.rotate(-1)
                    continue
                page.append(self.waiting.popleft())
                if len(page) == PAGE:
                    self.start(self.poll(page))
                    page = []
            if page:
                self.start(self.poll(page))
        await asyncio.gather(*submissions)
        while self.tasks:
            await asyncio.wait(self.tasks)


async def run(wanted: SimpleNamespace) -> Row:
    row = Row(wanted)
    raw = Raw(wanted, row)
    raw.log_in()
    row.begin()
    await raw.sweep(wanted.jobs)
    row.end_wall()
    row.end_cpu()
    return row


if __name__ == "__main__":
    asyncio.run(run(task())).report()
