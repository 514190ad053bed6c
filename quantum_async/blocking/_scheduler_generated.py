"""Blocking twins of the async classes: scheduler."""

# Written by `python .ci/facade` from the async classes.
# Do not change it here: change those, and run the generator.
# mypy: disable-error-code="no-any-return"

from __future__ import annotations

from typing import TYPE_CHECKING

from quantum_async.blocking._handle import BlockHandle
from quantum_async.blocking._handle import Handle
from quantum_async.blocking._handle import unwrap
from quantum_async.blocking._session import Session
from typing import overload
import quantum_async as _async

if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Iterator
    from collections.abc import Mapping
    from collections.abc import Sequence
    from pathlib import Path
    from quantum_async.blocking._handle import AnyClient
    from quantum_async.journal.base import Journal
    from quantum_async.models.batch import BatchRef
    from quantum_async.models.batch import BatchState
    from quantum_async.models.batch import FailurePolicy
    from quantum_async.models.cost import Budget
    from quantum_async.models.grid import Points
    from quantum_async.models.job import JobEvent
    from quantum_async.models.job import JobRef
    from quantum_async.models.job import JobState
    from quantum_async.models.job import JobStatus
    from quantum_async.models.limits import Limits
    from quantum_async.models.result import Result
    from quantum_async.models.submission import RunOptions
    from quantum_async.models.sweep import SweepPoint
    from quantum_async.models.sweep import SweepResults
    from quantum_async.programs.objects import ProgramLike
    from quantum_async.scheduler.batch import Batch as AsyncBatch
    from quantum_async.scheduler.events import EventStream as AsyncEventStream
    from quantum_async.scheduler.inputs import SweepProgram
    from quantum_async.scheduler.job import Completions as AsyncCompletions
    from quantum_async.scheduler.job import Job as AsyncJob
    from quantum_async.scheduler.scheduler import OnCancel
    from quantum_async.scheduler.scheduler import Scheduler as AsyncScheduler
    from quantum_async.scheduler.sweep import OnError
    from quantum_async.scheduler.sweep import Params
    from quantum_async.scheduler.sweep import Sweep as AsyncSweep
    from quantum_async.scheduler.workers import CancelEvent
    from typing import Literal
    from typing import Self


class Batch(BlockHandle["AsyncBatch"]):
    """A batch that stays open: Pasqal's open batch, Azure's session.

    Made by `Scheduler.open_batch`; opened by ``with`` and closed by leaving it, whatever
    the way out. Leaving normally closes the batch and lets its jobs go on. Leaving by an error or
    a cancellation cancels the batch with its unfinished jobs.

    Blocking twin of `quantum_async.Batch`.
    """

    __slots__ = ()

    def __enter__(self) -> Batch:
        self._enter(self._async)
        return self

    @property
    def ref(self) -> BatchRef:
        """All that is needed to find the batch again; picklable.

        Raises:
            BatchClosedError: The batch was never opened.

        Blocking twin of `quantum_async.Batch.ref`.
        """
        return self._async.ref

    @property
    def id(self) -> str:
        """The provider's id of the batch.

        Blocking twin of `quantum_async.Batch.id`.
        """
        return self._async.id

    @property
    def options(self) -> RunOptions:
        """The options that its jobs have, unless they bring their own.

        Blocking twin of `quantum_async.Batch.options`.
        """
        return self._async.options

    @property
    def is_open(self) -> bool:
        """Whether jobs can be added; sends nothing.

        Blocking twin of `quantum_async.Batch.is_open`.
        """
        return self._async.is_open

    @property
    def is_owned(self) -> bool:
        """Whether leaving the scheduler's block closes it; sends nothing.

        Blocking twin of `quantum_async.Batch.is_owned`.
        """
        return self._async.is_owned

    @property
    def target(self) -> str:
        """Where it runs, as ``provider:device``.

        Blocking twin of `quantum_async.Batch.target`.
        """
        return self._async.target

    def open(self, *, timeout: float | None = None) -> None:
        """Open the batch at the provider. Billed: it may reserve the device from now on.

        Cancelled: a batch that is opened after all is cancelled at once.

        Args:
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Raises:
            BatchError: The provider has no open batches.
            SubmissionUnknownError: The answer was lost and the batch cannot be looked up.

        Blocking twin of `quantum_async.Batch.open`.
        """
        return self._call("Batch.open", lambda: self._async.open(), timeout)

    def detach(self) -> BatchRef:
        """Leave the batch to itself: the scheduler neither closes nor cancels it.

        It goes on taking jobs, here too, until somebody closes it.

        Returns:
            The reference by which it is found again.

        Blocking twin of `quantum_async.Batch.detach`.
        """
        return self._ask(lambda: self._async.detach())

    def state(self, *, timeout: float | None = None) -> BatchState:
        """Ask the provider where the batch stands.

        Args:
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Blocking twin of `quantum_async.Batch.state`.
        """
        return self._call("Batch.state", lambda: self._async.state(), timeout)

    def jobs(self, *, timeout: float | None = None) -> list[Job]:
        """Follow all jobs of the batch, whoever submitted them, in the order of their creation.

        Those of other processes belong to this scheduler's block from now on; see
        `Scheduler.adopt`.

        Args:
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Raises:
            QuantumAsyncError: The provider could not be asked.

        Blocking twin of `quantum_async.Batch.jobs`.
        """
        return self._wrap(self._call("Batch.jobs", lambda: self._async.jobs(), timeout))

    def submit(
        self,
        program: ProgramLike | None = None,
        *,
        shots: int,
        variables: Mapping[str, object] | None = None,
        options: RunOptions | None = None,
        timeout: float | None = None,
    ) -> Job:
        """Add one job and return once the provider has accepted it.

        Args:
            program: What to run; the batch's own program by default.
            shots: How often.
            variables: Values of the program's parameters.
            options: Everything else; the batch's own by default. Where the provider gives options
                to the batch as a whole, as Pasqal Cloud does, others are refused.
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Raises:
            BatchClosedError: The batch is closed.
            InvalidOptionError: The options differ from the batch's, which hold for all its jobs.
            QuantumAsyncError: As for `Scheduler.submit`.

        Blocking twin of `quantum_async.Batch.submit`.
        """
        return self._wrap(
            self._call(
                "Batch.submit",
                lambda: self._async.submit(
                    program, shots=shots, variables=variables, options=options
                ),
                timeout,
            )
        )

    def sweep(
        self,
        points: Points | Sequence[Mapping[str, object]],
        *,
        shots: int,
        program: SweepProgram | None = None,
        options: RunOptions | None = None,
        name: str | None = None,
        on_error: OnError = "raise",
    ) -> Sweep:
        """Start a sweep whose jobs all go to this batch.

        Args:
            points: The points, from `grid` or `zip_points`, or a list with a mapping for each.
            shots: Shots of each point.
            program: What to run; the batch's own program by default.
            options: Everything else; the batch's own by default, as for `submit`.
            name: What the sweep is called. With a journal, running it again under the same name,
                in this batch or a later one, continues it.
            on_error: Whether a failed point raises, or is collected with its error.

        Raises:
            BatchClosedError: The batch is closed.

        Blocking twin of `quantum_async.Batch.sweep`.
        """
        return self._wrap(
            self._ask(
                lambda: self._async.sweep(
                    points,
                    shots=shots,
                    program=program,
                    options=options,
                    name=name,
                    on_error=on_error,
                )
            )
        )

    def close(self, *, timeout: float | None = None) -> None:
        """Close the batch: its jobs go on, no more can be added. Closing twice is harmless.

        Jobs that are still waiting to be sent to it are sent first.

        Args:
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Raises:
            BatchNotClosedError: The provider could not be told; it may still be open.

        Blocking twin of `quantum_async.Batch.close`.
        """
        return self._call("Batch.close", lambda: self._async.close(), timeout)

    def cancel(self, *, timeout: float | None = None) -> None:
        """Close the batch and cancel its unfinished jobs; done also if the caller is cancelled.

        Args:
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Raises:
            BatchNotClosedError: The provider could not be told; it may still be open.

        Blocking twin of `quantum_async.Batch.cancel`.
        """
        return self._call("Batch.cancel", lambda: self._async.cancel(), timeout)


class EventStream(BlockHandle["AsyncEventStream"]):
    """Events from the moment of subscription on, as an iterator.

    It ends when the scheduler closes, or when the one job it follows has finished. Leaving the
    loop early is fine; `aclose` or a ``with`` block unsubscribes at once. No job waits for a
    slow listener: one that is more than 16,384 events behind loses the oldest.

    Blocking twin of `quantum_async.EventStream`.
    """

    __slots__ = ()

    def __enter__(self) -> EventStream:
        self._enter(self._async)
        return self

    @property
    def dropped(self) -> int:
        """How many events were lost because nobody read them in time.

        Blocking twin of `quantum_async.EventStream.dropped`.
        """
        return self._async.dropped

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> JobEvent:
        return self._next(lambda: self._async)

    def aclose(self, *, timeout: float | None = None) -> None:
        """Unsubscribe.

        Args:
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Blocking twin of `quantum_async.EventStream.aclose`.
        """
        return self._call("EventStream.aclose", lambda: self._async.aclose(), timeout)


class Completions(Handle["AsyncCompletions"]):
    """An iterator over jobs that yields each as soon as it is settled.

    Made by `Scheduler.as_completed`. It never raises a job's error itself: `Job.result` does.

    Args:
        jobs: The jobs to follow; each is yielded once.

    Blocking twin of `quantum_async.scheduler.job.Completions`.
    """

    __slots__ = ()

    def __len__(self) -> int:
        return self._async.__len__()

    @property
    def done(self) -> int:
        """Number of jobs that are settled.

        Blocking twin of `quantum_async.scheduler.job.Completions.done`.
        """
        return self._async.done

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Job:
        return self._next(lambda: self._async)


class Job(Handle["AsyncJob"]):
    """A job that a provider has accepted. ``job.result()`` waits for its result.

    Made by `Scheduler.submit` and `Batch.submit`. The scheduler owns the job: it waits for it, or
    cancels it, when its block is left.

    Blocking twin of `quantum_async.Job`.
    """

    __slots__ = ()

    @property
    def id(self) -> str | None:
        """The provider's id of the job.

        Blocking twin of `quantum_async.Job.id`.
        """
        return self._async.id

    @property
    def key(self) -> str:
        """Our key of the job, made before it was sent.

        Blocking twin of `quantum_async.Job.key`.
        """
        return self._async.key

    @property
    def target(self) -> str:
        """Where it runs, as ``provider:device``.

        Blocking twin of `quantum_async.Job.target`.
        """
        return self._async.target

    @property
    def ref(self) -> JobRef:
        """All that is needed to find the job again from another process; picklable.

        Raises:
            JobError: The job was never accepted.

        Blocking twin of `quantum_async.Job.ref`.
        """
        return self._async.ref

    @property
    def state(self) -> JobState:
        """What the provider last said of the job; sends nothing.

        Blocking twin of `quantum_async.Job.state`.
        """
        return self._async.state

    @property
    def is_settled(self) -> bool:
        """Whether result or error is here; sends nothing.

        Blocking twin of `quantum_async.Job.is_settled`.
        """
        return self._async.is_settled

    def status(self, *, timeout: float | None = None) -> JobStatus:
        """Ask the provider where the job stands.

        Cancelled: nothing happens to the job.

        Args:
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Raises:
            QuantumAsyncError: The provider could not be asked.

        Blocking twin of `quantum_async.Job.status`.
        """
        return self._call("Job.status", lambda: self._async.status(), timeout)

    def result(self, timeout: float | None = None) -> Result:
        """Wait for the result.

        Cancelled or timed out: only the waiting ends; the job goes on.

        Args:
            timeout: Longest time to wait in seconds; no limit by default.

        Raises:
            JobFailedError: The provider ran the job and it failed.
            JobCancelledError: The job was cancelled.
            ResultError: The job is done, but its result cannot be used.
            WaitTimeoutError: The deadline passed; the job goes on.

        Blocking twin of `quantum_async.Job.result`.
        """
        return self._call("Job.result", lambda: self._async.result(timeout))

    def cancel(self, *, timeout: float | None = None) -> None:
        """Ask the provider to cancel the job; one that has ended already is left as it is.

        Waiting for the job then raises `JobCancelledError` once the provider confirms.

        Args:
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Raises:
            QuantumAsyncError: The provider could not be asked, or refused.

        Blocking twin of `quantum_async.Job.cancel`.
        """
        return self._call("Job.cancel", lambda: self._async.cancel(), timeout)

    def detach(self) -> JobRef:
        """Leave the job to itself: the scheduler neither waits for it nor cancels it.

        Returns:
            The reference by which it is found again.

        Blocking twin of `quantum_async.Job.detach`.
        """
        return self._ask(lambda: self._async.detach())

    def events(self) -> EventStream:
        """Follow what happens to this job from now on, until it has finished.

        Blocking twin of `quantum_async.Job.events`.
        """
        return self._wrap(self._ask(lambda: self._async.events()))


class Scheduler(BlockHandle["AsyncScheduler"]):
    """Run jobs on one or more providers as children of a block.

    Leaving the block normally waits for every job. Leaving it by an error or a cancellation
    cancels what still runs at the providers, closes every open batch, and only then lets the
    error through. Jobs that failed and that nobody looked at raise when the block is left: one
    as it is, several as an `ExceptionGroup`.

    Args:
        *clients: Provider clients; the scheduler opens and closes those that are not open yet.
        journal: Where jobs are written down before they are sent: a file, or the URL of a
            PostgreSQL database that several processes share. Nothing is kept by default.
        on_cancel: What happens to unfinished jobs when the block is left by an error:
            ``"cancel"`` them, or ``"detach"`` them, which leaves them running.
        cancel_on: An event that cancels every job once it is set.
        grace: Longest time in seconds for cancelling and closing on the way out.
        limits: How much is done at once, or a mapping with the limits of some clients, by their
            names; the providers' own limits by default. Each client has them for itself.
        budget: The most that may be spent, or a mapping with the most for each of some clients,
            by their names; with a journal, by all its processes and runs together.
        on_unknown: What to do with a submission whose answer was lost and that the provider
            cannot look up: report it (``"at_most_once"``) or send it again (``"at_least_once"``).
        progress: Whether waiting shows how far the work has come; by default it does in notebooks.

    Raises:
        ConfigurationError: No client, or two of one name: clients of one provider are told apart
            by their ``name=``. Or what is no client.
        InvalidOptionError: A setting is none: a word, a number, a kind that cannot be.

    Blocking twin of `quantum_async.Scheduler`.

    Example:
        ```python
        import quantum_async.blocking as qa

        bell = 'OPENQASM 3; include "stdgates.inc"; qubit[2] q; bit[2] c;'
        bell += "h q[0]; cx q[0], q[1]; c = measure q;"
        with qa.Scheduler(qa.LocalClient(seed=1)) as scheduler:
            job = scheduler.submit(bell, shots=1000)
            result = job.result()
        assert set(result.counts) == {"00", "11"}
        ```
    """

    __slots__ = ()

    def __init__(
        self,
        *clients: AnyClient,
        journal: str | Path | Journal | None = None,
        on_cancel: OnCancel = "cancel",
        cancel_on: CancelEvent | None = None,
        grace: float = 10.0,
        limits: Limits | Mapping[str, Limits] | None = None,
        budget: Budget | Mapping[str, Budget] | None = None,
        on_unknown: Literal["at_most_once", "at_least_once"] = "at_most_once",
        progress: bool | None = None,
    ) -> None:
        clients_ = unwrap(clients)
        twin = _async.Scheduler(
            *clients_,
            journal=journal,
            on_cancel=on_cancel,
            cancel_on=cancel_on,
            grace=grace,
            limits=limits,
            budget=budget,
            on_unknown=on_unknown,
        )
        super().__init__(twin, Session(twin, progress=progress))

    def __enter__(self) -> Scheduler:
        self._enter(self._async)
        return self

    def submit(
        self,
        program: ProgramLike,
        *,
        shots: int,
        variables: Mapping[str, object] | None = None,
        on: str | None = None,
        cancel_on: CancelEvent | None = None,
        options: RunOptions | None = None,
        batch: BatchRef | None = None,
        name: str | None = None,
        timeout: float | None = None,
    ) -> Job:
        """Send one job and return once the provider has accepted it.

        Billed: running the job is. Cancelled: a job that was not sent is dropped, one on its way
        is cancelled at the provider as soon as it is accepted.

        Args:
            program: A `Program`, a path, OpenQASM text, a Qiskit circuit or a Pulser sequence.
            shots: How often to run it.
            variables: Values of the program's parameters.
            on: The target, ``provider:device``; may be left out where one client leaves no doubt.
            cancel_on: An event that cancels this job once it is set.
            options: Seed, observables, tags, and what the provider offers beyond.
            batch: The open batch that the job goes to; `Batch.submit` passes it.
            name: What the job is called. With a journal, submitting it again under the same name
                sends nothing where the first one has a result, has failed or goes on: the handle
                is of that one.
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Raises:
            DuplicateSubmissionError: The name was used for another job, or is under way here.
            InvalidOptionError: An option belongs to another provider, or would be dropped on the
                way to the device.
            InvalidInputError: The job cannot run; nothing was sent.
            SubmissionUnknownError: The answer was lost and cannot be looked up.
            BudgetExceededError: The job would exceed the budget; nothing was sent.
            SchedulerClosedError: The scheduler's block is not entered, or is being left.
            QuantumAsyncError: The provider refused, or stayed out of reach.

        Blocking twin of `quantum_async.Scheduler.submit`.
        """
        return self._wrap(
            self._call(
                "Scheduler.submit",
                lambda: self._async.submit(
                    program,
                    shots=shots,
                    variables=variables,
                    on=on,
                    cancel_on=cancel_on,
                    options=options,
                    batch=batch,
                    name=name,
                ),
                timeout,
            )
        )

    @overload
    def submit_many(
        self,
        program: Mapping[str, ProgramLike],
        params: None = None,
        *,
        shots: int,
        on: str | None = None,
        name: str | None = None,
        options: RunOptions | None = None,
        batch: BatchRef | bool = False,
        timeout: float | None = None,
    ) -> dict[str, Job]: ...
    @overload
    def submit_many(
        self,
        program: ProgramLike,
        params: Params,
        *,
        shots: int | None = None,
        on: str | None = None,
        name: str | None = None,
        options: RunOptions | None = None,
        batch: BatchRef | bool = False,
        timeout: float | None = None,
    ) -> list[Job]: ...
    @overload
    def submit_many(
        self,
        program: ProgramLike | Mapping[str, ProgramLike],
        params: Params | None = None,
        *,
        shots: int | None = None,
        on: str | None = None,
        name: str | None = None,
        options: RunOptions | None = None,
        batch: BatchRef | bool = False,
        timeout: float | None = None,
    ) -> list[Job] | dict[str, Job]: ...
    def submit_many(
        self,
        program: ProgramLike | Mapping[str, ProgramLike],
        params: Params | None = None,
        *,
        shots: int | None = None,
        on: str | None = None,
        name: str | None = None,
        options: RunOptions | None = None,
        batch: BatchRef | bool = False,
        timeout: float | None = None,
    ) -> list[Job] | dict[str, Job]:
        """Send several jobs together, and return once the provider has accepted all of them.

        They take as few submissions as the protocol allows: one closed batch on Pasqal Cloud, one
        job on IQM and Qoro where the shots are equal. All of them are sent, or none: if one cannot
        run nothing is sent, and if the provider refuses one the others are cancelled.

        Billed: running the jobs is. Cancelled: as for `submit`, all of them.

        Args:
            program: One program, or several by labels.
            params: In which way each job of one program differs from the others: `JobParams`, or
                mappings with ``shots``, or Pulser's ``runs``, and ``variables``.
            shots: Shots of each job that does not say so itself.
            on: The target, ``provider:device``.
            name: What they are called. With a journal, submitting the same again under the same
                name continues them: jobs that have an outcome keep it, those under way are
                followed, and only the others are sent.
            options: Seed, observables, tags, and what the provider offers beyond.
            batch: The open batch that they go to. ``True`` opens one for them alone and closes it,
                also where one submission could hold all of them.
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Returns:
            The jobs in the order of the parameters, or by the labels of the programs.

        Raises:
            InvalidInputError: A job cannot run; nothing was sent.
            DuplicateSubmissionError: The name was used for other jobs.
            SubmissionUnknownError: The answer was lost and cannot be looked up.
            QuantumAsyncError: As for `submit`.

        Blocking twin of `quantum_async.Scheduler.submit_many`.

        Example:
            ```python
            import quantum_async.blocking as qa

            turn = 'OPENQASM 3; include "stdgates.inc"; input float theta;'
            turn += "qubit[1] q; bit[1] c; rx(theta) q[0]; c[0] = measure q[0];"
            params = [
                qa.JobParams(shots=20, variables={"theta": 0.0}),
                qa.JobParams(shots=50, variables={"theta": 3.141592653589793}),
            ]
            with qa.Scheduler(qa.LocalClient()) as scheduler:
                still, turned = scheduler.submit_many(turn, params)
                assert still.result().counts == {"0": 20}
                assert turned.result().counts == {"1": 50}
            ```
        """
        return self._wrap(
            self._call(
                "Scheduler.submit_many",
                lambda: self._async.submit_many(
                    program, params, shots=shots, on=on, name=name, options=options, batch=batch
                ),
                timeout,
            )
        )

    def sweep(
        self,
        program: SweepProgram,
        points: Points | Sequence[Mapping[str, object]],
        *,
        shots: int,
        on: str | None = None,
        name: str | None = None,
        on_error: OnError = "raise",
        options: RunOptions | None = None,
        batch: BatchRef | None = None,
    ) -> Sweep:
        """Start one job per point, as fast as the provider takes them.

        Args:
            program: A parametrised program, or a function from parameters, taken as keywords or
                as one mapping, to a program, or to a pair of one and values of its parameters.
            points: The points, from `grid` or `zip_points`, or a list with a mapping for each.
            shots: Shots of each point.
            on: The target, ``provider:device``.
            name: What the sweep is called. With a journal, running it again under the same name
                continues it: points that have an outcome keep it, and only the others are sent.
            on_error: Whether a failed point raises on iteration and stops sending further ones,
                or is collected with its error.
            options: Seed, observables, tags, and what the provider offers beyond.
            batch: The open batch that the jobs go to; `Batch.sweep` passes it.

        Raises:
            InvalidInputError: The program, the points or the number of shots are of no use. What
                only the provider can check is raised on iteration, before anything is sent.
            SchedulerClosedError: The scheduler's block is not entered, or is being left.

        Blocking twin of `quantum_async.Scheduler.sweep`.
        """
        return self._wrap(
            self._ask(
                lambda: self._async.sweep(
                    program,
                    points,
                    shots=shots,
                    on=on,
                    name=name,
                    on_error=on_error,
                    options=options,
                    batch=batch,
                )
            )
        )

    def open_batch(
        self,
        program: ProgramLike | None = None,
        *,
        on: str | None = None,
        name: str = "",
        on_failure: FailurePolicy | None = None,
        options: RunOptions | None = None,
    ) -> Batch:
        """Prepare a batch that takes jobs while its ``with`` block lasts.

        Billed: from entering to leaving, an open batch may reserve the device.

        Args:
            program: The program that its jobs share.
            on: The target, ``provider:device``.
            name: What the batch is called.
            on_failure: What a failed job does to the rest; the provider's own way by default.
            options: Passed on to its jobs.

        Raises:
            BatchError: The provider has no open batches.
            UnknownTargetError: The target names no client or device.

        Blocking twin of `quantum_async.Scheduler.open_batch`.
        """
        return self._wrap(
            self._ask(
                lambda: self._async.open_batch(
                    program, on=on, name=name, on_failure=on_failure, options=options
                )
            )
        )

    def as_completed(self, jobs: Iterable[Job]) -> Completions:
        """Iterate over jobs in the order in which they finish.

        Args:
            jobs: Jobs of this scheduler; failed ones are yielded too; their `Job.result` raises.

        Blocking twin of `quantum_async.Scheduler.as_completed`.
        """
        jobs_ = unwrap(jobs)
        return self._wrap(self._ask(lambda: self._async.as_completed(jobs_)))

    def events(self) -> EventStream:
        """Follow what happens to every job from now on, until the scheduler closes.

        Blocking twin of `quantum_async.Scheduler.events`.
        """
        return self._wrap(self._ask(lambda: self._async.events()))

    @property
    def unfinished(self) -> tuple[JobRef, ...]:
        """The jobs that a provider has and that are not known to have ended; sends nothing.

        Blocking twin of `quantum_async.Scheduler.unfinished`.
        """
        return self._async.unfinished

    def cancel(self, jobs: Sequence[Job], *, timeout: float | None = None) -> None:
        """Cancel several jobs, in as few requests as the providers allow; as `Job.cancel`.

        Args:
            jobs: Jobs of this scheduler; those that have ended are left as they are.
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Raises:
            QuantumAsyncError: A provider could not be asked, or refused one of them.

        Blocking twin of `quantum_async.Scheduler.cancel`.
        """
        jobs_ = unwrap(jobs)
        return self._call("Scheduler.cancel", lambda: self._async.cancel(jobs_), timeout)

    def cancel_all(self, *, timeout: float | None = None) -> None:
        """Cancel every unfinished job, and take no more; done also if the caller is cancelled.

        Args:
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Raises:
            QuantumAsyncError: A provider could not be asked, or refused.

        Blocking twin of `quantum_async.Scheduler.cancel_all`.
        """
        return self._call("Scheduler.cancel_all", lambda: self._async.cancel_all(), timeout)

    def resume(self, run: str | None = None, *, timeout: float | None = None) -> list[Job]:
        """Take over what other processes left unfinished in the journal.

        Accepted jobs are followed. Submissions that were never sent are sent now. Those that may
        have been sent are looked up first; where the provider offers no way to, `on_unknown`
        decides: those that stay unknown are among the handles each time, until `resolve` settles
        them. Batches that are still open are closed when the block is left.

        Rows of the journal that cannot be read do not keep the rest from going on. They are named
        in the log at once, and raised as a `JournalError` when the block is left.

        Billed: what is sent now.

        Args:
            run: One run, by the id that ``quantum-async jobs list`` shows; by default everything
                that no living process answers for.
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Returns:
            A handle of each job, once the provider has accepted it or it cannot be accepted.

        Raises:
            JournalError: The run is not known, or in the hands of a living process.
            SchedulerClosedError: The scheduler's block is not entered, or is being left.

        Blocking twin of `quantum_async.Scheduler.resume`.
        """
        return self._wrap(self._call("Scheduler.resume", lambda: self._async.resume(run), timeout))

    @overload
    def adopt(self, ref: JobRef, *, timeout: float | None = None) -> Job: ...
    @overload
    def adopt(self, ref: BatchRef, *, timeout: float | None = None) -> Batch: ...
    def adopt(self, ref: JobRef | BatchRef, *, timeout: float | None = None) -> Job | Batch:
        """Follow a job or a batch by its reference, in whichever process it was submitted.

        With a journal, what another living process answers for is only watched: leaving the block
        by an error does not cancel it. Otherwise it belongs to this block, as if it had been
        submitted or opened here: a batch that is still open is closed when the block is left.
        `Job.detach` and `Batch.detach` leave it to itself.

        Args:
            ref: The reference, `Job.ref` or `Batch.ref`, which can be pickled. That of a job that was
                made of the provider's id alone is looked for in the journal by that.
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Raises:
            BatchError: The provider has no batches.
            NotFoundError: The provider does not know this batch.
            ConfigurationError: There is no client for its provider, account and server.
            SchedulerClosedError: The scheduler's block is not entered, or is being left.

        Blocking twin of `quantum_async.Scheduler.adopt`.
        """
        return self._wrap(self._call("Scheduler.adopt", lambda: self._async.adopt(ref), timeout))

    def resolve(
        self,
        key: str,
        *,
        lost: bool = False,
        job_id: str | Sequence[str] = (),
        timeout: float | None = None,
    ) -> list[Job]:
        """Settle a submission of which nobody can say whether the provider has it.

        Args:
            key: The key of the submission, or of one of its jobs.
            lost: It does not exist. Its part of the budget is free, and running its sweep again
                sends its points again.
            job_id: It exists, and this is the provider's id: it is followed here. Where its jobs do
                not share one id, the ids of all of them in their order.
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Returns:
            A handle of each job that is followed now; none where it is lost.

        Raises:
            InvalidInputError: Neither or both were said, or the provider does not know the id.
            JournalError: Nothing is unknown under this key, or a living process answers for it.
            SchedulerClosedError: The scheduler's block is not entered, or is being left.

        Blocking twin of `quantum_async.Scheduler.resolve`.
        """
        return self._wrap(
            self._call(
                "Scheduler.resolve",
                lambda: self._async.resolve(key, lost=lost, job_id=job_id),
                timeout,
            )
        )

    def statuses(self, jobs: Sequence[Job], *, timeout: float | None = None) -> list[JobStatus]:
        """Ask the providers where jobs stand, in as few requests as they allow.

        Args:
            jobs: Jobs of this scheduler; those that have ended are not asked about.
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Raises:
            QuantumAsyncError: A provider could not be asked.

        Blocking twin of `quantum_async.Scheduler.statuses`.
        """
        jobs_ = unwrap(jobs)
        return self._call("Scheduler.statuses", lambda: self._async.statuses(jobs_), timeout)

    @property
    def grace(self) -> float:
        """Longest time in seconds for cancelling and closing on the way out.

        Blocking twin of `quantum_async.Scheduler.grace`.
        """
        return self._async.grace


class Sweep(Handle["AsyncSweep"]):
    """A sweep under way: iterate over it to get points as they finish, call `result` to get all.

    Made by `Scheduler.sweep` and `Batch.sweep`. Only as many programs exist at a time as the
    provider takes. ``for`` may be used several times and by several threads; each sees every
    point, those that have finished first.

    Blocking twin of `quantum_async.Sweep`.
    """

    __slots__ = ()

    def __len__(self) -> int:
        return self._async.__len__()

    @property
    def done(self) -> int:
        """Number of points that have a result or an error.

        Blocking twin of `quantum_async.Sweep.done`.
        """
        return self._async.done

    @property
    def failed(self) -> int:
        """Number of points that have an error.

        Blocking twin of `quantum_async.Sweep.failed`.
        """
        return self._async.failed

    @property
    def target(self) -> str:
        """Where it runs, as ``provider:device``.

        Blocking twin of `quantum_async.Sweep.target`.
        """
        return self._async.target

    def __iter__(self) -> Iterator[SweepPoint]:
        """Yield points in the order in which they finish.

        Leaving the loop early does not stop the sweep; `cancel` does.

        Raises:
            QuantumAsyncError: A point failed and the sweep was started with ``on_error="raise"``.

        Blocking twin of `quantum_async.Sweep.__aiter__`.
        """
        return self._iterate(lambda: self._async)

    def result(self, timeout: float | None = None) -> SweepResults:
        """Wait for the outcome.

        Interrupted or timed out: only the waiting ends.

        Args:
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Blocking twin of `quantum_async.Sweep.__await__`.
        """
        return self._call("Sweep.result", lambda: self._async, timeout)

    def results(self, *, timeout: float | None = None) -> SweepResults:
        """Wait for every point and return them in the order of the grid.

        Cancelled: only the waiting ends; the sweep goes on.

        Args:
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Raises:
            QuantumAsyncError: A point failed and the sweep was started with ``on_error="raise"``;
                notes on it name further failures.

        Blocking twin of `quantum_async.Sweep.results`.
        """
        return self._call("Sweep.results", lambda: self._async.results(), timeout)

    def refs(self, *, timeout: float | None = None) -> Sequence[JobRef | None]:
        """Wait until the provider has accepted every point, and say which job measures each.

        Cancelled: only the waiting ends; the sweep goes on.

        Args:
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Returns:
            References in the order of the grid; ``None`` for a point that was not accepted.

        Blocking twin of `quantum_async.Sweep.refs`.
        """
        return self._call("Sweep.refs", lambda: self._async.refs(), timeout)

    def statuses(self, *, timeout: float | None = None) -> Sequence[JobStatus]:
        """Ask the provider where the points stand that have not finished.

        Args:
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Returns:
            Where each point stands, in the order of the grid; queued if it was not sent yet.

        Raises:
            QuantumAsyncError: The provider could not be asked.

        Blocking twin of `quantum_async.Sweep.statuses`.
        """
        return self._call("Sweep.statuses", lambda: self._async.statuses(), timeout)

    def cancel(self, *, timeout: float | None = None) -> None:
        """Cancel every point that has not finished; those not sent yet are never sent.

        Args:
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Raises:
            QuantumAsyncError: The provider could not be asked, or refused one of them.

        Blocking twin of `quantum_async.Sweep.cancel`.
        """
        return self._call("Sweep.cancel", lambda: self._async.cancel(), timeout)

    @property
    def is_forgettable(self) -> bool:
        """Whether it is over and hides no error, so that its results need not be kept for it.

        Blocking twin of `quantum_async.Sweep.is_forgettable`.
        """
        return self._async.is_forgettable

    @property
    def points(self) -> Points:
        """The points.

        Blocking twin of `quantum_async.Sweep.points`.
        """
        return self._async.points

    @property
    def name(self) -> str | None:
        """The name.

        Blocking twin of `quantum_async.Sweep.name`.
        """
        return self._async.name
