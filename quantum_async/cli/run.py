"""``quantum-async run``."""

from __future__ import annotations

import sys
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import anyio

from quantum_async.cli.clients import client_for
from quantum_async.cli.codes import ExitCode, exit_code
from quantum_async.cli.complaints import complain
from quantum_async.cli.deadline import DeadlineError
from quantum_async.cli.documents import dump, failure, measured
from quantum_async.cli.programs import Candidate, check
from quantum_async.cli.saving import check_output, save_text
from quantum_async.cli.values import parse_values
from quantum_async.cli.watching import watched
from quantum_async.errors import InvalidInputError, QuantumAsyncError
from quantum_async.models.job import JobStatus
from quantum_async.models.submission import RunOptions
from quantum_async.models.target import Target
from quantum_async.scheduler.scheduler import Scheduler

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from quantum_async.cli.documents import Document
    from quantum_async.models.grid import Value
    from quantum_async.models.result import Result
    from quantum_async.providers.base import ProviderClient
    from quantum_async.scheduler.job import Job

REFUSED = "refused"
"""The status of a file that was never submitted."""


@dataclass(frozen=True)
class RunOrder:
    """What the command line asks for.

    Args:
        paths: The program files.
        on: The target.
        shots: Shots of each job.
        seed: Makes a simulator repeat itself.
        timeout: Seconds after which unfinished jobs are cancelled.
        observables: Pauli strings to be estimated as well.
        parameters: Values as written, ``name=value``.
        keep_going: Run the good files even where others are bad.
        output: A JSON file to write as well.
    """

    paths: Sequence[Path]
    on: str
    shots: int
    seed: int | None = None
    timeout: float | None = None
    observables: Sequence[str] = ()
    parameters: Sequence[str] = ()
    keep_going: bool = False
    output: Path | None = None


@dataclass
class Outcome:
    """What became of one file.

    Args:
        candidate: The file.
        provider: Where it was to run.
        job: The job, once it was accepted.
        result: What was measured.
        error: Why there is no result.
    """

    candidate: Candidate
    provider: str
    job: Job | None = None
    result: Result | None = None
    error: QuantumAsyncError | None = None

    @property
    def target(self) -> str:
        """Where it was to run, as ``provider:device`` once that is known."""
        return str(Target(self.provider, self.candidate.device))

    @property
    def status(self) -> str:
        """The job's status, or ``refused`` where the file was never submitted."""
        if self.candidate.refusal is not None:
            return REFUSED
        if self.result is not None:
            return JobStatus.SUCCEEDED
        if self.job is not None and self.job.state.status.is_terminal:
            return self.job.state.status
        return JobStatus.FAILED if self.error is not None else JobStatus.CANCELLED


async def run(order: RunOrder, *, json: bool, debug: bool) -> ExitCode:
    """Run program files, all at the same time.

    Args:
        order: What to run.
        json: Print a document instead of a table.
        debug: Show tracebacks.

    Raises:
        ExceptionGroup: Files are bad and none was submitted.
        QuantumAsyncError: The provider cannot be used.
    """
    runner = _Runner(order)
    await runner.run()
    text = dump(runner.document()) + "\n"
    try:
        if order.output is not None:
            await save_text(order.output, text)
    finally:
        # What was measured is paid for: it is shown also where the file cannot be written.
        if json:
            sys.stdout.write(text)
        else:
            runner.show()
    return runner.conclude(debug=debug)


@dataclass
class _Runner:
    order: RunOrder
    outcomes: list[Outcome] = field(default_factory=list)
    variables: Mapping[str, Value] = field(default_factory=dict)
    timed_out: DeadlineError | None = None

    async def run(self) -> None:
        check_output(self.order.output, {".json"})
        self.variables = parse_values(self.order.parameters)
        client, device = client_for(self.order.on, seed=self.order.seed)
        options = RunOptions(
            seed=None if client.name == "local" else self.order.seed,
            observables=tuple(self.order.observables),
        )
        self.outcomes = [Outcome(Candidate(path), client.name) for path in self.order.paths]
        with anyio.move_on_after(self.order.timeout) as scope:
            async with Scheduler(client) as scheduler:
                await self._check(client, device, options)
                await self._submit_all(scheduler, options)
        if scope.cancelled_caught:
            self._note_timeout()

    async def _check(self, client: ProviderClient, device: str, options: RunOptions) -> None:
        candidates = [outcome.candidate for outcome in self.outcomes]
        await check(
            candidates,
            client,
            device,
            shots=self.order.shots,
            variables=self.variables,
            options=options,
        )
        self._refuse([c.refusal for c in candidates if c.refusal is not None])

    def _refuse(self, refusals: list[InvalidInputError]) -> None:
        if not refusals or (self.order.keep_going and len(refusals) < len(self.order.paths)):
            return
        if len(self.order.paths) > len(refusals):
            refusals[-1].add_note(
                "Nothing was submitted; --keep-going runs the files that are in order."
            )
        raise ExceptionGroup("files were refused", refusals)

    async def _submit_all(self, scheduler: Scheduler, options: RunOptions) -> None:
        wanted = [o for o in self.outcomes if o.candidate.refusal is None]
        expected = Counter(outcome.target for outcome in wanted)
        async with watched(scheduler, expected), anyio.create_task_group() as tasks:
            for outcome in wanted:
                tasks.start_soon(self._submit, scheduler, outcome, options)

    async def _submit(self, scheduler: Scheduler, outcome: Outcome, options: RunOptions) -> None:
        assert outcome.candidate.program is not None
        try:
            outcome.job = await scheduler.submit(
                outcome.candidate.program,
                shots=self.order.shots,
                variables=self.variables,
                on=outcome.target,
                options=options,
            )
            outcome.result = await outcome.job
        except QuantumAsyncError as error:
            outcome.error = error

    def _note_timeout(self) -> None:
        unfinished = [o for o in self.outcomes if o.result is None and o.error is None]
        number = f"{len(unfinished)} of {len(self.order.paths)} jobs"
        self.timed_out = DeadlineError(number, self.order.timeout)

    def document(self) -> Document:
        return {
            "jobs": [self._job(outcome) for outcome in self.outcomes],
            "timed_out": self.timed_out is not None,
        }

    def _job(self, outcome: Outcome) -> Document:
        result = outcome.result
        return {
            "program": str(outcome.candidate.path),
            "target": outcome.target,
            "job_id": outcome.job.id if outcome.job else None,
            "status": str(outcome.status),
            "shots": result.shots if result else self.order.shots,
            "parameters": dict(self.variables),
            **measured(result),
            "error": failure(outcome.candidate.refusal or outcome.error),
        }

    def show(self) -> None:
        from rich.console import Console

        from quantum_async.display.tables import print_table

        top = "measured" if self.order.observables else "most frequent"
        heads = ("program", "target", "status", "#shots", "#outcomes", top)
        print_table(Console(highlight=False), heads, [self._row(o) for o in self.outcomes])

    def _row(self, outcome: Outcome) -> list[str]:
        result = outcome.result
        top = ", ".join(f"{key}: {count}" for key, count in result.most_common(3)) if result else ""
        values = (
            [f"⟨{n}⟩={v.value:.4f}" for n, v in result.expectation_values.items()] if result else []
        )
        return [
            str(outcome.candidate.path),
            outcome.target,
            str(outcome.status),
            str(result.shots if result else self.order.shots),
            str(len(result.counts)) if result else "",
            ", ".join([*values, top]),
        ]

    def conclude(self, *, debug: bool) -> ExitCode:
        errors: list[Exception] = [
            error for o in self.outcomes if (error := o.candidate.refusal or o.error) is not None
        ]
        errors += [self.timed_out] if self.timed_out is not None else []
        if not errors:
            return ExitCode.OK
        group = ExceptionGroup(f"{len(errors)} jobs have no result", errors)
        complain(group, debug=debug)
        return exit_code(self.timed_out or group)
