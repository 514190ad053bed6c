"""The service in memory, the sandbox, and a client of each."""

from __future__ import annotations

import pytest

from quantum_async.http.options import SessionOptions
from quantum_async.http.retry import RetryPolicy
from quantum_async.http.timeouts import Timeouts
from quantum_async.providers.qoro.api import QoroSettings
from quantum_async.providers.qoro.client import QoroClient
from tests.providers.qoro.service import Service, client


@pytest.fixture
def service():
    """A Qoro service in memory."""
    return Service()


@pytest.fixture
async def qoro(service):
    """An open client of it."""
    async with client(service) as opened:
        yield opened


@pytest.fixture
def cloud(sandbox, silence):
    """Make a client of the sandbox that repeats itself quickly."""

    def make(**changes):
        settings = QoroSettings.read(sandbox.env("qoro"))
        given = {
            "api_key": settings.api_key,
            "url": settings.url,
            "settle_delay": 0.2,
            "options": SessionOptions(
                retry=RetryPolicy(first=0.01, longest=0.05), timeouts=Timeouts(read=silence)
            ),
        }
        return QoroClient(**{**given, **changes})

    return make
