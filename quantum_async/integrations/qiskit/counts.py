"""Results as Qiskit's backends return them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qiskit.result import Result as QiskitResult
from qiskit.result.models import ExperimentResult, ExperimentResultData

from quantum_async.integrations.qiskit.bits import Words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qiskit import QuantumCircuit

    from quantum_async.models.result import Result

    Outcome = Result | BaseException


def qiskit_result(
    outcomes: Sequence[Outcome],
    circuits: Sequence[QuantumCircuit | None],
    *,
    backend: str,
    job_id: str,
    shots: int,
    memory: bool,
) -> QiskitResult:
    """Make a result of the outcomes of a job's circuits.

    Args:
        outcomes: For each circuit its result, or why it has none.
        circuits: The circuits, as far as they are known.
        backend: The backend's name.
        job_id: The job's id.
        shots: How many shots were asked for.
        memory: Whether to list the outcome of every shot.
    """
    results = [
        _experiment(outcome, circuit, place, shots, memory=memory)
        for place, (outcome, circuit) in enumerate(zip(outcomes, circuits, strict=True))
    ]
    failures = [outcome for outcome in outcomes if isinstance(outcome, BaseException)]
    return QiskitResult(
        backend_name=backend,
        backend_version=_version(),
        job_id=job_id,
        success=not failures,
        results=results,
        status=str(failures[0]) if failures else "COMPLETED",
    )


def _experiment(
    outcome: Outcome, circuit: QuantumCircuit | None, place: int, shots: int, *, memory: bool
) -> ExperimentResult:
    if isinstance(outcome, BaseException):
        header = _header(circuit, None, place)
        data = ExperimentResultData()
        return ExperimentResult(
            shots=shots, success=False, data=data, status=str(outcome), header=header
        )
    words = Words(outcome, circuit)
    shots_seen = {"memory": words.memory()} if memory else {}
    data = ExperimentResultData(counts=words.counts(), **shots_seen)
    return ExperimentResult(
        shots=outcome.shots,
        success=True,
        data=data,
        status="DONE",
        seed=outcome.metadata.get("seed"),
        header=_header(circuit, outcome, place, words),
        metadata=dict(outcome.metadata),
    )


def _header(
    circuit: QuantumCircuit | None, result: Result | None, place: int, words: Words | None = None
) -> dict[str, object]:
    if circuit is not None:
        return {
            "name": circuit.name,
            "creg_sizes": [[register.name, register.size] for register in circuit.cregs],
            "qreg_sizes": [[register.name, register.size] for register in circuit.qregs],
            "memory_slots": circuit.num_clbits,
            "n_qubits": circuit.num_qubits,
            "metadata": circuit.metadata,
        }
    registers = result.registers if result is not None else ()
    return {
        "name": f"circuit-{place}",
        "creg_sizes": [[register.name, register.width] for register in registers],
        "memory_slots": words.num_bits if words is not None else 0,
        "metadata": {},
    }


def _version() -> str:
    import quantum_async

    return str(quantum_async.__version__)
