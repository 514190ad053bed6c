"""The registry: providers are found by the name in a target."""

from __future__ import annotations

import pytest

from quantum_async.errors import UnknownTargetError
from quantum_async.providers.base import ProviderClient, provider, providers


def test_installed_providers_are_found_by_name() -> None:
    """The registry's name of a client is the part of a target before the colon."""
    found = providers()
    assert list(found) == sorted(found)
    assert provider("local") is found["local"]
    for name, client in found.items():
        assert issubclass(client, ProviderClient)
        assert client.name == name


def test_an_unknown_provider_is_refused_with_the_known_ones() -> None:
    """A misspelt provider lists what could have been meant."""
    with pytest.raises(UnknownTargetError, match="no provider 'locaal'") as caught:
        provider("locaal")
    assert "local" in str(caught.value.remedy)


def test_the_contract_cannot_be_built_half() -> None:
    """A client that leaves out an operation of the contract cannot be made at all."""

    class Half(ProviderClient):
        name = "half"

    with pytest.raises(TypeError, match="abstract"):
        Half()
