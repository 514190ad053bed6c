"""Tokens: any word is taken as a user's own; those of the older login end and can be renewed."""

from __future__ import annotations

import base64
import json
import secrets
from typing import TYPE_CHECKING

from quantum_async.sandbox.exchange import Refusal
from quantum_async.sandbox.keeping import Latest

if TYPE_CHECKING:
    from collections.abc import Mapping


class TokenBook:
    """Tokens that were issued, and tokens that are refused."""

    def __init__(self) -> None:
        self._ends: Latest[str, float] = Latest()
        self._sessions: Latest[str, float] = Latest()
        self._revoked: Latest[str, None] = Latest()

    def check(self, text: str, now: float, *, required: bool = True) -> None:
        """Refuse a token that is missing, has ended or was revoked.

        Raises:
            Refusal: It is one of these.
        """
        if not text and required:
            raise Refusal(401, "a bearer token is missing", "unauthorized")
        if text in self._revoked or now >= self._ends.get(text, float("inf")):
            raise Refusal(401, "the token has expired", "unauthorized")

    def revoke(self, text: str) -> None:
        """Refuse a token from now on."""
        self._revoked[text] = None

    def grant(
        self, form: Mapping[str, str], now: float, epoch: float, lifetime: float, refresh: float
    ) -> dict[str, str | int]:
        """Answer a login or a renewal as Keycloak does.

        Args:
            form: What was sent.
            now: World time.
            epoch: The same moment in seconds since the epoch.
            lifetime: How long the access token is good for, in seconds.
            refresh: How long the refresh token is good for, in seconds.

        Raises:
            Refusal: The grant is unknown, or its secret is no longer good.
        """
        kind = form.get("grant_type", "")
        if kind == "password":
            if not form.get("username") or not form.get("password"):
                raise Refusal(401, "Invalid user credentials", "invalid_grant")
        elif kind == "refresh_token":
            old = form.get("refresh_token", "")
            if now >= self._sessions.pop(old, 0.0):
                raise Refusal(400, "Token is not active", "invalid_grant")
        else:
            raise Refusal(400, f"Unsupported grant_type {kind}", "unsupported_grant_type")
        access, again = _web_token(epoch + lifetime), _web_token(epoch + refresh)
        self._ends[access] = now + lifetime
        self._sessions[again] = now + refresh
        return {
            "access_token": access,
            "refresh_token": again,
            "expires_in": int(lifetime),
            "token_type": "Bearer",
        }

    def logout(self, refresh_token: str) -> None:
        """End a session.

        Raises:
            Refusal: There is none.
        """
        if self._sessions.pop(refresh_token, None) is None:
            raise Refusal(400, "Invalid refresh token", "invalid_grant")


def _web_token(expiry: float) -> str:
    # The odd characters make the text need base64url: readers of plain base64 trip over it.
    claims: dict[str, str | int] = {
        "exp": int(expiry),
        "jti": secrets.token_hex(8),
        "name": "~?>?>~~??>>~",
    }
    return ".".join([_segment({"alg": "none", "typ": "JWT"}), _segment(claims), "sandbox"])


def _segment(document: Mapping[str, str | int]) -> str:
    text = json.dumps(document).encode()
    return base64.urlsafe_b64encode(text).rstrip(b"=").decode()
