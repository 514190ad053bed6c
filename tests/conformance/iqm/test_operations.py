"""Every public operation of the vendor's client classes has one of ours, or a reason why not."""

from __future__ import annotations

import inspect
import uuid

import pytest
from iqm.iqm_client import IQMClient
from iqm.iqm_server_client.iqm_server_executor import IQMServerExecutor
from iqm.iqm_server_client.iqm_server_storage import IQMServerStorage
from iqm.station_control.client.authentication import ClientConfigurationError
from iqm.station_control.client.job_trackers import CircuitJobTracker, RunJobTracker

NOTHING_SENT = "a constant or a conversion of the vendor's own; nothing is asked of the server"
COMPILER = "arranges data by the vendor's compiler, which is their package; the data are read by"
STATION = "goes past IQM Server's interface to a station, where the server names a proxy path"
UNFINISHED = "raises NotImplementedError in the vendor's own client"

CLIENT = {
    "from_url": ["from_env"],
    "get_health": ["computers.health"],
    "get_about": ["computers.about", "computers.software"],
    "submit_circuits": ["submit_circuits", "submit"],
    "create_circuit_job_definition": ["prepare_circuits"],
    "submit_circuit_job": ["submit_prepared"],
    "get_job": ["jobs.get"],
    "cancel_job": ["jobs.cancel"],
    "delete_job": ["jobs.delete"],
    "get_static_quantum_architecture": ["computers.static_architecture"],
    "get_quality_metric_set": ["calibration.metrics"],
    "get_calibration_set": ["calibration.get"],
    "get_dynamic_quantum_architecture": ["computers.architecture"],
    "get_feedback_groups": ["calibration.feedback_groups"],
    "get_job_measurement_counts": ["jobs.counts"],
    "get_job_measurements": ["jobs.measurements"],
    "get_calibration_quality_metrics": ["calibration.get", "calibration.metrics"],
    "quantum_computer_name": ["computers.get"],
    "get_standard_compiler": (
        COMPILER,
        ["pulses.settings", "computers.chip_design", "calibration.get"],
    ),
    "submit_playlist": ["pulses.submit"],
    "get_chip_label": ["computers.chip_design"],
    "get_chip_topology": ["computers.chip_design"],
    "get_calibration_set_stash": ["calibration.get"],
}
TRACKER = {
    "job_id": ["submit_circuits"],
    "job_data": ["jobs.get"],
    "status": ["jobs.get", "poll"],
    "errors": ["jobs.get"],
    "payload": ["jobs.payload", "pulses.payload"],
    "update": ["jobs.get"],
    "cancel": ["jobs.cancel"],
    "wait_for_completion": ["jobs.wait"],
    "find_timeline_entry": ["jobs.get"],
    "result": ["jobs.measurements", "fetch", "pulses.results"],
    "result_counts": ["jobs.counts"],
    "result_sweep": ["pulses.results"],
    "result_exa": (COMPILER, ["pulses.results", "pulses.payload"]),
}
EXECUTOR = {
    "get_or_create_software_version_set": (NOTHING_SENT, []),
    "serialize": (NOTHING_SENT, []),
    "deserialize": (NOTHING_SENT, []),
    "get_experiment_configuration": (STATION, []),
    "get_dut_label": ["computers.chip_design"],
    "get_chip_design_record": ["computers.chip_design"],
    "get_channel_properties": ["calibration.feedback_groups", "computers.artifact"],
    "get_static_quantum_architecture": ["computers.static_architecture"],
    "get_settings": ["pulses.settings"],
    "submit_job": ["submit", "pulses.submit"],
    "get_job": ["jobs.get"],
    "get_job_payload": ["jobs.payload", "pulses.payload"],
    "get_artifact_sweep_results": ["pulses.results"],
    "get_artifact_measurements": ["jobs.measurements"],
    "get_artifact_measurement_counts": ["jobs.counts"],
    "cancel_job": ["jobs.cancel"],
    "delete_job": ["jobs.delete"],
}
STORAGE = {
    "serialize": (NOTHING_SENT, []),
    "deserialize": (NOTHING_SENT, []),
    "get_chip_design_record": ["computers.chip_design"],
    "get_calibration_set": ["calibration.get"],
    "get_dynamic_quantum_architecture": ["computers.architecture"],
    "get_calibration_set_quality_metric_set": ["calibration.metrics"],
    "get_run": (UNFINISHED, []),
    "query_runs": (UNFINISHED, []),
    "create_observations": (UNFINISHED, []),
    "query_observations": (STATION, []),
    "update_observations": (STATION, []),
    "query_observation_sets": (STATION, []),
    "create_observation_set": (STATION, []),
    "get_observation_set": (STATION, []),
    "update_observation_set": (STATION, []),
    "finalize_observation_set": (STATION, []),
    "get_observation_set_observations": (STATION, []),
    "get_dut_fields": (STATION, []),
    "query_sequence_metadatas": (STATION, []),
    "create_sequence_metadata": (STATION, []),
    "save_sequence_result": (STATION, []),
    "get_sequence_result": (STATION, []),
}
TABLE = {
    IQMClient: CLIENT,
    CircuitJobTracker: TRACKER,
    RunJobTracker: TRACKER,
    IQMServerExecutor: EXECUTOR,
    IQMServerStorage: STORAGE,
}


class AnyModel(list):
    """Passes for any value of the vendor's that is only serialised."""

    sequence_id = observation_set_id = uuid.UUID(int=1)

    def model_dump_json(self, **_):
        """Be empty."""
        return "{}"


def public(kind):
    """The public names of a class, inherited ones included."""
    fields = getattr(kind, "__dataclass_fields__", {})
    return {name for name in {*dir(kind), *fields} if not name.startswith("_")}


@pytest.mark.parametrize("kind", TABLE, ids=lambda kind: kind.__name__)
def test_no_operation_of_the_vendors_is_without_an_answer(kind):
    """A release with a new operation fails here until it has one of ours, or a reason."""
    missing = public(kind) - TABLE[kind].keys()
    assert not missing, f"{kind.__name__} can {sorted(missing)}, and we do not say how"


def test_the_table_names_what_there_is(ours):
    """Every operation of ours in the table exists, and every one of theirs does."""
    there = set(ours("operations"))
    for kind, table in TABLE.items():
        others = {name for k, t in TABLE.items() if t is table for name in public(k)}
        assert table.keys() <= others, kind.__name__
        for name, answer in table.items():
            mine = answer[1] if isinstance(answer, tuple) else answer
            assert set(mine) <= there, (kind.__name__, name)
            assert isinstance(answer, tuple) or mine, (kind.__name__, name)


REFUSED = [
    (part, name)
    for part, table in (("_executor", EXECUTOR), ("_storage", STORAGE))
    for name, answer in table.items()
    if isinstance(answer, tuple) and answer[0] in {STATION, UNFINISHED}
]


@pytest.mark.parametrize(("part", "name"), REFUSED)
def test_what_has_no_answer_fails_in_the_vendors_client_too(client, sandbox, part, name):
    """Where the server names no proxy path these end before anything is sent, in either client."""
    method = getattr(getattr(client, part), name)
    before = sandbox.stats("iqm")["requests"]
    parameters = inspect.signature(method).parameters.values()
    given = [p for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD]
    if any(p.name.endswith(("definition", "definitions", "update", "updates")) for p in given):
        arguments = [AnyModel()] * len(given)
    else:
        arguments = [uuid.uuid4()] * len(given)
    with pytest.raises((ClientConfigurationError, NotImplementedError)):
        method(*arguments)
    assert sandbox.stats("iqm")["requests"] == before
