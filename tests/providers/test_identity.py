"""What each client says of its server and account, without asking."""

from __future__ import annotations

import pytest

import quantum_async as qa
from quantum_async.models.identity import is_same_server
from quantum_async.providers.pasqal.endpoints import PasqalEndpoints

SUBSCRIPTION = "00000000-0000-4000-8000-00000000000A"
PATH = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/Group/providers/Microsoft.Quantum/Workspaces"
KEY = (
    f"SubscriptionId={SUBSCRIPTION};ResourceGroupName=group;WorkspaceName=work;ApiKey=secret-words;"
    "QuantumEndpoint=https://eastus.quantum.azure.com/;"
)
WORKSPACE = f"subscription:{SUBSCRIPTION.lower()} group:group workspace:work"


@pytest.mark.parametrize(
    ("client", "identity"),
    [
        (lambda: qa.LocalClient(), "local"),
        (
            lambda: qa.PasqalClient(
                username="me@example.com", password="secret-words", project_id="mine"
            ),
            "https://apis.pasqal.cloud/core-fast project:mine",
        ),
        (
            lambda: qa.PasqalClient(username="me@example.com", password="secret-words"),
            "https://apis.pasqal.cloud/core-fast user:me@example.com",
        ),
        (
            lambda: qa.PasqalClient(token="secret-words", endpoints=PasqalEndpoints.ovh()),
            "https://apis.pasqal.cloud/core-fast/ovh",
        ),
        (
            lambda: qa.AzureClient(f"{PATH}/Work", api_key="secret-words"),
            f"https://management.azure.com {WORKSPACE}",
        ),
        (
            lambda: qa.AzureClient(connection_string=KEY),
            f"https://management.azure.com {WORKSPACE}",
        ),
        (
            lambda: qa.AzureClient(f"{PATH}/work", api_key="k", endpoint="http://127.0.0.1:8002/"),
            f"http://127.0.0.1:8002 {WORKSPACE}",
        ),
        (
            lambda: qa.IQMClient("https://Lab.example:443/cocos/", token="secret-words"),
            "https://lab.example/cocos",
        ),
        (
            lambda: qa.IQMClient(
                "https://lab.example",
                auth_server="https://login.example",
                username="me",
                password="secret-words",
            ),
            "https://lab.example user:me",
        ),
        (
            lambda: qa.QoroClient(api_key="secret-words", url="http://localhost:8004/api/"),
            "http://localhost:8004/api",
        ),
        (
            lambda: qa.QoroClient(api_key="k", url="http://localhost:8004/api", account="lab 2"),
            "http://localhost:8004/api account:lab%202",
        ),
    ],
)
def test_a_client_names_its_server_and_account(client, identity: str) -> None:
    """Address and account as far as they are known, written in one way and without a secret."""
    assert client().identity == identity
    assert "secret" not in client().identity


def test_a_workspace_is_known_by_name_as_well() -> None:
    """A client that knows its workspace's name alone continues what one with the whole path began."""
    known = qa.AzureClient(f"{PATH}/work", api_key="k").identity
    assert is_same_server(known, qa.AzureClient(name="Work").identity)
    assert not is_same_server(known, qa.AzureClient(name="play").identity)
