"""What options mean: equal for those that mean the same, in every process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass, replace

import numpy as np
import pytest
from pulser import NoiseModel
from pulser.backend import BitStrings, EmulationConfig, Occupation, Results

from quantum_async.models.options import as_asked, differing_options, meaning_of
from quantum_async.models.result import BitOrder, Result
from quantum_async.models.submission import RunOptions
from quantum_async.providers.azure.options import AzureOptions, CircuitForm
from quantum_async.providers.iqm.options import HeraldingMode, IQMOptions
from quantum_async.providers.pasqal.emulators import EmuFreeConfig, EmuTNConfig
from quantum_async.providers.pasqal.options import PasqalOptions
from quantum_async.simulation.options import SimulationOptions


def emulation(*, runs: int = 100, times: tuple[float, ...] = (0.5, 1.0)) -> str:
    """Write a configuration down as a user's program does each time it runs."""
    config = EmulationConfig(
        observables=(BitStrings(num_shots=runs), Occupation(evaluation_times=times)),
        noise_model=NoiseModel(p_false_pos=0.1, relaxation_rate=0.2, dephasing_rate=0.1),
    )
    return config.to_abstract_repr()


@dataclass(frozen=True, slots=True)
class LoudOptions(RunOptions):
    """Options of a stranger, whose common ones have another default."""

    seed: int | None = 5
    loudness: float = 1.0


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (PasqalOptions(emulation=emulation()), PasqalOptions(emulation=emulation())),
        (SimulationOptions(emulation=emulation()), PasqalOptions(emulation=emulation())),
        (RunOptions(seed=3, tags=("a",)), PasqalOptions(seed=3, tags=("a",))),
        (RunOptions(), AzureOptions()),
        (RunOptions(), AzureOptions(params={}, form=CircuitForm.QIR)),
        (
            AzureOptions(params={"shots": 1, "noise": {"x": 1.0, "y": 2}}),
            AzureOptions(params={"noise": {"y": 2, "x": 1}, "shots": 1}),
        ),
        (
            IQMOptions(custom_settings='{"a": 1, "b": [2.0]}'),
            IQMOptions(custom_settings=' { "b" : [2],\n"a":1 }'),
        ),
        (
            IQMOptions(qubit_mapping={"0": "QB3", "1": "QB4"}),
            IQMOptions(qubit_mapping={"1": "QB4", "0": "QB3"}),
        ),
        (RunOptions(seed=np.int64(4)), RunOptions(seed=4)),
        (RunOptions(tags=["a", "b"]), RunOptions(tags=("a", "b"))),
    ],
)
def test_what_means_the_same_is_equal(one: RunOptions, other: RunOptions) -> None:
    """Neither the class, nor defaults, nor order, nor spelling, nor random ids count."""
    assert meaning_of(one) == meaning_of(other)
    assert differing_options(one, other) == ()


@pytest.mark.parametrize(
    ("one", "other", "named"),
    [
        (RunOptions(seed=1), RunOptions(seed=2), ("seed",)),
        (RunOptions(), RunOptions(seed=0), ("seed",)),
        (RunOptions(), LoudOptions(), ("seed",)),
        (RunOptions(tags=("a", "b")), RunOptions(tags=("b", "a")), ("tags",)),
        (RunOptions(tags=('{"a":1}',)), RunOptions(tags=('{"a": 1}',)), ("tags",)),
        (RunOptions(observables=("ZZ",)), RunOptions(observables=("XX",)), ("observables",)),
        (
            PasqalOptions(emulation=emulation()),
            PasqalOptions(emulation=emulation(runs=101)),
            ("emulation",),
        ),
        (
            PasqalOptions(emulation=emulation()),
            PasqalOptions(emulation=emulation(times=(0.25, 1.0))),
            ("emulation",),
        ),
        (
            PasqalOptions(configuration=EmuFreeConfig()),
            PasqalOptions(configuration=EmuTNConfig()),
            ("configuration",),
        ),
        (PasqalOptions(device_type=""), PasqalOptions(), ("device_type",)),
        (
            AzureOptions(params={"a": 1}),
            AzureOptions(params={"a": "1"}, form=CircuitForm.NATIVE),
            ("params", "form"),
        ),
        (IQMOptions(), IQMOptions(heralding_mode=HeraldingMode.ZEROS), ("heralding_mode",)),
        (
            IQMOptions(custom_settings='{"uuid": "a"}'),
            IQMOptions(custom_settings='{"uuid": "b"}'),
            ("custom_settings",),
        ),
        (IQMOptions(custom_settings="{a"), IQMOptions(custom_settings="{b"), ("custom_settings",)),
    ],
)
def test_what_means_something_else_is_told_apart(
    one: RunOptions, other: RunOptions, named: tuple[str, ...]
) -> None:
    """A difference that a provider would see is one here, and is named."""
    assert meaning_of(one) != meaning_of(other)
    assert set(differing_options(one, other)) == set(named)


ELSEWHERE = """
from pulser import NoiseModel
from pulser.backend import BitStrings, EmulationConfig, Occupation
from quantum_async.models.options import meaning_of
from quantum_async.simulation.options import SimulationOptions

config = EmulationConfig(
    observables=(BitStrings(num_shots=100), Occupation(evaluation_times=(0.5, 1.0))),
    noise_model=NoiseModel(p_false_pos=0.1, relaxation_rate=0.2, dephasing_rate=0.1),
)
print(meaning_of(SimulationOptions(emulation=config.to_abstract_repr(), seed=3)))
"""


@pytest.mark.timeout(150)  # another process imports Pulser
def test_each_process_writes_the_same_meaning() -> None:
    """Neither the order of sets nor random ids make a difference between two processes."""
    there = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", ELSEWHERE],
        check=True,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONHASHSEED": "1"},
    ).stdout.strip()
    assert there == meaning_of(SimulationOptions(emulation=emulation(), seed=3))


def test_a_result_is_asked_by_the_observables_that_asked_for_it() -> None:
    """Values are found by the objects of one's own configuration, also where another one was sent."""
    sent, own = (Occupation(tag_suffix="all"), Occupation(tag_suffix="all"))
    values = Results(("q0",), 1000)
    values._store(observable=sent, time=1.0, value=[0.25])
    result = Result(
        {"1": 1},
        1,
        BitOrder.ATOMS,
        atoms=("q0",),
        raw=values.to_abstract_repr(skip_validation=True),
    )
    written = EmulationConfig(observables=(own,)).to_abstract_repr(skip_validation=True)
    asked = as_asked(result, PasqalOptions(emulation=written))
    found = Results.from_abstract_repr(asked.raw)
    assert found.get_result(own, 1.0) == [0.25]
    assert found.get_result("occupation_all", 1.0) == [0.25]
    short = json.dumps({"tagmap": {"occupation_all": "1"}, "results": {"1": [0.11]}})
    renamed = as_asked(replace(result, raw=short), PasqalOptions(emulation=written)).raw
    assert json.loads(renamed)["results"] == {str(own.uuid): [0.11]}
    assert as_asked(asked, PasqalOptions(emulation=written)) is asked
    assert as_asked(result, RunOptions()) is result
    assert as_asked(replace(result, raw="{"), PasqalOptions(emulation=written)).raw == "{"
