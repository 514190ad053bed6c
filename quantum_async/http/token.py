"""Access tokens: their value, how long they last, and where they come from."""

from __future__ import annotations

import base64
import binascii
import inspect
import json
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

import anyio.to_thread

from quantum_async.errors import AuthenticationError


@dataclass(frozen=True, slots=True)
class Token:
    """An access token.

    Args:
        value: What goes into the header; never shown by `repr`.
        expires_at: Wall-clock time in seconds since the epoch, or `None` where nobody knows:
            such a token is used until it is refused.
    """

    value: str = field(repr=False)
    expires_at: float | None = None

    @classmethod
    def lasting(
        cls, value: str, seconds: float | None, *, clock: Callable[[], float] = time.time
    ) -> Token:
        """Make a token from a lifetime; without one, from what the token itself says.

        Args:
            value: The token.
            seconds: Its lifetime from now, such as an OAuth answer's ``expires_in``.
            clock: Wall clock.
        """
        return cls.read(value) if seconds is None else cls(value, clock() + seconds)

    @classmethod
    def read(cls, value: str) -> Token:
        """Make a token whose end is read from it if it is a JWT, without verifying it.

        Args:
            value: The token.
        """
        return cls(value, jwt_expiry(value))


def jwt_expiry(value: str) -> float | None:
    """Read a JWT's ``exp`` in seconds since the epoch; `None` where there is none to read.

    The signature is not verified: that is the provider's business, the time is only a hint.

    Args:
        value: A token, which may be opaque.
    """
    parts = value.split(".")
    if len(parts) != 3:
        return None
    padded = parts[1] + "=" * (-len(parts[1]) % 4)
    try:
        claims: object = json.loads(base64.urlsafe_b64decode(padded))
    except (binascii.Error, ValueError, RecursionError):
        return None
    expiry = claims.get("exp") if isinstance(claims, dict) else None
    if isinstance(expiry, bool) or not isinstance(expiry, int | float):
        return None
    try:
        return float(expiry)
    except OverflowError:
        return None


@runtime_checkable
class HasToken(Protocol):
    """The shape of other libraries' tokens, such as azure-core's ``AccessToken``."""

    @property
    def token(self) -> str:
        """The token itself."""
        ...


Provided = str | Token | HasToken
"""What a token provider may give."""


@runtime_checkable
class TokenProvider(Protocol):
    """An object of yours, or another library's, that knows how to get a token."""

    def get_token(self) -> Provided | Awaitable[Provided]:
        """Return a token that is valid now."""
        ...


TokenFunction = Callable[[], Provided | Awaitable[Provided]]
"""A function that returns a token that is valid now."""


async def provided_token(source: TokenProvider | TokenFunction) -> Token:
    """Ask a token provider, in a worker thread if it is not async.

    Args:
        source: An object with ``get_token()`` or a function; either may be async.

    Raises:
        AuthenticationError: What came back is not a token.
    """
    ask: TokenFunction = source.get_token if isinstance(source, TokenProvider) else source
    if inspect.iscoroutinefunction(ask):
        given: object = await ask()
    else:
        # It may wait for a person or a process: whoever is cancelled does not wait with it.
        given = await anyio.to_thread.run_sync(ask, abandon_on_cancel=True)
    if inspect.isawaitable(given):
        given = await given
    return as_token(given)


def as_token(given: object) -> Token:
    """Read what a token provider gave.

    Args:
        given: A token in any shape.

    Raises:
        AuthenticationError: It is none.
    """
    if isinstance(given, Token):
        return given
    if isinstance(given, HasToken) and isinstance(given.token, str):
        expires_on: object = getattr(given, "expires_on", None)
        if isinstance(expires_on, int | float):
            return Token(given.token, float(expires_on))
        return Token.read(given.token)
    if isinstance(given, str) and given:
        return Token.read(given)
    raise AuthenticationError(
        f"the token provider gave {type(given).__name__}, which is not a token",
        remedy="Return the token as a string.",
    )
