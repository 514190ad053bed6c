"""Pasqal Cloud's client keeps the contract, against a sandbox that simulates."""

from __future__ import annotations

import pytest

from quantum_async.http.options import SessionOptions
from quantum_async.http.telemetry import EventHooks
from quantum_async.providers.pasqal.client import PasqalClient
from quantum_async.providers.pasqal.endpoints import PasqalSettings
from tests.providers.contract import ProviderContract
from tests.providers.pasqal.real import idle


class TestPasqalContract(ProviderContract):
    device = "EMU_FREE"
    program = idle()
    outcome = "00"

    @pytest.fixture
    def client(self, simulating):
        self.requests = 0
        settings = PasqalSettings.read(simulating.env("pasqal"))
        return PasqalClient(
            username=settings.username,
            password="sandbox",
            project_id=settings.project_id,
            endpoints=settings.endpoints,
            settle_delay=0.1,
            options=SessionOptions(hooks=EventHooks(request=[self.count])),
        )

    def count(self, _):
        self.requests += 1

    def sent(self, client):
        return self.requests
