"""Sequences: which atom each character of a job's bitstrings stands for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quantum_async.errors import NotFoundError
from quantum_async.http.threads import off_loop
from quantum_async.providers import sequences
from quantum_async.providers.azure.translate import pulser
from quantum_async.providers.azure.translate.notes import Note
from quantum_async.providers.azure.translate.pulser_results import names_atoms

if TYPE_CHECKING:
    from collections.abc import Mapping

    from quantum_async.providers.azure.jobs import Jobs
    from quantum_async.providers.azure.output import JobOutput
    from quantum_async.providers.azure.wire import AzureJob


async def atoms_of(jobs: Jobs, job: AzureJob, output: JobOutput) -> tuple[str, ...]:
    """Name a job's atoms in the order of its bitstrings; empty for what is no sequence.

    They are in the job's metadata or in its output; only for jobs of other tools, the input is
    read again.

    Args:
        jobs: The workspace's jobs.
        job: The job.
        output: What it has written.
    """
    if job.input_data_format != pulser.INPUT:
        return ()
    if atoms := Note.read(job.metadata, job.id).atoms:
        return atoms
    if await off_loop(lambda _: names_atoms(output.json()), output.content):
        return ()
    try:
        content = await jobs.input_of(job)
    except NotFoundError:
        return ()
    facts = await off_loop(pulser.sequence_in, content)
    if facts is None:
        return ()
    variables = job.input_params.get("variables")
    given: Mapping[str, object] = variables if isinstance(variables, dict) else {}
    return sequences.atoms_of(facts, given, provider="azure")
