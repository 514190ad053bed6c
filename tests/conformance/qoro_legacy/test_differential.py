"""The older service class and our client, side by side: what either puts on the wire."""

from __future__ import annotations

import re
from pathlib import Path

import anyio
import pytest
from divi.backends import (
    ExecutionConfig,
    ExecutionResult,
    JobConfig,
    QoroService,
    SimulationMethod,
    Simulator,
    _qoro_service,
)
from divi.circuits import TemplateEntry

from quantum_async import QoroClient
from quantum_async.integrations.divi.runner import QoroRunner
from quantum_async.providers.qoro.payloads import execution_config
from tests.conformance.qoro_differential import JOB, wire
from tests.conformance.qoro_legacy.conftest import BELL, FLIPPED, TURNED

PAGE = (Path(__file__).parents[3] / "docs" / "qoro.md").read_text("utf-8")
CONFIG = JobConfig(shots=200, simulator_cluster="qoro_maestro", tag="same")
EXECUTION = ExecutionConfig(
    bond_dimension=16,
    truncation_threshold=1e-6,
    simulator=Simulator.QCSim,
    simulation_method=SimulationMethod.MatrixProductState,
    api_meta={"optimization_level": 2},
)
ENTRY = TemplateEntry(TURNED, ("theta",), (("zero", (0.0,)), ("third", (-1e-05,))))


@pytest.fixture(scope="module")
def listening():
    """A service that notes what it is asked."""
    with wire() as found:
        yield found


@pytest.fixture
def vendor(listening, monkeypatch):
    """The vendor's service on it."""
    monkeypatch.setattr(_qoro_service, "API_URL", listening.url)
    service = QoroService(auth_token="key", job_config=CONFIG, polling_interval=0.01)
    listening.taken()
    return service


@pytest.mark.parametrize(
    ("method", "content", "options"),
    [
        ("submit_circuits", {"b/1": BELL, "a@2": FLIPPED}, {}),
        ("submit_circuits", {"a": BELL, "b": BELL}, {"shot_groups": [[0, 1, 5], [1, 2, 7]]}),
        ("submit_circuits", {"a": FLIPPED}, {"ham_ops": "ZII;IXY;III"}),
        (
            "submit_circuits",
            {"a": FLIPPED, "b": BELL},
            {"ham_ops": "ZII;IIZ|ZZ", "circuit_ham_map": [[0, 1], [1, 2]]},
        ),
        ("submit_circuits", {"a": BELL}, {"override_execution_config": EXECUTION}),
        (
            "submit_circuits",
            {"a": BELL},
            {"override_job_config": JobConfig(shots=7, tag="other", use_circuit_packing=True)},
        ),
        ("submit_circuit_templates", [ENTRY], {}),
        ("submit_circuit_templates", [ENTRY], {"ham_ops": "Z;X"}),
    ],
    ids="counts ranges values map execution override template template-values".split(),
)
def test_the_same_job_is_the_same_on_the_wire(vendor, listening, method, content, options):
    """Every field of every body, programs unpacked: our runner sends what the vendor's class does."""
    getattr(vendor, method)(content, **options)
    theirs = listening.taken()
    client = QoroClient(api_key="key", url=listening.url)
    with QoroRunner(client, shots=200, tag="same", target="qoro_maestro") as runner:
        getattr(runner, method)(content, **options)
    # The scheduler asks about the job from then on.
    assert [asked for asked in listening.taken() if asked[0] == "POST"] == theirs


def test_an_override_keeps_what_it_does_not_say(vendor, listening):
    """Weak spot 13: the vendor's class resets the tag, and ours does not."""
    only_shots = {"override_job_config": JobConfig(shots=7)}
    vendor.submit_circuits({"a": BELL}, **only_shots)
    assert listening.taken()[0][2]["tag"] == "default"
    with QoroRunner(QoroClient(api_key="key", url=listening.url), tag="same") as runner:
        runner.submit_circuits({"a": BELL}, **only_shots)
    assert listening.taken()[0][2]["tag"] == "same"


def test_configurations_are_set_and_read_alike(vendor, listening):
    """The same request, and the same document for the same configuration."""
    document = EXECUTION.to_payload()
    assert execution_config(document).document() == document
    job = ExecutionResult(job_id=JOB)
    vendor.set_execution_config(job, EXECUTION)
    theirs = listening.taken()

    async def main():
        async with QoroClient(api_key="key", url=listening.url) as client:
            await client.jobs.set_config(JOB, execution_config(document))

    anyio.run(main)
    assert listening.taken() == theirs


def test_every_operation_of_the_vendors_class_is_here():
    """The page lists each public name of the older class as well."""
    listed = set(re.findall(r"^\| `(\w+)` \| `(?:client|runner)\.", PAGE, re.MULTILINE))
    assert {name for name in dir(QoroService) if not name.startswith("_")} <= listed
