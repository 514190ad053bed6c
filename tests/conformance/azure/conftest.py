"""The vendor's workspace, set up for the sandbox."""

from __future__ import annotations

import re

import pytest
from azure.core.credentials import AzureKeyCredential
from azure.quantum import Workspace
from pulser import AnalogDevice, Pulse, Register, Sequence

FIELDS = re.compile(r"(\w+)=([^;]+);")


def workspace_at(env: dict[str, str], key: str | None = None) -> Workspace:
    """The vendor's workspace; a loopback address is what its connection strings cannot hold."""
    fields = dict(FIELDS.findall(env["AZURE_QUANTUM_CONNECTION_STRING"]))
    return Workspace(
        subscription_id=fields["SubscriptionId"],
        resource_group=fields["ResourceGroupName"],
        name=fields["WorkspaceName"],
        location="eastus",
        credential=AzureKeyCredential(key or fields["ApiKey"]),
        _quantum_endpoint=env["QUANTUM_ASYNC_AZURE_ENDPOINT"] + "/",
        _from_connection_string=True,
    )


@pytest.fixture
def env(sandbox) -> dict[str, str]:
    """The variables of the fast sandbox."""
    return sandbox.env("azure")


@pytest.fixture
def workspace(env) -> Workspace:
    """The vendor's workspace in the fast sandbox."""
    return workspace_at(env)


@pytest.fixture(scope="session")
def simulated(simulating_sandbox) -> Workspace:
    """The vendor's workspace in a sandbox that simulates."""
    return workspace_at(simulating_sandbox.env("azure"))


@pytest.fixture(scope="session")
def sequence() -> Sequence:
    """Two atoms, far apart, driven by a variable strength."""
    register = Register({"a": (0.0, 0.0), "b": (20.0, 0.0)})
    made = Sequence(register, AnalogDevice)
    made.declare_channel("global", "rydberg_global")
    omega = made.declare_variable("omega")
    made.add(Pulse.ConstantPulse(500, omega, 0.0, 0.0), "global")
    made.measure()
    return made
