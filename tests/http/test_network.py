"""Addresses, proxies and trust stores."""

from __future__ import annotations

import ssl
import subprocess
import sys
from urllib.parse import parse_qsl, unquote

import pytest
from hypothesis import given, strategies as st

from quantum_async.errors import ConfigurationError
from quantum_async.http.address import BaseUrl, encoded_query, is_loopback, segment
from quantum_async.http.options import tls_context
from quantum_async.http.proxies import Proxy, ProxyRoutes

TEXT = st.text(st.characters(codec="utf-8"))


@given(TEXT)
def test_segments(text):
    """An id stays one segment of a path, and can be read back."""
    assert not set(segment(text)) & set("/?# &")
    assert unquote(segment(text)) == text


@given(st.lists(st.tuples(TEXT, TEXT.filter(bool)), unique_by=lambda pair: pair[0]))
def test_queries(pairs):
    """Parameters come back in their order as they were given."""
    assert parse_qsl(encoded_query(dict(pairs)), keep_blank_values=True) == pairs


@given(TEXT)
def test_paths_cannot_break_the_request(text):
    """Whatever a path holds, the request line has three parts."""
    url = BaseUrl("https://host").join("/" + text)
    assert url.isascii()
    assert url.isprintable()
    assert " " not in url


@pytest.mark.parametrize(
    ("host", "here"),
    [
        ("localhost", True), ("a.localhost", True), ("127.0.0.1", True), ("127.9.9.9", True),
        ("::1", True), ("10.0.0.1", False), ("example.com", False), ("localhost.example", False),
        ("127.0.0.1.example", False),
    ],
)  # fmt: skip
def test_loopback(host, here):
    """Only names and numbers of this machine count as this machine."""
    assert is_loopback(host) == here


def routes_of(environment: dict[str, str], *hosts: str) -> list[str]:
    """The proxies that a process with such an environment chooses for https."""
    code = (
        "import sys; from quantum_async.http.proxies import ProxyRoutes; r = ProxyRoutes()\n"
        "for host in sys.argv[1:]:\n"
        "    proxy = r.proxy_for('https', host); print(proxy.url if proxy else '-')"
    )
    run = subprocess.run(
        [sys.executable, "-c", code, *hosts],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return run.stdout.split()


@pytest.mark.parametrize("name", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY"])
def test_proxies_of_the_environment(name):
    """The usual variables name the proxy, and NO_PROXY its exceptions."""
    environment = {name: "http://me:pw@proxy.example:3128", "NO_PROXY": "localhost,.inside.example"}
    assert routes_of(environment, "cloud.example", "a.inside.example", "localhost") == [
        "http://proxy.example:3128", "-", "-",
    ]  # fmt: skip


def test_no_proxies():
    """Without settings, and with an empty option, connections are direct."""
    assert routes_of({}, "cloud.example") == ["-"]
    assert ProxyRoutes("").proxy_for("https", "cloud.example") is None


def test_one_proxy_for_all():
    """A proxy that was given is used for everything."""
    proxy = ProxyRoutes("proxy.example:3128").proxy_for("http", "localhost")
    assert proxy == Proxy("http://proxy.example:3128")


@pytest.mark.parametrize(
    "url",
    ["socks5://me:hunter2@host:1080", "http://", "://x", "http://me:hunter2@[::1", "host:port"],
)
def test_bad_proxies(url):
    """A proxy that cannot be used is refused without printing its password."""
    with pytest.raises(ConfigurationError) as caught:
        Proxy.parse(url)
    assert "hunter2" not in str(caught.value)


def test_one_context_per_process():
    """A trust store is read once, and a context of one's own is used as it is."""
    assert tls_context() is tls_context()
    own = ssl.create_default_context()
    assert tls_context(own) is own
    assert tls_context().verify_mode is ssl.CERT_REQUIRED
    assert tls_context().check_hostname


def test_bad_trust_stores(tmp_path):
    """A file that is missing or holds no certificate is refused with its name."""
    (tmp_path / "empty.pem").write_text("nothing")
    for name in ("missing.pem", "empty.pem"):
        with pytest.raises(ConfigurationError, match=name):
            tls_context(tmp_path / name)


def test_directories_of_certificates(tmp_path):
    """A directory of certificates is a trust store as well."""
    assert tls_context(tmp_path).verify_mode is ssl.CERT_REQUIRED
