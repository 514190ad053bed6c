"""Jobs that are really simulated, in worker processes."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from quantum_async.sandbox import BlockingSandbox


@pytest.fixture(scope="module")
def simulating():
    """A sandbox that simulates, in one process."""
    with BlockingSandbox(job_time=0.01, workers=1, seed=3, preload=True) as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
def pi_pulse() -> str:
    """A parametrised sequence on two distant atoms; omega = 2 pi excites both."""
    import pulser

    layout = pulser.AnalogDevice.pre_calibrated_layouts[0]
    sequence = pulser.Sequence(layout.make_mappable_register(2), pulser.AnalogDevice)
    sequence.declare_channel("global", "rydberg_global")
    omega = sequence.declare_variable("omega")
    sequence.add(pulser.Pulse.ConstantPulse(500, omega, 0.0, 0.0), "global")
    sequence.measure()
    return sequence.to_abstract_repr()


def run(simulating, wire_to, make_batch, **changes):
    """Run a batch to its end and return its jobs and results."""
    pasqal = wire_to(simulating.url("pasqal"))
    batch = pasqal.v1("POST", "/batches", make_batch(**changes)).data
    pasqal.ended(batch)
    jobs = pasqal.v2("GET", f"/jobs?batch_id={batch['id']}&order_by_direction=ASC").data
    results = pasqal.v1("GET", f"/batches/{batch['id']}/full_results").data
    return jobs, [results.get(job["id"]) for job in jobs]


def test_the_server_binds_variables_and_atoms(simulating, wire_to, make_batch, pi_pulse):
    """Rabi angles 0 and pi leave two distant atoms down or excite them."""
    atoms = {"qubits": {"q0": 0, "q1": 60}}
    jobs, results = run(
        simulating,
        wire_to,
        make_batch,
        sequence_builder=pi_pulse,
        jobs=[
            {"runs": 100, "variables": {"omega": 0.0, **atoms}},
            {"runs": 100, "variables": {"omega": 6.283185307179586, **atoms}},
        ],
    )
    assert [job["status"] for job in jobs] == ["DONE", "DONE"]
    assert results[0]["counter"] == {"00": 100}
    assert results[1]["counter"].get("11", 0) > 90


def test_an_emulation_config_is_obeyed(simulating, wire_to, make_batch, pi_pulse):
    """With a backend configuration the result is Pulser's own, with its observables."""
    from pulser.backend import BitStrings, EmulationConfig, Occupation, Results

    config = EmulationConfig(observables=[BitStrings(), Occupation()], default_num_shots=64)
    variables = {"omega": 0.0, "qubits": {"q0": 0, "q1": 60}}
    _, (result,) = run(
        simulating,
        wire_to,
        make_batch,
        device_type="EMU_FREE",
        sequence_builder=pi_pulse,
        backend_configuration=config.to_abstract_repr(),
        jobs=[{"variables": variables}],
    )
    read = Results.from_abstract_repr(result["serialised_results"])
    assert read.final_bitstrings == {"00": 64}
    assert list(read.occupation[0]) == pytest.approx([0.0, 0.0])


def test_what_cannot_be_simulated_ends_in_error(simulating, wire_to, make_batch):
    """A job whose simulation fails is ERROR with the reason, and the batch is DONE."""
    jobs, results = run(simulating, wire_to, make_batch)
    assert jobs[0]["status"] == "ERROR"
    assert jobs[0]["errors"][0]
    assert results == [None]


def test_a_killed_worker_does_not_end_the_service(simulating, wire_to, make_batch, pi_pulse):
    """A job whose worker is killed ends in ERROR, and later ones are simulated again."""
    variables = {"omega": 0.0, "qubits": {"q0": 0, "q1": 60}}
    changes = {"sequence_builder": pi_pulse, "jobs": [{"runs": 5, "variables": variables}]}
    for pid in _workers(simulating):
        os.kill(pid, signal.SIGKILL)
    for _ in range(3):
        jobs, results = run(simulating, wire_to, make_batch, **changes)
        if jobs[0]["status"] == "DONE":
            break
    assert results[0]["counter"] == {"00": 5}


def _workers(simulating) -> list[int]:
    pid = simulating._process._child.pid
    place = Path(f"/proc/{pid}/task/{pid}/children")
    if not place.exists():
        pytest.skip("needs Linux's list of child processes")
    return [int(word) for word in place.read_text().split()]
