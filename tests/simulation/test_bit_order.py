"""Golden programs whose outcome is known and asymmetric."""

from __future__ import annotations

import pytest
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister
from qiskit.circuit import Clbit, Qubit

from quantum_async.models.result import BitOrder, Register
from quantum_async.simulation.run import simulate
from tests.simulation.jobs import job
from tests.simulation.sequences import mappable, pi_pulse


def counts(circuit, **options):
    return simulate(job(circuit, 20, **options), "automatic").counts


def test_qubit_zero_is_the_rightmost_bit():
    """X on qubit 0 of three sets the rightmost character only."""
    circuit = QuantumCircuit(3)
    circuit.x(0)
    circuit.measure_all()
    assert counts(circuit) == {"001": 20}


def test_registers_are_separated_and_the_last_one_is_leftmost():
    """Two registers of different width: the one declared last comes first in the key."""
    low, high = ClassicalRegister(2, "low"), ClassicalRegister(3, "high")
    circuit = QuantumCircuit(QuantumRegister(2, "q"), low, high)
    circuit.x(0)
    circuit.measure(0, low[1])
    circuit.measure(0, high[0])
    result = simulate(job(circuit, 20), "statevector")
    assert result.counts == {"001 10": 20}
    assert result.registers == (Register("low", 2), Register("high", 3))
    assert result.register_counts("low") == {"10": 20}
    assert result.marginal(1, 2) == {"11": 20}


def test_loose_bits_form_the_last_register():
    """Bits outside any register are not lost: they become one more register."""
    circuit = QuantumCircuit([Qubit(), Qubit()], [Clbit()])
    circuit.add_register(ClassicalRegister(2, "c"))
    circuit.x(0)
    circuit.measure([0, 1], [0, 1])
    result = simulate(job(circuit, 5), "automatic")
    assert [r.name for r in result.registers] == ["c", "bits"]
    assert result.counts == {"1 00": 5}


def test_registers_that_share_bits_are_read_each_for_itself():
    """An alias that reverses a register shows its bits reversed."""
    first = ClassicalRegister(2, "first")
    alias = ClassicalRegister(bits=[first[1], first[0]], name="alias")
    circuit = QuantumCircuit(QuantumRegister(1, "q"), first, alias)
    circuit.x(0)
    circuit.measure(0, first[0])
    assert counts(circuit) == {"10 01": 20}


def test_qasm3_scalar_bits_keep_their_values():
    """A lone ``bit`` of OpenQASM 3 is outside any register and still measured."""
    text = """OPENQASM 3.0; include "stdgates.inc";
    qubit[2] q; bit a; bit[2] c; x q[1]; a = measure q[1]; c[0] = measure q[0];"""
    assert counts(text) == {"1 00": 20}


def test_mid_circuit_values_reset_and_conditionals():
    """A bit measured in mid-circuit survives the reset of its qubit and steers a gate."""
    text = """OPENQASM 2.0; include "qelib1.inc"; qreg q[2]; creg a[1]; creg b[2];
    x q[0]; measure q[0] -> a[0]; reset q[0]; if(a==1) x q[1];
    measure q[0] -> b[0]; measure q[1] -> b[1];"""
    assert counts(text) == {"10 1": 20}


def test_samples_are_the_shots_in_order_and_sum_up_to_the_counts():
    """Per-shot outcomes use the same keys as the counts."""
    circuit = QuantumCircuit(1, 1)
    circuit.h(0)
    circuit.measure(0, 0)
    result = simulate(job(circuit, 64, seed=3), "automatic")
    assert len(result.samples) == 64
    assert {key: result.samples.count(key) for key in result.counts} == dict(result.counts)


@pytest.mark.parametrize(("target", "expected"), [("a", "100"), ("b", "010"), ("c", "001")])
@pytest.mark.parametrize("channel", ["rydberg_local", "raman_local"])
def test_one_named_atom_alone_is_excited(target, channel, expected):
    """Keys follow the register's atom order, in both bases."""
    result = simulate(job(pi_pulse(target, channel), 30, seed=1), "pulser")
    assert result.bit_order is BitOrder.ATOMS
    assert result.atoms == ("a", "b", "c")
    assert result.most_common(1) == [(expected, 30)]


def test_a_mappable_register_keeps_the_order_of_its_ids():
    """Which trap an atom sits in does not move its character."""
    sequence = mappable()
    for traps in ({"q0": 0, "q1": 2}, {"q0": 2, "q1": 0}):
        result = simulate(job(sequence, 10, {"qubits": traps}, seed=1), "pulser")
        assert result.atoms == ("q0", "q1")
        assert result.counts == {"01": 10}
