"""Targets: addresses as aiohttp takes them, with their proxies; each server is looked at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from yarl import URL

if TYPE_CHECKING:
    from quantum_async.http.proxies import Proxy, ProxyRoutes

_SHORTEST = len("https://")


class _Server(NamedTuple):
    scheme: str
    authority: str
    proxy: Proxy | None


class Targets:
    """Finds where requests go. Taking an address apart costs more than all else before sending it.

    Args:
        proxies: The choice of proxies.
    """

    def __init__(self, proxies: ProxyRoutes) -> None:
        self._proxies = proxies
        self._servers: dict[str, _Server] = {}

    def find(self, address: str) -> tuple[URL, Proxy | None]:
        """Return an address, to be sent byte for byte, and the proxy on the way.

        Args:
            address: Absolute and encoded.
        """
        # From where a host has begun, so that it is not one of the scheme's.
        slash = address.find("/", _SHORTEST)
        server = self._servers.get(address[:slash])
        if server is None or slash < 0 or "#" in address or not address.isprintable():
            return self._look_at(address, slash)
        path, _, query = address[slash:].partition("?")
        url = URL.build(
            scheme=server.scheme,
            authority=server.authority,
            path=path,
            query_string=query,
            encoded=True,
        )
        return url, server.proxy

    def _look_at(self, address: str, slash: int) -> tuple[URL, Proxy | None]:
        url = URL(address, encoded=True)
        proxy = self._proxies.proxy_for(url.scheme, url.host or "")
        start = f"{url.scheme}://{url.raw_authority}"
        if start == address[:slash]:
            self._servers[start] = _Server(url.scheme, url.raw_authority, proxy)
        return url, proxy
