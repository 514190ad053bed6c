"""What the Pasqal service keeps, and how it is listed and written."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, TypeVar

from quantum_async.models.job import JobStatus
from quantum_async.sandbox.service import Refusal, Reply
from quantum_async.sandbox.world import oldest_ended

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pydantic import JsonValue

    from quantum_async.sandbox.pasqal.programs import Machine, SequenceFacts
    from quantum_async.sandbox.pasqal.service import PasqalOptions
    from quantum_async.sandbox.world import Clock, Realm, SandboxJob


WORDS = {
    JobStatus.QUEUED: "PENDING",
    JobStatus.RUNNING: "RUNNING",
    JobStatus.SUCCEEDED: "DONE",
    JobStatus.FAILED: "ERROR",
    JobStatus.CANCELLING: "CANCELING",
    JobStatus.CANCELLED: "CANCELED",
    JobStatus.UNKNOWN: "UNKNOWN",
}
"""The service's words for where a job stands."""


@dataclass(slots=True, eq=False)
class PasqalJob:
    """A job of a batch.

    Args:
        work: The job in the world.
        batch: Its batch.
        runs: The shots that were asked for, or ``None``.
        variables: Values of the sequence's variables, or ``None``.
        sequence: What it runs.
        own_sequence: Whether it brought the sequence itself.
        order: Its place in the batch, from 1.
        listed: World time from which lists show it.
        parent_id: The job it repeats.
    """

    work: SandboxJob
    batch: Batch
    runs: int | None
    variables: dict[str, JsonValue] | None
    sequence: SequenceFacts
    own_sequence: bool
    order: int
    listed: float
    parent_id: str | None = None

    def word(self, now: float) -> str:
        """Say where it stands, in the service's words."""
        if self.batch.paused and not self.work.status(now).is_terminal:
            return "PAUSED"
        return WORDS[self.work.status(now)]


@dataclass(slots=True, eq=False)
class Batch:
    """A batch.

    Args:
        id: Its id.
        project_id: The project that pays.
        user_id: Who sent it.
        machine: The device type.
        sequence: The sequence its jobs share, or ``None``.
        created: World time of its creation.
        listed: World time from which lists show it.
        open: Whether it was opened to take further jobs.
        tags: Its tags.
        clock: The world's clock.
        webhook: Where to report.
        configuration: The legacy emulator configuration.
        backend_configuration: The emulation configuration as text.
        parent_id: The batch it repeats.
        origin: Which door it came through.
    """

    id: str
    project_id: str
    user_id: str
    machine: Machine
    sequence: SequenceFacts | None
    created: float
    listed: float
    open: bool
    tags: list[str]
    clock: Clock = field(repr=False)
    webhook: JsonValue = None
    configuration: JsonValue = None
    backend_configuration: str | None = None
    parent_id: str | None = None
    origin: str = "CLIENT"
    jobs: list[PasqalJob] = field(default_factory=list)
    updated: float = 0.0
    closed: float | None = None
    cancelled: float | None = None
    timed_out: float | None = None
    _final: Counter[JobStatus] | None = None

    @property
    def paused(self) -> bool:
        """Whether the service stands still."""
        return self.clock.is_paused

    def settle(self, now: float, patience: float) -> None:
        """Let an open batch time out that has been idle for too long.

        Args:
            now: World time.
            patience: How long it may be idle, in seconds.
        """
        if not self.open:
            return
        idle_since = self._idle_since(now)
        if idle_since is not None and now >= idle_since + patience:
            self.open = False
            self.timed_out = idle_since + patience

    def counts(self, now: float) -> Mapping[str, int]:
        """Count its jobs by the service's words."""
        words = ("PENDING", "RUNNING", "DONE", "ERROR", "CANCELED")
        counts: dict[str, int] = dict.fromkeys(words, 0)
        for status, number in self._tally(now).items():
            paused = self.paused and not status.is_terminal
            word = "PAUSED" if paused else WORDS[status]
            counts[word] = counts.get(word, 0) + number
        return counts

    def status(self, now: float) -> str:
        """Say where the batch stands."""
        counts = self._tally(now)
        live = [status for status in counts if not status.is_terminal]
        if self.cancelled is not None:
            return "CANCELING" if JobStatus.CANCELLING in counts else "CANCELED"
        if self.timed_out is not None:
            return "TIMED_OUT"
        if self.paused and (live or self.open):
            return "PAUSED"
        if self.open:
            return "PENDING" if set(counts) == {JobStatus.QUEUED} else "RUNNING"
        if not live:
            return "ERROR" if self._is_unreadable() else "DONE"
        return "PENDING" if set(counts) == {JobStatus.QUEUED} else "RUNNING"

    def is_over(self, now: float) -> bool:
        """Whether nothing will happen to it any more."""
        return not self.open and all(status.is_terminal for status in self._tally(now))

    def started(self, now: float) -> float | None:
        """Say when its first job started."""
        starts = [job.work.start for job in self.jobs if job.work.start <= now]
        return min(starts, default=None)

    def ended(self, now: float) -> float | None:
        """Say when the last of it ended."""
        if self.open:
            return None
        ends = [job.work.finished(now) for job in self.jobs]
        known = [end for end in ends if end is not None]
        if len(known) < len(ends):
            return None
        final = self.timed_out or self.cancelled or self.closed or self.created
        return max([final, *known])

    def _tally(self, now: float) -> Counter[JobStatus]:
        if self._final is not None:
            return self._final
        tally = Counter(job.work.status(now) for job in self.jobs)
        if not self.open and all(status.is_terminal for status in tally):
            # Nothing can change any more, and large batches are asked about often.
            self._final = tally
        return tally

    def _idle_since(self, now: float) -> float | None:
        ends = [job.work.finished(now) for job in self.jobs]
        known = [end for end in ends if end is not None]
        return max([self.updated, *known]) if len(known) == len(ends) else None

    def _is_unreadable(self) -> bool:
        return bool(self.jobs) and all(job.sequence.problem for job in self.jobs)


@dataclass(slots=True, eq=False)
class Workload:
    """A workload.

    Args:
        work: The job in the world.
        project_id: The project that pays.
        user_id: Who sent it.
        kind: Its type.
        backend: What runs it.
        config: Its configuration.
    """

    work: SandboxJob
    project_id: str
    user_id: str
    kind: str
    backend: str
    config: JsonValue


class Store:
    """What the service keeps.

    Args:
        realm: The provider's part of the world.
        options: How the service behaves.
    """

    def __init__(self, realm: Realm, options: PasqalOptions) -> None:
        self.realm = realm
        self.options = options
        self.batches: dict[str, Batch] = {}
        self.jobs: dict[str, PasqalJob] = {}
        self.workloads: dict[str, Workload] = {}
        self._open: dict[str, Batch] = {}

    def clear(self) -> None:
        """Forget everything."""
        for book in (self.batches, self.jobs, self.workloads, self._open):
            book.clear()

    def batch(self, batch_id: str, now: float) -> Batch:
        """Find a batch as it is now.

        Raises:
            Refusal: There is none.
        """
        batch = self.batches.get(batch_id)
        if batch is None:
            raise Refusal(404, f"Batch with id '{batch_id}' not found.")
        self.settle(batch, now)
        return batch

    def job(self, job_id: str) -> PasqalJob:
        """Find a job.

        Raises:
            Refusal: There is none.
        """
        job = self.jobs.get(job_id)
        if job is None:
            raise Refusal(404, f"Job with id '{job_id}' not found.")
        return job

    def workload(self, workload_id: str) -> Workload:
        """Find a workload.

        Raises:
            Refusal: There is none.
        """
        workload = self.workloads.get(workload_id)
        if workload is None:
            raise Refusal(404, f"Workload with id '{workload_id}' not found.")
        return workload

    def add(self, batch: Batch, now: float) -> None:
        """Keep a new batch, and drop old ones where there are too many jobs."""
        self.batches[batch.id] = batch
        if batch.open:
            self._open[batch.id] = batch
        self.trim(now)

    def add_workload(self, workload: Workload, now: float) -> None:
        """Keep a new workload, and drop the oldest ended ones where there are too many."""
        self.workloads[workload.work.id] = workload
        surplus = len(self.workloads) - self.realm.world.settings.max_jobs
        for old in oldest_ended(
            self.workloads.values(), surplus, lambda one: one.work.status(now).is_terminal
        ):
            del self.workloads[old.work.id]
            self.realm.forget(old.work, now)

    def settle(self, batch: Batch, now: float) -> None:
        """Let a batch time out where that is due."""
        if batch.open:
            batch.settle(now, self.options.open_batch_timeout)
        if not batch.open:
            self._open.pop(batch.id, None)

    def batches_open(self, now: float) -> int:
        """Count batches that still take jobs."""
        for batch in list(self._open.values()):
            self.settle(batch, now)
        return len(self._open)

    def trim(self, now: float) -> None:
        """Drop the oldest ended batches while there are more jobs than may be kept."""
        most = self.realm.world.settings.max_jobs
        for batch in oldest_ended(
            self.batches.values(), len(self.jobs) - most, lambda batch: batch.is_over(now)
        ):
            if len(self.jobs) > most:
                self._drop(batch, now)

    def _drop(self, batch: Batch, now: float) -> None:
        del self.batches[batch.id]
        for job in batch.jobs:
            self.jobs.pop(job.work.id, None)
            self.realm.forget(job.work, now)


if TYPE_CHECKING:
    Document = dict[str, JsonValue]

_PHRASES = {status.value: status.phrase for status in HTTPStatus}


class Writer:
    """Writes what the service says.

    Args:
        clock: The world's clock.
    """

    def __init__(self, clock: Clock) -> None:
        self._iso = clock.iso
        self.string_codes = False

    def success(self, data: object) -> Reply:
        """Wrap an answer."""
        return Reply.of_json(
            {"status": "success", "message": "OK.", "code": self._code(200), "data": data}
        )

    def page(self, data: Sequence[Document], total: int, offset: int) -> Reply:
        """Wrap one page of a list."""
        end = offset + len(data)
        envelope = {
            "status": "success",
            "message": "OK.",
            "code": self._code(200),
            "data": data,
            "pagination": {"total": total, "start": offset, "offset": offset, "end": end},
        }
        span = f"{offset}-{max(end - 1, offset)}/{total}" if data else f"*/{total}"
        headers = (
            (b"content-range", span.encode()),
            (b"access-control-expose-headers", b"Content-Range"),
        )
        return Reply.of_json(envelope, headers=headers)

    def failure(self, status: int, description: JsonValue) -> Reply:
        """Wrap a refusal."""
        envelope = {
            "status": "fail" if status < 500 else "error",
            "message": _PHRASES.get(status, "Error"),
            "code": str(status),
            "data": {"description": description},
        }
        return Reply.of_json(envelope, status)

    def batch(self, batch: Batch, now: float) -> Document:
        """Write a batch as lists show it."""
        started, ended = batch.started(now), batch.ended(now)
        return {
            "id": batch.id,
            "project_id": batch.project_id,
            "user_id": batch.user_id,
            "parent_id": batch.parent_id,
            "created_at": self._iso(batch.created),
            "updated_at": self._iso(max(batch.updated, started or 0.0, ended or 0.0)),
            "start_datetime": self._moment(started),
            "end_datetime": self._moment(ended),
            "status": batch.status(now),
            "device_type": batch.machine.name,
            "device_status": "ACTIVE",
            "open": batch.open,
            "complete": not batch.open,
            "tags": [*batch.tags],
            "webhook": batch.webhook,
            "configuration": batch.configuration,
            "backend_configuration": batch.backend_configuration,
            "jobs_count": len(batch.jobs),
            "jobs_count_per_status": dict(batch.counts(now)),
            "job_ids": [job.work.id for job in batch.jobs],
            "priority": 0,
            "queue_priority": "MEDIUM",
        }

    def batch_with_sequence(self, batch: Batch, now: float) -> Document:
        """Write a batch as a look-up by its id shows it."""
        text = batch.sequence.text if batch.sequence is not None else None
        return {**self.batch(batch, now), "sequence_builder": text}

    def batch_with_jobs(self, batch: Batch, now: float) -> Document:
        """Write a batch as every change of it answers."""
        jobs: list[JsonValue] = [self.job(job, now) for job in batch.jobs]
        return {**self.batch_with_sequence(batch, now), "jobs": jobs}

    def job(self, job: PasqalJob, now: float) -> Document:
        """Write a job as lists show it."""
        work, batch = job.work, job.batch
        word, finished = job.word(now), work.finished(now)
        errors: list[JsonValue] = [work.error or "unknown error"] if word == "ERROR" else []
        start = self._iso(work.start) if work.start <= now and work.start < work.end else None
        created = self._iso(work.accepted)
        end = self._moment(finished)
        return {
            "id": work.id,
            "batch_id": batch.id,
            "project_id": batch.project_id,
            "user_id": batch.user_id,
            "parent_id": job.parent_id,
            "status": word,
            "runs": job.runs,
            "variables": job.variables,
            "errors": errors,
            "created_at": created,
            "updated_at": end or start or created,
            "start_timestamp": start,
            "end_timestamp": end,
            "creation_order": job.order,
            "origin": batch.origin,
        }

    def job_with_sequence(self, job: PasqalJob, now: float) -> Document:
        """Write a job as a look-up by its id shows it."""
        return {**self.job(job, now), "sequence": job.sequence.text}

    def workload(self, workload: Workload, now: float) -> Document:
        """Write a workload without its result."""
        work = workload.work
        finished = work.finished(now)
        start = self._iso(work.start) if work.start <= now else None
        errors: list[JsonValue] = [work.error or ""] if finished and work.error else []
        return {
            "id": work.id,
            "project_id": workload.project_id,
            "user_id": workload.user_id,
            "status": WORDS[work.status(now)],
            "workload_type": workload.kind,
            "backend": workload.backend,
            "config": workload.config,
            "created_at": self._iso(work.accepted),
            "updated_at": self._iso(finished or work.accepted),
            "start_timestamp": start,
            "end_timestamp": self._moment(finished),
            "errors": errors,
            "queue_priority": "MEDIUM",
            "result": None,
        }

    def _moment(self, moment: float | None) -> str | None:
        return None if moment is None else self._iso(moment)

    def _code(self, status: int) -> int | str:
        return str(status) if self.string_codes else status


def reason(location: Sequence[str | int], message: str) -> Mapping[str, JsonValue]:
    """Write one reason of a validation error."""
    return {"loc": ["body", *location], "msg": message, "type": "value_error"}


if TYPE_CHECKING:
    Query = Mapping[str, list[str]]

_T = TypeVar("_T")
_PAGE_KEYS = {"offset", "limit", "order_by", "order_by_direction"}
_SHARED = {"id", "id__starts_with", "status", "project_id", "user_id", "start_date", "end_date"}
_JOB_KEYS = _PAGE_KEYS | _SHARED | {"batch_id", "min_runs", "max_runs", "errors", "origin"}
_BATCH_KEYS = (
    _PAGE_KEYS
    | _SHARED
    | {
        "device_type",
        "open",
        "complete",
        "queue_priority",
        "tag",
        "origin",
        "min_jobs",
        "max_jobs",
    }
)


@dataclass(frozen=True, slots=True)
class Page:
    """Which part of a list is wanted.

    Args:
        offset: Where it begins.
        limit: How many at most.
        ascending: Whether the oldest come first.
    """

    offset: int
    limit: int
    ascending: bool

    @classmethod
    def of(cls, query: Query) -> Page:
        """Read the page from a query.

        Raises:
            Refusal: It is out of bounds.
        """
        offset, limit = whole(query, "offset") or 0, whole(query, "limit")
        if offset < 0:
            raise Refusal(422, _wrong("offset", "must not be negative"))
        if limit is not None and not 0 < limit < 101:
            raise Refusal(422, _wrong("limit", "must be between 1 and 100"))
        direction = (last(query, "order_by_direction") or "DESC").upper()
        return cls(offset, 100 if limit is None else limit, direction == "ASC")

    def cut(self, items: Sequence[_T]) -> Sequence[_T]:
        """Take this page of a list given with the oldest first."""
        ordered = items if self.ascending else items[::-1]
        return ordered[self.offset : self.offset + self.limit]


def keep_jobs(
    jobs: Sequence[PasqalJob], query: Query, now: float, clock: Clock
) -> Sequence[PasqalJob]:
    """Keep the jobs that pass every filter.

    Raises:
        Refusal: A filter is unknown or malformed.
    """
    _check_keys(query, _JOB_KEYS)
    tests: list[Callable[[PasqalJob], bool]] = []
    _among(tests, query, "id", lambda job: job.work.id)
    _among(tests, query, "batch_id", lambda job: job.batch.id)
    _among(tests, query, "project_id", lambda job: job.batch.project_id)
    _among(tests, query, "user_id", lambda job: job.batch.user_id)
    _among(tests, query, "status", lambda job: job.word(now))
    _among(tests, query, "origin", lambda job: job.batch.origin)
    _prefixed(tests, query, lambda job: job.work.id)
    _between(tests, query, "min_runs", "max_runs", lambda job: job.work.shots)
    _dated(tests, query, clock, lambda job: job.work.accepted)
    errors = flag(query, "errors")
    if errors is not None:
        tests.append(lambda job: (job.word(now) == "ERROR") == errors)
    return _passing(jobs, tests)


def keep_batches(
    batches: Sequence[Batch], query: Query, now: float, clock: Clock
) -> Sequence[Batch]:
    """Keep the batches that pass every filter.

    Raises:
        Refusal: A filter is unknown or malformed.
    """
    _check_keys(query, _BATCH_KEYS)
    tests: list[Callable[[Batch], bool]] = []
    _among(tests, query, "id", lambda batch: batch.id)
    _among(tests, query, "project_id", lambda batch: batch.project_id)
    _among(tests, query, "user_id", lambda batch: batch.user_id)
    _among(tests, query, "device_type", lambda batch: batch.machine.name)
    _among(tests, query, "status", lambda batch: batch.status(now))
    _among(tests, query, "queue_priority", lambda _: "MEDIUM")
    _among(tests, query, "origin", lambda batch: batch.origin)
    _prefixed(tests, query, lambda batch: batch.id)
    _between(tests, query, "min_jobs", "max_jobs", lambda batch: len(batch.jobs))
    _dated(tests, query, clock, lambda batch: batch.created)
    tag, is_open, complete = last(query, "tag"), flag(query, "open"), flag(query, "complete")
    if tag is not None:
        tests.append(lambda batch: tag in batch.tags)
    if is_open is not None:
        tests.append(lambda batch: batch.open == is_open)
    if complete is not None:
        tests.append(lambda batch: batch.open != complete)
    return _passing(batches, tests)


def last(query: Query, name: str) -> str | None:
    """Take a value that may be given once; the last one counts."""
    values = query.get(name)
    return values[-1] if values else None


def whole(query: Query, name: str) -> int | None:
    """Take a whole number.

    Raises:
        Refusal: It is none.
    """
    text = last(query, name)
    try:
        return None if text is None else int(text)
    except ValueError:
        raise Refusal(422, _wrong(name, "value is not a valid integer")) from None


def flag(query: Query, name: str) -> bool | None:
    """Take a yes or no, in any case.

    Raises:
        Refusal: It is neither.
    """
    text = last(query, name)
    if text is None:
        return None
    if text.lower() not in {"true", "false", "1", "0"}:
        raise Refusal(422, _wrong(name, "value could not be parsed to a boolean"))
    return text.lower() in {"true", "1"}


def _passing(items: Sequence[_T], tests: list[Callable[[_T], bool]]) -> Sequence[_T]:
    return [item for item in items if all(test(item) for test in tests)] if tests else items


def _among(
    tests: list[Callable[[_T], bool]], query: Query, name: str, value: Callable[[_T], str]
) -> None:
    if name in query:
        wanted = set(query[name])
        tests.append(lambda item: value(item) in wanted)


def _prefixed(tests: list[Callable[[_T], bool]], query: Query, value: Callable[[_T], str]) -> None:
    prefix = last(query, "id__starts_with")
    if prefix is not None:
        tests.append(lambda item: value(item).startswith(prefix))


def _between(
    tests: list[Callable[[_T], bool]],
    query: Query,
    lower: str,
    upper: str,
    value: Callable[[_T], int],
) -> None:
    least, most = whole(query, lower), whole(query, upper)
    if least is not None:
        tests.append(lambda item: value(item) >= least)
    if most is not None:
        tests.append(lambda item: value(item) <= most)


def _dated(
    tests: list[Callable[[_T], bool]], query: Query, clock: Clock, value: Callable[[_T], float]
) -> None:
    after, before = _moment(query, "start_date", clock), _moment(query, "end_date", clock)
    if after is not None:
        tests.append(lambda item: value(item) >= after)
    if before is not None:
        tests.append(lambda item: value(item) <= before)


def _moment(query: Query, name: str, clock: Clock) -> float | None:
    text = last(query, name)
    if text is None:
        return None
    try:
        date = datetime.fromisoformat(text)
    except ValueError:
        raise Refusal(422, _wrong(name, "invalid datetime format")) from None
    # A date without an offset is taken as UTC.
    return clock.moment((date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp())


def _check_keys(query: Query, known: set[str]) -> None:
    for name in query:
        if name not in known:
            raise Refusal(422, _wrong(name, "unknown query parameter"))


def _wrong(name: str, message: str) -> JsonValue:
    return [{"loc": ["query", name], "msg": message, "type": "value_error"}]
