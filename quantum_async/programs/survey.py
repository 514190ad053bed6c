"""What a circuit needs of a simulator, and where each classical bit stands in an outcome."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from quantum_async.models.result import Register

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from qiskit import QuantumCircuit
    from qiskit.circuit import Operation


LOOSE = "bits"
"""The register that bits outside any register are shown as."""


@dataclass(frozen=True, slots=True)
class BitLayout:
    """The registers of a circuit and the numbers of their bits.

    Registers may share bits: each is read for itself. Bits outside any register form one more
    register, the last one.

    Args:
        registers: Names and widths in the order of declaration.
        places: For each register, the circuit's numbers of its bits, first bit first.
    """

    registers: tuple[Register, ...]
    places: tuple[tuple[int, ...], ...]

    @classmethod
    def of(cls, circuit: QuantumCircuit) -> BitLayout:
        """Read the layout of a circuit."""
        number = {bit: index for index, bit in enumerate(circuit.clbits)}
        found = [(r.name, tuple(number[bit] for bit in r)) for r in circuit.cregs if len(r)]
        held = {place for _, places in found for place in places}
        loose = tuple(place for place in number.values() if place not in held)
        if loose:
            name = LOOSE
            while any(name == other for other, _ in found):
                name += "_"
            found.append((name, loose))
        return cls(
            tuple(Register(name, len(places)) for name, places in found),
            tuple(places for _, places in found),
        )

    @property
    def characters(self) -> tuple[int | None, ...]:
        """For each character of an outcome, as `Result` documents it, the number of its bit.

        Between two registers stands a space, which is ``None``.
        """
        found: list[int | None] = []
        for places in reversed(self.places):
            found += [None] if found else []
            found += reversed(places)
        return tuple(found)

    def texts(self, outcomes: Iterable[int]) -> list[str]:
        """Write outcomes as `Result` documents them.

        Args:
            outcomes: All classical bits as a number, bit 0 being the lowest.
        """
        width = 1 + max((place for places in self.places for place in places), default=-1)
        # From the left: the last register, and in it the last bit. Most registers are a run.
        runs = []
        for places in reversed(self.places):
            start, stop = width - 1 - places[-1], width - places[0]
            is_run = places == tuple(range(places[0], places[0] + len(places)))
            runs.append(slice(start, stop) if is_run else [width - 1 - p for p in reversed(places)])
        if runs == [slice(0, width)]:
            return [f"{outcome:0{width}b}" for outcome in outcomes]
        written = []
        for outcome in outcomes:
            bits = f"{outcome:0{width}b}"
            written.append(
                " ".join(
                    bits[run] if isinstance(run, slice) else "".join([bits[p] for p in run])
                    for run in runs
                )
            )
        return written


CONTROL = frozenset(
    {"break_loop", "continue_loop", "for_loop", "if_else", "store", "switch_case", "while_loop"}
)
"""The names of operations that hold others, or decide about them."""
_PASSIVE = frozenset({"barrier", "delay", "id"})
_RANDOM = frozenset({"measure", "reset", "initialize", "kraus", "quantum_channel", "superop"})


@dataclass(frozen=True, slots=True)
class Survey:
    """What a circuit needs of a simulator.

    Args:
        names: The names of all its operations, nested ones included.
        qubits: How many qubits it acts on.
        operations: How many operations it has.
        turns: How many it goes through in one shot at most, those of loops in each turn; infinite
            where it has a loop without an end that is known.
        is_measured_last: Whether no qubit is used again after its measurement or reset, so that
            one evolution of the state serves all shots.
    """

    names: frozenset[str]
    qubits: int
    operations: int
    turns: float
    is_measured_last: bool

    @classmethod
    def of(cls, circuit: QuantumCircuit) -> Survey:
        """Look at a circuit."""
        names = list(_names(circuit))
        return cls(
            frozenset(names),
            len(_active(circuit)),
            len(names),
            _turns(circuit),
            _is_measured_last(circuit),
        )

    @property
    def decides(self) -> bool:
        """Whether what it does depends on what it has measured or stored."""
        return not self.names.isdisjoint(CONTROL)

    @property
    def measures(self) -> bool:
        """Whether anything is measured."""
        return "measure" in self.names

    @property
    def is_random(self) -> bool:
        """Whether the final state differs from shot to shot."""
        return not self.names.isdisjoint(_RANDOM)


def without_idle_qubits(circuit: QuantumCircuit) -> QuantumCircuit:
    """Copy a circuit without the qubits that nothing acts on; classical bits stay.

    Args:
        circuit: The circuit, whose qubits keep their order.
    """
    from qiskit import QuantumCircuit
    from qiskit.circuit import Barrier

    active = _active(circuit)
    if len(active) == circuit.num_qubits:
        return circuit
    left = QuantumCircuit(
        [qubit for qubit in circuit.qubits if qubit in active],
        circuit.clbits,
        *circuit.cregs,
        global_phase=circuit.global_phase,
        inputs=circuit.iter_input_vars(),
    )
    for variable in circuit.iter_declared_vars():
        left.add_uninitialized_var(variable)
    for step in circuit.data:
        qubits = [qubit for qubit in step.qubits if qubit in active]
        if len(qubits) == len(step.qubits):
            left.append(step)
        elif step.name == "barrier" and qubits:
            left.append(Barrier(len(qubits)), qubits)
    return left


def _active(circuit: QuantumCircuit) -> set[object]:
    return {
        qubit
        for instruction in circuit.data
        if instruction.operation.name not in _PASSIVE
        for qubit in instruction.qubits
    }


def _is_measured_last(circuit: QuantumCircuit) -> bool:
    measured: set[object] = set()
    for instruction in circuit.data:
        name = instruction.operation.name
        if name in _PASSIVE:
            continue
        if name in _RANDOM - {"measure"} or hasattr(instruction.operation, "blocks"):
            return False
        if not measured.isdisjoint(instruction.qubits):
            return False
        if name == "measure":
            measured.update(instruction.qubits)
    return True


def _names(circuit: QuantumCircuit) -> Iterator[str]:
    for instruction in circuit.data:
        yield instruction.operation.name
        for block in getattr(instruction.operation, "blocks", ()):
            yield from _names(block)


def without_final_measurements(circuit: QuantumCircuit) -> QuantumCircuit:
    """Copy a circuit without the measurements after which neither qubit nor bit is used.

    Qiskit's own ``remove_final_measurements`` also takes away those that a condition on another
    qubit depends on, and with them what the circuit does. Registers stay.

    Args:
        circuit: The circuit.
    """
    from qiskit.circuit import Measure

    # What is stored may be read of any bit, and an instruction does not list those bits.
    used: set[object] = set(circuit.clbits if "store" in Survey.of(circuit).names else ())
    kept = []
    for instruction in reversed(circuit.data):
        operation = instruction.operation
        touched = {*instruction.qubits, *instruction.clbits}
        # A composite may be called so too.
        is_measure = getattr(operation, "base_class", type(operation)) is Measure
        if is_measure and used.isdisjoint(touched):
            continue
        if operation.name != "barrier":
            used |= touched
        kept.append(instruction)
    bare = circuit.copy_empty_like()
    for instruction in reversed(kept):
        bare.append(instruction)
    return bare


def _turns(circuit: QuantumCircuit) -> float:
    total = 0.0
    for instruction in circuit.data:
        operation = instruction.operation
        blocks = [_turns(block) for block in getattr(operation, "blocks", ())]
        total += 1 + max(blocks, default=0) * _repeats(operation)
    return total


def _repeats(operation: Operation) -> float:
    if operation.name == "while_loop":
        return math.inf
    if operation.name != "for_loop":
        return 1
    values = operation.params[0]
    # A range of a classical expression is known when it runs.
    return len(values) if hasattr(values, "__len__") else math.inf
