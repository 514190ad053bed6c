"""Pulser sequences from programs, and their variables bound."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from quantum_async.errors import (
    DeviceLimitError,
    NoMeasurementError,
    ProgramSyntaxError,
    UnboundParametersError,
)
from quantum_async.models.advice import Advice, Setting
from quantum_async.programs.cache import ProgramCache
from quantum_async.programs.reasons import reason_of

if TYPE_CHECKING:
    from pulser import Sequence
    from pulser.devices._device_datacls import BaseDevice

    from quantum_async.models.grid import Value
    from quantum_async.models.program import Program

    Plain: TypeAlias = "float | int | str | list[Plain] | dict[str, Plain]"

QUBITS = "qubits"
"""The variable that maps qubit ids to trap ids, for a mappable register."""

_sequences: ProgramCache[Sequence[BaseDevice]] = ProgramCache("sequence")
_built: ProgramCache[Sequence[BaseDevice]] = ProgramCache("built_sequence")
# Building assigns the values to the sequence's own variables: one thread at a time.
_building = threading.Lock()


def build_sequence(program: Program, variables: Mapping[str, Value]) -> Sequence[BaseDevice]:
    """Read a sequence and bind its variables; it is shared, so it must not be changed.

    Args:
        program: The sequence.
        variables: Values by variable, arrays as tuples; for a mappable register also ``qubits``,
            a mapping from qubit id to trap id.

    Raises:
        ProgramSyntaxError: The program is malformed.
        UnboundParametersError: A variable has no value, or a value has no variable.
        DeviceLimitError: The sequence breaks a limit of its device.
    """
    sequence = read_sequence(program)
    _check_names(sequence, variables)
    if not sequence.is_parametrized() and not sequence.is_register_mappable():
        return sequence
    mapping = variables.get(QUBITS)
    if mapping is not None and not (isinstance(mapping, Mapping) and mapping):
        raise UnboundParametersError(
            f"{QUBITS} must map qubits to traps, got {mapping!r}",
            names=(QUBITS,),
            remedy="Pass a trap for each qubit, such as {'q0': 0, 'q1': 1}.",
        )
    values = {name: _plain(value) for name, value in variables.items()}
    # A job is checked more than once on its way.
    return _built.get(program, repr(sorted(values.items())), lambda: _build(sequence, values))


def read_sequence(program: Program) -> Sequence[BaseDevice]:
    """Read a sequence with its variables unbound; it is shared, so it must not be changed.

    Raises:
        ProgramSyntaxError: The program is malformed.
        DeviceLimitError: The sequence breaks a limit of its device.
    """
    return _sequences.get(program, "", lambda: _read(program))


def measured_basis(sequence: Sequence[BaseDevice]) -> str:
    """Name the basis that is measured: the one named, else the only one addressed.

    Raises:
        NoMeasurementError: None is named and not exactly one is addressed.
    """
    if sequence.is_measured():
        return str(sequence.get_measurement_basis())
    bases = tuple(sequence.get_addressed_bases())
    if len(bases) != 1:
        raise NoMeasurementError(
            f"the sequence is not measured and addresses {' and '.join(bases) or 'no basis'}",
            remedy="End it with sequence.measure(basis).",
        )
    return bases[0]


def _read(program: Program) -> Sequence[BaseDevice]:
    from pulser import Sequence
    from pulser.exceptions.base import PulserError

    if program.live is not None:
        return cast("Sequence[BaseDevice]", program.live)
    text = program.text
    try:
        return Sequence.from_abstract_repr(text)
    except json.JSONDecodeError as error:
        raise ProgramSyntaxError(
            f"not JSON: {error.msg}",
            source=program.where,
            line=error.lineno,
            column=error.colno,
            remedy="Write it with sequence.to_abstract_repr().",
        ) from error
    except (PulserError, ValueError) as error:
        raise _refused(program, error) from error
    except Exception as error:
        # Schema and key errors of several libraries: the document is not a sequence.
        raise _misfit(program, error) from error


def _misfit(program: Program, error: Exception) -> ProgramSyntaxError:
    """Say what in a document is not Pulser's, in a line: the schema's error quotes all of it."""
    place, reason, word = _finding(error)
    line = None
    if word is not None and (start := program.text.find(json.dumps(word))) >= 0:
        line = program.text.count("\n", 0, start) + 1
    return ProgramSyntaxError(
        f"not a Pulser sequence: {place}{reason}",
        source=program.where,
        line=line,
        remedy="Write it with sequence.to_abstract_repr().",
    )


def _finding(error: Any) -> tuple[str, str, str | None]:
    """Find what is at fault: where, what about it, and the word where it is one."""
    unknown = _unknown_words(error)
    if unknown:
        # A word that no alternative knows is the mistake; the others just do not fit it.
        path = min(unknown, key=len)
        word, known = unknown[path]
        near = get_close_matches(word, known, 1)
        hint = f"; is {near[0]!r} meant?" if near else ""
        return f"{_dotted(path)} ", f"is {word!r}, which is unknown{hint}", word
    if isinstance(error, (AttributeError, KeyError, TypeError)):
        return "", "the document has another form", None
    if not getattr(error, "context", None):
        place = _dotted(getattr(error, "absolute_path", ()))
        return f"{place}: " if place else "", reason_of(error), None

    def misfit(errors: list[Any]) -> tuple[int, int]:
        return sum(map(len, map(_unknown_words, errors))), len(errors)

    nearest = min(_alternatives(error), key=misfit)
    return _finding(max(nearest, key=lambda inner: len(inner.absolute_path)))


def _alternatives(error: Any) -> list[list[Any]]:
    """Group the errors below one by the alternative of the schema that they are about."""
    found: dict[object, list[Any]] = {}
    for inner in error.context:
        found.setdefault(inner.relative_schema_path[0], []).append(inner)
    return list(found.values())


def _unknown_words(error: Any) -> dict[tuple[str | int, ...], tuple[str, list[str]]]:
    """Find words that every alternative refuses, with those that may stand there."""
    if getattr(error, "context", None):
        each = [
            {path: word for inner in errors for path, word in _unknown_words(inner).items()}
            for errors in _alternatives(error)
        ]
        return {
            path: (each[0][path][0], [known for words in each for known in words[path][1]])
            for path in set.intersection(*map(set, each))
        }
    if getattr(error, "validator", "") in {"const", "enum"} and isinstance(error.instance, str):
        known = error.validator_value
        words = [known] if isinstance(known, str) else list(known)
        return {tuple(error.absolute_path): (error.instance, words)}
    return {}


def _dotted(path: Iterable[str | int]) -> str:
    return "".join(f"[{p}]" if isinstance(p, int) else f".{p}" for p in path).removeprefix(".")


def _refused(program: Program, error: Exception) -> DeviceLimitError | ProgramSyntaxError:
    if type(error).__name__ in {"AbstractReprError", "DeserializeDeviceError"}:
        return ProgramSyntaxError(
            f"not a Pulser sequence: {reason_of(error)}",
            source=program.where,
            line=1,
            remedy="Write it with sequence.to_abstract_repr() of the installed Pulser version.",
        )
    return _limit(error)


def _limit(error: Exception) -> DeviceLimitError:
    return DeviceLimitError(
        f"the sequence breaks a limit of its device: {reason_of(error)}",
        remedy="Change the sequence or its variables, or choose a device that allows them.",
    )


def _check_names(sequence: Sequence[BaseDevice], variables: Mapping[str, Value]) -> None:
    declared = dict(sequence.declared_variables)
    expected = [*declared, *([QUBITS] if sequence.is_register_mappable() else [])]
    for name in variables:
        if name not in expected:
            raise UnboundParametersError(
                f"the sequence has no variable {name!r}",
                names=(name,),
                remedy=f"Its variables are: {', '.join(expected) or 'none'}.",
            )
    missing = tuple(name for name in expected if name not in variables)
    if missing:
        raise UnboundParametersError(
            f"no value for {', '.join(missing)}",
            names=missing,
            remedy=Advice("Pass ", Setting("variables", {missing[0]: ...}), "."),
        )
    for name, variable in declared.items():
        _check_shape(name, variable.size, variables[name])


def _check_shape(name: str, size: int, value: Value) -> None:
    length = len(value) if isinstance(value, tuple | list) else 1
    if isinstance(value, str | Mapping) or length != size:
        raise UnboundParametersError(
            f"variable {name} takes {size} number{'s' * (size > 1)}, got {value!r}",
            names=(name,),
            remedy="Pass a number, or a list of numbers for an array variable.",
        )


def _plain(value: Value) -> Plain:
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    return value


def _build(sequence: Sequence[BaseDevice], variables: dict[str, Plain]) -> Sequence[BaseDevice]:
    try:
        with _building:
            return sequence.build(**variables)  # type: ignore[arg-type]  # as Pulser reads them
    except (ValueError, TypeError, RuntimeError) as error:
        raise _limit(error) from error
