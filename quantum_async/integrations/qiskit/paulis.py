"""Observables of a PUB as Pauli terms, and the circuits that measure them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from qiskit import ClassicalRegister, QuantumCircuit
from qiskit.quantum_info import PauliList, SparsePauliOp

from quantum_async.errors import InvalidInputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray
    from qiskit.primitives.containers.estimator_pub import EstimatorPub
    from qiskit.transpiler import Target

    Terms = Mapping[str, float]
    """Coefficients by Pauli string, the rightmost letter acting on qubit 0."""

REGISTER = "observed"


@dataclass(frozen=True)
class Broadcast:
    """A PUB's observables and parameter values, broadcast against each other.

    Args:
        shape: The shape of the PUB.
        points: For each element, in C order, which point of the parameter values it is for.
        terms: For each element, its observable.
    """

    shape: tuple[int, ...]
    points: Sequence[int]
    terms: Sequence[Terms]

    @classmethod
    def of(cls, pub: EstimatorPub, places: Sequence[int] | None, width: int) -> Broadcast:
        """Read a PUB.

        Args:
            pub: The PUB.
            places: Where a transpiler has put each qubit; ``None`` where none has.
            width: How many qubits the circuit has that is going to run.
        """
        shape = pub.shape
        indices = np.arange(pub.parameter_values.size).reshape(pub.parameter_values.shape)
        observables = pub.observables.sparse_observables_array()
        terms = np.empty(observables.shape, dtype=object)
        for index in np.ndindex(observables.shape):
            terms[index] = _placed(_terms(observables[index]), places, width)
        return cls(
            shape,
            np.broadcast_to(indices, shape).ravel().tolist(),
            np.broadcast_to(terms, shape).ravel().tolist(),
        )

    def wanted(self) -> dict[frozenset[str], list[int]]:
        """Say for each set of Pauli strings at which points it is wanted, identities left out."""
        by_point: dict[int, set[str]] = {}
        for point, terms in zip(self.points, self.terms, strict=True):
            by_point.setdefault(point, set()).update(terms)
        wanted: dict[frozenset[str], list[int]] = {}
        for point, paulis in by_point.items():
            if kept := frozenset(pauli for pauli in paulis if set(pauli) != {"I"}):
                wanted.setdefault(kept, []).append(point)
        return wanted


@dataclass(frozen=True)
class Basis:
    """Pauli strings that one circuit measures at once.

    Args:
        paulis: Each with the numbers of the bits whose parity it is.
        qubits: The qubit behind each bit.
        letters: The basis in which each of them is measured.
    """

    paulis: Mapping[str, tuple[int, ...]]
    qubits: tuple[int, ...]
    letters: str


def bases(paulis: Iterable[str]) -> list[Basis]:
    """Group Pauli strings so that those of a group commute qubit by qubit.

    Args:
        paulis: Strings of one width, none of them the identity.
    """
    groups = PauliList(sorted(paulis)).group_commuting(qubit_wise=True)
    return [_basis([str(label) for label in group.to_labels()]) for group in groups]


def measuring(circuit: QuantumCircuit, basis: Basis, target: Target) -> QuantumCircuit:
    """Add the measurement of a basis to a circuit, in the gates of its target.

    Args:
        circuit: The circuit, without measurements at its end.
        basis: What is measured.
        target: Where it runs.
    """
    rotated = QuantumCircuit(circuit.num_qubits)
    for qubit, letter in zip(basis.qubits, basis.letters, strict=True):
        if letter == "Y":
            rotated.sdg(qubit)
        if letter in "XY":
            rotated.h(qubit)
    made = circuit.copy()
    made.compose(_in_gates(rotated, target), qubits=made.qubits[:], inplace=True)
    register = ClassicalRegister(len(basis.qubits), register_of(circuit))
    made.add_register(register)
    made.measure([made.qubits[qubit] for qubit in basis.qubits], register)
    return made


def register_of(circuit: QuantumCircuit) -> str:
    """Name the register that observables are measured into: one that the circuit does not have."""
    name = REGISTER
    while any(register.name == name for register in circuit.cregs):
        name += "_"
    return name


def estimate(terms: Terms, basis: Basis, counts: Mapping[str, int]) -> tuple[float, float]:
    """Estimate the part of an observable that a basis measures.

    Args:
        terms: The observable; what the basis does not measure is left out.
        basis: What was measured.
        counts: How often each outcome was seen, its last bit leftmost.

    Returns:
        The mean and its variance; the variance of a single shot is not a number.
    """
    bits = np.array([[int(bit) for bit in reversed(outcome)] for outcome in counts])
    weights = np.array(list(counts.values()), dtype=float)
    values = np.zeros(len(weights))
    for pauli, coefficient in terms.items():
        if pauli in basis.paulis:
            values += coefficient * _signs(bits, basis.paulis[pauli])
    shots = weights.sum()
    mean = float(values @ weights / shots)
    if shots < 2:
        return mean, float("nan")
    spread = float(((values - mean) ** 2) @ weights / (shots - 1))
    return mean, spread / float(shots)


def identity(terms: Terms) -> float:
    """Give the part of an observable that needs no measurement."""
    return sum(value for pauli, value in terms.items() if set(pauli) == {"I"})


def _signs(bits: NDArray[np.int_], places: Sequence[int]) -> NDArray[np.int_]:
    signs: NDArray[np.int_] = 1 - 2 * (bits[:, list(places)].sum(axis=1) % 2)
    return signs


def _basis(labels: Sequence[str]) -> Basis:
    letters = {
        qubit: letter
        for label in labels
        for qubit, letter in enumerate(reversed(label))
        if letter != "I"
    }
    qubits = tuple(sorted(letters))
    bit = {qubit: place for place, qubit in enumerate(qubits)}
    paulis = {
        label: tuple(bit[qubit] for qubit, letter in enumerate(reversed(label)) if letter != "I")
        for label in labels
    }
    return Basis(paulis, qubits, "".join(letters[qubit] for qubit in qubits))


def _terms(observable: object) -> Terms:
    """Write an observable as real multiples of Pauli strings; projectors are spelt out."""
    operator = SparsePauliOp.from_sparse_observable(observable).simplify()
    coefficients = [complex(coefficient) for coefficient in np.asarray(operator.coeffs)]
    if any(abs(coefficient.imag) > 1e-12 for coefficient in coefficients):
        raise InvalidInputError(
            "an observable is not Hermitian", remedy="Give it real coefficients."
        )
    labels = operator.paulis.to_labels()
    return {label: c.real for label, c in zip(labels, coefficients, strict=True)}


def _placed(terms: Terms, places: Sequence[int] | None, width: int) -> Terms:
    """Move an observable to where a transpiler has put its qubits."""
    if places is None:
        return terms
    moved = {}
    for label, value in terms.items():
        letters = ["I"] * width
        for qubit, letter in enumerate(reversed(label)):
            letters[places[qubit]] = letter
        moved["".join(reversed(letters))] = value
    return moved


def _in_gates(circuit: QuantumCircuit, target: Target) -> QuantumCircuit:
    from qiskit.transpiler import PassManager
    from qiskit.transpiler.passes import Optimize1qGatesDecomposition

    known = set(target.operation_names)
    if {"h", "sdg"} <= known:
        return circuit
    single = Optimize1qGatesDecomposition(basis=sorted(known), target=target)
    return PassManager([single]).run(circuit)
