"""API tokens: list, renew, activate and revoke them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quantum_async.http.address import segment
from quantum_async.http.encode import json_body
from quantum_async.providers.iqm.api import parse
from quantum_async.providers.iqm.v1 import API
from quantum_async.providers.iqm.wire import ApiTokens, CreatedToken

if TYPE_CHECKING:
    from quantum_async.providers.iqm.server import Server
    from quantum_async.providers.iqm.wire import ApiToken


class Tokens:
    """The API tokens of an account: `IQMClient.tokens`.

    Renewing and activating are authorised by the refresh token: make the client with it as its
    token.

    Args:
        server: Where they are valid.
    """

    def __init__(self, server: Server) -> None:
        self._server = server

    async def list(self) -> tuple[ApiToken, ...]:
        """List the tokens, without their secrets."""
        gateway = (await self._server.v1("API tokens")).gateway
        return parse(ApiTokens, await gateway.read(f"{API}/tokens")).tokens

    async def refresh(
        self, *, lifetime: int, refreshing_lifetime: int, activated: bool = True
    ) -> CreatedToken:
        """Make a new token in place of the current one. Sent once.

        Args:
            lifetime: How long it is good for, in seconds.
            refreshing_lifetime: How long its refresh token is good for, in seconds.
            activated: Whether it is good at once; else the old one stays until `activate`.
        """
        gateway = (await self._server.v1("API tokens")).gateway
        properties = {
            "expires_in_seconds": lifetime,
            "refreshing_expires_in_seconds": refreshing_lifetime,
            "activated": activated,
        }
        body = await json_body({"new_token_properties": properties})
        created = await gateway.create(CreatedToken, f"{API}/tokens/current/refresh", body=body)
        gateway.knows(created.token, created.refresh_token)
        return created

    async def activate(self, token: str) -> None:
        """Begin to use a new token; the one before ends. Doing so twice is harmless."""
        gateway = (await self._server.v1("API tokens")).gateway
        gateway.knows(token)
        body = await json_body({"api_token": token})
        await gateway.write(f"{API}/tokens/current/activate", body=body)

    async def revoke(self, token_id: str) -> None:
        """End a token. Doing so twice is harmless.

        Args:
            token_id: Its id, as in `list`.
        """
        gateway = (await self._server.v1("API tokens")).gateway
        await gateway.write(f"{API}/tokens/{segment(token_id)}/revoke")
