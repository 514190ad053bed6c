"""The link: one provider as Pulser uses it, batch by batch and by their ids, through a scheduler."""

from __future__ import annotations

import os
import time
from contextlib import asynccontextmanager
from functools import partial
from itertools import count
from typing import TYPE_CHECKING, Self, cast
from weakref import WeakKeyDictionary

import anyio
import anyio.to_thread

from quantum_async.errors import (
    BatchError,
    ConfigurationError,
    InvalidInputError,
    QuantumAsyncError,
)
from quantum_async.integrations.pulser.results import Outcome, pulser_batch_status
from quantum_async.models._recent import Recent
from quantum_async.models.batch import BatchRef
from quantum_async.models.job import JobRef
from quantum_async.models.target import Target
from quantum_async.providers.base import provider
from quantum_async.scheduler.inputs import refuse_beside_scheduler, the_client
from quantum_async.scheduler.leaving import Left
from quantum_async.scheduler.scheduler import Scheduler

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Mapping, Sequence
    from pathlib import Path
    from types import TracebackType
    from typing import TypeAlias

    from pulser.backend.remote import BatchStatus
    from pulser.devices import Device

    from quantum_async.integrations.pulser.orders import Order
    from quantum_async.journal.base import Journal
    from quantum_async.models.cost import Budget
    from quantum_async.models.limits import Limits
    from quantum_async.models.program import Program
    from quantum_async.providers.base import ProviderClient
    from quantum_async.providers.pasqal.client import PasqalClient
    from quantum_async.scheduler.batch import Batch
    from quantum_async.scheduler.job import Job

    Via: TypeAlias = ProviderClient | Scheduler

    """What runs jobs."""


class Service:
    """A provider of which only the contract is known.

    Args:
        client: The provider's client.
    """

    is_simulator = False
    """Whether it runs sequences made for any device."""
    needs_batch = False
    """Whether jobs are found by the id of a batch only if one was opened for them."""
    emulator = ""
    """The device that emulates where none is named; empty where the client decides."""

    def __init__(self, client: ProviderClient) -> None:
        self._client = client

    async def specifications(self) -> Mapping[str, str]:
        """Return Pulser's abstract representations of the devices, by the name of the target."""
        devices = await self._client.devices()
        return {item.name: item.specification for item in devices if item.specification}

    def target(self, device_type: str) -> str:
        """Name the device that a script means; empty where the client decides."""
        return device_type


class LocalService(Service):
    """The simulator of this package, which stands for every device and every emulator."""

    is_simulator = True
    needs_batch = True

    async def specifications(self) -> Mapping[str, str]:
        """Return the devices that Pulser brings along as examples."""
        from pulser.devices import AnalogDevice, DigitalAnalogDevice

        examples = (AnalogDevice, DigitalAnalogDevice)
        return {device.name: device.to_abstract_repr() for device in examples}

    def target(self, device_type: str) -> str:
        """Leave the device to the client: an emulator's name means its simulator."""
        del device_type
        return ""


class PasqalService(Service):
    """Pasqal Cloud.

    Args:
        client: A `PasqalClient`.
    """

    emulator = "EMU_FREE"

    def __init__(self, client: ProviderClient) -> None:
        super().__init__(client)
        self._pasqal = cast("PasqalClient", client)

    async def specifications(self) -> Mapping[str, str]:
        """Read the specifications of the devices, in one request."""
        return await self._pasqal.specs.all()


class AzureService(Service):
    """Pasqal's targets on Azure Quantum, where a session is a batch.

    Args:
        client: An `AzureClient`.
    """

    needs_batch = True
    emulator = "EMU_FREE"

    async def specifications(self) -> Mapping[str, str]:
        """Read the specifications that Pasqal shows to everybody: Azure has none."""
        async with _public_pasqal() as client:
            found = await client.specs.public()
        return {_azure_name("qpu", name): text for name, text in found.items()}

    def target(self, device_type: str) -> str:
        """Name the target of what Pasqal calls a device itself."""
        if "." in device_type or not device_type:
            return device_type
        return _azure_name("sim" if device_type.startswith("EMU_") else "qpu", device_type)


def _azure_name(kind: str, device_type: str) -> str:
    return f"pasqal.{kind}.{device_type.lower().replace('_', '-')}"


def _public_pasqal() -> PasqalClient:
    pasqal = cast("type[PasqalClient]", provider("pasqal"))
    base = os.environ.get("PASQAL_CLOUD_BASE_URL", "")
    if not base:
        return pasqal()
    # What everybody may read is asked for without showing any token.
    return pasqal.from_env(
        {"QUANTUM_ASYNC_PASQAL_CORE_URL": base, "QUANTUM_ASYNC_PASQAL_TOKEN": "none"}
    )


_SERVICES: dict[str, type[Service]] = {
    "azure": AzureService,
    "local": LocalService,
    "pasqal": PasqalService,
}


def service_of(client: ProviderClient) -> Service:
    """Give what is known of a client's provider."""
    return _SERVICES.get(client.provider, Service)(client)


LASTING = 300.0
"""How long specifications are taken to hold, in seconds."""

_read: WeakKeyDictionary[ProviderClient, tuple[float, dict[str, Device]]] = WeakKeyDictionary()


async def devices_of(client: ProviderClient, service: Service) -> dict[str, Device]:
    """Give a provider's devices by the name of their target.

    Args:
        client: The provider's client; all that use it share what was read.
        service: The provider.

    Raises:
        ProgramSyntaxError: The installed Pulser cannot read a specification.
    """
    found = _read.get(client)
    if found is not None and time.monotonic() - found[0] < LASTING:
        return dict(found[1])
    texts = await service.specifications()
    devices = await anyio.to_thread.run_sync(_parsed, texts)
    _read[client] = time.monotonic(), devices
    return dict(devices)


def target_named(client: ProviderClient, name: str) -> str:
    """Find the target whose device has a name, as far as specifications were read."""
    _, known = _read.get(client, (0.0, {}))
    return next((target for target, device in known.items() if device.name == name), "")


def _parsed(texts: Mapping[str, str]) -> dict[str, Device]:
    from pulser.devices import Device

    from quantum_async.errors import ProgramSyntaxError

    devices = {}
    for name, text in texts.items():
        try:
            devices[name] = Device.from_abstract_repr(text)
        except Exception as error:
            # Schema, key and value errors of several libraries.
            raise ProgramSyntaxError(
                f"the installed Pulser cannot read the device {name}: {error}",
                source=f"<{name}>",
                remedy="Update pulser-core.",
            ) from error
    return devices


RESULTS = 60.0
"""Longest time in seconds to wait for results of jobs that have ended."""

_KEPT = 1_000
"""Batches that are remembered, each with all its jobs; those used least lately are forgotten."""


class Link:
    """Submit batches to one provider, and follow them by their ids.

    With a scheduler, whoever entered that one owns the jobs. With a client, jobs go on by
    themselves: as an async context manager this is a scheduler's block that is left without them;
    without one, each call is such a block of its own.

    Args:
        via: The provider's client, or a scheduler.
        target: The device, as ``provider:device`` where a scheduler has several clients.
        devices: Devices that are offered in place of the provider's own, by their targets.
        name: What its submissions are called in a journal, so that the same again continues them.
        journal: Where jobs are written down; see `Scheduler`.
        budget: The most that may be spent.
        limits: How much is done at once.

    Raises:
        ConfigurationError: Which client of the scheduler is meant is not clear, or what a
            scheduler has itself was given beside it.
    """

    def __init__(
        self,
        via: Via,
        target: str = "",
        devices: Mapping[str, Device] | None = None,
        *,
        name: str | None = None,
        journal: str | Path | Journal | None = None,
        budget: Budget | None = None,
        limits: Limits | None = None,
    ) -> None:
        self._scheduler = via if isinstance(via, Scheduler) else None
        self._is_guest = isinstance(via, Scheduler)
        if isinstance(via, Scheduler):
            refuse_beside_scheduler(journal=journal, budget=budget, limits=limits)
            self.client: ProviderClient = the_client(
                via.clients,
                name=Target.parse(target).provider if ":" in target else "",
                remedy="Write target='provider:device'",
            )
        else:
            self.client = via
        self.target_name: str = target.removeprefix(f"{self.client.name}:")
        self.service: Service = service_of(self.client)
        self.grace: float = 10.0
        """Longest time in seconds for cancelling and closing on the way out."""
        self._make = partial(
            Scheduler,
            self.client,
            journal=journal,
            budget=budget,
            limits=limits,
            on_cancel="detach",
        )
        self._devices = dict(devices) if devices is not None else None
        self._name = name
        self._numbers = count(1)
        self._jobs: Recent[str, dict[str, Job]] = Recent(_KEPT)
        self._batches: Recent[str, Batch] = Recent(_KEPT)
        self._closed: Recent[str, list[str]] = Recent(_KEPT)

    def __repr__(self) -> str:
        return repr(self.client)

    async def __aenter__(self) -> Self:
        if not self._is_guest:
            scheduler = self._make(grace=self.grace)
            await scheduler.__aenter__()
            self._scheduler = scheduler
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        scheduler = self._scheduler
        if self._is_guest or scheduler is None:
            return
        self._scheduler = None
        reason = exc
        try:
            if exc is None:
                for batch in [batch for batch in self._batches.values() if batch.is_owned]:
                    await batch.close()
        except BaseException as failure:
            reason = failure
            raise
        finally:
            await self._leave(scheduler, reason)

    @property
    def unfinished(self) -> tuple[JobRef, ...]:
        """The jobs that are not known to have ended; sends nothing."""
        return self._scheduler.unfinished if self._scheduler is not None else ()

    def _what_is_left(self) -> list[str]:
        """Say what may go on, for who leaves before all is cancelled; from any thread."""
        if self._scheduler is None:
            return []
        return self._scheduler._what_is_left()  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]

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

    @asynccontextmanager
    async def engine(self) -> AsyncGenerator[Scheduler]:
        """Give the scheduler that there is, or one for as long as the block lasts."""
        if self._scheduler is not None:
            yield self._scheduler
            return
        if not self.client.is_open:
            raise ConfigurationError(
                "the client is not open",
                provider=self.client.provider,
                remedy="Enter it: async with it, or use a Scheduler.",
            )
        scheduler = self._make(grace=self.grace)
        await scheduler.__aenter__()
        reason: BaseException | None = None
        try:
            yield scheduler
        except BaseException as caught:
            reason = caught
            raise
        finally:
            await self._leave(scheduler, reason)

    async def submit(self, order: Order) -> tuple[str, list[str]]:
        """Submit jobs as one batch that takes no more.

        Billed: running the jobs is. Cancelled: so are the jobs, if they were accepted.

        Returns:
            The batch's id, and those of the jobs in their order.
        """
        _check(order)
        async with self.engine() as scheduler:
            jobs = await scheduler.submit_many(
                order.program,
                order.jobs,
                on=self._on(order.target),
                options=order.options,
                name=self._next_name(),
                batch=self.service.needs_batch and self.client.capabilities.open_batch,
            )
            batch_id = jobs[0].ref.batch_id or jobs[0].ref.id
            self._closed[batch_id] = self._keep(batch_id, jobs)
        return batch_id, self._closed[batch_id]

    async def add(self, batch_id: str, order: Order) -> list[str]:
        """Add jobs to an open batch, and return their ids in order.

        Raises:
            BatchClosedError: It takes no more jobs.
        """
        _check(order)
        async with self.engine() as scheduler:
            batch = await self._batch(scheduler, batch_id, order.target)
            jobs = await scheduler.submit_many(
                order.program,
                order.jobs,
                on=self._on(order.target),
                options=order.options,
                name=self._next_name(),
                batch=batch.open_ref(),
            )
            return self._keep(batch_id, jobs)

    @asynccontextmanager
    async def batch(self, order: Order) -> AsyncGenerator[str]:
        """Keep a batch open while the block lasts; an error in it cancels the batch.

        Args:
            order: The sequence and options that its jobs share.
        """
        before = self._scheduler
        async with self.engine() as scheduler, self._opening(scheduler, order) as batch:
            self._scheduler = scheduler
            self._batches[batch.id] = batch
            try:
                yield batch.id
            finally:
                self._scheduler = before

    async def open_batch(self, order: Order) -> str:
        """Open a batch, and return its id. Billed: it may reserve the device from now on.

        Raises:
            BatchError: The provider has no open batches.
        """
        async with self.engine() as scheduler:
            batch = self._opening(scheduler, order)
            await batch.open()
        self._batches[batch.id] = batch
        return batch.id

    async def close_batch(self, batch_id: str) -> None:
        """Close a batch: its jobs go on, no more can be added. Closing twice is harmless.

        Raises:
            BatchNotClosedError: The provider could not be told; it may still be open.
        """
        async with self.engine() as scheduler:
            batch = await self._batch(scheduler, batch_id)
            await batch.close()

    async def job_ids(self, batch_id: str) -> list[str]:
        """List the jobs of a batch in the order of their creation.

        Raises:
            BatchError: The batch is not known here, and the provider does not list jobs.
        """
        async with self.engine() as scheduler:
            return [job.ref.id for job in await self._found(scheduler, batch_id)]

    async def outcomes(self, batch_id: str, job_ids: Sequence[str] | None = None) -> list[Outcome]:
        """Sum up jobs as they are now, with what results are there.

        Args:
            batch_id: Their batch.
            job_ids: Which of its jobs; all by default.
        """
        async with self.engine() as scheduler:
            jobs = await self._found(scheduler, batch_id, job_ids)
            await scheduler.statuses(jobs)
            ended = [job for job in jobs if job.state.status.is_terminal]
            with anyio.move_on_after(RESULTS):
                async for _ in scheduler.as_completed(ended):
                    pass
            return [await _outcome(job) for job in jobs]

    async def wait(self, batch_id: str, job_ids: Sequence[str] | None = None) -> list[Outcome]:
        """Wait until every job is over, however it ended. Cancelled: the jobs go on."""
        async with self.engine() as scheduler:
            jobs = await self._found(scheduler, batch_id, job_ids)
            async for _ in scheduler.as_completed(jobs):
                pass
            return [await _outcome(job) for job in jobs]

    async def as_completed(
        self, batch_id: str, job_ids: Sequence[str] | None = None
    ) -> AsyncIterator[Outcome]:
        """Yield each job's outcome once it is over, whether or not others failed."""
        async with self.engine() as scheduler:
            jobs = await self._found(scheduler, batch_id, job_ids)
            async for job in scheduler.as_completed(jobs):
                yield await _outcome(job)

    async def cancel(self, batch_id: str, job_ids: Sequence[str] | None = None) -> None:
        """Cancel jobs; one that cannot be cancelled holds up no other."""
        async with self.engine() as scheduler:
            await scheduler.cancel(await self._found(scheduler, batch_id, job_ids))

    async def batch_status(self, batch_id: str) -> BatchStatus:
        """Ask where a batch stands, in one request where the provider answers that."""
        known = self._jobs.get(batch_id, {})
        ended = {job_id: job for job_id, job in known.items() if job.is_settled}
        if ended and ended.keys() == set(self._closed.get(batch_id, ())):
            return pulser_batch_status("", [job.state.status for job in ended.values()])
        async with self.engine() as scheduler:
            if self.client.capabilities.open_batch:
                state = await (await self._batch(scheduler, batch_id)).state()
                if state.reported and state.reported.upper() != "UNKNOWN":
                    return pulser_batch_status(state.reported, ())
            jobs = await self._found(scheduler, batch_id)
            return pulser_batch_status("", await scheduler.statuses(jobs))

    async def _leave(self, scheduler: Scheduler, reason: BaseException | None) -> None:
        """Leave a scheduler's block, but not wait for its jobs."""
        left = Left() if reason is None else reason
        ended = {
            batch_id: {job_id: job for job_id, job in jobs.items() if job.is_settled}
            for batch_id, jobs in self._jobs.items()
        }
        try:
            await scheduler.__aexit__(type(left), left, left.__traceback__)
        finally:
            self._jobs.update(ended)
            self._batches.clear()

    def _next_name(self) -> str | None:
        return None if self._name is None else f"{self._name}/{next(self._numbers)}"

    def _on(self, target: str) -> str:
        return f"{self.client.name}:{target}"

    def _opening(self, scheduler: Scheduler, order: Order) -> Batch:
        return scheduler.open_batch(order.program, on=self._on(order.target), options=order.options)

    def _keep(self, batch_id: str, jobs: Iterable[Job]) -> list[str]:
        kept = {job.ref.id: job for job in jobs}
        self._jobs[batch_id] = self._jobs.get(batch_id, {}) | kept
        return list(kept)

    async def _batch(self, scheduler: Scheduler, batch_id: str, target: str = "") -> Batch:
        """Find a batch; one that was opened elsewhere is left open."""
        batch = self._batches.get(batch_id)
        if batch is None:
            ref = BatchRef(self.client.provider, batch_id, target, account=self.client.account)
            batch = await scheduler.adopt(ref)
            batch.detach()
            self._batches[batch_id] = batch
        return batch

    async def _found(
        self, scheduler: Scheduler, batch_id: str, job_ids: Sequence[str] | None = None
    ) -> list[Job]:
        """Follow jobs of a batch, all of them by default."""
        if job_ids is None:
            job_ids = self._closed.get(batch_id)
        if job_ids is None:
            jobs = await self._listed(scheduler, batch_id)
        else:
            known = self._jobs.get(batch_id, {})
            missing = [job_id for job_id in job_ids if job_id not in known]
            found = await scheduler.adopted([self._ref(batch_id, each) for each in missing])
            known = known | dict(zip(missing, found, strict=True))
            jobs = [known[job_id] for job_id in job_ids]
        self._keep(batch_id, jobs)
        return jobs

    async def _listed(self, scheduler: Scheduler, batch_id: str) -> list[Job]:
        try:
            batch = await self._batch(scheduler, batch_id)
            jobs = await batch.jobs()
        except BatchError as error:
            raise BatchError(
                f"batch {batch_id} is not known here: {error}",
                provider=self.client.provider,
                remedy="Use the connection that it was submitted with.",
            ) from error
        if not batch.is_open:
            self._closed[batch_id] = [job.ref.id for job in jobs]
        known = self._jobs.get(batch_id, {})
        return [known.get(job.ref.id) or job for job in jobs]

    def _ref(self, batch_id: str, job_id: str) -> JobRef:
        return JobRef(
            self.client.provider, job_id, batch_id=batch_id or None, account=self.client.account
        )


async def _outcome(job: Job) -> Outcome:
    if not job.is_settled:
        return Outcome(job.ref.id, job.state)
    try:
        result = await job
    except QuantumAsyncError as error:
        return Outcome(job.ref.id, job.state, error=error)
    return Outcome(job.ref.id, job.state, result)


def _check(order: Order) -> None:
    if not order.jobs:
        raise InvalidInputError("there are no jobs to run", remedy="Pass [{'runs': 100}].")
