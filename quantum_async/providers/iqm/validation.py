"""Checks of circuits before they are sent: each error names circuit, instruction and locus."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from quantum_async.errors import DeviceLimitError, InvalidOptionError, ProgramError
from quantum_async.models.advice import Advice, Setting
from quantum_async.providers.iqm.circuits import OPERATIONS
from quantum_async.providers.iqm.options import MoveValidation

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from quantum_async.providers.iqm.architecture import Architecture
    from quantum_async.providers.iqm.circuits import Circuit, Instruction, Operation


def check_moves(
    circuit: Circuit,
    architecture: Architecture,
    mapping: Mapping[str, str],
    strictness: MoveValidation,
) -> None:
    """Refuse a circuit that uses a qubit while its state is in a resonator.

    Raises:
        DeviceLimitError: With circuit, instruction, locus and reason.
    """
    places = _Places(architecture, strictness)
    for number, instruction in enumerate(circuit.instructions):
        locus = tuple(mapping.get(name, name) for name in instruction.locus)
        fault = places.apply(instruction, locus)
        if fault is not None:
            raise DeviceLimitError(
                f"circuit {circuit.name!r}, instruction {number} ({instruction}): {fault}",
                provider="iqm",
                remedy="Move the state back first: each MOVE is undone by the same MOVE again.",
            )


class _Places:
    """Where states are: which qubit's state each resonator holds."""

    def __init__(self, architecture: Architecture, strictness: MoveValidation) -> None:
        self._resonators = architecture.resonators
        self._free = {"barrier"}
        if strictness is MoveValidation.ALLOW_PRX:
            self._free.add("prx")
        self._held: dict[str, str] = {}

    def apply(self, instruction: Instruction, locus: tuple[str, ...]) -> str | None:
        """Follow an instruction, or say why it cannot be."""
        if instruction.name == "move":
            return self._move(*locus)
        away = [name for name in locus if name in self._held.values()]
        if away and instruction.name not in self._free:
            return f"the state of {', '.join(away)} is in a resonator"
        return None

    def _move(self, qubit: str, resonator: str) -> str | None:
        if qubit in self._resonators or resonator not in self._resonators:
            return "a MOVE goes from a qubit to a resonator, in this order"
        holder = self._held.get(resonator)
        if holder == qubit:
            del self._held[resonator]
            return None
        if holder is not None:
            return f"{resonator} holds the state of {holder}"
        if qubit in self._held.values():
            return f"the state of {qubit} is in another resonator"
        self._held[resonator] = qubit
        return None


_FOREIGN = Advice(
    "For other gates pass a Qiskit circuit, with ",
    Setting("transpile", True, "IQMOptions"),  # noqa: FBT003 -- the value
    ".",
)
_SHOWN = 8
"""How many places an error names."""


def check_circuit(circuit: Circuit) -> None:
    """Refuse a circuit that no quantum computer could run.

    Raises:
        ProgramError: With circuit, instruction and reason.
    """
    if not circuit.name or not circuit.instructions:
        missing = "instructions" if circuit.name else "name"
        raise ProgramError(
            f"circuit {circuit.name!r} has no {missing}",
            provider="iqm",
            remedy="A circuit has a name and at least one instruction.",
        )
    for number, instruction in enumerate(circuit.instructions):
        if (fault := _fault(instruction)) is not None:
            is_known = instruction.name in OPERATIONS
            raise ProgramError(
                f"{place(circuit, number)}: {fault}",
                provider="iqm",
                remedy=None if is_known else _FOREIGN,
            )
    _check_keys(circuit)


def check_mapping(
    mapping: Mapping[str, str], circuits: Iterable[Circuit], architecture: Architecture | None
) -> None:
    """Refuse a qubit mapping that leaves names open, or joins two of them.

    Args:
        mapping: From the circuits' names to the chip's.
        circuits: What it is for.
        architecture: What the chip has, where that is to be checked.

    Raises:
        InvalidOptionError: With the names concerned.
    """
    targets = list(mapping.values())
    doubled = sorted({name for name in targets if targets.count(name) > 1})
    if doubled:
        raise _bad_mapping(f"maps several names to {', '.join(doubled)}")
    unknown = sorted(set(targets) - architecture.known) if architecture is not None else ()
    if unknown:
        raise _bad_mapping(f"maps to {', '.join(unknown)}, which the chip does not have")
    for circuit in circuits:
        missing = sorted(set(circuit.components) - mapping.keys())
        if missing:
            raise _bad_mapping(f"lacks {', '.join(missing)} of circuit {circuit.name!r}")


def check_on(
    circuit: Circuit,
    architecture: Architecture,
    mapping: Mapping[str, str],
    moves: MoveValidation = MoveValidation.STRICT,
) -> None:
    """Refuse a circuit that this quantum computer cannot run as it is calibrated.

    Args:
        circuit: A circuit that `check_circuit` accepts.
        architecture: What is calibrated.
        mapping: From the circuit's names to the chip's; empty where they are the same.
        moves: How strictly MOVE gates are checked.

    Raises:
        DeviceLimitError: With circuit, instruction, locus and reason.
    """
    for number, instruction in enumerate(circuit.instructions):
        locus = tuple(mapping.get(name, name) for name in instruction.locus)
        fault = _misplaced(instruction, locus, architecture)
        if fault is not None:
            raise DeviceLimitError(
                f"{place(circuit, number)}: {fault}",
                provider="iqm",
                remedy=_possible(instruction.name, locus, architecture),
            )
    if moves is not MoveValidation.NONE and architecture.has_moves:
        check_moves(circuit, architecture, mapping, moves)


def place(circuit: Circuit, number: int) -> str:
    """Name an instruction of a circuit, for errors."""
    return f"circuit {circuit.name!r}, instruction {number} ({circuit.instructions[number]})"


def _fault(instruction: Instruction) -> str | None:
    operation = OPERATIONS.get(instruction.name)
    if operation is None:
        return f"there is no such operation; there are {', '.join(OPERATIONS)}"
    wanted, given = operation.arity, len(instruction.locus)
    if given == 0 or (wanted and given != wanted):
        return f"it acts on {wanted or 'one or more'} components, not {given}"
    if len(set(instruction.locus)) < given:
        return "it names a component twice"
    return _bad_argument(operation, instruction)


def _bad_argument(operation: Operation, instruction: Instruction) -> str | None:
    args = instruction.args
    for name in (*operation.numbers, *operation.words):
        if name not in args:
            return f"it needs the argument {name}"
    known = {*operation.numbers, *operation.words, *operation.optional_words}
    if unknown := sorted(args.keys() - known):
        return f"it takes no argument {', '.join(unknown)}"
    for name in operation.numbers:
        value = args[name]
        if isinstance(value, bool | str) or not math.isfinite(value):
            return f"{name} is {value!r} and not a finite number"
    if "duration" in args and not float(args["duration"]) >= 0:
        return "its duration is negative"
    for name in known.intersection(args).difference(operation.numbers):
        if not isinstance(args[name], str) or not args[name]:
            return f"{name} is {args[name]!r} and not a name"
    return None


def _check_keys(circuit: Circuit) -> None:
    keys: set[object] = set()
    feedback: set[object] = set()
    for number, instruction in enumerate(circuit.instructions):
        if instruction.name == "measure":
            key = instruction.args["key"]
            if key in keys:
                where = place(circuit, number)
                raise ProgramError(
                    f"{where}: the key {key!r} was used before",
                    provider="iqm",
                    remedy="Give each measurement a key of its own.",
                )
            keys.add(key)
            feedback.add(instruction.args.get("feedback_key"))
        if instruction.name == "cc_prx" and instruction.args["feedback_key"] not in feedback:
            raise ProgramError(
                f"{place(circuit, number)}: no earlier measure has the feedback key "
                f"{instruction.args['feedback_key']!r}",
                provider="iqm",
                remedy="Give the measurement that decides this feedback_key.",
            )


def _misplaced(
    instruction: Instruction, locus: tuple[str, ...], architecture: Architecture
) -> str | None:
    operation = OPERATIONS[instruction.name]
    shown = ", ".join(locus)
    if strange := sorted(set(locus) - architecture.known):
        return f"the chip has no {', '.join(strange)} that is calibrated"
    if not operation.needs_calibration:
        return None
    name, implementation = instruction.name, instruction.implementation
    if not architecture.loci(name):
        return f"{name} is not calibrated anywhere"
    if implementation is not None and implementation not in architecture.implementations(name):
        return f"{name} has no implementation {implementation!r}"
    if not architecture.runs(operation, locus, implementation):
        return f"{name} is not calibrated on {shown}"
    feedback = instruction.args.get("feedback_qubit")
    if feedback is not None and feedback not in architecture.known:
        return f"the feedback qubit {feedback} is not one of the chip's"
    return None


def _possible(name: str, locus: tuple[str, ...], architecture: Architecture) -> str | None:
    """Say where an operation could be instead, next to where it was wanted."""
    near = sorted(found for found in architecture.loci(name) if set(found) & set(locus))
    shown = ["-".join(found) for found in (near or sorted(architecture.loci(name)))]
    if not shown:
        return None
    more = f" and {len(shown) - _SHOWN} more" if len(shown) > _SHOWN else ""
    return f"{name} is calibrated on {', '.join(shown[:_SHOWN])}{more}."


def _bad_mapping(what: str) -> InvalidOptionError:
    return InvalidOptionError(
        f"the qubit mapping {what}",
        provider="iqm",
        remedy="Map every name of every circuit to one component of the chip each.",
    )
