"""Every operation of pasqal-cloud 0.24's client against the sandbox."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from pasqal_cloud.authentication import TokenProvider
from pasqal_cloud.device import EmuFreeConfig, EmuTNConfig
from pasqal_cloud.endpoints import TokenProviderConf
from pasqal_cloud.errors import (
    BatchCancellingError,
    BatchCreationError,
    BatchFetchingError,
    JobCancellingError,
    JobCreationError,
    JobFetchingError,
    ProjectNotFoundError,
)
from pasqal_cloud.pasqal_cloud_client import PasqalCloudClient
from pasqal_cloud.utils.constants import BatchStatus, JobStatus, QueuePriority
from pasqal_cloud.utils.filters import (
    BatchFilters,
    CancelJobFilters,
    JobFilters,
    PaginationParams,
    RebatchFilters,
)

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


def job(runs: int = 50, omega: float = 1.0) -> dict:
    return {"runs": runs, "variables": {"omega": omega}}


def create(client, text, **options):
    options.setdefault("jobs", [job()])
    options.setdefault("device_type", "FRESNEL")
    return client.create_batch(text, **options)


def settle(client, batch) -> None:
    """Wait for a batch to end; what takes for ever is for pytest's own limit."""
    while client.get_batch_status(batch.id) in {BatchStatus.PENDING, BatchStatus.RUNNING}:
        time.sleep(0.02)


@pytest.fixture
def slow(sandbox):
    """Jobs run for longer than any test."""
    sandbox.change(job_time=60)


class StaticToken(TokenProvider):
    def get_token(self) -> str:
        return "a-token-of-my-own"


def test_password_login(client):
    """Auth0's password grant gives a token that is used until it expires."""
    assert client.user_token() == client.user_token()


def test_keycloak_login(arguments, env):
    """Keycloak's grant and endpoint work as well."""
    host = env["QUANTUM_ASYNC_PASQAL_CORE_URL"].removesuffix("/core-fast")
    arguments["auth_config"] = TokenProviderConf(
        token_endpoint=f"{host}/auth/realms/pasqal-cloud/protocol/openid-connect/token",
        public_client_id="cloud-sdk",
        audience="audience",
        realm="pasqal-cloud",
        grant_type="password",
    )
    assert PasqalCloudClient(**arguments).get_batches().total == 0


def test_token_provider(arguments):
    """A provider of one's own tokens works instead of a login."""
    for name in ("username", "password", "auth_config"):
        del arguments[name]
    assert PasqalCloudClient(**arguments, token_provider=StaticToken()).get_batches().total == 0


def test_create_batch(client, text):
    """A batch is created with its jobs, tags and webhook."""
    batch = create(client, text, jobs=[job(1), job(2)], tags=["a", "b"])
    assert [each.runs for each in batch.ordered_jobs] == [1, 2]
    assert (batch.tags, batch.open, batch.device_type) == (["a", "b"], False, "FRESNEL")
    assert batch.sequence_builder == text
    assert batch.ordered_jobs[0].variables == {"omega": 1.0}


def test_create_batch_and_wait(client, text):
    """Waiting ends when every job has, and results can be read."""
    batch = create(client, text, jobs=[job(40), job(60)], wait=True)
    assert batch.status == "DONE"
    assert [sum(each.result.values()) for each in batch.ordered_jobs] == [40, 60]


def test_create_batch_without_gzip(arguments, text, monkeypatch):
    """A body that is not compressed is taken too."""
    monkeypatch.setenv("PASQAL_SKIP_GZIP_REQUEST_BODY", "1")
    assert create(PasqalCloudClient(**arguments), text).id


def test_create_batch_with_sequences_per_job(client):
    """Jobs may bring their sequence; it is read back lazily."""
    own = '{"register": [], "device": {"name": "FRESNEL"}, "variables": {}, "operations": []}'
    batch = client.create_batch(
        None, jobs=[{"runs": 1, "serialized_sequence": own}], device_type="FRESNEL"
    )
    assert client.get_job(batch.ordered_jobs[0].id).sequence == own
    assert client.get_batch(batch.id).sequence_builder is None


@pytest.mark.parametrize(
    ("kind", "configuration"),
    [("EMU_FREE", EmuFreeConfig(with_noise=True)), ("EMU_TN", EmuTNConfig(dt=20.0))],
)
def test_create_batch_with_legacy_configuration(client, text, kind, configuration):
    """A legacy configuration comes back as it was sent."""
    batch = create(client, text, device_type=kind, configuration=configuration)
    assert client.get_batch(batch.id).configuration == configuration


def test_create_batch_refused(client, text):
    """A wrong batch is the vendor's typed error with our reason in it."""
    with pytest.raises(BatchCreationError, match="not declared"):
        create(client, text, jobs=[{"runs": 1, "variables": {"omega": 1.0, "delta": 1.0}}])


def test_get_batch(client, text):
    """A batch is found again, its jobs are paged lazily."""
    made = create(client, text, jobs=[job(n) for n in range(1, 206)])
    found = client.get_batch(made.id)
    assert [each.id for each in found.ordered_jobs] == [each.id for each in made.ordered_jobs]
    with pytest.raises(BatchFetchingError):
        client.get_batch(str(uuid4()))


def test_get_batches(client, text):
    """Every filter and the pages of the batch list work."""
    start = datetime.now(tz=UTC)
    batch = create(client, text, tags=["mine"])
    create(client, text, device_type="EMU_FREE")
    settle(client, batch)
    everything = BatchFilters(
        id=batch.id,
        project_id=batch.project_id,
        user_id=batch.user_id,
        device_type=["FRESNEL", "EMU_SV"],
        status=[BatchStatus.DONE, BatchStatus.RUNNING],
        open=False,
        queue_priority=QueuePriority.MEDIUM,
        tag="mine",
        start_date=start,
        end_date=datetime.now(tz=UTC),
    )
    found = client.get_batches(filters=everything)
    assert (found.total, [each.id for each in found.results]) == (1, [batch.id])
    assert found.results[0].sequence_builder == text
    page = client.get_batches(pagination_params=PaginationParams(offset=1, limit=1))
    assert (page.total, page.offset, [each.id for each in page.results]) == (2, 1, [batch.id])


def test_get_batch_status(client, text):
    """The status route gives a status that the vendor knows."""
    batch = create(client, text)
    settle(client, batch)
    assert client.get_batch_status(batch.id) is BatchStatus.DONE


def test_open_batch(client, text, sandbox):
    """Jobs are added to an open batch, by client and by batch, until it is closed."""
    batch = create(client, text, jobs=[], open=True)
    assert sandbox.stats("pasqal")["batches_open"] == 1
    batch.add_jobs([job(1)])
    batch = client.add_jobs(batch.id, [job(2), job(3)], wait=True)
    assert [each.runs for each in batch.ordered_jobs] == [1, 2, 3]
    batch.close()
    assert (batch.open, sandbox.stats("pasqal")["batches_open"]) == (False, 0)
    with pytest.raises(JobCreationError):
        client.add_jobs(batch.id, [job()])


def test_close_batch(client, text):
    """The client closes a batch by its id."""
    batch = create(client, text, open=True)
    assert client.close_batch(batch.id).open is False


def test_retry(client, text):
    """A job of an open batch is sent again."""
    batch = create(client, text, jobs=[job(5)], open=True)
    batch.retry(batch.ordered_jobs[0])
    assert [each.runs for each in batch.ordered_jobs] == [5, 5]


def test_cancel_batch(client, text, slow):
    """A running batch is cancelled once, by client or by batch."""
    batch = create(client, text)
    assert client.cancel_batch(batch.id).status == "CANCELED"
    with pytest.raises(BatchCancellingError):
        client.cancel_batch(batch.id)
    other = create(client, text)
    other.cancel()
    assert other.status == "CANCELED"


def test_cancel_batches(client, text, slow):
    """Several batches are cancelled at once, with an error for the unknown one."""
    batch, unknown = create(client, text), str(uuid4())
    answer = client.cancel_batches([batch.id, unknown])
    assert [each.id for each in answer.batches] == [batch.id]
    assert [str(key) for key in answer.errors] == [unknown]


def test_rebatch(client, text, sandbox):
    """Jobs that failed are sent again in a new batch."""
    sandbox.set_faults({"fault": "job-failure", "nth": 1})
    batch = create(client, text, jobs=[job(1), job(2)])
    settle(client, batch)
    again = client.rebatch(batch.id, RebatchFilters(status=[JobStatus.ERROR]))
    assert (again.parent_id, [each.runs for each in again.ordered_jobs]) == (batch.id, [1])
    assert client.get_job(batch.ordered_jobs[0].id).errors
    filters = RebatchFilters(id=batch.ordered_jobs[1].id, min_runs=1, max_runs=5)
    assert len(client.rebatch(batch.id, filters).ordered_jobs) == 1


def test_set_batch_tags(client, text):
    """Tags are replaced, by client and by batch."""
    batch = create(client, text, tags=["old"])
    assert client.set_batch_tags(batch.id, ["new"]).tags == ["new"]
    batch.set_tags(["newer"])
    batch.refresh()
    assert batch.tags == ["newer"]


def test_get_jobs(client, text):
    """Every filter and the pages of the job list work."""
    start = datetime.now(tz=UTC)
    batch = create(client, text, jobs=[job(10), job(20), job(30)])
    settle(client, batch)
    filters = JobFilters(
        id=[each.id for each in batch.ordered_jobs],
        project_id=batch.project_id,
        user_id=batch.user_id,
        batch_id=batch.id,
        status=JobStatus.DONE,
        min_runs=15,
        max_runs=25,
        errors=False,
        start_date=start,
        end_date=datetime.now(tz=UTC),
    )
    found = client.get_jobs(filters=filters)
    assert (found.total, [each.runs for each in found.results]) == (1, [20])
    page = client.get_jobs(pagination_params=PaginationParams(offset=2, limit=1))
    assert (page.total, [each.runs for each in page.results]) == (3, [10])


def test_get_job(client, text):
    """A job is found and can be waited for; its sequence is the batch's."""
    batch = create(client, text)
    found = client.get_job(batch.ordered_jobs[0].id, wait=True)
    assert (found.status, found.sequence, found.errors) == ("DONE", text, [])
    assert sum(found.full_result["counter"].values()) == 50
    assert client.get_job_status(found.id) is JobStatus.DONE
    with pytest.raises(JobFetchingError):
        client.get_job(str(uuid4()))


def test_result_of_an_unfinished_job(client, text, slow):
    """There is no result while a job runs, and it is asked for again."""
    unfinished = create(client, text).ordered_jobs[0]
    assert unfinished.full_result is None


def test_shots_in_order(client, text, sandbox):
    """A result may list the shots."""
    sandbox.change(options={"pasqal": {"raw": True}})
    done = create(client, text, wait=True).ordered_jobs[0]
    assert len(done.full_result["raw"]) == 50


def test_cancel_job(client, text, slow):
    """A job is cancelled once, by client or by job."""
    first, second = create(client, text, jobs=[job(), job()]).ordered_jobs
    assert client.cancel_job(first.id).status == "CANCELED"
    with pytest.raises(JobCancellingError):
        client.cancel_job(first.id)
    second.cancel()
    assert second.status == "CANCELED"


def test_cancel_jobs(client, text, slow):
    """Jobs of a batch are cancelled by filter, and all of them without one."""
    batch = create(client, text, jobs=[job(10), job(20), job(30)])
    some = client.cancel_jobs(batch.id, CancelJobFilters(min_runs=15, max_runs=25))
    assert [each.runs for each in some.jobs] == [20]
    again = client.cancel_jobs(batch.id, CancelJobFilters(id=some.jobs[0].id))
    assert [str(key) for key in again.errors] == [some.jobs[0].id]
    assert len(client.cancel_jobs(batch.id).jobs) == 2


def test_workloads(client):
    """A workload is created, waited for and read with its result."""
    workload = client.create_workload("qadence_circuit", "pyqtorch", {"a": 1}, wait=True)
    assert (workload.status, workload.result["config"]) == ("DONE", {"a": 1})
    assert client.get_workload(workload.id).id == workload.id


def test_cancel_workload(client, slow):
    """A workload is cancelled, by client and by workload."""
    workload = client.create_workload("qadence_circuit", "pyqtorch", {})
    assert client.cancel_workload(workload.id).status == "CANCELED"
    other = client.create_workload("qadence_circuit", "pyqtorch", {})
    other.cancel()
    assert other.status == "CANCELED"


def test_device_specifications(client, arguments):
    """Specifications come from the private route, and from the public one without a login."""
    private = client.get_device_specs_dict()
    public = PasqalCloudClient(endpoints=arguments["endpoints"]).get_device_specs_dict()
    assert set(public) == {"FRESNEL"} < set(private)


def test_projects(client):
    """Projects are listed and switched between."""
    names = {project.name: project.id for project in client.get_all_projects()}
    client.switch_to_project(names["Second project"])
    assert client.project_id == names["Second project"]
    with pytest.raises(ProjectNotFoundError):
        client.switch_to_project(str(uuid4()))


def test_webhook(arguments, text):
    """A webhook is stored with the batch."""
    batch = create(PasqalCloudClient(**arguments, webhook="https://example.com"), text)
    assert batch.webhook == "https://example.com"


def test_retried_answers(client, text, sandbox):
    """A 429 with Retry-After and a 504 are repeated by the vendor; the second one duplicates."""
    sandbox.set_faults(
        {"method": "GET", "nth": 1, "fault": "retry-after:1"},
        {"method": "POST", "route": "/batches", "nth": 1, "fault": "accept-then-status:504"},
    )
    create(client, text, tags=["quantum-async:conformance"])
    assert client.get_batches().total == 2
    assert sandbox.stats("pasqal")["duplicates"] == 1
