"""When to ask about a job next: intervals learned from how long earlier jobs took."""

from __future__ import annotations

import bisect
from collections import deque

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
