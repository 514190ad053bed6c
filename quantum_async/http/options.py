"""The settings of a session that its user may choose, whatever the provider."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import anyio

from quantum_async.errors import InvalidOptionError
from quantum_async.http.retry import RetryPolicy
from quantum_async.http.telemetry import EventHooks
from quantum_async.http.timeouts import Timeouts

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    import httpx

    from quantum_async.http.rate import RateLimit
    from quantum_async.http.tls import Trust


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionOptions:
    """How a client talks to its provider: limits, proxies, trust, retries and what to watch.

    Args:
        timeouts: Limits in seconds for each attempt.
        connections: How many requests may be under way at once.
        control_connections: How many more are kept free for polls, cancelling and closing.
        rate: How many requests a second; by default only the provider's own pauses count.
        retry: How reads are repeated.
        proxy: One proxy for everything as ``http://[user:password@]host:port``; `None` obeys
            ``HTTP_PROXY``, ``HTTPS_PROXY`` and ``NO_PROXY``, and ``""`` uses none.
        ca: A file or directory of certificates to trust instead of the system's, or a whole
            `ssl.SSLContext`.
        hooks: Functions that are told about requests.
        transport: An httpx transport to use instead of real connections. `proxy` and `ca` do
            not reach it.
        clock: Monotonic time in seconds.
        sleep: How to wait between attempts.

    ```python
    from pathlib import Path

    from quantum_async.http.options import SessionOptions
    from quantum_async.http.timeouts import Timeouts

    options = SessionOptions(ca=Path("/etc/ssl/company.pem"), timeouts=Timeouts(read=120.0))
    ```

    Raises:
        InvalidOptionError: A number of connections is below 1.
    """

    timeouts: Timeouts = field(default_factory=Timeouts)
    connections: int = 64
    control_connections: int = 8
    rate: RateLimit | None = None
    retry: RetryPolicy = field(default_factory=RetryPolicy)
    proxy: str | None = field(default=None, repr=False)
    ca: Trust = None
    hooks: EventHooks = field(default_factory=EventHooks)
    transport: httpx.AsyncBaseTransport | None = None
    clock: Callable[[], float] = field(default=time.monotonic, repr=False)
    sleep: Callable[[float], Awaitable[None]] = field(default=anyio.sleep, repr=False)

    def __post_init__(self) -> None:
        if self.connections < 1 or self.control_connections < 1:
            raise InvalidOptionError(
                "each lane needs at least one connection",
                remedy="Give connections and control_connections of 1 or more.",
            )
