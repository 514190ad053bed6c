"""What a journal holds, for the verbs that list, resume and tidy up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from quantum_async.cli.clients import from_environment
from quantum_async.cli.documents import failure
from quantum_async.errors import UnknownTargetError
from quantum_async.journal.claiming import OPEN, RUNNING, UNSENT
from quantum_async.journal.records import UNFINISHED, BadRow, StoredBatch, StoredJob, StoredRun
from quantum_async.journal.schema import batches, jobs, submissions
from quantum_async.models.identity import is_same_server
from quantum_async.providers.base import provider

if TYPE_CHECKING:
    from collections.abc import Iterable

    from quantum_async.cli.documents import Document
    from quantum_async.journal.reading import Reader
    from quantum_async.journal.records import StoredSubmission
    from quantum_async.providers.base import ProviderClient


@dataclass(frozen=True)
class Findings:
    """What nobody living answers for.

    Args:
        jobs: Jobs that the provider has accepted and that have no outcome.
        submissions: What was never sent, or may have been.
        batches: Batches that are or may be open.
        bad: Rows that cannot be read.
    """

    jobs: list[StoredJob]
    submissions: list[StoredSubmission]
    batches: list[StoredBatch]
    bad: list[BadRow]

    @property
    def is_clean(self) -> bool:
        """Whether there is nothing to do."""
        return not (self.jobs or self.submissions or self.batches)

    @property
    def providers(self) -> set[str]:
        """Whose clients are needed."""
        members = [job for submission in self.submissions for job in submission.jobs]
        found = {job.provider for job in (*self.jobs, *members)}
        return found | {batch.ref.provider for batch in self.batches}

    def elsewhere(self, clients: Iterable[ProviderClient]) -> list[str]:
        """Name the servers that none of some clients is for, as their identities.

        Args:
            clients: A client of each provider.
        """
        here = {client.name: client.identity for client in clients}
        members = [job for submission in self.submissions for job in submission.jobs]
        at = {(job.provider, job.identity) for job in (*self.jobs, *members)}
        at |= {(batch.ref.provider, batch.identity) for batch in self.batches}
        return sorted(
            identity for name, identity in at if not is_same_server(here.get(name, ""), identity)
        )


def ownerless(reader: Reader) -> Findings:
    """Find what nobody living answers for."""
    return Findings(
        [j for j in reader.jobs(jobs.c.state.in_(RUNNING)) if not reader.is_owned(j.place.scope)],
        [
            s
            for s in reader.submissions(submissions.c.state.in_(UNSENT))
            if not reader.is_owned(s.jobs[0].place.scope)
        ],
        [b for b in reader.batches(batches.c.state.in_(OPEN)) if not reader.is_owned(b.scope)],
        reader.quarantined(),
    )


def clients_for(names: Iterable[str]) -> list[ProviderClient]:
    """Build a client per provider from the environment; nothing is sent.

    Raises:
        AuthenticationError: The environment holds nothing for a provider.
        ConfigurationError: A variable is missing or malformed.
    """
    return [from_environment(provider(name)) for name in sorted(names)]


def id_of(job: StoredJob) -> str | None:
    """Say a job's id at its provider, also where only the intent is written down and tells it."""
    if job.ref is not None:
        return job.ref.id
    if job.state not in UNFINISHED:
        return None
    try:
        return provider(job.provider).id_for(job.submission)
    except UnknownTargetError:
        # It is not installed here.
        return None


def job_document(job: StoredJob) -> Document:
    """Write a job down with stable keys."""
    return {
        "key": job.spec.key,
        "target": f"{job.provider}:{job.target}",
        "state": str(job.state),
        "submission": job.submission,
        "job_id": id_of(job),
        "sweep": job.place.sweep,
        "point": job.place.point,
        "shots": job.spec.shots,
        "parameters": dict(job.spec.variables),
        "created": job.created,
        "server": job.identity or None,
        "error": failure(job.error),
    }


def bad_row_document(row: BadRow) -> Document:
    """Write down a row that cannot be read, with stable keys."""
    return {"kind": row.kind, "key": row.key, "reason": row.reason}


def batch_document(batch: StoredBatch) -> Document:
    """Write a batch down with stable keys."""
    return {
        "key": batch.ref.key,
        "target": f"{batch.ref.provider}:{batch.ref.target}",
        "batch_id": batch.ref.id or None,
        "state": str(batch.state),
        "name": batch.name,
        "opened": batch.opened,
        "server": batch.identity or None,
    }


def run_document(run: StoredRun) -> Document:
    """Write a run down with stable keys."""
    return {
        "run": run.id,
        "started": run.started,
        "host": run.host,
        "pid": run.pid,
        "alive": run.is_alive,
        "unfinished": run.unfinished,
    }
