"""How many requests Azure is asked, for one job and for a thousand."""

from __future__ import annotations

import uuid

import anyio
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter

import quantum_async as qa
from quantum_async.http.options import SessionOptions
from quantum_async.http.telemetry import EventHooks
from quantum_async.models.batch import BatchRef
from quantum_async.models.program import Program, ProgramFormat
from quantum_async.models.submission import JobSpec, SubmitRequest

QUIL = Program("DECLARE ro BIT[1]\nX 0\nMEASURE 0 ro[0]\n", ProgramFormat.QUIL, "one")
TARGET = "rigetti.sim.qvm"


def counted(stats) -> dict[str, int]:
    """Requests by the end of their route."""
    found: dict[str, int] = {}
    for route, number in stats["azure"]["requests"].items():
        method, _, path = route.partition(" ")
        name = f"{method} {path.rpartition('/workspaces/{id}')[2]}"
        found[name] = found.get(name, 0) + number
    return found


async def all_over(sandbox) -> None:
    """Wait for every job to end, without a request to the service."""
    while set((await sandbox.stats())["azure"]["jobs_by_status"]) != {"succeeded"}:
        await anyio.sleep(0.02)


async def test_one_job_takes_three_requests_to_send_and_two_to_fetch(sandbox, azure):
    """Signature, input, job; then the job with its addresses, and its output."""
    async with azure() as client:
        spec = JobSpec(uuid.uuid4().hex, QUIL, 10)
        [ref] = await client.submit(SubmitRequest(uuid.uuid4().hex, TARGET, (spec,)))
        sent = counted(await sandbox.stats())
        assert sent == {"POST /storage/sasUri": 1, "PUT /{id}/{rest}": 1, "PUT /jobs/{id}": 1}
        await all_over(sandbox)
        await client.fetch(ref)
        fetched = counted(await sandbox.stats())
        assert sum(fetched.values()) - sum(sent.values()) == 2


async def test_a_session_of_200_jobs_is_fetched_in_2_1_requests_per_job(sandbox, azure):
    """Status by pages of the session's list, results side by side (weak spot: N+1, serial)."""
    under_way: list[int] = [0]

    def begin(_):
        under_way.append(under_way[-1] + 1)

    def end(_):
        under_way.append(under_way[-1] - 1)

    hooks = EventHooks(request=[begin], response=[end])
    async with azure(options=SessionOptions(hooks=hooks)) as client:
        session = await client.sessions.open(TARGET)
        batch = BatchRef("azure", session.id, TARGET)
        refs = []

        async def send():
            spec = JobSpec(uuid.uuid4().hex, QUIL, 10)
            refs.extend(await client.submit(SubmitRequest(spec.key, TARGET, (spec,), batch)))

        async with anyio.create_task_group() as tasks:
            for _ in range(200):
                tasks.start_soon(send)
        await all_over(sandbox)
        before = sum(counted(await sandbox.stats()).values())
        under_way[:] = [0]
        states = await client.poll(refs)
        assert {state.status for state in states.values()} == {qa.JobStatus.SUCCEEDED}
        assert len(states) == 200
        async with anyio.create_task_group() as tasks:
            for ref in refs:
                tasks.start_soon(client.fetch, ref)
        asked = sum(counted(await sandbox.stats()).values()) - before
    assert asked <= 2.1 * 200
    assert max(under_way) >= 8


async def test_a_sweep_of_200_points_runs_each_once(sandbox, azure):
    """Through the scheduler: three requests in, two out, few pages in between."""
    circuit = QuantumCircuit(1, 1)
    circuit.rx(Parameter("angle"), 0)
    circuit.measure(0, 0)
    points = qa.grid(angle=[0.01 * n for n in range(200)])
    async with qa.Scheduler(azure()) as scheduler:
        results = await scheduler.sweep(circuit, points, shots=10, on=f"azure:{TARGET}")
    assert [point.result.shots for point in results] == [10] * 200
    stats = await sandbox.stats()
    assert stats["azure"]["jobs_created"] == 200
    found = counted(stats)
    assert found["PUT /jobs/{id}"] == found["POST /storage/sasUri"] == 200
    polls = found.get("GET /jobs", 0) + found["GET /jobs/{id}"] - 200
    assert polls <= 80, found


async def test_lists_go_on_over_pages_and_stop_where_they_are_told(sandbox, azure):
    """A limit is a limit, not a page's size (weak spot: everything read into memory)."""
    async with azure() as client:
        async with anyio.create_task_group() as tasks:
            for _ in range(120):
                tasks.start_soon(client.sessions.open, "ionq.simulator")
        assert len([s async for s in client.sessions.list()]) == 120
        before = counted(await sandbox.stats())["GET /sessions"]
        assert len([s async for s in client.sessions.list(limit=100)]) == 100
        assert counted(await sandbox.stats())["GET /sessions"] == before + 1
        assert len([i async for i in client.top_level_items.list(skip=100)]) == 20
