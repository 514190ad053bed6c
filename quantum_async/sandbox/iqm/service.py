"""IQM: its options, its books, and which route is answered by what."""

from __future__ import annotations

import base64
import json
import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from quantum_async.sandbox.chance import uniform
from quantum_async.sandbox.iqm.chips import CHIPS
from quantum_async.sandbox.iqm.programs import Measurements
from quantum_async.sandbox.iqm.routes import (
    COCOS,
    AccountRoutes,
    ComputerRoutes,
    JobRoutes,
    LegacyRoutes,
)
from quantum_async.sandbox.iqm.store import Store, Writer
from quantum_async.sandbox.service import Refusal, Reply, Route, RouteTable, Service, routes_of
from quantum_async.sandbox.world import Latest

if TYPE_CHECKING:
    from collections.abc import Container, Mapping

    from pydantic import JsonValue

    from quantum_async.sandbox.iqm.chips import Chip
    from quantum_async.sandbox.service import Request
    from quantum_async.sandbox.world import World


class IQMSandboxOptions(BaseModel):
    """Settings of the IQM service alone.

    Args:
        generations: Which interfaces it has.
        computers: Aliases of the quantum computers it has; all of them by default.
        legacy_computer: Which one the older interface shows.
        max_circuits_per_job: Limit of one job.
        max_shots_per_circuit: Limit of one job.
        max_executions_per_job: Limit of circuits by shots of one job.
        max_instructions_per_circuit: Limit of one circuit.
        max_payload: Most bytes of one submission.
        long_poll: Whether answers are held back; ``False`` answers at once, without the header.
        artifacts_lag: Seconds after the end of a job from which its artifacts are there.
        heralding_loss: Part of the shots that heralding drops.
        credits: How many credits there are for timeslots.
        refresh_lifetime: How long a refresh token of the older login is good for, in seconds.
        require_token: Whether requests without a token are refused.
    """

    model_config: ClassVar[ConfigDict] = ConfigDict(frozen=True, extra="forbid")

    generations: tuple[Literal["v1", "legacy"], ...] = ("v1", "legacy")
    computers: tuple[str, ...] = ()
    legacy_computer: str = "garnet"
    max_circuits_per_job: int = Field(default=500, ge=1)
    max_shots_per_circuit: int = Field(default=100_000, ge=1)
    max_executions_per_job: int = Field(default=20_000_000, ge=1)
    max_instructions_per_circuit: int = Field(default=50_000, ge=1)
    max_payload: int = Field(default=64 * 1024 * 1024, ge=1)
    long_poll: bool = True
    artifacts_lag: float = Field(default=0.0, ge=0)
    heralding_loss: float = Field(default=0.1, ge=0, lt=1)
    credits: float = 1000.0
    refresh_lifetime: float = Field(default=1800.0, gt=0)
    require_token: bool = True


class TokenBook:
    """Tokens that were issued.

    Args:
        revoked: Tokens that are refused.
    """

    def __init__(self, revoked: Container[str]) -> None:
        self._ends: Latest[str, float] = Latest()
        self._sessions: Latest[str, float] = Latest()
        self._revoked = revoked

    def check(self, text: str, now: float, *, required: bool = True) -> None:
        """Refuse a token that is missing, has ended or was revoked.

        Raises:
            Refusal: It is one of these.
        """
        if not text and required:
            raise Refusal(401, "a bearer token is missing", "unauthorized")
        if text in self._revoked or now >= self._ends.get(text, float("inf")):
            raise Refusal(401, "the token has expired", "unauthorized")

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


_API = "/api/v1"
_LATEST = "/api/latest"
_CODES = {
    400: "bad_request",
    401: "unauthorized",
    403: "forbidden",
    404: "not_found",
    409: "conflict",
    413: "request_payload_too_large",
    422: "validation_error",
    429: "rate_limit_exceeded",
}


class IQMService(Service):
    """IQM.

    Args:
        world: The world it shows.
    """

    name = "iqm"

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.options: IQMSandboxOptions = IQMSandboxOptions()
        self.tokens: TokenBook = TokenBook(self.revoked)
        self.slots: SlotBook = SlotBook()
        self.store: Store = Store(self.realm, self.options)
        self.measurements: Measurements = Measurements(world, self.options)
        self.write: Writer = Writer(world.clock, self.store, self.measurements)
        self._jobs = JobRoutes(self)
        self._computers = ComputerRoutes(self)
        self._account = AccountRoutes(self)
        self._legacy = LegacyRoutes(self)
        self._refusals = 0
        self.configure()

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

    def refuse(self, request: Request, refusal: Refusal) -> Reply:
        """Write a refusal as the part of the service does that was asked."""
        if request.path.startswith("/realms/"):
            document = {"error": refusal.code, "error_description": refusal.description}
            return Reply.of_json(document, refusal.status)
        if request.path.startswith(COCOS):
            return Reply.of_json({"detail": refusal.description}, refusal.status)
        code = refusal.code or _CODES.get(refusal.status, "internal_error")
        self._refusals += 1
        seed = self.world.settings.seed
        name = f"req-{int(uniform(seed, 'request', self._refusals) * 2**32):08x}"
        return Reply.of_json(
            {
                "error_code": code,
                "message": refusal.description,
                "request_id": name,
                "details": {"path": request.path},
            },
            refusal.status,
        )

    def authenticate(self, request: Request) -> None:
        """Check the bearer token."""
        required = self.options.require_token
        self.tokens.check(request.bearer, request.now, required=required)

    def environment(self, base_url: str) -> Mapping[str, str]:
        """Give the variables that point our client, and the vendor's, here."""
        return {
            "IQM_SERVER_URL": base_url,
            "IQM_TOKEN": "sandbox-token",
            "IQM_QUANTUM_COMPUTER": self.chips[0].alias,
        }

    def configure(self) -> None:
        """Read the options again."""
        options = IQMSandboxOptions.model_validate(self.given_options)
        unknown = {*options.computers, options.legacy_computer} - set(CHIPS)
        if unknown:
            raise ValueError(f"there is no quantum computer {', '.join(sorted(unknown))}")
        self.options = self.store.options = self.measurements.options = options
        self.routes: RouteTable = self._table()

    def reset(self) -> None:
        """Forget everything."""
        self.tokens = TokenBook(self.revoked)
        self.slots = SlotBook()
        self.store.clear()
        super().reset()

    def _table(self) -> RouteTable:
        generations = self.options.generations
        routes: list[Route] = []
        if "v1" in generations:
            for prefix in (_API, _LATEST):
                routes += routes_of(self._jobs, self._computers, self._account, prefix=prefix)
            do = self._computers
            routes += [
                Route("GET", "/about", do.about),
                Route("GET", "/api/versions", do.versions, needs_token=False),
            ]
        if "legacy" in generations:
            routes += routes_of(self._legacy)
        return RouteTable(routes)


SERVICE = IQMService
