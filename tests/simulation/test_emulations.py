"""Configurations of any of Pulser's emulators, and the noise of a sequence's own device."""

from __future__ import annotations

import json
import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import ClassVar

import pytest
from pulser import NoiseModel, Pulse, Register, Sequence
from pulser.backend import BitStrings, EmulationConfig, Occupation
from pulser.devices import MockDevice

import quantum_async as qa
from quantum_async.errors import DeviceLimitError, InvalidOptionError
from quantum_async.simulation.options import SimulationOptions
from quantum_async.simulation.run import simulate, validate
from tests.simulation.jobs import job
from tests.simulation.sequences import pi_pulse, rabi


class MPSConfig(EmulationConfig):
    """Shaped like that of emu-mps, which needs torch."""

    _enforce_expected_kwargs: ClassVar[bool] = True

    def __init__(self, **given):
        own = {
            "dt": 10.0,
            "precision": 1e-5,
            "max_bond_dim": 1024,
            "max_krylov_dim": 100,
            "extra_krylov_tolerance": 1e-3,
            "num_gpus_to_use": None,
            "optimize_qubit_ordering": True,
            "interaction_cutoff": 0.0,
            "log_level": 20,
            "log_file": None,
            "autosave_prefix": "emu_mps_save_",
            "autosave_dt": math.inf,
            "solver": "tdvp",
        }
        super().__init__(**(own | given))

    def _expected_kwargs(self):
        return super()._expected_kwargs() | {
            *("dt", "precision", "max_bond_dim", "max_krylov_dim", "extra_krylov_tolerance"),
            *("num_gpus_to_use", "optimize_qubit_ordering", "interaction_cutoff", "log_level"),
            *("log_file", "autosave_prefix", "autosave_dt", "solver"),
        }


@pytest.mark.parametrize("solver", ["tdvp", "dmrg"])
def test_what_only_another_emulator_understands_is_left_out(solver):
    """Its step, its precision and its solver; what is to be computed stays."""
    config = MPSConfig(
        observables=[Occupation(evaluation_times=[1.0])],
        noise_model=NoiseModel(p_false_neg=0.999999, p_false_pos=0.0),
        solver=solver,
    )
    chosen = SimulationOptions(seed=1, emulation=config)
    result = simulate(job(pi_pulse("a"), 50, chosen=chosen), "pulser")
    assert result.counts == {"000": 50}
    assert "occupation" in result.raw


@pytest.mark.parametrize(
    ("options", "meant"),
    [
        ({"sampling_rates": 0.5}, "sampling_rate"),
        ({"Noise_model": {}}, "noise_model"),
        ({"solver": "montecarlo"}, "MonteCarlo"),
    ],
)
def test_a_misspelt_word_is_not_taken_for_another_emulators(options, meant):
    """It is refused with the word that is meant."""
    text = EmulationConfig(observables=[BitStrings()]).to_abstract_repr()
    chosen = SimulationOptions(emulation=json.dumps(json.loads(text) | options))
    with pytest.raises(InvalidOptionError, match=f"is '{meant}' meant"):
        validate(job(pi_pulse("a"), 50, chosen=chosen), "pulser")


@pytest.mark.parametrize(
    "noise",
    [NoiseModel(dephasing_rate=2.0), NoiseModel(depolarizing_rate=1.0, temperature=50.0)],
    ids=["dissipative", "both"],
)
def test_the_seed_decides_under_the_noise_of_the_device(noise):
    """As it does under noise that the configuration names."""
    register = Register({"a": (0.0, 0.0), "b": (8.0, 0.0)})
    sequence = Sequence(register, replace(MockDevice, noise_model=noise))
    sequence.declare_channel("channel", "rydberg_global")
    sequence.add(Pulse.ConstantPulse(300, 9.0, 0.0, 0.0), "channel")
    config = EmulationConfig(
        observables=[BitStrings()], prefer_device_noise_model=True, n_trajectories=3
    )
    chosen = SimulationOptions(seed=5, emulation=config)
    first, second = (simulate(job(sequence, 999, chosen=chosen), "pulser") for _ in range(2))
    assert first.counts == second.counts
    assert first.metadata["noise"] == ", ".join(sorted(noise.noise_types))
    other = replace(chosen, seed=6)
    assert simulate(job(sequence, 999, chosen=other), "pulser").counts != first.counts


def test_the_noise_of_the_device_counts_for_what_fits_in_memory():
    """Its density matrix is refused where the configuration's would be."""
    noisy = replace(MockDevice, noise_model=NoiseModel(dephasing_rate=2.0))
    register = Register.square(4, spacing=6.0, prefix="q")
    for device, prefers in ((MockDevice, True), (noisy, False), (noisy, True)):
        sequence = Sequence(register, device)
        sequence.declare_channel("channel", "rydberg_global")
        sequence.add(Pulse.ConstantPulse(300, 9.0, 0.0, 0.0), "channel")
        config = EmulationConfig(observables=[BitStrings()], prefer_device_noise_model=prefers)
        wanted = job(sequence, 5, chosen=SimulationOptions(emulation=config))
        if device is noisy and prefers:
            with pytest.raises(DeviceLimitError, match="16 atoms"):
                validate(wanted, "pulser")
        else:
            validate(wanted, "pulser")


def test_a_solver_that_nothing_needs_takes_a_seed():
    """Without dissipation there is nothing that the Monte-Carlo solver would draw."""
    config = EmulationConfig(observables=[BitStrings()], solver="MonteCarlo")
    chosen = SimulationOptions(seed=3, emulation=config)
    wanted = job(rabi(2), 100, {"omega": 9.0}, chosen=chosen)
    assert simulate(wanted, "pulser").counts == simulate(wanted, "pulser").counts


@pytest.mark.filterwarnings("ignore:Usage of `int`s:DeprecationWarning")
@pytest.mark.timeout(150)  # a worker process imports Pulser's simulator
async def test_a_worker_process_runs_what_has_no_text():
    """Noise asks for a process of its own, and a sequence that Pulser cannot write gets there."""
    chosen = SimulationOptions(seed=1, emulation=NoiseModel(p_false_pos=0.0, p_false_neg=0.5))
    sequence = pi_pulse("1", names=(1, "1"))
    async with qa.Scheduler(qa.LocalClient(workers=1)) as scheduler:
        sent = await scheduler.submit(sequence, shots=400, options=chosen)
        counts = (await sent).counts
    assert counts.keys() == {"00", "01"}
    assert 100 < counts["01"] < 300


def noisy_options(kind):
    """Give options of a seeded job: nothing more, dissipation, or what is drawn per trajectory."""
    noises = {
        "ideal": None,
        "dissipative": NoiseModel(dephasing_rate=1.0),
        "drawn": NoiseModel(temperature=60.0, p_false_pos=0.1),
    }
    return SimulationOptions(seed=11, emulation=noises[kind])


@pytest.mark.timeout(150)  # worker processes import Pulser's simulator
@pytest.mark.parametrize("kind", ["ideal", "dissipative", "drawn"])
async def test_a_point_has_the_counts_of_the_job_alone(kind):
    """In a sweep, on threads, on workers and by itself: the seed decides."""
    chosen, values = noisy_options(kind), [3.0, 9.0]
    alone = [
        simulate(job(rabi(2), 80, {"omega": omega}, chosen=chosen), "pulser").counts
        for omega in values
    ]
    with ThreadPoolExecutor(2) as executor:
        for client in (qa.LocalClient(workers=2), qa.LocalClient(executor=executor)):
            async with qa.Scheduler(client) as scheduler:
                grid = qa.grid(omega=values)
                points = await scheduler.sweep(rabi(2), grid, shots=80, options=chosen)
                assert [point.counts for point in points] == alone
