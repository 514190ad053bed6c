"""Addresses: a base URL taken apart once, and paths and queries that are joined to it."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping, Sequence
from typing import Final
from urllib.parse import SplitResult, quote, quote_plus, urlsplit

from quantum_async.errors import ConfigurationError

QueryValue = str | int | float | Sequence[str] | None
Query = Mapping[str, QueryValue]
"""Parameters of a URL. A sequence repeats its name, and `None` leaves it out."""

_UNSAFE: Final = re.compile(r"[^A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%|]")
_PLAIN: Final = re.compile(r"[A-Za-z0-9_.~-]*")
_ONE_VALUE: Final = (str, int, float)
_HOST: Final = re.compile(r"[\w.-]+|[0-9a-f:.]+(?:%[\w.-]+)?")
_NEVER_IN_LINKS: Final = ("\\", " ")
_KEPT: Final = "-._~:/?#[]@!$&'()*+,;=%|"


def segment(value: str) -> str:
    """Encode an id so that it stays one segment of a path, whatever it holds.

    Args:
        value: A job's, batch's or device's id.
    """
    return quote(value, safe="")


class BaseUrl:
    """A provider's base URL.

    Args:
        url: Absolute, ``http`` or ``https``.

    Raises:
        ConfigurationError: It is not absolute, or carries a query or credentials.
    """

    def __init__(self, url: str) -> None:
        parts = split_address(url.strip())
        if parts is None:
            raise ConfigurationError(
                "the base URL is not an absolute http or https address",
                remedy="Give it as https://host[:port][/path].",
            )
        if parts.query or parts.fragment or "@" in parts.netloc:
            raise ConfigurationError(
                "the base URL carries a query, a fragment or credentials",
                remedy="Give the address alone; credentials have options of their own.",
            )
        self.scheme: str = parts.scheme
        self.host: str = parts.hostname or ""
        self._prefix = encoded(f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}")

    def __str__(self) -> str:
        return self._prefix

    @property
    def carries_secrets_safely(self) -> bool:
        """Whether credentials may be sent there: by TLS, or without leaving this machine."""
        return self.scheme == "https" or is_loopback(self.host)

    def join(self, path: str, query: Query | None = None) -> str:
        """Return the address of a path below this one.

        Args:
            path: Begins with a slash, or is empty for the base URL itself.
            query: Parameters, in their order.
        """
        url = self._prefix + encoded(path)
        return f"{url}?{encoded_query(query)}" if query else url


def split_address(url: str) -> SplitResult | None:
    """Take an absolute address apart; `None` where it is none, or its host or port is malformed.

    Args:
        url: ``http`` or ``https``.
    """
    try:
        parts = urlsplit(url)
        is_good = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        # An IPv6 host without its bracket, or a port that is no number.
        return None
    return parts if is_good else None


def split_link(url: str) -> SplitResult | None:
    """Take a link that a service has named apart; `None` where nobody can read it.

    Args:
        url: What it has named: absolute, and encoded already.
    """
    if not url.isprintable() or any(mark in url for mark in _NEVER_IN_LINKS):
        return None
    parts = split_address(url)
    if parts is None or _HOST.fullmatch(parts.hostname or "") is None:
        return None
    return parts


def encoded(url: str) -> str:
    """Percent-encode only what may not stand in a URL; what is encoded already stays as it is."""
    return quote(url, safe=_KEPT) if _UNSAFE.search(url) else url


def encoded_query(query: Query) -> str:
    """Encode parameters, in their order."""
    # The library's `urlencode` takes as long as the rest of a session's work on a request.
    parts: list[str] = []
    for name, value in query.items():
        if isinstance(value, _ONE_VALUE):
            parts.append(f"{_encoded_value(name)}={_encoded_value(value)}")
        elif value is not None:
            parts += [f"{_encoded_value(name)}={_encoded_value(item)}" for item in value]
    return "&".join(parts)


def _encoded_value(value: str | float) -> str:
    text = str(value)
    return text if _PLAIN.fullmatch(text) else quote_plus(text)


def is_loopback(host: str) -> bool:
    """Say whether a host name means this machine."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
