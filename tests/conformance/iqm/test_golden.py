"""Golden circuits through the vendor's client and ours, on the same server and on none."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest
from iqm.iqm_client import Circuit, IQMClient
from iqm.pulse import CircuitOperation
from iqm.qiskit_iqm import IQMProvider
from qiskit import transpile

spec = importlib.util.spec_from_file_location(
    "iqm_golden", Path(__file__).parents[2] / "wire" / "iqm" / "golden.py"
)
golden = importlib.util.module_from_spec(spec)
spec.loader.exec_module(golden)


def native(name):
    """A golden circuit as the vendor's core client takes it."""
    described = golden.NATIVE[name]["circuit"]
    return Circuit(
        name=name,
        instructions=tuple(
            CircuitOperation(i["name"], tuple(i["locus"]), dict(i["args"]))
            for i in described["instructions"]
        ),
    )


def finished(job):
    """Wait as the vendor does, only more often."""
    job.wait_for_completion(timeout_secs=300.0, polling_interval=0.02)
    return job


def places(name):
    """The indices of a golden circuit's qubits on the chip."""
    return [int(qubit.removeprefix("QB")) - 1 for qubit in golden.NATIVE[name]["layout"]]


def test_four_ways_give_the_same_counts(simulating, ours_simulating, simulating_sandbox):
    """The vendor's core client, its Qiskit layer, our client and no server at all agree."""
    url = simulating_sandbox.env("iqm")["IQM_SERVER_URL"]
    backend = IQMProvider(url, quantum_computer="garnet", token="any").get_backend()
    names = list(golden.CIRCUITS)
    core = finished(simulating.submit_circuits([native(n) for n in names], shots=golden.SHOTS))
    transpiled = [
        transpile(
            golden.CIRCUITS[name](),
            backend,
            initial_layout=places(name),
            optimization_level=0,
        )
        for name in names
    ]
    job = backend.run(transpiled, shots=golden.SHOTS)
    finished(simulating.get_job(job.job_id()))
    layered = job.result(timeout=300)
    for place, (name, measured) in enumerate(zip(names, core.result(), strict=True)):
        layout = golden.NATIVE[name]["layout"]
        ways = {
            "core": golden.counts_of(measured),
            "layer": layered.get_counts(place),
            "ours": ours_simulating("counts", name=name, on="iqm:garnet", layout=layout),
            "local": ours_simulating("counts", name=name, on="local:statevector"),
        }
        for counts in ways.values():
            golden.check(name, counts)
        if len(golden.NATIVE[name]["outcomes"]) == 1:
            assert ways["core"] == ways["layer"] == ways["ours"] == ways["local"]


@pytest.mark.parametrize("name", ["ghz", "ghz_undone"])
def test_a_star_over_its_resonator(ours_simulating, simulating_sandbox, name):
    """Transpiled by the vendor's layer and by us, a star gives the same."""
    url = simulating_sandbox.env("iqm")["IQM_SERVER_URL"]
    backend = IQMProvider(url, quantum_computer="sirius", token="any").get_backend()
    job = backend.run(
        transpile(golden.CIRCUITS[name](), backend, seed_transpiler=1), shots=golden.SHOTS
    )
    golden.check(name, job.result(timeout=300).get_counts())
    golden.check(name, ours_simulating("counts", name=name, on="iqm:sirius", transpile=True))


def test_shots_are_the_same_shots(simulating_sandbox, ours_simulating):
    """From the same seed, both clients read every shot of a GHZ state alike, bit for bit."""
    url = simulating_sandbox.env("iqm")["IQM_SERVER_URL"]
    measured = []
    for submit in (
        lambda: (
            finished(
                IQMClient.from_url(url, quantum_computer="garnet", token="any").submit_circuits(
                    [native("ghz")], shots=golden.SHOTS
                )
            ).job_id
        ),
        lambda: ours_simulating(
            "submit_circuits",
            circuits=[golden.NATIVE["ghz"]["circuit"]],
            shots=golden.SHOTS,
        ),
    ):
        simulating_sandbox.reset()
        job_id = str(submit())
        ours_simulating("jobs.wait", job_id)
        measured.append(ours_simulating("jobs.measurements", job_id))
    assert measured[0] == measured[1]
    golden.check("ghz", golden.counts_of(measured[0][0]))
