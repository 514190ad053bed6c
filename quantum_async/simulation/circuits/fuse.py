"""Planning how a state is computed: gates are fused, and each step is given its place in memory.

A state of many qubits is kept as rows that fit in a core's cache. The qubits whose amplitudes
stand within a row are near, the others far. A stage goes once through all rows and does in each
what acts on near qubits only; the next stage reads the rows in another order of the qubits, in
which others are near. What is diagonal can be done wherever its qubits are.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from quantum_async.simulation.circuits.gates import Gate

NEAR = 16
"""Qubits within a row: a megabyte, which stays in a core's cache while it is worked on."""
BLOCK = 4
"""Qubits of a fused gate: moving a row past the processor takes about as long as multiplying it by
such a matrix. Narrower ones move it more often, wider ones multiply more than they save."""
_FACTOR, _PRODUCT = 6, 12
"""Qubits of the tables that diagonal gates are multiplied into before the state is."""
_RUN = 5
"""Last axes that each such table has, so that numpy's innermost loop is long."""
_SHORT = 8
_LOOK_BACK = 256


@dataclass(frozen=True, slots=True)
class Placed:
    """A gate of a circuit.

    Args:
        gate: What it does.
        columns: The numbers of its open angles.
        qubits: Where, the most significant one of its matrix first.
    """

    gate: Gate
    columns: tuple[int, ...]
    qubits: tuple[int, ...]


@dataclass(slots=True)
class _Step:
    gates: list[Placed]
    qubits: set[int]
    is_diagonal: bool
    # The first gates of their qubits make a column of amplitudes: no matrix is multiplied.
    is_start: bool = False


def fused(gates: Iterable[Placed], num_qubits: int) -> list[_Step]:
    """Put each gate into the last step that can take it.

    Args:
        gates: The gates in order.
        num_qubits: Of how many qubits the state is. A fused gate's matrix, which is made for each
            point, has no more entries than the state.
    """
    width = max(1, min(BLOCK, num_qubits // 2))
    steps: list[_Step] = []
    for placed in gates:
        mine, is_diagonal = set(placed.qubits), placed.gate.is_diagonal
        chosen: _Step | None = None
        for step in reversed(steps[-_LOOK_BACK:]):
            contains = not step.is_diagonal and mine <= step.qubits
            fits = step.is_diagonal is is_diagonal
            if not is_diagonal:
                fits = fits and len(step.qubits | mine) <= width
            if contains or (fits and chosen is None):
                chosen = step
            commutes = mine.isdisjoint(step.qubits) or (is_diagonal and step.is_diagonal)
            if contains or not commutes:
                break
        if chosen is None:
            steps.append(_Step([placed], mine, is_diagonal))
        else:
            chosen.gates.append(placed)
            chosen.qubits |= mine
    touched: set[int] = set()
    for step in steps:
        step.is_start = not step.is_diagonal and touched.isdisjoint(step.qubits)
        touched |= step.qubits
    while steps and steps[-1].is_diagonal:
        # Phases at the end change no probability.
        steps.pop()
    return steps


@dataclass(frozen=True, slots=True)
class Turned:
    """A gate's matrix, or diagonal: what there is to compute of one gate.

    Args:
        gate: The gate.
        columns: The numbers of its open angles.
    """

    gate: Gate
    columns: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Matrix:
    """Gates multiplied into one matrix, or into the column that it makes of the first state.

    Args:
        parts: The numbers of the gates' recipes, and their places among the qubits.
        width: How many qubits.
        is_column: Whether it is that column.
    """

    parts: tuple[tuple[int, tuple[int, ...]], ...]
    width: int
    is_column: bool = False


@dataclass(frozen=True, slots=True)
class Product:
    """Diagonals and columns multiplied into one table.

    Args:
        parts: The numbers of their recipes, and their places among the qubits.
        width: How many qubits.
    """

    parts: tuple[tuple[int, tuple[int, ...]], ...]
    width: int


Recipe: TypeAlias = Turned | Matrix | Product


@dataclass(frozen=True, slots=True)
class Multiply:
    """Multiply the rows by a table.

    Args:
        table: The number of its recipe: far qubits first, then near ones.
        far: The far qubits' places in a row's number, from the most significant one.
        shape: The rows' shape, in which runs of axes stand together.
        table_shape: The table's in that, 1 where it does not depend on a run.
        is_first: Whether there is nothing in the rows yet.
    """

    table: int
    far: tuple[int, ...]
    shape: tuple[int, ...]
    table_shape: tuple[int, ...]
    is_first: bool


@dataclass(frozen=True, slots=True)
class Apply:
    """Multiply neighbouring axes of the rows by a matrix.

    Args:
        matrix: The number of its recipe.
        before: The size of the axes before them.
        size: Their size.
        behind: The size of the axes behind them.
    """

    matrix: int
    before: int
    size: int
    behind: int


@dataclass(frozen=True, slots=True)
class Reorder:
    """Bring the axes of the rows into another order.

    Args:
        axes: For each place the number of the axis that comes there.
    """

    axes: tuple[int, ...]


Move: TypeAlias = Multiply | Apply | Reorder


@dataclass(frozen=True, slots=True)
class Stage:
    """Once through all rows.

    Args:
        axes: For each place in the order of qubits that it reads, far ones first, the number of
            the axis in the order that the last stage left.
        far: How many qubits are far.
        moves: What is done in each row.
    """

    axes: tuple[int, ...]
    far: int
    moves: tuple[Move, ...]


@dataclass(slots=True)
class Course:
    """How a state is computed.

    Args:
        num_qubits: Of how many qubits.
        recipes: What is computed of the angles before, each of those before it.
        stages: What is done with the state.
        order: The qubits in the order of the state's axes at the end.
    """

    num_qubits: int
    recipes: list[Recipe] = field(default_factory=list)
    stages: list[Stage] = field(default_factory=list)
    order: tuple[int, ...] = ()


def planned(steps: Sequence[_Step], num_qubits: int, near: int = NEAR) -> Course:
    """Plan a state's computing.

    Args:
        steps: What `fused` gave.
        num_qubits: How many qubits there are.
        near: Most qubits within a row.
    """
    widest = max((len(step.qubits) for step in steps if not step.is_diagonal), default=0)
    return _Planning(num_qubits, max(near, widest)).plan(steps)


class _Planning:
    def __init__(self, num_qubits: int, near: int) -> None:
        self._near = min(near, num_qubits)
        self._made = Course(num_qubits)
        self._numbers: dict[Recipe, int] = {}

    def plan(self, steps: Sequence[_Step]) -> Course:
        order = list(range(self._made.num_qubits))
        left = list(steps)
        is_first = True
        while left or is_first:
            near = self._chosen(left, order)
            now, left = _executable(left, near)
            near_order = self._arranged(now, [q for q in order if q in near])
            far_order = [q for q in order if q not in near]
            axes = tuple(order.index(q) for q in (*far_order, *near_order))
            moves, near_order = self._moves(now, near_order, far_order, is_first=is_first)
            self._made.stages.append(Stage(axes, len(far_order), tuple(moves)))
            order = [*far_order, *near_order]
            is_first = False
        self._made.order = tuple(order)
        return self._made

    def _number(self, recipe: Recipe) -> int:
        if recipe not in self._numbers:
            self._numbers[recipe] = len(self._made.recipes)
            self._made.recipes.append(recipe)
        return self._numbers[recipe]

    def _chosen(self, steps: Sequence[_Step], order: Sequence[int]) -> set[int]:
        """Choose the near qubits: those that the next steps need, the last ones beside them."""
        near: set[int] = set()
        blocked: set[int] = set()
        for step in steps:
            if step.is_start or (step.is_diagonal and blocked.isdisjoint(step.qubits)):
                continue
            is_blocked = not blocked.isdisjoint(step.qubits)
            if step.is_diagonal:
                for gate in step.gates:
                    if not blocked.isdisjoint(gate.qubits):
                        blocked |= set(gate.qubits)
            elif is_blocked or len(near | step.qubits) > self._near:
                blocked |= step.qubits
            else:
                near |= step.qubits
        for qubit in reversed(order):
            if len(near) < self._near:
                near.add(qubit)
        return near

    def _arranged(self, steps: Sequence[_Step], order: list[int]) -> list[int]:
        """Order near qubits so that those of the next matrices stand together, large ones last."""
        groups: list[list[int]] = []
        seen: set[int] = set()
        for step in steps:
            if step.is_diagonal or step.is_start:
                continue
            if seen.isdisjoint(step.qubits):
                groups.append([qubit for qubit in order if qubit in step.qubits])
            seen |= step.qubits
        groups.sort(key=len)
        grouped = [qubit for group in groups for qubit in group]
        return [*(qubit for qubit in order if qubit not in grouped), *grouped]

    def _moves(
        self, steps: Sequence[_Step], near: list[int], far: list[int], *, is_first: bool
    ) -> tuple[list[Move], list[int]]:
        moves: list[Move] = []
        tables: list[tuple[int, tuple[int, ...]]] = []
        if is_first:
            tables = self._starts(steps, {*near, *far})
        rest = [step for step in steps if not step.is_start]
        for place, step in enumerate(rest):
            if step.is_diagonal:
                tables += [(self._turned(gate), gate.qubits) for gate in step.gates]
                continue
            moves += self._multiplied(tables, near, far, is_first=is_first and not moves)
            tables = []
            axes = sorted(near.index(qubit) for qubit in step.qubits)
            behind = len(near) - 1 - axes[-1]
            is_run = axes[-1] - axes[0] == len(axes) - 1
            if not is_run or 1 < 1 << behind < _SHORT:
                arranged = self._arranged(rest[place:], near)
                if arranged != near:
                    moves.append(Reorder(tuple(near.index(qubit) for qubit in arranged)))
                near = arranged
                axes = sorted(near.index(qubit) for qubit in step.qubits)
                behind = len(near) - 1 - axes[-1]
            qubits = near[axes[0] : axes[-1] + 1]
            matrix = self._matrix(step, qubits)
            moves.append(Apply(matrix, 1 << axes[0], 1 << len(axes), 1 << behind))
        moves += self._multiplied(tables, near, far, is_first=is_first and not moves)
        return moves, near

    def _turned(self, placed: Placed) -> int:
        return self._number(Turned(placed.gate, placed.columns))

    def _matrix(self, step: _Step, qubits: Sequence[int], *, is_column: bool = False) -> int:
        places = {qubit: place for place, qubit in enumerate(qubits)}
        parts = tuple((self._turned(g), tuple(places[q] for q in g.qubits)) for g in step.gates)
        return self._number(Matrix(parts, len(qubits), is_column))

    def _starts(
        self, steps: Sequence[_Step], qubits: set[int]
    ) -> list[tuple[int, tuple[int, ...]]]:
        """List the columns that the first state is the product of."""
        found = []
        for step in steps:
            if step.is_start:
                chosen = sorted(step.qubits)
                found.append((self._matrix(step, chosen, is_column=True), tuple(chosen)))
                qubits = qubits - step.qubits
        untouched = self._number(Matrix((), 1, is_column=True))
        return [*found, *((untouched, (qubit,)) for qubit in sorted(qubits))]

    def _multiplied(
        self,
        tables: Sequence[tuple[int, tuple[int, ...]]],
        near: Sequence[int],
        far: Sequence[int],
        *,
        is_first: bool,
    ) -> list[Move]:
        """Multiply the rows by tables, after these have been multiplied with each other."""
        order = [*far, *near]
        places = {qubit: place for place, qubit in enumerate(order)}
        base = set(near[-_RUN:])
        factors = self._products(tables, places, _FACTOR, set())
        moves: list[Move] = []
        for table, qubits in self._products(factors, places, _PRODUCT, base):
            shape, table_shape = _runs([qubit in qubits for qubit in near])
            distant = tuple(far.index(qubit) for qubit in qubits if qubit in far)
            moves.append(Multiply(table, distant, shape, table_shape, is_first and not moves))
        return moves

    def _products(
        self,
        tables: Sequence[tuple[int, tuple[int, ...]]],
        places: dict[int, int],
        most: int,
        base: set[int],
    ) -> list[tuple[int, tuple[int, ...]]]:
        groups: list[tuple[set[int], list[tuple[int, tuple[int, ...]]]]] = []
        # Last axes first, so that neighbours meet.
        for table, qubits in sorted(tables, key=lambda one: -min(places[q] for q in one[1])):
            for support, members in groups[-1:]:
                if len(support.union(qubits)) <= most:
                    support.update(qubits)
                    members.append((table, qubits))
                    break
            else:
                groups.append(({*base, *qubits}, [(table, qubits)]))
        made = []
        for support, members in groups:
            order = tuple(sorted(support, key=places.__getitem__))
            number = {qubit: place for place, qubit in enumerate(order)}
            parts = tuple((table, tuple(number[q] for q in qubits)) for table, qubits in members)
            made.append((self._number(Product(parts, len(order))), order))
        return made


def _executable(steps: Sequence[_Step], near: set[int]) -> tuple[list[_Step], list[_Step]]:
    """Divide steps into those that a stage does and those that it leaves."""
    now: list[_Step] = []
    left: list[_Step] = []
    blocked: set[int] = set()
    for step in steps:
        if step.is_diagonal:
            free = [gate for gate in step.gates if blocked.isdisjoint(gate.qubits)]
            held = [gate for gate in step.gates if not blocked.isdisjoint(gate.qubits)]
            for gates, part in ((free, now), (held, left)):
                if gates:
                    qubits = {qubit for gate in gates for qubit in gate.qubits}
                    part.append(_Step(gates, qubits, is_diagonal=True))
            for gate in held:
                blocked |= set(gate.qubits)
        elif step.is_start or (step.qubits <= near and blocked.isdisjoint(step.qubits)):
            now.append(step)
        else:
            left.append(step)
            blocked |= step.qubits
    return now, left


def _runs(marks: Sequence[bool]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Put axes of size 2 together where all are marked, or none is."""
    shape: list[int] = []
    marked: list[int] = []
    for place, mark in enumerate(marks):
        if place and marks[place - 1] is mark:
            shape[-1] *= 2
            marked[-1] *= 2 if mark else 1
        else:
            shape.append(2)
            marked.append(2 if mark else 1)
    return tuple(shape), tuple(marked)
