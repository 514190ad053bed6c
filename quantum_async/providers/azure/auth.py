"""How one logs in to Azure Quantum: an API key, or tokens of Microsoft Entra."""

from __future__ import annotations

import base64
import functools
import inspect
import re
from typing import TYPE_CHECKING, Protocol, TypeAlias, runtime_checkable

import anyio
import anyio.to_thread

from quantum_async.errors import (
    AuthenticationError,
    ConfigurationError,
    MissingExtraError,
    NotSentError,
    QuantumAsyncError,
)
from quantum_async.http.auth import (
    Auth,
    StaticAuth,
    Token,
    TokenSource,
    as_token,
    bearer,
    checked_secret,
)
from quantum_async.http.redact import Secret, redact

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from quantum_async.http.auth import Provided

DATA_SCOPE = "https://quantum.microsoft.com/.default"
MANAGEMENT_SCOPE = "https://management.azure.com/.default"
KEY_HEADER = "x-ms-quantum-api-key"
MARGIN = 300.0
"""Seconds before its end at which a token is renewed."""

_CLOSING = 5.0
_CLAIMS = re.compile(r'\bclaims="([^"]*)"')


@runtime_checkable
class TokenCredential(Protocol):
    """A credential of azure-identity, sync or async, or anything of the same shape."""

    def get_token(self, *scopes: str) -> Provided | Awaitable[Provided]:
        """Return a token for the scopes."""
        ...


@runtime_checkable
class KeyCredential(Protocol):
    """An ``AzureKeyCredential``, or anything of the same shape."""

    @property
    def key(self) -> str:
        """The API key."""
        ...


Credential: TypeAlias = TokenCredential | KeyCredential | str
"""What proves who is asking; a string is an access token that somebody else renews."""


class EntraAuth(TokenSource):
    """Tokens of Microsoft Entra, which may be asked for again with the claims that are missing.

    A service that evaluates access continuously refuses a token before its end, such as after a
    change of password, and says which claims another one must have.

    Args:
        ask: Gets a new token, with these claims where there are any.
    """

    def __init__(self, ask: Callable[[str | None], Awaitable[Token]]) -> None:
        self._ask = ask
        self._claims: str | None = None
        super().__init__(self._claimed, margin=MARGIN)

    async def challenged(self, rejected: Mapping[str, str], challenge: str) -> bool:
        """Fetch another token with the claims that a refusal names, if it names any."""
        claims = claims_in(challenge)
        # Where somebody has renewed since, the claims were about a token that is gone.
        if claims is not None and self._headers is rejected:
            self._claims = claims
        return await self.refresh(rejected)

    async def _claimed(self) -> Token:
        token = await self._ask(self._claims)
        self._claims = None
        return token


def claims_in(challenge: str) -> str | None:
    """Read the claims that a token lacks, as the credential wants them: JSON.

    Args:
        challenge: The ``WWW-Authenticate`` of a refusal.
    """
    match = _CLAIMS.search(challenge)
    if match is None or 'error="insufficient_claims"' not in challenge:
        return None
    padded = match[1] + "=" * (-len(match[1]) % 4)
    try:
        return base64.urlsafe_b64decode(padded).decode() or None
    except ValueError:
        return None


class Login:
    """What proves who is asking, for the data plane and for the management.

    Args:
        credential: A credential, an access token, or ``None`` for azure-identity's default chain,
            which is made when it is first needed and closed with the client.
        api_key: A workspace's key instead.
        make_default: Makes the default chain.

    Raises:
        ConfigurationError: Both are given, or the credential is of no known kind.
    """

    def __init__(
        self,
        credential: Credential | None = None,
        api_key: str | None = None,
        make_default: Callable[[], TokenCredential] | None = None,
    ) -> None:
        if credential is not None and api_key is not None:
            raise ConfigurationError(
                "a credential and an API key were given",
                provider="azure",
                remedy="Give one of them.",
            )
        if isinstance(credential, KeyCredential) and not isinstance(credential, TokenCredential):
            api_key, credential = credential.key, None
        self._api_key = None if api_key is None else Secret(checked_secret(api_key))
        if credential is not None and not isinstance(credential, str | TokenCredential):
            raise ConfigurationError(
                f"{type(credential).__name__} is not a credential",
                provider="azure",
                remedy="Pass one of azure.identity, of azure.identity.aio, or an API key.",
            )
        self._given = credential
        self._make_default = make_default or _default_chain
        self._made: TokenCredential | None = None
        self._making = anyio.Lock()

    @property
    def has_key(self) -> bool:
        """Whether it is an API key, which the management does not take."""
        return self._api_key is not None

    def auth(self, scope: str) -> Auth:
        """Return what puts the proof into requests. Sends nothing.

        Args:
            scope: What a token is asked for.
        """
        if self._api_key is not None:
            return StaticAuth({KEY_HEADER: self._api_key.reveal()})
        if isinstance(self._given, str):
            return bearer(self._given)

        async def ask(claims: str | None) -> Token:
            return await self._token(scope, claims)

        return EntraAuth(ask)

    async def close(self) -> None:
        """Close the default chain, where it was made."""
        made, self._made = self._made, None
        close = getattr(made, "close", None)
        if close is None:
            return
        with anyio.move_on_after(_CLOSING, shield=True):
            closing = close()
            if inspect.isawaitable(closing):
                await closing

    async def _token(self, scope: str, claims: str | None) -> Token:
        credential = await self._credential()
        try:
            return as_token(await _asked(credential, scope, claims))
        except QuantumAsyncError:
            raise
        except Exception as error:
            # A credential is somebody else's code: what it raises is not ours to list.
            raise _refused(error) from error

    async def _credential(self) -> TokenCredential:
        if isinstance(self._given, TokenCredential):
            return self._given
        async with self._making:
            made = self._made
            if made is None:
                # Importing azure-identity takes longer than an event loop may stand still.
                made = self._made = await anyio.to_thread.run_sync(self._make_default)
            return made


async def _asked(credential: TokenCredential, scope: str, claims: str | None) -> object:
    # Without `enable_cae` no token is ever refused before its end; credentials of one's own may
    # know neither word.
    wanted: dict[str, object] = {"enable_cae": True, "claims": claims}
    known = _keywords(credential.get_token)
    given = {name: value for name, value in wanted.items() if value is not None and known(name)}
    ask: Callable[..., object] = functools.partial(credential.get_token, scope, **given)
    if inspect.iscoroutinefunction(credential.get_token):
        token = ask()
    else:
        # A sync credential may start a process, ask a server or wait for a person: never on the
        # loop, and whoever is cancelled does not wait with it.
        token = await anyio.to_thread.run_sync(ask, abandon_on_cancel=True)
    return await token if inspect.isawaitable(token) else token


def _keywords(function: Callable[..., object]) -> Callable[[str], bool]:
    """Say which keywords a function takes."""
    try:
        parameters = inspect.signature(function).parameters
    except (TypeError, ValueError):
        return lambda _: False
    takes_all = any(p.kind is p.VAR_KEYWORD for p in parameters.values())
    return lambda name: takes_all or name in parameters


def _refused(error: Exception) -> QuantumAsyncError:
    # By name, so that azure-core need not be imported where another credential is used.
    names = {kind.__name__ for kind in type(error).__mro__}
    if names & {"ServiceRequestError", "ServiceResponseError"}:
        return NotSentError(
            f"no access token could be fetched: {redact(str(error))}",
            provider="azure",
            remedy="Only the token was asked for, so trying again is safe.",
        )
    said = redact((str(error).splitlines() or [type(error).__name__])[0])
    return AuthenticationError(
        f"no access token: {said}",
        provider="azure",
        remedy="Log in with `az login`, set AZURE_CLIENT_ID and its kin, or pass a credential, an "
        "API key or a connection string.",
    )


def _default_chain() -> TokenCredential:
    try:
        from azure.identity.aio import DefaultAzureCredential
    except ModuleNotFoundError as error:
        raise MissingExtraError("azure-identity", extra="azure") from error
    return DefaultAzureCredential()
