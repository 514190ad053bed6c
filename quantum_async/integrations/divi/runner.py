"""The Qoro client as Divi's circuit runner, for its interfaces before and since 0.14."""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Self

from divi import backends  # pyright: ignore[reportAttributeAccessIssue]
from divi.exceptions import ExecutionCancelledError  # pyright: ignore[reportMissingImports]

from quantum_async.errors import QuantumAsyncError, WaitTimeoutError
from quantum_async.integrations.divi.desk import Desk, EndedError
from quantum_async.integrations.divi.observables import groups_of, width_of
from quantum_async.integrations.divi.payloads import payloads_of
from quantum_async.integrations.divi.rows import Expected
from quantum_async.models._recent import Recent
from quantum_async.models.job import JobStatus

if TYPE_CHECKING:
    from collections.abc import Callable
    from threading import Event

    from quantum_async import QoroClient, blocking
    from quantum_async.models.job import JobState

    class ExecutionResult:
        """What is used of Divi's own handle of a job."""

        job_id: str | None

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

FIRST_PAUSE = 0.1
"""Seconds between the first two polls; later pauses grow to the interval."""

_KEPT = 1_000
_USUAL_TAG = "default"
_SAMPLING = "EXECUTE"
_EXPECTATION = "EXPECTATION"


class QoroRunner(CircuitRunner):
    """Run Divi's programs on the Qoro service through our client.

    Divi's pipelines and ensembles use it unchanged, from any number of threads. What its own
    service class does, with these differences: nothing is sent before the first submission;
    uploads and results travel in parallel; a cancellation event also ends a request under way;
    polls begin fast and slow down; a job that was cut off while it was uploaded is cancelled.

    Args:
        client: A `quantum_async.QoroClient`, or its blocking twin. It is opened when needed and
            closed by `close` or at the end of a ``with`` block.
        target: Name of a cluster or system; the client's own by default.
        shots: How often each circuit is run.
        tag: A word for lists.
        supports_expval: Whether the target computes expectation values; ``False`` makes Divi
            estimate them from counts.
        polling_interval: Longest time in seconds between two polls.
        max_retries: How many polls are made at most; ``None`` for no limit.
        track_depth: Whether the depth of every circuit is recorded, which reads each one.

    Raises:
        ValueError: The shots are not positive.
    """

    def __init__(
        self,
        client: QoroClient | blocking.QoroClient,
        *,
        target: str | None = None,
        shots: int = 1000,
        tag: str | None = None,
        supports_expval: bool = True,
        polling_interval: float = 3.0,
        max_retries: int | None = None,
        track_depth: bool = False,
    ) -> None:
        super().__init__(shots=shots, track_depth=track_depth)
        self._desk = Desk.of(client)
        self._target = target
        self._tag = tag
        self._supports_expval = supports_expval
        self.polling_interval = polling_interval
        self.max_retries = max_retries
        self._lock = threading.Lock()
        self._expected: Recent[str, Expected] = Recent(_KEPT)
        self._run_times: Recent[str, float] = Recent(_KEPT)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the client; jobs go on."""
        self._desk.close()

    @property
    def supports_expval(self) -> bool:
        """Whether Divi may ask for expectation values."""
        return self._supports_expval

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
        payloads: Mapping[str, Any] | Sequence[Any],
        *,
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
            ham_ops: Observables instead of counts.
            circuit_ham_map: Which circuits each group of observables is for.
            shot_groups: Ranges of circuits and their shots.
            job_type: Divi's job type; follows from `ham_ops` by default.
            maestro_config: How simulators run it.
            device_config: How quantum computers run it.
            job_config: Target, shots and tag of this job.
            override_execution_config: The same in Divi before 0.14.
            override_job_config: The same in Divi before 0.14.
            cancellation_event: Ends the submission, also in the middle of an upload.

        Raises:
            ValueError: Arguments contradict each other, or a circuit is malformed.
            ExecutionCancelledError: The event was set; what was opened was cancelled.
            QuantumAsyncError: The service could not be reached, or refused.
        """
        _check(ham_ops, shot_groups, job_type)
        content = payloads_of(payloads)
        groups = None
        if ham_ops is not None:
            widths = list(map(width_of, content.texts))
            groups = groups_of(ham_ops, circuit_ham_map, widths)
        job = {
            "circuits": content.circuits,
            "templates": content.templates,
            "shot_groups": shot_groups,
            "observables": groups,
            "circuit_map": circuit_ham_map,
            **self._settings(job_config or override_job_config),
            "execution": wire_form(override_execution_config),
            "maestro": wire_form(maestro_config),
            "device": wire_form(device_config),
        }
        if self.track_depth:
            self._record_depths(content.circuits.values())
        return self._submit(
            job, Expected.of(content.labels, groups, circuit_ham_map), cancellation_event
        )

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
        verbose: bool = True,  # noqa: ARG002, FBT001, FBT002  Divi's own signature
        progress_callback: Callable[[int, str], None] | None = None,
        cancellation_event: Event | None = None,
        *,
        on_complete: Callable[[Any], None] | None = None,
    ) -> Any:
        """Ask where a job stands, once or until it has ended.

        Without an event, an interrupt cancels the job.

        Args:
            execution_result: What `submit_circuits` returned.
            loop_until_complete: Whether to wait.
            verbose: Of no effect: nothing is printed.
            progress_callback: Called after each poll with its number and the service's word.
            cancellation_event: Ends the waiting, also in the middle of a request.
            on_complete: Called at the end with the job's ``status`` and ``run_time``, in the form
                from which Divi before 0.14 reads how long a job ran.

        Returns:
            Divi's status; a word of the service that Divi does not know as it is.

        Raises:
            ExecutionCancelledError: The event was set.
            QoroJobError: The job ended without results, in Divi since 0.14.
            WaitTimeoutError: `max_retries` polls were not enough; the job goes on.
        """
        job_id = _id_of(execution_result)
        if not loop_until_complete:
            return divi_status(self._state(job_id, cancellation_event).reported)
        try:
            state = self._wait(job_id, progress_callback, cancellation_event)
        except (KeyboardInterrupt, SystemExit):
            if cancellation_event is None:
                self._take_along(job_id)
            raise
        if on_complete is not None:
            on_complete({"status": state.reported, "run_time": state.run_time or 0.0})
        if state.status is not JobStatus.SUCCEEDED:
            raise_ended(job_id, state.reported)
        return divi_status(state.reported)

    def get_job_results(self, execution_result: ExecutionResult) -> ExecutionResult:
        """Fetch the results of a job that has completed, in the order of its circuits.

        Raises:
            ResultError: It has none, or values of other observables than were asked for.
        """
        job_id = _id_of(execution_result)
        expected = self._expected.get(job_id, Expected())
        results = [dict(row) for row in expected.rows(self._desk.rows(job_id))]
        if not hasattr(ExecutionResult, "run_time"):
            return execution_result.with_results(results)
        return execution_result.with_results(results, run_time=self._run_times.get(job_id, 0.0))

    def cancel_job(self, execution_result: ExecutionResult) -> Any:
        """Cancel a job; one that has ended stays as it is."""
        return self._desk.cancel(_id_of(execution_result))

    def _submit(
        self, job: dict[str, Any], expected: Expected, event: Event | None
    ) -> ExecutionResult:
        try:
            job_id = self._desk.submit(event, **job)
        except EndedError:
            raise ExecutionCancelledError("The submission was cancelled.") from None
        with self._lock:
            self._expected[job_id] = expected
        return ExecutionResult(job_id=job_id)

    def _settings(self, config: Any) -> dict[str, Any]:
        target = getattr(config, "simulator_cluster", None) or getattr(config, "qpu_system", None)
        tag = getattr(config, "tag", None)
        return {
            "target": getattr(target, "name", target) or self._target,
            "shots": getattr(config, "shots", None) or self.shots,
            # Divi writes its usual tag into every configuration that names none.
            "tag": self._tag if tag in {None, _USUAL_TAG} else tag,
            "use_packing": getattr(config, "use_circuit_packing", None),
        }

    def _state(self, job_id: str, event: Event | None) -> JobState:
        try:
            return self._desk.state(job_id, event)
        except EndedError:
            raise _cancelled(job_id) from None

    def _wait(
        self,
        job_id: str,
        progress: Callable[[int, str], None] | None,
        event: Event | None,
    ) -> JobState:
        waiter = event or threading.Event()
        pause, number = FIRST_PAUSE, 0
        while self.max_retries is None or number < self.max_retries:
            number += 1
            state = self._state(job_id, event)
            if state.status.is_terminal:
                with self._lock:
                    self._run_times[job_id] = state.run_time or 0.0
                return state
            if progress is not None:
                progress(number, state.reported)
            if waiter.wait(min(pause, self.polling_interval)):
                raise _cancelled(job_id)
            pause *= 1.5
        raise WaitTimeoutError(
            f"job {job_id} has not ended after {number} polls; it goes on",
            provider="qoro",
            job_id=job_id,
            remedy="Poll again, or pass a larger max_retries.",
        )

    def _take_along(self, job_id: str) -> None:
        """Cancel a job as well as can be done, so that an interrupt stays one."""
        try:
            self._desk.cancel(job_id)
        except QuantumAsyncError as error:
            logger.warning("job %s may go on at the Qoro service: %s", job_id, error)

    def _record_depths(self, texts: Any) -> None:
        from qiskit import QuantumCircuit

        depths = [QuantumCircuit.from_qasm_str(text).depth() for text in texts]
        self._depth_history.append(depths)


def wire_form(config: Any) -> dict[str, Any] | None:
    """Write one of Divi's configurations as the service reads it."""
    if config is None or isinstance(config, Mapping):
        return config if config is None else dict(config)
    if hasattr(config, "to_payload"):
        return dict(config.to_payload())
    from divi.backends.runners._maestro_payload import (  # pyright: ignore[reportMissingImports]
        maestro_config_to_payload,
    )

    return dict(maestro_config_to_payload(config))


def divi_status(word: str) -> Any:
    """Translate the service's word, and leave one that Divi does not know as it is."""
    try:
        return backends.JobStatus(word)
    except ValueError:
        return word


def raise_ended(job_id: str, word: str) -> None:
    """Raise what Divi since 0.14 raises for a job without results; before, do nothing."""
    if not hasattr(backends, "QoroJobError"):
        return
    kinds = {
        "CANCELLED": backends.JobCancelledError,
        "INSUFFICIENT_CREDITS": backends.InsufficientCreditsError,
        "TIMED_OUT": backends.JobTimedOutError,
    }
    raise kinds.get(word, backends.JobFailedError)(job_id)


def _check(ham_ops: str | None, shot_groups: object, job_type: Any) -> None:
    if ham_ops is not None and shot_groups is not None:
        raise ValueError("shot_groups and ham_ops exclude each other.")
    wanted = getattr(job_type, "value", job_type)
    if wanted not in {None, _EXPECTATION if ham_ops is not None else _SAMPLING}:
        raise ValueError(f"job_type {wanted} does not fit ham_ops={ham_ops!r}.")


def _id_of(execution_result: ExecutionResult) -> str:
    job_id = execution_result.job_id
    if job_id is None:
        raise ValueError("The result belongs to no job.")
    return str(job_id)


def _cancelled(job_id: str) -> ExecutionCancelledError:
    return ExecutionCancelledError(f"Waiting for job {job_id} was cancelled.")
