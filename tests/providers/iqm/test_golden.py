"""Golden circuits: the same counts from the local simulator and from either interface of IQM.

`tests/conformance/iqm/test_golden.py` runs the same circuits through the vendor's client.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from quantum_async.models.limits import Limits
from quantum_async.models.submission import JobSpec
from quantum_async.programs.objects import as_program
from quantum_async.providers.iqm.architecture import from_static
from quantum_async.providers.iqm.circuits import Circuit
from quantum_async.providers.iqm.client import IQMClient
from quantum_async.providers.iqm.dialect import Generation
from quantum_async.providers.iqm.options import IQMOptions
from quantum_async.providers.iqm.translate.programs import prepare
from quantum_async.providers.local.client import LocalClient
from quantum_async.scheduler.scheduler import Scheduler

_PATH = Path(__file__).parents[2] / "wire" / "iqm" / "golden.py"
_spec = importlib.util.spec_from_file_location("iqm_golden", _PATH)
golden = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(golden)

QUICK = Limits(min_poll_interval=0.02)


GARNET = from_static(
    tuple(f"QB{n}" for n in range(1, 21)),
    {name: tuple((f"QB{n}",) for n in range(1, 21)) for name in ("prx", "measure", "cc_prx")}
    | {"cz": (("QB3", "QB8"), ("QB7", "QB8"))},
)
"""As much of the chip as the golden circuits use."""


def placed(name):
    """The options that put a golden circuit onto its qubits."""
    layout = golden.NATIVE[name]["layout"]
    return IQMOptions(qubit_mapping={str(place): qubit for place, qubit in enumerate(layout)})


async def counts_on(client, on, options):
    """Run every golden circuit, each by itself, and give the counts by name."""
    async with Scheduler(client, limits=QUICK) as scheduler:
        jobs = {
            name: await scheduler.submit(
                as_program(make()), shots=golden.SHOTS, on=on, options=options(name)
            )
            for name, make in golden.CIRCUITS.items()
        }
        return {name: dict((await job).counts) for name, job in jobs.items()}


async def test_every_way_of_running_a_circuit_gives_the_same_counts(simulating):
    """Flip, GHZ with a permuted layout, two registers, mid-circuit measurement, condition, delays."""
    local = await counts_on(LocalClient(seed=1), "local:statevector", lambda _: None)
    for path, generation in (("", Generation.V1), ("/cocos", Generation.LEGACY)):
        iqm = IQMClient(simulating.url("iqm") + path, token="any", generation=generation)
        remote = await counts_on(iqm, "iqm:garnet", placed)
        for name, counts in remote.items():
            golden.check(name, counts)
            golden.check(name, local[name])
            if len(golden.NATIVE[name]["outcomes"]) == 1:
                assert counts == local[name]


async def test_a_star_runs_golden_circuits_over_its_resonator(simulating):
    """Transpiled on request, the GHZ circuits give the same over MOVEs."""
    transpiled = IQMOptions(transpile=True, seed=1)
    iqm = IQMClient(simulating.url("iqm"), token="any")
    async with Scheduler(iqm, limits=QUICK) as scheduler:
        for name in ("ghz", "ghz_undone", "two_registers"):
            program = as_program(golden.CIRCUITS[name]())
            job = await scheduler.submit(
                program, shots=golden.SHOTS, on="iqm:sirius", options=transpiled
            )
            golden.check(name, dict((await job).counts))


@pytest.mark.parametrize("name", sorted(golden.CIRCUITS))
def test_the_native_form_is_the_golden_one(name):
    """What is sent for a golden circuit is what the vendor's client is given, gate by gate."""
    described = golden.NATIVE[name]
    circuit = golden.CIRCUITS[name]()
    options = placed(name)
    sent = prepare(JobSpec("k", as_program(circuit), 1, {}, options), GARNET, options).circuit
    wanted = Circuit.of(described["circuit"])
    assert [
        (step.name, tuple(options.mapping[q] for q in step.locus), dict(step.args))
        for step in sent.instructions
    ] == [(step.name, step.locus, dict(step.args)) for step in wanted.instructions]
