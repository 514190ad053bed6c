"""Circuits that run as one piece of work: what a failure of one means for the others."""

from __future__ import annotations

from contextlib import suppress

import anyio
import anyio.lowlevel
import pytest

from quantum_async.errors import ResultError, ServerError
from quantum_async.integrations.pulser.results import SchedulerSource
from quantum_async.integrations.qiskit.runs import FoundRun, accepted
from quantum_async.models.job import JobRef
from quantum_async.models.result import BitOrder, Result

REFS = [JobRef("demo", "job", index=n) for n in range(3)]
RESULTS = [Result({"1": n + 1}, n + 1, BitOrder.QISKIT) for n in range(3)]


class Client:
    """Gives results one by one, and none of many."""

    async def fetch_many(self, refs):
        raise ServerError("too many at once")

    async def fetch(self, ref):
        if ref.index == 1:
            raise ResultError("damaged")
        return RESULTS[ref.index]


class Job:
    """A job that has succeeded."""

    async def result(self):
        return RESULTS[0]


async def test_results_that_cannot_be_had_together_are_had_one_by_one():
    """A failure of the shortcut is nobody's outcome; one of a circuit is that circuit's."""
    run = FoundRun(None, Client(), [(Job(), REFS)])
    found = [outcome async for _, outcome in run.finished()]
    assert [found[0], found[2]] == [RESULTS[0], RESULTS[2]]
    assert isinstance(found[1], ResultError)


class Live:
    """A job that runs; cancelling it takes a while, or is refused at once."""

    is_settled = False

    def __init__(self, error=None):
        self.error = error
        self.is_cancelled = False

    async def cancel(self):
        if self.error is not None:
            raise self.error
        await anyio.sleep(0.02)
        self.is_cancelled = True


async def test_a_job_that_cannot_be_cancelled_holds_up_no_other():
    """The others' requests are not torn off, and the error comes by itself."""
    jobs = [Live(), Live(ServerError("no")), Live()]
    run = FoundRun(None, Client(), [(job, REFS[:1]) for job in jobs])
    with pytest.raises(ServerError, match="no"):
        await run.cancel()
    assert [job.is_cancelled for job in jobs] == [True, False, True]


async def test_pulsers_jobs_of_a_scheduler_are_cancelled_each_for_itself():
    """As above, for results of Pulser's backends on a scheduler."""
    jobs = [Live(ServerError("no")), Live()]
    with pytest.raises(ServerError, match="no"):
        await SchedulerSource(None, jobs).cancel()
    assert jobs[1].is_cancelled


class Refused:
    """Circuits of which the second was not accepted; cancelling takes a while."""

    def __init__(self):
        self.scope = anyio.CancelScope()
        self.is_cancelled = False

    async def refs(self):
        return [REFS[0], None]

    async def cancel(self):
        self.scope.cancel()
        # Here whoever is not shielded is thrown out.
        await anyio.lowlevel.checkpoint()
        self.is_cancelled = True

    async def finished(self):
        yield 0, RESULTS[0]
        yield 1, ServerError("no")


async def test_what_was_accepted_is_cancelled_though_the_caller_leaves():
    """Nobody has its id, so nobody else could cancel it."""
    run = Refused()
    with run.scope, suppress(ServerError):
        await accepted(run, grace=5.0)
    assert run.is_cancelled
    with pytest.raises(ServerError, match="no") as caught:
        await accepted(run, grace=5.0)
    assert "1 of 2 circuits were not accepted" in caught.value.__notes__[-1]
