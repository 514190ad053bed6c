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
    followed = [wanted]
    claim = await lane.book.claim_sweep(plan, lambda: followed[-1].is_settled)
    if claim.unreadable:
        # It may have been sent, and nobody here can say.
        rows = "; ".join(map(str, claim.unreadable))
        raise JournalError(f"what is called {name!r} cannot be read: {rows}", accepted="unknown")
    revival = Revival([lane])
    ended = [job for job in claim.jobs if job.state in SETTLED]
    found = [revival.adopt(job.ref, job) for job in ended if job.ref is not None]
    going_on = tuple(job for job in claim.jobs if job.state not in SETTLED)
    found = found or revival.revive(replace(claim, jobs=going_on))
    followed += found
    return found[-1] if found else None


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
