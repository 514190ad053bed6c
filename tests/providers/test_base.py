"""The registry: providers are found by the name in a target."""

from __future__ import annotations

import httpx
import pytest

from quantum_async.errors import QuantumAsyncError, UnknownTargetError
from quantum_async.http.options import SessionOptions
from quantum_async.http.retry import RetryPolicy
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


ENVIRONMENT = {
    "pasqal": {"QUANTUM_ASYNC_PASQAL_USERNAME": "u", "QUANTUM_ASYNC_PASQAL_PASSWORD": "p"},
    "azure": {
        "AZURE_QUANTUM_CONNECTION_STRING": "SubscriptionId=00000000-0000-4000-8000-000000000002;"
        "ResourceGroupName=group;WorkspaceName=work;ApiKey=k;"
        "QuantumEndpoint=https://eastus.quantum.azure.com/;"
    },
    "iqm": {"IQM_SERVER_URL": "https://iqm.example", "IQM_TOKEN": "t"},
    "qoro": {"QORO_API_KEY": "k"},
}


@pytest.mark.parametrize("name", sorted(ENVIRONMENT))
async def test_a_client_from_the_environment_takes_options(name: str) -> None:
    """Credentials come from the environment, and how requests are sent from the program."""
    asked = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(404)

    options = SessionOptions(transport=httpx.MockTransport(answer), retry=RetryPolicy(attempts=1))
    async with provider(name).from_env(ENVIRONMENT[name], options=options) as client:
        with pytest.raises(QuantumAsyncError):
            await client.devices()
    assert asked
