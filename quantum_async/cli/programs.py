"""The program files of a command line, checked before anything is submitted."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING

import anyio
import anyio.to_thread

from quantum_async.errors import InvalidInputError, ProgramError
from quantum_async.models.advice import Advice
from quantum_async.models.program import Program
from quantum_async.models.submission import JobSpec

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from quantum_async.models.grid import Value
    from quantum_async.models.submission import RunOptions
    from quantum_async.providers.base import ProviderClient


@dataclass(slots=True)
class Candidate:
    """A file that is to be run.

    Args:
        path: The file.
        program: What it holds, once it is read.
        device: Where it is going to run.
        refusal: Why it cannot run, or ``None``.
    """

    path: Path
    program: Program | None = None
    device: str = ""
    refusal: InvalidInputError | None = None


def load(path: Path) -> Program:
    """Read a program file.

    Raises:
        ProgramError: There is no such file, or it is no program.
    """
    try:
        return Program.load(path)
    except OSError as error:
        raise ProgramError(
            f"{path}: {error.strerror or error}", remedy="Name a readable program file."
        ) from error


async def check(
    candidates: Sequence[Candidate],
    client: ProviderClient,
    device: str,
    *,
    shots: int,
    variables: Mapping[str, Value],
    options: RunOptions,
) -> None:
    """Read and validate every file, and note what speaks against it; nothing is submitted.

    Args:
        candidates: The files.
        client: An open client.
        device: The device's name; empty where each program decides.
        shots: Shots of each job.
        variables: Values of the programs' parameters.
        options: Seed and observables.
    """

    async def examine(candidate: Candidate) -> None:
        try:
            program = await anyio.to_thread.run_sync(load, candidate.path)
            candidate.program = program
            candidate.device = device or client.default_device(program)
            own = client.options_of(options)
            spec = JobSpec(uuid.uuid4().hex, program, shots, variables, own)
            await client.validate(spec, candidate.device)
        except InvalidInputError as refusal:
            if str(candidate.path) not in str(refusal):
                said = refusal.args[0] if refusal.args else ""
                parts = said.parts if isinstance(said, Advice) else (str(said),)
                refusal.args = (Advice(f"{candidate.path}: ", *parts),)
            candidate.refusal = refusal

    async with anyio.create_task_group() as tasks:
        for candidate in candidates:
            tasks.start_soon(examine, candidate)
