"""What a hostile or unlucky service does to secrets and links, the same on every cloud."""

from __future__ import annotations

import base64
import json
import pickle
import traceback
from urllib.parse import parse_qs

import cloudpickle
import httpx
import pytest
from _pytest._io.saferepr import saferepr
from pydantic import BaseModel, TypeAdapter, field_validator

from quantum_async import AzureClient, IQMClient, LocalClient, PasqalClient, QoroClient, blocking
from quantum_async.errors import (
    AuthenticationError,
    ConfigurationError,
    ProtocolError,
    QuantumAsyncError,
    ResultError,
)
from quantum_async.http.options import SessionOptions
from quantum_async.http.redact import HIDDEN
from quantum_async.http.response import Response
from quantum_async.http.retry import NO_RETRY
from quantum_async.models.job import JobRef, JobStatus
from quantum_async.providers.api import read_answer, read_value
from quantum_async.providers.azure.submission import NewJob
from quantum_async.providers.iqm import auth as iqm
from quantum_async.providers.iqm.dialect import Generation
from quantum_async.providers.pasqal import auth as pasqal
from quantum_async.providers.pasqal.endpoints import PasqalEndpoints, TokenEndpoint
from quantum_async.providers.pasqal.wire import PasqalWorkload

NESTED = "[" * 100_000
KEY = "Zq9notToBeReadByAnybody"
ISSUED = "Zq9issuedByTheLogin"
AGAIN = "Zq9toBeIssuedAgain"
JOB = "5b3c7a1e-0000-4000-8000-000000000001"
SIGNATURE = "sv=2021-12-02&se=2999-01-01T00%3A00%3A00Z&sr=c&sp=rwl&sig=Zq9signed%2Bby%2Fit%3D"
WORKSPACE = {
    "subscription_id": "00000000-0000-4000-8000-000000000000",
    "resource_group": "group",
    "name": "workspace",
    "endpoint": "https://azure.example",
}


def options(answer) -> SessionOptions:
    return SessionOptions(transport=httpx.MockTransport(answer), retry=NO_RETRY)


def endpoints(url: str = "https://pasqal.example") -> PasqalEndpoints:
    address = "https://id.example/token" if url.startswith("https") else url
    token = TokenEndpoint(address, "public", "https://audience", "realm")
    return PasqalEndpoints(f"{url}/core", f"{url}/account", token)


CLIENTS = {
    "pasqal": lambda answer: PasqalClient(
        token=KEY, project_id=JOB, endpoints=endpoints(), options=options(answer)
    ),
    "azure": lambda answer: AzureClient(api_key=KEY, options=options(answer), **WORKSPACE),
    "iqm": lambda answer: IQMClient(
        "https://iqm.example", token=KEY, generation=Generation.V1, options=options(answer)
    ),
    "qoro": lambda answer: QoroClient(
        api_key=KEY, url="https://qoro.example/api", options=options(answer)
    ),
}
LOGINS = {
    "pasqal": lambda answer: PasqalClient(
        username="someone",
        password=KEY,
        project_id=JOB,
        endpoints=endpoints(),
        options=options(answer),
    ),
    "pasqal, service account": lambda answer: PasqalClient(
        client_id="someone",
        client_secret=KEY,
        project_id=JOB,
        endpoints=endpoints(),
        options=options(answer),
    ),
    "iqm": lambda answer: IQMClient(
        "https://iqm.example",
        auth_server="https://id.example",
        username="someone",
        password=KEY,
        generation=Generation.V1,
        options=options(answer),
    ),
}


def said(error: BaseException) -> str:
    """All that anybody can read of an error."""
    parts = [*traceback.format_exception(error), repr(vars(error))]
    return "\n".join((*parts, pickle.dumps(error).decode("latin-1")))


def variables(error: BaseException | None) -> list[str]:
    """What the variables of all frames show that an error and what led to it have passed."""
    shown: list[str] = []
    while error is not None:
        frame = error.__traceback__.tb_next if error.__traceback__ else None
        while frame is not None:
            # As pytest shows them, also a client that is not made yet.
            shown += [saferepr(value, 10_000) for value in frame.tb_frame.f_locals.values()]
            frame = frame.tb_next
        error = error.__cause__ or error.__context__
    return shown


def ref(provider: str) -> JobRef:
    return JobRef(provider, JOB, "device", batch_id=JOB)


def quoting(text: str):
    """Services that quote what they were told, in every place that they have."""
    return [
        httpx.Response(400, json={"message": f"The key {text} is not known"}),
        httpx.Response(401, text=f"Invalid API key: {text}"),
        httpx.Response(403, html=f"<html><title>No {text}</title></html>"),
        httpx.Response(500, json={"error_code": text, "request_id": text, "details": [text]}),
        httpx.Response(404, headers={"x-request-id": text}),
        httpx.Response(200, text=f"{text} is no JSON"),
        httpx.Response(200, json={"status": {text: text}, "data": [text], "id": [text]}),
    ]


@pytest.mark.parametrize("provider", CLIENTS)
@pytest.mark.parametrize("place", range(len(quoting(""))))
@pytest.mark.parametrize(
    "spelling", [str, lambda key: base64.b64encode(f"us:{key}".encode()).decode()], ids=["", "b64"]
)
async def test_a_service_that_quotes_the_key(provider, place, spelling):
    """An error holds nothing of the key, wherever in its answer the service quotes it."""
    answer = quoting(spelling(KEY))[place]
    async with CLIENTS[provider](lambda _: answer) as client:
        asked = (
            client.devices,
            lambda: client.poll([ref(provider)]),
            lambda: client.fetch(ref(provider)),
        )
        caught = []
        for ask in asked:
            try:
                await ask()
            except QuantumAsyncError as error:
                caught.append(error)
        assert caught
        for error in caught:
            assert KEY not in said(error)
            assert spelling(KEY) not in said(error)


FAILED = {
    "pasqal": lambda: {
        "status": "success",
        "code": 200,
        "data": [{"id": JOB, "batch_id": JOB, "status": "ERROR", "errors": [f"no {KEY}"]}],
        "pagination": {"total": 1, "start": 0, "end": 1},
    },
    "azure": lambda: {
        "id": JOB,
        "target": "t",
        "status": "Failed",
        "errorData": {"code": f"no {KEY}"},
    },
    "iqm": lambda: {
        "id": JOB,
        "type": "circuit",
        "status": "failed",
        "errors": [{"source": "x", "error_code": "e", "message": f"no {KEY}"}],
    },
    "qoro": lambda: {"status": "FAILED", "message": f"no {KEY}"},
}


@pytest.mark.parametrize("provider", CLIENTS)
async def test_a_job_whose_failure_quotes_the_key(provider):
    """What a journal, an event or an error says of why a job failed does not hold the key."""

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/quantum-computers"):
            return httpx.Response(200, json={"quantum_computers": []})
        return httpx.Response(200, json=FAILED[provider]())

    async with CLIENTS[provider](answer) as client:
        (state,) = (await client.poll([ref(provider)])).values()
    assert state.status is JobStatus.FAILED
    assert f"no {HIDDEN}" in state.message


@pytest.mark.parametrize("login", LOGINS)
async def test_a_login_that_fails(login):
    """Neither the error of a refused login nor a variable of its frames holds the password."""

    def answer(request: httpx.Request) -> httpx.Response:
        form = parse_qs(request.content.decode())
        given = [form[name][0] for name in ("password", "client_secret") if name in form]
        return httpx.Response(401, json={"error_description": f"not {given}"})

    async with LOGINS[login](answer) as client:
        with pytest.raises(AuthenticationError) as caught:
            await client.devices()
    assert KEY not in said(caught.value)
    shown = variables(caught.value)
    assert len(shown) > 20
    assert KEY not in "\n".join(shown)


INSECURE = "http://cloud.example"


@pytest.mark.parametrize(
    "make",
    [
        lambda: PasqalClient(token=KEY, endpoints=endpoints(INSECURE)),
        lambda: PasqalClient(username="someone", password=KEY, endpoints=endpoints(INSECURE)),
        lambda: PasqalClient(client_id="x", client_secret=KEY, endpoints=endpoints(INSECURE)),
        lambda: AzureClient(api_key=KEY, **{**WORKSPACE, "endpoint": INSECURE}),
        lambda: AzureClient(credential=KEY, **{**WORKSPACE, "endpoint": INSECURE}),
        lambda: IQMClient(INSECURE, token=KEY),
        lambda: IQMClient(
            "https://iqm.example", auth_server=INSECURE, username="someone", password=KEY
        ),
        lambda: QoroClient(api_key=KEY, url=INSECURE),
    ],
    ids=[
        "pasqal", "pasqal, user", "pasqal, service account", "azure", "azure, token", "iqm",
        "iqm, user", "qoro",
    ],
)  # fmt: skip
def test_a_client_that_cannot_be_made(make):
    """No variable of a frame shows the password where an address is not good for it."""
    with pytest.raises(ConfigurationError, match="encryption") as caught:
        make()
    shown = variables(caught.value)
    assert len(shown) > 5
    assert KEY not in "\n".join(shown)


@pytest.mark.parametrize("login", LOGINS)
async def test_tokens_that_a_login_has_issued(login):
    """What a login has issued is hidden as well, in whatever the service says afterwards."""

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.host == "id.example":
            return httpx.Response(200, json={"access_token": ISSUED, "refresh_token": AGAIN})
        return httpx.Response(400, json={"message": f"{ISSUED} of {KEY} and {AGAIN}"})

    async with LOGINS[login](answer) as client:
        with pytest.raises(QuantumAsyncError) as caught:
            await client.devices()
    known = [ISSUED, KEY, *([AGAIN] if login == "iqm" else [])]
    assert not [secret for secret in known if secret in said(caught.value)]


@pytest.mark.parametrize("pickling", [pickle, cloudpickle])
@pytest.mark.parametrize("provider", [*CLIENTS, "local"])
def test_no_client_is_pickled(provider, pickling):
    """A client is refused by whatever wants to send it elsewhere, and the error says what to do."""
    client = CLIENTS[provider](lambda _: None) if provider != "local" else LocalClient()
    with pytest.raises(ConfigurationError, match="cannot be pickled") as caught:
        pickling.dumps(client)
    assert "from_env" in (caught.value.remedy or "")
    with pytest.raises(ConfigurationError):
        pickling.dumps({"held": [client]})


@pytest.mark.parametrize(
    "twin",
    [
        lambda: blocking.PasqalClient(token=KEY, project_id=JOB),
        lambda: blocking.AzureClient(api_key=KEY, **WORKSPACE),
        lambda: blocking.IQMClient("https://iqm.example", token=KEY),
        lambda: blocking.QoroClient(api_key=KEY),
        blocking.LocalClient,
        lambda: blocking.QoroClient(api_key=KEY).jobs,
    ],
    ids=["pasqal", "azure", "iqm", "qoro", "local", "a part"],
)
def test_no_blocking_client_is_pickled(twin):
    """The same holds for the blocking twins, and for what hangs on them."""
    with pytest.raises(ConfigurationError, match="cannot be pickled"):
        pickle.dumps(twin())


@pytest.mark.parametrize(
    "held",
    [
        lambda: pasqal.Credentials("someone", KEY),
        lambda: pasqal.Credentials(client_id="someone", client_secret=KEY),
        lambda: pasqal.Credentials(token=KEY),
        lambda: iqm.Credentials(token=KEY),
        lambda: iqm.Credentials(auth_server="https://id", username="someone", password=KEY),
    ],
    ids=["user", "service account", "token", "IQM's token", "IQM's user"],
)
def test_no_credentials_are_pickled_or_shown(held):
    """What proves who is asking is neither shown nor sent elsewhere, from the first moment on."""
    with pytest.raises(ConfigurationError, match="cannot be pickled"):
        pickle.dumps(held())
    assert KEY not in repr(held())
    assert KEY not in repr([getattr(held(), name) for name in held().__dataclass_fields__])


class Overflowing(BaseModel):
    """A document whose reader fails in a way that nobody foresaw."""

    value: int

    @field_validator("value", mode="before")
    @classmethod
    def _read(cls, value: object) -> object:
        raise RecursionError(value)


def test_whatever_a_reader_raises():
    """It is an error of that answer, which quotes the beginning and names the job."""
    answer = Response(200, {"x-request-id": "r1"}, b'{"value": 3}')
    with pytest.raises(ProtocolError, match="nests too deeply; it begins with") as caught:
        read_answer(Overflowing, answer, provider="demo", job_id=JOB)
    with pytest.raises(ProtocolError, match="nests too deeply; it begins with"):
        read_value(TypeAdapter(Overflowing), answer, provider="demo")
    assert (caught.value.job_id, caught.value.request_id) == (JOB, "r1")
    assert (caught.value.provider, caught.value.status) == ("demo", 200)


BAD_LINKS = {
    "not encrypted": "http://elsewhere.example/x",
    "an open bracket": "http://[::1/x",
    "a port too large": "https://elsewhere.example:99999/x",
    "a port of letters": "https://elsewhere.example:abc/x",
    "no address": "elsewhere/x",
    "another protocol": "file:///etc/passwd",
    "no host": "https:///x",
    "a line end": "https://elsewhere.example/x\r\nHost: y",
}


@pytest.mark.parametrize("bad", BAD_LINKS)
async def test_a_results_link_that_is_not_followed(bad):
    """Pasqal: such a link fails its job, which it quotes without its query; nothing is sent there."""
    heard = []

    def answer(request: httpx.Request) -> httpx.Response:
        heard.append(request.url.host)
        if request.url.path.endswith("full_results"):
            return httpx.Response(404)
        link = f"{BAD_LINKS[bad]}?X-Amz-Signature=Zq9signature"
        return httpx.Response(200, json={"data": {"results_link": link}})

    async with CLIENTS["pasqal"](answer) as client:
        with pytest.raises(ProtocolError, match="names an address that") as caught:
            await client.fetch(ref("pasqal"))
    assert (caught.value.job_id, caught.value.accepted) == (JOB, "yes")
    assert BAD_LINKS[bad].partition("\r")[0].rpartition("/")[0] in str(caught.value)
    assert "Zq9" not in said(caught.value)
    assert set(heard) == {"pasqal.example"}


@pytest.mark.parametrize("bad", BAD_LINKS)
async def test_an_output_that_is_not_followed(bad):
    """Azure: such an address of an output fails its job, which it quotes without its signature."""
    heard = []

    def answer(request: httpx.Request) -> httpx.Response:
        heard.append(request.url.host)
        job = {
            "id": JOB,
            "target": "t",
            "status": "Succeeded",
            "containerUri": f"https://store.example/c?{SIGNATURE}",
            "outputDataUri": f"{BAD_LINKS[bad]}?{SIGNATURE}",
        }
        return httpx.Response(200, json=job)

    async with CLIENTS["azure"](answer) as client:
        with pytest.raises(ProtocolError, match="names an address that") as caught:
            await client.fetch(ref("azure"))
    assert (caught.value.job_id, caught.value.accepted) == (JOB, "yes")
    assert "Zq9" not in said(caught.value)
    assert set(heard) == {"azure.example"}


@pytest.mark.parametrize("bad", BAD_LINKS)
async def test_an_upload_that_is_not_made(bad):
    """Azure: the program goes to no such address, and the error says that nothing was accepted."""
    heard = []

    def answer(request: httpx.Request) -> httpx.Response:
        heard.append(request.url.host)
        return httpx.Response(200, json={"sasUri": f"{BAD_LINKS[bad]}?{SIGNATURE}"})

    async with CLIENTS["azure"](answer) as client:
        with pytest.raises(ProtocolError, match="names an address that") as caught:
            await client.jobs.create(NewJob("ionq.simulator", b"{}", "ionq.circuit.v1"))
    assert caught.value.accepted == "no"
    assert caught.value.job_id
    assert "Zq9" not in said(caught.value)
    assert set(heard) == {"azure.example"}


@pytest.mark.parametrize("bad", BAD_LINKS)
async def test_a_workspace_that_listens_where_nothing_is_sent(bad):
    """Azure: an endpoint that the management names is held to the same, before any credentials go."""
    heard = []

    def answer(request: httpx.Request) -> httpx.Response:
        heard.append(request.url.host)
        return httpx.Response(200, json={"properties": {"endpointUri": BAD_LINKS[bad]}})

    where = {name: value for name, value in WORKSPACE.items() if name != "endpoint"}
    async with AzureClient(credential=KEY, options=options(answer), **where) as client:
        with pytest.raises(ProtocolError, match="names an address that"):
            await client.locate()
    assert set(heard) == {"management.azure.com"}


async def test_a_next_page_whose_address_nobody_can_read():
    """Azure: of a next page's address the parameters alone count, wherever it leads."""
    heard = []

    def answer(request: httpx.Request) -> httpx.Response:
        heard.append(str(request.url))
        more = "http://[::1/x?skip=100&top=100" if len(heard) == 1 else None
        return httpx.Response(200, json={"value": [], "nextLink": more})

    async with CLIENTS["azure"](answer) as client:
        assert [job async for job in client.jobs.list()] == []
    assert len(heard) == 2
    assert all(address.startswith("https://azure.example/") for address in heard)


async def test_a_workload_whose_result_is_not_followed():
    """Pasqal: a workload's link is held to the same, and the error names the workload."""
    workload = PasqalWorkload(id=JOB, result_link="http://elsewhere.example/x?sig=Zq9signature")
    async with CLIENTS["pasqal"](lambda _: httpx.Response(418)) as client:
        with pytest.raises(ProtocolError, match="not encrypted") as caught:
            await client.workloads.result(workload)
    assert (caught.value.job_id, caught.value.accepted) == (JOB, "yes")


@pytest.mark.parametrize("specification", [NESTED, '{"channels": [{}]}'])
async def test_a_device_that_cannot_be_described(specification):
    """Pasqal: a specification that cannot be understood is an error of it, with its beginning."""

    def answer(request: httpx.Request) -> httpx.Response:
        found = {"FRESNEL": specification} if request.url.path.endswith("/specs") else []
        return httpx.Response(200, json={"data": found})

    async with CLIENTS["pasqal"](answer) as client:
        with pytest.raises(ProtocolError, match="specification of FRESNEL") as caught:
            await client.devices()
    assert specification[:10] in str(caught.value)


async def test_a_redirect_that_nobody_can_read():
    """A link that redirects to such an address fails its job as well."""

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.host == "store.example":
            return httpx.Response(302, headers={"location": "https://[::1/x?sig=Zq9signature"})
        if request.url.path.endswith("full_results"):
            return httpx.Response(404)
        return httpx.Response(200, json={"data": {"results_link": "https://store.example/x"}})

    async with CLIENTS["pasqal"](answer) as client:
        with pytest.raises(ProtocolError) as caught:
            await client.fetch(ref("pasqal"))
    assert caught.value.job_id == JOB
    assert "Zq9" not in said(caught.value)


def stored(provider: str, content: str):
    """A service that knows of one job, which has succeeded, and gives this for its result."""

    def answer(request: httpx.Request) -> httpx.Response:
        path = request.url.path
        if request.url.host == "store.example":
            return httpx.Response(200, text=content)
        if provider == "pasqal" and path.endswith("full_results"):
            return httpx.Response(404)
        if provider == "pasqal":
            link = {"results_link": "https://store.example/x"}
            return httpx.Response(200, json={"data": link})
        if provider == "azure":
            job = {
                "id": JOB,
                "target": "t",
                "status": "Succeeded",
                "containerUri": f"https://store.example/c?{SIGNATURE}",
                "outputDataUri": f"https://store.example/c/output?{SIGNATURE}",
                "outputDataFormat": "microsoft.quantum-results.v2",
            }
            return httpx.Response(200, json=job)
        return httpx.Response(200, text=content)

    return answer


@pytest.mark.parametrize("provider", CLIENTS)
@pytest.mark.parametrize(
    "content",
    [
        NESTED,
        '{"a":' * 100_000,
        '[{"m":' + NESTED,
        "[{" + NESTED,
        '{"results":' + NESTED,
        '{"counter":' + NESTED,
        '{"data":' + NESTED + "]" * 100_000 + "}",
    ],
    ids=["lists", "objects", "iqm", "a key", "qoro", "pasqal", "closed"],
)
async def test_a_result_that_nests_too_deeply(provider, content):
    """A result of a hundred thousand brackets is an error of that answer, with its beginning."""
    async with CLIENTS[provider](stored(provider, content)) as client:
        with pytest.raises((ProtocolError, ResultError)) as caught:
            await client.fetch(ref(provider))
    # A list in place of a key is malformed before it is deep.
    assert isinstance(caught.value, ProtocolError) or content.startswith("[{[")
    assert content[:20] in str(caught.value)
    assert len(str(caught.value)) < 1000


@pytest.mark.parametrize("provider", CLIENTS)
@pytest.mark.parametrize("status", [200, 400, 500])
async def test_a_poll_that_nests_too_deeply(provider, status):
    """So is what a poll is answered, be it called a success or a failure."""
    async with CLIENTS[provider](lambda _: httpx.Response(status, text=NESTED)) as client:
        with pytest.raises(QuantumAsyncError) as caught:
            await client.poll([ref(provider)])
        if status == 200:
            assert isinstance(caught.value, ProtocolError)
        with pytest.raises(QuantumAsyncError):
            await client.devices()


@pytest.mark.parametrize("login", LOGINS)
async def test_a_token_that_nests_too_deeply(login):
    """A login that answers with such a thing, or issues such a token, is an error of the login."""
    claims = base64.urlsafe_b64encode(b'{"exp":' + NESTED.encode()).decode()
    for text in (NESTED, json.dumps({"access_token": f"a.{claims}.c"})):

        def answer(request: httpx.Request, text: str = text) -> httpx.Response:
            if request.url.host == "id.example":
                return httpx.Response(200, text=text)
            return httpx.Response(418)

        async with LOGINS[login](answer) as client:
            with pytest.raises(QuantumAsyncError):
                await client.devices()
