"""From Qiskit circuits in native gates to IQM's circuits; nothing is transpiled here."""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING, Any, Protocol

from quantum_async.errors import DeviceLimitError, UnsupportedProgramError
from quantum_async.models.advice import Advice, Setting
from quantum_async.programs.survey import BitLayout
from quantum_async.providers.iqm.circuits import Circuit, Instruction
from quantum_async.providers.iqm.translate.results import (
    METADATA,
    BitSource,
    Layout,
    conventional_key,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pydantic import JsonValue
    from qiskit import QuantumCircuit

    Route = tuple[str, str, str]
    """How a two-qubit gate is reached over a resonator: what moves, where to, and the other."""

# Qiskit's gates as PRX: from their parameters to angle and phase.
_PRX: Mapping[str, Callable[..., tuple[float, float]]] = {
    "r": lambda theta, phi: (theta, phi),
    "x": lambda: (math.pi, 0.0),
    "rx": lambda theta: (theta, 0.0),
    "y": lambda: (math.pi, math.pi / 2),
    "ry": lambda theta: (theta, math.pi / 2),
}
# How many of each make a second: dividing by them rounds once, where multiplying rounds twice.
_PER_SECOND = {"s": 1.0, "ms": 1e3, "us": 1e6, "ns": 1e9, "ps": 1e12, "dt": 1e9}

_TRANSPILING = Setting("transpile", True, "IQMOptions")  # noqa: FBT003 -- the value
_TRANSPILE = Advice("Transpile the circuit to r and cz, or pass ", _TRANSPILING, ".")
_CONDITIONS = Advice(
    "IQM decides by one measured bit being 1 about r, rx, ry, x and y; there is no else. Transpile "
    "the circuit for gates under a condition, or pass ",
    _TRANSPILING,
    ".",
)

NATIVE = frozenset({*_PRX, "cz", "move", "measure", "reset", "barrier", "delay", "id", "if_else"})
"""Qiskit's names of what can be translated gate by gate."""


class _Step(Protocol):
    """What is used of Qiskit's instructions, whose types differ between versions."""

    @property
    def name(self) -> str: ...

    @property
    def params(self) -> Sequence[float]: ...


def native_circuit(
    circuit: QuantumCircuit,
    names: Sequence[str],
    mapping: Mapping[str, str],
    routes: Mapping[tuple[str, str], Route] | None = None,
) -> tuple[Circuit, Layout]:
    """Translate a circuit whose parameters are bound, gate by gate.

    Args:
        circuit: In native gates.
        names: What its qubits are called.
        mapping: From these names to the chip's; empty where they are the same.
        routes: How a CZ between two qubits is reached by MOVEs, where a transpiler used such.

    Raises:
        UnsupportedProgramError: It holds something that is not native.
        DeviceLimitError: It has more qubits than there are names.
    """
    return _Translation(circuit, names, mapping, routes or {}).run()


class _Translation:
    def __init__(
        self,
        circuit: QuantumCircuit,
        names: Sequence[str],
        mapping: Mapping[str, str],
        routes: Mapping[tuple[str, str], Route],
    ) -> None:
        self._circuit = circuit
        self._names = names
        self._mapping = mapping
        self._routes = routes
        self._qubits = {bit: place for place, bit in enumerate(circuit.qubits)}
        self._clbits = {bit: place for place, bit in enumerate(circuit.clbits)}
        self._bits = BitLayout.of(circuit)
        self._base_keys = _base_keys(self._bits)
        self._measures = Counter(
            self._clbits[step.clbits[0]]
            for step in circuit.data
            if step.operation.name == "measure"
        )
        self._seen: Counter[int] = Counter()
        self._last: dict[int, int] = {}
        self._steps: list[Instruction] = []
        self._number = 0

    def run(self) -> tuple[Circuit, Layout]:
        for number, step in enumerate(self._circuit.data):
            self._number = number
            qubits = [self._qubits[bit] for bit in step.qubits]
            clbits = [self._clbits[bit] for bit in step.clbits]
            self._translate(step.operation, qubits, clbits)
        layout = self._layout()
        metadata: dict[str, JsonValue] = {METADATA: layout.metadata()}
        return Circuit(self._circuit.name or "circuit", tuple(self._steps), metadata), layout

    def _translate(self, operation: _Step, qubits: list[int], clbits: list[int]) -> None:
        name = operation.name
        if name == "measure":
            self._measure(qubits[0], clbits[0])
        elif name == "if_else":
            self._conditional(operation, qubits)
        elif name in _PRX:
            self._steps.append(self._prx(operation, self._locus(qubits)))
        elif name == "cz":
            self._cz(self._locus(qubits))
        elif name in {"move", "reset", "barrier"}:
            self._steps.append(Instruction(name, self._locus(qubits)))
        elif name == "delay":
            duration = _seconds(operation)
            self._steps.append(Instruction(name, self._locus(qubits), {"duration": duration}))
        elif name != "id":
            raise self._foreign(name, qubits)

    def _prx(self, operation: _Step, locus: tuple[str, ...]) -> Instruction:
        angle, phase = _PRX[operation.name](*map(float, operation.params))
        return Instruction("prx", locus, {"angle": angle, "phase": phase})

    def _cz(self, locus: tuple[str, ...]) -> None:
        route = self._routes.get((locus[0], locus[1]))
        if route is None:
            self._steps.append(Instruction("cz", locus))
            return
        moved, resonator, other = route
        move = Instruction("move", (moved, resonator))
        self._steps += [move, Instruction("cz", (other, resonator)), move]

    def _measure(self, qubit: int, clbit: int) -> None:
        key = self._base_keys[clbit]
        self._seen[clbit] += 1
        if self._seen[clbit] < self._measures[clbit]:
            # A later measurement writes the same bit; keys are unique, and the last one counts.
            key = f"{key}.{self._seen[clbit]}"
        self._last[clbit] = len(self._steps)
        self._steps.append(Instruction("measure", self._locus([qubit]), {"key": key}))

    def _conditional(self, operation: _Step, qubits: list[int]) -> None:
        clbit, body = self._condition(operation, qubits)
        place = self._last.get(clbit)
        if place is None:
            raise self._foreign("if_else on a bit that was not measured", qubits, _CONDITIONS)
        measure = self._steps[place]
        key = str(measure.args["key"])
        self._steps[place] = Instruction(
            "measure", measure.locus, {**measure.args, "feedback_key": key}
        )
        physical = self._mapping.get(measure.locus[0], measure.locus[0])
        inner = {bit: qubits[place] for place, bit in enumerate(body.qubits)}
        for step in body.data:
            if step.operation.name not in _PRX:
                what = f"{step.operation.name} under a condition"
                raise self._foreign(what, qubits, _CONDITIONS)
            locus = self._locus([inner[bit] for bit in step.qubits])
            args = self._prx(step.operation, locus).args
            feedback = {"feedback_qubit": physical, "feedback_key": key}
            self._steps.append(Instruction("cc_prx", locus, {**args, **feedback}))

    def _condition(self, operation: Any, qubits: list[int]) -> tuple[int, QuantumCircuit]:
        condition, blocks = operation.condition, operation.blocks
        target, value = condition if isinstance(condition, tuple) else (None, None)
        bits = [target] if target in self._clbits else _bits_of(target)
        rest = [block for block in blocks[1:] if block is not None and block.data]
        if len(bits) != 1 or value != 1 or rest or not blocks or blocks[0] is None:
            what = "if_else on more than one bit being 1, or with an else"
            raise self._foreign(what, qubits, _CONDITIONS)
        return self._clbits[bits[0]], blocks[0]

    def _locus(self, qubits: Sequence[int]) -> tuple[str, ...]:
        highest = max(qubits, default=-1)
        if highest >= len(self._names):
            raise DeviceLimitError(
                f"circuit {self._circuit.name!r} uses qubit {highest}, and there are "
                f"{len(self._names)}",
                provider="iqm",
                remedy="Use fewer qubits, or a larger quantum computer.",
            )
        return tuple(self._names[place] for place in qubits)

    def _layout(self) -> Layout:
        sources = tuple(
            tuple(
                BitSource(self._base_keys[bit]) if self._measures[bit] else None for bit in places
            )
            for places in self._bits.places
        )
        return Layout(self._bits.registers, sources)

    def _foreign(
        self, what: str, qubits: Sequence[int], remedy: str = _TRANSPILE
    ) -> UnsupportedProgramError:
        return UnsupportedProgramError(
            f"circuit {self._circuit.name!r}, instruction {self._number} ({what}, qubits "
            f"{', '.join(map(str, qubits))}): not a native operation of IQM's quantum computers",
            provider="iqm",
            remedy=remedy,
        )


def _base_keys(bits: BitLayout) -> dict[int, str]:
    keys: dict[int, str] = {}
    for place, (register, places) in enumerate(zip(bits.registers, bits.places, strict=True)):
        for position, clbit in enumerate(places):
            key = conventional_key(register.name, register.width, place, position)
            keys.setdefault(clbit, key)
    return keys


def _seconds(operation: _Step) -> float:
    unit = str(getattr(operation, "unit", "dt"))
    return float(operation.params[0]) / _PER_SECOND.get(unit, math.nan)


def _bits_of(register: Any) -> list[object]:
    # A bit has no size, nor have the values that an expression asks for.
    return list(register) if hasattr(register, "size") else []
