"""One request and its answer, as a face sees them."""

from __future__ import annotations

import gzip
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

import pydantic_core

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pydantic import JsonValue

    from quantum_async.sandbox.faults.book import Effects
    from quantum_async.sandbox.routing import Route


class Refusal(Exception):  # noqa: N818  an answer, not an error of ours
    """The service says no.

    Args:
        status: HTTP status.
        description: Why; a face wraps it into its provider's error body.
        code: The provider's own error code, where it has such.
    """

    def __init__(self, status: int, description: JsonValue, code: str = "") -> None:
        super().__init__(str(description))
        self.status = status
        self.description = description
        self.code = code


@dataclass(slots=True)
class Request:
    """A request that has arrived completely.

    Args:
        route: The route it matched.
        ids: What stands in the route's places, in order.
        path: The path as it was sent, decoded.
        raw_query: The query string.
        raw_headers: Header names in lower case, and values.
        body: The body as it was sent.
        now: World time at which the state is read.
        effects: The faults that strike it.
        base_url: How the client addressed this service, without a slash at the end.
    """

    route: Route
    ids: Sequence[str]
    path: str
    raw_query: bytes
    raw_headers: Sequence[tuple[bytes, bytes]]
    body: bytes
    now: float
    effects: Effects
    base_url: str

    def header(self, name: str) -> str:
        """Look a header up; empty where it is missing."""
        wanted = name.lower().encode()
        for key, value in self.raw_headers:
            if key == wanted:
                return value.decode("latin-1")
        return ""

    @property
    def bearer(self) -> str:
        """The bearer token; empty where there is none."""
        scheme, _, token = self.header("authorization").partition(" ")
        return token.strip() if scheme.lower() == "bearer" else ""

    @property
    def query(self) -> Mapping[str, list[str]]:
        """The query's values by name."""
        return parse_qs(self.raw_query.decode(), keep_blank_values=True) if self.raw_query else {}

    @property
    def content(self) -> bytes:
        """The body, decompressed.

        Raises:
            Refusal: It cannot be decompressed.
        """
        coding = self.header("content-encoding").lower()
        if not self.body or coding in {"", "identity"}:
            return self.body
        try:
            if coding == "gzip":
                return gzip.decompress(self.body)
            if coding == "deflate":
                return zlib.decompress(self.body)
        except (OSError, EOFError, zlib.error) as error:
            raise Refusal(400, f"the body is not {coding}: {error}") from error
        raise Refusal(415, f"unknown content encoding {coding!r}")

    def json(self) -> JsonValue:
        """Read the body as JSON; bare ``Infinity`` and ``NaN`` are taken.

        Raises:
            Refusal: It is not JSON.
        """
        try:
            document: JsonValue = pydantic_core.from_json(self.content)
        except ValueError as error:
            raise Refusal(400, f"the body is not JSON: {error}") from error
        return document

    def json_object(self) -> dict[str, JsonValue]:
        """Read the body as a JSON object.

        Raises:
            Refusal: It is something else.
        """
        document = self.json()
        if not isinstance(document, dict):
            raise Refusal(422, "the body is not an object")
        return document

    def form(self) -> Mapping[str, str]:
        """Read the body as a form, or as a JSON object of words."""
        if "json" in self.header("content-type"):
            return {key: str(value) for key, value in self.json_object().items()}
        fields = parse_qs(self.content.decode("utf-8", "replace"), keep_blank_values=True)
        return {key: values[-1] for key, values in fields.items()}


@dataclass(slots=True)
class Reply:
    """An answer.

    Args:
        status: HTTP status.
        body: Its content.
        media: Content type.
        headers: Further headers, names in lower case.
    """

    status: int = 200
    body: bytes = b""
    media: bytes = b"application/json"
    headers: tuple[tuple[bytes, bytes], ...] = ()

    @classmethod
    def of_json(
        cls,
        document: object,
        status: int = 200,
        headers: tuple[tuple[bytes, bytes], ...] = (),
    ) -> Reply:
        """Write a document of plain Python values as JSON."""
        return cls(
            status, pydantic_core.to_json(document, inf_nan_mode="constants"), headers=headers
        )


def html_page(status: int) -> Reply:
    """Write the error page of a proxy in front of a service."""
    text = f"<html><head><title>{status}</title></head><body><h1>{status} Proxy</h1></body></html>"
    return Reply(status, text.encode(), b"text/html; charset=utf-8")
