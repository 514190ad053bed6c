"""Every operation of the client: what it asks, what it gives, and how it says that it cannot."""

from __future__ import annotations

import gzip
import json
import re
import uuid
from datetime import UTC, date, datetime

import httpx
import pytest

from quantum_async.errors import (
    BatchError,
    ConfigurationError,
    DuplicateSubmissionError,
    InvalidInputError,
    InvalidOptionError,
    NotFoundError,
    PermissionDeniedError,
    ProtocolError,
    RateLimitedError,
    RejectedRequestError,
    ResultError,
    ResultPendingError,
    ServerError,
    UnknownTargetError,
)
from quantum_async.http.encode import LARGE
from quantum_async.models.batch import BatchRef, FailurePolicy
from quantum_async.models.job import JobRef, JobStatus
from quantum_async.models.program import Program, ProgramFormat
from quantum_async.models.submission import BatchRequest, JobSpec, RunOptions, SubmitRequest
from quantum_async.providers.azure.filters import ItemFilters
from quantum_async.providers.azure.options import AzureOptions
from quantum_async.providers.azure.storage import blob_name, is_good
from quantum_async.providers.azure.submission import NewJob, id_of
from quantum_async.providers.azure.wire import AzureSession, Priority
from tests.providers.azure.service import BASE, Service, client_of, listed
from tests.providers.pasqal.real import driven
from tests.wire.azure import service as canned

J, S = canned.JOB_ID, canned.SESSION_ID
REF = JobRef("azure", J, "ionq.simulator")
QUIL = Program(canned.QUIL, ProgramFormat.QUIL, "one")
CONTAINER = f"/{canned.CONTAINER}"


@pytest.fixture
def service() -> Service:
    """The service in memory."""
    return Service()


@pytest.fixture
async def azure_here(service):
    """A client of it."""
    async with client_of(service) as client:
        yield client


def answer(document, status: int = 200) -> httpx.Response:
    return httpx.Response(status, json=document)


def refusal(status: int, code: str = "Refused") -> httpx.Response:
    return answer({"error": {"code": code, "message": f"because of {code}"}}, status)


def job(**changes) -> httpx.Response:
    return answer(canned.job(BASE, **changes))


def spec(program=QUIL, **more) -> JobSpec:
    return JobSpec(uuid.uuid4().hex, program, 10, **more)


# -- what follows from a program


def test_a_sequence_says_where_it_runs(service):
    """The device that it was made for, where Azure has it; else what can be named."""
    client = client_of(service)
    text = json.loads(driven().to_abstract_repr())
    text["device"]["name"] = "FRESNEL"
    program = Program(json.dumps(text), ProgramFormat.PULSER)
    assert client.default_device(program) == "pasqal.qpu.fresnel"
    text["device"]["name"] = "Elsewhere"
    other = Program(json.dumps(text), ProgramFormat.PULSER)
    with pytest.raises(UnknownTargetError, match="made for Elsewhere") as caught:
        client.default_device(other)
    assert "pasqal.qpu.fresnel" in caught.value.remedy
    with pytest.raises(UnknownTargetError, match="a Quil program"):
        client.default_device(QUIL)


async def test_what_azure_cannot_do_is_refused_before_it_is_sent(service, azure_here):
    """Observables, several jobs at once, a target that is not there."""
    observed = spec(options=RunOptions(observables=("Z",)))
    with pytest.raises(InvalidOptionError, match=r"AzureOptions\.observables"):
        await azure_here.validate(observed, "rigetti.sim.qvm")
    with pytest.raises(InvalidInputError, match="one job at a time, not 2"):
        await azure_here.submit(SubmitRequest("k", "rigetti.sim.qvm", (spec(), spec())))
    assert service.requests == []
    with pytest.raises(UnknownTargetError):
        await azure_here.validate(spec(), "rigetti.qpu.gone")
    assert azure_here.grouping(spec()) == azure_here.grouping(spec())
    assert azure_here.weigh(spec()) == 0


async def test_a_target_without_its_providers_name_is_asked_for_once(service, azure_here):
    """Whose it is, is needed for the request."""
    target = {"id": "echo-output", "currentAvailability": "Available"}
    provider = {"id": "Microsoft.Test.FirstParty", "targets": [target]}
    service.always("GET", "/providerStatus", answer({"value": [provider]}))
    for _ in range(2):
        await azure_here.submit(SubmitRequest(uuid.uuid4().hex, "echo-output", (spec(),)))
    sent = [r["body"] for r in service.requests if r["path"].startswith("/workspace/jobs/")]
    assert {body["providerId"] for body in sent} == {"Microsoft.Test.FirstParty"}
    assert service.routes.count("GET /providerStatus") == 1


# -- jobs


@pytest.mark.parametrize(
    ("status", "error"),
    [("Executing", ResultPendingError), ("Failed", ResultError), ("Cancelled", ResultError)],
)
async def test_a_job_without_a_result_says_where_it_stands(service, azure_here, status, error):
    """Not yet, or never, with the service's own words."""
    why = {"code": "InvalidInputData", "message": "no circuit"} if status == "Failed" else None
    service.always("GET", f"/jobs/{J}", job(status=status, errorData=why))
    with pytest.raises(error, match=status) as caught:
        await azure_here.fetch(REF)
    assert caught.value.job_id == J
    assert type(caught.value) is error
    if why:
        assert "InvalidInputData: no circuit" in str(caught.value)


async def test_an_output_that_is_not_there_yet_is_pending(service, azure_here):
    """The job has succeeded, and the storage does not have it."""
    service.always("GET", "/rawOutputData", httpx.Response(404))
    with pytest.raises(ResultPendingError, match="not there yet"):
        await azure_here.fetch(REF)


async def test_a_large_output_is_read_off_the_loop(service, azure_here):
    """The result is the same; what was written is not kept."""
    histogram = {str(number): 1 / 2**14 for number in range(2**14)}
    content = json.dumps({"histogram": histogram}).encode()
    assert len(content) >= LARGE
    service.always("GET", "/rawOutputData", httpx.Response(200, content=content))
    service.always("GET", f"/jobs/{J}", job(metadata={"num_qubits": "14"}))
    result = await azure_here.fetch(REF)
    assert (len(result.probabilities), result.raw) == (2**14, None)


async def test_an_output_is_for_jobs_that_have_ended(service, azure_here):
    """Streaming, text, JSON and the service's histogram; damaged ones say so."""
    async with azure_here.jobs.stream_output(J) as download:
        content = b"".join([chunk async for chunk in download.chunks()])
    output = await azure_here.jobs.output(J)
    assert json.loads(content) == output.json() == json.loads(output.text) == canned.OUTPUT
    for read in (output.histogram, output.shots):
        with pytest.raises(ResultError, match="lists no shots"):
            read()
    service.always("GET", "/rawOutputData", httpx.Response(200, content=b"{oops"))
    with pytest.raises(ResultError, match="not JSON"):
        (await azure_here.jobs.output(J)).json()
    service.always("GET", f"/jobs/{J}", job(status="Waiting"))
    with pytest.raises(ResultPendingError, match="has not ended: Waiting"):
        await azure_here.jobs.output(J)


async def test_version_2_is_read_as_the_service_displays_it(service, azure_here):
    """Equal displays are added up; shots are lists, one for each entry point."""
    entry = {
        "Histogram": [
            {"Outcome": [0], "Display": "[0]", "Count": 2},
            {"Outcome": [0], "Display": "[0]", "Count": 1},
        ],
        "Shots": [[0], [0], [0]],
    }
    document = {"DataFormat": "microsoft.quantum-results.v2", "Results": [entry, entry]}
    service.always("GET", "/rawOutputData", answer(document))
    output = await azure_here.jobs.output(J)
    assert output.histogram() == [{"[0]": 3}] * 2
    assert output.shots() == [[[0]] * 3] * 2
    with pytest.raises(ResultError, match="2 entry points"):
        await azure_here.fetch(REF)


@pytest.mark.parametrize("status", [401, 403])
async def test_a_refused_address_is_renewed_once_wherever_it_is_read(service, azure_here, status):
    """Outputs, streams, attachments and lists of them; what stays refused is an error."""
    refused: list[str] = []

    def once(request):
        if request.url.path in refused or "stays" in request.url.path:
            return Service()(request) if "stays" not in request.url.path else forbidden
        refused.append(request.url.path)
        return forbidden

    forbidden = httpx.Response(status, content=b"<Error><Code>AuthenticationFailed</Code></Error>")
    for end in ("/rawOutputData", "/note", "/stays", CONTAINER):
        service.always("GET", end, once)
    assert (await azure_here.jobs.output(J)).json() == canned.OUTPUT
    refused.clear()
    async with azure_here.jobs.stream_output(J) as download:
        assert [chunk async for chunk in download.chunks()]
    assert await azure_here.jobs.download_attachment(J, "note")
    assert await azure_here.jobs.list_attachments(J) == ["note"]
    renewed = [r["body"] for r in service.requests if r["path"].endswith("/sasUri")]
    assert [body.get("blobName") for body in renewed] == [
        "rawOutputData",
        "rawOutputData",
        "note",
        None,
    ]
    with pytest.raises(Exception, match=str(status)):
        await azure_here.jobs.download_attachment(J, "stays")


async def test_a_stale_address_is_renewed_before_it_is_used(service, azure_here):
    """Neither a download nor a list is tried with a signature that has ended."""
    stale = canned.job(BASE, signature=canned.STALE)
    service.always("GET", f"/jobs/{J}", answer(stale))
    await azure_here.jobs.output(J)
    await azure_here.jobs.input(J)
    await azure_here.jobs.list_attachments(J)
    used = [r["query"] for r in service.requests if not r["path"].startswith("/workspace")]
    assert len(used) == 3
    assert all(["se", "2999-01-01T00:00:00Z"] in query for query in used)


async def test_what_is_stored_packed_is_unpacked(service, azure_here):
    """Small and large; what is damaged is an error."""
    for size in (10, LARGE + 1000):
        text = json.dumps({"histogram": {"0": 1.0}, "note": uuid.uuid4().hex * size}).encode()
        packed = gzip.compress(text, 0)
        service.always("GET", "/rawOutputData", httpx.Response(200, content=packed))
        assert (await azure_here.jobs.output(J)).content == text
    service.always("GET", "/rawOutputData", httpx.Response(200, content=packed[:-20]))
    with pytest.raises(ProtocolError, match="damaged"):
        await azure_here.jobs.output(J)


async def test_attachments_are_listed_over_pages(service, azure_here):
    """A marker is sent as it is, whatever is in it; what is no list is an error."""
    asked = []

    def page(request):
        asked.append(request.url.params.get("marker"))
        names, marker = ("a", "2!&x=1") if asked[-1] is None else ("b", "")
        text = (
            f"\ufeff<EnumerationResults><Blobs><Blob><Name>{names}</Name></Blob></Blobs>"
            f"<NextMarker>{marker.replace('&', '&amp;')}</NextMarker></EnumerationResults>"
        )
        return httpx.Response(200, content=text.encode())

    service.always("GET", CONTAINER, page)
    assert await azure_here.jobs.list_attachments(J) == ["a", "b"]
    assert asked == [None, "2!&x=1"]
    service.always("GET", CONTAINER, httpx.Response(200, content=b"<html>"))
    with pytest.raises(ProtocolError, match="not XML"):
        await azure_here.jobs.list_attachments(J)
    again = b"<EnumerationResults><NextMarker>same</NextMarker></EnumerationResults>"
    service.always("GET", CONTAINER, httpx.Response(200, content=again))
    with pytest.raises(ProtocolError, match="does not go on"):
        await azure_here.jobs.list_attachments(J)


async def test_a_job_without_an_output_address_is_an_error(service, azure_here):
    """Where the service names no blob, none is guessed."""
    service.always("GET", f"/jobs/{J}", job(outputDataUri=None))
    with pytest.raises(ProtocolError, match="names no blob"):
        await azure_here.jobs.output(J)


async def test_deleting_and_updating_in_every_version(service, azure_here):
    """Gone already is as good as deleted; older versions have a route of their own."""
    service.always("DELETE", f"/jobs/{J}", refusal(404, "NotFound"))
    await azure_here.jobs.delete(J)
    service.always("PATCH", f"/jobUpdateOptions/{J}", answer({"id": J}))
    async with client_of(service, api_version="2025-12-01-preview") as older:
        await older.jobs.update(J, tags=[])
    assert service.requests[-2]["body"] == {"tags": []}
    assert service.routes[-2] == f"PATCH /jobUpdateOptions/{J}"


@pytest.mark.parametrize(
    "other",
    [
        {"target": "ionq.qpu.aria-1"},
        {"inputParams": {"shots": 11, "variables": {"omega": 1.0}}},
        {"inputParams": {"shots": 10, "variables": {"omega": 2.0}}},
    ],
    ids=["target", "shots", "values"],
)
async def test_a_job_of_the_same_id_is_ours_only_where_it_is_the_same(service, azure_here, other):
    """The input alone does not tell: the same one may run elsewhere, longer, or with other values."""
    params = {"shots": 10, "variables": {"omega": 1.0}}
    new = NewJob("ionq.simulator", b"{}", "ionq.circuit.v1", params=params)
    service.always("PUT", f"/jobs/{J}", refusal(409, "JobAlreadyExists"))
    service.always("GET", f"/jobs/{J}", job(inputParams=params))
    assert (await azure_here.jobs.create(new, id=J)).id == J
    service.always("GET", f"/jobs/{J}", job(inputParams={}))
    assert (await azure_here.jobs.create(new, id=J)).id == J
    service.always("GET", f"/jobs/{J}", job(**{"inputParams": params, **other}))
    with pytest.raises(DuplicateSubmissionError, match="another one"):
        await azure_here.jobs.create(new, id=J)


async def test_a_job_gets_an_id_where_none_is_given(service, azure_here):
    """A new one each time, so that equal jobs are two."""
    new = NewJob("ionq.simulator", b"{}", "ionq.circuit.v1")
    for _ in range(2):
        await azure_here.jobs.create(new)
    paths = {r["path"] for r in service.requests if r["path"].startswith("/workspace/jobs/")}
    assert len(paths) == 2


@pytest.mark.parametrize(
    ("status", "state", "kept"),
    [
        (409, "Succeeded", None),
        (409, "Executing", RejectedRequestError),
        (404, "Failed", None),
        (429, "Succeeded", RateLimitedError),
        (500, "Succeeded", ServerError),
    ],
)
async def test_a_refused_cancellation_counts_where_the_job_goes_on(
    service, azure_here, status, state, kept
):
    """What has ended counts as cancelled; a service in trouble is told as it is."""
    service.always("POST", f"/jobs/{J}:cancel", refusal(status))
    service.always("GET", f"/jobs/{J}", job(status=state))
    found = await azure_here.cancel([REF])
    assert [*map(type, found.values())] == ([] if kept is None else [type(found[REF])])
    if kept is not None:
        assert isinstance(found[REF], kept)
    service.always("GET", f"/jobs/{J}", refusal(500))
    assert list(await azure_here.cancel([REF])) == [REF]


async def test_polling_goes_on_where_one_job_cannot_be_asked_for(service, azure_here):
    """One failure hides no other state; where nothing is known, the failure is told."""
    good, bad, gone = (str(uuid.uuid4()) for _ in range(3))
    service.always("GET", good, job(id=good))
    service.always("GET", bad, refusal(500))
    service.always("GET", gone, refusal(404))
    refs = {name: JobRef("azure", name, "ionq.simulator") for name in (good, bad, gone)}
    states = await azure_here.poll(list(refs.values()))
    assert [(ref.id, state.status) for ref, state in states.items()] == [
        (good, JobStatus.SUCCEEDED)
    ]
    assert await azure_here.poll([refs[gone]]) == {}
    with pytest.raises(ServerError):
        await azure_here.poll([refs[bad]])


async def test_a_long_list_is_not_read_to_its_end_for_a_poll(service, azure_here):
    """A few pages beyond what the jobs would fill; who is not there is asked for alone."""
    pages = []

    def page(_):
        pages.append(len(pages))
        return answer({"value": [], "nextLink": f"{BASE}/jobs?skip={len(pages)}"})

    service.always("GET", "/jobs", page)
    names = [str(uuid.uuid4()) for _ in range(5)]
    for name in names:
        service.always("GET", f"/jobs/{name}", job(id=name, status="Executing"))
    refs = [JobRef("azure", name, "ionq.simulator") for name in names]
    assert set(await azure_here.poll(refs)) == set(refs)
    assert len(pages) == 3


async def test_jobs_that_stay_missing_keep_no_other_from_being_asked_for(service, azure_here):
    """Of what no list shows a few are asked for at a time, and not the same ones each time."""
    names = [str(uuid.uuid4()) for _ in range(40)]
    service.always("GET", "/jobs", answer({"value": []}))
    for name in names:
        service.always("GET", f"/jobs/{name}", job(id=name, status="Executing"))
    refs = [JobRef("azure", name, "ionq.simulator") for name in names]
    seen = set()
    for _ in range(40):
        seen |= {ref.id for ref in await azure_here.poll(refs)}
    assert seen == set(names)
    here = canned.job(BASE, id=names[0], status="Executing")
    service.always("GET", "/jobs", answer({"value": [here]}))
    for name in names:
        service.always("GET", f"/jobs/{name}", refusal(500))
    assert [ref.id for ref in await azure_here.poll(refs)] == [names[0]]


# -- sessions


async def test_a_session_that_is_there_is_opened_again(service, azure_here):
    """The same id is the same session; another target's is refused."""
    service.always("PUT", f"/sessions/{S}", refusal(409, "SessionAlreadyExists"))
    assert (await azure_here.sessions.open("ionq.simulator", id=S)).id == S
    service.always("PUT", f"/sessions/{id_of('k')}", answer(canned.session(id=id_of("k"))))
    with pytest.raises(BatchError, match=r"is for ionq\.simulator"):
        await azure_here.open_batch(BatchRequest("k", "rigetti.sim.qvm"))


@pytest.mark.parametrize(
    ("target", "wanted", "sent"),
    [
        ("pasqal.sim.emu-free", None, "Continue"),
        ("pasqal.sim.emu-free", FailurePolicy.ABORT, "Abort"),
        ("ionq.simulator", None, None),
    ],
)
async def test_what_a_failed_job_does_to_its_session(service, azure_here, target, wanted, sent):
    """On Pasqal's targets nothing, unless that is asked for; elsewhere the service decides."""
    request = BatchRequest("k", target, on_failure=wanted)
    service.always("PUT", f"/sessions/{id_of('k')}", answer(canned.session(target=target)))
    await azure_here.open_batch(request)
    assert service.requests[-1]["body"].get("jobFailurePolicy") == sent


async def test_a_batchs_options_reach_its_session(service, azure_here):
    """Priority and tags, as those of a job do."""
    options = AzureOptions(tags=("a",), priority=Priority.HIGH)
    await azure_here.open_batch(BatchRequest("k", "ionq.simulator", options=options))
    body = service.requests[-1]["body"]
    assert (body["priority"], body["tags"], body["providerId"]) == ("High", ["a"], "ionq")


async def test_a_batch_is_found_by_its_key_and_cancelled_with_its_jobs(service, azure_here):
    """Closed first, then what has not ended is cancelled; what goes on is told."""
    key = uuid.UUID(S).hex
    batch = await azure_here.find_batch(key)
    assert batch == BatchRef("azure", S, "ionq.simulator")
    running = canned.job(BASE, id="running", status="Executing")
    service.always("GET", "/jobs", answer({"value": [canned.job(BASE), running]}))
    await azure_here.cancel_batch(batch)
    assert service.routes[-3:] == [
        f"POST /sessions/{S}:close",
        f"GET /sessions/{S}/jobs",
        "POST /jobs/running:cancel",
    ]
    service.always("POST", "/jobs/running:cancel", refusal(403))
    with pytest.raises(PermissionDeniedError) as caught:
        await azure_here.cancel_batch(batch)
    assert "these go on: running" in caught.value.__notes__[-1]
    service.always("GET", f"/sessions/{S}", refusal(404))
    assert await azure_here.find_batch(key) is None


async def test_closing_what_is_over_is_harmless(service, azure_here):
    """A refusal counts only where the session goes on, or nobody can say."""
    service.always("POST", f"/sessions/{S}:close", refusal(409))
    service.always("GET", f"/sessions/{S}", answer(canned.session(status="TimedOut")))
    assert (await azure_here.sessions.close(S)).status == "TimedOut"
    service.always("GET", f"/sessions/{S}", answer(canned.session()))
    with pytest.raises(RejectedRequestError):
        await azure_here.sessions.close(S)
    service.always("POST", f"/sessions/{S}:close", refusal(429))
    with pytest.raises(RateLimitedError):
        await azure_here.sessions.close(S)


@pytest.mark.parametrize(
    ("status", "failed", "why"),
    [
        ("TimedOut", [], "idle for too long"),
        ("Succeeded", [], r"was closed \(Succeeded\)"),
        ("Failed", [], "the service does not say why"),
        ("Failed", [{"errorData": {"code": "E", "message": "m"}}], r"failed: E: m \(.* Continue\)"),
        ("Failed", [{"errorData": None}], rf"job {J} failed \("),
    ],
)
async def test_why_a_session_is_over(service, azure_here, status, failed, why):
    """In words, with the job that ended it where there is one."""
    jobs = [canned.job(BASE, status="Failed", **changes) for changes in failed]
    service.always("GET", "/jobs", answer({"value": jobs}))
    session = AzureSession.model_validate(canned.session(status=status))
    assert re.search(why, await azure_here.sessions.why_over(session))


# -- targets, quotas, lists


async def test_targets_of_one_provider(service, azure_here):
    """By its name, whatever its capitals."""
    assert [t.id for t in await listed(azure_here.targets.list("IonQ"))] == ["ionq.simulator"]
    assert await listed(azure_here.targets.list("pasqal")) == []


async def test_quotas_and_what_was_used_of_them(service, azure_here):
    """A workspace's, and a subscription's in both shapes that are documented."""
    [quota] = await listed(azure_here.quotas.list())
    assert (quota.dimension, quota.limit, quota.period) == ("qgs", 1000.0, "Monthly")
    [usage] = await listed(azure_here.quotas.usages("ionq"))
    assert (usage.target_id, usage.usage) == ("ionq.simulator", {"shots": 7.0})
    assert ["providerId", "ionq"] in service.requests[-1]["query"]
    for document in ([canned.USAGE], {"value": [canned.USAGE], "nextLink": None}):
        service.always("GET", "/suiteOffers/io nq/quotaUsages", answer(document))
        assert await listed(azure_here.quotas.suite_offer_usages("io nq")) == [usage]
    offer = {"id": "ionq", "currentAvailability": "Available", "targets": []}
    service.always("GET", "/suiteOffers/ionq/providerStatus", answer(offer))
    assert (await azure_here.targets.suite_offer("ionq")).id == "ionq"


async def test_suite_offers_go_over_pages_and_are_checked(service, azure_here):
    """The next page is asked for; what is neither list nor page is an error of ours."""
    link = f"{BASE}/elsewhere?skip=1&api-version=x"

    def page(request):
        if "skip" in request.url.params:
            return answer({"value": [canned.USAGE], "nextLink": None})
        return answer({"value": [canned.USAGE], "nextLink": link})

    service.always("GET", "/suiteOffers/ionq/quotaUsages", page)
    assert len(await listed(azure_here.quotas.suite_offer_usages("ionq"))) == 2
    service.always("GET", "/suiteOffers/ionq/quotaUsages", answer("nonsense"))
    with pytest.raises(ProtocolError):
        await listed(azure_here.quotas.suite_offer_usages("ionq"))


async def test_an_answer_that_is_something_else_is_an_error(service, azure_here):
    """It says where it is wrong; HTML from a gateway is called what it is."""
    service.always("GET", f"/jobs/{J}", answer({"name": "no id"}))
    with pytest.raises(ProtocolError, match="id: Field required"):
        await azure_here.jobs.get(J)
    html = httpx.Response(200, content=b"<html>", headers={"Content-Type": "text/html"})
    service.always("GET", f"/jobs/{J}", html)
    with pytest.raises(ProtocolError, match="not JSON but text/html"):
        await azure_here.jobs.get(J)


@pytest.mark.parametrize("skip", [-1])
async def test_a_list_cannot_begin_before_its_beginning(azure_here, skip):
    """Refused before it is sent."""
    with pytest.raises(InvalidOptionError):
        await listed(azure_here.jobs.list(skip=skip))


def test_moments_without_a_zone_are_utc():
    """As everywhere in the service; a day alone is the service's own affair."""
    naive, aware = datetime(2026, 3, 1, 12), datetime(2026, 3, 1, 12, tzinfo=UTC)  # noqa: DTZ001
    assert ItemFilters(created_after=naive).query() == ItemFilters(created_after=aware).query()
    job_ = AzureSession.model_validate({"id": "x", "creationTime": "2026-03-01T00:00:00Z"})
    assert ItemFilters(created_after=date(2026, 3, 2)).keeps(job_)
    assert not ItemFilters(created_after=naive).keeps(job_)
    assert ItemFilters(created_after=naive).keeps(AzureSession.model_validate({"id": "x"}))


def test_signed_addresses_are_read_without_trust():
    """A blob of another container is named; an end that is none counts as over."""
    assert blob_name(f"{BASE}/acct/job-1", f"{BASE}/acct/job-1/a/b?x") == "a/b"
    assert blob_name(f"{BASE}/job-1", f"{BASE}/other/inputData") == "inputData"
    assert not is_good(f"{BASE}/b?se=soon&sig=x", 0.0)
    assert is_good(f"{BASE}/b?se=2030-01-01T00:00:00&sig=x", 0.0)


# -- looking workspaces up


class Directory(Service):
    """A service whose management finds these rows."""

    def __init__(self, *rows: dict) -> None:
        super().__init__()
        self.asked: list[dict] = []
        self.rows = rows
        self.always("POST", "/resources", self._found)

    def _found(self, request):
        self.asked.append(json.loads(request.content))
        return answer({"data": list(self.rows)})


ROW = {
    "name": "golden",
    "subscriptionId": canned.SUBSCRIPTION,
    "resourceGroup": "golden",
    "location": "eastus",
    "endpointUri": BASE,
}


async def test_what_is_known_of_a_workspace_narrows_the_search():
    """Group, region and subscription are part of the question."""
    directory = Directory(ROW)
    place = {"subscription_id": canned.SUBSCRIPTION, "resource_group": "", "location": "East US"}
    async with client_of(directory, api_key=None, credential="t", endpoint="", **place) as client:
        assert (await client.locate()).endpoint == BASE
        assert (await client.locate()).resource_group == "golden"
    [asked] = directory.asked
    assert "| where location =~ 'eastus'" in asked["query"]
    assert asked["subscriptions"] == [canned.SUBSCRIPTION]
    grouped = Directory(ROW)
    async with client_of(
        grouped, api_key=None, credential="t", endpoint="", subscription_id=""
    ) as client:
        await client.jobs.get(J)
    assert "| where resourceGroup =~ 'golden'" in grouped.asked[0]["query"]


@pytest.mark.parametrize(
    ("changes", "rows", "why"),
    [
        ({"api_key": "k"}, [ROW], "cannot be looked up"),
        ({"name": "", "resource_group": ""}, [ROW], "which workspace is meant"),
        ({"resource_group": ""}, [{**ROW, "endpointUri": None}], "where it listens"),
        ({"resource_group": "", "location": "x'y"}, [ROW], "cannot be searched for"),
    ],
)
async def test_a_workspace_that_cannot_be_found_says_why(changes, rows, why):
    """With what to do."""
    given = {"api_key": None, "credential": None, "endpoint": "", **changes}
    if given["api_key"] is None:
        given["credential"] = "t"
    async with client_of(Directory(*rows), **given) as client:
        with pytest.raises(ConfigurationError, match=why):
            await client.locate()


async def test_sequences_of_other_tools_get_their_atoms_from_their_input(service, azure_here):
    """No note, no names in the output: the input is read; where there is none, names stay out."""
    text = json.loads(driven().to_abstract_repr())
    content = json.dumps({"sequence_builder": json.dumps(text)}).encode()
    service.always(
        "GET",
        f"/jobs/{J}",
        job(
            target="pasqal.sim.emu-free",
            inputDataFormat="pasqal.pulser.v1",
            outputDataFormat="pasqal.pulser-results.v1",
            inputParams={"shots": 3, "variables": {"omega": 1.0}},
            metadata=None,
        ),
    )
    service.always("GET", "/rawOutputData", answer({"01": 3}))
    service.always("GET", "/inputData", httpx.Response(200, content=content))
    assert (await azure_here.fetch(REF)).atoms == ("q0", "q1")
    for gone in (httpx.Response(404), httpx.Response(200, content=b"no sequence")):
        service.always("GET", "/inputData", gone)
        result = await azure_here.fetch(REF)
        assert (result.atoms, result.counts) == ((), {"01": 3})


async def test_nothing_is_there_that_was_never_created(service, azure_here):
    """A key that nobody has used finds nothing."""
    service.always("GET", f"/jobs/{id_of('k')}", refusal(404))
    assert await azure_here.find("k") == []
    with pytest.raises(NotFoundError, match=f"get job {id_of('k')}"):
        await azure_here.jobs.get(id_of("k"))
