"""Answers, and what a wire has to do that brings them."""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Protocol

from quantum_async.errors import ProtocolError, QuantumAsyncError
from quantum_async.http.redact import beginning, hide

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Generator, Mapping
    from contextlib import AbstractAsyncContextManager, AbstractContextManager

    from quantum_async.errors import Accepted
    from quantum_async.http.timeouts import Timeouts


REQUEST_ID_HEADERS = (
    "x-request-id",
    "x-ms-request-id",
    "x-ms-client-request-id",
    "x-correlation-id",
    "x-amz-request-id",
    "x-trace-id",
)
"""Where providers name a request for their support desks; the first that is present wins."""

A_GATEWAY = "A gateway or proxy may have answered instead of the provider."
_SHOWN = 500


def request_id_of(headers: Mapping[str, str]) -> str | None:
    """Find the provider's own id of an exchange in the answer's headers."""
    for name in REQUEST_ID_HEADERS:
        if value := headers.get(name):
            return hide(value)
    return None


@dataclass(frozen=True, slots=True)
class Response:
    """An answer of a provider, decoded and complete.

    Args:
        status: The HTTP status code.
        headers: Names are matched without regard to case.
        content: The body, decompressed.
    """

    status: int
    headers: Mapping[str, str] = field(repr=False)
    content: bytes = field(repr=False)

    @property
    def request_id(self) -> str | None:
        """The provider's own id of this exchange, where it gave one."""
        return request_id_of(self.headers)

    @property
    def media_type(self) -> str:
        """The body's type without its parameters, in lower case; empty where none is named."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    @property
    def text(self) -> str:
        """The body as UTF-8, with what is not UTF-8 replaced."""
        return self.content.decode("utf-8", "replace")

    @property
    def excerpt(self) -> str:
        """The start of the body for an error to show, with secrets hidden."""
        return beginning(self.content, _SHOWN)

    def json(self) -> object:
        """Parse the body as JSON.

        A model that validates from bytes is faster: give it `content` instead.

        Raises:
            ProtocolError: The body is not JSON, such as a gateway's HTML page.
        """
        try:
            return json.loads(self.content)
        except (ValueError, RecursionError) as error:
            nested = isinstance(error, RecursionError)
            kind = "nested too deeply" if nested else self.media_type or "of no named type"
            raise ProtocolError(
                f"the answer is not JSON but {kind}; it begins with {beginning(self.content)!r}",
                status=self.status,
                body=self.excerpt,
                request_id=self.request_id,
                remedy=A_GATEWAY,
            ) from None

    def decoding(
        self, what: str = "the answer", *, provider: str | None = None, job_id: str | None = None
    ) -> AbstractContextManager[None]:
        """Turn whatever a decoder of this answer raises in a block into a `ProtocolError`.

        Args:
            what: What is decoded.
            provider: Registry name of the provider.
            job_id: The job concerned.
        """
        return decoding(
            self.content,
            what,
            provider=provider,
            job_id=job_id,
            status=self.status,
            request_id=self.request_id,
        )


@contextmanager
def decoding(
    content: bytes | str,
    what: str = "the answer",
    *,
    provider: str | None = None,
    job_id: str | None = None,
    status: int | None = None,
    request_id: str | None = None,
    accepted: Accepted | None = None,
) -> Generator[None]:
    """Turn whatever a decoder of foreign bytes raises in a block into a `ProtocolError`.

    A hundred thousand brackets are a `RecursionError`, and nobody can list what else a decoder may
    raise at what a stranger makes up. Our own errors pass.

    Args:
        content: What is decoded; the error quotes its beginning.
        what: What that is.
        provider: Registry name of the provider.
        job_id: The job concerned.
        status: The answer's status.
        request_id: The provider's id of the exchange.
        accepted: Whether the provider has the job.
    """
    try:
        yield
    except (QuantumAsyncError, ImportError):
        raise
    except Exception as error:  # noqa: BLE001 -- what a decoder may raise nobody can list
        kind = type(error).__name__
        why = "it nests too deeply" if isinstance(error, RecursionError) else f"{kind}: {error}"
        # Without the decoder's frames: a thousand of them explain nothing.
        raise ProtocolError(
            f"{what} cannot be read: {beginning(why)}; it begins with {beginning(content)!r}",
            status=status,
            body=beginning(content, _SHOWN),
            provider=provider,
            job_id=job_id,
            request_id=request_id,
            accepted=accepted,
            remedy=A_GATEWAY,
        ) from None


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
