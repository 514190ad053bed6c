"""The rest of the client: targets, credits, results, characterisations, settings."""

from __future__ import annotations

import httpx
import pytest

from quantum_async.errors import (
    AuthenticationError,
    ConfigurationError,
    ConflictError,
    InvalidInputError,
    ProtocolError,
    RateLimitedError,
    ResultError,
    ResultPendingError,
    ServerError,
    UnknownTargetError,
)
from quantum_async.models.device import DeviceStatus
from quantum_async.models.job import JobRef
from quantum_async.providers.qoro.api import API_URL, QoroSettings
from quantum_async.providers.qoro.client import QoroClient
from quantum_async.providers.qoro.options import ExecutionConfig
from quantum_async.providers.qoro.wire import Histogram
from quantum_async.sandbox.qoro.store import histogram
from tests.providers.qoro.service import JOB, client

RESULTS = "/resultsV2/"


def row(label, counts, width=2):
    """A row as the service sends it."""
    return {"label": label, "results": histogram(counts, width)}


async def test_targets_are_asked_for_once_and_only_when_needed(service, qoro):
    """Weak spots 1 and 11: nothing in the constructor, one cache per client, two requests."""
    assert service.requests == []
    assert [cluster.name for cluster in await qoro.systems.clusters()] == [
        "qoro_maestro",
        "gpu_cluster",
    ]
    assert [system.name for system in await qoro.systems.qpus()] == ["lab_qpu"]
    assert sorted(service.routes) == ["GET /qpusystem/", "GET /simulatorcluster/"]
    async with client(service) as other:
        await other.systems.qpus()
    assert len(service.requests) == 4


async def test_devices_are_described(service, qoro):
    """Weak spot 12: a computer with fields that are new breaks nothing."""
    found = {device.name: device for device in await qoro.devices()}
    assert found["lab_qpu"].num_qubits == 5
    assert found["lab_qpu"].status is DeviceStatus.AVAILABLE
    assert found["gpu_cluster"].is_simulator


async def test_blueprints_are_read(service, qoro):
    """What can be set for each vendor, asked for once."""
    reply = {"ibm": {"label": "IBM", "device": [{"name": "A", "kind": "number", "x": 1}]}}
    service.then("GET", "/vendor-config-blueprint/", httpx.Response(200, json=reply))
    for _ in range(2):
        blueprints = await qoro.systems.blueprints()
        assert blueprints["ibm"].device[0].kind == "number"
    assert len(service.requests) == 1


async def test_an_unknown_target_is_refused_with_a_list(service, qoro):
    """The error names what there is."""
    with pytest.raises(UnknownTargetError) as found:
        await qoro.systems.find("nowhere")
    assert "gpu_cluster, lab_qpu, qoro_maestro" in found.value.remedy


async def test_credits_are_exact(service, qoro):
    """Amounts are decimal numbers, never binary ones."""
    reply = {"balance": "500.10", "total_used": "0.1"}
    service.then("GET", "/credits/", httpx.Response(200, json=reply))
    balance = await qoro.credits.balance()
    assert str(balance.balance - balance.total_used) == "500.00"


async def test_movements_of_credits_are_read_page_by_page(service, qoro):
    """Every movement is there once; pages are as large as the service allows."""
    for number, more in ((1, "http://127.0.0.1/2"), (2, None)):
        movement = {"id": number, "amount": "1.5", "transaction_type": "NEW_WORD"}
        page = {"count": 2, "total_pages": 2, "next": more, "results": [movement]}
        service.then("GET", "/credits/transactions/", httpx.Response(200, json=page))
    assert [found.id async for found in qoro.credits.transactions()] == ["1", "2"]
    assert [str(r.url.query, "ascii") for r in service.requests] == [
        "page=1&page_size=100",
        "page=2&page_size=100",
    ]
    with pytest.raises(InvalidInputError):
        await qoro.credits.page(0)


@pytest.mark.parametrize("many", [1, 100, 101, 350])
async def test_all_pages_are_read_in_order(service, qoro, many):
    """Weak spot 8: a hundred rows to a request, and nothing besides."""
    service.rows = [row(str(number), {"01": number + 1}) for number in range(many)]
    found = await qoro.jobs.counts(JOB)
    assert found == {str(number): {"01": number + 1} for number in range(many)}
    assert len(service.requests) == -(-many // 100)


async def test_a_service_that_caps_pages_loses_no_rows(service, qoro):
    """Weak spot 8: pages shorter than asked for are followed at their own length."""
    service.rows = [row(str(number), {"01": 1}) for number in range(90)]

    def capped(request):
        params = dict(request.url.params) | {
            "limit": str(min(40, int(request.url.params["limit"])))
        }
        return service._page(httpx.Request("GET", request.url.copy_with(params=params)))

    service.then("GET", RESULTS, capped, capped, capped)
    assert len(await qoro.jobs.rows(JOB)) == 90


async def test_rows_are_iterated_one_page_at_a_time(service, qoro):
    """Weak spot 10: a page is asked for when the one before it was used."""
    service.rows = [row(str(number), {"01": 1}) for number in range(250)]
    seen = 0
    async for found in qoro.jobs.iterate(JOB):
        assert found.label == str(seen)
        assert isinstance(found.results, Histogram)
        seen += 1
        assert len(service.requests) == -(-seen // 100)
    assert seen == 250


async def test_rows_that_are_missing_are_missed(service, qoro):
    """Fewer rows than the service counts are an error, not a short list."""
    page = {"count": 5, "next": None, "results": [row("0", {"01": 1})] * 2}
    service.then("GET", RESULTS, httpx.Response(200, json={**page, "next": "x"}))
    service.then("GET", RESULTS, httpx.Response(200, json={**page, "results": []}))
    service.then("GET", RESULTS, httpx.Response(200, json={**page, "results": []}))
    with pytest.raises(ResultError, match="2 of 5"):
        await qoro.jobs.rows(JOB)


@pytest.mark.parametrize(
    ("status", "kind"),
    [("RUNNING", ResultPendingError), ("FAILED", ResultError), ("COMPLETED", ResultError)],
)
async def test_a_400_for_results_is_explained_by_the_jobs_status(service, qoro, status, kind):
    """Weak spot 17: still running is said only of what still runs."""
    service.then("GET", RESULTS, httpx.Response(400, json={"error": "no"}))
    service.status = status
    with pytest.raises(kind, match=status) as found:
        await qoro.jobs.rows(JOB)
    assert type(found.value) is kind


async def test_results_of_several_registers_are_told_apart(service, qoro):
    """The last register is leftmost, whoever asks."""
    service.rows = [row("0;first:1,second%2Ctwo:2", {"011": 3, "100": 1}, 3)]
    result = await qoro.fetch(JobRef("qoro", JOB, "qoro_maestro"))
    assert result.counts == {"01 1": 3, "10 0": 1}
    assert result.register_counts("first") == {"1": 3, "0": 1}
    assert [register.name for register in result.registers] == ["first", "second,two"]


async def test_rows_in_another_order_are_found_by_their_label(service, qoro):
    """Uploads travel side by side, so a row's place is only a guess."""
    service.rows = [row(str(119 - number), {"01": 120 - number}) for number in range(120)]
    result = await qoro.fetch(JobRef("qoro", JOB, "qoro_maestro", index=3))
    assert result.counts == {"01": 4}


async def test_cancelling_what_has_ended_is_harmless_only_if_it_has(service, qoro):
    """A conflict is looked into before it is believed."""
    job = JobRef("qoro", JOB)
    conflict = httpx.Response(409, json={"error": "Can only cancel a PENDING or RUNNING job"})
    service.then("POST", "/cancel/", conflict, conflict)
    assert await qoro.cancel([job]) == {}
    service.status = "RUNNING"
    assert isinstance((await qoro.cancel([job]))[job], ConflictError)


async def test_a_cancellation_that_fails_holds_up_no_other(service, qoro):
    """Whatever becomes of one, every job is cancelled; each failure is told for its own job."""
    jobs = [JobRef("qoro", f"job-{n}") for n in range(3)]
    service.then("POST", "/job-0/cancel/", *[httpx.Response(503)] * 3)
    service.then("POST", "/job-1/cancel/", *[httpx.Response(429)] * 3)
    failures = await qoro.cancel(jobs)
    assert {job.id: type(error) for job, error in failures.items()} == {
        "job-0": ServerError,
        "job-1": RateLimitedError,
    }
    assert len(service.asked("POST", "/job-2/cancel/")) == 1


async def test_a_deleted_job_stays_deleted(service, qoro):
    """Deleting twice is harmless, and the path has no slash at its end."""
    service.then("DELETE", JOB, httpx.Response(204), httpx.Response(404, json={"detail": "no"}))
    await qoro.jobs.delete(JOB)
    await qoro.jobs.delete(JOB)
    assert service.routes == [f"DELETE /job/{JOB}"] * 2


async def test_configurations_of_either_generation_are_read(service, qoro):
    """Older servers say 404 of a job without one; newer ones say null."""
    end = "/execution_config/"
    none = {"detail": "No execution configuration exists for this job."}
    service.then("GET", end, httpx.Response(404, json=none))
    assert (await qoro.jobs.config(JOB)).execution_configuration is None
    service.then("GET", end, httpx.Response(200, json={"maestro_config": {"seed": 1}}))
    assert (await qoro.jobs.config(JOB)).maestro_config == {"seed": 1}
    reply = {"status": "ok", "job_id": JOB, "execution_configuration": {"bond_dimension": 4}}
    service.then("POST", end, httpx.Response(200, json=reply))
    stored = await qoro.jobs.set_config(JOB, ExecutionConfig(bond_dimension=4))
    assert stored.execution_configuration == {"bond_dimension": 4}


async def test_a_characterisation_takes_three_requests_and_is_sent_once(service, qoro):
    """A lost answer names the job, whose result costs nothing to fetch."""
    service.then("POST", "/submit_qubo/", httpx.ReadError("gone"))
    with pytest.raises(Exception, match="characterise") as found:
        await qoro.characterisations.submit({"0": -1.0}, reference_states=["1"])
    assert found.value.job_id == JOB
    assert len(service.asked("POST", "/submit_qubo/")) == 1
    report = {"reference_concentration_score": 78.5, "regime": "exact"}
    reply = {"job_id": JOB, "status": "COMPLETED", "report": report, "recommendations": None}
    service.then("GET", "/validation_result/", httpx.Response(200, json=reply))
    service.then("GET", "/html/", httpx.Response(200, html='<div class="qvr-root"></div>'))
    result = await qoro.characterisations.fetch(JOB, with_page=True)
    assert (result.quality_score, result.word("regime")) == (78.5, "exact")
    assert "qvr-root" in result._repr_html_()
    for qubo, states in (({}, ()), ({"0": 1.0}, ("2",))):
        with pytest.raises(InvalidInputError):
            await qoro.characterisations.submit(qubo, reference_states=states)


async def test_lists_that_are_no_lists_are_a_protocol_error(service, qoro):
    """The error says where the answer is wrong."""
    service.then("GET", "/qpusystem/", httpx.Response(200, json=[{"qpus": []}]))
    with pytest.raises(ProtocolError, match=r"0\.name"):
        await qoro.systems.qpus()


async def test_without_a_key_nothing_is_sent(service):
    """The error says where a key is put."""
    async with client(service, api_key=None) as opened:
        with pytest.raises(AuthenticationError, match="API key"):
            await opened.test_connection()
    assert service.requests == []


async def test_a_refused_key_is_an_authentication_error(service, qoro):
    """Weak spot 1: it shows with the first request, and not in a constructor."""
    service.then("GET", "/api/", httpx.Response(401, json={"detail": "Invalid token."}))
    with pytest.raises(AuthenticationError, match="Invalid token"):
        await qoro.test_connection()


def test_settings_come_from_the_environment_alone():
    """Weak spot 20: the address can be set, our variable wins, and no file is searched for."""
    with pytest.raises(ConfigurationError, match="API key"):
        QoroSettings.read({"QORO_API_KEY": " "})
    assert QoroSettings.read({"QORO_API_KEY": "a"}).url == API_URL
    both = {"QORO_API_KEY": "a", "QUANTUM_ASYNC_QORO_API_KEY": "b"}
    assert QoroSettings.read(both).api_key == "b"
    url = {"QORO_API_KEY": "secret", "QUANTUM_ASYNC_QORO_URL": "http://127.0.0.1:1/api"}
    made = QoroClient.from_env(url)
    assert "127.0.0.1:1/api" in repr(made)
    assert "secret" not in repr(made)
    with pytest.raises(ConfigurationError):
        QoroClient(api_key="a", token_provider=lambda: "b")
