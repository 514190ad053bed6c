"""Whether circuits fit a backend; they are transpiled only where that was asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qiskit import QuantumCircuit, transpile

from quantum_async.errors import DeviceLimitError, InvalidInputError, InvalidOptionError
from quantum_async.programs.circuits import flattened, is_foreign
from quantum_async.programs.reasons import reason_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qiskit.transpiler import Target

_DIRECTIVES = frozenset({"barrier"})


class OutsideTargetError(DeviceLimitError):
    """A circuit holds an operation that the backend's `Target` does not have."""


class Fitting:
    """Check circuits against targets, remembering what each one has.

    Args:
        where: What the backend is called.
        targets: A circuit must fit one of them, the first one being what people look at.
    """

    def __init__(self, where: str, *targets: Target | None) -> None:
        self._where = where
        self._targets = [target for target in targets if target is not None]
        self._known: dict[tuple[int, str, tuple[int, ...]], bool] = {}

    def check(self, circuit: QuantumCircuit) -> None:
        """Refuse a circuit that does not fit.

        Raises:
            OutsideTargetError: With circuit, instruction and qubits.
            UnsupportedProgramError: An operation has no definition, and is none of the target's.
        """
        faults = []
        for number, target in enumerate(self._targets):
            fault = self._fault(circuit, number, target)
            if fault is None:
                # A composite may be called like an operation of the target: its parts are run.
                flat = flattened(circuit, f"circuit {circuit.name!r}", target.operation_names)
                fault = None if flat is circuit else self._fault(flat, number, target)
            if fault is None:
                return
            faults.append(fault)
        raise OutsideTargetError(
            f"circuit {circuit.name!r}{faults[0]} of {self._where}",
            remedy="Transpile it with qiskit.transpile(circuit, backend), or pass "
            "optimization_level= to have that done.",
        )

    def _fault(self, circuit: QuantumCircuit, number: int, target: Target) -> str | None:
        most = target.num_qubits
        if most is not None and circuit.num_qubits > most:
            return f" has {circuit.num_qubits} qubits, more than the {most}"
        return self._operation(circuit, range(circuit.num_qubits), number, target)

    def _operation(
        self, circuit: QuantumCircuit, wires: Sequence[int], number: int, target: Target
    ) -> str | None:
        places = dict(zip(circuit.qubits, wires, strict=True))
        for step, instruction in enumerate(circuit.data):
            name = instruction.operation.name
            if name in _DIRECTIVES:
                continue
            qubits = tuple(places[qubit] for qubit in instruction.qubits)
            blocks = getattr(instruction.operation, "blocks", ())
            if not (name in target.operation_names if blocks else self._has(number, name, qubits)):
                shown = ", ".join(map(str, qubits))
                return f", instruction {step}: {name} on qubits {shown} is not an operation"
            for block in blocks:
                if fault := self._operation(block, qubits, number, target):
                    return fault
        return None

    def _has(self, number: int, name: str, qubits: tuple[int, ...]) -> bool:
        key = (number, name, qubits)
        found = self._known.get(key)
        if found is None:
            target = self._targets[number]
            found = self._known[key] = name in target.operation_names and bool(
                target.instruction_supported(name, qubits)
            )
        return found


def check_backend(backend: object, wanted: type, provider: str) -> None:
    """Refuse a backend of another kind, with the name of what makes the right ones.

    Args:
        backend: What was given.
        wanted: The kind.
        provider: What makes backends of it.

    Raises:
        InvalidInputError: It is of another kind.
    """
    if not isinstance(backend, wanted):
        raise InvalidInputError(
            f"{backend!r} is not a {wanted.__name__}",
            remedy=f"Take one from {provider}(...).backend(name).",
        )


def as_circuits(given: object) -> list[QuantumCircuit]:
    """Make a list of one circuit or several.

    Raises:
        InvalidInputError: There are none, or something else is among them.
    """
    found = [given] if isinstance(given, QuantumCircuit) else list(given)  # type: ignore[call-overload]
    if not found or not all(isinstance(circuit, QuantumCircuit) for circuit in found):
        kinds = ", ".join(sorted({type(item).__name__ for item in found})) or "nothing"
        raise InvalidInputError(
            f"a backend runs circuits, not {kinds}", remedy="Pass one circuit or a list of them."
        )
    return found


def transpiled(
    circuits: list[QuantumCircuit], target: Target, level: int, seed: int | None
) -> list[QuantumCircuit]:
    """Transpile circuits, because that was asked for.

    Args:
        circuits: The circuits.
        target: Where they are going to run.
        level: How hard to try, from 0 to 3.
        seed: Makes it repeat itself.

    Raises:
        InvalidOptionError: There is no such level.
        OutsideTargetError: Qiskit finds no way.
    """
    if level not in range(4):
        raise InvalidOptionError(
            f"optimization_level is {level!r}, not 0 to 3",
            remedy="Give a whole number from 0 to 3.",
        )
    try:
        return list(
            transpile(
                # The transpiler tells operations by their names.
                [flattened(c, f"circuit {c.name!r}", target.operation_names) for c in circuits],
                target=target,
                optimization_level=level,
                seed_transpiler=seed,
                num_processes=1,
            )
        )
    except InvalidInputError:
        raise
    except BaseException as error:
        if not is_foreign(error):
            raise
        raise OutsideTargetError(
            f"Qiskit cannot bring the circuit to the target: {reason_of(error)}",
            remedy="Use fewer qubits, or gates that Qiskit can translate.",
        ) from error
