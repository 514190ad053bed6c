"""Timeslots that can be booked."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from quantum_async.sandbox.exchange import Refusal

if TYPE_CHECKING:
    from pydantic import JsonValue

    from quantum_async.sandbox.iqm.chips import Chip

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
