"""How many more jobs the engine can expect, of each kind."""

from __future__ import annotations

from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Generator
    from threading import RLock


class Outlook:
    """What callers say is going to come, and what is on its way from them.

    Submissions are prepared side by side and a small one overtakes the large ones sent before it;
    its own hint would tell of nothing to come.

    Args:
        lock: Guards the figures.
    """

    def __init__(self, lock: RLock) -> None:
        self._lock = lock
        self._hints: dict[str, int] = {}
        self._on_their_way: Counter[str] = Counter()

    @contextmanager
    def announced(self, kind: str, jobs: int, expected: int) -> Generator[Arrival]:
        """Count jobs as coming until they have arrived, or are given up.

        Args:
            kind: ``"analog"`` or ``"circuits"``.
            jobs: How many are being prepared.
            expected: How many more the caller is going to send after them.
        """
        arrival = Arrival(self, kind, jobs)
        with self._lock:
            self._hints[kind] = expected
            self._on_their_way[kind] += jobs
        try:
            yield arrival
        finally:
            arrival.note()

    def coming(self, kind: str) -> int:
        """Say how many jobs of a kind are still to come."""
        with self._lock:
            return self._hints.get(kind, 0) + self._on_their_way[kind]

    def forget(self) -> None:
        """Trust no hint given so far: its jobs may have been cancelled."""
        with self._lock:
            self._hints.clear()

    def arrived(self, kind: str, jobs: int) -> None:
        """Take jobs off those that are on their way."""
        with self._lock:
            self._on_their_way[kind] -= jobs


class Arrival:
    """Jobs on their way to the engine."""

    def __init__(self, outlook: Outlook, kind: str, jobs: int) -> None:
        self._outlook = outlook
        self._kind = kind
        self._jobs = jobs

    def note(self) -> None:
        """Count the jobs as arrived; once is enough."""
        jobs, self._jobs = self._jobs, 0
        self._outlook.arrived(self._kind, jobs)
