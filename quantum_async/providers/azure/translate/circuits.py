"""Circuits made ready for a target: read, checked, their parameters bound."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from quantum_async.errors import (
    DeviceLimitError,
    MissingExtraError,
    NoMeasurementError,
    UnsupportedProgramError,
)
from quantum_async.simulation.cache import ProgramCache
from quantum_async.simulation.circuits.bits import BitLayout
from quantum_async.simulation.circuits.parameters import values_by_parameter
from quantum_async.simulation.circuits.read import read_circuit
from quantum_async.simulation.circuits.survey import Survey

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from qiskit import QuantumCircuit

    from quantum_async.models.grid import Value
    from quantum_async.models.program import Program

_IGNORED = frozenset({"barrier", "delay", "id"})
_KEPT = frozenset({"measure", *_IGNORED})


@dataclass(frozen=True, slots=True)
class Gate:
    """One operation of a circuit.

    Args:
        name: Qiskit's name of it.
        params: Its angles, in radians.
        qubits: The numbers of its qubits.
        clbits: The numbers of its classical bits, for a measurement.
    """

    name: str
    params: tuple[float, ...]
    qubits: tuple[int, ...]
    clbits: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Circuit:
    """A circuit as a target is told of it.

    Args:
        gates: Its operations, measurements left out.
        measured: For each classical bit, the qubit that is measured into it, or -1.
        num_qubits: How many qubits it has.
        bits: Where its classical bits stand in an outcome.
        name: What people call it.
    """

    gates: tuple[Gate, ...]
    measured: tuple[int, ...]
    num_qubits: int
    bits: BitLayout
    name: str


@dataclass(frozen=True, slots=True)
class _Prepared:
    """A circuit as it was given, and in a target's gates, its parameters unbound."""

    original: QuantumCircuit
    circuit: QuantumCircuit


_prepared: ProgramCache[_Prepared] = ProgramCache("azure_circuit")


def prepared_circuit(
    program: Program,
    variables: Mapping[str, Value],
    basis: Sequence[str],
    target: str,
    most_qubits: int | None,
) -> QuantumCircuit:
    """Read a circuit, check it, write it in a target's gates, and bind its parameters.

    All but the binding is done once for each program.

    Args:
        program: The circuit.
        variables: Values of its parameters.
        basis: Qiskit's names of the gates.
        target: The target's name.
        most_qubits: How many qubits the target has, where that is known.

    Raises:
        ProgramError: It is malformed, cannot run there, or its values do not match.
        MissingExtraError: Qiskit is not installed.
    """
    try:
        made = _prepared.get(program, " ".join(basis), lambda: _prepare(program, basis))
    except ModuleNotFoundError as error:
        library = (error.name or "qiskit").partition(".")[0]
        raise MissingExtraError(library, extra="qiskit") from error
    check_circuit(made.original, target, most_qubits)
    values = values_by_parameter(made.original, variables)
    left = {name: value for name, value in values.items() if name in made.circuit.parameters}
    if not left:
        return made.circuit
    bound: QuantumCircuit = made.circuit.assign_parameters(left, inplace=False)
    return bound


def _prepare(program: Program, basis: Sequence[str]) -> _Prepared:
    original = read_circuit(program)
    return _Prepared(original, in_basis(original, basis))


def check_circuit(circuit: QuantumCircuit, target: str, most_qubits: int | None) -> None:
    """Refuse a circuit that a target cannot run.

    Args:
        circuit: The circuit.
        target: The target's name.
        most_qubits: How many qubits the target has, where that is known.

    Raises:
        ProgramError: It measures nothing, measures in its middle, or is too wide.
    """
    survey = Survey.of(circuit)
    if not survey.measures:
        raise NoMeasurementError(
            "the circuit measures nothing",
            remedy="Measure its qubits into classical bits, such as with circuit.measure_all().",
        )
    if not survey.is_measured_last:
        raise UnsupportedProgramError(
            f"the circuit goes on after a measurement, which {target} is not told how to do",
            provider="azure",
            remedy="Measure at the end, or pass a program of the vendor's own format or QIR.",
        )
    if most_qubits is not None and circuit.num_qubits > most_qubits:
        raise DeviceLimitError(
            f"the circuit has {circuit.num_qubits} qubits and {target} has {most_qubits}",
            provider="azure",
            remedy="Use fewer qubits, or a larger target.",
        )


def in_basis(circuit: QuantumCircuit, basis: Sequence[str]) -> QuantumCircuit:
    """Write a circuit in gates of a basis, without moving its qubits.

    Args:
        circuit: The circuit.
        basis: Qiskit's names of the gates.

    Raises:
        UnsupportedProgramError: Some operation cannot be written so.
    """
    known = {*basis, *_KEPT}
    survey = Survey.of(circuit)
    if survey.names <= known or not survey.is_measured_last:
        return circuit
    from qiskit import transpile
    from qiskit.exceptions import QiskitError

    try:
        return transpile(circuit, basis_gates=[*basis], optimization_level=0)
    except QiskitError as error:
        unknown = ", ".join(sorted(survey.names - known))
        raise UnsupportedProgramError(
            f"the target has no {unknown}: {error}",
            provider="azure",
            remedy="Replace the operation by gates.",
        ) from error


def read_gates(circuit: QuantumCircuit) -> Circuit:
    """Take a circuit apart.

    Args:
        circuit: The circuit, in the target's gates.
    """
    measured = [-1] * circuit.num_clbits
    gates = []
    for gate in _gates(circuit):
        if gate.name == "measure":
            measured[gate.clbits[0]] = gate.qubits[0]
        else:
            gates.append(gate)
    return Circuit(
        tuple(gates),
        tuple(measured),
        circuit.num_qubits,
        BitLayout.of(circuit),
        circuit.name or "circuit",
    )


def _gates(circuit: QuantumCircuit) -> Iterator[Gate]:
    qubits = {bit: place for place, bit in enumerate(circuit.qubits)}
    clbits = {bit: place for place, bit in enumerate(circuit.clbits)}
    for instruction in circuit.data:
        if instruction.operation.name not in _IGNORED:
            yield Gate(
                instruction.operation.name,
                tuple(float(param) for param in instruction.operation.params),
                tuple(qubits[bit] for bit in instruction.qubits),
                tuple(clbits[bit] for bit in instruction.clbits),
            )
