"""What every route of the service needs."""

from __future__ import annotations

import base64
import json
import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from quantum_async.sandbox.exchange import Refusal
from quantum_async.sandbox.iqm.chips import CHIPS
from quantum_async.sandbox.iqm.documents import Writer
from quantum_async.sandbox.iqm.measurements import Measurements
from quantum_async.sandbox.iqm.options import IQMSandboxOptions
from quantum_async.sandbox.iqm.store import Store
from quantum_async.sandbox.keeping import Latest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic import JsonValue

    from quantum_async.sandbox.clock import Clock
    from quantum_async.sandbox.exchange import Request
    from quantum_async.sandbox.iqm.chips import Chip
    from quantum_async.sandbox.world import Realm, World


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


PRICE = "12.50"
SLOTS = 4
_HOURS = "2026-05-05T"


@dataclass(slots=True)
class SlotBook:
    """Which slots are booked."""

    booked: dict[str, list[str]] = field(default_factory=dict)
    spent: float = 0.0

    def overview(self, chip: Chip) -> dict[str, JsonValue]:
        """Write the slots of a quantum computer; one that only pretends has none."""
        every = [] if chip.alias.endswith(":mock") else _references(chip)
        taken = self.booked.get(chip.alias, [])
        return {
            "queue_length": 0,
            "booked_slots": [slot(name) for name in taken],
            "available_slots": [slot(name) for name in every if name not in taken],
        }

    def book(self, chip: Chip, wanted: JsonValue, credit: float) -> list[JsonValue]:
        """Book slots, all or none.

        Args:
            chip: Of which quantum computer.
            wanted: The slots, as they were asked for.
            credit: How many credits there are.

        Raises:
            Refusal: One cannot be booked.
        """
        if not isinstance(wanted, list) or not wanted:
            raise Refusal(400, "timeslots must be a list that is not empty", "bad_request")
        names = [_reference(item) for item in wanted]
        taken = self.booked.setdefault(chip.alias, [])
        for name in names:
            if name not in _references(chip):
                raise Refusal(400, f"there is no timeslot {name}", "invalid_input")
            if name in taken:
                raise Refusal(409, f"timeslot {name} is taken", "conflict")
        cost = len(names) * float(PRICE)
        if self.spent + cost > credit:
            raise Refusal(403, "there are not enough credits", "not_enough_credits")
        self.spent += cost
        taken += names
        return [slot(name) for name in names]


def slot(reference: str) -> JsonValue:
    """Write a slot."""
    hour = 8 + int(reference.rpartition("-")[2])
    return {
        "reference": reference,
        "start": f"{_HOURS}{hour:02}:00:00Z",
        "end": f"{_HOURS}{hour:02}:30:00Z",
        "price": PRICE,
    }


def _references(chip: Chip) -> list[str]:
    return [f"{chip.alias}-{number}" for number in range(SLOTS)]


def _reference(item: JsonValue) -> str:
    if not isinstance(item, dict) or "reference" not in item:
        raise Refusal(400, "a timeslot has no reference", "bad_request")
    if item.get("expected_price", PRICE) != PRICE:
        raise Refusal(409, "the price has changed", "conflict")
    return str(item["reference"])


class Desk:
    """The service's books and tools.

    Args:
        world: The world it shows.
    """

    def __init__(self, world: World) -> None:
        self.world = world
        self.options: IQMSandboxOptions = IQMSandboxOptions()
        self.realm: Realm = world.realm("iqm")
        self.tokens: TokenBook = TokenBook()
        self.slots: SlotBook = SlotBook()
        self.store: Store = Store(self.realm, self.options)
        self.measurements: Measurements = Measurements(world, self.options)
        self.write: Writer = Writer(world.clock, self.store, self.measurements)
        self.configure()

    @property
    def clock(self) -> Clock:
        """The world's clock."""
        return self.world.clock

    @property
    def chips(self) -> list[Chip]:
        """The quantum computers that the service has."""
        wanted = self.options.computers
        return [chip for chip in CHIPS.values() if not wanted or chip.alias in wanted]

    @property
    def legacy_chip(self) -> Chip:
        """The quantum computer that the older interface shows."""
        return CHIPS[self.options.legacy_computer]

    def chip(self, name: str) -> Chip:
        """Find a quantum computer by alias or id.

        Raises:
            Refusal: There is none.
        """
        for chip in self.chips:
            if name in {chip.alias, chip.id}:
                return chip
        raise Refusal(404, f"Quantum computer {name} was not found", "qc_not_found")

    def check_token(self, request: Request) -> None:
        """Refuse a request whose token is not good."""
        required = self.options.require_token
        self.tokens.check(request.bearer, request.now, required=required)

    def configure(self) -> None:
        """Read the options again.

        Raises:
            ValueError: They are wrong.
        """
        given = self.world.settings.options.get("iqm", {})
        options = IQMSandboxOptions.model_validate(given)
        unknown = {*options.computers, options.legacy_computer} - set(CHIPS)
        if unknown:
            raise ValueError(f"there is no quantum computer {', '.join(sorted(unknown))}")
        self.options = self.store.options = self.measurements.options = options

    def reset(self) -> None:
        """Forget everything."""
        self.tokens = TokenBook()
        self.slots = SlotBook()
        self.store.clear()
        self.configure()
