"""The local provider keeps the contract, on its own workers and on somebody else's."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from quantum_async.providers.base import provider
from quantum_async.providers.local.client import LocalClient
from tests.providers.contract import ProviderContract


class TestLocalContract(ProviderContract):
    """On a thread of this process."""

    device = "automatic"

    @pytest.fixture
    def client(self):
        """A client that decides for itself where jobs run."""
        return LocalClient(seed=1)

    def sent(self, client):
        """There is no network."""
        return 0


class TestLocalContractOnAnExecutor(ProviderContract):
    """On an executor that the user passes in."""

    device = "statevector"

    @pytest.fixture
    def client(self):
        """A client that uses somebody else's threads."""
        with ThreadPoolExecutor(2) as executor:
            yield LocalClient(executor=executor)

    def sent(self, client):
        """There is no network."""
        return 0


def test_the_registry_knows_the_local_provider():
    """A target that starts with ``local`` finds the client by its entry point."""
    assert provider("local") is LocalClient
