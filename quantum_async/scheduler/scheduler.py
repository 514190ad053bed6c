"""The scheduler: a task group for remote jobs."""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import TYPE_CHECKING, Literal, TypeAlias, overload

import anyio

from quantum_async.errors import (
    InvalidInputError,
    QuantumAsyncError,
    SchedulerClosedError,
    SubmissionUnknownError,
)
from quantum_async.models.advice import Action, Advice
from quantum_async.models.batch import BatchRef, BatchStatus
from quantum_async.models.cost import Budget
from quantum_async.models.limits import Limits
from quantum_async.models.numbers import check_number
from quantum_async.models.submission import BatchRequest, RunOptions
from quantum_async.programs.objects import as_program
from quantum_async.scheduler.batch import Batch, check_batch
from quantum_async.scheduler.book import Book
from quantum_async.scheduler.delivery import UnknownPolicy
from quantum_async.scheduler.events import EventHub, EventStream
from quantum_async.scheduler.host import Host, check_library, first_of, log_defect, waited_through
from quantum_async.scheduler.inputs import (
    ProgramSource,
    Router,
    check_clients,
    check_event,
    check_journal,
    check_kind,
    check_name,
    check_names,
    check_word,
    checked_shots,
    in_thread,
    plain_variables,
)
from quantum_async.scheduler.job import Completions, Job, JobRecord, Stage, fresh
from quantum_async.scheduler.lane import Common, Lane
from quantum_async.scheduler.leaving import Leaving, what_is_left
from quantum_async.scheduler.revival import Revival
from quantum_async.scheduler.sweep import Bundle, Sweep, Wanted, wanted
from quantum_async.scheduler.workers import Broadcast, act_on

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path
    from types import TracebackType
    from typing import Self

    from quantum_async.journal.base import Journal
    from quantum_async.models.batch import FailurePolicy
    from quantum_async.models.grid import Points
    from quantum_async.models.job import JobRef, JobStatus
    from quantum_async.programs.objects import ProgramLike
    from quantum_async.providers.base import ProviderClient
    from quantum_async.scheduler.inputs import SweepProgram
    from quantum_async.scheduler.sweep import OnError, Params
    from quantum_async.scheduler.workers import CancelEvent

logger: logging.Logger = logging.getLogger(__name__)

OnCancel: TypeAlias = Literal["cancel", "detach"]

CLOSING = 0.4
"""Longest time in seconds for each last step on the way out, beyond the grace."""
LEAVING = 0.9
"""Longest time in seconds for all of them."""


class Scheduler:
    """Run jobs on one or more providers as children of a block.

    Leaving the block normally waits for every job. Leaving it by an error or a cancellation
    cancels what still runs at the providers, closes every open batch, and only then lets the
    error through. Jobs that failed and that nobody looked at raise when the block is left: one
    as it is, several as an `ExceptionGroup`.

    Args:
        *clients: Provider clients; the scheduler opens and closes those that are not open yet.
        journal: Where jobs are written down before they are sent: a file, or the URL of a
            PostgreSQL database that several processes share. Nothing is kept by default.
        on_cancel: What happens to unfinished jobs when the block is left by an error:
            ``"cancel"`` them, or ``"detach"`` them, which leaves them running.
        cancel_on: An event that cancels every job once it is set.
        grace: Longest time in seconds for cancelling and closing on the way out.
        limits: How much is done at once, or a mapping with the limits of some clients, by their
            names; the providers' own limits by default. Each client has them for itself.
        budget: The most that may be spent, or a mapping with the most for each of some clients,
            by their names; with a journal, by all its processes and runs together.
        on_unknown: What to do with a submission whose answer was lost and that the provider
            cannot look up: report it (``"at_most_once"``) or send it again (``"at_least_once"``).

    Raises:
        ConfigurationError: No client, or two of one name: clients of one provider are told apart
            by their ``name=``. Or what is no client.
        InvalidOptionError: A setting is none: a word, a number, a kind that cannot be.

    Example:
        ```python
        import quantum_async as qa


        async def main() -> None:
            bell = 'OPENQASM 3; include "stdgates.inc"; qubit[2] q; bit[2] c;'
            bell += "h q[0]; cx q[0], q[1]; c = measure q;"
            async with qa.Scheduler(qa.LocalClient(seed=1)) as scheduler:
                job = await scheduler.submit(bell, shots=1000)
                result = await job
            assert set(result.counts) == {"00", "11"}
        ```
    """

    def __init__(
        self,
        *clients: ProviderClient,
        journal: str | Path | Journal | None = None,
        on_cancel: OnCancel = "cancel",
        cancel_on: CancelEvent | None = None,
        grace: float = 10.0,
        limits: Limits | Mapping[str, Limits] | None = None,
        budget: Budget | Mapping[str, Budget] | None = None,
        on_unknown: Literal["at_most_once", "at_least_once"] = "at_most_once",
    ) -> None:
        check_clients(clients)
        check_word("on_cancel", on_cancel, ("cancel", "detach"))
        check_word("on_unknown", on_unknown, ("at_most_once", "at_least_once"))
        check_event(cancel_on)
        check_number("grace", grace)
        check_kind("limits", limits, Limits, "Write limits=Limits(jobs_in_flight=3).")
        check_kind("budget", budget, Budget, "Write budget=Budget(jobs=100).")
        check_journal(journal)
        check_library()
        self._hub = EventHub()
        self._changed = Broadcast()
        self._book = Book(journal, budget, grace=grace)
        self._host = Host(grace)
        common = Common(
            limits=limits if isinstance(limits, Limits) else Limits(),
            hub=self._hub,
            book=self._book,
            policy=UnknownPolicy(on_unknown),
            settled=self._settled,
            changed=self._changed,
            host=self._host,
        )
        own = {} if isinstance(limits, Limits) else limits or {}
        self._lanes = [
            Lane(client, replace(common, limits=own.get(client.name, common.limits)))
            for client in clients
        ]
        self._router = Router(self._lanes)
        for setting, given in (("limits", limits), ("budget", budget)):
            check_names(setting, given, clients)
        self._on_cancel: OnCancel = on_cancel
        self._cancel_on = cancel_on
        self._standing: asyncio.Task[None] | None = None
        self._notes: list[str] = []
        self._left: asyncio.Future[BaseException | None] | None = None
        self._is_running = False
        self._last_moment = 0.0
        self._failed: list[JobRecord] = []
        self._sweeps: list[Sweep] = []
        self._batches: dict[Batch, None] = {}
        self._feeding = 0
        self.grace = grace
        """Longest time in seconds for cancelling and closing on the way out."""

    async def __aenter__(self) -> Self:
        if self._standing is not None and not self._standing.done():
            raise SchedulerClosedError(
                "the scheduler's block is entered already", remedy="Make one per block."
            )
        loop = asyncio.get_running_loop()
        self._notes = []
        self._left = loop.create_future()
        opened: asyncio.Future[None] = loop.create_future()
        # A task of its own, so that the block may be left in another task than it was entered in,
        # and so that no cancel of the caller's tears off what has to be done on the way out.
        self._standing = loop.create_task(self._stand(opened, self._left))
        try:
            await first_of(opened, self._standing)
        except asyncio.CancelledError:
            self._standing.cancel()
            await waited_through([self._standing], self.grace)
            raise
        if not opened.done():
            self._standing.result()
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        reason = exc
        if reason is None:
            try:
                await self._drained()
                await self._close_batches()
            except BaseException as caught:  # noqa: BLE001 -- raised again below
                reason = caught
        assert self._standing is not None
        assert self._left is not None
        if not self._left.done():
            self._left.set_result(reason)
        stop = await waited_through([self._standing], self.grace + LEAVING)
        failure = self._tell(reason, stop)
        if reason is not None and not (stop and not isinstance(reason, asyncio.CancelledError)):
            if reason is not exc:
                raise reason
            return
        if stop is not None:
            raise stop
        if failure is not None:
            raise failure
        self._raise_unseen()

    async def _stand(
        self, opened: asyncio.Future[None], left: asyncio.Future[BaseException | None]
    ) -> None:
        """Hold everything open until the block is left; then end it, and say what remains."""
        async with AsyncExitStack() as stack:
            await self._hold(stack, self._book)
            for lane in self._lanes:
                if not lane.client.is_open:
                    await self._hold(stack, lane.client)
            try:
                self._start()
                if not opened.done():
                    opened.set_result(None)
                reason = await _asked(left)
                self._last_moment = anyio.current_time() + self.grace
                if reason is not None:
                    await self._abort()
                else:
                    self._notes = what_is_left(self._lanes, self._batches)
            finally:
                await self._stop()

    async def _hold(
        self, stack: AsyncExitStack, manager: AbstractAsyncContextManager[object]
    ) -> None:
        """Enter something, and leave it at the end, within a bounded time."""

        async def close(*exc_info: object) -> None:
            del exc_info
            self._last_moment = max(self._last_moment, anyio.current_time()) + CLOSING
            try:
                # Natively: a scope of anyio's could not be around the end of what began before.
                async with asyncio.timeout_at(self._last_moment):
                    await manager.__aexit__(None, None, None)
            except TimeoutError:
                self._notes.append(f"{manager!r} took too long to close, and was left as it is.")
                logger.warning(self._notes[-1])

        await manager.__aenter__()
        stack.push_async_exit(close)

    async def _abort(self) -> None:
        """Follow the policy within the grace, whatever cancels this task meanwhile."""
        leaving = Leaving(
            self._lanes,
            self._batches,
            policy=self._on_cancel,
            deadline=self._last_moment,
            changed=self._changed,
        )
        ending = self._host.begin(leaving.abort)
        ending.add_done_callback(log_defect)
        await waited_through([ending], self.grace + CLOSING)
        self._notes = leaving.tell()

    def _what_is_left(self) -> list[str]:
        """Say what may go on, for who leaves before all is cancelled; from any thread."""
        return what_is_left(self._lanes, self._batches)

    async def _stop(self) -> None:
        """End all that runs here, and tell whoever still waits."""
        self._is_running = False
        await self._host.end(CLOSING)
        # Before those who wait are told: where a job stood is no failure of its own.
        self._hub.close()
        for lane in self._lanes:
            for record in (*lane.live, *lane.forgotten):
                record.fail(_followed_no_further(record))

    def _tell(
        self, reason: BaseException | None, stop: BaseException | None
    ) -> BaseException | None:
        """Put what is left running into the errors, and return what went wrong in closing."""
        standing = self._standing
        assert standing is not None
        failure: BaseException | None = None
        notes = [*self._notes, *map(str, self._book.complaints)]
        if not standing.done():
            notes.append("Closing the clients and the journal took too long; they were left open.")
            logger.warning(notes[-1])
        elif standing.cancelled():
            failure = SchedulerClosedError("the event loop was closed around the scheduler")
        else:
            failure = standing.exception()
        if failure is not None and reason is not None:
            notes.append(f"Closing failed as well: {failure}")
        for error in (reason, stop):
            if error is not None:
                for note in notes:
                    error.add_note(note)
        return failure

    async def submit(
        self,
        program: ProgramLike,
        *,
        shots: int,
        variables: Mapping[str, object] | None = None,
        on: str | None = None,
        cancel_on: CancelEvent | None = None,
        options: RunOptions | None = None,
        batch: BatchRef | None = None,
        name: str | None = None,
    ) -> Job:
        """Send one job and return once the provider has accepted it.

        Billed: running the job is. Cancelled: a job that was not sent is dropped, one on its way
        is cancelled at the provider as soon as it is accepted.

        Args:
            program: A `Program`, a path, OpenQASM text, a Qiskit circuit or a Pulser sequence.
            shots: How often to run it.
            variables: Values of the program's parameters.
            on: The target, ``provider:device``; may be left out where one client leaves no doubt.
            cancel_on: An event that cancels this job once it is set.
            options: Seed, observables, tags, and what the provider offers beyond.
            batch: The open batch that the job goes to; `Batch.submit` passes it.
            name: What the job is called. With a journal, submitting it again under the same name
                sends nothing where the first one has a result, has failed or goes on: the handle
                is of that one.

        Raises:
            DuplicateSubmissionError: The name was used for another job, or is under way here.
            InvalidOptionError: An option belongs to another provider, or would be dropped on the
                way to the device.
            InvalidInputError: The job cannot run; nothing was sent.
            SubmissionUnknownError: The answer was lost and cannot be looked up.
            BudgetExceededError: The job would exceed the budget; nothing was sent.
            SchedulerClosedError: The scheduler's block is not entered, or is being left.
            QuantumAsyncError: The provider refused, or stayed out of reach.
        """
        check_event(cancel_on)
        check_name(name)
        self._check_running()
        payload = await in_thread(program)
        lane, device = self._router.route(on, payload)
        job = Wanted(payload, checked_shots(shots), plain_variables(variables))
        chosen = lane.client.options_of(self._given(options, batch))
        bundle = Bundle(lane, [device], [job], chosen, name, is_apart=False)
        await bundle.check()
        await bundle.recall()
        records = self._queued(bundle, batch)
        if cancel_on is not None:
            self._host.start_soon(self._cancel_job_on, cancel_on, records[0])
        await self._accepted(records)
        return Job(records[0])

    @overload
    async def submit_many(
        self,
        program: Mapping[str, ProgramLike],
        params: None = None,
        *,
        shots: int,
        on: str | None = None,
        name: str | None = None,
        options: RunOptions | None = None,
        batch: BatchRef | bool = False,
    ) -> dict[str, Job]: ...
    @overload
    async def submit_many(
        self,
        program: ProgramLike,
        params: Params,
        *,
        shots: int | None = None,
        on: str | None = None,
        name: str | None = None,
        options: RunOptions | None = None,
        batch: BatchRef | bool = False,
    ) -> list[Job]: ...
    @overload
    async def submit_many(
        self,
        program: ProgramLike | Mapping[str, ProgramLike],
        params: Params | None = None,
        *,
        shots: int | None = None,
        on: str | None = None,
        name: str | None = None,
        options: RunOptions | None = None,
        batch: BatchRef | bool = False,
    ) -> list[Job] | dict[str, Job]: ...
    async def submit_many(
        self,
        program: ProgramLike | Mapping[str, ProgramLike],
        params: Params | None = None,
        *,
        shots: int | None = None,
        on: str | None = None,
        name: str | None = None,
        options: RunOptions | None = None,
        batch: BatchRef | bool = False,
    ) -> list[Job] | dict[str, Job]:
        """Send several jobs together, and return once the provider has accepted all of them.

        They take as few submissions as the protocol allows: one closed batch on Pasqal Cloud, one
        job on IQM and Qoro where the shots are equal. All of them are sent, or none: if one cannot
        run nothing is sent, and if the provider refuses one the others are cancelled.

        Billed: running the jobs is. Cancelled: as for `submit`, all of them.

        Args:
            program: One program, or several by labels.
            params: In which way each job of one program differs from the others: `JobParams`, or
                mappings with ``shots``, or Pulser's ``runs``, and ``variables``.
            shots: Shots of each job that does not say so itself.
            on: The target, ``provider:device``.
            name: What they are called. With a journal, submitting the same again under the same
                name continues them: jobs that have an outcome keep it, those under way are
                followed, and only the others are sent.
            options: Seed, observables, tags, and what the provider offers beyond.
            batch: The open batch that they go to. ``True`` opens one for them alone and closes it,
                also where one submission could hold all of them.

        Returns:
            The jobs in the order of the parameters, or by the labels of the programs.

        Raises:
            InvalidInputError: A job cannot run; nothing was sent.
            DuplicateSubmissionError: The name was used for other jobs.
            SubmissionUnknownError: The answer was lost and cannot be looked up.
            QuantumAsyncError: As for `submit`.

        Example:
            ```python
            import quantum_async as qa


            async def main() -> None:
                turn = 'OPENQASM 3; include "stdgates.inc"; input float theta;'
                turn += "qubit[1] q; bit[1] c; rx(theta) q[0]; c[0] = measure q[0];"
                params = [
                    qa.JobParams(shots=20, variables={"theta": 0.0}),
                    qa.JobParams(shots=50, variables={"theta": 3.141592653589793}),
                ]
                async with qa.Scheduler(qa.LocalClient()) as scheduler:
                    still, turned = await scheduler.submit_many(turn, params)
                    assert (await still).counts == {"0": 20}
                    assert (await turned).counts == {"1": 50}
            ```
        """
        self._check_running()
        check_name(name)
        jobs = await wanted(program, params, shots)
        routes = [self._router.route(on, job.program) for job in jobs]
        lane = routes[0][0]
        given = batch if isinstance(batch, BatchRef) else None
        chosen = lane.client.options_of(self._given(options, given))
        bundle = Bundle(lane, [device for _, device in routes], jobs, chosen, name)
        await bundle.check()
        await bundle.recall()
        if given is None and bundle.needs_batch(is_wanted=bool(batch)):
            shared = program if not isinstance(program, Mapping) else None
            target = f"{lane.client.name}:{routes[0][1]}"
            async with self.open_batch(shared, on=target, options=chosen) as opened:
                await self._accepted(self._queued(bundle, opened.ref))
        else:
            await self._accepted(self._queued(bundle, given))
        handles = [Job(record) for record in bundle.in_order()]
        return dict(zip(program, handles, strict=True)) if isinstance(program, Mapping) else handles

    def sweep(
        self,
        program: SweepProgram,
        points: Points | Sequence[Mapping[str, object]],
        *,
        shots: int,
        on: str | None = None,
        name: str | None = None,
        on_error: OnError = "raise",
        options: RunOptions | None = None,
        batch: BatchRef | None = None,
    ) -> Sweep:
        """Start one job per point, as fast as the provider takes them.

        Args:
            program: A parametrised program, or a function from parameters, taken as keywords or
                as one mapping, to a program, or to a pair of one and values of its parameters.
            points: The points, from `grid` or `zip_points`, or a list with a mapping for each.
            shots: Shots of each point.
            on: The target, ``provider:device``.
            name: What the sweep is called. With a journal, running it again under the same name
                continues it: points that have an outcome keep it, and only the others are sent.
            on_error: Whether a failed point raises on iteration and stops sending further ones,
                or is collected with its error.
            options: Seed, observables, tags, and what the provider offers beyond.
            batch: The open batch that the jobs go to; `Batch.sweep` passes it.

        Raises:
            InvalidInputError: The program, the points or the number of shots are of no use. What
                only the provider can check is raised on iteration, before anything is sent.
            SchedulerClosedError: The scheduler's block is not entered, or is being left.
        """
        self._check_running()
        source = ProgramSource(program, points)
        lane, device = self._router.route(on, source.shared)
        sweep = Sweep(
            lane,
            device,
            source,
            shots=checked_shots(shots),
            options=lane.client.options_of(self._given(options, batch)),
            batch=batch,
            name=name,
            on_error=on_error,
        )
        self._sweeps = [*(known for known in self._sweeps if not known.is_forgettable), sweep]
        self._feeding += 1
        self._host.start_soon(lane.guarded, self._feed, sweep)
        return sweep

    def open_batch(
        self,
        program: ProgramLike | None = None,
        *,
        on: str | None = None,
        name: str = "",
        on_failure: FailurePolicy | None = None,
        options: RunOptions | None = None,
    ) -> Batch:
        """Prepare a batch that takes jobs while its ``async with`` block lasts.

        Billed: from entering to leaving, an open batch may reserve the device.

        Args:
            program: The program that its jobs share.
            on: The target, ``provider:device``.
            name: What the batch is called.
            on_failure: What a failed job does to the rest; the provider's own way by default.
            options: Passed on to its jobs.

        Raises:
            BatchError: The provider has no open batches.
            UnknownTargetError: The target names no client or device.
        """
        self._check_running()
        payload = as_program(program) if program is not None else None
        lane, device = self._router.route(on, payload)
        check_batch(lane, device)
        request = BatchRequest(
            key=uuid.uuid4().hex,
            target=device,
            program=payload,
            name=name,
            on_failure=on_failure,
            options=lane.client.options_of(self._given(options)),
        )
        return Batch(self, lane, request)

    def as_completed(self, jobs: Iterable[Job]) -> Completions:
        """Iterate over jobs in the order in which they finish.

        Args:
            jobs: Jobs of this scheduler; failed ones are yielded too, and raise when awaited.
        """
        return Completions(jobs)

    def events(self) -> EventStream:
        """Follow what happens to every job from now on, until the scheduler closes."""
        return self._hub.subscribe()

    @property
    def unfinished(self) -> tuple[JobRef, ...]:
        """The jobs that a provider has and that are not known to have ended; sends nothing."""
        # Copied first, in one step: the blocking facade reads it from another thread.
        live = [r for lane in self._lanes for r in (*tuple(lane.live), *tuple(lane.astray))]
        return tuple(record.ref for record in live if record.ref is not None)

    @property
    def clients(self) -> tuple[ProviderClient, ...]:
        """The clients that it runs jobs on; sends nothing."""
        return tuple(lane.client.original for lane in self._lanes)

    async def cancel(self, jobs: Sequence[Job]) -> None:
        """Cancel several jobs, in as few requests as the providers allow; as `Job.cancel`.

        Args:
            jobs: Jobs of this scheduler; those that have ended are left as they are.

        Raises:
            QuantumAsyncError: A provider could not be asked, or refused one of them.
        """
        records = [job._record for job in jobs]  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]
        failures: list[QuantumAsyncError] = []
        for lane in self._lanes:
            try:
                await self._host.call(lane.cancel, [r for r in records if r.lane is lane])
            except QuantumAsyncError as error:
                failures.append(error)
        if failures:
            raise failures[0]

    async def cancel_all(self) -> None:
        """Cancel every unfinished job, and take no more; done also if the caller is cancelled.

        Raises:
            QuantumAsyncError: A provider could not be asked, or refused.
        """
        await self._host.call(self._cancel_everything)

    async def resume(self, run: str | None = None) -> list[Job]:
        """Take over what other processes left unfinished in the journal.

        Accepted jobs are followed. Submissions that were never sent are sent now. Those that may
        have been sent are looked up first; where the provider offers no way to, `on_unknown`
        decides: those that stay unknown are among the handles each time, until `resolve` settles
        them. Batches that are still open are closed when the block is left.

        Rows of the journal that cannot be read do not keep the rest from going on. They are named
        in the log at once, and raised as a `JournalError` when the block is left.

        Billed: what is sent now.

        Args:
            run: One run, by the id that ``quantum-async jobs list`` shows; by default everything
                that no living process answers for.

        Returns:
            A handle of each job, once the provider has accepted it or it cannot be accepted.

        Raises:
            JournalError: The run is not known, or in the hands of a living process.
            SchedulerClosedError: The scheduler's block is not entered, or is being left.
        """
        self._check_running()
        revival = Revival(self._lanes)
        claim = await self._book.claim(run, revival.served)
        records = revival.revive(claim)
        await revival.batches(self, claim)
        for record in records:
            await record.wait_accepted()
        return [Job(record) for record in records]

    @overload
    async def adopt(self, ref: JobRef) -> Job: ...
    @overload
    async def adopt(self, ref: BatchRef) -> Batch: ...
    async def adopt(self, ref: JobRef | BatchRef) -> Job | Batch:
        """Follow a job or a batch by its reference, in whichever process it was submitted.

        With a journal, what another living process answers for is only watched: leaving the block
        by an error does not cancel it. Otherwise it belongs to this block, as if it had been
        submitted or opened here: a batch that is still open is closed when the block is left.
        `Job.detach` and `Batch.detach` leave it to itself.

        Args:
            ref: The reference, `Job.ref` or `Batch.ref`, which can be pickled. That of a job that was
                made of the provider's id alone is looked for in the journal by that.

        Raises:
            BatchError: The provider has no batches.
            NotFoundError: The provider does not know this batch.
            ConfigurationError: There is no client for its provider, account and server.
            SchedulerClosedError: The scheduler's block is not entered, or is being left.
        """
        self._check_running()
        revival = Revival(self._lanes)
        if isinstance(ref, BatchRef):
            return await self._adopt_batch(ref, revival.lane_of(ref))
        return (await self.adopted([ref]))[0]

    async def resolve(
        self, key: str, *, lost: bool = False, job_id: str | Sequence[str] = ()
    ) -> list[Job]:
        """Settle a submission of which nobody can say whether the provider has it.

        Args:
            key: The key of the submission, or of one of its jobs.
            lost: It does not exist. Its part of the budget is free, and running its sweep again
                sends its points again.
            job_id: It exists, and this is the provider's id: it is followed here. Where its jobs do
                not share one id, the ids of all of them in their order.

        Returns:
            A handle of each job that is followed now; none where it is lost.

        Raises:
            InvalidInputError: Neither or both were said, or the provider does not know the id.
            JournalError: Nothing is unknown under this key, or a living process answers for it.
            SchedulerClosedError: The scheduler's block is not entered, or is being left.
        """
        ids = (job_id,) if isinstance(job_id, str) else tuple(job_id)
        if lost == bool(ids):
            raise InvalidInputError(
                "a submission is either lost, or is the job with an id",
                remedy="Pass lost=True, or job_id= with the provider's id.",
            )
        self._check_running()
        revival = Revival(self._lanes)
        stored = await self._book.journal.claim_unknown(key)
        if not ids:
            await self._book.settle_lost(stored)
        return [Job(record) for record in await revival.settle(stored, ids)] if ids else []

    async def adopted(self, refs: Sequence[JobRef]) -> list[Job]:
        """Follow several jobs; those that are followed here already are found by their ids."""
        revival = Revival(self._lanes)
        live = [record for lane in self._lanes for record in lane.live]
        known = {_name(record.ref): record for record in live if record.ref is not None}
        boarding: dict[tuple[Lane, str], dict[JobRecord, JobRef]] = {}
        jobs: list[Job] = []
        for ref in refs:
            record = known.get(_name(ref))
            if record is None:
                identity, journal = revival.identity(ref), self._book.journal
                ref = replace(ref, key=ref.key or await journal.key_of(ref, identity))  # noqa: PLW2901
                stored, is_ours = await journal.claim_job(ref.key, identity)
                record = revival.adopt(ref, stored)
                record.is_guest = stored is not None and not is_ours
                if not record.is_settled:
                    boarding.setdefault((record.lane, ref.id), {})[record] = ref
            jobs.append(Job(record))
        for (lane, _), found in boarding.items():
            # What shares a job at the provider takes one place there, and is asked about at once.
            lane.adopt(list(found), list(found.values()))
        return jobs

    async def _adopt_batch(self, ref: BatchRef, lane: Lane) -> Batch:
        state = await lane.client.batch_state(ref)
        request = BatchRequest(key=ref.key or uuid.uuid4().hex, target=ref.target)
        batch = Batch(self, lane, request)
        is_ours = not ref.key or await self._book.journal.claim_batch(ref.key)
        batch.adopt(ref, is_open=state.status is BatchStatus.OPEN, is_guest=not is_ours)
        return batch

    async def statuses(self, jobs: Sequence[Job]) -> list[JobStatus]:
        """Ask the providers where jobs stand, in as few requests as they allow.

        Args:
            jobs: Jobs of this scheduler; those that have ended are not asked about.

        Raises:
            QuantumAsyncError: A provider could not be asked.
        """
        records = [job._record for job in jobs]  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]
        for lane in self._lanes:
            await lane.poller.refresh(*(record for record in records if record.lane is lane))
        return [record.state.status for record in records]

    def opened(self, batch: Batch) -> None:
        """Note a batch that is open, or about to be: it has to be closed."""
        self._batches[batch] = None
        self._changed.notify()

    def closed(self, batch: Batch) -> None:
        """Note a batch that has been closed, or was not opened."""
        self._batches.pop(batch, None)
        self._changed.notify()

    async def sent(self, batch: BatchRef) -> None:
        """Wait until no job of a batch is still waiting to be sent."""
        await self._changed.until(lambda: not self._feeding_into(batch) and not self._unsent(batch))

    def withdraw_batch(self, batch: BatchRef) -> None:
        """Give up the jobs of a batch: those not sent are taken back, the others end with it."""
        for sweep in self._sweeps:
            if sweep.batch == batch:
                sweep.stop()
        for record in self._unfinished(batch):
            # So that it is no failure that nobody looked at when the provider confirms.
            record.wants_cancel = True
            if record.stage is Stage.WAITING:
                record.lane.withdraw(record)

    def _start(self) -> None:
        self._host.open()
        for lane in self._lanes:
            lane.start()
        self._host.start_soon(self._book.keep, self._surrender)
        if self._cancel_on is not None:
            self._host.start_soon(act_on, self._cancel_on, self._cancel_all_quietly)
        self._is_running = True

    def _surrender(self, scopes: frozenset[str]) -> None:
        for lane in self._lanes:
            lane.surrender(scopes)

    def _check_running(self) -> None:
        if not self._is_running:
            raise SchedulerClosedError(
                "the scheduler takes no jobs outside its block",
                remedy="Use it inside: async with Scheduler(...) as scheduler.",
            )

    def _given(self, options: RunOptions | None, batch: BatchRef | None = None) -> RunOptions:
        """Choose options: those of the open batch, where a job in one says nothing of its own."""
        if options is None and batch is not None:
            known = (each.options for each in self._batches if each.ref == batch)
            options = next(known, None)
        return RunOptions() if options is None else options

    def _settled(self, record: JobRecord) -> None:
        is_unknown = isinstance(record.error, SubmissionUnknownError)
        if record.error is not None and (is_unknown or not record.wants_cancel):
            self._failed.append(record)

    async def _drained(self) -> None:
        await self._changed.until(self._is_idle)

    def _is_idle(self) -> bool:
        if self._feeding or any(lane.live for lane in self._lanes):
            return False
        return not any(batch.is_passing for batch in self._batches)

    async def _close_batches(self) -> None:
        for batch in list(self._batches):
            await batch.close()

    async def _feed(self, sweep: Sweep) -> None:
        try:
            await sweep.feed()
        finally:
            self._feeding -= 1
            self._changed.notify()

    def _queued(self, bundle: Bundle, batch: BatchRef | None) -> list[JobRecord]:
        """Send what is missing of some jobs, and return all of them in order."""
        self._check_running()
        if new := bundle.missing(batch):
            new[0].lane.put(new)
        return bundle.in_order()

    async def _accepted(self, records: Sequence[JobRecord]) -> None:
        """Wait until the provider has all of some jobs, or cancel them."""
        try:
            for record in records:
                await record.wait_accepted()
        except BaseException:
            self._cancel_soon(self._disowned(records))
            raise
        refused = [r for r in records if r.ref is None and r.error is not None]
        if refused:
            accepted = self._disowned(records)
            await self._withdraw(accepted, refused[0])
            told = refused[0].error
            for record in refused:
                if isinstance(told, SubmissionUnknownError) and told.key == _key(record.error):
                    # One answer was lost, and that is told once, however many jobs it was about.
                    record.looked_at = True
            refused[0].outcome()

    def _disowned(self, records: Sequence[JobRecord]) -> list[JobRecord]:
        """Take back jobs whose caller will never have a handle, so that nobody could own them.

        Returns:
            Those that the provider has, which are to be cancelled.
        """
        accepted: list[JobRecord] = []
        for record in records:
            if record.is_settled and record.error is None:
                continue
            record.wants_cancel = True
            # Nor will it look at a refusal; what may have been accepted is told in any case.
            record.looked_at = not isinstance(record.error, SubmissionUnknownError)
            if record.stage is Stage.WAITING:
                record.lane.withdraw(record)
            elif record.stage is Stage.ACCEPTED:
                accepted.append(record)
        records[0].lane.sender.give_up()
        return accepted

    def _cancel_soon(self, records: Sequence[JobRecord]) -> None:
        if records and self._host.is_open:
            self._host.start_soon(records[0].lane.cancel_wanted, records)

    async def _withdraw(self, records: Sequence[JobRecord], refused: JobRecord) -> None:
        """Cancel the others of a job that was refused; what that leaves is told with the refusal."""
        try:
            if records:
                await self._host.call(records[0].lane.cancel, records)
        except QuantumAsyncError as failure:
            names = ", ".join(record.label for record in records)
            note = f"Cancelling the others failed: {failure} They may run: {names}."
            if refused.error is not None:
                refused.error.add_note(note)

    async def _cancel_job_on(self, event: CancelEvent, record: JobRecord) -> None:
        with anyio.CancelScope() as scope:
            record.on_settled(lambda _: scope.cancel())
            await act_on(event, lambda: record.lane.cancel_quietly([record]))

    async def _cancel_everything(self) -> None:
        error = SchedulerClosedError("everything was cancelled, so no more jobs are taken")
        for lane in self._lanes:
            lane.refuse(error)
        for lane in self._lanes:
            await lane.cancel([*lane.live, *lane.astray])

    async def _cancel_all_quietly(self) -> None:
        try:
            await self.cancel_all()
        except QuantumAsyncError as error:
            logger.warning("not everything could be cancelled: %s", error)

    def _unfinished(self, batch: BatchRef) -> list[JobRecord]:
        return [record for lane in self._lanes for record in lane.live if record.batch == batch]

    def _unsent(self, batch: BatchRef) -> list[JobRecord]:
        return [record for record in self._unfinished(batch) if record.stage < Stage.ACCEPTED]

    def _feeding_into(self, batch: BatchRef) -> bool:
        return any(sweep.batch == batch and sweep.is_feeding for sweep in self._sweeps)

    def _raise_unseen(self) -> None:
        unseen: list[BaseException] = [
            r.error for r in self._failed if not r.looked_at and r.error is not None
        ]
        unseen += [error for sweep in self._sweeps for error in sweep.unseen()]
        unseen += self._book.complaints
        if len(unseen) == 1:
            raise fresh(unseen[0])
        if unseen:
            raise BaseExceptionGroup(f"{len(unseen)} jobs failed and nobody looked", unseen)


def _name(ref: JobRef) -> tuple[str, str, str, int]:
    """Name a job by what no two have in common; who lists jobs may know less of their targets."""
    return ref.provider, ref.account, ref.id, ref.index


def _key(error: BaseException | None) -> str | None:
    return error.key if isinstance(error, SubmissionUnknownError) else None


async def _asked(left: asyncio.Future[BaseException | None]) -> BaseException | None:
    """Wait until the block is left, and return why; a loop that is being closed is a reason too."""
    try:
        await first_of(left)
    except asyncio.CancelledError as stop:
        task = asyncio.current_task()
        assert task is not None
        task.uncancel()
        return stop
    return left.result()


def _followed_no_further(record: JobRecord) -> SchedulerClosedError:
    """Tell whoever still waits for a job that the scheduler has been left."""
    ref = record.ref
    return SchedulerClosedError(
        f"the scheduler's block was left; job {ref or record.spec.key} is followed no further",
        provider=record.lane.client.provider,
        job_id=ref.id if ref is not None else None,
        accepted="yes" if ref is not None else "unknown",
        remedy=Advice(
            Action(
                "Follow it in another scheduler: await scheduler.adopt(job.ref).",
                "Where a journal has it, quantum-async jobs resume follows it.",
            )
        ),
    )
