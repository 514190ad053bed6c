"""``quantum-async doctor``: find what nobody answers for, and end it."""

from __future__ import annotations

import sys
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING

import anyio

from quantum_async.cli.cancelling import Canceller
from quantum_async.cli.findings import (
    bad_row_document,
    batch_document,
    clients_for,
    job_document,
    ownerless,
)
from quantum_async.cli.journal import existing
from quantum_async.errors import SubmissionUnknownError
from quantum_async.journal.base import UnreadableError
from quantum_async.scheduler.scheduler import Scheduler

if TYPE_CHECKING:
    from typing import TextIO

    from quantum_async.cli.documents import Document
    from quantum_async.cli.findings import Findings

CHOICES = {"a": "adopt", "c": "cancel", "l": "leave"}


@dataclass(frozen=True)
class Tidied:
    """What nobody answered for, and what became of it.

    Args:
        found: What was found.
        action: What was done: ``adopt``, ``cancel``, ``leave``; empty where nothing was found.
        is_clean: Whether nothing of it is left, and all of the journal can be read.
    """

    found: Findings
    action: str = ""
    is_clean: bool = True

    def document(self) -> Document:
        """Write it down with stable keys."""
        return {
            "jobs": [job_document(job) for job in self.found.jobs],
            "submissions": [
                {"key": s.key, "state": str(s.state), "jobs": [j.spec.key for j in s.jobs]}
                for s in self.found.submissions
            ],
            "batches": [batch_document(batch) for batch in self.found.batches],
            "unreadable": [bad_row_document(row) for row in self.found.bad],
            "action": self.action or None,
        }


async def tidy(journal: str, *, yes: bool, cancel: bool, json: bool) -> Tidied:
    """List what no living process answers for, and offer to end it.

    Args:
        journal: A path or URL.
        yes: Act without asking: close batches, and adopt or cancel jobs.
        cancel: Cancel jobs instead of following them to their end.
        json: Neither tell nor ask anything.

    Raises:
        ExceptionGroup: Something could not be ended; the rest was.
        QuantumAsyncError: A provider could not be asked.
    """
    found = await _look(journal)
    if not json:
        _tell(found)
    if found.is_clean:
        return Tidied(found, is_clean=not found.bad)
    action = await _choice(yes=yes, cancel=cancel, ask=not json)
    if action == "leave":
        return Tidied(found, action, is_clean=False)
    await _act(found, journal, action)
    # Looked at again: a job that had succeeded is not cancelled, nor is what nobody can look up.
    left = await _look(journal)
    if not json and not left.is_clean:
        sys.stdout.write("left over:\n")
        _tell(left)
    return Tidied(found, action, left.is_clean and not left.bad)


async def _look(journal: str) -> Findings:
    async with existing(journal) as opened:
        return await opened.read(ownerless)


async def _choice(*, yes: bool, cancel: bool, ask: bool) -> str:
    if yes:
        return "cancel" if cancel else "adopt"
    return await ask_for_choice(sys.stdin) if ask and sys.stdin.isatty() else "leave"


async def ask_for_choice(terminal: TextIO) -> str:
    """Ask what is to be done, and wait for the answer until it comes or the waiting is cancelled.

    Args:
        terminal: Where the answer is typed.
    """
    sys.stdout.write("[a]dopt and wait, [c]ancel, or [l]eave them? batches are closed unless left ")
    sys.stdout.flush()
    if sys.platform != "win32":
        # A read that waits would hold the loop, and with it the first Ctrl-C.
        await anyio.wait_readable(terminal)
    return CHOICES.get(terminal.readline().strip().lower()[:1], "leave")


async def _act(findings: Findings, journal: str, action: str) -> None:
    if action == "adopt":
        # Leaving the block waits for the jobs and closes the batches. What stays unknown, or cannot
        # be read, is listed as left over.
        try:
            async with Scheduler(*clients_for(findings.providers), journal=journal) as scheduler:
                await scheduler.resume()
        except* (SubmissionUnknownError, UnreadableError):
            pass
        return
    async with AsyncExitStack() as stack:
        opened = await stack.enter_async_context(existing(journal))
        clients = [
            await stack.enter_async_context(client) for client in clients_for(findings.providers)
        ]
        served = {(client.name, client.account): client.identity for client in clients}
        claim = await opened.claim(None, served)
        await Canceller(opened, {client.name: client for client in clients}).cancel(claim)


def _tell(findings: Findings) -> None:
    lines = [f"job {job.ref or job.spec.key}: {job.state}" for job in findings.jobs]
    lines += [
        f"submission {s.key} of {len(s.jobs)} jobs on {s.jobs[0].provider}: {s.state}"
        + (f"; settle it: quantum-async jobs resolve {s.key}" if s.state == "unknown" else "")
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
