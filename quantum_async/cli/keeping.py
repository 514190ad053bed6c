"""``quantum-async jobs``: what its verbs do."""

from __future__ import annotations

import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

import anyio
from rich.console import Console

from quantum_async.cli.clients import from_environment
from quantum_async.cli.journal import existing, place_of
from quantum_async.cli.session import ExitCode, complain, dump, exit_code, failure, measured, tell
from quantum_async.display.tables import print_lines, print_table
from quantum_async.errors import (
    ConfigurationError,
    InvalidInputError,
    InvalidOptionError,
    JobCancelledError,
    QuantumAsyncError,
    UnknownTargetError,
)
from quantum_async.journal.base import UnreadableError
from quantum_async.journal.claiming import OPEN, RUNNING, UNSENT
from quantum_async.journal.records import UNFINISHED, BadRow, StoredBatch, StoredJob, StoredRun
from quantum_async.journal.schema import batches, jobs, submissions
from quantum_async.models.identity import is_same_server
from quantum_async.providers.base import provider
from quantum_async.scheduler.book import settled_as_lost, unreadable
from quantum_async.scheduler.scheduler import Scheduler

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from quantum_async.cli.session import Document
    from quantum_async.journal.reading import Reader
    from quantum_async.journal.records import StoredSubmission
    from quantum_async.models.job import JobRef
    from quantum_async.providers.base import ProviderClient
    from quantum_async.scheduler.job import Job


@dataclass(frozen=True)
class Findings:
    """What nobody living answers for.

    Args:
        jobs: Jobs that the provider has accepted and that have no outcome.
        submissions: What was never sent, or may have been.
        batches: Batches that are or may be open.
        bad: Rows that cannot be read.
    """

    jobs: list[StoredJob]
    submissions: list[StoredSubmission]
    batches: list[StoredBatch]
    bad: list[BadRow]

    @property
    def is_clean(self) -> bool:
        """Whether there is nothing to do."""
        return not (self.jobs or self.submissions or self.batches)

    @property
    def providers(self) -> set[str]:
        """Whose clients are needed."""
        members = [job for submission in self.submissions for job in submission.jobs]
        found = {job.provider for job in (*self.jobs, *members)}
        return found | {batch.ref.provider for batch in self.batches}

    def elsewhere(self, clients: Iterable[ProviderClient]) -> list[str]:
        """Name the servers that none of some clients is for, as their identities.

        Args:
            clients: A client of each provider.
        """
        here = {client.name: client.identity for client in clients}
        members = [job for submission in self.submissions for job in submission.jobs]
        at = {(job.provider, job.identity) for job in (*self.jobs, *members)}
        at |= {(batch.ref.provider, batch.identity) for batch in self.batches}
        return sorted(
            identity for name, identity in at if not is_same_server(here.get(name, ""), identity)
        )


def ownerless(reader: Reader) -> Findings:
    """Find what nobody living answers for."""
    return Findings(
        [j for j in reader.jobs(jobs.c.state.in_(RUNNING)) if not reader.is_owned(j.place.scope)],
        [
            s
            for s in reader.submissions(submissions.c.state.in_(UNSENT))
            if not reader.is_owned(s.jobs[0].place.scope)
        ],
        [b for b in reader.batches(batches.c.state.in_(OPEN)) if not reader.is_owned(b.scope)],
        reader.quarantined(),
    )


def clients_for(names: Iterable[str]) -> list[ProviderClient]:
    """Build a client per provider from the environment; nothing is sent.

    Raises:
        AuthenticationError: The environment holds nothing for a provider.
        ConfigurationError: A variable is missing or malformed.
    """
    return [from_environment(provider(name)) for name in sorted(names)]


def id_of(job: StoredJob) -> str | None:
    """Say a job's id at its provider, also where only the intent is written down and tells it."""
    if job.ref is not None:
        return job.ref.id
    if job.state not in UNFINISHED:
        return None
    try:
        return provider(job.provider).id_for(job.submission)
    except UnknownTargetError:
        # It is not installed here.
        return None


def job_document(job: StoredJob) -> Document:
    """Write a job down with stable keys."""
    return {
        "key": job.spec.key,
        "target": f"{job.provider}:{job.target}",
        "state": str(job.state),
        "submission": job.submission,
        "job_id": id_of(job),
        "sweep": job.place.sweep,
        "point": job.place.point,
        "shots": job.spec.shots,
        "parameters": dict(job.spec.variables),
        "created": job.created,
        "server": job.identity or None,
        "error": failure(job.error),
    }


def bad_row_document(row: BadRow) -> Document:
    """Write down a row that cannot be read, with stable keys."""
    return {"kind": row.kind, "key": row.key, "reason": row.reason}


def batch_document(batch: StoredBatch) -> Document:
    """Write a batch down with stable keys."""
    return {
        "key": batch.ref.key,
        "target": f"{batch.ref.provider}:{batch.ref.target}",
        "batch_id": batch.ref.id or None,
        "state": str(batch.state),
        "name": batch.name,
        "opened": batch.opened,
        "server": batch.identity or None,
    }


def run_document(run: StoredRun) -> Document:
    """Write a run down with stable keys."""
    return {
        "run": run.id,
        "started": run.started,
        "host": run.host,
        "pid": run.pid,
        "alive": run.is_alive,
        "unfinished": run.unfinished,
    }


RUN = ("run", "started", "~process", "alive", "#unfinished")
JOB = ("job", "target", "state", "sweep", "#point", "#shots", "~id")
LOOKS_AGAIN = 1.0
"""Seconds between two looks into a journal that is watched."""


@dataclass(frozen=True)
class _Kept:
    """What a journal holds at one moment.

    Args:
        runs: Its runs.
        jobs: Its jobs.
        bad: The rows that cannot be read.
        forlorn: How many unfinished jobs no living process follows.
    """

    runs: Sequence[StoredRun]
    jobs: Sequence[StoredJob]
    bad: Sequence[BadRow]
    forlorn: int

    @property
    def unfinished(self) -> list[StoredJob]:
        return [job for job in self.jobs if job.state in UNFINISHED]

    def document(self, *, everything: bool) -> Document:
        return {
            "runs": [run_document(run) for run in self.runs],
            "jobs": [job_document(j) for j in (self.jobs if everything else self.unfinished)],
            "unreadable": [bad_row_document(row) for row in self.bad],
        }

    def print(self, *, everything: bool) -> None:
        shown = self.jobs if everything else self.unfinished
        hidden = len(self.jobs) - len(shown)
        _print_journal(self.runs, shown, self.bad, hidden=hidden, forlorn=self.forlorn)

    @property
    def code(self) -> ExitCode:
        return ExitCode.FAILED if self.bad else ExitCode.OK


async def _kept(journal: str | None) -> _Kept:
    async with existing(journal) as opened:
        runs = await opened.read(lambda reader: reader.runs())
        jobs = await opened.read(lambda reader: reader.jobs())
        bad = await opened.read(lambda reader: reader.quarantined())
        scopes = [job.place.scope for job in jobs if job.state in UNFINISHED]
        owned = await opened.read(lambda reader: {s for s in set(scopes) if reader.is_owned(s)})
    forlorn = sum(scope not in owned for scope in scopes)
    return _Kept([run for run in runs if run.id != opened.run], jobs, bad, forlorn)


async def list_jobs(journal: str | None, *, everything: bool, json: bool) -> ExitCode:
    """List runs and jobs.

    Args:
        journal: A path or URL.
        everything: Finished jobs as well.
        json: Print a document instead of tables.
    """
    kept = await _kept(journal)
    if json:
        sys.stdout.write(dump(kept.document(everything=everything)) + "\n")
    else:
        kept.print(everything=everything)
    return kept.code


async def watch_jobs(journal: str | None, *, everything: bool, json: bool) -> ExitCode:
    """List runs and jobs again and again, until nothing is unfinished.

    Args:
        journal: A path or URL.
        everything: Finished jobs as well.
        json: Refused: it means one document.

    Raises:
        InvalidOptionError: A document is wanted.
    """
    if json:
        raise InvalidOptionError(
            "--watch and --json contradict each other: one shows many states, the other one",
            remedy="Leave one of them out.",
        )
    shown: Document = {}
    while True:
        kept = await _kept(journal)
        found = kept.document(everything=everything)
        if found != shown:
            if sys.stdout.isatty():
                # Home, and everything below it cleared: what was there before stays scrolled away.
                sys.stdout.write("\x1b[H\x1b[2J")
            kept.print(everything=everything)
            sys.stdout.flush()
            shown = found
        if not kept.unfinished:
            return kept.code
        await anyio.sleep(LOOKS_AGAIN)


async def show_job(journal: str | None, key: str, *, json: bool) -> ExitCode:
    """Show one job with its result or failure.

    Args:
        journal: A path or URL.
        key: Its key or the beginning of it, or the provider's id.
        json: Print a document instead of lines.
    """
    async with existing(journal) as opened:
        jobs = await opened.read(lambda reader: reader.jobs(with_results=True))
    job = _named(jobs, key)
    document = {**job_document(job), **measured(job.result)}
    if json:
        sys.stdout.write(dump(document) + "\n")
    else:
        _print_job(document)
    return ExitCode.OK


async def cancel_jobs(journal: str | None, keys: Sequence[str], *, json: bool) -> ExitCode:
    """Cancel accepted jobs at their providers.

    Args:
        journal: A path or URL.
        keys: Keys or the beginnings of keys, or the providers' ids.
        json: Print a document instead of lines.
    """
    async with existing(journal) as opened:
        jobs = await opened.read(lambda reader: reader.jobs())
    chosen = [_named(jobs, key) for key in keys]
    refs = [job.ref for job in chosen if job.ref is not None and job.state in UNFINISHED]
    cancelled = await _cancel(refs, place_of(journal))
    if json:
        sys.stdout.write(dump({"cancelled": cancelled}) + "\n")
    else:
        sys.stdout.write(f"{len(cancelled)} of {len(chosen)} jobs cancelled\n")
    for job in chosen:
        if job.spec.key not in cancelled:
            tell(f"job {job.ref or job.spec.key} was not cancelled: {_reason(job)}")
    return ExitCode.OK if cancelled else ExitCode.FAILED


async def resume(journal: str | None, run: str | None, *, json: bool, debug: bool) -> ExitCode:
    """Take over what nobody living answers for, and wait for it.

    Args:
        journal: A path or URL.
        run: One run; everything by default.
        json: Print a document instead of lines.
        debug: Show tracebacks.
    """
    async with existing(journal) as opened:
        findings = await opened.read(ownerless)
    errors: list[QuantumAsyncError] = [unreadable(findings.bad)] if findings.bad else []
    if not findings.providers:
        sys.stdout.write(dump({"jobs": []}) + "\n" if json else "nothing to resume\n")
        return _ended(errors, debug=debug)
    rows: list[Document] = []
    clients = clients_for(findings.providers)
    # What cannot be read is told below, once.
    with suppress(UnreadableError):
        async with Scheduler(*clients, journal=place_of(journal)) as scheduler:
            jobs = await scheduler.resume(run)
            if run is None and (others := findings.elsewhere(clients)):
                errors.append(_left(others))
            rows = await _follow(scheduler, jobs, errors, json=json)
    if json:
        sys.stdout.write(dump({"jobs": rows}) + "\n")
    return _ended(errors, debug=debug)


async def resolve(
    journal: str | None, key: str, *, lost: bool, ids: Sequence[str], json: bool, debug: bool
) -> ExitCode:
    """Settle a submission of which nobody can say whether it exists.

    Args:
        journal: A path or URL.
        key: The key of the submission or of one of its jobs, or the beginning of one.
        lost: It does not exist.
        ids: It exists, under these ids of the provider; its jobs are followed to their end.
        json: Print a document instead of lines.
        debug: Show tracebacks.
    """
    if lost == bool(ids):
        raise InvalidInputError(
            "a submission is either lost, or is the job with an id",
            remedy="Give --lost, or --is with the provider's id.",
        )
    async with existing(journal) as opened:
        submission, provider = await opened.read(lambda reader: _submission(reader.jobs(), key))
        if lost:
            stored = await opened.claim_unknown(submission)
            await opened.settle(submission, settled_as_lost(stored))
    errors: list[QuantumAsyncError] = []
    rows: list[Document] = []
    if lost:
        if not json:
            sys.stdout.write(f"submission {submission} does not exist; it may be sent again\n")
    else:
        # What somebody has just found goes on if this is stopped.
        clients = clients_for([provider])
        place = place_of(journal)
        async with Scheduler(*clients, journal=place, on_cancel="detach") as scheduler:
            jobs = await scheduler.resolve(submission, job_id=ids)
            rows = await _follow(scheduler, jobs, errors, json=json)
    if json:
        outcome = "lost" if lost else "found"
        document: Document = {"submission": submission, "outcome": outcome, "jobs": rows}
        sys.stdout.write(dump(document) + "\n")
    return _ended(errors, debug=debug)


def _submission(jobs: Sequence[StoredJob], word: str) -> tuple[str, str]:
    """Find the submission that a key, or the beginning of one, names, and its provider."""
    exact = [job for job in jobs if word in (job.spec.key, job.submission)]
    begun = (
        job for job in jobs if job.spec.key.startswith(word) or job.submission.startswith(word)
    )
    found = {(job.submission, job.provider) for job in exact or begun}
    if len(found) == 1:
        return found.pop()
    raise InvalidInputError(
        f"{len(found)} submissions of the journal are called {word!r}",
        remedy="Give the whole key; quantum-async jobs list --all --json shows it.",
    )


async def _follow(
    scheduler: Scheduler, jobs: Sequence[Job], errors: list[QuantumAsyncError], *, json: bool
) -> list[Document]:
    rows: list[Document] = []
    async for job in scheduler.as_completed(jobs):
        rows.append(await _outcome(job, errors))
        if not json:
            sys.stdout.write(f"{rows[-1]['key']} {job.target} {rows[-1]['status']}\n")
    return rows


def _ended(errors: list[QuantumAsyncError], *, debug: bool) -> ExitCode:
    if not errors:
        return ExitCode.OK
    group = ExceptionGroup("not everything could be finished", errors)
    complain(group, debug=debug)
    return exit_code(group)


def _left(servers: Sequence[str]) -> ConfigurationError:
    return ConfigurationError(
        f"some work is at another server and was left there: {', '.join(servers)}",
        remedy="Name that server and account in the environment, and resume again.",
    )


async def _outcome(job: Job, errors: list[QuantumAsyncError]) -> Document:
    result, error = None, None
    try:
        result = await job
    except QuantumAsyncError as caught:
        errors.append(caught)
        error = caught
    return {
        "key": job.key,
        "job_id": job.id,
        "target": job.target,
        "status": str(job.state.status) if result is None else "succeeded",
        **measured(result),
        "error": failure(error),
    }


async def _cancel(refs: Sequence[JobRef], journal: str) -> list[str]:
    if not refs:
        return []
    cancelled = []
    names = {ref.provider for ref in refs}
    async with Scheduler(*clients_for(names), journal=journal) as scheduler:
        jobs = [await scheduler.adopt(ref) for ref in refs]
        for job in jobs:
            await job.cancel()
        async for job in scheduler.as_completed(jobs):
            try:
                await job
            except JobCancelledError:
                cancelled.append(job.key)
            except QuantumAsyncError:
                continue
    return cancelled


def _reason(job: StoredJob) -> str:
    if job.state not in UNFINISHED:
        return f"it has ended as {job.state}"
    if job.ref is None:
        return f"nobody can say whether it exists; settle it: jobs resolve {job.submission}"
    return "it had ended at the provider before"


def _named(jobs: Sequence[StoredJob], word: str) -> StoredJob:
    exact = [job for job in jobs if job.spec.key == word or (job.ref and job.ref.id == word)]
    found = exact or [job for job in jobs if job.spec.key.startswith(word)]
    if len(found) == 1:
        return found[0]
    raise InvalidInputError(
        f"{len(found)} jobs of the journal are called {word!r}",
        remedy="Give the whole key; quantum-async jobs list --all --json shows it.",
    )


def _print_journal(
    runs: Sequence[StoredRun],
    jobs: Sequence[StoredJob],
    bad: Sequence[BadRow],
    *,
    hidden: int,
    forlorn: int,
) -> None:
    """Print what a journal holds.

    Args:
        runs: Its runs.
        jobs: The jobs that are to be shown.
        bad: The rows that cannot be read.
        hidden: How many others have ended.
        forlorn: How many unfinished ones no living process follows.
    """
    console = Console(highlight=False)
    if runs:
        print_table(console, RUN, map(_run_row, runs))
    if jobs:
        if runs and console.is_terminal:
            console.print()
        print_table(console, JOB, map(_job_row, jobs))
    if hidden:
        print_lines(console, f"{hidden} finished jobs are not shown; --all shows them")
    if forlorn:
        print_lines(console, f"no process follows {forlorn} of them; jobs resume does")
    print_lines(console, *(f"unreadable {row.kind} row {row.key}: {row.reason}" for row in bad))


def _print_job(job: Mapping[str, object]) -> None:
    """Print one job, a line for each thing that is known of it.

    Args:
        job: Its document.
    """
    (_, key), *others = job.items()
    told = ((name.replace("_", " "), _told(name, value)) for name, value in others)
    rows = [[name, words] for name, words in told if words]
    print_table(Console(highlight=False), ("job", str(key)), rows)


def _shown(value: object) -> str:
    if isinstance(value, dict):
        return f"{complex(value['real'], value['imag']):.4f}"
    return f"{value:.4f}"


def _told(name: str, value: object) -> str:
    if name == "created" and isinstance(value, float):
        return _moment(value)
    if name == "expectation_values" and isinstance(value, dict):
        return ", ".join(f"⟨{name}⟩={_shown(v['value'])}" for name, v in value.items())
    if name == "error" and isinstance(value, dict):
        return f"{value['type']}: {value['message']}"
    if isinstance(value, dict):
        return ", ".join(f"{key}: {part}" for key, part in value.items())
    if isinstance(value, float):
        return f"{value:.6g}"
    return "" if value is None else str(value)


def _moment(seconds: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(seconds))


def _run_row(run: StoredRun) -> list[str]:
    alive = "yes" if run.is_alive else "no"
    return [run.id, _moment(run.started), f"{run.pid}@{run.host}", alive, str(run.unfinished)]


def _job_row(job: StoredJob) -> list[str]:
    return [
        job.spec.key[:12],
        f"{job.provider}:{job.target}",
        str(job.state),
        job.place.sweep or "",
        "" if job.place.point is None else str(job.place.point),
        str(job.spec.shots),
        id_of(job) or "",
    ]
