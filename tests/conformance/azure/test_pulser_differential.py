"""Pulser's own backends on pulser-azure's connection and on ours, against one sandbox."""

from __future__ import annotations

import json
from collections import Counter

import pulser_azure.connection
import pytest
from pulser import Pulse, QPUBackend, Sequence
from pulser.backend import BitStrings, EmulationConfig
from pulser.backend.remote import RemoteBackend, RemoteResults
from pulser_azure import AzureConnection

ATOMS = {"q0": 0, "q1": 60}
PI = 6.283185307179586
EMULATORS = ["EMU_MPS", "EMU_SV", "EMU_FREE"]

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


class Emulator(RemoteBackend):
    """An emulator backend as pasqal-cloud's are made."""

    device_type = ""
    emulation: EmulationConfig | None = None

    def _submit_kwargs(self):
        return {
            "batch_id": self._batch_id,
            "backend_configuration": self.emulation,
            "device_type": self.device_type,
        }


@pytest.fixture(scope="module")
def connection(simulated, simulating_sandbox):
    """The vendor's connection; it takes no workspace and logs in by a chain that needs the cloud."""
    core = simulating_sandbox.env("pasqal")["QUANTUM_ASYNC_PASQAL_CORE_URL"]
    before = pulser_azure.connection._PASQAL_CLOUD_BASE_URL
    # It reads the address of the public specifications when it is imported.
    pulser_azure.connection._PASQAL_CLOUD_BASE_URL = core
    made = AzureConnection.__new__(AzureConnection)
    made._workspace = simulated
    yield made
    pulser_azure.connection._PASQAL_CLOUD_BASE_URL = before


@pytest.fixture(scope="module")
def ours(our_pulser, simulating_sandbox):
    """Our connection, in an environment that holds it."""
    core = simulating_sandbox.env("pasqal")["QUANTUM_ASYNC_PASQAL_CORE_URL"]
    return our_pulser("azure", PASQAL_CLOUD_BASE_URL=core)


@pytest.fixture(scope="module")
def mappable(connection):
    """A sequence whose jobs say where two atoms are and how strong the drive is."""
    device = connection.fetch_available_devices()["pasqal.qpu.fresnel"]
    sequence = Sequence(device.pre_calibrated_layouts[0].make_mappable_register(2), device)
    sequence.declare_channel("global", "rydberg_global")
    omega = sequence.declare_variable("omega")
    sequence.add(Pulse.ConstantPulse(500, omega, 0.0, 0.0), "global")
    return sequence


@pytest.fixture(scope="module")
def plain(connection):
    """A sequence without variables, not measured."""
    device = connection.fetch_available_devices()["pasqal.qpu.fresnel"]
    register = device.pre_calibrated_layouts[0].define_register(0, 60, qubit_ids=["a", "b"])
    sequence = Sequence(register, device)
    sequence.declare_channel("global", "rydberg_global")
    sequence.add(Pulse.ConstantPulse(500, PI, 0.0, 0.0), "global")
    return sequence


def job(omega, runs=40):
    return {"runs": runs, "variables": {"omega": omega, "qubits": ATOMS}}


def content(results):
    """What a result says of the atoms: their order and what was seen."""
    document = json.loads(results) if isinstance(results, str) else None
    if document is None:
        return list(results.atom_order), dict(results.final_bitstrings)
    last = document["results"][document["tagmap"]["bitstrings"]][-1]
    return list(document["atom_order"]), last


def same(theirs, mine):
    """Compare what both connections say of one batch."""
    assert mine["batch_id"] == theirs.batch_id
    assert mine["job_ids"] == list(theirs.job_ids)
    assert mine["status"] == theirs.get_batch_status().name
    assert [*map(content, mine["results"])] == [*map(content, theirs.results)]
    available = theirs.get_available_results()
    assert {n: content(each) for n, each in mine["available"].items()} == {
        n: content(each) for n, each in available.items()
    }


def wait(connection, results):
    """Wait for jobs of the vendor's, whose own way prints dots."""
    for job_id in results.job_ids:
        connection._workspace.get_job(job_id).wait_until_completed(
            max_poll_wait_secs=0.1, timeout_secs=300, print_progress=False
        )
    return results


def found(connection, batch_id, job_ids):
    """A batch's results as the vendor's connection finds them."""
    return RemoteResults(batch_id, connection, job_ids=job_ids)


def told(connection, job_id):
    """What was sent of a job: everything but the identities."""
    details = connection._workspace.get_job(job_id).details
    data = json.loads(connection._workspace.get_job(job_id).download_data(details.input_data_uri))
    read = {name: json.loads(text) for name, text in data.items()}
    # Pulser notes there which package the connection came from.
    read["sequence_builder"].pop("metadata", None)
    return {
        "input": read,
        "params": details.input_params,
        "formats": (details.input_data_format, details.output_data_format),
        "target": (details.provider_id, details.target),
    }


def test_devices(connection, ours):
    """Both offer the same devices under the same names."""
    theirs = connection.fetch_available_devices()
    mine = ours("devices")
    assert {name: mine[name] for name in theirs} == {
        name: each.to_abstract_repr() for name, each in theirs.items()
    }


def test_a_batch_of_theirs(connection, mappable, ours):
    """What the vendor's connection ran is read by ours: atoms, counts, order, status."""
    jobs = [job(PI / 2), job(PI, 7), job(0.0)]
    theirs = wait(connection, QPUBackend(mappable, connection).run(jobs))
    same(theirs, ours("results", batch_id=theirs.batch_id))
    part = found(connection, theirs.batch_id, theirs.job_ids[:0:-1])
    same_part = ours("results", batch_id=theirs.batch_id, job_ids=list(part.job_ids))
    assert [*map(content, same_part["results"])] == [*map(content, part.results)]


@pytest.mark.parametrize("is_open", [False, True])
def test_a_batch_of_ours(connection, mappable, ours, is_open, simulating_sandbox):
    """What our connection ran is read by the vendor's, from open batches too."""
    jobs = [job(PI / 2), job(PI, 7), job(0.0)]
    mine = ours("run", sequence=mappable.to_abstract_repr(), jobs=jobs, open=is_open)
    same(found(connection, mine["batch_id"], mine["job_ids"]), mine)
    shots = [sum(content(each)[1].values()) for each in mine["results"]]
    assert shots == [40, 7, 40]
    assert simulating_sandbox.stats("azure")["batches_open"] == 0


def test_the_same_is_sent(connection, mappable, ours):
    """The same script gives the same input, parameters and formats, job by job."""
    jobs = [job(PI / 2, 5), job(PI, 7)]
    theirs = wait(connection, QPUBackend(mappable, connection).run(jobs))
    mine = ours("run", sequence=mappable.to_abstract_repr(), jobs=jobs)
    by_us = {told(connection, n)["params"]["shots"]: told(connection, n) for n in mine["job_ids"]}
    by_them = {told(connection, n)["params"]["shots"]: told(connection, n) for n in theirs.job_ids}
    assert by_us == by_them


@pytest.mark.parametrize("device_type", EMULATORS)
def test_emulators(connection, plain, ours, simulating_sandbox, device_type):
    """Emulators are told the same configuration, and their results are read alike."""
    simulating_sandbox.change(options={"azure": {"pasqal_results": "serialised"}})
    config = EmulationConfig(observables=[BitStrings(num_shots=30)])
    backend = Emulator(plain, connection)
    backend.device_type, backend.emulation = device_type, config
    theirs = wait(connection, backend.run([{"runs": 30}]))
    same(theirs, ours("results", batch_id=theirs.batch_id))
    mine = ours(
        "run",
        sequence=plain.to_abstract_repr(),
        jobs=[{"runs": 30}],
        device_type=device_type,
        config=config.to_abstract_repr(),
    )
    same(found(connection, mine["batch_id"], mine["job_ids"]), mine)
    [atoms, counts] = content(mine["results"][0])
    assert (atoms, sum(counts.values())) == (["a", "b"], 30)
    [one], [other] = theirs.job_ids, mine["job_ids"]
    sent, vendors = told(connection, other), told(connection, one)
    assert sent["input"] == vendors["input"]
    assert (sent["target"], sent["formats"]) == (vendors["target"], vendors["formats"])
    simulating_sandbox.change(options={"azure": {"pasqal_results": "flat"}})


def test_requests(connection, mappable, ours, simulating_sandbox):
    """Reading a batch asks less through ours: no look-ups one by one, no inputs again."""

    def asked(function, *arguments, **named):
        before = Counter(simulating_sandbox.stats("azure")["requests"])
        function(*arguments, **named)
        return (Counter(simulating_sandbox.stats("azure")["requests"]) - before).total()

    jobs = [job(0.0)] * 6
    mine = ours("run", sequence=mappable.to_abstract_repr(), jobs=jobs)
    theirs = found(connection, mine["batch_id"], mine["job_ids"])
    by_them = asked(lambda: theirs.results)
    again = asked(theirs.get_available_results)
    by_us = asked(ours, "results", batch_id=mine["batch_id"], job_ids=mine["job_ids"])
    assert (by_them, again) >= (1 + 3 * 6, 1 + 3 * 6)
    # All of status, available results and results at once, of which ours keeps what it has read.
    assert by_us <= 2 + 2 * 6
