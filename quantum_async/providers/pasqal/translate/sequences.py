"""From sequences to what Pasqal takes, and what must be known of them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import anyio.to_thread

from quantum_async.errors import (
    DeviceLimitError,
    InvalidShotsError,
    MissingExtraError,
    ProgramError,
    ProgramSyntaxError,
    UnsupportedProgramError,
)
from quantum_async.models.program import Program, ProgramFormat
from quantum_async.programs.cache import ProgramCache
from quantum_async.programs.sequences import build_sequence, measured_basis, read_sequence
from quantum_async.providers import sequences
from quantum_async.simulation.shots import check_shots as check_number

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pulser import Sequence
    from pulser.devices import Device
    from pulser.devices._device_datacls import BaseDevice

    from quantum_async.models.grid import Value
    from quantum_async.models.submission import JobSpec
    from quantum_async.providers.sequences import SequenceFacts


HOW_TO_RUN = (
    "Give it a Pulser sequence, such as a file of what sequence.to_abstract_repr() writes, or run "
    "circuits on another provider."
)


def facts_of(program: Program) -> SequenceFacts:
    """Read a sequence's facts, once per sequence; takes milliseconds for a large one.

    Raises:
        UnsupportedProgramError: It is no Pulser sequence.
        ProgramSyntaxError: Its text is malformed.
    """
    if program.format is not ProgramFormat.PULSER:
        raise UnsupportedProgramError(no_sequence(program), provider="pasqal", remedy=HOW_TO_RUN)
    return sequences.facts_of(program)


def device_in(text: str) -> tuple[str, bool]:
    """Find the device inside a sequence's text without reading all of it.

    Returns:
        Its name, empty where there is none, and whether it is virtual.
    """
    place = text.find('"device"')
    while place >= 0:
        start = text.find(":", place) + 1
        found = _decoded(text, start)
        if isinstance(found, str):
            return found, False
        if isinstance(found, dict) and "channels" in found:
            return str(found.get("name") or ""), found.get("is_virtual") is True
        place = text.find('"device"', start)
    return "", False


def check_shots(shots: int, most: int | None, device: str) -> None:
    """Refuse a number of shots that a device does not take.

    Args:
        shots: How many.
        most: The largest number, or ``None``.
        device: The device's name.

    Raises:
        InvalidShotsError: They are too many, or not a positive whole number.
    """
    check_number(shots)
    if most is not None and shots > most:
        raise InvalidShotsError(
            f"{shots} shots, and {device} takes {most} in one job",
            provider="pasqal",
            remedy=f"Ask for at most {most} shots, in several jobs if need be.",
        )


def _decoded(text: str, start: int) -> object:
    while start < len(text) and text[start].isspace():
        start += 1
    try:
        found: object = json.JSONDecoder().raw_decode(text, start)[0]
    except ValueError:
        return None
    return found


def no_sequence(program: Program) -> str:
    """Say that something else was given than what this provider runs."""
    return f"Pasqal Cloud runs Pulser sequences, and {program.where} is {program.format.words}"


_ready: ProgramCache[Program] = ProgramCache("pasqal_ready")
_sound: ProgramCache[bool] = ProgramCache("pasqal_sound")


async def check_aside(job: JobSpec, *, on_qpu: bool) -> None:
    """Do what `check_job` does in a worker thread, but once for the same sequence and values.

    Args:
        job: The job.
        on_qpu: Whether atoms are to be placed.

    Raises:
        ProgramError: It cannot run.
        MissingExtraError: Pulser is not installed.
    """
    variant = repr((on_qpu, sorted(job.variables.items())))
    try:
        _sound.get(job.program, variant, _unchecked)
    except LookupError:
        await anyio.to_thread.run_sync(lambda: check_job(job, on_qpu=on_qpu))
        _sound.get(job.program, variant, lambda: True)


def _unchecked() -> bool:
    raise LookupError


def check_job(job: JobSpec, *, on_qpu: bool) -> None:
    """Build a job's sequence with its values, which finds whatever Pulser can find.

    Args:
        job: The job.
        on_qpu: Whether atoms are to be placed, which asks for more than emulating them.

    Raises:
        ProgramError: It cannot run.
        MissingExtraError: Pulser is not installed.
    """
    try:
        sequence = build_sequence(job.program, job.variables)
    except ModuleNotFoundError as error:
        raise _without_pulser(error) from error
    if sequence.is_empty() or sequence.get_duration() == 0:
        raise ProgramError(
            f"the sequence {job.program.where} does nothing",
            provider="pasqal",
            remedy="Declare a channel and add a pulse or a delay.",
        )
    measured_basis(sequence)
    if on_qpu:
        _check_layout(sequence)


def _check_layout(sequence: Sequence[BaseDevice]) -> None:
    from pulser.devices import Device

    device, layout = sequence.device, sequence.register.layout
    if not isinstance(device, Device):
        raise _limit(f"{device.name} is virtual", "Make it with a device from client.devices().")
    if layout is None and device.requires_layout:
        raise _limit(
            f"{device.name} needs a register with a layout",
            "Use register.with_automatic_layout(device), or a pre-calibrated layout.",
        )
    if layout is not None and not (
        device.accepts_new_layouts or device.register_is_from_calibrated_layout(sequence.register)
    ):
        raise _limit(f"{device.name} takes no new layouts", "Use a pre-calibrated layout.")


def _limit(what: str, remedy: str) -> DeviceLimitError:
    return DeviceLimitError(
        f"the sequence cannot run on a QPU: {what}", provider="pasqal", remedy=remedy
    )


def bound(program: Program, variables: Mapping[str, Value]) -> str:
    """Put values into a parametrised sequence, and write it down.

    Raises:
        ProgramError: The values do not fit.
        MissingExtraError: Pulser is not installed.
    """
    try:
        text: str = build_sequence(program, variables).to_abstract_repr(skip_validation=True)
    except ModuleNotFoundError as error:
        raise _without_pulser(error) from error
    return text


def ready(program: Program, specification: str = "") -> Program:
    """Make a sequence ready to be sent: measured, and for the device as it is today.

    Args:
        program: The sequence.
        specification: The specification of the device it goes to, where it is known.

    Raises:
        NoMeasurementError: It does not say what is measured, and addresses not just one basis.
        DeviceLimitError: It cannot run on the device as it is today.
        MissingExtraError: Pulser is needed for this, and not installed.
    """
    if not specification and facts_of(program).is_measured:
        return program
    return _ready.get(program, specification, lambda: _made_ready(program, specification))


def _made_ready(program: Program, specification: str) -> Program:
    text = program.text
    if specification:
        text = _for_device(program, specification)
    document = json.loads(text)
    if not document.get("measurement"):
        document["measurement"] = measured_basis(_parsed(program))
        text = json.dumps(document)
    if text == program.text:
        return program
    return Program(text, ProgramFormat.PULSER, program.name, program.source)


def _for_device(program: Program, specification: str) -> str:
    sequence, device = _parsed(program), read_device(specification)
    if sequence.device == device:
        return program.text
    if sequence.device.name != device.name:
        raise DeviceLimitError(
            f"the sequence was made for {sequence.device.name}, not for {device.name}",
            provider="pasqal",
            remedy="Make it for the device: sequence.with_new_device(...).",
        )
    try:
        updated = sequence.with_new_device(device, strict=True)
        text: str = updated.to_abstract_repr(skip_validation=True)
    except Exception as error:
        # Pulser raises whatever the first limit that does not hold raises.
        raise DeviceLimitError(
            f"the sequence does not fit {device.name} as it is today: {error}",
            provider="pasqal",
            remedy="Make the sequence anew with today's device; client.devices() describes it.",
        ) from error
    return text


def _parsed(program: Program) -> Sequence[BaseDevice]:
    try:
        return read_sequence(program)
    except ModuleNotFoundError as error:
        raise _without_pulser(error) from error


def read_device(specification: str) -> Device:
    """Read a device from its specification.

    Raises:
        ProgramSyntaxError: The installed Pulser cannot read it.
        MissingExtraError: Pulser is not installed.
    """
    try:
        from pulser.devices import Device
    except ModuleNotFoundError as error:
        raise _without_pulser(error) from error
    try:
        return Device.from_abstract_repr(specification)
    except Exception as error:
        # Schema, key and value errors of several libraries.
        raise ProgramSyntaxError(
            f"the installed Pulser cannot read the device: {error}",
            source="<specification>",
            remedy="Update pulser-core.",
        ) from error


def _without_pulser(error: ModuleNotFoundError) -> MissingExtraError:
    return MissingExtraError((error.name or "pulser").partition(".")[0], extra="pasqal")
