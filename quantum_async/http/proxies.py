"""Which proxy, if any, a request goes through."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, unquote
from urllib.request import getproxies, proxy_bypass  # noqa: TID251  settings, not requests

from quantum_async.errors import ConfigurationError
from quantum_async.http.address import split_address

if TYPE_CHECKING:
    from quantum_async.http.redact import Secrets


@dataclass(frozen=True, slots=True)
class Proxy:
    """A proxy's address, with its credentials apart so that they are never printed.

    Args:
        url: The address without credentials.
        headers: What the proxy itself must be told.
    """

    url: str
    headers: dict[str, str] = field(default_factory=dict, repr=False)

    @classmethod
    def parse(cls, url: str) -> Proxy:
        """Read a proxy's address.

        Args:
            url: ``http://[user:password@]host:port`` or the same with ``https``.

        Raises:
            ConfigurationError: The address is malformed or names a protocol such as SOCKS.
        """
        absolute = url if "://" in url else f"http://{url}"
        parts = split_address(absolute)
        if parts is None:
            raise ConfigurationError(
                f"the proxy address with scheme {absolute.partition('://')[0]!r} cannot be used",
                remedy="Give it as http://host:port or https://host:port.",
            )
        address = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
        return cls(address, _proxy_headers(parts))


def _proxy_headers(parts: SplitResult) -> dict[str, str]:
    if parts.username is None:
        return {}
    pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}".encode()
    return {"Proxy-Authorization": f"Basic {base64.b64encode(pair).decode()}"}


class ProxyRoutes:
    """The choice of a proxy for each origin, made once and remembered.

    Args:
        explicit: A proxy for everything, or `None` to obey ``HTTP_PROXY``, ``HTTPS_PROXY``,
            ``ALL_PROXY`` and ``NO_PROXY`` in either case, or the system's settings where
            those are known to Python. An empty string means none at all.
        secrets: What is told of a proxy's password.
    """

    def __init__(self, explicit: str | None = None, secrets: Secrets | None = None) -> None:
        self._secrets = secrets
        self._explicit = self._parsed(explicit) if explicit else None
        self._from_environment = explicit is None
        self._known: dict[tuple[str, str], Proxy | None] = {}

    def proxy_for(self, scheme: str, host: str) -> Proxy | None:
        """Return the proxy for an origin, or `None` for a direct connection.

        Args:
            scheme: ``"http"`` or ``"https"``.
            host: The host's name without the port.
        """
        if not self._from_environment:
            return self._explicit
        key = (scheme, host)
        if key not in self._known:
            self._known[key] = self._from_settings(scheme, host)
        return self._known[key]

    def _from_settings(self, scheme: str, host: str) -> Proxy | None:
        settings = getproxies()
        url = settings.get(scheme) or settings.get("all")
        if not url or proxy_bypass(host):
            return None
        return self._parsed(url)

    def _parsed(self, url: str) -> Proxy:
        proxy = Proxy.parse(url)
        if self._secrets is not None:
            for value in proxy.headers.values():
                pair = value.partition(" ")[2]
                self._secrets.add(pair)
                self._secrets.add(base64.b64decode(pair).decode().partition(":")[2])
        return proxy
