"""Circuits by what their instructions mean: every name that is left is the standard gate's.

Simulators, transpilers and exporters know an operation by its name. A gate that a program defines
itself may have any name, so it is replaced by its definition before anybody looks; what stays is
told by its class.
"""

from __future__ import annotations

import math
from functools import cache
from typing import TYPE_CHECKING, Any, cast

from quantum_async.errors import ProgramError, UnsupportedProgramError
from quantum_async.programs.tokens import MOST_OPERATIONS

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from qiskit import QuantumCircuit

_DEEPEST = 200

# Operations of Qiskit are `Any`, because Qiskit has no types.


@cache
def _atoms() -> Mapping[type, str]:
    """Name the classes, beside the standard gates, of which simulators know more than the parts."""
    from qiskit.circuit import Barrier, Delay, Measure, Reset, library
    from qiskit.circuit.library import standard_gates

    return {
        Barrier: "barrier",
        Delay: "delay",
        Measure: "measure",
        Reset: "reset",
        library.DiagonalGate: "diagonal",
        library.Initialize: "initialize",
        library.PauliGate: "pauli",
        library.UnitaryGate: "unitary",
        standard_gates.MCPhaseGate: "mcphase",
        standard_gates.MCXGate: "mcx",
    }


def flattened(
    circuit: QuantumCircuit,
    where: str = "the circuit",
    own: Collection[str] = (),
    most: int = MOST_OPERATIONS,
) -> QuantumCircuit:
    """Replace every operation that is not a standard one by its definition, all the way down.

    Qubits, classical registers and parameters stay. A circuit that holds standard operations only
    is returned as it is.

    Args:
        circuit: The circuit; it is not changed.
        where: What it is called in errors.
        own: Names of gates that the target has beside the standard ones: an operation of such a
            name stays where nothing defines it.
        most: Operations that its definitions may be written out to.

    Raises:
        UnsupportedProgramError: An operation has no definition, or there are too many.
        ProgramError: An angle is not finite.
    """
    return _Flattening(where, own, most).circuit(circuit, 0)


class _Flattening:
    def __init__(self, where: str, own: Collection[str], most: int) -> None:
        self._where = where
        self._own = own
        self._most = most
        self._written = 0

    def circuit(self, circuit: QuantumCircuit, depth: int) -> QuantumCircuit:
        """Flatten a circuit, a definition or the block of an operation."""
        if depth:
            self._count(len(circuit.data))
        changes = {
            place: made
            for place, step in enumerate(circuit.data)
            if (made := self._instead(step, depth)) is not None
        }
        if not changes:
            return circuit
        flat: Any = circuit.copy_empty_like()
        for place, step in enumerate(circuit.data):
            made = changes.get(place)
            if made is None:
                flat._append(step)  # noqa: SLF001  public `append` would check every bit once more
            elif hasattr(made, "data"):
                flat.compose(made, step.qubits, step.clbits, inplace=True, copy=False)
            else:
                flat.append(made, step.qubits, step.clbits, copy=False)
        return cast("QuantumCircuit", flat)

    def _instead(self, step: Any, depth: int) -> Any:
        """Return the operation or the circuit that replaces one, or ``None`` where it stays."""
        if step.is_standard_gate():
            self._check_angles(step)
            # The name is the caller's to change, on a copy: the class says what it is.
            operation = step.operation
            return None if operation.name == step.name else _standard(step)
        operation = step.operation
        if step.is_control_flow():
            blocks = [self.circuit(block, depth) for block in operation.blocks]
            is_same = all(a is b for a, b in zip(blocks, operation.blocks, strict=True))
            return None if is_same else operation.replace_blocks(blocks)
        if _is_known(operation):
            self._check_angles(step)
            return None
        if depth > _DEEPEST:
            raise UnsupportedProgramError(
                f"{self._where}: {operation.name!r} is defined by itself",
                remedy="Define it by other gates.",
            )
        definition = _definition_of(operation)
        if definition is not None:
            return self.circuit(definition, depth + 1)
        if operation.name not in self._own:
            raise UnsupportedProgramError(
                f"{self._where}: the operation {operation.name!r} has no definition",
                remedy="Define it by gates, or replace it.",
            )
        return None

    def _count(self, many: int) -> None:
        self._written += many
        if self._written > self._most:
            raise UnsupportedProgramError(
                f"{self._where}: its definitions are written out to more than "
                f"{self._most:,} operations",
                remedy="Repeat less, or run it in parts.",
            )

    def _check_angles(self, step: Any) -> None:
        for angle in step.params:
            if isinstance(angle, float) and not math.isfinite(angle):
                raise ProgramError(
                    f"{self._where}: an angle of {step.name!r} is {angle}, which is not finite",
                    remedy="Give it a finite angle, in radians.",
                )


def _standard(step: Any) -> Any:
    from qiskit.circuit.library import get_standard_gate_name_mapping

    return get_standard_gate_name_mapping()[step.name].base_class(*step.params)


def _is_known(operation: Any) -> bool:
    from qiskit.circuit import Gate, Instruction, Store

    kind = getattr(operation, "base_class", type(operation))
    if kind in _atoms():
        # A control that acts on 0 has another name, and its definition says so.
        return bool(_atoms()[kind] == operation.name)
    if kind is Store:
        return True
    if getattr(operation, "definition", None) is not None:
        return False
    if kind is Instruction:
        # Channels are written so: by their matrices, without a class of their own.
        params = operation.params
        return operation.name in {"kraus", "superop"} and all(hasattr(p, "shape") for p in params)
    return kind is not Gate and kind.__module__.partition(".")[0] == "qiskit_aer"


def _definition_of(operation: Any) -> QuantumCircuit | None:
    from qiskit.circuit import AnnotatedOperation, ControlModifier, InverseModifier

    if isinstance(operation, AnnotatedOperation):
        made = _without_name(operation.base_op)
        modifier: Any
        for modifier in operation.modifiers:
            if isinstance(modifier, ControlModifier):
                made = made.control(
                    modifier.num_ctrl_qubits, ctrl_state=modifier.ctrl_state, annotated=False
                )
            elif isinstance(modifier, InverseModifier):
                made = made.inverse(annotated=False)
            else:
                made = made.power(modifier.power, annotated=False)
        return _alone(made)
    if not hasattr(operation, "definition"):
        # Operations that are no instructions, such as Clifford, know how to become one.
        return _alone(operation.to_instruction()) if hasattr(operation, "to_instruction") else None
    definition: QuantumCircuit | None = operation.definition
    if definition is None and type(operation).__module__.startswith("qiskit.circuit.library."):
        # The library leaves some of its gates, such as permutations, to the transpiler.
        from qiskit.transpiler.passes import HighLevelSynthesis

        parts: QuantumCircuit = HighLevelSynthesis()(_alone(operation))
        return None if any(step.name == operation.name for step in parts.data) else parts
    return definition


def _without_name(operation: Any) -> Any:
    """Give what is no standard gate a name that nobody knows: controls are built by names."""
    kind = getattr(operation, "base_class", type(operation))
    if getattr(operation, "_standard_gate", None) is not None or kind in _atoms():
        return operation
    if not hasattr(operation, "to_mutable"):
        return operation.to_instruction() if hasattr(operation, "to_instruction") else operation
    renamed = operation.to_mutable()
    renamed.name = "operation_"
    return renamed


def _alone(operation: Any) -> QuantumCircuit:
    from qiskit import QuantumCircuit

    circuit = QuantumCircuit(operation.num_qubits, operation.num_clbits)
    circuit.append(operation, circuit.qubits, circuit.clbits)
    return circuit
