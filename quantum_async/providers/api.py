"""What every provider does with requests: reading answers, wording errors, asking many at once or until something is over."""

from __future__ import annotations

import math
import random
from abc import ABC, abstractmethod
from contextlib import AsyncExitStack, contextmanager
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Annotated, Protocol, TypeVar

import anyio
from pydantic import AfterValidator, BaseModel, TypeAdapter, ValidationError

from quantum_async.errors import NotFoundError, ProtocolError, QuantumAsyncError, WaitTimeoutError
from quantum_async.http.redact import beginning
from quantum_async.providers.base import ProviderClient

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Generator, Iterable, Sequence

    from quantum_async.errors import Accepted
    from quantum_async.http.response import Response
    from quantum_async.models.job import JobRef, JobState


def _in_standard_zone(moment: datetime) -> datetime:
    # What lives until the interpreter ends may be freed after pydantic's own class of time zones,
    # which ends the program with a segmentation fault.
    offset = moment.utcoffset()
    return moment if offset is None else moment.replace(tzinfo=timezone(offset))


Instant = Annotated[datetime, AfterValidator(_in_standard_zone)]
"""A moment, in a time zone of the standard library."""


class Api(ABC):
    """Connections to one service, which are opened and closed together."""

    def __init__(self) -> None:
        self._open: AsyncExitStack | None = None

    @property
    def is_open(self) -> bool:
        """Whether requests can be sent."""
        return self._open is not None

    async def open(self) -> None:
        """Make connection pools. Sends nothing; opening what is open has no effect."""
        if self._open is not None:
            return
        async with AsyncExitStack() as stack:
            await self._enter(stack)
            self._open = stack.pop_all()

    async def close(self) -> None:
        """Close every connection, and whatever else was opened with them."""
        opened, self._open = self._open, None
        if opened is not None:
            await opened.aclose()

    @abstractmethod
    async def _enter(self, stack: AsyncExitStack) -> None:
        """Open what there is to open.

        Args:
            stack: What closes it again.
        """


class ServiceClient(ProviderClient):
    """A client whose connections are an Api's."""

    _api: Api

    @property
    def is_open(self) -> bool:
        """Whether the client has been entered and not yet closed."""
        return self._api.is_open

    async def open(self) -> None:
        """Make connection pools. Sends nothing."""
        await self._api.open()

    async def close(self) -> None:
        """Log out where it has logged in, and close every connection; remote jobs go on."""
        await self._api.close()


_SHOWN = 100

Model = TypeVar("Model", bound=BaseModel)
Value = TypeVar("Value")


def read_answer(
    kind: type[Model], response: Response, *, provider: str, job_id: str | None = None
) -> Model:
    """Read an answer.

    Args:
        kind: What it must be.
        response: The answer.
        provider: Registry name of the provider.
        job_id: The job concerned, where the provider has it.

    Raises:
        ProtocolError: It is something else.
    """
    return _read(kind.model_validate_json, response, provider, job_id)


def read_value(adapter: TypeAdapter[Value], response: Response, *, provider: str) -> Value:
    """Read an answer that is no object.

    Args:
        adapter: What it must be.
        response: The answer.
        provider: Registry name of the provider.

    Raises:
        ProtocolError: It is something else.
    """
    return _read(adapter.validate_json, response, provider, None)


def _read(
    validate: Callable[[bytes], Value], response: Response, provider: str, job_id: str | None
) -> Value:
    with response.decoding(provider=provider, job_id=job_id):
        try:
            return validate(response.content)
        except ValidationError as error:
            wrong = _unreadable(response, error)
            raise wrong.concerning(
                provider=provider, job_id=job_id, accepted="yes" if job_id else None
            ) from None


def first_finding(error: ValidationError) -> str:
    """Say where a document is not what it should be, and what it should be there."""
    found = error.errors()[0]
    place = ".".join(map(str, found["loc"])) or "the document"
    return f"{place}: {found['msg']}"


def _unreadable(response: Response, error: ValidationError) -> QuantumAsyncError:
    try:
        response.json()
    except ProtocolError as no_json:
        # It says better what is wrong.
        return no_json
    return ProtocolError(
        f"the answer is not what it should be: {first_finding(error)}; it begins with "
        f"{beginning(response.content, _SHOWN)!r}",
        status=response.status,
        request_id=response.request_id,
        body=response.excerpt,
        remedy="Update this package; if that does not help, report it.",
    )


class Wording:
    """Say in an error of a block what was wanted there.

    Args:
        wanted: What is tried, such as ``"get job 1234"``.
        provider: Registry name of the provider.
        job_id: The job concerned.
        exists: Whether the provider has what it is tried with, as for whatever is cancelled,
            closed or fetched: then no failure of that says that it was not accepted.
    """

    def __init__(
        self, wanted: str, *, provider: str, job_id: str | None = None, exists: bool = False
    ) -> None:
        self._wanted = wanted
        self._provider = provider
        self._job_id = job_id
        self._exists = exists

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        if isinstance(error, QuantumAsyncError):
            request = f" (request {error.request_id})" if error.request_id else ""
            error.args = (f"{self._wanted}: {error}{request}",)
            accepted: Accepted | None = "yes" if self._exists else None
            error.concerning(provider=self._provider, job_id=self._job_id, accepted=accepted)


@contextmanager
def about_job(job_id: str, *, provider: str) -> Generator[None]:
    """Say in an error of a block which job it concerns: one that the provider has.

    Args:
        job_id: The job.
        provider: Registry name of the provider.
    """
    try:
        yield
    except QuantumAsyncError as error:
        error.concerning(provider=provider, job_id=job_id, accepted="yes")
        raise


@contextmanager
def about_batch(*, provider: str) -> Generator[None]:
    """Say in an error of a block that it concerns a batch that the provider has.

    Args:
        provider: Registry name of the provider.
    """
    try:
        yield
    except QuantumAsyncError as error:
        error.concerning(provider=provider, accepted="yes")
        raise


SHORTEST = 0.2
LONGEST = 30.0
SHARE = 0.2
"""The next look comes after this share of the time waited so far."""


class HasStatus(Protocol):
    """Something that has come so far."""

    @property
    def status(self) -> str:
        """The provider's word for where it stands."""
        ...


T = TypeVar("T")
Watched = TypeVar("Watched", bound=HasStatus)


async def ask_until(
    ask: Callable[[float], Awaitable[T]],
    is_enough: Callable[[T], bool],
    *,
    seconds: float | None = None,
    is_held: bool = False,
    clock: Callable[[], float] = anyio.current_time,
    sleep: Callable[[float], Awaitable[None]] = anyio.sleep,
    jitter: Callable[[], float] = random.random,
) -> T:
    """Ask until an answer is enough or the time is up, and return the last answer.

    The pauses grow with the time waited.

    Args:
        ask: Asks, and is told for how many seconds the answer may be held back.
        is_enough: Whether nothing more needs to be asked.
        seconds: Longest time in seconds; ``None`` asks as long as it takes.
        is_held: Whether an answer takes long because it is held back, which counts as pause.
        clock: Monotonic time in seconds.
        sleep: How to wait.
        jitter: Numbers between 0 and 1, which keep many waits from falling together.
    """
    start = clock()
    end = math.inf if seconds is None else start + seconds
    while True:
        asked = clock()
        seen = await ask(end - asked)
        now = clock()
        if is_enough(seen) or now >= end:
            return seen
        pause = min(max(SHORTEST, SHARE * (now - start)), LONGEST) * (0.8 + 0.2 * jitter())
        after = asked if is_held else now
        if (rest := min(after + pause, end) - now) > 0.0:
            await sleep(rest)


async def wait_until_over(
    ask: Callable[[], Awaitable[Watched]],
    is_over: Callable[[Watched], bool],
    *,
    what: str,
    provider: str,
    timeout: float | None,  # noqa: ASYNC109  the error says more than a cancellation
) -> Watched:
    """Ask until something is over.

    Args:
        ask: Asks where it stands.
        is_over: Whether an answer says that it is over.
        what: What is waited for, such as ``"job 1234"``.
        provider: Registry name of the provider.
        timeout: Longest wait in seconds; ``None`` waits as long as it takes.

    Raises:
        WaitTimeoutError: The time is up; what was waited for goes on.
    """
    start = anyio.current_time()
    status = "unknown"

    async def look(_: float) -> Watched:
        nonlocal status
        seen = await ask()
        status = seen.status
        return seen

    with anyio.move_on_after(timeout):
        return await ask_until(look, is_over)
    elapsed = anyio.current_time() - start
    error = WaitTimeoutError(
        f"{what} has not ended after {elapsed:.1f} s; last seen {status}",
        provider=provider,
        remedy="It goes on: wait again, or cancel it.",
    )
    error.elapsed, error.last_status = elapsed, status
    raise error


Answer = TypeVar("Answer")


def by_id(jobs: Iterable[JobRef]) -> dict[str, list[JobRef]]:
    """Group jobs that are one job at the provider."""
    groups: dict[str, list[JobRef]] = {}
    for job in jobs:
        groups.setdefault(job.id, []).append(job)
    return groups


async def states_of_each(
    jobs: Sequence[JobRef], ask: Callable[[str], Awaitable[JobState]], *, at_once: int
) -> dict[JobRef, JobState]:
    """Ask where jobs stand, once for those that share an id.

    Args:
        jobs: The jobs.
        ask: Asks where a job of an id stands.
        at_once: Most requests under way.

    Returns:
        The states of those that the provider knows and could be asked about.

    Raises:
        QuantumAsyncError: None could be asked about, and why.
    """
    found, failures = await _each(jobs, ask, at_once)
    told = [error for error in failures.values() if not isinstance(error, NotFoundError)]
    if told and not found:
        raise told[0]
    return {job: found[job.id] for job in jobs if job.id in found}


async def failures_of_each(
    jobs: Sequence[JobRef], work: Callable[[str], Awaitable[object]], *, at_once: int
) -> dict[JobRef, QuantumAsyncError]:
    """Do something to jobs, once to those that share an id; one that fails holds up no other.

    Args:
        jobs: The jobs.
        work: Does it to a job of an id.
        at_once: Most requests under way.

    Returns:
        Why it could not be done, for each of the jobs concerned.
    """
    _, failures = await _each(jobs, work, at_once)
    return {job: failures[job.id] for job in jobs if job.id in failures}


async def all_of(
    requests: Sequence[Callable[[], Awaitable[Answer]]], *, at_once: int
) -> list[Answer]:
    """Make requests of which every one is needed: one that fails ends the others.

    Args:
        requests: Make one each; begun in this order.
        at_once: Most requests under way.

    Returns:
        Their answers, in the same order.

    Raises:
        QuantumAsyncError: What the first one raised that failed, by itself.
    """
    answers: dict[int, Answer] = {}
    failures: list[QuantumAsyncError] = []
    waiting = enumerate(requests)

    async def work() -> None:
        for place, request in waiting:
            try:
                answers[place] = await request()
            except QuantumAsyncError as error:
                failures.append(error)
                tasks.cancel_scope.cancel()
                return

    async with anyio.create_task_group() as tasks:
        for _ in range(min(at_once, len(requests))):
            tasks.start_soon(work)
    if failures:
        raise failures[0]
    return [answers[place] for place in range(len(requests))]


async def _each(
    jobs: Sequence[JobRef], work: Callable[[str], Awaitable[Answer]], at_once: int
) -> tuple[dict[str, Answer], dict[str, QuantumAsyncError]]:
    found: dict[str, Answer] = {}
    failures: dict[str, QuantumAsyncError] = {}
    slots = anyio.Semaphore(at_once)

    async def one(job_id: str) -> None:
        async with slots:
            try:
                found[job_id] = await work(job_id)
            except QuantumAsyncError as error:
                # A provider that has no such job gave it no id.
                failures[job_id] = error.concerning(job_id=job_id, accepted="yes")

    async with anyio.create_task_group() as tasks:
        for job_id in dict.fromkeys(job.id for job in jobs):
            tasks.start_soon(one, job_id)
    return found, failures
