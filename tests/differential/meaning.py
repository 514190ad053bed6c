"""Programs by their definitions: a description that no library reads, and what it means.

The interpreter is a few lines of linear algebra. It looks nothing up by a name that a program may
define, which is what the suite is about.
"""

from __future__ import annotations

import cmath
import math
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

NEVER = 1e-12
"""Probability below which something does not happen."""


@dataclass(frozen=True)
class Angle:
    """``scale * name + shift`` in radians; without a name just ``shift``."""

    shift: float
    name: str = ""
    scale: float = 1.0

    def value(self, names: Mapping[str, float]) -> float:
        return self.shift + (self.scale * names[self.name] if self.name else 0.0)


@dataclass(frozen=True)
class Call:
    """A gate on wires: a name means a gate of `GATES`, a number means a definition.

    Modifiers stand outermost first; each ``ctrl`` takes one wire from the front.
    """

    gate: str | int
    angles: tuple[Angle, ...]
    wires: tuple[int, ...]
    modifiers: tuple[str, ...] = ()
    bits: tuple[int, ...] = ()


@dataclass(frozen=True)
class Measure:
    qubit: int
    bit: int


@dataclass(frozen=True)
class Reset:
    qubit: int


@dataclass(frozen=True)
class Prepare:
    """Put qubits that are in state 0, or are put there first, into a state."""

    wires: tuple[int, ...]
    angles: tuple[Angle, ...]
    resets: bool


@dataclass(frozen=True)
class If:
    """Exactly one of ``register`` (by number) and ``bit`` is compared with a value."""

    register: int | None
    bit: int | None
    value: int
    then: tuple[Statement, ...]
    otherwise: tuple[Statement, ...] = ()


Statement = Call | Measure | Reset | Prepare | If


@dataclass(frozen=True)
class Definition:
    """A gate; with bits, or measurements in its body, an instruction made of several."""

    name: str
    angles: tuple[str, ...]
    width: int
    body: tuple[Statement, ...]
    bits: int = 0

    @property
    def is_gate(self) -> bool:
        return all(isinstance(step, Call) for step in self.body)


@dataclass(frozen=True)
class Described:
    """A program.

    Args:
        qubits: Name and width of each quantum register.
        bits: The same of each classical register.
        definitions: Its gates; each may call earlier ones.
        statements: What it does.
        includes: Whether it includes its language's file of gates.
        parameters: Values of its parameters.
        loose: How many bits it has outside any register, the last ones.
    """

    qubits: tuple[tuple[str, int], ...]
    bits: tuple[tuple[str, int], ...]
    definitions: tuple[Definition, ...] = ()
    statements: tuple[Statement, ...] = ()
    includes: bool = True
    parameters: Mapping[str, float] = field(default_factory=dict)
    loose: int = 0

    @property
    def num_qubits(self) -> int:
        return sum(width for _, width in self.qubits)

    @property
    def registers(self) -> tuple[tuple[str, int], ...]:
        """Name and width of what an outcome is shown in."""
        loose = (("bits", self.loose),) if self.loose else ()
        return self.bits + loose

    @property
    def places(self) -> list[list[int]]:
        found, start = [], 0
        for _, width in self.registers:
            found.append(list(range(start, start + width)))
            start += width
        return found


# Gates ------------------------------------------------------------------------------------------


def _u(theta, phi, lam):
    cosine, sine = math.cos(theta / 2), math.sin(theta / 2)
    return np.array(
        [
            [cosine, -cmath.exp(1j * lam) * sine],
            [cmath.exp(1j * phi) * sine, cmath.exp(1j * (phi + lam)) * cosine],
        ]
    )


def _rotation(generator):
    one = np.eye(len(generator))
    return lambda t: math.cos(t / 2) * one - 1j * math.sin(t / 2) * generator


def controlled(matrix):
    """Add a control in front."""
    size = len(matrix)
    found = np.eye(2 * size, dtype=complex)
    found[size:, size:] = matrix
    return found


X = np.array([[0, 1], [1, 0]], dtype=complex)
Y = np.array([[0, -1j], [1j, 0]])
Z = np.diag([1.0 + 0j, -1])
H = np.array([[1, 1], [1, -1]], dtype=complex) / math.sqrt(2)
SX = np.array([[1 + 1j, 1 - 1j], [1 - 1j, 1 + 1j]]) / 2
SWAP = np.eye(4, dtype=complex)[[0, 2, 1, 3]]
_RX, _RY, _RZ = _rotation(X), _rotation(Y), _rotation(Z)


def _p(t):
    return np.diag([1, cmath.exp(1j * t)])


def _fixed(matrix):
    return lambda: matrix


def _any_two(*angles):
    one, two, three, four = (_u(*angles[n : n + 3]) for n in range(0, 12, 3))
    return np.kron(one, two) @ controlled(X) @ np.kron(three, four)


def _choice(*angles):
    found = np.zeros((4, 4), dtype=complex)
    found[:2, :2], found[2:, 2:] = _u(*angles[:3]), _u(*angles[3:])
    return found


# Angles, wires and matrix; the first wire is the most significant one.
GATES = {
    "U": (3, 1, _u),
    "x": (0, 1, _fixed(X)),
    "y": (0, 1, _fixed(Y)),
    "z": (0, 1, _fixed(Z)),
    "h": (0, 1, _fixed(H)),
    "s": (0, 1, _fixed(_p(math.pi / 2))),
    "sdg": (0, 1, _fixed(_p(-math.pi / 2))),
    "t": (0, 1, _fixed(_p(math.pi / 4))),
    "tdg": (0, 1, _fixed(_p(-math.pi / 4))),
    "sx": (0, 1, _fixed(SX)),
    "rx": (1, 1, _RX),
    "ry": (1, 1, _RY),
    "rz": (1, 1, _RZ),
    "p": (1, 1, _p),
    "cx": (0, 2, _fixed(controlled(X))),
    "CX": (0, 2, _fixed(controlled(X))),
    "cy": (0, 2, _fixed(controlled(Y))),
    "cz": (0, 2, _fixed(controlled(Z))),
    "ch": (0, 2, _fixed(controlled(H))),
    "swap": (0, 2, _fixed(SWAP)),
    "cp": (1, 2, lambda t: controlled(_p(t))),
    "crx": (1, 2, lambda t: controlled(_RX(t))),
    "cry": (1, 2, lambda t: controlled(_RY(t))),
    "crz": (1, 2, lambda t: controlled(_RZ(t))),
    "ccx": (0, 3, _fixed(controlled(controlled(X)))),
    "cswap": (0, 3, _fixed(controlled(SWAP))),
    "rxx": (1, 2, _rotation(np.kron(X, X))),
    "ryy": (1, 2, _rotation(np.kron(Y, Y))),
    "rzz": (1, 2, _rotation(np.kron(Z, Z))),
    "sxdg": (0, 1, _fixed(SX.conj().T)),
    "u3": (3, 1, _u),
    "u2": (2, 1, lambda phi, lam: _u(math.pi / 2, phi, lam)),
    "u1": (1, 1, _p),
    "iswap": (0, 2, _fixed(np.array([[1, 0, 0, 0], [0, 0, 1j, 0], [0, 1j, 0, 0], [0, 0, 0, 1]]))),
    # Of no language, of Qiskit's objects: any unitary, and one that a qubit chooses.
    "*unitary1": (3, 1, _u),
    "*unitary2": (12, 2, _any_two),
    "*multiplexer": (6, 2, _choice),
}
CLIFFORD = tuple("x y z h s sdg sx cx cy cz swap".split())


def prepared(angles):
    """A state of as many qubits as there are angles, as a vector, the first one leading."""
    found = np.ones(1, dtype=complex)
    for angle in angles:
        found = np.kron(found, _u(angle, angle / 2, 0)[:, 0])
    if len(angles) == 2:
        found = controlled(X) @ found
    return found


# The interpreter ---------------------------------------------------------------------------------


def applied(tensor, matrix, wires):
    """Apply a matrix to some axes of a tensor."""
    many = len(wires)
    shaped = matrix.reshape((2,) * (2 * many))
    found = np.tensordot(shaped, tensor, axes=(range(many, 2 * many), wires))
    return np.moveaxis(found, range(many), wires)


def matrix_of(call: Call, definitions, names):
    """The unitary of a call, on its wires in their order."""
    angles = [angle.value(names) for angle in call.angles]
    if isinstance(call.gate, str):
        matrix = GATES[call.gate][2](*angles)
    else:
        matrix = defined(definitions[call.gate], definitions, angles)
    for modifier in reversed(call.modifiers):
        if modifier == "ctrl":
            matrix = controlled(matrix)
        elif modifier == "inv":
            matrix = matrix.conj().T
        else:
            matrix = np.linalg.matrix_power(matrix, int(modifier.removeprefix("pow")))
    return matrix


def defined(definition: Definition, definitions, angles):
    """The unitary of a definition."""
    size = 2**definition.width
    tensor = np.eye(size, dtype=complex).reshape((2,) * definition.width + (size,))
    names = dict(zip(definition.angles, angles, strict=True))
    for step in definition.body:
        tensor = applied(tensor, matrix_of(step, definitions, names), step.wires)
    return tensor.reshape(size, size)


class Machine:
    """Runs steps on every branch at once: weight, state and bits."""

    def __init__(self, qubits: int, bits: int) -> None:
        state = np.zeros((2,) * qubits, dtype=complex)
        state[(0,) * qubits] = 1
        self.branches = [(1.0, state, (0,) * bits)]

    def unitary(self, matrix, wires, where=None):
        self._each(lambda w, s, b: [(w, applied(s, matrix, wires), b)], where)

    def measure(self, qubit, bit, where=None):
        def split(weight, state, bits):
            for value, share, left in collapsed(state, qubit):
                yield weight * share, left, (*bits[:bit], value, *bits[bit + 1 :])

        self._each(split, where)

    def reset(self, qubit, where=None):
        def split(weight, state, bits):
            for value, share, left in collapsed(state, qubit):
                yield weight * share, applied(left, X, [qubit]) if value else left, bits

        self._each(split, where)

    def put(self, column, wires, where=None):
        """Put qubits that are in state 0 into another state."""

        def change(weight, state, bits):
            rest = state[tuple(0 if axis in wires else slice(None) for axis in range(state.ndim))]
            found = np.multiply.outer(column.reshape((2,) * len(wires)), rest)
            return [(weight, np.moveaxis(found, range(len(wires)), wires), bits)]

        self._each(change, where)

    def _each(self, change, where):
        kept = []
        for branch in self.branches:
            if where is None or where(branch[2]):
                kept += change(*branch)
            else:
                kept.append(branch)
        self.branches = kept

    def outcomes(self) -> dict[tuple[int, ...], float]:
        """The probability of all bits, by number."""
        found: defaultdict[tuple[int, ...], float] = defaultdict(float)
        for weight, _, bits in self.branches:
            found[bits] += weight
        return dict(found)


def collapsed(state, qubit):
    """What a measurement can find: the value, its probability, and the state left."""
    for value in (0, 1):
        left = np.zeros_like(state)
        part = tuple(value if axis == qubit else slice(None) for axis in range(state.ndim))
        left[part] = state[part]
        share = float(np.vdot(left, left).real)
        if share > NEVER:
            yield value, share, left / math.sqrt(share)


class _Run:
    def __init__(self, program: Described) -> None:
        self._program = program
        self._bits = sum(width for _, width in program.registers)
        self.machine = Machine(program.num_qubits, self._bits)
        self._places = program.places

    def steps(self, steps, qubits, bits, names, where=None):
        for step in steps:
            self._step(step, qubits, bits, names, where)

    def _step(self, step, qubits, bits, names, where):
        program, machine = self._program, self.machine
        if isinstance(step, Measure):
            machine.measure(qubits[step.qubit], bits[step.bit], where)
        elif isinstance(step, Reset):
            machine.reset(qubits[step.qubit], where)
        elif isinstance(step, Prepare):
            self._prepare(step, qubits, names, where)
        elif isinstance(step, If):
            self._decide(step, qubits, bits, names, where)
        elif isinstance(step.gate, int) and not program.definitions[step.gate].is_gate:
            inner = program.definitions[step.gate]
            angles = [angle.value(names) for angle in step.angles]
            wires = [qubits[wire] for wire in step.wires]
            places = [bits[bit] for bit in step.bits]
            self.steps(
                inner.body, wires, places, dict(zip(inner.angles, angles, strict=True)), where
            )
        else:
            matrix = matrix_of(step, program.definitions, names)
            machine.unitary(matrix, [qubits[wire] for wire in step.wires], where)

    def _prepare(self, step, qubits, names, where):
        wires = [qubits[wire] for wire in step.wires]
        if step.resets:
            for wire in wires:
                self.machine.reset(wire, where)
        column = prepared([angle.value(names) for angle in step.angles])
        self.machine.put(column, wires, where)

    def _decide(self, step, qubits, bits, names, where):
        places = [bits[step.bit]] if step.register is None else self._places[step.register]
        # What was true when the statement began decides, whatever its body measures.
        marked = [
            (w, s, b, sum(b[p] << n for n, p in enumerate(places)) == step.value)
            for w, s, b in self.machine.branches
            if where is None or where(b)
        ]
        rest = [x for x in self.machine.branches if where is not None and not where(x[2])]
        found = []
        for truth, body in ((True, step.then), (False, step.otherwise)):
            self.machine.branches = [(w, s, b) for w, s, b, true in marked if true is truth]
            self.steps(body, qubits, bits, names)
            found += self.machine.branches
        self.machine.branches = found + rest


def outcomes_of(program: Described) -> dict[str, float]:
    """The probability of every outcome, written as `Result` documents it."""
    run = _Run(program)
    bits = range(sum(width for _, width in program.registers))
    run.steps(program.statements, range(program.num_qubits), bits, dict(program.parameters))
    return keyed(run.machine.outcomes(), program.places)


def keyed(outcomes, places) -> dict[str, float]:
    """Write outcomes: the last register first, in each the last bit first."""
    found: defaultdict[str, float] = defaultdict(float)
    for bits, share in outcomes.items():
        key = " ".join("".join(str(bits[p]) for p in reversed(group)) for group in reversed(places))
        found[key] += share
    return {key: share for key, share in found.items() if share > NEVER}
