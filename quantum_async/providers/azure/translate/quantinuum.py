"""OpenQASM as Quantinuum reads it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from quantum_async.errors import UnsupportedProgramError
from quantum_async.models.advice import Advice, Setting

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from qiskit import QuantumCircuit
    from qiskit.circuit import Clbit

    Step: TypeAlias = Any
    """Qiskit's ``CircuitInstruction``, of which type checkers know nothing."""

INPUT = "honeywell.openqasm.v1"
OUTPUT = "honeywell.quantum-results.v1"
BASIS = "h x y z s sdg t tdg rx ry rz cx cz rzz swap ccx".split()
"""Qiskit's names of the gates that are written, which OpenQASM 2 has too."""

_LEFT_OUT = frozenset({"delay", "id"})


@dataclass(frozen=True, slots=True)
class Qasm:
    """A circuit as it is written down.

    Args:
        text: OpenQASM 2. Its registers are ``c0``, ``c1`` and so on, whatever the circuit calls
            its own: a name there may be a word of the language, or no name at all.
        places: Where each of the circuit's classical bits stands in those registers, one after
            the other; -1 for one that is in none because nothing is measured into it.
    """

    text: str
    places: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Condition:
    """That the bits of a register are those of a number."""

    bits: tuple[Clbit, ...]
    value: int


def qasm_of(circuit: QuantumCircuit) -> Qasm:
    """Write a circuit down.

    Args:
        circuit: The circuit, in gates of `BASIS`.

    Raises:
        UnsupportedProgramError: OpenQASM 2 cannot say it.
    """
    return _Writer(circuit).written()


def names_of(registers: Iterable[str]) -> list[str]:
    """Name as many registers as there are, in the order of `Qasm.places`."""
    return [f"c{number}" for number, _ in enumerate(registers)]


class _Writer:
    """Writes one circuit.

    Args:
        circuit: The circuit.
    """

    def __init__(self, circuit: QuantumCircuit) -> None:
        self._circuit = circuit
        self._qubits = {bit: f"q[{place}]" for place, bit in enumerate(circuit.qubits)}
        self._stored = list(_stored(circuit))
        self._clbits = {
            bit: f"c{number}[{place}]"
            for number, bits in enumerate(self._stored)
            for place, bit in enumerate(bits)
        }

    def written(self) -> Qasm:
        lines = ["OPENQASM 2.0;", 'include "qelib1.inc";', f"qreg q[{len(self._qubits)}];"]
        lines += [f"creg c{number}[{len(bits)}];" for number, bits in enumerate(self._stored)]
        for instruction in self._circuit.data:
            lines += self._lines(instruction)
        places = {bit: place for place, bit in enumerate(self._clbits)}
        return Qasm(
            "\n".join(lines) + "\n", tuple(places.get(bit, -1) for bit in self._circuit.clbits)
        )

    def _lines(self, instruction: Step) -> Iterator[str]:
        name = instruction.operation.name
        if name == "if_else":
            yield from self._decision(instruction)
        elif name == "barrier":
            if instruction.qubits:
                yield f"barrier {self._operands(instruction)};"
        elif name not in _LEFT_OUT:
            yield self._line(instruction)

    def _line(self, instruction: Step) -> str:
        operation = instruction.operation
        if operation.name == "measure":
            return (
                f"measure {self._operands(instruction)} -> {self._clbits[instruction.clbits[0]]};"
            )
        if operation.name != "reset" and operation.name not in BASIS:
            raise _unsaid(f"it has no {operation.name}")
        angles = ", ".join(repr(float(angle)) for angle in operation.params)
        return f"{operation.name}{f'({angles})' if angles else ''} {self._operands(instruction)};"

    def _operands(self, instruction: Step) -> str:
        return ", ".join(self._qubits[bit] for bit in instruction.qubits)

    def _decision(self, decision: Step) -> Iterator[str]:
        """Write a decision as one condition before each of its operations."""
        condition = _condition(decision.operation.condition)
        number = self._stored.index(condition.bits)
        bodies = list(decision.operation.blocks)
        values = [condition.value, 1 - condition.value]
        if len(bodies) > 1 and len(condition.bits) > 1 and bodies[1].data:
            raise _unsaid("it has no else for a register of several bits")
        changed = False
        for body, value in zip(bodies, values, strict=False):
            outer = dict(zip(body.qubits, decision.qubits, strict=True))
            outer |= dict(zip(body.clbits, decision.clbits, strict=True))
            for inner in body.data:
                if inner.operation.name in {*_LEFT_OUT, "barrier"}:
                    continue
                if hasattr(inner.operation, "blocks"):
                    raise _unsaid("it has no decisions within decisions")
                if changed:
                    # The condition is looked at before every operation.
                    raise _unsaid("a decision goes on after it has changed what it depends on")
                moved = inner.replace(
                    qubits=[outer[bit] for bit in inner.qubits],
                    clbits=[outer[bit] for bit in inner.clbits],
                )
                changed = not set(condition.bits).isdisjoint(moved.clbits)
                yield f"if (c{number} == {value}) {self._line(moved)}"


def _stored(circuit: QuantumCircuit) -> Iterator[tuple[Clbit, ...]]:
    """Share classical bits out to registers.

    Conditions come first: in OpenQASM 2 they are about whole registers.
    """
    used: dict[Clbit, tuple[Clbit, ...]] = {}
    measured: set[Clbit] = set()
    for instruction in circuit.data:
        measured.update(instruction.clbits)
        if instruction.operation.name != "if_else":
            continue
        bits = _condition(instruction.operation.condition).bits
        for bit in bits:
            if used.setdefault(bit, bits) != bits:
                raise _unsaid("it has conditions on whole registers only, which share no bits")
    yield from dict.fromkeys(used.values())
    for register in [*circuit.cregs, circuit.clbits]:
        left = tuple(bit for bit in register if bit in measured and bit not in used)
        used.update((bit, left) for bit in left)
        if left:
            yield left


def _condition(condition: object) -> _Condition:
    """Read the condition of a decision.

    Args:
        condition: A bit or a register and its value, or an expression.

    Raises:
        UnsupportedProgramError: OpenQASM 2 cannot say it.
    """
    from qiskit.circuit import ClassicalRegister, Clbit
    from qiskit.circuit.classical import expr

    value: object = 1
    match condition:
        case (found, int(value)):
            pass
        case expr.Binary(
            op=expr.Binary.Op.EQUAL, left=expr.Var(var=found), right=expr.Value(value=value)
        ):
            pass
        case expr.Unary(
            op=expr.Unary.Op.LOGIC_NOT | expr.Unary.Op.BIT_NOT,
            operand=expr.Var(var=Clbit() as found),
        ):
            value = 0
        case expr.Var(var=Clbit() as found):
            pass
        case _:
            raise _unsaid(f"it has no condition such as {condition}")
    if isinstance(found, Clbit):
        return _Condition((found,), int(bool(value)))
    if isinstance(found, ClassicalRegister) and isinstance(value, int) and value >= 0:
        if value >> len(found):
            raise _unsaid(f"{found.name!r} of {len(found)} bits is never {value}")
        return _Condition(tuple(found), value)
    raise _unsaid(f"it has no condition such as {condition}")


def _unsaid(why: str) -> UnsupportedProgramError:
    return UnsupportedProgramError(
        f"OpenQASM 2 cannot say this circuit: {why}",
        provider="azure",
        remedy=Advice(
            "Leave out what it cannot say, or send QIR: ",
            Setting("form", "qir", "AzureOptions"),
            ".",
        ),
    )
