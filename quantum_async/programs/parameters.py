"""Binding the parameters of a circuit."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

from quantum_async.errors import ProgramError, UnboundParametersError
from quantum_async.models.advice import Advice, Setting

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

    from quantum_async.models.grid import Value


class NamedParameter(Protocol):
    """What is used of Qiskit's parameters, whose own class checkers cannot see."""

    @property
    def name(self) -> str:
        """Its name."""
        ...

    def __hash__(self) -> int: ...


def values_by_parameter(
    circuit: QuantumCircuit, variables: Mapping[str, Value]
) -> dict[NamedParameter, float]:
    """Match values with a circuit's parameters.

    A ``ParameterVector`` takes a list under its own name, or numbers under its elements' names.

    Raises:
        UnboundParametersError: A parameter has no value, or a value has no parameter.
    """
    single = {parameter.name: parameter for parameter in circuit.parameters}
    vectors = _vectors(circuit)
    bound: dict[NamedParameter, float] = {}
    for name, value in variables.items():
        if name in single:
            bound[single[name]] = _number(name, value)
        elif name in vectors:
            bound.update(_elements(name, vectors[name], value))
        else:
            raise _unknown(name, [*vectors, *single])
    missing = tuple(name for name, parameter in single.items() if parameter not in bound)
    if missing:
        raise UnboundParametersError(
            f"no value for {', '.join(missing)}",
            names=missing,
            remedy=Advice("Pass ", Setting("variables", {missing[0]: ...}), "."),
        )
    return bound


def bound_circuit(
    circuit: QuantumCircuit,
    variables: Mapping[str, Value],
    written: QuantumCircuit | None = None,
) -> QuantumCircuit:
    """Bind a circuit's parameters; one without any is returned as it is.

    Args:
        circuit: The circuit that the values are for.
        variables: Values by parameter, in radians where they are angles.
        written: The same circuit in other gates, which is bound in its place; parameters may have
            fallen out of it.

    Raises:
        UnboundParametersError: A parameter has no value, or a value has no parameter.
        ProgramError: An angle is no finite number for these values.
    """
    values = values_by_parameter(circuit, variables)
    if written is not None:
        circuit = written
        values = {name: value for name, value in values.items() if name in circuit.parameters}
    if not values:
        return circuit
    from qiskit.exceptions import QiskitError

    try:
        bound: QuantumCircuit = circuit.assign_parameters(values, inplace=False)
    except (ArithmeticError, RuntimeError, QiskitError) as error:
        # A division by zero, an arc sine of 2, the logarithm of a negative number.
        raise not_finite(variables, error) from error
    return bound


def not_finite(variables: Mapping[str, Value], error: Exception) -> ProgramError:
    """Make the error over an angle that is no finite number for some values.

    Args:
        variables: The values.
        error: What came of them.
    """
    return ProgramError(
        f"an angle is no finite number for {dict(variables)}: {error}",
        remedy="Change the values, or the expression that they are put into.",
    )


def _vectors(circuit: QuantumCircuit) -> dict[str, tuple[int, dict[int, NamedParameter]]]:
    vectors: dict[str, tuple[int, dict[int, NamedParameter]]] = {}
    for parameter in circuit.parameters:
        vector = getattr(parameter, "vector", None)
        if vector is not None:
            _, used = vectors.setdefault(vector.name, (len(vector), {}))
            used[parameter.index] = parameter
    return vectors


def _elements(
    name: str, vector: tuple[int, dict[int, NamedParameter]], value: Value
) -> dict[NamedParameter, float]:
    length, used = vector
    if not isinstance(value, Sequence) or isinstance(value, str) or len(value) != length:
        raise UnboundParametersError(
            f"{name} takes {length} numbers, got {value!r}",
            names=(name,),
            remedy=f"Pass a list of {length} numbers.",
        )
    return {p: _number(f"{name}[{i}]", value[i]) for i, p in used.items()}


def _number(name: str, value: Value) -> float:
    # Asking for a protocol takes longer than all else that is done with a number.
    if type(value) is not float and isinstance(value, (str, Sequence, Mapping)):
        raise UnboundParametersError(
            f"{name} takes a number, got {value!r}", names=(name,), remedy="Pass one number."
        )
    number = float(value)
    if not math.isfinite(number):
        raise UnboundParametersError(
            f"{name} takes a finite number, got {value!r}", names=(name,), remedy="Pass one."
        )
    return number


def _unknown(name: str, known: list[str]) -> UnboundParametersError:
    remedy = f"Its parameters are: {', '.join(known)}." if known else "It has none: give no values."
    return UnboundParametersError(
        f"the program has no parameter {name!r}",
        names=(name,),
        remedy=remedy,
    )
