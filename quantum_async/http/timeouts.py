"""How long a session waits for each step of a request."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from quantum_async.models.numbers import check_number

_SHORTEST = 0.001


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Limits in seconds for the steps of one attempt; `None` waits without a limit.

    | call                        | meaning                                                  |
    |-----------------------------|----------------------------------------------------------|
    | `Timeouts()`                | connect 10 s, silence 60 s, whole attempt 600 s          |
    | `Timeouts(connect=3.0)`     | TCP, TLS and proxy handshakes within 3 s                 |
    | `Timeouts(read=300.0)`      | for long polls: the server may stay silent for 300 s     |
    | `Timeouts(total=30.0)`      | one attempt, headers to last byte, within 30 s           |
    | `Timeouts(pool=5.0)`        | give up when no connection of the lane is free for 5 s   |

    Args:
        connect: Name resolution, TCP connection, proxy tunnel and TLS handshake together.
        read: The longest silence of the server, before or within its answer.
        pool: Waiting for a free connection of the lane. Without a limit by default: thousands of
            jobs may queue behind few connections, and each attempt ahead is bounded itself.
        total: One attempt from the first byte sent to the last byte received.

    Raises:
        InvalidOptionError: A limit is no number, or zero or negative.
    """

    connect: float | None = 10.0
    read: float | None = 60.0
    pool: float | None = None
    total: float | None = 600.0

    def within(self, seconds: float) -> Timeouts:
        """Return these limits with the whole attempt bounded further.

        Args:
            seconds: The longest that an attempt may take.
        """
        if seconds == math.inf or (self.total is not None and self.total <= seconds):
            return self
        return replace(self, total=max(seconds, _SHORTEST))

    def __post_init__(self) -> None:
        for name in ("connect", "read", "pool", "total"):
            value: float | None = getattr(self, name)
            if value is not None:
                check_number(
                    f"the {name} timeout",
                    value,
                    positive=True,
                    endless=True,
                    remedy="Give seconds, or None for no limit.",
                )
