"""Whether a provider's server answers, how soon, and what its clock says."""

from __future__ import annotations

import time
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from quantum_async.errors import QuantumAsyncError
from quantum_async.http.options import SessionOptions
from quantum_async.http.retry import RetryPolicy
from quantum_async.http.session import Session
from quantum_async.http.timeouts import Timeouts

if TYPE_CHECKING:
    from collections.abc import Callable

    from quantum_async.http.response import Response

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
