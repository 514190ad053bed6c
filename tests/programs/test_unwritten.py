"""Sequences that Pulser cannot write down, or would alter: they run as pulser-simulation does."""

from __future__ import annotations

import math
import os
import pickle
import subprocess
import sys
import warnings

import numpy as np
import pytest
from pulser import Pulse, Sequence
from pulser.devices import MockDevice
from pulser.sampler import sample
from pulser.waveforms import (
    CompositeWaveform,
    ConstantWaveform,
    CustomWaveform,
    InterpolatedWaveform,
)
from pulser_simulation import QutipEmulator

import quantum_async as qa
from quantum_async.errors import UnsupportedProgramError
from quantum_async.journal.forms import pack_program, unpack_program
from quantum_async.models.program import Program, ProgramFormat
from quantum_async.programs.objects import as_program
from quantum_async.providers.local.worker import Task, run_tasks
from quantum_async.simulation.run import simulate
from tests.simulation.jobs import job
from tests.simulation.sequences import pi_pulse, row

pytestmark = [
    pytest.mark.filterwarnings("ignore:Usage of `int`s:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:Setting 'interpolator'|Passing extra:DeprecationWarning"),
]
SHOTS = 2000


def at_an_index(**place):
    """Flip the atom at an index, which a variable says or said."""
    sequence = Sequence(row("q0", "q1"), MockDevice)
    sequence.declare_channel("channel", "raman_local", initial_target="q0")
    index = sequence.declare_variable("index", dtype=int)
    sequence.target_index(index, "channel")
    sequence.add(Pulse.ConstantPulse(500, 2 * math.pi, 0.0, 0.0), "channel")
    sequence.measure("digital")
    return sequence.build(**place) if place else sequence


def targeted():
    """Give a target to a channel that addresses all."""
    sequence = Sequence(row("q0", "q1"), MockDevice)
    sequence.declare_channel("channel", "rydberg_global", initial_target=0)
    sequence.add(Pulse.ConstantPulse(300, 4.0, 0.0, 0.0), "channel")
    return sequence


def interpolated(interpolator="interp1d", names=("q0", "q1"), **how):
    """Drive atoms along straight lines, or by whichever rule scipy is told."""
    sequence = Sequence(row(*names), MockDevice)
    sequence.declare_channel("channel", "rydberg_global")
    wave = InterpolatedWaveform(400, [0.0, 7.0, 1.0], interpolator=interpolator, **how)
    sequence.add(Pulse(wave, ConstantWaveform(400, 1.0), 0.0), "channel")
    return sequence


def scaled():
    """Let a variable scale what is interpolated along straight lines."""
    sequence = Sequence(row("q0", "q1"), MockDevice)
    scale = sequence.declare_variable("scale", size=3)
    sequence.declare_channel("channel", "rydberg_global")
    wave = InterpolatedWaveform(400, scale, interpolator="interp1d")
    sequence.add(Pulse(wave, ConstantWaveform(400, 1.0), 0.0), "channel")
    return sequence


def alike():
    """Flip the second of two atoms whose ids are the same text."""
    return pi_pulse("1", names=(1, "1"))


class Tilted(CustomWaveform):
    """A waveform of somebody's own that Pulser writes down as one of its own."""

    @property
    def _samples(self):
        return super()._samples * 0.5


def own():
    """Drive atoms with that waveform."""
    sequence = Sequence(row("q0", "q1"), MockDevice)
    sequence.declare_channel("channel", "rydberg_global")
    sequence.add(Pulse(Tilted(np.full(300, 9.0)), ConstantWaveform(300, 0.0), 0.0), "channel")
    return sequence


def own_of_a_variable():
    """Drive atoms with a waveform of somebody's own that a variable makes, and another around it."""
    sequence = Sequence(row("q0", "q1"), MockDevice)
    sequence.declare_channel("channel", "rydberg_global")
    height = sequence.declare_variable("height")
    rest = CompositeWaveform(ConstantWaveform(50, 0.0), Tilted(np.full(50, 9.0)))
    sequence.add(Pulse(Bent(100, height), rest, 0.0), "channel")
    return sequence


class Bent(ConstantWaveform):
    """A waveform that is not what its text says, and that variables may make."""

    @property
    def _samples(self):
        return super()._samples * np.linspace(0.0, 2.0, 100)


CASES = {
    "index": (at_an_index, {"index": 1}),
    "index-built": (lambda: at_an_index(index=1), {}),
    "target": (targeted, {}),
    "lines": (interpolated, {}),
    "kind": (lambda: interpolated(kind="quadratic"), {}),
    "variable": (scaled, {"scale": (1.0, 9.0, 2.0)}),
    "alike": (alike, {}),
    "own": (own, {}),
    "own-variable": (own_of_a_variable, {"height": 9.0}),
}


def theirs(sequence, variables):
    """Return what pulser-simulation says of each outcome."""
    built = sequence.build(**variables) if variables else sequence
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        emulator = QutipEmulator.from_sequence(built, evaluation_times="Minimal")
        return emulator.run()[-1].sampling_dist


@pytest.mark.parametrize(("make", "variables"), CASES.values(), ids=CASES)
def test_what_pulser_simulation_runs_runs_here(make, variables):
    """With its probabilities, in this process and in one that the job is pickled to."""
    expected = theirs(make(), variables)
    here = job(make(), SHOTS, variables, seed=1)
    task = pickle.loads(pickle.dumps(Task(here, "pulser")))
    result = simulate(here, "pulser")
    for outcome in {*expected, *result.counts}:
        chance = expected.get(outcome, 0.0)
        error = 5 * math.sqrt(max(chance * (1 - chance), 1e-6) * SHOTS)
        assert abs(result.counts.get(outcome, 0) - chance * SHOTS) <= error
    assert simulate(task.job, task.device).counts == result.counts
    assert task.job.program == here.program


def test_atoms_whose_ids_are_the_same_text_are_told_apart():
    """Results name them as Python writes them."""
    assert simulate(job(alike(), 5), "pulser").atoms == ("1", "'1'")
    assert simulate(job(pi_pulse("a"), 5), "pulser").atoms == ("a", "b", "c")


def test_programs_are_equal_where_the_sequences_do_the_same():
    """Looking at a waveform changes nothing, another sample or name does."""
    seen = interpolated()
    sample(seen)
    assert as_program(seen) == as_program(interpolated())
    assert hash(as_program(seen)) == hash(as_program(interpolated()))
    others = [
        interpolated(kind="quadratic"),
        interpolated(names=("q0", "q2")),
        targeted(),
        scaled(),
    ]
    digests = {as_program(each).digest for each in [seen, *others]}
    assert len(digests) == 1 + len(others)


def test_the_digest_is_the_same_in_every_process():
    """A sweep that another process continues finds its points."""
    code = (
        "import warnings; warnings.simplefilter('ignore');"
        "from tests.programs.test_unwritten import *;"
        "print([as_program(make()).digest for make, _ in CASES.values()])"
    )
    found = [
        subprocess.run(
            [sys.executable, "-c", code],
            env=os.environ | {"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    ]
    assert found[0] == found[1]
    assert as_program(targeted()).digest in found[0]


def test_a_program_is_a_snapshot():
    """Changing the sequence afterwards does not change the program."""
    sequence = targeted()
    program = as_program(sequence)
    sequence.add(Pulse.ConstantPulse(300, 9.0, 0.0, 0.0), "channel")
    counts = simulate(job(program, 100, seed=1), "pulser").counts
    assert counts == simulate(job(targeted(), 100, seed=1), "pulser").counts


def test_what_another_process_cannot_make_again_fails_there_as_a_job():
    """Its neighbours and its process are none the worse: it arrives, and says so when it is run."""
    why = "its waveform has no text"
    gone = Program.unwritten(ProgramFormat.PULSER, "0" * 64, why, carried=b"cnot_here\nclass\n.")
    task = Task(job(gone, 10), "pulser")
    [failed, done] = run_tasks(
        pickle.loads(pickle.dumps([task, Task(job(targeted(), 10), "pulser")]))
    )
    assert "cannot be made again in another process: No module named 'not_here'" in failed.message
    assert done.result is not None


def test_what_cannot_even_be_copied_is_refused():
    """The error says what stands in the way of writing it down."""

    class Stuck(CustomWaveform):
        def __reduce__(self):
            raise TypeError("I stay here")

    sequence = Sequence(row("q0"), MockDevice)
    sequence.declare_channel("channel", "rydberg_global")
    sequence.add(Pulse(Stuck(np.ones(50)), ConstantWaveform(50, 0.0), 0.0), "channel")
    with pytest.raises(UnsupportedProgramError, match=r"Stuck is not one .* I stay here") as caught:
        as_program(sequence)
    assert "to_abstract_repr" in caught.value.remedy


@pytest.mark.parametrize(
    "client",
    [
        qa.PasqalClient(token="t", project_id="p"),
        qa.AzureClient(
            subscription_id="11111111-2222-3333-4444-555555555555",
            resource_group="group",
            name="workspace",
            endpoint="https://nowhere.invalid",
            api_key="k",
        ),
    ],
    ids=["pasqal", "azure"],
)
async def test_a_cloud_refuses_what_cannot_be_written_down(client):
    """Before anything is sent, and the error says why and where it runs."""
    device = {"pasqal": "EMU_FREE", "azure": "pasqal.sim.emu-mps"}[client.provider]
    with pytest.raises(UnsupportedProgramError, match="InterpolatedWaveform") as caught:
        await client.validate(job(interpolated(), 10), device)
    assert "local:pulser" in caught.value.remedy


async def test_a_journal_keeps_the_results_of_what_it_cannot_write(tmp_path):
    """The same script gets them from there."""
    path, found = str(tmp_path / "jobs.db"), []
    for _ in range(2):
        async with qa.Scheduler(qa.LocalClient(), journal=path) as scheduler:
            sweep = scheduler.sweep(scaled(), qa.grid(scale=[(1.0, 9.0, 2.0)]), shots=90, name="s")
            found.append([dict(point.counts) for point in await sweep])
    assert found[0] == found[1]


def test_a_journal_says_what_it_could_not_write():
    """Without the process that made the program there is nothing to run, and the error says so."""
    program = as_program(alike())
    kept = unpack_program(pack_program(program))
    assert kept == program
    with pytest.raises(UnsupportedProgramError, match="its script, run again, has it"):
        simulate(job(kept, 5), "pulser")
