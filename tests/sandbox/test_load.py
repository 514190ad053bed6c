"""Many requests and many jobs at once."""

from __future__ import annotations

import socket

import anyio
from anyio import to_thread


async def fetch(address: str, path: str, times: int) -> list[int]:
    """Ask the same thing on one connection again and again; give the statuses."""

    def work() -> list[int]:
        host, port = address.split(":")
        request = f"GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer t\r\n\r\n".encode()
        statuses = []
        with socket.create_connection((host, int(port))) as connection:
            stream = connection.makefile("rb")
            for _ in range(times):
                connection.sendall(request)
                statuses.append(int(stream.readline().split()[1]))
                length = 0
                while (line := stream.readline()) != b"\r\n":
                    if line.lower().startswith(b"content-length:"):
                        length = int(line.split(b":")[1])
                stream.read(length)
        return statuses

    return await to_thread.run_sync(work)


async def test_a_thousand_requests_at_once(sandbox, pasqal):
    """A thousand requests on twenty connections are all answered and counted."""
    batch = pasqal.create(jobs=[{"runs": 100}] * 10)
    path = f"/core-fast/api/v1/jobs/{batch['jobs'][0]['id']}/status"
    statuses: list[int] = []

    async def client() -> None:
        statuses.extend(await fetch(pasqal.address, path, 50))

    async with anyio.create_task_group() as tasks:
        for _ in range(20):
            tasks.start_soon(client)
    assert statuses == [200] * 1000
    route = "GET /core-fast/api/v1/jobs/{id}/status"
    assert (await sandbox.stats())["pasqal"]["requests"][route] == 1000


def test_ten_thousand_jobs_end_on_time(blocking_sandbox, pasqal):
    """Every job ends at its own moment however many there are, and none needs a timer."""
    blocking_sandbox.change(job_time=0.2)
    batch = pasqal.create(jobs=[{"runs": 1}] * 10_000)
    counts = pasqal.v1("GET", f"/batches/{batch['id']}/status").data["jobs_count_per_status"]
    assert counts["RUNNING"] + counts["DONE"] == 10_000
    answer = pasqal.ended(batch)
    assert (answer["status"], answer["jobs_count_per_status"]["DONE"]) == ("DONE", 10_000)
    ends = {job["end"] - job["accepted"] for job in blocking_sandbox.jobs("pasqal")}
    assert 0.1 <= min(ends) < 0.11
    assert 0.29 < max(ends) <= 0.3
