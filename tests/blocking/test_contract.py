"""Every provider keeps the contract through the facade as well."""

from __future__ import annotations

import pytest

import quantum_async.blocking as qa
from tests.blocking.awaiting import Awaiting
from tests.providers.contract import ProviderContract
from tests.providers.pasqal.real import idle


class TestLocalContract(ProviderContract):
    device = "statevector"

    @pytest.fixture
    def client(self):
        return Awaiting(qa.LocalClient(seed=1))

    def sent(self, client):
        return 0


class TestPasqalContract(ProviderContract):
    device = "EMU_FREE"
    patience = 90.0
    program = idle()
    outcome = "00"

    @pytest.fixture
    def client(self, simulating):
        self.sandbox = simulating
        self.before = sum(simulating.stats()["pasqal"]["requests"].values())
        return Awaiting(qa.PasqalClient.from_env(simulating.env("pasqal")))

    def sent(self, client):
        return sum(self.sandbox.stats()["pasqal"]["requests"].values()) - self.before


class TestIQMContract(ProviderContract):
    device = "garnet"
    patience = 90.0

    @pytest.fixture
    def client(self, simulating):
        self.sandbox = simulating
        self.before = sum(simulating.stats()["iqm"]["requests"].values())
        return Awaiting(qa.IQMClient.from_env(simulating.env("iqm")))

    def sent(self, client):
        return sum(self.sandbox.stats()["iqm"]["requests"].values()) - self.before


class TestQoroContract(ProviderContract):
    device = "qoro_maestro"
    patience = 90.0

    @pytest.fixture
    def client(self, simulating):
        self.sandbox = simulating
        self.before = sum(simulating.stats()["qoro"]["requests"].values())
        return Awaiting(qa.QoroClient.from_env(simulating.env("qoro")))

    def sent(self, client):
        return sum(self.sandbox.stats()["qoro"]["requests"].values()) - self.before


class TestAzureContract(ProviderContract):
    device = "rigetti.sim.qvm"
    patience = 90.0

    @pytest.fixture
    def client(self, simulating):
        self.sandbox = simulating
        self.before = sum(simulating.stats()["azure"]["requests"].values())
        return Awaiting(qa.AzureClient.from_env(simulating.env("azure")))

    def sent(self, client):
        return sum(self.sandbox.stats()["azure"]["requests"].values()) - self.before
