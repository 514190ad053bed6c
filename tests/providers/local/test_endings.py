"""Programs end while the local simulators are at work: with their own exit code, and soon."""

from __future__ import annotations

import signal
import subprocess
import sys
import textwrap

import pytest

from tests.blocking.script import ROOT

pytestmark = pytest.mark.processes

TIMES = 4
"""Threads that are torn out of native code end a program only now and then."""

AGAIN = f"""
for _ in range({TIMES}):
    child = os.fork()
    if not child:
        break
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if code:
        sys.exit(f"ended with {{code}}")
else:
    say("all ended well")
    os._exit(0)
"""
"""What follows is run so many times in forked processes, because imports take nearly all the time."""

PREAMBLE = """
import asyncio, os, signal, sys, threading, time
import numpy, pulser_simulation, qiskit_aer
from pulser import MockDevice, Pulse, Register, Sequence
import quantum_async as qa
import quantum_async.blocking as blocking
from quantum_async.integrations.pulser import PulserConnection

ENDLESS = "OPENQASM 3; qubit q; bit c; while (c == false) { c = measure q; }"
BELL = 'OPENQASM 2.0; include "qelib1.inc"; qreg q[2]; creg c[2]; h q[0]; cx q[0],q[1]; measure q -> c;'

def driven(duration):
    made = Sequence(Register.rectangle(2, 4, spacing=6.5, prefix="q"), MockDevice)
    made.declare_channel("g", "rydberg_global")
    made.add(Pulse.ConstantPulse(duration, 5.0, 1.0, 0.3), "g")
    made.measure()
    return made

def running(job):
    while job.status() != "running":
        time.sleep(0.005)

def say(*words):
    print(*words, flush=True)
"""
# Eight atoms for twenty microseconds: a small job, which runs on a thread for less than a second.
ENDINGS = {
    "Pulser's connection": """
connection = PulserConnection(blocking.LocalClient())
connection.submit(driven(20_000), job_params=[{"runs": 20, "variables": {}}], device_type="pulser")
""",
    "a scheduler that is never left": """
scheduler = blocking.Scheduler(blocking.LocalClient())
scheduler.__enter__()
jobs = [scheduler.submit(driven(20_000), shots=20), scheduler.submit(BELL, shots=20)]
running(jobs[0])
""",
    "a client that is never closed": """
async def main():
    client = qa.LocalClient()
    await client.open()
    async with qa.Scheduler(client, on_cancel="detach") as scheduler:
        job = await scheduler.submit(driven(20_000), shots=20)
        while await job.status() != "running":
            await asyncio.sleep(0.005)
        job.detach()
asyncio.run(main())
""",
    "an endless job that is never cancelled": """
scheduler = blocking.Scheduler(blocking.LocalClient(), on_cancel="detach")
scheduler.__enter__()
running(scheduler.submit(ENDLESS, shots=10))
""",
}


def started(code: str, *flags: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, *flags, "-c", PREAMBLE + code],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.skipif(sys.platform == "win32", reason="there is no fork")
@pytest.mark.parametrize("code", ENDINGS.values(), ids=ENDINGS)
def test_a_program_ends_with_its_own_code_while_a_job_runs(code: str) -> None:
    """Nothing is torn out of native code, and nothing that never ends keeps it."""
    process = started(AGAIN + code)
    out, err = process.communicate()
    assert process.returncode == 0, err
    assert out.endswith("all ended well\n")
    assert "terminate" not in err


STOPPED = textwrap.dedent(
    """
    with blocking.Scheduler(blocking.LocalClient()) as scheduler:
        jobs = [scheduler.submit({program}, shots=10)]
        jobs += [scheduler.submit(BELL, shots=10) for _ in range(10)]
        running(jobs[0])
        say([job.result().shots for job in jobs[1:]])
        {wait}
    """
)
LONG = {"an endless circuit": "ENDLESS", "a long evolution": "driven(1_000_000)"}


@pytest.mark.parametrize("program", LONG.values(), ids=LONG)
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "SIGTERM"])
def test_a_signal_ends_what_cannot_be_interrupted(program: str, number: signal.Signals) -> None:
    """The wait ends, the job is cancelled, its process goes, and the program with it."""
    with started(STOPPED.format(program=program, wait="jobs[0].result()")) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline() == f"{[10] * 10}\n"
        process.send_signal(number)
        # The pipe ends with the last process that has it: the workers are gone as well.
        _, err = process.communicate()
    assert process.returncode == (-number if number == signal.SIGINT else 128 + number)
    assert "No job was left running" in err


@pytest.mark.parametrize("program", LONG.values(), ids=LONG)
def test_a_timeout_and_a_cancellation_act_while_it_runs(program: str) -> None:
    """The event loop goes on, the wait ends by its timeout, and the block by the cancellation."""
    wait = textwrap.indent(
        textwrap.dedent(
            """
            try:
                jobs[0].result(timeout=0.2)
            except qa.WaitTimeoutError:
                say("still", jobs[0].status())
            jobs[0].cancel()
            say(jobs[0].status())
            """
        ),
        "    ",
    )
    process = started(STOPPED.format(program=program, wait=wait.strip()))
    out, err = process.communicate()
    assert process.returncode == 0, err
    assert out.split("\n")[1:] == ["still running", "cancelled", ""]
