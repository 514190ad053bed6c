"""Signed addresses of the storage, taken apart and put together without touching a signature."""

from __future__ import annotations

from datetime import UTC, datetime
from urllib.parse import parse_qs, quote, unquote

MARGIN = 300.0
"""Seconds before its end at which a signature is not used any more."""


def unsigned(url: str) -> str:
    """Leave a signature out."""
    return url.partition("?")[0]


def blob_of(container_url: str, name: str) -> str:
    """Return a blob's address, signed as its container's is.

    Args:
        container_url: The container.
        name: The blob; slashes in it stay.
    """
    address, mark, query = container_url.partition("?")
    return f"{address.rstrip('/')}/{quote(name, safe='/')}{mark}{query}"


def with_query(url: str, query: str) -> str:
    """Put parameters before a signature."""
    address, _, signature = url.partition("?")
    return f"{address}?{query}&{signature}" if signature else f"{address}?{query}"


def container_name(container_url: str) -> str:
    """Name a container: the last part of its address, wherever the account is named."""
    return unquote(_path(container_url).rstrip("/").rpartition("/")[2])


def blob_name(container_url: str, blob_url: str) -> str:
    """Name a blob of a container.

    Args:
        container_url: The container.
        blob_url: The blob.
    """
    container = _path(container_url).rstrip("/")
    path = _path(blob_url)
    if path.startswith(container + "/"):
        return unquote(path[len(container) + 1 :])
    # Another container than the job's own: the account is then named by the host.
    return unquote(path.lstrip("/").partition("/")[2])


def expiry(url: str) -> float | None:
    """Say when a signature ends, in seconds since the epoch; ``None`` where it does not say."""
    values = parse_qs(url.partition("#")[0].partition("?")[2]).get("se")
    if not values:
        return None
    try:
        moment = datetime.fromisoformat(values[0])
    except ValueError:
        return None
    return (moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)).timestamp()


def _path(url: str) -> str:
    # Nothing that cannot be read fails here: whoever follows an address refuses it.
    _, slash, path = unsigned(url).partition("#")[0].partition("://")[2].partition("/")
    return slash + path


def is_good(url: str, now: float) -> bool:
    """Say whether an address is signed, for long enough to be used.

    Args:
        url: The address.
        now: Wall-clock time in seconds since the epoch.
    """
    end = expiry(url)
    return end is not None and end - now >= MARGIN
