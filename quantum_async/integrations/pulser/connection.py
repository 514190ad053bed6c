"""Pulser's own backends on our clients: a `RemoteConnection` over the blocking facade."""

from __future__ import annotations

import json
import sys
import threading
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from pulser.backend.remote import RemoteConnection, RemoteResults

from quantum_async.blocking._door import bare_of, stand
from quantum_async.blocking._session import Reporter, Session
from quantum_async.blocking._signals import tell
from quantum_async.errors import BatchNotClosedError, InvalidOptionError
from quantum_async.integrations.pulser import orders
from quantum_async.integrations.pulser.link import Link
from quantum_async.integrations.pulser.orders import config_document, default_runs, ordered
from quantum_async.integrations.pulser.results import missing, to_results
from quantum_async.models.submission import EmulationOptions
from quantum_async.programs.objects import as_program

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence as Items
    from pathlib import Path
    from types import TracebackType
    from typing import Self

    from pulser import Sequence
    from pulser.backend import Results
    from pulser.backend.remote import BatchStatus, JobStatus
    from pulser.devices import Device
    from pulser.devices._device_datacls import BaseDevice

    from quantum_async.blocking import Scheduler as BlockingScheduler
    from quantum_async.blocking._handle import AnyClient
    from quantum_async.blocking._session import Block
    from quantum_async.integrations.pulser.orders import Emulation, Order
    from quantum_async.integrations.pulser.results import Outcome
    from quantum_async.journal.base import Journal
    from quantum_async.models.cost import Budget
    from quantum_async.models.limits import Limits

T = TypeVar("T")


class PulserResults(RemoteResults):
    """Pulser's ``RemoteResults`` of jobs that were submitted here, so that nobody has to ask.

    Args:
        batch_id: The provider's id of the batch.
        connection: What it was submitted through.
        job_ids: The ids of the jobs, in order; ``None`` for all that the batch has.
    """

    _connection: PulserConnection

    def __init__(
        self, batch_id: str, connection: PulserConnection, job_ids: list[str] | None = None
    ) -> None:
        # Pulser's own asks for the jobs of the batch, to see whether these are among them.
        self._batch_id = batch_id
        self._connection = connection
        self._job_ids = job_ids

    def get_available_results(self) -> dict[str, Results]:
        """Give the results that are there, by the ids of their jobs."""
        found = self.outcomes().values()
        return {each.job_id: to_results(each.result) for each in found if each.result is not None}

    def outcomes(self) -> Mapping[str, Outcome]:
        """Say how each job ended or where it stands, failed ones included."""
        return self._connection.outcomes(self._batch_id, self._job_ids)

    def wait(self, timeout: float | None = None) -> Mapping[str, Outcome]:
        """Wait until every job is over, however it ended.

        Args:
            timeout: Longest wait in seconds; no limit by default.

        Raises:
            WaitTimeoutError: The time is up; the jobs go on.
        """
        return self._connection.wait(self._batch_id, self._job_ids, timeout=timeout)


class PulserConnection(RemoteConnection):
    """Run Pulser's own backends on any client that runs sequences.

    Existing scripts change the line that makes the connection: ``QPUBackend`` of Pulser and the
    emulator backends of pasqal-cloud take this one as they take the vendor's. Constructing it
    sends nothing. The first use opens the client, if nobody has; `close`, the end of a ``with``
    block or of the program closes it, with every batch that is still open.

    It may be used from many threads, and in notebooks.

    Args:
        via: A blocking client, or an async one that nobody has opened; or a blocking scheduler
            that is entered, whose block then owns the jobs.
        target: The device, where neither the backend nor the name of the sequence's device says
            it; ``provider:device`` where a scheduler has several clients.
        devices: Devices that are offered in place of the provider's own, by their targets: to
            rehearse on `LocalClient` with the devices of a cloud.
        name: What its submissions are called. With a journal, a script that is run again submits
            nothing twice: its first submission is continued by the first one of the new run, and
            so on, and one that differs from before is refused.
        journal: Where jobs are written down before they are sent; see `Scheduler`.
        budget: The most that may be spent.
        limits: How much is done at once.

    Raises:
        ConfigurationError: The client belongs to another event loop, or which client of a
            scheduler is meant is not clear.

    Example:
        ```python
        import pulser
        from quantum_async.blocking import LocalClient
        from quantum_async.integrations.pulser import PulserConnection

        with PulserConnection(LocalClient(seed=1)) as connection:
            device = connection.fetch_available_devices()["AnalogDevice"]
            register = device.calibrated_register_layouts.popitem()[1].define_register(0, 60)
            sequence = pulser.Sequence(register, device)
            sequence.declare_channel("global", "rydberg_global")
            sequence.add(pulser.Pulse.ConstantPulse(500, 6.283185, 0.0, 0.0), "global")
            results = pulser.QPUBackend(sequence, connection).run([{"runs": 100}], wait=True)
            assert results[0].final_bitstrings.most_common(1)[0][0] == "11"
        ```
    """

    def __init__(
        self,
        via: AnyClient | BlockingScheduler,
        *,
        target: str | None = None,
        devices: Mapping[str, Device] | None = None,
        name: str | None = None,
        journal: str | Path | Journal | None = None,
        budget: Budget | None = None,
        limits: Limits | None = None,
    ) -> None:
        self._link = Link(
            bare_of(via),
            target or "",
            devices,
            name=name,
            journal=journal,
            budget=budget,
            limits=limits,
        )
        self._session = Session(self._link)
        self._target = self._link.target_name
        self._block: Block[Link] | None = None
        self._lock = threading.RLock()
        self._latest = threading.local()
        self._reasons: dict[str, BaseException | None] = {}

    def __repr__(self) -> str:
        return f"<PulserConnection to {self._link!r}>"

    def __enter__(self) -> Self:
        self._open()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._close(exc)

    def close(self) -> None:
        """Close open batches and, if this connection opened it, the client; jobs go on.

        Closing twice has no effect; the next use opens it again.

        Raises:
            BatchNotClosedError: A batch may still be open.
        """
        self._close(None)

    def submit(  # noqa: PLR0917 -- as Pulser's
        self,
        sequence: Sequence[BaseDevice],
        wait: bool = False,  # noqa: FBT001, FBT002 -- as Pulser's
        open: bool = False,  # noqa: FBT001, FBT002 -- as Pulser's
        batch_id: str | None = None,
        device_type: str | None = None,
        backend_configuration: Emulation | None = None,
        **kwargs: object,
    ) -> PulserResults:
        """Submit jobs, open a batch, or add jobs to one; Pulser's backends call this.

        Billed: running the jobs is, and an open batch may reserve the device.

        Args:
            sequence: The sequence.
            wait: Whether to return only when every job is over, however it ended.
            open: Whether to open a batch and submit nothing.
            batch_id: The open batch that the jobs go to.
            device_type: The emulator.
            backend_configuration: How it emulates.
            **kwargs: ``job_params``, per job its ``runs`` and ``variables``.

        Raises:
            InvalidInputError: A job cannot run; nothing was sent.
            SubmissionUnknownError: The answer was lost and cannot be looked up.
            QuantumAsyncError: The provider refused, or stayed out of reach.
        """
        job_params = kwargs.pop("job_params", None)
        if unknown := [name for name, value in kwargs.items() if value is not None]:
            raise InvalidOptionError(
                f"jobs have no option {min(unknown)!r}", remedy="They take 'job_params'."
            )
        params = [] if open else job_params
        order = self._order(sequence, params, device_type, backend_configuration)
        if open:
            return self._opened(order, batch_id)
        if batch_id is not None:
            job_ids = self._run("submit", partial(self._link.add, batch_id, order))
        else:
            batch_id, job_ids = self._run("submit", partial(self._link.submit, order))
        results = PulserResults(batch_id, self, job_ids)
        if wait:
            results.wait()
        return results

    def get_results(self, batch_id: str, job_ids: list[str] | None = None) -> RemoteResults:
        """Find results by the id of their batch, in whichever process it was submitted.

        Args:
            batch_id: The provider's id of the batch.
            job_ids: Which of its jobs, in which order; all in the order of creation by default.

        Raises:
            RuntimeError: The batch has no such jobs.
        """
        if job_ids is None:
            return PulserResults(batch_id, self)
        RemoteResults(batch_id, self, job_ids)
        return PulserResults(batch_id, self, job_ids)

    def outcomes(self, batch_id: str, job_ids: Items[str] | None = None) -> Mapping[str, Outcome]:
        """Say how each job ended or where it stands, failed ones included.

        Args:
            batch_id: The provider's id of the batch.
            job_ids: Which of its jobs; all by default.
        """
        found = self._run("outcomes", lambda: self._link.outcomes(batch_id, job_ids))
        return {outcome.job_id: outcome for outcome in found}

    def wait(
        self,
        batch_id: str,
        job_ids: Items[str] | None = None,
        *,
        timeout: float | None = None,
    ) -> Mapping[str, Outcome]:
        """Wait until every job is over, however it ended. Interrupted: the jobs go on.

        Args:
            batch_id: The provider's id of the batch.
            job_ids: Which of its jobs; all by default.
            timeout: Longest wait in seconds; no limit by default.

        Raises:
            WaitTimeoutError: The time is up; the jobs go on.
        """

        async def waited() -> list[Outcome]:
            return await self._link.wait(batch_id, job_ids)

        try:
            found = self._run("wait", waited, timeout)
        except (KeyboardInterrupt, SystemExit) as stop:
            stop.add_note(
                f"Only the waiting was stopped; batch {batch_id} goes on: "
                f"connection.get_results({batch_id!r}) finds it again."
            )
            tell(stop)
            raise
        return {outcome.job_id: outcome for outcome in found}

    def fetch_available_devices(self) -> dict[str, Device]:
        """Give the devices that can be used, by the name of their target.

        Specifications hold for five minutes; until then nothing is asked again.
        """
        return self._run("fetch_available_devices", self._link.devices)

    def update_sequence_device(self, sequence: Sequence[BaseDevice]) -> Sequence[BaseDevice]:
        """Give the sequence for its device as that is today, which is what is then submitted.

        A simulator takes sequences for any device.

        Args:
            sequence: The sequence; it stays as it is.

        Raises:
            UnknownTargetError: Its device is not available.
            DeviceLimitError: It does not fit the device as that is today.
        """
        if self._link.takes_any_device:
            return sequence
        updated = orders.updated(sequence, self.fetch_available_devices())
        # Pulser's backend only checks what it is given here and submits the old sequence.
        self._latest.pair = sequence, updated
        return updated

    def supports_open_batch(self) -> bool:
        """Whether the provider has open batches."""
        return self._link.client.capabilities.open_batch

    def _order(
        self,
        sequence: Sequence[BaseDevice],
        job_params: object,
        device_type: str | None,
        config: Emulation | None,
    ) -> Order:
        original, updated = getattr(self._latest, "pair", (None, None))
        self._latest.pair = None, None
        if updated is not None and original is sequence:
            sequence = updated
        options, runs = EmulationOptions(), None
        if config is not None:
            document = config_document(config)
            runs = default_runs(document)
            options = EmulationOptions(emulation=json.dumps(document))
        program = as_program(sequence)
        named = str(device_type) if device_type is not None else self._target
        target = self._link.target(program, sequence.device.name, named)
        return ordered(program, target, self._link.client.options_of(options), job_params, runs)

    def _opened(self, order: Order, batch_id: str | None) -> PulserResults:
        if batch_id is not None:
            raise InvalidOptionError(
                f"batch {batch_id} is open already", remedy="Leave its block first."
            )
        batch_id = self._run("open_batch", lambda: self._link.open_batch(order))
        self._reasons[batch_id] = sys.exception()
        return PulserResults(batch_id, self)

    def _close_batch(self, batch_id: str) -> None:
        # Pulser's block does not say why it is left; what is being handled now and was not when
        # the block was entered is the reason, and closing must not hide it.
        reason = sys.exception()
        before = self._reasons.pop(batch_id, None)
        try:
            self._run("close_batch", lambda: self._link.close_batch(batch_id))
        except BatchNotClosedError as error:
            if reason is None or reason is before:
                raise
            reason.add_note(f"{error}; {error.remedy}")

    def _fetch_result(self, batch_id: str, job_ids: list[str] | None) -> tuple[Results, ...]:
        found = self._run("results", lambda: self._link.outcomes(batch_id, job_ids))
        error = missing(found)
        if error is not None:
            raise error
        return tuple(to_results(each.result) for each in found if each.result is not None)

    def _query_job_progress(self, batch_id: str) -> dict[str, tuple[JobStatus, Results | None]]:
        found = self.outcomes(batch_id).values()
        return {outcome.job_id: (outcome.status, outcome.results) for outcome in found}

    def _get_batch_status(self, batch_id: str) -> BatchStatus:
        return self._run("get_batch_status", lambda: self._link.batch_status(batch_id))

    def _get_job_ids(self, batch_id: str) -> list[str]:
        return self._run("job_ids", lambda: self._link.job_ids(batch_id))

    def _run(
        self, what: str, function: Callable[[], Awaitable[T]], timeout: float | None = None
    ) -> T:
        __tracebackhide__ = True
        self._open()
        reporter = Reporter(self._link)
        return self._session.run(function, reporter, timeout=timeout, what=what).outcome()

    def _open(self) -> None:
        with self._lock:
            if self._block is None or not self._block.is_open:
                self._block = stand(self, self._link, self._session)

    def _close(self, reason: BaseException | None) -> None:
        with self._lock:
            block, self._block = self._block, None
        if block is not None and block.is_open:
            block.leave(reason, Reporter(self._link))
