"""What is weak about the service's own client, and is not about ours; each has a number."""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
import threading
from itertools import pairwise
from pathlib import Path

import anyio
import anyio.to_thread
import httpx
import pytest

import quantum_async as qa
from quantum_async.errors import LostAnswerError, ServerError
from quantum_async.http.options import SessionOptions
from quantum_async.http.retry import RetryPolicy
from quantum_async.http.timeouts import Timeouts
from quantum_async.models.job import JobRef, JobStatus
from quantum_async.models.program import Program, ProgramFormat
from quantum_async.providers.qoro.payloads import QoroCircuit
from tests.http.raw import raw_server
from tests.providers.qoro.service import JOB, client, no_sleep
from tests.scheduler.leaping import LeapingLoop

ROOT = Path(__file__).parents[3]
PAGE = ROOT / "docs" / "qoro.md"
BELL = "OPENQASM 2.0; qreg q[2]; creg c[2]; h q[0]; cx q[0],q[1]; measure q -> c;"
STATUS = "/status/"


def test_every_weak_spot_has_a_test():
    """Each number of the page on the service is in a test's docstring."""
    listed = {int(n) for n in re.findall(r"^\| (\d+) \|", PAGE.read_text("utf-8"), re.MULTILINE)}
    assert listed == set(range(1, 24))
    folders = ["providers/qoro", "integrations/divi", "conformance/qoro"]
    texts = [p.read_text("utf-8") for f in folders for p in (ROOT / "tests" / f).glob("test_*.py")]
    named = re.findall(r"[Ww]eak spots? ((?:\d+(?:, | and )?)+)", "\n".join(texts))
    found = {int(number) for one in named for number in re.findall(r"\d+", one)}
    assert listed - found == set()


async def answers(peer):
    """Answer each request with its own bearer token."""
    while True:
        head = (await peer.request()).decode().lower()
        token = head.partition("bearer ")[2].split()[0]
        body = b'{"status": "%b"}' % token.encode()
        length = len(body)
        await peer.send(
            b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%b"
            % (length, body)
        )


async def test_connections_belong_to_one_client_and_end_with_it():
    """Weak spot 2: many requests on one connection, never another account's, none left behind."""
    ended = []

    async def behave(peer):
        try:
            await answers(peer)
        finally:
            ended.append(peer)

    async with raw_server(behave) as server:
        options = SessionOptions(retry=RetryPolicy(attempts=1))
        url = f"{server.url}/api"
        async with (
            qa.QoroClient(api_key="first", url=url, options=options) as first,
            qa.QoroClient(api_key="second", url=url, options=options) as second,
        ):
            for _ in range(5):
                assert (await first.jobs.status(JOB)).reported == "first"
                assert (await second.jobs.status(JOB)).reported == "second"
            assert server.connections == 2
            assert ended == []
        while len(ended) < 2:
            await anyio.sleep(0.01)


async def test_every_exhausted_read_ends_in_one_kind_of_error(service, qoro):
    """Weak spot 4: with the status, the service's words and the job, whatever the status is."""
    for status in (500, 502, 503, 504):
        service.then("GET", STATUS, *[httpx.Response(status, json={"detail": "down"})] * 3)
        with pytest.raises(ServerError, match="down") as found:
            await qoro.jobs.status(JOB)
        assert (found.value.status, found.value.job_id) == (status, JOB)
    assert len(service.requests) == 12


async def test_two_hundred_jobs_wait_in_one_thread(service):
    """Weak spot 9: no thread per job, and a poll that hangs does not keep anybody."""
    service.status = "RUNNING"
    before = threading.active_count()
    jobs = [JobRef("qoro", f"job-{n}") for n in range(200)]
    async with client(service) as opened:
        states = await opened.poll(jobs)
        assert {state.status for state in states.values()} == {JobStatus.RUNNING}
        assert len(states) == 200
        assert threading.active_count() <= before + 1

    async def hang(_):
        await anyio.sleep_forever()

    options = SessionOptions(transport=httpx.MockTransport(hang))
    async with client(service, options=options) as opened:
        with anyio.move_on_after(0.05) as scope:
            await opened.poll(jobs)
    assert scope.cancelled_caught


def test_polls_become_rarer_as_a_job_grows_older(service):
    """Weak spot 9: the pauses grow with the job's age, up to a limit, instead of one fixed one."""
    moments = []

    def answer(_):
        moments.append(anyio.current_time())
        word = "RUNNING" if len(moments) < 12 else "FAILED"
        return httpx.Response(200, json={"status": word})

    async def wait():
        asyncio.get_running_loop().threads = anyio.to_thread.current_default_thread_limiter()
        limits = qa.Limits(min_poll_interval=1.0, max_poll_interval=10.0)
        program = Program(BELL, ProgramFormat.QASM2)
        async with qa.Scheduler(client(service), limits=limits) as scheduler:
            job = await scheduler.submit(program, shots=5)
            with pytest.raises(qa.JobFailedError):
                await job

    service.then("GET", STATUS, *[answer] * 12)
    with asyncio.Runner(loop_factory=LeapingLoop) as runner:
        runner.run(wait())
    pauses = [later - earlier for earlier, later in pairwise(moments)]
    assert min(pauses) < 5.0
    assert max(pauses) <= 10.5
    assert sum(pauses[-4:]) > sum(pauses[:4])


async def test_an_interrupt_leaves_no_job_running(service):
    """Weak spot 16: whatever leaves the block, and under whatever signal handler."""
    service.status = "RUNNING"
    program = Program(BELL, ProgramFormat.QASM2)

    def cancelled(_):
        service.status = "CANCELLED"
        return httpx.Response(200, json={"status": "cancelled", "job_id": JOB})

    service.then("POST", "/cancel/", cancelled)
    with pytest.raises(KeyboardInterrupt):
        async with qa.Scheduler(client(service)) as scheduler:
            await scheduler.submit(program, shots=5)
            raise KeyboardInterrupt
    assert len(service.asked("POST", "/cancel/")) == 1


async def test_each_step_of_a_request_has_its_own_limit(service):
    """Weak spot 19: connecting and reading are limited apart, as the user says."""
    limits = []

    def note(request):
        limits.append(request.extensions["timeout"])
        return service(request)

    timeouts = Timeouts(connect=3.0, read=7.0, pool=11.0)
    options = SessionOptions(transport=httpx.MockTransport(note), timeouts=timeouts, sleep=no_sleep)
    reply = {"job_id": JOB, "status": "COMPLETED", "report": {}}
    service.then("GET", "/validation_result/", httpx.Response(200, json=reply))
    async with client(service, options=options) as opened:
        await opened.jobs.status(JOB)
        await opened.characterisations.submit({"0": 1.0}, patience=900.0)
    assert [one["connect"] for one in limits] == [3.0] * 4
    assert [one["read"] for one in limits] == [7.0, 7.0, 900.0, 7.0]


async def test_a_silent_service_is_given_up_after_the_users_limit():
    """Weak spot 19: not after a constant of ours."""

    async def silent(peer):
        await peer.request()
        await anyio.sleep_forever()

    async with raw_server(silent) as server:
        options = SessionOptions(timeouts=Timeouts(read=0.1), retry=RetryPolicy(attempts=1))
        async with qa.QoroClient(api_key="k", url=f"{server.url}/api", options=options) as opened:
            with pytest.raises(LostAnswerError):
                await opened.jobs.submit([QoroCircuit("a", BELL)])
    assert len(server.heard) == 1


async def test_sending_a_program_unread_loads_no_quantum_library(tmp_path):
    """Weak spots 10 and 21: talking HTTP needs neither Qiskit nor NumPy; checking programs does."""
    script = f"""
import sys
import anyio, httpx
from quantum_async.http.options import SessionOptions
from quantum_async.providers.qoro.client import QoroClient
from quantum_async.providers.qoro.payloads import QoroCircuit

def answer(request):
    return httpx.Response(200, json={{"job_id": "a"}})

async def main():
    options = SessionOptions(transport=httpx.MockTransport(answer))
    async with QoroClient(api_key="k", url="http://127.0.0.1/api", options=options) as client:
        circuits = [QoroCircuit("a", {BELL!r})]
        assert await client.jobs.submit(circuits, validate=False) == "a"

anyio.run(main)
heavy = {{"qiskit", "numpy", "scipy", "numba", "pandas", "matplotlib"}} & set(sys.modules)
assert not heavy, heavy
"""
    done = await anyio.to_thread.run_sync(
        lambda: subprocess.run([sys.executable, "-c", script], capture_output=True, check=False)
    )
    assert done.returncode == 0, done.stderr.decode()
