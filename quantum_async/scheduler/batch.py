"""An open batch: jobs are added while it is open, and it never stays open."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Self, TypeVar

import anyio
import anyio.lowlevel

from quantum_async.errors import (
    BatchClosedError,
    BatchError,
    BatchNotClosedError,
    InvalidInputError,
    ProtocolError,
    QuantumAsyncError,
    RateLimitedError,
    ServerError,
    SubmissionUnknownError,
    TransportError,
    UnknownTargetError,
)
from quantum_async.journal.base import LostLeaseError
from quantum_async.scheduler.retrying import Retry
from quantum_async.scheduler.source import plain_variables

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from types import TracebackType

    from quantum_async.models.batch import BatchRef
    from quantum_async.models.grid import Points
    from quantum_async.models.program import Program
    from quantum_async.models.submission import BatchRequest, RunOptions
    from quantum_async.programs.objects import ProgramLike
    from quantum_async.scheduler.job import Job
    from quantum_async.scheduler.lane import Lane
    from quantum_async.scheduler.scheduler import Scheduler
    from quantum_async.scheduler.source import SweepProgram
    from quantum_async.scheduler.sweep import OnError, Sweep

CLOSE_ATTEMPTS = 5

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
            await self.close()
            return
        with anyio.move_on_after(self._scheduler.grace, shield=True) as scope:
            try:
                await self.cancel()
            except QuantumAsyncError as failure:
                exc.add_note(f"Closing batch {self._ref} failed as well: {failure}")
        if scope.cancelled_caught:
            exc.add_note(f"Batch {self._ref} may still be open: closing it took too long.")

    async def open(self) -> None:
        """Open the batch at the provider. Billed: it may reserve the device from now on.

        Raises:
            BatchError: The provider has no open batches.
            SubmissionUnknownError: The answer was lost and the batch cannot be looked up.
        """
        client, request = self._lane.client, self._request
        # The opening must not be torn off: a batch opened without anyone knowing its id stays open.
        with anyio.CancelScope(shield=True):
            await self._lane.book.intend_batch(request, client)
            delivery = self._lane.delivery(request.key, lambda _: None)
            try:
                ref = await delivery.deliver(self._create, lambda: client.find_batch(request.key))
            except (SubmissionUnknownError, LostLeaseError):
                raise
            except QuantumAsyncError:
                self._lane.book.batch_closed(request.key)
                raise
            self.adopt(ref)
            await self._lane.book.batch_opened(self.ref)
        await anyio.lowlevel.checkpoint_if_cancelled()

    async def _create(self) -> BatchRef:
        book = self._lane.book
        book.look(book.journal.scope)
        with book.fence(book.journal.scope):
            return await self._lane.client.open_batch(self._request)

    def adopt(self, ref: BatchRef) -> None:
        """Answer for a batch that is open at the provider.

        Args:
            ref: The batch.
        """
        self._ref = replace(ref, key=self._request.key)
        self._is_open = True
        self._scheduler.opened(self)

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
        points: Points,
        *,
        shots: int,
        program: SweepProgram | None = None,
        options: RunOptions | None = None,
        name: str | None = None,
        on_error: OnError = "raise",
    ) -> Sweep:
        """Start a sweep whose jobs all go to this batch.

        Args:
            points: The sweep's points, from `grid` or `zip_points`.
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
            await self._leave(self._lane.client.close_batch)

    async def cancel(self) -> None:
        """Close the batch and cancel its unfinished jobs.

        Raises:
            BatchNotClosedError: The provider could not be told; it may still be open.
        """
        if self._is_open:
            self._scheduler.withdraw_batch(self.ref)
            await self._leave(self._lane.client.cancel_batch)

    def open_ref(self) -> BatchRef:
        """Return the reference of the open batch.

        Raises:
            BatchClosedError: It is not open.
        """
        if not self._is_open:
            raise BatchClosedError(
                f"batch {self._ref or 'not opened yet'} takes no jobs",
                provider=self._lane.client.name,
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
        ref = self.ref
        retry = Retry(_passing, attempts=CLOSE_ATTEMPTS, patience=self._scheduler.grace)
        try:
            await retry.run(lambda: operation(ref))
        except QuantumAsyncError as error:
            raise BatchNotClosedError(
                f"batch {ref} could not be closed: {error}",
                batch_id=ref.id,
                provider=ref.provider,
                remedy="It may still be open and reserve the device: close it by its id.",
            ) from error
        self._is_open = False
        self._lane.book.batch_closed(self._request.key)
        self._scheduler.closed(self)

    def __repr__(self) -> str:
        state = "open" if self._is_open else "not open"
        return f"<Batch {self._ref or self.target} {state}>"

    def _repr_html_(self) -> str:
        from quantum_async.display.html import batch_html

        return batch_html(self.target, self._ref, is_open=self._is_open)


def _passing(error: Exception) -> bool:
    return isinstance(error, (TransportError, ServerError, ProtocolError, RateLimitedError))


def check_batch(lane: Lane, device: str) -> None:
    """Refuse a batch that cannot be opened.

    Raises:
        BatchError: The provider has no open batches.
        UnknownTargetError: No device is named.
    """
    if not device:
        raise UnknownTargetError(
            f"{lane.client.name!r} names no device, and without a program none follows",
            provider=lane.client.name,
            remedy="Write on='provider:device'.",
        )
    if not lane.capabilities.open_batch:
        raise BatchError(
            f"{lane.client.name} has no open batches",
            provider=lane.client.name,
            remedy="Submit jobs to the scheduler itself.",
        )
