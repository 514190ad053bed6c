"""The Qoro service's client keeps the contract, against a sandbox that simulates."""

from __future__ import annotations

import pytest

from quantum_async.http.options import SessionOptions
from quantum_async.http.telemetry import EventHooks
from quantum_async.providers.qoro.api import QoroSettings
from quantum_async.providers.qoro.client import QoroClient
from tests.providers.contract import ProviderContract


class TestQoroContract(ProviderContract):
    device = "qoro_maestro"

    @pytest.fixture
    def client(self, simulating):
        self.requests = 0
        settings = QoroSettings.read(simulating.env("qoro"))
        return QoroClient(
            api_key=settings.api_key,
            url=settings.url,
            settle_delay=0.1,
            options=SessionOptions(hooks=EventHooks(request=[self.count])),
        )

    def count(self, _):
        self.requests += 1

    def sent(self, client):
        return self.requests
