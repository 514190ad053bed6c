"""Every operation of the Qoro service without an `await`."""

from __future__ import annotations

import pytest

import quantum_async.blocking as qa
from quantum_async.errors import ConflictError, NotFoundError
from quantum_async.models.job import JobStatus
from quantum_async.providers.qoro.options import ExecutionConfig, JobConfig
from quantum_async.providers.qoro.payloads import (
    ObservableGroups,
    QoroCircuit,
    QoroTemplate,
    Shots,
    TemplateRow,
)

BELL = "OPENQASM 2.0; qreg q[2]; creg c[2]; h q[0]; cx q[0],q[1]; measure q -> c;"
TURNED = "OPENQASM 2.0; qreg q[1]; creg c[1]; rx(t) q[0]; measure q -> c;"


@pytest.fixture
def client(blocking_sandbox):
    """A blocking client of the sandbox, with nothing in it."""
    blocking_sandbox.reset()
    with qa.QoroClient.from_env(blocking_sandbox.env("qoro")) as opened:
        yield opened


def ended(client, job_id):
    """Wait until a job has ended."""
    while not (state := client.jobs.status(job_id)).status.is_terminal:
        pass
    return state


def test_targets_and_credits(client):
    """Lists, the balance and its movements are values."""
    client.test_connection()
    assert [system.name for system in client.systems.qpus()] == ["lab_qpu"]
    assert {cluster.name for cluster in client.systems.clusters()} >= {"qoro_maestro"}
    assert client.systems.blueprints()["ibm"].label == "IBM Quantum"
    assert client.systems.find("lab_qpu").qpus[0].q_bits == 20
    assert "lab_qpu" in {device.name for device in client.devices()}
    assert client.credits.balance().balance == 500
    assert client.credits.page(1, page_size=5).count == 1
    assert [one.transaction_type for one in client.credits.transactions()] == ["PURCHASE"]


def test_jobs_from_submission_to_results(client):
    """Circuits, templates and observables; all rows at once and one after the other."""
    counted = client.jobs.submit([QoroCircuit("a", BELL)], measured=Shots(7))
    assert ended(client, counted).status is JobStatus.SUCCEEDED
    assert sum(client.jobs.counts(counted)["a"].values()) == 7
    rows = (TemplateRow("one", (1.0,)), TemplateRow("two", (2.0,)))
    swept = client.jobs.submit([QoroTemplate(TURNED, ("t",), rows)])
    ended(client, swept)
    assert [row.label for row in client.jobs.iterate(swept)] == ["one", "two"]
    assert len(client.jobs.rows(swept)) == 2
    groups = ObservableGroups((("ZZ",),))
    valued = client.jobs.submit([QoroCircuit("a", BELL)], measured=groups)
    ended(client, valued)
    assert set(client.jobs.expectation_values(valued)["a"]) == {"ZZ"}


def test_jobs_are_configured_cancelled_and_deleted(client, blocking_sandbox):
    """What a waiting job was opened with can be read and replaced."""
    blocking_sandbox.change(queue_time=60)
    try:
        config = JobConfig(tag="t", execution=ExecutionConfig(bond_dimension=4))
        job_id = client.jobs.submit([QoroCircuit("a", BELL)], config=JobConfig(tag="t"))
        assert client.jobs.config(job_id).execution_configuration is None
        other = client.jobs.submit([QoroCircuit("a", BELL)], config=config)
        assert client.jobs.config(other).execution_configuration == {"bond_dimension": 4}
        stored = client.jobs.set_config(other, ExecutionConfig(bond_dimension=8))
        assert stored.execution_configuration == {"bond_dimension": 8}
        assert client.jobs.cancel(job_id).circuits_cancelled == 1
        with pytest.raises(ConflictError):
            client.jobs.cancel(job_id)
        client.jobs.delete(job_id)
        with pytest.raises(NotFoundError):
            client.jobs.status(job_id)
    finally:
        blocking_sandbox.change(queue_time=0)


def test_problems_are_characterised(client):
    """Submitted, fetched again and shown."""
    found = client.characterisations.submit({"0": -1.0}, reference_states=["1"])
    assert found.quality_score == 100.0
    again = client.characterisations.fetch(found.job_id, with_page=True)
    assert again == found
    assert again._repr_html_() == client.characterisations.html(found.job_id)
