"""Providers of Qiskit on the simulator, and on a sandbox that really simulates."""

from __future__ import annotations

import pytest

import quantum_async as qa
from quantum_async import blocking
from quantum_async.integrations.qiskit import AsyncProvider, QuantumAsyncProvider
from quantum_async.sandbox import Sandbox

CLIENTS = {"azure": "AzureClient", "iqm": "IQMClient", "qoro": "QoroClient"}


@pytest.fixture
def cloud(simulating):
    """The sandbox that simulates."""
    return simulating


@pytest.fixture
async def awaited_cloud(cloud):
    """The same, to be used with ``await``."""
    return Sandbox.attached(cloud)


@pytest.fixture
def connect(cloud):
    """Make a provider on one of the sandbox's services."""
    made = []

    def make(service, *, is_async=False):
        kind = getattr(qa if is_async else blocking, CLIENTS[service])
        client = kind.from_env(cloud.env(service))
        if is_async:
            return AsyncProvider(client)
        made.append(QuantumAsyncProvider(client))
        return made[-1]

    yield make
    for provider in made:
        provider.close()


@pytest.fixture(scope="session")
def local():
    """A provider on the simulator of this package."""
    with QuantumAsyncProvider(blocking.LocalClient(seed=1)) as provider:
        yield provider


@pytest.fixture(scope="session")
def statevector(local):
    """Its backend that holds every amplitude."""
    return local.backend("statevector")
