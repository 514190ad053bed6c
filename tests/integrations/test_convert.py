"""Results as Qiskit and Pulser know them."""

from __future__ import annotations

import math

import pytest
from pulser.backend import BitStrings, EmulationConfig, Occupation
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister

from quantum_async.errors import ResultError
from quantum_async.models.result import BitOrder, Expectation, Register, Result
from quantum_async.simulation.options import SimulationOptions
from quantum_async.simulation.run import simulate
from tests.simulation.jobs import job
from tests.simulation.sequences import pi_pulse


def test_registers_become_bit_arrays_of_their_names():
    """Two registers of different width keep their own bits."""
    low, high = ClassicalRegister(2, "low"), ClassicalRegister(3, "high")
    circuit = QuantumCircuit(QuantumRegister(1, "q"), low, high)
    circuit.x(0)
    circuit.measure(0, low[1])
    circuit.measure(0, high[0])
    [pub] = simulate(job(circuit, 12), "automatic").to_qiskit()
    assert pub.data.low.get_counts() == {"10": 12}
    assert pub.data.high.get_counts() == {"001": 12}
    assert pub.metadata["shots"] == 12


def test_the_order_of_the_shots_survives():
    """Shots that were taken together stay together across registers."""
    samples = ("1 0", "0 1", "1 0")
    result = Result(
        {"1 0": 2, "0 1": 1},
        3,
        BitOrder.QISKIT,
        registers=(Register("a", 1), Register("b", 1)),
        samples=samples,
    )
    [pub] = result.to_qiskit()
    assert pub.data.a.get_bitstrings() == ["0", "1", "0"]
    assert pub.data.b.get_bitstrings() == ["1", "0", "1"]


def test_counts_without_samples_are_enough():
    """Where the order of the shots is unknown they come grouped."""
    result = Result({"01": 2, "10": 1}, 3, BitOrder.QISKIT, registers=(Register("c", 2),))
    assert result.to_qiskit()[0].data.c.get_counts() == {"01": 2, "10": 1}
    bare = Result({"01": 2}, 2, BitOrder.QISKIT)
    assert bare.to_qiskit()[0].data.meas.get_counts() == {"01": 2}


def test_the_first_atom_is_bit_zero_in_qiskit():
    """Atom order reads left to right, Qiskit's right to left."""
    result = simulate(job(pi_pulse("a"), 6, seed=1), "pulser")
    assert result.to_qiskit()[0].data.meas.get_counts() == {"001": 6}


def test_expectation_values_become_an_estimators_result():
    """An unknown standard error is nan, as in numpy."""
    result = Result(
        {},
        10,
        BitOrder.QISKIT,
        expectation_values={"Z": Expectation(0.5, 0.1), "X": Expectation(-1.0)},
    )
    data = result.to_qiskit()[0].data
    assert data.evs.tolist() == [0.5, -1.0]
    assert data.stds[0] == 0.1
    assert math.isnan(data.stds[1])


def test_bitstrings_become_pulsers_results():
    """Atom order, duration and counts are Pulser's own."""
    results = simulate(job(pi_pulse("b"), 6, seed=1), "pulser").to_pulser()
    assert results.final_bitstrings == {"010": 6}
    assert results.atom_order == ("a", "b", "c")
    assert results.total_duration == 500


def test_emulated_results_come_back_whole():
    """Observables that Pulser computed are there again."""
    config = EmulationConfig(observables=[Occupation(evaluation_times=[1.0]), BitStrings()])
    options = SimulationOptions(seed=1, emulation=config.to_abstract_repr())
    results = simulate(job(pi_pulse("b"), 6, chosen=options), "pulser").to_pulser()
    assert results.occupation[0] == pytest.approx([0.0, 1.0, 0.0], abs=1e-3)


def test_a_circuit_has_no_atoms():
    """The error points to the conversion that fits."""
    result = Result({"1": 1}, 1, BitOrder.QISKIT)
    with pytest.raises(ResultError) as caught:
        result.to_pulser()
    assert "to_qiskit" in caught.value.remedy
