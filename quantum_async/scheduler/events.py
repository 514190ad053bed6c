"""Whoever watches jobs: streams of events, and OpenTelemetry's spans and metrics where a program has set them up."""

from __future__ import annotations

import sys
import time
from collections import deque
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Self, TypeAlias

from quantum_async.errors import JobCancelledError, SubmissionUnknownError
from quantum_async.http.redact import redact
from quantum_async.http.telemetry import ended, is_traced, started
from quantum_async.models.job import JobEvent, JobEventKind, JobStatus
from quantum_async.scheduler.job import Stage
from quantum_async.scheduler.workers import Broadcast

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Sequence
    from contextlib import AbstractContextManager

    from opentelemetry.context import Context
    from opentelemetry.metrics import MeterProvider
    from opentelemetry.trace import Span, TracerProvider

    from quantum_async.scheduler.job import JobRecord

    Attributes: TypeAlias = dict[str, str | int | float]

    Where: TypeAlias = dict[str, str]

    """The attributes of a target."""


def current_tracing() -> Tracing | None:
    """Prepare spans of jobs, or return ``None`` where nobody would see them."""
    if not is_traced():
        return None
    from opentelemetry import trace

    return Tracing(trace.get_tracer_provider())


@dataclass(slots=True, eq=False)
class Trail:
    """What is kept of one job under way.

    Args:
        span: The job's span.
        parent: What was current where the job was submitted.
        attempts: How often it was sent.
    """

    span: Span
    parent: Context
    attempts: int = 0

    @property
    def context(self) -> Context:
        """What is current for work on this job alone."""
        from opentelemetry import trace

        return trace.set_span_in_context(self.span, self.parent)


class Tracing:
    """Keeps one span of each job under way, and makes those of the work for them.

    A job's span stands below whatever is current where the job is submitted. The tasks that work
    for it belong to the scheduler, and know only what was current when that was entered.

    Args:
        provider: Who makes the spans.
    """

    def __init__(self, provider: TracerProvider) -> None:
        from importlib.metadata import version

        self._tracer = provider.get_tracer("quantum_async.scheduler", version("quantum_async"))
        self._trails: dict[JobRecord, Trail] = {}

    def begin(self, records: Iterable[JobRecord], *, is_resumed: bool) -> None:
        """Start the spans of jobs.

        Args:
            records: The jobs.
            is_resumed: Whether they are taken over from a journal, or by their references.
        """
        from opentelemetry import context

        parent = context.get_current()
        for record in records:
            attributes = {**_origin(record), "quantum_async.job.resumed": is_resumed}
            name = f"run {record.target}"
            make = partial(self._tracer.start_span, name, parent, attributes=attributes)
            self._trails[record] = Trail(started(make), parent)

    def attempt(self, records: Iterable[JobRecord]) -> None:
        """Count that jobs are being sent."""
        for record in records:
            if (trail := self._trails.get(record)) is not None:
                trail.attempts += 1

    def push(self, kind: JobEventKind, record: JobRecord, message: str) -> None:
        """Write down what happened to a job, and end its span with it."""
        trail = self._trails.get(record)
        if trail is None:
            return
        if kind is JobEventKind.FINISHED:
            del self._trails[record]
            _finish(trail, record, record.status)
            return
        if kind is JobEventKind.SUBMITTED:
            trail.span.set_attributes(_identity(record))
        attributes: Attributes = {}
        if message:
            attributes["quantum_async.reason"] = redact(message)
        if record.state.queue_position is not None:
            attributes["quantum_async.queue_position"] = record.state.queue_position
        trail.span.add_event(f"quantum_async.job.{kind}", attributes)

    def leave(self, record: JobRecord) -> None:
        """End the span of a job that is followed no further."""
        trail = self._trails.pop(record, None)
        if trail is None:
            return
        trail.span.add_event("quantum_async.job.left")
        status = record.status
        if record.stage is Stage.SENDING:
            status = JobStatus.UNKNOWN
            _fail(trail.span, SubmissionUnknownError.__name__, "no answer came in time")
        _finish(trail, record, status)

    def close(self) -> None:
        """End the spans of all jobs that are still under way."""
        for record in tuple(self._trails):
            self.leave(record)

    @contextmanager
    def during(self, operation: str, records: Sequence[JobRecord], key: str) -> Generator[None]:
        """Make a span of work for one job, below its own, or for several, linked to theirs.

        Args:
            operation: What is done.
            records: For which jobs.
            key: Of the submission, where it is one.
        """
        from opentelemetry import context

        trails = [self._trails[record] for record in records if record in self._trails]
        if not trails:
            # Nobody follows these jobs any more.
            yield
            return
        span, below = self._work(operation, records[0].target, trails)
        if key:
            for span_of in (span, *(trail.span for trail in trails)):
                span_of.set_attribute("quantum_async.submission.key", key)
        token = context.attach(below)
        try:
            yield
        except BaseException as error:
            # A cancellation's words name tasks of the event loop.
            words = str(error) if isinstance(error, Exception) else ""
            _fail(span, type(error).__name__, words)
            raise
        finally:
            context.detach(token)
            ended(span)

    @contextmanager
    def within(self, records: Sequence[JobRecord]) -> Generator[None]:
        """Let the requests of some work stand below the job that all of it is for, if it is one."""
        from opentelemetry import context

        trail = self._trails.get(records[0]) if len(records) == 1 else None
        if trail is None:
            yield
            return
        token = context.attach(trail.context)
        try:
            yield
        finally:
            context.detach(token)

    def _work(self, operation: str, target: str, trails: Sequence[Trail]) -> tuple[Span, Context]:
        from opentelemetry import trace

        if len(trails) == 1:
            parent, links = trails[0].context, []
        else:
            parent = _common(trails)
            links = [trace.Link(trail.span.get_span_context()) for trail in trails]
        attributes: Attributes = {
            "quantum_async.provider": target.partition(":")[0],
            "quantum_async.target": target,
            "quantum_async.job.count": len(trails),
        }
        make = partial(self._tracer.start_span, f"{operation} {target}", parent, links=links)
        span = started(partial(make, attributes=attributes))
        return span, trace.set_span_in_context(span, parent)


def _common(trails: Sequence[Trail]) -> Context:
    """Find what jobs were submitted in, where that is the same for all; else nothing."""
    from opentelemetry.context import Context

    first = trails[0].parent
    return first if all(trail.parent == first for trail in trails) else Context()


def _origin(record: JobRecord) -> Attributes:
    """Describe a job as it is known before it is sent."""
    attributes: Attributes = {
        "quantum_async.provider": record.lane.client.name,
        "quantum_async.target": record.target,
        "quantum_async.shots": record.spec.shots,
        "quantum_async.job.key": record.spec.key,
    }
    if record.batch is not None:
        attributes["quantum_async.batch.id"] = record.batch.id
    if record.place is not None and record.place.sweep is not None:
        attributes["quantum_async.sweep.name"] = record.place.sweep
    if record.place is not None and record.place.point is not None:
        attributes["quantum_async.sweep.point"] = record.place.point
    return attributes


def _identity(record: JobRecord) -> Attributes:
    """Name a job as its provider does."""
    if record.ref is None:
        return {}
    attributes: Attributes = {"quantum_async.job.id": record.ref.id}
    if record.ref.batch_id is not None:
        attributes["quantum_async.batch.id"] = record.ref.batch_id
    return attributes


def _finish(trail: Trail, record: JobRecord, status: JobStatus) -> None:
    attributes: Attributes = {
        **_identity(record),
        "quantum_async.job.attempts": trail.attempts,
        "quantum_async.status": str(status),
    }
    if (cost := record.state.cost) is not None:
        attributes["quantum_async.cost.amount"] = cost.amount
        attributes["quantum_async.cost.unit"] = cost.unit
        attributes["quantum_async.cost.is_estimate"] = cost.is_estimate
    trail.span.set_attributes(attributes)
    is_wanted = record.wants_cancel and isinstance(record.error, JobCancelledError)
    if record.error is not None and not is_wanted:
        _fail(trail.span, type(record.error).__name__, str(record.error))
    ended(trail.span)


def _fail(span: Span, kind: str, words: str) -> None:
    from opentelemetry.trace import Status, StatusCode

    span.set_attribute("error.type", kind)
    span.set_status(Status(StatusCode.ERROR, redact(words)))


DURATIONS = (0.1, 0.3, 1, 3, 10, 30, 100, 300, 1000, 3000, 10_000, 30_000, 100_000)
"""Borders in seconds between which durations are counted, from simulators to queues of a day."""
LAGS = (0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100)
"""Borders in seconds between which detection lags are counted."""


def current_meters() -> Meters | None:
    """Make the metrics, or return ``None`` where nobody would see them.

    Somebody who has set metrics up has imported their API: it is never imported from here.
    """
    api = sys.modules.get("opentelemetry.metrics")
    if api is None:
        return None
    provider = api.get_meter_provider()
    # The stand-in until a program sets one has no public name.
    if type(provider).__name__ in {"_ProxyMeterProvider", "NoOpMeterProvider"}:
        return None
    return Meters(provider)


class Meters:
    """Listens to a scheduler's events and counts.

    Args:
        provider: Where the numbers go.
    """

    def __init__(self, provider: MeterProvider) -> None:
        from importlib.metadata import version

        meter = provider.get_meter("quantum_async.scheduler", version("quantum_async"))
        self._begun: dict[str, tuple[float, Where]] = {}
        self._in_flight = meter.create_up_down_counter(
            "quantum_async.jobs.in_flight", "{job}", "Jobs that a provider has and that go on."
        )
        self._finished = meter.create_counter(
            "quantum_async.jobs.finished", "{job}", "Jobs with a result or an error."
        )
        self._retries = meter.create_counter(
            "quantum_async.jobs.retries", "{retry}", "Submissions and polls put off, per job."
        )
        self._shots = meter.create_counter("quantum_async.jobs.shots", "{shot}", "Shots measured.")
        self._cost = meter.create_counter(
            "quantum_async.jobs.cost", "{unit}", "What providers say that jobs cost."
        )
        self._duration = meter.create_histogram(
            "quantum_async.jobs.duration",
            "s",
            "Time from acceptance to result or error.",
            explicit_bucket_boundaries_advisory=DURATIONS,
        )
        self._polls = meter.create_counter(
            "quantum_async.polls", "{poll}", "Questions about the status of jobs."
        )
        self._lag = meter.create_histogram(
            "quantum_async.jobs.detection_lag",
            "s",
            "Longest time that an end can have gone unnoticed.",
            explicit_bucket_boundaries_advisory=LAGS,
        )

    def push(self, event: JobEvent) -> None:
        """Count an event."""
        where = {"quantum_async.provider": event.provider, "quantum_async.target": event.target}
        if event.kind is JobEventKind.SUBMITTED:
            # A job can be adopted by the scheduler that follows it already.
            if event.key not in self._begun:
                self._in_flight.add(1, where)
            self._begun[event.key] = event.time, where
        elif event.kind is JobEventKind.RETRIED:
            self._retries.add(1, where)
        elif event.kind is JobEventKind.FINISHED:
            self._end(event, where)

    def _end(self, event: JobEvent, where: Where) -> None:
        begun = self._begun.pop(event.key, None)
        if begun is not None:
            self._in_flight.add(-1, where)
            self._duration.record(max(event.time - begun[0], 0.0), where)
        outcome = {**where, "quantum_async.status": str(event.status)}
        if event.error_type:
            outcome["error.type"] = event.error_type
        self._finished.add(1, outcome)
        if event.status is JobStatus.SUCCEEDED:
            self._shots.add(event.shots, where)
        if event.cost is not None:
            price: dict[str, str | bool] = {
                "quantum_async.cost.unit": event.cost.unit,
                "quantum_async.cost.is_estimate": event.cost.is_estimate,
            }
            self._cost.add(event.cost.amount, {**where, **price})

    def leave(self, key: str) -> None:
        """Count a job no longer that goes on without us."""
        begun = self._begun.pop(key, None)
        if begun is not None:
            self._in_flight.add(-1, begun[1])

    def polled(self, provider: str) -> None:
        """Count a question about the status of jobs."""
        self._polls.add(1, {"quantum_async.provider": provider})

    def noticed(self, target: str, gap: float) -> None:
        """Note how long before a job's end was seen it was last seen going on.

        Args:
            target: Where it ran, as ``provider:device``.
            gap: Time in seconds; with a server that holds answers back, an upper bound only.
        """
        where = {"quantum_async.provider": target.partition(":")[0], "quantum_async.target": target}
        self._lag.record(gap, where)

    def end(self) -> None:
        """Count what was not finished no longer."""
        for key in tuple(self._begun):
            self.leave(key)


BACKLOG = 16_384
"""Events that a slow listener may be behind; beyond it the oldest are dropped."""


_NOTHING: AbstractContextManager[None] = nullcontext()


class EventStream:
    """Events from the moment of subscription on, as an async iterator.

    It ends when the scheduler closes, or when the one job it follows has finished. Leaving the
    loop early is fine; `aclose` or an ``async with`` block unsubscribes at once. No job waits for a
    slow listener: one that is more than 16,384 events behind loses the oldest.
    """

    def __init__(self, hub: EventHub, key: str | None = None) -> None:
        self._hub = hub
        self._key = key
        self._events: deque[JobEvent] = deque(maxlen=BACKLOG)
        self._arrived = Broadcast()
        self._ended = False
        self._dropped = 0

    @property
    def dropped(self) -> int:
        """How many events were lost because nobody read them in time."""
        return self._dropped

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> JobEvent:
        await self._arrived.until(lambda: bool(self._events) or self._ended)
        if not self._events:
            raise StopAsyncIteration
        return self._events.popleft()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Unsubscribe."""
        self._hub.streams.discard(self)
        self.end()

    def push(self, event: JobEvent) -> None:
        """Take an event, if it is one of those followed."""
        if self._key is not None and event.key != self._key:
            return
        if len(self._events) == BACKLOG:
            self._dropped += 1
        self._events.append(event)
        self._arrived.notify()
        if self._key is not None and event.kind is JobEventKind.FINISHED:
            self._hub.streams.discard(self)
            self.end()

    def end(self) -> None:
        """Let the iterator stop once what has arrived is read."""
        self._ended = True
        self._arrived.notify()


class EventHub:
    """Hands every event to every listener: to streams, metrics and spans."""

    def __init__(self) -> None:
        self.streams: set[EventStream] = set()
        self.meters: Meters | None = current_meters()
        self.tracing: Tracing | None = current_tracing()
        self._closed = False

    def subscribe(self, key: str | None = None, *, is_over: bool = False) -> EventStream:
        """Start listening.

        Args:
            key: The job to follow; every job by default.
            is_over: Whether nothing more is going to happen, so that the stream ends at once.
        """
        stream = EventStream(self, key)
        if is_over or self._closed:
            stream.end()
        else:
            self.streams.add(stream)
        return stream

    def begin(self, records: Sequence[JobRecord], *, is_resumed: bool = False) -> None:
        """Note new jobs, in the context of whoever submits them.

        Args:
            records: The jobs.
            is_resumed: Whether they are taken over from a journal, or by their references.
        """
        if self.tracing is not None:
            self.tracing.begin(records, is_resumed=is_resumed)

    def attempt(self, records: Sequence[JobRecord]) -> None:
        """Note that jobs are being sent."""
        if self.tracing is not None:
            self.tracing.attempt(records)

    def during(
        self, operation: str, records: Sequence[JobRecord], key: str = ""
    ) -> AbstractContextManager[None]:
        """Show work for some jobs, while the returned block lasts.

        Args:
            operation: What is done.
            records: For which jobs.
            key: Of the submission, where it is one.
        """
        return _NOTHING if self.tracing is None else self.tracing.during(operation, records, key)

    def within(self, records: Sequence[JobRecord]) -> AbstractContextManager[None]:
        """Let the requests of a block count as those of one job, where it is for one alone."""
        return _NOTHING if self.tracing is None else self.tracing.within(records)

    def leave(self, record: JobRecord) -> None:
        """Note that a job is followed no further, though it has not ended."""
        if self.meters is not None:
            self.meters.leave(record.spec.key)
        if self.tracing is not None:
            self.tracing.leave(record)

    def publish(self, kind: JobEventKind, record: JobRecord, message: str = "") -> None:
        """Tell every listener what happened to a job."""
        if self.tracing is not None:
            self.tracing.push(kind, record, message)
        if not self.streams and self.meters is None:
            return
        if record.error is not None:
            message = message or str(record.error)
        event = JobEvent(
            kind=kind,
            key=record.spec.key,
            target=record.target,
            status=record.status,
            time=time.time(),
            job_id=record.ref.id if record.ref else None,
            message=message,
            shots=record.spec.shots,
            batch_id=record.ref.batch_id if record.ref else None,
            queue_position=record.state.queue_position,
            cost=record.state.cost,
            error_type=type(record.error).__name__ if record.error is not None else "",
        )
        if self.meters is not None:
            self.meters.push(event)
        for stream in tuple(self.streams):
            stream.push(event)

    def close(self) -> None:
        """End every stream, also those of later listeners."""
        self._closed = True
        if self.meters is not None:
            self.meters.end()
        if self.tracing is not None:
            self.tracing.close()
        for stream in self.streams:
            stream.end()
        self.streams.clear()
