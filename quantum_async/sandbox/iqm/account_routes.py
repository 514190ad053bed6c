"""Routes of IQM Server that are about timeslots and API tokens."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from quantum_async.sandbox.exchange import Refusal, Reply
from quantum_async.sandbox.iqm.chips import stable_id

if TYPE_CHECKING:
    from pydantic import JsonValue

    from quantum_async.sandbox.exchange import Request
    from quantum_async.sandbox.iqm.desk import Desk


class AccountRoutes:
    """Answers what is asked of an account.

    Args:
        desk: What every route needs.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def timeslots(self, request: Request) -> Reply:
        """GET quantum-computers/{qc}/timeslots."""
        return Reply.of_json(self._desk.slots.overview(self._desk.chip(request.ids[0])))

    def book(self, request: Request) -> Reply:
        """POST quantum-computers/{qc}/timeslots."""
        chip, wanted = self._desk.chip(request.ids[0]), request.json_object().get("timeslots")
        booked = self._desk.slots.book(chip, wanted, self._desk.options.credits)
        return Reply.of_json({"timeslots": booked})

    def tokens(self, request: Request) -> Reply:
        """GET tokens."""
        return Reply.of_json({"tokens": [self._described(request, request.bearer)]})

    def refresh(self, request: Request) -> Reply:
        """POST tokens/current/refresh."""
        properties = request.json_object().get("new_token_properties")
        if not isinstance(properties, dict):
            raise Refusal(400, "new_token_properties is missing", "bad_request")
        token = secrets.token_urlsafe(24)
        is_active = bool(properties.get("activated", True))
        return Reply.of_json(
            {
                "token": token,
                "refresh_token": secrets.token_urlsafe(24),
                "activated": is_active,
                "metadata": self._described(request, token),
            }
        )

    def activate(self, request: Request) -> Reply:
        """POST tokens/current/activate."""
        if not request.json_object().get("api_token"):
            raise Refusal(400, "api_token is missing", "bad_request")
        return Reply.of_json({"activated_at": self._desk.write.moment(request.now)})

    def revoke(self, request: Request) -> Reply:
        """POST tokens/{id}/revoke."""
        if request.ids[0] == stable_id("token", request.bearer):
            self._desk.tokens.revoke(request.bearer)
        return Reply.of_json({"revoked_at": self._desk.write.moment(request.now)})

    def _described(self, request: Request, token: str) -> dict[str, JsonValue]:
        moment = self._desk.write.moment
        return {
            "id": stable_id("token", token),
            "created_at": moment(request.now),
            "expires_at": moment(request.now + self._desk.world.settings.token_lifetime),
            "activated_at": None,
            "last_characters": token[-4:],
            "refresh_token": {"expires_at": moment(request.now + 86400)},
        }
