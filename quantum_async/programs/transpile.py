"""Circuits in the gates of a target, by Qiskit's transpiler."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from quantum_async.errors import UnsupportedProgramError
from quantum_async.programs.circuits import is_foreign
from quantum_async.programs.reasons import reason_of

if TYPE_CHECKING:
    from qiskit import QuantumCircuit


def transpiled(
    circuit: QuantumCircuit, what: str, *, provider: str | None = None, remedy: str, **settings: Any
) -> QuantumCircuit:
    """Bring a circuit of standard operations to a target's gates.

    Args:
        circuit: A circuit as `read_circuit` gives it; its parameters may be open.
        what: What cannot be done if it fails, such as "iqm:garnet cannot run the circuit".
        provider: Registry name of the provider, for the error.
        remedy: What to do if it fails.
        settings: What `qiskit.transpile` is told.

    Raises:
        UnsupportedProgramError: It cannot be brought there, with Qiskit's reason.
    """
    from qiskit import transpile

    try:
        return transpile(circuit, **settings)
    except BaseException as error:
        if not is_foreign(error):
            raise
        raise UnsupportedProgramError(
            f"{what}: {reason_of(error)}", provider=provider, remedy=remedy
        ) from error
