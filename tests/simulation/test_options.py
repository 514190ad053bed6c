"""Options of simulated jobs: taken from every client's class, and kept."""

from __future__ import annotations

import pytest
from pulser import NoiseModel
from pulser.backend import BitStrings, EmulationConfig

import quantum_async as qa
from quantum_async.errors import InvalidOptionError
from quantum_async.models.submission import EmulationOptions, RunOptions
from quantum_async.simulation.options import SimulationOptions
from tests.simulation.sequences import pi_pulse

BELL = 'OPENQASM 2.0; include "qelib1.inc"; qreg q[1]; creg c[1]; x q[0]; measure q -> c;'
BLIND = NoiseModel(p_false_pos=0.0, p_false_neg=1.0)
CONFIG = EmulationConfig(observables=[BitStrings()], noise_model=BLIND)


@pytest.mark.timeout(150)  # worker processes import Pulser's simulator
@pytest.mark.parametrize(
    "options",
    [
        qa.PasqalOptions(emulation=CONFIG),
        qa.AzureOptions(emulation=CONFIG),
        EmulationOptions(emulation=CONFIG),
        SimulationOptions(emulation=CONFIG),
        SimulationOptions(emulation=BLIND),
    ],
    ids=["pasqal", "azure", "common", "ours", "noise-alone"],
)
async def test_noise_is_applied_whichever_options_name_it(options):
    """A job and a sweep of a sequence in which no excited atom is ever seen."""
    async with qa.Scheduler(qa.LocalClient(seed=1)) as scheduler:
        job = await scheduler.submit(pi_pulse("a"), shots=20, options=options)
        assert (await job).counts == {"000": 20}
        sweep = scheduler.sweep(
            lambda place: pi_pulse("a"), qa.grid(place=[1]), shots=20, options=options
        )
        assert [point.result.counts for point in await sweep] == [{"000": 20}]


@pytest.mark.parametrize(
    ("program", "options", "name"),
    [
        (BELL, qa.PasqalOptions(emulation=CONFIG), "SimulationOptions.emulation"),
        (pi_pulse("a"), RunOptions(observables=("Z",)), "SimulationOptions.observables"),
        (BELL, qa.PasqalOptions(webhook="https://example.com"), "PasqalOptions.webhook"),
        (BELL, qa.AzureOptions(form="native"), "AzureOptions.form"),
        (BELL, qa.IQMOptions(heralding_mode="zeros"), "IQMOptions.heralding_mode"),
        (BELL, qa.QoroOptions(use_packing=True), "QoroOptions.use_packing"),
        (BELL, {"seed": 1}, "not a RunOptions"),
    ],
    ids=["emulation", "observables", "pasqal", "azure", "iqm", "qoro", "no-options"],
)
async def test_what_a_simulator_cannot_carry_is_refused(program, options, name):
    """By name, for jobs, sweeps and batches."""
    async with qa.Scheduler(qa.LocalClient()) as scheduler:
        with pytest.raises(InvalidOptionError, match=name):
            await scheduler.submit(program, shots=5, options=options)
        with pytest.raises(InvalidOptionError, match=name):
            await scheduler.sweep(
                lambda place: program, qa.grid(place=[1]), shots=5, options=options, on="local"
            )
        if "SimulationOptions" not in name:
            with pytest.raises(InvalidOptionError, match=name):
                scheduler.open_batch(program, options=options)


async def test_tags_are_kept_with_the_result():
    """A simulator has no list to search, so that they are in the metadata."""
    async with qa.Scheduler(qa.LocalClient()) as scheduler:
        job = await scheduler.submit(BELL, shots=5, options=RunOptions(tags=("mine", "yours")))
        assert (await job).metadata["tags"] == "mine, yours"
        plain = await scheduler.submit(BELL, shots=5)
        assert "tags" not in (await plain).metadata
