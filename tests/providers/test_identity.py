"""What each client says of its server and account, without asking."""

from __future__ import annotations

import json
import uuid

import pytest

import quantum_async as qa
from quantum_async.models.identity import is_same_server
from quantum_async.models.submission import JobSpec, RunOptions
from quantum_async.providers.azure.options import AzureOptions
from quantum_async.providers.iqm.options import IQMOptions
from quantum_async.providers.pasqal.endpoints import PasqalEndpoints
from quantum_async.providers.pasqal.options import PasqalOptions
from quantum_async.providers.qoro.options import QoroOptions

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
        (qa.LocalClient, "local"),
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


@pytest.mark.parametrize(
    ("client", "kind"),
    [
        (lambda: qa.PasqalClient(token="t", project_id="p"), PasqalOptions),
        (lambda: qa.IQMClient("https://lab.example", token="t"), IQMOptions),
        (lambda: qa.QoroClient(api_key="k"), QoroOptions),
        (lambda: qa.AzureClient(name="work"), AzureOptions),
    ],
)
def test_jobs_are_grouped_by_what_their_options_mean(client, kind: type[RunOptions]) -> None:
    """Defaults, and which class of options says it, part no jobs; another tag does."""
    program = qa.Program("OPENQASM 2.0; qreg q[1];", qa.ProgramFormat.QASM2)

    def group(options: RunOptions) -> object:
        return client().grouping(JobSpec(uuid.uuid4().hex, program, 10, options=options))

    assert group(kind(tags=("a",))) == group(RunOptions(tags=("a",)))
    takes_one = client().capabilities.jobs_per_submission == 1
    assert (group(kind(tags=("a",))) == group(kind(tags=("b",)))) is takes_one


def test_pasqals_jobs_with_fresh_configurations_share_a_batch() -> None:
    """Observables with other random ids are the same observables."""
    client = qa.PasqalClient(token="t", project_id="p")
    program = qa.Program("{}", qa.ProgramFormat.PULSER)

    def group(identity: str) -> object:
        observable = {"observable": "occupation", "uuid": identity}
        emulation = json.dumps({"observables": [observable]})
        options = PasqalOptions(emulation=emulation)
        return client.grouping(JobSpec(uuid.uuid4().hex, program, 10, options=options))

    assert group("a") == group("b")
