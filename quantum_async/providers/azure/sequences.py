"""Sequences: which atom each character of a job's bitstrings stands for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quantum_async.errors import NotFoundError
from quantum_async.providers.azure.translate import pulser
from quantum_async.providers.azure.translate.notes import Note
from quantum_async.providers.azure.translate.pulser_results import names_atoms

if TYPE_CHECKING:
    from collections.abc import Mapping

    from quantum_async.providers.azure.jobs import Jobs
    from quantum_async.providers.azure.output import JobOutput
    from quantum_async.providers.azure.wire import AzureJob


class Sequences:
    """Find the atoms of jobs that ran sequences.

    Args:
        jobs: The workspace's jobs.
    """

    def __init__(self, jobs: Jobs) -> None:
        self._jobs = jobs

    async def atoms(self, job: AzureJob, output: JobOutput) -> tuple[str, ...]:
        """Name a job's atoms in the order of its bitstrings; empty for what is no sequence.

        They are in the job's metadata or in its output; only for jobs of other tools, the input
        is read again.

        Args:
            job: The job.
            output: What it has written.
        """
        if job.input_data_format != pulser.INPUT:
            return ()
        if atoms := Note.read(job.metadata).atoms:
            return atoms
        if names_atoms(output.json()):
            return ()
        try:
            facts = pulser.sequence_in(await self._jobs.input_of(job))
        except NotFoundError:
            return ()
        if facts is None:
            return ()
        variables = job.input_params.get("variables")
        given: Mapping[str, object] = variables if isinstance(variables, dict) else {}
        return pulser.atoms_of(facts, given)
