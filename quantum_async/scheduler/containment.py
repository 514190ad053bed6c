"""Containment: what is foreign in a provider fails the jobs of that call, and nothing else."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from quantum_async.errors import DefectError, ProtocolError, QuantumAsyncError
from quantum_async.http.fence import PASSAGE
from quantum_async.http.redact import redact
from quantum_async.models.job import JobState
from quantum_async.providers.base import ProviderClient

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Mapping, Sequence
    from types import TracebackType
    from typing import Self

    from quantum_async.errors import Accepted
    from quantum_async.models.batch import BatchRef, BatchState
    from quantum_async.models.capabilities import Capabilities
    from quantum_async.models.device import Device
    from quantum_async.models.job import JobRef
    from quantum_async.models.program import Program
    from quantum_async.models.result import Result
    from quantum_async.models.submission import BatchRequest, JobSpec, RunOptions, SubmitRequest

logger: logging.Logger = logging.getLogger(__name__)

PASSING = (asyncio.CancelledError, KeyboardInterrupt, SystemExit, GeneratorExit)
"""What ends a task, and is no failure of what runs in it."""
LONGEST = 300


class contained:  # noqa: N801 -- used like a function; a class, because each poll passes it
    """Turn whatever is foreign in a block into a `DefectError`; what ends a task passes.

    Args:
        who: The provider's name.
        what: What it was asked to do, such as ``"submit"``.
        accepted: Whether the provider has the jobs.
        decide: Tells that once it matters, where it depends.
    """

    __slots__ = ("_accepted", "_decide", "_what", "_who")

    def __init__(
        self,
        who: str,
        what: str,
        accepted: Accepted = "no",
        *,
        decide: Callable[[], Accepted] | None = None,
    ) -> None:
        self._who = who
        self._what = what
        self._accepted: Accepted = accepted
        self._decide = decide

    def __enter__(self) -> None:
        return None

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if exc is None or isinstance(exc, (QuantumAsyncError, *PASSING)):
            return
        if isinstance(exc, BaseExceptionGroup):
            leaf = _only_leaf(exc)
            if isinstance(leaf, QuantumAsyncError):
                raise leaf from exc
            if exc.subgroup(PASSING) is not None:
                return
        accepted = self._accepted if self._decide is None else self._decide()
        raise defect(exc, self._who, self._what, accepted) from exc


def defect(error: BaseException, who: str, what: str, accepted: Accepted) -> DefectError:
    """Say that something foreign was raised.

    Args:
        error: What was raised; becomes the cause.
        who: The provider's name.
        what: What it was asked to do.
        accepted: Whether the provider has the jobs.
    """
    words = redact(str(error)).strip()[:LONGEST]
    kind = type(error).__name__
    twin = DefectError(
        f"{what} raised {kind}: {words}" if words else f"{what} raised {kind}",
        provider=who,
        accepted=accepted,
        remedy="Look at the input first; if it is right, please report this with its traceback.",
    )
    twin.__cause__ = error
    return twin


def _only_leaf(group: BaseExceptionGroup) -> BaseException | None:
    leaf: BaseException = group
    while isinstance(leaf, BaseExceptionGroup) and len(leaf.exceptions) == 1:
        leaf = leaf.exceptions[0]
    return leaf


class ContainedClient(ProviderClient):
    """A provider's client as the engine sees it: only typed errors come out of it.

    This is the one place that decides what a foreign exception means, whichever method of the
    contract raises it.

    Args:
        client: The client.

    Raises:
        DefectError: It cannot say what it is capable of.
    """

    def __init__(self, client: ProviderClient) -> None:
        self.original: ProviderClient = client
        self.name: str = client.name
        self.account: str = client.account
        self._capabilities: Capabilities | None = None
        self._has_told = False

    @property
    def provider(self) -> str:
        """Registry name of its provider."""
        return self.original.provider

    @property
    def capabilities(self) -> Capabilities:
        """What the client can do; what it last said, where it fails to say it."""
        try:
            with contained(self.provider, "capabilities"):
                self._capabilities = self.original.capabilities
        except DefectError:
            if self._capabilities is None:
                raise
            if not self._has_told:
                logger.exception("%s: what it is capable of stays as it was", self.name)
            self._has_told = True
        return self._capabilities

    @property
    def address(self) -> str:
        """Where its requests go first."""
        with contained(self.provider, "address"):
            return self.original.address

    @property
    def identity(self) -> str:
        """Which server and account its jobs are at."""
        with contained(self.provider, "identity"):
            return self.original.identity

    @property
    def is_open(self) -> bool:
        """Whether the client has been entered and not yet closed."""
        with contained(self.provider, "is_open"):
            return self.original.is_open

    async def open(self) -> None:
        """Acquire connections and workers."""
        with contained(self.provider, "open"):
            await self.original.open()

    async def close(self) -> None:
        """Release everything."""
        with contained(self.provider, "close"):
            await self.original.close()

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> Self:
        """Refuse: a client is contained by the scheduler that is given it."""
        raise NotImplementedError

    async def devices(self) -> list[Device]:
        """List the devices that this account can use."""
        with contained(self.provider, "devices"):
            return await self.original.devices()

    def default_device(self, program: Program) -> str:
        """Name the device that follows from a program."""
        with contained(self.provider, "default_device"):
            return self.original.default_device(program)

    def options_of(self, options: RunOptions) -> RunOptions:
        """Take options of any class as those of this client."""
        with contained(self.provider, "options_of"):
            return self.original.options_of(options)

    async def validate(self, job: JobSpec, device: str) -> None:
        """Refuse a job that cannot run."""
        with contained(self.provider, "validate"):
            await self.original.validate(job, device)

    def grouping(self, job: JobSpec) -> Hashable:
        """Say which jobs can share one wire submission."""
        with contained(self.provider, "grouping"):
            return self.original.grouping(job)

    def weigh(self, job: JobSpec) -> int:
        """Estimate the bytes that a job adds to a submission."""
        with contained(self.provider, "weigh"):
            return self.original.weigh(job)

    def index_of(self, job: JobSpec, place: int) -> int:
        """Say which program of the provider's job a job is."""
        with contained(self.provider, "index_of"):
            return self.original.index_of(job, place)

    async def submit(self, request: SubmitRequest) -> list[JobRef]:
        """Send one wire submission."""
        with contained(self.provider, "submit", decide=self._whether_accepted):
            refs = await self.original.submit(request)
            if len(refs) != len(request.jobs):
                raise ProtocolError(
                    f"{len(request.jobs)} jobs were sent and {len(refs)} references came back",
                    provider=self.provider,
                    remedy="Look for the jobs at the provider before sending them again.",
                )
            return refs

    async def poll(self, jobs: Sequence[JobRef], *, wait: float = 0.0) -> Mapping[JobRef, JobState]:
        """Ask where jobs stand."""
        with contained(self.provider, "poll", "yes"):
            if wait:
                states = await self.original.poll(jobs, wait=wait)
            else:
                states = await self.original.poll(jobs)
            for job in jobs:
                state: object = states.get(job)
                if state is not None and not isinstance(state, JobState):
                    raise TypeError(f"the state of a job was expected, not {type(state).__name__}")
            return states

    async def fetch(self, job: JobRef) -> Result:
        """Fetch the result of a job that has succeeded."""
        with contained(self.provider, "fetch", "yes"):
            return await self.original.fetch(job)

    async def fetch_many(self, jobs: Sequence[JobRef]) -> Mapping[JobRef, Result]:
        """Fetch the results of several jobs in fewer requests."""
        with contained(self.provider, "fetch_many", "yes"):
            return await self.original.fetch_many(jobs)

    async def cancel(self, jobs: Sequence[JobRef]) -> Mapping[JobRef, QuantumAsyncError]:
        """Ask the provider to cancel jobs."""
        with contained(self.provider, "cancel", "yes"):
            return await self.original.cancel(jobs)

    async def find(self, key: str) -> list[JobRef]:
        """Look for the jobs of a submission whose answer was lost."""
        with contained(self.provider, "find", "unknown"):
            return await self.original.find(key)

    async def open_batch(self, request: BatchRequest) -> BatchRef:
        """Open a batch that takes jobs until it is closed."""
        with contained(self.provider, "open_batch", decide=self._whether_accepted):
            return await self.original.open_batch(request)

    async def close_batch(self, batch: BatchRef) -> None:
        """Close a batch."""
        with contained(self.provider, "close_batch", "yes"):
            await self.original.close_batch(batch)

    async def cancel_batch(self, batch: BatchRef) -> None:
        """Close a batch and cancel its unfinished jobs."""
        with contained(self.provider, "cancel_batch", "yes"):
            await self.original.cancel_batch(batch)

    async def find_batch(self, key: str) -> BatchRef | None:
        """Look for a batch whose opening answer was lost."""
        with contained(self.provider, "find_batch", "unknown"):
            return await self.original.find_batch(key)

    async def batch_state(self, batch: BatchRef) -> BatchState:
        """Ask where a batch stands."""
        with contained(self.provider, "batch_state", "yes"):
            return await self.original.batch_state(batch)

    async def batch_jobs(self, batch: BatchRef) -> list[JobRef]:
        """List a batch's jobs."""
        with contained(self.provider, "batch_jobs", "yes"):
            return await self.original.batch_jobs(batch)

    def _whether_accepted(self) -> Accepted:
        """Say what a create's foreign exception leaves known of it."""
        if not self.capabilities.outlives:
            return "no"
        passage = PASSAGE.get()
        if passage is None or passage.has_left or not self.capabilities.tells_what_left:
            return "unknown"
        return "no"
