"""The service in memory, the sandbox, and a client of each."""

from __future__ import annotations

import pytest

from quantum_async.sandbox.pytest_plugin import (  # noqa: F401
    blocking_sandbox,
    sandbox,
    sandbox_process,
)
from tests.providers.pasqal.service import Service, client


@pytest.fixture
def service():
    """A Pasqal Cloud in memory."""
    return Service()


@pytest.fixture
async def pasqal(service):
    """An open client of it."""
    async with client(service) as opened:
        yield opened
