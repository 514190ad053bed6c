"""Our client beside the vendor's older one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def ours(simulating_sandbox):
    """Our client on the older interface, in an environment that holds it."""
    env = simulating_sandbox.env("iqm")
    env["IQM_SERVER_URL"] += "/cocos"
    driver = Path(__file__).parents[1] / "iqm" / "ours.py"
    command = [os.environ.get("QUANTUM_ASYNC_SANDBOX_PYTHON") or sys.executable, str(driver)]
    pipe = subprocess.PIPE
    variables = {**os.environ, "SANDBOX": json.dumps(env)}
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, env=variables) as process:

        def call(name, /, *positional, **more):
            request = {"call": name, "positional": positional, **more}
            process.stdin.write(json.dumps(request) + "\n")
            process.stdin.flush()
            answer = json.loads(process.stdout.readline())
            assert "value" in answer, answer
            return answer["value"]

        yield call
        process.stdin.close()
