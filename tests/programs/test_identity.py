"""Programs that are made anew are the same, in this process and in another; others are not."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys

import numpy as np
import pytest
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister
from qiskit.circuit import AnnotatedOperation, ControlModifier, Gate, Parameter, ParameterVector
from qiskit.circuit.classical import expr, types
from qiskit.circuit.library import CXGate, PauliEvolutionGate, UnitaryGate, XGate
from qiskit.quantum_info import SparsePauliOp

from quantum_async.programs.identity import program_identity
from quantum_async.programs.objects import as_program


def measured(width: int = 2) -> QuantumCircuit:
    return QuantumCircuit(QuantumRegister(width), ClassicalRegister(width))


def ended(circuit: QuantumCircuit) -> QuantumCircuit:
    circuit.measure(range(circuit.num_clbits), range(circuit.num_clbits))
    return circuit


def without_names() -> QuantumCircuit:
    circuit = measured()
    circuit.h(0)
    return ended(circuit)


def of_parts(angle: float = 0.5, *, controlled: bool = False) -> QuantumCircuit:
    part = QuantumCircuit(1)
    part.h(0)
    part.rz(angle, 0)
    circuit = measured()
    gate = part.to_gate()
    if controlled:
        circuit.append(gate.control(1), [0, 1])
    else:
        circuit.append(gate, [0])
        circuit.append(part.to_instruction(), [1])
    return ended(circuit)


def of_expressions(factor: float = 0.1) -> QuantumCircuit:
    a, b, c = (Parameter(name) for name in "abc")
    v = ParameterVector("v", 12)
    circuit = measured(1)
    circuit.rx(a + b * c - a**2, 0)
    circuit.rz((b + factor * c + a).sin(), 0)
    for element in v:
        circuit.rx(2 * element, 0)
    circuit.global_phase = v[3]
    part = QuantumCircuit(1)
    part.ry(b / 3, 0)
    circuit.append(part.to_gate(), [0])
    return ended(circuit)


def with_flow(case: int = 1, *, rounds: int = 3) -> QuantumCircuit:
    circuit = measured()
    circuit.h(0)
    circuit.measure(0, 0)
    with circuit.if_test((circuit.clbits[0], case)) as otherwise:
        circuit.rx(Parameter("t"), 1)
    with otherwise:
        circuit.ry(0.5, 1)
    with circuit.for_loop(range(rounds)) as number:
        circuit.rx(number * 0.1, 1)
    with circuit.switch(circuit.cregs[0]) as switch:
        with switch(case):
            circuit.z(1)
        with switch(switch.DEFAULT):
            circuit.s(1)
    return ended(circuit)


def with_variables(*, negated: bool = False) -> QuantumCircuit:
    circuit = measured(1)
    kept = circuit.add_var("kept", expr.lift(False))
    given = circuit.add_input("given", types.Bool())
    circuit.measure(0, 0)
    circuit.store(kept, circuit.clbits[0])
    both = expr.logic_and(kept, expr.logic_not(given) if negated else given)
    with circuit.if_test(both):
        circuit.x(0)
    return ended(circuit)


def of_library_parts(weight: float = 1.0) -> QuantumCircuit:
    circuit = measured()
    circuit.append(UnitaryGate(np.diag([1, 1, 1, -1])), [0, 1])
    operator = SparsePauliOp.from_list([("ZZ", weight), ("XI", 0.5)])
    circuit.append(PauliEvolutionGate(operator, time=Parameter("t")), [0, 1])
    circuit.append(AnnotatedOperation(XGate(), [ControlModifier(1)]), [0, 1])
    return ended(circuit)


def opaque(name: str) -> QuantumCircuit:
    circuit = measured()
    circuit.append(Gate(name, 1, []), [0])
    return ended(circuit)


def of_one(gate: Gate, *qubits: int) -> QuantumCircuit:
    circuit = measured()
    circuit.append(gate, qubits)
    return ended(circuit)


def named(name: str) -> QuantumCircuit:
    return ended(QuantumCircuit(QuantumRegister(1, "q"), ClassicalRegister(1, name)))


def defined(name: str, *, turned: bool) -> QuantumCircuit:
    part = QuantumCircuit(1, name=name)
    part.x(0) if turned else part.y(0)
    return of_one(part.to_gate(), 0)


MADE = {
    "without names": without_names,
    "of parts": of_parts,
    "of controlled parts": lambda: of_parts(controlled=True),
    "of expressions": of_expressions,
    "with flow": with_flow,
    "with variables": with_variables,
    "of library parts": of_library_parts,
}
OTHERS = {
    **MADE,
    "another angle in a part": lambda: of_parts(0.6),
    "another angle in a controlled part": lambda: of_parts(0.6, controlled=True),
    "another factor": lambda: of_expressions(0.1000000000000001),
    "another case": lambda: with_flow(0),
    "another number of rounds": lambda: with_flow(rounds=4),
    "another condition": lambda: with_variables(negated=True),
    "another operator": lambda: of_library_parts(1.5),
    "opaque": lambda: opaque("a"),
    "otherwise opaque": lambda: opaque("b"),
    "cx": lambda: of_one(CXGate(), 0, 1),
    "cx the other way": lambda: of_one(CXGate(), 1, 0),
    "cx where the control is 0": lambda: of_one(CXGate(ctrl_state=0), 0, 1),
    "register m": lambda: named("m"),
    "register n": lambda: named("n"),
    "an x called h": lambda: defined("h", turned=True),
    "a y called h": lambda: defined("h", turned=False),
    "an x called x": lambda: of_one(XGate(), 0),
}


def identity(made) -> str:
    return program_identity(as_program(made()))


@pytest.mark.parametrize("kind", MADE)
def test_a_circuit_that_is_made_anew_is_the_same(kind: str) -> None:
    """Random ids of Qiskit, and the numbers that it gives to what has no name, do not count."""
    first = identity(MADE[kind])
    for number in range(3):
        QuantumCircuit(QuantumRegister(1), ClassicalRegister(number + 1))
    assert identity(MADE[kind]) == first


def test_circuits_that_do_something_else_are_told_apart() -> None:
    """A difference in what is run, or in the names of registers, makes another program."""
    found = {kind: identity(made) for kind, made in OTHERS.items()}
    same = [
        (one, other)
        for one, other in itertools.combinations(found, 2)
        if found[one] == found[other]
    ]
    assert same == []


def test_what_is_not_understood_is_known_by_its_bytes() -> None:
    """A class that nobody here knows is never taken for the same by what its name says."""

    class Strange(Gate):
        def __init__(self) -> None:
            super().__init__("strange", 1, [])

    program = as_program(of_one(Strange(), 0))
    assert program_identity(program) == program.digest


ELSEWHERE = """
from tests.programs.test_identity import MADE, identity
for kind, made in MADE.items():
    print(kind, identity(made))
"""


@pytest.mark.timeout(150)  # another process imports Qiskit
def test_another_process_makes_the_same_circuits() -> None:
    """Neither the order of sets nor what was made before makes a difference between processes."""
    there = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", ELSEWHERE],
        check=True,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONHASHSEED": "1"},
    ).stdout.splitlines()
    assert there == [f"{kind} {identity(made)}" for kind, made in MADE.items()]
