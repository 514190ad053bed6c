"""The provider, awaited: backends of one client, whose jobs belong to a scheduler."""

from __future__ import annotations

import uuid
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, contextmanager
from itertools import count
from typing import TYPE_CHECKING, Literal

import anyio
import anyio.to_thread
from anyio import AsyncContextManagerMixin

from quantum_async.errors import ConfigurationError, SchedulerClosedError, UnsupportedProgramError
from quantum_async.integrations.qiskit.async_backend import AsyncBackend
from quantum_async.integrations.qiskit.async_job import AsyncJob
from quantum_async.integrations.qiskit.ids import parts_of
from quantum_async.integrations.qiskit.runs import FoundRun
from quantum_async.integrations.qiskit.services import service_of
from quantum_async.models.job import JobRef
from quantum_async.providers.base import provider
from quantum_async.scheduler.routing import check_name
from quantum_async.scheduler.scheduler import Scheduler

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Generator
    from pathlib import Path
    from typing import Self

    from quantum_async.integrations.qiskit.machines import Machine
    from quantum_async.integrations.qiskit.runs import Outcome, Run
    from quantum_async.integrations.qiskit.services import Service
    from quantum_async.journal.base import Journal
    from quantum_async.models.cost import Budget
    from quantum_async.models.limits import Limits
    from quantum_async.providers.base import ProviderClient


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
        ConfigurationError: Which client is meant is not clear.
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
        self._is_guest = isinstance(via, Scheduler)
        if isinstance(via, Scheduler):
            self.client: ProviderClient = _client_of(via, name)
        else:
            self.client = provider(via).from_env() if isinstance(via, str) else via
        self.service: Service = service_of(self.client)
        self.on_cancel: Literal["cancel", "detach"] = on_cancel
        self._journal = journal
        self._limits = limits
        self._budget = budget
        self._found: list[FoundRun] = []
        self._waits: dict[anyio.CancelScope, Run] = {}

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
        try:
            async with AsyncExitStack() as stack:
                if not self._is_guest:
                    self._scheduler = await stack.enter_async_context(self._make())
                try:
                    yield self
                finally:
                    await self._let_go()
        finally:
            if not self._is_guest:
                self._scheduler = None
                self._end_waits()

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
                try:
                    machines.append(await self.service.described(device))
                except UnsupportedProgramError:
                    continue  # nobody could transpile a circuit for it
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

    async def found(self, job_id: str, device: str = "") -> tuple[FoundRun, str]:
        """Follow the circuits of a job again.

        Args:
            job_id: The job.
            device: Where it runs, if that is known.
        """
        groups = []
        for name, number in parts_of(job_id):
            told, circuits = await self.service.found(name)
            device = device or told
            refs = [self._ref(name, device, index) for index in range(number or circuits)]
            groups.append((await self.scheduler.adopt(refs[0]), refs))
        run = FoundRun(self.scheduler, self.client, groups)
        self._found.append(run)
        return run, device

    async def _backend(self, machine: Machine) -> AsyncBackend:
        # On a thread, because it reads this package's version from a file.
        return await anyio.to_thread.run_sync(AsyncBackend, self, machine)

    def _ref(self, job_id: str, device: str, index: int) -> JobRef:
        return JobRef(
            self.client.provider,
            job_id,
            device,
            key=uuid.uuid4().hex,
            index=index,
            account=self.client.account,
            identity=self.client.identity,
        )

    def _make(self) -> Scheduler:
        return Scheduler(
            self.client,
            journal=self._journal,
            on_cancel=self.on_cancel,
            limits=self._limits,
            budget=self._budget,
        )

    @contextmanager
    def waiting(self, job_id: str, *runs: Run) -> Generator[None]:
        """Wait for runs no longer than somebody follows them.

        Args:
            job_id: The job, for the error.
            *runs: What is waited for.

        Raises:
            SchedulerClosedError: The provider was closed, and the job goes on by itself.
        """
        scopes = [anyio.CancelScope() for _ in runs]
        with ExitStack() as stack:
            for scope, run in zip(scopes, runs, strict=True):
                stack.enter_context(scope)
                self._waits[scope] = run
                if run.scheduler is not self._scheduler and not run.is_over:
                    scope.cancel()
            try:
                yield
            except SchedulerClosedError as error:
                raise self._closed(job_id) from error
            finally:
                for scope in scopes:
                    self._waits.pop(scope, None)
        if any(scope.cancelled_caught for scope in scopes):
            raise self._closed(job_id)

    async def followed(self, job_id: str, run: Run) -> AsyncIterator[tuple[int, Outcome]]:
        """Yield the outcomes of a run as they come, no longer than somebody follows it.

        Args:
            job_id: The job, for the error.
            run: The run.

        Raises:
            SchedulerClosedError: The provider was closed, and the job goes on by itself.
        """
        steps = run.finished()
        while True:
            # A scope may not be left open while the caller has the outcome.
            with self.waiting(job_id, run):
                step = await anext(steps, None)
            if step is None:
                return
            if isinstance(step[1], SchedulerClosedError):
                raise self._closed(job_id) from step[1]
            yield step

    def _closed(self, job_id: str) -> SchedulerClosedError:
        """Say in this door's words that nobody follows a job any more."""
        return SchedulerClosedError(
            f"job {job_id} is not followed any more: its provider was closed",
            provider=self.client.provider,
            job_id=job_id,
            accepted="unknown",
            remedy="What the provider has accepted goes on there: "
            "provider.retrieve_job(job_id) finds a backend's job again.",
        )

    def _end_waits(self) -> None:
        for scope, run in list(self._waits.items()):
            if not run.is_over:
                scope.cancel()

    async def _let_go(self) -> None:
        found, self._found = self._found, []
        with anyio.CancelScope(shield=True):
            for run in found:
                await run.let_go()


def _client_of(scheduler: Scheduler, name: str) -> ProviderClient:
    clients = [client for client in scheduler.clients if not name or client.name == name]
    if len(clients) != 1:
        known = ", ".join(client.name for client in scheduler.clients)
        raise ConfigurationError(
            f"which client of the scheduler is meant by {name!r} is not clear",
            remedy=f"Pass name= with one of: {known}.",
        )
    return clients[0]
