"""Credentials: tokens, how they are read, kept and renewed."""

from __future__ import annotations

import base64
import binascii
import copy
import inspect
import json
import time
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NoReturn, Protocol, runtime_checkable

import anyio
import anyio.to_thread

from quantum_async.errors import (
    AuthenticationError,
    ConfigurationError,
    NotSentError,
    QuantumAsyncError,
    ResponseError,
    TransportError,
)
from quantum_async.http.fence import unfenced
from quantum_async.http.redact import Headers, unpicklable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from quantum_async.http.redact import Secret


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


class Auth(ABC):
    """Something that proves to a provider who is asking."""

    @abstractmethod
    async def headers(self) -> Mapping[str, str]:
        """Return the headers for the next request, renewing what is about to expire.

        Other headers come as another object: one that was returned never changes.

        Raises:
            AuthenticationError: The credentials were refused.
            NotSentError: They could not be renewed; the request itself was not sent.
        """

    def __reduce__(self) -> NoReturn:
        raise unpicklable(type(self).__name__)

    @abstractmethod
    async def refresh(self, rejected: Mapping[str, str]) -> bool:
        """Renew credentials that a provider has refused.

        Args:
            rejected: The headers that `headers` returned for the refused request.

        Returns:
            Whether there is now something else to try.
        """

    async def challenged(self, rejected: Mapping[str, str], challenge: str) -> bool:
        """Renew credentials that a provider has refused, by what it says that it misses.

        Args:
            rejected: The headers that `headers` returned for the refused request.
            challenge: The refusal's ``WWW-Authenticate``, which most providers do not use.

        Returns:
            Whether there is now something else to try.
        """
        del challenge
        return await self.refresh(rejected)


class StaticAuth(Auth):
    """Headers that never change, such as an API key's.

    Args:
        headers: What to send with every request.
    """

    def __init__(self, headers: Mapping[str, str]) -> None:
        self._headers = Headers(headers)

    def __repr__(self) -> str:
        return f"StaticAuth({', '.join(self._headers)})"

    async def headers(self) -> Mapping[str, str]:
        """Return the headers."""
        return self._headers

    async def refresh(self, rejected: Mapping[str, str]) -> bool:  # noqa: ARG002
        """Have nothing else to try."""
        return False


def bearer(token: str | Secret) -> StaticAuth:
    """Make credentials from a token that this program does not renew.

    Args:
        token: The token, without ``Bearer``.

    Raises:
        ConfigurationError: The token is empty or holds characters that no header may.
    """
    return StaticAuth({"Authorization": f"Bearer {checked_secret(token)}"})


def checked_secret(value: str | Secret) -> str:
    """Strip a secret and make sure that it can be put into a header.

    Args:
        value: A token or key, perhaps with the line end of the file it was read from.

    Raises:
        ConfigurationError: It is empty or holds characters that no header may.
    """
    stripped = (value if isinstance(value, str) else value.reveal()).strip()
    if not stripped or not stripped.isascii() or not stripped.isprintable():
        del value, stripped  # a traceback with variables would show them
        raise ConfigurationError(
            "the token or key is empty or holds characters that cannot be sent",
            remedy="Copy it again, on one line and without quotes.",
        )
    return stripped


class TokenSource(Auth):
    """Bearer tokens that are fetched when needed, once for however many requests wait.

    A token is renewed `margin` seconds before it ends, and never before half of its life is over.
    A token that seems to have ended when it arrives (the clocks differ) and one of
    unknown end are used until the provider refuses them.

    The fetching task is the first one that needs the token; others wait for it. If it is
    cancelled, the next one takes over. If it fails, all that wait get its error, and whoever asks
    afterwards tries again.

    Args:
        fetch: Gets a new token. It must not use the session that this object authenticates.
        margin: Seconds before the end at which a token is renewed.
        clock: Wall clock, against which a token's end is compared.
        monotonic: Monotonic time, by which its age is measured.
    """

    def __init__(
        self,
        fetch: Callable[[], Awaitable[Token]],
        *,
        margin: float = 60.0,
        clock: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._fetch = fetch
        self._margin = margin
        self._clock = clock
        self._monotonic = monotonic
        self._headers: Headers | None = None
        self._renew_at = float("-inf")
        self._lock = anyio.Lock()
        self._failures = 0
        self._failure: QuantumAsyncError | None = None

    def __repr__(self) -> str:
        return f"{type(self).__name__}({'no token yet' if self._headers is None else 'token'})"

    async def headers(self) -> Mapping[str, str]:
        """Return a header with a token that is valid for a while."""
        headers = self._headers
        if headers is not None and self._monotonic() < self._renew_at:
            return headers
        return await self._renewed(headers)

    async def refresh(self, rejected: Mapping[str, str]) -> bool:
        """Fetch another token, unless somebody has done so since the refused request."""
        seen = self._headers if self._headers is rejected else None
        if self._headers is None or seen is not None:
            await self._renewed(seen)
        return self._headers is not None and dict(self._headers) != dict(rejected)

    async def _renewed(self, seen: Mapping[str, str] | None) -> Mapping[str, str]:
        failures = self._failures
        async with self._lock:
            if self._headers is not None and self._headers is not seen:
                return self._headers
            if self._failures != failures and self._failure is not None:
                # A copy for each: one exception raised by a thousand tasks would grow a thousand
                # tracebacks.
                raise copy.copy(self._failure)
            return await self._fetch_now()

    async def _fetch_now(self) -> Mapping[str, str]:
        try:
            # Others wait for this token as well.
            with unfenced():
                token = await self._fetch()
            headers = Headers({"Authorization": f"Bearer {checked_secret(token.value)}"})
        except Exception as error:
            self._failures += 1
            failure = _failed(error)
            # Whoever gets this one writes into its message what it was wanted for.
            self._failure = copy.copy(failure)
            if failure is error:
                raise
            raise failure from error
        self._renew_at = self._monotonic() + self._usable_for(token)
        self._headers = headers
        return headers

    def _usable_for(self, token: Token) -> float:
        if token.expires_at is None:
            return float("inf")
        left = token.expires_at - self._clock()
        return max(left - self._margin, left / 2) if left > 0 else float("inf")


def _failed(error: Exception) -> QuantumAsyncError:
    # Only the token request was sent. Were its own class let through, a lost answer or a failing
    # token server would look as if the job itself might have been accepted.
    if isinstance(error, AuthenticationError | ConfigurationError | NotSentError):
        return error
    if isinstance(error, TransportError | ResponseError):
        failure: QuantumAsyncError = NotSentError(
            f"no access token could be fetched: {error}",
            remedy="Only the token was asked for, so trying again is safe.",
            provider=error.provider,
            request_id=error.request_id,
        )
        return failure
    return AuthenticationError(
        f"the token provider failed: {type(error).__name__}",
        remedy="Its own error is the cause above.",
    )


def provided_auth(source: TokenProvider | TokenFunction, *, margin: float = 60.0) -> TokenSource:
    """Make credentials from an object or function that gives tokens.

    Args:
        source: An object with ``get_token()``, or a function; either may be async. One that is
            not async is called in a worker thread.
        margin: Seconds before the end at which a token is renewed.
    """

    async def fetch() -> Token:
        return await provided_token(source)

    return TokenSource(fetch, margin=margin)
