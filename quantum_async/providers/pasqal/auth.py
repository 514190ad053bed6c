"""How one logs in to Pasqal Cloud: password, service account, token, or somebody else's login."""

from __future__ import annotations

import getpass
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import anyio.to_thread

from quantum_async.errors import (
    AuthenticationError,
    ConfigurationError,
    InvalidInputError,
    ProtocolError,
    RateLimitedError,
    RejectedRequestError,
)
from quantum_async.http.address import BaseUrl
from quantum_async.http.auth import Auth, Token, TokenSource, bearer, provided_auth
from quantum_async.http.encode import form_body
from quantum_async.http.redact import Secret
from quantum_async.http.session import Session
from quantum_async.models.advice import Advice, Setting
from quantum_async.providers.pasqal.wire import TokenAnswer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from quantum_async.http.auth import TokenFunction, TokenProvider
    from quantum_async.http.options import SessionOptions
    from quantum_async.providers.pasqal.endpoints import TokenEndpoint


@dataclass(frozen=True, slots=True)
class Credentials:
    """What proves who is asking; at most one kind of it.

    Args:
        username: Who logs in.
        password: The password; asked for at a terminal where it is missing.
        client_id: A service account.
        client_secret: The service account's secret.
        token: An access token that somebody else renews.
        provider: An object with ``get_token()`` or a function, async or not; also one of
            pasqal-cloud's.

    Raises:
        ConfigurationError: There are several kinds, or half of one.
    """

    username: str | None = None
    password: str | Secret | None = field(default=None, repr=False)
    client_id: str | None = None
    client_secret: str | Secret | None = field(default=None, repr=False)
    token: str | Secret | None = field(default=None, repr=False)
    provider: TokenProvider | TokenFunction | None = None

    def __post_init__(self) -> None:
        for name in ("password", "client_secret", "token"):
            object.__setattr__(self, name, Secret.of(getattr(self, name)))
        kinds = {
            "a user name": self.username,
            "a service account": self.client_id,
            "a token": self.token,
            "a token provider": self.provider,
        }
        given = [name for name, value in kinds.items() if value is not None]
        if len(given) > 1:
            raise _contradiction(f"{' and '.join(given)} were given", "Give one of them.")
        if self.password is not None and self.username is None:
            raise _contradiction("a password without a user name", "Give the user name as well.")
        if (self.client_id is None) is not (self.client_secret is None):
            raise _contradiction(
                "client_id and client_secret belong together", "Give both of them, or neither."
            )

    def auth(self, login: Login, prompt: Callable[[str], str] | None = None) -> Auth | None:
        """Return what puts the proof into requests, or ``None`` without any. Sends nothing.

        Args:
            login: Asks for tokens.
            prompt: Asks a person for the password; by default at a terminal.
        """
        if self.token is not None:
            return bearer(self.token)
        if self.provider is not None:
            return provided_auth(self.provider)
        if self.client_id is not None and (secret := Secret.of(self.client_secret)) is not None:
            login.check_address()
            account = _ServiceAccount(login, self.client_id, secret)
            return TokenSource(account.token)
        if self.username is not None:
            login.check_address()
            user = _User(login, self.username, Secret.of(self.password), prompt)
            return TokenSource(user.token)
        return None


class Login:
    """A token endpoint, in a session of its own that carries no token.

    Args:
        endpoint: Where tokens come from.
        options: What the user chose of connections.
    """

    def __init__(self, endpoint: TokenEndpoint, options: SessionOptions) -> None:
        self.endpoint = endpoint
        self.session: Session = Session(endpoint.url, provider="pasqal", options=options)

    def check_address(self) -> None:
        """Make sure that a password may be sent there.

        Raises:
            ConfigurationError: It would travel without encryption.
        """
        if not BaseUrl(self.endpoint.url).carries_secrets_safely:
            raise _contradiction(
                "the password would be sent without encryption",
                "Use an https token address; http is allowed for this machine only.",
            )

    async def grant(self, form: Mapping[str, str | Secret]) -> Token:
        """Exchange credentials for a token; repeated where the endpoint fails.

        Raises:
            AuthenticationError: The credentials were refused.
            QuantumAsyncError: The endpoint could not be asked.
        """
        body = form_body(form)
        try:
            # A login may be repeated: it changes nothing that anybody pays for.
            response = await self.session.read("", method="POST", body=body, lane="control")
        except RateLimitedError:
            raise
        except (AuthenticationError, RejectedRequestError) as error:
            raise AuthenticationError(
                f"the login was refused: {error}",
                provider="pasqal",
                request_id=error.request_id,
                remedy="Check the user name and the password, or the service account.",
            ) from error
        try:
            answer = TokenAnswer.model_validate_json(response.content)
        except (ValueError, RecursionError):
            raise ProtocolError(
                "the token endpoint gave no token",
                status=response.status,
                provider="pasqal",
                request_id=response.request_id,
                remedy="Check the token address.",
            ) from None
        return Token.lasting(answer.access_token, answer.expires_in)


class _User:
    def __init__(
        self,
        login: Login,
        username: str,
        password: Secret | None,
        prompt: Callable[[str], str] | None,
    ) -> None:
        self._login = login
        self._username = username
        self._password = password
        self._prompt = prompt
        self._is_prompted = password is None

    async def token(self) -> Token:
        endpoint = self._login.endpoint
        form: dict[str, str | Secret] = {
            "client_id": endpoint.client_id,
            "grant_type": endpoint.grant_type,
            "realm": endpoint.realm,
            "audience": endpoint.audience,
            "username": self._username,
            "password": await self._known_password(),
        }
        try:
            return await self._login.grant(form)
        except AuthenticationError:
            if self._is_prompted:
                # A mistyped password must not be tried for ever.
                self._password = None
            raise

    async def _known_password(self) -> Secret:
        if self._password is None:
            self._password = await self._ask()
        return self._password

    async def _ask(self) -> Secret:
        prompt = self._prompt or _at_terminal()
        question = f"Password of {self._username} at Pasqal Cloud: "
        password = await anyio.to_thread.run_sync(
            lambda: Secret(prompt(question)), abandon_on_cancel=True
        )
        if not password.reveal():
            raise ConfigurationError(
                "the password is empty", provider="pasqal", remedy="Type it, then press Enter."
            )
        return password


class _ServiceAccount:
    def __init__(self, login: Login, client_id: str, client_secret: Secret) -> None:
        self._login = login
        self._client_id = client_id
        self._client_secret = client_secret

    async def token(self) -> Token:
        return await self._login.grant(
            {
                "client_id": self._client_id,
                "client_secret": self._client_secret,
                "grant_type": "client_credentials",
                "audience": self._login.endpoint.audience,
            }
        )


def _at_terminal() -> Callable[[str], str]:
    if sys.stdin is None or not sys.stdin.isatty():
        raise ConfigurationError(
            "there is a user name and no password, and no terminal to ask for it",
            provider="pasqal",
            remedy=Advice("Set ", _setting("password"), "."),
        )
    return getpass.getpass


def _contradiction(what: str, remedy: str) -> ConfigurationError:
    return ConfigurationError(
        f"credentials of Pasqal Cloud: {what}", provider="pasqal", remedy=remedy
    )


def no_credentials() -> AuthenticationError:
    """Make the error of an operation that needs credentials where none were given."""
    return AuthenticationError(
        "no credentials of Pasqal Cloud were given",
        provider="pasqal",
        remedy=Advice(
            "Set ",
            _setting("username"),
            " and ",
            _setting("password"),
            "; or ",
            _setting("token"),
            "; or ",
            _setting("client_id"),
            " and ",
            _setting("client_secret"),
            ".",
        ),
    )


def no_project() -> InvalidInputError:
    """Make the error of a submission without a project."""
    return InvalidInputError(
        "no project was chosen, so nobody would be billed",
        provider="pasqal",
        remedy=Advice("Set ", _setting("project_id"), " to one of the account's projects."),
    )


def _setting(name: str) -> Setting:
    return Setting(name, variable=f"QUANTUM_ASYNC_PASQAL_{name.upper()}")
