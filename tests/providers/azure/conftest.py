"""The sandbox, and clients of it that repeat themselves quickly."""

from __future__ import annotations

import pytest

from quantum_async.http.options import SessionOptions
from quantum_async.http.retry import RetryPolicy
from quantum_async.http.timeouts import Timeouts
from quantum_async.providers.azure.client import AzureClient


@pytest.fixture
def azure(sandbox, silence):
    """Make a client of the sandbox."""

    def make(**changes):
        env = sandbox.env("azure")
        options = SessionOptions(
            retry=RetryPolicy(first=0.01, longest=0.05), timeouts=Timeouts(read=silence)
        )
        given = {
            "connection_string": env["AZURE_QUANTUM_CONNECTION_STRING"],
            "endpoint": env["QUANTUM_ASYNC_AZURE_ENDPOINT"],
            "management": env["QUANTUM_ASYNC_AZURE_MANAGEMENT"],
            "options": options,
        }
        return AzureClient(**{**given, **changes})

    return make
