"""The vendor's client and ours, on the same sandbox: same bodies, same fields, same refusals."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from uuid import uuid4

import pytest
from iqm.iqm_client import (
    Circuit,
    CircuitCompilationOptions,
    DDMode,
    DDStrategy,
    HeraldingMode,
    MoveGateFrameTrackingMode,
    MoveGateValidationMode,
)
from iqm.pulse import CircuitOperation
from iqm.qiskit_iqm.qiskit_to_iqm import serialize_instructions

HERE = Path(__file__)
spec = importlib.util.spec_from_file_location(
    "iqm_golden", HERE.parents[2] / "wire" / "iqm" / "golden.py"
)
golden = importlib.util.module_from_spec(spec)
spec.loader.exec_module(golden)

STRATEGY = {
    "merge_contiguous_waits": True,
    "target_qubits": ["QB1"],
    "skip_leading_wait": False,
    "skip_trailing_wait": True,
    "gate_sequences": [(9, "XYXYYXYX", "asap"), (2, [(3.0, 0.0), (3.0, 0.0)], "center")],
}
LOGICAL = {
    "name": "logical",
    "instructions": [
        {"name": "prx", "locus": ["a"], "args": {"angle": 0.25, "phase": -1.5}},
        {"name": "barrier", "locus": ["a", "b"], "args": {}},
        {"name": "measure", "locus": ["a", "b"], "args": {"key": "m"}},
    ],
}


def theirs(document):
    """A circuit as the vendor's client takes it."""
    return Circuit(
        name=document["name"],
        instructions=tuple(
            CircuitOperation(i["name"], tuple(i["locus"]), dict(i["args"]))
            for i in document["instructions"]
        ),
        metadata=document.get("metadata"),
    )


def payload(client, job_id):
    """What a job was submitted as, as it is."""
    import requests

    path = f"jobs/{job_id}/payload"
    return client._executor.client.send_request(requests.get, path).json()


OPTIONS = [
    ({}, {}),
    (
        {
            "heralding_mode": HeraldingMode.ZEROS,
            "max_circuit_duration_over_t2": 0.75,
            "active_reset_cycles": 2,
            "dd_mode": DDMode.ENABLED,
        },
        {
            "heralding_mode": "zeros",
            "max_circuit_duration_over_t2": 0.75,
            "active_reset_cycles": 2,
            "dynamical_decoupling": True,
        },
    ),
    (
        {
            "move_gate_validation": MoveGateValidationMode.ALLOW_PRX,
            "move_gate_frame_tracking": MoveGateFrameTrackingMode.NO_DETUNING_CORRECTION,
            "dd_mode": DDMode.ENABLED,
            "dd_strategy": DDStrategy(**STRATEGY),
        },
        {
            "move_validation": "allow_prx",
            "move_frame_tracking": "no_detuning_correction",
            "dynamical_decoupling": STRATEGY,
        },
    ),
    (
        {
            "move_gate_validation": MoveGateValidationMode.NONE,
            "move_gate_frame_tracking": MoveGateFrameTrackingMode.NONE,
        },
        {"move_validation": "none", "move_frame_tracking": "none"},
    ),
]


@pytest.mark.parametrize("case", range(len(OPTIONS)))
def test_the_same_submission_has_the_same_body(client, ours, case):
    """Circuits, mapping, calibration set and every option are written alike, field by field."""
    vendors, our = OPTIONS[case]
    mapping = {"a": "QB3", "b": "QB4"}
    architecture = client.get_dynamic_quantum_architecture()
    calibration = architecture.calibration_set_id if case else None
    job = client.submit_circuits(
        [theirs(LOGICAL)] * 2,
        qubit_mapping=mapping,
        calibration_set_id=calibration,
        shots=7,
        options=CircuitCompilationOptions(**vendors),
    )
    options = {**our, "qubit_mapping": mapping}
    if calibration is not None:
        options["calibration_set_id"] = str(calibration)
    job_id = ours("submit_circuits", circuits=[LOGICAL] * 2, shots=7, options=options)
    assert payload(client, job_id) == payload(client, job.job_id)


@pytest.mark.parametrize("name", sorted(golden.CIRCUITS))
def test_the_same_qiskit_circuit_becomes_the_same_instructions(client, ours, name):
    """What the vendor's Qiskit layer makes of a circuit is what we make of it, keys included."""
    layout = golden.NATIVE[name]["layout"]
    operations = serialize_instructions(golden.CIRCUITS[name](), dict(enumerate(layout)))
    mapping = {str(place): qubit for place, qubit in enumerate(layout)}
    job_id = ours(
        "submit_circuits", circuits=[{"name": name}], shots=1, options={"qubit_mapping": mapping}
    )
    [sent] = payload(client, job_id)["circuits"]
    assert [
        (i["name"], [mapping[q] for q in i["locus"]], pytest.approx(i["args"]))
        if all(isinstance(value, float) for value in i["args"].values())
        else (i["name"], [mapping[q] for q in i["locus"]], i["args"])
        for i in sent["instructions"]
    ] == [(o.name, list(o.locus), dict(o.args)) for o in operations]


def shared(mine, other):
    """The part of the vendor's document whose fields we name as well."""
    if isinstance(mine, dict) and isinstance(other, dict):
        return {key: shared(mine[key], other[key]) for key in mine if key in other}
    if isinstance(mine, list) and isinstance(other, list) and len(mine) == len(other):
        return [shared(a, b) for a, b in zip(mine, other, strict=True)]
    return other


def dump(model):
    """The vendor's value as JSON."""
    return json.loads(model.model_dump_json())


def test_what_is_read_is_read_alike(client, ours):
    """Architectures, calibration, metrics, feedback groups, health and about have equal fields."""
    static = dump(client.get_static_quantum_architecture())
    assert ours("computers.static_architecture") == static
    dynamic = client.get_dynamic_quantum_architecture()
    found = ours("computers.architecture")
    assert found["qubits"] == dynamic.qubits
    assert found["calibration_set_id"] == str(dynamic.calibration_set_id)
    for gate, described in dynamic.gates.items():
        mine = found["gates"][gate]
        assert mine["default_implementation"] == described.default_implementation
        assert {
            name: sorted(map(tuple, each["loci"])) for name, each in mine["implementations"].items()
        } == {name: sorted(each.loci) for name, each in described.implementations.items()}
    for theirs_of, name in (
        (client.get_calibration_set, "calibration.get"),
        (client.get_quality_metric_set, "calibration.metrics"),
    ):
        mine, other = ours(name), theirs_of()
        assert mine["observation_set_id"] == str(other.observation_set_id)
        assert [(o["dut_field"], o["value"], o["unit"]) for o in mine["observations"]] == [
            (o.dut_field, o.value, o.unit) for o in other.observations
        ]
    groups = [sorted(group) for group in client.get_feedback_groups()]
    assert sorted(ours("calibration.feedback_groups")) == sorted(groups)
    assert ours("computers.health")["healthy"] == client.get_health()["healthy"]
    about = client.get_about()
    assert ours("computers.software") == about.pop("about_station")
    assert ours("computers.about") == about
    assert ours("computers.get")["alias"] == client.quantum_computer_name


def test_a_job_is_read_alike(client, ours):
    """Status, timeline, errors, compilation, measurements and counts of one job agree."""
    job = client.submit_circuits([theirs(LOGICAL)], qubit_mapping={"a": "QB1", "b": "QB2"}, shots=9)
    job.wait_for_completion(polling_interval=0.02)
    job_id = str(job.job_id)
    mine, other = ours("jobs.get", job_id), dump(job.job_data)
    assert mine["reported"] == other["status"]
    assert [entry["status"] for entry in mine["timeline"]] == [
        entry["status"] for entry in other["timeline"]
    ]
    for field in ("id", "type", "queue_position"):
        assert mine[field] == other[field]
    assert shared(mine["compilation"], other["compilation"]) == other["compilation"]
    assert mine["artifacts"] == other["artifacts"]
    assert mine["errors"] == other["errors"] == []
    assert ours("jobs.measurements", job_id) == [dict(r) for r in job.result()]
    assert ours("jobs.counts", job_id) == [dump(c) for c in job.result_counts()]
    assert ours("jobs.payload", job_id) == payload(client, job_id)


def test_a_failure_is_read_alike(client, ours, sandbox):
    """The server's errors of a failed job are the same words."""
    sandbox.set_faults({"provider": "iqm", "method": "POST", "fault": "job-failure"})
    job = client.submit_circuits([theirs(LOGICAL)], qubit_mapping={"a": "QB1", "b": "QB2"})
    sandbox.set_faults()
    job.wait_for_completion(polling_interval=0.02)
    [error] = dump(job.job_data)["errors"]
    [mine] = ours("jobs.get", str(job.job_id))["errors"]
    assert (mine["source"], mine["error_code"], mine["message"]) == (
        error["source"],
        error["error_code"],
        error["message"],
    )


@pytest.mark.parametrize(
    ("call", "vendors"),
    [
        ("jobs.get", "get_job"),
        ("jobs.cancel", "cancel_job"),
        ("jobs.delete", "delete_job"),
        ("jobs.measurements", "get_job_measurements"),
        ("jobs.counts", "get_job_measurement_counts"),
    ],
)
def test_an_unknown_job_is_refused_alike(client, ours, call, vendors):
    """Both clients say not found; ours keeps the code and the request's id as well."""
    job_id = uuid4()
    with pytest.raises(Exception, match="was not found") as caught:
        getattr(client, vendors)(job_id)
    assert type(caught.value).__name__ == "NotFoundError"
    answer = ours.answer(call, str(job_id))
    assert answer["error"] == "NotFoundError"
    assert "job_not_found" in answer["message"]
    assert "req-" in answer["message"]


def test_the_same_work_costs_fewer_requests(client, ours, sandbox):
    """Three submissions and their results: the vendor's client asks for more than ours (1, 3, 4)."""
    mapping = {"a": "QB1", "b": "QB2"}
    for _ in range(3):
        job = client.submit_circuits([theirs(LOGICAL)], qubit_mapping=mapping)
        job.wait_for_completion(polling_interval=0.005)
        job.result()
    vendors = sum(sandbox.stats("iqm")["requests"].values())
    before = vendors
    for _ in range(3):
        job_id = ours("submit_circuits", circuits=[LOGICAL], options={"qubit_mapping": mapping})
        ours("jobs.wait", job_id)
        ours("jobs.measurements", job_id)
    assert sum(sandbox.stats("iqm")["requests"].values()) - before < vendors
