"""CPU per request of a session, next to bare aiohttp and to httpx, on loopback.

Run `python benchmarks/bench_http.py [REQUESTS] [ROUNDS]`. Server and client have a core each; each
row is a process of its own, and the rounds go over all rows, so that noise hits everyone.
"""

from __future__ import annotations

import asyncio
import gc
import os
import statistics
import subprocess
import sys
import time
from contextlib import AsyncExitStack

LATENCY = 0.02
CONNECTIONS = (16, 64, 128)
CLIENTS = ("aiohttp", "session", "httpx on aiohttp", "httpx")
BODY = b'{"status":"success","data":{"id":"0123","status":"PENDING","x":[1,2,3,4,5,6,7,8,9,10]}}'
ANSWER = (
    b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nx-request-id: abc\r\n"
    b"content-length: %d\r\n\r\n" % len(BODY)
) + BODY


class Answering(asyncio.Protocol):
    """Answers every GET after the latency, without looking at it."""

    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        for _ in range(data.count(b"\r\n\r\n")):
            asyncio.get_running_loop().call_later(LATENCY, self.answer)

    def answer(self):
        if not self.transport.is_closing():
            self.transport.write(ANSWER)


async def serve():
    server = await asyncio.get_running_loop().create_server(Answering, "127.0.0.1", 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


async def getter(client, base, connections, stack):
    """A function that makes one request with a bearer token and reads its body."""
    path, headers = "/api/v1/jobs?limit=100&batch_id=0123", {"Authorization": "Bearer abc"}
    if client == "session":
        from quantum_async.http.auth import bearer
        from quantum_async.http.options import SessionOptions
        from quantum_async.http.session import Session

        options = SessionOptions(connections=connections)
        session = Session(base, provider="demo", auth=bearer("abc"), options=options)
        await stack.enter_async_context(session)
        query = {"limit": 100, "batch_id": "0123"}
        return lambda: session.read("/api/v1/jobs", query=query)
    if client == "aiohttp":
        import aiohttp

        bare = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=connections))
        await stack.enter_async_context(bare)

        async def get():
            async with bare.get(base + path, headers=headers) as answer:
                await answer.read()

        return get
    import httpx

    limits = httpx.Limits(max_connections=connections, max_keepalive_connections=connections)
    if client == "httpx":
        other = httpx.AsyncClient(limits=limits, timeout=60.0)
    else:
        from httpx_aiohttp import HttpxAiohttpClient

        other = HttpxAiohttpClient(limits=limits, timeout=60.0)
    await stack.enter_async_context(other)
    return lambda: other.get(base + path, headers=headers)


async def measure(client, base, connections, requests):
    async with AsyncExitStack() as stack:
        get = await getter(client, base, connections, stack)
        await asyncio.gather(*(get() for _ in range(connections)))
        left = requests

        async def work():
            nonlocal left
            while left > 0:
                left -= 1
                await get()

        gc.collect()
        cpu, wall = time.process_time(), time.perf_counter()
        await asyncio.gather(*(work() for _ in range(connections)))
        cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    print(cpu / requests * 1e6, requests / wall)


def row(client, base, connections, requests):
    arguments = ["measure", client, base, str(connections), str(requests)]
    done = subprocess.run(
        [sys.executable, __file__, *arguments], capture_output=True, text=True, check=True
    )
    cpu, rate = done.stdout.split()
    return float(cpu), float(rate)


def pin(core):
    if hasattr(os, "sched_setaffinity"):
        cores = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, {cores[core % len(cores)]})


def main(requests=2000, rounds=5):
    rows = [(n, client) for n in CONNECTIONS for client in CLIENTS]
    found = {row: [] for row in rows}
    with subprocess.Popen(
        [sys.executable, __file__, "serve"], stdout=subprocess.PIPE, text=True
    ) as server:
        base = f"http://127.0.0.1:{server.stdout.readline().strip()}"
        for _ in range(rounds):
            for n, client in rows:
                # Stock httpx takes milliseconds a request; a few of them say as much.
                few = requests // 5 if client == "httpx" else requests
                found[n, client].append(row(client, base, n, few))
        server.terminate()
    print("connections  client             us CPU/request  requests/s  of httpx on aiohttp")
    for n, client in rows:
        cpu, rate = (statistics.median(values) for values in zip(*found[n, client], strict=True))
        other = statistics.median(value[0] for value in found[n, "httpx on aiohttp"])
        print(f"{n:11}  {client:17}  {cpu:14.0f}  {rate:10.0f}  {cpu / other:19.2f}")


if __name__ == "__main__":
    verb, *rest = sys.argv[1:] or [""]
    if verb == "serve":
        pin(0)
        asyncio.run(serve())
    elif verb == "measure":
        pin(1)
        asyncio.run(measure(rest[0], rest[1], int(rest[2]), int(rest[3])))
    else:
        main(*(int(argument) for argument in sys.argv[1:]))
