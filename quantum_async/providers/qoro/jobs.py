"""Jobs: opened, filled by uploads, followed, cancelled, and their results."""

from __future__ import annotations

import logging
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import anyio
import anyio.to_thread

from quantum_async.errors import (
    ConflictError,
    InvalidOptionError,
    LostAnswerError,
    NotFoundError,
    NotSentError,
    ProtocolError,
    QuantumAsyncError,
    RateLimitedError,
    RejectedRequestError,
    ResultError,
    ResultPendingError,
    ServerError,
    UnsupportedProgramError,
)
from quantum_async.http.address import segment
from quantum_async.http.encode import Body, json_bytes
from quantum_async.http.fence import PASSAGE, past_pauses, unfenced
from quantum_async.http.retry import RetryPolicy, own_attempts, repeat
from quantum_async.models.job import JobStatus
from quantum_async.models.program import Program, ProgramFormat
from quantum_async.providers.api import all_of
from quantum_async.providers.qoro.api import parse
from quantum_async.providers.qoro.options import JobConfig
from quantum_async.providers.qoro.payloads import (
    ObservableGroups,
    QoroTemplate,
    Shots,
    chunks,
    is_positional,
)
from quantum_async.providers.qoro.systems import DEFAULT_CLUSTER
from quantum_async.providers.qoro.translate.programs import is_in_the_services_words, prepared
from quantum_async.providers.qoro.translate.results import by_label, counts_of
from quantum_async.providers.qoro.translate.statuses import job_state, job_status
from quantum_async.providers.qoro.wire import (
    CancelledJob,
    Histogram,
    JobProgress,
    OpenedJob,
    QoroCluster,
    ResultPage,
    StoredConfig,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

    from pydantic import JsonValue

    from quantum_async.models.job import JobState
    from quantum_async.providers.qoro.api import Gateway
    from quantum_async.providers.qoro.options import ExecutionConfig
    from quantum_async.providers.qoro.payloads import Chunk, Content, Measured
    from quantum_async.providers.qoro.systems import Systems
    from quantum_async.providers.qoro.wire import QoroSystem, ResultRow


PAGE = 100
"""Rows of one page; the service's own client asks for as many."""
PARALLEL = 4
"""Most pages of a result, or chunks of a job, under way at once."""


class Rows:
    """Read the results of jobs.

    Args:
        gateway: Sends requests.
        uploads: Asks where a job stands.
    """

    def __init__(self, gateway: Gateway, uploads: Uploads) -> None:
        self._gateway = gateway
        self._uploads = uploads

    async def page(self, job_id: str, offset: int, limit: int = PAGE) -> ResultPage:
        """Read one page.

        Raises:
            ResultPendingError: The job has not ended.
            ResultError: It has no results.
            QuantumAsyncError: They could not be asked for.
        """
        try:
            response = await self._gateway.read(
                f"/job/{segment(job_id)}/resultsV2/",
                "get the results of job",
                job_id=job_id,
                query={"limit": limit, "offset": offset},
            )
        except RejectedRequestError as error:
            if error.status != 400 or isinstance(error, RateLimitedError):
                raise
            # The service says 400 for every reason, and its words for none of them are fixed.
            raise await self._explained(job_id, error) from error
        return parse(ResultPage, response, job_id)

    async def all(self, job_id: str) -> list[ResultRow]:
        """Read all rows, later pages several at a time.

        Raises:
            ResultError: The service does not send as many as it says.
        """
        first = await self.page(job_id, 0)
        rows = list(first.results)
        if first.next is None or not rows:
            return rows
        if first.count is None:
            return [*rows, *await self._one_by_one(job_id, len(rows))]
        pages = await self._together(job_id, len(rows), first.count)
        rows += [row for page in pages for row in page.results]
        if len(rows) != first.count:
            raise ResultError(
                f"the service sent {len(rows)} of {first.count} results",
                provider="qoro",
                job_id=job_id,
                remedy="Fetch them again.",
            )
        return rows

    async def iterate(self, job_id: str) -> AsyncIterator[ResultRow]:
        """Yield rows as their pages arrive, in order, holding one page at a time."""
        offset = 0
        while True:
            page = await self.page(job_id, offset)
            for row in page.results:
                yield row
            offset += len(page.results)
            if page.next is None or not page.results:
                return

    async def row(self, job_id: str, index: int, label: str) -> ResultRow:
        """Read one row.

        Args:
            job_id: The job.
            index: Where the row stands if the circuits kept their order.
            label: What the circuit was called, up to a semicolon.

        Raises:
            ResultError: There is none.
        """
        page = await self.page(job_id, index - index % PAGE)
        found = by_label(page.results, short)
        if label not in found:
            found = by_label(await self.all(job_id), short)
        if label not in found:
            raise ResultError(
                f"job {job_id} has no result of circuit {label}",
                provider="qoro",
                job_id=job_id,
                remedy="client.jobs.rows(job_id) reads all that there is.",
            )
        return found[label]

    async def _one_by_one(self, job_id: str, offset: int) -> list[ResultRow]:
        rows: list[ResultRow] = []
        while True:
            page = await self.page(job_id, offset + len(rows))
            rows += page.results
            if page.next is None or not page.results:
                return rows

    async def _together(self, job_id: str, step: int, count: int) -> list[ResultPage]:
        # A service that caps pages is taken at its word: what the first page held is the step.
        offsets = range(step, count, step)
        pages = [partial(self.page, job_id, offset, step) for offset in offsets]
        return await all_of(pages, at_once=PARALLEL)

    async def _explained(self, job_id: str, error: RejectedRequestError) -> QuantumAsyncError:
        state = job_state(await self._uploads.status(job_id))
        said = f"{error.args[0]}; the job is {state.reported}"
        if not state.status.is_terminal:
            return ResultPendingError(said, provider="qoro", job_id=job_id)
        if state.status is JobStatus.SUCCEEDED:
            return ResultError(
                said,
                provider="qoro",
                job_id=job_id,
                remedy="Fetch it again; if that does not help, report it to the service.",
            )
        reason = f" ({state.message})" if state.message else ""
        return ResultError(
            f"{said}{reason}", provider="qoro", job_id=job_id, remedy="There will be no results."
        )


def short(label: str) -> str:
    """Return a label without the registers that `label_of` puts behind it."""
    return label.partition(";")[0]


logger: logging.Logger = logging.getLogger(__name__)

AMBIGUOUS = (LostAnswerError, ServerError, ProtocolError)
CHUNKS = RetryPolicy(attempts=6, first=0.2)
"""How a chunk is sent again that did not leave, or that the service refused for its pace."""
CLEARING = 10.0
"""Longest time in seconds for cancelling a job that was not completed."""
LOOKS = (0.0, 0.1, 0.3, 0.6, 1.0)
"""When a job is looked at after its last answer was lost, as fractions of the settle delay."""


class Uploads:
    """Bring jobs to the service: a job is opened, filled in chunks, and complete with the last.

    A job that is not complete never runs, so whatever goes wrong before the last chunk is cleared
    away: the job is cancelled, and the error says its id and whether that worked. When the answer
    to the last chunk is lost, the job itself is asked whether it has begun.

    Args:
        gateway: Sends requests.
        settle_delay: Seconds after which a job that was completed has begun to move.
    """

    def __init__(self, gateway: Gateway, settle_delay: float) -> None:
        self._gateway = gateway
        self._settle_delay = settle_delay

    async def send(
        self, opening: Mapping[str, JsonValue], chunks: Sequence[Chunk], *, parallel: int = PARALLEL
    ) -> str:
        """Open a job, fill it and complete it. Billed once it runs.

        Cancelled: the job is cancelled as well, if it was opened.

        Args:
            opening: What the job is opened with.
            chunks: What it holds.
            parallel: Most chunks under way at once; 1 where their order matters. The last chunk
                follows when all others have arrived.

        Returns:
            The job's id.

        Raises:
            NotSentError: Nothing runs, and sending again duplicates nothing.
            LostAnswerError, ServerError, ProtocolError: Nobody can say whether it runs.
            QuantumAsyncError: It was refused.
        """
        job_id = await self._opened(opening)
        is_last = False
        try:
            first = [partial(self._upload, job_id, chunk, is_last=False) for chunk in chunks[:-1]]
            await all_of(first, at_once=parallel)
            is_last = True
            await self._upload(job_id, chunks[-1], is_last=True)
        except _UnansweredLastError as lost:
            return await self._settled(job_id, lost.error)
        except QuantumAsyncError as error:
            raise await self._cleared(job_id, error) from error
        except BaseException as stop:
            # A cancellation: nobody will know the job's id, so it goes too, shielded and in time.
            await self._taken_back(job_id, stop, may_run=is_last)
            raise
        return job_id

    async def _opened(self, opening: Mapping[str, JsonValue]) -> str:
        """Open a job; whoever is cancelled meanwhile waits for its id, with which it goes."""
        found: list[str | QuantumAsyncError] = []
        done = anyio.Event()
        patience = anyio.CancelScope(shield=True)

        async def opened() -> None:
            try:
                with patience:
                    found.append(await self.open_job(opening))
            except QuantumAsyncError as error:
                found.append(error)
            finally:
                done.set()

        try:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(opened)
                try:
                    await done.wait()
                except BaseException:
                    passage = PASSAGE.get()
                    has_left = passage is None or passage.has_left
                    patience.deadline = anyio.current_time() + (CLEARING if has_left else 0.0)
                    raise
        except BaseException:
            if found and isinstance(found[0], str):
                await self._clear(found[0])
            raise
        [outcome] = found
        if isinstance(outcome, str):
            return outcome
        raise outcome

    async def open_job(self, opening: Mapping[str, JsonValue]) -> str:
        """Open a job, once, and return its id. Nothing of it runs yet."""
        wanted = f"open a job tagged {opening.get('tag')!r}"
        try:
            response = await self._gateway.create(
                "/job/init/", wanted, body=Body(json_bytes(dict(opening)))
            )
            return parse(OpenedJob, response).job_id
        except AMBIGUOUS as error:
            error.add_note("An empty job may be left at the service; it never runs by itself.")
            raise

    async def cancel(self, job_id: str) -> CancelledJob:
        """Cancel a job; repeated if it fails.

        Raises:
            ConflictError: It has ended.
        """
        response = await self._gateway.write(
            f"/job/{segment(job_id)}/cancel/", "cancel job", job_id=job_id, body=Body(b"")
        )
        return parse(CancelledJob, response, job_id)

    async def status(self, job_id: str) -> JobProgress:
        """Ask where a job stands."""
        response = await self._gateway.read(
            f"/job/{segment(job_id)}/status/",
            "ask for the status of job",
            job_id=job_id,
            lane="control",
        )
        return parse(JobProgress, response, job_id)

    async def _upload(self, job_id: str, chunk: Chunk, *, is_last: bool) -> None:
        body = Body(chunk.content(is_last=is_last))

        async def add() -> None:
            await self._gateway.create(
                f"/job/{segment(job_id)}/add_circuits/", "fill job", job_id=job_id, body=body
            )

        try:
            # A part: with a chunk that did not arrive, all others would have to be sent again.
            await repeat(add, CHUNKS, _added_nothing, is_part=True)
        except AMBIGUOUS as error:
            if is_last:
                raise _UnansweredLastError(error) from error
            raise

    async def _settled(self, job_id: str, error: QuantumAsyncError) -> str:
        """Find out whether a job is complete whose last answer was lost."""
        start = anyio.current_time()
        try:
            for share in LOOKS:
                await anyio.sleep_until(start + share * self._settle_delay)
                if await self._has_begun(job_id):
                    return job_id
        except BaseException as stop:
            # As in `send`: whoever leaves takes the job along.
            await self._taken_back(job_id, stop, may_run=True)
            raise
        is_cleared = await self._clear(job_id)
        if not is_cleared and await self._has_begun(job_id):
            return job_id
        doubt = "it may run"
        raise self._told(job_id, error, doubt, is_cleared=is_cleared) from error

    async def _taken_back(self, job_id: str, stop: BaseException, *, may_run: bool) -> None:
        """Cancel a job whose upload was cancelled.

        Raises:
            LostAnswerError: It may run for all that is known.
        """
        if not await self._clear(job_id) and may_run:
            raise LostAnswerError(
                f"an upload was cancelled, and job {job_id} may run",
                provider="qoro",
                job_id=job_id,
                accepted="unknown",
                remedy=f"Look at it: client.jobs.status({job_id!r}).",
            ) from stop

    async def _has_begun(self, job_id: str) -> bool:
        try:
            with own_attempts():
                progress = await self.status(job_id)
        except QuantumAsyncError:
            return False
        is_waiting = progress.status.strip().upper() == "PENDING"
        return not is_waiting and job_status(progress.status) is not JobStatus.UNKNOWN

    async def _cleared(self, job_id: str, error: QuantumAsyncError) -> QuantumAsyncError:
        """Cancel a job that was not completed, and say in the error what became of it."""
        doubt = "it was not completed and does not run"
        return self._told(job_id, error, doubt, is_cleared=await self._clear(job_id))

    def _told(
        self, job_id: str, error: QuantumAsyncError, doubt: str, *, is_cleared: bool
    ) -> QuantumAsyncError:
        error.concerning(job_id=job_id)
        if not is_cleared:
            error.args = (f"{error.args[0]}; job {job_id} is left at the service, and {doubt}",)
            logger.warning("job %s is left at the Qoro service, and %s", job_id, doubt)
            return error
        if not isinstance(error, AMBIGUOUS):
            error.add_note(f"Job {job_id}, which had been opened for it, was cancelled.")
            return error.concerning(accepted="no")
        return _unsent(job_id, error)

    async def _clear(self, job_id: str) -> bool:
        """Cancel a job within a bounded time, and say whether it is known not to run."""
        # What was opened goes, also where nothing more may be sent for it.
        with (
            anyio.move_on_after(CLEARING, shield=True),
            unfenced(),
            past_pauses(),
            own_attempts(),
        ):
            try:
                await self.cancel(job_id)
            except ConflictError:
                return False
            except QuantumAsyncError as error:
                logger.warning("job %s could not be cancelled: %s", job_id, error)
                return False
            return True
        return False


def _added_nothing(error: QuantumAsyncError) -> bool:
    return isinstance(error, (NotSentError, RateLimitedError))


class _UnansweredLastError(Exception):
    """The answer to the last chunk was lost."""

    def __init__(self, error: QuantumAsyncError) -> None:
        super().__init__(str(error))
        self.error = error


def _unsent(job_id: str, error: QuantumAsyncError) -> QuantumAsyncError:
    message = f"{error.args[0]}; job {job_id} was cancelled before it ran"
    remedy = "Sending it again duplicates nothing."
    asked = error.retry_after if isinstance(error, ServerError) else None
    if asked is None:
        return NotSentError(message, provider="qoro", job_id=job_id, remedy=remedy)
    limited = RateLimitedError(message, provider="qoro", job_id=job_id, remedy=remedy)
    limited.retry_after = asked
    return limited


DEFAULT_SHOTS = 1000
DEFAULT_TAG = "default"


class Jobs:
    """Jobs, each of many circuits, as the service itself knows them.

    Args:
        gateway: Sends requests.
        uploads: Brings jobs to the service.
        rows: Reads their results.
        systems: Knows where they can run.
        defaults: What jobs are opened with unless they say otherwise.
    """

    def __init__(
        self, gateway: Gateway, uploads: Uploads, rows: Rows, systems: Systems, defaults: JobConfig
    ) -> None:
        self._gateway = gateway
        self._uploads = uploads
        self._rows = rows
        self._systems = systems
        self.defaults = defaults

    async def submit(
        self,
        content: Content,
        *,
        measured: Measured | None = None,
        config: JobConfig | None = None,
        validate: bool = True,
    ) -> str:
        """Submit circuits or templates as one job, and return its id. Billed once it runs.

        Cancelled: the job is cancelled as well, if it was opened.

        Args:
            content: Circuits, or templates.
            measured: Shots for all, for ranges, or observables; by default the configured shots.
            config: What differs from `defaults`.
            validate: Read every program first; errors then name line and column.

        Raises:
            InvalidInputError: Nothing was sent.
            QuantumAsyncError: See `quantum_async.providers.qoro.jobs.Uploads.send`.
        """
        merged = self.defaults.merged(config or JobConfig())
        what = measured or Shots(merged.shots or DEFAULT_SHOTS)
        if validate:
            content = await anyio.to_thread.run_sync(readied, content)
        target = await self._systems.find(merged.target or DEFAULT_CLUSTER)
        opening = opening_of(merged, target, what)
        if merged.device is not None:
            await self._systems.check(merged.device)
        parts = await anyio.to_thread.run_sync(chunks, content, what)
        parallel = 1 if is_positional(what) else PARALLEL
        return await self._uploads.send(opening, parts, parallel=parallel)

    async def status(self, job_id: str) -> JobState:
        """Ask where a job stands."""
        return job_state(await self._uploads.status(job_id))

    async def rows(self, job_id: str) -> list[ResultRow]:
        """Get all results of a job as they are packed, later pages several at a time.

        Raises:
            ResultPendingError: It has not ended.
            ResultError: It has none.
        """
        return await self._rows.all(job_id)

    def iterate(self, job_id: str) -> AsyncIterator[ResultRow]:
        """Yield the results of a job page by page, holding one page at a time."""
        return self._rows.iterate(job_id)

    async def counts(self, job_id: str) -> dict[str, dict[str, int]]:
        """Get the counts of a job by label, the first classical bit rightmost.

        Raises:
            ResultError: It has none, or they are damaged.
        """
        return {label: counts_of(row) for label, row in by_label(await self.rows(job_id)).items()}

    async def expectation_values(self, job_id: str) -> dict[str, dict[str, float]]:
        """Get the values of observables by label; their leftmost letter acts on qubit 0."""
        return {
            label: row.plain()
            for label, row in by_label(await self.rows(job_id)).items()
            if not isinstance(row.results, Histogram)
        }

    async def cancel(self, job_id: str) -> CancelledJob:
        """Cancel a job that waits or runs.

        Raises:
            ConflictError: It has ended.
        """
        return await self._uploads.cancel(job_id)

    async def delete(self, job_id: str) -> None:
        """Delete a job; one that is gone already stays so."""
        try:
            await self._gateway.write(
                f"/job/{segment(job_id)}", "delete job", job_id=job_id, method="DELETE"
            )
        except NotFoundError:
            return

    async def config(self, job_id: str) -> StoredConfig:
        """Get the configurations that a job was opened with; all ``None`` where it has none."""
        try:
            response = await self._gateway.read(
                f"/job/{segment(job_id)}/execution_config/",
                "get the configuration of job",
                job_id=job_id,
            )
        except NotFoundError as error:
            # Older servers say so of a job without one, in words of their own.
            if "configuration" not in error.body.lower():
                raise
            return StoredConfig(job_id=job_id)
        return parse(StoredConfig, response, job_id)

    async def set_config(self, job_id: str, config: ExecutionConfig) -> StoredConfig:
        """Replace the configuration of a job that waits.

        Raises:
            ConflictError: It waits no more.
        """
        response = await self._gateway.write(
            f"/job/{segment(job_id)}/execution_config/",
            "configure job",
            job_id=job_id,
            body=Body(json_bytes(config.document())),
        )
        return parse(StoredConfig, response, job_id)


def opening_of(
    config: JobConfig, target: QoroSystem | QoroCluster, measured: Measured
) -> Mapping[str, JsonValue]:
    """Write what a job is opened with.

    Args:
        config: The configuration.
        target: Where it runs.
        measured: What is measured.

    Raises:
        InvalidOptionError: The target computes no expectation values, or the configuration is for
            another kind of target.
    """
    is_simulator = isinstance(target, QoroCluster)
    has_values = isinstance(measured, ObservableGroups)
    if has_values and not target.supports_expval:
        raise InvalidOptionError(
            f"{target.name} computes no expectation values",
            provider="qoro",
            remedy="Measure counts, or use a cluster of simulators.",
        )
    wrong = config.device if is_simulator else (config.maestro or config.execution)
    if wrong is not None:
        kind = "a simulator" if is_simulator else "a quantum computer"
        raise InvalidOptionError(
            f"{type(wrong).__name__} does not apply to {target.name}, which is {kind}",
            provider="qoro",
            remedy="Leave it out, or choose a target of the other kind.",
        )
    document: dict[str, JsonValue] = {
        "tag": config.tag or DEFAULT_TAG,
        "job_type": "EXPECTATION" if has_values else "EXECUTE",
        "use_packing": bool(config.use_packing),
        "simulator_cluster" if is_simulator else "qpu_system_name": target.name,
    }
    for name, part in (
        ("execution_configuration", config.execution),
        ("maestro_config", config.maestro),
        ("device_config", config.device),
    ):
        if part is not None:
            document[name] = part.document()
    return document


def readied(content: Content) -> Content:
    """Read every program, and write those anew that the service would not read; not on the loop.

    Raises:
        ProgramSyntaxError: One is malformed; its label, line and column are named.
        UnsupportedProgramError: One has an operation that the service does not know.
        MissingExtraError: Qiskit is not installed.
    """
    circuits, templates = [], []
    for item in content:
        if isinstance(item, QoroTemplate):
            templates.append(_readied_template(item))
        else:
            program = Program(item.text, ProgramFormat.QASM2, source=f"circuit {item.label!r}")
            ready = prepared(program, {})
            is_plain = is_in_the_services_words(item.text, ())
            circuits.append(item if is_plain else replace(item, text=ready.text))
    if circuits and templates:
        return content  # refused when it is cut into chunks
    return circuits or templates


def _readied_template(item: QoroTemplate) -> QoroTemplate:
    program = Program(item.text, ProgramFormat.QASM2, source="the template")
    ready = prepared(program, dict(zip(item.names, item.rows[0].values, strict=True)))
    if is_in_the_services_words(item.text, item.names):
        return item
    if not ready.is_template:
        raise UnsupportedProgramError(
            "the template has an angle that the service may read otherwise",
            provider="qoro",
            remedy="Put brackets around a sign before a power.",
        )
    ours = dict(zip((p.name for p in ready.circuit.parameters), ready.names, strict=True))
    return replace(item, text=ready.text, names=tuple(ours[name] for name in item.names))
