"""The settings of a session that its user may choose, whatever the provider."""

from __future__ import annotations

import ssl
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import anyio

from quantum_async.errors import ConfigurationError, InvalidOptionError
from quantum_async.http.retry import RetryPolicy
from quantum_async.http.telemetry import EventHooks
from quantum_async.http.timeouts import Timeouts

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    import httpx

    from quantum_async.http.dispatch import RateLimit


Trust = ssl.SSLContext | Path | str | None
"""Whom to trust: a context of your own, a file or directory of PEM certificates, or the system."""

_contexts: dict[str, ssl.SSLContext] = {}
_making = threading.Lock()


def tls_context(trust: Trust = None) -> ssl.SSLContext:
    """Return the context for a trust store, making it on first use.

    Making one reads hundreds of certificates and takes about 20 ms: call this in a worker thread.

    Args:
        trust: A context, which is returned as it is; a file or directory of certificates that
            replaces the system's; or `None` for the system's store, as ``SSL_CERT_FILE`` and
            ``SSL_CERT_DIR`` describe it, with certifi's where the system has none.

    Raises:
        ConfigurationError: The file or directory cannot be read or holds no certificate.
    """
    if isinstance(trust, ssl.SSLContext):
        return trust
    key = "" if trust is None else str(trust)
    with _making:
        if key not in _contexts:
            _contexts[key] = _system_context() if not key else _context_for(Path(key))
        return _contexts[key]


def _context_for(place: Path) -> ssl.SSLContext:
    try:
        if place.is_dir():
            return ssl.create_default_context(capath=place)
        return ssl.create_default_context(cafile=place)
    except (OSError, ssl.SSLError) as error:
        raise ConfigurationError(
            f"no certificates can be read from {place}: {error}",
            remedy="Name a file of PEM certificates, or a directory that c_rehash prepared.",
        ) from error


def _system_context() -> ssl.SSLContext:
    paths = ssl.get_default_verify_paths()
    if paths.cafile or paths.capath:
        return ssl.create_default_context()
    import certifi

    return ssl.create_default_context(cafile=certifi.where())


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
