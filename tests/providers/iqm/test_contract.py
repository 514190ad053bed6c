"""IQM's client keeps the contract in both generations, against a sandbox that simulates."""

from __future__ import annotations

import pytest

from quantum_async.http.options import SessionOptions
from quantum_async.http.telemetry import EventHooks
from quantum_async.models.program import Program, ProgramFormat
from quantum_async.providers.base import provider
from quantum_async.providers.iqm.client import IQMClient
from tests.providers.contract import ProviderContract


class _Contract(ProviderContract):
    device = "garnet"
    unsupported = Program("{}", ProgramFormat.IONQ)
    path = ""

    @pytest.fixture
    def client(self, simulating):
        self.requests = 0
        return IQMClient(
            simulating.url("iqm") + self.path,
            token="any",
            options=SessionOptions(hooks=EventHooks(request=[self.count])),
        )

    def count(self, _):
        self.requests += 1

    def sent(self, client):
        return self.requests


class TestIQMContract(_Contract):
    """IQM Server."""


class TestLegacyContract(_Contract):
    """The older interface."""

    path = "/cocos"


class TestStarContract(_Contract):
    """A chip whose gates go over a resonator, for a circuit that needs none."""

    device = "sirius"


def test_the_registry_knows_iqm():
    """A target that starts with ``iqm`` finds the client by its entry point."""
    assert provider("iqm") is IQMClient
