"""States: where jobs stand, asked for many at a time."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from quantum_async.errors import NotFoundError
from quantum_async.models.job import JobState
from quantum_async.providers.pasqal.endpoints import Route
from quantum_async.providers.pasqal.gateway import parse
from quantum_async.providers.pasqal.pages import LARGEST, Page
from quantum_async.providers.pasqal.translate.statuses import glanced_state, job_state, job_status
from quantum_async.providers.pasqal.wire import Answer, JobGlance, JobProgress

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from quantum_async.http.address import Query
    from quantum_async.models.job import JobRef
    from quantum_async.providers.pasqal.cloud import Cloud

GLANCES = Answer[tuple[JobGlance, ...]]
PROGRESS = Answer[JobProgress]

_ASKED_ALONE = 4
"""Jobs missing from a list that are asked for one by one; the others' turn comes next time."""


async def states(cloud: Cloud, jobs: Sequence[JobRef]) -> dict[JobRef, JobState]:
    """Ask where jobs stand, a hundred in each request.

    Args:
        cloud: The account.
        jobs: The jobs.

    Returns:
        What the service knows. A list may lag behind: what it lacks is asked for by its id, a
        few jobs at a time.
    """
    found: dict[JobRef, JobState] = {}
    missing: list[JobRef] = []
    for start in range(0, len(jobs), LARGEST):
        part = jobs[start : start + LARGEST]
        listed = await _listed(cloud, part)
        for job in part:
            if (glance := listed.get(job.id)) is None:
                missing.append(job)
            else:
                found[job] = glanced_state(glance)
    for job in random.sample(missing, min(len(missing), _ASKED_ALONE)):
        state = await _alone(cloud, job)
        if state is not None:
            found[job] = state
    return found


async def _listed(cloud: Cloud, jobs: Sequence[JobRef]) -> Mapping[str, JobGlance]:
    query: Query = {"id": [job.id for job in jobs], **Page().query()}
    response = await cloud.gateway.read(Route.LIST_JOBS, query=query, lane="control")
    return {glance["id"]: glance for glance in parse(GLANCES, response).data}


async def _alone(cloud: Cloud, job: JobRef) -> JobState | None:
    try:
        if cloud.gateway.endpoints.has(Route.GET_JOB):
            return job_state(await cloud.job(job.id))
        response = await cloud.gateway.read(Route.JOB_STATUS, job.id, lane="control")
    except NotFoundError:
        return None
    progress = parse(PROGRESS, response, job.id).data
    return JobState(job_status(progress.state), reported=progress.status)
