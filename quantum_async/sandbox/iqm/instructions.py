"""Circuits as they are submitted, in every spelling that the service takes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from quantum_async.sandbox.exchange import Refusal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic import JsonValue

ARITY: Mapping[str, int] = {"prx": 1, "cz": 2, "move": 2, "cc_prx": 1}
"""How many components an operation acts on, where that is fixed."""

ARGUMENTS: Mapping[str, tuple[str, ...]] = {
    "prx": ("angle", "phase"),
    "cc_prx": ("angle", "phase", "feedback_qubit", "feedback_key"),
    "measure": ("key",),
    "delay": ("duration",),
}
"""What an operation must be given."""

KNOWN = {"prx", "cz", "move", "cc_prx", "measure", "reset", "barrier", "delay"}

_NUMBERS = {"angle", "phase", "duration"}
_OLD = {"phased_rx": "prx", "measurement": "measure"}


class CircuitFault(Exception):  # noqa: N818  a finding about somebody else's circuit
    """A circuit cannot be run; the job fails."""


@dataclass(frozen=True, slots=True)
class Step:
    """One instruction on physical components.

    Args:
        name: The operation.
        locus: Where.
        args: Its arguments, angles in radians.
    """

    name: str
    locus: tuple[str, ...]
    args: Mapping[str, JsonValue]

    def number(self, name: str) -> float:
        """Read a numeric argument."""
        value = self.args[name]
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise CircuitFault(f"{self.name}: {name} is not a number")
        if not math.isfinite(value):
            raise CircuitFault(f"{self.name}: {name} is not finite")
        return float(value)


@dataclass(frozen=True, slots=True)
class SubmittedCircuit:
    """A circuit.

    Args:
        name: Its name.
        steps: What it does.
        keys: For each measurement key, in order, the components it measures.
    """

    name: str
    steps: tuple[Step, ...]
    keys: Mapping[str, tuple[str, ...]]


def mapping_of(value: JsonValue) -> dict[str, str]:
    """Read a qubit mapping, as a list of pairs or as an object.

    Raises:
        Refusal: It is neither.
    """
    if value is None:
        return {}
    if isinstance(value, dict):
        return {name: str(physical) for name, physical in value.items()}
    pairs: dict[str, str] = {}
    for item in value if isinstance(value, list) else [None]:
        if not isinstance(item, dict) or not {"logical_name", "physical_name"} <= item.keys():
            raise Refusal(400, "qubit_mapping is malformed", "invalid_job_payload")
        pairs[str(item["logical_name"])] = str(item["physical_name"])
    return pairs


def read_circuit(
    document: JsonValue, mapping: Mapping[str, str], *, in_turns: bool
) -> SubmittedCircuit:
    """Read a circuit.

    Args:
        document: What was submitted.
        mapping: From the circuit's names to the chip's.
        in_turns: Whether angles are full turns.

    Raises:
        Refusal: It is not a circuit at all.
        CircuitFault: It is one that cannot be run.
    """
    if isinstance(document, str):
        raise CircuitFault("this sandbox does not run QIR")
    instructions = document.get("instructions") if isinstance(document, dict) else None
    if not isinstance(document, dict) or not isinstance(instructions, list):
        raise Refusal(400, "a circuit has no list of instructions", "invalid_job_payload")
    steps = tuple(_step(item, mapping, in_turns=in_turns) for item in instructions)
    keys: dict[str, tuple[str, ...]] = {}
    for step in steps:
        if step.name == "measure":
            key = str(step.args["key"])
            if key in keys:
                raise CircuitFault(f"the measurement key {key!r} is used twice")
            keys[key] = step.locus
    return SubmittedCircuit(str(document.get("name") or ""), steps, keys)


def _step(item: JsonValue, mapping: Mapping[str, str], *, in_turns: bool) -> Step:
    if not isinstance(item, dict) or not isinstance(item.get("name"), str):
        raise Refusal(400, "an instruction has no name", "invalid_job_payload")
    locus = item.get("locus", item.get("qubits"))
    given = item.get("args") or {}
    if not isinstance(locus, list) or not isinstance(given, dict):
        raise Refusal(400, "an instruction has no locus", "invalid_job_payload")
    name = str(item["name"])
    name = _OLD.get(name, name)
    if name not in KNOWN:
        raise CircuitFault(f"unknown operation {name!r}")
    step = Step(
        name,
        tuple(mapping.get(str(part), str(part)) for part in locus),
        _arguments(given, in_turns=in_turns),
    )
    _check(step)
    return step


def _arguments(given: Mapping[str, JsonValue], *, in_turns: bool) -> dict[str, JsonValue]:
    args: dict[str, JsonValue] = {}
    for name, value in given.items():
        if in_turns and name in {"angle_t", "phase_t"} and isinstance(value, int | float):
            args[name.removesuffix("_t")] = 2 * math.pi * value
        else:
            args[name] = value
    return args


def _check(step: Step) -> None:
    if not step.locus or len(step.locus) != ARITY.get(step.name, len(step.locus)):
        raise CircuitFault(f"{step.name} cannot act on {len(step.locus)} components")
    if len(set(step.locus)) < len(step.locus):
        raise CircuitFault(f"{step.name} names a component twice")
    for name in ARGUMENTS.get(step.name, ()):
        if name not in step.args:
            raise CircuitFault(f"{step.name} needs the argument {name}")
        if name in _NUMBERS:
            step.number(name)
