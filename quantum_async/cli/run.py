"""``quantum-async run``."""

from __future__ import annotations

import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from quantum_async.cli.running import (
    Candidate,
    DeadlineError,
    Order,
    Running,
    Work,
    check,
    parse_values,
)
from quantum_async.cli.saving import check_output, save_text
from quantum_async.cli.session import (
    ExitCode,
    complain,
    dump,
    exit_code,
    failure,
    measured,
    status_of,
)
from quantum_async.display.tables import print_table
from quantum_async.models.grid import as_points
from quantum_async.models.target import Target

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from quantum_async.cli.session import Document
    from quantum_async.models.grid import Value
    from quantum_async.models.program import Program
    from quantum_async.models.sweep import SweepPoint

REFUSED = "refused"
"""The status of a file that was never submitted."""


@dataclass(frozen=True, kw_only=True)
class RunOrder(Order):
    """What the command line asks for.

    Args:
        paths: The program files.
        parameters: Values as written, ``name=value``.
        keep_going: Run the good files even where others are bad.
    """

    paths: Sequence[Path]
    parameters: Sequence[str] = ()
    keep_going: bool = False


async def run(order: RunOrder, *, json: bool, debug: bool) -> ExitCode:
    """Run program files, all at the same time; a run is a sweep over its files.

    Args:
        order: What to run.
        json: Print a document instead of a table.
        debug: Show tracebacks.

    Raises:
        ExceptionGroup: Files are bad and none was submitted.
        QuantumAsyncError: The provider cannot be used.
    """
    check_output(order.output, {".json"})
    files = _Files(order)
    await files.running.measure(files.prepare)
    document = files.document()
    errors = files.errors()
    if order.output is not None:
        try:
            await save_text(order.output, dump(document) + "\n")
        except OSError as error:
            # What was measured is paid for: it is shown also where the file cannot be written.
            errors.append(error)
    if json:
        sys.stdout.write(dump(document) + "\n")
    else:
        files.show()
    if order.detach:
        files.running.tell_what_goes_on()
    code = ExitCode.OK
    if errors:
        group = ExceptionGroup(f"{len(errors)} jobs have no result", errors)
        complain(group, debug=debug)
        code = exit_code(files.running.reason or group)
    return await files.running.end(code)


class _Files:
    """The files of a run: what is wrong with them, and what became of them."""

    def __init__(self, order: RunOrder) -> None:
        self._order = order
        self._variables: Mapping[str, Value] = parse_values(order.parameters)
        self._candidates = [Candidate(path) for path in order.paths]
        self.running = Running(
            order, len(order.paths), "jobs", on_error="collect", begins_anew=True
        )

    async def prepare(self) -> Work:
        """Check every file; the good ones are the points.

        Raises:
            ExceptionGroup: Some are bad, and nobody asked to go on with the others.
        """
        running = self.running
        await check(
            self._candidates,
            running.client,
            running.device,
            shots=self._order.shots,
            variables=self._variables,
            options=running.options,
        )
        self._refuse()
        good = self._good
        running.size = len(good)
        programs = [candidate.program for candidate in good if candidate.program is not None]

        def file(file: int, program: str) -> tuple[Program, Mapping[str, Value]]:
            del program
            return programs[file], self._variables

        digests = [program.digest for program in programs]
        return Work(
            file,
            as_points([{"file": i, "program": digest} for i, digest in enumerate(digests)]),
            called=good[0].path.stem,
            parts=[
                *digests,
                *(str(candidate.path.absolute()) for candidate in good),
                repr(sorted(self._variables.items())),
            ],
            expected=Counter(map(self._target, good)),
        )

    def _refuse(self) -> None:
        refusals = [c.refusal for c in self._candidates if c.refusal is not None]
        if not refusals or (self._order.keep_going and len(refusals) < len(self._candidates)):
            return
        if len(self._candidates) > len(refusals):
            refusals[-1].add_note(
                "Nothing was submitted; --keep-going runs the files that are in order."
            )
        raise ExceptionGroup("files were refused", refusals)

    @property
    def _good(self) -> list[Candidate]:
        return [candidate for candidate in self._candidates if candidate.refusal is None]

    def _target(self, candidate: Candidate) -> str:
        """Say where a file runs, as ``provider:device`` once that is known."""
        return str(Target(self.running.client.name, candidate.device))

    def _outcomes(self) -> list[tuple[Candidate, SweepPoint | None]]:
        points = iter(self.running.points)
        return [
            (c, None if c.refusal is not None else next(points, None)) for c in self._candidates
        ]

    def errors(self) -> list[Exception]:
        """List why files have no result."""
        found = [c.refusal or (point and point.error) for c, point in self._outcomes()]
        errors = [error for error in found if isinstance(error, Exception)]
        return errors + ([self.running.reason] if self.running.reason is not None else [])

    def document(self) -> Document:
        """Write it down with stable keys."""
        return {
            "jobs": [self._job(*outcome) for outcome in self._outcomes()],
            "timed_out": isinstance(self.running.reason, DeadlineError),
        }

    def _job(self, candidate: Candidate, point: SweepPoint | None) -> Document:
        result = point.result if point is not None else None
        return {
            "program": str(candidate.path),
            "target": self._target(candidate),
            "job_id": point.ref.id if point is not None and point.ref is not None else None,
            "status": self._status(candidate, point),
            "shots": result.shots if result else self._order.shots,
            "parameters": dict(self._variables),
            **measured(result),
            "error": failure(candidate.refusal or (point.error if point is not None else None)),
        }

    def _status(self, candidate: Candidate, point: SweepPoint | None) -> str:
        if candidate.refusal is not None:
            return REFUSED
        return str(status_of(point, goes_on=self._order.detach))

    def show(self) -> None:
        """Print a table."""
        if self._order.detach:
            heads: tuple[str, ...] = ("program", "target", "status", "id")
            rows = [
                [*self._begun(c, point), point.ref.id if point and point.ref else ""]
                for c, point in self._outcomes()
            ]
        else:
            top = "measured" if self._order.observables else "most frequent"
            heads = ("program", "target", "status", "#shots", "#outcomes", top)
            rows = [self._row(*outcome) for outcome in self._outcomes()]
        print_table(Console(highlight=False), heads, rows)

    def _begun(self, candidate: Candidate, point: SweepPoint | None) -> list[str]:
        return [str(candidate.path), self._target(candidate), self._status(candidate, point)]

    def _row(self, candidate: Candidate, point: SweepPoint | None) -> list[str]:
        result = point.result if point is not None else None
        top = ", ".join(f"{key}: {count}" for key, count in result.most_common(3)) if result else ""
        values = (
            [f"⟨{n}⟩={v.value:.4f}" for n, v in result.expectation_values.items()] if result else []
        )
        return [
            *self._begun(candidate, point),
            str(result.shots if result else self._order.shots),
            str(len(result.counts)) if result else "",
            ", ".join(filter(None, [*values, top])),
        ]
