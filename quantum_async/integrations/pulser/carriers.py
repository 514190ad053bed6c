"""Carriers: how a backend's jobs get to a provider, by themselves or as children of a scheduler."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, TypeAlias

import anyio

from quantum_async.errors import ConfigurationError, QuantumAsyncError
from quantum_async.integrations.pulser.link import Link
from quantum_async.integrations.pulser.outcomes import first_of
from quantum_async.integrations.pulser.results import AsyncResults, LinkSource, SchedulerSource
from quantum_async.models.batch import FailurePolicy
from quantum_async.models.target import Target
from quantum_async.scheduler.scheduler import Scheduler

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterable, Mapping
    from contextlib import AbstractAsyncContextManager

    from pulser.devices import Device

    from quantum_async.integrations.pulser.orders import Order
    from quantum_async.models.submission import JobSpec
    from quantum_async.providers.base import ProviderClient
    from quantum_async.scheduler.batch import Batch
    from quantum_async.scheduler.job import Job

    Via: TypeAlias = ProviderClient | Scheduler
    """What runs a backend's jobs."""


class LinkCarrier:
    """Submit to a client: the jobs go on by themselves.

    Args:
        link: The provider.
    """

    def __init__(self, link: Link) -> None:
        self.link = link
        self._batch_id: str | None = None

    @property
    def is_open(self) -> bool:
        """Whether a batch is open."""
        return self._batch_id is not None

    async def run(self, order: Order) -> AsyncResults:
        """Submit a batch, or add to the open one."""
        if self._batch_id is None:
            batch_id, job_ids = await self.link.submit(order)
        else:
            batch_id = self._batch_id
            job_ids = await self.link.add(batch_id, order)
        return AsyncResults(batch_id, LinkSource(self.link, batch_id, job_ids))

    @asynccontextmanager
    async def open_batch(self, order: Order) -> AsyncGenerator[str]:
        """Keep a batch open; what is run meanwhile goes to it."""
        async with self.link.batch(order) as batch_id:
            self._batch_id = batch_id
            try:
                yield batch_id
            finally:
                self._batch_id = None


class SchedulerCarrier:
    """Submit to a scheduler, which waits for the jobs or cancels them when its block is left.

    Args:
        scheduler: The scheduler.
        link: The provider, for its devices.
    """

    def __init__(self, scheduler: Scheduler, link: Link) -> None:
        self._scheduler = scheduler
        self.link = link
        self._batch: Batch | None = None

    @property
    def is_open(self) -> bool:
        """Whether a batch is open."""
        return self._batch is not None

    async def run(self, order: Order) -> AsyncResults:
        """Submit a batch, or add to the open one."""
        if self._batch is not None:
            return await self._results(order, self._batch)
        if not self.link.client.capabilities.open_batch:
            return await self._results(order, None)
        async with self._opened(order) as batch:
            return await self._results(order, batch)

    @asynccontextmanager
    async def open_batch(self, order: Order) -> AsyncGenerator[str]:
        """Keep a batch open; what is run meanwhile goes to it."""
        async with self._opened(order) as batch:
            self._batch = batch
            try:
                yield batch.id
            finally:
                self._batch = None

    def _opened(self, order: Order) -> AbstractAsyncContextManager[Batch]:
        return self._scheduler.open_batch(
            order.program,
            on=self._on(order),
            on_failure=FailurePolicy.CONTINUE,
            options=order.options,
        )

    async def _results(self, order: Order, batch: Batch | None) -> AsyncResults:
        jobs = await self._submitted(order, batch)
        batch_id = batch.id if batch is not None else jobs[0].ref.batch_id or jobs[0].ref.id
        return AsyncResults(batch_id, SchedulerSource(self._scheduler, jobs))

    async def _submitted(self, order: Order, batch: Batch | None) -> list[Job]:
        """Submit all jobs at once, so that they share a request."""
        jobs: dict[int, Job] = {}

        async def submit(place: int, spec: JobSpec) -> None:
            jobs[place] = await self._scheduler.submit(
                spec.program,
                shots=spec.shots,
                variables=spec.variables,
                on=self._on(order),
                options=spec.options,
                batch=batch.ref if batch is not None else None,
            )

        try:
            async with anyio.create_task_group() as tasks:
                for place, spec in enumerate(order.jobs):
                    tasks.start_soon(submit, place, spec)
        except BaseException as errors:  # noqa: BLE001 -- raised again below
            error = first_of(errors)
            if batch is None or batch is self._batch:
                # Otherwise the batch is this run's alone, and ends with it.
                await self._withdraw(jobs.values(), error)
            raise error from None
        return [jobs[place] for place in range(len(order.jobs))]

    async def _withdraw(self, jobs: Iterable[Job], why: BaseException) -> None:
        """Cancel jobs whose handles nobody is going to get."""

        async def cancel(job: Job) -> None:
            try:
                await job.cancel()
            except QuantumAsyncError as failure:
                why.add_note(f"Cancelling job {job.ref} failed: {failure}")

        with anyio.move_on_after(self._scheduler.grace, shield=True) as scope:
            async with anyio.create_task_group() as tasks:
                for job in jobs:
                    tasks.start_soon(cancel, job)
        if scope.cancelled_caught:
            why.add_note("Jobs of the run were accepted and not cancelled in time; they may run.")

    def _on(self, order: Order) -> str:
        return f"{self.link.client.name}:{order.target}"


def carrier(
    via: Via, target: str, devices: Mapping[str, Device] | None
) -> LinkCarrier | SchedulerCarrier:
    """Find the way to a provider.

    Args:
        via: A client, or a scheduler.
        target: ``provider:device``, where the scheduler has several clients.
        devices: Devices that are offered in place of the provider's own, by their targets.

    Raises:
        ConfigurationError: Which client is meant is not clear.
    """
    if not isinstance(via, Scheduler):
        return LinkCarrier(Link(via, devices))
    name = Target.parse(target).provider if ":" in target else ""
    clients = [client for client in via.clients if not name or client.name == name]
    if len(clients) != 1:
        raise ConfigurationError(
            f"which client of the scheduler is meant by target {target!r} is not clear",
            remedy="Write target='provider:device'; providers here: "
            f"{', '.join(client.name for client in via.clients)}.",
        )
    return SchedulerCarrier(via, Link(clients[0], devices))
