"""The link: one provider as Pulser uses it, batch by batch and by their ids."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Self, TypeVar

import anyio
import anyio.lowlevel

from quantum_async.errors import (
    BatchClosedError,
    BatchError,
    BatchNotClosedError,
    InvalidInputError,
    QuantumAsyncError,
    SubmissionUnknownError,
)
from quantum_async.http.retry import RetryPolicy, repeat
from quantum_async.integrations.pulser.book import BatchEntry, Book
from quantum_async.integrations.pulser.devices import devices_of, target_named
from quantum_async.integrations.pulser.outcomes import first_of
from quantum_async.integrations.pulser.services import service_of
from quantum_async.integrations.pulser.statuses import pulser_batch_status
from quantum_async.integrations.pulser.watching import Watcher
from quantum_async.models.batch import BatchRef
from quantum_async.models.job import JobRef
from quantum_async.scheduler.delivery import Delivery, UnknownPolicy

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
    from types import TracebackType

    from pulser.backend.remote import BatchStatus
    from pulser.devices import Device

    from quantum_async.integrations.pulser.orders import Order
    from quantum_async.integrations.pulser.services import Service
    from quantum_async.models.program import Program
    from quantum_async.providers.base import ProviderClient

PATIENCE = 600.0
"""Longest time in seconds for all attempts of one submission."""

CLOSE_ATTEMPTS = 5
CLOSE_WAIT = 0.1

T = TypeVar("T")


class Link:
    """Submit batches to one provider, and follow them by their ids.

    As a context manager it opens the client, where nobody has, and closes every batch that it
    opened and that is still open.

    Args:
        client: The provider's client.
        devices: Devices that are offered in place of the provider's own, by their targets.
    """

    grace: float = 10.0
    """Longest time in seconds for cancelling and closing on the way out."""

    def __init__(self, client: ProviderClient, devices: Mapping[str, Device] | None = None) -> None:
        self.client = client
        self.service: Service = service_of(client)
        self._book = Book()
        self.watcher: Watcher = Watcher(client, self._book)
        self._devices = dict(devices) if devices is not None else None
        self._is_owner = False

    def __repr__(self) -> str:
        return repr(self.client)

    async def __aenter__(self) -> Self:
        if not self.client.is_open:
            await self.client.open()
            self._is_owner = True
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            for entry in self._book.open_batches():
                await self._leave(entry.ref.id, self.client.close_batch, exc)
        finally:
            if self._is_owner:
                self._is_owner = False
                await self.client.close()

    async def devices(self) -> dict[str, Device]:
        """Give the provider's devices by the name of their target, in one request at most."""
        if self._devices is not None:
            return dict(self._devices)
        return await devices_of(self.client, self.service)

    @property
    def takes_any_device(self) -> bool:
        """Whether sequences run whatever device they were made for."""
        return self.service.is_simulator and self._devices is None

    def target(self, program: Program, device: str, device_type: str = "") -> str:
        """Name the device that a sequence runs on.

        Args:
            program: The sequence.
            device: The name of the device that it was made for.
            device_type: The device that the script names, if it does.

        Raises:
            UnknownTargetError: None follows.
        """
        if named := self.service.target(device_type):
            return named
        if self.service.is_simulator:
            return self.client.default_device(program)
        for target, offered in (self._devices or {}).items():
            if offered.name == device:
                return target
        if known := target_named(self.client, device):
            return known
        return self.client.default_device(program)

    async def submit(self, order: Order) -> tuple[str, list[str]]:
        """Submit jobs as one batch that takes no more.

        Billed: running the jobs is. Cancelled: so are the jobs, if they were accepted.

        Returns:
            The batch's id, and those of the jobs in their order.
        """
        await self._validate(order)
        most = self.client.capabilities.jobs_per_submission
        if len(order.jobs) > most or self.service.needs_batch:
            return await self._submit_in_parts(order, most)
        refs = await self._deliver(order)
        batch_id = refs[0].batch_id or refs[0].id
        ref = self._batch_ref(batch_id, order.target)
        entry = BatchEntry(ref, is_closed=True, is_complete=True)
        self._note(entry, refs)
        return batch_id, [ref.id for ref in refs]

    async def add(self, batch_id: str, order: Order) -> list[str]:
        """Add jobs to an open batch, and return their ids in order.

        Raises:
            BatchClosedError: It takes no more jobs.
        """
        await self._validate(order)
        entry = self._book.batch(batch_id)
        if entry is None:
            entry = BatchEntry(self._batch_ref(batch_id, order.target))
        elif entry.is_closed:
            raise BatchClosedError(
                f"batch {batch_id} is closed", provider=self.client.name, remedy="Open a new one."
            )
        refs = await self._deliver_in_parts(order, entry.ref)
        self._note(entry, refs)
        return [ref.id for ref in refs]

    @asynccontextmanager
    async def batch(self, order: Order) -> AsyncGenerator[str]:
        """Keep a batch open while the block lasts; an error in it cancels the batch.

        Args:
            order: The sequence and options that its jobs share.
        """
        batch_id = await self.open_batch(order)
        try:
            yield batch_id
        except BaseException as error:
            await self._leave(batch_id, self.client.cancel_batch, error)
            raise
        await self.close_batch(batch_id)

    async def open_batch(self, order: Order) -> str:
        """Open a batch, and return its id. Billed: it may reserve the device from now on.

        Raises:
            BatchError: The provider has no open batches.
        """
        client, request = self.client, order.opening()
        # The opening must not be torn off: a batch opened without anyone knowing its id stays open.
        ref = await _whole(
            self._delivery(request.key).deliver(
                lambda: client.open_batch(request), lambda: client.find_batch(request.key)
            )
        )
        self._book.enter(BatchEntry(ref, is_open=True))
        try:
            await anyio.lowlevel.checkpoint_if_cancelled()
        except anyio.get_cancelled_exc_class() as cancelled:
            await self._leave(ref.id, client.cancel_batch, cancelled)
            raise
        return ref.id

    async def close_batch(self, batch_id: str) -> None:
        """Close a batch: its jobs go on, no more can be added. Closing twice is harmless.

        Raises:
            BatchNotClosedError: The provider could not be told; it may still be open.
        """
        await self._leave(batch_id, self.client.close_batch, None)

    async def job_refs(self, batch_id: str, job_ids: Sequence[str] | None = None) -> list[JobRef]:
        """Find jobs of a batch, all of them in the order of creation by default.

        Raises:
            BatchError: The batch is not known, and the provider does not list jobs.
        """
        entry = self._book.batch(batch_id)
        known = entry.jobs if entry is not None else {}
        if job_ids is not None:
            return [known.get(job_id) or self._job_ref(batch_id, job_id) for job_id in job_ids]
        if entry is not None and entry.is_complete:
            return list(entry.jobs.values())
        listed = await self.service.job_ids(batch_id)
        if listed is None:
            if entry is None:
                raise BatchError(
                    f"{self.client.name} does not list jobs, and batch {batch_id} is not known here",
                    provider=self.client.name,
                    remedy="Use the client that it was submitted with.",
                )
            return list(entry.jobs.values())
        refs = [known.get(job_id) or self._job_ref(batch_id, job_id) for job_id in listed]
        if entry is not None and entry.is_closed:
            entry.jobs, entry.is_complete = {ref.id: ref for ref in refs}, True
        return refs

    async def batch_status(self, batch_id: str) -> BatchStatus:
        """Ask where a batch stands, in one request where the provider answers that."""
        word = await self.service.batch_word(batch_id)
        status = pulser_batch_status(word, ()) if word else None
        if status is not None and word.upper() != "UNKNOWN":
            return status
        refs = await self.job_refs(batch_id)
        return pulser_batch_status("", await self.watcher.statuses(refs))

    async def _submit_in_parts(self, order: Order, most: int) -> tuple[str, list[str]]:
        if not self.client.capabilities.open_batch:
            raise InvalidInputError(
                f"{len(order.jobs)} jobs, and {self.client.name} takes {most} in a batch",
                provider=self.client.name,
                remedy="Run them in several calls.",
            )
        async with self.batch(order) as batch_id:
            job_ids = await self.add(batch_id, order)
        return batch_id, job_ids

    async def _deliver_in_parts(self, order: Order, batch: BatchRef) -> list[JobRef]:
        """Deliver jobs one submission after the other; side by side where each takes one job."""
        most = self.client.capabilities.jobs_per_submission
        slots = anyio.Semaphore(self.client.capabilities.requests_in_flight if most == 1 else 1)
        found: dict[int, list[JobRef]] = {}

        async def deliver(place: int, part: Order) -> None:
            async with slots:
                found[place] = await self._deliver(part, batch)

        try:
            async with anyio.create_task_group() as tasks:
                for place, part in enumerate(order.parts(most)):
                    tasks.start_soon(deliver, place, part)
        except BaseException as errors:  # noqa: BLE001 -- raised again below
            error = first_of(errors)
            if found:
                await self._withdraw([ref for refs in found.values() for ref in refs], error)
            raise error from None
        return [ref for place in sorted(found) for ref in found[place]]

    async def _validate(self, order: Order) -> None:
        if not order.jobs:
            raise InvalidInputError("there are no jobs to run", remedy="Pass [{'runs': 100}].")
        for job in order.distinct():
            await self.client.validate(job, order.target)

    async def _deliver(self, order: Order, batch: BatchRef | None = None) -> list[JobRef]:
        client, request = self.client, order.request(batch)

        async def find() -> list[JobRef] | None:
            refs = await client.find(request.key)
            if refs and len(refs) != len(request.jobs):
                found = f"{len(refs)} jobs were found where {len(request.jobs)} were sent"
                raise SubmissionUnknownError(
                    found,
                    key=request.key,
                    provider=client.name,
                    remedy=f"Look at them, and cancel those that you do not want: "
                    f"{', '.join(ref.id for ref in refs)}.",
                )
            return refs or None

        # Neither must this: its jobs would run without anyone knowing their ids.
        refs = await _whole(
            self._delivery(request.key).deliver(lambda: client.submit(request), find)
        )
        try:
            await anyio.lowlevel.checkpoint_if_cancelled()
        except anyio.get_cancelled_exc_class() as cancelled:
            await self._withdraw(refs, cancelled)
            raise
        return refs

    async def _withdraw(self, refs: list[JobRef], why: BaseException) -> None:
        """Cancel jobs whose ids nobody is going to get."""
        names = ", ".join(ref.id for ref in refs)
        with anyio.move_on_after(self.grace, shield=True) as scope:
            try:
                if not await self.client.cancel(refs):
                    return
            except QuantumAsyncError as failure:
                why.add_note(f"Cancelling failed: {failure}")
        late = " in time" if scope.cancelled_caught else ""
        why.add_note(f"Jobs {names} were accepted and not cancelled{late}; they may run.")

    async def _leave(
        self,
        batch_id: str,
        operation: Callable[[BatchRef], Awaitable[None]],
        reason: BaseException | None,
    ) -> None:
        """Close or cancel a batch, whatever happens; a failure is told without hiding the reason."""
        entry = self._book.batch(batch_id) or BatchEntry(self._batch_ref(batch_id, ""))
        policy = RetryPolicy(CLOSE_ATTEMPTS, total=self.grace, first=CLOSE_WAIT)
        failure: QuantumAsyncError | None = None
        with anyio.move_on_after(self.grace, shield=True) as scope:
            try:
                await repeat(lambda: operation(entry.ref), policy)
            except QuantumAsyncError as error:
                failure = error
        if failure is None and not scope.cancelled_caught:
            entry.is_open, entry.is_closed = False, True
            return
        why = f": {failure}" if failure is not None else f" within {self.grace:g} s"
        message = f"batch {batch_id} could not be closed{why}"
        if reason is not None:
            reason.add_note(f"{message}; it may still be open and reserve the device.")
            return
        raise BatchNotClosedError(
            message,
            batch_id=batch_id,
            provider=self.client.name,
            remedy="It may still be open and reserve the device: close it by its id.",
        ) from failure

    def _delivery(self, key: str) -> Delivery:
        return Delivery(
            self.client,
            key,
            patience=PATIENCE,
            policy=UnknownPolicy.AT_MOST_ONCE,
            notify=lambda _: None,
        )

    def _note(self, entry: BatchEntry, refs: Sequence[JobRef]) -> None:
        entry.jobs.update({ref.id: ref for ref in refs})
        self._book.enter(entry)

    def _batch_ref(self, batch_id: str, target: str) -> BatchRef:
        return BatchRef(self.client.provider, batch_id, target, account=self.client.account)

    def _job_ref(self, batch_id: str, job_id: str) -> JobRef:
        return JobRef(
            self.client.provider, job_id, batch_id=batch_id or None, account=self.client.account
        )


async def _whole(work: Awaitable[T]) -> T:
    """Await something that a cancellation must not tear off."""
    with anyio.CancelScope(shield=True):
        return await work
    raise AssertionError("unreachable: nobody cancels this scope")
