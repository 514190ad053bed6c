"""Answers of the service in the form in which the vendor's class hands them over."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import requests  # noqa: TID251 -- what the vendor's class hands over; nothing is sent by it

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


class JobResponse(requests.Response, dict[str, Any]):
    """An answer to a request: a response of `requests`, and the mapping that it holds.

    The vendor's class passes responses, of which Divi before 0.14 reads no run time: it reads one
    from mappings.

    Args:
        document: What the service said.
        url: Where it said it.
        status: The HTTP status.
    """

    def __init__(self, document: Mapping[str, Any], url: str = "", *, status: int = 200) -> None:
        super().__init__()
        self.update(document)
        self.status_code = status
        self.url = url
        self.encoding: str | None = "utf-8"
        self.headers["Content-Type"] = "application/json"
        self._content = json.dumps(dict(document)).encode()

    def __iter__(self) -> Iterator[Any]:
        """Iterate over the mapping's keys."""
        return dict.__iter__(self)
