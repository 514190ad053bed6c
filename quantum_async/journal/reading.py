"""Reading the journal's rows; those that cannot be understood are listed, never fatal."""

from __future__ import annotations

import logging
import zlib
from typing import TYPE_CHECKING, TypeVar

from sqlalchemy import delete, func, select

from quantum_async.errors import QuantumAsyncError
from quantum_async.journal.forms import (
    load_options,
    unpack_any,
    unpack_error,
    unpack_program,
    unpack_ref,
    unpack_result,
    unpack_variables,
)
from quantum_async.journal.leases import is_free
from quantum_async.journal.records import (
    SETTLED,
    UNFINISHED,
    BadRow,
    BatchState,
    Place,
    SendState,
    StoredBatch,
    StoredJob,
    StoredRun,
    StoredSubmission,
    SweepStanding,
    WorkState,
)
from quantum_async.journal.schema import (
    batches,
    jobs,
    leases,
    programs,
    quarantine,
    results,
    runs,
    submissions,
    sweeps,
)
from quantum_async.models.batch import BatchRef
from quantum_async.models.submission import JobSpec

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from sqlalchemy import ColumnElement, Connection, RowMapping

    from quantum_async.journal.changes import Transaction
    from quantum_async.models.program import Program
    from quantum_async.models.result import Result

logger: logging.Logger = logging.getLogger(__name__)

T = TypeVar("T")

DAMAGE = (ValueError, KeyError, TypeError, AttributeError, zlib.error, QuantumAsyncError)
"""What reading a damaged row may raise."""
CHUNK = 500
"""Keys named in one query: databases have limits."""


class Reader:
    """Read rows in one transaction.

    Args:
        transaction: The transaction; what was written before it is seen.
        shown: Where the journal is, for references.
    """

    def __init__(self, transaction: Transaction, shown: str) -> None:
        transaction.flush()
        self._connection: Connection = transaction.connection
        self._now = transaction.now
        self._shown = shown
        self._programs: dict[str, Program | None] = {}
        self._known: set[tuple[str, str]] | None = None
        self.unreadable: list[BadRow] = []
        """Rows that were asked for and cannot be read."""

    def jobs(self, *conditions: ColumnElement[bool], with_results: bool = False) -> list[StoredJob]:
        """Read jobs, the oldest first.

        Args:
            *conditions: Which ones.
            with_results: Whether their results are read too.
        """
        query = (
            select(
                jobs,
                submissions.c.provider,
                submissions.c.account,
                submissions.c.target,
                submissions.c.batch,
                submissions.c.identity,
            )
            .join(submissions, submissions.c.key == jobs.c.submission)
            .where(*conditions)
            .order_by(jobs.c.created, jobs.c.submission, jobs.c.place)
        )
        rows = self._connection.execute(query).mappings().all()
        bodies = self._bodies(row["key"] for row in rows) if with_results else {}
        found = (self._read("jobs", row, lambda r: self._job(r, bodies)) for row in rows)
        return [job for job in found if job is not None]

    def submissions(self, *conditions: ColumnElement[bool]) -> list[StoredSubmission]:
        """Read submissions with their jobs, the oldest first.

        One of whose jobs cannot be read is left out: it could not be sent again as it was.
        """
        query = select(submissions).where(*conditions).order_by(submissions.c.first_sent)
        rows = self._connection.execute(query).mappings().all()
        members: dict[str, list[StoredJob]] = {}
        for chunk in _chunks([row["key"] for row in rows]):
            for job in self.jobs(jobs.c.submission.in_(chunk)):
                members.setdefault(job.submission, []).append(job)
        found = (
            self._read("submissions", row, lambda r: _submission(r, members.get(r["key"], [])))
            for row in rows
        )
        return [submission for submission in found if submission is not None]

    def batches(self, *conditions: ColumnElement[bool]) -> list[StoredBatch]:
        """Read batches, the oldest first."""
        query = select(batches).where(*conditions).order_by(batches.c.opened)
        rows = self._connection.execute(query).mappings().all()
        found = (self._read("batches", row, _batch) for row in rows)
        return [batch for batch in found if batch is not None]

    def runs(self) -> list[StoredRun]:
        """List the runs that recorded something, the latest first."""
        open_jobs = (
            select(submissions.c.run, func.count().label("unfinished"))
            .join(jobs, jobs.c.submission == submissions.c.key)
            .where(jobs.c.state.in_(UNFINISHED))
            .group_by(submissions.c.run)
            .subquery()
        )
        query = (
            select(runs, open_jobs.c.unfinished)
            .outerjoin(open_jobs, open_jobs.c.run == runs.c.id)
            .order_by(runs.c.started.desc())
        )
        rows = self._connection.execute(query).mappings().all()
        return [self._run(row) for row in rows]

    def sweep(self, name: str) -> SweepStanding | None:
        """Say how far a named sweep has come; nothing where it was never begun."""
        size = self._connection.scalar(select(sweeps.c.size).where(sweeps.c.name == name))
        if size is None:
            return None
        points: dict[str, set[int]] = {"done": set(), "under_way": set()}
        query = select(jobs.c.point, jobs.c.state).where(jobs.c.sweep == name)
        for point, state in self._connection.execute(query):
            for what, states in (("done", SETTLED), ("under_way", UNFINISHED)):
                if state in states:
                    points[what].add(point)
        return SweepStanding(
            size,
            len(points["done"]),
            len(points["under_way"] - points["done"]),
            self.is_owned(f"sweep:{name}"),
        )

    def is_owned(self, scope: str) -> bool:
        """Whether a living process holds the lease of a scope."""
        query = select(leases).where(leases.c.scope == scope)
        row = self._connection.execute(query).mappings().one_or_none()
        return not is_free(row, self._now)

    def _run(self, row: RowMapping) -> StoredRun:
        return StoredRun(
            id=row["id"],
            started=row["started"],
            host=row["host"],
            pid=row["pid"],
            is_alive=self.is_owned(f"run:{row['id']}"),
            unfinished=row["unfinished"] or 0,
            sdk=row["sdk"],
        )

    def quarantined(self) -> list[BadRow]:
        """List the rows that could not be read when somebody last asked for them."""
        query = select(quarantine).order_by(quarantine.c.id)
        return [
            BadRow(row["kind"], row["key"], row["reason"])
            for row in self._connection.execute(query).mappings()
        ]

    def _job(self, row: RowMapping, bodies: dict[str, object]) -> StoredJob:
        state = WorkState(row["state"])
        result = self._result(row["key"], bodies) if state is WorkState.FETCHED else None
        if state is WorkState.FETCHED and bodies and result is None:
            # The result is gone or damaged, and the provider still has it.
            state = WorkState.SUCCEEDED
        batch = unpack_any(row["batch"])
        if batch is not None and not isinstance(batch, BatchRef):
            raise ValueError("the batch is no batch")
        return StoredJob(
            spec=JobSpec(
                key=row["key"],
                program=self._program(row["program"]),
                shots=row["shots"],
                variables=unpack_variables(row["variables"]),
                options=load_options(row["options"]),
            ),
            place=Place(row["scope"], row["sweep"], row["point"]),
            state=state,
            submission=row["submission"],
            provider=row["provider"],
            target=row["target"],
            ref=unpack_ref(row["ref"], self._shown, row["identity"]) if row["ref"] else None,
            result=result,
            error=unpack_error(row["failure"]) if row["failure"] else None,
            created=row["created"],
            account=row["account"],
            batch=batch,
            identity=row["identity"],
        )

    def _program(self, digest: str) -> Program:
        if digest not in self._programs:
            query = select(programs).where(programs.c.digest == digest)
            row = self._connection.execute(query).mappings().one_or_none()
            self._programs[digest] = (
                self._read("programs", row, _program, "digest") if row else None
            )
        program = self._programs[digest]
        if program is None:
            raise ValueError(f"its program {digest:.12} is missing or damaged")
        return program

    def _bodies(self, keys: Iterable[str]) -> dict[str, object]:
        found: dict[str, object] = {"": b""}
        for chunk in _chunks(list(keys)):
            query = select(results.c.job, results.c.body).where(results.c.job.in_(chunk))
            found.update({row[0]: row[1] for row in self._connection.execute(query)})
        return found

    def _result(self, key: str, bodies: dict[str, object]) -> Result | None:
        body = bodies.get(key)
        if body is None:
            return None
        try:
            if not isinstance(body, bytes | memoryview):
                raise TypeError("its body is no bytes")
            result = unpack_result(bytes(body))
        except DAMAGE as error:
            self._set_aside("results", key, error, str(body).encode()[:1000])
            self._connection.execute(delete(results).where(results.c.job == key))
            return None
        self._note_readable("results", key)
        return result

    def _read(
        self, kind: str, row: RowMapping, read: Callable[[RowMapping], T], key: str = "key"
    ) -> T | None:
        """Read a row; one that cannot be read stays as it is, and is listed.

        Another version may read it, or this one once its provider is installed again.
        """
        try:
            found = read(row)
        except DAMAGE as error:
            self._set_aside(kind, row[key], error, point=row.get("point"))
            return None
        self._note_readable(kind, row[key])
        return found

    def _note_readable(self, kind: str, key: str) -> None:
        if (kind, key) in self._set_aside_before:
            mine = (quarantine.c.kind == kind) & (quarantine.c.key == key)
            self._connection.execute(delete(quarantine).where(mine))
            self._set_aside_before.discard((kind, key))

    @property
    def _set_aside_before(self) -> set[tuple[str, str]]:
        if self._known is None:
            query = select(quarantine.c.kind, quarantine.c.key)
            self._known = {(row[0], row[1]) for row in self._connection.execute(query)}
        return self._known

    def _set_aside(
        self,
        kind: str,
        key: str,
        error: Exception,
        body: bytes | None = None,
        point: int | None = None,
    ) -> None:
        reason = f"{type(error).__name__}: {error}"
        self.unreadable.append(BadRow(kind, key, reason, point))
        if (kind, key) in self._set_aside_before:
            return
        self._set_aside_before.add((kind, key))
        logger.warning("the journal's %s row %s cannot be read: %s", kind, key, reason)
        self._connection.execute(
            quarantine.insert(), {"kind": kind, "key": key, "reason": reason, "body": body}
        )


def _submission(row: RowMapping, members: list[StoredJob]) -> StoredSubmission:
    if len(members) != row["size"] and row["state"] != SendState.REJECTED:
        raise ValueError(f"{len(members)} of its {row['size']} jobs can be read")
    return StoredSubmission(row["key"], SendState(row["state"]), tuple(members), row["sent"])


def _program(row: RowMapping) -> Program:
    return unpack_program({column.name: row[column.name] for column in programs.columns})


def _batch(row: RowMapping) -> StoredBatch:
    ref = BatchRef(row["provider"], row["id"] or "", row["target"], row["key"], row["account"])
    return StoredBatch(
        ref, BatchState(row["state"]), row["scope"], row["opened"], row["name"], row["identity"]
    )


def _chunks(keys: list[str]) -> Iterable[list[str]]:
    return (keys[start : start + CHUNK] for start in range(0, len(keys), CHUNK))
