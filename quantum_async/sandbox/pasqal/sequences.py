"""What the service reads off a serialized sequence, without building it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from quantum_async.sandbox.keeping import Latest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic import JsonValue


@dataclass(frozen=True, slots=True)
class Sequence:
    """A sequence as text and what follows from it.

    Args:
        text: The abstract representation.
        problem: Why it is none; empty where it is.
        device: The device's name.
        max_runs: Most shots the device takes at once, or ``None``.
        qubits: Names of the atoms in order.
        mappable: Whether a job says where its atoms are.
        variables: Length of each declared variable.
    """

    text: str
    problem: str = ""
    device: str = ""
    max_runs: int | None = None
    qubits: tuple[str, ...] = ()
    mappable: bool = False
    variables: Mapping[str, int] = field(default_factory=dict)

    def width(self, variables: Mapping[str, JsonValue]) -> int:
        """Count the atoms of a job."""
        mapped = variables.get("qubits")
        return len(mapped) if self.mappable and isinstance(mapped, dict) else len(self.qubits)

    def faults_of(self, variables: Mapping[str, JsonValue]) -> list[str]:
        """List what is wrong with a job's variables."""
        if self.problem:
            return []
        given = {name: value for name, value in variables.items() if name != "qubits"}
        unknown = [f"variable '{name}' is not declared" for name in given.keys() - self.variables]
        missing = [f"no value for variable '{name}'" for name in self.variables.keys() - given]
        lengths = [
            f"variable '{name}' has {self.variables[name]} elements, got {_length(value)}"
            for name, value in given.items()
            if name in self.variables and _length(value) != self.variables[name]
        ]
        return sorted(unknown) + sorted(missing) + lengths + self._faults_of_mapping(variables)

    def _faults_of_mapping(self, variables: Mapping[str, JsonValue]) -> list[str]:
        mapped = variables.get("qubits")
        if not self.mappable:
            return ["the register is not mappable: 'qubits' not expected"] if mapped else []
        if not isinstance(mapped, dict) or not mapped:
            return ["the register is mappable: 'qubits' expected"]
        if set(mapped) != set(self.qubits[: len(mapped)]):
            return [f"'qubits' must name the first {len(mapped)} atoms of the register"]
        return []


class SequenceReader:
    """Reads sequences; remembers the latest ones, so that equal texts are kept once.

    Args:
        remembered: How many.
    """

    def __init__(self, remembered: int = 256) -> None:
        self._known: Latest[str, Sequence] = Latest(remembered)

    def read(self, text: str) -> Sequence:
        """Read a sequence; one that is none has a `problem`."""
        known = self._known.get(text)
        if known is None:
            known = self._known[text] = _read(text)
        return known


def _read(text: str) -> Sequence:
    try:
        document = json.loads(text)
        return _facts(text, document)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        return Sequence(text, problem=f"not a serialized sequence: {error!r}")


def _facts(text: str, document: Any) -> Sequence:
    register = [dict(atom) for atom in document["register"]]
    device = document["device"]
    variables = document.get("variables") or {}
    _ = document["operations"]
    max_runs = device.get("max_runs")
    return Sequence(
        text,
        device=str(device["name"]),
        max_runs=max_runs if isinstance(max_runs, int) else None,
        qubits=tuple(str(atom.get("name", atom.get("qid"))) for atom in register),
        mappable=any("qid" in atom for atom in register),
        variables={name: len(spec["value"]) for name, spec in variables.items()},
    )


def _length(value: JsonValue) -> int:
    return len(value) if isinstance(value, list) else 1
