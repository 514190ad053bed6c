"""The writer: one transaction at a time, which takes along everything that waits."""

from __future__ import annotations

import logging
from collections import deque
from typing import TYPE_CHECKING, Generic, TypeVar

import anyio
import anyio.lowlevel
import anyio.to_thread

from quantum_async.errors import JournalError
from quantum_async.journal.base import UnansweredError, UnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from quantum_async.journal.changes import Change

logger: logging.Logger = logging.getLogger(__name__)

T = TypeVar("T")

LINGER = 0.2
"""How long a report waits for company, in seconds: nobody waits for it."""
LONGEST_GROUP = 2_000
CROWD_LINGER = 0.005
"""How long a group waits for more, in seconds, where the last one had several entries."""
WOKEN_AT_ONCE = 3
"""How many of those who wait for a group go on in the same turn of the loop: each has a request to
prepare, and a hundred of them together would hold up everything else."""
NEVER = float("inf")
RETRY_WAIT = 1.0
"""Pause in seconds before reports are tried again that the database refused."""


class Entry(Generic[T]):
    """A change on its way, and what came of it."""

    __slots__ = ("change", "done", "error", "is_report", "refusal", "value")

    def __init__(self, change: Change[T], *, is_report: bool) -> None:
        self.change: Change[T] = change
        self.is_report: bool = is_report
        self.done: anyio.Event | None = None
        self.value: T | None = None
        self.error: Exception | None = None
        self.refusal: Exception | None = None
        """Why a report was not written at once, for whoever waits for that."""

    def twin(self, error: Exception) -> Entry[T]:
        """Give this entry up, and make another one of the same change, which has failed."""
        self.tell(error)
        twin = Entry(self.change, is_report=self.is_report)
        twin.error = error
        return twin

    def tell(self, error: Exception | None) -> None:
        """Let whoever waits go on."""
        if self.done is not None and not self.done.is_set():
            self.refusal = error
            self.done.set()


class Writer:
    """Commit changes in groups, off the event loop: many callers share one write to the disk.

    Args:
        commit: Writes a group in a worker thread, and leaves values and errors in its entries.
        patience: Longest time in seconds for one group.
        interrupt: Ends what the worker thread waits for.
    """

    def __init__(
        self,
        commit: Callable[[Sequence[Entry[object]]], None],
        *,
        patience: float = NEVER,
        interrupt: Callable[[], None] = lambda: None,
    ) -> None:
        self._commit = commit
        self._patience = patience
        self._interrupt = interrupt
        self._under_way: Sequence[Entry[object]] = ()
        self._is_hurried = False
        self.missing: list[Change[object]] = []
        """Reports that could not be written until the end."""
        self._waiting: deque[Entry[object]] = deque()
        self._due = NEVER
        self._wake: anyio.Event | None = None
        self._is_crowded = False
        self._is_failing = False
        self._is_closing = False
        self._limiter: anyio.CapacityLimiter | None = None
        self._scope: anyio.CancelScope | None = None
        self._drained = anyio.Event()
        self._is_running = False

    async def do(self, change: Change[T]) -> T:
        """Make a change and wait until it is on the disk.

        Raises:
            JournalError: It could not be made, or the journal is closed.
        """
        entry = Entry(change, is_report=False)
        await self._wait(entry)
        if entry.refusal is not None:
            raise entry.refusal
        return entry.value  # type: ignore[return-value]  # set wherever there is no error

    async def keep(self, change: Change[None]) -> Exception | None:
        """Make a change that must not be lost, and wait until it is on the disk or was refused.

        Cancelled: it is written all the same.

        Returns:
            Why it is not on the disk; it is then tried again like a report. Nothing where nobody
            waits any more: what is not written by the end is `missing`.
        """
        entry = Entry(change, is_report=True)
        if self._is_hurried or self._is_closing:
            self._put(entry, 0.0)
            return None
        await self._wait(entry)
        return entry.refusal

    def report(self, change: Change[None], *, within: float = LINGER) -> None:
        """Make a change soon; nobody waits for it.

        Args:
            change: What is written; it is tried again while the database refuses it.
            within: How long it may linger for company, in seconds.
        """
        if self._is_failing and within:
            within = RETRY_WAIT
        self._put(Entry(change, is_report=True), within)

    def hurry(self) -> None:
        """Let nobody wait any longer: what is kept becomes a report, what would be sent is not."""
        self._is_hurried = True
        waiting = [*self._under_way, *self._waiting]
        given_up = [e for e in waiting if e.change.lets_send and not e.is_report]
        for entry in waiting:
            if entry.is_report:
                entry.tell(None)
        for entry in given_up:
            entry.tell(_unanswered())
        self._waiting = deque(entry for entry in self._waiting if entry not in given_up)

    async def run(self) -> None:
        """Write until `drain` is called; run in a task of the journal."""
        self._is_running = True
        try:
            with anyio.CancelScope(shield=True) as self._scope:
                while True:
                    await self._something()
                    if not self._waiting and self._is_closing:
                        break
                    await self._write_group()
        finally:
            self._is_running = False
            left = (*self._under_way, *self._waiting)
            for entry in left:
                entry.tell(_unanswered())
            self._note_missing(left)
            self._drained.set()

    async def drain(self) -> None:
        """Write all that waits, then end."""
        self._is_closing = True
        self._notify()
        if self._is_running:
            await self._drained.wait()

    def stop(self) -> None:
        """End without writing more; harmless after `drain`."""
        self._is_closing = True
        if self._scope is not None and self._is_running:
            self._scope.cancel()
            if self._under_way:
                self._interrupt()

    async def _wait(self, entry: Entry[T]) -> None:
        if self._is_closing:
            raise JournalError("the journal is closed")
        entry.done = anyio.Event()
        self._put(entry, 0.0)
        await entry.done.wait()

    def _put(self, entry: Entry[T], within: float) -> None:
        self._waiting.append(entry)  # type: ignore[arg-type]  # covariant in all that is used
        due = anyio.current_time() + within
        if due < self._due:
            self._due = due
            self._notify()

    def _notify(self) -> None:
        if self._wake is not None:
            self._wake.set()

    async def _something(self) -> None:
        """Wait until something waits that has lingered long enough."""
        while not self._is_closing and self._due > anyio.current_time():
            self._wake = anyio.Event()
            with anyio.move_on_at(self._due):
                await self._wake.wait()
        if self._is_crowded and not self._is_closing:
            # Where many come at once, a moment's wait halves the number of commits.
            await anyio.sleep(CROWD_LINGER)

    async def _write_group(self) -> None:
        self._due = NEVER
        group = [self._waiting.popleft() for _ in range(min(len(self._waiting), LONGEST_GROUP))]
        if not group:
            return
        if self._waiting:
            self._due = anyio.current_time()
        self._is_crowded = len(group) > 2
        group = await self._in_thread(group)
        await _wake(group)
        refused = [entry for entry in group if not self._is_dealt_with(entry)]
        self._again(refused)

    async def _in_thread(self, group: list[Entry[object]]) -> list[Entry[object]]:
        """Have a group written; one that takes too long is given up with its thread."""
        self._limiter = self._limiter or anyio.CapacityLimiter(1)
        self._under_way = group
        with anyio.move_on_after(self._patience) as scope:
            await anyio.to_thread.run_sync(
                self._commit, group, limiter=self._limiter, abandon_on_cancel=True
            )
        self._under_way = ()
        if not scope.cancelled_caught:
            return group
        self._interrupt()
        # Others in their place: the thread may still have these in its hands.
        return [entry.twin(_unanswered(self._patience)) for entry in group]

    def _is_dealt_with(self, entry: Entry[object]) -> bool:
        if entry.error is None or not entry.is_report:
            return True
        if isinstance(entry.error, UnavailableError):
            return False
        logger.warning("the journal could not take a report: %s", entry.error)
        return True

    def _note_missing(self, entries: Iterable[Entry[object]]) -> None:
        self.missing += [entry.change for entry in entries if entry.is_report]

    def _again(self, refused: list[Entry[object]]) -> None:
        if not refused:
            self._is_failing = False
            return
        error = refused[0].error
        if not self._is_failing:
            logger.warning("%s reports wait for the journal: %s", len(refused), error)
        self._is_failing = True
        if self._is_closing:
            logger.error("%s reports are missing from the journal: %s", len(refused), error)
            self._note_missing(refused)
            return
        for entry in reversed(refused):
            entry.error = None
            self._waiting.appendleft(entry)
        self._due = min(self._due, anyio.current_time() + RETRY_WAIT)


async def _wake(group: Sequence[Entry[object]]) -> None:
    """Tell those who wait, a few per turn of the loop."""
    waiting = [entry for entry in group if entry.done is not None]
    for number, entry in enumerate(waiting, start=1):
        entry.tell(entry.error)
        if number % WOKEN_AT_ONCE == 0:
            await anyio.lowlevel.cancel_shielded_checkpoint()


def _unanswered(patience: float | None = None) -> UnansweredError:
    after = f"within {patience:g} seconds" if patience is not None else "before the end"
    return UnansweredError(
        f"the journal did not answer {after}",
        accepted="no",
        remedy="Nothing was sent because of it; look at the database and at its network.",
    )
