"""The vendor's client and circuits, set up for the sandbox."""

from __future__ import annotations

import math

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
