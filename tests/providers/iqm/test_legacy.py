"""The older interface, and the older class's operations on both interfaces."""

from __future__ import annotations

import json
from uuid import UUID

import httpx
import pytest

from quantum_async.errors import (
    ConfigurationError,
    InvalidOptionError,
    JobFailedError,
    WaitTimeoutError,
)
from quantum_async.models.job import JobRef, JobStatus
from quantum_async.providers.iqm.circuits import Circuit, Instruction
from quantum_async.providers.iqm.dialect import Generation
from quantum_async.providers.iqm.options import HeraldingMode, IQMOptions
from tests.providers.iqm.service import client

JOB = "11111111-0000-4000-8000-000000000009"
FLIP = Circuit(
    "flip",
    (
        Instruction("prx", ("QB1",), {"angle": 3.141592653589793, "phase": 0.0}),
        Instruction("measure", ("QB1", "QB2"), {"key": "m"}),
    ),
)


class Cocos:
    """The older interface in memory."""

    def __init__(self, statuses=("pending compilation", "pending execution", "ready")):
        self.statuses = list(statuses)
        self.requests = []
        self.body = None

    def __call__(self, request):
        path = request.url.path
        self.requests.append(f"{request.method} {path}")
        if request.method == "POST" and path == "/jobs":
            self.body = json.loads(request.content)
            return httpx.Response(201, json={"id": JOB})
        if path == "/quantum-architecture":
            operations = {
                "prx": [["QB1"], ["QB2"]],
                "cz": [["QB1", "QB2"]],
                "measure": [["QB1"], ["QB2"]],
                "barrier": [],
            }
            found = {
                "name": "demo",
                "qubits": ["QB1", "QB2"],
                "qubit_connectivity": [["QB1", "QB2"]],
                "operations": operations,
            }
            return httpx.Response(200, json={"quantum_architecture": found})
        if path.endswith("/status"):
            word = self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]
            return httpx.Response(200, json={"status": word, "message": "m", "warnings": None})
        if path == f"/jobs/{JOB}":
            measured = [{"m": [[1, 0], [1, 0]]}] if self.statuses[0] == "ready" else None
            return httpx.Response(
                200,
                json={
                    "status": self.statuses[0],
                    "measurements": measured,
                    "message": "m",
                    "metadata": {"request": self.body or {}, "timestamps": {"job_start": "x"}},
                },
            )
        return httpx.Response(404, json={"detail": "not here"})


async def test_a_job_on_the_wire():
    """The older interface is found by asking; angles are turns, loci are qubits, nulls are left out."""
    server = Cocos()
    async with client(server) as iqm:
        assert await iqm.generation() is Generation.LEGACY
        job_id = await iqm.submit_circuits(
            [FLIP], shots=2, heralding_mode=HeraldingMode.ZEROS, custom_settings={"a": 1}
        )
        run = await iqm.wait_for_results(job_id)
    assert job_id == UUID(JOB)
    assert server.body == {
        "circuits": [
            {
                "name": "flip",
                "instructions": [
                    {"name": "prx", "qubits": ["QB1"], "args": {"angle_t": 0.5, "phase_t": 0.0}},
                    {"name": "measure", "qubits": ["QB1", "QB2"], "args": {"key": "m"}},
                ],
            }
        ],
        "shots": 2,
        "heralding_mode": "zeros",
        "custom_settings": {"a": 1},
    }
    assert run.measurements == ({"m": ((1, 0), (1, 0))},)
    assert server.requests[:2] == ["GET /api/v1/quantum-computers", "GET /quantum-architecture"]


async def test_operations_of_the_older_class():
    """Status, compilation, abortion, architecture, in the interface's own words."""
    server = Cocos()
    async with client(server) as iqm:
        assert (await iqm.get_run_status(JOB)).status == "pending compilation"
        assert (await iqm.wait_for_compilation(JOB)).status == "ready"
        await iqm.abort_job(JOB)
        assert (await iqm.get_quantum_architecture()).qubits == ("QB1", "QB2")
        assert (await iqm.get_quantum_architecture()).loci["cz"] == (("QB1", "QB2"),)
        assert await iqm.close_auth_session() is False
        with pytest.raises(ConfigurationError, match="older interface"):
            await iqm.tokens.list()
        with pytest.raises(InvalidOptionError, match=r"IQMOptions\.use_timeslot"):
            await iqm.submit_circuits([FLIP], options=IQMOptions(use_timeslot=True))
    assert server.requests.count("GET /quantum-architecture") == 1


@pytest.mark.parametrize(
    ("word", "meaning"),
    [
        ("pending compilation", JobStatus.QUEUED),
        ("pending_execution", JobStatus.RUNNING),
        ("ready", JobStatus.SUCCEEDED),
        ("failed", JobStatus.FAILED),
        ("aborted", JobStatus.CANCELLED),
        ("deleted", JobStatus.CANCELLED),
        ("levitating", JobStatus.UNKNOWN),
    ],
)
async def test_statuses(word, meaning):
    """Every word, with blanks or underscores, and one that nobody knows (27)."""
    async with client(Cocos([word])) as iqm:
        ref = JobRef("iqm", JOB)
        assert (await iqm.poll([ref]))[ref].status is meaning


async def test_a_failed_run_raises():
    """`get_run` of a failed job raises the server's message; an aborted one does not."""
    async with client(Cocos(["failed"])) as iqm:
        with pytest.raises(JobFailedError, match="m"):
            await iqm.get_run(JOB)
    async with client(Cocos(["aborted"])) as iqm:
        assert (await iqm.get_run(JOB)).status == "aborted"


async def test_waiting_ends_by_its_time_and_says_so():
    """A wait that is too long raises with the last status, by a clock that cannot jump (8, 29)."""
    async with client(Cocos(["pending execution"])) as iqm:
        with pytest.raises(WaitTimeoutError) as caught:
            await iqm.wait_for_results(JOB, timeout_secs=20)
    assert caught.value.last_status == "processing"
    assert caught.value.accepted == "yes"


@pytest.mark.parametrize("path", ["", "/cocos"])
async def test_the_older_class_on_the_sandbox(cloud, path):
    """The same operations give the same on both interfaces."""
    async with cloud(path) as iqm:
        job_id = await iqm.submit_circuits([FLIP, FLIP], shots=5)
        assert (await iqm.get_run_status(job_id)).status in {
            "pending compilation",
            "pending execution",
            "ready",
        }
        await iqm.wait_for_compilation(job_id, timeout_secs=300)
        run = await iqm.wait_for_results(job_id, timeout_secs=300)
        assert run.status == "ready"
        assert [len(circuit["m"]) for circuit in run.measurements] == [5, 5]
        assert run.metadata.request["shots"] == 5
        assert run.metadata.timestamps["job_end"]
        assert len((await iqm.get_quantum_architecture()).qubits) == 20
        await iqm.abort_job(job_id)
        await iqm.jobs.delete(str(job_id))
