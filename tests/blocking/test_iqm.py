"""Every operation of IQM's client, without ``await``."""

from __future__ import annotations

import inspect

import pytest

import quantum_async.blocking as qa
from quantum_async.errors import NotFoundError
from quantum_async.models.job import JobRef
from quantum_async.providers.iqm.circuits import Circuit, Instruction
from quantum_async.providers.iqm.dialect import Generation
from quantum_async.sandbox import BlockingSandbox

FLIP = Circuit("flip", (Instruction("measure", ("QB1",), {"key": "m"}),))
RUN = b"\n\x02id" + b"\x6a\x07\x12\x05\x22\x03one"
"""A run definition that returns one value."""


@pytest.fixture(scope="module")
def counting():
    """A sandbox that draws counts, one for all tests of this module."""
    with BlockingSandbox(
        simulate=False, job_time=0.02, parallel=True, services=("iqm",)
    ) as running:
        yield running


@pytest.fixture
def iqm(counting):
    """An open client of it."""
    with qa.IQMClient(counting.url("iqm"), quantum_computer="garnet", token="any") as opened:
        yield opened


def test_jobs(iqm):
    """Submit in each way, wait, read, cancel, delete."""
    job_id = str(iqm.submit_prepared(iqm.prepare_circuits([FLIP], shots=4)))
    assert iqm.jobs.wait(job_id, timeout=10).status.is_terminal
    assert iqm.jobs.get(job_id).id == job_id
    assert len(iqm.jobs.measurements(job_id)[0]["m"]) == 4
    assert sum(iqm.jobs.counts(job_id)[0].counts.values()) == 4
    assert iqm.jobs.payload(job_id)["shots"] == 4
    assert iqm.jobs.artifact(job_id, "measurements")
    assert iqm.jobs.address(job_id).endswith(job_id)
    assert iqm.jobs.cancel(job_id) is False
    assert iqm.fetch(JobRef("iqm", job_id, "garnet")).shots == 4
    iqm.jobs.delete(job_id)
    with pytest.raises(NotFoundError):
        iqm.jobs.get(job_id)


def test_the_older_names(iqm):
    """The operations of IQM's older class."""
    job_id = iqm.submit_circuits([FLIP], shots=3)
    iqm.wait_for_compilation(job_id, timeout_secs=10)
    assert iqm.wait_for_results(job_id, timeout_secs=10).status == "ready"
    assert iqm.get_run_status(job_id).status == "ready"
    assert len(iqm.get_run(job_id).measurements[0]["m"]) == 3
    iqm.abort_job(job_id)
    assert len(iqm.get_quantum_architecture().qubits) == 20
    assert iqm.close_auth_session() is False
    assert iqm.generation() is Generation.V1
    assert iqm.token() == "any"


def test_computers_and_calibration(iqm):
    """Everything that is asked of quantum computers."""
    computers = iqm.computers
    assert len(computers.list()) == 3
    assert computers.get().alias == "garnet"
    assert computers.health().healthy
    assert computers.limits().max_circuits_per_job == 500
    assert len(computers.static_architecture().qubits) == 20
    assert computers.architecture().loci("cz")
    assert computers.queue().queue_length == 0
    slot = computers.timeslots().available_slots[0]
    assert computers.book_timeslots({slot.reference: slot.price}) == (slot,)
    assert computers.artifact("duts")
    assert computers.chip_design().label
    assert computers.software()["version"]
    assert computers.about()
    assert iqm.calibration.get().observations
    assert iqm.calibration.metrics().observations
    assert len(iqm.calibration.feedback_groups()) == 2


def test_pulses_and_tokens(iqm):
    """Pulse jobs, and the life of a token."""
    job_id = iqm.pulses.submit(RUN)
    iqm.jobs.wait(job_id)
    assert iqm.pulses.results(job_id)["one"][0].shape == (1,)
    assert iqm.pulses.payload(job_id) == RUN
    assert iqm.pulses.settings()
    [token] = iqm.tokens.list()
    new = iqm.tokens.refresh(lifetime=60, refreshing_lifetime=600)
    iqm.tokens.activate(new.token)
    iqm.tokens.revoke("somebody-elses")
    assert token.last_characters == "any"


def test_no_operation_is_left_out():
    """Whatever the resource groups can do is tried above, by name."""
    source = "".join(
        inspect.getsource(test)
        for test in (test_jobs, test_computers_and_calibration, test_pulses_and_tokens)
    )
    for group in ("jobs", "computers", "calibration", "pulses", "tokens"):
        kind = getattr(qa.IQMClient, group).fget.__annotations__["return"]
        twin = inspect.getmodule(qa.IQMClient).__dict__[str(kind).rpartition(".")[2]]
        for name, member in vars(twin).items():
            if inspect.isfunction(member) and not name.startswith("_"):
                assert f"{group}.{name}(" in source, f"{group}.{name}"
