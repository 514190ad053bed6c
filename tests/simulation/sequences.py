"""Pulser sequences that several test modules share."""

from __future__ import annotations

import math

from pulser import Pulse, Register, Sequence
from pulser.devices import MockDevice
from pulser.register.register_layout import RegisterLayout

FAR = 60.0
"""Micrometres at which atoms do not feel each other."""


def row(*names):
    """Atoms in a row, far apart."""
    return Register({name: (FAR * place, 0.0) for place, name in enumerate(names)})


def pi_pulse(target, channel="rydberg_local", names=("a", "b", "c")):
    """Flip one atom of three."""
    sequence = Sequence(row(*names), MockDevice)
    sequence.declare_channel("channel", channel, initial_target=target)
    sequence.add(Pulse.ConstantPulse(500, 2 * math.pi, 0.0, 0.0), "channel")
    return sequence


def rabi(atoms=1, duration=100):
    """Drive every atom with amplitude ``omega`` (rad/us) for a time in ns."""
    sequence = Sequence(row(*(f"q{i}" for i in range(atoms))), MockDevice)
    omega = sequence.declare_variable("omega")
    sequence.declare_channel("channel", "rydberg_global")
    sequence.add(Pulse.ConstantPulse(duration, omega, 0.0, 0.0), "channel")
    return sequence


def mappable():
    """Flip the atom named ``q1`` of a mappable register of two."""
    layout = RegisterLayout([(FAR * place, 0.0) for place in range(4)])
    sequence = Sequence(layout.make_mappable_register(2), MockDevice)
    sequence.declare_channel("channel", "rydberg_local", initial_target="q1")
    sequence.add(Pulse.ConstantPulse(500, 2 * math.pi, 0.0, 0.0), "channel")
    return sequence
