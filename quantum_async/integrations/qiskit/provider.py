"""The provider, awaited: backends of one client, jobs of a scheduler."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext, suppress
from functools import partial
from itertools import count
from typing import TYPE_CHECKING, Literal, Self, TypeVar

import anyio
import anyio.to_thread
from anyio import AsyncContextManagerMixin

from quantum_async.errors import ConfigurationError, UnsupportedProgramError
from quantum_async.integrations.qiskit.backends import AsyncBackend
from quantum_async.integrations.qiskit.jobs import AsyncJob, JobsRun, outcome_of, parts_of
from quantum_async.integrations.qiskit.machines import service_of
from quantum_async.models.job import JobRef
from quantum_async.providers.base import provider
from quantum_async.scheduler.inputs import check_name, refuse_beside_scheduler, the_client
from quantum_async.scheduler.scheduler import Scheduler

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from pathlib import Path

    from quantum_async.integrations.qiskit.machines import Machine, Service
    from quantum_async.journal.base import Journal
    from quantum_async.models.cost import Budget
    from quantum_async.models.limits import Limits
    from quantum_async.providers.base import ProviderClient
    from quantum_async.scheduler.job import Job

T = TypeVar("T")


class AsyncProvider(AsyncContextManagerMixin):
    """Qiskit's view of one provider, to be awaited.

    With a client, the ``async with`` block is a scheduler's: leaving it normally waits for the
    jobs that were submitted in it, leaving it by an error cancels them, and the client is closed
    if it was opened here. With a `Scheduler`, whoever entered that one owns the jobs. Jobs that
    were only retrieved are neither waited for nor cancelled.

    Constructing it sends nothing.

    Args:
        via: A client, a scheduler that is entered, or the name of a provider, such as
            ``"local"``, whose client is then made from environment variables.
        name: Which provider is meant, where a scheduler has several clients.
        journal: Where jobs are written down before they are sent; see `Scheduler`.
        on_cancel: What happens to unfinished jobs when the block is left by an error.
        limits: How much is done at once.
        budget: The most that may be spent.
        run: What this script's submissions are called. With a journal, the same script continues
            under the same name: what it submits first, second and so on is found again, and only
            what is missing is sent.

    Raises:
        ConfigurationError: Which client is meant is not clear, or what a scheduler has itself was
            given beside it.
        UnknownTargetError: There is no such provider.

    Example:
        ```python
        from qiskit import QuantumCircuit, transpile
        from quantum_async.integrations.qiskit import AsyncProvider, AsyncSampler

        bell = QuantumCircuit(2)
        bell.h(0)
        bell.cx(0, 1)
        bell.measure_all()

        async with AsyncProvider("local") as provider:
            backend = await provider.backend("statevector")
            job = await backend.run(transpile(bell, backend), shots=100)
            result = await job
            sampled = await (await AsyncSampler(backend).run([bell], shots=100))
        assert set(result.get_counts()) <= {"00", "11"}
        assert sampled[0].data.meas.num_shots == 100
        ```
    """

    def __init__(
        self,
        via: ProviderClient | Scheduler | str,
        *,
        name: str = "",
        journal: str | Path | Journal | None = None,
        on_cancel: Literal["cancel", "detach"] = "cancel",
        limits: Limits | None = None,
        budget: Budget | None = None,
        run: str | None = None,
    ) -> None:
        check_name(run)
        self._run = run
        self._numbers = count(1)
        self._scheduler = via if isinstance(via, Scheduler) else None
        self._is_guest = self._scheduler is not None
        if isinstance(via, Scheduler):
            refuse_beside_scheduler(
                journal=journal,
                limits=limits,
                budget=budget,
                on_cancel=None if on_cancel == "cancel" else on_cancel,
            )
            self.client: ProviderClient = the_client(via.clients, name=name, remedy="Pass name=")
        else:
            self.client = provider(via).from_env() if isinstance(via, str) else via
        self.service: Service = service_of(self.client)
        self.on_cancel: Literal["cancel", "detach"] = on_cancel
        self._make = partial(Scheduler, self.client, journal=journal, limits=limits, budget=budget)
        self._found: list[Job] = []

    def __repr__(self) -> str:
        return f"<AsyncProvider of {self.client!r}>"

    @property
    def scheduler(self) -> Scheduler:
        """What runs the jobs.

        Raises:
            ConfigurationError: The provider's block is not entered.
        """
        if self._scheduler is None:
            raise ConfigurationError(
                "the provider is not open",
                provider=self.client.name,
                remedy="Use it inside: async with AsyncProvider(...) as provider.",
            )
        return self._scheduler

    @property
    def grace(self) -> float:
        """Longest time in seconds for cancelling and closing on the way out."""
        return self._scheduler.grace if self._scheduler is not None else 10.0

    @property
    def unfinished(self) -> tuple[JobRef, ...]:
        """The jobs that are not known to have ended; sends nothing."""
        return self._scheduler.unfinished if self._scheduler is not None else ()

    @asynccontextmanager
    async def __asynccontextmanager__(self) -> AsyncGenerator[Self]:
        opened: AbstractAsyncContextManager[Scheduler | None] = (
            nullcontext(self._scheduler) if self._is_guest else self._make(on_cancel=self.on_cancel)
        )
        try:
            async with opened as self._scheduler:
                try:
                    yield self
                finally:
                    await self._let_go()
        finally:
            if not self._is_guest:
                self._scheduler = None

    def next_name(self) -> str | None:
        """Name the next submission in the journal, or say that it has no name."""
        return None if self._run is None else f"{self._run}/{next(self._numbers)}"

    async def backend(self, name: str = "") -> AsyncBackend:
        """Ask the provider for a backend.

        Args:
            name: The device, such as ``"garnet"``; the client's own or usual one by default.

        Raises:
            UnknownTargetError: There is none of that name that runs circuits.
            UnsupportedProgramError: The provider does not say which gates it takes.
        """
        return await self._backend(await self.service.machine(name))

    async def get_backend(self, name: str = "") -> AsyncBackend:
        """Ask for a backend, by the name that older scripts use; see `backend`."""
        return await self.backend(name)

    async def backends(self, name: str = "") -> list[AsyncBackend]:
        """Ask for all devices that run circuits and say which gates they take.

        Args:
            name: Only the device of this name; none is found where there is none.
        """
        return [await self._backend(machine) for machine in await self.machines(name)]

    async def machines(self, name: str = "") -> list[Machine]:
        """Ask for what there is to know of every device, as `backends` does."""
        machines = []
        for device in await self.service.devices():
            if not name or device.name == name:
                with suppress(UnsupportedProgramError):  # nobody could transpile for it
                    machines.append(await self.service.described(device))
        return machines

    async def retrieve_job(self, job_id: str) -> AsyncJob:
        """Find a job by its id, in whichever process it was submitted.

        Its circuits are not known, so that they are called by their numbers.

        Args:
            job_id: What ``job_id()`` returned, or the provider's own id.

        Raises:
            NotFoundError: The provider knows no such job.
            InvalidInputError: This is no id.
        """
        run, device = await self.found(job_id)
        backend = await self.backend(device) if device else None
        return AsyncJob(job_id, self, run, backend)

    async def found(self, job_id: str, device: str = "") -> tuple[JobsRun, str]:
        """Follow the circuits of a job again.

        Args:
            job_id: The job.
            device: Where it runs, if that is known.
        """
        client, refs = self.client, []
        ref = partial(JobRef, client.provider, account=client.account, identity=client.identity)
        for name, number in parts_of(job_id):
            told, circuits = await self.service.found(name)
            device = device or told
            refs += [ref(name, device, index=index) for index in range(number or circuits)]
        owned = {ref.id for ref in self.scheduler.unfinished}
        jobs = await self.scheduler.adopted(refs)
        self._found += [job for job in jobs if job.id not in owned]
        return JobsRun(self.scheduler, jobs), device

    async def _backend(self, machine: Machine) -> AsyncBackend:
        # On a thread, because it reads this package's version from a file.
        return await anyio.to_thread.run_sync(AsyncBackend, self, machine)

    async def _let_go(self) -> None:
        """Leave jobs that were found to themselves: whoever only looks at a job does not own it."""
        while self._found:
            job = self._found.pop()
            if job.is_settled:
                await outcome_of(job)
            else:
                job.detach()
