"""What a Pulser sequence's text says of it: enough to send it and to read its results."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeGuard

from quantum_async.errors import (
    InvalidInputError,
    ProgramSyntaxError,
    ResultError,
    UnboundParametersError,
)
from quantum_async.models.advice import Advice, Setting
from quantum_async.programs.cache import ProgramCache
from quantum_async.programs.sequences import QUBITS

if TYPE_CHECKING:
    from pydantic import JsonValue

    from quantum_async.models.grid import Value
    from quantum_async.models.program import Program


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


_NUMBERS = frozenset({int, float})
_FLOAT = frozenset({float})

_facts: ProgramCache[SequenceFacts] = ProgramCache("sequence_facts")


def facts_of(program: Program) -> SequenceFacts:
    """Read a sequence's facts, once per sequence; takes milliseconds for a large one.

    Raises:
        ProgramSyntaxError: Its text is malformed.
    """
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
        return _facts_in(json.loads(text))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ProgramSyntaxError(
            f"not a Pulser sequence: {type(error).__name__}: {error}",
            source=source,
            remedy="Write it with sequence.to_abstract_repr().",
        ) from error


def atoms_of(
    facts: SequenceFacts, variables: Mapping[str, object] | None, *, provider: str
) -> tuple[str, ...]:
    """Name the atoms of a job in the order of its bitstrings.

    Args:
        facts: The facts of its sequence.
        variables: Values of its variables.
        provider: Registry name of the provider.

    Raises:
        ResultError: The register is mappable and the job does not say how.
    """
    if not facts.is_mappable:
        return facts.atoms
    mapping = (variables or {}).get(QUBITS)
    if not isinstance(mapping, Mapping) or not mapping:
        raise ResultError(
            "the job does not say which atoms of its register it uses",
            provider=provider,
            remedy="Read its results as the provider stores them, through client.jobs.",
        )
    # A mapping must use the first atoms that the register declares.
    return facts.atoms[: len(mapping)]


def check_values(facts: SequenceFacts, variables: Mapping[str, Value]) -> None:
    """Refuse values that do not fit a sequence's variables; reads nothing.

    Raises:
        UnboundParametersError: A variable has no value, or a value no variable, or the wrong
            number of numbers.
    """
    if facts.is_mappable or variables.keys() != facts.variables.keys():
        _check_names(facts, variables)
    for name, size in facts.variables.items():
        _check_size(name, size, variables[name])
    if facts.is_mappable:
        _check_mapping(facts, variables[QUBITS])


def json_values(values: Mapping[str, Value], *, provider: str) -> dict[str, JsonValue]:
    """Write values down as JSON has them, arrays as lists.

    Args:
        values: Values of variables or of options.
        provider: Registry name of the provider.

    Raises:
        InvalidInputError: A value is infinite or not a number, which JSON cannot say.
    """
    return {name: _json_value(name, value, provider) for name, value in values.items()}


def _json_value(name: str, value: Value, provider: str) -> JsonValue:
    # What nearly all values are goes first; abstract types are slow to ask for.
    if isinstance(value, float):
        if math.isfinite(value):
            return value
        raise InvalidInputError(
            f"variable {name} is {value}", provider=provider, remedy="Give a finite number."
        )
    if isinstance(value, Mapping):
        return {str(key): _json_value(name, item, provider) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        # Without a call for each number; the walk finds which one is not finite.
        if _are_floats(value) and all(map(math.isfinite, value)):
            return [*value]
        return [_json_value(name, item, provider) for item in value]
    return value


def _are_floats(values: Sequence[Value]) -> TypeGuard[Sequence[float]]:
    return _FLOAT.issuperset(map(type, values))


def _facts_in(document: object) -> SequenceFacts:
    if not isinstance(document, dict):
        raise TypeError("not an object")
    entries = document["register"]
    device = document.get("device")
    details = device if isinstance(device, dict) else {"name": device or ""}
    variables = document.get("variables") or {}
    most_shots = details.get("max_runs")
    return SequenceFacts(
        atoms=tuple(str(entry["qid"] if "qid" in entry else entry["name"]) for entry in entries),
        is_mappable=bool(entries) and "qid" in entries[0],
        device=str(details.get("name") or ""),
        is_virtual=details.get("is_virtual") is True,
        max_runs=most_shots if isinstance(most_shots, int) else None,
        variables={name: len(declared["value"]) for name, declared in variables.items()},
        is_measured=bool(document.get("measurement")),
    )


def _check_names(facts: SequenceFacts, variables: Mapping[str, Value]) -> None:
    wanted = [*facts.variables, *([QUBITS] if facts.is_mappable else [])]
    unknown = [name for name in variables if name not in wanted]
    missing = [name for name in wanted if name not in variables]
    if unknown or missing:
        what = f"the sequence has no variable {unknown[0]!r}" if unknown else ""
        raise UnboundParametersError(
            what or f"no value for {', '.join(missing)}",
            names=tuple(unknown or missing),
            remedy=Advice(
                *(() if unknown else ("Pass ", Setting("variables", {missing[0]: ...}), ". ")),
                f"Its variables are: {', '.join(wanted) or 'none'}.",
            ),
        )


def _check_size(name: str, size: int, value: Value) -> None:
    numbers = value if isinstance(value, tuple | list) else (value,)
    plain = _NUMBERS.issuperset(map(type, numbers)) or all(map(_is_number, numbers))
    if not plain or len(numbers) != size:
        raise UnboundParametersError(
            f"variable {name} takes {size} number{'s' * (size > 1)}, got {value!r}",
            names=(name,),
            remedy="Pass a number, or a list of numbers for an array variable.",
        )


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


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
