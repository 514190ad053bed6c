"""The server in memory, the sandbox, and a client of each."""

from __future__ import annotations

import pytest

from quantum_async.http.options import SessionOptions
from quantum_async.http.retry import RetryPolicy
from quantum_async.http.timeouts import Timeouts
from quantum_async.providers.iqm.client import IQMClient
from tests.providers.iqm.service import Service, client


@pytest.fixture
def service():
    """An IQM server in memory."""
    return Service()


@pytest.fixture
async def iqm(service):
    """An open client of it."""
    async with client(service) as opened:
        yield opened


@pytest.fixture
def cloud(sandbox, silence):
    """Make a client of the sandbox that repeats itself quickly."""

    def make(path="", **changes):
        given = {
            "quantum_computer": "garnet",
            "token": "any",
            "options": SessionOptions(
                retry=RetryPolicy(first=0.01, longest=0.05), timeouts=Timeouts(read=silence)
            ),
        }
        return IQMClient(sandbox.url("iqm") + path, **{**given, **changes})

    return make
