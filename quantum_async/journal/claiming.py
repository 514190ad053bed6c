"""Taking over work that no living process answers for."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING

from sqlalchemy import func, or_, select, update

from quantum_async.errors import DuplicateSubmissionError, JournalError
from quantum_async.journal.forms import dump_options, load_options, pack_ref
from quantum_async.journal.leases import is_free
from quantum_async.journal.reading import Reader
from quantum_async.journal.records import (
    SETTLED,
    BatchState,
    Claim,
    SendState,
    StoredJob,
    StoredSubmission,
    SweepPlan,
    WorkState,
)
from quantum_async.journal.schema import batches, jobs, leases, runs, submissions, sweeps
from quantum_async.models.advice import Action, Advice
from quantum_async.models.identity import is_same_server
from quantum_async.models.job import JobRef
from quantum_async.models.options import differing_options

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from sqlalchemy import ColumnElement, RowMapping

    from quantum_async.journal.changes import Transaction
    from quantum_async.journal.leases import Leases, Owner
    from quantum_async.journal.records import StoredBatch

logger: logging.Logger = logging.getLogger(__name__)

UNCERTAIN = (SendState.SENDING, SendState.UNKNOWN)
UNSENT = (SendState.INTENDED, *UNCERTAIN)
RUNNING = (WorkState.ACCEPTED, WorkState.SUCCEEDED)
OPEN = (BatchState.OPENING, BatchState.OPEN)


class Claiming:
    """Take leases and read what they cover, in one transaction.

    Args:
        transaction: The transaction.
        held: The leases of this run.
        shown: Where the journal is, for references.
    """

    def __init__(self, transaction: Transaction, held: Leases, shown: str) -> None:
        self._transaction = transaction
        self._connection = transaction.connection
        self._leases = held
        self._shown = shown

    def claim(
        self, run: str | None, served: Mapping[tuple[str, str], str | Collection[str]]
    ) -> Claim:
        """Take over a run's unfinished work, or all that can be had.

        Raises:
            JournalError: The named run cannot be taken over.
        """
        if run is not None and not self._is_known(run):
            raise JournalError(
                f"the journal knows no run {run}", remedy="quantum-async jobs list names them."
            )
        scopes = [s for s in self._unfinished(run) if not self._leases.holds(s)]
        taken = [s for s in scopes if self._take(s, served, must=run is not None)]
        reader = Reader(self._transaction, self._shown)
        return self._claim(
            reader,
            reader.submissions(submissions.c.scope.in_(taken), submissions.c.state.in_(UNSENT)),
            reader.jobs(jobs.c.scope.in_(taken), jobs.c.state.in_(RUNNING)),
            reader.batches(batches.c.scope.in_(taken), batches.c.state.in_(OPEN)),
        )

    def sweep(self, plan: SweepPlan, run: str) -> Claim:
        """Take over a named sweep, or begin it.

        Raises:
            DuplicateSubmissionError: The name was used for another plan.
            JournalError: A living process answers for it.
        """
        holder = self._leases.take(self._transaction, plan.scope)
        if holder is not None:
            raise _in_use(f"the sweep {plan.name!r}", holder)
        self._same_plan(plan, run)
        mine = jobs.c.sweep == plan.name
        reader = Reader(self._transaction, self._shown)
        return self._claim(
            reader,
            reader.submissions(submissions.c.scope == plan.scope, submissions.c.state.in_(UNSENT)),
            reader.jobs(mine, jobs.c.state.in_((*RUNNING, *SETTLED)), with_results=True),
        )

    def set_aside(self, name: str) -> bool:
        """Give a finished sweep another name, so that its own begins anew.

        Returns:
            Whether that was done: not while a point lacks its outcome, or another answers for it.
        """
        standing = Reader(self._transaction, self._shown).sweep(name)
        if standing is None or not standing.is_finished or standing.is_owned:
            return False
        old = sweeps.c.name.startswith(f"{name}~", autoescape=True)
        number = self._connection.scalar(select(func.count()).where(old)) or 0
        aside = f"{name}~{number + 1}"
        self._connection.execute(update(sweeps).where(sweeps.c.name == name).values(name=aside))
        self._connection.execute(update(jobs).where(jobs.c.sweep == name).values(sweep=aside))
        return True

    def unknown(self, key: str) -> StoredSubmission:
        """Take over one submission of which nobody can say whether it exists.

        Raises:
            JournalError: There is none under this key, it is not unknown, or a living process
                answers for it.
        """
        by_job = select(jobs.c.submission).where(jobs.c.key == key)
        row = self._connection.execute(
            select(submissions.c.key, submissions.c.scope, submissions.c.state).where(
                or_(
                    submissions.c.key == key,
                    submissions.c.key == by_job.scalar_subquery(),
                )
            )
        ).one_or_none()
        if row is None:
            raise JournalError(
                f"the journal knows no submission and no job {key}",
                remedy="quantum-async jobs list names them.",
            )
        # What this process itself is sending has its answer on the way.
        is_at_work = self._leases.holds(row.scope) and row.state == SendState.SENDING
        if row.state not in UNCERTAIN or is_at_work:
            what = "on its way" if is_at_work else row.state
            raise JournalError(
                f"submission {row.key} is not unknown: it is {what}",
                remedy="Only what nobody can say anything about is settled by hand.",
            )
        holder = self._leases.take(self._transaction, row.scope)
        if holder is not None:
            raise _in_use(f"submission {row.key}", holder)
        # From now on it is for its user to say, also where its process was killed before it knew.
        for table, column in ((submissions, submissions.c.key), (jobs, jobs.c.submission)):
            unknown = update(table).where(column == row.key).values(state=SendState.UNKNOWN.value)
            self._connection.execute(unknown)
        reader = Reader(self._transaction, self._shown)
        found = reader.submissions(submissions.c.key == row.key)
        if not found:
            raise JournalError(
                f"submission {row.key} cannot be read: {'; '.join(map(str, reader.unreadable))}",
                remedy="Use the version and the providers that it was written with.",
            )
        return found[0]

    def _claim(
        self,
        reader: Reader,
        unsent: list[StoredSubmission],
        found: list[StoredJob],
        opened: Sequence[StoredBatch] = (),
    ) -> Claim:
        """Put a claim together, with the time until earlier owners must have fallen silent."""
        now, quiet = self._transaction.now, self._leases.quiet
        return Claim(
            tuple(replace(s, quiet=quiet(s.jobs[0].place.scope, now)) for s in unsent),
            tuple(found),
            tuple(replace(batch, quiet=quiet(batch.scope, now)) for batch in opened),
            tuple(reader.unreadable),
        )

    def job(self, key: str, identity: str) -> tuple[StoredJob | None, bool]:
        """Look a job up, and take it over where nobody answers for it and it is of this server."""
        found = Reader(self._transaction, self._shown).jobs(jobs.c.key == key, with_results=True)
        if not found:
            return None, False
        job = found[0]
        if job.state not in RUNNING or not is_same_server(job.identity, identity):
            return job, False
        return job, self._take_job(job)

    def batch(self, key: str) -> bool:
        """Take a batch over where nobody answers for it, and say whether nobody else does."""
        query = select(batches.c.scope).where(batches.c.key == key, batches.c.state.in_(OPEN))
        scope = self._connection.scalar(query)
        if scope is None or self._leases.holds(scope):
            return True
        if not self._is_free(scope):
            return False
        own = f"batch:{key}"
        self._connection.execute(update(batches).where(batches.c.key == key).values(scope=own))
        return self._leases.take(self._transaction, own) is None

    def _is_free(self, scope: str) -> bool:
        query = select(leases).where(leases.c.scope == scope).with_for_update()
        row = self._connection.execute(query).mappings().one_or_none()
        return is_free(row, self._transaction.now)

    def key_of(self, ref: JobRef, identity: str) -> str:
        """Find the key of a job by the provider's id of it; empty where it is not known."""
        # As `pack_ref` begins: the provider and its id.
        beginning = pack_ref(JobRef(ref.provider, ref.id)).partition(',""')[0]
        reader = Reader(self._transaction, self._shown)
        for job in reader.jobs(jobs.c.ref.startswith(f"{beginning},", autoescape=True)):
            known = job.ref
            is_it = known is not None and replace(ref, target=known.target) == known
            if is_it and is_same_server(job.identity, identity):
                return job.spec.key
        return ""

    def _take_job(self, job: StoredJob) -> bool:
        """Give the job a lease of its own, so that the rest of its run stays where it is."""
        if self._leases.holds(job.place.scope) or not self._is_free(job.place.scope):
            return False
        scope = f"job:{job.spec.key}"
        self._connection.execute(update(jobs).where(jobs.c.key == job.spec.key).values(scope=scope))
        return self._leases.take(self._transaction, scope) is None

    def _unfinished(self, run: str | None) -> list[str]:
        queries = (
            select(jobs.c.scope)
            .join(submissions, submissions.c.key == jobs.c.submission)
            .where(jobs.c.state.in_(RUNNING), *_of_run(submissions.c.run, run)),
            select(submissions.c.scope).where(
                submissions.c.state.in_(UNSENT), *_of_run(submissions.c.run, run)
            ),
            select(batches.c.scope).where(batches.c.state.in_(OPEN), *_of_run(batches.c.run, run)),
        )
        found = {scope for query in queries for scope in self._connection.scalars(query)}
        return sorted(found)

    def _take(
        self, scope: str, served: Mapping[tuple[str, str], str | Collection[str]], *, must: bool
    ) -> bool:
        missing = {
            " ".join(filter(None, (provider, account, f"at {identity}" if identity else "")))
            for provider, account, identity in self._servers(scope)
            if not _is_served(served.get((provider, account), ()), identity)
        }
        if missing:
            names = ", ".join(sorted(missing))
            if must:
                raise JournalError(
                    f"this work needs a client for {names}",
                    remedy=Advice(
                        Action(
                            "Give the scheduler a client of each provider that the run used, for "
                            "the same address and account.",
                            "Name the addresses and accounts that the run used in the environment.",
                        )
                    ),
                )
            logger.warning("%s is left as it is: it needs a client for %s", scope, names)
            return False
        holder = self._leases.take(self._transaction, scope)
        if holder is not None and must:
            raise _in_use(scope, holder)
        return holder is None

    def _servers(self, scope: str) -> set[tuple[str, str, str]]:
        queries = (
            select(submissions.c.provider, submissions.c.account, submissions.c.identity)
            .join(jobs, submissions.c.key == jobs.c.submission)
            .where(
                or_(jobs.c.scope == scope, submissions.c.scope == scope),
                or_(jobs.c.state.in_(RUNNING), submissions.c.state.in_(UNSENT)),
            ),
            select(batches.c.provider, batches.c.account, batches.c.identity).where(
                batches.c.scope == scope, batches.c.state.in_(OPEN)
            ),
        )
        return {
            (provider, account, identity)
            for query in queries
            for provider, account, identity in self._connection.execute(query.distinct())
        }

    def _is_known(self, run: str) -> bool:
        return self._connection.scalar(select(runs.c.id).where(runs.c.id == run)) is not None

    def _same_plan(self, plan: SweepPlan, run: str) -> None:
        wanted = {
            "name": plan.name,
            "program": plan.program,
            "points": plan.points,
            "size": plan.size,
            "shots": plan.shots,
            "target": plan.target,
            "options": dump_options(plan.options),
            "identity": plan.identity,
        }
        row = (
            self._connection.execute(select(sweeps).where(sweeps.c.name == plan.name))
            .mappings()
            .one_or_none()
        )
        if row is None:
            self._connection.execute(sweeps.insert(), wanted | {"run": run})
            return
        if differing := _differences(plan, wanted, row):
            raise DuplicateSubmissionError(
                f"the sweep name {plan.name!r} was used before with {' and '.join(differing)}",
                remedy="Give this sweep a name or a journal of its own, or run it as before.",
            )
        if not row["identity"]:
            # Begun before servers were kept: it belongs to the one that continues it.
            mine = sweeps.c.name == plan.name
            self._connection.execute(update(sweeps).where(mine).values(identity=plan.identity))


def _differences(plan: SweepPlan, wanted: Mapping[str, object], row: RowMapping) -> list[str]:
    """Say in which way a sweep is another one than that of its name; options by their meaning."""
    known = ("options", "identity")
    others = [name for name in wanted if name not in known and row[name] != wanted[name]]
    if "program" in others and row["program"] == plan.written:
        others.remove("program")
    if row["options"] != wanted["options"] and (names := _other_options(plan, row["options"])):
        others.append(f"options ({', '.join(names)})")
    found = [f"other {', '.join(others)}"] if others else []
    if not is_same_server(row["identity"], plan.identity):
        found.append(f"another server ({row['identity']}, and this is {plan.identity})")
    return found


def _other_options(plan: SweepPlan, text: str) -> tuple[str, ...]:
    try:
        return differing_options(plan.options, load_options(text))
    except ValueError:
        # Options of a class that is not here any more.
        return ("which cannot be read",)


def _of_run(column: ColumnElement[str], run: str | None) -> list[ColumnElement[bool]]:
    return [] if run is None else [column == run]


def _in_use(what: str, holder: Owner) -> JournalError:
    return JournalError(
        f"{what} is in the hands of process {holder.pid} on {holder.host.partition('/')[0]}",
        remedy="Wait for that process or end it; its work can then be taken over.",
    )


def _is_served(clients: str | Collection[str], identity: str) -> bool:
    """Say whether one of some clients is at a server: by their identities, or that of the only one."""
    identities = (clients,) if isinstance(clients, str) else clients
    return any(is_same_server(one, identity) for one in identities)
