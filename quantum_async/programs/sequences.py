"""Pulser sequences from programs, and their variables bound."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING, TypeAlias

from quantum_async.errors import (
    DeviceLimitError,
    NoMeasurementError,
    ProgramSyntaxError,
    UnboundParametersError,
)
from quantum_async.programs.cache import ProgramCache

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

    try:
        return Sequence.from_abstract_repr(program.text)
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
        raise ProgramSyntaxError(
            f"not a Pulser sequence: {_first_line(error)}",
            source=program.where,
            line=1,
            remedy="Write it with sequence.to_abstract_repr().",
        ) from error


def _refused(program: Program, error: Exception) -> DeviceLimitError | ProgramSyntaxError:
    if type(error).__name__ in {"AbstractReprError", "DeserializeDeviceError"}:
        return ProgramSyntaxError(
            f"not a Pulser sequence: {_first_line(error)}",
            source=program.where,
            line=1,
            remedy="Write it with sequence.to_abstract_repr() of the installed Pulser version.",
        )
    return _limit(error)


def _limit(error: Exception) -> DeviceLimitError:
    return DeviceLimitError(
        f"the sequence breaks a limit of its device: {_first_line(error)}",
        remedy="Change the sequence or its variables, or choose a device that allows them.",
    )


def _first_line(error: Exception) -> str:
    return (str(error) or type(error).__name__).splitlines()[0]


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
            remedy=f"Pass variables={{{missing[0]!r}: ...}}.",
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
