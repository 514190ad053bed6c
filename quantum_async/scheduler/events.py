"""The stream of what happens to jobs; it costs nothing while nobody listens."""

from __future__ import annotations

import time
from collections import deque
from contextlib import nullcontext
from typing import TYPE_CHECKING, Self

from quantum_async.models.job import JobEvent, JobEventKind
from quantum_async.scheduler.signal import Broadcast
from quantum_async.scheduler.telemetry import current_meters, current_tracing

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractContextManager

    from quantum_async.scheduler.record import JobRecord
    from quantum_async.scheduler.telemetry import Meters, Tracing

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
