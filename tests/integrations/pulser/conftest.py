"""Connections to the sandbox and to the simulator."""

from __future__ import annotations

import pytest

import quantum_async.blocking as qa
from quantum_async.integrations.pulser import PulserConnection


@pytest.fixture
def connect(blocking_sandbox):
    """Make connections to the sandbox, each with a client of its own."""
    made = []

    def make(**changes):
        client = qa.PasqalClient.from_env(blocking_sandbox.env("pasqal"))
        made.append(PulserConnection(client, **changes))
        return made[-1]

    yield make
    for connection in made:
        connection.close()


@pytest.fixture
def connection(connect):
    """A connection to the sandbox."""
    return connect()


@pytest.fixture
def stats(blocking_sandbox):
    """Count what the sandbox has seen."""
    return lambda: blocking_sandbox.stats()["pasqal"]


@pytest.fixture
def asked(stats):
    """List the requests since the last time, without logging in."""
    before: dict[str, int] = {}

    def since():
        now = stats()["requests"]
        found = {
            route: n - before.get(route, 0) for route, n in now.items() if "token" not in route
        }
        before.update(now)
        return {route: n for route, n in found.items() if n}

    return since


@pytest.fixture(scope="session")
def simulator():
    """A connection to the simulator of this package."""
    with PulserConnection(qa.LocalClient(seed=1)) as opened:
        yield opened
