"""Qiskit's `Target` of devices that say which gates they take."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from quantum_async.errors import UnsupportedProgramError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from qiskit.circuit import Instruction
    from qiskit.transpiler import Target

    from quantum_async.models.device import Device

    Operations = Mapping[str, Instruction | type[Instruction]]

_ALWAYS = ("measure",)
_NO_OPERATION = ("save_", "set_", "qerror", "roerror", "quantum_channel")
"""How the names of Aer's own instruments begin, which no circuit for a backend needs."""


def gate_target(device: Device) -> Target:
    """Describe a device by the gates, the size and the connectivity that its provider tells.

    Nothing is added: there are no errors and no durations, and where the provider tells no number
    of qubits there is none.

    Args:
        device: The device; its operations are named as Qiskit names them.

    Raises:
        UnsupportedProgramError: The provider tells no gates that Qiskit knows.
    """
    from qiskit.transpiler import Target

    known = _operations()
    names = [name for name in device.operations if name in known]
    if not names:
        raise UnsupportedProgramError(
            f"{device.target} names no gates that Qiskit knows",
            provider=device.provider,
            remedy="Run circuits on it with quantum_async.Scheduler.",
        )
    target = Target(description=device.target, num_qubits=device.num_qubits)
    pairs = _pairs(device)
    for name in dict.fromkeys([*names, *_ALWAYS]):
        operation = known[name]
        two = not isinstance(operation, type) and operation.num_qubits == 2
        places = dict.fromkeys(pairs) if two and pairs else {None: None}
        target.add_instruction(operation, None if isinstance(operation, type) else places, name)
    return target


def simulator_target(device: Device) -> Target:
    """Describe a simulator of this package.

    Args:
        device: Its name is Aer's of the method, and its size what fits on this machine.
    """
    from qiskit.transpiler import Target

    from quantum_async.simulation.circuits.prepare import instructions

    target = Target(description=device.target, num_qubits=device.num_qubits)
    for name, instruction in instructions(device.name):
        if not name.startswith(_NO_OPERATION):
            properties = None if isinstance(instruction, type) else {None: None}
            target.add_instruction(instruction, properties, name)
    return target


@cache
def _operations() -> Operations:
    from qiskit.circuit import IfElseOp
    from qiskit.circuit.library import get_standard_gate_name_mapping

    return {**get_standard_gate_name_mapping(), "if_else": IfElseOp}


def _pairs(device: Device) -> list[tuple[int, int]]:
    """Number the qubits that are joined, where the provider names them by numbers."""
    pairs = [(int(a), int(b)) for a, b in device.connectivity if a.isdecimal() and b.isdecimal()]
    return list(dict.fromkeys(pair for a, b in pairs for pair in ((a, b), (b, a))))
