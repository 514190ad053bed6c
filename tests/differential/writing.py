"""A described program as a Qiskit circuit, as OpenQASM 2 and as OpenQASM 3."""

from __future__ import annotations

import math

import numpy as np
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister, qasm2, qasm3
from qiskit.circuit import Clbit, Gate, Parameter
from qiskit.circuit.library import (
    Initialize,
    StatePreparation,
    UCGate,
    UnitaryGate,
    standard_gates as std,
)

from tests.differential.meaning import (
    GATES,
    Call,
    Described,
    If,
    Measure,
    Prepare,
    Reset,
    prepared,
)

FORMS = ("object", "qasm2", "qasm3", "dumped2", "dumped3")


def written(program: Described, form: str):
    """Write a program in a form: the object or text, and the values of its parameters."""
    values = dict(program.parameters)
    if form == "qasm2":
        return qasm2_of(program), {}
    if form == "qasm3":
        return qasm3_of(program), values
    circuit = circuit_of(program)
    if form == "object":
        return circuit, values
    # What only stands where it is multiplied by nothing is no parameter any more.
    names = {parameter.name for parameter in circuit.parameters}
    bound = circuit.assign_parameters({n: v for n, v in values.items() if n in names})
    return (qasm2.dumps(bound) if form == "dumped2" else qasm3.dumps(bound)), {}


# Qiskit -------------------------------------------------------------------------------------------

_STANDARD = {
    "U": std.UGate,
    "x": std.XGate,
    "y": std.YGate,
    "z": std.ZGate,
    "h": std.HGate,
    "s": std.SGate,
    "sdg": std.SdgGate,
    "t": std.TGate,
    "tdg": std.TdgGate,
    "sx": std.SXGate,
    "sxdg": std.SXdgGate,
    "rx": std.RXGate,
    "ry": std.RYGate,
    "rz": std.RZGate,
    "p": std.PhaseGate,
    "cx": std.CXGate,
    "CX": std.CXGate,
    "cy": std.CYGate,
    "cz": std.CZGate,
    "ch": std.CHGate,
    "swap": std.SwapGate,
    "cp": std.CPhaseGate,
    "crx": std.CRXGate,
    "cry": std.CRYGate,
    "crz": std.CRZGate,
    "ccx": std.CCXGate,
    "cswap": std.CSwapGate,
    "rxx": std.RXXGate,
    "ryy": std.RYYGate,
    "rzz": std.RZZGate,
    "u3": std.U3Gate,
    "u2": std.U2Gate,
    "u1": std.U1Gate,
    "iswap": std.iSwapGate,
}


class _Own(Gate):
    """A class of the user's, as one writes it: its definition says what it does."""

    def __init__(self, name, width, angles, body):
        super().__init__(name, width, angles)
        self._body = body

    def _define(self):
        self.definition = self._body


def circuit_of(program: Described, *, bound: bool = False) -> QuantumCircuit:
    """Build a circuit, with parameters or with their values."""
    registers = [QuantumRegister(width, name) for name, width in program.qubits]
    registers += [ClassicalRegister(width, name) for name, width in program.bits]
    circuit = QuantumCircuit(*registers, [Clbit() for _ in range(program.loose)])
    names = dict(program.parameters)
    if not bound:
        names = {name: Parameter(name) for name in names}
    _fill(circuit, program, program.statements, names, circuit.qubits, circuit.clbits)
    return circuit


def _fill(circuit, program, steps, names, qubits, clbits):  # noqa: PLR0917
    for step in steps:
        if isinstance(step, Measure):
            circuit.measure(qubits[step.qubit], clbits[step.bit])
        elif isinstance(step, Reset):
            circuit.reset(qubits[step.qubit])
        elif isinstance(step, Prepare):
            state = prepared([angle.value(names) for angle in step.angles])
            wires = [qubits[wire] for wire in reversed(step.wires)]
            circuit.append((Initialize if step.resets else StatePreparation)(state), wires)
        elif isinstance(step, If):
            _decide(circuit, program, step, names, qubits, clbits)
        else:
            wires = [qubits[wire] for wire in step.wires]
            bits = [clbits[bit] for bit in step.bits]
            circuit.append(_operation(step, program, names), *_ordered(step, wires, bits))


def _ordered(step, wires, bits):
    if step.gate in {"*unitary2", "*multiplexer"}:
        # The library's order of the qubits in a matrix is the opposite of ours.
        many = GATES[step.gate][1]
        wires = [*wires[:-many], *reversed(wires[-many:])]
    return wires, bits


def _decide(circuit, program, step, names, qubits, clbits):  # noqa: PLR0917
    if step.register is None:
        condition = (clbits[step.bit], step.value)
    else:
        condition = (circuit.cregs[step.register], step.value)
    with circuit.if_test(condition) as otherwise:
        _fill(circuit, program, step.then, names, qubits, clbits)
    if step.otherwise:
        with otherwise:
            _fill(circuit, program, step.otherwise, names, qubits, clbits)


def _operation(step: Call, program, names):
    angles = [_angle(angle, names) for angle in step.angles]
    if isinstance(step.gate, int):
        made = _defined(program.definitions[step.gate], program, angles)
    elif step.gate == "*multiplexer":
        found = GATES[step.gate][2](*map(float, angles))
        made = UCGate([np.array(found[:2, :2]), np.array(found[2:, 2:])])
    elif step.gate.startswith("*"):
        made = UnitaryGate(GATES[step.gate][2](*map(float, angles)))
    else:
        made = _STANDARD[step.gate](*angles)
    if isinstance(step.gate, int) and "ctrl" in step.modifiers:
        # Qiskit's own control goes by names: that of a definition called `x` is its CX.
        made.name = f"controlled_{made.name}"
    for modifier in reversed(step.modifiers):
        if modifier == "ctrl":
            made = made.control(1)
        elif modifier == "inv":
            made = made.inverse()
        else:
            made = made.power(int(modifier.removeprefix("pow")))
    return made


def _defined(definition, program, angles):
    inner = QuantumCircuit(definition.width, definition.bits, name=definition.name)
    names = dict(zip(definition.angles, angles, strict=True))
    _fill(inner, program, definition.body, names, inner.qubits, inner.clbits)
    if not definition.is_gate:
        return inner.to_instruction()
    if definition.width % 2:
        return inner.to_gate()
    return _Own(definition.name, definition.width, list(angles), inner)


def _angle(angle, names):
    if not angle.name:
        return angle.shift
    return angle.scale * names[angle.name] + angle.shift


# Text ---------------------------------------------------------------------------------------------


def qasm2_of(program: Described) -> str:
    """Write OpenQASM 2."""
    lines = ["OPENQASM 2.0;", *(['include "qelib1.inc";'] if program.includes else [])]
    lines += [_definition(d, program, lambda c: _call2(c, program)) for d in program.definitions]
    lines += [f"qreg {name}[{width}];" for name, width in program.qubits]
    lines += [f"creg {name}[{width}];" for name, width in program.bits]
    wires, bits = _wires(program.qubits), _wires(program.bits)
    for step in program.statements:
        lines += _lines2(step, program, wires, bits)
    return "\n".join(lines) + "\n"


def _lines2(step, program, wires, bits):
    if isinstance(step, Measure):
        return [f"measure {wires[step.qubit]} -> {bits[step.bit]};"]
    if isinstance(step, Reset):
        return [f"reset {wires[step.qubit]};"]
    if isinstance(step, If):
        name = program.bits[step.register][0]
        (inner,) = step.then
        return [f"if ({name} == {step.value}) {_lines2(inner, program, wires, bits)[0]}"]
    return [f"{_call2(step, program)} {', '.join(wires[w] for w in step.wires)};"]


def _call2(call, program):
    name = call.gate if isinstance(call.gate, str) else program.definitions[call.gate].name
    return name + _arguments(call)


def qasm3_of(program: Described, prelude: str = 'include "stdgates.inc";') -> str:
    """Write OpenQASM 3."""
    lines = ["OPENQASM 3.0;", *([prelude] if program.includes else [])]
    lines += [f"input float[64] {name};" for name in program.parameters]
    lines += [_definition(d, program, lambda c: _call3(c, program)) for d in program.definitions]
    lines += [f"qubit[{width}] {name};" for name, width in program.qubits]
    lines += [f"bit[{width}] {name};" for name, width in program.bits]
    wires, bits = _wires(program.qubits), _wires(program.bits)
    for step in program.statements:
        lines += _lines3(step, program, wires, bits)
    return "\n".join(lines) + "\n"


def _lines3(step, program, wires, bits):
    if isinstance(step, Measure):
        return [f"{bits[step.bit]} = measure {wires[step.qubit]};"]
    if isinstance(step, Reset):
        return [f"reset {wires[step.qubit]};"]
    if isinstance(step, If):
        left = bits[step.bit] if step.register is None else program.bits[step.register][0]
        lines = [f"if ({left} == {_truth(step)}) {{"]
        lines += [line for s in step.then for line in _lines3(s, program, wires, bits)]
        if step.otherwise:
            lines.append("} else {")
            lines += [line for s in step.otherwise for line in _lines3(s, program, wires, bits)]
        return [*lines, "}"]
    return [f"{_call3(step, program)} {', '.join(wires[w] for w in step.wires)};"]


def _truth(step):
    if step.register is not None:
        return str(step.value)
    return "true" if step.value else "false"


def _call3(call, program):
    name = call.gate if isinstance(call.gate, str) else program.definitions[call.gate].name
    words = {"ctrl": "ctrl @ ", "inv": "inv @ "}
    said = (words.get(m) or f"pow({m.removeprefix('pow')}) @ " for m in call.modifiers)
    return "".join(said) + name + _arguments(call)


def _definition(definition, program, call):
    angles = f"({', '.join(definition.angles)})" if definition.angles else ""
    wires = [f"w{n}" for n in range(definition.width)]
    body = " ".join(f"{call(s)} {', '.join(wires[w] for w in s.wires)};" for s in definition.body)
    return f"gate {definition.name}{angles} {', '.join(wires)} {{ {body} }}"


def _arguments(call):
    return f"({', '.join(map(_spelt, call.angles))})" if call.angles else ""


def _spelt(angle):
    if not angle.name:
        fraction = angle.shift / math.pi * 4
        if fraction and fraction == int(fraction):
            return f"{int(fraction)}*pi/4"
        return repr(angle.shift)
    sign = "-" if angle.shift < 0 else "+"
    return f"{angle.scale!r}*{angle.name} {sign} {abs(angle.shift)!r}"


def _wires(registers):
    return [f"{name}[{place}]" for name, width in registers for place in range(width)]
