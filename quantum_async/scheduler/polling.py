"""What becomes of accepted jobs: a poller that asks about many at once, and a fetcher of their results."""

from __future__ import annotations

import bisect
import heapq
import logging
from collections import Counter, deque
from dataclasses import replace
from functools import partial
from http import HTTPStatus
from itertools import count
from typing import TYPE_CHECKING

import anyio

from quantum_async.errors import (
    AuthenticationError,
    DefectError,
    NotFoundError,
    ProtocolError,
    QuantumAsyncError,
    RateLimitedError,
    RejectedRequestError,
    ResultError,
    ResultPendingError,
    ServerError,
    TransportError,
)
from quantum_async.http.retry import (
    RetryPolicy,
    described,
    may_pass,
    reading,
    repeat,
    single_attempts,
    warn,
)
from quantum_async.models.job import JobEventKind, JobState, JobStatus
from quantum_async.models.options import as_asked
from quantum_async.models.result import Result
from quantum_async.scheduler.containment import contained
from quantum_async.scheduler.job import JobRecord, Stage, fresh
from quantum_async.scheduler.workers import Crew, Signal, Window

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Hashable, Iterable, Mapping

    from quantum_async.http.retry import Failure
    from quantum_async.models.job import JobRef
    from quantum_async.scheduler.lane import Lane
    from quantum_async.scheduler.workers import Piece


HISTORY = 256
"""Run times kept per kind of job."""
WARM = 16
"""Run times needed before they are trusted."""
EPS = 0.1
"""Aimed detection lag as a fraction of a job's age."""
FLEET = 50
"""Jobs that share the requests about them, from which on a poll of one more costs next to nothing."""


class IntervalLaw:
    """Choose poll intervals so that the lag stays a small fraction of the run time.

    Cold, an interval grows in proportion to the job's age. Once enough run times are known, no
    poll is made before the earliest of them can be expected, except one safety poll, and from
    there on at steps that follow the distribution of what remains; or, where many jobs share each
    request, at a tenth of their median.

    Args:
        shortest: Shortest interval in seconds.
        longest: Longest interval in seconds.
    """

    __slots__ = ("_earliest", "_longest", "_median", "_recent", "_shortest", "_sorted")

    def __init__(self, shortest: float, longest: float) -> None:
        self._shortest = shortest
        self._longest = longest
        self._recent: deque[float] = deque()
        self._sorted: list[float] = []
        self._earliest = self._median = 0.0

    def learn(self, duration: float) -> None:
        """Add how long a job took from acceptance to its end, in seconds."""
        if len(self._recent) == HISTORY:
            oldest = self._recent.popleft()
            del self._sorted[bisect.bisect_left(self._sorted, oldest)]
        self._recent.append(duration)
        bisect.insort(self._sorted, duration)
        # Learned once per job, and asked for at each of its polls.
        self._earliest = self._quantile(0.02)
        self._median = self._quantile(0.5)

    @property
    def median(self) -> float | None:
        """Median of the learned durations in seconds, or ``None`` while there are too few."""
        return self._median if len(self._sorted) >= WARM else None

    def next_delay(self, age: float, company: int = 1) -> float:
        """Return the time in seconds until the next poll of a job.

        Args:
            age: How long ago, in seconds, the provider accepted it.
            company: How many jobs are asked about together.
        """
        delay = self._cold(age) if len(self._sorted) < WARM else self._warm(age, company)
        return min(max(delay, self._shortest), self._longest)

    def _cold(self, age: float) -> float:
        return EPS * age

    def _warm(self, age: float, company: int) -> float:
        earliest = self._earliest
        if age < earliest:
            return earliest - age if age >= earliest / 4 else max(earliest / 4 - age, EPS * age)
        if company >= FLEET:
            return EPS * self._median
        done = bisect.bisect_right(self._sorted, age)
        remaining = len(self._sorted) - done
        if remaining == 0:
            return EPS * age
        step = self._sorted[min(done + remaining // 12, len(self._sorted) - 1)] - age
        return min(max(step, EPS * age), 2 * EPS * age)

    def _quantile(self, share: float) -> float:
        return self._sorted[min(int(share * len(self._sorted)), len(self._sorted) - 1)]


SHORT_POLL_PAGES = 4
"""Pages asked for at a time where the server answers at once, at the least."""
POLL_SHARE = 8
"""One page at a time for so many requests in flight: more jobs need more pages."""
SPACING = 0.2
"""Least time between pages that are not full, as a fraction of the shortest poll interval."""
LONG_POLL_PAGES = 128
"""Pages asked for at a time where the server holds the answer back."""
LONG_POLL_WAIT = 60.0
"""Longest time in seconds that a server may hold an answer back."""
NEWS_REST = 0.0002
"""Least time in seconds between two answers with news, for each job that they are about."""
HELD = 1.0
"""A long poll that took so many seconds was held back; the next one may follow at once."""
LONGEST_PAUSE = 30.0
"""Longest time in seconds between two polls while all of them fail."""
FAR = float("inf")

logger: logging.Logger = logging.getLogger(__name__)


class Watch:
    """What is asked about together: the jobs that share one id at the provider.

    Attributes:
        failures: How often in a row nothing was learned of one of them.
        failing_since: When that began.
    """

    __slots__ = ("asked_at", "failing_since", "failures", "law", "number", "records")

    def __init__(self, law: IntervalLaw) -> None:
        self.records: list[JobRecord] = []
        self.law: IntervalLaw = law
        self.asked_at: float = 0.0
        self.number: int = -1
        self.failures: int = 0
        self.failing_since: float = 0.0

    def fail(self, now: float) -> None:
        """Note that nothing was learned of one of them."""
        if self.failures == 0:
            self.failing_since = now
        self.failures += 1

    def waiting(self) -> list[JobRecord]:
        """Return the jobs that are still waited for."""
        return [record for record in self.records if record.stage is Stage.ACCEPTED]

    @property
    def is_over(self) -> bool:
        """Whether none of the jobs is waited for any more."""
        # Asked for each job of each poll, so without a generator.
        for record in self.records:  # noqa: SIM110
            if record.stage is Stage.ACCEPTED:
                return False
        return True


class Poller:
    """Keep every accepted job's state up to date.

    What is watched waits in a heap ordered by when to ask next. The manager sleeps until the first
    is due, takes all that are due and fills up the page with those due next, which costs no
    further request. Failures postpone; they never end a wait before the lane's patience does. That
    is counted for each watch: what is learned of others says nothing of a job that is not known
    any more, or whose state nobody understands.
    """

    def __init__(self, lane: Lane) -> None:
        self._lane = lane
        self._heap: list[tuple[float, int, Watch]] = []
        self._laws: dict[Hashable, IntervalLaw] = {}
        self._number = count()
        self._signal = Signal()
        self._failures = 0
        self._told: tuple[str, str] | None = None
        self._words: set[str] = set()
        self._not_before = 0.0
        self._asked_at = 0.0
        self._spacing = 0.0
        self._is_held_back = lane.capabilities.long_poll
        if not self._is_held_back:
            self._spacing = SPACING * lane.limits.min_poll_interval
        short = max(SHORT_POLL_PAGES, lane.requests_in_flight // POLL_SHARE)
        self._slots = anyio.Semaphore(LONG_POLL_PAGES if self._is_held_back else short)

    def watch(self, records: Iterable[JobRecord]) -> None:
        """Start asking about accepted jobs."""
        now = anyio.current_time()
        watches: dict[str, Watch] = {}
        for record in records:
            assert record.ref is not None
            watch = watches.get(record.ref.id)
            if watch is None:
                watch = watches[record.ref.id] = Watch(self._law(record))
            watch.records.append(record)
            record.watch = watch
        for watch in watches.values():
            self._schedule(watch, now, now, 0.0 if self._is_held_back else None)
        self._signal.notify()

    def hurry(self, record: JobRecord) -> None:
        """Ask about a job soon, because something was done to it."""
        if record.watch is not None:
            self._push(anyio.current_time() + self._lane.limits.min_poll_interval, record.watch)
            self._signal.notify()

    async def run(self) -> None:
        """Ask for ever; cancelled by the scheduler."""
        while True:
            now = anyio.current_time()
            due = max(self._first_due(), self._not_before)
            if due <= now and not self._fills_page(now):
                # A moment later more are due, and go along.
                due = max(due, self._asked_at + self._spacing)
            if due > now:
                await self._signal.wait_until(due)
                continue
            await self._slots.acquire()
            now = anyio.current_time()
            page = self._next_page(now)
            if page:
                self._asked_at = now
                self._lane.host.start_soon(self._lane.guarded, self._ask, page)
            else:
                self._slots.release()

    async def refresh(self, *records: JobRecord) -> None:
        """Ask about jobs now, in the fewest requests; those that have ended are not asked about.

        Raises:
            QuantumAsyncError: The provider could not be asked.
        """
        by_id: dict[str, list[JobRecord]] = {}
        for record in records:
            if record.ref is not None and record.stage is Stage.ACCEPTED:
                by_id.setdefault(record.ref.id, []).append(record)
        most, ids = self._lane.capabilities.jobs_per_poll, list(by_id)
        for start in range(0, len(ids), most):
            page = ids[start : start + most]
            await self._refresh([record for job_id in page for record in by_id[job_id]])

    async def _refresh(self, records: list[JobRecord]) -> None:
        if (meters := self._lane.hub.meters) is not None:
            meters.polled(self._lane.client.name)
        refs = [record.ref for record in records if record.ref is not None]
        states = await self._lane.client.poll(refs)
        for record in records:
            if record.ref is not None and record.stage is Stage.ACCEPTED:
                self._update(record, states.get(record.ref), anyio.current_time())

    def _first_due(self) -> float:
        heap = self._heap
        while heap and (heap[0][2].number != heap[0][1] or heap[0][2].is_over):
            heapq.heappop(heap)
        return heap[0][0] if heap else FAR

    def _fills_page(self, now: float) -> bool:
        """Say whether a whole page is due, by a walk down the heap that stops where none is."""
        heap, most = self._heap, self._lane.capabilities.jobs_per_poll
        found, places = 0, [0]
        while places and found < most:
            place = places.pop()
            if place < len(heap) and heap[place][0] <= now:
                found += 1
                places += (2 * place + 1, 2 * place + 2)
        return found >= most

    def _next_page(self, now: float) -> list[Watch]:
        page: list[Watch] = []
        most = self._lane.capabilities.jobs_per_poll
        while len(page) < most:
            due = self._first_due()
            if due == FAR or (due > now and not page):
                break
            page.append(heapq.heappop(self._heap)[2])
        return page

    async def _ask(self, page: list[Watch]) -> None:
        try:
            await self._ask_about(page)
        finally:
            self._slots.release()
            self._signal.notify()

    async def _ask_about(self, page: list[Watch]) -> None:
        records = [record for watch in page for record in watch.waiting()]
        sent = anyio.current_time()
        try:
            with self._lane.hub.within(records):
                states = await self._poll(page, [r.ref for r in records if r.ref is not None])
        except QuantumAsyncError as error:
            if len(page) > 1 and self._may_be_ones_fault(page, error):
                middle = len(page) // 2
                await self._ask_about(page[:middle])
                await self._ask_about(page[middle:])
            else:
                self._failed(page, error)
            return
        self._failures, self._told = 0, None
        now = anyio.current_time()
        rest = self._rest(records, states, now - sent) if self._is_held_back else None
        untold: dict[Watch, list[JobRecord]] = {}
        for record in records:
            state = states.get(record.ref) if record.ref is not None else None
            if record.stage is not Stage.ACCEPTED:
                continue  # it was cancelled meanwhile, or given up
            if (state is None or state.status is JobStatus.UNKNOWN) and record.watch is not None:
                untold.setdefault(record.watch, []).append(record)
            # Nearly all are as they were, and are told by the very same object.
            if state is not record.state:
                self._update(record, state, now)
        for watch in page:
            if watch in untold:
                self._not_understood(watch, untold[watch], states, now)
            elif not watch.is_over:
                watch.failures = 0
                self._schedule(watch, now, sent, rest)
            watch.asked_at = now

    async def _poll(self, page: list[Watch], refs: list[JobRef]) -> Mapping[JobRef, JobState]:
        if (meters := self._lane.hub.meters) is not None:
            meters.polled(self._lane.client.name)
        # What fails is asked for again by us, and in our time.
        with single_attempts():
            if not self._is_held_back:
                return await self._lane.client.poll(refs)
            wait = min(LONG_POLL_WAIT, self._lane.limits.patience)
            if any(watch.failures for watch in page):
                # An answer that is not understood is none to wait for.
                wait = 0.0
            return await self._lane.client.poll(refs, wait=wait)

    def _update(self, record: JobRecord, state: JobState | None, now: float) -> None:
        if state is not None and state.status.is_terminal:
            self._law(record).learn(self._duration(record, now))
            if (meters := self._lane.hub.meters) is not None:
                meters.noticed(record.target, self._gap(record, now))
            self._lane.ended(record, state)
        elif state is not None:
            self._report(record, state)

    def _report(self, record: JobRecord, state: JobState) -> None:
        before, record.state = record.state.status, state
        if state.status is not before and state.status is JobStatus.RUNNING:
            self._lane.hub.publish(JobEventKind.RUNNING, record)
        elif state.status is not before:
            self._lane.hub.publish(JobEventKind.QUEUED, record, state.reported)

    def _duration(self, record: JobRecord, now: float) -> float:
        return max(now - record.accepted_at - self._gap(record, now) / 2, 0.0)

    def _gap(self, record: JobRecord, now: float) -> float:
        """Seconds since the job was last seen going on."""
        asked_at = record.watch.asked_at if record.watch is not None else 0.0
        return now - max(asked_at, record.accepted_at)

    def _rest(
        self, records: list[JobRecord], states: Mapping[JobRef, JobState], took: float
    ) -> float | None:
        """Say how long a server that holds its answers back is left alone after one.

        Returns:
            Nothing where it did not hold this one back: it is asked as seldom as any other.
        """
        least = self._lane.limits.min_poll_interval
        if not any(_is_news(record, states) for record in records):
            return least if took >= HELD else None
        # News of many are gathered, because each answer is gone through as a whole; those of few
        # come at once, or the last job of a short sweep would be noticed late.
        return min(least, NEWS_REST * len(records))

    def _schedule(self, watch: Watch, now: float, sent: float, rest: float | None) -> None:
        if rest is None:
            age = now - watch.records[0].accepted_at
            delay = watch.law.next_delay(age, len(self._heap))
            # From question to question, or the way there and back would be added to each lag;
            # but a server that takes its time is given a rest.
            self._push(max(sent + delay, now + delay / 2), watch)
            return
        self._push(max(now, watch.asked_at + rest) if watch.asked_at else now, watch)

    def _push(self, due: float, watch: Watch) -> None:
        watch.number = next(self._number)
        heapq.heappush(self._heap, (due, watch.number, watch))

    def _law(self, record: JobRecord) -> IntervalLaw:
        key = (record.device, record.spec.shots.bit_length())
        law = self._laws.get(key)
        if law is None:
            limits = self._lane.limits
            law = IntervalLaw(limits.min_poll_interval, limits.max_poll_interval)
            self._laws[key] = law
        return law

    def median(self, record: JobRecord) -> float | None:
        """Median duration in seconds of jobs of this kind, once it is known."""
        return self._law(record).median

    def _failed(self, page: list[Watch], error: QuantumAsyncError) -> None:
        """Put off what could not be asked about; give up what could not be for too long."""
        now = anyio.current_time()
        self._tell(error)
        if _is_about_all(error):
            self._failures += 1
            self._not_before = now + self._pause(error, self._failures)
        for watch in page:
            records = watch.waiting()
            watch.fail(now)
            if isinstance(error, DefectError) or self._is_given_up(watch, now):
                for record in records:
                    self._lane.lost(record, error)
                continue
            self._put_off(watch, now, self._pause(error, watch.failures))
            for record in records:
                self._lane.hub.publish(JobEventKind.RETRIED, record, str(error))

    def _not_understood(
        self,
        watch: Watch,
        untold: list[JobRecord],
        states: Mapping[JobRef, JobState],
        now: float,
    ) -> None:
        """Ask again about jobs that the provider does not know, or says of what nobody knows."""
        watch.fail(now)
        is_given_up = self._is_given_up(watch, now)
        for record in untold:
            assert record.ref is not None
            state = states.get(record.ref)
            if state is not None and state.reported not in self._words:
                self._words.add(state.reported)
                logger.warning("%s", _not_told(record.ref, state))
            if is_given_up:
                self._lane.lost(record, _not_told(record.ref, state))
        if is_given_up:
            if all(record in untold for record in watch.waiting()):
                return
            watch.failures = 0
        delay = watch.law.next_delay(now - watch.records[0].accepted_at)
        self._put_off(watch, now, max(delay, self._backoff(watch.failures)))

    def _is_given_up(self, watch: Watch, now: float) -> bool:
        return now >= watch.failing_since + self._lane.limits.patience

    def _put_off(self, watch: Watch, now: float, seconds: float) -> None:
        """Ask again after a while, and once more when the patience ends."""
        end = watch.failing_since + self._lane.limits.patience
        self._push(min(now + seconds, end) if watch.failures else now + seconds, watch)

    def _may_be_ones_fault(self, page: list[Watch], error: QuantumAsyncError) -> bool:
        """Say whether a page is to be asked about in halves, so that one job fails alone."""
        if isinstance(error, DefectError):
            return True
        is_content = isinstance(error, ProtocolError) or (
            isinstance(error, RejectedRequestError) and not isinstance(error, RateLimitedError)
        )
        # Often it concerns all, and passes: halves of halves are only asked for before giving up.
        now = anyio.current_time()
        return is_content and any(w.failures and self._is_given_up(w, now) for w in page)

    def _tell(self, error: QuantumAsyncError) -> None:
        """Log what goes wrong, when it begins and when it becomes something else."""
        if (said := reading(error)) == self._told:
            return
        self._told = said
        level = logging.INFO if isinstance(error, RateLimitedError) else logging.WARNING
        what = "%s: a poll failed, and is repeated for %.0f s at most: %s"
        patience = self._lane.limits.patience
        logger.log(level, what, self._lane.client.name, patience, described(error))

    def _pause(self, error: QuantumAsyncError, failures: int) -> float:
        asked = error.retry_after if isinstance(error, (RateLimitedError, ServerError)) else None
        if asked is None:
            return min(self._backoff(failures), LONGEST_PAUSE)
        limits = self._lane.limits
        return min(max(asked, limits.min_poll_interval), limits.patience)

    def _backoff(self, failures: int) -> float:
        limits = self._lane.limits
        return min(limits.min_poll_interval * 2.0 ** min(failures, 20), limits.max_poll_interval)


def _is_about_all(error: QuantumAsyncError) -> bool:
    """Say whether an error says something of the provider, and not of the jobs asked about."""
    passing = (TransportError, ServerError, RateLimitedError, AuthenticationError)
    return isinstance(error, passing)


def _not_told(ref: JobRef, state: JobState | None) -> QuantumAsyncError:
    if state is None:
        return NotFoundError(
            f"{ref.provider} tells nothing of job {ref.id} any more",
            provider=ref.provider,
            job_id=ref.id,
            accepted="yes",
            remedy="It may have been deleted there, or belong to another account or project.",
        )
    return ProtocolError(
        f"{ref.provider} says {state.reported!r} of job {ref.id}, which is no state that is known",
        provider=ref.provider,
        job_id=ref.id,
        accepted="yes",
        remedy="Look at the job there; a newer version of this package may know the word.",
    )


def _is_news(record: JobRecord, states: Mapping[JobRef, JobState]) -> bool:
    state = states.get(record.ref) if record.ref is not None else None
    return state is not None and state.status is not record.state.status


ATTEMPTS = 10
"""How often a result is asked for at most, spread over the lane's patience."""
BULK_PARTS = 3
"""In how many parts, at the most, the results of a batch are fetched while it runs."""
BULK_WAIT = 0.3
"""Longest wait for more results of a batch, as a fraction of the median run time."""
SAME_READINGS = 3
"""So many equal answers that make no sense are what a result is, and not a failure that passes."""


class Fetcher:
    """Fetch the results of jobs that have succeeded.

    Where a provider serves all results of a batch in one request, results are gathered for a
    moment: a batch costs a handful of requests instead of one or two per job.
    """

    def __init__(self, lane: Lane) -> None:
        self._lane = lane
        self._gathering: dict[str, list[JobRecord]] = {}
        self._since: dict[str, float] = {}
        self._running: Counter[str] = Counter()
        self._signal = Signal()
        self._queue: deque[Piece] = deque()
        self._crew = Crew(Window(lane.requests_in_flight), self._queue.__len__, self._next)
        self._policy = RetryPolicy(
            ATTEMPTS, total=lane.limits.patience, first=lane.limits.min_poll_interval, spread=True
        )

    def expect(self, record: JobRecord) -> None:
        """Note that a job of a batch is running, so that its batch's results are worth a wait."""
        self._running[_batch(record)] += 1

    def dismiss(self, record: JobRecord) -> None:
        """Note that a job of a batch ended without a result."""
        self._left(_batch(record))
        self._signal.notify()

    def put(self, record: JobRecord) -> None:
        """Take a job that has succeeded."""
        batch_id = _batch(record)
        self._left(batch_id)
        if self._lane.capabilities.bulk_results:
            self._gathering.setdefault(batch_id, []).append(record)
            self._since.setdefault(batch_id, anyio.current_time())
            self._signal.notify()
        else:
            self._put(partial(self._fetch_each, [record], self._policy))

    async def run(self) -> None:
        """Fetch for ever; cancelled by the scheduler."""
        self._lane.host.start_soon(self._lane.guarded, self._crew.run, self._lane.hire)
        while True:
            await self._signal.wait_until(self._next_deadline())
            for records in self._gathered(anyio.current_time()):
                self._put(partial(self._fetch_many, records))

    def _put(self, piece: Piece) -> None:
        self._queue.append(piece)
        self._crew.notify()

    async def _next(self) -> None:
        if self._queue:
            await self._queue.popleft()()

    def _left(self, batch_id: str) -> None:
        self._running[batch_id] -= 1
        if self._running[batch_id] <= 0:
            del self._running[batch_id]

    def _deadline(self, batch_id: str) -> float:
        records = self._gathering[batch_id]
        running = self._running[batch_id]
        if running == 0 or len(records) * BULK_PARTS >= len(records) + running:
            return 0.0
        median = self._lane.poller.median(records[0])
        wait = BULK_WAIT * median if median is not None else self._lane.limits.min_poll_interval
        return self._since[batch_id] + wait

    def _next_deadline(self) -> float:
        return min(map(self._deadline, self._gathering), default=float("inf"))

    def _gathered(self, now: float) -> list[list[JobRecord]]:
        due = [batch_id for batch_id in self._gathering if self._deadline(batch_id) <= now]
        for batch_id in due:
            del self._since[batch_id]
        return [self._gathering.pop(batch_id) for batch_id in due]

    async def _fetch_many(self, records: list[JobRecord]) -> None:
        refs = [record.ref for record in records if record.ref is not None]
        policy = self._policy
        try:
            with (
                self._lane.hub.during("fetch", records),
                contained(self._lane.client.provider, "fetch_many", "yes"),
                single_attempts(),
            ):
                results = await self._lane.client.fetch_many(refs)
                given = [results.get(record.ref) for record in records if record.ref is not None]
                found = [
                    None if result is None else _result(result, record)
                    for result, record in zip(given, records, strict=True)
                ]
        except QuantumAsyncError as error:
            # The shortcut is optional: one by one, each failure is told to the right job. What is
            # behind it may be the same address.
            logger.info("%s: results are fetched one by one: %s", self._lane.client.name, error)
            found = [None] * len(records)
            policy = replace(policy, attempts=policy.attempts - 1)
        rest: dict[str, list[JobRecord]] = {}
        for record, result in zip(records, found, strict=True):
            if result is not None:
                record.succeed(result)
                self._lane.settled(record)
            elif record.ref is not None:
                rest.setdefault(record.ref.id, []).append(record)
        for sharing in rest.values():
            self._put(partial(self._fetch_each, sharing, policy))

    async def _fetch_each(self, records: list[JobRecord], policy: RetryPolicy) -> None:
        """Fetch the results of jobs that share one id, one after the other.

        What they ask for may be one document: if it stays out of reach for the first, it is not
        asked for again for each of the others.
        """
        failure: QuantumAsyncError | None = None
        for record in records:
            if failure is None:
                failure = await self._fetch_one(record, policy)
            else:
                self._lane.failed(record, _failure(record, failure))

    async def _fetch_one(self, record: JobRecord, policy: RetryPolicy) -> QuantumAsyncError | None:
        """Fetch one result; returns its error where that may concern the others of its id."""
        try:
            with self._lane.hub.during("fetch", [record]):
                result = await repeat(
                    self._attempt(record), policy, _passes, told=partial(self._put_off, record)
                )
        except QuantumAsyncError as error:
            self._lane.failed(record, _failure(record, error))
            is_shared = _passes(error) or isinstance(error.__cause__, ProtocolError)
            return error if is_shared else None
        record.succeed(result)
        self._lane.settled(record)
        return None

    async def _put_off(self, record: JobRecord, failure: Failure) -> None:
        await warn(failure)
        if failure.seconds is not None:
            self._lane.hub.publish(JobEventKind.RETRIED, record, str(failure.error))

    def _attempt(self, record: JobRecord) -> Callable[[], Awaitable[Result]]:
        """Prepare to ask for one result, which is an error once it has made no sense three times."""
        ref, readings = record.ref, Counter[tuple[str, str]]()
        assert ref is not None

        async def attempt() -> Result:
            try:
                with contained(self._lane.client.provider, "fetch", "yes"):
                    return _result(await self._lane.client.fetch(ref), record)
            except ProtocolError as error:
                readings[reading(error)] += 1
                if readings[reading(error)] < SAME_READINGS:
                    raise
                raise ResultError(
                    f"the result of job {ref} makes no sense, and was the same "
                    f"{SAME_READINGS} times: {described(error)}",
                    request_id=error.request_id,
                    remedy="The job is done and stays at the provider; please report this.",
                ) from error

        return attempt


def _batch(record: JobRecord) -> str:
    """Name what a job's result comes with: its batch, or the provider's job that it shares."""
    assert record.ref is not None
    return record.ref.batch_id or record.ref.id


def _passes(error: QuantumAsyncError) -> bool:
    """Say whether a result may come that did not: whose polls were answered is let in again."""
    is_shut_out = isinstance(error, AuthenticationError) or (
        isinstance(error, RejectedRequestError) and error.status == HTTPStatus.FORBIDDEN
    )
    return is_shut_out or may_pass(error) or isinstance(error, ResultPendingError)


def _result(given: object, record: JobRecord) -> Result:
    """Take what a client gave as a result; what is none is a defect of the client's."""
    if not isinstance(given, Result):
        raise TypeError(f"a result was expected, not {type(given).__name__}")
    return as_asked(given, record.spec.options)


def _failure(record: JobRecord, error: QuantumAsyncError) -> QuantumAsyncError:
    if isinstance(error, ResultError | DefectError):
        return fresh(error)
    failure = ResultError(
        f"the result of job {record.ref} could not be fetched: {error}",
        request_id=error.request_id,
        remedy="The job is done and stays at the provider; fetch it again later.",
    )
    failure.__cause__ = error
    return failure
