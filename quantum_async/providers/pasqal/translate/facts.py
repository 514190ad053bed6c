"""What a sequence's text says of it: enough to send it and to read its results."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from quantum_async.errors import (
    InvalidShotsError,
    ProgramSyntaxError,
    ResultError,
    UnboundParametersError,
    UnsupportedProgramError,
)
from quantum_async.models.program import Program, ProgramFormat
from quantum_async.simulation.analog.read import QUBITS
from quantum_async.simulation.cache import ProgramCache

if TYPE_CHECKING:
    from quantum_async.models.grid import Value


@dataclass(frozen=True, slots=True)
class SequenceFacts:
    """What is needed to know of a sequence in order to send it and to read its results.

    Args:
        atoms: The names of its atoms, in their order.
        is_mappable: Whether each job says which of them it uses.
        device: The name of the device it was made for.
        is_virtual: Whether that is a device that does not exist.
        max_runs: Most shots that this device takes, or ``None``.
        variables: How many numbers each of its variables takes.
        is_measured: Whether it says what is measured.
    """

    atoms: tuple[str, ...]
    is_mappable: bool = False
    device: str = ""
    is_virtual: bool = False
    max_runs: int | None = None
    variables: Mapping[str, int] = field(default_factory=dict)
    is_measured: bool = True


_facts: ProgramCache[SequenceFacts] = ProgramCache("pasqal_facts")


def facts_of(program: Program) -> SequenceFacts:
    """Read a sequence's facts, once per sequence; takes milliseconds for a large one.

    Raises:
        UnsupportedProgramError: It is no Pulser sequence.
        ProgramSyntaxError: Its text is malformed.
    """
    if program.format is not ProgramFormat.PULSER:
        raise UnsupportedProgramError(
            f"Pasqal Cloud runs Pulser sequences, not {program.format}",
            provider="pasqal",
            remedy="Pass a Pulser sequence, or run circuits on another provider.",
        )
    return _facts.get(program, "", lambda: read_facts(program.text, program.where))


def known_facts(program: Program) -> SequenceFacts | None:
    """Return a sequence's facts if they were read before; takes no time."""
    try:
        return _facts.get(program, "", _unread)
    except LookupError:
        return None


def _unread() -> SequenceFacts:
    raise LookupError


def read_facts(text: str, source: str = "<sequence>") -> SequenceFacts:
    """Read the facts of a sequence's text.

    Args:
        text: Pulser's abstract representation.
        source: Where it came from, for the error.

    Raises:
        ProgramSyntaxError: It is malformed.
    """
    try:
        document = json.loads(text)
        return _facts_in(document)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ProgramSyntaxError(
            f"not a Pulser sequence: {type(error).__name__}: {error}",
            source=source,
            remedy="Write it with sequence.to_abstract_repr().",
        ) from error


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


def atoms_of(facts: SequenceFacts, variables: Mapping[str, object] | None) -> tuple[str, ...]:
    """Name the atoms of a job in the order of its bitstrings.

    Args:
        facts: The facts of its sequence.
        variables: Values of its variables.

    Raises:
        ResultError: The register is mappable and the job does not say how.
    """
    if not facts.is_mappable:
        return facts.atoms
    mapping = (variables or {}).get(QUBITS)
    if not hasattr(mapping, "__len__") or not mapping:
        raise ResultError(
            "the job does not say which atoms of its register it uses", provider="pasqal"
        )
    # A mapping must use the first atoms that the register declares.
    return facts.atoms[: len(mapping)]  # type: ignore[arg-type]  # it has a length


def check_values(facts: SequenceFacts, variables: Mapping[str, Value]) -> None:
    """Refuse values that do not fit a sequence's variables; reads nothing.

    Raises:
        UnboundParametersError: A variable has no value, or a value no variable, or the wrong
            number of numbers.
    """
    wanted = [*facts.variables, *([QUBITS] if facts.is_mappable else [])]
    unknown = [name for name in variables if name not in wanted]
    missing = [name for name in wanted if name not in variables]
    if unknown or missing:
        what = f"no variable {unknown[0]!r}" if unknown else f"no value for {', '.join(missing)}"
        raise UnboundParametersError(
            f"the sequence has {what}" if unknown else what,
            names=tuple(unknown or missing),
            remedy=f"Its variables are: {', '.join(wanted) or 'none'}.",
        )
    for name, size in facts.variables.items():
        _check_size(name, size, variables[name])
    if facts.is_mappable:
        _check_mapping(facts, variables[QUBITS])


def check_shots(shots: int, most: int | None, device: str) -> None:
    """Refuse a number of shots that a device does not take.

    Args:
        shots: How many.
        most: The largest number, or ``None``.
        device: The device's name.

    Raises:
        InvalidShotsError: They are too many, or not a positive whole number.
    """
    if isinstance(shots, bool) or shots != int(shots) or shots < 1:
        raise InvalidShotsError(
            f"{shots!r} shots", provider="pasqal", remedy="Give a whole number from 1 up."
        )
    if most is not None and shots > most:
        raise InvalidShotsError(
            f"{shots} shots, and {device} takes {most} in one job",
            provider="pasqal",
            remedy=f"Ask for at most {most} shots, in several jobs if need be.",
        )


def _facts_in(document: object) -> SequenceFacts:
    if not isinstance(document, dict):
        raise TypeError("not an object")
    entries = document["register"]
    device = document.get("device")
    details = device if isinstance(device, dict) else {"name": device or ""}
    variables = document.get("variables") or {}
    return SequenceFacts(
        atoms=tuple(str(entry["qid"] if "qid" in entry else entry["name"]) for entry in entries),
        is_mappable=bool(entries) and "qid" in entries[0],
        device=str(details.get("name") or ""),
        is_virtual=details.get("is_virtual") is True,
        max_runs=_whole(details.get("max_runs")),
        variables={name: len(declared["value"]) for name, declared in variables.items()},
        is_measured=bool(document.get("measurement")),
    )


def _decoded(text: str, start: int) -> object:
    while start < len(text) and text[start].isspace():
        start += 1
    try:
        found: object = json.JSONDecoder().raw_decode(text, start)[0]
    except ValueError:
        return None
    return found


def _check_size(name: str, size: int, value: Value) -> None:
    numbers = value if isinstance(value, tuple | list) else (value,)
    plain = all(isinstance(n, int | float) and not isinstance(n, bool) for n in numbers)
    if not plain or len(numbers) != size:
        raise UnboundParametersError(
            f"variable {name} takes {size} number{'s' * (size > 1)}, got {value!r}",
            names=(name,),
            remedy="Pass a number, or a list of numbers for an array variable.",
        )


def _check_mapping(facts: SequenceFacts, mapping: Value) -> None:
    if not isinstance(mapping, Mapping) or not mapping:
        raise UnboundParametersError(
            f"{QUBITS} must map qubits to traps, got {mapping!r}",
            names=(QUBITS,),
            remedy=f"Pass {{{facts.atoms[0]!r}: 0, ...}}.",
        )
    first = facts.atoms[: len(mapping)]
    if set(mapping) != set(first) or len(mapping) > len(facts.atoms):
        raise UnboundParametersError(
            f"{QUBITS} maps {', '.join(map(str, mapping))}",
            names=(QUBITS,),
            remedy=f"{len(mapping)} atoms are the first ones declared: {', '.join(first)}.",
        )


def _whole(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
