"""``quantum-async doctor``: find what nobody answers for, and end it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from quantum_async.cli.findings import (
    batch_document,
    clients_for,
    existing,
    job_document,
    ownerless,
)
from quantum_async.errors import JobCancelledError, QuantumAsyncError
from quantum_async.journal.records import BatchState, SendState, WorkState
from quantum_async.models.capabilities import SubmissionGrade
from quantum_async.scheduler.scheduler import Scheduler

if TYPE_CHECKING:
    from quantum_async.cli.documents import Document
    from quantum_async.cli.findings import Findings
    from quantum_async.journal.records import Claim, StoredBatch, StoredSubmission
    from quantum_async.journal.sql import SqlJournal
    from quantum_async.providers.base import ProviderClient

CHOICES = {"a": "adopt", "c": "cancel", "l": "leave"}


async def tidy(journal: str, *, yes: bool, cancel: bool, json: bool) -> tuple[Findings, str]:
    """List what no living process answers for, and offer to end it.

    Args:
        journal: A path or URL.
        yes: Act without asking: close batches, and adopt or cancel jobs.
        cancel: Cancel jobs instead of following them to their end.
        json: Neither tell nor ask anything.

    Returns:
        What was found, and what was done about it: ``adopt``, ``cancel``, ``leave`` or nothing.

    Raises:
        QuantumAsyncError: A provider could not be asked.
    """
    async with existing(journal) as opened:
        findings = await opened.read(ownerless)
    if not json:
        _tell(findings)
    acted = ""
    if not findings.is_clean:
        acted = _choice(yes=yes, cancel=cancel, ask=not json)
        await _act(findings, journal, acted)
    return findings, acted


def _choice(*, yes: bool, cancel: bool, ask: bool) -> str:
    if yes:
        return "cancel" if cancel else "adopt"
    if not ask or not sys.stdin.isatty():
        return "leave"
    sys.stdout.write("[a]dopt and wait, [c]ancel, or [l]eave them? batches are closed unless left ")
    sys.stdout.flush()
    return CHOICES.get(sys.stdin.readline().strip().lower()[:1], "leave")


async def _act(findings: Findings, journal: str, acted: str) -> None:
    if acted == "adopt":
        # Leaving the block waits for the jobs and closes the batches.
        async with Scheduler(*clients_for(findings.providers), journal=journal) as scheduler:
            await scheduler.resume()
    elif acted == "cancel":
        clients = {client.name: client for client in clients_for(findings.providers)}
        async with existing(journal) as opened:
            for client in clients.values():
                await client.open()
            try:
                claim = await opened.claim(None, [(c.name, c.account) for c in clients.values()])
                await _cancel(opened, clients, claim)
            finally:
                for client in clients.values():
                    await client.close()


async def _cancel(journal: SqlJournal, clients: dict[str, ProviderClient], claim: Claim) -> None:
    error = JobCancelledError("cancelled by quantum-async doctor")
    for submission in claim.submissions:
        await _drop(journal, clients[submission.jobs[0].provider], submission)
    for name, client in clients.items():
        accepted = {job.ref: job for job in claim.jobs if job.provider == name and job.ref}
        refused = await client.cancel(list(accepted)) if accepted else {}
        for ref, job in accepted.items():
            if ref not in refused:
                journal.ended(job.spec.key, WorkState.CANCELLED, error)
    for batch in claim.batches:
        await _close(journal, clients[batch.ref.provider], batch)


async def _drop(journal: SqlJournal, client: ProviderClient, submission: StoredSubmission) -> None:
    """Cancel what may have been sent, and never send what was not."""
    error = JobCancelledError("cancelled by quantum-async doctor before it was sent")
    if submission.state is SendState.INTENDED or not client.capabilities.outlives:
        journal.rejected(submission.key, error)
        return
    if client.capabilities.grade is SubmissionGrade.AT_MOST_ONCE:
        return
    refs = await client.find(submission.key)
    if refs:
        await client.cancel(refs)
        journal.accepted(submission.key, refs)
        for job in submission.jobs:
            journal.ended(job.spec.key, WorkState.CANCELLED, error)
    else:
        journal.rejected(submission.key, error)


async def _close(journal: SqlJournal, client: ProviderClient, batch: StoredBatch) -> None:
    ref = batch.ref
    if batch.state is BatchState.OPENING and client.capabilities.outlives:
        found = await client.find_batch(ref.key)
        if found is None:
            if client.capabilities.grade is not SubmissionGrade.AT_MOST_ONCE:
                journal.batch_closed(ref.key)
            return
        ref = found
    if client.capabilities.outlives:
        try:
            await client.cancel_batch(ref)
        except QuantumAsyncError as error:
            error.add_note(f"Batch {ref} may still be open.")
            raise
    journal.batch_closed(batch.ref.key)


def findings_document(findings: Findings, acted: str) -> Document:
    """Write down what was found and done, with stable keys."""
    return {
        "jobs": [job_document(job) for job in findings.jobs],
        "submissions": [
            {"key": s.key, "state": str(s.state), "jobs": [j.spec.key for j in s.jobs]}
            for s in findings.submissions
        ],
        "batches": [batch_document(batch) for batch in findings.batches],
        "unreadable": [
            {"kind": row.kind, "key": row.key, "reason": row.reason} for row in findings.bad
        ],
        "action": acted or None,
    }


def _tell(findings: Findings) -> None:
    lines = [f"job {job.ref or job.spec.key}: {job.state}" for job in findings.jobs]
    lines += [
        f"submission {s.key} of {len(s.jobs)} jobs on {s.jobs[0].provider}: {s.state}"
        for s in findings.submissions
    ]
    lines += [
        f"batch {b.ref.id or b.ref.key} on {b.ref.provider}: {b.state}" for b in findings.batches
    ]
    lines += [f"unreadable {row.kind} row {row.key}: {row.reason}" for row in findings.bad]
    from rich.console import Console

    from quantum_async.display.lines import print_lines

    nothing = "nothing is left over: every job and batch has ended, or a process looks after it"
    print_lines(Console(highlight=False), *(lines or [nothing]), indent=4)
