"""An open batch: jobs are added while it is open, and it never stays open."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from typing import TYPE_CHECKING, Self, TypeVar

from quantum_async.errors import (
    BatchClosedError,
    BatchError,
    BatchNotClosedError,
    InvalidInputError,
    QuantumAsyncError,
    SubmissionUnknownError,
    UnknownTargetError,
)
from quantum_async.http.retry import RetryPolicy, repeat
from quantum_async.journal.base import LostLeaseError
from quantum_async.models.advice import Advice, Setting
from quantum_async.scheduler.host import first_of
from quantum_async.scheduler.inputs import plain_variables
from quantum_async.scheduler.sending import Departure, given_up

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence
    from types import TracebackType

    from quantum_async.models.batch import BatchRef, BatchState
    from quantum_async.models.grid import Points
    from quantum_async.models.program import Program
    from quantum_async.models.submission import BatchRequest, RunOptions
    from quantum_async.programs.objects import ProgramLike
    from quantum_async.scheduler.host import Host
    from quantum_async.scheduler.inputs import SweepProgram
    from quantum_async.scheduler.job import Job
    from quantum_async.scheduler.lane import Lane
    from quantum_async.scheduler.scheduler import Scheduler
    from quantum_async.scheduler.sweep import OnError, Sweep

logger: logging.Logger = logging.getLogger(__name__)

CLOSE_ATTEMPTS = 5
CLOSE_WAIT = 0.1

T = TypeVar("T")


class Batch:
    """A batch that stays open: Pasqal's open batch, Azure's session.

    Made by `Scheduler.open_batch`; opened by ``async with`` and closed by leaving it, whatever
    the way out. Leaving normally closes the batch and lets its jobs go on. Leaving by an error or
    a cancellation cancels the batch with its unfinished jobs.
    """

    def __init__(self, scheduler: Scheduler, lane: Lane, request: BatchRequest) -> None:
        self._scheduler = scheduler
        self._lane = lane
        self._request = request
        self._ref: BatchRef | None = None
        self._is_open = False
        self._is_opening = False
        self._is_unwanted = False
        self._is_owned = True

    @property
    def ref(self) -> BatchRef:
        """All that is needed to find the batch again; picklable.

        Raises:
            BatchClosedError: The batch was never opened.
        """
        if self._ref is None:
            raise BatchClosedError("the batch is not open yet", remedy="Enter it: async with.")
        return self._ref

    @property
    def id(self) -> str:
        """The provider's id of the batch."""
        return self.ref.id

    @property
    def options(self) -> RunOptions:
        """The options that its jobs have, unless they bring their own."""
        return self._request.options

    @property
    def is_open(self) -> bool:
        """Whether jobs can be added; sends nothing."""
        return self._is_open

    @property
    def may_be_open(self) -> bool:
        """Whether it is open, or its opening is under way; sends nothing."""
        return self._is_open or self._is_opening

    @property
    def is_owned(self) -> bool:
        """Whether leaving the scheduler's block closes it; sends nothing."""
        return self._is_open and self._is_owned

    @property
    def is_passing(self) -> bool:
        """Whether it is being opened, or being cancelled because nobody entered it."""
        return self._is_opening or (self._is_open and self._is_unwanted)

    @property
    def name(self) -> str:
        """What it is called in a message: its reference, or our key while it has none."""
        return str(self._ref) if self._ref is not None else f"of key {self._request.key}"

    @property
    def _host(self) -> Host:
        return self._lane.host

    @property
    def target(self) -> str:
        """Where it runs, as ``provider:device``."""
        return f"{self._lane.client.name}:{self._request.target}"

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if exc is None:
            try:
                await self.close()
            except BaseException as caught:
                await self._abandon(caught)
                raise
        else:
            await self._abandon(exc)

    async def open(self) -> None:
        """Open the batch at the provider. Billed: it may reserve the device from now on.

        Cancelled: a batch that is opened after all is cancelled at once.

        Raises:
            BatchError: The provider has no open batches.
            SubmissionUnknownError: The answer was lost and the batch cannot be looked up.
        """
        # The opening must not be torn off: a batch opened without anyone knowing its id stays open.
        opening = self._host.begin(self._open, repeats=False)
        self._is_opening = True
        self._scheduler.opened(self)
        try:
            await first_of(opening)
        except asyncio.CancelledError:
            self._is_unwanted = True
            self._lane.sender.give_up()
            self._host.start_soon(self._give_up, opening)
            raise
        if opening.cancelled():
            raise self._torn()
        opening.result()

    async def _open(self) -> None:
        request = self._request
        try:
            await self._lane.book.intend_batch(request, self._lane.client)
            try:
                ref = await self._delivered()
            except (SubmissionUnknownError, LostLeaseError):
                raise
            except QuantumAsyncError as error:
                if error.accepted != "unknown":
                    self._lane.book.journal.batch_closed(request.key)
                raise
            self._ref = replace(ref, key=request.key)
            await self._lane.book.journal.batch_opened(self.ref)
            self._is_open = True
        except QuantumAsyncError:
            self._is_opening = False
            self._scheduler.closed(self)
            raise
        # One that was torn off may be open, and is named on the way out.
        self._is_opening = False
        self._scheduler.opened(self)

    async def _delivered(self) -> BatchRef:
        client, sender, key = self._lane.client, self._lane.sender, self._request.key
        book = self._lane.book

        def notify(error: QuantumAsyncError) -> None:
            del error
            departure.is_resting = True

        departure = Departure(
            client,
            lambda: book.look(book.journal.scope),
            lambda: not (self._is_unwanted or self._lane.is_leaving),
        )
        sender.departures[departure] = None
        ref: BatchRef | None = None
        try:
            with departure.scope:
                ref = await self._lane.delivery(key, notify).deliver(
                    lambda: departure.attempt(lambda: client.open_batch(self._request)),
                    lambda: client.find_batch(key),
                )
        finally:
            del sender.departures[departure]
        if ref is None:
            raise given_up()
        return ref

    def _torn(self) -> SubmissionUnknownError:
        return SubmissionUnknownError(
            "the scheduler's block was left before the answer to an opening came",
            key=self._request.key,
            provider=self._lane.client.provider,
            remedy="Look for an open batch at the provider; it may reserve the device.",
        )

    async def _give_up(self, opening: asyncio.Task[None]) -> None:
        """Cancel a batch whose block nobody enters, once it is open."""
        try:
            await opening
            await self.cancel_now()
        except QuantumAsyncError as error:
            logger.warning("batch %s, which nobody entered: %s", self.name, error)
        finally:
            self._is_unwanted = False
            if self._is_open:
                self._scheduler.opened(self)

    def adopt(self, ref: BatchRef, *, is_open: bool = True, is_guest: bool = False) -> None:
        """Answer for a batch that somebody else has opened.

        Args:
            ref: The batch.
            is_open: Whether it takes jobs.
            is_guest: Whether another process answers for it.
        """
        self._ref = replace(ref, key=self._request.key)
        self._is_open, self._is_owned = is_open, not is_guest
        if self.is_owned:
            self._scheduler.opened(self)

    def detach(self) -> BatchRef:
        """Leave the batch to itself: the scheduler neither closes nor cancels it.

        It goes on taking jobs, here too, until somebody closes it.

        Returns:
            The reference by which it is found again.
        """
        ref, self._is_owned = self.ref, False
        self._scheduler.closed(self)
        return ref

    async def state(self) -> BatchState:
        """Ask the provider where the batch stands."""
        return await self._lane.client.batch_state(self.ref)

    async def jobs(self) -> list[Job]:
        """Follow all jobs of the batch, whoever submitted them, in the order of their creation.

        Those of other processes belong to this scheduler's block from now on; see
        `Scheduler.adopt`.

        Raises:
            QuantumAsyncError: The provider could not be asked.
        """
        return await self._scheduler.adopted(await self._lane.client.batch_jobs(self.ref))

    async def submit(
        self,
        program: ProgramLike | None = None,
        *,
        shots: int,
        variables: Mapping[str, object] | None = None,
        options: RunOptions | None = None,
    ) -> Job:
        """Add one job and return once the provider has accepted it.

        Args:
            program: What to run; the batch's own program by default.
            shots: How often.
            variables: Values of the program's parameters.
            options: Everything else; the batch's own by default. Where the provider gives options
                to the batch as a whole, as Pasqal Cloud does, others are refused.

        Raises:
            BatchClosedError: The batch is closed.
            InvalidOptionError: The options differ from the batch's, which hold for all its jobs.
            QuantumAsyncError: As for `Scheduler.submit`.
        """
        return await self._scheduler.submit(
            self._program(program),
            shots=shots,
            variables=plain_variables(variables),
            on=self.target,
            options=options if options is not None else self.options,
            batch=self.open_ref(),
        )

    def sweep(
        self,
        points: Points | Sequence[Mapping[str, object]],
        *,
        shots: int,
        program: SweepProgram | None = None,
        options: RunOptions | None = None,
        name: str | None = None,
        on_error: OnError = "raise",
    ) -> Sweep:
        """Start a sweep whose jobs all go to this batch.

        Args:
            points: The points, from `grid` or `zip_points`, or a list with a mapping for each.
            shots: Shots of each point.
            program: What to run; the batch's own program by default.
            options: Everything else; the batch's own by default, as for `submit`.
            name: What the sweep is called. With a journal, running it again under the same name,
                in this batch or a later one, continues it.
            on_error: Whether a failed point raises, or is collected with its error.

        Raises:
            BatchClosedError: The batch is closed.
        """
        return self._scheduler.sweep(
            self._program(program),
            points,
            shots=shots,
            on=self.target,
            options=options if options is not None else self.options,
            name=name,
            on_error=on_error,
            batch=self.open_ref(),
        )

    async def close(self) -> None:
        """Close the batch: its jobs go on, no more can be added. Closing twice is harmless.

        Jobs that are still waiting to be sent to it are sent first.

        Raises:
            BatchNotClosedError: The provider could not be told; it may still be open.
        """
        if self._is_open:
            await self._scheduler.sent(self.ref)
            await self._host.call(self.close_now)

    async def close_now(self) -> None:
        """Close the batch without waiting for anything; for the scheduler's own tasks."""
        await self._leave(self._lane.client.close_batch)

    async def cancel(self) -> None:
        """Close the batch and cancel its unfinished jobs; done also if the caller is cancelled.

        Raises:
            BatchNotClosedError: The provider could not be told; it may still be open.
        """
        await self._host.call(self.cancel_now)

    async def cancel_now(self) -> None:
        """Cancel the batch; for the scheduler's own tasks."""
        if self._is_open:
            self._scheduler.withdraw_batch(self.ref)
            await self._leave(self._lane.client.cancel_batch)

    async def _abandon(self, reason: BaseException) -> None:
        """Cancel the batch because its block was left by an error."""
        if not self._is_open:
            return
        ending = self._host.begin(self.cancel_now)
        try:
            await self._host.finish(ending, within=self._scheduler.grace)
        except QuantumAsyncError as failure:
            reason.add_note(f"Batch {self._ref} may still be open: {failure}")
        except TimeoutError:
            reason.add_note(f"Batch {self._ref} may still be open: closing it took too long.")

    def open_ref(self) -> BatchRef:
        """Return the reference of the open batch.

        Raises:
            BatchClosedError: It is not open.
        """
        if not self._is_open:
            raise BatchClosedError(
                f"batch {self._ref or 'not opened yet'} takes no jobs",
                provider=self._lane.client.provider,
                remedy="Open a new one with scheduler.open_batch(...).",
            )
        return self.ref

    def _program(self, program: T | None) -> T | Program:
        chosen = self._request.program if program is None else program
        if chosen is None:
            raise InvalidInputError(
                "this batch was opened without a program, so each job needs its own",
                remedy="Pass program=..., or open the batch with one.",
            )
        return chosen

    async def _leave(self, operation: Callable[[BatchRef], Awaitable[None]]) -> None:
        if not self._is_open:
            return
        ref = self.ref
        policy = RetryPolicy(CLOSE_ATTEMPTS, total=self._scheduler.grace, first=CLOSE_WAIT)
        try:
            await repeat(lambda: operation(ref), policy)
        except QuantumAsyncError as error:
            raise BatchNotClosedError(
                f"batch {ref} could not be closed: {error}",
                batch_id=ref.id,
                provider=ref.provider,
                remedy="It may still be open and reserve the device: close it by its id.",
            ) from error
        self._is_open = False
        self._lane.book.journal.batch_closed(self._request.key)
        self._scheduler.closed(self)

    def __repr__(self) -> str:
        state = "open" if self._is_open else "not open"
        return f"<Batch {self._ref or self.target} {state}>"

    def _repr_html_(self) -> str:
        from quantum_async.display.html import batch_html

        return batch_html(self.target, self._ref, is_open=self._is_open)


def check_batch(lane: Lane, device: str) -> None:
    """Refuse a batch that cannot be opened.

    Raises:
        BatchError: The provider has no open batches.
        UnknownTargetError: No device is named.
    """
    if not device:
        raise UnknownTargetError(
            f"{lane.client.name!r} names no device, and without a program none follows",
            provider=lane.client.provider,
            remedy=Advice("Write ", Setting("on", "provider:device"), "."),
        )
    if not lane.capabilities.open_batch:
        raise BatchError(
            f"{lane.client.name} has no open batches",
            provider=lane.client.provider,
            remedy="Submit jobs to the scheduler itself.",
        )
