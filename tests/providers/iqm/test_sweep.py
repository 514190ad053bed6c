"""Large sweeps: every result belongs to its parameters."""

from __future__ import annotations

import json
import re

import httpx
import pytest

from quantum_async.models.grid import grid
from quantum_async.models.limits import Limits
from quantum_async.providers.iqm.circuits import Circuit, Instruction
from quantum_async.providers.iqm.client import IQMClient
from quantum_async.sandbox import BlockingSandbox
from quantum_async.scheduler.scheduler import Scheduler
from tests.providers.iqm.service import client, wire

BITS = 10
QUBITS = [f"QB{n}" for n in range(1, BITS + 1)]


def encoded(n):
    """A circuit whose only outcome is its number."""
    flips = [
        Instruction("prx", (qubit,), {"angle": 3.141592653589793, "phase": 0.0})
        for place, qubit in enumerate(QUBITS)
        if n >> place & 1
    ]
    return Circuit(f"c{n}", (*flips, Instruction("measure", tuple(QUBITS), {"key": "m"}))).program()


class Computer:
    """A server that runs circuits of flips, exactly."""

    def __init__(self):
        self.jobs = {}
        self.lines = []

    def __call__(self, request):
        method, path = request.method, request.url.path
        self.lines.append(f"{method} {re.sub(r'job-[0-9]+', '{id}', path)}")
        if method == "POST":
            name = f"job-{len(self.jobs)}"
            self.jobs[name] = json.loads(request.content)
            return httpx.Response(201, json=wire.job(id=name, status="waiting"))
        if path.endswith("/measurements"):
            return httpx.Response(200, json=self.measured(path.split("/")[-3]))
        if path.endswith("/dynamic-quantum-architecture"):
            single = wire.gate(*[(qubit,) for qubit in QUBITS])
            gates = {"prx": single, "measure": single}
            return httpx.Response(200, json={**wire.ARCHITECTURE, "qubits": QUBITS, "gates": gates})
        if "/jobs/" in path:
            return httpx.Response(200, json=wire.job(id=path.rpartition("/")[2]))
        return httpx.Response(200, content=wire.answer(method, request.url.raw_path.decode()))

    def measured(self, name):
        job = self.jobs[name]
        found = []
        for circuit in job["circuits"]:
            flipped = {i["locus"][0] for i in circuit["instructions"] if i["name"] == "prx"}
            shot = [int(qubit in flipped) for qubit in QUBITS]
            found.append({"m": [shot] * job["shots"]})
        return found


async def test_a_thousand_circuits_find_their_parameters():
    """1,000 circuits at 100 a job are ten jobs, and each outcome is the number of its point."""
    server = Computer()
    iqm = client(server, quantum_computer="golden:mock")
    async with Scheduler(iqm, limits=Limits(min_poll_interval=0.01)) as scheduler:
        results = await scheduler.sweep(encoded, grid(n=list(range(1000))), shots=2)
    for point in results:
        assert point.result.counts == {format(point.parameters["n"], f"0{BITS}b"): 2}
    assert len(server.jobs) == 10
    assert sum(line.endswith("/measurements") for line in server.lines) == 10
    assert len(server.lines) <= 35


@pytest.mark.parametrize(
    ("points", "size"), [(48, 20), pytest.param(1000, 500, marks=pytest.mark.nightly)]
)
async def test_simulated_circuits_find_their_parameters(points, size):
    """Really run, circuits are as few jobs as fit, and each outcome is its point's number."""
    options = {"iqm": {"max_circuits_per_job": size}}
    with BlockingSandbox(
        job_time=0.02, parallel=True, workers=1, services=("iqm",), options=options
    ) as sandbox:
        iqm = IQMClient(sandbox.url("iqm"), token="any", quantum_computer="garnet")
        async with Scheduler(iqm, limits=Limits(min_poll_interval=0.01)) as scheduler:
            results = await scheduler.sweep(encoded, grid(n=list(range(points))), shots=2)
        stats = sandbox.stats()["iqm"]
    assert [point.result.counts for point in results] == [
        {format(n, f"0{BITS}b"): 2} for n in range(points)
    ]
    jobs = -(-points // size)
    assert (stats["jobs_created"], stats["duplicates"]) == (jobs, 0)
    assert stats["requests"]["GET /api/v1/jobs/{id}/artifacts/{id}"] == jobs
