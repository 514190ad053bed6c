"""What a circuit's operations mean, on every form that Azure's targets take."""

from __future__ import annotations

import re
from uuid import uuid4

import pytest
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister
from qiskit.circuit import Clbit, Parameter
from qiskit.circuit.classical import expr, types

from quantum_async.errors import InvalidInputError, UnsupportedProgramError
from quantum_async.models.submission import JobSpec
from quantum_async.programs.objects import as_program
from quantum_async.providers.azure.options import AzureOptions, CircuitForm
from quantum_async.providers.azure.translate.payloads import payload_of

NATIVE = ["ionq.simulator", "quantinuum.sim.h1-1e", "rigetti.sim.qvm"]
FORMS = [("ionq.simulator", CircuitForm.QIR), *((target, CircuitForm.NATIVE) for target in NATIVE)]

DEFINED = {
    "ryy": "gate NAME(t) a,b { cx a,b; rx(2*t) a; cx a,b; }|NAME(0.3) q[0],q[1];",
    "rzz": "gate NAME(t) a,b { cx a,b; rx(2*t) a; cx a,b; }|NAME(0.3) q[0],q[1];",
    "ecr": "gate NAME a,b { cx a,b; }|NAME q[0],q[1];",
    "r": "gate NAME(t) a { ry(t) a; }|NAME(0.3) q[0];",
    "sxdg": "gate NAME a { h a; }|NAME q[1];",
    "store": "gate NAME a { x a; }|NAME q[1];",
    "diagonal": "gate NAME a,b { cx a,b; }|NAME q[0],q[1];",
}
"""Names that Qiskit knows, each with a definition of another meaning, and a call."""


def content(program, target, form) -> bytes:
    options = AzureOptions(form=form)
    spec = JobSpec(uuid4().hex, as_program(program), 10, options=options)
    return payload_of(spec, target, in_session=False, num_qubits=None).content


def text(name: str, version: str) -> str:
    definition, call = DEFINED[name].replace("NAME", name).split("|")
    start = {
        "2": 'OPENQASM 2.0; include "qelib1.inc";',
        "3": 'OPENQASM 3.0; include "stdgates.inc";',
    }[version]
    end = "measure q -> c;" if version == "2" else "c = measure q;"
    return f"{start} {definition} qreg q[2]; creg c[2]; h q[0]; {call} {end}"


@pytest.mark.parametrize("version", ["2", "3"])
@pytest.mark.parametrize(("target", "form"), FORMS, ids=str)
@pytest.mark.parametrize("name", DEFINED)
def test_a_gate_that_a_program_defines_is_its_body(name, target, form, version):
    """What is sent is what is sent for the program with the gate renamed."""
    program = text(name, version)
    assert content(program, target, form) == content(
        re.sub(rf"\b{name}\b", "some_gate", program), target, form
    )


@pytest.mark.parametrize(("target", "form"), FORMS, ids=str)
@pytest.mark.parametrize("name", ["h", "sx", "measure", "barrier", "delay", "reset"])
def test_a_sub_circuit_is_its_content(name, target, form):
    """A composite is called as its author likes."""

    def made(called):
        part = QuantumCircuit(2, name=called)
        part.x(0)
        part.cx(0, 1)
        circuit = QuantumCircuit(2, name="whole")
        circuit.append(part.to_instruction(), [0, 1])
        circuit.measure_all()
        return circuit

    assert content(made(name), target, form) == content(made("part"), target, form)


def composite(*steps: str) -> QuantumCircuit:
    part = QuantumCircuit(1, 1, name="part")
    for step in steps:
        part.measure(0, 0) if step == "measure" else getattr(part, step)(0)
    circuit = QuantumCircuit(1, 1)
    circuit.append(part.to_instruction(), [0], [0])
    return circuit


@pytest.mark.parametrize("target", [NATIVE[0], NATIVE[2]])
@pytest.mark.parametrize("steps", [("h", "measure", "x", "measure"), ("h", "reset", "measure")])
def test_what_a_composite_does_in_its_middle_is_refused_where_a_target_cannot(target, steps):
    """The measurement moved to the end, and the reset was sent as a gate."""
    with pytest.raises(UnsupportedProgramError, match="goes on after a measurement or a reset"):
        content(composite(*steps), target, CircuitForm.NATIVE)


@pytest.mark.parametrize(("target", "form"), FORMS, ids=str)
def test_a_composite_that_measures_is_a_measurement(target, form):
    """It was said to measure nothing."""
    flat = QuantumCircuit(1, 1, name="whole")
    flat.h(0)
    flat.measure(0, 0)
    wrapped = composite("h", "measure")
    wrapped.name = "whole"
    assert content(wrapped, target, form) == content(flat, target, form)


def stored() -> QuantumCircuit:
    circuit = QuantumCircuit(1, 1)
    flag = circuit.add_var("flag", expr.lift(False))
    circuit.measure(0, 0)
    circuit.store(flag, circuit.clbits[0])
    return circuit


def stretched() -> QuantumCircuit:
    circuit = QuantumCircuit(1, 1)
    circuit.h(0)
    circuit.delay(circuit.add_stretch("s"), 0)
    circuit.measure(0, 0)
    return circuit


def by_expression() -> QuantumCircuit:
    register = ClassicalRegister(2, "c")
    circuit = QuantumCircuit(QuantumRegister(2, "q"), register, [Clbit()])
    circuit.measure([0, 1], register)
    with circuit.if_test(expr.less(register, expr.lift(2, types.Uint(2)))):
        circuit.x(0)
    circuit.measure(0, 2)
    return circuit


@pytest.mark.parametrize(("target", "form"), FORMS, ids=str)
@pytest.mark.parametrize("make", [stored, by_expression])
def test_what_a_form_cannot_say_is_refused_typed(make, target, form):
    """Qiskit's own errors, and panics of its compiled part, came through."""
    with pytest.raises(InvalidInputError):
        content(make(), target, form)


@pytest.mark.parametrize(("target", "form"), FORMS, ids=str)
def test_a_stretched_delay_takes_no_time(target, form):
    """Delays are not sent, so how long one is does not matter; or it is refused."""
    plain = QuantumCircuit(1, 1, name="whole")
    plain.h(0)
    plain.measure(0, 0)
    circuit = stretched()
    circuit.name = "whole"
    try:
        assert content(circuit, target, form) == content(plain, target, form)
    except InvalidInputError as error:
        assert error.__notes__


@pytest.mark.parametrize(("target", "form"), FORMS, ids=str)
def test_an_infinite_value_is_refused(target, form):
    """A value that is bound is looked at like one that is written."""
    theta = Parameter("theta")
    circuit = QuantumCircuit(1)
    circuit.rx(theta, 0)
    circuit.measure_all()
    spec = JobSpec(
        uuid4().hex,
        as_program(circuit),
        10,
        {"theta": float("inf")},
        AzureOptions(form=form),
    )
    with pytest.raises(InvalidInputError, match="finite"):
        payload_of(spec, target, in_session=False, num_qubits=None)
