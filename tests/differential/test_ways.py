"""Every way of simulating a circuit here, against Qiskit's own state vector."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import pytest
from hypothesis import strategies as st
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister
from qiskit.circuit import Clbit, Parameter
from qiskit.circuit.library import PermutationGate, UnitaryGate, get_standard_gate_name_mapping
from qiskit.quantum_info import Statevector, random_unitary

from tests.differential.exploring import PROGRAMS, compare, explore
from tests.differential.routes import taken

pytestmark = [pytest.mark.differential, pytest.mark.timeout(0)]

WAYS = ("automatic", "statevector", "density_matrix", "matrix_product_state")
"""Of the first two, numpy's; of the others, Aer's."""
CLIFFORD = "cx cy cz ecr h id s sdg swap sx sxdg x y z iswap dcx".split()
GATES = {
    name: gate
    for name, gate in get_standard_gate_name_mapping().items()
    if gate.num_clbits == 0 and name not in {"reset", "delay"} and gate.num_qubits
}
PARAMETERS = {name: Parameter(name) for name in "ab"}
FORMS = (float, np.float64, lambda x: round(x) if x else 0)


class Drawn:
    """A circuit of gates, the values of its parameters, and where its qubits are measured."""

    def __init__(self, draw, gates, *, is_clifford):
        self.draw, self.gates, self.is_clifford = draw, gates, is_clifford
        self.width = draw(st.integers(1, 5))
        idle = draw(st.sampled_from([0, 0, 3]))
        names = [f"q{n}" for n in range(2)]
        cut = draw(st.integers(0, self.width + idle))
        sizes = [size for size in (cut, self.width + idle - cut) if size]
        registers = [QuantumRegister(size, n) for size, n in zip(sizes, names, strict=False)]
        self.used = draw(st.permutations(range(self.width + idle)))[: self.width]
        self.circuit = QuantumCircuit(*registers)
        self.values = {}
        for _ in range(draw(st.integers(0, 12))):
            self.step()
        if not is_clifford and draw(st.booleans()):
            self.circuit.global_phase = self.angle()

    def step(self):
        kind = self.draw(st.integers(0, 11))
        if kind == 0:
            self.circuit.barrier()
        elif kind == 1 and not self.is_clifford:
            self.other()
        else:
            self.circuit.append(*self.gate(self.width))

    def gate(self, width):
        names = [name for name in self.gates if GATES[name].num_qubits <= width]
        gate = GATES[self.draw(st.sampled_from(names))]
        made = gate.base_class(*(self.angle() for _ in gate.params))
        return made, self.some(gate.num_qubits)

    def some(self, many):
        return list(self.draw(st.permutations(self.used)))[:many]

    def angle(self):
        number = self.draw(st.floats(-7, 7, allow_nan=False))
        if not self.draw(st.integers(0, 2)):
            name = self.draw(st.sampled_from("ab"))
            self.values.setdefault(name, number)
            one = PARAMETERS[name]
            return self.draw(st.sampled_from([one, 2 * one - 1, one * one, one.sin(), one + one]))
        return self.draw(st.sampled_from(FORMS))(number)

    def other(self):
        width = self.draw(st.integers(1, min(3, self.width)))
        seed = self.draw(st.integers(0, 999))
        kind = self.draw(st.integers(0, 3))
        if kind == 0:
            made = UnitaryGate(random_unitary(2**width, seed=seed))
        elif kind == 1:
            order = np.random.default_rng(seed).permutation(width)
            made = PermutationGate(order)
        elif kind == 2:
            angles = np.random.default_rng(seed).normal(size=2**width)
            self.circuit.append(_diagonal(angles), self.some(width))
            return
        else:
            # What is a phase of the whole becomes one of a part, once it is controlled.
            inner = QuantumCircuit(1, global_phase=0.7)
            inner.rx(0.4, 0)
            state = self.draw(st.integers(0, 1))
            made = inner.to_gate().control(min(1, self.width - 1), ctrl_state=state % self.width)
        self.circuit.append(made, self.some(made.num_qubits))


def _diagonal(angles):
    from qiskit.circuit.library import DiagonalGate

    return DiagonalGate(np.exp(1j * angles).tolist())


@st.composite
def measured(draw, *, is_clifford=False):
    """Draw a circuit, some of whose qubits are measured, some of them twice, in any order."""
    made = Drawn(draw, CLIFFORD if is_clifford else list(GATES), is_clifford=is_clifford)
    circuit = made.circuit.copy()
    for name, width in draw(st.lists(st.tuples(st.sampled_from("cde"), st.integers(1, 4)))):
        if all(register.name != name for register in circuit.cregs):
            circuit.add_register(ClassicalRegister(width, name))
    if not circuit.clbits or draw(st.booleans()):
        circuit.add_bits([Clbit()])
    bits = draw(st.permutations(range(circuit.num_clbits)))
    qubits = range(circuit.num_qubits)
    pairs = []
    for bit in bits[: draw(st.integers(1, len(bits)))]:
        pairs.append((draw(st.sampled_from(qubits)), bit))
        circuit.measure(*pairs[-1])
    return made.circuit, circuit, made.values, pairs


def expected_of(circuit, measured, values, pairs):
    """The probability of every outcome, written as `Result` documents it."""
    chosen = {p: values[p.name] for p in circuit.parameters}
    bound = circuit.assign_parameters(chosen) if chosen else circuit
    number = {bit: place for place, bit in enumerate(measured.clbits)}
    registers = [[number[bit] for bit in register] for register in measured.cregs]
    held = {place for register in registers for place in register}
    loose = [place for place in number.values() if place not in held]
    registers += [loose] if loose else []
    found = defaultdict(float)
    for state, share in Statevector(bound).probabilities_dict().items():
        bits = ["0"] * len(number)
        for qubit, bit in pairs:
            bits[bit] = state[-1 - qubit]
        key = " ".join("".join(bits[p] for p in reversed(r)) for r in reversed(registers))
        found[key] += share
    return dict(found)


def checked(apart, ways):
    """Make the check of one circuit on some ways."""

    def check(drawn, tally):
        circuit, measured, values, pairs = drawn
        expected = expected_of(*drawn)
        chosen = {p.name: values[p.name] for p in measured.parameters}
        told = f"{values} {pairs}\n{circuit.draw(output='text')}"
        is_compared = False
        for way in ways:
            seen = apart(taken, measured, chosen, f"local:{way}")
            assert not seen.error, f"{way}: {seen.error}; {told}"
            if seen.refusal:
                tally.refuse(f"{way}: {seen.refusal}")
                continue
            compare(expected, seen.counts, f"{way}; expected {expected}; {told}")
            is_compared = True
        tally.compared += is_compared

    return check


@pytest.mark.parametrize("way", WAYS)
def test_outcomes_are_as_frequent_as_the_state_vector_says(apart, way):
    """Gates of every kind, open angles, idle qubits, bits that are written in any order."""
    explore(f"way {way}", measured(), checked(apart, (way,)), least=0.9, programs=PROGRAMS // 2)


def test_clifford_circuits_agree_on_all_ways(apart):
    """The tableau, state vectors, the density matrix and product states say the same."""
    check = checked(apart, ("stabilizer", *WAYS))
    explore("ways of Clifford", measured(is_clifford=True), check, 0.9, programs=PROGRAMS // 4)
