"""The ways in which Python is started, none of which has a ``__main__`` guard."""

from __future__ import annotations

import subprocess
import sys
import textwrap

import pytest
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_notebook

pytestmark = pytest.mark.processes

SWEEP = textwrap.dedent(
    '''
    import os
    from uuid import uuid4

    import anyio

    from quantum_async import LocalClient, Program, ProgramFormat
    from quantum_async.models.submission import JobSpec, SubmitRequest

    print("this script runs")
    TEXT = """OPENQASM 2.0; include "qelib1.inc"; qreg q[9]; creg c[9];
    {layers} measure q -> c;"""

    async def main():
        program = Program(TEXT.format(layers="x q; " * 31), ProgramFormat.QASM2)
        jobs = tuple(JobSpec(uuid4().hex, program, 10) for _ in range(2))
        async with LocalClient(workers=2) as client:
            left = await client.submit(SubmitRequest(uuid4().hex, "density_matrix", jobs))
            while left:
                states = await client.poll(left, wait=1.0)
                for ref, state in states.items():
                    if state.status.is_terminal:
                        left.remove(ref)
                        print(state.status, (await client.fetch(ref)).counts)
            print("workers" if client._engine._workers else "no workers")
    '''
)
RUN = "\nanyio.run(main)\nprint('the end')\n"


def check(output):
    lines = output.split("\n")
    assert lines.count("this script runs") == 1, "workers must not run the script again"
    assert lines.count("succeeded {'" + "1" * 9 + "': 10}") == 2
    assert "workers" in lines
    assert "the end" in lines


def run(*arguments, text=None):
    process = subprocess.run(
        [sys.executable, "-W", "error", *arguments],
        input=text,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert process.returncode == 0, process.stderr
    assert not process.stderr
    return process.stdout


def test_a_script_needs_no_main_guard(tmp_path):
    """The worker processes do not run the user's script."""
    path = tmp_path / "script.py"
    path.write_text(SWEEP + RUN)
    check(run(str(path)))


def test_a_command_line_program_can_use_workers():
    """``python -c`` has no file that a worker could import."""
    check(run("-c", SWEEP + RUN))


def test_standard_input_can_use_workers():
    """Neither has a program that is piped in."""
    check(run("-", text=SWEEP + RUN))


def test_a_notebook_cell_can_use_workers():
    """A cell awaits at top level, on the kernel's own loop."""
    notebook = new_notebook(cells=[new_code_cell(SWEEP + "\nawait main()\nprint('the end')")])
    NotebookClient(notebook, timeout=100, kernel_name="python3").execute()
    check("".join(o["text"] for o in notebook.cells[0].outputs if o["name"] == "stdout"))


ORPHAN = textwrap.dedent(
    """
    import os
    from quantum_async.providers.local.worker import Worker

    worker = Worker()
    worker.prepare("statevector", lambda: False)
    print("ready", flush=True)
    {busy}
    os.kill(os.getpid(), 9)
    """
)
BUSY = """
from quantum_async import Program, ProgramFormat
from quantum_async.models.submission import JobSpec
from quantum_async.providers.local.worker import Task
TEXT = 'OPENQASM 3; include "stdgates.inc"; qubit q; bit c; while (c == false) { c = measure q; }'
worker._pipe.send([Task(JobSpec("k", Program(TEXT, ProgramFormat.QASM3), 10), "statevector")])
assert not worker._pipe.poll(3.0)
"""


@pytest.mark.parametrize("busy", ["", BUSY], ids=["idle", "in native code"])
def test_workers_end_with_a_killed_parent(busy):
    """A parent that is killed can close nothing; its workers end all the same, whatever they do."""
    code = ORPHAN.format(busy=busy)
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as process:
        # The pipe ends when the last process that inherited it has ended: the workers have.
        output, _ = process.communicate(timeout=60)
    assert output == b"ready\n"
    assert process.returncode == -9
