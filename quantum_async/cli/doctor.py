"""``quantum-async doctor``: settings, servers, journals, and what is left over."""

from __future__ import annotations

import os
import platform
import re
import sys
import time
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, field, replace
from email.utils import parsedate_to_datetime
from importlib.metadata import PackageNotFoundError, requires, version
from typing import TYPE_CHECKING

import anyio
from rich.console import Console
from sqlalchemy import func, select

from quantum_async.cli.clients import variables_of
from quantum_async.cli.journal import existing, place_of
from quantum_async.cli.keeping import (
    Findings,
    bad_row_document,
    batch_document,
    clients_for,
    job_document,
    ownerless,
)
from quantum_async.cli.session import ExitCode, complain, dump, failure
from quantum_async.display.tables import print_lines, print_table
from quantum_async.errors import (
    AuthenticationError,
    ConfigurationError,
    JobCancelledError,
    QuantumAsyncError,
    SubmissionUnknownError,
)
from quantum_async.http.options import SessionOptions
from quantum_async.http.redact import redact_url
from quantum_async.http.retry import RetryPolicy
from quantum_async.http.session import Session
from quantum_async.http.timeouts import Timeouts
from quantum_async.journal.base import UnreadableError
from quantum_async.journal.database import JournalPlace
from quantum_async.journal.reading import Reader
from quantum_async.journal.records import BatchState, SendState, WorkState
from quantum_async.journal.schema import FORMAT, batches, jobs, quarantine, runs
from quantum_async.models.capabilities import SubmissionGrade
from quantum_async.models.job import JobStatus
from quantum_async.providers.base import providers
from quantum_async.scheduler.scheduler import Scheduler

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping, Sequence
    from typing import TextIO

    from sqlalchemy import Connection, Table

    from quantum_async.cli.session import Document
    from quantum_async.http.response import Response
    from quantum_async.journal.changes import Transaction
    from quantum_async.journal.records import Claim, StoredBatch, StoredSubmission
    from quantum_async.journal.sql import SqlJournal
    from quantum_async.models.job import JobRef
    from quantum_async.providers.base import ProviderClient


LONGEST = 10.0
"""Seconds that a server is waited for."""
GRAIN = 2.0
"""Seconds by which clocks seem to differ without doing so: servers tell whole seconds."""


@dataclass(frozen=True, slots=True)
class Reach:
    """What asking a server showed.

    Args:
        seconds: Time to its answer, connecting included.
        skew: Seconds by which this machine's clock is ahead of the server's; `None` where the
            server told no time.
        error: Why there was no answer.
    """

    seconds: float
    skew: float | None = None
    error: QuantumAsyncError | None = None

    @property
    def clock(self) -> str:
        """The clocks' difference in words; empty where it is not known."""
        if self.skew is None:
            return ""
        if abs(self.skew) < GRAIN:
            return "agrees"
        return f"ours is {abs(self.skew):.0f} s {'ahead' if self.skew > 0 else 'behind'}"


async def reach(
    address: str,
    provider: str,
    *,
    options: SessionOptions | None = None,
    now: Callable[[], float] = time.time,
) -> Reach:
    """Ask a server for its front page, without credentials; any answer counts.

    Args:
        address: Where it is.
        provider: Whose server it is.
        options: How to get there; by the environment's proxies and the system's trust by default.
        now: This machine's time in seconds since the epoch.
    """
    dates: list[str] = []

    def note(response: Response) -> None:
        dates.append(response.headers.get("date", ""))

    limits = Timeouts(connect=LONGEST, read=LONGEST, total=LONGEST)
    chosen = options or SessionOptions(timeouts=limits, retry=RetryPolicy(attempts=1))
    started, asked = time.perf_counter(), now()
    error: QuantumAsyncError | None = None
    try:
        # A server's refusal is an answer; a session passes it by here on the way to its error.
        async with Session(address, provider=provider, options=chosen, explain=note) as session:
            note(await session.read(""))
    except QuantumAsyncError as failure:
        error = None if dates else failure
    seconds = time.perf_counter() - started
    return Reach(seconds, _skew(dates, (asked + now()) / 2), error)


def _skew(dates: list[str], middle: float) -> float | None:
    try:
        # Half a second on average was cut off.
        return middle - parsedate_to_datetime(dates[0]).timestamp() - 0.5
    except (IndexError, ValueError, TypeError):
        return None


DANGEROUS_SKEW = 60.0
"""Seconds from which a wrong clock makes tokens and signed links fail."""


@dataclass
class Checkup:
    """What one provider needs here, and whether it is there.

    Args:
        provider: Its registry name.
        variables: Names of its variables that are set; their values are never kept.
        files: Files that a variable names, by the variable, and whether each is there.
        address: Where its server is; empty where it needs none.
        error: Why it cannot be used.
        reach: What asking the server showed.
    """

    provider: str
    variables: list[str]
    files: dict[str, bool] = field(default_factory=dict)
    address: str = ""
    error: QuantumAsyncError | None = None
    reach: Reach | None = None

    @property
    def is_configured(self) -> bool:
        """Whether the environment holds what it needs."""
        return self.error is None

    @property
    def is_sound(self) -> bool:
        """Whether its server answers, as far as it was asked, and at the same time as here."""
        if self.reach is None:
            return True
        return self.reach.error is None and abs(self.reach.skew or 0.0) < DANGEROUS_SKEW


async def check_up(*, offline: bool, environ: Mapping[str, str] | None = None) -> list[Checkup]:
    """Look at every registered provider's settings, and at the servers of those configured.

    Args:
        offline: Ask no server.
        environ: Read instead of the process's environment.
    """
    given = os.environ if environ is None else environ
    kinds = await anyio.to_thread.run_sync(providers)
    found = [_look(name, kind, given) for name, kind in kinds.items()]
    async with anyio.create_task_group() as tasks:
        for checkup in found:
            tasks.start_soon(_look_at_files, checkup, given)
            if checkup.address and not offline:
                tasks.start_soon(_ask, checkup)
    return found


def _look(name: str, kind: type[ProviderClient], environ: Mapping[str, str]) -> Checkup:
    checkup = Checkup(name, variables_of(kind, environ))
    try:
        checkup.address = kind.from_env(environ).address
    except (AuthenticationError, ConfigurationError) as error:
        checkup.error = error
    return checkup


async def _look_at_files(checkup: Checkup, environ: Mapping[str, str]) -> None:
    for name in checkup.variables:
        if name.endswith("_FILE"):
            path = await anyio.Path(environ[name]).expanduser()
            checkup.files[name] = await path.is_file()


async def _ask(checkup: Checkup) -> None:
    checkup.reach = await reach(checkup.address, checkup.provider)


def checkup_document(checkup: Checkup) -> Document:
    """Write down what was found at one provider, with stable keys."""
    reached = checkup.reach
    return {
        "provider": checkup.provider,
        "configured": checkup.is_configured,
        "error": failure(checkup.error or (reached.error if reached else None)),
        "variables": checkup.variables,
        "files": checkup.files,
        "address": redact_url(checkup.address) or None,
        "reachable": None if reached is None else reached.error is None,
        "seconds": None if reached is None else round(reached.seconds, 4),
        "clock_skew": None if reached is None or reached.skew is None else round(reached.skew, 1),
    }


def checkup_row(checkup: Checkup) -> list[str]:
    """Write down what was found at one provider, for people."""
    return [
        checkup.provider,
        _readiness(checkup),
        redact_url(checkup.address),
        _answer(checkup.reach),
        checkup.reach.clock if checkup.reach is not None else "",
    ]


def setting(checkup: Checkup) -> str:
    """Name the variables that were found for a provider; their values are never shown."""
    return ", ".join(_variable(checkup, name) for name in checkup.variables)


def advice(checkup: Checkup) -> str:
    """Say what a provider lacks, and what to set."""
    if checkup.error is None:
        return ""
    remedy = " ".join(getattr(checkup.error, "__notes__", ()))
    return f"{checkup.error}. {remedy}" if checkup.variables else remedy or str(checkup.error)


def _readiness(checkup: Checkup) -> str:
    if checkup.error is None:
        return "ready" if checkup.is_sound else "in trouble"
    return "incomplete" if checkup.variables else "not configured"


def _variable(checkup: Checkup, name: str) -> str:
    if name not in checkup.files:
        return name
    return f"{name} ({'file found' if checkup.files[name] else 'no such file'})"


def _answer(reached: Reach | None) -> str:
    if reached is None:
        return ""
    return "no answer" if reached.error is not None else f"{reached.seconds * 1000:.0f} ms"


@dataclass(frozen=True)
class Inventory:
    """A journal's contents in numbers.

    Args:
        place: Where it is, without secrets.
        runs: How many processes have written to it.
        jobs: How many jobs are in each state.
        batches: How many batches are in each state.
        unreadable: How many rows cannot be read.
    """

    place: str
    runs: int
    jobs: dict[str, int]
    batches: dict[str, int]
    unreadable: int

    def __str__(self) -> str:
        return (
            f"journal {self.place}: format {FORMAT}, {_number(self.runs, 'run')}, "
            f"{_counted('job', self.jobs)}, {_counted('batch', self.batches)}"
        )

    def document(self) -> Document:
        """Write it down with stable keys."""
        return {
            "place": self.place,
            "exists": True,
            "format": FORMAT,
            "runs": self.runs,
            "jobs": self.jobs,
            "batches": self.batches,
            "unreadable": self.unreadable,
        }


async def take_inventory(journal: str) -> Inventory:
    """Count what an existing journal holds.

    Args:
        journal: A path or URL.

    Raises:
        JournalError: It is not there, or cannot be read.
    """
    async with existing(journal) as opened:
        place = opened.location

        def count(transaction: Transaction) -> Inventory:
            connection = transaction.connection
            # Those that cannot be read are found by reading.
            reader = Reader(transaction, place)
            reader.jobs()
            reader.batches()
            return Inventory(
                place,
                # This look is a run of its own, which nobody means.
                max(0, _size(connection, runs) - 1),
                _by_state(connection, jobs),
                _by_state(connection, batches),
                _size(connection, quarantine),
            )

        return await opened.ask(count)


def _size(connection: Connection, table: Table) -> int:
    return connection.scalar(select(func.count()).select_from(table)) or 0


def _by_state(connection: Connection, table: Table) -> dict[str, int]:
    query = select(table.c.state, func.count()).group_by(table.c.state).order_by(table.c.state)
    return {str(state): number for state, number in connection.execute(query)}


def _counted(what: str, states: dict[str, int]) -> str:
    parts = ", ".join(f"{number} {state}" for state, number in states.items())
    return _number(sum(states.values()), what) + (f" ({parts})" if parts else "")


def _number(number: int, what: str) -> str:
    several = f"{what}es" if what.endswith("ch") else f"{what}s"
    return f"{number or 'no'} {what if number == 1 else several}"


class Canceller:
    """Ends what a claim of the journal holds; what fails does not keep the rest from being ended.

    Args:
        journal: Where outcomes are recorded.
        clients: The providers' open clients, by name.
    """

    def __init__(self, journal: SqlJournal, clients: Mapping[str, ProviderClient]) -> None:
        self._journal = journal
        self._clients = clients
        self._errors: list[QuantumAsyncError] = []

    async def cancel(self, claim: Claim) -> None:
        """Cancel jobs, drop what was never sent, and close batches.

        Raises:
            ExceptionGroup: Something could not be ended; the rest was.
        """
        accepted = {job.ref: job.spec.key for job in claim.jobs if job.ref is not None}
        for submission in claim.submissions:
            with self._collected():
                accepted |= await self._accepted(submission)
        for name, client in self._clients.items():
            with self._collected():
                await self._end(
                    client, {ref: key for ref, key in accepted.items() if ref.provider == name}
                )
        for batch in claim.batches:
            with self._collected():
                await _close(self._journal, self._clients[batch.ref.provider], batch)
        if self._errors:
            raise ExceptionGroup("not everything could be ended", self._errors)

    @contextmanager
    def _collected(self) -> Generator[None]:
        try:
            yield
        except QuantumAsyncError as error:
            self._errors.append(error)

    async def _accepted(self, submission: StoredSubmission) -> dict[JobRef, str]:
        """Find the jobs of what may have been sent, and never send what was not."""
        client = self._clients[submission.jobs[0].provider]
        if submission.state is SendState.INTENDED or not client.capabilities.outlives:
            found = []
        elif client.capabilities.grade is SubmissionGrade.AT_MOST_ONCE:
            return {}
        else:
            found = await client.find(submission.key)
        if not found:
            error = JobCancelledError("cancelled by quantum-async doctor before it was sent")
            self._journal.rejected(submission.key, error)
            return {}
        # What is found is in the request's order; the keys of jobs are not on the wire.
        pairs = zip(found, submission.jobs, strict=True)
        refs = [replace(ref, key=job.spec.key) for ref, job in pairs]
        await self._journal.accepted(submission.key, refs)
        return {ref: ref.key for ref in refs}

    async def _end(self, client: ProviderClient, keys: Mapping[JobRef, str]) -> None:
        """Cancel jobs; one that had succeeded before is left: its result is paid for."""
        if not keys:
            return
        refused = await client.cancel(list(keys))
        done = await _succeeded(client, list(keys))
        for ref, key in keys.items():
            if ref not in refused and ref not in done:
                error = JobCancelledError("cancelled by quantum-async doctor")
                self._journal.ended(key, WorkState.CANCELLED, error)


async def _succeeded(client: ProviderClient, refs: Sequence[JobRef]) -> set[JobRef]:
    if not client.capabilities.outlives:
        return set()
    found: set[JobRef] = set()
    size = client.capabilities.jobs_per_poll
    for start in range(0, len(refs), size):
        states = await client.poll(refs[start : start + size])
        found |= {ref for ref, state in states.items() if state.status is JobStatus.SUCCEEDED}
    return found


async def _close(journal: SqlJournal, client: ProviderClient, batch: StoredBatch) -> None:
    ref = batch.ref
    if batch.state is BatchState.OPENING and client.capabilities.outlives:
        found = await client.find_batch(ref.key)
        if found is None:
            if client.capabilities.grade is not SubmissionGrade.AT_MOST_ONCE:
                journal.batch_closed(ref.key)
            return
        ref = found
    if client.capabilities.outlives:
        try:
            await client.cancel_batch(ref)
        except QuantumAsyncError as error:
            error.add_note(f"Batch {ref} may still be open.")
            raise
    journal.batch_closed(batch.ref.key)


CHOICES = {"a": "adopt", "c": "cancel", "l": "leave"}


@dataclass(frozen=True)
class Tidied:
    """What nobody answered for, and what became of it.

    Args:
        found: What was found.
        action: What was done: ``adopt``, ``cancel``, ``leave``; empty where nothing was found.
        is_clean: Whether nothing of it is left, and all of the journal can be read.
    """

    found: Findings
    action: str = ""
    is_clean: bool = True

    def document(self) -> Document:
        """Write it down with stable keys."""
        return {
            "jobs": [job_document(job) for job in self.found.jobs],
            "submissions": [
                {"key": s.key, "state": str(s.state), "jobs": [j.spec.key for j in s.jobs]}
                for s in self.found.submissions
            ],
            "batches": [batch_document(batch) for batch in self.found.batches],
            "unreadable": [bad_row_document(row) for row in self.found.bad],
            "action": self.action or None,
        }


async def tidy(journal: str, *, yes: bool, cancel: bool, json: bool) -> Tidied:
    """List what no living process answers for, and offer to end it.

    Args:
        journal: A path or URL.
        yes: Act without asking: close batches, and adopt or cancel jobs.
        cancel: Cancel jobs instead of following them to their end.
        json: Neither tell nor ask anything.

    Raises:
        ExceptionGroup: Something could not be ended; the rest was.
        QuantumAsyncError: A provider could not be asked.
    """
    found = await _look_at_journal(journal)
    if not json:
        _tell(found)
    if found.is_clean:
        return Tidied(found, is_clean=not found.bad)
    action = await _choice(yes=yes, cancel=cancel, ask=not json)
    if action == "leave":
        return Tidied(found, action, is_clean=False)
    await _act(found, journal, action)
    # Looked at again: a job that had succeeded is not cancelled, nor is what nobody can look up.
    left = await _look_at_journal(journal)
    if not json and not left.is_clean:
        sys.stdout.write("left over:\n")
        _tell(left)
    return Tidied(found, action, left.is_clean and not left.bad)


async def _look_at_journal(journal: str) -> Findings:
    async with existing(journal) as opened:
        return await opened.read(ownerless)


async def _choice(*, yes: bool, cancel: bool, ask: bool) -> str:
    if yes:
        return "cancel" if cancel else "adopt"
    return await ask_for_choice(sys.stdin) if ask and sys.stdin.isatty() else "leave"


async def ask_for_choice(terminal: TextIO) -> str:
    """Ask what is to be done, and wait for the answer until it comes or the waiting is cancelled.

    Args:
        terminal: Where the answer is typed.
    """
    sys.stdout.write("[a]dopt and wait, [c]ancel, or [l]eave them? batches are closed unless left ")
    sys.stdout.flush()
    if sys.platform != "win32":
        # A read that waits would hold the loop, and with it the first Ctrl-C.
        await anyio.wait_readable(terminal)
    return CHOICES.get(terminal.readline().strip().lower()[:1], "leave")


async def _act(findings: Findings, journal: str, action: str) -> None:
    if action == "adopt":
        # Leaving the block waits for the jobs and closes the batches. What stays unknown, or cannot
        # be read, is listed as left over.
        try:
            async with Scheduler(*clients_for(findings.providers), journal=journal) as scheduler:
                await scheduler.resume()
        except* (SubmissionUnknownError, UnreadableError):
            pass
        return
    async with AsyncExitStack() as stack:
        opened = await stack.enter_async_context(existing(journal))
        clients = [
            await stack.enter_async_context(client) for client in clients_for(findings.providers)
        ]
        served = {(client.name, client.account): client.identity for client in clients}
        claim = await opened.claim(None, served)
        await Canceller(opened, {client.name: client for client in clients}).cancel(claim)


def _tell(findings: Findings) -> None:
    lines = [f"job {job.ref or job.spec.key}: {job.state}" for job in findings.jobs]
    lines += [
        f"submission {s.key} of {len(s.jobs)} jobs on {s.jobs[0].provider}: {s.state}"
        + (f"; settle it: quantum-async jobs resolve {s.key}" if s.state == "unknown" else "")
        for s in findings.submissions
    ]
    lines += [
        f"batch {b.ref.id or b.ref.key} on {b.ref.provider}: {b.state}" for b in findings.batches
    ]
    lines += [f"unreadable {row.kind} row {row.key}: {row.reason}" for row in findings.bad]
    nothing = "nothing is left over: every job and batch has ended, or a process looks after it"
    print_lines(Console(highlight=False), *(lines or [nothing]), indent=4)


PACKAGE = "quantum_async"
_REQUIREMENT = re.compile(r"""([\w.-]+)[^;]*;.*extra == ['"]([\w-]+)['"]""")


def platform_words() -> str:
    """Name the package, Python and the machine in one line."""
    return (
        f"quantum-async {version(PACKAGE)} on Python {platform.python_version()}, "
        f"{platform.system()} {platform.machine()}"
    )


def versions_document() -> Document:
    """Write down what runs here, with stable keys."""
    return {
        "quantum_async": version(PACKAGE),
        "python": platform.python_version(),
        "platform": platform.platform(),
        "libraries": {name: _installed(name) for name in sorted(_libraries())},
    }


def missing_by_extra() -> dict[str, list[str]]:
    """Say for each extra which of its libraries are not installed."""
    missing: dict[str, list[str]] = {}
    for name, extra in _optional():
        found = missing.setdefault(extra, [])
        if _installed(name) is None:
            found.append(name)
    return missing


def _libraries() -> set[str]:
    texts = [text for text in requires(PACKAGE) or [] if "extra ==" not in text]
    core = {match.group() for text in texts if (match := re.match(r"[\w.-]+", text))}
    return core | {name for name, _ in _optional()}


def _optional() -> list[tuple[str, str]]:
    """List what each extra asks for on every machine; `all` says nothing new."""
    texts = [text for text in requires(PACKAGE) or [] if "sys_platform" not in text]
    matches = (_REQUIREMENT.match(text) for text in texts)
    found = [(match.group(1), match.group(2)) for match in matches if match is not None]
    ours = {PACKAGE, PACKAGE.replace("_", "-")}
    return [(name, extra) for name, extra in found if extra != "all" and name not in ours]


def _installed(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


HEADS = ("provider", "state", "server", "#answers in", "clock")


async def examine(
    journal: str | None, *, yes: bool, cancel: bool, offline: bool, json: bool
) -> ExitCode:
    """Look at the surroundings, then at the journal, and offer to end what nobody answers for.

    Args:
        journal: A path or URL; without it, the usual place, where there need not be one.
        yes: Act without asking: close batches, and adopt or cancel jobs.
        cancel: Cancel jobs instead of following them to their end.
        offline: Ask no provider's server.
        json: Print a document; nothing is asked.

    Raises:
        QuantumAsyncError: A provider could not be asked, or the journal cannot be read.
    """
    checkups = await check_up(offline=offline)
    if not json:
        _show(checkups)
    kept, tidied = await _keeping(journal, yes=yes, cancel=cancel, json=json)
    if json:
        document: Document = {
            "versions": versions_document(),
            "extras": {name: {"missing": gone} for name, gone in missing_by_extra().items()},
            "providers": [checkup_document(checkup) for checkup in checkups],
            "journal": kept,
            **tidied.document(),
        }
        sys.stdout.write(dump(document) + "\n")
    for checkup in checkups:
        if checkup.reach is not None and checkup.reach.error is not None:
            complain(checkup.reach.error, debug=False)
    is_sound = all(checkup.is_sound for checkup in checkups)
    return ExitCode.OK if tidied.is_clean and is_sound else ExitCode.FAILED


async def _keeping(
    journal: str | None, *, yes: bool, cancel: bool, json: bool
) -> tuple[Document, Tidied]:
    place = place_of(journal)
    file = JournalPlace.parse(place).file
    # Only a journal that somebody names has to be there.
    if journal is None and file is not None and not await anyio.Path(file).exists():
        if not json:
            _say(f"journal: there is none at {file}")
        return {"place": str(file), "exists": False}, Tidied(Findings([], [], [], []))
    inventory = await take_inventory(place)
    if not json:
        _say(str(inventory))
    return inventory.document(), await tidy(place, yes=yes, cancel=cancel, json=json)


def _say(*lines: str) -> None:
    print_lines(Console(highlight=False), *lines, indent=8)


def _show(checkups: list[Checkup]) -> None:
    console = Console(highlight=False)
    missing = missing_by_extra()
    there = [extra for extra, gone in missing.items() if not gone]
    print_lines(console, platform_words(), f"extras: {', '.join(there) or 'none'}", indent=8)
    for extra, gone in missing.items():
        if gone:
            fix = f'pip install "quantum_async[{extra}]"'
            print_lines(console, f"without {extra} ({', '.join(gone)}): {fix}", indent=8)
    print_lines(console, "")
    print_table(console, HEADS, [checkup_row(checkup) for checkup in checkups])
    found = [f"{checkup.provider}: {words}" for checkup in checkups if (words := setting(checkup))]
    if found:
        print_lines(console, "", "found in the environment (values are never shown)")
        print_lines(console, *found, indent=8)
    wanted = [f"{checkup.provider}: {words}" for checkup in checkups if (words := advice(checkup))]
    if wanted:
        print_lines(console, "", "to use the others")
        print_lines(console, *wanted, indent=8)
    print_lines(console, "")
