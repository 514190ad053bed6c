"""What our client puts on the wire is what the vendor's does, and never more of it."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest

from quantum_async.models.batch import FailurePolicy
from quantum_async.providers.azure.filters import ItemFilters, ItemOrder
from quantum_async.providers.azure.submission import NewJob
from quantum_async.providers.azure.wire import AzureJobStatus, Priority
from tests.providers.azure.service import BASE, Service, client_of, listed
from tests.wire.azure import service as canned

GOLDENS = Path(__file__).parents[2] / "wire" / "azure"
J, S = canned.JOB_ID, canned.SESSION_ID
FILTERS = ItemFilters(
    name="gold",
    job_types=("QuantumComputing",),
    providers=("ionq", "pasqal"),
    targets=("ionq.simulator",),
    statuses=(AzureJobStatus.FAILED, AzureJobStatus.CANCELLED),
    created_after=date(2026, 3, 1),
    created_before=date(2026, 3, 2),
)
NEWEST = ItemFilters(order=ItemOrder.CREATION_TIME, newest_first=True)


def job(target: str, content: str, given: str, wanted: str, **more):
    """Create a job under the golden id."""
    new = NewJob(
        target=target,
        content=content.encode(),
        input_format=given,
        output_format=wanted,
        name="golden",
        **more,
    )
    return lambda c: c.jobs.create(new, id=J)


OPERATIONS = {
    "submit_ionq": job(
        "ionq.simulator",
        json.dumps(canned.CIRCUIT),
        "ionq.circuit.v1",
        "ionq.quantum-results.v1",
        provider="IonQ",  # the service answers it in lower case, and takes either
        params={"shots": 100},
    ),
    "submit_quantinuum": job(
        "quantinuum.sim.h2-1e",
        canned.QASM,
        "honeywell.openqasm.v1",
        "honeywell.quantum-results.v1",
        media_type="application/qasm",
        params={"shots": 7},
    ),
    "submit_rigetti": job(
        "rigetti.sim.qvm",
        canned.QUIL,
        "rigetti.quil.v1",
        "rigetti.quil-results.v1",
        media_type="text/plain",
        params={"skipQuilc": True, "shots": 7},
    ),
    "submit_pasqal": job(
        "pasqal.sim.emu-mps",
        json.dumps({"sequence_builder": canned.SEQUENCE}),
        "pasqal.pulser.v1",
        "pasqal.pulser-results.v1",
        params={"variables": {"omega": [12]}, "open_batch": True, "shots": 5},
    ),
    "submit_qir": job(
        "ionq.simulator",
        canned.QIR,
        "qir.v1",
        "microsoft.quantum-results.v2",
        media_type="qir.v1",
        params={"shots": 100, "items": [{"entryPoint": "ENTRYPOINT__main", "arguments": []}]},
        metadata={"qiskit": "True", "num_qubits": "1"},
        session_id=S,
        priority=Priority.HIGH,
        tags=("a", "b"),
    ),
    "get_job": lambda c: c.jobs.get(J),
    "cancel_job": lambda c: c.jobs.cancel(J),
    "delete_job": lambda c: c.jobs.delete(J),
    "update_job": lambda c: c.jobs.update(J, name="renamed", priority="High", tags=["a"]),
    "list_jobs": lambda c: listed(c.jobs.list()),
    "list_jobs_filtered": lambda c: listed(c.jobs.list(FILTERS)),
    "list_jobs_in_order": lambda c: listed(c.jobs.list(NEWEST, skip=3)),
    "list_sessions": lambda c: listed(c.sessions.list()),
    "list_items": lambda c: listed(
        c.top_level_items.list(ItemFilters(item_types=("Job", "Session")))
    ),
    "open_session": lambda c: c.sessions.open("ionq.simulator", id=S, name="golden"),
    "open_session_that_continues": lambda c: c.sessions.open(
        "ionq.simulator", id=S, name="golden", on_failure=FailurePolicy.CONTINUE
    ),
    "open_session_with_tags": lambda c: c.sessions.open(
        "ionq.simulator", id=S, name="golden", priority=Priority.HIGH, tags=("a", "b")
    ),
    "get_session": lambda c: c.sessions.get(S),
    "close_session": lambda c: c.sessions.close(S),
    "list_session_jobs": lambda c: listed(c.sessions.jobs(S)),
    "targets": lambda c: listed(c.targets.list()),
    "quotas": lambda c: listed(c.quotas.list()),
    "results": lambda c: c.jobs.output(J),
    "upload_attachment": lambda c: c.jobs.upload_attachment(J, "note", b"one"),
    "download_attachment": lambda c: c.jobs.download_attachment(J, "note"),
    "list_attachments": lambda c: c.jobs.list_attachments(J),
}


def overwriting(requests: list[dict]) -> list[dict]:
    """An attachment as the vendor's documentation promises it: one that is there is replaced."""
    headers = {"x-ms-blob-type": "BlockBlob", "x-ms-blob-content-type": "application/octet-stream"}
    return [
        {**request, "headers": headers} if request["method"] == "PUT" else request
        for request in requests
    ]


DEVIATIONS = {"upload_attachment": overwriting}
"""Where ours is meant to differ from the vendor's."""


def golden(name: str) -> list[dict]:
    """What the vendor's client was recorded to send."""
    return json.loads((GOLDENS / f"{name}.json").read_text("utf-8").replace("http://golden", BASE))


@pytest.mark.parametrize("name", sorted(OPERATIONS))
async def test_an_operation_looks_as_the_vendors(name):
    """Field by field the vendor's requests in their order, and none that it does not make."""
    service = Service()
    async with client_of(service) as client:
        await OPERATIONS[name](client)
    vendors = iter(DEVIATIONS.get(name, lambda requests: requests)(golden(name)))
    for request in service.requests:
        assert request in vendors, (request, golden(name))
    # Whatever changes something is sent as often as the vendor sends it.
    assert [*map(changes, service.requests)].count(True) == [*map(changes, golden(name))].count(
        True
    )


def changes(request: dict) -> bool:
    """Whether a request changes anything; signed addresses are asked for by POST."""
    return request["method"] != "GET" and not request["path"].endswith("/sasUri")


def test_every_golden_is_compared():
    """No golden lies about unused."""
    assert {path.stem for path in GOLDENS.glob("*.json")} == set(OPERATIONS)
