"""The provider for scripts and notebooks: Qiskit's own interfaces, nothing to await."""

from __future__ import annotations

import threading
import weakref
from functools import partial
from typing import TYPE_CHECKING, Self, TypeVar

from quantum_async.blocking._block import Block
from quantum_async.blocking._handle import ClientHandle, Handle, unwrap
from quantum_async.blocking._progress import Reporter
from quantum_async.blocking._pump import Pump
from quantum_async.blocking._session import Session
from quantum_async.errors import ConfigurationError, FacadeError
from quantum_async.integrations.qiskit.async_provider import AsyncProvider
from quantum_async.integrations.qiskit.backend import QuantumAsyncBackend
from quantum_async.integrations.qiskit.job import QuantumAsyncJob

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, Awaitable, Callable, Iterator
    from pathlib import Path
    from types import TracebackType

    from quantum_async.blocking import Scheduler as BlockingScheduler
    from quantum_async.blocking._handle import AnyClient
    from quantum_async.journal.base import Journal
    from quantum_async.models.cost import Budget
    from quantum_async.models.limits import Limits
    from quantum_async.providers.base import ProviderClient

T = TypeVar("T")


class ProviderClosed(Exception):  # noqa: N818 -- no error: why the block of a provider was left
    """The provider was closed."""


class QuantumAsyncProvider:
    """Qiskit's view of one provider: existing scripts change the line that makes theirs.

    Constructing it sends nothing. In a ``with`` block it owns its jobs: leaving the block
    normally waits for them, leaving it by an error cancels them at the provider. Without one, the
    first use opens it, and `close` or the end of the program lets jobs go on, to be found again
    by `retrieve_job`; what was not sent by then is not sent. The client is closed if it was
    opened here. With a scheduler, whoever entered that one owns client and jobs.

    It may be used from many threads, and in notebooks.

    Args:
        via: The name of a provider, such as ``"local"`` or ``"iqm"``, whose client is then made
            from environment variables; a blocking client, or an async one that nobody has
            opened; or a blocking scheduler that is entered.
        name: Which provider is meant, where a scheduler has several clients.
        journal: Where jobs are written down before they are sent; see `Scheduler`.
        limits: How much is done at once.
        budget: The most that may be spent.
        run: What this script's submissions are called. With a journal, the same script continues
            under the same name: what it submits first, second and so on is found again, and only
            what is missing is sent.

    Raises:
        ConfigurationError: The client belongs to another event loop, or none is meant.
        UnknownTargetError: There is no such provider.

    Example:
        ```python
        from qiskit import QuantumCircuit, transpile
        from quantum_async.integrations.qiskit import QuantumAsyncProvider

        bell = QuantumCircuit(2)
        bell.h(0)
        bell.cx(0, 1)
        bell.measure_all()

        with QuantumAsyncProvider("local") as provider:
            backend = provider.get_backend("statevector")
            job = backend.run(transpile(bell, backend), shots=100)
            counts = job.result().get_counts()
        assert set(counts) <= {"00", "11"}
        ```
    """

    def __init__(
        self,
        via: AnyClient | BlockingScheduler | str = "local",
        *,
        name: str = "",
        journal: str | Path | Journal | None = None,
        limits: Limits | None = None,
        budget: Budget | None = None,
        run: str | None = None,
    ) -> None:
        bare = via if isinstance(via, str) else unwrap(via)
        self._is_guest = isinstance(via, Handle) and not isinstance(via, ClientHandle)
        if not isinstance(via, Handle | str) and via.is_open:
            raise ConfigurationError(
                "this client is open in an event loop of the program's own",
                remedy="Pass a client of quantum_async.blocking, or one that is not open yet; "
                "inside an event loop use AsyncProvider.",
            )
        self._async = AsyncProvider(
            bare, name=name, journal=journal, limits=limits, budget=budget, run=run
        )
        self._session = Session(self._async)
        self._block: Block[AsyncProvider] | None = None
        self._is_entered = False
        self._lock = threading.RLock()

    def __repr__(self) -> str:
        return f"<QuantumAsyncProvider of {self._async.client!r}>"

    def __enter__(self) -> Self:
        with self._lock:
            if self._block is not None and self._block.is_open:
                raise ConfigurationError(
                    "this provider is in use already",
                    provider=self._async.client.name,
                    remedy="Enter it before its first use, or close it first.",
                )
            self._async.on_cancel = "cancel"
            self._is_entered = True
            self._open()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        block = self._left()
        if block is not None:
            block.leave(exc, Reporter(self._async, self._session))

    @property
    def client(self) -> ProviderClient:
        """The provider's async client."""
        return self._async.client

    def close(self) -> None:
        """Let jobs go on by themselves, and close the client if this opened it.

        Jobs of the simulator in this package end with it. Closing twice has no effect; the next
        use opens it again.
        """
        block = self._left()
        if block is not None and block.is_open:
            block.leave(ProviderClosed("the provider was closed"), Reporter(self._async))

    def backend(self, name: str = "") -> QuantumAsyncBackend:
        """Ask the provider for a backend.

        Args:
            name: The device, such as ``"garnet"``; the client's own or usual one by default.

        Raises:
            UnknownTargetError: There is none of that name that runs circuits.
            UnsupportedProgramError: The provider does not say which gates it takes.
        """
        return QuantumAsyncBackend(self, self.run("backend", partial(self._async.backend, name)))

    def get_backend(self, name: str = "") -> QuantumAsyncBackend:
        """Ask for a backend, by the name that older scripts use; see `backend`."""
        return self.backend(name)

    def backends(self, name: str = "") -> list[QuantumAsyncBackend]:
        """Ask for all devices that run circuits and say which gates they take.

        Args:
            name: Only the device of this name; none is found where there is none.
        """
        found = self.run("backends", partial(self._async.backends, name))
        return [QuantumAsyncBackend(self, each) for each in found]

    def retrieve_job(self, job_id: str) -> QuantumAsyncJob:
        """Find a job by its id, in whichever process it was submitted.

        It is neither waited for nor cancelled when the provider's block is left.

        Args:
            job_id: What ``job.job_id()`` returned, or the provider's own id.

        Raises:
            NotFoundError: The provider knows no such job.
            InvalidInputError: This is no id.
        """
        found = self.run("retrieve_job", partial(self._async.retrieve_job, job_id))
        backend = None if found.backend is None else QuantumAsyncBackend(self, found.backend)
        return QuantumAsyncJob(self, backend, found)

    def run(self, what: str, work: Callable[[], Awaitable[T]], timeout: float | None = None) -> T:
        """Await something on the facade's event loop, opening the provider if nobody has.

        Args:
            what: The name of the call, for errors.
            work: Makes what is awaited.
            timeout: Longest time in seconds until it is given up.
        """
        __tracebackhide__ = True
        self._open()
        reporter = Reporter(self._async, self._session)
        return self._session.run(work, reporter, timeout=timeout, what=what).outcome()

    def iterate(self, iterable: AsyncIterable[T]) -> Iterator[T]:
        """Iterate over something async by one task of the facade's event loop."""
        self._open()
        return Pump(lambda: iterable, self._session, Reporter(self._async))

    def _open(self) -> None:
        if self._is_guest:
            return
        with self._lock:
            if self._block is not None and self._block.is_open:
                return
            if not self._is_entered:
                outlives = self._async.client.capabilities.outlives
                self._async.on_cancel = "detach" if outlives else "cancel"
            block = Block(self._async, self._session)
            block.enter(Reporter(self._async))
            self._block = block
            # The block goes on without its provider, which scripts drop without a word.
            weakref.finalize(self, _let_go, block).atexit = False

    def _left(self) -> Block[AsyncProvider] | None:
        with self._lock:
            block, self._block = self._block, None
            self._is_entered = False
        return block


def _let_go(block: Block[AsyncProvider]) -> None:
    """Have a dropped provider closed, without waiting for it."""
    portal = block.session.portal
    if block.is_open and portal.is_alive:
        portal.blocks.pop(block, None)
        try:
            portal.post(block.call, block.let_go, ProviderClosed("the provider was dropped"))
        except FacadeError:
            return
