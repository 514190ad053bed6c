"""Sequences for a QPU of the sandbox, and for the simulator."""

from __future__ import annotations

import math
from functools import cache
from pathlib import Path

import pulser
from pulser.devices import AnalogDevice, Device

import quantum_async.sandbox.pasqal

SPECIFICATIONS = Path(quantum_async.sandbox.pasqal.__file__).parent / "specifications_data"
ATOMS = {"q0": 0, "q1": 60}


@cache
def fresnel() -> Device:
    """The QPU as the sandbox describes it."""
    return Device.from_abstract_repr((SPECIFICATIONS / "FRESNEL.json").read_text())


def driven(device=None, *, measured=True) -> pulser.Sequence:
    """Two atoms far apart under a drive whose strength is a variable."""
    device = device or fresnel()
    layouts = getattr(device, "pre_calibrated_layouts", ()) or AnalogDevice.pre_calibrated_layouts
    register = layouts[0].define_register(0, 60, qubit_ids=["a", "b"])
    sequence = pulser.Sequence(register, device)
    sequence.declare_channel("global", "rydberg_global")
    omega = sequence.declare_variable("omega")
    sequence.add(pulser.Pulse.ConstantPulse(500, omega, 0.0, 0.0), "global")
    if measured:
        sequence.measure()
    return sequence


def plain(device=None) -> pulser.Sequence:
    """The same with a pi pulse and nothing left open, not measured."""
    return driven(device, measured=False).build(omega=2 * math.pi)


def mappable() -> pulser.Sequence:
    """Two atoms whose traps each job names."""
    register = fresnel().pre_calibrated_layouts[0].make_mappable_register(2)
    sequence = pulser.Sequence(register, fresnel())
    sequence.declare_channel("global", "rydberg_global")
    sequence.add(pulser.Pulse.ConstantPulse(500, 1.0, 0.0, 0.0), "global")
    sequence.measure()
    return sequence


def older() -> Device:
    """The QPU as it was when it took fewer shots."""
    document = (SPECIFICATIONS / "FRESNEL.json").read_text()
    most = fresnel().max_runs
    changed = document.replace(f'"max_runs": {most}', f'"max_runs": {most - 1}')
    assert changed != document
    return Device.from_abstract_repr(changed)


def job(omega=0.0, runs=100) -> dict:
    """Parameters of one job."""
    return {"runs": runs, "variables": {"omega": omega}}
