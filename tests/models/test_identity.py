"""Which server something belongs to: one text for one server, however it was written."""

from __future__ import annotations

import pytest

from quantum_async.models.identity import identity_of, is_same_server


@pytest.mark.parametrize(
    "address",
    [
        "https://quantum.example/api",
        "https://quantum.example/api/",
        "https://QUANTUM.Example/api",
        "HTTPS://quantum.example:443/api",
        " https://quantum.example./api ",
    ],
)
def test_an_address_is_written_in_one_way(address: str) -> None:
    """Capitals of the host, the usual port and a slash at the end make no other server."""
    assert identity_of(address) == "https://quantum.example/api"


@pytest.mark.parametrize(
    "other",
    [
        "http://quantum.example/api",
        "https://quantum.example/API",
        "https://quantum.example",
        "https://quantum.example:8443/api",
        "https://other.example/api",
        "https://[::1]:8443/api",
        "local",
    ],
)
def test_another_address_is_another_server(other: str) -> None:
    """Scheme, host, port and path all count."""
    assert not is_same_server(identity_of("https://quantum.example/api"), identity_of(other))


def test_accounts_are_told_apart_by_what_both_know() -> None:
    """What one side does not know tells nothing; what both know has to agree."""
    nobody = identity_of("https://a.example", project=None, user="")
    one = identity_of("https://a.example", project="p 1", user="u:v")
    assert one == "https://a.example project:p%201 user:u%3Av"
    assert is_same_server(one, nobody)
    assert is_same_server(one, "")
    assert is_same_server("", one)
    assert is_same_server(one, identity_of("https://a.example", user="u:v"))
    assert not is_same_server(one, identity_of("https://a.example", user="w"))
    assert not is_same_server(one, identity_of("https://a.example", project="p 2", user="u:v"))
