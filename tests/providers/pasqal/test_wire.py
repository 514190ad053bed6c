"""What our client puts on the wire is what the vendor's does, except where that is wrong."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from quantum_async.providers.pasqal.emulators import EmuFreeConfig, EmuTNConfig
from quantum_async.providers.pasqal.filters import (
    BatchFilters,
    CancelFilters,
    JobFilters,
    RebatchFilters,
)
from quantum_async.providers.pasqal.pages import Page
from quantum_async.providers.pasqal.submission import NewJob
from quantum_async.providers.pasqal.wire import PasqalBatchStatus, PasqalJobStatus
from tests.providers.pasqal.service import Service, client, endpoints
from tests.wire.pasqal import service as canned

GOLDENS = Path(__file__).parents[2] / "wire" / "pasqal"
B, J, J2, W = canned.BATCH_ID, canned.JOB_ID, canned.OTHER_JOB_ID, canned.WORKLOAD_ID
S, P = canned.SEQUENCE, canned.PROJECT_ID
JOBS = [NewJob(runs=20, variables={"omega": 6.0})]


async def listed(items):
    return [item async for item in items]


async def results(c):
    await c.jobs.get(J)
    await c.jobs.results(J)


async def jobs_of_a_batch(c):
    await c.batches.get(B)
    await listed(c.batches.jobs(B))


OPERATIONS = {
    "create_batch": lambda c: c.batches.create(S, JOBS, device_type="FRESNEL"),
    "create_batch_on_the_sequences_device": lambda c: c.batches.create(S, JOBS),
    "create_open_batch": lambda c: c.batches.create(S, open=True, tags=["a", "b"]),
    "create_batch_with_configuration": lambda c: c.batches.create(
        S,
        JOBS,
        device_type="EMU_TN",
        configuration=EmuTNConfig(dt=5.0, precision="high", extra={"x": 1}),
    ),
    "create_batch_with_noise": lambda c: c.batches.create(
        S,
        JOBS,
        device_type="EMU_FREE",
        configuration=EmuFreeConfig(with_noise=True, strict_validation=True),
    ),
    "create_batch_with_emulation": lambda c: c.batches.create(
        S, [NewJob(runs=5)], device_type="EMU_MPS", emulation='{"dt": Infinity}'
    ),
    "create_batch_of_sequences": lambda c: c.batches.create(None, [NewJob(runs=5, sequence=S)]),
    "create_batch_with_qubits": lambda c: c.batches.create(
        S, [NewJob(runs=5, variables={"omega": (1.0, 2.0), "qubits": {"q0": 3}})]
    ),
    "get_batch": lambda c: c.batches.get(B),
    "list_batches": lambda c: c.batches.page(),
    "list_batches_filtered": lambda c: c.batches.page(
        BatchFilters(
            id=[B],
            project_id=P,
            user_id=["u1", "u2"],
            device_type="FRESNEL",
            status=[PasqalBatchStatus.DONE, PasqalBatchStatus.ERROR],
            open=False,
            tag="a",
            start_date=datetime(2026, 3, 1, 10, tzinfo=UTC),
            end_date=datetime(2026, 3, 2),  # noqa: DTZ001 -- the service decides on the offset
        ),
        Page(0, 7),
    ),
    "batch_status": lambda c: c.batches.status(B),
    "close_batch": lambda c: c.batches.close(B),
    "cancel_batch": lambda c: c.batches.cancel(B),
    "cancel_batches": lambda c: c.batches.cancel_many([B]),
    "set_tags": lambda c: c.batches.set_tags(B, ["a", "b"]),
    "rebatch": lambda c: c.batches.rebatch(B),
    "rebatch_filtered": lambda c: c.batches.rebatch(
        B, RebatchFilters(id=J, status=PasqalJobStatus.ERROR, min_runs=5, max_runs=10)
    ),
    "add_jobs": lambda c: c.batches.add_jobs(B, JOBS),
    "cancel_jobs": lambda c: c.batches.cancel_jobs(B, CancelFilters(id=[J, J2])),
    "jobs_of_a_batch": jobs_of_a_batch,
    "list_jobs": lambda c: c.jobs.page(),
    "list_jobs_filtered": lambda c: c.jobs.page(
        JobFilters(
            id=[J, J2],
            batch_id=B,
            status=PasqalJobStatus.ERROR,
            errors=True,
            min_runs=1,
            max_runs=9,
            start_date=datetime(2026, 3, 1, 10, tzinfo=UTC),
        ),
        Page(limit=40),
    ),
    "get_job": lambda c: c.jobs.get(J),
    "job_status": lambda c: c.jobs.status(J),
    "cancel_job": lambda c: c.jobs.cancel(J),
    "results": results,
    "create_workload": lambda c: c.workloads.create("qadence_circuit", "pyqtorch", {"shots": 10}),
    "get_workload": lambda c: c.workloads.get(W),
    "cancel_workload": lambda c: c.workloads.cancel(W),
    "specs": lambda c: c.specs.all(),
    "projects": lambda c: c.projects.list(),
}


def golden(name):
    return json.loads((GOLDENS / f"{name}.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", sorted(OPERATIONS))
async def test_an_operation_looks_as_the_vendors(service, pasqal, name):
    """Method, path, query, credentials, media type and body are equal, field by field."""
    await OPERATIONS[name](pasqal)
    assert service.requests == golden(name)


async def test_a_login_looks_as_the_vendors(service):
    """A password is exchanged for a token by the same form."""
    async with client(service, token=None, username="u@example.com", password="p&ss word") as c:
        assert await c.token() == "golden"
    assert service.requests == golden("login")


async def test_a_webhook_goes_along_with_a_new_batch(service):
    """The client's webhook is sent as the vendor sends it."""
    async with client(service, webhook="https://example.com/hook") as c:
        await c.batches.create(S, JOBS)
    assert service.requests == golden("create_batch_with_webhook")


async def test_public_specifications_are_asked_for_without_credentials(service):
    """A client without credentials reads what everybody may; the media type stays out."""
    async with client(service, token=None) as c:
        assert await c.specs.all() == {"FRESNEL": "{}"}
    [asked], [expected] = service.requests, golden("public_specs")
    assert {**asked, "content_type": None} == {**expected, "content_type": None}
    assert asked["authorization"] is None


@pytest.mark.parametrize(
    "name", ["create_batch", "get_batch", "batch_status", "list_jobs", "job_status"]
)
async def test_ovhs_customers_take_ovhs_paths(service, name):
    """The same operations by way of OVH look as the vendor's."""
    async with client(service, endpoints=endpoints(is_ovh=True), project_id=None) as c:
        await OPERATIONS[name](c)
    assert service.requests == golden(f"ovh_{name}")


def test_every_golden_is_compared():
    """No golden lies about unused."""
    compared = {*OPERATIONS, "login", "login_keycloak", "create_batch_with_webhook", "public_specs"}
    ovh = {path.stem for path in GOLDENS.glob("ovh_*.json")}
    assert len(ovh) == 5
    assert {path.stem for path in GOLDENS.glob("*.json")} - ovh == compared


async def test_a_keycloak_login_looks_as_the_vendors(service):
    """Where Keycloak logs in, its grant type goes along."""
    where = endpoints()
    keycloak = replace(where, token=replace(where.token, grant_type="password"))
    login = {"token": None, "username": "u@example.com", "password": "p&ss word"}
    async with client(service, endpoints=keycloak, **login) as c:
        await c.token()
    assert service.requests == golden("login_keycloak")


@pytest.mark.parametrize(("size", "encoding"), [(10, None), (100_000, "gzip")])
async def test_only_large_bodies_are_compressed(size, encoding):
    """Unlike the vendor's client, which compresses even an empty list, ours saves that time."""
    seen = []

    def answer(request):
        seen.append(request.headers)
        return Service()(request)

    async with client(answer) as c:
        await c.batches.create("x" * size, JOBS)
    assert seen[0].get("content-encoding") == encoding


async def test_the_user_agent_is_our_own():
    """The provider's logs must not take us for the vendor's client."""
    seen = []

    def answer(request):
        seen.append(request.headers["user-agent"])
        return Service()(request)

    async with client(answer) as c:
        await c.batches.get(B)
    assert seen[0].startswith("quantum-async/")
