"""The quick emulator is Pulser's own, only quicker."""

from __future__ import annotations

import math
import warnings

import pytest
from pulser import Pulse, Register, Sequence
from pulser.devices import MockDevice
from pulser_simulation import QutipEmulator

from quantum_async.simulation.analog.simulator import emulator_class


def mixed(channels):
    register = Register.rectangle(1, 3, spacing=6.5, prefix="q")
    sequence = Sequence(register, MockDevice)
    for number, channel in enumerate(channels):
        name = f"channel{number}"
        sequence.declare_channel(name, channel, **_targets(channel))
        sequence.add(Pulse.ConstantPulse(200 + number, 5.0, 1.0, 0.3), name)
    if len(channels) > 1:
        sequence.measure("digital")
    return sequence


def _targets(channel):
    return {"initial_target": "q1"} if "local" in channel else {}


def distribution(emulator, sequence):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return emulator.from_sequence(sequence, evaluation_times="Minimal").run()[-1].sampling_dist


@pytest.mark.parametrize(
    "channels",
    [
        ("rydberg_global",),
        ("rydberg_local",),
        ("raman_local",),
        ("mw_global",),
        ("rydberg_global", "raman_local"),
    ],
)
def test_probabilities_are_pulsers_own(channels):
    """In every basis, also after another basis has been used."""
    sequence = mixed(channels)
    for _ in range(2):
        ours = distribution(emulator_class(), sequence)
        theirs = distribution(QutipEmulator, sequence)
        assert set(ours) == set(theirs)
        assert all(math.isclose(ours[k], theirs[k], abs_tol=1e-12) for k in ours)
