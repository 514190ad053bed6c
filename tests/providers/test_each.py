"""Several requests at a time: which answers and which errors come back."""

from __future__ import annotations

from functools import partial

import anyio
import anyio.lowlevel
import pytest

from quantum_async.errors import NotFoundError, PermissionDeniedError, ServerError
from quantum_async.models.job import JobRef, JobState, JobStatus
from quantum_async.providers.api import all_of, failures_of_each, states_of_each

REFS = [JobRef("demo", name, index=n) for n, name in enumerate(["a", "a", "b", "c"])]


class Service:
    """Answers by id, after a few turns of the loop, and counts what is under way."""

    def __init__(self, **answers):
        self.answers = answers
        self.asked = []
        self.under_way = self.most = 0
        self.answers_never = False

    async def ask(self, name):
        self.asked.append(name)
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        try:
            if self.answers_never:
                await anyio.sleep_forever()
            for _ in range(10):
                await anyio.lowlevel.checkpoint()
            answer = self.answers.get(name, JobState(JobStatus.RUNNING))
            if isinstance(answer, Exception):
                raise answer
            return answer
        finally:
            self.under_way -= 1


async def test_jobs_that_share_an_id_are_asked_about_once():
    """Each reference gets the state of its job; a job that is not known has none."""
    service = Service(b=NotFoundError("gone"))
    states = await states_of_each(REFS, service.ask, at_once=2)
    assert sorted(service.asked) == ["a", "b", "c"]
    assert service.most == 2
    assert list(states) == [REFS[0], REFS[1], REFS[3]]


async def test_what_could_not_be_asked_is_told_only_where_nothing_could():
    """A job alone that cannot be asked about hides no other."""
    service = Service(a=ServerError("down"))
    assert set(await states_of_each(REFS, service.ask, at_once=2)) == {REFS[2], REFS[3]}
    with pytest.raises(ServerError, match="down"):
        await states_of_each(REFS[:2], service.ask, at_once=2)
    assert (
        await states_of_each(
            REFS, Service(**dict.fromkeys("abc", NotFoundError("-"))).ask, at_once=2
        )
        == {}
    )


async def test_every_failure_is_told_for_its_own_jobs():
    """One that fails holds up no other."""
    service = Service(a=PermissionDeniedError("not yours"))
    failures = await failures_of_each(REFS, service.ask, at_once=1)
    assert sorted(service.asked) == ["a", "b", "c"]
    assert failures == dict.fromkeys(REFS[:2], service.answers["a"])


async def test_what_is_needed_as_a_whole_ends_with_the_first_failure():
    """Answers come in order; an error comes by itself, and what has not begun does not begin."""
    service = Service(b=ServerError("down"))
    assert await all_of([], at_once=3) == []
    whole = [partial(service.ask, name) for name in "acdef"]
    assert await all_of(whole, at_once=2) == [JobState(JobStatus.RUNNING)] * 5
    assert service.most == 2
    with pytest.raises(ServerError, match="down"):
        await all_of([partial(service.ask, name) for name in "bghijk"], at_once=2)
    assert not {"i", "j", "k"} & set(service.asked)


async def test_whoever_leaves_ends_all_requests():
    """A cancellation goes through, and nothing is left under way."""
    service = Service()
    service.answers_never = True
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(lambda: all_of([partial(service.ask, name) for name in "abc"], at_once=3))
        await anyio.wait_all_tasks_blocked()
        assert service.under_way == 3
        tasks.cancel_scope.cancel()
    assert service.under_way == 0
