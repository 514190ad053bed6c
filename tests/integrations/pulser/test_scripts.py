"""What the ends of a script leave behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

pytestmark = pytest.mark.processes

ROOT = Path(__file__).parents[3]


@contextmanager
def script(sandbox, action):
    """Run the script, and give its process."""
    command = [sys.executable, "-m", "tests.integrations.pulser.script", action]
    env = {**os.environ, "SANDBOX": json.dumps(sandbox.env("pasqal"))}
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, env=env, cwd=ROOT) as it:
        try:
            assert it.stdout.readline() == "open\n", it.stderr.read()
            yield it
        finally:
            it.kill()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_while_waiting_closes_the_batch(blocking_sandbox, stats, number):
    """The wait ends, the batch is closed, and the script says which batch goes on."""
    blocking_sandbox.change(job_time=60.0)
    with script(blocking_sandbox, "wait") as process:
        batch_id = process.stdout.readline().strip()
        while "GET /core-fast/api/v2/jobs" not in stats()["requests"]:
            time.sleep(0.05)  # the script does not wait yet
        process.send_signal(number)
        _, said = process.communicate()
    assert f"batch {batch_id} goes on" in said
    assert process.returncode != 0
    assert stats()["batches_open"] == 0
    assert "cancelled" not in stats()["jobs_by_status"]


def test_a_batch_that_was_forgotten(blocking_sandbox, stats):
    """A batch that was opened without a block is closed at the end of the program, in silence."""
    with script(blocking_sandbox, "forget") as process:
        _, said = process.communicate()
    assert (process.returncode, said) == (0, "")
    assert stats()["batches_open"] == 0
