"""A job's input: what is to be simulated, and in which shape its output is wanted."""

from __future__ import annotations

import gzip
import json
import zlib
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from quantum_async.sandbox.azure import ionq, qir, quil
from quantum_async.sandbox.azure.registers import Shape, of_qasm
from quantum_async.sandbox.chance import content_label
from quantum_async.sandbox.emulation import common_part
from quantum_async.sandbox.simulator import Task

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pydantic import JsonValue

_DEFAULT_SHOTS = 500


class UnreadableInputError(Exception):
    """The input cannot be run; becomes the job's error.

    Args:
        code: The service's own word.
        message: Why.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class Work:
    """What a job asks of a simulator.

    Args:
        shots: How many shots.
        width: How many bits an outcome has.
        tasks: Makes the simulation from a seed; ``None`` where there is nothing to simulate.
        shape: The registers of an outcome.
        atoms: The names of the atoms, for a sequence.
        label: What decides the outcome, as a name.
    """

    shots: int
    width: int
    tasks: Callable[[int], list[Task]] | None = None
    shape: Shape = field(default_factory=Shape)
    atoms: tuple[str, ...] = ()
    label: str = ""


def shots_of(params: Mapping[str, JsonValue]) -> int:
    """Read the number of shots, under the name of today or of yesterday."""
    for name in ("shots", "count"):
        value = params.get(name)
        if isinstance(value, int) and not isinstance(value, bool):
            if value < 1:
                raise UnreadableInputError("InvalidProperty", f"{name} must be positive")
            return value
    return _DEFAULT_SHOTS


def work_of(content: bytes, format: str, params: Mapping[str, JsonValue]) -> Work:
    """Read a job's input.

    Args:
        content: The input.
        format: How it is written down.
        params: What else the target was told.

    Raises:
        UnreadableInputError: It is none.
    """
    if content.startswith(b"\x1f\x8b"):
        content = _unpacked(content)
    label = content_label("azure", content, sorted(params.items()))
    return replace(_work_of(content, format, params), label=label)


def _unpacked(content: bytes) -> bytes:
    try:
        return gzip.decompress(content)
    except (OSError, EOFError, zlib.error) as error:
        raise UnreadableInputError("InvalidInputData", f"not gzip: {error}") from error


def _work_of(content: bytes, format: str, params: Mapping[str, JsonValue]) -> Work:
    shots = shots_of(params)
    try:
        if format == "pasqal.pulser.v1":
            return _sequence(content, shots, params)
        if format in _CIRCUITS:
            program, shape = _CIRCUITS[format](content.decode())
            return Work(shots, shape.width, _simulation(program, shots), shape)
    except UnreadableInputError:
        raise
    except (ValueError, KeyError, TypeError, IndexError, AttributeError) as error:
        raise UnreadableInputError("InvalidInputData", f"cannot be read: {error!r}") from error
    return Work(shots, 0)


def _simulation(program: str, shots: int) -> Callable[[int], list[Task]]:
    return lambda seed: [Task("automatic", "qasm2", program, shots, seed=seed)]


def _qasm(text: str) -> tuple[str, Shape]:
    return text, of_qasm(text)


_CIRCUITS: dict[str, Callable[[str], tuple[str, Shape]]] = {
    "qir.v1": qir.read,
    "ionq.circuit.v1": ionq.read,
    "honeywell.openqasm.v1": _qasm,
    "rigetti.quil.v1": quil.read,
}


def _sequence(content: bytes, shots: int, params: Mapping[str, JsonValue]) -> Work:
    document = json.loads(content)
    text = document["sequence_builder"]
    sequence = json.loads(text)
    given = params.get("variables")
    variables: Mapping[str, JsonValue] = given if isinstance(given, dict) else {}
    atoms = tuple(str(atom.get("name", atom.get("qid"))) for atom in sequence["register"])
    _check(sequence, variables)
    mapped = variables.get("qubits")
    if isinstance(mapped, dict):
        atoms = atoms[: len(mapped)]
    emulation = document.get("emulation_config") or ""

    def tasks(seed: int) -> list[Task]:
        return [Task("pulser", "pulser", text, shots, variables, seed, common_part(emulation))]

    return Work(shots, len(atoms), tasks, atoms=atoms)


def _check(sequence: dict[str, JsonValue], variables: Mapping[str, JsonValue]) -> None:
    declared = sequence.get("variables")
    wanted = set(declared) if isinstance(declared, dict) else set()
    given = set(variables) - {"qubits"}
    if wanted != given:
        names = ", ".join(sorted(wanted ^ given))
        raise UnreadableInputError("InvalidInputData", f"variables do not match: {names}")
