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
from quantum_async.models.advice import Action, Advice, Setting
from quantum_async.programs.cache import ProgramCache
from quantum_async.programs.circuits import read_circuit, transpiled
from quantum_async.programs.parameters import bound_circuit
from quantum_async.programs.survey import BitLayout, Survey
from quantum_async.programs.tokens import shape_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from qiskit import QuantumCircuit

    from quantum_async.models.grid import Value
    from quantum_async.models.program import Program

_IGNORED = frozenset({"barrier", "delay", "id"})
_KEPT = frozenset({"measure", "reset", *_IGNORED})


_DECIDING = frozenset({"if_else", "while_loop", "for_loop", "switch_case", "box"})


@dataclass(frozen=True, slots=True)
class Limits:
    """What a target can run of circuits.

    Args:
        target: Its name.
        most_qubits: How many qubits it has, where that is known.
        goes_on: Whether it goes on after a measurement.
        decides: Whether it can be told to decide by what was measured.
        form: How circuits are written down for it, for the error; empty or ``" in ..."``.
    """

    target: str
    most_qubits: int | None = None
    goes_on: bool = False
    decides: bool = False
    form: str = ""


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
        steps: Its operations in their order, measurements included.
        measured: For each classical bit, the qubit that is measured into it last, or -1.
        num_qubits: How many qubits it has.
        bits: Where its classical bits stand in an outcome.
        name: What people call it.
        is_measured_last: Whether no qubit is used again after its measurement.
    """

    steps: tuple[Gate, ...]
    measured: tuple[int, ...]
    num_qubits: int
    bits: BitLayout
    name: str
    is_measured_last: bool = True

    @property
    def gates(self) -> tuple[Gate, ...]:
        """Its operations, measurements left out."""
        return tuple(step for step in self.steps if step.name != "measure")


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
    limits: Limits,
) -> QuantumCircuit:
    """Read a circuit, check it, write it in a target's gates, and bind its parameters.

    All but the binding is done once for each program.

    Args:
        program: The circuit.
        variables: Values of its parameters.
        basis: Qiskit's names of the gates.
        limits: What the target can run.

    Raises:
        ProgramError: It is malformed, cannot run there, or its values do not match.
        MissingExtraError: Qiskit is not installed.
    """
    try:
        made = _prepared.get(
            program,
            f"{' '.join(basis)} {shape_of(program, variables)}",
            lambda: _prepare(program, basis, variables),
        )
    except ModuleNotFoundError as error:
        library = (error.name or "qiskit").partition(".")[0]
        raise MissingExtraError(library, extra="qiskit") from error
    check_circuit(made.original, limits)
    return bound_circuit(made.original, variables, made.circuit)


def _prepare(program: Program, basis: Sequence[str], variables: Mapping[str, Value]) -> _Prepared:
    original = read_circuit(program, variables=variables)
    return _Prepared(original, in_basis(original, basis))


def check_circuit(circuit: QuantumCircuit, limits: Limits) -> None:
    """Refuse a circuit that a target cannot run.

    Args:
        circuit: The circuit.
        limits: What the target can run.

    Raises:
        ProgramError: It measures nothing, measures in its middle where the target cannot, decides
            by what it has measured, or is too wide.
    """
    survey, target = Survey.of(circuit), limits.target
    if not survey.measures:
        raise NoMeasurementError(
            "the circuit measures nothing",
            remedy=Advice(
                "Measure its qubits into classical bits, such as with ",
                Action("circuit.measure_all().", "c = measure q;"),
            ),
        )
    if not (survey.is_measured_last or limits.goes_on):
        raise UnsupportedProgramError(
            f"the circuit goes on after a measurement or a reset, and {target} cannot do that{limits.form}",
            provider="azure",
            remedy="Measure at the end, or use a target with an adaptive profile, such as "
            "Quantinuum's.",
        )
    deciding = sorted(survey.names & _DECIDING)
    if deciding and not limits.decides:
        raise UnsupportedProgramError(
            f"the circuit decides by what it has measured ({', '.join(deciding)}), which is not "
            f"written for {target}{limits.form}",
            provider="azure",
            remedy=Advice(
                "Leave the decisions out, pass a QIR program of your own, or, for Quantinuum, use ",
                Setting("form", "native", "AzureOptions"),
                ".",
            ),
        )
    if limits.most_qubits is not None and circuit.num_qubits > limits.most_qubits:
        raise DeviceLimitError(
            f"the circuit has {circuit.num_qubits} qubits and {target} has {limits.most_qubits}",
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
    known = {*basis, *_KEPT, *_DECIDING}
    survey = Survey.of(circuit)
    if survey.names <= known:
        return circuit
    unknown = ", ".join(sorted(survey.names - known))
    remedy = "Replace the operation by gates."
    made = transpiled(
        circuit,
        f"the target has no {unknown}",
        provider="azure",
        remedy=remedy,
        basis_gates=[*basis, *sorted(survey.names & _DECIDING)],
        optimization_level=0,
    )
    if left := Survey.of(made).names - known:
        raise UnsupportedProgramError(
            f"the target has no {', '.join(sorted(left))}", provider="azure", remedy=remedy
        )
    return made


def read_gates(circuit: QuantumCircuit) -> Circuit:
    """Take a circuit apart.

    Args:
        circuit: The circuit, in the target's gates.
    """
    measured = [-1] * circuit.num_clbits
    steps = tuple(_steps(circuit))
    for step in steps:
        if step.name == "measure":
            measured[step.clbits[0]] = step.qubits[0]
    return Circuit(
        steps,
        tuple(measured),
        circuit.num_qubits,
        BitLayout.of(circuit),
        circuit.name or "circuit",
        Survey.of(circuit).is_measured_last,
    )


def _steps(circuit: QuantumCircuit) -> Iterator[Gate]:
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
