"""The simulator's front door: check a job, run a job, name the default device."""

from __future__ import annotations

import sys
from dataclasses import replace
from importlib import import_module
from itertools import groupby
from typing import TYPE_CHECKING, Protocol, cast

from quantum_async.errors import UnknownTargetError, UnsupportedProgramError
from quantum_async.models._extras import optional_libraries
from quantum_async.models.options import options_as, refuse_options
from quantum_async.models.program import CIRCUIT_FORMATS, Program, ProgramFormat
from quantum_async.programs.circuits import load_qiskit
from quantum_async.simulation.checked import Stopped, never
from quantum_async.simulation.devices import ANALOG_DEVICE, CIRCUIT_DEVICES, DEFAULT_CIRCUIT_DEVICE
from quantum_async.simulation.options import SimulationOptions
from quantum_async.simulation.shots import check_shots

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from quantum_async.models.result import Result
    from quantum_async.models.submission import JobSpec
    from quantum_async.simulation.checked import Checked, Plan

__all__ = [
    "Stopped",
    "default_device",
    "is_warm",
    "simulate",
    "simulate_many",
    "validate",
    "warm_up",
]

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
    [found] = simulate_many([(job, checked)], device)
    if isinstance(found, Exception):
        raise found
    return found


def simulate_many(
    jobs: Sequence[tuple[JobSpec, Checked | None]],
    device: str,
    stop: Callable[[], bool] = never,
) -> list[Result | Exception]:
    """Run jobs here and now, on the calling thread; neighbours of one plan together.

    Each has the counts that it would have alone, and where one fails the others do not.

    Args:
        jobs: What to run, and what `validate` returned of it, if it has been called.
        device: A circuit method such as ``"statevector"``, or ``"pulser"``.
        stop: Whether to stop; asked between jobs, and several times a second within those that
            have a plan.

    Returns:
        For each job its result, or why it failed.

    Raises:
        Stopped: Stopping was asked for.
    """
    ready = [_ready(job, device, checked) for job, checked in jobs]
    found: list[Result | Exception] = []
    for plan, group in groupby(ready, key=lambda one: getattr(one, "plan", None)):
        if plan is None:
            found += [_alone(one, stop) for one in group]
        else:
            start, many = len(found), len(list(group))
            found += _together(plan, [job for job, _ in jobs[start : start + many]], stop)
    return [_tagged(one, job) for one, (job, _) in zip(found, jobs, strict=True)]


def _ready(job: JobSpec, device: str, checked: Checked | None) -> Checked | Exception:
    try:
        return checked or validate(job, device)
    except Exception as error:  # noqa: BLE001 - it is the job's outcome
        return error


def _alone(ready: Checked | Exception, stop: Callable[[], bool]) -> Result | Exception:
    if stop():
        raise Stopped
    if isinstance(ready, Exception):
        return ready
    try:
        with optional_libraries("local"):
            return ready.run()
    except Exception as error:  # noqa: BLE001 - it is the job's outcome
        return error


def _together(
    plan: Plan, jobs: Sequence[JobSpec], stop: Callable[[], bool]
) -> list[Result | Exception]:
    try:
        return plan.run(jobs, stop)
    except Stopped:
        raise
    except Exception as error:  # noqa: BLE001 - it is the outcome of one of them
        if len(jobs) == 1:
            return [error]
        return [one for job in jobs for one in _together(plan, [job], stop)]


def _tagged(found: Result | Exception, job: JobSpec) -> Result | Exception:
    if isinstance(found, Exception) or not job.options.tags:
        return found
    return replace(found, metadata={**found.metadata, "tags": ", ".join(job.options.tags)})


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
