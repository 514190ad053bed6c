"""An answer, complete and in memory."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from quantum_async.errors import ProtocolError
from quantum_async.http.redact import redact

if TYPE_CHECKING:
    from collections.abc import Mapping

REQUEST_ID_HEADERS = (
    "x-request-id",
    "x-ms-request-id",
    "x-ms-client-request-id",
    "x-correlation-id",
    "x-amz-request-id",
    "x-trace-id",
)
"""Where providers name a request for their support desks; the first that is present wins."""

_LOOKED_AT = 4096
_SHOWN = 500


def request_id_of(headers: Mapping[str, str]) -> str | None:
    """Find the provider's own id of an exchange in the answer's headers."""
    for name in REQUEST_ID_HEADERS:
        if value := headers.get(name):
            return value
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
        # Redacted before it is cut, or a cut-off secret would no longer look like one.
        return redact(self.content[:_LOOKED_AT].decode("utf-8", "replace"))[:_SHOWN]

    def json(self) -> object:
        """Parse the body as JSON.

        A model that validates from bytes is faster: give it `content` instead.

        Raises:
            ProtocolError: The body is not JSON, such as a gateway's HTML page.
        """
        try:
            return json.loads(self.content)
        except (ValueError, RecursionError) as error:
            raise ProtocolError(
                f"the answer is not JSON but {self.media_type or 'of no named type'}",
                status=self.status,
                body=self.excerpt,
                request_id=self.request_id,
                remedy="A gateway or proxy may have answered instead of the provider.",
            ) from error
