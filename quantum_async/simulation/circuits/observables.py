"""Expectation values of Pauli observables.

They are taken in the state before the final measurements. Where that state is the same in every
shot they are computed exactly and their standard error is 0; where it depends on measurements or
resets in mid-circuit they are averaged over the shots, with the standard error of that mean.
"""

from __future__ import annotations

from math import sqrt
from typing import TYPE_CHECKING

from quantum_async.errors import InvalidOptionError, UnsupportedProgramError
from quantum_async.models.result import Expectation
from quantum_async.programs.bare import without_final_measurements
from quantum_async.programs.survey import Survey
from quantum_async.simulation.circuits.prepare import operations

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from qiskit import QuantumCircuit


def check_observables(observables: Sequence[str], circuit: QuantumCircuit, device: str) -> None:
    """Refuse observables that a circuit or device does not have.

    Raises:
        InvalidOptionError: An observable is no Pauli string of the circuit's width.
        UnsupportedProgramError: The device computes no expectation values.
    """
    if observables and "save_expval" not in operations(device):
        raise UnsupportedProgramError(
            f"local:{device} computes no expectation values",
            remedy="Use local:statevector or local:matrix_product_state.",
        )
    for observable in observables:
        if len(observable) != circuit.num_qubits or set(observable) - set("IXYZ"):
            raise InvalidOptionError(
                f"{observable!r} is not an observable of {circuit.num_qubits} qubits",
                remedy="Write one of I, X, Y, Z per qubit, the rightmost for qubit 0.",
            )


def observed(circuit: QuantumCircuit, observables: Sequence[str]) -> tuple[QuantumCircuit, bool]:
    """Replace the final measurements by the saving of expectation values.

    Returns:
        The circuit to run, and whether the values differ from shot to shot.
    """
    from qiskit.quantum_info import SparsePauliOp
    from qiskit_aer.library import SaveExpectationValue

    copy = without_final_measurements(circuit)
    is_random = Survey.of(copy).is_random
    for number, observable in enumerate(observables):
        support = [q for q, letter in enumerate(reversed(observable)) if letter != "I"]
        if not support:
            continue
        letters = "".join(observable[-1 - q] for q in reversed(support))
        save = SaveExpectationValue(SparsePauliOp(letters), label=str(number), pershot=is_random)
        copy.append(save, [copy.qubits[q] for q in support])
    return copy, is_random


def expectations(observables: Sequence[str], data: Mapping[str, object]) -> dict[str, Expectation]:
    """Read what `observed` saved.

    Args:
        observables: The observables.
        data: What Aer returned.
    """
    return {
        observable: _expectation(data.get(str(number)))
        for number, observable in enumerate(observables)
    }


def _expectation(saved: object) -> Expectation:
    if saved is None:
        return Expectation(1.0, 0.0)
    if isinstance(saved, (int, float)):
        return Expectation(float(saved), 0.0)
    values = [float(value) for value in saved]  # type: ignore[attr-defined]  # one per shot
    mean = sum(values) / len(values)
    if len(values) == 1:
        return Expectation(mean, None)
    variance = sum((value - mean) ** 2 for value in values) / (len(values) - 1)
    return Expectation(mean, sqrt(variance / len(values)))
