"""Sequences that Pulser makes, so that they really run."""

from __future__ import annotations

from functools import cache

from pulser import Pulse, Register, Sequence
from pulser.devices import AnalogDevice

from quantum_async.models.program import Program
from quantum_async.programs.objects import as_program


def register(atoms: int = 2) -> Register:
    """Atoms far apart, in a line."""
    return Register.from_coordinates([(8.0 * n, 0.0) for n in range(atoms)], prefix="q")


def driven(*, measured: bool = True, variables: tuple[str, ...] = ("omega",)) -> Sequence:
    """A constant drive of 100 ns whose strength is a variable."""
    sequence = Sequence(register(), AnalogDevice)
    sequence.declare_channel("g", "rydberg_global")
    amplitude = [sequence.declare_variable(name) for name in variables]
    sequence.add(Pulse.ConstantPulse(100, amplitude[0] if amplitude else 1.0, 0.0, 0.0), "g")
    if measured:
        sequence.measure()
    return sequence


@cache
def rabi() -> Program:
    """The drive as a program."""
    return as_program(driven())


@cache
def idle() -> Program:
    """A sequence that only waits, so that every atom stays where it is."""
    sequence = Sequence(register(), AnalogDevice)
    sequence.declare_channel("g", "rydberg_global")
    sequence.delay(100, "g")
    sequence.measure("ground-rydberg")
    return as_program(sequence)


@cache
def mappable() -> Program:
    """A sequence whose jobs say which traps its atoms take."""
    layout = AnalogDevice.pre_calibrated_layouts[0]
    sequence = Sequence(layout.make_mappable_register(3), AnalogDevice)
    sequence.declare_channel("g", "rydberg_global")
    sequence.add(Pulse.ConstantPulse(100, 1.0, 0.0, 0.0), "g")
    sequence.measure()
    return as_program(sequence)
