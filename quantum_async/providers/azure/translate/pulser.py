"""Pulser sequences as Pasqal's targets read them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from quantum_async.errors import (
    MissingExtraError,
    ProgramSyntaxError,
    ResultError,
    UnboundParametersError,
)
from quantum_async.simulation.analog.check import measured_basis
from quantum_async.simulation.analog.read import QUBITS, build_sequence, read_sequence
from quantum_async.simulation.cache import ProgramCache

if TYPE_CHECKING:
    from pydantic import JsonValue

    from quantum_async.models.grid import Value
    from quantum_async.models.program import Program
    from quantum_async.models.submission import JobSpec

INPUT = "pasqal.pulser.v1"
OUTPUT = "pasqal.pulser-results.v1"


@dataclass(frozen=True, slots=True)
class SequenceFacts:
    """What is needed to know of a sequence in order to send it and to read its results.

    Args:
        atoms: The names of its atoms, in their order.
        is_mappable: Whether each job says which of them it uses.
        device: The name of the device it was made for.
        variables: How many numbers each of its variables takes.
        is_measured: Whether it says what is measured.
    """

    atoms: tuple[str, ...]
    is_mappable: bool = False
    device: str = ""
    variables: Mapping[str, int] = field(default_factory=dict)
    is_measured: bool = True


_facts: ProgramCache[SequenceFacts] = ProgramCache("azure_facts")
_texts: ProgramCache[str] = ProgramCache("azure_text")


def facts_of(program: Program) -> SequenceFacts:
    """Read a sequence's facts, once per sequence.

    Raises:
        ProgramSyntaxError: Its text is malformed.
    """
    return _facts.get(program, "", lambda: read_facts(program.text, program.where))


def read_facts(text: str, source: str = "<sequence>") -> SequenceFacts:
    """Read the facts of a sequence's text.

    Args:
        text: Pulser's abstract representation.
        source: Where it came from, for the error.

    Raises:
        ProgramSyntaxError: It is malformed.
    """
    try:
        document = json.loads(text)
        entries = document["register"]
        device = document.get("device")
        name = device.get("name") if isinstance(device, dict) else device
        variables = document.get("variables") or {}
        return SequenceFacts(
            tuple(str(e["qid"] if "qid" in e else e["name"]) for e in entries),
            bool(entries) and "qid" in entries[0],
            str(name or ""),
            {name: len(declared["value"]) for name, declared in variables.items()},
            bool(document.get("measurement")),
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ProgramSyntaxError(
            f"not a Pulser sequence: {type(error).__name__}: {error}",
            source=source,
            remedy="Write it with sequence.to_abstract_repr().",
        ) from error


def input_of(program: Program, emulation: str | None) -> bytes:
    """Write a sequence down as the target's input: unbound, and measured.

    Args:
        program: The sequence.
        emulation: How an emulator emulates, as Pulser writes it down.

    Raises:
        NoMeasurementError: It does not say what is measured, and addresses not just one basis.
        MissingExtraError: Pulser is needed for this, and not installed.
    """
    document = {"sequence_builder": _texts.get(program, "", lambda: _measured(program))}
    if emulation is not None:
        document["emulation_config"] = emulation
    return json.dumps(document).encode()


def plain(value: Value) -> JsonValue:
    """Write a variable's value as JSON has it."""
    if isinstance(value, Mapping):
        return {str(name): plain(item) for name, item in value.items()}
    if isinstance(value, tuple | list):
        return [plain(item) for item in value]
    return value


def variables_of(job: JobSpec) -> dict[str, JsonValue]:
    """Write a job's variables down as they were given: Pulser takes a number or a list of one."""
    return {name: plain(value) for name, value in job.variables.items()}


def check_sequence(job: JobSpec) -> None:
    """Build a job's sequence with its values, which finds whatever Pulser can find.

    Raises:
        ProgramError: It cannot run.
        MissingExtraError: Pulser is not installed.
    """
    try:
        measured_basis(build_sequence(job.program, job.variables))
    except ModuleNotFoundError as error:
        raise MissingExtraError("pulser", extra="pasqal") from error


def check_names(facts: SequenceFacts, variables: Mapping[str, Value]) -> None:
    """Refuse values that do not fit a sequence's variables by name; reads nothing.

    Raises:
        UnboundParametersError: A variable has no value, or a value no variable.
    """
    wanted = [*facts.variables, *([QUBITS] if facts.is_mappable else [])]
    unknown = [name for name in variables if name not in wanted]
    missing = [name for name in wanted if name not in variables]
    if facts.is_mappable and variables.get(QUBITS) == {}:
        missing.append(QUBITS)
    if unknown or missing:
        what = (
            f"the sequence has no variable {unknown[0]!r}"
            if unknown
            else f"no value for {', '.join(missing)}"
        )
        raise UnboundParametersError(
            what,
            names=tuple(unknown or missing),
            remedy=f"Its variables are: {', '.join(wanted) or 'none'}.",
        )


def atoms_of(facts: SequenceFacts, variables: Mapping[str, object]) -> tuple[str, ...]:
    """Name the atoms of a job in the order of its bitstrings.

    Args:
        facts: The facts of its sequence.
        variables: Values of its variables.

    Raises:
        ResultError: The register is mappable and the job does not say how.
    """
    if not facts.is_mappable:
        return facts.atoms
    mapping = variables.get(QUBITS)
    if not isinstance(mapping, Mapping) or not mapping:
        raise ResultError(
            "the job does not say which atoms of its register it uses", provider="azure"
        )
    # A mapping must use the first atoms that the register declares.
    return facts.atoms[: len(mapping)]


def sequence_in(content: bytes) -> SequenceFacts | None:
    """Read the facts of the sequence in a job's input; ``None`` where there is none."""
    try:
        document = json.loads(content)
        return read_facts(document["sequence_builder"])
    except (ValueError, KeyError, TypeError, ProgramSyntaxError):
        return None


def _measured(program: Program) -> str:
    if facts_of(program).is_measured:
        return program.text
    try:
        basis = measured_basis(read_sequence(program))
    except ModuleNotFoundError as error:
        raise MissingExtraError("pulser", extra="pasqal") from error
    return json.dumps({**json.loads(program.text), "measurement": basis})
