"""Small makers for the journal's tests, and a process that can be killed at any statement."""

from __future__ import annotations

import uuid
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import anyio
from sqlalchemy import text

from quantum_async.journal.base import Journal
from quantum_async.journal.records import Place, Submission
from quantum_async.journal.sql import SqlJournal
from quantum_async.models.job import JobRef
from quantum_async.models.result import BitOrder, Register, Result
from quantum_async.models.submission import JobSpec
from tests.scheduler.fake import PROGRAM, FakeClient

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

SERVED = {("fake", ""): "fake"}
RESULT = Result({"01": 7}, 7, BitOrder.QISKIT, registers=(Register("c", 2),))


def spec(x: float = 1, shots: int = 10) -> JobSpec:
    """Make a job."""
    return JobSpec(uuid.uuid4().hex, PROGRAM, shots, {"x": x})


def submission(journal: SqlJournal, *jobs: JobSpec, key: str | None = None) -> Submission:
    """Make a submission of this run."""
    jobs = jobs or (spec(),)
    places = tuple(Place(journal.scope) for _ in jobs)
    return Submission(key or uuid.uuid4().hex, "fake", "", "one", jobs, places)


def refs(sent: Submission) -> list[JobRef]:
    """Make what a provider answers."""
    return [JobRef("fake", f"id-{job.key}", "one", job.key) for job in sent.jobs]


async def kill(journal: SqlJournal, *, is_written: bool = False) -> None:
    """End a journal as SIGKILL would: nothing is written, no lease is given back."""
    if is_written:
        with anyio.CancelScope(shield=True):
            await journal._writer.drain()
    journal._writer._waiting.clear()
    await journal._end()


async def expire(journal: SqlJournal) -> None:
    """Let the leases of a journal run out, as they do where its process sleeps for too long."""
    over = text("UPDATE leases SET expires = 0 WHERE owner = :run").bindparams(run=journal.run)
    await journal.ask(lambda t: t.connection.execute(over) and None)
    journal._leases._until = float("-inf")


class Power:
    """A process's power switch: it goes off at the n-th passing of a point."""

    def __init__(self, point: str = "", number: int = 1, *, raises: bool = False) -> None:
        self.point = point
        self.raises = raises
        self.left = number
        self.off = anyio.Event()

    def flips(self, point: str) -> bool:
        """Go off here, if this is the point."""
        if point == self.point:
            self.left -= 1
            if self.left == 0:
                self.off.set()
                return True
        return False

    async def passes(self, point: str) -> None:
        """Go off here, or hang where it is off already."""
        self.flips(point)
        if self.off.is_set():
            if self.raises:
                raise DeadError
            await anyio.sleep_forever()


class DeadError(BaseException):
    """What gets through where code is shielded from being cancelled."""


class MortalJournal(Journal):
    """A journal whose process may die before and after every call."""

    location = property(lambda self: self.inner.location)
    run = property(lambda self: self.inner.run)
    scope = property(lambda self: self.inner.scope)
    pulse = property(lambda self: self.inner.pulse)

    def __init__(self, inner: SqlJournal, power: Power) -> None:
        self.inner = inner
        self.power = power
        self.is_written = False

    async def _around(self, name: str, *arguments: object, **options: object) -> object:
        await self.power.passes(f"before {name}")
        answer = await getattr(self.inner, name)(*arguments, **options)
        await self.power.passes(f"after {name}")
        return answer

    def _report(self, name: str, *arguments: object, **options: object) -> None:
        self.power.flips(f"before {name}")
        if not self.power.off.is_set():
            getattr(self.inner, name)(*arguments, **options)
            # After a report means: after it was written.
            self.is_written = self.power.flips(f"after {name}") or self.is_written

    async def open(self) -> None:
        await self.inner.open()

    async def close(self) -> None:
        if self.power.off.is_set():
            await kill(self.inner, is_written=self.is_written)
        else:
            await self.inner.close()

    async def intend(self, *arguments):
        await self._around("intend", *arguments)

    async def sending(self, *arguments):
        await self._around("sending", *arguments)

    async def intend_batch(self, *arguments):
        await self._around("intend_batch", *arguments)

    async def claim(self, *arguments):
        return await self._around("claim", *arguments)

    async def claim_sweep(self, *arguments):
        return await self._around("claim_sweep", *arguments)

    async def claim_job(self, *arguments):
        return await self._around("claim_job", *arguments)

    async def renew(self):
        return await self._around("renew")

    async def accepted(self, *arguments, **options):
        await self._around("accepted", *arguments, **options)

    async def batch_opened(self, *arguments):
        await self._around("batch_opened", *arguments)

    async def claim_batch(self, *arguments):
        return await self._around("claim_batch", *arguments)

    async def claim_unknown(self, *arguments):
        return await self._around("claim_unknown", *arguments)

    async def settle(self, *arguments):
        await self._around("settle", *arguments)

    def rejected(self, *arguments):
        self._report("rejected", *arguments)

    def unknown(self, *arguments):
        self._report("unknown", *arguments)

    def postponed(self, *arguments):
        self._report("postponed", *arguments)

    def fetched(self, *arguments):
        self._report("fetched", *arguments)

    def ended(self, *arguments):
        self._report("ended", *arguments)

    def detached(self, *arguments):
        self._report("detached", *arguments)

    def batch_closed(self, *arguments):
        self._report("batch_closed", *arguments)

    def hurry(self):
        self.inner.hurry()

    def remaining(self, scope):
        return self.inner.remaining(scope)


class MortalClient(FakeClient):
    """A client whose process may die before and after the server has acted."""

    def __init__(self, power: Power, **options: object) -> None:
        super().__init__(**options)
        self.power = power

    async def _serve(self, operation, act):
        await self.power.passes(f"before {operation}")
        answer = await super()._serve(operation, act)
        await self.power.passes(f"after {operation}")
        return answer


@asynccontextmanager
async def until_dead(power: Power) -> AsyncIterator[None]:
    """Run a block until the power goes off; then nothing in it goes on."""
    async with anyio.create_task_group() as tasks:

        async def watch() -> None:
            await power.off.wait()
            tasks.cancel_scope.cancel()

        tasks.start_soon(watch)
        try:
            yield
        except* DeadError:
            pass
        tasks.cancel_scope.cancel()
