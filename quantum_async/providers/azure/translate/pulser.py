"""Pulser sequences as Pasqal's targets read them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from quantum_async.errors import MissingExtraError, ProgramSyntaxError
from quantum_async.programs.cache import ProgramCache
from quantum_async.programs.sequences import build_sequence, measured_basis, read_sequence
from quantum_async.providers.sequences import facts_of, read_facts

if TYPE_CHECKING:
    from quantum_async.models.program import Program
    from quantum_async.models.submission import JobSpec
    from quantum_async.providers.sequences import SequenceFacts

INPUT = "pasqal.pulser.v1"
OUTPUT = "pasqal.pulser-results.v1"


_texts: ProgramCache[str] = ProgramCache("azure_text")


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


def sequence_in(content: bytes) -> SequenceFacts | None:
    """Read the facts of the sequence in a job's input; ``None`` where there is none."""
    try:
        document = json.loads(content)
        return read_facts(document["sequence_builder"])
    except (ValueError, KeyError, TypeError, RecursionError, ProgramSyntaxError):
        return None


def _measured(program: Program) -> str:
    if facts_of(program).is_measured:
        return program.text
    try:
        basis = measured_basis(read_sequence(program))
    except ModuleNotFoundError as error:
        raise MissingExtraError("pulser", extra="pasqal") from error
    return json.dumps({**json.loads(program.text), "measurement": basis})
