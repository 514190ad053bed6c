"""Seeds: same seed, same counts, and nobody's random state disturbed."""

# The global random state is what these tests are about.
# ruff: noqa: NPY002

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from pulser import NoiseModel
from qiskit import QuantumCircuit

import quantum_async as qa
from quantum_async.errors import InvalidOptionError
from quantum_async.simulation.analog.emulate import undrawn
from quantum_async.simulation.options import SimulationOptions
from quantum_async.simulation.run import simulate
from tests.simulation.jobs import job
from tests.simulation.sequences import rabi


def coins(collapses):
    circuit = QuantumCircuit(4, 4)
    circuit.h(range(4))
    circuit.measure(range(4), range(4))
    if collapses:
        circuit.h(range(4))
        circuit.measure(range(4), range(4))
    return circuit


def noisy(seed):
    noise = NoiseModel(temperature=50.0, p_false_pos=0.1, dephasing_rate=0.2)
    return SimulationOptions(seed=seed, emulation=noise.to_abstract_repr())


def run(kind, seed):
    if kind == "noisy":
        made = job(rabi(2), 60, {"omega": 7.0}, chosen=noisy(seed))
    elif kind == "sequence":
        made = job(rabi(4), 60, {"omega": 7.0}, seed=seed)
    else:
        made = job(coins(kind == "collapsing"), 60, seed=seed)
    return simulate(made, "automatic" if kind in {"circuit", "collapsing"} else "pulser")


@pytest.mark.parametrize("kind", ["circuit", "collapsing", "sequence", "noisy"])
def test_the_same_seed_gives_the_same_outcomes(kind):
    """Counts and order of shots repeat, here and on a thread, and other seeds differ."""
    first, again, other = run(kind, 5), run(kind, 5), run(kind, 6)
    with ThreadPoolExecutor(1) as executor:
        elsewhere = executor.submit(run, kind, 5).result()
    assert first.counts == again.counts == elsewhere.counts != other.counts
    assert first.samples == again.samples


@pytest.mark.parametrize("kind", ["circuit", "sequence"])
def test_a_result_says_how_to_repeat_it(kind):
    """Without a seed one is drawn and told."""
    first = run(kind, None)
    assert run(kind, int(first.metadata["seed"])).counts == first.counts
    assert run(kind, None).metadata["seed"] != first.metadata["seed"]


@pytest.mark.parametrize("kind", ["circuit", "collapsing", "sequence", "noisy"])
def test_numpys_global_state_is_left_as_it_was(kind):
    """A user's own np.random stream goes on as if nothing had been simulated."""
    np.random.seed(1)
    expected = np.random.rand(4).tolist()
    np.random.seed(1)
    run(kind, 3)
    assert np.random.rand(4).tolist() == expected


def test_numbers_drawn_meanwhile_do_not_come_again():
    """Taking Pulser's own draws back must not take back those of another thread."""
    np.random.seed(1)
    with undrawn(2):
        np.random.uniform(size=2)
        mine = np.random.rand()
    assert np.random.rand() != mine
    with undrawn(2):
        state = np.random.get_state()[2]
        np.random.uniform(size=2)
    assert np.random.get_state()[2] == state


@pytest.mark.parametrize("kind", ["circuit", "sequence", "noisy"])
def test_the_users_random_state_does_not_leak_in(kind):
    """Seeding numpy does not make unseeded simulations repeat themselves."""
    np.random.seed(1)
    one = run(kind, None)
    np.random.seed(1)
    assert run(kind, None).counts != one.counts


@pytest.mark.parametrize("seed", [-1, 1.5, "3", True])
def test_a_bad_seed_is_refused(seed):
    """Seeds are whole numbers from zero up."""
    for kind in ("circuit", "sequence"):
        with pytest.raises(InvalidOptionError, match="seed"):
            run(kind, seed)


async def test_a_seed_of_the_client_follows_from_the_options_as_well():
    """Jobs that differ in their noise alone have the same counts in whichever order they come."""
    noises = [NoiseModel(p_false_pos=0.3), NoiseModel(p_false_pos=0.1, dephasing_rate=0.5), None]

    async def counts(order):
        found = {}
        async with qa.Scheduler(qa.LocalClient(seed=3)) as scheduler:
            for place in order:
                options = SimulationOptions(emulation=noises[place])
                sent = await scheduler.submit(
                    rabi(2), shots=90, variables={"omega": 7.0}, options=options
                )
                found[place] = dict((await sent).counts)
        return found

    assert await counts([0, 1, 2]) == await counts([2, 1, 0])
