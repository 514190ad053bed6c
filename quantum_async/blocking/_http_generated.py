"""Blocking twins of the async classes: http."""

# Written by `python .ci/facade` from the async classes.
# Do not change it here: change those, and run the generator.
# mypy: disable-error-code="no-any-return"

from __future__ import annotations

from typing import TYPE_CHECKING

from quantum_async.blocking._handle import Handle

if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Mapping
    from quantum_async.http.response import Download as AsyncDownload
    from quantum_async.http.response import Response


class Download(Handle["AsyncDownload"]):
    """An answer whose body is still coming in.

    Blocking twin of `quantum_async.http.response.Download`.
    """

    __slots__ = ()

    @property
    def status(self) -> int:
        """The HTTP status.

        Blocking twin of `quantum_async.http.response.Download.status`.
        """
        return self._async.status

    @property
    def headers(self) -> Mapping[str, str]:
        """The answer's headers; names are matched without regard to case.

        Blocking twin of `quantum_async.http.response.Download.headers`.
        """
        return self._async.headers

    def chunks(self) -> Iterator[bytes]:
        """Iterate over the decompressed body as it arrives.

        Raises:
            LostAnswerError: The body ended before it was complete.

        Blocking twin of `quantum_async.http.response.Download.chunks`.
        """
        return self._iterate(lambda: self._async.chunks())

    def complete(self, *, timeout: float | None = None) -> Response:
        """Read the rest of the body into memory.

        Args:
            timeout: Longest time in seconds until the call is given up; no limit by default.

        Blocking twin of `quantum_async.http.response.Download.complete`.
        """
        return self._call("Download.complete", lambda: self._async.complete(), timeout)
