"""Where jobs stand: what a poll asks, and what it reads of a hundred jobs at once."""

from __future__ import annotations

import random
from collections import OrderedDict, defaultdict
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NotRequired

from pydantic import ConfigDict, with_config
from pydantic.alias_generators import to_camel
from typing_extensions import TypedDict

from quantum_async.errors import QuantumAsyncError
from quantum_async.http.address import segment
from quantum_async.providers.api import states_of_each
from quantum_async.providers.azure.api import LARGEST, first_page, pages
from quantum_async.providers.azure.filters import ItemFilters, ItemOrder
from quantum_async.providers.azure.translate.statuses import glanced_state, job_state
from quantum_async.providers.azure.wire import ItemError, Paged

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from quantum_async.models.job import JobRef, JobState
    from quantum_async.providers.azure.api import Gateway
    from quantum_async.providers.azure.jobs import Jobs
    from quantum_async.providers.azure.wire import AzureJob


@with_config(ConfigDict(extra="ignore", alias_generator=to_camel))
class CostGlance(TypedDict):
    """What a poll reads of a job's cost.

    Args:
        currency_code: The currency.
        estimated_total: The sum.
    """

    currency_code: NotRequired[str | None]
    estimated_total: NotRequired[float | None]


@with_config(ConfigDict(extra="ignore", alias_generator=to_camel))
class JobGlance(TypedDict):
    """What a poll reads of a job: a hundred of them come with each answer, ended ones as well.

    Args:
        id: Its id.
        status: The service's word for where it stands.
        error_data: Why it failed.
        cost_estimate: What it costs, once it has ended.
        begin_execution_time: When it began to run, as the service writes it.
        end_execution_time: When it ended, as the service writes it.
        is_cancelling: Whether it is being cancelled.
    """

    id: str
    status: NotRequired[str | None]
    error_data: NotRequired[ItemError | None]
    cost_estimate: NotRequired[CostGlance | None]
    begin_execution_time: NotRequired[object]
    end_execution_time: NotRequired[object]
    is_cancelling: NotRequired[object]


PAGE = Paged[JobGlance]

FEW = 3
"""Up to so many jobs are asked for one by one: a list would cost as much."""
_SPARE_PAGES = 2
"""Pages that are read beyond what the jobs themselves would fill."""
_ASKED_ALONE = 16
"""Jobs missing from a list that are asked for one by one; the others' turn comes next time."""
_AT_ONCE = 4
_KEPT = 100_000


class States:
    """Ask where jobs stand.

    A session's jobs are listed by their session, others by target and day, the newest first.

    Args:
        gateway: The workspace.
        jobs: Its jobs.
    """

    def __init__(self, gateway: Gateway, jobs: Jobs) -> None:
        self._gateway = gateway
        self._jobs = jobs
        self._created: OrderedDict[str, datetime] = OrderedDict()

    def remember(self, job: AzureJob) -> None:
        """Note when a job was created, so that lists need not reach further back."""
        if job.creation_time is not None:
            self._created[job.id] = job.creation_time
            while len(self._created) > _KEPT:
                self._created.popitem(last=False)

    async def of(self, refs: Sequence[JobRef]) -> Mapping[JobRef, JobState]:
        """Ask where jobs stand.

        Args:
            refs: The jobs.

        Returns:
            What the service knows; a job that it does not know is missing.
        """
        groups: defaultdict[tuple[str, str], dict[str, JobRef]] = defaultdict(dict)
        for ref in refs:
            groups[ref.batch_id or "", "" if ref.batch_id else ref.target][ref.id] = ref
        found: dict[JobRef, JobState] = {}
        alone: list[JobRef] = []
        for (session, target), members in groups.items():
            listed: Mapping[str, JobGlance] = {}
            if len(members) > FEW:
                listed = await self._listed(session, target, members)
            found |= {members[name]: glanced_state(job) for name, job in listed.items()}
            alone += [ref for name, ref in members.items() if name not in listed]
        # Drawn, or jobs that stay missing would keep the others from ever being asked for.
        drawn = random.sample(alone, min(len(alone), _ASKED_ALONE))
        try:
            return found | await states_of_each(drawn, self._alone, at_once=_AT_ONCE)
        except QuantumAsyncError:
            # What the lists have told stands.
            if not found:
                raise
            return found

    async def _alone(self, job_id: str) -> JobState:
        return job_state(await self._jobs.get(job_id, lane="control"))

    async def _listed(
        self, session: str, target: str, wanted: Mapping[str, JobRef]
    ) -> Mapping[str, JobGlance]:
        path = f"/sessions/{segment(session)}/jobs" if session else "/jobs"
        filters = ItemFilters(
            targets=(target,) if target else (),
            created_after=None if session else self._since(wanted),
            order=ItemOrder.CREATION_TIME,
            newest_first=True,
        )
        left = -(-len(wanted) // LARGEST) + _SPARE_PAGES
        found: dict[str, JobGlance] = {}
        query = {**filters.query(), **first_page()}
        async for page in pages(
            self._gateway, PAGE, path, query, wanted="list jobs", lane="control"
        ):
            found |= {job["id"]: job for job in page if job["id"] in wanted}
            left -= 1
            if left <= 0 or len(found) == len(wanted):
                break
        return found

    def _since(self, wanted: Iterable[str]) -> datetime | None:
        """Say when the oldest of these jobs was created, as far as is known of all of them."""
        known = [self._created.get(name) for name in wanted]
        if None in known:
            return None
        oldest = min(moment for moment in known if moment is not None)
        return oldest.astimezone(UTC) - timedelta(minutes=1)
