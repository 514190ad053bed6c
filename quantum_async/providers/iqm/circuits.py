"""Circuits of IQM's own operations."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

from quantum_async.errors import ProgramError, ProgramSyntaxError
from quantum_async.models.program import Program, ProgramFormat

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic import JsonValue


@dataclass(frozen=True, slots=True)
class Operation:
    """What is known of an operation.

    Args:
        name: Its name.
        arity: How many components it acts on; 0 for any number from 1 up.
        numbers: Arguments that are finite numbers: angles in radians, durations in seconds.
        words: Arguments that are names.
        optional_words: Further names that may be left out.
        is_symmetric: Whether the order of its locus means nothing.
        is_factorizable: Whether it acts on each component by itself.
        needs_calibration: Whether it runs only where it is calibrated.
    """

    name: str
    arity: int = 0
    numbers: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    optional_words: tuple[str, ...] = ()
    is_symmetric: bool = False
    is_factorizable: bool = False
    needs_calibration: bool = True


OPERATIONS: Mapping[str, Operation] = MappingProxyType(
    {
        operation.name: operation
        for operation in (
            Operation("prx", 1, ("angle", "phase")),
            Operation("cz", 2, is_symmetric=True),
            Operation("move", 2),
            Operation(
                "measure", 0, words=("key",), optional_words=("feedback_key",), is_factorizable=True
            ),
            Operation("cc_prx", 1, ("angle", "phase"), ("feedback_qubit", "feedback_key")),
            Operation("reset", 0, is_symmetric=True, is_factorizable=True, needs_calibration=False),
            Operation("barrier", 0, is_symmetric=True, needs_calibration=False),
            Operation("delay", 0, ("duration",), is_symmetric=True, needs_calibration=False),
        )
    }
)
"""Every operation that IQM documents for circuits."""

_OLD_NAMES = {"phased_rx": "prx", "measurement": "measure"}


def present_name(name: str) -> str:
    """Say what an operation is called today.

    Args:
        name: Its name in any release of the older interface.
    """
    return _OLD_NAMES.get(name, name)


if TYPE_CHECKING:
    Argument = float | int | str

_TURNS = {"angle_t": "angle", "phase_t": "phase"}
_ANGLES = {name: turns for turns, name in _TURNS.items()}


@dataclass(frozen=True, slots=True)
class Instruction:
    """One operation of a circuit.

    Args:
        name: Such as ``"prx"``, ``"cz"`` or ``"measure"``.
        locus: The qubits it acts on, in order.
        args: Angles in radians, durations in seconds, keys.
        implementation: Which calibrated implementation; the default one if ``None``.
    """

    name: str
    locus: tuple[str, ...]
    args: Mapping[str, Argument] = field(default_factory=dict)
    implementation: str | None = None

    def __str__(self) -> str:
        return f"{self.name} on {', '.join(self.locus) or 'nothing'}"


@dataclass(frozen=True, slots=True)
class Circuit:
    """A circuit in native operations.

    Args:
        name: What people call it.
        instructions: What is done, in order.
        metadata: Kept by the server beside the circuit and never interpreted.

    Example:
        ```python
        from quantum_async.providers.iqm.circuits import Circuit, Instruction

        flip = Circuit(
            "flip",
            (
                Instruction("prx", ("QB1",), {"angle": 3.141592653589793, "phase": 0.0}),
                Instruction("measure", ("QB1",), {"key": "m"}),
            ),
        )
        assert Circuit.read(flip.program().text) == flip
        ```
    """

    name: str
    instructions: tuple[Instruction, ...]
    metadata: Mapping[str, JsonValue] | None = None

    @classmethod
    def read(cls, text: str, source: str = "<program>") -> Circuit:
        """Read a circuit from JSON, in any spelling that IQM's own clients have used.

        Args:
            text: One circuit.
            source: Where it came from, for errors.

        Raises:
            ProgramSyntaxError: It is not JSON.
            ProgramError: It is not a circuit.
        """
        try:
            document: object = json.loads(text)
        except json.JSONDecodeError as error:
            raise ProgramSyntaxError(
                f"not JSON: {error.msg}", source=source, line=error.lineno, column=error.colno
            ) from None
        except (ValueError, RecursionError) as error:
            # A number of thousands of digits, or as many brackets.
            raise ProgramSyntaxError(f"not JSON: {error}", source=source) from None
        return cls.of(document, source)

    @classmethod
    def of(cls, document: object, source: str = "<program>") -> Circuit:
        """Read a circuit from what its JSON says.

        Raises:
            ProgramError: It is not a circuit.
        """
        if not isinstance(document, dict):
            raise _malformed(source, "an object with name and instructions is expected")
        instructions, metadata = document.get("instructions"), document.get("metadata")
        if not isinstance(instructions, list):
            raise _malformed(source, "it has no list of instructions")
        return cls(
            str(document.get("name") or ""),
            tuple(_instruction(item, n, source) for n, item in enumerate(instructions)),
            metadata if isinstance(metadata, dict) else None,
        )

    def document(self) -> dict[str, JsonValue]:
        """Write the circuit down for IQM Server."""
        return {
            "name": self.name,
            "instructions": [_document(instruction) for instruction in self.instructions],
            "metadata": None if self.metadata is None else dict(self.metadata),
        }

    def legacy_document(self) -> dict[str, JsonValue]:
        """Write the circuit down for the older interface: angles in full turns, qubits for loci."""
        written: dict[str, JsonValue] = {
            "name": self.name,
            "instructions": [_legacy_document(instruction) for instruction in self.instructions],
        }
        if self.metadata is not None:
            written["metadata"] = dict(self.metadata)
        return written

    def program(self) -> Program:
        """Make a program of it."""
        return Program(json.dumps(self.document()), ProgramFormat.IQM, self.name)

    @property
    def components(self) -> tuple[str, ...]:
        """Every qubit and resonator it names, in the order of first use."""
        return tuple(dict.fromkeys(c for i in self.instructions for c in i.locus))


def _instruction(item: object, number: int, source: str) -> Instruction:
    where = f"{source}, instruction {number}"
    name = item.get("name") if isinstance(item, dict) else None
    if not isinstance(item, dict) or not isinstance(name, str):
        raise _malformed(where, "an object with a name is expected")
    locus = item.get("locus", item.get("qubits"))
    if not isinstance(locus, list) or not all(isinstance(c, str) for c in locus):
        raise _malformed(where, "its locus is not a list of names")
    args, implementation = item.get("args") or {}, item.get("implementation")
    if not isinstance(args, dict):
        raise _malformed(where, "its args are not an object")
    return Instruction(
        present_name(name),
        tuple(locus),
        dict(_modern(word, value) for word, value in args.items()),
        implementation if isinstance(implementation, str) else None,
    )


def _modern(name: str, value: Argument) -> tuple[str, Argument]:
    is_number = isinstance(value, float | int) and not isinstance(value, bool)
    if name in _TURNS and is_number:
        return _TURNS[name], 2 * math.pi * float(value)
    return name, value


def _document(instruction: Instruction) -> dict[str, JsonValue]:
    return {
        "name": instruction.name,
        "locus": list(instruction.locus),
        "args": dict(instruction.args),
        "implementation": instruction.implementation,
    }


def _legacy_document(instruction: Instruction) -> dict[str, JsonValue]:
    args: dict[str, JsonValue] = {}
    for name, value in instruction.args.items():
        if name in _ANGLES and not isinstance(value, str):
            args[_ANGLES[name]] = value / (2 * math.pi)
        else:
            args[name] = value
    written: dict[str, JsonValue] = {
        "name": instruction.name,
        "qubits": list(instruction.locus),
        "args": args,
    }
    if instruction.implementation is not None:
        written["implementation"] = instruction.implementation
    return written


def _malformed(where: str, what: str) -> ProgramError:
    return ProgramError(
        f"{where}: not an IQM circuit: {what}",
        provider="iqm",
        remedy='Write {"name": ..., "instructions": [{"name", "locus", "args"}, ...]}.',
    )
