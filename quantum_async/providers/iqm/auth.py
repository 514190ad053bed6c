"""How one logs in to IQM: a token, a file of tokens, or the older installations' login."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import anyio
import anyio.to_thread

from quantum_async.errors import (
    AuthenticationError,
    ConfigurationError,
    ProtocolError,
    QuantumAsyncError,
    RateLimitedError,
    RejectedRequestError,
)
from quantum_async.http.address import BaseUrl
from quantum_async.http.auth import Auth, Token, TokenSource, bearer, checked_secret, jwt_expiry
from quantum_async.http.encode import form_body
from quantum_async.http.fence import past_pauses, unfenced
from quantum_async.http.redact import Headers, Secret
from quantum_async.http.session import Session
from quantum_async.providers.iqm.wire import LoginAnswer, TokensFile

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from quantum_async.http.options import SessionOptions

REALM = "/realms/cortex/protocol/openid-connect"
CLIENT_ID = "iqm_client"

logger: logging.Logger = logging.getLogger(__name__)

MARGIN = 60.0
"""Seconds before its end at which a token is renewed."""
LEAVING = 5.0
"""Longest time in seconds that logging out may take."""
LOOK_AGAIN = 5.0
"""Seconds between two looks at whether a tokens file has changed."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """What proves who is asking; at most one kind of it.

    Args:
        token: An API token, which this program does not renew.
        tokens_file: A JSON file with ``access_token`` that somebody else keeps fresh.
        auth_server: Where older installations log in.
        username: Who logs in there.
        password: The password.

    Raises:
        ConfigurationError: There are several kinds, or half of one.
    """

    token: str | Secret | None = field(default=None, repr=False)
    tokens_file: str | Path | None = None
    auth_server: str | None = None
    username: str | None = None
    password: str | Secret | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        for name in ("token", "password"):
            object.__setattr__(self, name, Secret.of(getattr(self, name)))
        login = (self.auth_server, self.username, self.password)
        kinds = {
            "a token": self.token,
            "a tokens file": self.tokens_file,
            "a login": next((part for part in login if part is not None), None),
        }
        given = [name for name, value in kinds.items() if value is not None]
        if len(given) > 1:
            raise _contradiction(f"{' and '.join(given)} were given", "Give one of them.")
        if any(part is None for part in login) and any(part is not None for part in login):
            raise _contradiction(
                "auth_server, username and password belong together",
                "Give all three of them, or a token.",
            )

    def auth(self, options: SessionOptions, clock: Callable[[], float] = time.time) -> Auth | None:
        """Return what puts the proof into requests, or ``None`` without any. Sends nothing.

        Args:
            options: What the user chose of connections.
            clock: Wall clock, against which the end of tokens is compared.
        """
        if self.token is not None:
            return bearer(self.token)
        if self.tokens_file is not None:
            return FileAuth(Path(self.tokens_file).expanduser(), options.clock)
        if self.auth_server is None or self.username is None or self.password is None:
            return None
        return Login(self.auth_server, self.username, self.password, options, clock)


class FileAuth(Auth):
    """A token in a file that somebody else keeps fresh; read again when the file changes.

    Args:
        path: The file.
        clock: Monotonic time in seconds.
    """

    def __init__(self, path: Path, clock: Callable[[], float]) -> None:
        self._path = path
        self._clock = clock
        self._looked_at = float("-inf")
        self._stamp: tuple[int, int] | None = None
        self._headers: Mapping[str, str] = {}
        self._lock = anyio.Lock()

    def __repr__(self) -> str:
        return f"FileAuth({str(self._path)!r})"

    async def headers(self) -> Mapping[str, str]:
        """Return a header with the token that the file holds now.

        Raises:
            AuthenticationError: The file is missing or holds no token.
        """
        if self._is_due:
            async with self._lock:
                # Whoever had the lock before may have looked already.
                if self._is_due:
                    await self._look_leniently()
        return self._headers

    async def refresh(self, rejected: Mapping[str, str]) -> bool:
        """Read the file again, and say whether it holds another token by now."""
        async with self._lock:
            await self._look()
        return dict(self._headers) != dict(rejected)

    @property
    def _is_due(self) -> bool:
        return not self._headers or self._clock() - self._looked_at >= LOOK_AGAIN

    async def _look_leniently(self) -> None:
        try:
            await self._look()
        except AuthenticationError:
            # Whoever writes the file may be in the middle of it; the server has the last word.
            if not self._headers:
                raise

    async def _look(self) -> None:
        self._looked_at = self._clock()
        stamp, text = await anyio.to_thread.run_sync(self._read)
        if text is None:
            return
        try:
            token = checked_secret(TokensFile.model_validate_json(text).access_token)
        except (ValueError, RecursionError, ConfigurationError):
            raise AuthenticationError(
                f"{self._path} holds no access token",
                provider="iqm",
                remedy='It should hold JSON with "access_token".',
            ) from None
        self._headers = Headers({"Authorization": f"Bearer {token}"})
        self._stamp = stamp

    def _read(self) -> tuple[tuple[int, int], str | None]:
        try:
            status = self._path.stat()
            stamp = (status.st_mtime_ns, status.st_ino)
            return stamp, None if stamp == self._stamp else self._path.read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise AuthenticationError(
                f"the tokens file cannot be read: {error}",
                provider="iqm",
                remedy="Whoever keeps it fresh may have stopped, or the path is wrong.",
            ) from error


class Login(Auth):
    """The login of older installations: a password, then refresh tokens.

    Args:
        url: Address of the authentication server.
        username: Who logs in.
        password: The password.
        options: What the user chose of connections.
        clock: Wall clock, against which the end of tokens is compared.
        leaving: Longest time in seconds that logging out may take.

    Raises:
        ConfigurationError: The password would travel without encryption.
    """

    def __init__(
        self,
        url: str,
        username: str,
        password: str | Secret,
        options: SessionOptions,
        clock: Callable[[], float] = time.time,
        *,
        leaving: float = LEAVING,
    ) -> None:
        if not BaseUrl(url).carries_secrets_safely:
            raise _contradiction(
                "the password would be sent without encryption",
                "Use an https address; http is allowed for this machine only.",
            )
        self.session: Session = Session(url, provider="iqm", options=options)
        hidden = Secret(password) if isinstance(password, str) else password
        self._password: Mapping[str, str | Secret] = {"username": username, "password": hidden}
        self._clock = clock
        self._leaving = leaving
        self._monotonic = options.clock
        self._refresh_token: Secret | None = None
        self._tokens = self._source()

    def _source(self) -> TokenSource:
        return TokenSource(self._token, margin=MARGIN, clock=self._clock, monotonic=self._monotonic)

    async def headers(self) -> Mapping[str, str]:
        """Return a header with a token that is valid for a while, logging in if need be."""
        return await self._tokens.headers()

    async def refresh(self, rejected: Mapping[str, str]) -> bool:
        """Get another token."""
        return await self._tokens.refresh(rejected)

    async def close(self) -> bool:
        """Log out.

        Returns:
            Whether there was a session to end.
        """
        token, self._refresh_token = self._refresh_token, None
        self._tokens = self._source()
        if token is None:
            return False
        form: dict[str, str | Secret] = {"client_id": CLIENT_ID, "refresh_token": token}
        await self.session.write(f"{REALM}/logout", body=form_body(form))
        return True

    async def leave(self) -> None:
        """Log out, within a few seconds; what goes wrong with it is logged and holds up nobody."""
        # Nobody else knows the session at the server: it would stay valid there.
        with anyio.move_on_after(self._leaving, shield=True) as limit:
            try:
                with unfenced(), past_pauses():
                    await self.close()
            except QuantumAsyncError as error:
                logger.warning("iqm: the session at the login could not be ended: %s", error)
        if limit.cancelled_caught:
            logger.warning("iqm: logging out was not answered within %g s", self._leaving)

    async def _token(self) -> Token:
        refresh = self._refresh_token
        if refresh is not None and self._lasts(refresh):
            try:
                return await self._grant({"grant_type": "refresh_token", "refresh_token": refresh})
            except AuthenticationError:
                # The session was ended elsewhere; the password begins a new one.
                self._refresh_token = None
        return await self._grant({"grant_type": "password", **self._password})

    def _lasts(self, token: Secret) -> bool:
        expiry = jwt_expiry(token.reveal())
        return expiry is None or expiry - self._clock() > MARGIN

    async def _grant(self, form: Mapping[str, str | Secret]) -> Token:
        body = form_body({"client_id": CLIENT_ID, **form})
        try:
            # A login may be repeated: it changes nothing that anybody pays for.
            response = await self.session.read(f"{REALM}/token", method="POST", body=body)
        except RateLimitedError:
            raise
        except (AuthenticationError, RejectedRequestError) as error:
            raise AuthenticationError(
                f"the login was refused: {error}",
                provider="iqm",
                request_id=error.request_id,
                remedy="Check the user name, the password and the authentication server.",
            ) from error
        try:
            answer = LoginAnswer.model_validate_json(response.content)
        except (ValueError, RecursionError):
            raise ProtocolError(
                "the authentication server gave no token",
                provider="iqm",
                status=response.status,
                remedy="Check the address of the authentication server.",
            ) from None
        self._refresh_token = Secret.of(answer.refresh_token)
        # The password again, which would be forgotten after many tokens.
        for known in (answer.access_token, self._refresh_token, self._password["password"]):
            if known is not None:
                self.session.secrets.add(known)
        return Token.read(answer.access_token)


def _contradiction(what: str, remedy: str) -> ConfigurationError:
    return ConfigurationError(what, provider="iqm", remedy=remedy)
