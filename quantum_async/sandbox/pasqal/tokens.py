"""Access tokens: issued to anybody, refused once expired or revoked."""

from __future__ import annotations

import base64
import json
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

from quantum_async.sandbox.exchange import Refusal
from quantum_async.sandbox.keeping import Latest

if TYPE_CHECKING:
    from collections.abc import Mapping

_PASSWORD_GRANTS = {"password", "http://auth0.com/oauth/grant-type/password-realm"}


@dataclass(frozen=True, slots=True)
class Token:
    """A token that was issued.

    Args:
        text: What the client presents.
        user: Whom it stands for.
        expires: World time of its end.
    """

    text: str
    user: str
    expires: float


class TokenBook:
    """Tokens issued and revoked; an unknown token is taken as a user's own."""

    def __init__(self) -> None:
        self._issued: Latest[str, Token] = Latest()
        self._revoked: Latest[str, None] = Latest()

    def issue(self, user: str, now: float, epoch: float, lifetime: float, *, opaque: bool) -> Token:
        """Issue a token.

        Args:
            user: Whom it stands for.
            now: World time.
            epoch: The same moment in seconds since the epoch.
            lifetime: How long it is good for, in seconds.
            opaque: Whether it is a random word instead of a JSON web token.
        """
        text = secrets.token_urlsafe(24) if opaque else _web_token(user, epoch, lifetime)
        token = Token(text, user, now + lifetime)
        self._issued[text] = token
        return token

    def check(self, text: str, now: float) -> str:
        """Say whom a token stands for.

        Raises:
            Refusal: It is missing, expired or revoked.
        """
        if not text:
            raise Refusal(401, "missing bearer token")
        token = self._issued.get(text)
        if text in self._revoked or (token is not None and now >= token.expires):
            raise Refusal(401, "the token has expired")
        return token.user if token is not None else "sandbox|token"

    def revoke(self, text: str) -> None:
        """Refuse a token from now on."""
        self._revoked[text] = None


def grant_user(form: Mapping[str, str]) -> str:
    """Say whom a token request is for.

    Raises:
        Refusal: The request names no user or an unknown grant.
    """
    grant = form.get("grant_type", "")
    if grant in _PASSWORD_GRANTS:
        if not form.get("username") or not form.get("password"):
            raise Refusal(403, "Wrong email or password.", "invalid_grant")
        return f"auth0|{form['username']}"
    if grant == "client_credentials":
        if not form.get("client_id") or not form.get("client_secret"):
            raise Refusal(401, "Unauthorized", "access_denied")
        return f"{form['client_id']}@clients"
    raise Refusal(403, f"Grant type '{grant}' not allowed.", "unauthorized_client")


def _web_token(user: str, epoch: float, lifetime: float) -> str:
    claims: dict[str, str | int] = {"sub": user, "iat": int(epoch), "exp": int(epoch + lifetime)}
    claims["jti"] = secrets.token_hex(8)
    header = _segment({"alg": "none", "typ": "JWT"})
    return f"{header}.{_segment(claims)}.sandbox"


def _segment(document: Mapping[str, str | int]) -> str:
    text = base64.urlsafe_b64encode(json.dumps(document).encode())
    return text.rstrip(b"=").decode()
