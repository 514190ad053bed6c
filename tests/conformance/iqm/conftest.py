"""The vendor's client and circuits, set up for the sandbox."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from pathlib import Path

import pytest
from iqm.iqm_client import Circuit, IQMClient
from iqm.pulse import CircuitOperation


def prx(qubit: str, angle: float = math.pi, phase: float = 0.0) -> CircuitOperation:
    """A rotation."""
    return CircuitOperation("prx", (qubit,), {"angle": angle, "phase": phase})


def measure(*qubits: str, key: str = "m", **more: str) -> CircuitOperation:
    """A measurement."""
    return CircuitOperation("measure", qubits, {"key": key, **more})


def circuit(*operations: CircuitOperation, name: str = "golden") -> Circuit:
    """A circuit."""
    return Circuit(name=name, instructions=tuple(operations))


def connect(sandbox, computer: str = "garnet") -> IQMClient:
    """The vendor's client of a sandbox."""
    return IQMClient.from_url(
        sandbox.env("iqm")["IQM_SERVER_URL"], quantum_computer=computer, token="any"
    )


@pytest.fixture
def client(sandbox) -> IQMClient:
    """The vendor's client of the sandbox that draws counts."""
    return connect(sandbox)


@pytest.fixture(scope="session")
def simulating(simulating_sandbox) -> IQMClient:
    """The vendor's client of the sandbox that simulates."""
    return connect(simulating_sandbox)


class Ours:
    """Our client, in an environment that holds it.

    Args:
        env: The variables that point it at a sandbox.
    """

    def __init__(self, env: dict[str, str]) -> None:
        python = os.environ.get("QUANTUM_ASYNC_SANDBOX_PYTHON") or sys.executable
        self._process = subprocess.Popen(
            [python, str(Path(__file__).with_name("ours.py"))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "SANDBOX": json.dumps(env)},
        )

    def answer(self, name: str, /, *positional, **arguments):
        """Call it, and give what it answers, errors included."""
        flat = arguments if name == "counts" else {"arguments": arguments}
        request = {"call": name, "positional": positional, **flat}
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        assert line, "our client ended"
        return json.loads(line)

    def __call__(self, name: str, /, *positional, **arguments):
        """Call it, and give what it returns."""
        answer = self.answer(name, *positional, **arguments)
        assert "value" in answer, answer
        return answer["value"]

    def close(self) -> None:
        """End it."""
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait()


@pytest.fixture(scope="session")
def ours(counting_sandbox):
    """Our client of the sandbox that draws counts."""
    running = Ours(counting_sandbox.env("iqm"))
    yield running
    running.close()


@pytest.fixture(scope="session")
def ours_simulating(simulating_sandbox):
    """Our client of the sandbox that simulates."""
    running = Ours(simulating_sandbox.env("iqm"))
    yield running
    running.close()
