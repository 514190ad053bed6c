"""A scheduler as Divi's circuit runner, for its interfaces before and since 0.14."""

from __future__ import annotations

import hashlib
import logging
import os
import sys
import threading
from collections import Counter
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, Self, TypeVar, cast

from divi import backends  # pyright: ignore[reportAttributeAccessIssue]
from divi.exceptions import ExecutionCancelledError  # pyright: ignore[reportMissingImports]

from quantum_async.blocking._door import Door
from quantum_async.blocking._handle import ClientHandle
from quantum_async.blocking._session import Reporter, Session
from quantum_async.errors import (
    JobCancelledError,
    JobFailedError,
    QuantumAsyncError,
    ResultError,
    ResultPendingError,
    WaitTimeoutError,
)
from quantum_async.integrations.divi.payloads import (
    JobSettings,
    RunSettings,
    groups_of,
    payloads_of,
    width_of,
)
from quantum_async.integrations.divi.results import Expected, JobResponse
from quantum_async.integrations.divi.service import IS_NEWER, ServiceCalls, id_of
from quantum_async.models._recent import Recent
from quantum_async.models.job import JobRef, JobStatus
from quantum_async.models.limits import Limits
from quantum_async.models.options import meaning_of
from quantum_async.providers.qoro.api import KEY, OWN_KEY
from quantum_async.providers.qoro.client import QoroClient
from quantum_async.providers.qoro.payloads import ALL
from quantum_async.providers.qoro.systems import DEFAULT_CLUSTER
from quantum_async.providers.qoro.wire import QoroCluster
from quantum_async.scheduler.inputs import check_name

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence
    from pathlib import Path
    from threading import Event
    from typing import Literal

    from quantum_async import Budget, Result, RunOptions, Scheduler, blocking
    from quantum_async.integrations.divi.service import HasJob
    from quantum_async.journal.base import Journal
    from quantum_async.models.job import JobState
    from quantum_async.models.program import Program
    from quantum_async.scheduler.job import Job

    class ExecutionResult(HasJob):
        """What is used of Divi's own handle of a job, or of its results."""

        def __init__(self, *, job_id: str) -> None: ...

        def with_results(self, results: list[dict[str, Any]], **more: float) -> ExecutionResult:
            """Return a copy with results."""
            ...

    class CircuitRunner:
        """What is used of Divi's own class, which checkers may not find."""

        shots: int
        track_depth: bool
        _depth_history: list[list[int]]

        def __init__(self, shots: int, *, track_depth: bool = False) -> None: ...
else:
    CircuitRunner, ExecutionResult = backends.CircuitRunner, backends.ExecutionResult

logger: logging.Logger = logging.getLogger(__name__)

T = TypeVar("T")

SHOTS = 1000
"""How often a circuit is run where nobody says."""

_KEPT = 1_000
_SAMPLING = "EXECUTE"
_EXPECTATION = "EXPECTATION"
_WORDS = {
    JobStatus.SUCCEEDED: "COMPLETED",
    JobStatus.FAILED: "FAILED",
    JobStatus.CANCELLED: "CANCELLED",
}
_ENDINGS = (JobFailedError, JobCancelledError, ResultError)
"""What waiting for a job that has ended may raise: where it stands is known all the same."""
_POLLING = ("verbose", "progress_callback", "cancellation_event")
_ORDER = _POLLING if IS_NEWER else ("on_complete", *_POLLING)
"""What Divi's generation calls the arguments of a poll that come without their names."""


class QoroRunner(ServiceCalls, CircuitRunner):
    """Run Divi's programs on the Qoro service through a scheduler.

    Divi's pipelines and ensembles use it unchanged, from any number of threads, and it has the
    methods of Divi's own service class. Every submission is a job of the scheduler: written down
    before it is sent, within budget and limits. Constructing a runner sends nothing. `close`,
    leaving a ``with`` block and the end of the program let jobs go on.

    Args:
        via: A `quantum_async.QoroClient` that nobody has opened, or its blocking twin; or a
            `quantum_async.blocking.Scheduler` that is entered, which then owns the jobs. By
            default a client with the key that Divi's own class would find: ``QORO_API_KEY`` of a
            ``.env`` file here or above, else of the environment.
        auth_token: The API key instead.
        journal: Where jobs are written down; see `Scheduler`.
        budget: The most that may be spent: its jobs are Divi's jobs, its shots those of all their
            circuits.
        limits: How much is done at once, and how often jobs are asked about.
        on_cancel: What closing does to unfinished jobs: ``"detach"`` lets them go on.
        name: What the program's run is called. With a journal, the same program run again under
            the same name sends only what the journal does not have: the first submission of some
            content is the first that was recorded with it, and so on.
        job_config: Divi's own: target, shots, tag, packing and whether counts are forced.
        maestro_config: How simulators run jobs.
        device_config: How quantum computers run them.
        execution_config: How simulators run them, in Divi before 0.14.
        target: Name of a cluster or system; ``client:name`` where a scheduler has several clients
            of the service.
        shots: How often each circuit is run; 1000 by default.
        tag: A word for lists.
        supports_expval: Whether the target computes expectation values. By default the service is
            asked, at the first look and unless it is the usual cluster.
        force_sampling: Let Divi estimate expectation values from counts in any case.
        polling_interval: Longest time in seconds between two polls, where no `limits` are given.
        max_retries: How many polls are waited for at most; ``None`` for no limit.
        track_depth: Whether the depth of every circuit is recorded, which reads each one.

    Raises:
        ValueError: The shots are not positive.
        ConfigurationError: The client belongs to another event loop, or there is no key.
    """

    def __init__(
        self,
        via: QoroClient | blocking.QoroClient | blocking.Scheduler | None = None,
        *,
        auth_token: str | None = None,
        journal: str | Path | Journal | None = None,
        budget: Budget | None = None,
        limits: Limits | None = None,
        on_cancel: Literal["cancel", "detach"] = "detach",
        name: str | None = None,
        job_config: Any = None,
        maestro_config: Any = None,
        device_config: Any = None,
        execution_config: Any = None,
        target: str | None = None,
        shots: int | None = None,
        tag: str | None = None,
        supports_expval: bool | None = None,
        force_sampling: bool = False,
        polling_interval: float = 3.0,
        max_retries: int | None = None,
        track_depth: bool = False,
    ) -> None:
        check_name(name)
        usual = JobSettings.of(job_config)
        super().__init__(
            shots=shots if shots is not None else usual.shots or SHOTS, track_depth=track_depth
        )
        client, _, device = (target or "").rpartition(":")
        if via is None:
            via = _client_of_vendors_key(auth_token)
        is_own = isinstance(via, QoroClient | ClientHandle)
        self._door = Door(
            via,
            "qoro",
            name=client,
            journal=journal,
            budget=budget,
            limits=_pace(polling_interval) if limits is None and is_own else limits,
            on_cancel=on_cancel,
        )
        self._client = cast("QoroClient", self._door.client)
        # Otherwise the tag is Divi's alone, and nothing here would lead from a key to the job.
        self._has_key = journal is not None or not is_own
        self.name = name
        self.job_config = job_config
        self.maestro_config = maestro_config
        self.device_config = device_config
        self.execution_config = execution_config
        self._said = JobSettings(device or None, tag=tag, force_sampling=force_sampling)
        self._supports_expval = supports_expval
        self._can_compute: dict[str, bool] = {DEFAULT_CLUSTER: True}
        self.polling_interval = polling_interval
        self.max_retries = max_retries
        self._lock = threading.Lock()
        self._jobs: dict[str, Job] = {}
        self._sent: Recent[str, tuple[JobRef, Expected]] = Recent(_KEPT)
        self._times: Counter[str] = Counter()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close what was opened here; jobs go on, unless `on_cancel` says otherwise."""
        with self._lock:
            self._jobs.clear()
        self._door.close()

    @property
    def supports_expval(self) -> bool:
        """Whether Divi may ask for expectation values; the service is asked once, if need be."""
        settings = self._settings()
        if settings.force_sampling or self._supports_expval is not None:
            return bool(self._supports_expval) and not settings.force_sampling
        device = self._device(settings)
        if device not in self._can_compute:
            target = self._ask("supports_expval", lambda client: client.systems.find(device))
            self._can_compute[device] = target.supports_expval
        return self._can_compute[device]

    @property
    def is_async(self) -> bool:
        """Whether Divi has to poll: it has."""
        return True

    @property
    def resolves_parameters(self) -> bool:
        """Whether the service puts parameters in: it does."""
        return True

    def submit_circuits(
        self,
        payloads: Mapping[str, Any] | Sequence[Any] | None = None,
        *,
        circuits: Mapping[str, Any] | Sequence[Any] | None = None,
        ham_ops: str | None = None,
        circuit_ham_map: Sequence[Sequence[int]] | None = None,
        shot_groups: Sequence[Sequence[int]] | None = None,
        job_type: Any = None,
        maestro_config: Any = None,
        device_config: Any = None,
        job_config: Any = None,
        override_execution_config: Any = None,
        override_job_config: Any = None,
        cancellation_event: Event | None = None,
    ) -> ExecutionResult:
        """Submit circuits or parametric payloads as one job. Billed once it runs.

        Args:
            payloads: Divi's payloads, or circuits by label or in a row.
            circuits: The same in Divi before 0.14.
            ham_ops: Observables instead of counts.
            circuit_ham_map: Which circuits each group of observables is for.
            shot_groups: Ranges of circuits and their shots.
            job_type: Divi's job type; follows from `ham_ops` by default.
            maestro_config: How simulators run it.
            device_config: How quantum computers run it.
            job_config: Target, shots and tag of this job.
            override_execution_config: How simulators run it, in Divi before 0.14.
            override_job_config: As `job_config`, in Divi before 0.14.
            cancellation_event: Ends the submission, also in the middle of an upload.

        Raises:
            ValueError: Arguments contradict each other, or a circuit is malformed.
            ExecutionCancelledError: The event was set; what was opened is cancelled.
            BudgetExceededError: It would exceed the budget; nothing was sent.
            SubmissionUnknownError: Nobody can say whether the job runs.
            QuantumAsyncError: The service could not be reached, or refused.
        """
        settings = self._settings(job_config or override_job_config)
        _check(ham_ops, shot_groups, job_type, is_forced=settings.force_sampling)
        content = payloads_of(payloads if circuits is None else circuits)
        groups = None
        if ham_ops is not None:
            groups = groups_of(ham_ops, circuit_ham_map, list(map(width_of, content.texts)))
        program, shots = content.program(
            settings.shots or self.shots, shot_groups, groups, circuit_ham_map
        )
        if self.track_depth:
            self._record_depths(content.circuits.values())
        said = RunSettings(maestro_config, device_config, override_execution_config)
        usual = RunSettings(self.maestro_config, self.device_config, self.execution_config)
        device = self._device(settings)
        accepted: list[Job] = []

        async def submit(scheduler: Scheduler) -> None:
            target = await self._client.systems.find(device)
            is_simulator = isinstance(target, QoroCluster)
            options = said.options(
                usual, settings, is_simulator=is_simulator, has_key=self._has_key
            )
            job = await scheduler.submit(
                program,
                shots=shots,
                on=f"{self._client.name}:{device}",
                options=options,
                name=self._name_of(program, shots, device, options),
            )
            accepted.append(job)

        try:
            self._run("submit_circuits", submit, _Attention(event=cancellation_event))
        except BaseException as stop:
            # It came at the same moment, and nobody will know the job's id.
            for job in accepted:
                self._take_along(job, stop)
            raise
        [job] = accepted
        with self._lock:
            self._jobs[job.ref.id] = job
            expected = Expected.of(content.labels, groups, circuit_ham_map)
            self._sent[job.ref.id] = job.ref, expected
        return ExecutionResult(job_id=job.ref.id)

    def submit_circuit_templates(
        self,
        templates: Sequence[Any],
        *,
        cancellation_event: Event | None = None,
        **options: Any,
    ) -> ExecutionResult:
        """Submit templates, as Divi before 0.14 does; see `submit_circuits`."""
        if not templates:
            raise ValueError("at least one template is needed")
        return self.submit_circuits(templates, cancellation_event=cancellation_event, **options)

    def poll_job_status(
        self,
        execution_result: ExecutionResult,
        loop_until_complete: bool = False,  # noqa: FBT001, FBT002  Divi's own signature
        *more: Any,
        **named: Any,
    ) -> Any:
        """Ask where a job stands, once or until it has ended.

        Without an event, an interrupt of the wait cancels the job.

        Args:
            execution_result: What `submit_circuits` returned.
            loop_until_complete: Whether to wait.
            *more: The arguments below, in the order of the generation of Divi that is installed.
            **named: ``verbose``: whether the wait is shown, on terminals and in notebooks.
                ``progress_callback``: called after each poll of a job that goes on, with the
                poll's number and the service's word. ``cancellation_event``: ends the waiting.
                ``on_complete``: called at the end with the service's last answer.

        Returns:
            Divi's status; a word of the service that Divi does not know as it is.

        Raises:
            ExecutionCancelledError: The event was set.
            QoroJobError: The job ended without results, in Divi since 0.14.
            WaitTimeoutError: `max_retries` polls were not enough; the job goes on.
            QuantumAsyncError: The job can no longer be followed.
        """
        given = dict(zip(_ORDER, more, strict=False)) | named
        return self._poll(id_of(execution_result), is_awaited=loop_until_complete, **given)

    def get_job_results(self, execution_result: ExecutionResult) -> ExecutionResult:
        """Fetch the results of a job that has completed, in the order of its circuits.

        Raises:
            ResultPendingError: It has not ended.
            ResultError: It has none, or values of other observables than were asked for.
            JobFailedError, JobCancelledError: It ended without any.
        """
        job = self._job(job_id := id_of(execution_result))
        has_time = hasattr(ExecutionResult, "run_time")

        async def fetch(_: Scheduler) -> tuple[Result, float]:
            if not job.is_settled and not (await job.status()).is_terminal:
                raise ResultPendingError(
                    f"job {job_id} has not ended: it is {job.state.reported}",
                    provider="qoro",
                    job_id=job_id,
                    remedy="Wait for it: poll_job_status(..., loop_until_complete=True).",
                )
            result, seconds = await job.result(), job.state.run_time
            if seconds is None and has_time:
                # The journal has the result, and the service may have deleted the job.
                with suppress(QuantumAsyncError):
                    seconds = (await self._client.jobs.status(job_id)).run_time
            return result, seconds or 0.0

        result, seconds = self._run("get_job_results", fetch, _Attention())
        with self._lock:
            ref, expected = self._sent.get(job_id, (job.ref, Expected()))
            self._sent[job_id] = ref, expected
            # The result is handed over: whoever asks again has it followed by its reference.
            self._jobs.pop(job_id, None)
        rows = expected.rows(result)
        if not has_time:
            return execution_result.with_results(rows)
        return execution_result.with_results(rows, run_time=seconds)

    def cancel_job(self, execution_result: ExecutionResult) -> JobResponse | None:
        """Cancel a job; one that is known to have ended stays as it is, and gives ``None``."""
        job = self._job(job_id := id_of(execution_result))
        if job.is_settled:
            return None
        self._run("cancel_job", lambda _: job.cancel(), _Attention())
        return self._response({"status": "cancelled", "job_id": job_id}, job_id, "cancel")

    def delete_job(self, execution_result: HasJob) -> JobResponse:
        """Delete a job at the service; one that is gone already stays so."""
        with self._lock:
            job = self._jobs.pop(id_of(execution_result), None)

        async def detach(_: Scheduler) -> None:
            if job is not None:
                job.detach()

        self._run("delete_job", detach, _Attention())
        return super().delete_job(execution_result)

    def _poll(
        self,
        job_id: str,
        *,
        is_awaited: bool,
        verbose: bool = True,
        progress_callback: Callable[[int, str], None] | None = None,
        cancellation_event: Event | None = None,
        on_complete: Callable[[JobResponse], None] | None = None,
    ) -> Any:
        if not is_awaited:
            attention = _Attention(event=cancellation_event)
            return divi_status(self._run("poll_job_status", partial(self._look, job_id), attention))
        job = self._job(job_id)
        attention = _Attention(
            job,
            self._loud() if verbose and progress_callback is None else None,
            event=cancellation_event,
            progress=progress_callback,
            most=self.max_retries,
        )
        try:
            state = self._run("poll_job_status", lambda _: _ending(job), attention)
        except (KeyboardInterrupt, SystemExit) as stop:
            if cancellation_event is None:
                self._take_along(job, stop)
            raise
        word = _word(state)
        if on_complete is not None:
            document = {"status": word, "run_time": state.run_time or 0.0}
            on_complete(self._response(document, job_id, "status"))
        if state.status is not JobStatus.SUCCEEDED:
            raise_ended(job_id, word)
        return divi_status(word)

    async def _look(self, job_id: str, _: Scheduler) -> str:
        with self._lock:
            job = self._jobs.get(job_id)
        if job is None:
            return (await self._client.jobs.status(job_id)).reported
        await job.status()
        return _word(job.state)

    def _job(self, job_id: str) -> Job:
        """Find a job, or have it followed from now on: one of another process, or read before."""
        with self._lock:
            if (job := self._jobs.get(job_id)) is not None:
                return job
            ref, _ = self._sent.get(job_id, (None, None))
        client = self._client
        found = ref or JobRef(
            "qoro", job_id, index=ALL, account=client.account, identity=client.identity
        )
        job = self._run("adopt", lambda scheduler: scheduler.adopt(found), _Attention())
        with self._lock:
            return self._jobs.setdefault(job_id, job)

    def _run(
        self, what: str, work: Callable[[Scheduler], Awaitable[T]], attention: _Attention
    ) -> T:
        """Await something of the scheduler, and look after the caller meanwhile."""
        attention.look()
        scheduler, session = self._door.open()

        async def watched() -> T:
            try:
                return await work(scheduler)
            finally:
                attention.is_over = True

        return session.run(watched, attention, what=f"QoroRunner.{what}").outcome()

    def _ask(self, what: str, work: Callable[[QoroClient], Awaitable[T]]) -> T:
        return self._run(what, lambda _: work(self._client), _Attention())

    def _take_along(self, job: Job, stop: BaseException) -> None:
        """Cancel a job as well as can be done, so that an interrupt stays one."""
        try:
            self._run("cancel_job", lambda _: job.cancel(), _Attention())
        except QuantumAsyncError as error:
            logger.warning("job %s may go on at the Qoro service: %s", job.id, error)
        else:
            self._door.open()[1].outdate(stop)

    def _settings(self, config: Any = None) -> JobSettings:
        """Say how a job runs: as its configuration, the runner's arguments and the runner's say."""
        usual, said = JobSettings.of(self.job_config), self._said
        usual = JobSettings(
            said.target or usual.target,
            self.shots,
            said.tag or usual.tag,
            usual.use_packing,
            said.force_sampling or usual.force_sampling,
        )
        return JobSettings.of(config, usual)

    def _device(self, settings: JobSettings) -> str:
        return settings.target or self._client.jobs.defaults.target or DEFAULT_CLUSTER

    def _name_of(
        self, program: Program, shots: int, device: str, options: RunOptions
    ) -> str | None:
        """Name a submission by its content, and by how often that was submitted before.

        The order of different ones is of no account, which threads may change from run to run.
        """
        if self.name is None:
            return None
        said = "\0".join((program.digest, str(shots), device, meaning_of(options)))
        digest = hashlib.sha256(said.encode()).hexdigest()[:24]
        with self._lock:
            self._times[digest] += 1
            return f"{self.name}/{digest}/{self._times[digest]}"

    def _loud(self) -> Session:
        """Make what draws a wait where there is somebody to see it."""
        progress = True if sys.stderr.isatty() else None
        return Session(self._door.open()[0], progress=progress)

    def _response(self, document: Mapping[str, Any], job_id: str, last: str) -> JobResponse:
        return JobResponse(document, f"{self._client.address}/job/{job_id}/{last}/")

    def _record_depths(self, texts: Any) -> None:
        from qiskit import QuantumCircuit

        depths = [QuantumCircuit.from_qasm_str(text).depth() for text in texts]
        self._depth_history.append(depths)


class _Attention(Reporter):
    """Look after the caller of a wait, on its own thread: its event, its callback, its patience.

    Args:
        job: The job that is waited for, if there is one.
        session: Says whether to draw.
        event: Ends the wait.
        progress: Called after each poll of a job that goes on.
        most: How many polls are waited for.
    """

    def __init__(
        self,
        job: Job | None = None,
        session: Session | None = None,
        *,
        event: Event | None = None,
        progress: Callable[[int, str], None] | None = None,
        most: int | None = None,
    ) -> None:
        super().__init__(job, session)
        self.is_over = False
        self._job = job
        self._event = event
        self._callback = progress
        self._limit = most
        self._seen: JobState | None = None if job is None else job.state
        self._number = 0

    def tick(self) -> None:
        """Look again, unless it is over: what has come beats an event that comes late."""
        super().tick()
        if not self.is_over:
            self.look()

    def look(self) -> None:
        """Look at the event, and tell of a poll that was made.

        Raises:
            ExecutionCancelledError: The event was set.
            WaitTimeoutError: There were enough polls.
        """
        job_id = self._job.id if self._job is not None else None
        if self._event is not None and self._event.is_set():
            what = "The submission" if job_id is None else f"Waiting for job {job_id}"
            raise ExecutionCancelledError(f"{what} was cancelled.")
        if self._job is None or (state := self._job.state) is self._seen or not state.reported:
            return
        self._seen = state
        if state.status.is_terminal:
            return
        self._number += 1
        if self._callback is not None:
            self._callback(self._number, state.reported)
        if self._limit is not None and self._number >= self._limit:
            raise WaitTimeoutError(
                f"job {job_id} has not ended after {self._number} polls; it goes on",
                provider="qoro",
                job_id=job_id,
                remedy="Poll again, or pass a larger max_retries.",
            )


async def _ending(job: Job) -> JobState:
    """Wait until a job has ended, with or without a result, and say how."""
    with suppress(*_ENDINGS):
        await job.result()
    return job.state


def _word(state: JobState) -> str:
    """Give the service's word, or the one that it has for what the journal says."""
    return state.reported or _WORDS.get(state.status, "PENDING")


def divi_status(word: str) -> Any:
    """Translate the service's word, and leave one that Divi does not know as it is."""
    try:
        return backends.JobStatus(word)
    except ValueError:
        return word


def raise_ended(job_id: str, word: str) -> None:
    """Raise what Divi since 0.14 raises for a job without results; before, do nothing."""
    if not IS_NEWER:
        return
    kinds = {
        "CANCELLED": backends.JobCancelledError,
        "INSUFFICIENT_CREDITS": backends.InsufficientCreditsError,
        "TIMED_OUT": backends.JobTimedOutError,
    }
    raise kinds.get(word, backends.JobFailedError)(job_id)


def _check(ham_ops: str | None, shot_groups: object, job_type: Any, *, is_forced: bool) -> None:
    if ham_ops is not None and shot_groups is not None:
        raise ValueError("shot_groups and ham_ops exclude each other.")
    if ham_ops is not None and is_forced:
        raise ValueError("ham_ops and force_sampling exclude each other.")
    wanted = getattr(job_type, "value", job_type)
    if wanted not in {None, _EXPECTATION if ham_ops is not None else _SAMPLING}:
        raise ValueError(f"job_type {wanted} does not fit ham_ops={ham_ops!r}.")


def _pace(interval: float) -> Limits:
    """Let jobs be asked about as often as Divi's users say."""
    usual = Limits()
    longest = max(interval, 0.01)
    return Limits(
        min_poll_interval=min(usual.min_poll_interval, longest), max_poll_interval=longest
    )


def _client_of_vendors_key(auth_token: str | None) -> QoroClient:
    """Make a client with the key that Divi's own class would find: a ``.env`` file's comes first."""
    from dotenv import dotenv_values, find_dotenv

    key = auth_token or dotenv_values(find_dotenv(usecwd=True)).get(KEY)
    del auth_token  # a traceback with variables would show it
    return QoroClient.from_env({**os.environ, **({KEY: key, OWN_KEY: ""} if key else {})})
