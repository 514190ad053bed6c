"""Named jobs: what the journal knows under a name is followed, and not sent again."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from typing import TYPE_CHECKING

import anyio.to_thread

from quantum_async.errors import JournalError
from quantum_async.journal.records import SETTLED, Place, SweepPlan
from quantum_async.models.target import Target
from quantum_async.programs.identity import program_identity
from quantum_async.scheduler.revival import Revival

if TYPE_CHECKING:
    from quantum_async.journal.records import Claim
    from quantum_async.scheduler.record import JobRecord


def named_place(name: str | None) -> Place | None:
    """Say where a named job belongs: as a sweep of one point it has a lease of its own."""
    return None if name is None else Place(f"sweep:{name}", name, 0)


async def recorded(name: str, wanted: JobRecord) -> JobRecord | None:
    """Find the job that the journal has under a name: one that goes on, or that has an outcome.

    Args:
        name: The name.
        wanted: The job that would be sent under it. Until it is settled, or the one that is found,
            the name is under way.

    Raises:
        DuplicateSubmissionError: The name was used for another job, or is under way here.
        JournalError: Another process is at it, or what it has written cannot be read.
    """
    lane = wanted.lane
    plan = await anyio.to_thread.run_sync(_plan, name, wanted)
    followed: list[JobRecord] = [wanted]
    try:
        claim = await lane.book.claim_sweep(plan, lambda: all(r.is_settled for r in followed))
        found = _revived(Revival([lane]), name, claim)
    except BaseException:
        followed.clear()
        raise
    if found is not None:
        followed[:] = [found]
    return found


def _revived(revival: Revival, name: str, claim: Claim) -> JobRecord | None:
    if claim.unreadable:
        # It may have been sent, and nobody here can say.
        rows = "; ".join(map(str, claim.unreadable))
        raise JournalError(f"what is called {name!r} cannot be read: {rows}", accepted="unknown")
    for job in claim.jobs:
        if job.state in SETTLED and job.ref is not None:
            return revival.adopt(job.ref, job)
    going_on = tuple(job for job in claim.jobs if job.state not in SETTLED)
    return next(iter(revival.revive(replace(claim, jobs=going_on))), None)


def _plan(name: str, wanted: JobRecord) -> SweepPlan:
    spec, client = wanted.spec, wanted.lane.client
    values = json.dumps(["job", spec.variables], sort_keys=True, default=dict)
    return SweepPlan(
        name=name,
        program=program_identity(spec.program),
        written=spec.program.digest,
        points=hashlib.sha256(values.encode()).hexdigest(),
        size=1,
        shots=spec.shots,
        target=str(Target(client.provider, wanted.device)),
        options=spec.options,
        identity=client.identity,
    )
