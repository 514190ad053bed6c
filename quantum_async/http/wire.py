"""What a session asks of whatever carries its requests."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from contextlib import AbstractAsyncContextManager

    from quantum_async.http.response import Response
    from quantum_async.http.timeouts import Timeouts

Connection = Literal["kept", "fresh"]
"""Whether a request may use a kept-alive connection or needs a new one.

A server may have closed a kept-alive connection just before it is used again. A request that was
written to it never arrived, and nobody can tell. On a fresh connection that cannot happen.
"""


@dataclass(slots=True, eq=False)
class Outgoing:
    """One request, ready to be sent.

    Args:
        method: In capitals.
        url: Absolute and encoded; sent byte for byte as it is.
        headers: All of them, except those that frame the message.
        content: The body, or `None` for none at all.
        timeouts: The limits of this attempt.
        connection: Whether a kept-alive connection will do.
    """

    method: str
    url: str = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    content: bytes | None = field(repr=False)
    timeouts: Timeouts
    connection: Connection = "kept"


class Download(Protocol):
    """An answer whose body is still coming in."""

    @property
    def status(self) -> int:
        """The HTTP status."""
        ...

    @property
    def headers(self) -> Mapping[str, str]:
        """The answer's headers; names are matched without regard to case."""
        ...

    def chunks(self) -> AsyncIterator[bytes]:
        """Iterate over the decompressed body as it arrives.

        Raises:
            LostAnswerError: The body ended before it was complete.
        """
        ...

    async def complete(self) -> Response:
        """Read the rest of the body into memory."""
        ...


class Wire(Protocol):
    """A carrier of requests. It neither repeats, nor redirects, nor keeps cookies.

    Every failure comes out as `NotSentError` or `LostAnswerError`, and no status is a failure.
    The last thing before the bytes of a request leave is a look at the fence of its block, in
    `quantum_async.http.fence`; what is raised there comes out as it is.
    """

    async def open(self) -> None:
        """Acquire what is needed to send. Sends nothing."""
        ...

    async def close(self) -> None:
        """Close every connection."""
        ...

    async def exchange(self, request: Outgoing) -> Response:
        """Send a request and read its whole answer."""
        ...

    def stream(self, request: Outgoing) -> AbstractAsyncContextManager[Download]:
        """Send a request and hand its answer over while the body comes in."""
        ...
