"""The service in memory, the sandbox, and a client of each."""

from __future__ import annotations

import pytest

from quantum_async.http.options import SessionOptions
from quantum_async.http.retry import RetryPolicy
from quantum_async.http.timeouts import Timeouts
from quantum_async.providers.pasqal.client import PasqalClient
from quantum_async.providers.pasqal.endpoints import PasqalSettings
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


@pytest.fixture
def cloud(sandbox, silence):
    """Make a client of the sandbox that repeats itself quickly."""

    def make(**changes):
        settings = PasqalSettings.read(sandbox.env("pasqal"))
        given = {
            "username": settings.username,
            "password": "sandbox",
            "project_id": settings.project_id,
            "endpoints": settings.endpoints,
            "settle_delay": 0.2,
            "options": SessionOptions(
                retry=RetryPolicy(first=0.01, longest=0.05), timeouts=Timeouts(read=silence)
            ),
        }
        return PasqalClient(**{**given, **changes})

    return make
