"""OpenQASM 2 with names where numbers stand: each name becomes a parameter of the circuit.

Qiskit's reader takes numbers only. Each angle that holds a name is replaced by a number that
stands for nothing else, and that number, in the circuit which is read, by the expression. A gate
that the program defines is written out once for each list of angles that it is called with.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from quantum_async.errors import UnboundParametersError
from quantum_async.models.program import ProgramFormat
from quantum_async.programs.angles import RESERVED, angle_value, whole_words
from quantum_async.programs.tokens import Rewritten, Source, tokens

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from qiskit import QuantumCircuit

    from quantum_async.models.grid import Value
    from quantum_async.models.program import Program
    from quantum_async.programs.tokens import Token

_FIRST, _STEP = 2.0**900, 2.0**860
"""The numbers that stand for angles: no angle is so large."""
_MOST = 10_000
"""Lists of angles that the program's own gates are written out for."""
_DEEPEST = 100

Shape: TypeAlias = tuple[tuple[str, int | None], ...]
"""The names that stand for numbers, and for lists their lengths."""

# Expressions of Qiskit are `Any`, because Qiskit has no types.


def shape_of(program: Program, variables: Mapping[str, Value]) -> Shape:
    """Tell what a program's reading depends on: the names, and the lengths of lists.

    Args:
        program: The program; other formats than OpenQASM 2 declare their parameters.
        variables: Values by name.
    """
    if program.format is not ProgramFormat.QASM2:
        return ()
    return tuple(
        (name, len(value) if isinstance(value, list | tuple) else None)
        for name, value in sorted(variables.items())
        # A variable that is called so changes nothing, and is refused as one that nothing needs.
        if name not in RESERVED
    )


class Naming:
    """The names that are left open in a text, and what stands for them.

    Args:
        shape: The names, and the lengths of lists: element 2 of ``w`` is written ``w[2]``.
    """

    def __init__(self, shape: Shape) -> None:
        from qiskit.circuit import Parameter, ParameterVector

        self.names: dict[str, Any] = {}
        self._lists: list[str] = []
        for name, length in shape:
            if length is None:
                self.names[name] = Parameter(name)
            else:
                elements = {element.name: element for element in ParameterVector(name, length)}
                self.names.update(elements)
                self._lists += elements
        self._numbers: dict[str, str] = {}
        self._expressions: dict[float, Any] = {}

    def number(self, value: Any) -> str:
        """Write an angle as a number.

        Args:
            value: A number, or an expression.
        """
        if not hasattr(value, "parameters"):
            return repr(float(value))
        found = self._numbers.get(str(value))
        if found is None:
            number = _FIRST + len(self._numbers) * _STEP
            found = self._numbers[str(value)] = repr(number)
            self._expressions[number] = value
        return found

    def named(self, circuit: QuantumCircuit, where: str) -> QuantumCircuit:
        """Put the expressions into a circuit of standard operations.

        Args:
            circuit: The circuit.
            where: What it is called in errors.

        Raises:
            UnboundParametersError: An element of a list occurs nowhere.
        """
        made = self._put(circuit) if self._expressions else circuit
        used = {parameter.name for parameter in made.parameters}
        for name in self._lists:
            if name not in used:
                raise UnboundParametersError(
                    f"{where} has no parameter {name!r}",
                    names=(name,),
                    remedy="Write the parameter's name where its number belongs.",
                )
        return made

    def _put(self, circuit: QuantumCircuit) -> QuantumCircuit:
        made = circuit.copy_empty_like()
        for step in circuit.data:
            operation = step.operation
            if step.is_control_flow():
                operation = operation.replace_blocks([self._put(b) for b in operation.blocks])
            elif any(isinstance(p, float) and p in self._expressions for p in step.params):
                operation = operation.to_mutable()
                operation.params = [
                    self._expressions.get(p, p) if isinstance(p, float) else p for p in step.params
                ]
            made.append(operation, step.qubits, step.clbits, copy=False)
        return made


@dataclass(frozen=True, slots=True)
class _Definition:
    """A gate that the program defines.

    Args:
        name: Its name.
        formals: Its angles.
        qubits: Its qubits, as they are written.
        calls: The statements in it.
        start: Where it begins.
        stop: Where it has ended.
    """

    name: str
    formals: tuple[str, ...]
    qubits: str
    calls: tuple[_Call, ...]
    start: int
    stop: int

    def holds(self, names: re.Pattern[str], text: str) -> bool:
        """Whether an angle in it has one of these names that is none of its own."""
        found = (m for call in self.calls for a in call.angles for m in names.finditer(text, *a))
        return any(match.group() not in self.formals for match in found)


@dataclass(frozen=True, slots=True)
class _Call:
    """A statement that may have angles.

    Args:
        gate: The first word.
        start: Where that stands.
        angles: Where each angle begins and ends.
        stop: Where its angles have ended.
        rest: What follows, with the semicolon.
    """

    gate: str
    start: int
    angles: tuple[tuple[int, int], ...]
    stop: int
    rest: str


def without_names(program: Rewritten, where: str, naming: Naming) -> Rewritten:
    """Write a text with numbers in place of names.

    Args:
        program: OpenQASM 2 in which no gate is defined twice.
        where: What it is called in errors.
        naming: The names.

    Raises:
        ProgramSyntaxError: An angle is malformed.
    """
    if not naming.names or not re.search(whole_words(naming.names), program.text):
        return program
    return _Writing(program, where, naming).written()


class _Writing:
    def __init__(self, program: Rewritten, where: str, naming: Naming) -> None:
        self._program = program
        self._source = source = Source(program.text, where, program)
        self._naming = naming
        self._words = list(tokens(source.text))
        self._defined: dict[str, tuple[int, _Definition]] = {}
        self._made: dict[tuple[str, tuple[str, ...]], str] = {}
        self._texts: dict[str, list[str]] = {}
        self._pattern = re.compile(whole_words(naming.names))

    def written(self) -> Rewritten:
        edits: list[tuple[int, int, str]] = []
        for call in self._calls():
            if call.gate in self._defined:
                text = self._expanded(call, self._naming.names, len(self._defined), 0)
                edits.append((call.start, call.stop, text))
                continue
            for start, stop in call.angles:
                if self._pattern.search(self._source.text, start, stop):
                    value = angle_value(self._source, start, stop, self._naming.names)
                    edits.append((start, stop, self._naming.number(value)))
        for name, (_, one) in self._defined.items():
            # One that holds names cannot stay; any other does, so that its own faults are found.
            start = one.start if one.holds(self._pattern, self._source.text) else one.stop
            edits.append((start, one.stop, " ".join(["", *self._texts.get(name, ())])))
        shown = {
            made: self._program.names.get(name, name) for (name, _), made in self._made.items()
        }
        return self._program.rewritten(edits, shown)

    def _calls(self) -> Iterator[_Call]:
        """Yield the statements outside of definitions, and note these on the way."""
        place = 0
        while place < len(self._words):
            if self._words[place].text == "gate":
                place = self._define(place)
            elif self._words[place].text == "if":
                place = self._after(place, ")")
            else:
                end = self._after(place, ";")
                yield self._call(place, end)
                place = end

    def _after(self, place: int, text: str) -> int:
        while place < len(self._words) and self._words[place].text != text:
            place += 1
        return place + 1

    def _define(self, first: int) -> int:
        opening = self._after(first, "{") - 1
        closing = self._after(opening, "}") - 1
        head = self._words[first + 1 : opening]
        if closing >= len(self._words) or not head:
            return len(self._words)
        qubits = head[1:]
        formals: tuple[str, ...] = ()
        if qubits and qubits[0].text == "(":
            ends = next((n for n, word in enumerate(qubits) if word.text == ")"), len(qubits) - 1)
            formals = tuple(word.text for word in qubits[1:ends] if word.text != ",")
            qubits = qubits[ends + 1 :]
        calls, place = [], opening + 1
        while place < closing:
            end = min(self._after(place, ";"), closing)
            calls.append(self._call(place, end))
            place = end
        stop = _end(self._words[closing])
        start = self._words[first].start
        one = _Definition(head[0].text, formals, _joined(qubits), tuple(calls), start, stop)
        self._defined[one.name] = (len(self._defined), one)
        return closing + 1

    def _call(self, first: int, after: int) -> _Call:
        words = self._words[first:after]
        gate = words[0]
        if len(words) == 1 or words[1].text != "(":
            return _Call(gate.text, gate.start, (), _end(gate), _joined(words[1:]))
        angles, depth, start = [], 0, _end(words[1])
        for place, word in enumerate(words[1:], 2):
            depth += {"(": 1, ")": -1}.get(word.text, 0)
            if depth == 0 or (depth == 1 and word.text == ","):
                angles.append((start, word.start))
                start = _end(word)
            if depth == 0:
                found = () if place == 3 else tuple(angles)
                return _Call(gate.text, gate.start, found, start, _joined(words[place:]))
        raise self._source.error("a bracket is not closed", words[1].start)

    def _expanded(self, call: _Call, names: Mapping[str, Any], before: int, depth: int) -> str:
        """Write the name of the gate that a call of a defined one, with its angles, has become."""
        number, one = self._defined[call.gate]
        if len(call.angles) != len(one.formals):
            raise self._source.error(
                f"{call.gate} takes {len(one.formals)} angles, not {len(call.angles)}", call.start
            )
        if number >= before or depth > _DEEPEST or len(self._made) >= _MOST:
            raise self._source.error(
                f"{call.gate} is defined by itself, or by too many gates", call.start
            )
        values = [angle_value(self._source, *place, names) for place in call.angles]
        key = one.name, tuple(map(self._naming.number, values))
        found = self._made.get(key)
        if found is None:
            inner = {**names, **dict(zip(one.formals, values, strict=True))}
            body = " ".join(self._statement(step, inner, number, depth + 1) for step in one.calls)
            found = self._made[key] = f"{one.name}_{len(self._made)}_"
            text = f"gate {found} {one.qubits} {{ {body} }}"
            self._texts.setdefault(one.name, []).append(text)
        return found

    def _statement(self, call: _Call, names: Mapping[str, Any], before: int, depth: int) -> str:
        if call.gate in self._defined:
            return f"{self._expanded(call, names, before, depth)} {call.rest}"
        values = [angle_value(self._source, *place, names) for place in call.angles]
        shown = f"({','.join(map(self._naming.number, values))})" if values else ""
        return f"{call.gate}{shown} {call.rest}"


def _end(word: Token) -> int:
    return word.start + len(word.text)


def _joined(words: Sequence[Token]) -> str:
    return " ".join(word.text for word in words)
