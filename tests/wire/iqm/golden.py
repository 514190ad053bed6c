"""Circuits whose outcome is known, for every way of running them; needs Qiskit and nothing else.

`golden.json` beside it holds the same circuits in IQM's native operations, for clients without
Qiskit.
"""

from __future__ import annotations

import json
from collections import Counter
from math import pi
from pathlib import Path

SHOTS = 40
NATIVE = json.loads(Path(__file__).with_name("golden.json").read_text())
"""For each circuit its native form, where its qubits lie, and what comes out."""


def flip():
    """An X on one of three qubits."""
    from qiskit import QuantumCircuit

    circuit = QuantumCircuit(3, 3)
    circuit.x(0)
    circuit.measure([0, 1, 2], [0, 1, 2])
    return circuit


def _entangle(circuit, centre, others):
    """Hadamard and CNOTs, in native gates."""
    circuit.r(pi / 2, pi / 2, centre)
    circuit.x(centre)
    for other in others:
        _cnot(circuit, centre, other)


def _cnot(circuit, control, target):
    circuit.ry(pi / 2, target)
    circuit.x(target)
    circuit.cz(control, target)
    circuit.ry(pi / 2, target)
    circuit.x(target)


def ghz():
    """A GHZ state with one qubit flipped, so that a permutation would show."""
    from qiskit import QuantumCircuit

    circuit = QuantumCircuit(3, 3)
    _entangle(circuit, 0, (1, 2))
    circuit.x(1)
    circuit.measure([0, 1, 2], [0, 1, 2])
    return circuit


def ghz_undone():
    """A GHZ state that is taken apart again, with a flip in between that decides one bit."""
    from qiskit import QuantumCircuit

    circuit = QuantumCircuit(3, 3)
    _entangle(circuit, 0, (1, 2))
    circuit.x(2)
    for other in (2, 1):
        _cnot(circuit, 0, other)
    circuit.ry(pi / 2, 0)
    circuit.x(0)
    circuit.measure([0, 1, 2], [0, 1, 2])
    return circuit


def two_registers():
    """Two registers of different widths, measured crosswise."""
    from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister

    circuit = QuantumCircuit(
        QuantumRegister(3, "q"), ClassicalRegister(2, "first"), ClassicalRegister(3, "second_1")
    )
    circuit.x(1)
    circuit.x(2)
    circuit.measure([1, 0, 2], [0, 1, 4])
    return circuit


def mid_circuit():
    """A qubit that is measured, flipped, measured, reset and measured again."""
    from qiskit import QuantumCircuit

    circuit = QuantumCircuit(1, 3)
    circuit.measure(0, 0)
    circuit.x(0)
    circuit.measure(0, 1)
    circuit.reset(0)
    circuit.measure(0, 2)
    return circuit


def conditional():
    """One flip whose condition holds and one whose condition does not."""
    from qiskit import QuantumCircuit

    circuit = QuantumCircuit(4, 4)
    circuit.x(0)
    circuit.measure([0, 1], [0, 1])
    with circuit.if_test((circuit.clbits[0], 1)):
        circuit.x(2)
    with circuit.if_test((circuit.clbits[1], 1)):
        circuit.x(3)
    circuit.measure([2, 3], [2, 3])
    return circuit


def barriers_and_delays():
    """Order and waiting change nothing."""
    from qiskit import QuantumCircuit

    circuit = QuantumCircuit(2, 2)
    circuit.x(1)
    circuit.barrier()
    circuit.delay(100, 0, unit="ns")
    circuit.delay(1, 1, unit="us")
    circuit.barrier(1)
    circuit.measure([0, 1], [0, 1])
    return circuit


def phases():
    """Rotations that make a flip only where angle and phase mean what they should."""
    from qiskit import QuantumCircuit

    circuit = QuantumCircuit(4, 4)
    circuit.r(pi / 2, 0.7, 0)
    circuit.r(pi / 2, 0.7, 0)
    circuit.r(pi / 2, 0.7, 1)
    circuit.r(pi / 2, 0.7 + pi, 1)
    circuit.ry(pi / 2, 2)
    circuit.y(2)
    circuit.rx(pi, 2)
    circuit.r(pi / 2, pi / 2, 2)
    circuit.rx(pi / 2, 3)
    circuit.r(pi, -pi / 4, 3)
    circuit.ry(pi / 2, 3)
    circuit.measure(range(4), range(4))
    return circuit


CIRCUITS = {
    made.__name__: made
    for made in (
        flip,
        ghz,
        ghz_undone,
        two_registers,
        mid_circuit,
        conditional,
        barriers_and_delays,
        phases,
    )
}


def counts_of(measurements):
    """Write one circuit's measurements as Qiskit would, by the keys' convention.

    Args:
        measurements: By key, shot and qubit; a key is ``<register>_<width>_<place>_<bit>``.
    """
    registers = {}
    for key, shots in measurements.items():
        _, width, place, bit = key.rsplit("_", 3)
        column = registers.setdefault(int(place), (int(width), {}))[1]
        column[int(bit)] = [shot[0] for shot in shots]
    found = Counter()
    for shot in range(len(next(iter(measurements.values())))):
        words = [
            "".join(str(bits[bit][shot]) if bit in bits else "0" for bit in reversed(range(width)))
            for _, (width, bits) in sorted(registers.items(), reverse=True)
        ]
        found[" ".join(words)] += 1
    return dict(found)


def check(name, counts):
    """Assert that counts are a golden circuit's, bit for bit where one outcome is possible."""
    outcomes = NATIVE[name]["outcomes"]
    assert sum(counts.values()) == SHOTS, (name, counts)
    if len(outcomes) == 1:
        assert counts == {outcomes[0]: SHOTS}, (name, counts)
    else:
        assert set(counts) == set(outcomes), (name, counts)
