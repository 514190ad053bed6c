"""Known weak spots of azure-quantum 3.13, by number, each shown not to be ours.

Numbers are those of our notes on the vendor's client: 1.1 to 1.28 are azure-quantum's; those of
pulser-azure, 2.1 to 2.16, are shown in tests/integrations/pulser. What other modules show at
length is shown here once more in its shortest form, so that no number is missing.
"""

from __future__ import annotations

import json
import logging
import re
import threading
import time
import uuid
from collections import Counter
from dataclasses import FrozenInstanceError
from datetime import UTC, datetime
from functools import partial
from types import SimpleNamespace

import anyio
import httpx
import pytest
from pydantic import ValidationError

import quantum_async as qa
from quantum_async.errors import (
    AuthenticationError,
    ConfigurationError,
    DuplicateSubmissionError,
    InvalidOptionError,
    JobFailedError,
    NotFoundError,
    QuantumAsyncError,
    ResultError,
    UnknownTargetError,
    WaitTimeoutError,
)
from quantum_async.http.options import SessionOptions
from quantum_async.http.retry import NO_RETRY
from quantum_async.models.job import JobRef
from quantum_async.models.program import Program, ProgramFormat
from quantum_async.models.submission import JobSpec, SubmitRequest
from quantum_async.providers.azure.client import AzureClient
from quantum_async.providers.azure.filters import ItemFilters
from quantum_async.providers.azure.options import AzureOptions
from quantum_async.providers.azure.wire import AzureJobStatus
from quantum_async.providers.azure.workspace import Workspace
from tests.providers.azure.service import BASE, Service, client_of, listed
from tests.wire.azure import service as canned

J = canned.JOB_ID
REF = JobRef("azure", J, "ionq.simulator")
TARGET = "rigetti.sim.qvm"
QUIL = Program(canned.QUIL, ProgramFormat.QUIL, "one")
BROKEN = Program("WAT 0\n", ProgramFormat.QUIL, "broken")
V2 = {
    "DataFormat": "microsoft.quantum-results.v2",
    "Results": [
        {
            "Histogram": [{"Outcome": [0], "Display": "[0]", "Count": 3}],
            "Shots": [[0], [0], [0]],
        }
    ],
}


def submission(program=QUIL, key=None, **more) -> SubmitRequest:
    spec = JobSpec(uuid.uuid4().hex, program, 10, **more)
    return SubmitRequest(key or uuid.uuid4().hex, TARGET, (spec,))


def holding(document, **changes) -> Service:
    """A service whose job has this output."""
    service = Service()
    content = document if isinstance(document, bytes) else json.dumps(document).encode()
    service.always("GET", "/rawOutputData", httpx.Response(200, content=content))
    job = canned.job(BASE, **changes)
    service.always("GET", f"/jobs/{J}", httpx.Response(200, json=job))
    return service


def of_version_2(**changes) -> Service:
    """A service whose job has results of version 2."""
    return holding(V2, outputDataFormat="microsoft.quantum-results.v2", **changes)


async def test_1_1_waiting_blocks_nobody_and_ends_on_time(never_blocks, capsys):
    """Weak spot 1.1: no thread sleeps, no dots are printed, a deadline waits for no answer."""
    asked = 0

    async def answer(_):
        nonlocal asked
        asked += 1
        if asked > 1:
            await anyio.sleep_forever()
        return httpx.Response(200, json=canned.job(BASE, status="Waiting"))

    options = SessionOptions(transport=httpx.MockTransport(answer), retry=NO_RETRY)
    async with client_of(Service(), options=options) as client:
        with pytest.raises(WaitTimeoutError) as caught:
            await client.jobs.wait(J, timeout=1.0)
        assert caught.value.last_status == "Waiting"
        threads = threading.active_count()
        async with anyio.create_task_group() as tasks:
            for _ in range(50):
                tasks.start_soon(partial(client.jobs.wait, J, timeout=None))
            await anyio.wait_all_tasks_blocked()
            assert threading.active_count() <= threads
            tasks.cancel_scope.cancel()
    assert capsys.readouterr().out == ""


async def test_1_2_a_result_is_downloaded_once(sandbox, azure):
    """Weak spot 1.2: whoever awaits a job again gets what is there already."""
    async with qa.Scheduler(azure()) as scheduler:
        job = await scheduler.submit(QUIL, shots=10, on=f"azure:{TARGET}")
        first = await job
        before = (await sandbox.stats())["azure"]["requests"]
        assert await job is first
        assert (await job.result()).counts == first.counts
        assert (await sandbox.stats())["azure"]["requests"] == before


@pytest.mark.parametrize("content", [b"{oops", b"[1, 2]", b'"text"', b'{"Results": 1}'])
async def test_1_3_what_cannot_be_read_is_an_error(content):
    """Weak spot 1.3: no raw text instead of a result; the output itself stays within reach."""
    service = holding(content, outputDataFormat="microsoft.quantum-results.v2")
    async with client_of(service) as client:
        with pytest.raises(ResultError) as caught:
            await client.fetch(REF)
        assert "client.jobs.output" in caught.value.remedy
        assert (await client.jobs.output(J)).content == content


async def test_1_4_counts_and_shots_come_from_one_download():
    """Weak spot 1.4: a result of version 2 takes one status and one download, not two and two."""
    service = of_version_2()
    async with client_of(service) as client:
        result = await client.fetch(REF)
    assert (result.counts, result.samples) == ({"0": 3}, ("0", "0", "0"))
    assert service.routes == [f"GET /jobs/{J}", f"GET /{canned.CONTAINER}/rawOutputData"]


@pytest.mark.parametrize("metadata", [None, {}, {"qiskit": "True"}, {"quantum_async": "{oops"}])
async def test_1_5_jobs_of_other_tools_are_fetched(metadata):
    """Weak spot 1.5: neither a `qiskit` key nor any metadata is needed, and none is changed."""
    service = of_version_2(metadata=metadata)
    async with client_of(service) as client:
        job = await client.jobs.get(J)
        assert [(await client.fetch(REF)).counts for _ in range(2)] == [{"0": 3}] * 2
        with pytest.raises(ValidationError):
            job.metadata = {}
    assert job.metadata == (metadata or {})


async def test_1_6_counts_of_probabilities_do_not_change():
    """Weak spot 1.6: shots are shared out by probability, never drawn again."""
    service = holding({"histogram": {"0": 0.35, "1": 0.15, "3": 0.5}})
    async with client_of(service) as client:
        seen = [await client.fetch(REF) for _ in range(3)]
    assert [dict(result.counts) for result in seen] == [{"00": 35, "01": 15, "11": 50}] * 3
    assert seen[0].probabilities == {"00": 0.35, "01": 0.15, "11": 0.5}


async def test_1_7_many_submissions_are_under_way_at_once():
    """Weak spot 1.7: a service that answers nothing before it has twenty requests gets them."""
    service, asked, all_there = Service(), 0, anyio.Event()

    async def answer(request):
        nonlocal asked
        asked += 1
        if asked == 20:
            all_there.set()
        await all_there.wait()
        return service(request)

    options = SessionOptions(transport=httpx.MockTransport(answer), retry=NO_RETRY)
    async with client_of(service, options=options) as client:
        async with anyio.create_task_group() as tasks:
            for _ in range(20):
                tasks.start_soon(client.submit, submission())
    assert asked == 60


async def test_1_7_an_orphan_container_is_used_by_the_next_attempt(sandbox, azure):
    """Weak spot 1.7: what a killed process has uploaded is continued under the same key."""
    request = submission()
    await sandbox.set_faults(
        [{"provider": "azure", "method": "PUT", "route": "/jobs/{id}", "fault": "status:400"}]
    )
    async with azure() as client:
        with pytest.raises(QuantumAsyncError):
            await client.submit(request)
    await sandbox.set_faults([])
    async with azure() as client:
        [ref] = await client.submit(request)
        container = f"job-{uuid.UUID(request.key)}"
        assert container in (await client.jobs.get(ref.id)).container_uri


async def test_1_8_a_repeated_upload_means_it_is_there(azure):
    """Weak spot 1.8: the same submission again is the same job; attachments can be replaced."""
    request = submission()
    async with azure() as client:
        assert await client.submit(request) == await client.submit(request)
        with pytest.raises(DuplicateSubmissionError):
            await client.submit(submission(BROKEN, key=request.key))
        job_id = str(uuid.UUID(request.key))
        for text in (b"one", b"two"):
            await client.jobs.upload_attachment(job_id, "note", text)
        assert await client.jobs.download_attachment(job_id, "note") == b"two"


async def test_1_9_no_signature_and_no_result_is_logged(sandbox, azure, caplog):
    """Weak spot 1.9: at the most talkative level, neither addresses nor outputs are shown."""
    caplog.set_level(logging.DEBUG)
    async with azure() as client:
        [ref] = await client.submit(submission())
        job = await client.jobs.wait(ref.id, timeout=None)
        await client.fetch(ref)
        with pytest.raises(NotFoundError) as caught:
            await client.jobs.download_attachment(ref.id, "missing")
    told = caplog.text + repr(job) + str(caught.value) + repr(vars(caught.value))
    signature = job.container_uri.partition("sig=")[2]
    assert signature
    assert signature not in told
    assert not re.search(r"sig=(?!\[hidden\])", told)
    assert '"ro"' not in told  # the result's register


def test_1_10_filters_are_escaped_and_keep_the_time_of_day():
    """Weak spot 1.10: a quote stays a quote, and the hour is compared after the day."""
    written = ItemFilters(name="it's' or Name eq 'x").query()["filter"]
    assert written == "startswith(Name, 'it''s'' or Name eq ''x')"
    noon = datetime(2026, 3, 1, 12, tzinfo=UTC)
    filters = ItemFilters(created_after=noon, created_before=noon)
    # Two conditions need an `and`, which the vendor's own dates lack.
    assert " and CreationTime le " in filters.query()["filter"]
    early = SimpleNamespace(creation_time=datetime(2026, 3, 1, 11, tzinfo=UTC))
    assert not filters.keeps(early)


async def test_1_11_a_name_is_a_prefix_and_said_to_be_one(azure):
    """Weak spot 1.11: what looks like an expression is taken as it stands."""
    assert "begins with" in ItemFilters.__doc__
    async with azure() as client:
        for name in ("a.c", "abc"):
            await client.sessions.open("ionq.simulator", name=name)
        found = await listed(client.sessions.list(ItemFilters(name="a.")))
    assert [session.name for session in found] == ["a.c"]


def test_1_12_constructing_sends_nothing():
    """Weak spot 1.12: by whatever the workspace is named; a request would be refused here."""

    def refuse(_):
        raise AssertionError("a request was sent")

    options = SessionOptions(transport=httpx.MockTransport(refuse), retry=NO_RETRY)
    resource = canned.WS.replace("workspaces", "Workspaces")
    for place in ({"resource_id": resource}, {"name": "golden"}):
        client = AzureClient(**place, options=options)
        assert (client.is_open, client.workspace.name) == (False, "golden")
        assert "not looked up yet" in repr(client)


class Chain:
    """A default credential that counts how often it is made, asked and closed."""

    made = 0

    def __init__(self) -> None:
        type(self).made += 1
        self.asked: Counter[str] = Counter()
        self.closed = 0

    async def get_token(self, *scopes: str):
        self.asked.update(scopes)
        await anyio.lowlevel.checkpoint()
        return SimpleNamespace(token="t", expires_on=time.time() + 3600)

    async def close(self) -> None:
        self.closed += 1


async def test_1_13_one_default_credential_is_made_and_closed():
    """Weak spot 1.13: for any number of requests, and none is left open."""
    Chain.made, chains = 0, []

    def make():
        chains.append(Chain())
        return chains[-1]

    service = Service()
    place = {"location": "eastus", "properties": {"endpointUri": BASE}}
    service.always("GET", f"/workspaces/{canned.WORKSPACE}", httpx.Response(200, json=place))
    async with client_of(service, endpoint="", api_key=None, make_default=make) as client:
        async with anyio.create_task_group() as tasks:
            for _ in range(10):
                tasks.start_soon(client.jobs.get, J)
    assert (Chain.made, chains[0].closed) == (1, 1)
    # One token for the look-up and one for the workspace, both from the same credential.
    assert sorted(chains[0].asked.values()) == [1, 1]


async def test_1_14_the_management_has_a_version_of_its_own():
    """Weak spot 1.14: an API version of the data plane is not sent to the management."""
    service, asked = Service(), []

    def manage(request):
        asked.append(request.url.params["api-version"])
        place = {"location": "eastus", "properties": {"endpointUri": BASE}}
        return httpx.Response(200, json=place)

    service.always("GET", f"/workspaces/{canned.WORKSPACE}", manage)
    version = "2025-12-01-preview"
    async with client_of(
        service, endpoint="", api_key=None, credential="t", api_version=version
    ) as client:
        await client.jobs.get(J)
    assert asked == ["2025-12-15-preview"]
    assert service.requests[-1]["query"] == [["api-version", version]]


def test_1_15_any_region_is_taken():
    """Weak spot 1.15: a region that nobody has heard of yet is one."""
    assert Workspace(name="ws", location="Moon Base 1").location == "moonbase1"
    with pytest.raises(ConfigurationError, match="not a workspace name"):
        Workspace(name="-")


async def test_1_16_the_user_agent_stays_and_connections_are_kept():
    """Weak spot 1.16: submitting changes nothing that is shared."""
    agents = set()

    def note(request):
        agents.add(request.headers["user-agent"])
        return Service()(request)

    options = SessionOptions(transport=httpx.MockTransport(note), retry=NO_RETRY)
    async with client_of(Service(), options=options, app_id="mine") as client:
        for _ in range(2):
            await client.submit(submission())
    workspaces = {agent for agent in agents if agent.startswith("mine ")}
    assert len(workspaces) == 1
    assert len(agents - workspaces) <= 1  # the storage's, which need not know whose job it is


async def test_1_17_two_workspaces_do_not_meet(sandbox, azure):
    """Weak spot 1.17: two clients of one process each stay with their own workspace."""
    services = [Service(), Service()]
    names = ["left", "right"]

    async def use(service, name):
        async with client_of(service, name=name, account=name) as client:
            for _ in range(5):
                [ref] = await client.submit(submission())
                assert ref.account == name
                await client.targets.get("ionq.simulator")

    async with anyio.create_task_group() as tasks:
        for service, name in zip(services, names, strict=True):
            tasks.start_soon(use, service, name)
    for service, name in zip(services, names, strict=True):
        paths = {r["path"] for r in service.requests if r["path"].startswith("/subscriptions")}
        assert paths
        assert all(f"/workspaces/{name}/" in path for path in paths)


async def test_1_18_looking_a_job_up_depends_on_no_target():
    """Weak spot 1.18: one request, one value; a target that nobody knows is no obstacle."""
    service = Service()
    strange = canned.job(BASE, target="acme.qpu.one", providerId="acme")
    service.always("GET", f"/jobs/{J}", httpx.Response(200, json=strange))
    async with client_of(service) as client:
        assert (await client.jobs.get(J)).target == "acme.qpu.one"
        assert (await client.poll([REF]))[REF].status is qa.JobStatus.SUCCEEDED
    assert service.routes == [f"GET /jobs/{J}"] * 2


@pytest.mark.parametrize("status", [200, 202, 204])
async def test_1_19_cancelling_leaves_no_stale_object(sandbox, azure, status):
    """Weak spot 1.19: whatever is answered is one request; values are frozen, so none is stale."""
    await sandbox.change(job_time="30s", options={"azure": {"cancel_answers": status}})
    async with azure() as client:
        [ref] = await client.submit(submission())
        before = (await sandbox.stats())["azure"]["requests"]
        assert await client.jobs.cancel(ref.id) is None
        after = (await sandbox.stats())["azure"]["requests"]
        assert sum(after.values()) - sum(before.values()) == 1
        job = await client.jobs.wait(ref.id, timeout=None)
    await sandbox.change(job_time="20ms", options={"azure": {"cancel_answers": 204}})
    assert job.state is AzureJobStatus.CANCELLED


async def test_1_20_closing_masks_no_error(sandbox, azure):
    """Weak spot 1.20: what was raised in the block comes out, and the failure is noted on it."""
    closing = {"provider": "azure", "method": "POST", "route": "/sessions/{id}:close"}
    await sandbox.set_faults([{**closing, "fault": "status:400"}])
    scheduler = qa.Scheduler(azure(), grace=1.0)
    with pytest.raises(KeyError, match="ours") as caught:
        async with scheduler, scheduler.open_batch(on=f"azure:{TARGET}"):
            raise KeyError("ours")
    assert any("session" in note or "batch" in note for note in caught.value.__notes__)
    await sandbox.set_faults([])


async def test_1_20_a_session_is_waited_for(sandbox, azure):
    """Weak spot 1.20: closing does not end a session; waiting for it does, with its jobs."""
    await sandbox.change(paused=True)
    async with azure() as client:
        session = await client.sessions.open(TARGET)
        ref = JobSpec(uuid.uuid4().hex, QUIL, 10)
        batch = qa.BatchRef("azure", session.id, TARGET)
        await client.submit(SubmitRequest(uuid.uuid4().hex, TARGET, (ref,), batch))
        assert (await client.sessions.close(session.id)).status == "Executing"
        await sandbox.change(paused=False)
        assert (await client.sessions.wait(session.id, timeout=None)).status == "Succeeded"


async def test_1_21_opening_a_session_closes_no_other(sandbox, azure):
    """Weak spot 1.21: two sessions of one target are open side by side until they are closed."""
    async with azure() as client:
        first = await client.sessions.open(TARGET)
        second = await client.sessions.open(TARGET)
        assert (await sandbox.stats())["azure"]["batches_open"] == 2
        for session in (first, second):
            assert (await client.sessions.get(session.id)).status == "Waiting"


async def test_1_22_no_argument_is_ignored():
    """Weak spot 1.22: what a target is told besides arrives there; what is unknown is refused."""
    service = Service()
    options = AzureOptions(params={"capability": "AdaptiveExecution", "skipQuilc": True})
    async with client_of(service) as client:
        await client.submit(submission(options=options))
    [sent] = [r for r in service.requests if r["path"].startswith("/workspace/jobs/")]
    assert sent["body"]["inputParams"] == {
        "shots": 10,
        "capability": "AdaptiveExecution",
        "skipQuilc": True,
    }
    with pytest.raises(TypeError):
        AzureOptions(target_profile="Base")


def test_1_23_every_enumeration_can_be_used_as_written():
    """Weak spot 1.23: what looks like a function of the class is one."""
    assert AzureJobStatus.read("succeeded") is AzureJobStatus.SUCCEEDED
    assert AzureJobStatus.SUCCEEDED.read("whatever") is AzureJobStatus.UNKNOWN


async def test_1_24_nothing_is_printed(sandbox, azure, capfd):
    """Weak spot 1.24: a job's whole life writes neither to standard output nor to its error."""
    async with qa.Scheduler(azure()) as scheduler:
        await (await scheduler.submit(QUIL, shots=5, on=f"azure:{TARGET}"))
    written = capfd.readouterr()
    assert (written.out, written.err) == ("", "")


async def test_1_25_words_and_flags_that_the_vendor_lacks_are_read():
    """Weak spot 1.25: a kind of job nobody listed, a cancellation under way, yesterday's priority."""
    service = Service()
    changes = {"jobType": "QuantumChemistry", "isCancelling": True, "jobPriority": "Basic"}
    job = canned.job(BASE, status="Executing", **changes)
    service.always("GET", f"/jobs/{J}", httpx.Response(200, json=job))
    async with client_of(service) as client:
        found = await client.jobs.get(J)
        assert (await client.poll([REF]))[REF].status is qa.JobStatus.CANCELLING
    assert (found.job_type, found.is_cancelling) == ("QuantumChemistry", True)
    assert found.document()["jobPriority"] == "Basic"


async def test_1_26_a_target_is_found_or_an_error(azure):
    """Weak spot 1.26: one type of answer; unknown providers are shown; no empty list for a typo."""
    service = Service()
    acme = {"id": "acme", "targets": [{"id": "acme.qpu", "currentAvailability": "Available"}]}
    service.always("GET", "/providerStatus", httpx.Response(200, json={"value": [acme]}))
    async with client_of(service) as client:
        assert (await client.targets.get("ACME.qpu")).id == "acme.qpu"
        assert [device.name for device in await client.devices()] == ["acme.qpu"]
        with pytest.raises(UnknownTargetError, match=r"no target 'acme\.typo'") as caught:
            await client.targets.get("acme.typo")
    assert "acme.qpu" in caught.value.remedy


async def test_1_27_lists_are_read_page_by_page(azure):
    """Weak spot 1.27: a limit is one, and no page beyond it is read."""
    service = Service()
    page = {
        "value": [canned.job(BASE, id=f"j{n}") for n in range(100)],
        "nextLink": f"{BASE}{canned.WS}/jobs?skip=100&top=100&api-version=x",
    }
    service.always("GET", "/jobs", httpx.Response(200, json=page))
    async with client_of(service) as client:
        found = await listed(client.jobs.list(limit=100))
        assert (len(found), len(service.requests)) == (100, 1)
        assert len(await listed(client.jobs.list(limit=3))) == 3
        assert len(service.requests) == 2
        assert await listed(client.jobs.list(limit=0)) == []
        assert len(service.requests) == 2


async def test_1_28_errors_and_states_have_types(sandbox, azure):
    """Weak spot 1.28: by what went wrong, each carrying what is known of it."""
    async with azure() as client:
        with pytest.raises(NotFoundError) as missing:
            await client.jobs.get(str(uuid.uuid4()))
        with pytest.raises(InvalidOptionError):
            await client.jobs.update(J)
    assert missing.value.request_id
    assert missing.value.provider == "azure"
    with pytest.raises(AuthenticationError):
        async with azure(connection_string=None, api_key="invalid", **PLACE) as client:
            await client.jobs.get(J)
    async with qa.Scheduler(azure()) as scheduler:
        job = await scheduler.submit(BROKEN, shots=5, on=f"azure:{TARGET}")
        with pytest.raises(JobFailedError) as failed:
            await job
    assert failed.value.job_id == job.id
    with pytest.raises(FrozenInstanceError):
        REF.id = "other"


PLACE = {
    "name": "sandbox",
    "resource_group": "sandbox",
    "subscription_id": "00000000-0000-4000-8000-000000000002",
}


def test_every_number_has_a_test():
    """1.1 to 1.28, none is missing."""
    numbers = {name.split("_")[2] for name in globals() if name.startswith("test_1_")}
    assert numbers == {str(number) for number in range(1, 29)}
