"""Circuits whose outcome tells whether bits were confused."""

from __future__ import annotations

import math

from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister
from qiskit.circuit import Parameter, ParameterVector

from quantum_async.integrations.qiskit.backends import AsyncBackend
from quantum_async.integrations.qiskit.machines import Machine, gate_target
from quantum_async.models.device import Device, DeviceKind

ANGLE = Parameter("angle")


def asymmetric() -> QuantumCircuit:
    """X on qubit 0 of three, in registers of two bits and one: always ``0 01``."""
    low, high = ClassicalRegister(2, "low"), ClassicalRegister(1, "high")
    circuit = QuantumCircuit(QuantumRegister(3, "q"), low, high, name="asymmetric")
    circuit.x(0)
    circuit.measure([0, 1, 2], [0, 1, 2])
    return circuit


def counter(width: int) -> QuantumCircuit:
    """Flip qubit *n* by parameter *n*, so that points of 0 and pi encode their index."""
    bits = ParameterVector("bits", width)
    circuit = QuantumCircuit(width)
    for qubit, angle in enumerate(bits):
        circuit.rx(angle, qubit)
    circuit.measure_all()
    return circuit


def index_points(width: int, number: int) -> list[list[float]]:
    """Points of `counter` that encode 0, 1, 2 and so on."""
    return [[math.pi * (index >> bit & 1) for bit in range(width)] for index in range(number)]


def turned(width: int = 2) -> QuantumCircuit:
    """An entangled state that depends on one angle, without measurements."""
    circuit = QuantumCircuit(width)
    circuit.ry(ANGLE, 0)
    for qubit in range(width - 1):
        circuit.cx(qubit, qubit + 1)
    circuit.rx(0.4, width - 1)
    return circuit


def measured(width: int = 2) -> QuantumCircuit:
    """The same, measured."""
    circuit = turned(width)
    circuit.measure_all()
    return circuit


def backend_of(provider) -> AsyncBackend:
    """The one device of the scheduler's fake provider."""
    device = Device("fake", "one", DeviceKind.GATE, num_qubits=3, operations=("x", "rx"))
    return AsyncBackend(provider, Machine(device, gate_target(device)))
