"""Where requests go: addresses that are taken apart by halves come out as they would whole."""

from __future__ import annotations

import pytest
from hypothesis import example, given, strategies as st
from yarl import URL

from quantum_async.http.aiohttp_wire import Targets
from quantum_async.http.proxies import Proxy, ProxyRoutes

PIECES = st.lists(
    st.sampled_from(["/", "?", "#", "=", "&", "%2F", "%20", "..", ";", ":", "@", "a"])
)
HOSTS = ["h", "h:80", "h:8080", "me:pw@h", "[::1]:8080", "H.example", "127.0.0.1"]


@given(st.sampled_from(["http", "https", "HTTP"]), st.sampled_from(HOSTS), PIECES, PIECES)
@example("https", "h", ["/", "a", "?"], ["/", "a", "?"])
@example("http", "h", ["\t", "/", "\n"], ["/", "a\r\nb: c"])
@example("http", "h", ["?", "/", "a"], ["/", "b"])
@example("http", "[::1]:8080", [], ["@"])
def test_addresses_stay_as_they_are(scheme, host, first, second):
    """A server's second address is the same to the last byte as if it were its first."""
    targets = Targets(ProxyRoutes(""))
    for pieces in (first, second, ["/", *second], first):
        address = f"{scheme}://{host}{''.join(pieces)}"
        try:
            expected = URL(address, encoded=True)
            expected.host  # noqa: B018  may refuse the address
        except (ValueError, IndexError):  # where nothing follows "]:8080@", yarl looks too far
            continue
        found, _ = targets.find(address)
        assert str(found) == str(expected)
        assert found.raw_path_qs == expected.raw_path_qs
        assert (found.raw_host, found.port) == (expected.raw_host, expected.port)


@pytest.mark.parametrize("path", ["/", "/a?b=c", "/a#b"])
def test_each_address_has_its_proxy(path):
    """The proxy is the same for a server's first address and for later ones."""
    targets = Targets(ProxyRoutes("proxy.example:3128"))
    found = [targets.find("https://cloud.example" + place)[1] for place in ("/", path, path)]
    assert found == [Proxy("http://proxy.example:3128")] * 3
