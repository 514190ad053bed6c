"""State vectors of many points of a sweep at a time, in numpy.

A circuit is planned once. Its points differ in angles only, so each step is done for several of
them with one call, which frees the interpreter's lock. What is computed for a point does not
depend on its neighbours: every product has the same shape for one point and for many.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from quantum_async.simulation.checked import Stopped
from quantum_async.simulation.circuits.fuse import (
    NEAR,
    Apply,
    Matrix,
    Multiply,
    Placed,
    Turned,
    fused,
    planned,
)
from quantum_async.simulation.circuits.gates import Angles, Complex, NoMatrixError, Real, gate_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from qiskit import QuantumCircuit

    from quantum_async.simulation.circuits.fuse import Course, Recipe, Stage

LARGEST = 24
"""Qubits of the largest state: beyond, a single one is worth all cores, which Aer gives it. It is
the same everywhere, because counts must not depend on the machine."""
_MULTIPLICATIONS = 1 << 15
"""Multiplications of one matrix product: far fewer than those from which OpenBLAS shares them out
among threads of its own, which then wait for each other."""
_POINTS = 1 << 10
"""Most points at a time: drawing their outcomes takes a tenth of a second, and then one looks
whether to stop."""
_AHEAD = 64
_TABLES = 1 << 22
"""Bytes of the tables that are computed ahead."""
_AMPLITUDE = 16
_SKIPPED = frozenset({"barrier", "delay", "id"})


@dataclass(frozen=True, slots=True, eq=False)
class StateVector:
    """A circuit that is measured at its end, ready to be computed for any angles.

    Args:
        course: What is computed.
        angles: Its angles.
        constants: Those tables that do not depend on angles, by the numbers of their recipes.
        measured: For each classical bit that is written, the axis of the state that it is read of.
        near: Most qubits within a row.
    """

    course: Course
    angles: Angles
    constants: Mapping[int, Complex]
    measured: Mapping[int, int]
    near: int = NEAR

    @classmethod
    def of(cls, circuit: QuantumCircuit, near: int = NEAR) -> StateVector | None:
        """Plan a circuit.

        Args:
            circuit: A circuit of standard operations.
            near: Most qubits within a row.

        Returns:
            Nothing where the circuit does more than to apply gates and then to measure, or has a
            gate or a size that is not for this way.
        """
        angles = Angles(list(circuit.parameters))
        if hasattr(circuit.global_phase, "parameters"):
            # It changes no outcome, but must be a number.
            angles.column(circuit.global_phase)
        try:
            gates, measured = _read(circuit, angles)
        except NoMatrixError:
            return None
        active = sorted({q for gate in gates for q in gate.qubits} | set(measured.values()))
        if len(active) > LARGEST:
            return None
        number = {qubit: place for place, qubit in enumerate(active)}
        moved = [Placed(g.gate, g.columns, tuple(number[q] for q in g.qubits)) for g in gates]
        course = planned(fused(moved, len(active)), len(active), near)
        axes = {qubit: axis for axis, qubit in enumerate(course.order)}
        places = {bit: axes[number[qubit]] for bit, qubit in measured.items()}
        return cls(course, angles, _tables(course.recipes, None, {}), places, near)

    @property
    def size(self) -> int:
        """Amplitudes of the state."""
        return 1 << self.course.num_qubits

    def cumulated(self, angles: Real, stop: Callable[[], bool]) -> Iterator[tuple[int, Real]]:
        """Compute points.

        Args:
            angles: The angles, point by point.
            stop: Whether to stop; asked several times a second.

        Yields:
            The number of a point and, for it and some that follow, the probabilities of all
            outcomes added up. The array is used again.

        Raises:
            Stopped: Stopping was asked for.
        """
        chunk = max(1, min(_POINTS, (1 << self.near) // self.size))
        recipes, constants = self.course.recipes, self.constants
        one = sum(_AMPLITUDE << recipe_bits(recipe) for recipe in recipes)
        ahead = max(chunk, min(_AHEAD, _TABLES // max(1, one)))
        state, other = np.empty((2, min(chunk, len(angles)), self.size), dtype=complex)
        row = np.empty((len(state), min(self.size, 1 << self.near)), dtype=complex)
        for start in range(0, len(angles), ahead):
            some = angles[start : start + ahead]
            tables = _tables(recipes, some, constants)
            for first in range(0, len(some), chunk):
                last = min(first + chunk, len(some))
                chosen = [t if len(t) == 1 else t[first:last] for t in tables.values()]
                many = last - first
                left, right = state[:many], other[:many]
                for stage in self.course.stages:
                    _go_through(stage, (left, right, row[:many]), chosen, stop)
                    left, right = right, left
                yield start + first, _added_up(left, right)


def _read(circuit: QuantumCircuit, angles: Angles) -> tuple[list[Placed], dict[int, int]]:
    """List a circuit's gates, and for each classical bit the qubit that is measured into it."""
    qubits = {bit: number for number, bit in enumerate(circuit.qubits)}
    bits = {bit: number for number, bit in enumerate(circuit.clbits)}
    gates: list[Placed] = []
    measured: dict[int, int] = {}
    touched: set[int] = set()
    done: set[int] = set()
    for step in circuit.data:
        where = tuple(qubits[qubit] for qubit in step.qubits)
        name, operation = step.name, step.operation
        if name in _SKIPPED:
            continue
        if name == "measure":
            measured[bits[step.clbits[0]]] = where[0]
            done.update(where)
            continue
        if name == "reset" and touched.isdisjoint(where):
            # A qubit that nothing has happened to is where a reset brings it.
            continue
        if not where:
            for parameter in operation.params:
                if hasattr(parameter, "parameters"):
                    angles.column(parameter)
            continue
        if not done.isdisjoint(where):
            raise NoMatrixError(name)
        touched.update(where)
        gate = gate_of(operation)
        columns = tuple(angles.column(p) for p in operation.params if hasattr(p, "parameters"))
        # The last qubit of a gate is the most significant one of its matrix.
        gates.append(Placed(gate, columns, where[::-1]))
    return gates, measured


# Tables -----------------------------------------------------------------------------------------


def recipe_bits(recipe: Recipe) -> int:
    """Say how large a recipe's table is: the binary logarithm of its entries."""
    if isinstance(recipe, Turned):
        return recipe.gate.width * (1 if recipe.gate.is_diagonal else 2)
    if isinstance(recipe, Matrix) and not recipe.is_column:
        return 2 * recipe.width
    return recipe.width


def _tables(
    recipes: Sequence[Recipe], angles: Real | None, constants: Mapping[int, Complex]
) -> dict[int, Complex]:
    """Compute the tables, without angles those that need none."""
    made: dict[int, Complex] = {}
    for number, recipe in enumerate(recipes):
        if number in constants:
            made[number] = constants[number]
        elif isinstance(recipe, Turned):
            if not recipe.columns:
                made[number] = recipe.gate.coefficients
            elif angles is not None:
                made[number] = recipe.gate.matrices(angles[:, list(recipe.columns)])
        elif all(part in made for part, _ in recipe.parts):
            parts = [(made[part], places) for part, places in recipe.parts]
            if isinstance(recipe, Matrix):
                made[number] = _matrix(parts, recipe.width, is_column=recipe.is_column)
            else:
                made[number] = _product(parts, recipe.width)
    return made


def _matrix(
    parts: Sequence[tuple[Complex, tuple[int, ...]]], width: int, *, is_column: bool
) -> Complex:
    size = 1 << width
    found = np.eye(size, 1 if is_column else size, dtype=complex)[np.newaxis]
    for gate, places in parts:
        columns = found.shape[-1]
        if gate.ndim == 2:
            found = found * _spread(gate, places, width).reshape(-1, size, 1)
            continue
        # The gate's axes come first, and go back.
        axes = [1 + place for place in places]
        rest = [axis for axis in range(1, width + 2) if axis not in axes]
        there = found.reshape(-1, *(2,) * width, columns).transpose(0, *axes, *rest)
        turned = gate @ there.reshape(len(found), gate.shape[-1], -1)
        back = np.argsort([0, *axes, *rest])
        found = turned.reshape(-1, *(2,) * width, columns).transpose(back)
        found = found.reshape(-1, size, columns)
    return found[..., 0] if is_column else found


def _product(parts: Sequence[tuple[Complex, tuple[int, ...]]], width: int) -> Complex:
    found = np.ones((1, *(2,) * width), dtype=complex)
    for table, places in parts:
        found = found * _along(table, places, width)
    return found.reshape(-1, 1 << width)


def _spread(table: Complex, places: tuple[int, ...], width: int) -> Complex:
    along = _along(table, places, width)
    return np.broadcast_to(along, (len(along), *(2,) * width))


def _along(table: Complex, places: tuple[int, ...], width: int) -> Complex:
    """View a function of some qubits as one of all, which has an axis of length 1 for others."""
    axes = table.reshape(-1, *(2,) * len(places))
    order = sorted(range(len(places)), key=places.__getitem__)
    shape = [2 if place in places else 1 for place in range(width)]
    return axes.transpose(0, *(1 + axis for axis in order)).reshape(-1, *shape)


# Stages -----------------------------------------------------------------------------------------


def _go_through(
    stage: Stage,
    rows: tuple[Complex, Complex, Complex],
    tables: Sequence[Complex],
    stop: Callable[[], bool],
) -> None:
    """Do a stage's moves in every row: read from the first array, written to the second one."""
    source, target, spare = rows
    many, near = spare.shape
    axes = source.shape[1].bit_length() - 1
    ordered = source.reshape(many, *(2,) * axes).transpose(0, *(1 + axis for axis in stage.axes))
    written = target.reshape(many, 1 << stage.far, near)
    for number in range(1 << stage.far):
        if stop():
            raise Stopped
        bits = tuple(number >> shift & 1 for shift in reversed(range(stage.far)))
        here, there = written[:, number], spare
        if not (isinstance(stage.moves[0], Multiply) and stage.moves[0].is_first):
            read = ordered
            for bit in bits:
                read = read[:, bit]
            np.copyto(here.reshape(read.shape), read)
        for move in stage.moves:
            if isinstance(move, Multiply):
                _multiply(move, here, tables[move.table], bits)
                continue
            if isinstance(move, Apply):
                _apply(move, here, there, tables[move.matrix])
            else:
                cube = here.reshape(many, *(2,) * len(move.axes))
                ordering = cube.transpose(0, *(1 + axis for axis in move.axes))
                np.copyto(there.reshape(cube.shape), ordering)
            here, there = there, here
        if here is spare:
            np.copyto(there, here)


def _multiply(move: Multiply, here: Complex, table: Complex, bits: tuple[int, ...]) -> None:
    place = 0
    for far in move.far:
        place = 2 * place + bits[far]
    chosen = table.reshape(len(table), 1 << len(move.far), -1)[:, place]
    chosen = chosen.reshape(-1, *move.table_shape)
    cube = here.reshape(-1, *move.shape)
    if move.is_first:
        np.copyto(cube, chosen)
    else:
        np.multiply(cube, chosen, out=cube)


def _apply(move: Apply, here: Complex, there: Complex, matrix: Complex) -> None:
    most = max(1, _MULTIPLICATIONS // move.size**2)
    many = len(here)
    if move.behind == 1:
        columns = (many, -1, min(most, move.before), move.size)
        turned = matrix.swapaxes(1, 2)[:, np.newaxis]
        np.matmul(here.reshape(columns), turned, out=there.reshape(columns))
        return
    shape = (many, move.before, move.size, -1, min(most, move.behind))
    np.matmul(
        matrix[:, np.newaxis, np.newaxis],
        here.reshape(shape).swapaxes(2, 3),
        out=there.reshape(shape).swapaxes(2, 3),
    )


def _added_up(state: Complex, spare: Complex) -> Real:
    """Add up the probabilities of all outcomes, in the memory of both."""
    many, size = state.shape
    parts = state.view(np.float64)
    np.multiply(parts, parts, out=parts)
    found: Real = spare.reshape(-1).view(np.float64)[: many * size].reshape(many, size)
    np.add(parts[:, 0::2], parts[:, 1::2], out=found)
    np.cumsum(found, axis=1, out=found)
    return found
