"""What the service takes of sequences: Pulser's alone, and as many shots as a device runs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from quantum_async.errors import InvalidShotsError, UnsupportedProgramError
from quantum_async.models.program import ProgramFormat
from quantum_async.providers import sequences
from quantum_async.simulation.shots import check_shots as check_number

if TYPE_CHECKING:
    from quantum_async.models.program import Program
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
