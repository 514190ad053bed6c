"""The simulator's front door: check a job, run a job, name the default device."""

from __future__ import annotations

import sys
from dataclasses import replace
from importlib import import_module
from typing import TYPE_CHECKING, Protocol, cast

from quantum_async.errors import UnknownTargetError, UnsupportedProgramError
from quantum_async.models._extras import optional_libraries
from quantum_async.models.carrying import options_as, refuse_options
from quantum_async.models.program import CIRCUIT_FORMATS, Program, ProgramFormat
from quantum_async.programs.circuits import load_qiskit
from quantum_async.simulation.devices import ANALOG_DEVICE, CIRCUIT_DEVICES, DEFAULT_CIRCUIT_DEVICE
from quantum_async.simulation.options import SimulationOptions
from quantum_async.simulation.shots import check_shots

if TYPE_CHECKING:
    from quantum_async.models.result import Result
    from quantum_async.models.submission import JobSpec
    from quantum_async.simulation.checked import Checked

_ENGINES = {"analog": ("pulser_simulation",), "circuits": ("qiskit", "qiskit_aer")}
"""The libraries that each kind of simulation imports on its first run."""

_SEQUENCES_ONLY = {
    "emulation": "It is for Pulser sequences: a circuit takes a qiskit_aer.noise.NoiseModel as "
    "noise_model=."
}
_CIRCUITS_ONLY = {
    "observables": "Pauli observables are for circuits: name those of a sequence in its emulation.",
    "noise_model": "Aer's noise is for circuits: pass a pulser.NoiseModel as emulation=.",
}


class _Simulator(Protocol):
    def validate(self, job: JobSpec, device: str) -> Checked: ...


def simulate(job: JobSpec, device: str, checked: Checked | None = None) -> Result:
    """Run a job here and now, on the calling thread.

    Args:
        job: What to run.
        device: A circuit method such as ``"statevector"``, or ``"pulser"``.
        checked: What `validate` returned, if it has been called.

    Raises:
        InvalidInputError: The job cannot run, with the reason and the remedy.
        JobFailedError: The simulator gave up.
        MissingExtraError: The simulator is not installed.
    """
    ready = checked or validate(job, device)
    with optional_libraries("local"):
        result = ready.run()
    if not job.options.tags:
        return result
    return replace(result, metadata={**result.metadata, "tags": ", ".join(job.options.tags)})


def validate(job: JobSpec, device: str) -> Checked:
    """Refuse a job that cannot run, without running it.

    Args:
        job: What is going to be run.
        device: A circuit method such as ``"statevector"``, or ``"pulser"``.

    Returns:
        What it will ask of this machine, and how to run it without checking it again.

    Raises:
        InvalidInputError: The job cannot run, with the reason and the remedy.
        MissingExtraError: The simulator is not installed.
    """
    check_shots(job.shots)
    simulator = _simulator(job.program, device)
    options = options_as(SimulationOptions, job.options, "local")
    refused = _SEQUENCES_ONLY if job.program.format in CIRCUIT_FORMATS else _CIRCUITS_ONLY
    refuse_options(options, refused, f"a {job.program.format} program on local:{device}", "local")
    job = replace(job, options=options)
    with optional_libraries("local"):
        return simulator.validate(job, device)


def warm_up(device: str) -> None:
    """Import what a simulator needs, which takes up to seconds once per process.

    Args:
        device: A circuit method such as ``"statevector"``, or ``"pulser"``.
    """
    kind = _kind(device)
    with optional_libraries("local"):
        if kind == "circuits":
            load_qiskit()
        for library in _ENGINES[kind]:
            import_module(library)


def is_warm(device: str) -> bool:
    """Whether this process has already imported what a simulator needs.

    Args:
        device: A circuit method such as ``"statevector"``, or ``"pulser"``.
    """
    return all(library in sys.modules for library in _ENGINES[_kind(device)])


def default_device(program: Program) -> str:
    """Name the simulator that follows from a program's kind.

    Raises:
        UnknownTargetError: No simulator here runs this format.
    """
    if program.format is ProgramFormat.PULSER:
        return ANALOG_DEVICE
    if program.format in CIRCUIT_FORMATS:
        return DEFAULT_CIRCUIT_DEVICE
    raise UnknownTargetError(
        f"no simulator here runs {program.format.words}",
        remedy="Use OpenQASM, a Qiskit circuit or a Pulser sequence, or name a cloud target.",
    )


def _kind(device: str) -> str:
    if device == ANALOG_DEVICE:
        return "analog"
    if device in CIRCUIT_DEVICES:
        return "circuits"
    known = ", ".join([*CIRCUIT_DEVICES, ANALOG_DEVICE])
    raise UnknownTargetError(
        f"there is no simulator {device!r}", remedy=f"Known simulators: {known}."
    )


def _simulator(program: Program, device: str) -> _Simulator:
    kind = _kind(device)
    formats = CIRCUIT_FORMATS if kind == "circuits" else frozenset({ProgramFormat.PULSER})
    if program.format not in formats:
        raise UnsupportedProgramError(
            f"{device} does not run {program.format} programs",
            remedy=f"It runs: {', '.join(sorted(formats))}.",
        )
    return cast("_Simulator", import_module(f"quantum_async.simulation.{kind}.simulator"))
