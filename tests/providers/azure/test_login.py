"""Which workspace is meant, where it listens, and what proves who is asking."""

from __future__ import annotations

import base64
import json
import re
import time
from datetime import UTC, date, datetime
from types import SimpleNamespace

import anyio
import anyio.lowlevel
import httpx
import pytest
from hypothesis import given, strategies as st

from quantum_async.errors import (
    AuthenticationError,
    ConfigurationError,
    InvalidOptionError,
    NotSentError,
    ProtocolError,
)
from quantum_async.http.auth import Token
from quantum_async.http.options import SessionOptions
from quantum_async.http.retry import NO_RETRY
from quantum_async.providers.azure.auth import EntraAuth
from quantum_async.providers.azure.client import AzureClient
from quantum_async.providers.azure.filters import ItemFilters, ItemOrder
from quantum_async.providers.azure.submission import NewJob, id_of
from quantum_async.providers.azure.wire import AzureJobStatus, WorkspaceItem
from quantum_async.providers.azure.workspace import ConnectionString, Workspace

SUBSCRIPTION = "00000000-0000-4000-8000-000000000002"
RESOURCE = (
    f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg/providers/Microsoft.Quantum/Workspaces/ws"
)
STRING = (
    f"SubscriptionId={SUBSCRIPTION};ResourceGroupName=rg;WorkspaceName=ws;ApiKey=k=1;"
    "QuantumEndpoint=https://eastus.quantum.azure.com/;"
)


class Cloud:
    """A management and a data plane in memory."""

    def __init__(self, endpoint: str | None = "https://ws.eastus.quantum.azure.com", rows: int = 1):
        self.endpoint = endpoint
        self.rows = rows
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        if "ResourceGraph" in request.url.path:
            row = {
                "name": "ws",
                "subscriptionId": SUBSCRIPTION,
                "resourceGroup": "rg",
                "location": "eastus",
                "endpointUri": self.endpoint,
            }
            return httpx.Response(200, json={"data": [row] * self.rows})
        if request.url.host == "management.azure.com":
            if "missing" in request.url.path:
                return httpx.Response(404, json={"error": {"code": "ResourceNotFound"}})
            properties = {"endpointUri": self.endpoint, "workspaceKind": "V2"}
            return httpx.Response(200, json={"location": "eastus", "properties": properties})
        return httpx.Response(200, json={"value": [], "nextLink": None})

    def client(self, *place, **changes) -> AzureClient:
        options = SessionOptions(transport=httpx.MockTransport(self), retry=NO_RETRY)
        return AzureClient(*place, **{"options": options, **changes})


class Chain:
    """A credential as azure-identity makes them."""

    def __init__(self, error: Exception | None = None, lasting: float = 3600.0) -> None:
        self.scopes: list[str] = []
        self.closed = 0
        self.error = error
        self.lasting = lasting

    async def get_token(self, *scopes: str):
        self.scopes += scopes
        await anyio.lowlevel.checkpoint()
        if self.error is not None:
            raise self.error
        return SimpleNamespace(
            token=f"token{len(self.scopes)}", expires_on=time.time() + self.lasting
        )

    async def close(self) -> None:
        self.closed += 1


class SyncChain(Chain):
    """A credential that blocks its thread."""

    def get_token(self, *scopes: str):
        self.scopes += scopes
        return SimpleNamespace(token="sync", expires_on=time.time() + 3600)


async def jobs(client: AzureClient) -> list:
    async with client:
        return [job async for job in client.jobs.list()]


async def test_a_resource_id_is_looked_up_once_and_asked_at_its_endpoint():
    """One question to the management, with a token of its own, then the data plane."""
    cloud, chain = Cloud(), Chain()
    async with cloud.client(RESOURCE, credential=chain) as client:
        async with anyio.create_task_group() as tasks:
            for _ in range(5):
                tasks.start_soon(anext, client.jobs.list(), None)
        assert client.workspace.endpoint == cloud.endpoint
    assert [r.url.host for r in cloud.requests].count("management.azure.com") == 1
    assert sorted(chain.scopes) == [
        "https://management.azure.com/.default",
        "https://quantum.microsoft.com/.default",
    ]


async def test_closing_closes_what_was_found_out_after_opening():
    """The connections to a looked-up endpoint end with the client, and begin again with it."""
    client = Cloud().client(RESOURCE, credential="t")
    for _ in range(2):
        await jobs(client)
        with pytest.raises(ConfigurationError, match="not open"):
            [job async for job in client.jobs.list()]


async def test_constructing_sends_nothing_and_makes_no_credential():
    """The default chain is made for the first request and closed with the client (weak spot)."""
    cloud, chain, made = Cloud(), Chain(), []

    def make():
        made.append(chain)
        return chain

    client = cloud.client(RESOURCE, make_default=make)
    assert repr(client)
    assert (made, cloud.requests) == ([], [])
    await jobs(client)
    assert (len(made), chain.closed) == (1, 1)


async def test_credentials_of_the_caller_stay_open():
    """Whoever made it closes it; a sync one is asked in a thread."""
    for chain in (Chain(), SyncChain()):
        await jobs(Cloud().client(RESOURCE, credential=chain))
        assert chain.closed == 0
        assert len(chain.scopes) == 2


async def test_a_connection_string_needs_no_look_up():
    """Its key goes into the service's own header, and no token anywhere."""
    cloud = Cloud()
    await jobs(cloud.client(connection_string=STRING))
    [request] = cloud.requests
    assert request.headers["x-ms-quantum-api-key"] == "k=1"
    assert "authorization" not in request.headers
    assert request.url.host == "eastus.quantum.azure.com"


async def test_a_name_alone_is_searched_for():
    """One row is the workspace; none or several are an error that says so."""
    cloud = Cloud()
    async with cloud.client(name="ws", credential="t") as client:
        found = await client.locate()
    assert found == Workspace(SUBSCRIPTION, "rg", "ws", "eastus", cloud.endpoint)
    asked = json.loads(cloud.requests[0].content)["query"]
    assert re.search(r"name =~ 'ws'", asked)
    for rows in (0, 2):
        with pytest.raises(ConfigurationError, match=f"{rows} workspaces"):
            await jobs(Cloud(rows=rows).client(name="ws", credential="t"))


async def test_an_existing_workspace_of_the_vendor_is_taken():
    """Its place, endpoint and credential are read, and nothing of azure is imported for it."""
    cloud = Cloud()
    vendor = SimpleNamespace(
        subscription_id=SUBSCRIPTION,
        resource_group="rg",
        name="ws",
        location="eastus",
        credential=SimpleNamespace(key="secret"),
        _connection_params=SimpleNamespace(quantum_endpoint="https://ws.quantum.azure.com"),
    )
    await jobs(cloud.client(workspace=vendor))
    [request] = cloud.requests
    assert request.url.host == "ws.quantum.azure.com"
    assert request.headers["x-ms-quantum-api-key"] == "secret"


def test_the_vendors_own_workspace_is_taken():
    """azure.quantum's class itself, built from a connection string."""
    from azure.quantum import Workspace as Vendor

    client = AzureClient(workspace=Vendor.from_connection_string(STRING.replace("k=1", "k")))
    assert client.workspace.endpoint == "https://eastus.quantum.azure.com/"
    assert client.workspace.name == "ws"


async def test_what_goes_wrong_with_a_token_is_told_by_what_to_do():
    """Refused, unreachable, or no workspace there."""
    refused = type("ClientAuthenticationError", (Exception,), {})("AADSTS700016: no such app")
    with pytest.raises(AuthenticationError, match="AADSTS700016"):
        await jobs(Cloud().client(RESOURCE, credential=Chain(refused)))
    away = type("ServiceRequestError", (Exception,), {})("no route")
    with pytest.raises(NotSentError):
        await jobs(Cloud().client(RESOURCE, credential=Chain(away)))
    with pytest.raises(ConfigurationError, match="no workspace"):
        await jobs(Cloud().client(RESOURCE.replace("/ws", "/missing"), credential="t"))
    with pytest.raises(ConfigurationError, match="where it listens"):
        await jobs(Cloud(endpoint=None).client(RESOURCE, credential="t"))


class Revoked:
    """A data plane that refuses every token that was not asked for with its claims."""

    CLAIMS = '{"access_token":{"nbf":{"essential":true,"value":"1604106651"}}}'

    def __init__(self, challenge: str | None = None) -> None:
        encoded = base64.urlsafe_b64encode(self.CLAIMS.encode()).decode().rstrip("=")
        self.challenge = challenge or (
            'Bearer realm="", authorization_uri="https://login.example/authorize", '
            f'error="insufficient_claims", claims="{encoded}"'
        )
        self.asked: list[str] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request.headers["authorization"])
        if request.headers["authorization"] == "Bearer claimed":
            return httpx.Response(200, json={"value": [], "nextLink": None})
        return httpx.Response(401, headers={"WWW-Authenticate": self.challenge})

    def client(self, credential) -> AzureClient:
        options = SessionOptions(transport=httpx.MockTransport(self), retry=NO_RETRY)
        endpoint = "https://ws.quantum.azure.com"
        return AzureClient(RESOURCE, endpoint=endpoint, credential=credential, options=options)


class Claiming:
    """A credential as azure-identity's, which takes claims."""

    def __init__(self) -> None:
        self.given: list[dict] = []

    async def get_token(self, *scopes: str, claims: str | None = None, **more):
        await anyio.lowlevel.checkpoint()
        self.given.append({"claims": claims, **more})
        token = "plain" if claims is None else "claimed"
        return SimpleNamespace(token=token, expires_on=time.time() + 3600)


class ClaimingSync(Claiming):
    """The same, blocking its thread."""

    def get_token(self, *scopes: str, claims: str | None = None, **more):
        self.given.append({"claims": claims, **more})
        token = "plain" if claims is None else "claimed"
        return SimpleNamespace(token=token, expires_on=time.time() + 3600)


async def test_claims_about_a_token_that_is_gone_are_forgotten():
    """A late refusal of the old token asks for nothing, now or with the next renewal."""
    asked = []

    async def ask(claims):
        await anyio.lowlevel.checkpoint()
        asked.append(claims)
        return Token(f"t{len(asked)}")

    auth, challenge = EntraAuth(ask), Revoked().challenge
    old = await auth.headers()
    for _ in range(2):
        assert await auth.challenged(old, challenge)
    assert asked == [None, Revoked.CLAIMS]
    assert await auth.refresh(await auth.headers())
    assert asked == [None, Revoked.CLAIMS, None]


@pytest.mark.parametrize("make", [Claiming, ClaimingSync])
async def test_a_revoked_token_is_asked_for_again_with_the_claims(make):
    """Continuous access evaluation: one more token for however many requests, then all go on."""
    cloud, credential = Revoked(), make()
    async with cloud.client(credential) as client, anyio.create_task_group() as tasks:
        for _ in range(5):
            tasks.start_soon(anext, client.jobs.list(), None)
    assert [given["claims"] for given in credential.given] == [None, Revoked.CLAIMS]
    assert all(given["enable_cae"] for given in credential.given)
    assert cloud.asked.count("Bearer claimed") == 5


@pytest.mark.parametrize(
    "challenge",
    [
        'Bearer error="invalid_token"',
        'Bearer error="insufficient_claims"',
        'Bearer error="insufficient_claims", claims="%%%"',
        'Bearer error="insufficient_claims", claims="/w=="',
    ],
)
async def test_a_refusal_without_claims_is_the_end(challenge):
    """Nothing else can be asked for, so that it is told at once."""
    credential = Claiming()
    with pytest.raises(AuthenticationError):
        await jobs(Revoked(challenge).client(credential))
    assert {given["claims"] for given in credential.given} == {None}


async def test_credentials_of_ones_own_need_not_know_claims():
    """One that takes scopes alone is asked again without them."""
    chain = Chain()
    with pytest.raises(AuthenticationError):
        await jobs(Revoked().client(chain))
    assert len(chain.scopes) == 2


@pytest.mark.parametrize(
    "settings",
    [
        {"resource_id": "/subscriptions/1/resourceGroups/x"},
        {"connection_string": "SubscriptionId=1;"},
        {"name": "-ws"},
        {"name": "ws", "subscription_id": "no-guid"},
        {"name": "ws", "resource_group": "ends."},
        {"resource_id": RESOURCE, "workspace": "other"},
        {"resource_id": RESOURCE, "credential": 5},
        {"resource_id": RESOURCE, "credential": "t", "api_key": "k"},
        {"resource_id": RESOURCE, "api_version": "latest"},
        {"resource_id": RESOURCE, "endpoint": "http://elsewhere.example"},
    ],
)
def test_contradictions_and_typing_errors_are_refused(settings):
    """Before anything is sent, by one type of error."""
    with pytest.raises(ConfigurationError):
        AzureClient(**settings)


@pytest.mark.parametrize(
    "environ",
    [
        {"AZURE_QUANTUM_CONNECTION_STRING": STRING},
        {"PULSER_AZURE_RESOURCE_ID": RESOURCE},
        {
            "AZURE_QUANTUM_WORKSPACE_NAME": "ws",
            "AZURE_QUANTUM_WORKSPACE_RG": "rg",
            "SUBSCRIPTION_ID": SUBSCRIPTION,
        },
    ],
)
def test_the_vendors_variables_are_read(environ):
    """Connection string, resource id, or parts."""
    place = AzureClient.from_env(environ).workspace
    assert (place.subscription_id, place.resource_group, place.name) == (SUBSCRIPTION, "rg", "ws")


def test_our_own_variables_count_before_words_that_anybody_may_set():
    """LOCATION and its like may mean something else in the same environment."""
    environ = {
        "QUANTUM_ASYNC_AZURE_WORKSPACE": "ws",
        "QUANTUM_ASYNC_AZURE_LOCATION": "eastus",
        "AZURE_QUANTUM_WORKSPACE_NAME": "other",
        "LOCATION": "the attic",
    }
    place = AzureClient.from_env(environ).workspace
    assert (place.name, place.location) == ("ws", "eastus")


def test_an_environment_without_a_workspace_is_refused():
    """It says which variables there are."""
    with pytest.raises(ConfigurationError) as caught:
        AzureClient.from_env({})
    assert "AZURE_QUANTUM_CONNECTION_STRING" in caught.value.remedy


def test_secrets_are_in_no_repr():
    """Neither key nor signature."""
    assert "k=1" not in repr(ConnectionString.parse(STRING))
    assert "k=1" not in repr(AzureClient(connection_string=STRING))


async def test_a_user_agent_is_put_in_front_and_never_changed():
    """Weak spot: every submit changed the workspace's own."""
    cloud = Cloud()
    await jobs(cloud.client(connection_string=STRING, app_id="mine"))
    assert cloud.requests[0].headers["user-agent"].startswith("mine quantum-async/")


def test_filters_are_written_as_the_service_reads_them():
    """Names, several values, days and order."""
    filters = ItemFilters(
        name="it's",
        providers=("ionq", "pasqal"),
        statuses=(AzureJobStatus.FAILED,),
        created_after=date(2025, 1, 2),
        created_before=date(2025, 3, 4),
        order=ItemOrder.CREATION_TIME,
        newest_first=True,
    )
    assert filters.query() == {
        "filter": "startswith(Name, 'it''s') and (ProviderId eq 'ionq' or ProviderId eq 'pasqal') "
        "and (State eq 'Failed') and CreationTime ge 2025-01-02 and CreationTime le 2025-03-04",
        "orderby": "CreationTime desc",
    }


def test_the_time_of_day_counts():
    """The service compares days; the rest is compared here (weak spot: dropped)."""
    noon = datetime(2025, 1, 2, 12, tzinfo=UTC)
    filters = ItemFilters(created_after=noon, created_before=noon)
    assert "ge 2025-01-02 and CreationTime le 2025-01-03" in filters.query()["filter"]
    for hour, kept in ((11, False), (12, True), (13, False)):
        item = WorkspaceItem.model_validate(
            {"id": "x", "creationTime": f"2025-01-02T{hour}:00:00Z"}
        )
        assert filters.keeps(item) is kept


@given(st.text())
def test_no_name_leaves_its_quotes(name):
    """Weak spot: a quote injected a condition."""
    text = ItemFilters(name=name).query().get("filter", "startswith(Name, '')")
    inner = text.removeprefix("startswith(Name, '").removesuffix("')")
    assert inner.replace("''", "") == name.replace("'", "")


@given(st.text(min_size=1))
def test_a_key_always_gives_the_same_id(key):
    """In every process, so that a lost submission is found."""
    assert id_of(key) == id_of(key)
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", id_of(key))


async def test_a_list_that_stands_still_is_an_error():
    """A link to the same page is not followed for ever."""

    def stuck(request: httpx.Request) -> httpx.Response:
        link = "https://evil.example/jobs?skip=100&top=100"
        return httpx.Response(200, json={"value": [], "nextLink": link})

    options = SessionOptions(transport=httpx.MockTransport(stuck), retry=NO_RETRY)
    with pytest.raises(ProtocolError, match="does not go on"):
        await jobs(AzureClient(connection_string=STRING, options=options))


@pytest.mark.parametrize("version", ["2025-09-01-preview", "2026-01-15-preview"])
async def test_versions_decide_what_a_request_means(version):
    """DELETE cancels in old versions and deletes in new ones."""
    cloud = Cloud()
    async with cloud.client(connection_string=STRING, api_version=version) as client:
        await client.jobs.cancel("1")
        asked = cloud.requests[-1]
        if version.startswith("2025"):
            assert asked.method == "DELETE"
            with pytest.raises(InvalidOptionError):
                await client.jobs.delete("1")
        else:
            assert (asked.method, asked.url.path[-9:]) == ("POST", "/1:cancel")
        with pytest.raises(InvalidOptionError):
            await client.jobs.update("1")
    assert asked.url.params["api-version"] == version


def test_a_job_without_a_target_is_refused():
    """Nothing is sent that nobody can run."""
    with pytest.raises(InvalidOptionError):
        NewJob(target="", content=b"", input_format="x")
