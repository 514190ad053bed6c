"""Gates as functions of their angles: the matrices of many points of a sweep at a time."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from quantum_async.programs.parameters import not_finite

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from quantum_async.errors import ProgramError
    from quantum_async.models.grid import Value
    from quantum_async.programs.parameters import NamedParameter

Complex = NDArray[np.complex128]
Real = NDArray[np.float64]

# Expressions and operations of Qiskit are `Any`, because Qiskit has no types.

WIDEST = 6
"""Most qubits of a gate whose matrix is multiplied as a whole, unless it is diagonal."""
WIDEST_DIAGONAL = 16
_ANGLES = 4
"""Most angles of one gate that are open: each makes five times as many samples."""
_HARMONICS = np.arange(-2, 3)
_SMALL = 1e-13


class NoMatrixError(Exception):
    """An operation is no gate with a small matrix, so the circuit is left to Aer."""


class Angles:
    """The different angles in a circuit, as functions of its parameters.

    Nearly all are linear, and computed for all points in one go; the others point by point.

    Args:
        parameters: The circuit's parameters.
    """

    def __init__(self, parameters: Sequence[NamedParameter]) -> None:
        self._places = {parameter: place for place, parameter in enumerate(parameters)}
        self._columns: dict[Any, int] = {}
        self._linear: dict[int, tuple[float, list[tuple[int, float]]]] = {}

    def column(self, expression: Any) -> int:
        """Return the number of an angle; equal ones have the same.

        Args:
            expression: A Qiskit ``ParameterExpression``.
        """
        column = self._columns.get(expression)
        if column is None:
            column = self._columns[expression] = len(self._columns)
            linear = self._line(expression)
            if linear is not None:
                self._linear[column] = linear
        return column

    def _line(self, expression: Any) -> tuple[float, list[tuple[int, float]]] | None:
        try:
            slopes = [(p, expression.gradient(p)) for p in expression.parameters]
            origin = expression.bind({p: 0.0 for p, _ in slopes}).numeric()
        except (ArithmeticError, RuntimeError):
            return None
        if not all(isinstance(number, int | float) for number in (origin, *dict(slopes).values())):
            return None
        places = sorted((self._places[p], float(slope)) for p, slope in slopes)
        return float(origin), places

    def of(
        self, values: Sequence[Mapping[NamedParameter, float]]
    ) -> tuple[Real, dict[int, Exception]]:
        """Compute all angles.

        Args:
            values: The parameters' values, point by point.

        Returns:
            The angles in radians, a row for each point, and for the numbers of points that have
            an angle which is no finite number, why.
        """
        found = np.empty((len(values), len(self._columns)))
        given = np.array([[point[p] for p in self._places] for point in values])
        given = given.reshape(len(values), len(self._places))
        failed: dict[int, Exception] = {}
        with np.errstate(over="ignore", invalid="ignore"):
            for column, (origin, slopes) in self._linear.items():
                found[:, column] = origin
                for place, slope in slopes:
                    found[:, column] += slope * given[:, place]
        for expression, column in self._columns.items():
            if column not in self._linear:
                for number, point in enumerate(values):
                    try:
                        chosen = {p: point[p] for p in expression.parameters}
                        found[number, column] = float(expression.bind(chosen))
                    except (ArithmeticError, RuntimeError, TypeError) as error:
                        found[number, column] = np.nan
                        failed[number] = error
        for number in np.flatnonzero(~np.isfinite(found).all(axis=1)).tolist():
            failed.setdefault(number, OverflowError("it is too large"))
            found[number] = 0.0
        return found, failed


def failure(variables: Mapping[str, Value], error: Exception) -> ProgramError:
    """Make the error of a point whose angles are no numbers."""
    made = not_finite(variables, error)
    made.__cause__ = error
    return made


@dataclass(frozen=True, slots=True, eq=False)
class Gate:
    """A gate's matrix as a trigonometric polynomial of its open angles.

    It is the sum over ``t`` of ``exp(i (exponents[t] . angles)) coefficients[t]``: turns about
    any axis, their controlled forms and phases are such sums of a few terms. The coefficients are
    found from the matrices that the gate itself gives for some angles.

    Args:
        exponents: Terms x angles.
        coefficients: Terms x matrix, or terms x diagonal where all else is 0.
        width: How many qubits.
    """

    exponents: Real
    coefficients: Complex
    width: int

    @property
    def is_diagonal(self) -> bool:
        """Whether the coefficients are diagonals."""
        return self.coefficients.ndim == 2

    def matrices(self, angles: Real) -> Complex:
        """Compute the matrices.

        Args:
            angles: Points x angles.

        Returns:
            Points x matrix, or points x diagonal; one for all points where no angle is open.
        """
        if not self.exponents.size:
            return self.coefficients
        inner = (1,) * (self.coefficients.ndim - 1)
        total: Complex | None = None
        # Term by term and elementwise: how the sum is rounded must not depend on the points.
        for exponents, coefficient in zip(self.exponents, self.coefficients, strict=True):
            phase = np.zeros(len(angles))
            for exponent, angle in zip(exponents, angles.T, strict=True):
                phase = phase + exponent * angle
            turn = np.cos(phase) + 1j * np.sin(phase)
            term = turn.reshape(-1, *inner) * coefficient
            total = term if total is None else total + term
        assert total is not None
        return total


def gate_of(operation: Any) -> Gate:
    """Find out what a gate does.

    Args:
        operation: A Qiskit operation; of its parameters some may be open.

    Raises:
        NoMatrixError: It has no matrix, or a large one, or one that is no such polynomial.
    """
    from qiskit.circuit import Gate as QiskitGate

    if not isinstance(operation, QiskitGate):
        raise NoMatrixError(operation.name)
    if operation.name == "diagonal":
        if operation.num_qubits > WIDEST_DIAGONAL:
            raise NoMatrixError(operation.name)
        return _constant(np.array(operation.params, dtype=complex), operation.num_qubits)
    if operation.num_qubits > WIDEST:
        raise NoMatrixError(operation.name)
    is_open = tuple(hasattr(parameter, "parameters") for parameter in operation.params)
    if any(is_open):
        fixed = tuple(
            None if is_open else float(p)
            for p, is_open in zip(operation.params, is_open, strict=True)
        )
        return _polynomial(
            operation.name, operation.base_class, operation.num_qubits, fixed, _Handle(operation)
        )
    return _constant(_matrix(operation), operation.num_qubits)


class _Handle:
    """An operation that takes no part in a cache's key: its class and name do."""

    def __init__(self, operation: Any) -> None:
        self.operation = operation

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Handle)

    def __hash__(self) -> int:
        return 0


@lru_cache(maxsize=256)
def _polynomial(
    name: str, kind: type, width: int, fixed: tuple[float | None, ...], handle: _Handle
) -> Gate:
    del kind
    angles = [place for place, value in enumerate(fixed) if value is None]
    if len(angles) > _ANGLES:
        raise NoMatrixError(name)
    operation = handle.operation.to_mutable()

    def sample(chosen: Sequence[float]) -> Complex:
        values = list(fixed)
        for place, value in zip(angles, chosen, strict=True):
            values[place] = value
        operation.params = values
        return _matrix(operation)

    # Exponents are -1, -1/2, 0, 1/2 and 1, so five angles that divide a period tell them apart.
    many, size = len(angles), 1 << width
    nodes = 4 * np.pi / 5 * np.arange(5)
    found: Complex = np.array([sample(chosen) for chosen in product(nodes.tolist(), repeat=many)])
    found = found.reshape(*(5,) * many, size, size)
    transform = np.exp(-0.5j * np.outer(_HARMONICS, nodes)) / 5
    for axis in range(many):
        found = np.moveaxis(np.tensordot(transform, found, (1, axis)), 0, axis)
    found = np.asarray(found, dtype=np.complex128)
    found.real[abs(found.real) < _SMALL] = 0
    found.imag[abs(found.imag) < _SMALL] = 0
    terms = np.argwhere(found.any(axis=(-2, -1)))
    gate = Gate(_HARMONICS[terms] / 2, _diagonals(found[tuple(terms.T)]), width)
    for chosen in (0.7, -2.9, 5.3), (-4.1, 1.9, 0.4):
        where = (chosen * 2)[:many]
        here = gate.matrices(np.array([where]))[0]
        expected = sample(where)
        if abs(expected - (np.diag(here) if gate.is_diagonal else here)).max() > 1e-12:
            raise NoMatrixError(name)
    return gate


def _constant(matrix: Complex, width: int) -> Gate:
    found = matrix[np.newaxis]
    return Gate(np.empty((1, 0)), found if matrix.ndim == 1 else _diagonals(found), width)


def _diagonals(matrices: Complex) -> Complex:
    places = np.arange(matrices.shape[-1])
    diagonals = matrices[:, places, places]
    is_diagonal = np.count_nonzero(matrices) == np.count_nonzero(diagonals)
    return diagonals if is_diagonal else matrices


def _matrix(operation: Any) -> Complex:
    from qiskit.circuit.exceptions import CircuitError
    from qiskit.exceptions import QiskitError
    from qiskit.quantum_info import Operator

    try:
        return np.asarray(operation.to_matrix(), dtype=complex)
    except (AttributeError, CircuitError):
        # Gates with any number of controls have a definition only.
        try:
            return np.asarray(Operator(operation).data, dtype=complex)
        except QiskitError as error:
            raise NoMatrixError(operation.name) from error
