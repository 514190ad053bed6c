"""Which server and which of its accounts something belongs to, as a text that can be kept."""

from __future__ import annotations

from functools import lru_cache
from urllib.parse import quote, urlsplit

_DEFAULT_PORTS = {"http": 80, "https": 443}


def identity_of(address: str, **account: str | None) -> str:
    """Write down a server's address and what is known of the account.

    The address is written in one way, whatever its capitals, default port and slash at the end.

    Args:
        address: Where the server listens, or a word where there is no server.
        **account: What tells accounts of this server apart, by what it is called: the project,
            the workspace, the user. Never a secret; what is not known is left out.

    Example:
        ```python
        from quantum_async.models.identity import identity_of, is_same_server

        one = identity_of("https://Quantum.Example:443/api/", project="a")
        assert one == "https://quantum.example/api project:a"
        assert is_same_server(one, identity_of("https://quantum.example/api"))
        assert not is_same_server(one, identity_of("https://quantum.example/api", project="b"))
        ```
    """
    words = [f"{name}:{quote(value, safe='@')}" for name, value in account.items() if value]
    return " ".join([_normal(address), *words])


def is_same_server(one: str, other: str) -> bool:
    """Say whether two identities can be those of one server and account.

    What only one of them knows tells nothing: a journal of an earlier version knows nothing at
    all, and a token does not say whose it is.

    Args:
        one: What `identity_of` wrote, or an empty text.
        other: What it is compared with.
    """
    if not one or not other or one == other:
        return True
    (address, *account), (there, *others) = one.split(" "), other.split(" ")
    known = dict(word.split(":", 1) for word in others)
    return address == there and all(
        known.get(name, value) == value for name, value in (word.split(":", 1) for word in account)
    )


@lru_cache(maxsize=64)
def _normal(address: str) -> str:
    parts = urlsplit(address.strip())
    if not parts.hostname:
        return quote(address.strip())
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname.rstrip(".")
    is_usual = parts.port is None or parts.port == _DEFAULT_PORTS.get(parts.scheme)
    port = "" if is_usual else f":{parts.port}"
    return quote(f"{parts.scheme}://{host}{port}{parts.path.rstrip('/')}", safe="/:[]%@~")
