"""What makes two programs the same: for circuits what they do, not how their bytes came out."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, cast

from quantum_async.models.program import ProgramFormat

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import TypeGuard

    from qiskit import QuantumCircuit
    from qiskit.circuit import AnnotatedOperation, Bit, ForLoopOp, Operation, Register, SwitchCaseOp
    from qiskit.circuit.classical.expr import Expr

    from quantum_async.models.program import Program

_COUNTED_CIRCUIT = re.compile(r"circuit-\d+(-\d+)*")
"""How Qiskit names circuits that nobody named; also a part of names of what is made of them."""
_COUNTED_REGISTER = re.compile(r"[qca]\d+")
_KNOWN = frozenset(
    {
        "Measure",
        "Reset",
        "Barrier",
        "Delay",
        "Store",
        "BreakLoopOp",
        "ContinueLoopOp",
        "UnitaryGate",
        "Initialize",
        "StatePreparation",
    }
)
"""Qiskit's own classes whose name and parameters say all."""
_STORED = ("op", "value", "implicit", "left", "right", "operand", "target", "index", "name", "type")
"""What an expression is made of, as far as it is not a bit or a register."""


class _UnknownError(Exception):
    """A part of a circuit whose meaning is not known here."""


def program_identity(program: Program) -> str:
    """Return what is equal for programs that do the same, in whichever process they were made.

    Qiskit draws random ids and numbers what has no name, so that a circuit that is made again is
    written down in other bytes. Its registers, operations and parameters are compared instead.

    Args:
        program: The program.

    Returns:
        A SHA-256 in hexadecimal: of the meaning where the program is a circuit made in this
        process, else the program's digest.
    """
    if program.format is not ProgramFormat.QISKIT or program.live is None:
        return program.digest
    circuit = cast("QuantumCircuit", program.live)
    digest = hashlib.sha256(b"circuit\0")
    try:
        for line in _circuit(circuit):
            digest.update(line.encode() + b"\0")
    except _UnknownError:
        return program.digest
    return digest.hexdigest()


def _circuit(circuit: QuantumCircuit) -> Iterator[str]:
    """Describe a whole circuit, line by line."""
    names = {bit: f"q{i}" for i, bit in enumerate(circuit.qubits)}
    names |= {bit: f"c{i}" for i, bit in enumerate(circuit.clbits)}
    for register in (*circuit.qregs, *circuit.cregs):
        called = "" if _COUNTED_REGISTER.fullmatch(register.name) else register.name
        yield f"register {called!r} {_places(register, names)}"
    yield f"bits {len(circuit.qubits)} {len(circuit.clbits)}"
    yield f"parameters {sorted(parameter.name for parameter in circuit.parameters)}"
    yield f"inputs {[variable.name for variable in circuit.iter_input_vars()]}"
    yield from _body(circuit, names, 0)


def _body(circuit: QuantumCircuit, names: Mapping[Bit, str], depth: int) -> Iterator[str]:
    """Describe what a circuit or a block of one does.

    Args:
        circuit: The circuit.
        names: What its bits are called.
        depth: In how many blocks it stands.
    """
    yield f"phase {_value(circuit.global_phase)}"
    for variable in circuit.iter_vars():
        yield f"variable {variable.name} {variable.type}"
    for instruction in circuit.data:
        bits = (*instruction.qubits, *instruction.clbits)
        yield from _instruction(instruction.operation, bits, names, depth)


def _instruction(
    operation: Operation, bits: Sequence[Bit], names: Mapping[Bit, str], depth: int
) -> Iterator[str]:
    where = " ".join(names[bit] for bit in bits)
    blocks = getattr(operation, "blocks", ())
    values = [_expression(part, names) for part in _conditions(operation)]
    if not blocks:
        yield from _operation(operation, names)
        yield f"on {where} {values}"
        return
    yield f"{operation.name} {values} on {sorted(names[bit] for bit in bits)} {_times(operation)}"
    for block in blocks:
        inner = dict(zip((*block.qubits, *block.clbits), (names[b] for b in bits), strict=True))
        yield "block"
        yield from _body(_with_loop_named(operation, block, depth), {**names, **inner}, depth + 1)
    yield "end"


def _operation(operation: Operation, names: Mapping[Bit, str]) -> Iterator[str]:
    """Describe one operation: a standard gate by its name, another one by what it is made of."""
    called = _COUNTED_CIRCUIT.sub("circuit", operation.name)
    kind = _kind(operation)
    yield f"{called} {operation.num_qubits} {operation.num_clbits} {kind.__name__}"
    if (modifiers := getattr(operation, "modifiers", None)) is not None:
        yield str(modifiers)
        yield from _operation(cast("AnnotatedOperation", operation).base_op, names)
        return
    params = getattr(operation, "params", None)
    if params is None:
        raise _UnknownError
    expressions = [p for p in params if _is_expression(p)]
    values = [_value(p) for p in params if not _is_expression(p)]
    yield f"{values} {[_expression(e, names) for e in expressions]}"
    yield f"{getattr(operation, 'ctrl_state', None)} {getattr(operation, 'unit', None)}"
    if getattr(operation, "_standard_gate", None) is not None or _is_known(operation):
        return
    base = getattr(operation, "base_gate", None)
    if base is not None:
        yield from _operation(base, names)
        return
    definition: QuantumCircuit | None = getattr(operation, "definition", None)
    if definition is None:
        if _kind(operation).__name__ not in {"Gate", "Instruction"}:
            # A class of somebody else's, with whatever it holds.
            raise _UnknownError
        return
    inner = {bit: f"q{i}" for i, bit in enumerate(definition.qubits)}
    inner |= {bit: f"c{i}" for i, bit in enumerate(definition.clbits)}
    yield "defined"
    yield from _body(definition, inner, 0)
    yield "end"


def _kind(operation: Operation) -> type:
    # A gate without parameters has a class of its own besides the one that people know.
    return getattr(operation, "base_class", type(operation))


def _is_known(operation: Operation) -> bool:
    """Whether name and parameters of one of Qiskit's own say all."""
    kind = _kind(operation)
    return kind.__module__.startswith("qiskit.circuit.") and kind.__name__ in _KNOWN


def _conditions(operation: Operation) -> list[object]:
    parts = [getattr(operation, name, None) for name in ("condition", "target")]
    return [part for part in parts if part is not None]


def _times(operation: Operation) -> str:
    """Say what decides between a loop's rounds or a switch's cases."""
    if operation.name == "switch_case":
        cases = cast("SwitchCaseOp", operation).cases_specifier()
        return repr([[str(value) for value in values] for values, _ in cases])
    if operation.name == "for_loop":
        indices, parameter, _ = cast("ForLoopOp", operation).params
        return f"{list(indices)} {parameter is not None}"
    return str(getattr(operation, "duration", None)) + str(getattr(operation, "unit", None))


def _with_loop_named(operation: Operation, block: QuantumCircuit, depth: int) -> QuantumCircuit:
    """Name a loop's parameter after its depth, because Qiskit counts those without a name."""
    if operation.name != "for_loop":
        return block
    from qiskit.circuit import Parameter

    parameter = cast("ForLoopOp", operation).params[1]
    if parameter is None or parameter not in block.parameters:
        return block
    return block.assign_parameters({parameter: Parameter(f"loop {depth}")})


def _is_expression(part: object) -> TypeGuard[Expr]:
    from qiskit.circuit.classical.expr import Expr

    return isinstance(part, Expr)


def _expression(part: object, names: Mapping[Bit, str]) -> str:
    """Describe a condition: a bit or register with its value, or an expression."""
    from qiskit.circuit import Bit, Register

    if isinstance(part, tuple):
        return " ".join(_expression(each, names) for each in part)
    if isinstance(part, Bit):
        return names.get(part, "?")
    if isinstance(part, Register):
        return _places(part, names)
    if not _is_expression(part):
        return str(part)
    found = [type(part).__name__]
    stored = getattr(part, "var", None)
    if isinstance(stored, Bit | Register):
        found.append(_expression(stored, names))
    values = {name: getattr(part, name, None) for name in _STORED}
    found += [f"{name}={_expression(v, names)}" for name, v in values.items() if v is not None]
    return f"({' '.join(found)})"


def _places(register: Register, names: Mapping[Bit, str]) -> str:
    return "[" + " ".join(names.get(bit, "?") for bit in register) + "]"


def _value(value: object) -> str:
    """Describe a parameter's value; numbers by their value, expressions by their text."""
    import numpy as np
    from qiskit.circuit import ParameterExpression

    if isinstance(value, ParameterExpression):
        return str(value)
    if isinstance(value, np.ndarray):
        body = np.ascontiguousarray(value)
        return f"{body.shape} {body.dtype} {hashlib.sha256(body.tobytes()).hexdigest()}"
    if isinstance(value, int | float | complex | np.number):
        return repr(complex(value))
    if value is None or isinstance(value, str):
        return repr(value)
    if isinstance(value, list | tuple):
        return repr([_value(item) for item in value])
    raise _UnknownError
